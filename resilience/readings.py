"""The readings "market" and "guaranteed" of one member, without a model: both follow from linear conditions.

A member alone chooses x with Σ_i x_i = D and 0 ≤ x_i ≤ K_im + zmax_i, K_im what the others leave at today's
purchases (section 4). *Market* walks from today's pattern towards the region, one direction, one variable.
*Guaranteed* asks for the largest share that a plan can have and still fail: a knapsack with two constraints for
every condition, solved by its Lagrangian dual. Cutoffs of any K are exact in both: along the market's path the
worst set is found by sorting; in the knapsack the K with the most capacity are the worst of those that answer
alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from resilience.conditions import Conditions, survival_conditions
from resilience.model import ModelData

SAME = 1e-9  # parts of yearly demand that differ by less are equal


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


def alone(data: ModelData, member: str) -> tuple[Alone, Conditions]:
    """A member's figures and conditions, divided by its yearly demand."""
    good = data.good
    demand = float(good.demand[member])
    use = [n for n, i in enumerate(data.available.suppliers) if not (i == member and member in good.no_home)]
    names = tuple(data.available.suppliers[n] for n in use)
    left = good.capacity - good.baseline.drop(columns=member).sum(axis=1)
    figures = Alone(
        suppliers=names,
        today=good.baseline[member].to_numpy(dtype=float)[use] / demand,
        room=np.maximum(left.to_numpy(dtype=float)[use], 0.0) / demand,
        building=np.array([data.most_new[i] for i in names]) / demand,
        credit=np.array([good.credit.get(i, 0.0) for i in names]),
        inside=np.array([i in good.credit for i in names]),
        cap=good.value("cap"),
    )
    return figures, _scaled(survival_conditions(data, member), use, demand)


