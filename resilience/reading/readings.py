"""The readings "market" and "guaranteed" of one member, without a model: both follow from linear conditions.

A member alone chooses x with Σ_i x_i = D and 0 ≤ x_i ≤ K_im + zmax_i, K_im what the others leave at today's
purchases (section 4). *Market* walks from today's pattern towards the region, one direction, one variable.
*Guaranteed* asks for the largest share that a plan can have and still fail: a knapsack with two constraints for
every condition. Cutoffs of any K are exact in both: along the market's path the worst set is found by sorting; in
the knapsack the K with the most capacity are the worst of those that answer alike.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import product

import numpy as np

from resilience.model import ModelData
from resilience.reading.conditions import Conditions, Taken, Windows, survival_conditions
from resilience.schema import ALL

SAME = 1e-9  # parts of yearly demand that differ by less are equal
ALIKE = 1e-7  # shares that differ by less are equal
BEHIND = 1e-6  # a condition whose share is smaller by more than this is not the one that decides
AT_ONCE = 20_000  # conditions that are searched together, at the most
Along = Callable[[float], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Alone:
    """One member alone, in parts of its yearly demand; arrays are by supplier.

    ``today`` is x̄, ``room`` K_im, ``building`` zmax_i (infinite where nothing limits it), ``credit`` κ (zero for
    outsiders), ``inside`` marks the region, ``cap`` is q. Suppliers the member cannot use are left out.
    """

    suppliers: tuple[str, ...]
    today: np.ndarray
    room: np.ndarray
    building: np.ndarray
    credit: np.ndarray
    inside: np.ndarray
    cap: float

    def keeps_cap(self) -> bool:
        """Whether today's pattern keeps the cap on single outsiders."""
        return not (self.today[~self.inside] > self.cap + SAME).any()

    def most(self, *, building: bool = True) -> np.ndarray:
        """The most of each supplier: K_im + zmax_i, for outsiders no more than the cap; at most all demand."""
        most = self.room + (self.building if building else 0.0)
        return np.minimum(np.where(self.inside, most, np.minimum(most, self.cap)), 1.0)


@dataclass(frozen=True)
class Reading:
    """One answer: ``share`` None where no floor survives; ``month`` the earliest that fixes it."""

    share: float | None
    upper: float | None = None
    month: int | None = None
    worst_set: tuple[str, ...] = ()
    new_capacity: float = 0.0  # in parts of yearly demand
    assumed: bool = False  # guaranteed: the share follows from φ, B, H and surge alone


@dataclass(frozen=True)
class _Suppliers:
    """What members' figures have in common, by supplier, and the purchases of all of them (member × supplier)."""

    names: tuple[str, ...]
    demand: np.ndarray  # by member
    baseline: np.ndarray
    capacity: np.ndarray
    building: np.ndarray
    credit: np.ndarray
    inside: np.ndarray

    @classmethod
    def of(cls, data: ModelData) -> _Suppliers:
        good, names = data.good, data.available.suppliers
        return cls(
            names,
            good.demand.to_numpy(dtype=float),
            good.baseline.to_numpy(dtype=float).T,
            good.capacities,
            np.array([data.most_new[i] for i in names]),
            np.array([good.credit.get(i, 0.0) for i in names]),
            np.array([i in good.credit for i in names]),
        )


def alone(
    data: ModelData, member: str, windows: Windows | None = None, suppliers: _Suppliers | None = None
) -> tuple[Alone, Conditions]:
    """A member's figures and conditions, divided by its yearly demand.

    ``windows`` and ``suppliers`` are those of the good, if at hand; :func:`singles` does this for all members.
    """
    good, suppliers = data.good, suppliers or _Suppliers.of(data)
    n = good.members.index(member)
    demand = float(suppliers.demand[n])
    left = suppliers.capacity - np.delete(suppliers.baseline, n, axis=0).sum(axis=0)
    use = np.ones(len(suppliers.names), dtype=bool)
    if member in good.no_home and member in suppliers.names:
        use[suppliers.names.index(member)] = False
    figures = Alone(
        suppliers=_chosen(suppliers.names, use),
        today=suppliers.baseline[n, use] / demand,
        room=np.maximum(left[use], 0.0) / demand,
        building=suppliers.building[use] / demand,
        credit=suppliers.credit[use],
        inside=suppliers.inside[use],
        cap=good.value("cap"),
    )
    return figures, _scaled(survival_conditions(data, member, windows), use, demand)


