"""The sheets that answer: summary, list of verdicts, a page for each member and for the goods that matter most.

All show the same figures of the requirements, under all cutoffs: today's share as a formula over the sheets Data
and Plan, the least share in three readings, the gap as a formula, the verdict, the cutoff and month that decide.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import pandas as pd

from resilience import words
from resilience.output.sheets import (
    Bars,
    Chart,
    Fact,
    Field,
    Formula,
    Mark,
    Sheet,
    column_field,
    missing,
    short,
)
from resilience.results import Result
from resilience.schema import ALL, READINGS, STATUS_WORDS

Key = tuple[str, str]  # good, member

MOST_BARS, FEW_BARS = 3, 2  # assumptions that a share rests on: where it must rise, and elsewhere
MOST_GOODS = 8  # that get a page of their own
MOST_SUPPLIERS, LEAST_PART = 3, 0.005  # that are named, and the least share of one
MOST_LETTERS = 38  # of the name of a good on the page of a member
TO_BUILD = "To build"
ABOUT_BUILDING = (
    f"{TO_BUILD}: new capacity that the least share needs (with shift and raise, a higher share needs none)."
)
BESIDE = "Today, least"  # the empty column below the bars on the page of a member
READ = (
    "Shares are of demand, or of imports (sheet Verdicts). Least share: of a plan made with the cutoffs in mind; "
    "market: floor needed if today's pattern shifts in proportion; guaranteed: floor with which every plan "
    "survives; gap: formula, least less today's; month: the one that decides"
)
TOLERANCE = 1e-6  # of sums and shares
TODAY, NEEDED = "#B4C7E0", "#1F3864"  # bars of a chart; apart in grey, too
SERIES = (("Share today", TODAY), ("Least share", NEEDED))
UNIT_TEXT = re.compile(r"[\w %/.]{1,20}")  # units that may stand in a number format
PLAIN = re.compile(r"(?!true$|false$)[a-z][a-z0-9_ -]{0,99}", re.IGNORECASE | re.ASCII)


class Answers:
    """What the sheets have in common: the requirements under all cutoffs, by good and member.

    ``plan_fits``: the sheet Plan holds the whole table, so that formulas can sum over it.
    """

    def __init__(self, result: Result, *, plan_fits: bool = True):
        self.result, self.meta = result, result.meta
        rows = result.requirements
        every = rows[rows["cutoff"] == ALL]
        self.of = {
            reading: {(row["good"], row["member"]): row for row in part.to_dict("records")}
            for reading, part in every.groupby("reading", sort=False)
        }
        self.planned: dict[Key, dict[str, Any]] = self.of.get("planned", {})
        asked = dict.fromkeys(rows["good"])  # labels name inputs of goods, too
        self.goods = list(dict.fromkeys([*(good for good in self.meta["labels"] if good in asked), *asked]))
        self.members = (ALL, *self.meta["members"])
        self.star = result.home_unknown()
        self.most = _asks_most(rows)
        self.credited = not self.meta.get("content_credit", False)  # the region's suppliers count by country alone
        self.formulas = self.plain_codes and plan_fits  # over the plan
        self.several = len(self.meta["cutoffs"]) > 1
        self.short_cutoffs = words.abbreviations([str(cutoff["name"]) for cutoff in self.meta["cutoffs"]])

    @cached_property
    def plain_codes(self) -> bool:
        """Whether Excel can look up rows by the codes: no signs it reads as search patterns, no two alike."""
        codes = [*dict.fromkeys(self.goods), *self.meta["members"]]
        return all(PLAIN.fullmatch(code) for code in codes) and len({c.lower() for c in codes}) == len(codes)

    @cached_property
    def sums(self) -> dict[str, dict[Key, float]]:
        """Sums over the plan by good and member: sourcing today and in the plan, and what of it is credited."""
        plan = self.result.tables["plan"]
        credit = plan["supplier"].map(self.meta["region"]).fillna(0.0).astype(float)
        columns = {
            "baseline": plan["baseline"],
            "planned": plan["planned"],
            "credited": credit * plan["baseline"],
            "credited_planned": credit * plan["planned"],
        }
        keys = [plan["good"], plan["member"]]
        return {
            name: values.groupby(keys, sort=False).sum(min_count=1).to_dict() for name, values in columns.items()
        }

    @cached_property
    def _recomputed(self) -> dict[Key, float]:
        """Today's share as the sheets Data and Plan have it: credited sourcing over demand, of all members
        together over all that they source."""
        credited, rows = self.sums["credited"], self.result.tables["balance"]
        found = {
            (good, member): credited[good, member] / demand
            for good, member, demand in zip(rows["good"], rows["member"], rows["demand"], strict=True)
            if (good, member) in credited and demand > 0
        }
        for good in dict.fromkeys(good for good, _ in credited):
            part, whole = (
                math.fsum(value for key, value in self.sums[name].items() if key[0] == good)
                for name in ("credited", "baseline")
            )
            if whole > 0:
                found[good, ALL] = part / whole
        return found

    def today(self, key: Key, share: Any, table: str, good: str = "", member: str = "") -> Any:
        """Today's share of a row of an Excel ``table``: a formula over the sheets Data and Plan, or the ``share``
        where none can be made, or where it would give another. ``good`` and ``member`` are the columns of the
        table with the codes; without them the codes stand in the formula."""
        value = self._recomputed.get(key, math.nan)
        if not (self.formulas and self.credited and not missing(share) and abs(value - share) <= TOLERANCE):
            return share
        of_good, of_member = (
            f"{table}[[#This Row],[{column}]]" if column else f'"{code}"'
            for column, code in zip((good, member), key, strict=True)
        )
        if key[1] == ALL:
            sums = (
                f"SUMIFS(t_plan[{column}],t_plan[Good code],{of_good})"
                for column in ("Credited today", "Baseline")
            )
            return Formula(f"={'/'.join(sums)}", value)
        of_row = f"t_balance[Good code],{of_good},t_balance[Member code],{of_member}"
        return Formula(f"=SUMIFS(t_balance[Share today],{of_row})", value)

    def worst_first(self, member: str = ALL) -> list[str]:
        """The goods, what must change first for a member: the worst verdict, then the widest gap."""
        unknown = {"status": "unknown"}
        return sorted(self.goods, key=lambda good: words.worst_first(self.planned.get((good, member), unknown)))

    def label(self, good: str) -> str:
        """The name of the good for readers."""
        return str(self.meta["labels"].get(good, good))

    @cached_property
    def short_names(self) -> dict[str, str]:
        """Names of goods for narrow columns; in full where two would be alike."""
        found = {good: words.short_name(self.label(good), MOST_LETTERS) for good in self.goods}
        names = list(found.values())
        return {good: self.label(good) if names.count(name) > 1 else name for good, name in found.items()}

    def asks_most(self, key: Key) -> str | None:
        """The cutoff that asks most, or those that tie, in short."""
        names = self.most.get(key, ())
        return "; ".join(self.short_cutoffs.get(name, name) for name in names) or None

    def cutoffs_in_short(self) -> str:
        """What the short names of cutoffs stand for; empty where none is shortened."""
        parts = [f"{brief}: {name}" for name, brief in self.short_cutoffs.items() if brief != name]
        return f"Cutoffs: {'; '.join(parts)}." if self.several and parts else ""

    def close_fields(self, keys: Sequence[Key], table: str, good: str = "") -> list[Field]:
        """The same as :meth:`fields` on one line a row: what must be built in place of the verdict as a sentence,
        and the cutoff that asks most only if there are several."""
        found = {
            field.heading: replace(field, meaning="", unit=field.unit.removesuffix(" of demand"))
            for field in self.fields(keys, table, good)
        }
        found["Verdict"] = self._to_build(keys)
        found["Asks most"] = replace(found["Asks most"], values=[self.asks_most(key) for key in keys])
        return [field for name, field in found.items() if name != "Asks most" or self.several]

    def _to_build(self, keys: Sequence[Key]) -> Field:
        """New capacity of the plan with the least share, with its unit; blank where it needs none."""
        rows = [self.planned.get(key, {}) for key in keys]
        amounts = [_number(row.get("new_capacity")) for row in rows]
        forms = []
        for row, number in zip(rows, amounts, strict=True):
            unit = str(row.get("unit") or "")
            decimals = "" if not number < 10 else ".00"
            forms.append(f"#,##0{decimals}" + (f' "{unit}"' if UNIT_TEXT.fullmatch(unit) else ""))
        shown = [number if number > 0 else None for number in amounts]
        longest = max((len(f"{number:,.0f}") for number in shown if number is not None), default=1)
        return Field(TO_BUILD, shown, "amount", unit="a year", forms=forms, fixed=longest + 9.0, solver=True)

    def fields(self, keys: Sequence[Key], table: str, good: str = "", member: str = "") -> list[Field]:
        """Shares, gap, verdict, cutoff and month of each key; ``table`` is the Excel table they go to, ``good``
        and ``member`` its columns with the codes, where it has them."""
        rows = [self.planned.get(key, {}) for key in keys]
        today = [
            self.today(key, row.get("share_today"), table, good, member)
            for key, row in zip(keys, rows, strict=True)
        ]
        return [
            today_field(today),
            column_field("share", [row.get("share") for row in rows]),
            *(
                Field(
                    reading.capitalize(),
                    [self.of.get(reading, {}).get(key, {}).get("share") for key in keys],
                    "share",
                    READINGS[reading],
                    "% of demand",
                    solver=True,
                )
                for reading in ("market", "guaranteed")
            ),
            Field(
                "Gap",
                gaps([row.get("share") for row in rows], today, table),
                "share",
                "formula: least share less today's",
                "pp",
            ),
            Field(
                "Status",
                [Mark(row["status"], row["status"]) if row else None for row in rows],
                meaning="the verdict in a word, see Cover",
                solver=True,
            ),
            Field(
                "Verdict",
                [words.verdict(row, self.star) if row else None for row in rows],
                meaning="in a sentence",
                widest=50,
                solver=True,
            ),
            Field(
                "Asks most",
                ["; ".join(self.most.get(key, ())) or None for key in keys],
                meaning="the cutoff that by itself asks for the highest share",
                widest=20,
                solver=True,
            ),
            column_field("month", [row.get("month") for row in rows]),
        ]

    def scope(self, keys: Sequence[Key]) -> Field:
        """What the shares are shares of."""
        shown = [self.planned.get(key, {}).get("scope") for key in keys]
        return Field("Share of", shown, meaning="what the shares are shares of")

    def each_cutoff(self) -> str:
        """The cutoffs in words."""
        names = [cutoff["name"] for cutoff in self.meta["cutoffs"]]
        quoted = ", ".join(f"“{name}”" for name in names)
        return f"the cutoff {quoted}" if len(names) == 1 else f"each of the cutoffs {quoted}"

    def suppliers(self, good: str, member: str, column: str) -> str | None:
        """The largest suppliers in words, with their shares of all that is bought; home supply is called so."""
        bought = self._bought[column].get((good, member), {})
        whole = math.fsum(bought.values())
        if not whole > 0:
            return None
        largest = sorted(bought.items(), key=lambda pair: -pair[1])[:MOST_SUPPLIERS]
        names = self.meta["countries"] | {"": "home supply"}
        return ", ".join(
            f"{names.get(code, code)} {words.percent(part / whole)}"
            for code, part in largest
            if part >= LEAST_PART * whole
        )

    @cached_property
    def _bought(self) -> dict[str, dict[Key, dict[str, float]]]:
        """Today and in the plan, by good and member (and all of them): supplier, "" for home supply → amount."""
        plan = self.result.tables["plan"]
        found: dict[str, dict[Key, dict[str, float]]] = {"baseline": {}, "planned": {}}
        for column, by_key in found.items():
            for good, member, supplier, amount in zip(
                plan["good"], plan["member"], plan["supplier"], plan[column], strict=True
            ):
                if amount > 0:
                    name = "" if supplier == member else supplier
                    by_key.setdefault((good, member), {})[name] = amount
                    every = by_key.setdefault((good, ALL), {})
                    every[name] = every.get(name, 0.0) + amount
        return found

    def stress(self, keys: Sequence[Key]) -> Field:
        """Months that today's sourcing survives."""
        rows = self.result.tables["stress"]
        rows = rows[rows["cutoff"] == ALL]
        found = dict(zip(zip(rows["good"], rows["member"], strict=True), rows["months_survived"], strict=True))
        return column_field("months_survived", [found.get(key) for key in keys], "stress")


