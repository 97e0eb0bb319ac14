"""The way through: load → validate → build → solve → read off → export."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from resilience.balance import GoodData, Trade
from resilience.case import Case, credits_of
from resilience.casefile import PARAMETERS, Cutoff, Surge, nearest
from resilience.chains import Coupled, couple, solve_chain
from resilience.cutoffs import Availability, availability
from resilience.errors import Finding, InputError
from resilience.links import chain_table
from resilience.model import ModelData, classes_of, prepare
from resilience.origins import content_rule_table, content_table, credit_by_content, exposure_table
from resilience.recipes import needs
from resilience.requirements import GoodResult, solve_good
from resilience.results import Result, findings_table, typed
from resilience.schema import ALL, READINGS, RESULTS
from resilience.solver import TOLERANCE
from resilience.upstream import Makers, Upstream

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
        reason = Finding(
            "error",
            case.file.path.name,
            None,
            "goods",
            "no requirement can be computed: no good has data of the case's year or earlier, or any demand",
        )
        raise InputError([*findings, reason])
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
    tables["content"] = _stack([content_table(case, models)], "content")
    tables["exposure"] = _stack([exposure_table(case, {name: ready[name] for name in solved})], "exposure")
    rule = content_rule_table(case, models) if case.file.content.get("rule", False) else None
    tables["content_rule"] = _stack([] if rule is None else [rule], "content_rule")
    tables["substitutes"] = _stack([result.substitutes for result in solved.values()], "substitutes")
    tables["regions"] = (
        compare(case, workers=workers, progress=progress) if case.file.compare else _stack([], "regions")
    )
    tables["findings"] = findings_table(findings)
    tables["balance"] = _stack([data.rows for data in goods.values() if data is not None], "balance")
    tables["purchases"] = _purchases(case, goods)
    tables["assumptions"] = _assumptions(case)
    tables["sources"] = _sources(case, goods)
    return Result(_meta(case, goods, solved), tables)


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
    for region in case.file.compare if regions is None else regions:
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


def figures(
    case: Case,
    good: str,
    known: Mapping[str, GoodData | None] | None = None,
    trades: dict[str, Trade | None] | None = None,
) -> GoodData | None:
    """The figures of one good of a case; None if the data set has no year for it.

    What its makers need depends on the goods it goes into; their figures are taken from ``known`` or worked out.
    ``trades`` keeps what cases with other assumptions have in common.
    """
    trades = {} if trades is None else trades
    if good not in trades:
        trades[good] = Trade.of(good, case.data, case.file.year, list(case.members))
    trade = trades[good]
    if trade is None:
        return None
    settings = case.file.settings(good, case.category(good))
    made = {}
    for recipe in case.recipes:
        if recipe.input == good and recipe.essential:
            product = figures(case, recipe.good, None, trades) if known is None else known[recipe.good]
            if product is not None:
                made[recipe.good] = product.made
    needed = needs(good, made, case.recipes)
    return trade.figures(credit_by_content(case, good), settings, needed)


def all_figures(case: Case, trades: dict[str, Trade | None] | None = None) -> dict[str, GoodData | None]:
    """The figures of the goods of a case and of their inputs; ``trades`` as for :func:`figures`."""
    found: dict[str, GoodData | None] = {}
    for good in case.all_goods:
        found[good] = figures(case, good, found, trades)
    return found


def model_data(
    case: Case,
    data: GoodData,
    goods: Mapping[str, GoodData] | None = None,
    *,
    pooled: bool = False,
    region_surge: Surge | None = None,
    last: LastAnswers | None = None,
) -> ModelData:
    """One good of a case in the form the model's rules read; ``region_surge`` in place of the case's.

    ``goods`` are the figures of the goods that go into it; worked out if they are not given. ``last`` is kept by
    whoever asks about one good again and again.
    """
    return _ModelData(case, data, goods, region_surge, last).found(pooled)


@dataclass
class LastAnswers:
    """The availability and the classes of a good when they were last asked for: most points of a study change
    neither. Each is given again while all that it is made from is equal, and so never differs from a new one."""

    asked: tuple[Any, ...] = ()
    available: Availability | None = None
    sorted_by: tuple[Any, ...] = ()
    class_of: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def availability(self, *asked: Any) -> Availability:
        """As :func:`cutoffs.availability`."""
        if self.available is None or self.asked != asked:
            self.asked, self.available = asked, availability(*asked)
        return self.available

    def classes(self, data: GoodData, available: Availability, pooled: bool) -> Mapping[tuple[str, str], str]:
        """As :func:`model.classes_of`."""
        if available is not self.available:
            return classes_of(data, available, pooled=pooled)
        sorted_by = self.asked, list(data.credit), pooled
        if self.sorted_by != sorted_by:
            self.sorted_by, self.class_of = sorted_by, classes_of(data, available, pooled=pooled)
        return self.class_of


class _ModelData:
    """A good's availability with what its makers lose upstream."""

    def __init__(
        self,
        case: Case,
        data: GoodData,
        goods: Mapping[str, GoodData] | None = None,
        region_surge: Surge | None = None,
        last: LastAnswers | None = None,
    ):
        settings = data.settings
        cutoffs = case.cutoffs(data.good)
        self.data = data
        self.last = LastAnswers() if last is None else last
        self.available = self.last.availability(
            cutoffs,
            data.suppliers,
            case.groups,
            case.credit,
            data.members,
            int(settings["months"].value),
            region_surge or settings["region_surge"].value,
            settings["outside_surge"].value,
        )
        self.makers: Makers | None = None
        if any(recipe.essential for recipe in case.links(data.good)):
            if goods is None:
                found = {name: figures(case, name) for name in case.family(data.good)}
                goods = {name: one for name, one in found.items() if one is not None}
            upstream = Upstream(goods, {name: case.cutoffs(name) for name in goods}, case.recipes, case.groups)
            self.makers = upstream.makers(data.good, self.available.suppliers, self.available.delivered)
            if (self.makers.part < 1).any():
                self.available = self.available.slowed(self.makers.part)

    def found(self, pooled: bool) -> ModelData:
        class_of = self.last.classes(self.data, self.available, pooled)
        return prepare(self.data, self.available, pooled=pooled, class_of=class_of)


