"""Sharing: min–max by hand and against brute force on a grid, transfers, identities, laws."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, Maker
from hypothesis import given
from hypothesis import strategies as st
from instances import figures, model_data
from scipy import sparse
from test_burden import cell, priced, with_figures

import resilience
from resilience.economics import tied
from resilience.economics.burden import _Burden
from resilience.economics.burden_words import headlines
from resilience.economics.costs import Costs
from resilience.economics.priced import CostedPlan, Priced, cost_plan
from resilience.economics.sharing import Block, equal_transfers, fair_plans, least_transfers, noticeable
from resilience.errors import SolverError
from resilience.inputs.casefile import Cutoff
from resilience.schema import ALL
from resilience.solver import minimise_mixed

LAW = st.integers(0, 10_000)


@pytest.fixture
def shared(make: Maker) -> resilience.Case:
    """Two members, two suppliers: AAA and BBB need 120 each, all from XXX (cut) at 10 USD; φ = 0.5.

    RRR sells at 12, SSS at 16, each up to 60 units, nothing can be built. So one member's 60 come from RRR (120 USD)
    and the other's from SSS (360 USD), or both take parts: with x of RRR's 60 for AAA it pays 2x + 6(60 − x), BBB
    2(60 − x) + 6x; together always 480 USD. AAA's GDP is 1 million, BBB's 3 million. The largest burden over GDP is
    least where 360 − 4x = (120 + 4x)/3, x = 60: AAA pays 120 and BBB 360, both 120 per million.
    """
    flows = [("XXX", m, 120.0, "wheat", 1200.0) for m in ("AAA", "BBB")]
    flows += [("RRR", "ZZZ", 1.0, "wheat", 12.0), ("SSS", "ZZZ", 1.0, "wheat", 16.0)]
    balances: list[dict[str, Any]] = [{"country": c, "production": 0} for c in ("AAA", "BBB", "ZZZ")]
    balances += [{"country": c, "production": 1, "capacity": 60} for c in ("RRR", "SSS")]
    balances += [{"country": "XXX", "production": 240}]
    case = make(
        flows,
        balances,
        members=["AAA", "BBB"],
        region=["AAA", "BBB", "RRR", "SSS"],
        cut=["XXX"],
        survival={"critical_share": 0.5},
        response={"new_capacity": 0.0},
    )
    return with_figures(case, {"AAA": 1e6, "BBB": 3e6}, {"AAA": 10, "BBB": 100})


def test_least_largest_burden_by_hand(shared: resilience.Case) -> None:
    found = resilience.burden(shared)
    fair = found.sharing.set_index("member")
    assert fair.at["AAA", "fair_usd"] == pytest.approx(120.0, rel=1e-4)
    assert fair.at["BBB", "fair_usd"] == pytest.approx(360.0, rel=1e-4)
    assert fair.at[ALL, "price_of_fairness"] == pytest.approx(0.0, abs=1e-6)  # any split costs 480
    assert fair.at[ALL, "cheapest_usd"] == pytest.approx(480.0)
    # AAA is richer: 360 − 4x over 3 equals 120 + 4x at x = 0, AAA takes what is dear
    turned = with_figures(shared, {"AAA": 3e6, "BBB": 1e6}, {"AAA": 10, "BBB": 100})
    fair = resilience.burden(turned).sharing.set_index("member")
    assert fair.at["AAA", "fair_usd"] == pytest.approx(360.0, rel=1e-4)
    assert fair.at["BBB", "fair_usd"] == pytest.approx(120.0, rel=1e-4)


def test_transfers_by_hand() -> None:
    """Burdens 30, 10 and 2 per unit of GDP; all within 24: who is above gets 6, those below give: 2 gives up to
    8 = (6 + 2)/1, still below 10. Within 14 = the mean: everybody ends there."""
    usd, gdp = {"A": 30.0, "B": 10.0, "C": 2.0}, dict.fromkeys("ABC", 1.0)
    assert least_transfers(usd, gdp, 24.0) == pytest.approx({"A": 6.0, "B": 0.0, "C": -6.0})
    assert least_transfers(usd, gdp, 20.0) == pytest.approx({"A": 10.0, "B": -1.0, "C": -9.0})
    assert least_transfers(usd, gdp, 14.0) == pytest.approx({"A": 16.0, "B": -4.0, "C": -12.0})
    assert least_transfers(usd, gdp, 30.0) == pytest.approx(dict.fromkeys("ABC", 0.0))
    assert equal_transfers(usd, gdp) == pytest.approx({"A": 16.0, "B": -4.0, "C": -12.0})
    with pytest.raises(ValueError, match="below their mean"):
        least_transfers(usd, gdp, 13.0)


@given(st.lists(st.tuples(st.floats(0, 1e9), st.floats(1e6, 1e13)), min_size=1, max_size=8), st.floats(0, 1))
def test_transfers_add_up_to_zero_and_keep_the_limit(members: list[tuple[float, float]], part: float) -> None:
    usd = {str(n): cost for n, (cost, _) in enumerate(members)}
    gdp = {str(n): size for n, (_, size) in enumerate(members)}
    mean = sum(usd.values()) / sum(gdp.values())
    most = max(usd[m] / gdp[m] for m in usd)
    limit = mean + part * max(0.0, most - mean)
    moved = least_transfers(usd, gdp, limit)
    size = 1e-9 * (1 + sum(usd.values()))
    assert abs(sum(moved.values())) <= size and abs(sum(equal_transfers(usd, gdp).values())) <= size
    for m in usd:
        assert (usd[m] - moved[m]) / gdp[m] <= limit + 1e-9 * (1 + most) + size / gdp[m]
        assert usd[m] - moved[m] >= min(usd[m], -size)  # nobody ends below nothing


def block_of(one: Priced, name: str) -> Block:
    return Block(name, one.at_share, one.cost([one.name]), one.change)


def small_good(seed: int) -> tuple[Priced, list[str]]:
    """Two members that buy 12 each from the cut X and can turn to R, S and T, whole units on the grid below."""
    rng = np.random.default_rng(seed)
    names = ["M0", "M1", "X", "R", "S", "T"]
    baseline = pd.DataFrame({"M0": [0, 0, 12, 0, 0, 0], "M1": [0, 0, 12, 0, 0, 0]}, index=names, dtype=float)
    capacity = pd.Series([0.001, 0.001, 24.0, *rng.integers(4, 12, 3)], index=names)
    price = pd.DataFrame(rng.integers(10, 30, (6, 2)).astype(float), index=names, columns=["M0", "M1"])
    price.loc["X"] = 10.0
    good = figures(
        baseline, dict.fromkeys(("M0", "M1", "R", "S", "T"), 1.0), capacity=capacity, price=price,
        critical_share=0.5, months=2, new_capacity=0.0,
    )  # fmt: skip
    data = model_data(good, [Cutoff("cut", {"X": 1.0})])
    sure = price.map(lambda _: "observed")
    return Priced(data, Costs(good, price, sure, 10.0, 1.0, "assumed", 1.0, 1.0, ()), 0.5), ["R", "S", "T"]


@pytest.mark.parametrize("seed", range(12))
def test_min_max_against_brute_force(seed: int) -> None:
    """All plans in whole units: each member takes 6 of its 12 from R, S and T, who can sell whole numbers."""
    one, others = small_good(seed)
    gdp = {"M0": 1e6, "M1": 1e6 * float(np.random.default_rng(seed + 100).integers(1, 4))}
    baseline, capacity = one.data.good.baseline, one.data.good.capacity
    splits = [split for split in product(range(7), repeat=3) if sum(split) == 6]
    paid: dict[tuple[str, tuple[int, ...]], float] = {}
    for split in splits:  # what a member pays does not hang on the other's plan
        plan = baseline.copy()
        plan.loc["X"] = 6.0
        plan.loc[others] = np.array([split, split], dtype=float).T
        landed = cost_plan(one.data, one.costs, plan, {}).landed
        paid |= {(m, split): landed[m] / gdp[m] for m in gdp}
    burdens = [
        (paid["M0", mine], paid["M1", theirs])
        for mine, theirs in product(splits, repeat=2)
        if all(a + b <= capacity[i] for i, a, b in zip(others, mine, theirs, strict=True))
    ]
    if not burdens:
        pytest.fail("the grid has no plan, so that nothing is compared")
    best = min(burdens, key=lambda pair: (max(pair), min(pair)))
    cheapest = one.cheapest()
    unit = max(cheapest.known(m) / gdp[m] for m in gdp)
    shared = fair_plans([block_of(one, one.name)], {}, gdp, {}, unit)
    largest = max(shared.gdp_share.values())
    step = 20.0 / min(gdp.values())  # one unit at the greatest difference of prices
    assert max(best) - step <= largest <= max(best) * (1 + 1e-6)
    costed = one.read(shared.values[one.name])
    for m in gdp:
        assert costed.known(m) / gdp[m] <= shared.gdp_share[m] + 1e-4 * unit
    total = min(sum(pair[n] * size for n, size in enumerate(gdp.values())) for pair in burdens)
    assert sum(cheapest.landed.values()) <= total + 1e-4


def goods_together(seed: int) -> tuple[list[Block], dict[str, float], float]:
    """Blocks of two small goods, GDP of their members, and the largest burden of the cheapest plans."""
    goods = [small_good(seed + n)[0] for n in (0, 50)]
    sizes = np.random.default_rng(seed).uniform(1e6, 3e6, 2)
    gdp = dict(zip(("M0", "M1"), sizes.tolist(), strict=True))
    plans = [good.cheapest() for good in goods]
    unit = max(sum(plan.known(m) for plan in plans) / gdp[m] for m in gdp)
    return [block_of(good, f"good {n}") for n, good in enumerate(goods)], gdp, unit


def least_largest(blocks: list[Block], gdp: dict[str, float], unit: float, held: dict[str, float]) -> float:
    """The same in one programme with every row of every block written out, and one member's burden held."""
    members = list(gdp)
    costs = {m: np.concatenate([block.cost[m] for block in blocks]) / gdp[m] / unit for m in members}
    whole = sparse.block_diag([*(block.program.matrix for block in blocks), np.zeros((0, 1))])
    ties = np.array([np.append(costs[m], 0.0 if m in held else -1.0) for m in members])
    low = [block.program.row_lower for block in blocks]
    high = [block.program.row_upper for block in blocks]
    columns = [[getattr(block.program, f"column_{side}") for block in blocks] for side in ("lower", "upper")]
    objective = np.append(np.zeros(whole.shape[1] - 1), 1.0)
    found = minimise_mixed(
        objective,
        sparse.csr_matrix(sparse.vstack([whole, sparse.csr_matrix(ties)])),
        (
            np.concatenate([*low, np.full(2, -np.inf)]),
            np.concatenate([*high, [held.get(m, 0.0) for m in members]]),
        ),
        (np.concatenate([*columns[0], [-np.inf]]), np.concatenate([*columns[1], [np.inf]])),
        np.zeros(len(objective), dtype=bool),
        "all at once",
    )
    assert found is not None
    return found.objective


