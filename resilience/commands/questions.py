"""What the commands burden, sanctions, threat and tiers share: their options, what they show, and ``--with``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from resilience.commands.terminal import (
    PICTURES,
    RESULT_OR_PICTURE,
    Progress,
    add_case_arguments,
    add_command,
    add_list,
    add_out,
    add_workers,
    check_target,
    check_workers,
    console_of,
    default_workers,
    finish,
    load_case,
)

if TYPE_CHECKING:
    from resilience.inputs.case import Case
    from resilience.results import Result

RESULT = "NAME.xlsx, NAME.json, or a folder for CSV files"


def add_question(commands: Any, name: str, *, pictured: bool = True, workers: bool = True, **texts: str) -> Any:
    """Declare a command about a case; ``texts`` as :func:`~resilience.commands.terminal.add_command` takes them.

    ``pictured`` if its result may be drawn, ``workers`` if it solves goods.
    """
    command = add_command(commands, name, **texts)
    add_out(command, RESULT_OR_PICTURE if pictured else RESULT)
    if workers:
        add_workers(command)
    add_case_arguments(command)
    return command


def case_of(options: argparse.Namespace, pictured: bool = True) -> Case:
    """The case, after what cannot be meant is refused."""
    check_workers(getattr(options, "workers", None))
    check_target(options.out, PICTURES if pictured else ())
    return load_case(options)


def show(found: Result, options: argparse.Namespace, table: Callable[[Any], None]) -> int:
    """Print what was found, first its ``table``, write it where the options say so, and give the exit status."""
    from resilience.economics.handed_over import draw

    if not options.quiet:
        table(found)
        _print_short(found)
    return finish(found, options.out, options.quiet, lambda path: draw(found, path))


def _print_short(found: Result) -> None:
    """The answers in short, and what was noticed."""
    from resilience.economics.burden_words import YEAR_COLUMNS
    from resilience.economics.handed_over import QUESTIONS, about
    from resilience.errors import counted

    console = console_of(sys.stdout)
    for name, text in QUESTIONS[about(found)].headlines(found.tables, found.meta):
        console.print(f"{name}: {text}", highlight=False, markup=False)
    findings = found.tables["findings"]
    if about(found) == "burden":
        counts, certificate = findings["severity"].value_counts(), found.meta["certificate"]
        console.print(
            f"{certificate['optima']:,} optima, each certified (worst residual "
            f"{certificate['worst_residual']:.0e}); {counted(counts.get('warning', 0), 'warning')} and "
            f"{counted(counts.get('info', 0), 'remark')} in the table findings",
            highlight=False,
        )
        return
    findings = findings[~findings["column"].isin(YEAR_COLUMNS)]  # said above
    for row in findings[findings["severity"] == "warning"].itertuples():
        console.print(f"warning: {row.message}", highlight=False, markup=False)


# -- beside a result ---------------------------------------------------------------------------------------


def add_with(command: argparse.ArgumentParser) -> None:
    """The option that puts these questions beside a result."""
    add_list(
        command,
        "--with",
        "also the tables of burden, sanctions, threat, tiers, all or some; they stand beside the result's own. "
        "tiers takes long, see resilience tiers --help",
    )


def asked(case: Case, names: Sequence[str]) -> list[str]:
    """What is asked for beside the result, in the order in which it is computed; refuses what cannot be."""
    from resilience.economics.sanction_losses import target_of
    from resilience.economics.threats import targets_of
    from resilience.errors import Finding, InputError
    from resilience.schema import BESIDE

    message = f"is none of {', '.join(BESIDE)}"
    wrong = [Finding("error", "--with", None, None, f"{name!r} {message}") for name in names if name not in BESIDE]
    if wrong:
        raise InputError(wrong)
    if {"sanctions", "tiers"} & set(names):
        target_of(case)
    if "threat" in names:
        targets_of(case)
    return [name for name in BESIDE if name in names]


def beside(case: Case, result: Result, names: Sequence[str], options: argparse.Namespace) -> Result:
    """The result with the tables that are asked for beside its own."""
    from resilience.economics.burden import Burden, burden
    from resilience.economics.partner_tiers import tiers_in
    from resilience.economics.security import sanctions, threat, tiers

    console = console_of(sys.stderr)
    found: list[Result] = []
    cost: Burden | None = None
    if "burden" in names:
        with Progress(console, len(case.goods), options.quiet, what="goods costed") as advance:
            cost = burden(case, result, progress=advance)
        found.append(cost)
    if "sanctions" in names:
        found.append(sanctions(case, result=result, burden=cost))
    if "threat" in names:
        found.append(threat(case))
    if "tiers" in names:
        regions = len(tiers_in(case))
        with Progress(console, regions + 1, options.quiet, what="regions") as advance:
            workers = options.workers or default_workers(case, regions)
            found.append(tiers(case, workers=workers, progress=advance))
    return result.with_tables(*found)
