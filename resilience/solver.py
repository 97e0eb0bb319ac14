"""The only place that talks to the solver (HiGHS), and the certificate every optimum must pass.

A Pyomo model is compiled once into sparse arrays (:class:`Program`); each question asked of it is the same
arrays with other bounds. An answer is handed out only if HiGHS says "optimal" *and* the primal residual, the
dual residual and the duality gap, computed here from the arrays, are within :data:`TOLERANCE`.

Most survival conditions never bind. They are *generated*: the solver is given those that its last answer violates
most, until it violates none. Between solves of like programmes a :class:`Warm` start keeps the basis and the
conditions that were needed; an optimum does not depend on them, only the time it takes. Where a basis that HiGHS
has called optimal for a neighbour is optimal here, too, the solver is not asked again (:mod:`resilience.regions`):
the same residuals and gap, within :data:`FEASIBILITY`, are the proof.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import highspy
import numpy as np
from scipy import sparse

from resilience.ahead import FEASIBILITY, Ahead
from resilience.certificate import Certificate, Solution, certify, lower_bound, residuals
from resilience.errors import SolverError
from resilience.program import Many, Program, some
from resilience.regions import Part, Region
from resilience.seen import Asked, Shape, alike, asked_of, digest

TOLERANCE = 1e-7  # largest residual and relative gap of a certified optimum, in units of demand
NEARLY = 0.1  # how far from being violated, over its largest entry, a row is that is generated with those that are
AT_ONCE = 4  # rows of a member and cutoff that are generated in one round, at the most
CLEARLY = 1e-6  # by how much a proof of infeasibility must hold for a warm start to be believed
OPTIONS = {
    "output_flag": False,
    "threads": 1,
    "primal_feasibility_tolerance": FEASIBILITY,
    "dual_feasibility_tolerance": FEASIBILITY,
    "allow_unbounded_or_infeasible": False,
    "mip_rel_gap": 0.0,
    "mip_abs_gap": FEASIBILITY,
    "mip_feasibility_tolerance": FEASIBILITY,
}
# After a warm start few steps are left. What the solver prepares for many, exact weights of all rows and a scaling
# besides the one done here, then takes longer than the steps.
WARM: dict[str, Any] = {
    "presolve": "off",
    "simplex_dual_edge_weight_strategy": 1,  # Devex
    "simplex_scale_strategy": 0,
}
# In a programme of few rows those cost little; moving its costs apart and back again costs more. Should leaving
# them let the simplex method go round in circles, it is stopped, and the solver is asked from the start.
WARM_SMALL: dict[str, Any] = {
    "presolve": "off",
    "dual_simplex_cost_perturbation_multiplier": 0.0,
    "simplex_iteration_limit": 100_000,
}
FEW_ROWS = 500
LOOK_AHEAD = 20  # programmes to which a proof is put at once
MOST_REGIONS = 4  # bases that are tried before the solver is asked
MANY_ROWS = 2000  # above it hardly any basis stays optimal from point to point, and trying takes long
# HiGHS's presolve has called feasible programmes infeasible at tight tolerances, so its word alone does not count:
# the simplex method must say so, too. Where the dual simplex gets stuck, the primal or an interior point may not.
ATTEMPTS: tuple[dict[str, Any], ...] = (
    {"presolve": "on"},
    {"presolve": "off"},
    {"presolve": "off", "simplex_strategy": 4},
    {"presolve": "on", "solver": "ipm", "run_crossover": "on"},
)


Proof = tuple[np.ndarray, np.ndarray]  # rows and their multipliers at an optimum


@dataclass(frozen=True)
class _Exceeding:
    """Which of many programmes, from that at ``start`` on, a proof shows to exceed a limit."""

    many: Many
    proof: Proof
    limit: float
    start: int
    exceeding: np.ndarray

    def says(self, many: Many, proof: Proof, limit: float, at: int) -> bool:
        """Whether it has been asked of one of them."""
        same = self.many is many and self.proof is proof and self.limit == limit
        return same and self.start <= at < self.start + len(self.exceeding)


@dataclass
class Warm:
    """What one solve leaves for the next of the same question: nothing that an optimum depends on."""

    shapes: dict[tuple[Any, ...], Shape] = field(default_factory=dict)
    starts: dict[tuple[str, str], _Start] = field(default_factory=dict)


@dataclass
class _Start:
    """Where to start: ``needed`` marks the generated rows in use; statuses are by column and row."""

    needed: np.ndarray
    columns: np.ndarray
    rows: np.ndarray
    highs: Any = None  # highspy.Highs, whose type hints lack some of its methods
    given: Part | None = None
    asked: Asked | None = None
    stood: tuple[np.ndarray, np.ndarray] | None = None  # the rows and columns of what was given
    proof: Proof | None = None  # of the last optimum
    exceeding: _Exceeding | None = None
    answered: bool = False  # the last optimum is the one that ``highs`` holds
    of: Asked | None = None
    whole: Part | None = None  # the last programme with all its rows
    regions: list[Region] = field(default_factory=list)  # of programmes like it, the last used first
    ahead: Ahead | None = None

    def answered_ahead(self, program: Program) -> Solution | None:
        """The optimum, if that of a programme before it among many has told it."""
        if self.ahead is None or program.among is not self.ahead.many:
            return None
        return self.ahead.solution(program.at)

    def known(
        self, program: Program, objective: str, asked: Asked, shift: np.ndarray
    ) -> tuple[np.ndarray, Certificate] | None:
        """The optimum, if a basis of one of the last programmes is optimal for this one, too."""
        if self.of is not asked:
            self.of, self.whole, self.regions = asked, None, []
        if len(asked.rows) > MANY_ROWS:
            return None
        cost = program.objectives[objective]
        self.whole = part = asked.part(program, shift, cost)
        if self.ahead is not None and self.ahead.asked is asked and self.ahead.many is program.among:
            return None  # all have been tried
        self.ahead = None
        for number, region in enumerate(self.regions):
            values, fine = region.values(part, FEASIBILITY)
            if not fine:
                continue
            duals, reduced = region.multipliers(part)
            certificate = Certificate(*map(float, residuals(part, values, duals, reduced)))
            if certificate.worst <= FEASIBILITY:
                self.regions.insert(0, self.regions.pop(number))
                self.proof = asked.rows, duals
                self._look_ahead(program, objective)
                return values, certificate
        self._look_ahead(program, objective)
        return None

    def _look_ahead(self, program: Program, objective: str) -> None:
        """Try what is known at all that follow a programme among many."""
        many, cost = program.among, program.objectives[objective]
        if many is None or self.of is None or not many.shares(objective, cost):
            return
        self.ahead = Ahead(many, program.at, self.of, cost)
        for region in self.regions:
            self.ahead.settle(region)

    def keep(self, rows: np.ndarray, values: np.ndarray) -> None:
        """Keep the basis of the optimum that the solver has just found of some rows."""
        if self.whole is None or self.of is None or not self.answered:
            return
        _, basics = self.highs.getBasicVariables()
        stands = np.ones(len(rows), dtype=bool)
        stands[-1 - basics[basics < 0]] = False
        tight = np.searchsorted(self.of.rows, rows[stands])
        self.regions.insert(0, Region.of(self.whole, np.sort(basics[basics >= 0]), tight, values))
        del self.regions[MOST_REGIONS:]
        if self.ahead is not None:
            self.ahead.settle(self.regions[0])

    def ray(self) -> np.ndarray:
        """The multipliers of the rows with which the solver says "infeasible"; empty without any."""
        _, known, ray = (None, False, []) if self.highs is None else self.highs.getDualRay()
        return np.array(ray if known else [], dtype=float)

    def basis(self, rows: np.ndarray, columns: np.ndarray) -> highspy.HighsBasis:
        """Where to start a programme of some rows and columns: the statuses that the solver holds, before it is
        given the programme, and those noted of rows and columns that it does not hold."""
        found = self.highs.getBasis()
        basis = highspy.HighsBasis()
        same_columns = False
        if self.stood is not None and found.valid:
            same_columns = np.array_equal(self.stood[1], columns)
            if same_columns and np.array_equal(self.stood[0], rows):
                found.alien = True
                return found
            self.rows[self.stood[0]] = found.row_status
            if same_columns:  # which is noted once there are others
                basis.col_status = found.col_status
            else:
                self.columns[self.stood[1]] = found.col_status
        basis.valid = basis.alien = True
        basis.row_status = list(self.rows[rows])
        if not same_columns:
            basis.col_status = list(self.columns[columns])
        return basis


def minimise(program: Program, objective: str, problem: str, warm: Warm | None = None) -> Solution | None:
    """Minimise one of the program's objectives; None if there is no feasible point.

    Fixed columns and free rows are taken out before the solver sees the programme. ``warm`` is kept from solve to
    solve of like programs. Raises :class:`SolverError`, naming ``problem``, for any other status or if the
    certificate fails.
    """
    cost = program.objectives[objective]
    start = _start(program, objective, problem, warm)
    if warm is not None and (answered := start.answered_ahead(program)) is not None:
        return answered
    asked = start.asked = asked_of(program, cost, start.asked)
    free = asked.free
    values, shift = asked.fixed_values(program)
    if not asked.holds(program, shift, TOLERANCE):
        return None
    if warm is not None and (known := start.known(program, objective, asked, shift)) is not None:
        values[free], certificate = known
        return _solution(program, asked, cost, values, certificate)
    while True:
        rows = np.flatnonzero(asked.bounded & ((program.batch < 0) | start.needed))
        part = _cut(program, rows, asked, shift, cost, warm)
        found, certificate = _optimum(part, problem, start if warm is not None else None, rows, free)
        if found is None:
            return None
        values[free] = found
        violated = _violated(program, asked.bounded & (program.batch >= 0) & ~start.needed, values)
        if not len(violated):
            break
        start.needed[violated] = True
    if warm is not None:
        start.keep(rows, found)
    return _solution(program, asked, cost, values, certificate)


def _solution(
    program: Program, asked: Asked, cost: np.ndarray, values: np.ndarray, certificate: Certificate
) -> Solution:
    """The optimum with the columns filled in that only measure."""
    asked.measure(program.matrix, program.row_lower, values)
    return Solution(float(cost @ values), values * program.column_size, certificate)


def exceeds(program: Program, objective: str, limit: float, problem: str, warm: Warm | None) -> bool:
    """Whether an objective is above ``limit`` at every feasible point; spares a solve where no more is asked.

    By weak duality: the multipliers of the last optimum of the same question give a lower bound for this program,
    too. False proves nothing.
    """
    start = None if warm is None else warm.starts.get((problem, objective))
    if start is None or start.proof is None or start.asked is None:
        return False
    if program.matrix.shape != (len(start.rows), len(start.columns)):
        return False
    cost, many = program.objectives[objective], program.among
    if many is None or not many.shares(objective, cost):
        return bool(_exceeds(program, cost, limit, start.asked, start.proof, warm))
    known, at = start.exceeding, program.at
    if known is None or not known.says(many, start.proof, limit, at):
        some_ahead = some(many.whole, slice(at, at + LOOK_AHEAD))
        exceeding = _exceeds(some_ahead, cost, limit, start.asked, start.proof, warm)
        start.exceeding = known = _Exceeding(many, start.proof, limit, at, exceeding)
    return bool(known.exceeding[at - known.start])


def _exceeds(
    program: Program, cost: np.ndarray, limit: float, asked: Asked, proof: Proof, warm: Warm | None
) -> np.ndarray:
    """:func:`exceeds`, of one program or of many, by the multipliers of an optimum of what was asked."""
    if not alike(asked.matrix, program.matrix):
        return np.zeros(program.row_lower.shape[:-1], dtype=bool)
    values, shift = asked.fixed_values(program)
    rows, duals = proof
    part = _cut(program, rows, asked, shift, cost, warm)
    bound, residual = lower_bound(part, duals, part.cost - part.transposed @ duals)
    clearly = bound + values @ cost > limit + CLEARLY
    return np.asarray(asked.like(program, cost) & (residual <= FEASIBILITY) & clearly)


def _start(program: Program, objective: str, problem: str, warm: Warm | None) -> _Start:
    known = None if warm is None else warm.starts.get((problem, objective))
    if known is not None and (len(known.rows), len(known.columns)) == program.matrix.shape:
        return known
    rows, columns = program.matrix.shape
    basic, lower = highspy.HighsBasisStatus.kBasic, highspy.HighsBasisStatus.kLower
    fresh = _Start(np.zeros(rows, dtype=bool), np.full(columns, lower), np.full(rows, basic))
    if warm is not None:
        warm.starts[problem, objective] = fresh
    return fresh


def _cut(
    program: Program, rows: np.ndarray, asked: Asked, shift: np.ndarray, cost: np.ndarray, warm: Warm | None
) -> Part:
    """The rows in use and the free columns, rows scaled."""
    key = asked.key, digest(rows)
    shape = None if warm is None else warm.shapes.get(key)
    if shape is None:
        shape = Shape.cut(program.matrix, rows, asked.free)
        if warm is not None:
            warm.shapes[key] = shape
    return shape.part(program, asked.free, shift, cost)


def _violated(program: Program, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Of the generated rows that are not in use, those of each batch that the values violate most, up to
    :data:`AT_ONCE`. With one that is violated come those that nearly are: the next point may ask for them."""
    positions = np.flatnonzero(rows)
    if not len(positions):
        return positions
    matrix = program.matrix
    activity = (matrix @ values)[positions]
    missing = np.maximum(program.row_lower[positions] - activity, activity - program.row_upper[positions])
    if not (missing > 0).any():
        return positions[:0]
    ends = np.stack([matrix.indptr[positions], matrix.indptr[positions + 1]], axis=1).ravel()
    missing /= np.maximum.reduceat(np.append(np.abs(matrix.data), 0.0), ends)[::2]
    near = (missing > -NEARLY) & np.isin(program.batch[positions], program.batch[positions[missing > FEASIBILITY]])
    positions, missing = positions[near], missing[near]
    order = np.lexsort((-missing, program.batch[positions]))
    batch = program.batch[positions[order]]
    return positions[order[np.arange(len(batch)) - np.searchsorted(batch, batch) < AT_ONCE]]


