"""Whose work is in a good: the tables content, exposure and content_rule, from the data set's input-output table.

A sector of the table stands for every good that belongs to it, so these are background figures: they say where the
value of a sector's output is made, not where that of one good is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from resilience.errors import Finding, InputError
from resilience.inputs.balance import GoodData
from resilience.inputs.case import Case
from resilience.inputs.suggestions import nearest
from resilience.model import ModelData, build
from resilience.origins.input_output import REST, content, exposure, read_table, regional_content
from resilience.program import compile_model
from resilience.reading.planned import Engine
from resilience.reading.readings import alone, most_of_failing
from resilience.schema import ALL, RESULTS
from resilience.words import percent

NOTABLE = 0.01  # a supplier below this part of demand has no row of its own in the table content_rule
ESTIMATED = "estimated"


@lru_cache(maxsize=2)
def _content_of(path: Path, _fingerprint: str) -> pd.DataFrame:
    """Content by origin of the table in a file, remembered as long as the data set is the same."""
    return content(read_table(path))


def _shares(case: Case) -> pd.DataFrame | None:
    """Content by origin of the case's table; None without one. Raises InputError for a sector it does not have."""
    path = case.data.input_output
    if path is None:
        return None
    shares = _content_of(path, case.data.fingerprint)
    there = set(shares["sector"])
    wrong = [
        Finding("error", "sectors.csv", None, "sector", f'{good}: {path.name} has no sector "{name}"{hint}')
        for good, name in case.data.sectors[["good", "sector"]].itertuples(index=False)
        if good in case.all_goods and name not in there
        for hint in [nearest(name, there)]
    ]
    if wrong:
        raise InputError(wrong)
    return shares


def check_origins(case: Case) -> None:
    """Raise :class:`~resilience.errors.InputError` if the input-output table of the data set does not fit."""
    _shares(case)


def content_by_supplier(case: Case, good: str, countries: Sequence[str]) -> pd.DataFrame | None:
    """By country: regional and cut (shares of value), and own_rows (whether the table has the country).

    None where the data set has no input-output table, or the good no sector in it. ``cut`` is what the countries
    that the case's cutoffs name have made.
    """
    shares = _shares(case)
    sector = sector_of(case, good)
    if shares is None or sector is None:
        return None
    here = shares[shares["sector"] == sector]
    region = regional_content(here, case.credit).set_index("country")["regional"]
    taken = set(_named(case))
    cut = here["total"].where(here["origin"].isin(taken), 0.0).groupby(here["country"]).sum()
    known = [country in region.index for country in countries]
    stand_in = [c if there else REST for c, there in zip(countries, known, strict=True)]
    return pd.DataFrame(
        {
            "regional": region.reindex(stand_in).to_numpy(),
            "cut": cut.reindex(stand_in).to_numpy(),
            "own_rows": known,
        },
        index=list(countries),
    )


def sector_of(case: Case, good: str) -> str | None:
    """The sector that stands for a good; None where there is none."""
    rows = case.data.sectors.loc[case.data.sectors["good"] == good, "sector"]
    return str(rows.iloc[0]) if len(rows) else None


def credit_by_content(case: Case, good: str) -> dict[str, float]:
    """κ of every region country: its credit, times the regional content of what it sells if the case asks so."""
    if not case.file.content.get("credit", False):
        return dict(case.credit)
    found = content_by_supplier(case, good, list(case.credit))
    if found is None:
        message = (
            f"{good}: content.credit asks for regional content, but the data set has no input_output.csv or "
            "sectors.csv has no row for the good; add them or drop content.credit"
        )
        raise InputError([Finding("error", case.file.path.name, None, "content.credit", message)])
    return {i: kappa * float(found.loc[i, "regional"]) for i, kappa in case.credit.items()}


def _named(case: Case) -> list[str]:
    """The countries that the case's cutoffs name."""
    names = [name for cutoff in case.file.cutoffs for name in cutoff.cut]
    return list(dict.fromkeys(c for name in names for c in case.groups.get(name, (name,))))


