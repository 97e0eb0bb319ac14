"""Pictures of a parameter study: tornado, heat map, indices, distribution and rule (needs matplotlib).

Every picture says whose share it shows, in which reading, from how many points of which design and seed, and from
which data. Nothing is told by colour alone: statuses also differ in grey and in the shape of their marks.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from resilience import words
from resilience.errors import Finding, InputError
from resilience.inputs import factor_words
from resilience.inputs.factor_words import Varied
from resilience.output.pictures import DPI, EDGE, LINE, SMALL, SUFFIXES, TEXT, save
from resilience.output.sheets import FORBIDDEN
from resilience.output.workbook import COLOURS, DARK, FAINT
from resilience.schema import ALL, READINGS, STATUS_WORDS
from resilience.studies import rules as study_rules
from resilience.studies.tables import (
    ANSWERED,
    CONSUMPTION,
    KEY,
    SAME,
    Group,
    answered_sample,
    groups,
    holds,
    rows_of,
    rule_of,
    scopes_of,
    tornado_text,
    whose,
)

WIDTH = 9.0  # inches
LOW, HIGH = "#A9CBE8", DARK  # of the two ends of a factor, pale and dark
MARKS = {"met": "o", "shift": "s", "raise": "^", "build": "D", "none": "X", "unknown": "."}
DESIGNS = {
    "grid": "Full grid",
    "one_at_a_time": "One factor at a time",
    "latin_hypercube": "Latin hypercube",
    "sobol": "Sobol design",
    "morris": "Morris design",
}
NO_CHANGE = "no change"
BEYOND = 1.07  # where "no share suffices" stands on an axis of shares
MOST_MARKS = 4000  # in a scatter
MOST_CELLS = 14  # in a row of a heat map with numbers in the cells


@dataclass(frozen=True)
class Picture:
    """A written picture and what it shows, for those who cannot see it."""

    path: Path
    title: str
    alt: str


def study_pictures(
    points: pd.DataFrame,
    outcomes: pd.DataFrame,
    meta: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    folder: str | Path,
    readings: Sequence[str] = (),
) -> list[Picture]:
    """Draw every picture that there is for all members under all cutoffs, as .png and .svg; gives the .png files.

    ``tables`` are those of :func:`~resilience.studies.tables.study_tables`; ``readings`` by default the first that
    the study has, planned if it is there. The same study gives the same bytes.
    """
    folder = Path(folder)
    meta = {**meta, "scopes": scopes_of(outcomes)}
    found = [
        group for group in groups(points, outcomes, meta) if group.key["cutoff"] == group.key["member"] == ALL
    ]
    found = found or list(groups(points, outcomes, meta))
    wanted = readings or [group.key["reading"] for group in found[:1]]
    written = []
    for group in found:
        if group.key["reading"] not in wanted:
            continue
        stem = re.sub(r"[^\w.-]", "_", "-".join(part for part in group.key.values() if part != ALL))
        for kind, title, draw in _kinds(group, tables, meta):
            for suffix in SUFFIXES:
                draw(folder / f"{kind}-{stem}{suffix}")
            path = folder / f"{kind}-{stem}.png"
            name = f"{title}: {group.label}"
            written.append(Picture(path, name, f"{name}. {_alt(kind, group, tables)}".strip()))
    return written


def _kinds(
    group: Group, tables: Mapping[str, pd.DataFrame], meta: Mapping[str, Any]
) -> list[tuple[str, str, Callable[[Path], None]]]:
    """Which pictures a group has: name, title and what draws it."""
    own = {name: rows_of(tables[name], group.key) for name in ("tornado", "heat_map", "indices")}
    kinds: list[tuple[str, str, Callable[[Path], None]]] = []
    if len(own["tornado"]):
        kinds.append(
            ("tornado", "What the share rests on", lambda path: tornado_picture(own["tornado"], path, meta))
        )
    if len(own["heat_map"]):
        kinds.append(
            ("heat-map", "Two factors at a time", lambda path: heat_map_picture(own["heat_map"], path, meta))
        )
    if (own["indices"]["factor"] != "").any():
        kinds.append(("indices", "Which factor matters most", lambda p: indices_picture(own["indices"], p, meta)))
    if len(answered_sample(group)):
        kinds.append(
            ("distribution", "How the share spreads", lambda path: distribution_picture(group, path, meta))
        )
        rule = rule_of(group)
        if rule is not None and rule[2] is not None:
            kinds.append(("rule", "When the share is high", lambda path: rule_picture(group, path, meta)))
    return kinds


def _alt(kind: str, group: Group, tables: Mapping[str, pd.DataFrame]) -> str:
    """What a picture says, in a sentence."""
    if kind == "tornado":
        return f"Widest swings: {tornado_text(rows_of(tables['tornado'], group.key))}."
    if kind == "rule":
        found = rule_of(group)
        return found[4] if found else ""
    if kind == "distribution":
        counts = group.independent["status"].value_counts()
        return "Points: " + ", ".join(f"{count} {status}" for status, count in counts.items()) + "."
    if kind == "indices":
        rows = rows_of(tables["indices"], group.key)
        rows = rows[rows["index"].isin(("ST", "mu_star"))].sort_values("value", ascending=False).head(3)
        named = [f"{row.in_words} {row.value:.2f}" for row in rows.itertuples()]
        return f"Largest: {', '.join(named)}."
    rows = rows_of(tables["heat_map"], group.key)
    across, up = (factor_words.label(str(rows[name].iloc[0])) for name in ("across", "up"))
    return f"Least share by {across} (across) and {up} (upwards)."


# The sheet on which all are drawn


class Page:
    """A figure in inches: title and subtitle, a place for the drawing, a footer."""

    def __init__(
        self, title: str, key: Mapping[str, str], meta: Mapping[str, Any], height: float, extra: str = ""
    ):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.figure = Figure(figsize=(WIDTH, height), dpi=DPI)
        self.canvas = FigureCanvasAgg(self.figure)
        wide = WIDTH - 2 * EDGE
        head = [(12.0, line, {"weight": "bold", "color": DARK}) for line in self.fit(title, 12, wide, 2, True)]
        who, _, reading = whose(key, meta).rpartition(", ")
        head += [(TEXT, line, {}) for line in self.fit(who, TEXT, wide, 2)]
        reading = f"Reading: {reading}, {READINGS.get(reading, '')}".rstrip(", ")
        head += [(TEXT, line, {}) for line in self.fit(reading, TEXT, wide, 1)]
        head += [(TEXT, line, {"color": FAINT}) for line in self.fit(extra, TEXT, wide, 4)]
        foot = self.fit(footer(key, meta), SMALL, wide, 4)
        top = 0.15 + sum(size * LINE for size, *_ in head)
        self.bottom = 0.12 + len(foot) * SMALL * LINE
        self.height = top + height + self.bottom
        self.figure.set_size_inches(WIDTH, self.height)
        y = self.height - 0.15
        for size, text, look in head:
            self.text(EDGE, y, text, size, va="top", **look)
            y -= size * LINE
        y = self.bottom
        for line in foot:
            self.text(EDGE, y, line, SMALL, va="top", color=FAINT)
            y -= SMALL * LINE

    def text(self, x: float, y: float, text: str, size: float, **look: Any) -> None:
        """Text at a place in inches."""
        self.figure.text(x / WIDTH, y / self.height, text, fontsize=size, **{"color": "black"} | look)

    def axes(self, left: float, below: float, width: float, height: float) -> Any:
        """Axes in inches, counted from the left and from the upper edge of the footer."""
        place = (left / WIDTH, (self.bottom + below) / self.height, width / WIDTH, height / self.height)
        axes = self.figure.add_axes(place)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.tick_params(labelsize=SMALL)
        return axes

    def fit(self, text: str, size: float, width: float, most: int, bold: bool = False) -> list[str]:
        """The text on at most so many lines of a width in inches; what does not fit is cut and ends in …"""
        from matplotlib.font_manager import FontProperties

        renderer = self.canvas.get_renderer()  # type: ignore[no-untyped-call]
        font = FontProperties(size=size, weight="bold" if bold else "normal")

        def fits(line: str) -> bool:
            wide, _, _ = renderer.get_text_width_height_descent(line, font, ismath=False)
            return bool(wide <= 0.97 * width * DPI)

        lines = [""]
        plain = " ".join(FORBIDDEN.sub("\ufffd", text).split())
        for word in re.sub(r"(?<=\d) (?=%)", "\u00a0", plain).split(" "):  # a number stays with its %
            joined = f"{lines[-1]} {word}".strip()
            if fits(joined):
                lines[-1] = joined
            else:
                lines += [word] if lines[-1] else []
                lines[-1] = word
                while len(lines) <= most and not fits(lines[-1]):  # a word wider than the line
                    ends = range(1, len(lines[-1][:300]) + 1)
                    end = max(1, bisect_left(ends, True, key=lambda n: not fits(lines[-1][:n])))
                    lines[-1:] = [lines[-1][:end], lines[-1][end:]]
            if len(lines) > most:
                last = lines[most - 1]
                while last and not fits(f"{last}…"):
                    last = last[:-1]
                return [*lines[: most - 1], f"{last.rstrip()}…"]
        return [line for line in lines if line]


def footer(key: Mapping[str, str], meta: Mapping[str, Any]) -> str:
    """Design, points, seed, source, year and version in a line."""
    scope = meta.get("scopes", {}).get(key["good"])
    shares = {
        None: "Shares of demand, or of imports where home production is unknown.",
        CONSUMPTION: "Shares of demand.",
    }.get(scope, "Shares of imports, as home production is unknown.")
    return f"{origin(meta, meta.get('years', {}).get(key['good']))}. {shares}"


def origin(meta: Mapping[str, Any], year: int | None = None) -> str:
    """Design, points, seed, case, source with its ``year`` and version."""
    spec = meta.get("spec")  # a frontier has none
    count = meta.get("points")
    dated = f"data of {year}" if year else f"the latest data up to {meta['year']}"
    of = f", {count:,} points" if count else ""
    design = [f"{DESIGNS.get(spec['design'], spec['design'])}{of}, seed {spec['seed']}"] if spec else []
    parts = [
        *design,
        f"{meta['title']} (case {meta['case']}), region {meta['region_name']}",
        f"source: data set {meta['dataset']}, {dated}",
        f"resilience {meta['versions']['resilience']}",
    ]
    return "; ".join(parts)


def measured(key: Mapping[str, Any], meta: Mapping[str, Any]) -> str:
    """What the shares of a good are counted in: ``% of imports`` where that is what its outcomes say."""
    scope = meta.get("scopes", {}).get(key["good"], CONSUMPTION)
    return "% of demand" if scope == CONSUMPTION else "% of imports"


def _scoped(group: Group, meta: Mapping[str, Any]) -> dict[str, Any]:
    return {**meta, "scopes": {group.key["good"]: group.scope}}


def _percent_axis(axis: Any) -> None:
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.3g} %" if share <= 1 + 1e-9 else ""))


def upright(
    axes: Any, at: float, text: str, style: Any, colour: str, high: float, left: bool, width: float = 1.3
) -> None:
    """A line straight up at a place of the lower axis, with its name above the axes."""
    axes.axvline(at, color=colour, linewidth=width, linestyle=style, zorder=4)
    axes.annotate(
        text,
        (at, 1.0),
        (-3 if left else 3, high),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="right" if left else "left",
        va="bottom",
        fontsize=SMALL,
        color=colour,
        annotation_clip=False,
    )


def beside(axes: Any, at: float, text: str, away: float, colour: str = "black") -> None:
    """A text at the right of the axes, ``away`` points from them, at a place of the left axis."""
    axes.annotate(
        text,
        (1.0, at),
        (away, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        va="center",
        fontsize=SMALL,
        color=colour,
        annotation_clip=False,
    )


def _legend_below(axes: Any, down: float, **more: Any) -> None:
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(0.0, -down),
        ncols=3,
        fontsize=SMALL,
        frameon=False,
        borderaxespad=0.0,
        **more,
    )


# Tornado


def tornado_picture(
    rows: pd.DataFrame, path: str | Path, meta: Mapping[str, Any] | None = None, most: int = 12
) -> None:
    """Bars from the case's share to the share at both ends of each factor, widest first.

    ``rows`` of the table tornado, of one good, member, cutoff and reading (base, share_base, share_today and
    status_base may be missing; in_words names the factors). Without ``meta`` a small picture without title and
    footer, to stand beside a number.
    """
    if not len(rows):
        raise InputError([Finding("error", "tornado", None, None, "there are no rows to draw")])
    save(lambda: _tornado(rows.head(most), meta, len(rows) - most), path)


def _tornado(rows: pd.DataFrame, meta: Mapping[str, Any] | None, left_out: int) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    small = meta is None
    step = 0.3 if small else 0.5
    tall = step * len(rows)
    first = rows.iloc[0]
    base = _place(first.get("share_base", math.nan), str(first.get("status_base", "")))
    today = float(first.get("share_today", math.nan))
    if small:
        figure = Figure(figsize=(3.4, tall + 0.3), dpi=DPI)
        FigureCanvasAgg(figure)
        axes = figure.add_axes((1.45 / 3.4, 0.25 / (tall + 0.3), 1.85 / 3.4, tall / (tall + 0.3)))
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        size, wrap = 6.5, 24
    else:
        assert meta is not None
        extra = "One factor at a time at its low and its high end, everything else as the case says."
        extra += f" {left_out} narrower factors are not shown." if left_out > 0 else ""
        key = {name: str(first[name]) for name in KEY}
        page = Page("What the least share rests on", key, meta, tall + 1.0, extra)
        figure, size, wrap = page.figure, TEXT, 30
        axes = page.axes(2.35, 0.6, 4.2, tall)
    reach = [base] if not math.isnan(base) else []
    for number, row in enumerate(rows.to_dict("records")):
        y = len(rows) - 1 - number
        if _still(row):
            if small:
                at = base if not math.isnan(base) else _place(row["share_low"], str(row["status_low"]))
                reach.append(at)
                axes.annotate(
                    NO_CHANGE, (at, y), (4, 0), textcoords="offset points", va="center", fontsize=size - 1
                )
            else:
                beside(axes, y, _short(f"{NO_CHANGE}: {row['low']}, {row['high']}", 44), 8)
            continue
        for role, shift, colour in (("low", 0.17, LOW), ("high", -0.17, HIGH)):
            share, status = row[f"share_{role}"], str(row[f"status_{role}"])
            end = _place(share, status)
            start = base if not math.isnan(base) else end
            if not math.isnan(end):
                reach.append(end)
                look: dict[str, Any] = {"facecolor": colour}
                if status == "none":
                    look = {"facecolor": "white", "hatch": "////"}
                axes.barh(
                    y + shift, end - start, 0.32, left=start, edgecolor=DARK, linewidth=0.7, zorder=3, **look
                )
                if end == start:
                    axes.plot([end], [y + shift], "|", color=DARK, markersize=6, zorder=4)
            if not small:
                shown = status if math.isnan(share) else words.percent(share)
                text = _short(f"{row[role]} → {shown}", 44)
                beside(axes, y + shift, text, 8)
    low, high = (min(reach), max(reach)) if reach else (0.0, 1.0)
    room = max(0.05, 0.06 * (high - low))
    axes.set_xlim(max(-0.005, low - room), min(high + room, 1.12) if high > 1 else min(1.005, high + room))
    axes.set_ylim(-0.6, len(rows) - 0.4)
    said = rows["in_words"] if "in_words" in rows else map(factor_words.label, rows["factor"].astype(str))
    names = ["\n".join(_wrapped(str(name), wrap, 2)) for name in said]
    axes.set_yticks(range(len(rows) - 1, -1, -1), names)
    axes.tick_params(axis="y", length=0, labelsize=size)
    axes.tick_params(axis="x", labelsize=size - 1 if small else SMALL)
    _percent_axis(axes.xaxis)
    if small:
        axes.xaxis.set_major_locator(_ticks(4))
        if not math.isnan(base):
            axes.axvline(base, color="black", linewidth=1.0, zorder=4)
    if high > 1:
        _beyond(axes)
    if meta is None:
        return figure
    if not math.isnan(base):
        said = "no share suffices" if base > 1 else words.percent(base)
        upright(axes, base, f"the case: {said}", "-", "black", 2, left=base > (low + high) / 2)
    ends = axes.get_xlim()
    if ends[0] <= today <= ends[1]:
        above = 13 if abs(today - base) < 0.3 * (ends[1] - ends[0]) else 2
        upright(
            axes, today, f"today: {words.percent(today)}", (0, (4, 2)), FAINT, above, left=today > sum(ends) / 2
        )
    axes.set_xlabel(f"least share from the region, {measured(first, meta)}", fontsize=TEXT)
    _legend(axes, [(LOW, "at the low end"), (HIGH, "at the high end")], -0.08 / tall)
    return figure


def _still(row: Mapping[str, Any]) -> bool:
    """Whether a factor moves nothing: both ends are known and the same, and the case's, where it is there."""
    ends = [
        _place(row[name], str(row.get(f"status_{role}", "")))
        for role in ("low", "base", "high")
        if (name := f"share_{role}") in row
    ]
    return not any(map(math.isnan, ends)) and max(ends) - min(ends) <= SAME


