"""``resilience run``: the minimum regional shares, printed and written."""

from __future__ import annotations

import argparse
import logging
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resilience.commands.questions import add_with, asked, beside
from resilience.commands.terminal import (
    BAD_INPUT,
    SOLVED,
    add_case_arguments,
    add_command,
    add_out,
    add_workers,
    check_target,
    check_workers,
    console_of,
    default_workers,
    frontiers_of,
    load_case,
    progress_of,
    split,
    write,
)
from resilience.errors import counted

if TYPE_CHECKING:
    from resilience.inputs.case import Case
    from resilience.results import Result

MOST_LINKS = 5
MOST_RESTS = 6

EPILOG = """\
examples:
  resilience run models/g7-china.toml
      print the verdicts on the terminal, write nothing
  resilience run models/g7-china.toml --out g7-china.xlsx
      the workbook for a ministry; .json or a folder name (CSV files) work as well
  resilience run models/g7-china.toml --goods magnets,titanium --members DEU,FRA
      two goods, two members that must survive (both must be in the region)
  resilience run models/g7-china.toml --set survival.months=6 --set cutoffs.China.fraction=0.5
      other assumptions for one run; a cutoff is changed by its name
  resilience run models/g7-china-burden.toml --with burden,sanctions,threat --out g7-china.xlsx
      what the requirement costs and what sanctions would, as more sheets (tables) of the same result
  resilience check models/my-case.toml
      every finding about a case and its data set, with file, row, column, value and remedy

exit status: 0 solved (also where no share suffices: that is a finding), 2 bad input,
3 the solver did not answer "optimal" (no number is printed), 1 a fault of the program
"""


def add(commands: Any) -> None:
    """Declare the command."""
    command = add_command(
        commands,
        "run",
        short="compute the minimum regional shares",
        description="Computes the minimum regional shares of a case and prints the verdict for each good.",
        epilog=EPILOG,
    )
    add_out(command, "where to write the result: NAME.xlsx the workbook, NAME.json, or a folder for CSV files")
    command.add_argument(
        "--compare",
        metavar="OLD",
        type=Path,
        help="an earlier workbook or JSON file of the case: the workbook's change log says what differs",
    )
    command.add_argument(
        "--study",
        metavar="FOLDER",
        type=Path,
        help="a finished study (resilience study --out FOLDER): the workbook shows it as sensitivity",
    )
    command.add_argument(
        "--pictures",
        metavar="FOLDER",
        type=Path,
        help="draw each good that has a chain with what goes into it (PNG and SVG; needs matplotlib)",
    )
    command.add_argument(
        "--no-rests",
        action="store_true",
        help="leave out what each headline number rests on (tables rests_on and frontiers), to save time",
    )
    add_with(command)
    add_workers(command)
    add_case_arguments(command)


def run(options: argparse.Namespace) -> int:
    """Solve the case, print the verdicts, write what was asked for."""
    from resilience.calculator import solve

    check_workers(options.workers)
    check_target(options.out)
    _check_pictures(options.pictures)
    _check_beside(options)
    start = time.perf_counter()
    case = load_case(options)
    names = asked(case, split(getattr(options, "with")))
    if not options.quiet:
        log = logging.getLogger("resilience")
        log.setLevel(logging.INFO)
        log.addHandler(logging.StreamHandler(sys.stderr))
    with progress_of(case, options) as advance:
        result = solve(
            case,
            workers=options.workers or default_workers(case),
            progress=advance,
            rests=False if options.no_rests else None,
        )
    if options.out is not None and not options.no_rests:
        result = frontiers_of(case, result, options)
    if names:
        result = beside(case, result, names, options)
    written = write(result, options.out, options.compare, options.study) if options.out is not None else []
    drawn = None if options.pictures is None else _draw(result, options.pictures)
    if not options.quiet:
        if case.form:
            _print_taken(case)
        _print_summary(result, time.perf_counter() - start, [*written, *(drawn or [])])
        if drawn == []:
            print("no picture: no good has a chain")
    return (
        SOLVED
        if (options.out is None or written) and (options.pictures is None or drawn is not None)
        else BAD_INPUT
    )


def _check_pictures(folder: Path | None) -> None:
    """Refuse what cannot be drawn before the work is done, not after."""
    from resilience.errors import Finding, InputError

    if folder is None:
        return
    if folder.is_file():
        raise InputError(
            [Finding("error", str(folder), None, None, "this is a file; name a folder for the pictures")]
        )


def _check_beside(options: argparse.Namespace) -> None:
    """Refuse what goes into the workbook only, or cannot be read, before the work is done."""
    from resilience.errors import Finding, InputError
    from resilience.handoff.compared import read_tables
    from resilience.studies.workbook import read_study_folder

    for name in ("compare", "study"):
        if getattr(options, name) is not None and (options.out is None or options.out.suffix.lower() != ".xlsx"):
            message = "goes into the workbook; add --out NAME.xlsx"
            raise InputError([Finding("error", f"--{name}", None, None, message)])
    if options.compare is not None:
        read_tables(options.compare)
    if options.study is not None:
        read_study_folder(options.study)


def _draw(result: Result, folder: Path) -> list[Path] | None:
    """Write the pictures and give their names; None, with a word why, if the folder does not take them."""
    from resilience.output.pictures import chain_pictures

    try:
        return chain_pictures(result, folder)
    except OSError as error:
        print(f"error: {folder}: cannot be written ({error.strerror or error})", file=sys.stderr)
        return None


