"""Chains solved by hand: two and three stages, essential and substitutable inputs, several members, groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chain_by_hand import ALL, ByHand, Small, random_chain
from conftest import Maker, row
from hypothesis import given, settings
from hypothesis import strategies as st

import resilience
from resilience.families import all_figures, couple_family, solve_family
from resilience.program import Program
from resilience.reading import chains, planned
from resilience.reading.requirements import Wanted

GOODS = (("magnet", "military"), ("powder", "military"), ("ore", "military"))


def balance(country: str, good: str, **known: Any) -> dict[str, Any]:
    return {"country": country, "good": good, **known}


def link(result: resilience.Result, name: str, good: str = "magnet", member: str = "AAA") -> Any:
    table = result.tables["chain"]
    found = table[(table["good"] == good) & (table["input"] == name) & (table["member"] == member)]
    return found[found["cutoff"] == "ALL"].iloc[0]


def two_stages(make: Maker, **options: Any) -> resilience.Case:
    """AAA makes 60 of its 100 magnets from powder, 50 from CHN and 10 from FRD; CHN sells it the other 40."""
    recipes = options.pop("recipes", [{"good": "magnet", "input": "powder"}])
    settings = {"survival": {"months": 2, "critical_share": 0.8}, "response": {"new_capacity": 0.0}}
    return make(
        [("CHN", "AAA", 40, "magnet"), ("CHN", "AAA", 50, "powder"), ("FRD", "AAA", 10, "powder")],
        [
            balance("AAA", "magnet", production=60, capacity=90),
            balance("CHN", "magnet", production=40),
            balance("AAA", "powder", production=0),
            balance("CHN", "powder", production=50),
            balance("FRD", "powder", production=10, capacity=100),
        ],
        region=["AAA", "FRD"],
        cut=["CHN"],
        data={"goods": GOODS[:2], "recipes": recipes},
        **(settings | options),
    )


def test_without_a_recipe_the_goods_stand_apart(make: Maker) -> None:
    result = resilience.solve(two_stages(make, recipes=()))
    assert row(result, "AAA", good="magnet")["share"] == pytest.approx(0.8)
    assert row(result, "AAA", good="powder")["share"] == pytest.approx(0.8)
    assert result.tables["chain"].empty


def test_two_stages(make: Maker) -> None:
    """80 magnets must be made at home, so 80 of powder are needed, and all of it must survive: 80 / 80."""
    result = resilience.solve(two_stages(make))
    for member in ("AAA", "ALL"):
        assert row(result, member, good="magnet")["share"] == pytest.approx(0.8)
        assert row(result, member, good="powder")["share"] == pytest.approx(1.0)
    found = link(result, "powder")
    assert (found["weakest"], found["joint"], found["stage"]) == ("yes", "yes", 1)
    assert found["input_share"] == pytest.approx(1.0)
    assert found["input_share_today"] == pytest.approx(1 / 6)
    assert "but only if Powder reaches 100 % (17 % today)" in found["text"]
    plan = result.plan.set_index(["good", "supplier"])["planned"]
    assert plan["magnet", "AAA"] == pytest.approx(80)
    assert plan["powder", "FRD"] == pytest.approx(80)


def test_no_programme_of_a_row_is_solved_twice(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a row's programme can be solved is asked with its least share, which is then known."""
    asked: list[tuple[Program, str]] = []  # kept, so that no two have the same identity
    once = planned.minimise

    def noted(program: Program, objective: str, *more: Any) -> Any:
        asked.append((program, objective))
        return once(program, objective, *more)

    monkeypatch.setattr(planned, "minimise", noted)
    case = two_stages(make)
    (coupled,) = couple_family(case, {good: data for good, data in all_figures(case).items() if data is not None})
    rows = chains.wanted_rows(coupled, planned.Compiler(), Wanted(("AAA", ALL)))
    assert [rows[good][0]["share"] for good in ("magnet", "powder")] == pytest.approx([0.8, 1.0])
    assert len(asked) >= 10
    assert len({(id(program), objective) for program, objective in asked}) == len(asked)


def powder_from(china: float, friend: float, **known: Any) -> list[dict[str, Any]]:
    """Balances of powder that is made in CHN and FRD and used in AAA; ``known`` is what is known of AAA's."""
    return [
        balance("AAA", "powder", production=0, **known),
        balance("CHN", "powder", production=china),
        balance("FRD", "powder", production=friend, capacity=200),
    ]


def magnets(
    make: Maker,
    *,
    china: float = 50,
    friend: float = 10,
    needs: dict[str, Any] | None = None,
    stock: Any = "",
    demand: Any = "",
    critical: float = 0.8,
    response: dict[str, Any] | None = None,
    **options: Any,
) -> resilience.Case:
    """AAA makes 60 of its 100 magnets and can make 90; CHN sells it the rest, and powder besides FRD, which has 200."""
    return make(
        [("CHN", "AAA", 40, "magnet"), ("CHN", "AAA", china, "powder"), ("FRD", "AAA", friend, "powder")],
        [
            balance("AAA", "magnet", production=60, capacity=90),
            balance("CHN", "magnet", production=40),
            *powder_from(china, friend, stock=stock, demand=demand),
        ],
        region=["AAA", "FRD"],
        data={"goods": GOODS[:2], "recipes": [{"good": "magnet", "input": "powder"} | (needs or {})]},
        survival={"months": 2, "critical_share": critical},
        response={"new_capacity": 0.0} | (response or {}),
        **({"cut": ["CHN"]} | options),
    )


def messages(result: resilience.Result) -> str:
    return "\n".join(result.tables["findings"]["message"])


def test_three_stages(make: Maker) -> None:
    """80 magnets from 80 of powder, all made at home, from 80 of ore, all from FRD: what is needed is 80 / 80 of both.

    Of ore FRD sells 10 of 60 today, so ore is the weakest link, two stages up.
    """
    case = make(
        [("CHN", "AAA", 40, "magnet"), ("CHN", "AAA", 50, "ore"), ("FRD", "AAA", 10, "ore")],
        [
            balance("AAA", "magnet", production=60, capacity=90),
            balance("CHN", "magnet", production=40),
            balance("AAA", "powder", production=60, capacity=90),
            balance("AAA", "ore", production=0),
            balance("CHN", "ore", production=50),
            balance("FRD", "ore", production=10, capacity=100),
        ],
        region=["AAA", "FRD"],
        cut=["CHN"],
        data={
            "goods": GOODS,
            "recipes": [{"good": "powder", "input": "ore"}, {"good": "magnet", "input": "powder"}],
        },
        survival={"months": 2, "critical_share": 0.8},
        response={"new_capacity": 0.0},
    )
    result = resilience.solve(case)
    for member in ("AAA", "ALL"):
        assert row(result, member, good="magnet")["share"] == pytest.approx(0.8)
        assert row(result, member, good="powder")["share"] == pytest.approx(1.0)
        assert row(result, member, good="ore")["share"] == pytest.approx(1.0)
        assert row(result, member, good="ore")["share_today"] == pytest.approx(1 / 6)
        assert row(result, member, good="ore")["status"] == "raise"
    assert (link(result, "powder")["stage"], link(result, "ore")["stage"]) == (1, 2)
    assert (link(result, "powder")["into"], link(result, "ore")["into"]) == ("magnet", "powder")
    assert (link(result, "powder")["weakest"], link(result, "ore")["weakest"]) == ("no", "yes")
    assert link(result, "ore", good="powder")["stage"] == 1
    plan = result.plan.set_index(["good", "supplier"])["planned"]
    assert plan["magnet", "AAA"] == pytest.approx(80)
    assert plan["powder", "AAA"] == pytest.approx(80)
    assert plan["ore", "FRD"] == pytest.approx(80)


