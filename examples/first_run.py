"""Load a case, solve it, look at the tables, write a workbook.

Run:  python examples/first_run.py [FOLDER]      the workbook goes to FOLDER, by default the current one
"""

from __future__ import annotations

import sys
from pathlib import Path

import resilience

MODELS = Path(__file__).parent.parent / "models"


def main(folder: Path) -> None:
    """Three goods of the main case, with one assumption changed."""
    case = resilience.load(
        MODELS / "g7-china.toml",
        goods=["magnets", "tungsten", "magnesium"],
        overrides=["response.stock_months.military=3"],
    )
    result = resilience.solve(case)

    # Every table is a DataFrame; keys come first and units stand in the column "unit".
    needed = result.requirements.query("cutoff == 'ALL' and reading == 'planned'")
    print(needed[["good", "member", "share_today", "share", "gap", "status", "month"]].to_string(index=False))

    # How long does today's sourcing last?
    stress = result.stress.query("cutoff == 'China' and member != 'ALL'")
    print(stress.pivot(index="good", columns="member", values="months_survived").to_string())

    result.to_excel(folder / "first_run.xlsx")
    print("written:", folder / "first_run.xlsx")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path())
