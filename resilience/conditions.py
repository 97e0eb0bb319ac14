"""Survival of one member's plan as a finite list of linear conditions on the plan alone (section 4).

Stock that is refilled up to B runs as b_t = min(B, b_{t−1} + deliveries − critical demand), so it stays at or
above zero just if, for every window of months, what is held and what arrives covers what is needed. These
conditions need no variables for deliveries, stock or consumption; they are an independent check of the model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from resilience.model import ModelData


@dataclass(frozen=True)
class Conditions:
    """``arriving @ x ≥ needed`` in the good's unit; ``arriving`` is condition × supplier.

    ``labels`` has one row a condition: cutoff, after (month before the window), month (its last month) and
    limit, "stock" for the windows and "drawdown" for the single months.
    """

    arriving: np.ndarray
    needed: np.ndarray
    labels: pd.DataFrame

    def hold(self, plan: np.ndarray, tolerance: float = 0.0) -> bool:
        """Whether a plan (by supplier, the good's unit a year) survives."""
        return bool((self.arriving @ plan >= self.needed - tolerance).all())


def survival_conditions(data: ModelData, member: str) -> Conditions:
    """For every cutoff and window (t1, t2]: B + Σ_τ Σ_i (1−u_iτ)(1+σ_i(τ)) x_i/12 ≥ Σ_τ φ·f·d_τ, and for every
    month the same with w in B's place."""
    good = data.good
    n = good.members.index(member)
    held = float(good.stock[member])
    draw = good.value("drawdown") * held
    months = data.months
    running = np.concatenate([[0.0], np.cumsum(data.critical[n])])
    arriving, needed, labels = [], [], []
    for s, cutoff in enumerate(data.available.cutoffs):
        monthly = data.available.delivered[s] / 12.0
        total = np.concatenate([np.zeros((len(good.suppliers), 1)), np.cumsum(monthly, axis=1)], axis=1)
        for last in range(1, months + 1):
            for before in range(last):
                arriving.append(total[:, last] - total[:, before])
                needed.append(running[last] - running[before] - held)
                labels.append((cutoff, before, last, "stock"))
            arriving.append(monthly[:, last - 1])
            needed.append(data.critical[n, last - 1] - draw)
            labels.append((cutoff, last - 1, last, "drawdown"))
    return Conditions(
        np.array(arriving),
        np.array(needed),
        pd.DataFrame(labels, columns=["cutoff", "after", "month", "limit"]),
    )
