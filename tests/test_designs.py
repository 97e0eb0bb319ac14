"""What a study varies, and at which points."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from SALib.analyze import morris, sobol
from scipy import stats
from study_evaluations import small_case

from resilience.errors import InputError
from resilience.inputs.case import load
from resilience.studies.designs import (
    DESIGNS,
    Factor,
    StudySpec,
    count_samples,
    decode,
    design_points,
    point_id,
    problem,
    unit_sample,
    values_of,
)
from resilience.studies.runner import study
from resilience.studies.study_file import check_study, read_study

MIXED = (
    Factor("survival.months", 6, 24, whole=True, levels=4),
    Factor("response.stock_months", 0.5, 2.0, how="times", distribution="loguniform"),
    Factor("region", values=("home", ["AAA", "CCC"])),
)


def study_file(folder: Path, study: str, *, apart: bool = True) -> Path:
    case = small_case(folder)
    if apart:
        path = folder / "study.toml"
        path.write_text(f'case = "case.toml"\n{study}', encoding="utf-8")
        return path
    case.write_text(case.read_text(encoding="utf-8") + "\n" + study, encoding="utf-8")
    return case


def refused(path: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_study(path)
    return [f"{finding.table} {finding.column}: {finding.message}" for finding in caught.value.findings]


FULL = """
[study]
design = "sobol"
points = 8
seed = 3
goods = ["wheat"]
readings = "planned"
cutoffs = ["ALL", "cut"]
target = 0.6
[study.factors]
"survival.critical_share" = [0.7, 1.0]
"response.stock_months" = {times = [0.5, 2.0]}
"response.stock_months.food" = {plus = [0.0, 1.0], distribution = "triangular", mode = 0.2}
response.region_surge.max = {low = 0.0, mode = 0.2, high = 0.4, distribution = "triangular"}
"cutoffs.cut.months" = {low = 3, high = 24, levels = 4}
region = {values = ["home", ["AAA", "CCC"]]}
cutoffs = {values = [["cut"], ["cut", "half"]]}
"response.solidarity" = {values = [false, true]}
"""


@pytest.mark.parametrize("apart", [True, False])
def test_a_study_is_read_from_the_case_file_or_a_file_of_its_own(tmp_path: Path, apart: bool) -> None:
    text = FULL.replace('"response.stock_months.food" = {plus', '"survival.demand_factor" = {plus')
    if not apart:
        text = text.replace("region = ", '"region" = ')
    case, spec = read_study(study_file(tmp_path, text, apart=apart), overrides=["survival.months=6"])
    assert case.file.raw["survival"]["months"] == 6
    assert (spec.design, spec.points, spec.seed, spec.target) == ("sobol", 8, 3, 0.6)
    assert (spec.goods, spec.readings, spec.cutoffs) == (("wheat",), ("planned",), ("ALL", "cut"))
    factors = {factor.name: factor for factor in spec.factors}
    assert factors["response.stock_months"].how == "times"
    assert factors["survival.demand_factor"].how == "plus"
    assert factors["response.region_surge.max"].mode == 0.2  # without quotes TOML nests the names
    assert factors["cutoffs.cut.months"].whole  # counts of months are whole without being told
    assert factors["region"].values == ("home", ["AAA", "CCC"])
    assert len(design_points(spec)) == 1 + 2 * 8 + 8 * (8 + 2)


def test_the_command_replaces_points_seed_and_goods(tmp_path: Path) -> None:
    path = study_file(tmp_path, '[study.factors]\n"survival.critical_share" = [0.7, 1.0]\n')
    case, spec = read_study(path, points=7, seed=9, goods=["food"])
    assert (spec.points, spec.seed, spec.goods, case.goods) == (7, 9, ("food",), ("wheat",))
    assert spec.design == "latin_hypercube"
    assert read_study(path)[1].points == DESIGNS["latin_hypercube"]


def test_every_finding_comes_at_once_with_file_and_key(tmp_path: Path) -> None:
    found = refused(
        study_file(
            tmp_path,
            """
