"""The plans of a case with their costs: that nearest to today and, where something must change, the cheapest.

Goods that are made of each other are costed together, with those of them that the case does not ask for. What
keeps a cheapest plan from being found stands with the good, whose cheapest plan is then of unknown cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from resilience.calculator import Progress
from resilience.economics.costs import UNKNOWN, Costs, costs_of, counted_once
from resilience.economics.priced import PARTS, CostedPlan, Priced, cost_plan
from resilience.economics.priced_chain import PricedChain
from resilience.errors import Finding, SolverError
from resilience.families import all_figures, couple_family, model_data, solve_family
from resilience.inputs.balance import GoodData
from resilience.inputs.case import Case
from resilience.inputs.recipes import recipes_of
from resilience.model import ModelData
from resilience.reading.chains import Coupled
from resilience.schema import ALL, COSTED_PLANS

NEAREST, CHEAPEST, FAIR = COSTED_PLANS
OF_GOOD = {  # columns that are read of a result's tables
    "requirements": ["good", "member", "cutoff", "reading", "status", "share"],
    "plan": ["good", "supplier", "member", "planned"],
    "capacity": ["good", "country", "new_capacity"],
}


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
    why: str = ""  # why there is no cheapest plan, or with what it was found


def whole_chains(case: Case, tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables :data:`OF_GOOD` with goods that hang together with the case's, solved again where they lack."""
    figures, there = all_figures(case), set(tables["requirements"]["good"])
    found = {name: [tables[name]] for name in OF_GOOD}
    for family in case.families:
        ready = {name: data for name in family if (data := figures[name]) is not None}
        if all(name in there for name, data in ready.items() if data.members):
            continue
        for name, solved in solve_family(case, ready, explain=False).items():
            if name not in there:
                for table, columns in OF_GOOD.items():
                    found[table].append(getattr(solved, table)[columns])
    return {
        name: frames[0] if len(frames) == 1 else pd.concat([frame[OF_GOOD[name]] for frame in frames])
        for name, frames in found.items()
    }


