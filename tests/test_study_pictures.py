"""Pictures and workbook of a parameter study: complete, the same each time, and proof against hostile names."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pandas as pd
import pytest
from study_instances import STOCK, SURGE, WITH_REGION, formula, study

from resilience.errors import InputError
from resilience.inputs.factor_words import Varied
from resilience.studies import workbook as study_workbook
from resilience.studies.pictures import (
    _spots,
    distribution_picture,
    indices_picture,
    rule_picture,
    study_pictures,
    tornado_picture,
)
from resilience.studies.tables import groups, study_tables
from resilience.studies.workbook import write_study_workbook

for name in ("matplotlib", "SALib", "sklearn"):
    pytest.importorskip(name)
HOSTILE = [
    "Long name " * 40,
    "W" * 300,
    "مغناطيس دائم",
    "$\\frac{1}{$ and 5 $",
    "<b>&amp;</b>",
    "🧲",
    "a\x00b\nc",
    "",
]


def _words(path: Path) -> str:
    """All text of an SVG picture."""
    found = [node.text or "" for node in ElementTree.parse(path).iter() if node.tag.endswith("text")]
    return " ".join(found)


def _often_none(good: str, reading: str, at: Mapping[str, Any]) -> float:
    return 2.0 if at[STOCK] < 1.5 or at[SURGE] < 0.1 else formula(good, reading, at)


@pytest.fixture(scope="module")
def sobol() -> Any:
    points, outcomes, meta = study("sobol", 16, WITH_REGION, share=_often_none, target=0.6)
    return points, outcomes, meta, study_tables(points, outcomes, meta)


@pytest.mark.parametrize(
    ("design", "points", "kinds"),
    [
        ("sobol", 8, {"tornado", "indices", "distribution"}),  # too few points for a rule
        ("morris", 6, {"tornado", "indices", "distribution", "rule"}),
        ("grid", 0, {"tornado", "heat-map", "distribution", "rule"}),
        ("one_at_a_time", 3, {"tornado", "distribution"}),
        ("latin_hypercube", 30, {"tornado", "distribution", "rule"}),
    ],
)
def test_every_picture_says_what_it_is(design: str, points: int, kinds: set[str], tmp_path: Path) -> None:
    given = study(design, points, readings=("planned", "market"))
    written = study_pictures(*given, study_tables(*given), tmp_path)
    assert {picture.path.stem.removesuffix("-magnets-planned") for picture in written} == kinds
    assert len(list(tmp_path.iterdir())) == 2 * len(kinds)
    for picture in written:
        assert picture.path.read_bytes().startswith(b"\x89PNG")
        assert len(picture.alt) > len(picture.title) and "Rare-earth magnets" in picture.title
        said = _words(picture.path.with_suffix(".svg"))
        for text in (
            "Rare-earth magnets, all members",
            "Reading: planned",
            "seed 1",
            "trade_flows",
            "data of 2023",
        ):
            assert text in said, (picture.path.stem, text)
        assert "g7-china.toml" in said and "%" in said


@pytest.mark.slow
def test_the_same_study_gives_the_same_bytes(sobol: Any, tmp_path: Path) -> None:
    for run in ("a", "b"):
        pictures = study_pictures(*sobol, tmp_path / run)
        write_study_workbook(sobol[3], sobol[2], tmp_path / run / "study.xlsx", pictures)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert len(files) == 9
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_tornado_says_none_and_both_ends(sobol: Any, tmp_path: Path) -> None:
    path = tmp_path / "t.svg"
    tornado_picture(sobol[3]["tornado"], path, sobol[2])
    said = _words(path)
    assert "0.5 months of demand → none" in said and "6 months of demand → 38 %" in said
    assert "the case: 62 %" in said and "today: 40 %" in said


def test_small_tornado_needs_only_the_ends(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {
            "factor": [STOCK, SURGE, "survival.critical_share"], "low": [0.5, 0.0, 0.7], "high": [6, 0.4, 1.0],
            "share_low": [math.nan, 0.5, math.nan], "share_high": [0.2, 0.4, math.nan],
            "status_low": ["none", "raise", "error"], "status_high": ["met", "shift", "unknown"],
        }
    )  # fmt: skip
    tornado_picture(rows, tmp_path / "t.svg")
    assert "stock (military)" in _words(tmp_path / "t.svg") and "none" in _words(tmp_path / "t.svg")
    tornado_picture(rows.iloc[2:], tmp_path / "u.png")
    with pytest.raises(InputError, match="no rows"):
        tornado_picture(rows.iloc[:0], tmp_path / "v.png")
    with pytest.raises(InputError, match=r"\.png or \.svg"):
        tornado_picture(rows, tmp_path / "v.pdf")


def test_a_factor_that_moves_nothing_says_so(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {
            "good": "magnets", "member": "ALL", "cutoff": "ALL", "reading": "planned", "factor": [STOCK, SURGE],
            "low": ["0.5", "0 %"], "base": "as written", "high": ["6", "40 %"], "share_low": [0.3, 0.5 + 3e-16],
            "share_base": 0.5, "share_high": [0.5, 0.5], "status_low": "shift", "status_base": "raise",
            "status_high": "raise", "share_today": 0.4,
        }
    )  # fmt: skip
    tornado_picture(rows, tmp_path / "t.svg", study("one_at_a_time", 2)[2])
    said = _words(tmp_path / "t.svg")
    assert "no change: 0 %, 40 %" in said and "40 % →" not in said and "6 → 50 %" in said
    tornado_picture(rows, tmp_path / "u.svg")
    assert _words(tmp_path / "u.svg").count("no change") == 1


def test_axes_and_sheets_say_what_shares_are_of(tmp_path: Path) -> None:
    for scope, said, other in (
        ("imports", "% of imports", "% of demand"),
        ("consumption", "% of demand", "imports"),
    ):
        points, outcomes, meta = study("grid", 0)
        given = points, outcomes.assign(scope=scope), meta
        tables = study_tables(*given)
        folder = tmp_path / scope
        for picture in study_pictures(*given, tables, folder):
            words = _words(picture.path.with_suffix(".svg"))
            assert other not in words, picture.path
            kind = picture.path.stem.partition("-magnets")[0]
            assert said in words or kind == "rule", picture.path
        write_study_workbook(tables, meta, folder / "study.xlsx")
        sheet = openpyxl.load_workbook(folder / "study.xlsx")["Tornado"]
        cells = [str(cell.value) for row in sheet.iter_rows() for cell in row]
        assert any(said in cell for cell in cells) and not any(other in cell for cell in cells)


def test_points_are_spread_within_the_range_only() -> None:
    random = np.random.default_rng(1)
    column = pd.Series([0.0, 6.0, 12.0] * 200)
    spots = _spots(column, Varied(STOCK, low=0.0, high=12.0), random)
    assert spots.min() >= 0 and spots.max() <= 12
    assert len(np.unique(spots)) > 590 and np.abs(spots - column).max() <= 1.2 + 1e-9


def test_no_rule_has_no_picture(tmp_path: Path) -> None:
    given = study("latin_hypercube", 20, share=lambda *_: 0.5, target=0.6)
    written = study_pictures(*given, study_tables(*given), tmp_path)
    assert {picture.path.stem.partition("-")[0] for picture in written} == {"tornado", "distribution"}


def test_the_distribution_reaches_as_far_as_the_shares(tmp_path: Path) -> None:
    points, outcomes, meta = study("latin_hypercube", 20, share=lambda *_: 0.12)
    given = points, outcomes.assign(share_today=0.14), meta
    study_pictures(*given, study_tables(*given), tmp_path)
    said = _words(tmp_path / "distribution-magnets-planned.svg")
    assert "20 %" in said and "30 %" not in said and "0 %" in said


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(sobol: Any, name: str, tmp_path: Path) -> None:
    points, outcomes, meta, tables = sobol
    meta = meta | {"labels": {"magnets": name}, "title": name, "region_name": name}
    group = next(groups(points, outcomes, meta))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tornado_picture(tables["tornado"], tmp_path / "t.png", meta)
        indices_picture(tables["indices"], tmp_path / "i.svg", meta)
        distribution_picture(group, tmp_path / "d.svg", meta)
        rule_picture(group, tmp_path / "r.svg", meta)
    for path in tmp_path.glob("*.svg"):
        ElementTree.parse(path)
    write_study_workbook(tables, meta, tmp_path / "study.xlsx")
    openpyxl.load_workbook(tmp_path / "study.xlsx")


def test_workbook_holds_the_tables(sobol: Any, tmp_path: Path) -> None:
    _, _, meta, tables = sobol
    path = tmp_path / "study.xlsx"
    pictures = study_pictures(*sobol, tmp_path)
    assert write_study_workbook(tables, meta, path, pictures) == [path]
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == [
        "Cover", "Pictures", "Tornado", "Verdicts", "Spread", "Indices", "Heat map", "Break even", "Rules", "Points",
        "Outcomes",
    ]  # fmt: skip
    for name in book.sheetnames[2:]:
        frame = tables[name.lower().replace(" ", "_")]
        table = next(iter(book[name].tables.values()))
        first, last = (int(number) for number in re.findall(r"\d+", table.ref))
        assert last - first == max(len(frame), 1), name
        above = " ".join(str(row[0].value) for row in book[name].iter_rows(max_row=first))
        assert "design, seed 1; " in above and "source: data set " in above, name
    sheet = book["Tornado"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    head = next(number for number, row in enumerate(rows) if row[0] == "Good")
    place = {heading: number for number, heading in enumerate(rows[head])}
    for row, known in zip(rows[head + 1 :], tables["tornado"].to_dict("records"), strict=True):
        shown = row[place["Share at low"]]
        assert shown == ("none" if known["status_low"] == "none" else pytest.approx(known["share_low"]))
        assert row[place["Factor"]] == known["factor"]
        assert row[place["Verdict at high"]] == known["status_high"]
    assert "none" in [row[place["Share at low"]] for row in rows[head + 1 :]]
    with zipfile.ZipFile(path) as archive:
        drawing = archive.read("xl/drawings/drawing1.xml").decode()
    assert drawing.count("descr=") == len(pictures) == 4
    assert "Widest swings" in drawing


def test_cover_counts_every_answer(sobol: Any, tmp_path: Path) -> None:
    _, outcomes, meta, tables = sobol
    lost = outcomes["point"].iloc[-1]
    tables = tables | {"outcomes": outcomes[outcomes["point"] != lost]}
    write_study_workbook(tables, meta, tmp_path / "study.xlsx")
    cover = openpyxl.load_workbook(tmp_path / "study.xlsx")["Cover"]
    said = {str(row[0].value): str(row[1].value) for row in cover.iter_rows()}
    assert "Parameter study: G7 against a Chinese cutoff" in said
    none = (tables["outcomes"]["status"] == "none").sum()
    assert f"{none} of {len(tables['outcomes'])} answers" in said["none"]
    assert said["Missing"] == "1 points have no answer yet."
    assert said["Design"] == "Sobol design, seed 1"
    assert "0.5 months of demand to 6 months of demand" in said["stock (military)"]
    assert "the case's verdict holds in" in said["Rare-earth magnets, planned"]


def test_long_tables_go_to_a_file_beside(sobol: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, outcomes, meta, tables = sobol
    monkeypatch.setattr(study_workbook, "SAMPLE", 10)
    written = write_study_workbook(tables, meta, tmp_path / "study.xlsx", most_rows=100)
    assert [path.name for path in written] == ["study.xlsx", "study-points.csv", "study-outcomes.csv"]
    assert len(pd.read_csv(written[2])) == len(outcomes)
    sheet = openpyxl.load_workbook(written[0])["Outcomes"]
    said = [str(row[0].value) for row in sheet.iter_rows()]
    assert any(f"All {len(outcomes)} rows are in study-outcomes.csv" in text for text in said)
    assert said[-1] == outcomes["point"].iloc[9]


def test_empty_study(tmp_path: Path) -> None:
    """Every point failed: no pictures, a workbook that says so."""
    points, _, meta = study("latin_hypercube", 5)
    rows = [{"point": point, "status": "error", "message": "no data"} for point in points["point"].unique()]
    outcomes = pd.DataFrame(rows).reindex(columns=list(study("latin_hypercube", 1)[1].columns))
    tables = study_tables(points, outcomes, meta)
    assert study_pictures(points, outcomes, meta, tables, tmp_path) == []
    write_study_workbook(tables, meta, tmp_path / "study.xlsx")
    cover = openpyxl.load_workbook(tmp_path / "study.xlsx")["Cover"]
    said = {str(row[0].value): str(row[1].value) for row in cover.iter_rows()}
    assert "14 of 14 answers (100 %)" in said["error"]


@pytest.mark.slow
def test_another_program_reads_the_workbook(sobol: Any, tmp_path: Path) -> None:
    pictures = study_pictures(*sobol, tmp_path)
    write_study_workbook(sobol[3], sobol[2], tmp_path / "study.xlsx", pictures)
    home = f"-env:UserInstallation=file://{tmp_path}/home"
    office = shutil.which("soffice")
    assert office, "LibreOffice (soffice) is needed for this test"
    cover = openpyxl.load_workbook(tmp_path / "study.xlsx")["Cover"]
    assert not [cell for row in cover.iter_rows() for cell in row if cell.data_type == "f"]  # of a sheet not there
    command = [office, home, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), "study.xlsx"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=300)
    assert (tmp_path / "study.pdf").stat().st_size > 50_000
