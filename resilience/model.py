"""The mathematics: section by section, one rule a formula, as a Pyomo model of one good, or of goods in a chain.

Symbols of the formulas and their names here; indices stand in the order member m, supplier i (or class k),
cutoff s, month t. Amounts are in the good's unit, a year for sourcing and a month for the rest.

| symbol | name | meaning |
|---|---|---|
| M | ``members`` | countries that must survive |
| i | ``suppliers`` | countries that sell, the member itself included |
| k | ``classes`` | suppliers that answer a cutoff alike (same side of the region, same parts delivered) |
| s, t | ``cutoffs``, ``months`` | what may happen, and when |
| x_im | ``sourcing[m, i]`` | yearly peacetime sourcing |
| z_i | ``new_capacity[i]`` | capacity built before the cutoff |
| y_mkst | ``delivery[m, k, s, t]`` | crisis deliveries of all suppliers of class k |
| b_mst | ``stock[m, s, t]`` | stock at the end of the month |
| c_mst | ``consumption[m, s, t]`` | crisis consumption |
| ρ_m, ρ | ``share[m]``, ``common_share`` | credited share, and the least that all keep |
| v_mst | ``used_up[m, s, t]`` | stock used up at the end of the month, B − b |
| e_mst | ``shortfall[m, s, t]`` | critical demand that is missed; 0 unless a program lets it go |
| D_m | ``demand`` | yearly demand |
| φ·f·d_mt, f·d_mt | ``critical``, ``ceiling`` | critical and full crisis demand of a month |
| K_i, zmax_i | ``capacity``, ``most_new`` | what i can sell to members, most that it may build |
| B_m, w_m | ``held``, ``drawdown`` · ``held`` | stock at the start, most drawn in a month |
| | ``more_stock``, ``relief`` | levers: months of stock and points of φ given away; 0 unless asked |
| κ_i | ``credit`` | how much of i's supply counts as content |
| (1−u)(1+σ) | ``delivered_part[k, s, t]`` | part of the contract that class k delivers |
| u(1+σ) | ``lost_part[k, s, t]`` | part that a supplier of class k loses if it is among the any K |
| T_mks | ``worst_cut[m, k, s]`` | contracts with the K suppliers of class k with whom m has most |
| q | ``cap`` | most of a member's demand that one outsider may supply |
| u_mst | ``making[m, s, t]`` | what makers of other goods use of this one in m (chains only) |
| | ``extra_use[m]`` | what they use in peace above today's use (chains only) |
| r_mst | ``replaced[m, s, t]`` | what other goods stand in for, in this good's unit (chains only) |
| v^hg_mst | ``lent[h, g, m, s, t]`` | what of good h stands in for good g (chains only) |
| a^hg_m | ``Link.per_unit`` | input h that one unit of g needs in m |
| x̄_im | ``baseline[m, i]`` | sourcing today |

Deliveries are written for classes: y_imst appears in (3) and, summed over i, in (4) only, so the sum of (3)
over suppliers with equal right-hand coefficients loses nothing. ``classes_of(data, each=True)`` puts every
supplier into a class of its own, which is section 3 to the letter.

A cutoff that takes any K suppliers of a class takes those with whom the member has most, for suppliers of a class
lose the same part. Their total T is the optimum of the Bertsimas–Sim dual min K τ + Σ p_i with p_i ≥ x_im − τ and
p, τ ≥ 0 (Bertsimas and Sim 2004, "The price of robustness", Operations Research 52), so that class k delivers
(1+σ) X − u(1+σ) T in the worst case, and no set needs to be listed. Under solidarity the worst set of one member
need not be that of the others; there ``requirements`` names sets one after the other.

Goods of a chain are blocks ``good[g]`` of one model, each as above, tied by the rules at the end: what is made
in a place needs its inputs there, and goods of a group may stand in for each other (section 8; ``chains`` says in
which order they are solved).

Where members do not pool what they get and no good is made of another, deliveries, stock and consumption need no
variables: a plan survives just if it keeps the conditions of section 4, one for every window of months
(``covered``) and one for every month (``drawn``). ``build`` then writes those in place of (3) to (6); the
programme is a third as large, has the same answers, and most of its conditions never bind, so that the solver is
given them as they are violated (:data:`GENERATED`). Windows grow with the square of the horizon; beyond
:data:`MOST_MONTHS` the stock that is used up takes their place (``used_up_first`` to ``within_stock``).
``build(data, full=True)`` is section 3 to the letter.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pyomo.environ as pyo
from pyomo.common.gc_manager import PauseGC
from pyomo.core.base import constraint
from pyomo.core.base.param import IndexedParam

from resilience.inputs.balance import GoodData
from resilience.inputs.cutoffs import Availability

INDICES = {
    "sourcing": ("member", "supplier"),
    "new_capacity": ("supplier",),
    "shortfall": ("member", "cutoff", "month"),
    "share": ("member",),
    "supplied": ("member",),
    "class_total": ("member", "class", "cutoff"),
    "worst_total": ("member", "class", "cutoff"),
    "worst_excess": ("member", "class", "cutoff", "supplier"),
    "delivered": ("member", "class", "cutoff", "month"),
    "delivered_mixed": ("member", "class", "cutoff", "month"),
    "delivered_pooled": ("class", "cutoff", "month"),
    "stock_first": ("member", "cutoff"),
    "stock_next": ("member", "cutoff", "month"),
    "stock_limit": ("member", "cutoff", "month"),
    "drawn_first": ("member", "cutoff"),
    "drawn_next": ("member", "cutoff", "month"),
    "survives": ("member", "cutoff", "month"),
    "covered": ("member", "cutoff", "after", "month"),
    "used_up_first": ("member", "cutoff"),
    "used_up_next": ("member", "cutoff", "month"),
    "within_stock": ("member", "cutoff", "month"),
    "drawn": ("member", "cutoff", "month"),
    "credited": ("member",),
    "common": ("member",),
    "changed": ("member", "supplier"),
    "below_cap": ("member", "supplier"),
    "made_in_place": ("input", "member", "cutoff", "month"),
    "used_above_today": ("input", "member"),
    "stood_in_for": ("good", "member", "cutoff", "month"),
    "common_in_group": ("group", "member"),
}
SURVIVAL = ("survives", "covered", "within_stock", "drawn")  # rows that ask for survival
DRAWING = ("drawn_first", "drawn_next", "drawn")  # rows that limit what is drawn from stock in a month
GENERATED = ("covered", "drawn")  # rows given to the solver as they are violated; by member and cutoff
MOST_MONTHS = 12  # of a horizon for which conditions are written for every window of months
PART = "|"  # stands between a good and a component's name in a model of several goods


Numbers = Mapping[str, np.ndarray]  # see numbers_of

MIXED = (
    "outsiders that lose inputs",
    "region suppliers that lose inputs",
)  # classes whose suppliers answer unlike
AT_HOME = " at home"  # ends the name of the class in which a supplier serves itself


@dataclass(frozen=True)
class ModelData:
    """One good and its cutoffs in the form the rules read; see the table of symbols above.

    ``fed`` are members whose makers of other goods use this one, with what they use in a year today;
    ``replaceable`` is the part of crisis demand that other goods of a group may stand in for.
    """

    good: GoodData
    available: Availability
    class_of: Mapping[tuple[str, str], str]  # (cutoff, supplier) → class
    critical: np.ndarray  # member × month
    ceiling: np.ndarray  # member × month
    most_new: Mapping[str, float]
    pooled: bool
    fed: Mapping[str, float] = field(default_factory=dict)
    replaceable: float = 0.0

    def class_for(self, m: str, i: str, s: str) -> str:
        """The class in which supplier i serves member m under cutoff s; alone at home if that differs."""
        if m == i and i in self.available.spared[self.available.cutoffs.index(s)]:
            return i + AT_HOME
        return self.class_of[s, i]

    @property
    def months(self) -> int:
        """The horizon H."""
        return int(self.available.delivered.shape[2])

    @property
    def apart(self) -> bool:
        """Whether survival is a matter of each member's own plan: the conditions of section 4 are then exact."""
        return not self.pooled and not self.fed and not self.replaceable


