"""Laws that must hold whatever the numbers."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import write_case, write_dataset
from hypothesis import given
from hypothesis import strategies as st
from instances import model_data, random_good

import resilience
from resilience.inputs.balance import GoodData
from resilience.inputs.casefile import Cutoff, Setting
from resilience.inputs.parameters import Surge
from resilience.reading.requirements import solve_good

seeds = st.integers(0, 10_000)


def shares(good: GoodData, cutoffs: list[Cutoff], *, solidarity: bool = False) -> pd.Series:
    """Share by reading, member and cutoff; infinite where no share suffices."""
    pooled = model_data(good, cutoffs, pooled=True) if solidarity else None
    table = solve_good(model_data(good, cutoffs), pooled).requirements
    return table.set_index(["reading", "member", "cutoff"])["share"].fillna(np.inf).sort_index()


def changed(good: GoodData, **values: Any) -> GoodData:
    """The good with other settings."""
    return dataclasses.replace(
        good, settings={**good.settings, **{name: Setting(v, "", "") for name, v in values.items()}}
    )


@given(seeds, st.sampled_from(["stock", "restraint", "region surge", "outside surge", "drawdown", "months"]))
def test_more_of_a_lever_never_raises_a_requirement(seed: int, lever: str) -> None:
    good, cutoffs = random_good(np.random.default_rng(seed), 2)
    value = {name: setting.value for name, setting in good.settings.items()}
    eased = {
        "stock": lambda: dataclasses.replace(good, stocks=good.stocks * 1.5 + 0.01 * good.demand.to_numpy()),
        "restraint": lambda: changed(good, critical_share=value["critical_share"] * 0.9),
        "region surge": lambda: changed(good, region_surge=Surge(value["region_surge"].delay, 0.05, 0.3)),
        "outside surge": lambda: changed(good, outside_surge=Surge(0, 0.05, value["outside_surge"].max + 0.1)),
        "drawdown": lambda: changed(good, drawdown=value["drawdown"] * 1.5),
        "months": lambda: changed(good, months=max(1, value["months"] - 2)),
    }[lever]()
    assert (shares(eased, cutoffs) <= shares(good, cutoffs) + 1e-7).all()


@given(seeds)
def test_one_more_cutoff_never_lowers_a_requirement(seed: int) -> None:
    good, cutoffs = random_good(np.random.default_rng(seed), 2)
    more = [*cutoffs, Cutoff("more", {"Z0": 1.0, "P0": 0.4}, start=2)]
    fewer_shares = shares(good, cutoffs)
    assert (fewer_shares <= shares(good, more).reindex(fewer_shares.index) + 1e-7).all()


@given(seeds)
def test_solidarity_never_raises_the_joint_requirement(seed: int) -> None:
    good, cutoffs = random_good(np.random.default_rng(seed), 3)
    alone, together = shares(good, cutoffs), shares(good, cutoffs, solidarity=True)
    everyone = together.index.isin(["planned"], level="reading") & together.index.isin(["ALL"], level="member")
    assert (together[everyone] <= alone[everyone] + 1e-7).all()
    pd.testing.assert_series_equal(together[~everyone], alone[~everyone])


@given(seeds, st.sampled_from([1e-6, 1e-3, 1e3, 1e9]))
def test_units_change_nothing(seed: int, scale: float) -> None:
    good, cutoffs = random_good(np.random.default_rng(seed), 2)
    scaled = dataclasses.replace(
        good,
        demand=good.demand * scale,
        stocks=good.stocks * scale,
        baseline=good.baseline * scale,
        capacities=good.capacities * scale,
        price=good.price / scale,
    )
    first = solve_good(model_data(good, cutoffs), None)
    second = solve_good(model_data(scaled, cutoffs), None)
    same = ["share", "share_today", "gap", "month"]
    np.testing.assert_allclose(first.requirements[same], second.requirements[same], atol=1e-7)
    assert list(first.requirements["status"]) == list(second.requirements["status"])
    np.testing.assert_allclose(
        first.requirements["new_capacity"] * scale,
        second.requirements["new_capacity"],
        rtol=1e-6,
        atol=1e-6 * scale * float(good.demand.sum()),
    )
    np.testing.assert_allclose(
        first.stress["total_shortfall"] * scale, second.stress["total_shortfall"], rtol=1e-6
    )


@given(seeds)
def test_the_plan_is_a_plan(seed: int) -> None:
    """It meets demand, keeps capacity and share, survives when simulated, and is today's where that survives."""
    good, cutoffs = random_good(np.random.default_rng(seed), 3)
    result = solve_good(model_data(good, cutoffs), None)
    row = result.requirements.set_index(["member", "cutoff", "reading"]).loc[("ALL", "ALL", "planned")]
    if row["status"] == "none":
        assert result.plan["planned"].isna().all()
        return
    plan = result.plan.pivot(index="supplier", columns="member", values="planned").fillna(0.0)
    np.testing.assert_allclose(plan.sum()[good.members], good.demand, rtol=1e-6)
    built = result.capacity.set_index("country")["new_capacity"].reindex(plan.index).fillna(0.0)
    size = float(good.demand.sum())
    assert (plan.sum(axis=1) <= good.capacity.reindex(plan.index) + built + 1e-6 * size).all()
    credit = np.array([good.credit.get(name, 0.0) for name in plan.index])
    share = (plan.mul(credit, axis=0).sum() / plan.sum())[good.members]
    assert (share <= np.maximum(row["share"], good.share_today) + 1e-6).all()
    if row["status"] == "met":
        assert (result.plan["change"] == 0).all()