def _optimum(
    part: Part, problem: str, start: _Start | None, rows: np.ndarray, free: np.ndarray
) -> tuple[np.ndarray | None, Certificate]:
    """Values and certificate of an optimum; no values if the programme is infeasible."""
    reason = ""
    for attempt in ATTEMPTS if start is None else (WARM, *ATTEMPTS):
        if start is not None and attempt is WARM:
            status, found, duals = _run_warm(part, start, rows, free)
            if status == highspy.HighsModelStatus.kInfeasible and not _proves_infeasible(part, start.ray()):
                continue  # at the edge of the tolerances; the solver is asked again from the start
        else:
            status, found, duals = _run(part, attempt)
        if status == highspy.HighsModelStatus.kInfeasible and attempt["presolve"] == "off":
            return None, Certificate(0.0, 0.0, 0.0)
        if status != highspy.HighsModelStatus.kOptimal:
            reason = f'the solver said "{_word(status)}"'
            continue
        certificate = certify(part, found, duals)
        if certificate.worst <= TOLERANCE:
            if start is not None:
                start.proof, start.answered = (rows, duals), attempt is WARM
            return found, certificate
        reason = (
            f'the solver said "optimal", but the certificate failed (primal {certificate.primal:.1e}, '
            f"dual {certificate.dual:.1e}, gap {certificate.gap:.1e}, limit {TOLERANCE:.0e})"
        )
    raise SolverError(reason, problem, (*part.matrix.shape, part.matrix.nnz))