def prepare(
    good: GoodData,
    available: Availability,
    *,
    pooled: bool = False,
    each: bool = False,
    makers: Collection[str] = (),
    class_of: Mapping[tuple[str, str], str] | None = None,
) -> ModelData:
    """Derive demand by month, classes and the limits on new capacity from a good's figures.

    ``makers`` are suppliers that stand in a class of their own, because what they deliver is followed upstream.
    ``class_of`` are the classes, if they are known already.
    """
    months = available.delivered.shape[2]
    monthly = (good.demand.to_numpy() / 12.0)[:, None] * _shape(good.settings["profile"].value, months)
    factor = good.value("demand_factor")
    limit = good.value("new_capacity")
    most_new = dict.fromkeys(available.suppliers, 0.0)
    hit = dict(zip(available.suppliers, available.hit.tolist(), strict=True))
    for country, sold in zip(good.suppliers, good.capacities.tolist(), strict=True):
        if limit > 0 and sold > 0 and country in good.credit and not hit[country]:
            most_new[country] = limit * sold
    return ModelData(
        good=good,
        available=available,
        class_of=classes_of(good, available, each=each, pooled=pooled, makers=makers)
        if class_of is None
        else class_of,
        critical=good.value("critical_share") * factor * monthly,
        ceiling=factor * monthly,
        most_new=most_new,
        pooled=pooled,
    )


@lru_cache(maxsize=64)
def _shape(profile: tuple[float, ...] | None, months: int) -> np.ndarray:
    """A month's demand over a twelfth of a year's."""
    return np.array([profile[t % len(profile)] if profile else 1.0 for t in range(months)])


def classes_of(
    good: GoodData,
    available: Availability,
    *,
    each: bool = False,
    pooled: bool = False,
    makers: Collection[str] = (),
) -> dict[tuple[str, str], str]:
    """(cutoff, supplier) → name of its class under that cutoff: its first supplier in alphabetical order.

    Suppliers among whom any K may be taken share a class whatever ``each`` says, as K is counted over all of them.
    Others that lose inputs stand in one class of each side, unless region suppliers are ``pooled``.
    """
    result = {}
    sides = [country in good.credit for country in available.suppliers]
    losing: list[list[bool]] = np.any(available.lost, axis=2).tolist()
    slow: list[list[bool]] = np.any(available.delivered != available.whole, axis=2).tolist()
    for s, cutoff in enumerate(available.cutoffs):
        names: dict[tuple[bool, bytes, bytes], str] = {}
        for i, (country, inside) in enumerate(zip(available.suppliers, sides, strict=True)):
            if (each or country in makers) and not losing[s][i]:
                result[cutoff, country] = country
            elif slow[s][i] and not losing[s][i] and not (pooled and inside):
                result[cutoff, country] = MIXED[int(inside)]
            else:
                parts = available.delivered[s, i].tobytes(), available.lost[s, i].tobytes()
                result[cutoff, country] = names.setdefault((inside, *parts), country)
    return result


def supplied(model: pyo.ConcreteModel, m: str) -> pyo.Expression:
    """(1) Σ_i x_im = D_m: every member is supplied in peace, and so are its makers if they make more."""
    needed = model.demand[m] + (model.extra_use[m] if model.fed and m in model.fed else 0.0)
    return sum(model.sourcing[m, i] for i in model.suppliers_of[m]) == needed


def within_capacity(model: pyo.ConcreteModel, i: str) -> pyo.Expression:
    """(2) Σ_m x_im ≤ K_i + z_i: what a supplier can sell to members."""
    return sum(model.sourcing[m, i] for m in model.customers_of[i]) <= model.capacity[i] + model.new_capacity[i]


def below_cap(model: pyo.ConcreteModel, m: str, i: str) -> pyo.Expression:
    """x_im ≤ q D_m for every outsider i: the cap of section 5."""
    return model.sourcing[m, i] <= model.cap * model.demand[m]


def class_total(model: pyo.ConcreteModel, m: str, k: str, s: str) -> pyo.Expression:
    """X_mks = Σ_{i∈k} x_im: a member's contracts with a class."""
    return model.contracts[m, k, s] == sum(model.sourcing[m, i] for i in model.class_suppliers[m, k, s])


