"""Goods that hang together: solved jointly, from the final good upstream, each share fixed before the next.

What members make at home needs its essential inputs there, month by month, so that a good and its inputs are one
programme (``model.build_chain``). The least share of the final good is found first, with the sourcing of its
inputs free; then that of each input while the shares before keep theirs (section 8). Goods of a group that may
stand in for each other are solved in the same way.

A member's makers are *followed* in the rows of that member if its production is known, and in the rows of ALL
also if it sells to other members. Whoever is not followed keeps today's mix of inputs (``upstream``); so do all
makers in the readings market and guaranteed and in the stress test.

What makers use of an input moves with what they make, so that its share would be a ratio of two variables. It is
not, because with the share of a good its plan is fixed, too: the surviving plan with the least new capacity of all
goods of the chain, and among those the nearest to today. An input's share is what that plan needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from resilience.certificate import Solution
from resilience.errors import Finding, SolverError
from resilience.inputs.casefile import Substitutes
from resilience.inputs.parameters import Surge
from resilience.inputs.recipes import Recipe, groups
from resilience.model import (
    PART,
    SURVIVAL,
    ChainData,
    Link,
    ModelData,
    Swap,
    build,
    build_chain,
    least_group_share,
    prepare,
)
from resilience.program import Program, compile_model
from resilience.reading.levers import NO_REASONS, alone_data, more_surge, reasons
from resilience.reading.planned import (
    CRUMB,
    NOTHING,
    SAME,
    SLACK,
    Compiler,
    Engine,
    kept,
    next_stage,
    other_rows,
    positions,
)
from resilience.reading.readings import Singles
from resilience.reading.readings import singles as all_alone
from resilience.reading.requirements import (
    PLANNED,
    GoodResult,
    Wanted,
    capacity_table,
    caps_table,
    note_months,
    plan_table,
    rows_of,
)
from resilience.reading.stress import months_table, pooled_shortfalls, shortfalls, stress_table
from resilience.schema import ALL, RESULTS
from resilience.words import percent

BANDS = (0.0, 1e-8, 1e-7, 1e-6)  # room around fixed plans, tried in this order
Known = Singles


@dataclass(frozen=True)
class Coupled:
    """Goods that are solved together, final goods first.

    ``whole`` is each good's data with makers as they are today, for stress and the other readings; ``single`` and
    ``joint`` are what the programmes of one member's rows and of ALL's follow.
    """

    whole: Mapping[str, ModelData]
    single: ChainData
    joint: ChainData
    findings: Mapping[str, tuple[Finding, ...]]

    def __contains__(self, good: str) -> bool:
        return good in self.whole


def couple(
    models: Mapping[str, ModelData], recipes: Sequence[Recipe], substitutes: Sequence[Substitutes]
) -> list[Coupled]:
    """The goods among ``models`` (final goods first) that must be solved together, in groups.

    A recipe couples two goods where some member's makers can be followed: the member makes the good, its use of
    the input is known, and the recipe is essential. Everything else stays apart.
    """
    essential = [recipe for recipe in recipes if recipe.essential and {recipe.good, recipe.input} <= set(models)]
    here = [group for group in substitutes if set(group.goods) <= set(models)]
    found = []
    ties = [(recipe.good, recipe.input) for recipe in essential if _places(models, recipe, joint=True)]
    for family in groups(list(models), [*ties, *(tuple(group.goods) for group in here)]):
        if len(family) > 1:
            mine = [recipe for recipe in essential if recipe.good in family and recipe.input in family]
            found.append(_couple({good: models[good] for good in family}, mine, here))
    return found


def _couple(
    models: Mapping[str, ModelData], recipes: Sequence[Recipe], substitutes: Sequence[Substitutes]
) -> Coupled:
    findings: dict[str, list[Finding]] = {good: [] for good in models}
    for recipe in recipes:
        findings[recipe.good] += _not_followed(models, recipe)
    substitutes = [group for group in substitutes if set(group.goods) <= set(models)]
    single = _followed(models, recipes, substitutes, joint=False)
    joint = _followed(models, recipes, substitutes, joint=True)
    for link in joint.links:
        findings[link.input] += _scaled_recipes(recipes, link)
    whole = {
        good: replace(data, critical=_with_makers(good, data, models, single)) for good, data in models.items()
    }
    for good, data in models.items():
        if data.available.budget.any():
            text = (
                f"{good} is solved together with {', '.join(name for name in models if name != good)}; under a "
                "cutoff of any K each good meets its own worst set, which may ask for more than one set for all"
            )
            findings[good].append(Finding("info", "cutoffs", None, "any", text))
    return Coupled(whole, single, joint, {good: tuple(notes) for good, notes in findings.items()})


def _places(models: Mapping[str, ModelData], recipe: Recipe, *, joint: bool) -> list[str]:
    """The members whose makers of a good can be followed to its input."""
    product, needed = models[recipe.good].good, models[recipe.input].good
    return [
        m
        for m in product.members
        if m in needed.members
        and m in product.suppliers
        and (m not in product.no_home or (joint and product.made.get(m, 0.0) > 0))
    ]


def _not_followed(models: Mapping[str, ModelData], recipe: Recipe) -> list[Finding]:
    product, needed = models[recipe.good].good, models[recipe.input].good
    lost = [
        m
        for m in product.members
        if m not in needed.members and product.made.get(m, 0.0) > NOTHING * product.demand[m]
    ]
    if not lost:
        return []
    text = (
        f"{recipe.good} is made in {', '.join(lost)}, but use of {recipe.input} there is unknown or nil, so its "
        "makers are not followed upstream; give demand or flows of the input"
    )
    return [Finding("warning", "recipes", None, "input", text)]


def _scaled_recipes(recipes: Sequence[Recipe], link: Link) -> list[Finding]:
    asked = next(r.per_unit for r in recipes if (r.good, r.input) == (link.good, link.input))
    scaled = {m: per_unit / asked for m, per_unit in link.per_unit.items() if per_unit < asked * (1 - 1e-6)}
    if not scaled:
        return []
    shown = ", ".join(f"{m} {percent(part)}" for m, part in scaled.items())
    text = (
        f"recorded use of {link.input} covers only a part of what makers of {link.good} need by the recipe "
        f"({shown}); the rest must come in a form that is not in the data, and the recipe is scaled to what is "
        "recorded there"
    )
    return [Finding("info", "recipes", None, "input_per_unit", text)]


def _followed(
    models: Mapping[str, ModelData],
    recipes: Sequence[Recipe],
    substitutes: Sequence[Substitutes],
    *,
    joint: bool,
) -> ChainData:
    """The links with a_m by place, and each good's data with its makers set apart and final demand alone."""
    places = {recipe: _places(models, recipe, joint=joint) for recipe in recipes}
    need: dict[tuple[str, str], float] = {}
    for recipe, members in places.items():
        for m in members:
            need[recipe.input, m] = need.get((recipe.input, m), 0.0) + recipe.per_unit * models[
                recipe.good
            ].good.made.get(m, 0.0)
    links = []
    for recipe, members in places.items():
        demand = models[recipe.input].good.demand
        per_unit = {
            m: recipe.per_unit * min(1.0, float(demand[m]) / need[recipe.input, m])
            if need[recipe.input, m] > 0
            else recipe.per_unit
            for m in members
        }
        if per_unit:
            links.append(Link(recipe.good, recipe.input, per_unit))
    swaps = tuple(
        Swap(one, other, group.goods[other] / group.goods[one])
        for group in substitutes
        for one in group.goods
        for other in group.goods
        if one != other and group.limit[one] > 0
    )
    limit = {good: part for group in substitutes for good, part in group.limit.items()}
    lending = {swap.lender for swap in swaps}
    goods = {}
    for good, data in models.items():
        makers = {m for link in links if link.good == good for m in link.per_unit}
        fed = {m: min(amount, float(data.good.demand[m])) for (name, m), amount in need.items() if name == good}
        if good in lending:
            fed = dict.fromkeys(data.good.members, 0.0) | fed
        goods[good] = _apart(data, makers, fed, limit.get(good, 0.0), joint=joint)
    worth = {group.name: group.goods for group in substitutes}
    return ChainData(goods, tuple(links), swaps, worth)