def _legend(axes: Any, entries: Sequence[tuple[str, str]], below: float) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(facecolor=colour, edgecolor=DARK, linewidth=0.7, label=text) for colour, text in entries]
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(1.0, below),
        ncols=1,
        fontsize=SMALL,
        frameon=False,
        borderaxespad=0.0,
    )


def _beyond(axes: Any) -> None:
    """The zone beyond 100 %, in which no share suffices."""
    axes.axvspan(1.03, 1.12, facecolor="#EEEEEE", zorder=0)
    ticks = [tick for tick in axes.get_xticks() if axes.get_xlim()[0] <= tick < 0.99]
    axes.set_xticks([*ticks, BEYOND], [*(f"{100 * tick:.3g} %" for tick in ticks), "none"])


def _place(share: float, status: str) -> float:
    return BEYOND if status == "none" else float(share)


def _ticks(most: int) -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(most)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _wrapped(text: str, width: int, most: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width, max_lines=most, placeholder="…") or [""]


# Heat map


def heat_map_picture(rows: pd.DataFrame, path: str | Path, meta: Mapping[str, Any]) -> None:
    """The least share by two factors; cells without a share are hatched and say why. ``rows`` of one key."""
    if not len(rows):
        raise InputError([Finding("error", "heat_map", None, None, "there are no rows to draw")])
    save(lambda: _heat_map(rows, meta), path)


