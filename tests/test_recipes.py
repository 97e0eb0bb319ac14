"""Recipes as they are read: what does not fit is named with file, row, column, value and remedy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import Maker

import resilience
from resilience.inputs.recipes import Recipe, cycle, final_first, groups, upstream

GOODS = (("magnet", "military"), ("powder", "military"), ("ore", "military"))


def recipe(good: str, name: str, essential: bool = True) -> Recipe:
    return Recipe(good, name, 1.0, essential, float("nan"), "assumed", "made up")


def refused(make: Maker, recipes: Sequence[dict[str, Any]], **data: Any) -> list[resilience.Finding]:
    flows = [("XXX", "AAA", 10.0, good, data.pop("value", 1e4)) for good, _ in GOODS]
    with pytest.raises(resilience.InputError) as caught:
        make(flows, [], data={"goods": GOODS, "recipes": recipes} | data, cut=["XXX"])
    return [finding for finding in caught.value.findings if finding.severity == "error"]


def test_a_circle_is_named(make: Maker) -> None:
    found = refused(
        make,
        [
            {"good": "magnet", "input": "powder"},
            {"good": "powder", "input": "ore"},
            {"good": "ore", "input": "magnet"},
        ],
    )
    assert len(found) == 1
    assert (found[0].table, found[0].column) == ("recipes.csv", "input")
    assert found[0].row == 4
    assert "magnet needs powder needs ore needs magnet" in found[0].message


def test_a_good_that_needs_itself(make: Maker) -> None:
    found = refused(make, [{"good": "magnet", "input": "magnet", "input_per_unit": 0.1}])
    assert "magnet needs magnet" in found[0].message


def test_units_that_do_not_fit(make: Maker) -> None:
    found = refused(make, [{"good": "magnet", "input": "powder", "unit": "kg/t"}])
    assert (found[0].row, found[0].column) == (2, "unit")
    assert '"kg/t" does not fit' in found[0].message
    assert "must be in t/t" in found[0].message


def test_units_that_fit_are_taken(make: Maker) -> None:
    case = make(
        [("XXX", "AAA", 10.0, good) for good, _ in GOODS],
        [],
        cut=["XXX"],
        data={"goods": GOODS, "recipes": [{"good": "magnet", "input": "powder", "unit": "t / t"}]},
    )
    assert [(link.good, link.input) for link in case.recipes] == [("magnet", "powder")]


@pytest.mark.parametrize("amount", [0, -1, "", "much"])
def test_an_amount_that_is_none(make: Maker, amount: Any) -> None:
    found = refused(make, [{"good": "magnet", "input": "powder", "input_per_unit": amount}])
    assert (found[0].row, found[0].column) == (2, "input_per_unit")


def test_a_loss_of_everything(make: Maker) -> None:
    found = refused(make, [{"good": "magnet", "input": "powder", "loss": 1}])
    assert (found[0].row, found[0].column) == (2, "loss")


def test_a_good_that_costs_more_than_itself(make: Maker) -> None:
    """0.7 + 0.6 of its value: more than all of it."""
    found = refused(
        make,
        [
            {"good": "magnet", "input": "powder", "value_share": 0.7},
            {"good": "magnet", "input": "ore", "value_share": 0.6},
        ],
    )
    assert len(found) == 1
    assert "cost 1.3 times what it is worth (powder 0.7, ore 0.6)" in found[0].message


def test_in_value_the_recipe_itself_says_what_it_costs(make: Maker) -> None:
    """1.2 kUSD of powder for 1 kUSD of magnets."""
    found = refused(
        make, [{"good": "magnet", "input": "powder", "input_per_unit": 1.2}], unit="kUSD", value=10_000.0
    )
    assert "cost 1.2 times what it is worth" in found[0].message


def test_an_amount_far_from_its_value_share_is_a_warning(make: Maker) -> None:
    """At 1,000 USD a tonne both, 50 t of powder are 50 times the value of a tonne of magnets, not a tenth."""
    case = make(
        [("XXX", "AAA", 10.0, good, 1e4) for good, _ in GOODS],
        [],
        cut=["XXX"],
        data={
            "goods": GOODS,
            "recipes": [{"good": "magnet", "input": "powder", "input_per_unit": 50, "value_share": 0.1}],
        },
    )
    said = [finding.message for finding in case.findings if finding.column == "input_per_unit"]
    assert len(said) == 1
    assert "units do not fit" in said[0]


def test_an_input_without_data_is_a_warning(make: Maker) -> None:
    case = make(
        [("XXX", "AAA", 10.0, "magnet")],
        [],
        cut=["XXX"],
        data={"goods": GOODS, "recipes": [{"good": "magnet", "input": "powder"}]},
    )
    said = [finding.message for finding in case.findings if "made of powder" in finding.message]
    assert len(said) == 1
    assert "no flows or balances of powder up to 2024" in said[0]
    assert case.recipes == ()
    assert resilience.solve(case).tables["chain"].empty


def test_an_input_that_is_not_a_good(make: Maker) -> None:
    found = refused(make, [{"good": "magnet", "input": "powdr"}])
    assert 'did you mean "powder"' in found[0].message


def test_essential_names_a_recipe_that_is_not_there(make: Maker) -> None:
    flows = [("XXX", "AAA", 10.0, good) for good, _ in GOODS]
    data = {"goods": GOODS, "recipes": [{"good": "magnet", "input": "powder", "essential": False}]}
    with pytest.raises(resilience.InputError, match='no recipe of "magnet" with "ore"; did you mean|known are'):
        make(flows, [], cut=["XXX"], data=data, essential={"magnet": ["ore"]})
    case = make(flows, [], cut=["XXX"], data=data, essential={"magnet": ["powder"]})
    assert case.recipes[0].essential


def test_substitutes_are_checked(make: Maker) -> None:
    flows = [("XXX", "AAA", 10.0, good) for good, _ in GOODS]
    for group, message in (
        ({"goods": {"magnet": 1.0}}, "at least two goods"),
        ({"goods": {"magnet": 1.0, "powder": 0.0}}, "stand in for nothing"),
        ({"goods": {"magnet": 1.0, "powdr": 1.0}}, 'did you mean "powder"'),
        ({"goods": {"magnet": 1.0, "ore": 1.0}, "limit": 1.5}, "out of range"),
        ({"goods": {"magnet": 1.0, "ore": 1.0}, "limits": 0.5}, 'did you mean "limit"'),
    ):
        with pytest.raises(resilience.InputError, match=message):
            make(flows, [], cut=["XXX"], data={"goods": GOODS}, substitutes=[group])


def test_order_and_families() -> None:
    recipes = [recipe("magnet", "powder"), recipe("powder", "ore"), recipe("steel", "ore", essential=False)]
    assert final_first(["ore", "powder", "steel", "magnet"], recipes) == ["steel", "magnet", "powder", "ore"]
    assert [(link.input, stage) for link, stage in upstream("magnet", recipes)] == [("powder", 1), ("ore", 2)]
    assert [link.input for link, _ in upstream("magnet", recipes, depth=1)] == ["powder"]
    assert groups(["a", "b", "c", "d"], [("a", "c"), ("c", "d")]) == [["a", "c", "d"], ["b"]]
    assert cycle(recipes) == []
    assert cycle([*recipes, recipe("ore", "magnet")]) == ["magnet", "powder", "ore", "magnet"]


def test_the_table_in_a_file_of_its_own(make: Maker, tmp_path: Path) -> None:
    """Columns that may be left out may be left out."""
    case = make([("XXX", "AAA", 10.0, good) for good, _ in GOODS], [], cut=["XXX"], data={"goods": GOODS})
    folder = case.file.dataset
    (folder / "recipes.csv").write_text(
        "good,input,input_per_unit,essential,status,source\nmagnet,powder,2,true,assumed,made up\n",
        encoding="utf-8",
    )
    again = resilience.load(case.file.path)
    assert [(link.per_unit, link.essential) for link in again.recipes] == [(2.0, True)]
    assert tmp_path in folder.parents
