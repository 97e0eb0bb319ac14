"""Value content: methods, roll-up, cumulation, de minimis by hand; the cheapest shift against enumeration."""

from __future__ import annotations

import itertools
import json
import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import resilience.solver
from resilience import InputError
from resilience.cli import main
from resilience.origins.content import (
    BOM,
    METHODS,
    RESULTS,
    Item,
    Product,
    Rule,
    area,
    assess,
    candidates,
    cheapest_shift,
    handed_on,
    make_rule,
    measure,
    passes,
    presets,
    read_bom,
    stage_limit,
    trace,
)

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "value-content.md").read_text(encoding="utf-8")
MOTOR = ROOT / "examples" / "bom_motor.csv"
HEADER = ",".join(BOM.names)
ZONE = "USA,CAN,MEX"


def row(product: str = "car", **cells: Any) -> str:
    return ",".join(str({"product": product, **cells}.get(name, "")) for name in BOM.names)


def write(path: Path, *rows: str) -> Path:
    file = path / "bom.csv"
    file.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return file


def content(file: Path, **options: Any) -> dict[str, Any]:
    """The only row of the answer."""
    rule = make_rule(options.pop("rule", None), **options)
    (found,) = assess(read_bom(file, rule)[0], rule).tables["content"].to_dict("records")
    return {str(name): value for name, value in found.items()}


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """TV 1000, NC 800, AV 900; 300 from China, 200 from the USA."""
    return write(
        tmp_path,
        row(origin="USA", value_usd=250, transaction_value_usd=1000, net_cost_usd=800, adjusted_value_usd=900),
        row(item="chips", origin="CHN", value_usd=300),
        row(item="steel", origin="USA", value_usd=200),
    )


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("transaction-value", 700 / 1000),
        ("net-cost", 500 / 800),
        ("build-down", 600 / 900),
        ("build-up", 200 / 900),
        ("component-cost", 200 / 500),
    ],
)
def test_each_method_by_hand(plain: Path, method: str, expected: float) -> None:
    found = content(plain, method=method, threshold=0.5, zone=ZONE)
    assert found["content_share"] == pytest.approx(expected)
    assert found["passes"] == (expected >= 0.5)
    assert found["non_originating_usd"] == 300


def test_seventy_per_cent_passes_sixty_and_fails_eighty_five(plain: Path) -> None:
    assert content(plain, threshold=0.60, zone=ZONE)["passes"]
    assert content(plain, threshold=0.70, zone=ZONE)["passes"]
    failed = content(plain, threshold=0.85, zone=ZONE)
    assert not failed["passes"]
    assert failed["missing_usd"] == pytest.approx(150)  # 300 − 15 % of 1000
    assert failed["non_originating_items"] == "chips (outside the zone)"
    assert failed["shift_status"] == "no alternatives"


def test_what_build_up_is_missing(plain: Path) -> None:
    found = content(plain, method="build-up", threshold=0.4, zone=ZONE)
    assert found["missing_usd"] == pytest.approx(0.4 * 900 - 200)
    with_processing = replace(make_rule(method="build-up", threshold=0.5, zone=ZONE), processing=True)
    (again,) = assess(read_bom(plain, with_processing)[0], with_processing).tables["content"].to_dict("records")
    assert again["content_share"] == pytest.approx((200 + 250) / 900)


def test_too_few_materials_cannot_build_up(plain: Path) -> None:
    """Even wholly originating materials of 500 are no 60 % of 900."""
    plain.write_text(plain.read_text().replace("chips,,CHN,300,,,,,,", "chips,,CHN,300,,,,,USA,1"))
    found = content(plain, method="build-up", threshold=0.6, zone=ZONE)
    assert (found["missing_usd"], found["shift_status"]) == (pytest.approx(340), "none suffices")
    assert np.isnan(found["shift_cost_usd"])


def test_equal_is_not_more_than(plain: Path) -> None:
    rule = make_rule(threshold=0.70, zone=ZONE)
    (product,) = read_bom(plain, rule)[0]
    measured = measure(product, rule, "transaction-value")
    assert passes(measured, rule, 300.0)
    assert not passes(measured, replace(rule, exceeds=True), 300.0)
    assert passes(measured, replace(rule, exceeds=True), 299.99)


