"""The command line: ``resilience check``, ``run``, ``compare``, ``study``, ``frontier`` and ``content``."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import textwrap
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from resilience.case import Case
    from resilience.errors import Finding
    from resilience.results import Result
    from resilience.studies import Study

SOLVED, FAULT, BAD_INPUT, NOT_OPTIMAL = 0, 1, 2, 3
MOST_FINDINGS = 200
MOST_LINKS = 5
MOST_RESTS = 6
MOST_CORNERS = 24
NOT_A_FOLDER = {".csv", ".xls", ".xlsm", ".ods", ".txt", ".parquet", ".xml", ".html", ".pdf"}

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
  resilience check models/my-case.toml
      every finding about a case and its data set, with file, row, column, value and remedy

exit status: 0 solved (also where no share suffices: that is a finding), 2 bad input,
3 the solver did not answer "optimal" (no number is printed), 1 a fault of the program
"""


CONTENT_EPILOG = """\
examples:
  resilience content examples/bom_motor.csv --rule usmca-core-parts
      content by the rule's methods, what is missing and the cheapest way there
  resilience content BOM.csv --threshold 0.6 --zone USA,CAN,MEX
      a rule of one's own: transaction value, diagonal cumulation, roll-up
  resilience content BOM.csv --rule rcep --cumulation full --no-roll-up
      a known rule with two changes
  resilience content --rule list
      the rules with their legal sources

The bill of materials is a CSV file with one row for each product (item blank)
and each item; docs/value-content.md describes its columns. Undetermined
origin (blank) counts as non-originating.

exit status: 0 computed (also where a product fails: that is a finding), 2 bad
input, 3 the solver did not answer "optimal", 1 a fault of the program
"""


STUDY_EPILOG = """\
[study] in a case file, or in a file of its own with case = "CASE.toml":
  [study]
  design = "sobol"       grid, one_at_a_time, latin_hypercube, sobol or morris
  points = 256           one_at_a_time: steps a factor; sobol: base samples; morris: trajectories
  seed = 1
  target = 0.6           the share that break-even and rules ask about
  [study.factors]
  "survival.critical_share" = [0.7, 1.0]
  "response.stock_months" = {times = [0.5, 2.0]}
  "response.region_surge.max" = {low = 0, mode = 0.2, high = 0.4, distribution = "triangular"}
  "cutoffs.China.months" = {low = 3, high = 24, levels = 4}
  region = {values = ["G7", "G7 and EU"]}

examples:
  resilience study models/my-study.toml --out studies/mine
      compute all points and keep them in a folder; the same command goes on after Ctrl-C or a kill
  resilience study models/my-study.toml --out studies/try --goods magnets --points 32
      a first look: one good, few points
  resilience study models/my-study.toml --out mine.xlsx --set survival.months=6
      the workbook alone, with one number of the case changed; nothing is kept if it is stopped
  resilience study models/my-study.toml --out studies/mine --scheduler tcp://10.0.0.1:8786
      on a Dask cluster: pip install "resilience[cluster]", dask scheduler, dask worker; same numbers

A point that cannot be computed is a row of status "error" and ends nothing.

exit status: 0 all points are there, 2 bad input, 130 stopped by Ctrl-C (what is done is kept),
1 workers were lost again and again (what is done is kept), or a fault of the program
"""


