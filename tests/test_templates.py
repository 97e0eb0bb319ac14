"""Programmes filled in place equal those that Pyomo compiles anew; what cannot be filled in place says why."""

from __future__ import annotations

import importlib
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyomo.environ as pyo
import pytest
from conftest import Maker
from instances import figures, model_data, random_good

import resilience
from resilience.errors import SolverError
from resilience.inputs.balance import GoodData
from resilience.inputs.casefile import Cutoff, Setting
from resilience.inputs.parameters import CUTOFF_KEYS, PARAMETERS, Surge
from resilience.model import ModelData, build, build_chain
from resilience.program import Program, compile_model
from resilience.solver import minimise
from resilience.studies.enters import Change, enters, markdown, programmes
from resilience.templates import Symbol, Tape, Template

ROOT = Path(__file__).parent.parent


def agree(found: Program, wanted: Program) -> None:
    """Entry by entry and to the last bit; columns that Pyomo leaves out, as all their entries are 0, come last."""
    known = wanted.matrix.shape[1]
    assert found.rows == wanted.rows
    for name, at in wanted.columns.items():
        assert {index: found.columns[name][index] for index in at} == at
    assert (found.matrix[:, :known] != wanted.matrix).nnz == 0
    assert found.matrix[:, known:].count_nonzero() == 0
    for name in ("row_lower", "row_upper", "batch"):
        assert np.array_equal(getattr(found, name), getattr(wanted, name)), name
    for name in ("column_lower", "column_upper", "column_size"):
        assert np.array_equal(getattr(found, name)[:known], getattr(wanted, name)), name
    assert list(found.objectives) == list(wanted.objectives)
    for name, cost in wanted.objectives.items():
        assert np.array_equal(found.objectives[name][:known], cost), name


def other_numbers(rng: np.random.Generator, good: GoodData) -> GoodData:
    """The same good with other amounts, prices and settings; some of them 0, which must change no structure."""
    baseline = good.baseline * rng.uniform(0.0, 2.0, good.baseline.shape) * (rng.random(good.baseline.shape) < 0.9)
    baseline += 0.01 * good.baseline
    demand = baseline.sum()
    values: dict[str, Any] = {
        "critical_share": float(rng.choice([0.0, 0.4, 0.9, 1.0])),
        "demand_factor": float(rng.choice([1.0, 1.4])),
        "profile": None if rng.random() < 0.5 else tuple(rng.uniform(0.5, 1.5, 12)),
        "drawdown": float(rng.choice([0.0, 0.3, 1.0])),
        "region_surge": Surge(float(rng.integers(0, 3)), 0.1, float(rng.choice([0.0, 0.5]))),
        "outside_surge": Surge(0.0, 0.05, float(rng.choice([0.0, -0.3, 0.1]))),
        "new_capacity": float(rng.choice([0.0, 0.5, np.inf])),
    }
    if np.isfinite(good.value("cap")):
        values["cap"] = float(rng.uniform(0.1, 1.0))
    return replace(
        good,
        settings=good.settings | {name: Setting(value, "test", "test") for name, value in values.items()},
        demand=demand,
        stocks=demand.to_numpy() * rng.choice([0.0, 0.1, 1.0], len(demand)),
        baseline=baseline,
        capacities=baseline.sum(axis=1).to_numpy() * rng.uniform(1.0, 2.0, len(baseline)) + 0.01,
        price=good.price * rng.uniform(0.5, 2.0, good.price.shape),
        credit={name: float(rng.choice([0.0, 0.5, 1.0])) for name in good.credit},
    )


def other_cutoffs(rng: np.random.Generator, cutoffs: list[Cutoff]) -> list[Cutoff]:
    part = float(rng.uniform(0.1, 1.0))
    return [
        replace(
            cutoff,
            cut={name: fraction * part for name, fraction in cutoff.cut.items()},
            fraction=part,
            any=cutoff.any + int(rng.integers(0, 2)) if cutoff.any else 0,
        )
        for cutoff in cutoffs
    ]


