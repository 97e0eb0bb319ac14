"""The result as an Excel workbook: cover, summary, verdicts and one sheet a table.

Every sheet but the cover holds one native Excel table, described by :class:`Sheet` and :class:`Field` and
written by :func:`_write_sheet`. Headings, units and meanings come from :mod:`resilience.schema`, sentences
from :mod:`resilience.words`. Numbers the solver found are values; only the gap is a formula, stored with its
value. Text is always written as text, whatever it begins with.
"""

from __future__ import annotations

import datetime
import math
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import xlsxwriter

from resilience import words
from resilience.errors import Finding, InputError
from resilience.results import Result
from resilience.schema import ALL, RESULTS, STATUS_WORDS, VALUE_UNIT, Column

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
SHEETS = {
    "Cover": "What this workbook answers, and what it does not.",
    "Summary": "The answer as a map: every good by member, with today's share, least share and verdict.",
    "Verdicts": "The same answers as a list: the verdict as a sentence, and the cutoff that asks most.",
    "Requirements": "Every least share, also under each cutoff by itself.",
    "Stress": "What each cutoff does if nothing is changed beforehand.",
    "Plan": "Who buys how much from whom, today and in the surviving plan nearest to today.",
    "Capacity": "The new capacity inside the region that this plan needs.",
    "Balance": "The figures the calculation starts from: production, trade, demand and stocks.",
    "Assumptions": "Every judgement that went in, with the ground it stands on.",
    "Findings": "What the tool noticed about the data and the result.",
    "Sources": "Where the data come from, and what to know about each good.",
}
HEADINGS = {
    "good": "Good code",
    "member": "Member code",
    "supplier": "Supplier code",
    "country": "Country code",
    "share": "Least share",
    "share_upper": "Greatest share",
    "extra_cost_usd": "Extra cost",
}
INFINITE = {math.inf: "infinite", -math.inf: "minus infinite"}
SOLVED = ("requirements", "plan", "capacity")
DOES_NOT_RECALCULATE = "Solver output does not recalculate when a cell is changed."
WIDE = {"message": 90, "ground": 44, "source": 44}
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[-+]?\d+)?")


class Mark(NamedTuple):
    """A cell that shows a verdict: coloured by status, the word in bold, then the rest."""

    status: str
    word: str
    rest: str = ""


class Gap(NamedTuple):
    """A cell with the formula of the gap, and its value."""

    value: float


@dataclass(frozen=True)
class Field:
    """A column of a sheet. ``kind``: text, general, share, amount, whole, multiple or year."""

    heading: str
    values: Sequence[Any]
    kind: str = "text"
    meaning: str = ""
    unit: str = ""
    decimals: Sequence[int] = ()  # of amounts, by row
    widest: int = 36

    def number_format(self, index: int) -> str:
        """The number format of a cell."""
        if self.kind == "amount" and self.decimals and self.decimals[index]:
            return "#,##0." + "0" * self.decimals[index]
        formats = {"share": "0.0%", "amount": "#,##0", "whole": "#,##0", "multiple": "#,##0.00", "year": "0"}
        return formats.get(self.kind, "General")

    def width(self) -> float:
        """Wide enough for the contents, the longest word of the heading and the button of the filter."""
        shown = (line for index in range(len(self.values)) for line in self.text(index).split("\n"))
        longest = max(map(len, shown), default=0)
        return max(min(longest + 3, self.widest), max(map(len, self.heading.split())) + 4, 9)

    @property
    def align(self) -> dict[str, Any]:
        """Text to the left with a little room, years in the middle, other numbers to the right."""
        if self.kind == "text":
            return {"align": "left", "indent": 1}
        return {"align": "center" if self.kind == "year" else "right"}

    def text(self, index: int) -> str:
        """About what the reader sees in a cell."""
        value = self.values[index]
        if _missing(value):
            return ""
        if isinstance(value, Mark):
            return f"{value.word}\n{value.rest}" if value.rest else value.word
        if isinstance(value, str):
            return value
        if isinstance(value, Gap) or self.kind == "share":
            return "100.0%"
        form = self.number_format(index)
        return f"{value:,.{len(form.partition('.')[2])}f}"


@dataclass(frozen=True)
class Sheet:
    """A sheet with one table: its title, the notes above it, its columns."""

    name: str
    title: str
    notes: tuple[str, ...]
    fields: tuple[Field, ...]

    @property
    def table(self) -> str:
        """The name of the Excel table."""
        return f"t_{self.name.lower()}"

    def __len__(self) -> int:
        return len(self.fields[0].values)