def _apart(data: ModelData, makers: set[str], fed: Mapping[str, float], limit: float, *, joint: bool) -> ModelData:
    """A good's data with followed makers in classes of their own, and with final demand alone."""
    available = data.available
    order = {name: i for i, name in enumerate(available.suppliers)}
    delivered, at_home = available.delivered.copy(), available.at_home.copy()
    shared = np.asarray(available.lost.any(axis=2))
    spared = []
    for s in range(len(available.cutoffs)):
        for m in makers:
            if not shared[s, order[m]]:
                at_home[s, order[m]] = available.whole[s, order[m]]
                if joint:
                    delivered[s, order[m]] = available.whole[s, order[m]]
        mine = {m for m in makers if not joint or shared[s, order[m]]}
        spared.append(available.spared[s] | mine)
    followed = replace(available, delivered=delivered, at_home=at_home, spared=tuple(spared))
    prepared = prepare(data.good, followed, pooled=data.pooled and joint, makers=makers)
    final = _final(data, fed)
    return replace(
        prepared,
        critical=prepared.critical * final,
        ceiling=prepared.ceiling * final,
        fed=dict(fed),
        replaceable=limit,
    )


def _final(data: ModelData, fed: Mapping[str, float]) -> np.ndarray:
    """The part of demand that is not used by makers, member × 1."""
    demand = data.good.demand
    return np.array([[max(0.0, 1.0 - fed.get(m, 0.0) / float(demand[m]))] for m in data.good.members])


