"""How evenly something falls on members: range, coefficient of variation and Gini."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from resilience.economics.sanction_losses import TOTAL
from resilience.schema import SECURITY

Array = npt.NDArray[np.float64]


def spread_range(values: Array) -> float:
    """Greatest less least; NaN without values."""
    return float(values.max() - values.min()) if len(values) else np.nan


def variation(values: Array) -> float:
    """Standard deviation (of all, not of a sample) over mean; NaN where the mean is zero."""
    mean = values.mean() if len(values) else 0.0
    return float(values.std() / mean) if mean else np.nan


def gini(values: Array) -> float:
    """Σ_i Σ_j |x_i − x_j| / (2 n² mean) of values that are not negative; NaN where the mean is zero."""
    mean = values.mean() if len(values) else 0.0
    if not mean:
        return np.nan
    return float(np.abs(values[:, None] - values).sum() / (2 * len(values) ** 2 * mean))


MEASURES: dict[str, Callable[[Array], float]] = {"range": spread_range, "cv": variation, "gini": gini}


def spread(values: Sequence[float], names: Sequence[str]) -> tuple[dict[str, float], int, str]:
    """The three measures of the values that are known, how many they are, and the names left out."""
    figures = np.asarray(values, dtype=float)
    known = ~np.isnan(figures)
    left_out = ", ".join(name for name, there in zip(names, known, strict=True) if not there)
    return {name: measure(figures[known]) for name, measure in MEASURES.items()}, int(known.sum()), left_out


def status_of(value: float) -> str:
    """Status of a figure that follows from judgements: estimated, or unknown where there is none."""
    return "unknown" if np.isnan(value) else "estimated"


def footing_table(sanctions: pd.DataFrame, vintage: Mapping[str, str]) -> pd.DataFrame:
    """The table ``footing`` from the table ``sanctions``: members' losses in parts of GDP, by channel.

    ``vintage``: channel → years of the figures. A total that lacks a channel is left out like one that is unknown,
    as what is known of it cannot be held against whole ones.
    """
    rows = []
    members = sanctions[sanctions["role"] == "member"]
    lacking = members["gdp_share"].isna().groupby([members[key] for key in ("pattern", "scenario", "member")])
    whole = ~lacking.transform("any")
    share = members["gdp_share"].where(whole | (members["channel"] != TOTAL))
    groups = members.assign(gdp_share=share).groupby(["pattern", "scenario", "channel"], sort=False)
    for (pattern, scenario, channel), part in groups:
        measures, counted, left_out = spread(part["gdp_share"].tolist(), part["member"].tolist())
        for measure, value in measures.items():
            about = (value, counted, left_out, vintage[channel], status_of(value))
            rows.append((pattern, scenario, channel, measure, *about))
    return pd.DataFrame(rows, columns=list(SECURITY["footing"].names))
