"""What one optimal basis says of programmes with other numbers, without asking the solver again.

Bounds may be those of several programmes, one in each row of the arrays; what is found then has a row for each.

A basis names the columns and rows that stand at a bound; the rest follows from linear equations. For other bounds,
costs or coefficients the same basis gives a point and multipliers, and if these are feasible the point is optimal:
the *critical region* of parametric programming. Whoever uses one must certify what it gives as any optimum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.linalg.lapack import dgetrf, dgetrs
from scipy.sparse.linalg import SuperLU, splu

FEW = 200  # equations; of so few the zeros may be written


@dataclass(frozen=True)
class Part:
    """What the solver sees of a program, min c·x, L ≤ Ax ≤ U, l ≤ x ≤ u: its free columns and bounded rows.

    ``row_lower`` and the other bounds end in an axis of rows or columns; before it may be one of programmes.
    """

    matrix: sparse.csr_matrix
    transposed: sparse.csc_matrix
    row_lower: np.ndarray
    row_upper: np.ndarray
    column_lower: np.ndarray
    column_upper: np.ndarray
    cost: np.ndarray


@dataclass
class Region:
    """A basis of the programmes of one pattern of A.

    ``basic`` are the columns between their bounds, ``tight`` as many rows at theirs; ``column_high`` and
    ``row_high`` mark which of all columns and of the tight rows stand at the upper one.
    """

    basic: np.ndarray
    tight: np.ndarray
    column_high: np.ndarray
    row_high: np.ndarray
    _entries: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None  # of the equations: where, row, column
    _factored: tuple[sparse.csr_matrix, Any] | None = None
    _priced: tuple[Any, np.ndarray, np.ndarray, np.ndarray] | None = None

    @classmethod
    def of(cls, programme: Part, basic: np.ndarray, tight: np.ndarray, values: np.ndarray) -> Region:
        """The region of an optimum with these values of its columns."""
        activity = (programme.matrix @ values)[tight]
        return cls(
            basic,
            tight,
            np.abs(programme.column_upper - values) < np.abs(values - programme.column_lower),
            np.abs(programme.row_upper[tight] - activity) < np.abs(activity - programme.row_lower[tight]),
        )

    def values(self, programme: Part, slack: float) -> tuple[np.ndarray, np.ndarray]:
        """The point of the basis, and whether there is one with no column beyond its bounds by more than
        ``slack``. Whether rows are kept is not said."""
        low, high = programme.column_lower, programme.column_upper
        found = np.where(self.column_high, high, low)
        found[..., self.basic] = 0.0
        right = np.where(self.row_high, programme.row_upper[..., self.tight], programme.row_lower[..., self.tight])
        solve = self._factor(programme.matrix)
        if solve is None:
            return found, np.zeros(found.shape[:-1], dtype=bool)
        with np.errstate(invalid="ignore"):
            if found.any():
                right -= times(programme.matrix, found)[..., self.tight]
            inner = solve.solve(right.T).T
            fine = np.isfinite(found.sum(axis=-1))  # not where a column should stand at a bound that it has not
            fine &= (inner >= low[..., self.basic] - slack).all(axis=-1)
            fine &= (inner <= high[..., self.basic] + slack).all(axis=-1)
        found[..., self.basic] = inner
        return found, fine

    def multipliers(self, programme: Part) -> tuple[np.ndarray, np.ndarray]:
        """Multipliers of the rows and reduced costs of the columns, once :meth:`values` has found that there are
        any."""
        solve, cost = self._factor(programme.matrix), programme.cost
        if self._priced is None or self._priced[0] is not solve or not np.array_equal(self._priced[1], cost):
            duals = np.zeros(programme.matrix.shape[0])
            duals[self.tight] = solve.solve(cost[self.basic], "T")
            self._priced = solve, cost, duals, cost - programme.transposed @ duals
        return self._priced[2:]

    def _factor(self, matrix: sparse.csr_matrix) -> Any:
        """The equations of the basis, factored; kept for the same matrix. None if they are singular."""
        if self._factored is None or self._factored[0] is not matrix:
            self._factored = matrix, _factored(*self._equations(matrix), len(self.basic))
        return self._factored[1]

    def _equations(self, matrix: sparse.csr_matrix) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The entries of the tight rows of the basic columns, with their rows and columns; faster than to ask the
        matrix for them."""
        if self._entries is None:
            number = np.full(matrix.shape[1], -1)
            number[self.basic] = np.arange(len(self.basic))
            row = np.full(matrix.shape[0], -1)
            row[self.tight] = np.arange(len(self.tight))
            rows, columns = np.repeat(row, np.diff(matrix.indptr)), number[matrix.indices]
            entries = np.flatnonzero((rows >= 0) & (columns >= 0))
            self._entries = entries, rows[entries], columns[entries]
        entries, rows, columns = self._entries
        return matrix.data[entries], rows, columns


def _factored(data: np.ndarray, rows: np.ndarray, columns: np.ndarray, count: int) -> _Dense | SuperLU | None:
    """As many equations as unknowns, factored; None if they are singular."""
    if count <= FEW:
        dense = np.zeros((count, count), order="F")
        dense[rows, columns] = data
        return _Dense.of(dense)
    try:
        return splu(sparse.csc_matrix((data, (rows, columns)), (count, count)))
    except RuntimeError:
        return None


@dataclass(frozen=True)
class _Dense:
    """A factored matrix that is small enough to write its zeros."""

    factors: np.ndarray
    swaps: np.ndarray

    @classmethod
    def of(cls, matrix: np.ndarray) -> _Dense | None:
        """None if it is singular."""
        if not matrix.size:
            return cls(matrix, np.zeros(0, dtype=np.int32))
        factors, swaps, wrong = dgetrf(matrix, overwrite_a=True)
        return None if wrong else cls(factors, swaps)

    def solve(self, right: np.ndarray, how: str = "N") -> np.ndarray:
        """As that of SuperLU: for one right-hand side, or for each column; ``how`` "T" of the transposed."""
        if not right.size:
            return right
        return np.asarray(dgetrs(self.factors, self.swaps, right, trans=how == "T")[0])


def times(matrix: sparse.csr_matrix, values: np.ndarray) -> np.ndarray:
    """A v for one v, or for each that stands in a row of ``values``."""
    product = matrix @ values.T
    return product if values.ndim == 1 else np.ascontiguousarray(product.T)
