"""Pictures of sanctions and threat: losses by member before and after, threat by member and target."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from resilience.economics.security_words import lacking_channels, of_loss, percent_of_gdp, plain
from resilience.output.pictures import DPI, SMALL, TEXT, save
from resilience.output.workbook import DARK, FAINT
from resilience.words import member_name

WIDTH, ROW, ABOVE, BELOW = 8.6, 0.62, 0.8, 1.05  # inches; ABOVE without the lines of the title
LETTERS, LINE = 8.2, 0.2  # letters of a title to the inch, inches of one of its lines
CELL, LEFT = 0.62, 1.5  # inches of the heat map
CHANNELS = (
    ("imports", "the case's goods", DARK),
    ("other imports", "other imports", "#9DB7D5"),
    ("exports", "exports", "#EE9F55"),
)
PATTERNS = (("before", 0.19, 1.0), ("after", -0.19, 0.55))


def losses_picture(sanctions: pd.DataFrame, path: str | Path, meta: Mapping[str, Any]) -> None:
    """Draw members' losses before and after as .png or .svg; the same table gives the same bytes."""
    save(lambda: _losses(sanctions, meta), path)


def threat_picture(threat: pd.DataFrame, path: str | Path, meta: Mapping[str, Any]) -> None:
    """Draw the threat by member and target as .png or .svg; the same table gives the same bytes."""
    save(lambda: _threat(threat, meta), path)


def _figure(width: float, height: float) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def losing_members(sanctions: pd.DataFrame) -> list[str]:
    """Members from the least loss before the requirement to the largest, in which order bars stand upwards."""
    total = of_loss(sanctions, "before", "all", "total").sort_values(kind="stable", na_position="first")
    return [str(member) for member in total.index]


def paint_losses(axes: Any, sanctions: pd.DataFrame, meta: Mapping[str, Any], text: float, small: float) -> None:
    """Bars of members' losses before and after into axes; ``text`` and ``small`` are sizes in points."""
    members = losing_members(sanctions)
    total = {pattern: of_loss(sanctions, pattern, "all", "total") for pattern, _, _ in PATTERNS}
    longest = 0.0
    for pattern, shift, strength in PATTERNS:
        start = np.zeros(len(members))
        for channel, words, colour in CHANNELS:
            part = 100 * of_loss(sanctions, pattern, "all", channel).reindex(members).fillna(0.0).to_numpy()
            label = words if pattern == "before" else None
            places = np.arange(len(members)) + shift
            axes.barh(places, part, left=start, height=0.34, color=colour, alpha=strength, label=label)
            start = start + part
        goods = of_loss(sanctions, pattern, "all", "imports")
        lacking = lacking_channels(sanctions, pattern)
        for place, (member, end) in enumerate(zip(members, start, strict=True)):
            said = f"{pattern}, goods {percent_of_gdp(goods[member])}"  # often too thin to be seen in the bar
            if member in lacking:
                said = f"{pattern}, unknown: {', '.join(lacking[member])}"
            if pd.isna(total[pattern][member]):
                said = f"{pattern}, unknown"
            axes.text(end, place + shift, f" {said}", fontsize=small - 1, va="center", color=FAINT)
        longest = max(longest, float(start.max(initial=0.0)))
    axes.set_yticks(range(len(members)), [member_name(m, meta) for m in members], fontsize=text)
    axes.tick_params(axis="x", labelsize=small)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.set_xlim(0, 1.3 * longest or 1.0)  # leaves room for the words at the end of the longest bar


def _losses(sanctions: pd.DataFrame, meta: Mapping[str, Any]) -> Any:
    target = ", ".join(meta["countries"].get(code, code) for code in meta["target"])
    title = _lines(f"What sanctions against {target} cost, before and after the requirement", WIDTH)
    tall = ROW * len(losing_members(sanctions))
    height = tall + ABOVE + LINE * len(title) + BELOW
    figure = _figure(WIDTH, height)
    axes = figure.add_axes((1.45 / WIDTH, BELOW / height, (WIDTH - 1.75) / WIDTH, tall / height))
    paint_losses(axes, sanctions, meta, TEXT, SMALL)
    axes.set_xlabel("loss in the first year if all members sanction, % of GDP; at least", fontsize=TEXT)
    _title(figure, title, height)
    axes.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, fontsize=SMALL, frameon=False, borderaxespad=0.3
    )
    _foot(
        figure,
        "Other imports and exports: intermediates only. Substitution and loss of exports are assumed. ",
        meta,
    )
    return figure


