"""``resilience template``: the form of a case, to be filled in and taken back."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from resilience.commands.terminal import add_command, add_list, add_out, add_quiet, save, split

EPILOG = """\
examples:
  resilience template models/g7-china.toml --out inputs.xlsx
      the assumptions, cutoffs and balances of the case, to be filled in with Excel or LibreOffice
  resilience template models/g7-china.toml --out germany.xlsx --members DEU --goods magnets,tungsten
      with the balances of one member and two goods only; assumptions and cutoffs are always there
  resilience check models/g7-china.toml --inputs inputs.xlsx
      what does not fit and what differs from the case, by sheet and cell
  resilience run models/g7-china.toml --inputs inputs.xlsx --out result.xlsx
      the case with the values of the form; the case file and the data set stay as they are
  resilience run inputs.xlsx
      the same, where the form lies beside its case file or in a folder nearby

exit status: 0 written, 2 bad input, 1 a fault of the program
"""


def add(commands: Any) -> None:
    """Declare the command."""
    command = add_command(
        commands,
        "template",
        short="write a workbook of the case's inputs, to be filled in and taken back",
        description="Writes the assumptions, cutoffs and balances of a case as an Excel workbook with drop-down\n"
        "lists, ranges and comments. Filled in, it is taken back by check, run and study with --inputs.",
        epilog=EPILOG,
    )
    command.add_argument("case", metavar="CASE", type=Path, help="case file (.toml), see models/")
    add_out(command, "the workbook, NAME.xlsx", required=True)
    add_list(command, "--goods", "balances of these goods or categories only (default: of all goods of the case)")
    add_list(command, "--members", "balances of these members only (default: of all members of the case)")
    add_quiet(command)


def run(options: argparse.Namespace) -> int:
    """Write the form."""
    from resilience.errors import Finding, InputError
    from resilience.handoff.form_workbook import write_form
    from resilience.inputs.case import load

    out: Path = options.out
    if out.suffix.lower() != ".xlsx" or out.is_dir():
        raise InputError([Finding("error", str(out), None, None, "name a file that ends in .xlsx")])
    case = load(options.case)
    goods, members = split(options.goods), split(options.members)
    part = load(options.case, goods=goods, members=members) if goods or members else case
    return save(
        out,
        lambda: write_form(case, out, goods=part.goods if goods else (), members=part.members),
        options.quiet,
        f"; filled in, take it back with: resilience run {options.case} --inputs {out}",
    )