FRONTIER_EPILOG = """\
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


def parser() -> argparse.ArgumentParser:
    """The declaration of the command line."""
    top = argparse.ArgumentParser(
        prog="resilience",
        description="How large must the regional share of each critical good be,\n"
        "so that every member survives a supplier cutoff?",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="store_true", help="print the versions of the tool and the solver")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    check = commands.add_parser(
        "check",
        help="check a case and its data set, compute nothing",
        description="Reads a case file and its data set and prints every finding.",
    )
    run = commands.add_parser(
        "run",
        help="compute the minimum regional shares",
        description="Computes the minimum regional shares of a case and prints the verdict for each good.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    side = commands.add_parser(
        "compare",
        help="the same case with other regions side by side",
        description="Solves the case once for each region and prints shares and verdicts side by side.",
    )
    side.add_argument(
        "--regions",
        metavar="A,B",
        help="coalitions to compare, by default those under compare in the case file, else G7, G7 and EU, "
        "G7 and IP4, NATO",
    )
    side.add_argument("--out", metavar="PATH", type=Path, help="write the table as CSV (NAME.csv)")
    run.add_argument(
        "--out",
        metavar="PATH",
        type=Path,
        help="where to write the result: NAME.xlsx the workbook, NAME.json, or a folder for CSV files",
    )
    run.add_argument(
        "--pictures",
        metavar="FOLDER",
        type=Path,
        help="draw each good that has a chain with what goes into it (PNG and SVG; needs matplotlib)",
    )
    run.add_argument(
        "--no-rests",
        action="store_true",
        help="leave out what each headline number rests on (the table rests_on), to save time",
    )
    study = commands.add_parser(
        "study",
        help="many points: how the shares move with stocks, months, surge, …",
        description="Computes a case at many points and says what the shares depend on: tornado, heat map,\n"
        "indices with confidence intervals, verdicts, break-even and rules.",
        epilog=STUDY_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    study.add_argument(
        "--out",
        metavar="PATH",
        type=Path,
        required=True,
        help="a folder that keeps the points as they get done, with tables, workbook and pictures; or NAME.xlsx, "
        "NAME.json",
    )
    study.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes (default: one for each processor); changes no number",
    )
    study.add_argument(
        "--scheduler", metavar="ADDRESS", help="compute on the Dask cluster of the scheduler tcp://HOST:PORT"
    )
    study.add_argument("--points", type=int, metavar="N", help="in place of points in [study]")
    study.add_argument("--seed", type=int, metavar="N", help="in place of seed in [study]")
    front = _add_frontier(commands)
    _add_content(commands)
    for command in (run, side):
        command.add_argument(
            "--workers",
            type=int,
            metavar="N",
            help="solve goods in N processes (default: up to 4 where it pays); changes no number",
        )
    for command in (check, run, side, study, front):
        what = "case file with [study], or a study file (.toml)" if command is study else "case file (.toml)"
        command.add_argument("case", metavar="CASE", type=Path, help=f"{what}, see models/")
        command.add_argument(
            "--goods",
            action="append",
            default=[],
            metavar="A,B",
            help="only these goods or categories (food, energy, military)",
        )
        command.add_argument(
            "--members",
            action="append",
            default=[],
            metavar="A,B",
            help="members that must survive: country codes or a coalition, in place of the case's",
        )
        command.add_argument("--year", type=int, metavar="YEAR", help="data of this year or the latest before it")
        command.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="KEY=VALUE",
            dest="overrides",
            help="change one number of the case for this run, for example survival.months=6",
        )
        command.add_argument("--quiet", action="store_true", help="print errors only")
    return top


def _add_frontier(commands: Any) -> argparse.ArgumentParser:
    front: argparse.ArgumentParser = commands.add_parser(
        "frontier",
        help="the least share of one good as one number of the case moves",
        description="Moves one number of a case through a range and prints the least share of one good at every\n"
        "corner of the curve, and where it crosses today's share and a target.",
        epilog=FRONTIER_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    front.add_argument("--good", metavar="NAME", required=True, help="short name of the good")
    front.add_argument(
        "--over", metavar="KEY", required=True, help="the number that moves, for example response.stock_months"
    )
    front.add_argument("--from", metavar="X", type=float, required=True, dest="low", help="its lowest value")
    front.add_argument("--to", metavar="X", type=float, required=True, dest="high", help="its highest value")
    front.add_argument(
        "--how",
        choices=("set", "times", "plus"),
        default="set",
        help="whether values are put into the case (default), multiply what is there, or are added to it",
    )
    front.add_argument("--member", metavar="CODE", default="ALL", help="whose share (default: ALL together)")
    front.add_argument("--cutoff", metavar="NAME", default="ALL", help="under which cutoff (default: each of ALL)")
    front.add_argument(
        "--reading", choices=("planned", "market", "guaranteed"), default="planned", help="default: planned"
    )
    front.add_argument("--target", metavar="X", type=float, help="a share to be crossed, 0.6 for 60 %%")
    front.add_argument(
        "--out",
        metavar="PATH",
        type=Path,
        help="NAME.csv the table, NAME.png or NAME.svg the picture, or NAME.xlsx",
    )
    return front


def _add_content(commands: Any) -> None:
    command = commands.add_parser(
        "content",
        help="the value content of products by rules of origin",
        description="Computes the originating share of a product's value from its bill of materials,\n"
        "says whether it meets a rule, what is missing and the cheapest shift of origins.",
        epilog=CONTENT_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("bom", metavar="BOM", type=Path, nargs="?", help="bill of materials (.csv)")
    command.add_argument("--rule", metavar="NAME", help="a known rule; list prints them all")
    command.add_argument("--rules", action="store_true", help="print the known rules with their legal sources")
    command.add_argument(
        "--method",
        metavar="M",
        help="transaction-value, net-cost, build-down, build-up or component-cost (default: those of the rule "
        "for which the product's row has the value; without a rule transaction-value)",
    )
    command.add_argument("--threshold", metavar="X", type=float, help="least share, 0.6 for 60 %%")
    command.add_argument("--zone", metavar="A,B", help="codes of the countries whose materials count")
    command.add_argument(
        "--cumulation",
        metavar="C",
        help="bilateral (exporting and importing country), diagonal (materials that originate in the zone; the "
        "default) or full (all processing in the zone)",
    )
    command.add_argument(
        "--roll-up",
        action=argparse.BooleanOptionalAction,
        help="whether a stage that qualifies itself counts wholly as originating (default: yes)",
    )
    command.add_argument(
        "--de-minimis",
        metavar="X",
        type=float,
        help="share of non-originating value that does no harm (default: 0)",
    )
    command.add_argument(
        "--stage-threshold",
        metavar="X",
        type=float,
        help="share a stage must have to qualify itself (default: the rule's, else the product's threshold)",
    )
    command.add_argument("--whole", action="store_true", help="shift items wholly or not at all")
    command.add_argument(
        "--out", metavar="PATH", type=Path, help="write the answers as NAME.csv, or all tables as NAME.json"
    )
    command.add_argument("--quiet", action="store_true", help="print errors only")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console without the character must not stop the run
    top = parser()
    options = top.parse_args(arguments)
    if options.version:
        return _version()
    if not options.command:
        top.print_help()
        return BAD_INPUT
    from resilience.errors import InputError, SolverError

    try:
        return COMMANDS[options.command](options)
    except InputError as error:
        _print_findings(error.findings, options.quiet, sys.stderr)
        return BAD_INPUT
    except SolverError as error:
        print(f"not solved: {error}", file=sys.stderr)
        return NOT_OPTIMAL
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except Exception:  # the last line of defence: say whose fault it is
        traceback.print_exc()
        print("this is a fault of the program, not of your input; please report it", file=sys.stderr)
        return FAULT


def _version() -> int:
    from resilience.calculator import versions

    for name, number in versions().items():
        print(name, number)
    return SOLVED


def _load(options: argparse.Namespace) -> Case:
    from resilience.case import load

    return load(
        options.case,
        overrides=options.overrides,
        goods=_split(options.goods),
        members=_split(options.members),
        year=options.year,
    )


def _split(texts: list[str]) -> list[str]:
    return [name.strip() for text in texts for name in text.split(",") if name.strip()]


def _check(options: argparse.Namespace) -> int:
    from resilience.calculator import figures
    from resilience.errors import Finding, InputError
    from resilience.origins import check_origins

    case = _load(options)
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
    _print_findings(findings, options.quiet, sys.stdout)
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


def _run(options: argparse.Namespace) -> int:
    from resilience.calculator import solve
    from resilience.errors import Finding, InputError

    if options.workers is not None and options.workers < 1:
        raise InputError([Finding("error", "--workers", None, None, "at least one process is needed")])
    _check_target(options.out)
    _check_pictures(options.pictures)
    start = time.perf_counter()
    case = _load(options)
    console = _console(sys.stderr)
    if not options.quiet:
        log = logging.getLogger("resilience")
        log.setLevel(logging.INFO)
        log.addHandler(logging.StreamHandler(sys.stderr))
    with _progress(console, len(case.goods), options.quiet) as advance:
        result = solve(
            case,
            workers=options.workers or _workers(case),
            progress=advance,
            rests=False if options.no_rests else None,
        )
    written = [options.out] if options.out is not None and _write(result, options.out) else []
    drawn = None if options.pictures is None else _draw(result, options.pictures)
    if not options.quiet:
        _print_summary(result, time.perf_counter() - start, [*written, *(drawn or [])])
        if drawn == []:
            print("no picture: no good has a chain")
    return (
        SOLVED
        if (options.out is None or written) and (options.pictures is None or drawn is not None)
        else BAD_INPUT
    )


def _compare(options: argparse.Namespace) -> int:
    from rich import box
    from rich.table import Table

    from resilience.calculator import compare
    from resilience.errors import Finding, InputError
    from resilience.words import percent

    if options.out is not None and options.out.suffix.lower() != ".csv":
        message = "the comparison is written as CSV; name a file that ends in .csv"
        raise InputError([Finding("error", str(options.out), None, None, message)])
    case = _load(options)
    named = [name.strip() for name in (options.regions or "").split(",") if name.strip()]
    regions = named or list(case.file.compare) or ["G7", "G7 and EU", "G7 and IP4", "NATO"]
    with _progress(_console(sys.stderr), len(case.goods), options.quiet) as advance:
        found = compare(case, regions, workers=options.workers or _workers(case), progress=advance)
    regions = list(dict.fromkeys(found["region"]))
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        found.to_csv(options.out, index=False, lineterminator="\n")
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
        _console(sys.stdout).print(table)
        print("A larger region counts more suppliers, so a higher share need not mean more effort.")
    return SOLVED


def _study(options: argparse.Namespace) -> int:
    from resilience.designs import read_study
    from resilience.errors import Finding, InputError
    from resilience.studies import StudyStopped, WrongVersions, study

    if options.workers is not None and options.workers < 1:
        raise InputError([Finding("error", "--workers", None, None, "at least one process is needed")])
    _check_target(options.out)
    start = time.perf_counter()
    case, spec = read_study(
        options.case,
        overrides=options.overrides,
        goods=_split(options.goods),
        members=_split(options.members),
        year=options.year,
        points=options.points,
        seed=options.seed,
    )
    store = None if options.out.suffix.lower() in (".xlsx", ".json") else options.out
    logging.getLogger("resilience").addHandler(logging.StreamHandler(sys.stderr))
    try:
        with _study_progress(_console(sys.stderr), options.quiet) as advance:
            found = study(
                case, spec, out=store, workers=options.workers, scheduler=options.scheduler, progress=advance
            )
    except KeyboardInterrupt as stop:
        print(f"stopped: {stop}", file=sys.stderr)
        return 130
    except (StudyStopped, WrongVersions) as error:
        print(f"not finished: {error}", file=sys.stderr)
        return FAULT
    seconds = time.perf_counter() - start
    try:
        if not options.quiet:
            print("writing tables, workbook and pictures …", file=sys.stderr)
        written = _write_study(found, options.out)
    except OSError as error:
        print(f"error: {options.out}: cannot be written ({error.strerror or error})", file=sys.stderr)
        return BAD_INPUT
    if not options.quiet:
        _print_study(found, advance.computed, seconds, written)
    return SOLVED


def _write_study(found: Study, out: Path) -> list[Path]:
    """Tables, workbook and pictures of a study; gives what a reader would open."""
    import tempfile

    from resilience.results import Result
    from resilience.study_pictures import study_pictures
    from resilience.study_tables import study_tables
    from resilience.study_workbook import write_study_workbook

    tables = study_tables(found.points, found.outcomes, found.meta)
    if out.suffix.lower() == ".json":
        Result(found.meta, tables).to_json(out)
        return [out]
    if out.suffix.lower() == ".xlsx":
        with tempfile.TemporaryDirectory() as folder:
            pictures = study_pictures(found.points, found.outcomes, found.meta, tables, folder)
            return write_study_workbook(tables, found.meta, out, pictures)
    Result(found.meta, tables).to_csv(out / "tables")
    pictures = study_pictures(found.points, found.outcomes, found.meta, tables, out / "pictures")
    books = write_study_workbook(tables, found.meta, out / "study.xlsx", pictures)
    return [*books, out / "tables", *([out / "pictures"] if pictures else [])]


def _print_study(found: Study, computed: int, seconds: float, written: Sequence[Path]) -> None:
    from resilience.schema import STATUS_WORDS

    console = _console(sys.stdout)
    meta = found.meta
    distinct = meta["unique_points"]
    console.print(
        f"{meta['title']} – {meta['spec']['design']}, seed {meta['seed']}", style="bold", highlight=False
    )
    words = {**STATUS_WORDS, "error": "could not be computed, see its message in the table outcomes"}
    width = max(len(f"{rows:,}") for rows in found.counts.values())
    for status, rows in found.counts.items():
        console.print(f"{rows:{width},} × {status}: {words.get(status, '')}", highlight=False, markup=False)
    failed = found.outcomes[found.outcomes["status"] == "error"]
    if len(failed):
        first = failed.iloc[0]
        console.print(f"first error, point {first['point']}: {first['message']}", highlight=False, markup=False)
    console.print(
        f"all {distinct:,} points are there ({meta['points']:,} rows of the design, {len(found.outcomes):,} "
        f"outcomes); {computed:,} computed now, {seconds:.1f} s",
        highlight=False,
    )
    for path in written:
        console.print(f"written: {path}", highlight=False, markup=False)


def _frontier(options: argparse.Namespace) -> int:
    from resilience.errors import Finding, InputError
    from resilience.frontier_output import FRONTIER_SUFFIXES, frontier_meta, write_frontier
    from resilience.frontiers import frontier

    if options.target is not None and not 0 <= options.target <= 1:
        raise InputError([Finding("error", "--target", None, None, "name a share between 0 and 1, 0.6 for 60 %")])
    out: Path | None = options.out
    if out is not None and (out.suffix.lower() not in FRONTIER_SUFFIXES or out.is_dir()):
        message = f"name a file that ends in {', '.join(FRONTIER_SUFFIXES)}"
        raise InputError([Finding("error", str(out), None, None, message)])
    case = _load(options)
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
    if out is None:
        return SOLVED
    try:
        write_frontier(table, meta, out)
    except OSError as error:
        print(f"error: {out}: cannot be written ({error.strerror or error})", file=sys.stderr)
        return BAD_INPUT
    if not options.quiet:
        print(f"written: {out}")
    return SOLVED


def _print_frontier(table: pd.DataFrame, meta: Mapping[str, Any]) -> None:
    from rich import box
    from rich.table import Table

    from resilience.frontier_words import shown_rows, title, value_words
    from resilience.study_tables import whose
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
    console = _console(sys.stdout)
    console.print(f"{title(table)} – {whose(first, meta)}, region {meta['region_name']}", style="italic")
    console.print(printed)
    if len(shown) < len(rows):
        console.print(f"{len(shown)} of {len(rows)} points are shown; --out NAME.csv has all", highlight=False)
    for name, sentence in meta["break_even"]:
        console.print(f"{name}: {sentence}", highlight=False, markup=False)


def _content(options: argparse.Namespace) -> int:
    from resilience.content import assess, make_rule, read_bom
    from resilience.errors import Finding, InputError

    if options.rules or options.rule == "list":
        _print_rules()
        return SOLVED
    if options.bom is None:
        raise InputError([Finding("error", "BOM", None, None, "name a bill of materials, see --help")])
    out: Path | None = options.out
    if out is not None and (out.suffix.lower() not in (".csv", ".json") or out.is_dir()):
        raise InputError([Finding("error", str(out), None, None, "name a file that ends in .csv or .json")])
    rule = make_rule(
        options.rule,
        method=options.method,
        threshold=options.threshold,
        zone=options.zone,
        cumulation=options.cumulation,
        roll_up=options.roll_up,
        de_minimis=options.de_minimis,
        stage_threshold=options.stage_threshold,
    )
    products, findings = read_bom(options.bom, rule)
    _print_findings(findings, options.quiet, sys.stderr)
    result = assess(products, rule, whole=options.whole, bom=options.bom.name)
    if not options.quiet:
        _print_content(result)
    if out is None:
        return SOLVED
    try:
        if out.suffix.lower() == ".json":
            result.to_json(out)
        else:
            out.parent.mkdir(parents=True, exist_ok=True)
            result.tables["content"].to_csv(out, index=False, lineterminator="\n", encoding="utf-8")
    except OSError as error:
        print(f"error: {out}: cannot be written ({error.strerror or error})", file=sys.stderr)
        return BAD_INPUT
    if not options.quiet:
        print(f"written: {out}")
    return SOLVED


def _print_rules() -> None:
    from resilience.content import presets

    for rule in presets().values():
        methods = ", ".join(f"{method} {share:.0%}" for method, share in rule.methods.items())
        print(f"{rule.name}: {rule.label}")
        for word, text in (
            ("asks for", ("more than " if rule.exceeds else "at least ") + methods),
            ("zone", ", ".join(rule.zone)),
            ("counts", f"{rule.cumulation} cumulation, {'with' if rule.roll_up else 'without'} roll-up"),
            ("source", rule.source),
            ("simplifies", rule.simplifies),
            ("checked", rule.checked),
        ):
            print(textwrap.fill(f"{word}: {text}", 100, initial_indent="  ", subsequent_indent="    "))


def _print_content(result: Result) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from resilience.words import percent

    rule = result.meta["rule"]
    counts = f"{rule['cumulation']} cumulation, {'with' if rule['roll_up'] else 'without'} roll-up"
    table = Table(title=f"Value content – {rule['label']}, {counts}", box=box.SIMPLE, title_justify="left")
    table.add_column("product")
    table.add_column("method")
    for name in ("content", "needed", "too much"):
        table.add_column(name, justify="right")
    table.add_column("verdict")
    table.add_column("not originating")
    table.add_column("cheapest shift")
    shifts = result.tables["shifts"]
    for row in result.tables["content"].to_dict("records"):
        moves = shifts[(shifts["product"] == row["product"]) & (shifts["method"] == row["method"])]
        parts = []
        for move in moves.to_dict("records"):
            way = f"{move['origin'] or '?'}→{move['alternative_origin']}"
            parts.append(f"{move['item']} {percent(move['share_moved'], 1)} {way}")
        if parts:
            parts.append(
                f"costs {_usd(row['shift_cost_usd'])}, content then {percent(row['shift_content_share'], 1)} "
                f"({row['solved_as']})"
            )
        verdict = "[green]passes[/]" if row["passes"] else "[red]fails[/]"
        table.add_row(
            escape(row["product"]),
            row["method"],
            percent(row["content_share"], 1),
            ("> " if rule["exceeds"] else "≥ ") + percent(row["threshold"], 1),
            _usd(row["missing_usd"]) if row["missing_usd"] > 0 else "–",
            verdict if row["reason"].startswith("content") else f"{verdict}: {row['reason']}",
            escape(row["non_originating_items"]).replace("; ", "\n") or "–",
            escape("\n".join(parts)) or row["shift_status"],
        )
    _console(sys.stdout).print(table)


def _usd(number: float) -> str:
    return f"{number:,.2f} USD".replace(".00 ", " ")


def _write(result: Result, out: Path) -> bool:
    """Write the result; False, with a word why, if the target does not take it."""
    from resilience.errors import InputError

    try:
        result.write(out)
    except InputError as error:
        for finding in error.findings:
            print(finding, file=sys.stderr)
    except OSError as error:
        print(f"error: {out}: cannot be written ({error.strerror or error})", file=sys.stderr)
    else:
        return True
    print("the case was computed, but nothing was written", file=sys.stderr)
    return False


def _check_pictures(folder: Path | None) -> None:
    """Refuse what cannot be drawn before the work is done, not after."""
    from resilience.errors import Finding, InputError

    if folder is None:
        return
    if folder.is_file():
        raise InputError(
            [Finding("error", str(folder), None, None, "this is a file; name a folder for the pictures")]
        )


def _draw(result: Result, folder: Path) -> list[Path] | None:
    """Write the pictures and give their names; None, with a word why, if the folder does not take them."""
    from resilience.pictures import chain_pictures

    try:
        return chain_pictures(result, folder)
    except OSError as error:
        print(f"error: {folder}: cannot be written ({error.strerror or error})", file=sys.stderr)
        return None


def _workers(case: Case) -> int:
    """One process for small cases, where starting others takes longer than it saves."""
    work = len(case.goods) * len(case.members) * len(case.file.cutoffs)
    return 1 if work < 150 else min(4, os.cpu_count() or 1)


def _check_target(out: Path | None) -> None:
    """Refuse a target that cannot be meant before the work is done, not after."""
    from resilience.errors import Finding, InputError

    if out is None:
        return
    message = None
    if out.suffix.lower() in NOT_A_FOLDER:
        message = f"{out.suffix} is not written; use .xlsx, .json or the name of a folder"
    elif out.suffix.lower() in (".xlsx", ".json") and out.is_dir():
        message = "this is a folder; name a file"
    elif out.suffix.lower() not in (".xlsx", ".json") and out.is_file():
        message = "this is a file; name a folder for the CSV files, or use .xlsx or .json"
    elif out.is_file():
        try:
            with out.open("r+b"):
                pass
        except OSError as error:
            message = f"cannot be written ({error.strerror}); close it if it is open, or choose another name"
    if message:
        raise InputError([Finding("error", str(out), None, None, message)])


class _progress:
    """A progress bar on a terminal, nothing elsewhere; gives the callback for ``solve``."""

    def __init__(self, console: Console, total: int, quiet: bool):
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        self.task = self.bar.add_task("goods", total=total)

    def __enter__(self) -> Any:
        self.bar.start()

        def advance(good: str, done: int, total: int) -> None:
            self.bar.update(self.task, completed=done, total=total, description=good)

        return advance

    def __exit__(self, *_: object) -> None:
        self.bar.stop()


class _study_progress:
    """A progress bar with points, points a second and the time left; gives the callback for ``study``."""

    def __init__(self, console: Console, quiet: bool):
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.computed = 0  # in this run, without those that were kept before
        self._first: tuple[int, float] | None = None
        self.bar = Progress(
            TextColumn("points"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
            speed_estimate_period=600.0,  # chunks come in bursts
        )
        self.task = self.bar.add_task("", total=None)

    def __enter__(self) -> _study_progress:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def __call__(self, done: int, total: int) -> None:
        now = time.perf_counter()
        if self._first is None:
            self._first = done, now
            self.bar.reset(self.task, total=total, completed=done)
        kept, start = self._first
        self.computed = done - kept
        rate = f"{self.computed / (now - start):,.1f} points/s" if self.computed else ""
        self.bar.update(self.task, completed=done, total=total, description=rate)


def _console(stream: Any) -> Console:
    from rich.console import Console

    plain = Console(file=stream)
    return plain if plain.is_terminal else Console(file=stream, width=140)


def _print_findings(findings: Sequence[Finding], quiet: bool, stream: Any) -> None:
    shown = [finding for finding in dict.fromkeys(findings) if not quiet or finding.severity == "error"]
    order = {"error": 0, "warning": 1, "info": 2}
    shown.sort(key=lambda finding: order[finding.severity])
    for finding in shown[:MOST_FINDINGS]:
        print(finding, file=stream)
    if len(shown) > MOST_FINDINGS:
        print(f"… and {len(shown) - MOST_FINDINGS:,} more of the kind", file=stream)
    errors = sum(finding.severity == "error" for finding in shown)
    if errors:
        print(f"{errors} error{'s' if errors > 1 else ''}; nothing was computed", file=stream)


def _print_summary(result: Result, seconds: float, written: Sequence[Path]) -> None:
    from rich import box
    from rich.table import Table

    from resilience.schema import STATUS_WORDS
    from resilience.words import percent, weakest_links

    colours = {"met": "green", "shift": "cyan", "raise": "yellow", "build": "magenta", "none": "red"}
    console = _console(sys.stdout)
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
    table.add_column("members that must change (today → needed)")
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
        f"limit {certificate['tolerance']:.0e}); {counts.get('warning', 0)} warnings and "
        f"{counts.get('info', 0)} remarks in the table findings; {seconds:.1f} s",
        highlight=False,
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
        texts[MOST_RESTS - 1] += f"; and {more} more goods, see the table rests_on"
    return texts[:MOST_RESTS]


def _wrapped(parts: list[str], width: int) -> str:
    """The parts joined by commas, broken between parts only."""
    whole = ", ".join(part.replace(" ", "\u00a0") for part in parts)
    return "\n".join(textwrap.wrap(whole, max(30, width))).replace("\u00a0", " ")


COMMANDS = {
    "check": _check,
    "run": _run,
    "compare": _compare,
    "study": _study,
    "frontier": _frontier,
    "content": _content,
}
