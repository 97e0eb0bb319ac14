from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from economy_by_hand import FLOWS, GDP, TABLE, two_members
from hypothesis import given
from hypothesis import strategies as st

import resilience
from resilience.economics.economy import Figure
from resilience.economics.footing import footing_table, gini, spread, spread_range, variation
from resilience.economics.participation import all_coalitions
from resilience.economics.sanction_losses import BEFORE, Losses, Side, ces_loss
from resilience.economics.security_words import headlines

# -- the CES aggregate -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alpha", "eta", "q", "loss"),
    [(0.04, 0.04, 0.9, 0.01569), (0.01, 0.1, 0.7, 0.02343), (0.04, 1.0, 0.9, 0.00421)],
)
def test_known_losses(alpha: float, eta: float, q: float, loss: float) -> None:
    assert float(ces_loss(alpha, eta, q)) == pytest.approx(loss, abs=5e-6)


def test_ends_of_the_aggregate() -> None:
    assert float(ces_loss(0.04, 0.5, 1.0)) == 0.0  # nothing is missing
    assert float(ces_loss(0.0, 0.0, 0.2)) == 0.0  # nobody uses it
    assert float(ces_loss(0.04, 0.0, 0.7)) == pytest.approx(0.3)  # nothing replaces it
    assert float(ces_loss(0.04, 0.5, 0.0)) == 1.0  # nothing is left, and it is essential
    assert float(ces_loss(0.04, 1.0, 0.0)) == 1.0
    assert float(ces_loss(0.04, 2.0, 0.0)) == pytest.approx(1 - 0.96**2)  # not essential above one
    assert math.isnan(float(ces_loss(1.2, 0.5, 0.9)))
    assert np.isnan(ces_loss([np.nan, 0.1], 0.5, [0.5, np.nan])).all()


@given(
    alpha=st.floats(1e-6, 0.5),
    eta=st.one_of(st.floats(0.02, 0.98), st.floats(1.02, 5.0)),
    q=st.floats(0.05, 0.99),
)
def test_as_the_formula_is_written(alpha: float, eta: float, q: float) -> None:
    power = (eta - 1) / eta
    by_formula = 1 - (1 - alpha + alpha * q**power) ** (1 / power)
    assert float(ces_loss(alpha, eta, q)) == pytest.approx(by_formula, rel=1e-6, abs=1e-12)


@given(alpha=st.floats(1e-6, 0.5), eta=st.floats(0.0, 3.0), q=st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)))
def test_more_left_is_no_worse(alpha: float, eta: float, q: tuple[float, float]) -> None:
    low, high = sorted(q)
    assert float(ces_loss(alpha, eta, high)) <= float(ces_loss(alpha, eta, low)) + 1e-12


# -- footing ---------------------------------------------------------------------------------------------


def test_known_spreads() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0])
    assert spread_range(values) == 3.0
    assert variation(values) == pytest.approx(math.sqrt(1.25) / 2.5)
    assert gini(values) == pytest.approx(0.25)
    assert gini(np.array([0.0, 0.0, 0.0, 8.0])) == pytest.approx(0.75)  # one bears all: 1 − 1/n
    assert gini(np.full(5, 3.0)) == 0.0
    assert variation(np.full(5, 3.0)) == 0.0
    assert math.isnan(gini(np.zeros(3)))


@given(st.lists(st.floats(0.01, 100.0), min_size=2, max_size=8))
def test_gini_by_the_sorted_formula(values: list[float]) -> None:
    n, x = len(values), sorted(values)
    other = 2 * sum((i + 1) * v for i, v in enumerate(x)) / (n * sum(x)) - (n + 1) / n
    assert gini(np.array(values)) == pytest.approx(other, abs=1e-12)


def test_who_is_unknown_is_left_out_by_name() -> None:
    measures, counted, left_out = spread([1.0, math.nan, 3.0], ["AAA", "BBB", "CCC"])
    assert (measures["range"], counted, left_out) == (2.0, 2, "BBB")


# -- two members and one target, on paper ----------------------------------------------------------------

OWN_A = 0.9 / (
    0.915 - 0.025 * 0.015 / 0.973
)  # AAA's own value in its output: v / (1 − a_AA − a_AT a_TA / (1 − a_TT))
HALF = {"sanctions": {"substitution": 0.5, "other_substitution": 0.5, "export_loss": 0.5, "reach": 0.5}}