def test_an_input_that_can_be_done_without_changes_nothing(make: Maker) -> None:
    apart = resilience.solve(two_stages(make, recipes=()))
    result = resilience.solve(
        two_stages(make, recipes=[{"good": "magnet", "input": "powder", "essential": False}])
    )
    assert result.requirements.equals(apart.requirements)
    assert result.plan.equals(apart.plan)
    found = link(result, "powder")
    assert (found["essential"], found["joint"], found["weakest"]) == ("no", "no", "no")
    assert "can be done without" in found["text"]


def test_chains_can_be_switched_off(make: Maker) -> None:
    apart = resilience.solve(two_stages(make, recipes=()))
    result = resilience.solve(two_stages(make, response={"new_capacity": 0.0, "chains": False}))
    assert result.requirements.equals(apart.requirements)
    assert result.tables["chain"].empty
    assert result.tables["indirect"].empty


def test_amount_and_loss(make: Maker) -> None:
    """0.6 of powder in a magnet and a quarter of powder lost: 0.6 / (1 − 0.25) = 0.8 a magnet.

    Makers use 0.8 · 60 = 48 of the 96 today. In the plan they use 0.8 · 80 = 64, so that peace demand is
    48 + 64 = 112; in the crisis 0.8 · 48 = 38.4 of final use and 64 must come from FRD.
    """
    result = resilience.solve(magnets(make, china=80, friend=16, needs={"input_per_unit": 0.6, "loss": 0.25}))
    for member in ("AAA", "ALL"):
        assert row(result, member, good="magnet")["share"] == pytest.approx(0.8)
        assert row(result, member, good="powder")["share"] == pytest.approx(102.4 / 112)
        assert row(result, member, good="powder")["share_today"] == pytest.approx(1 / 6)
    assert link(result, "powder")["input_per_unit"] == pytest.approx(0.8)
    plan = result.plan.set_index(["good", "supplier"])["planned"]
    assert plan["powder", "FRD"] == pytest.approx(102.4)
    assert plan["powder", "CHN"] == pytest.approx(9.6)


def test_stock_of_the_input_bridges_months(make: Maker) -> None:
    """80 magnets need 2 · 80/12 of powder in two months. 5 are in stock, so FRD must send 12/2 · (160/12 − 5) = 50
    a year of the 80 that are used: 62.5 %."""
    result = resilience.solve(magnets(make, stock=5))
    for member in ("AAA", "ALL"):
        assert row(result, member, good="magnet")["share"] == pytest.approx(0.8)
        assert row(result, member, good="powder")["share"] == pytest.approx(50 / 80)
        assert row(result, member, good="powder")["month"] == 2


def test_half_the_stock_a_month(make: Maker) -> None:
    """As above, but no more than half of the 5 may be drawn in a month: FRD must send 80/12 − 2.5 a month: 50."""
    result = resilience.solve(magnets(make, stock=5, response={"drawdown": 0.5}))
    assert row(result, "AAA", good="powder")["share"] == pytest.approx(50 / 80)
    result = resilience.solve(magnets(make, stock=5, response={"drawdown": 0.25}))
    assert row(result, "AAA", good="powder")["share"] == pytest.approx((80 - 12 * 1.25) / 80)


def test_demand_below_what_makers_need_is_final_demand(make: Maker) -> None:
    """30 are given and 60 needed, so 30 are final demand and 90 the whole. In the plan 30 + 80 = 110 are used in
    peace; in the crisis 0.8 · 30 + 80 = 104 must come from FRD."""
    result = resilience.solve(magnets(make, demand=30))
    assert "less than its makers of other goods need" in messages(result)
    for member in ("AAA", "ALL"):
        assert row(result, member, good="powder")["share"] == pytest.approx(104 / 110)
        assert row(result, member, good="powder")["share_today"] == pytest.approx(1 / 6)


def test_use_below_what_makers_need_scales_the_recipe(make: Maker) -> None:
    """Of 60 that 60 magnets would need 30 are recorded: half a unit a magnet. 80 magnets need 40, all from FRD."""
    result = resilience.solve(magnets(make, china=25, friend=5))
    assert "(AAA 50 %)" in messages(result)
    assert row(result, "AAA", good="powder")["share"] == pytest.approx(1.0)
    plan = result.plan.set_index(["good", "supplier"])["planned"]
    assert plan["powder", "FRD"] == pytest.approx(40)
    assert plan["powder"].sum() == pytest.approx(40)


def test_a_cutoff_of_the_input_alone_hits_what_is_made_of_it(make: Maker) -> None:
    """CHN goes on selling 40 magnets, so 40 must be made at home in the crisis, of 60 in peace: 40 / 60 of powder.

    Today's powder lets makers make 10: 50 magnets in place of 80, so the share of magnets is enough but not its input.
    """
    for goods in (None, ["magnet"]):
        options: dict[str, Any] = {} if goods is None else {"goods": goods}
        cutoffs = [{"name": "cut", "cut": ["CHN"], "goods": ["powder"]}]
        result = resilience.solve(magnets(make, cutoffs=cutoffs, **options))
        found = row(result, "AAA", good="magnet")
        assert (found["share"], found["status"]) == (pytest.approx(0.6), "shift")
        assert link(result, "powder")["input_share"] == pytest.approx(40 / 60)
        stress = result.stress.set_index(["good", "member", "cutoff"]).loc[("magnet", "AAA", "ALL")]
        assert stress["months_survived"] == 0
        assert stress["worst_shortfall"] == pytest.approx(30 / 80)
        assert stress["total_shortfall"] == pytest.approx(2 * 30 / 12)
        assert set(result.requirements["good"]) == ({"magnet"} if goods else {"magnet", "powder"})


def test_the_final_good_alone_still_counts_its_input(make: Maker) -> None:
    both, alone = resilience.solve(magnets(make)), resilience.solve(magnets(make, goods=["magnet"]))
    ours = both.requirements[both.requirements["good"] == "magnet"].reset_index(drop=True)
    assert alone.requirements.equals(ours)
    wanted = both.tables["chain"][both.tables["chain"]["good"] == "magnet"].reset_index(drop=True)
    assert alone.tables["chain"].equals(wanted)


