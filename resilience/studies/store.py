"""The store of a parameter study: a folder that a kill does not harm and that says what it holds.

======================  ==========================================================================
``manifest.json``       the study, the numbers of the case, hashes of the data and versions
``points.parquet``      the points
``parts/part-N.parquet``  the outcomes of one chunk of points; written once, whole or not at all
``study.lock``          held by the process that writes
======================  ==========================================================================

Every file is written under a name that ends in ``.partial`` and then renamed. Files of other names in the folder
are left alone.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from resilience.errors import Finding, InputError
from resilience.files import PARTIAL, whole

FORMAT = 1
MANIFEST, POINTS, PARTS, LOCK = "manifest.json", "points.parquet", "parts", "study.lock"
LOCKED_BYTE = 1 << 30  # far behind the text in the lock file, which Windows would not let others read
MOST_DIFFERENCES = 12
OUTCOMES = pa.schema(
    [
        ("point", pa.string()),
        ("good", pa.string()),
        ("member", pa.string()),
        ("cutoff", pa.string()),
        ("reading", pa.string()),
        ("share", pa.float64()),
        ("share_upper", pa.float64()),
        ("share_today", pa.float64()),
        ("gap", pa.float64()),
        ("status", pa.string()),
        ("months_survived", pa.float64()),
        ("unit", pa.string()),
        ("scope", pa.string()),
        ("message", pa.string()),
    ]
)
KEYS = ["point", "good", "member", "cutoff", "reading"]


def outcomes_table(outcomes: pd.DataFrame, points: Sequence[str]) -> pa.Table:
    """The outcomes of a chunk as they are stored: the columns of :data:`OUTCOMES`, unknown is null.

    Raises ValueError if a point of the chunk has no row, a row belongs to no point of it, or stands there twice.
    """
    strange = sorted(set(outcomes.columns) - set(OUTCOMES.names))
    if strange:
        raise ValueError(f"the outcomes have unknown columns: {', '.join(strange)}")
    full = outcomes.reindex(columns=OUTCOMES.names)
    columns = []
    for field in OUTCOMES:
        cells = full[field.name].astype(object)
        cells = cells.where(cells.notna(), None)
        columns.append(pa.array([_cell(field.type, cell) for cell in cells], field.type))
    table = pa.Table.from_arrays(columns, schema=OUTCOMES)
    problem = _misfit(full, points)
    if problem:
        raise ValueError(problem)
    return table


def _cell(kind: pa.DataType, cell: Any) -> Any:
    if cell is None:
        return None
    return str(cell) if kind == pa.string() else float(cell)


def _misfit(outcomes: pd.DataFrame, points: Sequence[str]) -> str:
    """What is wrong between the outcomes of a chunk and its points; empty if nothing."""
    found = set(outcomes["point"].astype(str))
    if missing := [point for point in points if point not in found]:
        return f"{len(missing)} points have no outcome, the first is {missing[0]}"
    if strangers := sorted(found - set(points)):
        return f"{len(strangers)} outcomes belong to other points, the first is {strangers[0]}"
    if outcomes.duplicated(KEYS).any():
        return f"point {outcomes.loc[outcomes.duplicated(KEYS), 'point'].iloc[0]} has an outcome twice"
    return ""


def as_frame(tables: Iterable[pa.Table], points: pd.DataFrame) -> pd.DataFrame:
    """The outcomes in the order of the points, rows of one point in the order they were computed in.

    Raises ValueError unless every point is there exactly once (with all its rows in one table).
    """
    tables = list(tables)
    table = pa.concat_tables(tables) if tables else OUTCOMES.empty_table()
    frame = table.to_pandas()
    wanted = points["point"].drop_duplicates()
    problem = _misfit(frame, wanted.tolist())
    if problem:
        raise ValueError(problem)
    order = dict(zip(wanted, range(len(wanted)), strict=True))
    return frame.sort_values("point", key=lambda ids: ids.map(order), kind="stable", ignore_index=True)


def digest(content: Any) -> str:
    """Sha256 of plain lists, mappings and numbers, independent of the order of keys."""
    text = json.dumps(plain(content), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def plain(value: Any) -> Any:
    """The same with tuples as lists and infinite numbers as text, as JSON holds them."""
    if isinstance(value, Mapping):
        return {str(key): plain(below) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(below) for below in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def flatten(table: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested tables by dotted name; lists of tables with a name go by it, as in ``--set``."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        name = f"{above}{key}"
        if isinstance(value, (list, tuple)) and value and all(isinstance(item, Mapping) for item in value):
            value = {str(item.get("name", number)): item for number, item in enumerate(value, start=1)}
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{name}.")
        else:
            flat[name] = plain(value)
    return flat


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What two manifests do not have in common, key by key: "survival.months: 12 → 6"."""
    found = []
    for section, words in (("study", "study."), ("case", ""), ("data", ""), ("versions", "version of ")):
        old, new = (flatten(manifest.get(section, {})) for manifest in (before, now))
        for key in sorted({*old, *new}):
            if old.get(key) == new.get(key) and (key in old) == (key in new):
                continue
            if section == "data":
                word = "is new" if key not in old else "is gone" if key not in new else "changed"
                found.append(f"{key} {word}")
            else:
                was, is_now = (_shown(side, key) for side in (old, new))
                found.append(f"{words}{key}: {was} → {is_now}")
    if not found and before.get("layout") != now.get("layout"):
        found.append("the points of the design or their order changed")
    return found


