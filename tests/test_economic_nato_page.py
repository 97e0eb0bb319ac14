"""The page on the economic-NATO argument: the figures it quotes are computed again."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pandas as pd
import pytest
from conftest import ROOT

import resilience
from resilience.economics.costed import CHEAPEST, CostedGoods
from resilience.economics.sanction_losses import losses_of, target_of
from resilience.schema import ALL

PAGE = " ".join((ROOT / "docs" / "economic-nato.md").read_text(encoding="utf-8").split())
MEMBERS = ["CAN", "DEU", "FRA", "GBR", "ITA", "JPN", "USA"]


def quoted(text: str) -> None:
    assert " ".join(text.split()) in PAGE, text


def row(label: str, cells: list[str]) -> None:
    quoted(f"| {label} | {' | '.join(cells)} |" if label else f"| {' | '.join(cells)} |")


def losses(found: resilience.Result, pattern: str, channel: str = "total") -> pd.Series:
    table = found.sanctions
    table = table[(table["pattern"] == pattern) & (table["scenario"] == "all") & (table["channel"] == channel)]
    return table.set_index("member")["gdp_share"].reindex(MEMBERS)


def spread(found: resilience.Result, pattern: str, channel: str = "total") -> float:
    table = found.footing.set_index(["pattern", "scenario", "channel", "measure"])["value"]
    return float(table[pattern, "all", channel, "gini"])


@cache
def against_china() -> tuple[resilience.Case, resilience.Result]:
    case = resilience.load(ROOT / "models" / "g7-china-burden.toml")
    return case, resilience.solve(case, rests=False)


def test_threat() -> None:
    found = resilience.threat(resilience.load(ROOT / "models" / "g7-china-burden.toml"))
    means = found.threat.set_index(["target", "member"])["geometric"]
    cv = found.divergence.set_index(["target", "measure"])["value"]
    for target, name in (("CHN", "China"), ("RUS", "Russia")):
        row(name, [*(f"{means[target, m]:.2f}" for m in MEMBERS), f"{cv[target, 'cv']:.2f}"])
    first = found.threat[found.threat["rank"] == 1].set_index("member")["target"]
    assert {m for m in MEMBERS if first[m] == "RUS"} == {"FRA", "GBR", "ITA"}
    assert {m for m in MEMBERS if first[m] == "CHN"} == {"CAN", "DEU", "JPN", "USA"}


def test_threat_by_military_expenditure() -> None:
    """The figures of SIPRI for 2024 in billions of USD of 2024, in place of the index of capability."""
    spent = {"CAN": 30.6, "DEU": 86.1, "FRA": 63.6, "GBR": 89.8, "ITA": 37.8, "JPN": 54.2, "USA": 1004.9}
    spent |= {"CHN": 311.9, "RUS": 149.4}
    case = resilience.load(ROOT / "models" / "g7-china-burden.toml")
    rows = resilience.threat(case).threat.set_index(["member", "target"])
    first = {"index": [], "spending": []}
    for member in MEMBERS:
        by_spending = {}
        for target in ("CHN", "RUS"):
            row = rows.loc[(member, target)]
            factor = spent[target] / (spent[member] + spent[target])
            by_spending[target] = row["geometric"] * (factor / row["military"]) ** 0.25
            if (member, target) == ("USA", "CHN"):
                means = f"its mean {by_spending[target]:.2f} in place of {row['geometric']:.2f}"
                quoted(f"is {factor:.2f} in place of {row['military']:.2f}, and {means}")
        first["index"].append(rows.loc[member]["geometric"][["CHN", "RUS"]].idxmax())
        first["spending"].append(max(by_spending, key=by_spending.__getitem__))
    assert first["index"] == first["spending"]


@pytest.mark.slow
def test_sanctions_against_china() -> None:
    path = ROOT / "models" / "g7-china-burden.toml"
    case, result = against_china()
    found = resilience.sanctions(case, result=result)
    for pattern in ("before", "after"):
        cells = [f"{100 * loss:.2f}" for loss in losses(found, pattern)]
        row(f"China, {pattern}", [*cells, f"{spread(found, pattern):.3f}"])
    goods = [100 * losses(found, pattern, "imports").max() for pattern in ("before", "after")]
    quoted(f"falls from {goods[0]:.3f} % to {goods[1]:.3f} % of GDP (Japan)")
    stakes = found.participation[found.participation["pattern"] == "before"].set_index("member")
    row("all sanction, or nobody", [f"{x:.2f}" for x in stakes["break_even_stake"]])
    marginal = [f"{x:.2f}" if x < 1 else f"{x:.1f}" for x in stakes["break_even_marginal"]]
    row("the others do so anyway", marginal)
    assert stakes["loss_outside"].max() < 1e-5
    quoted(
        f"costs a member that sanctions at most {100 * (stakes['loss'] - stakes['loss_alone']).max():.3f} % of GDP"
    )
    after = found.participation[found.participation["pattern"] == "after"].set_index("member")
    quoted(f"{100 * (after['loss'] - after['loss_alone']).max():.3f} % of GDP at most")
    assert after["break_even_alone"].round(2)["USA"] == 0.8 and after["break_even_alone"].drop("USA").min() > 4
    effect = [100 * stakes["effect"].iloc[0], 100 * after["effect"].iloc[0]]
    quoted(f"China loses {effect[0]:.2f} % before and {effect[1]:.2f} % after")
    for stake, stable in ((0.5, "none"), (1.2, "USA"), (5.0, "DEU JPN USA")):
        other = resilience.load(path, overrides=[f"sanctions.stake={stake}"])
        groups = resilience.sanctions(other, result=result).coalitions_stable
        groups = groups[(groups["kind"] == "stable") & (groups["pattern"] == "before")]
        assert groups["coalition"].tolist() == [stable]
    for eta, label in ((0.2, "0.2"), (0.5, "0.5 (metals in the model file)"), (1.0, "1")):
        other = resilience.sanctions(
            resilience.load(path, overrides=[f"sanctions.substitution={eta}"]), result=result
        )
        most = [100 * losses(other, pattern, "imports").max() for pattern in ("before", "after")]
        shown = f"{most[0]:.0f} %" if most[0] > 1 else f"{most[0]:.2f} %"
        spreads = f"{spread(other, 'before'):.3f} → {spread(other, 'after'):.3f}"
        row(label, [f"{shown} → {most[1]:.2f} %", spreads])


@pytest.mark.slow
def test_cost_against_china() -> None:
    case, result = against_china()
    burden = resilience.burden(case, result)
    sums = burden.burden[(burden.burden["good"] == ALL) & (burden.burden["member"] == ALL)]
    sums = sums[sums["kind"] == "total"].set_index("plan")
    nearest = sums.loc["nearest"]
    quoted(f"at least {nearest['usd'] / 1e6:.0f} million USD a year in the plans nearest to today")
    quoted(
        f"{1e6 * nearest['gdp_share']:.0f} USD per million of GDP; {nearest['unknown_parts']:.0f} parts of that"
    )
    cheapest = sums.loc["cheapest"]
    assert nearest["status"] == cheapest["status"] == "unknown"
    quoted(
        f"In the cheapest plans in this sense, at least {cheapest['usd'] / 1e6:.0f} million USD a year "
        f"({cheapest['unknown_parts']:.0f} parts are unknown)"
    )
    shares = burden.sharing.set_index("member")
    largest = 1e6 * shares.loc[MEMBERS, "cheapest_gdp_share"]
    assert (largest.loc[["JPN", "FRA"]].round() == 17).all() and round(largest["ITA"], 1) == 0.1
    assert (shares.loc[MEMBERS, "status"] == "unknown").all()  # each stands as "at least"
    quoted(f"the largest burden that is known down to {1e6 * shares.loc[MEMBERS, 'fair_gdp_share'].max():.1f}")
    quoted(f"for {100 * shares.at[ALL, 'price_of_fairness']:.1f} % more in all")
    moved = {name: shares.loc[MEMBERS, f"{name}_usd"] / 1e6 for name in ("transfer", "equal_transfer")}
    assert all(abs(usd.sum()) < 1e-6 for usd in moved.values())
    given = {name: f"{usd.clip(lower=0).sum():.0f}" for name, usd in moved.items()}
    quoted(f"Transfers** are over the {shares.at[ALL, 'common_parts']:.0f} parts of cost")
    quoted(f"Over the known parts {given['transfer']} million USD a year do the same beside the cheapest plans")
    amounts = [f"{abs(moved['transfer'][m]):.0f}" for m in ("USA", "JPN", "FRA")]
    quoted("the United States give {} million, Japan gets {} and France {}".format(*amounts))
    quoted(f"With {given['equal_transfer']} million all would bear the same part")
    said = burden.findings.set_index("column")["message"]["transfer_usd"]
    assert said.partition("left out are extra landed cost of ")[2].partition(";")[0].count(",") == 11
    assert said.endswith("; all of phosphate_rock, tungsten_ore, antimony_ore")
    riding = shares.loc[MEMBERS, "note"].str.extract("others pay: ([^;]*)")[0].dropna().to_dict()
    assert riding == {"USA": "lithium_hydroxide"} and shares.at["USA", "free_rides"] == 1
    assert shares.loc[MEMBERS, "free_rides"].drop("USA").isna().all()
    perhaps = shares.loc[MEMBERS, "note"].str.extract("who pays is unknown: ([^;]*)")[0]
    assert "natural_graphite" in perhaps["ITA"].split(", ")
    rows = burden.burden.set_index(["plan", "good", "member", "kind"])
    assert pd.isna(rows.at[("cheapest", "natural_graphite", "ITA", "landed"), "usd"])
    prices = burden.share_price.set_index("good")
    points = prices["next_point_usd"] / 1e6
    quoted(
        f"{points['lithium_hydroxide']:.2f} million USD for lithium hydroxide and "
        f"{points['natural_graphite_weight']:.2f} for graphite by weight. Of magnets it is {points['magnets']:.1f} million"
    )
    quoted(f"holds up to {100 * prices.at['magnets', 'holds_to']:.0f} %")
    for good in ("tungsten_ore", "fluorspar", "phosphate_rock"):
        assert prices.at[good, "note"].startswith("no surviving plan gives every member more than 0.0 %")
    assert points[["tungsten", "titanium"]].isna().all()
    assert prices.loc[["tungsten", "titanium"], "note"].str.contains("no part of the price that is known").all()
    lithium = CostedGoods(case, result.tables).goods["lithium_hydroxide"]
    mine = lithium.plans[CHEAPEST].plan["USA"]
    share = 100 * mine[mine.index.isin(list(lithium.data.credit))].sum() / mine.sum()
    quoted(f"for lithium hydroxide the requirement of all members is {100 * lithium.share:.0f} %")
    quoted(f"in the cheapest plan the United States have a share of {share:.1f} %")
    duration = resilience.sanctions(case, result=result, burden=burden).duration
    assert (duration["break_even_years"] == 1).all()
    even = 100 * duration["break_even_probability"]
    row("", [f"{p:.1f} %" if p >= 0.1 else f"{p:.2f} %" for p in even])


@pytest.mark.slow
def test_partners() -> None:
    path = ROOT / "models" / "g7-china-burden.toml"
    some = ['partners.groupings=["EU", "NATO", "CSTO"]']
    found = resilience.tiers(resilience.load(path, overrides=some, goods=["magnets", "tungsten"])).tiers
    whole = found[found["country"] == ALL].set_index("grouping")
    assert (whole["better"] == 0).all() and (whole["adds_to_gini"].abs() < 5e-5).all()
    adds = (100 * whole["adds_to_requirement"]).round(1)
    assert adds[["Asia-Pacific Four", "tier 1", "EU", "NATO", "CSTO"]].abs().max() == 0.2
    quoted(f"(−{-adds['tier 2']} and −{-adds['tier 3']} points)")
    most = whole[whole["credit"] == 1]
    built, moved = most["adds_to_capacity_usd"].max() / 1e6, most["adds_to_moved_usd"].max() / 1e6
    quoted(f"by {built:.0f} and {moved:.0f} million USD a year at most among those with full credit")
    dearer = whole["adds_to_cost_usd"] / 1e6
    without = whole["cost_usd"] / 1e6 - dearer
    assert without.max() - without.min() < 1e-6 and (whole["unknown_parts"] == 14).all()
    quoted(
        f"at least {without.iloc[0]:.0f} million USD as written, rises by {dearer[most.index].max():.1f} million"
    )
    quoted(f"by {dearer['tier 2']:.0f} and {dearer['tier 3']:.0f} million with tiers 2 and 3")


@pytest.mark.slow
def test_tungsten_ores_with_a_seller_in_the_region() -> None:
    case = resilience.load(ROOT / "models" / "g7-china-burden.toml", goods=["tungsten", "tungsten_ore"])
    larger = replace(case, credit={**case.credit, "AUS": 1.0})
    before, after = (
        found.requirements.set_index(["good", "member", "cutoff", "reading"]).loc[
            ("tungsten_ore", ALL, ALL, "planned")
        ]
        for found in (resilience.solve(one, rests=False) for one in (case, larger))
    )
    assert (before["status"], before["share_today"], after["status"]) == ("shift", 0.0, "raise")
    quoted(
        f"{after['share']:.0%} of the ore must come from inside, where {after['share_today']:.0%} do today".replace(
            "%", " %"
        )
    )


def avoided_by_cheapest_plans(case: resilience.Case, result: resilience.Result) -> pd.Series:
    """What the cheapest plans avoid of each member's loss in the first year, in parts of GDP."""
    plans, built = [], []
    for good, costed in CostedGoods(case, result.tables).asked.items():
        found = costed.plans[CHEAPEST]
        assert found.found, good
        plan = found.plan.rename_axis(index="supplier", columns=None).reset_index()
        plans.append(plan.melt("supplier", var_name="member", value_name="planned").assign(good=good))
        built += [(good, country, amount) for country, amount in found.building.items()]
    capacity = pd.DataFrame(built, columns=["good", "country", "new_capacity"])
    tables = {"plan": pd.concat(plans), "capacity": capacity}
    avoided, _ = losses_of(case, target_of(case), resilience.Result({}, tables)).avoided()
    return pd.Series(avoided, index=list(case.members))


