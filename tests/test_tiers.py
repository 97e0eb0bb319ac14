from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from economy_by_hand import FLOWS, TABLE, two_members

import resilience
from resilience.economics import partner_tiers
from resilience.economics.partner_tiers import ORDER, Outcome, difference, tiers_in, total_cost
from resilience.economics.security_words import change, headlines, percent_of_gdp
from resilience.errors import SolverError
from resilience.inputs.sanctions_settings import PRESET_TIERS
from resilience.output.sheets import result_sheet
from resilience.schema import SECURITY

FACTS = [
    ("ideal_point", "AAA", 2019, 1.0),
    ("ideal_point", "BBB", 2019, 2.0),
    ("ideal_point", "TTT", 2019, -2.0),
    ("ideal_point", "OOO", 2019, 0.5),
]
FAR = [("AAA", "OOO", 1000.0), ("BBB", "OOO", 2000.0)]
GIVEN = {
    "tiers": {"close": ["OOO"], "far": ["ZZZ"]},
    "credits": {"close": 1.0, "far": 0.5},
    "criteria": {"alignment": 1, "proximity": 1, "supply": 2},
    "thresholds": {"close": 0.8, "far": 0.3},
    "groupings": ["TTT"],
    "distance_km": 1000,
}


@pytest.fixture
def case(make: Any) -> resilience.Case:
    return two_members(make, indicators=FACTS, distances=FAR, partners=GIVEN)


def test_scores_by_hand(case: resilience.Case) -> None:
    table = resilience.tiers(case).tiers.set_index(["grouping", "country"])
    row = table.loc[("close", "OOO")]
    alignment = 1 - (0.5 + 1.5) / 2 / 4  # widest distance: −2 to 2
    proximity = (math.exp(-1) + math.exp(-2)) / 2
    assert row["alignment"] == pytest.approx(alignment)
    assert row["proximity"] == pytest.approx(proximity)
    assert row["supply"] == pytest.approx(140 / 200)  # what it can sell over all that is bought outside
    score = (alignment + proximity + 2 * 0.7) / 4
    assert row["score"] == pytest.approx(score)
    assert row["tier_by_score"] == "far"
    assert f"{0.8 - score:.2f} below close" in row["gap_text"] and "alignment 0.75" in row["gap_text"]
    unknown = table.loc[("far", "ZZZ")]
    assert math.isnan(unknown["alignment"]) and math.isnan(unknown["proximity"])
    assert unknown["score"] == 0.0 and "alignment" in unknown["missing"]  # of supply alone, which is known: none


def test_a_member_in_a_tier_counts_already(make: Any) -> None:
    """BBB is a member: it lacks nothing and stands in no tier by score; what a score is stands beside the tiers."""
    given = {**GIVEN, "tiers": {"close": ["BBB", "OOO"]}}
    found = resilience.tiers(two_members(make, indicators=FACTS, distances=FAR, partners=given))
    row = found.tiers.set_index(["grouping", "country"]).loc[("close", "BBB")]
    assert row["gap_text"] == "member: counts fully already" and row["tier_by_score"] == "member"
    said = dict(headlines(found.tables, found.meta))["By score"]
    assert "Member: Land BBB" in said and "far: Land OOO" in said
    assert "mean of the case's criteria by their weights (alignment 1, proximity 1, supply 2)" in said
    assert "no judgement of alliance" in said


def test_what_a_tier_adds(case: resilience.Case) -> None:
    found = resilience.tiers(case)
    table = found.tiers.set_index(["grouping", "country"])
    close = table.loc[("close", "ALL")]
    # The members' own region sells nothing; with OOO 60 % must come from it, where 65 % on average come today.
    assert close["adds_to_requirement"] == pytest.approx(0.0, abs=1e-9)
    assert close["adds_to_moved_usd"] == pytest.approx(0.0, abs=1.0)
    assert close["gap_text"] == "adds Land OOO to the region; worse: Wheat (shift → raise)"
    assert table.loc[("TTT", "ALL"), "gap_text"].startswith("adds nobody")
    text = "\n".join(found.findings["message"])
    assert "alignment is not known of ZZZ" in text and "far counts in part only" in text
    assert "a verdict can get worse with a larger region" in text
    said = dict(headlines(found.tables, found.meta))
    assert said["Verdicts"].startswith(
        "No good gets a better verdict; goods that get a worse verdict: 1 with close"
    )
    assert "-0.0" not in said["Mean gap"]


