"""What the cells of a workbook say: a sheet as a table, and numbers that were entered as text.

Nothing is repaired in silence: text that can only mean one number is taken with a finding, anything else is
refused with what to do.
"""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from openpyxl.utils import get_column_letter

from resilience.errors import Finding
from resilience.inputs.incoming import CellError, Sheet, cell_name, is_date
from resilience.schema import Column, Table

HEADER_WITHIN = 40  # rows in which the headings must stand
MOST_NAMED = 8
ALIKE = 0.75  # how alike the names of two sheets must be for one to be taken for a slip of the other
NUMERIC = ("amount", "share", "number", "year")
BLANKS = " \t\r\n\u00a0\u2007\u2008\u2009\u200a\u200b\u202f\u3000\ufeff"
GROUPS = "[ \u00a0\u2007\u2008\u2009\u200a\u202f'’]"  # what stands between thousands and nowhere else
_OUTSIDE = re.compile(r"\[[^\]]+\][^!]*!|\|")  # in a formula: another workbook, or another program
_EXPONENT = r"(?:[eE][+-]?\d+)?"
_WAYS = tuple(  # what can only mean one number: pattern, decimal sign
    (re.compile(pattern, re.ASCII), decimal)
    for pattern, decimal in (
        (rf"\d+{_EXPONENT}", "."),
        (rf"\d{{1,3}}(?:{GROUPS}\d{{3}})+", "."),
        (rf"\d{{1,3}}(?:{GROUPS}\d{{3}})+\.\d+", "."),
        (rf"\d{{1,3}}(?:{GROUPS}\d{{3}})+,\d+", ","),
        (r"\d{1,3}(?:,\d{3})+\.\d+|\d{1,3}(?:,\d{3}){2,}", "."),
        (r"\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}", ","),
        (rf"\d*\.\d+{_EXPONENT}|\d+\.", "."),
        (rf"\d*,\d+{_EXPONENT}", ","),
    )
)
_EITHER = re.compile(r"([1-9]\d{0,2})([.,])(\d{3})", re.ASCII)  # thousands to one reader, decimals to another


class Unreadable(ValueError):
    """A cell that is not taken; the text says why and what to do."""


def number_in(text: str, *, share: bool = False) -> float:
    """The number that a text can only mean; ``share`` allows a percent sign.

    Raises :class:`Unreadable` for what is no number, or could be two.
    """
    body = text.strip(BLANKS)
    percent = body.endswith("%")
    body = body.removesuffix("%").rstrip(BLANKS)
    sign = -1.0 if body[:1] in ("-", "\u2212") else 1.0
    body = body[1:] if body[:1] in ("-", "\u2212", "+") else body
    if percent and not share:
        raise Unreadable(f'"{text}" is a percentage; enter the figure itself')
    either = _EITHER.fullmatch(body)
    if either:
        raise Unreadable(
            f'"{text}" can mean {either[1]}{either[3]} or {either[1]}.{either[3]}; enter it as a number, without '
            "a thousands separator"
        )
    for pattern, decimal in _WAYS:
        if pattern.fullmatch(body):
            digits = re.sub(GROUPS, "", body).replace("." if decimal == "," else ",", "").replace(",", ".")
            return sign * float(digits) / (100.0 if percent else 1.0)
    remedy = (
        "enter the figure alone, the unit stands in its own column"
        if re.search(r"\d", body)
        else ("enter a number, or leave the cell blank if it is unknown")
    )
    raise Unreadable(f'"{text}" is not a number; {remedy}')


def number_of(value: Any, *, share: bool = False) -> tuple[float, str | None]:
    """The number of a cell, and what is to be said if it was entered as text.

    Raises :class:`Unreadable` for dates, errors, true and false, and text that is no number or could be two.
    """
    refuse_error(value)
    if isinstance(value, bool):
        raise Unreadable(f"holds {str(value).upper()}, which is no number; enter a figure")
    if is_date(value):
        raise Unreadable(
            f"holds the date {shown(value)}; Excel turns figures such as 1-3 or 2.5 into dates. Set the format of "
            "the cell to Number and enter the figure again"
        )
    if isinstance(value, str):
        number = number_in(value, share=share)
        return number, f'the text "{value}" is taken as the number {number:.15g}; enter it as a number'
    return float(value), None


