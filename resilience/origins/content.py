"""Value content of a good by the rules of origin: what counts as originating, what is missing, the cheapest shift.

A bill of materials is a tree. A *bought* item has a price; a *stage* is an item into which others go, its own
value is the processing alone, and its full value is that plus the full values of what goes in. From the leaves up,
each item hands a non-originating value to the item or product it goes into:

* a bought item all of its price, unless its origin is in the area whose materials count; undetermined origin
  never is,
* a stage that qualifies itself nothing with roll-up, without it what its inputs hand on,
* a stage that does not qualify what its inputs hand on where its processing counts (see below), else its full
  value.

A stage qualifies if it is made in the area and its inputs hand on at most max(1 − threshold, de minimis) of its
full value. Area: the zone; with bilateral cumulation just the exporting and the importing country. Processing in a
stage that does not qualify counts if it is done in the area, in the country of the next stage; with full
cumulation anywhere in the zone.

With VNM, the sum handed to the product, and VOM = cost of its materials − VNM the content is (TV − VNM) / TV,
(NC − VNM) / NC, (AV − VNM) / AV or VOM / AV: USMCA Article 4.5 for the first two, RCEP Article 3.5(1) for the last
two. Rules on procurement take the cost of components CC in place of a price: (CC − VNM) / CC.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from resilience.errors import Finding, InputError, SolverError, errors_in
from resilience.inputs.dataset import convert, read_cells
from resilience.inputs.suggestions import country_meant, nearest
from resilience.results import Result
from resilience.schema import STATUSES, Column, Table
from resilience.solver import minimise_mixed

Row = dict[str, Any]
EDGE = 1e-7  # shares this near to a threshold are taken as equal to it
METHODS = {
    "transaction-value": "transaction_value_usd",
    "net-cost": "net_cost_usd",
    "build-down": "adjusted_value_usd",
    "build-up": "adjusted_value_usd",
    "component-cost": "",
}
CUMULATIONS = ("bilateral", "diagonal", "full")
PRODUCT_COLUMNS = ("destination", "transaction_value_usd", "net_cost_usd", "adjusted_value_usd")
CODES = ("origin", "destination", "alternative_origin")

BOM = Table(
    "bom",
    "Bill of materials",
    "A row without item is the product; one with item but no value_usd is a further alternative for the item.",
    (
        Column("product", "text", "", "the good whose content is asked for"),
        Column("item", "text", "", "material or stage; blank in the product's own row", False),
        Column("parent", "text", "", "item it goes into; blank: straight into the product", False),
        Column(
            "origin", "text", "", "ISO alpha-3 code; of a stage or product: where made; blank: undetermined", False
        ),
        Column(
            "value_usd", "amount", "USD", "price of what is bought; of a stage or product its processing", False
        ),
        Column("transaction_value_usd", "amount", "USD", "product: TV, the price paid", False),
        Column("net_cost_usd", "amount", "USD", "product: NC, the net cost", False),
        Column("adjusted_value_usd", "amount", "USD", "product: AV, the adjusted or FOB value", False),
        Column("destination", "text", "", "product: importing country, for bilateral cumulation", False),
        Column("alternative_origin", "text", "", "where the item could come from or be made instead", False),
        Column("extra_cost_usd", "amount", "USD", "what all of the item would cost more from there", False),
        Column("status", "text", "", "how sure the row is", False, STATUSES),
        Column("source", "text", "", "where the figures come from", False),
    ),
    ("product", "item"),
)

RESULTS = {
    table.name: table
    for table in (
        Table(
            "content",
            "Value content",
            "One row for each product and method.",
            (
                Column("product", "text", "", "the good"),
                Column("method", "text", "", "way of measuring"),
                Column(
                    "content_share", "number", "share of value_usd", "originating content; below 0 is possible"
                ),
                Column("threshold", "share", "share of value_usd", "what the rule asks for"),
                Column("passes", "flag", "", "whether the rule is met"),
                Column("reason", "text", "", "what decides"),
                Column("value_usd", "amount", "USD", "TV, NC, AV or cost of components"),
                Column("non_originating_usd", "amount", "USD", "VNM"),
                Column(
                    "missing_usd",
                    "amount",
                    "USD",
                    "non-originating value too much, or as much originating value too little",
                ),
                Column("non_originating_items", "text", "", "which, and why"),
                Column("shift_status", "text", "", "not needed, found, none suffices, no alternatives"),
                Column("shift_cost_usd", "amount", "USD", "least extra cost that meets the rule"),
                Column("shift_content_share", "number", "share of value_usd", "content after the shift"),
                Column("solved_as", "text", "", "LP or MILP"),
                Column("status", "text", "", "weakest status of the product's rows"),
            ),
            ("product", "method"),
        ),
        Table(
            "items",
            "Items",
            "What each item hands on; counted_usd adds up to the product's non_originating_usd.",
            (
                Column("product", "text", "", "the good"),
                Column("method", "text", "", "way of measuring"),
                Column("item", "text", "", "material or stage"),
                Column("parent", "text", "", "item it goes into; blank: the product"),
                Column("origin", "text", "", "country; blank: undetermined"),
                Column("full_value_usd", "amount", "USD", "price, or processing and all inputs"),
                Column("non_originating_usd", "amount", "USD", "handed to what it goes into"),
                Column("counted_usd", "amount", "USD", "part of the product's non-originating value"),
                Column("originating", "flag", "", "whether it originates itself"),
                Column("reason", "text", "", "why it does not"),
            ),
            ("product", "method", "item"),
        ),
        Table(
            "shifts",
            "Cheapest shift of origins",
            "Which items move, where a shift is needed and suffices.",
            (
                Column("product", "text", "", "the good"),
                Column("method", "text", "", "way of measuring"),
                Column("item", "text", "", "what moves"),
                Column("origin", "text", "", "from where; blank: undetermined"),
                Column("alternative_origin", "text", "", "to where"),
                Column("share_moved", "share", "share of the item", "how much of it"),
                Column("value_moved_usd", "amount", "USD", "at today's value"),
                Column("extra_cost_usd", "amount", "USD", "what that costs more"),
            ),
            ("product", "method", "item"),
        ),
    )
}


@dataclass(frozen=True)
class Rule:
    """A value content rule; thresholds, ``de_minimis`` and ``stage_threshold`` are shares of 1.

    ``methods`` maps each method to its threshold. ``exceeds``: equal to the threshold is not enough.
    ``processing``: the build-up method counts the product's own ``value_usd``, too.
    """

    name: str
    label: str
    zone: tuple[str, ...]
    methods: Mapping[str, float]
    cumulation: str = "diagonal"
    roll_up: bool = True
    de_minimis: float = 0.0
    exceeds: bool = False
    stage_threshold: float | None = None
    processing: bool = False
    source: str = ""
    simplifies: str = ""
    checked: str = ""


@dataclass(frozen=True)
class Item:
    """A node of the tree; values in USD, ``full`` with all inputs, ``alternatives`` origin → extra cost in USD."""

    name: str
    parent: str
    origin: str
    value: float
    full: float
    inputs: tuple[str, ...]
    alternatives: Mapping[str, float]


@dataclass(frozen=True)
class Product:
    """A product with its items, inputs before what they go into; ``values`` holds the row's amounts in USD."""

    name: str
    origin: str
    destination: str
    values: Mapping[str, float]
    items: Mapping[str, Item]
    status: str = ""

    @property
    def tops(self) -> list[Item]:
        """What goes straight into the product."""
        return [item for item in self.items.values() if not item.parent]