def losses(case: resilience.Case, **given: Any) -> pd.DataFrame:
    found = resilience.sanctions(case, **given)
    return found.sanctions.set_index(["member", "pattern", "scenario", "channel"])


def at_half(alpha: float, q: float) -> float:
    """The loss at η = 1/2, where the formula is 1 − 1 / (1 − α + α/q)."""
    return 1 - 1 / (1 - alpha + alpha / q)


def test_imports_by_hand(make: Any) -> None:
    table = losses(two_members(make, **HALF))
    share = table["gdp_share"]
    # OOO can sell 10 t more than it does, half of which is within reach: 5 t, of 50 missing if AAA acts alone ...
    assert share["AAA", "before", "alone", "imports"] == pytest.approx(at_half(0.01, 0.55))
    assert share["BBB", "before", "alone", "imports"] == pytest.approx(at_half(0.02, 0.85))
    # ... and of 70 if both act.
    assert share["AAA", "before", "all", "imports"] == pytest.approx(at_half(0.01, 0.5 + 0.5 * 5 / 70))
    assert share["BBB", "before", "all", "imports"] == pytest.approx(at_half(0.02, 0.8 + 0.2 * 5 / 70))
    assert share["AAA", "before", "all_but_it", "total"] == 0.0
    # After: 60 % must survive, so AAA moves 10 t to OOO, which then has nothing left to sell.
    assert share["AAA", "after", "all", "imports"] == pytest.approx(at_half(0.01, 0.6))
    assert share["BBB", "after", "all", "imports"] == pytest.approx(at_half(0.02, 0.8))
    assert table.loc[("AAA", "after", "all", "imports"), "loss_usd"] == pytest.approx(10e9 * at_half(0.01, 0.6))


def test_exports_and_other_imports_by_hand(make: Any) -> None:
    table = losses(two_members(make, **HALF))
    share = table["gdp_share"]
    assert share["AAA", "before", "all", "exports"] == pytest.approx(0.5 * 0.5 * OWN_A / 10)
    # 150 million from TTT, 50 of them wheat; AAA's sector uses 1,000 million in all.
    assert share["AAA", "before", "all", "other imports"] == pytest.approx(at_half(0.1, 0.9))
    assert share["BBB", "before", "all", "other imports"] == 0.0
    parts = [share["AAA", "before", "all", channel] for channel in ("imports", "other imports", "exports")]
    assert share["AAA", "before", "all", "total"] == pytest.approx(sum(parts))
    bound = table["lower_bound"]
    assert bound["AAA", "before", "all", "imports"] == "no"
    assert bound["AAA", "before", "all", "exports"] == bound["AAA", "before", "all", "total"] == "yes"
    assert (table["year"] == 2024).all()


def test_the_targets_own_loss_by_hand(make: Any) -> None:
    table = losses(two_members(make, **HALF))
    share = table["gdp_share"]
    own = (1 - 0.027 - 0.027) * 0.915 / (0.915 * 0.973 - 0.025 * 0.015)
    assert share["TTT", "before", "all", "exports"] == pytest.approx(0.5 * 0.15 * own / 20)
    # The plan has moved 10 t, 10 million, away from TTT already: the sanction bites less.
    assert share["TTT", "after", "all", "exports"] == pytest.approx(0.5 * 0.14 * own / 20)
    assert share["TTT", "before", "all", "other imports"] == pytest.approx(at_half(1.08 / 20, 0.5))