class CostedGoods:
    """The goods of a case with costed plans; ``tables`` are requirements, plan and capacity of its result.

    Goods with which those of the case hang together are solved again where the tables lack them.
    ``goods`` have the plans :data:`NEAREST` and :data:`CHEAPEST`, ``without`` says why others have none,
    ``planless`` holds those of them that no share lets survive and that stand alone, ``units`` are the programmes
    with prices, ``twice`` the goods that are left out of sums. ``progress`` is called with
    (good, done, total). Raises :class:`~resilience.errors.SolverError` if goods that are solved again have no
    certified answer.
    """

    def __init__(self, case: Case, tables: Mapping[str, pd.DataFrame], progress: Progress | None = None):
        self.case, self.tables = case, whole_chains(case, tables)
        self.progress = progress or (lambda good, done, total: None)
        self.findings: list[Finding] = []
        self.twice = counted_once(case)
        self.goods: dict[str, Good] = {}
        self.units: list[Priced | PricedChain] = []
        self.without: dict[str, str] = {}
        self.planless: dict[str, tuple[ModelData, Costs]] = {}
        self._used: set[str] = set()  # goods that some member uses
        self._read()
        self._choose()
        self._say_what_is_left_aside()

    def say(self, column: str, message: str, severity: str = "info") -> None:
        """Add a finding about the burden."""
        self.findings.append(Finding(severity, "burden", None, column, message))

    @property
    def counted(self) -> dict[str, Good]:
        """The goods that sums count."""
        return {name: good for name, good in self.asked.items() if name not in self.twice}

    @property
    def planned(self) -> dict[str, Good]:
        """The goods that sums count, and those of their chains that are planned with them."""
        along = {name for unit in self.units for name in unit.goods}
        return {
            name: good
            for name, good in self.goods.items()
            if name not in self.twice and (name in self.case.goods or name in along)
        }

    @property
    def asked(self) -> dict[str, Good]:
        """The goods that the case asks for, without those that hang together with them."""
        return {name: good for name, good in self.goods.items() if name in self.case.goods}

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
                if none and data is not None and name in case.goods:
                    self._read_without_plan(data, {o: figures[o] for o in case.family(name) if o in figures})
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

    def _read_without_plan(self, data: GoodData, family: Mapping[str, GoodData]) -> None:
        """A good that no share lets survive: what stock or restraint could do is asked of it alone."""
        others = [name for name in family if name != data.good]
        if others:
            then = f"as it hangs together with {', '.join(others)}, no mix is computed"
            self.without[data.good] += f"; {then}"
        else:
            costs = costs_of(self.case, data)
            self.findings += costs.findings
            self.planless[data.good] = model_data(self.case, data, family), costs
            then = "the table mix says whether stock or restraint would do"
        self.say("plan", f"{data.good}: no share suffices, so that no plan is costed; {then}", "warning")

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
                    good.why = f"no plan of {', '.join(missing)}, with which it hangs together"
                elif name in self.case.goods and not any(name in coupled for coupled in together):
                    self._choose_alone(good)
            for coupled in together:
                if any(name in self.case.goods for name in coupled.whole):
                    self._choose_together(coupled, {name: mine[name] for name in coupled.whole})
            for name in family:
                if name in self.case.goods:
                    done += 1
                    self.progress(name, done, len(self.case.goods))
        for name, good in self.goods.items():
            if CHEAPEST not in good.plans:
                met = good.status == "met"
                good.plans[CHEAPEST] = good.plans[NEAREST] if met else good.plans[NEAREST].without_costs()
                if not met and name in self.case.goods:
                    self.say("plan", f"{name}: no cheapest plan is computed: {good.why}")

    def _say_what_is_left_aside(self) -> None:
        """Name goods that are made of those asked for and are not asked for: a chain is followed upstream only."""
        recipes = [recipe for recipe in recipes_of(self.case.data.recipes) if recipe.essential]
        for name in self.case.goods:
            made = dict.fromkeys(r.good for r in recipes if r.input == name and r.good not in self.case.all_goods)
            aside = [
                good for good in made if self.case.file.settings(good, self.case.category(good))["chains"].value
            ]
            if aside:
                text = (
                    f"{name} is planned without what is made of it and not asked for ({', '.join(aside)}): its "
                    "share, plans and costs are others with that, as makers that must make more need more of it"
                )
                self.say("good", text)

    def _choose_alone(self, good: Good) -> None:
        if good.status == "met":
            return
        if good.data.settings["solidarity"].value:
            good.why = "solved under solidarity: only the plan nearest to today is costed"
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
                good.why = f"{others}, with substitutes or under solidarity: only nearest plans are costed"
            return
        costs = {name: good.costs for name, good in goods.items()}
        shares = {name: good.share for name, good in goods.items()}
        changing = [name for name, good in goods.items() if good.status != "met"]
        chain = PricedChain(coupled, costs, shares, changing)
        try:
            cheapest = chain.cheapest([name for name in goods if name not in self.twice])
        except SolverError as error:
            why = self.uncertified(error)
            for good in goods.values():
                good.why = f"{others}; {why}"
            return
        self.units.append(chain)
        if beside := [name for name in goods if name not in self.case.goods]:
            text = (
                f"{', '.join(beside)}: hang together with goods asked for, so that all are planned at once. Plans "
                "are chosen with what these cost, as if they were asked for, too; no sum counts it"
            )
            self.say("good", text)
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
    found: dict[tuple[str, str, str], float] = {}
    for name in case.goods:
        if name in costed.twice:
            continue
        good = costed.goods.get(name)
        for m in case.members:
            amounts = dict.fromkeys(PARTS, np.nan)
            if good is not None and m in good.data.members and (plan := good.plans[CHEAPEST]).found:
                amounts = {"landed": plan.landed[m], "capacity": plan.capacity[m], "stock": 0.0}
            found |= {(name, m, part): amount for part, amount in amounts.items()}
    return found
