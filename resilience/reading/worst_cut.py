"""The worst choice of K suppliers to cut, for a fixed plan of several members who pool what the region delivers.

Without pooling the worst choice follows from sorting (see ``conditions``); with it a mixed-integer programme over
the dual finds it, a case of :mod:`resilience.reading.robust`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from resilience.reading.robust import Array, Recourse, Uncertainty, worst_case


@dataclass(frozen=True)
class Survival:
    """Who must survive, and how supply is shared. Members m, suppliers i, months t; amounts in the good's unit.

    ``critical`` (m, t) is the demand that must be met in a month, ``held`` (m,) the stock at the start, refilled
    up to it at the most, ``draw`` (m,) the most drawn from it in a month. Deliveries of suppliers with ``pooled``
    (i,) are shared freely among *all* members (formula (3) summed over members), the others' go to the member
    with the contract. ``home`` (i,) is the number of the member that supplier i is, if a cut of i leaves i's
    deliveries to itself alone, and −1 otherwise.
    """

    critical: Array
    held: Array
    draw: Array
    pooled: Array
    home: Array


@dataclass(frozen=True)
class Threat:
    """A cutoff by an adversary who chooses at most ``most`` of the suppliers with ``candidates`` (i,).

    ``delivered`` (i, t) is the part of a month's contract that arrives without the choice, (1 − u)(1 + σ) of
    whatever is certain; ``taken`` (i, t), in [0, 1], is the part of that which is lost if i is chosen. The same
    suppliers are cut for all members. ``most`` = 0 is a named cutoff.

    Where i is cut, pooled and a member with ``home``, with X_m its contracts and f what is taken: all it delivers
    is at most Σ_m X_m − f Σ_{m≠i} X_m, and what leaves it at most (1 − f) Σ_m X_m. With f = 1 its own contract
    is delivered at home and nothing leaves.
    """

    delivered: Array
    taken: Array
    candidates: Array
    most: int


@dataclass(frozen=True)
class WorstCut:
    """Numbers of the ``suppliers`` that are cut, and the total ``shortfall`` that follows, in the good's unit.

    No other choice misses more than ``bound`` in total. Where several choices are equally bad, any one of them; a
    supplier whose cut changes nothing may or may not be among them.
    """

    suppliers: tuple[int, ...]
    shortfall: float
    bound: float


def worst_cut(survival: Survival, contracts: Array, threat: Threat, *, name: str = "worst cut") -> WorstCut:
    """The choice of a threat that makes the members' total shortfall largest under a fixed plan.

    ``contracts`` (i, m) is the yearly sourcing. The members answer a cut with deliveries and stock so that Σ e_mt
    is least: b_m,t−1 − b_mt + deliveries + e_mt ≥ critical_mt, 0 ≤ b ≤ held, b_m,t−1 − b_mt ≤ draw. A unit of
    shortfall costs 1, so duals of these rows are in [0, 1], as are those of the pool, and the worst choice is a
    mixed-integer programme over the dual. Raises ValueError for arrays that do not fit,
    :class:`~resilience.errors.SolverError` where the solver does not finish.
    """
    suppliers, members = sizes(survival, [threat])
    if contracts.shape != (suppliers, members):
        raise ValueError(f"{name}: contracts has shape {contracts.shape}, not {(suppliers, members)}")
    unit = float(survival.critical.max(initial=0.0)) or 1.0
    recourse = survival_recourse(survival, threat, np.full(members, unit), short=True)
    case = worst_case(recourse, contracts.ravel() / unit, name=name)
    return WorstCut(chosen(threat, case.u), max(0.0, case.value * unit), max(0.0, case.bound * unit))


def chosen(threat: Threat, u: Array) -> tuple[int, ...]:
    """Numbers of the suppliers that a point of the threat's set stands for."""
    return tuple(int(i) for i in np.flatnonzero(threat.candidates)[u > 0.5])


def sizes(survival: Survival, threats: Sequence[Threat]) -> tuple[int, int]:
    """Numbers of suppliers and members; ValueError if arrays do not fit."""
    members, months = survival.critical.shape
    suppliers = len(survival.pooled)
    shapes: list[tuple[str, tuple[int, ...], tuple[int, ...]]] = [
        ("held", survival.held.shape, (members,)),
        ("draw", survival.draw.shape, (members,)),
        ("home", survival.home.shape, (suppliers,)),
    ]
    for threat in threats:
        shapes += [
            ("delivered", threat.delivered.shape, (suppliers, months)),
            ("taken", threat.taken.shape, (suppliers, months)),
            ("candidates", threat.candidates.shape, (suppliers,)),
        ]
    for what, is_now, should_be in shapes:
        if is_now != should_be:
            raise ValueError(f"{what} has shape {is_now}, not {should_be}")
    return suppliers, members