def write_workbook(result: Result, path: Path) -> None:
    """Write the workbook of a result; the same result gives the same bytes.

    Raises :class:`~resilience.errors.InputError` if a table does not fit on a sheet of Excel, or if the file
    cannot be written.
    """
    sheets = [summary_sheet(result), verdicts_sheet(result)]
    sheets += [result_sheet(result, name.lower()) for name in list(SHEETS)[3:]]
    for sheet in sheets:
        if len(sheet) > MOST_ROWS - 100:
            text = f"{len(sheet):,} rows do not fit on a sheet of Excel; write a folder of CSV files instead"
            raise InputError([Finding("error", sheet.name.lower(), None, None, text)])
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": _short(result.meta["title"], 200), "created": CREATED})
    styles = _Styles(book)
    _write_cover(book, styles, result)
    for sheet in sheets:
        _write_sheet(book, styles, sheet, result.meta)
    try:
        book.close()
    except xlsxwriter.exceptions.FileCreateError as error:
        reason = getattr(error.args[0], "strerror", None) or "unknown reason"
        text = f"the workbook cannot be written ({reason}); close it if it is open in Excel"
        raise InputError([Finding("error", path.name, None, None, text)]) from error


def heading(column: str) -> str:
    """The heading of a column of a result table."""
    return HEADINGS.get(column, column.replace("_", " ").capitalize())


def clean(text: object) -> str:
    """The text as a cell can hold it: forbidden characters become �, a text too long says that it is cut."""
    whole = _FORBIDDEN.sub("\ufffd", str(text).replace("\r\n", "\n").replace("\r", "\n"))
    units = whole.encode("utf-16-le")
    if len(units) <= 2 * MOST_CHARACTERS:
        return whole
    tail = f" … (cut here; {len(whole):,} characters in all)"
    return units[: 2 * (MOST_CHARACTERS - len(tail))].decode("utf-16-le", "ignore") + tail


def summary_sheet(result: Result) -> Sheet:
    """The map: one row a good, one column a member."""
    meta, answers = result.meta, _answers(result)
    goods = _goods(result)
    together = [answers.get((good, ALL), {}) for good in goods]
    units = [row.get("unit") for row in together]
    measured = [unit and f"{'value' if unit == VALUE_UNIT else 'quantity'}, {unit}" for unit in units]
    sentences = [words.verdict(row) if row else None for row in together]
    fields = [
        Field("Good", [_label(meta, good) for good in goods], widest=32),
        Field("Category", [meta["categories"].get(good) for good in goods]),
        Field("Year", [meta["years"].get(good) for good in goods], "year"),
        Field("Measured in", measured),
        Field("Share of", [row.get("scope") for row in together]),
        Field("Verdict for all members together", sentences, widest=40),
    ]
    for member in (ALL, *meta["members"]):
        name = words.member_name(member, meta)
        title = name if member == ALL else f"{_short(name, 40)} ({_short(member, 10)})"
        cells = [_mark(answers.get((good, member))) for good in goods]
        fields.append(Field(title, cells, widest=15))
    notes = (
        f"Least share of each good that must come from inside the region ({meta['region_name']}) so that the "
        f"member survives {_each_cutoff(meta)}.",
        "Each cell: the verdict, with the rise needed in percentage points (pp); the region's share today; "
        "the least share that a coordinated plan can have. Blank or –: there is no number.",
        "; ".join(f"{status}: {meaning}" for status, meaning in STATUS_WORDS.items()) + ".",
    )
    return Sheet("Summary", f"Summary: {meta['title']}", notes, tuple(fields))


def verdicts_sheet(result: Result) -> Sheet:
    """The same answers as a list, one row a good and member."""
    meta, answers = result.meta, _answers(result)
    members = (ALL, *meta["members"])
    keys = [(good, member) for good in _goods(result) for member in members]
    rows = [answers[key] for key in keys if key in answers]
    most = _asks_most(result)
    shares = [row["share"] - row["share_today"] for row in rows]
    asks = [most.get((row["good"], row["member"])) for row in rows]
    fields = (
        Field("Good", [_label(meta, row["good"]) for row in rows], meaning="name of the good"),
        Field("Good code", [row["good"] for row in rows], meaning="its short name in all tables"),
        Field("Member", [words.member_name(row["member"], meta) for row in rows], meaning="who must survive"),
        _column("share_today", [row["share_today"] for row in rows]),
        _column("share", [row["share"] for row in rows]),
        Field(
            "Gap",
            [None if _missing(share) else Gap(max(0.0, share)) for share in shares],
            "share",
            "formula: least share less today's, never negative",
            "percentage points",
        ),
        _column("status", [row["status"] for row in rows]),
        Field("Verdict", [words.verdict(row) for row in rows], meaning="in a sentence", widest=52),
        Field("Asks most", asks, meaning="the cutoff that by itself asks for the highest share", widest=24),
        _column("month", [row["month"] for row in rows]),
        Field("Share of", [row["scope"] for row in rows], meaning="what the shares are shares of"),
    )
    note = f"What each member needs to survive {_each_cutoff(meta)}; the region is {meta['region_name']}."
    gap = f"The gap is a formula, the rest is not. {DOES_NOT_RECALCULATE}"
    return Sheet("Verdicts", "Verdicts by good and member", (note, gap), fields)


