"""Evaluations for the tests of studies: known answers in place of solves, importable by worker processes."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
from conftest import write_case, write_dataset

from resilience.studies.designs import Factor, StudySpec

SHARES = ("survival.critical_share", "response.diversion", "survival.demand_factor")
A, B = 7.0, 0.1


def small_case(folder: Path, **keys: object) -> Path:
    """A case of one good with a home supplier and an outsider; a cutoff "cut" and one "half"."""
    write_dataset(
        folder / "data",
        [("BBB", "AAA", 60.0), ("CCC", "AAA", 20.0)],
        [
            {"country": "AAA", "production": 20},
            {"country": "BBB", "production": 100},
            {"country": "CCC", "production": 100},
        ],
        coalitions=[("home", "AAA", ""), ("both", "AAA", ""), ("both", "CCC", "")],
    )
    document: dict[str, object] = {
        "title": "A small case",
        "members": ["AAA"],
        "region": ["AAA", "CCC"],
        "survival": {"critical_share": 0.8, "months": 12},
        "response": {"stock_months": {"food": 1.0}},
        "cutoffs": [{"name": "cut", "cut": ["BBB"]}, {"name": "half", "cut": ["BBB"], "fraction": 0.5}],
    }
    return write_case(folder / "case.toml", **(document | keys))


def spec(points: int = 100, design: str = "latin_hypercube", **keys: object) -> StudySpec:
    """Three shares, each from 0 to 1."""
    return StudySpec(tuple(Factor(name, 0.0, 1.0) for name in SHARES), design, points, **keys)  # type: ignore[arg-type]


def outcomes(points: pd.DataFrame, shares: np.ndarray) -> pd.DataFrame:
    """One row a point."""
    return pd.DataFrame(
        {
            "point": points["point"],
            "good": "wheat",
            "member": "ALL",
            "cutoff": "ALL",
            "reading": "planned",
            "share": shares,
            "status": "raise",
        }
    )


def ishigami(points: pd.DataFrame) -> pd.DataFrame:
    """sin x₁ + 7 sin² x₂ + 0.1 x₃⁴ sin x₁ with x = π(2u − 1); as written is the middle."""
    x1, x2, x3 = (np.pi * (2 * points[name].fillna(0.5).to_numpy() - 1) for name in SHARES)
    return outcomes(points, np.sin(x1) + A * np.sin(x2) ** 2 + B * x3**4 * np.sin(x1))


def slowly(points: pd.DataFrame) -> pd.DataFrame:
    """The same, and it takes a moment."""
    time.sleep(0.03)
    return ishigami(points)


def wavering(points: pd.DataFrame) -> pd.DataFrame:
    """Four points of status error, and one chunk (that of the base point) that fails as a whole."""
    if points[SHARES[0]].isna().any():
        raise ArithmeticError("the number is too large\nand more")
    return ishigami(points)


class Deadly:
    """Ends the process that computes the base point; with ``mark`` only the first time."""

    def __init__(self, mark: Path | None):
        self.mark = mark

    def __call__(self, points: pd.DataFrame) -> pd.DataFrame:
        if points[list(SHARES)].isna().all(axis=None) or points[list(SHARES)].isna().all(axis=1).any():
            if self.mark is None:
                os._exit(9)
            if not self.mark.exists():
                self.mark.touch()
                os._exit(9)
        return ishigami(points)