def test_undetermined_origin_does_not_originate(tmp_path: Path) -> None:
    file = write(tmp_path, row(origin="USA", transaction_value_usd=100), row(item="part", value_usd=30))
    found = content(file, threshold=0.8, zone=ZONE)
    assert found["content_share"] == pytest.approx(0.7)
    assert found["non_originating_items"] == "part (undetermined origin)"


def test_a_product_made_outside_fails(tmp_path: Path) -> None:
    file = write(
        tmp_path, row(origin="CHN", transaction_value_usd=100), row(item="part", origin="USA", value_usd=30)
    )
    found = content(file, threshold=0.8, zone=ZONE)
    assert (found["content_share"], found["passes"], found["reason"]) == (
        1.0,
        False,
        "the product is made outside",
    )


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    """A battery (50 of processing) of Chinese cells (40) and American wire (10), in a product of 200."""
    return write(
        tmp_path,
        row(origin="USA", transaction_value_usd=200, destination="CAN"),
        row(item="battery", origin="MEX", value_usd=50),
        row(item="cells", parent="battery", origin="CHN", value_usd=40),
        row(item="wire", parent="battery", origin="USA", value_usd=10),
    )


def test_roll_up_raises_the_content(staged: Path) -> None:
    assert content(staged, threshold=0.6, zone=ZONE)["content_share"] == 1.0  # the battery is 60 % from the zone
    assert content(staged, threshold=0.6, zone=ZONE, roll_up=False)["content_share"] == pytest.approx(0.8)


def test_three_cumulations_give_three_numbers(staged: Path) -> None:
    """At 70 % the Mexican battery does not qualify itself."""

    def shares(**more: Any) -> list[float]:
        rules = [make_rule(threshold=0.7, zone=ZONE, cumulation=c) for c in ("bilateral", "diagonal", "full")]
        rules = [replace(rule, **more) for rule in rules]
        return [
            float(assess(read_bom(staged, rule)[0], rule).tables["content"]["content_share"].iloc[0])
            for rule in rules
        ]

    assert shares() == pytest.approx([0.5, 0.5, 0.8])
    assert shares(stage_threshold=0.6) == pytest.approx([0.5, 1.0, 1.0])
    assert shares(stage_threshold=0.6, roll_up=False) == pytest.approx([0.5, 0.8, 0.8])
    found = [content(MOTOR, threshold=0.7, zone=ZONE, cumulation=c) for c in ("bilateral", "diagonal", "full")]
    assert [one["content_share"] for one in found] == pytest.approx([0.52, 0.65, 0.80])


def test_a_stage_in_the_country_of_the_next_is_looked_through(staged: Path) -> None:
    staged.write_text(staged.read_text().replace("car,battery,,MEX", "car,battery,,USA"))
    assert content(staged, threshold=0.7, zone=ZONE)["content_share"] == pytest.approx(0.8)


def test_a_stage_made_outside_counts_wholly(staged: Path) -> None:
    staged.write_text(staged.read_text().replace("car,battery,,MEX", "car,battery,,CHN"))
    for cumulation in ("diagonal", "full"):
        assert content(staged, threshold=0.1, zone=ZONE, cumulation=cumulation)["content_share"] == 0.5


def test_de_minimis(staged: Path) -> None:
    whole = {"threshold": 0.9, "zone": ZONE, "cumulation": "full"}
    assert not content(staged, **whole)["passes"]
    found = content(staged, **whole, de_minimis=0.2)
    assert found["passes"] and found["reason"] == "de minimis"
    assert found["content_share"] == pytest.approx(0.8)  # tolerated, not forgotten
    assert not content(staged, **whole, de_minimis=0.19)["passes"]
    forgiven = content(staged, **whole, de_minimis=0.4)  # a stage has the tolerance, too
    assert forgiven["content_share"] == 1.0


def test_the_counted_values_add_up() -> None:
    for roll_up, cumulation in itertools.product((True, False), ("bilateral", "diagonal", "full")):
        rule = make_rule(threshold=0.7, zone=ZONE, roll_up=roll_up, cumulation=cumulation)
        tables = assess(read_bom(MOTOR, rule)[0], rule).tables
        assert tables["items"]["counted_usd"].sum() == tables["content"]["non_originating_usd"].iloc[0]
        for name, table in RESULTS.items():
            assert tuple(tables[name].columns) == table.names


