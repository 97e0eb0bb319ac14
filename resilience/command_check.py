"""``resilience check``: every finding about a case and its data set, nothing computed."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from resilience.terminal import SOLVED, add_case_arguments, load_case, print_findings


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "check",
        help="check a case and its data set, compute nothing",
        description="Reads a case file and its data set and prints every finding.",
    )
    add_case_arguments(command)


def run(options: argparse.Namespace) -> int:
    """Print the findings and what there is."""
    from resilience.calculator import figures
    from resilience.errors import Finding, InputError
    from resilience.origins import check_origins

    case = load_case(options)
    check_origins(case)
    findings = list(case.findings)
    usable = False
    for good in case.goods:
        data = figures(case, good)
        findings += data.findings if data is not None else []
        usable |= data is not None and bool(data.members)
    if not usable:
        reason = "no requirement can be computed: no good has data of the case's year or earlier, or any demand"
        raise InputError([*findings, Finding("error", case.file.path.name, None, "year", reason)])
    print_findings(findings, options.quiet, sys.stdout)
    if not options.quiet:
        counts = [
            f"{len(rows):,} {name}"
            for name, rows in (
                ("goods", case.goods),
                ("members", case.members),
                ("cutoffs", case.file.cutoffs),
                ("flows", case.data.flows),
            )
        ]
        noted = sum(finding.severity == "warning" for finding in dict.fromkeys(findings))
        print(
            f"{case.file.path.name} and {case.data.path.resolve().name} fit: {', '.join(counts)}; {noted} warnings"
        )
    return SOLVED
