"""The one declaration of every table that goes in or comes out.

Readers, checks, exports, the workbook and the documentation take columns, keys, units and words from here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

CATEGORIES = ("food", "energy", "military")
MEASURES = ("quantity", "value")
STATUSES = ("observed", "estimated", "assumed")
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

_READING = Column("reading", "text", "", ", ".join(READINGS))

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
                Column("month", "number", "month", "earliest month that fixes the requirement"),
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
                Column("month", "number", "month", "earliest month that fixes the requirement"),
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
            "everything else as written. Widest first; no share suffices counts as beyond 100 %.",
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
                Column("least", "share", "share", "part of its deliveries that is left in the worst month"),
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
                Column("keeps_going", "share", "share", "part of its deliveries left in the worst month"),
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
                Column("region", "text", "", "whose supply counts"),
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
            "The figures the requirement starts from, with their year, status and source.",
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
            "assumptions",
            "Assumptions",
            "Every number of the case that is a judgement, by good, with the ground it stands on.",
            (
                _G,
                Column("parameter", "text", "", "name in the case file"),
                Column("value", "text", "see unit", "value used for this good"),
                Column("unit", "text", "", "unit of the value"),
                Column("set_in", "text", "", "place in the case file, or default"),
                Column("ground", "text", "", "the ground given in the case file, or assumed"),
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

_OF = (_G, _MEMBER, _CUTOFF, _READING)
_KEY = ("good", "member", "cutoff", "reading")
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
                    "swing", "share", "share of demand", "greatest less least of the three; blank if one is none"
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
                Column("of", "number", "points", "sample points counted"),
                Column("part", "share", "share of points", "points with this verdict over points counted"),
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
                Column("holds", "share", "share of points", "points in which the case's verdict holds"),
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
            "One factor varied by itself. The value is interpolated between the two solved neighbours that "
            "bracket it; how far apart they are says how sure it is.",
            (
                *_OF,
                _FACTOR,
                _IN_WORDS,
                Column("target", "share", "share of demand", "the study's target, else today's share"),
                Column("value", "number", "see unit", "where the share equals the target, interpolated"),
                Column("below", "number", "see unit", "solved value just below"),
                Column("above", "number", "see unit", "solved value just above"),
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
            "Between two corners the share runs straight. Solved points lie so close that the line between them "
            "is right to a thousandth. No share suffices where the share is blank.",
            (
                *_OF,
                Column("parameter", "text", "", "the number that moves, by its name in the case"),
                Column("value", "number", "unit of the parameter", "its value"),
                Column("share", "share", "share of demand", "minimum share; blank where no share suffices"),
                Column("share_today", "share", "share of demand", "today's share"),
                Column("status", "text", "", "the verdict"),
                Column("kind", "text", "", "corner: exact; whole number; solved point"),
            ),
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
