"""The cheapest plans of goods that are made of each other: one programme for a chain, every share as planned.

The shares of ``chains`` are found one after the other, each with the plans before it fixed. Here all plans are
free again and only the shares are kept, Σ_i κ_i x_im ≤ max(ρ, today's share) (D_m + what makers use more), which
is linear.

The price of one more point of a good is what its whole chain costs more: one more point of magnets asks for more
compounds, too. Floors stand in the place of the limits above, ρ for every good of the chain that must change.
Where makers use the good, its demand moves with their plan. A floor that is a number is exact even so; the price
beside it counts the demand of the cheapest plan there, as the derivative of the least cost does (the envelope
theorem; Milgrom and Segal 2002, "Envelope theorems for arbitrary choice sets", Econometrica 70).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyomo.environ as pyo
from scipy import sparse

from resilience.certificate import Solution
from resilience.economics.costs import Costs
from resilience.economics.priced import CostedPlan, add_prices, costs_by_column, read_plan, value_of
from resilience.economics.share_price import Rising, price_of_share
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


def above_floor(model: pyo.ConcreteModel, m: str) -> pyo.Expression:
    """floor (D_m + extra use of makers) + more_share D_m − Σ_i κ_i x_im ≤ 0: the requirement as a rule."""
    more = model.extra_use[m] if model.fed and m in model.fed else 0.0
    credited = sum(model.credit[i] * model.sourcing[m, i] for i in model.suppliers_of[m])
    return model.floor * (model.demand[m] + more) + model.more_share * model.demand[m] - credited <= 0


class PricedChain:
    """The goods of a chain with prices, ``costs`` and planned ``shares`` by good.

    ``changing`` are those that do not survive as they are bought today, for which a floor is set.
    """

    def __init__(
        self,
        coupled: Coupled,
        costs: Mapping[str, Costs],
        shares: Mapping[str, float],
        changing: Collection[str],
    ):
        self.coupled, self.data, self.costs, self.shares = coupled, coupled.joint.goods, costs, shares
        self.name = " and ".join(self.data)
        model: Any = build_chain(coupled.joint)
        for name, data in self.data.items():
            block = model.good[name]
            add_prices(block, data, costs[name])
            today = data.good.share_today
            limits = {m: max(shares[name], float(today[m])) + ROOM for m in data.good.members}
            block.limit = pyo.Param(block.members, initialize=limits)
            block.below_share = pyo.Constraint(block.members, rule=below_share)
            block.floor = shares[name]
            block.more_share = pyo.Var(bounds=(0, 0))
            block.above_floor = pyo.Constraint(block.members, rule=above_floor)
        program = compile_model(model)
        common, below, above = (
            {name: list(program.rows[f"{name}{PART}{row}"].values()) for name in self.data}
            for row in ("common", "below_share", "above_floor")
        )
        program = program.loosen(_places(common, self.data))
        self.program = program.loosen(_places(above, self.data))
        met = [name for name in self.data if name not in changing]
        self.floored = program.loosen(_places(below, self.data)).loosen(_places(above, met))
        self.optima, self.residual = 0, 0.0
        # Both are known once the cheapest plans are found: their values, and what they cost in USD by column.
        self.chosen, self.total = np.zeros(0), np.zeros(0)

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
        total = self.total = sum(self.cost(counted).values(), np.zeros(len(self.program.column_size)))
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
        what = "price of a point" if objective == "asked" else f"cheapest plans, {objective}"
        solution = minimise(program, objective, f"{self.name}, {what}")
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

    def at_floor(self, name: str, floor: float) -> Solution | None:
        """The cheapest plans of the chain if every member's share of one good is at least ``floor``.

        Other goods that must change have their planned shares as floors; the cost, that of the counted goods, is
        in parts of :meth:`worth_of` the good. The cheapest plans must have been found.
        """
        more, column = floor - self.shares[name], f"{name}{PART}more_share"
        program = self._rising(name).bound(column, lower=more, upper=more)
        program = _steeper(program, name, "extra_use", dict.fromkeys(self.data[name].fed, more))
        return self._minimise(replace(program, objectives={"asked": self.total / self.worth_of(name)}), "asked")

    def price_of_share(self, name: str) -> dict[str, Any]:
        """What the floor ρ of a good costs with its chain, and one more point of it, as of a good by itself.

        The cheapest plans must have been found.
        """
        share, worth, program = self.shares[name], self.worth_of(name), self._rising(name)
        program = program.bound(f"{name}{PART}more_share", lower=0.0, upper=max(0.0, 1.0 - share))
        column = program.columns[f"{name}{PART}more_share"][None]
        if self.data[name].fed and (start := self.at_floor(name, share)) is not None:
            extra = program.read(start.values, f"{name}{PART}extra_use")
            program = _steeper(program, name, "more_share", extra)  # a point of what is needed there
        rising = Rising(program, column, self.total / worth, share, worth, lambda of: self._minimise(of, "asked"))
        return price_of_share(rising, lambda floor: self.at_floor(name, floor))

    def worth_of(self, name: str) -> float:
        """What costs are measured by where one good is asked about: the value of its demand in USD, or of all."""
        known = self.costs[name].known
        return sum(value_of(self.data[one], self.costs[one]) for one in ([name] if known else self.data))

    def _rising(self, name: str) -> Program:
        """Surviving plans with the floors; those of other goods as exact as shares that were found one by one."""
        program = self.floored
        for other in self.data:
            if other != name:
                program = program.bound(f"{other}{PART}more_share", lower=-ROOM, upper=-ROOM)
        return program

    def part(self, name: str) -> PartOfChain:
        """One good with the plans of all others as in the cheapest, which must have been found."""
        return PartOfChain(self, name)

    @property
    def change(self) -> np.ndarray:
        """How far plans are from today, by column of the programme."""
        return np.sum([self.program.part(name).objectives["least_change"] for name in self.data], axis=0)


def _steeper(program: Program, name: str, variable: str, more: Mapping[str, float]) -> Program:
    """The floor of a good asks for ``more`` of a variable than the model says, by member."""
    if not more:
        return program
    at, columns = program.rows[f"{name}{PART}above_floor"], program.columns[f"{name}{PART}{variable}"]
    places = {m: (at[m], columns[m] if m in columns else columns[None]) for m in more}
    numbers = [number * program.column_size[places[m][1]] for m, number in more.items()]
    where = tuple(np.array(list(places.values()), dtype=int).reshape(-1, 2).T)
    added = sparse.csr_matrix((numbers, where), shape=program.matrix.shape)
    return replace(program, matrix=sparse.csr_matrix(program.matrix + added))


def _places(rows: Mapping[str, list[int]], goods: Collection[str]) -> np.ndarray:
    """The positions of some goods' rows."""
    return np.array([place for name in goods for place in rows[name]], dtype=int)


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
