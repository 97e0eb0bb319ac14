"""Demand, today's sourcing and capacities from the tables (section 6)."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from conftest import BALANCES as HEADER
from conftest import FLOWS as FLOW_HEADER
from conftest import Maker, row, write_case, write_dataset

import resilience
from resilience.inputs.balance import Trade, assemble
from resilience.words import verdict


def balance(result: resilience.Result, member: str) -> dict[str, object]:
    table = result.balance
    return dict(table[table["member"] == member].iloc[0])


def messages(result: resilience.Result) -> str:
    return "\n".join(result.findings["message"])


def test_demand_is_apparent_consumption(make: Maker) -> None:
    """500 made, 300 in, 200 out: 600 used, 3/8 of it from BBB because exports have the mix of supply."""
    result = resilience.solve(
        make(
            [("BBB", "AAA", 300.0), ("AAA", "CCC", 200.0)],
            [
                {"country": "AAA", "production": 500},
                {"country": "BBB", "production": 300},
                {"country": "CCC", "production": 0},
            ],
            cut=["BBB"],
        )
    )
    found = balance(result, "AAA")
    assert (found["demand"], found["factor"], found["scope"]) == (600, 1, "consumption")
    plan = result.plan.set_index("supplier")["baseline"]
    assert plan["AAA"] == pytest.approx(375)
    assert plan["BBB"] == pytest.approx(225)
    assert row(result)["share_today"] == pytest.approx(5 / 8)


def test_given_demand_scales_supply_and_says_so(make: Maker) -> None:
    result = resilience.solve(
        make(
            [("BBB", "AAA", 300.0)],
            [{"country": "AAA", "production": 700, "demand": 800}, {"country": "BBB", "production": 300}],
            cut=["BBB"],
        )
    )
    assert balance(result, "AAA")["factor"] == pytest.approx(0.8)
    assert "AAA: recorded supply was scaled by 0.8 to meet demand of 800 t" in messages(result)
    assert result.plan["baseline"].sum() == pytest.approx(800)


def test_share_of_imports_where_production_is_unknown(make: Maker) -> None:
    """AAA has no production row and nobody else has: demand is imports, AAA does not serve itself."""
    result = resilience.solve(
        make(
            [("BBB", "AAA", 300.0), ("MMM", "AAA", 100.0), ("AAA", "BBB", 200.0)],
            [],
            members=["AAA", "MMM"],
            cut=["BBB"],
            survival={"critical_share": 0.5, "months": 3},
        )
    )
    found = row(result, "AAA")
    assert found["scope"] == "imports"
    assert found["share_today"] == pytest.approx(0.25)
    assert balance(result, "AAA")["demand"] == 400
    assert math.isnan(balance(result, "AAA")["production"])  # type: ignore[arg-type]
    text = messages(result)
    assert 'AAA: home production unknown and exports are 50 % of imports; "share of imports" says little' in text
    assert result.home_unknown() == {("wheat", "AAA")}
    assert verdict(found, result.home_unknown()).endswith(". Home production unknown.")
    assert "of imports" in verdict(found)
    assert set(result.plan["supplier"]) == {"BBB", "MMM"}  # not AAA itself, even with building allowed
    assert found["share"] == pytest.approx(0.5, abs=1e-8)
    unknown = row(result, "MMM")  # imports nothing
    assert unknown["status"] == "unknown"
    assert unknown["share"] is None or math.isnan(unknown["share"])


def test_demand_of_zero_or_less_is_unknown_never_clipped(make: Maker) -> None:
    result = resilience.solve(
        make(
            [("BBB", "AAA", 300.0), ("BBB", "MMM", 50.0)],
            [
                {"country": "AAA", "production": 10},
                {"country": "BBB", "production": 400},
                {"country": "MMM", "production": 0, "demand": 0},
            ],
            members=["AAA", "MMM"],
            cut=["BBB"],
        )
    )
    assert row(result, "MMM")["status"] == "unknown"
    assert row(result, "AAA")["status"] != "unknown"
    assert "MMM: demand comes out as 0 t; its requirement is unknown" in messages(result)


def test_nothing_left_is_an_input_error(make: Maker) -> None:
    case = make([("BBB", "AAA", 300.0)], [{"country": "AAA", "production": 0, "demand": 0}], cut=["BBB"])
    with pytest.raises(resilience.InputError, match="no requirement can be computed"):
        resilience.solve(case)


def test_capacity_below_sales_is_raised_and_reported(make: Maker) -> None:
    result = resilience.solve(
        make(
            [("BBB", "AAA", 300.0)],
            [{"country": "AAA", "production": 100}, {"country": "BBB", "production": 300, "capacity": 250}],
            cut=["AAA"],
            survival={"critical_share": 0.75},
        )
    )
    assert "BBB: capacity 250 t is below today's sales to members and was raised to 300" in messages(result)
    assert row(result)["status"] == "met"


def test_stock_of_the_data_goes_before_the_assumed(make: Maker) -> None:
    result = resilience.solve(
        make(
            [("BBB", "AAA", 1200.0), ("BBB", "MMM", 1200.0)],
            [
                {"country": "AAA", "production": 0, "stock": 50},
                {"country": "MMM", "production": 0},
                {"country": "BBB", "production": 2400},
            ],
            members=["AAA", "MMM"],
            cut=["BBB"],
            survival={"critical_share": 0.5, "months": 12},
            response={"stock_months": 3},
        )
    )
    assert balance(result, "AAA")["stock"] == 50
    assert balance(result, "MMM")["stock"] == 300
    assert balance(result, "MMM")["status"] == "assumed"
    stress = result.stress.set_index(["member", "cutoff"])["months_survived"]
    assert (stress["AAA", "cut"], stress["MMM", "cut"], stress["ALL", "ALL"]) == (1, 6, 1)


def years(tmp_path: Path, stocks: dict[int, object]) -> resilience.Result:
    """Three years of AAA: production 100, 130, 160, imports 50 each year; the case is of 2025."""
    data = write_dataset(tmp_path / "data", [], countries=["AAA", "BBB"])
    flows = "".join(f"{year},wheat,BBB,AAA,50,,observed,x\n" for year in (2022, 2023, 2024))
    (data / "flows.csv").write_text(FLOW_HEADER + flows, encoding="utf-8")
    rows = ""
    for year, made in ((2022, 100), (2023, 130), (2024, 160)):
        rows += f"{year},wheat,AAA,{made},,{stocks.get(year, '')},,observed,x\n"
        rows += f"{year},wheat,BBB,50,,,,observed,x\n"
    (data / "balances.csv").write_text(HEADER + rows, encoding="utf-8")
    case = write_case(
        tmp_path / "case.toml", year=2025, members=["AAA"], cutoffs=[{"name": "cut", "cut": ["BBB"]}]
    )
    return resilience.solve(resilience.load(case))


def test_three_years_are_averaged(tmp_path: Path) -> None:
    result = years(tmp_path, {})
    assert balance(result, "AAA")["year"] == 2024
    assert balance(result, "AAA")["demand"] == pytest.approx((150 + 180 + 210) / 3)
    assert "demand is the mean of 2022 to 2024" in messages(result)
    assert result.meta["years"] == {"wheat": 2024}


def test_a_known_stock_increase_goes_before_the_average(tmp_path: Path) -> None:
    result = years(tmp_path, {2023: 10, 2024: 25})
    assert balance(result, "AAA")["demand"] == pytest.approx(210 - 15)


def test_a_later_year_is_not_used(make: Maker) -> None:
    case = make([("BBB", "AAA", 300.0)], [], cut=["BBB"])
    early = resilience.load(case.file.path, year=2023)
    with pytest.raises(resilience.InputError, match="no requirement can be computed"):
        resilience.solve(early)


def test_prices_fall_back_from_flow_to_exporter_to_median(make: Maker) -> None:
    """BBB→AAA costs 3 a tonne; RRR sells elsewhere at 5; SSS has no price: the median of 3 and 5."""
    case = make(
        [("BBB", "AAA", 1000.0, "wheat", 3000), ("RRR", "NNN", 100.0, "wheat", 500)],
        [
            {"country": "AAA", "production": 0},
            {"country": "BBB", "production": 1000},
            {"country": "RRR", "production": 300, "capacity": 300},
            {"country": "SSS", "production": 0, "capacity": 1000},
        ],
        region=["AAA", "RRR", "SSS"],
        cut=["BBB"],
        survival={"critical_share": 0.5},
        response={"new_capacity": 0.0},
    )
    plan = resilience.solve(case).plan.set_index("supplier")
    cost = plan["extra_cost_usd"] / plan["change"]
    assert cost["BBB"] == pytest.approx(3)
    assert cost["SSS"] == pytest.approx(4)
    if "RRR" in plan.index:
        assert cost["RRR"] == pytest.approx(5)


def test_a_difference_of_equal_numbers_is_no_demand(make: Maker) -> None:
    """8.7 made, 11.6 and 5.6 in, 58.6 out: production is raised to fit, nothing is left but a rounding residue."""
    with pytest.raises(resilience.InputError, match="no requirement can be computed"):
        resilience.solve(
            make(
                [("CHN", "DEU", 11.6), ("USA", "DEU", 5.6), ("DEU", "IND", 58.6)],
                [
                    {"country": "DEU", "production": 8.7},
                    {"country": "CHN", "production": 11.6},
                    {"country": "USA", "production": 5.6},
                    {"country": "IND", "production": 0},
                ],
                members=["DEU"],
                cut=["CHN"],
            )
        )


def test_balances_newer_than_flows_are_not_taken_for_autarky(make: Maker) -> None:
    case = make(
        [("BBB", "AAA", 300.0)],
        [
            {"country": "AAA", "production": 100},
            {"country": "BBB", "production": 300},
            {"country": "AAA", "production": 120, "year": 2025},
        ],
        cut=["BBB"],
        year=2025,
    )
    result = resilience.solve(case)
    assert result.meta["years"] == {"wheat": 2024}
    assert row(result)["share_today"] == pytest.approx(0.25)
    assert "balances of 2025 are not used, the latest flows are of 2024" in messages(result)


def test_diversion_leaves_fellow_members_alone(make: Maker) -> None:
    """MMM's own demand is unknown, but what CCC sells it is not free to be diverted to AAA."""
    flows = [("BBB", "AAA", 900.0), ("CCC", "AAA", 100.0), ("CCC", "MMM", 500.0)]
    balances = [
        {"country": "AAA", "production": 0},
        {"country": "BBB", "production": 900},
        {"country": "CCC", "production": 600},
        {"country": "MMM", "production": 0, "demand": 0},
    ]
    keys = {"cut": ["BBB"], "survival": {"critical_share": 0.2}, "region": ["AAA", "MMM"]}
    result = resilience.solve(make(flows, balances, members=["AAA", "MMM"], response={"diversion": 1.0}, **keys))
    assert row(result, "AAA")["status"] == "none"  # 100 of the 200 needed


