"""The workbook: read back, compared with the tables, fed hostile text, recalculated by another program."""

from __future__ import annotations

import math
import re
import warnings
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pandas as pd
import pytest
from workbook_instances import HOSTILE, LONG, NAN, frame_of, made_up, required

from resilience.errors import InputError
from resilience.handoff.result_workbook import write_workbook
from resilience.output import measure, sheets
from resilience.output import workbook as output
from resilience.output.sheets import heading
from resilience.output.workbook import COLOURS, SOLVED, clean
from resilience.results import Result
from resilience.schema import ALL, RESULTS
from resilience.words import abbreviations, short_name, short_verdict, tasks, verdict

PAGES = ["CAN Canada", "DEU Germany", "Helium", "Magnets", "Cobalt"]
SHEETS = [
    "Cover", "Contents", "Summary", *PAGES, "Requirements", "Stress", "Plan", "Capacity", "Assumptions", "Data",
    "Benchmarks", "Checks", "Sources", "Change log", "Verdicts", "Thresholds", "Findings",
]  # fmt: skip
PAGE_TABLES = ["t_member_CAN", "t_member_DEU", "t_good_helium", "t_good_magnets", "t_good_cobalt"]
SHEET_OF = {"balance": "Data"}
TABLES = ["requirements", "stress", "plan", "capacity", "assumptions", "balance", "findings", "sources"]


def _write(tmp_path: Path, result: Result) -> Path:
    path = tmp_path / "out.xlsx"
    write_workbook(result, path)
    return path


def _read(sheet: Any) -> tuple[list[str], list[list[Any]]]:
    """Headings and rows of the native table of a sheet."""
    (table,) = sheet.tables.values()
    head, *rows = [[cell.value for cell in row] for row in sheet[table.ref]]
    return head, rows


def _areas(sheet: Any) -> list[tuple[int, int, int, int]]:
    """What is printed of a sheet: first column and row, last column and row of each area."""
    return [openpyxl.utils.range_boundaries(area.split("!")[-1]) for area in str(sheet.print_area).split(",")]