def _chosen(names: tuple[str, ...], use: np.ndarray) -> tuple[str, ...]:
    return names if use.all() else tuple(i for i, is_used in zip(names, use.tolist(), strict=True) if is_used)


class Singles(Mapping[str, tuple[Alone, Conditions]]):
    """Figures and conditions of every member of a good, each worked out when it is first asked for."""

    def __init__(self, data: ModelData):
        self._data = data
        self._found: dict[str, tuple[Alone, Conditions]] = {}
        self._guaranteed: dict[tuple[str, str], Reading] = {}

    @cached_property
    def _windows(self) -> Windows:
        return Windows.of(self._data.available)

    @cached_property
    def _suppliers(self) -> _Suppliers:
        return _Suppliers.of(self._data)

    def __getitem__(self, member: str) -> tuple[Alone, Conditions]:
        if member not in self._found:
            if member not in self._data.good.members:
                raise KeyError(member)
            self._found[member] = alone(self._data, member, self._windows, self._suppliers)
        return self._found[member]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data.good.members)

    def __len__(self) -> int:
        return len(self._data.good.members)

    def under(self, member: str, cutoff: str) -> tuple[Alone, Conditions]:
        """A member's figures and its conditions of one cutoff, or of all (:data:`~resilience.schema.ALL`)."""
        figures, conditions = self[member]
        return figures, conditions if cutoff == ALL else conditions.only(cutoff)

    def guaranteed(self, member: str, cutoff: str, others: Collection[str] = ()) -> Reading:
        """As :func:`guaranteed`; that of ``others``, who will be asked about, too, is worked out with it."""
        if (member, cutoff) not in self._guaranteed:
            who = list(dict.fromkeys((member, *others)))
            found = guaranteed_each([self.under(m, cutoff) for m in who])
            self._guaranteed |= {(m, cutoff): reading for m, reading in zip(who, found, strict=True)}
        return self._guaranteed[member, cutoff]

    def keeps_cap(self, member: str) -> bool:
        """Whether a member's pattern of today keeps the cap on single outsiders."""
        return self._data.good.value("cap") == np.inf or self[member][0].keeps_cap()


def singles(data: ModelData) -> Singles:
    """Figures and conditions of every member of a good."""
    return Singles(data)


def _scaled(conditions: Conditions, use: np.ndarray, demand: float) -> Conditions:
    """The conditions on plans in parts of demand, for the suppliers in ``use``."""
    needed = conditions.needed / demand
    if use.all():
        return replace(conditions, needed=needed)
    place = np.cumsum(use) - 1
    taken = {
        name: tuple(replace(part, among=place[part.among[use[part.among]]]) for part in parts)
        for name, parts in conditions.taken.items()
    }
    return replace(
        conditions,
        suppliers=_chosen(conditions.suppliers, use),
        arriving=conditions.arriving[:, use],
        needed=needed,
        kind=conditions.kind[:, use],
        taken=taken,
    )