def test_market_and_guaranteed_take_inputs_as_they_are(make: Maker) -> None:
    """FRD sells 50 of 60 of powder, so makers go on with 5/6. Alone, 70 % at home would do; with powder as it is
    x · 5/6 ≥ 70 asks for 84 %, in the market as for every plan. The planned share is 70 %, with powder at 70 / 70."""
    result = resilience.solve(magnets(make, china=10, friend=50, critical=0.7))
    assert row(result, "AAA", good="magnet")["share"] == pytest.approx(0.7)
    assert row(result, "AAA", good="magnet", reading="market")["share"] == pytest.approx(0.84)
    assert row(result, "AAA", good="magnet", reading="guaranteed")["share"] == pytest.approx(0.84)
    assert link(result, "powder")["keeps_going"] == pytest.approx(5 / 6)
    assert row(result, "AAA", good="powder")["share"] == pytest.approx(1.0)


def test_an_input_that_is_enough_for_today_but_not_for_the_plan(make: Maker) -> None:
    """FRD sells 45 of 60 of powder. Today's makers need 0.75 · 60 = 45 in the crisis, but the plan makes 75 at home.

    All 75 must come from FRD, so powder does not survive as it is: 100 % are needed and 75 % are there.
    """
    result = resilience.solve(magnets(make, china=15, friend=45, critical=0.75))
    for member in ("AAA", "ALL"):
        found = row(result, member, good="powder")
        assert found["share"] == pytest.approx(1.0)
        assert found["gap"] == pytest.approx(0.25)
        assert found["status"] == "raise"
    assert link(result, "powder")["weakest"] == "yes"
    plan = result.plan.set_index(["good", "supplier"])["planned"]
    assert plan["powder", "FRD"] == pytest.approx(75)


@pytest.mark.parametrize("ore", [False, True])
def test_makers_that_run_at_full_need_all_of_their_input(make: Maker, ore: bool) -> None:
    """90 magnets are critical. 60 are made at home, all that can be, 10 come from FRD, which has 30, 30 from CHN.

    So the share is 90 %, home makers are as they are and must run at full. They need all 60 of powder; today CHN
    sells 5 of it, or of the ore that it is made of, and 55 are enough for 90 % of today's use only.
    """
    source = "ore" if ore else "powder"
    at_home = [balance("AAA", "powder", production=60)] if ore else []
    recipes = [{"good": "magnet", "input": "powder"}, {"good": "powder", "input": "ore"}]
    case = make(
        [
            *(("FRD", "AAA", 10, "magnet"), ("CHN", "AAA", 30, "magnet")),
            *(("FRD", "AAA", 55, source), ("CHN", "AAA", 5, source)),
        ],
        [
            balance("AAA", "magnet", production=60),
            balance("FRD", "magnet", production=10, capacity=30),
            balance("CHN", "magnet", production=30),
            *at_home,
            balance("AAA", source, production=0),
            balance("FRD", source, production=55, capacity=200),
            balance("CHN", source, production=5),
        ],
        region=["AAA", "FRD"],
        cut=["CHN"],
        data={"goods": GOODS, "recipes": recipes if ore else recipes[:1]},
        survival={"months": 2, "critical_share": 0.9},
        response={"new_capacity": 0.0},
        goods=["magnet", "powder", "ore"] if ore else ["magnet", "powder"],
    )
    result = resilience.solve(case)
    for member in ("AAA", "ALL"):
        assert row(result, member, good="magnet")["share"] == pytest.approx(0.9)
        found = row(result, member, good=source)
        assert found["share"] == pytest.approx(1.0)
        assert found["share_today"] == pytest.approx(55 / 60)
        assert found["status"] == "raise"
    plan = result.plan.set_index(["good", "supplier"])["planned"]
    assert plan[source, "FRD"] == pytest.approx(60)


def test_the_input_of_an_input_is_asked_for_what_the_plan_makes(make: Maker) -> None:
    """As above, but of the 60 of powder 30 are made at home of ore from FRD, 25 come from FRD and 5 from CHN.

    The plan takes those 5 from FRD. Ore is all from FRD, 30 of 30 are needed, and nothing is wrong with it.
    """
    case = make(
        [
            *(("FRD", "AAA", 10, "magnet"), ("CHN", "AAA", 30, "magnet")),
            *(("FRD", "AAA", 25, "powder"), ("CHN", "AAA", 5, "powder"), ("FRD", "AAA", 30, "ore")),
        ],
        [
            balance("AAA", "magnet", production=60),
            balance("FRD", "magnet", production=10, capacity=30),
            balance("CHN", "magnet", production=30),
            balance("AAA", "powder", production=30),
            balance("FRD", "powder", production=25, capacity=200),
            balance("CHN", "powder", production=5),
            balance("AAA", "ore", production=0),
            balance("FRD", "ore", production=30),
        ],
        region=["AAA", "FRD"],
        cut=["CHN"],
        data={
            "goods": GOODS,
            "recipes": [{"good": "magnet", "input": "powder"}, {"good": "powder", "input": "ore"}],
        },
        survival={"months": 2, "critical_share": 0.9},
        response={"new_capacity": 0.0},
    )
    result = resilience.solve(case)
    for member in ("AAA", "ALL"):
        assert row(result, member, good="magnet")["share"] == pytest.approx(0.9)
        assert row(result, member, good="powder")["share"] == pytest.approx(1.0)
        assert row(result, member, good="ore")["share"] == pytest.approx(1.0)
        assert row(result, member, good="ore")["status"] == "met"


def test_new_capacity_of_the_input_counts_in_its_own_row(make: Maker) -> None:
    """FRD can sell 50 of powder and double that: magnets rise without building, powder needs 30 more."""
    case = make(
        [("CHN", "AAA", 40, "magnet"), ("CHN", "AAA", 50, "powder"), ("FRD", "AAA", 10, "powder")],
        [
            balance("AAA", "magnet", production=60, capacity=90),
            balance("CHN", "magnet", production=40),
            balance("AAA", "powder", production=0),
            balance("CHN", "powder", production=50),
            balance("FRD", "powder", production=10, capacity=50),
        ],
        region=["AAA", "FRD"],
        cut=["CHN"],
        data={"goods": GOODS[:2], "recipes": [{"good": "magnet", "input": "powder"}]},
        survival={"months": 2, "critical_share": 0.8},
        response={"new_capacity": 1.0},
    )
    result = resilience.solve(case)
    for member in ("AAA", "ALL"):
        magnet, powder = row(result, member, good="magnet"), row(result, member, good="powder")
        assert (magnet["status"], magnet["new_capacity"]) == ("raise", 0.0)
        assert (powder["status"], powder["new_capacity"]) == ("build", pytest.approx(30))
    assert "only with new capacity" in link(result, "powder")["text"]


