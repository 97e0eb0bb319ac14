"""The pictures of a report: supply, stocks, map, frontier, what a number rests on, heat map (needs matplotlib).

Each is drawn small, to be read on a phone, and for slides with its title above and its caption below.
"""

from __future__ import annotations

import math
import re
import tempfile
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from resilience import words
from resilience.economics.burden_picture import BARS, picture_in_words
from resilience.handoff.report_facts import ROLES, suppliers, unit_of, words_joined
from resilience.handoff.world_map import Spot, draw_map, on_map, source
from resilience.output.pictures import SUFFIXES, save
from resilience.output.sheets import FORBIDDEN
from resilience.output.workbook import COLOURS, DARK, FAINT
from resilience.reading.stress import SHORT
from resilience.results import Result
from resilience.schema import ALL
from resilience.studies.frontier_picture import curve, dots
from resilience.studies.frontier_words import crossed
from resilience.studies.frontier_words import title as frontier_title
from resilience.studies.pictures import measured, tornado_picture
from resilience.studies.tables import scopes_of
from resilience.words import amount, percent

WIDTH = 4.4  # inches
TEXT, SMALL = 9.0, 8.0  # points
SLIDE_DPI = 400
LOOKS = {  # colour and pattern of a role: told apart in grey, too
    "member": (DARK, ""),
    "region": ("#A9CBE8", ""),
    "outside": ("#8C8C8C", ""),
    "cut": ("#CC6A2E", "////"),
}
LEAST_PART = 0.02  # of all supply; smaller suppliers of a role are drawn as one
SIGN = 0.085  # inches that a letter of a name takes; a piece too narrow for its name bears none
MOST_MEMBERS = 12  # in a picture of stocks
SHARE = "share"  # the unit of assumptions that are shown in per cent
MOST_RESTS = 6
NAMED_ON_MAP = 5
LARGEST = 38.0  # points across the largest circle of a map
PATTERNS = ("", "", "/////")  # of the bars of a burden: told apart in grey, too
TODAY, PLANNED = "#CC6A2E", DARK


