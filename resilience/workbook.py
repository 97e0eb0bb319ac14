"""The result as an Excel workbook: cover, summary, verdicts and one sheet a table.

Every sheet but the cover holds one native Excel table, described in :mod:`resilience.sheets`. Numbers the solver
found are values; only the gap is a formula, stored with its value. Text is always written as text, whatever it
begins with.
"""

from __future__ import annotations

import datetime
import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import xlsxwriter

from resilience import words
from resilience.bars import SCALE, bars_png
from resilience.errors import Finding, InputError
from resilience.results import Result
from resilience.sheets import (
    FORBIDDEN,
    SHEETS,
    Bars,
    Field,
    Gap,
    Mark,
    Sheet,
    missing,
    result_sheet,
    sheet_names,
    short,
    summary_sheet,
    table_name,
    verdicts_sheet,
)

MOST_ROWS = 1_048_576
MOST_CHARACTERS = 32_767  # of a cell, counted in UTF-16 units
CREATED = datetime.datetime(2000, 1, 1)  # fixed, so that the same result gives the same bytes
DARK, RULE, FAINT = "#1F3864", "#BFBFBF", "#595959"
COLOURS = {  # from pale blue to dark orange: in grey, too, each verdict is darker than the one before
    "met": "#F1F7FC",
    "shift": "#C9DEF2",
    "raise": "#FBCF9D",
    "build": "#EE9F55",
    "none": "#CC6A2E",
    "unknown": "#FFFFFF",
}
INFINITE = {math.inf: "infinite", -math.inf: "minus infinite"}


def write_workbook(result: Result, path: Path) -> None:
    """Write the workbook of a result; the same result gives the same bytes.

    Raises :class:`~resilience.errors.InputError` if a table does not fit on a sheet of Excel, or if the file
    cannot be written.
    """
    sheets = [summary_sheet(result), verdicts_sheet(result)]
    sheets += [result_sheet(result, table_name(name)) for name in sheet_names(result)[3:]]
    for sheet in sheets:
        if len(sheet) > MOST_ROWS - 100:
            text = f"{len(sheet):,} rows do not fit on a sheet of Excel; write a folder of CSV files instead"
            raise InputError([Finding("error", table_name(sheet.name), None, None, text)])
    book = open_book(path, result.meta["title"])
    styles = Styles(book)
    names = {name: SHEETS[name] for name in sheet_names(result)}
    write_cover(book, styles, words.cover(result.meta, result.tables), names, result.meta)
    for sheet in sheets:
        write_sheet(book, styles, sheet, result.meta)
    close_book(book, path)


def open_book(path: Path, title: str) -> Any:
    """A new workbook in which text stays text."""
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": short(title, 200), "created": CREATED})
    return book


def close_book(book: Any, path: Path) -> None:
    """Write the file; raises :class:`~resilience.errors.InputError` if it cannot be written."""
    try:
        book.close()
    except xlsxwriter.exceptions.FileCreateError as error:
        reason = getattr(error.args[0], "strerror", None) or "unknown reason"
        text = f"the workbook cannot be written ({reason}); close it if it is open in Excel"
        raise InputError([Finding("error", path.name, None, None, text)]) from error


def clean(text: object) -> str:
    """The text as a cell can hold it: forbidden characters become �, a text too long says that it is cut."""
    whole = FORBIDDEN.sub("\ufffd", str(text).replace("\r\n", "\n").replace("\r", "\n"))
    units = whole.encode("utf-16-le")
    if len(units) <= 2 * MOST_CHARACTERS:
        return whole
    tail = f" … (cut here; {len(whole):,} characters in all)"
    return units[: 2 * (MOST_CHARACTERS - len(tail))].decode("utf-16-le", "ignore") + tail


