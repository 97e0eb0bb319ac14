"""Stress test: what today's sourcing (or any other plan) gives, month by month, under a cutoff.

A cutoff of any K takes from each member the K suppliers it buys most from. Demand is met greedily:
c = min(critical demand, what is there), what is left over refills the stock up to what was held at the start, and
no more than the drawdown is taken from it in a month. Under solidarity the deliveries of region suppliers are
pooled, and a linear programme finds the least total shortfall, as late as it can come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from resilience.errors import SolverError
from resilience.model import ModelData, in_order
from resilience.program import Program
from resilience.schema import ALL, RESULTS
from resilience.solver import Warm, minimise

SHORT = 1e-7  # a shortfall below this part of a month's critical demand is rounding


@dataclass(frozen=True)
class Course:
    """What a plan gives, cutoff × member × month, in the good's unit: what arrives, what is missed of critical
    demand, and what is left in stock at the end of the month."""

    arriving: np.ndarray
    missed: np.ndarray
    stock: np.ndarray


def course(data: ModelData, plan: pd.DataFrame) -> Course:
    """A plan (supplier × member) run month by month."""
    arriving = _arriving(data, plan)
    held = data.good.stocks
    missed, left = _run(data.critical - arriving, held, data.good.value("drawdown") * held)
    return Course(arriving, missed, left)


def _arriving(data: ModelData, plan: pd.DataFrame) -> np.ndarray:
    """What a plan delivers, cutoff × member × month."""
    good, available = data.good, data.available
    contracts = in_order(plan, list(available.suppliers), good.members).to_numpy(dtype=float)
    arriving = np.einsum("sit,im->smt", available.delivered, contracts) / 12.0
    for s, side in zip(*np.nonzero(available.budget), strict=True):
        for n, member in enumerate(good.members):
            which = available.worst_of(s, side, good.credit, member)
            if len(which):
                largest = np.sort(contracts[which, n])[::-1][: available.budget[s, side]].sum()
                arriving[s, n] -= available.lost[s, which[0]] * largest / 12.0
    return arriving


def _run(lacking: np.ndarray, held: np.ndarray, most: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What is missed and what is left in stock, given what is wanted beyond what arrives (… × cutoff × member ×
    month), and what is held and can be drawn in a month (… × member)."""
    by_month = np.ascontiguousarray(np.moveaxis(lacking, -1, 0))
    drawn, left = np.empty_like(by_month), np.empty_like(by_month)
    held, most = held[..., None, :], most[..., None, :]
    stock = held
    for t, wanted in enumerate(by_month):
        # What is wanted and cannot be drawn is missed; what arrives beyond demand goes into stock.
        drawn[t] = np.minimum(wanted, np.minimum(stock, most))
        left[t] = stock = np.minimum(held, stock - drawn[t])
    missed = np.maximum(by_month - drawn, 0.0)
    missed, left = (np.ascontiguousarray(np.moveaxis(one, 0, -1)) for one in (missed, left))
    return missed, left


def missed_today(each: Sequence[ModelData]) -> list[np.ndarray]:
    """:func:`shortfalls` of today's sourcing, of one good under several assumptions."""
    alike: dict[tuple[int, int], list[int]] = {}
    for number, data in enumerate(each):
        alike.setdefault((id(data.available), id(data.good.baseline)), []).append(number)
    found: dict[int, np.ndarray] = {}
    for numbers in alike.values():
        of = [each[number] for number in numbers]
        held = np.stack([data.good.stocks for data in of])
        draw = np.array([data.good.value("drawdown") for data in of])
        critical = np.stack([data.critical for data in of])
        arriving = _arriving(of[0], of[0].good.baseline)
        missed, _ = _run(critical[:, None] - arriving, held, draw[:, None] * held)
        found |= dict(zip(numbers, missed, strict=True))
    return [found[number] for number in range(len(each))]


def shortfalls(data: ModelData, plan: pd.DataFrame) -> np.ndarray:
    """Missed critical demand (cutoff × member × month, the good's unit) of a plan (supplier × member)."""
    return course(data, plan).missed