def today_field(values: list[Any]) -> Field:
    """The column of today's shares, which are formulas or figures."""
    field = column_field("share_today", values)
    formulas = any(isinstance(value, Formula) for value in values)
    return replace(field, meaning="today's; formula over Data, Plan") if formulas else field


def gaps(shares: Sequence[Any], today: Sequence[Any], table: str) -> list[Any]:
    """By how much the least share is above today's, as formulas; blank where one of them is unknown."""
    formula = f"=MAX(0,{table}[[#This Row],[Least share]]-{table}[[#This Row],[Share today]])"
    found = []
    for share, shown in zip(shares, today, strict=True):
        gap = _number(share) - _number(shown.value if isinstance(shown, Formula) else shown)
        found.append(None if math.isnan(gap) else Formula(formula, max(0.0, gap)))
    return found


def summary_sheet(answers: Answers) -> Sheet:
    """Every good for all members together, with a chart; then the map, one column a member.

    What must change stands first: the worst verdict, then the widest gap.
    """
    meta, goods = answers.meta, answers.worst_first()
    together = [(good, ALL) for good in goods]
    resting = answers.result.tables.get("rests_on")
    rests = resting is not None and len(resting) > 0
    brief = [
        words.brief_verdict(answers.planned[key], answers.star) if key in answers.planned else None
        for key in together
    ]
    fields = [
        Field("Good", [answers.label(good) for good in goods], widest=27),
        Field("What is measured", [_measured(answers, good) for good in goods], widest=20),
        *(
            replace(field, heading="Verdict", values=brief, kind="text", unit="", fixed=0, forms=(), widest=23)
            if field.heading == TO_BUILD
            else field
            for field in answers.close_fields(together, "t_summary")
        ),
    ]
    if resting is not None and rests:
        fields += _rests_fields(resting, answers, goods)
    start = len(fields)
    for member in meta["members"]:
        name = words.member_name(member, meta)
        cells = [_map_cell(answers, (good, member)) for good in goods]
        fields.append(Field(f"{short(name, 40)} ({short(member, 10)})", cells, widest=24.2, solver=True))
    asks = ", the cutoff that asks most" if answers.several else ""
    asks += f". {answers.cutoffs_in_short()}" if answers.cutoffs_in_short() else "."
    notes = [
        f"Least share of each good that must come from inside the region ({meta['region_name']}) so that the "
        f"member survives {answers.each_cutoff()}. To the left all members together, to the right each member. "
        "What must change stands first.",
        f"{READ}. Market and guaranteed are read for each member alone; of all members they may lie below the "
        "planned share, for which members compete. Market is 0 % where today's sourcing survives without a floor.",
        "Cell of a member: the verdict with the rise needed in percentage points (pp): the region's share today / "
        f"the least share; m: market, g: guaranteed; the month that decides{asks} –: there is no number.",
        "; ".join(f"{status}: {meaning}" for status, meaning in STATUS_WORDS.items()) + ". "
        "* share of imports; home production unknown and exports are large, so it says little.",
    ]
    if rests:
        notes.append(
            "Rests on: the share of all members with one assumption at its low and its high end, widest first; "
            "bars from 0 to 100 %, a stroke for the case, striped where no share suffices. Ends: sheet Rests on."
        )
    chart = Chart(
        "Today's share against the requirement, all members together",
        "Good",
        SERIES,
        "Bar chart of all goods: today's share of the region beside the least share that survives every cutoff. "
        + _chart_words(answers, [(good, ALL) for good in goods], answers.label),
    )
    return Sheet(
        "Summary",
        f"Summary: {meta['title']}",
        tuple(notes),
        tuple(fields),
        chart=chart,
        stale=True,
        lead=_headline(answers, together),
        starts=(start,),
        close=True,
    )