@pytest.mark.parametrize("seed", range(8))
def test_good_by_good_is_the_whole_programme(seed: int) -> None:
    """Both burdens in their order; the blocks have rows that are generated, the whole has them all."""
    blocks, gdp, unit = goods_together(seed)
    assert all((block.program.batch >= 0).any() for block in blocks)
    shared = fair_plans(blocks, {}, gdp, {}, unit)
    first = max(gdp, key=lambda m: shared.gdp_share[m])
    found = {m: share / unit for m, share in shared.gdp_share.items()}
    assert found[first] == pytest.approx(least_largest(blocks, gdp, unit, {}), abs=1e-7)
    if min(found.values()) < found[first] - 1e-6:
        held = {first: found[first] + 1e-9}
        assert min(found.values()) == pytest.approx(least_largest(blocks, gdp, unit, held), abs=1e-5)
    paid = {
        m: sum(
            float(block.cost[m] @ (shared.values[block.name] / block.program.column_size)) for block in blocks
        ) / gdp[m]
        for m in gdp
    }  # fmt: skip
    assert paid == pytest.approx(shared.gdp_share, rel=1e-4)


def test_a_mixture_of_too_few_plans_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """These goods need more plans than those that the first round knows; nothing is handed out before."""
    blocks, gdp, unit = goods_together(0)
    monkeypatch.setattr(tied, "MOST_ROUNDS", 1)
    with pytest.raises(SolverError, match="did not close"):
        fair_plans(blocks, {}, gdp, {}, unit)


