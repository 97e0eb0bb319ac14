"""What each supplier still delivers, month by month, under each cutoff.

A supplier delivers the part (1 − u_ist)(1 + σ_is(t)) of its contract in month t of cutoff s: u is what the
cutoff takes, σ the surge, counted from the start of the cutoff and kept afterwards (section 3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from resilience.inputs.casefile import Cutoff
from resilience.inputs.parameters import Surge

SIDES = ("outside", "region")


@dataclass(frozen=True)
class Availability:
    """``delivered[s, i, t]`` is the part of a month's contract that supplier i delivers; 1 is all of it.

    Axes: ``cutoffs``, ``suppliers``, months 1 to H. ``lost[s, i, t]`` is what of it supplier i does not deliver
    if it is among the worst that a cutoff of any K takes; zero for all but candidates. ``budget[s, side]`` is
    that K among outsiders (side 0) and region suppliers (side 1). ``hit`` marks suppliers that some cutoff takes
    from; of the region's suppliers that any K may take, members count as not hit, as they still serve themselves.
    ``spared`` holds, by cutoff, members that deliver to themselves otherwise than to the others, and
    ``at_home[s, i, t]`` what a supplier delivers to itself. ``supplied`` is what would be delivered if nobody lost
    inputs, None where nobody does.
    """

    cutoffs: tuple[str, ...]
    suppliers: tuple[str, ...]
    delivered: np.ndarray
    lost: np.ndarray
    budget: np.ndarray
    hit: np.ndarray
    at_home: np.ndarray
    spared: tuple[frozenset[str], ...]
    supplied: np.ndarray | None = None
    derived: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was worked out from it alone and is worth keeping, by name."""

    @property
    def whole(self) -> np.ndarray:
        """What would be delivered if no maker lost its inputs; like ``delivered``."""
        return self.delivered if self.supplied is None else self.supplied

    def slowed(self, part: np.ndarray) -> Availability:
        """The same where makers go on with ``part[s, i, t]`` of what they would deliver, for want of inputs."""
        return replace(self, delivered=self.delivered * part, lost=self.lost * part, supplied=self.delivered)

    def worst_of(self, s: int, side: int, credit: Mapping[str, float], member: str) -> np.ndarray:
        """Positions of the suppliers among which cutoff s takes any K on a side, for a member."""
        if not self.budget[s, side]:
            return np.array([], dtype=int)
        there = np.flatnonzero(self.lost[s].max(axis=1) > 0).tolist()
        names = self.suppliers
        return np.array([i for i in there if (names[i] in credit) == side and names[i] != member], dtype=int)


SET = "\x1f"  # stands between a cutoff's name and the number of a set that was written out


def base(cutoff: str) -> str:
    """The name of the cutoff to which a written-out set belongs."""
    return cutoff.partition(SET)[0]


def with_sets(
    available: Availability, sets: Sequence[tuple[int, tuple[int, ...]]], members: Sequence[str]
) -> Availability:
    """The cutoffs of any K replaced by the given sets, (cutoff, suppliers), each a cutoff of its own."""
    names: list[str] = []
    rows: list[int] = []
    chosen: list[tuple[int, ...]] = []
    for s, name in enumerate(available.cutoffs):
        mine = [which for number, which in sets if number == s] if available.budget[s].any() else [()]
        names += [f"{name}{SET}{n}" if available.budget[s].any() else name for n in range(len(mine))]
        rows += [s] * len(mine)
        chosen += mine
    delivered = available.delivered[rows].copy()
    for n, (s, which) in enumerate(zip(rows, chosen, strict=True)):
        delivered[n, list(which)] -= available.lost[s, list(which)]
    return Availability(
        tuple(names),
        available.suppliers,
        delivered,
        np.zeros_like(delivered),
        np.zeros((len(rows), len(SIDES)), dtype=int),
        available.hit,
        available.at_home[rows],
        tuple(frozenset(available.suppliers[i] for i in which) & frozenset(members) for which in chosen),
    )


def surge(path: Surge, start: int, months: int) -> np.ndarray:
    """σ(t) = sign(max) · min(|max|, rate · max(0, t − (start − 1) − delay)) for t = 1 … months."""
    waited = np.maximum(0.0, np.arange(1, months + 1) - (start - 1) - path.delay)
    return np.sign(path.max) * np.minimum(abs(path.max), path.rate * waited)


def taken(
    cutoff: Cutoff, suppliers: Sequence[str], groups: Mapping[str, Sequence[str]], outside: np.ndarray
) -> np.ndarray:
    """The fraction u that the cutoff takes from each supplier; the largest if it is named more than once."""
    named: dict[str, float] = {}
    for name, fraction in cutoff.cut.items():
        for country in {name, *groups.get(name, ())}:
            named[country] = max(fraction, named.get(country, fraction))
    others = np.where(outside, cutoff.fraction if cutoff.all_outsiders else 0.0, 0.0)
    return np.array(
        [named.get(i, other) for i, other in zip(suppliers, others.tolist(), strict=True)], dtype=float
    )


def applies(cutoff: Cutoff, good: str, category: str) -> bool:
    """Whether the cutoff concerns the good."""
    return cutoff.goods is None or good in cutoff.goods or category in cutoff.goods


def availability(
    cutoffs: Sequence[Cutoff],
    suppliers: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    credit: Mapping[str, float],
    members: Sequence[str],
    months: int,
    region_surge: Surge,
    outside_surge: Surge,
) -> Availability:
    """The parts delivered by every supplier in every month under every cutoff."""
    delivered = np.ones((len(cutoffs), len(suppliers), months))
    lost = np.zeros_like(delivered)
    budget = np.zeros((len(cutoffs), len(SIDES)), dtype=int)
    hit = np.zeros(len(suppliers), dtype=bool)
    at_home = np.ones_like(delivered)
    month = np.arange(1, months + 1)
    outside = np.array([country not in credit for country in suppliers], dtype=bool)
    abroad = np.array([country not in members for country in suppliers], dtype=bool)
    for s, cutoff in enumerate(cutoffs):
        last = months if cutoff.months is None else cutoff.start + cutoff.months - 1
        under = (month >= cutoff.start) & (month <= last)
        rise = np.where(
            outside[:, None],
            surge(outside_surge, cutoff.start, months),
            surge(region_surge, cutoff.start, months),
        )
        budget[s] = cutoff.any, cutoff.any_region
        fraction = taken(cutoff, suppliers, groups, outside)
        at_home[s] += rise
        delivered[s] = np.maximum(0.0, (1.0 - fraction[:, None] * under) * (1.0 + rise))
        candidate = np.where(outside, *(budget[s] > 0)) & (fraction == 0)
        lost[s, candidate] = np.maximum(0.0, cutoff.fraction * under * (1.0 + rise[candidate]))
        hit |= (fraction > 0) | (candidate & abroad & (cutoff.fraction > 0))
    names = tuple(cutoff.name for cutoff in cutoffs)
    nobody = tuple(frozenset[str]() for _ in cutoffs)
    return Availability(names, tuple(suppliers), delivered, lost, budget, hit, at_home, nobody)
