"""The form of a case: what it holds, and that it comes back as it went out, or with each change named by cell."""

from __future__ import annotations

import datetime
import math
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from conftest import ROOT, write_case
from forms import BALANCES, fill, form_of, place, write_small
from hypothesis import given, settings
from hypothesis import strategies as st

import resilience
from resilience.cli import main
from resilience.inputs import form
from resilience.inputs.parameters import CUTOFF_KEYS, PARAMETERS
from resilience.schema import CATEGORIES, FORM

RICH = {
    "title": "Rich, ünd with a title",
    "survival": {"critical_share": {"food": 0.7, "default": 1 / 3}, "profile": [0.5, 1.5], "months": 10},
    "response": {
        "region_surge": {"delay": 1, "rate": 0.02, "max": 0.2},
        "outside_surge": {"food": {"max": -0.1, "rate": 0.1}, "default": {"rate": 0.0}},
        "new_capacity": math.inf,
        "solidarity": False,
    },
    "goods_override": {"wheat": {"spare": 0.1 + 0.2, "stock_months": 1}},
    "grounds": {"critical_share.food": "a ration book", "months": {"source": "a year", "owner": "us"}},
    "cutoffs": [
        {"name": "cut", "cut": ["BBB", "DEU"], "fraction": {"BBB": 0.6, "default": 1.0}, "start": 2, "months": 5},
        {"name": "any one", "any": 1, "goods": ["food"]},
        {"name": "siege", "all_outsiders": True, "fraction": 0.9},
    ],
}


@pytest.fixture
def case(tmp_path: Path) -> Path:
    return write_small(tmp_path, survival={"critical_share": 0.5, "months": 6}, response={"stock_months": 1})


def said(path: Path, inputs: Path | None = None) -> list[str]:
    """All findings of loading a case, as text."""
    try:
        return [str(finding) for finding in resilience.load(path, inputs=inputs).findings]
    except resilience.InputError as error:
        return [str(finding) for finding in error.findings]


def assert_same(one: resilience.Case, other: resilience.Case) -> None:
    first, second = resilience.solve(one), resilience.solve(other)
    assert first.meta == second.meta
    for name, frame in first.tables.items():
        pd.testing.assert_frame_equal(frame, second.tables[name], obj=name)


@pytest.mark.parametrize("keys", [{}, RICH], ids=["plain", "rich"])
def test_a_form_that_comes_back_as_it_went_out_changes_nothing(tmp_path: Path, keys: dict[str, object]) -> None:
    case = write_small(tmp_path, **keys)
    path = form_of(case)
    assert_same(resilience.load(case), resilience.load(case, inputs=path))
    assert_same(resilience.load(case), resilience.load(path))  # the form leads to its case by itself
    fill(path, {})  # as openpyxl saves it
    assert_same(resilience.load(case), resilience.load(path))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rich", "g7-china"])
def test_a_form_that_libreoffice_saved_changes_nothing(tmp_path: Path, name: str) -> None:
    case = write_small(tmp_path, **RICH) if name == "rich" else ROOT / "models" / "g7-china.toml"
    path = tmp_path / "inputs.xlsx"
    assert main(["template", str(case), "--out", str(path), "--quiet"]) == 0
    saved = tmp_path / "saved"
    profile = (tmp_path / "profile").as_uri()
    command = ["soffice", f"-env:UserInstallation={profile}", "--headless", "--convert-to", "xlsx"]
    done = subprocess.run(
        [*command, "--outdir", str(saved), str(path)], capture_output=True, check=False, timeout=300
    )
    assert done.returncode == 0 and (saved / "inputs.xlsx").read_bytes() != path.read_bytes()
    one, other = resilience.load(case), resilience.load(case, inputs=saved / "inputs.xlsx")
    assert repr(one.file.raw) == repr(other.file.raw)
    assert one.findings == other.findings
    assert one.data.fingerprint == other.data.fingerprint
    if name == "rich":
        assert_same(one, other)
    cutoff = one.file.cutoffs[0].name
    filled = fill(saved / "inputs.xlsx", {("Assumptions", "survival.demand_factor", "New value"): 1.25,
                                          ("Assumptions", "survival.demand_factor", "Low end"): 1.125,
                                          ("Assumptions", "survival.demand_factor", "High end"): 1.5,
                                          ("Assumptions", "survival.demand_factor", "Source"): "a test",
                                          ("Cutoffs", cutoff, "Owner"): "unit 3"})  # fmt: skip
    again = tmp_path / "again"
    subprocess.run([*command, "--outdir", str(again), str(filled)], capture_output=True, check=True, timeout=300)
    changed = resilience.load(case, inputs=again / "inputs.xlsx")
    assert changed.file.raw["survival"]["demand_factor"] == 1.25
    grounds = changed.file.raw["grounds"]
    assert grounds["demand_factor"] == {"source": "a test", "low": 1.125, "high": 1.5}
    assert grounds[f"cutoffs.{cutoff}"]["owner"] == "unit 3"


def test_the_same_form_twice_gives_the_same_bytes(case: Path) -> None:
    assert form_of(case, "one.xlsx").read_bytes() == form_of(case, "two.xlsx").read_bytes()


def test_the_form_holds_every_number_with_unit_range_and_ground(tmp_path: Path) -> None:
    case = write_small(tmp_path, **RICH)
    book = openpyxl.load_workbook(form_of(case))
    assert book.sheetnames == ["Start here", *FORM]
    sheet = book["Assumptions"]
    names = {str(row[0].value) for row in sheet.iter_rows() if row[0].value}
    for parameter in PARAMETERS.values():
        assert any(name.split(".")[:2] == [parameter.section, parameter.name] for name in names), parameter.name
    assert {
        "survival.critical_share.food",
        "survival.critical_share.default",
        "goods_override.wheat.spare",
    } <= names
    assert place(sheet, "survival.critical_share.food", "In the case").value == 0.7
    assert place(sheet, "survival.critical_share.food", "Ground in the case").value == "a ration book"
    assert place(sheet, "survival.critical_share.food", "Most").value == 1
    assert place(sheet, "response.outside_surge.food.max", "In the case").value == -0.1
    assert place(sheet, "response.outside_surge.food.max", "Least").value == -1
    assert place(sheet, "response.new_capacity", "In the case").value == "no limit"
    assert place(sheet, "survival.months", "Unit").value == "months"
    assert place(book["Cutoffs"], "cut", "Fraction").value == "BBB = 0.6; default = 1.0"
    balances = book["Balances"]
    assert place(balances, "wheat", "Country").value == "AAA"
    assert place(balances, "wheat", "Production").value == 200
    assert place(balances, "wheat", "Demand").value is None  # unknown, not zero
    for name, table in FORM.items():
        sheet = book[name]
        head = next(row for row in sheet.iter_rows() if row[0].value == table.names[0])
        assert [cell.value for cell in head] == list(table.names)
        assert all(cell.comment is not None and len(cell.comment.text) > 10 for cell in head), name
        assert sheet.protection.sheet and len(sheet.tables) == 1
        assert sheet.page_setup.orientation == "landscape" and int(sheet.page_setup.paperSize) == 9