def worst_total(model: pyo.ConcreteModel, m: str, k: str, s: str) -> pyo.Expression:
    """T_mks = K τ + Σ_i p_i: the contracts that any K suppliers of a class can take away at the most."""
    taken = sum(model.excess[m, k, s, i] for i in model.candidates[m, k, s])
    return model.worst_cut[m, k, s] == model.budget[k, s] * model.threshold[m, k, s] + taken


def worst_excess(model: pyo.ConcreteModel, m: str, k: str, s: str, i: str) -> pyo.Expression:
    """p_i ≥ x_im − τ."""
    return model.excess[m, k, s, i] >= model.sourcing[m, i] - model.threshold[m, k, s]


def delivered(model: pyo.ConcreteModel, m: str, k: str, s: str, t: int) -> pyo.Expression:
    """(3) y_mkst ≤ (1−u)(1+σ) · X_mks / 12: crisis deliveries follow the relationship."""
    return model.delivery[m, k, s, t] <= model.delivered_part[k, s, t] / 12 * model.contracts[m, k, s]


def delivered_mixed(model: pyo.ConcreteModel, m: str, k: str, s: str, t: int) -> pyo.Expression:
    """(3) where suppliers of a class lose unlike parts of their inputs: y_mkst ≤ Σ_{i∈k} (1−u)(1+σ) x_im / 12."""
    return (
        model.delivery[m, k, s, t]
        <= sum(model.own_part[i, s, t] * model.sourcing[m, i] for i in model.class_suppliers[m, k, s]) / 12
    )


def delivered_worst(model: pyo.ConcreteModel, m: str, k: str, s: str, t: int) -> pyo.Expression:
    """(3) where any K suppliers of the class are taken: y_mkst ≤ ((1+σ) X_mks − u(1+σ) T_mks) / 12."""
    return (
        model.delivery[m, k, s, t]
        <= model.delivered_part[k, s, t] / 12 * model.contracts[m, k, s]
        - model.lost_part[k, s, t] / 12 * model.worst_cut[m, k, s]
    )


def delivered_pooled(model: pyo.ConcreteModel, k: str, s: str, t: int) -> pyo.Expression:
    """(3) summed over members, for region suppliers under solidarity."""
    return (
        sum(model.delivery[m, k, s, t] for m in model.members_of[k, s])
        <= sum(model.contracts[m, k, s] for m in model.members_of[k, s]) * model.delivered_part[k, s, t] / 12
    )


def stock_first(model: pyo.ConcreteModel, m: str, s: str) -> pyo.Expression:
    """(4) in month 1: b_ms1 = B + Σ_k y_mks1 − c_ms1."""
    arriving = sum(model.delivery[m, k, s, 1] for k in model.classes_for[m, s])
    return model.stock[m, s, 1] == stock_held(model, m) + arriving - used(model, m, s, 1)


def stock_next(model: pyo.ConcreteModel, m: str, s: str, t: int) -> pyo.Expression:
    """(4) b_mst = b_ms,t−1 + Σ_k y_mkst − c_mst."""
    arriving = sum(model.delivery[m, k, s, t] for k in model.classes_for[m, s])
    return model.stock[m, s, t] == model.stock[m, s, t - 1] + arriving - used(model, m, s, t)


def used(model: pyo.ConcreteModel, m: str, s: str, t: int) -> pyo.Expression:
    """c_mst and, of a good that goes into others, what their makers in the place use: u_mst (section 8)."""
    return model.consumption[m, s, t] + (model.making[m, s, t] if model.fed and m in model.fed else 0.0)


def stock_limit(model: pyo.ConcreteModel, m: str, s: str, t: int) -> pyo.Expression:
    """(4) b_mst ≤ B: refilled up to what was held at the most."""
    return model.stock[m, s, t] <= stock_held(model, m)


def stock_held(model: pyo.ConcreteModel, m: str) -> pyo.Expression:
    """B_m, with the months of demand that the lever ``more_stock`` adds."""
    return model.held[m] + model.more_stock * model.demand[m] / 12


def drawn_first(model: pyo.ConcreteModel, m: str, s: str) -> pyo.Expression:
    """(5) in month 1: B − b_ms1 ≤ w_m = drawdown · B."""
    return stock_held(model, m) - model.stock[m, s, 1] <= model.drawdown[m] * stock_held(model, m)


def drawn_next(model: pyo.ConcreteModel, m: str, s: str, t: int) -> pyo.Expression:
    """(5) b_ms,t−1 − b_mst ≤ w_m: the most that can be drawn in a month."""
    return model.stock[m, s, t - 1] - model.stock[m, s, t] <= model.drawdown[m] * stock_held(model, m)


def survives(model: pyo.ConcreteModel, m: str, s: str, t: int) -> pyo.Expression:
    """(6) c_mst + r_mst + e_mst ≥ (φ − relief) · f · d_mt: survival; c ≤ f · d_mt stands in the bounds.

    r_mst is what other goods of a group stand in for, in this good's unit.
    """
    needed = model.critical[m, t] - model.relief * model.ceiling[m, t]
    met = model.consumption[m, s, t] + (model.replaced[m, s, t] if model.helped and m in model.helped else 0.0)
    return met + model.shortfall[m, s, t] >= needed


def arriving(model: pyo.ConcreteModel, m: str, s: str, before: int, last: int) -> pyo.Expression:
    """Σ_{before<τ≤last} Σ_k y_mksτ at the most: what (3) lets through in a window of months, with (1+σ)(1−u) and
    u(1+σ) added up over it."""
    whole = sum(
        (model.delivered_until[k, s, last] - model.delivered_until[k, s, before]) / 12 * model.contracts[m, k, s]
        for k in model.whole_classes[m, s]
    )
    worst = sum(
        (model.lost_until[k, s, last] - model.lost_until[k, s, before]) / 12 * model.worst_cut[m, k, s]
        for k in model.worst_classes[m, s]
    )
    mixed = sum(
        (model.own_until[i, s, last] - model.own_until[i, s, before]) / 12 * model.sourcing[m, i]
        for i in model.mixed_suppliers[m, s]
    )
    return whole - (worst if model.worst else 0.0) + (mixed if model.mixed else 0.0)


