"""Why, levers, missing, caps and regions: on paper, and against solving anew."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from conftest import Maker, row
from tests_support import by_enumeration, small_good

import resilience
from resilience.cli import main
from resilience.inputs.casefile import Cutoff
from resilience.reading.caps import floor_under_cap, loosest_cap
from resilience.reading.readings import alone

FLOWS = [("BBB", "AAA", 1200.0)]
BALANCES = [
    {"country": "AAA", "production": 0, "stock": 120},
    {"country": "BBB", "production": 1200},
    {"country": "CCC", "production": 0, "capacity": 1e6},
]
CASE = {
    "region": ["AAA", "CCC"],
    "cut": ["BBB"],
    "survival": {"critical_share": 0.85, "months": 12},
    "response": {"region_surge": {"delay": 1, "rate": 0.02, "max": 0.20}},
}


def levers(result: resilience.Result) -> pd.DataFrame:
    table = result.levers
    return table[table["member"] == "ALL"].set_index("lever")


def test_levers_on_paper(make: Maker) -> None:
    """The hand case: ρ = (85·12 − 120)/1330. A month of stock is 100: (1020 − 220)/1330. A point of restraint takes 12
    off the need: (1008 − 120)/1330. A point of surge makes the path 0.021 a month up to 0.21: Σσ is
    0.021·(0 + 1 + … + 10) + 0.21 = 1.365, ρ = 900/1336.5. For ρ = 0 the stock must be 1020, that is 9 months more.
    """
    result = resilience.solve(make(FLOWS, BALANCES, **CASE))
    table = levers(result)
    assert table.loc["stock", "share"] == pytest.approx(800 / 1330, abs=1e-7)
    assert table.loc["restraint", "share"] == pytest.approx(888 / 1330, abs=1e-7)
    assert table.loc["surge", "share"] == pytest.approx(900 / 1336.5, abs=1e-7)
    assert table.loc["stock", "change"] == pytest.approx(-100 / 1330, abs=1e-7)
    assert table.loc["stock", "to_zero"] == pytest.approx(9, abs=1e-5)
    assert table.loc["restraint", "to_zero"] == pytest.approx(0.75, abs=1e-6)
    assert table["to_survive"].isna().all()
    why = result.why.set_index(["member", "cutoff"]).loc[("ALL", "ALL")]
    assert why["text"] == "cut, month 12: stocks are gone, the surge is at its full 20 %."
    assert why["without_cutoff"] == pytest.approx(0, abs=1e-8)
    assert result.missing.empty


def test_steps_equal_solving_anew(make: Maker) -> None:
    """The levers' steps are what a case with those numbers gives."""
    table = levers(resilience.solve(make(FLOWS, BALANCES, **CASE)))
    more_stock = [{**BALANCES[0], "stock": 220}, *BALANCES[1:]]
    assert row(resilience.solve(make(FLOWS, more_stock, **CASE)))["share"] == pytest.approx(
        table.loc["stock", "share"], abs=1e-7
    )
    restrained = CASE | {"survival": {"critical_share": 0.84, "months": 12}}
    assert row(resilience.solve(make(FLOWS, BALANCES, **restrained)))["share"] == pytest.approx(
        table.loc["restraint", "share"], abs=1e-7
    )
    surging = CASE | {"response": {"region_surge": {"delay": 1, "rate": 0.021, "max": 0.21}}}
    assert row(resilience.solve(make(FLOWS, BALANCES, **surging)))["share"] == pytest.approx(
        table.loc["surge", "share"], abs=1e-7
    )


def test_what_is_missing_and_what_would_help(make: Maker) -> None:
    """Home sells 300 of 1200 (25 a month), φ 0.5 needs 50, no stock, nothing may be built: 25 missing each month.

    Stock for 12 months of 25 is 300 = 3 months of demand; restraint must reach 0.25; surge must double home (max 1).
    """
    result = resilience.solve(
        make(
            [("BBB", "AAA", 900.0)],
            [{"country": "AAA", "production": 300}, {"country": "BBB", "production": 900}],
            cut=["BBB"],
            survival={"critical_share": 0.5, "months": 12},
            response={"new_capacity": 0.0},
        )
    )
    assert row(result)["status"] == "none"
    missing = result.missing.query("member == 'ALL' and cutoff == 'cut'")
    assert list(missing["month"]) == list(range(1, 13))
    assert missing["missing"].tolist() == pytest.approx([25.0] * 12)
    assert set(missing["even_if"]) == {"the plan is free"}
    table = levers(result)
    assert table.loc["stock", "to_survive"] == pytest.approx(3, abs=1e-5)
    assert table.loc["restraint", "to_survive"] == pytest.approx(0.25, abs=1e-6)
    assert table.loc["surge", "to_survive"] == pytest.approx(1.0, abs=0.006)
    own = result.levers.query("member == 'AAA' and lever == 'surge'")
    assert own["to_survive"].iloc[0] == table.loc["surge", "to_survive"]
    assert math.isnan(table.loc["stock", "change"])
    text = result.why.set_index(["member", "cutoff"]).loc[("ALL", "ALL"), "text"]
    assert (
        text
        == "cut, month 1: there is no stock, and the region does not surge. No share of the region makes up for it."
    )


def test_build_is_asked_without_building(make: Maker) -> None:
    """The same with building allowed: the levers say what would make building unnecessary."""
    result = resilience.solve(
        make(
            [("BBB", "AAA", 900.0)],
            [{"country": "AAA", "production": 300}, {"country": "BBB", "production": 900}],
            cut=["BBB"],
            survival={"critical_share": 0.5, "months": 12},
        )
    )
    table = levers(result)
    assert row(result)["status"] == "build"
    assert table.loc["stock", "to_survive"] == pytest.approx(3, abs=1e-5)
    assert set(table["even_if"]) == {"no new capacity is built"}
    assert result.missing["missing"].sum() > 0


