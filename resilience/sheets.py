"""What the sheets of the workbook hold: columns with headings, units and meanings, ready to be written.

Headings, units and meanings come from :mod:`resilience.schema`, sentences from :mod:`resilience.words`.
:mod:`resilience.workbook` writes them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from resilience import words
from resilience.bars import Bar
from resilience.results import Result
from resilience.schema import ALL, READINGS, RESULTS, STATUS_WORDS, STUDY, VALUE_UNIT, Column, Table

SHEETS = {
    "Cover": "What this workbook answers, and what it does not.",
    "Summary": "The answer as a map: every good by member, with today's share, least share and verdict.",
    "Verdicts": "The same answers as a list: the verdict as a sentence, and the cutoff that asks most.",
    "Requirements": "Every least share, also under each cutoff by itself.",
    "Rests on": "What each good's share would be at other assumptions, one at a time, widest first.",
    "Why": "The reason for every requirement in words, and the share that is needed without any cutoff.",
    "Levers": "What a month of stock, a point of restraint and a point of surge are worth.",
    "Missing": "Where no share suffices, or not without building: what is missing, month by month.",
    "Chain": "What each good rests on upstream: its inputs, what they need themselves, and the weakest link.",
    "Indirect": "Suppliers that are not cut off but lose an input that is.",
    "Substitutes": "Goods that may stand in for each other: what they need together.",
    "Caps": "What a cap on one outsider does in place of a floor, if the case asks for it.",
    "Regions": "The same question with other regions, if the case asks for it.",
    "Content": "How much of the value of what suppliers sell was made inside the region.",
    "Exposure": "How much of the value members use was made by those who are cut off, directly or through others.",
    "Content rule": "What it would do to count imports only from a given regional content on.",
    "Stress": "What each cutoff does if nothing is changed beforehand.",
    "Plan": "Who buys how much from whom, today and in the surviving plan nearest to today.",
    "Capacity": "The new capacity inside the region that this plan needs.",
    "Balance": "The figures the calculation starts from: production, trade, demand and stocks.",
    "Assumptions": "Every judgement that went in, with the ground it stands on.",
    "Findings": "What the tool noticed about the data and the result.",
    "Sources": "Where the data come from, and what to know about each good.",
}
ON_REQUEST = (  # left out where there is nothing to show
    *("Rests on", "Missing", "Chain", "Indirect", "Substitutes", "Caps", "Regions"),
    *("Content", "Exposure", "Content rule"),
)
HEADINGS = {
    "good": "Good code",
    "member": "Member code",
    "supplier": "Supplier code",
    "country": "Country code",
    "share": "Least share",
    "share_upper": "Greatest share",
    "extra_cost_usd": "Value of the change",
}
HEADINGS_OF = {  # where a table needs words of its own
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
REMARKS = {
    "chain": (
        "All cutoffs together come first, and of them all members together; then each cutoff by itself. The "
        "weakest link of each good is in bold and says yes. Codes stand at the far right and are not printed."
    ),
    "indirect": "Of each good the suppliers from which members buy most come first.",
    "content": "Of each good the suppliers from which members buy most come first.",
}
SOLVED = (
    "rests_on",
    "requirements",
    "plan",
    "capacity",
    "why",
    "levers",
    "missing",
    "chain",
    "substitutes",
    "content_rule",
)
DOES_NOT_RECALCULATE = "Solver output does not recalculate when a cell is changed."
WIDE = {"message": 90, "text": 90, "ground": 44, "source": 44, "shut_out": 60, "goods": 44, "chain.text": 48}
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
MOST_BARS = 3
MARKED = {"rests_on": ("status_low", "status", "status_high")}
WRITTEN = {("assumptions", "value"), *(("rests_on", name) for name in ("low", "written", "high"))}  # as the case
_INPUTS = {"input", "into"}
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[-+]?\d+)?")


class Mark(NamedTuple):
    """A cell that shows a verdict: coloured by status, the word in bold, then the rest."""

    status: str
    word: str
    rest: str = ""


class Bars(NamedTuple):
    """A cell with a small picture, one bar an assumption (:mod:`resilience.bars`), and what it shows in words."""

    bars: tuple[Bar, ...]
    words: str


class Gap(NamedTuple):
    """A cell with the formula of the gap, and its value."""

    value: float


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
    widest: int = 36

    def number_format(self, index: int) -> str:
        """The number format of a cell."""
        if self.kind == "amount" and self.decimals and self.decimals[index]:
            return "#,##0." + "0" * self.decimals[index]
        if self.kind == "ratio":
            return f"0.{'0' * _digits(self.values[index])}"
        formats = {"share": "0.0%", "amount": "#,##0", "whole": "#,##0", "multiple": "#,##0.00"}
        formats |= {"step": "0.00", "year": "0"}
        return formats.get(self.kind, "General")

    def width(self) -> float:
        """Wide enough for the contents, the longest word of the heading and the button of the filter."""
        if any(isinstance(value, Bars) for value in self.values):
            return 17  # of a small picture
        shown = (line for index in range(len(self.values)) for line in self.text(index).split("\n"))
        longest = max(map(len, shown), default=0)
        return max(min(longest + 3, self.widest), max(map(len, self.heading.split())) + 4, 9)

    @property
    def align(self) -> dict[str, Any]:
        """Text to the left with a little room, years in the middle, other numbers to the right."""
        if self.kind == "text":
            return {"align": "left", "indent": 1}
        return {"align": "center" if self.kind == "year" else "right"}

    def text(self, index: int) -> str:
        """About what the reader sees in a cell."""
        value = self.values[index]
        if missing(value):
            return ""
        if isinstance(value, Bars):
            return ""
        if isinstance(value, Mark):
            return f"{value.word}\n{value.rest}" if value.rest else value.word
        if isinstance(value, str):
            return value
        if isinstance(value, Gap) or self.kind == "share":
            return "100.0%"
        form = self.number_format(index)
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

    @property
    def table(self) -> str:
        """The name of the Excel table."""
        return f"t_{table_name(self.name)}"

    def __len__(self) -> int:
        return len(self.fields[0].values)


def sheet_names(result: Result) -> list[str]:
    """The sheets of a result's workbook, in order."""

    def wanted(name: str) -> bool:
        if name in ("Cover", "Summary", "Verdicts"):
            return True
        table = result.tables.get(table_name(name))
        return table is not None and (name not in ON_REQUEST or len(table) > 0)

    return [name for name in SHEETS if wanted(name)]


