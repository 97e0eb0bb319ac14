"""The burden in words: what it comes to, who bears it, what evens it out, and whether stocks would be cheaper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from resilience import words
from resilience.schema import ALL

MOST_GOODS = 6
YEAR_COLUMNS = ("year", "vintage")  # of findings about years
KNOWN_PARTS = "by known parts only"  # stands in the note of a price that unknown costs could move either way
WHOLE_CHAINS = "fair plans share what whole chains cost"  # stands in the note where only a part is asked for
HELD = "cost no more than in the cheapest"  # stands in the note of their mixes
NO_WAY = "members do not survive this way"  # stands in the note of such a mix
NOT_COUNTED = "not in sums"  # stands in the note of goods that measure what another measures


def money(usd: float) -> str:
    """``196 million USD``; an en dash where it is unknown."""
    if pd.isna(usd):
        return "–"
    size = abs(usd)
    for unit, name in ((1e12, " trillion"), (1e9, " billion"), (1e6, " million")):
        if size >= 0.9995 * unit:
            return words.amount(usd / unit, "").rstrip() + f"{name} USD"
    return f"{round(usd) + 0:,} USD"


def per_million(part: float) -> str:
    """A part of GDP as ``4.2 USD per million USD of GDP``."""
    return "–" if pd.isna(part) else f"{words.amount(1e6 * part, '').rstrip()} USD per million USD of GDP"


def _beside(part: float) -> str:
    """A part of GDP in brackets behind an amount; nothing where it is unknown."""
    return "" if pd.isna(part) else f" ({per_million(part)})"


def at_least(status: str, text: str) -> str:
    """``at least`` before what has unknown parts."""
    return f"at least {text}" if status == "unknown" else text


def bound(usd: float, status: str) -> str:
    """An amount of money as it is known: ``at least`` before a part of it, ``unknown`` where nothing is known."""
    return "unknown" if pd.isna(usd) else at_least(status, money(usd))


def parts_unknown(count: float) -> str:
    """``1 part is unknown``, ``14 parts are unknown``."""
    return "1 part is unknown" if count == 1 else f"{count:.0f} parts are unknown"


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
        ("What it costs", _cost(tables["burden"], meta) + _doubted(tables.get("findings"))),
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
        usd = bound(row["usd"], row["status"])
        known = f"{usd} a year in the {plan} plans{_beside(row['gdp_share'])}"
        parts.append(f"{usd} in the {plan} plans" if pd.isna(row["usd"]) else known)
    text = ", ".join(parts)
    text = text[0].upper() + text[1:]
    unknown = {plan: int(sums.at[plan, "unknown_parts"]) for plan in ("nearest", "cheapest")}
    if len(set(unknown.values())) > 1:
        text += "; " + ", ".join(f"in the {plan} plans {parts_unknown(count)}" for plan, count in unknown.items())
    elif unknown["cheapest"]:
        text += f"; {parts_unknown(unknown['cheapest'])}"
    rows = table[(table["plan"] == "cheapest") & (table["member"] == ALL) & (table["kind"] == "total")]
    rows = rows[(rows["good"] != ALL) & (rows["usd"] > 0) & ~rows["note"].fillna("").str.contains(NOT_COUNTED)]
    rows = rows.sort_values("usd", ascending=False, kind="stable")
    named = [
        f"{words.good_name(row.good, meta)} {bound(row.usd, row.status)}"
        for row in rows.head(MOST_GOODS).itertuples()
    ]
    return text + (f". Most for: {'; '.join(named)}." if named else ".")


def _doubted(findings: pd.DataFrame | None) -> str:
    """Where plans build many times what there is today: the part of the findings that a reader must not miss."""
    if findings is None:
        return ""
    rows = findings[(findings["table"] == "burden") & (findings["column"] == "capacity")]
    said = [str(text).partition(";")[0] for text in rows["message"][rows["severity"] == "warning"]]
    more = f"; {len(said) - MOST_GOODS} more in the findings" if len(said) > MOST_GOODS else ""
    return f" To be doubted: {'; '.join(said[:MOST_GOODS])}{more}." if said else ""


def _bearers(table: pd.DataFrame, meta: Mapping[str, Any]) -> str:
    blank = _unknown(table, "cheapest_usd", meta)
    rows = table[(table["member"] != ALL) & (table["cheapest_usd"] > 0)]
    if rows.empty:
        return f"Nobody pays anything that is known{blank}."
    rows = rows.sort_values("cheapest_gdp_share", ascending=False, kind="stable")
    named = [
        f"{words.member_name(row.member, meta)} {bound(row.cheapest_usd, row.status)}"
        f"{_beside(row.cheapest_gdp_share)}"
        for row in rows.itertuples()
    ]
    return f"In the cheapest plans: {'; '.join(named)}{blank}."


def _unknown(table: pd.DataFrame, column: str, meta: Mapping[str, Any]) -> str:
    """``; unknown for France, Italy``: the members for which a column of ``sharing`` is blank."""
    names = [words.member_name(m, meta) for m in table["member"][table[column].isna()] if m != ALL]
    return f"; unknown for {', '.join(names)}" if names else ""


def _fairness(table: pd.DataFrame, meta: Mapping[str, Any]) -> str:
    everyone = table[table["member"] == ALL].iloc[0]
    rows = table[table["member"] != ALL]
    before, after = rows["cheapest_gdp_share"].max(), rows["fair_gdp_share"].max()
    in_part = everyone["status"] == "unknown"
    if pd.isna(before) or not before > 0:
        return "No burden is known that could be shared." if in_part else "There is no burden to share."
    same = per_million(before) == per_million(after)
    if pd.isna(after):
        text = f"The largest burden is {per_million(before)}; what it would be in fair plans is unknown."
    elif same:
        text = f"The largest burden, {per_million(before)}, is the same in fair plans: no others make it smaller."
    elif after > before:
        text = f"The largest burden, {per_million(before)}, is {per_million(after)} in fair plans."
    else:
        text = f"The largest burden falls from {per_million(before)} to {per_million(after)} in fair plans."
    whole = WHOLE_CHAINS in (everyone["note"] or "")
    if pd.notna(after) and not same:
        who = "all together then pay for whole chains" if whole else "all together then pay"
        text = f"{text[:-1]}; {who} {_more(everyone['price_of_fairness'])}."
    if whole:
        text += " Fair plans share what whole chains cost, and these burdens are of a part of them."
    if in_part:
        text += " This counts known parts only."
    if rows["transfer_usd"].isna().all():
        return f"{text} No transfers can be said, as nothing above zero is known for every member."
    moved = rows["transfer_usd"].clip(lower=0.0).sum()
    equal = rows["equal_transfer_usd"].clip(lower=0.0).sum()
    text += " Over the parts known for every member, transfers of" if in_part else " Transfers of"
    if not same and after < before:
        text += f" {money(moved)} a year do the same beside the cheapest plans;"
    text += f" {money(equal)} would make all bear the same part of GDP"
    gets = rows[rows["equal_transfer_usd"] > 0].sort_values("equal_transfer_usd", ascending=False, kind="stable")
    gives = rows[rows["equal_transfer_usd"] < 0].sort_values("equal_transfer_usd", kind="stable")
    if len(gets) and len(gives):
        names = [", ".join(words.member_name(m, meta) for m in part["member"]) for part in (gives, gets)]
        text += f" ({names[0]} to {names[1]})"
    return text + "."


def _more(price: float) -> str:
    """The price of fairness: ``4.9 % more, the price of fairness``, ``no more`` where it is nothing."""
    if price == 0:
        return "no more: fairness has no price"
    return f"{'less than 0.1 %' if 0 < price < 0.0005 else words.percent(price, 1)} more, the price of fairness"


def _rides(table: pd.DataFrame, meta: Mapping[str, Any]) -> str:
    blank = _unknown(table, "free_rides", meta)
    rows = table[(table["member"] != ALL) & (table["free_rides"] > 0)]
    if rows.empty:
        known = "is known to survive" if blank else "survives"
        return f"No member {known} today, paying nothing, in a good for which others pay{blank}."
    rows = rows.sort_values("free_rides_usd", ascending=False, kind="stable")
    named = []
    for row in rows.itertuples():
        goods = at_least(row.status, "one good" if row.free_rides == 1 else f"{row.free_rides:.0f} goods")
        paid = bound(row.free_rides_usd, row.status)
        named.append(f"{words.member_name(row.member, meta)} in {goods}, for which others pay {paid} a year")
    return f"Members that survive today and pay nothing where others pay: {'; '.join(named)}{blank}."


def _points(table: pd.DataFrame, meta: Mapping[str, Any]) -> str:
    if table.empty:
        return "No good must change, so that no point has a price."
    rows = table[table["next_point_usd"] > 0].sort_values("next_point_usd", ascending=False, kind="stable")
    lacking = _without_price(table[table["next_point_usd"].isna()], meta)
    if rows.empty:
        return f"No price above zero is known{lacking}."
    named = []
    for row in rows.head(MOST_GOODS).itertuples():
        known = f" {KNOWN_PARTS}" if KNOWN_PARTS in (row.note or "") else ""
        price = f"{money(row.next_point_usd)}{known}"
        named.append(f"{words.good_name(row.good, meta)} {price} (from {words.percent(row.floor)})")
    more = f"; {len(rows) - MOST_GOODS} more in the table" if len(rows) > MOST_GOODS else ""
    return f"A floor one point higher for every member costs a year: {'; '.join(named)}{more}{lacking}."


def _without_price(rows: pd.DataFrame, meta: Mapping[str, Any]) -> str:
    """``; none for magnets, see its note``; nothing where every good has a price."""
    names = [words.good_name(good, meta) for good in dict.fromkeys(rows["good"])]
    if len(names) > MOST_GOODS:
        names = [*names[:MOST_GOODS], f"{len(names) - MOST_GOODS} more"]
    return f"; none for {', '.join(names)}, see the notes of the table" if names else ""


def _mixes(table: pd.DataFrame, meta: Mapping[str, Any]) -> str:
    parts, none = [], []
    for good, rows in table.groupby("good", sort=False):
        ways = rows.set_index("way")
        mix, name = ways.loc["mix"], words.good_name(str(good), meta)
        if NO_WAY in str(mix["note"]):
            none.append(name)
        if not mix["usd"] > 0:
            continue
        holding = f" with {mix['more_stock']:.1f} months of stock" if mix["more_stock"] >= 0.05 else ""
        alone = ", ".join(f"{way} alone {_way(ways.loc[way])}" for way in ("sourcing", "stock"))
        text = f"{name}: {alone}, the cheapest mix {bound(mix['usd'], mix['status'])}{holding}"
        parts.append((float(ways["usd"].max()), text))
    parts.sort(key=lambda part: -part[0])
    text = "; ".join(text for _, text in parts[:MOST_GOODS])
    held = (
        " Of goods made of each other each has its mix, while the others cost no more than in the cheapest plans."
    )
    text = f"A year, with one level of stock and of restraint for all members: {text}." if parts else ""
    if parts and table["note"].fillna("").str.contains(HELD).any():
        text += held
    if none:
        text += f" Members survive in none of these ways: {', '.join(none)}."
    return text.strip() or "No cheapest mix has a known price above zero; the table says why."


def _way(row: pd.Series) -> str:
    """What a way costs, that it is unknown, or that members do not survive this way."""
    return "is not enough" if NO_WAY in str(row["note"]) else bound(row["usd"], row["status"])


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
        "sum with unknown parts is the least that it can be, and blank where nothing above zero is known. Fair "
        "plans count known parts only, and transfers those that are known for every member.",
    ),
    (
        "Free ride",
        "A member rides free in a good if it survives as it buys today, so that it needs no requirement, and pays "
        "nothing in the cheapest plan, while others pay for a region that it could buy from as well. What they "
        "pay stands beside it; it is not what the member gains. Whether it rides free is unknown where its cost "
        "is, or where nothing above zero is known of what others pay.",
    ),
    (
        "Fair",
        "The plans in which the largest burden over GDP is as small as it can be, then the next. Burdens are over "
        "all goods asked for and what hangs together with them, so that a good's fair plan hangs on which others "
        "are asked for; a part of a chain brings the whole chain along. New capacity "
        "costs the same everywhere here, so that who builds is nearly free to choose. Transfers are no cost: they "
        "add up to zero.",
    ),
)