def test_no_share_suffices_where_the_input_cannot_be_had(make: Maker) -> None:
    """FRD can sell 10 of powder, so that 10 of the 80 magnets can be made."""
    case = two_stages(make)
    assert row(resilience.solve(case), "AAA", good="magnet")["status"] == "raise"
    case = make(
        [("CHN", "AAA", 40, "magnet"), ("CHN", "AAA", 50, "powder"), ("FRD", "AAA", 10, "powder")],
        [
            balance("AAA", "magnet", production=60, capacity=90),
            balance("CHN", "magnet", production=40),
            balance("AAA", "powder", production=0),
            balance("CHN", "powder", production=50),
            balance("FRD", "powder", production=10),
        ],
        region=["AAA", "FRD"],
        cut=["CHN"],
        data={"goods": GOODS[:2], "recipes": [{"good": "magnet", "input": "powder"}]},
        survival={"months": 2, "critical_share": 0.8},
        response={"new_capacity": 0.0},
    )
    result = resilience.solve(case)
    for reading in ("planned", "market", "guaranteed"):
        for member in ("AAA", "ALL"):
            assert row(result, member, good="magnet", reading=reading)["status"] == "none"
    # 80 − 10 magnets are missed in a year, in two months a sixth of that
    assert "at least 11.7 t of critical demand is missed" in messages(result)


def test_the_weakest_of_two_inputs_is_the_one_with_the_largest_gap(make: Maker) -> None:
    """80 magnets need 80 of powder, of which FRD sells 10 of 60 today, and 80 of ore, of which it sells 50 of 60."""
    case = make(
        [
            ("CHN", "AAA", 40, "magnet"),
            *(("CHN", "AAA", 50, "powder"), ("FRD", "AAA", 10, "powder")),
            *(("CHN", "AAA", 10, "ore"), ("FRD", "AAA", 50, "ore")),
        ],
        [
            balance("AAA", "magnet", production=60, capacity=90),
            balance("CHN", "magnet", production=40),
            *powder_from(50, 10),
            balance("AAA", "ore", production=0),
            balance("CHN", "ore", production=10),
            balance("FRD", "ore", production=50, capacity=200),
        ],
        region=["AAA", "FRD"],
        cut=["CHN"],
        data={
            "goods": GOODS,
            "recipes": [{"good": "magnet", "input": "ore"}, {"good": "magnet", "input": "powder"}],
        },
        survival={"months": 2, "critical_share": 0.9},
        response={"new_capacity": 0.0},
    )
    result = resilience.solve(case)
    assert link(result, "powder")["input_gap"] == pytest.approx(5 / 6)
    assert link(result, "ore")["input_gap"] == pytest.approx(1 / 6)
    assert (link(result, "powder")["weakest"], link(result, "ore")["weakest"]) == ("yes", "no")
    assert link(result, "powder")["keeps_going"] == pytest.approx(1 / 6)


def test_one_member_makes_for_the_other(make: Maker) -> None:
    """AAA makes 100 magnets, 60 for itself and 40 for BBB, which has 60 from CHN; powder for it is 80 from CHN, 20 FRD.

    Together: BBB must have 80 from AAA, which keeps 60. In the crisis 80 go to BBB and 0.8 · 60 = 48 are used at
    home: 128 of powder must come from FRD, of 140 that are used in peace. AAA by itself needs powder for its own 48
    only, of the 100 of today. BBB by itself counts on AAA's makers as they are, and 20 % of 80 is too little.
    """
    case = make(
        [
            *(("AAA", "BBB", 40, "magnet"), ("CHN", "BBB", 60, "magnet")),
            *(("CHN", "AAA", 80, "powder"), ("FRD", "AAA", 20, "powder")),
        ],
        [
            balance("AAA", "magnet", production=100, capacity=140),
            balance("BBB", "magnet", production=0),
            balance("CHN", "magnet", production=60),
            balance("AAA", "powder", production=0),
            balance("CHN", "powder", production=80),
            balance("FRD", "powder", production=20, capacity=200),
        ],
        members=["AAA", "BBB"],
        region=["AAA", "BBB", "FRD"],
        cut=["CHN"],
        data={"goods": GOODS[:2], "recipes": [{"good": "magnet", "input": "powder"}]},
        survival={"months": 2, "critical_share": 0.8},
        response={"new_capacity": 0.0},
    )
    result = resilience.solve(case)
    assert row(result, good="magnet")["share"] == pytest.approx(0.8)
    assert row(result, good="powder")["share"] == pytest.approx(128 / 140)
    assert row(result, "AAA", good="magnet")["share"] == pytest.approx(1.0)
    assert row(result, "AAA", good="magnet")["status"] == "shift"
    assert row(result, "AAA", good="powder")["share"] == pytest.approx(0.48)
    assert row(result, "BBB", good="magnet")["status"] == "none"
    assert row(result, "BBB", good="powder")["status"] == "unknown"
    plan = result.plan.set_index(["good", "member", "supplier"])["planned"]
    assert plan["magnet", "AAA", "AAA"] == pytest.approx(60)
    assert plan["magnet", "BBB", "AAA"] == pytest.approx(80)
    assert plan["powder", "AAA", "FRD"] == pytest.approx(128)


def imported(make: Maker, *, home_use: bool = True, **response: Any) -> resilience.Case:
    """AAA makes no magnets; it buys 50 from FRD, 30 from OUT and 20 from CHN, which is cut.

    FRD makes 40 of its powder and has 60 from CHN. OUT has all of its powder from XXX, whose ore is all from CHN.
    """
    inputs = [("FRD", "AAA", 0.1, "powder"), ("CHN", "AAA", 0.1, "ore")] if home_use else []
    return make(
        [
            *(("FRD", "AAA", 50, "magnet"), ("OUT", "AAA", 30, "magnet"), ("CHN", "AAA", 20, "magnet")),
            *(("CHN", "FRD", 60, "powder"), ("XXX", "OUT", 30, "powder")),
            ("CHN", "XXX", 30, "ore"),
            *inputs,
        ],
        [
            balance("AAA", "magnet", production=0),
            *(balance(i, "magnet", production=n) for i, n in (("FRD", 50), ("OUT", 30), ("CHN", 20))),
            balance("AAA", "powder", production=0),
            *(balance(i, "powder", production=n) for i, n in (("FRD", 40), ("XXX", 30), ("CHN", 60))),
            balance("CHN", "ore", production=31),
        ],
        region=["AAA", "FRD"],
        cut=["CHN"],
        goods=["magnet"],
        data={
            "goods": GOODS,
            "recipes": [{"good": "magnet", "input": "powder"}, {"good": "powder", "input": "ore"}],
        },
        survival={"months": 3, "critical_share": 0.5},
        response={"new_capacity": 0.0} | response,
    )


def lost(result: resilience.Result) -> dict[str, Any]:
    """What the table ``indirect`` says of each supplier: input, months before the loss, least, bought."""
    table = result.tables["indirect"]
    return {one.supplier: (one.input, one.months, one.least, one.bought) for one in table.itertuples()}


