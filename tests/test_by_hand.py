"""Instances whose answers can be checked on paper; each docstring is the paper."""

from __future__ import annotations

import math

import numpy as np
import pytest
from conftest import Maker, row

import resilience

AMPLE = 1e6


def test_surge_and_stock(make: Maker) -> None:
    """One member, demand 1200, all of it from BBB, which is cut off. Stock 120, φ 0.85, 12 months.

    CCC in the region has ample capacity; region surge σ(t) = min(0.20, 0.02·max(0, t − 1)), delay 1. With share
    ρ, arrivals to month t are 100ρ·Σ(1+σ), needs 85t, so ρ ≥ (85t − 120) / (100·Σ_{τ≤t}(1+σ_τ)). Σσ to month 12
    is 0.02·(0+1+…+10) + 0.20 = 1.30, hence t = 12 gives 900/1330 = 0.676692; t = 1 gives −35/100.
    """
    case = make(
        [("BBB", "AAA", 1200.0)],
        [
            {"country": "AAA", "production": 0, "stock": 120},
            {"country": "BBB", "production": 1200},
            {"country": "CCC", "production": 0, "capacity": AMPLE},
        ],
        region=["AAA", "CCC"],
        cut=["BBB"],
        survival={"critical_share": 0.85, "months": 12},
        response={"region_surge": {"delay": 1, "rate": 0.02, "max": 0.20}},
    )
    sigma = [min(0.20, 0.02 * max(0, t - 1)) for t in range(1, 13)]
    expected = max((85 * t - 120) / (100 * sum(1 + s for s in sigma[:t])) for t in range(1, 13))
    result = resilience.solve(case)
    for member in ("AAA", "ALL"):
        for cutoff in ("cut", "ALL"):
            found = row(result, member, cutoff)
            assert found["share"] == pytest.approx(900 / 1330, abs=1e-8) == pytest.approx(expected, abs=1e-8)
            assert found["status"] == "raise"
            assert found["month"] == 12
            assert found["gap"] == pytest.approx(900 / 1330, abs=1e-8)
            assert found["new_capacity"] == 0
    plan = result.plan.set_index("supplier")["planned"]
    assert plan["CCC"] == pytest.approx(1200 * 900 / 1330, rel=1e-6)
    assert plan.sum() == pytest.approx(1200, rel=1e-7)
    stress = result.stress.set_index(["member", "cutoff"]).loc[("AAA", "cut")]
    # 120 held covers month 1 (85) and 35 of month 2: 50 missed there, then 85 a month for ten months.
    assert stress["months_survived"] == 1
    assert stress["worst_shortfall"] == pytest.approx(1.0)
    assert stress["total_shortfall"] == pytest.approx(50 + 10 * 85)


def test_no_stock_no_surge_is_the_critical_share(make: Maker) -> None:
    """Without stock or surge every month needs φ from suppliers that are not cut: share φ, from month 1 on."""
    case = make(
        [("BBB", "AAA", 600.0)],
        [
            {"country": "AAA", "production": 0},
            {"country": "BBB", "production": 600},
            {"country": "CCC", "production": 0, "capacity": AMPLE},
        ],
        region=["AAA", "CCC"],
        cut=["BBB"],
        survival={"critical_share": 0.7, "months": 6},
    )
    found = row(resilience.solve(case))
    assert found["share"] == pytest.approx(0.7, abs=1e-8)
    assert found["month"] == 1


def test_new_capacity_is_built_only_as_needed(make: Maker) -> None:
    """Demand 1200: 300 at home, 900 from BBB (cut). φ 0.5 needs 600 a year at home, capacity is 300: 300 more.

    The share rises from 0.25 to 0.5; without new capacity nothing survives, so the status is build.
    """
    case = make(
        [("BBB", "AAA", 900.0)],
        [{"country": "AAA", "production": 300}, {"country": "BBB", "production": 900}],
        cut=["BBB"],
        survival={"critical_share": 0.5, "months": 12},
        response={"new_capacity": 2.0},
    )
    result = resilience.solve(case)
    found = row(result)
    assert found["share"] == pytest.approx(0.5, abs=1e-8)
    assert found["share_today"] == pytest.approx(0.25)
    assert found["status"] == "build"
    assert found["new_capacity"] == pytest.approx(300, rel=1e-6)
    built = result.capacity.iloc[0]
    assert (built["country"], built["times_today"]) == ("AAA", pytest.approx(1.0, rel=1e-6))


