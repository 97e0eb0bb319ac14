"""Costs of the requirement: hand-solved cases, the price of a point, the cheapest mix, unknowns, outputs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from conftest import Maker
from hypothesis import given
from hypothesis import strategies as st
from instances import figures, model_data, random_good

import resilience
from resilience.cli import main
from resilience.economics.burden import Burden
from resilience.economics.burden_picture import burden_picture, draw, picture_in_words
from resilience.economics.burden_words import bound, headlines, money, parts_unknown
from resilience.economics.costed import CostedGoods
from resilience.economics.costs import Costs, annuity, at_least, costs_of, counted_once
from resilience.economics.mix import mix_rows
from resilience.economics.partner_tiers import outcome, total_cost
from resilience.economics.priced import Priced, cost_plan
from resilience.economics.priced_chain import PricedChain
from resilience.economics.security import _yearly_cost
from resilience.errors import SolverError
from resilience.inputs.burden_settings import BURDEN
from resilience.inputs.casefile import Cutoff
from resilience.model import ModelData, build
from resilience.program import compile_model
from resilience.reading.planned import Engine, nearest_plan
from resilience.schema import ALL, ECONOMY, RESULTS

GDP = {"AAA": 1e6, "BBB": 4e6}
PEOPLE = {"AAA": 10, "BBB": 100}


def with_figures(case: resilience.Case, gdp: dict[str, Any], people: dict[str, Any]) -> resilience.Case:
    """The case with GDP and population in its countries.csv."""
    path = case.file.dataset / "countries.csv"
    rows = pd.read_csv(path)
    lines = [f"{c},Land {c},{gdp.get(c, '')},{people.get(c, '')}" for c in rows["country"]]
    path.write_text("country,name,gdp_usd,population\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return resilience.load(case.file.path)


@pytest.fixture
def two(make: Maker) -> resilience.Case:
    """Members AAA and BBB, demand 120 each; XXX (cut) sells all of it at 10, partner RRR in the region sells nothing.

    φ = 0.5, no stock, no surge: half of each demand must come from elsewhere. RRR can sell 120 at 16 (seen in its
    sales to ZZZ); so ρ = 0.5 and each member moves 60: 60 · (16 − 10) = 360 USD each. No capacity is built.
    """
    flows = [("XXX", "AAA", 120.0, "wheat", 1200.0), ("XXX", "BBB", 120.0, "wheat", 1200.0)]
    flows += [("RRR", "ZZZ", 10.0, "wheat", 160.0)]
    balances = [
        {"country": "AAA", "production": 0},
        {"country": "BBB", "production": 0},
        {"country": "XXX", "production": 240},
        {"country": "ZZZ", "production": 0},
        {"country": "RRR", "production": 10, "capacity": 120},
    ]
    case = make(
        flows,
        balances,
        members=["AAA", "BBB"],
        region=["AAA", "BBB", "RRR"],
        cut=["XXX"],
        survival={"critical_share": 0.5},
    )
    return with_figures(case, GDP, PEOPLE)


def cell(table: pd.DataFrame, **key: str) -> Any:
    rows = table
    for name, value in key.items():
        rows = rows[rows[name] == value]
    assert len(rows) == 1, f"{len(rows)} rows for {key}"
    return rows.iloc[0]


def far_from_bbb(two: resilience.Case) -> Burden:
    """At 0.01 USD a t km, XXX 100 km off and RRR 1100 km, a moved unit costs 10 USD more in freight for AAA; BBB's
    distance to RRR is not known, and so is its cost."""
    (two.file.dataset / "distances.csv").write_text(
        "country,other,km,status,source\nXXX,AAA,100,observed,made up\nAAA,RRR,1100,observed,made up\n"
        "BBB,XXX,100,observed,made up\n",
        encoding="utf-8",
    )
    case = resilience.load(two.file.path, overrides=["burden.freight_usd_per_t_km=0.01"])
    return resilience.burden(case)


def test_annuity_by_hand() -> None:
    """100 at 10 % over two years: x/1.1 + x/1.21 = 100, so x = 100 / 1.735537 = 57.619."""
    assert 100 * annuity(0.10, 2) == pytest.approx(57.6190476)
    assert annuity(0.0, 20) == pytest.approx(0.05)
    assert annuity(0.07, 20) == pytest.approx(0.0943929, abs=1e-7)  # the figure of annuity tables


def test_landed_cost_on_paper(two: resilience.Case) -> None:
    found = resilience.burden(two)
    for plan in ("nearest", "cheapest", "fair"):
        for member, gdp, people in (("AAA", 1e6, 10), ("BBB", 4e6, 100)):
            landed = cell(found.burden, plan=plan, good="wheat", member=member, kind="landed")
            assert landed["usd"] == pytest.approx(360.0) == pytest.approx(landed["on_paper_usd"])
            assert landed["usd_per_head"] == pytest.approx(360 / people)
            assert landed["gdp_share"] == pytest.approx(360 / gdp)
            assert landed["year"] == 2024
            assert landed["status"] == "estimated"  # RRR's price is of its other sales
        everyone = cell(found.burden, plan=plan, good=ALL, member=ALL, kind="total")
        assert everyone["usd"] == pytest.approx(720.0)
        assert everyone["gdp_share"] == pytest.approx(720 / 5e6)
        assert everyone["unknown_parts"] == 0
    assert found.meta["certificate"]["worst_residual"] < 1e-7


def test_price_of_a_point_by_hand(two: resilience.Case) -> None:
    """A floor of 50 % costs 720. RRR can sell 120 only, so that a point more, 2.4 units, is 6 USD dearer and must be
    built for 20 USD a unit at 7 % over 20 years: 2.4 · (6 + 1.887858) = 18.93, up to 100 %. Where nothing may be
    built no plan has more; where RRR can sell 144 the point costs 14.40 up to 60 %, and the first beyond more."""

    def found(*overrides: str) -> Any:
        return resilience.burden(resilience.load(two.file.path, overrides=overrides)).share_price.iloc[0]

    row = found()
    assert row["floor"] == pytest.approx(0.5) and row["usd"] == pytest.approx(720.0)
    assert (
        row["usd_per_point"] == pytest.approx(2.4 * (6 + 20 * 0.09439293)) == pytest.approx(row["next_point_usd"])
    )
    assert row["holds_to"] == pytest.approx(1.0)
    row = found("response.new_capacity=0")
    assert math.isnan(row["usd_per_point"]) and math.isnan(row["next_point_usd"])
    assert row["note"] == "no surviving plan gives every member more than 50.0 %" and row["status"] == "assumed"
    path = two.file.dataset / "balances.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",120,observed", ",144,observed"), encoding="utf-8")
    row = found()
    assert row["usd"] == pytest.approx(720.0)
    assert row["usd_per_point"] == pytest.approx(14.4, rel=1e-6) == pytest.approx(row["next_point_usd"], rel=1e-6)
    assert row["holds_to"] == pytest.approx(0.6, abs=1e-4)
    assert found("survival.critical_share=0.595")["next_point_usd"] > 14.4 + 1  # half of the point must be built


def test_capacity_is_paid_by_the_builder(make: Maker) -> None:
    """AAA makes 60 of its 120 and buys 60 from XXX (cut); φ = 1: it must build 60. At 10 USD a unit, twice the value
    to build, 7 % and 20 years that is 60 · 20 · 0.0943929 = 113.27 USD a year; home supply costs what XXX charged."""
    case = make(
        [("XXX", "AAA", 60.0, "wheat", 600.0)],
        [{"country": "AAA", "production": 60}, {"country": "XXX", "production": 60}],
        cut=["XXX"],
    )
    found = resilience.burden(case)
    row = cell(found.burden, plan="nearest", good="wheat", member="AAA", kind="capacity")
    assert row["usd"] == pytest.approx(60 * 20 * 0.0943929, rel=1e-5) and row["status"] == "assumed"
    assert cell(found.burden, plan="cheapest", good=ALL, member=ALL, kind="landed")["usd"] == 0.0
    ownprice = resilience.load(
        case.file.path, overrides=["burden.capacity_usd_per_unit.wheat=7", "burden.capacity_in_price=0.5"]
    )
    row = cell(resilience.burden(ownprice).burden, plan="cheapest", good="wheat", member="AAA", kind="total")
    assert row["usd"] == pytest.approx(60 * 7 * 0.0943929 / 2, rel=1e-5)


def test_mix_by_hand(make: Maker) -> None:
    """Twelve months at φ = 1; AAA buys 120 from XXX, which is cut for six months; 10 USD a unit, half of all trade.

    Stock alone: six months of demand, 60 units · 10 USD · 10 % = 60 USD a year. Restraint alone: nothing is left in
    six months, and the critical share is one for all months: 120 · 10 · 5 · 0.05 = 300 USD. Sourcing alone: the six
    months ask for all 120 units from RRR, 2 USD dearer: 240 USD. A unit moved saves half a unit of stock, 2 USD for
    0.50 USD, so the mix is stock alone; where holding costs nine times as much, it is sourcing alone.
    """
    flows = [("XXX", "AAA", 120.0, "wheat", 1200.0), ("RRR", "ZZZ", 120.0, "wheat", 1440.0)]
    balances = [
        {"country": "AAA", "production": 0},
        {"country": "XXX", "production": 120},
        {"country": "ZZZ", "production": 0},
        {"country": "RRR", "production": 120, "capacity": 120},
    ]
    cutoffs = [{"name": "cut", "cut": ["XXX"], "months": 6}]
    case = make(flows, balances, region=["AAA", "RRR"], cutoffs=cutoffs)
    found = resilience.burden(case).mix.set_index("way")
    assert found.at["stock", "more_stock"] == pytest.approx(6.0)
    assert found.at["stock", "usd"] == pytest.approx(60.0)
    assert found.at["restraint", "restraint"] == pytest.approx(1.0)
    assert found.at["restraint", "usd"] == pytest.approx(300.0)
    assert found.at["sourcing", "usd"] == pytest.approx(240.0)
    assert found.at["sourcing", "share"] == pytest.approx(1.0)
    assert found.at["mix", "usd"] == pytest.approx(60.0)
    assert found.at["mix", "share"] == pytest.approx(0.0, abs=1e-7)
    dear = resilience.load(case.file.path, overrides=["burden.stock_cost_rate=0.9"])  # stock alone would cost 540
    found = resilience.burden(dear).mix.set_index("way")
    assert found.at["mix", "usd"] == pytest.approx(240.0)
    assert found.at["mix", "more_stock"] == pytest.approx(0.0, abs=1e-7)


def test_savings_on_paper_do_not_pay_for_dear_supply(make: Maker) -> None:
    """AAA buys 60 from XXX (cut) at 10 and 60 from YYY at 20; φ = 0.75. RRR sells at 15: 30 units move there from
    XXX and cost 150 USD; that YYY could be dropped for RRR, too, saves nothing that counts."""
    flows = [("XXX", "AAA", 60.0, "wheat", 600.0), ("YYY", "AAA", 60.0, "wheat", 1200.0)]
    flows += [("RRR", "ZZZ", 1.0, "wheat", 15.0)]
    balances = [{"country": c, "production": 0} for c in ("AAA", "ZZZ")]
    balances += [{"country": c, "production": 60} for c in ("XXX", "YYY")]
    balances += [{"country": "RRR", "production": 1, "capacity": 120}]
    case = make(flows, balances, region=["AAA", "RRR"], cut=["XXX"], survival={"critical_share": 0.75})
    found = resilience.burden(case)
    landed = cell(found.burden, plan="cheapest", good="wheat", member="AAA", kind="landed")
    assert landed["usd"] == pytest.approx(150.0) == pytest.approx(landed["on_paper_usd"])


def test_a_good_that_survives_costs_nothing_even_without_prices(make: Maker) -> None:
    case = make([("YYY", "AAA", 120.0)], [{"country": "AAA", "production": 0}, {"country": "YYY", "production": 120}],
                cut=["XXX"], data={"countries": ["XXX"]})  # fmt: skip
    found = resilience.burden(case)
    total = cell(found.burden, plan="nearest", good=ALL, member="AAA", kind="total")
    assert total["usd"] == 0.0 and total["status"] == "observed" and total["unknown_parts"] == 0
    assert found.mix.empty and found.share_price.empty


def test_unknown_price_is_unknown_and_named(two: resilience.Case) -> None:
    path = two.file.dataset / "flows.csv"
    text = path.read_text(encoding="utf-8")
    for value in ("1200.0", "160.0"):
        text = text.replace(f",{value},", ",,")
    path.write_text(text, encoding="utf-8")
    found = resilience.burden(resilience.load(two.file.path))
    landed = cell(found.burden, plan="cheapest", good="wheat", member="AAA", kind="landed")
    assert math.isnan(landed["usd"]) and landed["status"] == "unknown"
    assert math.isnan(landed["gdp_share"]) and math.isnan(landed["usd_per_head"])
    # The nearest plan is known but for its two prices; which one is cheapest is not known, so that no part of it is.
    for plan, parts in (("nearest", 2), ("cheapest", 6), ("fair", 6)):
        everyone = cell(found.burden, plan=plan, good=ALL, member=ALL, kind="total")
        assert everyone["status"] == "unknown" and everyone["unknown_parts"] == parts
        assert math.isnan(everyone["usd"])
        assert everyone["note"] == f"nothing above zero is known: {parts} parts are unknown"
    assert found.sharing[["cheapest_usd", "fair_usd", "after_usd", "transfer_usd"]].isna().all(axis=None)
    assert "unknown for Land AAA, Land BBB" in dict(headlines(found.tables, found.meta))["Who bears it"]
    said = picture_in_words(found.sharing, found.meta)
    assert said.endswith("Land AAA unknown, unknown, unknown; Land BBB unknown, unknown, unknown.")
    assert any("no flow has a value" in text for text in found.findings["message"])
    assert (found.sharing["status"] == "unknown").all()


def test_a_sum_known_in_part_is_the_least_that_it_can_be() -> None:
    assert at_least([2.0, math.nan, 0.0], 1) == 2.0
    assert math.isnan(at_least([0.0, math.nan], 1)) and math.isnan(at_least([], 0))
    assert at_least([0.0, 0.0], 0) == 0.0


def test_a_member_of_unknown_cost_is_not_free(two: resilience.Case) -> None:
    """BBB's distance to RRR is unknown, so is its cost; AAA's 60 · (6 + 10) = 960 USD are the least for both."""
    found = far_from_bbb(two)
    for plan in ("nearest", "cheapest", "fair"):
        total = cell(found.burden, plan=plan, good=ALL, member="BBB", kind="total")
        assert math.isnan(total["usd"]) and total["status"] == "unknown" and total["unknown_parts"] == 1
        assert total["note"] == "nothing above zero is known: 1 part is unknown"
        everyone = cell(found.burden, plan=plan, good=ALL, member=ALL, kind="total")
        assert everyone["usd"] == pytest.approx(960.0) and everyone["note"] == "at least: 1 part is unknown"
    rows = found.sharing.set_index("member")
    assert rows.at["AAA", "fair_usd"] == pytest.approx(960.0) and rows.at["AAA", "status"] == "estimated"
    assert math.isnan(rows.at["BBB", "cheapest_usd"]) and math.isnan(rows.at["BBB", "fair_gdp_share"])
    assert rows[["transfer_usd", "equal_transfer_usd", "after_usd"]].isna().all(axis=None)  # none to AAA either
    said = " ".join(found.findings["message"])
    assert "transfers are unknown: nothing above zero is known for every member" in said
    assert "left out are extra landed cost of wheat" in said
    assert "BBB: nothing above zero is known, so left out" in said
    lines = dict(headlines(found.tables, found.meta))
    assert lines["What it costs"].startswith("At least 960 USD") and "1 part is unknown" in lines["What it costs"]
    assert "Land AAA 960 USD" in lines["Who bears it"] and "unknown for Land BBB" in lines["Who bears it"]
    assert "No transfers can be said" in lines["Fair shares"] and "known parts only" in lines["Fair shares"]
    assert "Land BBB unknown, unknown, unknown" in picture_in_words(found.sharing, found.meta)


def test_break_even_is_unknown_where_the_cost_is(two: resilience.Case) -> None:
    costs = _yearly_cost(far_from_bbb(two))
    assert costs["AAA"].share == pytest.approx(960 / 1e6) and math.isnan(costs["BBB"].share)


def test_goods_in_value_have_no_comparable_prices(make: Maker) -> None:
    """Moved 60 kUSD are 60 000 USD; with the region 30 % dearer they cost 18 000 USD more, without a premium nobody
    knows."""
    case = make(
        [("XXX", "AAA", 120.0, "wheat", 120000.0)],
        [
            {"country": "AAA", "production": 0},
            {"country": "XXX", "production": 120},
            {"country": "RRR", "production": 0, "capacity": 60},
        ],
        region=["AAA", "RRR"],
        cut=["XXX"],
        survival={"critical_share": 0.5},
        data={"unit": "kUSD"},
    )
    row = cell(resilience.burden(case).burden, plan="cheapest", good="wheat", member="AAA", kind="landed")
    assert math.isnan(row["usd"]) and row["status"] == "unknown"
    premium = resilience.load(case.file.path, overrides=["burden.region_premium=0.3"])
    row = cell(resilience.burden(premium).burden, plan="cheapest", good="wheat", member="AAA", kind="landed")
    assert row["usd"] == pytest.approx(18000.0) and row["status"] == "assumed"


def test_unknown_gdp_leaves_costs_and_says_so(two: resilience.Case) -> None:
    case = with_figures(two, {"BBB": 4e6}, {"BBB": 100})
    found = resilience.burden(case)
    row = cell(found.burden, plan="nearest", good="wheat", member="AAA", kind="landed")
    assert row["usd"] == pytest.approx(360.0) and math.isnan(row["gdp_share"]) and math.isnan(row["usd_per_head"])
    assert math.isnan(cell(found.burden, plan="nearest", good=ALL, member=ALL, kind="total")["gdp_share"])
    row = cell(found.sharing, member="AAA")
    assert math.isnan(row["transfer_usd"]) and math.isnan(row["fair_gdp_share"]) and "GDP unknown" in row["note"]
    assert row["fair_usd"] <= row["cheapest_usd"] + 1e-3  # it does not count, but is not made to pay either
    assert any("AAA: gdp_usd is unknown" in text for text in found.findings["message"])


def test_outliers_are_held_and_named(two: resilience.Case) -> None:
    """The median is 10; RRR's price of 16 000 a unit is held at three times that: 60 · (30 − 10) = 1200 USD."""
    path = two.file.dataset / "flows.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",160.0,", ",160000.0,"), encoding="utf-8")
    case = resilience.load(two.file.path)
    assert cell(resilience.burden(case).burden, plan="cheapest", good="wheat", member="AAA", kind="landed")[
        "usd"
    ] == pytest.approx(1200.0)
    free = resilience.load(two.file.path, overrides=["burden.price_limit=inf"])
    data = resilience.families.figures(free, "wheat")  # type: ignore[attr-defined]
    assert costs_of(free, data).landed.at["RRR", "AAA"] == pytest.approx(16000.0)


