"""Opens a workbook that somebody else made: nothing in it is run, fetched or expanded.

The file is searched before openpyxl sees it: its size, its parts, how far they unpack, and their XML, in which a
document type or an entity is refused. What is read are stored values; no formula is evaluated.
"""

from __future__ import annotations

import datetime
import io
import posixpath
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.parsers import expat

import openpyxl
from defusedxml.ElementTree import iterparse
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.worksheet._reader import FORMULA_TAG, MERGE_TAG, ROW_TAG, VALUE_TAG, WorkSheetParser

from resilience.errors import Finding

MIB = 1 << 20
MOST_BYTES = 100 * MIB  # of the file
MOST_PARTS = 2_000
MOST_UNPACKED = 300 * MIB  # of all parts together
MOST_RATIO = 200  # unpacked over packed, for parts above a MiB
MOST_TOGETHER = 500_000  # XML elements between two rows, or in a part without rows
MOST_CELLS = 4_000_000
MOST_NAMED = 5
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
SAVE_AS = 'save it in Excel or LibreOffice as "Excel Workbook (.xlsx)"'
KINDS = {  # suffix → what the file is
    ".xls": "an old Excel file",
    ".xlsm": "a workbook with macros",
    ".xltm": "a workbook with macros",
    ".xlsb": "a binary workbook",
    ".xltx": "an Excel template",
    ".ods": "an OpenDocument spreadsheet",
    ".numbers": "an Apple Numbers file",
}
CARRIED = {  # folders of parts that are left alone, and what is in them
    "xl/embeddings/": "embedded objects",
    "xl/activex/": "ActiveX controls",
    "xl/ctrlprops/": "form controls",
    "xl/querytables/": "queries",
    "xl/webextensions/": "web extensions",
}

ORPHANS = "parts that nothing in the workbook points to"
FILES, FILE_PARTS = "links to other files", "parts for links to other files"

Place = tuple[int, int]  # row and column, from 1


class CellError(str):
    """What Excel shows where a formula failed, such as #N/A."""

    __slots__ = ()


@dataclass
class Sheet:
    """The cells of one sheet: row → column → value, both from 1; blank cells are not there.

    ``formulas`` are the cells whose value is what a formula gave when the file was saved, with its text;
    ``unstored`` those of them for which the file holds no value. ``merged`` are (first row, first column, last
    row, last column).
    """

    name: str
    rows: dict[int, dict[int, Any]] = field(default_factory=dict)
    formulas: dict[Place, str] = field(default_factory=dict)
    unstored: set[Place] = field(default_factory=set)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden: bool = False


class Book:
    """A workbook that was searched; sheets are read when they are asked for."""

    def __init__(self, file: str, book: Any):
        self.file = file
        self._book = book
        self._cells = 0

    @property
    def names(self) -> list[str]:
        """The names of its sheets, in order."""
        return [page.title for page in self._book.worksheets]

    def part(self, name: str) -> str:
        """Where in the file the sheet is kept."""
        return str(self._book[name]._worksheet_path)

    def find(self, name: str) -> str | None:
        """The sheet of that name, whatever its case and the spaces around it."""
        return next((other for other in self.names if other.strip().lower() == name.strip().lower()), None)

    def read(self, name: str, findings: list[Finding]) -> Sheet | None:
        """One sheet; None, with a finding, if it cannot be read."""
        page = self._book[name]
        sheet = Sheet(name, hidden=page.sheet_state != "visible")
        try:
            with warnings.catch_warnings(), page._get_source() as source:
                warnings.simplefilter("ignore")
                parser = _Rows(
                    source,
                    page._shared_strings,
                    data_only=True,
                    epoch=self._book.epoch,
                    date_formats=self._book._date_formats,
                    timedelta_formats=self._book._timedelta_formats,
                )
                for row, values in parser.rows(sheet):
                    self._cells += len(values)
                    if self._cells > MOST_CELLS:
                        text = f"more than {MOST_CELLS:,} cells; give a data set of this size as CSV files"
                        findings.append(Finding("error", name, row, None, f"{self.file}: {text}"))
                        return None
                    if values:
                        sheet.rows.setdefault(row, {}).update(values)
        except Exception as error:  # whatever it is, the file is at fault
            findings.append(Finding("error", name, None, None, f"{self.file}: {_damaged(error)}"))
            return None
        return sheet