def test_excel_checks_what_is_typed(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(form_of(write_small(tmp_path, **RICH)))

    def check(sheet: str, name: str, column: str) -> openpyxl.worksheet.datavalidation.DataValidation:
        cell = place(book[sheet], name, column)
        (found,) = [v for v in book[sheet].data_validations.dataValidation if cell.coordinate in v.sqref]
        assert found.showErrorMessage and found.error
        return found

    share = check("Assumptions", "survival.critical_share.food", "New value")
    assert (share.type, float(share.formula1), float(share.formula2)) == ("decimal", 0, 1)
    assert check("Assumptions", "survival.months", "New value").type == "whole"
    assert check("Assumptions", "response.solidarity", "New value").formula1 == '"yes,no"'
    assert '"no limit"' in check("Assumptions", "response.new_capacity", "New value").formula1
    assert check("Assumptions", "survival.months", "Confidence").formula1 == '"low,medium,high"'
    assert check("Balances", "wheat", "New status").formula1 == '"observed,estimated,assumed"'
    stock = check("Balances", "wheat", "Stock")
    assert (stock.type, stock.operator, stock.formula1) == ("decimal", "greaterThanOrEqual", "0")
    inputs = place(book["Assumptions"], "survival.months", "New value")
    assert not inputs.protection.locked and place(book["Assumptions"], "survival.months", "Name").protection.locked


def test_declarations_of_form_and_case_agree() -> None:
    assert tuple(form.CUTOFF_KINDS) == CUTOFF_KEYS
    assert FORM["Cutoffs"].names == (*form.CUTOFF_HEADINGS.values(), "Source", "Owner", "Confidence")
    kinds = {parameter.kind for parameter in PARAMETERS.values()} - {"surge"}
    kinds |= {entry.kind for entry in form.ENTRIES.values()} | set(form.CUTOFF_KINDS.values())
    assert kinds <= {"text", *form._SHOWN} and set(form._SHOWN) == set(form._READ)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", "a text"),
        ("number", 1 / 3),
        ("number", math.inf),
        ("number", -2),
        ("months", 12),
        ("flag", True),
        ("flag", False),
        ("profile", [0.5, 1.5]),
        ("names", "G7"),
        ("names", ["DEU", "FRA"]),
        ("goods", ["food"]),
        ("goods", None),
        ("credits", "G7"),
        ("credits", ["G7", "KOR"]),
        ("credits", {"G7": 1.0, "KOR": 0.5}),
        ("fractions", 0.5),
        ("fractions", {"KOR": 0.6, "default": 1.0}),
    ],
)
def test_what_is_shown_is_read_back(kind: str, value: object) -> None:
    assert form.read(kind, form.show(kind, value)) == (value, None)


# What comes back filled in.


def test_changes_are_taken_and_named_by_cell(case: Path) -> None:
    path = form_of(case)
    before = {file: file.read_bytes() for file in case.parent.rglob("*") if file.is_file()}
    fill(
        path,
        {
            ("Case", "title", "New value"): "Another title",
            ("Case", "rests", "New value"): "no",
            ("Assumptions", "survival.months", "New value"): 9,
            ("Assumptions", "survival.months", "Source"): "cabinet paper",
            ("Assumptions", "survival.months", "Owner"): "unit 3",
            ("Assumptions", "survival.months", "Confidence"): "high",
            ("Assumptions", "response.region_surge.max", "New value"): 0.3,
            ("Assumptions", "response.region_surge.max", "Source"): "a survey",
            ("Assumptions", "", "Name"): "response.spare.food",
            ("Assumptions", "response.spare.food", "New value"): 0.25,
            ("Assumptions", "response.spare.food", "Source"): "makers",
            ("Cutoffs", "cut", "Fraction"): 0.75,
            ("Cutoffs", "cut", "Source"): "a guess",
            ("Balances", "wheat", "Stock"): 80,
            ("Balances", "wheat", "New status"): "assumed",
            ("Balances", "wheat", "New source"): "warehouse list",
        },
    )
    loaded = resilience.load(case, inputs=path)
    assert (loaded.form, loaded.taken) == ("inputs.xlsx", 6)  # the case says rests = false itself
    settings = loaded.file.settings("wheat", "food")
    assert settings["months"].value == 9
    ground = settings["months"].ground
    assert (ground.source, ground.owner, ground.confidence) == ("cabinet paper", "unit 3", "high")
    assert settings["region_surge"].value.max == 0.3
    assert settings["region_surge"].ground.source == "a survey"
    assert settings["spare"].value == 0.25 and settings["spare"].set_in == "response.spare.food"
    assert loaded.file.title == "Another title"
    assert loaded.file.cutoffs[0].cut == {"BBB": 0.75}
    balances = loaded.data.balances
    row = balances[balances["country"] == "AAA"].iloc[0]
    assert (row["stock"], row["production"], row["status"]) == (80.0, 200.0, "assumed")
    assert row["source"] == "made up; stock: warehouse list"
    infos = [finding for finding in loaded.findings if finding.severity == "info"]
    for sheet, text in (
        (
            "Assumptions",
            "survival.months is 9 in place of 6; source: cabinet paper (owner unit 3, confidence high)",
        ),
        ("Case", "title is Another title in place of nothing"),
        ("Cutoffs", "cut: fraction is 0.75 in place of 1.0; source: a guess"),
        ("Balances", "stock of wheat, AAA in 2024 is 80 in place of 50; assumed: warehouse list"),
    ):
        (found,) = [finding for finding in infos if text in finding.message]
        assert found.table == sheet and found.row is not None and found.column is not None
        assert f"{found.row} of inputs.xlsx: " in found.message and found.message.startswith("cell ")
    assert loaded.data.fingerprint != resilience.load(case).data.fingerprint
    after = {file: file.read_bytes() for file in before if file != path}
    assert after == {file: content for file, content in before.items() if file != path}