def test_who_does_not_count_pays_no_more_than_the_limit() -> None:
    """M1's GDP is unknown: without a limit it would pay 24 USD more, so that M0 can pay a hundredth less."""
    one, _ = small_good(9)
    cheapest = one.cheapest()
    block, unit = block_of(one, one.name), cheapest.known("M0") / 1e6
    limit = cheapest.known("M1")
    kept = fair_plans([block], {}, {"M0": 1e6}, {"M1": limit}, unit)
    assert one.read(kept.values[one.name]).known("M1") <= limit * (1 + 1e-7)  # not a crumb more
    free = fair_plans([block], {}, {"M0": 1e6}, {"M1": 1e6}, unit)
    assert one.read(kept.values[one.name]).known("M1") == pytest.approx(limit, rel=1e-4)
    assert one.read(free.values[one.name]).known("M1") == pytest.approx(limit + 24.0, abs=0.1)
    assert free.gdp_share["M0"] < kept.gdp_share["M0"]


@pytest.mark.slow
@given(LAW)
def test_no_largest_burden_is_above_the_cheapest_plans(seed: int) -> None:
    """Over two goods together; and what is left of each stage is no more than any plan's that was found."""
    rng = np.random.default_rng(seed)
    blocks, cheapest, small = [], {}, 0.0
    for n in range(2):
        data, costs, engine = priced(seed + n)
        first = engine.minimise(engine.joint, "least_share", "share")
        if first is None:
            continue
        one = Priced(data, costs, min(max(first.objective, 0.0), 1.0))
        plan = one.cheapest()
        small += 1e-6 * one.worth  # how far above the least cost the plan nearest to today may be
        for m in data.good.members:
            cheapest[m] = cheapest.get(m, 0.0) + plan.known(m)
        blocks.append(block_of(one, f"good {n}"))
    if not blocks:
        return
    gdp = {m: float(size) for m, size in zip(cheapest, rng.lognormal(0, 1, len(cheapest)), strict=True)}
    fixed = {m: float(rng.choice([0.0, 0.1])) * sum(cheapest.values()) for m in gdp}
    before = {m: (cheapest[m] + fixed[m]) / gdp[m] for m in gdp}
    unit = max(before.values())
    if unit <= 1e-6:
        return
    shared = fair_plans(blocks, fixed, gdp, {}, unit)
    assert max(shared.gdp_share.values()) <= unit * (1 + 1e-4)
    assert all(shared.gdp_share[m] >= fixed[m] / gdp[m] - 1e-4 * unit for m in gdp)
    total = sum(shared.gdp_share[m] * gdp[m] for m in gdp)
    assert total >= sum(cheapest.values()) + sum(fixed.values()) - 1e-4 * unit * sum(gdp.values()) - small