def _headline(answers: Answers, keys: Sequence[Key]) -> tuple[str, ...]:
    """The answer in two sentences: how many goods of which verdict, and the widest gaps."""
    found = [answers.planned[key]["status"] for key in keys if key in answers.planned]
    if not found:
        return ()
    counts = [f"{found.count(word)} {word} ({STATUS_WORDS[word]})" for word in words.WORST_FIRST if word in found]
    return (
        f"Of {len(found)} goods, for all members together: {'; '.join(counts)}.",
        _chart_words(answers, keys, answers.label, most=4),
    )


def _chart_words(answers: Answers, keys: Sequence[Key], name: Callable[[str], str], most: int = 6) -> str:
    """What a chart shows where the gap is largest, for those who do not see it."""
    rows = [(answers.planned[key]["gap"], key) for key in keys if key in answers.planned]
    rows = sorted((row for row in rows if row[0] > 0), key=lambda row: -row[0])
    own = len({good for good, _ in keys}) > 1
    parts = [
        f"{name(good if own else member)} {words.percent(answers.planned[good, member]['share_today'])} today, "
        f"{words.percent(answers.planned[good, member]['share'])} needed"
        for _, (good, member) in rows[:most]
    ]
    return f"Largest gaps: {'; '.join(parts)}." if parts else "Nowhere is the least share above today's."


