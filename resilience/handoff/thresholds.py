"""Legal thresholds beside a result: where each good stands against the law (the table ``benchmarks``).

The thresholds with their sources are in thresholds.toml, those of value content in content_rules.toml. Goods are
known by their customs codes; what cannot be said is "unknown", and whom a law does not bind is told so.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd

from resilience.inputs.balance import STOCK_ASSUMED
from resilience.origins.content import presets
from resilience.results import Result
from resilience.schema import ALL, WORKBOOK
from resilience.words import good_name, percent

DAYS = 365
CONSUMPTION_DAYS = 61  # of the Directive's two measures the one that counts use, not imports
OIL = "2709"  # crude oil in the Harmonized System
ARMS = "93"  # the chapter of arms and ammunition
SHARE = "share of demand"
NOT_LISTED = "By their customs codes these goods are no strategic raw material of Annex I."
KEEPS, MISSES, UNKNOWN, NOT_BOUND, COMPARED = "keeps", "misses", "unknown", "does not apply", "compared"
ASSUMED = "assumed, not observed"  # a figure of the case itself; to hold it against the law would go in a circle


def benchmarks(result: Result) -> pd.DataFrame:
    """The table ``benchmarks``: every rule, under each every good by itself or among those it does not concern.

    Figures are shares of demand, or days of net imports.
    """
    law = thresholds()
    rows = [*_raw_materials(result, law), *_oil(result, law), *_content(result)]
    return pd.DataFrame(rows, columns=list(WORKBOOK["benchmarks"].names))


def rules(table: pd.DataFrame) -> pd.DataFrame:
    """The table ``thresholds``: the rules of a table ``benchmarks``, each once, in its own unit."""
    found = table.drop_duplicates("rule", ignore_index=True)[list(WORKBOOK["thresholds"].names)]
    own = {rule["name"]: rule["unit"] for rule in thresholds()["rules"].values()}
    return found.assign(unit=found["rule"].map(own).fillna(found["unit"]))


@cache
def thresholds() -> Mapping[str, Any]:
    """The content of thresholds.toml."""
    return tomllib.loads(files("resilience.handoff").joinpath("thresholds.toml").read_text(encoding="utf-8"))


def _codes(result: Result, good: str) -> list[str]:
    return str(result.meta.get("hs", {}).get(good, "")).split()


def _of_chapter(result: Result, good: str, *starts: str) -> bool:
    codes = _codes(result, good)
    return bool(codes) and all(code.startswith(starts) for code in codes)


def _row(
    rule: Mapping[str, Any], goods: str, who: str, stands: str, text: str, **figures: float
) -> dict[str, Any]:
    shown = {name: rule[name] for name in ("limit", "unit", "asks", "source", "checked")}
    return {"rule": rule["name"], "goods": goods, "who": who, "stands": stands, "text": text, **shown, **figures}


def _others(rule: Mapping[str, Any], goods: Sequence[str], who: str, why: str) -> Iterable[Any]:
    """One row for all goods that a rule does not concern."""
    if goods:
        yield _row(rule, _named(goods), who, NOT_BOUND, why)


def _named(goods: Iterable[str]) -> str:
    """Many goods by their short names."""
    return "; ".join(good.replace("_", " ") for good in goods)


# The Critical Raw Materials Act.


def _raw_materials(result: Result, law: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    goods = list(result.meta["labels"])
    union = set(law["eu"]["countries"])
    here = [member for member in result.meta["members"] if member in union]
    who = f"Union members of the case: {', '.join(here)}" if here else "all members"
    found = {good: material for good in goods if (material := _material(result, good, law)) is not None}
    others = [good for good in goods if good not in found]
    for name in ("one-country", "extraction", "processing"):
        rule = law["rules"][name]
        of_stage = [good for good in found if name in ("one-country", found[good]["stage"])]
        for good in of_stage:
            yield _strategic(result, rule, name, good, found[good], here, union, who)
        elsewhere = [good for good in found if good not in of_stage]
        yield from _others(rule, elsewhere, who, "These goods are of another stage of the chain.")
        yield from _others(rule, others, who, NOT_LISTED)
    rule = law["rules"]["recycling"]
    if found:
        names = _named(found)
        yield _row(rule, names, who, UNKNOWN, "The data do not tell recycled from other supply.")
    yield from _others(rule, others, who, NOT_LISTED)


def _material(result: Result, good: str, law: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return next((entry for entry in law["materials"] if _of_chapter(result, good, *entry["hs"])), None)


def _strategic(
    result: Result,
    rule: Mapping[str, Any],
    name: str,
    good: str,
    material: Mapping[str, Any],
    here: Sequence[str],
    union: set[str],
    who: str,
) -> dict[str, Any]:
    members = list(here) or list(result.meta["members"])
    part = "; its customs code holds other things or grades as well" if material.get("part") else ""
    about = f"Annex I: {material['material']}{part}."
    figures: dict[str, float] = {}
    if name == "one-country":
        today, country = _largest_outsider(result, good, members, union, "baseline")
        planned, then = _largest_outsider(result, good, members, union, "planned")
        figures = {"today": today, "needed": planned}
        names = result.meta["countries"]
        stands = _now_and_then(today > rule["limit"], planned > rule["limit"] if planned > 0 else None)
        text = f"Today {percent(today)} from {names.get(country, country)}"
        text += f", in the plan {percent(planned)} from {names.get(then, then)}." if planned > 0 else "."
    else:
        today, stands = _made_at_home(result, good, members), COMPARED
        figures = {"today": today}
        side = "below" if today < rule["limit"] else "at or above"
        text = "Production is unknown."
        if today >= 0:
            text = f"Their production is {percent(today)} of their demand, {side} {percent(rule['limit'])}."
        text += " The Act asks it of all strategic raw materials together: short of it with one is no breach."
    if not here:
        stands = COMPARED
        text += " No member is bound by it."
    elif len(here) < len(union):
        text += f" The Act binds the Union as a whole; only {len(here)} of {len(union)} are members here."
    stands = UNKNOWN if math.isnan(today) else stands
    measured = {**rule, "unit": _share_of(result, good, members)}
    return _row(measured, good_name(good, result.meta), who, stands, f"{text} {about}", **figures)


def _now_and_then(today: bool, planned: bool | None) -> str:
    """Whether a limit is kept, today and in the plan, from whether it is exceeded; None: there is no plan."""
    now = MISSES if today else KEEPS
    return now if planned in (None, today) else f"{now} today, {MISSES if planned else KEEPS} in the plan"


def _share_of(result: Result, good: str, members: Sequence[str]) -> str:
    """What the figures of a good are shares of."""
    rows = result.tables["balance"]
    scopes = {*rows["scope"][(rows["good"] == good) & rows["member"].isin(members)]}
    if scopes == {"imports"}:
        return "share of imports"
    return "share of demand or imports" if "imports" in scopes else SHARE


def _largest_outsider(
    result: Result, good: str, members: Sequence[str], union: set[str], column: str
) -> tuple[float, str]:
    """The largest share of one supplier outside the Union (and other than the buyer itself), and who it is."""
    plan = result.tables["plan"]
    plan = plan[(plan["good"] == good) & plan["member"].isin(members)]
    by_country = plan[plan["supplier"] != plan["member"]].groupby("supplier")[column].sum()
    by_country = by_country[~by_country.index.isin(union)]
    whole = plan[column].sum()
    if not whole > 0:
        return math.nan, "unknown"
    if by_country.empty:
        return 0.0, "nobody"
    return float(by_country.max() / whole), str(by_country.idxmax())


def _made_at_home(result: Result, good: str, members: Sequence[str]) -> float:
    rows = result.tables["balance"]
    rows = rows[(rows["good"] == good) & rows["member"].isin(members)]
    whole = float(rows["demand"].sum())
    known = len(rows) == len(members) and bool(rows["production"].notna().all())
    return float(rows["production"].sum()) / whole if known and whole > 0 else math.nan


# Oil stocks.


def _oil(result: Result, law: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    goods = list(result.meta["labels"])
    oil = [good for good in goods if _of_chapter(result, good, OIL)]
    others = [good for good in goods if good not in oil]
    balance = result.tables["balance"]
    for name, bound in (("eu-oil", law["eu"]["countries"]), ("iea-oil", law["iea"]["countries"])):
        rule = law["rules"][name]
        for good in oil:
            for row in balance[balance["good"] == good].to_dict("records"):
                yield _days_of_stock(result, rule, name, row, row["member"] in bound)
        yield from _others(rule, others, "all members", "The rule is about oil.")


def _days_of_stock(
    result: Result, rule: Mapping[str, Any], name: str, row: Mapping[str, Any], bound: bool
) -> dict[str, Any]:
    who = str(result.meta["members"].get(row["member"], row["member"]))
    imports = row["imports"] - (row["exports"] if row["exports"] > 0 else 0.0)
    stock, use = row["stock"], row["demand"]
    note = "Crude oil only, and the law counts products, too."
    good = good_name(row["good"], result.meta)
    if not bound:
        return _row(rule, good, who, NOT_BOUND, f"{who} is not bound by it. {note}")
    days = DAYS * stock / imports if imports > 0 else math.nan
    of_use = DAYS * stock / use if use > 0 else math.nan
    if name == "iea-oil" and imports <= 0:
        return _row(rule, good, who, NOT_BOUND, f"It exports more crude oil than it imports. {note}")
    if math.isnan(of_use) or (math.isnan(days) and not imports <= 0):
        return _row(rule, good, who, UNKNOWN, f"Stock, use or imports are unknown. {note}")
    text = f"{days:.0f} days of net imports" if imports > 0 else "It exports more than it imports"
    enough = imports <= 0 or days >= rule["limit"]
    if name == "eu-oil":
        text += f", {of_use:.0f} days of use against {CONSUMPTION_DAYS}"
        enough = enough and of_use >= CONSUMPTION_DAYS
    if STOCK_ASSUMED in str(row["source"]):
        why = "No verdict: the data hold no stock of it, and stock_months of the case, by which it would be"
        return _row(rule, good, who, ASSUMED, f"{why} {text}, is no observation. {note}")
    return _row(rule, good, who, KEEPS if enough else MISSES, f"{text}. {note}", today=days)


# Value content.


def _content(result: Result) -> Iterable[dict[str, Any]]:
    """The content rules: of end products made of components, so of arms; all other goods in one row a rule."""
    answers = _planned(result)
    arms = [good for good in answers if _of_chapter(result, good, ARMS)]
    others = [good for good in answers if good not in arms]
    for name, preset in presets().items():
        limit = min(preset.methods.values())
        methods = " or ".join(f"{percent(least)} by {method}" for method, least in preset.methods.items())
        rule = {
            "name": preset.label,
            "asks": f"{'more than' if preset.exceeds else 'at least'} {methods} from {_zone(preset.zone)}",
            "limit": limit,
            "unit": "share of value; shares of demand beside it",
            "source": preset.source,
            "checked": preset.checked,
        }
        concerned = arms if name in ("safe", "edip") or name.startswith("buy-american") else []
        for good in concerned:
            today, needed = answers[good]
            text = (
                f"Content is unknown without a bill of materials (resilience content BOM --rule {name}). Region's "
                f"share of demand: {percent(today)} today, survival needs {_at_least(needed)}."
            )
            yield _row(
                rule, good_name(good, result.meta), "all members", UNKNOWN, text, needed=needed, today=today
            )
        rest = others if concerned else list(answers)
        if rest:
            above = _named(good for good in rest if answers[good][1] > limit)
            none = _named(good for good in rest if math.isnan(answers[good][1]))
            text = "The rule is about products made of components, not about these goods. "
            listed = above or "none of them"
            text += f"Survival needs a share of demand above {percent(limit)} of: {listed}."
            text += f" Unknown, or no share suffices: {none}." if none else ""
            yield from _others(rule, rest, "all members", text)


def _at_least(share: float) -> str:
    return "more than any share" if math.isnan(share) else f"at least {percent(share)}"


def _zone(countries: Sequence[str]) -> str:
    return ", ".join(countries) if len(countries) < 6 else f"{len(countries)} countries of its zone"


def _planned(result: Result) -> dict[str, tuple[float, float]]:
    """Today's and the least share of each good, all members under every cutoff."""
    rows = result.requirements
    rows = rows[(rows["member"] == ALL) & (rows["cutoff"] == ALL) & (rows["reading"] == "planned")]
    return {row["good"]: (row["share_today"], row["share"]) for row in rows.to_dict("records")}
