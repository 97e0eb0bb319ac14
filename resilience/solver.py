"""The only place that talks to the solver (HiGHS), and the certificate every optimum must pass.

A Pyomo model is compiled once into sparse arrays (:class:`Program`); each question asked of it is the same
arrays with other bounds. An answer is handed out only if HiGHS says "optimal" *and* the primal residual, the
dual residual and the duality gap, computed here from the arrays, are within :data:`TOLERANCE`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import highspy
import numpy as np
import pyomo.environ as pyo
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler
from scipy import sparse

from resilience.errors import SolverError
from resilience.model import PART

TOLERANCE = 1e-7  # largest residual and relative gap of a certified optimum, in units of demand
FEASIBILITY = 1e-9  # what the solver is asked for
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
# HiGHS's presolve has called feasible programmes infeasible at tight tolerances, so its word alone does not count:
# the simplex method must say so, too. Where the dual simplex gets stuck, the primal or an interior point may not.
ATTEMPTS: tuple[dict[str, Any], ...] = (
    {"presolve": "on"},
    {"presolve": "off"},
    {"presolve": "off", "simplex_strategy": 4},
    {"presolve": "on", "solver": "ipm", "run_crossover": "on"},
)


@dataclass(frozen=True)
class Certificate:
    """Residuals of one optimum in scaled units (shares of demand); all at most :data:`TOLERANCE`."""

    primal: float
    dual: float
    gap: float

    @property
    def worst(self) -> float:
        """The largest of the three."""
        return max(self.primal, self.dual, self.gap)


@dataclass(frozen=True)
class Solution:
    """A certified optimum: ``objective`` and the value of every column in the model's own units."""

    objective: float
    values: np.ndarray
    certificate: Certificate


@dataclass(frozen=True)
class Program:
    """A compiled model. ``columns`` and ``rows`` map a component's name to its indices and positions.

    Columns are scaled (``column_size`` in the model's units). :meth:`bound`, :meth:`loosen` and
    :meth:`keep` return a new program and leave this one as it is.
    """

    name: str
    matrix: sparse.csr_matrix
    row_lower: np.ndarray
    row_upper: np.ndarray
    column_lower: np.ndarray
    column_upper: np.ndarray
    column_size: np.ndarray
    objectives: Mapping[str, np.ndarray]
    columns: Mapping[str, dict[Any, int]]
    rows: Mapping[str, dict[Any, int]]

    @property
    def size(self) -> tuple[int, int, int]:
        """Rows, columns, non-zeros."""
        return (*self.matrix.shape, self.matrix.nnz)

    def bound(
        self,
        variable: str,
        *,
        lower: float | Mapping[Any, float] | None = None,
        upper: float | Mapping[Any, float] | None = None,
    ) -> Program:
        """The program with other bounds, in the model's units, on all entries of a variable or those named."""
        sides = {"column_lower": self.column_lower.copy(), "column_upper": self.column_upper.copy()}
        for side, bound in (("column_lower", lower), ("column_upper", upper)):
            if bound is None:
                continue
            for index, position in self.columns.get(variable, {}).items():
                number = bound.get(index) if isinstance(bound, Mapping) else bound
                if number is not None:
                    sides[side][position] = number / self.column_size[position]
        return replace(self, column_lower=sides["column_lower"], column_upper=sides["column_upper"])

    def loosen(self, rows: np.ndarray) -> Program:
        """The program without the rows at the given positions."""
        lower, upper = self.row_lower.copy(), self.row_upper.copy()
        lower[rows], upper[rows] = -np.inf, np.inf
        return replace(self, row_lower=lower, row_upper=upper)

    def keep(self, objective: str, most: float) -> Program:
        """The program with one more row: the objective is at most ``most``."""
        row = sparse.csr_matrix(self.objectives[objective])
        return replace(
            self,
            matrix=sparse.vstack([self.matrix, row], format="csr"),
            row_lower=np.append(self.row_lower, -np.inf),
            row_upper=np.append(self.row_upper, most),
        )

    def part(self, good: str) -> Program:
        """The whole program under the names of one of its goods: the other goods' are out of sight."""
        start = f"{good}{PART}"

        def mine(named: Mapping[str, Any]) -> dict[str, Any]:
            return {name.removeprefix(start): what for name, what in named.items() if name.startswith(start)}

        return replace(self, columns=mine(self.columns), rows=mine(self.rows), objectives=mine(self.objectives))

    def coefficient(self, constraint: str, variable: str, numbers: Mapping[Any, float]) -> Program:
        """The program with other coefficients, by index, of a variable in the constraint of the same index."""
        matrix = self.matrix.copy()
        for index, number in numbers.items():
            row, column = self.rows[constraint][index], self.columns[variable][index]
            matrix[row, column] = number * self.column_size[column]
        return replace(self, matrix=matrix)

    def read(self, values: np.ndarray, variable: str) -> dict[Any, float]:
        """Index → value of one variable."""
        return {index: float(values[position]) for index, position in self.columns.get(variable, {}).items()}