def _measured(answers: Answers, good: str) -> str:
    row, meta = answers.planned.get((good, ALL), {}), answers.meta
    unit = row.get("unit")
    parts = [
        str(meta["categories"].get(good) or ""),
        str(meta["years"].get(good) or ""),
        str(unit or ""),
        f"share of {row['scope']}" if row.get("scope") else "",
    ]
    return ", ".join(part for part in parts if part)


def _map_cell(answers: Answers, key: Key) -> Mark | None:
    """The verdict and the shares of a member; of several cutoffs the one that asks most."""
    row = answers.planned.get(key)
    if row is None:
        return None
    others = {
        reading: answers.of.get(reading, {}).get(key, {}).get("share") for reading in ("market", "guaranteed")
    }
    word, rest = words.short_verdict(row, others, answers.asks_most(key) if answers.several else None)
    return Mark(str(row["status"]), f"{word} *" if key in answers.star else word, rest)


def _rests_fields(table: pd.DataFrame, answers: Answers, goods: Sequence[str]) -> list[Field]:
    """What each good's share rests on, in words and as bars."""
    by_good = {}
    for good, rows in table.groupby("good", sort=False):
        must_rise = answers.planned.get((good, ALL), {}).get("status") in ("none", "build", "raise")
        by_good[good] = rows.head(MOST_BARS if must_rise else FEW_BARS)
    texts: list[str | None] = [words.rests_text(by_good[g], between="\n") if g in by_good else None for g in goods]
    bars = [
        Bars(
            tuple(
                (float(low), float(middle), float(high))
                for low, middle, high in by_good[good][["share_low", "share", "share_high"]].to_numpy(dtype=float)
            ),
            f"{answers.label(good)} rests on: {words.rests_text(by_good[good])}",
        )
        if good in by_good
        else None
        for good in goods
    ]
    return [
        Field("Rests on (what it would be at other assumptions)", texts, widest=30, solver=True),
        Field("0 to 100 %", bars, solver=True, fixed=17),
    ]