KINDS: dict[str, tuple[list[Cutoff] | None, dict[str, Any], dict[str, Any]]] = {
    "random cutoffs": (None, {}, {}),
    "one cutoff": ([Cutoff("all", {}, all_outsiders=True, start=2)], {}, {}),
    "any K": ([Cutoff("any", {"P0": 0.5}, any=1), Cutoff("two", {}, any=2, months=2)], {}, {}),
    "any of the region": ([Cutoff("region", {}, any_region=1), Cutoff("both", {}, any=1, any_region=1)], {}, {}),
    "solidarity": (None, {}, {"pooled": True}),
    "cap": (None, {"cap": 0.7}, {}),
    "each a class": (None, {}, {"each": True}),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["windows", "used up", "full"])
def test_in_place_equals_anew(kind: str, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if form == "used up":
        monkeypatch.setattr("resilience.model.MOST_MONTHS", 0)
    full = form == "full"
    cutoffs, values, options = KINDS[kind]
    fitted = 0
    for seed in range(4):
        rng = np.random.default_rng([seed, len(kind)])
        good, made_up = random_good(rng, int(rng.integers(1, 4)))
        good = replace(
            good, settings=good.settings | {n: Setting(value, "test", "test") for n, value in values.items()}
        )
        given = made_up if cutoffs is None else cutoffs
        rules = partial(build, full=full)
        template = Template(rules, model_data(good, given, **options))
        for _ in range(3):
            other = model_data(other_numbers(rng, good), other_cutoffs(rng, given), **options)
            reason = template.fits(other)
            if reason is None:
                agree(template.at(other), compile_model(rules(other)))
                fitted += 1
            else:
                assert reason.startswith("other suppliers that answer a cutoff alike"), reason
                agree(Template(rules, other).at(other), compile_model(rules(other)))
    assert fitted >= 6


def small(**changes: Any) -> ModelData:
    """Two members, a partner and three outsiders, 3 months, two cutoffs."""
    options = {"cutoffs": [Cutoff("cut", {"XXX": 1.0}), Cutoff("any", {}, any=1)], "months": 3} | changes
    names = options.pop("members", ["AAA", "BBB"])
    baseline = pd.DataFrame(
        [[5.0, 1.0], [1.0, 6.0], [2.0, 0.0], [4.0, 3.0], [2.0, 1.0], [1.0, 4.0]],
        ["AAA", "BBB", "FRD", "XXX", "YYY", "ZZZ"],
        ["AAA", "BBB"],
    )[names]
    cutoffs, pooled = options.pop("cutoffs"), options.pop("pooled", False)
    credit = options.pop("credit", {"AAA": 1.0, "BBB": 1.0, "FRD": 0.5})
    return model_data(figures(baseline, credit, **options), cutoffs, pooled=pooled)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"months": 4}, "other horizon in months (3 before, 4 now)"),
        ({"cutoffs": [Cutoff("cut", {"XXX": 1.0})]}, "other cutoffs (without any)"),
        ({"members": ["AAA"]}, "other members (without BBB)"),
        ({"credit": {"AAA": 1.0, "BBB": 1.0}}, "other suppliers of the region (without FRD)"),
        ({"pooled": True}, "other pooling among members (no before, yes now)"),
        ({"cap": 0.5}, "other cap on one outsider (no before, yes now)"),
        (
            {"cutoffs": [Cutoff("cut", {"XXX": 1.0}, any=1), Cutoff("any", {}, any=1)]},
            "other cutoffs of any K (cut)",
        ),
        (
            {"cutoffs": [Cutoff("cut", {"XXX": 1.0}), Cutoff("any", {"ZZZ": 1.0}, any=1)]},
            "other suppliers that any K may take (any)",
        ),
        (
            {"cutoffs": [Cutoff("cut", {"XXX": 1.0, "YYY": 1.0}), Cutoff("any", {}, any=1)]},
            "other suppliers that answer a cutoff alike (YYY of cut)",
        ),
    ],
)
def test_what_needs_a_new_model(changes: dict[str, Any], reason: str) -> None:
    template = Template(build, small())
    assert template.fits(small(**changes)) == reason
    with pytest.raises(ValueError, match="must be built anew: other"):
        template.at(small(**changes))


def test_whether_rules_are_those_of_section_4_is_structure() -> None:
    """From 37 months on the model is written month by month; a template of either form knows its horizon."""
    for months in (36, 37):
        data = small(months=months)
        agree(
            Template(build, data).at(small(months=months, stock=2.0)),
            compile_model(build(small(months=months, stock=2.0))),
        )