def _worst_first(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows in the order of the summary: what must change first."""
    order = ["helium", "magnets", "cobalt", "lng", "arms", "wheat"]
    return (
        frame.sort_values("good", key=lambda goods: goods.map(order.index), kind="stable")
        if "good" in frame
        else frame
    )


def _expected(value: Any) -> Any:
    """What a cell holds for a value of a DataFrame."""
    if value is None or value == "" or (not isinstance(value, str) and pd.isna(value)):
        return None
    if isinstance(value, str):
        return float(value) if re.fullmatch(r"\d+(\.\d+)?", value) else clean(value)
    return {math.inf: "infinite", -math.inf: "minus infinite"}.get(value) or pytest.approx(value, rel=1e-14)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write(tmp_path_factory.mktemp("book"), made_up())


@pytest.fixture(scope="module")
def book(file: Path) -> Any:
    return openpyxl.load_workbook(file, data_only=True)


@pytest.fixture(scope="module")
def formulas(file: Path) -> Any:
    return openpyxl.load_workbook(file)


def _sheet_of(table: str) -> str:
    return SHEET_OF.get(table, table.capitalize())


def test_sheets_stand_in_order(book: Any) -> None:
    assert book.sheetnames == SHEETS


@pytest.mark.parametrize("name", TABLES)
def test_every_table_reads_back_as_it_was(book: Any, name: str) -> None:
    frame = _worst_first(made_up().tables[name])
    head, rows = _read(book[_sheet_of(name)])
    assert len(rows) == len(frame)
    for column in frame.columns:
        where = head.index(heading(column, name))
        assert [row[where] for row in rows] == [_expected(value) for value in frame[column].tolist()], column


def _linked() -> dict[str, list[dict[str, Any]]]:
    """Rows of the tables about chains and content, in the order in which a result has them."""
    shares = {"share": 0.6, "input_share": 0.27, "input_share_today": 0.14, "input_gap": 0.13}
    chain = [
        {"good": "magnets", "member": m, "cutoff": c, "input": i, "into": into, "stage": float(n),
         "input_per_unit": ratio, "recipe_unit": "kUSD/kUSD", "essential": "yes", "joint": "no",
         "input_status": status, "keeps_going": 0.4, "weakest": weak, "text": "=In words", **shares}
        for c in ("One", ALL)
        for m in ("CAN", ALL)
        for n, i, into, ratio, status, weak in (
            (1, "rare_earths", "magnets", 0.35, "build", "yes"), (2, "ore", "rare_earths", 0.00382, "met", "no"),
        )
    ]  # fmt: skip
    indirect = [
        {"good": g, "supplier": s, "cutoff": "One", "input": "ore", "months": 3.0, "least": 0.25, "bought": b}
        for g in ("magnets", "cobalt")
        for s, b in (("AUS", 0.01), ("USA", 0.4))
    ]
    substitutes = [
        {"group": "feed", "member": ALL, "cutoff": ALL, "goods": "wheat (1), maize (0.9)", "share": NAN,
         "share_today": 0.5, "gap": NAN, "apart": NAN, "status": "none"}
    ]  # fmt: skip
    content = [
        {"good": "magnets", "supplier": s, "inside": "no", "regional_content": 0.1, "cut_content": 0.2,
         "bought": b, "keeps_going": 0.9, "sector": "C25", "covered": "own rows", "status": "estimated",
         "source": "A"}
        for s, b in (("CHN", 0.01), ("USA", 0.4))
    ]  # fmt: skip
    exposure = [
        {"good": "magnets", "member": "CAN", "cutoff": "One", "direct": 0.5, "through_region": 0.01,
         "through_others": 0.02, "total": 0.53, "most_through": "USA", "covered": 0.9, "sector": "C25",
         "status": "estimated", "source": "A"}
    ]  # fmt: skip
    rule = [
        {"good": "magnets", "member": ALL, "rule": r, "shut_out": "CHN", "bought_from_them": 0.4,
         "some_plan": "yes", "every_plan": "no", "answer": "+1"}
        for r in (0.0, 0.25)
    ]  # fmt: skip
    return {
        "chain": chain, "indirect": indirect, "substitutes": substitutes, "content": content,
        "exposure": exposure, "content_rule": rule,
    }  # fmt: skip


LINKED = ["Chain", "Indirect", "Substitutes", "Content", "Exposure", "Content rule"]


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Any:
    frames = {name: frame_of(name, rows) for name, rows in _linked().items()}
    return openpyxl.load_workbook(_write(tmp_path_factory.mktemp("linked"), made_up(**frames)))


@pytest.mark.parametrize("name", LINKED)
def test_tables_about_chains_and_content_read_back_as_they_were(linked: Any, name: str) -> None:
    table = name.lower().replace(" ", "_")
    frame = frame_of(table, _linked()[table])
    head, rows = _read(linked[name])
    (excel,) = linked[name].tables.values()
    assert excel.name == f"t_{table}" and len(set(head)) == len(head)
    where = [head.index(heading(column, table)) for column in frame.columns]
    shown = sorted([[row[n] for n in where] for row in rows], key=str)
    expected = [[_expected(value) for value in row] for row in frame.to_numpy().tolist()]
    for column, kind in enumerate(RESULTS[table].columns):
        numbers = [row[column] for row in shown if row[column] is not None]
        assert all(isinstance(value, (int, float)) == (kind.kind in ("share", "number")) for value in numbers)
    assert all(row in shown for row in expected) and len(shown) == len(expected)


def test_sheets_about_chains_and_content_are_listed_where_they_have_rows(linked: Any, tmp_path: Path) -> None:
    assert [name for name in linked.sheetnames if name not in SHEETS] == LINKED
    after = linked.sheetnames[linked.sheetnames.index("Change log") + 1 :]  # nothing stands between the named ones
    assert after == ["Verdicts", *LINKED, "Thresholds", "Findings"]
    links = [cell.hyperlink.location for row in linked["Contents"].iter_rows() for cell in row if cell.hyperlink]
    assert links == [f"'{name}'!A1" for name in linked.sheetnames[2:]]
    none = {name: frame_of(name, []) for name in _linked()}
    assert openpyxl.load_workbook(_write(tmp_path, made_up(**none))).sheetnames == SHEETS


def test_chain_shows_first_what_matters_most(linked: Any) -> None:
    sheet = linked["Chain"]
    head, rows = _read(sheet)
    assert head[:6] == ["Good", "Member", "Cutoff", "Weakest link", "Input", "Goes into"]
    assert [row[1:5] for row in rows[:3]] == [
        ["All members", "ALL", "yes", "Rare earths"],
        ["All members", "ALL", "no", "Ore"],
        ["Canada", "ALL", "yes", "Rare earths"],
    ]
    assert [row[2] for row in rows] == ["ALL"] * 4 + ["One"] * 4
    (table,) = sheet.tables.values()
    for row in sheet[table.ref][1:]:
        assert {cell.font.b for cell in row if cell.column != 8} == {row[3].value == "yes"}
        assert row[7].fill.fgColor.rgb == "FF" + COLOURS[row[7].value][1:]
        assert row[8].number_format == "0.0 %"
        assert row[head.index("Input per unit")].number_format in ("0.000", "0.00000")  # 0.350, 0.00382
    last = openpyxl.utils.get_column_letter(head.index("Makers at home keep") + 1)
    assert f"${last}$" in sheet.print_area  # codes stand beyond it


def test_largest_suppliers_come_first(linked: Any) -> None:
    for name, expected in (("Indirect", ["USA", "AUS", "USA", "AUS"]), ("Content", ["USA", "CHN"])):
        head, rows = _read(linked[name])
        assert [row[head.index("Supplier code")] for row in rows] == expected
    head, rows = _read(linked["Exposure"])
    assert rows[0][head.index("Most comes through")] == "United States"


def test_codes_stand_at_the_far_right_and_are_not_printed(book: Any) -> None:
    head, rows = _read(book["Plan"])
    shown = [rows[0][head.index(name)] for name in ("Good", "Good code", "Member", "Supplier", "Supplier code")]
    assert shown == ["Helium, unwrought", "helium", "Canada", "United States", "USA"]
    assert head[-3:] == ["Good code", "Member code", "Supplier code"]
    (table,) = book["Plan"].tables.values()
    right = openpyxl.utils.range_boundaries(table.ref)[2]
    assert _areas(book["Plan"])[0][2] == right - 3
    assert _read(book["Requirements"])[1][8][1] == "All members"


def test_map_shows_verdict_shares_and_colour(book: Any) -> None:
    sheet = book["Summary"]
    head, rows = _read(sheet)
    assert head[-2:] == ["Canada (CAN)", "Germany (DEU)"]
    shown = {row[0]: row[-1] for row in rows}
    others = "m –, g –"
    assert shown["Magnets, unwrought"] == f"build +50 pp: 10 / 60 %\n{others}, month 7, Two"
    assert shown["Wheat, unwrought"] == f"met: 90 / 20 %\n{others}"
    assert shown["Helium, unwrought"] == f"none: 5 % / –\n{others}, month 7, One; Two"
    assert shown["Lng, unwrought"] == f"shift: 50 / 25 %\n{others}, month 7, One; Two"
    assert shown["Cobalt, unwrought"] == f"raise +0.1 pp: 27.0 / 27.2 %\n{others}, month 7, One; Two"
    assert shown["Arms, unwrought"] == "unknown"
    words = [row[head.index("Status")] for row in rows]
    assert words == sorted(words, key=["none", "build", "raise", "shift", "unknown", "met"].index)
    together = dict(zip(head, next(row for row in rows if row[0] == "Magnets, unwrought"), strict=True))
    assert [together[name] for name in ("Share today", "Least share", "Gap", "Status", "Asks most", "Month")] == [
        0.1, 0.6, 0.5, "build", "Two", 7,
    ]  # fmt: skip
    assert together["Verdict"] == "build 1,230 kUSD a year first, raise share"
    (table,) = sheet.tables.values()
    for row in sheet[table.ref][1:]:
        status = re.match(r"\w+", row[-1].value)
        assert status and row[-1].fill.fgColor.rgb == "FF" + COLOURS[status.group()][1:]


def test_inputs_that_were_not_asked_for_are_no_rows_of_the_summary(tmp_path: Path) -> None:
    labels = {"magnets": "Magnets", "rare_earths": "Rare earths"}
    rows = [required("magnets", member, ALL, "raise", 0.5, 0.3) for member in ("CAN", ALL)]
    book = openpyxl.load_workbook(_write(tmp_path, made_up(labels, requirements=frame_of("requirements", rows))))
    for name in ("Summary", "CAN Canada"):
        assert [row[0] for row in _read(book[name])[1]] == ["Magnets"]


def test_summary_begins_with_the_answer_in_two_sentences(book: Any) -> None:
    said = " ".join(str(row[0]) for row in book["Summary"].iter_rows(min_row=3, max_row=7, values_only=True))
    assert said.startswith("Of 6 goods, for all members together: 1 none (no share suffices); 1 build (")
    assert "1 met (survives as it is). Largest gaps: Magnets, unwrought 10 % today, 60 % needed; Cobalt" in said


def _wide(goods: int, members: int = 7, cutoffs: tuple[str, ...] = ("China", "All outsiders")) -> Result:
    """Goods with long names, of which every fifth must be built, a third part must shift; several cutoffs."""
    labels = {
        f"good_{n:02}": f"Good {n:02}, unwrought and worked ({'other forms, ' * 4}see there)" for n in range(goods)
    }
    names = {f"M{n:02}": f"Member {n:02}" for n in range(members)}
    kinds = ("build", "shift", "met", "met", "met")
    rows = [
        required(good, member, cutoff, kinds[n % 5], 0.6, 0.1 if n % 5 == 0 else 0.9)
        for n, good in enumerate(labels)
        for member in (*names, ALL)
        for cutoff in (*cutoffs, ALL)
    ]
    one = made_up().meta["cutoffs"][0]
    meta = {"members": names, "cutoffs": [{**one, "name": name} for name in cutoffs]}
    return made_up(labels, requirements=frame_of("requirements", rows), meta=meta)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return openpyxl.load_workbook(_write(tmp_path_factory.mktemp("wide"), _wide(37)))


def test_map_of_members_is_printed_on_a_page_of_its_own(wide: Any) -> None:
    sheet = wide["Summary"]
    (table,) = sheet.tables.values()
    left, first, right, last = openpyxl.utils.range_boundaries(table.ref)
    together, chart, members = _areas(sheet)
    assert together[:2] == (1, 1) and sheet.print_title_cols == "$A:$A"
    assert (chart[0], chart[2]) == (1, together[2])
    assert members == (together[2] + 1, first, right, last) and left == 1
    assert sheet.cell(first, members[0]).value == "Member 00 (M00)" and right - members[0] == 6
    assert chart[3] > last  # the chart stands below the table


def test_a_narrow_summary_is_printed_in_one_piece(book: Any) -> None:
    assert len(_areas(book["Summary"])) == 1


def _scale(sheet: Any) -> float:
    """To which part its size is printed if it is fitted to one landscape A4 page, by its columns and rows."""
    ((left, top, right, bottom),) = _areas(sheet)
    letters = [openpyxl.utils.get_column_letter(n) for n in range(left, right + 1)]
    across = sum((7 * (sheet.column_dimensions[letter].width - 0.71) + 5) / 96 for letter in letters)
    usual = sheet.sheet_format.defaultRowHeight
    down = sum((sheet.row_dimensions[row].height or usual) / 72 for row in range(top, bottom + 1))
    room = sheet.page_margins
    wide, tall = 11.69 - room.left - room.right, 8.27 - room.top - room.bottom
    return float(min(1.0, wide / across, tall / down))


@pytest.mark.parametrize("kind", ["M0", "Good "])
def test_members_and_goods_stand_on_one_page_in_a_size_that_can_be_read(wide: Any, kind: str) -> None:
    """Text of 10 points is printed in 7 or more."""
    names = [name for name in wide.sheetnames if name.startswith(kind)]
    assert len(names) == (7 if kind == "M0" else 8)
    for name in names:
        sheet = wide[name]
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.page_setup.fitToWidth in (None, 1) and sheet.page_setup.fitToHeight in (None, 1)
        assert _scale(sheet) >= 0.7, name


def test_a_member_with_too_many_goods_for_one_page_takes_several(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(_write(tmp_path, _wide(90, 1)))["M00 Member 00"]
    assert sheet.page_setup.fitToHeight == 0 and sheet.sheet_properties.pageSetUpPr.fitToPage


def test_a_member_is_told_what_to_do_and_every_good_takes_one_line(wide: Any) -> None:
    sheet = wide["M03 Member 03"]
    head, rows = _read(sheet)
    assert len(rows) == 37 and rows[0][0] == "Good 00, unwrought and worked"
    assert {"To build", "Asks most", "Months survived"} < {*head} and not {"Verdict", "Suppliers today"} & {*head}
    first = openpyxl.utils.range_boundaries(next(iter(sheet.tables.values())).ref)[1]
    assert {sheet.row_dimensions[row].height for row in range(first + 1, first + 38)} == {12.75}
    assert rows[0][head.index("Asks most")] == "China; All"
    assert sheet.cell(first + 1, head.index("To build") + 1).number_format == '#,##0 "kUSD"'
    lead = [str(row[0]) for row in sheet.iter_rows(min_row=3, max_row=9, values_only=True) if row[0]]
    said = " ".join(lead)
    assert said.startswith("Build first: Good 00, unwrought and worked from 10 % to 60 % (1,230 kUSD a year); ")
    assert "and 2 more, see below. 8 goods can keep the share" in said
    assert "21 of 37 goods survive as they are." in said
    above = " ".join(str(row[0]) for row in sheet.iter_rows(max_row=first, values_only=True))
    assert "Cutoffs: All: All outsiders." in above


def test_a_chart_stands_beside_the_rows_of_a_member(wide: Any) -> None:
    """It lies over an empty column of the table, from its first row on, and the scale below its last."""
    sheet = wide["M03 Member 03"]
    head, rows = _read(sheet)
    (table,) = sheet.tables.values()
    _, first, right, last = openpyxl.utils.range_boundaries(table.ref)
    place = head.index("Today, least")
    assert {row[place] for row in rows} == {None} and head[place + 1 :] == ["Good code"]
    (anchor,) = [drawn.anchor for drawn in sheet._charts]
    assert (anchor._from.col, anchor._from.row) == (place, first) and anchor.to.row >= last
    ((_, _, printed, bottom),) = _areas(sheet)
    assert printed == place + 1 == right - 1 and bottom >= anchor.to.row


def test_a_chart_that_would_make_the_print_too_small_is_on_the_screen_only() -> None:
    chart = sheets.Chart("t", "Name", (("Name", "#000000"),), "alt", over="Bars")
    for width, printed in ((60.0, 2), (180.0, 1)):
        fields = (
            sheets.Field("Name", ["x"], fixed=width),
            sheets.Field("Bars", [None], fixed=40.0),
            sheets.Field("Code", ["x"]),
        )
        sheet = sheets.Sheet("N", "N", (), fields, printed=2, chart=chart, one_page=True)
        assert output._printed_columns(sheet, [field.width() for field in fields]) == printed


def test_names_with_quotes_and_marks_keep_their_printed_area(tmp_path: Path) -> None:
    rows = [required("d'or!", member, ALL, "raise", 0.5, 0.3) for member in ("CAN", ALL)]
    result = made_up({"d'or!": "Gold"}, name="Côte d'Ivoire!", requirements=frame_of("requirements", rows))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        path = _write(tmp_path, result)
    with zipfile.ZipFile(path) as archive:
        defined = ElementTree.fromstring(archive.read("xl/workbook.xml")).iter()
        areas = [str(one.text) for one in defined if one.get("name") == "_xlnm.Print_Area"]
    assert any(area.startswith("'CAN Côte d''Ivoire!'!$A$1:") for area in areas)
    assert any(area.startswith("'D''or!'!$A$1:") for area in areas)


def test_short_names() -> None:
    assert (
        short_name("Natural graphite by weight (powder, flakes, other forms)", 38) == "Natural graphite by weight"
    )
    assert short_name("Magnesium, unwrought, at least 99.8 %", 38) == "Magnesium, unwrought, at least 99.8 %"
    assert short_name("Cobalt mattes, intermediates, metal, powders", 20) == "Cobalt mattes…"
    assert short_name("x" * 30, 10) == "x" * 9 + "…" and short_name("Lead (ore)", 10) == "Lead (ore)"
    names = ["China", "Russia", "Hormuz", "Hormuz (crude oil)", "All outsiders"]
    assert list(abbreviations(names).values()) == ["China", "Rus", "Hormuz", "no. 4", "All"]


def test_what_a_member_must_do_in_words() -> None:
    rows = [
        required("a", "X", ALL, "none", NAN, 0.1),
        required("b", "X", ALL, "raise", 0.204, 0.2),
        *(required(good, "X", ALL, "met", 0.0, 0.2) for good in "cd"),
        required("e", "X", ALL, "unknown", NAN, NAN),
    ]
    assert tasks(rows, str.upper) == [
        "No share suffices: A (10 % today, missed from month 7).",
        "Raise the share: B from 20.0 % to 20.4 %.",
        "2 of 5 goods survive as they are; of 1 nothing can be said.",
    ]
    assert tasks(rows[2:4], str.upper)[0] == "Nothing must be built, and no share must rise."


PRINTED = 70  # per cent of the size on the screen, where the text has 10 points


@pytest.mark.parametrize("name", SHEETS)
def test_print_is_large_enough_to_read(book: Any, name: str) -> None:
    """At the scale of the sheet, or at that which fits it to one page, every printed area is no wider than paper."""
    sheet = book[name]
    widths = dict.fromkeys(range(1, 60), 9.14)
    for letter, about in sheet.column_dimensions.items():
        low = about.min or openpyxl.utils.column_index_from_string(letter)
        widths |= dict.fromkeys(range(low, (about.max or low) + 1), about.width)
    inches = {n: (7 * (width - 0.71) + 5) / 96 for n, width in widths.items()}
    scale = 100 if sheet.sheet_properties.pageSetUpPr.fitToPage else sheet.page_setup.scale or 100
    for left, _, right, _ in _areas(sheet):
        again = inches[1] if left > 1 else 0.0
        across = again + sum(inches[n] for n in range(left, right + 1))
        assert across * PRINTED / 100 < 10.5  # inches of A4 between the margins
        assert across * scale / 100 < 10.5 or sheet.sheet_properties.pageSetUpPr.fitToPage


def test_a_chart_on_a_page_of_its_own_has_rows_below_the_head(tmp_path: Path) -> None:
    labels = {f"g{n}": f"Good {n}" for n in range(30)}
    sheet = openpyxl.load_workbook(_write(tmp_path, made_up(labels)))["Summary"]
    (table,) = sheet.tables.values()
    _, first, _, last = openpyxl.utils.range_boundaries(table.ref)
    rows, chart, *_ = _areas(sheet)
    assert first < rows[3] < last and chart[1] == rows[3] + 1
    (anchor,) = [drawn.anchor._from.row for drawn in sheet._charts]
    assert last <= anchor < chart[3]


def test_tables_that_are_a_little_longer_are_printed_whole(tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": range(301)})

    def last(rows: int) -> int:
        field = sheets.Field("n", [float(n) for n in frame["n"][:rows]], "whole")
        book = output.open_book(tmp_path / "out.xlsx", "title")
        output.write_sheet(book, output.Styles(book), sheets.Sheet("N", "N", (), (field,)), made_up().meta)
        output.close_book(book, tmp_path / "out.xlsx")
        return int(_areas(openpyxl.load_workbook(tmp_path / "out.xlsx")["N"])[0][3])

    assert last(300) - last(299) == 1 and last(300) - last(301) == 150 - 1  # one note more says what is left out


def test_a_narrow_table_is_printed_with_all_of_its_notes(book: Any) -> None:
    """The notes of the change log are wider than its columns; the printed area holds them whole."""
    sheet = book["Change log"]
    area = str(sheet.print_area).split("!")[1]
    right = openpyxl.utils.range_boundaries(area)[2]
    across = sum(sheet.column_dimensions[openpyxl.utils.get_column_letter(n)].width for n in range(1, right + 1))
    notes = [str(row[0]) for row in sheet.iter_rows(min_row=2, max_row=4, values_only=True) if row[0]]
    assert right > 6 and max(measure.width(note) for note in notes) <= across


def test_lines_of_a_text() -> None:
    assert measure.wrapped("one two three", measure.width("one two") + 0.01) == ["one two", "three"]
    assert measure.lines("one two three", measure.width("one two") + 0.01) == 2
    assert measure.lines("one\ntwo", 100) == 2 and measure.lines("", 5) == 1
    assert measure.lines("m" * 100, measure.width("m" * 30)) == 4  # broken where the room ends
    assert measure.width("wide", 20) == pytest.approx(2 * measure.width("wide", 10))


def test_colours_darken_with_the_verdict_so_that_they_read_in_grey() -> None:
    def grey(colour: str) -> float:
        red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
        return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255

    shades = [grey(COLOURS[status]) for status in ("met", "shift", "raise", "build", "none")]
    steps = [lighter - darker for lighter, darker in pairwise(shades)]
    assert min(steps) > 0.05 and shades[0] - shades[-1] > 0.4
    assert shades[-1] > 0.4  # black text stays legible


def test_verdicts_name_the_cutoff_that_asks_most(book: Any) -> None:
    head, rows = _read(book["Verdicts"])
    asks = {row[0]: row[head.index("Asks most")] for row in rows}
    assert asks["Magnets, unwrought"] == "Two"  # the higher share
    assert asks["Helium, unwrought"] == "One; Two"  # neither can be survived
    assert asks["Wheat, unwrought"] is None
    sentences = {row[0]: row[head.index("Verdict")] for row in rows}
    assert sentences["Helium, unwrought"] == "No share suffices: critical demand is missed from month 7."
    rules = made_up().requirements
    assert sentences["Magnets, unwrought"] == verdict(rules.iloc[2].to_dict())
    assert len(rows) == 6 * 3


@pytest.mark.parametrize("name", ["Verdicts", "Summary", "Requirements", "CAN Canada", "Helium"])
def test_gap_is_a_formula_with_its_value(book: Any, formulas: Any, name: str) -> None:
    head, rows = _read(formulas[name])
    stored = _read(book[name])[1]
    at = {title: head.index(title) for title in ("Gap", "Least share", "Share today")}
    (table,) = formulas[name].tables.values()
    found = 0
    for row, cached in zip(rows, stored, strict=True):
        share, today = cached[at["Least share"]], cached[at["Share today"]]
        if share is None:
            assert row[at["Gap"]] is None and cached[at["Gap"]] is None
        else:
            assert row[at["Gap"]].startswith(f"=MAX(0,{table.name}[")
            assert cached[at["Gap"]] == pytest.approx(max(0, share - today), abs=1e-12)
            found += 1
    assert found or name == "Helium"


def test_what_the_solver_found_is_no_formula_and_marked(book: Any, formulas: Any) -> None:
    for name, columns in (
        ("Requirements", ("Least share", "New capacity")),
        ("Plan", ("Planned",)),
        ("Verdicts", ("Least share", "Market", "Guaranteed")),
        ("Summary", ("Least share",)),
    ):
        head = _read(formulas[name])[0]
        (table,) = formulas[name].tables.values()
        for row in formulas[name][table.ref][1:]:
            for column in columns:
                cell = row[head.index(column)]
                assert cell.data_type != "f" and cell.fill.fgColor.rgb == "FF" + SOLVED[1:]
        notes = [str(row[0]) for row in book[name].iter_rows(max_row=14, values_only=True)]
        assert any("solver output, does not recalculate" in note for note in notes), name


@pytest.mark.parametrize(
    ("name", "words", "kept"),
    [
        ("Summary", ("Verdict", "Asks most"), ("Good", "Share today", "What is measured")),
        ("CAN Canada", ("To build", "Months survived"), ("Good", "Share today", "Value of the change")),
        ("Magnets", ("To build", "In the plan"), ("Member", "Demand", "Suppliers today")),
        ("Verdicts", ("Verdict", "Month", "In the plan"), ("Member", "Gap", "Share of", "Suppliers today")),
        ("Requirements", ("Basis", "Worst set"), ("Cutoff", "Unit", "Share today")),
        ("Stress", ("Months survived", "Worst shortfall"), ("Member", "Unit")),
        ("Benchmarks", ("Needed", "In words"), ("Today", "Stands", "Source")),
    ],
)
def test_words_that_follow_from_solver_output_are_marked_and_others_are_not(
    book: Any, name: str, words: tuple[str, ...], kept: tuple[str, ...]
) -> None:
    (table,) = book[name].tables.values()
    head, *rows = book[name][table.ref]
    at = {cell.value: cell.column - 1 for cell in head}
    for title, grey in (*((word, True) for word in words), *((word, False) for word in kept)):
        assert all((row[at[title]].fill.fgColor.rgb == "FF" + SOLVED[1:]) is grey for row in rows), title


def test_sentences_above_a_table_that_follow_from_solver_output_are_marked(tmp_path: Path) -> None:
    why = frame_of("why", [{"good": "magnets", "member": ALL, "cutoff": ALL, "text": "As it is."}])
    book = openpyxl.load_workbook(_write(tmp_path, made_up(why=why)))
    looks = {}
    for name in ("Cover", "Summary", "Magnets"):
        for row in book[name].iter_rows(max_row=30, max_col=2):
            looks |= {str(cell.value): cell.fill.fgColor.rgb == "FF" + SOLVED[1:] for cell in row if cell.value}

    def marked(text: str) -> bool:
        return next(look for said, look in looks.items() if text in said)

    for text in ("Why: As it is.", "Of 6 goods", "1 of 6 goods"):
        assert marked(text), text
    for text in ("About the data: Metal only.", "Least share of each good", "Two against a cutoff"):
        assert not marked(text), text
    assert any(
        str(row[0].value).startswith("On grey: solver output") for row in book["Cover"].iter_rows(max_col=1)
    )


def test_nothing_links_outside(tmp_path: Path) -> None:
    path = _write(tmp_path, made_up(dict(zip("abcdefgh", HOSTILE, strict=False))))
    with zipfile.ZipFile(path) as archive:
        assert not [name for name in archive.namelist() if "externalLink" in name]
        assert not any(b'TargetMode="External"' in archive.read(name) for name in archive.namelist())


def _stored(cell: Any) -> str:
    """The text of a cell; the format itself writes a literal ``_x0041_`` as ``_x005F_x0041_``."""
    assert cell.data_type == "s", f"{cell.coordinate} is not text"
    return str(cell.value).replace("_x005F_", "_")


def test_hostile_text_is_text_wherever_it_stands(tmp_path: Path) -> None:
    labels = {f"g{n}": text for n, text in enumerate(HOSTILE)}
    members = {f"M{n:02}": text for n, text in enumerate(HOSTILE)}
    findings = [{"severity": "info", "table": text, "column": text, "message": text} for text in HOSTILE]
    requirements = [required(good, ALL, ALL, "raise", 0.5, 0.3) for good in labels]
    requirements += [required("g0", member, ALL, "raise", 0.5, 0.3) for member in members]
    meta = {"members": members, "description": "\n".join(HOSTILE), "notes": labels, "region_name": HOSTILE[0]}
    meta["cutoffs"] = [{**made_up().meta["cutoffs"][0], "name": text} for text in HOSTILE]
    frames = {"findings": frame_of("findings", findings), "requirements": frame_of("requirements", requirements)}
    path = _write(tmp_path, made_up(labels, meta=meta, **frames))
    with zipfile.ZipFile(path) as archive:
        for part in archive.namelist():
            ElementTree.fromstring(archive.read(part))
    book = openpyxl.load_workbook(path)
    for name, column in (("Findings", 5), ("Summary", 1)):
        last = book[name].max_row
        cells = [book[name].cell(row, column) for row in range(last - len(HOSTILE) + 1, last + 1)]
        assert [_stored(cell) for cell in cells] == [clean(text) for text in HOSTILE]
    for sheet in book.worksheets[1:]:
        (table,) = sheet.tables.values()
        head = [cell.value for cell in sheet[table.ref][0]]
        assert [column.name for column in table.tableColumns] == head
        assert len({name.lower() for name in head}) == len(head) and max(map(len, head)) <= 255


@pytest.mark.parametrize("title", ["=1+1 & more", "\x01 odd \ud800", LONG])
def test_a_hostile_title_is_shown_everywhere(tmp_path: Path, title: str) -> None:
    path = _write(tmp_path, made_up({"magnets": "Magnets"}, meta={"title": title, "case": title}))
    with zipfile.ZipFile(path) as archive:
        for part in archive.namelist():
            ElementTree.fromstring(archive.read(part))
    book = openpyxl.load_workbook(path)
    assert _stored(book["Cover"]["A1"]) == clean(title)
    assert _stored(book["Summary"]["A1"]) == clean(f"Summary: {title}")
    for sheet in book:
        assert len(sheet.oddHeader.left.text) < 255
        assert title[:4].replace("\x01", "\ufffd") in sheet.oddHeader.left.text


def test_an_ampersand_in_a_title_is_printed(tmp_path: Path) -> None:
    path = _write(tmp_path, made_up({"magnets": "Magnets"}, meta={"title": "Iron & Dust"}))
    with zipfile.ZipFile(path) as archive:
        assert b"Iron &amp;&amp; Dust" in archive.read("xl/worksheets/sheet2.xml")


def test_text_beyond_the_limit_of_a_cell_says_that_it_is_cut() -> None:
    assert clean("x" * 32_767) == "x" * 32_767
    cut = clean("🧲" * 40_000)
    assert len(cut.encode("utf-16-le")) <= 2 * 32_767
    assert cut.endswith("(cut here; 40,000 characters in all)")
    assert clean("a\x00b\ud800\r\nc\uffff") == "a\ufffdb\ufffd\nc\ufffd"


def test_number_formats_follow_the_unit(book: Any) -> None:
    def formats(sheet: str, column: str) -> set[str]:
        head = _read(book[sheet])[0]
        (table,) = book[sheet].tables.values()
        cells = [row[head.index(column)] for row in book[sheet][table.ref][1:]]
        return {cell.number_format for cell in cells if isinstance(cell.value, (int, float, str))}

    assert formats("Requirements", "Least share") == {"0.0 %"}
    assert formats("Verdicts", "Gap") == {"0.0 %"}
    assert formats("Stress", "Worst shortfall") == {"0.0 %"}
    assert formats("Benchmarks", "Limit") == {"0.0 %", "#,##0.0"}  # shares, and days of oil
    assert formats("Plan", "Baseline") == {"#,##0"}
    assert formats("Data", "Year") == {"0"}
    assert formats("Data", "Factor") == {"#,##0.00"}
    assert formats("Checks", "Found") == {"0.0000 %", "0.0000000", "0.000000", "0.0"} == formats("Checks", "Limit")
    small = frame_of("plan", [{"good": "magnets", "member": "CAN", "supplier": "USA", "baseline": 0.5}])
    assert sheets.result_sheet(made_up(plan=small), "plan").fields[4].number_format(0) == "#,##0.000"
    every = {c.number_format for s in book for row in s.iter_rows() for c in row if c.value is not None}
    assert not [form for form in every if "E" in form.replace("General", "")]


@pytest.mark.parametrize("name", SHEETS)
def test_sheets_are_set_up_for_screen_and_printer(book: Any, name: str) -> None:
    sheet = book[name]
    assert len(name) <= 31 and sheet["A1"].value and not sheet.merged_cells.ranges
    page = sheet.page_setup
    assert (page.orientation, page.paperSize) == ("landscape", 9)
    fitted = sheet.sheet_properties.pageSetUpPr is not None and sheet.sheet_properties.pageSetUpPr.fitToPage
    if name == "Summary" or len(_areas(sheet)) > 1:
        assert not fitted and 60 <= page.scale <= 100  # areas side by side have one scale
    else:
        assert fitted and page.fitToWidth in (None, 1)
        assert page.fitToHeight in ((None, 1) if name in ("Cover", "Contents", *PAGES) else (0,))
    assert "&P" in sheet.oddFooter.right.text and sheet.oddHeader.left.text.endswith("Two against a cutoff")
    if name != "Cover":
        (table,) = sheet.tables.values()
        first = int(re.sub(r"\D", "", table.ref.split(":")[0]))
        known = {"Data": "t_balance", "Change log": "t_changes", **dict(zip(PAGES, PAGE_TABLES, strict=True))}
        assert table.autoFilter is not None and table.name == known.get(name, f"t_{name.lower()}")
        assert sheet.freeze_panes == f"B{first + 1}"
        assert sheet.print_title_rows == f"${first}:${first}"
        assert sheet.cell(first, 1).font.b


def test_cover_says_what_the_case_is_and_what_it_is_not(book: Any) -> None:
    lines = {row[0].value: row[1].value for row in book["Cover"].iter_rows() if row[0].value}
    assert lines["Members"] == "Canada, Germany"
    assert lines["Region"] == "Two: Canada, Germany, Australia (counts 50 %)"
    assert "70 %" in lines["Cutoff: One"] and "all other suppliers" in lines["Cutoff: Two"]
    assert "two.toml" in lines["Case file"] and "0123456789abcdef" in lines["Case file"]
    assert "1,234" in lines["Certificate"] and "0.000000001 " in lines["Certificate"]
    assert lines["Horizon in months"] == "12" and lines["Critical share of demand"] == "85 %"
    assert lines["build"].startswith("New capacity is needed, and mostly a higher share: 1 of 6 goods – Magnets")
    assert "planned" in lines["A coordinated plan"]
    assert "Checks" in lines


def test_contents_lead_to_every_sheet(book: Any) -> None:
    links = [cell.hyperlink.location for row in book["Contents"].iter_rows() for cell in row if cell.hyperlink]
    assert links == [f"'{name}'!A1" for name in SHEETS[2:]]
    head, rows = _read(book["Contents"])
    assert head == ["Sheet", "What it holds", "Part", "Rows"] and all(row[1] for row in rows)
    parts = {row[0]: row[2] for row in rows}
    assert (parts["Summary"], parts["Magnets"], parts["Change log"]) == ("Answer", "Answer", "Evidence")
    assert parts["Verdicts"] == parts["Findings"] == "Annex"
    counted = {row[0]: row[3] for row in rows}
    assert counted["Requirements"] == len(made_up().requirements) and counted["Change log"] == 0


def test_cover_names_the_goods_whose_assumption_differs(tmp_path: Path) -> None:
    rows = [("magnets", "0.9"), ("wheat", "0.8"), ("helium", "0.9"), ("lng", "0.7")]
    used = [{"good": good, "parameter": "critical_share", "value": value} for good, value in rows]
    kinds = {"magnets": "military", "helium": "military", "wheat": "food", "lng": "military"}
    result = made_up(assumptions=frame_of("assumptions", used), meta={"categories": kinds})
    sheet = openpyxl.load_workbook(_write(tmp_path, result))["Cover"]
    lines = {row[0]: row[1] for row in sheet.iter_rows(values_only=True)}
    shown = "90 % (Magnets, unwrought; Helium, unwrought); 80 % (food); 70 % (Lng, unwrought)"
    assert lines["Critical share of demand"] == shown


def test_description_is_shown_where_there_is_one(tmp_path: Path) -> None:
    path = _write(tmp_path, made_up(meta={"description": "Why\nwe ask."}))
    rows = openpyxl.load_workbook(path)["Cover"].iter_rows(values_only=True)
    assert ("Description", "Why we ask.") in [row[:2] for row in rows]


@pytest.mark.parametrize("empty", [["capacity"], [name for name in TABLES if name != "requirements"]])
def test_an_empty_table_says_so(tmp_path: Path, empty: list[str]) -> None:
    book = openpyxl.load_workbook(_write(tmp_path, made_up(**{name: frame_of(name, []) for name in empty})))
    for name in TABLES:
        sheet = book[_sheet_of(name)]
        notes = [str(row[0]) for row in sheet.iter_rows(max_row=8, values_only=True)]
        assert any(note.startswith("This table is empty") for note in notes) == (name in empty), name
        _, rows = _read(sheet)
        if name in empty:
            assert len(rows) == 1 and set(rows[0]) == {None}


@pytest.mark.parametrize(("goods", "members"), [(1, 1), (40, 10)])
def test_any_number_of_goods_and_members(tmp_path: Path, goods: int, members: int) -> None:
    labels = {f"g{n}": f"Good {n}" for n in range(goods)}
    names = {f"M{n:02}": f"Member {n}" for n in range(members)}
    rows = [required(g, m, ALL, "raise", 0.5, 0.3) for g in labels for m in (*names, ALL)]
    result = made_up(labels, requirements=frame_of("requirements", rows), meta={"members": names})
    head, rows_read = _read(openpyxl.load_workbook(_write(tmp_path, result))["Summary"])
    assert len(rows_read) == goods and len(head) == 11 + members
    cell = "raise +20 pp: 30 / 50 %\nm –, g –, month 7"
    assert {shown for row in rows_read for shown in row[11:]} == {cell}


def test_the_same_result_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one.xlsx", tmp_path / "two.xlsx"
    write_workbook(made_up(), one)
    write_workbook(made_up(), two)
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as archive:
        assert {entry.date_time[:3] for entry in archive.infolist()} == {(1980, 1, 31)}
        times = re.findall(r">(\d{4}-[^<]*)<", archive.read("docProps/core.xml").decode())
    assert times == ["2000-01-01T00:00:00Z"] * 2  # the clock is in none of the parts


def test_a_file_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "missing").write_text("a file where a folder is wanted")
    with pytest.raises(InputError, match=r"out.xlsx: the workbook cannot be written \(.+\)"):
        write_workbook(made_up(), tmp_path / "missing" / "out.xlsx")


def test_short_verdict_shows_a_small_rise() -> None:
    row = {"status": "raise", "share": 0.27204, "share_today": 0.27045, "gap": 0.00159}
    assert short_verdict(row) == ("raise +0.2 pp", ": 27.0 / 27.2 %")
    others = {"market": 0.3, "guaranteed": NAN}
    assert short_verdict(row, others)[1] == ": 27.0 / 27.2 %\nm 30 %, g –"
    others = {"market": 0.3, "guaranteed": 0.4}
    assert short_verdict(row, others, "Two")[1] == ": 27.0 / 27.2 %\nm 30, g 40 %, Two"
    assert "from 27.0 % to 27.2 %" in verdict({**row, "scope": "consumption"})


def test_a_verdict_says_what_only_a_higher_share_would_spare() -> None:
    row = {"status": "shift", "share": 0.44, "share_today": 0.47, "scope": "imports", "unit": "kUSD"}
    sentence = "Today's regional share of 47 % of imports can stay, but other suppliers must change. "
    sentence += "A surviving plan needs at least 44 % of imports."
    assert verdict({**row, "new_capacity": 0.0}) == sentence
    more = " With no more than today's share, 1,360 kUSD a year must be built; only a higher share needs none."
    assert verdict({**row, "new_capacity": 1363.8}) == sentence + more
    rises = verdict({**row, "status": "raise", "share": 0.5, "new_capacity": 20.0})
    assert rises.endswith(
        " With no more than 50 %, 20.0 kUSD a year must be built; only a higher share needs none."
    )
    built = verdict({**row, "status": "build", "share": 0.5, "new_capacity": 20.0})
    assert built.endswith("to 50 % of imports, and 20.0 kUSD a year of new capacity must be built first.")