def test_chains_spread_the_loss(make: Any) -> None:
    """CCC makes flour from wheat it buys from TTT only; DDD lives on CCC's flour and TTT's."""
    flows = [
        ("TTT", "CCC", 10.0, "wheat", 10.0),
        ("CCC", "DDD", 6.0, "flour", 6.0),
        ("TTT", "DDD", 4.0, "flour", 4.0),
    ]
    case = make(
        flows,
        [
            {"country": "CCC", "good": "flour", "production": 16, "demand": 10},
            {"country": "CCC", "good": "wheat", "production": 0, "demand": 10},
        ],
        members=["CCC", "DDD"],
        cut=["TTT"],
        survival={"critical_share": 0.0},
        data={"goods": (("wheat", "food"), ("flour", "food")), "recipes": [{"good": "flour", "input": "wheat"}]},
        sanctions={"reach": 0.0},
    )
    goods = resilience.sanctions(case).sanctions_goods
    goods = goods[goods["pattern"] == "before"].set_index(["member", "scenario", "good"])["quantity_left"]
    assert goods["CCC", "all", "wheat"] == 0.0
    assert goods["CCC", "alone", "flour"] == 0.0
    assert goods["DDD", "alone", "flour"] == pytest.approx(0.6)  # only TTT's own flour is missing
    assert goods["DDD", "all", "flour"] == pytest.approx(0.0)  # and CCC's, which cannot be made
    assert goods["DDD", "all_but_it", "flour"] == pytest.approx(0.4)  # CCC's is missing though DDD did nothing


@given(seed=st.integers(0, 10_000), reach=st.sampled_from([0.0, 0.5, 1.0]))
def test_who_joins_does_no_other_member_good(seed: int, reach: float) -> None:
    """Two goods, one made of the other, three members, each its own maker, and the target among five suppliers."""
    rng = np.random.default_rng(seed)
    members = ("AAA", "BBB", "CCC")
    sides = {}
    for good, inputs in (("ore", ()), ("metal", ("ore",))):
        sourcing = rng.uniform(0.0, 10.0, (5, 3)) * (rng.random((5, 3)) < 0.7) + 0.01
        sides[good] = Side(
            good,
            2024,
            (*members, "OOO", "TTT"),
            sourcing,
            sourcing.sum(axis=0),
            np.zeros(3),
            sourcing.sum(axis=0),
            float(rng.uniform(0.0, 10.0)),
            np.zeros(5),
            np.array([0, 1, 2, -1, -1]),
            np.array([False, False, False, False, True]),
            inputs,
        )
    nothing = np.zeros(3)
    gdp = dict.fromkeys(members, Figure(1000.0, 2024, "observed"))
    eta = {"ore": 0.5, "metal": 0.5}
    losses = Losses(
        members,
        ("TTT",),
        ("ore", "metal"),
        gdp,
        {BEFORE: sides},
        eta,
        nothing,
        nothing,
        None,
        {},
        0.5,
        0.5,
        reach,
        0.0,
    )
    coalitions = all_coalitions(3)
    lost = losses.of_members(BEFORE, coalitions)
    for m in range(3):
        for r in range(len(coalitions)):
            assert (lost[r | 1 << m] >= lost[r] - 1e-12).all()  # whoever else joins, and whoever one is
    assert (lost[0] == 0).all()
    wide = losses.left(BEFORE, coalitions)
    assert all(((q >= -1e-12) & (q <= 1 + 1e-12)).all() for q in wide.values())


def test_footing_is_of_the_members_losses(make: Any) -> None:
    found = resilience.sanctions(two_members(make, **HALF))
    sanctions, footing = found.sanctions, found.footing
    rows = sanctions[(sanctions["pattern"] == "after") & (sanctions["scenario"] == "all")]
    a, b = (
        float(rows["gdp_share"][(rows["member"] == member) & (rows["channel"] == "imports")].iloc[0])
        for member in ("AAA", "BBB")
    )
    found_gini = footing.set_index(["pattern", "scenario", "channel", "measure"]).loc[
        ("after", "all", "imports", "gini")
    ]
    assert found_gini["value"] == pytest.approx(abs(a - b) / (2 * (a + b)))
    assert found_gini["members"] == 2
    vintage = footing.groupby("channel")["vintage"].first().to_dict()
    assert vintage["imports"] == "goods 2024, GDP 2024" and "total trade 2024" in vintage["total"]
    assert len(footing_table(sanctions, vintage)) == len(footing)


# -- what is not known -----------------------------------------------------------------------------------


def messages(found: Any) -> str:
    return "\n".join(found.findings["message"])


