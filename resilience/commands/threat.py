"""``resilience threat``: how much each member has to fear from each target, in ranks."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from resilience.commands.questions import add_question, case_of, show
from resilience.commands.terminal import console_of

if TYPE_CHECKING:
    from resilience.economics.security import Security

EPILOG = """\
examples:
  resilience threat models/g7-china.toml
      four factors, two means and ranks by member and target
  resilience threat models/g7-china.toml --set threat.weights.hostility=2 --set threat.distance_km=2000
      other weights; --out NAME.xlsx, .json, a folder, or NAME.png, NAME.svg for the picture

exit status: 0 computed, 2 bad input
"""


def add(commands: Any) -> None:
    """Declare the command."""
    add_question(
        commands,
        "threat",
        workers=False,
        short="how much each member has to fear from each target, in ranks",
        description="Economic power, military capability, proximity and hostility of each target to each member,\n"
        "their means, ranks, and how far members differ. No probabilities.",
        epilog=EPILOG,
    )


def run(options: argparse.Namespace) -> int:
    """Print the means and ranks and write the tables."""
    from resilience.economics.security import threat

    return show(threat(case_of(options)), options, _print)


def _print(found: Security) -> None:
    from rich import box
    from rich.table import Table

    from resilience.economics.security_words import plain
    from resilience.words import member_name

    table = Table(title=f"{found.meta['title']} – threat", box=box.SIMPLE, title_justify="left")
    for name in ("member", "target"):
        table.add_column(name)
    for name in ("economy", "military", "proximity", "hostility", "geometric", "arithmetic", "rank"):
        table.add_column(name, justify="right")
    table.add_column("missing")
    for row in found.threat.itertuples():
        values = (row.economy, row.military, row.proximity, row.hostility, row.geometric, row.arithmetic)
        rank = "–" if row.rank != row.rank else f"{row.rank:.0f}"
        names = member_name(row.member, found.meta), found.meta["countries"][row.target]
        table.add_row(*names, *map(plain, values), rank, row.missing or "")
    console_of(sys.stdout).print(table)
