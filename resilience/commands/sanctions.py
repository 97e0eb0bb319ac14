"""``resilience sanctions``: what sanctions cost each member before and after the requirement, and who joins."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from resilience.commands.questions import add_question, case_of, show
from resilience.commands.terminal import add_list, console_of, default_workers, progress_of, split

if TYPE_CHECKING:
    from resilience.economics.security import Security

EPILOG = """\
examples:
  resilience sanctions models/g7-china.toml --target CHN
      losses by member before and after, how even they are, and break-even stakes
  resilience sanctions models/g7-china-burden.toml --burden --out sanctions.xlsx
      with the yearly cost of the requirement, so that the break-even probability is known
  resilience sanctions models/g7-china.toml --set sanctions.stake=0.5 --set sanctions.substitution=0.2
      other judgements; --out NAME.png or NAME.svg draws the losses

exit status: 0 computed, 2 bad input, 3 the solver did not answer "optimal"
"""


def add(commands: Any) -> None:
    """Declare the command."""
    command = add_question(
        commands,
        "sanctions",
        short="what sanctions against a target cost each member, and who would take part",
        description="Members stop trading with a target: what each loses before and after the requirement, how\n"
        "evenly, what the target loses, which stakes make members join, and which coalitions hold.",
        epilog=EPILOG,
    )
    add_list(command, "--target", "countries or coalitions (default: the case's, else those its cutoffs name)")
    command.add_argument(
        "--burden", action="store_true", help="work out the yearly cost of the requirement as well; takes longer"
    )


def run(options: argparse.Namespace) -> int:
    """Print losses by member and write the tables."""
    from resilience.calculator import solve
    from resilience.economics.burden import burden
    from resilience.economics.sanction_losses import target_of
    from resilience.economics.security import sanctions

    case = case_of(options)
    target = split(options.target) or None
    target_of(case, target)  # a wrong name is said before the work is done
    with progress_of(case, options) as advance:
        workers = options.workers or default_workers(case)
        result = solve(case, workers=workers, progress=advance, rests=False)
        cost = burden(case, result) if options.burden else None
        found = sanctions(case, target, result=result, burden=cost)
    return show(found, options, _print)


def _print(found: Security) -> None:
    from rich import box
    from rich.table import Table

    from resilience.economics.sanction_losses import EXPORTS, IMPORTS, OTHER, PATTERNS, TOTAL
    from resilience.economics.security_words import of_loss, percent_of_gdp, plain
    from resilience.words import member_name

    names = found.meta["countries"]
    target = ", ".join(names[code] for code in found.meta["target"])
    table = Table(
        title=f"{found.meta['title']} – sanctions against {target}: yearly loss if all sanction, part of GDP",
        box=box.SIMPLE,
        title_justify="left",
    )
    table.add_column("member")
    for name in (
        "the case's goods before",
        "after",
        "other imports",
        "exports",
        "total before",
        "after",
        "alone, after",
        "break-even stake before",
        "after",
    ):
        table.add_column(name, justify="right")
    rows, stakes = found.sanctions, found.participation.set_index(["member", "pattern"])["break_even_stake"]
    for member in found.meta["members"]:

        def loss(pattern: str, channel: str, scenario: str = "all", member: str = member) -> str:
            return percent_of_gdp(of_loss(rows, pattern, scenario, channel)[member])

        before, after = PATTERNS
        table.add_row(
            member_name(member, found.meta),
            loss(before, IMPORTS),
            loss(after, IMPORTS),
            loss(before, OTHER),
            loss(before, EXPORTS),
            loss(before, TOTAL),
            loss(after, TOTAL),
            loss(after, TOTAL, "alone"),
            plain(stakes[member, before]),
            plain(stakes[member, after]),
        )
    console_of(sys.stdout).print(table)