@dataclass(frozen=True)
class Traced:
    """What an item hands on (USD), whether it originates, why not, and whether its inputs are counted for it."""

    handed: float
    originating: bool
    reason: str
    looked_through: bool


@dataclass(frozen=True)
class Measure:
    """One product by one method, USD: the base, what counts besides it and the non-originating value allowed."""

    base: float
    credit: float  # content is (credit − VNM) / base
    allowed: float  # by the threshold; negative where even wholly originating materials fall short
    tolerated: float  # by the de minimis rule; minus infinity without one

    @property
    def limit(self) -> float:
        """The larger of the two."""
        return max(self.allowed, self.tolerated)


@dataclass(frozen=True)
class Shift:
    """A cheapest shift: item → (new origin, share moved), its extra cost in USD, and LP or MILP."""

    moves: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    cost: float = 0.0
    solved_as: str = "LP"


@cache
def presets() -> dict[str, Rule]:
    """The rules of content_rules.toml by name."""
    text = files("resilience.origins").joinpath("content_rules.toml").read_text(encoding="utf-8")
    return {
        name: Rule(name=name, **{**entry, "zone": tuple(entry["zone"])})
        for name, entry in tomllib.loads(text).items()
    }


def make_rule(
    name: str | None = None,
    *,
    method: str | None = None,
    threshold: float | None = None,
    zone: str | None = None,
    cumulation: str | None = None,
    roll_up: bool | None = None,
    de_minimis: float | None = None,
    stage_threshold: float | None = None,
) -> Rule:
    """A preset with parts of it replaced, or a rule of one's own; ``zone`` is a list of codes with commas.

    Raises :class:`InputError` with everything that does not fit.
    """
    findings: list[Finding] = []

    def refuse(option: str, message: str) -> None:
        findings.append(Finding("error", option, None, None, message))

    rule = presets().get(name or "", Rule("", "own rule", (), {}))
    if name and name not in presets():
        refuse("--rule", f'there is no rule "{name}"{nearest(name, presets())}')
    if method and method not in METHODS:
        refuse("--method", f'"{method}" is not a method{nearest(method, METHODS)}')
    if cumulation and cumulation not in CUMULATIONS:
        refuse("--cumulation", f'"{cumulation}" is not known{nearest(cumulation, CUMULATIONS)}')
    for option, share in (
        ("--threshold", threshold),
        ("--de-minimis", de_minimis),
        ("--stage-threshold", stage_threshold),
    ):
        if share is not None and not 0 <= share <= 1:
            refuse(option, f'"{share:g}" is not a share; give a number from 0 to 1, 0.6 for 60 %')
    codes = rule.zone if zone is None else tuple(dict.fromkeys(code.strip() for code in zone.split(",")))
    for code in codes:
        if code not in _iso():
            refuse("--zone", f'"{code}" is not an ISO 3166 alpha-3 code{_suggest(code)}')
    methods = dict(rule.methods)
    if not name:
        methods = {method or "transaction-value": threshold or 0.0}
        if threshold is None:
            refuse("--threshold", "is missing; give the share that is asked for, 0.6 for 60 %, or a rule (--rule)")
        if not codes and cumulation != "bilateral":
            refuse("--zone", "is missing; list the countries whose materials count, or name a rule (--rule)")
    elif method and method in METHODS:
        if threshold is None and method not in methods:
            refuse("--method", f"{name} has no threshold for {method}; its methods are {', '.join(methods)}")
        methods = {method: methods.get(method, 0.0)}
    if threshold is not None:
        methods = dict.fromkeys(methods, threshold)
    if errors_in(findings):
        raise InputError(findings)
    given = {
        "cumulation": cumulation,
        "roll_up": roll_up,
        "de_minimis": de_minimis,
        "stage_threshold": stage_threshold,
    }
    changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    return replace(rule, zone=codes, methods=methods, **changes)