def shown_targets(threat: pd.DataFrame) -> list[str]:
    """Targets of which a mean is known for some member."""
    known = threat.loc[threat["geometric"].notna(), "target"]
    return [str(name) for name in dict.fromkeys(threat["target"]) if name in set(known)]


def paint_threat(axes: Any, threat: pd.DataFrame, meta: Mapping[str, Any], text: float, small: float) -> None:
    """Means and ranks by member and target into axes; ``text`` and ``small`` are sizes in points."""
    targets, members = shown_targets(threat), [str(name) for name in dict.fromkeys(threat["member"])]
    cells = threat.set_index(["member", "target"])
    values = np.array([[cells.at[(m, t), "geometric"] for t in targets] for m in members], dtype=float)
    values = values.reshape(len(members), len(targets))
    if len(targets):
        axes.imshow(np.ma.masked_invalid(values), cmap="Oranges", vmin=0.0, vmax=1.0, aspect="auto")
    for row, member in enumerate(members):
        for column, target in enumerate(targets):
            number, rank = values[row, column], cells.at[(member, target), "rank"]
            said = "unknown" if np.isnan(number) else f"{number:.2f}\nrank {rank:.0f}"
            axes.text(column, row, said, ha="center", va="center", fontsize=small)
    axes.set_yticks(range(len(members)), [member_name(m, meta) for m in members], fontsize=text)
    axes.set_xticks(range(len(targets)), [meta["countries"].get(t, t) for t in targets], fontsize=text)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def _threat(threat: pd.DataFrame, meta: Mapping[str, Any]) -> Any:
    targets = shown_targets(threat)
    tall = CELL * threat["member"].nunique()
    wide = max(LEFT + 1.35 * max(len(targets), 1) + 0.3, 6.5)
    height = tall + 1.05 + BELOW
    figure = _figure(wide, height)
    axes = figure.add_axes((LEFT / wide, BELOW / height, (wide - LEFT - 0.3) / wide, tall / height))
    paint_threat(axes, threat, meta, TEXT, SMALL)
    _title(figure, _lines("Threat by member (rows) and target (columns)", wide), height)
    left_out = [name for name in dict.fromkeys(threat["target"]) if name not in targets]
    names = ", ".join(meta["countries"].get(name, name) for name in left_out)
    hidden = f"Not shown, as a factor is not known: {names}. " if left_out else ""
    _foot(figure, f"Geometric mean of four factors, 0 to 1, and rank by member; no probabilities. {hidden}", meta)
    return figure


def _lines(title: str, wide: float) -> list[str]:
    """A title in lines that fit a picture of this many inches."""
    return textwrap.wrap(title, int(LETTERS * wide))


def _title(figure: Any, lines: list[str], height: float) -> None:
    figure.text(0.02, 1 - 0.12 / height, "\n".join(lines), fontsize=12, weight="bold", color=DARK, va="top")


def _foot(figure: Any, text: str, meta: Mapping[str, Any]) -> None:
    text += (
        f"{meta['title']} (case {meta['case']}); source: data set {meta['dataset']}, the latest data up to "
        f"{meta['year']}; resilience {meta['versions']['resilience']}."
    )
    lines = textwrap.wrap(text, int(figure.get_figwidth() * 15))
    height = figure.get_figheight()
    figure.text(0.02, 0.08 / height, "\n".join(lines), fontsize=SMALL, color=FAINT, va="bottom")


def losses_in_words(sanctions: pd.DataFrame, meta: Mapping[str, Any]) -> str:
    """The picture of losses in a sentence, for those who do not see it."""
    before, after = (of_loss(sanctions, pattern, "all", "total") for pattern in ("before", "after"))
    goods = [of_loss(sanctions, pattern, "all", "imports") for pattern in ("before", "after")]
    parts = [
        f"{member_name(m, meta)} {percent_of_gdp(before[m])} before, {percent_of_gdp(after[m])} after, of this "
        f"the case's goods {percent_of_gdp(goods[0][m])} and {percent_of_gdp(goods[1][m])}"
        for m in before.index
    ]
    return f"Losses in parts of GDP: {'; '.join(parts)}."


def threat_in_words(threat: pd.DataFrame, meta: Mapping[str, Any]) -> str:
    """The picture of threat in a sentence, for those who do not see it."""
    names = meta["countries"]
    parts = [
        f"{member_name(row.member, meta)} from {names.get(row.target, row.target)} {plain(row.geometric)}"
        for row in threat[threat["geometric"].notna()].itertuples()
    ]
    return f"Geometric means: {'; '.join(parts)}."
