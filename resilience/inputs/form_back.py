"""Takes a filled form back: its values go over the case and the data set, and each finding names sheet and cell.

What differs from the case is put in and reported; what does not changes nothing, so that a form that comes back as
it went out gives the same result to the last digit. The case file and the data set themselves stay as they are.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from resilience.errors import Finding, InputError
from resilience.inputs.balance import year_of
from resilience.inputs.casefile import Ground, case_file, ground_of, put
from resilience.inputs.cells import (
    SheetTable,
    Unreadable,
    as_text,
    missing_sheet,
    other_sheets,
    sheet_table,
    text_of,
)
from resilience.inputs.checks import Problems, cutoff_names
from resilience.inputs.dataset import Dataset, convert, known_columns
from resilience.inputs.form import (
    CASE_FILE,
    CUTOFF_DEFAULTS,
    CUTOFF_HEADINGS,
    CUTOFF_KINDS,
    DATA_SET,
    ENTRIES,
    START,
    cutoff_cells,
    data_set_cell,
    entry_cell,
    lines,
    parameter_of,
    plain,
    read,
    same,
    show,
)
from resilience.inputs.incoming import open_book
from resilience.inputs.parameters import SURGE_PARTS
from resilience.inputs.suggestions import nearest
from resilience.schema import CATEGORIES, FIGURES, FORM, INPUTS, STATUSES

WRITE_ONE = "resilience template CASE --out inputs.xlsx writes a form"
NEW, SOURCE, IN_THE_CASE = "New value", "Source", "In the case"

Row = dict[str, Any]


@dataclass(frozen=True)
class _Place:
    """The cell from which a number of the case comes, and what to do in it if the number is refused."""

    sheet: str
    row: int
    column: str
    instead: str = ""


class Form:
    """A filled form, read and ready to go over a case.

    ``findings`` grow as it is taken over: what differs from the case, what cannot be taken, each with its cell.
    """

    def __init__(self, path: Path):
        self.path = path
        self.findings: list[Finding] = []
        self.taken = 0  # entries of the form that change what the case and its data say
        self._tables: dict[str, SheetTable] = {}
        self._places: dict[str, _Place] = {}
        self._taken: list[Finding] = []  # among the findings: what is put in place of what
        book = open_book(path, self.findings)
        if book is None:
            return
        present = {name: found for name in FORM if (found := book.find(name)) is not None}
        if "Case" not in present:
            names = [name.strip().lower() for name in book.names]
            text = ""
            if sum(name in names for name in INPUTS) > 2:
                text = f'this is a data set; name it in a case file: dataset = "{path.name}"'
            elif not {"Assumptions", "Cutoffs"} & set(present):
                text = f"this is no form, it lacks the sheet Case; {WRITE_ONE}"
            if text:
                self.findings.append(Finding("error", path.name, None, None, text))
                return
        known = (*FORM, START)
        for name, table in FORM.items():
            if name not in present:
                text = f"{path.name}: the sheet is missing, so what it says cannot be taken"
                remedy = missing_sheet(name, book.names, known)
                self.findings.append(Finding("error", name, None, None, f"{text}; {remedy}"))
                continue
            sheet = book.read(present[name], self.findings)
            made = None if sheet is None else sheet_table(sheet, table, path.name, self.findings)
            if made is None:
                continue
            frame = known_columns(table, made.frame, made.sheet, self.findings, made.top)
            if frame is not None:
                self._tables[name] = replace(made, frame=frame)
        self.findings += other_sheets(book.names, known, path.name, "this sheet is not of the form")

    def case_path(self) -> Path:
        """The case file that the form names, looked for beside the form and in the current folder.

        Raises :class:`~resilience.errors.InputError` if there is none.
        """
        named = next((row[IN_THE_CASE] for _, row in self._rows("Case") if row["Name"] == CASE_FILE), "")
        relative = PurePosixPath(str(named))
        plain = relative.suffix == ".toml" and not relative.is_absolute() and not set(":\\") & set(str(named))
        tried = [self.path.parent / relative, self.path.parent / relative.name, Path(relative.name)]
        tried.append(Path("models") / relative.name)
        for path in tried if plain else ():
            if path.is_file():
                return path
        text = (
            f"the case {relative.name} of this form is not found"
            if plain
            else "the form does not name its case file"
        )
        reason = Finding(
            "error", self.path.name, None, None, f"{text}; use: resilience run CASE --inputs {self.path.name}"
        )
        raise InputError(self.findings if any(f.severity == "error" for f in self.findings) else [reason])

    def into(self, raw: dict[str, Any], problems: Problems) -> None:
        """Put what the form changes into a document of a case file; ``problems`` are of ``put``."""
        file, _, _ = case_file(self.path, copy.deepcopy(raw))
        if file is None:
            return  # the case does not say what it must; nothing can be compared with it
        self._case(raw, problems)
        self._assumptions(raw, problems)
        self._cutoffs(raw)

    def forget(self, names: Collection[str]) -> None:
        """Pass over the cells of what went over the form in its turn: what is wrong with it is not their fault."""
        self._places = {name: place for name, place in self._places.items() if name not in names}

    def all_placed(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings of a case with those of the form, each at its cell; of a number that is refused it is not
        said that it is taken."""
        placed = [self.place(finding) for finding in findings]
        refused = {(found.table, found.row, found.column) for found in placed if found.severity == "error"}
        taken = {found for found in self._taken if (found.table, found.row, found.column) in refused}
        own = (finding for finding in self.findings if finding not in taken)
        return tuple(dict.fromkeys([*own, *placed]))

    def place(self, finding: Finding) -> Finding:
        """A finding about a key of the case with the cell from which its value comes."""
        key = finding.column or ""
        if not finding.table.endswith(".toml") or not key:
            return finding
        near = [name for name in self._places if key == name or key.startswith(f"{name}.")]
        if not near and key.count("."):
            near = [name for name in self._places if name.startswith(f"{key}.")]
        if not near:
            return finding
        name = max(near, key=len)
        place = self._places[name]
        table = self._tables[place.sheet]
        said = f"{key}: {finding.message}"
        if finding.severity == "error" and place.instead:
            said += f"; refused: write another value, or {place.instead}"
        return table.finding(finding.severity, place.row, place.column, said)

    # The sheets.

    def _rows(self, name: str) -> Iterator[tuple[int, Row]]:
        if name in self._tables:
            for row in self._tables[name].frame.to_dict("records"):
                yield int(row["_row"]), {str(key): value for key, value in row.items()}

    def _say(self, sheet: str, row: int, column: str, message: str, severity: str = "error") -> None:
        self.findings.append(self._tables[sheet].finding(severity, row, column, message))

    def _value(self, sheet: str, row: int, column: str, kind: str, cell: Any) -> Any:
        """The value of a cell, with what is to be said of it; None if it is not taken."""
        try:
            value, note = read(kind, cell)
        except Unreadable as reason:
            self._say(sheet, row, column, str(reason))
            return None
        if note is not None:
            self._say(sheet, row, column, note, "info")
        return value

    def _text(self, sheet: str, row: int, cells: Row, column: str) -> str:
        """The text of a cell, "" if blank or not taken."""
        return "" if cells.get(column, "") == "" else self._value(sheet, row, column, "text", cells[column]) or ""

    def _named(self, sheet: str) -> Iterator[tuple[int, Row, str]]:
        """The rows of a sheet by their names, each once."""
        first: dict[str, int] = {}
        for row, cells in self._rows(sheet):
            name = self._text(sheet, row, cells, "Name")
            if not name:
                columns = CUTOFF_HEADINGS.values() if sheet == "Cutoffs" else (NEW, SOURCE)
                if any(cells.get(column, "") != "" for column in columns):
                    self._say(sheet, row, "Name", "the row has no name; write which number it is about")
            elif name in first:
                self._say(sheet, row, "Name", f'"{name}" stands already in row {first[name]}; keep one of them')
            else:
                first[name] = row
                yield row, cells, name

    def _stale(self, sheet: str, row: int, cells: Row, value: Any) -> None:
        """Say where the case has changed since the form was made from it."""
        stood = cells.get(IN_THE_CASE, "")
        if stood != "" and not same(stood, value):
            message = (
                f"the form was made when the case said {stood}, now it says {_or_nothing(value)}; "
                f'only the column "{NEW}" is taken'
            )
            self._say(sheet, row, IN_THE_CASE, message, "warning")

    def _case(self, raw: dict[str, Any], problems: Problems) -> None:
        sheet = "Case"
        for row, cells, name in self._named(sheet):
            if name in (CASE_FILE, DATA_SET):
                if cells[NEW] != "":
                    self._say(
                        sheet, row, NEW, f"the {name} cannot be changed in the form; change it in the case file"
                    )
                continue
            entry = ENTRIES.get(name)
            if entry is None:
                self._say(sheet, row, "Name", f'there is no entry "{name}"{nearest(name, ENTRIES)}')
                continue
            old = entry_cell(raw, entry)
            self._stale(sheet, row, cells, old)
            if cells[NEW] == "" or same(cells[NEW], old):
                continue
            value = self._value(sheet, row, NEW, entry.kind, cells[NEW])
            if value is None and entry.kind != "goods":
                continue
            if same(show(entry.kind, value), old):
                continue
            self._places[name] = _Place(sheet, row, NEW, _cleared(old))
            if value is None:
                raw.pop(name, None)
            else:
                put(raw, name, value, problems)
            self._changed(sheet, row, NEW, name, show(entry.kind, value), old)

    def _changed(self, sheet: str, row: int, column: str, name: str, new: Any, old: Any, source: str = "") -> None:
        self.taken += 1
        message = f"{name} is {new} in place of {_or_nothing(old)}"
        self._say(sheet, row, column, message + (f"; source: {source}" if source else ""), "info")
        self._taken.append(self.findings[-1])

    def _assumptions(self, raw: dict[str, Any], problems: Problems) -> None:
        sheet = "Assumptions"
        before = copy.deepcopy(raw)
        known = {line.name: line for line in lines(before, CATEGORIES)}
        for row, cells, name in self._named(sheet):
            line = known.get(name)
            parameter = parameter_of(name) if line is None else line.parameter
            if parameter is None:
                hint = nearest(name, known)
                hint = hint if hint.startswith("; did you mean") else ""
                message = (
                    f'there is no number "{name}"{hint}; names look like response.stock_months, '
                    "response.stock_months.food or goods_override.wheat.stock_months"
                )
                self._say(sheet, row, "Name", message)
                continue
            old = "" if line is None else show(parameter.kind, line.value)
            if line is not None:
                self._stale(sheet, row, cells, old)
            ground = {key.lower(): self._text(sheet, row, cells, key) for key in (SOURCE, "Owner", "Confidence")}
            ground["confidence"] = ground["confidence"].lower()
            value = None if cells[NEW] == "" else self._value(sheet, row, NEW, parameter.kind, cells[NEW])
            if value is None and (cells[NEW] != "" or not any(ground.values())):
                continue
            new = old if value is None else show(parameter.kind, value)
            if same(new, old) and not any(ground.values()):
                continue
            if new == "":
                self._say(sheet, row, NEW, f"{name} has no value; fill in the number its source speaks of")
                continue
            if not same(new, old) and not ground["source"]:
                message = f'say where {name} = {new} comes from; "assumed" with the reason will do'
                self._say(sheet, row, SOURCE, message)
                continue
            self._places[name] = _Place(sheet, row, NEW, _cleared(old))
            put(raw, name, line.value if line is not None and same(new, old) else value, problems)
            key = _ground_key(name)
            self._places[f"grounds.{key}"] = _Place(sheet, row, SOURCE)
            self._places[f"grounds.{key}.confidence"] = _Place(sheet, row, "Confidence")
            _set_ground(raw, name, key, new, ground, stays=same(new, old))
            said = ", ".join(f"{word} {text}" for word, text in ground.items() if text and word != "source")
            source = ground["source"] + (f" ({said})" if said else "")
            if same(new, old):
                self.taken += 1
                self._say(sheet, row, SOURCE, f"{name} stays {old}; source: {source or 'as in the case'}", "info")
            else:
                self._changed(sheet, row, NEW, name, new, old, source)

    def _cutoffs(self, raw: dict[str, Any]) -> None:
        sheet = "Cutoffs"
        if sheet not in self._tables:
            return
        names = cutoff_names(raw["cutoffs"])
        items = dict(zip(names, raw["cutoffs"], strict=True))
        grounds = dict(raw.get("grounds", {}))
        found: dict[str, Mapping[str, Any]] = {}
        wrong = len(self.findings)
        held = {plain(name): name for name in names}
        for row, cells, shown in self._named(sheet):
            name = held.get(plain(shown), shown)
            number = names.index(name) + 1 if name in items else len(names) + 1
            found[name] = self._cutoff(row, cells, name, items.get(name), number, grounds)
        if not found:
            if not any(finding.severity == "error" for finding in self.findings[wrong:]):
                top = self._tables[sheet].top
                self._say(
                    sheet, top, "Name", "no cutoff is left; name at least one, or there is nothing to survive"
                )
            return
        for name in names:
            if name not in found:
                self.taken += 1
                _drop(grounds, f"cutoffs.{name}")
                text = f'the cutoff "{name}" of the case is not in the sheet; it is left out'
                self._say(sheet, self._tables[sheet].top, "Name", text, "warning")
        kept = [found[name] for name in names if name in found]
        kept += [item for name, item in found.items() if name not in items]
        if kept != raw["cutoffs"]:
            raw["cutoffs"] = kept
        if grounds != raw.get("grounds", {}):
            raw["grounds"] = grounds

    def _cutoff(
        self,
        row: int,
        cells: Row,
        name: str,
        item: Mapping[str, Any] | None,
        number: int,
        grounds: dict[str, Any],
    ) -> Mapping[str, Any]:
        """The cutoff of one row: the case's own if it says the same. What it stands on goes into ``grounds``."""
        sheet = "Cutoffs"
        old = cutoff_cells(item or {}, number)
        new = dict(item or {"name": name})
        changes = []
        for key, kind in CUTOFF_KINDS.items():
            column = CUTOFF_HEADINGS[key]
            cell = cells.get(column, "")
            blank = show(kind, CUTOFF_DEFAULTS.get(key))
            if key == "name" or same(blank if cell == "" else cell, old[key]):
                continue
            as_before = f"enter {old[key]} as before" if old[key] != "" else "clear the cell as before"
            self._places[f"cutoffs.{name}.{key}"] = _Place(sheet, row, column, as_before)
            if cell == "":
                new.pop(key, None)
                changes.append((key, f"{name}: {column.lower()} is {_or_nothing(blank)}", old[key]))
                continue
            value = self._value(sheet, row, column, kind, cell)
            if value is None or same(show(kind, value), old[key]):
                continue
            new[key] = value
            changes.append((key, f"{name}: {column.lower()} is {show(kind, value)}", old[key]))
        where = f"cutoffs.{name}"
        self._places[where] = _Place(sheet, row, "Name")
        source = self._text(sheet, row, cells, SOURCE)
        if item is not None and not changes:
            if source:
                self.taken += 1
                self._say(sheet, row, SOURCE, f"{name} stays as it is; source: {source}", "info")
                for key in _of(grounds, where) or [where]:
                    grounds[key] = _sourced(ground_of({"grounds": grounds}, key), source, stays=True)
            return item
        if not source:
            what = "changed" if item is not None else "new"
            self._say(sheet, row, SOURCE, f'"{name}" is {what}; say where that comes from ("assumed" will do)')
        self.taken += 1 if item is None else len(changes)
        if item is None:
            self._say(sheet, row, "Name", f'"{name}" is a new cutoff; source: {source}', "info")
            grounds[where] = source
        else:
            for key, text, before in changes:
                said = f"{text} in place of {_or_nothing(before)}; source: {source}"
                self._say(sheet, row, CUTOFF_HEADINGS[key], said, "info")
                self._taken.append(self.findings[-1])
                _drop(grounds, f"{where}.{key}")
                grounds[f"{where}.{key}"] = source
        return new

    def over(self, data: Dataset, year: int | None) -> Dataset:
        """The data set with the figures of the sheet Balances, in a new frame; ``year`` is the case's, if any."""
        sheet = "Balances"
        if sheet not in self._tables:
            return data
        for row, cells in self._rows("Case"):
            if cells["Name"] == DATA_SET:
                self._stale("Case", row, cells, data_set_cell(data))
        figures = _Figures(self._tables[sheet], data, year)
        changed = figures.changed()
        self.findings += figures.findings
        self.taken += figures.taken
        return changed


