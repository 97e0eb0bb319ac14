"""Burden, sanctions, threat and tiers handed over: each as a workbook, and as pages in that of a result."""

from __future__ import annotations

import math
import struct
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
from openpyxl.utils import range_boundaries

from resilience.economics import burden_words, security_words
from resilience.economics.burden_picture import burden_picture, picture_in_words
from resilience.economics.security_pictures import losses_in_words, losses_picture, threat_in_words, threat_picture
from resilience.output.pictures import DPI
from resilience.output.sheets import SHEETS, Field, Sheet, result_sheet, short, table_name
from resilience.output.workbook import (
    DARK,
    POINTS,
    Styles,
    clean,
    close_book,
    open_book,
    set_up_page,
    write_cover,
    write_sheet,
)
from resilience.results import Result
from resilience.schema import BESIDE

PICTURE = "Picture"
Texts = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Drawing:
    """How a table is drawn as .png or .svg, and said in words for those who do not see it."""

    table: str
    title: str
    draw: Callable[[pd.DataFrame, str | Path, Mapping[str, Any]], None]
    describe: Callable[[pd.DataFrame, Mapping[str, Any]], str]


@dataclass(frozen=True)
class Question:
    """One of the questions of :data:`resilience.schema.BESIDE`: what stands above its tables."""

    title: str
    headlines: Callable[[Mapping[str, pd.DataFrame], Mapping[str, Any]], list[tuple[str, str]]]
    how_to_read: Texts = ()
    drawing: Drawing | None = None


QUESTIONS = {
    "burden": Question(
        "Burden",
        burden_words.headlines,
        burden_words.HOW_TO_READ,
        Drawing("sharing", "What each member bears, before and after sharing", burden_picture, picture_in_words),
    ),
    "sanctions": Question(
        "Sanctions",
        security_words.headlines,
        security_words.HOW_TO_READ,
        Drawing("sanctions", "Losses by member before and after the requirement", losses_picture, losses_in_words),
    ),
    "threat": Question(
        "Threat",
        security_words.headlines,
        drawing=Drawing("threat", "Threat by member and target", threat_picture, threat_in_words),
    ),
    "tiers": Question("Partner tiers", security_words.headlines),
}


def about(found: Result) -> str:
    """Which of the questions a result answers."""
    return str(found.meta.get("about", "burden"))


def draw(found: Result, path: str | Path) -> None:
    """The picture of burden, sanctions or threat as .png or .svg; the same tables give the same bytes."""
    drawing = QUESTIONS[about(found)].drawing
    assert drawing is not None, "tiers have no picture"
    drawing.draw(found.tables[drawing.table], path, found.meta)


def answer_sheets(result: Result) -> list[Sheet]:
    """A page of answers in words for every question that a result holds the tables of."""
    return [_answers(name, found) for name, found in _beside(result).items()]


def insert_pictures(book: Any, result: Result) -> None:
    """Put the pictures below the answers on the pages of :func:`answer_sheets`, which are in the workbook."""
    for name, found in _beside(result).items():
        if QUESTIONS[name].drawing is not None:
            page = book.get_worksheet_by_name(_page_name(name))
            _, _, right, last = range_boundaries(page.tables[0]["range"])  # counted from one
            page.print_area(0, 0, _insert(page, found, last + 1), right - 1)
            page.set_portrait()  # on one page, as a picture is not cut in two
            page.fit_to_pages(1, 1)


def _beside(result: Result) -> dict[str, Result]:
    found = {name: result.beside(name) for name in QUESTIONS}
    return {name: one for name, one in found.items() if one is not None}


def _page_name(name: str) -> str:
    return f"{QUESTIONS[name].title} in short"


def _answers(name: str, found: Result) -> Sheet:
    question = QUESTIONS[name]
    said = question.headlines(found.tables, found.meta)
    fields = (
        Field("About", [title for title, _ in said], meaning="what is asked", widest=24),
        Field(
            "Answer",
            [text for _, text in said],
            meaning="in words, from the tables of this workbook",
            widest=110,
            solver=True,
        ),
    )
    notes = tuple(f"{title}: {text}" for title, text in question.how_to_read)
    title = f"{question.title}: the answers in short"
    return Sheet(_page_name(name), title, notes, fields, key=f"{name}_in_short", stale=True)


def _insert(page: Any, found: Result, row: int) -> int:
    """Draw the picture and put it on a page from a row on, with its words; gives the last row that it covers."""
    drawing = QUESTIONS[about(found)].drawing
    assert drawing is not None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        draw(found, path)
        png = path.read_bytes()
    words = short(drawing.describe(found.tables[drawing.table], found.meta), 1000)
    options = {"image_data": BytesIO(png), "description": words, "object_position": 1}
    page.insert_image(row, 0, path.name, options)
    height = struct.unpack(">I", png[20:24])[0]  # pixels, from the head of the file
    return row + math.ceil(height / DPI * 72 / POINTS)


def write_own_workbook(found: Result, path: str | Path) -> list[Path]:
    """Write the workbook of one question alone: cover with the answers, picture, a sheet a table; gives the file.

    The same tables give the same bytes. Raises :class:`~resilience.errors.InputError` if the file cannot be
    written.
    """
    path, name = Path(path), about(found)
    question = QUESTIONS[name]
    path.parent.mkdir(parents=True, exist_ok=True)
    title = f"{question.title}: {found.meta['title']}"
    meta = {**found.meta, "title": title, "beside": {name: {"mixed_years": found.meta.get("mixed_years", "")}}}
    sheets = [sheet for sheet in SHEETS if table_name(sheet) in found.tables]
    sheets.sort(key=lambda sheet: table_name(sheet) not in BESIDE[name])  # its own first
    sections: list[tuple[str, Texts]] = [("The answer in short", question.headlines(found.tables, found.meta))]
    sections += [("How to read it", question.how_to_read)] if question.how_to_read else []
    contents = {sheet: SHEETS[sheet] for sheet in sheets}
    if question.drawing is not None:
        contents = {PICTURE: f"{question.drawing.title}."} | contents
    book = open_book(path, title)
    styles = Styles(book)
    write_cover(book, styles, sections, contents, meta, checked=False)
    if question.drawing is not None:
        page = book.add_worksheet(PICTURE)
        page.hide_gridlines(2)
        page.write_string(0, 0, clean(title), styles(bold=True, font_size=14, font_color=DARK))
        _insert(page, found, 2)
        set_up_page(page, PICTURE, meta)
    for sheet in sheets:
        write_sheet(book, styles, _sheet(Result(meta, found.tables), table_name(sheet), name), meta)
    close_book(book, path)
    return [path]


def _sheet(result: Result, table: str, name: str) -> Sheet:
    """A table as it is; every one says which years are mixed."""
    sheet = result_sheet(result, table)
    if table in BESIDE[name]:
        return sheet
    return replace(sheet, notes=(*sheet.notes, *(text for _, text in burden_words.of_years(result.meta))))