@dataclass(frozen=True)
class Picture:
    """A picture: name of its files, title, caption with unit, year and source, what it shows in words.

    ``paint`` draws into a :class:`Panel` as tall as ``height`` in inches.
    """

    name: str
    title: str
    caption: str
    alt: str
    height: float
    paint: Callable[[Panel], None]

    def figure(self, framed: bool) -> Any:
        """The drawing by itself, or framed by title and caption."""
        head = _lines(self.title, 46) if framed else []
        foot = _lines(f"{self.caption} {self.alt}", 84, 10) if framed else []
        panel = Panel(
            self.height, 0.2 + 0.2 * len(head) if head else 0.0, 0.08 + 0.14 * len(foot) if foot else 0.0
        )
        for n, line in enumerate(head):
            panel.text(0.1, self.height + 0.2 + 0.2 * (len(head) - 1 - n), line, 11.0, weight="bold", color=DARK)
        for n, line in enumerate(foot):
            panel.text(0.1, -0.14 * (n + 1), line, 6.5, color=FAINT)
        self.paint(panel)
        return panel.figure

    def svg(self) -> str:
        """The drawing as an element of a page, with identifiers of its own."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "picture.svg"
            save(lambda: self.figure(framed=False), path)
            return inline(path.read_text(encoding="utf-8"), self.name)

    def write(self, folder: Path) -> list[Path]:
        """Write it for slides as .png and .svg."""
        written = [folder / f"{self.name}{suffix}" for suffix in SUFFIXES]
        for path in written:
            save(lambda: self.figure(framed=True), path, SLIDE_DPI)
        return written


class Panel:
    """A figure of :data:`WIDTH`; places are in inches from the left and from the lower edge of the drawing."""

    def __init__(self, height: float, above: float = 0.0, below: float = 0.0):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.below, self.whole = below, height + above + below
        self.figure = Figure(figsize=(WIDTH, self.whole))
        FigureCanvasAgg(self.figure)

    def axes(self, left: float, below: float, width: float, height: float) -> Any:
        """Axes without a frame above and on the right."""
        place = (left / WIDTH, (self.below + below) / self.whole, width / WIDTH, height / self.whole)
        axes = self.figure.add_axes(place)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.tick_params(labelsize=SMALL)
        return axes

    def text(self, x: float, y: float, text: str, size: float = SMALL, **look: Any) -> None:
        """Text at a place."""
        self.figure.text(x / WIDTH, (self.below + y) / self.whole, text, fontsize=size, **look)

    def legend(self, y: float, entries: Sequence[tuple[str, str, str]], left: float = 0.1) -> None:
        """Boxes of a colour and a pattern with their meaning, two in a row, from a height downwards."""
        from matplotlib.patches import Rectangle

        for n, (colour, hatch, text) in enumerate(entries):
            x, row = left + (n % 2) * (WIDTH - left) / 2, y - 0.19 * (n // 2)
            box = (x / WIDTH, (self.below + row - 0.02) / self.whole)
            look: dict[str, Any] = {"facecolor": colour, "edgecolor": "white" if hatch else colour, "hatch": hatch}
            self.figure.add_artist(Rectangle(box, 0.18 / WIDTH, 0.12 / self.whole, linewidth=0.0, **look))
            self.text(x + 0.24, row, text)


def inline(document: str, name: str) -> str:
    """An SVG file as an element of an HTML page: no prolog, no fixed size, no identifiers shared with others."""
    start = document.index("<svg")
    text = re.sub(r"<metadata>.*?</metadata>", "", document[start:], flags=re.DOTALL)
    text = re.sub(r"<style[^>]*>.*?</style>", "", text, count=1, flags=re.DOTALL)
    text = re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", text)
    text = re.sub(r'(\bid="|url\(#|xlink:href="#)', rf"\g<1>{name}-", text)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    return re.sub(r'(<svg[^>]*?) width="[^"]*"', r'\1 aria-hidden="true"', text, count=1).strip()


def pictures_of(result: Result, good: str) -> list[Picture]:
    """The pictures there are of one good, in the order of the report."""
    drawings = (supply, supplier_map, stocks, rests, frontier_curve)
    return [picture for draw in drawings if (picture := draw(result, good)) is not None]


def _lines(text: str, width: int, most: int = 3) -> list[str]:
    lines = textwrap.wrap(_plain(text), width, break_long_words=True) or [""]
    return lines if len(lines) <= most else [*lines[: most - 1], lines[most - 1][: width - 1] + "…"]


def _plain(text: object) -> str:
    return " ".join(FORBIDDEN.sub("\ufffd", str(text)).split())


def _name(kind: str, *parts: str) -> str:
    return re.sub(r"[^\w-]", "_", "-".join((kind, *parts)), flags=re.ASCII)


def _origin(result: Result, good: str) -> str:
    """Year and source of the figures of a good."""
    meta = result.meta
    year = meta["years"].get(good)
    return (
        f"{f'Data of {year}' if year else 'No data'}, data set {meta['dataset']}; case {meta['case']}, "
        f"resilience {meta['versions'].get('resilience', '')}."
    )


def _dark(colour: str) -> bool:
    red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue < 150


# Supply


def supply(result: Result, good: str) -> Picture | None:
    """Who supplies the members today and in the plan, stacked by role."""
    table = suppliers(result, good)
    bars = {name: table for name in ("baseline", "planned") if table[name].sum() > 0}
    if not bars or not np.isfinite(table[["baseline", "planned"]].fillna(0.0).to_numpy(dtype=float)).all():
        return None  # an infinite amount has no length
    unit, name = unit_of(result, good), words.good_name(good, result.meta)
    biggest = max(float(table[column].sum()) for column in bars)
    pieces = {column: _pieces(table, column, LEAST_PART * biggest) for column in bars}
    titles = {"baseline": "today", "planned": "plan"}
    parts = []
    for column in bars:
        total = float(table[column].sum())
        by_role = table.groupby("role")[column].sum()
        shown = [f"{ROLES[role]} {percent(by_role[role] / total)}" for role in ROLES if by_role.get(role, 0) > 0]
        parts.append(f"{'Today' if column == 'baseline' else 'In the plan'}: {', '.join(shown)}.")
    none = "" if "planned" in bars else " No plan survives."

    def paint(panel: Panel) -> None:
        wide = WIDTH - 0.7
        axes = panel.axes(0.55, 0.98, wide, 0.52 * len(bars))
        for n, column in enumerate(bars):
            left = 0.0
            for role, label, size in pieces[column]:
                colour, hatch = LOOKS[role]
                axes.barh(-n, size, 0.72, left=left, color=colour, edgecolor="white", linewidth=0.8, hatch=hatch)
                if size / biggest * wide > SIGN * (len(label) + 0.5):
                    axes.text(
                        left + size / 2,
                        -n,
                        label,
                        ha="center",
                        va="center",
                        fontsize=SMALL,
                        color="white" if _dark(colour) else "black",
                        bbox={"facecolor": colour, "edgecolor": "none", "pad": 0.8} if hatch else None,
                    )
                left += size
        axes.set_yticks([-n for n in range(len(bars))], [titles[column] for column in bars], fontsize=TEXT)
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(0, biggest * 1.02)
        axes.set_xlabel(f"{_plain(unit)} a year", fontsize=SMALL)
        axes.xaxis.set_major_locator(_ticks(4))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
        used = [role for role in ROLES if any(piece[0] == role for row in pieces.values() for piece in row)]
        panel.legend(0.36, [(*LOOKS[role], ROLES[role]) for role in used])

    caption = (
        f"Supply to all members by country of origin, {unit} a year, home supply included; suppliers below "
        f"{percent(LEAST_PART)} are drawn as one.{none} {_origin(result, good)}"
    )
    height = 1.03 + 0.52 * len(bars)
    return Picture(_name("supply", good), f"{name}: who supplies, today and in the plan", caption,
                   " ".join(parts) + none, height, paint)  # fmt: skip


def _pieces(table: pd.DataFrame, column: str, least: float) -> list[tuple[str, str, float]]:
    """Role, name and size of the pieces of a bar, the small ones of a role together."""
    found = []
    for role in ROLES:
        rows = table[(table["role"] == role) & (table[column] > 0)].sort_values(
            [column, "supplier"], ascending=[False, True]
        )
        large = rows[rows[column] >= least]
        found += [(role, str(row["supplier"]), float(row[column])) for row in large.to_dict("records")]
        rest = rows[rows[column] < least]
        if len(rest):
            found.append((role, f"{len(rest)} more", float(rest[column].sum())))
    return found


def _ticks(most: int) -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(most)


# Map


def supplier_map(result: Result, good: str) -> Picture | None:
    """Where the members' supply comes from today."""
    table = suppliers(result, good)
    table = table[table["baseline"] > 0]
    known = table[[on_map(str(country)) for country in table["supplier"]]]
    biggest = float(known["baseline"].max()) if len(known) else 0.0
    if not 0.0 < biggest < math.inf:
        return None
    name, unit, names = words.good_name(good, result.meta), unit_of(result, good), result.meta["countries"]
    drawn = known[known["baseline"] >= 1e-4 * biggest]
    spots = [
        Spot(
            row["supplier"],
            *LOOKS[row["role"]],
            row["baseline"] / biggest,
            row["supplier"] if n < NAMED_ON_MAP else "",
        )
        for n, row in enumerate(drawn.to_dict("records"))
    ]

    def paint(panel: Panel) -> None:
        draw_map(panel.axes(0.02, 0.5, WIDTH - 0.04, 2.1), spots, LARGEST)
        panel.legend(0.3, [(*LOOKS[role], ROLES[role]) for role in ROLES if (drawn["role"] == role).any()])

    total = float(table["baseline"].sum())
    first = [
        f"{names.get(row['supplier'], row['supplier'])} {percent(row['baseline'] / total)}"
        for row in known.head(NAMED_ON_MAP).to_dict("records")
        if percent(row["baseline"] / total) != percent(0)
    ]
    off = sorted(set(table["supplier"]) - set(known["supplier"]))
    caption = (
        f"Supply to all members today by country of origin, home supply included; the area of a circle is the "
        f"amount, the largest {amount(biggest, unit)} a year ({len(drawn)} countries"
        f"{f'; not on the map: {_joined(off)}' if off else ''}). {_origin(result, good)} Land: {source()}; no "
        "borders are shown."
    )
    return Picture(_name("map", good), f"{name}: where it comes from today", caption,
                   f"Largest suppliers: {words_joined(first)}.", 2.65, paint)  # fmt: skip


