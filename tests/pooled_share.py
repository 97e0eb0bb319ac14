"""A second derivation of the least share under solidarity and cutoffs of any K, in arrays, for the tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from resilience.reading.robust import Array, Matrix, Progress, RobustProblem, Scenario, _Rows, solve
from resilience.reading.worst_cut import Survival, Threat, chosen, sizes, survival_recourse


@dataclass(frozen=True)
class PooledShare:
    """Least common share ρ of the joint problem, a plan that has it, and the choices that force it.

    ``share`` is None where no share suffices; then ``sourcing`` (i, m) and ``new_capacity`` (i,) are NaN. ``cuts``
    are pairs of a threat's number and the suppliers cut. ``lower`` and ``upper`` bound the share by round.
    """

    share: float | None
    sourcing: Array
    new_capacity: Array
    cuts: tuple[tuple[int, tuple[int, ...]], ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]


def pooled_least_share(
    survival: Survival,
    threats: Sequence[Threat],
    *,
    demand: Array,
    credit: Array,
    capacity: Array,
    most_new: Array,
    most_share: Array | None = None,
    tolerance: float = 1e-8,
    progress: Progress | None = None,
    name: str = "least share under solidarity",
) -> PooledShare:
    """The planned least share of the joint problem when every choice of every threat must be survived.

    min ρ : Σ_i x_im = D_m, Σ_m x_im ≤ K_i + z_i, 0 ≤ z_i ≤ ``most_new``_i, Σ_i κ_i x_im ≤ ρ D_m, and no shortfall
    under any choice (formulas (1)–(7)). ``demand`` D (m,) a year, ``credit`` κ (i,), ``capacity`` K (i,) a year,
    ``most_share`` (i, m) the most of x_im / D_m, for caps and for links that do not exist (0); inf by default. A
    shortfall of no more than ``tolerance`` of a member's yearly demand a month counts as none. ``progress`` and
    errors as in :func:`solve`. All threats must be survived, one at a time, by the same plan.
    """
    suppliers, members = sizes(survival, threats)
    total = float(demand.sum())
    weight = demand / total
    links = suppliers * members
    plain = links + suppliers + 1
    # x_im in units of D_m, z_i of Σ D, so that tolerances mean the same for every member
    rows = _Rows()
    supplied = np.tile(np.eye(members), suppliers)
    rows.add(supplied, 0, lower=np.ones(members))
    rows.add(-supplied, 0, lower=-np.ones(members))
    at = rows.add(-np.kron(np.eye(suppliers), weight), 0, lower=-capacity / total)
    rows.put(at, np.eye(suppliers), links)
    at = rows.add(-np.kron(credit[None], np.eye(members)), 0, lower=np.zeros(members))
    rows.put(at, np.ones((members, 1)), links + suppliers)
    variables, prefer = _spread(rows, threats, weight, plain)
    upper = np.full(links, np.inf) if most_share is None else most_share.ravel().astype(float)
    recourses = []
    start = []
    for number, threat in enumerate(threats):
        recourse = survival_recourse(survival, threat, demand, short=False)
        shape = (recourse.plan.shape[0], variables)
        cross = tuple(_wide(part, shape) for part in recourse.cross or ())
        recourses.append(replace(recourse, plan=_wide(recourse.plan, shape), cross=cross))
        largest = np.argsort(-capacity[threat.candidates], kind="stable")[: threat.most]
        start.append(Scenario(number, np.isin(np.arange(int(threat.candidates.sum())), largest).astype(float)))
    cost = np.zeros(variables)
    cost[plain - 1] = 1.0
    problem = RobustProblem(
        cost=cost,
        matrix=rows.matrix(variables),
        least=rows.bounds()[0],
        lower=np.zeros(variables),
        upper=np.concatenate([upper, most_new / total, np.full(variables - plain + 1, np.inf)]),
        integer=np.zeros(variables, dtype=bool),
        recourses=tuple(recourses),
        prefer=prefer,
    )
    answer = solve(problem, tolerance=tolerance, progress=progress, start=start, name=name)
    return PooledShare(
        share=answer.objective if answer.feasible else None,
        sourcing=answer.x[:links].reshape(suppliers, members) * demand,
        new_capacity=answer.x[links : plain - 1] * total,
        cuts=tuple((found.recourse, chosen(threats[found.recourse], found.u)) for found in answer.scenarios),
        lower=answer.lower,
        upper=answer.upper,
    )


def _spread(rows: _Rows, threats: Sequence[Threat], weight: Array, plain: int) -> tuple[int, Array]:
    """Variables and rows that measure how much the worst choices of each threat could take away.

    For each threat and each member alone, and for all members together, K τ + Σ_i p_i with p_i ≥ a_i·x − τ, τ ≥ 0,
    p ≥ 0, is the sum of the K largest contracts. Returns the number of variables and the sum of these as a
    vector over them, by which plans of equal share are told apart.
    """
    members = len(weight)
    variables = plain
    prefer = [np.zeros(plain)]
    seen: set[tuple[bytes, int]] = set()
    for threat in threats:
        who = np.flatnonzero(threat.candidates)
        key = (threat.candidates.tobytes(), threat.most)
        if not threat.most or not len(who) or key in seen:
            continue
        seen.add(key)
        for wanted in (*np.eye(members), weight):
            taken = np.zeros((len(who), plain))
            taken[np.arange(len(who))[:, None], who[:, None] * members + np.arange(members)] = -wanted
            at = rows.add(taken, 0, lower=np.zeros(len(who)))
            rows.put(at, np.hstack([np.ones((len(who), 1)), np.eye(len(who))]), variables)
            variables += 1 + len(who)
            prefer.append(np.concatenate([[float(threat.most)], np.ones(len(who))]))
    return variables, np.concatenate(prefer)


def _wide(matrix: Matrix, shape: tuple[int, int]) -> sparse.csr_array:
    """The matrix with columns of zeros added."""
    entries = sparse.coo_array(matrix)
    return sparse.csr_array((entries.data, (entries.row, entries.col)), shape=shape)
