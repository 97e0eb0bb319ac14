"""A data set in one workbook, and numbers that were entered as text."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from conftest import ROOT, write_case, write_dataset
from forms import as_workbook, with_parts, write_small
from hypothesis import given
from hypothesis import strategies as st

import resilience
from resilience.cli import main
from resilience.inputs.cells import Unreadable, number_in, number_of
from resilience.inputs.dataset import read_dataset
from resilience.schema import INPUTS


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A case whose data set is data.xlsx, beside the same data as CSV files."""
    path = write_small(tmp_path, dataset="data.xlsx")
    as_workbook(tmp_path / "data", tmp_path / "data.xlsx")
    return path


def change(case: Path, spoil: Callable[[openpyxl.Workbook], None]) -> Path:
    path = case.parent / "data.xlsx"
    book = openpyxl.load_workbook(path)
    spoil(book)
    book.save(path)
    return case


def said(case: Path) -> list[str]:
    try:
        return [str(finding) for finding in resilience.load(case).findings]
    except resilience.InputError as error:
        return [str(finding) for finding in error.findings]


def says(case: Path, *texts: str) -> None:
    found = said(case)
    assert any(all(text in line for text in texts) for line in found), found


def test_a_workbook_gives_what_the_files_give(case: Path) -> None:
    folder, book = read_dataset(case.parent / "data"), read_dataset(case.parent / "data.xlsx")
    assert not folder.findings and not book.findings
    for name in INPUTS:
        pd.testing.assert_frame_equal(
            getattr(folder, name), getattr(book, name), obj=name, check_dtype=name != "recipes"
        )
    from_book = resilience.solve(resilience.load(case))
    from_folder = resilience.solve(resilience.load(write_small(case.parent)))
    for name, frame in from_folder.tables.items():
        pd.testing.assert_frame_equal(frame, from_book.tables[name], obj=name)
    assert book.fingerprint and book.files() == {"data.xlsx": case.parent / "data.xlsx"}


@pytest.mark.slow
def test_the_embedded_data_as_a_workbook(tmp_path: Path) -> None:
    """62,000 flows on one sheet: the same frames as from the files."""
    folder = tmp_path / "data"
    folder.mkdir()
    source = ROOT / "data" / "trade_flows"
    for file in source.glob("*.csv"):
        if file.stem in INPUTS:
            (folder / file.name).write_bytes(file.read_bytes())
    parts = [file.read_text(encoding="utf-8").split("\n", 1) for file in sorted((source / "flows").glob("*.csv"))]
    (folder / "flows.csv").write_text(parts[0][0] + "\n" + "".join(body for _, body in parts), encoding="utf-8")
    path = as_workbook(folder, tmp_path / "data.xlsx")
    one, other = read_dataset(folder), read_dataset(path)
    assert len(other.flows) > 60_000 and not [str(f) for f in other.findings if f.severity == "error"]
    for name in INPUTS:
        first, second = getattr(one, name), getattr(other, name)
        pd.testing.assert_frame_equal(first, second, obj=name, check_dtype=False)


@pytest.mark.parametrize(
    ("cell", "value", "expected"),
    [
        ("E2", "-5", ["error: flows, row 2, column quantity: cell E2 of data.xlsx", '"-5.0" is negative']),
        ("E2", "1,234", ["error: flows, row 2, column quantity: cell E2", '"1,234" can mean 1234 or 1.234']),
        ("E2", "1 234,5", ["info: flows, row 2, column quantity: cell E2", 'the text "1 234,5" is taken as the number 1234.5']),
        ("E2", "900\u00a0", ["info: flows", "is taken as the number 900"]),
        ("E2", "#N/A", ["error: flows, row 2", "holds the error #N/A"]),
        ("E2", datetime.datetime(2024, 1, 3), ["error: flows", "holds the date 2024-01-03", "format"]),
        ("E2", "=A2*2", ["error: flows", "the formula =A2*2 without a stored value"]),
        ("E2", None, ["error: flows", "the cell is blank, which means unknown"]),
        ("A2", datetime.datetime(2024, 1, 1), ["error: flows", "column year: cell A2", "holds the date 2024-01-01"]),
        ("C2", "bbb", ["error: flows, row 2, column exporter: cell C2", '"bbb" is not in the sheet countries; write "BBB"']),
        ("C2", "BBB ", ['write "BBB"']),
        ("C2", 842, ['"842" is not in the sheet countries']),
        ("G2", "obsrved", ['did you mean "observed"?']),
        ("D1", "importr", ['error: flows, row 1, column importer', 'the column "importer" is missing']),
        ("D1", "Importer ", None),
        ("J1", "remark", ['warning: flows, row 1, column remark', 'unknown column "remark", left out']),
    ],
)  # fmt: skip
def test_a_bad_cell_is_named(case: Path, cell: str, value: object, expected: list[str] | None) -> None:
    def spoil(book: openpyxl.Workbook) -> None:
        book["flows"][cell] = value

    change(case, spoil)
    if expected is None:
        assert not said(case)
    else:
        says(case, *expected)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda book: book.remove(book["flows"]), ["error: flows", "the sheet is missing in data.xlsx"]),
        (lambda book: book.create_sheet("notes"), ["info: notes", "no table of a data set, left out"]),
        (lambda book: book.create_sheet("flow"), ["warning: flow", 'did you mean "flows"?']),
        (lambda book: book["flows"].merge_cells("D1:E1"), ["error: flows, row 1", "cells D1:E1 are merged"]),
        (lambda book: book["flows"].merge_cells("A2:A3"), ["error: flows, row 2", "cells A2:A3 are merged"]),
        (lambda book: book["flows"].row_dimensions.__getitem__(3).__setattr__("hidden", True), ["row 3 is hidden"]),
        (lambda book: book["flows"].insert_rows(1, 3), []),
        (lambda book: book["flows"].insert_rows(3, 2), []),
        (lambda book: book["flows"].__setattr__("title", " Flows"), []),
        (lambda book: book["flows"].append([2024, "wheat", "BBB", "AAA", 900, None, "observed", "x"]), ["error: flows, row 4", "stands already in flows, row 2"]),
        (lambda book: book["flows"].append([2024, "wheat", "AAA", "AAA", 9, None, "observed", "x"]), ["cell D4 of data.xlsx", "the sheet balances"]),
    ],
)  # fmt: skip
def test_a_sheet_of_another_shape(
    case: Path, spoil: Callable[[openpyxl.Workbook], None], expected: list[str]
) -> None:
    change(case, spoil)
    if expected:
        says(case, *expected)
    else:
        assert not said(case)