def test_freight_by_distance(two: resilience.Case) -> None:
    found = far_from_bbb(two)
    row = cell(found.burden, plan="nearest", good="wheat", member="AAA", kind="landed")
    assert row["usd"] == pytest.approx(60 * (6 + 10))
    row = cell(found.burden, plan="nearest", good="wheat", member="BBB", kind="landed")
    assert math.isnan(row["usd"]) and row["status"] == "unknown"


def test_no_share_suffices_has_no_plan_to_cost(make: Maker) -> None:
    case = make(
        [("XXX", "AAA", 120.0, "wheat", 1200.0)],
        [{"country": "AAA", "production": 0}, {"country": "XXX", "production": 120}],
        cut=["XXX"],
    )
    found = resilience.burden(case)
    row = cell(found.burden, plan="nearest", good="wheat", member="AAA", kind="landed")
    assert math.isnan(row["usd"]) and row["status"] == "unknown" and "no share suffices" in row["note"]
    assert cell(found.burden, plan="nearest", good=ALL, member=ALL, kind="total")["status"] == "unknown"


def test_the_same_codes_are_counted_once(make: Maker) -> None:
    goods = [("ore", "military"), ("dust", "military")]
    flows = [("XXX", "AAA", 120.0, good, 1200.0) for good, _ in goods]
    balances = [{"country": c, "production": made, "good": good} for good, _ in goods
                for c, made in (("AAA", 0), ("XXX", 120))]  # fmt: skip
    balances += [{"country": "RRR", "production": 0, "capacity": 120, "good": good} for good, _ in goods]
    case = make(flows, balances, region=["AAA", "RRR"], cut=["XXX"], survival={"critical_share": 0.5},
                data={"goods": goods})  # fmt: skip
    path = case.file.dataset / "goods.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",t,,", ",t,2504 2505,"), encoding="utf-8")
    case = resilience.load(case.file.path, overrides=["burden.price_limit=1"])
    assert counted_once(case) == {"dust": "ore"}
    found = resilience.burden(case)
    assert any("same customs codes" in text for text in found.findings["message"])
    for member in ("AAA", ALL):
        for kind in ("landed", "capacity", "total"):
            one = cell(found.burden, plan="nearest", good="ore", member=member, kind=kind)["usd"]
            assert cell(found.burden, plan="nearest", good=ALL, member=member, kind=kind)["usd"] == pytest.approx(
                one
            )


