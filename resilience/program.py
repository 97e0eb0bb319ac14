"""A compiled model: the sparse arrays that the solver is asked about, and the names of their rows and columns.

A Pyomo model is compiled once; each question asked of it is the same arrays with other bounds. The points of a
study are often :class:`Many` such programmes that differ in their bounds only.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import pyomo.environ as pyo
from pyomo.common.gc_manager import PauseGC
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler
from scipy import sparse

from resilience.model import GENERATED, PART

BOUNDS = ("row_lower", "row_upper", "column_lower", "column_upper")
MOST_CHANGES = 8  # of many programmes that are kept


@dataclass(frozen=True)
class Program:
    """A compiled model. ``columns`` and ``rows`` map a component's name to its indices and positions.

    Columns are scaled (``column_size`` in the model's units). ``batch`` numbers the rows that are generated as
    they are violated, those of a member and cutoff alike; it is −1 for all others. :meth:`bound`, :meth:`loosen`
    and :meth:`keep` return a new program and leave this one as it is. ``many`` are the programmes of which this is
    the one at ``at``.
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
    batch: np.ndarray
    many: Many | None = field(default=None, repr=False)
    at: int = 0

    @property
    def among(self) -> Many | None:
        """``many``, unless something else of this program than its place among them has been replaced since."""
        many = self.many
        same = (
            many is not None
            and self.matrix is many.whole.matrix
            and self.objectives is many.objectives[self.at]
            and self.columns is many.whole.columns
            and all(getattr(self, name).base is getattr(many.whole, name) for name in BOUNDS)
        )
        return many if same else None

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
        how = variable, _content(lower), _content(upper)
        if (many := self._all(how, lambda one: one.bound(variable, lower=lower, upper=upper))) is not None:
            return many.program(self.at)
        sides = {"column_lower": self.column_lower.copy(), "column_upper": self.column_upper.copy()}
        for side, bound in (("column_lower", lower), ("column_upper", upper)):
            if bound is None:
                continue
            for index, position in self.columns.get(variable, {}).items():
                number = bound.get(index) if isinstance(bound, Mapping) else bound
                if number is not None:
                    sides[side][..., position] = number / self.column_size[position]
        return replace(self, column_lower=sides["column_lower"], column_upper=sides["column_upper"])

    def _all(self, how: Hashable, change: Callable[[Program], Program]) -> Many | None:
        many = self.among
        return None if many is None else many.changed(how, change)

    def loosen(self, rows: np.ndarray) -> Program:
        """The program without the rows at the given positions."""
        if (many := self._all(rows.tobytes(), lambda one: one.loosen(rows))) is not None:
            return many.program(self.at)
        lower, upper = self.row_lower.copy(), self.row_upper.copy()
        lower[..., rows], upper[..., rows] = -np.inf, np.inf
        return replace(self, row_lower=lower, row_upper=upper)

    def keep(self, objective: str, most: float) -> Program:
        """The program with one more row: the objective is at most ``most``."""
        row = sparse.csr_matrix(self.objectives[objective])
        return replace(
            self,
            matrix=sparse.vstack([self.matrix, row], format="csr"),
            row_lower=np.append(self.row_lower, -np.inf),
            row_upper=np.append(self.row_upper, most),
            batch=np.append(self.batch, -1),
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


Programmes = TypeVar("Programmes", bound=Any)


def some(programmes: Programmes, at: Any) -> Programmes:
    """Those at some places of many programmes, or the one at a place; with all that their bounds share."""
    return replace(programmes, **{name: getattr(programmes, name)[at] for name in BOUNDS})


def _content(bound: float | Mapping[Any, float] | None) -> Hashable:
    return tuple(bound.items()) if isinstance(bound, Mapping) else bound


class Many:
    """Programmes of one matrix. ``whole`` has the bounds of each in a row of its four arrays, and the objectives
    that all share; ``objectives`` are those of each, the shared ones among them."""

    def __init__(self, whole: Program, objectives: Sequence[Mapping[str, np.ndarray]]):
        self.whole = whole
        self.objectives = objectives
        self._changed: dict[Hashable, Many] = {}

    def program(self, at: int) -> Program:
        """One of them; its bounds are parts of the whole's."""
        return replace(some(self.whole, at), objectives=self.objectives[at], many=self, at=at)

    def shares(self, objective: str, cost: np.ndarray) -> bool:
        """Whether an objective of one of them, with its costs, is that of all."""
        return self.whole.objectives.get(objective) is cost

    def changed(self, how: Hashable, change: Callable[[Program], Program]) -> Many | None:
        """All of them with the same change, made once for each ``how``; None if there are many of these: a change
        that differs from programme to programme is not one of all."""
        if how not in self._changed:
            if len(self._changed) == MOST_CHANGES:
                return None
            self._changed[how] = Many(change(self.whole), self.objectives)
        return self._changed[how]


def compile_model(model: pyo.ConcreteModel) -> Program:
    """Translate a Pyomo model with its objectives into arrays with scaled columns."""
    with PauseGC():  # as in build
        form = LinearStandardFormCompiler().write(model, mixed_form=True)
        sizes = model.scaling_factor
        column_size = 1.0 / np.array([sizes.get(entry, 1.0) for entry in form.columns])
        bounds = np.array([entry.bounds for entry in form.columns], dtype=float).reshape(-1, 2)  # None is NaN
        rows = places([row.constraint for row in form.rows])
        columns = places(form.columns)
        kinds = np.array([row.bound_type for row in form.rows])
    rhs = np.asarray(form.rhs, dtype=float)
    matrix = sparse.csr_matrix(form.A)
    matrix.data *= column_size[matrix.indices]
    costs = form.c.toarray() * column_size
    return Program(
        name=model.name,
        matrix=matrix,
        row_lower=np.where(kinds <= 0, rhs, -np.inf),
        row_upper=np.where(kinds >= 0, rhs, np.inf),
        column_lower=np.where(np.isnan(bounds[:, 0]), -np.inf, bounds[:, 0]) / column_size,
        column_upper=np.where(np.isnan(bounds[:, 1]), np.inf, bounds[:, 1]) / column_size,
        column_size=column_size,
        objectives={name_of(objective): cost for objective, cost in zip(form.objectives, costs, strict=True)},
        columns=columns,
        rows=rows,
        batch=_batches(rows, len(form.rows)),
    )


def _batches(rows: Mapping[str, Mapping[Any, int]], count: int) -> np.ndarray:
    """Which rows are generated; those of a member and cutoff belong together."""
    batch = np.full(count, -1)
    numbers: dict[tuple[str, Any], int] = {}
    for name, at in rows.items():
        if name.rpartition(PART)[2] in GENERATED:
            for index, position in at.items():
                batch[position] = numbers.setdefault((name, index[:2]), len(numbers))
    return batch


def places(entries: Iterable[Any]) -> dict[str, dict[Any, int]]:
    """Name of a component → its indices and where the entries stand; those of a component follow each other."""
    found: dict[str, dict[Any, int]] = {}
    last = None
    for position, entry in enumerate(entries):
        component = entry.parent_component()
        if component is not last:
            last = component
            at = found.setdefault(name_of(component), {})
        at[entry.index()] = position
    return found


def name_of(component: Any) -> str:
    """The component's name; that of a good's block goes before it in a model of several goods."""
    block = component.parent_block()
    return component.local_name if block.parent_block() is None else f"{block.index()}{PART}{component.local_name}"
