"""The picture of a frontier: least share against one number of the case (needs matplotlib)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from resilience import words
from resilience.inputs import factor_words
from resilience.output.pictures import SMALL, TEXT, save
from resilience.output.workbook import DARK, FAINT
from resilience.studies.frontier_words import title
from resilience.studies.frontiers import EXACT, STEP
from resilience.studies.pictures import Page, beside, upright
from resilience.studies.tables import KEY

HEIGHT = 3.6  # inches of the drawing
KINDS = {
    EXACT: "Dots are corners; between them the share runs straight, exactly.",
    STEP: "One dot a whole number.",
}
SOLVED_WORDS = "Dots are solved points, so close that the line between them is right to a thousandth."


def frontier_picture(
    table: pd.DataFrame,
    path: str | Path,
    meta: Mapping[str, Any],
    *,
    how: str = "set",
    target: float | None = None,
    written: float | None = None,
) -> None:
    """Draw the table ``frontier`` of one good as .png or .svg; the same table gives the same bytes.

    ``written`` is where the case as written stands on the axis, ``target`` a share to mark.
    """
    save(lambda: _draw(table, meta, how, target, written), path)


def _draw(
    table: pd.DataFrame, meta: Mapping[str, Any], how: str, target: float | None, written: float | None
) -> Any:
    key = {name: str(table.iloc[0][name]) for name in KEY}
    page = Page(title(table), key, meta, HEIGHT + 0.75, dots(table))
    curve(page.axes(0.75, 0.6, 7.2, HEIGHT), table, how, target, written)
    return page.figure


def dots(table: pd.DataFrame) -> str:
    """What the dots of a frontier are."""
    return KINDS.get(str(table.iloc[0]["kind"]), SOLVED_WORDS)


def curve(axes: Any, table: pd.DataFrame, how: str, target: float | None, written: float | None) -> None:
    """The curve, today's share and the target on some axes; names of levels stand to the right of them."""
    first = table.iloc[0]
    parameter, kind = str(first["parameter"]), str(first["kind"])
    scale, _ = factor_words.shown(parameter, how)
    value = scale * table["value"].to_numpy(dtype=float)
    share = table["share"].to_numpy(dtype=float)
    none = (table["status"] == "none").to_numpy()
    low, high = value.min(), value.max()
    if kind == STEP:
        axes.step(value, share, where="mid", color=DARK, linewidth=1.6, zorder=3)
    else:
        axes.plot(value, share, color=DARK, linewidth=1.6, zorder=3)
    axes.plot(value[~none], share[~none], "o", color=DARK, markersize=5, zorder=4, clip_on=False)
    _shade(axes, value, none, kind)
    _across(axes, float(first["share_today"]), "today", (0, (5, 3)), FAINT)
    if target is not None:
        _across(axes, target, "target", (0, (1, 2)), "#CC6A2E")
    if written is not None and low <= scale * written <= high:
        text = f"the case: {factor_words.value_text(parameter, written, how)}"
        left = scale * written > (low + high) / 2
        upright(axes, scale * written, text, "-", "black", 2, left, width=0.9)
    known = [*share[~none], float(first["share_today"]), *([] if target is None else [target])]
    top = max(number for number in [*known, 0.1] if not math.isnan(number))
    axes.set_ylim(0.0, min(1.0, 1.12 * top) if top < 1 else 1.0)
    pad = 0.5 if kind == STEP else 0.0
    axes.set_xlim(low - pad, high + pad)
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.yaxis.set_major_formatter(FuncFormatter(lambda part, _: f"{100 * part:.3g} %"))
    if kind == STEP:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color="#E5E5E5", linewidth=0.6)
    axes.set_axisbelow(True)
    _, after = factor_words.shown(parameter, how)
    measured = {" %": "%", ". month": "month"}.get(after, after.strip())
    name = factor_words.label(parameter)
    axes.set_xlabel(f"{name}, {measured}" if measured else name, fontsize=TEXT)
    axes.set_ylabel("least share from the region", fontsize=TEXT)


def _shade(axes: Any, value: np.ndarray, none: np.ndarray, kind: str) -> None:
    """Hatch where no share suffices: between neighbours that both have none, up to where one has a share."""
    edges = np.concatenate([value[:1], (value[1:] + value[:-1]) / 2, value[-1:]])
    if kind == STEP:
        edges[0], edges[-1] = value[0] - 0.5, value[-1] + 0.5
    number = 0
    while number < len(none):
        last = number
        while last + 1 < len(none) and none[last + 1] == none[number]:
            last += 1
        if none[number]:
            start, stop = edges[number], edges[last + 1]
            if kind == EXACT:  # a frontier of corners has its share up to the very edge
                start = value[number - 1] if number else value[0]
                stop = value[last + 1] if last + 1 < len(none) else value[-1]
            axes.axvspan(
                start, stop, facecolor="#F0F0F0", edgecolor="#BFBFBF", hatch="////", linewidth=0, zorder=0
            )
            axes.text(
                (start + stop) / 2,
                0.5,
                "no share suffices",
                transform=axes.get_xaxis_transform(),
                rotation=90,
                ha="center",
                va="center",
                fontsize=SMALL,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
            )
        number = last + 1


def _across(axes: Any, share: float, name: str, style: Any, colour: str) -> None:
    """A level with its name at the right."""
    if math.isnan(share):
        return
    axes.axhline(share, color=colour, linewidth=1.2, linestyle=style, zorder=2)
    beside(axes, share, f"{name}: {words.percent(share)}", 4, colour)
