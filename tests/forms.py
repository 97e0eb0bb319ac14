"""Forms and data sets as workbooks for tests: written, filled in and spoiled with openpyxl or in the zip file."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import openpyxl
from conftest import write_case, write_dataset

from resilience.cli import main

FLOWS = [("BBB", "AAA", 900.0), ("CCC", "AAA", 100.0)]
BALANCES = [
    {"country": "AAA", "production": 200, "stock": 50},
    {"country": "BBB", "production": 900},
    {"country": "CCC", "production": 100},
]


def write_small(folder: Path, **keys: Any) -> Path:
    """A case of one good: AAA makes 200, buys 900 from BBB, which is cut off, and 100 from CCC in the region."""
    write_dataset(
        folder / "data", FLOWS, BALANCES, countries=["DEU"], coalitions=[("G7", "AAA", ""), ("G7", "CCC", "")]
    )
    cutoffs = keys.pop("cutoffs", [{"name": "cut", "cut": ["BBB"]}])
    return write_case(folder / "case.toml", members=["AAA"], region="G7", cutoffs=cutoffs, **keys)


def form_of(case: Path, name: str = "inputs.xlsx", *options: str) -> Path:
    """The form of a case, written by the command beside it."""
    path = case.parent / name
    assert main(["template", str(case), "--out", str(path), "--quiet", *options]) == 0
    return path


def place(sheet: Any, name: str, column: str) -> Any:
    """The cell of a form's sheet in the row that begins with ``name``; "" is the first blank row."""
    rows = list(sheet.iter_rows())
    heads = next(row for row in rows if row[0].value in ("Name", "Good"))
    letter = next(cell.column for cell in heads if cell.value == column)
    below = rows[heads[0].row :]
    found = next(row for row in below if (row[0].value or "") == name)
    return sheet.cell(found[0].row, letter)


def fill(
    path: Path, cells: Mapping[tuple[str, str, str], Any], spoil: Callable[[Any], None] | None = None
) -> Path:
    """Fill in (sheet, name of the row, column) → value, then let ``spoil`` change the book."""
    book = openpyxl.load_workbook(path)
    for (sheet, name, column), value in cells.items():
        place(book[sheet], name, column).value = value
    if spoil is not None:
        spoil(book)
    book.save(path)
    return path


def as_workbook(folder: Path, path: Path) -> Path:
    """A data set of CSV files as one workbook, numbers as numbers."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for file in sorted(folder.glob("*.csv")):
        sheet = book.create_sheet(file.stem)
        with file.open(encoding="utf-8", newline="") as lines:
            for row in csv.reader(lines):
                sheet.append([number(cell) for cell in row])
    book.save(path)
    return path


def number(text: str) -> Any:
    """A cell of a CSV file as Excel would hold it."""
    try:
        return float(text)
    except ValueError:
        return text or None


def with_parts(
    path: Path, parts: Mapping[str, bytes | Callable[[bytes], bytes]], packed: int = zipfile.ZIP_DEFLATED
) -> Path:
    """The workbook with parts of its zip file replaced, changed by a function, or added."""
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    for name, part in parts.items():
        held[name] = part(held[name]) if callable(part) else part
    with zipfile.ZipFile(path, "w", packed) as archive:
        for name, content in held.items():
            archive.writestr(name, content)
    return path
