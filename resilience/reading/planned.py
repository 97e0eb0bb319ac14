"""The reading "planned": from a compiled model to share, status, month and the plan nearest to today.

Each row of the table is the same program under other bounds. A member's own row lets that member choose alone:
the others' purchases stay as they are today, which leaves it K_im = K_i − Σ_{m'≠m} x̄_im'. A row of one cutoff
keeps the survival conditions of that cutoff only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyomo.environ as pyo

from resilience.certificate import Solution
from resilience.errors import Finding, SolverError
from resilience.inputs.cutoffs import base
from resilience.model import INDICES, PART, SURVIVAL, ModelData
from resilience.program import Program, compile_model
from resilience.reading.stress import shortfalls
from resilience.schema import ALL
from resilience.solver import Warm, exceeds, minimise
from resilience.words import amount as in_words
from resilience.words import percent

SAME = 1e-7  # shares that differ by less are equal
SLACK = 1e-8  # how far an earlier stage's optimum may be exceeded in a later one
CRUMB = 1e-6  # new capacity below this part of yearly demand is what stages with slack leave behind
NOTHING = 1e-9  # amounts below this part of yearly demand are rounding


class Compiler:
    """Compiles every model it is asked for; a study's compiler fills in numbers instead (``points``)."""

    warm: Warm | None = None  # kept from solve to solve

    def program(self, build: Callable[[Any], pyo.ConcreteModel], data: Any) -> Program:
        """The arrays of ``build(data)``, a model of one good or of a chain."""
        return compile_model(build(data))

    def programs(self, build: Callable[[Any], pyo.ConcreteModel], each: Sequence[Any]) -> list[Program]:
        """The arrays of several models of one good."""
        return [self.program(build, data) for data in each]

    def tags(self, program: Program) -> pd.DataFrame:
        """As :func:`tags_of`."""
        return tags_of(program)