@cache
def _iso() -> frozenset[str]:
    import pycountry  # slow to import

    return frozenset(country.alpha_3 for country in pycountry.countries)


def _suggest(code: str) -> str:
    guess = country_meant(code)
    return f'; write "{guess}"' if guess else "; use three capital letters such as DEU"


def read_bom(path: Path, rule: Rule) -> tuple[list[Product], list[Finding]]:
    """The products of a bill of materials, fit for ``rule``, and the warnings.

    Raises :class:`InputError` with every finding if one of them is an error.
    """
    findings: list[Finding] = []
    try:
        content = path.read_bytes()
    except OSError as error:
        message = f"cannot be read ({error.strerror}); name a CSV file, see docs/value-content.md"
        raise InputError([Finding("error", str(path), None, None, message)]) from None
    frame = read_cells(BOM, path, path.name, content, findings)
    products: list[Product] = []
    if frame is not None:
        for column in BOM.columns:
            frame[column.name], problems = convert(column, frame[column.name], {}, {})
            for position, message in problems:
                row = int(frame["_row"].iloc[position])
                findings.append(Finding("error", path.name, row, column.name, message))
        readable = not errors_in(findings)  # a figure that could not be read says nothing of sums
        rows: dict[str, list[Row]] = {}
        for record in frame.to_dict("records"):
            rows.setdefault(record["product"], []).append(record)
        for name in filter(None, rows):
            product = _Reader(name, rows[name], path.name, findings).product()
            if product is not None:
                products.append(product)
                if readable:
                    findings += _check_values(product, rule, path.name, rows[name])
        if not rows and readable:
            findings.append(
                Finding("error", path.name, None, None, "there is no row; add a product and its items")
            )
    if errors_in(findings):
        raise InputError(sorted(findings, key=lambda finding: finding.row or 0))
    return products, findings


def _given(row: Row, column: str) -> bool:
    return row[column] != "" and not pd.isna(row[column])


