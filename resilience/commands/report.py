"""``resilience report``: a result as one HTML page for those who never run the tool."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resilience.commands.questions import add_with, asked, beside
from resilience.commands.terminal import (
    BAD_INPUT,
    SOLVED,
    Progress,
    add_quiet,
    add_workers,
    check_workers,
    console_of,
    default_workers,
    frontiers_of,
    split,
)

if TYPE_CHECKING:
    from resilience.results import Result

COMPUTED = Path()  # stands for the burden that is not read but computed

EPILOG = """\
examples:
  resilience run models/g7-china.toml --out g7-china.json
  resilience report g7-china.json --out report.html
      one file without any need of a network: mail it, open it, print it
  resilience report g7-china.json --out report.html --pictures slides
      every picture as .png and .svg beside it
  resilience report models/g7-china.toml --out report.html
      solves the case first

  resilience report models/g7-china-burden.toml --out report.html --with burden,sanctions,threat
      with what the requirement costs each member, what sanctions would, and who fears whom
  resilience burden models/g7-china.toml --out burden.json
  resilience report g7-china.json --out report.html --burden burden.json
      the same from files

exit status: 0 written, 2 bad input, 3 the solver did not answer "optimal"
"""


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "report",
        help="write a result as one HTML page with pictures",
        description="Writes a result as one self-contained HTML page, legible on a phone, a screen and in print.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "result",
        metavar="RESULT",
        type=Path,
        help="what `resilience run --out` wrote, .json or a folder of CSV files; or a case file, which is solved",
    )
    command.add_argument("--out", metavar="PATH", type=Path, required=True, help="where to write it: NAME.html")
    command.add_argument(
        "--pictures", metavar="FOLDER", type=Path, help="write every picture as .png and .svg for slides, too"
    )
    command.add_argument(
        "--burden",
        metavar="FILE",
        nargs="?",
        type=Path,
        const=COMPUTED,
        help="show what the requirement costs: what `resilience burden --out` wrote for the same case, .json or a "
        "folder; without FILE it is computed, which takes a case file",
    )
    add_with(command)
    command.add_argument(
        "--goods",
        action="append",
        default=[],
        metavar="A,B",
        help="of a case file only these goods or categories (food, energy, military)",
    )
    add_workers(command)
    add_quiet(command)


def run(options: argparse.Namespace) -> int:
    """Write the report."""
    from resilience.handoff.report import read_burden, write_report
    from resilience.results import read_result

    check_workers(options.workers)
    _check(options)
    burden: Result | None = None
    if options.burden is not None and options.burden != COMPUTED:
        burden = read_burden(options.burden)
    result = _solved(options) if _is_case(options.result) else read_result(options.result)
    try:
        written = write_report(result, options.out, burden=burden, pictures=options.pictures)
    except OSError as error:
        print(f"error: {error.filename or options.out}: cannot be written ({error.strerror})", file=sys.stderr)
        return BAD_INPUT
    if not options.quiet:
        print(f"written: {options.out}")
        if len(written) > 1:
            print(f"written: {len(written) - 1} pictures in {options.pictures}")
    return SOLVED


def _is_case(path: Path) -> bool:
    return path.suffix.lower() == ".toml"


def _check(options: argparse.Namespace) -> None:
    """Refuse what cannot be meant before the work is done."""
    from resilience.errors import Finding, InputError

    out: Path = options.out
    pictures: Path | None = options.pictures
    if options.burden == COMPUTED and not _is_case(options.result):
        message = "a result alone cannot be costed; name what `resilience burden CASE --out NAME.json` wrote"
        raise InputError([Finding("error", "--burden", None, None, message)])
    if getattr(options, "with") and not _is_case(options.result):
        message = "takes a case file; of a result the report shows what `resilience run CASE --with` put into it"
        raise InputError([Finding("error", "--with", None, None, message)])
    if options.goods and not _is_case(options.result):
        message = "goods are chosen when a case is solved; name a case file, or run it with --goods first"
        raise InputError([Finding("error", "--goods", None, None, message)])
    if out.suffix.lower() not in (".html", ".htm") or out.is_dir():
        raise InputError([Finding("error", str(out), None, None, "name a file that ends in .html")])
    if pictures is not None and pictures.is_file():
        message = "this is a file; name a folder for the pictures"
        raise InputError([Finding("error", str(pictures), None, None, message)])


def _solved(options: argparse.Namespace) -> Result:
    """The result of a case with its frontiers and with what is asked for beside it."""
    from resilience.calculator import solve
    from resilience.inputs.case import load

    case = load(options.result, goods=split(options.goods))
    computed = ["burden"] if options.burden == COMPUTED else []
    names = asked(case, [*split(getattr(options, "with")), *computed])
    with Progress(console_of(sys.stderr), len(case.goods), options.quiet) as advance:
        result = solve(case, workers=options.workers or default_workers(case), progress=advance)
    result = frontiers_of(case, result, options)
    return beside(case, result, names, options) if names else result