def test_what_a_tier_costs_by_hand(make: Any) -> None:
    """OOO's wheat is half a million dearer a tonne. AAA needs 60 t that go on and has 50, so that it moves 10 from TTT
    to OOO for 5 million a year, whether OOO is of the region or not."""
    flows = [(i, m, t, good, usd * (1.5 if i == "OOO" else 1.0)) for i, m, t, good, usd in FLOWS]
    found = resilience.tiers(two_members(make, indicators=FACTS, distances=FAR, partners=GIVEN, flows=flows))
    row = found.tiers.set_index(["grouping", "country"]).loc[("close", "ALL")]
    assert row["cost_usd"] == pytest.approx(5e6, rel=1e-6) and row["unknown_parts"] == 0
    assert row["adds_to_cost_usd"] == pytest.approx(0.0, abs=10.0)
    said = next(text for text in found.findings["message"] if text.startswith("as written"))
    assert said.endswith("cost all members 5.00 million USD a year")
    assert "close 0 USD" in dict(headlines(found.tables, found.meta))["Yearly cost"]
    assert row["adds_to_range"] == row["adds_to_cv"] == pytest.approx(0.0, abs=1e-9)


def test_unknown_costs_of_a_tier_are_blank(make: Any) -> None:
    """Without prices nothing is known of the cost, with it or without."""
    bare = [flow[:3] for flow in FLOWS]
    found = resilience.tiers(two_members(make, indicators=FACTS, distances=FAR, partners=GIVEN, flows=bare))
    row = found.tiers.set_index(["grouping", "country"]).loc[("close", "ALL")]
    assert math.isnan(row["cost_usd"]) and math.isnan(row["adds_to_cost_usd"]) and row["unknown_parts"] == 6
    assert "unknown a year; 6 parts are unknown" in "\n".join(found.findings["message"])


def test_a_member_without_gdp_is_left_out_of_the_footing_and_named(make: Any) -> None:
    given = two_members(make, indicators=FACTS, distances=FAR, partners=GIVEN, gdp={"AAA": 10e9, "TTT": 20e9})
    found = resilience.tiers(given)
    assert any(text.startswith("no GDP up to 2024 of BBB: left out") for text in found.findings["message"])
    row = found.tiers.set_index(["grouping", "country"]).loc[("close", "ALL")]
    assert row["adds_to_gini"] == 0.0  # of one member


def test_independence_from_those_cut_off(make: Any) -> None:
    given = {**GIVEN, "tiers": {"close": ["BBB"]}, "criteria": {"independence": 1}}
    table = TABLE.replace("TTT_S,150,0,540,19310", "TTT_S,150,30,540,19280").replace(
        "VA,9000,5000", "VA,9000,4960"
    )
    table = table.replace("AAA_S,850,0,500,8650", "AAA_S,850,10,500,8640")
    found = resilience.tiers(two_members(make, table=table, partners=given)).tiers
    row = found[found["country"] == "BBB"].iloc[0]
    assert row["independence"] == pytest.approx(10 / 40)


def test_difference_by_hand() -> None:
    uneven, even = ({"range": x, "cv": y, "gini": z} for x, y, z in ((0.02, 0.5, 0.4), (0.01, 0.25, 0.3)))
    cost = {("a", "M", "landed"): 100.0, ("a", "M", "capacity"): 10.0, ("c", "M", "landed"): math.nan}
    less = {("a", "M", "landed"): 40.0, ("a", "M", "capacity"): math.nan, ("c", "M", "landed"): 5.0}
    gaps = {"a": 0.3, "b": 0.1, "c": math.nan}, {"a": 0.1, "b": 0.1, "c": 0.2}
    before = Outcome(gaps[0], {"a": "raise", "b": "met", "c": "none"}, 5.0, 7.0, uneven, cost)
    after = Outcome(gaps[1], {"a": "shift", "b": "raise", "c": "build"}, 4.0, 9.0, even, less)
    found = difference(before, after)
    assert (found["cost_usd"], found["adds_to_cost_usd"], found["unknown_parts"]) == (45.0, -60.0, 2.0)
    assert (found["adds_to_range"], found["adds_to_cv"]) == (-0.01, -0.25)
    assert total_cost(before) == (110.0, 1) and total_cost(after) == (45.0, 1)
    assert found["adds_to_requirement"] == pytest.approx(-0.1)  # c had no share before
    assert (found["better"], found["worse"]) == (2.0, 1.0)
    assert found["adds_to_capacity_usd"] == -1.0 and found["adds_to_moved_usd"] == 2.0
    assert found["adds_to_gini"] == pytest.approx(-0.1)
    assert ORDER[0] == "met" and ORDER[-1] == "none"


def test_presets_are_in_the_embedded_data() -> None:
    from conftest import ROOT

    case = resilience.load(ROOT / "models" / "g7-china.toml", goods=["magnets"])
    groupings = {one.name: one for one in tiers_in(case)}
    for name, countries in PRESET_TIERS.items():
        assert set(groupings[name].credit) == set(countries)
    named = {"AUKUS", "E3", "Joint Expeditionary Force", "Northern Group", "Visegrad Group", "Five Eyes", "EU"}
    named |= {"NATO", "CSTO", "European Intervention Initiative"}
    assert named <= set(groupings)
    assert groupings["Asia-Pacific Four"].credit.keys() == set(case.groups["IP4"])


