from __future__ import annotations

import math
from itertools import combinations
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from economy_by_hand import FLOWS, two_members
from hypothesis import given
from hypothesis import strategies as st

import resilience
from resilience.economics.participation import (
    all_coalitions,
    break_even,
    break_even_probability,
    break_even_years,
    stability,
    those_who_join,
)
from resilience.economics.security_words import headlines


def stable_by_sets(members: list[str], payoff: Any) -> tuple[set[frozenset[str]], set[frozenset[str]]]:
    """Internally and externally stable coalitions, straight from the definition, with sets in place of bits."""
    every = [frozenset(group) for size in range(len(members) + 1) for group in combinations(members, size)]
    internal = {s for s in every if all(payoff(m, s) >= payoff(m, s - {m}) - 1e-12 for m in s)}
    external = {s for s in every if all(payoff(m, s) >= payoff(m, s | {m}) - 1e-12 for m in set(members) - s)}
    return internal, external


@given(size=st.integers(1, 5), seed=st.integers(0, 10_000))
def test_stable_coalitions_against_the_definition(size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    members = [f"M{n}" for n in range(size)]
    coalitions = all_coalitions(size)
    payoff = rng.integers(-3, 4, size=(2**size, size)).astype(float)  # few values, so that ties occur
    at = {frozenset(m for m, b in zip(members, row, strict=True) if b): r for r, row in enumerate(coalitions)}
    internal, external = stability(payoff)
    by_sets = stable_by_sets(members, lambda m, s: payoff[at[s], members.index(m)])
    assert {s for s, r in at.items() if internal[r]} == by_sets[0]
    assert {s for s, r in at.items() if external[r]} == by_sets[1]


def game(loss: list[float], damage: list[float]) -> Any:
    """A target that loses the sum of what each member does to it; losses do not depend on the others."""
    return SimpleNamespace(
        members=tuple(f"M{n}" for n in range(len(loss))),
        effect=lambda pattern, joins: joins @ np.array(damage),
        of_members=lambda pattern, joins: joins * np.array(loss),
    )


def test_one_leaves_and_takes_the_next_along() -> None:
    """Stakes 1. All: effect 6; M2 loses 7 and leaves; effect 3, M1 loses 4 and leaves; effect 2, M0 loses 1: stays."""
    joins = those_who_join(game([1.0, 4.0, 7.0], [2.0, 1.0, 3.0]), "before", np.ones(3))
    assert joins is not None and joins.tolist() == [True, False, False]


def test_nobody_joins_for_nothing() -> None:
    joins = those_who_join(game([1.0, 1.0], [0.0, 0.0]), "before", np.ones(2))
    assert joins is not None and not joins.any()


def test_one_unknown_decision_makes_all_unknown() -> None:
    assert those_who_join(game([1.0, 1.0], [1.0, 1.0]), "before", np.array([9.0, np.nan])) is None
    assert those_who_join(game([1.0, math.nan], [1.0, 1.0]), "before", np.full(2, 9.0)) is None
    assert those_who_join(game([1.0, 1.0], [math.nan, 1.0]), "before", np.full(2, 9.0)) is None


def test_break_even_by_hand() -> None:
    assert break_even(0.02, 0.05) == pytest.approx(0.4)
    assert break_even(0.02, 0.0) == math.inf
    assert math.isnan(break_even(math.nan, 0.05))
    assert break_even_probability(0.04, 0.001) == pytest.approx(0.025)
    assert math.isnan(break_even_probability(0.0, 0.001))
    # 1, 2, 4, 8 … a year against 3 a year: 1 < 3, 3 < 6, 7 < 9, 15 ≥ 12.
    assert break_even_years(1.0, 1.0, 3.0) == 4.0
    assert break_even_years(3.0, 0.0, 3.0) == 1.0
    assert break_even_years(2.9, 0.0, 3.0) == math.inf
    assert math.isnan(break_even_years(1.0, 0.0, math.nan))


HALF = {"substitution": 0.5, "other_substitution": 0.5, "export_loss": 0.5, "reach": 0.5}


def test_stakes_by_hand(make: Any) -> None:
    found = resilience.sanctions(two_members(make, sanctions=HALF))
    sanctions = found.sanctions.set_index(["member", "pattern", "scenario", "channel"])["gdp_share"]
    row = found.participation.set_index(["member", "pattern"]).loc[("BBB", "before")]
    assert row["loss"] == pytest.approx(sanctions["BBB", "before", "all", "total"])
    assert row["loss_alone"] == pytest.approx(sanctions["BBB", "before", "alone", "total"])
    assert row["effect"] == pytest.approx(sanctions["TTT", "before", "all", "total"])
    assert row["break_even_stake"] == pytest.approx(row["loss"] / row["effect"])
    # TTT uses 1,080 million, 40 of them from BBB: L = 1 − 1 / (1 − α + α / q); BBB buys nothing of it but wheat.
    alpha, q = 1.08 / 20, 1 - 40 / 1080
    assert row["effect_alone"] == pytest.approx(1 - 1 / (1 - alpha + alpha / q), rel=1e-9)
    assert row["effect_without"] < row["effect"]
    marginal = (row["loss"] - row["loss_outside"]) / (row["effect"] - row["effect_without"])
    assert row["break_even_marginal"] == pytest.approx(marginal)
    assert row["joins"] == row["joins_alone"] == "unknown"
    assert (found.coalitions_stable["internal"] == "unknown").all()
    assert "no stake of AAA, BBB" in "\n".join(found.findings["message"])


def test_the_note_says_of_what_losses_are_lower_bounds(make: Any) -> None:
    """Trade in intermediates only; without a value of wheat it is not counted, without GDP nothing is known."""
    bound, then = "loss at least", "effect at least"

    def notes(**keys: Any) -> pd.Series:
        found = resilience.sanctions(two_members(make, sanctions=HALF, **keys)).participation
        return found.set_index(["member", "pattern"])["note"]

    assert (notes() == f"{bound}; {then}").all()
    bare = [flow[:3] for flow in FLOWS]
    lost = "loss unknown: imports, without wheat; effect at least"
    assert notes(flows=bare)["AAA", "before"] == lost
    rye = [*FLOWS, ("TTT", "AAA", 5.0, "rye")]  # has no value
    goods = {"goods": [("wheat", "food"), ("rye", "food")]}
    assert notes(flows=rye, data=goods)["AAA", "before"] == f"{bound}, without rye; {then}"
    sizeless = notes(gdp={"AAA": 10e9, "TTT": 20e9})
    assert sizeless["BBB", "after"] == "loss unknown: GDP unknown; effect at least"
    assert notes(table=None)["AAA", "before"].startswith(
        "loss unknown: other imports and exports (total trade unknown); effect unknown: no trade with the target"
    )
    assert notes(gdp={"AAA": 10e9, "BBB": 5e9})["AAA", "before"] == f"{bound}; effect unknown: no GDP of TTT"


@pytest.mark.parametrize("factor", [0.999, 1.001])
def test_the_break_even_stake_decides(make: Any, factor: float) -> None:
    base = resilience.sanctions(two_members(make, sanctions=HALF)).participation
    stakes = base[base["pattern"] == "before"].set_index("member")["break_even_stake"]
    given = {**HALF, "stake": {"AAA": 10.0, "BBB": float(stakes["BBB"]) * factor}}
    found = resilience.sanctions(two_members(make, sanctions=given))
    joins = found.participation.set_index(["member", "pattern"])["joins"]
    assert joins["BBB", "before"] == ("yes" if factor > 1 else "no")
    rows = found.coalitions_stable
    left = rows[(rows["pattern"] == "before") & (rows["kind"] == "those who join")].iloc[0]
    if factor > 1:
        assert left["coalition"] == "AAA BBB" and left["credibility"] == pytest.approx(1.0)
        assert left["target_loss_usd"] == pytest.approx(20e9 * left["effect"])
    else:
        assert left["coalition"] == "AAA" and left["credibility"] == pytest.approx(10 / 15)


def test_a_member_without_gdp_leaves_unknown_who_joins(make: Any) -> None:
    """AAA alone decides for itself; whether BBB joins it, and so who joins and what is stable, is unknown."""
    given = {**HALF, "stake": 100.0, "yearly_cost": 0.0001}
    found = resilience.sanctions(two_members(make, gdp={"AAA": 10e9, "TTT": 20e9}, sanctions=given))
    groups = found.coalitions_stable.set_index(["kind", "pattern"])
    row = groups.loc[("those who join", "before")]
    assert row["coalition"] == row["internal"] == row["external"] == row["status"] == "unknown"
    assert row[["size", "effect", "target_loss_usd", "credibility"]].isna().all()
    assert not (found.coalitions_stable["kind"] == "stable").any()
    assert groups.loc[("all members", "before"), "effect"] > 0
    assert groups.loc[("all members", "before"), "status"] == "estimated"
    rows = found.participation.set_index(["member", "pattern"])
    assert (rows["joins"] == "unknown").all()
    assert rows.loc[("AAA", "before"), "joins_alone"] == "yes"
    assert rows.loc[("AAA", "before"), "year"] == 2024 and math.isnan(rows.loc[("BBB", "before"), "year"])
    assert "GDP of BBB is unknown" in "\n".join(found.findings["message"])
    said = dict(headlines(found.tables, found.meta))
    assert "of those known; unknown: Land BBB" in said["What it costs"]
    assert "(left out, unknown: Land BBB)" in said["Even footing"]
    assert "who takes part and what is stable is unknown" in said["Would they do it"]
    assert "nobody" not in said["Would they do it"]
    assert "Land AAA would act alone; unknown: Land BBB" in said["One by one"]
    assert "unknown: Land BBB" in said["Does it pay"] and "never" not in said["Does it pay"]


def test_with_large_stakes_all_hold_together(make: Any) -> None:
    found = resilience.sanctions(two_members(make, sanctions={**HALF, "stake": 100.0}))
    rows = found.coalitions_stable
    stable = rows[(rows["kind"] == "stable") & (rows["pattern"] == "before")]
    assert stable["coalition"].tolist() == ["AAA BBB"]
    assert (found.participation["in_stable"] == 1).all()
    assert (found.participation["joins_alone"] == "yes").all()


def test_duration_by_hand(make: Any) -> None:
    given = {**HALF, "yearly_cost": {"AAA": 0.001, "default": 0.5}, "growth": 1.0, "years": 2, "probability": 0.1}
    found = resilience.sanctions(two_members(make, sanctions=given))
    losses = found.participation.set_index(["member", "pattern"])["loss"]
    row = found.duration.set_index("member").loc["AAA"]
    first = losses["AAA", "before"] - losses["AAA", "after"]
    assert row["avoided_first_year"] == pytest.approx(first)
    assert row["avoided"] == pytest.approx(3 * first)  # the second year is twice the first
    assert row["break_even_probability"] == pytest.approx(0.001 / (3 * first))
    assert row["pays"] == ("yes" if 0.001 / (3 * first) < 0.1 else "no")
    assert row["yearly_cost"] == 0.001
    other = found.duration.set_index("member").loc["BBB"]
    assert other["pays"] in ("no", "unknown") and other["note"]


def test_how_long_and_by_which_plan_it_pays_is_said(make: Any) -> None:
    """BBB's plan is today's: nothing is avoided. AAA's losses double each year, against a cost of twice the first."""
    given = {**HALF, "growth": 1.0, "yearly_cost": 0.001}
    found = resilience.sanctions(two_members(make, sanctions=given))
    first = found.duration.set_index("member").at["AAA", "avoided_first_year"]
    given["yearly_cost"] = 2 * float(first)  # 1, 3, 7, 15 against 2, 4, 6, 8
    found = resilience.sanctions(two_members(make, sanctions=given))
    assert found.duration.set_index("member").at["AAA", "break_even_years"] == 3
    said = dict(headlines(found.tables, found.meta))["Does it pay"]
    assert "makes good the cost of its years by the end of year 3 for Land AAA." in said and "nearest" not in said
    rows = [("nearest", "ALL", m, "total", float(first), 0) for m in ("AAA", "BBB")]
    columns = ["plan", "good", "member", "kind", "gdp_share", "unknown_parts"]
    burden = resilience.Result({}, {"burden": pd.DataFrame(rows, columns=columns)})
    found = resilience.sanctions(two_members(make, sanctions=HALF), burden=burden)
    said = dict(headlines(found.tables, found.meta))["Does it pay"]
    assert "by the end of year 1 for Land AAA" in said
    assert "Cost and losses avoided are those of the plans nearest to today" in said


def test_without_a_cost_the_duration_is_unknown(make: Any) -> None:
    row = resilience.sanctions(two_members(make, sanctions=HALF)).duration.iloc[0]
    assert math.isnan(row["break_even_probability"]) and row["status"] == "unknown" and row["pays"] == "unknown"


def test_the_burden_gives_the_cost(make: Any) -> None:
    case = two_members(make, sanctions={**HALF, "probability": 1.0, "years": 100})
    rows = [
        ("nearest", "ALL", m, "total", share, parts) for m, share, parts in (("AAA", 0.002, 0), ("BBB", 0.001, 3))
    ]
    rows.append(("cheapest", "ALL", "AAA", "total", 9.0, 0))
    columns = ["plan", "good", "member", "kind", "gdp_share", "unknown_parts"]
    burden = resilience.Result({}, {"burden": pd.DataFrame(rows, columns=columns)})
    table = resilience.sanctions(case, burden=burden).duration.set_index("member")
    assert table.loc["AAA", "yearly_cost"] == 0.002
    assert table.loc["AAA", "cost_from"] == "table burden, plans nearest to today"
    assert "at least" not in table.loc["AAA", "note"] and table.loc["AAA", "pays"] == "yes"
    assert table.loc["BBB", "pays"] in ("no", "unknown")  # never yes where part of the cost is unknown
    assert "at least: 3 parts are unknown" in table.loc["BBB", "note"]
