"""The mathematics: section by section, one rule a formula, as a Pyomo model of one good.

Symbols of the formulas and their names here; indices stand in the order member m, supplier i (or class k),
cutoff s, month t. Amounts are in the good's unit, a year for sourcing and a month for the rest.

| symbol | name | meaning |
|---|---|---|
| M | ``members`` | countries that must survive |
| i | ``suppliers`` | countries that sell, the member itself included |
| k | ``classes`` | suppliers that answer every cutoff alike (same region side, same parts delivered) |
| s, t | ``cutoffs``, ``months`` | what may happen, and when |
| x_im | ``sourcing[m, i]`` | yearly peacetime sourcing |
| z_i | ``new_capacity[i]`` | capacity built before the cutoff |
| y_kmst | ``delivery[m, k, s, t]`` | crisis deliveries of all suppliers of class k |
| b_mst | ``stock[m, s, t]`` | stock at the end of the month |
| c_mst | ``consumption[m, s, t]`` | crisis consumption |
| ρ_m, ρ | ``share[m]``, ``common_share`` | credited share, and the least that all keep |
| e_mst | ``shortfall[m, s, t]`` | critical demand that is missed; 0 unless a program lets it go |
| D_m | ``demand`` | yearly demand |
| φ·f·d_mt, f·d_mt | ``critical``, ``ceiling`` | critical and full crisis demand of a month |
| K_i, zmax_i | ``capacity``, ``most_new`` | what i can sell to members, most that it may build |
| B_m, w_m | ``held``, ``draw`` | stock at the start, most drawn in a month |
| κ_i | ``credit`` | how much of i's supply counts as content |
| (1−u)(1+σ) | ``delivered[k, s, t]`` | part of the contract that class k delivers |
| x̄_im | ``baseline[m, i]`` | sourcing today |

Deliveries are written for classes: y_imst appears in (3) and, summed over i, in (4) only, so the sum of (3)
over suppliers with equal right-hand coefficients loses nothing. ``classes_of(data, each=True)`` puts every
supplier into a class of its own, which is section 3 to the letter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyomo.environ as pyo

from resilience.balance import GoodData
from resilience.cutoffs import Availability

INDICES = {
    "sourcing": ("member", "supplier"),
    "new_capacity": ("supplier",),
    "shortfall": ("member", "cutoff", "month"),
    "share": ("member",),
    "supplied": ("member",),
    "class_total": ("member", "class"),
    "delivered": ("member", "class", "cutoff", "month"),
    "delivered_pooled": ("class", "cutoff", "month"),
    "stock_first": ("member", "cutoff"),
    "stock_next": ("member", "cutoff", "month"),
    "drawn_first": ("member", "cutoff"),
    "drawn_next": ("member", "cutoff", "month"),
    "survives": ("member", "cutoff", "month"),
    "credited": ("member",),
    "common": ("member",),
    "changed": ("member", "supplier"),
}


@dataclass(frozen=True)
class ModelData:
    """One good and its cutoffs in the form the rules read; see the table of symbols above."""

    good: GoodData
    available: Availability
    class_of: Mapping[str, str]
    critical: np.ndarray  # member × month
    ceiling: np.ndarray  # member × month
    most_new: Mapping[str, float]
    pooled: bool

    @property
    def months(self) -> int:
        """The horizon H."""
        return int(self.available.delivered.shape[2])


def prepare(good: GoodData, available: Availability, *, pooled: bool = False, each: bool = False) -> ModelData:
    """Derive demand by month, classes and the limits on new capacity from a good's figures."""
    months = available.delivered.shape[2]
    profile = good.settings["profile"].value or (1.0,)
    shape = np.array([profile[t % len(profile)] for t in range(months)])
    monthly = np.outer(good.demand.to_numpy() / 12.0, shape)
    factor = good.value("demand_factor")
    limit = good.value("new_capacity")
    most_new = {}
    for i, country in enumerate(available.suppliers):
        builds = country in good.credit and not available.hit[i]
        most_new[country] = limit * float(good.capacity[country]) if builds and limit > 0 else 0.0
    return ModelData(
        good=good,
        available=available,
        class_of=classes_of(good, available, each=each),
        critical=good.value("critical_share") * factor * monthly,
        ceiling=factor * monthly,
        most_new=most_new,
        pooled=pooled,
    )


def classes_of(good: GoodData, available: Availability, *, each: bool = False) -> dict[str, str]:
    """Supplier → name of its class: its first supplier in alphabetical order."""
    names: dict[tuple[bool, bytes], str] = {}
    result = {}
    for i, country in enumerate(available.suppliers):
        answer = (country in good.credit, available.delivered[:, i, :].tobytes())
        result[country] = country if each else names.setdefault(answer, country)
    return result


