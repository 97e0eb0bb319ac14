"""What ``[burden]`` of a case file may set: every number with unit, meaning, default, range and ground."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Assumption:
    """Declaration of one number. ``default`` None is unknown; ``least`` and ``most`` are what is permitted,
    ``low`` and ``high`` the range that seems possible."""

    name: str
    unit: str
    meaning: str
    default: float | None
    ground: str
    least: float = 0.0
    most: float = math.inf
    low: float | None = None
    high: float | None = None

    @property
    def range(self) -> str:
        """``range 1 to 4``; empty where none is stated."""
        return "" if self.low is None or self.high is None else f"range {self.low:g} to {self.high:g}"


BURDEN: dict[str, Assumption] = {
    one.name: one
    for one in (
        Assumption(
            "freight_usd_per_t_km",
            "USD / (t km)",
            "freight from supplier to member; 0: not counted",
            0.0,
            "not counted: unit values of importers already contain freight in part",
            most=100.0,
            low=0.0,
            high=0.02,
        ),
        Assumption(
            "price_limit",
            "multiple",
            "unit values are held between the good's median over and times this",
            3.0,
            "assumed: what lies further off is another product or a mistake of the customs data",
            least=1.0,
            low=1.5,
            high=10.0,
        ),
        Assumption(
            "region_premium",
            "share",
            "how much dearer the region's supply is, for goods measured in value",
            None,
            "unknown: where amounts are values, prices of suppliers cannot be compared",
            least=-0.99,
            most=100.0,
            low=0.0,
            high=1.0,
        ),
        Assumption(
            "capacity_usd_per_unit",
            "USD / unit a year",
            "what new capacity for one unit a year costs to build",
            None,
            "unknown; capacity_times_value stands in for it",
            most=1e12,
        ),
        Assumption(
            "capacity_times_value",
            "multiple",
            "cost of new capacity over the value of what it makes in a year, where capacity_usd_per_unit is blank",
            2.0,
            "assumed: plants for metals and chemicals cost one to four years of their sales",
            most=1e3,
            low=1.0,
            high=4.0,
        ),
        Assumption(
            "capacity_in_price",
            "share",
            "part of the yearly cost of capacity that the good's price pays for",
            0.0,
            "assumed: none, so that the cost of capacity is an upper bound; 1 if today's prices pay for plants",
            most=1.0,
            low=0.0,
            high=1.0,
        ),
        Assumption(
            "discount_rate",
            "share a year",
            "interest on what is built",
            0.07,
            "assumed: real rate of return asked in mining and metals",
            most=1.0,
            low=0.03,
            high=0.12,
        ),
        Assumption(
            "life_years",
            "years",
            "how long new capacity lasts",
            20.0,
            "assumed: usual life of process plant",
            least=1.0,
            most=200.0,
            low=10.0,
            high=30.0,
        ),
        Assumption(
            "stock_cost_rate",
            "share a year",
            "yearly cost of holding stock over its value: interest, storage, losses",
            0.10,
            "assumed: interest as for capacity and three points for storage and turnover",
            most=10.0,
            low=0.05,
            high=0.25,
        ),
        Assumption(
            "restraint_times_value",
            "multiple",
            "what a unit of demand that is not served costs, over the good's value",
            5.0,
            "assumed: users lose more than the price, little can stand in for critical inputs at short notice",
            most=1e6,
            low=1.0,
            high=50.0,
        ),
        Assumption(
            "crisis_probability",
            "share a year",
            "yearly probability of the cutoff, which weighs restraint against stocks that cost every year",
            0.05,
            "assumed: once in twenty years; a judgement, nobody knows it",
            most=1.0,
            low=0.01,
            high=0.2,
        ),
    )
}


def number_for(table: Mapping[str, Any], name: str, good: str, category: str) -> tuple[float | None, str]:
    """The number of ``[burden]`` for a good, and where it is set ("default" if nowhere): the good's own, its
    category's, "default" of a table, else the declared default."""
    value = table.get(name)
    if isinstance(value, Mapping):
        key = next((key for key in (good, category, "default") if key in value), None)
        if key is not None:
            return float(value[key]), f"burden.{name}.{key}"
        value = None
    if value is not None:
        return float(value), f"burden.{name}"
    return BURDEN[name].default, "default"
