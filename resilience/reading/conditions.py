"""Survival of one member's plan as a finite list of linear conditions on the plan alone (section 4).

Stock that is refilled up to B runs as b_t = min(B, b_{t−1} + deliveries − critical demand), so it stays at or
above zero just if, for every window of months, what is held and what arrives covers what is needed. These
conditions need no variables for deliveries, stock or consumption; they are an independent check of the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from resilience.inputs.cutoffs import Availability
from resilience.model import ModelData


@dataclass(frozen=True)
class Windows:
    """What arrives in every window of months under every cutoff, whoever the member is.

    A window runs from the end of month ``after`` to the end of month ``last``; the single months of the drawdown
    stand at the end of both arrays. ``arriving`` (cutoff × window × supplier) and ``lost`` (what any K take) are
    in years of contract. ``kind`` (cutoff × supplier) numbers suppliers that answer the cutoff alike.
    """

    months: int
    after: np.ndarray
    last: np.ndarray
    arriving: np.ndarray
    lost: np.ndarray
    kind: np.ndarray

    @classmethod
    def of(cls, available: Availability) -> Windows:
        """The windows of all cutoffs; the same for all members of a good, and so kept."""
        if "windows" not in available.derived:
            available.derived["windows"] = cls._of(available)
        return cast(Windows, available.derived["windows"])

    @classmethod
    def _of(cls, available: Availability) -> Windows:
        months = available.delivered.shape[2]
        last, after = np.tril_indices(months)
        single = np.arange(months)
        arriving = _in_windows(available.delivered, after, last + 1)
        lost = _in_windows(available.lost, after, last + 1) if available.budget.any() else np.zeros_like(arriving)
        kind = np.zeros(available.delivered.shape[:2], dtype=int)
        for s, delivered in enumerate(available.delivered):
            numbers: dict[bytes, int] = {}
            kind[s] = [numbers.setdefault(parts.tobytes(), len(numbers)) for parts in delivered]
        return cls(
            months,
            np.concatenate([after, single]),
            np.concatenate([last + 1, single + 1]),
            arriving,
            lost,
            kind,
        )


@dataclass(frozen=True)
class Taken:
    """What a cutoff of any K takes, for one condition: ``part`` of the contracts with ``count`` of ``among``."""

    among: np.ndarray  # positions of the candidates, in alphabetical order
    count: int
    part: np.ndarray  # by condition of the cutoff

    def largest(self, plan: np.ndarray) -> np.ndarray:
        """Positions of the candidates with whom a plan has most; ties by name."""
        return self.among[np.argsort(-plan[self.among], kind="stable")[: self.count]]


@dataclass(frozen=True)
class Conditions:
    """``arriving @ x − what any K take ≥ needed`` in the good's unit; ``arriving`` is condition × supplier.

    Conditions stand cutoff by cutoff, for each the same windows (month ``after`` to month ``last``), then single
    months (the drawdown). ``taken`` maps a cutoff of any K to what it takes, with ``part`` by condition of that
    cutoff in their order; ``kind`` (cutoff × supplier) numbers suppliers that answer a cutoff alike.
    """

    suppliers: tuple[str, ...]
    cutoffs: tuple[str, ...]
    after: np.ndarray
    last: np.ndarray
    arriving: np.ndarray
    needed: np.ndarray
    kind: np.ndarray
    taken: dict[str, tuple[Taken, ...]]

    @property
    def month(self) -> np.ndarray:
        """The last month of every condition."""
        return np.tile(self.last, len(self.cutoffs))

    def of(self, cutoff: str) -> slice:
        """Positions of the conditions of one cutoff."""
        start = self.cutoffs.index(cutoff) * len(self.last)
        return slice(start, start + len(self.last))

    def only(self, cutoff: str) -> Conditions:
        """The conditions of one cutoff."""
        rows, s = self.of(cutoff), self.cutoffs.index(cutoff)
        taken = {name: what for name, what in self.taken.items() if name == cutoff}
        return Conditions(
            self.suppliers,
            (cutoff,),
            self.after,
            self.last,
            self.arriving[rows],
            self.needed[rows],
            self.kind[s : s + 1],
            taken,
        )

    def margins(self, plan: np.ndarray) -> np.ndarray:
        """By condition, what arrives under the sets that are worst for ``plan``, less what is needed."""
        margins = self.arriving @ plan - self.needed
        for cutoff, parts in self.taken.items():
            for taken in parts:
                margins[self.of(cutoff)] -= taken.part * plan[taken.largest(plan)].sum()
        return np.asarray(margins)

    def worst_set(self, cutoff: str, plan: np.ndarray) -> tuple[str, ...]:
        """The suppliers that a cutoff of any K takes from ``plan``, in alphabetical order."""
        which = [i for taken in self.taken.get(cutoff, ()) for i in taken.largest(plan)]
        return tuple(sorted(self.suppliers[i] for i in which))

    def hold(self, plan: np.ndarray, tolerance: float = 0.0) -> bool:
        """Whether a plan (by supplier, the good's unit a year) survives."""
        return bool((self.margins(plan) >= -tolerance).all())


def survival_conditions(data: ModelData, member: str, windows: Windows | None = None) -> Conditions:
    """The conditions of section 4 on the plan of one member; ``windows`` are those of its good, if at hand.

    For every cutoff and window (t1, t2]: B + Σ_τ Σ_i (1−u_iτ)(1+σ_i(τ)) x_i/12 ≥ Σ_τ φ·f·d_τ, and for every month
    the same with w in B's place.
    """
    good, available = data.good, data.available
    windows = windows or Windows.of(available)
    n = good.members.index(member)
    held = float(good.stocks[n])
    draw = good.value("drawdown") * held
    longer = slice(len(windows.last) - windows.months)  # all but the single months of the drawdown
    needed_to = np.concatenate([[0.0], np.cumsum(data.critical[n])])
    in_windows = needed_to[windows.last[longer]] - needed_to[windows.after[longer]] - held
    needed = np.concatenate([in_windows, data.critical[n] - draw])
    taken: dict[str, tuple[Taken, ...]] = {}
    for s, cutoff in enumerate(available.cutoffs):
        parts = []
        for side, count in enumerate(available.budget[s].tolist()):
            among = available.worst_of(s, side, good.credit, member)
            if len(among):
                part = windows.lost[s, :, among[0]]
                among = np.array(sorted(among.tolist(), key=available.suppliers.__getitem__))
                parts.append(Taken(among, count, part))
        if parts:
            taken[cutoff] = tuple(parts)
    return Conditions(
        available.suppliers,
        available.cutoffs,
        windows.after,
        windows.last,
        windows.arriving.reshape(-1, len(available.suppliers)),
        np.tile(needed, len(available.cutoffs)),
        windows.kind,
        taken,
    )


def _in_windows(parts: np.ndarray, after: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Monthly parts (cutoff × supplier × month) summed over the windows, then the single months, in years of
    contract: cutoff × window × supplier."""
    monthly = np.ascontiguousarray(parts.transpose(0, 2, 1))
    running = np.concatenate([np.zeros_like(monthly[:, :1]), np.cumsum(monthly, axis=1)], axis=1)
    return np.concatenate([running[:, last] - running[:, after], monthly], axis=1) / 12.0
