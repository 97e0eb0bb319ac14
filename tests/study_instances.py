"""Parameter studies whose outcome is a formula: points, outcomes and meta as the runner gives them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from resilience.schema import ALL, STUDY
from resilience.studies.designs import Factor, StudySpec, design_points, values_of

STOCK, CRITICAL, LENGTH, SURGE, REGION = (
    "response.stock_months.military",
    "survival.critical_share",
    "cutoffs.China.months",
    "response.region_surge.max",
    "region",
)
WRITTEN = {STOCK: 2.0, CRITICAL: 0.9, LENGTH: 12, SURGE: 0.2, REGION: "G7"}
FACTORS = (
    Factor(STOCK, 0.5, 6.0, levels=5),
    Factor(CRITICAL, 0.7, 1.0, levels=4),
    Factor(LENGTH, 3, 24, whole=True, levels=4),
    Factor(SURGE, 0.0, 0.4, distribution="triangular", mode=0.2, levels=3),
)
WITH_REGION = (*FACTORS, Factor(REGION, values=("G7", ["G7", "EU"])))
META: dict[str, Any] = {
    "title": "G7 against a Chinese cutoff", "case": "g7-china.toml", "case_hash": "0123456789abcdef",
    "dataset": "trade_flows", "dataset_hash": "fedcba9876543210", "year": 2024,
    "years": {"magnets": 2023, "wheat": 2024}, "labels": {"magnets": "Rare-earth magnets", "wheat": "Wheat"},
    "members": {"CAN": "Canada"}, "region_name": "G7", "cutoffs": [{"name": "China"}], "countries": {},
    "versions": {"resilience": "0.1.0", "pyomo": "6.10", "highspy": "1.15", "pandas": "3.1", "numpy": "2.4"},
}  # fmt: skip


def formula(good: str, reading: str, at: Mapping[str, Any]) -> float:
    """A made-up requirement; above 1 no share suffices."""
    need = at[CRITICAL] * (1 - at[STOCK] / at[LENGTH]) / (1 + at[SURGE])
    need = max(0.0, need - (0.15 if at[REGION] != "G7" else 0.0))
    return need * {"planned": 1.0, "market": 1.1, "guaranteed": 1.25}[reading] * (0.4 if good == "wheat" else 1.0)


Formula = Callable[[str, str, Mapping[str, Any]], float]


def outcomes_of(
    points: pd.DataFrame, names: list[str], share: Formula, goods: tuple[str, ...], readings: Any
) -> Any:
    rows = []
    unique = points.drop_duplicates("point")
    for point, changed in zip(unique["point"], values_of(unique, names), strict=True):
        at = WRITTEN | changed
        for good in goods:
            for reading in readings:
                found, today = share(good, reading, at), 0.4
                status = "none" if found > 1 else "met" if found < 0.2 else "shift" if found <= today else "raise"
                rows.append(
                    {
                        "point": point, "good": good, "member": ALL, "cutoff": ALL, "reading": reading,
                        "share": math.nan if found > 1 else found, "share_today": today,
                        "gap": math.nan if found > 1 else max(0.0, found - today), "status": status,
                        "months_survived": 4.0, "unit": "t", "scope": "consumption",
                    }
                )  # fmt: skip
    return pd.DataFrame(rows, columns=list(STUDY["outcomes"].names))


def study(
    design: str,
    points: int = 64,
    factors: tuple[Factor, ...] = FACTORS,
    share: Formula = formula,
    goods: tuple[str, ...] = ("magnets",),
    readings: tuple[str, ...] = ("planned",),
    **more: Any,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Points, outcomes and meta of a study."""
    spec = StudySpec(factors, design, points, readings=readings, **more)
    frame = design_points(spec)
    described = spec.described()
    for item in described["factors"]:
        item["base"] = WRITTEN.get(item["name"])
    return frame, outcomes_of(frame, spec.names, share, goods, readings), META | {"spec": described}


def ishigami(x: np.ndarray) -> np.ndarray:
    """The test function with known indices, of x in [0, 1], shape (n, 3)."""
    angle = (2 * x - 1) * math.pi
    return np.sin(angle[:, 0]) + 7 * np.sin(angle[:, 1]) ** 2 + 0.1 * angle[:, 2] ** 4 * np.sin(angle[:, 0])