def engines(make: Maker, **keys: Any) -> resilience.Case:
    """AAA makes 121 engines of 120 ore, which it buys from XXX (cut) at 10, and sells one abroad; φ = 0.5.

    So half of 120/121 of the ore, 59.504, must come from elsewhere: RRR (up to 90) sells at 12, SSS (up to 1000) at 16.
    """
    flows = [("XXX", "AAA", 120.0, "ore", 1200.0), ("AAA", "ZZZ", 1.0, "engine", 90.0)]
    flows += [("RRR", "ZZZ", 1.0, "ore", 12.0), ("SSS", "ZZZ", 1.0, "ore", 16.0)]
    balances = [
        {"country": "AAA", "production": 121, "good": "engine"},
        {"country": "ZZZ", "production": 0, "good": "engine"},
        {"country": "AAA", "production": 0, "good": "ore"},
        {"country": "XXX", "production": 120, "good": "ore"},
        {"country": "ZZZ", "production": 0, "good": "ore"},
        {"country": "RRR", "production": 1, "capacity": 90, "good": "ore"},
        {"country": "SSS", "production": 1, "capacity": 1000, "good": "ore"},
    ]
    goods = [("engine", "military"), ("ore", "military")]
    recipes = [{"good": "engine", "input": "ore"}]
    case = make(
        flows,
        balances,
        region=["AAA", "RRR", "SSS"],
        cut=["XXX"],
        survival={"critical_share": 0.5},
        response={"new_capacity": 0.0},
        data={"goods": goods, "recipes": recipes},
        **keys,
    )
    return with_figures(case, GDP, PEOPLE)