def test_an_untraced_producer_keeps_what_it_does_not_ship(make: Maker) -> None:
    """AAA makes 100, imports 100, ships 100 as its own origin: what it uses is imported."""
    result = resilience.solve(
        make(
            [("BBB", "AAA", 100.0), ("AAA", "CCC", 100.0), ("BBB", "CCC", 900.0)],
            [{"country": "AAA", "production": 100}],
            cut=["BBB"],
        )
    )
    assert row(result)["share_today"] == pytest.approx(0.0)


@pytest.mark.parametrize(("own", "said"), [(10.0, "AAA: 1.0 % of its imports"), (0.9, None)])
def test_own_goods_that_come_home_are_named_from_a_thousandth_on(
    make: Maker, own: float, said: str | None
) -> None:
    """BBB makes nothing and ships on the mix of what it buys: of 1,000 units 10 or 0.9 from AAA itself."""
    flows = [("AAA", "BBB", own), ("CCC", "BBB", 1000 - own), ("BBB", "AAA", 100.0)]
    result = resilience.solve(make(flows, [{"country": "BBB", "production": 0}], cut=["CCC"]))
    assert ("its own goods" in messages(result)) == (said is not None)
    assert said is None or said in messages(result)


@pytest.mark.parametrize("size", [1.0, 1e6, 1e9])
def test_solidarity_of_one_is_none_whatever_the_size(make: Maker, size: float) -> None:
    """With one member pooling changes nothing: the ALL row is the member's row, in tonnes or in gigatonnes."""
    flows = [
        ("CHN", "DEU", 7.229284471),
        ("USA", "DEU", 0.623190598),
        ("IND", "DEU", 0.540684383),
        ("RUS", "DEU", 0.640393362),
    ]
    result = resilience.solve(
        make(
            [(a, b, amount * size) for a, b, amount in flows],
            [],
            members=["DEU"],
            region=["DEU", "USA"],
            cut=["CHN"],
            survival={"months": 6, "critical_share": 0.5},
            response={"solidarity": True},
        )
    )
    own, together = row(result, "DEU"), row(result)
    assert own["status"] == together["status"] == "build"
    assert own["share"] == pytest.approx(together["share"], abs=1e-7)
    assert own["new_capacity"] == pytest.approx(together["new_capacity"], rel=1e-6)
    assert result.stress["months_survived"].max() == 0


