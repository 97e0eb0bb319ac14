"""Sanctions, threat and tiers as commands and files."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import ROOT
from economy_by_hand import two_members
from openpyxl import load_workbook
from test_threat import FACTS, FAR, NAMED

import resilience
from resilience.cli import main
from resilience.economics.handed_over import QUESTIONS, draw
from resilience.economics.security_pictures import _losses
from resilience.economics.security_words import coalition, headlines, percent_of_gdp, plain
from resilience.handoff.compared import changes, in_short, read_tables
from resilience.schema import BESIDE, BESIDE_TABLES, SECURITY

DATA = ROOT / "data" / "trade_flows"
STAKES = {"sanctions": {"stake": 1.0, "yearly_cost": 0.0001}}


@pytest.fixture
def path(make: Any) -> Path:
    return two_members(make, indicators=FACTS, distances=FAR, **NAMED, **STAKES).file.path


def test_sanctions_as_a_command(path: Path, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "out" / "sanctions.json"
    assert main(["sanctions", str(path), "--target", "TTT", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    for words in ("What it costs", "Even footing", "break-even stakes", "Land AAA", "Does it pay"):
        assert words in shown
    written = json.loads(out.read_text(encoding="utf-8"))
    names = {"sanctions", "sanctions_goods", "footing", "participation", "coalitions_stable", "duration"}
    assert set(written["tables"]) == names | {"assumptions", "findings"}
    for name in names:
        for record in written["tables"][name]:
            assert list(record) == list(SECURITY[name].names)
    assert {row["parameter"] for row in written["tables"]["assumptions"]} >= {
        "substitution",
        "export_loss",
        "stake",
    }


def test_threat_as_a_command(path: Path, tmp_path: Path, capsys: Any) -> None:
    assert main(["threat", str(path), "--out", str(tmp_path / "threat")]) == 0
    assert "First in rank" in capsys.readouterr().out
    table = pd.read_csv(tmp_path / "threat" / "threat.csv")
    assert len(table) == 4 and table["geometric"].between(0, 1).all()


def test_tiers_as_a_command(path: Path, tmp_path: Path, capsys: Any) -> None:
    given = ["--set", 'partners.tiers={close = ["OOO"]}', "--set", 'partners.groupings=["ZZZ"]']
    assert main(["tiers", str(path), *given, "--out", str(tmp_path / "tiers.xlsx")]) == 0
    assert "By score" in capsys.readouterr().out
    assert load_workbook(tmp_path / "tiers.xlsx").sheetnames[:2] == ["Cover", "Tiers"]
    assert main(["tiers", str(path), *given, "--out", str(tmp_path / "tiers.png")]) == 2
    assert not (tmp_path / "tiers.png").exists()


def test_wrong_names_exit_with_2(path: Path, capsys: Any) -> None:
    assert main(["sanctions", str(path), "--target", "Atlantis"]) == 2
    assert "Atlantis" in capsys.readouterr().err
    assert main(["threat", str(path), "--set", "threat.distnce_km=3"]) == 2
    assert 'did you mean "distance_km"?' in capsys.readouterr().err


@pytest.mark.parametrize("gdp", ["0.0", "-3.0"])
def test_a_gdp_is_above_zero(path: Path, capsys: Any, gdp: str) -> None:
    file = resilience.load(path).data.path / "indicators.csv"
    text = file.read_text(encoding="utf-8")
    row = text[: text.index("gdp_usd,BBB")].count("\n") + 1
    file.write_text(text.replace("gdp_usd,BBB,2024,5000000000.0", f"gdp_usd,BBB,2024,{gdp}"), encoding="utf-8")
    assert main(["sanctions", str(path)]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert f'indicators.csv, row {row}, column value: "{float(gdp):g}" is no GDP of BBB' in said
    assert "leave the cell blank if unknown" in said


def test_a_listed_gdp_is_above_zero(path: Path) -> None:
    file = resilience.load(path).data.path / "countries.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    cells = lines[1].split(",")
    cells[lines[0].split(",").index("gdp_usd")] = "0"
    file.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]), encoding="utf-8")
    with pytest.raises(resilience.InputError) as error:
        resilience.load(path)
    assert [(f.table, f.row, f.column) for f in error.value.findings] == [("countries.csv", 2, "gdp_usd")]


@pytest.mark.parametrize("names", [3, 12])
def test_the_picture_of_losses_holds_its_title_and_says_what_is_too_thin(path: Path, names: int) -> None:
    found = resilience.sanctions(resilience.load(path))
    codes = [f"T{n:02}" for n in range(names)]
    named = found.meta["countries"] | {code: f"Republic of {code}" for code in codes}
    figure = _losses(found.sanctions, found.meta | {"target": codes, "countries": named})
    figure.canvas.draw()
    title = next(text for text in figure.texts if text.get_text().startswith("What sanctions"))
    box, axes = title.get_window_extent(), figure.axes[0]
    assert box.x1 < 0.97 * figure.bbox.x1 and box.y0 > axes.get_legend().get_window_extent().y1
    ends = [text for text in axes.texts if text.get_text().strip().startswith(("before, goods", "after, goods"))]
    assert len(ends) == 4 and all(text.get_window_extent().x1 < figure.bbox.x1 for text in ends)


@pytest.mark.parametrize("about", ["sanctions", "threat"])
def test_workbook_and_pictures_are_the_same_twice(path: Path, tmp_path: Path, about: str) -> None:
    found = getattr(resilience, about)(resilience.load(path))
    for suffix in (".xlsx", ".png", ".svg"):
        files = [tmp_path / f"{n}{suffix}" for n in (1, 2)]
        for file in files:
            found.write(file) if suffix == ".xlsx" else draw(found, file)
        assert files[0].read_bytes() == files[1].read_bytes()
        assert files[0].stat().st_size > 1000
    book = load_workbook(tmp_path / "1.xlsx")
    assert book.sheetnames[:2] == ["Cover", "Picture"]
    text = (tmp_path / "1.svg").read_text(encoding="utf-8")
    assert "Land AAA" in text and "Land BBB" in text


def test_every_table_says_which_years_are_mixed(path: Path, tmp_path: Path) -> None:
    found = resilience.threat(resilience.load(path))
    said = found.meta["mixed_years"]
    assert said.startswith("Years are mixed") and ("Note", f"{said}.") in headlines(found.tables, found.meta)
    found.write(tmp_path / "threat.xlsx")
    book = load_workbook(tmp_path / "threat.xlsx")
    for name in ("Threat", "Divergence", "Assumptions"):
        notes = [str(row[0]) for row in book[name].iter_rows(max_row=6, values_only=True)]
        assert any(note.startswith(said[:40]) for note in notes), name


def test_a_picture_has_a_known_suffix(path: Path, tmp_path: Path) -> None:
    with pytest.raises(resilience.InputError):
        draw(resilience.threat(resilience.load(path)), tmp_path / "threat.gif")


def test_all_unknown_is_still_written(make: Any, tmp_path: Path) -> None:
    found = resilience.sanctions(two_members(make, gdp={}, table=None))
    assert found.sanctions["gdp_share"].isna().all()
    found.write(tmp_path / "all.xlsx")
    draw(found, tmp_path / "all.png")
    assert dict(headlines(found.tables, found.meta))["Would they do it"].startswith("Unknown")


def test_numbers_in_words() -> None:
    assert percent_of_gdp(0.01234) == "1.23 %"
    assert percent_of_gdp(0.0) == "0 %"
    assert percent_of_gdp(float("nan")) == "–"
    assert plain(float("inf")) == "infinite"
    assert plain(12.345) == "12.3"


def test_frames_of_the_case_are_not_changed(make: Any) -> None:
    case = two_members(make, indicators=FACTS, distances=FAR, **NAMED)
    before = {name: getattr(case.data, name).copy() for name in ("indicators", "distances", "flows", "countries")}
    resilience.sanctions(case)
    resilience.threat(case)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(getattr(case.data, name), frame)


# -- the embedded tables -----------------------------------------------------------------------------------


def test_embedded_indicators_and_distances() -> None:
    facts = pd.read_csv(DATA / "indicators.csv", keep_default_na=False)
    assert not facts.duplicated(["indicator", "country", "year"]).any()
    value = facts.set_index(["indicator", "country", "year"])["value"]
    assert 1.7e13 < value["gdp_usd", "CHN", 2023] < 1.9e13
    assert value["capability", "CHN", 2022] > value["capability", "USA", 2022] > value["capability", "RUS", 2022]
    world = facts[(facts["indicator"] == "capability") & (facts["year"] == 2022)]["value"].sum()
    assert world == pytest.approx(1.0, abs=0.01)
    assert "TWN" not in set(facts["country"][facts["indicator"] == "ideal_point"])
    pairs = pd.read_csv(DATA / "distances.csv", keep_default_na=False)
    assert (pairs["country"] < pairs["other"]).all() and pairs["km"].between(1, 20100).all()
    km = pairs.set_index(["country", "other"])["km"]
    assert km["CHN", "JPN"] == pytest.approx(2100, rel=0.15) and km["DEU", "FRA"] < 1000
    countries = set(pd.read_csv(DATA / "countries.csv", keep_default_na=False)["country"])
    assert set(facts["country"]) | set(pairs["country"]) | set(pairs["other"]) <= countries


# Beside the tables of a result

GIVEN = ["--set", 'partners.tiers={close = ["OOO"]}', "--set", 'partners.groupings=["ZZZ"]']
SHEETS_BESIDE = [name.replace("_", " ").capitalize() for names in BESIDE.values() for name in names]


@pytest.fixture
def whole(path: Path, tmp_path: Path) -> resilience.Result:
    out = tmp_path / "whole.json"
    given = ["--with", "tiers,burden", "--with", "sanctions,threat", "--quiet", "--out", str(out)]
    assert main(["run", str(path), *GIVEN, *given]) == 0
    return resilience.read_result(out)


def test_one_result_holds_all_tables(whole: resilience.Result, path: Path, tmp_path: Path) -> None:
    """What `run --with` writes is what each function gives of the case, read back from JSON and from CSV."""
    case = resilience.load(path)
    result = resilience.solve(case)
    burden = resilience.burden(case, result)
    alone = {
        "burden": burden,
        "sanctions": resilience.sanctions(case, result=result, burden=burden),
        "threat": resilience.threat(case),
    }
    whole.write(tmp_path / "folder")
    again = resilience.read_result(tmp_path / "folder")
    for about, found in alone.items():
        for read in (whole, again):
            beside = read.beside(about)
            assert beside is not None
            for name in BESIDE[about]:
                assert list(beside.tables[name].columns) == list(BESIDE_TABLES[name].names)
                pd.testing.assert_frame_equal(
                    beside.tables[name].replace("", None),
                    found.tables[name].replace("", None),
                    rtol=1e-6,
                    atol=1e-9,
                )
            assert beside.meta["mixed_years"] == found.meta["mixed_years"]
    assert whole.sanctions is whole.tables["sanctions"] and whole.requirements is not None
    assert whole.meta["certificate"]["optima"] == burden.meta["certificate"]["optima"]
    parameters = set(whole.assumptions["parameter"])
    assert {"sanctions.stake", "threat.weights", "burden.region_premium", "partners.credits"} <= parameters
    assert not whole.assumptions.duplicated(["good", "parameter"]).any()
    said = set(whole.findings["message"])
    assert all(set(found.findings["message"]) <= said for found in alone.values())


def test_a_result_without_them_has_none(path: Path) -> None:
    case = resilience.load(path)
    result = resilience.solve(case, rests=False)
    assert all(result.beside(about) is None for about in BESIDE)
    with pytest.raises(AttributeError, match="has no 'sanctions'"):
        _ = result.sanctions
    other = resilience.threat(resilience.load(path, overrides=["threat.distance_km=3"]))
    with pytest.raises(resilience.InputError, match="another case"):
        result.with_tables(other)
    assert "beside" not in result.meta and "threat" not in result.tables


def test_the_workbook_of_a_result_shows_them(whole: resilience.Result, tmp_path: Path) -> None:
    files = [tmp_path / f"{n}.xlsx" for n in (1, 2)]
    for file in files:
        whole.write(file)
    assert files[0].read_bytes() == files[1].read_bytes()
    book = load_workbook(files[0])
    shown = [name for name in SHEETS_BESIDE if len(whole.tables[name.lower().replace(" ", "_")])]
    assert len(shown) > 8 and set(shown) <= set(book.sheetnames)
    contents = {row[0] for row in book["Contents"].iter_rows(values_only=True)}
    assert set(shown) <= contents
    cells = [str(cell) for row in book["Threat"].iter_rows(max_row=9, values_only=True) for cell in row if cell]
    assert any(cell.startswith("Years are mixed") for cell in cells)
    units = {cell for row in book["Sanctions"].iter_rows(max_row=9, values_only=True) for cell in row}
    assert {"USD a year", "part of GDP"} <= units


def test_the_workbook_of_a_result_answers_in_words_and_pictures(whole: resilience.Result, tmp_path: Path) -> None:
    whole.write(tmp_path / "whole.xlsx")
    book = load_workbook(tmp_path / "whole.xlsx")
    for name, question in QUESTIONS.items():
        page = book[f"{question.title} in short"]
        found = whole.beside(name)
        assert found is not None
        said = question.headlines(found.tables, found.meta)
        cells = {row[0]: row[1] for row in page.iter_rows(values_only=True) if row[0]}
        assert said and all(cells[title] == text for title, text in said)
        drawn = 0 if question.drawing is None else 1
        assert len(page._images) == drawn  # type: ignore[attr-defined]
    with zipfile.ZipFile(tmp_path / "whole.xlsx") as archive:
        drawings = [archive.read(n).decode() for n in archive.namelist() if n.startswith("xl/drawings/drawing")]
    alt = " ".join(drawings)
    for words in ("USD per million USD of GDP before", "Losses in parts of GDP", "Geometric means"):
        assert words in alt


def test_the_change_log_tells_of_them(whole: resilience.Result, path: Path, tmp_path: Path) -> None:
    """Each table is compared with the earlier one, be it a workbook or JSON; what only one has is one row."""
    for old in (tmp_path / "old.xlsx", tmp_path / "old.json"):
        whole.write(old)
        assert len(changes(read_tables(old), whole.tables)) == 0
        tables = {name: frame.copy() for name, frame in whole.tables.items()}
        tables["sanctions"].loc[0, "gdp_share"] += 2e-7
        tables["sharing"].loc[0, "note"] = "another"
        found = changes(read_tables(old), tables)
        assert found[["table", "column"]].to_numpy().tolist() == [["sharing", "note"], ["sanctions", "gdp_share"]]
        assert in_short(found, str.title) == "Sharing: 1 changed; Sanctions: 1 changed"
    tables["threat"] = tables["threat"].iloc[1:]
    tables["tiers"] = tables["tiers"].assign(gap_text="another")
    rows = len(tables["tiers"])
    counted = in_short(changes(whole.tables, tables))
    assert counted.endswith(f"threat: 1 vanished; tiers: {rows} changed")
    assert in_short(changes(whole.tables, whole.tables)) == ""
    plain_result = resilience.solve(resilience.load(path, overrides=[text for text in GIVEN if text != "--set"]))
    found = changes(plain_result.tables, whole.tables)
    assert {"burden", "sanctions", "threat", "tiers"} <= set(found["table"])
    assert (found[found["table"].isin(list(BESIDE))]["what"] == "appeared").all()
    assert not set(found["table"]) & {"sharing", "footing", "divergence"}


def test_a_column_that_an_earlier_version_lacks_is_no_change(whole: resilience.Result, tmp_path: Path) -> None:
    whole.to_json(tmp_path / "old.json")
    document = json.loads((tmp_path / "old.json").read_text(encoding="utf-8"))
    for row in document["tables"]["participation"]:
        row.pop("note")
    (tmp_path / "old.json").write_text(json.dumps(document), encoding="utf-8")
    assert len(changes(read_tables(tmp_path / "old.json"), whole.tables)) == 0


def test_a_report_of_a_case_computes_them(path: Path, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "report.html"
    given = ["--with", "burden,sanctions", "--with", "threat", "--quiet"]
    assert main(["report", str(path), "--out", str(out), *given]) == 0
    page = out.read_text(encoding="utf-8")
    assert all(f'<section id="{key}">' in page for key in ("burden", "sanctions", "threat"))
    assert 'id="tiers"' not in page
    assert main(["report", str(path), "--out", str(out), "--with", "burdens"]) == 2
    assert "'burdens' is none of burden" in capsys.readouterr().err
    resilience.solve(resilience.load(path), rests=False).to_json(tmp_path / "plain.json")
    assert main(["report", str(tmp_path / "plain.json"), "--out", str(out), "--with", "threat"]) == 2
    assert "--with: takes a case file" in capsys.readouterr().err


def test_the_report_shows_what_the_result_holds(whole: resilience.Result, tmp_path: Path) -> None:
    written = resilience.write_report(whole, tmp_path / "whole.html", pictures=tmp_path / "slides")
    page = (tmp_path / "whole.html").read_text(encoding="utf-8")
    for key in ("burden", "sanctions", "threat", "tiers"):
        assert f'<section id="{key}">' in page and f'href="#{key}"' in page
    assert "Even footing" in page and "Break-even stake" in page and "Coefficient of variation" in page
    assert {"burden.png", "sanctions.png", "threat.svg"} <= {path.name for path in written}
    plain_result = resilience.Result(whole.meta, {k: v for k, v in whole.tables.items() if k not in BESIDE_TABLES})
    resilience.write_report(plain_result, tmp_path / "plain.html")
    assert 'id="sanctions"' not in (tmp_path / "plain.html").read_text(encoding="utf-8")


def test_what_cannot_stand_beside_a_result_is_refused_before_the_work(path: Path, capsys: Any) -> None:
    assert main(["run", str(path), "--with", "burdens"]) == 2
    assert "'burdens' is none of burden, sanctions, threat, tiers" in capsys.readouterr().err


def test_headlines_name_countries_and_coalitions(path: Path) -> None:
    found = resilience.sanctions(resilience.load(path))
    text = dict(headlines(found.tables, found.meta))
    codes = [code for row in found.coalitions_stable["coalition"] for code in row.split() if code != "none"]
    assert codes and not any(re.search(rf"(?<!Land ){code}", " ".join(text.values())) for code in codes)
    assert coalition("AAA BBB", found.meta) == "Land AAA, Land BBB" and coalition("none", found.meta) == "nobody"


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda d: d["meta"].pop("beside"), "meta.beside.threat"),
        (lambda d: d["tables"].pop("footing"), "footing"),
        (lambda d: [row.pop("gdp_share") for row in d["tables"]["sanctions"]], "gdp_share"),
        (
            lambda d: [row.pop("note") for row in d["tables"]["participation"]],
            "note: the table participation lacks this column: an earlier version wrote it; write the result again "
            "with `resilience run CASE --with sanctions`",
        ),
        (
            lambda d: d["tables"]["tiers"][0].update(colour="red"),
            "colour: the table tiers has this column, which is not known here: another version wrote it",
        ),
        (lambda d: d["tables"]["burden"][0].pop("usd"), "the table burden lacks this column in some rows"),
        (lambda d: d["tables"]["threat"][0].update(member="Nobody"), "'Nobody' is no member"),
    ],
    ids=["meta", "table", "column", "older", "newer", "some rows", "member"],
)
def test_a_damaged_result_is_named_and_not_shown(
    whole: resilience.Result, tmp_path: Path, spoil: Any, named: str
) -> None:
    whole.to_json(tmp_path / "whole.json")
    document = json.loads((tmp_path / "whole.json").read_text(encoding="utf-8"))
    spoil(document)
    (tmp_path / "whole.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(resilience.InputError, match=named):
        resilience.read_result(tmp_path / "whole.json")