def test_zeros_stay_in_the_pattern_and_change_no_answer() -> None:
    """A fraction of 0.4 and of 1 share a pattern; the answer is that of the programme compiled anew."""
    template = Template(build, small(cutoffs=[Cutoff("cut", {"XXX": 0.4})]))
    data = small(cutoffs=[Cutoff("cut", {"XXX": 1.0})])
    found, wanted = template.at(data), compile_model(build(data))
    assert found.matrix.nnz > found.matrix.count_nonzero() >= wanted.matrix.count_nonzero()
    answers = [minimise(program, "least_share", "test") for program in (found, wanted)]
    assert answers[0] is not None and answers[1] is not None
    assert answers[0].objective == pytest.approx(answers[1].objective, abs=1e-9)


def test_a_program_of_a_template_is_its_own() -> None:
    template = Template(build, small())
    first = template.at(small())
    first.matrix.data[:] = 7.0
    first.matrix.indices[:] = 0
    first.row_upper[:] = 7.0
    agree(template.at(small()), compile_model(build(small())))


def test_a_rule_that_asks_for_a_value_fails_at_once() -> None:
    """Whatever is not plain arithmetic would be right for the template's data alone."""
    number = Tape().cells((1,)).item(0)
    with pytest.raises(TypeError, match="filled in later"):
        float(number)
    with pytest.raises(TypeError):
        number > 0  # noqa: B015
    with pytest.raises(TypeError):
        max(number, 1.0)
    assert number * 1.0 is number and number + 0 is number and 1 * number is number


def test_equal_operations_are_noted_once() -> None:
    tape = Tape()
    one, other = tape.cells((2,))
    assert isinstance(one / 12, Symbol)
    assert one / 12 is one / 12
    assert (one - other) is not (other - one)


def test_a_template_checks_itself() -> None:
    """Rules that took a number from elsewhere than ``numbers_of`` would be stale; those that differ are refused."""

    def wrong(data: ModelData, numbers: Any = None) -> Any:
        model = build(data, numbers)
        if numbers is not None:
            model.common_share.setub(1.0)
        return model

    with pytest.raises(SolverError, match="does not give the numbers of the model"):
        Template(wrong, small())


@pytest.mark.parametrize("full", [False, True])
def test_long_rules_are_written_once(full: bool) -> None:
    """Pyomo would fall back to an expression an index without a word; that takes twice the time."""
    model = build(small(), full=full)
    once = {
        rule.local_name for rule in model.component_objects(pyo.Constraint) if hasattr(_any(rule), "template_expr")
    }
    by_month = {"delivered", "stock_limit", "stock_next", "drawn_next", "survives"}
    assert once == {"changed", "worst_excess"} | (by_month if full else {"covered", "drawn", "missed"})


def _any(rule: Any) -> Any:
    return next(iter(rule.values()), None)


GOODS = (("magnet", "military"), ("powder", "military"), ("wheat", "food"), ("maize", "food"), ("oil", "energy"))


