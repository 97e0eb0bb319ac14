"""What the requirement costs: the plan nearest to today, the cheapest plan at the same share, and at any floor.

On top of the rules of ``model`` stand three: the floor of every member's share, what a member pays, and the
cheapest plan. Amounts of money in the rules are parts of the value of a year's demand, so that the solver's
tolerances mean the same for every good.

A member's extra landed cost is Σ_i ((c_im − r_m)⁺ increase_im + (r_m − c_im)⁺ decrease_im): what is bought more
costs what it is dearer than the supply at risk, and cheap supply that is given up costs what it was cheaper; r_m
is what m pays on average to suppliers that a cutoff hits. A unit moved from those to a dearer supplier costs the
difference. Savings are not counted: members pay today's prices with all other suppliers open to them, so that
another pattern that is cheaper at the unit values of customs data shows differences in quality rather than
savings; and a plan that could offset its costs with such savings would cost nothing at all. So the cost is never
negative, nothing where today's sourcing survives, and rather too high than too low; the signed sum Σ_i c_im (x_im
− x̄_im) stands beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyomo.environ as pyo

from resilience.certificate import Solution
from resilience.economics.costs import CHANGED, UNKNOWN, Costs, least_sure, paid_by
from resilience.economics.share_price import Rising, price_of_share
from resilience.errors import SolverError
from resilience.model import ModelData, build, in_order
from resilience.program import Program, compile_model
from resilience.reading.planned import NOTHING, SAME, Engine, kept, next_stage

PARTS = ("landed", "capacity", "stock")  # of a total
ROOMS = (0.0, 1e-7, 1e-6, 1e-5)  # of share, tried in this order


def above_floor(model: pyo.ConcreteModel, m: str) -> pyo.Expression:
    """ρ_m ≥ floor: the requirement as a rule that every member must keep."""
    return model.share[m] >= model.floor


def cost_of(model: pyo.ConcreteModel, m: str) -> pyo.Expression:
    """(Σ_i (a_im increase_im + b_im decrease_im) + Σ_i π_im k z_i + h · more_stock · D_m / 12
    + p · relief · Σ_t f · d_mt) / V: what a member pays a year.

    a = (c − r)⁺ and b = (r − c)⁺ are the prices of moving purchases, k is a unit of capacity a year, π_im m's part
    in what is built in i, h a unit in stock, p a unit of demand that is not served times the probability of a
    crisis, V the value of the yearly demand of all members.
    """
    moved = sum(
        model.dearer[m, i] * model.increase[m, i] + model.cheaper[m, i] * model.decrease[m, i]
        for i in model.suppliers_of[m]
    )
    built = sum(model.paid[m, i] * model.new_capacity[i] for i in model.suppliers)
    year = sum(model.ceiling[m, t] for t in model.months)
    return (
        moved
        + model.built * built
        + model.held_a_year * model.more_stock * model.demand[m] / 12
        + model.missed_a_year * model.relief * year
    )


def least_cost(model: pyo.ConcreteModel) -> pyo.Expression:
    """min Σ_m cost of m: the cheapest plan for all members together."""
    return sum(cost_of(model, m) for m in model.members)


def priced_model(data: ModelData, costs: Costs) -> pyo.ConcreteModel:
    """The model of one good with prices; what is unknown costs nothing in it, which whoever asks must say."""
    model = build(data)
    add_prices(model, data, costs)
    model.floor = pyo.Var(bounds=(0, 0))
    model.above_floor = pyo.Constraint(model.members, rule=above_floor)
    return model


def add_prices(model: Any, data: ModelData, costs: Costs) -> None:
    """Prices and the objectives that ask about them, on the model of a good or its block in that of a chain."""
    good, suppliers = data.good, list(data.available.suppliers)
    worth = value_of(data, costs)
    risk = at_risk(data, costs)
    prices = {
        "dearer": (costs.landed - risk).clip(lower=0.0),
        "cheaper": (risk - costs.landed).clip(lower=0.0),
    }
    paid = in_order(paid_by(data), suppliers, good.members).to_numpy(dtype=float)
    place = {i: n for n, i in enumerate(suppliers)}
    column = {m: n for n, m in enumerate(good.members)}
    for name, frame in prices.items():
        table = in_order(frame, suppliers, good.members).fillna(0.0).to_numpy(dtype=float) / worth
        of_link = {(m, i): table.item(place[i], column[m]) for m, i in model.links}
        model.add_component(name, pyo.Param(model.links, initialize=of_link))
    model.paid = pyo.Param(
        model.members, model.suppliers, initialize=lambda _, m, i: paid.item(place[i], column[m])
    )
    for name, number in (("built", costs.built), ("held_a_year", costs.held), ("missed_a_year", costs.missed)):
        model.add_component(name, pyo.Param(initialize=_or_nothing(number) / worth))
    model.least_cost = pyo.Objective(rule=least_cost)
    model.cost_of = pyo.Objective(model.members, rule=cost_of)


def at_risk(data: ModelData, costs: Costs) -> pd.Series:
    """r_m: what each member pays on average to suppliers that some cutoff hits; to all where it buys from none."""
    good = data.good
    hit = pd.Series(data.available.hit.astype(float), index=list(data.available.suppliers)).reindex(good.suppliers)
    found = {}
    for m in good.members:
        bought, price = good.baseline[m], costs.landed[m]
        exposed = bought * hit
        weights = exposed if float(exposed.sum()) > CHANGED * float(good.demand[m]) else bought
        used = weights > 0
        found[m] = float((weights[used] * price[used]).sum(skipna=False) / weights[used].sum())
    return pd.Series(found)


def value_of(data: ModelData, costs: Costs) -> float:
    """The value of a year's demand of all members in USD; 1 where no price is known."""
    worth = float(data.good.demand.sum()) * costs.value
    return worth if np.isfinite(worth) and worth > 0 else 1.0


