"""Programmes that only a few rows tie together: an optimum of all of them, found one by one.

Goods that do not go into each other share nothing but what members pay for them together. A small programme mixes
plans of each block that were found before and puts a price on every tie; each block then gives the plan that is
best at these prices, until no plan helps any more (Dantzig and Wolfe 1960, "Decomposition principle for linear
programs", Operations Research 8). The optimum is that of the whole programme, of which only one block at a time
is ever given to the solver.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from resilience.errors import SolverError
from resilience.program import Program
from resilience.solver import TOLERANCE, Warm, minimise, minimise_mixed

HELPS = 1e-10  # a plan must be better by this to be kept
NOTHING = 4e-9  # parts of the largest entry of a tie that the solver would drop (HiGHS: 1e-9)
MOST_ROUNDS = 1000


@dataclass(frozen=True)
class Block:
    """One programme: ``ties`` is tie × scaled column, what a plan adds to each tie."""

    name: str
    program: Program
    ties: np.ndarray


@dataclass(frozen=True)
class Beside:
    """What stands beside the blocks: own columns, tie × column in ``ties``, with costs and bounds."""

    ties: np.ndarray
    cost: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


@dataclass(frozen=True)
class Together:
    """An optimum: ``values`` by scaled column of each block, those of the columns beside, multipliers of the ties.

    ``gap`` is how far the optimum may be from the least possible at the most, over its size or 1.
    """

    objective: float
    values: Sequence[np.ndarray]
    beside: np.ndarray
    multipliers: np.ndarray
    gap: float


class Tied:
    """Blocks and the plans found of each; ``optima``, ``rounds`` and ``residual`` tell of what was solved."""

    def __init__(self, blocks: Sequence[Block]):
        self.blocks = blocks
        self.plans: list[list[np.ndarray]] = [[] for _ in blocks]
        self.warm = Warm()
        self.optima, self.residual, self.rounds = 0, 0.0, 0

    def add_best(self, costs: Sequence[np.ndarray]) -> None:
        """Find and keep the plan of least cost of each block; ``costs`` by scaled column."""
        for n, cost in enumerate(costs):
            self.plans[n].append(self._best(n, cost))

    def minimise(
        self, most: np.ndarray, beside: Beside, costs: Sequence[np.ndarray] | None, problem: str
    ) -> Together:
        """Minimise Σ costs · plans + what stands beside, while each tie adds up to ``most`` at the most.

        The plans that are known must be able to keep the ties. Raises :class:`~resilience.errors.SolverError`,
        naming ``problem``, if they are not, if an optimum is not certified, or if the gap does not close.
        """
        for _ in range(MOST_ROUNDS):
            mixed, worth = self._mix(most, beside, costs, problem)
            gap, better = 0.0, []
            for n, block in enumerate(self.blocks):
                cost = mixed.multipliers @ block.ties + (costs[n] if costs is not None else 0.0)
                plan = self._best(n, cost)
                gain = worth[n] - float(cost @ plan)
                gap += max(0.0, gain)
                if gain > HELPS:
                    better.append((n, plan))
            self.rounds += 1
            gap /= max(1.0, abs(mixed.objective))
            if not better or gap <= HELPS:
                break
            for n, plan in better:
                self.plans[n].append(plan)
        if gap > TOLERANCE:
            size = sum(len(plans) for plans in self.plans)
            raise SolverError(f"the gap of {gap:.1e} did not close", problem, (len(most), size, 0))
        self.residual = max(self.residual, gap)
        return replace(mixed, gap=gap)

    def _best(self, n: int, cost: np.ndarray) -> np.ndarray:
        """The plan of a block that costs least, within its bounds; costs are measured by their largest."""
        block, size = self.blocks[n], float(np.abs(cost).max(initial=0.0))
        if size == 0 and self.plans[n]:
            return self.plans[n][0]
        program = replace(block.program, objectives={"asked": cost / (size or 1.0)})
        found = minimise(program, "asked", block.name, self.warm)
        if found is None:
            raise SolverError("no plan survives though one was found before", block.name, program.size)
        self.optima += 1
        self.residual = max(self.residual, found.certificate.worst)
        # What lies beyond a bound by the solver's tolerance would gain as much as a high price makes of it.
        return np.clip(found.values / program.column_size, program.column_lower, program.column_upper)

    def _mix(
        self, most: np.ndarray, beside: Beside, costs: Sequence[np.ndarray] | None, problem: str
    ) -> tuple[Together, np.ndarray]:
        """The best mixture of known plans, and what a plan of each block must cost less than to help."""
        owner = np.repeat(np.arange(len(self.blocks)), [len(plans) for plans in self.plans])
        loads = np.column_stack(
            [block.ties @ plan for block, plans in zip(self.blocks, self.plans, strict=True) for plan in plans]
        )
        own_cost = np.zeros(len(owner))
        if costs is not None:
            parts = [cost @ plan for cost, plans in zip(costs, self.plans, strict=True) for plan in plans]
            own_cost = np.array(parts)
        loads[np.abs(loads) < NOTHING * np.maximum(1.0, np.abs(loads).max(axis=1, keepdims=True))] = 0.0
        parts_of_one = (owner == np.arange(len(self.blocks))[:, None]).astype(float)
        empty = np.zeros((len(self.blocks), len(beside.cost)))
        cost = np.concatenate([own_cost, beside.cost])
        size = float(np.abs(cost).max()) or 1.0
        found = minimise_mixed(
            cost / size,
            sparse.csr_matrix(np.block([[loads, beside.ties], [parts_of_one, empty]])),
            (
                np.concatenate([np.full(len(most), -np.inf), np.ones(len(self.blocks))]),
                np.concatenate([most, np.ones(len(self.blocks))]),
            ),
            (
                np.concatenate([np.zeros(len(owner)), beside.lower]),
                np.concatenate([np.full(len(owner), np.inf), beside.upper]),
            ),
            np.zeros(len(cost), dtype=bool),
            problem,
        )
        if found is None:
            raise SolverError("the plans that are known cannot keep the ties", problem, (len(most), len(cost), 0))
        self.optima += 1
        parts_used = np.maximum(found.values[: len(owner)], 0.0)
        values = []
        for n, plans in enumerate(self.plans):
            used = parts_used[owner == n]
            values.append(np.tensordot(used / used.sum(), np.array(plans), axes=1))
        multipliers = np.maximum(-found.duals[: len(most)], 0.0) * size
        together = Together(found.objective * size, values, found.values[len(owner) :], multipliers, np.inf)
        return together, found.duals[len(most) :] * size
