"""``resilience compare``: the same case with other regions side by side."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from resilience.commands.terminal import (
    SOLVED,
    Progress,
    add_case_arguments,
    add_command,
    add_out,
    add_workers,
    console_of,
    default_workers,
    load_case,
)


def add(commands: Any) -> None:
    """Declare the command."""
    command = add_command(
        commands,
        "compare",
        short="the same case with other regions side by side",
        description="Solves the case once for each region and prints shares and verdicts side by side. A member\n"
        'outside a region is added to it, and the region is then called "NATO with JPN".',
    )
    command.add_argument(
        "--regions",
        metavar="A,B",
        help="coalitions to compare, by default those under compare in the case file, else G7, G7 and EU, "
        "G7 and IP4, NATO",
    )
    add_out(command, "write the table as CSV (NAME.csv)")
    add_workers(command)
    add_case_arguments(command)


def run(options: argparse.Namespace) -> int:
    """Print shares and verdicts by region."""
    from rich import box
    from rich.table import Table

    from resilience.calculator import compare
    from resilience.errors import Finding, InputError
    from resilience.files import write_csv
    from resilience.words import percent

    if options.out is not None and options.out.suffix.lower() != ".csv":
        message = "the comparison is written as CSV; name a file that ends in .csv"
        raise InputError([Finding("error", str(options.out), None, None, message)])
    case = load_case(options)
    named = [name.strip() for name in (options.regions or "").split(",") if name.strip()]
    regions = named or list(case.file.compare) or ["G7", "G7 and EU", "G7 and IP4", "NATO"]
    progress = Progress(
        console_of(sys.stderr),
        len(case.goods),
        options.quiet,
        what="goods, one region after the other",
        rounds=len(set(regions)),
    )
    with progress as advance:
        found = compare(case, regions, workers=options.workers or default_workers(case), progress=advance)
    regions = list(dict.fromkeys(found["region"]))
    if options.out is not None:
        write_csv(found, options.out)
    if not options.quiet:
        table = Table(
            title=f"{case.file.title} – today → planned, market, guaranteed", box=box.SIMPLE, title_justify="left"
        )
        table.add_column("good")
        for region in regions:
            table.add_column(region)
        for good, part in found.groupby("good", sort=False):
            cells = []
            for region in regions:
                rows = part[part["region"] == region].set_index("reading")
                if rows.empty:
                    cells.append("unknown")
                    continue
                shares = ", ".join(percent(rows.loc[reading, "share"]) for reading in rows.index)
                cells.append(f"{percent(rows['share_today'].iloc[0])} → {shares}  {rows.loc['planned', 'status']}")
            table.add_row(str(good), *cells)
        console_of(sys.stdout).print(table)
        print("–: no share suffices, or none can be given.")
        print("A larger region counts more suppliers, so a higher share need not mean more effort.")
        for region in regions:
            if region not in case.groups:
                coalition, _, members = region.rpartition(" with ")
                added = " and ".join(case.data.names()[member] for member in members.split(", "))
                print(f"{region}: {coalition} and {added}, as the region must hold every member.")
    return SOLVED
