"""One question asked of many programmes at once: what the basis of one optimum says of all that wait.

Where the solver has answered for one point of a study, its basis is tried at all others of the same matrix in a
few vectorised steps. What passes the certificate within :data:`FEASIBILITY` needs no solver
(:mod:`resilience.regions`).
"""

from __future__ import annotations

import numpy as np

from resilience.certificate import Certificate, Solution, beyond, residuals
from resilience.program import Many, some
from resilience.regions import Region
from resilience.seen import Asked

FEASIBILITY = 1e-9  # what the solver is asked for, and what a basis must keep where the solver is not asked
OPEN = 0.8  # below this part of waiting programmes the others are left out


class Ahead:
    """The optima of one objective, shared by many programmes, as far as they are known.

    ``asked`` is what it asks of that at ``at``; those behind it that are of the same pattern wait.
    """

    def __init__(self, many: Many, at: int, asked: Asked, cost: np.ndarray):
        self.many, self.asked, self._cost = many, asked, cost
        whole = many.whole
        self._values, shift = asked.fixed_values(whole)
        self._part = asked.part(whole, shift, cost)
        fits = asked.like(whole, cost) & asked.holds(whole, shift, FEASIBILITY)
        fits[: at + 1] = False
        self._waiting, self._open = np.arange(len(fits)), fits
        self._keep_open()
        self._found: dict[int, Solution] = {}

    def _keep_open(self) -> None:
        """Leave out those that no longer wait."""
        self._waiting, self._values = self._waiting[self._open], self._values[self._open]
        self._part = some(self._part, self._open)
        self._open = np.ones(len(self._waiting), dtype=bool)

    def solution(self, at: int) -> Solution | None:
        """The optimum of one of them, if it is known."""
        return self._found.get(at)

    def settle(self, region: Region) -> None:
        """Try a basis at all programmes that wait."""
        if not len(self._waiting):
            return
        values, fine = region.values(self._part, FEASIBILITY)
        at = np.flatnonzero(fine & self._open)
        at = at[beyond(some(self._part, at), values[at]) <= FEASIBILITY]
        if not len(at):
            return
        worst = residuals(some(self._part, at), values[at], *region.multipliers(self._part))
        passed = np.max(worst, axis=0) <= FEASIBILITY
        at = at[passed]
        whole = self._values[at]
        whole[:, self.asked.free] = values[at]
        program = self.many.whole
        self.asked.measure(program.matrix, program.row_lower[self._waiting[at]], whole)
        objectives = whole @ self._cost
        sized = whole * program.column_size
        for n, number in enumerate(self._waiting[at].tolist()):
            certificate = Certificate(*(float(one[passed][n]) for one in worst))
            self._found[number] = Solution(float(objectives[n]), sized[n], certificate)
        self._open[at] = False
        if self._open.sum() < OPEN * len(self._open):
            self._keep_open()