def table_name(sheet: str) -> str:
    """The result table that a sheet shows."""
    return sheet.lower().replace(" ", "_")


def heading(column: str, table: str = "") -> str:
    """The heading of a column of a result table."""
    words_of = HEADINGS | HEADINGS_OF.get(table, {})
    return words_of.get(column, column.replace("_", " ").capitalize())


def summary_sheet(result: Result) -> Sheet:
    """The map: one row a good, one column a member."""
    meta, answers = result.meta, _answers(result)
    goods = _goods(result)
    together = [answers.get((good, ALL), {}) for good in goods]
    units = [row.get("unit") for row in together]
    measured = [unit and f"{'value' if unit == VALUE_UNIT else 'quantity'}, {unit}" for unit in units]
    sentences = [words.verdict(row) if row else None for row in together]
    fields = [
        Field("Good", [_label(meta, good) for good in goods], widest=32),
        Field("Category", [meta["categories"].get(good) for good in goods]),
        Field("Year", [meta["years"].get(good) for good in goods], "year"),
        Field("Measured in", measured),
        Field("Share of", [row.get("scope") for row in together]),
        Field("Verdict for all members together", sentences, widest=40),
    ]
    star = result.home_unknown()
    resting = result.tables.get("rests_on")
    for member in (ALL, *meta["members"]):
        name = words.member_name(member, meta)
        title = name if member == ALL else f"{short(name, 40)} ({short(member, 10)})"
        cells = [_mark(answers.get((good, member)), (good, member) in star) for good in goods]
        fields.append(Field(title, cells, widest=15))
        if member == ALL and resting is not None and len(resting):
            fields += _rests_fields(resting, goods, meta)
    notes: tuple[str, ...] = (
        f"Least share of each good that must come from inside the region ({meta['region_name']}) so that the "
        f"member survives {_each_cutoff(meta)}.",
        "Each cell: the verdict, with the rise needed in percentage points (pp); the region's share today; "
        "the least share that a coordinated plan can have. Blank or –: there is no number.",
        "; ".join(f"{status}: {meaning}" for status, meaning in STATUS_WORDS.items()) + ".",
        "* share of imports; home production unknown and exports are large, so it says little. Figures rest "
        "on the sheets Assumptions and Sources; a market may need a higher share than a plan, see Verdicts.",
    )
    if resting is not None and len(resting):
        notes += (
            "Rests on: the share of all members with one assumption at its low and its high end, widest first; "
            "bars from 0 to 100 %, a stroke for the case, striped where no share suffices. Ends: sheet Rests on.",
        )
    return Sheet("Summary", f"Summary: {meta['title']}", notes, tuple(fields))


