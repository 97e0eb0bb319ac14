"""``resilience check``: every finding about a case and its data set, nothing computed."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from resilience.commands.terminal import (
    SOLVED,
    add_case_arguments,
    add_command,
    load_case,
    print_findings,
)
from resilience.errors import counted


def add(commands: Any) -> None:
    """Declare the command."""
    command = add_command(
        commands,
        "check",
        short="check a case and its data set, compute nothing",
        description="Reads a case file and its data set and prints every finding; warnings and remarks of one\n"
        "kind as one, with the goods and members they are about.",
    )
    command.add_argument(
        "--all", action="store_true", help="print each finding with its figures on a line of its own"
    )
    add_case_arguments(command)


def run(options: argparse.Namespace) -> int:
    """Print the findings and what there is."""
    from resilience.errors import InputError
    from resilience.families import figures
    from resilience.inputs.case import nothing_to_compute
    from resilience.origins.sectors import check_origins

    case = load_case(options)
    check_origins(case)
    findings = list(case.findings)
    usable = False
    for good in case.goods:
        data = figures(case, good)
        findings += data.findings if data is not None else []
        usable |= data is not None and bool(data.members)
    if not usable:
        raise InputError([*findings, nothing_to_compute(case)])
    print_findings(findings, options.quiet, sys.stdout, each=options.all)
    if not options.quiet:
        size = [
            counted(len(rows), noun)
            for noun, rows in (
                ("good", case.goods),
                ("member", case.members),
                ("cutoff", case.file.cutoffs),
                ("flow", case.data.flows),
            )
        ]
        severities = [finding.severity for finding in dict.fromkeys(findings)]
        noted = " and ".join(
            counted(severities.count(severity), noun)
            for severity, noun in (("warning", "warning"), ("info", "remark"))
        )
        each = "" if options.all or not severities else " (--all prints each)"
        print(f"{case.file.path.name} and {case.data.path.resolve().name} fit: {', '.join(size)}; {noted}{each}")
    return SOLVED