@dataclass
class Engine:
    """The compiled programs of one good and a count of what was solved."""

    data: ModelData
    alone: Program
    joint: Program
    optima: int = 0
    residual: float = 0.0
    plans: list[tuple[str, np.ndarray]] = field(default_factory=list)  # of ALL rows: cutoff, values
    compiler: Compiler = field(default_factory=Compiler)

    @cached_property
    def tags(self) -> pd.DataFrame:
        """:func:`tags_of` the program of a member alone."""
        return self.compiler.tags(self.alone)

    @cached_property
    def joint_tags(self) -> pd.DataFrame:
        """:func:`tags_of` the joint program."""
        return self.tags if self.joint is self.alone else self.compiler.tags(self.joint)

    @cached_property
    def baseline(self) -> dict[tuple[str, str], float]:
        """(member, supplier) → today's sourcing."""
        today = self.data.good.baseline.to_dict()
        return {(m, i): float(today[m][i]) for m, i in self.alone.columns["sourcing"]}

    def minimise(self, program: Program, objective: str, problem: str) -> Solution | None:
        """Solve and keep the count and the worst residual."""
        solution = minimise(program, objective, problem, self.compiler.warm)
        if solution is not None:
            self.optima += 1
            self.residual = max(self.residual, solution.certificate.worst)
        return solution

    def note(self, member: str, cutoff: str, solution: Solution | None) -> None:
        """Keep a joint plan, so that it can be tried against all sets where these were not all written out."""
        if member == ALL and solution is not None:
            self.plans.append((cutoff, solution.values))

    def stands(self, member: str, cutoff: str) -> bool:
        """Whether today's sourcing also serves what others plan to make of the good; see ``chains``."""
        del member, cutoff
        return True

    def settle(self, planned: dict[str, Any], others: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The other readings of a member beside its planned row; they follow from it only in ``chains``."""
        del planned
        return others

    @property
    def settles(self) -> bool:
        """Whether the other readings of a member hang on its planned row."""
        return False

    def row(self, member: str, cutoff: str) -> tuple[Program, pd.DataFrame]:
        """The program of one row of the table and the tags of its rows."""
        program, tags = (self.joint, self.joint_tags) if member == ALL else (self.alone, self.tags)
        if member == cutoff == ALL:
            return program, tags
        if member != ALL:
            others = {pair: amount for pair, amount in self.baseline.items() if pair[0] != member}
            program = program.bound("sourcing", lower=others, upper=others)
        return program.loosen(other_rows(tags, member, cutoff)), tags


def other_rows(tags: pd.DataFrame, member: str, cutoff: str) -> np.ndarray:
    """Positions of the rows that belong to other members or to other cutoffs."""
    if member == ALL and cutoff == ALL:
        return np.array([], dtype=int)
    others = pd.Series(False, index=tags.index)
    for name, wanted in (("member", member), ("cutoff", cutoff)):
        if wanted != ALL:
            others |= tags[name].notna() & (tags[name] != wanted)
    return positions(tags, others)


def tags_of(program: Program) -> pd.DataFrame:
    """Position, name, member, cutoff and month of every row of a program, and the good where there are several."""
    records = []
    for name, places in program.rows.items():
        good, _, local = name.rpartition(PART)
        fields = INDICES.get(local, ())
        for index, position in places.items():
            parts = index if isinstance(index, tuple) else (index,)
            record = {**dict(zip(fields, parts, strict=False)), "good": good, "name": local, "position": position}
            records.append(record | {"cutoff": base(record["cutoff"])} if "cutoff" in record else record)
    return pd.DataFrame(records).reindex(columns=["good", "name", "position", "member", "cutoff", "month"])


def positions(tags: pd.DataFrame, mask: pd.Series) -> np.ndarray:
    """Positions of the tagged rows that a mask chooses."""
    return tags.loc[mask, "position"].to_numpy(dtype=int)


def requirement(
    engine: Engine, row: dict[str, Any], months_survived: int, findings: list[Finding]
) -> dict[str, Any]:
    """One row of the table ``requirements``, reading planned; ``row`` holds its keys and today's share.

    ``months_survived`` is what today's sourcing survives of this row's cutoffs, 0 if it does not keep the cap.
    """
    good = engine.data.good
    problem = _problem(engine, row)
    row, least = verdict(engine, row, months_survived)
    program, tags = engine.row(row["member"], row["cutoff"])
    if least is None:
        month = _earliest(engine, program, tags, None, problem)
        row["month"] = float(month) if month else np.nan
        findings.append(_missing(engine, program, row, problem))
        return row
    if row["status"] == "met":
        return row | {"new_capacity": 0.0}
    share = row["share"]
    second = engine.minimise(kept(engine, program, share), "least_building", f"{problem}, stage 2")
    if second is None:
        raise SolverError("stage 2 is infeasible though stage 1 is not", problem, program.size)
    engine.note(row["member"], row["cutoff"], second)
    built = sum(program.read(second.values, "new_capacity").values())
    own = float(good.demand.sum() if row["member"] == ALL else good.demand[row["member"]])
    row["new_capacity"] = built if built > max(SLACK * own, NOTHING * float(good.demand.sum())) else 0.0
    month = _earliest(engine, program, tags, least, problem)
    # Where today's sourcing outlasts the horizon it is other goods, made of this one, that ask for another plan.
    first_missed = float(months_survived + 1) if months_survived < engine.data.months else np.nan
    row["month"] = float(month) if month > 0 else first_missed
    return row


def _problem(engine: Engine, row: dict[str, Any]) -> str:
    return f"{engine.data.good.good}, member {row['member']}, cutoff {row['cutoff']}"


def verdict(engine: Engine, row: dict[str, Any], months_survived: int) -> tuple[dict[str, Any], float | None]:
    """Share, gap and status of one row, and the optimum of stage 1; None where no share suffices."""
    problem = _problem(engine, row)
    member, cutoff = row["member"], row["cutoff"]
    program, _ = engine.row(member, cutoff)
    first = engine.minimise(program, "least_share", f"{problem}, stage 1")
    if first is None:
        return row | {"status": "none"}, None
    engine.note(member, cutoff, first)
    share = min(max(first.objective, 0.0), 1.0)
    row |= {"share": share, "gap": share - row["share_today"] if share > row["share_today"] + SAME else 0.0}
    if months_survived >= engine.data.months and engine.stands(member, cutoff):
        return row | {"status": "met"}, first.objective
    if any(program.read(first.values, "new_capacity").values()):
        without = program.bound("new_capacity", upper=0.0)
        survivor = _survivor(engine, without, f"{problem}, without new capacity")
        if survivor is None:
            return row | {"status": "build"}, first.objective
        engine.note(member, cutoff, survivor)
    status = "raise" if _must_rise(engine, program, row, problem) else "shift"
    return row | {"status": status}, first.objective


def _survivor(engine: Engine, program: Program, problem: str) -> Solution | None:
    """A plan that survives, to within :data:`SAME` of a year's demand; None without one."""
    elastic = program.bound("shortfall", upper=np.inf)
    if exceeds(elastic, "least_shortfall", SAME, problem, engine.compiler.warm):
        return None
    missed = engine.minimise(elastic, "least_shortfall", problem)
    return None if missed is None or missed.objective > SAME else missed


def _must_rise(engine: Engine, program: Program, row: dict[str, Any], problem: str) -> bool:
    """Whether somebody's share must rise: for all members together it is not enough that their average is."""
    if row["member"] != ALL or row["share"] > row["share_today"] + SAME:
        return bool(row["share"] > row["share_today"] + SAME)
    own = {m: float(share) + SLACK for m, share in engine.data.good.share_today.items()}
    as_today = program.bound("share", upper=own).loosen(_common(program))
    return _survivor(engine, as_today, f"{problem}, shares as today") is None


def kept(engine: Engine, program: Program, share: float) -> Program:
    """After stage 1: ρ_m ≤ max(ρ, today's share of m) in place of (7)."""
    today = engine.data.good.share_today
    limits = {m: max(share, float(today[m])) + SLACK for m in program.columns["share"]}
    return program.bound("share", upper=limits).loosen(_common(program))


def _common(program: Program) -> np.ndarray:
    """Positions of (7), one share for all."""
    return np.array(list(program.rows["common"].values()), dtype=int)


def _earliest(engine: Engine, program: Program, tags: pd.DataFrame, share: float | None, problem: str) -> int:
    """The earliest month that fixes the requirement.

    The least t for which surviving months 1 to t alone already asks for the whole share (``share`` None: is
    already impossible); 0 if the share is asked for without any cutoff. Well defined whatever the solver's
    duals, because the share can only rise with the horizon.
    """
    survival = tags[tags["name"].isin(SURVIVAL)]
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


def _least_shortfall(engine: Engine, program: Program, problem: str) -> Solution | None:
    """The least critical demand that must be missed, in years of a member's demand, summed over members.

    None where members cannot even be supplied in peace, which only a cap can bring about.
    """
    return engine.minimise(program.bound("shortfall", upper=np.inf), "least_shortfall", problem)


def _missing(engine: Engine, program: Program, row: dict[str, Any], problem: str) -> Finding:
    """Where no share suffices: what is missing at the least, in the good's unit, and by when."""
    good = engine.data.good
    solution = _least_shortfall(engine, program, f"{problem}, shortfall")
    if solution is None:
        text = (
            f"{good.good}: no plan of {row['member']} keeps the cap of {percent(good.value('cap'))} on one "
            "outsider: the others cannot supply the rest in peace"
        )
        return Finding("warning", "requirements", None, "share", text)
    if solution.objective <= SAME:
        raise SolverError("infeasible, and yet no shortfall could be found", problem, program.size)
    amounts: dict[str, float] = {}
    for (m, s, _), amount in program.read(solution.values, "shortfall").items():
        if (row["member"] in (ALL, m)) and row["cutoff"] in (ALL, base(s)):
            amounts[s] = amounts.get(s, 0.0) + amount
    worst = max(amounts, key=lambda name: (amounts[name], name))
    text = (
        f"{good.good}: no share suffices for {row['member']} under {row['cutoff']}: at least "
        f"{in_words(amounts[worst], good.unit)} of critical demand is missed"
        + (f" (under {base(worst)})" if row["cutoff"] == ALL and len(amounts) > 1 else "")
        + f", for the first time in month {row['month']:.0f}"
    )
    if not any(amount > 0 for amount in engine.data.most_new.values()) and good.value("new_capacity") > 0:
        text += (
            "; no supplier of the region that escapes the cutoffs sells any today, and new capacity is a "
            "multiple of today's: give capacity in balances.csv if it can be built from nothing"
        )
    return Finding("warning", "requirements", None, "share", text)


def nearest_plan(engine: Engine, status: str, share: float) -> tuple[pd.DataFrame | None, dict[str, float]]:
    """The surviving plan nearest to today (supplier × member) and what it builds; None where none survives."""
    good = engine.data.good
    if status == "none":
        return None, {}
    if status == "met":
        return good.baseline, {}
    problem = f"{good.good}, plan"
    program = kept(engine, engine.joint, share)
    solution = engine.minimise(program, "least_building", f"{problem}, least_building")
    for before, objective in (("least_building", "least_change"), ("least_change", "settled")):
        if solution is None:
            break
        program, solution = next_stage(engine, program, before, solution.objective, objective, problem)
    if solution is None:
        raise SolverError("a later stage is infeasible though stage 1 is not", problem, program.size)
    engine.note(ALL, ALL, solution)
    plan = good.baseline * 0.0
    for (m, i), amount in engine.joint.read(solution.values, "sourcing").items():
        plan.loc[i, m] = amount if amount > NOTHING * good.demand[m] else 0.0
    change = (plan - good.baseline).abs()
    plan = plan.where(change > NOTHING * good.demand, good.baseline)
    built = engine.joint.read(solution.values, "new_capacity")
    least = CRUMB * float(good.demand.sum())
    return plan, {i: amount for i, amount in built.items() if amount > least}


def next_stage(
    engine: Engine, program: Program, before: str, optimum: float, objective: str, problem: str
) -> tuple[Program, Solution | None]:
    """Minimise the next objective while the one before keeps its optimum.

    The optimum may be exceeded by :data:`SLACK`; where even that is lost in the solver's tolerances, by up to a
    thousand times as much, which is still far below what is shown.
    """
    kept, solution = program, None
    slacks = [10**power * SLACK for power in range(4)]
    for slack in slacks:
        kept = program.keep(before, optimum + slack)
        try:
            solution = engine.minimise(kept, objective, f"{problem}, {objective}")
        except SolverError:
            if slack == slacks[-1]:
                raise
        if solution is not None:
            break
    return kept, solution


def simulate(data: ModelData, plan: pd.DataFrame) -> None:
    """The plan, run month by month outside the solver, must survive; see ``stress``."""
    missed = shortfalls(data, plan)
    worst = float((missed / np.maximum(data.critical, 1e-300)).max()) if missed.size else 0.0
    if worst > 1e-5:
        raise SolverError(
            f"the plan falls short by {worst:.1e} of a month's critical demand when simulated",
            f"{data.good.good}, plan",
            (0, 0, 0),
        )
