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
