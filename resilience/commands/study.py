"""``resilience study``: many points of a case, kept in a folder."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resilience.commands.terminal import (
    BAD_INPUT,
    FAULT,
    SOLVED,
    Progress,
    add_case_arguments,
    add_command,
    add_out,
    check_target,
    check_workers,
    console_of,
    split,
)

if TYPE_CHECKING:
    import pandas as pd

    from resilience.studies.runner import Study

EPILOG = """\
[study] in a case file, or in a file of its own with case = "CASE.toml":
  [study]
  design = "sobol"       grid, one_at_a_time, latin_hypercube, sobol or morris
  points = 256           one_at_a_time: steps a factor; sobol: base samples; morris: paths
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


def add(commands: Any) -> None:
    """Declare the command."""
    command = add_command(
        commands,
        "study",
        short="many points: how the shares move with stocks, months, surge, …",
        description="Computes a case at many points and says what the shares depend on: tornado, heat map,\n"
        "indices with confidence intervals, verdicts, break-even and rules.",
        epilog=EPILOG,
    )
    add_out(
        command,
        "a folder that keeps the points as they get done, with tables, workbook and pictures; or NAME.xlsx, "
        "NAME.json",
        required=True,
    )
    command.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes (default: one for each processor); changes no number",
    )
    command.add_argument(
        "--scheduler", metavar="ADDRESS", help="compute on the Dask cluster of the scheduler tcp://HOST:PORT"
    )
    command.add_argument("--points", type=int, metavar="N", help="in place of points in [study]")
    command.add_argument("--seed", type=int, metavar="N", help="in place of seed in [study]")
    add_case_arguments(command, "case file with [study], or a study file (.toml)")


def run(options: argparse.Namespace) -> int:
    """Compute the points that are missing and write what they say."""
    from resilience.studies.runner import StudyStopped, WrongVersions, study
    from resilience.studies.study_file import read_study

    check_workers(options.workers)
    check_target(options.out, resumes=True)
    start = time.perf_counter()
    case, spec = read_study(
        options.case,
        overrides=options.overrides,
        goods=split(options.goods),
        members=split(options.members),
        year=options.year,
        points=options.points,
        seed=options.seed,
        inputs=options.inputs,
    )
    store = None if options.out.suffix.lower() in (".xlsx", ".json") else options.out
    logging.getLogger("resilience").addHandler(logging.StreamHandler(sys.stderr))
    progress = Progress(console_of(sys.stderr), None, options.quiet, what="points")
    try:
        with progress as advance:
            found = study(
                case,
                spec,
                out=store,
                workers=options.workers,
                scheduler=options.scheduler,
                progress=lambda done, total: advance("", done, total),
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
        tables, written = _write_study(found, options.out)
    except OSError as error:
        print(f"error: {options.out}: cannot be written ({error.strerror or error})", file=sys.stderr)
        return BAD_INPUT
    if not options.quiet:
        _print_study(found, tables, progress.now_done, seconds, written)
    return SOLVED


def _write_study(found: Study, out: Path) -> tuple[dict[str, pd.DataFrame], list[Path]]:
    """Tables, workbook and pictures of a study; gives the tables and what a reader would open."""
    import tempfile

    from resilience.results import Result
    from resilience.studies.pictures import study_pictures
    from resilience.studies.tables import study_tables
    from resilience.studies.workbook import write_study_workbook

    tables = study_tables(found.points, found.outcomes, found.meta)
    if out.suffix.lower() == ".json":
        Result(found.meta, tables).to_json(out)
        return tables, [out]
    if out.suffix.lower() == ".xlsx":
        with tempfile.TemporaryDirectory() as folder:
            pictures = study_pictures(found.points, found.outcomes, found.meta, tables, folder)
            return tables, write_study_workbook(tables, found.meta, out, pictures)
    Result(found.meta, tables).to_csv(out / "tables")
    pictures = study_pictures(found.points, found.outcomes, found.meta, tables, out / "pictures")
    books = write_study_workbook(tables, found.meta, out / "study.xlsx", pictures)
    return tables, [*books, out / "tables", *([out / "pictures"] if pictures else [])]


def _print_study(
    found: Study, tables: Mapping[str, pd.DataFrame], computed: int, seconds: float, written: Sequence[Path]
) -> None:
    from resilience.schema import STATUS_WORDS
    from resilience.studies.tables import failures, headlines

    console = console_of(sys.stdout)
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
    for sentence in headlines(tables, meta):
        console.print(sentence, highlight=False, markup=False)
    for path in written:
        console.print(f"written: {path}", highlight=False, markup=False)
    if loud := failures(found.outcomes):
        console.print(loud, style="bold red", highlight=False, markup=False)
