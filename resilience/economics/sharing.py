"""Who bears how much: the least possible largest burden, the next, and transfers that even out the cheapest plan.

A member's burden is what it pays a year over its gross domestic product. The fair plan is lexicographic: the
largest burden is as small as any plan can make it, then the next (Rawls' difference principle taken to the end;
Ogryczak 1997, "On the lexicographic minimax approach to location problems", European Journal of Operational
Research 100). What it costs more in all than the cheapest plan is the price of fairness (Bertsimas, Farias and
Trichakis 2011, "The price of fairness", Operations Research 59). All goods are blocks of one linear programme.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from resilience.errors import SolverError
from resilience.solver import Program, Warm, minimise

ROOMS = (1e-6, 1e-5, 1e-4)  # of the largest burden; see _within
ROOM = ROOMS[0]  # of the largest burden; how far an earlier member's burden may be exceeded in a later stage
TIED = 1e-5  # of the largest burden; burdens that differ by less are equal


@dataclass(frozen=True)
class Block:
    """One good's programme: ``cost`` is what each member pays in USD, by scaled column; ``change`` breaks ties."""

    name: str
    program: Program
    cost: Mapping[str, np.ndarray]
    change: np.ndarray


@dataclass(frozen=True)
class Shared:
    """The fair plans: ``values`` by block in the model's units, and the burden of each member that counts."""

    values: Mapping[str, np.ndarray]
    gdp_share: Mapping[str, float]
    optima: int
    residual: float


def fair_plans(
    blocks: Sequence[Block],
    fixed: Mapping[str, float],
    gdp: Mapping[str, float],
    limits: Mapping[str, float],
    unit: float,
) -> Shared:
    """The lexicographic min–max of burdens over all blocks.

    ``fixed`` is what each member pays in any case, ``gdp`` in USD of the members whose burden counts. ``limits``
    are the most that others may pay, so that nothing is put on them because they do not count. ``unit`` is about
    the size of the largest burden, so that tolerances are small beside it. Raises
    :class:`~resilience.errors.SolverError` if the blocks have no plan.
    """
    return _Fair(blocks, fixed, gdp, limits, unit).solve()


