"""Why a requirement is what it is, and what each lever is worth: finite steps, solved anew.

Levers are one more month of stock for everybody, one point off the critical share, and one point more surge of
the region's suppliers (its build-up rises in proportion). The first two are variables of the model, so that the
least of them that makes the share zero, or makes survival possible at all, is one more linear programme; the surge
stands in coefficients, and what of it is needed is found by bisection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from resilience.inputs.cutoffs import base, surge
from resilience.inputs.parameters import Surge
from resilience.model import DRAWING, SURVIVAL, ModelData, build
from resilience.program import Program, compile_model
from resilience.reading.planned import SAME, SLACK, Engine
from resilience.schema import ALL, RESULTS
from resilience.words import percent

STEPS = {"stock": (1.0, "months of demand"), "restraint": (0.01, "share"), "surge": (0.01, "share")}
VARIABLES = {"stock": ("more_stock", "least_stock"), "restraint": ("relief", "least_relief")}
MOST_SURGE = 2.0  # no more than this on top is tried
SURGE_STEP = 0.005  # how exactly the surge that is needed is found


@dataclass(frozen=True)
class Reasons:
    """The tables ``why``, ``levers`` and ``missing`` of one good."""

    why: pd.DataFrame
    levers: pd.DataFrame
    missing: pd.DataFrame


NO_REASONS = Reasons(*(pd.DataFrame(columns=list(RESULTS[name].names)) for name in ("why", "levers", "missing")))
BySurge = Callable[[float], Engine]
Enough = Callable[[float, str], Engine | None]


def surges(
    engine: Engine, with_surge: Callable[[Surge], ModelData], pooled: Callable[[ModelData], ModelData]
) -> tuple[BySurge, Enough]:
    """The engines of a good with more surge of the region: for all rows, and for one member's rows or ALL's.

    ``with_surge`` gives the model's data under another region surge, ``pooled`` the same under solidarity.
    """

    def by_surge(more: float) -> Engine:
        data = with_surge(more_surge(engine.data, more))
        program = compile_model(build(data))
        joint = program if engine.joint is engine.alone else compile_model(build(pooled(data)))
        return Engine(data, program, joint)

    def enough(more: float, member: str) -> Engine:
        if member == ALL:
            return by_surge(more)
        single = alone_data(with_surge(more_surge(engine.data, more)), member)
        program = compile_model(build(single))
        return Engine(single, program, program)

    return by_surge, enough


def reasons(engine: Engine, rows: list[dict[str, Any]], by_surge: BySurge, enough: Enough) -> Reasons:
    """Explain the planned rows of one good; the engines with more surge are those of :func:`surges`.

    ``enough`` may give None, where the surge that is needed is not worked out.
    """
    stronger: list[Engine] = []
    planned = [row for row in rows if row["reading"] == "planned"]
    texts, worth, missing = [], [], []
    peace: dict[str, float] = {}
    for row in planned:
        member = row["member"]
        program, tags = engine.row(member, row["cutoff"])
        if member not in peace:
            position = tags.loc[tags["name"].isin(SURVIVAL), "position"].to_numpy(dtype=int)
            calm = engine.minimise(program.loosen(position), "least_share", f"{row['good']}, {member}, no cutoff")
            peace[member] = np.nan if calm is None else calm.objective
        texts.append(_text(engine, row, planned, peace[member]))
        if row["cutoff"] != ALL or row["status"] == "met":
            continue
        if row["status"] in ("none", "build"):
            missing += _missing(engine, row, program)
        if row["status"] != "shift" or row["share"] > SAME:
            if not stronger:
                stronger.append(by_surge(STEPS["surge"][0]))
            worth += _worth(engine, stronger[0], row, program, enough)
    return Reasons(
        *(_table(name, part) for name, part in (("why", texts), ("levers", worth), ("missing", missing)))
    )


def _table(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(RESULTS[name].names))


def more_surge(data: ModelData, more: float) -> Surge:
    """The region's surge with ``more`` on its maximum and the build-up in proportion."""
    now: Surge = data.good.settings["region_surge"].value
    most = now.max + more
    rate = now.rate * most / now.max if now.max > 0 else max(now.rate, more)
    return Surge(now.delay, rate, most)