def test_grounds_go_with_the_numbers_they_are_of(tmp_path: Path) -> None:
    """The form shows all of a ground; a range stays with a number that stays, owner and confidence with the source."""
    known = {"source": "a guess", "low": 0.4, "high": 0.9, "owner": "the author", "confidence": "low"}
    names = ("critical_share", "months", "diversion", "drawdown", "region_surge")
    case = write_small(
        tmp_path,
        survival={"critical_share": 0.5, "months": 6},
        response={"diversion": 0.5, "drawdown": 0.5, "region_surge": {"max": 0.5}},
        cutoffs=[
            {"name": "cut", "cut": ["BBB"], "fraction": {"BBB": 0.6}, "start": 2},
            {"name": "kept", "cut": ["BBB"], "fraction": 0.5},
            {"name": "left", "cut": ["BBB"]},
        ],
        grounds=dict.fromkeys(names, known)
        | {"cutoffs.cut": "a worry", "cutoffs.cut.fraction.BBB": known, "cutoffs.kept.fraction": known,
           "cutoffs.left": "a whim"},
    )  # fmt: skip
    path = form_of(case)
    sheet = openpyxl.load_workbook(path)["Assumptions"]
    shown = "a guess; range from 0.4 to 0.9; owner: the author; confidence low"
    ground = "Ground in the case"
    assert place(sheet, "survival.critical_share", ground).value == shown
    assert place(sheet, "response.region_surge.max", ground).value == shown
    assert (
        place(sheet, "response.region_surge.delay", ground).value == "a guess; owner: the author; confidence low"
    )

    def leave_out(book: openpyxl.Workbook) -> None:
        row = place(book["Cutoffs"], "left", "Name").row
        for column in range(1, book["Cutoffs"].max_column + 1):
            book["Cutoffs"].cell(row, column).value = None

    cells = {
        ("survival.critical_share", "New value"): 0.6,  # another number from another source
        ("survival.critical_share", "Source"): "a survey",
        ("survival.months", "Source"): "a paper",  # the same number from another source
        ("response.diversion", "Owner"): "Unit 3",  # the same number and source, another owner
    }
    filled = {("Assumptions", *where): value for where, value in cells.items()}
    filled |= {
        ("Cutoffs", "cut", "Fraction"): "BBB = 0.7",
        ("Cutoffs", "cut", "Source"): "a report",
        ("Cutoffs", "kept", "Source"): "a memo",
    }
    loaded = resilience.load(case, inputs=fill(path, filled, leave_out))
    assert loaded.file.raw["grounds"] == {
        "critical_share": "a survey",
        "months": {"source": "a paper", "low": 0.4, "high": 0.9},
        "diversion": known | {"owner": "Unit 3"},
        "drawdown": known,
        "region_surge": known,
        "cutoffs.cut": "a worry",
        "cutoffs.cut.fraction": "a report",
        "cutoffs.kept.fraction": {"source": "a memo", "low": 0.4, "high": 0.9},
    }
    texts = [str(finding) for finding in loaded.findings]
    assert any("kept stays as it is; source: a memo" in text for text in texts)
    assert not any("is of no cutoff" in text for text in texts)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({("Assumptions", "survival.critical_share", "New value"): 1234.5,
          ("Assumptions", "survival.critical_share", "Source"): "x"},
         "survival.critical_share: 1234.5 is out of range: at least 0 and at most 1; refused: write another value, "
         "or clear the cell to keep 0.5"),
        ({("Case", "members", "New value"): "AAB"},
         "refused: write another value, or clear the cell to keep AAA"),
        ({("Cutoffs", "cut", "Fraction"): 1.5, ("Cutoffs", "cut", "Source"): "x"},
         "cutoffs.cut.fraction: 1.5 is out of range: at least 0 and at most 1; refused: write another value, "
         "or enter 1.0 as before"),
        ({("Cutoffs", "cut", "Months"): 0, ("Cutoffs", "cut", "Source"): "x"},
         "refused: write another value, or clear the cell as before"),
    ],
)  # fmt: skip
def test_of_a_number_that_is_refused_it_is_not_said_that_it_is_taken(
    case: Path, cells: dict[tuple[str, str, str], object], expected: str
) -> None:
    good = {("Assumptions", "survival.months", "New value"): 9, ("Assumptions", "survival.months", "Source"): "x"}
    found = said(case, fill(form_of(case), cells | good))
    errors = [text for text in found if text.startswith("error: ")]
    assert errors and all(text.endswith(expected) for text in errors), errors
    taken = [text for text in found if "in place of" in text]
    assert len(taken) == 1 and "survival.months is 9 in place of 6" in taken[0]


def test_the_numbers_of_the_form_are_those_of_the_case_with_them(case: Path) -> None:
    """5 months of a half of 1200 / 12 = 50 a month: what is set in the form gives what the same case gives."""
    path = fill(
        form_of(case),
        {
            ("Assumptions", "survival.critical_share", "New value"): 0.8,
            ("Assumptions", "survival.critical_share", "Source"): "x",
            ("Balances", "wheat", "Stock"): 120,
            ("Balances", "wheat", "New status"): "observed",
            ("Balances", "wheat", "New source"): "y",
        },
    )
    formed = resilience.solve(resilience.load(case, inputs=path))
    file = case.parent / "data" / "balances.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("AAA,200,,50", "AAA,200,,120"), encoding="utf-8")
    plain = resilience.solve(resilience.load(case, overrides=["survival.critical_share=0.8"]))
    pd.testing.assert_frame_equal(formed.requirements, plain.requirements)
    # 0.8 · 1200 − 2 · 120 (6 months of 12) over 1200 must come from AAA (200) and CCC: (960 − 240) / 1200
    rows = formed.requirements
    row = rows[(rows["member"] == "ALL") & (rows["cutoff"] == "ALL") & (rows["reading"] == "planned")].iloc[0]
    assert row["share"] == pytest.approx(0.6)


def test_options_of_the_command_go_before_the_form(case: Path) -> None:
    path = fill(
        form_of(case),
        {("Assumptions", "survival.months", "New value"): 9, ("Assumptions", "survival.months", "Source"): "x"},
    )
    assert resilience.load(case, inputs=path, overrides=["survival.months=3"]).file.raw["survival"]["months"] == 3


