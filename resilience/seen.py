"""What of a compiled program is put to the solver: the columns that are free and the rows that can bind, scaled.

Fixed columns, rows that ask for nothing and equations that only measure are arithmetic and stay here. What is left
out, and where the rest stands in the program's arrays, is the same for all programs of one pattern.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from resilience.program import Program
from resilience.regions import Part, times


@dataclass
class Asked:
    """What of a program an objective asks of the solver; the same for all programs of one ``pattern``.

    Programs may be many, one in each row of their bounds (:class:`resilience.program.Many`).

    ``bounded`` marks the rows that can bind, ``rows`` are their positions, ``free`` are the columns that are left
    to choose. ``settled`` are rows whose columns are all fixed; ``idle`` see :func:`_idle`.
    """

    matrix: sparse.csr_matrix
    pattern: tuple[np.ndarray, ...]
    fixed: np.ndarray
    free: np.ndarray
    bounded: np.ndarray
    rows: np.ndarray
    settled: np.ndarray
    idle: np.ndarray
    falling: np.ndarray
    rising: np.ndarray
    key: bytes  # of the places of the entries and the free columns
    _whole: Shape | None = None  # of all ``rows``
    _measuring: tuple[sparse.csr_matrix, sparse.csr_matrix] | None = None  # a matrix and its idle rows
    _largest: tuple[sparse.csr_matrix, np.ndarray] | None = None

    def fixed_values(self, program: Program) -> tuple[np.ndarray, np.ndarray]:
        """The values of the fixed columns, 0 for the others, and what they add up to in each row."""
        values = np.where(self.fixed, program.column_lower, 0.0)
        return values, times(program.matrix, values) if values.any() else np.zeros(program.row_lower.shape)

    def holds(self, program: Program, shift: np.ndarray, tolerance: float) -> np.ndarray:
        """Whether the settled rows are kept, given what the fixed columns add up to; judged by the size of their
        entries."""
        rows = self.settled
        slack = tolerance * self._largest_of(program.matrix)
        found = (shift[..., rows] >= program.row_lower[..., rows] - slack) & (
            shift[..., rows] <= program.row_upper[..., rows] + slack
        )
        return np.asarray(found.all(axis=-1))

    def _largest_of(self, matrix: sparse.csr_matrix) -> np.ndarray:
        """The largest entry of each settled row."""
        if self._largest is None or self._largest[0] is not matrix:
            self._largest = matrix, abs(matrix[self.settled]).max(axis=1).toarray().ravel()
        return self._largest[1]

    def part(self, program: Program, shift: np.ndarray, cost: np.ndarray) -> Part:
        """All ``rows`` and the free columns of a program."""
        if self._whole is None:
            self._whole = Shape.cut(program.matrix, self.rows, self.free)
        return self._whole.part(program, self.free, shift, cost)

    def measure(self, matrix: sparse.csr_matrix, lower: np.ndarray, values: np.ndarray) -> None:
        """Fill in the columns that only measure, given the others and the lower bounds of all rows."""
        if not len(self.idle):
            return
        if self._measuring is None or self._measuring[0] is not matrix:
            self._measuring = matrix, matrix[self.idle]
        short = lower[..., self.idle] - times(self._measuring[1], values)
        data, indices = matrix.data, matrix.indices
        values[..., indices[self.rising]] = np.maximum(short, 0.0) / np.abs(data[self.rising])
        values[..., indices[self.falling]] = np.maximum(-short, 0.0) / np.abs(data[self.falling])

    def like(self, program: Program, cost: np.ndarray) -> np.ndarray:
        """Whether a program whose entries stand at the same places with the same signs is of the same pattern."""
        same = [
            (one == other).all(axis=-1) for one, other in zip(self.pattern, _pattern(program, cost), strict=True)
        ]
        return np.asarray(np.logical_and.reduce(same))


def asked_of(program: Program, cost: np.ndarray, known: Asked | None) -> Asked:
    """What is asked of the solver: ``known``, if the program is like the one it was worked out for."""
    matrix = program.matrix
    if known is not None and alike(known.matrix, matrix) and known.like(program, cost):
        return known
    pattern = fixed, unused, bounded, _ = _pattern(program, cost)
    filled = np.zeros(len(bounded), dtype=bool)
    filled[_row_numbers(matrix)[~fixed[matrix.indices]]] = True
    idle, falling, rising = _idle(program, unused)
    used = bounded & filled
    used[idle] = False
    free = ~fixed
    free[matrix.indices[np.concatenate([falling, rising])]] = False
    settled = np.flatnonzero(bounded & ~filled)
    key = digest(matrix.indptr, matrix.indices, free)
    rows = np.flatnonzero(used)
    return Asked(matrix, pattern, fixed, np.flatnonzero(free), used, rows, settled, idle, falling, rising, key)


def _pattern(program: Program, cost: np.ndarray) -> tuple[np.ndarray, ...]:
    """Columns that are fixed and that are unused, rows that are bounded and that are equations."""
    fixed = program.column_lower == program.column_upper
    unused = (cost == 0) & (program.column_lower == 0) & (program.column_upper == np.inf)
    bounded = (program.row_lower > -np.inf) | (program.row_upper < np.inf)
    return fixed, unused, bounded, program.row_lower == program.row_upper


def alike(one: sparse.csr_matrix, other: sparse.csr_matrix) -> bool:
    """Whether two matrices have their entries at the same places and with the same signs."""
    return one is other or (
        one.shape == other.shape
        and np.array_equal(one.indptr, other.indptr)
        and np.array_equal(one.indices, other.indices)
        and np.array_equal(np.sign(one.data), np.sign(other.data))
    )


def _idle(program: Program, unused: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Equations that ask for nothing, such as those that only measure a change: in each one column with a negative
    and one with a positive coefficient stand nowhere else and are ``unused``, without cost and with no bound but
    0. Their rows, and where among the non-zeros these two columns stand."""
    matrix = program.matrix
    loose = (np.bincount(matrix.indices, minlength=matrix.shape[1]) == 1) & unused
    entries = np.flatnonzero(loose[matrix.indices])
    rows = np.searchsorted(matrix.indptr, entries, side="right") - 1
    entries = entries[program.row_lower[rows] == program.row_upper[rows]]
    rows = np.searchsorted(matrix.indptr, entries, side="right") - 1
    found = []
    for sign in (-1.0, 1.0):
        of_sign = np.sign(matrix.data[entries]) == sign
        first_rows, first = np.unique(rows[of_sign], return_index=True)
        found.append((first_rows, entries[of_sign][first]))
    idle, minus, plus = np.intersect1d(found[0][0], found[1][0], return_indices=True)
    return idle, found[0][1][minus], found[1][1][plus]