def text_of(value: Any) -> str:
    """The text of a cell as it stands there; a date is refused (:class:`Unreadable`), as a text field has none."""
    refuse_error(value)
    if is_date(value):
        raise Unreadable(
            f"holds the date {shown(value)} where a text belongs; set the format of the cell to Text and enter it "
            "again"
        )
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value) if isinstance(value, str) else repr(value)


def is_number_like(value: object) -> bool:
    """Whether a cell holds a number, true and false not among them."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def refuse_error(value: Any) -> None:
    """Raises :class:`Unreadable` for the error of a formula."""
    if isinstance(value, CellError):
        raise Unreadable(f"holds the error {value}; mend the formula, or enter the figure")


def shown(value: Any) -> str:
    """A date or time as ISO 8601 writes it."""
    if isinstance(value, datetime.datetime) and not (value.hour or value.minute or value.second):
        return value.date().isoformat()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


@dataclass
class SheetTable:
    """A table as it stands on a sheet: ``frame`` has its columns by name, values as they are, "" where blank,
    and ``_row``; the headings stand in row ``top``, each column under its letter."""

    file: str
    sheet: str
    frame: pd.DataFrame
    letters: dict[str, str] = field(default_factory=dict)
    top: int = 1

    def finding(self, severity: str, row: int | None, column: str | None, message: str) -> Finding:
        """A finding about a cell, which is named in its message."""
        letter = self.letters.get(column or "")
        where = f"cell {letter}{row} of {self.file}: " if letter and row is not None else f"{self.file}: "
        return Finding(severity, self.sheet, row, column, where + message)


def sheet_table(sheet: Sheet, table: Table, file: str, findings: list[Finding]) -> SheetTable | None:
    """A sheet as the table it holds, with findings about headings, merged cells, formulas and hidden rows.

    Titles and notes above the headings are passed over, as are blank rows. None if there are no headings.
    """
    titles = {_plain(name): name for name in table.names}
    top, found = 0, 0
    for row in sorted(sheet.rows)[:HEADER_WITHIN]:
        matches = sum(_plain(value) in titles for value in sheet.rows[row].values())
        if matches > found:
            top, found = row, matches
    if not found:
        message = f"no row with the headings {', '.join(table.names)}"
        findings.append(Finding("error", sheet.name, None, None, f"{file}: {message}"))
        return None
    heads = {column: str(value) for column, value in sorted(sheet.rows[top].items())}
    heads = {column: titles.get(_plain(head), head.strip()) for column, head in heads.items()}
    letters = {head: get_column_letter(column) for column, head in reversed(heads.items())}
    below = {row: cells for row, cells in sorted(sheet.rows.items()) if row > top}
    made = SheetTable(file, sheet.name, pd.DataFrame(), letters, top)
    known = {column for column, head in heads.items() if head in table.names}
    for place, message in _merged(sheet, top, known):
        findings.append(made.finding("error", place[0], heads.get(place[1]), message))
    nameless = sorted({column for cells in below.values() for column in cells if column not in heads})
    if nameless:
        listed = ", ".join(get_column_letter(column) for column in nameless[:MOST_NAMED])
        message = f"{file}: column {listed} holds cells but no heading; left out"
        findings.append(Finding("warning", sheet.name, top, None, message))
    _formulas(sheet, made, top, {column: heads[column] for column in known}, findings)
    hidden = [row for row in sheet.hidden_rows if row in below]
    if hidden:
        message = f"{file}: {_listed(hidden, 'row')} hidden; what stands there was read like the rest"
        findings.append(Finding("info", sheet.name, hidden[0], None, message))
    if sheet.hidden:
        findings.append(Finding("info", sheet.name, None, None, f"{file}: the sheet is hidden; it was read"))
    records = [[cells.get(column, "") for column in heads] for cells in below.values()]
    made.frame = pd.DataFrame(records, columns=list(heads.values()), dtype=object)
    made.frame["_row"] = list(below)
    return made


def _plain(title: object) -> str:
    return re.sub(r"[\s_\u00a0]+", " ", str(title)).strip().casefold()


def _merged(sheet: Sheet, top: int, known: Collection[int]) -> Sequence[tuple[tuple[int, int], str]]:
    """Merged cells in the headings or the table: of those only the first holds a value."""
    found = []
    for first_row, first_column, last_row, last_column in sheet.merged:
        columns = [column for column in known if first_column <= column <= last_column]
        if columns and last_row >= top:
            area = f"{cell_name(first_row, first_column)}:{cell_name(last_row, last_column)}"
            message = (
                f"the cells {area} are merged, and only the first holds a value; take the merge off (Home > Merge "
                "& Center) and fill each cell"
            )
            found.append(((first_row, min(columns)), message))
    return found


def _formulas(sheet: Sheet, made: SheetTable, top: int, known: dict[int, str], findings: list[Finding]) -> None:
    """Formulas are not evaluated: what they gave when the file was saved is taken, and said."""
    stored: list[tuple[int, int]] = []
    for (row, column), formula in sorted(sheet.formulas.items()):
        if row <= top or column not in known:
            continue
        text = formula if len(formula) <= 60 else formula[:59] + "…"
        if (row, column) in sheet.unstored:
            message = (
                f"holds the formula {text} without a stored value; open the workbook in Excel or LibreOffice and "
                "save it, or enter the figure"
            )
            findings.append(made.finding("error", row, known[column], message))
        elif _OUTSIDE.search(formula):
            message = (
                f"the formula {text} leads out of the workbook and is not followed; its stored value was taken"
            )
            findings.append(made.finding("warning", row, known[column], message))
        else:
            stored.append((row, column))
    if stored:
        listed = _listed([cell_name(*place) for place in stored], "cell")
        message = f"{made.file}: {listed} worked out by formulas; stored values were taken, nothing recalculated"
        findings.append(Finding("info", sheet.name, stored[0][0], None, message))


def _listed(names: Sequence[object], word: str) -> str:
    shown_names = ", ".join(str(name) for name in names[:MOST_NAMED])
    if len(names) == 1:
        return f"{word} {shown_names} is"
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return f"{word}s {shown_names}{more} are"


def other_sheets(names: Iterable[str], known: Collection[str], file: str, what: str) -> Iterator[Finding]:
    """A finding for each sheet that is left out; a warning where its name is nearly that of one that is read."""
    lowered = {name.lower(): name for name in known}
    for name in names:
        if name.strip().lower() in lowered:
            continue
        close = difflib.get_close_matches(name.strip().lower(), lowered, n=1, cutoff=ALIKE)
        hint = f'; did you mean "{lowered[close[0]]}"?' if close else ""
        yield Finding("warning" if close else "info", name, None, None, f"{file}: {what}, left out{hint}")


def missing_sheet(name: str, names: Iterable[str], known: Collection[str]) -> str:
    """What to do about a sheet that is not there: give back its name to the one of ``names`` that it may be."""
    lowered = {other.lower() for other in known}
    strange = {other.strip().lower(): other for other in names if other.strip().lower() not in lowered}
    close = difflib.get_close_matches(name.lower(), strange, n=1, cutoff=ALIKE)
    if close:
        return f'"{strange[close[0]]}" looks like it: name it {name}'
    if strange:
        listed = ", ".join(f'"{other}"' for other in list(strange.values())[:MOST_NAMED])
        return f"if it is {listed}, name it {name}; else put the sheet back"
    return "put the sheet back as the form had it"


def as_text(column: Column, value: Any) -> tuple[str, str | None]:
    """A cell in the form in which data sets are checked: text, numbers in full; and what is to be said of it.

    Raises :class:`Unreadable` if the cell is not taken.
    """
    if value == "":
        return "", None
    if column.kind not in NUMERIC:
        return text_of(value), None
    number, note = number_of(value, share=column.kind == "share")
    return repr(number), note