def test_the_cheapest_shift_by_hand(tmp_path: Path) -> None:
    """300 too much by 100: all of the cheaper 60, then two thirds of the next 60."""
    file = write(
        tmp_path,
        row(origin="USA", transaction_value_usd=1000),
        row(item="a", origin="CHN", value_usd=60, alternative_origin="CAN", extra_cost_usd=6),
        row(item="a", alternative_origin="MEX", extra_cost_usd=3),
        row(item="a", alternative_origin="DEU", extra_cost_usd=0),
        row(item="b", origin="CHN", value_usd=60, alternative_origin="USA", extra_cost_usd=9),
        row(item="c", origin="CHN", value_usd=180, alternative_origin="USA", extra_cost_usd=90),
    )
    rule = make_rule(threshold=0.8, zone=ZONE)
    result = assess(read_bom(file, rule)[0], rule)
    (found,) = result.tables["content"].to_dict("records")
    assert (found["shift_status"], found["solved_as"]) == ("found", "LP")
    assert found["shift_cost_usd"] == pytest.approx(3 + 6)
    assert found["shift_content_share"] == pytest.approx(0.8)
    shifts = result.tables["shifts"].set_index("item")
    assert dict(shifts["alternative_origin"]) == {"a": "MEX", "b": "USA"}
    assert shifts.loc["b", "share_moved"] == pytest.approx(2 / 3)
    whole = assess(read_bom(file, rule)[0], rule, whole=True).tables["content"].iloc[0]
    assert (whole["shift_cost_usd"], whole["solved_as"]) == (pytest.approx(12), "MILP")


def test_a_stage_can_move_and_a_strict_threshold_is_passed(staged: Path) -> None:
    text = staged.read_text().replace("car,battery,,MEX,50,,,,,,", "car,battery,,CHN,50,,,,,USA,7")
    staged.write_text(text)
    for exceeds in (False, True):
        rule = replace(make_rule(threshold=0.8, zone=ZONE), exceeds=exceeds)
        (found,) = assess(read_bom(staged, rule)[0], rule).tables["content"].to_dict("records")
        if exceeds:
            assert found["shift_status"] == "none suffices"  # the cells are 20 % and cannot move
        else:
            assert (found["shift_cost_usd"], found["solved_as"]) == (pytest.approx(7), "MILP")
            assert found["shift_content_share"] == pytest.approx(0.8)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Product, Rule, str]:
    """A product of up to five items and a rule."""
    places = st.sampled_from(["USA", "MEX", "CAN", "CHN", ""])
    number = draw(st.integers(1, 5))
    names = [f"i{position}" for position in range(number)]
    parents = [draw(st.sampled_from(["", *names[position + 1 :]])) for position in range(number)]
    items: dict[str, Item] = {}
    for position, (name, parent) in enumerate(zip(names, parents, strict=True)):
        value, origin = float(draw(st.integers(0, 50))), draw(places)
        others = draw(st.dictionaries(places.filter(bool), st.integers(0, 20), max_size=2))
        inputs = tuple(below for below, above in zip(names[:position], parents, strict=False) if above == name)
        full = value + sum(items[below].full for below in inputs)
        costs = {place: float(cost) for place, cost in others.items() if place != origin}
        items[name] = Item(name, parent, origin, value, full, inputs, costs)
    inside = sum(item.full for item in items.values() if not item.parent)
    worth = inside + draw(st.integers(1, 60))
    values = {column: worth for column in METHODS.values() if column} | {"value_usd": 0.0}
    product = Product("p", draw(st.sampled_from(["USA", "MEX"])), "CAN", values, items)
    method = draw(st.sampled_from(["transaction-value", "build-up"]))
    rule = Rule(
        "",
        "",
        ("USA", "MEX", "CAN"),
        {method: draw(st.sampled_from([0.3, 0.5, 0.65, 0.8]))},
        cumulation=draw(st.sampled_from(["bilateral", "diagonal", "full"])),
        roll_up=draw(st.booleans()),
        de_minimis=draw(st.sampled_from([0.0, 0.1])),
        stage_threshold=draw(st.sampled_from([None, 0.0, 0.4])),
    )
    return product, rule, method