def test_the_cheapest_plans_of_a_chain_by_hand(make: Maker) -> None:
    """The plan nearest to today turns to the large supplier, 59.504 · 6 = 357.02 USD; the cheapest to the cheap one,
    59.504 · 2 = 119.01 USD."""
    found = resilience.burden(engines(make))
    for plan, usd in (("nearest", 43200 / 121), ("cheapest", 14400 / 121), ("fair", 14400 / 121)):
        row = cell(found.burden, plan=plan, good="ore", member="AAA", kind="landed")
        assert row["usd"] == pytest.approx(usd, rel=1e-5), plan
        assert "solved together with engine, ore" in row["note"]
        assert cell(found.burden, plan=plan, good="engine", member="AAA", kind="total")["usd"] == 0.0
        assert cell(found.burden, plan=plan, good=ALL, member=ALL, kind="total")["usd"] == pytest.approx(
            usd, rel=1e-5
        )
    assert found.sharing.set_index("member").at[ALL, "price_of_fairness"] == 0.0


def test_the_mix_of_a_good_of_a_chain_by_hand(make: Maker) -> None:
    """The ore while the engines cost no more, nothing: sourcing alone 119.01 USD as above. Stock alone must last for 59.504
    of the 120 units of a year, 5.9504 months; at 10 USD a unit and 10 % a year, 59.50 USD, less than moving. Half of
    a unit is not served anyway, so restraint alone is the other half at five times the value once in twenty years:
    59.504 · 10 · 5 · 0.05 = 148.76 USD."""
    found = resilience.burden(engines(make))
    rows = found.mix[found.mix["good"] == "ore"].set_index("way")
    assert rows.at["sourcing", "usd"] == pytest.approx(14400 / 121, rel=1e-4)
    assert rows.at["stock", "more_stock"] == pytest.approx(5.9504, rel=1e-3)
    assert (
        rows.at["stock", "usd"]
        == pytest.approx(59.504, rel=1e-3)
        == pytest.approx(rows.at["mix", "usd"], rel=1e-3)
    )
    assert (rows["note"].str.contains("engine cost no more than in the cheapest plans")).all()
    lines = dict(headlines(found.tables, found.meta))
    assert "while the others cost no more than in the cheapest plans" in lines["Stocks or shares"]
    assert "Ore 2 USD (from 50 %)" in lines["One more point"]