def market(figures: Alone, conditions: Conditions, *, building: bool = True) -> Reading:
    """The interval of floors that survive when members shift today's pattern in proportion.

    Below today's share x = x̄; above it region suppliers scale up in proportion (by K_im where the region sells
    nothing today) and outsiders down in proportion. Each condition is concave along this path, so the surviving
    floors are one interval; its ends are found by cutting planes from both sides, exactly.
    """
    start = figures.today
    today = float(figures.credit @ start)
    direction, furthest = _path(figures, building)
    along = _along(conditions, start, direction)
    first = _cap_kept(figures, direction)
    survives_today = figures.keeps_cap() and conditions.hold(start, SAME)
    low = 0.0 if survives_today else _first(along, first, furthest)
    if low is None:
        return Reading(None, month=_market_month(conditions, along, first, furthest, None))
    high = _last(along, furthest, low)
    gain = float(figures.credit @ direction)
    worst = _named(conditions, start + low * direction)
    if survives_today:
        return Reading(0.0, today + gain * high, worst_set=worst)
    plan = start + low * direction
    month = _market_month(conditions, along, first, furthest, low)
    new = float(np.maximum(plan - figures.room, 0.0)[figures.inside].sum())
    return Reading(today + gain * low, today + gain * high, month, worst, new if new > SAME else 0.0)


def _path(figures: Alone, building: bool) -> tuple[np.ndarray, float]:
    """Direction of the market's path and how far it goes: x(t) = x̄ + t · direction."""
    inside, today = figures.inside, figures.today
    regional, outside = float(today[inside].sum()), float(today[~inside].sum())
    direction = np.zeros_like(today)
    if outside <= SAME:
        return direction, 0.0
    if regional > SAME:
        direction[inside] = today[inside] / regional
    elif figures.room[inside].sum() > 0:
        direction[inside] = figures.room[inside] / figures.room[inside].sum()
    else:
        return direction, 0.0
    if not figures.credit @ direction > 0:
        return np.zeros_like(today), 0.0  # no shift towards the region changes the credited share
    direction[~inside] = -today[~inside] / outside
    limit = figures.room + (figures.building if building else 0.0)
    grows = direction > 0
    room = np.maximum(limit[grows] - today[grows], 0.0) / direction[grows]
    return direction, float(min(outside, room.min()))


def _along(conditions: Conditions, start: np.ndarray, direction: np.ndarray) -> Along:
    """By point t of the path x̄ + t · direction: what each condition misses, and by how much it gains a step."""
    missing = conditions.needed - conditions.arriving @ start
    gain = conditions.arriving @ direction
    if not conditions.taken:
        return lambda t: (missing - t * gain, gain)

    def under_worst(t: float) -> tuple[np.ndarray, np.ndarray]:
        plan = start + t * direction
        slope, lacks = gain.copy(), missing - t * gain
        for cutoff, parts in conditions.taken.items():
            rows = conditions.of(cutoff)
            for taken in parts:
                which = taken.largest(plan)
                lacks[rows] += taken.part * plan[which].sum()
                slope[rows] -= taken.part * direction[which].sum()
        return lacks, slope

    return under_worst


def _cap_kept(figures: Alone, direction: np.ndarray) -> float | None:
    """The first point of the path that keeps the cap, None without one."""
    outside = ~figures.inside
    excess = figures.today[outside] - figures.cap
    over = excess > SAME
    if not over.any():
        return 0.0
    falling = -direction[outside][over]
    return float((excess[over] / falling).max()) if (falling > 0).all() else None


def _first(
    along: Along, first: float | None, furthest: float, which: np.ndarray | slice = slice(None)
) -> float | None:
    """The first point of the path from ``first`` on where the conditions ``which`` hold, None without one."""
    t = first
    while t is not None and t <= furthest + SAME:
        missing, slope = (part[which] for part in along(t))
        violated = missing > SAME
        if not violated.any():
            return min(t, furthest)
        slope = slope[violated]
        t = t + float((missing[violated] / slope).max()) if (slope > 0).all() else None
    return None


def _last(along: Along, furthest: float, low: float) -> float:
    """The last point of the path that survives, given one that does."""
    t = furthest
    while t > low:
        missing, slope = along(t)
        violated = missing > SAME
        if not violated.any():
            return t
        t -= float((missing[violated] / np.maximum(-slope[violated], 1e-12)).max())
    return low


def _market_month(
    conditions: Conditions, along: Along, first: float | None, furthest: float, low: float | None
) -> int:
    """The least horizon that already asks for the same floor; a longer one never asks for less."""
    month = conditions.month

    def asks(horizon: int) -> bool:
        found = _first(along, first, furthest, month <= horizon)
        return found is None or (low is not None and found >= low - 1e-7)

    return bisect_left(range(1, int(conditions.last.max())), True, key=asks) + 1