def example(make: Maker, **options: Any) -> resilience.Case:
    """Magnets are made of powder, wheat and maize may stand in for each other, oil stands alone; two members, a
    partner and two outsiders; all amounts were a tenth less the year before."""
    flows = [
        ("CHN", "AAA", 40, "magnet", 400),
        ("CHN", "BBB", 30, "magnet", 310),
        ("BRA", "AAA", 20, "magnet", 260),
        ("FRD", "AAA", 10, "magnet", 150),
        ("CHN", "AAA", 50, "powder", 50),
        ("FRD", "AAA", 10, "powder", 15),
        ("BRA", "BBB", 30, "powder", 30),
        ("CHN", "FRD", 30, "powder", 30),
        ("BRA", "AAA", 60, "wheat", 60),
        ("CHN", "BBB", 20, "wheat", 20),
        ("FRD", "BBB", 20, "wheat", 30),
        ("CHN", "AAA", 30, "maize", 15),
        ("BRA", "BBB", 30, "maize", 15),
        ("FRD", "AAA", 5, "maize", 5),
        ("CHN", "AAA", 40, "oil", 40),
        ("BRA", "AAA", 20, "oil", 24),
        ("BRA", "BBB", 50, "oil", 55),
        ("FRD", "BBB", 10, "oil", 14),
        ("FRD", "CHN", 10, "oil", 14),
        ("FRD", "BRA", 30, "magnet", 300),
    ]
    production = {
        "magnet": {"AAA": 60, "BBB": 20, "CHN": 200, "BRA": 50, "FRD": 60},
        "powder": {"AAA": 5, "BBB": 0, "CHN": 300, "BRA": 50, "FRD": 50},
        "wheat": {"AAA": 30, "BBB": 40, "CHN": 300, "BRA": 200, "FRD": 50},
        "maize": {"AAA": 20, "BBB": 10, "CHN": 300, "BRA": 200, "FRD": 50},
        "oil": {"AAA": 10, "BBB": 20, "CHN": 300, "BRA": 200, "FRD": 50},
    }
    balances = [
        {"country": country, "good": good, "production": amount}
        for good, made in production.items()
        for country, amount in made.items()
    ]
    settings: dict[str, Any] = {
        "members": ["AAA", "BBB"],
        "region": {"AAA": 1.0, "BBB": 1.0, "FRD": 0.8},
        "survival": {"months": 4, "critical_share": 0.7},
        "response": {
            "region_surge": {"delay": 1, "rate": 0.1, "max": 0.3},
            "outside_surge": {"delay": 0, "rate": 0.1, "max": -0.2},
            "stock_months": 0.5,
            "drawdown": 0.5,
            "new_capacity": 1.0,
        },
        "cutoffs": [
            {"name": "China", "cut": ["CHN"], "fraction": 0.8},
            {"name": "any", "any": 1, "fraction": 0.9, "goods": ["food", "energy"]},
        ],
        "substitutes": [{"name": "cereals", "goods": {"wheat": 1.0, "maize": 0.9}, "limit": 0.5}],
    }
    recipes = [{"good": "magnet", "input": "powder"}]
    case = make(flows, balances, data={"goods": GOODS, "recipes": recipes}, **(settings | options))
    for name, amount in (("flows", "quantity"), ("balances", "production")):
        path = case.file.dataset / f"{name}.csv"
        now = pd.read_csv(path)
        before = now.assign(year=2023, **{amount: now[amount] * 0.9})
        pd.concat([now, before]).to_csv(path, index=False)
    return resilience.load(case.file.path)


def test_chains_in_place_equal_anew(make: Maker) -> None:
    """Links, substitutes and inputs of makers: other numbers of the case lead to the same arrays either way."""
    base = programmes(example(make))
    assert [rules for rules, _ in base.values()] == [build_chain, build_chain, build]
    templates = {name: Template(rules, data) for name, (rules, data) in base.items()}
    for options in (
        {"survival": {"months": 4, "critical_share": 0.9, "profile": [0.5, 1.5, 1, 1], "demand_factor": 1.1}},
        {"response": {"region_surge": {"delay": 0, "rate": 0.2, "max": 0.6}, "spare": 0.1, "diversion": 0.5}},
        {"substitutes": [{"name": "cereals", "goods": {"wheat": 1.0, "maize": 0.5}, "limit": {"wheat": 1.0}}]},
        {"region": {"AAA": 1.0, "BBB": 0.9, "FRD": 0.0}},
    ):
        changed = programmes(example(make, **options))
        assert list(changed) == list(templates)
        for name, (rules, data) in changed.items():
            assert templates[name].fits(data) is None
            agree(templates[name].at(data), compile_model(rules(data)))