def verdicts_sheet(answers: Answers) -> Sheet:
    """The same answers as a list, one row a good and member, with what takes more words."""
    meta = answers.meta
    keys = [(good, member) for good in answers.worst_first() for member in answers.members]
    keys = [key for key in keys if key in answers.planned]
    fields = [
        Field("Good", [answers.label(good) for good, _ in keys], meaning="name of the good", widest=26),
        Field("Member", [words.member_name(member, meta) for _, member in keys], meaning="who must survive"),
        *answers.fields(keys, "t_verdicts", "Good code", "Member code"),
        *_suppliers_fields(answers, keys),
        answers.scope(keys),
        Field("Good code", [good for good, _ in keys], meaning="its short name in all tables", widest=24),
        Field("Member code", [member for _, member in keys], meaning="its code in all tables"),
    ]
    apart = ("Market", "Guaranteed", "Asks most", "Month", "Share of", "Good code", "Member code")
    fields.sort(key=lambda field: field.heading in apart)
    notes = (
        f"What each member needs to survive {answers.each_cutoff()}; the region is {meta['region_name']}.",
        "The other readings, the cutoff that asks most, the month and codes stand at the far right and are not "
        "printed; pages of members show them.",
    )
    title, printed = "Verdicts by good and member", len(fields) - len(apart)
    return Sheet("Verdicts", title, notes, tuple(fields), printed=printed, stale=True)