def asked(model: pyo.ConcreteModel, m: str, s: str, before: int, last: int) -> pyo.Expression:
    """Σ_{before<τ≤last} ((φ − relief) · f · d_mτ − e_msτ): what must be consumed in a window of months."""
    needed = model.critical_until[m, last] - model.critical_until[m, before]
    spared = model.relief * (model.ceiling_until[m, last] - model.ceiling_until[m, before])
    return needed - spared - sum(model.shortfall[m, s, t] for t in model.months_within[before, last])


def covered(model: pyo.ConcreteModel, m: str, s: str, before: int, last: int) -> pyo.Expression:
    """Section 4: B + what arrives in a window of months ≥ what must be consumed in it."""
    return arriving(model, m, s, before, last) + stock_held(model, m) >= asked(model, m, s, before, last)


def used_up_first(model: pyo.ConcreteModel, m: str, s: str) -> pyo.Expression:
    """(4) in month 1: v_ms1 ≥ what must be consumed − what arrives, with v = B − b the stock that is used up."""
    return model.used_up[m, s, 1] + arriving(model, m, s, 0, 1) >= asked(model, m, s, 0, 1)


def used_up_next(model: pyo.ConcreteModel, m: str, s: str, t: int) -> pyo.Expression:
    """(4) v_mst ≥ v_ms,t−1 + what must be consumed − what arrives, and v ≥ 0: no stock grows beyond B."""
    used = model.used_up[m, s, t] - model.used_up[m, s, t - 1]
    return used + arriving(model, m, s, t - 1, t) >= asked(model, m, s, t - 1, t)


def within_stock(model: pyo.ConcreteModel, m: str, s: str, t: int) -> pyo.Expression:
    """(4) v_mst ≤ B: no more is used up than there was. With v taken out, these are the rows ``covered``."""
    return model.used_up[m, s, t] <= stock_held(model, m)


def drawn(model: pyo.ConcreteModel, m: str, s: str, t: int) -> pyo.Expression:
    """Section 4: w + what arrives in a month ≥ what must be consumed in it."""
    available = arriving(model, m, s, t - 1, t) + model.drawdown[m] * stock_held(model, m)
    return available >= asked(model, m, s, t - 1, t)


def missed(model: pyo.ConcreteModel, m: str, s: str, t: int) -> pyo.Expression:
    """e_mst ≤ φ · f · d_mt: no more can be missed than is needed, and a surplus of it feeds no stock."""
    return model.shortfall[m, s, t] <= model.critical[m, t]


def credited(model: pyo.ConcreteModel, m: str) -> pyo.Expression:
    """(7) Σ_i κ_i x_im = ρ_m D_m: the credited share.

    Where makers use the good, demand moves with what they make; once their plan is fixed, the engine puts the new
    demand in the place of D_m (``chains``).
    """
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
    """Stage 4, the tie-break: min Σ_im (h_im (increase + decrease) + 10 e_i increase) / D_m.

    e_i is 1 for suppliers that a cutoff takes from, so that among equal plans nobody buys more from those. h_im =
    r_i + g_im/100: r_i the rank of the supplier by what it can sell, over the number of suppliers, so that the
    large suppliers move first; g_im the fractional part of n·(√5 − 1)/2, n the number of the pair in alphabetical
    order, so that no two plans cost the same.
    """
    return sum(
        (
            model.order[m, i] * (model.increase[m, i] + model.decrease[m, i])
            + 10 * model.exposed[i] * model.increase[m, i]
        )
        / model.demand[m]
        for m, i in model.increase
    )


def least_shortfall(model: pyo.ConcreteModel) -> pyo.Expression:
    """Elastic: min Σ e_mst / D_m, the critical demand that must be missed."""
    return sum(model.shortfall[m, s, t] / model.demand[m] for m, s, t in model.shortfall)


def latest_shortfall(model: pyo.ConcreteModel) -> pyo.Expression:
    """Elastic, second: min Σ (H − t) e_mst / D_m, so that what must be missed is missed as late as can be."""
    last = model.months.last()
    return sum((last - t) * model.shortfall[m, s, t] / model.demand[m] for m, s, t in model.shortfall)


def least_stock(model: pyo.ConcreteModel) -> pyo.Expression:
    """Lever: the least months of demand that must be added to every stock."""
    return 1.0 * model.more_stock


def least_relief(model: pyo.ConcreteModel) -> pyo.Expression:
    """Lever: the least by which the critical share must fall."""
    return 1.0 * model.relief


OBJECTIVES = (
    least_share,
    least_building,
    least_change,
    settled,
    least_shortfall,
    latest_shortfall,
    least_stock,
    least_relief,
)


def build(data: ModelData, numbers: Numbers | None = None, *, full: bool = False) -> pyo.ConcreteModel:
    """Section 3 for one good, all its members and all its cutoffs.

    Where the conditions of section 4 are exact they stand in place of (3) to (6), unless ``full``. ``numbers``
    are :func:`numbers_of` the data, or what ``templates`` puts in their place.

    Its objectives are the stages and questions among which ``requirements``, ``levers`` and ``stress`` choose.
    The suffix ``scaling_factor`` holds 1/size of each variable so that the solver's tolerances mean the same for
    a small member as for a large one.
    """
    model = pyo.ConcreteModel(data.good.good)
    model.scaling_factor = pyo.Suffix(direction=pyo.Suffix.LOCAL)
    with PauseGC():  # many small objects come into being, and none goes
        _fill(model, data, numbers, full=full or not data.apart)
    return model


@dataclass(frozen=True)
class Link:
    """``input`` goes into ``good``: ``per_unit`` is a_m by member, for the places whose makers are followed."""

    good: str
    input: str
    per_unit: Mapping[str, float]


@dataclass(frozen=True)
class Swap:
    """One unit of ``lender`` stands in for ``rate`` units of ``good``."""

    good: str
    lender: str
    rate: float


