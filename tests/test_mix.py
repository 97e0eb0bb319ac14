"""Ways to survive: shares of goods that others are made of, what has no price, and purchases that are held."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Maker
from test_burden import GDP, PEOPLE, with_figures

import resilience
from resilience.economics.burden_words import headlines
from resilience.economics.costs import costs_of
from resilience.economics.mix import mix_rows
from resilience.economics.priced import Priced
from resilience.families import all_figures, model_data
from resilience.output.sheets import result_sheet


def growing(make: Maker) -> resilience.Case:
    """AAA makes 20 of the 120 engines it uses, of 20 ore; the others and half of the ore come from XXX, which is cut.

    φ = 0.5: 60 engines must be made at home, of 60 ore, all from RRR at 12; XXX sells at 10.
    """
    flows = [
        ("XXX", "AAA", 10.0, "ore", 100.0),
        ("RRR", "AAA", 10.0, "ore", 120.0),
        ("RRR", "ZZZ", 1.0, "ore", 12.0),
        ("XXX", "AAA", 100.0, "engine", 9000.0),
    ]
    balances = [
        {"country": "AAA", "production": 20, "good": "engine"},
        {"country": "XXX", "production": 100, "good": "engine"},
        {"country": "AAA", "production": 0, "good": "ore"},
        {"country": "XXX", "production": 10, "good": "ore"},
        {"country": "ZZZ", "production": 0, "good": "ore"},
        {"country": "RRR", "production": 11, "capacity": 1000, "good": "ore"},
    ]
    case = make(
        flows,
        balances,
        region=["AAA", "RRR"],
        cut=["XXX"],
        survival={"critical_share": 0.5},
        response={"new_capacity": 10.0},
        data={
            "goods": [("engine", "military"), ("ore", "military")],
            "recipes": [{"good": "engine", "input": "ore"}],
        },
    )
    return with_figures(case, GDP, PEOPLE)


def test_shares_are_of_what_is_bought_also_for_what_is_newly_made(make: Maker) -> None:
    """60 ore from RRR are three times today's demand and all of the purchases. With stock for half a year of today's
    20, 10 ore may stay with XXX: 50 of 60."""
    found = resilience.burden(growing(make))
    rows = found.mix.set_index(["good", "way"])
    assert rows.at[("ore", "sourcing"), "share"] == pytest.approx(1.0, abs=1e-6)
    assert rows.at[("ore", "mix"), "more_stock"] == pytest.approx(6.0, abs=1e-4)
    assert rows.at[("ore", "mix"), "share"] == pytest.approx(50 / 60, abs=1e-5)
    assert rows.at[("engine", "sourcing"), "share"] == pytest.approx(0.5, abs=1e-6)
    assert rows.at[("engine", "sourcing"), "new_capacity"] == pytest.approx(40.0, abs=1e-4)
    assert (found.mix["unit"] == "t").all()


def test_why_stock_does_not_help_where_purchases_are_held(make: Maker) -> None:
    """With 20 ore a year as today nobody makes 60 engines, however much ore is in stock."""
    found = resilience.burden(growing(make))
    rows = found.mix.set_index(["good", "way"])
    for way in ("stock", "restraint"):
        note = rows.at[("ore", way), "note"]
        assert note.startswith(
            "members do not survive this way; purchases are held at today's, while what is made"
        )
    assert not found.mix.loc[found.mix["good"] == "engine", "note"].str.contains("held at today's").any()


@pytest.fixture
def wheat(make: Maker) -> resilience.Case:
    """AAA buys 120 from XXX, which is cut, at 10; RRR, in the region, could sell as much."""
    flows = [("XXX", "AAA", 120.0, "wheat", 1200.0), ("RRR", "ZZZ", 100.0, "wheat", 1100.0)]
    balances = [
        {"country": "AAA", "production": 0},
        {"country": "XXX", "production": 120},
        {"country": "RRR", "production": 100, "capacity": 200},
        {"country": "ZZZ", "production": 0},
    ]
    case = make(flows, balances, region=["AAA", "RRR"], cut=["XXX"], survival={"critical_share": 0.5})
    return with_figures(case, GDP, PEOPLE)


def rows_of(case: resilience.Case, **unknown: Any) -> pd.DataFrame:
    data = all_figures(case)["wheat"]
    assert data is not None
    costs = replace(costs_of(case, data), **unknown)
    return pd.DataFrame(mix_rows(Priced(model_data(case, data, {}), costs, 1.0))).set_index("way")


def test_what_has_no_price_is_left_blank(wheat: resilience.Case) -> None:
    columns = ["share", "more_stock", "restraint", "new_capacity"]
    rows = rows_of(wheat)
    assert rows[columns].notna().all(axis=None)
    landed = costs_of(wheat, all_figures(wheat)["wheat"]).landed * np.nan
    rows = rows_of(wheat, landed=landed)
    assert rows[columns].isna().T.to_dict() == {
        "sourcing": {"share": True, "more_stock": False, "restraint": False, "new_capacity": False},
        "stock": dict.fromkeys(columns, False),
        "restraint": dict.fromkeys(columns, False),
        "mix": {"share": True, "more_stock": False, "restraint": False, "new_capacity": False},
    }
    nothing = dict.fromkeys(("value", "built", "held", "missed"), np.nan)
    rows = rows_of(wheat, landed=landed, **nothing)
    assert rows["usd"].isna().all()
    assert rows.loc["mix", columns].isna().all()
    assert np.isnan(rows.at["stock", "more_stock"]) and rows.at["stock", "share"] == 0.0
    assert not rows["note"].str.contains("do not survive").any()


def test_a_way_without_price_is_not_said_to_fail(wheat: resilience.Case) -> None:
    found = resilience.burden(wheat)
    table = found.mix.copy()
    table.loc[table["way"] == "mix", "share"] = np.nan
    said = dict(headlines({**found.tables, "mix": table}, found.meta))["Stocks or shares"]
    assert "survive in none" not in said and "is not enough" not in said


def test_the_sheet_shows_months_with_decimals(make: Maker) -> None:
    found = resilience.burden(growing(make))
    fields = {field.heading: field for field in result_sheet(found, "mix").fields}
    assert fields["Stock on top, months"].number_format(0) == "0.00"
    assert "Largest share of a member" in fields and "Least share" not in fields
