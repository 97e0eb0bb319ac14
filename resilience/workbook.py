"""The result as an Excel workbook: cover, summary, verdicts and one sheet a table.

Every sheet but the cover holds one native Excel table, described by :class:`Field` and :class:`Sheet` and
written by :func:`_write_sheet`. Headings, units and meanings come from :mod:`resilience.schema`. Numbers the
solver found are values; only the gap is a formula, stored with its value. Text is always written as text.
"""

from __future__ import annotations

import datetime
import math
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import xlsxwriter

from resilience.cover import cover_blocks
from resilience.errors import Finding, InputError
from resilience.results import Result
from resilience.schema import ALL, RESULTS, STATUS_WORDS, VALUE_UNIT, Column
from resilience.words import member_name, percent, short_verdict, verdict

MOST_ROWS = 1_048_576
MOST_CHARACTERS = 32_767
CREATED = datetime.datetime(2000, 1, 1)  # fixed, so that the same result gives the same file
FONT = {"font_name": "Calibri", "font_size": 10, "valign": "top"}
DARK, RULE, FAINT = "#1F3864", "#BFBFBF", "#595959"
# From light blue to dark orange: each verdict is darker than the one before, also in grey.
COLOURS = {
    "met": "#F1F7FC",
    "shift": "#C5DCF0",
    "raise": "#FBCF9D",
    "build": "#EE9F55",
    "none": "#CC6A2E",
    "unknown": "#FFFFFF",
}
SHEETS = {
    "Summary": "The answer on one map: good by member, with today's share, least share and verdict.",
    "Verdicts": "The same answers as a list, with the verdict as a sentence and the cutoff that asks most.",
    "Requirements": "Every least share, also by single cutoff.",
    "Stress": "What each cutoff does if nothing is changed beforehand.",
    "Plan": "Who would buy how much from whom, in the surviving plan nearest to today.",
    "Capacity": "New capacity inside the region that the plan needs.",
    "Balance": "The figures the calculation starts from: production, trade, demand, stocks.",
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
SOLVED = ("requirements", "plan", "capacity")


class Mark(NamedTuple):
    """A cell that shows a verdict: coloured by status, the word in bold, then the rest."""

    status: str
    word: str
    rest: str = ""


class Gap(NamedTuple):
    """A cell with the formula of the gap and its value."""

    value: float


@dataclass(frozen=True)
class Field:
    """One column of a sheet. ``kind``: text, share, amount, whole, multiple or year."""

    heading: str
    values: Sequence[Any]
    kind: str = "text"
    meaning: str = ""
    unit: str = ""
    decimals: Sequence[int] = ()
    widest: int = 36
    centred: bool = False

    def shown(self, index: int) -> str:
        """About what the reader sees in a cell, for the width of the column."""
        value = self.values[index]
        if _missing(value):
            return ""
        if isinstance(value, Mark):
            return max((value.word, *value.rest.split("\n")), key=len)
        if isinstance(value, Gap) or self.kind == "share":
            return "100.0%"
        if isinstance(value, str):
            return value
        places = {"amount": self.decimals[index] if self.decimals else 0, "multiple": 2}.get(self.kind, 0)
        return f"{value:,.{places}f}"

    def width(self) -> float:
        """Wide enough for the contents, the longest word of the heading and the filter's button."""
        longest = max((len(self.shown(index)) for index in range(len(self.values))), default=0)
        word = max(len(part) for part in self.heading.split()) + 3
        return max(min(longest + 1.5, self.widest), word, 7)


@dataclass(frozen=True)
class Sheet:
    """A sheet with one table: title, notes above it, columns."""

    name: str
    title: str
    notes: tuple[str, ...]
    fields: tuple[Field, ...]
    pinned: int = 1

    @property
    def table(self) -> str:
        """The name of the Excel table."""
        return f"t_{self.name.lower()}"


def write_workbook(result: Result, path: Path) -> None:
    """Write the workbook of a result; the same result gives the same bytes.

    Raises :class:`~resilience.errors.InputError` if a table has more rows than a sheet of Excel, or if the file
    cannot be written.
    """
    sheets = [summary_sheet(result), verdicts_sheet(result)]
    sheets += [result_sheet(result, name) for name in RESULTS_IN_ORDER]
    _check_rows(sheets)
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties(
        {"title": clean(result.meta["title"])[:255], "subject": "Resilience calculator", "created": CREATED}
    )
    styles = _Styles(book)
    _write_cover(book, styles, result)
    for sheet in sheets:
        _write_sheet(book, styles, sheet, result.meta)
    try:
        book.close()
    except xlsxwriter.exceptions.FileCreateError as error:
        reason = f"the workbook cannot be written; is it open in Excel? ({type(error.args[0]).__name__})"
        raise InputError([Finding("error", path.name, None, None, reason)]) from error
