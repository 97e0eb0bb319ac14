"""Cutoffs of any K under solidarity: sets are written out one after the other until no worse one is left.

When members pool what the region delivers, one set hits all of them at once, and the worst set of one member need
not be that of the others, so that no single number stands for the worst case (see ``model``). This is
column-and-constraint generation (Zeng and Zhao 2013): the model holds the sets found so far, and for each plan
that it comes up with ``worst_cut`` looks for the set that makes the total shortfall largest.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from resilience.inputs.cutoffs import base, with_sets
from resilience.model import ModelData, classes_of
from resilience.program import Program
from resilience.reading.worst_cut import Survival, Threat, worst_cut
from resilience.schema import ALL

HARMLESS = 1e-6  # a shortfall below this part of a year's critical demand is rounding


class Solidarity:
    """The pooled data of one good and the sets of its cutoffs of any K that were written out so far."""

    def __init__(self, data: ModelData):
        self.data = data
        good, available = data.good, data.available
        members = {name: n for n, name in enumerate(good.members)}
        self.survival = Survival(
            critical=data.critical,
            held=good.stocks,
            draw=good.value("drawdown") * good.stocks,
            pooled=np.array([name in good.credit for name in available.suppliers]),
            home=np.array([members.get(name, -1) for name in available.suppliers]),
        )
        self.sets: list[tuple[int, tuple[int, ...]]] = []
        self.missed = 0.0
        today = good.baseline.loc[list(available.suppliers), good.members].to_numpy(dtype=float)
        for s in np.flatnonzero(available.budget.any(axis=1)):
            self.sets.append((int(s), self._worst(int(s), today)[0]))

    def written_out(self, data: ModelData | None = None) -> ModelData:
        """The pooled data, or those of the same good with other numbers, with the sets in place of any K."""
        data = self.data if data is None else replace(data, pooled=True)
        if not data.available.budget.any():
            return data
        available = with_sets(data.available, self.sets, data.good.members)
        return replace(data, available=available, class_of=classes_of(data.good, available, pooled=True))

    def worst(self, missed: np.ndarray) -> np.ndarray:
        """Shortfalls by set reduced to shortfalls by cutoff: of each cutoff the set that misses most."""
        cutoffs = self.data.available.cutoffs
        if len(missed) == len(cutoffs):
            return missed
        names = [base(name) for name in self.written_out().available.cutoffs]
        total = missed.sum(axis=(1, 2))
        return np.stack(
            [
                missed[max((n for n, one in enumerate(names) if one == cutoff), key=lambda n: total[n])]
                for cutoff in cutoffs
            ]
        )

    def finds_worse(self, program: Program, plans: list[tuple[str, np.ndarray]]) -> bool:
        """Whether some plan fails under a set that is not yet written out; if so, that set is added."""
        good, available = self.data.good, self.data.available
        critical = max(float(self.data.critical.sum()), 1e-300)  # zero if nothing is critical
        floor = HARMLESS * critical
        found = set(self.sets)
        self.missed = 0.0
        for cutoff, values in plans:
            contracts = np.zeros((len(available.suppliers), len(good.members)))
            place = {name: n for n, name in enumerate(available.suppliers)}
            for (m, i), amount in program.read(values, "sourcing").items():
                contracts[place[i], good.members.index(m)] = amount
            for s in np.flatnonzero(available.budget.any(axis=1)):
                if cutoff in (ALL, available.cutoffs[s]):
                    which, shortfall = self._worst(int(s), contracts)
                    self.missed = max(self.missed, shortfall / critical)
                    if shortfall > floor:
                        found.add((int(s), which))
        more = len(found) > len(self.sets)
        self.sets = sorted(found)
        return more

    def stands(self, share: float, worse: bool) -> str:
        """How far the search is: the lower bound, which is the share once no set is worse, and what is missed."""
        known = f"share {'at least' if worse else 'exactly'} {share:.6f}, {len(self.sets)} sets written out"
        return known + (f", worst set found misses {self.missed:.2%} of critical demand" if worse else ", gap 0")

    def _worst(self, s: int, contracts: np.ndarray) -> tuple[tuple[int, ...], float]:
        """The worst set of a cutoff for a plan, and the total shortfall."""
        good, available = self.data.good, self.data.available
        side = int(np.flatnonzero(available.budget[s])[0])
        inside = self.survival.pooled
        candidates = (inside if side else ~inside) & (available.lost[s].max(axis=1) > 0)
        delivered = available.delivered[s]
        part = np.divide(available.lost[s], delivered, out=np.zeros_like(delivered), where=delivered > 0)
        threat = Threat(
            delivered=delivered,
            taken=part * candidates[:, None],
            candidates=candidates,
            most=int(available.budget[s, side]),
        )
        cut = worst_cut(self.survival, contracts, threat, name=f"{good.good}, worst set of {available.cutoffs[s]}")
        which = list(cut.suppliers)
        # A choice that changes nothing may be left out; the budget is used up all the same.
        others = set(np.flatnonzero(candidates).tolist()) - set(which)
        rest = sorted(others, key=lambda i: (-contracts[i].sum(), i))
        which += rest[: threat.most - len(which)]
        return tuple(sorted(which)), cut.shortfall