def _named(conditions: Conditions, plan: np.ndarray) -> tuple[str, ...]:
    """The worst set of the cutoff under which the plan comes off worst; of equal ones, the first."""
    if not conditions.taken:
        return ()
    margins = conditions.margins(plan).reshape(len(conditions.cutoffs), -1).min(axis=1)
    worst = int(np.argmax(margins <= margins.min() + SAME))
    return conditions.worst_set(conditions.cutoffs[worst], plan)


def guaranteed(figures: Alone, conditions: Conditions, *, building: bool = True) -> Reading:
    """The least floor that makes every plan that meets it survive.

    For each condition the largest share of a plan that fails it, or just meets it, is
    max { Σ κ x : Σ x = 1, 0 ≤ x ≤ most, a·x ≤ b }. The floor is the largest of these over conditions and sets of
    any K, but not below the least share any plan can have; None where even plans of the largest share may fail.
    """
    return guaranteed_each([(figures, conditions)], building=building)[0]


def guaranteed_each(of: Sequence[tuple[Alone, Conditions]], *, building: bool = True) -> list[Reading]:
    """:func:`guaranteed` for several members or cutoffs at once."""
    found = [Reading(None)] * len(of)
    most = [figures.most(building=building) for figures, _ in of]
    ends = [_ends(amounts, figures.credit) for amounts, (figures, _) in zip(most, of, strict=True)]
    asked = [n for n, (least, _) in enumerate(ends) if not np.isnan(least)]
    failing = dict(zip(asked, most_of_failing_each([(*of[n], most[n], 0.0) for n in asked]), strict=True))
    top = [n for n in asked if failing[n][0] >= ends[n][1] - SAME]
    clearly = most_of_failing_each([(*of[n], most[n], ALIKE) for n in top])
    stuck = {n for n, one in zip(top, clearly, strict=True) if one[0] >= ends[n][1] - SAME}
    above = [n for n in asked if n not in stuck and failing[n][0] > ends[n][0] + SAME]
    ample = [np.where(of[n][0].inside, 1.0, np.minimum(1.0, of[n][0].cap)) for n in above]
    freely = most_of_failing_each([(*of[n], amounts, 0.0) for n, amounts in zip(above, ample, strict=True)])
    assumed = {n for n, one in zip(above, freely, strict=True) if abs(one[0] - failing[n][0]) <= ALIKE}
    for n in asked:
        share, month, worst = failing[n]
        if n in stuck:
            found[n] = Reading(None, month=month, worst_set=worst)
            continue
        floor = max(ends[n][0], share)
        found[n] = Reading(
            floor,
            month=month if share >= floor - ALIKE and month else None,
            worst_set=worst,
            new_capacity=_least_building(of[n][0], floor),
            assumed=n in assumed,
        )
    return found


def unbuilt(figures: Alone, conditions: Conditions, found: Reading) -> bool:
    """Whether a floor is guaranteed to suffice without new capacity, too, where ``found`` does with it.

    Plans that build nothing are some of all plans, so ``found`` suffices for them, if any of them reaches it.
    """
    _, top = attainable(figures, building=False)
    if found.share is not None and top > found.share + BEHIND:
        return True
    return guaranteed(figures, conditions, building=False).share is not None


def attainable(figures: Alone, *, building: bool = True) -> tuple[float, float]:
    """The least and the largest share any plan can have; NaN where demand cannot be met at all."""
    return _ends(figures.most(building=building), figures.credit)


def _ends(most: np.ndarray, credit: np.ndarray) -> tuple[float, float]:
    """As :func:`attainable`, by what can be had of each supplier."""
    if most.sum() < 1 - SAME:
        return float("nan"), float("nan")
    return _fill(most, credit), -_fill(most, -credit)