titel = "x"
[study]
desing = "sobol"
design = "sobl"
points = 3.5
seed = -1
readings = ["planed"]
target = 60
cutoffs = ["cutt"]
members = ["DEU"]
[study.factors]
"survival.critical_sahre" = [0.7, 1.0]
"survival.months" = [24, 6]
"survival.demand_factor" = {low = 1, high = 2, distribution = "normal", mean = 1.5}
"response.spare" = {low = 0, high = 1, distribution = "loguniform"}
"response.diversion" = {low = 0, mode = 3, high = 1, distribution = "triangular"}
"response.drawdown" = ["a"]
"response.region_surge" = [0, 1]
"response.stock_months.fod" = [0, 1]
"response.new_capacity" = {times = [0.5, 2]}
"response.outside_surge.max" = {times = [0.5, 2]}
"goods_override.wheat.spare" = {times = [0.5, 2]}
"response.cap" = {lo = 0, high = 1}
"response.chains" = {values = [1, 2]}
"cutoffs.ctu.months" = [3, 24]
"cutoffs.cut.fraction" = [0, 2]
"cutoffs.half.start" = [1.5, 3]
goods = {values = []}
region = {values = ["home", "homme"]}
members = ["AAA", "CCC"]
"goods_override.wheet.spare" = [0, 1]
spare = [0, 1]
""",
        )
    )
    for part in (
        'study.toml titel: unknown key "titel" of a study file; did you mean "title"?',
        'study.toml study.desing: unknown key "desing"; did you mean "design"?',
        "study.toml study.design: 'sobl' is no design; did you mean \"sobol\"?",
        "study.toml study.points: 3.5 is not a whole number",
        "study.toml study.seed: -1 is not a whole number",
        'study.toml study.readings: "planed" is no reading; did you mean "planned"?',
        "study.toml study.target: 60 is out of range: at least 0 and at most 1; 60 % is written 0.6",
        'study.toml study.cutoffs: no cutoff is called "cutt"; did you mean "cut"?',
        'study.toml study.members: "DEU" is no member of the case',
        'factors.survival.critical_sahre: unknown "critical_sahre"; did you mean "critical_share"?',
        "factors.survival.months: the low end 24 is not below the high end 6",
        'factors.survival.demand_factor: normal needs "sd"',
        "factors.response.spare: loguniform takes positive numbers only",
        "factors.response.diversion.mode: 3 is not between 0 and 1",
        "factors.response.drawdown: alternatives are written {values = [...]}",
        "factors.response.region_surge: is a surge; name one of response.region_surge.delay",
        'factors.response.stock_months.fod: "fod" is neither a good nor a category; did you mean "food"?',
        "factors.response.new_capacity: is infinite in the case, and times changes nothing",
        "factors.response.outside_surge.max: is 0 in the case, and times changes nothing",
        "factors.goods_override.wheat.spare: the case has no number there that could be multiplied",
        'factors.response.cap.lo: unknown key "lo"; did you mean "low"?',
        'factors.response.cap: "low" is missing',
        "factors.response.chains.values: must be true and false",
        'factors.cutoffs.ctu.months: no cutoff is called "ctu"; did you mean "cut"?',
        "factors.cutoffs.cut.fraction: 2 is out of range: at least 0 and at most 1",
        "factors.cutoffs.half.start: 1.5 to 3 must be whole numbers here",
        "factors.goods.values: [] holds no alternatives",
        'factors.region.values: "homme" is neither a country of countries.csv nor a coalition; did you mean "home"?',
        "factors.members: alternatives are written {values = [...]}",
        'factors.goods_override.wheet.spare: "wheet" is neither a good nor a category; did you mean "wheat"?',
        'factors.spare: the case has nothing under "spare"; write "response.spare"',
    ):
        assert any(part in line for line in found), f"{part}\n--\n" + "\n".join(found)


def test_a_study_without_factors_or_table_says_what_to_write(tmp_path: Path) -> None:
    (found,) = refused(study_file(tmp_path / "a", ""))
    assert "[study.factors]" in found
    assert (
        'under [study.factors], for example "survival.months"' in refused(study_file(tmp_path / "b", "[study]"))[0]
    )


def test_findings_of_the_case_come_along(tmp_path: Path) -> None:
    path = study_file(tmp_path, '[study]\ntarget = 2\n[study.factors]\n"survival.months" = [6, 12]\n')
    case = tmp_path / "case.toml"
    case.write_text(case.read_text(encoding="utf-8").replace('share" = 0.8', 'share" = 8'), "utf-8")
    found = refused(path)
    assert any("study.target" in line for line in found) and any("critical_share" in line for line in found)


def test_a_factor_inside_another_is_refused(tmp_path: Path) -> None:
    found = refused(study_file(tmp_path, FULL))
    assert found == [
        'study.toml study.factors.response.stock_months.food: "response.stock_months" is varied as well and holds it; '
        "vary one of the two"
    ]


def test_a_cutoff_that_varies_is_in_every_alternative(tmp_path: Path) -> None:
    factors = '"cutoffs.half.fraction" = [0.2, 0.8]\ncutoffs = {values = [["cut"], ["cut", "half"]]}'
    found = refused(study_file(tmp_path, f"[study]\n[study.factors]\n{factors}\n"))
    assert len(found) == 1 and "['cut'] leaves out \"half\"" in found[0]


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        ('"response.spare" = {plus = [-0.2, 0.1]}', "response.spare: −20 points: -0."),
        (
            '"survival.critical_share" = {times = [0.8, 1.3]}',
            "critical_share: 1.3 times the case's: 1.04 is out of",
        ),
        (
            '"response.diversion" = {values = ["abc", 0.1]}',
            "response.diversion.values: abc: 'abc' is not a number",
        ),
        ('"survival.profile" = {values = [[1, 2], [2, 1]]}', "survival.profile.values: 1 and 2: "),
        (
            '"response.diversion" = {values = [inf, 0.1]}',
            "response.diversion.values: no limit: inf is out of range",
        ),
        ('region = {values = [["AAA"], ["CCC"]]}', "region.values: CCC: member AAA is not in the region"),
    ],
)
def test_what_the_case_does_not_take_is_named_before_the_start(tmp_path: Path, factor: str, said: str) -> None:
    found = refused(study_file(tmp_path, f"[study]\n[study.factors]\n{factor}\n"))
    assert all(line.startswith("study.toml study.factors.") for line in found)
    assert any(said in line for line in found), found


@pytest.mark.parametrize("limit", ['"inf"', "inf"])
def test_no_limit_is_an_alternative(tmp_path: Path, limit: str) -> None:
    text = f'[study]\n[study.factors]\n"response.new_capacity" = {{values = [{limit}, 0, 0.5]}}\n'
    case, spec = read_study(study_file(tmp_path, text))
    assert spec.factors[0].values == ("inf", 0, 0.5)
    ends = values_of(design_points(spec).query("role != 'sample'"), spec.names)
    assert ends == [{}, {"response.new_capacity": math.inf}, {"response.new_capacity": 0.5}]
    found = study(case, spec, workers=1)
    assert "error" not in found.counts


def test_a_mistyped_design_and_good_hide_nothing(tmp_path: Path) -> None:
    text = """