@pytest.mark.parametrize("home_use", [True, False])
def test_makers_elsewhere_lose_inputs(make: Maker, home_use: bool) -> None:
    """At one stage FRD goes on with its own 40 %; at two OUT has no powder any more, as XXX has no ore.

    That holds whether or not AAA itself uses any powder.
    """
    near = {"FRD": ("powder", 0, pytest.approx(0.4), pytest.approx(0.5))}
    far = {"OUT": ("powder", 0, pytest.approx(0.0), pytest.approx(0.3))}
    assert lost(resilience.solve(imported(make, home_use=home_use, depth=1))) == near
    assert lost(resilience.solve(imported(make, home_use=home_use, depth=2))) == near | far
    if home_use:
        assert lost(resilience.solve(imported(make, depth=0))) == {}
        assert lost(resilience.solve(imported(make, indirect=0.0))) == {}


def test_part_of_the_cutoff_hits_makers_elsewhere(make: Maker) -> None:
    """Half of the cutoff: FRD gets 0.4 + 0.6 · 0.5 of its powder; XXX half of its ore, and so OUT half of its powder."""
    found = lost(resilience.solve(imported(make, indirect=0.5)))
    assert found["FRD"][2] == pytest.approx(0.7)
    assert found["OUT"][2] == pytest.approx(0.5)


def test_stock_with_makers_elsewhere(make: Maker) -> None:
    """FRD gets 0.4 a month and holds one month of use: 1, then 0.4 + 0.4, then 0.4. OUT holds one month of powder,
    and XXX one of ore: XXX makes powder in month 1, OUT makes magnets in months 1 and 2."""
    found = lost(resilience.solve(imported(make, maker_stock_months=1.0)))
    assert found["FRD"] == ("powder", 1, pytest.approx(0.4), pytest.approx(0.5))
    assert found["OUT"] == ("powder", 2, pytest.approx(0.0), pytest.approx(0.3))


def test_purchases_count_what_makers_elsewhere_lose(make: Maker) -> None:
    """50 % must be met: FRD's 50 give 20 and OUT's 30 nothing, so none of today's suppliers is enough; at depth 0
    80 come in, and at depth 1 20 + 30 = 50, which is just enough."""
    assert row(resilience.solve(imported(make, depth=1)), "AAA", good="magnet")["status"] == "met"
    assert row(resilience.solve(imported(make, depth=0)), "AAA", good="magnet")["status"] == "met"
    result = resilience.solve(imported(make, depth=2))
    assert row(result, "AAA", good="magnet")["status"] == "none"
    worst = result.stress[result.stress["good"] == "magnet"]["worst_shortfall"].max()
    assert worst == pytest.approx(30 / 50)


def grain(make: Maker, limit: float, **options: Any) -> resilience.Case:
    """60 of 100 wheat are made at home (90 can be), 40 come from CHN; all 100 of maize are made at home."""
    return make(
        [("CHN", "AAA", 40, "wheat")],
        [
            balance("AAA", "wheat", production=60, capacity=90),
            balance("CHN", "wheat", production=40),
            balance("AAA", "maize", production=100),
        ],
        cut=["CHN"],
        data={"goods": (("wheat", "food"), ("maize", "food"))},
        survival={"months": 2, "critical_share": 0.8},
        response={"new_capacity": 0.0},
        substitutes=[{"name": "feed", "goods": {"wheat": 1.0, "maize": 0.5}, "limit": limit}],
        **options,
    )


@pytest.mark.parametrize(("limit", "stands_in"), [(0.3, 10), (0.05, 5), (0.0, 0)])
def test_one_good_stands_in_for_another(make: Maker, limit: float, stands_in: float) -> None:
    """20 % of maize can be done without: 20, which are worth 10 of wheat. Wheat needs 80 less what stands in.

    The group in units of wheat: 100 + 0.5 · 100 are used, 60 + 50 of it credited today.
    """
    result = resilience.solve(grain(make, limit))
    for member in ("AAA", "ALL"):
        assert row(result, member, good="wheat")["share"] == pytest.approx(0.8 - stands_in / 100)
        assert row(result, member, good="maize")["share"] == pytest.approx(1.0)
        table = result.tables["substitutes"].set_index(["member", "cutoff"]).loc[(member, "ALL")]
        assert table["share"] == pytest.approx((80 - stands_in + 50) / 150)
        assert table["share_today"] == pytest.approx(110 / 150)
        assert table["apart"] == pytest.approx(130 / 150)
        assert table["gap"] == pytest.approx((20 - stands_in) / 150)
        assert table["status"] == "found"
        assert table["goods"] == "wheat (1), maize (0.5)"


def test_one_good_of_a_group_still_counts_the_other(make: Maker) -> None:
    result = resilience.solve(grain(make, 0.3, goods=["wheat"]))
    assert row(result, "AAA", good="wheat")["share"] == pytest.approx(0.7)
    assert set(result.requirements["good"]) == {"wheat"}


def test_where_today_survives_all_is_met(make: Maker) -> None:
    """Nobody is cut who sells anything to AAA: everything is met, and nothing is the weakest link."""
    result = resilience.solve(magnets(make, china=60, friend=0, cut=["FRD"]))
    for good in ("magnet", "powder"):
        assert row(result, "AAA", good=good)["status"] == "met"
    assert link(result, "powder")["weakest"] == "no"
    assert "survives as it is" in link(result, "powder")["text"]


def shares(small: Small) -> pd.Series:
    """Share by good, reading, member and cutoff; infinite where no share suffices."""
    case = small.load()
    known = {name: data for name, data in all_figures(case).items() if data is not None and data.members}
    parts = []
    for family in case.families:
        here = {name: known[name] for name in family if name in known}
        parts += [result.requirements for result in solve_family(case, here, explain=False).values()]
    table = pd.concat(parts).set_index(["good", "reading", "member", "cutoff"])
    return table["share"].where(table["status"] != "none", np.inf).astype(float).sort_index()


def of_magnets(small: Small) -> pd.Series:
    return shares(small).loc["magnet"]


def recipes(small: Small, *pairs: tuple[str, str], **known: Any) -> Small:
    """With recipes of these (good, input) alone."""
    kept = tuple(one | known for one in small.recipes if (one["good"], one["input"]) in pairs)
    new = {(one["good"], one["input"]) for one in kept}
    more = tuple({"good": g, "input": h} | known for g, h in pairs if (g, h) not in new)
    return replace(small, recipes=kept + more)


MAGNET, POWDER = ("magnet", "powder"), ("powder", "ore")


def never_lowers(before: pd.Series, after: pd.Series) -> None:
    worse = before[before > after.reindex(before.index) + 1e-6]
    assert worse.empty, f"{worse} and then {after.reindex(worse.index)}"


def a_recipe_never_lowers(seed: int) -> None:
    small = random_chain(np.random.default_rng(seed))
    never_lowers(of_magnets(recipes(small)), of_magnets(small))