def test_no_gdp_is_unknown_not_zero(make: Any) -> None:
    found = resilience.sanctions(two_members(make, gdp={"AAA": 10e9, "TTT": 20e9}, **HALF))
    rows = found.sanctions[found.sanctions["member"] == "BBB"]
    assert rows["gdp_share"].isna().all() and rows["loss_usd"].isna().all() and (rows["status"] == "unknown").all()
    assert "no GDP up to 2024 for BBB" in messages(found)
    left_out = found.footing["left_out"]
    assert (left_out == "BBB").all()


def effects(make: Any, target: list[str], gdp: dict[str, float]) -> tuple[Any, dict[str, str]]:
    """What sanctions against several countries find, and its headlines."""
    given = {"sanctions": {**HALF["sanctions"], "stake": 1.0}}
    found = resilience.sanctions(two_members(make, gdp=gdp, **given), target)
    return found, dict(headlines(found.tables, found.meta))


def test_a_country_of_the_target_without_gdp_makes_its_loss_unknown(make: Any) -> None:
    """OOO sells wheat to both members, so it is part of the target; without its GDP no share of it is known."""
    found, said = effects(make, ["TTT", "OOO"], GDP)
    assert found.participation[["effect", "break_even_stake", "break_even_alone"]].isna().all(axis=None)
    assert (found.participation["status"] == "unknown").all() and (found.participation["joins"] == "unknown").all()
    groups = found.coalitions_stable
    assert groups[["effect", "target_loss_usd"]].isna().all(axis=None) and (groups["status"] == "unknown").all()
    assert set(groups["kind"]) == {"all members", "those who join"}
    assert "without the GDP of OOO, what the target loses" in messages(found)
    assert said["What the target loses"].startswith("Unknown") and "Land OOO (" in said["What the target loses"]
    assert said["Would they do it"].startswith("Unknown")


def test_a_country_of_the_target_without_trade_loses_nothing_that_is_known(make: Any) -> None:
    """ZZZ trades with no member and has no GDP; OOO is not in the table either, but its GDP of 1 billion is known: the
    target then loses what TTT does, at least, over 21 billion in place of 20."""
    alone, _ = effects(make, ["TTT"], GDP)
    expected = alone.participation.set_index(["member", "pattern"])["effect"]["AAA", "before"]
    assert expected > 0
    for name, gdp, part, why in (
        ("ZZZ", GDP, 1.0, "not in the input-output table and GDP unknown"),
        ("OOO", {**GDP, "OOO": 1e9}, 20 / 21, "not in the input-output table"),
    ):
        found, said = effects(make, ["TTT", name], gdp)
        effect = found.participation.set_index(["member", "pattern"])["effect"]["AAA", "before"]
        assert effect == pytest.approx(part * expected)
        groups = found.coalitions_stable.set_index(["pattern", "kind"])["target_loss_usd"]
        assert groups["before", "all members"] == pytest.approx(expected * 20e9)
        rows = found.sanctions[found.sanctions["member"] == name]
        assert rows["gdp_share"].isna().all() and (rows["status"] == "unknown").all()
        assert f"no rows for {name} (target's countries)" in messages(found)
        assert "at least 5.49 %" in said["What the target loses"] or part < 1
        assert said["What the target loses"].endswith(f"unknown, counted as nothing: Land {name} ({why}).")


def test_no_price_is_unknown_not_zero(make: Any) -> None:
    flows = [flow[:3] for flow in FLOWS]
    found = resilience.sanctions(two_members(make, flows=flows, **HALF))
    rows = found.sanctions.set_index(["member", "pattern", "scenario", "channel"])
    row = rows.loc[("AAA", "before", "all", "imports")]
    assert math.isnan(row["gdp_share"]) and row["status"] == "unknown" and "wheat" in row["note"]
    total = rows.loc[("AAA", "before", "all", "total")]
    assert total["gdp_share"] > 0 and total["lower_bound"] == "yes" and "unknown: imports" in total["note"]
    assert "wheat: no price for what AAA, BBB use" in messages(found)


def test_a_price_missing_for_one_member_is_named_and_not_zero(make: Any) -> None:
    """BBB's purchases have no value; AAA's have, so that BBB's could be guessed, but what it pays is not known."""
    flows = [flow[:3] if flow[1] == "BBB" else flow for flow in FLOWS]
    found = resilience.sanctions(two_members(make, flows=flows, **HALF))
    rows = found.sanctions.set_index(["member", "pattern", "scenario", "channel"])["gdp_share"]
    assert math.isnan(rows["BBB", "before", "all", "imports"]) and rows["AAA", "before", "all", "imports"] > 0
    assert "wheat: no price for what BBB use" in messages(found) and "value_usd in flows.csv" in messages(found)