def _fill(most: np.ndarray, worth: np.ndarray) -> float:
    """min Σ worth · x with Σ x = 1, 0 ≤ x ≤ most: the cheapest first."""
    order = np.argsort(worth, kind="stable")
    running = np.cumsum(most[order])
    taken = np.clip(1.0 - (running - most[order]), 0.0, most[order])
    return float(worth[order] @ taken)


Failing = tuple[float, int | None, tuple[str, ...]]


def most_of_failing(figures: Alone, conditions: Conditions, most: np.ndarray, below: float = 0.0) -> Failing:
    """The largest share of a plan that fails some condition by at least ``below``; −inf where none can fail.

    With it come the earliest month of such a condition and the set of any K, of the first cutoff with that month.
    """
    return most_of_failing_each([(figures, conditions, most, below)])[0]


def most_of_failing_each(asked: Iterable[tuple[Alone, Conditions, np.ndarray, float]]) -> list[Failing]:
    """:func:`most_of_failing` for several members or cutoffs at once, whose conditions are searched together."""
    best: list[Failing] = []
    waiting: list[tuple[int, _Knapsack]] = []

    def settle() -> None:
        for (number, knapsack), shares in zip(waiting, _search([one for _, one in waiting]), strict=True):
            top = float(shares.max())
            if not np.isfinite(top):
                continue
            month = int(knapsack.last[shares >= top - ALIKE].min())
            share, before, _ = best[number]
            if top > share + ALIKE or (top > share - ALIKE and (before is None or month < before)):
                best[number] = (max(top, share), month, knapsack.names)
        waiting.clear()

    rows = 0
    for number, (figures, conditions, most, below) in enumerate(asked):
        best.append((-np.inf, None, ()))
        for cutoff in conditions.cutoffs:
            for knapsack in _knapsacks_of(figures, conditions, cutoff, most, below):
                waiting.append((number, knapsack))
                rows += len(knapsack.needed)
                if rows > AT_ONCE:
                    settle()
                    rows = 0
    settle()
    return best


@dataclass(frozen=True)
class _Knapsack:
    """Suppliers that answer a cutoff alike, merged into blocks, those of most credit first, and the conditions.

    ``amounts`` and ``credit`` are by block, ``arriving`` is condition × block; ``names`` are the K that are taken.
    """

    amounts: np.ndarray
    credit: np.ndarray
    arriving: np.ndarray
    needed: np.ndarray
    last: np.ndarray
    names: tuple[str, ...]


def _knapsacks_of(
    figures: Alone, conditions: Conditions, cutoff: str, most: np.ndarray, below: float
) -> Iterator[_Knapsack]:
    """The knapsacks of one cutoff, of plans that fail by at least ``below``.

    For a cutoff of any K, one for each way of taking the K from the kinds of candidates (alike but for capacity),
    the largest of each kind: any failing plan with other sets can be moved onto the largest.
    """
    rows = conditions.of(cutoff)
    arriving, needed = conditions.arriving[rows], conditions.needed[rows] - below
    alike = conditions.kind[conditions.cutoffs.index(cutoff)]
    kinds = _kinds(figures.credit.tobytes(), alike.tobytes(), (most > 0).tobytes())
    if not conditions.taken.get(cutoff):
        yield _knapsack(figures, most, kinds, arriving, needed, conditions.last, {})
        return
    for cut in _ways(conditions.taken[cutoff], kinds, most):
        parts = [
            part for kind in kinds for part in ([i for i in kind if i not in cut], [i for i in kind if i in cut])
        ]
        blocks = [part for part in parts if part]
        yield _knapsack(figures, most, blocks, arriving, needed, conditions.last, cut)


@lru_cache(maxsize=1024)
def _kinds(credit: bytes, alike: bytes, there: bytes) -> list[list[int]]:
    """Positions of the suppliers that are ``there``, of one credit and alike under a cutoff; most credit first."""
    worth, answer = np.frombuffer(credit).tolist(), np.frombuffer(alike, dtype=int).tolist()
    kinds: dict[tuple[float, int], list[int]] = {}
    for i in np.flatnonzero(np.frombuffer(there, dtype=bool)).tolist():
        kinds.setdefault((worth[i], answer[i]), []).append(i)
    return [kinds[key] for key in sorted(kinds, key=lambda key: -key[0])]


