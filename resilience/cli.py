"""The command line: every command is a module of :mod:`resilience.commands`."""

from __future__ import annotations

import argparse
import logging
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from resilience.commands.run import EPILOG
from resilience.commands.terminal import BAD_INPUT, FAULT, NOT_OPTIMAL, SOLVED, at_option, print_findings

COMMANDS = (
    "check",
    "run",
    "compare",
    "study",
    "frontier",
    "burden",
    "sanctions",
    "threat",
    "tiers",
    "content",
    "template",
    "report",
    "explore",
)  # in the order of the help


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
    for name in COMMANDS:
        _command(name).add(commands)
    return top


def _command(name: str) -> Any:
    return import_module(f"resilience.commands.{name}")


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

    logging.getLogger("pyomo").setLevel(logging.CRITICAL)  # what it logs as an error it raises as well
    try:
        return _command(options.command).run(options)
    except InputError as error:
        print_findings([at_option(found, options) for found in error.findings], options.quiet, sys.stderr)
        return BAD_INPUT
    except SolverError as error:
        print(f"not solved: {error}", file=sys.stderr)
        return NOT_OPTIMAL
    except KeyboardInterrupt:
        print("stopped; no file was left half written", file=sys.stderr)
        return 130
    except Exception:  # the last line of defence: say whose fault it is
        traceback.print_exc()
        print("this is a fault of the program, not of your input; please report it", file=sys.stderr)
        return FAULT


def _version() -> int:
    from resilience.families import versions

    for name, number in versions().items():
        print(name, number)
    return SOLVED