def _with_makers(good: str, data: ModelData, models: Mapping[str, ModelData], chain: ChainData) -> np.ndarray:
    """Critical demand (member × month): of final use, and of what makers need for critical demand of theirs."""
    critical = data.critical * _final(data, chain.goods[good].fed)
    for link in chain.links:
        if link.input == good:
            product = models[link.good]
            months = min(data.months, product.months)
            for m, per_unit in link.per_unit.items():
                n, at = data.good.members.index(m), product.good.members.index(m)
                part = product.critical[at] / float(product.good.demand[m])
                critical[n, :months] += per_unit * float(product.good.made[m]) * part[:months]
    return critical


@dataclass(frozen=True)
class Plan:
    """A good's yearly sourcing by (member, supplier) and new capacity by country."""

    sourcing: Mapping[tuple[str, str], float]
    new_capacity: Mapping[str, float]


class Chain:
    """The compiled programmes of coupled goods, and the plans that were fixed so far, by row and good.

    A plan is None where no share suffices.
    """

    def __init__(self, coupled: Coupled, compiler: Compiler | None = None, *, all_only: bool = False):
        self.coupled = coupled
        self.all_only = all_only  # no row of a member is asked for
        self.compiler = compiler or Compiler()
        self.order = list(coupled.whole)
        self.joint = self.compiler.program(build_chain, coupled.joint)
        self.joint_tags = self.compiler.tags(self.joint)
        tied = bool(coupled.single.links or coupled.single.worth)
        self.single = self.compiler.program(build_chain, coupled.single) if tied else None
        self.single_tags = self.compiler.tags(self.single) if self.single is not None else self.joint_tags
        self.fixed: dict[tuple[str, str], dict[str, Plan | None]] = {}
        self.today: dict[str, dict[tuple[str, str], float]] = {}
        self.weights = _weights(coupled)

    def engine(self, good: str) -> ChainEngine:
        """One good's view of the programmes."""
        data, joint = self.coupled.whole[good], self.joint.part(good)
        if self.single is not None:
            single = self.single.part(good)
        else:
            single = joint if self.all_only else self.compiler.program(build, data)
        return ChainEngine(data, single, joint, compiler=self.compiler, chain=self, good=good)

    def survival_of(self, tags: pd.DataFrame, goods: Sequence[str]) -> np.ndarray:
        """Positions of the survival conditions of some goods."""
        return positions(tags, tags["good"].isin(goods) & tags["name"].isin(SURVIVAL))