[study]
design = "sobl"
points = 1
goods = ["wheet"]
cutoffs = ["cutt"]
[study.factors]
"survival.critical_sahre" = [0.7, 1.0]
"response.spare" = {plus = [-0.2, 0.1]}
"""
    found = refused(study_file(tmp_path, text))
    for part in ("is no design", '"wheet"', 'no cutoff is called "cutt"', "critical_sahre", "−20 points"):
        assert sum(part in line for line in found) == 1, (part, found)
    assert len(found) == 5  # and nothing about one step a factor, which the unknown design may not have


def test_goods_of_a_study_made_in_python_are_checked(tmp_path: Path) -> None:
    spec = StudySpec((Factor("response.spare", 0.0, 0.1),), goods=("wheet",))
    (found,) = check_study(spec, load(small_case(tmp_path)))
    assert found.column == "study.goods" and 'did you mean "wheat"' in found.message


def test_a_sobol_design_takes_powers_of_two(tmp_path: Path) -> None:
    path = study_file(
        tmp_path, '[study]\ndesign="sobol"\npoints=100\n[study.factors]\n"survival.months"=[6, 12]\n'
    )
    assert "100 lies between 64 and 128" in refused(path)[0]


def test_too_many_points_are_refused_before_they_are_made(tmp_path: Path) -> None:
    names = ["survival.critical_share", "response.diversion", "response.spare", "response.drawdown"]
    factors = "\n".join(f'"{name}" = {{low = 0, high = 1, levels = 100}}' for name in names)
    found = refused(study_file(tmp_path, f'[study]\ndesign = "grid"\n[study.factors]\n{factors}\n'))
    assert "100,000,000 points" in found[0]


@pytest.mark.parametrize(
    ("distribution", "keys", "known"),
    [
        ("uniform", {}, stats.uniform(1, 8)),
        ("loguniform", {}, stats.loguniform(1, 9)),
        ("triangular", {"mode": 3.0}, stats.triang(0.25, 1, 8)),
        ("normal", {"mean": 4.0, "sd": 2.0}, stats.truncnorm(-1.5, 2.5, 4, 2)),
    ],
)
def test_distributions(distribution: str, keys: dict[str, float], known: stats.rv_continuous) -> None:
    factor = Factor("response.stock_months", 1.0, 9.0, distribution=distribution, **keys)
    sample = np.array(factor.at((np.arange(4000) + 0.5) / 4000))
    assert sample.min() >= 1 and sample.max() <= 9
    assert stats.kstest(sample, known.cdf).statistic < 1e-3
    assert factor.at(np.array([0.0, 1.0])) == [1.0, 9.0]


def test_whole_numbers_are_equally_likely_also_at_the_ends() -> None:
    months = Factor("survival.months", 3, 6, whole=True).at((np.arange(4000) + 0.5) / 4000)
    assert {n: months.count(n) for n in sorted(set(months))} == {3.0: 1000, 4.0: 1000, 5.0: 1000, 6.0: 1000}
    picked = Factor("region", values=("a", "b", "c")).at((np.arange(3000) + 0.5) / 3000)
    assert {n: picked.count(n) for n in sorted(set(picked))} == {'"a"': 1000, '"b"': 1000, '"c"': 1000}


@pytest.mark.parametrize("design", DESIGNS)
def test_every_design_holds_the_case_as_written_and_both_ends(design: str) -> None:
    spec = StudySpec(MIXED, design, 4)
    points = design_points(spec)
    assert list(points.columns) == ["point", "role", "factor", "order", *spec.names]
    ends = points[points["role"] != "sample"]
    assert ends["role"].tolist() == ["base", *["low", "high"] * 3]
    assert ends["factor"].fillna("").tolist() == ["", *itertools.chain(*([name] * 2 for name in spec.names))]
    assert values_of(ends, spec.names) == [
        {},
        {"survival.months": 6},
        {"survival.months": 24},
        {"response.stock_months": 0.5},
        {"response.stock_months": 2.0},
        {"region": "home"},
        {"region": ["AAA", "CCC"]},
    ]
    samples = points[points["role"] == "sample"]
    assert samples["order"].tolist() == list(range(len(samples)))
    assert len(samples) == count_samples(spec)
    assert points.groupby("point")[spec.names].nunique(dropna=False).to_numpy().max() == 1
    rows = points[spec.names].astype(object).where(points[spec.names].notna(), None).apply(tuple, axis=1)
    assert rows.nunique() == points["point"].nunique()
    assert points["point"].str.fullmatch("[0-9a-f]{16}").all()


def test_points_survive_parquet(tmp_path: Path) -> None:
    points = design_points(StudySpec(MIXED, "morris", 3))
    points.to_parquet(tmp_path / "p.parquet")
    pd.testing.assert_frame_equal(points, pd.read_parquet(tmp_path / "p.parquet"))


def test_ids_depend_on_values_alone() -> None:
    one = design_points(StudySpec(MIXED, "grid"))
    other = design_points(StudySpec(MIXED[::-1], "one_at_a_time", 2))
    key = [factor.name for factor in MIXED]

    def table(frame: pd.DataFrame) -> dict[str, str]:
        return {
            json.dumps(values, sort_keys=True): p
            for values, p in zip(values_of(frame, key), frame["point"], strict=True)
        }

    both = table(one).keys() & table(other).keys()
    assert len(both) >= 7 and all(table(one)[values] == table(other)[values] for values in both)
    assert point_id({"a": 1.0, "b": 2.0}) == point_id({"b": 2.0, "a": 1.0}) != point_id({"a": 2.0, "b": 1.0})
    how = [
        design_points(StudySpec((Factor("response.spare", 1, 2, how=h),), "one_at_a_time", 2))
        for h in ("set", "plus")
    ]
    assert set(how[0]["point"]) & set(how[1]["point"]) == {how[0]["point"].iloc[0]}  # the case as written


def test_same_seed_same_points_other_seed_others() -> None:
    for design in ("latin_hypercube", "sobol", "morris"):
        spec = StudySpec(MIXED, design, 8)
        pd.testing.assert_frame_equal(design_points(spec), design_points(StudySpec(MIXED, design, 8)))
        assert not np.array_equal(unit_sample(spec), unit_sample(StudySpec(MIXED, design, 8, seed=2)))


def test_latin_hypercube_has_one_point_in_every_slice() -> None:
    unit = unit_sample(StudySpec(MIXED, "latin_hypercube", 40))
    for column in unit.T:
        assert sorted(np.floor(column * 40).astype(int)) == list(range(40))


def test_sobol_rows_come_as_saltelli_needs_them() -> None:
    unit = unit_sample(StudySpec(MIXED, "sobol", 16)).reshape(16, 5, 3)
    a, b = unit[:, 0], unit[:, -1]
    for factor in range(3):
        mixed = a.copy()
        mixed[:, factor] = b[:, factor]
        assert np.array_equal(unit[:, 1 + factor], mixed)
    assert np.all(np.histogram(a[:, 0], 16, (0, 1))[0] == 1)  # low discrepancy
    many = StudySpec(MIXED, "sobol", 256)
    found = sobol.analyze(problem(many), unit_sample(many) @ [3.0, 1.0, 0.0], calc_second_order=False, seed=1)
    assert found["S1"] == pytest.approx([0.9, 0.1, 0.0], abs=0.05)


def test_morris_changes_one_factor_at_a_time() -> None:
    spec = StudySpec(MIXED, "morris", 6)
    unit = unit_sample(spec)
    steps = np.abs(np.diff(unit.reshape(6, 4, 3), axis=1))
    assert np.allclose(np.sort(steps, axis=2), [0, 0, 2 / 3])
    found = morris.analyze(problem(spec), unit, unit @ [3.0, -1.0, 0.0], num_levels=4, seed=1)
    assert list(found["mu"]) == pytest.approx([3.0, -1.0, 0.0], abs=1e-9)


def test_grid_and_one_at_a_time() -> None:
    grid = design_points(StudySpec(MIXED, "grid"))
    grid = grid[grid["role"] == "sample"]
    assert len(grid) == 4 * 5 * 2
    assert sorted(grid["survival.months"].unique()) == [6, 12, 18, 24]
    assert sorted(grid["response.stock_months"].unique()) == pytest.approx([0.5, 0.5**0.5, 1, 2**0.5, 2])
    alone = design_points(StudySpec(MIXED, "one_at_a_time", 7))
    alone = alone[alone["role"] == "sample"]
    assert (alone[[factor.name for factor in MIXED]].notna().sum(axis=1) == 1).all()
    assert alone["survival.months"].dropna().tolist() == [6, 9, 12, 15, 18, 21, 24]
    assert len(alone) == 7 + 7 + 2


def test_what_a_cell_means() -> None:
    assert decode("survival.months", 12.0) == 12 and isinstance(decode("survival.months", 12.0), int)
    assert decode("cutoffs.cut.months", 3.0) == 3 and isinstance(decode("cutoffs.cut.months", 3.0), int)
    assert isinstance(decode("response.stock_months", 3.0), float)
    assert decode("region", '["AAA", "CCC"]') == ["AAA", "CCC"]
    assert decode("response.solidarity", "true") is True
    assert decode("region", None) is None and decode("survival.months", math.nan) is None