def _scaled(conditions: Conditions, use: list[int], demand: float) -> Conditions:
    """The conditions on plans in parts of demand, for the suppliers in use."""
    place = {old: new for new, old in enumerate(use)}
    taken = {
        name: tuple(
            type(part)(np.array([place[i] for i in part.among if i in place], dtype=int), part.count, part.part)
            for part in parts
        )
        for name, parts in conditions.taken.items()
    }
    return Conditions(
        tuple(conditions.suppliers[i] for i in use),
        conditions.arriving[:, use],
        conditions.needed / demand,
        conditions.labels,
        taken,
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
    if not figures.keeps_cap():
        low = _first(figures, conditions, start, direction, furthest)
        survives_today = False
    else:
        survives_today = conditions.hold(start, SAME)
        low = 0.0 if survives_today else _first(figures, conditions, start, direction, furthest)
    if low is None:
        return Reading(None, month=_market_month(figures, conditions, start, direction, furthest, None))
    high = _last(conditions, start, direction, furthest, low)
    gain = float(figures.credit @ direction)
    worst = _named(conditions, start + low * direction)
    if survives_today:
        return Reading(0.0, today + gain * high, worst_set=worst)
    plan = start + low * direction
    month = _market_month(figures, conditions, start, direction, furthest, low)
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


def _first(
    figures: Alone, conditions: Conditions, start: np.ndarray, direction: np.ndarray, furthest: float
) -> float | None:
    """The first point of the path that survives and keeps the cap, None without one."""
    t = 0.0
    outside = ~figures.inside
    excess = start[outside] - figures.cap
    falling = -direction[outside]
    if (excess > SAME).any():
        if not (falling[excess > SAME] > 0).all():
            return None
        t = float((excess[excess > SAME] / falling[excess > SAME]).max())
    while t <= furthest + SAME:
        plan = start + t * direction
        coefficients = conditions.worst(plan)
        missing = conditions.needed - coefficients @ plan
        violated = missing > SAME
        if not violated.any():
            return min(t, furthest)
        slope = (coefficients @ direction)[violated]
        if (slope <= 0).any():
            return None
        t += float((missing[violated] / slope).max())
    return None


def _last(conditions: Conditions, start: np.ndarray, direction: np.ndarray, furthest: float, low: float) -> float:
    """The last point of the path that survives, given one that does."""
    t = furthest
    while t > low:
        plan = start + t * direction
        coefficients = conditions.worst(plan)
        missing = conditions.needed - coefficients @ plan
        violated = missing > SAME
        if not violated.any():
            return t
        slope = (coefficients @ direction)[violated]
        t -= float((missing[violated] / np.maximum(-slope, 1e-12)).max())
    return low


def _market_month(
    figures: Alone,
    conditions: Conditions,
    start: np.ndarray,
    direction: np.ndarray,
    furthest: float,
    low: float | None,
) -> int:
    """The least horizon that already asks for the same floor."""
    for month in range(1, int(conditions.labels["month"].max()) + 1):
        found = _first(figures, _up_to(conditions, month), start, direction, furthest)
        if (found is None and low is None) or (found is not None and low is not None and found >= low - 1e-7):
            return month
        if found is None:
            return month
    return int(conditions.labels["month"].max())


def _up_to(conditions: Conditions, month: int) -> Conditions:
    """The conditions of a shorter horizon."""
    keep = (conditions.labels["month"] <= month).to_numpy()
    taken = {
        name: tuple(type(part)(part.among, part.count, part.part[keep[conditions.of(name)]]) for part in parts)
        for name, parts in conditions.taken.items()
    }
    labels = conditions.labels[keep].reset_index(drop=True)
    return Conditions(conditions.suppliers, conditions.arriving[keep], conditions.needed[keep], labels, taken)


def _named(conditions: Conditions, plan: np.ndarray) -> tuple[str, ...]:
    """The worst set of the only cutoff, or of the cutoff of any K under which the plan comes off worst."""
    values = conditions.worst(plan) @ plan - conditions.needed
    cutoffs = list(dict.fromkeys(conditions.labels["cutoff"]))
    worst = min(cutoffs, key=lambda name: float(values[conditions.of(name)].min()))
    return conditions.worst_set(worst, plan)


def guaranteed(figures: Alone, conditions: Conditions, *, building: bool = True) -> Reading:
    """The least floor that makes every plan that meets it survive.

    For each condition the largest share of a plan that fails it, or just meets it, is
    max { Σ κ x : Σ x = 1, 0 ≤ x ≤ most, a·x ≤ b }. The floor is the largest of these over conditions and sets of
    any K, but not below the least share any plan can have; None where even plans of the largest share may fail.
    """
    most = figures.most(building=building)
    least, top = attainable(figures, building=building)
    if np.isnan(least):
        return Reading(None)
    failing, month, worst = most_of_failing(figures, conditions, most)
    share = max(least, failing)
    stuck = failing >= top - SAME and most_of_failing(figures, conditions, most, 1e-7)[0] >= top - SAME
    if stuck:
        return Reading(None, month=month, worst_set=worst)
    ample = np.where(figures.inside, 1.0, np.minimum(1.0, figures.cap))
    assumed = failing > least + SAME and abs(most_of_failing(figures, conditions, ample)[0] - failing) <= 1e-7
    return Reading(
        share,
        month=month if failing >= share - 1e-7 and month else None,
        worst_set=worst,
        new_capacity=_least_building(figures, share),
        assumed=assumed,
    )


def attainable(figures: Alone, *, building: bool = True) -> tuple[float, float]:
    """The least and the largest share any plan can have; NaN where demand cannot be met at all."""
    most = figures.most(building=building)
    if most.sum() < 1 - SAME:
        return float("nan"), float("nan")
    return _fill(most, figures.credit), -_fill(most, -figures.credit)


def _fill(most: np.ndarray, worth: np.ndarray) -> float:
    """min Σ worth · x with Σ x = 1, 0 ≤ x ≤ most: the cheapest first."""
    order = np.argsort(worth, kind="stable")
    running = np.cumsum(most[order])
    taken = np.clip(1.0 - (running - most[order]), 0.0, most[order])
    return float(worth[order] @ taken)


def most_of_failing(
    figures: Alone, conditions: Conditions, most: np.ndarray, below: float = 0.0
) -> tuple[float, int | None, tuple[str, ...]]:
    """The largest share of a plan that fails some condition by at least ``below``; −inf where none can fail."""
    best: tuple[float, int | None, tuple[str, ...]] = (-np.inf, None, ())
    for cutoff in dict.fromkeys(conditions.labels["cutoff"]):
        rows = conditions.of(cutoff)
        needed = conditions.needed[rows] - below
        months = conditions.labels["month"].to_numpy()[rows]
        for amounts, credit, arriving, names in _blocks(figures, conditions, cutoff, rows, most):
            shares = _knapsacks(amounts, credit, arriving, needed)
            top = float(shares.max())
            if not np.isfinite(top):
                continue
            month = int(months[shares >= top - 1e-7].min())
            if top > best[0] + 1e-7 or (top > best[0] - 1e-7 and (best[1] is None or month < best[1])):
                best = (max(top, best[0]), month, names)
    return best


def _blocks(
    figures: Alone, conditions: Conditions, cutoff: str, rows: np.ndarray, most: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, tuple[str, ...]]]:
    """Suppliers that answer a cutoff alike, merged: amount, credit and arriving part (condition × block).

    For a cutoff of any K, once for each way of taking the K from the kinds of candidates (alike but for capacity),
    the largest of each kind: any failing plan with other sets can be moved onto the largest.
    """
    kinds: dict[tuple[float, bytes], list[int]] = {}
    for i in np.flatnonzero(most > 0).tolist():
        kinds.setdefault((float(figures.credit[i]), conditions.arriving[rows, i].tobytes()), []).append(i)
    choices = []
    for taken in conditions.taken.get(cutoff, ()):
        among = set(taken.among.tolist())
        groups = [sorted(set(kind) & among, key=lambda i: (-most[i], i)) for kind in kinds.values()]
        groups = [group for group in groups if group]
        count = min(taken.count, sum(map(len, groups)))
        ways = [way for way in product(*(range(min(len(g), count) + 1) for g in groups)) if sum(way) == count]
        choices.append(
            [
                (taken.part, [i for group, number in zip(groups, way, strict=True) for i in group[:number]])
                for way in ways
            ]
        )
    for choice in product(*choices):
        cut = {i: part for part, positions in choice for i in positions}
        merged: dict[tuple[float, bytes, bool], list[int]] = {}
        for (credit, answer), kind in kinds.items():
            for i in kind:
                merged.setdefault((credit, answer, i in cut), []).append(i)
        amounts = np.array([most[positions].sum() for positions in merged.values()])
        arriving = np.stack(
            [
                conditions.arriving[rows, positions[0]] - (cut[positions[0]] if is_cut else 0.0)
                for (_, _, is_cut), positions in merged.items()
            ],
            axis=1,
        )
        credits = np.array([credit for credit, _, _ in merged])
        yield amounts, credits, arriving, tuple(sorted(figures.suppliers[i] for i in cut))


