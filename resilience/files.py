"""Files that are written whole or not at all, so that whoever stops it keeps what was there before; CSV."""

from __future__ import annotations

import csv
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

PARTIAL = ".partial"
MOST_EXACT = 2**53  # beyond it a float does not hold every whole number
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)
_MARKED = re.compile(r"'+[=+\-@\t\r]")


@contextmanager
def whole(path: Path, *, lasting: bool = False) -> Iterator[Path]:
    """Where to write in place of ``path``, which becomes that file once it is complete; folders are made.

    If ``lasting``, it is whole or not there after a loss of power, too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + PARTIAL)
    try:
        yield partial
        if lasting:
            with partial.open("rb+") as file:
                os.fsync(file.fileno())
        partial.replace(path)
        if lasting and sys.platform != "win32":  # the folder's entry, too; Windows has no such call
            entry = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(entry)
            finally:
                os.close(entry)
    finally:
        partial.unlink(missing_ok=True)


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV: UTF-8, commas, a header; blank where a value is missing.

    Columns of whole numbers are written without decimals. Text that Excel would run as a formula, as it begins
    with = + - @, a tab or a carriage return, gets an apostrophe in front; :func:`as_written` takes it off. A text
    that is a number stays as it is.
    """
    plain = frame.assign(**{name: _plain(frame[name]) for name in map(str, frame)})
    texts = plain.select_dtypes(exclude=["number", "bool"])
    broken = any(texts[name].astype(str).str.contains("\r", regex=False).any() for name in texts)
    quoting = csv.QUOTE_ALL if broken else csv.QUOTE_MINIMAL  # which quotes no carriage return by itself
    with whole(path) as file:
        plain.to_csv(file, index=False, lineterminator="\n", encoding="utf-8", quoting=quoting)


def as_written(cell: str) -> str:
    """The text of a cell that :func:`write_csv` wrote."""
    return cell[1:] if _MARKED.match(cell) else cell


def _plain(values: pd.Series) -> pd.Series:
    """A column as CSV is to hold it."""
    if values.dtype.kind == "f":
        known = values.dropna()
        return values.astype("Int64") if ((known % 1 == 0) & (known.abs() < MOST_EXACT)).all() else values
    return values if values.dtype.kind in "iub" else values.map(_harmless)


def _harmless(cell: Any) -> Any:
    risky = isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell)
    return f"'{cell}" if risky else cell
