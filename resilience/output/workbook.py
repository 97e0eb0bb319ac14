"""Writes sheets, described in :mod:`resilience.output.sheets`, to an Excel file.

Every sheet holds one native Excel table under its title, notes and units. Formulas are stored with their values,
so that programs that do not recalculate show them. Text is always written as text, whatever it begins with. Long
sheets are written row by row, without being kept in memory.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import xlsxwriter
from xlsxwriter.utility import quote_sheetname, xl_range, xl_range_abs

from resilience.errors import Finding, InputError
from resilience.files import whole
from resilience.output.bars import SCALE, bars_png
from resilience.output.measure import MARGIN, SIZE, UNIT, lines, wrapped
from resilience.output.sheets import (
    FORBIDDEN,
    SOLVER_NOTE,
    STALE,
    Bars,
    Chart,
    Fact,
    Field,
    Formula,
    Link,
    Mark,
    Sheet,
    missing,
    short,
)

MOST_ROWS = 1_048_576
MOST_PRINTED = 150  # rows of a table with more than twice as many; the rest is on the screen only, as is said
MOST_RAW = 40  # the same, of rows as they come
LONG = 20_000  # rows from which on a sheet is written row by row
MOST_FORMULAS = 1000  # kept while writing
MOST_CHARACTERS = 32_767  # of a cell, counted in UTF-16 units
CREATED = datetime.datetime(2000, 1, 1)  # fixed, so that the same result gives the same bytes
DARK, RULE, FAINT, RED, SOLVED = "#1F3864", "#BFBFBF", "#595959", "#C00000", "#F2F2F2"
COLOURS = {  # from pale blue to dark orange: in grey, too, each verdict is darker than the one before
    "met": "#F1F7FC",
    "shift": "#C9DEF2",
    "raise": "#F5BE85",
    "build": "#EE9F55",
    "none": "#CC6A2E",
    "unknown": "#FFFFFF",
}
INFINITE = {math.inf: "infinite", -math.inf: "minus infinite"}
MARGINS = {"left": 0.3, "right": 0.3, "top": 0.55, "bottom": 0.45}  # inches
PAPER, TALL = 10.4, 7.1  # inches that are used of landscape A4 between them; LibreOffice draws columns wider
LEAST_SCALE = 70  # per cent, of text of 10 points; a table that needs less takes several pages
LEAD = 11  # points of what matters most
HEIGHT, POINTS = 20, 15  # pixels and points of a row of the usual height
CLOSE, LINE, TITLE = 12.75, 12.9, 19.5  # points of a line where rows stand close, of one elsewhere, of a title
COVER_LEFT, COVER_RIGHT = 27, range(100, 201, 10)  # units of the columns of the cover
USUAL = 9.1  # units of the width of a column that is not set
LEAST_ROOM = 85  # units that notes may take on paper beside a narrow table
MOST_BARS = 60  # rows of a table that a chart shows
SMALL = 9  # points of meanings and units
MOST_LINES = 5  # of a meaning above its column; one that takes more goes to the notes
BAR, LOW_BAR = 22, 13  # pixels of a row of a chart, and where the page is short
AXIS = 22  # pixels of the scale below a chart beside its rows

Area = tuple[int, int, int, int]  # first row and column, last row and column


def open_book(path: Path, title: str) -> Any:
    """A new workbook in which text stays text."""
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": short(title, 200), "created": CREATED})
    return book


def close_book(book: Any, path: Path) -> None:
    """Write the file; raises :class:`~resilience.errors.InputError` if it cannot be written."""
    try:
        with whole(path) as file:
            book.filename = str(file)
            book.close()
    except (xlsxwriter.exceptions.FileCreateError, OSError) as error:
        cause = error if isinstance(error, OSError) else error.args[0]
        reason = getattr(cause, "strerror", None) or "unknown reason"
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
    """Title, notes, single figures, meanings and units of columns, then the table; set up for screen and paper."""
    long = len(sheet) > LONG
    page = _add_page(book, sheet.name, long)
    widths = _widths(sheet)
    sheet = _long_meanings_below_title(sheet, widths)
    for n, width in enumerate(widths):
        page.set_column(n, n, width)
    usual, size = float(POINTS), 12
    if sheet.close:
        usual, size = CLOSE, SIZE
        page.set_default_row(CLOSE)
        page.set_row(0, TITLE)
    page.write_string(0, 0, clean(sheet.title), styles(bold=True, font_size=14, font_color=DARK))
    top = 1
    if sheet.stale:
        page.write_formula(1, 0, STALE, styles(bold=True, font_size=size, font_color=RED), "")
        top = 2
    most = _printed_rows(sheet)
    right = _printed_columns(sheet, widths)
    breaks = (right,) if sheet.one_page else _pages_across(widths[:right], sheet.starts)
    across = sum(widths[: breaks[0]])
    if right == len(widths) and across < LEAST_ROOM:  # a narrow table: notes run on beside it
        right += math.ceil((LEAST_ROOM - across) / USUAL)
        across, breaks = LEAST_ROOM, (right,)
    lead = SIZE if sheet.close else LEAD
    for notes, points, look in (
        (sheet.lead, lead, {"bold": True, "font_size": lead, "font_color": DARK, "bg_color": SOLVED}),
        (sheet.found, SIZE, {"bg_color": SOLVED}),
        (_notes(sheet, most), SIZE, {"font_color": FAINT}),
    ):
        for line in (line for note in notes for line in wrapped(clean(note), across, points)):
            if "bg_color" in look:
                for column in range(1, breaks[0]):
                    page.write_blank(top, column, None, styles(**look))
            page.write_string(top, 0, line, styles(**look))
            top += 1
    for fact in sheet.facts:
        _write_fact(page, styles, top, fact)
        top += 1
    above, used = top, usual * (top + 1)
    if any(field.meaning or field.unit for field in sheet.fields):
        top, tall = _write_meanings(page, styles, sheet, widths, top)
        used += tall
    last = top + max(len(sheet), 1)
    headings = [(field.heading, size - 2.5) for field, size in zip(sheet.fields, widths, strict=True)]
    head = _height(headings) + 4
    page.set_row(top, head)
    _add_table(page, styles, sheet, top, last, long)
    heights = _write_rows(page, styles, sheet, widths, top + 1, long)
    page.ignore_errors({"number_stored_as_text": f"A1:XFD{last + 1}"})
    page.freeze_panes(top + 1, 1)
    page.repeat_rows(top)
    shown = top + max(most, 1)
    cut = f"rows 1 to {most} of {len(sheet):,}" if most < len(sheet) else ""
    set_up_page(page, sheet.name, meta, cut)
    areas = [(0, 0, shown, breaks[0] - 1)]
    if sheet.one_page:
        areas = _on_one_page(book, page, sheet, top + 1, areas[0], used + head, heights[:most], widths)
    else:
        if sheet.chart is not None or len(breaks) > 1:
            scale = _scale_pages(page, widths[:right], breaks)
        if sheet.chart is not None:
            paper = _Paper(used + head, heights[:most], head, TALL * 72 * 100 / scale)
            areas = _write_chart(book, page, sheet, sheet.chart, top + 1, areas[0], paper)
        for first, after in pairwise(breaks):
            explained = any(field.meaning or field.unit for field in sheet.fields[first:after])
            areas.append((above if explained else top, first, shown, after - 1))
    # Each area begins a page of its own. Not by define_name, which takes no names of sheets with "'" or "!".
    name = quote_sheetname(sheet.name)
    page.print_area_range = ",".join(f"{name}!{xl_range_abs(*area)}" for area in areas)


def _widths(sheet: Sheet) -> list[float]:
    """Units of the columns; the second one also holds the figures above the table."""
    widths = [field.width() for field in sheet.fields]
    for fact in sheet.facts:
        value = fact.value.value if isinstance(fact.value, Formula) else fact.value
        widths[1] = max(widths[1], len(f"{value:,.{len(fact.form.partition('.')[2])}f}") + 1.0)
    return widths


def _printed_columns(sheet: Sheet, widths: Sequence[float]) -> int:
    """How many columns go to paper: not one with a chart over it that would make the print too small to read."""
    right = sheet.printed or len(widths)
    if sheet.chart is not None and sheet.chart.over and _inches(widths[:right]) > PAPER * 100 / LEAST_SCALE:
        return [field.heading for field in sheet.fields].index(sheet.chart.over)
    return right


def _on_one_page(
    book: Any,
    page: Any,
    sheet: Sheet,
    first: int,
    area: Area,
    used: float,
    heights: Sequence[float],
    widths: Sequence[float],
) -> list[Area]:
    """The chart of a sheet for one page, to which it is fitted where it can be read there; gives the printed area.

    ``used``: points of what stands above the first row of the table.
    """
    top, left, below, right = area
    tall = used + sum(heights)
    wide = min(1.0, PAPER / _inches(widths[: right + 1]))
    chart = sheet.chart
    if chart is not None and chart.over:
        place = [field.heading for field in sheet.fields].index(chart.over)
        size = (int(UNIT * widths[place]) + 5, int(sum(heights[:MOST_BARS]) * 96 / 72) + AXIS)
        drawn = _bars(book, sheet, chart, first)
        _lay_beside(drawn, size)
        page.insert_chart(first, place, drawn, {"description": short(chart.alt, 1000), "object_position": 1})
        below += math.ceil(AXIS * 72 / 96 / CLOSE)
        tall += AXIS * 72 / 96
    elif chart is not None:
        room = int((TALL * 72 / wide - tall) * 96 / 72) - 2 * HEIGHT
        rows = min(max(len(sheet), 3), MOST_BARS)
        height = max(min(room, 130 + 2 * BAR * rows), 130 + LOW_BAR * rows)
        drawn = _bars(book, sheet, chart, first)
        drawn.set_size({"width": int(96 * _inches(widths[: right + 1])), "height": height})
        page.insert_chart(below + 2, 0, drawn, {"description": short(chart.alt, 1000), "object_position": 1})
        below += 1 + math.ceil(height * 72 / 96 / CLOSE)
        tall += (height + HEIGHT) * 72 / 96
    if 100 * min(wide, TALL * 72 / tall) >= LEAST_SCALE:
        page.fit_to_pages(1, 1)
    return [(top, left, below, right)]


def _printed_rows(sheet: Sheet) -> int:
    """How many rows of a table go to paper."""
    if sheet.raw:
        return min(len(sheet), MOST_RAW)
    return len(sheet) if len(sheet) <= 2 * MOST_PRINTED else MOST_PRINTED


class _Page(xlsxwriter.worksheet.Worksheet):  # type: ignore[misc]  # XlsxWriter has no types
    """A worksheet that looks through a formula for functions of later versions once, not in every row."""

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:
        key = (formula, expand_future_functions)
        if key not in _PREPARED:
            if len(_PREPARED) > MOST_FORMULAS:
                _PREPARED.clear()
            _PREPARED[key] = super()._prepare_formula(formula, expand_future_functions)
        return _PREPARED[key]


_PREPARED: dict[tuple[str, bool], str] = {}


def _add_page(book: Any, name: str, long: bool) -> Any:
    """A worksheet; a long one goes to the disk row by row, while the others can be written in any order."""
    book.constant_memory = long
    page = book.add_worksheet(name, _Page)
    book.constant_memory = False
    return page


def _long_meanings_below_title(sheet: Sheet, widths: Sequence[float]) -> Sheet:
    """The sheet with meanings that take many lines above their columns among its notes, so that the head of the
    table is no taller than it need be."""
    deep = [
        lines(field.meaning, max(width - MARGIN, 1.0), SMALL) > MOST_LINES
        for field, width in zip(sheet.fields, widths, strict=True)
    ]
    if not any(deep):
        return sheet
    told = [f"{field.heading}: {field.meaning}" for field, far in zip(sheet.fields, deep, strict=True) if far]
    fields = tuple(
        replace(field, meaning="") if far else field for field, far in zip(sheet.fields, deep, strict=True)
    )
    return replace(sheet, notes=(*sheet.notes, f"{'. '.join(told)}."), fields=fields)


def _notes(sheet: Sheet, most: int) -> list[str]:
    notes = list(sheet.notes)
    if sheet.solved:
        notes.append(SOLVER_NOTE)
    if len(sheet) > most:
        notes.append(f"Printed are the first {most} of {len(sheet):,} rows; the sheet holds all.")
    return notes


def _write_fact(page: Any, styles: Styles, row: int, fact: Fact) -> None:
    """A single figure: what it is, its value, and a remark."""
    page.write_string(row, 0, clean(fact.label), styles(bold=True))
    look = styles(num_format=fact.form, align="right")
    if isinstance(fact.value, Formula):
        text = fact.value.text.replace("{above2}", f"B{row - 1}").replace("{above}", f"B{row}")
        page.write_formula(row, 1, text, look, fact.value.value)
    elif missing(fact.value):
        page.write_string(row, 1, "unknown", styles(italic=True, font_color=FAINT, align="right"))
    else:
        page.write_number(row, 1, fact.value, look)
    page.write_string(row, 2, clean(fact.remark), styles(font_color=FAINT, indent=1))


def _write_meanings(
    page: Any, styles: Styles, sheet: Sheet, widths: Sequence[float], top: int
) -> tuple[int, float]:
    """Meanings and units above the head of the table; gives the next free row and how many points they take."""
    size = SIZE if sheet.close else SMALL
    small = {"font_size": size, "font_color": FAINT, "text_wrap": True, "valign": "bottom"}
    units = {"italic": True, **small}
    points = 0.0
    for look, texts in (
        (small, [field.meaning for field in sheet.fields]),
        (units, [field.unit for field in sheet.fields]),
    ):
        if not any(texts):
            continue
        height = _height(zip(texts, widths, strict=True), 12, size)
        page.set_row(top, height)
        points += height
        for n, (field, text) in enumerate(zip(sheet.fields, texts, strict=True)):
            if text:
                page.write_string(top, n, clean(text), styles(**look, **field.align))
        top += 1
    return top, points


def _add_table(page: Any, styles: Styles, sheet: Sheet, top: int, last: int, long: bool) -> None:
    """The native table with its head.

    XlsxWriter makes none on a sheet that it does not keep in memory, as it may write to rows that are gone; here
    it writes to the current row only, and of a long table it knows the first row.
    """
    head = {"bold": True, "font_color": "#FFFFFF", "bg_color": DARK, "text_wrap": True, "valign": "vcenter"}
    looks = [
        styles(**head, **field.align | ({"indent": 2} if field.align["align"] == "right" else {}))
        for field in sheet.fields
    ]
    titles = [short(field.heading, 200) for field in sheet.fields]
    columns = [{"header": title, "header_format": look} for title, look in zip(titles, looks, strict=True)]
    options = {"name": sheet.table, "columns": columns, "style": None, "autofilter": True}
    right = len(titles) - 1
    if not long:
        page.add_table(top, 0, last, right, options)
        return
    page.write_string(top, 0, titles[0], looks[0])  # sends the rows above to the disk before the mode changes
    page.constant_memory = False
    page.add_table(top, 0, top + 1, right, options)
    page.constant_memory = True
    for n, (title, look) in enumerate(zip(titles, looks, strict=True)):
        page.write_string(top, n, title, look)
    page.tables[-1] |= dict.fromkeys(("range", "a_range", "autofilter"), xl_range(top, 0, last, right))


def _write_rows(
    page: Any, styles: Styles, sheet: Sheet, widths: Sequence[float], first: int, long: bool
) -> list[float]:
    """The rows of the table; gives the height of each in points."""
    points: list[float] = []
    texts = [pair for pair in zip(sheet.fields, widths, strict=True) if pair[0].kind == "text"]
    looks: dict[tuple[int, bool, str], Any] = {}
    if not long:
        points = [_row_height(sheet, texts, index) for index in range(len(sheet))]
        if sheet.chart is not None and sheet.chart.over:  # each bar beside its row
            points = [max(points, default=CLOSE)] * len(points)
    for index, values in enumerate(zip(*(field.values for field in sheet.fields), strict=True)):
        row, bold = first + index, index in sheet.bold
        if points:
            page.set_row(row, points[index])
        for n, (field, value) in enumerate(zip(sheet.fields, values, strict=True)):
            form = "" if missing(value) or field.kind == "text" else field.number_format(index)
            look = looks.get((n, bold, form))
            if look is None:
                look = looks[n, bold, form] = _look(styles, field, form, bold, wrap=not long)
            _write_cell(page, styles, row, n, value, look)
    return points


def _row_height(sheet: Sheet, texts: Iterable[tuple[Field, float]], index: int) -> float:
    """Points of a row; on some sheets rows stand close."""
    shown = [(field.text(index), width) for field, width in texts]
    return min(_height(shown, CLOSE) - 2, 409.0) if sheet.close else _height(shown)


def _look(styles: Styles, field: Field, form: str, bold: bool, wrap: bool) -> Any:
    properties: dict[str, Any] = {"bottom": 1, "bottom_color": RULE, **field.align}
    if form:
        properties["num_format"] = form
    if field.kind == "text" and wrap:
        properties["text_wrap"] = True
    if bold:
        properties["bold"] = True
    if field.solver:
        properties["bg_color"] = SOLVED
    return styles(**properties)


def _write_cell(page: Any, styles: Styles, row: int, column: int, value: Any, look: Any) -> None:
    if missing(value):
        page.write_blank(row, column, None, look)
    elif isinstance(value, Mark):
        body = styles.verdict(value.status)
        if value.rest:
            parts = (styles(bold=True), clean(value.word), styles(), clean(value.rest))
            page.write_rich_string(row, column, *parts, body)
        else:
            page.write_string(row, column, clean(value.word), styles.verdict(value.status, bold=True))
    elif isinstance(value, Bars):
        page.write_blank(row, column, None, look)
        picture = {"image_data": BytesIO(bars_png(value.bars)), "description": value.words, "object_position": 2}
        picture |= {"x_scale": 1 / SCALE, "y_scale": 1 / SCALE, "x_offset": 2, "y_offset": 1}
        page.insert_image(row, column, "rests-on.png", picture)
    elif isinstance(value, Formula):
        page.write_formula(row, column, value.text, look, value.value)
    elif isinstance(value, Link):
        link = styles(font_color="#0563C1", underline=1, bottom=1, bottom_color=RULE, indent=1)
        quoted = value.sheet.replace("'", "''")
        page.write_url(row, column, f"internal:'{quoted}'!A1", link, value.sheet)
    elif isinstance(value, str):
        page.write_string(row, column, clean(value), look)
    elif math.isinf(value):
        page.write_string(row, column, INFINITE[value], look)
    else:
        page.write_number(row, column, value, look)


class _Paper(NamedTuple):
    """Points of what is printed of a table: above its first row, its rows, its head, and the height of a page."""

    used: float
    heights: Sequence[float]
    head: float
    page: float

    def last_page(self) -> tuple[float, int]:
        """What the rows leave free on their last page, with the head on every page after the first, and how many
        rows stand on it; 0 if it is the first page as well."""
        used, rows, pages = self.used, 0, 1
        for height in self.heights:
            if used + height <= self.page:
                used, rows = used + height, rows + 1
            else:
                used, rows, pages = self.head + height, 1, pages + 1
        return self.page - used, rows if pages > 1 else 0

    def last_rows(self, room: float, most: int) -> int:
        """How many of the last rows fit in so much room; at least one, at most so many, and never all."""
        rows, used = 1, sum(self.heights[-1:])
        while rows < min(len(self.heights) - 1, most) and used + self.heights[-rows - 1] <= room:
            rows += 1
            used += self.heights[-rows]
        return rows


def _write_chart(
    book: Any, page: Any, sheet: Sheet, chart: Chart, first: int, area: Area, paper: _Paper
) -> list[Area]:
    """A chart of columns of the table, below the ``area`` that is printed of it; gives the areas with the chart.

    Where the rows take several pages, or leave too little room for it even with narrow bars, it goes to a page of
    its own with the last rows of the table, as a page below the table always begins with the head.
    """
    _, _, below, right = area
    rows = min(max(len(sheet), 1), MOST_BARS)
    drawn = _bars(book, sheet, chart, first)
    tallest = paper.page - paper.head - sum(paper.heights[-1:]) - 4 * POINTS
    height, low = (min(130 + bar * max(rows, 3), int(tallest * 96 / 72)) for bar in (BAR, LOW_BAR))
    free, there = paper.last_page()
    left = int(0.95 * free * 96 / 72) - 3 * HEIGHT
    apart = (low > left or there > 0) and len(sheet) > 1
    height = low if apart else min(height, left) if low <= left else height
    across = int(96 * _inches([field.width() for field in sheet.fields[: right + 1]]))
    drawn.set_size({"width": min(chart.width, across), "height": height})
    page.insert_chart(below + 2, 0, drawn, {"description": short(chart.alt, 1000), "object_position": 1})
    shown = below + 2 + math.ceil(height * 72 / 96 / (CLOSE if sheet.close else POINTS))
    if not apart:
        return [(0, 0, shown, right)]
    last = paper.last_rows(0.95 * (paper.page - paper.head) - height * 72 / 96 - 4 * POINTS, there)
    return [(0, 0, below - last, right), (below - last + 1, 0, shown, right)]


def _bars(book: Any, sheet: Sheet, chart: Chart, first: int) -> Any:
    """The native chart of columns of a table whose first row is ``first``."""
    at = {field.heading: n for n, field in enumerate(sheet.fields)}
    last = first + min(max(len(sheet), 1), MOST_BARS) - 1
    drawn = book.add_chart({"type": "bar"})
    for heading, colour in chart.series:
        drawn.add_series(
            {
                "name": [sheet.name, first - 1, at[heading]],
                "categories": [sheet.name, first, at[chart.across], last, at[chart.across]],
                "values": [sheet.name, first, at[heading], last, at[heading]],
                "fill": {"color": colour},
                "border": {"color": DARK, "width": 0.5},
                "gap": 30 if chart.over else 60,
            }
        )
    font, line = {"name": "Calibri", "size": SIZE if sheet.one_page else SMALL}, {"color": RULE}
    title = chart.title if len(sheet) <= MOST_BARS else f"{chart.title} (the first {MOST_BARS})"
    drawn.set_title({"name": title, "name_font": {**font, "size": 12, "color": DARK}, "overlay": False})
    drawn.set_y_axis({"reverse": True, "num_font": font, "line": line})
    grid = {"visible": True, "line": line}
    drawn.set_x_axis({"min": 0, "max": 1, "num_format": "0 %", "num_font": font, "major_gridlines": grid})
    drawn.set_legend({"position": "top", "font": font})
    return drawn


def _lay_beside(drawn: Any, size: tuple[int, int]) -> None:
    """The chart as wide and tall as the rows that it stands beside, in pixels, with the scale below them."""
    width, height = size
    font, line = {"name": "Calibri", "size": SIZE}, {"color": RULE}
    drawn.set_title({"none": True})
    drawn.set_legend({"none": True})
    drawn.set_y_axis({"reverse": True, "label_position": "none", "line": line, "major_tick_mark": "none"})
    scale = {
        "min": 0,
        "max": 1,
        "major_unit": 0.25,
        "num_format": "0 %",
        "num_font": font,
        "major_tick_mark": "none",
    }
    grid = {"visible": True, "line": line}
    drawn.set_x_axis({**scale, "label_position": "high", "line": line, "major_gridlines": grid})
    drawn.set_size({"width": width, "height": height})
    inside = {"x": 14 / width, "y": 0.0, "width": 1 - 36 / width, "height": 1 - AXIS / height}
    drawn.set_plotarea({"layout": inside, "fill": {"none": True}})
    drawn.set_chartarea({"border": {"none": True}, "fill": {"none": True}})


def _inches(widths: Sequence[float]) -> float:
    return sum((UNIT * width + 5) / 96 for width in widths)


def _pages_across(widths: Sequence[float], starts: Sequence[int] = ()) -> tuple[int, ...]:
    """After which columns a page ends, the last one included, so that the print is no smaller than it may be.

    The first column stands on every page, beside as many others as fit; where one page is too narrow for all, one
    ends before each of the ``starts``.
    """
    ends: list[int] = []
    room = PAPER * 100 / LEAST_SCALE
    if _inches(widths) > room:
        used = first = _inches(widths[:1])
        for n, width in enumerate(widths[1:], 1):
            full = used + _inches([width]) > room and n > (ends[-1] if ends else 1)
            if full or n in starts:
                ends.append(n)
                used = first
            used += _inches([width])
    return (*ends, len(widths))


def _scale_pages(page: Any, widths: Sequence[float], breaks: Sequence[int]) -> int:
    """Scale to the width of the widest page, as print areas side by side have one scale; gives it in %.

    The first column is printed on each page across.
    """
    first = _inches(widths[:1])
    widest = max(_inches(widths[: breaks[0]]), *(first + _inches(widths[a:b]) for a, b in pairwise(breaks)), 0.0)
    scale = max(min(100, int(100 * PAPER / widest)), 10)
    page.set_print_scale(scale)
    if len(breaks) > 1:
        page.repeat_columns(0)
    return scale


def write_cover(
    book: Any,
    styles: Styles,
    sections: Sequence[tuple[str, Sequence[tuple[str, str]]]],
    sheets: Mapping[str, str],
    meta: Mapping[str, Any],
    *,
    checked: bool = True,
) -> None:
    """The first sheet, one printed page: sections of names and texts, then links to ``sheets``.

    ``checked`` if the workbook has the sheet Checks, which tells of a result that is stale.
    """
    page = book.add_worksheet("Cover")
    everything = [entry for _, entries in sections for entry in entries] + list(sheets.items())
    right = _cover_width(everything, 40 + 38 * (len(sections) + bool(sheets)))
    page.set_column(0, 0, COVER_LEFT)
    page.set_column(1, 1, right)
    page.hide_gridlines(2)
    page.write_string(0, 0, clean(meta["title"]), styles(bold=True, font_size=18, font_color=DARK))
    page.set_row(0, 28)
    row = 1
    marking = meta.get("document", {}).get("marking")
    if marking:
        page.write_string(1, 0, clean(marking), styles(bold=True, font_size=14, font_color=RED))
        page.set_row(1, 22)
        row = 2
    if checked:
        page.write_formula(row, 0, STALE, styles(bold=True, font_size=12, font_color=RED), "")
    plain, grey, solved = styles(text_wrap=True), styles(text_wrap=True, bg_color=SOLVED), False
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
            page.write_string(row, 1, clean(text), grey if status else plain)
            solved = solved or bool(status)
            page.set_row(row, _height(((name, COVER_LEFT), (text, right))) + 1)
        row += 1
    if sheets:
        row += 1
        page.write_string(row, 0, "Sheets", rule)
        page.write_blank(row, 1, None, rule)
    for name, text in sheets.items():
        row += 1
        link = styles(font_color="#0563C1", underline=1)
        page.write_url(row, 0, f"internal:'{name}'!A1", link, name)
        page.write_string(row, 1, text, plain)
    if solved:
        row += 2
        page.write_string(row, 0, SOLVER_NOTE, styles(font_color=FAINT))
    page.print_area(0, 0, row, 1)
    set_up_page(page, "Cover", meta)
    page.fit_to_pages(1, 1)


def _cover_width(entries: Sequence[tuple[str, str]], headings: float) -> int:
    """The width of the column of texts with which one page holds all of them, and the points that headings take,
    in the largest type."""

    def shrunk(right: int) -> float:
        tall = headings + sum(_height(((name, COVER_LEFT), (text, right))) + 1 for name, text in entries)
        return max((COVER_LEFT + right) * UNIT / 96 / PAPER, tall / 72 / TALL)

    return min(COVER_RIGHT, key=shrunk)


def set_up_page(page: Any, name: str, meta: Mapping[str, Any], printed: str = "") -> None:
    """Landscape A4, one page wide, with case and marking in the header and footer, and which rows are printed."""
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.set_margins(**MARGINS)
    title, case = (short(meta[key], 60).replace("&", "&&") for key in ("title", "case"))
    marking = short(meta.get("document", {}).get("marking", ""), 60).replace("&", "&&")
    middle = f'&C&"Calibri,Bold"&10 {marking}' if marking else ""
    page.set_header(f"&L&9 {title}{middle}&R&9 {short(name, 31).replace('&', '&&')}")
    rows = f"   {printed}" if printed else ""
    page.set_footer(f"&L&9 {case}, {meta['case_hash']}{rows}{middle}&R&9 Page &P of &N")


def _height(texts: Iterable[tuple[str, float]], line: float = LINE, size: float = SIZE) -> float:
    """The height of a row that shows all of its texts, each in a column of a width; not every program fits rows
    by itself."""
    depth = max((lines(text, max(room - MARGIN, 1.0), size) for text, room in texts if text), default=1)
    return min(line * depth + 2, 409.0)
