"""``resilience tiers``: how partners score, and what each tier or grouping would add to the region."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resilience.command_sanctions import finish
from resilience.terminal import Progress, add_case_arguments, check_target, console_of, load_case

if TYPE_CHECKING:
    from resilience.security import Security

EPILOG = """\
examples:
  resilience tiers models/g7-china.toml --goods magnets,tungsten
      scores of partners, and what each tier and grouping changes for two goods
  resilience tiers models/g7-china.toml --set 'partners.groupings=["EU", "Five Eyes"]' --out tiers.xlsx
      the preset tiers and two groupings; every good is solved once for each, so all goods take long

exit status: 0 computed, 2 bad input, 3 the solver did not answer "optimal"
"""


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "tiers",
        help="how partners score, and what each tier or grouping adds",
        description="Scores countries by the case's criteria; adds each tier and grouping to the region: what\n"
        "changes in requirement, new capacity, purchases to be moved and even footing.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "--out", metavar="PATH", type=Path, help="NAME.xlsx, NAME.json, or a folder for CSV files"
    )
    add_case_arguments(command)


def run(options: argparse.Namespace) -> int:
    """Print scores and differences and write the table."""
    from resilience.partner_tiers import tiers_in
    from resilience.security import tiers

    check_target(options.out)
    case = load_case(options)
    with Progress(console_of(sys.stderr), len(tiers_in(case)) + 1, options.quiet) as advance:
        found = tiers(case, progress=advance)
    return finish(found, options, _print)


def _print(found: Security) -> None:
    from rich import box
    from rich.table import Table

    from resilience.burden_words import money
    from resilience.schema import ALL
    from resilience.security_words import plain
    from resilience.words import percent

    console = console_of(sys.stdout)
    whole = Table(title=f"{found.meta['title']} – what a grouping adds", box=box.SIMPLE, title_justify="left")
    scores = Table(title="Scores", box=box.SIMPLE, title_justify="left")
    whole.add_column("grouping")
    for name in ("credit", "mean gap", "better", "worse", "new capacity", "moved purchases", "Gini"):
        whole.add_column(name, justify="right")
    for name in ("tier", "country"):
        scores.add_column(name)
    for name in ("score", "alignment", "independence", "proximity", "supply"):
        scores.add_column(name, justify="right")
    scores.add_column("what it would need")
    names = found.meta["countries"]
    for row in found.tiers.itertuples():
        if row.country == ALL:
            points = "–" if row.better != row.better else f"{100 * row.adds_to_requirement:+.2f} points"
            counts = ("–", "–") if row.better != row.better else (f"{row.better:.0f}", f"{row.worse:.0f}")
            usd = money(row.adds_to_capacity_usd), money(row.adds_to_moved_usd)
            spread = "–" if row.adds_to_gini != row.adds_to_gini else f"{row.adds_to_gini:+.4f}"
            whole.add_row(row.grouping, percent(row.credit), points, *counts, *usd, spread)
        else:
            values = (row.score, row.alignment, row.independence, row.proximity, row.supply)
            scores.add_row(row.grouping, names[row.country], *map(plain, values), row.gap_text)
    console.print(whole)
    console.print(scores)
