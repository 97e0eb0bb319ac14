"""What a report says of a result: which goods matter most, who supplies them, and the tables in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from resilience import words
from resilience.economics.burden_words import money
from resilience.results import Result
from resilience.schema import ALL, READINGS, STATUS_WORDS
from resilience.words import amount, percent

MOST_GOODS = 6  # with pages of their own
MOST_FINDINGS = 60  # that are printed
SHOWN_SUPPLIERS = 8  # in a table of suppliers
ROLES = {
    "member": "members, home supply included",
    "region": "others of the region",
    "outside": "other outsiders",
    "cut": "hit by a cutoff",
}
ONE_OF = {"member": "member", "region": "of the region", "outside": "outsider", "cut": ROLES["cut"]}
NOTHING = 1e-6  # parts of all supply below this are rounding


@dataclass(frozen=True)
class Cell:
    """A cell of a table: its text, a second line, and the verdict that colours it."""

    text: str
    more: str = ""
    status: str = ""


@dataclass(frozen=True)
class Grid:
    """A table for readers: caption, headings (the first is that of the rows' names), rows; which columns hold
    numbers."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numbers: frozenset[int] = frozenset()


def shares(row: Mapping[str, Any]) -> str:
    """``8 → 38 %`` where the share must rise, as many digits as it takes to tell apart what differs; else
    ``92 %, needs 52 %``."""
    today, least = row["share_today"], row["share"]
    if row["status"] in ("none", "unknown"):
        return "" if pd.isna(today) else f"today {percent(today)}"
    if pd.isna(today):
        return percent(least)
    if not row["gap"] > 0:
        return f"{percent(today)}, needs {percent(least)}"
    digits = next((n for n in range(3) if percent(today, n) != percent(least, n)), 3)
    return f"{percent(today, digits).removesuffix(' %')} → {percent(least, digits)}"


def by_member(result: Result) -> Grid:
    """Good × member under all cutoffs."""
    members = [*result.meta["members"], ALL]
    head = ("Good", *(words.member_name(member, result.meta) for member in members))
    return _map(result, "member", members, head, "Verdict, and share today → least share, by good and member.")


def by_cutoff(result: Result) -> Grid:
    """Good × cutoff for all members."""
    cutoffs = list(dict.fromkeys(result.requirements["cutoff"]))
    named = [cutoff for cutoff in cutoffs if cutoff != ALL]
    head = ("Good", *named, *(["Every cutoff"] if len(named) > 1 else []))
    keys = [*named, *([ALL] if len(named) > 1 else [])]
    return _map(result, "cutoff", keys, head, "Verdict, and share today → least share, by good and cutoff.")


def _map(result: Result, across: str, keys: Sequence[str], head: tuple[str, ...], caption: str) -> Grid:
    rows = result.requirements
    other = "cutoff" if across == "member" else "member"
    rows = rows[(rows[other] == ALL) & (rows["reading"] == "planned")]
    found = {(row["good"], row[across]): row for row in rows.to_dict("records")}
    lines = []
    for good in dict.fromkeys(rows["good"]):
        cells = [Cell(words.good_name(good, result.meta).partition(" (")[0])]
        for key in keys:
            row = found.get((good, key))
            cells.append(Cell("–") if row is None else Cell(row["status"], shares(row), row["status"]))
        lines.append(tuple(cells))
    return Grid(caption, head, tuple(lines))


def readings(result: Result, good: str) -> Grid:
    """The three readings of one good, all members, all cutoffs."""
    rows = result.requirements
    rows = rows[(rows["good"] == good) & (rows["member"] == ALL) & (rows["cutoff"] == ALL)]
    lines = []
    for row in rows.to_dict("records"):
        upper = row["share_upper"]
        more = f"up to {percent(upper)}; more can fail" if not pd.isna(upper) and upper < 1 else ""
        more = "follows from the assumptions alone" if row["basis"] == "assumption" else more
        share = row["status"] if pd.isna(row["share"]) else percent(row["share"])
        question = READINGS.get(row["reading"], "")
        lines.append((Cell(row["reading"], question), Cell(share, more), Cell(row["status"], "", row["status"])))
    return Grid("Three readings of the minimum, all members, every cutoff.", ("Reading", "Share", "Verdict"),
                tuple(lines))  # fmt: skip


def cut_countries(result: Result, good: str) -> set[str] | None:
    """Who loses deliveries of a good under some cutoff; None where all outsiders do."""
    meta = result.meta
    category = meta.get("categories", {}).get(good)
    found: set[str] = set()
    for cutoff in meta["cutoffs"]:
        if cutoff["goods"] is not None and not {good, category} & set(cutoff["goods"]):
            continue
        if cutoff["all_outsiders"]:
            return None
        for name in cutoff["cut"]:
            found |= {name, *cutoff.get("countries", {}).get(name, ())}
    rows = result.requirements
    worst = rows[(rows["good"] == good) & (rows["reading"] == "planned")]["worst_set"].dropna()
    return found | {country for text in worst for country in str(text).split(", ")}


def suppliers(result: Result, good: str) -> pd.DataFrame:
    """Supplier, role, and what it sells to all members today and in the plan, in a year; largest first."""
    rows = result.plan[result.plan["good"] == good]
    sums = rows.groupby("supplier", sort=True)[["baseline", "planned"]].sum(min_count=1).reset_index()
    cut, meta = cut_countries(result, good), result.meta

    def role(supplier: str) -> str:
        if supplier in meta["members"]:
            return "member"
        if (cut is None and supplier not in meta["region"]) or (cut is not None and supplier in cut):
            return "cut"
        return "region" if supplier in meta["region"] else "outside"

    sums["role"] = [role(str(supplier)) for supplier in sums["supplier"]]
    return sums.sort_values(["baseline", "supplier"], ascending=[False, True], ignore_index=True)


def unit_of(result: Result, good: str) -> str:
    """The unit of a good's amounts."""
    rows = result.requirements
    return str(rows[rows["good"] == good]["unit"].iloc[0])


def supplier_grid(result: Result, good: str) -> Grid:
    """The largest suppliers today and in the plan."""
    table, unit = suppliers(result, good), unit_of(result, good)
    names = result.meta["countries"]
    largest = table[["baseline", "planned"]].max(axis=1).sort_values(ascending=False, kind="stable")
    shown = table.loc[largest.index[:SHOWN_SUPPLIERS]]
    least = NOTHING * float(table["baseline"].sum())

    def sold(number: float) -> Cell:
        return Cell(amount(0.0 if abs(number) < least else number, "").rstrip())

    lines: list[tuple[Cell, ...]] = [
        (
            Cell(str(names.get(row["supplier"], row["supplier"])), ONE_OF[row["role"]]),
            sold(row["baseline"]),
            sold(row["planned"]),
        )
        for row in shown.to_dict("records")
    ]
    rest = table.drop(shown.index)
    if len(rest):
        sums = rest[["baseline", "planned"]].sum(min_count=1)
        lines.append((Cell(f"{len(rest)} more"), *(sold(sums[name]) for name in sums.index)))
    caption = f"Supply to all members in a year, home supply included, {unit}."
    return Grid(caption, ("Supplier", "Today", "Plan"), tuple(lines), frozenset((1, 2)))


def reason(result: Result, good: str) -> str:
    """Why the requirement is what it is, in words."""
    rows = result.why
    rows = rows[(rows["good"] == good) & (rows["member"] == ALL) & (rows["cutoff"] == ALL)]
    return str(rows["text"].iloc[0]) if len(rows) else ""


def counts(result: Result) -> list[tuple[str, int, str]]:
    """Each verdict, how many goods it is given to, and what it means."""
    found = result.answers()["status"].value_counts()
    return [
        (status, int(found.get(status, 0)), meaning)
        for status, meaning in STATUS_WORDS.items()
        if status != "unknown" or found.get(status, 0)
    ]


def vintage(meta: Mapping[str, Any]) -> str:
    """The years of the data in a few words: ``data of 2024 (33 goods) and 2022 (4 goods)``."""
    years = pd.Series(list(meta["years"].values()), dtype=object).value_counts()
    parts = [f"{year} ({years[year]} good{'s' if years[year] > 1 else ''})" for year in sorted(years.index)[::-1]]
    return f"data of {words_joined(parts)}" if parts else f"no data up to {meta['year']}"


def words_joined(parts: Sequence[str]) -> str:
    """``one, two and three``."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def assumptions(result: Result) -> Grid:
    """The assumptions, goods with the same value and ground together; below the ground what else is known."""
    rows = result.assumptions
    labels = {**result.meta["labels"], **result.meta["members"], ALL: "all"}
    everything = [good for good in dict.fromkeys(rows["good"]) if good in result.meta["labels"]]
    given = [name for name in ("low", "high", "owner", "confidence") if name in rows]
    lines = []
    for keys, part in rows.groupby(["parameter", "value", "unit", "ground", *given], sort=False, dropna=False):
        parameter, value, unit, ground, *more = ("" if pd.isna(key) else str(key) for key in keys)
        goods = list(part["good"])
        who = "all goods" if set(goods) == set(everything) else _named(goods, labels)
        known = "; ".join(f"{name} {text}" for name, text in zip(given, more, strict=True) if text)
        lines.append((Cell(parameter.replace("_", " "), who), Cell(_with_unit(value, unit)), Cell(ground, known)))
    return Grid("Every assumption with the ground it stands on.", ("Assumption", "Value", "Ground"), tuple(lines))


def _with_unit(value: str, unit: str) -> str:
    """``delay 3 months, rate 0.02 a month, max 0.2``: each number with its unit, where that says anything."""
    values, units = value.split(", "), unit.split("; ")
    if len(values) == len(units) > 1:
        return ", ".join(
            f"{one} {of.removeprefix('share').strip()}".strip() for one, of in zip(values, units, strict=True)
        )
    if unit in ("", "share", "multiple", "yes/no") or value == "no limit":
        return value
    if value == "1":
        unit = unit.replace("months", "month", 1).replace("suppliers", "supplier", 1)
    return f"{value} {unit}"


def _named(goods: Sequence[str], labels: Mapping[str, str], most: int = 4) -> str:
    names = [str(labels.get(good, good)).partition(" (")[0] for good in goods]
    return "; ".join(names) if len(names) <= most else f"{'; '.join(names[:most])}; and {len(names) - most} more"


def sources(result: Result) -> Grid:
    """The sources, with how many rows of which status they gave for how many goods."""
    lines = []
    for (source, status), part in result.sources.groupby(["source", "status"], sort=True):
        years = words_joined([f"{year:.0f}" for year in sorted(part["year"].dropna().unique())])
        goods = part["good"].nunique()
        lines.append(
            (
                Cell(str(source)),
                Cell(str(status)),
                Cell(years),
                Cell(f"{goods}"),
                Cell(f"{part['rows'].sum():,.0f}"),
            )
        )
    head = ("Source", "Status", "Years", "Goods", "Rows")
    return Grid("Sources of the data, with status.", head, tuple(lines), frozenset((3, 4)))


def findings(result: Result) -> tuple[Grid, int]:
    """The first findings, worst first, and how many more there are."""
    rows = result.findings.head(MOST_FINDINGS)
    lines = tuple((Cell(str(row.severity)), Cell(str(row.message))) for row in rows.itertuples())
    return Grid("What the tool noticed about data and result.", ("Severity", "Finding"), lines), len(
        result.findings
    ) - len(rows)


def sharing(burden: Result) -> Grid:
    """Who bears how much in which plans, and what evens it out; all members last."""
    table, meta = burden.tables["sharing"], burden.meta
    lines = []
    for row in table.to_dict("records"):
        sums = [
            Cell(money(row[f"{plan}_usd"]), _of_gdp(row[f"{plan}_gdp_share"]))
            for plan in ("nearest", "cheapest", "fair")
        ]
        after = Cell(money(row["transfer_usd"]), f"then {_of_gdp(row['after_gdp_share'])}")
        unsure = "at least" if row["status"] == "unknown" else ""
        lines.append((Cell(words.member_name(row["member"], meta), unsure), *sums, after))
    head = ("Member", "Plans nearest to today", "Cheapest plans", "Fair plans", "Transfer beside the cheapest")
    caption = "Cost of the requirement in USD a year, and over GDP (ppm: USD per million USD of GDP). "
    caption += "A transfer is what a member gets (positive) or gives (negative). At least: parts are unknown and "
    caption += "count as nothing; transfers are over the parts known for every member."
    return Grid(caption, head, tuple(lines), frozenset(range(1, 5)))


def _of_gdp(part: float) -> str:
    return "–" if pd.isna(part) else f"{amount(1e6 * part, 'ppm')}"