def doing_without_an_input_never_raises(seed: int) -> None:
    small = random_chain(np.random.default_rng(seed))
    never_lowers(of_magnets(recipes(small, MAGNET, essential=False)), of_magnets(small))


def a_second_recipe_never_lowers(seed: int) -> None:
    small = random_chain(np.random.default_rng(seed), stages=3)
    one = of_magnets(recipes(small, MAGNET))
    never_lowers(one, of_magnets(small))
    never_lowers(one, of_magnets(recipes(small, MAGNET, ("magnet", "ore"))))


def more_stock_of_the_input_never_raises(seed: int) -> None:
    small = random_chain(np.random.default_rng(seed))
    more = tuple(
        one | {"stock": float(one.get("stock") or 0.0) * 1.5 + 5.0} if one["good"] == "powder" else one
        for one in small.balances
    )
    never_lowers(of_magnets(replace(small, balances=more)), of_magnets(small))


def the_unit_of_the_input_changes_nothing(seed: int) -> None:
    small = random_chain(np.random.default_rng(seed), stages=3)
    per_unit = {MAGNET: 1000.0, POWDER: 0.001}
    scaled = replace(
        small,
        flows=tuple((i, m, n * (1000 if good == "powder" else 1), good) for i, m, n, good in small.flows),
        balances=tuple(
            one
            | {
                name: one[name] * (1000 if one["good"] == "powder" else 1)
                for name in ("production", "stock", "capacity")
                if name in one
            }
            for one in small.balances
        ),
        recipes=tuple(
            one | {"input_per_unit": one["input_per_unit"] * per_unit[one["good"], one["input"]]}
            for one in small.recipes
        ),
    )
    pd.testing.assert_series_equal(shares(scaled), shares(small), atol=1e-5, rtol=0)


def the_order_of_recipes_changes_nothing(seed: int) -> None:
    small = recipes(random_chain(np.random.default_rng(seed), stages=3), MAGNET, POWDER, ("magnet", "ore"))
    turned = replace(small, recipes=small.recipes[::-1])
    pd.testing.assert_series_equal(shares(turned), shares(small), atol=1e-6, rtol=0)


def no_status_contradicts_its_share(seed: int) -> None:
    """ "Met" asks for no more than today, and no reading falls below the planned one of the same row."""
    small = random_chain(np.random.default_rng(seed), stages=2 + seed % 2)
    depth = max(1, small.response["depth"])
    result = replace(small, response={**small.response, "depth": depth}).solve()
    table = result.requirements
    planned = table[table["reading"] == "planned"]
    met = planned[planned["status"] == "met"]
    assert not (met["gap"] > 1e-7).any(), met[met["gap"] > 1e-7].to_string()
    assert table["share"].dropna().between(0, 1 + 1e-9).all()
    raised = planned[planned["share"] > planned["share_today"] + 1e-6]
    assert raised["status"].isin(["raise", "build"]).all(), raised.to_string()
    keys = ["good", "member", "cutoff"]
    alone = table[(table["member"] != ALL) & (table["status"] != "unknown")]
    both = alone[alone["reading"] == "guaranteed"].merge(planned, on=keys, suffixes=("", "_planned"))
    below = both[
        (both["share"] < both["share_planned"] - 1e-6) | (both["share"].notna() & both["share_planned"].isna())
    ]
    assert below.empty, below.to_string()


LAWS: Mapping[str, Callable[[int], None]] = {
    law.__name__: law
    for law in (
        a_recipe_never_lowers,
        doing_without_an_input_never_raises,
        a_second_recipe_never_lowers,
        more_stock_of_the_input_never_raises,
        the_unit_of_the_input_changes_nothing,
        the_order_of_recipes_changes_nothing,
        no_status_contradicts_its_share,
    )
}


@pytest.mark.parametrize("law", list(LAWS)[:-1])
@settings(max_examples=2)
@given(seed=st.integers(0, 100_000))
def test_laws(law: str, seed: int) -> None:
    LAWS[law](seed)


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS)
@settings(max_examples=4)
@given(seed=st.integers(0, 100_000))
def test_laws_on_many(law: str, seed: int) -> None:
    LAWS[law](seed)


def compare(monkeypatch: pytest.MonkeyPatch, seed: int, stages: int, members: int) -> list[str]:
    """Solve a random chain both ways, row by row; gives the statuses found, fails where the two differ."""
    small = random_chain(np.random.default_rng(seed), stages, members)
    case = small.load()
    known = {name: data for name, data in all_figures(case).items() if data is not None and data.members}
    built: list[chains.Chain] = []
    begin = chains.Chain.__init__

    def remember(chain: chains.Chain, *given: Any, **more: Any) -> None:
        begin(chain, *given, **more)
        built.append(chain)

    with monkeypatch.context() as patch:
        patch.setattr(chains.Chain, "__init__", remember)
        results = solve_family(case, known, explain=False)
    found = []
    for chain in built:
        hand = ByHand(
            known,
            {good: case.cutoffs(good) for good in known},
            [(one.good, one.input, one.per_unit) for one in case.recipes if {one.good, one.input} <= set(known)],
            chain.order,
        )
        for number, good in enumerate(chain.order):
            table = results[good].requirements
            for one in table[table["reading"] == "planned"].to_dict("records"):
                key = (one["member"], one["cutoff"])
                if one["member"] != ALL and chain.single is None:
                    continue  # the goods stand apart in that member's rows
                fixed, saved = {}, list(chain.order)
                for before in chain.order[:number]:
                    if before in chain.fixed.get(key, {}):
                        plan = chain.fixed[key][before]
                        fixed[before] = hand.today(before) if plan is None else (plan.sourcing, plan.new_capacity)
                        if plan is None:
                            saved.remove(before)
                expected = hand.least_share(good, *key, fixed, saved)
                if expected is None:  # inputs need not survive where the good cannot
                    saved = [name for name in saved if name not in chain.order[number + 1 :]]
                    expected = hand.least_share(good, *key, fixed, saved)
                where = f"seed {seed}, {stages} stages, {members} members: {good}, {key}"
                assert (expected is None) == np.isnan(one["share"]), where
                if expected is not None:
                    exact = 1e-5 if number == 0 else 2e-4  # fixed plans are given some room
                    assert one["share"] == pytest.approx(min(expected, 1.0), abs=exact), where
                found.append(one["status"])
    return found


@pytest.mark.parametrize(("stages", "members", "seeds"), [(2, 2, range(4)), (3, 2, range(2)), (2, 3, range(1))])
def test_the_second_formulation_agrees(
    monkeypatch: pytest.MonkeyPatch, stages: int, members: int, seeds: range
) -> None:
    for seed in seeds:
        compare(monkeypatch, seed, stages, members)


@pytest.mark.slow
@pytest.mark.parametrize(("stages", "members"), [(2, 1), (2, 2), (3, 2), (2, 3)])
def test_the_second_formulation_agrees_on_more(monkeypatch: pytest.MonkeyPatch, stages: int, members: int) -> None:
    found = [status for seed in range(1000, 1012) for status in compare(monkeypatch, seed, stages, members)]
    assert len(set(found)) >= 2