ABSENT = {"indicators": [("gdp_usd", "ZZZ", 2024, 1e9)]}  # GDP of a country without rows in the table of trade


def test_a_target_without_rows_in_the_table_leaves_trade_unknown(make: Any) -> None:
    """OOO sells wheat, so what the members lose from it is known; all else they trade with it is not."""
    given = {"sanctions": {**HALF["sanctions"], "stake": 1.0, "yearly_cost": 0.0001, "probability": 0.5}}
    found = resilience.sanctions(two_members(make, indicators=[("gdp_usd", "OOO", 2024, 1e9)], **given), ["OOO"])
    rows = found.sanctions[found.sanctions["role"] == "member"]
    rows = rows.set_index(["member", "pattern", "scenario", "channel"])
    for member in ("AAA", "BBB"):
        for channel in ("other imports", "exports"):
            row = rows.loc[(member, "before", "all", channel)]
            assert math.isnan(row["gdp_share"]) and row["status"] == "unknown"
            assert row["note"] == "the target is not in the input-output table"
        imports, total = (rows.loc[(member, "before", "all", name)] for name in ("imports", "total"))
        assert 0 < imports["gdp_share"] == total["gdp_share"] and total["lower_bound"] == "yes"
        assert total["note"] == "at least; unknown: other imports, exports"
    totals = found.footing[(found.footing["channel"] == "total") & (found.footing["scenario"] == "all")]
    assert (totals["left_out"] == "AAA, BBB").all() and (totals["members"] == 0).all()
    assert totals["value"].isna().all() and (totals["status"] == "unknown").all()
    people = found.participation
    assert people[["loss", "effect", "break_even_stake", "break_even_alone"]].isna().all(axis=None)
    assert (people[["joins", "joins_alone", "status"]] == "unknown").all(axis=None)
    assert "no" not in set(found.duration["pays"])
    assert "target's loss" in messages(
        found
    ) and "of what AAA, BBB would lose at most a part is known" in messages(found)


def test_a_target_that_sells_nothing_and_has_no_rows_costs_not_zero_but_unknown(make: Any) -> None:
    given = {"sanctions": {**HALF["sanctions"], "yearly_cost": 0.0001}}
    found = resilience.sanctions(two_members(make, **ABSENT, **given), ["ZZZ"])
    rows = found.sanctions[(found.sanctions["role"] == "member") & (found.sanctions["scenario"] == "all")]
    rows = rows.set_index(["member", "pattern", "channel"])
    assert rows.loc[("AAA", "before", "imports"), "gdp_share"] == 0  # nobody buys wheat from it
    total = rows.loc[("AAA", "before", "total")]
    assert math.isnan(total["gdp_share"]) and total["status"] == "unknown"
    assert total["note"] == "unknown: other imports, exports"
    assert found.duration[["avoided_first_year", "avoided", "break_even_years"]].isna().all(axis=None)
    assert set(found.duration["pays"]) == set(found.duration["status"]) == {"unknown"}
    assert not found.duration["note"].str.contains("avoids no loss").any()
    said = dict(headlines(found.tables, found.meta))
    assert "Land AAA – → –" in said["What it costs"] and "0 %" not in said["One by one"]
    assert "what others who join cost a member is unknown" in said["One by one"]
    assert said["Does it pay"] == "No break-even probability is known; unknown: Land AAA, Land BBB."


# TABLE without BBB, whose 40 million stand in TTT's value added.
WITHOUT_BBB = """2024,AAA_S,TTT_S,FD,OUT
AAA_S,850,500,8650,10000
TTT_S,150,540,19310,20000
VA,9000,18960,0,0
OUT,10000,20000,0,0
"""


