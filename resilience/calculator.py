"""The way through: load → validate → build → solve → read off → export."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from resilience.errors import Finding, InputError, SolverError
from resilience.families import all_figures, model_data, solve_family, unknown_rows, versions
from resilience.inputs.balance import GoodData, Trade
from resilience.inputs.case import Case, credits_of, nothing_to_compute
from resilience.inputs.casefile import Cutoff, cutoff_settings
from resilience.inputs.factor_words import unit
from resilience.inputs.parameters import PARAMETERS, Surge
from resilience.inputs.suggestions import nearest
from resilience.inputs.variants import vary
from resilience.origins.sectors import content_rule_table, content_table, exposure_table
from resilience.processes import in_processes
from resilience.reading.links import chain_table
from resilience.reading.requirements import GoodResult
from resilience.results import Result, findings_table, typed
from resilience.schema import ALL, RESULTS
from resilience.solver import TOLERANCE
from resilience.studies.frontier_words import written
from resilience.studies.frontiers import frontier
from resilience.studies.rests import rests_on

STOCKS = "response.stock_months"
MOST_STOCKS = 12.0  # months of demand
MOST_FRONTIERS = 4  # goods; one that is solved with its inputs takes several seconds
Progress = Callable[[str, int, int], None]


def solve(case: Case, *, workers: int = 1, progress: Progress | None = None, rests: bool | None = None) -> Result:
    """All tables of a case.

    Goods are independent and are solved one after the other, or in ``workers`` processes; the numbers are the
    same. ``rests`` says whether the table ``rests_on`` is worked out, by default what the case says. ``progress``
    is called with (good, done, total). Raises :class:`~resilience.errors.SolverError` if any optimum cannot be
    certified, :class:`~resilience.errors.InputError` if no requirement can be computed.
    """
    trades: dict[str, Trade | None] = {}
    everything = all_figures(case, trades)
    goods = {good: everything[good] for good in case.goods}
    ready = {name: data for name, data in everything.items() if data is not None and data.members}
    findings = [*case.findings, *_not_ready(case, goods)]
    if not any(good in ready for good in case.goods):
        raise InputError([*findings, nothing_to_compute(case)])
    resting = trades if (case.file.rests if rests is None else rests) else None
    with_inputs = _solve_all(case, everything, workers, progress, trades=resting)
    solved = {name: with_inputs[name] for name in case.goods if name in with_inputs}
    for name in solved:
        findings += [*ready[name].findings, *solved[name].findings]
    tables: dict[str, pd.DataFrame] = {}
    for name in (
        "requirements",
        "stress",
        "months",
        "plan",
        "capacity",
        "why",
        "levers",
        "missing",
        "caps",
        "indirect",
        "rests_on",
    ):
        parts = [getattr(result, name) for result in solved.values()]
        if name == "requirements":
            parts.append(pd.DataFrame(unknown_rows(case, goods), columns=list(RESULTS[name].names)))
        tables[name] = _stack(parts, name)
    about = case.data.goods.set_index("good")
    links = chain_table(case.recipes, about["unit"], about["label"], with_inputs, case.goods)
    tables["chain"] = _stack([links], "chain")
    models = {name: model_data(case, ready[name], _known(everything, case.family(name))) for name in solved}
    tables["frontiers"] = _stack([], "frontiers")  # see with_frontiers
    tables["content"] = _stack([content_table(case, models)], "content")
    tables["exposure"] = _stack([exposure_table(case, {name: ready[name] for name in solved})], "exposure")
    rule = content_rule_table(case, models) if case.file.content.get("rule", False) else None
    tables["content_rule"] = _stack([] if rule is None else [rule], "content_rule")
    tables["substitutes"] = _stack([result.substitutes for result in solved.values()], "substitutes")
    tables["regions"] = (
        compare(case, workers=workers, progress=progress) if case.file.compare else _stack([], "regions")
    )
    tables["findings"] = findings_table(findings)
    figures = {**goods, **everything}  # the goods that were asked for, then what they were solved along with
    tables["balance"] = _stack([data.rows for data in figures.values() if data is not None], "balance")
    tables["purchases"] = _purchases(case, figures)
    tables["flows_used"] = _flows_used(case, everything)
    tables["assumptions"] = _assumptions(case)
    tables["sources"] = _sources(case, figures)
    return Result(_meta(case, goods, solved), tables)


def with_frontiers(
    case: Case,
    result: Result,
    *,
    most: int = MOST_FRONTIERS,
    workers: int = 1,
    progress: Progress | None = None,
) -> Result:
    """The result of a case with its table ``frontiers``: how the least share of the ``most`` goods in which most
    must change falls with stocks, up to a year of demand.

    ``progress`` is called with (good, done, total). What cannot be computed is a finding. Raises
    :class:`~resilience.errors.InputError` if the result is of another case.
    """
    if result.meta["case_hash"] != case.file.fingerprint:
        message = "is not the case of the result, whose frontiers were asked for; solve it again"
        raise InputError([Finding("error", case.file.path.name, None, None, message)])
    goods, report = result.matter_most(most), progress or _silent
    work = {good: (case, good) for good in goods}
    found: dict[str, tuple[pd.DataFrame, list[Finding]]] = {}
    computed = (
        in_processes(_frontier, work, workers) if workers > 1 else ((one, _frontier(case, one)) for one in goods)
    )
    for good, frontier_of_good in computed:
        found[good] = frontier_of_good
        report(good, len(found), len(goods))
    frame = _stack([found[good][0] for good in goods], "frontiers")
    missed = findings_table([finding for good in goods for finding in found[good][1]])
    findings = pd.concat([result.findings, missed], ignore_index=True) if len(missed) else result.findings
    return Result(result.meta, {**result.tables, "frontiers": frame, "findings": findings})


def _frontier(case: Case, good: str) -> tuple[pd.DataFrame, list[Finding]]:
    """One good's part of the table ``frontiers``, and what could not be solved."""
    family = [name for name in case.family(good) if name in case.goods]  # the others do not move its share
    try:
        table = frontier(vary(case, {"goods": family}), good, STOCKS, 0.0, MOST_STOCKS)
    except (InputError, SolverError) as error:
        message = f"{good}: how the share falls with stocks cannot be drawn: {error}"
        return pd.DataFrame(columns=list(RESULTS["frontiers"].names)), [
            Finding("warning", case.file.path.name, None, STOCKS, message)
        ]
    return table.assign(written=written(case, good, STOCKS, "set")), []