def _or_nothing(number: float) -> float:
    return number if np.isfinite(number) else 0.0


@dataclass(frozen=True)
class CostedPlan:
    """A plan of one good and what each member pays for it in USD a year; unknown parts are NaN.

    ``plan`` is supplier × member, ``building`` capacity by country; ``landed`` is never below zero, ``on_paper``
    is Σ_i c_im (x_im − x̄_im).
    """

    plan: pd.DataFrame
    building: Mapping[str, float]
    landed: Mapping[str, float]
    on_paper: Mapping[str, float]
    capacity: Mapping[str, float]
    status: Mapping[tuple[str, str], str] = field(default_factory=dict)  # (kind, member) → how sure
    found: bool = True

    def of(self, part: str) -> Mapping[str, float]:
        """What each member pays of a part, landed or capacity."""
        return self.landed if part == "landed" else self.capacity

    def without_costs(self) -> CostedPlan:
        """The same with every cost unknown: it stands for a plan that was not found."""
        unknown = dict.fromkeys(self.landed, np.nan)
        status = dict.fromkeys(self.status, UNKNOWN)
        return replace(
            self, building={}, landed=unknown, on_paper=unknown, capacity=unknown, status=status, found=False
        )

    def known(self, member: str) -> float:
        """What is known of a member's cost."""
        return float(np.nansum([self.landed[member], self.capacity[member]]))

    def unknown(self, member: str) -> int:
        """How many parts of a member's cost are unknown; stock, of which plans hold none, where none was found."""
        if not self.found:
            return len(PARTS)
        return int(np.isnan(self.landed[member])) + int(np.isnan(self.capacity[member]))


def cost_plan(data: ModelData, costs: Costs, plan: pd.DataFrame, building: Mapping[str, float]) -> CostedPlan:
    """What a plan costs each member, worked out from the plan alone."""
    good, paid, risk = data.good, paid_by(data), at_risk(data, costs)
    rounding = SAME * value_of(data, costs)
    building = {i: amount for i, amount in building.items() if amount > SAME * float(good.demand.sum())}
    landed, on_paper, capacity, status = {}, {}, {}, {}
    for m in good.members:
        change = plan[m] - good.baseline[m]
        moved = change[change.abs() > CHANGED * good.demand[m]]
        price = costs.landed.loc[moved.index, m]
        on_paper[m] = float((moved * price).sum(skipna=False))
        dearer = (price - risk[m]) * np.sign(moved)  # of what is bought more; the cheapness of what is given up
        extra = float((moved.abs() * dearer.clip(lower=0.0)).sum(skipna=False))
        landed[m] = 0.0 if extra <= rounding else extra
        status["landed", m] = least_sure(list(costs.sure.loc[moved.index, m]))
        mine = sum(float(paid.at[i, m]) * amount for i, amount in building.items())
        capacity[m] = mine * costs.built if mine > 0 else 0.0
        status["capacity", m] = costs.built_status if mine > 0 else "observed"
    return CostedPlan(plan, dict(building), landed, on_paper, capacity, status)


