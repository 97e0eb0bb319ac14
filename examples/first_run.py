"""Load a case, solve it, look at the tables, write a workbook.

Run:  python examples/first_run.py [FOLDER]      the workbook goes to FOLDER, by default the current one
"""

from __future__ import annotations

import sys
from pathlib import Path

import resilience

MODELS = Path(__file__).parent.parent / "models"


def main(folder: Path) -> None:
    """Three goods of the main case, with one assumption changed: stocks of three months in place of two."""
    goods, changed = ["magnets", "tungsten", "magnesium"], "response.stock_months.military=3"
    before = resilience.solve(resilience.load(MODELS / "g7-china.toml", goods=goods), rests=False)
    result = resilience.solve(resilience.load(MODELS / "g7-china.toml", goods=goods, overrides=[changed]))

    # Every table is a DataFrame; keys come first and units stand in the column "unit".
    planned = "cutoff == 'ALL' and reading == 'planned'"
    needed = result.requirements.query(planned)
    print(needed[["good", "member", "share_today", "share", "gap", "status", "month"]].to_string(index=False))

    # What the change does: three months of stock ask for less than the two months of the case.
    together = f"{planned} and member == 'ALL'"
    shares = (
        before.requirements.query(together).set_index("good")["share"].to_frame("two months, as the case says")
    )
    shares["three months, as above"] = needed.query("member == 'ALL'").set_index("good")["share"]
    print(f"\nThe least share of all members together, before and after {changed}:")
    print(shares.map("{:.0%}".format).to_string())

    # How many months does today's sourcing last?
    stress = result.stress.query("cutoff == 'China' and member != 'ALL'")
    print("\nMonths that today's sourcing lasts:")
    print(stress.pivot(index="good", columns="member", values="months_survived").to_string())

    result.to_excel(folder / "first_run.xlsx")
    print("written:", folder / "first_run.xlsx")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path())