def _solver(part: Part, options: Mapping[str, Any], whole: np.ndarray | None = None) -> highspy.Highs:
    """HiGHS after a run on a programme; ``whole`` marks columns that must be whole numbers."""
    highs = _new_solver(options)
    _pass(highs, part, whole)
    highs.run()
    return highs


def _new_solver(options: Mapping[str, Any]) -> highspy.Highs:
    highs = highspy.Highs()
    for option, value in {**OPTIONS, **options}.items():
        highs.setOptionValue(option, value)
    return highs


def _pass(highs: highspy.Highs, part: Part, whole: np.ndarray | None = None) -> None:
    """Give the solver a programme."""
    rows, columns = part.matrix.shape
    highs.passModel(
        columns,
        rows,
        part.matrix.nnz,
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMinimize),
        0.0,
        part.cost,
        part.column_lower,
        part.column_upper,
        part.row_lower,
        part.row_upper,
        part.matrix.indptr,
        part.matrix.indices,
        part.matrix.data,
        np.zeros(columns, dtype=np.int32) if whole is None else whole.astype(np.int32),
    )


def _run_warm(
    part: Part, start: _Start, rows: np.ndarray, free: np.ndarray
) -> tuple[highspy.HighsModelStatus, np.ndarray, np.ndarray]:
    """Run from the basis of the last solve of the same question, and keep the new one.

    Where only bounds differ from what the solver holds they are changed in place; else it is given the programme
    anew with the old basis, in which generated rows that are new stand as basic.
    """
    if start.highs is None:
        start.highs = _new_solver(WARM_SMALL if len(rows) <= FEW_ROWS else WARM)
    highs, given = start.highs, start.given
    same = (
        given is not None
        and _equal(given.matrix, part.matrix)
        and (given.cost is part.cost or np.array_equal(given.cost, part.cost))
    )
    if same:
        assert given is not None
        moved = _moved(given.column_lower, part.column_lower, given.column_upper, part.column_upper)
        if len(moved):
            highs.changeColsBounds(len(moved), moved, part.column_lower[moved], part.column_upper[moved])
        moved = _moved(given.row_lower, part.row_lower, given.row_upper, part.row_upper)
        if len(moved):
            highs.changeRowsBounds(len(moved), moved, part.row_lower[moved], part.row_upper[moved])
    else:
        basis = start.basis(rows, free)
        _pass(highs, part)
        highs.setBasis(basis)
    start.given, start.stood = part, (rows, free)
    highs.run()
    solution = highs.getSolution()
    return highs.getModelStatus(), np.array(solution.col_value), np.array(solution.row_dual)


