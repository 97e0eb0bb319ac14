"""The tables of one good: three readings of the minimum by member and cutoff, stress, plan, capacity."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from resilience.errors import Finding
from resilience.inputs.parameters import Surge
from resilience.model import ModelData, build
from resilience.program import Program
from resilience.reading import readings
from resilience.reading.caps import USUAL_CAP, floor_under_cap, loosest_cap
from resilience.reading.levers import NO_REASONS, reasons, surges
from resilience.reading.planned import (
    NOTHING,
    SAME,
    Compiler,
    Engine,
    nearest_plan,
    requirement,
    simulate,
    verdict,
)
from resilience.reading.readings import Singles, market, unbuilt
from resilience.reading.solidarity import Solidarity
from resilience.reading.stress import missed_today, months_table, pooled_shortfalls, stress_table, survived
from resilience.schema import ALL, READINGS, RESULTS
from resilience.words import percent

LOG = logging.getLogger(__name__)
PLANNED, *OTHERS = READINGS
BLANK: dict[str, Any] = dict.fromkeys(RESULTS["requirements"].names, np.nan)
WORST_FIRST = ("none", "build", "raise", "shift", "met")


@dataclass(frozen=True)
class Wanted:
    """Which rows of ``requirements`` a study keeps: share, gap and status only, no month, plan or reasons."""

    members: tuple[str, ...] = (ALL,)
    cutoffs: tuple[str, ...] = (ALL,)
    readings: tuple[str, ...] = tuple(READINGS)

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Whether a row is one of them."""
        return row["member"] in self.members and row["cutoff"] in self.cutoffs and row["reading"] in self.readings

    def concerns(self, member: str) -> bool:
        """Whether some row rests on those of a member, of a good by itself; ALL's in market and guaranteed do."""
        return member in self.members or (ALL in self.members and self.readings != (PLANNED,))


@dataclass(frozen=True)
class GoodResult:
    """The result tables of one good, and the worst certificate of its optima."""

    requirements: pd.DataFrame
    stress: pd.DataFrame
    months: pd.DataFrame
    plan: pd.DataFrame
    capacity: pd.DataFrame
    why: pd.DataFrame
    levers: pd.DataFrame
    missing: pd.DataFrame
    caps: pd.DataFrame
    findings: list[Finding]
    optima: int
    residual: float
    indirect: pd.DataFrame = field(default_factory=pd.DataFrame)
    substitutes: pd.DataFrame = field(default_factory=pd.DataFrame)
    rests_on: pd.DataFrame = field(default_factory=pd.DataFrame)
    going: Mapping[tuple[str, str], float] = field(default_factory=dict)  # member, cutoff → worst month of makers
    joint: Mapping[str, frozenset[str]] = field(default_factory=dict)  # input → members whose makers are followed
    joint_all: frozenset[str] = frozenset()  # inputs that are followed in the rows of ALL


def solve_good(
    data: ModelData,
    pooled: ModelData | None,
    with_surge: Callable[[Surge], ModelData] | None = None,
    *,
    caps: bool = False,
) -> GoodResult:
    """All rows of one good. ``pooled`` is the same data under solidarity, or None.

    ``with_surge`` gives the data under another surge of the region; without it the tables why, levers and
    missing stay empty, without ``caps`` that table. Raises :class:`~resilience.errors.SolverError` if any optimum
    cannot be certified.
    """
    compiler = Compiler()
    (ready,) = prepared([data], compiler)
    solved = _solve_rows(ready, pooled, compiler, None)
    engine, rows, plan = solved.engine, solved.rows, solved.plan
    if plan is not None and pooled is None:
        simulate(data, plan)
    pool = (lambda other: other) if solved.solidarity is None else solved.solidarity.written_out
    explained = NO_REASONS if with_surge is None else reasons(engine, rows, *surges(engine, with_surge, pool))
    return GoodResult(
        requirements=pd.DataFrame(rows, columns=list(RESULTS["requirements"].names)),
        stress=stress_table(data, solved.together),
        months=months_table(data if pooled is None else pooled, plan),
        plan=plan_table(data, plan),
        capacity=capacity_table(data, solved.building),
        why=explained.why,
        levers=explained.levers,
        missing=explained.missing,
        caps=caps_table(data, solved.singles, rows) if caps else pd.DataFrame(columns=list(RESULTS["caps"].names)),
        findings=solved.findings,
        optima=engine.optima,
        residual=engine.residual,
    )