def test_what_is_wrong_with_an_option_is_not_blamed_on_the_form(
    case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = fill(
        form_of(case),
        {
            ("Case", "goods", "New value"): "wheat",
            ("Assumptions", "survival.months", "New value"): 9,
            ("Assumptions", "survival.months", "Source"): "x",
        },
    )
    options = ["--set", "survival.months=0", "--inputs", str(path)]
    assert main(["check", str(case), *options]) == 2
    assert "error: --set survival.months=0: 0 is out of range" in capsys.readouterr().err
    assert main(["check", str(case), "--goods", "whaet", "--inputs", str(path)]) == 2
    assert 'error: --goods: "whaet" is neither' in capsys.readouterr().err


def test_cutoffs_are_added_and_left_out(case: Path) -> None:
    def spoil(book: openpyxl.Workbook) -> None:
        sheet = book["Cutoffs"]
        row = place(sheet, "cut", "Name").row
        for column in range(1, sheet.max_column + 1):
            sheet.cell(row, column).value = None
        for column, value in (("Name", "siege"), ("All outsiders", "yes"), ("Start", 2), ("Source", "a worry")):
            place(sheet, "" if column == "Name" else "siege", column).value = value

    path = fill(form_of(case), {}, spoil)
    loaded = resilience.load(path)
    assert [cutoff.name for cutoff in loaded.file.cutoffs] == ["siege"]
    assert loaded.file.cutoffs[0].all_outsiders and loaded.file.cutoffs[0].start == 2
    texts = [str(finding) for finding in loaded.findings]
    assert any("warning: Cutoffs" in text and '"cut" of the case is not in the sheet' in text for text in texts)
    assert any('"siege" is a new cutoff' in text for text in texts)


def test_a_figure_that_is_cleared_is_unknown(case: Path) -> None:
    path = fill(form_of(case), {("Balances", "wheat", "Stock"): None})
    loaded = resilience.load(path)
    assert math.isnan(loaded.data.balances["stock"].iloc[0])
    assert any("stock of wheat, AAA in 2024 is unknown in place of 50" in f.message for f in loaded.findings)
    assert resilience.load(case).data.balances["stock"].iloc[0] == 50


def test_a_balance_may_be_added(case: Path) -> None:
    cells = {
        "Good": "wheat",
        "Country": "DEU",
        "Year": 2024,
        "Production": 7,
        "New status": "assumed",
        "New source": "z",
    }

    def spoil(book: openpyxl.Workbook) -> None:
        sheet = book["Balances"]
        row = place(sheet, "", "Good").row
        heads = {cell.value: cell.column for cell in next(r for r in sheet.iter_rows() if r[0].value == "Good")}
        for column, value in cells.items():
            sheet.cell(row, heads[column]).value = value

    loaded = resilience.load(fill(form_of(case), {}, spoil))
    assert len(loaded.data.balances) == len(BALANCES) + 1
    last = loaded.data.balances.iloc[-1]
    assert (last["country"], last["production"], last["status"], last["source"]) == ("DEU", 7.0, "assumed", "z")


MONTHS = ("Assumptions", "survival.months", "New value")
STOCK = ("Balances", "wheat", "Stock")
GIVEN = {
    ("Assumptions", "survival.months", "Source"): "x",
    ("Balances", "wheat", "New status"): "observed",
    ("Balances", "wheat", "New source"): "x",
}


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({MONTHS: 0}, ["error: Assumptions, row ", "column New value: cell I", "0 is out of range"]),
        ({MONTHS: 2.5}, ["2.5 is not a whole number"]),
        ({MONTHS: "1,234"}, ['"1,234" can mean 1234 or 1.234']),
        ({MONTHS: "a year"}, ['"a year" is not a number']),
        ({MONTHS: True}, ["holds TRUE"]),
        ({MONTHS: "=1/0"}, ["the formula =1/0 without a stored value", "save it"]),
        ({MONTHS: "12 "}, ["info: Assumptions", 'the text "12 " is taken as the number 12']),
        ({("Assumptions", "survival.critical_share", "New value"): "80%",
          ("Assumptions", "survival.critical_share", "Source"): "x"},
         ["survival.critical_share is 0.8 in place of 0.5"]),
        ({MONTHS: 9, ("Assumptions", "survival.months", "Source"): None},
         ["error: Assumptions", "column Source", "say where survival.months = 9 comes from"]),
        ({("Assumptions", "survival.months", "Confidence"): "sure"}, ["column Confidence", '"sure" is not a confidence']),
        ({("Assumptions", "", "Name"): "survival.monhts"}, ['did you mean "survival.months"?']),
        ({("Assumptions", "", "Source"): "x"}, ["the row has no name"]),
        ({("Assumptions", "", "Name"): "survival.months"}, ["stands already in row"]),
        ({("Assumptions", "", "Name"): "goods_override.wheet.spare",
          ("Assumptions", "goods_override.wheet.spare", "New value"): 1,
          ("Assumptions", "goods_override.wheet.spare", "Source"): "x"},
         ["error: Assumptions, row", "cell I", 'goods_override.wheet: unknown good or category; did you mean "wheat"?']),
        ({("Case", "members", "New value"): "AAB"}, ["error: Case, row", "cell D", '"AAB" is neither a country']),
        ({("Case", "members", "New value"): "AAA; BBB"}, ["member BBB is not in the region"]),
        ({("Case", "year", "New value"): "soon"}, ["error: Case", '"soon" is not a number']),
        ({("Case", "dataset", "New value"): "other"}, ["the dataset cannot be changed in the form"]),
        ({("Case", "title", "Name"): "titel"}, ['there is no entry "titel"; did you mean "title"?']),
        ({("Cutoffs", "cut", "Cut"): "Germany", ("Cutoffs", "cut", "Source"): "x"},
         ["error: Cutoffs, row", "column Cut", '"Germany" is neither a country']),
        ({("Cutoffs", "cut", "Fraction"): 1.5, ("Cutoffs", "cut", "Source"): "x"}, ["column Fraction", "out of range"]),
        ({("Cutoffs", "cut", "Fraction"): "BBB", ("Cutoffs", "cut", "Source"): "x"}, ['"BBB" is not a number']),
        ({("Cutoffs", "cut", "Fraction"): 0.5}, ["column Source", '"cut" is changed; say where that comes from']),
        ({("Cutoffs", "cut", "Name"): None}, ["column Name: cell A", "the row has no name"]),
        ({("Cutoffs", "cut", "Name"): None, ("Cutoffs", "", "Cut"): None, ("Cutoffs", "", "Fraction"): None,
          ("Cutoffs", "", "Start"): None, ("Cutoffs", "", "All outsiders"): None}, ["no cutoff is left"]),
        ({STOCK: -1}, ["error: Balances, row", "column Stock: cell H", '"-1.0" is negative']),
        ({STOCK: "#N/A"}, ["holds the error #N/A", "mend the formula"]),
        ({STOCK: "1.234"}, ['"1.234" can mean 1234 or 1.234']),
        ({STOCK: "1 234,5"}, ['info: Balances', 'the text "1 234,5" is taken as the number 1234.5']),
        ({STOCK: "50%"}, ['"50%" is a percentage']),
        ({STOCK: "80 t"}, ['"80 t" is not a number; enter the figure alone']),
        ({STOCK: 80, ("Balances", "wheat", "New source"): None}, ["column New source", "give the source of the new figure"]),
        ({STOCK: 80, ("Balances", "wheat", "New status"): None}, ["column New status", "observed, estimated, assumed"]),
        ({STOCK: 80, ("Balances", "wheat", "New status"): "obsrved"}, ['did you mean "observed"?']),
        ({("Balances", "wheat", "New source"): "x"}, ["warning: Balances", "no figure of wheat, AAA differs"]),
        ({STOCK: 80, ("Balances", "wheat", "Year"): 2023}, ["column Year", "figures of 2024 are used"]),
        ({("Balances", "wheat", "Country"): "aaa"}, ["column Country", '"aaa" is not in countries.csv; write "AAA"']),
    ],
)  # fmt: skip
def test_a_cell_that_does_not_fit_is_named(
    case: Path, cells: dict[tuple[str, str, str], object], expected: list[str]
) -> None:
    path = fill(form_of(case), GIVEN | cells)
    found = said(path)
    assert any(all(text in line for text in expected) for line in found), found


