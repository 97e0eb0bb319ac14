"""Two-stage robust programmes by column-and-constraint generation, and the worst cut under solidarity.

The general piece is the method of Zeng and Zhao (2013, Operations Research Letters 41, 457–461):

    min_x  c·x + max_{u ∈ U} min_y { b·y : G y ≥ h − E x − M u − Σ_k u_k C_k x,  y ≥ 0 }
    x ∈ {A x ≥ d, l ≤ x ≤ u, some x whole},   U = {W u ≤ w, 0 ≤ u ≤ 1, some u 0 or 1}

The terms C_k (none in the paper) let a scenario take away a part of what the plan provides. A problem may have
several recourses, each with its own U; the worst of all of them counts.

The master problem has a copy of y and of the rows for every u found so far; its optimum is a lower bound. For
its x the subproblem finds the worst u; c·x plus that worst is an upper bound. The two meet after finitely many
rounds, because every u found is a vertex of U (or a 0–1 point of it).

*Subproblem.* With the recourse's dual, the worst case is max (h − E x − M(x) u)·π over G'π ≤ b, π ≥ 0, u ∈ U.
Where u_k is 0 or 1, u_k π_j is linearised exactly with bounds on π. Where u_k is continuous, the inner
max over u is replaced by its own dual and complementary slackness, one 0–1 variable a condition. The bounds:
those on π hold for every *vertex* of {π ≥ 0 : G'π ≤ b}, which is enough since one of them is optimal. They are
derived by propagation: at a vertex every π_j > 0 has a tight row of G'π ≤ b. Where this gives no finite
bound, ``dual_bounds`` must be stated. Too large a bound does no harm but to speed; too small a one would hide
bad cases, and is an error where it shows.

*Infeasible recourse.* Where some right-hand side cannot be met, the worst *violation* is looked for first
(the same subproblem, with a column of cost 1 on every elastic row): by climbing between u and π, which is
cheap, and exactly where that finds none. A u that cannot be met joins the master like any other, which cuts off
all x that fail under it.

The application: :func:`worst_cut` (the plan is fixed) and :func:`pooled_least_share` (the plan is free),
for several members who pool what region suppliers deliver, where no condition on the plan alone is at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
from scipy import sparse

from resilience.errors import SolverError
from resilience.solver import MixedSolution, minimise_mixed

Array = np.ndarray
Matrix: TypeAlias = np.ndarray | sparse.sparray | sparse.spmatrix
Progress = Callable[[int, float, float], None]

AGREE = 1e-6  # largest relative difference between the linearised subproblem and the recourse at its u
EQUAL = 1e-9  # master optima whose objectives differ by less are alike
SAME = 1e-7  # scenarios that differ by less in every entry are one


@dataclass(frozen=True)
class Uncertainty:
    """U = {u : W u ≤ w, 0 ≤ u ≤ 1, u_k ∈ {0, 1} where ``binary``}.

    ``matrix`` W is (p, q), ``most`` w is (p,), ``binary`` is (q,) of bool. ``multipliers`` (p,) are upper
    bounds on the multipliers of W u ≤ w where a linear function is maximised over the continuous u; needed only
    where they cannot be derived (entries of both signs on continuous columns; a budget needs none).
    """

    matrix: Matrix
    most: Array
    binary: Array
    multipliers: Array | None = None

    @classmethod
    def budget(cls, count: int, most: float) -> Uncertainty:
        """Any ``most`` of ``count``: Σ_k u_k ≤ most, every u_k 0 or 1."""
        return cls(np.ones((1, count)), np.array([float(most)]), np.ones(count, dtype=bool))


@dataclass(frozen=True)
class Recourse:
    """min b·y : G y ≥ h − E x − M u − Σ_k u_k C_k x, y ≥ 0, for u ∈ ``uncertainty``.

    With r rows, n decisions y, v variables x and q entries of u: ``cost`` b (n,), ``matrix`` G (r, n),
    ``least`` h (r,), ``plan`` E (r, v), ``uncertain`` M (r, q), ``cross`` C q matrices (r, v) or None.

    ``dual_bounds`` (r,): upper bounds on an optimal dual of each row, inf for "derive". ``elastic`` (r,) of bool:
    rows that may be missed when feasibility is tested, all by default; with them missed, the recourse must be
    feasible. ``feasibility_bounds`` (r,): as ``dual_bounds``, for the test (a unit missed costs 1). Only rows on
    which u acts need a bound.
    """

    cost: Array
    matrix: Matrix
    least: Array
    plan: Matrix
    uncertain: Matrix
    uncertainty: Uncertainty
    cross: tuple[Matrix, ...] | None = None
    dual_bounds: Array | None = None
    elastic: Array | None = None
    feasibility_bounds: Array | None = None


@dataclass(frozen=True)
class RobustProblem:
    """The first stage, min c·x : A x ≥ d, lower ≤ x ≤ upper, and what follows it.

    ``cost`` c, ``lower``, ``upper`` and ``integer`` (of bool) are (v,), ``matrix`` A is (a, v), ``least`` d (a,).
    An equation is two rows. Added to the cost is the worst over all ``recourses`` and all u of each. ``prefer``
    (v,): among the optima of a master problem the one with the least prefer·x is tried. It changes no optimum,
    but where many are alike it can save most of the rounds; None for whichever the solver returns.
    """

    cost: Array
    matrix: Matrix
    least: Array
    lower: Array
    upper: Array
    integer: Array
    recourses: tuple[Recourse, ...]
    prefer: Array | None = None


@dataclass(frozen=True)
class Scenario:
    """A point ``u`` (q,) of the uncertainty set of the recourse with number ``recourse``."""

    recourse: int
    u: Array

    def same(self, other: Scenario) -> bool:
        """Whether both are one scenario but for rounding."""
        return self.recourse == other.recourse and bool(np.all(np.abs(self.u - other.u) <= SAME))


@dataclass(frozen=True)
class WorstCase:
    """The worst u for a given x.

    ``value`` is the recourse's cost at u, recomputed as a linear programme; no u costs more than ``bound``.
    Where some u cannot be met, ``value`` is inf, u is one of them and ``violation`` what its elastic rows
    miss at the least, the largest over all u; 0 otherwise.
    """

    u: Array
    value: float
    bound: float
    violation: float


@dataclass(frozen=True)
class RobustSolution:
    """``x`` (v,) and the proof: ``lower`` and ``upper`` bound after each round, both monotone.

    ``objective`` is the last upper bound: c·x and the worst that can follow.
    ``scenarios`` are those of the master in the order found, the starting ones first; ``worst`` holds the
    worst scenario of ``x`` for each recourse that has costs. Where no x survives every u, ``objective`` is
    inf, ``x`` is NaN throughout and ``scenarios`` prove it.
    """

    x: Array
    objective: float
    scenarios: tuple[Scenario, ...]
    worst: tuple[Scenario, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]

    @property
    def feasible(self) -> bool:
        """Whether any x survives every u."""
        return bool(np.isfinite(self.objective))

    @property
    def iterations(self) -> int:
        """Rounds, each with one master problem."""
        return len(self.lower)


def solve(
    problem: RobustProblem,
    *,
    tolerance: float = 1e-6,
    progress: Progress | None = None,
    start: Sequence[Scenario] = (),
    name: str = "robust programme",
) -> RobustSolution:
    """Column-and-constraint generation until upper − lower ≤ tolerance · max(1, |upper|).

    A right-hand side counts as met if it is missed by at most tolerance · max(1, max |h|), in the rows' units.
    ``progress(iteration, lower, upper)`` is called after every round; upper is inf while no x is known to be
    feasible. ``start`` are scenarios to begin with; a recourse without any begins with one of the largest Σ u.

    Raises ValueError for arrays that do not fit, an empty U, or a dual bound that is needed and can neither be
    derived nor was stated; :class:`~resilience.errors.SolverError` for any status that is not optimal (an
    unbounded first stage, say) and where dual bounds prove too small.
    """
    blocks = [_Block(recourse, f"{name}, recourse {number}") for number, recourse in enumerate(problem.recourses)]
    _check_first_stage(problem)
    known = list(start)
    for scenario in known:
        blocks[scenario.recourse].region.check(scenario.u)
    begun = {scenario.recourse for scenario in known}
    known += [Scenario(number, block.some()) for number, block in enumerate(blocks) if number not in begun]
    priced = any(block.priced for block in blocks)
    lower, upper = [-np.inf], [np.inf]
    best, worst = np.full(len(problem.cost), np.nan), tuple[Scenario, ...]()
    while True:
        master = _master(problem, blocks, known, priced, f"{name}, master problem of round {len(lower)}")
        if master is None:
            return RobustSolution(best, np.inf, tuple(known), (), tuple(lower[1:]), tuple(upper[1:]))
        x = master.values[: len(problem.cost)]
        lower.append(max(lower[-1], master.bound))
        found = [(number, block.worst(x, tolerance, quick=True)) for number, block in enumerate(blocks)]
        proposals = [Scenario(number, case.u) for number, case in found if case is not None]
        bounds = [case.bound for _, case in found if case is not None]
        most = float(problem.cost @ x) + (max(bounds, default=0.0) if priced else max([0.0, *bounds]))
        if most < upper[-1]:
            best, worst = x, tuple(proposals)
        upper.append(min(upper[-1], most))
        if progress is not None:
            progress(len(lower) - 1, lower[-1], upper[-1])
        if np.isfinite(upper[-1]) and upper[-1] - lower[-1] <= tolerance * max(1.0, abs(upper[-1])):
            return RobustSolution(best, upper[-1], tuple(known), worst, tuple(lower[1:]), tuple(upper[1:]))
        fresh = [scenario for scenario in proposals if not any(scenario.same(old) for old in known)]
        if not fresh:
            raise SolverError(
                f"the bounds {lower[-1]:.9g} and {upper[-1]:.9g} do not meet though no new scenario is worse; "
                f"rounding forbids a tolerance of {tolerance:.0e}",
                name,
                (len(problem.least), len(problem.cost), len(known)),
            )
        known.extend(fresh)


def worst_case(recourse: Recourse, x: Array, *, tolerance: float = 1e-6, name: str = "worst case") -> WorstCase:
    """The u ∈ U that makes the recourse of a given x (v,) cost the most.

    Raises as :func:`solve` does.
    """
    block = _Block(recourse, name)
    case = block.worst(np.asarray(x, dtype=float), tolerance, quick=False)
    return WorstCase(block.some(), 0.0, 0.0, 0.0) if case is None else case


def _check_first_stage(problem: RobustProblem) -> None:
    variables = len(problem.cost)
    shapes = {
        "matrix": (problem.matrix.shape, (len(problem.least), variables)),
        "lower": (problem.lower.shape, (variables,)),
        "upper": (problem.upper.shape, (variables,)),
        "integer": (problem.integer.shape, (variables,)),
    }
    for number, recourse in enumerate(problem.recourses):
        shapes[f"plan of recourse {number}"] = (recourse.plan.shape[1:], (variables,))
    for field_name, (is_now, should_be) in shapes.items():
        if is_now != should_be:
            raise ValueError(f"{field_name} has shape {is_now}, not {should_be}")


def _master(
    problem: RobustProblem, blocks: Sequence[_Block], scenarios: Sequence[Scenario], priced: bool, name: str
) -> MixedSolution | None:
    """min c·x + η : A x ≥ d; for every scenario l: G y_l + E(u_l) x ≥ h − M u_l and η ≥ b·y_l."""
    variables = len(problem.cost)
    first = variables + 1
    total = first + sum(len(blocks[scenario.recourse].cost) for scenario in scenarios)
    rows = _Rows()
    rows.add(problem.matrix, 0, lower=problem.least)
    place = first
    for scenario in scenarios:
        block = blocks[scenario.recourse]
        at = rows.add(block.matrix, place, lower=block.least - block.uncertain @ scenario.u)
        rows.put(at, block.provided(scenario.u), 0)
        if block.priced:
            at = rows.add(sparse.csr_array(-block.cost[None]), place, lower=np.zeros(1))
            rows.put(at, sparse.csr_array(np.ones((1, 1))), variables)
        place += len(block.cost)
    copies = np.zeros(total - first)
    free = np.inf if priced else 0.0
    cost = np.concatenate([problem.cost, [1.0], copies])
    columns = (
        np.concatenate([problem.lower, [-free], copies]),
        np.concatenate([problem.upper, [free], np.full(len(copies), np.inf)]),
    )
    whole = np.concatenate([problem.integer, np.zeros(total - variables, dtype=bool)]).astype(bool)
    answer = minimise_mixed(cost, rows.matrix(total), rows.bounds(), columns, whole, name)
    if answer is None or problem.prefer is None:
        return answer
    most = answer.objective + EQUAL * max(1.0, abs(answer.objective))
    rows.add(cost[None], 0, upper=np.array([most]))
    second = np.concatenate([problem.prefer, np.zeros(total - variables)])
    tried = minimise_mixed(second, rows.matrix(total), rows.bounds(), columns, whole, f"{name}, preferred optimum")
    return answer if tried is None else replace(answer, values=tried.values)


class _Rows:
    """Rows of a sparse matrix, gathered block by block."""

    def __init__(self) -> None:
        self.entries: list[tuple[Array, Array, Array]] = []
        self.lower: list[Array] = []
        self.upper: list[Array] = []
        self.count = 0

    def add(self, block: Matrix, column: int, *, lower: Array | None = None, upper: Array | None = None) -> int:
        """New rows that begin with ``block`` at ``column``; returns the number of the first."""
        size = block.shape[0]
        self.lower.append(np.full(size, -np.inf) if lower is None else lower)
        self.upper.append(np.full(size, np.inf) if upper is None else upper)
        self.count += size
        self.put(self.count - size, block, column)
        return self.count - size

    def put(self, row: int, block: Matrix, column: int) -> None:
        """More entries for rows that are there."""
        entries = sparse.coo_array(block)
        self.entries.append((entries.row + row, entries.col + column, entries.data))

    def matrix(self, columns: int) -> sparse.csr_matrix:
        row, column, value = (np.concatenate(parts) for parts in zip(*self.entries, strict=True))
        return sparse.csr_matrix((value, (row, column)), shape=(self.count, columns))

    def bounds(self) -> tuple[Array, Array]:
        return np.concatenate(self.lower), np.concatenate(self.upper)


def vertex_bounds(matrix: Matrix, low: Array, high: Array, given: Array | None = None) -> Array:
    """Upper bounds (r,) on the vertices of {π ≥ 0 : matrix'π ≤ b}, for every b with low ≤ b ≤ high (n,).

    A column k with G_jk > 0 gives π_j ≤ (b_k + Σ_{i: G_ik<0} |G_ik| π_i) / G_jk; and at a vertex with π_j > 0 some
    column with G_jk ≠ 0 is tight, which for G_jk < 0 gives π_j ≤ (Σ_{i: G_ik>0} G_ik π_i − b_k) / |G_jk|.
    Propagated from ``given`` (inf by default), at most 100 times; inf where nothing is found.
    """
    entries = sparse.coo_array(matrix)
    row, column, value = entries.row, entries.col, entries.data
    row, column, value = row[value != 0], column[value != 0], value[value != 0]
    rises = value > 0
    rows, columns = entries.shape
    bound = np.full(rows, np.inf) if given is None else given.astype(float)
    for _ in range(100):
        reach = np.abs(value) * bound[row]
        falling = np.bincount(column[~rises], reach[~rises], minlength=columns)
        rising = np.bincount(column[rises], reach[rises], minlength=columns)
        tight = np.where(rises, high[column] + falling[column], rising[column] - low[column]) / np.abs(value)
        largest, least = np.zeros(rows), np.full(rows, np.inf)
        np.maximum.at(largest, row, tight)
        np.minimum.at(least, row[rises], tight[rises])
        tighter = np.minimum(bound, np.maximum(0.0, np.minimum(largest, least)))
        if np.array_equal(tighter, bound):
            break
        bound = tighter
    return bound


class _Block:
    """A recourse with its arrays checked, and the two subproblems: feasibility and cost."""

    def __init__(self, recourse: Recourse, name: str):
        self.name = name
        self.matrix = sparse.csr_array(recourse.matrix, dtype=float)
        self.cost = np.asarray(recourse.cost, dtype=float)
        self.least = np.asarray(recourse.least, dtype=float)
        self.plan = sparse.csr_array(recourse.plan, dtype=float)
        self.uncertain = sparse.csr_array(recourse.uncertain, dtype=float)
        self.cross = tuple(sparse.csr_array(part, dtype=float) for part in recourse.cross or ())
        self.region = _Region(recourse.uncertainty, name)
        rows, decisions = self.matrix.shape
        count = self.region.count
        self._check("cost", self.cost.shape, (decisions,))
        self._check("least", self.least.shape, (rows,))
        self._check("plan", self.plan.shape[:1], (rows,))
        self._check("uncertain", self.uncertain.shape, (rows, count))
        if self.cross:
            self._check("cross", (len(self.cross),), (count,))
            for part in self.cross:
                self._check("cross", part.shape, self.plan.shape)
        acted = np.diff(self.uncertain.indptr) > 0
        for part in self.cross:
            acted |= np.diff(part.indptr) > 0
        self.priced = bool(self.cost.any())
        elastic = (
            np.ones(rows, dtype=bool) if recourse.elastic is None else np.asarray(recourse.elastic, dtype=bool)
        )
        self._check("elastic", elastic.shape, (rows,))
        self.pricing: _Worst | None = None
        self.testing: _Worst | None = None
        if self.priced:
            bounds = self._bounds(recourse.dual_bounds, self.matrix, self.cost, acted, "dual_bounds")
            self.pricing = _Worst(self.matrix, self.cost, bounds, self.region, name)
        if self._may_fail():
            slack = sparse.csr_array(sparse.identity(rows, format="csc")[:, elastic])
            matrix = sparse.csr_array(sparse.hstack([self.matrix, slack]))
            cost = np.concatenate([np.zeros(decisions), np.ones(slack.shape[1])])
            bounds = self._bounds(recourse.feasibility_bounds, matrix, cost, acted, "feasibility_bounds")
            self.testing = _Worst(matrix, cost, bounds, self.region, f"{name}, feasibility")

    def _check(self, what: str, shape: tuple[int, ...], right: tuple[int, ...]) -> None:
        if shape != right:
            raise ValueError(f"{self.name}: {what} has shape {shape}, not {right}")

    def _bounds(self, stated: Array | None, matrix: Matrix, cost: Array, acted: Array, what: str) -> Array:
        bounds = vertex_bounds(matrix, cost, cost, None if stated is None else np.asarray(stated, dtype=float))
        if not np.all(np.isfinite(bounds[acted])):
            missing = np.flatnonzero(acted & ~np.isfinite(bounds))
            raise ValueError(
                f"{self.name}: no bound could be derived for the duals of rows {missing[:10].tolist()}; state "
                f"{what}, or let the recourse miss these rows at a price"
            )
        return bounds

    def _may_fail(self) -> bool:
        """Whether {π ≥ 0 : G'π ≤ 0} holds more than 0; if not, every right-hand side can be met."""
        rows = self.matrix.shape[0]
        ray = minimise_mixed(
            -np.ones(rows),
            sparse.csr_matrix(self.matrix.T),
            (np.full(self.matrix.shape[1], -np.inf), np.zeros(self.matrix.shape[1])),
            (np.zeros(rows), np.ones(rows)),
            np.zeros(rows, dtype=bool),
            f"{self.name}, rays of the dual",
        )
        return ray is None or ray.objective < -1e-9

    def some(self) -> Array:
        """A point of U with the largest Σ u."""
        return self.region.best(np.ones(self.region.count))

    def provided(self, u: Array) -> sparse.csr_array:
        """E + Σ_k u_k C_k."""
        total = self.plan
        for share, part in zip(u, self.cross, strict=False):
            if share:
                total = total + share * part
        return sparse.csr_array(total)

    def worst(self, x: Array, tolerance: float, *, quick: bool) -> WorstCase | None:
        """The worst u for x; None where every u can be met and nothing costs anything.

        With ``quick``, any u that cannot be met will do.
        """
        needed = self.least - self.plan @ x
        acts = self.uncertain.toarray()
        for number, part in enumerate(self.cross):
            acts[:, number] += part @ x
        if self.testing is not None:
            allowed = tolerance * max(1.0, float(np.abs(self.least).max(initial=0.0)))
            if quick:
                u, violation = self.testing.quick(needed, acts)
                if violation > allowed:
                    return WorstCase(u, np.inf, np.inf, violation)
            u, violation, bound = self.testing.find(needed, acts)
            if bound > allowed:
                return WorstCase(u, np.inf, np.inf, violation)
        if self.pricing is None:
            return None
        u, value, bound = self.pricing.find(needed, acts)
        return WorstCase(u, value, bound, 0.0)


def _size(needed: Array, acts: Array) -> float:
    """The largest entry, by which right-hand sides are scaled."""
    return max(float(np.abs(needed).max(initial=0.0)), float(np.abs(acts).max(initial=0.0))) or 1.0


class _Region:
    """U with its arrays checked."""

    def __init__(self, uncertainty: Uncertainty, name: str):
        self.name = name
        self.matrix = np.atleast_2d(np.asarray(sparse.csr_array(uncertainty.matrix).toarray(), dtype=float))
        self.most = np.asarray(uncertainty.most, dtype=float)
        self.binary = np.asarray(uncertainty.binary, dtype=bool)
        self.count = len(self.binary)
        self.multipliers = uncertainty.multipliers
        if self.matrix.shape != (len(self.most), self.count):
            raise ValueError(
                f"{name}: the matrix of U has shape {self.matrix.shape}, not {(len(self.most), self.count)}"
            )

    def check(self, u: Array) -> None:
        """Raise ValueError for a u that is not in U."""
        whole = np.abs(u - np.round(u))[self.binary] if u.shape == (self.count,) else np.ones(1)
        beyond = self.matrix @ u - self.most if whole.size == 0 or whole.max() <= SAME else np.ones(1)
        if max(beyond.max(initial=0.0), u.max(initial=0.0) - 1.0, -u.min(initial=0.0)) > AGREE:
            raise ValueError(f"{self.name}: {u} is not in the uncertainty set")

    def best(self, gain: Array) -> Array:
        """A vertex (or 0–1 point) of U that maximises gain·u."""
        if not self.count:
            return np.zeros(0)
        answer = minimise_mixed(
            -gain,
            sparse.csr_matrix(self.matrix),
            (np.full(len(self.most), -np.inf), self.most),
            (np.zeros(self.count), np.ones(self.count)),
            self.binary,
            f"{self.name}, uncertainty set",
        )
        if answer is None:
            raise ValueError(f"{self.name}: the uncertainty set is empty")
        return answer.values


@dataclass
class _Worst:
    """max_{u ∈ U} min {cost·y : matrix y ≥ needed − acts u, y ≥ 0} as a mixed-integer programme over the dual."""

    matrix: sparse.csr_array
    cost: Array
    bounds: Array
    region: _Region
    name: str
    linked: Array = field(init=False)  # rows of W with a continuous column

    def __post_init__(self) -> None:
        self.linked = np.flatnonzero((self.region.matrix[:, ~self.region.binary] != 0).any(axis=1))

    def find(self, needed: Array, acts: Array) -> tuple[Array, float, float]:
        """u, the recourse's cost at u, and a bound on its cost at any u; inf for both where u cannot be met."""
        region = self.region
        size = _size(needed, acts)
        u, proven, largest = self._linearised(needed / size, acts / size, size)
        proven *= size
        priced = self._price(u, needed, acts)
        if priced is None:
            return u, np.inf, np.inf
        value, duals = priced
        if not region.binary.all():  # to a vertex of U
            u, value = self._climb(u, value, duals, needed, acts)
        if abs(value - proven) > AGREE * max(size * largest, abs(value)):
            hint = "; a stated bound on the duals is too small" if value > proven else ""
            raise SolverError(
                f"the linearised worst case costs {proven:.9g}, but {value:.9g} when recomputed{hint}",
                self.name,
                (*self.matrix.shape, self.matrix.nnz),
            )
        return u, value, max(proven, value)

    def _climb(self, u: Array, value: float, duals: Array, needed: Array, acts: Array) -> tuple[Array, float]:
        """The best u for the duals, the duals for that u, and so on until nothing is gained."""
        for _ in range(100):
            other = self.region.best(-(duals @ acts))
            priced = self._price(other, needed, acts)
            if priced is None:
                return other, np.inf
            small = EQUAL * max(1.0, abs(value))
            if priced[0] < value - small:
                break
            gained = priced[0] > value + small
            u, value, duals = other, *priced
            if not gained:
                break
        return u, value

    def quick(self, needed: Array, acts: Array) -> tuple[Array, float]:
        """A bad u and the recourse's cost there; proves nothing.

        By climbing from the u nearest to that of the relaxed subproblem, in which no variable is whole.
        """
        size = _size(needed, acts)
        start = self.region.best(self._linearised(needed / size, acts / size, size, relaxed=True)[0])
        priced = self._price(start, needed, acts)
        return (start, np.inf) if priced is None else self._climb(start, *priced, needed, acts)

    def _price(self, u: Array, needed: Array, acts: Array) -> tuple[float, Array] | None:
        """The recourse at u as a linear programme: cost and duals; None if u cannot be met, by a hair."""
        rows, decisions = self.matrix.shape
        answer = minimise_mixed(
            self.cost,
            sparse.csr_matrix(self.matrix),
            (needed - acts @ u, np.full(rows, np.inf)),
            (np.zeros(decisions), np.full(decisions, np.inf)),
            np.zeros(decisions, dtype=bool),
            f"{self.name}, recourse",
        )
        return None if answer is None else (answer.objective, answer.duals)

    def _linearised(
        self, needed: Array, acts: Array, size: float, *, relaxed: bool = False
    ) -> tuple[Array, float, float]:
        """Maximise needed·π + w·α + Σγ + Σ_{k binary} u_k (−acts_k·π − W_k·α), all in units of ``size``.

        Returns u, a bound on the value, and the largest multiplier or 1.
        α and γ are the multipliers of W u ≤ w and u ≤ 1 where the continuous u are chosen for given π:
        W_k·α + γ_k ≥ −acts_k·π for k continuous, with complementary slackness. Only rows of W with a
        continuous column have an α. p = u_k·θ for θ among π and α: p ≤ θ and p ≤ θ̄ u_k where it gains,
        p ≥ θ − θ̄ (1 − u_k) where it costs; and Σ_k W_rk p_k ≤ w_r θ for rows of W ≥ 0 on binaries alone.
        """
        region, linked = self.region, self.linked
        binary, smooth = np.flatnonzero(region.binary), np.flatnonzero(~region.binary)
        rows = self.matrix.shape[0]
        budget = region.matrix[linked]
        most_gain = np.maximum(-acts, 0.0).T @ np.where(acts.any(axis=1), self.bounds, 0.0)
        most_loss = np.maximum(acts, 0.0).T @ np.where(acts.any(axis=1), self.bounds, 0.0)
        inner = np.vstack([-budget[:, smooth], -np.eye(len(smooth))])
        given = np.full(len(linked) + len(smooth), np.inf)
        if region.multipliers is not None:
            given[: len(linked)] = np.asarray(region.multipliers, dtype=float)[linked] / size
        limits = vertex_bounds(inner, -most_gain[smooth], most_loss[smooth], given)
        if not np.all(np.isfinite(limits)):
            raise ValueError(f"{self.name}: state multipliers for the uncertainty set, they cannot be derived")
        ceiling = np.concatenate([self.bounds, limits[: len(linked)]])
        gain = -np.vstack([acts[:, binary], budget[:, binary]])
        theta, chosen = np.nonzero(gain)
        worth, most = gain[theta, chosen], ceiling[theta]

        at_gamma = rows + len(linked)
        at_product = at_gamma + len(smooth)
        at_u = at_product + len(theta)
        at_tau = at_u + region.count
        at_sigma = at_tau + len(smooth)
        at_rho = at_sigma + len(smooth)
        total = at_rho + len(linked)
        cost = np.zeros(total)
        cost[:rows] = needed
        cost[rows:at_gamma] = region.most[linked]
        cost[at_gamma:at_product] = 1.0
        cost[at_product:at_u] = worth

        table = _Rows()
        table.add(self.matrix.T, 0, upper=self.cost)
        table.add(region.matrix, at_u, upper=region.most)
        self._products(table, theta, chosen, worth > 0, most, binary[chosen] + at_u, at_product)
        if len(smooth):
            loads, one = budget[:, smooth].T, np.eye(len(smooth))
            reach = np.maximum(loads, 0.0) @ limits[: len(linked)] + limits[len(linked) :] + most_loss[smooth]
            at = table.add(acts[:, smooth].T, 0, lower=np.zeros(len(smooth)))
            table.put(at, np.hstack([loads, one]), rows)
            at = table.add(acts[:, smooth].T, 0, upper=reach)
            table.put(at, np.hstack([loads, one]), rows)
            table.put(at, np.diag(reach), at_tau)
            pick = np.eye(region.count)[smooth]
            at = table.add(pick, at_u, upper=np.zeros(len(smooth)))
            table.put(at, -one, at_tau)
            at = table.add(one, at_gamma, upper=np.zeros(len(smooth)))
            table.put(at, -np.diag(limits[len(linked) :]), at_sigma)
            at = table.add(-pick, at_u, upper=np.zeros(len(smooth)))
            table.put(at, one, at_sigma)
            alone = np.eye(len(linked))
            at = table.add(alone, rows, upper=np.zeros(len(linked)))
            table.put(at, -np.diag(limits[: len(linked)]), at_rho)
            slack = region.most[linked] - np.minimum(budget, 0.0).sum(axis=1)
            at = table.add(-budget, at_u, upper=slack - region.most[linked])
            table.put(at, np.diag(slack), at_rho)
        upper = np.ones(total)
        upper[:rows] = self.bounds
        upper[rows:at_product] = limits
        upper[at_product:at_u] = most
        whole = np.zeros(total, dtype=bool)
        whole[at_u:at_tau] = region.binary & (not relaxed)
        whole[at_tau:] = not relaxed
        answer = minimise_mixed(
            -cost, table.matrix(total), table.bounds(), (np.zeros(total), upper), whole, f"{self.name}, worst case"
        )
        if answer is None:
            raise SolverError("the dual has no feasible point", self.name, (table.count, total, 0))
        largest = max(1.0, float(answer.values[:at_gamma].max(initial=0.0)))
        return np.clip(answer.values[at_u:at_tau], 0.0, 1.0), -answer.bound, largest

    def _products(
        self, table: _Rows, theta: Array, chosen: Array, gains: Array, most: Array, at_choice: Array, at: int
    ) -> None:
        """Rows that make product number n, at column ``at`` + n, equal to θ · u."""
        region = self.region
        count = len(theta)
        number = np.arange(count)

        def rows(which: Array, *columns: tuple[Array, Array]) -> sparse.csr_array:
            row = np.arange(int(which.sum()))
            return sparse.csr_array(
                (
                    np.concatenate([value[which] for _, value in columns]),
                    (np.concatenate([row] * len(columns)), np.concatenate([place[which] for place, _ in columns])),
                ),
                shape=(len(row), at + count + region.count),
            )

        one = np.ones(count)
        table.add(rows(gains, (at + number, one), (theta, -one)), 0, upper=np.zeros(int(gains.sum())))
        table.add(rows(gains, (at + number, one), (at_choice, -most)), 0, upper=np.zeros(int(gains.sum())))
        costs = ~gains
        table.add(rows(costs, (theta, one), (at + number, -one), (at_choice, most)), 0, upper=most[costs])
        binary = np.flatnonzero(region.binary)
        for weights, limit in zip(region.matrix, region.most, strict=True):
            if (weights < 0).any() or weights[~region.binary].any():
                continue
            share = weights[binary[chosen]]
            used = gains & (share > 0)
            owners, row = np.unique(theta[used], return_inverse=True)
            if not len(owners):
                continue
            products = sparse.csr_array((share[used], (row, number[used])), shape=(len(owners), count))
            first = table.add(products, at, upper=np.zeros(len(owners)))
            table.put(
                first,
                sparse.csr_array((np.full(len(owners), -limit), (np.arange(len(owners)), owners))),
                0,
            )


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


def worst_cut(survival: Survival, contracts: Array, threat: Threat, *, name: str = "worst cut") -> WorstCut:
    """The choice of a threat that makes the members' total shortfall largest under a fixed plan.

    ``contracts`` (i, m) is the yearly sourcing. The members answer a cut with deliveries and stock so that Σ e_mt
    is least: b_m,t−1 − b_mt + deliveries + e_mt ≥ critical_mt, 0 ≤ b ≤ held, b_m,t−1 − b_mt ≤ draw. A unit of
    shortfall costs 1, so duals of these rows are in [0, 1], as are those of the pool, and the worst choice is a
    mixed-integer programme over the dual. Raises ValueError for arrays that do not fit,
    :class:`~resilience.errors.SolverError` where the solver does not finish.
    """
    suppliers, members = _sizes(survival, [threat])
    if contracts.shape != (suppliers, members):
        raise ValueError(f"{name}: contracts has shape {contracts.shape}, not {(suppliers, members)}")
    unit = float(survival.critical.max(initial=0.0)) or 1.0
    recourse = _survival_recourse(survival, threat, np.full(members, unit), short=True)
    case = worst_case(recourse, contracts.ravel() / unit, name=name)
    return WorstCut(_chosen(threat, case.u), max(0.0, case.value * unit), max(0.0, case.bound * unit))


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
    suppliers, members = _sizes(survival, threats)
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
        recourse = _survival_recourse(survival, threat, demand, short=False)
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
        cuts=tuple((found.recourse, _chosen(threats[found.recourse], found.u)) for found in answer.scenarios),
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


def _chosen(threat: Threat, u: Array) -> tuple[int, ...]:
    return tuple(int(i) for i in np.flatnonzero(threat.candidates)[u > 0.5])


def _sizes(survival: Survival, threats: Sequence[Threat]) -> tuple[int, int]:
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


def _survival_recourse(survival: Survival, threat: Threat, size: Array, *, short: bool) -> Recourse:
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