def _text(engine: Engine, row: dict[str, Any], planned: list[dict[str, Any]], peace: float) -> dict[str, Any]:
    """One row of the table ``why``."""
    data = engine.data
    cutoff = row["cutoff"]
    if cutoff == ALL:
        singles = [one for one in planned if one["member"] == row["member"] and one["cutoff"] != ALL]
        cutoff = max(singles, key=lambda one: np.inf if one["status"] == "none" else one["share"])["cutoff"]
    month = None if np.isnan(row["month"]) else int(row["month"])
    if row["status"] == "met":
        text = "Today's sourcing survives as it is."
        if row["share"] <= peace + SAME and peace > SAME:
            text += " The least share is set in peace: suppliers outside the region cannot sell more."
    elif row["share"] <= peace + SAME:
        text = f"{cutoff}, month {month}: today's suppliers fall short"
        text += (
            f"; others can step in, and the share of {percent(peace)} is needed in peace already, because "
            "suppliers outside the region cannot sell more."
            if peace > SAME
            else "; suppliers outside the region that are not cut can step in."
        )
    elif month is None:
        text = "Members cannot be supplied in peace under the cap."
    else:
        text = f"{cutoff}, month {month}: {_stocks(engine, row)}, {_surge(data, month)}."
        if row["status"] == "none":
            text += " No share of the region makes up for it."
    return {
        "good": row["good"],
        "member": row["member"],
        "cutoff": row["cutoff"],
        "without_cutoff": peace,
        "binding_cutoff": None if row["status"] == "met" else cutoff,
        "month": np.nan if month is None else float(month),
        "text": text,
    }


def _stocks(engine: Engine, row: dict[str, Any]) -> str:
    good = engine.data.good
    members = good.members if row["member"] == ALL else [row["member"]]
    if not good.stock[members].any():
        return "there is no stock"
    if good.value("drawdown") < 1:
        program, tags = engine.row(row["member"], row["cutoff"])
        drawn = tags.loc[tags["name"].isin(DRAWING), "position"].to_numpy(dtype=int)
        free = engine.minimise(program.loosen(drawn), "least_share", f"{row['good']}, {row['member']}, drawdown")
        if free is not None and not free.objective >= row["share"] - SAME:
            return "stock cannot be drawn faster"
    return "stocks are gone"


def _surge(data: ModelData, month: int) -> str:
    path: Surge = data.good.settings["region_surge"].value
    if path.max <= 0 or path.rate <= 0:
        return "and the region does not surge"
    reached = float(surge(path, 1, month)[-1])
    if reached <= 0:
        return "the surge is not there yet"
    if reached < path.max - SAME:
        return f"the surge has reached {percent(reached)} of {percent(path.max)}"
    return f"the surge is at its full {percent(path.max)}"


def _missing(engine: Engine, row: dict[str, Any], program: Program) -> list[dict[str, Any]]:
    """What is missed at the least, by cutoff and month: of any plan, or of any plan without new capacity."""
    building = row["status"] == "build"
    elastic = program.bound("shortfall", upper=np.inf)
    if building:
        elastic = elastic.bound("new_capacity", upper=0.0)
    problem = f"{row['good']}, {row['member']}, missing by month"
    least = engine.minimise(elastic, "least_shortfall", problem)
    if least is None:
        return []
    latest = engine.minimise(elastic.keep("least_shortfall", least.objective + SLACK), "latest_shortfall", problem)
    values = program.read((latest or least).values, "shortfall")
    sums: dict[tuple[str, int], float] = {}
    for (_, s, t), amount in values.items():
        sums[s, t] = sums.get((s, t), 0.0) + amount
    totals = {s: sum(amount for (one, _), amount in sums.items() if one == s) for s, _ in sums}
    worst = {base(s): s for s in sorted(totals, key=lambda name: totals[name])}  # of each cutoff's sets the worst
    sums = {(base(s), t): amount for (s, t), amount in sums.items() if worst[base(s)] == s}
    floor = SAME * float(engine.data.critical.sum())
    return [
        {
            "good": row["good"],
            "member": row["member"],
            "cutoff": s,
            "month": float(t),
            "missing": amount,
            "unit": row["unit"],
            "even_if": "no new capacity is built" if building else "the plan is free",
        }
        for (s, t), amount in sorted(sums.items())
        if amount > floor
    ]