def test_a_date_is_refused_in_either_date_system(case: Path) -> None:
    for epoch in (openpyxl.utils.datetime.WINDOWS_EPOCH, openpyxl.utils.datetime.MAC_EPOCH):
        path = form_of(case)

        def spoil(book: openpyxl.Workbook, epoch: datetime.datetime = epoch) -> None:
            book.epoch = epoch
            place(book["Balances"], "wheat", "Stock").value = datetime.datetime(2024, 3, 1)

        fill(path, GIVEN, spoil)
        found = said(path)
        assert any("column Stock" in line and "holds the date 2024-03-01" in line for line in found), found
        assert any("set the format of the cell to Number" in line.replace("Set", "set") for line in found)


def test_all_findings_come_at_once(case: Path) -> None:
    fill(form_of(case), GIVEN | {MONTHS: 0, STOCK: -1, ("Case", "year", "New value"): "soon"})
    found = [line for line in said(case.parent / "inputs.xlsx") if line.startswith("error")]
    assert len(found) == 3, found


# Units, and figures far from what stood there.


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({STOCK: 80, ("Balances", "wheat", "Unit"): "kt"},
         'column Unit: cell E5 of inputs.xlsx: "kt" is not the unit of wheat, which is taken in t: convert the figure, '
         "put the unit back"),
        ({("Balances", "wheat", "Unit"): "kg"}, '"kg" is not the unit of wheat, which is taken in t'),  # nothing else
        ({MONTHS: 9, ("Assumptions", "survival.months", "Unit"): "weeks"},
         '"weeks" is not the unit of survival.months, which is taken in months: convert the figure'),
        ({("Assumptions", "survival.months", "Low end"): 3, ("Assumptions", "survival.months", "Unit"): "weeks"},
         '"weeks" is not the unit of survival.months'),
        ({("Assumptions", "", "Name"): "response.stock_months.food",
          ("Assumptions", "response.stock_months.food", "Unit"): "days",
          ("Assumptions", "response.stock_months.food", "New value"): 60,
          ("Assumptions", "response.stock_months.food", "Source"): "x"},
         '"days" is not the unit of response.stock_months.food, which is taken in months of demand'),
    ],
)  # fmt: skip
def test_a_number_in_another_unit_is_refused(
    case: Path, cells: dict[tuple[str, str, str], object], expected: str
) -> None:
    found = said(case, fill(form_of(case), GIVEN | cells))
    (error,) = [text for text in found if text.startswith("error: ")]
    assert expected in error
    assert not [text for text in found if "in place of" in text]


@pytest.mark.parametrize("unit", [None, " T ", "t\u00a0"])
def test_a_unit_may_be_blank_or_written_otherwise(case: Path, unit: str | None) -> None:
    month = "months" if unit is None else " Months"
    cells = {STOCK: 80, MONTHS: 9, ("Balances", "wheat", "Unit"): unit}
    loaded = resilience.load(
        case, inputs=fill(form_of(case), GIVEN | cells | {("Assumptions", "survival.months", "Unit"): month})
    )
    assert loaded.taken == 2 and loaded.data.balances["stock"].iloc[0] == 80
    assert {finding.severity for finding in loaded.findings} == {"info"}


@pytest.mark.parametrize(
    ("stock", "doubt"),
    [
        (49_900, "49900 is 998 times what stands in the data, 50: is it in t?"),
        (5_000, "5000 is 100 times what stands in the data, 50: is it in t?"),
        (4_999, None),
        (0.51, None),
        (0.5, "0.5 is 1/100 of what stands in the data, 50: is it in t?"),
        (0.05, "0.05 is 1/1,000 of what stands in the data, 50: is it in t?"),
        (0, None),
    ],
)
def test_a_figure_far_from_what_stood_there_is_asked_about(case: Path, stock: float, doubt: str | None) -> None:
    loaded = resilience.load(case, inputs=fill(form_of(case), GIVEN | {STOCK: stock}))
    assert loaded.data.balances["stock"].iloc[0] == stock  # a question, no refusal
    asked = [finding for finding in loaded.findings if finding.severity == "warning"]
    assert [finding.message for finding in asked] == (
        [] if doubt is None else [f"cell H5 of inputs.xlsx: {doubt}"]
    )


