"""What docs/studies.md and the README say about studies is what the tool gives."""

from __future__ import annotations

import math
import re
import runpy
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import resilience
from resilience.errors import InputError
from resilience.schema import STUDY
from resilience.studies.designs import DESIGNS, LEVELS, StudySpec
from resilience.studies.pictures import Page
from resilience.studies.study_file import FACTOR_KEYS, STUDY_KEYS
from resilience.studies.tables import study_tables, tornado_text
from resilience.studies.workbook import cover
from resilience.words import percent

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "studies.md").read_text(encoding="utf-8")
README = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
FLAT = " ".join(PAGE.split())
MODEL = ROOT / "models" / "study-rare-earths.toml"


def blocks(language: str) -> list[str]:
    return [text.rstrip("\n") for text in re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)]


def run(command: str, folder: Path) -> str:
    """A command of the page, its folders of studies in ``folder``."""
    assert command.startswith("python -m resilience ")
    words = command.replace("studies/", f"{folder.as_posix()}/").split()[1:]
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first command of the page has run."""
    path = tmp_path_factory.mktemp("studies")
    printed = run(blocks("console")[0], path)
    assert "all 907 points are there" in printed and "How sure is it that today's share" in printed
    return path


@pytest.fixture(scope="module")
def found(folder: Path) -> resilience.Study:
    case, spec = resilience.read_study(MODEL)
    before = sorted(path.name for path in (folder / "rare-earths" / "parts").iterdir())
    study = resilience.study(case, spec, out=folder / "rare-earths", progress=lambda done, of: _all(done, of))
    assert sorted(path.name for path in (folder / "rare-earths" / "parts").iterdir()) == before
    return study


def _all(done: int, of: int) -> None:
    assert done == of, "something is computed again that the folder holds"


def tables_of(study: resilience.Study) -> dict[str, pd.DataFrame]:
    return study_tables(study.points, study.outcomes, study.meta)


def held(tables: dict[str, pd.DataFrame]) -> str:
    row = tables["spread"].iloc[0]
    return f"{percent(row['holds'])} ({percent(row['holds_low'])} to {percent(row['holds_high'])})"


def total(tables: dict[str, pd.DataFrame], factor: str) -> str:
    indices = tables["indices"]
    (row,) = indices[(indices["index"] == "ST") & (indices["factor"] == factor)].to_dict("records")
    return f"{row['value']:.2f} ({row['value_low']:.2f} to {row['value_high']:.2f})"


@pytest.mark.slow
def test_the_example_prints_what_the_page_shows(
    found: resilience.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(resilience, "study", lambda case, spec: found)
    main: Any = runpy.run_path(str(ROOT / "examples" / "study.py"))["main"]
    main(MODEL, tmp_path / "rule.png")
    *lines, last = capsys.readouterr().out.splitlines()
    assert last == f"written: {tmp_path / 'rule.png'}"
    assert "\n".join(lines) == blocks("text")[0]
    assert (tmp_path / "rule.png").stat().st_size > 20_000
    assert (ROOT / "docs" / "study_rare_earths.png").exists()


@pytest.mark.slow
def test_the_finding_of_the_readme(found: resilience.Study) -> None:
    tables = tables_of(found)
    row = tables["spread"].iloc[0]
    assert found.outcomes["status"].iloc[0] == "shift" and found.outcomes["scope"].iloc[0] == "imports"
    shares = [percent(row[name], 1) for name in ("share_base", "share_today")]
    assert f"they need {shares[0]} of imports; today's share is {shares[1]}" in README
    assert f"share of {shares[1]} of imports" in FLAT and f"they need {shares[0]}." in FLAT
    low, high = percent(row["holds_low"]).removesuffix(" %"), percent(row["holds_high"])
    said = f"in {percent(row['holds'])} of {row['points']:.0f} independent points (95 % interval {low} to {high})"
    assert said in README
    diversion, stock = (total(tables, f"response.{name}") for name in ("diversion", "stock_months.military"))
    assert f"ST {diversion}, before stocks with {stock}" in README
    assert f"{found.meta['unique_points']} points, seed {found.meta['seed']}" in README
    crossing = tables["break_even"].set_index("factor")["value"]
    assert f"below {100 * crossing['response.diversion']:.1f} % the share must rise" in README
    assert f"stocks below {crossing['response.stock_months.military']:.2f} months (the case: 2)" in README
    assert f"more than {100 * crossing['survival.critical_share.military']:.1f} % of demand" in README
    assert f"the margin is {10 - 100 * crossing['response.diversion']:.1f} points" in FLAT
    rule = tables["rules"].iloc[0]
    assert rule["conditions"] == "diversion above 11 %" and rule["density"] == 1
    assert "the verdict held wherever diversion was above 11 %" in README


@pytest.mark.slow
def test_other_numbers_of_points_and_other_chances(found: resilience.Study) -> None:
    case, spec = resilience.read_study(MODEL)
    studies = {n: resilience.study(case, replace(spec, points=n), workers=2) for n in (32, 64)} | {128: found}
    for points, study in studies.items():
        tables = tables_of(study)
        st = total(tables, "response.diversion")
        assert f"| {points} | {study.meta['unique_points']:,} | {held(tables)} | {st} |" in PAGE
        ranked = tables["indices"].query("index == 'ST'").sort_values("value", ascending=False)["factor"]
        assert [name.split(".")[1] for name in ranked[:3]] == ["diversion", "stock_months", "critical_share"]
    other = tables_of(resilience.study(case, replace(spec, seed=2), workers=2))
    rule, holds = other["rules"]["conditions"].iloc[0], percent(other["spread"]["holds"].iloc[0])
    assert f'the verdict holds in {holds} and the rule reads "{rule}" in place of 11 %' in FLAT
    even = tuple(replace(one, distribution="uniform", mode=math.nan) for one in spec.factors)
    tables = tables_of(resilience.study(case, replace(spec, factors=even), workers=2))
    assert f"the verdict holds in {held(tables)}, and diversion" in FLAT
    assert f"still first with ST {total(tables, 'response.diversion')}" in FLAT
    assert tables["indices"].query("index == 'ST'")["value"].max() == pytest.approx(
        float(total(tables, "response.diversion")[:4]), abs=0.005
    )


@pytest.mark.slow
@pytest.mark.usefixtures("found")
def test_the_other_commands_and_the_refusal(folder: Path) -> None:
    first, trial, other, curve = (line for block in blocks("console") for line in block.splitlines())
    for command in (trial, other):
        assert "points are there" in run(command, folder)
    case, spec = resilience.read_study(MODEL, points=4)
    with pytest.raises(InputError) as refused:
        resilience.study(case, spec, out=folder / "try")
    (finding,) = refused.value.findings
    shown = (
        str(finding).replace(f"{folder.as_posix()}/try", "studies/try").replace(str(folder / "try"), "studies/try")
    )
    assert f"{shown}\n1 error; nothing was computed" == blocks("text")[1]
    lines = [line.rstrip() for line in run(curve, folder).splitlines() if line.strip()]
    assert "\n".join(lines) == blocks("text")[3]
    assert first in README
    for name in ("points.parquet", "manifest.json", "parts", "tables", "study.xlsx", "pictures"):
        assert (folder / "rare-earths" / name).exists() and f"{name}" in PAGE


@pytest.mark.slow
@pytest.mark.usefixtures("found")
def test_the_python_of_the_page(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    (code,) = blocks("python")
    exec(compile(code.replace("studies/", f"{folder.as_posix()}/"), "page", "exec"), {})
    assert "diversion" in capsys.readouterr().out


@pytest.mark.slow
def test_every_way_to_write_a_factor(tmp_path: Path) -> None:
    (text,) = blocks("toml")
    path = tmp_path / "study.toml"
    path.write_text(text.replace('"g7-china.toml"', f'"{(MODEL.parent / "g7-china.toml").as_posix()}"'), "utf-8")
    case, spec = resilience.read_study(path)
    assert {factor.how for factor in spec.factors} == {"set", "times", "plus"}
    shapes = {factor.distribution for factor in spec.factors}
    assert shapes == {"uniform", "triangular", "loguniform", "normal"}
    found = resilience.study(case, spec, workers=1)
    assert not set(found.counts) & {"error", "unknown"}
    tornado = tables_of(found)["tornado"].set_index(["reading", "factor"])
    assert tornado.loc[("planned", "response.stock_months"), "base"] == "2 months of demand"  # of this good


def test_the_tables_of_the_page_name_everything() -> None:
    first, second = PAGE.split("## How to write a study")[1].split("Every design also")[0].split("| design |")
    assert set(
        re.findall(r"`([\w]+)`", "".join(line.split("|")[1] for line in first.splitlines() if "|" in line))
    ) == (set(STUDY_KEYS) - {"factors"})
    rows = [line.split("|") for line in second.splitlines() if line.startswith("| `")]
    left_out = {cells[1].strip(" `"): cells[4].strip() for cells in rows}
    assert left_out == {name: str(n) if n else f"{LEVELS} levels" for name, n in DESIGNS.items()}
    for key in set(FACTOR_KEYS) - {"set"}:
        assert f"{key} = " in PAGE, key
    named = PAGE.split("## What the tables say")[1].split("*No share")[0]
    assert set(STUDY) - {"frontier"} <= set(re.findall(r"`(\w+)`", named))


def test_a_study_file_has_its_own_title() -> None:
    case, spec = resilience.read_study(MODEL)
    assert case.file.title.startswith("How sure is it")
    assert "China, with Hong Kong and Macao" in case.file.description  # the case's, as it gives none
    assert isinstance(spec, StudySpec) and [factor.mode for factor in spec.factors] == [2.0, 0.9, 0.1, 0.05, 0.2]


def test_the_ranges_of_the_example_are_those_of_the_case() -> None:
    case, spec = resilience.read_study(MODEL)
    grounds = case.file.raw["grounds"]
    for factor in spec.factors:
        section, name, *rest = factor.name.split(".")
        ground = grounds.get(f"{name}.{rest[0]}") if name != "region_surge" and rest else grounds.get(name)
        assert ground, section
        assert (ground["low"], ground["high"]) == (factor.low, factor.high), ground


def test_times_of_a_whole_number_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    case = (MODEL.parent / "g7-china.toml").as_posix()
    path.write_text(f'case = "{case}"\n[study.factors]\n"survival.months" = {{times = [0.5, 1.4]}}\n', "utf-8")
    with pytest.raises(InputError, match="takes whole numbers, which times would not give"):
        resilience.read_study(path)
    path.write_text(f'case = "{case}"\n[study.factors]\n"survival.months" = {{times = [1, 2], whole = true}}\n')
    assert resilience.read_study(path)[1].factors[0].whole


def test_factors_that_move_nothing_to_be_seen_are_left_out() -> None:
    rows = pd.DataFrame(
        {
            "factor": ["response.spare", "response.diversion"],
            "share_low": [0.531, 0.5],
            "share_high": [0.532, 0.6],
            "status_low": "build",
            "status_high": "build",
        }
    )
    assert tornado_text(rows) == "diversion 50–60 %"
    assert tornado_text(rows.head(1)) == "nothing that was varied moves it by a point"


def test_a_percent_sign_stays_with_its_number() -> None:
    key = {"good": "rare_earth_compounds", "member": "ALL", "cutoff": "ALL", "reading": "planned"}
    meta = {
        "title": "t",
        "case": "c",
        "region_name": "r",
        "dataset": "d",
        "year": 1,
        "versions": {"resilience": "1"},
    }
    page = Page("title", key, meta | {"labels": {}, "members": {}}, 3.0)
    for width in (2.0, 2.2, 2.4, 2.6, 2.8, 3.0):
        lines = page.fit("in 99 % of the points with diversion above 8 % and more than 15 % of it", 9, width, 9)
        assert len(lines) > 1 and not any(line.startswith("%") for line in lines)


def test_the_cover_does_not_call_failed_points_none() -> None:
    case, spec = resilience.read_study(MODEL, points=1)

    def fail(points: pd.DataFrame) -> pd.DataFrame:
        rows = [
            {
                "point": point,
                "good": "rare_earth_compounds",
                "member": "ALL",
                "cutoff": "ALL",
                "reading": "planned",
            }
            | ({"share": 0.1, "status": "shift"} if number == 0 else {"status": "error", "message": "no"})
            for number, point in enumerate(points["point"])
        ]
        return pd.DataFrame(rows)

    found = resilience.study(case, spec, evaluate=fail, workers=1)
    ((_, text),) = dict(cover(tables_of(found), found.meta))["In short: all members together, under every cutoff"]
    assert "no share suffices" not in text
    assert re.search(r"\d of 2 points have no answer\.", text)