class _Fair:
    """The blocks side by side, a row a member, and a column for the largest burden among those still open."""

    def __init__(
        self,
        blocks: Sequence[Block],
        fixed: Mapping[str, float],
        gdp: Mapping[str, float],
        limits: Mapping[str, float],
        unit: float,
    ):
        self.blocks, self.fixed, self.gdp = blocks, fixed, gdp
        self.members = list(gdp)
        sizes = [len(block.program.column_size) for block in blocks]
        self.starts = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
        self.count = int(self.starts[-1])
        burden = {m: self._costs(m) / gdp[m] for m in self.members}
        self.burden = {m: row / unit for m, row in burden.items()}
        self.base = {m: fixed.get(m, 0.0) / gdp[m] / unit for m in self.members}
        self.program = self._stacked(limits)
        self.warm = Warm()
        self.unit, self.optima, self.residual = unit, 0, 0.0

    def _costs(self, member: str) -> np.ndarray:
        """What a member pays in USD, by column."""
        parts = [block.cost.get(member, np.zeros(len(block.program.column_size))) for block in self.blocks]
        return np.concatenate([np.zeros(0), *parts])

    def _stacked(self, limits: Mapping[str, float]) -> Program:
        programs = [block.program for block in self.blocks]
        rows = [np.append(self.burden[m], -1.0) for m in self.members]
        upper = [-self.base[m] for m in self.members]
        for m, most in limits.items():
            cost = self._costs(m)
            size = max(abs(most), float(np.abs(cost).max(initial=0.0)), 1e-300)
            rows.append(np.append(cost / size, 0.0))
            upper.append((most - self.fixed.get(m, 0.0)) / size + ROOM)
        whole = sparse.block_diag([*(program.matrix for program in programs), np.zeros((0, 1))], format="csr")
        matrix = sparse.vstack([whole, sparse.csr_matrix(np.array(rows))], format="csr")
        batch, number = [], 0
        for program in programs:
            batch.append(np.where(program.batch >= 0, program.batch + number, -1))
            number += int(program.batch.max(initial=-1)) + 1
        more, free = len(rows), np.full(len(rows), -np.inf)
        return Program(
            name="sharing",
            matrix=matrix,
            row_lower=np.concatenate([*(program.row_lower for program in programs), free]),
            row_upper=np.concatenate([*(program.row_upper for program in programs), np.array(upper)]),
            column_lower=np.concatenate([*(program.column_lower for program in programs), [-np.inf]]),
            column_upper=np.concatenate([*(program.column_upper for program in programs), [np.inf]]),
            column_size=np.concatenate([*(program.column_size for program in programs), [1.0]]),
            objectives={},
            columns={},
            rows={"burden": {m: whole.shape[0] + n for n, m in enumerate(self.members)}},
            batch=np.concatenate([*batch, np.full(more, -1)]),
        )

    def _minimise(self, program: Program, cost: np.ndarray, problem: str) -> np.ndarray:
        """Values by scaled column."""
        asked = replace(program, objectives={"asked": cost})
        found = minimise(asked, "asked", f"sharing, {problem}", self.warm)
        if found is None:
            raise SolverError(
                "no plan keeps burdens that were reached before", f"sharing, {problem}", program.size
            )
        self.optima += 1
        self.residual = max(self.residual, found.certificate.worst)
        return found.values / program.column_size

    def _burden(self, member: str, values: np.ndarray) -> float:
        return self.base[member] + float(self.burden[member] @ values[:-1])

    def _within(self, held: Mapping[str, float], cost: np.ndarray, problem: str) -> np.ndarray:
        """Minimise while some burdens are held; with more room where they are lost in the solver's tolerances."""
        for room in ROOMS:
            try:
                return self._minimise(self._held(held, room), cost, problem)
            except SolverError:
                if room == ROOMS[-1]:
                    raise
        raise AssertionError("there is no room to try")

    def _held(self, most: Mapping[str, float], room: float) -> Program:
        """The programme in which some burdens are at most what is given, and no longer below the open largest."""
        upper, matrix = self.program.row_upper.copy(), self.program.matrix.copy()
        for m, value in most.items():
            row = self.program.rows["burden"][m]
            upper[row] = value - self.base[m] + room
            matrix[row, self.count] = 0.0
        return replace(self.program, matrix=matrix, row_upper=upper)

    def solve(self) -> Shared:
        """Stage by stage: the largest burden, who cannot be below it, then the largest of the rest."""
        held: dict[str, float] = {}
        largest = np.append(np.zeros(self.count), 1.0)
        while len(held) < len(self.members):
            open_ = [m for m in self.members if m not in held]
            values = self._within(held, largest, f"largest burden of {', '.join(open_)}")
            most = float(values[-1])
            stuck = [m for m in open_ if self._least(m, held, open_, most) >= most - TIED * max(1.0, abs(most))]
            if not stuck:  # lost in tolerances: the one that is highest
                stuck = [max(open_, key=lambda m: self._burden(m, values))]
            held |= dict.fromkeys(stuck, most)
        change = np.append(np.concatenate([np.zeros(0), *(block.change for block in self.blocks)]), 0.0)
        values = self._within(held, change, "nearest to today")
        own = {
            block.name: values[start:stop] * block.program.column_size
            for block, start, stop in zip(self.blocks, self.starts[:-1], self.starts[1:], strict=True)
        }
        return Shared(own, {m: most * self.unit for m, most in held.items()}, self.optima, self.residual)

    def _least(self, member: str, held: Mapping[str, float], open_: Sequence[str], most: float) -> float:
        """How low a member's burden can be while nobody exceeds what it has and no open one the largest."""
        others = {m: most for m in open_ if m != member}
        cost = np.append(self.burden[member], 0.0)
        values = self._within({**held, **others, member: most}, cost, f"burden of {member}")
        return self._burden(member, values)


def least_transfers(usd: Mapping[str, float], gdp: Mapping[str, float], largest: float) -> dict[str, float]:
    """Transfers, positive for who gets them, that bring every burden down to ``largest`` of GDP at the most.

    Who is above gets what is too much; it is given by those with the least burdens, up to one common burden that
    nobody who gives exceeds. They add up to zero. Raises ValueError if ``largest`` is below what all bear
    together.
    """
    mean = sum(usd.values()) / sum(gdp.values())
    if largest < mean * (1 - TIED):
        raise ValueError("no transfers bring all burdens below their mean")
    largest = max(largest, mean)
    gets = {m: max(0.0, usd[m] - largest * gdp[m]) for m in usd}
    needed = sum(gets.values())
    order = sorted(usd, key=lambda m: usd[m] / gdp[m])
    level, given, wide = 0.0, 0.0, 0.0
    for n, m in enumerate(order):  # raise the level until what is given is enough
        wide += gdp[m]
        given += usd[m]
        level = (needed + given) / wide
        if n + 1 == len(order) or level <= usd[order[n + 1]] / gdp[order[n + 1]]:
            break
    gives = {m: max(0.0, level * gdp[m] - usd[m]) for m in usd} if needed > 0 else dict.fromkeys(usd, 0.0)
    return {m: gets[m] - gives[m] for m in usd}


def equal_transfers(usd: Mapping[str, float], gdp: Mapping[str, float]) -> dict[str, float]:
    """Transfers after which everybody bears the same part of GDP."""
    mean = sum(usd.values()) / sum(gdp.values())
    return {m: usd[m] - mean * gdp[m] for m in usd}