def compare(
    case: Case,
    regions: Sequence[str] | None = None,
    *,
    workers: int = 1,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """The table ``regions``: the same members and cutoffs with other regions side by side, ALL rows.

    ``regions`` are coalitions, by default those of ``compare`` in the case file; members that are not in one are
    added to it, and its name says so. Raises :class:`~resilience.errors.InputError` for an unknown region.
    """
    parts = []
    for region in dict.fromkeys(case.file.compare if regions is None else regions):
        credit = credits_of(case.data, region)
        if not credit:
            message = f'"{region}" is not a coalition{nearest(region, case.groups)}'
            raise InputError([Finding("error", case.file.path.name, None, "compare", message)])
        outside = [member for member in case.members if member not in credit]
        label = f"{region} with {', '.join(outside)}" if outside else region
        credit |= dict.fromkeys(outside, 1.0)
        other = replace(case, credit=credit)
        for name, solved in _solve_all(other, all_figures(other), workers, progress, explain=False).items():
            if name not in other.goods:
                continue
            rows = solved.requirements
            rows = rows[(rows["member"] == ALL) & (rows["cutoff"] == ALL)]
            lasts = solved.stress.set_index(["member", "cutoff"]).loc[(ALL, ALL), "months_survived"]
            parts.append(rows.assign(region=label, months_survived=lasts, good=name))
    table = _stack(parts, "regions")
    order = {good: number for number, good in enumerate(case.goods)}
    return table.sort_values("good", key=lambda names: names.map(order), kind="stable", ignore_index=True)


def _silent(good: str, done: int, total: int) -> None:
    """Progress for those who do not ask for it."""


def _solve_all(
    case: Case,
    goods: Mapping[str, GoodData | None],
    workers: int,
    progress: Progress | None,
    explain: bool = True,
    trades: Mapping[str, Trade | None] | None = None,
) -> dict[str, GoodResult]:
    report = progress or _silent
    solved: dict[str, GoodResult] = {}
    families = [_known(goods, family) for family in case.families]
    families = [family for family in families if any(data.members for data in family.values())]
    total = sum(bool(data.members) for family in families for data in family.values())
    if workers <= 1:
        for family in families:
            solved |= _solved(case, family, explain, _of_family(trades, family))
            report(next(iter(family)), len(solved), total)
        return solved
    families.sort(key=len, reverse=True)  # what takes longest first
    work = {next(iter(family)): (case, family, explain, _of_family(trades, family)) for family in families}
    for first, found in in_processes(_solved, work, workers):
        solved |= found
        report(first, len(solved), total)
    return {name: solved[name] for family in case.families for name in family if name in solved}


def _solved(
    case: Case, goods: Mapping[str, GoodData], explain: bool, trades: Mapping[str, Trade | None] | None
) -> dict[str, GoodResult]:
    """A family; with the ``trades`` behind its goods the table rests_on is worked out as well."""
    results = solve_family(case, goods, explain)
    if trades is None:
        return results
    requirements = pd.concat([one.requirements for one in results.values()])
    table, findings = rests_on(case, goods, requirements, trades)
    return {
        name: replace(result, rests_on=table[table["good"] == name], findings=[*result.findings, *findings])
        for name, result in results.items()
    }


def _of_family(
    trades: Mapping[str, Trade | None] | None, family: Mapping[str, GoodData]
) -> dict[str, Trade | None] | None:
    return None if trades is None else {name: trades[name] for name in family}


def _known(goods: Mapping[str, GoodData | None], names: Sequence[str]) -> dict[str, GoodData]:
    return {name: data for name in names if (data := goods.get(name)) is not None}


def _not_ready(case: Case, goods: dict[str, GoodData | None]) -> list[Finding]:
    found: list[Finding] = []
    for good, data in goods.items():
        if data is None:
            message = f"{good}: no flows or balances of {case.file.year} or earlier; its requirement is unknown"
            found.append(Finding("warning", "flows", None, "year", message))
        elif not data.members:
            found += data.findings
    return found


def _stack(parts: list[pd.DataFrame], name: str) -> pd.DataFrame:
    """One table of its parts, columns in the order and type of the schema."""
    table = RESULTS[name]
    parts = [part for part in parts if len(part)]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(table.names))
    return typed(frame, table)