def _row_numbers(matrix: sparse.csr_matrix) -> np.ndarray:
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


@dataclass
class Shape:
    """Where the free columns and the rows in use stand in a program's matrix, for all of the same pattern."""

    rows: np.ndarray
    entries: np.ndarray  # positions in the program's non-zeros
    indices: np.ndarray
    indptr: np.ndarray
    last: tuple[sparse.csr_matrix, sparse.csr_matrix, sparse.csc_matrix, np.ndarray] | None = None

    @classmethod
    def cut(cls, matrix: sparse.csr_matrix, rows: np.ndarray, columns: np.ndarray) -> Shape:
        """Where some rows and columns of a matrix stand."""
        numbered = sparse.csr_matrix((np.arange(1, matrix.nnz + 1), matrix.indices, matrix.indptr), matrix.shape)
        part = sparse.csr_matrix(numbered[rows][:, columns])
        return cls(rows, part.data - 1, part.indices, part.indptr)

    def scaled(
        self, whole: sparse.csr_matrix, columns: int
    ) -> tuple[sparse.csr_matrix, sparse.csc_matrix, np.ndarray]:
        """That part of a program's matrix with its rows scaled, the same transposed, and the scales; kept for the
        same matrix.

        Rows are scaled after the fixed columns have gone: what is left may be a small member's business alone.
        """
        if self.last is None or self.last[0] is not whole:
            data = whole.data[self.entries]
            largest = (
                np.maximum.reduceat(np.abs(data), self.indptr[:-1]) if len(data) else np.zeros(len(self.rows))
            )
            scale = np.exp2(-np.round(np.log2(np.where(largest > 0, largest, 1.0))))
            data *= np.repeat(scale, np.diff(self.indptr))
            part = sparse.csr_matrix((data, self.indices, self.indptr), (len(self.rows), columns))
            self.last = whole, part, part.T, scale
        return self.last[1:]

    def part(self, program: Program, free: np.ndarray, shift: np.ndarray, cost: np.ndarray) -> Part:
        """That part of a program; ``shift`` is what the fixed columns add up to in each row of the program."""
        matrix, transposed, scale = self.scaled(program.matrix, len(free))
        moved = shift[..., self.rows]
        return Part(
            matrix=matrix,
            transposed=transposed,
            row_lower=(program.row_lower[..., self.rows] - moved) * scale,
            row_upper=(program.row_upper[..., self.rows] - moved) * scale,
            column_lower=program.column_lower[..., free],
            column_upper=program.column_upper[..., free],
            cost=cost[free],
        )


def digest(*arrays: np.ndarray) -> bytes:
    """A short name for the content of arrays."""
    return hashlib.blake2b(b"|".join(array.tobytes() for array in arrays), digest_size=16).digest()
