"""Sanctions, threat or tiers as a workbook: cover, picture and a sheet for each table."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from resilience.economics.burden_words import of_years
from resilience.economics.security_pictures import losses_in_words, losses_picture, threat_in_words, threat_picture
from resilience.economics.security_words import headlines
from resilience.output.sheets import Sheet, short, table_fields
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
from resilience.schema import RESULTS, SECURITY

TITLES = {"sanctions": "Sanctions", "threat": "Threat", "tiers": "Partner tiers"}
PICTURE = "Picture"
Draw = Callable[[pd.DataFrame, str | Path, Mapping[str, Any]], None]
Describe = Callable[[pd.DataFrame, Mapping[str, Any]], str]
PICTURES: dict[str, tuple[Draw, Describe]] = {
    "sanctions": (losses_picture, losses_in_words),
    "threat": (threat_picture, threat_in_words),
}
HOW_TO_READ = (
    (
        "Lower bounds",
        "Total trade is of intermediates only; losses from exports and other imports are at least these.",
    ),
    ("Before and after", "As members buy today; and as the plan buys that meets the requirement of the case."),
    (
        "Judgements",
        "Stakes, substitution and what of exports is lost are assumed: see Assumptions, with their ranges.",
    ),
)


def draw(found: Result, path: str | Path) -> None:
    """The picture of sanctions or threat as .png or .svg; the same tables give the same bytes."""
    about = found.meta["about"]
    PICTURES[about][0](found.tables[about], path, found.meta)


def write_security_workbook(found: Result, path: Path) -> None:
    """Write the workbook; the same tables give the same bytes.

    Raises :class:`~resilience.errors.InputError` if the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    about = found.meta["about"]
    title = f"{TITLES[about]}: {found.meta['title']}"
    meta = {**found.meta, "title": title, "members": {**found.meta["countries"], **found.meta["members"]}}
    book = open_book(path, title)
    styles = Styles(book)
    sections = [("The answer in short", headlines(found.tables, found.meta))]
    if about == "sanctions":
        sections.append(("How to read it", list(HOW_TO_READ)))
    sheets = {_sheet_name(name): _declared(name).title for name in found.tables}
    pictured = {PICTURE: "The main table in a picture."} if about in PICTURES else {}
    write_cover(book, styles, sections, pictured | sheets, meta)
    with tempfile.TemporaryDirectory() as folder:
        if pictured:
            picture = Path(folder) / "picture.png"
            draw(found, picture)
            page = book.add_worksheet(PICTURE)
            page.hide_gridlines(2)
            page.write_string(0, 0, clean(title), styles(bold=True, font_size=14, font_color=DARK))
            words = PICTURES[about][1](found.tables[about], found.meta)
            page.insert_image(2, 0, str(picture), {"description": short(words, 1000)})
            set_up_page(page, PICTURE, meta)
        for name, frame in found.tables.items():
            write_sheet(book, styles, _sheet(name, frame, meta), meta)
        close_book(book, path)


def _declared(name: str) -> Any:
    return SECURITY.get(name) or RESULTS[name]


def _sheet_name(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _sheet(name: str, frame: pd.DataFrame, meta: Mapping[str, Any]) -> Sheet:
    table = _declared(name)
    empty = () if len(frame) else ("This table is empty: there is nothing of the kind in this result.",)
    notes = (table.note, *(text for _, text in of_years(meta)), *empty)
    return Sheet(_sheet_name(name), table.title, notes, tuple(table_fields(name, frame, meta)))
