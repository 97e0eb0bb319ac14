"""What differs between two results, of which one may come from a workbook or a JSON file (the table ``changes``).

A workbook is read by its named tables, as anybody could: headings stand for columns, blank cells are unknown.
"""

from __future__ import annotations

import json
import math
import re
import zipfile
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from openpyxl.packaging.relationship import get_dependents, get_rels_path
from openpyxl.utils import range_boundaries
from openpyxl.worksheet.table import Table
from openpyxl.xml.constants import REL_NS
from openpyxl.xml.functions import fromstring

from resilience.errors import Finding, InputError, errors_in
from resilience.files import as_written
from resilience.inputs.incoming import Book, open_book
from resilience.output.sheets import heading, missing
from resilience.schema import BESIDE, BESIDE_TABLES, RESULTS, WORKBOOK

ROUNDING = 1e-6  # relative, and absolute below 1
COMPARED = {**RESULTS, **BESIDE_TABLES}
TINY = 1e-12  # of a part of GDP, where a millionth is much
LEFT_OUT = ("findings", "sources", "months", "flows_used")  # no keys, or of it other tables are made
WHOSE = ("good", "member")  # key columns that say whose figures a row holds
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[-+]?\d+)?")
WORDS = {"infinite": math.inf, "minus infinite": -math.inf, "inf": math.inf, "-inf": -math.inf}


def read_tables(path: str | Path) -> dict[str, pd.DataFrame]:
    """The tables of an earlier result by name, from a workbook (.xlsx) or a JSON file.

    Raises :class:`~resilience.errors.InputError` if the file cannot be read, is something else, or is refused by
    :mod:`resilience.inputs.incoming`.
    """
    path = Path(path)
    try:
        tables = _from_workbook(path) if path.suffix.lower() == ".xlsx" else _from_json(path)
    except FileNotFoundError:
        raise _refuse(path, f"there is no file {path}") from None
    except OSError as error:
        raise _refuse(path, f"cannot be read ({error.strerror or error})") from error
    except InputError:
        raise
    except Exception as error:  # whatever a damaged file makes the readers say
        raise _refuse(path, f"is no result that can be read: {error}") from error
    if "requirements" not in tables:
        raise _refuse(
            path, "holds no table of requirements; name a workbook or JSON file that resilience run wrote"
        )
    return tables


def _refuse(path: Path, message: str) -> InputError:
    return InputError([Finding("error", path.name, None, None, message)])


def _from_json(path: Path) -> dict[str, pd.DataFrame]:
    tables = json.loads(path.read_text(encoding="utf-8"))["tables"]
    found = {}
    for name, rows in tables.items():
        if name in COMPARED:
            there = {column for row in rows for column in row}  # an earlier version may have known fewer
            columns = [column for column in COMPARED[name].names if column in there or not rows]
            found[name] = _typed(name, pd.DataFrame(rows, columns=columns, dtype=object))
    return found


def _from_workbook(path: Path) -> dict[str, pd.DataFrame]:
    findings: list[Finding] = []
    book = open_book(path, findings)
    found = {}
    for name, (sheet, ref) in ({} if book is None else _named_tables(path, book)).items():
        cells = book.read(sheet, findings) if book is not None else None
        if cells is None:
            continue
        left, top, right, last = range_boundaries(ref)
        head = cells.rows.get(top, {})
        at = {head.get(column): column for column in head if left <= column <= right}
        named = {column: at[title] for column in COMPARED[name].names if (title := heading(column, name)) in at}
        rows = [row for number, row in sorted(cells.rows.items()) if top < number <= last]
        whole = {column: [row.get(place) for row in rows] for column, place in named.items()}
        found[name] = _typed(name, pd.DataFrame(whole, dtype=object).dropna(how="all"))
        beside = path.with_name(f"{path.stem}-{name}.csv")
        if beside.is_file():  # where a sheet could not hold them all
            found[name] = _typed(name, pd.read_csv(beside, dtype=object).map(as_written, na_action="ignore"))
    if errors_in(findings):
        raise InputError(findings)
    return found