def result_sheet(result: Result, name: str) -> Sheet:
    """A table of the result as it is, with names beside codes."""
    table, frame, meta = RESULTS[name], result.tables[name], result.meta
    amounts = [column.name for column in table.columns if _kind(column) == "amount"]
    decimals = _decimals(frame, amounts) if amounts else []
    beside = {
        "good": meta["labels"],
        "member": {**meta["members"], ALL: words.member_name(ALL, meta)},
        "supplier": meta["countries"],
        "country": meta["countries"],
    }
    fields = []
    for column in table.columns:
        values = frame[column.name].tolist()
        if column.name in beside:
            names = [beside[column.name].get(code, code) for code in values]
            fields.append(Field(column.name.capitalize(), names, meaning=f"name of the {column.name}"))
        fields.append(_column(column.name, values, name, decimals))
    if name == "sources":
        remarks = [meta["notes"].get(good) for good in frame["good"]]
        fields.append(Field("Note", remarks, meaning="what to know about the good", widest=60))
    notes = [table.note]
    if name in SOLVED:
        notes.append(DOES_NOT_RECALCULATE)
    if not len(frame):
        notes.append("This table is empty: there is nothing of the kind in this result.")
    return Sheet(name.capitalize(), table.title, tuple(notes), tuple(fields))


def _column(name: str, values: list[Any], table: str = "requirements", decimals: Sequence[int] = ()) -> Field:
    """A column as the schema declares it."""
    column = RESULTS[table].column(name)
    kind = _kind(column)
    unit = column.unit.replace("share", "%", 1) if kind == "share" else column.unit
    meaning = column.meaning
    if name == "status" and table == "requirements":
        values = [Mark(value, value) for value in values]
        meaning = "the verdict in a word, see Cover"
    if table == "assumptions" and name == "value":
        kind = "general"
        values = [float(v) if isinstance(v, str) and _NUMBER.fullmatch(v) else v for v in values]
    return Field(heading(name), values, kind, meaning, unit, decimals, WIDE.get(name, 36))


def _kind(column: Column) -> str:
    if column.kind == "share":
        return "share"
    if column.name == "year":
        return "year"
    if column.kind in ("amount", "number"):
        by_unit = "amount" if column.unit.startswith("unit of the row") else "whole"
        return "multiple" if column.unit == "multiple" else by_unit
    return "text"


def _decimals(frame: pd.DataFrame, columns: list[str]) -> list[int]:
    """Decimals by row: the same for all amounts of a good, fewer the larger they are."""
    size = frame[columns].abs().max(axis=1).groupby(frame["good"]).transform("max")
    return [0 if value >= 1000 or value < 1e-9 else 1 if value >= 10 else 3 for value in size.fillna(0.0)]


def _answers(result: Result) -> dict[tuple[str, str], dict[str, Any]]:
    """The planned requirement under all cutoffs, by good and member."""
    rows = result.requirements
    rows = rows[(rows["cutoff"] == ALL) & (rows["reading"] == "planned")]
    return {(row["good"], row["member"]): row for row in rows.to_dict("records")}


def _asks_most(result: Result) -> dict[tuple[str, str], str]:
    """The cutoff, or those that tie, that by itself asks most of a member; "none" is more than any share."""
    found: dict[tuple[str, str], list[tuple[float, str]]] = {}
    rows = result.requirements
    for row in rows[(rows["cutoff"] != ALL) & (rows["reading"] == "planned")].to_dict("records"):
        if row["status"] not in ("met", "unknown"):
            asked = math.inf if row["status"] == "none" else float(row["share"])
            found.setdefault((row["good"], row["member"]), []).append((asked, str(row["cutoff"])))
    return {
        key: "; ".join(name for asked, name in asking if asked >= max(asking)[0] - 1e-6)
        for key, asking in found.items()
    }


def _goods(result: Result) -> list[str]:
    return list(dict.fromkeys([*result.meta["labels"], *result.requirements["good"]]))


def _label(meta: Mapping[str, Any], good: str) -> str:
    return str(meta["labels"].get(good, good))