def test_none_names_what_is_missing(make: Maker) -> None:
    """As above, but at most half of today's capacity may be added: 450 a year, 37.5 a month against 50.

    Stock 25 covers month 1 and 2 (12.5 each); 12.5 is missing in each of ten months, 125 in all, from month 3.
    """
    case = make(
        [("BBB", "AAA", 900.0)],
        [{"country": "AAA", "production": 300, "stock": 25}, {"country": "BBB", "production": 900}],
        cut=["BBB"],
        survival={"critical_share": 0.5, "months": 12},
        response={"new_capacity": 0.5},
    )
    result = resilience.solve(case)
    found = row(result)
    assert found["status"] == "none"
    assert math.isnan(found["share"])
    assert math.isnan(found["gap"])
    assert found["month"] == 3
    messages = " ".join(result.findings["message"])
    assert "125 t of critical demand is missed" in messages
    assert "month 3" in messages
    assert result.plan["planned"].isna().all()
    assert result.capacity.empty


def test_shift_to_other_outsiders_needs_no_share(make: Maker) -> None:
    """BBB (cut) sells 900, outsider CCC 100, home 200 of 1200; CCC could sell 1000 to members.

    φ 1 needs 1200 from AAA and CCC: 1000 from CCC, 200 at home. Today's share of 1/6 is enough, but today's
    pattern falls short in month 1. BBB itself then sells nothing.
    """
    case = make(
        [("BBB", "AAA", 900.0), ("CCC", "AAA", 100.0)],
        [
            {"country": "AAA", "production": 200},
            {"country": "BBB", "production": 900},
            {"country": "CCC", "production": 1000, "capacity": 1000},
        ],
        cut=["BBB"],
        survival={"critical_share": 1.0, "months": 3},
        response={"new_capacity": 0.0},
    )
    result = resilience.solve(case)
    found = row(result)
    assert found["status"] == "shift"
    assert found["share"] == pytest.approx(200 / 1200, abs=1e-8)
    assert found["gap"] == 0
    assert found["month"] == 1
    assert result.plan.set_index("supplier")["planned"]["CCC"] == pytest.approx(1000, rel=1e-6)


def test_today_survives(make: Maker) -> None:
    """Home 600 of 1200, φ 0.5: today's pattern survives, the plan is today's, and the minimum is 0.5 as well."""
    case = make(
        [("BBB", "AAA", 600.0)],
        [{"country": "AAA", "production": 600}, {"country": "BBB", "production": 600}],
        cut=["BBB"],
        survival={"critical_share": 0.5, "months": 12},
    )
    result = resilience.solve(case)
    found = row(result)
    assert (found["status"], found["gap"], found["new_capacity"]) == ("met", 0, 0)
    assert found["share"] == pytest.approx(0.5, abs=1e-8)
    assert math.isnan(found["month"])
    assert (result.plan["change"] == 0).all()
    assert result.stress["months_survived"].eq(12).all()


def test_drawdown_binds_where_stock_would_not(make: Maker) -> None:
    """Stock 1200 is a whole year's demand, but only 2.5 % of it (30) may be drawn in a month.

    Needs 80 a month, so 50 must arrive: share 0.5 though the stock alone would last 15 months.
    """
    case = make(
        [("BBB", "AAA", 1200.0)],
        [
            {"country": "AAA", "production": 0, "stock": 1200},
            {"country": "BBB", "production": 1200},
            {"country": "CCC", "production": 0, "capacity": AMPLE},
        ],
        region=["AAA", "CCC"],
        cut=["BBB"],
        survival={"critical_share": 0.8, "months": 12},
        response={"drawdown": 0.025},
    )
    assert row(resilience.solve(case))["share"] == pytest.approx(0.5, abs=1e-8)