@given(seeds)
def test_the_share_cannot_be_lower(seed: int) -> None:
    """Forbidding 0.1 % of the share that was found makes the case infeasible: the minimum is one."""
    from resilience.model import build
    from resilience.program import compile_model
    from resilience.solver import minimise

    good, cutoffs = random_good(np.random.default_rng(seed), 2)
    program = compile_model(build(model_data(good, cutoffs)))
    found = minimise(program, "least_share", "case")
    if found is None or found.objective < 1e-3:
        return
    below = program.bound("common_share", upper=found.objective * 0.999)
    assert minimise(below, "least_share", "case") is None


@pytest.mark.parametrize("seed", range(3))
def test_order_of_rows_changes_nothing(tmp_path: Path, seed: int) -> None:
    """Rows of every table shuffled, goods and countries too: the same tables come out."""
    rng = random.Random(seed)
    names = ["AAA", "BBB", "CCC", "DDD", "EEE", "FFF"]
    flows = [
        (a, b, round(rng.paretovariate(1.1) * 50, 3), good)
        for good in ("wheat", "steel")
        for a in names
        for b in names
        if a != b and rng.random() < 0.8
    ]
    balances = [
        {"country": a, "good": good, "production": round(rng.uniform(100, 3000), 3)}
        for good in ("wheat", "steel")
        for a in names[:5]
    ]
    goods = [("wheat", "food"), ("steel", "military")]
    results = []
    for turn in ("first", "second"):
        if turn == "second":
            for rows in (flows, balances, goods):
                rng.shuffle(rows)  # type: ignore[arg-type]
        folder = tmp_path / turn
        write_dataset(folder / "data", flows, balances, goods=goods)
        case = write_case(
            folder / "case.toml",
            members=["AAA", "BBB"] if turn == "first" else ["BBB", "AAA"],
            survival={"critical_share": 0.8, "months": 6},
            response={"stock_months": 0.5, "diversion": 0.2},
            cutoffs=[{"name": "cut", "cut": ["CCC", "DDD"]}, {"name": "other", "cut": ["EEE"]}],
        )
        results.append(resilience.solve(resilience.load(case)))
    keys = {
        "requirements": ["good", "member", "cutoff", "reading"],
        "stress": ["good", "member", "cutoff"],
        "plan": ["good", "member", "supplier"],
        "capacity": ["good", "country"],
    }
    for name, by in keys.items():
        one, other = (result.tables[name].sort_values(by).reset_index(drop=True) for result in results)
        pd.testing.assert_frame_equal(one, other, rtol=1e-5, atol=1e-4)


@given(seeds)
def test_more_credit_never_lowers_the_planned_share(seed: int) -> None:
    """A partner that counts for more makes the same plans count for more."""
    good, cutoffs = random_good(np.random.default_rng(seed), 2)
    partners = [name for name in good.credit if name.startswith("P")]
    if not partners:
        return
    raised = dataclasses.replace(
        good, credit={**good.credit, partners[0]: min(1.0, good.credit[partners[0]] + 0.3)}
    )
    lower, higher = shares(good, cutoffs)["planned"], shares(raised, cutoffs)["planned"]
    assert (lower <= higher + 1e-7).all()