def compile_model(model: pyo.ConcreteModel) -> Program:
    """Translate a Pyomo model with its objectives into arrays with scaled columns."""
    form = LinearStandardFormCompiler().write(model, mixed_form=True)
    sizes = model.scaling_factor
    column_size = np.array([1.0 / sizes.get(entry, 1.0) for entry in form.columns])
    matrix = sparse.csr_matrix(form.A) @ sparse.diags_array(column_size)
    rhs = np.asarray(form.rhs, dtype=float)
    kinds = np.array([row.bound_type for row in form.rows])
    lower = [-np.inf if entry.lb is None else entry.lb for entry in form.columns]
    upper = [np.inf if entry.ub is None else entry.ub for entry in form.columns]
    objectives = {}
    for number, objective in enumerate(form.objectives):
        objectives[_name(objective)] = np.asarray(form.c[[number], :].todense()).ravel() * column_size
    return Program(
        name=model.name,
        matrix=sparse.csr_matrix(matrix),
        row_lower=np.where(kinds <= 0, rhs, -np.inf),
        row_upper=np.where(kinds >= 0, rhs, np.inf),
        column_lower=np.array(lower, dtype=float) / column_size,
        column_upper=np.array(upper, dtype=float) / column_size,
        column_size=column_size,
        objectives=objectives,
        columns=_places(form.columns),
        rows=_places([row.constraint for row in form.rows]),
    )


def _places(entries: Sequence[Any]) -> dict[str, dict[Any, int]]:
    places: dict[str, dict[Any, int]] = {}
    names: dict[int, str] = {}
    for position, entry in enumerate(entries):
        component = entry.parent_component()
        name = names.get(id(component))
        if name is None:
            name = names[id(component)] = _name(component)
        places.setdefault(name, {})[entry.index()] = position
    return places


def _name(component: Any) -> str:
    """The component's name; that of a good's block goes before it in a model of several goods."""
    block = component.parent_block()
    return component.local_name if block.parent_block() is None else f"{block.index()}{PART}{component.local_name}"


def minimise(program: Program, objective: str, problem: str) -> Solution | None:
    """Minimise one of the program's objectives; None if there is no feasible point.

    Fixed columns and free rows are taken out before the solver sees the programme. Raises
    :class:`SolverError`, naming ``problem``, for any other status or if the certificate fails.
    """
    cost = program.objectives[objective]
    fixed = program.column_lower == program.column_upper
    values = np.where(fixed, program.column_lower, 0.0)
    shift = program.matrix @ values
    bounded = np.isfinite(program.row_lower) | np.isfinite(program.row_upper)
    # A row whose columns are all fixed is a matter of arithmetic; it is judged by the size of its entries.
    settled = bounded & (np.diff(sparse.csr_matrix(program.matrix[:, ~fixed]).indptr) == 0)
    slack = TOLERANCE * abs(program.matrix[settled]).max(axis=1).toarray().ravel()
    low, high = program.row_lower[settled] - slack, program.row_upper[settled] + slack
    if (shift[settled] < low).any() or (shift[settled] > high).any():
        return None
    bounded &= ~settled
    matrix = sparse.csr_matrix(program.matrix[bounded][:, ~fixed])
    # Rows are scaled after the fixed columns have gone: what is left may be a small member's business alone.
    largest = abs(matrix).max(axis=1).toarray().ravel()
    scale = np.exp2(-np.round(np.log2(np.where(largest > 0, largest, 1.0))))
    part = _Part(
        matrix=sparse.csr_matrix(sparse.diags_array(scale) @ matrix),
        row_lower=(program.row_lower - shift)[bounded] * scale,
        row_upper=(program.row_upper - shift)[bounded] * scale,
        column_lower=program.column_lower[~fixed],
        column_upper=program.column_upper[~fixed],
        cost=cost[~fixed],
    )
    reason = ""
    for attempt in ATTEMPTS:
        status, found, duals = _run(part, attempt)
        if status == highspy.HighsModelStatus.kInfeasible and attempt["presolve"] == "off":
            return None
        if status != highspy.HighsModelStatus.kOptimal:
            reason = f'the solver said "{_word(status)}"'
            continue
        certificate = certify(part, found, duals)
        if certificate.worst <= TOLERANCE:
            values[~fixed] = found
            return Solution(float(cost @ values), values * program.column_size, certificate)
        reason = (
            f'the solver said "optimal", but the certificate failed (primal {certificate.primal:.1e}, '
            f"dual {certificate.dual:.1e}, gap {certificate.gap:.1e}, limit {TOLERANCE:.0e})"
        )
    raise SolverError(reason, problem, (*matrix.shape, matrix.nnz))


