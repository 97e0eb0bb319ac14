from __future__ import annotations

import math
from typing import Any

import pytest
from conftest import ROOT
from economy_by_hand import two_members

import resilience
from resilience.economics.security_words import headlines
from resilience.economics.threats import means

FACTS = [
    ("capability", "AAA", 2022, 0.01),
    ("capability", "BBB", 2022, 0.03),
    ("capability", "TTT", 2022, 0.03),
    ("capability", "OOO", 2022, 0.01),
    ("ideal_point", "AAA", 2019, 1.0),
    ("ideal_point", "BBB", 2019, 2.0),
    ("ideal_point", "TTT", 2019, -1.0),
    ("ideal_point", "OOO", 2019, 3.0),
    ("ideal_point", "TTT", 2018, -9.0),  # older, so not looked at
    ("gdp_usd", "OOO", 2024, 5e9),
]
FAR = [("AAA", "TTT", 1000.0), ("TTT", "BBB", 2000.0), ("AAA", "OOO", 500.0), ("BBB", "OOO", 500.0)]
NAMED = {"threat": {"targets": ["TTT", "OOO"], "distance_km": 1000}}


def test_factors_by_hand(make: Any) -> None:
    found = resilience.threat(two_members(make, indicators=FACTS, distances=FAR, **NAMED))
    row = found.threat.set_index(["member", "target"]).loc[("AAA", "TTT")]
    assert row["economy"] == pytest.approx(20 / 30)
    assert row["military"] == pytest.approx(0.75)
    assert row["proximity"] == pytest.approx(math.exp(-1))
    assert row["hostility"] == pytest.approx(2 / 4)  # 1 to −1, of the widest distance, −1 to 3
    values = [20 / 30, 0.75, math.exp(-1), 0.5]
    assert row["geometric"] == pytest.approx(math.prod(values) ** 0.25)
    assert row["arithmetic"] == pytest.approx(sum(values) / 4)
    assert "GDP 2024" in row["vintage"] and "UN votes 2019" in row["vintage"]
    table = found.threat.set_index(["member", "target"])
    assert table.loc[("BBB", "TTT"), "proximity"] == pytest.approx(math.exp(-2))  # a pair is given in either order
    assert table.loc[("AAA", "TTT"), "rank"] == 1 and table.loc[("AAA", "OOO"), "rank"] == 2
    assert sorted(table.xs("TTT", level="target")["rank_member"]) == [1, 2]


def test_divergence_is_the_spread_over_members(make: Any) -> None:
    found = resilience.threat(two_members(make, indicators=FACTS, distances=FAR, **NAMED))
    means_of = found.threat.set_index(["target", "member"])["geometric"]
    table = found.divergence.set_index(["target", "measure"])
    a, b = means_of["TTT", "AAA"], means_of["TTT", "BBB"]
    assert table.loc[("TTT", "range"), "value"] == pytest.approx(abs(a - b))
    assert table.loc[("TTT", "gini"), "value"] == pytest.approx(abs(a - b) / (2 * (a + b)))
    assert table.loc[("TTT", "range"), "highest"] == ("AAA" if a > b else "BBB")


def test_weights() -> None:
    values = {"economy": 0.9, "military": 0.1, "proximity": math.nan, "hostility": 0.5}
    weights = {"economy": 3.0, "military": 1.0, "proximity": 0.0, "hostility": 0.0}
    geometric, arithmetic = means(values, weights)
    assert geometric == pytest.approx((0.9**3 * 0.1) ** 0.25)
    assert arithmetic == pytest.approx(0.7)
    assert all(math.isnan(mean) for mean in means(values, {**weights, "proximity": 1.0}))
    assert means({**values, "economy": 0.0}, weights)[0] == 0.0  # what is missing altogether makes no threat


def test_vintage_and_what_is_missing(make: Any) -> None:
    facts = [fact for fact in FACTS if fact[:2] != ("ideal_point", "BBB")]
    given = {"threat": {**NAMED["threat"], "vintage": 2018}}
    found = resilience.threat(two_members(make, indicators=facts, distances=FAR, **given))
    assert found.threat["geometric"].isna().all()  # nothing but votes of TTT is known of 2018 or before
    found = resilience.threat(two_members(make, indicators=facts, distances=FAR[:1], **NAMED))
    table = found.threat.set_index(["member", "target"])
    row = table.loc[("BBB", "TTT")]
    assert math.isnan(row["hostility"]) and math.isnan(row["geometric"]) and math.isnan(row["rank"])
    assert (
        row["status"] == "unknown" and "UN votes of BBB" in row["missing"] and "distance of BBB" in row["missing"]
    )
    text = "\n".join(found.findings["message"])
    assert "no UN votes up to 2024 of Land BBB (BBB)" in text and "no distance of" in text and "BBB–TTT" in text
    assert table.loc[("AAA", "TTT"), "status"] == "estimated"