def test_the_price_of_a_point_of_an_input_by_hand(make: Maker) -> None:
    """A point of the ore is 1.2 units that move to RRR, 2 USD dearer: 2.40 USD, until RRR's 90 units are sold. Engines
    are made at home, all of them: they cannot have more."""
    rows = resilience.burden(engines(make)).share_price.set_index("good")
    assert rows.at["engine", "note"].startswith("the floor is 100 % already: there is no more")
    row = rows.loc["ore"]
    assert row["floor"] == pytest.approx(60 / 121) and row["usd"] == pytest.approx(14400 / 121, rel=1e-4)
    assert row["usd_per_point"] == pytest.approx(2.40, rel=1e-4) == pytest.approx(row["next_point_usd"], rel=1e-4)
    assert row["holds_to"] == pytest.approx(0.75, abs=1e-5) and row["status"] == "assumed"
    assert row["note"] == "what engine, ore cost together, with the floors of the others as planned"


@pytest.fixture
def growing(make: Maker) -> resilience.Case:
    """AAA uses 120 engines, makes 60 of them from 60 ore and buys 60 and the ore from XXX (cut) at 100 and 10 USD.

    φ = 0.75: 90 engines must come from home, so that 30 are built for at 200 USD, 7 % and 20 years: 566.36 USD a
    year. They ask for 90 ore a year in peace and in crisis. Fifteen are in stock, 75 come from RRR at 12 USD, 150 USD
    more than today: five sixths of what is needed. Both together: 716.36 USD.
    """
    flows = [("XXX", "AAA", 60.0, "engine", 6000.0), ("XXX", "AAA", 60.0, "ore", 600.0)]
    flows += [("RRR", "ZZZ", 1.0, "ore", 12.0)]
    balances: list[dict[str, Any]] = [
        {"country": "AAA", "production": 60, "good": "engine"},
        {"country": "XXX", "production": 60, "good": "engine"},
        {"country": "AAA", "production": 0, "stock": 15, "good": "ore"},
        {"country": "XXX", "production": 60, "good": "ore"},
        {"country": "ZZZ", "production": 0, "good": "ore"},
        {"country": "RRR", "production": 1, "capacity": 1000, "good": "ore"},
    ]
    goods = [("engine", "military"), ("ore", "military")]
    case = make(flows, balances, region=["AAA", "RRR"], cut=["XXX"], survival={"critical_share": 0.75},
                data={"goods": goods, "recipes": [{"good": "engine", "input": "ore"}]})  # fmt: skip
    return with_figures(case, GDP, PEOPLE)


BUILT = 200 * 0.0943929  # a year, of one engine that is built for


def test_the_price_of_a_point_in_a_chain_by_hand(growing: resilience.Case) -> None:
    """A point of engines is 1.2 more that are built for; they ask for 1.2 ore, five sixths of it from RRR, 2 USD dearer
    each. A point of ore is 0.9 units, as 90 are needed and not the 60 of today: 1.80 USD."""
    rows = resilience.burden(growing).share_price.set_index("good")
    for good, floor, point in (("engine", 0.75, 1.2 * BUILT + 2.0), ("ore", 5 / 6, 1.8)):
        row = rows.loc[good]
        assert row["floor"] == pytest.approx(floor, abs=1e-6)
        assert row["usd"] == pytest.approx(30 * BUILT + 150, rel=1e-4)
        assert row["usd_per_point"] == pytest.approx(point, rel=1e-4)
        assert row["next_point_usd"] == pytest.approx(point, rel=1e-4)
        assert row["holds_to"] == pytest.approx(1.0, abs=1e-4) and row["status"] == "assumed"
    said = dict(headlines(resilience.burden(growing).tables, {"labels": {}, "members": {}}))["One more point"]
    assert (
        said
        == "A floor one point higher for every member costs a year: Engine 25 USD (from 75 %); Ore 2 USD (from 83 %)."
    )


def test_the_price_of_a_point_whose_input_is_dear(growing: resilience.Case) -> None:
    """The same with ore of 28 USD from RRR: 18 USD more for each of the 75, and for the one that a point asks for."""
    flows = growing.file.dataset / "flows.csv"
    text = flows.read_text(encoding="utf-8")
    assert text.count(",12.0,") == 1
    flows.write_text(text.replace(",12.0,", ",28.0,"), encoding="utf-8")
    row = resilience.burden(resilience.load(growing.file.path)).share_price.set_index("good").loc["engine"]
    assert row["usd"] == pytest.approx(30 * BUILT + 75 * 18, rel=1e-4)
    assert row["usd_per_point"] == pytest.approx(1.2 * BUILT + 18, rel=1e-4)
    assert row["next_point_usd"] == pytest.approx(1.2 * BUILT + 18, rel=1e-4)
    assert row["holds_to"] == pytest.approx(1.0, abs=1e-4)


def chain_of(case: resilience.Case) -> PricedChain:
    """The chain of a case with its cheapest plans."""
    unit = CostedGoods(case, resilience.solve(case, rests=False).tables).units[0]
    assert isinstance(unit, PricedChain)
    return unit


def test_the_price_of_a_point_is_that_of_solving_again(growing: resilience.Case) -> None:
    """The price against plans found with the floor written into the model one point higher, and half a point."""
    chain = chain_of(growing)
    for good in ("engine", "ore"):
        found, usd = chain.price_of_share(good), {}
        for more in (0.0, 0.005, 0.01):
            shares = {**chain.shares, good: chain.shares[good] + more}
            again = PricedChain(chain.coupled, chain.costs, shares, ["engine", "ore"])
            again.cheapest(["engine", "ore"])
            there = again.at_floor(good, shares[good])
            assert there is not None
            usd[more] = there.objective * again.worth_of(good)
        assert found["usd"] == pytest.approx(usd[0.0], rel=1e-5)
        assert found["next_point_usd"] == pytest.approx(usd[0.01] - usd[0.0], rel=1e-3)
        assert found["usd_per_point"] == pytest.approx(2 * (usd[0.005] - usd[0.0]), rel=1e-3)