@dataclass
class ChainEngine(Engine):
    """The engine of one of several goods: the other goods' conditions hold in all that it solves."""

    chain: Chain = field(kw_only=True)
    good: str = field(kw_only=True)
    _rows: dict[tuple[str, str], tuple[Program, pd.DataFrame]] = field(default_factory=dict)
    _least: dict[int, Solution | None] = field(default_factory=dict)  # by identity of a row's program

    def minimise(self, program: Program, objective: str, problem: str) -> Solution | None:
        """As :meth:`Engine.minimise`; the least share of a row's own programme is known since :meth:`row`."""
        if objective == "least_share" and id(program) in self._least:
            return self._least[id(program)]
        return super().minimise(program, objective, problem)

    @property
    def before(self) -> list[str]:
        """The goods whose plans stand when it is this one's turn."""
        return self.chain.order[: self.chain.order.index(self.good)]

    def row(self, member: str, cutoff: str) -> tuple[Program, pd.DataFrame]:
        """The programme of one row; goods before this one keep their shares, and all goods survive if they can."""
        if member != ALL and self.chain.single is None:
            return super().row(member, cutoff)
        if (member, cutoff) not in self._rows:
            chain = self.chain
            after = chain.order[chain.order.index(self.good) + 1 :]
            whole, tags = self.whole(member, cutoff)
            for others, room in product((after, ()), BANDS):
                whole, tags = self.whole(member, cutoff, room)
                if not others:
                    whole = whole.loosen(chain.survival_of(tags, after))
                program = whole.part(self.good)
                least = self.minimise(program, "least_share", f"{self.good}, {member}")
                if least is not None:
                    break
            mine = tags[(tags["good"] == self.good) | tags["name"].isin(SURVIVAL)]
            self._rows[member, cutoff] = program, mine
            self._least[id(program)] = least
        return self._rows[member, cutoff]

    def free(self, member: str, cutoff: str) -> tuple[Program, pd.DataFrame]:
        """The programme of all goods for a row, no share fixed."""
        chain = self.chain
        program, tags = (chain.joint, chain.joint_tags) if member == ALL else (chain.single, chain.single_tags)
        assert program is not None
        if member != ALL:
            for good, data in chain.coupled.whole.items():
                others = {
                    (m, i): float(data.good.baseline.at[i, m])
                    for m, i in program.columns[f"{good}{PART}sourcing"]
                    if m != member
                }
                program = program.bound(f"{good}{PART}sourcing", lower=others, upper=others)
        return program.loosen(other_rows(tags, member, cutoff)), tags

    def whole(self, member: str, cutoff: str, room: float = 0.0) -> tuple[Program, pd.DataFrame]:
        """The programme of all goods for a row, with the plans of goods before this one; goods none can save are
        let go.

        ``room`` is left around fixed plans, in parts of demand: they are only as exact as the solver.
        """
        chain = self.chain
        program, tags = self.free(member, cutoff)
        fixed = chain.fixed.get((member, cutoff), {})
        for good in self.before:
            if good not in fixed:
                continue
            plan = fixed[good]
            if plan is None:
                program = program.loosen(chain.survival_of(tags, [good]))
            sourcing = self._today(good) if plan is None else plan.sourcing
            built = {} if plan is None else plan.new_capacity
            demand = chain.coupled.whole[good].good.demand.to_dict()
            low = {(m, i): max(0.0, amount - room * demand[m]) for (m, i), amount in sourcing.items()}
            high = {(m, i): amount + room * demand[m] for (m, i), amount in sourcing.items()}
            program = program.bound(f"{good}{PART}sourcing", lower=low, upper=high)
            more = room * sum(demand.values())
            low_built = {i: max(0.0, amount - more) for i, amount in built.items()}
            high_built = {i: amount + more if amount > 0 else 0.0 for i, amount in built.items()}
            program = program.bound(f"{good}{PART}new_capacity", lower=low_built, upper=high_built)
        return self._with_new_demand(program, member, cutoff), tags

    def _today(self, good: str) -> dict[tuple[str, str], float]:
        if good not in self.chain.today:
            baseline = self.chain.coupled.whole[good].good.baseline.to_dict()
            places = self.chain.joint.columns[f"{good}{PART}sourcing"]
            self.chain.today[good] = {(m, i): float(baseline[m][i]) for m, i in places}
        return self.chain.today[good].copy()

    def _with_new_demand(self, program: Program, member: str, cutoff: str) -> Program:
        """The program with the demand that the plans of what is made of the good lead to."""
        demand = self._new_demand(member, cutoff)
        name = f"{self.good}{PART}"
        rows = [program.rows[f"{name}credited"][m] for m in demand]
        columns = [program.columns[f"{name}share"][m] for m in demand]
        sign = np.sign(program.matrix[rows][:, columns].diagonal())
        numbers = {m: one * max(demand[m], 0.0) for m, one in zip(demand, sign, strict=True)}
        return program.coefficient(f"{name}credited", f"{name}share", numbers)

    def stands(self, member: str, cutoff: str) -> bool:
        """Whether today's sourcing also serves what others plan to make of the good."""
        links = (self.chain.coupled.joint if member == ALL else self.chain.coupled.single).links
        planned = self.chain.fixed.get((member, cutoff), {})
        if not any(link.input == self.good and planned.get(link.good) is not None for link in links):
            return True
        program, _ = self.row(member, cutoff)
        room = {m: BANDS[1] * amount for m, amount in self.data.good.demand.items()}
        today = self._today(self.good)
        low = {(m, i): max(0.0, amount - room[m]) for (m, i), amount in today.items()}
        high = {(m, i): amount + room[m] for (m, i), amount in today.items()}
        as_today = program.bound("sourcing", lower=low, upper=high)
        return self.minimise(as_today, "least_share", f"{self.good}, {member}, {cutoff}, as today") is not None

    def _new_demand(self, member: str, cutoff: str) -> dict[str, float]:
        """Demand by member, with what its makers use once the plans of what they make are fixed."""
        links = (self.chain.coupled.joint if member == ALL else self.chain.coupled.single).links
        demand = {m: float(amount) for m, amount in self.data.good.demand.items()}
        for link in links:
            plan = self.chain.fixed.get((member, cutoff), {}).get(link.good) if link.input == self.good else None
            if plan is not None:
                today = self._today(link.good)
                for (m, i), amount in plan.sourcing.items():
                    if i in link.per_unit and (member in (ALL, i)):
                        demand[i] += link.per_unit[i] * (amount - today[m, i])
        return demand

    def fix(self, row: dict[str, Any]) -> Plan | None:
        """The plan of this good for a planned row: least new capacity of the chain, then nearest to today."""
        if row["status"] == "none":
            return None
        if row["status"] == "met":
            return Plan(self._today(self.good), {})
        program, _ = self.row(row["member"], row["cutoff"])
        program = kept(self, program, float(row["share"]))
        problem = f"{self.good}, plan of {row['member']}, {row['cutoff']}"
        if row["member"] == ALL or self.chain.single is not None:
            whole = self.chain.joint if row["member"] == ALL else self.chain.single
            assert whole is not None
            built = np.zeros_like(program.column_size)
            for name, weight in self.chain.weights.items():
                built += weight * whole.objectives[f"{name}{PART}least_building"]
            program = replace(program, objectives={**program.objectives, "least_building": built})
        solution = self.minimise(program, "least_building", f"{problem}, least_building")
        for before, objective in (("least_building", "least_change"), ("least_change", "settled")):
            if solution is not None:
                program, solution = next_stage(self, program, before, solution.objective, objective, problem)
        if solution is None:
            raise SolverError("a later stage is infeasible though stage 1 is not", problem, program.size)
        good = self.data.good
        today = self._today(self.good)
        sourcing = program.read(solution.values, "sourcing")
        nothing = {m: NOTHING * amount for m, amount in good.demand.items()}
        for (m, i), amount in sourcing.items():
            if abs(amount - today[m, i]) <= nothing[m]:
                sourcing[m, i] = today[m, i]
            elif amount <= nothing[m]:
                sourcing[m, i] = 0.0
        least = SLACK * float(good.demand.sum())  # crumbs stay: later goods hang on them
        built_by = program.read(solution.values, "new_capacity")
        return Plan(sourcing, {i: amount if amount > least else 0.0 for i, amount in built_by.items()})

    @property
    def settles(self) -> bool:
        """Only where a member's own rows follow its makers; else market and guaranteed ask for more anyway."""
        return self.chain.single is not None

    def settle(self, planned: dict[str, Any], others: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Market and guaranteed take inputs as they are today; no floor below the planned share can do, nor any
        where no share suffices."""
        for row in others:
            if planned["status"] == "none" and row["status"] != "none":
                row |= {name: planned[name] for name in ("status", "share", "gap", "month", "new_capacity")}
                row["share_upper"] = np.nan
            elif row["status"] == "none" or (row["reading"] == "market" and row["status"] == "met"):
                continue
            elif row["share"] < planned["share"] - SAME:
                row["share"], row["gap"] = planned["share"], planned["gap"]
                row["month"], row["share_upper"] = planned["month"], max(row["share_upper"], planned["share"])
                if row["status"] == "met" and row["gap"] > 0:
                    row["status"] = planned["status"]
        return others


def _named(names: Program, program: Program) -> Program:
    """A program under the names of another."""
    return replace(program, columns=names.columns, rows=names.rows, objectives=names.objectives)


def solve_chain(
    coupled: Coupled,
    with_surge: Callable[[str, Surge], Coupled] | None = None,
    *,
    caps: Mapping[str, bool],
) -> dict[str, GoodResult]:
    """All rows of goods that hang together, by good.

    ``with_surge`` gives the same goods under another surge of the region for one of them; without it the tables
    why, levers and missing stay empty. Raises :class:`~resilience.errors.SolverError` as ``solve_good`` does.
    """
    solved = _solve_rows(coupled, Compiler(), None)
    chain, rows, findings, together, singles = (
        solved.chain,
        solved.rows,
        solved.findings,
        solved.together,
        solved.singles,
    )
    results = {}
    for good, data in coupled.whole.items():
        engine, joint = solved.engines[good], coupled.joint.goods[good]
        plan, building = _plan_frame(data, chain.fixed[ALL, ALL][good])
        explained = NO_REASONS if with_surge is None else reasons(engine, rows[good], *_surges(engine, with_surge))
        results[good] = GoodResult(
            requirements=pd.DataFrame(rows[good], columns=list(RESULTS["requirements"].names)),
            stress=stress_table(data, together[good]),
            months=months_table(data, plan if joint.apart else None, replace(data, available=joint.available)),
            plan=plan_table(data, plan),
            capacity=capacity_table(data, building),
            why=explained.why,
            levers=explained.levers,
            missing=explained.missing,
            caps=caps_table(data, singles[good], rows[good])
            if caps[good]
            else pd.DataFrame(columns=list(RESULTS["caps"].names)),
            findings=findings[good],
            optima=engine.optima,
            residual=engine.residual,
            substitutes=_groups_table(chain, engine),
            joint={link.input: frozenset(link.per_unit) for link in coupled.single.links if link.good == good},
            joint_all=frozenset(link.input for link in coupled.joint.links if link.good == good),
        )
    return results


def wanted_rows(coupled: Coupled, compiler: Compiler, wanted: Wanted) -> dict[str, list[dict[str, Any]]]:
    """The rows that a study keeps of goods that hang together, by good; see :func:`requirements.wanted_rows`."""
    solved = _solve_rows(coupled, compiler, wanted)
    return {good: [row for row in rows if wanted.holds(row)] for good, rows in solved.rows.items()}


@dataclass
class _Solved:
    """By good, the rows and what was found on the way."""

    chain: Chain
    engines: dict[str, ChainEngine] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    findings: dict[str, list[Finding]] = field(default_factory=dict)
    together: dict[str, np.ndarray] = field(default_factory=dict)
    singles: dict[str, Known] = field(default_factory=dict)


def _solve_rows(coupled: Coupled, compiler: Compiler, wanted: Wanted | None) -> _Solved:
    """All rows of goods that hang together, or those wanted, final goods first."""
    chain = Chain(coupled, compiler, all_only=wanted is not None and set(wanted.members) == {ALL})
    solved = _Solved(chain)
    last = chain.order[-1]
    for good, data in coupled.whole.items():
        engine = solved.engines[good] = chain.engine(good)
        findings = solved.findings[good] = list(coupled.findings[good])
        singles = solved.singles[good] = all_alone(data)
        missed = solved.together[good] = shortfalls(data, data.good.baseline)
        if data.pooled:
            pooled = compiler.program(build, data)
            solved.together[good] = pooled_shortfalls(data, pooled, f"{good}, stress test")
        rows = solved.rows[good] = []
        for member in (*data.good.members, ALL):
            if wanted is not None and member == ALL and ALL not in wanted.members:
                continue
            pool = solved.together[good] if member == ALL else missed
            before = rows if member == ALL else None
            rows += rows_of(engine, singles, pool, missed, member, findings, before, wanted=wanted)
            if wanted is not None and (good == last or (member != ALL and chain.single is None)):
                continue  # no plan that others rest on
            plans: dict[str, Plan | None] = {}
            for row in (row for row in rows if row["member"] == member and row["reading"] == PLANNED):
                only = len(data.available.cutoffs) == 1 and row["cutoff"] == ALL and len(plans) > 0
                plans[row["cutoff"]] = next(iter(plans.values())) if only else engine.fix(row)
                chain.fixed.setdefault((member, row["cutoff"]), {})[good] = plans[row["cutoff"]]
        if data.pooled:
            note_months(data, [row for row in rows if row["member"] != ALL], solved.together[good])
    return solved


def _surges(
    engine: ChainEngine, with_surge: Callable[[str, Surge], Coupled]
) -> tuple[Callable[[float], Engine], Callable[[float, str], Engine | None]]:
    """As :func:`resilience.reading.levers.surges`, with the other goods as they are.

    The surge that is needed is worked out only where the good stands alone: a joint programme takes too long.
    """

    def by_surge(more: float) -> Engine:
        chain = Chain(with_surge(engine.good, more_surge(engine.data, more)))
        chain.fixed = {
            key: {good: plan for good, plan in plans.items() if good in engine.before}
            for key, plans in engine.chain.fixed.items()
        }
        return chain.engine(engine.good)

    def enough(more: float, member: str) -> Engine | None:
        if member == ALL or engine.chain.single is not None:
            return None
        data = with_surge(engine.good, more_surge(engine.data, more)).whole[engine.good]
        single = alone_data(data, member)
        program = compile_model(build(single))
        return Engine(single, program, program)

    return by_surge, enough


def _plan_frame(data: ModelData, plan: Plan | None) -> tuple[pd.DataFrame | None, dict[str, float]]:
    if plan is None:
        return None, {}
    frame = data.good.baseline * 0.0
    for (m, i), amount in plan.sourcing.items():
        frame.loc[i, m] = amount
    least = CRUMB * float(data.good.demand.sum())
    return frame, {i: amount for i, amount in plan.new_capacity.items() if amount > least}


def _weights(coupled: Coupled) -> dict[str, float]:
    """Each good's part of the value of what members use; equal where a price is unknown."""
    value = {}
    for good, data in coupled.whole.items():
        price = float(np.nanmedian(data.good.price.to_numpy())) if data.good.price.notna().any().any() else np.nan
        value[good] = price * float(data.good.demand.sum())
    total = sum(value.values())
    if not total > 0:
        return dict.fromkeys(value, 1.0)
    return {good: max(amount / total, 1e-3) for good, amount in value.items()}


def _groups_table(chain: Chain, engine: ChainEngine) -> pd.DataFrame:
    """The least share of each group whose first good is the engine's, by member and cutoff."""
    columns = list(RESULTS["substitutes"].names)
    rows = []
    for group, worth in chain.coupled.joint.worth.items():
        if next(iter(worth)) != engine.good:
            continue
        goods = {good: chain.coupled.whole[good].good for good in worth}
        cutoffs = engine.data.available.cutoffs
        members = list(dict.fromkeys(m for data in goods.values() for m in data.members))
        for member in (*members, ALL):
            who = members if member == ALL else [member]
            demand = sum(rate * goods[g].demand.get(m, 0.0) for g, rate in worth.items() for m in who)
            credited = sum(
                rate * goods[g].demand[m] * goods[g].share_today[m]
                for g, rate in worth.items()
                for m in who
                if m in goods[g].members
            )
            today = credited / demand
            for cutoff in (*cutoffs, ALL):
                program, _ = engine.free(member, cutoff)
                shares = []
                for most in (np.inf, 0.0):
                    found = Engine.minimise(
                        engine, program.bound("lent", upper=most), least_group_share(group), f"{group}, {member}"
                    )
                    shares.append(np.nan if found is None else min(max(found.objective, 0.0), 1.0))
                share = shares[0]
                rows.append(
                    {
                        "group": group,
                        "member": member,
                        "cutoff": cutoff,
                        "goods": ", ".join(f"{good} ({rate:g})" for good, rate in worth.items()),
                        "share": share,
                        "share_today": today,
                        "gap": share - today if share > today + SAME else share * 0.0,
                        "apart": shares[1],
                        "status": "none" if np.isnan(share) else "found",
                    }
                )
    return pd.DataFrame(rows, columns=columns)