def months_table(data: ModelData, plan: pd.DataFrame | None, planned: ModelData | None = None) -> pd.DataFrame:
    """The table ``months`` of one good; ``plan`` (supplier × member) is None where none survives.

    ``planned`` is the data the plan is run with, where it differs from today's. Empty under solidarity, where it
    is not said who gets what of the pooled deliveries.
    """
    good = data.good
    parts = []
    for pattern, sourcing, of in (("today", good.baseline, data), ("planned", plan, planned or data)):
        if sourcing is None or data.pooled:
            continue
        found = course(of, sourcing)
        cutoffs, members, months = found.missed.shape
        critical = np.broadcast_to(of.critical, found.missed.shape)
        missed = np.where(found.missed > SHORT * critical, found.missed, 0.0)
        before = np.broadcast_to(good.stocks[None, :, None], (cutoffs, members, 1))
        blank = np.full((cutoffs, members, 1), np.nan)
        columns = {
            "critical": np.concatenate([blank, critical], axis=2),
            "delivered": np.concatenate([blank, found.arriving], axis=2),
            "used": np.concatenate([blank, critical - missed], axis=2),
            "stock": np.concatenate([before, found.stock], axis=2),
        }
        s, m, t = np.indices((cutoffs, members, months + 1)).reshape(3, -1)
        keys = {
            "good": good.good,
            "member": np.array(good.members, dtype=object)[m],
            "cutoff": np.array(of.available.cutoffs, dtype=object)[s],
            "pattern": pattern,
            "month": t.astype(float),
        }
        amounts = {name: values.reshape(-1) for name, values in columns.items()}
        parts.append(pd.DataFrame(keys | amounts | {"unit": good.unit}))
    names = list(RESULTS["months"].names)
    return pd.concat(parts, ignore_index=True)[names] if parts else pd.DataFrame(columns=names)


def pooled_shortfalls(data: ModelData, program: Program, problem: str, warm: Warm | None = None) -> np.ndarray:
    """The same under solidarity, for today's sourcing; ``program`` is the pooled model compiled.

    Only how much is missed is asked with a ``warm`` start: when and by whom hangs on the solver's way where there
    is a choice, so that it always sets out from the same place.
    """
    good = data.good
    today = good.baseline.to_dict()
    fixed = {(m, i): float(today[m][i]) for m, i in program.columns["sourcing"]}
    stressed = program.bound("sourcing", lower=fixed, upper=fixed).bound("shortfall", upper=np.inf)
    stressed = stressed.loosen(np.array(list(program.rows.get("below_cap", {}).values()), dtype=int))
    missed = np.zeros((len(data.available.cutoffs), len(good.members), data.months))
    first = minimise(stressed, "least_shortfall", problem, warm)
    if first is None:
        raise SolverError("infeasible even where demand may be missed", problem, program.size)
    if first.objective <= 0.0:
        return missed
    later = minimise(stressed.keep("least_shortfall", first.objective + 1e-9), "latest_shortfall", problem)
    values = program.read((later or first).values, "shortfall")
    for (m, s, t), amount in values.items():
        missed[data.available.cutoffs.index(s), good.members.index(m), t - 1] = amount
    return missed


def survived(data: ModelData, missed: np.ndarray) -> np.ndarray:
    """Cutoff × member: whole months before the first shortfall, H if there is none."""
    short = missed > SHORT * np.maximum(data.critical, 1e-300)
    return np.where(short.any(axis=2), short.argmax(axis=2), data.months)


def stress_table(data: ModelData, missed: np.ndarray) -> pd.DataFrame:
    """The table ``stress``. ALL rows hold the worst month count and the worst month over the rows they stand
    for; total shortfall is summed over members and is that of the worst cutoff."""
    good = data.good
    months = survived(data, missed)
    critical = np.maximum(data.critical, 1e-300)
    missed = np.where(missed > SHORT * critical, missed, 0.0)
    worst = (missed / critical).max(axis=2)
    total = missed.sum(axis=2)
    everyone, every = range(len(good.members)), range(len(data.available.cutoffs))
    rows = []
    for member, who in [*((m, [n]) for n, m in enumerate(good.members)), (ALL, list(everyone))]:
        for cutoff, which in [*((c, [s]) for s, c in enumerate(data.available.cutoffs)), (ALL, list(every))]:
            block = np.ix_(which, who)
            rows.append(
                {
                    "good": good.good,
                    "member": member,
                    "cutoff": cutoff,
                    "months_survived": float(months[block].min()),
                    "worst_shortfall": float(worst[block].max()),
                    "total_shortfall": float(total[block].sum(axis=1).max()),
                    "unit": good.unit,
                }
            )
    return pd.DataFrame(rows, columns=list(RESULTS["stress"].names))