def supplied(model: pyo.ConcreteModel, m: str) -> pyo.Expression:
    """(1) Σ_i x_im = D_m: every member is supplied in peace."""
    return sum(model.sourcing[m, i] for i in model.suppliers_of[m]) == model.demand[m]


def within_capacity(model: pyo.ConcreteModel, i: str) -> pyo.Expression:
    """(2) Σ_m x_im ≤ K_i + z_i: what a supplier can sell to members."""
    return sum(model.sourcing[m, i] for m in model.customers_of[i]) <= model.capacity[i] + model.new_capacity[i]


def class_total(model: pyo.ConcreteModel, m: str, k: str) -> pyo.Expression:
    """X_km = Σ_{i∈k} x_im: a member's contracts with a class."""
    return model.contracts[m, k] == sum(model.sourcing[m, i] for i in model.class_suppliers[m, k])


def delivered(model: pyo.ConcreteModel, m: str, k: str, s: str, t: int) -> pyo.Expression:
    """(3) y_kmst ≤ (1−u)(1+σ) · X_km / 12: crisis deliveries follow the relationship."""
    return model.delivery[m, k, s, t] <= model.delivered_part[k, s, t] / 12 * model.contracts[m, k]


def delivered_pooled(model: pyo.ConcreteModel, k: str, s: str, t: int) -> pyo.Expression:
    """(3) summed over members, for region suppliers under solidarity."""
    return (
        sum(model.delivery[m, k, s, t] for m in model.members_of[k])
        <= sum(model.contracts[m, k] for m in model.members_of[k]) * model.delivered_part[k, s, t] / 12
    )


def stock_first(model: pyo.ConcreteModel, m: str, s: str) -> pyo.Expression:
    """(4) in month 1: b_ms1 = B + Σ_k y_kms1 − c_ms1."""
    return (
        model.stock[m, s, 1]
        == model.held[m]
        + sum(model.delivery[m, k, s, 1] for k in model.classes_for[m])
        - model.consumption[m, s, 1]
    )


def stock_next(model: pyo.ConcreteModel, m: str, s: str, t: int) -> pyo.Expression:
    """(4) b_mst = b_ms,t−1 + Σ_k y_kmst − c_mst; 0 ≤ b ≤ B stands in the bounds."""
    return (
        model.stock[m, s, t]
        == model.stock[m, s, t - 1]
        + sum(model.delivery[m, k, s, t] for k in model.classes_for[m])
        - model.consumption[m, s, t]
    )


def drawn_first(model: pyo.ConcreteModel, m: str, s: str) -> pyo.Expression:
    """(5) in month 1: B − b_ms1 ≤ w_m."""
    return model.held[m] - model.stock[m, s, 1] <= model.draw[m]


def drawn_next(model: pyo.ConcreteModel, m: str, s: str, t: int) -> pyo.Expression:
    """(5) b_ms,t−1 − b_mst ≤ w_m: the most that can be drawn in a month."""
    return model.stock[m, s, t - 1] - model.stock[m, s, t] <= model.draw[m]


def survives(model: pyo.ConcreteModel, m: str, s: str, t: int) -> pyo.Expression:
    """(6) c_mst + e_mst ≥ φ · f · d_mt: survival; c ≤ f · d_mt stands in the bounds."""
    return model.consumption[m, s, t] + model.shortfall[m, s, t] >= model.critical[m, t]


def credited(model: pyo.ConcreteModel, m: str) -> pyo.Expression:
    """(7) Σ_i κ_i x_im = ρ_m D_m: the credited share."""
    return (
        sum(model.credit[i] * model.sourcing[m, i] for i in model.suppliers_of[m])
        == model.demand[m] * model.share[m]
    )


def common(model: pyo.ConcreteModel, m: str) -> pyo.Expression:
    """(7) ρ_m ≤ ρ: one share that is enough for all."""
    return model.share[m] <= model.common_share


def changed(model: pyo.ConcreteModel, m: str, i: str) -> pyo.Expression:
    """x_im − x̄_im = increase − decrease, so that their sum is |x − x̄| where it is minimised."""
    return model.sourcing[m, i] - model.increase[m, i] + model.decrease[m, i] == model.baseline[m, i]


def least_share(model: pyo.ConcreteModel) -> pyo.Expression:
    """Stage 1: min ρ."""
    return 1.0 * model.common_share


