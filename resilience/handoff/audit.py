"""The sheets by which a reader checks the workbook: plan and data with sums as formulas, assumptions, checks.

Every formula is stored with its value. Sums look up rows by the codes of goods and members; where codes hold signs
that Excel reads as search patterns, or the plan is too long for a sheet, there are values in their place.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from resilience.handoff.answers import TOLERANCE, Answers, gaps, today_field
from resilience.output.sheets import STALE_WORD, Field, Formula, Mark, Sheet, missing, result_sheet, table_fields
from resilience.schema import ALL, WORKBOOK

CALCULATED = "Share today, calculated"
WEIGHT = "Check weight"
FIGURES = ("Production", "Imports", "Exports", "Demand", "Stock", "Factor")  # of Data, that are calculated with
EXACT = 1e-12  # of a checksum of numbers, relative; that of texts is a whole number
WEIGHTS = range(1000, 10_000)  # of the rows, in the checksum
CODED = 120  # characters of a text that go into the checksum by their codes; more by their number
LEAST = 1e-9  # imports from which on a deviation is a part of them
OK, FAULT = "ok", "FAULT"
BUYS = ("demand", "demand and what goes into other goods")


@dataclass(frozen=True)
class Audit:
    """What the sums of a workbook are made of, and whether it shows them as formulas."""

    answers: Answers
    bought: Mapping[tuple[str, str], float] | None  # sums over the purchases; None: the result has none
    bought_formulas: bool

    @classmethod
    def of(cls, answers: Answers, purchases_fit: bool) -> Audit:
        """``purchases_fit``: the sheet Purchases holds the whole table."""
        purchases, bought = answers.result.tables.get("purchases"), None
        if purchases is not None and len(purchases):
            bought = purchases.groupby(["good", "member"])["quantity"].sum().to_dict()
        return cls(answers, bought, answers.plain_codes and purchases_fit)

    def cell(self, formula: str, value: float) -> Any:
        """The formula with its value, or the value; blank if it is unknown."""
        if missing(value):
            return None
        return Formula(formula, value) if self.answers.formulas else value


def plan_sheet(audit: Audit) -> Sheet:
    """The plan; change and credited amounts are formulas."""
    result = audit.answers.result
    sheet, plan = result_sheet(result, "plan"), result.tables["plan"]
    at = "t_plan[[#This Row],[{}]]".format
    change = [
        None if missing(value) else Formula(f"={at('Planned')}-{at('Baseline')}", _held(planned) - _held(baseline))
        for value, planned, baseline in zip(plan["change"], plan["planned"], plan["baseline"], strict=True)
    ]
    fields = [replace(field, values=change) if field.heading == "Change" else field for field in sheet.fields]
    sheet = replace(sheet, fields=tuple(fields))
    if audit.answers.credited:
        decimals = next(field.decimals for field in fields if field.heading == "Baseline")
        region = audit.answers.meta["region"]
        credit = [float(region.get(supplier, 0.0)) for supplier in plan["supplier"]]
        more = [Field("Credit", credit, "multiple", "how much of its supply counts as the region's", "share")]
        for heading, column, of in (
            ("Credited today", "baseline", "Baseline"),
            ("Credited in the plan", "planned", "Planned"),
        ):
            values = [
                None if missing(value) else Formula(f"={at('Credit')}*{at(of)}", part * value)
                for part, value in zip(credit, plan[column], strict=True)
            ]
            meaning = f"formula: credit times {of.lower()}"
            more.append(Field(heading, values, "amount", meaning, "unit of the row, a year", decimals))
        return sheet.with_printed(*more)
    note = "Region suppliers count with their regional content, which differs by good: see Content."
    return replace(sheet, notes=(*sheet.notes, note))


def _held(value: float) -> float:
    """The number as a cell holds it: with 16 digits, which shows where two large ones nearly cancel."""
    return float(f"{value:.16G}")


def data_sheet(audit: Audit) -> Sheet:
    """The balances, with sourcing summed over the plan and the region's share as formulas."""
    result = audit.answers.result
    sheet, rows = result_sheet(result, "balance"), result.tables["balance"].to_dict("records")
    keys = [(row["good"], row["member"]) for row in rows]
    demand = [row["demand"] for row in rows]
    inputs = set(result.tables["chain"]["input"]) if "chain" in result.tables else set()
    buys = [BUYS[good in inputs] for good, _ in keys]
    decimals = next(field.decimals for field in sheet.fields if field.heading == "Demand")
    at = "t_balance[[#This Row],[{}]]".format

    def summed(name: str, heading: str) -> list[Any]:
        formula = f"={_sumifs(heading)}"
        return [audit.cell(formula, audit.answers.sums[name].get(key, math.nan)) for key in keys]

    def ratio(formula: str, values: Sequence[float]) -> list[Any]:
        return [audit.cell(formula, value) for value in values]

    today = [audit.answers.sums["baseline"].get(key, math.nan) for key in keys]
    planned = [audit.answers.sums["planned"].get(key, math.nan) for key in keys]
    unit = "unit of the row, a year"
    off_plan = (
        f'=IF({at("The plan buys")}="{BUYS[0]}",ABS({at("Sourcing in the plan")}/{at("Demand")}-1),'
        f"MAX(0,1-{at('Sourcing in the plan')}/{at('Demand')}))"
    )
    fields = [
        *sheet.fields,
        Field("The plan buys", buys, meaning="what sourcing in the plan must add up to"),
        Field("Sourcing today", summed("baseline", "Baseline"), "amount", "sum over the plan", unit, decimals),
        Field("Sourcing in the plan", summed("planned", "Planned"), "amount", "sum over the plan", unit, decimals),
        Field(
            "Off today",
            ratio(f"=ABS({at('Sourcing today')}/{at('Demand')}-1)", _off(today, demand, [BUYS[0]] * len(keys))),
            "tiny",
            "sourcing today over demand, less 1",
            "share of demand",
        ),
        Field(
            "Off in the plan",
            ratio(off_plan, _off(planned, demand, buys)),
            "tiny",
            "the same in the plan",
            "share",
        ),
    ]
    if audit.answers.credited:
        for heading, name, below, over in (
            ("Share today", "credited", "Demand", demand),
            ("Share in the plan", "credited_planned", "Sourcing in the plan", planned),
        ):
            source = "Credited today" if name == "credited" else "Credited in the plan"
            formula = f"={_sumifs(source)}/{at(below)}"
            shares = [
                _divided(audit.answers.sums[name].get(key), whole) for key, whole in zip(keys, over, strict=True)
            ]
            meaning = f"credited sourcing over {below[:1].lower()}{below[1:]}"
            fields.append(Field(heading, ratio(formula, shares), "share", meaning, "% of demand"))
        calculated = [audit.answers.planned.get(key, {}).get("share_today") for key in keys]
        meaning = "as the calculation had it, no formula"
        fields.append(Field(CALCULATED, calculated, "share", meaning, "% of demand"))
    fields += _imports_fields(audit, rows, decimals)
    weights = [float(weight(*key)) for key in keys]
    fields.append(Field(WEIGHT, weights, "whole", "of the row, in the checksum of the figures"))
    how = (
        "formulas"
        if audit.answers.formulas
        else "values, as the codes or the length of the plan allow no formulas"
    )
    trade = "stands on Purchases and Data flows" if audit.bought is not None else "is in the data set; see Sources"
    note = (
        f"Sourcing, shares and what they are off by are {how}; they stand to the right and are not printed. Trade "
        f"{trade}."
    )
    notes = [*sheet.notes, note]
    along = [good for good in dict.fromkeys(good for good, _ in keys) if good not in audit.answers.goods]
    if along:
        named = "; ".join(audit.answers.label(good) for good in along)
        notes.append(
            f"Not asked for, but goods were solved along with it: {named}. The workbook has no plan of it."
        )
    return replace(sheet, notes=tuple(notes), fields=tuple(fields))