@pytest.mark.slow
def test_sanctions_against_russia() -> None:
    case = resilience.load(ROOT / "models" / "g7-russia-2021-burden.toml")
    result = resilience.solve(case, rests=False)
    burden = resilience.burden(case, result)
    found = resilience.sanctions(case, result=result, burden=burden)
    costs = burden.burden[(burden.burden["plan"] == "nearest") & (burden.burden["member"] == ALL)]
    costs = costs[costs["kind"] == "total"].set_index("good")["usd"]
    quoted(f"Against Russia that plan costs at least {costs[ALL] / 1e9:.1f} billion USD a year")
    quoted(f"{100 * costs['hard_coal'] / costs[ALL]:.0f} % of it for hard coal")
    pays = found.duration.set_index("member")["pays"]
    assert set(pays.index[pays != "no"]) == {"JPN", "USA"}
    cheapest = burden.burden[(burden.burden["plan"] == "cheapest") & (burden.burden["good"] == ALL)]
    cheapest = cheapest[cheapest["kind"] == "total"].set_index("member")
    quoted(f"The cheapest plans cost {cheapest.at[ALL, 'usd']:,.0f} USD a year, as far as costs are known")
    quoted(f"({cheapest.at[ALL, 'unknown_parts']:.0f} parts are not)")
    avoided = avoided_by_cheapest_plans(case, result)
    assert set(avoided.index[avoided > cheapest.loc[MEMBERS, "gdp_share"].fillna(0.0)]) == {"DEU", "JPN", "USA"}
    nearest = found.duration.set_index("member")["avoided_first_year"]
    for losses_avoided in (avoided, nearest):
        assert set(losses_avoided.index[losses_avoided < 0]) == {"FRA", "GBR", "ITA"}
    for pattern in ("before", "after"):
        cells = [f"{100 * loss:.3f}" for loss in losses(found, pattern)]
        row(f"Russia, {pattern}", [*cells, f"{spread(found, pattern):.3f}"])
    groups = found.coalitions_stable
    groups = groups[groups["pattern"] == "before"].set_index("kind")
    assert groups.at["those who join", "size"] == 7
    assert groups.at["stable", "coalition"] == "DEU JPN USA"
    effect = found.participation.groupby("pattern")["effect"].first()
    quoted(f"Russia {100 * effect['before']:.2f} % and {100 * effect['after']:.2f} %")
