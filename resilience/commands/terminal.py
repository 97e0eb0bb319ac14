"""What the commands share: the options of a case, progress, findings, and exit statuses."""

from __future__ import annotations

import argparse
import os
import re
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any

from resilience.errors import counted

if TYPE_CHECKING:
    from rich.console import Console

    from resilience.errors import Finding
    from resilience.inputs.case import Case
    from resilience.results import Result

SOLVED, FAULT, BAD_INPUT, NOT_OPTIMAL = 0, 1, 2, 3
MOST_FINDINGS = 200
MOST_NAMED = 10  # members or rows of one good in a group of findings
SUBJECT = re.compile(r"\A([a-z]\w*)(?: \d{4})?: (?:([A-Z]{3}): )?")  # "wheat 2021: CAN: …"
NUMBER = r"-?\b\d[\d.,]*\b(?: ?%| t\b| kUSD\b)?"
CODES = rf"\b[A-Z]{{3}}\b(?: by {NUMBER})?"
VARIES = re.compile(rf"({CODES}(?:, {CODES})*(?:, \d+ more by less)?|{NUMBER})")  # within a kind of finding
HANGING: Any = {"initial_indent": "  ", "subsequent_indent": "    ", "break_long_words": False}
PICTURES = (".png", ".svg")
RESULT_OR_PICTURE = "NAME.xlsx, NAME.json, a folder for CSV files, or NAME.png, NAME.svg for the picture"
EVERY = 10.0  # seconds between two lines on progress where there is no terminal
NOT_A_FOLDER = {".csv", ".xls", ".xlsm", ".ods", ".txt", ".parquet", ".xml", ".html", ".pdf", ".png", ".svg"}


