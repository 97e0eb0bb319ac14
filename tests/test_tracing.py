"""Origin tracing, on paper and as laws."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import Maker
from hypothesis import given
from hypothesis import strategies as st

import resilience
from resilience.inputs.tracing import trace


def test_three_countries_on_paper() -> None:
    """A makes 100 and ships 60 to B; B makes 40 and ships 50 to C; C makes nothing.

    B's supply is 100, 60 % from A. What it ships is 30 of A and 20 of B; it uses 30 of A and 20 of B. A uses 40
    of its own, C 30 of A and 20 of B.
    """
    flow = np.array([[0, 0, 0], [60, 0, 0], [0, 50, 0]], dtype=float)  # to row, from column
    traced = trace(np.array([100.0, 40.0, 0.0]), np.array([True, True, True]), flow)
    assert traced.complete
    np.testing.assert_allclose(traced.consumption, [[40, 0, 0], [30, 20, 0], [30, 20, 0]], atol=1e-12)
    assert not traced.raised.any()


def test_a_missing_row_makes_nothing_and_a_blank_one_is_unknown() -> None:
    """Hub H has no row: it passes on. With a blank row it would be the origin of what it ships."""
    flow = np.array([[0, 0, 0], [100, 0, 0], [0, 90, 0]], dtype=float)
    production = np.array([100.0, np.nan, np.nan])
    passed = trace(production, np.array([True, False, False]), flow * np.array([50, 0.01, 1]))
    assert passed.complete
    assert passed.consumption[2, 0] == pytest.approx(0.9)
    blank = trace(production, np.array([True, True, False]), flow * np.array([50, 0.01, 1]))
    assert blank.consumption[2, 1] == pytest.approx(0.9)


def test_untraced_goods_pass_on_only_where_nothing_is_made() -> None:
    """Production of the main exporter A is unknown: A counts as origin, hub H (production 0) passes A's on."""
    flow = np.array([[0, 0, 0], [100, 0, 0], [0, 80, 0]], dtype=float)
    traced = trace(np.array([np.nan, 0.0, np.nan]), np.array([False, True, False]), flow)
    assert not traced.complete
    np.testing.assert_allclose(traced.consumption[2], [80, 0, 0])
    np.testing.assert_allclose(traced.consumption[1], [20, 0, 0])
    assert list(traced.passes_on) == [False, True, False]


def test_exports_above_supply_raise_production() -> None:
    """B makes 10, imports 20 and ships 50: 20 more must have been made."""
    flow = np.array([[0, 0, 0], [20, 0, 0], [0, 50, 0]], dtype=float)
    traced = trace(np.array([100.0, 10.0, 0.0]), np.array([True, True, True]), flow)
    assert traced.raised[1] == pytest.approx(20)
    np.testing.assert_allclose(traced.consumption[2], [20, 30, 0])
    np.testing.assert_allclose(traced.consumption[1], 0, atol=1e-12)


def test_a_ring_without_an_origin_is_reported() -> None:
    """Two hubs that ship to each other and get nothing from anywhere count as origins and are named."""
    flow = np.array([[0, 5, 0], [5, 0, 0], [0, 0, 0]], dtype=float)
    traced = trace(np.array([0.0, 0.0, 7.0]), np.array([True, True, True]), flow)
    assert list(traced.lost) == [True, True, False]
    assert np.isfinite(traced.consumption).all()


@given(st.integers(0, 100_000), st.integers(3, 12))
def test_nothing_is_lost(seed: int, n: int) -> None:
    """Traced consumption is never negative, sums to what each country uses, and by origin to what it makes."""
    rng = np.random.default_rng(seed)
    flow = rng.pareto(1.1, (n, n)) * (rng.random((n, n)) < 0.5)
    np.fill_diagonal(flow, 0.0)
    production = rng.pareto(1.0, n) * 3 * (rng.random(n) < 0.7)
    before = flow.copy(), production.copy()
    traced = trace(production, np.ones(n, dtype=bool), flow)
    made = production + traced.raised
    scale = flow.sum() + made.sum()
    assert (traced.consumption >= -1e-9 * scale).all()
    used = made + flow.sum(axis=1) - flow.sum(axis=0)
    ok = ~traced.lost
    np.testing.assert_allclose(traced.consumption.sum(axis=1)[ok], used[ok], atol=1e-8 * scale)
    if ok.all():
        np.testing.assert_allclose(traced.consumption.sum(axis=0), made, atol=1e-8 * scale)
        np.testing.assert_allclose(traced.consumption.sum(), made.sum(), rtol=1e-9)
    assert (flow == before[0]).all() and (production == before[1]).all()


def test_an_entrepot_is_no_regional_content(make: Maker) -> None:
    """HUB is in the region and makes nothing; what AAA buys there is BBB's, and share_today says so."""
    case = make(
        [("BBB", "HUB", 1000.0), ("HUB", "AAA", 1000.0)],
        [
            {"country": "AAA", "production": 0},
            {"country": "BBB", "production": 1000},
            {"country": "HUB", "production": 0},
        ],
        region=["AAA", "HUB"],
        cut=["BBB"],
        survival={"critical_share": 0.5, "months": 12},
    )
    result = resilience.solve(case)
    found = result.requirements.iloc[0]
    assert found["share_today"] == pytest.approx(0.0)
    assert found["status"] == "none"
    assert list(result.plan["supplier"]) == ["BBB"]


@pytest.mark.parametrize(("unknown", "complete"), [(4.0, True), (6.0, False)])
def test_a_good_is_traced_from_95_percent_of_exports_on(unknown: float, complete: bool) -> None:
    """A ships 100 − unknown and its production is known, B ships the rest and its is not."""
    flow = np.array([[0, 0, 0], [0, 0, 0], [100 - unknown, unknown, 0]], dtype=float)
    traced = trace(np.array([200.0, np.nan, 0.0]), np.array([True, True, True]), flow)
    assert traced.complete is complete
