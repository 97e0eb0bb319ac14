"""What the sheets of the workbook hold: columns with headings, units and meanings, ready to be written.

Headings, units and meanings come from :mod:`resilience.schema`, sentences from :mod:`resilience.words`.
:mod:`resilience.output.workbook` writes them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from resilience import words
from resilience.inputs.ranges import DEFAULT_RANGES, range_label
from resilience.output.bars import Bar
from resilience.output.measure import width as width_of
from resilience.results import Result
from resilience.schema import ALL, BESIDE, ECONOMY, RESULTS, SECURITY, STUDY, WORKBOOK, Column, Table

SHEETS = {  # in order; pages of members and goods follow the summary, those of a study the data
    "Cover": "What this workbook answers, and what it does not.",
    "Contents": "Every sheet and what it holds.",
    "Summary": "The answer: every good for all members together, and as a map for each member.",
    "Requirements": "Every least share, also under each cutoff by itself.",
    "Stress": "What each cutoff does if nothing is changed beforehand.",
    "Plan": "Who buys how much from whom, today and in the surviving plan nearest to today.",
    "Capacity": "The new capacity inside the region that this plan needs.",
    "Assumptions": "Every judgement that went in, with its range, source, owner and confidence where given.",
    "Data": "The figures the calculation starts from: production, trade, demand and stocks.",
    "Rests on": "Sensitivity: what each good's share would be at other assumptions, one at a time, widest first.",
    "Frontiers": "Sensitivity: how each least share falls with stocks, of the goods in which most must change.",
    "Benchmarks": "Where each good stands against legal thresholds.",
    "Checks": "Whether the numbers of this workbook fit together, by formulas.",
    "Sources": "Where the data come from, and what to know about each good.",
    "Change log": "What differs from an earlier result.",
    "Verdicts": "The answers as a list: the verdict as a sentence, suppliers today and in the plan.",
    "Why": "The reason for every requirement in words, and the share that is needed without any cutoff.",
    "Levers": "What a month of stock, a point of restraint and a point of surge are worth.",
    "Missing": "Where no share suffices, or not without building: what is missing, month by month.",
    "Months": "What arrives, is used and is left in stock, month by month.",
    "Chain": "What each good rests on upstream: its inputs, what they need themselves, and the weakest link.",
    "Indirect": "Suppliers that are not cut off but lose an input that is.",
    "Substitutes": "Goods that may stand in for each other: what they need together.",
    "Caps": "What a cap on one outsider does in place of a floor, if the case asks for it.",
    "Regions": "The same question with other regions, if the case asks for it.",
    "Content": "How much of the value of what suppliers sell was made inside the region.",
    "Exposure": "How much of the value members use was made by those who are cut off, directly or through others.",
    "Content rule": "What it would do to count imports only from a given regional content on.",
    "Sharing": "Who bears how much of the requirement's cost in three plans, transfers, free rides.",
    "Burden": "What the requirement costs a year, by good, member and kind.",
    "Share price": "What one more point of share costs, by good.",
    "Mix": "Stocks, restraint and sourcing against each other, by good.",
    "Sanctions": "What sanctions cost each member and the target, before and after the requirement.",
    "Sanctions goods": "The same by good, where less is left than is used.",
    "Footing": "How evenly these losses fall on members.",
    "Participation": "Which stake makes each member take part, alone and with the others.",
    "Coalitions stable": "Which coalitions hold together, and what the target then loses.",
    "Duration": "How long or how likely a crisis must be for the requirement to pay.",
    "Threat": "Who has most to fear from whom: four factors, means and ranks.",
    "Divergence": "How differently members see a target.",
    "Tiers": "How partners score, and what each tier or grouping would add to the region.",
    "Purchases": "What members bought from whom, row by row, with status and source.",
    "Data flows": "All trade from which purchases were traced to their origin, with status and source.",
    "Thresholds": "What each of the laws on the sheet Benchmarks asks for, with its source.",
    "Findings": "What the tool noticed about the data and the result.",
}
PARTS = {
    "Cover": "Answer",
    "Requirements": "Evidence",
    "Verdicts": "Annex",
}  # of a workbook, with their first sheet
TABLES = {
    "Data": "balance",
    "Data flows": "flows_used",
    "Change log": "changes",
}  # where a sheet is not called like its table
ON_REQUEST = (  # left out where there is nothing to show
    *(
        "Months",
        "Data flows",
        "Rests on",
        "Frontiers",
        "Missing",
        "Chain",
        "Indirect",
        "Substitutes",
        "Caps",
        "Regions",
    ),
    *("Content", "Exposure", "Content rule"),
    *("Sharing", "Burden", "Share price", "Mix", "Sanctions", "Sanctions goods", "Footing", "Participation"),
    *("Coalitions stable", "Duration", "Threat", "Divergence", "Tiers"),
)
MOST_MONTHS = 100_000  # rows of the table months that still go into the workbook
HEADINGS = {
    "good": "Good code",
    "member": "Member code",
    "supplier": "Supplier code",
    "country": "Country code",
    "exporter": "Exporter code",
    "importer": "Importer code",
    "share": "Least share",
    "share_upper": "Greatest share",
    "extra_cost_usd": "Value of the change",
    "value_usd": "Value, USD",
}
HEADINGS_OF = {  # where a table needs words of its own
    "burden": {
        "usd": "Cost, USD a year",
        "on_paper_usd": "On paper, USD a year",
        "usd_per_head": "USD per head",
        "gdp_share": "Part of GDP",
        "status": "Sureness",
    },
    "sharing": {
        "nearest_usd": "Nearest plans, USD a year",
        "nearest_gdp_share": "Nearest plans, part of GDP",
        "cheapest_usd": "Cheapest plans, USD a year",
        "cheapest_gdp_share": "Cheapest plans, part of GDP",
        "fair_usd": "Fair plans, USD a year",
        "fair_gdp_share": "Fair plans, part of GDP",
        "common_parts": "Parts known for every member",
        "common_usd": "These parts, USD a year",
        "common_gdp_share": "These parts, part of GDP",
        "transfer_usd": "Least transfer, USD a year",
        "after_usd": "After it, USD a year",
        "after_gdp_share": "After it, part of GDP",
        "equal_transfer_usd": "Transfer to equal shares, USD a year",
        "free_rides": "Rides free in goods",
        "free_rides_usd": "Others pay for them, USD a year",
        "status": "Sureness",
    },
    "share_price": {
        "usd": "Cost at the floor, USD a year",
        "usd_per_point": "One point more, USD a year",
        "holds_to": "Price holds to",
        "next_point_usd": "The next whole point, USD a year",
        "status": "Sureness",
    },
    "mix": {
        "share": "Largest share of a member",
        "more_stock": "Stock on top, months",
        "landed_usd": "Landed, USD a year",
        "capacity_usd": "Capacity, USD a year",
        "stock_usd": "Stock, USD a year",
        "restraint_usd": "Restraint, USD a year",
        "usd": "In all, USD a year",
        "status": "Sureness",
    },
    "tiers": {
        "tier_by_score": "Tier by score",
        "gap_text": "What it would need",
        "adds_to_requirement": "Adds to the mean gap",
        "better": "Better verdicts",
        "worse": "Worse verdicts",
        "adds_to_capacity_usd": "Adds to new capacity, USD a year",
        "adds_to_moved_usd": "Adds to moved purchases, USD a year",
        "cost_usd": "Cheapest plans, USD a year",
        "adds_to_cost_usd": "Adds to their cost, USD a year",
        "adds_to_range": "Adds to the range of losses",
        "adds_to_cv": "Adds to their coefficient of variation",
        "adds_to_gini": "Adds to their Gini",
    },
    "participation": {
        "loss": "Loss if all sanction",
        "loss_alone": "If it alone does",
        "loss_outside": "If all others do",
        "effect": "Target loses if all do",
        "effect_alone": "If it alone does, target",
        "effect_without": "If all others do, target",
    },
    "sanctions": {"loss_usd": "Loss in USD", "gdp_share": "Part of GDP"},
    "sanctions_goods": {"loss_usd": "Loss in USD", "gdp_share": "Part of GDP"},
    "coalitions_stable": {
        "internal": "Nobody would leave",
        "external": "Nobody would join",
        "effect": "Target loses",
        "target_loss_usd": "Target loses, USD a year",
        "year": "Year of GDP",
    },
    "duration": {
        "avoided_first_year": "Loss avoided in the first year",
        "avoided": "Loss avoided in a crisis",
        "yearly_cost": "Cost a year",
        "cost_from": "Cost is from",
        "break_even_years": "Break-even years",
        "break_even_probability": "Break-even probability",
        "probability": "Probability in the case",
        "year": "Year of GDP",
    },
    "threat": {
        "economy": "Economic power",
        "military": "Military capability",
        "geometric": "Geometric mean",
        "arithmetic": "Arithmetic mean",
        "rank_arithmetic": "Rank by arithmetic mean",
        "rank_member": "Rank of the member",
    },
    "chain": {
        "input": "Input code",
        "into": "Goes into code",
        "joint": "Solved together",
        "share": "Least share of the good",
        "input_share": "Input: least share",
        "input_share_today": "Input: share today",
        "input_gap": "Input: gap",
        "input_status": "Input: verdict",
        "keeps_going": "Makers at home keep",
        "weakest": "Weakest link",
        "text": "In words",
    },
    "rests_on": {
        "label": "Assumption",
        "written": "The case",
        "range": "Ends from",
        "share_low": "Share at low",
        "share": "Share in the case",
        "share_high": "Share at high",
        "status_low": "Verdict at low",
        "status": "Verdict in the case",
        "status_high": "Verdict at high",
    },
    "indirect": {
        "input": "Input code",
        "months": "Months before the first loss",
        "least": "Left in the worst month",
        "bought": "Bought from it today",
    },
    "substitutes": {"apart": "Least share without substitution"},
    "content": {
        "inside": "In the region",
        "regional_content": "Made in the region",
        "cut_content": "Made by those cut off",
        "bought": "Bought from it today",
        "keeps_going": "Left in the worst month",
        "covered": "Rows in the table",
    },
    "exposure": {
        "direct": "Bought directly",
        "through_region": "Through the region",
        "through_others": "Through others",
        "total": "All together",
        "most_through": "Most comes through code",
        "covered": "Covered by the table",
    },
    "content_rule": {
        "rule": "Content asked for (r)",
        "shut_out": "Shut out",
        "some_plan": "Some plan survives",
        "every_plan": "Every plan survives",
    },
    "tornado": {
        "in_words": "What is varied",
        "base": "The case",
        "share_low": "Share at low",
        "share_base": "Share in the case",
        "share_high": "Share at high",
        "status_low": "Verdict at low",
        "status_base": "Verdict in the case",
        "status_high": "Verdict at high",
    },
    "why": {"text": "In words"},
    "benchmarks": {"text": "In words"},
    "verdicts": {"status": "Verdict", "of": "Of", "of_the_case": "The case's own"},
    "spread": {
        "none": "No share suffices",
        "share_base": "Share in the case",
        "holds": "Verdict holds",
        "holds_low": "Verdict holds, low",
        "holds_high": "Verdict holds, high",
        **{f"q{part:02}": f"{part} % of points" for part in (5, 25, 50, 75, 95)},
    },
    "indices": {"in_words": "What is varied", "none": "No share suffices", "message": "Remark"},
    "heat_map": {"status": "Verdict"},
    "break_even": {
        "in_words": "What is varied",
        "value": "Break-even",
        "below": "Solved below",
        "above": "Solved above",
        "share_below": "Share there (below)",
        "share_above": "Share there (above)",
        "text": "In words",
    },
    "rules": {"text": "In a sentence", "in_rule": "Points in the rule", "held_out": "Density, held out"},
    "outcomes": {"status": "Verdict"},
}
NAMED = {"input": "Input", "into": "Goes into", "most_through": "Most comes through"}  # names beside such codes
FIRST = {  # headings that come first where the order of the table does not serve readers; the rest is not printed
    "chain": (
        *("Good", "Member", "Cutoff", "Weakest link", "Input", "Goes into", "Stage", "Input: verdict"),
        *("Input: share today", "Input: least share", "Input: gap", "Least share of the good", "In words"),
        *("Essential", "Input per unit", "Recipe unit", "Solved together", "Makers at home keep"),
    ),
    "rests_on": (
        *("Good", "Assumption", "Low", "The case", "High", "Unit", "Share at low", "Share in the case"),
        *("Share at high", "Verdict at low", "Verdict in the case", "Verdict at high", "Swing", "Ends from"),
    ),
}
CODES = (  # of what has a name beside them; at the far right and not printed
    *("Good code", "Member code", "Supplier code", "Country code", "Exporter code", "Importer code"),
    *("Input code", "Goes into code", "Most comes through code"),
)
CODES_APART = "Codes stand at the far right and are not printed."
REMARKS = {
    "chain": (
        "All cutoffs together come first, and of them all members together; then each cutoff by itself. The "
        "weakest link of each good is in bold and says yes. " + CODES_APART
    ),
    "indirect": "Of each good the suppliers from which members buy most come first.",
    "content": "Of each good the suppliers from which members buy most come first.",
}
SOLVED = {  # columns that the solver found, or that follow from its numbers, by table
    "rests_on": ("share_low", "share", "share_high", "status_low", "status", "status_high", "swing"),
    "requirements": ("share", "share_upper", "status", "basis", "month", "worst_set", "new_capacity"),
    "stress": ("months_survived", "worst_shortfall", "total_shortfall"),
    "months": ("delivered", "used", "stock"),
    "plan": ("planned", "extra_cost_usd"),
    "capacity": ("new_capacity", "times_today"),
    "why": ("without_cutoff", "binding_cutoff", "month", "text"),
    "levers": ("share", "change", "to_zero", "to_survive", "even_if"),
    "missing": ("missing", "even_if"),
    "chain": ("share", "input_share", "input_gap", "input_status", "keeps_going", "weakest", "text"),
    "indirect": ("months", "least"),
    "substitutes": ("share", "gap", "apart", "status"),
    "caps": ("cap_alone", "floor", "cap_with_floor", "floor_under_cap", "floor_alone"),
    "regions": ("share", "gap", "status", "new_capacity", "months_survived"),
    "content_rule": ("some_plan", "every_plan", "answer"),
    "burden": ("usd", "on_paper_usd", "usd_per_head", "gdp_share"),
    "sharing": (
        *("nearest_usd", "nearest_gdp_share", "cheapest_usd", "cheapest_gdp_share", "fair_usd", "fair_gdp_share"),
        *("common_usd", "common_gdp_share", "transfer_usd", "after_usd", "after_gdp_share"),
        *("equal_transfer_usd", "price_of_fairness", "free_rides", "free_rides_usd"),
    ),
    "share_price": ("floor", "usd", "usd_per_point", "holds_to", "next_point_usd"),
    "mix": ("share", "new_capacity", "landed_usd", "capacity_usd", "stock_usd", "restraint_usd", "usd"),
    "sanctions": ("loss_usd", "gdp_share"),
    "sanctions_goods": ("quantity_left", "gdp_share", "loss_usd"),
    "footing": ("value",),
    "participation": (
        *("loss", "loss_alone", "loss_outside", "effect", "effect_alone", "effect_without", "break_even_stake"),
        *("break_even_alone", "break_even_marginal", "joins", "joins_alone", "in_stable"),
    ),
    "coalitions_stable": ("kind", "internal", "external", "effect", "target_loss_usd", "credibility"),
    "duration": (
        *("avoided_first_year", "avoided", "yearly_cost", "break_even_years", "break_even_probability", "pays"),
    ),
    "tiers": (
        *("gap_text", "adds_to_requirement", "adds_to_capacity_usd", "adds_to_moved_usd", "cost_usd"),
        *("adds_to_cost_usd", "adds_to_range", "adds_to_cv", "adds_to_gini"),
    ),
    "benchmarks": ("needed", "text"),
    "tornado": (
        *(f"{what}_{end}" for what in ("share", "status") for end in ("low", "base", "high")),
        "swing",
    ),
    "verdicts": ("status", "points", "part", "part_low", "part_high", "of_the_case"),
    "spread": (*("none", "share_base", "q05", "q25", "q50", "q75", "q95", "holds", "holds_low", "holds_high"),),
    "indices": ("value", "value_low", "value_high", "none"),
    "heat_map": ("share", "status", "others"),
    "break_even": ("value", "below", "above", "share_below", "share_above", "text"),
    "rules": ("threshold", "conditions", "density", "coverage", "base_rate", "held_out", "in_rule", "text"),
    "outcomes": ("share", "share_upper", "gap", "status", "months_survived"),
}
RAW = ("months", "purchases", "flows_used", "points", "outcomes", "findings")  # rows as they come
DOES_NOT_RECALCULATE = "Solver output does not recalculate when a cell is changed."
SOLVER_NOTE = (
    "On grey: solver output, does not recalculate. Words that follow from it are on grey, too; a verdict is on "
    "the colour of its kind, and follows from it all the same."
)
STALE_WORD = "STALE"
STALE_TEXT = f"{STALE_WORD}: an assumption or a figure of Data was edited; the verdicts belong to the old values"
STALE = f'=IF(COUNTIF(t_checks[Result],"{STALE_WORD}")>0,"{STALE_TEXT}","")'
WIDE = {"message": 90, "text": 90, "ground": 40, "source": 40, "shut_out": 60, "goods": 44, "chain.text": 80} | {
    "break_even.text": 56,
    "rules.text": 56,
    "benchmarks.rule": 20,
    "benchmarks.goods": 38,
    "benchmarks.who": 18,
    "benchmarks.unit": 13,
    "benchmarks.text": 52,
    "benchmarks.stands": 16,
    "benchmarks.asks": 34,
    "benchmarks.source": 40,
    "benchmarks.checked": 140,
    "thresholds.rule": 20,
    "thresholds.asks": 36,
    "thresholds.unit": 18,
    "thresholds.source": 40,
    "thresholds.checked": 66,
    "balance.source": 36,
    "assumptions.ground": 34,
    "assumptions.owner": 14,
    "assumptions.set_in": 18,
    "assumptions.unit": 16,
    "assumptions.value": 18,
    "changes.key": 60,
}
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
NAMES = ("Good", "Input")  # columns with names of goods
PAGE = 150  # units that columns take on one page in a good size
MEASURED = 2000  # rows that are looked at for the width of a column
SHARE, FIGURE = "0.0 %", "#,##0.0"  # number formats
LEAST_WIDTH, LONGEST_WORD = 8, 30  # of a column; no word shorter than the latter is broken
HEAD = 4.5  # units beside the longest word of a heading, for the button of the filter
MARKED = {"rests_on": ("status_low", "status", "status_high")}
WRITTEN = {
    *(("assumptions", name) for name in ("value", "low", "high")),
    *(("rests_on", name) for name in ("low", "written", "high")),
}  # as the case
_INPUTS = {"input", "into"}
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[-+]?\d+)?")


class Mark(NamedTuple):
    """A cell that shows a verdict: coloured by status, the word in bold, then the rest as it is."""

    status: str
    word: str
    rest: str = ""


class Bars(NamedTuple):
    """A cell with a small picture, one bar an assumption (:mod:`resilience.output.bars`), and its words."""

    bars: tuple[Bar, ...]
    words: str


class Formula(NamedTuple):
    """A cell with a formula, and its value."""

    text: str
    value: Any


class Link(NamedTuple):
    """A cell that leads to a sheet of the same workbook."""

    sheet: str


class Fact(NamedTuple):
    """A single figure above a table: what it is, its value with the number format, and a remark.

    In a formula ``{above}`` and ``{above2}`` are the figures one and two lines higher.
    """

    label: str
    value: Any
    form: str = "#,##0"
    remark: str = ""


class Chart(NamedTuple):
    """A native bar chart of shares: ``series`` are headings of columns and their colours.

    It stands below the table, or ``over`` an empty column of this heading, so that each bar is beside its row.
    """

    title: str
    across: str
    series: tuple[tuple[str, str], ...]
    alt: str
    width: int = 1000
    over: str = ""


@dataclass(frozen=True)
class Field:
    """A column of a sheet. ``kind``: text, general, share, amount, whole, multiple, step, ratio or
    year."""

    heading: str
    values: Sequence[Any]
    kind: str = "text"
    meaning: str = ""
    unit: str = ""
    decimals: Sequence[int] = ()  # of amounts, by row
    widest: float = 36
    solver: bool = False
    forms: Sequence[str] = ()  # number formats, by row, where they differ
    fixed: float = 0.0  # units of its width, if it does not follow from the contents

    def number_format(self, index: int) -> str:
        """The number format of a cell."""
        if self.forms:
            return self.forms[index]
        if self.kind == "amount" and self.decimals and self.decimals[index]:
            return "#,##0." + "0" * self.decimals[index]
        if self.kind == "ratio":
            return f"0.{'0' * _digits(self.values[index])}"
        if self.kind == "percent":
            return f"0.{'0' * _digits(100 * self.values[index])} %"
        formats = {"share": SHARE, "amount": "#,##0", "whole": "#,##0", "multiple": "#,##0.00"}
        formats |= {"step": "0.00", "year": "0", "fine": "0.000000 %", "tiny": "0.0000 %"}
        return formats.get(self.kind, "General")

    def width(self) -> float:
        """Wide enough for the contents, the longest word of the heading and the button of the filter."""
        if self.fixed:
            return self.fixed
        some = range(0, len(self.values), max(1, len(self.values) // MEASURED))
        shown = [line for index in some for line in self.text(index).split("\n")]
        longest = max(map(width_of, shown), default=0.0) + 2.5
        word = max((width_of(word) for line in shown for word in line.split(" ")), default=0.0) + 2.5
        head = max(map(width_of, self.heading.split()), default=0.0) + HEAD
        return round(max(min(longest, max(self.widest, min(word, LONGEST_WORD))), head, LEAST_WIDTH), 1)

    @property
    def align(self) -> dict[str, Any]:
        """Text to the left and numbers to the right with a little room, years in the middle."""
        if self.kind == "year":
            return {"align": "center"}
        return {"align": "left" if self.kind == "text" else "right", "indent": 1}

    def text(self, index: int) -> str:
        """About what the reader sees in a cell."""
        value = self.values[index]
        if missing(value):
            return ""
        if isinstance(value, Bars):
            return ""
        if isinstance(value, Mark):
            return value.word + value.rest
        if isinstance(value, Link):
            return value.sheet
        if isinstance(value, Formula):
            value = value.value
        if isinstance(value, str):
            return value
        form = self.number_format(index)
        if "%" in form:
            value = 100 * value
            return f"{value:,.{len(form.partition('.')[2]) - 2}f} %"
        return f"{value:,.{len(form.partition('.')[2])}f}"


@dataclass(frozen=True)
class Sheet:
    """A sheet with one table: its title, the notes above it, its columns."""

    name: str
    title: str
    notes: tuple[str, ...]
    fields: tuple[Field, ...]
    bold: frozenset[int] = frozenset()  # rows
    printed: int | None = None  # so many columns; None: all
    key: str = ""  # of the Excel table, where it is not that of the sheet
    facts: tuple[Fact, ...] = ()
    chart: Chart | None = None
    stale: bool = False  # says so above the table once an assumption was edited
    lead: tuple[str, ...] = ()  # what matters most, in bold above the notes; it follows from the solver's numbers
    found: tuple[str, ...] = ()  # notes that follow from the solver's numbers
    one_page: bool = False  # on paper, if its rows fit there in a size that can be read
    close: bool = False  # rows stand close, so that more of them fit on a page
    starts: tuple[int, ...] = ()  # columns with which a page begins, where one is too narrow for all
    raw: bool = False  # rows as they come, of which a few on paper are enough

    @property
    def solved(self) -> bool:
        """Whether anything on it was found by the solver, or follows from that."""
        return bool(self.lead or self.found) or any(field.solver for field in self.fields)

    def with_printed(self, *fields: Field) -> Sheet:
        """The sheet with more columns after those that are printed, before the codes."""
        at = self.printed or len(self.fields)
        return replace(self, fields=(*self.fields[:at], *fields, *self.fields[at:]), printed=at + len(fields))

    @property
    def table(self) -> str:
        """The name of the Excel table."""
        return f"t_{self.key or table_name(self.name)}"

    def __len__(self) -> int:
        return len(self.fields[0].values)

    def head(self, rows: int) -> Sheet:
        """The sheet with the first rows only."""
        fields = [
            replace(field, values=field.values[:rows], decimals=field.decimals[:rows], forms=field.forms[:rows])
            for field in self.fields
        ]
        return replace(self, fields=tuple(fields), bold=frozenset(row for row in self.bold if row < rows))


def table_name(sheet: str) -> str:
    """The result table that a sheet shows."""
    return TABLES.get(sheet, sheet.lower().replace(" ", "_"))


def heading(column: str, table: str = "") -> str:
    """The heading of a column of a result table."""
    words_of = HEADINGS | HEADINGS_OF.get(table, {})
    return words_of.get(column, column.replace("_", " ").capitalize())


def result_sheet(result: Result, name: str) -> Sheet:
    """A table of the result as it is, with names beside codes."""
    table, meta = _declared(name), _meta_of(name, result.meta)
    frame = (
        ordered(result.tables[name], name) if name in result.tables else pd.DataFrame(columns=list(table.names))
    )
    fields = table_fields(name, frame, meta)
    if name == "sources":
        remarks = [meta["notes"].get(good) for good in frame["good"]]
        fields.append(Field("Note", remarks, meaning="what to know about the good", widest=60))
    first = FIRST.get(name) or tuple(field.heading for field in fields if field.heading not in CODES)
    fields.sort(key=lambda field: first.index(field.heading) if field.heading in first else len(first))
    notes = [table.note, *([REMARKS[name]] if name in REMARKS else [])]
    if len(first) < len(fields) and name not in FIRST:
        notes.append(CODES_APART)
    if name == "rests_on":
        notes += _ranges_in_words()
    notes += _mixed_years(name, meta)
    if not len(frame):
        notes.append("This table is empty: there is nothing of the kind in this result.")
    fields = _with_room(fields, len(first))
    bold = frozenset(np.flatnonzero(frame["weakest"] == "yes").tolist()) if name == "chain" else frozenset()
    title = next((sheet for sheet in SHEETS if table_name(sheet) == name), name.replace("_", " ").capitalize())
    return Sheet(title, table.title, tuple(notes), tuple(fields), bold, len(first), raw=name in RAW)


def _with_room(fields: list[Field], printed: int) -> list[Field]:
    """Names of goods as wide as the page leaves room, so that they take fewer lines."""
    names = [field for field in fields if field.heading in NAMES]
    room = PAGE - sum(field.width() for field in fields[:printed])
    if not names or room <= 0:
        return fields
    widest = min(max(field.widest for field in names) + int(room / len(names)), 60)
    return [replace(field, widest=widest) if field.heading in NAMES else field for field in fields]


def _meta_of(name: str, meta: Mapping[str, Any]) -> Mapping[str, Any]:
    """The meta data of a table; where a target stands among the members, its name is known as well."""
    return {**meta, "members": {**meta["countries"], **meta["members"]}} if name in SECURITY else meta


def _mixed_years(name: str, meta: Mapping[str, Any]) -> list[str]:
    """What is said of the years that a table of burden, sanctions, threat or tiers mixes."""
    about = next((about for about, names in BESIDE.items() if name in names), "")
    said = meta.get("beside", {}).get(about, {}).get("mixed_years", "")
    return [f"{said}."] if said else []


def _ranges_in_words() -> list[str]:
    """How far assumptions were moved by default, and for which goods not all of them."""
    moved = "; ".join(f"{range_label(one)}: {one.words}" for one in DEFAULT_RANGES)
    apart = ", ".join(range_label(one) for one in DEFAULT_RANGES if not one.joint)
    return [
        f"Default ranges: {moved}. A case's [study.factors] go before them. What moves the share by less than "
        "0.05 points and leaves the verdict as it is, is left out.",
        f"Not moved for goods that are solved together with their inputs, as it would take long: {apart}.",
    ]


def table_fields(name: str, frame: pd.DataFrame, meta: Mapping[str, Any]) -> list[Field]:
    """The columns of a table of a result or a study as the schema declares them, with names beside codes."""
    table = _declared(name)
    amounts = [column.name for column in table.columns if _kind(column) == "amount"]
    decimals = _decimals(frame, amounts) if amounts else []
    beside = {
        "good": {**meta["labels"], **({ALL: "All goods"} if name == "burden" else {})},
        "member": {**meta["members"], ALL: words.member_name(ALL, meta)},
        "supplier": meta["countries"],
        **dict.fromkeys(("country", "exporter", "importer"), meta["countries"]),
        "most_through": meta["countries"],
    }
    beside |= {
        column: {code: words.good_name(code, meta) for code in frame[column]} for column in _INPUTS & {*frame}
    }
    fields, width = [], 24 if name in FIRST else 27
    for column in table.columns:
        values = frame[column.name].tolist()
        if column.name in beside:
            names = [beside[column.name].get(code, code) for code in values]
            title = NAMED.get(column.name, column.name.capitalize())
            meaning = column.meaning if column.name in NAMED else f"name of the {column.name}"
            fields.append(Field(title, names, meaning=meaning, widest=40 if name in RAW else width))
        fields.append(column_field(column.name, values, name, decimals))
    return fields


def ordered(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Rows in the order that serves readers: what holds for all first, the largest suppliers first."""
    if name == "chain":
        keys = {"_cutoff": frame["cutoff"] != ALL, "_member": frame["member"] != ALL}
    elif name in ("indirect", "content"):
        order = {good: n for n, good in enumerate(dict.fromkeys(frame["good"]))}
        keys = {"_good": frame["good"].map(order), "_bought": -frame["bought"]}
    elif name == "findings":
        keys = {"_severity": ~frame["severity"].isin(("error", "warning"))}
    else:
        return frame
    return frame.assign(**keys).sort_values(list(keys), kind="stable")[list(frame.columns)]