def _knapsack(
    figures: Alone,
    most: np.ndarray,
    blocks: Sequence[list[int]],
    arriving: np.ndarray,
    needed: np.ndarray,
    last: np.ndarray,
    cut: Mapping[int, np.ndarray],
) -> _Knapsack:
    """The knapsack of some blocks when the suppliers in ``cut`` lose what is said there."""
    first = [block[0] for block in blocks]
    answers = arriving[:, first]
    for column, i in enumerate(first):
        if i in cut:
            answers[:, column] -= cut[i]
    amounts = np.array([most[block].sum() for block in blocks])
    names = tuple(sorted(figures.suppliers[i] for i in cut))
    return _Knapsack(amounts, figures.credit[first], answers, needed, last, names)


def _ways(
    taken: tuple[Taken, ...], kinds: Sequence[list[int]], most: np.ndarray
) -> Iterator[dict[int, np.ndarray]]:
    """The ways of taking any K: what is lost (by condition) of each supplier that is taken."""
    choices = []
    for one in taken:
        among = set(one.among.tolist())
        groups = [sorted(among.intersection(kind), key=lambda i: (-most[i], i)) for kind in kinds]
        groups = [group for group in groups if group]
        count = min(one.count, sum(map(len, groups)))
        numbers = product(*(range(min(len(group), count) + 1) for group in groups))
        choices.append(
            [
                {i: one.part for group, number in zip(groups, way, strict=True) for i in group[:number]}
                for way in numbers
                if sum(way) == count
            ]
        )
    for choice in product(*choices):
        yield {i: part for chosen in choice for i, part in chosen.items()}


def _search(knapsacks: Sequence[_Knapsack]) -> list[np.ndarray]:
    """:func:`_knapsacks` of each, those with as many blocks together; without the shares of conditions that are
    behind the largest of their knapsack, which come out as −inf."""
    found: list[np.ndarray] = [np.zeros(0)] * len(knapsacks)
    by_width: dict[int, list[int]] = {}
    for number, one in enumerate(knapsacks):
        by_width.setdefault(len(one.amounts), []).append(number)
    for numbers in by_width.values():
        alike = [knapsacks[number] for number in numbers]
        counts = [len(one.needed) for one in alike]
        shares = _knapsacks(
            np.repeat(np.stack([one.amounts for one in alike]), counts, axis=0),
            np.repeat(np.stack([one.credit for one in alike]), counts, axis=0),
            np.concatenate([one.arriving for one in alike]),
            np.concatenate([one.needed for one in alike]),
            np.repeat(np.arange(len(alike)), counts),
        )
        for number, part in zip(numbers, np.split(shares, np.cumsum(counts)[:-1]), strict=True):
            found[number] = part
    return found