def least_building(model: pyo.ConcreteModel) -> pyo.Expression:
    """Stage 2: min Σ_i v_i z_i / Σ_m D_m, v the supplier's unit value over the good's mean."""
    total = sum(model.demand[m] for m in model.members)
    return sum(model.worth[i] * model.new_capacity[i] for i in model.suppliers) / total


def least_change(model: pyo.ConcreteModel) -> pyo.Expression:
    """Stage 3: min Σ_im (increase + decrease) / D_m."""
    return sum((model.increase[m, i] + model.decrease[m, i]) / model.demand[m] for m, i in model.increase)


def settled(model: pyo.ConcreteModel) -> pyo.Expression:
    """Stage 4, the tie-break: min Σ_im h_im (increase + decrease) / D_m.

    h_im = r_i + g_im/100: r_i the rank of the supplier by what it can sell, over the number of suppliers, so
    that among equal plans the large suppliers move first; g_im the fractional part of n·(√5 − 1)/2, n the
    number of the pair in alphabetical order, so that no two plans cost the same.
    """
    return sum(
        model.order[m, i] * (model.increase[m, i] + model.decrease[m, i]) / model.demand[m]
        for m, i in model.increase
    )


def least_shortfall(model: pyo.ConcreteModel) -> pyo.Expression:
    """Elastic: min Σ e_mst / D_m, the critical demand that must be missed."""
    return sum(model.shortfall[m, s, t] / model.demand[m] for m, s, t in model.shortfall)


def latest_shortfall(model: pyo.ConcreteModel) -> pyo.Expression:
    """Elastic, second: min Σ (H − t) e_mst / D_m, so that what must be missed is missed as late as can be."""
    last = model.months.last()
    return sum((last - t) * model.shortfall[m, s, t] / model.demand[m] for m, s, t in model.shortfall)


