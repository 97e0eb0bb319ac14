"""A frontier as a file: the table as CSV or workbook, the picture as PNG or SVG."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from resilience.families import versions
from resilience.files import write_csv
from resilience.inputs.case import Case
from resilience.output.sheets import Sheet, short, table_fields
from resilience.output.workbook import Styles, clean, close_book, open_book, set_up_page, write_sheet
from resilience.schema import STUDY
from resilience.studies.frontier_words import crossed, in_words, title, written
from resilience.studies.tables import whose

FRONTIER_SUFFIXES = (".csv", ".png", ".svg", ".xlsx")


def frontier_meta(
    case: Case, table: pd.DataFrame, *, how: str = "set", target: float | None = None
) -> dict[str, Any]:
    """Where a frontier comes from, and ``break_even``: (name of a share, where the frontier crosses it)."""
    file, first = case.file, table.iloc[0]
    names = case.data.names()
    return {
        "title": file.title,
        "case": file.path.name,
        "case_hash": file.fingerprint,
        "dataset": file.dataset.resolve().name,
        "year": file.year,
        "labels": {row.good: row.label for row in case.data.goods.itertuples() if row.good in case.all_goods},
        "members": {member: names[member] for member in case.members},
        "countries": names,
        "region_name": " and ".join(file.region),
        "versions": versions(),
        "how": how,
        "target": target,
        "written": written(case, str(first["good"]), str(first["parameter"]), how),
        "break_even": crossed(table, how, target),
    }


def write_frontier(table: pd.DataFrame, meta: Mapping[str, Any], out: Path) -> None:
    """Write the table (.csv), its picture (.png, .svg) or both (.xlsx); the same frontier gives the same bytes."""
    from resilience.studies.frontier_picture import frontier_picture

    out.parent.mkdir(parents=True, exist_ok=True)
    drawn = {name: meta[name] for name in ("how", "target", "written")}
    suffix = out.suffix.lower()
    if suffix == ".csv":
        write_csv(table, out)
    elif suffix in (".png", ".svg"):
        frontier_picture(table, out, meta, **drawn)
    else:
        with tempfile.TemporaryDirectory() as folder:
            picture = Path(folder) / "frontier.png"
            frontier_picture(table, picture, meta, **drawn)
            _write_book(table, meta, out, picture)


def _write_book(table: pd.DataFrame, meta: Mapping[str, Any], out: Path, picture: Path) -> None:
    about = whose(table.iloc[0], meta)
    notes = (about, *(f"{name}: {text}." for name, text in meta["break_even"]), STUDY["frontier"].note)
    book = open_book(out, meta["title"])
    styles = Styles(book)
    fields = tuple(table_fields("frontier", table, meta))
    write_sheet(book, styles, Sheet("Frontier", title(table), notes, fields), meta)
    page = book.add_worksheet("Picture")
    page.hide_gridlines(2)
    page.write_string(0, 0, clean(f"{title(table)}: {about}"), styles(bold=True, font_size=14))
    page.insert_image(2, 0, str(picture), {"description": short(in_words(table, meta["how"]), 1000)})
    set_up_page(page, "Picture", meta)
    close_book(book, out)