def _heat_map(rows: pd.DataFrame, meta: Mapping[str, Any]) -> Any:
    import matplotlib as mpl
    from matplotlib.patches import Rectangle

    first = rows.iloc[0]
    across, up = (list(dict.fromkeys(rows[f"{name}_value"])) for name in ("across", "up"))
    tall = min(max(0.42 * len(up), 1.8), 5.0)
    key = {name: str(first[name]) for name in KEY}
    extra = f"The other factors: {first['others']}." if first["others"] else ""
    page = Page("Least share by two factors", key, meta, tall + 0.95, extra)
    axes = page.axes(1.9, 0.75, 5.6, tall)
    place_x, place_y = ({value: n for n, value in enumerate(values)} for values in (across, up))
    grid = np.full((len(up), len(across)), math.nan)
    for row in rows.to_dict("records"):
        grid[place_y[row["up_value"]], place_x[row["across_value"]]] = row["share"]
    colours = mpl.colormaps["cividis_r"]
    mesh = axes.pcolormesh(np.ma.masked_invalid(grid), cmap=colours, vmin=0.0, vmax=1.0, edgecolors="white")
    for row in rows.to_dict("records"):
        x, y, share = place_x[row["across_value"]], place_y[row["up_value"]], row["share"]
        if math.isnan(share):
            look: dict[str, Any] = {"hatch": "////", "facecolor": "white", "edgecolor": FAINT, "linewidth": 0.5}
            axes.add_patch(Rectangle((x, y), 1, 1, **look))
        if len(across) <= MOST_CELLS and len(up) <= 2 * MOST_CELLS:
            text = row["status"] if math.isnan(share) else f"{100 * share:.0f}"
            box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8} if math.isnan(share) else None
            dark = not math.isnan(share) and sum(colours(share)[:3]) < 1.5
            colour = "white" if dark else "black"
            axes.text(x + 0.5, y + 0.5, text, ha="center", va="center", fontsize=SMALL, color=colour, bbox=box)
    for axis, values, name in ((axes.xaxis, across, "across"), (axes.yaxis, up, "up")):
        texts, unit = _without_unit(values)
        label = factor_words.label(str(first[name]))
        axis.set_ticks(np.arange(len(values)) + 0.5, ["\n".join(_wrapped(text, 14, 2)) for text in texts])
        axis.set_label_text("\n".join(_wrapped(f"{label}, {unit}" if unit else label, 44, 2)), fontsize=TEXT)
        axis.set_tick_params(length=0, labelsize=SMALL)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    bar = page.figure.colorbar(mesh, cax=page.axes(7.75, 0.75, 0.18, tall))
    _percent_axis(bar.ax.yaxis)
    bar.ax.tick_params(labelsize=SMALL)
    bar.set_label(f"least share, {measured(first, meta)}", fontsize=TEXT)
    return page.figure