def build(data: ModelData) -> pyo.ConcreteModel:
    """Section 3 for one good, all its members and all its cutoffs.

    Its objectives are the stages among which ``requirements`` and ``stress`` choose. The suffix
    ``scaling_factor`` holds 1/size of each variable
    so that the solver's tolerances mean the same for a small member as for a large one.
    """
    good = data.good
    members, suppliers = good.members, list(data.available.suppliers)
    cutoffs, months = list(data.available.cutoffs), range(1, data.months + 1)
    links = [(m, i) for m in members for i in suppliers if not (m == i and m in good.no_home)]
    served = {m: [i for n, i in links if n == m] for m in members}
    pairs: dict[tuple[str, str], list[str]] = {}
    for m, i in links:
        pairs.setdefault((m, data.class_of[i]), []).append(i)
    classes = sorted(set(data.class_of.values()))
    region_classes = [k for k in classes if k in good.credit]
    pooled = region_classes if data.pooled else []
    demand = {m: float(good.demand[m]) for m in members}
    held = {m: float(good.stock[m]) for m in members}

    model = pyo.ConcreteModel(good.good)
    model.members = pyo.Set(initialize=members)
    model.suppliers = pyo.Set(initialize=suppliers)
    model.cutoffs = pyo.Set(initialize=cutoffs)
    model.months = pyo.RangeSet(data.months)
    model.links = pyo.Set(dimen=2, initialize=links)
    model.pairs = pyo.Set(dimen=2, initialize=list(pairs))
    model.classes = pyo.Set(initialize=classes)
    model.pooled = pyo.Set(initialize=pooled)
    model.suppliers_of = pyo.Set(model.members, initialize=served)
    model.customers_of = pyo.Set(
        model.suppliers, initialize={i: [m for m, j in links if j == i] for i in suppliers}
    )
    model.class_suppliers = pyo.Set(model.pairs, initialize=pairs)
    model.classes_for = pyo.Set(model.members, initialize={m: [k for n, k in pairs if n == m] for m in members})
    model.members_of = pyo.Set(model.classes, initialize={k: [m for m, j in pairs if j == k] for k in classes})
    model.alone = pyo.Set(dimen=2, initialize=[(m, k) for m, k in pairs if k not in pooled])

    model.demand = pyo.Param(model.members, initialize=demand)
    model.held = pyo.Param(model.members, initialize=held)
    model.draw = pyo.Param(model.members, initialize={m: good.value("drawdown") * held[m] for m in members})
    model.capacity = pyo.Param(model.suppliers, initialize={i: float(good.capacity[i]) for i in suppliers})
    model.credit = pyo.Param(model.suppliers, initialize={i: good.credit.get(i, 0.0) for i in suppliers})
    model.worth = pyo.Param(model.suppliers, initialize=_worth(good))
    model.baseline = pyo.Param(model.links, initialize={(m, i): float(good.baseline.at[i, m]) for m, i in links})
    model.order = pyo.Param(model.links, initialize=_order(good, links))
    model.critical = pyo.Param(model.members, model.months, initialize=_by_month(members, data.critical))
    model.delivered_part = pyo.Param(
        model.classes,
        model.cutoffs,
        model.months,
        initialize={
            (k, s, t): float(data.available.delivered[n, suppliers.index(k), t - 1])
            for k in classes
            for n, s in enumerate(cutoffs)
            for t in months
        },
    )

    ceiling = _by_month(members, data.ceiling)
    model.sourcing = pyo.Var(model.links, bounds=(0, None))
    model.new_capacity = pyo.Var(model.suppliers, bounds=lambda _, i: (0, data.most_new[i]))
    model.contracts = pyo.Var(model.pairs, bounds=(0, None))
    model.delivery = pyo.Var(model.pairs, model.cutoffs, model.months, bounds=(0, None))
    model.stock = pyo.Var(model.members, model.cutoffs, model.months, bounds=lambda _, m, s, t: (0, held[m]))
    model.consumption = pyo.Var(
        model.members, model.cutoffs, model.months, bounds=lambda _, m, s, t: (0, ceiling[m, t])
    )
    model.shortfall = pyo.Var(model.members, model.cutoffs, model.months, bounds=(0, 0))
    model.share = pyo.Var(model.members, bounds=(0, None))
    model.common_share = pyo.Var(bounds=(0, None))
    model.increase = pyo.Var(model.links, bounds=(0, None))
    model.decrease = pyo.Var(model.links, bounds=(0, None))

    model.supplied = pyo.Constraint(model.members, rule=supplied)
    model.within_capacity = pyo.Constraint(model.suppliers, rule=within_capacity)
    model.class_total = pyo.Constraint(model.pairs, rule=class_total)
    model.delivered = pyo.Constraint(model.alone, model.cutoffs, model.months, rule=delivered)
    model.delivered_pooled = pyo.Constraint(model.pooled, model.cutoffs, model.months, rule=delivered_pooled)
    model.later = pyo.RangeSet(2, data.months)
    model.stock_first = pyo.Constraint(model.members, model.cutoffs, rule=stock_first)
    model.stock_next = pyo.Constraint(model.members, model.cutoffs, model.later, rule=stock_next)
    model.drawn_first = pyo.Constraint(model.members, model.cutoffs, rule=drawn_first)
    model.drawn_next = pyo.Constraint(model.members, model.cutoffs, model.later, rule=drawn_next)
    model.survives = pyo.Constraint(model.members, model.cutoffs, model.months, rule=survives)
    model.credited = pyo.Constraint(model.members, rule=credited)
    model.common = pyo.Constraint(model.members, rule=common)
    model.changed = pyo.Constraint(model.links, rule=changed)

    model.scaling_factor = pyo.Suffix(direction=pyo.Suffix.LOCAL)
    total = sum(demand.values())
    for variable in model.component_objects(pyo.Var):
        for index, entry in variable.items():
            if variable.local_name not in ("share", "common_share"):
                size = total if variable.local_name == "new_capacity" else demand[index[0]]
                model.scaling_factor[entry] = 1.0 / size

    model.least_share = pyo.Objective(rule=least_share)
    model.least_building = pyo.Objective(rule=least_building)
    model.least_change = pyo.Objective(rule=least_change)
    model.settled = pyo.Objective(rule=settled)
    model.least_shortfall = pyo.Objective(rule=least_shortfall)
    model.latest_shortfall = pyo.Objective(rule=latest_shortfall)
    return model


def _order(good: GoodData, links: list[tuple[str, str]]) -> dict[tuple[str, str], float]:
    """h_im of :func:`settled`."""
    large_first = good.capacity.sort_index().sort_values(ascending=False, kind="stable").index
    rank = {i: number / len(large_first) for number, i in enumerate(large_first)}
    golden = (5**0.5 - 1) / 2
    return {(m, i): rank[i] + (number * golden) % 1 / 100 for number, (m, i) in enumerate(sorted(links), start=1)}


def _by_month(members: list[str], table: np.ndarray) -> dict[tuple[str, int], float]:
    return {(m, t + 1): float(table[n, t]) for n, m in enumerate(members) for t in range(table.shape[1])}


def _worth(good: GoodData) -> dict[str, float]:
    """Unit value of each supplier over the good's mean; 1 where no price is known."""
    price = good.price.mean(axis=1)
    mean = float(price.mean())
    if not mean > 0:
        return dict.fromkeys(good.suppliers, 1.0)
    return {i: float(price[i]) / mean if price[i] > 0 else 1.0 for i in good.suppliers}
