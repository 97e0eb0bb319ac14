"""What a form says of its numbers beside them: plausible range, owner and confidence, taken back into the grounds."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from forms import fill, form_of, place, write_small

import resilience
from resilience.cli import main

KNOWN = {"source": "a guess", "low": 0.4, "high": 0.9, "owner": "the author", "confidence": "low"}
SHARE, SURGE = "survival.critical_share", "response.region_surge"


@pytest.fixture
def case(tmp_path: Path) -> Path:
    return write_small(
        tmp_path,
        survival={"critical_share": 0.5, "months": 6},
        response={"region_surge": {"delay": 1, "rate": 0.02, "max": 0.5}, "diversion": 0.5},
        cutoffs=[
            {"name": "cut", "cut": ["BBB"], "start": 2},
            {"name": "S1", "cut": ["BBB"]},
            {"name": "S1.2", "cut": ["BBB"], "fraction": 0.5},
        ],
        grounds={
            "critical_share": KNOWN,
            "region_surge": KNOWN,
            "diversion": KNOWN,
            "cutoffs.S1": "a worry",
            "cutoffs.S1.2.fraction": KNOWN,
        },
    )


def taken(case: Path, cells: dict[tuple[str, str, str], Any]) -> resilience.Case:
    return resilience.load(case, inputs=fill(form_of(case), cells))


def assumption(name: str, **cells: Any) -> dict[tuple[str, str, str], Any]:
    """The cells of a row of the sheet Assumptions, by heading with _ for a blank."""
    return {("Assumptions", name, key.replace("_", " ")): value for key, value in cells.items()}


def cutoff(name: str, **cells: Any) -> dict[tuple[str, str, str], Any]:
    return {("Cutoffs", name, key): value for key, value in cells.items()}


def refused(case: Path, cells: dict[tuple[str, str, str], Any]) -> list[str]:
    """The errors of a form, as text."""
    with pytest.raises(resilience.InputError) as raised:
        taken(case, cells)
    return [str(finding) for finding in raised.value.findings if finding.severity == "error"]


# The range of a number.


def test_the_range_of_a_new_number_is_taken_and_shown(case: Path) -> None:
    cells = assumption(
        SHARE, New_value=0.7, Low_end=0.6, High_end="80%", Source="a survey", Owner="unit 3", Confidence="High"
    )
    loaded = taken(case, cells)
    ground = {"source": "a survey", "low": 0.6, "high": 0.8, "owner": "unit 3", "confidence": "high"}
    assert loaded.file.raw["grounds"]["critical_share"] == ground
    assert loaded.taken == 1
    (said,) = [f for f in loaded.findings if "in place of" in f.message]
    assert said.message.endswith(
        "survival.critical_share is 0.7 in place of 0.5; source: a survey "
        "(range from 0.6 to 0.8, owner unit 3, confidence high)"
    )
    rows = resilience.solve(loaded).assumptions
    (row,) = rows[rows["parameter"] == "critical_share"].to_dict("records")
    assert (row["low"], row["high"], row["owner"], row["confidence"]) == (0.6, 0.8, "unit 3", "high")


def test_a_range_may_come_without_a_new_number_and_with_one_end(case: Path) -> None:
    """A number that stays keeps the other end; one that is changed has what the form says, and nothing else."""
    cells = assumption(SHARE, High_end=0.5) | assumption(
        "response.diversion", New_value=0.6, Low_end=0, Source="x"
    )
    grounds = taken(case, cells).file.raw["grounds"]
    assert grounds["critical_share"] == KNOWN | {"high": 0.5}
    assert grounds["diversion"] == {"source": "x", "low": 0}


def test_no_limit_is_an_end_where_the_number_has_none(case: Path, tmp_path: Path) -> None:
    name = "response.new_capacity"
    loaded = taken(case, assumption(name, New_value=2, Low_end=1.5, High_end="no limit", Source="x"))
    assert loaded.file.raw["grounds"]["new_capacity"] == {"source": "x", "low": 1.5, "high": math.inf}
    assert any("(range from 1.5 to no limit)" in finding.message for finding in loaded.findings)
    for kind in ("xlsx", "json"):
        out = tmp_path / f"result.{kind}"
        assert (
            main(["run", str(case), "--inputs", str(case.parent / "inputs.xlsx"), "--out", str(out), "--quiet"])
            == 0
        )
    rows = resilience.read_result(tmp_path / "result.json").assumptions
    assert rows.loc[rows["parameter"] == "new_capacity", "high"].tolist() == [math.inf]
    (wrong,) = refused(case, assumption(SHARE, High_end="no limit"))
    assert "column High end: cell K" in wrong and "out of range: at least 0 and at most 1" in wrong


@pytest.mark.parametrize("changed", ["delay", "rate"])
def test_the_range_of_a_surge_is_that_of_its_max(case: Path, changed: str) -> None:
    ground = taken(case, assumption(f"{SURGE}.max", Low_end=0.3)).file.raw["grounds"]["region_surge"]
    assert ground == KNOWN | {"low": 0.3}
    cells = assumption(f"{SURGE}.max", New_value=0.6, Low_end=0.2, High_end=0.8, Source="a survey")
    ground = taken(case, cells).file.raw["grounds"]["region_surge"]
    assert ground == {"source": "a guess; max 0.6: a survey", "low": 0.2, "high": 0.8}
    # another number of the surge leaves the range of max as it is
    ground = taken(case, assumption(f"{SURGE}.{changed}", New_value=2, Source="x")).file.raw["grounds"][
        "region_surge"
    ]
    assert ground == {"source": f"a guess; {changed} 2: x", "low": 0.4, "high": 0.9}
    (wrong,) = refused(case, assumption(f"{SURGE}.{changed}", Low_end=0))
    assert "error: Assumptions, row " in wrong and "column Low end: cell J" in wrong
    assert wrong.endswith(
        "the range of a surge is that of its max; give it in the row response.region_surge.max; clear the cell"
    )


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (assumption(SHARE, Low_end=0.6, High_end=0.4),
         ["column Low end: cell J", "the low end, 0.6, is above the high end, 0.4"]),
        (assumption(SHARE, Low_end=0.6), ["column Low end: cell J", "the low end, 0.6, is above the number, 0.5"]),
        (assumption(SHARE, High_end=0.45), ["column High end: cell K", "the high end, 0.45, is below the number, 0.5"]),
        (assumption(SHARE, New_value=0.7, Low_end=0.8, Source="x"), ["cell J", "0.8, is above the number, 0.7"]),
        (assumption(SHARE, Low_end=-0.1), ["column Low end: cell J", "-0.1 is out of range: at least 0 and at most 1"]),
        (assumption(SHARE, High_end="most"), ["column High end: cell K", '"most" is not a number']),
        (assumption(SHARE, High_end="1,234"), ["column High end: cell K", '"1,234" can mean 1234 or 1.234']),
        (assumption("survival.months", High_end=6.5), ["column High end: cell K", "6.5 is not a whole number"]),
        (assumption("response.chains", Low_end=0), ["cell J", "response.chains is not a single number and has no range"]),
        (assumption("survival.profile", Low_end=0), ["cell J", "survival.profile is not a single number"]),
        (assumption("", High_end=0.5), ["column Name: cell A", "the row has no name"]),
        (assumption("", Owner="unit 3"), ["column Name: cell A", "the row has no name; write which number it is about"]),
        (assumption(SHARE, New_value=0.7, Low_end=0.6), ["column Source", "say where survival.critical_share = 0.7"]),
    ],
)  # fmt: skip
def test_a_range_that_does_not_fit_is_refused_at_its_cell(
    case: Path, cells: dict[tuple[str, str, str], Any], expected: list[str]
) -> None:
    (wrong,) = refused(case, cells)
    assert wrong.startswith("error: Assumptions, row ") and all(text in wrong for text in expected), wrong


def test_an_end_beyond_the_one_that_stays_is_refused_at_its_cell(tmp_path: Path) -> None:
    """The case's own range, 0.6 to 0.9, does not hold its number: a high end of 0.55 is below the low end."""
    case = write_small(
        tmp_path, survival={"critical_share": 0.5}, grounds={"critical_share": KNOWN | {"low": 0.6}}
    )
    (wrong,) = refused(case, assumption(SHARE, High_end=0.55))
    assert "column Low end" in wrong and "0.6 is above high, 0.55" in wrong