def column_field(name: str, values: list[Any], table: str = "requirements", decimals: Sequence[int] = ()) -> Field:
    """A column as the schema declares it."""
    column = _declared(table).column(name)
    kind = _kind(column)
    unit = column.unit.replace("share", "%", 1) if kind in ("share", "percent") else column.unit
    meaning = "its code" if name in NAMED and kind == "text" else column.meaning
    if name == "status" and table == "requirements":
        values = [Mark(value, value) for value in values]
        meaning = "the verdict in a word, see Cover"
    if name == "input_status":
        values = [Mark(value, value) for value in values]
        meaning = "what the input needs itself, in a word, see Cover"
    if name in MARKED.get(table, ()):
        values = [value if missing(value) else Mark(value, value) for value in values]
    if (table, name) in WRITTEN:
        kind = "general"
        values = [float(v) if isinstance(v, str) and _NUMBER.fullmatch(v) else v for v in values]
    return Field(
        heading(name, table),
        values,
        kind,
        meaning,
        unit,
        decimals,
        WIDE.get(f"{table}.{name}", WIDE.get(name, 36)),
        name in SOLVED.get(table, ()),
    )


def _declared(name: str) -> Table:
    return next(tables[name] for tables in (RESULTS, STUDY, ECONOMY, SECURITY, WORKBOOK) if name in tables)