def _mark(row: Mapping[str, Any] | None) -> Mark | None:
    return None if row is None else Mark(str(row["status"]), *words.short_verdict(row))


def _each_cutoff(meta: Mapping[str, Any]) -> str:
    names = [cutoff["name"] for cutoff in meta["cutoffs"]]
    quoted = ", ".join(f"“{name}”" for name in names)
    return f"the cutoff {quoted}" if len(names) == 1 else f"each of the cutoffs {quoted}"


def _missing(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value)) or value is pd.NA


def _short(text: object, most: int) -> str:
    """On one line and at most so long; fit for headings, page headers and properties."""
    line = " ".join(_FORBIDDEN.sub("\ufffd", str(text)).split()).replace("_x", "-x")
    return line if len(line) <= most else line[: most - 1] + "…"


class _Styles:
    """Cell formats, each made once."""

    def __init__(self, book: Any):
        self._book = book
        self._made: dict[tuple[tuple[str, Any], ...], Any] = {}

    def __call__(self, **properties: Any) -> Any:
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


def _write_sheet(book: Any, styles: _Styles, sheet: Sheet, meta: Mapping[str, Any]) -> None:
    """Title, notes, meanings and units of the columns, then the table; set up for screen and printer."""
    page = book.add_worksheet(sheet.name)
    widths = [field.width() for field in sheet.fields]
    for n, width in enumerate(widths):
        page.set_column(n, n, width)
    page.write_string(0, 0, clean(sheet.title), styles(bold=True, font_size=14, font_color=DARK))
    lines = [line for note in sheet.notes for line in textwrap.wrap(clean(note), int(sum(widths) * 0.95))]
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
        {"header": _short(field.heading, 200), "header_format": styles(**head, **({"indent": 2} | field.align))}
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
            _write_cell(page, styles, top + 1 + index, n, value, field, index, sheet.table)
    page.ignore_errors({"number_stored_as_text": f"A1:XFD{last + 1}"})
    page.freeze_panes(top + 1, 1)
    page.repeat_rows(top)
    page.print_area(0, 0, last, len(widths) - 1)
    _set_up_page(page, sheet.name, meta)


def _write_cell(
    page: Any, styles: _Styles, row: int, column: int, value: Any, field: Field, index: int, table: str
) -> None:
    line = {"bottom": 1, "bottom_color": RULE, **field.align}
    if _missing(value):
        page.write_blank(row, column, None, styles(**line))
    elif isinstance(value, Mark):
        body = styles.verdict(value.status)
        if value.rest:
            parts = (styles(bold=True), value.word, styles(), "\n" + value.rest)
            page.write_rich_string(row, column, *parts, body)
        else:
            page.write_string(row, column, clean(value.word), styles.verdict(value.status, bold=True))
    elif isinstance(value, Gap):
        formula = f"=MAX(0,{table}[[#This Row],[Least share]]-{table}[[#This Row],[Share today]])"
        page.write_formula(row, column, formula, styles(num_format="0.0%", **line), value.value)
    elif isinstance(value, str):
        page.write_string(row, column, clean(value), styles(text_wrap=True, **line))
    elif math.isinf(value):
        page.write_string(row, column, INFINITE[value], styles(**line))
    else:
        page.write_number(row, column, value, styles(num_format=field.number_format(index), **line))


def _write_cover(book: Any, styles: _Styles, result: Result) -> None:
    """Question, answer in short, sheets, case, limits, symbols, data and tools."""
    page = book.add_worksheet("Cover")
    page.set_column(0, 0, 30)
    page.set_column(1, 1, 120)
    page.hide_gridlines(2)
    page.write_string(0, 0, clean(result.meta["title"]), styles(bold=True, font_size=18, font_color=DARK))
    row = 1
    plain = styles(text_wrap=True)
    for title, entries in words.cover(result.meta, result.tables):
        row += 1
        rule = styles(bold=True, font_size=12, font_color=DARK, bottom=1, bottom_color=DARK)
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
    for n, (name, text) in enumerate(SHEETS.items()):
        link = styles(font_color="#0563C1", underline=1)
        page.write_url(row + 2 + n, 0, f"internal:'{name}'!A1", link, name)
        page.write_string(row + 2 + n, 1, text, plain)
    page.print_area(0, 0, row + 1 + len(SHEETS), 1)
    _set_up_page(page, "Cover", result.meta)
    page.fit_to_pages(1, 2)


def _set_up_page(page: Any, name: str, meta: Mapping[str, Any]) -> None:
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
    title, case = (_short(meta[key], 90).replace("&", "&&") for key in ("title", "case"))
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