def _imports_fields(audit: Audit, rows: Sequence[Mapping[str, Any]], decimals: Sequence[int]) -> list[Field]:
    """Imports as the sum over the sheet Purchases, and what they are off by."""
    if audit.bought is None:
        return []
    at = "t_balance[[#This Row],[{}]]".format
    found = [audit.bought.get((row["good"], row["member"]), 0.0) for row in rows]
    keys = f"t_purchases[Good code],{at('Good code')},t_purchases[Member code],{at('Member code')}"
    total = f"=SUMIFS(t_purchases[Quantity],{keys})"
    off_by = f"=ABS({at('Purchases')}-{at('Imports')})/MAX({at('Imports')},{LEAST})"
    off = [abs(got - row["imports"]) / max(row["imports"], LEAST) for got, row in zip(found, rows, strict=True)]
    sums = [Formula(total, value) if audit.bought_formulas else value for value in found]
    return [
        Field("Purchases", sums, "amount", "sum over the sheet Purchases", "unit of the row, a year", decimals),
        Field(
            "Imports off",
            [None if missing(value) else Formula(off_by, value) for value in off],
            "tiny",
            "by how much purchases differ from imports",
            "share",
        ),
    ]


def _sumifs(heading: str) -> str:
    """The sum of a column of the plan over the rows of this row's good and member."""
    at = "t_balance[[#This Row],[{}]]".format
    keys = f"t_plan[Good code],{at('Good code')},t_plan[Member code],{at('Member code')}"
    return f"SUMIFS(t_plan[{heading}],{keys})"