class _Reader:
    """Puts the rows of one product together and says everything that does not fit."""

    def __init__(self, name: str, rows: list[Row], file: str, findings: list[Finding]):
        self.name, self.rows, self.file, self.findings = name, rows, file, findings
        self.own: list[Row] = [row for row in rows if not row["item"]]
        self.items: list[Row] = []
        self.extra: list[Row] = []
        for row in rows:
            if row["item"]:
                further = _given(row, "alternative_origin") and not _given(row, "value_usd")
                (self.extra if further else self.items).append(row)

    def refuse(self, row: Row, column: str, message: str) -> None:
        """One more finding."""
        self.findings.append(Finding("error", self.file, int(row["_row"]), column, message))

    def product(self) -> Product | None:
        """The product; None if its tree cannot be put together."""
        self._check_cells()
        if not self.own:
            self.refuse(self.rows[0], "product", f"{self.name} has no row of its own; add one without item")
        for row in self.own[1:]:
            first = int(self.own[0]["_row"])
            self.refuse(row, "product", f"{self.name} has its own row already, row {first}; keep one of them")
        items: dict[str, Row] = {}
        for row in self.items:
            first = items.setdefault(row["item"], row)["_row"]
            if first != row["_row"]:
                self.refuse(row, "item", f"{row['item']} stands already in row {first}; keep one or rename it")
        alternatives = self._alternatives(items)
        return self._build(items, alternatives) if self._is_tree(items) and self.own else None

    def _check_cells(self) -> None:
        for row in self.rows:
            for column in CODES:
                if _given(row, column) and row[column] not in _iso():
                    code = row[column]
                    self.refuse(row, column, f'"{code}" is not an ISO 3166 alpha-3 code{_suggest(code)}')
        own = "belongs to an item, but item is blank; name the item"
        item = "belongs into the product's own row, where item is blank"
        further = "is not read in a row that adds an alternative; clear it, or give value_usd if this is the item"
        for rows, columns, message in (
            (self.own, ("parent", "alternative_origin", "extra_cost_usd"), own),
            (self.items, PRODUCT_COLUMNS, item),
            (self.extra, ("parent", "origin", *PRODUCT_COLUMNS), further),
        ):
            for row in rows:
                for column in columns:
                    if _given(row, column):
                        self.refuse(row, column, f'"{row[column]}" {message}')
        for row in self.items:
            if not _given(row, "value_usd"):
                name = row["item"]
                self.refuse(row, "value_usd", f"{name} has no value; give its price, or of a stage its processing")
        for row in [*self.items, *self.extra]:
            origin, cost = _given(row, "alternative_origin"), _given(row, "extra_cost_usd")
            if origin and not cost:
                self.refuse(
                    row, "extra_cost_usd", "is blank; say what the item would cost more from there, 0 if nothing"
                )
            elif cost and not origin:
                self.refuse(
                    row, "alternative_origin", "is blank; say from where the item would cost that much more"
                )

    def _alternatives(self, items: Mapping[str, Row]) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {name: {} for name in items}
        for row in [*self.items, *self.extra]:
            name, origin = row["item"], row["alternative_origin"]
            if not origin:
                continue
            if name not in items:
                self.refuse(row, "item", f"{name} has no row with a value_usd; add it{nearest(name, items)}")
            elif origin == items[name]["origin"]:
                self.refuse(
                    row, "alternative_origin", f'{name} comes from "{origin}" already; name another country'
                )
            elif origin in found[name]:
                self.refuse(row, "alternative_origin", f'"{origin}" is given twice for {name}; keep one of them')
            else:
                found[name][origin] = float(row["extra_cost_usd"])
        return found

    def _is_tree(self, items: Mapping[str, Row]) -> bool:
        sound = True
        seen: set[str] = set()
        for start, row in items.items():
            parent = row["parent"]
            if parent and parent not in items:
                hint = f"name an item or leave it blank for the product{nearest(parent, items)}"
                self.refuse(row, "parent", f'"{parent}" is not an item of {self.name}; {hint}')
                sound = False
            path: list[str] = []
            name = start
            while name in items and name not in seen:
                seen.add(name)
                path.append(name)
                name = items[name]["parent"]
            if name in path:
                circle = " goes into ".join([*path[path.index(name) :], name])
                self.refuse(
                    items[name], "parent", f"{circle}; parents must not lead in a circle, change one of them"
                )
                sound = False
        return sound

    def _build(self, items: Mapping[str, Row], alternatives: Mapping[str, Mapping[str, float]]) -> Product:
        below: dict[str, list[str]] = {name: [] for name in ("", *items)}
        for name, row in items.items():
            below[row["parent"]].append(name)
        built: dict[str, Item] = {}
        waiting = [(name, False) for name in reversed(below[""])]
        while waiting:  # a stack of one's own, since recursion has a depth and a bill of materials has none
            name, ready = waiting.pop()
            if not ready:
                waiting += [(name, True), *((child, False) for child in reversed(below[name]))]
                continue
            value = float(items[name]["value_usd"])
            full = value + sum(built[child].full for child in below[name])
            place = items[name]["parent"], items[name]["origin"]
            built[name] = Item(name, *place, value, full, tuple(below[name]), alternatives[name])
        own = self.own[0]
        values = {name: float(own[name]) for name in ("value_usd", *PRODUCT_COLUMNS[1:])}
        known = [row["status"] for row in self.rows if row["status"] in STATUSES]
        weakest = max(known, key=STATUSES.index, default="")
        return Product(self.name, own["origin"], own["destination"], values, built, weakest)


