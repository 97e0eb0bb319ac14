"""``resilience burden``: what the requirement costs each member, who should bear it, and what else would do."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from resilience.commands.questions import add_question, case_of, show
from resilience.commands.terminal import Progress, console_of, default_workers

if TYPE_CHECKING:
    from resilience.economics.burden import Burden

EPILOG = """\
examples:
  resilience burden models/g7-china.toml
      what it costs, who bears it, what evens it out
  resilience burden models/g7-china.toml --out burden.xlsx
      the workbook with picture; .json, a folder (CSV files), or .png and .svg for the picture alone
  resilience burden models/g7-china.toml --set burden.capacity_times_value=4 --set burden.region_premium=0.3
      plants twice as dear, and the region's goods 30 % dearer where only values are known

exit status: 0 computed, 2 bad input, 3 the solver did not answer "optimal"
"""


def add(commands: Any) -> None:
    """Declare the command."""
    add_question(
        commands,
        "burden",
        short="what the requirement costs each member, and how to share it",
        description="Costs the plans of a case (purchases, freight, capacity, stocks), finds the cheapest and\n"
        "the fairest, the transfers between members, and the cheapest mix of stocks and shares. A member\n"
        "rides free in a good if it survives as it buys today and pays nothing while others pay.",
        epilog=EPILOG,
    )


def run(options: argparse.Namespace) -> int:
    """Print who bears what, and write the tables."""
    from resilience.economics.burden import burden

    case = case_of(options)
    what, rounds = "goods, solved and costed", 2 + len(case.file.compare)
    bar = Progress(console_of(sys.stderr), len(case.goods), options.quiet, what=what, rounds=rounds)
    with bar as advance:
        found = burden(case, workers=options.workers or default_workers(case), progress=advance)
    return show(found, options, _print)


def _print(found: Burden) -> None:
    from rich import box
    from rich.table import Table

    from resilience.economics.burden_words import bound, money
    from resilience.words import member_name

    console = console_of(sys.stdout)
    table = Table(
        title=f"{found.meta['title']} – burden a year, USD per million USD of GDP",
        box=box.SIMPLE,
        title_justify="left",
    )
    table.add_column("member")
    for name in ("cheapest plans", "", "fair plans", "", "transfer", "after it", "equal shares: transfer"):
        table.add_column(name, justify="right")
    for row in found.sharing.itertuples():
        table.add_row(
            member_name(row.member, found.meta),
            bound(row.cheapest_usd, row.status),
            _part(row.cheapest_gdp_share),
            bound(row.fair_usd, row.status),
            _part(row.fair_gdp_share),
            money(row.transfer_usd),
            _part(row.after_gdp_share),
            money(row.equal_transfer_usd),
        )
    console.print(table)
    console.print("Transfers: positive gets, negative gives.", style="dim", highlight=False)


def _part(share: float) -> str:
    """A part of GDP in millionths; an en dash where it is unknown."""
    return "–" if share != share else f"{1e6 * share:.2f}"
