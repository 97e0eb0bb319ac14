"""``resilience tiers``: how partners score, and what each tier or grouping would add to the region."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING, Any

from resilience.commands.questions import add_question, case_of, show
from resilience.commands.terminal import Progress, console_of, default_workers

if TYPE_CHECKING:
    from resilience.economics.security import Security

EPILOG = """\
examples:
  resilience tiers models/g7-china.toml --goods magnets,tungsten
      scores of partners, and what each tier and grouping changes for two goods
  resilience tiers models/g7-china.toml --set 'partners.groupings=["EU", "Five Eyes"]' --out tiers.xlsx
      the preset tiers and two groupings

Without --goods all goods that do not survive as they are bought today are solved once for each tier and grouping:
for the goods of g7-china.toml that takes many minutes. After the case as written a line says how long at most.

exit status: 0 computed, 2 bad input, 3 the solver did not answer "optimal"
"""


def add(commands: Any) -> None:
    """Declare the command."""
    command = add_question(
        commands,
        "tiers",
        pictured=False,
        short="how partners score, and what each tier or grouping adds",
        description="Scores countries by the case's criteria; adds each tier and grouping to the region: what\n"
        "changes in requirement, new capacity, purchases to be moved, yearly cost and even footing.",
        epilog=EPILOG,
    )
    command.add_argument(
        "--every-good",
        action="store_true",
        help="solve goods anew that survive as they are bought today, too (default: they stay as they are)",
    )


def run(options: argparse.Namespace) -> int:
    """Print scores and differences and write the table."""
    from resilience.economics.partner_tiers import tiers_in
    from resilience.economics.security import tiers

    case = case_of(options, pictured=False)
    workers = options.workers or default_workers(case, len(tiers_in(case)))
    console, start = console_of(sys.stderr), time.monotonic()
    with Progress(console, len(tiers_in(case)) + 1, options.quiet, what="regions") as advance:

        def report(name: str, done: int, total: int) -> None:
            advance(name, done, total)
            if done == 1 and total > 1 and not options.quiet:
                console.print(_how_long(time.monotonic() - start, total - 1, workers), highlight=False)

        found = tiers(case, every_good=options.every_good, workers=workers, progress=report)
    return show(found, options, _print)


def _how_long(seconds: float, regions: int, workers: int) -> str:
    """What is to come, from how long the case as written took."""
    rest = seconds * -(-regions // workers)
    length = f"{rest / 60:.0f} minutes" if rest > 90 else f"{rest:.0f} seconds"
    return f"{regions} larger regions to solve, at most about {length}; --goods A,B makes it shorter"


def _print(found: Security) -> None:
    from rich import box
    from rich.table import Table

    from resilience.economics.burden_words import money
    from resilience.economics.security_words import change, plain
    from resilience.schema import ALL
    from resilience.words import percent

    console = console_of(sys.stdout)
    whole = Table(title=f"{found.meta['title']} – what a grouping adds", box=box.SIMPLE, title_justify="left")
    title = "Scores: a formula of the case's criteria, no judgement of alliance"
    scores = Table(title=title, box=box.SIMPLE, title_justify="left")
    whole.add_column("grouping")
    for name in (
        "credit",
        "mean gap",
        "better",
        "worse",
        "new capacity",
        "moved purchases",
        "yearly cost",
        "Gini",
    ):
        whole.add_column(name, justify="right")
    for name in ("tier", "country"):
        scores.add_column(name)
    for name in ("score", "alignment", "independence", "proximity", "supply"):
        scores.add_column(name, justify="right")
    scores.add_column("what it would need")
    names = found.meta["countries"]
    for row in found.tiers.itertuples():
        if row.country == ALL:
            points = "–" if row.better != row.better else f"{change(100 * row.adds_to_requirement, '+.2f')} points"
            counts = ("–", "–") if row.better != row.better else (f"{row.better:.0f}", f"{row.worse:.0f}")
            usd = money(row.adds_to_capacity_usd), money(row.adds_to_moved_usd), money(row.adds_to_cost_usd)
            whole.add_row(
                row.grouping, percent(row.credit), points, *counts, *usd, change(row.adds_to_gini, "+.4f")
            )
        else:
            values = (row.score, row.alignment, row.independence, row.proximity, row.supply)
            scores.add_row(row.grouping, names[row.country], *map(plain, values), row.gap_text)
    console.print(whole)
    console.print(scores)