def _joined(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names) if len(names) <= most else f"{', '.join(names[:most])} and {len(names) - most} more"


# Stocks


def stocks(result: Result, good: str) -> Picture | None:
    """Stock month by month after the cutoff that today's sourcing misses most under, today and in the plan."""
    rows = result.months[result.months["good"] == good]
    if not len(rows):
        return None
    stress = result.stress[(result.stress["good"] == good) & (result.stress["member"] == ALL)]
    stress = stress[stress["cutoff"].isin(set(rows["cutoff"]))].sort_values(
        ["months_survived", "total_shortfall"], ascending=[True, False], kind="stable"
    )
    cutoff = str(stress["cutoff"].iloc[0]) if len(stress) else str(rows["cutoff"].iloc[0])
    rows = rows[rows["cutoff"] == cutoff]
    members = list(dict.fromkeys(rows["member"]))
    shown, name = members[:MOST_MEMBERS], words.good_name(good, result.meta)
    courses = {key: part.sort_values("month") for key, part in rows.groupby(["member", "pattern"], sort=False)}
    curves = {key: _months_left(part) for key, part in courses.items() if key[0] in shown}
    highest = max(float(np.nanmax(left)) for left, _ in curves.values())
    deep = -(-len(shown) // 2)
    planned = any(pattern == "planned" for _, pattern in curves)

    def paint(panel: Panel) -> None:
        for n, member in enumerate(shown):
            low = 0.8 + (deep - 1 - n // 2) * 1.1
            axes = panel.axes(0.4 + (n % 2) * 2.05, low, 1.75, 0.68)
            for pattern, colour, stroke in (("planned", PLANNED, "-"), ("today", TODAY, (0, (3, 1.5)))):
                if (member, pattern) in curves:
                    left, missed = curves[member, pattern]
                    month = np.arange(len(left))
                    axes.plot(month, left, color=colour, linewidth=1.6, linestyle=stroke)
                    axes.plot(month[missed], np.zeros(int(missed.sum())), "x", color=colour, markersize=4.5,
                              markeredgewidth=1.3, clip_on=False, zorder=5)  # fmt: skip
            axes.set_ylim(0, max(highest, 0.1) * 1.08)
            axes.set_xlim(0, len(left) - 1)
            axes.xaxis.set_major_locator(_ticks(4))
            axes.yaxis.set_major_locator(_ticks(3))
            title = textwrap.shorten(_plain(words.member_name(member, result.meta)), 26, placeholder="…")
            axes.set_title(title or member, fontsize=SMALL, loc="left", pad=2)
        panel.text(0.4, 0.48, "month after the cutoff begins")
        panel.legend(
            0.29, [(TODAY, "", "today's sourcing (dashed)"), *([(PLANNED, "", "plan")] if planned else [])]
        )
        panel.text(0.1, 0.1, "×  month in which critical demand is missed")

    first: dict[int, list[str]] = {}
    for member in shown:
        _, missed = curves[member, "today"]
        start = int(np.argmax(missed)) if missed.any() else 0
        first.setdefault(start, []).append(words.member_name(member, result.meta))
    lasts = [f"from month {month} on in {words_joined(first[month])}" for month in sorted(set(first) - {0})]
    said = [f"critical demand is missed {'; '.join(lasts)}"] if lasts else []
    said += [f"{words_joined(first[0])} hold{'s' if len(first[0]) == 1 else ''} out"] if 0 in first else []
    caption = (
        f"Stock after the cutoff “{cutoff}” begins, in months of critical demand, at the end of each month"
        f"{'' if planned else '; the plan is not shown, as none survives or its use hangs on other goods'}"
        f"{f'; {len(shown)} of {len(members)} members' if len(shown) < len(members) else ''}. "
        f"{_origin(result, good)}"
    )
    return Picture(_name("stocks", good), f"{name}: stocks after the cutoff", caption,
                   f"With today's sourcing {'; '.join(said)}.", 0.67 + 1.1 * deep, paint)  # fmt: skip


def _months_left(part: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Stock in months of critical demand from the beginning on, and in which months some is missed."""
    critical = part["critical"].to_numpy(dtype=float)
    need = float(np.nanmean(critical))
    missed = critical - part["used"].to_numpy(dtype=float) > SHORT * critical
    return part["stock"].to_numpy(dtype=float) / need, missed


# What a number rests on, and the frontier


def _measured(result: Result, good: str) -> str:
    """What the shares of a good are parts of."""
    return measured({"good": good}, {"scopes": scopes_of(result.requirements)})


def _in_percent(text: str, unit: str) -> str:
    """An end of an assumption as readers see it."""
    try:
        return f"{100 * float(text):.3g} %" if unit == SHARE else text
    except ValueError:  # a word, such as no limit
        return text


def rests(result: Result, good: str) -> Picture | None:
    """A small tornado of what moves the share."""
    rows = result.rests_on[result.rests_on["good"] == good].head(MOST_RESTS)
    if not len(rows):
        return None
    renamed = rows.rename(columns={"share": "share_base", "status": "status_base", "written": "base"})
    for end in ("low", "high"):
        renamed[end] = [_in_percent(*pair) for pair in zip(rows[end], rows["unit"], strict=True)]
    renamed["in_words"] = [
        f"{row['label']}, {row['low']} to {row['high']}"
        + ("" if row["unit"] in (SHARE, "") else f" {row['unit']}")
        for row in renamed.to_dict("records")
    ]
    return _Tornado(
        _name("rests", good),
        f"{words.good_name(good, result.meta)}: what the least share rests on",
        "Least share for all members, every cutoff, planned, with one assumption at its low (pale) and its high "
        f"end (dark), {_measured(result, good)}; the line is the case as written. {_origin(result, good)}",
        f"Widest swings: {words.rests_text(rows)}.",
        0.0,
        lambda panel: None,
        renamed,
        {**result.meta, "scopes": scopes_of(result.requirements)},
    )


@dataclass(frozen=True)
class _Tornado(Picture):
    """A picture of which studies have a drawing of their own."""

    rows: pd.DataFrame
    meta: Mapping[str, Any]

    def svg(self) -> str:
        """As :meth:`Picture.svg`."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "picture.svg"
            tornado_picture(self.rows, path)
            return inline(path.read_text(encoding="utf-8"), self.name)

    def write(self, folder: Path) -> list[Path]:
        """As :meth:`Picture.write`."""
        written = [folder / f"{self.name}{suffix}" for suffix in SUFFIXES]
        for path in written:
            tornado_picture(self.rows, path, self.meta)
        return written


def frontier_curve(result: Result, good: str) -> Picture | None:
    """The least share as stocks move."""
    table, meta = result.frontiers[result.frontiers["good"] == good], result.meta
    if not len(table):
        return None
    level = float(table["written"].iloc[0])
    where = [f"{text} ({name})" for name, text in crossed(table)]

    def paint(panel: Panel) -> None:
        axes = panel.axes(0.62, 0.5, WIDTH - 1.75, 1.95)
        curve(axes, table, "set", None, None if math.isnan(level) else level)
        for label in (axes.xaxis.label, axes.yaxis.label):
            label.set_fontsize(SMALL)

    origin = f"Data up to {meta['year']}, data set {meta['dataset']}; case {meta['case']}."
    caption = f"{dots(table)} All members, every cutoff, planned; {_measured(result, good)}. {origin}"
    alt = f"{frontier_title(table)}{': ' if where else ''}{'; '.join(where)}."
    title = f"{words.good_name(good, meta)}: {frontier_title(table)}"
    return Picture(_name("frontier", good), title, caption, alt, 2.65, paint)


# Burden


def burden_bars(burden: Result) -> Picture:
    """What each member bears over its GDP, before and after sharing; as wide as the other pictures."""
    sharing, meta = burden.tables["sharing"], burden.meta
    rows = sharing[sharing["member"] != ALL].sort_values("cheapest_gdp_share", kind="stable", na_position="first")
    tall = 0.36 * len(rows)

    def paint(panel: Panel) -> None:
        axes = panel.axes(1.15, 1.05, WIDTH - 1.4, tall)
        for n, (column, _, colour) in enumerate(BARS):
            places = [place + 0.25 * (1 - n) for place in range(len(rows))]
            sizes = (1e6 * rows[column]).fillna(0.0)
            axes.barh(places, sizes, 0.23, color=colour, edgecolor="white", linewidth=0.0, hatch=PATTERNS[n])
        for place, part in enumerate(rows["cheapest_gdp_share"]):
            if pd.isna(part):
                axes.text(0, place, " unknown", fontsize=SMALL, va="center", color=FAINT)
        names = [_plain(words.member_name(member, meta)) for member in rows["member"]]
        names = [textwrap.shorten(name, 18, placeholder="…") or "…" for name in names]
        axes.set_yticks(range(len(rows)), names, fontsize=SMALL)
        axes.set_xlim(left=0)
        axes.set_xlabel("USD a year per million USD of GDP", fontsize=SMALL)
        axes.xaxis.set_major_locator(_ticks(4))
        for n, (_, label, colour) in enumerate(BARS):
            panel.legend(0.45 - 0.19 * n, [(colour, PATTERNS[n], label)])

    origin = f"Data up to {meta['year']}, data set {meta['dataset']}; case {meta['case']}."
    at_least = "Bars of members with unknown parts are at least as long as shown."
    caption = f"Cost of the requirement over GDP by member. {at_least} {origin}"
    title = "Burden: who bears how much of its GDP, before and after sharing"
    return Picture("burden", title, caption, picture_in_words(sharing, meta), 1.1 + tall, paint)


# Heat map


def heat_map(result: Result, across: str = "cutoff") -> Picture:
    """Good × cutoff of all members, or good × member under all cutoffs, for slides; verdict and least share."""
    rows = result.requirements
    other = "member" if across == "cutoff" else "cutoff"
    rows = rows[(rows[other] == ALL) & (rows["reading"] == "planned")]
    goods = list(dict.fromkeys(rows["good"]))
    columns = list(dict.fromkeys(rows[across]))
    if across == "cutoff" and len(columns) == 2:
        columns.remove(ALL)  # says the same as the only cutoff
    found = {(row["good"], row[across]): row for row in rows.to_dict("records")}
    row_height = 0.26

    def paint(panel: Panel) -> None:
        from matplotlib.patches import Rectangle

        left, tall = 1.45, row_height * len(goods)
        axes = panel.axes(left, 0.05, WIDTH - left - 0.3, tall)
        for y, good in enumerate(goods):
            for x, key in enumerate(columns):
                row = found.get((good, key))
                status = "unknown" if row is None else row["status"]
                axes.add_patch(
                    Rectangle((x, y), 1, 1, facecolor=COLOURS.get(status, "#FFFFFF"), edgecolor="white")
                )
                axes.text(x + 0.5, y + 0.5, _in_cell(row), ha="center", va="center", fontsize=5.5, linespacing=1.0)
        axes.set_xlim(0, len(columns))
        axes.set_ylim(len(goods), 0)
        names = [words.member_name(key, result.meta) if across == "member" else key for key in columns]
        names = ["every cutoff" if name == ALL else name for name in names]
        short = [textwrap.shorten(_plain(name), 16, placeholder="…") or "…" for name in names]
        turn = {"rotation": 30, "ha": "left"} if len(columns) > 2 else {}
        axes.set_xticks([x + 0.5 for x in range(len(columns))], short, fontsize=6.5, **turn)
        axes.xaxis.tick_top()
        labels = [_plain(words.good_name(good, result.meta)).partition(" (")[0] for good in goods]
        labels = [textwrap.shorten(label, 25, placeholder="…") or label[:24] for label in labels]
        axes.set_yticks([y + 0.5 for y in range(len(goods))], labels, fontsize=6.5)
        axes.tick_params(length=0)
        for side in axes.spines.values():
            side.set_visible(False)

    title = f"Least share of a surviving plan, by good and {across}"
    caption = (
        f"Planned, {'all members' if across == 'cutoff' else 'every cutoff'}; % of demand, or of imports where "
        f"home production is unknown. {result.meta['title']}; region {result.meta['region_name']}; data set "
        f"{result.meta['dataset']}, data up to {result.meta['year']}."
    )
    return Picture(_name("heat-map", across), title, caption, title, row_height * len(goods) + 0.65, paint)


def _in_cell(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "–"
    return str(row["status"]) if pd.isna(row["share"]) else f"{percent(row['share'])}\n{row['status']}"
