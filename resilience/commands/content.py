"""``resilience content``: the value content of products by rules of origin."""

from __future__ import annotations

import argparse
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resilience.commands.terminal import (
    SOLVED,
    add_command,
    add_out,
    add_quiet,
    console_of,
    decimal,
    print_findings,
    save,
)

if TYPE_CHECKING:
    from resilience.results import Result

EPILOG = """\
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


def add(commands: Any) -> None:
    """Declare the command."""
    command = add_command(
        commands,
        "content",
        short="the value content of products by rules of origin",
        description="Computes the originating share of a product's value from its bill of materials,\n"
        "says whether it meets a rule, what is missing and the cheapest shift of origins.",
        epilog=EPILOG,
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
    command.add_argument("--threshold", metavar="X", type=decimal, help="least share, 0.6 for 60 %%")
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
        type=decimal,
        help="share of non-originating value that does no harm (default: 0)",
    )
    command.add_argument(
        "--stage-threshold",
        metavar="X",
        type=decimal,
        help="share a stage must have to qualify itself (default: the rule's, else the product's threshold)",
    )
    command.add_argument("--whole", action="store_true", help="shift items wholly or not at all")
    add_out(command, "write the answers as NAME.csv, or all tables as NAME.json")
    add_quiet(command)


def run(options: argparse.Namespace) -> int:
    """Print the answers for each product."""
    from resilience.errors import Finding, InputError
    from resilience.origins.content import assess, make_rule, read_bom

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
    print_findings(findings, options.quiet, sys.stderr)
    result = assess(products, rule, whole=options.whole, bom=options.bom.name)
    if not options.quiet:
        _print_content(result)
    return SOLVED if out is None else save(out, lambda: _write(result, out), options.quiet)


def _write(result: Result, out: Path) -> None:
    if out.suffix.lower() == ".json":
        result.to_json(out)
    else:
        from resilience.files import write_csv

        write_csv(result.tables["content"], out)


def _print_rules() -> None:
    from resilience.origins.content import presets

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
    console_of(sys.stdout).print(table)


def _usd(number: float) -> str:
    return f"{number:,.2f} USD".replace(".00 ", " ")