def test_one_trade_serves_cases_that_assume_otherwise(make: Maker) -> None:
    """Figures from a kept trade are those of a fresh one, whatever was asked of it before."""
    case = make(
        [("BBB", "AAA", 300.0), ("BBB", "CCC", 200.0), ("AAA", "CCC", 50.0)],
        [
            {"country": "AAA", "production": 100, "demand": 40},
            {"country": "BBB", "production": 500, "capacity": 100},
            {"country": "CCC", "production": 0},
        ],
        cut=["BBB"],
    )
    settings = case.file.settings("wheat", case.category("wheat"))
    members = ["AAA"]
    trade = Trade.of("wheat", case.data, 2024, members)
    assert trade is not None
    capacities = []
    for diversion, months, needed in ((0.0, 1.0, 0.0), (0.5, 3.0, 200.0), (0.0, 1.0, 0.0)):
        values = {"diversion": diversion, "stock_months": months}
        changed = settings | {name: replace(settings[name], value=value) for name, value in values.items()}
        found = trade.figures(case.credit, changed, {"AAA": needed})
        fresh = assemble("wheat", case.data, 2024, members, case.credit, changed, {"AAA": needed})
        assert fresh is not None
        assert found.findings == fresh.findings
        pd.testing.assert_frame_equal(found.rows, fresh.rows)
        pd.testing.assert_frame_equal(found.baseline, fresh.baseline)
        assert found.demand["AAA"] == (240.0 if needed else 40.0)
        assert found.stock["AAA"] == pytest.approx(found.demand["AAA"] * months / 12)
        assert found.rows["stock"].tolist() == found.stock.tolist()
        raised = any("BBB: capacity" in finding.message for finding in found.findings)
        assert raised == (needed > 0)  # 100 can be sold; 30 of 40, or 180 of 240, are
        capacities.append(float(found.capacity["AAA"]))
    assert capacities[0] == capacities[2] < capacities[1]
    assert Trade.of("wheat", case.data, 1990, members) is None
