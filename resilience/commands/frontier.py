"""``resilience frontier``: the least share of one good as one number of the case moves."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resilience.commands.terminal import (
    SOLVED,
    add_case_arguments,
    add_command,
    add_out,
    console_of,
    decimal,
    load_case,
    save,
)

if TYPE_CHECKING:
    import pandas as pd

MOST_CORNERS = 24

EPILOG = """\
examples:
  resilience frontier models/g7-china.toml --good magnets --over response.stock_months --from 0 --to 8
      how much stock brings the share down to today's
  resilience frontier models/g7-china.toml --good magnets --over survival.months --from 3 --to 24 --target 0.3
      how long the region holds out with 30 %
  resilience frontier models/g7-china.toml --good magnesium --over response.spare --how times --from 0 --to 3 \\
      --out spare.png
      the picture, with corners as dots

exit status: 0 computed (also where no share suffices), 2 bad input, 3 the solver did not answer "optimal"
"""


def add(commands: Any) -> None:
    """Declare the command."""
    command = add_command(
        commands,
        "frontier",
        short="the least share of one good as one number of the case moves",
        description="Moves one number of a case through a range and prints the least share of one good at every\n"
        "corner of the curve, and where it crosses today's share and a target.",
        epilog=EPILOG,
    )
    command.add_argument("--good", metavar="NAME", required=True, help="short name of the good")
    command.add_argument(
        "--over", metavar="KEY", required=True, help="the number that moves, for example response.stock_months"
    )
    command.add_argument("--from", metavar="X", type=decimal, required=True, dest="low", help="its lowest value")
    command.add_argument("--to", metavar="X", type=decimal, required=True, dest="high", help="its highest value")
    command.add_argument(
        "--how",
        choices=("set", "times", "plus"),
        default="set",
        help="whether values are put into the case (default), multiply what is there, or are added to it",
    )
    command.add_argument(
        "--member", metavar="CODE", default="ALL", help="whose share (default: all members together)"
    )
    command.add_argument(
        "--cutoff", metavar="NAME", default="ALL", help="under which cutoff (default: all of them, one at a time)"
    )
    command.add_argument(
        "--reading", choices=("planned", "market", "guaranteed"), default="planned", help="default: planned"
    )
    command.add_argument("--target", metavar="X", type=decimal, help="a share to be crossed, 0.6 for 60 %%")
    add_out(command, "NAME.csv the table, NAME.png or NAME.svg the picture, or NAME.xlsx")
    add_case_arguments(command)


def run(options: argparse.Namespace) -> int:
    """Print the corners of the curve."""
    from resilience.errors import Finding, InputError
    from resilience.studies.frontier_output import FRONTIER_SUFFIXES, frontier_meta, write_frontier
    from resilience.studies.frontiers import frontier

    if options.target is not None and not 0 <= options.target <= 1:
        raise InputError([Finding("error", "--target", None, None, "name a share between 0 and 1, 0.6 for 60 %")])
    out: Path | None = options.out
    if out is not None and (out.suffix.lower() not in FRONTIER_SUFFIXES or out.is_dir()):
        message = f"name a file that ends in {', '.join(FRONTIER_SUFFIXES)}"
        raise InputError([Finding("error", str(out), None, None, message)])
    case = load_case(options)
    others = (
        [good for good in case.family(options.good) if good != options.good] if options.good in case.goods else []
    )
    if others and not options.quiet:
        print(
            f"{options.good} is solved together with {', '.join(others)}, which takes longer; "
            "--set response.chains=false leaves them out",
            file=sys.stderr,
        )
    table = frontier(
        case,
        options.good,
        options.over,
        options.low,
        options.high,
        member=options.member,
        cutoff=options.cutoff,
        reading=options.reading,
        how=options.how,
    )
    meta = frontier_meta(case, table, how=options.how, target=options.target)
    if not options.quiet:
        _print_frontier(table, meta)
    return SOLVED if out is None else save(out, lambda: write_frontier(table, meta, out), options.quiet)


def _print_frontier(table: pd.DataFrame, meta: Mapping[str, Any]) -> None:
    from rich import box
    from rich.table import Table

    from resilience.studies.frontier_words import shown_rows, title, value_words
    from resilience.studies.tables import whose
    from resilience.words import percent

    how, first = meta["how"], table.iloc[0]
    printed = Table(box=box.SIMPLE)
    for name in ("value", "least share", "verdict", "what it is"):
        printed.add_column(name, justify="right" if name == "least share" else "left")
    rows = shown_rows(table)
    shown = rows if len(rows) <= MOST_CORNERS else rows[:: -(-len(rows) // MOST_CORNERS)]
    for row in shown:
        share = percent(row["share"], 1)
        printed.add_row(value_words(row["parameter"], row["value"], how), share, row["status"], row["kind"])
    console = console_of(sys.stdout)
    console.print(f"{title(table)} – {whose(first, meta)}, region {meta['region_name']}", style="italic")
    console.print(printed)
    if len(shown) < len(rows):
        console.print(f"{len(shown)} of {len(rows)} points are shown; --out NAME.csv has all", highlight=False)
    for name, sentence in meta["break_even"]:
        console.print(f"{name}: {sentence}", highlight=False, markup=False)