class Styles:
    """Cell formats, each made once."""

    def __init__(self, book: Any):
        self._book = book
        self._made: dict[tuple[tuple[str, Any], ...], Any] = {}

    def __call__(self, **properties: Any) -> Any:
        """The format with these properties."""
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            basis = {"font_name": "Calibri", "font_size": 10, "valign": "top"}
            self._made[key] = self._book.add_format(basis | properties)
        return self._made[key]

    def verdict(self, status: str, **properties: Any) -> Any:
        """The cell of a verdict; unknown is grey italic on white."""
        unsure = {"italic": True, "font_color": FAINT} if status == "unknown" else {}
        colour = COLOURS.get(status, "#FFFFFF")
        frame = {"bg_color": colour, "border": 1, "border_color": RULE}
        return self(text_wrap=True, align="left", indent=1, **frame, **unsure, **properties)


def write_sheet(book: Any, styles: Styles, sheet: Sheet, meta: Mapping[str, Any]) -> None:
    """Title, notes, meanings and units of the columns, then the table; set up for screen and printer."""
    page = book.add_worksheet(sheet.name)
    widths = [field.width() for field in sheet.fields]
    for n, width in enumerate(widths):
        page.set_column(n, n, width)
    page.write_string(0, 0, clean(sheet.title), styles(bold=True, font_size=14, font_color=DARK))
    lines = [
        line
        for note in sheet.notes
        for line in textwrap.wrap(clean(note), int(sum(widths[: sheet.printed]) * 0.95))
    ]
    for n, line in enumerate(lines):
        page.write_string(1 + n, 0, line, styles(font_color=FAINT))
    top = len(lines) + 1
    if any(field.meaning for field in sheet.fields):
        small = {"font_size": 8, "font_color": FAINT, "text_wrap": True, "valign": "bottom"}
        for n, field in enumerate(sheet.fields):
            page.write_string(top, n, field.meaning, styles(**small, **field.align))
            if field.unit:
                page.write_string(top + 1, n, field.unit, styles(italic=True, **small, **field.align))
        for texts in ([field.meaning for field in sheet.fields], [field.unit for field in sheet.fields]):
            page.set_row(top, _height(zip(texts, (1.25 * width - 1 for width in widths), strict=True), 11.5))
            top += 1
    head = {"bold": True, "font_color": "#FFFFFF", "bg_color": DARK, "text_wrap": True, "valign": "vcenter"}
    last = top + max(len(sheet), 1)
    columns = [
        {"header": short(field.heading, 200), "header_format": styles(**head, **({"indent": 2} | field.align))}
        for field in sheet.fields
    ]
    options = {"name": sheet.table, "columns": columns, "style": None, "autofilter": True}
    page.add_table(top, 0, last, len(widths) - 1, options)
    headings = ((field.heading, width - 3) for field, width in zip(sheet.fields, widths, strict=True))
    page.set_row(top, _height(headings) + 4)
    wrapped = [pair for pair in zip(sheet.fields, widths, strict=True) if pair[0].kind == "text"]
    for index in range(len(sheet)):
        page.set_row(top + 1 + index, _height((field.text(index), width) for field, width in wrapped))
    for n, field in enumerate(sheet.fields):
        for index, value in enumerate(field.values):
            _write_cell(page, styles, top + 1 + index, n, value, field, index, sheet)
    page.ignore_errors({"number_stored_as_text": f"A1:XFD{last + 1}"})
    page.freeze_panes(top + 1, 1)
    page.repeat_rows(top)
    page.print_area(0, 0, last, (sheet.printed or len(widths)) - 1)
    set_up_page(page, sheet.name, meta)


