"""Random goods for tests, made directly as figures, without files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from resilience.inputs.balance import GoodData
from resilience.inputs.casefile import Cutoff, Setting
from resilience.inputs.cutoffs import availability
from resilience.inputs.parameters import PARAMETERS, Surge
from resilience.model import ModelData, prepare


def figures(
    baseline: pd.DataFrame,
    credit: dict[str, float],
    *,
    stock: Any = 0.0,
    capacity: Any = None,
    price: Any = 1.0,
    **values: Any,
) -> GoodData:
    """A good whose demand is what it buys in ``baseline`` (supplier × member)."""
    settings = {
        name: Setting(values.get(name, parameter.default), "test", "test")
        for name, parameter in PARAMETERS.items()
    }
    demand = baseline.sum()
    return GoodData(
        good="good",
        label="Good",
        category="food",
        unit="t",
        year=2024,
        settings=settings,
        demand=demand,
        stocks=pd.Series(stock, index=demand.index, dtype=float).to_numpy(),
        baseline=baseline,
        capacities=(baseline.sum(axis=1) if capacity is None else capacity).to_numpy(),
        price=pd.DataFrame(price, index=baseline.index, columns=baseline.columns),
        credit=credit,
        no_home=frozenset(),
        fixed_rows=pd.DataFrame(),
        findings=(),
    )


def model_data(good: GoodData, cutoffs: list[Cutoff], **options: Any) -> ModelData:
    """The model's data for a good under cutoffs."""
    available = availability(
        cutoffs,
        good.suppliers,
        {},
        good.credit,
        good.members,
        int(good.settings["months"].value),
        good.settings["region_surge"].value,
        good.settings["outside_surge"].value,
    )
    return prepare(good, available, **options)


def random_good(rng: np.random.Generator, members: int, scale: float = 1.0) -> tuple[GoodData, list[Cutoff]]:
    """A good with up to eight further suppliers, partner credits, surges, stock and one to three cutoffs."""
    names = [f"M{n}" for n in range(members)]
    partners = [f"P{n}" for n in range(rng.integers(0, 3))]
    outsiders = [f"Z{n}" for n in range(rng.integers(1, 6))]
    suppliers = names + partners + outsiders
    amounts = rng.pareto(1.2, (len(suppliers), members)) * (rng.random((len(suppliers), members)) < 0.7)
    amounts[-1] += 0.1
    baseline = pd.DataFrame(amounts * rng.lognormal(0, 1.5, members) * scale, suppliers, names)
    capacity = baseline.sum(axis=1) * rng.uniform(1.0, 2.0, len(suppliers))
    cutoffs = []
    for n in range(rng.integers(1, 4)):
        who = rng.choice(outsiders + partners, size=rng.integers(1, len(outsiders) + 1), replace=True)
        cutoffs.append(
            Cutoff(
                f"cut{n}",
                {str(name): float(rng.choice([1.0, 1.0, 0.6])) for name in who},
                start=int(rng.integers(1, 4)),
                months=None if rng.random() < 0.6 else int(rng.integers(1, 6)),
            )
        )
    good = figures(
        baseline,
        dict.fromkeys(names, 1.0) | {name: float(rng.choice([0.0, 0.5, 1.0])) for name in partners},
        stock=(baseline.sum() / 12 * rng.choice([0.0, 0.5, 2.0], members)).to_numpy(),
        capacity=capacity[capacity > 0],
        price=rng.uniform(0.5, 2.0, (len(suppliers), members)),
        months=int(rng.integers(1, 13)),
        critical_share=float(rng.uniform(0.3, 1.0)),
        demand_factor=float(rng.choice([1.0, 1.0, 1.3])),
        drawdown=float(rng.choice([1.0, 0.5, 0.1])),
        region_surge=Surge(float(rng.integers(0, 4)), 0.02, 0.2),
        outside_surge=Surge(0.0, 0.05, float(rng.choice([0.0, -0.3, 0.1]))),
        new_capacity=float(rng.choice([0.0, 0.5, np.inf])),
    )
    keep = capacity.index[capacity > 0]
    return (
        GoodData(**{**good.__dict__, "baseline": baseline.loc[keep], "price": good.price.loc[keep]}),
        cutoffs,
    )
