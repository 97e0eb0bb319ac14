"""Every number of a study equals the fresh solve of that point, whatever stood before it in its chunk."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Maker, toml, write_case

import resilience
from resilience.calculator import all_figures, solve_family
from resilience.case import Case
from resilience.casefile import PARAMETERS
from resilience.designs import values_of
from resilience.errors import InputError
from resilience.planned import Compiler
from resilience.points import Evaluate
from resilience.requirements import Wanted
from resilience.schema import ALL
from resilience.solver import Warm, compile_model, minimise
from resilience.store import outcomes_table
from resilience.variants import vary

ROOT = Path(__file__).parent.parent
CLOSE = 1e-7
KEY = ["good", "member", "cutoff", "reading"]
NUMBERS = ["share", "share_upper", "share_today", "gap", "months_survived"]
WORDS = ["status", "unit", "scope"]

BASE: list[tuple[Any, ...]] = [
    ("ZZZ", "AAA", 700.0), ("YYY", "AAA", 200.0), ("XXX", "AAA", 100.0), ("BBB", "AAA", 150.0), ("CCC", "AAA", 80.0),
    ("ZZZ", "BBB", 300.0), ("YYY", "BBB", 120.0), ("AAA", "BBB", 60.0), ("CCC", "BBB", 90.0), ("ZZZ", "CCC", 50.0),
    ("CCC", "YYY", 200.0), ("XXX", "CCC", 60.0), ("YYY", "CCC", 30.0),
]  # fmt: skip
MADE = {"AAA": 400.0, "BBB": 500.0, "CCC": 600.0, "ZZZ": 5000.0, "YYY": 2000.0, "XXX": 500.0}
COALITIONS = [
    ("club", "AAA", ""), ("club", "BBB", ""), ("big", "AAA", ""), ("big", "BBB", ""), ("big", "CCC", 0.7),
    ("bloc", "ZZZ", ""), ("bloc", "YYY", ""),
]  # fmt: skip


def trade(good: str, part: float = 1.0, without: str = "") -> tuple[list[Any], list[Any]]:
    """Flows and balances of one good, ``part`` of the basic amounts; nothing is sold by ``without``."""
    flows = [(a, b, amount * part, good) for a, b, amount in BASE if a != without]
    made = [
        {"country": c, "good": good, "production": amount * part} for c, amount in MADE.items() if c != without
    ]
    return flows, made


WHEAT = trade("wheat")
CHAIN = [one + other for one, other in zip(trade("motors", 0.1), trade("magnets", 0.4), strict=True)]
IN_ALL = [
    (  # AAA's and BBB's use of motors is known from trade alone, so their makers are followed in ALL rows only
        [*trade("motors", 0.1)[0], *trade("magnets", 0.4)[0]],
        [
            *(row for row in trade("motors", 0.1)[1] if row["country"] not in ("AAA", "BBB")),
            *trade("magnets", 0.4)[1],
        ],
    )
][0]
GRAIN = [one + other for one, other in zip(trade("wheat"), trade("maize", 0.5), strict=True)]
RECIPE = {"recipes": [{"good": "motors", "input": "magnets", "input_per_unit": 1.5}]}
MOTORS = {"goods": [("motors", "military"), ("magnets", "military")], **RECIPE}
ONE = [{"name": "Z", "cut": ["ZZZ"]}]
TWO = [{"name": "Z", "cut": ["ZZZ"], "fraction": 0.9}, {"name": "Y", "cut": ["YYY"], "start": 2, "months": 4}]
THREE = [*TWO, {"name": "W", "cut": ["bloc"], "fraction": {"bloc": 0.7}}]
KINDS: dict[str, tuple[Any, list[dict[str, Any]], dict[str, Any], dict[str, Any]]] = {
    "one cutoff": (WHEAT, ONE, {}, {}),
    "several cutoffs": (WHEAT, THREE, {}, {}),
    "all outsiders": (WHEAT, [{"name": "Z", "all_outsiders": True}], {}, {}),
    "any K": (WHEAT, [{"name": "Z", "any": 1}, {"name": "Y", "cut": ["YYY"], "any": 1, "fraction": 0.8}], {}, {}),
    "any of the region": (WHEAT, [{"name": "Z", "any_region": 1, "fraction": 0.5}, TWO[1]], {}, {}),
    "solidarity": (WHEAT, TWO, {"solidarity": True}, {}),
    "solidarity with any K": (WHEAT, [{"name": "Z", "any": 1}, *ONE_MORE], {"solidarity": True}, {})
    if (ONE_MORE := [{"name": "Y", "any": 2, "fraction": 0.6}])
    else ((), [], {}, {}),
    "cap": (WHEAT, TWO, {"cap": 0.5}, {}),
    "chain": (CHAIN, ONE, {}, MOTORS),
    "chain, two cutoffs": (CHAIN, TWO, {}, MOTORS),
    "chain with any K": (CHAIN, [{"name": "Z", "any": 1}], {}, MOTORS),
    "chain in ALL rows": (IN_ALL, ONE, {}, MOTORS),
    "chain with solidarity": (CHAIN, ONE, {"solidarity": True}, MOTORS),
    "substitutes": (GRAIN, ONE, {}, {"goods": [("wheat", "food"), ("maize", "food")]}),
}
