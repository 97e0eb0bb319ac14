"""The workbook of a result: which sheets, in which order, and what goes to CSV files beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from resilience import words
from resilience.economics.handed_over import answer_sheets, insert_pictures
from resilience.files import write_csv
from resilience.handoff.answers import (
    Answers,
    good_sheet,
    matter_most,
    member_sheet,
    summary_sheet,
    verdicts_sheet,
)
from resilience.handoff.audit import (
    Audit,
    assumptions_sheet,
    checks_sheet,
    data_sheet,
    plan_sheet,
    requirements_sheet,
)
from resilience.handoff.compared import COMPARED, changes, in_short, read_tables
from resilience.handoff.thresholds import benchmarks, rules
from resilience.output.sheets import (
    FIGURE,
    MOST_MONTHS,
    ON_REQUEST,
    PARTS,
    SHARE,
    SHEETS,
    Field,
    Link,
    Sheet,
    heading,
    missing,
    ordered,
    result_sheet,
    short,
    table_fields,
    table_name,
)
from resilience.output.workbook import MOST_ROWS, Styles, close_book, open_book, write_cover, write_sheet
from resilience.results import Result
from resilience.schema import ALL, BESIDE_TABLES, WORKBOOK
from resilience.studies.workbook import read_study_folder, sensitivity_sheets

OF_SOLVER = (  # tables whose numbers belong to the assumptions they were solved with
    *("stress", "months", "plan", "capacity", "why", "levers", "missing", "chain", "indirect", "caps"),
    *("rests_on", "frontiers", "benchmarks"),
)
WITHOUT_TABLE = ("Cover", "Contents", "Summary", "Verdicts", "Checks")  # made from several tables, or from none
_CHANGED = "0.00 %"  # the number format of shares in the change log
LEGAL = {"benchmarks": 3, "thresholds": 0}  # columns at the end that are not printed: they stand on Thresholds
SAMPLE = 1000  # rows on the sheet of a table that is written to CSV
NAME = 31  # characters of the name of a sheet
FORBIDDEN_IN_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f\ud800-\udfff\ufffe\uffff]")


def write_workbook(
    result: Result,
    path: str | Path,
    *,
    compare: str | Path | None = None,
    study: str | Path | None = None,
    most_rows: int = MOST_ROWS - 100,
) -> list[Path]:
    """Write the workbook of a result and, for tables of more than ``most_rows``, CSV files; gives all files.

    ``compare`` is an earlier workbook or JSON file, for the change log; ``study`` the folder of a finished study,
    for the sensitivity. The same result gives the same bytes. Raises :class:`~resilience.errors.InputError` if one
    of them cannot be read, or the file cannot be written.
    """
    path, result, as_given = Path(path), _worst_first(result), result
    earlier = None if compare is None else read_tables(compare)
    sensitivity = [] if study is None else sensitivity_sheets(*read_study_folder(study), result.meta)
    legal = benchmarks(result)
    frames = {
        **result.tables,
        "benchmarks": legal,
        "thresholds": rules(legal),
        "changes": changes(earlier, result.tables) if earlier is not None else _none("changes"),
    }
    sheets = _sheets(result, frames, sensitivity, None if compare is None else Path(compare).name, most_rows)
    written = [path]
    fitted = []
    for sheet, frame in sheets:
        if len(sheet) > most_rows:
            beside = path.with_name(f"{path.stem}-{sheet.table.removeprefix('t_')}.csv")
            write_csv(frame, beside)
            written.append(beside)
            note = f"All {len(sheet):,} rows are in {beside.name} beside this file; here are the first {SAMPLE:,}."
            sheet = replace(sheet.head(SAMPLE), notes=(*sheet.notes, note))
        fitted.append(sheet)
    book = open_book(path, result.meta["title"])
    styles = Styles(book)
    write_cover(book, styles, words.cover(result.meta, as_given.tables), {}, result.meta)
    for sheet in (_contents(fitted), *fitted):
        write_sheet(book, styles, sheet, result.meta)
    insert_pictures(book, as_given)
    close_book(book, path)
    return written


def _worst_first(result: Result) -> Result:
    """The result with what must change first in every table, as on the summary: a reader sees the first rows."""
    order = {good: place for place, good in enumerate(Answers(result).worst_first())}
    tables = {}
    for name, frame in result.tables.items():
        first = {ALL: -1} if name == "assumptions" else {}  # the cutoffs, which are of all goods

        def place(goods: pd.Series, order: Mapping[str, int] = order | first) -> pd.Series:
            return goods.map(order).fillna(len(order))

        sort = "good" in frame and len(frame) > 0
        tables[name] = frame.sort_values("good", key=place, kind="stable", ignore_index=True) if sort else frame
    return Result(result.meta, tables)


def _none(name: str) -> pd.DataFrame:
    return pd.DataFrame(columns=list(WORKBOOK[name].names), dtype=object)


def _sheets(
    result: Result,
    frames: Mapping[str, pd.DataFrame],
    sensitivity: Iterable[Sheet],
    compared: str | None,
    most_rows: int,
) -> list[tuple[Sheet, pd.DataFrame]]:
    """Every sheet after the contents, in order, with the table behind it."""
    fits = {name: len(frames.get(name, ())) <= most_rows for name in ("plan", "purchases")}
    answers = Answers(result, plan_fits=fits["plan"])
    audit = Audit.of(answers, purchases_fit=fits["purchases"])
    data, assumptions = data_sheet(audit), assumptions_sheet(answers)
    made = {
        "Summary": summary_sheet(answers),
        "Verdicts": verdicts_sheet(answers),
        "Requirements": requirements_sheet(answers),
        "Plan": plan_sheet(audit),
        "Data": data,
        "Assumptions": assumptions,
        "Benchmarks": _plain(frames, "benchmarks", result.meta),
        "Thresholds": _plain(frames, "thresholds", result.meta),
        "Checks": checks_sheet(audit, data, assumptions),
        "Change log": _change_log(frames, result.meta, compared),
    }
    sheets: list[tuple[Sheet, pd.DataFrame]] = []
    wanted = [name for name in SHEETS if _wanted(name, frames)][2:]
    beside = next((name for name in wanted if table_name(name) in BESIDE_TABLES), None)
    for name in wanted:
        table = table_name(name)
        if name == beside:
            sheets += [(page, pd.DataFrame()) for page in answer_sheets(result)]
        sheet = made[name] if name in made else result_sheet(result, table)
        if table in OF_SOLVER:
            sheet = replace(sheet, stale=True)
        sheets.append((sheet, ordered(frames[table], table) if table in frames else pd.DataFrame()))
        if name == "Summary":
            sheets += [(page, pd.DataFrame()) for page in _pages(answers)]
        if name == "Data":
            sheets += [(page, pd.DataFrame()) for page in sensitivity]
    return sheets


def _wanted(name: str, frames: Mapping[str, pd.DataFrame]) -> bool:
    frame = frames.get(table_name(name))
    if frame is None:
        return name in WITHOUT_TABLE
    return name not in ON_REQUEST or (len(frame) > 0 and (name != "Months" or len(frame) <= MOST_MONTHS))


def _pages(answers: Answers) -> Iterable[Sheet]:
    """A page for each member and for each of the goods that matter most."""
    taken = {name.lower() for name in (*SHEETS, "History")}  # the last one Excel keeps for itself
    for member in answers.meta["members"]:
        named = words.member_name(member, answers.meta)
        yield member_sheet(answers, member, _unique(f"{member} {named}", taken), _key("member", member, taken))
    for good in matter_most(answers):
        name = _unique(good.replace("_", " ").capitalize(), taken)
        yield good_sheet(answers, good, name, _key("good", good, taken))


def _unique(text: str, taken: set[str]) -> str:
    """A name for a sheet that Excel takes and no other sheet has."""
    plain = short(FORBIDDEN_IN_NAMES.sub(" ", text), 1000).strip("' ") or "page"
    number, name = 1, _cut(plain, NAME)
    while name.lower() in taken:
        number += 1
        tail = f" ({number})"
        name = _cut(plain, NAME - len(tail)) + tail
    taken.add(name.lower())
    return name


def _cut(text: str, most: int) -> str:
    """At most so many UTF-16 units, which is how Excel counts."""
    return text.encode("utf-16-le")[: 2 * most].decode("utf-16-le", "ignore").strip("' ")


def _key(kind: str, code: str, taken: set[str]) -> str:
    """A name for an Excel table that no other has."""
    plain = f"{kind}_{re.sub(r'[^A-Za-z0-9]+', '_', code)[:60]}"
    key, number = plain, 1
    while f"t_{key}".lower() in taken:
        number += 1
        key = f"{plain}_{number}"
    taken.add(f"t_{key}".lower())
    return key


def _plain(frames: Mapping[str, pd.DataFrame], name: str, meta: Mapping[str, Any]) -> Sheet:
    """A table of the workbook as it is."""
    table = WORKBOOK[name]
    fields = table_fields(name, frames[name], meta)
    if name in LEGAL:  # shares, days or costs: by the unit of the row
        forms = [SHARE if str(unit).startswith("share") else FIGURE for unit in frames[name]["unit"]]
        fields = [replace(field, forms=forms) if field.unit == "see unit" else field for field in fields]
    printed = len(fields) - LEGAL.get(name, 0)
    return Sheet(name.capitalize(), table.title, (table.note,), tuple(fields), printed=printed)


def _change_log(frames: Mapping[str, pd.DataFrame], meta: Mapping[str, Any], compared: str | None) -> Sheet:
    frame = frames["changes"]
    pairs = list(zip(frame["table"], frame["column"], strict=True))
    headed = [None if missing(column) else heading(column, table) for table, column in pairs]
    sheet = _plain(
        {"changes": frame.assign(column=headed, table=frame["table"].map(_sheet_name))}, "changes", meta
    )
    forms = [_CHANGED if not missing(c) and COMPARED[t].column(c).kind == "share" else "General" for t, c in pairs]
    fields = [
        replace(field, kind="general", forms=forms) if field.heading in ("Before", "After") else field
        for field in sheet.fields
    ]
    sheet = replace(sheet, fields=tuple(fields))
    if compared is None:
        note = (
            "No earlier result was given: resilience run CASE --out NEW.xlsx --compare OLD.xlsx fills this sheet."
        )
    elif len(sheet):
        note = f"Compared with {compared}. Rows by sheet: {in_short(frame, _sheet_name)}."
    else:
        note = f"Compared with {compared}: nothing differs."
    return replace(sheet, name="Change log", key="changes", notes=(*sheet.notes, note))


def _sheet_name(table: str) -> str:
    """The sheet on which readers find a table."""
    return next((sheet for sheet in SHEETS if table_name(sheet) == table), table)


def _contents(sheets: Iterable[Sheet]) -> Sheet:
    """Links to every sheet, what each holds and how many rows."""
    sheets, part, parts = list(sheets), PARTS["Cover"], []
    for sheet in sheets:
        part = PARTS.get(sheet.name, part)
        parts.append(part)
    fields = (
        Field("Sheet", [Link(sheet.name) for sheet in sheets], widest=34),
        Field(
            "What it holds",
            [SHEETS.get(sheet.name, sheet.title) for sheet in sheets],
            widest=100,
        ),
        Field("Part", parts),
        Field("Rows", [float(len(sheet)) for sheet in sheets], "whole"),
    )
    notes = (
        "Each sheet holds one table, which has a name of its own. The answer comes first, then the evidence; the "
        "annex holds what explains it further.",
        *(f"{name}: {text}" for name, text in words.READING),
    )
    return Sheet("Contents", "Contents", notes, fields, one_page=True, close=True)
