"""How far assumptions are moved to see what a number rests on, where the case does not say."""

from __future__ import annotations

import math
from dataclasses import dataclass

from resilience.inputs.factor_words import label
from resilience.inputs.parameters import PARAMETERS

FRACTION = "cutoffs.fraction"
FRACTION_LABEL = "part cut off"


@dataclass(frozen=True)
class Range:
    """How far an assumption is moved if the case does not say: numbers times or plus these, clipped to what the
    case takes; with "to" the lesser and the greater of the case's number and these.

    ``joint`` says whether it is also moved for goods that are solved together, where each solve takes long.
    """

    parameter: str
    how: str
    low: float
    high: float
    words: str
    joint: bool = True


DEFAULT_RANGES = (
    Range("critical_share", "plus", -0.05, 0.05, "5 points less and more"),
    Range("stock_months", "times", 0.5, 2.0, "half and double"),
    Range("region_surge", "times", 0.5, 2.0, "half and double, limit and monthly rise", joint=False),
    Range("diversion", "times", 0.0, 2.0, "nothing and double", joint=False),
    Range("spare", "times", 0.0, 2.0, "nothing and double", joint=False),
    Range("months", "times", 0.5, 1.5, "half and half as long again", joint=False),
    Range(FRACTION, "times", 0.8, 1.0, "four fifths of what is cut off"),
    Range("new_capacity", "to", 0.5, math.inf, "half of what is sold today, and no limit", joint=False),
    Range("drawdown", "times", 0.5, 1.0, "half as fast", joint=False),
)


def range_label(one: Range) -> str:
    """What a default range moves, in words."""
    if one.parameter == FRACTION:
        return FRACTION_LABEL
    return label(f"{PARAMETERS[one.parameter].section}.{one.parameter}")
