"""Writes the form of a case: its numbers and balances as a workbook that others fill in and send back.

Columns, units, ranges and words come from :mod:`resilience.schema` and the parameters' declarations; how a value
stands in a cell from :mod:`resilience.inputs.form`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from xlsxwriter.utility import xl_rowcol_to_cell

from resilience.inputs.balance import year_of
from resilience.inputs.case import Case
from resilience.inputs.form import (
    CASE_FILE,
    CUTOFF_HEADINGS,
    DATA_SET,
    ENDS,
    ENTRIES,
    FILLED_IN,
    NEW,
    NO,
    NO_LIMIT,
    ROWS_OF_BALANCES,
    START,
    YES,
    cutoff_cells,
    data_set_cell,
    entry_cell,
    lines,
    show,
    why_no_range,
)
from resilience.inputs.parameters import Parameter
from resilience.output.workbook import DARK, FAINT, RULE, Styles, clean, close_book, open_book, set_up_page
from resilience.output.workbook import _height as row_height
from resilience.schema import CATEGORIES, FIGURES, FORM, INPUTS, STATUSES, Column

FILL = "#FFF4DC"  # of cells to be filled in
LOCKED = "#F2F2F2"
SPARE_ROWS = {"Assumptions": 12, "Cutoffs": 6, "Balances": 12}
WIDTHS = {
    "Case": (19, 48, 38, 38),
    "Assumptions": (32, 30, 11, 12, 7, 9, 10, 36, 10, 9, 9, 26, 13, 11),
    "Cutoffs": (26, 30, 22, 22, 8, 9, 8, 10, 11, 34, 14, 11),
    "Balances": (20, 22, 9, 7, 7, 14, 14, 14, 14, 10, 44, 11, 30),
}
FIGURE_COLUMNS = {  # which stand to the right even where they hold a word
    "Assumptions": ("Least", "Most", "In the case", NEW, *ENDS.values()),
    "Balances": tuple(name.capitalize() for name in FIGURES),
}
MOST_TITLE, MOST_MESSAGE = 32, 255  # characters of what Excel says about a cell
CELL = "{cell}"
RIGHT = {"align": "right", "indent": 1, "text_wrap": False}
UPWARDS = 1  # folders up from the form in which the case file is still named by its way


@dataclass
class _Page:
    """One sheet as it is written: its rows by heading, the validation of single cells, and those that are not
    filled in though their column is."""

    name: str
    notes: tuple[str, ...]
    rows: list[dict[str, Any]] = field(default_factory=list)
    checks: dict[tuple[int, str], dict[str, Any]] = field(default_factory=dict)
    closed: set[tuple[int, str]] = field(default_factory=set)


def write_form(case: Case, path: str | Path, *, goods: Sequence[str] = (), members: Sequence[str] = ()) -> None:
    """Write the form of a case; the same case gives the same bytes.

    The sheet Balances has the rows of ``goods`` (by default those of the case and what goes into them) and
    ``members`` (by default the case's). Raises :class:`~resilience.errors.InputError` if the file cannot be
    written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    balances = _balances_page(case, goods or case.all_goods, members or case.members)
    pages = [_case_page(case, path, balances), _assumptions_page(case), _cutoffs_page(case), balances]
    meta = {
        "title": case.file.title,
        "case": case.file.path.name,
        "case_hash": case.file.fingerprint,
        "document": case.file.document,
    }
    book = open_book(path, f"Inputs: {case.file.title}")
    styles = Styles(book)
    _write_start(book, styles, pages, meta)
    for page in pages:
        _write_page(book, styles, page, meta)
    close_book(book, path)


def case_reference(case_file: Path, form: Path) -> str:
    """How a form names its case file: the way there if both lie close together, else the file's name alone."""
    try:
        way = Path(os.path.relpath(case_file.resolve(), form.resolve().parent))
    except ValueError:  # another drive
        return case_file.name
    near = way.parts.count("..") <= UPWARDS
    return way.as_posix() if near else case_file.name


def _case_page(case: Case, path: Path, balances: _Page) -> _Page:
    page = _Page("Case", ("The rest of the case file (substitutes, content and the like) stays as it is.",))
    page.rows.append(
        {
            "Name": CASE_FILE,
            "What it is": "the case file from which this form was made; cannot be changed here",
            "In the case": case_reference(case.file.path, path),
        }
    )
    page.rows.append(
        {
            "Name": DATA_SET,
            "What it is": "the data set and its fingerprint; cannot be changed here",
            "In the case": data_set_cell(case.data),
        }
    )
    for entry in ENTRIES.values():
        cell = entry_cell(case.file.raw, entry)
        page.rows.append({"Name": entry.name, "What it is": entry.meaning, "In the case": cell})
        row = len(page.rows) - 1
        if entry.kind == "flag":
            page.checks[row, NEW] = _choice((YES, NO))
        elif entry.name == "year":
            page.checks[row, NEW] = _range("integer", 1900, 2200, "year", "a calendar year")
    for name, column in ROWS_OF_BALANCES.items():
        page.rows.append(
            {
                "Name": name,
                "What it is": f"{name.partition('.')[2]} of the sheet Balances; cannot be changed here",
                "In the case": "; ".join(dict.fromkeys(str(row[column]) for row in balances.rows)),
            }
        )
    fixed = (CASE_FILE, DATA_SET, *ROWS_OF_BALANCES)
    page.closed |= {(row, NEW) for row, cells in enumerate(page.rows) if cells["Name"] in fixed}
    return page


def _assumptions_page(case: Case) -> _Page:
    page = _Page(
        "Assumptions",
        (
            "Fill in only what you change, and say where it comes from. For a number of one good or category use "
            "a blank row at the end, with a name such as response.stock_months.food or "
            "goods_override.wheat.stock_months.",
        ),
    )
    present = [name for name in CATEGORIES if name in {case.category(good) for good in case.goods}]
    for line in lines(case.file.raw, present):
        least, most = _ends(line.parameter)
        page.rows.append(
            {
                "Name": line.name,
                "What it is": line.parameter.meaning,
                "For": line.applies_to,
                "Unit": line.parameter.unit,
                "Least": least,
                "Most": most,
                "In the case": show(line.parameter.kind, line.value),
                "Ground in the case": line.ground,
            }
        )
        row = len(page.rows) - 1
        check = _check_of(line.parameter)
        ranged = why_no_range(line.name, line.parameter) is None
        if check is not None:
            page.checks |= {(row, column): check for column in (NEW, *(ENDS.values() if ranged else ()))}
        if not ranged:
            page.closed |= {(row, column) for column in ENDS.values()}
    return page


def _ends(parameter: Parameter) -> tuple[Any, Any]:
    if parameter.kind not in ("number", "months"):
        return "", ""
    return parameter.least, NO_LIMIT if math.isinf(parameter.most) else parameter.most


def _cutoffs_page(case: Case) -> _Page:
    names = "; ".join(name for name in case.groups)
    page = _Page("Cutoffs", (f"Coalitions of the data set: {names}.",))
    for number, item in enumerate(case.file.raw["cutoffs"], start=1):
        cells = cutoff_cells(item, number)
        page.rows.append({CUTOFF_HEADINGS[key]: cell for key, cell in cells.items()})
    return page


def _balances_page(case: Case, goods: Sequence[str], members: Sequence[str]) -> _Page:
    page = _Page(
        "Balances",
        (
            "Write over a figure, or fill in one that is blank, in the unit of the row; clear it if it is "
            "unknown. Every new figure needs its status and source. Capacity: what it can sell to the members.",
        ),
    )
    about = case.data.goods.set_index("good")
    balances = case.data.balances.set_index(["good", "country", "year"])
    for good in goods:
        year = year_of(good, case.data, case.file.year)
        for country in members if year is not None else ():
            row: dict[str, Any] = {
                "Good": good,
                "Label": about.at[good, "label"],
                "Country": country,
                "Year": year,
            }
            row["Unit"] = about.at[good, "unit"]
            key = (good, country, year)
            if key in balances.index:
                figures = balances.loc[key]
                row |= {name.capitalize(): figures[name] for name in (*FIGURES, "status", "source")}
            page.rows.append(row)
    return page


# What Excel checks of a cell.


def _check_of(parameter: Parameter) -> dict[str, Any] | None:
    if parameter.kind == "flag":
        return _choice((YES, NO))
    if parameter.kind == "profile":
        return None
    if not math.isinf(parameter.most):
        kind = "integer" if parameter.kind == "months" else "decimal"
        return _range(kind, parameter.least, parameter.most, parameter.name, parameter.unit)
    return _custom(
        f'OR(AND(ISNUMBER({CELL}),{CELL}>={parameter.least!r}),{CELL}="{NO_LIMIT}")',
        parameter.name,
        f'Enter a number of at least {parameter.least:g} ({parameter.unit}), or "{NO_LIMIT}".',
    )


def _range(kind: str, least: float, most: float, name: str, unit: str) -> dict[str, Any]:
    word = "whole number" if kind == "integer" else "number"
    return _said(
        {"validate": kind, "criteria": "between", "minimum": least, "maximum": most},
        name,
        f"Enter a {word} from {least:g} to {most:g} ({unit}), with nothing beside it.",
    )


def _choice(words: Sequence[str]) -> dict[str, Any]:
    return _said({"validate": "list", "source": list(words)}, "Choose", f"Choose one of: {', '.join(words)}.")


def _custom(formula: str, name: str, message: str) -> dict[str, Any]:
    """A check by formula, in which CELL stands for the cell."""
    return _said({"validate": "custom", "value": formula}, name, message)


def _said(check: dict[str, Any], title: str, message: str) -> dict[str, Any]:
    words = {"error_title": title[:MOST_TITLE], "error_message": message[:MOST_MESSAGE]}
    return check | words


def _column_check(page: str, column: Column) -> dict[str, Any] | None:
    """What holds for a whole column."""
    name = column.name
    if name == "New status":
        return _choice(STATUSES)
    if column.choices:
        return _choice(column.choices)
    if page == "Balances" and column.kind in ("amount", "number") and name.lower() in INPUTS["balances"].names:
        if column.kind == "amount":
            check = {"validate": "decimal", "criteria": ">=", "value": 0}
            message = (
                "Enter a number, zero or more, in the unit of the row, without a unit or thousands separator. "
            )
            return _said(check, name, message + "Leave it blank if it is unknown.")
        check = {"validate": "decimal", "criteria": ">=", "value": -1e15}
        return _said(check, name, "Enter a number in the unit of the row. Leave it blank if it is unknown.")
    if page == "Cutoffs" and name == "Fraction":
        formula = f"OR(ISTEXT({CELL}),AND(ISNUMBER({CELL}),{CELL}>=0,{CELL}<=1))"
        return _custom(formula, name, "Enter a number from 0 to 1, or parts such as KOR = 0.6; default = 1.")
    if page == "Cutoffs" and column.unit in ("month", "months", "suppliers"):
        return _range("integer", 1, 1200 if column.unit != "suppliers" else 300, name, column.unit)
    return None


# Writing.


def _write_page(book: Any, styles: Styles, page: _Page, meta: Mapping[str, Any]) -> None:
    table = FORM[page.name]
    widths = WIDTHS[page.name]
    sheet = book.add_worksheet(page.name)
    for n, width in enumerate(widths):
        sheet.set_column(n, n, width)
    sheet.hide_gridlines(2)
    sheet.write_string(0, 0, table.title, styles(bold=True, font_size=14, font_color=DARK))
    top = 1
    for note in (table.note, *page.notes):
        look = styles(font_color=FAINT, text_wrap=True)
        sheet.merge_range(top, 0, top, len(widths) - 1, clean(note), look)
        sheet.set_row(top, row_height([(note, sum(widths))]))
        top += 1
    rows = [*page.rows, *[{} for _ in range(SPARE_ROWS.get(page.name, 0))]]
    last = top + max(len(rows), 1)
    head = {"bold": True, "font_color": "#FFFFFF", "text_wrap": True, "valign": "vcenter", "border": 1}
    columns = []
    for column in table.columns:
        filled = column.name in FILLED_IN[page.name]
        look = styles(**head, border_color="#FFFFFF", bg_color=DARK if filled else "#7F8FA9")
        columns.append({"header": column.name, "header_format": look})
    name = f"form_{page.name.lower()}"
    sheet.add_table(top, 0, last, len(widths) - 1, {"name": name, "columns": columns, "style": None})
    sheet.set_row(top, 30)
    for n, column in enumerate(table.columns):
        unit = f" Unit: {column.unit}." if column.unit else ""
        text = f"{column.meaning[:1].upper()}{column.meaning[1:]}.{unit}"
        size = {"x_scale": 1.6, "y_scale": 0.3 + 0.22 * (1 + len(text) // 32)}
        sheet.write_comment(top, n, text, {"font_name": "Calibri", "font_size": 9, "author": "", **size})
    for index, cells in enumerate(rows):
        row = top + 1 + index
        spare = index >= len(page.rows)
        for n, column in enumerate(table.columns):
            unlocked = (index, column.name) not in page.closed and _unlocked(page.name, column, spare)
            _write_cell(sheet, styles, row, n, cells.get(column.name, ""), page.name, column, unlocked)
        texts = [(str(cells.get(column.name, "")), widths[n]) for n, column in enumerate(table.columns)]
        sheet.set_row(row, row_height(texts))
        for n, column in enumerate(table.columns):
            check = page.checks.get((index, column.name))
            if check is not None:
                _add_check(sheet, row, n, row, check)
    for n, column in enumerate(table.columns):
        check = _column_check(page.name, column)
        if check is not None:
            _add_check(sheet, top + 1, n, last, check)
    sheet.freeze_panes(top + 1, 1)
    sheet.repeat_rows(top)
    sheet.print_area(0, 0, last, len(widths) - 1)
    sheet.protect("", {"sort": True, "autofilter": True, "format_columns": True, "format_rows": True})
    set_up_page(sheet, page.name, meta)
    if page.name == "Case":
        sheet.fit_to_pages(1, 1)


def _add_check(sheet: Any, first: int, column: int, last: int, check: Mapping[str, Any]) -> None:
    options = dict(check)
    if options["validate"] == "custom":
        cell = xl_rowcol_to_cell(first, column)
        options["value"] = "=" + options["value"].replace(CELL, cell)
    sheet.data_validation(first, column, last, column, options)


def _unlocked(page: str, column: Column, spare: bool) -> bool:
    fixed = column.name in ("Status", "Source", "Label", "Unit") and page == "Balances"
    return column.name in FILLED_IN[page] or (spare and not fixed)


def _write_cell(
    sheet: Any, styles: Styles, row: int, n: int, value: Any, page: str, column: Column, unlocked: bool
) -> None:
    look: dict[str, Any] = {"border": 1, "border_color": RULE, "text_wrap": True}
    look |= {"bg_color": FILL, "locked": False} if unlocked else {"bg_color": LOCKED}
    if column.name in FIGURE_COLUMNS.get(page, ()):
        look |= RIGHT
    if isinstance(value, str):
        style = styles(**look)
        sheet.write_string(row, n, clean(value), style) if value else sheet.write_blank(row, n, None, style)
    elif value is None or pd.isna(value):
        sheet.write_blank(row, n, None, styles(**look))
    else:
        form = "0" if column.kind == "year" else "General"
        if column.name in FIGURE_COLUMNS["Balances"] and page == "Balances":
            form = "#,##0" if float(value).is_integer() else "#,##0.######"
        side = {"align": "left"} if page == "Case" else RIGHT
        sheet.write_number(row, n, value, styles(num_format=form, **(look | side)))


def _write_start(book: Any, styles: Styles, pages: Sequence[_Page], meta: Mapping[str, Any]) -> None:
    sheet = book.add_worksheet(START)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 104)
    sheet.hide_gridlines(2)
    sheet.write_string(0, 0, clean(f"Inputs: {meta['title']}"), styles(bold=True, font_size=18, font_color=DARK))
    rule = {"bold": True, "font_size": 12, "font_color": DARK, "bottom": 1, "bottom_color": DARK}
    row = 1
    for title, entries in _start_texts(pages, meta):
        row += 1
        sheet.write_string(row, 0, title, styles(**rule))
        sheet.write_blank(row, 1, None, styles(**rule))
        for name, text in entries:
            row += 1
            if name in FORM:
                sheet.write_url(row, 0, f"internal:'{name}'!A1", styles(font_color="#0563C1", underline=1), name)
            elif name in ("Fill in", "Leave"):
                look = {"bg_color": FILL if name == "Fill in" else LOCKED, "border": 1, "border_color": RULE}
                sheet.write_string(row, 0, name, styles(bold=True, **look))
            else:
                sheet.write_string(row, 0, name, styles(bold=True))
            sheet.write_string(row, 1, clean(text), styles(text_wrap=True))
            sheet.set_row(row, row_height([(text, 110)]) + 2)
        row += 1
    sheet.print_area(0, 0, row, 1)
    sheet.protect("")
    set_up_page(sheet, START, meta)


def _start_texts(pages: Sequence[_Page], meta: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    purposes = [(page.name, FORM[page.name].note) for page in pages]
    return [
        (
            "How to fill it in",
            [
                ("Fill in", "Cells of this colour are yours. Whatever you leave as it is changes nothing."),
                ("Leave", "Cells of this colour say what stands today; they are locked, without a password."),
                (
                    "Numbers",
                    "Enter numbers as numbers, without units or thousands separators. A share is a number from 0 "
                    "to 1: 0.9 or 90%. Blank means unknown, never zero.",
                ),
                (
                    "Where from",
                    "Every new number needs its source; of a figure on the sheet Balances also its status: "
                    "observed (measured or reported), estimated, or assumed. If you know them, say as well who "
                    "answers for a number, how sure it is, and between which ends it plausibly lies.",
                ),
                ("Help", "Point at the head of a column to read what belongs there."),
                ("Save", "Save as Excel Workbook (.xlsx), without macros, and send it back."),
            ],
        ),
        ("The sheets", purposes),
        (
            "What happens then",
            [
                (
                    "Taking it back",
                    f"resilience check {meta['case']} --inputs FILE.xlsx names every cell that does not fit and "
                    "every change; resilience run does the same and computes. The case file and the data set stay "
                    "as they are. No formula, macro or link in this workbook is run or followed.",
                ),
            ],
        ),
    ]