def whole_moves(product: Product, rule: Rule) -> list[dict[str, tuple[str, float]]]:
    options = candidates(product, rule)
    choices = [[None, *places] for places in options.values()]
    return [
        {name: (place, 1.0) for name, place in zip(options, chosen, strict=True) if place}
        for chosen in itertools.product(*choices)
    ]


def cost_of(product: Product, moves: dict[str, tuple[str, float]]) -> float:
    return sum(product.items[name].alternatives[place] * share for name, (place, share) in moves.items())


def by_patterns(product: Product, rule: Rule, method: str) -> float:
    """Least cost with divisible purchases: one small programme for each place of stages and each set that qualifies."""
    options, counting = candidates(product, rule), area(product, rule)
    bought = [name for name in options if not product.items[name].inputs]
    stages = [item for item in product.items.values() if item.inputs]
    measured = measure(product, rule, method)
    best = np.inf
    for moved in whole_moves(product, rule):
        if any(name in bought for name in moved):
            continue
        place = {"": product.origin} | {name: item.origin for name, item in product.items.items()}
        place |= {name: origin for name, (origin, _) in moved.items()}
        able = [item.name for item in stages if place[item.name] in counting]
        for chosen in itertools.chain.from_iterable(itertools.combinations(able, n) for n in range(len(able) + 1)):
            lines: dict[
                str, np.ndarray
            ] = {}  # what is handed on, as coefficients of the shares moved and a constant
            rows, limits = [], []
            for item in product.items.values():
                line = np.zeros(len(bought) + 1)
                if not item.inputs:
                    line[-1] = 0.0 if item.origin in counting else item.full
                    if item.name in bought:
                        line[bought.index(item.name)] = -item.full
                    lines[item.name] = line
                    continue
                below = sum((lines[name] for name in item.inputs), line)
                beside = place[item.name] in counting and place[item.name] == place[item.parent]
                if item.name in chosen:
                    rows.append(below[:-1])
                    limits.append(stage_limit(rule, method) * item.full - below[-1])
                    lines[item.name] = 0 * below if rule.roll_up else below
                elif beside or (rule.cumulation == "full" and place[item.name] in counting):
                    lines[item.name] = below
                else:
                    lines[item.name] = np.append(0 * below[:-1], item.full)
            total = sum((lines[item.name] for item in product.tops), np.zeros(len(bought) + 1))
            rows.append(total[:-1])
            limits.append(measured.limit - total[-1])
            price = [next(iter(options[name].values())) for name in bought]
            if not bought:
                best = min(best, cost_of(product, moved)) if min(limits) >= -1e-9 else best
                continue
            found = linprog(price, np.array(rows), np.array(limits), bounds=[(0, 1)] * len(bought))
            if found.status == 0:
                best = min(best, found.fun + cost_of(product, moved))
    return float(best)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(cases())
def test_the_cheapest_shift_against_enumeration(case: tuple[Product, Rule, str]) -> None:
    product, rule, method = case
    measured = measure(product, rule, method)
    if product.origin not in area(product, rule):
        assert cheapest_shift(product, rule, method) is None
        return
    fit = [
        cost_of(product, moves)
        for moves in whole_moves(product, rule)
        if passes(measured, rule, handed_on(product, trace(product, rule, method, moves)))
    ]
    for whole, least in ((True, min(fit, default=np.inf)), (False, by_patterns(product, rule, method))):
        found = cheapest_shift(product, rule, method, whole)
        assert (found is None) == np.isinf(least)
        if found is not None:
            assert found.cost == pytest.approx(least, abs=1e-5)
            assert passes(measured, rule, handed_on(product, trace(product, rule, method, found.moves)))
            assert not whole or all(share == 1 for _, share in found.moves.values())