def test_no_price_where_there_is_no_more_share(growing: resilience.Case) -> None:
    """All demand is critical and no ore in stock: both shares are 100 %."""
    balances = growing.file.dataset / "balances.csv"
    balances.write_text(balances.read_text(encoding="utf-8").replace(",15,", ",0,"), encoding="utf-8")
    whole = resilience.load(growing.file.path, overrides=["survival.critical_share=1"])
    rows = resilience.burden(whole).share_price.set_index("good")
    for good in ("engine", "ore"):
        assert rows.at[good, "floor"] == pytest.approx(1.0) and rows.at[good, "usd"] > 0
        assert rows.loc[good, ["usd_per_point", "next_point_usd", "holds_to"]].isna().all()
        assert rows.at[good, "note"].startswith("the floor is 100 % already: there is no more")


def test_no_price_where_no_more_can_be_built(growing: resilience.Case) -> None:
    """Engines may grow by half, to 90: 75 % is the most that AAA can have. The price of ore is not touched."""
    rows = resilience.burden(
        resilience.load(growing.file.path, overrides=["response.new_capacity=0.5"])
    ).share_price
    rows = rows.set_index("good")
    assert rows.loc["engine", ["usd_per_point", "next_point_usd", "holds_to"]].isna().all()
    assert rows.at["engine", "note"].startswith("no surviving plan gives every member more than 75.0 %")
    assert rows.at["ore", "next_point_usd"] == pytest.approx(1.8, rel=1e-4)


def test_a_good_of_a_chain_takes_the_plan_of_the_whole_chain(make: Maker) -> None:
    """Engines asked for alone are planned with the ore, as if both were asked for; the sum counts engines only."""
    found, both = resilience.burden(engines(make, goods=["engine"])), resilience.burden(engines(make))
    assert set(found.burden["good"]) == {"engine", ALL}
    for plan in ("nearest", "cheapest", "fair"):
        total = cell(found.burden, plan=plan, good=ALL, member="AAA", kind="total")
        assert total["usd"] == 0.0 and total["unknown_parts"] == 0
        assert (
            "solved together with engine, ore"
            in cell(found.burden, plan=plan, good="engine", member="AAA", kind="landed")["note"]
        )
    said = " ".join(found.findings["message"])
    assert "no cheapest plan" not in said and "ore: hang together with goods asked for" in said
    mixes = [one.mix[one.mix["good"] == "engine"].reset_index(drop=True) for one in (found, both)]
    assert mixes[0].equals(mixes[1]) and len(mixes[0]) == 4


def test_burden_and_tiers_agree_on_the_cheapest_plans(make: Maker) -> None:
    """What tiers calls the cost as written is burden's least cost, whichever goods of a chain are asked for."""
    for goods in (["engine"], ["engine", "ore"]):
        case = engines(make, goods=goods)
        whole = cell(resilience.burden(case).burden, plan="cheapest", good=ALL, member=ALL, kind="total")
        before = outcome(case, ["XXX"])
        assert total_cost(before) == pytest.approx((whole["usd"], whole["unknown_parts"]), rel=1e-12)


def test_a_plan_that_was_not_found_is_not_called_cheapest(make: Maker) -> None:
    """Under solidarity no cheapest plan is computed: the nearest has its cost, cheapest and fair are unknown."""
    flows = [("XXX", "AAA", 120.0, "wheat", 1200.0), ("RRR", "ZZZ", 10.0, "wheat", 160.0)]
    balances: list[dict[str, Any]] = [{"country": c, "production": 0} for c in ("AAA", "ZZZ")]
    balances += [{"country": "XXX", "production": 120}, {"country": "RRR", "production": 10, "capacity": 70}]
    case = make(flows, balances, region=["AAA", "RRR"], cut=["XXX"], survival={"critical_share": 0.5},
                response={"solidarity": True})  # fmt: skip
    found = resilience.burden(with_figures(case, GDP, PEOPLE))
    rows = found.sharing.set_index("member")
    assert rows.at["AAA", "nearest_usd"] == pytest.approx(360.0)
    assert rows[["cheapest_usd", "fair_usd"]].isna().all(axis=None)
    lines = dict(headlines(found.tables, found.meta))
    assert "unknown in the cheapest plans" in lines["What it costs"]
    assert "no others make it smaller" not in lines["Fair shares"]


def test_the_mix_where_sourcing_alone_fails(make: Maker) -> None:
    """AAA buys 120 from XXX, which is cut, and nobody else sells: no share suffices. Stock for a year is 120 units at
    10 USD and 10 %, 120 USD; restraint is 120 · 10 · 5 · 0.05 = 300 USD."""
    case = make([("XXX", "AAA", 120.0, "wheat", 1200.0)],
                [{"country": "AAA", "production": 0}, {"country": "XXX", "production": 120}], cut=["XXX"])  # fmt: skip
    found = resilience.burden(with_figures(case, GDP, PEOPLE))
    rows = found.mix.set_index("way")
    assert math.isnan(rows.at["sourcing", "usd"]) and "do not survive" in rows.at["sourcing", "note"]
    assert rows.at["stock", "usd"] == pytest.approx(120.0) == pytest.approx(rows.at["mix", "usd"])
    assert rows.at["stock", "more_stock"] == pytest.approx(12.0)
    assert rows.at["restraint", "usd"] == pytest.approx(300.0)
    assert any(text.startswith("wheat: no share suffices") for text in found.findings["message"])
    assert found.share_price["good"].tolist() == ["wheat"] and found.share_price["usd"].isna().all()
    assert found.sharing["free_rides"].isna().all()  # nobody knows who would pay
    assert found.meta["mixed_years"] == ""  # no trade stands in any sum, so that no years are mixed
    said = dict(headlines(found.tables, found.meta))["Stocks or shares"]
    assert "sourcing alone is not enough, stock alone 120 USD, the cheapest mix 120 USD with 12.0 months" in said
    assert said.startswith("A year, with one level of stock and of restraint for all members")