def _off(sums: Sequence[float], demand: Sequence[float], buys: Sequence[str]) -> list[float]:
    found = []
    for got, asked, what in zip(sums, demand, buys, strict=True):
        part = _divided(got, asked)
        found.append(abs(part - 1) if what == BUYS[0] else max(0.0, 1 - part) if not math.isnan(part) else part)
    return found


def _divided(part: float | None, whole: float) -> float:
    return math.nan if part is None or missing(part) or not whole > 0 else part / whole


def requirements_sheet(answers: Answers) -> Sheet:
    """The requirements; today's share and the gap are formulas."""
    sheet, rows = result_sheet(answers.result, "requirements"), answers.result.requirements
    keys = zip(rows["good"], rows["member"], strict=True)
    today = [
        answers.today(key, share, "t_requirements", "Good code", "Member code")
        for key, share in zip(keys, rows["share_today"], strict=True)
    ]
    made = {"Share today": today_field(today).values, "Gap": gaps(rows["share"], today, "t_requirements")}
    fields = [replace(field, values=made.get(field.heading, field.values)) for field in sheet.fields]
    return replace(sheet, fields=tuple(fields), stale=True)


def assumptions_sheet(answers: Answers) -> Sheet:
    """The assumptions; a weight for each row goes into the checksum that tells whether a value was edited."""
    sheet = result_sheet(answers.result, "assumptions")
    rows = answers.result.tables["assumptions"]
    weights = [float(weight(row.good, row.parameter)) for row in rows.itertuples()]
    fields = (*sheet.fields, Field(WEIGHT, weights, "whole", "of the row, in the checksum of the values"))
    note = (
        "Editing a value changes no result: run the case again. The checksum of the values (sheet Checks) then "
        "differs, and a banner says so. Blank: the case gives none."
    )
    return replace(sheet, notes=(*sheet.notes, note), fields=fields, stale=True)


def weight(good: str, parameter: str) -> int:
    """The weight of a row in the checksum; it goes with the row, so that sorting changes nothing."""
    return WEIGHTS[zlib.crc32(f"{good}|{parameter}".encode("utf-8", "replace")) % len(WEIGHTS)]