BAD = {
    "unknown parent": (
        row(item="a", parent="engin", origin="USA", value_usd=1),
        "parent",
        '"engin" is not an item',
    ),
    "circle": (row(item="a", parent="a", origin="USA", value_usd=1), "parent", "a goes into a; parents must not"),
    "negative": (row(item="a", origin="USA", value_usd=-5), "value_usd", "is negative"),
    "no number": (row(item="a", origin="USA", value_usd="five"), "value_usd", '"five" is not a number'),
    "no value": (row(item="a", origin="USA"), "value_usd", "a has no value"),
    "duplicate": (row(item="engine", origin="USA", value_usd=1), "item", "stands already in row 3"),
    "two products": (row(origin="USA"), "product", "has its own row already, row 2"),
    "country": (row(item="a", origin="Germany", value_usd=1), "origin", 'write "DEU"'),
    "lower case": (row(item="a", origin="usa", value_usd=1), "origin", 'write "USA"'),
    "no country": (row(item="a", origin="XQX", value_usd=1), "origin", '"XQX" is not an ISO 3166'),
    "too dear": (row(item="a", origin="USA", value_usd=950), "transaction_value_usd", "costs more than itself"),
    "stray value": (row(item="a", origin="USA", value_usd=1, net_cost_usd=1), "net_cost_usd", "own row"),
    "no product": (row("lorry", item="a", origin="USA", value_usd=1), "product", "lorry has no row of its own"),
    "no cost": (row(item="engine", alternative_origin="USA"), "extra_cost_usd", "is blank"),
    "no place": (row(item="a", value_usd=1, extra_cost_usd=3), "alternative_origin", "is blank"),
    "not moved": (row(item="engine", alternative_origin="CHN", extra_cost_usd=1), "alternative_origin", "already"),
    "nothing to move": (
        row(item="x", alternative_origin="CHN", extra_cost_usd=1),
        "item",
        "no row with a value_usd",
    ),
    "status": (row(item="a", origin="USA", value_usd=1, status="guess"), "status", '"guess" is not allowed'),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named_with_its_place(tmp_path: Path, name: str) -> None:
    bad, column, message = BAD[name]
    good = [row(origin="USA", transaction_value_usd=100), row(item="engine", origin="CHN", value_usd=60)]
    with pytest.raises(InputError) as caught:
        read_bom(write(tmp_path, *good, bad), make_rule(threshold=0.6, zone=ZONE))
    found = [finding for finding in caught.value.findings if message in finding.message]
    assert [finding.column for finding in found] == [column]
    assert found[0].row == (2 if name == "too dear" else 4) and found[0].table == "bom.csv"


def test_all_findings_come_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = [line for line, _, message in BAD.values() if "row" not in message and "itself" not in message]
    file = write(tmp_path, row(origin="USA", transaction_value_usd=100), *bad)
    assert main(["content", str(file), "--threshold", "0.6", "--zone", ZONE]) == 2
    printed = capsys.readouterr()
    assert not printed.out and "nothing was computed" in printed.err
    assert printed.err.count("error: bom.csv, row ") >= 8


def test_a_value_that_the_method_needs(tmp_path: Path) -> None:
    file = write(tmp_path, row(origin="USA", transaction_value_usd=100), row(item="a", origin="USA", value_usd=60))
    with pytest.raises(InputError, match="needs net_cost_usd of car"):
        read_bom(file, make_rule(method="net-cost", threshold=0.6, zone=ZONE))
    with pytest.raises(InputError, match="bilateral cumulation needs both"):
        read_bom(file, make_rule(threshold=0.6, zone=ZONE, cumulation="bilateral"))
    with pytest.raises(InputError, match="own processing"):
        file = write(tmp_path, row(origin="JPN", adjusted_value_usd=9), row(item="a", origin="JPN", value_usd=6))
        read_bom(file, make_rule("rcep", method="build-up"))
    assert content(MOTOR, rule="usmca-core-parts", method="net-cost")["passes"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "name a bill of materials"),
        (["BOM"], "--threshold"),
        (["BOM", "--rule", "usmca-core-part"], 'did you mean "usmca-core-parts"?'),
        (["BOM", "--rule", "safe", "--method", "net-cost"], "safe has no threshold for net-cost"),
        (["BOM", "--threshold", "60", "--zone", ZONE], "0.6 for 60 %"),
        (["BOM", "--threshold", "0.6", "--zone", "USA,Mexico"], 'write "MEX"'),
        (["BOM", "--threshold", "0.6", "--zone", ZONE, "--cumulation", "ful"], 'did you mean "full"?'),
        (["BOM", "--threshold", "0.6", "--zone", ZONE, "--method", "netcost"], 'did you mean "net-cost"?'),
        (["BOM", "--rule", "safe", "--out", "x.xlsx"], "ends in .csv or .json"),
        (["none.csv", "--rule", "safe"], "cannot be read"),
    ],
)
def test_bad_options_are_status_2(capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str) -> None:
    assert main(["content", *(str(MOTOR) if word == "BOM" else word for word in arguments)]) == 2
    printed = capsys.readouterr()
    assert expected in printed.err and "Traceback" not in printed.err and not printed.out