def _rests_fields(table: pd.DataFrame, goods: Sequence[str], meta: Mapping[str, Any]) -> list[Field]:
    """What each good's share rests on, in words and as bars."""
    by_good = {good: rows.head(MOST_BARS) for good, rows in table.groupby("good", sort=False)}
    texts: list[str | None] = [words.rests_text(by_good[g], between="\n") if g in by_good else None for g in goods]
    bars = [
        Bars(
            tuple(map(tuple, by_good[good][["share_low", "share", "share_high"]].to_numpy(dtype=float).tolist())),
            f"{_label(meta, good)} rests on: {words.rests_text(by_good[good])}",
        )
        if good in by_good
        else None
        for good in goods
    ]
    return [
        Field("Rests on (what it would be at other assumptions)", texts, widest=34),
        Field("0 to 100 %", bars, widest=16),
    ]


def verdicts_sheet(result: Result) -> Sheet:
    """The same answers as a list, one row a good and member."""
    meta, answers = result.meta, _answers(result)
    members = (ALL, *meta["members"])
    keys = [(good, member) for good in _goods(result) for member in members]
    rows = [answers[key] for key in keys if key in answers]
    most = _asks_most(result)
    others = {reading: _answers(result, reading) for reading in ("market", "guaranteed")}
    shares = [row["share"] - row["share_today"] for row in rows]
    asks = [most.get((row["good"], row["member"])) for row in rows]
    fields = (
        Field("Good", [_label(meta, row["good"]) for row in rows], meaning="name of the good"),
        Field("Good code", [row["good"] for row in rows], meaning="its short name in all tables"),
        Field("Member", [words.member_name(row["member"], meta) for row in rows], meaning="who must survive"),
        _column("share_today", [row["share_today"] for row in rows]),
        _column("share", [row["share"] for row in rows]),
        Field(
            "Gap",
            [None if missing(share) else Gap(max(0.0, share)) for share in shares],
            "share",
            "formula: least share less today's, never negative",
            "percentage points",
        ),
        _column("status", [row["status"] for row in rows]),
        *(
            Field(
                reading.capitalize(),
                [others[reading].get((row["good"], row["member"]), {}).get("share") for row in rows],
                "share",
                READINGS[reading],
                "% of demand",
            )
            for reading in others
        ),
        Field(
            "Verdict",
            [words.verdict(row, result.home_unknown()) for row in rows],
            meaning="in a sentence",
            widest=52,
        ),
        Field("Asks most", asks, meaning="the cutoff that by itself asks for the highest share", widest=24),
        _column("month", [row["month"] for row in rows]),
        Field("Share of", [row["scope"] for row in rows], meaning="what the shares are shares of"),
    )
    note = f"What each member needs to survive {_each_cutoff(meta)}; the region is {meta['region_name']}."
    gap = f"The gap is a formula, the rest is not. {DOES_NOT_RECALCULATE}"
    return Sheet("Verdicts", "Verdicts by good and member", (note, gap), fields)


def result_sheet(result: Result, name: str) -> Sheet:
    """A table of the result as it is, with names beside codes."""
    table, frame, meta = RESULTS[name], _ordered(result.tables[name], name), result.meta
    fields = table_fields(name, frame, meta)
    if name == "sources":
        remarks = [meta["notes"].get(good) for good in frame["good"]]
        fields.append(Field("Note", remarks, meaning="what to know about the good", widest=60))
    first = FIRST.get(name, ())
    fields.sort(key=lambda field: first.index(field.heading) if field.heading in first else len(first))
    notes = [table.note, *([REMARKS[name]] if name in REMARKS else [])]
    if name == "rests_on":
        notes += _ranges_in_words()
    if name in SOLVED:
        notes.append(DOES_NOT_RECALCULATE)
    if not len(frame):
        notes.append("This table is empty: there is nothing of the kind in this result.")
    bold = frozenset(np.flatnonzero(frame["weakest"] == "yes").tolist()) if name == "chain" else frozenset()
    return Sheet(
        name.replace("_", " ").capitalize(), table.title, tuple(notes), tuple(fields), bold, len(first) or None
    )


def _ranges_in_words() -> list[str]:
    """How far assumptions were moved by default, and for which goods not all of them."""
    from resilience.rests import DEFAULT_RANGES, range_label  # which imports what solves cases

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
        "good": meta["labels"],
        "member": {**meta["members"], ALL: words.member_name(ALL, meta)},
        "supplier": meta["countries"],
        "country": meta["countries"],
        "most_through": meta["countries"],
    }
    beside |= {
        column: {code: words.good_name(code, meta) for code in frame[column]} for column in _INPUTS & {*frame}
    }
    fields = []
    for column in table.columns:
        values = frame[column.name].tolist()
        if column.name in beside:
            names = [beside[column.name].get(code, code) for code in values]
            title = NAMED.get(column.name, column.name.capitalize())
            meaning = column.meaning if column.name in NAMED else f"name of the {column.name}"
            fields.append(Field(title, names, meaning=meaning, widest=24 if name in FIRST else 36))
        fields.append(_column(column.name, values, name, decimals))
    return fields