@pytest.mark.parametrize(
    ("name", "value", "doubt"),
    [
        ("survival.critical_share", 0.004, "0.004 is 1/125 of what stands in the case, 0.5: is it in share?"),
        ("survival.critical_share", 0.006, None),
        ("response.stock_months", 100, "100 is 100 times what stands in the case, 1: is it in months of demand?"),
        ("response.new_capacity", 2, None),  # no limit stood there
        ("response.spare", 2, None),  # 0 stood there
        ("response.stock_months.food", 120, "120 is 120 times what stands in the case, 1: is it in months of demand?"),
    ],
)  # fmt: skip
def test_a_number_far_from_what_stood_there_is_asked_about(
    case: Path, name: str, value: float, doubt: str | None
) -> None:
    cells: dict[tuple[str, str, str], object] = {}
    if name.endswith(".food"):
        cells["Assumptions", "", "Name"] = name
    cells |= {("Assumptions", name, "New value"): value, ("Assumptions", name, "Source"): "x"}
    loaded = resilience.load(case, inputs=fill(form_of(case), cells))
    assert loaded.taken == 1
    asked = [f for f in loaded.findings if f.severity == "warning" and "what stands in" in f.message]
    assert [finding.message.partition(": ")[2] for finding in asked] == ([] if doubt is None else [doubt])


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [  # wheat is a food
        ("response.stock_months.wheat", 5, "is 5 in place of 1.5, which holds for food goods"),
        ("goods_override.wheat.stock_months", 5, "is 5 in place of 1.5, which holds for food goods"),
        ("goods_override.energy.stock_months", 5, "is 5 in place of 3, which holds for all other goods"),
        ("response.spare.wheat", 0.2, "is 0.2 in place of 0.1, which holds for all goods"),
        ("response.drawdown.food", 0.2, "is 0.2 in place of 1, which the tool takes by itself"),
        ("response.drawdown.default", 0.2, "is 0.2 in place of 1, which the tool takes by itself"),
        ("response.new_capacity.wheat", 2, "is 2 in place of no limit, which the tool takes by itself"),
        ("response.region_surge.wheat.max", 0.4, "is 0.4 in place of 0.3, which holds for all other goods"),
        ("response.diversion.wheat", 0.4, "is 0.4, but goods_override.food.diversion = 0.7 goes before it"),
    ],
)
def test_a_number_of_one_good_goes_in_place_of_what_held_for_it(
    tmp_path: Path, name: str, value: float, expected: str
) -> None:
    case = write_small(
        tmp_path,
        response={
            "stock_months": {"food": 1.5, "default": 3},
            "spare": 0.1,
            "region_surge": {"default": {"delay": 1, "rate": 0.02, "max": 0.3}},
        },
        goods_override={"food": {"diversion": 0.7}},
    )
    cells = {
        ("Assumptions", "", "Name"): name,
        ("Assumptions", name, "New value"): value,
        ("Assumptions", name, "Source"): "makers",
    }
    loaded = resilience.load(case, inputs=fill(form_of(case), cells))
    (found,) = [finding for finding in loaded.findings if name in finding.message]
    assert found.message.endswith(f"{name} {expected}; source: makers")
    assert (found.severity, found.table, found.column, loaded.taken) == ("info", "Assumptions", "New value", 1)


def test_a_date_of_excel_is_a_date_without_a_time(case: Path) -> None:
    where = ("Case", "document.date", "New value")
    for value, text in (
        (datetime.datetime(2026, 12, 1), "2026-12-01"),
        (datetime.datetime(2026, 12, 1, 9, 30), "2026-12-01T09:30:00"),
    ):
        loaded = resilience.load(case, inputs=fill(form_of(case), {where: value}))
        assert loaded.file.document["date"] == text
        assert any(f.message.endswith(f"document.date is {text} in place of nothing") for f in loaded.findings)


# Rows and columns that are no longer there.


def without(sheet: str, *names: str) -> Callable[[openpyxl.Workbook], None]:
    """Deletes rows by what stands in their first cells, such as "survival.months" or "wheat, DEU"."""

    def spoil(book: openpyxl.Workbook) -> None:
        page = book[sheet]
        page.tables.clear()
        wide = 3 if sheet == "Balances" else 1
        for row in range(page.max_row, 0, -1):
            cells = [str(page.cell(row, column).value) for column in range(1, wide + 1)]
            if ", ".join(cells[::2]) in names:
                page.delete_rows(row)

    return spoil


def test_rows_of_balances_that_were_deleted_are_named(tmp_path: Path) -> None:
    """Of 3 goods and 7 members 21 rows go out; what stands in the case stays where they do not come back."""
    case = ROOT / "models" / "g7-china.toml"
    path = tmp_path / "inputs.xlsx"
    command = ["template", str(case), "--out", str(path), "--quiet", "--goods", "wheat,maize,rice"]
    members = ("CAN", "DEU", "FRA", "GBR", "ITA", "JPN", "USA")
    before = resilience.load(case)

    def remarks() -> list[str]:
        loaded = resilience.load(case, inputs=path)
        assert loaded.data.fingerprint == before.data.fingerprint and loaded.taken == 0
        return [str(finding) for finding in loaded.findings if finding not in before.findings]

    assert main(command) == 0
    assert remarks() == []  # though the case has more goods
    fill(path, {}, without("Balances", "wheat, DEU", "rice, USA"))
    stays = "what the data set says of that stays"
    assert remarks() == [f"info: Balances, row 4: inputs.xlsx: no row for wheat, DEU; rice, USA: {stays}"]
    fill(path, {}, without("Balances", *(f"maize, {member}" for member in members)))
    (found,) = remarks()  # a good of which no row is left
    named = "wheat, DEU; maize, CAN; maize, DEU; maize, FRA; maize, GBR"
    assert found.endswith(f"no row for {named} and 4 more: {stays}")


@pytest.mark.parametrize("sheet", ["Assumptions", "Case"])
def test_rows_of_numbers_that_were_deleted_are_named(case: Path, sheet: str) -> None:
    names = ("survival.months", "response.region_surge.rate") if sheet == "Assumptions" else ("year", "title")
    path = fill(form_of(case), {}, without(sheet, *names))
    (found,) = [text for text in said(case, path) if text not in said(case)]
    shown = "; ".join(names if sheet == "Assumptions" else ("title", "year"))
    assert found.startswith(f"info: {sheet}, row ")
    assert found.endswith(f"inputs.xlsx: no row for {shown}: what the case says of that stays")
    assert resilience.load(case, inputs=path).file.raw == resilience.load(case).file.raw


@pytest.mark.parametrize("name", ["korea", "g7-china"])
def test_an_untouched_form_leaves_the_findings_of_a_case_as_they_are(tmp_path: Path, name: str) -> None:
    """The warning that Korea's cutoff hits a member stays one of the case file, as nothing was filled in."""
    case = ROOT / "models" / f"{name}.toml"
    path = tmp_path / "inputs.xlsx"
    assert main(["template", str(case), "--out", str(path), "--quiet"]) == 0
    before = said(case)
    assert said(case, path) == before
    assert any("is a member and is hit" in text for text in before) == (name == "korea")