def _kind(column: Column) -> str:
    if column.unit == "0 to 1":
        return "step"
    if column.unit in ("share a year", "share of the target's GDP"):
        return "percent"
    if column.kind == "share":
        return "share"
    if column.name == "year":
        return "year"
    if column.unit == "part of GDP":
        return "fine"
    if column.unit == "USD a head a year":
        return "multiple"
    if column.unit == "months of demand":
        return "step"
    if column.unit in ("see recipe unit", "see measure", "elasticity", "ratio", "unit of the parameter"):
        return "ratio"
    if column.kind == "number" and column.unit.startswith(("share", "see")):
        return "share" if column.unit.startswith("share") else "step"
    if column.kind in ("amount", "number"):
        by_unit = "amount" if column.unit.startswith("unit of the row") else "whole"
        return "multiple" if column.unit == "multiple" else by_unit
    return "text"


def _digits(value: float) -> int:
    """Decimals that show three significant digits."""
    size = abs(value)
    return 2 if not size > 0 or math.isinf(size) else min(max(0, 2 - math.floor(math.log10(size))), 9)


def _decimals(frame: pd.DataFrame, columns: list[str]) -> list[int]:
    """Decimals by row: the same for all amounts of a good, fewer the larger they are."""
    size = frame[columns].abs().max(axis=1).groupby(frame["good"]).transform("max")
    return [0 if value >= 1000 or value < 1e-9 else 1 if value >= 10 else 3 for value in size.fillna(0.0)]


def missing(value: Any) -> bool:
    """Whether a cell stays blank."""
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value)) or value is pd.NA


def short(text: object, most: int) -> str:
    """On one line and at most so long; fit for headings, page headers and properties."""
    line = " ".join(FORBIDDEN.sub("\ufffd", str(text)).split()).replace("_x", "-x")
    return line if len(line) <= most else line[: most - 1] + "…"