def add_command(commands: Any, name: str, short: str, description: str, epilog: str = "") -> Any:
    """Declare a command; ``short`` stands in the list of commands, the other texts keep their lines."""
    return commands.add_parser(
        name,
        help=short,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_list(command: argparse.ArgumentParser, option: str, what: str) -> None:
    """An option that takes names separated by commas, also several times."""
    command.add_argument(option, action="append", default=[], metavar="A,B", type=_names, help=what)


def _names(text: str) -> str:
    """A text that names something: an empty list would silently stand for everything."""
    if not split([text]):
        raise argparse.ArgumentTypeError(f"'{text}' names nothing; name at least one, or leave the option out")
    return text


def add_out(command: argparse.ArgumentParser, what: str, required: bool = False) -> None:
    """Where to write."""
    command.add_argument("--out", metavar="PATH", type=Path, required=required, help=what)


def add_case_arguments(command: argparse.ArgumentParser, what: str = "case file (.toml)") -> None:
    """The case and what may be changed of it for one run."""
    command.add_argument("case", metavar="CASE", type=Path, help=f"{what}, see models/")
    add_list(command, "--goods", "only these goods or categories (food, energy, military)")
    add_list(
        command,
        "--members",
        "members that must survive: country codes or a coalition, in place of the case's",
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
    command.add_argument(
        "--inputs",
        metavar="FORM",
        type=Path,
        help="a filled form (.xlsx) of resilience template, whose values go over the case and its data",
    )
    add_quiet(command)


def add_quiet(command: argparse.ArgumentParser) -> None:
    """The option that leaves out all but errors."""
    command.add_argument("--quiet", action="store_true", help="print errors only")


def add_workers(command: argparse.ArgumentParser) -> None:
    """The number of processes."""
    command.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="solve goods in N processes (default: up to 4 where it pays); changes no number",
    )


def check_workers(workers: int | None) -> None:
    """Refuse less than one process."""
    from resilience.errors import Finding, InputError

    if workers is not None and workers < 1:
        raise InputError([Finding("error", "--workers", None, None, "at least one process is needed")])


def load_case(options: argparse.Namespace) -> Case:
    """The case with what the options change."""
    from resilience.inputs.case import load

    return load(
        options.case,
        overrides=options.overrides,
        goods=split(options.goods),
        members=split(options.members),
        year=options.year,
        inputs=options.inputs,
    )


def decimal(text: str) -> float:
    """A number of the command line."""
    from resilience.inputs.suggestions import number_hint

    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number{number_hint(text)}") from None


def at_option(finding: Finding, options: argparse.Namespace) -> Finding:
    """A finding about a key of the case file at the option that gave it, if one did."""
    key = finding.column or ""
    if not finding.table.endswith(".toml") or not key:
        return finding
    of_key = {name: name for name in ("goods", "members", "year")} | {"compare": "regions"}
    if getattr(options, of_key.get(key, ""), None):
        return replace(finding, table=f"--{of_key[key]}", column=None)
    for text in reversed(getattr(options, "overrides", None) or []):
        name = text.partition("=")[0].strip()
        if key == name or key.startswith((f"{name}.", f"{name}[")):
            what = "" if key == name else f"{key}: "
            return replace(finding, table=f"--set {text}", column=None, message=what + finding.message)
    return finding


def split(texts: list[str]) -> list[str]:
    """The names in lists separated by commas."""
    return [name.strip() for text in texts for name in text.split(",") if name.strip()]


def default_workers(case: Case, times: int = 1) -> int:
    """One process for small cases, where starting others takes longer than it saves; ``times`` they are solved."""
    work = times * len(case.goods) * len(case.members) * len(case.file.cutoffs)
    return 1 if work < 150 else min(4, os.cpu_count() or 1)


def _holds_other_things(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir()) and not (folder / "meta.json").is_file()


def check_target(out: Path | None, pictures: Sequence[str] = (), *, resumes: bool = False) -> None:
    """Refuse before the work is done a target that cannot be meant; ``pictures`` are suffixes taken as well.

    A folder of a command that ``resumes`` is looked at by whoever goes on in it.
    """
    from resilience.errors import Finding, InputError

    if out is None:
        return
    message = None
    if out.suffix.lower() in NOT_A_FOLDER - {*pictures}:
        message = (
            f"{out.suffix} is not written; use {', '.join(('.xlsx', '.json', *pictures))} or the name of a folder"
        )
    elif out.suffix.lower() in (".xlsx", ".json") and out.is_dir():
        message = "this is a folder; name a file"
    elif out.suffix.lower() not in (".xlsx", ".json", *pictures) and not resumes and _holds_other_things(out):
        message = "this folder holds other files; name a new one, or one that holds an earlier result"
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


def write(result: Result, out: Path, compare: Path | None = None, study: Path | None = None) -> list[Path]:
    """Write the result and give the files; none, with a word why, if the target does not take it.

    A workbook may hold what differs from an earlier one, ``compare``, and the ``study`` of a folder.
    """
    from resilience.errors import InputError

    try:
        if out.suffix.lower() == ".xlsx" and (compare is not None or study is not None):
            return result.to_excel(out, compare=compare, study=study)
        result.write(out)
    except InputError as error:
        for finding in error.findings:
            print(finding, file=sys.stderr)
    except OSError as error:
        print(f"error: {out}: cannot be written ({error.strerror or error})", file=sys.stderr)
    else:
        return [out]
    print("the case was computed, but nothing was written", file=sys.stderr)
    return []


def save(out: Path, write_it: Callable[[], object], quiet: bool, more: str = "") -> int:
    """Write, say where, and give the exit status; a target that does not take it is named with the reason."""
    try:
        write_it()
    except OSError as error:
        print(f"error: {out}: cannot be written ({error.strerror or error})", file=sys.stderr)
        return BAD_INPUT
    if not quiet:
        print(f"written: {out}{more}")
    return SOLVED


def finish(found: Result, out: Path | None, quiet: bool, draw: Callable[[Path], object]) -> int:
    """Write a result, or its picture with ``draw`` where the suffix asks for one, and give the exit status."""
    if out is None:
        return SOLVED
    if out.suffix.lower() in PICTURES:
        return save(out, lambda: draw(out), quiet)
    if not write(found, out):
        return BAD_INPUT
    if not quiet:
        print(f"written: {out}")
    return SOLVED


class Progress:
    """How far the work is: a bar on a terminal, elsewhere a line every ten seconds, nothing if ``quiet``.

    Entered it gives the callback (name, done, total). ``total`` None: the first call says it, with what was done
    before. The work goes ``rounds`` times through as many; a round begins where ``done`` falls back.
    """

    def __init__(self, console: Console, total: int | None, quiet: bool, *, what: str = "goods", rounds: int = 1):
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.what = what
        self.first = self.done = 0
        self.total = None if total is None else total * rounds
        self.start = self.last = monotonic()
        self._rounds, self._round, self._of_round = rounds, 0, 0
        self._stream = console.file
        self._told = Event()
        self._teller = None if quiet or console.is_terminal else Thread(target=self._tell, daemon=True)
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
            speed_estimate_period=600.0,  # what is done comes in bursts
        )
        self.task = self.bar.add_task(what, total=self.total)

    def __enter__(self) -> Any:
        self.bar.start()
        if self._teller is not None:
            self._teller.start()
        return self.advance

    def __exit__(self, *_: object) -> None:
        self.bar.stop()
        self._told.set()
        if self._teller is not None:
            self._teller.join()

    @property
    def now_done(self) -> int:
        """What was done since the start, without what was done before."""
        return self.done - self.first

    def advance(self, name: str, done: int, total: int) -> None:
        """The callback: ``done`` of ``total``, last the one called ``name``."""
        if self.total is None:
            self.first, self.start = done, monotonic()
            self.bar.reset(self.task, total=total, completed=done)
        if self._rounds > 1 and done <= self._of_round:
            self._round += 1
        self._of_round, self.last = done, monotonic()
        self.done, self.total = self._round * total + done, self._rounds * total
        self.bar.update(self.task, completed=self.done, total=self.total, description=name or self.what)

    def line(self) -> str:
        """How far the work is, in words."""
        now = monotonic()
        if self.total is None:
            return f"{self.what}: {duration(now - self.start)} so far"
        text = f"{self.done:,} of {self.total:,} {self.what}"
        if 0 < self.total <= self.done:
            return f"{text}; what follows from them is being worked out, {duration(now - self.start)} so far"
        if self.now_done:
            each = (self.last - self.start) / self.now_done
            left = each * (self.total - self.done) - (now - self.last)
            if left > 0:
                return f"{text}, about {duration(left)} left"
        return f"{text}, {duration(now - self.start)} so far"

    def _tell(self) -> None:
        while not self._told.wait(EVERY):
            print(self.line(), file=self._stream, flush=True)


