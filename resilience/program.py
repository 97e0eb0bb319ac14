"""A compiled model: the sparse arrays that the solver is asked about, and the names of their rows and columns.

A Pyomo model is compiled once; each question asked of it is the same arrays with other bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.common.gc_manager import PauseGC
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler
from scipy import sparse

from resilience.model import GENERATED, PART


@dataclass(frozen=True)
class Program:
    """A compiled model. ``columns`` and ``rows`` map a component's name to its indices and positions.

    Columns are scaled (``column_size`` in the model's units). ``batch`` numbers the rows that are generated as
    they are violated, those of a member and cutoff alike; it is −1 for all others. :meth:`bound`, :meth:`loosen`
    and :meth:`keep` return a new program and leave this one as it is.
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