def test_what_the_form_has_rows_for_cannot_be_changed(case: Path) -> None:
    sheet = openpyxl.load_workbook(form_of(case))["Case"]
    for name in ("case", "dataset", "balances.goods", "balances.members"):
        assert place(sheet, name, "New value").protection.locked
    assert (
        place(sheet, "balances.goods", "In the case").value,
        place(sheet, "title", "New value").protection.locked,
    ) == ("wheat", False)
    found = said(fill(form_of(case), {("Case", "balances.goods", "New value"): "maize"}))
    assert any("balances.goods cannot be changed in the form; write another form" in text for text in found), found


@pytest.mark.parametrize("sheet", ["Assumptions", "Balances"])
def test_without_its_column_units_are_those_of_the_form(case: Path, sheet: str) -> None:
    def spoil(book: openpyxl.Workbook) -> None:
        book[sheet].tables.clear()
        merged = list(book[sheet].merged_cells.ranges)
        for area in merged:
            book[sheet].unmerge_cells(str(area))
        head = next(row for row in book[sheet].iter_rows() if row[0].value in ("Name", "Good"))
        book[sheet].delete_cols(next(cell.column for cell in head if cell.value == "Unit"))

    path = fill(form_of(case), GIVEN | {STOCK: 80, MONTHS: 9}, spoil)
    loaded = resilience.load(case, inputs=path)
    assert loaded.taken == 2
    told = [str(finding) for finding in loaded.findings if "Unit" in finding.message]
    assert len(told) == 1 and told[0].startswith(f"info: {sheet}, row ")
    assert told[0].endswith('the column "Unit" is not there; numbers are taken in the units of the form')


def spoiled(sheet: str, how: str) -> object:
    def spoil(book: openpyxl.Workbook) -> None:
        page = book[sheet]
        head = next(row for row in page.iter_rows() if row[0].value in ("Name", "Good"))
        top = head[0].row
        page.protection.sheet = False
        for table in list(page.tables):
            del page.tables[table]
        if how == "renamed":
            next(cell for cell in head if cell.value == "New value").value = "Neu value"
        elif how == "merged head":
            page.merge_cells(start_row=top, end_row=top, start_column=9, end_column=10)
        elif how == "merged cells":
            page.merge_cells(start_row=top + 1, end_row=top + 3, start_column=9, end_column=9)
        elif how == "hidden rows":
            page.row_dimensions[top + 1].hidden = True
        elif how == "hidden sheet":
            page.sheet_state = "hidden"
        elif how == "empty rows":
            page.insert_rows(top + 2, 3)
        elif how == "no heading":
            page.cell(top + 1, 20).value = "a remark"
        elif how == "gone":
            book.remove(page)
        elif how == "extra":
            book.create_sheet("Assumption").append(["remarks"])
        elif how == "twice":
            page.cell(top, 20).value = "New value"
        elif how == "no head":
            page.delete_rows(top)

    return spoil


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("renamed", ["error: Assumptions", 'the column "New value" is missing']),
        ("renamed", ['unknown column "Neu value", left out; did you mean "New value"?']),
        ("merged head", ["error: Assumptions", "are merged", "take the merge off"]),
        ("merged cells", ["error: Assumptions", "are merged", "fill each cell"]),
        ("hidden rows", ["info: Assumptions", "hidden; what stands there was read"]),
        ("hidden sheet", ["info: Assumptions", "the sheet is hidden; it was read"]),
        ("no heading", ["warning: Assumptions", "column T holds cells but no heading"]),
        ("gone", ["error: Assumptions", "the sheet is missing", "put the sheet back as the form had it"]),
        (
            "extra",
            ["warning: Assumption:", 'this sheet is not of the form, left out; did you mean "Assumptions"?'],
        ),
        ("twice", ['the column "New value" stands there twice']),
        ("no head", ["error: Assumptions", "no row with the headings Name"]),
    ],
)
def test_a_sheet_of_another_shape_is_answered_well(case: Path, how: str, expected: list[str]) -> None:
    path = fill(form_of(case), {}, spoiled("Assumptions", how))
    found = said(path)
    assert any(all(text in line for text in expected) for line in found), found


@pytest.mark.parametrize("sheet", list(FORM))
@pytest.mark.parametrize(
    ("named", "remedy"),
    [
        ("{}1", '"{0}1" looks like it: name it {0}'),
        ("Xyz", 'if it is "Xyz", name it {0}; else put the sheet back'),
    ],
)
def test_a_sheet_that_was_renamed_is_an_error_and_nothing_is_computed(
    case: Path, capsys: pytest.CaptureFixture[str], sheet: str, named: str, remedy: str
) -> None:
    def rename(book: openpyxl.Workbook) -> None:
        book[sheet].title = named.format(sheet)

    path = fill(form_of(case), GIVEN, rename)
    out = case.parent / "r.json"
    assert main(["run", str(case), "--inputs", str(path), "--out", str(out)]) == 2
    printed = capsys.readouterr().err
    expected = f"error: {sheet}: inputs.xlsx: the sheet is missing, so what it says cannot be taken; "
    assert expected + remedy.format(sheet) in printed
    assert not out.exists()


def test_a_sheet_more_is_a_remark(case: Path) -> None:
    path = fill(form_of(case), {}, lambda book: book.create_sheet("Xyz"))
    (found,) = said(case, path)
    assert found == "info: Xyz: inputs.xlsx: this sheet is not of the form, left out"


def test_columns_in_another_order_and_blank_rows_do_no_harm(case: Path) -> None:
    path = fill(form_of(case), {}, spoiled("Assumptions", "empty rows"))

    def reorder(book: openpyxl.Workbook) -> None:
        page = book["Balances"]
        page.protection.sheet = False
        for row in page.iter_rows(min_row=4):
            values = [cell.value for cell in row]
            for cell, value in zip(row, reversed(values), strict=True):
                cell.value = value

    book = openpyxl.load_workbook(path)
    reorder(book)
    book["Balances"].tables.clear()
    book.save(path)
    assert_same(resilience.load(case), resilience.load(case, inputs=path))


def test_formulas_give_their_stored_values_and_say_so(case: Path) -> None:
    from forms import with_parts

    path = fill(form_of(case), GIVEN | {STOCK: 123456})

    def formula(content: bytes) -> bytes:
        assert content.count(b"<v>123456</v>") == 1
        return content.replace(b"<v>123456</v>", b"<f>60+20</f><v>80</v>")

    with_parts(path, {"xl/worksheets/sheet5.xml": formula})
    loaded = resilience.load(path)
    assert loaded.data.balances["stock"].iloc[0] == 80
    assert any(
        "worked out by formulas; stored values were taken" in finding.message for finding in loaded.findings
    )

    def outside(content: bytes) -> bytes:
        return content.replace(b"<f>60+20</f>", b"<f>cmd|'/c calc'!A0</f>")

    with_parts(path, {"xl/worksheets/sheet5.xml": outside})
    found = [str(finding) for finding in resilience.load(path).findings]
    assert any("warning: Balances" in line and "leads out of the workbook" in line for line in found), found


