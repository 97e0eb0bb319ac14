"""The burden in words: what it comes to, who bears it, what evens it out, and whether stocks would be cheaper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from resilience import words
from resilience.schema import ALL

MOST_GOODS = 6
YEAR_COLUMNS = ("year", "vintage")  # of findings about years
NOT_COUNTED = "not in sums"  # stands in the note of goods that measure what another measures


def money(usd: float) -> str:
    """``196 million USD``; an en dash where it is unknown."""
    if pd.isna(usd):
        return "–"
    size = abs(usd)
    for unit, name in ((1e12, " trillion"), (1e9, " billion"), (1e6, " million")):
        if size >= 0.9995 * unit:
            return words.amount(usd / unit, "").rstrip() + f"{name} USD"
    return f"{usd:,.0f} USD"


def per_million(part: float) -> str:
    """A part of GDP as ``4.2 USD per million USD of GDP``."""
    return "–" if pd.isna(part) else f"{words.amount(1e6 * part, '').rstrip()} USD per million USD of GDP"


def at_least(status: str, text: str) -> str:
    """``at least`` before what has unknown parts."""
    return f"at least {text}" if status == "unknown" else text


def mixed_years(findings: pd.DataFrame) -> str:
    """What findings say about years that are mixed, for every table's note; empty if they are not."""
    said = findings["message"][findings["column"].isin(YEAR_COLUMNS)]
    text = "; ".join(said)
    return text[:1].upper() + text[1:]