FLOWS = [
    *(("CHN", "AAA", 40, "magnet"), ("CHN", "BBB", 20, "magnet"), ("AAA", "BBB", 10, "magnet")),
    *(("FRD", "BBB", 5, "magnet"), ("OUT", "AAA", 5, "magnet")),
    *(("CHN", "AAA", 30, "powder"), ("FRD", "AAA", 10, "powder"), ("CHN", "BBB", 10, "powder")),
    *(("CHN", "FRD", 5, "powder"), ("AAA", "FRD", 3, "powder"), ("CHN", "OUT", 7, "powder")),
    ("OUT", "BBB", 3, "powder"),
]
MADE = [
    balance("AAA", "magnet", production=60),
    balance("BBB", "magnet", production=20, stock=3),
    balance("CHN", "magnet", production=100),
    balance("FRD", "magnet", production=10),
    balance("OUT", "magnet", production=10),
    balance("AAA", "powder", production=5, stock=2),
    balance("BBB", "powder", production=0),
    balance("CHN", "powder", production=80),
    balance("FRD", "powder", production=20, capacity=50),
    balance("OUT", "powder", production=6),
]


def without(rows: list[Any], country: str, good: str) -> list[Any]:
    """Flows or balances of other countries or other goods."""
    return [
        one
        for one in rows
        if not (country in (one["country"] if isinstance(one, dict) else one[:2]) and good in _good_of(one))
    ]


def _good_of(one: Any) -> tuple[str, ...]:
    return (one["good"],) if isinstance(one, dict) else one[3:]


def known_as(good: str, country: str, **known: Any) -> list[Any]:
    """The balances with another row of one country."""
    return [*without(MADE, country, good), balance(country, good, **known)]


FEED = [{"name": "feed", "goods": {"magnet": 1.0, "powder": 0.5}, "limit": 0.3}]
ANY = [{"name": "any", "any": 1}]
ODD: dict[str, dict[str, Any]] = {
    "only one member uses the input": {
        "flows": without(FLOWS, "BBB", "powder"),
        "balances": without(MADE, "BBB", "powder"),
    },
    "a member of unknown production": {"balances": known_as("magnet", "AAA")},
    "all members of unknown production": {
        "balances": [one for one in MADE if one["country"] not in ("AAA", "BBB")]
    },
    "nothing is made": {
        "balances": known_as("magnet", "AAA", production=0),
        "flows": without(FLOWS, "AAA", "magnet"),
    },
    "an input without flows": {
        "flows": [one for one in FLOWS if one[3] == "magnet"],
        "balances": [one for one in MADE if one["good"] == "magnet"]
        + [balance("AAA", "powder", production=30), balance("BBB", "powder", production=3)],
    },
    "an input without anything": {
        "flows": [one for one in FLOWS if one[3] == "magnet"],
        "balances": [one for one in MADE if one["good"] == "magnet"],
    },
    "an input of an earlier year": {
        "flows": [one for one in FLOWS if one[3] == "magnet"],
        "balances": [one if one["good"] == "magnet" else one | {"year": 2021} for one in MADE],
    },
    "an input of a later year": {
        "flows": [one for one in FLOWS if one[3] == "magnet"],
        "balances": [one if one["good"] == "magnet" else one | {"year": 2025} for one in MADE],
    },
    "no demand for the input": {"balances": known_as("powder", "AAA", production=0, demand=0)},
    "little demand for the input": {"balances": known_as("powder", "AAA", production=0, demand=1)},
    "any one": {"cutoffs": ANY},
    "any two and a named one": {"cutoffs": [{"name": "any", "any": 2}, {"name": "cut", "cut": ["CHN"]}]},
    "any one of the region": {"cutoffs": [{"name": "any", "any_region": 1}]},
    "any one of both sides": {"cutoffs": [{"name": "any", "any_region": 1, "any": 1}]},
    "any one of the input": {"cutoffs": [{"name": "any", "any": 1, "goods": ["powder"]}]},
    "any of the region, of the input": {"cutoffs": [{"name": "any", "any_region": 1, "goods": ["powder"]}]},
    "siege": {"cutoffs": [{"name": "all", "all_outsiders": True}]},
    "solidarity": {"response": {"solidarity": True}},
    "solidarity against any one": {"response": {"solidarity": True}, "cutoffs": ANY},
    "solidarity in one good": {"response": {"solidarity": {"magnet": True, "powder": False}}},
    "solidarity in one good against any": {
        "response": {"solidarity": {"magnet": False, "powder": True}},
        "cutoffs": ANY,
    },
    "the input must last longer": {"goods_override": {"magnet": {"months": 2}, "powder": {"months": 6}}},
    "the input must last less long": {"goods_override": {"magnet": {"months": 6}, "powder": {"months": 2}}},
    "months as a table": {"survival": {"months": {"magnet": 2, "powder": 3}}},
    "slow drawdown": {"response": {"drawdown": 0.3, "stock_months": 1.0}},
    "no drawdown": {"response": {"drawdown": 0.0, "stock_months": 1.0}},
    "more is needed": {"survival": {"demand_factor": 1.5}},
    "five times as much is needed": {"survival": {"demand_factor": 5.0}},
    "nothing is needed": {"survival": {"demand_factor": 0.0}},
    "nothing is critical": {"survival": {"critical_share": 0.0}},
    "winter": {"survival": {"profile": [2, 1.5, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 1, 1.5, 2]}},
    "a partner of half credit": {"region": {"AAA": 1, "BBB": 1, "FRD": 0.5}},
    "members of no credit": {"region": {"AAA": 1, "BBB": 0, "FRD": 0}},
    "a cap": {"response": {"cap": 0.3}},
    "no outsider at all": {"response": {"cap": 0.0}},
    "the cap is the question": {"caps": True},
    "a short cutoff": {"cutoffs": [{"name": "cut", "cut": ["CHN"], "start": 2, "months": 1}]},
    "a cutoff after the end": {"cutoffs": [{"name": "cut", "cut": ["CHN"], "start": 9}]},
    "a member is cut": {"cutoffs": [{"name": "cut", "cut": ["AAA", "CHN"]}]},
    "half of a member is cut": {"cutoffs": [{"name": "cut", "cut": ["AAA"], "fraction": 0.5}]},
    "a member's input is cut": {"cutoffs": [{"name": "cut", "cut": ["AAA"], "goods": ["powder"]}]},
    "one cutoff a good": {
        "cutoffs": [
            {"name": "one", "cut": ["AAA"], "goods": ["powder"]},
            {"name": "two", "cut": ["CHN"], "goods": ["magnet"]},
        ]
    },
    "one member": {"members": ["BBB"]},
    "a member that sells the input": {"members": ["AAA", "FRD"]},
    "nobody else inside": {"members": ["AAA"], "region": ["AAA"]},
    "outsiders fall away": {"response": {"outside_surge": {"delay": 0, "rate": 1.0, "max": -1.0}}},
    "anything can be built": {"response": {"new_capacity": float("inf")}},
    "depth by good": {"response": {"depth": {"magnet": 1, "powder": 0}}},
    "a million of it goes in": {"recipes": [{"good": "magnet", "input": "powder", "input_per_unit": 1e6}]},
    "a millionth of it goes in": {"recipes": [{"good": "magnet", "input": "powder", "input_per_unit": 1e-6}]},
    "most of it is lost": {"recipes": [{"good": "magnet", "input": "powder", "loss": 0.9}]},
    "goods that replace each other": {"recipes": (), "substitutes": FEED},
    "an input that replaces its good": {"substitutes": FEED},
    "replacing in solidarity": {"recipes": (), "substitutes": FEED, "response": {"solidarity": True}},
    "replacing under any one": {"recipes": (), "substitutes": FEED, "cutoffs": ANY},
    "replacing for as long as there are months": {
        "recipes": (),
        "substitutes": FEED,
        "goods_override": {"magnet": {"months": 2}, "powder": {"months": 6}},
    },
    "nothing can replace": {"recipes": (), "substitutes": [FEED[0] | {"limit": 0.0}]},
}