def _ordered(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Rows in the order that serves readers: what holds for all first, the largest suppliers first."""
    if name == "chain":
        keys = {"_cutoff": frame["cutoff"] != ALL, "_member": frame["member"] != ALL}
    elif name in ("indirect", "content"):
        order = {good: n for n, good in enumerate(dict.fromkeys(frame["good"]))}
        keys = {"_good": frame["good"].map(order), "_bought": -frame["bought"]}
    else:
        return frame
    return frame.assign(**keys).sort_values(list(keys), kind="stable")[list(frame.columns)]


def _column(name: str, values: list[Any], table: str = "requirements", decimals: Sequence[int] = ()) -> Field:
    """A column as the schema declares it."""
    column = _declared(table).column(name)
    kind = _kind(column)
    unit = column.unit.replace("share", "%", 1) if kind == "share" else column.unit
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
    )


def _declared(name: str) -> Table:
    return RESULTS[name] if name in RESULTS else STUDY[name]


def _kind(column: Column) -> str:
    if column.kind == "share":
        return "share"
    if column.name == "year":
        return "year"
    if column.unit == "see recipe unit":
        return "ratio"
    if column.kind == "number" and column.unit.startswith(("share", "see")):
        return "share" if column.unit.startswith("share") else "step"
    if column.kind in ("amount", "number"):
        by_unit = "amount" if column.unit.startswith("unit of the row") else "whole"
        return "multiple" if column.unit == "multiple" else by_unit
    return "text"


def _digits(value: float) -> int:
    """Decimals that show three significant digits."""
    return 2 if not value > 0 or math.isinf(value) else min(max(0, 2 - math.floor(math.log10(value))), 9)


def _decimals(frame: pd.DataFrame, columns: list[str]) -> list[int]:
    """Decimals by row: the same for all amounts of a good, fewer the larger they are."""
    size = frame[columns].abs().max(axis=1).groupby(frame["good"]).transform("max")
    return [0 if value >= 1000 or value < 1e-9 else 1 if value >= 10 else 3 for value in size.fillna(0.0)]


def _answers(result: Result, reading: str = "planned") -> dict[tuple[str, str], dict[str, Any]]:
    """The requirement under all cutoffs in one reading, by good and member."""
    rows = result.requirements
    rows = rows[(rows["cutoff"] == ALL) & (rows["reading"] == reading)]
    return {(row["good"], row["member"]): row for row in rows.to_dict("records")}


def _asks_most(result: Result) -> dict[tuple[str, str], str]:
    """The cutoff, or those that tie, that by itself asks most of a member; "none" is more than any share."""
    found: dict[tuple[str, str], list[tuple[float, str]]] = {}
    rows = result.requirements
    for row in rows[(rows["cutoff"] != ALL) & (rows["reading"] == "planned")].to_dict("records"):
        if row["status"] not in ("met", "unknown"):
            asked = math.inf if row["status"] == "none" else float(row["share"])
            found.setdefault((row["good"], row["member"]), []).append((asked, str(row["cutoff"])))
    return {
        key: "; ".join(name for asked, name in asking if asked >= max(asking)[0] - 1e-6)
        for key, asking in found.items()
    }


def _goods(result: Result) -> list[str]:
    return list(dict.fromkeys([*result.meta["labels"], *result.requirements["good"]]))


def _label(meta: Mapping[str, Any], good: str) -> str:
    return str(meta["labels"].get(good, good))


def _mark(row: Mapping[str, Any] | None, star: bool = False) -> Mark | None:
    if row is None:
        return None
    word, rest = words.short_verdict(row)
    return Mark(str(row["status"]), f"{word} *" if star else word, rest)


def _each_cutoff(meta: Mapping[str, Any]) -> str:
    names = [cutoff["name"] for cutoff in meta["cutoffs"]]
    quoted = ", ".join(f"“{name}”" for name in names)
    return f"the cutoff {quoted}" if len(names) == 1 else f"each of the cutoffs {quoted}"


def missing(value: Any) -> bool:
    """Whether a cell stays blank."""
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value)) or value is pd.NA


def short(text: object, most: int) -> str:
    """On one line and at most so long; fit for headings, page headers and properties."""
    line = " ".join(FORBIDDEN.sub("\ufffd", str(text)).split()).replace("_x", "-x")
    return line if len(line) <= most else line[: most - 1] + "…"