def test_partial_delayed_and_temporary_cutoff(make: Maker) -> None:
    """BBB loses 60 % in months 4 to 6 of 12 and serves all 1200. Stock 60, φ 0.9.

    With share ρ the three months bring 3·(100ρ + 40(1 − ρ)) and 60 from stock against 270: 120 + 180ρ + 60 ≥ 270
    gives ρ = 0.5. In months 1 to 3 the stock cannot be filled beyond its 60.
    """
    case = make(
        [("BBB", "AAA", 1200.0)],
        [
            {"country": "AAA", "production": 0, "stock": 60},
            {"country": "BBB", "production": 1200},
            {"country": "CCC", "production": 0, "capacity": AMPLE},
        ],
        region=["AAA", "CCC"],
        cutoffs=[{"name": "cut", "cut": ["BBB"], "fraction": 0.6, "start": 4, "months": 3}],
        survival={"critical_share": 0.9, "months": 12},
    )
    found = row(resilience.solve(case))
    assert found["share"] == pytest.approx(0.5, abs=1e-8)
    assert found["month"] == 6


def test_demand_factor_and_profile(make: Maker) -> None:
    """War doubles demand, φ 0.4: 80 % of peace demand. The profile (1.5, 0.5) makes month 1 the hard one.

    Month 1 needs 0.8·150 = 120 of a contract of 100ρ: impossible without stock. Stock 40: 100ρ + 40 ≥ 120 gives
    0.8; month 2 needs 40 only, so 12 months: refilled each even month, 0.8 throughout.
    """
    case = make(
        [("BBB", "AAA", 1200.0)],
        [
            {"country": "AAA", "production": 0, "stock": 40},
            {"country": "BBB", "production": 1200},
            {"country": "CCC", "production": 0, "capacity": AMPLE},
        ],
        region=["AAA", "CCC"],
        cut=["BBB"],
        survival={"critical_share": 0.4, "demand_factor": 2.0, "profile": [1.5, 0.5], "months": 12},
    )
    found = row(resilience.solve(case))
    assert found["share"] == pytest.approx(0.8, abs=1e-8)
    assert found["month"] == 1


def test_partner_credit_counts_in_the_share(make: Maker) -> None:
    """Partner PPP has credit 0.4 and serves all 1000; BBB is cut. Its deliveries save, its content is 0.4."""
    case = make(
        [("BBB", "AAA", 1000.0)],
        [
            {"country": "AAA", "production": 0},
            {"country": "BBB", "production": 1000},
            {"country": "PPP", "production": 0, "capacity": AMPLE},
        ],
        region={"AAA": 1.0, "PPP": 0.4},
        cut=["BBB"],
        survival={"critical_share": 0.6, "months": 2},
    )
    assert row(resilience.solve(case))["share"] == pytest.approx(0.24, abs=1e-8)


def test_negative_outside_surge(make: Maker) -> None:
    """CCC (outsider) serves half; after the cutoff of BBB it loses 10 points a month, at most 30.

    φ 0.5 and 4 months: CCC brings 50·(0.9, 0.8, 0.7, 0.7) if it keeps its half; the region must bring the rest
    in month 3: 100ρ + (1−ρ)·100·0.7 ≥ 50 has ρ = 0 if CCC could serve all, but it can sell 600 of 1200:
    0.7·50 + 100ρ ≥ 50 gives 0.15.
    """
    case = make(
        [("BBB", "AAA", 600.0), ("CCC", "AAA", 600.0)],
        [
            {"country": "AAA", "production": 0},
            {"country": "BBB", "production": 600},
            {"country": "CCC", "production": 600},
            {"country": "DDD", "production": 0, "capacity": AMPLE},
        ],
        region=["AAA", "DDD"],
        cut=["BBB"],
        survival={"critical_share": 0.5, "months": 4},
        response={"outside_surge": {"delay": 0, "rate": 0.1, "max": -0.3}},
    )
    found = row(resilience.solve(case))
    assert found["share"] == pytest.approx(0.15, abs=1e-8)
    assert found["month"] == 3


