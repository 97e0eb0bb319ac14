"""The one declaration of every table that goes in or comes out.

Readers, checks, exports, the workbook and the documentation take columns, keys, units and words from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

CATEGORIES = ("food", "energy", "military")
MEASURES = ("quantity", "value")
STATUSES = ("observed", "estimated", "assumed")
INDICATORS = ("gdp_usd", "population", "capability", "ideal_point")
VALUE_UNIT = "kUSD"
ALL = "ALL"
ENTREPOT_EXPORTS = 0.3  # exports over imports above which a share of imports says little


@dataclass(frozen=True)
class Column:
    """One column. ``kind``: text, country, good, coalition, year, amount (≥ 0), share (0–1), number, flag."""

    name: str
    kind: str
    unit: str
    meaning: str
    required: bool = True
    choices: tuple[str, ...] = ()
    blank_is_unknown: bool = False  # the column must be there, its cells may be blank


@dataclass(frozen=True)
class Table:
    """One table: its columns in order and the columns that make a row unique."""

    name: str
    title: str
    note: str
    columns: tuple[Column, ...]
    keys: tuple[str, ...] = ()
    optional: bool = False
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(column.name for column in self.columns))

    def column(self, name: str) -> Column:
        """The declaration of the column called ``name``."""
        return self.columns[self.names.index(name)]


_STATUS = Column("status", "text", "", "how sure the row is", choices=STATUSES)
_SOURCE = Column("source", "text", "", "where the figures come from")
_YEAR = Column("year", "year", "", "calendar year of the figures")
_GOOD = Column("good", "good", "", "short name of the good, see goods.csv")

INPUTS: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "goods",
            "Goods",
            "The critical goods; each has one unit.",
            (
                Column("good", "text", "", "short name, used everywhere else"),
                Column("label", "text", "", "name for readers"),
                Column("category", "text", "", "kind of good", choices=CATEGORIES),
                Column("unit", "text", "", "unit of every amount of this good; kUSD when measured in value"),
                Column("hs", "text", "", "customs codes of the Harmonized System", required=False),
                Column("flow_measure", "text", "", "whether amounts are weights or values", choices=MEASURES),
                Column("notes", "text", "", "what a reader should know", required=False),
            ),
            ("good",),
        ),
        Table(
            "countries",
            "Countries",
            "Every country that appears anywhere.",
            (
                Column("country", "text", "", "ISO 3166 alpha-3 code, upper case"),
                Column("name", "text", "", "name for readers"),
                Column("gdp_usd", "amount", "USD", "gross domestic product", required=False),
                Column("population", "amount", "persons", "population", required=False),
            ),
            ("country",),
        ),
        Table(
            "coalitions",
            "Coalitions",
            "Groups of countries: members, regions and blocs of cutoffs.",
            (
                Column("coalition", "text", "", "name of the group"),
                Column("country", "country", "", "a country in it"),
                Column("credit", "share", "", "how much of its supply counts as content; blank = 1", False),
            ),
            ("coalition", "country"),
        ),
        Table(
            "flows",
            "Trade flows",
            "Who shipped how much to whom in a year.",
            (
                _YEAR,
                _GOOD,
                Column("exporter", "country", "", "country that shipped"),
                Column("importer", "country", "", "country that received"),
                Column("quantity", "amount", "unit of the good", "amount in the good's unit"),
                Column("value_usd", "amount", "USD", "value of the flow", required=False),
                _STATUS,
                _SOURCE,
            ),
            ("year", "good", "exporter", "importer"),
        ),
        Table(
            "balances",
            "Balances",
            "What a country makes, uses, holds and can sell in a year; blank = unknown.",
            (
                _YEAR,
                _GOOD,
                Column("country", "country", "", "country of the balance"),
                Column("production", "amount", "unit of the good", "made in the year", required=False),
                Column("demand", "number", "unit of the good", "used in the year", required=False),
                Column("stock", "amount", "unit of the good", "held at the end of the year", required=False),
                Column(
                    "capacity",
                    "amount",
                    "unit of the good",
                    "what it can sell to the members",
                    required=False,
                ),
                _STATUS,
                _SOURCE,
            ),
            ("year", "good", "country"),
        ),
        Table(
            "recipes",
            "Recipes",
            "Goods that are made of goods.",
            (
                _GOOD,
                Column("input", "good", "", "good that goes in"),
                Column("input_per_unit", "amount", "input unit / unit", "input needed for one unit"),
                Column(
                    "unit", "text", "", "unit of input_per_unit, such as t/t; checked if given", required=False
                ),
                Column(
                    "loss", "share", "", "part of the input that is lost on the way; blank = 0", required=False
                ),
                Column("essential", "flag", "", "whether production stops without it"),
                Column("value_share", "share", "", "share of the input in the good's value", required=False),
                _STATUS,
                _SOURCE,
                Column("note", "text", "", "range of the figure and what to know of it", required=False),
            ),
            ("good", "input"),
            optional=True,
        ),
        Table(
            "sectors",
            "Sectors",
            "The sector of the input-output table (input_output.csv) to which a good belongs.",
            (
                _GOOD,
                Column("sector", "text", "", "code of the sector in the input-output table"),
                _STATUS,
                _SOURCE,
            ),
            ("good",),
            optional=True,
        ),
        Table(
            "distances",
            "Distances",
            "Kilometres between two countries, each pair once and in either order.",
            (
                Column("country", "country", "", "one country"),
                Column("other", "country", "", "the other country"),
                Column("km", "amount", "km", "distance between their largest cities", blank_is_unknown=True),
                _STATUS,
                _SOURCE,
            ),
            ("country", "other"),
            optional=True,
        ),
        Table(
            "indicators",
            "Indicators",
            "A figure of a country and year a row: gdp_usd (current USD), population (persons), capability (part "
            "of the world's military and industrial capability), ideal_point (place in the votes of the UN).",
            (
                Column("indicator", "text", "", "which figure", choices=INDICATORS),
                Column("country", "country", "", "country of the figure"),
                _YEAR,
                Column("value", "number", "see indicator", "the figure", blank_is_unknown=True),
                _STATUS,
                _SOURCE,
            ),
            ("indicator", "country", "year"),
            optional=True,
        ),
    )
}

_MEMBER = Column("member", "text", "", "ISO code of the member, or ALL for all of them together")
_CUTOFF = Column("cutoff", "text", "", "name of the cutoff, or ALL for each of them, one at a time")
_UNIT = Column("unit", "text", "", "unit of the amounts in this row")
_G = Column("good", "text", "", "short name of the good")

STATUS_WORDS = {
    "met": "survives as it is",
    "shift": "share is enough, suppliers must change",
    "raise": "share must rise",
    "build": "new capacity is needed, and mostly a higher share",
    "none": "no share suffices",
    "unknown": "cannot be said",
}

READINGS = {
    "planned": "the least share that a surviving plan can have",
    "market": "the floor needed if members shift today's pattern in proportion",
    "guaranteed": "the floor that makes every plan that meets it survive",
}

PATTERNS = {
    "today": "today's sourcing, nothing changed beforehand",
    "planned": "the plan, in which members' makers have the inputs they need",
}

_READING = Column("reading", "text", "", ", ".join(READINGS))

_OF = (_G, _MEMBER, _CUTOFF, _READING)
_KEY = ("good", "member", "cutoff", "reading")
_FRONTIER = (
    *_OF,
    Column("parameter", "text", "", "the number that moves, by its name in the case"),
    Column("value", "number", "unit of the parameter", "its value"),
    Column("share", "share", "share of demand", "minimum share; blank where no share suffices"),
    Column("share_today", "share", "share of demand", "today's share"),
    Column("status", "text", "", "the verdict"),
    Column("kind", "text", "", "corner: exact; whole number; solved point"),
)
_SCOPED = (
    "Shares are of demand, or of imports where home production is unknown (column scope of the requirements)."
)
_BETWEEN = (
    "Between two corners the share runs straight. Solved points lie so close that the line between them "
    "is right to a thousandth. No share suffices where the share is blank. " + _SCOPED
)

RESULTS: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "requirements",
            "Requirements",
            "The least share of demand that must come from inside the region so that the member survives.",
            (
                _G,
                _MEMBER,
                _CUTOFF,
                Column("reading", "text", "", "; ".join(f"{k}: {v}" for k, v in READINGS.items())),
                Column("share", "share", "share of demand", "minimum share; blank where no share suffices"),
                Column(
                    "share_upper",
                    "share",
                    "share of demand",
                    "greatest surviving floor (market only): more can fail",
                ),
                Column("share_today", "share", "share of demand", "today's share; for ALL over all members"),
                Column("gap", "share", "share of demand", "share above today's, never negative"),
                Column("status", "text", "", "; ".join(f"{k}: {v}" for k, v in STATUS_WORDS.items())),
                Column(
                    "basis",
                    "text",
                    "",
                    "guaranteed: trade, or assumption where stocks, surge and restraint decide alone",
                ),
                Column(
                    "month", "number", "month", "earliest month that fixes the requirement; blank where none does"
                ),
                Column("worst_set", "text", "", "the suppliers that a cutoff of any K takes"),
                Column("new_capacity", "amount", "unit of the row", "least new capacity in the region"),
                _UNIT,
                Column(
                    "scope",
                    "text",
                    "",
                    "share of consumption, or of imports where production is unknown (for ALL: of some member)",
                ),
            ),
            ("good", "member", "cutoff", "reading"),
        ),
        Table(
            "stress",
            "Stress test of today's sourcing",
            "What happens under each cutoff if nothing is changed beforehand. ALL rows hold the fewest months, "
            "the worst month and, of the worst cutoff, the shortfall summed over members.",
            (
                _G,
                _MEMBER,
                _CUTOFF,
                Column("months_survived", "number", "months", "months before the first shortfall"),
                Column("worst_shortfall", "share", "share of a month's critical demand", "worst month"),
                Column("total_shortfall", "amount", "unit of the row", "sum over the horizon"),
                _UNIT,
            ),
            ("good", "member", "cutoff"),
        ),
        Table(
            "months",
            "Month by month after the cutoff",
            "What arrives, is used and is left under each cutoff: with today's sourcing, and with the plan "
            "where there is one. Left out: all under solidarity, where deliveries are pooled, and the plan of "
            "inputs and of goods that stand in for each other, as their use follows the plans of other goods.",
            (
                _G,
                Column("member", "text", "", "ISO code of the member"),
                Column("cutoff", "text", "", "name of the cutoff"),
                Column("pattern", "text", "", "; ".join(f"{k}: {v}" for k, v in PATTERNS.items())),
                Column("month", "number", "month", "month of the crisis; 0: when it begins"),
                Column("critical", "amount", "unit of the row, a month", "demand that must be met"),
                Column("delivered", "amount", "unit of the row, a month", "what arrives, home supply included"),
                Column(
                    "used", "amount", "unit of the row, a month", "what is there for it, at most what is critical"
                ),
                Column("stock", "amount", "unit of the row", "left at the end of the month"),
                _UNIT,
            ),
            ("good", "member", "cutoff", "pattern", "month"),
        ),
        Table(
            "plan",
            "Plan nearest to today that survives every cutoff",
            "Yearly sourcing of every member; unique by the stated order of stages.",
            (
                _G,
                _MEMBER,
                Column("supplier", "text", "", "country of origin; the member itself is home supply"),
                Column("baseline", "amount", "unit of the row, a year", "today, traced to the origin"),
                Column("planned", "amount", "unit of the row, a year", "in the plan"),
                Column("change", "number", "unit of the row, a year", "planned less baseline"),
                _UNIT,
                Column(
                    "extra_cost_usd",
                    "number",
                    "USD a year",
                    "change at today's unit value; moved purchases, not an estimate of cost",
                ),
            ),
            ("good", "member", "supplier"),
        ),
        Table(
            "capacity",
            "New capacity in the plan",
            "What must stand before the cutoff comes.",
            (
                _G,
                Column("country", "text", "", "region country that builds"),
                Column("new_capacity", "amount", "unit of the row, a year", "capacity to be added"),
                Column("times_today", "number", "multiple", "added capacity over today's"),
                _UNIT,
            ),
            ("good", "country"),
        ),
        Table(
            "findings",
            "Findings",
            "What the tool noticed about input and result.",
            (
                Column("severity", "text", "", "error, warning or info"),
                Column("table", "text", "", "table or file"),
                Column("row", "number", "", "line of the file, header = 1"),
                Column("column", "text", "", "column"),
                Column("message", "text", "", "what was found and what to do"),
            ),
        ),
        Table(
            "why",
            "Why the requirement is what it is",
            "In words, with the cutoff and month that decide, and the share that is needed without any cutoff.",
            (
                _G,
                _MEMBER,
                _CUTOFF,
                Column("without_cutoff", "share", "share of demand", "least share in peace, without any cutoff"),
                Column("binding_cutoff", "text", "", "the cutoff that asks most"),
                Column(
                    "month", "number", "month", "earliest month that fixes the requirement; blank where none does"
                ),
                Column("text", "text", "", "the reason in words"),
            ),
            ("good", "member", "cutoff"),
        ),
        Table(
            "levers",
            "What each lever is worth",
            "Planned, all cutoffs: the share after one step, and what is needed to reach zero or to survive.",
            (
                _G,
                _MEMBER,
                Column("lever", "text", "", "stock, restraint (of demand) or surge (of the region)"),
                Column("step", "number", "see step unit", "one step of the lever"),
                Column("step_unit", "text", "", "unit of the step and of the amounts needed"),
                Column(
                    "share", "share", "share of demand", "least share after the step; blank where none suffices"
                ),
                Column("change", "number", "share of demand", "change of the least share"),
                Column(
                    "to_zero",
                    "number",
                    "see step unit",
                    "needed for a least share of zero; blank where impossible",
                ),
                Column(
                    "to_survive",
                    "number",
                    "see step unit",
                    "needed to survive where status is none or build",
                ),
                Column("even_if", "text", "", "what to survive assumes"),
            ),
            ("good", "member", "lever"),
        ),
        Table(
            "missing",
            "What is missing, by month",
            "Where no share suffices, or not without new capacity: the least critical demand that is missed.",
            (
                _G,
                _MEMBER,
                _CUTOFF,
                Column("month", "number", "month", "month of the crisis"),
                Column("missing", "amount", "unit of the row", "missed in the month"),
                _UNIT,
                Column("even_if", "text", "", "what is assumed of the plan"),
            ),
            ("good", "member", "cutoff", "month"),
        ),
        Table(
            "rests_on",
            "What each headline number rests on",
            "Planned, all members, all cutoffs: the share with one assumption at a low and at a high end, "
            "everything else as written. Widest first; no share suffices counts as beyond 100 %. " + _SCOPED,
            (
                _G,
                _MEMBER,
                _CUTOFF,
                _READING,
                Column("parameter", "text", "", "name in the case file"),
                Column("label", "text", "", "what is moved, in words"),
                Column("low", "text", "see unit", "low end of the assumption"),
                Column("written", "text", "see unit", "what the case says"),
                Column("high", "text", "see unit", "high end of the assumption"),
                Column("unit", "text", "", "unit of the assumption"),
                Column("range", "text", "", "where the ends come from"),
                Column(
                    "share_low", "share", "share of demand", "least share at the low end; blank: none suffices"
                ),
                Column("share", "share", "share of demand", "least share of the case as written"),
                Column(
                    "share_high", "share", "share of demand", "least share at the high end; blank: none suffices"
                ),
                Column("status_low", "text", "", "verdict at the low end"),
                Column("status", "text", "", "verdict of the case as written"),
                Column("status_high", "text", "", "verdict at the high end"),
                Column(
                    "swing", "share", "share of demand", "greatest less least of the three; blank if one is none"
                ),
            ),
            ("good", "parameter"),
        ),
        Table(
            "frontiers",
            "How the minimum share falls with stocks",
            "Of the goods in which most must change: planned, all members, all cutoffs, as months of stock move, "
            "all else stays as written. " + _BETWEEN,
            (*_FRONTIER, Column("written", "number", "unit of the parameter", "what the case says")),
            (*_KEY, "parameter", "value"),
        ),
        Table(
            "caps",
            "Caps beside floors",
            "What a cap on one outsider does in place of a floor or beside it, under all cutoffs of the case.",
            (
                _G,
                _MEMBER,
                Column("cap_alone", "share", "share of demand", "loosest cap that guarantees survival by itself"),
                Column("floor", "share", "share of demand", "floor beside the cap: the planned share"),
                Column("cap_with_floor", "share", "share of demand", "loosest cap that does so beside that floor"),
                Column("cap", "share", "share of demand", "a given cap: the case's, else 65 %"),
                Column("floor_under_cap", "share", "share of demand", "floor that is still needed under that cap"),
                Column("floor_alone", "share", "share of demand", "guaranteed floor without any cap"),
            ),
            ("good", "member"),
        ),
        Table(
            "chain",
            "Chains: what each requirement rests on upstream",
            "Every input of a good, at any stage, with the share that it needs itself once the good's own share "
            "is met. The weakest link is the input in the worst state, then with the largest gap.",
            (
                Column("good", "good", "", "the good that is made in the end"),
                _MEMBER,
                _CUTOFF,
                Column("input", "text", "", "a good that goes into it"),
                Column("into", "text", "", "the good into which it goes directly"),
                Column("stage", "number", "stages", "how far upstream; 1 goes into the good itself"),
                Column("input_per_unit", "number", "see recipe unit", "input for one unit of what it goes into"),
                Column("recipe_unit", "text", "", "unit of the input / unit of what it goes into"),
                Column("recipe_status", "text", "", "how sure the recipe is: observed, estimated or assumed"),
                Column("essential", "text", "", "yes: production stops without it; no: can be done without"),
                Column("joint", "text", "", "yes: solved together with the good for this member"),
                Column("share", "share", "share of demand", "least share of the good"),
                Column("input_share", "share", "share of demand", "least share of the input, once that is met"),
                Column("input_share_today", "share", "share of demand", "today's share of the input"),
                Column("input_gap", "share", "share of demand", "share of the input above today's"),
                Column("input_status", "text", "", "see Requirements"),
                Column("keeps_going", "share", "share", "worst month of home makers with today's inputs"),
                Column("weakest", "text", "", "yes: the weakest link of this good"),
                Column("text", "text", "", "the link in words"),
            ),
            ("good", "member", "cutoff", "input"),
        ),
        Table(
            "indirect",
            "Suppliers that lose their inputs",
            "Makers that are not cut off themselves but lose an input that is, with today's sourcing of inputs. "
            "Only rows in which something is lost.",
            (
                _G,
                Column("supplier", "text", "", "country whose makers lose an input"),
                _CUTOFF,
                Column("input", "text", "", "the input that is missed most"),
                Column("months", "number", "months", "months before the first loss"),
                Column("least", "share", "share", "part of its deliveries left in the worst month; no surge"),
                Column("bought", "share", "share of demand", "part of the members' demand bought from it today"),
            ),
            ("good", "supplier", "cutoff"),
        ),
        Table(
            "substitutes",
            "Goods that stand in for each other",
            "The least share of a group of goods together, in the group's common unit, if each may stand in for "
            "the others up to its limit.",
            (
                Column("group", "text", "", "name of the group in the case file"),
                _MEMBER,
                _CUTOFF,
                Column("goods", "text", "", "the goods and what one unit of each is worth"),
                Column("share", "share", "share of demand", "least share of all its goods together"),
                Column("share_today", "share", "share of demand", "today's share of all its goods together"),
                Column("gap", "share", "share of demand", "share above today's"),
                Column("apart", "share", "share of demand", "least share if none may stand in for another"),
                Column("status", "text", "", "found or none: no share suffices"),
            ),
            ("group", "member", "cutoff"),
        ),
        Table(
            "content",
            "Value content by supplier",
            "How much of the value of what a supplier sells was made inside the region, at any depth. Value is "
            "not survival: a small input can stop the line.",
            (
                _G,
                Column("supplier", "text", "", "country that sells"),
                Column("inside", "text", "", "yes: the supplier belongs to the region"),
                Column("regional_content", "share", "share of value", "made inside the region, at any depth"),
                Column("cut_content", "share", "share of value", "made by countries that some cutoff names"),
                Column("bought", "share", "share of demand", "part of the members' demand bought from it today"),
                Column(
                    "keeps_going",
                    "share",
                    "share",
                    "part of its deliveries left in the worst month; with surge",
                ),
                Column("sector", "text", "", "sector of the input-output table that stands for the good"),
                Column("covered", "text", "", "country, or rest of the world where the table lacks the country"),
                Column("status", "text", "", "how sure the figure is"),
                Column("source", "text", "", "where it comes from"),
            ),
            ("good", "supplier"),
        ),
        Table(
            "exposure",
            "Exposure: whose work is in what a member buys",
            "Share of the value a member uses that was made by the countries a cutoff names: bought directly, or "
            "through others at any depth.",
            (
                _G,
                _MEMBER,
                _CUTOFF,
                Column("direct", "share", "share of demand", "bought from countries that the cutoff names"),
                Column("through_region", "share", "share of value", "their work in what the region sells"),
                Column("through_others", "share", "share of value", "their work in what others sell"),
                Column("total", "share", "share of value", "direct and indirect together"),
                Column("most_through", "text", "", "the supplier not cut through which most of it comes"),
                Column("covered", "share", "share of demand", "bought from countries the table has rows for"),
                Column("sector", "text", "", "sector of the input-output table that stands for the good"),
                Column("status", "text", "", "how sure the figure is"),
                Column("source", "text", "", "where it comes from"),
            ),
            ("good", "member", "cutoff"),
        ),
        Table(
            "content_rule",
            "A content rule for each shipment",
            "Imports from outside the region count only if their regional content reaches r. For every r at which "
            "another supplier is shut out: does some plan that buys only what counts survive, and does every one?",
            (
                _G,
                _MEMBER,
                Column("rule", "share", "share of value", "r, the content asked of each shipment"),
                Column("shut_out", "text", "", "suppliers that no longer count at this r"),
                Column("bought_from_them", "share", "share of demand", "part of demand bought from them today"),
                Column("some_plan", "text", "", "yes: some plan of those who count survives every cutoff"),
                Column("every_plan", "text", "", "yes: every plan of those who count survives every cutoff"),
                Column("answer", "text", "", "least r that lets the member survive, and greatest"),
            ),
            ("good", "member", "rule"),
        ),
        Table(
            "regions",
            "Regions compared",
            "The same members and cutoffs with other regions. A larger region counts more suppliers: look at "
            "survival and new capacity, too.",
            (
                _G,
                Column("region", "text", "", 'whose supply counts; "NATO with JPN": members outside it are added'),
                Column("reading", "text", "", "see Requirements"),
                Column("share", "share", "share of demand", "least share for all members"),
                Column("share_today", "share", "share of demand", "today's share over all members"),
                Column("gap", "share", "share of demand", "share above today's"),
                Column("status", "text", "", "see Requirements"),
                Column("new_capacity", "amount", "unit of the row", "least new capacity in the region"),
                Column("months_survived", "number", "months", "what today's sourcing survives"),
                _UNIT,
            ),
            ("good", "region", "reading"),
        ),
        Table(
            "balance",
            "What each member uses, makes and holds",
            "The figures the requirement starts from, with their year, status and source; also of what goes into "
            "the goods, where they were solved along with it.",
            (
                _G,
                _MEMBER,
                Column("year", "number", "", "year of flows and balances that was used"),
                Column("production", "amount", "unit of the row, a year", "home production; blank = unknown"),
                Column("imports", "amount", "unit of the row, a year", "reported imports, before tracing"),
                Column("exports", "amount", "unit of the row, a year", "reported exports, before tracing"),
                Column("demand", "amount", "unit of the row, a year", "use in a year"),
                Column("stock", "amount", "unit of the row", "held when the cutoff starts"),
                Column("factor", "number", "multiple", "scaling of traced sourcing to demand"),
                _UNIT,
                Column("scope", "text", "", "consumption or imports"),
                Column("status", "text", "", "weakest status of the figures"),
                Column("source", "text", "", "sources of the figures"),
            ),
            ("good", "member"),
        ),
        Table(
            "purchases",
            "What members bought from whom",
            "The rows of flows.csv with members as importers, as reported; tracing to origin also uses those "
            "between other countries, see Data flows.",
            (
                _G,
                _MEMBER,
                Column("supplier", "text", "", "country that reports or is reported to have sold"),
                Column("year", "number", "", "year of the row"),
                Column("quantity", "amount", "unit of the row, a year", "sold to the member, before tracing"),
                Column("value_usd", "number", "USD, a year", "what was paid for it; blank = unknown"),
                _UNIT,
                Column("status", "text", "", "observed, estimated or assumed"),
                Column("source", "text", "", "source, described with the data set"),
            ),
            ("good", "member", "supplier"),
        ),
        Table(
            "flows_used",
            "All trade that was used",
            "The rows of flows.csv from which purchases were traced to their origin, of the year used of each "
            "good and of what goes into it, as reported. Left out: earlier years, of which only three-year means "
            "of demand are made. Not in JSON files, which would be twice as long.",
            (
                _G,
                Column("exporter", "text", "", "country that reports or is reported to have sold"),
                Column("importer", "text", "", "country that reports or is reported to have bought"),
                Column("year", "number", "", "year of the row"),
                Column("quantity", "amount", "unit of the row, a year", "sold, before tracing"),
                Column("value_usd", "number", "USD, a year", "what was paid for it; blank = unknown"),
                _UNIT,
                Column("status", "text", "", "observed, estimated or assumed"),
                Column("source", "text", "", "source, described with the data set"),
            ),
            ("good", "exporter", "importer"),
        ),
        Table(
            "assumptions",
            "Assumptions",
            "Every number of the case that is a judgement, with the ground it stands on: the cutoffs, which are "
            "of ALL goods, then what is assumed of each good.",
            (
                _G,
                Column("parameter", "text", "", "name in the case file"),
                Column("value", "text", "see unit", "value used for this good"),
                Column("unit", "text", "", "unit of the value"),
                Column(
                    "low",
                    "number",
                    "see unit",
                    "low end of its range, if the case gives one; of a surge, of its max",
                ),
                Column("high", "number", "see unit", "high end of its range, likewise"),
                Column("set_in", "text", "", "place in the case file, or default"),
                Column("ground", "text", "", "the ground given in the case file, or assumed"),
                Column("owner", "text", "", "who answers for it, if the case says so"),
                Column("confidence", "text", "", "how sure it is, if the case says so: low, medium or high"),
            ),
            ("good", "parameter"),
        ),
        Table(
            "sources",
            "Sources",
            "How many rows of which source and status stand behind each good.",
            (
                _G,
                Column("table", "text", "", "table of the data set"),
                Column("year", "number", "", "year that was used"),
                Column("source", "text", "", "source, described with the data set"),
                Column("status", "text", "", "observed, estimated or assumed"),
                Column("rows", "number", "rows", "number of rows"),
            ),
            ("good", "table", "source", "status"),
        ),
    )
}

_FACTOR = Column("factor", "text", "", "what is varied, as the case file names it")
_IN_WORDS = Column("in_words", "text", "", "what is varied, in words")

STUDY: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "tornado",
            "Tornado: what each factor moves by itself",
            "The least share with one factor at its low and at its high end, everything else as the case says. "
            "Widest first; no share suffices counts as beyond 100 %.",
            (
                *_OF,
                _FACTOR,
                _IN_WORDS,
                Column("low", "text", "as written", "low end of the factor"),
                Column("base", "text", "as written", "what the case says"),
                Column("high", "text", "as written", "high end of the factor"),
                Column("share_low", "share", "share of demand", "at the low end; blank where none suffices"),
                Column("share_base", "share", "share of demand", "with the case as written"),
                Column("share_high", "share", "share of demand", "at the high end; blank where none suffices"),
                Column("status_low", "text", "", "verdict at the low end"),
                Column("status_base", "text", "", "verdict of the case as written"),
                Column("status_high", "text", "", "verdict at the high end"),
                Column("share_today", "share", "share of demand", "today's share"),
                Column(
                    "swing",
                    "share",
                    "share of demand",
                    "greatest less least of what is known; blank if some are none, or fewer than two known",
                ),
            ),
            (*_KEY, "factor"),
        ),
        Table(
            "verdicts",
            "Verdicts over the sample",
            "How many sample points end in which verdict, and how often the case's own verdict holds.",
            (
                *_OF,
                Column("status", "text", "", "verdict; error: the point failed; absent: not part of it"),
                Column("points", "number", "points", "sample points with this verdict"),
                Column("of", "number", "points", "sample points that could be computed"),
                Column("part", "share", "share of points", "points with this verdict over points computed"),
                Column(
                    "part_low", "share", "share of points", "95 % interval (Wilson), lower end; random designs"
                ),
                Column("part_high", "share", "share of points", "95 % interval (Wilson), upper end"),
                Column("of_the_case", "text", "", "yes: the verdict of the case as written"),
            ),
            (*_KEY, "status"),
        ),
        Table(
            "spread",
            "Spread of the least share",
            "Quantiles of the least share over the sample points that have an answer. No share suffices counts as "
            "more than 100 %; a quantile that falls there is blank.",
            (
                *_OF,
                Column("points", "number", "points", "sample points with an answer"),
                Column("none", "number", "points", "of them, no share suffices"),
                Column("left_out", "number", "points", "unknown, failed or not part of the point"),
                Column("share_today", "share", "share of demand", "today's share, the case as written"),
                Column("share_base", "share", "share of demand", "least share, the case as written"),
                Column("q05", "share", "share of demand", "5 % of points are at or below"),
                Column("q25", "share", "share of demand", "25 % of points are at or below"),
                Column("q50", "share", "share of demand", "half of the points are at or below"),
                Column("q75", "share", "share of demand", "75 % of points are at or below"),
                Column("q95", "share", "share of demand", "95 % of points are at or below"),
                Column(
                    "holds",
                    "share",
                    "share of points",
                    "of points computed, those in which the case's verdict holds",
                ),
                Column(
                    "holds_low", "share", "share of points", "95 % interval (Wilson), lower end; random designs"
                ),
                Column("holds_high", "share", "share of points", "95 % interval (Wilson), upper end"),
            ),
            _KEY,
        ),
        Table(
            "indices",
            "Indices: which factor matters most",
            "Sobol: part of the variance of the outcome that a factor explains by itself (S1) and with all its "
            "interactions (ST). Morris: mean change (mu), mean absolute change (mu_star) and spread of changes "
            "(sigma) of the outcome over a factor's whole range. Intervals are 95 %.",
            (
                *_OF,
                Column(
                    "outcome", "text", "", "of what: the share, none counted as 1; or no share suffices, 0 or 1"
                ),
                _FACTOR,
                _IN_WORDS,
                Column("index", "text", "", "S1, ST, mu, mu_star or sigma"),
                Column("value", "number", "see outcome", "the index"),
                Column("value_low", "number", "see outcome", "lower end of the interval"),
                Column("value_high", "number", "see outcome", "upper end of the interval"),
                Column("points", "number", "points", "rows of the design that went in"),
                Column("none", "number", "points", "of them, no share suffices"),
                Column("message", "text", "", "why there are no indices"),
            ),
            (*_KEY, "outcome", "factor", "index"),
        ),
        Table(
            "heat_map",
            "Heat map: two factors at a time",
            "The least share on a grid of the two factors with the widest swing; others as stated.",
            (
                *_OF,
                Column("across", "text", "", "factor across"),
                Column("across_value", "text", "as written", "its value"),
                Column("up", "text", "", "factor upwards"),
                Column("up_value", "text", "as written", "its value"),
                Column("share", "share", "share of demand", "least share; blank where none suffices"),
                Column("status", "text", "", "verdict"),
                Column("others", "text", "", "what the other factors are held at"),
            ),
            (*_KEY, "across_value", "up_value"),
        ),
        Table(
            "break_even",
            "Break-even: where the share crosses the target",
            "One factor varied by itself. The value was found by solving between the two points of the study that "
            "bracket it; where that was not done it is blank, and the bracket is all that is known.",
            (
                *_OF,
                _FACTOR,
                _IN_WORDS,
                Column("target", "share", "share of demand", "the study's target, else today's share"),
                Column(
                    "value",
                    "number",
                    "see unit",
                    "where the share passes the target, solved; of whole numbers the last one within it",
                ),
                Column("below", "number", "see unit", "value of the study just below"),
                Column("above", "number", "see unit", "value of the study just above"),
                Column("share_below", "share", "share of demand", "least share there; blank where none suffices"),
                Column("share_above", "share", "share of demand", "least share there; blank where none suffices"),
                Column("unit", "text", "", "unit of the values"),
                Column("text", "text", "", "in words"),
            ),
            (*_KEY, "factor", "below"),
        ),
        Table(
            "rules",
            "Rules: under which conditions the requirement is high, or low",
            "Scenario discovery with a small decision tree. Density: part of the rule's points that have the "
            "outcome. Coverage: part of the points with the outcome that the rule finds.",
            (
                *_OF,
                Column("threshold", "share", "share of demand", "share that is exceeded or not"),
                Column("threshold_from", "text", "", "where the threshold comes from"),
                Column("outcome", "text", "", "exceeds, or stays within the threshold"),
                Column("conditions", "text", "", "the conditions, all of which hold"),
                Column("density", "share", "share of points", "of the rule's points, those with the outcome"),
                Column("coverage", "share", "share of points", "of points with the outcome, those in the rule"),
                Column("base_rate", "share", "share of points", "of all points, those with the outcome"),
                Column("held_out", "share", "share of points", "density on points the rule was not made from"),
                Column("in_rule", "number", "points", "points that meet the conditions"),
                Column("points", "number", "points", "points with an answer"),
                Column("text", "text", "", "the rule as a sentence, or why there is none"),
            ),
            _KEY,
        ),
        Table(
            "frontier",
            "Frontier: the minimum share as one number of the case moves",
            _BETWEEN,
            _FRONTIER,
            (*_KEY, "parameter", "value"),
        ),
        Table(
            "points",
            "Points",
            "What was solved: the case as written (base), each factor at its ends, and the sample; then one "
            "column a factor. Blank: as the case says.",
            (
                Column("point", "text", "", "fingerprint of the values"),
                Column("role", "text", "", "base, low, high or sample"),
                Column("factor", "text", "", "of which factor this is the end"),
                Column("order", "number", "", "place in the design"),
            ),
        ),
        Table(
            "outcomes",
            "Outcomes",
            "What each point gave.",
            (
                Column("point", "text", "", "fingerprint of the values, see Points"),
                *_OF,
                Column("share", "share", "share of demand", "minimum share; blank where no share suffices"),
                Column("share_upper", "share", "share of demand", "greatest surviving floor (market only)"),
                Column("share_today", "share", "share of demand", "today's share"),
                Column("gap", "share", "share of demand", "share above today's, never negative"),
                Column("status", "text", "", "the verdict; error: the point failed"),
                Column("months_survived", "number", "months", "what today's sourcing survives"),
                _UNIT,
                Column("scope", "text", "", "consumption or imports"),
                Column("message", "text", "", "what went wrong"),
            ),
            ("point", *_KEY),
        ),
    )
}


COST_KINDS = {
    "landed": "what moved purchases cost more than the supply at risk; savings are not counted",
    "capacity": "new capacity, a year, paid by the member that builds it",
    "stock": "stock beyond what the case counts on",
    "total": "all of these",
    "held": "stock that the case counts on; a part of no total",
}
COSTED_PLANS = {
    "nearest": "the plan nearest to today",
    "cheapest": "the surviving plan of least total cost in which no member's share is above the requirement, or "
    "above its share today; many are below",
    "fair": "the plan with the least largest burden, then the next",
}


def _listed(meanings: Mapping[str, str]) -> str:
    """``nearest: the plan nearest to today; cheapest: …``."""
    return "; ".join(f"{name}: {meaning}" for name, meaning in meanings.items())


_COSTED = Column("plan", "text", "", ", ".join(COSTED_PLANS))
_SURE = Column("status", "text", "", "the least sure part: observed, estimated, assumed or unknown")
_NOTE = Column("note", "text", "", "what to know of the row")
_OF_YEAR = Column("year", "number", "", "year of the trade data; of sums the latest of their parts")

ECONOMY: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "burden",
            "Burden: what the requirement costs a year",
            "Against today, by good and member; ALL for sums. Blank is unknown, and a sum with unknown parts is "
            "the least that it can be. Goods that measure what another good measures are left out of sums. "
            f"Plans: {_listed(COSTED_PLANS)}. Kinds: {_listed(COST_KINDS)}.",
            (
                _COSTED,
                _G,
                _MEMBER,
                _OF_YEAR,
                Column("kind", "text", "", ", ".join(COST_KINDS)),
                Column("usd", "number", "USD a year", "cost; blank if unknown"),
                Column(
                    "on_paper_usd",
                    "number",
                    "USD a year",
                    "change of purchases at unit values and freight, savings counted",
                ),
                Column("usd_per_head", "number", "USD a head a year", "cost over population"),
                Column("gdp_share", "number", "part of GDP", "cost over gross domestic product"),
                Column("unit", "text", "", "unit of usd"),
                _SURE,
                Column("unknown_parts", "number", "parts", "parts of a sum that are unknown"),
                _NOTE,
            ),
            ("plan", "good", "member", "kind"),
        ),
        Table(
            "sharing",
            "Sharing: who bears how much, and what evens it out",
            "Over all goods. A transfer is what a member gets (positive) or gives (negative); transfers add up to "
            "zero. The price of fairness is what the fair plan costs more in all than the cheapest, without "
            "transfers. A member rides free in a good if it survives as it buys today and pays nothing while "
            "others pay. Blank is unknown, and what has the status unknown is the least that it can be. Transfers "
            "are over those parts of cost that are known for every member (common_parts); what is left out is "
            "named in the findings.",
            (
                _MEMBER,
                _OF_YEAR,
                Column("nearest_usd", "number", "USD a year", "burden in the plans nearest to today"),
                Column("nearest_gdp_share", "number", "part of GDP", "the same over GDP"),
                Column("cheapest_usd", "number", "USD a year", "burden in the plans of least total cost"),
                Column("cheapest_gdp_share", "number", "part of GDP", "the same over GDP"),
                Column("fair_usd", "number", "USD a year", "burden in the fair plan"),
                Column("fair_gdp_share", "number", "part of GDP", "the same over GDP"),
                Column("common_parts", "number", "parts", "parts of cost that are known for every member"),
                Column("common_usd", "number", "USD a year", "these parts in the plans of least total cost"),
                Column("common_gdp_share", "number", "part of GDP", "the same over GDP"),
                Column(
                    "transfer_usd",
                    "number",
                    "USD a year, over common_parts",
                    "least transfers that keep all within the largest burden of the fair plan over these parts",
                ),
                Column("after_usd", "number", "USD a year", "cheapest_usd less this transfer"),
                Column("after_gdp_share", "number", "part of GDP", "the same over GDP"),
                Column(
                    "equal_transfer_usd",
                    "number",
                    "USD a year, over common_parts",
                    "transfers after which all bear the same part of GDP for these parts",
                ),
                Column(
                    "price_of_fairness",
                    "number",
                    "share",
                    "ALL: fair total over the least total, less one; over whole chains",
                ),
                Column("free_rides", "number", "goods", "goods in which it survives today while others pay"),
                Column("free_rides_usd", "number", "USD a year", "what others pay for these goods"),
                _SURE,
                _NOTE,
            ),
            ("member",),
        ),
        Table(
            "share_price",
            "The price of one more point of share",
            "Least total cost if every member's share is at least the floor, which the cheapest plans of table "
            "burden need not keep. The price per point holds from the floor up to the share beside it, to a "
            "thousandth of itself, and is higher beyond. Of goods that are made of each other it is "
            "what all of them cost together, with the planned shares of the others as floors, and a point is of "
            "what members then need. What unknown costs are left out of can be dearer or cheaper.",
            (
                _G,
                _OF_YEAR,
                Column("floor", "share", "share of demand", "the floor: the planned share of all members"),
                Column("usd", "number", "USD a year", "least cost of surviving plans with that floor"),
                Column(
                    "usd_per_point", "number", "USD a year", "cost of one more point, at the floor's own price"
                ),
                Column("holds_to", "share", "share of demand", "floor up to which that price holds"),
                Column("next_point_usd", "number", "USD a year", "what the next whole point costs (difference)"),
                _SURE,
                _NOTE,
            ),
            ("good",),
        ),
        Table(
            "mix",
            "Stocks against shares: ways to survive and what they cost",
            "Every way survives every cutoff of the case. Stock and restraint are the same for all members. "
            "Ways: sourcing: suppliers and capacity alone, with any share; stock or restraint: alone, sourcing as "
            "today; mix: the cheapest of all together. "
            "Restraint costs in a crisis only and is weighed by its yearly probability. Shares are of what "
            "members buy in the plan: their demand, and inputs for what is newly made. What has no price is "
            "blank, as the plan is then one of many.",
            (
                _G,
                Column("way", "text", "", "sourcing, stock, restraint or mix"),
                _OF_YEAR,
                Column("share", "share", "share of purchases", "largest share of a member"),
                Column("more_stock", "number", "months of demand", "stock on top"),
                Column("restraint", "number", "share", "part of crisis demand given up beyond the case's"),
                Column("new_capacity", "amount", "unit of the row, a year", "new capacity in the region"),
                _UNIT,
                Column("landed_usd", "number", "USD a year", "extra landed cost"),
                Column("capacity_usd", "number", "USD a year", "new capacity"),
                Column("stock_usd", "number", "USD a year", "holding the stock on top"),
                Column("restraint_usd", "number", "USD a year", "restraint, times the yearly probability"),
                Column("usd", "number", "USD a year", "all of these; blank if this way does not survive"),
                _SURE,
                _NOTE,
            ),
            ("good", "way"),
        ),
    )
}

WORKBOOK: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "benchmarks",
            "Benchmarks: where each good stands against legal thresholds",
            "Thresholds of law beside today's figures and beside what survival needs. A comparison, no finding on "
            "compliance: laws count in their own way, and differ in whom they bind.",
            (
                Column("rule", "text", "", "the threshold"),
                Column("goods", "text", "", "the good, or the goods of which the same holds"),
                Column("who", "text", "", "whose figures are compared"),
                Column("limit", "number", "see unit", "the threshold's figure"),
                Column("today", "number", "see unit", "the same figure today; blank = unknown"),
                Column("needed", "number", "see unit", "the figure that survival needs, or that the plan has"),
                Column("unit", "text", "", "unit of the three figures"),
                Column(
                    "stands",
                    "text",
                    "",
                    "keeps or misses today, and in the plan where that differs; unknown, does not apply; compared "
                    "where no good by itself or nobody is bound; assumed, not observed, where the case gives it",
                ),
                Column("text", "text", "", "in words"),
                Column("asks", "text", "", "what the law asks for"),
                Column("source", "text", "", "the legal source"),
                Column("checked", "text", "", "how the figures of the law were confirmed"),
            ),
            ("rule", "goods", "who"),
        ),
        Table(
            "thresholds",
            "Thresholds: what the law asks, with its source",
            "The rules of the sheet Benchmarks, one a row.",
            (
                Column("rule", "text", "", "the threshold"),
                Column("asks", "text", "", "what the law asks for"),
                Column("limit", "number", "see unit", "the threshold's figure"),
                Column("unit", "text", "", "unit of the figure"),
                Column("source", "text", "", "the legal source"),
                Column("checked", "text", "", "how the figures of the law were confirmed"),
            ),
            ("rule",),
        ),
        Table(
            "checks",
            "Checks",
            "Each check is a formula over the sheets of this workbook: the largest deviation found must not "
            "exceed the limit.",
            (
                Column("check", "text", "", "what must hold"),
                Column("found", "number", "see unit", "formula: the largest deviation"),
                Column("limit", "number", "see unit", "the largest deviation that is allowed"),
                Column("unit", "text", "", "unit of the two figures"),
                Column("result", "text", "", "formula: ok, or what is wrong"),
                Column("over", "text", "", "the sheets it looks at"),
            ),
            ("check",),
        ),
        Table(
            "changes",
            "Change log: what differs from an earlier result",
            "Rows that appeared or vanished, and cells that changed by more than rounding (a millionth).",
            (
                Column("table", "text", "", "the table"),
                Column("key", "text", "", "the row, by the table's keys"),
                Column("column", "text", "", "the column; blank where the whole row appeared or vanished"),
                Column("before", "text", "", "in the earlier result"),
                Column("after", "text", "", "in this result"),
                Column("what", "text", "", "appeared, vanished or changed"),
            ),
            ("table", "key", "column"),
        ),
    )
}

_NEW_VALUE = Column("New value", "text", "", "fill in to change the number; blank leaves it as the case says")
_SOURCE_OF = "where the new number comes from; needed with every change"
_CONFIDENCE = Column("Confidence", "text", "", "how sure the number is", False, ("low", "medium", "high"))
_PLAUSIBLE = (
    "{} plausible value of the number, in its unit; blank if not known. The column {} is another matter: what the "
    "tool takes. The range of a surge is that of its max"
)
FIGURES = ("production", "demand", "stock", "capacity")

# The form that is filled in and taken back: its columns by their headings.
FORM: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "Case",
            "What is asked",
            "Who must survive, whose supply counts, and for which goods.",
            (
                Column("Name", "text", "", "name in the case file; leave it as it is"),
                Column("What it is", "text", "", "what the entry means and how it is written", required=False),
                Column("In the case", "text", "", "what the case says; leave it as it is"),
                _NEW_VALUE,
            ),
            ("Name",),
        ),
        Table(
            "Assumptions",
            "Assumptions",
            "How long, how much, how fast: the judgements of the case. A number for one good or category goes "
            "before the number for all.",
            (
                Column("Name", "text", "", "name in the case file; leave it as it is"),
                Column("What it is", "text", "", "what the number means", required=False),
                Column("For", "text", "", "the goods it holds for", required=False),
                Column("Unit", "text", "", "unit of the number", required=False),
                Column("Least", "text", "", "smallest number that is taken", required=False),
                Column("Most", "text", "", "largest number that is taken", required=False),
                Column("In the case", "text", "", "what the case says; leave it as it is", required=False),
                Column("Ground in the case", "text", "", "what the case's number stands on", required=False),
                _NEW_VALUE,
                Column("Low end", "text", "", _PLAUSIBLE.format("lowest", "Least"), required=False),
                Column("High end", "text", "", _PLAUSIBLE.format("highest", "Most"), required=False),
                Column("Source", "text", "", _SOURCE_OF),
                Column("Owner", "text", "", "who answers for the number", required=False),
                _CONFIDENCE,
            ),
            ("Name",),
        ),
        Table(
            "Cutoffs",
            "Cutoffs",
            "What may happen: one row a cutoff. Members must survive each of them, one at a time. Change cells, "
            "clear a row to leave a cutoff out, or fill a blank row to add one.",
            (
                Column("Name", "text", "", "name of the cutoff"),
                Column("Cut", "text", "", "countries (ISO alpha-3) or coalitions, separated by semicolons", False),
                Column(
                    "Fraction",
                    "text",
                    "share",
                    "part of deliveries that is lost, 0 to 1; or KOR = 0.6; JPN = 0.1; default = 1",
                    required=False,
                ),
                Column("Goods", "text", "", "goods or categories, separated by semicolons; blank: all", False),
                Column("Start", "text", "month", "first month of the cutoff; blank: 1", required=False),
                Column("Months", "text", "months", "how long it lasts; blank: to the end", required=False),
                Column("Any", "text", "suppliers", "so many outsiders, whichever are worst", required=False),
                Column(
                    "Any region", "text", "suppliers", "so many suppliers of the region, the worst", required=False
                ),
                Column("All outsiders", "text", "", "everybody outside is cut", False, ("yes", "no")),
                Column("Source", "text", "", _SOURCE_OF),
                Column("Owner", "text", "", "who answers for what is new in the row", required=False),
                replace(_CONFIDENCE, meaning="how sure what is new in the row is"),
            ),
            ("Name",),
        ),
        Table(
            "Balances",
            "Balances",
            "What each member makes, uses, holds and can sell in a year. Blank means unknown, never zero.",
            (
                replace(_GOOD, name="Good"),
                Column("Label", "text", "", "name of the good for readers", required=False),
                replace(INPUTS["balances"].column("country"), name="Country"),
                replace(_YEAR, name="Year"),
                Column("Unit", "text", "", "unit of the figures in this row", required=False),
                *(
                    replace(INPUTS["balances"].column(name), name=name.capitalize(), required=True)
                    for name in FIGURES
                ),
                Column("Status", "text", "", "how sure the data set's figures are", required=False),
                Column("Source", "text", "", "where the data set's figures come from", required=False),
                Column("New status", "text", "", "how sure the figures you changed are", choices=STATUSES),
                Column("New source", "text", "", "where the figures you changed come from"),
            ),
            ("Good", "Country", "Year"),
        ),
    )
}

_WHO = Column("member", "text", "", "ISO code of the member")
_PATTERN = Column("pattern", "text", "", "before: as bought today; after: as the plan that meets the requirement")
_SCENARIO = Column(
    "scenario", "text", "", "who sanctions: alone: the member only; all: all members; all_but_it: all others"
)
_CHANNEL = Column(
    "channel", "text", "", "imports (of the case's goods), other imports, exports, or total: all that is known"
)
_GDP_YEAR = Column("year", "number", "", "year of the GDP that the row is a part of")
_HOW_SURE = Column("status", "text", "", "estimated; unknown: a figure is missing, see note and findings")
_MEASURED = Column("status", "text", "", "estimated; unknown: too little is known for the measure")
_VINTAGE = Column("vintage", "text", "", "years of the figures that the row follows from")
_OF_GDP = "part of GDP"

SECURITY: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "sanctions",
            "Sanctions: what they cost whom",
            "Yearly loss if trade with the target stops, before and after the requirement. Imports of the case's "
            "goods through a CES aggregate; other imports and exports from the input-output table, intermediates "
            "only, so that totals are lower bounds. Losses of goods, sectors and channels are added up, which "
            "holds while they are small; what adds up to more than all of GDP is unknown.",
            (
                Column("member", "text", "", "ISO code of the member, or of a country of the target"),
                Column("role", "text", "", "member or target"),
                _PATTERN,
                _SCENARIO,
                _CHANNEL,
                Column("loss_usd", "number", "USD a year", "loss"),
                Column("gdp_share", "number", _OF_GDP, "loss over the country's GDP"),
                Column("lower_bound", "text", "", "yes: the loss is at least this"),
                _GDP_YEAR,
                _VINTAGE,
                _HOW_SURE,
                Column("note", "text", "", "what is not counted, and why a loss is unknown"),
            ),
            ("member", "pattern", "scenario", "channel"),
        ),
        Table(
            "sanctions_goods",
            "Sanctions by good",
            "Goods of which less is left than is used, with what the loss follows from.",
            (
                _G,
                _WHO,
                _PATTERN,
                _SCENARIO,
                Column("quantity_left", "share", "share of use", "part of the quantity used that is left"),
                Column("cost_share", "number", _OF_GDP, "value of the good's use over GDP"),
                Column("substitution", "number", "elasticity", "how easily it is replaced"),
                Column("gdp_share", "number", _OF_GDP, "loss over GDP"),
                Column("loss_usd", "number", "USD a year", "loss"),
                Column("year", "number", "", "year of the good's flows"),
                _HOW_SURE,
            ),
            ("good", "member", "pattern", "scenario"),
        ),
        Table(
            "footing",
            "Even footing: how unevenly losses fall",
            "Spread of members' losses in parts of GDP. Coefficient of variation (cv): standard deviation "
            "over mean; Gini: mean absolute difference of all pairs over twice the mean, 0 if all lose alike.",
            (
                _PATTERN,
                _SCENARIO,
                _CHANNEL,
                Column("measure", "text", "", "range, cv (coefficient of variation) or gini"),
                Column("value", "number", "see measure", "the measure; the range in parts of GDP"),
                Column("members", "number", "members", "members counted; who is unknown is left out"),
                Column("left_out", "text", "", "members left out"),
                Column("vintage", "text", "", "years of the figures"),
                _MEASURED,
            ),
            ("pattern", "scenario", "channel", "measure"),
        ),
        Table(
            "participation",
            "Participation: who would sanction, at which stake",
            "A member takes part if its stake times what the coalition does to the target exceeds its loss. The "
            "break-even stake is the one at which both are equal. Total trade is of intermediates only, so that "
            "losses and effects are at least these, and break-even stakes, their ratio, may be higher or lower.",
            (
                _WHO,
                _PATTERN,
                Column("loss", "number", _OF_GDP, "its loss if all sanction"),
                Column("loss_alone", "number", _OF_GDP, "its loss if it sanctions alone"),
                Column("loss_outside", "number", _OF_GDP, "its loss if all others sanction"),
                Column("effect", "number", "share of the target's GDP", "what the target loses if all sanction"),
                Column("effect_alone", "number", "share of the target's GDP", "if the member sanctions alone"),
                Column("effect_without", "number", "share of the target's GDP", "if all others sanction"),
                Column("break_even_stake", "number", "multiple", "at which all sanctioning is as good as nobody"),
                Column("break_even_alone", "number", "multiple", "at which it would sanction alone"),
                Column("break_even_marginal", "number", "multiple", "at which it joins if all others act anyway"),
                Column("stake", "number", "multiple", "of the case; blank if not given"),
                Column(
                    "joins", "text", "", "yes: in the coalition that is left when nobody stays against its stake"
                ),
                Column("joins_alone", "text", "", "yes: it would sanction alone"),
                Column("in_stable", "number", "coalitions", "stable coalitions of which it is part"),
                _GDP_YEAR,
                _VINTAGE,
                _HOW_SURE,
                Column("note", "text", "", "of what losses and effects are at least these, and what is unknown"),
            ),
            ("member", "pattern"),
        ),
        Table(
            "coalitions_stable",
            "Coalitions that hold together",
            "Internally stable: no member would rather leave. Externally stable: nobody outside would join. "
            "All stable coalitions of up to twelve members; besides, all members and those who join.",
            (
                _PATTERN,
                Column("coalition", "text", "", "its members; none: nobody sanctions; unknown: who joins is"),
                Column("kind", "text", "", "all members; those who join; stable"),
                Column("size", "number", "members", "how many they are"),
                Column("internal", "text", "", "yes: internally stable; unknown without stakes"),
                Column("external", "text", "", "yes: externally stable; unknown without stakes"),
                Column("effect", "number", "share of the target's GDP", "what the target then loses, at least"),
                Column("target_loss_usd", "number", "USD a year", "the same in USD"),
                Column("credibility", "share", "share of the members' GDP", "weight of those who take part"),
                _GDP_YEAR,
                _HOW_SURE,
            ),
            ("pattern", "coalition", "kind"),
        ),
        Table(
            "duration",
            "Duration: when the requirement pays",
            "Loss avoided by the requirement if all sanction, growing by year, against its fixed yearly cost.",
            (
                _WHO,
                Column("avoided_first_year", "number", _OF_GDP, "loss before less loss after, first year"),
                Column("avoided", "number", _OF_GDP, "the same over the years of a crisis, as the case says"),
                Column("yearly_cost", "number", _OF_GDP, "cost of the requirement"),
                Column("cost_from", "text", "", "where the cost comes from"),
                Column(
                    "break_even_years", "number", "years", "first year by whose end more was avoided than paid"
                ),
                Column("break_even_probability", "share", "share a year", "yearly probability at which it pays"),
                Column("probability", "share", "share a year", "of the case; blank if not given"),
                Column(
                    "pays",
                    "text",
                    "",
                    "yes: the case's probability is above break-even; unknown if part of the cost or the loss is",
                ),
                _GDP_YEAR,
                _HOW_SURE,
                Column("note", "text", "", "why a figure is blank"),
            ),
            ("member",),
        ),
        Table(
            "threat",
            "Threat: who has most to fear from whom",
            "Four factors by member and target, each 0 to 1. Means order targets and members; they are no "
            "probabilities.",
            (
                _WHO,
                Column("target", "text", "", "ISO code of the country that may threaten"),
                Column("economy", "share", "0 to 1", "target's GDP over that of both"),
                Column("military", "share", "0 to 1", "target's capability over that of both"),
                Column("proximity", "share", "0 to 1", "exp(−distance / d0)"),
                Column("hostility", "share", "0 to 1", "distance in UN votes over the widest of all countries"),
                Column("geometric", "share", "0 to 1", "weighted geometric mean: all factors must be there"),
                Column("arithmetic", "share", "0 to 1", "weighted arithmetic mean: factors make up for another"),
                Column("rank", "number", "rank", "of the target among the member's, by the geometric mean"),
                Column("rank_arithmetic", "number", "rank", "the same by the arithmetic mean"),
                Column("rank_member", "number", "rank", "of the member among those of this target"),
                Column("vintage", "text", "", "years of the figures"),
                Column("status", "text", "", "estimated; unknown: a factor is missing, so there is no mean"),
                Column("missing", "text", "", "what is not known, and of whom"),
            ),
            ("member", "target"),
        ),
        Table(
            "divergence",
            "Divergence: how differently members see a target",
            "Spread of the geometric mean over members.",
            (
                Column("target", "text", "", "ISO code of the country that may threaten"),
                Column("measure", "text", "", "range, cv (coefficient of variation) or gini"),
                Column("value", "number", "see measure", "the measure"),
                Column("highest", "text", "", "member that has most to fear"),
                Column("lowest", "text", "", "member that has least to fear"),
                Column("members", "number", "members", "members counted"),
                Column("left_out", "text", "", "members left out, something is not known of them"),
                Column("vintage", "text", "", "years of the figures, of each member whose years differ"),
                _MEASURED,
            ),
            ("target", "measure"),
        ),
        Table(
            "tiers",
            "Partner tiers",
            "Countries scored by the case's criteria, and what a tier or grouping adds if its countries count "
            "with their credit.",
            (
                Column("grouping", "text", "", "tier or grouping"),
                Column("country", "text", "", "ISO code of the country, or ALL for the grouping together"),
                Column("credit", "share", "", "how much of its supply counts"),
                Column("alignment", "share", "0 to 1", "closeness to the members in the votes of the UN"),
                Column("independence", "share", "0 to 1", "part of its inputs not bought from those cut off"),
                Column("proximity", "share", "0 to 1", "nearness to the members, mean of exp(−distance / d0)"),
                Column("supply", "share", "0 to 1", "part of what is bought from outsiders it could sell, mean"),
                Column("score", "share", "0 to 1", "weighted mean of what is known"),
                Column(
                    "tier_by_score",
                    "text",
                    "",
                    "tier that the score reaches; none: below all; member: counts fully",
                ),
                Column("gap_text", "text", "", "what it would need to count fully"),
                Column(
                    "adds_to_requirement",
                    "number",
                    "share of demand",
                    "mean gap of all goods, with it less without",
                ),
                Column("better", "number", "goods", "goods whose verdict improves"),
                Column("worse", "number", "goods", "goods whose verdict gets worse"),
                Column(
                    "adds_to_capacity_usd", "number", "USD a year", "output of new capacity, with it less without"
                ),
                Column("adds_to_moved_usd", "number", "USD a year", "purchases to be moved, with it less without"),
                Column(
                    "cost_usd",
                    "number",
                    "USD a year",
                    "extra landed cost and annualised capacity of the cheapest surviving plans with shares no "
                    "higher than the requirement with it, all members; at least, if parts are unknown",
                ),
                Column(
                    "adds_to_cost_usd", "number", "USD a year", "cost with it less without, of parts known in both"
                ),
                Column("unknown_parts", "number", "parts", "parts of cost that are unknown with or without it"),
                Column("adds_to_range", "number", _OF_GDP, "range of losses after, with it less without"),
                Column(
                    "adds_to_cv",
                    "number",
                    "ratio",
                    "coefficient of variation of losses after, with it less without",
                ),
                Column("adds_to_gini", "number", "ratio", "Gini of losses after, with it less without"),
                Column("year", "number", "", "year of the amounts in USD"),
                Column("status", "text", "", "estimated; unknown: nothing known of it"),
                Column("missing", "text", "", "what is not known"),
            ),
            ("grouping", "country"),
        ),
    )
}

BESIDE: dict[str, tuple[str, ...]] = {  # the tables of other questions about a case, beside those of its result
    "burden": tuple(ECONOMY),
    "sanctions": tuple(name for name in SECURITY if name not in ("threat", "divergence", "tiers")),
    "threat": ("threat", "divergence"),
    "tiers": ("tiers",),
}
BESIDE_TABLES: dict[str, Table] = {**ECONOMY, **SECURITY}
