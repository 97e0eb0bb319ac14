"""The political economy of the requirement from Python: sanctions, threat and partner tiers, with their tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from resilience.calculator import solve
from resilience.economics.burden_words import mixed_years
from resilience.economics.footing import footing_table
from resilience.economics.participation import Cost, duration_table, participation_tables
from resilience.economics.partner_tiers import Progress, Scores, tiers_in, tiers_table
from resilience.economics.sanction_losses import losses_of, sanctions_tables, target_of, vintages
from resilience.economics.threats import targets_of, threat_tables, weights_of
from resilience.errors import Finding
from resilience.families import versions
from resilience.inputs.case import Case
from resilience.inputs.casefile import ground_of
from resilience.inputs.sanctions_settings import BY_GOOD, BY_MEMBER, SANCTIONS, THREAT, number
from resilience.results import Result, findings_table, typed
from resilience.schema import ALL, RESULTS, SECURITY


class Security(Result):
    """Some tables of :data:`resilience.schema.SECURITY`, with ``assumptions`` and ``findings``, and meta data."""

    def __getattr__(self, name: str) -> pd.DataFrame:
        if "tables" in self.__dict__ and name in self.tables:
            return self.tables[name]
        raise AttributeError(f"there is no {name!r}; the tables are {', '.join(self.__dict__.get('tables', ()))}")

    def to_excel(self, path: Any, **_beside: Any) -> list[Path]:
        """Write the workbook and give the file; there is nothing to put beside it."""
        from resilience.economics.handed_over import write_own_workbook  # Excel is only needed when asked for

        return write_own_workbook(self, path)


def sanctions(
    case: Case,
    target: str | Sequence[str] | None = None,
    *,
    result: Result | None = None,
    burden: Result | None = None,
) -> Security:
    """What sanctions against a target cost each member, before and after the requirement, and who would take part.

    ``target``: a coalition, a country or several; the case's if not given. ``result`` is the case's own, solved if
    it is not given; ``burden`` what :func:`resilience.burden` gives of it, for the yearly cost. Tables: sanctions,
    sanctions_goods, footing, participation, coalitions_stable, duration. Raises what :func:`resilience.solve`
    raises, and :class:`~resilience.errors.InputError` for a target that does not fit.
    """
    countries = target_of(case, [target] if isinstance(target, str) else target)
    solved = solve(case, rests=False) if result is None else result
    losses = losses_of(case, countries, solved)
    raw = case.file.raw
    tables = sanctions_tables(losses)
    tables["footing"] = footing_table(tables["sanctions"], vintages(losses))
    tables |= participation_tables(losses, raw)
    tables["duration"] = duration_table(losses, raw, None if burden is None else _yearly_cost(burden))
    meta = meta_of(case, "sanctions") | {"target": list(countries)}
    return _security(meta, tables, losses.findings, _sanctions_assumptions(case))


def _yearly_cost(burden: Result) -> dict[str, Cost]:
    """Member → cost of the plan nearest to today in parts of GDP, and how many parts of it are unknown."""
    rows = burden.tables["burden"]
    rows = rows[(rows["plan"] == "nearest") & (rows["good"] == ALL) & (rows["kind"] == "total")]
    return {row.member: Cost(float(row.gdp_share), int(row.unknown_parts)) for row in rows.itertuples()}


def threat(case: Case) -> Security:
    """How much each member has to fear from each target; tables threat and divergence.

    Raises :class:`~resilience.errors.InputError` if there is no target.
    """
    tables, findings = threat_tables(case)
    meta = meta_of(case, "threat") | {"target": list(targets_of(case))}
    return _security(meta, tables, findings, _threat_assumptions(case))


def tiers(case: Case, *, every_good: bool = False, workers: int = 1, progress: Progress | None = None) -> Security:
    """How partners score, and what each tier or grouping adds; table tiers.

    Solves the goods that must change once for each tier and grouping, so it takes long: fewer goods or
    ``partners.groupings`` make it shorter. ``every_good`` solves those as well that survive as they are bought
    today. Groupings are solved in ``workers`` processes; ``progress`` is called with (grouping, done, total).
    Raises what :func:`resilience.solve` raises.
    """
    table, findings = tiers_table(case, progress, every_good=every_good, workers=workers)
    return _security(meta_of(case, "tiers"), {"tiers": table}, findings, _partners_assumptions(case))


def _security(
    meta: Mapping[str, Any], tables: Mapping[str, pd.DataFrame], findings: list[Finding], assumed: pd.DataFrame
) -> Security:
    found = {name: typed(frame, SECURITY[name]) for name, frame in tables.items()}
    noticed = findings_table(findings)
    said = {**meta, "mixed_years": mixed_years(noticed)}
    return Security(said, found | {"assumptions": assumed, "findings": noticed})


def meta_of(case: Case, about: str) -> dict[str, Any]:
    """Where the tables come from."""
    file, names = case.file, case.data.names()
    return {
        "title": file.title,
        "about": about,
        "case": file.path.name,
        "case_hash": file.fingerprint,
        "dataset": file.dataset.resolve().name,
        "dataset_hash": case.data.fingerprint,
        "year": file.year,
        "labels": {row.good: row.label for row in case.data.goods.itertuples() if row.good in case.all_goods},
        "members": {member: names[member] for member in case.members},
        "region_name": " and ".join(file.region),
        "countries": names,
        "document": file.document,
        "versions": versions(),
    }


# -- assumptions -----------------------------------------------------------------------------------------


def _sanctions_assumptions(case: Case) -> pd.DataFrame:
    raw = case.file.raw
    rows = []
    for name, one in SANCTIONS.items():
        keys: Sequence[str] = (ALL,)
        if name in BY_GOOD:
            keys = case.goods
        elif name in BY_MEMBER:
            keys = case.members
        for key in keys:
            at = (key, case.category(key)) if name in BY_GOOD else (key,)
            value = number(raw, name, at)
            rows.append(_assumption(case, "sanctions", name, key, value, one.unit))
    return _assumptions(rows)


def _threat_assumptions(case: Case) -> pd.DataFrame:
    given = case.file.raw.get("threat", {})
    rows = [
        _assumption(case, "threat", "weights", factor, weight, THREAT["weights"].unit)
        for factor, weight in weights_of(case.file.raw).items()
    ]
    distance = float(given.get("distance_km", THREAT["distance_km"].default))
    rows.append(_assumption(case, "threat", "distance_km", ALL, distance, THREAT["distance_km"].unit))
    year = float(given.get("vintage", case.file.year))
    rows.append(_assumption(case, "threat", "vintage", ALL, year, THREAT["vintage"].unit))
    return _assumptions(rows)


def _partners_assumptions(case: Case) -> pd.DataFrame:
    scores = Scores(case, dict.fromkeys(case.goods))
    rows = [_assumption(case, "partners", "criteria", key, x, "weight") for key, x in scores.weights.items()]
    rows += [_assumption(case, "partners", "thresholds", key, x, "share") for key, x in scores.thresholds.items()]
    for grouping in tiers_in(case):
        if grouping.tier:
            credit = max(grouping.credit.values(), default=float("nan"))
            rows.append(_assumption(case, "partners", "credits", grouping.name, credit, "share"))
    rows.append(_assumption(case, "partners", "distance_km", ALL, scores.distance_km, "km"))
    return _assumptions(rows)


def _assumption(case: Case, section: str, name: str, key: str, value: float, unit: str) -> dict[str, Any]:
    """A row of the table ``assumptions``; its first column holds the good, member or factor the number is of."""
    declared = {**SANCTIONS, **THREAT}.get(name)
    given = name in case.file.raw.get(section, {})
    ground = ground_of(case.file.raw, f"{section}.{name}") if given else None
    low, high = (
        (ground.low, ground.high) if ground else (declared.low, declared.high) if declared else (None, None)
    )
    return {
        "good": key,
        "parameter": name,
        "value": "unknown" if pd.isna(value) else f"{value:g}",
        "unit": unit,
        "low": low,
        "high": high,
        "set_in": f"{section}.{name}" if given else "default",
        "ground": ground.source if ground else declared.ground if declared else "assumed",
        "owner": ground.owner if ground else None,
        "confidence": ground.confidence if ground else None,
    }


def _assumptions(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = RESULTS["assumptions"]
    return typed(pd.DataFrame(rows, columns=list(table.names), dtype=object), table)