@pytest.mark.parametrize(("solidarity", "joint"), [(False, 0.5), (True, 0.25)])
def test_solidarity_pools_region_deliveries(make: Maker, solidarity: bool, joint: float) -> None:
    """AAA and BBB use 1200 each and buy all of it from OOO, which is cut; RRR in the region may sell 1200.

    φ 0.5 in one month: each needs 50. AAA holds stock for the whole month (50), BBB none. Alone BBB needs a share
    of 0.5. Pooled, both buy ρ = 0.25 (25 each a month) and all 50 go to BBB.
    """
    case = make(
        [("OOO", "AAA", 1200.0), ("OOO", "BBB", 1200.0)],
        [
            {"country": "AAA", "production": 0, "stock": 50},
            {"country": "BBB", "production": 0},
            {"country": "OOO", "production": 2400},
            {"country": "RRR", "production": 0, "capacity": 1200},
        ],
        members=["AAA", "BBB"],
        region=["AAA", "BBB", "RRR"],
        cut=["OOO"],
        survival={"critical_share": 0.5, "months": 1},
        response={"solidarity": solidarity},
    )
    result = resilience.solve(case)
    assert row(result)["share"] == pytest.approx(joint, abs=1e-8)
    assert row(result, "AAA")["share"] == pytest.approx(0, abs=1e-8)
    assert row(result, "BBB")["share"] == pytest.approx(0.5, abs=1e-8)  # members' rows are without solidarity


def test_members_share_a_supplier(make: Maker) -> None:
    """RRR can sell 600 a year; AAA and BBB use 1000 each, all from OOO (cut); φ 0.4 needs 400 each, 800 in all.

    Alone each member could have it (0.4); together it is impossible unless 200 are built.
    """
    flows = [("OOO", "AAA", 1000.0), ("OOO", "BBB", 1000.0)]
    balances = [
        {"country": "AAA", "production": 0},
        {"country": "BBB", "production": 0},
        {"country": "OOO", "production": 2000},
        {"country": "RRR", "production": 0, "capacity": 600},
    ]
    keys = {
        "members": ["AAA", "BBB"],
        "region": ["AAA", "BBB", "RRR"],
        "cut": ["OOO"],
        "survival": {"critical_share": 0.4, "months": 12},
    }
    result = resilience.solve(make(flows, balances, response={"new_capacity": 0.0}, **keys))
    assert row(result, "AAA")["share"] == pytest.approx(0.4, abs=1e-8)
    assert row(result)["status"] == "none"
    result = resilience.solve(make(flows, balances, response={"new_capacity": 1.0}, **keys))
    assert row(result)["share"] == pytest.approx(0.4, abs=1e-8)
    assert row(result)["status"] == "build"
    assert row(result)["new_capacity"] == pytest.approx(200, rel=1e-6)


def test_diversion_spare_and_production(make: Maker) -> None:
    """CCC makes 1000: 100 to AAA, 500 to NNN (no member), 400 at home. Diversion 0.2, spare 0.1.

    It can sell 100 + 0.2·500 + 0.1·1000 = 300. BBB (900 of AAA's 1000) is cut; φ 0.5 needs 500, so 200 must come
    from the region: share 0.2.
    """
    case = make(
        [("BBB", "AAA", 900.0), ("CCC", "AAA", 100.0), ("CCC", "NNN", 500.0)],
        [
            {"country": "AAA", "production": 0},
            {"country": "BBB", "production": 900},
            {"country": "CCC", "production": 1000},
            {"country": "NNN", "production": 0},
            {"country": "RRR", "production": 0, "capacity": AMPLE},
        ],
        region=["AAA", "RRR"],
        cut=["BBB"],
        survival={"critical_share": 0.5, "months": 12},
        response={"diversion": 0.2, "spare": 0.1},
    )
    assert row(resilience.solve(case))["share"] == pytest.approx(0.2, abs=1e-8)


def test_each_cutoff_one_at_a_time(make: Maker) -> None:
    """Demand 1000, 500 each from BBB and CCC. Cut BBB or CCC, φ 0.8: each alone leaves 500 and needs 300 more.

    One cutoff: move 300 to the region (0.3). Both, one at a time, and neither outsider can sell more than 500:
    x_B ≤ 200 because of the cutoff of B (1000 − x_B ≥ 800), x_C ≤ 200 likewise: share 0.6.
    """
    case = make(
        [("BBB", "AAA", 500.0), ("CCC", "AAA", 500.0)],
        [
            {"country": "AAA", "production": 0},
            {"country": "BBB", "production": 500},
            {"country": "CCC", "production": 500},
            {"country": "RRR", "production": 0, "capacity": AMPLE},
        ],
        region=["AAA", "RRR"],
        cutoffs=[{"name": "B", "cut": ["BBB"]}, {"name": "C", "cut": ["CCC"]}],
        survival={"critical_share": 0.8, "months": 12},
    )
    result = resilience.solve(case)
    assert row(result, cutoff="B")["share"] == pytest.approx(0.3, abs=1e-8)
    assert row(result, cutoff="C")["share"] == pytest.approx(0.3, abs=1e-8)
    assert row(result, cutoff="ALL")["share"] == pytest.approx(0.6, abs=1e-8)