def _worth(
    engine: Engine,
    stronger: Engine,
    row: dict[str, Any],
    program: Program,
    enough: Enough,
) -> list[dict[str, Any]]:
    """The rows of one requirement in the table ``levers``."""
    problem = f"{row['good']}, {row['member']}, lever"
    unsolved = row["status"] in ("none", "build")
    stuck = program.bound("new_capacity", upper=0.0) if row["status"] == "build" else program
    result = []
    for lever, (step, unit) in STEPS.items():
        needed = to_zero = np.nan
        if lever == "surge":
            stepped = stronger.row(row["member"], row["cutoff"])[0]
            if unsolved:
                needed = _surge_needed(row, enough)
        else:
            variable, objective = VARIABLES[lever]
            stepped = program.bound(variable, lower=step, upper=step)
            most = np.inf if lever == "stock" else engine.data.good.value("critical_share")
            if unsolved:
                found = engine.minimise(stuck.bound(variable, upper=most), objective, f"{problem} {lever}")
                needed = np.nan if found is None else found.objective
            zero = program.bound(variable, upper=most).bound("common_share", upper=SLACK)
            found = engine.minimise(zero, objective, f"{problem} {lever} to zero")
            to_zero = np.nan if found is None else found.objective
        found = engine.minimise(stepped, "least_share", f"{problem} {lever} step")
        share = np.nan if found is None else min(max(found.objective, 0.0), 1.0)
        change = share - row["share"]
        result.append(
            {
                "good": row["good"],
                "member": row["member"],
                "lever": lever,
                "step": step,
                "step_unit": unit,
                "share": share,
                "change": 0.0 if abs(change) < SAME else change,
                "to_zero": to_zero,
                "to_survive": needed,
                "even_if": "no new capacity is built" if row["status"] == "build" else "the plan is free",
            }
        )
    return result


def _surge_needed(row: dict[str, Any], enough: Enough) -> float:
    """The least points of surge on top that make survival possible, to :data:`SURGE_STEP`.

    NaN beyond the most, and where it is not worked out.
    """

    def survives(more: float) -> bool:
        engine = enough(more, row["member"])
        if engine is None:
            return False
        program = engine.row(row["member"], ALL)[0]
        if row["status"] == "build":
            program = program.bound("new_capacity", upper=0.0)
        missed = engine.minimise(program.bound("shortfall", upper=np.inf), "least_shortfall", "surge needed")
        return missed is not None and missed.objective <= SAME

    if not survives(MOST_SURGE):
        return np.nan
    low, high = 0.0, MOST_SURGE
    while high - low > SURGE_STEP:
        middle = (low + high) / 2
        low, high = (low, middle) if survives(middle) else (middle, high)
    return high


def alone_data(data: ModelData, member: str) -> ModelData:
    """The data of one member alone, what the others buy today taken off the capacities."""
    good = data.good
    n = good.members.index(member)
    others = good.baseline.drop(columns=member).sum(axis=1)
    alone = replace(
        good,
        demand=good.demand[[member]],
        stocks=good.stocks[[n]],
        baseline=good.baseline[[member]],
        price=good.price[[member]],
        capacities=(good.capacity - others).clip(lower=0.0).to_numpy(),
        no_home=good.no_home & {member},
    )
    return replace(data, good=alone, critical=data.critical[[n]], ceiling=data.ceiling[[n]])