def _check_values(product: Product, rule: Rule, file: str, rows: list[Row]) -> Iterator[Finding]:
    """What the rule's methods need of the product's row."""
    row = next(int(row["_row"]) for row in rows if not row["item"])

    def refuse(column: str, message: str) -> Finding:
        return Finding("error", file, row, column, message)

    if rule.cumulation == "bilateral":
        for column, country in (("origin", product.origin), ("destination", product.destination)):
            if not country:
                yield refuse(column, "is blank, but bilateral cumulation needs both countries; fill it in")
    if not product.items and rule.methods.keys() & {"component-cost", "build-up"}:
        yield refuse("product", f"{product.name} has no items, so the method has nothing to count; add them")
        return
    methods = list(_methods(product, rule))
    if not methods:
        columns = list(dict.fromkeys(METHODS[method] for method in rule.methods))
        wanted = " or ".join(columns)
        yield refuse(
            columns[0], f"the method {' or '.join(rule.methods)} needs {wanted} of {product.name}; fill it in"
        )
    for method in methods:
        column = METHODS[method] or "value_usd"
        if rule.processing and method == "build-up" and np.isnan(product.values["value_usd"]):
            message = "is blank, but the rule's build-up method counts the product's own processing; fill it in"
            yield refuse("value_usd", message)
            continue
        measured = measure(product, rule, method)
        inputs = sum(item.full for item in product.tops)
        processing = product.values["value_usd"] if rule.processing and method == "build-up" else 0.0
        if measured.base <= 0:
            yield refuse(column, f"the value of {product.name} is zero; give what it is worth")
        elif inputs + processing > measured.base * (1 + EDGE):
            yield refuse(
                column,
                f"{product.name} costs more than itself: its inputs are worth {inputs + processing:,.2f} USD, it "
                f"is worth {measured.base:,.2f} USD; correct the value here or those of the items",
            )


def _methods(product: Product, rule: Rule) -> Iterator[str]:
    """The rule's methods for which the product's row has the value."""
    for method in rule.methods:
        if not METHODS[method] or not np.isnan(product.values[METHODS[method]]):
            yield method


def area(product: Product, rule: Rule) -> frozenset[str]:
    """The countries whose originating materials count for the product."""
    if rule.cumulation != "bilateral":
        return frozenset(rule.zone)
    pair = frozenset({product.origin, product.destination}) - {""}
    return pair & frozenset(rule.zone) if rule.zone else pair


def stage_limit(rule: Rule, method: str) -> float:
    """Share of its full value that a stage's inputs may hand on if it is to qualify itself."""
    threshold = rule.methods[method] if rule.stage_threshold is None else rule.stage_threshold
    return max(1 - threshold, rule.de_minimis)


def measure(product: Product, rule: Rule, method: str) -> Measure:
    """Base and allowance of the product in USD; the formulas stand at the top of the module."""
    materials = sum(item.full for item in product.tops)
    base = product.values[METHODS[method]] if METHODS[method] else materials
    credit = base
    if method == "build-up":
        credit = materials + (product.values["value_usd"] if rule.processing else 0.0)
    tolerated = rule.de_minimis * base if rule.de_minimis else -np.inf
    return Measure(base, credit, credit - rule.methods[method] * base, tolerated)


def passes(measured: Measure, rule: Rule, vnm: float) -> bool:
    """Whether the non-originating value (USD) is small enough."""
    edge = EDGE * measured.base
    within = vnm < measured.allowed - edge if rule.exceeds else vnm <= measured.allowed + edge
    return within or vnm <= measured.tolerated + edge


