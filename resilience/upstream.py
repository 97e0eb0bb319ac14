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

from resilience.balance import GoodData
from resilience.casefile import Cutoff
from resilience.cutoffs import Availability, availability
from resilience.recipes import Recipe


@dataclass(frozen=True)
class Makers:
    """``part[s, i, t]`` of what supplier i would deliver is left in month t of cutoff s; ``input`` which lacks most.

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
    _found: dict[tuple[str, int, int, bool, tuple[str, ...]], Makers] = field(default_factory=dict)

    def makers(self, good: str, suppliers: tuple[str, ...], whole: np.ndarray) -> Makers:
        """What is left of deliveries of a good; ``whole`` is what its makers would deliver (s, i, t)."""
        data = self.goods[good]
        return self._makers(good, suppliers, whole, int(data.value("depth")), data.value("indirect"))

    def _makers(
        self, good: str, suppliers: tuple[str, ...], whole: np.ndarray, depth: int, indirect: float
    ) -> Makers:
        part = np.ones_like(whole)
        lacking: list[list[str | None]] = [[None] * len(suppliers) for _ in whole]
        inputs = [r for r in self.recipes if r.good == good and r.essential and r.input in self.goods]
        if depth > 0:
            for recipe in inputs:
                for i, maker in enumerate(suppliers):
                    left = self._with_input(good, recipe.input, maker, whole[:, i], depth, indirect)
                    for s in np.flatnonzero(left.min(axis=1) < part[:, i].min(axis=1) - 1e-12):
                        lacking[s][i] = recipe.input
                    part[:, i] = np.minimum(part[:, i], left)
        return Makers(part, tuple(tuple(names) for names in lacking))

    def _with_input(
        self, good: str, name: str, maker: str, whole: np.ndarray, depth: int, indirect: float
    ) -> np.ndarray:
        """The part (s, t) of its deliveries that a maker can make with one input."""
        data = self.goods[name]
        if maker not in data.mix.index or not data.mix.loc[maker].sum() > 0:
            return np.ones_like(whole)  # where its input comes from is not known
        mix = data.mix.loc[maker]
        origins = tuple(mix.index[mix > 0])
        member = maker in self.goods[good].demand.index
        arriving = self._delivered(name, maker, origins, whole.shape[1], 1.0 if member else indirect, depth - 1)
        arriving = np.einsum("i,sit->st", mix[list(origins)].to_numpy(dtype=float), arriving)
        if member:
            held = 12 * float(data.stock.get(maker, 0.0)) / float(data.demand.get(maker, np.inf))
        else:
            held = data.value("maker_stock_months")
        left = np.ones_like(whole)
        for s in range(len(whole)):
            stock = held
            for t in range(whole.shape[1]):
                wanted = whole[s, t]
                made = min(wanted, arriving[s, t] + stock)
                stock = min(held, stock + arriving[s, t] - made)
                left[s, t] = made / wanted if wanted > 1e-12 else 1.0
        return np.where(left > 1 - 1e-12, 1.0, left)

    def _delivered(
        self, name: str, user: str, origins: tuple[str, ...], months: int, indirect: float, depth: int
    ) -> np.ndarray:
        """What of an input arrives with one user (s, i, t); a user's own is not cut."""
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
            origins,
            self.groups,
            data.credit,
            data.members,
            months,
            data.settings["region_surge"].value,
            data.settings["outside_surge"].value,
        )
        delivered = direct.delivered.copy()
        if user in origins:
            delivered[:, origins.index(user)] = direct.at_home[:, origins.index(user)]
        key = (name, months, depth, indirect == 1.0, origins)
        if key not in self._found:
            self._found[key] = self._makers(name, origins, direct.delivered, depth, indirect)
        return np.asarray(delivered * self._found[key].part)