def _without_unit(texts: Sequence[str]) -> tuple[list[str], str]:
    """The numbers by themselves and the unit that follows all of them; else the texts as they are."""
    split = [re.fullmatch(r"([+−-]?[\d.,]+) (.+)", text) for text in texts]
    units = {found[2] for found in split if found}
    if len(units) != 1 or not all(split):
        return list(texts), ""
    return [found[1] for found in split if found], units.pop()


# Indices


def indices_picture(rows: pd.DataFrame, path: str | Path, meta: Mapping[str, Any]) -> None:
    """Sobol's S1 and ST, or Morris' mu* and sigma, as bars with 95 % intervals; ``rows`` of one key."""
    rows = rows[rows["factor"] != ""]
    if not len(rows):
        raise InputError([Finding("error", "indices", None, None, "there are no indices to draw")])
    save(lambda: _indices(rows, meta), path)


def _indices(rows: pd.DataFrame, meta: Mapping[str, Any]) -> Any:
    rows = rows[rows["outcome"] == rows["outcome"].iloc[0]]
    first = rows.iloc[0]
    sobol = (rows["index"] == "ST").any()
    kinds = (("S1", "by itself (S1)"), ("ST", "with interactions (ST)")) if sobol else (
        ("mu_star", "mean absolute change (μ*)"), ("sigma", "spread of the changes (σ)"),
    )  # fmt: skip
    main = rows[rows["index"] == ("ST" if sobol else "mu_star")].sort_values("value", ascending=False)
    names = list(main["factor"])[:15]
    table = rows.set_index(["index", "factor"])
    tall = 0.5 * len(names)
    none = f" In {first['none']:.0f} points no share suffices; there it counts as 100 %." if first["none"] else ""
    extra = (
        f"Part of the variance of the least share over {first['points']:.0f} points. Lines: 95 % intervals.{none}"
        if sobol
        else f"Change of the least share over a factor's whole range, {first['points']:.0f} points. "
        f"A spread as large as the mean change speaks of interactions or bends. Lines: 95 % intervals.{none}"
    )
    extra += f" {len(main) - len(names)} smaller factors are not shown." if len(main) > len(names) else ""
    key = {name: str(first[name]) for name in KEY}
    page = Page("Which factor matters most", key, meta, tall + 0.8, extra)
    axes = page.axes(2.6, 0.6, 5.9, tall)
    for (index, _), shift, colour in zip(
        kinds, (0.17, -0.17), (HIGH, LOW) if not sobol else (LOW, HIGH), strict=True
    ):
        for number, name in enumerate(names):
            row = table.loc[(index, name)]
            y = len(names) - 1 - number + shift
            axes.barh(y, row["value"], 0.32, color=colour, edgecolor=DARK, linewidth=0.7, zorder=2)
            if not math.isnan(row["value_low"]):
                ends = [row["value_low"], row["value_high"]]
                axes.plot(ends, [y, y], color="white", linewidth=3.2, solid_capstyle="butt", zorder=3)
                axes.plot(ends, [y, y], color="black", linewidth=1.2, marker="|", markersize=6, zorder=4)
    labels = ["\n".join(_wrapped(factor_words.label(name), 32, 2)) for name in names]
    axes.set_yticks(range(len(names) - 1, -1, -1), labels)
    axes.tick_params(axis="y", length=0, labelsize=TEXT)
    axes.axvline(0.0, color=FAINT, linewidth=0.8)
    axes.set_ylim(-0.6, len(names) - 0.4)
    if sobol:
        axes.set_xlabel("part of the variance (1 = all)", fontsize=TEXT)
    else:
        axes.set_xlabel("change of the least share, percentage points", fontsize=TEXT)
        from matplotlib.ticker import FuncFormatter

        axes.xaxis.set_major_formatter(FuncFormatter(lambda change, _: f"{100 * change:.3g}"))
    from matplotlib.patches import Patch

    colours = (LOW, HIGH) if sobol else (HIGH, LOW)
    handles = [
        Patch(facecolor=colour, edgecolor=DARK, linewidth=0.7, label=text)
        for colour, (_, text) in zip(colours, kinds, strict=True)
    ]
    axes.legend(handles=handles, loc="lower right", fontsize=SMALL, framealpha=0.9, edgecolor="none")
    return page.figure