def member_sheet(answers: Answers, member: str, name: str, key: str) -> Sheet:
    """The page of one member: what it must do, every good on one line, and a chart beside them."""
    meta = answers.meta
    keys = [(good, member) for good in answers.worst_first(member)]
    title = f"{words.member_name(member, meta)} ({member})"
    table = f"t_{key}"
    moved = _moved(answers, keys, table)
    fields = (
        Field("Good", [answers.short_names[good] for good, _ in keys], widest=40),
        *answers.close_fields(keys, table, "Good code"),
        replace(answers.stress(keys), meaning=""),
        replace(moved, meaning="", fixed=max(moved.width(), 14.5)),
        Field(BESIDE, [None] * len(keys), unit="pale: today; dark: least", fixed=32),
        Field("Good code", [good for good, _ in keys], widest=24),
    )
    notes = [
        f"What {title} needs to survive {answers.each_cutoff()}, alone, with the others' purchases as they are "
        f"today; the region is {meta['region_name']}. Full names, sentences and suppliers: sheet Verdicts.",
        f"{READ}; months survived: with today's sourcing. {ABOUT_BUILDING} {answers.cutoffs_in_short()}",
        f"{moved.heading}: a year's purchases in the plan of all members less today's, at today's unit values "
        "(formula over Plan); no estimate of its cost. Blank for goods measured in value.",
    ]
    chart = Chart(
        f"{title}: today's share against the requirement",
        "Good",
        SERIES,
        f"Bar chart of all goods of {title}: today's share of the region beside the least share that survives. "
        + _chart_words(answers, keys, answers.label),
        over=BESIDE,
    )
    found = [answers.planned[pair] for pair in keys if pair in answers.planned]
    lead = (" ".join(words.tasks(found, answers.short_names.__getitem__)),) if found else ()
    return Sheet(
        name,
        f"{title}: what it needs",
        tuple(notes),
        fields,
        printed=len(fields) - 1,
        key=key,
        facts=_gdp_facts(answers, keys, moved, table),
        chart=chart,
        stale=True,
        lead=lead,
        one_page=True,
        close=True,
    )


def _suppliers_fields(answers: Answers, keys: Sequence[Key]) -> Iterable[Field]:
    """The largest suppliers in words, today and in the plan."""
    for heading, column, meaning in (
        ("Suppliers today", "baseline", "the largest, by their share of what is bought"),
        ("In the plan", "planned", "the same in the surviving plan of all members that is nearest to today"),
    ):
        values = [answers.suppliers(*pair, column) for pair in keys]
        yield Field(heading, values, meaning=meaning, widest=33, solver=column == "planned")