def solve_family(
    case: Case,
    goods: Mapping[str, GoodData],
    explain: bool = True,
    trades: Mapping[str, Trade | None] | None = None,
) -> dict[str, GoodResult]:
    """Build and solve goods that hang together; ``explain`` adds the tables why, levers, missing and caps.

    Goods that no member uses count as inputs of others only. With the ``trades`` behind the goods the table
    rests_on is worked out as well.
    """
    results: dict[str, GoodResult] = {}
    for coupled in couple_family(case, goods):
        results |= solve_chain(
            coupled,
            partial(_coupled_with_surge, case, goods) if explain else None,
            caps={name: explain and _asks_caps(case, goods[name]) for name in coupled.whole},
        )
    for name, data in goods.items():
        if not data.members:
            continue
        if name not in results:
            results[name] = solve_one(case, data, explain, goods)
        model = _ModelData(case, data, goods)
        results[name] = replace(
            results[name],
            indirect=_indirect(data, model),
            going=_going(data, model),
            findings=[*results[name].findings, *_not_followed(data, model)],
        )
    if trades is not None:
        from resilience.rests import rests_on  # which solves cases itself

        table, findings = rests_on(case, goods, pd.concat([one.requirements for one in results.values()]), trades)
        for name, result in results.items():
            part = table[table["good"] == name]
            results[name] = replace(result, rests_on=part, findings=[*result.findings, *findings])
    return results


def _not_followed(data: GoodData, model: _ModelData) -> list[Finding]:
    """What of a chain is not computed: makers' losses under any K, and joint programmes under solidarity."""
    if model.makers is None or not model.available.budget.any():
        return []
    text = f"{data.good}: under a cutoff of any K only direct losses count, not what makers lose of their inputs"
    if data.settings["solidarity"].value:
        text += "; under solidarity it is solved apart from its inputs"
    return [Finding("warning", "recipes", None, "input", text)]


def couple_family(
    case: Case, goods: Mapping[str, GoodData], surges: Mapping[str, Surge] | None = None
) -> list[Coupled]:
    """The goods of a family that must be solved together; ``surges`` of the region in place of the case's."""
    surges = surges or {}
    models = {
        name: model_data(
            case, data, goods, pooled=bool(data.settings["solidarity"].value), region_surge=surges.get(name)
        )
        for name, data in goods.items()
        if data.members
    }
    if any(data.pooled and data.available.budget.any() for data in models.values()):
        return []  # not computed; the case says so
    return couple(models, case.recipes, case.file.substitutes)


def _coupled_with_surge(case: Case, goods: Mapping[str, GoodData], good: str, surge: Surge) -> Coupled:
    return next(coupled for coupled in couple_family(case, goods, {good: surge}) if good in coupled)


def solve_one(
    case: Case, data: GoodData, explain: bool = True, goods: Mapping[str, GoodData] | None = None
) -> GoodResult:
    """Build and solve one good by itself; ``explain`` adds the tables why, levers, missing and, if asked, caps."""
    pooled = model_data(case, data, goods, pooled=True) if data.settings["solidarity"].value else None
    if not explain:
        return solve_good(model_data(case, data, goods), pooled)
    return solve_good(
        model_data(case, data, goods),
        pooled,
        partial(_with_surge, case, data, goods),
        caps=_asks_caps(case, data),
    )