@pytest.mark.parametrize("name", ["goods", "countries"])
def test_nothing_is_looked_up_in_a_sheet_that_could_not_be_read(case: Path, name: str) -> None:
    change(case, lambda book: book.remove(book[name]))
    (found,) = said(case)
    assert f"error: {name}: the sheet is missing in data.xlsx" in found


def test_flags_and_recipes_come_from_cells(tmp_path: Path) -> None:
    write_dataset(
        tmp_path / "data",
        [("BBB", "AAA", 900.0), ("BBB", "AAA", 70.0, "steel")],
        goods=[("wheat", "food"), ("steel", "military")],
        recipes=[{"good": "steel", "input": "wheat", "input_per_unit": 0.1}],
    )
    path = as_workbook(tmp_path / "data", tmp_path / "data.xlsx")
    book = openpyxl.load_workbook(path)
    book["recipes"]["F2"] = True
    book.save(path)
    data = read_dataset(path)
    assert not data.findings and data.recipes["essential"].tolist() == [True]


def test_a_workbook_that_is_not_to_be_opened(case: Path) -> None:
    with_parts(case.parent / "data.xlsx", {"xl/vbaProject.bin": b"x"})
    says(case, "error: data.xlsx", "holds macros")
    assert main(["check", str(case), "--quiet"]) == 2
    write_case(case, dataset="data.ods", members=["AAA"], cutoffs=[{"name": "cut", "cut": ["BBB"]}])
    (case.parent / "data.ods").write_bytes(b"x")
    says(case, "an OpenDocument spreadsheet (.ods); save it in Excel or LibreOffice as")


# Numbers entered as text.


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1234.5", 1234.5),
        ("1 234,5", 1234.5),
        ("1\u202f234\u00a0567,25", 1234567.25),
        ("1,234.5", 1234.5),
        ("1.234,5", 1234.5),
        ("1,234,567", 1234567),
        ("1.234.567", 1234567),
        ("1'234'567.5", 1234567.5),
        ("1234,567", 1234.567),
        ("0,125", 0.125),
        ("0.125", 0.125),
        ("1,5", 1.5),
        ("\u22123,5", -3.5),
        ("+4", 4),
        (" 12 ", 12),
        ("1e-3", 0.001),
        ("12%", 0.12),
        ("12,5 %", 0.125),
    ],
)
def test_text_that_can_only_mean_one_number(text: str, number: float) -> None:
    assert number_in(text, share=True) == pytest.approx(number, rel=1e-15)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "1,234",
            "1.234",
            "12,345",
            "-1,234",
            "999.000",
            "12 34",
            "1,23,456",
            "1.2.3",
            "--1",
            "1-3",
            "5 t",
            "t",
            "inf",
        ),
        *(
            "nan",
            "1_000",
            "٣",
            "１２",
            "½",
            "",
            " ",
            ".",
            ",",
            "%",
            "1e",
            "0x10",
            "(5)",
            "1 234,567.8",
            "1,234.567,8",
            "=1",
        ),
    ],
)
def test_text_that_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="is not a number|can mean"):
        number_in(text, share=True)


def test_a_percentage_is_no_amount() -> None:
    with pytest.raises(Unreadable, match="is a percentage"):
        number_in("12%")


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15))
def test_a_number_written_as_text_is_that_number_or_refused(number: float) -> None:
    """Whatever Python writes for a number is never read as another one."""
    for text in (repr(number), f"{number:.3f}", f"{number:,.2f}", f"{number:,.0f}"):
        try:
            read = number_in(text)
        except Unreadable as reason:
            assert "can mean" in str(reason)
        else:
            assert read == pytest.approx(float(text.replace(",", "")), rel=1e-15, abs=0)


@given(st.one_of(st.text(), st.text(alphabet="0123456789.,  '%-+eE", max_size=12)))
def test_any_text_is_a_number_or_a_reason(text: str) -> None:
    try:
        number, note = number_of(text, share=True)
    except Unreadable as reason:
        assert text in str(reason)
    else:
        assert note is not None and number == number and any(sign in "0123456789" for sign in text)
        german = text.strip().rstrip("%").replace(".", "").replace(" ", "").replace(",", ".")
        english = text.strip().rstrip("%").replace(",", "").replace(" ", "")
        meanings = set()
        for reading in (german, english):
            try:
                meanings.add(abs(float(reading)))
            except ValueError:
                continue
        whole = abs(number) * (100 if "%" in text else 1)
        assert not meanings or any(whole == pytest.approx(meaning) for meaning in meanings)