def _knapsacks(amounts: np.ndarray, credit: np.ndarray, arriving: np.ndarray, needed: np.ndarray) -> np.ndarray:
    """max { κ·x : Σ x = 1, 0 ≤ x ≤ amounts, a·x ≤ b } for every condition (row of a, b); −inf where impossible.

    By duality the minimum over λ ≥ 0 of max_x (κ − λa)·x + λb, which is convex and piecewise linear in λ: it is
    attained at 0 or where two suppliers change places in the order of κ − λa.
    """
    first, second = np.triu_indices(len(amounts), 1)
    steps = arriving[:, first] - arriving[:, second]
    with np.errstate(divide="ignore", invalid="ignore"):
        turns = (credit[first] - credit[second]) / steps
    turns = np.where(np.isfinite(turns) & (turns > 0), turns, 0.0)
    multipliers = np.concatenate([np.zeros((len(needed), 1)), turns], axis=1)
    worth = credit - multipliers[:, :, None] * arriving[:, None, :]
    order = np.argsort(-worth, axis=2, kind="stable")
    sizes = amounts[order]
    before = np.cumsum(sizes, axis=2) - sizes
    taken = np.clip(1.0 - before, 0.0, sizes)
    values = (np.take_along_axis(worth, order, axis=2) * taken).sum(axis=2) + multipliers * needed[:, None]
    order = np.argsort(arriving, axis=1, kind="stable")
    sizes = amounts[order]
    taken = np.clip(1.0 - (np.cumsum(sizes, axis=1) - sizes), 0.0, sizes)
    least = (np.take_along_axis(arriving, order, axis=1) * taken).sum(axis=1)
    return np.where(least < needed - SAME, values.min(axis=1), -np.inf)


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
