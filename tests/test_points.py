"""Every number of a study equals the fresh solve of that point, whatever stood before it in its chunk."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Maker, write_case
from instances import figures
from instances import model_data as instance

import resilience
from resilience.errors import InputError, SolverError
from resilience.families import all_figures, couple_family, solve_family
from resilience.inputs.case import Case
from resilience.inputs.casefile import Cutoff, case_file, number_in
from resilience.inputs.parameters import PARAMETERS
from resilience.inputs.variants import is_plain, vary
from resilience.model import build
from resilience.program import compile_model
from resilience.reading.requirements import Wanted
from resilience.schema import ALL
from resilience.solver import Warm, minimise
from resilience.studies.designs import values_of, whole_name
from resilience.studies.points import Evaluate
from resilience.studies.store import outcomes_table

ROOT = Path(__file__).parent.parent
CLOSE = 1e-7
KEY = ["good", "member", "cutoff", "reading"]
NUMBERS = ["share", "share_upper", "share_today", "gap", "months_survived"]
WORDS = ["status", "unit", "scope"]
Rows = tuple[list[tuple[Any, ...]], list[dict[str, Any]]]

SOLD = [
    ("ZZZ", "AAA", 700.0), ("YYY", "AAA", 200.0), ("XXX", "AAA", 100.0), ("BBB", "AAA", 150.0), ("CCC", "AAA", 80.0),
    ("ZZZ", "BBB", 300.0), ("YYY", "BBB", 120.0), ("AAA", "BBB", 60.0), ("CCC", "BBB", 90.0), ("ZZZ", "CCC", 50.0),
    ("CCC", "YYY", 200.0), ("XXX", "CCC", 60.0), ("YYY", "CCC", 30.0),
]  # fmt: skip
MADE = {"AAA": 400.0, "BBB": 500.0, "CCC": 600.0, "ZZZ": 5000.0, "YYY": 2000.0, "XXX": 500.0}
COALITIONS = [
    ("club", "AAA", ""), ("club", "BBB", ""), ("big", "AAA", ""), ("big", "BBB", ""), ("big", "CCC", 0.7),
    ("bloc", "ZZZ", ""), ("bloc", "YYY", ""),
]  # fmt: skip


def trade(*goods: tuple[str, float], unknown: str = "") -> Rows:
    """Flows and balances of goods, each a part of the basic amounts; what members make of ``unknown`` is not known."""
    flows = [(a, b, amount * part, good) for good, part in goods for a, b, amount in SOLD]
    made = [
        {"good": good, "country": country, "production": amount * part}
        for good, part in goods
        for country, amount in MADE.items()
        if good != unknown or country not in ("AAA", "BBB")
    ]
    return flows, made


WHEAT = trade(("wheat", 1.0))
CHAIN = trade(("motors", 0.1), ("magnets", 0.4))
GRAIN = trade(("wheat", 1.0), ("maize", 0.5))
Z = {"name": "Z", "cut": ["ZZZ"]}
Y = {"name": "Y", "cut": ["YYY"], "start": 2, "months": 4}
# kind → data, cutoffs, response
KINDS: dict[str, tuple[Rows, list[dict[str, Any]], dict[str, Any]]] = {
    "one cutoff": (WHEAT, [Z], {}),
    "several cutoffs": (WHEAT, [Z | {"fraction": 0.9}, Y, {"name": "W", "cut": ["bloc"], "fraction": 0.7}], {}),
    "all outsiders": (WHEAT, [{"name": "Z", "all_outsiders": True}], {}),
    "any K": (WHEAT, [{"name": "Z", "any": 1}, Y | {"any": 1, "fraction": 0.8}], {}),
    "any of the region": (WHEAT, [{"name": "Z", "any_region": 1, "fraction": 0.5}, Y], {}),
    "solidarity": (WHEAT, [Z, Y], {"solidarity": True}),
    "solidarity, any K": (WHEAT, [{"name": "Z", "any": 1}, {"name": "Y", "any": 2}], {"solidarity": True}),
    "cap": (WHEAT, [Z, Y], {"cap": 0.5}),
    "chain": (CHAIN, [Z], {}),
    "chain, two cutoffs": (CHAIN, [Z, Y], {}),
    "chain, any K": (CHAIN, [{"name": "Z", "any": 1}], {}),
    "chain in rows of ALL": (trade(("motors", 0.1), ("magnets", 0.4), unknown="motors"), [Z], {}),
    "chain, solidarity": (CHAIN, [Z], {"solidarity": True}),
    "substitutes": (GRAIN, [Z], {}),
}
VALUES: dict[str, list[Any]] = {  # nan: as written
    "survival.months": [1.0, 6.0, 9.0, 40.0],  # 40 is beyond model.MOST_MONTHS
    "survival.critical_share": [0.0, 0.45, 0.8, 1.0],
    "survival.demand_factor": [0.0, 0.7, 1.3],
    "survival.profile": [json.dumps([0.5, 1.5]), json.dumps([1.0, 1.2, 0.8])],
    "response.region_surge": [json.dumps({"delay": 0, "rate": 0.1, "max": 0.4}), json.dumps({"max": 0.0})],
    "response.outside_surge": [json.dumps({"delay": 1, "rate": 0.1, "max": -1.0}), json.dumps({"max": 0.2})],
    "response.diversion": [0.0, 0.3, 1.0],
    "response.spare": [0.0, 0.1, 0.5],
    "response.stock_months": [0.0, 0.5, 2.0, 8.0],
    "response.drawdown": [0.0, 0.2, 2.0],
    "response.solidarity": [json.dumps(True), json.dumps(False)],
    "response.new_capacity": [0.0, 0.5, 3.0, math.inf],
    "response.cap": [0.3, 0.9, math.inf],
    "response.chains": [json.dumps(True), json.dumps(False)],
    "response.depth": [0.0, 1.0, 3.0],
    "response.indirect": [0.0, 0.5, 1.0],
    "response.maker_stock_months": [0.0, 1.0, 4.0],
    "cutoffs.Z.fraction": [0.0, 0.4, 1.0],
    "cutoffs.Z.start": [1.0, 2.0, 30.0],
    "cutoffs.Z.months": [1.0, 3.0],
    "region": [json.dumps("club"), json.dumps({"AAA": 1.0, "BBB": 0.5, "XXX": 0.3})],
    "members": [json.dumps(["AAA"]), json.dumps(["BBB"])],
    "year": [2023.0, 2025.0],
}


def small(make: Maker, kind: str, **more: Any) -> Case:
    (flows, made), cutoffs, response = KINDS[kind]
    names = list(dict.fromkeys(row["good"] for row in made))
    recipes = [{"good": "motors", "input": "magnets", "input_per_unit": 1.5}] if "magnets" in names else []
    if kind == "substitutes":
        # write_case writes tables inline, which TOML allows for lists of tables, too
        more["substitutes"] = [{"name": "grain", "goods": {"wheat": 1.0, "maize": 1.2}, "limit": 0.3}]
    case = make(
        flows,
        made,
        members=["AAA", "BBB"],
        region="big",
        cutoffs=cutoffs,
        survival={"months": 6, "critical_share": 0.8},
        response={"new_capacity": 1.0, "stock_months": 0.5, "region_surge": {"delay": 1, "rate": 0.02, "max": 0.2}}
        | response,
        data={"goods": [(name, "food") for name in names], "coalitions": COALITIONS, "recipes": recipes},
        **more,
    )
    assert isinstance(case, Case)
    return case


def points_of(values: Mapping[str, list[Any]]) -> pd.DataFrame:
    count = len(next(iter(values.values())))
    return pd.DataFrame({"point": [f"p{n}" for n in range(count)]} | dict(values))


def drawn(rng: np.random.Generator, names: list[str], count: int, kind: str) -> pd.DataFrame:
    """Points with random values, a third of them as written."""
    known = dict(VALUES)
    if "any K" in kind:
        known |= {"cutoffs.Z.any": [1.0, 2.0, 9.0]}
    columns = {
        name: [
            known[name][int(rng.integers(len(known[name])))] if rng.random() < 0.67 else None for _ in range(count)
        ]
        for name in names
    }
    return points_of({name: pd.Series(cells, dtype=object).to_list() for name, cells in columns.items()})


def everything(case: Case) -> Wanted:
    return Wanted(("AAA", "BBB", "CCC", *case.members, ALL), (*(cut.name for cut in case.file.cutoffs), ALL))


def fresh(case: Case) -> pd.DataFrame:
    """The rows of ``resilience.solve`` with their months survived, without plans' reasons and levers."""
    figures_of = all_figures(case)
    parts = []
    for family in case.families:
        goods = {good: data for good in family if (data := figures_of[good]) is not None}
        for name, result in solve_family(case, goods, explain=False).items():
            if name in case.goods:
                parts.append(with_months(result.requirements, result.stress))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*KEY, *NUMBERS, *WORDS])