def test_a_number_that_is_no_number_is_not_compared_with_its_range(case: Path) -> None:
    (wrong,) = refused(case, assumption(SHARE, New_value="many", High_end=0.45, Source="x"))
    assert '"many" is not a number' in wrong


def test_a_number_of_more_digits_than_a_cell_holds_lies_at_its_own_end(tmp_path: Path) -> None:
    case = write_small(tmp_path, survival={"critical_share": 0.1 + 0.2})  # 0.30000000000000004
    ground = taken(case, assumption(SHARE, High_end=0.3, Source="x")).file.raw["grounds"]["critical_share"]
    assert ground == {"source": "x", "high": 0.3}


def test_excel_checks_the_range_and_locks_it_where_there_is_none(case: Path) -> None:
    sheet = openpyxl.load_workbook(form_of(case))["Assumptions"]
    for column, other in (("Low end", "Least"), ("High end", "Most")):

        def check(name: str, column: str = column) -> list[openpyxl.worksheet.datavalidation.DataValidation]:
            cell = place(sheet, name, column)
            return [v for v in sheet.data_validations.dataValidation if cell.coordinate in v.sqref]

        (share,) = check(SHARE)
        assert (share.type, float(share.formula1), float(share.formula2)) == ("decimal", 0, 1)
        (wide,) = check("response.new_capacity")
        assert f'{place(sheet, "response.new_capacity", column).coordinate}="no limit"' in wide.formula1
        (whole,) = check("survival.months")
        assert whole.type == "whole"
        for name in (f"{SURGE}.delay", f"{SURGE}.rate", "survival.profile", "response.solidarity"):
            assert place(sheet, name, column).protection.locked and not check(name)
        for name in (SHARE, f"{SURGE}.max", ""):
            assert not place(sheet, name, column).protection.locked
        head = next(row for row in sheet.iter_rows() if row[0].value == "Name")
        (comment,) = [cell.comment.text for cell in head if cell.value == column]
        assert "plausible" in comment and other in comment and "that of its max" in comment