def of_years(meta: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The years that a result mixes as one of its answers in short; none if it mixes none."""
    return [("Note", f"{meta['mixed_years']}.")] if meta.get("mixed_years") else []


def headlines(tables: Mapping[str, pd.DataFrame], meta: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The answers in short, each with its name."""
    return [
        ("What it costs", _cost(tables["burden"], meta)),
        ("Who bears it", _bearers(tables["sharing"], meta)),
        ("Fair shares", _fairness(tables["sharing"], meta)),
        ("Free rides", _rides(tables["sharing"], meta)),
        ("One more point", _points(tables["share_price"], meta)),
        ("Stocks or shares", _mixes(tables["mix"], meta)),
        *of_years(meta),
    ]


def _cost(table: pd.DataFrame, meta: Mapping[str, Any]) -> str:
    sums = table[(table["good"] == ALL) & (table["member"] == ALL) & (table["kind"] == "total")].set_index("plan")
    parts = []
    for plan in ("nearest", "cheapest"):
        row = sums.loc[plan]
        parts.append(f"{money(row['usd'])} a year in the {plan} plans ({per_million(row['gdp_share'])})")
    text = at_least(sums.at["cheapest", "status"], ", ".join(parts))
    text = text[0].upper() + text[1:]
    unknown = int(sums.at["cheapest", "unknown_parts"])
    if unknown:
        text += f"; {unknown} parts are unknown and count as nothing"
    rows = table[(table["plan"] == "cheapest") & (table["member"] == ALL) & (table["kind"] == "total")]
    rows = rows[(rows["good"] != ALL) & (rows["usd"] > 0) & ~rows["note"].fillna("").str.contains(NOT_COUNTED)]
    rows = rows.sort_values("usd", ascending=False, kind="stable")
    named = [f"{words.good_name(row.good, meta)} {money(row.usd)}" for row in rows.head(MOST_GOODS).itertuples()]
    return text + (f". Most for: {'; '.join(named)}." if named else ".")


def _bearers(table: pd.DataFrame, meta: Mapping[str, Any]) -> str:
    rows = table[(table["member"] != ALL) & (table["cheapest_usd"] > 0)]
    if rows.empty:
        return "Nobody pays anything that is known."
    rows = rows.sort_values("cheapest_gdp_share", ascending=False, kind="stable")
    named = [
        f"{words.member_name(row.member, meta)} {money(row.cheapest_usd)} ({per_million(row.cheapest_gdp_share)})"
        for row in rows.itertuples()
    ]
    return f"In the cheapest plans: {'; '.join(named)}."


def _fairness(table: pd.DataFrame, meta: Mapping[str, Any]) -> str:
    everyone = table[table["member"] == ALL].iloc[0]
    rows = table[table["member"] != ALL]
    before, after = rows["cheapest_gdp_share"].max(), rows["fair_gdp_share"].max()
    if pd.isna(before) or not before > 0:
        return "There is no burden to share."
    moved = rows["transfer_usd"].clip(lower=0.0).sum()
    equal = rows["equal_transfer_usd"].clip(lower=0.0).sum()
    if per_million(before) == per_million(after):
        text = f"The largest burden, {per_million(before)}, is the same in fair plans: no others make it smaller."
        text += " Transfers of"
    else:
        text = (
            f"The largest burden falls from {per_million(before)} to {per_million(after)} if plans are chosen for "
            f"it; all together then pay {words.percent(everyone['price_of_fairness'], 1)} more, the price of "
            f"fairness. Transfers of {money(moved)} a year do the same beside the cheapest plans;"
        )
    text += f" {money(equal)} would make all bear the same part of GDP"
    gets = rows[rows["equal_transfer_usd"] > 0].sort_values("equal_transfer_usd", ascending=False, kind="stable")
    gives = rows[rows["equal_transfer_usd"] < 0].sort_values("equal_transfer_usd", kind="stable")
    if len(gets) and len(gives):
        names = [", ".join(words.member_name(m, meta) for m in part["member"]) for part in (gives, gets)]
        text += f" ({names[0]} to {names[1]})"
    return text + "."


def _rides(table: pd.DataFrame, meta: Mapping[str, Any]) -> str:
    rows = table[(table["member"] != ALL) & (table["free_rides"] > 0)]
    if rows.empty:
        return "No member survives today, paying nothing, in a good for which others pay."
    rows = rows.sort_values("free_rides_usd", ascending=False, kind="stable")
    named = []
    for row in rows.itertuples():
        goods = "one good" if row.free_rides == 1 else f"{row.free_rides:.0f} goods"
        paid = money(row.free_rides_usd)
        named.append(f"{words.member_name(row.member, meta)} in {goods}, for which others pay {paid} a year")
    return f"Members that survive today and pay nothing where others pay: {'; '.join(named)}."


def _points(table: pd.DataFrame, meta: Mapping[str, Any]) -> str:
    rows = table[table["next_point_usd"] > 0].sort_values("next_point_usd", ascending=False, kind="stable")
    if rows.empty:
        return "No price is known."
    named = []
    for row in rows.head(MOST_GOODS).itertuples():
        price = at_least(row.status, money(row.next_point_usd))
        named.append(f"{words.good_name(row.good, meta)} {price} (from {words.percent(row.floor)})")
    return f"A floor one point higher for every member costs a year: {'; '.join(named)}."


def _mixes(table: pd.DataFrame, meta: Mapping[str, Any]) -> str:
    parts = []
    for good, rows in table.groupby("good", sort=False):
        known = rows.set_index("way")["usd"].reindex(["sourcing", "stock", "mix"])
        if known.isna().any() or not known["mix"] > 0:
            continue
        row = rows[rows["way"] == "mix"].iloc[0]
        holding = f" with {row['more_stock']:.1f} months of stock" if row["more_stock"] > 0 else ""
        text = (
            f"{words.good_name(str(good), meta)}: sourcing alone {money(known['sourcing'])}, stock alone "
            f"{money(known['stock'])}, the cheapest mix {at_least(row['status'], money(known['mix']))}{holding}"
        )
        parts.append((float(known.max()), text))
    parts.sort(key=lambda part: -part[0])
    text = "; ".join(text for _, text in parts[:MOST_GOODS])
    return f"A year: {text}." if parts else "There is nothing to choose between that has a known price."


HOW_TO_READ = (
    (
        "Landed cost",
        "What moved purchases cost more than the supply that is at risk, at unit values and freight. Savings "
        "are not counted: at the unit values of customs data nearly every change of suppliers saves "
        "something on paper.",
    ),
    (
        "Capacity",
        "What new capacity costs a year as an annuity, paid by the member that builds it. Where the case gives no "
        "cost of building, a multiple of the good's value stands in for it; see Assumptions.",
    ),
    (
        "At least",
        "Goods measured in value have no prices that can be compared, so their extra landed cost is unknown; a "
        "sum with unknown parts is the least that it can be.",
    ),
    (
        "Free ride",
        "A member rides free in a good if it survives as it buys today, so that it needs no requirement, and pays "
        "nothing in the cheapest plan, while others pay for a region that it could buy from as well. What they "
        "pay stands beside it; it is not what the member gains.",
    ),
    (
        "Fair",
        "The plans in which the largest burden over GDP is as small as it can be, then the next. New capacity "
        "costs the same everywhere here, so that who builds is nearly free to choose. Transfers are no cost: they "
        "add up to zero.",
    ),
)
