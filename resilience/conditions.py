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
class Taken:
    """What a cutoff of any K takes, for one condition: ``part`` of the contracts with ``count`` of ``among``."""

    among: np.ndarray  # positions of the candidates
    count: int
    part: np.ndarray  # by condition of the cutoff


@dataclass(frozen=True)
class Conditions:
    """``arriving @ x − what any K take ≥ needed`` in the good's unit; ``arriving`` is condition × supplier.

    ``labels`` has one row a condition: cutoff, after (month before the window), month (its last month) and
    limit, "stock" for the windows and "drawdown" for the single months. ``taken`` maps a cutoff of any K to what
    it takes, with ``part`` by condition of that cutoff in their order.
    """

    suppliers: tuple[str, ...]
    arriving: np.ndarray
    needed: np.ndarray
    labels: pd.DataFrame
    taken: dict[str, tuple[Taken, ...]]

    def of(self, cutoff: str) -> np.ndarray:
        """Positions of the conditions of one cutoff."""
        return np.flatnonzero(self.labels["cutoff"].to_numpy() == cutoff)

    def only(self, cutoff: str) -> Conditions:
        """The conditions of one cutoff."""
        rows = self.of(cutoff)
        taken = {name: what for name, what in self.taken.items() if name == cutoff}
        labels = self.labels.iloc[rows].reset_index(drop=True)
        return Conditions(self.suppliers, self.arriving[rows], self.needed[rows], labels, taken)

    def worst(self, plan: np.ndarray) -> np.ndarray:
        """The conditions' coefficients under the sets that are worst for ``plan``; condition × supplier."""
        coefficients = self.arriving.copy()
        for cutoff, parts in self.taken.items():
            rows = self.of(cutoff)
            for taken in parts:
                for position in largest(plan, taken.among, taken.count, self.suppliers):
                    coefficients[rows, position] -= taken.part
        return coefficients

    def worst_set(self, cutoff: str, plan: np.ndarray) -> tuple[str, ...]:
        """The suppliers that a cutoff of any K takes from ``plan``, in alphabetical order."""
        found: list[str] = []
        for taken in self.taken.get(cutoff, ()):
            found += [self.suppliers[i] for i in largest(plan, taken.among, taken.count, self.suppliers)]
        return tuple(sorted(found))

    def hold(self, plan: np.ndarray, tolerance: float = 0.0) -> bool:
        """Whether a plan (by supplier, the good's unit a year) survives."""
        return bool((self.worst(plan) @ plan >= self.needed - tolerance).all())


def largest(plan: np.ndarray, among: np.ndarray, count: int, names: tuple[str, ...]) -> list[int]:
    """Positions of the ``count`` suppliers among some with whom a plan has most; ties by name."""
    return sorted(among.tolist(), key=lambda i: (-plan[i], names[i]))[:count]


def survival_conditions(data: ModelData, member: str) -> Conditions:
    """The conditions of section 4 on the plan of one member.

    For every cutoff and window (t1, t2]: B + Σ_τ Σ_i (1−u_iτ)(1+σ_i(τ)) x_i/12 ≥ Σ_τ φ·f·d_τ, and for every month
    the same with w in B's place.
    """
    good, available = data.good, data.available
    n = good.members.index(member)
    held = float(good.stock[member])
    draw = good.value("drawdown") * held
    last, before = (index + 1 for index in np.tril_indices(data.months))
    before = before - 1  # windows (before, last]
    needed_to = np.concatenate([[0.0], np.cumsum(data.critical[n])])
    months = np.arange(1, data.months + 1)
    windows = (needed_to[last] - needed_to[before] - held, data.critical[n] - draw)
    arriving, labels = [], []
    needed: list[np.ndarray] = []
    taken: dict[str, tuple[Taken, ...]] = {}
    for s, cutoff in enumerate(available.cutoffs):
        arriving.append(_in_windows(available.delivered[s], before, last))
        needed += windows
        labels.append(
            pd.DataFrame(
                {
                    "cutoff": cutoff,
                    "after": np.concatenate([before, months - 1]),
                    "month": np.concatenate([last, months]),
                    "limit": np.repeat(["stock", "drawdown"], [len(last), len(months)]),
                }
            )
        )
        parts = []
        for side in range(available.budget.shape[1]):
            among = available.worst_of(s, side, good.credit, member)
            if len(among):
                part = _in_windows(available.lost[s, among[:1]], before, last)[:, 0]
                parts.append(Taken(among, int(available.budget[s, side]), part))
        if parts:
            taken[cutoff] = tuple(parts)
    return Conditions(
        available.suppliers,
        np.vstack(arriving),
        np.concatenate(needed),
        pd.concat(labels, ignore_index=True),
        taken,
    )


def _in_windows(parts: np.ndarray, before: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Monthly parts (supplier × month) summed over the windows and the single months, in years of contract."""
    running = np.concatenate([np.zeros((len(parts), 1)), np.cumsum(parts, axis=1)], axis=1)
    return np.concatenate([running[:, last] - running[:, before], parts], axis=1).T / 12.0