def test_a_member_without_rows_does_not_count_as_losing_only_what_is_known(make: Any) -> None:
    given = {"sanctions": {**HALF["sanctions"], "stake": 1.0}}
    found = resilience.sanctions(two_members(make, table=WITHOUT_BBB, **given))
    rows = found.sanctions.set_index(["member", "pattern", "scenario", "channel"])
    total = rows.loc[("BBB", "before", "all", "total")]
    assert total["gdp_share"] == pytest.approx(at_half(0.02, 0.8 + 0.2 * 5 / 70))
    assert total["note"] == "at least; unknown: other imports, exports"
    assert rows.loc[("BBB", "before", "all", "exports"), "note"] == "not in the input-output table"
    footing = found.footing[(found.footing["scenario"] == "all") & (found.footing["measure"] == "gini")]
    footing = footing.set_index(["pattern", "channel"])
    for channel, members, left_out in (("imports", 2, ""), ("exports", 1, "BBB"), ("total", 1, "BBB")):
        row = footing.loc[("before", channel)]
        assert (row["members"], row["left_out"] or "") == (members, left_out)
    people = found.participation.set_index(["member", "pattern"])
    unknown = ["loss", "effect_alone", "break_even_stake", "break_even_alone", "break_even_marginal"]
    assert people.loc[("BBB", "before"), unknown].isna().all()
    assert (people["joins"] == "unknown").all() and people.loc[("BBB", "before"), "joins_alone"] == "unknown"
    assert people.loc[("AAA", "before"), "break_even_stake"] > 0
    assert not (found.coalitions_stable["kind"] == "stable").any()
    assert "of what BBB would lose at most a part is known" in messages(found)
    said = dict(headlines(found.tables, found.meta))
    assert "Known only in part: Land BBB (not other imports, exports)" in said["What it costs"]
    assert "all losses together (left out, unknown: Land BBB)" in said["Even footing"]
    assert "nobody" not in said["Would they do it"]


@pytest.mark.parametrize("priceless", [("AAA", "BBB"), ("BBB",)])
def test_without_prices_what_the_requirement_avoids_is_unknown(make: Any, priceless: tuple[str, ...]) -> None:
    flows = [flow[:3] if flow[1] in priceless else flow for flow in FLOWS]
    given = {"sanctions": {**HALF["sanctions"], "yearly_cost": 0.0001, "probability": 0.5}}
    found = resilience.sanctions(two_members(make, flows=flows, **given))
    for member in ("AAA", "BBB"):
        row = found.duration.set_index("member").loc[member]
        stake = found.participation.set_index(["member", "pattern"])["break_even_stake"][member, "before"]
        if member in priceless:
            assert math.isnan(row["avoided_first_year"]) and math.isnan(row["break_even_years"])
            assert row["pays"] == row["status"] == "unknown" and "unknown: wheat" in row["note"]
            assert math.isnan(stake)
        else:
            assert row["avoided_first_year"] > 0 and row["pays"] in ("yes", "no") and stake > 0
    use = "AAA, BBB use, so their loss" if len(priceless) == 2 else "BBB uses, so its loss"
    assert f"wheat: no price for what {use} from it is unknown" in messages(found)


def test_a_use_without_price_of_which_nothing_is_missing_costs_nothing(make: Any) -> None:
    """ZZZ sells the members nothing: whatever wheat costs, they lose none of it."""
    flows = [flow[:3] for flow in FLOWS]
    found = resilience.sanctions(two_members(make, flows=flows, **ABSENT, **HALF), ["ZZZ"])
    rows = found.sanctions.set_index(["member", "pattern", "scenario", "channel"])
    assert rows.loc[("AAA", "before", "all", "imports"), "gdp_share"] == 0
    assert "no price" not in messages(found)


def test_no_table_of_trade(make: Any) -> None:
    found = resilience.sanctions(two_members(make, table=None, **HALF))
    rows = found.sanctions.set_index(["member", "pattern", "scenario", "channel"])
    assert math.isnan(rows.loc[("AAA", "before", "all", "exports"), "gdp_share"])
    assert math.isnan(rows.loc[("TTT", "before", "all", "total"), "gdp_share"])
    assert "exports forgone, other imports and the target's loss are unknown" in messages(found)


