"""Traces re-exports to the country of origin.

Kastner, Kastner and Nonhebel (2011), "Tracing distant environmental impacts of agricultural products from a
consumer perspective", Ecological Economics 70(6): a country's supply is its production and its imports, and
what it ships or uses has the mix of its supply. With p production, Z_ij the flow from j to i and
X = p + Σ_j Z_ij total supply, A = Z X̂⁻¹ and R = (I − A)⁻¹ p̂ is supply by origin; consumption is the part
(X_i − exports_i)/X_i of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

COVERAGE = 0.95  # share of world exports whose shippers' production must be known


@dataclass(frozen=True)
class Traced:
    """Where what is used was made.

    ``origin[i, j]`` is the part of what country i uses that country j made (rows sum to 1, or to 0 without any
    supply), ``used`` what it uses in the good's unit (negative where exports exceed supply). ``raised`` holds
    the production that was added because exports exceeded supply, ``passes_on`` marks countries whose exports
    were given the mix of their imports, ``lost`` those whose imports lead to no known origin and that count as
    origin instead.
    """

    origin: np.ndarray
    used: np.ndarray
    complete: bool
    raised: np.ndarray
    passes_on: np.ndarray
    lost: np.ndarray

    @property
    def consumption(self) -> np.ndarray:
        """``consumption[i, j]``: what country i uses of what country j made, in the good's unit."""
        return self.origin * self.used[:, None]


def trace(production: np.ndarray, listed: np.ndarray, flow: np.ndarray) -> Traced:
    """Consumption by origin.

    Parameters: ``production`` (n) in the good's unit, NaN unknown; ``listed`` (n) whether the country has a
    production row at all; ``flow`` (n, n), from column j to row i, zero diagonal. None is changed.

    If shippers of at least 95 % of world exports have a known production, a country that is not listed makes
    nothing, every country with known production passes on the mix of its supply, and production is raised
    where exports exceed supply. Otherwise only countries known to make nothing pass on their import mix; all
    others count as the origin of what they ship.
    """
    imports = flow.sum(axis=1)
    exports = flow.sum(axis=0)
    known = listed & ~np.isnan(production)
    complete = bool(exports[known].sum() >= COVERAGE * exports.sum())
    made = np.where(known, np.nan_to_num(production), 0.0)
    if complete:
        mixing = known | ~listed
        raised = np.where(mixing, np.maximum(exports - imports - made, 0.0), 0.0)
        raised[raised <= 1e-9 * exports] = 0.0
        made = made + raised
        passes_on = mixing & (exports > 0) & (imports > 0)
    else:
        mixing = known & (made == 0) & (imports > 0)
        raised = np.zeros_like(made)
        passes_on = mixing & (exports > 0)
    lost = mixing & ~_reached(made, mixing, flow)
    mixing = mixing & ~lost
    passes_on = passes_on & ~lost
    supply = made + imports
    # Origin mix of what each country ships, mix[j, o]: its own for a source, else the mix of its supply.
    passed = np.divide(flow, supply[:, None], out=np.zeros_like(flow), where=(mixing & (supply > 0))[:, None])
    own = np.where(mixing, np.divide(made, supply, out=np.zeros_like(made), where=supply > 0), 1.0)
    mix = np.linalg.solve(np.eye(len(made)) - passed, np.diag(own))
    received = flow @ mix
    home_known = known | mixing
    used = np.where(home_known, supply - exports, imports)
    # A source ships its own goods only, so what it keeps of them is what it does not ship.
    home = np.where(mixing, made, np.where(home_known, np.maximum(made - exports, 0.0), 0.0))
    inside = received + np.diag(home)
    total = inside.sum(axis=1)
    shares = np.divide(inside, total[:, None], out=np.zeros_like(inside), where=total[:, None] > 0)
    return Traced(shares, used, complete, raised, passes_on, lost & (exports > 0))


def _reached(made: np.ndarray, mixing: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Countries whose supply leads back to some origin; the others would make (I − A) singular."""
    reached = ~mixing | (made > 0)
    while True:
        more = reached | (flow[:, reached].sum(axis=1) > 0)
        if (more == reached).all():
            return reached
        reached = more