def test_goods_that_survive_are_kept_unless_all_are_asked_for(
    case: resilience.Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    solved: list[dict[str, float]] = []
    solve = partner_tiers.solve_family

    def counted(case: resilience.Case, *given: Any, **named: Any) -> Any:
        solved.append(dict(case.credit))
        return solve(case, *given, **named)

    monkeypatch.setattr(partner_tiers, "solve_family", counted)
    found = {}
    for every in (False, True):
        solved.clear()
        spared = resilience.load(case.file.path, overrides=["survival.critical_share=0.1"])
        found[every] = resilience.tiers(spared, every_good=every)
        assert len(solved) == (3 if every else 1)  # as written, and with the countries of both tiers
    assert found[False].tiers.equals(found[True].tiers)
    text = "\n".join(found[False].findings["message"])
    assert "wheat survive as they are bought today" in text
    assert "survive as they" not in "\n".join(found[True].findings["message"])


def test_what_is_not_certified_is_unknown(case: resilience.Case, monkeypatch: pytest.MonkeyPatch) -> None:
    solve = partner_tiers.solve_family

    def fails(case: resilience.Case, *given: Any, **named: Any) -> Any:
        if "OOO" in case.credit:
            raise SolverError("no answer", "wheat", (1, 1, 1))
        return solve(case, *given, **named)

    monkeypatch.setattr(partner_tiers, "solve_family", fails)
    found = resilience.tiers(case)
    row = found.tiers.set_index(["grouping", "country"]).loc[("close", "ALL")]
    assert row["status"] == "unknown" and math.isnan(row["adds_to_requirement"]) and "OOO" in row["gap_text"]
    assert "a grouping is not computed" in "\n".join(found.findings["message"])


def test_processes_change_no_number(case: resilience.Case) -> None:
    one, two = (resilience.tiers(case, workers=workers).tiers for workers in (1, 2))
    assert one.equals(two)


def test_years_are_said(case: resilience.Case) -> None:
    assert "goods of 2024, GDP of 2024, votes of 2019" in resilience.tiers(case).meta["mixed_years"]


def test_no_tiers_and_no_groupings_can_be_asked_for(make: Any) -> None:
    one = resilience.tiers(two_members(make, partners={**GIVEN, "tiers": {}}, indicators=FACTS, distances=FAR))
    whole = one.tiers[one.tiers["country"] == "ALL"]
    assert whole["grouping"].tolist() == ["TTT"]
    both = resilience.tiers(two_members(make, partners={**GIVEN, "tiers": {}, "groupings": []}, distances=FAR))
    assert not (both.tiers["country"] == "ALL").any()
    assert all(headlines(both.tables, both.meta))


def test_criteria_that_all_weigh_nothing_are_an_error(make: Any) -> None:
    for criteria in ({"alignment": 0, "supply": 0.0}, {}):
        with pytest.raises(resilience.InputError, match="all criteria weigh 0"):
            two_members(make, partners={**GIVEN, "criteria": criteria})
    with pytest.raises(resilience.InputError, match="must name at least one tier"):
        two_members(make, partners={**GIVEN, "thresholds": {}})


def test_measures_of_other_members_are_not_compared() -> None:
    measures = {"range": 0.02, "cv": 0.5, "gini": 0.4}
    before, after = (Outcome({}, {}, 0.0, 0.0, measures, {}, left_out=who) for who in ("BBB", ""))
    found = difference(before, after)
    assert all(math.isnan(found[f"adds_to_{name}"]) for name in measures)


def test_differences_that_round_to_nothing_have_no_sign() -> None:
    assert [change(x, "+.4f") for x in (-0.00001, 0.0, 0.00006, math.nan)] == ["0", "0", "+0.0001", "–"]
    assert [percent_of_gdp(x) for x in (5.2e-13, 0.0, 0.0123)] == ["less than 0.00001 %", "0 %", "1.23 %"]


def test_sheets_show_what_is_small(case: resilience.Case) -> None:
    table = resilience.tiers(case).tiers.assign(adds_to_gini=-0.0000123, adds_to_cv=0.00456)
    meta = resilience.tiers(case).meta
    fields = {
        field.unit: field for field in result_sheet(resilience.Result(meta, {"tiers": table}), "tiers").fields
    }
    assert fields["ratio"].text(0) == "-0.0000123"
    assert fields["0 to 1"].number_format(0) == "0.00"
    years = pd.DataFrame([{"member": "AAA", "break_even_probability": 0.000583}])
    years = years.reindex(columns=list(SECURITY["duration"].names))
    sheet = result_sheet(resilience.Result(meta, {"duration": years}), "duration")
    assert "0.0583 %" in [field.text(0) for field in sheet.fields]
    headings = {field.heading for field in sheet.fields}
    assert "Break-even probability" in headings