def test_mixed_years_are_said(make: Any) -> None:
    found = resilience.sanctions(two_members(make, table=TABLE.replace("2024,", "2022,", 1), **HALF))
    assert "years are mixed" in messages(found) and "total trade of 2022" in messages(found)
    vintage = found.sanctions.groupby(["role", "channel"])["vintage"].unique().map(list)
    assert vintage["member", "imports"] == ["goods 2024, GDP 2024"]
    assert vintage["member", "total"] == ["goods 2024, total trade 2022, GDP 2024"]
    assert vintage["target", "total"] == ["total trade 2022, GDP 2024"]
    of_both = "goods 2024, total trade 2022, GDP 2024; of the target total trade 2022, GDP 2024"
    assert (found.participation["vintage"] == of_both).all()
    same = resilience.sanctions(two_members(make, **HALF))
    assert "years are mixed" not in messages(same)
    later = resilience.sanctions(two_members(make, table=TABLE.replace("2024,", "2026,", 1), **HALF))
    assert "after the case's year" in messages(later)


def test_lower_bounds_are_said(make: Any) -> None:
    assert "intermediates only" in messages(resilience.sanctions(two_members(make, **HALF)))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"sanctions": {"targt": "TTT"}}, 'unknown key "targt"; did you mean "target"?'),
        ({"sanctions": {"export_loss": 1.5}}, "1.5 is out of range"),
        ({"sanctions": {"substitution": {"whaet": 0.5}}}, 'unknown good or category; did you mean "wheat"?'),
        ({"sanctions": {"stake": {"AAB": 0.5}}}, '"AAB" is neither a country'),
        ({"sanctions": {"target": ["TTX"]}}, '"TTX" is neither a country'),
        ({"threat": {"weights": {"economics": 1}}}, 'unknown factor "economics"; did you mean "economy"?'),
        (
            {"threat": {"weights": dict.fromkeys(("economy", "military", "proximity", "hostility"), 0)}},
            "all weights",
        ),
        ({"partners": {"criteria": {"aligment": 1}}}, 'did you mean "alignment"?'),
        ({"threat": 3}, "must be a table"),
    ],
)
def test_what_does_not_fit_is_named(make: Any, keys: dict[str, Any], words: str) -> None:
    with pytest.raises(resilience.InputError) as error:
        two_members(make, **keys)
    assert words in str(error.value)


def test_members_are_no_target(make: Any) -> None:
    with pytest.raises(resilience.InputError, match="AAA is a member"):
        resilience.sanctions(two_members(make), ["AAA"])
    with pytest.raises(resilience.InputError, match="neither a country"):
        resilience.sanctions(two_members(make), "Atlantis")


# -- losses that add up to more than there is ------------------------------------------------------------

TWO_GOODS: dict[str, Any] = {
    "flows": [
        *FLOWS,
        ("TTT", "AAA", 60.0, "maize", 60e6),
        ("OOO", "AAA", 40.0, "maize", 40e6),
        ("OOO", "BBB", 10.0, "maize", 10e6),
    ],
    "data": {"goods": (("wheat", "food"), ("maize", "food"))},
}


def of_two_goods(make: Any, substitution: Any) -> Any:
    given = {**HALF["sanctions"], "substitution": substitution, "reach": 0.0, "stake": 1.0, "yearly_cost": 0.0001}
    return resilience.sanctions(two_members(make, sanctions=given, **TWO_GOODS))