# Distribution


def distribution_picture(group: Group, path: str | Path, meta: Mapping[str, Any]) -> None:
    """How many points have which share, by verdict, with today's share and the case's."""
    if not len(answered_sample(group)):
        raise InputError([Finding("error", "outcomes", None, None, "no point of the sample has an answer")])
    save(lambda: _distribution(group, _scoped(group, meta)), path)


def _distribution(group: Group, meta: Mapping[str, Any]) -> Any:
    from matplotlib.patches import Patch

    rows = group.independent
    answered = rows[rows["status"].isin(ANSWERED)]
    missing = len(rows) - len(answered)
    base = group.base
    extra = f"{len(answered):,} points"
    extra += " (those of the design that are drawn independently)" if len(rows) < len(group.sample) else ""
    part, _, _ = holds(group)
    if base is not None and not math.isnan(part):
        extra += f"; the case's verdict, {base['status']}, holds in {words.percent(part)} of those computed"
    extra += f"; {missing:,} more have no answer" if missing else ""
    page = Page("How the least share spreads over the points", group.key, meta, 4.1, extra + ".")
    axes = page.axes(0.95, 1.0, 7.6, 2.65)
    known = [*answered["share"], *([] if base is None else [base["share"], base["share_today"]])]
    known = [share for share in known if not math.isnan(share)]
    end = min(1.0, max(0.1, math.ceil(10 * max(known, default=1.0) - SAME) / 10))
    edges = np.linspace(0.0, end, 21)
    bar = end / 20
    bottom = np.zeros(20)
    tower = 0.0
    used = []
    for status in ANSWERED:
        shares = answered["share"][answered["status"] == status].to_numpy(dtype=float)
        if not len(shares):
            continue
        used.append(status)
        look = {"facecolor": COLOURS[status], "edgecolor": FAINT, "linewidth": 0.7, "align": "edge"}
        if status == "none":
            tower = len(shares)
            axes.bar(0.9 * bar + end, tower, bar, **look)
            continue
        counts = np.histogram(np.clip(shares, 0.0, end), edges)[0].astype(float)
        axes.bar(edges[:-1], counts, bar, bottom=bottom, **look)
        bottom += counts
    axes.set_xlim(-0.01 * end, (1.12 if "none" in used else 1.01) * end)
    axes.set_ylim(0, 1.05 * max(bottom.max(), tower, 1.0))
    ticks = np.linspace(0.0, end, 11)
    axes.set_xticks(
        [*ticks, *([1.07 * end] if "none" in used else [])],
        [*(f"{100 * tick:.0f} %" for tick in ticks), *(["none"] if "none" in used else [])],
    )
    axes.set_xlabel(f"least share from the region, {measured(group.key, meta)}", fontsize=TEXT)
    axes.set_ylabel("points", fontsize=TEXT)
    if base is not None:
        today, share = float(base["share_today"]), float(base["share"])
        if not math.isnan(today):
            upright(axes, today, f"today: {words.percent(today)}", (0, (4, 2)), "black", 2, left=today > 0.8 * end)
        if not math.isnan(share):
            above = 13 if abs(share - today) < 0.2 * end else 2
            upright(axes, share, f"the case: {words.percent(share)}", "-", "black", above, left=share > 0.8 * end)
    handles = [
        Patch(facecolor=COLOURS[s], edgecolor=FAINT, linewidth=0.7, label=f"{s}: {STATUS_WORDS[s]}") for s in used
    ]
    _legend_below(axes, 0.2, handles=handles)
    return page.figure