def _with_surge(case: Case, data: GoodData, goods: Mapping[str, GoodData] | None, surge: Surge) -> ModelData:
    return model_data(case, data, goods, region_surge=surge)


def _asks_caps(case: Case, data: GoodData) -> bool:
    return case.file.caps or bool(np.isfinite(data.value("cap")))


def _going(data: GoodData, model: _ModelData) -> dict[tuple[str, str], float]:
    """The worst month of each member's makers at home, as a part of what they would deliver."""
    found: dict[tuple[str, str], float] = {}
    if model.makers is not None:
        for i, supplier in enumerate(model.available.suppliers):
            if supplier in data.members and supplier not in data.no_home:
                worst = model.makers.part[:, i].min(axis=1)
                found |= {(supplier, cutoff): float(worst[s]) for s, cutoff in enumerate(model.available.cutoffs)}
                found[supplier, ALL] = float(worst.min())
    return found


def _indirect(data: GoodData, model: _ModelData) -> pd.DataFrame:
    """Suppliers that lose an input, with what is left of their deliveries."""
    rows = []
    if model.makers is not None:
        bought = (
            data.baseline.sum(axis=1) / float(data.demand.sum()) if len(data.demand) else data.baseline.sum(axis=1)
        )
        for s, cutoff in enumerate(model.available.cutoffs):
            for i, supplier in enumerate(model.available.suppliers):
                part = model.makers.part[s, i]
                if (part < 1).any() and model.available.whole[s, i].any():
                    rows.append(
                        {
                            "good": data.good,
                            "supplier": supplier,
                            "cutoff": cutoff,
                            "input": model.makers.input[s][i],
                            "months": float(np.argmax(part < 1)),
                            "least": float(part.min()),
                            "bought": float(bought[supplier]),
                        }
                    )
    return pd.DataFrame(rows, columns=list(RESULTS["indirect"].names))


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
            solved |= solve_family(case, family, explain, _of_family(trades, family))
            report(next(iter(family)), len(solved), total)
        return solved
    families.sort(key=len, reverse=True)  # what takes longest first
    with ProcessPoolExecutor(workers) as pool:
        futures = {
            pool.submit(solve_family, case, family, explain, _of_family(trades, family)): next(iter(family))
            for family in families
        }
        try:
            for future in as_completed(futures):
                solved |= future.result()
                report(futures[future], len(solved), total)
        except BaseException:
            pool.shutdown(cancel_futures=True)  # an error or Ctrl-C must not wait for the other goods
            raise
    return {name: solved[name] for family in case.families for name in family if name in solved}


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


def unknown_rows(case: Case, goods: Mapping[str, GoodData | None]) -> list[dict[str, Any]]:
    """Rows of members whose requirement cannot be said, so that nobody takes a missing row for "fine"."""
    rows = []
    for good, data in goods.items():
        known = data.members if data is not None else []
        missing = [m for m in case.members if m not in known]
        if known and not missing:
            continue
        unit = data.unit if data is not None else case.data.goods.set_index("good").at[good, "unit"]
        cutoffs = [cutoff.name for cutoff in case.cutoffs(good)] + [ALL]
        for member in [*missing, *([] if known else [ALL])]:
            for cutoff, reading in product(cutoffs, READINGS):
                row: dict[str, Any] = dict.fromkeys(RESULTS["requirements"].names)
                row |= {
                    "good": good,
                    "member": member,
                    "cutoff": cutoff,
                    "reading": reading,
                    "status": "unknown",
                    "unit": unit,
                }
                rows.append(row)
    return rows


def _stack(parts: list[pd.DataFrame], name: str) -> pd.DataFrame:
    """One table of its parts, columns in the order and type of the schema."""
    table = RESULTS[name]
    parts = [part for part in parts if len(part)]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(table.names))
    return typed(frame, table)


def _assumptions(case: Case) -> pd.DataFrame:
    rows = []
    for good in case.goods:
        for name, setting in case.file.settings(good, case.category(good)).items():
            ground = setting.ground
            about = [ground.low, ground.high, setting.set_in, ground.source, ground.owner, ground.confidence]
            rows.append([good, name, _shown(setting.value), PARAMETERS[name].unit, *about])
    return _stack([pd.DataFrame(rows, columns=list(RESULTS["assumptions"].names), dtype=object)], "assumptions")


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
        "case_hash": hashlib.sha256(repr(file.raw).encode()).hexdigest()[:16],
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


def versions() -> dict[str, str]:
    """Versions of the tool and of what computes its numbers."""
    found = {}
    for name in ("resilience", "pyomo", "highspy", "pandas", "numpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
