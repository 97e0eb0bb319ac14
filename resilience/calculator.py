"""The way through: load → validate → build → solve → read off → export."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from resilience.balance import GoodData, assemble
from resilience.case import Case, credits_of
from resilience.casefile import PARAMETERS, Cutoff, Surge, nearest
from resilience.cutoffs import availability
from resilience.errors import Finding, InputError
from resilience.model import ModelData, prepare
from resilience.requirements import GoodResult, solve_good
from resilience.results import Result, findings_table
from resilience.schema import ALL, READINGS, RESULTS
from resilience.solver import TOLERANCE

Progress = Callable[[str, int, int], None]


def solve(case: Case, *, workers: int = 1, progress: Progress | None = None) -> Result:
    """All tables of a case.

    Goods are independent and are solved one after the other, or in ``workers`` processes; the numbers are the
    same. ``progress`` is called with (good, done, total). Raises :class:`~resilience.errors.SolverError` if
    any optimum cannot be certified, :class:`~resilience.errors.InputError` if no requirement can be computed.
    """
    goods = {good: figures(case, good) for good in case.goods}
    ready = {name: data for name, data in goods.items() if data is not None and data.members}
    findings = [*case.findings, *_not_ready(case, goods)]
    if not ready:
        reason = Finding(
            "error",
            case.file.path.name,
            None,
            "goods",
            "no requirement can be computed: no good has data of the case's year or earlier, or any demand",
        )
        raise InputError([*findings, reason])
    solved = _solve_all(case, ready, workers, progress)
    for name in ready:
        findings += [*ready[name].findings, *solved[name].findings]
    tables: dict[str, pd.DataFrame] = {}
    for name in ("requirements", "stress", "plan", "capacity", "why", "levers", "missing", "caps"):
        parts = [getattr(result, name) for result in solved.values()]
        if name == "requirements":
            parts.append(_unknown(case, goods))
        tables[name] = _stack(parts, name)
    tables["regions"] = (
        compare(case, workers=workers, progress=progress) if case.file.compare else _stack([], "regions")
    )
    tables["findings"] = findings_table(findings)
    tables["balance"] = _stack([data.rows for data in goods.values() if data is not None], "balance")
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
        goods = {good: figures(other, good) for good in other.goods}
        ready = {name: data for name, data in goods.items() if data is not None and data.members}
        for name, solved in _solve_all(other, ready, workers, progress, explain=False).items():
            rows = solved.requirements
            rows = rows[(rows["member"] == ALL) & (rows["cutoff"] == ALL)]
            lasts = solved.stress.set_index(["member", "cutoff"]).loc[(ALL, ALL), "months_survived"]
            parts.append(rows.assign(region=label, months_survived=lasts, good=name))
    table = _stack(parts, "regions")
    order = {good: number for number, good in enumerate(case.goods)}
    return table.sort_values("good", key=lambda names: names.map(order), kind="stable", ignore_index=True)


def figures(case: Case, good: str) -> GoodData | None:
    """The figures of one good of a case; None if the data set has no year for it."""
    settings = case.file.settings(good, case.category(good))
    return assemble(good, case.data, case.file.year, list(case.members), case.credit, settings)


def model_data(
    case: Case, data: GoodData, *, pooled: bool = False, region_surge: Surge | None = None
) -> ModelData:
    """One good of a case in the form the model's rules read; ``region_surge`` in place of the case's."""
    settings = data.settings
    available = availability(
        case.cutoffs(data.good),
        data.suppliers,
        case.groups,
        case.credit,
        data.members,
        int(settings["months"].value),
        region_surge or settings["region_surge"].value,
        settings["outside_surge"].value,
    )
    return prepare(data, available, pooled=pooled)


def solve_one(case: Case, data: GoodData, explain: bool = True) -> GoodResult:
    """Build and solve one good; ``explain`` adds the tables why, levers, missing and, if asked for, caps."""
    pooled = model_data(case, data, pooled=True) if data.settings["solidarity"].value else None
    if not explain:
        return solve_good(model_data(case, data), pooled)
    return solve_good(
        model_data(case, data),
        pooled,
        lambda surge: model_data(case, data, region_surge=surge),
        caps=case.file.caps or bool(np.isfinite(data.value("cap"))),
    )


def _silent(good: str, done: int, total: int) -> None:
    """Progress for those who do not ask for it."""


def _solve_all(
    case: Case, ready: dict[str, GoodData], workers: int, progress: Progress | None, explain: bool = True
) -> dict[str, GoodResult]:
    report = progress or _silent
    solved: dict[str, GoodResult] = {}
    if workers <= 1:
        for name, data in ready.items():
            solved[name] = solve_one(case, data, explain)
            report(name, len(solved), len(ready))
        return solved
    with ProcessPoolExecutor(workers) as pool:
        futures = {pool.submit(solve_one, case, data, explain): name for name, data in ready.items()}
        try:
            for future in as_completed(futures):
                solved[futures[future]] = future.result()
                report(futures[future], len(solved), len(ready))
        except BaseException:
            pool.shutdown(cancel_futures=True)  # an error or Ctrl-C must not wait for the other goods
            raise
    return {name: solved[name] for name in ready}


def _not_ready(case: Case, goods: dict[str, GoodData | None]) -> list[Finding]:
    found: list[Finding] = []
    for good, data in goods.items():
        if data is None:
            message = f"{good}: no flows or balances of {case.file.year} or earlier; its requirement is unknown"
            found.append(Finding("warning", "flows", None, "year", message))
        elif not data.members:
            found += data.findings
    return found


def _unknown(case: Case, goods: dict[str, GoodData | None]) -> pd.DataFrame:
    """Rows of members whose requirement cannot be said, so that nobody takes a missing row for "fine"."""
    units = case.data.goods.set_index("good")["unit"]
    rows = []
    for good, data in goods.items():
        known = data.members if data is not None else []
        missing = [m for m in case.members if m not in known]
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
                    "unit": units[good],
                }
                rows.append(row)
    return pd.DataFrame(rows, columns=list(RESULTS["requirements"].names))


def _stack(parts: list[pd.DataFrame], name: str) -> pd.DataFrame:
    """One table of its parts, columns in the order and type of the schema."""
    table = RESULTS[name]
    parts = [part for part in parts if len(part)]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(table.names))
    for column in table.columns:
        if column.kind in ("share", "amount", "number"):
            frame[column.name] = pd.to_numeric(frame[column.name]).astype(float)
        else:
            frame[column.name] = frame[column.name].astype(object).where(frame[column.name].notna(), None)
    return frame[list(table.names)]


def _assumptions(case: Case) -> pd.DataFrame:
    rows = []
    for good in case.goods:
        for name, setting in case.file.settings(good, case.category(good)).items():
            rows.append([good, name, _shown(setting.value), PARAMETERS[name].unit, setting.set_in, setting.ground])
    return pd.DataFrame(rows, columns=list(RESULTS["assumptions"].names))


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
    return {
        "title": file.title,
        "description": file.description,
        "case": file.path.name,
        "case_hash": hashlib.sha256(repr(file.raw).encode()).hexdigest()[:16],
        "dataset": file.dataset.resolve().name,
        "dataset_hash": case.data.fingerprint,
        "year": file.year,
        "years": {good: data.year for good, data in goods.items() if data is not None},
        "labels": {row.good: row.label for row in case.data.goods.itertuples() if row.good in case.goods},
        "categories": {good: case.category(good) for good in case.goods},
        "notes": {row.good: row.notes for row in case.data.goods.itertuples() if row.good in case.goods},
        "members": {member: names[member] for member in case.members},
        "region": dict(case.credit),
        "region_name": " and ".join(file.region),
        "countries": names,
        "cutoffs": [_described(cutoff, case.groups) for cutoff in file.cutoffs],
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
