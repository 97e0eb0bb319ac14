"""Who bears how much: the least possible largest burden, the next, and transfers that even out the cheapest plan.

A member's burden is what it pays a year over its gross domestic product. The fair plan is lexicographic: the
largest burden is as small as any plan can make it, then the next (Rawls' difference principle taken to the end;
Ogryczak 1997, "On the lexicographic minimax approach to location problems", European Journal of Operational
Research 100). What it costs more in all than the cheapest plan is the price of fairness (Bertsimas, Farias and
Trichakis 2011, "The price of fairness", Operations Research 59). All goods are blocks of one linear programme,
tied by what each member pays for all of them.

Burdens that an earlier stage reached are held in later ones: whoever is still open must gain :data:`PRICE` times
as much for one of them to be exceeded. Without a price the next burden would hang on the solver's last digits
where the plans left over are very few. Who does not count bears no more than its limit, at no price.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from resilience.economics import tied
from resilience.economics.tied import Beside, Tied
from resilience.program import Program

PRICE = 1e3  # by how many times more others must gain for a burden that is held to be exceeded
STUCK = 0.01  # the least weight of a burden in the largest one that says it cannot be lower
ROUNDING = 1e-9  # of a limit
TIED = 1e-5  # of the largest burden; burdens that differ by less are equal


@dataclass(frozen=True)
class Block:
    """One good's programme: ``cost`` is what each member pays in USD, by scaled column; ``change`` breaks ties."""

    name: str
    program: Program
    cost: Mapping[str, np.ndarray]
    change: np.ndarray


@dataclass(frozen=True)
class Shared:
    """The fair plans: ``values`` by block in the model's units, and the burden of each member that counts."""

    values: Mapping[str, np.ndarray]
    gdp_share: Mapping[str, float]
    optima: int
    residual: float


def fair_plans(
    blocks: Sequence[Block],
    fixed: Mapping[str, float],
    gdp: Mapping[str, float],
    limits: Mapping[str, float],
    unit: float,
) -> Shared:
    """The lexicographic min–max of burdens over all blocks.

    ``fixed`` is what each member pays in any case, ``gdp`` in USD of the members whose burden counts. ``limits``
    are the most that others may pay, so that nothing is put on them because they do not count. ``unit`` is about
    the size of the largest burden, so that tolerances are small beside it. Raises
    :class:`~resilience.errors.SolverError` if the blocks have no plan.
    """
    return _Fair(blocks, fixed, gdp, limits, unit).solve()


