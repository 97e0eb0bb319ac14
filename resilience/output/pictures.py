"""Pictures of chains: a good, what goes into it at every stage, and what each of them needs (needs matplotlib)."""

from __future__ import annotations

import re
import warnings
from bisect import bisect_left
from collections.abc import Callable
from pathlib import Path
from typing import Any

from resilience import words
from resilience.errors import Finding, InputError
from resilience.output.sheets import FORBIDDEN
from resilience.output.workbook import COLOURS, DARK, FAINT
from resilience.results import Result
from resilience.schema import ALL, STATUS_WORDS

BOX, HIGH, ACROSS, BETWEEN, EDGE = 2.9, 0.92, 1.9, 0.3, 0.35  # inches: width and height of a box, gaps, margin
LEAST_WIDTH = 9.0
SUFFIXES = (".png", ".svg")
DPI = 170
NAME, TEXT, SMALL = 9.0, 8.5, 7.5  # points
LINE = 1.35 / 72  # inches of a line for each point of its type


def goods_with_chain(result: Result, member: str = ALL) -> list[str]:
    """The goods of which :func:`chain_picture` can draw a picture for a member."""
    rows = result.chain
    return list(dict.fromkeys(rows["good"][(rows["cutoff"] == ALL) & (rows["member"] == member)]))


def chain_pictures(result: Result, folder: Path) -> list[Path]:
    """Write a .png and a .svg for each good that has a chain; gives the files."""
    written = []
    for good in goods_with_chain(result):
        stem = re.sub(r"[^\w.-]", "_", good)
        for suffix in SUFFIXES:
            written.append(folder / f"chain-{stem}{suffix}")
            chain_picture(result, good, written[-1])
    return written


def chain_picture(result: Result, good: str, path: str | Path, member: str = ALL) -> None:
    """Draw a good and all that goes into it, under all cutoffs; the suffix, .png or .svg, decides the format.

    The same result gives the same bytes. Raises :class:`~resilience.errors.InputError` if there is no such chain,
    if the suffix is another, or if matplotlib is missing.
    """
    path = Path(path)
    known = goods_with_chain(result, member)
    if good not in known:
        message = (
            f'there is no chain of "{good}" for member {member}; goods that have one: {", ".join(known) or "none"}'
        )
        raise InputError([Finding("error", "chain", None, "good", message)])
    save(lambda: _Picture(result, good, member).figure, path)


