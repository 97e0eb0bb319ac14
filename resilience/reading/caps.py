"""The rival instrument: a cap on what one outsider may supply, beside a floor for the region (section 5).

Under a cap q every outsider supplies at most q of a member's demand. Asked for are the loosest cap that makes
every plan that keeps it survive, alone and beside a floor, and the floor that is still needed under a given cap.
All three rest on the knapsacks of ``readings``: fewer plans keep a tighter cap, so the loosest one is found by
bisection.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from resilience.reading.conditions import Conditions
from resilience.reading.readings import SAME, Alone, attainable, guaranteed, most_of_failing

USUAL_CAP = 0.65  # Critical Raw Materials Act, Regulation (EU) 2024/1252, Article 5: one third country by 2030
EXACT = 1e-7  # how exactly the loosest cap is found


def loosest_cap(figures: Alone, conditions: Conditions, floor: float = 0.0) -> float:
    """The largest q for which every plan that keeps it, and has a share of at least ``floor``, survives.

    1 where no cap is needed; NaN where no cap helps, or none leaves a plan that meets the floor.
    """

    def plans(q: float) -> bool:
        least, top = attainable(replace(figures, cap=q))
        return bool(top >= floor - SAME and not np.isnan(least))

    def safe(q: float) -> bool:
        capped = replace(figures, cap=q)
        least, _ = attainable(capped)
        most, asked = capped.most(), max(floor, least)
        if most_of_failing(capped, conditions, most)[0] > asked + SAME:
            return False
        # Plans of exactly the share asked for may just meet a condition, but they may not fail it.
        return most_of_failing(capped, conditions, most, 1e-7)[0] < asked - SAME

    if not plans(1.0):
        return float("nan")
    if safe(1.0):
        return 1.0
    low, high = 0.0, 1.0  # the tightest cap that leaves a plan
    while high - low > EXACT / 10 and not plans(low):
        middle = (low + high) / 2
        low, high = (low, middle) if plans(middle) else (middle, high)
    tightest = low if plans(low) else high
    if not safe(tightest):
        return float("nan")
    low, high = tightest, 1.0
    while high - low > EXACT:
        middle = (low + high) / 2
        low, high = (middle, high) if safe(middle) else (low, middle)
    return low


def floor_under_cap(figures: Alone, conditions: Conditions, cap: float) -> float:
    """The guaranteed floor that is still needed under a cap; NaN where none suffices."""
    found = guaranteed(replace(figures, cap=cap), conditions)
    return float("nan") if found.share is None else found.share