@pytest.fixture
def machines(make: Maker) -> resilience.Case:
    """As ``shared``, with ore in place of wheat, of which AAA and BBB each make 121 engines and sell one abroad; they
    survive without engines from others. The ore costs what wheat costs there, times 120/121."""
    flows: list[Any] = [("XXX", m, 120.0, "ore", 1200.0) for m in ("AAA", "BBB")]
    flows += [("RRR", "ZZZ", 1.0, "ore", 12.0), ("SSS", "ZZZ", 1.0, "ore", 16.0)]
    flows += [(m, "ZZZ", 1.0, "engine", 90.0) for m in ("AAA", "BBB")]
    balances: list[dict[str, Any]] = [
        {"country": c, "production": 0, "good": "ore"} for c in ("AAA", "BBB", "ZZZ")
    ]
    balances += [{"country": c, "production": 1, "capacity": 60, "good": "ore"} for c in ("RRR", "SSS")]
    balances += [{"country": "XXX", "production": 240, "good": "ore"}]
    balances += [{"country": c, "production": 121, "good": "engine"} for c in ("AAA", "BBB")]
    balances += [{"country": "ZZZ", "production": 0, "good": "engine"}]
    case = make(flows, balances, members=["AAA", "BBB"], region=["AAA", "BBB", "RRR", "SSS"], cut=["XXX"],
                survival={"critical_share": 0.5}, response={"new_capacity": 0.0},
                data={"goods": [("engine", "military"), ("ore", "military")],
                      "recipes": [{"good": "engine", "input": "ore"}]})  # fmt: skip
    return with_figures(case, {"AAA": 1e6, "BBB": 3e6}, {"AAA": 10, "BBB": 100})