class _Fair:
    """Blocks tied by one row for each member: what it bears over all of them.

    Burdens are measured by the unit. A row that is held may be exceeded at the price :data:`PRICE`, a limit not.
    """

    def __init__(
        self,
        blocks: Sequence[Block],
        fixed: Mapping[str, float],
        gdp: Mapping[str, float],
        limits: Mapping[str, float],
        unit: float,
    ):
        self.blocks, self.unit, self.members = blocks, unit, list(gdp)
        size = {m: gdp[m] * unit for m in gdp}
        for m, most in limits.items():
            largest = max((float(np.abs(block.cost[m]).max()) for block in blocks if m in block.cost), default=0.0)
            size[m] = max(abs(most), largest) or 1.0
        self.size = size
        self.base = np.array([fixed.get(m, 0.0) / by for m, by in size.items()])
        self.limits = np.array([most / size[m] for m, most in limits.items()])
        self.tied = Tied([tied.Block(block.name, block.program, self._ties(block)) for block in blocks])

    def _ties(self, block: Block) -> np.ndarray:
        nothing = np.zeros(len(block.program.column_size))
        return np.array([block.cost.get(m, nothing) / by for m, by in self.size.items()])

    def _minimise(self, held: Mapping[str, float], change: bool, problem: str) -> tied.Together:
        """The least largest burden of the members that are not held, or the least change once all are."""
        held_rows = np.array([m in held for m in self.size])
        open_rows = np.array([m in self.members and m not in held for m in self.size])
        most = np.concatenate([[held.get(m, 0.0) for m in self.members], self.limits]) - self.base
        ties = np.column_stack([np.where(open_rows, -1.0, 0.0), np.diag(np.where(held_rows, -1.0 / PRICE, 0.0))])
        beside = Beside(
            ties=ties,
            cost=np.append(0.0 if change else 1.0, np.ones(len(self.size))),
            lower=np.append(0.0 if change else -np.inf, np.zeros(len(self.size))),
            upper=np.append(0.0 if change else np.inf, np.where(held_rows, np.inf, 0.0)),
        )
        costs = None
        if change:
            far = sum(min(float(block.change @ plan) for plan in plans) for block, plans in self._plans())
            costs = [block.change / max(1.0, far) for block in self.blocks]
        return self.tied.minimise(most, beside, costs, f"sharing, {problem}")

    def _reach_limits(self) -> None:
        """Find plans that keep the limits; where rounding makes one too tight, it is what it must be."""
        count, limited = len(self.members), len(self.limits)
        if not limited:
            return
        beside = Beside(
            ties=np.vstack([np.zeros((count, limited)), -np.eye(limited)]),
            cost=np.ones(limited),
            lower=np.zeros(limited),
            upper=np.full(limited, np.inf),
        )
        most = np.concatenate([np.full(count, np.inf), self.limits - self.base[count:]])
        found = self.tied.minimise(most, beside, None, "sharing, limits of those who do not count")
        self.limits = self.limits + np.maximum(found.beside, 0.0) + ROUNDING

    def _plans(self) -> Iterable[tuple[Block, Sequence[np.ndarray]]]:
        return zip(self.blocks, self.tied.plans, strict=True)

    def solve(self) -> Shared:
        """Stage by stage: the largest burden, who cannot be below it, then the largest of the rest.

        Who has a multiplier bears the largest burden in every plan that has the least largest one (complementary
        slackness); a later stage finds whom this one leaves out.
        """
        everybody = [sum(block.cost.values(), np.zeros(len(block.program.column_size))) for block in self.blocks]
        self.tied.add_best(everybody)
        self.tied.add_best([block.change for block in self.blocks])
        self._reach_limits()
        held: dict[str, float] = {}
        while len(held) < len(self.members):
            open_ = [m for m in self.members if m not in held]
            found = self._minimise(held, False, f"largest burden of {', '.join(open_)}")
            weights = {m: found.multipliers[n] for n, m in enumerate(self.members) if m in open_}
            stuck = min(STUCK, max(weights.values()))
            held |= {m: float(found.beside[0]) for m, weight in weights.items() if weight >= stuck}
        found = self._minimise(held, True, "nearest to today")
        own = {
            block.name: values * block.program.column_size
            for block, values in zip(self.blocks, found.values, strict=True)
        }
        return Shared(own, {m: held[m] * self.unit for m in self.members}, self.tied.optima, self.tied.residual)


def least_transfers(usd: Mapping[str, float], gdp: Mapping[str, float], largest: float) -> dict[str, float]:
    """Transfers, positive for who gets them, that bring every burden down to ``largest`` of GDP at the most.

    Who is above gets what is too much; it is given by those with the least burdens, up to one common burden that
    nobody who gives exceeds. They add up to zero. Raises ValueError if ``largest`` is below what all bear
    together.
    """
    mean = sum(usd.values()) / sum(gdp.values())
    if largest < mean * (1 - TIED):
        raise ValueError("no transfers bring all burdens below their mean")
    largest = max(largest, mean)
    gets = {m: max(0.0, usd[m] - largest * gdp[m]) for m in usd}
    needed = sum(gets.values())
    order = sorted(usd, key=lambda m: usd[m] / gdp[m])
    level, given, wide = 0.0, 0.0, 0.0
    for n, m in enumerate(order):  # raise the level until what is given is enough
        wide += gdp[m]
        given += usd[m]
        level = (needed + given) / wide
        if n + 1 == len(order) or level <= usd[order[n + 1]] / gdp[order[n + 1]]:
            break
    gives = {m: max(0.0, level * gdp[m] - usd[m]) for m in usd} if needed > 0 else dict.fromkeys(usd, 0.0)
    return {m: gets[m] - gives[m] for m in usd}


def noticeable(transfers: Mapping[str, float], total: float) -> dict[str, float]:
    """Transfers without those below 1 USD or a millionth of ``total``, which are rounding.

    What they come to is put on the largest that is left, so that all still add up to the same.
    """
    least = max(1.0, 1e-6 * total)
    found = {m: usd if abs(usd) >= least else 0.0 for m, usd in transfers.items()}
    if any(found.values()):
        found[max(found, key=lambda m: abs(found[m]))] += sum(transfers.values()) - sum(found.values())
    return found


def equal_transfers(usd: Mapping[str, float], gdp: Mapping[str, float]) -> dict[str, float]:
    """Transfers after which everybody bears the same part of GDP."""
    mean = sum(usd.values()) / sum(gdp.values())
    return {m: usd[m] - mean * gdp[m] for m in usd}