@dataclass(frozen=True)
class ChainData:
    """Goods that hang together, final goods first, with the links and swaps between them (section 8).

    ``worth`` maps each group of substitutes to its goods and what one unit of each is worth.
    """

    goods: Mapping[str, ModelData]
    links: tuple[Link, ...]
    swaps: tuple[Swap, ...] = ()
    worth: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def made_in_place(model: pyo.ConcreteModel, h: str, m: str, s: str, t: int) -> pyo.Expression:
    """u^h_mst = Σ_g a^hg_m Σ_m' y^g_m'mst + Σ_g v^hg_mst: what makers in m use of h in a month of crisis.

    y^g_m'mst are the deliveries of g that are made in m for m', m itself included; without their input they are
    not made. v^hg is what of h stands in for g.
    """
    used_in = sum(
        per_unit * model.good[g].delivery[customer, k, s, t]
        for g, per_unit in model.uses[h, m]
        if t in model.good[g].months
        for customer, k in model.outlets[g, m, s]
    )
    lent = sum(model.lent[h, g, m, s, t] for g in model.borrowers[h] if t in model.good[g].months)
    return model.good[h].making[m, s, t] == used_in + lent


def used_above_today(model: pyo.ConcreteModel, h: str, m: str) -> pyo.Expression:
    """Σ_g a^hg_m Σ_m' (x^g_m'm − x̄^g_m'm): what makers in m use in peace above today's use."""
    moved = sum(
        per_unit * (model.good[g].sourcing[customer, m] - model.good[g].baseline[customer, m])
        for g, per_unit in model.uses[h, m]
        for customer in model.good[g].customers_of[m]
    )
    return model.good[h].extra_use[m] == moved


def stood_in_for(model: pyo.ConcreteModel, g: str, m: str, s: str, t: int) -> pyo.Expression:
    """r^g_mst = Σ_h rate^hg v^hg_mst, at most the limit of the group times f · d_mt."""
    others = sum(rate * model.lent[h, g, m, s, t] for h, rate in model.lenders[g] if (h, g, m, s, t) in model.lent)
    return model.good[g].replaced[m, s, t] == others


def common_in_group(model: pyo.ConcreteModel, group: str, m: str) -> pyo.Expression:
    """Σ_g w_g Σ_i κ_i x^g_im ≤ ρ_group Σ_g w_g D^g_m: the credited share of a group's goods together."""
    worth = model.worth[group]
    here = {g: rate for g, rate in worth.items() if m in model.good[g].members}
    credited_amount = sum(
        rate * model.good[g].credit[i] * model.good[g].sourcing[m, i]
        for g, rate in here.items()
        for i in model.good[g].suppliers_of[m]
    )
    return credited_amount <= model.group_share[group] * sum(r * model.good[g].demand[m] for g, r in here.items())


def build_chain(chain: ChainData, numbers: Mapping[str, Numbers] | None = None) -> pyo.ConcreteModel:
    """The models of several goods as blocks ``good[g]`` of one, with the rules that couple them.

    ``numbers`` are :func:`numbers_of` each good, or what ``templates`` puts in their place.
    """
    model = pyo.ConcreteModel(" and ".join(chain.goods))
    model.scaling_factor = pyo.Suffix(direction=pyo.Suffix.LOCAL)
    model.good = pyo.Block(list(chain.goods))
    with PauseGC():  # as in build
        for name, data in chain.goods.items():
            _fill(model.good[name], data, numbers[name] if numbers is not None else None, full=True)
    model.uses = {
        (h, m): [(link.good, link.per_unit[m]) for link in chain.links if link.input == h and m in link.per_unit]
        for h, data in chain.goods.items()
        for m in data.fed
    }
    model.outlets = {
        (g, m, s): _outlets(chain.goods[g], m, s)
        for g in {link.good for link in chain.links}
        for m in {place for link in chain.links if link.good == g for place in link.per_unit}
        for s in chain.goods[g].available.cutoffs
    }
    model.borrowers = {h: [swap.good for swap in chain.swaps if swap.lender == h] for h in chain.goods}
    model.lenders = {g: [(swap.lender, swap.rate) for swap in chain.swaps if swap.good == g] for g in chain.goods}
    swapped = [
        (h, g, m, s, t)
        for h, borrowers in model.borrowers.items()
        for g in borrowers
        for m, s, t in model.good[g].replaced
        if m in chain.goods[h].fed
    ]
    model.lent = pyo.Var(pyo.Set(dimen=5, initialize=swapped), bounds=(0, None))
    for h, g, m, s, t in swapped:
        model.scaling_factor[model.lent[h, g, m, s, t]] = 1.0 / model.good[h].demand[m]
    making = [(h, *index) for h in chain.goods for index in model.good[h].making]
    model.made_in_place = pyo.Constraint(pyo.Set(dimen=4, initialize=making), rule=made_in_place)
    above = [(h, m) for h in chain.goods for m in model.good[h].fed]
    model.used_above_today = pyo.Constraint(pyo.Set(dimen=2, initialize=above), rule=used_above_today)
    replaced = [(g, *index) for g in chain.goods for index in model.good[g].replaced]
    model.stood_in_for = pyo.Constraint(pyo.Set(dimen=4, initialize=replaced), rule=stood_in_for)
    model.worth = chain.worth
    model.group_share = pyo.Var(list(chain.worth), bounds=(0, None))
    together = [
        (group, m)
        for group, worth in chain.worth.items()
        for m in dict.fromkeys(m for g in worth for m in chain.goods[g].good.members)
    ]
    model.common_in_group = pyo.Constraint(pyo.Set(dimen=2, initialize=together), rule=common_in_group)
    for group in chain.worth:
        model.add_component(least_group_share(group), pyo.Objective(expr=1.0 * model.group_share[group]))
    return model


def least_group_share(group: str) -> str:
    """The name of the objective that asks for the least share of a group of substitutes."""
    return f"least_group_share of {group}"


def _outlets(data: ModelData, maker: str, s: str) -> list[tuple[str, str]]:
    """Whom a maker serves, with the class in which it does: (customer, class).

    Where any K of the region's suppliers may be taken they share a class; then only home use can be followed.
    """
    shared = bool(data.available.lost[data.available.cutoffs.index(s), data.good.suppliers.index(maker)].any())
    return [
        (m, data.class_for(m, maker, s))
        for m in data.good.members
        if not (m == maker and m in data.good.no_home) and (m == maker or not shared)
    ]