def test_what_is_made_of_a_good_and_not_asked_for_is_said(machines: resilience.Case) -> None:
    """Ore asked for alone is planned without the engines made of it: all 60 that each must move, 480 USD."""
    found = resilience.burden(resilience.load(machines.file.path, goods=["ore"]))
    assert found.sharing.set_index("member").at[ALL, "cheapest_usd"] == pytest.approx(480.0)
    said = found.findings.set_index("column")["message"]["good"]
    assert said.startswith(
        "ore is planned without what is made of it and not asked for (engine): its share, plans"
    )
    for goods in (["engine"], ["engine", "ore"]):
        found = resilience.burden(resilience.load(machines.file.path, goods=goods))
        assert not found.findings["message"].str.contains("planned without").any()


@pytest.mark.parametrize("goods", [["engine"], ["engine", "ore"]])
def test_fair_plans_of_a_chain_are_the_same_whichever_part_is_asked_for(
    machines: resilience.Case, goods: list[str]
) -> None:
    """As in ``shared``: per million of GDP both bear the same, as AAA takes all ore that it must move from RRR at 12 USD,
    59.504 · 2 = 119.01 USD, and BBB 59.504 from SSS and what is left of RRR."""
    case = resilience.load(machines.file.path, goods=goods)
    one = _Burden(case, resilience.solve(case, rests=False))
    found = one.found()
    moved = 7200 / 121
    aaa, bbb = 2 * moved, 2 * (60 - moved) + 6 * (2 * moved - 60)
    fair = {m: one.goods["ore"].plans["fair"].known(m) for m in ("AAA", "BBB")}
    assert fair["AAA"] + fair["BBB"] == pytest.approx(aaa + bbb, rel=1e-4)
    assert max(fair["AAA"], fair["BBB"] / 3) == pytest.approx(max(aaa, bbb / 3), rel=1e-3)
    rows = found.sharing.set_index("member")
    assert rows.at[ALL, "price_of_fairness"] == pytest.approx(0.0, abs=1e-6)
    part = [name for name in ("engine", "ore") if name not in goods]
    said = f"fair plans share what whole chains cost, with {', '.join(part)}"
    assert (said in rows.at[ALL, "note"]) is bool(part)
    for m in ("AAA", "BBB"):
        assert rows.at[m, "fair_usd"] == pytest.approx(fair[m] if "ore" in goods else 0.0, rel=1e-6)


@pytest.mark.slow
def test_fair_plans_of_embedded_chains_are_the_same_whichever_part_is_asked_for() -> None:
    """With prices known for compounds of rare earths and ores of tungsten: magnets and tungsten asked for alone are
    planned as if all four were."""
    path, given = ROOT / "models" / "g7-china-burden.toml", ["burden.region_premium=0.2"]
    names = ["magnets", "rare_earth_compounds", "tungsten", "tungsten_ore"]
    found = []
    for goods in (["magnets", "tungsten"], names):
        case = resilience.load(path, overrides=given, goods=goods)
        one = _Burden(case, resilience.solve(case, rests=False))
        found.append((one, one.found().sharing.set_index("member")))
    (part, of_part), (whole, of_whole) = found
    for name in names:
        for m in part.goods[name].data.members:
            for plan in ("cheapest", "fair"):
                known = whole.goods[name].plans[plan].known(m)
                assert part.goods[name].plans[plan].known(m) == pytest.approx(known, rel=1e-5, abs=100)  # USD
    assert of_whole.at[ALL, "price_of_fairness"] >= 0
    assert of_part.at[ALL, "price_of_fairness"] == pytest.approx(of_whole.at[ALL, "price_of_fairness"], abs=1e-6)
    assert of_whole["fair_gdp_share"].max() < 0.6 * of_whole["cheapest_gdp_share"].max()