def test_what_is_to_be_doubted_stands_in_the_words(make: Maker) -> None:
    """AAA makes 1 of 120, is cut off from the rest and must build 119, 119 times what it sells today."""
    case = make([("XXX", "AAA", 119.0, "wheat", 1190.0)],
                [{"country": "AAA", "production": 1}, {"country": "XXX", "production": 119}], cut=["XXX"])  # fmt: skip
    found = resilience.burden(case)
    said = dict(headlines(found.tables, found.meta))["What it costs"]
    assert said.endswith("To be doubted: wheat: AAA would build 119 times what it sells today.")


def test_or_more_stands_behind_each_bar(two: resilience.Case) -> None:
    found = resilience.burden(two)
    unsure = found.sharing.assign(status=["unknown", "assumed", "unknown"])
    texts = [text.get_text() for text in draw(unsure, found.meta).axes[0].texts]
    assert texts == [" or more"] * 3


def test_the_price_of_fairness_in_words(two: resilience.Case) -> None:
    found = resilience.burden(two)
    rows = found.sharing.assign(fair_gdp_share=found.sharing["fair_gdp_share"] / 2)
    for price, text in ((0.0, "pay no more: fairness has no price."), (0.0004, "pay less than 0.1 % more,"),
                        (0.049, "pay 4.9 % more, the price of fairness.")):  # fmt: skip
        said = headlines({**found.tables, "sharing": rows.assign(price_of_fairness=price)}, found.meta)
        assert text in dict(said)["Fair shares"]


# Laws


def priced(seed: int, members: int = 3) -> tuple[ModelData, Costs, Engine]:
    """A random good with prices of suppliers, and the engine of its plans without prices."""
    rng = np.random.default_rng(seed)
    good, cutoffs = random_good(rng, members)
    data = model_data(good, cutoffs)
    costs = Costs(
        good=good,
        landed=good.price,
        sure=good.price.map(lambda _: "observed"),
        value=1.0,
        built=float(rng.choice([0.0, 0.2, 1.0])),
        built_status="assumed",
        held=0.1,
        missed=0.25,
        findings=(),
    )
    program = compile_model(build(data))
    return data, costs, Engine(data, program, program)


@pytest.mark.slow
@given(st.integers(0, 10_000))
def test_no_plan_is_cheaper_than_the_cheapest(seed: int) -> None:
    data, costs, engine = priced(seed)
    first = engine.minimise(engine.joint, "least_share", "share")
    if first is None:
        return
    share = min(max(first.objective, 0.0), 1.0)
    plan, building = nearest_plan(engine, "shift", share)
    assert plan is not None
    nearest = cost_plan(data, costs, plan, building)
    one = Priced(data, costs, share)
    cheapest = one.cheapest()
    small = 1e-5 * one.worth
    total = {name: sum(p.known(m) for m in data.good.members) for name, p in (("n", nearest), ("c", cheapest))}
    assert 0 <= total["c"] <= total["n"] + small
    # the cheapest plan keeps the rules: everybody is supplied, and its cost is what the programme says
    assert np.allclose(cheapest.plan.sum(), data.good.demand, rtol=1e-5)
    solution = one.engine.minimise(one.at_share, "least_cost", "again")
    assert solution is not None and total["c"] == pytest.approx(solution.objective * one.worth, abs=small)
    # and the mix, with all levers, costs no more than any way by itself, nor than the plan at the share
    ways = {row["way"]: row.get("usd", np.nan) for row in mix_rows(one)}
    known = [usd for usd in ways.values() if usd is not None and not math.isnan(usd)]
    assert ways["mix"] <= min([*known, total["c"]]) + small


@given(st.integers(0, 10_000))
def test_the_price_of_a_point_is_the_slope(seed: int) -> None:
    data, costs, engine = priced(seed, 2)
    first = engine.minimise(engine.joint, "least_share", "share")
    if first is None:
        return
    one = Priced(data, costs, min(max(first.objective, 0.0), 1.0))
    found = one.price_of_share()
    if math.isnan(found["usd_per_point"]):
        return
    small = 1e-5 * one.worth
    assert found["next_point_usd"] >= found["usd_per_point"] - small or math.isnan(
        found["next_point_usd"]
    )  # convex
    for part in (0.5, 1.0):
        floor = one.share + part * (found["holds_to"] - one.share)
        there = one.at_floor(floor - 1e-9)
        assert there is not None
        line = found["usd"] + (floor - one.share) * 100 * found["usd_per_point"]
        assert there.objective * one.worth == pytest.approx(line, abs=small + 1e-4 * abs(line))


def test_moving_within_prices_by_hand() -> None:
    """One member, 40 from the cut X at 10, 60 from Y at 14, R sells at 13: moving 40 from X to R costs 40 · 3 = 120,
    although the mean price of today is 12.4."""
    baseline = pd.DataFrame({"M": [0.0, 40.0, 60.0, 0.0]}, index=["M", "X", "Y", "R"])
    good = figures(baseline, {"M": 1.0, "R": 1.0}, capacity=pd.Series(100.0, index=baseline.index),
                   price=np.array([[13.0], [10.0], [14.0], [13.0]]))  # fmt: skip
    data = model_data(good, [Cutoff("cut", {"X": 1.0})])
    costs = Costs(good, good.price, good.price.map(lambda _: "observed"), 10.0, 1.0, "assumed", 1.0, 1.0, ())
    plan = baseline.copy()
    plan.loc["X"], plan.loc["R"] = 0.0, 40.0
    assert cost_plan(data, costs, plan, {}).landed["M"] == pytest.approx(120.0)
    swapped = baseline.copy()
    swapped.loc["Y"], swapped.loc["R"] = 0.0, 60.0  # cheaper on paper, dearer than what is at risk
    costed = cost_plan(data, costs, swapped, {})
    assert costed.on_paper["M"] == pytest.approx(-60.0) and costed.landed["M"] == pytest.approx(180.0)


# Outputs