class Table(IndexedParam):  # type: ignore[misc]  # Pyomo has no type hints
    """A parameter with an index; Pyomo 6.10 itself reads it by a method that it calls deprecated."""

    def extract_values_sparse(self) -> dict[Any, Any]:
        """Index → number."""
        return dict(self.sparse_items())


def _write_once(model: Any, rule: Callable[..., Any], *index: Any) -> None:
    """Declare a constraint of the rule's name whose rule is called once, with symbols for the indices.

    Pyomo then keeps one expression and fills in the indices when it translates. The rule may not ask what an index
    is, and all numbers that it reads must be indexed (:class:`Table`). What does not comply is an error at once,
    except that a rule that goes through a set by hand is called for every index as usual.
    """
    before = constraint.TEMPLATIZE_CONSTRAINTS
    constraint.TEMPLATIZE_CONSTRAINTS = all(len(part) for part in index)
    try:
        model.add_component(rule.__name__, pyo.Constraint(*index, rule=rule))
    finally:
        constraint.TEMPLATIZE_CONSTRAINTS = before


def _fill(model: Any, data: ModelData, numbers: Numbers | None, *, full: bool) -> None:
    """Sets, parameters, variables, constraints and objectives of one good, into a model or a block of one."""
    _declare_sets(model, data, full=full)
    _declare_parameters(model, data, numbers_of(data) if numbers is None else numbers, full=full)
    _declare_variables(model, full=full)

    model.supplied = pyo.Constraint(model.members, rule=supplied)
    model.within_capacity = pyo.Constraint(model.suppliers, rule=within_capacity)
    model.below_cap = pyo.Constraint(model.capped, rule=below_cap)
    model.class_total = pyo.Constraint(model.pairs - model.mixed, rule=class_total)
    model.worst_total = pyo.Constraint(model.worst, rule=worst_total)
    _write_once(model, worst_excess, model.worst_links)
    if full:
        _survive_by_month(model)
    else:
        if data.months > MOST_MONTHS:
            model.used_up_first = pyo.Constraint(model.members, model.cutoffs, rule=used_up_first)
            _write_once(model, used_up_next, model.members, model.cutoffs, model.later)
            _write_once(model, within_stock, model.members, model.cutoffs, model.months)
        else:
            _write_once(model, covered, model.members, model.cutoffs, model.windows)
        _write_once(model, drawn, model.members, model.cutoffs, model.months)
        _write_once(model, missed, model.members, model.cutoffs, model.months)
    model.credited = pyo.Constraint(model.members, rule=credited)
    model.common = pyo.Constraint(model.members, rule=common)
    _write_once(model, changed, model.links)

    for objective in OBJECTIVES:
        model.add_component(objective.__name__, pyo.Objective(rule=objective))


def _survive_by_month(model: Any) -> None:
    """(3) to (6) with deliveries, stock and consumption of every month."""
    every, later = (model.members, model.cutoffs, model.months), (model.members, model.cutoffs, model.later)
    _write_once(model, delivered, model.plain, model.months)
    _write_once(model, stock_limit, *every)
    _write_once(model, drawn_next, *later)
    if model.fed or model.helped:  # the rules ask which members are
        model.stock_next = pyo.Constraint(*later, rule=stock_next)
        model.survives = pyo.Constraint(*every, rule=survives)
    else:
        _write_once(model, stock_next, *later)
        _write_once(model, survives, *every)
    model.delivered_mixed = pyo.Constraint(model.mixed, model.months, rule=delivered_mixed)
    model.delivered_worst = pyo.Constraint(model.worst, model.months, rule=delivered_worst)
    model.delivered_pooled = pyo.Constraint(model.pooled, model.months, rule=delivered_pooled)
    model.stock_first = pyo.Constraint(model.members, model.cutoffs, rule=stock_first)
    model.drawn_first = pyo.Constraint(model.members, model.cutoffs, rule=drawn_first)


def _declare_sets(model: pyo.ConcreteModel, data: ModelData, *, full: bool) -> None:
    good, available = data.good, data.available
    members, suppliers = good.members, list(available.suppliers)
    links = [(m, i) for m in members for i in suppliers if not (m == i and m in good.no_home)]
    pairs: dict[tuple[str, str, str], list[str]] = {}
    for s in available.cutoffs:
        for m, i in links:
            pairs.setdefault((m, data.class_for(m, i, s), s), []).append(i)
    candidates: dict[tuple[str, str, str], list[str]] = {}
    for n, s in enumerate(available.cutoffs):
        for side in range(available.budget.shape[1]):
            for m in members:
                for position in available.worst_of(n, side, good.credit, m):
                    i = suppliers[position]
                    candidates.setdefault((m, data.class_of[s, i], s), []).append(i)
    pooled = sorted({(k, s) for _, k, s in pairs if k in good.credit}) if data.pooled else []
    model.members = pyo.Set(initialize=members)
    model.suppliers = pyo.Set(initialize=suppliers)
    model.cutoffs = pyo.Set(initialize=list(available.cutoffs))
    model.months = pyo.RangeSet(data.months)
    model.fed = pyo.Set(initialize=[m for m in members if m in data.fed])
    model.helped = pyo.Set(initialize=members if data.replaceable > 0 else [])
    model.later = pyo.RangeSet(2, data.months)
    model.links = pyo.Set(dimen=2, initialize=links)
    capped = [(m, i) for m, i in links if i not in good.credit] if np.isfinite(good.value("cap")) else []
    model.capped = pyo.Set(dimen=2, initialize=capped)
    model.pairs = pyo.Set(dimen=3, initialize=list(pairs))
    model.pooled = pyo.Set(dimen=2, initialize=pooled)
    model.worst = pyo.Set(dimen=3, initialize=list(candidates))
    model.worst_links = pyo.Set(
        dimen=4, initialize=[(m, k, s, i) for (m, k, s), names in candidates.items() for i in names]
    )
    single = [pair for pair in pairs if pair not in candidates and (pair[1], pair[2]) not in set(pooled)]
    model.plain = pyo.Set(dimen=3, initialize=[pair for pair in single if pair[1] not in MIXED])
    model.mixed = pyo.Set(dimen=3, initialize=[pair for pair in single if pair[1] in MIXED])
    model.suppliers_of = pyo.Set(model.members, initialize={m: [i for n, i in links if n == m] for m in members})
    model.customers_of = pyo.Set(
        model.suppliers, initialize={i: [m for m, j in links if j == i] for i in suppliers}
    )
    model.class_suppliers = pyo.Set(model.pairs, initialize=pairs)
    model.candidates = pyo.Set(model.worst, initialize=candidates)
    model.classes_for = pyo.Set(
        model.members,
        model.cutoffs,
        initialize={(m, s): [k for n, k, c in pairs if (n, c) == (m, s)] for m in members for s in model.cutoffs},
    )
    model.members_of = pyo.Set(
        model.pooled, initialize={(k, s): [m for m, j, c in pairs if (j, c) == (k, s)] for k, s in pooled}
    )
    if full:
        return
    longest = data.months if data.months <= MOST_MONTHS else 1
    last_months = range(1, data.months + 1)
    windows = [(before, last) for last in last_months for before in range(max(0, last - longest), last)]
    model.windows = pyo.Set(dimen=2, initialize=windows)
    within = {(before, last): range(before + 1, last + 1) for before, last in windows}
    model.months_within = pyo.Set(model.windows, initialize=within)

    def of_member(kind: Any) -> dict[tuple[str, str], list[str]]:
        return {(m, s): [k for n, k, c in kind if (n, c) == (m, s)] for m in members for s in model.cutoffs}

    model.worst_classes = pyo.Set(model.members, model.cutoffs, initialize=of_member(model.worst))
    mixed = of_member(model.mixed)
    model.mixed_suppliers = pyo.Set(
        model.members,
        model.cutoffs,
        initialize={(m, s): [i for k in names for i in pairs[m, k, s]] for (m, s), names in mixed.items()},
    )
    whole = {(m, s): [k for k in names if k not in MIXED] for (m, s), names in of_member(pairs).items()}
    model.whole_classes = pyo.Set(model.members, model.cutoffs, initialize=whole)