def test_transfers_of_less_than_a_dollar_are_rounding() -> None:
    assert noticeable({"A": 0.9, "B": -0.9}, 0.0) == {"A": 0.0, "B": 0.0}
    assert noticeable({"A": 100.5, "B": -100.0, "C": -0.5}, 100.0) == {"A": 100.0, "B": -100.0, "C": 0.0}
    assert noticeable({"A": 99.0, "B": -99.0}, 1e8) == {"A": 0.0, "B": 0.0}  # a millionth is 100
    assert noticeable({"A": 101.0, "B": -101.0}, 1e8) == {"A": 101.0, "B": -101.0}


@pytest.fixture
def rider(make: Maker) -> resilience.Case:
    """AAA is cut off and moves 60 units to RRR, 2 USD dearer; BBB makes all it needs and pays nothing: it rides free.
    Their GDPs are 1 and 3 million."""
    flows = [("XXX", "AAA", 120.0, "wheat", 1200.0), ("RRR", "ZZZ", 1.0, "wheat", 12.0)]
    flows += [("BBB", "ZZZ", 1.0, "wheat", 30.0)]  # its own is dear, so that AAA does not turn to it
    balances: list[dict[str, Any]] = [{"country": c, "production": 0} for c in ("AAA", "ZZZ")]
    balances += [{"country": "BBB", "production": 101}, {"country": "XXX", "production": 120}]
    balances += [{"country": "RRR", "production": 1, "capacity": 60}]
    case = make(flows, balances, members=["AAA", "BBB"], region=["AAA", "BBB", "RRR"], cut=["XXX"],
                survival={"critical_share": 0.5}, response={"new_capacity": 0.0})  # fmt: skip
    return with_figures(case, {"AAA": 1e6, "BBB": 3e6}, {})


def test_transfers_and_free_riders_in_the_table(rider: resilience.Case) -> None:
    """The equal burden is 30 per million, so BBB gives 90."""
    found = resilience.burden(rider)
    rows = found.sharing.set_index("member")
    assert rows.at["AAA", "cheapest_usd"] == pytest.approx(120.0) and rows.at["BBB", "cheapest_usd"] == 0.0
    assert rows.at["BBB", "free_rides"] == 1 and rows.at["BBB", "free_rides_usd"] == pytest.approx(120.0)
    assert rows.at["AAA", "free_rides"] == 0 and "wheat" in rows.at["BBB", "note"]
    assert (
        rows.at["AAA", "equal_transfer_usd"]
        == pytest.approx(90.0)
        == pytest.approx(-rows.at["BBB", "equal_transfer_usd"])
    )
    for column in ("transfer_usd", "equal_transfer_usd"):
        assert rows[column].drop(ALL).sum() == pytest.approx(0.0, abs=1e-6) and rows.at[ALL, column] == 0.0
    assert math.isnan(cell(found.burden, plan="fair", good=ALL, member="AAA", kind="total")["usd_per_head"])
    for plan in ("nearest", "cheapest", "fair"):
        for m in ("AAA", "BBB", ALL):
            total = cell(found.burden, plan=plan, good=ALL, member=m, kind="total")["usd"]
            assert rows.at[m, f"{plan}_usd"] == pytest.approx(total, abs=1e-6)
    assert rows.at["AAA", "after_usd"] + rows.at["BBB", "after_usd"] == pytest.approx(120.0)