def test_what_adds_up_to_more_than_gdp_is_unknown(make: Any) -> None:
    """With η = 0 AAA would lose half of its GDP for want of wheat and three fifths for want of maize."""
    found = of_two_goods(make, 0.0)
    goods = found.sanctions_goods.set_index(["good", "member", "pattern", "scenario"])["gdp_share"]
    assert goods["wheat", "AAA", "before", "all"] == pytest.approx(0.5)
    assert goods["maize", "AAA", "before", "all"] == pytest.approx(0.6)
    table = found.sanctions.set_index(["member", "pattern", "scenario", "channel"])
    for channel in ("imports", "total"):
        row = table.loc[("AAA", "before", "all", channel)]
        assert math.isnan(row["gdp_share"]) and math.isnan(row["loss_usd"])
        assert row["status"] == "unknown" and row["note"] == "adds up to more than 100 % of GDP"
    assert table.loc[("BBB", "before", "all", "imports"), "gdp_share"] == pytest.approx(0.2)
    assert (found.sanctions["gdp_share"].dropna() <= 1).all()
    footing = found.footing.set_index(["pattern", "scenario", "channel", "measure"])
    for channel in ("imports", "total"):
        row = footing.loc[("before", "all", channel, "gini")]
        assert row["left_out"] == "AAA" and row["members"] == 1
    people = found.participation.set_index(["member", "pattern"])
    mine = people.loc[("AAA", "before")]
    assert mine[["loss", "break_even_stake", "in_stable"]].isna().all() and mine["joins"] == "unknown"
    assert mine["note"].startswith("loss unknown: adds up to more than 100 % of GDP")
    assert people.loc[("BBB", "before"), "loss"] > 0.2 and people.loc[("BBB", "before"), "joins"] == "unknown"
    before = found.coalitions_stable[found.coalitions_stable["pattern"] == "before"]
    assert "stable" not in set(before["kind"]) and (before["internal"] == "unknown").all()
    years = found.duration.set_index("member").loc["AAA"]
    assert years[["avoided", "break_even_years", "break_even_probability"]].isna().all()
    assert years["status"] == years["pays"] == "unknown" and "more than 100 % of GDP" in years["note"]
    assert "what AAA would lose adds up to more than 100 % of GDP and so is unknown" in messages(found)
    assert "raise sanctions.substitution" in messages(found) and "name fewer goods" in messages(found)
    assert "at most a part is known" not in messages(found)
    said = dict(headlines(found.tables, found.meta))
    assert (
        "Unknown where a dash stands for Land AAA, as it adds up to more than 100 % of GDP"
        in said["What it costs"]
    )


def test_a_total_beyond_a_twentieth_is_warned_of(make: Any) -> None:
    """No single good costs AAA a twentieth of its GDP at these η, all together do."""
    found = of_two_goods(make, {"wheat": 0.5, "maize": 0.3})
    goods = found.sanctions_goods.set_index(["good", "member", "pattern", "scenario"])["gdp_share"]
    total = losses_of_all(found)["AAA"]
    assert goods["wheat", "AAA", "before", "all"] < 0.05 > goods["maize", "AAA", "before", "all"]
    assert total > 0.05
    row = found.sanctions.set_index(["member", "pattern", "scenario", "channel"]).loc[
        ("AAA", "before", "all", "total")
    ]
    assert row["lower_bound"] == "no" and "adding up overstates" in row["note"]
    assert "AAA would lose more than 5 % of GDP in all" in messages(found)
    assert "a single good" not in messages(found)


def losses_of_all(found: Any) -> pd.Series:
    rows = found.sanctions
    rows = rows[(rows["pattern"] == "before") & (rows["scenario"] == "all") & (rows["channel"] == "total")]
    return rows.set_index("member")["gdp_share"]


def test_the_targets_loss_beyond_its_gdp_is_unknown(make: Any) -> None:
    """With η = 0 half of what TTT uses is half of its GDP; if all is from members, all, and exports come on top."""
    nothing = {"sanctions": {**HALF["sanctions"], "other_substitution": 0.0, "stake": 1.0}}
    found = resilience.sanctions(two_members(make, **nothing))
    total = losses_of_all(found)["TTT"]
    assert 0.5 < total < 0.51
    table = TABLE.replace("150,0,540,19310", "150,0,0,19850").replace("5000,18920", "5000,19460")
    found = resilience.sanctions(two_members(make, table=table, **nothing))
    rows = found.sanctions.set_index(["member", "pattern", "channel"])
    assert rows.loc[("TTT", "before", "other imports"), "gdp_share"] == pytest.approx(1.0)
    row = rows.loc[("TTT", "before", "total")]
    assert math.isnan(row["gdp_share"]) and row["note"] == "adds up to more than 100 % of GDP"
    people = found.participation
    assert people[["effect", "break_even_stake"]].isna().all(axis=None) and (people["joins"] == "unknown").all()
    assert people["note"].str.contains("effect unknown: that on TTT adds up to more than 100 % of GDP").all()
    assert not (found.coalitions_stable["kind"] == "stable").any()
    assert "what TTT would lose adds up to more than 100 % of GDP" in messages(found)
    said = dict(headlines(found.tables, found.meta))
    assert said["What the target loses"] == "Unknown: Land TTT (adds up to more than 100 % of GDP)."