class _Rows(WorkSheetParser):  # type: ignore[misc]  # openpyxl has no types
    """openpyxl's reader of a sheet, cell by cell as they stand there: gaps are not filled."""

    def rows(self, sheet: Sheet) -> Iterator[tuple[int, dict[int, Any]]]:
        for _, element in iterparse(self.source):
            if element.tag == ROW_TAG:
                row, cells = self.parse_row(element)
                if element.get("hidden") in ("1", "true"):
                    sheet.hidden_rows.append(row)
                for cell in cells:
                    if cell["formula"] is not None:
                        sheet.formulas[row, cell["column"]] = cell["formula"]
                        if not cell["stored"]:
                            sheet.unstored.add((row, cell["column"]))
                yield row, {cell["column"]: cell["value"] for cell in cells if not _blank(cell["value"])}
                element.clear()
            elif element.tag == MERGE_TAG:
                for merged in element:
                    first_column, first_row, last_column, last_row = range_boundaries(merged.get("ref"))
                    sheet.merged.append((first_row, first_column, last_row, last_column))

    def parse_cell(self, element: Any) -> dict[str, Any]:
        formula = element.find(FORMULA_TAG)
        try:
            cell: dict[str, Any] = super().parse_cell(element)
        except (ValueError, IndexError, TypeError, OverflowError):
            cell = {"column": self.col_counter, "value": CellError("unreadable"), "data_type": "e"}
        if cell["data_type"] == "e" and cell["value"] is not None:
            cell["value"] = CellError(cell["value"])
        cell["formula"] = None if formula is None else "=" + (formula.text or "")
        cell["stored"] = bool(element.findtext(VALUE_TAG)) or element.get("t") == "str"
        return cell


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def open_book(path: Path, findings: list[Finding]) -> Book | None:
    """Search and open a workbook; None, with what is wrong and what to do, if it is not to be opened."""

    def refuse(message: str) -> None:
        findings.append(Finding("error", path.name, None, None, message))

    try:
        if path.stat().st_size > MOST_BYTES:
            refuse(f"the file is larger than {MOST_BYTES // MIB} MiB, the limit; give the data as CSV files")
            return None
        content = path.read_bytes()
    except FileNotFoundError:
        refuse(f"there is no workbook {path}")
        return None
    except OSError as error:
        refuse(f"{path} cannot be read ({error.strerror}); close it if it is open in Excel")
        return None
    message = _kind(path, content)
    outside: dict[str, list[str]] = {}
    if message is None:
        try:
            message = _search(content, outside)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, KeyError) as error:
            message = _damaged(error)
    if message is not None:
        refuse(message)
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, keep_links=False, data_only=True)
    except Exception as error:  # whatever it is, the file is at fault
        refuse(_damaged(error))
        return None
    findings += [
        Finding("warning", path.name, None, None, _named(kind, targets))
        for kind, targets in sorted(outside.items())
    ]
    return Book(path.name, book)


def _named(kind: str, targets: Iterable[str]) -> str:
    names = list(dict.fromkeys(targets))
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    listed = ", ".join(name if len(name) <= 120 else name[:117] + "…" for name in names[:MOST_NAMED])
    return f"{kind} are ignored, nothing was fetched or run: {listed}{more}"


def _damaged(error: BaseException) -> str:
    return f"the workbook is damaged ({type(error).__name__}: {str(error)[:200]}); open it and {SAVE_AS}"