def trace(
    product: Product, rule: Rule, method: str, moves: Mapping[str, tuple[str, float]] | None = None
) -> dict[str, Traced]:
    """What every item hands on, in the order of ``product.items``; ``moves`` as in :class:`Shift`.

    Values stay today's: the extra cost of a move is not added to them.
    """
    moves = moves or {}
    counting = area(product, rule)
    outside = "outside the two countries" if rule.cumulation == "bilateral" else "outside the zone"
    place = {name: item.origin for name, item in product.items.items()}
    place |= {name: origin for name, (origin, _) in moves.items()}
    place[""] = product.origin
    traced: dict[str, Traced] = {}
    for item in product.items.values():
        if not item.inputs:
            home = item.origin in counting
            handed = 0.0 if home else item.full * (1 - moves.get(item.name, ("", 0.0))[1])
            reason = "" if home or not handed else (outside if item.origin else "undetermined origin")
            traced[item.name] = Traced(handed, home, reason, False)
            continue
        made = place[item.name]
        below = sum(traced[name].handed for name in item.inputs)
        qualifies = made in counting and below <= (stage_limit(rule, method) + EDGE) * item.full
        counts = made in counting and (rule.cumulation == "full" or made == place[item.parent])
        if qualifies and rule.roll_up:
            traced[item.name] = Traced(0.0, True, "", False)
        elif qualifies or counts:
            reason = "" if qualifies else "does not qualify itself, its inputs count"
            traced[item.name] = Traced(below, qualifies, reason, True)
        else:
            reason = (
                "does not qualify itself" if made in counting else (outside if made else "undetermined origin")
            )
            traced[item.name] = Traced(item.full, False, reason, False)
    return traced


def handed_on(product: Product, traced: Mapping[str, Traced]) -> float:
    """VNM: the non-originating value (USD) that reaches the product."""
    return sum(traced[item.name].handed for item in product.tops)


def candidates(product: Product, rule: Rule) -> dict[str, dict[str, float]]:
    """Item → origin → extra cost (USD) of the moves that can help; for a bought item the cheapest alone."""
    counting = area(product, rule)
    found: dict[str, dict[str, float]] = {}
    for item in product.items.values():
        useful = {origin: cost for origin, cost in item.alternatives.items() if origin in counting}
        if item.inputs:
            found[item.name] = useful
        elif item.origin not in counting and useful:
            best = min(useful, key=lambda origin: (useful[origin], origin))
            found[item.name] = {best: useful[best]}
    return {name: options for name, options in found.items() if options}


def cheapest_shift(product: Product, rule: Rule, method: str, whole: bool = False) -> Shift | None:
    """The least extra cost at which the product meets the rule, then the least value moved; None if nothing does.

    Bought items move in part (with ``whole``: all or nothing), stages all or nothing. It is a linear programme
    unless a stage can move, may or may not come to qualify itself, or ``whole`` is asked for; then it is a
    mixed-integer one. Every variable is a share, so that small stages are as exact as large ones. Raises
    :class:`SolverError` if the solver does not say "optimal".
    """
    options = candidates(product, rule)
    measured = measure(product, rule, method)
    target = measured.limit / measured.base
    if rule.exceeds:
        target = max(measured.allowed / measured.base - 2 * EDGE, measured.tolerated / measured.base)
    if product.origin not in area(product, rule):
        return None
    model = _Model(product, rule, method, options, whole)
    model.row({model.at["handed", item.name]: item.full / measured.base for item in product.tops}, high=target)
    largest = max((cost for costs in options.values() for cost in costs.values()), default=0.0) or 1.0
    problem = f"{product.name}, {method}, cheapest shift"
    extra, value = model.cost / largest, model.value / measured.base
    found = model.solve(extra, problem)
    if found is None:
        return None
    model.row(dict(enumerate(extra)), high=float(extra @ found) + 1e-9)
    found = model.solve(value, f"{problem}, least value moved")
    if found is None:
        raise SolverError("the cheapest shift was lost in the second stage", problem, (0, 0, 0))
    moves = model.moves(found)
    if not passes(measured, rule, handed_on(product, trace(product, rule, method, moves))):
        raise SolverError("the shift does not meet the rule when it is counted again", problem, (0, 0, 0))
    cost = sum(options[name][origin] * share for name, (origin, share) in moves.items())
    return Shift(moves, cost, "MILP" if any(model.integer) else "LP")


