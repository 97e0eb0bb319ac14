"""One question asked of many programmes at once: what the basis of one optimum says of all that wait.

Where the solver has answered for one point of a study, its basis is tried at all others of the same matrix in a
few vectorised steps. What passes the certificate within :data:`FEASIBILITY` needs no solver
(:mod:`resilience.regions`).
"""

from __future__ import annotations

import numpy as np

from resilience.certificate import Certificate, Solution, residuals
from resilience.program import Many, some
from resilience.regions import Region
from resilience.seen import Asked

FEASIBILITY = 1e-9  # what the solver is asked for, and what a basis must keep where the solver is not asked


class Ahead:
    """The optima of one objective of many programmes, as far as they are known.

    ``asked`` is what it asks of one of them.
    """

    def __init__(self, many: Many, asked: Asked, cost: np.ndarray):
        self._many, self._cost, self._asked = many, cost, asked
        whole = many.whole
        self._values, shift = asked.fixed_values(whole)
        self._part = asked.part(whole, shift, cost)
        self._waiting = np.flatnonzero(asked.like(whole, cost) & asked.holds(whole, shift, FEASIBILITY))
        self._found: dict[int, Solution] = {}

    def about(self, many: Many, cost: np.ndarray) -> bool:
        """Whether these are the programmes and the objective."""
        return many is self._many and (cost is self._cost or np.array_equal(cost, self._cost))

    def solution(self, at: int) -> Solution | None:
        """The optimum of one of them, if it is known."""
        return self._found.get(at)

    def settle(self, region: Region) -> None:
        """Try a basis at all programmes that wait."""
        at = self._waiting
        if not len(at):
            return
        values, fine = region.values(some(self._part, at), FEASIBILITY)
        at, values = at[fine], values[fine]
        if not len(at):
            return
        worst = residuals(some(self._part, at), values, *region.multipliers(self._part))
        passed = np.max(worst, axis=0) <= FEASIBILITY
        at, values = at[passed], values[passed]
        if not len(at):
            return
        whole = self._values[at]
        whole[:, self._asked.free] = values
        program = some(self._many.whole, at)
        self._asked.measure(program, whole)
        objectives = whole @ self._cost
        sized = whole * program.column_size
        for n, number in enumerate(at.tolist()):
            certificate = Certificate(*(float(one[passed][n]) for one in worst))
            self._found[number] = Solution(float(objectives[n]), sized[n], certificate)
        self._waiting = np.setdiff1d(self._waiting, at, assume_unique=True)
