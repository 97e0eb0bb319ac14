"""The plans of a case with their costs: that nearest to today and, where something must change, the cheapest.

Goods that are made of each other are costed together. What keeps a cheapest plan from being found stands with the
good, which then keeps the plan nearest to today.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from resilience.calculator import Progress
from resilience.economics.costs import UNKNOWN, Costs, costs_of, counted_once
from resilience.economics.priced import CostedPlan, Priced, cost_plan
from resilience.economics.priced_chain import PricedChain
from resilience.errors import Finding, SolverError
from resilience.families import all_figures, couple_family, model_data
from resilience.inputs.balance import GoodData
from resilience.inputs.case import Case
from resilience.model import ModelData
from resilience.reading.chains import Coupled
from resilience.schema import ALL, COSTED_PLANS

NEAREST, CHEAPEST, FAIR = COSTED_PLANS
PARTS = ("landed", "capacity", "stock")  # of a total


@dataclass
class Good:
    """One good with its plans; ``priced`` only where it is solved by itself and something must change."""

    data: GoodData
    costs: Costs
    model: ModelData
    status: str
    share: float
    plans: dict[str, CostedPlan] = field(default_factory=dict)
    priced: Priced | None = None
    why: str = ""  # there is only the plan nearest to today, or none


class CostedGoods:
    """The goods of a case with costed plans; ``tables`` are requirements, plan and capacity of its result.

    The tables may hold goods beside the case's, with which those hang together.
    ``goods`` have the plans :data:`NEAREST` and :data:`CHEAPEST`, ``without`` says why others have none, ``units``
    are the programmes with prices, ``twice`` the goods that are left out of sums. ``progress`` is called with
    (good, done, total).
    """

    def __init__(self, case: Case, tables: Mapping[str, pd.DataFrame], progress: Progress | None = None):
        self.case, self.tables = case, tables
        self.progress = progress or (lambda good, done, total: None)
        self.findings: list[Finding] = []
        self.twice = counted_once(case)
        self.goods: dict[str, Good] = {}
        self.units: list[Priced | PricedChain] = []
        self.without: dict[str, str] = {}
        self._used: set[str] = set()  # goods that some member uses
        self._read()
        self._choose()

    def say(self, column: str, message: str, severity: str = "info") -> None:
        """Add a finding about the burden."""
        self.findings.append(Finding(severity, "burden", None, column, message))

    @property
    def counted(self) -> dict[str, Good]:
        """The goods that sums count."""
        asked = set(self.case.goods) - set(self.twice)
        return {name: good for name, good in self.goods.items() if name in asked}

    def _read(self) -> None:
        case, tables = self.case, self.tables
        figures = {name: data for name, data in all_figures(case).items() if data is not None}
        self._used = {name for name, data in figures.items() if data.members}
        needed = tables["requirements"]
        needed = needed[(needed["member"] == ALL) & (needed["cutoff"] == ALL) & (needed["reading"] == "planned")]
        verdicts = needed.set_index("good")[["status", "share"]]
        plans, capacity = dict(list(tables["plan"].groupby("good"))), tables["capacity"]
        beside = [name for family in case.families for name in family if name in verdicts.index]
        for name in dict.fromkeys([*case.goods, *beside]):
            data = figures.get(name)
            status = str(verdicts.at[name, "status"]) if name in verdicts.index else UNKNOWN
            if data is None or not data.members or status in ("none", UNKNOWN):
                none = status == "none"
                self.without[name] = (
                    "no share suffices, so there is no plan" if none else "demand or data are missing"
                )
                continue
            family = {other: figures[other] for other in case.family(name) if other in figures}
            costs = costs_of(case, data)
            good = Good(data, costs, model_data(case, data, family), status, float(verdicts.at[name, "share"]))
            built = capacity[capacity["good"] == name].set_index("country")["new_capacity"].to_dict()
            plan = plan_of(data, plans[name])
            good.plans[NEAREST] = cost_plan(good.model, costs, plan, {str(i): float(z) for i, z in built.items()})
            self.goods[name] = good
            if status == "met":
                good.why = "today's sourcing survives"
                continue
            self.findings += costs.findings
        for name, other in self.twice.items():
            if name in self.goods:
                self.say(
                    "good", f"{name} measures the same customs codes as {other} and is left out of sums", "warning"
                )

    def _choose(self) -> None:
        """The cheapest plan of every good that must change, with what it hangs together with."""
        done = 0
        for family in self.case.families:
            mine = {name: self.goods[name] for name in family if name in self.goods}
            missing = [name for name in family if name in self._used and name not in mine]
            figures = {name: good.data for name, good in mine.items()}
            together = couple_family(self.case, figures) if len(mine) > 1 and not missing else []
            for name, good in mine.items():
                if missing:
                    good.why = f"no plan of {', '.join(missing)}, with which it hangs together: costed by itself"
                elif not any(name in coupled for coupled in together):
                    self._choose_alone(good)
            for coupled in together:
                self._choose_together(coupled, {name: mine[name] for name in coupled.whole})
            for name in family:
                if name in self.case.goods:
                    done += 1
                    self.progress(name, done, len(self.case.goods))
        for name, good in self.goods.items():
            if CHEAPEST not in good.plans:
                good.plans[CHEAPEST] = good.plans[NEAREST]
                if good.status != "met":
                    self.say("plan", f"{name}: no cheapest plan is computed: {good.why}")

    def _choose_alone(self, good: Good) -> None:
        if good.status == "met":
            return
        if good.data.settings["solidarity"].value:
            good.why = "solved under solidarity: costed on the plan nearest to today"
        elif not good.costs.known:
            good.why = "prices are unknown"
        else:
            priced = Priced(good.model, good.costs, good.share)
            try:
                good.plans[CHEAPEST] = priced.cheapest()
            except SolverError as error:
                good.why = self.uncertified(error)
            else:
                good.priced = priced
                self.units.append(priced)

    def uncertified(self, error: SolverError) -> str:
        """Note that the solver gave no certified answer to one question; gives the reason for its rows."""
        text = f"the solver gave no certified answer ({error})"
        self.say("plan", text, "warning")
        return text

    def _choose_together(self, coupled: Coupled, goods: Mapping[str, Good]) -> None:
        if all(good.status == "met" for good in goods.values()):
            return
        others = f"solved together with {', '.join(goods)}"
        if coupled.joint.worth or any(good.data.settings["solidarity"].value for good in goods.values()):
            for good in goods.values():
                good.why = f"{others}, with substitutes or under solidarity: costed on the plan nearest to today"
            return
        costs = {name: good.costs for name, good in goods.items()}
        chain = PricedChain(coupled, costs, {name: good.share for name, good in goods.items()})
        try:
            cheapest = chain.cheapest([name for name in goods if name not in self.twice])
        except SolverError as error:
            why = self.uncertified(error)
            for good in goods.values():
                good.why = f"{others}; {why}"
            return
        self.units.append(chain)
        for name, costed in cheapest.items():
            goods[name].plans[CHEAPEST] = costed
            goods[name].why = others


def plan_of(data: GoodData, rows: pd.DataFrame) -> pd.DataFrame:
    """The table ``plan`` of one good as supplier × member."""
    planned = rows.pivot(index="supplier", columns="member", values="planned")
    return planned.reindex(index=data.suppliers, columns=data.members).astype(float).fillna(0.0)


def yearly_cost(case: Case, tables: Mapping[str, pd.DataFrame]) -> dict[tuple[str, str, str], float]:
    """(good, member, part) → what the cheapest plans at the requirement cost in USD a year; NaN if unknown.

    The :data:`PARTS` are extra landed cost, annualised new capacity and stock on top, of which these plans hold
    none. All are unknown where there is no plan or the cheapest could not be found.
    """
    costed = CostedGoods(case, tables)
    chosen = {name for unit in costed.units for name in unit.goods}
    found: dict[tuple[str, str, str], float] = {}
    for name in case.goods:
        if name in costed.twice:
            continue
        good = costed.goods.get(name)
        known = good is not None and (good.status == "met" or name in chosen)
        for m in case.members:
            amounts = dict.fromkeys(PARTS, np.nan)
            if good is not None and known and m in good.data.members:
                plan = good.plans[CHEAPEST]
                amounts = {"landed": plan.landed[m], "capacity": plan.capacity[m], "stock": 0.0}
            found |= {(name, m, part): amount for part, amount in amounts.items()}
    return found