def with_months(requirements: pd.DataFrame, stress: pd.DataFrame) -> pd.DataFrame:
    months = stress[["good", "member", "cutoff", "months_survived"]]
    return requirements.merge(months, on=["good", "member", "cutoff"], how="left", validate="many_to_one")


def agree(found: pd.DataFrame, wanted: pd.DataFrame, where: Any, *, close: float = CLOSE) -> None:
    """The same rows with the same words and numbers."""
    one, other = found.set_index(KEY).sort_index(), wanted.set_index(KEY).sort_index()
    assert one.index.is_unique
    assert list(one.index) == list(other.index), where
    for name in WORDS:
        assert one[name].fillna("").tolist() == other[name].fillna("").tolist(), (name, where)
    for name in NUMBERS:
        a, b = one[name].to_numpy(dtype=float), other[name].to_numpy(dtype=float)
        np.testing.assert_allclose(a, b, rtol=0, atol=close, err_msg=f"{name}, {where}")


def check(case: Case, points: pd.DataFrame, kind: str, how: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Each point of a chunk against a fresh solve; the outcomes."""
    names = list(points.columns[1:])
    how = dict.fromkeys(names, "set") | dict(how or {})
    outcomes = Evaluate(case, how, everything(case))(points)
    for point, values in zip(points["point"], values_of(points, names), strict=True):
        rows = outcomes[outcomes["point"] == point]
        where = f"{kind}, {point}, {values}"
        try:
            wanted = fresh(vary(case, values, how))
        except InputError as error:
            assert rows["status"].tolist() == ["error"], where
            assert str(error).splitlines()[0] in rows["message"].iloc[0]
            continue
        except SolverError as error:
            assert any(text.startswith(f"{error.problem}: {error.what}") for text in rows["message"]), where
            continue
        assert rows["message"].isna().all(), rows["message"].dropna().tolist()
        agree(rows[rows["status"] != "unknown"], wanted, where)
    return outcomes


def test_no_critical_demand_under_solidarity(make: Maker) -> None:
    case = small(make, "solidarity, any K")
    check(case, points_of({"survival.demand_factor": [0.0, 1.0]}), "solidarity")


def test_months_under_solidarity(make: Maker) -> None:
    """``months_survived`` is that of the table stress, in which members share what the region delivers."""
    case = small(make, "solidarity")
    check(case, points_of({"survival.critical_share": [0.7, 0.8]}), "pooled")


def test_the_kinds_are_what_they_say(make: Maker) -> None:
    """The two chains are coupled in rows of members, and in rows of ALL only."""
    for kind, tied in (("chain", True), ("chain in rows of ALL", False)):
        case = small(make, kind)
        goods = {name: data for name, data in all_figures(case).items() if data is not None}
        (coupled,) = couple_family(case, goods)
        assert bool(coupled.single.links) == tied
        assert coupled.joint.links


def test_all_parameters_are_tried() -> None:
    assert {f"{one.section}.{name}" for name, one in PARAMETERS.items()} < set(VALUES)


@pytest.mark.parametrize("kind", KINDS)
def test_points_equal_fresh_solves(make: Maker, kind: str) -> None:
    case = small(make, kind)
    rng = np.random.default_rng([20, *map(ord, kind)])
    names = [name for name in VALUES if name != "year"] + (["cutoffs.Z.any"] if "any K" in kind else [])
    chosen = list(rng.choice(names, 7, replace=False))
    points = drawn(rng, chosen, 3, kind)
    check(case, points.replace({40.0: 9.0}), kind)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_points_equal_fresh_solves(make: Maker, kind: str) -> None:
    case = small(make, kind)
    rng = np.random.default_rng([21, *map(ord, kind)])
    names = [*VALUES, *(["cutoffs.Z.any"] if "any K" in kind else [])]
    for _ in range(2):
        chosen = list(rng.choice(names, 8, replace=False))
        check(case, drawn(rng, chosen, 6, kind), kind)


@pytest.mark.slow
def test_each_parameter_by_itself(make: Maker) -> None:
    """Every value of every parameter in one chunk, so that each follows on others: no state may leak."""
    case = small(make, "one cutoff")
    rows = [{name: value} for name, values in VALUES.items() for value in values[:2] if value != 6.0]
    rows.append({"survival.months": 40.0})
    points = points_of({name: [row.get(name) for row in rows] for name in VALUES})
    outcomes = check(case, points, "one cutoff")
    assert {"met", "raise", "build", "none"} <= set(outcomes["status"])
    assert not (outcomes["status"] == "error").any()


def test_regions_of_one_size_do_not_share_a_matrix(make: Maker) -> None:
    """Regions, members and cutoffs of equal number give programmes of one shape whose entries stand elsewhere."""
    case = small(make, "solidarity")
    regions = [["AAA", "BBB", name] for name in ("CCC", "XXX", "YYY")]
    cells = [json.dumps(region) for region in regions] * 2
    points = points_of({"region": cells, "response.new_capacity": [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]})
    outcomes = check(case, points, "solidarity")
    planned = outcomes[(outcomes["reading"] == "planned") & (outcomes["member"] == ALL)]
    assert planned["share"].nunique() > 2


def test_lists_and_the_ways_to_change(make: Maker) -> None:
    case = small(make, "several cutoffs")
    points = points_of(
        {
            "cutoffs": [None, json.dumps(["Y"]), json.dumps(["Y", "Z"]), json.dumps(["W"]), json.dumps("Y")],
            "goods": [None, json.dumps(["wheat"]), json.dumps("food"), None, json.dumps(["wheat"])],
            "response.stock_months": [2.0, 0.5, 3.0, 0.0, 1.0],
            "survival.critical_share": [-0.1, 0.1, 0.2, 0.0, -0.7],
            "response.region_surge": [2.0, 0.5, 0.0, 1.0, 3.0],
            "cutoffs.Y.fraction": [0.5, 1.0, 0.0, None, 0.3],
        }
    )
    how = {"response.stock_months": "times", "survival.critical_share": "plus", "response.region_surge": "times"}
    check(case, points, "several cutoffs", how | {"cutoffs.Y.fraction": "times"})


def test_a_change_does_not_hang_on_the_order_of_the_names(make: Maker) -> None:
    case = small(make, "several cutoffs")
    one = vary(case, {"cutoffs.Z.fraction": 0.25, "cutoffs": ["Z"]})
    other = vary(case, {"cutoffs": ["Z"], "cutoffs.Z.fraction": 0.25})
    assert one.file.cutoffs == other.file.cutoffs == (Cutoff("Z", {"ZZZ": 0.25}, fraction=0.25),)


def test_defaults_can_be_multiplied_and_added_to(make: Maker) -> None:
    case = small(make, "one cutoff")
    how = {"cutoffs.Z.fraction": "times", "cutoffs.Z.start": "plus", "survival.months": "times"}
    how |= {"response.outside_surge": "times", "response.region_surge.max": "plus"}
    values = {
        "cutoffs.Z.fraction": 0.5,
        "cutoffs.Z.start": 2,
        "survival.months": 1.5,
        "response.outside_surge": 3.0,
    }
    changed = vary(case, values | {"response.region_surge.max": 0.1}, how).file
    assert (changed.cutoffs[0].fraction, changed.cutoffs[0].start) == (0.5, 3)
    settings = changed.settings("wheat", "food")
    assert settings["months"].value == 9
    assert settings["outside_surge"].value.max == 0
    assert settings["region_surge"].value.max == pytest.approx(0.3)
    for name in ("survival.profile", "cutoffs.Z.months", "cutoffs.Z", "response.solidarity"):
        with pytest.raises(InputError, match="no number"):
            vary(case, {name: 2.0}, {name: "times"})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("survival.critical_share.food.x", "a table below a good or category"),
        ("goods_override.weat.critical_share", 'unknown good or category; did you mean "wheat"'),
        ("goods_override.wheat.critical_share.foot", 'unknown good or category; did you mean "food"'),
        ("survival.critical_share.foot", 'unknown good or category; did you mean "food"'),
        ("survival.stock_months", "unknown key"),
        ("cutoffs.Q.fraction", 'no cutoff is called "Q"'),
    ],
)
def test_a_factor_that_names_nothing_is_refused(make: Maker, name: str, message: str) -> None:
    case = small(make, "one cutoff")
    with pytest.raises(InputError, match=message):
        vary(case, {name: 0.5})
    outcomes = Evaluate(case, {name: "set"}, Wanted())(points_of({name: [0.5]}))
    assert outcomes["status"].tolist() == ["error"]
    assert message in outcomes["message"].iloc[0]


def test_cutoffs_with_dots_in_their_names_or_without_a_name(make: Maker) -> None:
    cutoffs = [{"name": "U.S. embargo", "cut": ["ZZZ"]}, {"cut": ["YYY"]}, {"name": "U", "cut": ["YYY"]}]
    case = make(*WHEAT, members=["AAA"], region=["AAA", "BBB"], cutoffs=cutoffs, survival={"months": 3})
    values = {"cutoffs.U.S. embargo.fraction": 0.3, "cutoffs.cutoff 2.start": 2, "cutoffs.U.fraction": 0.9}
    assert all(map(is_plain, values))
    assert not is_plain("cutoffs.U.S. embargo.cut")
    changed = vary(case, values).file.cutoffs
    assert [(one.name, one.fraction, one.start) for one in changed] == [
        ("U.S. embargo", 0.3, 1),
        ("cutoff 2", 1.0, 2),
        ("U", 0.9, 1),
    ]
    assert number_in(vary(case, values).file.raw, "cutoffs.U.S. embargo.fraction") == 0.3
    assert number_in(vary(case, values).file.raw, "cutoffs.cutoff 2.start") == 2
    names = list(values)
    outcomes = Evaluate(case, dict.fromkeys(names, "set"), everything(case))(
        points_of({name: [value] for name, value in values.items()})
    )
    agree(outcomes, fresh(vary(case, values)), "dots")


def test_a_study_without_factors(make: Maker) -> None:
    case = small(make, "one cutoff")
    outcomes = Evaluate(case, {}, everything(case))(pd.DataFrame({"point": ["p0"]}))
    agree(outcomes, fresh(case), "no factors")


def test_a_variant_is_read_as_a_whole_file_is(make: Maker) -> None:
    """What is not read anew for a plain number is what reading everything gives."""
    case = small(make, "several cutoffs")
    for name, cells in VALUES.items():
        for cell in cells:
            value = json.loads(cell) if isinstance(cell, str) else cell
            if name.split(".")[0] not in ("survival", "response", "cutoffs") or not is_plain(name):
                continue
            if whole_name(name):
                value = int(value)
            found = vary(case, {name: value}).file
            again, _, problems = case_file(case.file.path, dict(found.raw))
            assert again == found, (name, problems)
            assert again is not None
            assert again.settings("wheat", "food") == found.settings("wheat", "food"), name


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["several cutoffs", "any K", "chain", "solidarity, any K"])
def test_neither_order_nor_company_matters(make: Maker, kind: str) -> None:
    case = small(make, kind)
    rng = np.random.default_rng(3)
    names = [
        "survival.critical_share",
        "response.stock_months",
        "response.new_capacity",
        "cutoffs.Z.fraction",
        "region",
    ]
    points = drawn(rng, names, 6, kind)
    evaluate = Evaluate(case, dict.fromkeys(names, "set"), Wanted(cutoffs=everything(case).cutoffs))
    first = evaluate(points)
    for order in (points.iloc[::-1], points.sample(frac=1, random_state=1), points.iloc[[2]]):
        again = evaluate(order.reset_index(drop=True))
        for point in order["point"]:
            agree(again[again["point"] == point], first[first["point"] == point], f"{kind}, {point}")


@pytest.mark.parametrize("kind", ["any K", "chain"])
def test_a_chunk_gives_the_same_bytes_each_time(make: Maker, kind: str) -> None:
    case = small(make, kind)
    names = ["survival.critical_share", "response.stock_months", "cutoffs.Z.fraction", "region"]
    points = drawn(np.random.default_rng(4), names, 6, kind)
    evaluate = Evaluate(case, dict.fromkeys(names, "set"), everything(case))
    ids = points["point"].tolist()
    assert outcomes_table(evaluate(points), ids).equals(outcomes_table(evaluate(points), ids))


def test_few_points_of_a_chunk_need_the_solver(make: Maker, solver_runs: list[str]) -> None:
    case = small(make, "several cutoffs")
    names = ["survival.critical_share", "response.stock_months"]
    rng = np.random.default_rng(6)
    points = points_of({names[0]: rng.uniform(0.7, 1.0, 60).tolist(), names[1]: rng.uniform(0, 2, 60).tolist()})
    evaluate = Evaluate(case, dict.fromkeys(names, "set"), Wanted(readings=("planned",)))
    together = evaluate(points)
    at_once = len(solver_runs)
    for n in range(60):
        alone = evaluate(points.iloc[[n]].reset_index(drop=True))
        agree(together[together["point"] == f"p{n}"], alone, f"p{n}")
    assert 0 < at_once < 30 and len(solver_runs) > at_once + 60


def test_a_bad_point_is_a_row_that_says_why(make: Maker) -> None:
    case = small(make, "several cutoffs")
    points = points_of(
        {
            "survival.critical_share": [0.8, 1.5, 0.8, 0.8, 0.8, 0.8, 0.7],
            "cutoffs": [None, None, json.dumps(["Nobody"]), None, None, None, json.dumps(["Z"])],
            "members": [None, None, None, json.dumps(["QQQ"]), json.dumps(["XXX"]), None, None],
            "response.solidarity": [None, None, None, None, None, json.dumps(3), None],
        }
    )
    outcomes = check(case, points, "several cutoffs")
    bad = outcomes[outcomes["status"] == "error"].set_index("point")
    assert bad.index.tolist() == ["p1", "p2", "p3", "p4", "p5"]
    assert "1.5 is out of range" in bad["message"]["p1"]
    assert 'no cutoff is called "Nobody"; known are Z, Y, W' in bad["message"]["p2"]
    assert '"QQQ" is neither a country' in bad["message"]["p3"]
    assert "XXX is not in the region" in bad["message"]["p4"]
    assert "3 is neither true nor false" in bad["message"]["p5"]
    assert bad[["good", "member", "cutoff", "reading", "share"]].isna().all(axis=None)


def test_a_case_that_is_refused_as_a_file_is_refused_as_a_point(make: Maker) -> None:
    """Any K of both sides is not computed under solidarity, whichever of the two comes with the point."""
    both = [{"name": "Z", "any": 1, "any_region": 1}]
    case = make(*WHEAT, members=["AAA", "BBB"], region=["AAA", "BBB", "CCC"], cutoffs=both, survival={"months": 3})
    points = points_of({"response.solidarity": [json.dumps(True), None]})
    outcomes = Evaluate(case, {"response.solidarity": "set"}, Wanted())(points)
    assert "are not computed under solidarity" in outcomes["message"].iloc[0]
    assert set(outcomes["status"][1:]) <= {"met", "raise", "shift", "build", "none"}


@pytest.mark.slow
def test_points_where_none_suffices_leave_nothing_behind(make: Maker) -> None:
    case = small(make, "chain")
    points = points_of(
        {
            "response.new_capacity": [3.0, 0.0, 3.0, 0.0, 3.0],
            "survival.critical_share": [0.8, 1.0, 0.8, 1.0, 0.8],
            "response.stock_months": [0.5, 0.0, 0.5, 0.0, 0.5],
            "response.region_surge.max": [0.2, 0.0, 0.2, 0.0, 0.2],
        }
    )
    outcomes = check(case, points, "chain")
    planned = outcomes[(outcomes["member"] == ALL) & (outcomes["reading"] == "planned")]
    none = planned.groupby("point")["status"].agg(lambda status: (status == "none").any())
    assert none.tolist() == [False, True, False, True, False]
    first, last = (planned[planned["point"] == point]["share"].to_numpy() for point in ("p0", "p4"))
    np.testing.assert_allclose(first, last, atol=CLOSE)


@pytest.mark.slow
def test_what_is_wanted_changes_no_number(make: Maker) -> None:
    for kind in ("several cutoffs", "chain", "chain in rows of ALL", "solidarity"):
        case = small(make, kind)
        points = points_of({"survival.critical_share": [0.6, 0.9]})
        how = {"survival.critical_share": "set"}
        whole = Evaluate(case, how, everything(case))(points)
        for members, cutoffs, readings in (
            ((ALL,), (ALL,), ("planned",)),
            (("BBB",), ("Z",), ("planned", "market")),
            ((ALL,), ("Z",), ("guaranteed",)),
            (("AAA", ALL), (ALL,), ("market",)),
        ):
            wanted = Wanted(members, cutoffs, readings)
            part = Evaluate(case, how, wanted)(points)
            for point in points["point"]:
                of = whole[whole["point"] == point]
                held = of[[wanted.holds(row) for row in of.to_dict("records")]]
                agree(part[part["point"] == point], held, f"{kind}, {wanted}")


def test_planned_alone_under_solidarity(make: Maker) -> None:
    case = small(make, "solidarity")
    points = points_of({"survival.critical_share": [0.8]})
    Evaluate(case, {"survival.critical_share": "set"}, Wanted(readings=("planned",)))(points)


def test_stress_under_solidarity_and_a_cap(make: Maker) -> None:
    fresh(vary(small(make, "cap"), {"response.solidarity": True, "response.cap": 0.3}))


def test_unknown_members(make: Maker) -> None:
    """A member without any data is a row of status unknown, as in the result of a case; the others stand."""
    flows, made = WHEAT
    case = make(
        flows,
        made,
        members=["AAA", "QQQ"],
        cutoffs=[Z],
        survival={"months": 3},
        data={"countries": ["QQQ"]},
    )
    points = points_of({"survival.critical_share": [0.5, 0.9]})
    wanted = Wanted(("AAA", "QQQ", ALL), ("Z", ALL))
    outcomes = Evaluate(case, {"survival.critical_share": "set"}, wanted)(points)
    for point, critical in zip(points["point"], (0.5, 0.9), strict=True):
        result = resilience.solve(vary(case, {"survival.critical_share": critical}))
        rows = with_months(result.requirements, result.stress)
        agree(outcomes[outcomes["point"] == point], rows, point)
    assert set(outcomes.loc[outcomes["member"] == "QQQ", "status"]) == {"unknown"}
    assert outcomes.loc[outcomes["member"] == "QQQ", "share"].isna().all()


def test_a_written_file_gives_the_same(make: Maker) -> None:
    """A point against ``resilience.load`` of a file that says what the point says."""
    case = small(make, "several cutoffs")
    values = {"survival.critical_share": 0.9, "response.stock_months": 1.5, "cutoffs.Y.fraction": 0.6}
    values |= {"response.region_surge.max": 0.35, "survival.months": 8, "region": ["AAA", "BBB", "XXX"]}
    points = points_of(
        {name: [json.dumps(value) if name == "region" else value] for name, value in values.items()}
    )
    before = points_of(
        {name: [cells[0]] for name, cells in points.items() if name != "point"} | {"survival.months": [5]}
    )
    names = list(values)
    outcomes = Evaluate(case, dict.fromkeys(names, "set"), everything(case))(
        pd.concat([before.assign(point="before"), points], ignore_index=True)
    )
    path = write_case(
        case.file.path.parent / "again.toml",
        members=["AAA", "BBB"],
        region=["AAA", "BBB", "XXX"],
        survival={"months": 8, "critical_share": 0.9},
        response={
            "new_capacity": 1.0,
            "stock_months": 1.5,
            "region_surge": {"delay": 1, "rate": 0.02, "max": 0.35},
        },
        cutoffs=[Z | {"fraction": 0.9}, Y | {"fraction": 0.6}, {"name": "W", "cut": ["bloc"], "fraction": 0.7}],
    )
    result = resilience.solve(resilience.load(path))
    agree(outcomes[outcomes["point"] == "p0"], with_months(result.requirements, result.stress), "file")


def test_a_warm_start_knows_programmes_of_one_shape_apart() -> None:
    """Two goods with as many entries in their programmes, but in other places."""
    shares = []
    warm = Warm()
    for region in ({"M": 1.0, "P": 1.0}, {"M": 1.0, "Q": 1.0}):
        baseline = pd.DataFrame({"M": [2.0, 3.0, 4.0, 5.0]}, index=["M", "P", "Q", "Z"])
        good = figures(baseline, region, capacity=pd.Series([3.0, 5.0, 9.0, 20.0], index=baseline.index))
        program = compile_model(build(instance(good, [Cutoff("Z", {"Z": 1.0})])))
        cold = minimise(program, "least_share", "cold")
        found = minimise(program, "least_share", "warm", warm)
        assert cold is not None
        assert found is not None
        assert found.objective == pytest.approx(cold.objective, abs=1e-9)
        shares.append(found.objective)
    assert abs(shares[0] - shares[1]) > 0.01


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "goods", "count"),
    [
        ("g7-china", ("magnets",), 5),
        ("g7-china", ("titanium", "titanium_ore"), 4),
        ("g7-china", ("wheat",), 5),
        ("any-two", ("tungsten",), 4),
        ("siege", ("magnets",), 4),
        ("g7-all", ("lng",), 3),
    ],
)
def test_embedded_cases(model: str, goods: tuple[str, ...], count: int) -> None:
    case = resilience.load(ROOT / "models" / f"{model}.toml", goods=list(goods))
    name = case.file.cutoffs[0].name
    rng = np.random.default_rng(5)
    columns: dict[str, list[Any]] = {
        "survival.critical_share": rng.uniform(0.7, 1.0, count).tolist(),
        "survival.demand_factor": rng.uniform(0.8, 1.3, count).tolist(),
        "response.stock_months": rng.uniform(0, 4, count).tolist(),
        "response.region_surge.max": rng.uniform(0, 0.4, count).tolist(),
        "response.drawdown": rng.uniform(0.1, 1.1, count).tolist(),
        "response.new_capacity": rng.choice([0.0, 0.5, math.inf], count).tolist(),
        f"cutoffs.{name}.fraction": rng.choice([0.0, 0.5, 1.0], count).tolist(),
    }
    points = points_of(columns)
    how = dict.fromkeys(columns, "set")
    outcomes = Evaluate(case, how, Wanted((*case.members, ALL), everything(case).cutoffs))(points)
    for point, values in zip(points["point"], values_of(points, list(columns)), strict=True):
        agree(outcomes[outcomes["point"] == point], fresh(vary(case, values)), f"{model}, {point}, {values}")


@pytest.mark.slow
def test_a_sweep_past_the_edge_of_what_can_be_had() -> None:
    """Crisis demand up to where no share of titanium suffices: later stages of a chain find what the first found."""
    case = resilience.load(ROOT / "models" / "g7-china.toml", goods=["titanium"])
    name = "survival.demand_factor"
    values = [*np.linspace(0.5, 1.37963, 12), 1.375, 1.3796, 1.3797]
    points = points_of({name: values})
    outcomes = Evaluate(case, {name: "set"}, Wanted())(points)
    assert not (outcomes["status"] == "error").any(), outcomes["message"].dropna().tolist()
    for point in ("p0", "p10", "p11", "p13"):
        wanted = fresh(vary(case, {name: values[int(point[1:])]}))
        wanted = wanted[(wanted["member"] == ALL) & (wanted["cutoff"] == ALL)]
        agree(outcomes[outcomes["point"] == point], wanted, point)
