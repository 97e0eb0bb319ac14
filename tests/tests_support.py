"""One small good with a home supplier and outsiders, for the tests of caps."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from instances import figures, model_data

from resilience.inputs.balance import GoodData
from resilience.inputs.casefile import Cutoff
from resilience.model import ModelData
from resilience.reading.caps import loosest_cap
from resilience.reading.readings import alone


def small_good(amounts: list[float], **values: Any) -> tuple[GoodData, Callable[[Cutoff], ModelData]]:
    """HOME and outsiders BBB, CCC, DDD of ample capacity; and the model's data under a cutoff."""
    names = ["HOME", "BBB", "CCC", "DDD"][: len(amounts)]
    good = figures(
        pd.DataFrame({"HOME": amounts}, index=names),
        {"HOME": 1.0},
        capacity=pd.Series(1e5, index=names),
        months=4,
        **values,
    )
    return good, lambda cutoff: model_data(good, [cutoff])


def by_enumeration(seed: int) -> None:
    """Compare the loosest cap of a random case with all plans on a grid of 2 %."""
    rng = np.random.default_rng(seed)
    values = {
        "critical_share": float(rng.uniform(0.5, 0.95)),
        "stock": float(rng.choice([0.0, 60.0])),
    }
    _, cut = small_good([100.0, 500.0, 300.0, 300.0], **values)
    cutoff = (
        Cutoff("cut", {"BBB": 1.0, "CCC": float(rng.choice([0.0, 0.5]))}) if seed % 2 else Cutoff("any", {}, any=1)
    )
    known, conditions = alone(cut(cutoff), "HOME")
    floor = float(rng.choice([0.0, 0.1, 0.3]))
    found = loosest_cap(known, conditions, floor)
    step = 0.02
    grid = np.arange(0, 1 + step / 2, step)
    failing = []
    for b, c, d in product(grid, repeat=3):
        home = 1 - b - c - d
        if home < floor - 1e-9:
            continue
        plan = np.array([{"HOME": home, "BBB": b, "CCC": c, "DDD": d}[name] for name in known.suppliers])
        if not conditions.hold(plan, 1e-9):
            failing.append(max(b, c, d))
    least = min(failing, default=np.inf)  # the tightest cap that some failing plan on the grid keeps
    assert least >= found - 1e-6
    if found < 1:
        assert least <= found + 2 * step