def _or_nothing(value: Any) -> Any:
    return "nothing" if value == "" else value


def _ground_key(name: str) -> str:
    """The key under [grounds] of a number; a surge has one for all its numbers."""
    parts = name.split(".")[1:]
    return ".".join(parts[:-1] if parts[-1] in SURGE_PARTS else parts)


def _cleared(old: Any) -> str:
    return f"clear the cell to keep {_or_nothing(old)}"


def _of(grounds: Mapping[str, Any], where: str) -> list[str]:
    """The grounds of a cutoff, or of one of its numbers, and of what is below it."""
    return [key for key in grounds if key == where or key.startswith(f"{where}.")]


def _drop(grounds: dict[str, Any], where: str) -> None:
    for key in _of(grounds, where):
        del grounds[key]


def _sourced(before: Ground, source: str, more: Mapping[str, str] | None = None, *, stays: bool) -> Any:
    """A ground with a source: the range goes with its number if that ``stays``, owner and confidence with the
    source."""
    kept: dict[str, Any] = {"low": before.low, "high": before.high} if stays else {}
    if source == before.source:
        kept |= {"owner": before.owner, "confidence": before.confidence}
    known = {word: value for word, value in (kept | dict(more or {})).items() if value is not None}
    return {"source": source, **known} if known else source