def numbers_of(data: ModelData) -> dict[str, np.ndarray]:
    """Every number that the rules read, by name; what else there is in the data decides which rules there are.

    Parameters and bounds are taken from these arrays and from nowhere else, which lets :mod:`resilience.templates`
    follow each number into the compiled programme. Axes: member, supplier, cutoff, month as in the data.
    """
    good, available = data.good, data.available
    members, suppliers = good.members, list(available.suppliers)
    return {
        "demand": good.demand.to_numpy(dtype=float),
        "held": good.stocks,
        "drawdown": np.array([good.value("drawdown")]),
        "cap": np.array([good.value("cap")]),
        "capacity": _capacities(good, suppliers),
        "most_new": np.fromiter(map(data.most_new.__getitem__, suppliers), float, len(suppliers)),
        "credit": _credit_of(tuple(suppliers), tuple(good.credit.items())),
        "worth": _worth(good, suppliers),
        "baseline": in_order(good.baseline, suppliers, members).to_numpy(dtype=float),
        "exposed": available.hit.astype(float),
        "order": _order(good, suppliers),
        "critical": data.critical,
        "ceiling": data.ceiling,
        "replaceable": np.array([data.replaceable]),
        "delivered": available.delivered,
        "at_home": available.at_home,
        "lost": available.lost,
        "budget": available.budget.astype(float),
    }


def _declare_parameters(model: pyo.ConcreteModel, data: ModelData, numbers: Numbers, *, full: bool) -> None:
    good, available = data.good, data.available
    members, suppliers = good.members, list(available.suppliers)
    cutoffs = {s: n for n, s in enumerate(available.cutoffs)}
    place = {i: n for n, i in enumerate(suppliers)}
    by_member = {name: dict(zip(members, numbers[name].tolist(), strict=True)) for name in ("demand", "held")}
    by_supplier = {
        name: dict(zip(suppliers, numbers[name].tolist(), strict=True))
        for name in ("capacity", "most_new", "credit", "worth", "exposed")
    }
    by_link = {
        name: {(m, i): numbers[name].item(place[i], n) for n, m in enumerate(members) for i in suppliers}
        for name in ("baseline", "order")
    }
    by_member["drawdown"] = dict.fromkeys(members, numbers["drawdown"].item(0))
    for name in ("cap", "replaceable"):
        model.add_component(name, pyo.Param(initialize=numbers[name].item(0), within=pyo.Any))
    for name, of_member in by_member.items():
        model.add_component(name, Table(model.members, initialize=of_member, within=pyo.Any))
    for name, of_supplier in by_supplier.items():
        model.add_component(name, Table(model.suppliers, initialize=of_supplier, within=pyo.Any))
    for name, of_link in by_link.items():
        used = {link: of_link[link] for link in model.links}
        model.add_component(name, Table(model.links, initialize=used, within=pyo.Any))
    for name in ("critical", "ceiling"):
        of_month = {(m, t): numbers[name].item(n, t - 1) for n, m in enumerate(members) for t in model.months}
        model.add_component(name, Table(model.members, model.months, initialize=of_month, within=pyo.Any))
    class_cutoffs = sorted({(k, s) for _, k, s in model.pairs if k not in MIXED})
    mixed = sorted({(i, s) for pair in model.mixed for i in model.class_suppliers[pair] for s in pair[2:]})
    model.own_part = Table(
        pyo.Set(dimen=2, initialize=mixed),
        model.months,
        initialize={
            (i, s, t): numbers["delivered"].item(cutoffs[s], place[i], t - 1)
            for i, s in mixed
            for t in model.months
        },
        within=pyo.Any,
    )
    for name, table in (("delivered_part", numbers["delivered"]), ("lost_part", numbers["lost"])):
        values = {
            (k, s, t): table.item(cutoffs[s], place[k], t - 1)
            for k, s in class_cutoffs
            if k in place
            for t in model.months
        }
        if name == "delivered_part":
            values |= {
                (k, s, t): numbers["at_home"].item(cutoffs[s], place[k.removesuffix(AT_HOME)], t - 1)
                for k, s in class_cutoffs
                if k not in place
                for t in model.months
            }
        model.add_component(
            name,
            Table(pyo.Set(dimen=2, initialize=class_cutoffs), model.months, initialize=values, within=pyo.Any),
        )
    model.budget = Table(
        pyo.Set(dimen=2, initialize=class_cutoffs),
        initialize={
            (k, s): numbers["budget"].item(cutoffs[s], 1 if k in good.credit else 0) for k, s in class_cutoffs
        },
        within=pyo.Any,
    )
    if not full:
        for name in ("critical", "ceiling", "delivered_part", "lost_part", "own_part"):
            _add_up(model, name)


