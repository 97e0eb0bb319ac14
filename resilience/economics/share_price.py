"""The price of one more point of share: what the least cost does as the floor of a good rises.

The least cost is convex and piecewise linear in a floor that stands on a right-hand side. Its slope just above the
requirement is that of the chord to a point beside it, once no plan lies below the chord, and it holds up to the
greatest floor on the same line. A multiplier at the requirement would not do: the least share is a corner, where
multipliers are not unique.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from resilience.certificate import Solution
from resilience.program import Program
from resilience.reading.planned import SAME, SLACK
from resilience.words import percent

POINT = 0.01  # of share
UNEVEN = 1e-3  # of the price of a point; so much of a corner is rounding, or what the room of other floors makes
MOST_CORNERS = 50  # between the requirement and the next point
PRICES = ("usd", "usd_per_point", "holds_to", "next_point_usd")


@dataclass(frozen=True)
class Rising:
    """Surviving plans whose floor may rise: ``program`` with the floor in one ``column``, whose bounds are the
    requirement ``share`` (or nothing, where it counts what comes on top) and what makes 100 %.

    ``cost`` is the cost of plans in parts of ``worth`` USD, by scaled column; ``minimise`` solves for it. A line
    """

    program: Program
    column: int
    cost: np.ndarray
    share: float
    worth: float
    minimise: Callable[[Program], Solution | None]

    @property
    def low(self) -> float:
        """The column at the requirement."""
        return float(self.program.column_lower[self.column])

    def least(self, cost: np.ndarray, program: Program | None = None) -> Solution | None:
        """The least of a cost over plans of any floor, or of those of another program."""
        return self.minimise(replace(program or self.program, objectives={"asked": cost}))

    def at(self, place: float) -> Solution | None:
        """The cheapest plan with the column at a place."""
        sides = {name: getattr(self.program, name).copy() for name in ("column_lower", "column_upper")}
        for side in sides.values():
            side[self.column] = place
        return self.least(self.cost, replace(self.program, **sides))

    def farthest(self, program: Program | None = None) -> float:
        """The greatest place of the column; NaN where no plan is found."""
        up = np.zeros(len(self.cost))
        up[self.column] = -1.0
        found = self.least(up, program)
        return np.nan if found is None else float(found.values[self.column])


def nothing_known(note: str) -> dict[str, Any]:
    """The price where there is none, and why."""
    return dict.fromkeys(PRICES, np.nan) | {"note": note}


def price_of_share(rising: Rising, at_floor: Callable[[float], Solution | None]) -> dict[str, Any]:
    """Cost at the requirement, price of one more point there, the floor up to which it holds, the next point's.

    In USD a year, with a ``note`` that says why one of them is NaN. ``at_floor`` gives the cheapest plan of a
    floor; the next point is the difference of two of them.
    """
    start = at_floor(rising.share)
    if start is None:
        return nothing_known("no surviving plan gives every member that share")
    here, low = start.objective, rising.low
    found = nothing_known("") | {"usd": _usd(rising, here)}
    room = 1.0 - rising.share
    if room <= SAME:
        return found | {"note": "the floor is 100 % already: there is no more"}
    step = min(POINT, room)
    there = rising.at(low + step)
    if there is None:
        most = rising.farthest() - low
        found["note"] = (
            f"no surviving plan gives every member more than {percent(rising.share + max(0.0, most), 1)}"
        )
        step = most / 2
        there = rising.at(low + step) if step > SAME else None
        if there is None:
            return found
    line = _line(rising, here, low + step, there.objective)
    if line is None:
        return found
    slope, last = line
    point = at_floor(rising.share + POINT) if step == POINT else None
    return found | {
        "usd_per_point": _usd(rising, slope * POINT),
        "holds_to": rising.share + last - low,
        "next_point_usd": np.nan if point is None else _usd(rising, point.objective - here),
    }


def _line(rising: Rising, here: float, reached: float, cost: float) -> tuple[float, float] | None:
    """The slope of the least cost beside the requirement, and the place of the column up to which it holds."""
    low, tilted, slope, room = rising.low, rising.cost, np.nan, 0.0
    for _ in range(MOST_CORNERS):
        slope = (cost - here) / (reached - low)
        room = SLACK + UNEVEN * POINT * max(0.0, slope)
        tilted = rising.cost.copy()
        tilted[rising.column] -= slope
        below = rising.least(tilted)
        if below is None:
            return None
        found, at = below.objective - (here - slope * low), float(below.values[rising.column])
        if found > -room or not low + SAME < at < reached - SAME:
            break
        reached, cost = at, float(rising.cost @ (below.values / rising.program.column_size))
    on_line = replace(rising.program, objectives={"line": tilted})
    on_line = on_line.keep("line", here - slope * low + 9 * SLACK + room)
    return slope, rising.farthest(on_line)


def _usd(rising: Rising, part: float) -> float:
    """A part of the worth in USD; rounding is nothing."""
    return part * rising.worth if part > SAME else 0.0