def _set_ground(
    raw: dict[str, Any], name: str, key: str, value: Any, given: Mapping[str, str], *, stays: bool
) -> None:
    """Put in what a number stands on; one number of a surge is added to what the others stand on."""
    grounds = raw["grounds"] = dict(raw.get("grounds", {}))
    source = given["source"]
    before = ground_of(raw, name if name.split(".")[1:] == key.split(".") else name.rpartition(".")[0])
    if not source:
        source = before.source
    elif name.rpartition(".")[2] in SURGE_PARTS and before.source != "assumed":
        source = f"{before.source}; {name.rpartition('.')[2]} {value}: {source}"
    more = {word: text for word, text in given.items() if text and word != "source"}
    grounds[key] = _sourced(before, source, more, stays=stays)


class _Figures:
    """The rows of the sheet Balances against those of the data set."""

    def __init__(self, table: SheetTable, data: Dataset, year: int | None):
        self.table = table
        self.data = data
        self.year = year
        self.findings: list[Finding] = []
        self.taken = 0
        self._known = {"country": set(data.countries["country"]), "good": set(data.goods["good"])}

    def say(self, row: int, column: str, message: str, severity: str = "error") -> None:
        self.findings.append(self.table.finding(severity, row, column, message))

    def changed(self) -> Dataset:
        """The data set with what the sheet changes; the same object if it changes nothing."""
        columns = {name: FORM["Balances"].column(name) for name in ("Good", "Country", "Year")}
        columns |= {name.capitalize(): FORM["Balances"].column(name.capitalize()) for name in FIGURES}
        frame = self.table.frame
        wrong: set[int] = set()
        read = {"_row": frame["_row"]}
        for name, column in columns.items():
            texts = [
                self._as_text(column, row, cell, wrong)
                for row, cell in zip(frame["_row"], frame[name], strict=True)
            ]
            plain = column if name in ("Good", "Country", "Year") else replace(column, required=False)
            cells = pd.Series(texts, index=frame.index, dtype=object)
            read[name], problems = convert(plain, cells, self._known, self.data.names())
            for position, message in problems:
                row = int(frame["_row"].iloc[position])
                if row not in wrong:
                    self.say(row, name, message)
            wrong |= {int(frame["_row"].iloc[position]) for position, _ in problems}
        balances = self.data.balances
        where = {
            (float(year), str(good), str(country)): n
            for n, (year, good, country) in enumerate(
                zip(balances["year"], balances["good"], balances["country"], strict=True)
            )
        }
        seen: dict[tuple[float, str, str], int] = {}
        rows: dict[int, dict[str, Any]] = {}
        added: list[dict[str, Any]] = []
        for line, cells in zip(pd.DataFrame(read).to_dict("records"), frame.to_dict("records"), strict=True):
            row = int(line["_row"])
            if row in wrong:
                continue
            key = (float(line["Year"]), str(line["Good"]), str(line["Country"]))
            if key in seen:
                self.say(row, "Country", f"{key[1]}, {key[2]} stands already in row {seen[key]}; keep one of them")
                continue
            seen[key] = row
            before = None if key not in where else balances.iloc[where[key]].to_dict()
            after = self._row(row, key, line, {str(name): value for name, value in cells.items()}, before)
            if after is None:
                continue
            if before is None:
                added.append(after)
            else:
                rows[where[key]] = after
        if not rows and not added:
            return self.data
        whole = balances.copy()
        for n, after in rows.items():
            for name, value in after.items():
                whole.iloc[n, whole.columns.get_loc(name)] = value
        if added:
            more = pd.DataFrame(added, columns=list(whole.columns)).astype(whole.dtypes.to_dict())
            whole = pd.concat([whole, more], ignore_index=True)
        changes = repr([sorted(after.items()) for after in [*(rows[n] for n in sorted(rows)), *added]])
        digest = hashlib.sha256(f"{self.data.fingerprint} {changes}".encode()).hexdigest()[:16]
        return replace(self.data, balances=whole, fingerprint=digest, changes=digest)

    def _as_text(self, column: Any, row: int, cell: Any, wrong: set[int]) -> str:
        try:
            text, note = as_text(column, cell)
        except Unreadable as reason:
            self.say(int(row), column.name, str(reason))
            wrong.add(int(row))
            return ""
        if note is not None:
            self.say(int(row), column.name, note, "info")
        return text

    def _row(
        self,
        row: int,
        key: tuple[float, str, str],
        line: Mapping[str, Any],
        cells: Row,
        before: Mapping[str, Any] | None,
    ) -> dict[str, Any] | None:
        """The row of the data set as the sheet changes it; None if it does not, or must not."""
        year, good, country = key
        old = {name: np.nan if before is None else float(before[name]) for name in FIGURES}
        new = {name: float(line[name.capitalize()]) for name in FIGURES}
        differ = [name for name in FIGURES if not _equal(old[name], new[name])]
        status, source = (self._given(row, cells, column) for column in ("New status", "New source"))
        if not differ:
            if status or source:
                text = f"no figure of {good}, {country} differs from the data set, so its status and source stand"
                self.say(row, "New status" if status else "New source", text, "warning")
            return None
        used = year if self.year is None else year_of(good, self.data, self.year)
        if used is None or used != year:
            text = "there are no data of this good" if used is None else f"figures of {used} are used in this case"
            self.say(row, "Year", f"{text}; a balance of {good} of {year:g} would change nothing")
            return None
        entered = [name for name in differ if not np.isnan(new[name])]
        lacking = (
            [] if not entered else [c for c, text in (("New status", status), ("New source", source)) if not text]
        )
        for column in lacking:
            word = "status of" if column == "New status" else "source of"
            what = ", ".join(f"{name} {_amount(new[name])}" for name in entered)
            choose = f" ({', '.join(STATUSES)})" if column == "New status" else ""
            text = f"give the {word} the new figure{choose}: {good}, {country}, {what}; the data set has "
            self.say(row, column, text + ", ".join(_amount(old[name]) for name in entered))
        if status and status not in STATUSES:
            self.say(row, "New status", f'"{status}" is not allowed{nearest(status, STATUSES)}')
            return None
        if lacking:
            return None
        self.taken += len(differ)
        for name in differ:
            said = f"; {status}: {source}" if name in entered else ""
            text = (
                f"{name} of {good}, {country} in {year:g} is {_amount(new[name])} in place of {_amount(old[name])}"
            )
            self.say(row, name.capitalize(), text + said, "info")
        after: dict[str, Any] = {"year": year, "good": good, "country": country, **new}
        kept = before is not None and any(not np.isnan(old[name]) for name in FIGURES if name not in differ)
        if not entered and before is not None:
            return after | {"status": before["status"], "source": before["source"]}
        if kept and before is not None:
            weaker = max(str(before["status"]), status, key=STATUSES.index)
            text = f"{before['source']}; {', '.join(entered)}: {source}"
            return after | {"status": weaker, "source": text}
        return after | {"status": status, "source": source}

    def _given(self, row: int, cells: Row, column: str) -> str:
        try:
            return "" if cells[column] == "" else text_of(cells[column]).strip()
        except Unreadable as reason:
            self.say(row, column, str(reason))
            return ""


def _equal(one: float, other: float) -> bool:
    return (np.isnan(one) and np.isnan(other)) or same(one, other)


def _amount(number: float) -> str:
    return "unknown" if np.isnan(number) else f"{number:.12g}"