def content_table(case: Case, models: Mapping[str, ModelData]) -> pd.DataFrame:
    """The table ``content``: suppliers from whom members buy, with the regional part of the value they sell."""
    rows = []
    for good, model in models.items():
        data = model.good
        bought = data.baseline.sum(axis=1) / float(data.demand.sum())
        sellers = [i for i in data.suppliers if bought[i] > 0]
        found = content_by_supplier(case, good, sellers)
        if found is None:
            continue
        least = dict(zip(model.available.suppliers, model.available.delivered.min(axis=(0, 2)), strict=True))
        for i in sellers:
            rows.append(
                {
                    "good": good,
                    "supplier": i,
                    "inside": "yes" if i in case.credit else "no",
                    "regional_content": float(found.loc[i, "regional"]),
                    "cut_content": float(found.loc[i, "cut"]),
                    "bought": float(bought[i]),
                    "keeps_going": min(1.0, float(least[i])),
                    "sector": sector_of(case, good),
                    "covered": "own rows" if found.loc[i, "own_rows"] else "as the rest of the world",
                    **_provenance(case, good),
                }
            )
    return pd.DataFrame(rows, columns=list(RESULTS["content"].names))


def _provenance(case: Case, good: str) -> dict[str, Any]:
    row = case.data.sectors[case.data.sectors["good"] == good].iloc[0]
    return {"status": ESTIMATED, "source": f"input_output.csv; sector: {row['source']}"}


def exposure_table(case: Case, goods: Mapping[str, GoodData]) -> pd.DataFrame:
    """The table ``exposure``: by good, member and named cutoff."""
    shares = _shares(case)
    if shares is None:
        return pd.DataFrame(columns=list(RESULTS["exposure"].names))
    sectors = case.data.sectors
    there = {good: data for good, data in goods.items() if sector_of(case, good) is not None}
    parts = []
    for good, data in there.items():
        bought = (data.baseline / data.demand).clip(upper=1.0).rename_axis("supplier").reset_index()
        parts.append(bought.melt("supplier", var_name="member", value_name="share").assign(good=good))
    tables = []
    for cutoff in case.file.cutoffs if parts else ():
        taken = {c for name in cutoff.cut for c in case.groups.get(name, (name,))}
        if not taken:
            continue  # whom a siege or any K takes is not known by name
        found = exposure(shares, pd.concat(parts, ignore_index=True), sectors, taken, set(case.credit))
        concerned = [good for good in there if any(c.name == cutoff.name for c in case.cutoffs(good))]
        found = found[found["good"].isin(concerned)]
        provenance = pd.DataFrame([_provenance(case, good) for good in found["good"]], index=found.index)
        tables.append(
            found.assign(
                cutoff=cutoff.name,
                through_region=found["region"] + found["home"],
                through_others=found["others"],
                most_through=found["friend"].replace("", None),
                sector=[sector_of(case, good) for good in found["good"]],
                status=provenance.get("status"),
                source=provenance.get("source"),
            )
        )
    if not tables:
        return pd.DataFrame(columns=list(RESULTS["exposure"].names))
    table = pd.concat(tables, ignore_index=True)
    order = {good: n for n, good in enumerate(there)}
    table = table.sort_values("good", key=lambda names: names.map(order), kind="stable", ignore_index=True)
    return table[list(RESULTS["exposure"].names)]


def content_rule_table(
    case: Case, models: Mapping[str, ModelData], progress: Callable[[str], None] | None = None
) -> pd.DataFrame:
    """The table ``content_rule``: for each level r, who is shut out, and whether some and every plan survives.

    Fewer suppliers leave fewer plans, so as r rises "every plan survives" can only become true and "some plan
    survives" only false; both turning points are found by bisection. Makers get inputs as they do today.
    """
    rows: list[dict[str, Any]] = []
    for good, model in models.items():
        if progress is not None:
            progress(good)
        found = content_by_supplier(case, good, model.good.suppliers)
        if found is None:
            continue
        regional = found["regional"]
        outside = [i for i in model.good.suppliers if i not in case.credit]
        levels = [0.0, *sorted({float(regional[i]) for i in outside} - {0.0})]
        if not outside:
            continue
        levels.append(1.0 if levels[-1] < 1.0 else levels[-1])
        levels = list(dict.fromkeys(levels))
        single = Engine(model, program := compile_model(build(model)), program)
        every = {m: _every(model, m, regional, levels) for m in model.good.members}
        for member in (*model.good.members, ALL):
            who = model.good.members if member == ALL else [member]
            some = _last_with_plan(single, member, regional, levels, set(case.credit))
            first: int | None = None
            turning = [every[m] for m in who]
            if some is not None and all(n is not None and n <= some for n in turning):
                first = max(n for n in turning if n is not None)
            rows += _levels(model, member, who, regional, levels, some, first, set(case.credit))
    return pd.DataFrame(rows, columns=list(RESULTS["content_rule"].names))