def _named_tables(path: Path, book: Book) -> dict[str, tuple[str, str]]:
    """The sheet and the range of every result table."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        for sheet in book.names:
            relations = get_rels_path(book.part(sheet))
            if relations in archive.namelist():
                for relation in get_dependents(archive, relations).find(f"{REL_NS}/table"):
                    table = Table.from_tree(fromstring(archive.read(relation.target)))
                    name = table.displayName.removeprefix("t_")
                    if name in COMPARED and name not in LEFT_OUT:
                        found[name] = (sheet, table.ref)
    return found


def _typed(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers as numbers, blanks as None; columns that are not there stay away."""
    for column in COMPARED[name].columns:
        if column.name in frame:
            cells = [_cell(value, column.kind in ("share", "amount", "number")) for value in frame[column.name]]
            frame[column.name] = pd.Series(cells, index=frame.index, dtype=object)
    return frame


def _cell(value: Any, number: bool) -> Any:
    if missing(value):
        return None
    if number and isinstance(value, str):
        return WORDS.get(value, float(value) if _NUMBER.fullmatch(value) else value)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def changes(before: Mapping[str, pd.DataFrame], after: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The table ``changes``: rows that appeared or vanished, and cells that changed by more than rounding.

    A good or member that only one of the two has is one row, and not one for each of its figures, as are tables
    of burden, sanctions, threat or tiers that only one of them was asked for.
    """
    rows: list[dict[str, Any]] = []
    apart: set[tuple[str, str]] = set()
    for column in WHOSE:
        old, new = (dict.fromkeys(tables["requirements"][column].astype(str)) for tables in (before, after))
        for key in dict.fromkeys([*new, *old]):
            if (key in new) != (key in old):
                apart.add((column, key))
                what = "appeared" if key in new else "vanished"
                rows.append({"table": "requirements", "key": key, "column": column, "what": what})
    once: set[str] = set()
    for about, names in BESIDE.items():
        there = [any(name in tables for name in names) for tables in (before, after)]
        if there[0] != there[1]:
            once |= set(names)
            rows.append({"table": about, "what": "appeared" if there[1] else "vanished"})
    for name, table in COMPARED.items():
        if table.keys and name not in {*LEFT_OUT, *once} and (name in before or name in after):
            rows += _of_table(name, before.get(name), after.get(name), apart)
    return pd.DataFrame(rows, columns=list(WORKBOOK["changes"].names), dtype=object)


def in_short(found: pd.DataFrame, name_of: Callable[[str], str] = str) -> str:
    """How many rows of the table ``changes`` there are of each table: ``plan: 4 changed, 1 vanished; …``."""
    counts = found.groupby(["table", "what"], sort=False).size()
    return "; ".join(
        f"{name_of(str(table))}: {', '.join(f'{number} {what}' for what, number in counts[table].items())}"
        for table in dict.fromkeys(found["table"])
    )


def _of_table(
    name: str, before: pd.DataFrame | None, after: pd.DataFrame | None, apart: Collection[tuple[str, str]]
) -> Iterable[dict[str, Any]]:
    table, keys = COMPARED[name], list(COMPARED[name].keys)
    old, new = _rows(name, before), _rows(name, after)
    for key in dict.fromkeys([*new, *old]):
        if any(pair in apart for pair in zip(keys, key, strict=True)):
            continue
        shown = ", ".join(f"{part}" for part in key if part is not None)
        row = {"table": name, "key": shown}
        if key not in old or key not in new:
            yield {**row, "what": "vanished" if key not in new else "appeared"}
            continue
        for column in table.columns:
            if column.name not in keys and column.name in old[key] and column.name in new[key]:
                one, other = old[key][column.name], new[key][column.name]
                if _differ(one, other, TINY if column.unit == "part of GDP" else ROUNDING):
                    yield {**row, "column": column.name, "before": one, "after": other, "what": "changed"}


def _rows(name: str, frame: pd.DataFrame | None) -> dict[tuple[Any, ...], dict[str, Any]]:
    if frame is None or not len(frame):
        return {}
    records = _typed(name, frame.astype(object)).to_dict("records")
    keys = COMPARED[name].keys
    return {tuple(record.get(key) for key in keys): {str(k): v for k, v in record.items()} for record in records}


def _differ(one: Any, other: Any, small: float) -> bool:
    """Whether two cells differ by more than rounding; numbers in columns of text count as numbers.

    Numbers differ if they do by more than a millionth and by more than ``small``.
    """
    first, second = _as_number(one), _as_number(other)
    if first is None or second is None:
        return bool(one != other)
    return first != second and not math.isclose(first, second, rel_tol=ROUNDING, abs_tol=small)


def _as_number(value: Any) -> float | None:
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value) else None
    return value
