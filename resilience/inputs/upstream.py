"""Makers that lose their inputs: what of a supplier's deliveries is left when its own suppliers are cut off.

A maker in country j keeps today's mix of each essential input (traced to its origin). In month t of a cutoff the
part Σ_i mix_ji · delivered_it of its needs arrives; it makes as much as the scarcest input and the stock of it
allow, and starts by using up the stock. What it sells of its own input to itself is not cut. The same is asked of
the makers of the inputs, up to a stated number of stages (section 8).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from resilience.inputs.balance import GoodData
from resilience.inputs.casefile import Cutoff
from resilience.inputs.cutoffs import Availability, availability
from resilience.inputs.recipes import Recipe


@dataclass(frozen=True)
class Makers:
    """``part[s, i, t]`` of what supplier i would deliver is left in month t of cutoff s; ``input`` lacks most.

    Axes as in :class:`~resilience.cutoffs.Availability`; ``input[s][i]`` is None where nothing is lost.
    """

    part: np.ndarray
    input: tuple[tuple[str | None, ...], ...]


@dataclass
class Upstream:
    """Follows inputs upstream; everything is worked out once.

    ``goods`` are figures by good, ``cutoffs`` those of each good in the same order, ``recipes`` those of the case.
    """

    goods: Mapping[str, GoodData]
    cutoffs: Mapping[str, Sequence[Cutoff]]
    recipes: Sequence[Recipe]
    groups: Mapping[str, Sequence[str]]
    _arriving: dict[tuple[str, int, int, float], np.ndarray] = field(default_factory=dict)

    def makers(self, good: str, suppliers: tuple[str, ...], whole: np.ndarray) -> Makers:
        """What is left of deliveries of a good; ``whole`` is what its makers would deliver (s, i, t)."""
        data = self.goods[good]
        return self._makers(good, suppliers, whole, int(data.value("depth")), data.value("indirect"))

    def _makers(
        self, good: str, suppliers: Sequence[str], whole: np.ndarray, depth: int, indirect: float
    ) -> Makers:
        part = np.ones_like(whole)
        lacking: list[list[str | None]] = [[None] * len(suppliers) for _ in whole]
        inputs = [r for r in self.recipes if r.good == good and r.essential and r.input in self.goods]
        for recipe in inputs:
            left = self._with_input(good, recipe.input, suppliers, whole, depth, indirect)
            for s, i in np.argwhere(left.min(axis=2) < part.min(axis=2) - 1e-12):
                lacking[s][i] = recipe.input
            part = np.minimum(part, left)
        return Makers(part, tuple(tuple(names) for names in lacking))

    def _with_input(
        self, good: str, name: str, suppliers: Sequence[str], whole: np.ndarray, depth: int, indirect: float
    ) -> np.ndarray:
        """The part (s, i, t) of their deliveries that makers can make with one input."""
        data = self.goods[name]
        users = list(data.mix.index)
        months = whole.shape[2]
        place = {user: n for n, user in enumerate(users)}
        at = np.array([place.get(i, 0) for i in suppliers])
        supplied = (data.mix.to_numpy().sum(axis=1) > 0)[at]
        known = np.array([i in place for i in suppliers]) & supplied
        members = set(self.goods[good].members)
        member = np.array([i in members for i in suppliers])
        deeper = max(depth - 1, 0)
        arriving = np.where(
            member[None, :, None],
            self._arrives(name, months, deeper, 1.0)[:, at],
            self._arrives(name, months, deeper, indirect)[:, at],
        )
        followed = known & (member | (depth > 0))  # members follow their own makers however little is traced
        held = np.full(len(suppliers), data.value("maker_stock_months"))
        for i in np.flatnonzero(member).tolist():
            stock, use = data.stock.get(suppliers[i], 0.0), data.demand.get(suppliers[i], np.inf)
            held[i] = 12 * float(stock) / float(use)
        left = np.ones_like(whole)
        stock = np.tile(held, (len(whole), 1))
        for t in range(months):
            wanted = whole[:, :, t]
            made = np.minimum(wanted, arriving[:, :, t] + stock)
            stock = np.minimum(held, stock + arriving[:, :, t] - made)
            left[:, :, t] = np.divide(made, wanted, out=np.ones_like(wanted), where=wanted > 1e-12)
        # where nothing is known of a country's input nothing can be said to be lost
        return np.where(followed[None, :, None] & (left < 1 - 1e-12), left, 1.0)

    def _arrives(self, name: str, months: int, depth: int, indirect: float) -> np.ndarray:
        """The part (s, user, t) of its needs of an input that arrives with every user.

        What a country outside the members makes itself is not cut for itself.
        """
        key = (name, months, depth, indirect)
        if key in self._arriving:
            return self._arriving[key]
        data = self.goods[name]
        cutoffs = [
            replace(
                cut,
                cut={who: part * indirect for who, part in cut.cut.items()},
                fraction=cut.fraction * indirect,
                any=0,
                any_region=0,
            )
            for cut in self.cutoffs[name]
        ]
        direct: Availability = availability(
            cutoffs,
            list(data.mix.columns),
            self.groups,
            data.credit,
            data.members,
            months,
            data.settings["region_surge"].value,
            data.settings["outside_surge"].value,
        )
        left = self._makers(name, direct.suppliers, direct.delivered, depth, indirect).part
        mix = data.mix.to_numpy(dtype=float)
        members = set(data.members)
        others = np.array([name not in members for name in direct.suppliers])
        own = (np.diag(mix) * others)[None, :, None] * (direct.at_home - direct.delivered) * left
        makers = mix.any(axis=0)
        bought = np.einsum("ui,sit->sut", mix[:, makers], (direct.delivered * left)[:, makers])
        self._arriving[key] = bought + own
        return self._arriving[key]