def odd(make: Maker, name: str) -> None:
    """Whatever is asked, the answer is a share between 0 and 1, or a status that says that there is none."""
    known = dict(ODD[name])
    case = make(
        known.pop("flows", FLOWS),
        known.pop("balances", MADE),
        members=known.pop("members", ["AAA", "BBB"]),
        region=known.pop("region", ["AAA", "BBB", "FRD"]),
        cutoffs=known.pop("cutoffs", [{"name": "cut", "cut": ["CHN"]}]),
        survival={"months": 3, "critical_share": 0.7} | known.pop("survival", {}),
        response={"new_capacity": 1.0} | known.pop("response", {}),
        data={
            "goods": GOODS[:2],
            "recipes": known.pop("recipes", [{"good": "magnet", "input": "powder", "input_per_unit": 0.5}]),
            "countries": ["CHN", "FRD", "OUT"],
        },
        **known,
    )
    table = resilience.solve(case).requirements
    keys = ["good", "member", "cutoff", "reading"]
    assert not table.duplicated(keys).any()
    none = table["status"].isin(["none", "unknown"])
    assert table.loc[~none, "share"].between(0, 1 + 1e-9).all()
    assert table.loc[none, "share"].isna().all()


QUICK = ("any one", "solidarity", "a member is cut", "months as a table", "nothing can replace")


@pytest.mark.parametrize("name", QUICK)
def test_odd_questions(make: Maker, name: str) -> None:
    odd(make, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ODD if name not in QUICK])
def test_more_odd_questions(make: Maker, name: str) -> None:
    odd(make, name)


def test_what_is_not_followed_is_said(make: Maker) -> None:
    """The one outsider is CHN, so that any one is CHN. Its loss of powder counts for powder; a finding says so."""
    result = resilience.solve(magnets(make, cutoffs=[{"name": "any", "any": 1}]))
    assert "under a cutoff of any K only direct losses count" in messages(result)
    assert row(result, good="magnet")["share"] == pytest.approx(0.8)
    assert row(result, good="powder")["share"] == pytest.approx(1.0)


def test_a_member_s_own_stock_of_an_input_keeps_its_makers_going(make: Maker) -> None:
    """100 magnets are made at home of 100 of powder, all from CHN. 25 of powder in store last for three months."""
    case = make(
        [("CHN", "AAA", 100, "powder")],
        [
            balance("AAA", "magnet", production=100),
            balance("AAA", "powder", production=0, stock=25),
            balance("CHN", "powder", production=100),
        ],
        cut=["CHN"],
        survival={"months": 6},
        response={"new_capacity": 0.0},
        data={"goods": GOODS[:2], "recipes": [{"good": "magnet", "input": "powder"}]},
    )
    result = resilience.solve(case)
    stress = result.stress.set_index(["good", "member", "cutoff"])
    assert stress.loc[("magnet", "AAA", "ALL"), "months_survived"] == 3
    lost = result.tables["indirect"].iloc[0]
    assert (lost["good"], lost["supplier"], lost["months"], lost["least"]) == ("magnet", "AAA", 3, 0)
    assert row(result, "AAA", good="magnet")["status"] == "none"


def test_what_only_makers_ask_of_a_good_has_no_month() -> None:
    """Today's purchases of titanium ore outlast the year; the plan for titanium needs others. Month 13 is no answer,
    and what the stages' slack lets the programme build is no capacity."""
    case = resilience.load(
        Path(__file__).parents[1] / "models" / "g7-china.toml", goods=["titanium", "titanium_ore"]
    )
    result = resilience.solve(case, rests=False)
    rows = result.requirements.set_index(["good", "member", "cutoff", "reading"])
    ore = rows.loc[("titanium_ore", "ALL", "ALL", "planned")]
    assert ore["status"] == "shift" and np.isnan(ore["month"])
    assert (result.stress.query("good == 'titanium_ore'")["months_survived"] == 12).all()
    assert not (rows["month"] > 12).any()
    assert "titanium_ore" not in set(result.capacity["good"])


def test_capacity_that_is_too_small_to_show_still_holds_up_a_later_good() -> None:
    """Magnets are solved first; the little that their plan builds is what rare-earth compounds then rest on."""
    path = Path(__file__).parents[1] / "models" / "any-two.toml"
    result = resilience.solve(resilience.load(path, goods=["magnets", "rare_earth_compounds"]), rests=False)
    rows = result.requirements.set_index(["good", "member", "cutoff", "reading"])["status"]
    assert rows.loc[("rare_earth_compounds", "ALL", "ALL", "planned")] == "build"


@pytest.mark.slow
def test_levers_of_goods_solved_with_their_inputs_are_what_a_run_gives() -> None:
    """A month of stock and a point of restraint, against the case with that number; one cutoff, so that the row of
    all cutoffs is that of the one."""
    path = Path(__file__).parents[1] / "models" / "g7-china.toml"

    def share(*overrides: str) -> float:
        result = resilience.solve(resilience.load(path, goods=["magnets"], overrides=list(overrides)), rests=False)
        rows = result.requirements.set_index(["good", "member", "cutoff", "reading"])["share"]
        return float(rows["magnets", "ALL", "ALL", "planned"])

    result = resilience.solve(resilience.load(path, goods=["magnets"]), rests=False)
    levers = result.levers.query("good == 'magnets' and member == 'ALL'").set_index("lever")
    stock, restraint = (float(levers.loc[name, "share"]) for name in ("stock", "restraint"))
    assert stock == pytest.approx(share("goods_override.magnets.stock_months=3"), abs=1e-6)
    assert restraint == pytest.approx(share("goods_override.magnets.critical_share=0.89"), abs=1e-6)
    assert stock < share() - 0.05