# Owner and confidence of a cutoff.


def test_owner_and_confidence_of_a_new_cutoff_are_of_the_whole(case: Path) -> None:
    cells = {("Cutoffs", "", "Name"): "siege.1"}
    cells |= cutoff("siege.1", Source="a worry", Owner="unit 3", Confidence="medium")
    cells[("Cutoffs", "siege.1", "All outsiders")] = "yes"
    loaded = taken(case, cells)
    ground = {"source": "a worry", "owner": "unit 3", "confidence": "medium"}
    assert loaded.file.raw["grounds"]["cutoffs.siege.1"] == ground
    expected = '"siege.1" is a new cutoff; source: a worry (owner unit 3, confidence medium)'
    assert any(finding.message.endswith(expected) for finding in loaded.findings)
    rows = resilience.solve(loaded).assumptions.set_index("parameter")
    assert rows.loc["cutoffs.siege.1.all_outsiders", "owner"] == "unit 3"


def test_owner_and_confidence_of_a_changed_cutoff_are_of_each_changed_number(case: Path) -> None:
    loaded = taken(
        case, cutoff("cut", Fraction=0.7, Months=3, Source="a report", Owner="unit 3", Confidence="LOW")
    )
    ground = {"source": "a report", "owner": "unit 3", "confidence": "low"}
    grounds = loaded.file.raw["grounds"]
    assert grounds["cutoffs.cut.fraction"] == grounds["cutoffs.cut.months"] == ground
    assert "cutoffs.cut" not in grounds and "cutoffs.cut.start" not in grounds
    texts = [f.message for f in loaded.findings if "source: a report (owner unit 3, confidence low)" in f.message]
    assert len(texts) == loaded.taken == 2


def test_a_cutoff_that_stays_takes_owner_and_confidence_alone(case: Path) -> None:
    """Each ground of the cutoff, and of no other whose name begins alike; its source and range stay."""
    loaded = taken(
        case, cutoff("S1", Owner="unit 3") | cutoff("S1.2", Confidence="high") | cutoff("cut", Owner="we")
    )
    grounds = loaded.file.raw["grounds"]
    assert grounds["cutoffs.S1"] == {"source": "a worry", "owner": "unit 3"}
    assert grounds["cutoffs.S1.2.fraction"] == KNOWN | {"confidence": "high"}
    assert grounds["cutoffs.cut"] == {"source": "assumed", "owner": "we"}
    assert loaded.file.raw["cutoffs"] == resilience.load(case).file.raw["cutoffs"]
    said = [finding for finding in loaded.findings if finding.table == "Cutoffs"]
    assert any(f.message.endswith("S1 stays as it is; source: as in the case (owner unit 3)") for f in said)
    assert loaded.taken == len(said) == 3