def _shut_out(suppliers: Sequence[str], regional: pd.Series, rule: float, inside: set[str]) -> list[str]:
    return [i for i in suppliers if i not in inside and not regional[i] >= rule]


def _last_with_plan(
    engine: Engine, member: str, regional: pd.Series, levels: Sequence[float], inside: set[str]
) -> int | None:
    """The last level at which some plan of those who count survives every cutoff; None if there is none."""
    program, _ = engine.row(member, ALL)

    def survives(n: int) -> bool:
        out = set(_shut_out(engine.data.good.suppliers, regional, levels[n], inside))
        mine = {(m, i): 0.0 for m, i in program.columns["sourcing"] if i in out and member in (m, ALL)}
        found = engine.minimise(program.bound("sourcing", upper=mine), "least_share", f"content rule, {member}")
        return found is not None

    if not survives(0):
        return None
    low, high = 0, len(levels)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if survives(middle) else (low, middle)
    return low


def _every(model: ModelData, member: str, regional: pd.Series, levels: Sequence[float]) -> int | None:
    """The first level from which every plan of those who count survives every cutoff; None if there is none."""
    figures, conditions = alone(model, member)
    content_of = regional.reindex(list(figures.suppliers)).to_numpy(dtype=float)

    def survives(n: int) -> bool:
        most = np.where(figures.inside | (content_of >= levels[n]), figures.most(), 0.0)
        if most.sum() < 1.0 - 1e-9:
            return True  # nobody can be supplied, so that no plan fails; whether one survives is asked elsewhere
        # A plan that fails by less than the solver's tolerance does not fail.
        return not np.isfinite(most_of_failing(figures, conditions, most, 1e-7)[0])

    if not survives(len(levels) - 1):
        return None
    low, high = -1, len(levels) - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if survives(middle) else (middle, high)
    return high


def _levels(
    model: ModelData,
    member: str,
    who: Sequence[str],
    regional: pd.Series,
    levels: Sequence[float],
    some: int | None,
    first: int | None,
    inside: set[str],
) -> list[dict[str, Any]]:
    """The rows of one member: the levels at which a supplier of note is shut out or an answer turns."""
    good = model.good
    bought = good.baseline[list(who)].sum(axis=1) / float(good.demand[list(who)].sum())
    answer = _answer(levels, some, first)
    rows, before = [], -1.0
    for n, rule in enumerate(levels):
        out = _shut_out(good.suppliers, regional, rule, inside)
        amount = float(bought[out].sum())
        turns = n in (0, first, some, None if some is None else some + 1, len(levels) - 1)
        if not turns and amount - before < NOTABLE:
            continue
        before = amount
        shown = sorted(out, key=lambda i: -bought[i])
        more = f" and {len(shown) - 12} more" if len(shown) > 12 else ""
        rows.append(
            {
                "good": good.good,
                "member": member,
                "rule": rule,
                "shut_out": ", ".join(shown[:12]) + more,
                "bought_from_them": min(1.0, amount),
                "some_plan": "yes" if some is not None and n <= some else "no",
                "every_plan": "yes" if first is not None and some is not None and first <= n <= some else "no",
                "answer": answer,
            }
        )
    return rows


def _answer(levels: Sequence[float], some: int | None, first: int | None) -> str:
    if some is None:
        return "no plan survives, whatever the rule"
    stays = "at any r" if some == len(levels) - 1 else f"up to r = {percent(levels[some], 1)}"
    if first is None:
        return f"no r makes every plan survive; some plan survives {stays}"
    start = "without any rule" if first == 0 else f"from r = {percent(levels[first], 1)}"
    return f"every plan survives {start}; some plan survives {stays}"
