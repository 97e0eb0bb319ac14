"""The frontier: corners against formulas on paper and against many fresh points; what is not affine is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Maker
from instances import figures, model_data

import resilience
from resilience.errors import InputError
from resilience.inputs.case import Case
from resilience.inputs.casefile import Cutoff, Setting
from resilience.inputs.parameters import Surge
from resilience.model import build
from resilience.program import Program, compile_model
from resilience.reading.requirements import Wanted
from resilience.schema import ALL, STUDY
from resilience.studies.frontiers import CLOSE, frontier, movable
from resilience.studies.points import Evaluate

AMPLE = 1e6
SURGE = [min(0.20, 0.02 * max(0, t - 1)) for t in range(1, 13)]
ARRIVING = np.cumsum([100 * (1 + sigma) for sigma in SURGE])  # of one unit of share, to month t
MONTHS = np.arange(1, 13)


def surge_and_stock(make: Maker, **response: Any) -> Case:
    """``test_by_hand.test_surge_and_stock``: ρ(φ, B) = max_t (100 φ t − B) / (100 Σ_{τ≤t} (1+σ_τ)), and ≥ 0."""
    case = make(
        [("BBB", "AAA", 1200.0)],
        [
            {"country": "AAA", "production": 0},
            {"country": "BBB", "production": 1200},
            {"country": "CCC", "production": 0, "capacity": AMPLE},
        ],
        region=["AAA", "CCC"],
        cut=["BBB"],
        survival={"critical_share": 0.85, "months": 12},
        response={"stock_months": 1.2, "region_surge": {"delay": 1, "rate": 0.02, "max": 0.20}} | response,
    )
    assert isinstance(case, Case)
    return case


def corners_of(lines: list[tuple[float, float]], low: float, high: float) -> list[float]:
    """Where the largest of some lines (slope, height at 0) changes, within the range."""
    found: list[float] = []
    for slope, height in lines:
        for other, above in lines:
            if slope < other:
                x = (height - above) / (other - slope)
                if low < x < high and slope * x + height >= max(a * x + b for a, b in lines) - 1e-12:
                    found.append(x)
    found.sort()
    return [x for n, x in enumerate(found) if n == 0 or x - found[n - 1] > 1e-9]


def value_at(table: pd.DataFrame, where: np.ndarray) -> np.ndarray:
    known = table.dropna(subset=["share"])
    return np.interp(where, known["value"], known["share"])


def check_line(case: Case, table: pd.DataFrame, close: float, wanted: Wanted, count: int = 60) -> None:
    """Between the rows, the line against fresh points; a row without a share must have none beside it."""
    good, name = table["good"].iloc[0], table["parameter"].iloc[0]
    values = np.random.default_rng(0).uniform(table["value"].min(), table["value"].max(), count)
    points = pd.DataFrame({"point": [f"p{n}" for n in range(count)], name: values})
    found = Evaluate(case, {name: "set"}, wanted)(points)
    shares = found[found["good"] == good]["share"].to_numpy(dtype=float)
    known = table.dropna(subset=["share"])["value"]
    inside = (values >= known.min()) & (values <= known.max())
    assert inside.any()
    assert not np.isnan(shares[inside]).any()
    assert np.isnan(shares[~inside]).all()
    np.testing.assert_allclose(value_at(table, values[inside]), shares[inside], rtol=0, atol=close)


def check_corners(table: pd.DataFrame) -> None:
    """Convex, and every row between the ends is a corner: the slope changes there."""
    known = table.dropna(subset=["share"])
    known = known[known["value"].diff().fillna(1.0) > 1e-6 * (known["value"].max() - known["value"].min())]
    slopes = np.diff(known["share"]) / np.diff(known["value"])
    assert (np.diff(slopes) > 1e-6).all(), slopes


NONE_NEEDED = [(0.0, 0.0)]  # no share below 0


@pytest.mark.parametrize(
    ("parameter", "low", "high", "lines"),
    [
        (
            "response.stock_months",
            0.0,
            12.0,
            [(-100 / a, 85 * t / a) for t, a in zip(MONTHS, ARRIVING, strict=True)],
        ),
        (
            "survival.critical_share",
            0.0,
            1.0,
            [(100 * t / a, -120 / a) for t, a in zip(MONTHS, ARRIVING, strict=True)],
        ),
        (
            "survival.demand_factor",
            0.1,
            1.2,
            [(85 * t / a, -120 / a) for t, a in zip(MONTHS, ARRIVING, strict=True)],
        ),
    ],
)
def test_corners_on_paper(make: Maker, parameter: str, low: float, high: float, lines: Any) -> None:
    """Month t asks for a share that is a line in the stock B, in φ and in f; the frontier is the largest of them."""
    table = frontier(surge_and_stock(make), "wheat", parameter, low, high)
    assert list(table.columns) == list(STUDY["frontier"].names)
    assert set(table["kind"]) == {"corner"}
    expected = [low, *corners_of([*lines, *NONE_NEEDED], low, high), high]
    assert len(expected) > 2
    assert table["value"].to_numpy() == pytest.approx(expected, abs=1e-6)
    shares = [max(0.0, *(slope * x + height for slope, height in lines)) for x in table["value"]]
    assert table["share"].to_numpy() == pytest.approx(shares, abs=1e-7)
    check_corners(table)


def test_where_no_share_suffices(make: Maker) -> None:
    """CCC has capacity 900 a year: ρ is at most 0.75, which φ = 0.75 · 1330/1200 · … reaches at a value on paper."""
    case = make(
        [("BBB", "AAA", 1200.0)],
        [
            {"country": "AAA", "production": 0, "stock": 120},
            {"country": "BBB", "production": 1200},
            {"country": "CCC", "production": 0, "capacity": 900},
        ],
        region=["AAA", "CCC"],
        cut=["BBB"],
        survival={"months": 12},
        response={"region_surge": {"delay": 1, "rate": 0.02, "max": 0.20}, "new_capacity": 0.0},
    )
    # (100 φ t − 120) / arriving(t) ≤ 0.75 for all t
    edge = float(((0.75 * ARRIVING + 120) / (100 * MONTHS)).min())
    assert 0.5 < edge < 1
    table = frontier(case, "wheat", "survival.critical_share", 0.5, 1.0)
    none = table[table["status"] == "none"]
    assert none["value"].tolist() == [1.0]
    assert table["share"].isna().tolist() == (table["status"] == "none").tolist()
    last = table.dropna(subset=["share"]).iloc[-1]
    assert last["value"] == pytest.approx(edge, abs=1e-6)
    assert last["share"] == pytest.approx(0.75, abs=1e-6)
    check_corners(table)
    nowhere = frontier(case, "wheat", "survival.critical_share", 0.95, 1.0)
    assert nowhere["status"].tolist() == ["none", "none"]
    assert nowhere["value"].tolist() == [0.95, 1.0]


SOLD = [
    ("ZZZ", "AAA", 700.0), ("YYY", "AAA", 200.0), ("BBB", "AAA", 150.0), ("CCC", "AAA", 80.0), ("ZZZ", "BBB", 300.0),
    ("YYY", "BBB", 120.0), ("AAA", "BBB", 60.0), ("CCC", "BBB", 90.0), ("CCC", "YYY", 200.0),
]  # fmt: skip
MADE = {"AAA": 400.0, "BBB": 500.0, "CCC": 600.0, "ZZZ": 5000.0, "YYY": 2000.0}


def two_members(make: Maker, chain: bool = False, **response: Any) -> Case:
    goods = ["motors", "magnets"] if chain else ["wheat"]
    case = make(
        [(*flow, good) for good in goods for flow in SOLD],
        [{"good": g, "country": c, "production": amount} for g in goods for c, amount in MADE.items()],
        members=["AAA", "BBB"],
        region=["AAA", "BBB", "CCC"],
        cutoffs=[{"name": "Z", "cut": ["ZZZ"]}, {"name": "Y", "cut": ["YYY"], "start": 2, "months": 3}],
        survival={"months": 6, "critical_share": 0.8},
        response={"new_capacity": 1.0, "stock_months": 0.5, "region_surge": {"delay": 1, "rate": 0.05, "max": 0.2}}
        | response,
        data={
            "goods": [(good, "food") for good in goods],
            "recipes": [{"good": "motors", "input": "magnets", "input_per_unit": 0.5}] if chain else [],
        },
    )
    assert isinstance(case, Case)
    return case


@pytest.mark.parametrize(
    ("parameter", "low", "high"),
    [
        ("survival.critical_share", 0.2, 1.0),
        ("response.stock_months", 0.0, 3.0),
        ("response.new_capacity", 0.0, 2.0),
        ("response.drawdown", 0.0, 1.5),
        ("survival.demand_factor", 0.0, 1.5),
    ],
)
@pytest.mark.parametrize(("member", "cutoff"), [(ALL, ALL), ("BBB", "Z")])
def test_the_line_runs_through_every_point(
    make: Maker, parameter: str, low: float, high: float, member: str, cutoff: str
) -> None:
    case = two_members(make)
    table = frontier(case, "wheat", parameter, low, high, member=member, cutoff=cutoff)
    assert set(table["kind"]) == {"corner"}
    assert set(table["member"]) == {member}
    assert set(table["cutoff"]) == {cutoff}
    check_line(case, table, 1e-7, Wanted((member,), (cutoff,), ("planned",)), count=25)
    check_corners(table)


@pytest.mark.parametrize("parameter", ["response.region_surge.max", "cutoffs.Z.fraction"])
def test_numbers_in_coefficients_are_solved_closely(make: Maker, parameter: str) -> None:
    case = two_members(make)
    table = frontier(case, "wheat", parameter, 0.0, 1.0)
    assert set(table["kind"]) == {"solved point"}
    assert len(table) >= 17
    check_line(case, table, CLOSE, Wanted(readings=("planned",)), count=20)


@pytest.mark.parametrize("reading", ["market", "guaranteed"])
def test_other_readings(make: Maker, reading: str) -> None:
    case = two_members(make)
    table = frontier(case, "wheat", "survival.critical_share", 0.5, 0.9, reading=reading)
    assert set(table["reading"]) == {reading}
    assert set(table["kind"]) == {"solved point"}
    check_line(case, table, CLOSE, Wanted(readings=(reading,)), count=20)


def test_goods_of_a_chain(make: Maker) -> None:
    case = two_members(make, chain=True)
    table = frontier(case, "magnets", "survival.critical_share", 0.7, 0.8)
    assert set(table["good"]) == {"magnets"}
    assert set(table["kind"]) == {"solved point"}
    check_line(case, table, CLOSE, Wanted(readings=("planned",)), count=4)


def test_whole_numbers(make: Maker) -> None:
    case = surge_and_stock(make)
    table = frontier(case, "wheat", "survival.months", 0.5, 6.9)
    assert set(table["kind"]) == {"whole number"}
    assert table["value"].tolist() == [1, 2, 3, 4, 5, 6]
    expected = [max(0.0, float(((85 * MONTHS - 120) / ARRIVING)[:t].max())) for t in range(1, 7)]
    assert table["share"].to_numpy() == pytest.approx(expected, abs=1e-7)
    anyone = make(
        SOLD,
        [{"country": c, "production": amount} for c, amount in MADE.items()],
        members=["AAA", "BBB"],
        region=["AAA", "BBB", "CCC"],
        cutoffs=[{"name": "any", "any": 1}],
        survival={"months": 3, "critical_share": 0.8},
    )
    table = frontier(anyone, "wheat", "cutoffs.any.any", 1, 3)
    for any_k, share in zip(table["value"], table["share"], strict=True):
        case = replace(
            anyone, file=resilience.load(anyone.file.path, overrides=[f"cutoffs.any.any={any_k:g}"]).file
        )
        rows = resilience.solve(case).requirements
        row = rows[(rows["member"] == ALL) & (rows["reading"] == "planned") & (rows["cutoff"] == ALL)].iloc[0]
        assert share == pytest.approx(row["share"], abs=1e-7)
    assert table["share"].is_monotonic_increasing


def test_a_factor_that_multiplies(make: Maker) -> None:
    """Twice the stock, as "times" says it, is what the stock itself gives."""
    case = surge_and_stock(make)
    times = frontier(case, "wheat", "response.stock_months", 0.0, 5.0, how="times")
    plain = frontier(case, "wheat", "response.stock_months", 0.0, 6.0)
    assert set(times["kind"]) == {"corner"}
    assert 1.2 * times["value"].to_numpy() == pytest.approx(plain["value"].to_numpy(), abs=1e-6)
    assert times["share"].to_numpy() == pytest.approx(plain["share"].to_numpy(), abs=1e-7)


def test_errors_say_what_is_wrong(make: Maker) -> None:
    case = surge_and_stock(make)
    for message, call in (
        ("the range from 1 to 1 is empty", ("wheat", "survival.critical_share", 1.0, 1.0)),
        ("is not among the goods", ("rye", "survival.critical_share", 0.0, 1.0)),
        ("out of range", ("wheat", "survival.critical_share", 0.5, 1.5)),
        ('unknown key "bogus"', ("wheat", "response.bogus", 0.0, 1.0)),
        ('no cutoff is called "nobody"', ("wheat", "cutoffs.nobody.fraction", 0.0, 1.0)),
    ):
        with pytest.raises(InputError, match=message):
            frontier(case, *call)
    with pytest.raises(InputError, match='"QQQ" is no member of the case'):
        frontier(case, "wheat", "survival.critical_share", 0.5, 1.0, member="QQQ")
    with pytest.raises(InputError, match='no cutoff is called "nobody"'):
        frontier(case, "wheat", "survival.critical_share", 0.5, 1.0, cutoff="nobody")


def programs(*settings: dict[str, Any], stock: tuple[float, ...] = (1.0, 1.0, 1.0)) -> list[Program]:
    baseline = pd.DataFrame({"M": [2.0, 3.0, 4.0]}, index=["M", "P", "Z"])
    good = figures(baseline, {"M": 1.0, "P": 1.0}, capacity=pd.Series([9.0, 9.0, 9.0], index=baseline.index))
    usual: dict[str, Any] = {"months": 4, "region_surge": Surge(0, 0.1, 0.3)}
    found = []
    for one, held in zip(settings, stock, strict=True):
        values = {name: Setting(value, "test", "test") for name, value in (usual | one).items()}
        other = replace(good, settings=good.settings | values, stocks=np.array([held]))
        found.append(compile_model(build(model_data(other, [Cutoff("Z", {"Z": 1.0})]))))
    return found


def test_movable_gives_the_programme_between() -> None:
    """At τ = 0, ½ and 1 the sides are those of the three programmes."""
    three = programs({"critical_share": 0.4}, {"critical_share": 0.6}, {"critical_share": 0.8})
    moving = movable(*three)
    assert moving is not None
    for tau, program in zip((0.0, 0.5, 1.0), three, strict=True):
        rows = len(program.row_lower)
        moved = moving.matrix[:rows, -1].toarray().ravel() * tau
        np.testing.assert_allclose(moving.row_lower[:rows] - moved, program.row_lower, atol=1e-12)
        np.testing.assert_allclose(moving.row_upper[:rows] - moved, program.row_upper, atol=1e-12)


def test_movable_refuses_what_is_not_affine() -> None:
    usual: dict[str, Any] = {}
    assert movable(*programs(usual, usual, usual, stock=(0.0, 1.0, 2.0))) is not None
    # halfway the stock is not the mean of the ends
    assert movable(*programs(usual, usual, usual, stock=(0.0, 1.1, 2.0))) is None
    # a product of two that move
    both = [{"critical_share": 0.4 + 0.2 * n, "demand_factor": 0.5 + 0.25 * n} for n in range(3)]
    assert movable(*programs(*both)) is None
    # in coefficients
    assert movable(*programs(*({"region_surge": Surge(0, 0.1, 0.1 * n)} for n in range(1, 4)))) is None
    # infinite at one end
    assert movable(*programs(*({"new_capacity": number} for number in (0.0, 0.5, np.inf)))) is None
    # of other size
    assert movable(*programs(*({"months": number} for number in (2, 3, 4)))) is None


def test_an_edge_is_found_in_a_bounded_number_of_points(make: Maker) -> None:
    """Between a share and none no line can be drawn: the search ends when the edge is known well enough."""
    case = two_members(make, new_capacity=0.1)
    table = frontier(case, "wheat", "survival.critical_share", 0.3, 1.0, reading="market")
    none = table["status"] == "none"
    assert none.any()
    assert not none.all()
    assert len(table) < 129
    edge = table.loc[none, "value"].min() - table.loc[~none, "value"].max()
    assert 0 < edge < 1e-6


@pytest.mark.slow
def test_a_frontier_of_the_embedded_case() -> None:
    case = resilience.load(Path(__file__).parent.parent / "models" / "g7-china.toml", goods=["wheat"])
    table = frontier(case, "wheat", "survival.critical_share", 0.7, 1.0)
    assert set(table["kind"]) == {"corner"}
    check_line(case, table, 1e-7, Wanted(readings=("planned",)), count=20)