def _shown(side: Mapping[str, Any], key: str) -> str:
    if key not in side:
        return "not set"
    text = side[key] if isinstance(side[key], str) else json.dumps(side[key], ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "…"


@dataclass(frozen=True)
class Contents:
    """What a store holds: the manifest, points and outcomes, and how many chunks are still missing."""

    manifest: Mapping[str, Any]
    points: pd.DataFrame
    outcomes: pd.DataFrame
    missing_chunks: int


class Store:
    """The store of one study, open for writing; a context manager that holds the lock.

    ``manifest`` holds the sections study, case, data and versions; ``chunks`` the ids of the points of each chunk.
    An existing store is gone on with if its manifest says the same. Raises
    :class:`~resilience.errors.InputError` if it does not, if the folder holds something else, or if another
    process writes into it.
    """

    def __init__(
        self, folder: Path, manifest: Mapping[str, Any], points: pd.DataFrame, chunks: Sequence[Sequence[str]]
    ):
        self.folder = Path(folder)
        self.points = points
        self.chunks = [list(chunk) for chunk in chunks]
        self.manifest: dict[str, Any] = {
            "format": FORMAT,
            **plain(manifest),
            "points": len(points),
            "unique_points": sum(map(len, self.chunks)),
            "chunks": len(self.chunks),
            "layout": digest(self.chunks),
        }
        self.done: set[int] = set()
        self.damaged: list[int] = []
        self.resumed = False

    def __enter__(self) -> Store:
        self._check_folder()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = _Lock(self.folder / LOCK)
        except OSError as error:
            raise self._refuse(f"cannot be written ({error.strerror or error})") from error
        try:
            self._open()
        except BaseException as error:
            self._lock.release()
            if isinstance(error, OSError):
                raise self._refuse(f"cannot be written ({error.strerror or error})") from error
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def write(self, number: int, table: pa.Table) -> None:
        """Add the outcomes of a chunk, whole or not at all; raises InputError if the disk does not take it."""
        try:
            with whole(self._part(number), lasting=True) as file:
                pq.write_table(table, file, compression="zstd", write_page_checksum=True)
        except OSError as error:
            raise self._refuse(
                f"cannot be written ({error.strerror or error}); what is done is kept, and the same command "
                "goes on from there"
            ) from error
        self.done.add(number)

    def tables(self) -> Iterator[pa.Table]:
        """The outcomes of the chunks that are done, in the order of chunks."""
        for number in sorted(self.done):
            yield _read(self._part(number))

    def _part(self, number: int) -> Path:
        return self.folder / PARTS / f"part-{number:05}.parquet"

    def _check_folder(self) -> None:
        """Refuse to write where something else is."""
        if self.folder.is_file():
            raise self._refuse("this is a file; name a folder for the study")
        if not self.folder.is_dir() or (self.folder / MANIFEST).is_file():
            return
        own = {LOCK, MANIFEST + PARTIAL}
        others = sorted(path.name for path in self.folder.iterdir() if path.name not in own)
        if others:
            more = " and more" if len(others) > 1 else ""
            raise self._refuse(
                f"the folder holds {others[0]}{more} and is no study; name a new or an empty folder with --out"
            )

    def _open(self) -> None:
        manifest = self.folder / MANIFEST
        if manifest.is_file():
            before = read_manifest(self.folder)
            self._compare(before)
            self.manifest["created"] = before.get("created")
            self.resumed = True
        (self.folder / PARTS).mkdir(exist_ok=True)
        for left in (*self.folder.glob(f"*{PARTIAL}"), *(self.folder / PARTS).glob(f"part-*{PARTIAL}")):
            if left.name.removesuffix(PARTIAL) in (MANIFEST, POINTS) or left.parent.name == PARTS:
                left.unlink()
        if not self.resumed:
            # The time of day is said once, here; nothing else depends on it.
            self.manifest["created"] = pd.Timestamp.now("UTC").isoformat(timespec="seconds")
            text = json.dumps(self.manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
            with whole(manifest, lasting=True) as file:
                file.write_bytes(text.encode())
        with whole(self.folder / POINTS, lasting=True) as file:
            self.points.to_parquet(file, index=False)
        for number, chunk in enumerate(self.chunks):
            path = self._part(number)
            if path.is_file():
                try:
                    problem = _misfit(_read(path).to_pandas(), chunk)
                except (OSError, pa.ArrowException) as error:
                    problem = str(error)
                if problem:
                    self.damaged.append(number)
                else:
                    self.done.add(number)

    def _compare(self, before: Mapping[str, Any]) -> None:
        if before.get("format") != FORMAT:
            raise self._refuse(
                f"the study has format {before.get('format')}, this program writes format {FORMAT}; name another "
                "folder with --out"
            )
        found = differences(before, self.manifest)
        if found:
            more = f"; and {len(found) - MOST_DIFFERENCES} more" if len(found) > MOST_DIFFERENCES else ""
            raise self._refuse(
                f"the folder holds another study; since then: {'; '.join(found[:MOST_DIFFERENCES])}{more}. "
                "Take it back to go on with that study, or name another folder with --out for this one"
            )

    def _refuse(self, message: str) -> InputError:
        return InputError([Finding("error", str(self.folder), None, None, message)])


def is_store(folder: Path) -> bool:
    """Whether a folder holds a study."""
    return (Path(folder) / MANIFEST).is_file() and (Path(folder) / PARTS).is_dir()


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a store; raises InputError if it cannot be read."""
    path = Path(folder) / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"the manifest of the study cannot be read ({error}); name another folder with --out"
        raise InputError([Finding("error", str(path), None, None, message)]) from error
    if not isinstance(manifest, dict) or not {"format", "study", "case", "data", "versions"} <= set(manifest):
        message = "this is not the manifest of a study; name another folder with --out"
        raise InputError([Finding("error", str(path), None, None, message)])
    return manifest


def read_store(folder: str | Path) -> Contents:
    """What a store holds, also one that is not finished; needs no lock.

    Raises :class:`~resilience.errors.InputError` if the folder is no store or a part is damaged.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    try:
        points = pd.read_parquet(folder / POINTS)
        parts = sorted((folder / PARTS).glob("part-*.parquet"))
        tables = [_read(path) for path in parts]
        held = {point for table in tables for point in table.column("point").to_pylist()}
        outcomes = as_frame(tables, points[points["point"].isin(held)])
    except (OSError, ValueError, pa.ArrowException) as error:
        message = (
            f"the study is damaged ({error}); run it again with the same folder, which computes what is missing"
        )
        raise InputError([Finding("error", str(folder), None, None, message)]) from error
    return Contents(manifest, points, outcomes, manifest["chunks"] - len(parts))


def _read(path: Path) -> pa.Table:
    # From memory: Windows does not replace a file that is still mapped.
    table = pq.read_table(pa.BufferReader(path.read_bytes()), page_checksum_verification=True)
    if not table.schema.equals(OUTCOMES):
        raise pa.ArrowInvalid("the columns are not those of outcomes")
    return table


class _Lock:
    """A lock of the operating system on a file, which ends with its process whatever way that ends."""

    def __init__(self, path: Path):
        self.path = path
        self.file: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(self.file)
        except OSError as error:
            holder = path.read_text(encoding="utf-8", errors="replace").strip()
            os.close(self.file)
            self.file = None
            if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
                who = f" ({holder})" if holder else ""
                message = f"another process is at work on this study{who}; wait until it is done"
            else:
                message = f"the folder cannot be locked ({error.strerror}); name a folder on a local disk"
            raise InputError([Finding("error", str(path.parent), None, None, message)]) from None
        os.ftruncate(self.file, 0)
        os.write(self.file, f"process {os.getpid()}\n".encode())

    def release(self) -> None:
        """Give the lock back; the file stays, so that nobody locks one that is being taken away."""
        if self.file is not None:
            os.close(self.file)
            self.file = None


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        os.lseek(file, LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