CHANGES = (
    Change("survival.months", ("survival.months=3",)),
    Change("survival.critical_share", ("survival.critical_share=0.6",)),
    Change("survival.demand_factor", ("survival.demand_factor=1.2",)),
    Change("survival.profile", ("survival.profile=[0.5, 1.5, 1.0, 1.0]",)),
    Change("response.region_surge.delay", ("response.region_surge.delay=2",)),
    Change("response.region_surge.rate", ("response.region_surge.rate=0.2",)),
    Change("response.region_surge.max", ("response.region_surge.max=0.2",)),
    Change("response.outside_surge.max", ("response.outside_surge.max=-0.1",)),
    Change("response.diversion", ("response.diversion=0.5",)),
    Change("response.spare", ("response.spare=0.2",)),
    Change("response.stock_months", ("response.stock_months=1",)),
    Change("response.drawdown", ("response.drawdown=0.4",)),
    Change("response.solidarity", ("response.solidarity=true",)),
    Change("response.new_capacity", ("response.new_capacity=0.5",)),
    Change("response.cap", ("response.cap=0.5",), before=("response.cap=0.6",)),
    Change("response.cap", ("response.cap=0.5",)),
    Change("response.chains", ("response.chains=false",)),
    Change("response.depth", ("response.depth=0",)),
    Change("response.indirect", ("response.indirect=0.5",)),
    Change("response.indirect", ("response.indirect=0.0",)),
    Change("response.maker_stock_months", ("response.maker_stock_months=0.5",)),
    Change("cutoffs.China.fraction", ("cutoffs.China.fraction=0.6",)),
    Change("cutoffs.China.fraction", ("cutoffs.China.fraction=0.0",)),
    Change("cutoffs.China.start", ("cutoffs.China.start=2",)),
    Change("cutoffs.China.months", ("cutoffs.China.months=2",)),
    Change("cutoffs.China.cut", ('cutoffs.China.cut=["BRA"]',)),
    Change("cutoffs.China.all_outsiders", ("cutoffs.China.all_outsiders=true",)),
    Change("cutoffs.any.fraction", ("cutoffs.any.fraction=0.6",)),
    Change("cutoffs.any.any", ("cutoffs.any.any=2",)),
    Change("cutoffs.China.any", ("cutoffs.China.any=1",)),
    Change("cutoffs.any.any_region", ("cutoffs.any.any_region=1",)),
    Change("cutoffs.any.goods", ('cutoffs.any.goods=["wheat"]',)),
    Change("region (credit of a country)", ("region.FRD=0.5",)),
    Change("region (countries)", ('region=["AAA", "BBB"]',)),
    Change("members", options={"members": ("AAA",)}),
    Change("goods", options={"goods": ("magnet",)}),
    Change("year", options={"year": 2023}),
    Change("substitutes.cereals.goods", ("substitutes.cereals.goods.maize=0.7",)),
    Change("substitutes.cereals.limit", ("substitutes.cereals.limit=0.3",)),
    Change("substitutes.cereals.limit", ("substitutes.cereals.limit=0.0",)),
)


def test_the_benchmark_compares_like_with_like(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrays by hand, linopy and the model write as many rows, columns and non-zeros and have one optimum."""
    pytest.importorskip("linopy")
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    benchmark = importlib.import_module("build_and_translate")
    goods = benchmark.goods_of(benchmark.Size(goods=2, cutoffs=2, suppliers=10, members=2, months=3))
    found = [way(goods)[2] for way in benchmark.WAYS.values()]
    assert len({(highs.getNumRow(), highs.getNumCol(), highs.getNumNz()) for highs in found}) == 1
    optima = [benchmark.optimum(highs) for highs in found]
    assert optima[0] > 0.1
    assert optima == pytest.approx([optima[0]] * len(found), abs=1e-9)


def test_where_parameters_enter(make: Maker) -> None:
    changes = [Change("φ", ("survival.critical_share=0.6",)), Change("K", ("cutoffs.any.any=2",))]
    changes += [
        Change("cap", ("response.cap=0.5",), before=("response.cap=0.6",)),
        Change("H", ("survival.months=3",)),
    ]
    table = enters(example(make, goods=["oil"], substitutes=[]), changes).set_index("parameter")
    kinds = table.columns[1:].tolist()
    assert table.loc["φ", kinds].tolist() == ["covered, drawn, missed", "", "", "", "", ""]
    assert table.loc["K", kinds].tolist() == ["", "worst_total", "", "", "", ""]
    assert table.loc["cap", kinds].tolist() == ["below_cap", "", "", "", "", ""]
    assert table.loc["H", kinds].tolist() == ["", "", "", "", "", "other horizon in months (4 before, 3 now)"]
    assert table["change"].tolist() == ["0.6", "2", "0.6 → 0.5", "3"]


@pytest.mark.slow
def test_the_page_holds_the_table_and_the_table_all_parameters(make: Maker) -> None:
    table = enters(example(make), CHANGES)
    named = {part for name in table["parameter"] for part in name.split(".")}
    assert set(PARAMETERS) <= named
    assert set(CUTOFF_KEYS) - {"name"} <= named
    page = (ROOT / "docs" / "parameters-in-place.md").read_text(encoding="utf-8")
    assert markdown(table) in page