@dataclass(frozen=True)
class _Part:
    """What the solver sees: the free columns and bounded rows of a program."""

    matrix: sparse.csr_matrix
    row_lower: np.ndarray
    row_upper: np.ndarray
    column_lower: np.ndarray
    column_upper: np.ndarray
    cost: np.ndarray


def _solver(part: _Part, options: Mapping[str, Any], whole: np.ndarray | None = None) -> highspy.Highs:
    """HiGHS after a run on a programme; ``whole`` marks columns that must be whole numbers."""
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = part.matrix.shape
    lp.col_cost_ = part.cost
    lp.col_lower_, lp.col_upper_ = part.column_lower, part.column_upper
    lp.row_lower_, lp.row_upper_ = part.row_lower, part.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = part.matrix.indptr
    lp.a_matrix_.index_ = part.matrix.indices
    lp.a_matrix_.value_ = part.matrix.data
    if whole is not None:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(is_whole)] for is_whole in whole]
    highs = highspy.Highs()
    for option, value in {**OPTIONS, **options}.items():
        highs.setOptionValue(option, value)
    highs.passModel(lp)
    highs.run()
    return highs


def _run(part: _Part, options: Mapping[str, Any]) -> tuple[highspy.HighsModelStatus, np.ndarray, np.ndarray]:
    highs = _solver(part, options)
    solution = highs.getSolution()
    return highs.getModelStatus(), np.array(solution.col_value), np.array(solution.row_dual)


def certify(part: _Part, values: np.ndarray, duals: np.ndarray) -> Certificate:
    """Residuals and gap of a primal–dual pair, from the arrays alone.

    With reduced costs r = c − Aᵀy, the bound that strong duality asks for is Σ y⁺ L + Σ y⁻ U + Σ r⁺ l + Σ r⁻ u;
    a multiplier that leans on an infinite bound is a residual.
    """
    activity = part.matrix @ values
    primal = max(
        _most(part.row_lower - activity),
        _most(activity - part.row_upper),
        _most(part.column_lower - values),
        _most(values - part.column_upper),
    )
    reduced = part.cost - part.matrix.T @ duals
    dual = 0.0
    bound = 0.0
    for multiplier, low, high in (
        (duals, part.row_lower, part.row_upper),
        (reduced, part.column_lower, part.column_upper),
    ):
        side = np.where(multiplier > 0, low, high)
        leaning = np.isinf(side)
        dual = max(dual, _most(np.abs(multiplier[leaning])))
        bound += float(multiplier[~leaning] @ side[~leaning])
    objective = float(part.cost @ values)
    return Certificate(primal, dual, abs(objective - bound) / max(1.0, abs(objective)))


def _most(array: np.ndarray) -> float:
    return max(0.0, float(array.max())) if array.size else 0.0


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
    part = _Part(
        matrix=sparse.csr_matrix(sparse.diags_array(scale) @ matrix),
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
        if _most(np.abs(found[integer] - whole)) > WHOLE:
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
        magnitude = max(1.0, _most(np.abs(found)))
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


def _run_mixed(part: _Part, integer: np.ndarray) -> tuple[highspy.HighsModelStatus, np.ndarray, float, float]:
    """Status, values, objective and proven bound; "infeasible" counts only if it is said without presolve, too."""
    for attempt in ATTEMPTS[:2]:
        highs = _solver(part, attempt, integer)
        status = highs.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            break
    information = highs.getInfo()
    values = np.array(highs.getSolution().col_value)
    return status, values, information.objective_function_value, information.mip_dual_bound
