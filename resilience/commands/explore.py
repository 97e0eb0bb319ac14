"""``resilience explore``: a page on this machine to move assumptions and see the requirement change."""

from __future__ import annotations

import argparse
import logging
import sys
from typing import Any

from resilience.commands.terminal import BAD_INPUT, SOLVED, add_case_arguments, load_case

EPILOG = """\
examples:
  resilience explore models/g7-china.toml --goods military
      prints an address; open it in a browser, move a slider, end with Ctrl-C

The page is served to this machine alone (127.0.0.1) and loads nothing from elsewhere.
Needs Dash: python -m pip install ".[explore]"
"""


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "explore",
        help="move assumptions on a page of this machine and see the requirement change",
        description="Serves a page on which stocks, restraint, surge, horizon and the countries cut can be moved.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--port", type=int, default=0, metavar="N", help="port (default: any that is free)")
    command.add_argument("--open", action="store_true", help="open the page in the browser")
    add_case_arguments(command)


def run(options: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C."""
    from resilience.errors import Finding, InputError

    if not 0 <= options.port <= 65535:
        raise InputError([Finding("error", "--port", None, None, "name a port between 0 and 65535")])
    try:
        from resilience.handoff.explore import server
    except ImportError as error:
        message = f'the page needs Dash ({error}): python -m pip install ".[explore]"'
        raise InputError([Finding("error", "explore", None, None, message)]) from error
    case = load_case(options)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    try:
        serving = server(case, options.port)
    except OSError as error:
        print(f"error: --port {options.port}: {error.strerror or error}; choose another", file=sys.stderr)
        return BAD_INPUT
    address = f"http://{serving.host}:{serving.port}/"
    print(f"serving {address} – end with Ctrl-C", flush=True)
    if options.open:
        import webbrowser

        webbrowser.open(address)
    with serving:
        serving.serve_forever()
    return SOLVED