def _assumptions(case: Case) -> pd.DataFrame:
    """What the cutoffs say, of all goods, then the parameters of each good."""
    used = [
        (
            ALL,
            name,
            _of_cutoff(name, setting.value),
            None if setting.value is None else unit(name) or None,
            setting,
        )
        for name, setting in cutoff_settings(case.file.raw).items()
    ]
    used += [
        (good, name, _shown(setting.value), PARAMETERS[name].unit, setting)
        for good in case.goods
        for name, setting in case.file.settings(good, case.category(good)).items()
    ]
    rows = []
    for *about, setting in used:
        ground = setting.ground
        known = [ground.low, ground.high, setting.set_in, ground.source, ground.owner, ground.confidence]
        rows.append([*about, *known])
    return _stack([pd.DataFrame(rows, columns=list(RESULTS["assumptions"].names), dtype=object)], "assumptions")


def _of_cutoff(name: str, value: Any) -> str:
    if value is None:
        return "all goods" if name.endswith(".goods") else "to the end"
    if isinstance(value, (str, list)):
        return value if isinstance(value, str) else "; ".join(value)
    return str(_shown(value))


def _shown(value: Any) -> Any:
    if isinstance(value, Surge):
        return f"delay {value.delay:g}, rate {value.rate:g}, max {value.max:g}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "flat"
    if isinstance(value, tuple):
        return ", ".join(f"{number:g}" for number in value)
    return f"{value:g}" if np.isfinite(value) else "no limit"