def checksums(sheet: Sheet) -> tuple[Formula, Formula]:
    """Formulas of the checksums over numbers and over texts of the column Value, with their values."""
    by_heading = {field.heading: field.values for field in sheet.fields}
    values, weights = by_heading["Value"], by_heading[WEIGHT]
    v, w = "t_assumptions[Value]", f"t_assumptions[{WEIGHT}]"
    pairs = list(zip(values, weights, strict=True))
    numbers = math.fsum(by * (1.0 + value) for value, by in pairs if isinstance(value, float))
    numbers_formula = f"SUMPRODUCT(ISNUMBER({v})*{w})+SUMPRODUCT({v},{w})"
    texts = [(str(value), by) for value, by in pairs if not isinstance(value, float) and not missing(value)]
    total = math.fsum(by * len(text.encode("utf-16-le")) // 2 for text, by in texts)
    texts_formula = f"SUMPRODUCT(ISTEXT({v})*{w}*LEN({v}))"
    if all(text.isascii() and text.isprintable() for text, _ in texts):  # codes of other signs differ by computer
        total += math.fsum(
            by * ord(sign) * place
            for text, by in texts
            for place, sign in enumerate(text.ljust(CODED, "~")[:CODED], 1)
        )
        places = "COLUMN($A$1:$DP$1)"  # 1 to CODED
        texts_formula += f'+SUMPRODUCT(ISTEXT({v})*{w}*CODE(MID({v}&REPT("~",{CODED}),{places},1))*{places})'
    return Formula(numbers_formula, numbers), Formula(texts_formula, total)


def checksum_of_figures(data: Sheet) -> Formula:
    """The checksum over the figures of Data from which the calculation starts, with its value.

    In logarithms, so that a small figure counts as much as a large one.
    """
    by_heading = {field.heading: field.values for field in data.fields}
    weights, w = by_heading[WEIGHT], f"t_balance[{WEIGHT}]"
    parts, total = [], []
    for number, column in enumerate((column for column in FIGURES if column in by_heading), 1):
        c = f"t_balance[{column}]"
        parts.append(f"{number}*(SUMPRODUCT(ISNUMBER({c})*{w})+SUMPRODUCT({w}*LN(1+ABS({c}))))")
        pairs = zip(by_heading[column], weights, strict=True)
        total += [number * by * (1.0 + math.log1p(abs(value))) for value, by in pairs if not missing(value)]
    finite = all(map(math.isfinite, total))  # an infinite figure stands as a word, of which there is no logarithm
    return Formula(f"IFERROR({'+'.join(parts)},0)", math.fsum(total) if finite else 0.0)


def checks_sheet(audit: Audit, data: Sheet, assumptions: Sheet) -> Sheet:
    """Every check with the largest deviation as a formula, and ok or what is wrong."""
    answers, certificate = audit.answers, audit.answers.meta["certificate"]
    of_data = {field.heading: [_value(cell) for cell in field.values] for field in data.fields}
    rows = [
        _check(
            "Sourcing today adds up to demand, for every good and member",
            Formula("=MAX(0,t_balance[Off today])", _largest(of_data["Off today"])),
            "share of demand",
            "Data, Plan",
        ),
        _check(
            "Sourcing in the plan adds up to demand, or to more where goods go into others",
            Formula("=MAX(0,t_balance[Off in the plan])", _largest(of_data["Off in the plan"])),
            "share of demand",
            "Data, Plan",
        ),
        *(
            _check(
                "Purchases add up to imports, for every good and member",
                Formula("=MAX(0,t_balance[Imports off])", _largest(found)),
                "share of imports",
                "Data, Purchases",
            )
            for found in [of_data.get("Imports off")]
            if found is not None
        ),
        _in_bounds(answers),
        *(
            _check(
                f"{reading.capitalize()} share at most the guaranteed one, for single members",
                found,
                "share",
                "Verdicts",
            )
            for reading, found in ((name, _ordered_readings(answers, name)) for name in ("planned", "market"))
        ),
    ]
    if audit.answers.credited and audit.answers.formulas:
        rows.append(_same_share(of_data["Share today"], of_data[CALCULATED]))
    rows.append(
        _check(
            f"All {certificate['optima']:,} optima are certified: residuals and duality gap, computed afresh",
            float(certificate["worst_residual"]),
            "relative",
            "the solver's answers, not in this workbook",
            float(certificate["tolerance"]),
        )
    )
    numbers, texts = checksums(assumptions)
    for what, checksum, limit in (
        ("numbers", numbers, EXACT * (1 + abs(numbers.value))),
        ("texts", texts, 0.5),
    ):
        found = Formula(f"=ABS({checksum.text}-{checksum.value!r})", 0.0)
        rows.append(
            _check(f"Assumptions as calculated: {what}", found, "checksum", "Assumptions", limit, STALE_WORD)
        )
    figures = checksum_of_figures(data)
    found = Formula(f"=ABS({figures.text}-{figures.value!r})", 0.0)
    what, limit = "Figures of Data as calculated", EXACT * (1 + figures.value)
    rows.append(_check(what, found, "checksum", "Data", limit, STALE_WORD))
    frame = pd.DataFrame(rows, columns=list(WORKBOOK["checks"].names))
    table = WORKBOOK["checks"]
    forms = [_shown(row["limit"], row["unit"]) for row in rows]
    fields = [
        replace(field, forms=forms if field.heading in ("Found", "Limit") else (), widest=60)
        for field in table_fields("checks", frame, answers.meta)
    ]
    return Sheet("Checks", table.title, (table.note,), tuple(fields), stale=True)


def _shown(limit: float, unit: str) -> str:
    """The number format in which the limit has one digit; shares are per cent."""
    part = 100 if unit.startswith("share") else 1
    digits = max(0, -math.floor(round(math.log10(part * limit), 6)))
    return f"0.{'0' * digits}{' %' if part > 1 else ''}" if digits else "#,##0"


def _check(
    what: str, found: Any, unit: str, over: str, limit: float = TOLERANCE, otherwise: str = FAULT
) -> dict[str, Any]:
    at = "t_checks[[#This Row],[{}]]".format
    result = OK if _value(found) <= limit else otherwise
    formula = f'=IF({at("Found")}<={at("Limit")},"{OK}","{otherwise}")'
    row = {"check": what, "found": found, "limit": limit, "unit": unit, "over": over}
    return {**row, "result": Formula(formula, result)}


def _in_bounds(answers: Answers) -> dict[str, Any]:
    columns = {"Least share": "share", "Greatest share": "share_upper", "Share today": "share_today", "Gap": "gap"}
    parts = [f"MAX(t_requirements[{title}])-1,-MIN(t_requirements[{title}])" for title in columns]
    frame = answers.result.requirements[list(columns.values())]
    largest, least = frame.max().max(), frame.min().min()
    value = 0.0 if missing(largest) else max(0.0, float(largest) - 1, -float(least))
    return _check(
        "Every share lies between 0 and 1", Formula(f"=MAX(0,{','.join(parts)})", value), "share", "Requirements"
    )


def _ordered_readings(answers: Answers, reading: str) -> Formula:
    """By how much a reading exceeds the guaranteed share, at most, of single members."""
    heading = {"planned": "Least share"}.get(reading, reading.capitalize())
    first, second = f"t_verdicts[{heading}]", "t_verdicts[Guaranteed]"
    formula = (
        f'=MAX(0,SUMPRODUCT(MAX((t_verdicts[Member code]<>"{ALL}")*ISNUMBER({first})*ISNUMBER({second})'
        f"*({first}-{second}))))"
    )
    worst = 0.0
    for key, row in answers.of.get(reading, {}).items():
        guaranteed = answers.of.get("guaranteed", {}).get(key, {}).get("share")
        if key[1] != ALL and key in answers.planned and not missing(row["share"]) and not missing(guaranteed):
            worst = max(worst, row["share"] - float(guaranteed))
    return Formula(formula, worst)


def _same_share(shares: Sequence[Any], calculated: Sequence[Any]) -> dict[str, Any]:
    """Today's share as a formula on Data against the one that the calculation had."""
    pairs = zip(shares, calculated, strict=True)
    worst = max((abs(share - _zero(other)) for share, other in pairs if share is not None), default=0.0)
    share, other = "t_balance[Share today]", f"t_balance[{CALCULATED}]"
    formula = f"=SUMPRODUCT(MAX(ISNUMBER({share})*ABS({other}-{share})))"
    what = "Today's share is credited sourcing over demand, as in the calculation"
    return _check(what, Formula(formula, worst), "share", "Data, Plan")


def _zero(value: Any) -> float:
    return 0.0 if missing(value) else float(value)


def _value(cell: Any) -> Any:
    if isinstance(cell, Mark):
        return cell.word
    return cell.value if isinstance(cell, Formula) else cell


def _largest(values: Sequence[Any]) -> float:
    return max([0.0, *(value for value in values if value is not None)])
