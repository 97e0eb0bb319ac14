"""What a case file may hold: its keys, and every number of ``[survival]`` and ``[response]``, declared once.

Reading, overriding, the assumptions table and the documentation follow from :data:`PARAMETERS`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Surge:
    """Deliveries above the contract: nothing for ``delay`` months, then ``rate`` a month up to ``max``."""

    delay: float = 0.0
    rate: float = 0.0
    max: float = 0.0


@dataclass(frozen=True)
class Parameter:
    """Declaration of one number of the case: section, unit, meaning, default and permitted range."""

    name: str
    section: str
    unit: str
    meaning: str
    default: Any
    least: float = 0.0
    most: float = math.inf
    kind: str = "number"  # number, months, surge, profile, flag


PARAMETERS: dict[str, Parameter] = {
    parameter.name: parameter
    for parameter in (
        Parameter("months", "survival", "months", "months to survive", 12, 1, 600, "months"),
        Parameter("critical_share", "survival", "share", "part of demand met in every month", 1.0, 0.0, 1.0),
        Parameter("demand_factor", "survival", "multiple", "crisis demand over peace demand", 1.0, 0.0, 1e3),
        Parameter(
            "profile",
            "survival",
            "multiple",
            "demand of each calendar month over the mean",
            None,
            kind="profile",
        ),
        Parameter(
            "region_surge",
            "response",
            "months; share a month; share",
            "surge of region suppliers",
            Surge(),
            kind="surge",
        ),
        Parameter(
            "outside_surge",
            "response",
            "months; share a month; share",
            "surge of outsiders; negative when the cut supplier's customers compete for them",
            Surge(),
            kind="surge",
        ),
        Parameter(
            "diversion", "response", "share", "exports to non-members that can be redirected", 0.0, 0.0, 1.0
        ),
        Parameter("spare", "response", "share", "unused capacity over production", 0.0),
        Parameter(
            "stock_months", "response", "months of demand", "stock where the data give none", 0.0, 0.0, 1200.0
        ),
        Parameter("drawdown", "response", "share of stock a month", "most that can be drawn", 1.0),
        Parameter(
            "solidarity", "response", "yes/no", "region deliveries pooled among members", False, kind="flag"
        ),
        Parameter("new_capacity", "response", "times today's", "most that region suppliers may build", math.inf),
        Parameter("cap", "response", "share", "most of a member's demand that one outsider may supply", math.inf),
        Parameter("chains", "response", "yes/no", "recipes couple goods", True, kind="flag"),
        Parameter(
            "depth", "response", "stages", "how far inputs of other makers are traced upstream", 3, 0, 20, "months"
        ),
        Parameter(
            "indirect",
            "response",
            "share",
            "part of the cutoff that also hits the inputs of makers outside the members",
            1.0,
            0.0,
            1.0,
        ),
        Parameter(
            "maker_stock_months",
            "response",
            "months of use",
            "stock of each input with makers outside the members",
            0.0,
            0.0,
            1200.0,
        ),
    )
}
SECTIONS = ("survival", "response")
SURGE_PARTS = {  # each number of a surge, with its unit, meaning and permitted range
    part.name: part
    for part in (
        Parameter("delay", "", "months", "months before the first surplus", 0.0, 0.0, 1200.0),
        Parameter("rate", "", "share a month", "growth of deliveries above the contract", 0.0, 0.0, 100.0),
        Parameter("max", "", "share", "most above the contract; negative: below it", 0.0, -1.0, 100.0),
    )
}
TOP_KEYS = (
    "title",
    "description",
    "dataset",
    "year",
    "members",
    "region",
    "goods",
    "survival",
    "response",
    "cutoffs",
    "compare",
    "caps",
    "substitutes",
    "essential",
    "content",
    "goods_override",
    "grounds",
    "study",
    "rests",
    "burden",
    "document",
    "sanctions",
    "threat",
    "partners",
)
SUBSTITUTES_KEYS = ("name", "goods", "limit")
CONTENT_KEYS = ("rule", "credit")
DOCUMENT_KEYS = ("purpose", "marking", "contact", "version", "date", "not_this")
GROUND_KEYS = ("source", "low", "high", "owner", "confidence")
CONFIDENCES = ("low", "medium", "high")
LONGEST_MARKING = 60  # characters; it stands in every page header
CUTOFF_KEYS = ("name", "cut", "fraction", "goods", "start", "months", "any", "any_region", "all_outsiders")


def is_surge(value: Mapping[str, Any]) -> bool:
    """Whether a table is one surge, and not a table of surges by good or category."""
    return bool(value) and set(value) <= {*SURGE_PARTS}