def test_siege(make: Maker) -> None:
    """All outsiders stop: home must bring φ. A region supplier is not an outsider, even with credit 0."""
    case = make(
        [("BBB", "AAA", 500.0), ("PPP", "AAA", 500.0)],
        [
            {"country": "AAA", "production": 0},
            {"country": "BBB", "production": 500},
            {"country": "PPP", "production": 500},
        ],
        region={"AAA": 1.0, "PPP": 0.0},
        cutoffs=[{"name": "siege", "all_outsiders": True}],
        survival={"critical_share": 0.5, "months": 12},
    )
    found = row(resilience.solve(case))
    assert found["status"] == "met"
    assert found["share"] == pytest.approx(0, abs=1e-8)
    assert np.isclose(found["share_today"], 0)


def test_hit_region_suppliers_build_nothing(make: Maker) -> None:
    """RRR is in the region and is hit by half; it may not build, home may. φ 0.9 of 1000, home 100 today.

    RRR sells 900 and delivers 450 under the cutoff: with home h and RRR 1000 − h, h + (1000 − h)/2 ≥ 900 gives
    h = 800, 700 of it new. The share stays 1.
    """
    case = make(
        [("RRR", "AAA", 900.0)],
        [{"country": "AAA", "production": 100}, {"country": "RRR", "production": 900}],
        region=["AAA", "RRR"],
        cutoffs=[{"name": "cut", "cut": ["RRR"], "fraction": 0.5}],
        survival={"critical_share": 0.9, "months": 12},
    )
    result = resilience.solve(case)
    assert row(result)["new_capacity"] == pytest.approx(700, rel=1e-6)
    assert row(result)["status"] == "build"
    assert list(result.capacity["country"]) == ["AAA"]


def test_readings_of_all_members_are_the_largest_of_the_members(make: Maker) -> None:
    """AAA and BBB use 1200 each; φ 0.6 and 0 stock. AAA buys 600 at home and 600 from OOO (cut), BBB 300 and 900.

    Market: home must reach 0.6 for both, for OOO is all of the rest: 0.6; guaranteed 0.6 as well, basis assumption.
    With BBB's home limited to 600, half of its demand, its market finds no floor, and so there is none for all.
    """
    flows = [("OOO", "AAA", 600.0), ("OOO", "BBB", 900.0)]
    balances = [
        {"country": "AAA", "production": 600, "capacity": 1200},
        {"country": "BBB", "production": 300, "capacity": 1200},
        {"country": "OOO", "production": 1500, "capacity": 9000},
    ]
    keys = {
        "members": ["AAA", "BBB"],
        "cut": ["OOO"],
        "survival": {"critical_share": 0.6, "months": 6},
        "response": {"new_capacity": 0.0},
    }
    result = resilience.solve(make(flows, balances, **keys))
    for reading in ("market", "guaranteed"):
        found = row(result, reading=reading)
        assert found["share"] == pytest.approx(0.6)
        assert found["status"] == "raise"
    assert row(result, reading="guaranteed")["basis"] == "assumption"
    assert row(result, "AAA", reading="market")["share_today"] == pytest.approx(0.5)
    # BBB may make 600 only; AAA has 120 to spare, which the market does not turn to, but a complying plan can.
    small = [{**balances[0], "capacity": 720}, {**balances[1], "capacity": 600}, balances[2]]
    result = resilience.solve(make(flows, small, **keys))
    assert row(result, "AAA", reading="market")["status"] == "raise"
    assert row(result, "BBB", reading="market")["status"] == "none"
    assert row(result, reading="market")["status"] == "none"
    assert math.isnan(row(result, reading="market")["share"])
    assert row(result, "BBB", reading="guaranteed")["share"] == pytest.approx(0.6)
    assert row(result, reading="guaranteed")["status"] == "raise"