class _Model:
    """Columns and rows of the cheapest shift; every column lies between 0 and 1.

    ``handed`` is the share of its full value an item hands on, ``qualifies`` and ``counts`` are as in
    :func:`trace`, ``made`` says where a stage is made, ``beside`` that this is where the next stage is made. Less
    handed on is never worse, so lower bounds on ``handed`` are enough.
    """

    def __init__(
        self, product: Product, rule: Rule, method: str, options: Mapping[str, Mapping[str, float]], whole: bool
    ):
        self.product, self.options = product, options
        self.at: dict[tuple[str, ...], int] = {}
        self.low: list[float] = []
        self.high: list[float] = []
        self.integer: list[bool] = []
        self.costs: list[float] = []
        self.values: list[float] = []
        self.rows: list[tuple[dict[int, float], float, float]] = []
        counting = area(product, rule)
        stages = [item for item in product.items.values() if item.inputs]
        places = {"": [product.origin]}
        self.column("made", "", product.origin, low=1.0)
        for item in stages:
            places[item.name] = [item.origin, *options.get(item.name, {})]
            several = len(places[item.name]) > 1
            for origin in places[item.name]:
                cost = options.get(item.name, {}).get(origin, 0.0)
                moved = item.value if origin != item.origin else 0.0
                low = 0.0 if several else 1.0
                self.column("made", item.name, origin, low=low, integer=several, cost=cost, value=moved)
            self.row({self.at["made", item.name, origin]: 1.0 for origin in places[item.name]}, low=1.0, high=1.0)
        for item in product.items.values():
            if item.inputs:
                self.column("handed", item.name)
            elif item.name in options:
                (cost,) = options[item.name].values()
                self.column("handed", item.name, integer=whole, cost=-cost, value=-item.full)
            else:
                share = float(item.origin not in counting)
                self.column("handed", item.name, low=share, high=share)
        limit = stage_limit(rule, method)
        for item in stages:
            made = {
                origin: self.at["made", item.name, origin] for origin in places[item.name] if origin in counting
            }
            full = rule.cumulation == "full"
            certain = len(made) == len(places[item.name]) == 1 and (full or places[item.parent] == [*made])
            useful = bool(made) and (rule.roll_up or not certain)
            qualifies = self.column("qualifies", item.name, high=float(useful), integer=useful and limit < 1)
            counts = self.column("counts", item.name)
            handed = self.at["handed", item.name]
            below = {
                self.at["handed", name]: product.items[name].full / item.full if item.full else 0.0
                for name in item.inputs
            }
            self.row({handed: 1.0, qualifies: 1.0, counts: 1.0}, low=1.0)
            forgiven = {qualifies: 1.0} if rule.roll_up else {}
            self.row({handed: 1.0, **forgiven, **{name: -share for name, share in below.items()}}, low=0.0)
            self.row({qualifies: 1.0 - limit, **below}, high=1.0)
            self.row({qualifies: 1.0, **dict.fromkeys(made.values(), -1.0)}, high=0.0)
            if full:
                self.row({counts: 1.0, **dict.fromkeys(made.values(), -1.0)}, high=0.0)
                continue
            both = []
            for origin in made.keys() & set(places[item.parent]):
                both.append(self.column("beside", item.name, origin))
                self.row({both[-1]: 1.0, made[origin]: -1.0}, high=0.0)
                self.row({both[-1]: 1.0, self.at["made", item.parent, origin]: -1.0}, high=0.0)
            self.row({counts: 1.0, **dict.fromkeys(both, -1.0)}, high=0.0)

    def column(
        self,
        *key: str,
        low: float = 0.0,
        high: float = 1.0,
        integer: bool = False,
        cost: float = 0.0,
        value: float = 0.0,
    ) -> int:
        """A new column; its number."""
        self.at[key] = len(self.at)
        for array, entry in ((self.low, low), (self.high, high), (self.costs, cost), (self.values, value)):
            array.append(entry)
        self.integer.append(integer)
        return self.at[key]

    def row(self, entries: Mapping[int, float], low: float = -np.inf, high: float = np.inf) -> None:
        """A new row: low ≤ Σ entries · columns ≤ high."""
        self.rows.append((dict(entries), low, high))

    @property
    def cost(self) -> np.ndarray:
        """Extra cost of each column in USD, less a constant."""
        return np.array(self.costs)

    @property
    def value(self) -> np.ndarray:
        """Value moved by each column in USD, less a constant."""
        return np.array(self.values)

    def solve(self, cost: np.ndarray, problem: str) -> np.ndarray | None:
        """The columns at a minimum; None if there is no feasible point."""
        matrix = sparse.lil_matrix((len(self.rows), len(self.at)))
        for number, (entries, _, _) in enumerate(self.rows):
            for place, entry in entries.items():
                matrix[number, place] = entry
        bounds = (np.array([low for _, low, _ in self.rows]), np.array([high for _, _, high in self.rows]))
        columns = (np.array(self.low), np.array(self.high))
        answer = minimise_mixed(cost, matrix.tocsr(), bounds, columns, np.array(self.integer), problem)
        return None if answer is None else answer.values

    def moves(self, values: np.ndarray) -> dict[str, tuple[str, float]]:
        """The moves of a solution; shares within the solver's tolerance of 0 and 1 are those."""
        found: dict[str, tuple[str, float]] = {}
        for name, options in self.options.items():
            for origin in options:
                key = ("made", name, origin)
                share = float(values[self.at[key]] if key in self.at else 1 - values[self.at["handed", name]])
                if share > 1e-8:
                    found[name] = (origin, 1.0 if share > 1 - 1e-8 else share)
        return found