def _moved(answers: Answers, keys: Sequence[Key], table: str) -> Field:
    """The value of the plan's changes by key: a sum over the sheet Plan."""
    plan = answers.result.tables["plan"]
    sums = plan.groupby(["good", "member"])["extra_cost_usd"].sum(min_count=1).to_dict()
    heading = "Value of the change"
    values: list[Any] = []
    by_value = set(plan["good"][plan["unit"] == "kUSD"])  # at today's unit values nothing, by construction
    for good, member in keys:
        value = math.nan if good in by_value else _number(sums.get((good, member)))
        formula = (
            f"=ROUND(SUMIFS(t_plan[{heading}],t_plan[Good code],{table}[[#This Row],[Good code]],"
            f't_plan[Member code],"{member}"),0)'
        )
        whole = math.nan if math.isnan(value) else float(round(value)) + 0.0  # gains and losses cancel to crumbs
        values.append(None if math.isnan(whole) else Formula(formula, whole) if answers.plain_codes else whole)
    how = f"{'formula: ' if answers.plain_codes else ''}sum over the sheet Plan, whole dollars"
    return Field(heading, values, "whole", how, "USD a year")


def _gdp_facts(answers: Answers, keys: Sequence[Key], moved: Field, table: str) -> tuple[Fact, ...]:
    """GDP, the sum of what purchases are worth more, each thing counted once, and that as a part of GDP."""
    gdp = _number(answers.meta.get("gdp_usd", {}).get(keys[0][1] if keys else None))
    numbers = [value.value if isinstance(value, Formula) else value for value in moved.values]
    twice = _measured_twice(answers)
    counted = [value for (good, _), value in zip(keys, numbers, strict=True) if good not in twice]
    known = [value for value in counted if value is not None]
    facts = [
        Fact(
            "GDP, million USD a year",
            gdp / 1e6,
            "#,##0",
            "table countries of the data set, which says nothing of its year",
        )
    ]
    if known:
        column = f"{table}[{moved.heading}]"
        less = "".join(f'-SUMIFS({column},{table}[Good code],"{good}")' for good in twice)
        total = math.fsum(known)
        remark = f"more less savings; goods known: {len(known)}, unknown: {len(counted) - len(known)}"
        if twice:
            left_out = "; ".join(answers.label(good) for good in twice)
            remark += f"; without what another row measures, too: {left_out}"
        whole = Formula(f"=SUM({column}){less}", total) if answers.plain_codes or not twice else total
        facts.append(Fact("Sum of changes, USD a year", whole, remark=remark))
        if gdp > 0:
            part = Formula("={above}/({above2}*1000000)", total / gdp)
            facts.append(Fact("Sum of changes, % of GDP", part, "0.00000 %"))
    return tuple(facts)


def _measured_twice(answers: Answers) -> list[str]:
    """Goods with the same customs codes as another before them, such as one by value and one by weight."""
    seen: set[tuple[str, ...]] = set()
    twice = []
    for good in answers.goods:
        codes = tuple(sorted(str(answers.meta.get("hs", {}).get(good) or "").split()))
        if codes and codes in seen:
            twice.append(good)
        seen.add(codes)
    return twice


def matter_most(answers: Answers) -> list[str]:
    """Goods that get a page: no share suffices, then the widest gap, of all members together; at most eight."""
    rows = [(good, answers.planned.get((good, ALL), {})) for good in answers.goods]
    rows = [(good, row) for good, row in rows if row.get("status") == "none" or _number(row.get("gap")) > 0]
    rows.sort(key=lambda pair: (pair[1]["status"] != "none", -_number(pair[1]["gap"], 0.0)))
    return [good for good, _ in rows[:MOST_GOODS]]