def _add_up(model: Any, name: str) -> None:
    """The parameter NAME_until: NAME (without _part) added up from month 1 to month t, 0 for t = 0."""
    running: dict[Any, float] = {}
    for (*index, t), number in getattr(model, name).items():
        if t == 1:
            running[*index, 0] = 0.0
        running[*index, t] = running[*index, t - 1] + pyo.value(number)
    whole = pyo.Set(initialize=list(running), dimen=len(next(iter(running)))) if running else pyo.Set(dimen=1)
    model.add_component(f"{name.removesuffix('_part')}_until", Table(whole, initialize=running, within=pyo.Any))


def _declare_variables(model: pyo.ConcreteModel, *, full: bool) -> None:
    every = (model.members, model.cutoffs, model.months)
    model.sourcing = pyo.Var(model.links, bounds=(0, None))
    model.new_capacity = pyo.Var(model.suppliers, bounds=lambda model, i: (0, model.most_new[i]))
    model.contracts = pyo.Var(model.pairs - model.mixed, bounds=(0, None))
    model.worst_cut = pyo.Var(model.worst, bounds=(0, None))
    model.threshold = pyo.Var(model.worst, bounds=(0, None))
    model.excess = pyo.Var(model.worst_links, bounds=(0, None))
    if full:
        model.delivery = pyo.Var(model.pairs, model.months, bounds=(0, None))
        model.stock = pyo.Var(*every, bounds=(0, None))
        model.consumption = pyo.Var(*every, bounds=lambda model, m, s, t: (0, model.ceiling[m, t]))
    elif len(model.months) > MOST_MONTHS:
        model.used_up = pyo.Var(*every, bounds=(0, None))
    model.shortfall = pyo.Var(*every, bounds=(0, 0))
    model.share = pyo.Var(model.members, bounds=(0, None))
    model.common_share = pyo.Var(bounds=(0, None))
    model.more_stock = pyo.Var(bounds=(0, 0))
    model.relief = pyo.Var(bounds=(0, 0))
    model.increase = pyo.Var(model.links, bounds=(0, None))
    model.decrease = pyo.Var(model.links, bounds=(0, None))
    by_makers = (model.fed, model.cutoffs, model.months)
    model.making = pyo.Var(*by_makers, bounds=(0, None))
    model.extra_use = pyo.Var(model.fed)
    by_others = (model.helped, model.cutoffs, model.months)
    model.replaced = pyo.Var(
        *by_others, bounds=lambda model, m, s, t: (0, model.replaceable.value * model.ceiling[m, t])
    )
    sizes = model.model().scaling_factor
    total = sum(model.demand.values())
    for variable in model.component_objects(pyo.Var):
        name = variable.local_name
        if name in ("share", "common_share", "more_stock", "relief"):
            continue
        for index, entry in variable.items():
            if name == "new_capacity":
                sizes[entry] = 1.0 / total
            else:
                sizes[entry] = 1.0 / model.demand[index[0] if isinstance(index, tuple) else index]


def in_order(table: Any, rows: list[str], columns: list[str] | None = None) -> Any:
    """A series or frame with its rows and columns in the given order; itself if they are."""
    if table.index.tolist() != rows:
        table = table.reindex(rows)
    return table if columns is None or table.columns.tolist() == columns else table.reindex(columns=columns)


@lru_cache(maxsize=64)
def _credit_of(suppliers: tuple[str, ...], credit: tuple[tuple[str, float], ...]) -> np.ndarray:
    """κ_i of each supplier, 0 outside the region."""
    of = dict(credit)
    return np.array([of.get(i, 0.0) for i in suppliers])


def _capacities(good: GoodData, suppliers: list[str]) -> np.ndarray:
    """K_i of each supplier."""
    if good.suppliers == suppliers:
        return good.capacities
    return np.asarray(good.capacity.reindex(suppliers).to_numpy(dtype=float))


def _order(good: GoodData, suppliers: list[str]) -> np.ndarray:
    """h_im of :func:`settled`, supplier × member."""
    names = tuple(suppliers)
    sold = _capacities(good, suppliers)
    place = np.empty(len(names))
    place[np.lexsort((_by_name(names), -sold))] = np.arange(len(names)) / len(names)
    return place[:, None] + _of_equals(tuple(good.members), names, good.no_home)


@lru_cache(maxsize=64)
def _by_name(names: tuple[str, ...]) -> np.ndarray:
    """Each name's place among them in alphabetical order."""
    return np.argsort(np.argsort(np.array(names, dtype=object), kind="stable"))


@lru_cache(maxsize=64)
def _of_equals(members: tuple[str, ...], suppliers: tuple[str, ...], no_home: frozenset[str]) -> np.ndarray:
    """What tells suppliers of one rank apart, supplier × member."""
    sells = np.ones((len(members), len(suppliers)), dtype=bool)
    for n, m in enumerate(members):
        if m in no_home and m in suppliers:
            sells[n, suppliers.index(m)] = False
    by_name = [sorted(range(len(names)), key=names.__getitem__) for names in (members, suppliers)]
    alphabetical_pairs = np.ix_(*by_name)
    number = np.zeros(sells.shape, dtype=int)
    number[alphabetical_pairs] = np.cumsum(sells[alphabetical_pairs]).reshape(sells.shape)
    golden = (5**0.5 - 1) / 2
    return np.asarray((number.T * golden) % 1 / 100)


def _worth(good: GoodData, suppliers: list[str]) -> np.ndarray:
    """Unit value of each supplier over the good's mean; 1 where no price is known."""
    own, mean = good.unit_values
    if not mean > 0:
        return np.ones(len(suppliers))
    if good.price.index.tolist() != suppliers:
        own = pd.Series(own, index=good.price.index).reindex(suppliers).to_numpy()
    return np.where(own > 0, own / mean, 1.0)