def _knapsacks(
    amounts: np.ndarray,
    credit: np.ndarray,
    arriving: np.ndarray,
    needed: np.ndarray,
    rivals: np.ndarray | None = None,
) -> np.ndarray:
    """max { κ·x : Σ x = 1, 0 ≤ x ≤ amounts, a·x ≤ b } for every condition (row of a, b); −inf where impossible.

    Amounts and credit are by row, too, blocks of most credit first. Rows with the same number in ``rivals``
    compete for the largest share; those that are behind by more than :data:`BEHIND` come out as −inf.

    The points (a·x, κ·x) of all x fill a convex polygon; asked for is its upper edge at a·x = b. Two corners of
    that edge are known, one on each side of b: the x of most κ, and the x of least a. The corner that lies
    furthest above the line between them (the greedy x for the worth κ − λa, λ the line's slope) replaces the one
    on its side of b, until none lies above. This is the Lagrangian dual in λ, searched by cutting planes. At any
    λ the corner's worth + λb is no less than the share asked for, and the line at b no more: that tells who is
    behind.
    """
    shares = np.full(len(needed), -np.inf)
    cheapest = np.argsort(arriving, axis=1, kind="stable")  # of equal a the larger κ first
    right_a, right_c = _greedy(cheapest, amounts, credit, arriving)
    can_fail = np.flatnonzero(right_a < needed - SAME)
    amounts, credit, arriving, needed = amounts[can_fail], credit[can_fail], arriving[can_fail], needed[can_fail]
    right_a, right_c, cheapest = right_a[can_fail], right_c[can_fail], cheapest[can_fail]
    by_credit = np.argsort(-np.take_along_axis(credit, cheapest, axis=1), axis=1, kind="stable")
    richest = np.take_along_axis(cheapest, by_credit, axis=1)
    left_a, left_c = _greedy(richest, amounts, credit, arriving)
    inner = left_a > needed
    found = np.where(inner, -np.inf, left_c)
    slope = np.zeros(len(needed))
    rival = can_fail if rivals is None else rivals[can_fail]  # every row for itself
    ahead = np.full(len(shares), -np.inf)  # the largest share that is known, by number
    np.maximum.at(ahead, rival, found)
    search = np.flatnonzero(inner)
    while len(search):
        slope[search] = (left_c[search] - right_c[search]) / (left_a[search] - right_a[search])
        multiplier = slope[search]
        worth = credit[search] - multiplier[:, None] * arriving[search]
        order = np.argsort(-worth, axis=1, kind="stable")
        a, c = _greedy(order, amounts[search], credit[search], arriving[search])
        above = (c - right_c[search]) - multiplier * (a - right_a[search])
        better = (above > 1e-15 * (1.0 + multiplier)) & (a < left_a[search]) & (a > right_a[search])
        on_line = right_c[search] + multiplier * (needed[search] - right_a[search])
        np.maximum.at(ahead, rival[search], on_line)
        behind = on_line + np.maximum(above, 0.0) < ahead[rival[search]] - BEHIND
        inner[search[behind]] = False
        better &= ~behind
        search, a, c = search[better], a[better], c[better]
        on_left = a > needed[search]
        left_a[search[on_left]], left_c[search[on_left]] = a[on_left], c[on_left]
        right_a[search[~on_left]], right_c[search[~on_left]] = a[~on_left], c[~on_left]
    found[inner] = right_c[inner] + slope[inner] * (needed[inner] - right_a[inner])
    shares[can_fail] = found
    return shares


def _greedy(
    order: np.ndarray, amounts: np.ndarray, credit: np.ndarray, arriving: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """a·x and κ·x of the plan x that takes all it needs in a given order; by row."""
    sizes = np.take_along_axis(amounts, order, axis=1)
    taken = np.clip(1.0 - (np.cumsum(sizes, axis=1) - sizes), 0.0, sizes)
    arrives, credited = (np.take_along_axis(each, order, axis=1) for each in (arriving, credit))
    return (arrives * taken).sum(axis=1), (credited * taken).sum(axis=1)


def _least_building(figures: Alone, share: float) -> float:
    """The least new capacity (in parts of demand) of any plan with that share.

    What is there is used in order of credit; where it does not reach the share, the use with the least credit
    gives way to new capacity of the highest credit.
    """
    most = figures.most(building=False)
    order = np.argsort(-figures.credit, kind="stable")
    used = np.clip(1.0 - (np.cumsum(most[order]) - most[order]), 0.0, most[order])
    builders = figures.building > 0
    best = float(figures.credit[builders].max()) if builders.any() else 0.0
    built = max(0.0, 1.0 - float(used.sum()))
    missing = share - float(figures.credit[order] @ used) - best * built
    for amount, credit in zip(used[::-1], figures.credit[order][::-1], strict=True):
        if missing <= SAME or best - credit <= 0:
            break
        step = min(float(amount), missing / (best - credit))
        built += step
        missing -= step * (best - credit)
    return built if built > SAME else 0.0
