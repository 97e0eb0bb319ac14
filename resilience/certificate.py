"""The certificate that every optimum must pass: residuals and duality gap, from the arrays alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from resilience.regions import Part, times


@dataclass(frozen=True)
class Certificate:
    """Residuals of one optimum in scaled units (shares of demand); all within a tolerance."""

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


def certify(part: Part, values: np.ndarray, duals: np.ndarray) -> Certificate:
    """Residuals and gap of a primal–dual pair of one programme: :func:`residuals`."""
    return Certificate(*map(float, residuals(part, values, duals, part.cost - part.transposed @ duals)))


def residuals(
    part: Part, values: np.ndarray, duals: np.ndarray, reduced: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Primal and dual residual and relative gap, of each programme whose bounds and values stand in a row.

    With reduced costs r = c − Aᵀy the bound that strong duality asks for is Σ y⁺ L + Σ y⁻ U + Σ r⁺ l + Σ r⁻ u; a
    multiplier that leans on an infinite bound is a residual.
    """
    bound, dual = lower_bound(part, duals, reduced)
    objective = values @ part.cost
    return beyond(part, values), dual, np.abs(objective - bound) / np.maximum(1.0, np.abs(objective))


def beyond(part: Part, values: np.ndarray) -> np.ndarray:
    """The primal residual: by how much values break a row or a bound at the most; of each programme."""
    activity = times(part.matrix, values)
    rows = np.maximum(_most(part.row_lower - activity), _most(activity - part.row_upper))
    columns = np.maximum(_most(part.column_lower - values), _most(values - part.column_upper))
    return np.maximum(rows, columns)


def lower_bound(part: Part, duals: np.ndarray, reduced: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lower bound of the objective that multipliers give, and their residual; of each programme."""
    bound = residual = np.zeros(part.row_lower.shape[:-1])
    for multipliers, low, high in (
        (duals, part.row_lower, part.row_upper),
        (reduced, part.column_lower, part.column_upper),
    ):
        pulling = np.flatnonzero(multipliers)
        multiplier = multipliers[pulling]
        side = np.where(multiplier > 0, low[..., pulling], high[..., pulling])
        leaning = np.isinf(side)
        residual = np.maximum(residual, _most(np.abs(np.where(leaning, multiplier, 0.0))))
        bound = bound + np.where(leaning, 0.0, side) @ multiplier
    return bound, residual


def _most(array: np.ndarray) -> np.ndarray:
    """The largest of each row, 0 at the least."""
    return np.asarray(array.max(axis=-1, initial=0.0))
