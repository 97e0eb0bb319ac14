"""From a compiled model to the requirement: stages, member rows, statuses, months, the plan.

Each row of the table is the same program under other bounds. A member's own row lets that member choose alone:
the others' purchases stay as they are today, which leaves it K_im = K_i − Σ_{m'≠m} x̄_im'. A row of one cutoff
keeps the survival conditions of that cutoff only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from resilience.errors import Finding, SolverError
from resilience.model import INDICES, ModelData, build
from resilience.schema import ALL, RESULTS
from resilience.solver import Program, Solution, compile_model, minimise
from resilience.stress import pooled_shortfalls, shortfalls, stress_table, survived
from resilience.words import amount as in_words

SAME = 1e-7  # shares that differ by less are equal
SLACK = 1e-8  # how far an earlier stage's optimum may be exceeded in a later one
NOTHING = 1e-9  # amounts below this part of yearly demand are rounding


@dataclass(frozen=True)
class GoodResult:
    """The result tables of one good, and the worst certificate of its optima."""

    requirements: pd.DataFrame
    stress: pd.DataFrame
    plan: pd.DataFrame
    capacity: pd.DataFrame
    findings: list[Finding]
    optima: int
    residual: float


@dataclass
class _Engine:
    """The compiled programs of one good and a count of what was solved."""

    data: ModelData
    alone: Program
    joint: Program
    tags: pd.DataFrame = field(init=False)
    joint_tags: pd.DataFrame = field(init=False)
    optima: int = 0
    residual: float = 0.0

    def __post_init__(self) -> None:
        self.tags = _tags(self.alone)
        self.joint_tags = self.tags if self.joint is self.alone else _tags(self.joint)
        good = self.data.good
        self.baseline = {(m, i): float(good.baseline.at[i, m]) for m, i in self.alone.columns["sourcing"]}

    def minimise(self, program: Program, objective: str, problem: str) -> Solution | None:
        """Solve and keep the count and the worst residual."""
        solution = minimise(program, objective, problem)
        if solution is not None:
            self.optima += 1
            self.residual = max(self.residual, solution.certificate.worst)
        return solution

    def row(self, member: str, cutoff: str) -> tuple[Program, pd.DataFrame]:
        """The program of one row of the table and the tags of its rows."""
        program, tags = (self.joint, self.joint_tags) if member == ALL else (self.alone, self.tags)
        if member != ALL:
            others = {pair: amount for pair, amount in self.baseline.items() if pair[0] != member}
            program = program.bound("sourcing", lower=others, upper=others)
            program = program.loosen(_positions(tags, tags["member"].notna() & (tags["member"] != member)))
        if cutoff != ALL:
            program = program.loosen(_positions(tags, tags["cutoff"].notna() & (tags["cutoff"] != cutoff)))
        return program, tags


def _tags(program: Program) -> pd.DataFrame:
    """Position, member, cutoff and month of every row of a program."""
    records = []
    for name, places in program.rows.items():
        fields = INDICES.get(name, ())
        for index, position in places.items():
            parts = index if isinstance(index, tuple) else (index,)
            records.append({"name": name, "position": position, **dict(zip(fields, parts, strict=False))})
    return pd.DataFrame(records).reindex(columns=["name", "position", "member", "cutoff", "month"])


def _positions(tags: pd.DataFrame, mask: pd.Series) -> np.ndarray:
    return tags.loc[mask, "position"].to_numpy(dtype=int)


def solve_good(data: ModelData, pooled: ModelData | None) -> GoodResult:
    """All rows of one good. ``pooled`` is the same data under solidarity, or None.

    Raises :class:`~resilience.errors.SolverError` if any optimum cannot be certified.
    """
    good = data.good
    alone = compile_model(build(data))
    joint = alone if pooled is None else compile_model(build(pooled))
    engine = _Engine(data, alone, joint)
    missed = shortfalls(data, good.baseline)
    missed_jointly = missed if pooled is None else pooled_shortfalls(pooled, joint, f"{good.good}, stress test")
    cutoffs = list(data.available.cutoffs)
    findings: list[Finding] = []
    rows = []
    plan: pd.DataFrame | None = good.baseline
    building: dict[str, float] = {}
    for member in [*good.members, ALL]:
        lost = missed_jointly if member == ALL else missed
        months = survived(data, lost)
        n = slice(None) if member == ALL else [good.members.index(member)]
        for number, cutoff in enumerate(cutoffs):
            rows.append(_requirement(engine, member, cutoff, int(months[number, n].min()), findings))
        if len(cutoffs) == 1:
            row = dict(rows[-1], cutoff=ALL)
        else:
            row = _requirement(engine, member, ALL, int(months[:, n].min()), findings)
        rows.append(row)
        if member == ALL:
            plan, building = _plan(engine, str(row["status"]), float(row["share"]))
    if plan is not None and pooled is None:
        _simulate(data, plan)
    return GoodResult(
        requirements=pd.DataFrame(rows, columns=list(RESULTS["requirements"].names)),
        stress=stress_table(data, missed_jointly),
        plan=_plan_table(data, plan),
        capacity=_capacity_table(data, building),
        findings=findings,
        optima=engine.optima,
        residual=engine.residual,
    )


def _requirement(
    engine: _Engine, member: str, cutoff: str, months_survived: int, findings: list[Finding]
) -> dict[str, Any]:
    """One row of the table ``requirements``, reading planned."""
    data, good = engine.data, engine.data.good
    problem = f"{good.good}, member {member}, cutoff {cutoff}"
    program, tags = engine.row(member, cutoff)
    if member == ALL:
        today = float((good.share_today * good.demand).sum() / good.demand.sum())
        scopes = {"imports" if m in good.no_home else "consumption" for m in good.members}
        scope = scopes.pop() if len(scopes) == 1 else "mixed"
    else:
        today = float(good.share_today[member])
        scope = "imports" if member in good.no_home else "consumption"
    row: dict[str, Any] = {
        "good": good.good,
        "member": member,
        "cutoff": cutoff,
        "reading": "planned",
        "share": np.nan,
        "share_upper": np.nan,
        "share_today": min(today, 1.0),
        "gap": np.nan,
        "status": "none",
        "basis": None,
        "month": np.nan,
        "worst_set": None,
        "new_capacity": np.nan,
        "unit": good.unit,
        "scope": scope,
    }
    first = engine.minimise(program, "least_share", f"{problem}, stage 1")
    if first is None:
        row["month"] = float(_earliest(engine, program, tags, None, problem))
        findings.append(_missing(engine, program, row, problem))
        return row
    share = min(max(first.objective, 0.0), 1.0)
    row["share"] = share
    row["gap"] = share - today if share > today + SAME else 0.0
    if months_survived >= data.months:
        row.update(status="met", new_capacity=0.0, gap=0.0)
        return row
    without = program.bound("new_capacity", upper=0.0)
    if _least_shortfall(engine, without, f"{problem}, without new capacity").objective > SAME:
        row["status"] = "build"
    else:
        row["status"] = "raise" if share > today + SAME else "shift"
    second = engine.minimise(_kept(engine, program, tags, share), "least_building", f"{problem}, stage 2")
    if second is None:
        raise SolverError("stage 2 is infeasible though stage 1 is not", problem, program.size)
    built = sum(program.read(second.values, "new_capacity").values())
    row["new_capacity"] = built if built > SLACK * float(good.demand.sum()) else 0.0
    month = _earliest(engine, program, tags, first.objective, problem)
    row["month"] = float(month) if month > 0 else float(months_survived + 1)
    return row


def _kept(engine: _Engine, program: Program, tags: pd.DataFrame, share: float) -> Program:
    """After stage 1: ρ_m ≤ max(ρ, today's share of m) in place of (7)."""
    today = engine.data.good.share_today
    limits = {m: max(share, float(today[m])) + SLACK for m in program.columns["share"]}
    return program.bound("share", upper=limits).loosen(_positions(tags, tags["name"] == "common"))


def _earliest(engine: _Engine, program: Program, tags: pd.DataFrame, share: float | None, problem: str) -> int:
    """The earliest month that fixes the requirement.

    The least t for which surviving months 1 to t alone already asks for the whole share (``share`` None: is
    already impossible); 0 if the share is asked for without any cutoff. Well defined whatever the solver's
    duals, because the share can only rise with the horizon.
    """
    survival = tags[tags["name"] == "survives"]
    position, month = survival["position"].to_numpy(dtype=int), survival["month"].to_numpy(dtype=int)

    def fixed_by(t: int) -> bool:
        shorter = program.loosen(position[month > t])
        solution = engine.minimise(shorter, "least_share", f"{problem}, months 1 to {t}")
        if solution is None:
            return share is None
        return share is not None and solution.objective >= share - SAME

    low, high = -1, engine.data.months  # not fixed by low, fixed by high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fixed_by(middle) else (middle, high)
    return high


def _least_shortfall(engine: _Engine, program: Program, problem: str) -> Solution:
    """The least critical demand that must be missed, in years of a member's demand, summed over members."""
    solution = engine.minimise(program.bound("shortfall", upper=np.inf), "least_shortfall", problem)
    if solution is None:
        raise SolverError("infeasible even where demand may be missed", problem, program.size)
    return solution


def _missing(engine: _Engine, program: Program, row: dict[str, Any], problem: str) -> Finding:
    """Where no share suffices: what is missing at the least, in the good's unit, and by when."""
    good = engine.data.good
    solution = _least_shortfall(engine, program, f"{problem}, shortfall")
    if solution.objective <= SAME:
        raise SolverError("infeasible, and yet no shortfall could be found", problem, program.size)
    amounts: dict[str, float] = {}
    for (m, s, _), amount in program.read(solution.values, "shortfall").items():
        if (row["member"] in (ALL, m)) and row["cutoff"] in (ALL, s):
            amounts[s] = amounts.get(s, 0.0) + amount
    worst = max(amounts, key=lambda name: (amounts[name], name))
    text = (
        f"{good.good}: no share suffices for {row['member']} under {row['cutoff']}: at least "
        f"{in_words(amounts[worst], good.unit)} of critical demand is missed"
        + (f" (under {worst})" if row["cutoff"] == ALL and len(amounts) > 1 else "")
        + f", for the first time in month {row['month']:.0f}"
    )
    if not any(amount > 0 for amount in engine.data.most_new.values()) and good.value("new_capacity") > 0:
        text += (
            "; no supplier of the region that escapes the cutoffs sells any today, and new capacity is a "
            "multiple of today's: give capacity in balances.csv if it can be built from nothing"
        )
    return Finding("warning", "requirements", None, "share", text)


def _plan(engine: _Engine, status: str, share: float) -> tuple[pd.DataFrame | None, dict[str, float]]:
    """The surviving plan nearest to today (supplier × member) and what it builds; None where none survives."""
    good = engine.data.good
    if status == "none":
        return None, {}
    if status == "met":
        return good.baseline, {}
    problem = f"{good.good}, plan"
    program = _kept(engine, engine.joint, engine.joint_tags, share)
    solution = None
    for objective, then in (("least_building", SLACK), ("least_change", SLACK), ("settled", 0.0)):
        solution = engine.minimise(program, objective, f"{problem}, {objective}")
        if solution is None:
            raise SolverError(f"stage {objective} is infeasible", problem, program.size)
        program = program.keep(objective, solution.objective + then)
    assert solution is not None
    plan = good.baseline * 0.0
    for (m, i), amount in engine.joint.read(solution.values, "sourcing").items():
        plan.loc[i, m] = amount if amount > NOTHING * good.demand[m] else 0.0
    change = (plan - good.baseline).abs()
    plan = plan.where(change > NOTHING * good.demand, good.baseline)
    built = engine.joint.read(solution.values, "new_capacity")
    least = SLACK * float(good.demand.sum())
    return plan, {i: amount for i, amount in built.items() if amount > least}


def _simulate(data: ModelData, plan: pd.DataFrame) -> None:
    """The plan, run month by month outside the solver, must survive; see ``stress``."""
    missed = shortfalls(data, plan)
    worst = float((missed / np.maximum(data.critical, 1e-300)).max()) if missed.size else 0.0
    if worst > 1e-5:
        raise SolverError(
            f"the plan falls short by {worst:.1e} of a month's critical demand when simulated",
            f"{data.good.good}, plan",
            (0, 0, 0),
        )


def _plan_table(data: ModelData, plan: pd.DataFrame | None) -> pd.DataFrame:
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


def _capacity_table(data: ModelData, building: dict[str, float]) -> pd.DataFrame:
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