def test_tables_follow_the_schema_and_add_up(two: resilience.Case) -> None:
    found = resilience.burden(two)
    assert set(found.tables) == {"burden", "sharing", "share_price", "mix", "findings", "assumptions"}
    for name, frame in found.tables.items():
        table = ECONOMY.get(name) or RESULTS[name]
        assert tuple(frame.columns) == table.names
        if table.keys:
            assert not frame.duplicated(list(table.keys)).any()
    rows = found.burden.set_index(["plan", "good", "member", "kind"])["usd"]
    for plan in ("nearest", "cheapest", "fair"):
        for good in ("wheat", ALL):
            for member in ("AAA", "BBB", ALL):
                parts = sum(rows[plan, good, member, kind] for kind in ("landed", "capacity", "stock"))
                assert rows[plan, good, member, "total"] == pytest.approx(parts)
            assert rows[plan, good, ALL, "total"] == pytest.approx(
                sum(rows[plan, good, m, "total"] for m in ("AAA", "BBB"))
            )
    assert set(found.assumptions["parameter"]) == set(BURDEN)
    with pytest.raises(AttributeError, match="its tables are"):
        _ = found.nothing


def test_command_and_files(two: resilience.Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(two.file.path)
    assert main(["burden", path, "--out", str(tmp_path / "b.xlsx")]) == 0
    printed = capsys.readouterr().out
    assert "Land AAA" in printed and "360 USD" in printed and "What it costs" in printed
    book = openpyxl.load_workbook(tmp_path / "b.xlsx")
    formulas = [cell.value for row in book["Cover"].iter_rows() for cell in row if cell.data_type == "f"]
    assert not formulas  # none that asks the sheet Checks, which is not there
    assert book.sheetnames == [
        "Cover",
        "Picture",
        "Sharing",
        "Burden",
        "Share price",
        "Mix",
        "Assumptions",
        "Findings",
    ]
    assert main(["burden", path, "--out", str(tmp_path / "b.json"), "--quiet"]) == 0
    document = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))
    assert len(document["tables"]["burden"]) > 10
    assert main(["burden", path, "--out", str(tmp_path / "folder"), "--quiet"]) == 0
    assert {file.stem for file in (tmp_path / "folder").iterdir()} == {*document["tables"], "meta"}
    assert main(["burden", path, "--out", str(tmp_path / "b.svg"), "--quiet"]) == 0
    assert "Land AAA" in (tmp_path / "b.svg").read_text(encoding="utf-8")
    assert main(["burden", path, "--out", str(tmp_path / "b.csv"), "--quiet"]) == 2


@pytest.mark.parametrize(
    ("where", "table", "column"),
    [
        ("economics.priced.Priced.cheapest", "share_price", "usd"),
        ("economics.priced.Priced.price_of_share", "share_price", "usd"),
        ("economics.burden.mix_rows", "mix", "usd"),
        ("economics.burden.fair_plans", "sharing", "fair_usd"),
    ],
)
def test_what_is_not_certified_is_named_and_no_number(
    two: resilience.Case, monkeypatch: pytest.MonkeyPatch, where: str, table: str, column: str
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise SolverError("no answer", "wheat", (1, 1, 1))

    monkeypatch.setattr(f"resilience.{where}", fails)
    found = resilience.burden(two)
    assert "the solver gave no certified answer (wheat: no answer" in " ".join(found.findings["message"])
    rows = found.tables[table]
    if table == "sharing":
        assert rows["fair_usd"].isna().all() and rows["cheapest_usd"].tolist() == [360.0, 360.0, 720.0]
        assert "the fair plans are unknown" in " ".join(found.findings["message"])
        lines = dict(headlines(found.tables, found.meta))
        assert "what it would be in fair plans is unknown" in lines["Fair shares"]
    else:
        assert rows[column].isna().all() and set(rows["status"]) == {"unknown"}
        assert rows["note"].str.contains("no certified answer").all()
    total = cell(found.burden, plan="cheapest", good=ALL, member=ALL, kind="total")
    assert math.isnan(total["usd"]) if where.endswith("cheapest") else total["usd"] == pytest.approx(720.0)


def test_the_same_result_gives_the_same_bytes(two: resilience.Case, tmp_path: Path) -> None:
    found = resilience.burden(two)
    for suffix in (".png", ".svg", ".xlsx"):
        files = [tmp_path / f"{n}{suffix}" for n in range(2)]
        for file in files:
            found.to_excel(file) if suffix == ".xlsx" else burden_picture(found.sharing, file, found.meta)
        assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("burden.discount=0.1", 'unknown key "discount"'),
        ("burden.life_years=0", "out of range"),
        ("burden.freight_usd_per_t_km=-1", "out of range"),
        ("burden.capacity_usd_per_unit.weat=1", 'did you mean "wheat"'),
    ],
)
def test_bad_settings_are_named(two: resilience.Case, key: str, text: str) -> None:
    with pytest.raises(resilience.InputError, match=text):
        resilience.load(two.file.path, overrides=[key])


def test_money_in_words() -> None:
    assert money(1.234e8) == "123 million USD" and money(2.5e9) == "2.50 billion USD"
    assert money(999.6) == "1,000 USD" and money(math.nan) == "–" and money(-3e6) == "-3.00 million USD"
    assert money(-0.3) == "0 USD" and bound(math.nan, "unknown") == "unknown"
    assert bound(5.0, "unknown") == "at least 5 USD" and bound(5.0, "assumed") == "5 USD"
    assert parts_unknown(1) == "1 part is unknown" and parts_unknown(14) == "14 parts are unknown"


def test_headlines_say_at_least_where_parts_are_unknown(two: resilience.Case) -> None:
    found = resilience.burden(two)
    lines = dict(headlines(found.tables, found.meta))
    assert "at least" not in lines["What it costs"].lower() and "720 USD" in lines["What it costs"]
    path = two.file.dataset / "flows.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("1200.0", "").replace("160.0", ""), encoding="utf-8")
    found = resilience.burden(resilience.load(two.file.path))
    lines = dict(headlines(found.tables, found.meta))
    assert lines["What it costs"].startswith(
        "Unknown in the nearest plans, unknown in the cheapest plans; "
        "in the nearest plans 2 parts are unknown, in the cheapest plans 6 parts"
    )


def test_progress_goes_through_the_goods_twice(two: resilience.Case) -> None:
    """Once as they are solved, once as they are costed; a result that is given is not solved again."""
    calls: list[tuple[int, int]] = []

    def told(good: str, done: int, total: int) -> None:
        assert good in two.goods
        calls.append((done, total))

    count = len(two.goods)
    once = [(done, count) for done in range(1, count + 1)]
    result = resilience.solve(two, rests=False)
    resilience.burden(two, result, progress=told)
    assert calls == once
    calls.clear()
    resilience.burden(two, progress=told)
    assert calls[-count:] == once and len(calls) >= 2 * count