def progress_of(case: Case, options: argparse.Namespace) -> Progress:
    """The progress of solving a case, with the regions that it compares."""
    rounds = 1 + len(case.file.compare)
    what = "goods" if rounds == 1 else "goods, one region after the other"
    return Progress(console_of(sys.stderr), len(case.goods), options.quiet, what=what, rounds=rounds)


def frontiers_of(case: Case, result: Result, options: argparse.Namespace) -> Result:
    """The result with how shares fall with stocks; without it where the case leaves out what numbers rest on."""
    from resilience.calculator import MOST_FRONTIERS, with_frontiers

    if not case.file.rests:
        return result
    goods = len(result.matter_most(MOST_FRONTIERS))
    with Progress(console_of(sys.stderr), goods, options.quiet, what="goods over stocks") as advance:
        workers = options.workers or default_workers(case, goods)
        return with_frontiers(case, result, workers=workers, progress=advance)


def duration(seconds: float) -> str:
    """``40 s``, ``3 min``, ``1.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def console_of(stream: Any) -> Console:
    """A console as wide as the terminal; 140 characters where there is none."""
    from rich.console import Console

    plain = Console(file=stream)
    return plain if plain.is_terminal else Console(file=stream, width=140)


def print_findings(findings: Sequence[Finding], quiet: bool, stream: Any, each: bool = False) -> None:
    """Findings, worst first: errors one by one, others as one where only place and figures differ.

    One by one as well if ``each``; only errors if ``quiet``.
    """
    shown = [finding for finding in dict.fromkeys(findings) if not quiet or finding.severity == "error"]
    order = {"error": 0, "warning": 1, "info": 2}
    shown.sort(key=lambda finding: order[finding.severity])
    errors = sum(finding.severity == "error" for finding in shown)
    if each:
        lines = [str(finding) for finding in shown]
    else:
        lines = [str(finding) for finding in shown[: min(errors, MOST_FINDINGS)]]
        if errors > MOST_FINDINGS:
            lines.append(f"… and {errors - MOST_FINDINGS:,} more errors")
        lines += _grouped(shown[errors:])
    for line in lines:
        print(line, file=stream)
    if errors:
        print(f"{counted(errors, 'error')}; nothing was computed", file=stream)


def _grouped(findings: Sequence[Finding]) -> list[str]:
    """A text for each kind of finding, with the goods, members and rows that it is about."""
    kinds: dict[tuple[Any, ...], list[tuple[Finding, list[str]]]] = {}
    for finding in findings:
        pieces = VARIES.split(SUBJECT.sub("", finding.message))
        key = (finding.severity, finding.table, finding.column, *pieces[::2])
        kinds.setdefault(key, []).append((finding, pieces))
    lines = []
    for alike in kinds.values():
        first = alike[0][0]
        if len(alike) == 1:
            lines.append(str(first))
            continue
        about: dict[str, list[str]] = {}
        for finding, _ in alike:
            subject = SUBJECT.match(finding.message)
            good, member = subject.groups() if subject else ("", None)
            names = about.setdefault(good, [])
            if member or finding.row is not None:
                names.append(member or f"row {finding.row}")
        where = "; ".join(
            f"{good} {', '.join(names[:MOST_NAMED])}{_more(names)}".strip() for good, names in about.items()
        )
        same = [
            texts[0] if len(set(texts)) == 1 else "…"
            for texts in zip(*(pieces for _, pieces in alike), strict=True)
        ]
        lines.append(str(replace(first, row=None, message="".join(same))))
        lines.append(textwrap.fill(f"{len(alike):,} times: {where}", 120, **HANGING))
    return lines


def _more(names: Sequence[str]) -> str:
    return f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