def _purchases(case: Case, goods: Mapping[str, GoodData | None]) -> pd.DataFrame:
    """The flows to members that were used, as they stand in the data set."""
    flows, parts = case.data.flows, []
    for good, data in goods.items():
        if data is not None:
            used = flows["importer"].isin(case.members) & (flows["good"] == good) & (flows["year"] == data.year)
            named = flows[used].rename(columns={"importer": "member", "exporter": "supplier"})
            named = named.sort_values(["member", "quantity"], ascending=[True, False], kind="stable")
            parts.append(named.assign(unit=data.unit, year=float(data.year)))
    return _stack(parts, "purchases")


def _flows_used(case: Case, goods: Mapping[str, GoodData | None]) -> pd.DataFrame:
    """The flows that were traced to their origin, as in the data set, the largest of each good first."""
    flows, parts = case.data.flows, []
    for good, data in goods.items():
        if data is not None:
            used = flows[(flows["good"] == good) & (flows["year"] == data.year)]
            used = used.sort_values("quantity", ascending=False, kind="stable")
            parts.append(used.assign(unit=data.unit))
    return _stack(parts, "flows_used")


def _sources(case: Case, goods: dict[str, GoodData | None]) -> pd.DataFrame:
    """How many rows of which status and source stand behind each good."""
    parts = []
    for name, frame in (("flows", case.data.flows), ("balances", case.data.balances)):
        for good, data in goods.items():
            if data is not None:
                used = frame[(frame["good"] == good) & (frame["year"] == data.year)]
                counts = used.groupby(["source", "status"]).size().rename("rows").reset_index()
                parts.append(counts.assign(good=good, table=name, year=float(data.year)))
    return _stack(parts, "sources")


def _meta(case: Case, goods: dict[str, GoodData | None], solved: dict[str, GoodResult]) -> dict[str, Any]:
    file = case.file
    names = case.data.names()
    asked = case.data.goods[case.data.goods["good"].isin(case.goods)]
    countries = case.data.countries
    gdp = countries[countries["country"].isin(case.members) & countries["gdp_usd"].notna()]
    return {
        "title": file.title,
        "description": file.description,
        "case": file.path.name,
        "case_hash": file.fingerprint,
        "dataset": file.dataset.resolve().name,
        "dataset_hash": case.data.fingerprint,
        "year": file.year,
        "years": {good: data.year for good, data in goods.items() if data is not None},
        "labels": {row.good: row.label for row in case.data.goods.itertuples() if row.good in case.all_goods},
        "categories": {good: case.category(good) for good in case.goods},
        "notes": {row.good: row.notes for row in case.data.goods.itertuples() if row.good in case.goods},
        "members": {member: names[member] for member in case.members},
        "region": dict(case.credit),
        "region_name": " and ".join(file.region),
        "countries": names,
        "cutoffs": [_described(cutoff, case.groups) for cutoff in file.cutoffs],
        "document": file.document,
        "hs": {row.good: str(row.hs) for row in asked.itertuples() if pd.notna(row.hs) and row.hs},
        "gdp_usd": {row.country: float(row.gdp_usd) for row in gdp.itertuples()},
        "content_credit": bool(file.content.get("credit", False)),
        "versions": versions(),
        "certificate": {
            "optima": sum(result.optima for result in solved.values()),
            "worst_residual": max(result.residual for result in solved.values()),
            "tolerance": TOLERANCE,
        },
    }


def _described(cutoff: Cutoff, groups: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    return {
        "name": cutoff.name,
        "cut": dict(cutoff.cut),
        "countries": {name: list(groups[name]) for name in cutoff.cut if name in groups},
        "all_outsiders": cutoff.all_outsiders,
        "fraction": cutoff.fraction,
        "any": cutoff.any,
        "any_region": cutoff.any_region,
        "goods": None if cutoff.goods is None else list(cutoff.goods),
        "start": cutoff.start,
        "months": cutoff.months,
    }