# Rule


def rule_picture(group: Group, path: str | Path, meta: Mapping[str, Any]) -> None:
    """The points by the two factors that tell most, marked by verdict, with the rule as a frame."""
    found = rule_of(group)
    if found is None:
        message = "no rule is looked for: the design varies one factor at a time, or no point has an answer"
        raise InputError([Finding("error", "rules", None, None, message)])
    save(lambda: _rule(group, found, _scoped(group, meta)), path)


def _rule(group: Group, found: tuple[Any, ...], meta: Mapping[str, Any]) -> Any:
    threshold, _, rule, _, sentence, _ = found
    rows = answered_sample(group)
    names = [factor.name for factor in group.factors]
    over = rows["share"].where(rows["status"] != "none", math.inf).to_numpy(dtype=float) > threshold
    if 0 < over.sum() < len(over):
        names = study_rules.importances(rows[names], over, int(group.spec["seed"]))
    if rule is not None:  # what the rule speaks of comes first
        spoken = [condition.factor for condition in rule.conditions]
        names = [*spoken, *(name for name in names if name not in spoken)]
    by_name = {factor.name: factor for factor in group.factors}
    random = np.random.default_rng(int(group.spec["seed"]))
    if len(rows) > MOST_MARKS:
        rows = rows.iloc[np.sort(random.choice(len(rows), MOST_MARKS, replace=False))]
    extra = sentence.partition(": ")[2] if rule is not None else sentence
    extra = extra[:1].upper() + extra[1:]
    if rule is not None:
        outside = [factor_words.label(c.factor) for c in rule.conditions if c.factor not in names[:2]]
        extra += f" The frame does not show the condition on {', '.join(outside)}." if outside else ""
    shown = [by_name[name] for name in names[:2]]
    if any(not study_rules.is_numeric(rows[one.name]) or _room(rows[one.name]) for one in shown):
        extra += " Points with equal values are spread a little."
    page = Page("Under which conditions the share is high or low", group.key, meta, 5.2, extra)
    axes = page.axes(1.3, 1.05, 7.2, 4.0)
    places = [_spots(rows[factor.name], factor, random) for factor in shown]
    over = rows["share"].where(rows["status"] != "none", math.inf).to_numpy(dtype=float) > threshold
    if len(places) == 1:
        places.append(np.array([_place(s, t) for s, t in zip(rows["share"], rows["status"], strict=True)]))
    for status in ANSWERED:
        mine = (rows["status"] == status).to_numpy()
        if mine.any():
            axes.scatter(
                places[0][mine],
                places[1][mine],
                s=26 if len(rows) < 800 else 12,
                marker=MARKS[status],
                facecolor=COLOURS[status],
                edgecolor="black",
                linewidth=np.where(over[mine], 1.5, 0.5),
            )
            text = f"{status}: {STATUS_WORDS[status]}"
            look: dict[str, Any] = {"facecolor": COLOURS[status], "edgecolor": "black", "linewidth": 0.5}
            axes.scatter([], [], s=26, marker=MARKS[status], label=text, **look)
    if over.any():
        thick: dict[str, Any] = {"facecolor": "white", "edgecolor": "black", "linewidth": 1.5}
        text = f"thick edge: exceeds {factor_words.share_text(threshold)}"
        axes.scatter([], [], s=26, marker="o", label=text, **thick)
    for axis, factor in zip((axes.xaxis, axes.yaxis), shown, strict=False):
        label = factor_words.label(factor.name)
        if study_rules.is_numeric(rows[factor.name]):
            scale, after = factor_words.shown(factor.name, factor.how)
            from matplotlib.ticker import FuncFormatter

            axis.set_major_formatter(FuncFormatter(lambda value, _, scale=scale: f"{scale * value:.4g}"))
            label += f",{after}" if after else ""
        else:
            known = _alternatives(rows[factor.name], factor)
            axis.set_ticks(range(len(known)), ["\n".join(_wrapped(factor.text(v), 18, 2)) for v in known])
        axis.set_label_text("\n".join(_wrapped(label, 60, 2)), fontsize=TEXT)
    if len(shown) == 1:
        _percent_axis(axes.yaxis)
        axes.set_ylabel(f"least share, {measured(group.key, meta)}", fontsize=TEXT)
    if rule is not None:
        _frame(axes, rule, shown, rows)
    _legend_below(axes, 0.14, markerscale=1.2)
    return page.figure