def save(draw: Callable[[], Any], path: str | Path, dpi: int = DPI) -> None:
    """Write the figure that ``draw`` gives; the suffix, .png or .svg, decides the format.

    The same figure gives the same bytes, whatever the user's settings of matplotlib.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise InputError([Finding("error", path.name, None, None, "pictures are written as .png or .svg")])
    import matplotlib as mpl

    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a sign that the font lacks is shown as a box
        mpl.rcdefaults()
        mpl.rcParams.update({"svg.hashsalt": "resilience", "svg.fonttype": "none", "text.parse_math": False})
        metadata = {"Date": None} if path.suffix.lower() == ".svg" else None
        draw().savefig(path, dpi=dpi, metadata=metadata, facecolor="white")


class _Picture:
    """A drawing in inches: the good on the right, its inputs to the left of what they go into."""

    def __init__(self, result: Result, good: str, member: str):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.result, self.good, self.member = result, good, member
        rows = result.chain
        rows = rows[(rows["good"] == good) & (rows["cutoff"] == ALL) & (rows["member"] == member)]
        self.links = {str(row["input"]): row for row in rows.to_dict("records")}
        self.places: dict[str, float] = {}
        leaves = self._place(good, 0)
        stages = int(rows["stage"].max())
        chart = 2 * EDGE + BOX * (stages + 1) + ACROSS * stages
        self.width = max(chart, LEAST_WIDTH)
        self.right = self.width - EDGE - (self.width - chart) / 2
        self.figure = Figure(figsize=(self.width, 4.0), dpi=DPI)
        self.canvas = FigureCanvasAgg(self.figure)
        self.axes = self.figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self.axes.set_axis_off()
        head, foot = self._head(), self._foot()
        legend = self._legend()
        tall = leaves * (HIGH + BETWEEN) - BETWEEN
        below = sum(size * LINE for size, _ in foot) + 0.2 * len(legend) + 0.65
        height = below + tall + sum(size * LINE for size, *_ in head) + 0.5
        self.figure.set_size_inches(self.width, height)
        self.axes.set_xlim(0, self.width)
        self.axes.set_ylim(0, height)
        y = height - 0.15
        for size, text, look in head:
            self._text(EDGE, y, text, size, va="top", **look)
            y -= size * LINE
        self.base = below + HIGH / 2
        for name in (good, *self.links):
            self._box(name)
        for name in self.links:
            self._arrow(name)
        y = below - 0.4
        for left, right in legend:
            left(EDGE, y)
            right(self.width / 2 + EDGE, y)
            y -= 0.2
        y -= 0.05
        for size, text in foot:
            self._text(EDGE, y, text, size, va="top", color=FAINT)
            y -= size * LINE

    def _place(self, name: str, leaves: int) -> int:
        """Rows from the bottom up: inputs one above the other, each good in the middle of its inputs."""
        inputs = [link for link, row in reversed(self.links.items()) if row["into"] == name]
        if not inputs:
            self.places[name] = float(leaves)
            return leaves + 1
        for below in inputs:
            leaves = self._place(below, leaves)
        self.places[name] = sum(self.places[below] for below in (inputs[0], inputs[-1])) / 2
        return leaves

    def _spot(self, name: str) -> tuple[float, float]:
        """The left edge and the middle of a box."""
        stage = int(self.links[name]["stage"]) if name in self.links else 0
        return self.right - BOX - stage * (BOX + ACROSS), self.base + self.places[name] * (HIGH + BETWEEN)

    def _name(self, good: str) -> str:
        return words.good_name(good, self.result.meta)

    def _state(self, name: str) -> tuple[str, float, float]:
        """Verdict, today's share and needed share."""
        if name in self.links:
            row = self.links[name]
            return row["input_status"], row["input_share_today"], row["input_share"]
        rows = self.result.requirements
        rows = rows[(rows["good"] == name) & (rows["member"] == self.member)]
        found = rows[(rows["cutoff"] == ALL) & (rows["reading"] == "planned")].iloc[0]
        return found["status"], found["share_today"], found["share"]

    def _text(self, x: float, y: float, text: str, size: float, **look: Any) -> None:
        self.axes.text(x, y, text, fontsize=size, **{"color": "black"} | look)

    def _fit(self, text: str, size: float, width: float, most: int, bold: bool = False) -> list[str]:
        """The text on at most so many lines of a width in inches; what does not fit is cut and ends in …"""
        from matplotlib.font_manager import FontProperties

        renderer = self.canvas.get_renderer()  # type: ignore[no-untyped-call]
        font = FontProperties(size=size, weight="bold" if bold else "normal")

        def fits(line: str) -> bool:
            wide, _, _ = renderer.get_text_width_height_descent(line, font, ismath=False)
            return bool(wide <= 0.97 * width * DPI)

        def cut(line: str) -> int:
            ends = range(1, min(len(line), 300) + 1)
            return max(1, bisect_left(ends, True, key=lambda end: not fits(line[:end])))

        rest = _plain(text)
        lines: list[str] = []
        while rest and len(lines) < most:
            end = cut(rest)
            if end < len(rest) and len(lines) == most - 1:
                lines.append(rest[: cut(rest[:end] + "…") - 1].rstrip() + "…")
                break
            if end < len(rest) and " " in rest[: end + 1].strip():
                end = rest[: end + 1].rindex(" ")
            lines.append(rest[:end].strip())
            rest = rest[end:].strip()
        return lines

    def _box(self, name: str) -> None:
        from matplotlib.patches import Rectangle

        x, y = self._spot(name)
        status, today, share = self._state(name)
        weak = name in self.links and self.links[name]["weakest"] == "yes"
        colour = COLOURS.get(status, "#FFFFFF")
        edge: dict[str, Any] = {"edgecolor": "black" if weak else FAINT, "linewidth": 2.8 if weak else 0.8}
        self.axes.add_patch(Rectangle((x, y - HIGH / 2), BOX, HIGH, facecolor=colour, **edge))
        lines = self._fit(self._name(name), NAME, BOX - 0.2, 2, bold=True)
        rows = [(line, NAME, True) for line in lines]
        rows.append((words.today_and_needed(today, share, status), TEXT, False))
        rows.append((status, TEXT, True))
        top = y + sum(size * LINE for _, size, _ in rows) / 2
        for text, size, bold in rows:
            top -= size * LINE / 2
            weight = "bold" if bold else "normal"
            self._text(x + 0.1, top, text, size, va="center", weight=weight)
            if text is rows[-1][0] and weak:
                self._text(x + BOX - 0.1, top, "weakest link", size, va="center", ha="right", weight="bold")
            top -= size * LINE / 2

    def _arrow(self, name: str) -> None:
        from matplotlib.patches import FancyArrowPatch

        row = self.links[name]
        x, y = self._spot(name)
        end_x, end_y = self._spot(row["into"])
        beside = [link for link, other in self.links.items() if other["into"] == row["into"]]
        port = end_y + HIGH * 0.35 * (1 - 2 * (beside.index(name) + 0.5) / len(beside))
        start, bend, near = x + BOX, x + BOX + 0.76 * ACROSS, end_x - 0.2
        if end_y == y:
            port, near = y, start
        line = {"color": "black", "linewidth": 1.2, "linestyle": _stroke(row["essential"])}
        if near > start:
            self.axes.plot([start, bend, near], [y, y, port], solid_capstyle="butt", **line)
        head = "-|>,head_length=5,head_width=2.5"
        tip = FancyArrowPatch((near, port), (end_x, port), arrowstyle=head, shrinkA=0, shrinkB=1, **line)
        self.axes.add_patch(tip)
        middle = (start + bend) / 2
        number = f"{row['input_per_unit']:.3g} {row['recipe_unit']}"
        for n, text in enumerate(reversed(self._fit(number, TEXT, 0.7 * ACROSS, 2))):
            self._text(middle, y + 0.06 + n * TEXT * LINE, text, TEXT, ha="center", va="bottom")
        self._text(middle, y - 0.06, row["recipe_status"], SMALL, ha="center", va="top", style="italic")

    def _head(self) -> list[tuple[float, str, dict[str, Any]]]:
        meta = self.result.meta
        wide = self.width - 2 * EDGE
        title = self._fit(f"{self._name(self.good)}: what goes into it", 12, wide, 2, bold=True)
        year = meta["years"].get(self.good)
        named = "; ".join(str(cutoff["name"]) for cutoff in meta["cutoffs"])
        parts = [
            str(meta["title"]),
            words.member_name(self.member, meta) + (" together" if self.member == ALL else ""),
            *([f"data of {year}"] if year else []),
            f"cutoff: {named}" if len(meta["cutoffs"]) == 1 else f"every cutoff, one at a time: {named}",
        ]
        share = (
            f"Share from the region ({meta['region_name']}) today → least share of a surviving plan; of inputs "
            "once the good's own share is met"
        )
        lines = [(12.0, line, {"weight": "bold", "color": DARK}) for line in title]
        lines += [(TEXT, line, {}) for line in self._fit(" · ".join(parts), TEXT, wide, 3)]
        return lines + [(TEXT, line, {"color": FAINT}) for line in self._fit(share, TEXT, wide, 3)]

    def _foot(self) -> list[tuple[float, str]]:
        meta = self.result.meta
        by_status: dict[str, list[str]] = {}
        for name, row in self.links.items():
            by_status.setdefault(row["recipe_status"], []).append(name.replace("_", " "))
        sure = "; ".join(f"{status} for {', '.join(names)}" for status, names in by_status.items())
        text = (
            f"Source: {meta['case']}, data set {meta['dataset']}. Recipes: recipes.csv of the data set, {sure}. "
            "Shares of demand, or of imports where home production is unknown."
        )
        return [(SMALL, line) for line in self._fit(text, SMALL, self.width - 2 * EDGE, 6)]

    def _legend(self) -> list[tuple[Callable[[float, float], None], Callable[[float, float], None]]]:
        """Lines of the legend: verdicts on the left, lines and borders on the right."""
        from matplotlib.patches import Rectangle

        def patch(colour: str, width: float, text: str) -> Callable[[float, float], None]:
            def draw(x: float, y: float) -> None:
                look: dict[str, Any] = {
                    "facecolor": colour,
                    "edgecolor": "black" if width > 1 else FAINT,
                    "linewidth": width,
                }
                self.axes.add_patch(Rectangle((x, y - 0.06), 0.3, 0.12, **look))
                self._text(x + 0.4, y, text, SMALL, va="center")

            return draw

        def line(essential: str, text: str) -> Callable[[float, float], None]:
            def draw(x: float, y: float) -> None:
                self.axes.plot([x, x + 0.3], [y, y], color="black", linewidth=1.2, linestyle=_stroke(essential))
                self._text(x + 0.4, y, text, SMALL, va="center")

            return draw

        used = {self._state(name)[0] for name in (self.good, *self.links)}
        left = [
            patch(COLOURS[status], 0.8, f"{status}: {STATUS_WORDS[status]}")
            for status in STATUS_WORDS
            if status in used
        ]
        kinds = {row["essential"] for row in self.links.values()}
        right = [line("yes", "essential: the good is not made without it")] if "yes" in kinds else []
        right += [line("no", "the good can be made without it within the crisis")] if "no" in kinds else []
        if any(row["weakest"] == "yes" for row in self.links.values()):
            right.append(patch("#FFFFFF", 2.8, "weakest link: the essential input in the worst state"))
        deep = max(len(left), len(right))

        def none(_x: float, _y: float) -> None:
            """Leaves a place of the shorter column empty."""

        return list(zip(left + [none] * (deep - len(left)), right + [none] * (deep - len(right)), strict=True))


def _stroke(essential: str) -> Any:
    return "-" if essential == "yes" else (0, (4, 2.5))


def _plain(text: object) -> str:
    """On one line, without signs that no file can hold."""
    return " ".join(FORBIDDEN.sub("\ufffd", str(text)).split())
