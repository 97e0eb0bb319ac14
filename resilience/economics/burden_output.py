"""The burden as a workbook: cover, picture and a sheet for each table."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from resilience.economics.burden_picture import burden_picture, picture_in_words
from resilience.economics.burden_words import HOW_TO_READ, headlines, of_years
from resilience.output.sheets import Sheet, short, table_fields, table_name
from resilience.output.workbook import (
    DARK,
    Styles,
    clean,
    close_book,
    open_book,
    set_up_page,
    write_cover,
    write_sheet,
)
from resilience.results import Result
from resilience.schema import ECONOMY, RESULTS

PICTURE = "Picture"
SHEETS = {
    PICTURE: "What each member bears over its GDP, before and after sharing.",
    "Sharing": "Burden by member in three plans, transfers, free rides.",
    "Share price": "What one more point of share costs, by good.",
    "Mix": "Stocks, restraint and sourcing against each other, by good.",
    "Burden": "Every cost by good, member and kind.",
    "Assumptions": "The numbers of [burden] by good, with ranges and grounds.",
    "Findings": "What was noticed about data and result.",
}


def write_burden_workbook(result: Result, path: str | Path) -> list[Path]:
    """Write the workbook and give the file; the same result gives the same bytes.

    Raises :class:`~resilience.errors.InputError` if the file cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    meta: Mapping[str, Any] = {**result.meta, "title": f"Burden: {result.meta['title']}"}
    book = open_book(path, meta["title"])
    styles = Styles(book)
    sections = [("The answer in short", headlines(result.tables, meta)), ("How to read it", list(HOW_TO_READ))]
    write_cover(book, styles, sections, SHEETS, meta)
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "burden.png"
        burden_picture(result.tables["sharing"], picture, meta)
        page = book.add_worksheet(PICTURE)
        page.hide_gridlines(2)
        page.write_string(0, 0, clean(SHEETS[PICTURE]), styles(bold=True, font_size=14, font_color=DARK))
        about = short(picture_in_words(result.tables["sharing"], meta), 1000)
        page.insert_image(2, 0, str(picture), {"description": about})
        set_up_page(page, PICTURE, meta)
        for name in SHEETS:
            if name != PICTURE:
                write_sheet(book, styles, _sheet(name, result.tables[table_name(name)], meta), meta)
        close_book(book, path)
    return [path]


def _sheet(name: str, frame: pd.DataFrame, meta: Mapping[str, Any]) -> Sheet:
    table = (ECONOMY if table_name(name) in ECONOMY else RESULTS)[table_name(name)]
    notes = (
        table.note,
        *(text for _, text in of_years(meta)),
        *(() if len(frame) else ("This table is empty: there is nothing of the kind in this result.",)),
    )
    return Sheet(name, table.title, notes, tuple(table_fields(table.name, frame, meta)))
