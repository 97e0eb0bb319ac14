"""Results made up for the workbook: every verdict, two members, two cutoffs, and hostile text."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from resilience.results import Result
from resilience.schema import ALL, RESULTS

LONG = "Long name " * 30
HOSTILE = [
    "=1+1", "@x", "+1", "-1", '=HYPERLINK("http://example.org";"x")', LONG, "🧲 magnets", "a\x00b\x0bc\x1fd",
    "_x0041_", "<b>&amp;</b>", "http://example.org/", "  padded  ", "عربي",
    "one\ntwo\r\nthree", "'quoted", "12", "TRUE", "#N/A", "{=1}",
]  # fmt: skip
NAN = math.nan


def frame_of(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """A result table; columns that are left out are missing."""
    frame = pd.DataFrame(rows, columns=list(RESULTS[name].names))
    for column in RESULTS[name].columns:
        if column.kind in ("share", "amount", "number"):
            frame[column.name] = pd.to_numeric(frame[column.name]).astype(float)
    return frame


def required(good: str, member: str, cutoff: str, status: str, share: float, today: float) -> dict[str, Any]:
    unsure = status in ("none", "unknown")
    return {
        "good": good,
        "member": member,
        "cutoff": cutoff,
        "reading": "planned",
        "share": NAN if unsure else share,
        "share_today": NAN if status == "unknown" else today,
        "gap": NAN if unsure else max(0.0, share - today),
        "status": status,
        "month": NAN if status in ("met", "unknown") else 7.0,
        "new_capacity": 1234.5 if status == "build" else NAN if unsure else 0.0,
        "unit": "kUSD",
        "scope": "imports",
    }


GOODS = ["magnets", "wheat", "helium", "lng", "cobalt", "arms"]
STATUSES = {
    "magnets": ("build", 0.6, 0.1),
    "wheat": ("met", 0.2, 0.9),
    "helium": ("none", NAN, 0.05),
    "lng": ("shift", 0.25, 0.5),
    "cobalt": ("raise", 0.2716, 0.2704),
    "arms": ("unknown", NAN, NAN),
}


def made_up(labels: dict[str, str] | None = None, name: str = "Canada", **changes: Any) -> Result:
    """Every status, two members and two cutoffs; "Two" asks most of magnets, both the same of the others."""
    labels = labels or {good: f"{good.capitalize()}, unwrought" for good in GOODS}
    goods = list(labels)
    status = {good: STATUSES.get(good, ("met", 0.2, 0.9)) for good in goods}
    requirements = [
        required(good, member, cutoff, status[good][0], status[good][1] - lower, status[good][2])
        for good in goods
        for member in ("CAN", "DEU", ALL)
        for cutoff, lower in (("One", 0.05 if good == "magnets" else 0.0), ("Two", 0.0), (ALL, 0.0))
    ]
    stress = [
        {"good": g, "member": "CAN", "cutoff": "One", "months_survived": 6.0, "worst_shortfall": 0.123456,
         "total_shortfall": 12345.678, "unit": "kUSD"}
        for g in goods
    ]  # fmt: skip
    plan = [
        {"good": g, "member": "CAN", "supplier": s, "baseline": b, "planned": p, "change": p - b, "unit": "t",
         "extra_cost_usd": c}
        for g in goods
        for s, b, p, c in (("USA", 1e9, 1.1e9, 2.5e6), ("CHN", 123.456, 0.0, -1e5), ("CAN", 1e-7, 1e-7, NAN))
    ]  # fmt: skip
    capacity = [
        {"good": goods[0], "country": "USA", "new_capacity": 1234.5, "times_today": math.inf, "unit": "kUSD"},
        {"good": goods[0], "country": "CAN", "new_capacity": 5.0, "times_today": 0.25, "unit": "kUSD"},
    ]
    balance = [
        {"good": g, "member": "DEU", "year": 2024.0, "production": NAN, "imports": 5e6, "exports": 0.0,
         "demand": 4e6, "stock": 7e5, "factor": 1.0123, "unit": "t", "scope": "imports", "status": "assumed",
         "source": "A; B"}
        for g in goods
    ]  # fmt: skip
    assumptions = [
        {"good": g, "parameter": p, "value": v, "unit": "share", "set_in": "default", "ground": "assumed"}
        for g in goods
        for p, v in (("months", "12"), ("critical_share", "0.85"), ("new_capacity", "no limit"))
    ]
    findings = [
        {"severity": "warning", "table": "flows", "row": None, "column": None, "message": LONG * 3},
        {"severity": "info", "table": "balances", "row": 12, "column": "demand", "message": "=cmd()"},
    ]
    sources = [
        {"good": g, "table": "flows", "year": 2024.0, "source": "A", "status": "observed", "rows": 1234.0}
        for g in goods
    ]
    tables = {
        "requirements": requirements, "stress": stress, "plan": plan, "capacity": capacity,
        "findings": findings, "balance": balance, "assumptions": assumptions, "sources": sources,
    }  # fmt: skip
    meta = {
        "title": "Two against a cutoff", "description": "", "case": "two.toml", "case_hash": "0123456789abcdef",
        "dataset": "trade_flows", "dataset_hash": "fedcba9876543210", "year": 2024,
        "years": dict.fromkeys(goods, 2024), "labels": labels, "categories": dict.fromkeys(goods, "military"),
        "notes": dict.fromkeys(goods, "Metal only."), "members": {"CAN": name, "DEU": "Germany"},
        "region": {"CAN": 1.0, "DEU": 1.0, "AUS": 0.5}, "region_name": "Two",
        "countries": {"CAN": name, "DEU": "Germany", "AUS": "Australia", "USA": "United States", "CHN": "China"},
        "cutoffs": [
            {"name": n, "cut": {"China bloc": 0.7}, "all_outsiders": n == "Two", "fraction": 1.0, "goods": None,
             "start": 1, "months": None}
            for n in ("One", "Two")
        ],
        "versions": {"resilience": "0.1.0", "pyomo": "6.10", "highspy": "1.15"},
        "certificate": {"optima": 1234, "worst_residual": 1e-9, "tolerance": 1e-7},
    }  # fmt: skip
    frames = {key: frame_of(key, rows) for key, rows in tables.items()}
    return Result({**meta, **changes.pop("meta", {})}, {**frames, **changes})
