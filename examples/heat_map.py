"""Draw good × member of a case as a heat map (needs matplotlib: pip install "resilience[plot]").

Run:  python examples/heat_map.py [CASE] [PICTURE]
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd

import resilience

try:
    import matplotlib as mpl
    from matplotlib.figure import Figure
except ImportError:
    sys.exit('this example needs matplotlib: python -m pip install ".[plot]"')

MODELS = Path(__file__).parent.parent / "models"
WORDS = {"met": "", "shift": "shift", "none": "none", "unknown": "?"}


def short(label: str) -> str:
    """The label without its explanation in brackets, cut at a word."""
    return textwrap.shorten(label.partition(" (")[0], 44, placeholder=" …")


def draw(result: resilience.Result) -> Figure:
    """Colour is the share that is needed above today's; the cell says from where to where, or the verdict."""
    rows = result.requirements.query("cutoff == 'ALL' and reading == 'planned'")
    goods, members = list(dict.fromkeys(rows["good"])), [*result.meta["members"], "ALL"]
    table = rows.set_index(["good", "member"])
    gaps = np.array([[table.loc[(good, member), "gap"] for member in members] for good in goods], dtype=float)
    figure = Figure(figsize=(10, 0.235 * len(goods) + 1.6), layout="constrained")
    axes = figure.add_subplot()
    picture = axes.imshow(100 * gaps, cmap=mpl.colormaps["Blues"], vmin=0, vmax=80, aspect="auto")
    axes.set_xticks(np.arange(len(members)) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(goods)) - 0.5, minor=True)
    axes.grid(which="minor", color="0.85", linewidth=0.5)
    for y, good in enumerate(goods):
        for x, member in enumerate(members):
            row = table.loc[(good, member)]
            text = WORDS.get(row["status"], "")
            if row["status"] in ("raise", "build"):
                text = f"{100 * row['share_today']:.0f} → {100 * row['share']:.0f} %"
            dark = not pd.isna(row["gap"]) and row["gap"] > 0.35
            axes.text(x, y, text, ha="center", va="center", fontsize=7, color="white" if dark else "black")
    names = [result.meta["members"].get(member, "All together") for member in members]
    axes.set_xticks(range(len(members)), names, fontsize=8)
    axes.set_yticks(range(len(goods)), [short(result.meta["labels"][good]) for good in goods], fontsize=7.5)
    axes.xaxis.tick_top()
    axes.tick_params(which="both", length=0)
    bar = figure.colorbar(picture, ax=axes, shrink=0.5, pad=0.01)
    bar.set_label("points by which the regional share must rise", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    figure.suptitle(
        f"{result.meta['title']}: regional share today → least share of a surviving plan\n"
        "blank: survives as it is · shift: share is enough, suppliers must change · none: no share suffices"
        " · ?: unknown",
        fontsize=9,
    )
    years = ", ".join(str(year) for year in sorted(set(result.meta["years"].values())))
    axes.set_xlabel(
        f"Share of demand, or of imports where home production is unknown. Data of {years}, "
        "data/trade_flows/SOURCES.md; assumptions of the case file.",
        fontsize=7,
        loc="left",
    )
    return figure


def main(case: Path, picture: Path) -> None:
    """Solve the case and save the picture; the suffix decides the format."""
    draw(resilience.solve(resilience.load(case), rests=False)).savefig(picture, dpi=170)
    print("written:", picture)


if __name__ == "__main__":
    main(
        Path(sys.argv[1]) if len(sys.argv) > 1 else MODELS / "g7-china.toml",
        Path(sys.argv[2]) if len(sys.argv) > 2 else Path("heat_map.png"),
    )
