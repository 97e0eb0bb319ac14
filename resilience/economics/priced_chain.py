"""The cheapest plans of goods that are made of each other: one programme for a chain, every share as planned.

The shares of ``chains`` are found one after the other, each with the plans before it fixed. Here all plans are
free again and only the shares are kept, Σ_i κ_i x_im ≤ max(ρ, today's share) (D_m + what makers use more), which
is linear.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyomo.environ as pyo

from resilience.certificate import Solution
from resilience.economics.costs import Costs
from resilience.economics.priced import CostedPlan, add_prices, costs_by_column, read_plan, value_of
from resilience.errors import SolverError
from resilience.model import PART, build_chain
from resilience.program import Program, compile_model
from resilience.reading.chains import Coupled
from resilience.reading.planned import SAME, SLACK, Engine
from resilience.solver import minimise

LEAST_PART = 1e-4  # of the value of the goods; a cost is not measured in less
ROOM = 1e-6  # of share; plans that were fixed one after the other are only as exact as the solver


def below_share(model: pyo.ConcreteModel, m: str) -> pyo.Expression:
    """Σ_i κ_i x_im ≤ limit_m (D_m + extra use of makers): the planned share of demand as the plan makes it."""
    needed = model.demand[m] + (model.extra_use[m] if model.fed and m in model.fed else 0.0)
    return sum(model.credit[i] * model.sourcing[m, i] for i in model.suppliers_of[m]) <= model.limit[m] * needed


class PricedChain:
    """The goods of a chain with prices, ``costs`` and planned ``shares`` by good."""

    def __init__(self, coupled: Coupled, costs: Mapping[str, Costs], shares: Mapping[str, float]):
        self.data, self.costs = coupled.joint.goods, costs
        self.name = " and ".join(self.data)
        model: Any = build_chain(coupled.joint)
        for name, data in self.data.items():
            block = model.good[name]
            add_prices(block, data, costs[name])
            today = data.good.share_today
            limits = {m: max(shares[name], float(today[m])) + ROOM for m in data.good.members}
            block.limit = pyo.Param(block.members, initialize=limits)
            block.below_share = pyo.Constraint(block.members, rule=below_share)
        program = compile_model(model)
        common = [place for name in self.data for place in program.rows[f"{name}{PART}common"].values()]
        self.program = program.loosen(np.array(common, dtype=int))
        self.optima, self.residual = 0, 0.0
        self.chosen = np.zeros(0)  # values of the cheapest plans, once they are found

    @property
    def goods(self) -> tuple[str, ...]:
        """The goods that are solved here."""
        return tuple(self.data)

    @property
    def at_share(self) -> Program:
        """Surviving plans with the planned shares."""
        return self.program

    def cheapest(self, counted: Collection[str]) -> dict[str, CostedPlan]:
        """The plans of least total cost of the counted goods; of equals those nearest to today.

        The least cost is held in parts of itself where it is small beside the value of the goods: in parts of that
        value the solver's tolerance would be an amount that shows.
        """
        total = sum(self.cost(counted).values(), np.zeros(len(self.program.column_size)))
        worth = sum(value_of(data, self.costs[name]) for name, data in self.data.items())
        program = replace(self.program, objectives={"cost": total / worth, "change": self.change})
        solution = self._minimise(program, "cost")
        if solution is not None:
            part = min(1.0, max(solution.objective, LEAST_PART))
            program = replace(program, objectives={"cost": total / worth / part, "change": self.change})
            solution = self._minimise(program.keep("cost", solution.objective / part + SLACK), "change")
        if solution is None:
            raise SolverError("no plan survives though one was found before", self.name, program.size)
        self.chosen = solution.values
        return self.plans(solution.values)

    def _minimise(self, program: Program, objective: str) -> Solution | None:
        solution = minimise(program, objective, f"{self.name}, cheapest plans, {objective}")
        if solution is not None:
            self.optima += 1
            self.residual = max(self.residual, solution.certificate.worst)
        return solution

    def plans(self, values: np.ndarray) -> dict[str, CostedPlan]:
        """The plan of every good in a solution."""
        return {
            name: read_plan(self.program.part(name), values, data, self.costs[name])
            for name, data in self.data.items()
        }

    def cost(self, goods: Collection[str]) -> dict[str, np.ndarray]:
        """What each member pays in USD for those of the goods that are solved here, by column of the programme."""
        found: dict[str, np.ndarray] = {}
        for name, data in self.data.items():
            if name in goods:
                for m, row in costs_by_column(self.program.part(name), data, self.costs[name]).items():
                    found[m] = found[m] + row if m in found else row
        return found

    def part(self, name: str) -> PartOfChain:
        """One good with the plans of all others as in the cheapest, which must have been found."""
        return PartOfChain(self, name)

    @property
    def change(self) -> np.ndarray:
        """How far plans are from today, by column of the programme."""
        return np.sum([self.program.part(name).objectives["least_change"] for name in self.data], axis=0)


class PartOfChain:
    """One good of a chain with prices; the others keep their shares and cost no more than in the cheapest.

    Their plans themselves cannot be held: what makers buy of an input moves with what they make.
    """

    def __init__(self, chain: PricedChain, name: str):
        self.data, self.costs, self.name = chain.data[name], chain.costs[name], name
        others = [other for other in chain.data if other != name]
        worth = sum(value_of(chain.data[other], chain.costs[other]) for other in others)
        theirs = sum(chain.cost(others).values(), np.zeros(len(chain.program.column_size))) / worth
        most = float(theirs @ (chain.chosen / chain.program.column_size))
        held = replace(chain.program, objectives={**chain.program.objectives, "others": theirs})
        own = np.array(list(chain.program.rows[f"{name}{PART}below_share"].values()), dtype=int)
        self.free = held.keep("others", max(0.0, most) + SAME).loosen(own).part(name)  # any share of this good
        self.program = self.free
        self.engine = Engine(self.data, self.program, self.program)
        self.held = f"{', '.join(others)} cost no more than in the cheapest plans"

    def read(self, values: np.ndarray) -> CostedPlan:
        """The plan in a solution of this good's programme."""
        return read_plan(self.program, values, self.data, self.costs)
