"""Chains solved by hand: two and three stages, essential and substitutable inputs, several members, groups."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Maker, row

import resilience

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