def _kind(path: Path, content: bytes) -> str | None:
    """What to do about a file that is not an .xlsx workbook, None if it looks like one."""
    if content.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        if "EncryptedPackage".encode("utf-16-le") in content:
            return (
                "the workbook is encrypted; open it with its password, take the password off (File > Info > "
                f"Protect Workbook > Encrypt with Password) and {SAVE_AS}"
            )
        return f"this is an old Excel file (.xls); {SAVE_AS}"
    suffix = path.suffix.lower()
    if suffix != ".xlsx":
        what = KINDS.get(suffix)
        return f"this is {what} ({suffix}); {SAVE_AS}" if what else f"{suffix} is not a workbook; {SAVE_AS}"
    if not content.startswith(b"PK"):
        return f"this is not an .xlsx workbook, whatever its name says; {SAVE_AS}"
    return None


def _search(content: bytes, outside: dict[str, list[str]]) -> str | None:
    """Why the file is not to be opened, None if it may be; ``outside`` gathers what leads elsewhere."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        names = [part.filename for part in parts]
        lowered = [name.lower() for name in names]
        if len(parts) > MOST_PARTS:
            return f"the file has {len(parts):,} parts; the limit is {MOST_PARTS:,}"
        if len(set(lowered)) < len(names):
            return f"the file holds two parts of one name; open it and {SAVE_AS}"
        total = sum(part.file_size for part in parts)
        if total > MOST_UNPACKED:
            return (
                f"the file unpacks to {total / MIB:,.0f} MiB; the limit is {MOST_UNPACKED // MIB} MiB. Give data "
                "of this size as CSV files"
            )
        for part in parts:
            if part.flag_bits & 1:
                return f"the part {part.filename} is encrypted; open it and {SAVE_AS}"
            if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                return f"the part {part.filename} is packed in a way Excel does not use; open it and {SAVE_AS}"
            if part.file_size > max(MIB, MOST_RATIO * part.compress_size):
                return (
                    f"the part {part.filename} unpacks to more than {MOST_RATIO} times its size, the limit; no "
                    "workbook of figures does"
                )
        if "mimetype" in names and b"opendocument" in archive.read("mimetype"):
            return f"this is an OpenDocument spreadsheet (.ods); {SAVE_AS}"
        if "[Content_Types].xml" not in names:
            return f"this is a zip file, not an .xlsx workbook; {SAVE_AS}"
        if any(name.endswith("vbaproject.bin") or name.startswith("xl/macrosheets/") for name in lowered):
            return f"the workbook holds macros, which are never run here; {SAVE_AS}, which leaves them out"
        if any(name.endswith("xl/workbook.bin") for name in lowered):
            return f"this is a binary workbook (.xlsb); {SAVE_AS}"
        for name, low in zip(names, lowered, strict=True):
            for folder, what in CARRIED.items():
                if low.startswith(folder) and "_rels/" not in low:
                    outside.setdefault(what, []).append(name.removeprefix("xl/"))
        relations: dict[str, list[str]] = {}
        for part in parts:
            message = _search_part(archive, part, outside, relations)
            if message is not None:
                return message
    linking = outside.pop(FILE_PARTS, [])
    if linking:  # after the files that are linked, if the workbook names any
        outside[FILES] = [*outside.get(FILES, []), *linking]
    orphans = _orphans(names, relations)
    if orphans:
        outside[ORPHANS] = orphans
    return None


def _orphans(names: Iterable[str], relations: Mapping[str, Iterable[str]]) -> list[str]:
    """Parts to which no relation leads from the workbook: nobody reads them, and nobody sees them in Excel.

    ``relations`` are the targets that a part of relations names. What is left alone anyway is reported as such.
    """
    led_to, ahead = {"[content_types].xml"}, [""]
    while ahead:
        source = ahead.pop()
        folder, _, part = source.rpartition("/")
        listed = f"{folder}/_rels/{part}.rels".lstrip("/")
        led_to.add(listed)
        for target in relations.get(listed, ()):
            path = unquote(target.partition("#")[0]).lower()
            found = posixpath.normpath(path if path.startswith("/") else f"{folder}/{path}").lstrip("/")
            if found not in led_to:
                led_to.add(found)
                ahead.append(found)
    carried = tuple(CARRIED)
    return [
        name
        for name in names
        if not name.endswith("/") and name.lower() not in led_to and not name.lower().startswith(carried)
    ]


class _Refused(Exception):
    """Ends the search of a part."""


def _search_part(
    archive: zipfile.ZipFile,
    part: zipfile.ZipInfo,
    outside: dict[str, list[str]],
    relations: dict[str, list[str]],
) -> str | None:
    """Unpack a part piece by piece, and search it if it is XML; ``relations`` gathers to which parts it leads."""
    name = part.filename
    unpacked = 0
    parser = expat.ParserCreate()
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    together = 0

    def doctype(*_: Any) -> None:
        raise _Refused("holds a document type or an entity definition, which no workbook needs; it could expand "
                       "without limit or read other files")  # fmt: skip

    def start(tag: str, attributes: Mapping[str, str]) -> None:
        nonlocal together
        together += 1
        tag = tag.rpartition(":")[2]
        if tag in ("row", "si"):
            together = 0
        elif together > MOST_TOGETHER:
            raise _Refused(f"holds more than {MOST_TOGETHER:,} XML elements in one piece, the limit")
        elif tag == "Relationship":
            target = attributes.get("Target", "")
            kind = attributes.get("Type", "").rpartition("/")[2]
            if attributes.get("TargetMode") == "External":
                what = "hyperlinks" if kind == "hyperlink" else FILES
                outside.setdefault(what, []).append(target or "?")
                return
            relations.setdefault(name.lower(), []).append(target)
            if kind.startswith("externalLink"):
                outside.setdefault(FILE_PARTS, []).append(target.removeprefix("/").removeprefix("xl/") or "?")
        elif tag == "externalLink":
            outside.setdefault(FILE_PARTS, []).append(name.removeprefix("xl/"))
        elif tag == "ddeLink":
            call = f"{attributes.get('ddeService', '?')}|{attributes.get('ddeTopic', '?')}"
            outside.setdefault("links to other programs (DDE)", []).append(call)
        elif tag == "connection" and name.lower().endswith("connections.xml"):
            outside.setdefault("data connections", []).append(attributes.get("name", "?"))
        elif tag == "workbook" and STRICT in attributes.values():
            raise _Refused('is "Strict Open XML"; save it as the plain "Excel Workbook (.xlsx)"')
        elif tag == "Override" and "macroEnabled" in attributes.get("ContentType", ""):
            raise _Refused(f"says that the workbook holds macros, which are never run here; {SAVE_AS}")

    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = doctype
    parser.StartElementHandler = start
    is_xml: bool | None = name.lower().endswith((".xml", ".rels")) or None
    try:
        with archive.open(part) as source:
            while piece := source.read(MIB):
                unpacked += len(piece)
                if is_xml is None:  # XML under another name must not pass unsearched
                    head = piece[:64].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")
                    is_xml = head.startswith(b"<") and not name.lower().endswith(".vml")
                if is_xml:
                    parser.Parse(piece, False)
        if is_xml:
            parser.Parse(b"", True)
    except _Refused as reason:
        return f"the part {name} {reason}"
    except (expat.ExpatError, LookupError) as error:  # the latter for an encoding nobody knows
        return f"the part {name} is not well-formed XML ({error}); open the workbook and {SAVE_AS}"
    if unpacked != part.file_size:
        return f"the part {name} is not as long as the file says; open the workbook and {SAVE_AS}"
    return None


def cell_name(row: int, column: int) -> str:
    """The name of a cell, such as C5."""
    return f"{get_column_letter(column)}{row}"


def is_date(value: object) -> bool:
    """Whether a cell holds a date or a time."""
    return isinstance(value, (datetime.date, datetime.time, datetime.timedelta))