def test_a_cutoff_that_is_left_out_takes_only_its_own_grounds_with_it(case: Path) -> None:
    def leave_out(book: openpyxl.Workbook) -> None:
        for cell in book["Cutoffs"][place(book["Cutoffs"], "S1", "Name").row]:
            cell.value = None

    grounds = resilience.load(case, inputs=fill(form_of(case), {}, leave_out)).file.raw["grounds"]
    assert "cutoffs.S1" not in grounds and grounds["cutoffs.S1.2.fraction"] == KNOWN


def test_a_cutoff_whose_new_name_begins_with_the_old_one_keeps_what_is_given(case: Path) -> None:
    cells = cutoff("cut", Name="cut.2") | cutoff("cut.2", Source="a worry", Owner="unit 3")
    assert taken(case, cells).file.raw["grounds"]["cutoffs.cut.2"] == {"source": "a worry", "owner": "unit 3"}


def test_of_a_cutoff_without_a_name_it_is_not_said_that_none_is_left(tmp_path: Path) -> None:
    (wrong,) = refused(write_small(tmp_path), cutoff("cut", Name=None))
    assert "the row has no name" in wrong


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (cutoff("cut", Fraction=0.7, Source="x", Confidence="sure"), ["column Confidence: cell L", '"sure" is not a conf']),
        (cutoff("cut", Confidence="sure"), ["column Confidence: cell L", '"sure" is not a confidence']),
        (cutoff("cut", Fraction=0.7, Owner="unit 3"), ["column Source: cell J", '"cut" is changed; say where']),
        (cutoff("", Owner="unit 3"), ["column Name: cell A", "the row has no name; write which cutoff it is"]),
        (cutoff("", Source="x"), ["column Name: cell A", "the row has no name"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_on_the_sheet_cutoffs_is_refused_at_its_cell(
    case: Path, cells: dict[tuple[str, str, str], Any], expected: list[str]
) -> None:
    (wrong,) = refused(case, cells)
    assert wrong.startswith("error: Cutoffs, row ") and all(text in wrong for text in expected), wrong


def test_excel_offers_the_confidence_of_a_cutoff(case: Path) -> None:
    sheet = openpyxl.load_workbook(form_of(case))["Cutoffs"]
    for name in ("cut", ""):
        cell = place(sheet, name, "Confidence")
        (found,) = [v for v in sheet.data_validations.dataValidation if cell.coordinate in v.sqref]
        assert found.formula1 == '"low,medium,high"' and not cell.protection.locked
        assert not place(sheet, name, "Owner").protection.locked


# Forms of before.


def test_a_form_without_these_columns_is_read_as_before(case: Path) -> None:
    def older(book: openpyxl.Workbook) -> None:
        for name, gone in (("Assumptions", ("Low end", "High end")), ("Cutoffs", ("Owner", "Confidence"))):
            sheet = book[name]
            sheet.tables.clear()
            head = next(row for row in sheet.iter_rows() if row[0].value == "Name")
            first = next(cell.column for cell in head if cell.value == gone[0])
            assert head[first].value == gone[1]
            for merged in list(sheet.merged_cells.ranges):
                sheet.unmerge_cells(str(merged))
            sheet.delete_cols(first, 2)

    plain = resilience.load(case)
    same = resilience.load(case, inputs=fill(form_of(case), {}, older))
    assert same.file.raw == plain.file.raw and set(same.findings) == set(plain.findings)
    cells = assumption(SHARE, New_value=0.7, Source="x") | cutoff("cut", Fraction=0.5, Source="y")
    changed = resilience.load(case, inputs=fill(form_of(case), cells, older)).file.raw
    assert changed["survival"]["critical_share"] == 0.7 and changed["cutoffs"][0]["fraction"] == 0.5
    assert changed["grounds"]["critical_share"] == "x" and changed["grounds"]["cutoffs.cut.fraction"] == "y"
