"""The picture of the burden: what each member bears over its GDP, before and after sharing (needs matplotlib)."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from resilience import words
from resilience.economics.burden_words import at_least
from resilience.economics.costs import UNKNOWN
from resilience.output.pictures import DPI, SMALL, TEXT, save
from resilience.output.workbook import DARK, FAINT
from resilience.schema import ALL

WIDTH, ROW, ABOVE, BELOW = 8.6, 0.62, 0.95, 1.0  # inches
BARS = (
    ("cheapest_gdp_share", "before: the plans of least total cost", "#9DB7D5"),
    ("fair_gdp_share", "fair plans: the largest burden as small as can be", DARK),
    ("after_gdp_share", "the cheapest plans after transfers that keep all within that", "#EE9F55"),
)


def burden_picture(sharing: pd.DataFrame, path: str | Path, meta: Mapping[str, Any]) -> None:
    """Draw the table ``sharing`` as .png or .svg; the same table gives the same bytes."""
    save(lambda: draw(sharing, meta), path)


def draw(sharing: pd.DataFrame, meta: Mapping[str, Any]) -> Any:
    """The figure: members by burden, three bars each, and the burden of all together."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = sharing[sharing["member"] != ALL].sort_values("cheapest_gdp_share", kind="stable", na_position="first")
    everyone = sharing[sharing["member"] == ALL].iloc[0]
    height = ROW * len(rows) + ABOVE + BELOW
    figure = Figure(figsize=(WIDTH, height), dpi=DPI)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((1.35 / WIDTH, BELOW / height, (WIDTH - 1.6) / WIDTH, ROW * len(rows) / height))
    for n, (column, label, colour) in enumerate(BARS):
        if rows[column].isna().all():
            continue
        places = [row + 0.24 * (1 - n) for row in range(len(rows))]
        axes.barh(places, (1e6 * rows[column]).fillna(0.0), height=0.22, color=colour, label=label)
    for place, row in enumerate(rows.itertuples()):
        if pd.isna(row.cheapest_gdp_share):
            axes.text(0, place, " unknown", fontsize=SMALL, va="center", color=FAINT)
            continue
        for n, (column, _, _) in enumerate(BARS):
            part = getattr(row, column)
            if row.status == UNKNOWN and pd.notna(part):
                at = place + 0.24 * (1 - n)
                axes.text(1e6 * part, at, " or more", fontsize=SMALL - 1, va="center", color=FAINT)
    mean = 1e6 * everyone["cheapest_gdp_share"]
    if pd.notna(mean):
        label = "all members together, cheapest plans"
        axes.axvline(mean, color="black", linewidth=1.0, linestyle=(0, (4, 3)), label=label)
    axes.set_yticks(range(len(rows)), [words.member_name(m, meta) for m in rows["member"]], fontsize=TEXT)
    axes.set_xlabel("USD a year per million USD of GDP", fontsize=TEXT)
    axes.tick_params(axis="x", labelsize=SMALL)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.margins(x=0.1)  # room for what stands behind the longest bar
    axes.set_xlim(left=0)
    title = "The burden of the requirement by member, before and after sharing"
    figure.text(0.02, 1 - 0.12 / height, title, fontsize=12, weight="bold", color=DARK, va="top")
    axes.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, fontsize=SMALL, frameon=False, borderaxespad=0.3
    )
    figure.text(0.02, 0.08 / height, "\n".join(_foot(everyone, meta)), fontsize=SMALL, color=FAINT, va="bottom")
    return figure


def _foot(everyone: pd.Series, meta: Mapping[str, Any]) -> list[str]:
    fairness = everyone["price_of_fairness"]
    said = [f"{everyone['note'].capitalize()}."] if everyone["note"] else []
    if pd.isna(everyone["transfer_usd"]):
        said.append("Transfers are unknown.")
    if pd.notna(fairness):
        said.append(f"Price of fairness {words.percent(fairness, 1)} of the least total.")
    text = (
        f"{' '.join(said)} {meta['title']} (case {meta['case']}), region {meta['region_name']}; source: data set "
        f"{meta['dataset']}, the latest data up to {meta['year']}; resilience {meta['versions']['resilience']}."
    )
    return textwrap.wrap(text, 135)


def picture_in_words(sharing: pd.DataFrame, meta: Mapping[str, Any]) -> str:
    """The picture in a sentence, for those who do not see it."""
    rows = sharing[sharing["member"] != ALL].sort_values("cheapest_gdp_share", ascending=False, kind="stable")
    parts = []
    for row in rows.itertuples():
        shown = [
            "unknown" if pd.isna(part) else at_least(row.status, f"{1e6 * part:.3g}")
            for part in (row.cheapest_gdp_share, row.fair_gdp_share, row.after_gdp_share)
        ]
        parts.append(f"{words.member_name(row.member, meta)} {', '.join(shown)}")
    return f"USD per million USD of GDP before, in fair plans and after transfers: {'; '.join(parts)}."
