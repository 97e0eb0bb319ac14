"""Takes a filled form back: its values go over the case and the data set, and each finding names sheet and cell.

What differs from the case is put in and reported; what does not changes nothing, so that a form that comes back as
it went out gives the same result to the last digit. The case file and the data set themselves stay as they are.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from resilience.errors import Finding, InputError
from resilience.inputs.casefile import CaseFile, case_file, ground_of, put
from resilience.inputs.cells import (
    SheetTable,
    Unreadable,
    missing_sheet,
    other_sheets,
    sheet_table,
)
from resilience.inputs.checks import Problems, cutoff_names
from resilience.inputs.dataset import Dataset, known_columns
from resilience.inputs.form import (
    CASE_FILE,
    CONFIDENCE,
    CUTOFF_DEFAULTS,
    CUTOFF_HEADINGS,
    CUTOFF_KINDS,
    DATA_SET,
    ENDS,
    ENTRIES,
    FILLED_IN,
    NEW,
    OWNER,
    ROWS_OF_BALANCES,
    SOURCE,
    START,
    UNIT,
    cutoff_cells,
    data_set_cell,
    entry_cell,
    lines,
    parameter_of,
    plain,
    read,
    same,
    scale_doubt,
    show,
    unit_problem,
    why_no_range,
)
from resilience.inputs.form_figures import Figures, Row, amount
from resilience.inputs.form_grounds import (
    as_written,
    below,
    drop,
    ground_in_words,
    ground_key,
    set_ground,
    sourced,
)
from resilience.inputs.incoming import open_book
from resilience.inputs.parameters import Parameter, Surge
from resilience.inputs.suggestions import nearest, number_problem
from resilience.schema import CATEGORIES, FORM, INPUTS

WRITE_ONE = "resilience template CASE --out inputs.xlsx writes a form"
IN_THE_CASE = "In the case"
MOST_NAMED = 5  # of the rows that are missing


@dataclass(frozen=True)
class _Place:
    """The cell from which a number of the case comes, and what to do in it if the number is refused."""

    sheet: str
    row: int
    column: str
    instead: str = ""


@dataclass(frozen=True)
class _Addition:
    """A number in a row of its own: what it goes in place of is known once the goods of the data set are."""

    row: int
    name: str
    parameter: Parameter
    value: Any
    said: str  # of its source


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
        self._before: CaseFile | None = None  # the case without the form
        self._additions: list[_Addition] = []
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
                if UNIT in table.names and UNIT not in made.letters:
                    text = f'the column "{UNIT}" is not there; numbers are taken in the units of the form'
                    self.findings.append(made.finding("info", made.top, None, text))
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
        self._before = file
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
                about = "cutoff it is, or clear the row" if sheet == "Cutoffs" else "number it is about"
                if any(cells.get(column, "") != "" for column in FILLED_IN[sheet]):
                    self._say(sheet, row, "Name", f"the row has no name; write which {about}")
            elif name in first:
                self._say(sheet, row, "Name", f'"{name}" stands already in row {first[name]}; keep one of them')
            else:
                first[name] = row
                yield row, cells, name

    def _without_row(self, sheet: str, expected: Sequence[str], present: Collection[str], whose: str) -> None:
        """Say which rows of the form are no longer there."""
        missing = [name for name in expected if name not in present]
        if not missing or sheet not in self._tables:
            return
        more = f" and {len(missing) - MOST_NAMED:,} more" if len(missing) > MOST_NAMED else ""
        text = f"no row for {'; '.join(missing[:MOST_NAMED])}{more}: what the {whose} says of that stays"
        table = self._tables[sheet]
        self.findings.append(table.finding("info", table.top, None, text))

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
        rows = list(self._named(sheet))
        self._without_row(sheet, [*ENTRIES], {name for _, _, name in rows}, "case")
        for row, cells, name in rows:
            if name in ROWS_OF_BALANCES:
                if cells[NEW] != "":
                    self._say(sheet, row, NEW, f"{name} cannot be changed in the form; write another form")
                continue
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
        self._take(sheet, row, column, f"{name} is {new} in place of {_or_nothing(old)}", source)

    def _take(self, sheet: str, row: int, column: str, message: str, source: str) -> None:
        self.taken += 1
        self._say(sheet, row, column, message + (f"; source: {source}" if source else ""), "info")
        self._taken.append(self.findings[-1])

    def _assumptions(self, raw: dict[str, Any], problems: Problems) -> None:
        sheet = "Assumptions"
        before = copy.deepcopy(raw)
        known = {line.name: line for line in lines(before, CATEGORIES)}
        rows = list(self._named(sheet))
        always = [line.name for line in lines(before, ())]  # whatever categories the goods of the case have
        self._without_row(sheet, always, {name for _, _, name in rows}, "case")
        for row, cells, name in rows:
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
            problem = unit_problem(cells[UNIT], parameter.unit, name)
            if problem is not None:
                self._say(sheet, row, UNIT, problem)
            given = self._ground(sheet, row, cells)
            value = None if cells[NEW] == "" else self._value(sheet, row, NEW, parameter.kind, cells[NEW])
            number = line.value if cells[NEW] == "" and line is not None else value
            given |= self._range(row, cells, name, parameter, number)
            if value is None and (cells[NEW] != "" or not given):
                continue
            new = old if value is None else show(parameter.kind, value)
            if same(new, old) and not given:
                continue
            if new == "":
                self._say(sheet, row, NEW, f"{name} has no value; fill in the number its source speaks of")
                continue
            if not same(new, old) and "source" not in given:
                message = f'say where {name} = {new} comes from; "assumed" with the reason will do'
                self._say(sheet, row, SOURCE, message)
                continue
            if problem is not None:
                continue
            instead = _cleared(old) if line is not None else "clear the row to keep what holds for it"
            self._places[name] = _Place(sheet, row, NEW, instead)
            put(raw, name, line.value if line is not None and same(new, old) else value, problems)
            key = ground_key(name)
            self._place_ground(sheet, row, key)
            set_ground(raw, name, key, new, given, stays=same(new, old))
            if same(new, old):
                self.taken += 1
                self._say(sheet, row, SOURCE, f"{name} stays {old}; source: {ground_in_words(given)}", "info")
            elif line is None:
                self._additions.append(_Addition(row, name, parameter, value, ground_in_words(given)))
            else:
                self._changed(sheet, row, NEW, name, new, old, ground_in_words(given))
                self._doubt(row, value, line.value, parameter.unit)

    def _doubt(self, row: int, new: Any, old: Any, unit: str) -> None:
        doubt = scale_doubt(new, old, unit, "the case")
        if doubt is not None:
            self._say("Assumptions", row, NEW, doubt, "warning")

    def _added(self, data: Dataset) -> None:
        """Say what the numbers of single goods and categories, in rows of their own, go in place of."""
        categories = {str(good): str(category) for good, category in data.goods[["good", "category"]].to_numpy()}
        for added in self._additions:
            name, new = added.name, show(added.parameter.kind, added.value)
            key = _good_of(name)
            category = key if key in CATEGORIES else categories.get(key, None if key != "default" else "")
            if self._before is None or category is None:
                self._take("Assumptions", added.row, NEW, f"{name} is {new}", added.said)
                continue
            held = self._before.settings(key, category)[_parameter_in(name)]
            part = name.rpartition(".")[2]
            old = getattr(held.value, part) if isinstance(held.value, Surge) else held.value
            shown = show(added.parameter.kind, old)
            shown = amount(shown) if isinstance(shown, float) else shown
            if held.set_in.startswith("goods_override.") and not name.startswith("goods_override."):
                text = f"{name} is {new}, but {held.set_in} = {shown} goes before it"
            else:
                text = f"{name} is {new} in place of {shown}, which {_reach(held.set_in)}"
                self._doubt(added.row, added.value, old, added.parameter.unit)
            self._take("Assumptions", added.row, NEW, text, added.said)
        self._additions.clear()

    def _ground(self, sheet: str, row: int, cells: Row) -> dict[str, Any]:
        """What a row says of source, owner and confidence, each only if it is given."""
        texts = {column.lower(): self._text(sheet, row, cells, column) for column in (SOURCE, OWNER, CONFIDENCE)}
        return {key: text.lower() if key == "confidence" else text for key, text in texts.items() if text}

    def _range(self, row: int, cells: Row, name: str, parameter: Parameter, number: Any) -> dict[str, Any]:
        """The ends of the plausible range of ``number`` that a row gives; none if it is refused."""
        sheet = "Assumptions"
        filled = {end: column for end, column in ENDS.items() if cells.get(column, "") != ""}
        why = why_no_range(name, parameter)
        found: dict[str, Any] = {}
        problems = [(column, f"{why}; clear the cell") for column in filled.values() if why is not None]
        for end, column in filled.items() if why is None else ():
            value = self._value(sheet, row, column, parameter.kind, cells[column])
            if value is None:
                continue
            found[end] = value
            problem = number_problem(value, parameter.least, parameter.most)
            if problem is not None:
                problems.append((column, problem))
        low, high = (found.get(end) for end in ENDS)
        named = {end: f"the {ENDS[end].lower()}, {show(parameter.kind, value)}," for end, value in found.items()}
        if low is not None and high is not None and low > high:
            text = f"{named['low']} is above the high end, {show(parameter.kind, high)}"
            problems.append((ENDS["low"], text))
        elif number is not None:
            outside = f"the number, {show(parameter.kind, number)}, which must lie within its range"
            if low is not None and low > number and not same(low, number):
                problems.append((ENDS["low"], f"{named['low']} is above {outside}"))
            if high is not None and high < number and not same(high, number):
                problems.append((ENDS["high"], f"{named['high']} is below {outside}"))
        for column, problem in problems:
            self._say(sheet, row, column, problem)
        return {} if problems else found

    def _place_ground(self, sheet: str, row: int, key: str) -> None:
        """Note the cells from which a ground comes."""
        self._places[f"grounds.{key}"] = _Place(sheet, row, SOURCE)
        columns = {"confidence": CONFIDENCE, **(ENDS if sheet == "Assumptions" else {})}
        for word, column in columns.items():
            self._places[f"grounds.{key}.{word}"] = _Place(sheet, row, column)

    def _cutoffs(self, raw: dict[str, Any]) -> None:
        sheet = "Cutoffs"
        if sheet not in self._tables:
            return
        names = cutoff_names(raw["cutoffs"])
        items = dict(zip(names, raw["cutoffs"], strict=True))
        grounds = dict(raw.get("grounds", {}))
        wrong = len(self.findings)
        rows = list(self._named(sheet))
        found: dict[str, Mapping[str, Any]] = {}
        held = {plain(name): name for name in names}
        called = [held.get(plain(shown), shown) for _, _, shown in rows]
        new = [{"name": name} for name in called if name not in items]
        document = {"cutoffs": [*raw["cutoffs"], *new], "grounds": grounds}
        for (row, cells, _), name in zip(rows, called, strict=True):
            number = names.index(name) + 1 if name in items else len(names) + 1
            found[name] = self._cutoff(row, cells, name, items.get(name), number, document)
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
                drop(document, f"cutoffs.{name}")
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
        document: Mapping[str, Any],
    ) -> Mapping[str, Any]:
        """The cutoff of one row: the case's own if it says the same. What it stands on goes into the grounds of
        ``document``, which holds them and all cutoffs, those of the case and new ones."""
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
        grounds = document["grounds"]
        given = self._ground(sheet, row, cells)
        if item is not None and not changes:
            if given:
                self.taken += 1
                self._say(sheet, row, SOURCE, f"{name} stays as it is; source: {ground_in_words(given)}", "info")
                for key in below(document, where) or [where]:
                    before = ground_of(document, key)
                    grounds[key] = sourced(before, {"source": before.source} | given, stays=True)
                    self._place_ground(sheet, row, key)
            return item
        self._places[where] = _Place(sheet, row, "Name")
        if "source" not in given:
            what = "changed" if item is not None else "new"
            self._say(sheet, row, SOURCE, f'"{name}" is {what}; say where that comes from ("assumed" will do)')
            given = {"source": "", **given}
        self.taken += 1 if item is None else len(changes)
        if item is None:
            self._say(sheet, row, "Name", f'"{name}" is a new cutoff; source: {ground_in_words(given)}', "info")
            grounds[where] = as_written(given)
            self._place_ground(sheet, row, where)
        else:
            for key, text, stood in changes:
                said = f"{text} in place of {_or_nothing(stood)}; source: {ground_in_words(given)}"
                self._say(sheet, row, CUTOFF_HEADINGS[key], said, "info")
                self._taken.append(self.findings[-1])
                drop(document, f"{where}.{key}")
                grounds[f"{where}.{key}"] = as_written(given)
                self._place_ground(sheet, row, f"{where}.{key}")
        return new

    def over(self, data: Dataset, year: int | None) -> Dataset:
        """The data set with the figures of the sheet Balances, in a new frame; ``year`` is the case's, if any."""
        sheet = "Balances"
        self._added(data)
        if sheet not in self._tables:
            return data
        held: dict[str, list[str]] = {}
        for row, cells in self._rows("Case"):
            if cells["Name"] == DATA_SET:
                self._stale("Case", row, cells, data_set_cell(data))
            elif cells["Name"] in ROWS_OF_BALANCES and cells[IN_THE_CASE] != "":
                held[ROWS_OF_BALANCES[cells["Name"]]] = str(cells[IN_THE_CASE]).split("; ")
        if len(held) == len(ROWS_OF_BALANCES):
            present = {f"{plain(cells['Good'])}, {plain(cells['Country'])}" for _, cells in self._rows(sheet)}
            expected = [f"{good}, {country}" for good in held["Good"] for country in held["Country"]]
            self._without_row(sheet, expected, present, "data set")
        figures = Figures(self._tables[sheet], data, year)
        changed = figures.changed()
        self.findings += figures.findings
        self.taken += figures.taken
        return changed


def _or_nothing(value: Any) -> Any:
    return "nothing" if value == "" else value


def _parameter_in(name: str) -> str:
    """The parameter in a dotted name such as response.spare.food or goods_override.wheat.spare."""
    first, second, *rest = name.split(".")
    return rest[0] if first == "goods_override" else second


def _good_of(name: str) -> str:
    """The good or category in a dotted name, "" if it has none."""
    first, second, *rest = name.split(".")
    return second if first == "goods_override" else next(iter(rest), "")


def _reach(set_in: str) -> str:
    """For which goods a number holds that is set in a place of the case."""
    if set_in == "default":
        return "the tool takes by itself"
    key = _good_of(set_in)
    if key in CATEGORIES:
        return f"holds for {key} goods"
    return f"holds for {'all other goods' if key == 'default' else key or 'all goods'}"


def _cleared(old: Any) -> str:
    return f"clear the cell to keep {_or_nothing(old)}"
