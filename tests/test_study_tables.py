"""What a parameter study says, held against formulas and counts made by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from study_instances import (
    CRITICAL,
    FACTORS,
    LENGTH,
    REGION,
    STOCK,
    SURGE,
    WITH_REGION,
    formula,
    ishigami,
    study,
)

from resilience.errors import InputError
from resilience.inputs import factor_words
from resilience.schema import STUDY
from resilience.studies.designs import Factor
from resilience.studies.rules import Condition, discover, wilson
from resilience.studies.tables import KEY, failures, headlines, range_notes, study_tables, tornado_text

pytest.importorskip("SALib")
pytest.importorskip("sklearn")
A, B, C = "response.diversion", "response.spare", "survival.critical_share"
UNIT = tuple(Factor(name, 0.0, 1.0) for name in (A, B, C))


def _tables(*args: Any, **more: Any) -> dict[str, pd.DataFrame]:
    return study_tables(*study(*args, **more))


def _linear(_good: str, _reading: str, at: Mapping[str, Any]) -> float:
    return 0.1 + 0.5 * at.get(A, 0.1) + 0.2 * at.get(B, 0.1) + 0.0 * at.get(C, 0.9)


def test_one_month_is_singular() -> None:
    assert factor_words.value_text("response.stock_months", 1.0) == "1 month of demand"
    assert factor_words.value_text("response.stock_months", 1.5) == "1.5 months of demand"
    assert factor_words.value_text("response.stock_months", -1.0, "plus") == "−1 month of demand"
    assert factor_words.value_text("survival.months", 1) == "1 month"


def test_every_table_is_as_declared() -> None:
    for design, points in (
        ("sobol", 16),
        ("morris", 8),
        ("grid", 0),
        ("one_at_a_time", 5),
        ("latin_hypercube", 40),
    ):
        tables = _tables(
            design, points, WITH_REGION, goods=("magnets", "wheat"), readings=("planned", "guaranteed")
        )
        for name, frame in tables.items():
            if name == "points":
                continue
            declared = STUDY[name]
            assert list(frame.columns) == list(declared.names), name
            assert not frame.duplicated(list(declared.keys)).any(), (design, name)
            for column in declared.columns:
                if column.kind == "share":
                    assert frame[column.name].dropna().between(0, 1).all(), (design, name, column.name)


def test_tornado_is_the_formula_at_the_ends() -> None:
    frame = _tables("latin_hypercube", 4, WITH_REGION)["tornado"]
    written = {STOCK: 2.0, CRITICAL: 0.9, LENGTH: 12, SURGE: 0.2, REGION: "G7"}
    ends = {STOCK: (0.5, 6.0), CRITICAL: (0.7, 1.0), LENGTH: (3, 24), SURGE: (0.0, 0.4), REGION: ("G7", "more")}
    for row in frame.to_dict("records"):
        low, high = (formula("magnets", "planned", written | {row["factor"]: end}) for end in ends[row["factor"]])
        assert row["share_low"] == pytest.approx(low)
        assert row["share_high"] == pytest.approx(high)
        assert row["swing"] == pytest.approx(max(low, high, 0.625) - min(low, high, 0.625))
        assert row["share_base"] == pytest.approx(0.625)
    assert frame["swing"].is_monotonic_decreasing
    assert frame["factor"].iloc[0] == LENGTH
    row = frame.set_index("factor").loc[STOCK]
    assert (row["low"], row["base"], row["high"]) == (
        "0.5 months of demand", "2 months of demand", "6 months of demand",
    )  # fmt: skip
    assert frame.set_index("factor").loc[REGION, "high"] == "G7 and EU"


def test_none_comes_first_in_the_tornado_and_failed_last() -> None:
    def share(good: str, reading: str, at: Mapping[str, Any]) -> float:
        return 2.0 if at[SURGE] < 0.1 else formula(good, reading, at)

    points, outcomes, meta = study("one_at_a_time", 2, share=share)
    failed = points.loc[(points["role"] == "low") & (points["factor"] == LENGTH), "point"].iloc[0]
    outcomes = outcomes[outcomes["point"] != failed]
    row = {"point": failed, "status": "error", "message": "the file is gone"}
    outcomes = pd.concat([outcomes, pd.DataFrame([row])], ignore_index=True)
    frame = study_tables(points, outcomes, meta)["tornado"]
    assert frame["factor"].iloc[0] == SURGE
    assert frame["status_low"].iloc[0] == "none"
    assert math.isnan(frame["swing"].iloc[0]) and math.isnan(frame["share_low"].iloc[0])
    assert frame["factor"].iloc[-1] == LENGTH
    assert frame["status_low"].iloc[-1] == "error"
    assert tornado_text(frame.head(2)) == "limit of the region's surge 54 % to none, stock (military) 38–72 %"


def test_times_and_plus_say_what_they_do() -> None:
    factors = (Factor(STOCK, 0.5, 2.0, how="times"), Factor(CRITICAL, -0.1, 0.1, how="plus"))
    frame = _tables("one_at_a_time", 3, factors)["tornado"].set_index("factor")
    assert tuple(frame.loc[STOCK, ["low", "base", "high"]]) == (
        "0.5 times the case's", "2 months of demand", "2 times the case's",
    )  # fmt: skip
    assert tuple(frame.loc[CRITICAL, ["low", "base", "high"]]) == ("−10 points", "90 %", "+10 points")


def test_verdicts_are_counted() -> None:
    points, outcomes, meta = study("latin_hypercube", 50, readings=("guaranteed",))
    tables = study_tables(points, outcomes, meta)
    sample = points[points["role"] == "sample"].merge(outcomes, on="point")
    for row in tables["verdicts"].to_dict("records"):
        assert row["points"] == (sample["status"] == row["status"]).sum()
        assert row["part"] == row["points"] / 50
        assert (row["part_low"], row["part_high"]) == wilson(int(row["points"]), 50)
    assert tables["verdicts"]["points"].sum() == 50
    own = tables["verdicts"].set_index("status").loc["raise"]
    spread = tables["spread"].iloc[0]
    assert own["of_the_case"] == "yes" and spread["holds"] == own["part"]
    assert (spread["holds_low"], spread["holds_high"]) == (own["part_low"], own["part_high"])
    asked = np.sort(sample["share"].fillna(math.inf))
    assert spread["q50"] == asked[24]
    assert spread["none"] == np.isinf(asked).sum()


def test_wilson_by_hand() -> None:
    low, high = wilson(8, 10)
    assert low == pytest.approx(0.4902, abs=1e-4)  # Wilson 1927 with z = 1.96
    assert high == pytest.approx(0.9433, abs=1e-4)
    assert wilson(0, 10)[0] == 0 and wilson(10, 10)[1] == pytest.approx(1.0)
    assert all(map(math.isnan, wilson(0, 0)))


def test_only_points_drawn_at_random_have_intervals() -> None:
    for design in ("grid", "one_at_a_time", "morris"):
        frame = _tables(design, 4)["verdicts"]
        assert frame["part_low"].isna().all(), design
    frame = _tables("sobol", 16)["verdicts"]
    assert (frame["of"] == 32).all()  # matrices A and B only: the others share their values
    assert frame["part_low"].notna().all()


def test_quantiles_that_fall_on_none_are_blank() -> None:
    def share(_good: str, _reading: str, at: Mapping[str, Any]) -> float:
        return 2.0 if at[STOCK] < 2 else 0.3

    row = _tables("grid", 0, (Factor(STOCK, 1.0, 4.0, levels=4),), share=share)["spread"].iloc[0]
    assert row["none"] == 1 and row["points"] == 4
    assert row["q75"] == 0.3 and math.isnan(row["q95"])


def test_sobol_indices_of_a_linear_formula() -> None:
    frame = _tables("sobol", 256, UNIT, share=_linear)["indices"]
    known = {A: 0.25 / 0.29, B: 0.04 / 0.29, C: 0.0}
    for row in frame.to_dict("records"):
        assert row["value"] == pytest.approx(known[row["factor"]], abs=0.05)
        assert row["value_low"] - 0.02 <= known[row["factor"]] <= row["value_high"] + 0.02
        assert row["outcome"] == "share" and row["none"] == 0 and row["points"] == 256 * 5
    assert set(frame["index"]) == {"S1", "ST"} and len(frame) == 6


def test_sobol_indices_of_ishigami() -> None:
    def share(_good: str, _reading: str, at: Mapping[str, Any]) -> float:
        return float((ishigami(np.array([[at[A], at[B], at[C]]]))[0] + 12) / 40)

    points, outcomes, meta = study(
        "sobol", 512, UNIT, share=lambda *given: share(given[0], given[1], DEFAULT | given[2])
    )
    frame = study_tables(points, outcomes, meta)["indices"].set_index(["index", "factor"])
    known = {
        ("S1", A): 0.3139, ("S1", B): 0.4424, ("S1", C): 0.0, ("ST", A): 0.5576, ("ST", B): 0.4424, ("ST", C): 0.2437,
    }  # fmt: skip
    for key, value in known.items():
        assert frame.loc[key, "value_low"] <= value <= frame.loc[key, "value_high"], key
        assert frame.loc[key, "value_high"] - frame.loc[key, "value_low"] < 0.4


DEFAULT = {A: 0.1, B: 0.1, C: 0.9}


def test_morris_indices_of_a_linear_formula() -> None:
    frame = _tables("morris", 10, UNIT, share=_linear)["indices"].set_index(["index", "factor"])["value"]
    assert frame["mu", A] == pytest.approx(0.5) and frame["mu_star", B] == pytest.approx(0.2)
    assert frame["sigma", A] == pytest.approx(0.0, abs=1e-9) and frame["mu", C] == pytest.approx(0.0, abs=1e-12)


def test_indices_with_none_say_so_and_come_twice() -> None:
    def share(good: str, reading: str, at: Mapping[str, Any]) -> float:
        return 2.0 if at.get(A, 0.1) > 0.8 else _linear(good, reading, at)

    frame = _tables("sobol", 64, UNIT, share=share)["indices"]
    assert set(frame["outcome"]) == {"share, none counted as 1", "no share suffices (0 or 1)"}
    assert (frame["none"] > 0).all()
    yes_no = frame[(frame["outcome"] == "no share suffices (0 or 1)") & (frame["index"] == "ST")]
    assert yes_no.set_index("factor")["value"][A] == pytest.approx(1.0, abs=0.2)
    assert yes_no.set_index("factor")["value"][B] == 0


def test_no_indices_where_a_point_failed_or_nothing_moves() -> None:
    points, outcomes, meta = study("sobol", 8, UNIT, share=_linear)
    failed = points["point"].iloc[-1]
    row = {"point": failed, "status": "error", "message": "no"}
    broken = pd.concat([outcomes[outcomes["point"] != failed], pd.DataFrame([row])], ignore_index=True)
    frame = study_tables(points, broken, meta)["indices"]
    assert len(frame) == 1 and frame["factor"].iloc[0] == "" and frame["value"].isna().all()
    assert frame["message"].iloc[0].startswith("no indices: 1 of 40 points have no answer (1 error)")
    still = _tables("sobol", 8, UNIT, share=lambda *_: 0.5)["indices"]
    assert still["message"].tolist() == ["no indices: the outcome is the same in all points"]


def test_indices_are_seeded() -> None:
    first, second = (_tables("sobol", 16, seed=3)["indices"] for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    first, second = (_tables("sobol", 16, seed=0)["indices"] for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


def test_heat_map_holds_the_others_nearest_to_the_case() -> None:
    frame = _tables("grid", 0)["heat_map"]
    assert set(frame["across"]) == {LENGTH} and set(frame["up"]) == {STOCK}
    assert len(frame) == 4 * 5
    assert set(frame["others"]) == {"limit of the region's surge 20 %; critical share 90 %"}
    row = frame[(frame["across_value"] == "24 months") & (frame["up_value"] == "6 months of demand")].iloc[0]
    assert row["share"] == pytest.approx(0.9 * (1 - 6 / 24) / 1.2)
    assert not len(_tables("latin_hypercube", 8)["heat_map"])


def test_break_even_brackets_the_crossing() -> None:
    frame = _tables("one_at_a_time", 9, target=0.6)["break_even"].set_index("factor")
    row = frame.loc[CRITICAL]  # the share is straight in it: 0.625 at 0.9
    assert row["below"] < 0.9 * 0.6 / 0.625 < row["above"]
    assert math.isnan(row["value"])  # nothing was solved in between
    assert row["share_below"] < 0.6 < row["share_above"]
    assert row["text"] == "crosses 60 % between 85 % and 88.75 %; rises as the factor rises"
    assert "rises as the factor rises" in row["text"] and "falls" in frame.loc[STOCK, "text"]
    exact = 2 / (1 - 0.6 * 1.2 / 0.9)  # months of cutoff
    assert frame.loc[LENGTH, "below"] <= exact <= frame.loc[LENGTH, "above"]
    far = _tables("one_at_a_time", 5, target=0.9)["break_even"]
    assert far["value"].isna().all() and far["text"].str.startswith("stays at or below 90 %").all()


def test_break_even_finds_every_crossing_and_none_has_no_value() -> None:
    def share(_good: str, _reading: str, at: Mapping[str, Any]) -> float:
        return 2.0 if at[STOCK] < 1.5 else 0.3 if at[STOCK] < 3.5 else 0.5

    frame = _tables("grid", 0, (Factor(STOCK, 1.0, 4.0, levels=4),), share=share, target=0.4)["break_even"]
    assert frame["below"].tolist() == [1.0, 3.0] and frame["above"].tolist() == [2.0, 4.0]
    assert frame["value"].isna().all()
    assert (
        frame["text"]
        .iloc[0]
        .startswith("between 1 month of demand and 2 months of demand, where the share passes")
    )
    assert frame["text"].iloc[1].startswith("crosses 40 % between 3 months of demand and 4 months of demand;")


def test_break_even_takes_todays_share_without_a_target() -> None:
    assert (_tables("one_at_a_time", 5)["break_even"]["target"] == 0.4).all()


def test_a_solved_crossing_takes_the_place_of_the_bracket() -> None:
    points, outcomes, meta = study("one_at_a_time", 2, target=0.6)
    key = dict(zip(KEY, ("magnets", "ALL", "ALL", "planned"), strict=True))
    known = {**key, "factor": CRITICAL, "target": 0.6, "below": 0.7, "above": 0.9, "value": 0.864, "none": False}
    stock = {**key, "factor": STOCK, "target": 0.6, "below": 2.0, "above": 6.0, "value": 2.4, "none": True}
    frame = study_tables(points, outcomes, meta | {"crossings": [known, stock]})["break_even"].set_index("factor")
    assert frame.loc[CRITICAL, "value"] == 0.864
    assert frame.loc[CRITICAL, "text"] == "crosses 60 % at 86.4 %; rises as the factor rises"
    assert frame.loc[STOCK, "text"].startswith(
        "at most 60 % from 2.4 months of demand on, no share suffices below;"
    )
    other = study_tables(points, outcomes, meta | {"crossings": [known | {"target": 0.5}]})["break_even"]
    assert other["value"].isna().all()


def test_break_even_in_whole_numbers_names_the_last_one_within() -> None:
    factors = (Factor(LENGTH, 9, 12, whole=True),)

    def share(_good: str, _reading: str, at: Mapping[str, Any]) -> float:
        return 0.1 * at[LENGTH] - 0.5

    row = _tables("one_at_a_time", 4, factors, share=share, target=0.55)["break_even"].iloc[0]
    assert (row["value"], row["below"], row["above"]) == (10, 10, 11)
    assert row["text"] == "at most 55 % up to 10 months; rises as the factor rises"
    row = _tables("one_at_a_time", 2, factors, share=share, target=0.55)["break_even"].iloc[0]
    assert math.isnan(row["value"]) and "between 9 months and 12 months" in row["text"]


def test_break_even_takes_points_of_a_grid_that_repeat_the_case() -> None:
    factors = (Factor(STOCK, 1.0, 3.0, levels=3), Factor(CRITICAL, 0.7, 0.9, levels=5))
    frame = _tables("grid", 0, factors, target=0.6)["break_even"].set_index("factor")
    assert (frame.loc[CRITICAL, "below"], frame.loc[CRITICAL, "above"]) == (0.85, 0.9)  # 0.864


def _failing(outcomes: pd.DataFrame, failed: Any) -> pd.DataFrame:
    rows = [{"point": point, "status": "error", "message": "no data"} for point in failed]
    return pd.concat([outcomes[~outcomes["point"].isin(failed)], pd.DataFrame(rows)], ignore_index=True)


def test_failed_points_do_not_count_against_the_verdict() -> None:
    points, outcomes, meta = study("latin_hypercube", 20, share=lambda *_: 0.5)
    failed = points.loc[points["role"] == "sample", "point"].iloc[:5]
    tables = study_tables(points, _failing(outcomes, failed), meta)
    verdicts = tables["verdicts"].set_index("status")
    assert (verdicts["of"] == 15).all() and verdicts.loc["raise", "part"] == 1
    assert verdicts.loc["error", "points"] == 5 and math.isnan(verdicts.loc["error", "part"])
    assert tables["spread"]["holds"].iloc[0] == 1 and tables["spread"]["left_out"].iloc[0] == 5
    sure = headlines(tables, meta)[0]
    assert "holds in 100 % of 15 points (95 % interval 80 % to 100 %); 5 more could not be computed" in sure


def test_where_nothing_was_computed_nothing_is_known() -> None:
    points, outcomes, meta = study("latin_hypercube", 12)
    sample = points.loc[points["role"] == "sample", "point"]
    tables = study_tables(points, _failing(outcomes, sample), meta)
    assert tables["spread"][["holds", "holds_low", "holds_high"]].isna().all(axis=None)
    sure = headlines(tables, meta)[0]
    assert "in how many points it holds is unknown, as none of 12 points could be computed" in sure
    base = points.loc[points["role"] == "base", "point"]
    tables = study_tables(points, _failing(outcomes, base), meta)
    assert tables["spread"]["holds"].isna().all()
    assert "unknown, as the case itself could not be computed" in headlines(tables, meta)[0]


def test_one_known_end_gives_the_tornado_its_width() -> None:
    points, outcomes, meta = study("one_at_a_time", 2)
    low = points[(points["role"] == "low") & (points["factor"] == LENGTH)]["point"]
    frame = study_tables(points, _failing(outcomes, low), meta)["tornado"]
    known = formula("magnets", "planned", {STOCK: 2.0, CRITICAL: 0.9, LENGTH: 24, SURGE: 0.2, REGION: "G7"})
    row = frame.set_index("factor").loc[LENGTH]
    assert row["status_low"] == "error" and row["swing"] == pytest.approx(known - 0.625)
    assert frame["swing"].is_monotonic_decreasing and frame["factor"].iloc[0] == STOCK
    both = points[(points["role"].isin(("low", "high"))) & (points["factor"] == STOCK)]["point"]
    frame = study_tables(points, _failing(outcomes, both), meta)["tornado"]
    assert frame["factor"].iloc[-1] == STOCK and math.isnan(frame["swing"].iloc[-1])


def test_a_crumb_is_no_swing() -> None:
    def share(_good: str, _reading: str, at: Mapping[str, Any]) -> float:
        return 0.3 + 3e-16 * (at[STOCK] > 1) + 0.1 * (at[SURGE] > 0.1)

    frame = _tables("one_at_a_time", 2, share=share)["tornado"].set_index("factor")["swing"]
    assert frame[STOCK] == 0.0 and frame[SURGE] == pytest.approx(0.1)


def test_a_range_without_the_case_is_said() -> None:
    points, outcomes, meta = study("latin_hypercube", 8, (Factor(STOCK, 3.0, 6.0), Factor(CRITICAL, 0.7, 1.0)))
    said = headlines(study_tables(points, outcomes, meta), meta)[1]
    assert said == (
        "The ranges exclude what the case says of stock (military) (2 months of demand in the case, varied 3 months "
        "of demand to 6 months of demand): no point repeats the case there."
    )
    assert not range_notes(study("latin_hypercube", 8)[2], "magnets")
    times = study("latin_hypercube", 8, (Factor(STOCK, 1.5, 2.0, how="times"),))[2]
    assert "varied 1.5 times the case's to 2 times the case's" in range_notes(times, "magnets")[0]


def test_most_points_failed_is_loud() -> None:
    def rows(*messages: str) -> pd.DataFrame:
        failed = [{"point": str(n), "status": "error", "message": text} for n, text in enumerate(messages)]
        return pd.DataFrame([*failed, {"point": "x", "status": "met", "message": None}])

    assert failures(rows("a")) == "" and failures(rows()) == ""
    assert failures(rows(*"bbaacd")) == (
        "MOST POINTS FAILED: 6 of 7 could not be computed: 2 × a; 2 × b; 1 × c; and 1 other messages"
    )


def test_no_limit_stands_beside_limits() -> None:
    factor = Factor("response.new_capacity", values=("inf", 0, 0.5))
    frame = _tables("one_at_a_time", 2, (factor,), share=lambda *_: 0.5)["tornado"]
    assert (frame["low"].iloc[0], frame["high"].iloc[0]) == ("no limit", "0.5 times today's")


def test_rule_finds_the_corner() -> None:
    def share(_good: str, _reading: str, at: Mapping[str, Any]) -> float:
        return 0.9 if at[STOCK] < 2 and at[LENGTH] > 10 else 0.2

    row = _tables("latin_hypercube", 400, share=share, target=0.6)["rules"].iloc[0]
    assert row["outcome"] == "exceeds"
    assert row["density"] > 0.95 and row["coverage"] > 0.9 and row["held_out"] > 0.9
    assert 0.1 < row["base_rate"] < 0.3
    assert "stock (military) below 2 months of demand" in row["text"]
    assert "length of the cutoff (China) of at least 11 months" in row["text"]
    assert "critical share" not in row["text"]
    assert row["text"].startswith("Rare-earth magnets, all members, planned: the requirement exceeds 60 % in ")


def test_rule_of_alternatives() -> None:
    def share(_good: str, _reading: str, at: Mapping[str, Any]) -> float:
        return 0.7 if at[REGION] == "G7" else 0.2

    row = _tables("latin_hypercube", 100, WITH_REGION, share=share)["rules"].iloc[0]
    assert row["threshold"] == 0.4 and row["threshold_from"] == "today's share"
    assert row["conditions"] in ("region G7", "region G7 and EU")
    assert row["density"] == row["coverage"] == row["held_out"] == 1


def test_rule_for_no_share_at_all() -> None:
    def share(_good: str, _reading: str, at: Mapping[str, Any]) -> float:
        return 2.0 if at[STOCK] < 4 else 0.7

    tables = _tables("latin_hypercube", 100, share=share)
    row = tables["rules"].iloc[0]
    assert row["threshold"] == 1 and "does any share suffice" in row["threshold_from"]
    assert "no share suffices in" in row["text"] or "some share suffices in" in row["text"]
    assert "stock (military)" in row["conditions"]
    texts = tables["break_even"].set_index("factor")["text"]
    assert texts[CRITICAL] == "no share suffices from 70 % to 100 %"


def test_no_rule_for_noise() -> None:
    random = np.random.default_rng(5)
    values = pd.DataFrame(random.random((300, 4)), columns=list("abcd"))
    found = [discover(values, random.random(300) < 0.3, range(300), seed) for seed in range(8)]
    assert sum(rule is not None for rule in found) <= 1
    row = _tables("latin_hypercube", 60, share=lambda *_: 0.5, target=0.6)["rules"].iloc[0]
    assert row["outcome"] == "" and row["text"] == "no rule: the share exceeds 60 % in 0 % of 60 points."


def test_rule_numbers_are_those_of_the_stated_conditions() -> None:
    points, outcomes, meta = study("latin_hypercube", 300, WITH_REGION, target=0.5)
    row = study_tables(points, outcomes, meta)["rules"].iloc[0]
    sample = points[points["role"] == "sample"].merge(outcomes, on="point")
    inside = np.ones(len(sample), dtype=bool)
    named = {factor_words.label(factor.name): factor for factor in FACTORS}
    for text in row["conditions"].split(" and "):
        name = next((label for label in named if text.startswith(label)), None)
        if name is None:
            continue
        scale, after = factor_words.shown(named[name].name)
        how, number = text.removeprefix(name).removesuffix(after).rsplit(" ", 1)
        bound, column = float(number) / scale, sample[named[name].name]
        checks = {" below": column < bound, " above": column > bound, " of at most": column <= bound + 1e-9}
        inside &= checks.get(how, column >= bound - 1e-9).to_numpy()
    if "region" in row["conditions"]:
        inside &= (sample[REGION] == ('["G7", "EU"]' if "EU" in row["conditions"] else '"G7"')).to_numpy()
    hit = (sample["share"].fillna(9) > 0.5) == (row["outcome"] == "exceeds")
    assert inside.sum() == row["in_rule"]
    assert hit[inside].mean() == pytest.approx(row["density"])
    assert hit[inside].sum() / hit.sum() == pytest.approx(row["coverage"])


def test_conditions_hold_where_they_say() -> None:
    column = pd.Series([1.0, 2.0, 3.0])
    assert Condition("x", least=2.0).holds(column).tolist() == [False, False, True]
    assert Condition("x", least=2.0, strict=False).holds(column).tolist() == [False, True, True]
    assert Condition("x", most=2.0, strict=False).holds(column).tolist() == [True, True, False]
    assert Condition("x", values=("b",)).holds(pd.Series(["a", "b"])).tolist() == [False, True]


def test_the_order_of_the_rows_does_not_matter() -> None:
    points, outcomes, meta = study("sobol", 16, WITH_REGION, readings=("planned", "market"))
    tables = study_tables(points, outcomes, meta)
    mixed = study_tables(points.sample(frac=1, random_state=1), outcomes.sample(frac=1, random_state=2), meta)
    for name in set(tables) - {"points", "outcomes"}:
        pd.testing.assert_frame_equal(tables[name], mixed[name])


def test_a_good_that_is_not_in_a_point_is_absent() -> None:
    points, outcomes, meta = study("latin_hypercube", 10)
    gone = points["point"].iloc[-1]
    frame = study_tables(points, outcomes[outcomes["point"] != gone], meta)["verdicts"]
    assert frame.set_index("status")["points"]["absent"] == 1


def test_points_of_another_study_are_refused() -> None:
    points, outcomes, meta = study("latin_hypercube", 4)
    with pytest.raises(InputError, match="belong to another study"):
        study_tables(points.drop(columns=[STOCK]), outcomes, meta)


def test_keys_come_in_order() -> None:
    tables = _tables("latin_hypercube", 4, goods=("wheat", "magnets"), readings=("guaranteed", "planned"))
    keys = [tuple(row) for row in tables["spread"][list(KEY)].itertuples(index=False)]
    assert [(key[0], key[3]) for key in keys] == [
        ("magnets", "planned"), ("magnets", "guaranteed"), ("wheat", "planned"), ("wheat", "guaranteed"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "how", "value", "text"),
    [
        ("survival.critical_share", "set", 0.7, "70 %"),
        ("survival.critical_share.food", "plus", -0.05, "−5 points"),
        ("response.stock_months.military", "set", 1.5, "1.5 months of demand"),
        ("response.stock_months", "times", 0.5, "0.5 times the case's"),
        ("response.region_surge.rate", "set", 0.02, "2 % a month"),
        ("response.region_surge.delay", "set", 3, "3 months"),
        ("response.new_capacity", "set", math.inf, "no limit"),
        ("response.solidarity", "set", True, "yes"),
        ("cutoffs.China.fraction", "set", 0.5, "50 %"),
        ("cutoffs", "set", ("China", "Russia"), "China and Russia"),
        ("survival.months", "set", None, "as the case says"),
    ],
)
def test_values_in_words(name: str, how: str, value: Any, text: str) -> None:
    assert factor_words.value_text(name, value, how) == text


def test_names_in_words() -> None:
    assert factor_words.label("goods_override.magnets.critical_share") == "critical share (magnets)"
    assert factor_words.label("response.region_surge.max") == "limit of the region's surge"
    assert factor_words.label("cutoffs.China.fraction.CHN") == "part cut off (China, CHN)"
    assert factor_words.label("cutoffs.U.S. ports.months") == "length of the cutoff (U.S. ports)"
    assert factor_words.unit("response.stock_months", "times") == "times what the case says"
    assert factor_words.unit("response.drawdown") == "share of stock a month"
    assert factor_words.value_text("response.drawdown", 0.5) == "50 % of stock a month"


def test_the_headlines_are_read_from_the_tables() -> None:
    points, outcomes, meta = study("sobol", 64, goods=("magnets", "wheat"), readings=("planned", "guaranteed"))
    tables = study_tables(points, outcomes, meta)
    sure, matters, turns = headlines(tables, meta)
    own = tables["verdicts"].query("of_the_case == 'yes' and reading == 'planned'").set_index("good")["part"]
    assert own.nunique() == 2 and sure.startswith("Least sure of 2 goods: ")
    assert f"holds in {100 * own.min():.0f} % of 128 points (95 % interval " in sure
    st = tables["indices"].query(f"good == '{own.idxmin()}' and reading == 'planned' and index == 'ST'")
    st = st.set_index("in_words")
    first, second = st["value"].nlargest(2).index
    assert matters.startswith(f"What matters most, by Sobol index ST: {first} {st.at[first, 'value']:.2f} (")
    assert f", then {second} {st.at[second, 'value']:.2f} (" in matters
    assert turns.startswith("Break-even")
    assert not headlines(tables | {"verdicts": tables["verdicts"].head(0)}, meta)


def test_a_break_even_that_is_not_there_is_said() -> None:
    points, outcomes, meta = study("one_at_a_time", 3)
    tables = study_tables(points, outcomes, meta | {"spec": meta["spec"] | {"target": 1.0}})
    _, matters, turns = headlines(tables, meta)
    assert matters == f"What it rests on, one at a time: {tornado_text(tables['tornado'])}."
    assert turns == "Break-even: no factor by itself takes the share across 100 %."