def _equal(one: sparse.csr_matrix, other: sparse.csr_matrix) -> bool:
    return one is other or (
        one.shape == other.shape
        and np.array_equal(one.data, other.data)
        and np.array_equal(one.indices, other.indices)
        and np.array_equal(one.indptr, other.indptr)
    )


def _run(part: Part, options: Mapping[str, Any]) -> tuple[highspy.HighsModelStatus, np.ndarray, np.ndarray]:
    highs = _solver(part, options)
    solution = highs.getSolution()
    return highs.getModelStatus(), np.array(solution.col_value), np.array(solution.row_dual)


def _proves_infeasible(part: Part, ray: np.ndarray) -> bool:
    """Farkas: with r = Aᵀy, no x within its bounds brings r·x down to what the rows allow, by a clear margin."""
    if len(ray) != part.matrix.shape[0] or not ray.any():
        return False
    ray = ray / np.abs(ray).max()
    reduced = part.transposed @ ray
    reduced[np.abs(reduced) < FEASIBILITY] = 0.0

    def least(multipliers: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
        side = np.where(multipliers > 0, low, high)
        return float(np.where(multipliers == 0, 0.0, multipliers * np.where(multipliers == 0, 0.0, side)).sum())

    def margin(sign: float) -> float:
        columns = least(sign * reduced, part.column_lower, part.column_upper)
        return columns + least(-sign * ray, part.row_lower, part.row_upper)

    return max(margin(1.0), margin(-1.0)) > CLEARLY


def _moved(low: np.ndarray, new_low: np.ndarray, high: np.ndarray, new_high: np.ndarray) -> np.ndarray:
    """Where one of two bounds has changed."""
    return np.flatnonzero((low != new_low) | (high != new_high)).astype(np.int32)


def _word(status: highspy.HighsModelStatus) -> str:
    return str(status).rpartition(".")[2].removeprefix("k")


WHOLE = 1e-6  # how far a whole number, and the objective once it is rounded, may be off
CLOSED = 1e-8  # largest gap, absolute or relative, between a mixed-integer optimum and its proven bound


@dataclass(frozen=True)
class MixedSolution:
    """The optimum of a programme in plain arrays, some columns whole numbers.

    ``bound`` is what the solver proved: no feasible point is below it. ``duals`` are those of the rows with
    the whole numbers fixed; where there are none they are the programme's.
    """

    objective: float
    bound: float
    values: np.ndarray
    duals: np.ndarray


def minimise_mixed(
    cost: np.ndarray,
    matrix: sparse.csr_matrix,
    rows: tuple[np.ndarray, np.ndarray],
    columns: tuple[np.ndarray, np.ndarray],
    integer: np.ndarray,
    problem: str,
) -> MixedSolution | None:
    """Minimise cost·v over rows[0] ≤ matrix·v ≤ rows[1], columns[0] ≤ v ≤ columns[1], v whole where ``integer``.

    The solver is asked for a gap of zero. Its whole numbers are rounded and fixed, and the rest is solved
    again as a linear programme whose certificate must hold; the two objectives must agree. Both are measured
    in units of the largest value, if that is above 1. None if there is no feasible point. Raises
    :class:`SolverError`, naming ``problem``, in every other case.
    """
    size = (*matrix.shape, matrix.nnz)
    largest = abs(matrix).max(axis=1).toarray().ravel() if matrix.nnz else np.zeros(matrix.shape[0])
    scale = np.exp2(-np.round(np.log2(np.where(largest > 0, largest, 1.0))))
    scaled = sparse.csr_matrix(sparse.diags_array(scale) @ matrix)
    part = Part(
        matrix=scaled,
        transposed=scaled.T,
        row_lower=rows[0] * scale,
        row_upper=rows[1] * scale,
        column_lower=columns[0],
        column_upper=columns[1],
        cost=cost,
    )
    target = bound = None
    if integer.any():
        status, found, target, bound = _run_mixed(part, integer)
        if status == highspy.HighsModelStatus.kInfeasible:
            return None
        if status != highspy.HighsModelStatus.kOptimal:
            raise SolverError(f'the solver said "{_word(status)}"', problem, size)
        whole = np.round(found[integer])
        if np.abs(found[integer] - whole).max() > WHOLE:
            raise SolverError("the solver's whole numbers are not whole", problem, size)
        if target - bound > CLOSED * max(1.0, abs(target)):
            raise SolverError(f"the solver left a gap of {target - bound:.1e}", problem, size)
        lower, upper = columns[0].copy(), columns[1].copy()
        lower[integer] = upper[integer] = whole
        part = replace(part, column_lower=lower, column_upper=upper)
    reason = ""
    for attempt in ATTEMPTS:
        status, found, duals = _run(part, attempt)
        if status == highspy.HighsModelStatus.kInfeasible and attempt["presolve"] == "off" and target is None:
            return None
        if status != highspy.HighsModelStatus.kOptimal:
            reason = f'the solver said "{_word(status)}"' + ("" if target is None else " with whole numbers fixed")
            continue
        certificate = certify(part, found, duals)
        magnitude = max(1.0, float(np.abs(found).max(initial=0.0)))
        if certificate.worst > TOLERANCE * magnitude:
            reason = f'the solver said "optimal", but the certificate failed ({certificate})'
            continue
        objective = float(cost @ found)
        if target is None or bound is None:
            return MixedSolution(objective, objective, found, duals * scale)
        if abs(objective - target) <= WHOLE * max(magnitude, abs(objective)):
            return MixedSolution(objective, min(objective, bound), found, duals * scale)
        reason = f"the objective is {target:.9g}, but {objective:.9g} once whole numbers are fixed"
    raise SolverError(reason, problem, size)


def _run_mixed(part: Part, integer: np.ndarray) -> tuple[highspy.HighsModelStatus, np.ndarray, float, float]:
    """Status, values, objective and proven bound; "infeasible" counts only if it is said without presolve, too."""
    for attempt in ATTEMPTS[:2]:
        highs = _solver(part, attempt, integer)
        status = highs.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            break
    information = highs.getInfo()
    values = np.array(highs.getSolution().col_value)
    return status, values, information.objective_function_value, information.mip_dual_bound