def test_pairs_without_a_rank_are_named(make: Any) -> None:
    """No votes of BBB: its two pairs have no rank. No distance of AAA and OOO: then no pair with OOO has one."""
    facts = [fact for fact in FACTS if fact[:2] != ("ideal_point", "BBB")]
    found = resilience.threat(two_members(make, indicators=facts, distances=FAR, **NAMED))
    said = dict(headlines(found.tables, found.meta))
    assert said["Not known"].endswith("Land TTT for Land BBB; Land OOO for Land BBB.")
    assert "unknown: Land BBB" in said["Divergence"]
    assert (found.divergence["status"] == "estimated").all()
    far = [pair for pair in FAR if pair[:2] != ("AAA", "OOO")]
    found = resilience.threat(two_members(make, indicators=facts, distances=far, **NAMED))
    said = dict(headlines(found.tables, found.meta))
    assert said["Not known"].endswith("Land OOO for all members; Land TTT for Land BBB.")
    assert set(found.divergence.set_index("target").loc["OOO", "status"]) == {"unknown"}
    found = resilience.threat(two_members(make, indicators=FACTS, distances=FAR, **NAMED))
    assert dict(headlines(found.tables, found.meta))["Not known"] == "Nothing."


def test_a_blank_figure_is_unknown(make: Any) -> None:
    """A blank cell counts as a row that is not there: the year before is taken, and a pair has no distance."""
    case = two_members(make, indicators=[*FACTS, ("capability", "TTT", 2021, 0.07)], distances=FAR, **NAMED)
    folder = case.data.path
    for name, old, new in (
        ("indicators.csv", "capability,TTT,2022,0.03,", "capability,TTT,2022,,"),
        ("distances.csv", "AAA,OOO,500.0,", "AAA,OOO,,"),
    ):
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    found = resilience.threat(resilience.load(case.file.path))
    table = found.threat.set_index(["member", "target"])
    assert table.loc[("AAA", "TTT"), "military"] == pytest.approx(0.07 / 0.08)
    assert table.loc[("AAA", "OOO"), "status"] == "unknown" and "distance" in table.loc[("AAA", "OOO"), "missing"]
    assert "AAA–OOO" in "\n".join(found.findings["message"])
    text = (folder / "indicators.csv").read_text(encoding="utf-8")
    (folder / "indicators.csv").write_text(text.replace(",value,", ",figure,", 1), encoding="utf-8")
    with pytest.raises(resilience.InputError, match='the column "value" is missing'):
        resilience.load(case.file.path)


def test_a_pair_stands_there_once(make: Any) -> None:
    with pytest.raises(resilience.InputError) as error:
        two_members(make, indicators=FACTS, distances=[*FAR, ("BBB", "TTT", 5.0), ("AAA", "AAA", 1.0)], **NAMED)
    assert "BBB, TTT stands there the other way round" in str(error.value)
    assert '"AAA" has no distance from itself' in str(error.value)


def test_no_target_is_an_error(make: Any) -> None:
    with pytest.raises(resilience.InputError, match="there is no target"):
        resilience.threat(two_members(make, threat={"targets": ["AAA"]}))


def test_taiwan_has_no_vote() -> None:
    case = resilience.load(
        ROOT / "models" / "g7-china.toml", members=["JPN", "TWN"], overrides=['region=["JPN", "TWN"]']
    )
    found = resilience.threat(case)
    rows = found.threat[(found.threat["member"] == "TWN") & (found.threat["target"] == "CHN")].iloc[0]
    assert rows["status"] == "unknown" and "UN votes of TWN" in rows["missing"]
    assert rows["military"] > 0.9
    japan = found.threat[(found.threat["member"] == "JPN") & (found.threat["target"] == "CHN")].iloc[0]
    assert japan["rank"] == 1
    assert "Taiwan (TWN)" in "\n".join(found.findings["message"])


def test_countries_beside_another_of_their_coalition_are_no_targets_by_default(make: Any) -> None:
    """The cutoff names TTT and OOO by their coalition; of OOO there are no votes. Named by itself it has its rows."""
    facts = [fact for fact in FACTS if fact[:2] != ("ideal_point", "OOO")]
    case = two_members(make, indicators=facts, distances=FAR)
    with (case.data.path / "coalitions.csv").open("a", encoding="utf-8") as lines:
        lines.write("pair,TTT,1\npair,OOO,1\n")
    text = case.file.path.read_text(encoding="utf-8")
    assert 'cut = ["TTT"]' in text
    case.file.path.write_text(text.replace('cut = ["TTT"]', 'cut = ["pair"]'), encoding="utf-8")
    found = resilience.threat(resilience.load(case.file.path))
    assert "OOO" not in set(found.threat["target"]) and "TTT" in set(found.threat["target"])
    assert found.meta["target"] == list(dict.fromkeys(found.threat["target"]))
    assert "Land OOO (OOO, of pair): no targets of their own" in "\n".join(found.findings["message"])
    named = resilience.load(case.file.path, overrides=['threat.targets=["pair"]'])
    found = resilience.threat(named)
    assert set(found.threat["target"]) == {"TTT", "OOO"}
    assert "no targets of their own" not in "\n".join(found.findings["message"])
    light = resilience.load(case.file.path, overrides=["threat.weights={hostility = 0}"])
    assert "OOO" in set(resilience.threat(light).threat["target"])  # then nothing of it is missing
