"""Stress test: what today's sourcing (or any other plan) gives, month by month, under a cutoff.

A cutoff of any K takes from each member the K suppliers it buys most from. Demand is met greedily:
c = min(critical demand, what is there), what is left over refills the stock up to what was held at the start, and
no more than the drawdown is taken from it in a month. Under solidarity the deliveries of region suppliers are
pooled, and a linear programme finds the least total shortfall, as late as it can come.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from resilience.errors import SolverError
from resilience.model import ModelData, in_order
from resilience.schema import ALL, RESULTS
from resilience.solver import Program, minimise

SHORT = 1e-7  # a shortfall below this part of a month's critical demand is rounding


def shortfalls(data: ModelData, plan: pd.DataFrame) -> np.ndarray:
    """Missed critical demand (cutoff × member × month, the good's unit) of a plan (supplier × member)."""
    good, available = data.good, data.available
    contracts = in_order(plan, list(available.suppliers), good.members).to_numpy(dtype=float)
    arriving = np.einsum("sit,im->smt", available.delivered, contracts) / 12.0
    held = good.stock.to_numpy(dtype=float)
    most = good.value("drawdown") * held
    for s in range(arriving.shape[0]):
        for side in range(available.budget.shape[1]):
            for n, member in enumerate(good.members):
                which = available.worst_of(s, side, good.credit, member)
                if len(which):
                    largest = np.sort(contracts[which, n])[::-1][: available.budget[s, side]].sum()
                    arriving[s, n] -= available.lost[s, which[0]] * largest / 12.0
    missed = np.zeros_like(arriving)
    stock = np.tile(held, (len(arriving), 1))  # cutoff × member
    for t in range(arriving.shape[2]):
        lacking = data.critical[:, t] - arriving[:, :, t]
        drawn = np.clip(lacking, 0.0, np.minimum(stock, most))
        missed[:, :, t] = np.maximum(lacking - drawn, 0.0)
        stock = np.minimum(held, stock - drawn + np.maximum(-lacking, 0.0))
    return missed


def pooled_shortfalls(data: ModelData, program: Program, problem: str) -> np.ndarray:
    """The same under solidarity, for today's sourcing; ``program`` is the pooled model compiled."""
    good = data.good
    fixed = {(m, i): float(good.baseline.at[i, m]) for m, i in program.columns["sourcing"]}
    stressed = program.bound("sourcing", lower=fixed, upper=fixed).bound("shortfall", upper=np.inf)
    stressed = stressed.loosen(np.array(list(program.rows.get("below_cap", {}).values()), dtype=int))
    missed = np.zeros((len(data.available.cutoffs), len(good.members), data.months))
    first = minimise(stressed, "least_shortfall", problem)
    if first is None:
        raise SolverError("infeasible even where demand may be missed", problem, program.size)
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