def test_transfers_are_over_what_is_known_for_every_member(make: Maker) -> None:
    """Wheat as above: AAA pays 120 USD, BBB nothing. Of rye both move 60 units to RRR, 2 USD dearer, but BBB's purchases
    have no value. So transfers are over wheat and over new capacity for rye, of which there is none: 90 USD."""
    goods = [("wheat", "food"), ("rye", "food")]
    flows = [("XXX", "AAA", 120.0, "wheat", 1200.0), ("BBB", "ZZZ", 1.0, "wheat", 30.0)]
    flows += [("RRR", "ZZZ", 1.0, good, 12.0) for good, _ in goods]
    flows += [("XXX", "AAA", 120.0, "rye", 1200.0), ("XXX", "BBB", 120.0, "rye")]
    made = {
        "wheat": {"AAA": 0, "ZZZ": 0, "BBB": 101, "XXX": 120},
        "rye": {"AAA": 0, "ZZZ": 0, "BBB": 0, "XXX": 240},
    }
    balances: list[dict[str, Any]] = [
        {"country": country, "production": amount, "good": good}
        for good, of_good in made.items()
        for country, amount in of_good.items()
    ]
    sells = {"wheat": 60, "rye": 120}
    balances += [{"country": "RRR", "production": 1, "capacity": sells[good], "good": good} for good, _ in goods]
    case = make(flows, balances, members=["AAA", "BBB"], region=["AAA", "BBB", "RRR"], cut=["XXX"],
                survival={"critical_share": 0.5}, response={"new_capacity": 0.0}, data={"goods": goods})  # fmt: skip
    found = resilience.burden(with_figures(case, {"AAA": 1e6, "BBB": 3e6}, {}))
    rows = found.sharing.set_index("member")
    assert rows.at["AAA", "cheapest_usd"] == pytest.approx(240.0) and math.isnan(rows.at["BBB", "cheapest_usd"])
    assert rows.at["AAA", "common_usd"] == pytest.approx(120.0) and rows.at["BBB", "common_usd"] == 0.0
    assert (rows["common_parts"] == 3).all() and rows.at[ALL, "common_usd"] == pytest.approx(120.0)
    assert rows.at["AAA", "equal_transfer_usd"] == pytest.approx(90.0) == -rows.at["BBB", "equal_transfer_usd"]
    assert rows.at["AAA", "after_usd"] == pytest.approx(240.0 - rows.at["AAA", "transfer_usd"])
    said = found.findings[found.findings["severity"] == "warning"].set_index("column")["message"]
    assert said["transfer_usd"].endswith("known for every member; left out are extra landed cost of rye")
    assert said["usd"] == (
        "rye 2024: BBB: no value of what it buys from XXX, so its extra landed cost is unknown; give value_usd in "
        "flows.csv"
    )
    landed = cell(found.burden, plan="cheapest", good="rye", member="BBB", kind="landed")
    assert math.isnan(landed["usd"]) and landed["status"] == "unknown"
    text = dict(headlines(found.tables, found.meta))["Fair shares"]
    assert "Over the parts known for every member, transfers of" in text and "Land BBB to Land AAA" in text


@pytest.mark.parametrize("who", ["AAA", "BBB"])
def test_nobody_of_unknown_cost_rides_free_gives_or_gets(
    rider: resilience.Case, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    """Whether BBB rides free is unknown if its own cost is, and if nothing is known of what AAA pays."""

    def without(*given: Any) -> CostedPlan:
        costed = cost_plan(*given)
        return replace(costed, landed={**costed.landed, who: math.nan})

    monkeypatch.setattr("resilience.economics.priced.cost_plan", without)
    found = resilience.burden(rider)
    rows = found.sharing.set_index("member")
    assert math.isnan(rows.at["BBB", "free_rides"]) and math.isnan(rows.at["BBB", "free_rides_usd"])
    assert "who pays is unknown: wheat" in rows.at["BBB", "note"] and rows.at["AAA", "free_rides"] == 0
    assert math.isnan(rows.at[who, "cheapest_usd"]) and math.isnan(rows.at[who, "fair_usd"])
    assert rows[["transfer_usd", "equal_transfer_usd", "after_usd", "after_gdp_share"]].isna().all(axis=None)
    assert "unknown for Land BBB" in dict(headlines(found.tables, found.meta))["Free rides"]