def assess(products: list[Product], rule: Rule, *, whole: bool = False, bom: str = "") -> Result:
    """The tables of :data:`RESULTS` for products as :func:`read_bom` gives them; ``bom`` is the file's name.

    Raises :class:`SolverError` if the solver does not answer "optimal" for a cheapest shift.
    """
    tables: dict[str, list[tuple[object, ...]]] = {name: [] for name in RESULTS}
    for product in products:
        for method in _methods(product, rule):
            traced = trace(product, rule, method)
            counted = _counted(product, traced)
            tables["items"] += [
                (
                    product.name,
                    method,
                    item.name,
                    item.parent,
                    item.origin,
                    item.full,
                    traced[item.name].handed,
                    counted[item.name],
                    traced[item.name].originating,
                    traced[item.name].reason,
                )
                for item in product.items.values()
            ]
            answer, moves = _answer(product, rule, method, traced, counted, whole)
            tables["content"].append(answer)
            tables["shifts"] += moves
    meta = {"bom": bom, "whole": whole, "rule": dataclasses.asdict(rule)}
    return Result(
        meta, {name: pd.DataFrame(tables[name], columns=list(table.names)) for name, table in RESULTS.items()}
    )


def _answer(
    product: Product,
    rule: Rule,
    method: str,
    traced: Mapping[str, Traced],
    counted: Mapping[str, float],
    whole: bool,
) -> tuple[tuple[object, ...], list[tuple[object, ...]]]:
    """The row of the table content, and those of the table shifts."""
    measured = measure(product, rule, method)
    vnm = handed_on(product, traced)
    content = (measured.credit - vnm) / measured.base
    enough = passes(measured, rule, vnm)
    home = product.origin in area(product, rule)
    reason = "content" if enough else "content too low"
    if enough and vnm > measured.allowed + EDGE * measured.base:
        reason = "de minimis"
    if not home:
        reason = "the product is made outside" if product.origin else "where the product is made is undetermined"
    shift, status = None, "not needed"
    if not (enough and home):
        status = "no alternatives"
        if candidates(product, rule):
            shift = cheapest_shift(product, rule, method, whole)
            status = "found" if shift else "none suffices"
    moves: list[tuple[object, ...]] = []
    after = cost = np.nan
    if shift:
        after = (measured.credit - handed_on(product, trace(product, rule, method, shift.moves))) / measured.base
        cost = shift.cost
        for name, (origin, share) in shift.moves.items():
            item = product.items[name]
            extra = item.alternatives[origin] * share
            moves.append((product.name, method, name, item.origin, origin, share, item.value * share, extra))
    named = "; ".join(f"{name} ({traced[name].reason})" for name in product.items if counted[name] > 0)
    answer: tuple[object, ...] = (
        product.name,
        method,
        content,
        rule.methods[method],
        enough and home,
        reason,
        measured.base,
        vnm,
        0.0 if enough else max(0.0, vnm - measured.limit),
        named,
        status,
        cost,
        after,
        shift.solved_as if shift else "",
        product.status,
    )
    return answer, moves


def _counted(product: Product, traced: Mapping[str, Traced]) -> dict[str, float]:
    """Each item's own part of VNM: nothing inside a stage that counts wholly or not at all."""
    open_to: dict[str, bool] = {"": True}
    counted: dict[str, float] = {}
    for item in reversed(list(product.items.values())):  # a stage before its inputs
        reached = open_to[item.parent]
        through = traced[item.name].looked_through
        open_to[item.name] = reached and through
        counted[item.name] = traced[item.name].handed if reached and not through else 0.0
    return counted