def _alternatives(column: pd.Series, factor: Varied) -> list[Any]:
    """The values that occur, in the order in which the study names them."""
    occur = set(column)
    return [value for value in factor.values if value in occur]


def _spots(column: pd.Series, factor: Varied, random: np.random.Generator) -> np.ndarray:
    """Places on an axis; where values repeat they are spread a little, so that points do not hide each other."""
    if study_rules.is_numeric(column):
        values = column.to_numpy(dtype=float)
        spots = values + _room(column) * random.uniform(-1.0, 1.0, len(column))
        low, high = values.min(), values.max()  # beyond which nothing was varied: points there turn back
        return np.clip(
            np.where(spots < low, 2 * low - spots, np.where(spots > high, 2 * high - spots, spots)), low, high
        )
    place = {value: number for number, value in enumerate(_alternatives(column, factor))}
    return np.array([place[value] for value in column]) + 0.3 * random.uniform(-1.0, 1.0, len(column))


def _room(column: pd.Series) -> float:
    """How far points of a numeric factor with few values are spread to each side; 0 for many values."""
    known = np.unique(column.to_numpy(dtype=float))
    return 0.2 * float(np.diff(known).min()) if 1 < len(known) <= study_rules.FEW_VALUES else 0.0


def _frame(axes: Any, rule: study_rules.Rule, shown: Sequence[Varied], rows: pd.DataFrame) -> None:
    """Where the rule's conditions on the shown factors hold; open sides reach to the edge."""
    from matplotlib.patches import Rectangle

    limits = [axes.get_xlim(), axes.get_ylim()]
    ends = [list(pair) for pair in limits]
    for number, factor in enumerate(shown):
        for condition in rule.conditions:
            if condition.factor != factor.name:
                continue
            if condition.values:
                known = _alternatives(rows[factor.name], factor)
                inside = [known.index(value) for value in condition.values if value in known]
                if inside and max(inside) - min(inside) == len(inside) - 1:
                    ends[number] = [min(inside) - 0.45, max(inside) + 0.45]
            else:
                room = 0 if condition.strict else 1.3 * _room(rows[factor.name])
                if condition.least is not None:
                    ends[number][0] = condition.least - room
                if condition.most is not None:
                    ends[number][1] = condition.most + room
    (left, right), (low, high) = ends
    look: dict[str, Any] = {"facecolor": DARK, "alpha": 0.08, "zorder": 0}
    axes.add_patch(Rectangle((left, low), right - left, high - low, **look))
    look = {"fill": False, "edgecolor": DARK, "linewidth": 2.0, "zorder": 5, "label": "the rule"}
    axes.add_patch(Rectangle((left, low), right - left, high - low, **look))
    axes.set_xlim(limits[0])
    axes.set_ylim(limits[1])