def test_a_form_of_an_older_case_says_where_the_case_has_changed(case: Path) -> None:
    path = form_of(case)
    case.write_text(case.read_text(encoding="utf-8").replace('"months" = 6', '"months" = 7'), encoding="utf-8")
    found = said(path)
    assert any("the form was made when the case said 6, now it says 7" in line for line in found), found
    assert resilience.load(path).file.raw["survival"]["months"] == 7


def test_a_workbook_that_is_no_form(case: Path) -> None:
    from forms import as_workbook

    other = case.parent / "other.xlsx"
    openpyxl.Workbook().save(other)
    assert any(
        "this is no form, it lacks the sheet Case; resilience template" in line for line in said(case, other)
    )
    as_workbook(case.parent / "data", other)
    assert any(
        'this is a data set; name it in a case file: dataset = "other.xlsx"' in line for line in said(other)
    )


@pytest.mark.parametrize(
    "name", ["nowhere.toml", "/etc/passwd", "//host/share/case.toml", "C:\\case.toml", "case.xlsx"]
)
def test_a_form_leads_to_no_other_file_than_a_case_beside_it(case: Path, tmp_path: Path, name: str) -> None:
    path = fill(form_of(case), {("Case", "case", "In the case"): name})
    shutil.move(path, tmp_path / "far.xlsx")
    case.rename(tmp_path / "moved.toml")
    assert any("resilience run CASE --inputs far.xlsx" in line for line in said(tmp_path / "far.xlsx"))
    assert not [line for line in said(tmp_path / "moved.toml", tmp_path / "far.xlsx") if line.startswith("error")]


def test_the_commands_take_a_form(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = fill(
        form_of(case),
        {("Assumptions", "survival.months", "New value"): 9, ("Assumptions", "survival.months", "Source"): "x"},
    )
    out = case.parent / "r.json"
    assert main(["run", str(path), "--out", str(out), "--quiet"]) == 0
    assert "survival.months is 9 in place of 6" in out.read_text(encoding="utf-8")
    assert main(["check", str(case), "--inputs", str(path)]) == 0
    assert "survival.months is 9 in place of 6" in capsys.readouterr().out
    capsys.readouterr()
    assert main(["run", str(case), "--inputs", str(path)]) == 0
    printed = capsys.readouterr().out
    assert "1 change taken from inputs.xlsx; the table findings names each with its cell" in printed
    assert main(["run", str(case), "--inputs", str(form_of(case, "untouched.xlsx"))]) == 0
    assert "untouched.xlsx says nothing else than the case and its data" in capsys.readouterr().out
    assert main(["run", str(case)]) == 0
    assert "taken from" not in capsys.readouterr().out
    fill(path, {("Assumptions", "survival.months", "New value"): "many"})
    assert main(["run", str(path), "--quiet"]) == 2
    assert '"many" is not a number' in capsys.readouterr().err
    assert main(["template", str(case), "--out", str(case.parent / "x.ods")]) == 2
    assert "name a file that ends in .xlsx" in capsys.readouterr().err


def test_a_form_may_hold_some_goods_and_members_only(tmp_path: Path) -> None:
    case = ROOT / "models" / "g7-china.toml"
    path = tmp_path / "inputs.xlsx"
    options = ["--members", "DEU", "--goods", "magnets,food"]
    assert main(["template", str(case), "--out", str(path), "--quiet", *options]) == 0
    sheet = openpyxl.load_workbook(path)["Balances"]
    rows = [(row[0].value, row[2].value) for row in sheet.iter_rows(min_row=5) if row[0].value]
    assert {country for _, country in rows} == {"DEU"}
    assert {good for good, _ in rows} == {"magnets", "wheat", "maize", "rice", "soybeans", "phosphate_rock"}
    assert main(["template", str(case), "--out", str(path), "--quiet", "--goods", "wheet"]) == 2
    assert main(["template", str(case), "--out", str(path), "--quiet", "--members", "CHN"]) == 2


def test_a_study_takes_a_form(case: Path) -> None:
    write_case(
        case,
        members=["AAA"],
        region="G7",
        survival={"critical_share": 0.5, "months": 6},
        cutoffs=[{"name": "cut", "cut": ["BBB"]}],
        study={"design": "one_at_a_time", "points": 2, "factors": {"survival.critical_share": [0.4, 0.9]}},
    )
    path = fill(form_of(case), GIVEN | {STOCK: 80})
    store = case.parent / "store"
    assert main(["study", str(case), "--inputs", str(path), "--out", str(store), "--quiet"]) == 0
    assert main(["study", str(case), "--out", str(store), "--quiet"]) != 0  # other data: not the same study
    assert CATEGORIES


HOSTILE = st.one_of(
    st.text(min_size=1, max_size=40),
    st.sampled_from(
        [
            "=1+1",
            "+1",
            "-x",
            "@x",
            "x" * 40_000,
            "a\x01b",
            "\u202eabc",
            "😀",
            "_x0041_",
            " a  b ",
            "a\nb",
            "#N/A",
            "12%",
        ]
    ),
)


@settings(max_examples=10)
@given(title=HOSTILE, name=HOSTILE, ground=HOSTILE, source=HOSTILE)
def test_hostile_text_goes_out_and_comes_back(
    tmp_path_factory: pytest.TempPathFactory, title: str, name: str, ground: str, source: str
) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    texts = [text.encode("utf-8", "ignore").decode().replace("\x7f", "") for text in (title, name, ground, source)]
    title, name, ground, source = texts
    cutoffs = [{"name": name if name not in ("", "ALL") else "cut", "cut": ["BBB"]}, {"name": "other", "any": 1}]
    case = write_small(
        folder, title=title, cutoffs=cutoffs[: 1 if name == "other" else 2], grounds={"spare": ground}
    )
    file = folder / "data" / "balances.csv"
    source = re.sub("[\x00\r\n]", "", source) or "x"  # what a CSV file cannot hold
    cell = '"' + source.replace('"', '""') + '"'
    file.write_text(file.read_text(encoding="utf-8").replace("made up", cell, 1), encoding="utf-8", newline="")
    plain, formed = resilience.load(case), resilience.load(case, inputs=form_of(case))
    assert plain.file.raw == formed.file.raw and plain.data.fingerprint == formed.data.fingerprint
    assert set(plain.findings) == set(formed.findings)