def _print_taken(case: Case) -> None:
    """Say how much of a form was taken; each entry of it stands among the findings."""
    if case.taken:
        print(
            f"{counted(case.taken, 'change')} taken from {case.form}; the table findings names each with its cell"
        )
    else:
        print(f"{case.form} says nothing else than the case and its data; nothing was changed")


def _print_summary(result: Result, seconds: float, written: Sequence[Path]) -> None:
    from rich import box
    from rich.table import Table

    from resilience.schema import STATUS_WORDS
    from resilience.words import percent, weakest_links

    colours = {"met": "green", "shift": "cyan", "raise": "yellow", "build": "magenta", "none": "red"}
    console = console_of(sys.stdout)
    meta = result.meta
    home_unknown = result.home_unknown()
    rows = result.requirements
    rows = rows[(rows["cutoff"] == "ALL") & (rows["reading"] == "planned")]
    cutoffs = ", ".join(cutoff["name"] for cutoff in meta["cutoffs"])
    table = Table(
        title=f"{meta['title']} – least share from the region ({meta['region_name']}), every cutoff: {cutoffs}",
        box=box.SIMPLE,
        title_justify="left",
    )
    table.add_column("good")
    for name in ("year", "today", "needed"):
        table.add_column(name, justify="right")
    table.add_column("verdict")
    table.add_column("members that must change, each by itself (today → needed)")
    for good, part in rows.groupby("good", sort=False):
        everyone = part[part["member"] == "ALL"].iloc[0]
        changes = []
        for row in part[part["member"] != "ALL"].to_dict("records"):
            status = row["status"]
            name = row["member"] + ("*" if (row["good"], row["member"]) in home_unknown else "")
            if status in ("raise", "build") and row["gap"] > 0:
                digits = int(percent(row["share_today"]) == percent(row["share"]))
                rise = f"{percent(row['share_today'], digits)}→{percent(row['share'], digits)}"
                changes.append(f"{name} {rise}")
            elif status != "met":
                changes.append(f"{name} {status}")
        status = everyone["status"]
        table.add_row(
            str(good),
            str(meta["years"].get(good, "")),
            percent(everyone["share_today"]),
            percent(everyone["share"]),
            f"[{colours.get(status, 'white')}]{status}[/]",
            _wrapped(changes, console.width - 70),
        )
    console.print(table)
    for word, meaning in STATUS_WORDS.items():
        console.print(f"{word + ':':9}{meaning}", style="dim", highlight=False)
    if home_unknown:
        console.print("* share of imports; home production unknown and exports are large", style="dim")
    for line in _rests_lines(result):
        console.print(line, highlight=False, markup=False)
    weakest = weakest_links(result.chain)
    for n, line in enumerate(weakest[:MOST_LINKS]):
        more = (
            f"; and {len(weakest) - MOST_LINKS} more, see the table chain"
            if n == MOST_LINKS - 1 < len(weakest) - 1
            else ""
        )
        console.print("weakest links: " if n == 0 else " " * 15, line, more, sep="", highlight=False, markup=False)
    counts = result.findings["severity"].value_counts()
    certificate = meta["certificate"]
    console.print(
        f"{certificate['optima']:,} optima, each certified (worst residual {certificate['worst_residual']:.0e}, "
        f"limit {certificate['tolerance']:.0e}); {counted(counts.get('warning', 0), 'warning')} and "
        f"{counted(counts.get('info', 0), 'remark')} in the table findings; {seconds:.1f} s",
        highlight=False,
    )
    if meta.get("beside"):
        names = ", ".join(meta["beside"])
        console.print(
            f"beside the result: the tables of {names}; resilience report says them in words", highlight=False
        )
    for path in written:
        console.print(f"written: {path}", highlight=False)
    if not written:
        console.print("nothing was written; add --out NAME.xlsx for the workbook", highlight=False)


def _rests_lines(result: Result) -> list[str]:
    """What the shares of goods that need a change rest on, worst first."""
    from resilience.schema import ALL, STATUS_WORDS
    from resilience.words import rests_text

    rows = result.requirements
    rows = rows[(rows["member"] == ALL) & (rows["cutoff"] == ALL) & (rows["reading"] == "planned")]
    rows = rows[rows["status"].isin(("raise", "build", "none"))]
    worst = list(reversed(STATUS_WORDS))
    ordered = sorted(rows.to_dict("records"), key=lambda row: (worst.index(row["status"]), -row["gap"]))
    texts = []
    for row in ordered:
        own = result.rests_on[result.rests_on["good"] == row["good"]]
        if len(own):
            texts.append(f"{row['good']} rests on: {rests_text(own)}")
    more = len(texts) - MOST_RESTS
    if more > 0:
        texts[MOST_RESTS - 1] += f"; and {counted(more, 'more good')}, see the table rests_on"
    return texts[:MOST_RESTS]


def _wrapped(parts: list[str], width: int) -> str:
    """The parts joined by commas, broken between parts only."""
    whole = ", ".join(part.replace(" ", "\u00a0") for part in parts)
    return "\n".join(textwrap.wrap(whole, max(30, width))).replace("\u00a0", " ")