def read_plan(program: Program, values: np.ndarray, data: ModelData, costs: Costs) -> CostedPlan:
    """The plan of a good in a solution; the program's names are those of the good."""
    good = data.good
    plan = good.baseline * 0.0
    for (m, i), amount in program.read(values, "sourcing").items():
        plan.loc[i, m] = amount if amount > NOTHING * good.demand[m] else 0.0
    plan = plan.where((plan - good.baseline).abs() > SAME * good.demand, good.baseline)
    return cost_plan(data, costs, plan, program.read(values, "new_capacity"))


def costs_by_column(program: Program, data: ModelData, costs: Costs) -> dict[str, np.ndarray]:
    """What each member pays for a good in USD, by column; the program's names are those of the good."""
    worth = value_of(data, costs)
    return {m: program.objectives[f"cost_of[{m}]"] * worth for m in data.good.members}


class Priced:
    """One good solved by itself, with prices."""

    def __init__(self, data: ModelData, costs: Costs, share: float):
        self.data, self.costs, self.share = data, costs, share
        self.program = compile_model(priced_model(data, costs))
        self.engine = Engine(data, self.program, self.program)
        self.worth = value_of(data, costs)
        self.name = data.good.good

    @cached_property
    def at_share(self) -> Program:
        """Surviving plans with the planned share: ρ_m ≤ max(ρ, today's share of m).

        The share is as exact as the solver, so that a little room is left where none is found without.
        """
        for room in ROOMS:
            program = kept(self.engine, self.program, self.share + room)
            if self.engine.minimise(program, "least_cost", f"{self.name}, cheapest plan") is not None:
                return program
        raise SolverError("no plan survives though one was found before", self.name, self.program.size)

    @cached_property
    def free(self) -> Program:
        """Surviving plans with any share."""
        return kept(self.engine, self.program, np.inf)

    def cheapest(self) -> CostedPlan:
        """The plan of least total cost at the planned share; of equals that nearest to today, by ``settled``."""
        problem, program = f"{self.name}, cheapest plan", self.at_share
        best = self.engine.minimise(program, "least_cost", problem)
        if best is None:
            raise SolverError("no plan survives though one was found before", problem, program.size)
        for before, objective in (("least_cost", "least_change"), ("least_change", "settled")):
            program, nearer = next_stage(self.engine, program, before, best.objective, objective, problem)
            if nearer is None:
                break
            best = nearer
        return self.read(best.values)

    def read(self, values: np.ndarray) -> CostedPlan:
        """The plan in a solution of this good's programme."""
        return read_plan(self.program, values, self.data, self.costs)

    def plans(self, values: np.ndarray) -> dict[str, CostedPlan]:
        """The same by good."""
        return {self.name: self.read(values)}

    @property
    def goods(self) -> tuple[str, ...]:
        """The goods that are solved here."""
        return (self.name,)

    def cost(self, goods: Collection[str]) -> dict[str, np.ndarray]:
        """What each member pays in USD for those of the goods that are solved here, by column of the programme."""
        return costs_by_column(self.program, self.data, self.costs) if self.name in goods else {}

    @property
    def change(self) -> np.ndarray:
        """How far a plan is from today, by column of the programme."""
        return self.program.objectives["least_change"]

    def at_floor(self, floor: float) -> Solution | None:
        """The cheapest plan in which every member's share is at least ``floor``."""
        program = self.free.bound("floor", lower=floor, upper=floor)
        return self.engine.minimise(program, "least_cost", f"{self.name}, floor")

    def price_of_share(self) -> dict[str, Any]:
        """What the floor ρ costs and one more point of it: see :func:`resilience.economics.share_price`."""
        program = self.free.bound("floor", lower=self.share, upper=1.0)
        column, cost = program.columns["floor"][None], program.objectives["least_cost"]
        rising = Rising(program, column, cost, self.share, self.worth, self._minimise)
        return price_of_share(rising, self.at_floor)

    def _minimise(self, program: Program) -> Solution | None:
        return self.engine.minimise(program, "asked", f"{self.name}, price of a point")