def test_no_number_without_an_optimum(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resilience.solver, "TOLERANCE", -1.0)
    arguments = ["content", str(MOTOR), "--threshold", "0.7", "--zone", ZONE, "--out", str(tmp_path / "r.json")]
    assert main(arguments) == 3
    printed = capsys.readouterr()
    assert "drive motor, transaction-value, cheapest shift" in printed.err
    assert not printed.out and not (tmp_path / "r.json").exists()


def test_the_same_numbers_in_all_outputs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suppliers = str(ROOT / "examples" / "bom_suppliers.csv")
    for name in ("r.json", "r.csv"):
        assert main(["content", suppliers, "--rule", "safe", "--out", str(tmp_path / "new" / name)]) == 0
    printed = capsys.readouterr().out
    assert "radar mast" in printed and "passes" in printed and "none suffices" in printed and "105 USD" in printed
    document = json.loads((tmp_path / "new" / "r.json").read_text(encoding="utf-8"))
    assert document["meta"]["rule"]["name"] == "safe" and set(document["tables"]) == set(RESULTS)
    table = pd.read_csv(tmp_path / "new" / "r.csv")
    records = document["tables"]["content"]
    assert [record["content_share"] for record in records] == pytest.approx(list(table["content_share"]))
    assert [record["content_share"] for record in records] == pytest.approx([220 / 500, 0.7, 150 / 1250])
    assert {record["solved_as"] for record in records} == {"LP", ""}


def test_presets_are_complete(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["content", "--rule", "list"]) == main(["content", "--rules"]) == 0
    printed = capsys.readouterr().out
    for name, rule in presets().items():
        assert make_rule(name) == rule
        assert make_rule(name, zone=",".join(rule.zone)).zone == rule.zone  # every code is one
        assert f"{name}: {rule.label}" in printed
        assert rule.methods.keys() <= METHODS.keys() and rule.source and rule.simplifies and rule.checked
    thresholds = {name: sorted(rule.methods.values()) for name, rule in presets().items()}
    assert thresholds == {
        "usmca-core-parts": [0.75, 0.85],
        "buy-american-2022": [0.60],
        "buy-american-2024": [0.65],
        "buy-american-2029": [0.75],
        "safe": [0.65],
        "edip": [0.65],
        "rcep": [0.40, 0.40],
    }
    assert [len(presets()[name].zone) for name in ("safe", "edip", "rcep")] == [31, 30, 15]


def example_rows() -> list[tuple[str, str]]:
    return re.findall(r"^\| `(--cumulation [^`]*)` \| (.*) \|$", PAGE, flags=re.MULTILINE)


@pytest.mark.parametrize(("options", "shown"), example_rows())
def test_the_page_shows_what_the_command_gives(options: str, shown: str, tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    arguments = ["--threshold", "0.7", "--zone", ZONE, *shlex.split(options), "--out", str(out), "--quiet"]
    assert main(["content", str(MOTOR), *arguments]) == 0
    tables = json.loads(out.read_text(encoding="utf-8"))["tables"]
    (answer,) = tables["content"]
    moves = [
        f"{move['item']} {100 * move['share_moved']:.1f} % to {move['alternative_origin']}"
        for move in tables["shifts"]
    ]
    shift = answer["shift_status"]
    if moves:
        shift = f"{', '.join(moves)}: {answer['shift_cost_usd']:.2f} USD ({answer['solved_as']})"
    cells = [
        f"{answer['non_originating_usd']:g}",
        f"{100 * answer['content_share']:.1f} %",
        f"{answer['missing_usd']:g}",
        "passes" if answer["passes"] else "fails",
        shift,
    ]
    assert " | ".join(cells) == shown


def test_the_page_names_all_there_is() -> None:
    assert len(example_rows()) == 7
    for name in (*BOM.names, *METHODS):
        assert f"`{name}`" in PAGE, name
    for path in re.findall(r"examples/\w+\.csv", PAGE):
        assert (ROOT / path).exists()
        assert "made-up" in (ROOT / path).read_text(encoding="utf-8")