def survival_recourse(survival: Survival, threat: Threat, size: Array, *, short: bool) -> Recourse:
    """Survival under a threat, as a recourse whose x are contracts x_im / size_m, supplier by supplier.

    y = (stock b_mt, from the pool y_mt, of exempt suppliers i own_it and exports q_it, shortfall e_mt if
    ``short``), those of a member in units of size_m, exports in units of P = Σ size. Rows, g_it the part of i's
    contracts that arrives and lost_it what the cut takes of them:

        b_m,t−1 − b_mt + y_mt + Σ_{i home m} own_it (+ e_mt) ≥ critical_mt − Σ_{i not pooled} g_it x_im / 12
        b_mt − b_m,t−1 ≥ −draw_m,   −b_mt ≥ −held_m
        Σ_{i exempt} q_it − Σ_m y_mt ≥ −Σ_{i pooled, not exempt} g_it Σ_m x_im / 12
        −own_it − q_it ≥ −(delivered_it Σ_m x_im − lost_it Σ_{m≠i} x_im) / 12
        −q_it ≥ −g_it Σ_m x_im / 12

    Exempt is a pooled candidate with a home. Given π of the first rows, the pool's price need be no higher than
    the largest π_mt P / size_m, and the exempt suppliers' prices no higher than the pool's.
    """
    members, months = survival.critical.shape
    suppliers = len(survival.pooled)
    pooled, candidates = survival.pooled.astype(bool), threat.candidates.astype(bool)
    exempt = np.flatnonzero(pooled & candidates & (survival.home >= 0))
    whole = float(size.sum())
    monthly, count = members * months, len(exempt)
    part = threat.delivered / 12.0
    lost = part * threat.taken

    at_pool = monthly
    at_own = at_pool + (monthly if pooled.any() else 0)
    at_export = at_own + count * months
    at_short = at_export + count * months
    decisions = at_short + (monthly if short else 0)
    pool_row = 3 * monthly
    own_row = pool_row + (months if pooled.any() else 0)
    export_row = own_row + count * months
    total = export_row + count * months

    def place(m: int | Array, t: int | Array) -> Array:
        return np.asarray(m * months + t)

    t = np.arange(months)
    matrix = sparse.lil_array((total, decisions))
    every = np.arange(monthly)
    later = every[every % months > 0]
    matrix[every, every] = -1.0
    matrix[later, later - 1] = 1.0
    matrix[monthly + every, every] = 1.0
    matrix[monthly + later, later - 1] = -1.0
    matrix[2 * monthly + every, every] = -1.0
    if pooled.any():
        matrix[every, at_pool + every] = 1.0
        for m in range(members):
            matrix[pool_row + t, at_pool + place(m, t)] = -size[m] / whole
    for n, i in enumerate(exempt.tolist()):
        own, home = n * months + t, int(survival.home[i])
        matrix[place(home, t), at_own + own] = 1.0
        matrix[own_row + own, at_own + own] = -size[home] / whole
        matrix[own_row + own, at_export + own] = -1.0
        matrix[export_row + own, at_export + own] = -1.0
        matrix[pool_row + t, at_export + own] = 1.0
    if short:
        matrix[every, at_short + every] = 1.0

    first = every % months == 0
    each = every // months
    least = np.zeros(total)
    least[:monthly] = (survival.critical.ravel() - first * survival.held[each]) / size[each]
    least[monthly : 2 * monthly] = (first * survival.held[each] - survival.draw[each]) / size[each]
    least[2 * monthly : pool_row] = -survival.held[each] / size[each]

    plan = sparse.lil_array((total, suppliers * members))
    cross = []
    for i in range(suppliers):
        less = sparse.lil_array((total, suppliers * members))
        for m in range(members):
            column, rate = i * members + m, float(size[m] / whole)
            at_home = survival.home[i] == m
            if not pooled[i]:
                plan[place(m, t), column] = part[i]
                if not at_home:
                    less[place(m, t), column] = -lost[i]
            elif i not in exempt:
                plan[pool_row + t, column] = part[i] * rate
                less[pool_row + t, column] = -lost[i] * rate
            else:
                own = int(np.flatnonzero(exempt == i)[0]) * months + t
                plan[own_row + own, column] = part[i] * rate
                plan[export_row + own, column] = part[i] * rate
                less[export_row + own, column] = -lost[i] * rate
                if not at_home:
                    less[own_row + own, column] = -lost[i] * rate
        if candidates[i]:
            cross.append(sparse.csr_array(less))

    dearest = float((whole / size).max())
    bounds = np.full(total, np.inf)
    bounds[:monthly] = 1.0
    bounds[pool_row:] = dearest
    cost = np.zeros(decisions)
    cost[at_short:] = 1.0
    elastic = np.zeros(total, dtype=bool)
    elastic[:monthly] = True
    chosen = int(candidates.sum())
    return Recourse(
        cost=cost,
        matrix=sparse.csr_array(matrix),
        least=least,
        plan=sparse.csr_array(plan),
        uncertain=sparse.csr_array((total, chosen)),
        uncertainty=Uncertainty.budget(chosen, threat.most),
        cross=tuple(cross),
        dual_bounds=bounds if short else None,
        elastic=elastic,
        feasibility_bounds=bounds,
    )