def good_sheet(answers: Answers, good: str, name: str, key: str) -> Sheet:
    """The page of one good: every member, the reason in words, the chain and what the number rests on."""
    meta, tables = answers.meta, answers.result.tables
    keys = [(good, member) for member in answers.members if (good, member) in answers.planned]
    fields = (
        Field("Member", [words.member_name(member, meta) for _, member in keys]),
        *answers.close_fields(keys, f"t_{key}"),
        replace(answers.stress(keys), meaning=""),
        *(replace(field, meaning="") for field in _amounts(tables["balance"], keys)),
        *(replace(field, meaning="") for field in _suppliers_fields(answers, keys)),
    )
    label = answers.label(good)
    notes = [
        f"One of the goods that matter most: no share suffices, or the gap of all members together is among the "
        f"{MOST_GOODS} widest. What each member needs to survive {answers.each_cutoff()}. "
        + answers.cutoffs_in_short(),
        f"{READ}; months survived: with today's sourcing. {ABOUT_BUILDING} Suppliers: the largest, by their share "
        "of what is bought; the plan is that of all members together.",
    ]
    about = meta["notes"].get(good)
    if about and not missing(about):
        notes.append(f"About the data: {about}")
    chart = Chart(
        f"{short(label, 60)}: today's share against the requirement",
        "Member",
        SERIES,
        f"Bar chart of all members for {label}: today's share of the region beside the least share that survives. "
        + _chart_words(answers, keys, lambda member: words.member_name(member, meta)),
    )
    title = f"{label}: who needs what"
    found = tuple(_reasons(tables, good, meta))
    return Sheet(
        name, title, tuple(notes), fields, key=key, chart=chart, stale=True, found=found, one_page=True, close=True
    )


def _amounts(balance: pd.DataFrame, keys: Sequence[Key]) -> Iterable[Field]:
    """Demand and stock of each member, of all of them the sum."""
    good = keys[0][0] if keys else ""
    rows = balance[balance["good"] == good].set_index("member")
    units = list(dict.fromkeys(rows["unit"]))
    decimals = [0] * len(keys)
    for column, meaning in (("demand", "use in a year"), ("stock", "held when the cutoff starts")):
        known = rows[column]
        values = [known.sum(min_count=1) if member == ALL else known.get(member) for _, member in keys]
        yield Field(column.capitalize(), values, "amount", meaning, units[0] if units else "", decimals)


def _reasons(tables: Mapping[str, pd.DataFrame], good: str, meta: Mapping[str, Any]) -> Iterable[str]:
    """Why, who is left out of the plan, the weakest input and what the number rests on."""
    why = tables.get("why")
    if why is not None:
        rows = why[(why["good"] == good) & (why["member"] == ALL) & (why["cutoff"] == ALL)]
        yield from (f"Why: {text}" for text in rows["text"])
    yield from words.left_out(tables, good, meta)
    chain = tables.get("chain")
    if chain is not None and len(chain):
        yield from (f"Weakest input: {line}." for line in words.weakest_links(chain[chain["good"] == good]))
    resting = tables.get("rests_on")
    if resting is not None and (resting["good"] == good).any():
        yield f"Rests on, all members: {words.rests_text(resting[resting['good'] == good], most=6)}."


def _asks_most(rows: pd.DataFrame) -> dict[Key, tuple[str, ...]]:
    """The cutoff, or those that tie, that by itself asks most of a member; "none" is more than any share."""
    found: dict[Key, list[tuple[float, str]]] = {}
    for row in rows[(rows["cutoff"] != ALL) & (rows["reading"] == "planned")].to_dict("records"):
        if row["status"] not in ("met", "unknown"):
            asked = math.inf if row["status"] == "none" else float(row["share"])
            found.setdefault((row["good"], row["member"]), []).append((asked, str(row["cutoff"])))
    return {
        key: tuple(name for asked, name in asking if asked >= max(asking)[0] - 1e-6)
        for key, asking in found.items()
    }


def _number(value: Any, otherwise: float = math.nan) -> float:
    return otherwise if missing(value) else float(value)