def _write_cell(
    page: Any, styles: Styles, row: int, column: int, value: Any, field: Field, index: int, sheet: Sheet
) -> None:
    line = {"bottom": 1, "bottom_color": RULE, **field.align}
    if index in sheet.bold:
        line["bold"] = True
    if missing(value):
        page.write_blank(row, column, None, styles(**line))
    elif isinstance(value, Mark):
        body = styles.verdict(value.status)
        if value.rest:
            parts = (styles(bold=True), value.word, styles(), "\n" + value.rest)
            page.write_rich_string(row, column, *parts, body)
        else:
            page.write_string(row, column, clean(value.word), styles.verdict(value.status, bold=True))
    elif isinstance(value, Bars):
        page.write_blank(row, column, None, styles(**line))
        picture = {"image_data": BytesIO(bars_png(value.bars)), "description": value.words, "object_position": 2}
        picture |= {"x_scale": 1 / SCALE, "y_scale": 1 / SCALE, "x_offset": 2, "y_offset": 1}
        page.insert_image(row, column, "rests-on.png", picture)
    elif isinstance(value, Gap):
        table = sheet.table
        formula = f"=MAX(0,{table}[[#This Row],[Least share]]-{table}[[#This Row],[Share today]])"
        page.write_formula(row, column, formula, styles(num_format="0.0%", **line), value.value)
    elif isinstance(value, str):
        page.write_string(row, column, clean(value), styles(text_wrap=True, **line))
    elif math.isinf(value):
        page.write_string(row, column, INFINITE[value], styles(**line))
    else:
        page.write_number(row, column, value, styles(num_format=field.number_format(index), **line))


def write_cover(
    book: Any,
    styles: Styles,
    sections: Sequence[tuple[str, Sequence[tuple[str, str]]]],
    sheets: Mapping[str, str],
    meta: Mapping[str, Any],
) -> None:
    """The first sheet: sections of names and texts, then every sheet and what it holds."""
    page = book.add_worksheet("Cover")
    page.set_column(0, 0, 30)
    page.set_column(1, 1, 120)
    page.hide_gridlines(2)
    page.write_string(0, 0, clean(meta["title"]), styles(bold=True, font_size=18, font_color=DARK))
    row = 1
    plain = styles(text_wrap=True)
    rule = styles(bold=True, font_size=12, font_color=DARK, bottom=1, bottom_color=DARK)
    for title, entries in sections:
        row += 1
        page.write_string(row, 0, title, rule)
        page.write_blank(row, 1, None, rule)
        for name, text in entries:
            row += 1
            status = name if name in COLOURS else None
            look = styles.verdict(name, bold=True) if status else styles(bold=True, text_wrap=True)
            page.write_string(row, 0, clean(name), look)
            page.write_string(row, 1, clean(text), plain)
            page.set_row(row, _height(((name, 28), (text, 126))) + 1)
        row += 1
    page.write_string(row + 1, 0, "Sheets", rule)
    page.write_blank(row + 1, 1, None, rule)
    for n, (name, text) in enumerate(sheets.items()):
        link = styles(font_color="#0563C1", underline=1)
        page.write_url(row + 2 + n, 0, f"internal:'{name}'!A1", link, name)
        page.write_string(row + 2 + n, 1, text, plain)
    page.print_area(0, 0, row + 1 + len(sheets), 1)
    set_up_page(page, "Cover", meta)
    page.fit_to_pages(1, 2)


def set_up_page(page: Any, name: str, meta: Mapping[str, Any]) -> None:
    """Landscape A4, one page wide, with the case in the header and footer."""
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
    title, case = (short(meta[key], 90).replace("&", "&&") for key in ("title", "case"))
    page.set_header(f"&L&9 {title}&R&9 {name}")
    page.set_footer(f"&L&9 {case}, {meta['case_hash']}&R&9 Page &P of &N")


def _height(texts: Iterable[tuple[str, float]], line: float = 12.9) -> float:
    """The height of a row that shows all of its texts; not every program fits rows by itself."""
    depth = 1
    for text, width in texts:
        room = max(int(1.2 * width), 4)
        if len(text) > room or "\n" in text:
            depth = max(depth, sum(max(1, len(textwrap.wrap(part, room))) for part in text.split("\n")))
    return min(line * depth + 2, 409.0)