@dataclass(frozen=True)
class Prepared:
    """One good with what is worked out for several points at once: the programme, and what today's sourcing misses
    (cutoff × member × month, the good's unit)."""

    data: ModelData
    program: Program
    missed: np.ndarray


def prepared(each: Sequence[ModelData], compiler: Compiler) -> list[Prepared]:
    """One good under several assumptions, ready for :func:`wanted_rows`."""
    return list(map(Prepared, each, compiler.programs(build, each), missed_today(each)))


def wanted_rows(
    ready: Prepared, pooled: ModelData | None, compiler: Compiler, wanted: Wanted
) -> list[dict[str, Any]]:
    """The rows of one good that a study keeps, each with ``months_survived``; ``pooled`` as for ``solve_good``."""
    return [row for row in _solve_rows(ready, pooled, compiler, wanted).rows if wanted.holds(row)]


@dataclass
class _Solved:
    """The rows of one good and what was found on the way."""

    engine: Engine
    singles: Singles
    together: np.ndarray
    rows: list[dict[str, Any]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    plan: pd.DataFrame | None = None
    building: dict[str, float] = field(default_factory=dict)
    solidarity: Solidarity | None = None


def _solve_rows(ready: Prepared, pooled: ModelData | None, compiler: Compiler, wanted: Wanted | None) -> _Solved:
    """All rows of a good, or those wanted (then without a plan)."""
    data, good, program, missed = ready.data, ready.data.good, ready.program, ready.missed
    singles = readings.singles(data)
    engine = Engine(data, program, program, compiler=compiler)
    solved = _Solved(engine, singles, missed)
    for member in good.members:
        if wanted is not None and not wanted.concerns(member):
            continue
        solved.rows += rows_of(engine, singles, missed, missed, member, solved.findings, wanted=wanted)
    if pooled is None and wanted is not None and ALL not in wanted.members:
        return solved
    if pooled is None:
        joint = rows_of(engine, singles, missed, missed, ALL, solved.findings, solved.rows, wanted=wanted)
        if wanted is None:
            solved.plan, solved.building = nearest_plan(engine, joint[-3]["status"], joint[-3]["share"])
        solved.rows += joint
        return solved
    solved.solidarity = solidarity = Solidarity(pooled)
    while True:
        sets = solidarity.written_out()
        together = compiler.program(build, sets)
        engine = Engine(data, program, together, engine.optima, engine.residual, compiler=compiler)
        solved.engine = engine
        today = pooled_shortfalls(sets, engine.joint, f"{good.good}, stress test", compiler.warm)
        solved.together = solidarity.worst(today)
        found: list[Finding] = []
        joint = rows_of(engine, singles, solved.together, missed, ALL, found, solved.rows, wanted=wanted)
        if wanted is None:
            solved.plan, solved.building = nearest_plan(engine, joint[-3]["status"], joint[-3]["share"])
        worse = solidarity.finds_worse(engine.joint, engine.plans)
        shares = [row["share"] for row in joint if row["reading"] == PLANNED]
        LOG.info("%s under solidarity: %s", good.good, solidarity.stands(shares[-1], worse))
        if not worse:
            break
    note_months(data, solved.rows, solved.together)
    solved.findings += found
    solved.rows += joint
    return solved


def note_months(data: ModelData, rows: list[dict[str, Any]], missed: np.ndarray) -> None:
    """Under solidarity members' rows, too, say what the stress test says: how long members last together."""
    months, cutoffs = survived(data, missed), data.available.cutoffs
    for row in rows:
        which = slice(None) if row["cutoff"] == ALL else cutoffs.index(row["cutoff"])
        row["months_survived"] = float(months[which, data.good.members.index(row["member"])].min())


def rows_of(
    engine: Engine,
    singles: Singles,
    missed: np.ndarray,
    missed_alone: np.ndarray,
    member: str,
    findings: list[Finding],
    before: list[dict[str, Any]] | None = None,
    *,
    wanted: Wanted | None = None,
) -> list[dict[str, Any]]:
    """All rows of a member, or of ALL after the members' rows ``before``; three readings a cutoff.

    ``missed`` (cutoff × member × month) is what today's sourcing misses, under solidarity for ALL. Of what is not
    ``wanted`` only what other rows rest on is worked out.
    """
    data, good = engine.data, engine.data.good
    cutoffs = data.available.cutoffs
    who = slice(None) if member == ALL else [good.members.index(member)]
    months = survived(data, missed)
    kept = all(singles.keeps_cap(m) for m in (good.members if member == ALL else [member]))
    together = [m for m in good.members if wanted is None or wanted.concerns(m)]
    rows: list[dict[str, Any]] = []
    for cutoff in [*cutoffs, ALL]:
        if wanted is not None and cutoff not in wanted.cutoffs:
            continue
        if cutoff == ALL and len(cutoffs) == 1 and rows:
            rows += [row | {"cutoff": ALL} for row in rows[-3:]]
            continue
        which = slice(None) if cutoff == ALL else [cutoffs.index(cutoff)]
        fewest = int(months[which][:, who].min())
        lasts = fewest if kept else 0
        row = _blank(data, member, cutoff)
        row["months_survived"] = float(fewest)
        if wanted is None:
            row["worst_set"] = _worst_set(data, singles, missed_alone, member, cutoff)
            rows.append(requirement(engine, row, lasts, findings))
        else:
            asked = member in wanted.members and PLANNED in wanted.readings
            alone_only = wanted.readings == (PLANNED,)
            needed = asked or (engine.settles and not alone_only)
            rows.append(verdict(engine, row, lasts)[0] if needed else row)
            if alone_only:
                continue
        if member == ALL:
            rows += [
                _largest(data, before or [], cutoff, reading) | {"months_survived": float(fewest)}
                for reading in OTHERS
            ]
            if rows[-2]["share"] > rows[-2]["share_upper"] + SAME:
                text = (
                    f"{good.good}, cutoff {cutoff}: no floor suits all members if markets shift in proportion: "
                    f"one needs {percent(rows[-2]['share'], 1)}, another survives up to "
                    f"{percent(rows[-2]['share_upper'], 1)} only"
                )
                findings.append(Finding("warning", "requirements", None, "share_upper", text))
        else:
            others = _other_readings(data, singles, member, cutoff, together)
            others = [other | {"months_survived": float(fewest)} for other in others]
            rows += engine.settle(rows[-1], others) if wanted is None or needed else others
    return rows


def _blank(data: ModelData, member: str, cutoff: str, reading: str = "planned") -> dict[str, Any]:
    """A row with its keys, today's share and scope; nothing found yet."""
    good = data.good
    if member == ALL:
        demand = good.demand.to_numpy(dtype=float)
        today = float((good.share_today.to_numpy() * demand).sum() / demand.sum())
        scope = "imports" if good.no_home else "consumption"
    else:
        today = float(good.share_today[member])
        scope = "imports" if member in good.no_home else "consumption"
    return BLANK | {
        "good": good.good,
        "member": member,
        "cutoff": cutoff,
        "reading": reading,
        "share_today": min(today, 1.0),
        "status": "none",
        "basis": None,
        "worst_set": None,
        "unit": good.unit,
        "scope": scope,
    }


def _other_readings(
    data: ModelData, singles: Singles, member: str, cutoff: str, together: Collection[str]
) -> list[dict[str, Any]]:
    """The rows of one member and cutoff in the readings market and guaranteed; ``together`` are the members that
    are asked about."""
    figures, conditions = singles.under(member, cutoff)
    demand = float(data.good.demand[member])
    rows = []
    for name in OTHERS:
        found = market(figures, conditions) if name == "market" else singles.guaranteed(member, cutoff, together)
        row = _blank(data, member, cutoff, name)
        row["worst_set"] = ", ".join(found.worst_set) or None
        row["month"] = np.nan if found.month is None else float(found.month)
        if found.share is not None:
            today = row["share_today"]
            row["share"] = min(max(found.share, 0.0), 1.0)
            row["share_upper"] = np.nan if found.upper is None else min(found.upper, 1.0)
            row["gap"] = row["share"] - today if row["share"] > today + SAME else 0.0
            row["new_capacity"] = found.new_capacity * demand
            met = found.share <= (SAME if name == "market" else today + SAME)
            if name == "market":
                buildless = met or market(figures, conditions, building=False).share is not None
            else:
                buildless = met or unbuilt(figures, conditions, found)
            row["status"] = "met" if met else "raise" if buildless else "build"
            if met:
                row |= {"month": np.nan, "gap": 0.0, "new_capacity": 0.0}
            if name == "guaranteed":
                row["basis"] = "assumption" if found.assumed else "trade"
        rows.append(row)
    return rows


def _largest(data: ModelData, rows: list[dict[str, Any]], cutoff: str, reading: str) -> dict[str, Any]:
    """The ALL row of market or guaranteed: the largest over members, none if any is none."""
    of = [row for row in rows if (row["cutoff"], row["reading"]) == (cutoff, reading) and row["member"] != ALL]
    status = min((row["status"] for row in of), key=WORST_FIRST.index)
    decisive = [row for row in of if row["status"] == "none"] or [max(of, key=lambda row: row["share"])]
    first = min(decisive, key=lambda row: np.inf if np.isnan(row["month"]) else row["month"])
    row = _blank(data, ALL, cutoff, reading)
    row |= {name: first[name] for name in ("basis", "month", "worst_set")} | {"status": status}
    if status != "none":
        row["share"] = first["share"]
        row["share_upper"] = min(one["share_upper"] for one in of)
        row["gap"] = max(0.0, row["share"] - row["share_today"])
        row["new_capacity"] = sum(one["new_capacity"] for one in of)
    return row


def _worst_set(
    data: ModelData,
    singles: Singles,
    missed: np.ndarray,
    member: str,
    cutoff: str,
) -> str | None:
    """Whom a cutoff of any K takes from today's sourcing: fewest months survived, then largest shortfall.

    For all members it is the worst set of the member that comes off worst.
    """
    if not data.available.budget.any():
        return None
    months = survived(data, missed)
    total = missed.sum(axis=2) / np.maximum(data.critical.sum(axis=1), 1e-300)
    who = data.good.members if member == ALL else [member]
    which = data.available.cutoffs if cutoff == ALL else (cutoff,)
    spots = [(data.available.cutoffs.index(c), data.good.members.index(m)) for c in which for m in who]
    s, n = min(spots, key=lambda spot: (months[spot], -total[spot], spot))
    figures, conditions = singles[data.good.members[n]]
    found = conditions.worst_set(data.available.cutoffs[s], figures.today)
    return ", ".join(found) or None


def caps_table(data: ModelData, singles: Singles, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Caps and floors of every member alone, under all cutoffs."""
    floors = {row["member"]: row["share"] for row in rows if (row["cutoff"], row["reading"]) == (ALL, "planned")}
    given = data.good.value("cap")
    cap = given if given <= 1 else USUAL_CAP
    table = []
    for member, (figures, conditions) in singles.items():
        free = replace(figures, cap=np.inf)
        floor = floors[member]
        table.append(
            {
                "good": data.good.good,
                "member": member,
                "cap_alone": loosest_cap(free, conditions),
                "floor": floor,
                "cap_with_floor": np.nan if np.isnan(floor) else loosest_cap(free, conditions, floor),
                "cap": cap,
                "floor_under_cap": floor_under_cap(free, conditions, cap),
                "floor_alone": floor_under_cap(free, conditions, np.inf),
            }
        )
    return pd.DataFrame(table, columns=list(RESULTS["caps"].names))


def plan_table(data: ModelData, plan: pd.DataFrame | None) -> pd.DataFrame:
    """The table ``plan`` of one good; ``plan`` (supplier × member) is None where none survives."""
    good = data.good
    least = NOTHING * good.demand
    rows = []
    for m in good.members:
        for i in good.suppliers:
            before = float(good.baseline.at[i, m])
            after = np.nan if plan is None else float(plan.at[i, m])
            if max(before, 0.0 if np.isnan(after) else after) <= least[m]:
                continue
            rows.append(
                {
                    "good": good.good,
                    "member": m,
                    "supplier": i,
                    "baseline": before,
                    "planned": after,
                    "change": after - before,
                    "unit": good.unit,
                    "extra_cost_usd": (after - before) * float(good.price.at[i, m]),
                }
            )
    return pd.DataFrame(rows, columns=list(RESULTS["plan"].names))


def capacity_table(data: ModelData, building: dict[str, float]) -> pd.DataFrame:
    """The table ``capacity`` of one good."""
    good = data.good
    rows = [
        {
            "good": good.good,
            "country": i,
            "new_capacity": amount,
            "times_today": amount / float(good.capacity[i]) if good.capacity[i] > 0 else np.nan,
            "unit": good.unit,
        }
        for i, amount in sorted(building.items())
    ]
    return pd.DataFrame(rows, columns=list(RESULTS["capacity"].names))