def test_a_share_that_peace_asks_for_is_named(make: Maker) -> None:
    """CCC survives and can sell 1000 of 1200: 200 from home are needed in peace already, whatever the cutoff."""
    result = resilience.solve(
        make(
            [("BBB", "AAA", 900.0), ("CCC", "AAA", 100.0)],
            [
                {"country": "AAA", "production": 200},
                {"country": "BBB", "production": 900, "capacity": 900},
                {"country": "CCC", "production": 1000, "capacity": 100},
            ],
            cut=["CCC"],
            survival={"critical_share": 1.0, "months": 3},
        )
    )
    why = result.why.set_index(["member", "cutoff"]).loc[("ALL", "ALL")]
    assert why["without_cutoff"] == pytest.approx(200 / 1200, abs=1e-8)


def test_a_stock_that_cannot_be_drawn_is_named(make: Maker) -> None:
    result = resilience.solve(
        make(
            FLOWS,
            [{"country": "AAA", "production": 0, "stock": 1200}, *BALANCES[1:]],
            region=["AAA", "CCC"],
            cut=["BBB"],
            survival={"critical_share": 0.8, "months": 12},
            response={"drawdown": 0.025},
        )
    )
    assert "stock cannot be drawn faster" in result.why.set_index(["member", "cutoff"]).loc[("ALL", "ALL"), "text"]


def test_loosest_cap_on_paper() -> None:
    """BBB may be cut, CCC and home are ample, φ 0.7, no stock: what comes from BBB may be 0.3 at the most."""
    good, cut = small_good([0.0, 900.0, 300.0], critical_share=0.7)
    figures, conditions = alone(cut(Cutoff("cut", {"BBB": 1.0})), "HOME")
    assert loosest_cap(figures, conditions) == pytest.approx(0.3, abs=1e-6)
    assert loosest_cap(figures, conditions, floor=0.7) == pytest.approx(1.0)
    assert floor_under_cap(figures, conditions, 0.65) == pytest.approx(0.7)
    assert floor_under_cap(figures, conditions, 0.3) == pytest.approx(0.4)  # two outsiders at 0.3 leave 0.4
    assert good.members == ["HOME"]


def test_any_two_need_a_tighter_cap() -> None:
    """Any two of three outsiders, φ 0.7: 2q ≤ 0.3. Home is ample, so a cap of 0.15 leaves plans."""
    _, cut = small_good([300.0, 300.0, 300.0, 300.0], critical_share=0.7)
    figures, conditions = alone(cut(Cutoff("any", {}, any=2)), "HOME")
    assert loosest_cap(figures, conditions) == pytest.approx(0.15, abs=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_loosest_cap_against_enumeration(seed: int) -> None:
    """Plans on a fine grid: just below the cap all survive, just above it some plan fails."""
    by_enumeration(seed)


def test_regions_side_by_side(make: Maker) -> None:
    """The larger region counts CCC, too: today's share and the minimum both rise, survival is the same."""
    case = make(
        [("BBB", "AAA", 600.0), ("CCC", "AAA", 400.0)],
        [
            {"country": "AAA", "production": 200},
            {"country": "BBB", "production": 600},
            {"country": "CCC", "production": 400},
        ],
        cut=["BBB"],
        survival={"critical_share": 0.6, "months": 12},
        data={
            "coalitions": [("small", "AAA", ""), ("large", "AAA", ""), ("large", "CCC", ""), ("other", "CCC", "")]
        },
        compare=["small", "large", "other"],
    )
    table = resilience.solve(case).regions
    planned = table[table["reading"] == "planned"].set_index("region")
    assert list(planned.index) == ["small", "large", "other with AAA"]
    assert planned.loc["small", "share_today"] == pytest.approx(1 / 6)
    assert planned.loc["large", "share_today"] == pytest.approx(0.5)
    assert (planned["months_survived"] == 0).all()
    pd.testing.assert_frame_equal(
        planned.loc[["large"]].reset_index(drop=True), planned.loc[["other with AAA"]].reset_index(drop=True)
    )
    with pytest.raises(resilience.InputError, match='"lage" is not a coalition; did you mean "large"'):
        resilience.compare(case, ["lage"])
    assert main(["compare", str(case.file.path), "--regions", "small,large", "--quiet"]) == 0


def test_caps_are_a_table_on_request(make: Maker) -> None:
    result = resilience.solve(make(FLOWS, BALANCES, caps=True, **CASE))
    found = result.caps.iloc[0]
    assert found["cap"] == 0.65
    assert found["floor"] == pytest.approx(900 / 1330, abs=1e-7)
    assert found["cap_with_floor"] == 1.0
    assert resilience.solve(make(FLOWS, BALANCES, **CASE)).caps.empty


def test_no_cap_helps_where_the_region_itself_fails(make: Maker) -> None:
    """FRD is in the region and is cut. A cap of 0 on outsiders leaves FRD alone, and any looser one still allows it."""
    case = make(
        [("FRD", "AAA", 50), ("OUT", "AAA", 50)],
        [
            {"country": "AAA", "production": 0},
            {"country": "FRD", "production": 50, "capacity": 100},
            {"country": "OUT", "production": 50, "capacity": 100},
        ],
        region=["AAA", "FRD"],
        cut=["FRD"],
        response={"new_capacity": 0.0},
        caps=True,
    )
    found = resilience.solve(case).caps.set_index("member").loc["AAA"]
    assert math.isnan(found["cap_alone"])
    assert math.isnan(found["floor_alone"])
