"""Reads a data set, a folder of CSV or Parquet files or one workbook, and checks every cell of it.

Nothing is repaired: what does not fit becomes a finding with file (or sheet), row, column, value and remedy, and
all findings are collected before anything is refused.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from resilience.errors import Finding
from resilience.inputs.cells import SheetTable, Unreadable, as_text, other_sheets, sheet_table
from resilience.inputs.incoming import open_book
from resilience.inputs.recipes import Recipe, cycle
from resilience.inputs.suggestions import country_hint, country_meant, nearest, number_hint
from resilience.schema import INPUTS, VALUE_UNIT, Column, Table

SUFFIXES = (".csv", ".parquet")
WORKBOOK = ".xlsx"
INPUT_OUTPUT = "input_output"  # the file of the input-output table, which has a layout of its own
UNLIKE = 10.0  # values that differ by more than this factor are not about the same units
CODE = re.compile(r"[A-Z]{3}\Z")


@dataclass(frozen=True)
class Dataset:
    """The tables of a data set as read, with what was found; frames have the columns of the schema."""

    path: Path
    goods: pd.DataFrame
    countries: pd.DataFrame
    coalitions: pd.DataFrame
    flows: pd.DataFrame
    balances: pd.DataFrame
    recipes: pd.DataFrame
    sectors: pd.DataFrame
    distances: pd.DataFrame
    indicators: pd.DataFrame
    fingerprint: str
    findings: tuple[Finding, ...] = field(repr=False)
    unread: tuple[str, ...] = ()  # tables that could not be read as a whole; nothing is checked against them
    changes: str = ""  # fingerprint of what a form changed of it; "" as it was read

    @property
    def input_output(self) -> Path | None:
        """The file of the input-output table, None without one."""
        file = self.path / f"{INPUT_OUTPUT}.csv"
        return file if file.is_file() else None

    def files(self) -> dict[str, Path]:
        """The files it was read from, by their names in the data set."""
        if self.path.is_file():
            return {self.path.name: self.path}
        found = {
            file.relative_to(self.path).as_posix(): file for name in INPUTS for file in _files(self.path, name)
        }
        return found | ({} if self.input_output is None else {self.input_output.name: self.input_output})

    @cached_property
    def categories(self) -> dict[str, str]:
        """Good → category."""
        return dict(zip(self.goods["good"], self.goods["category"].astype(str), strict=True))

    def names(self) -> dict[str, str]:
        """Country code → name for readers."""
        return dict(zip(self.countries["country"], self.countries["name"], strict=True))


def read_dataset(path: Path) -> Dataset:
    """Read and check the folder or workbook ``path``; the result may hold findings of severity error."""
    findings: list[Finding] = []
    if path.is_file():
        return _read_workbook(path)
    digest = hashlib.sha256()
    frames: dict[str, pd.DataFrame] = {}
    unread: set[str] = set()
    if not path.is_dir():
        message = "there is no such folder or workbook; dataset in the case file is relative to the case file"
        shown = Path(os.path.normpath(path)).as_posix()
        findings.append(Finding("error", shown, None, None, message + _near_datasets(path)))
        nothing = {name: _empty(table) for name, table in INPUTS.items()}
        return Dataset(path, **nothing, fingerprint="", findings=tuple(findings))
    findings += _strangers(path)
    for table in INPUTS.values():
        files = list(_files(path, table.name))
        if not files and not table.optional:
            unread.add(table.name)
            findings.append(
                Finding(
                    "error",
                    f"{table.name}.csv",
                    None,
                    None,
                    f"the file is missing in {path.name}; its columns are {', '.join(table.names)}",
                )
            )
        parts = []
        for file in files:
            content = file.read_bytes()
            digest.update(file.relative_to(path).as_posix().encode() + b"\0" + content)
            part = read_cells(table, file, file.relative_to(path).as_posix(), content, findings)
            if part is None:
                unread.add(table.name)
            else:
                parts.append(part)
        frames[table.name] = pd.concat(parts, ignore_index=True) if parts else _empty(table)
    origins = path / f"{INPUT_OUTPUT}.csv"
    if origins.is_file():
        digest.update(origins.name.encode() + b"\0" + origins.read_bytes())
    _check_cells(frames, findings, unread)
    plain = {name: frame[list(INPUTS[name].names)] for name, frame in frames.items()}
    fingerprint = digest.hexdigest()[:16]
    return Dataset(path, **plain, fingerprint=fingerprint, findings=tuple(findings), unread=tuple(sorted(unread)))


def _read_workbook(path: Path) -> Dataset:
    """A data set in one workbook, one sheet a table; findings name sheet, row and cell."""
    findings: list[Finding] = []
    frames = {name: _empty(table) for name, table in INPUTS.items()}
    sheets: dict[str, SheetTable] = {}  # by the name of the sheet
    refused: dict[tuple[str, int, str], Finding] = {}
    unread: set[str] = set()
    book = open_book(path, findings)
    for table in INPUTS.values() if book is not None else ():
        assert book is not None
        name = book.find(table.name)
        if name is None:
            if not table.optional:
                unread.add(table.name)
                text = f"the sheet is missing in {path.name}; its columns are {', '.join(table.names)}"
                findings.append(Finding("error", table.name, None, None, text))
            continue
        sheet = book.read(name, findings)
        read = None if sheet is None else sheet_table(sheet, table, path.name, findings)
        frame = None if read is None else known_columns(table, read.frame, name, findings, read.top)
        if read is not None and frame is not None:
            sheets[name] = read
            frames[table.name] = _as_cells(table, read, frame, refused, findings)
        else:
            unread.add(table.name)
    if book is not None:
        findings += other_sheets(book.names, INPUTS, path.name, "this sheet is no table of a data set")
        checked: list[Finding] = []
        _check_cells(frames, checked, unread)
        findings += refused.values()
        findings += [
            placed
            for finding in checked
            if (placed := _placed(finding, sheets)) and (finding.table, finding.row, finding.column) not in refused
        ]
    plain = {name: frame[list(INPUTS[name].names)] for name, frame in frames.items()}
    fingerprint = "" if book is None else hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return Dataset(path, **plain, fingerprint=fingerprint, findings=tuple(findings), unread=tuple(sorted(unread)))


def _as_cells(
    table: Table,
    read: SheetTable,
    frame: pd.DataFrame,
    refused: dict[tuple[str, int, str], Finding],
    findings: list[Finding],
) -> pd.DataFrame:
    """The cells as text; what is not taken goes to ``refused`` and is left as "?" for the checks to pass over."""
    frame = frame.copy()
    for column in table.columns:
        texts = []
        for row, value in zip(frame["_row"], frame[column.name], strict=True):
            try:
                text, note = as_text(column, value)
            except Unreadable as reason:
                text, note = "?", None
                refused[read.sheet, int(row), column.name] = read.finding(
                    "error", int(row), column.name, str(reason)
                )
            if note is not None:
                findings.append(read.finding("info", int(row), column.name, note))
            texts.append(text)
        frame[column.name] = pd.Series(texts, index=frame.index, dtype=object)
    return frame


def _placed(finding: Finding, sheets: dict[str, SheetTable]) -> Finding:
    """A finding of the checks with its cell, and with sheets in place of files."""
    message = re.sub(rf"\b({'|'.join(INPUTS)})\.csv\b", r"the sheet \1", finding.message)
    if finding.table not in sheets:
        return replace(finding, message=message)
    return sheets[finding.table].finding(finding.severity, finding.row, finding.column, message)


def _files(path: Path, name: str) -> Iterator[Path]:
    for suffix in SUFFIXES:
        if (path / f"{name}{suffix}").is_file():
            yield path / f"{name}{suffix}"
    if (path / name).is_dir():
        yield from sorted(file for file in (path / name).iterdir() if file.suffix in SUFFIXES)


def _near_datasets(path: Path) -> str:
    """The data set beside a path that is not there whose name is nearest to its own, or those there are."""
    folder = path.resolve().parent
    if not folder.is_dir():
        return ""
    near = sorted(
        other.name
        for other in folder.iterdir()
        if other.suffix.lower() == WORKBOOK or (other.is_dir() and any(_files(other, "goods")))
    )
    return nearest(path.name, near) if near else ""


def _strangers(path: Path) -> Iterator[Finding]:
    for file in sorted(path.iterdir()):
        if file.suffix in SUFFIXES and file.stem not in (*INPUTS, INPUT_OUTPUT):
            message = f"not a table of a data set, left out{nearest(file.stem, INPUTS)}"
            yield Finding("warning", file.name, None, None, message)


def _empty(table: Table) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=object) for name in (*table.names, "_file", "_row")})


def read_cells(
    table: Table, file: Path, name: str, content: bytes, findings: list[Finding]
) -> pd.DataFrame | None:
    """The table as text cells plus the columns ``_file`` and ``_row``; None if it cannot be read at all."""

    def refuse(message: str, row: int | None = None, column: str | None = None) -> None:
        findings.append(Finding("error", name, row, column, message))

    if file.suffix == ".parquet":
        try:
            frame = pd.read_parquet(io.BytesIO(content))
        except (OSError, ValueError) as error:
            refuse(f"this is not a Parquet file: {error}")
            return None
        frame = frame.rename(columns=str)
        frame = frame.astype(object).where(frame.notna(), "")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            refuse(
                f"byte {content[error.start : error.start + 1]!r} is not UTF-8; in Excel save as "
                '"CSV UTF-8 (comma delimited)"',
                content[: error.start].count(b"\n") + 1,
            )
            return None
        header = text.split("\n", 1)[0]
        for mark, word in ((";", "semicolons"), ("\t", "tabs")):
            if mark in header and "," not in header:
                refuse(
                    f"columns are separated by {word}, as Excel does in many European settings; save with "
                    "commas and decimal points (in Excel: a language setting with decimal point, then "
                    '"CSV UTF-8 (comma delimited)")',
                    1,
                )
                return None
        try:
            cells = pd.read_csv(
                io.StringIO(text), header=None, dtype=str, keep_default_na=False, skip_blank_lines=False
            )
        except pd.errors.EmptyDataError:
            refuse(f"the file is empty; its first line must be {','.join(table.names)}")
            return None
        except pd.errors.ParserError as error:
            found = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
            if found:
                wanted, line, saw = (int(number) for number in found.groups())
                refuse(f"{saw} cells where the header has {wanted}; put text with commas in double quotes", line)
            else:
                refuse(f"this is not a CSV file: {error}")
            return None
        cells = cells.fillna("")
        frame = cells.iloc[1:].set_axis([str(cell) for cell in cells.iloc[0]], axis=1)
    frame["_row"] = np.arange(2, len(frame) + 2)
    return known_columns(table, frame, name, findings)


def known_columns(
    table: Table, frame: pd.DataFrame, name: str, findings: list[Finding], top: int = 1
) -> pd.DataFrame | None:
    """The columns of the table and ``_row`` from all that stand in a file or on a sheet, with ``_file``; None if
    one that is needed is missing. Blank rows are left out; the headings stand in row ``top``."""

    def refuse(message: str, row: int | None = None, column: str | None = None) -> None:
        findings.append(Finding("error", name, row, column, message))

    titles = [title for title in frame.columns if title != "_row"]
    missing = [column.name for column in table.columns if column.name not in titles]
    for title in titles:
        if titles.count(title) > 1 and titles.index(title) != len(titles) - 1 - titles[::-1].index(title):
            refuse(f'the column "{title}" stands there twice', top, title)
            return None
        if title not in table.names:
            hint = nearest(title, missing) if missing else ""
            findings.append(Finding("warning", name, top, title, f'unknown column "{title}", left out{hint}'))
    for column in missing:
        if table.column(column).required or column in table.keys:
            refuse(f'the column "{column}" is missing; the columns are {", ".join(table.names)}', top, column)
    if any(table.column(column).required for column in missing):
        return None
    frame = frame.reindex(columns=[*table.names, "_row"], fill_value="")
    blank = (frame[list(table.names)] == "").all(axis=1)
    return frame[~blank].assign(_file=name)


def _check_cells(frames: dict[str, pd.DataFrame], findings: list[Finding], unread: Collection[str]) -> None:
    """Check and convert all tables in place of ``frames``: numbers become floats, blanks NaN.

    Nothing is looked up in the tables that are ``unread``: one error of theirs must not become thousands.
    """
    lookups = {"country": "countries", "good": "goods"}
    known = {kind: set(frames[name][kind]) for kind, name in lookups.items() if name not in unread}
    names = dict(zip(frames["countries"]["country"], frames["countries"]["name"], strict=True))
    for table in INPUTS.values():
        frame = frames[table.name].copy()
        for column in table.columns:
            converted, problems = convert(column, frame[column.name], known, names)
            for position, message in problems:
                where = frame.iloc[position]
                findings.append(Finding("error", where["_file"], int(where["_row"]), column.name, message))
            frame[column.name] = converted
        _check_duplicates(table, frame, findings)
        frames[table.name] = frame
    _check_codes(frames["countries"], findings)
    _check_units(frames, findings)
    _check_recipes(frames, findings)
    _check_distances(frames["distances"], findings)
    _check_gdp(frames, findings)
    flows = frames["flows"]
    for _, row in flows[flows["exporter"] == flows["importer"]].iterrows():
        findings.append(
            Finding(
                "error",
                row["_file"],
                int(row["_row"]),
                "importer",
                f'"{row["importer"]}" ships to itself; home supply belongs into balances.csv as production',
            )
        )


def convert(
    column: Column, cells: pd.Series, known: dict[str, set[str]], names: dict[str, str]
) -> tuple[pd.Series, list[tuple[int, str]]]:
    """The cells in the column's type, and (position, message) for each that does not fit.

    ``known`` holds the goods and countries there are, ``names`` of each country code its name.
    """
    problems: list[tuple[int, str]] = []
    text = cells.astype(str)
    blank = (text == "").to_numpy()
    if column.required and not column.blank_is_unknown and blank.any():
        for position in np.flatnonzero(blank):
            remedy = "write 0 if it is zero, else give a figure or delete the row"
            if column.kind not in ("amount", "number", "share", "year"):
                remedy = "fill it in"
            problems.append((int(position), f"the cell is blank, which means unknown; {remedy}"))
    if column.kind in ("amount", "share", "number", "year"):
        numbers = pd.to_numeric(cells.where(~blank), errors="coerce").astype(float)
        values = numbers.to_numpy()
        bad = ~blank & np.isnan(values)
        infinite = np.isinf(values)
        negative = (values < 0) & ~infinite if column.kind != "number" else np.zeros(len(values), dtype=bool)
        excess = (values > 1) & ~infinite if column.kind == "share" else np.zeros(len(values), dtype=bool)
        uneven = (column.kind == "year") & ~bad & ~blank & ~infinite & (values != np.floor(values))
        for position in np.flatnonzero(bad):
            hint = number_hint(text.iloc[position], _written_as(column)) or "; leave the cell blank if unknown"
            problems.append((int(position), f'"{text.iloc[position]}" is not a number{hint}'))
        for mask, reason in (
            (infinite, "is infinite; give a finite figure, or leave the cell blank if unknown"),
            (negative, "is negative; amounts are zero or more, blank if unknown"),
            (excess, "is above 1; shares are given between 0 and 1"),
            (uneven, "is not a calendar year"),
        ):
            for position in np.flatnonzero(mask):
                problems.append((int(position), f'"{text.iloc[position]}" {reason}'))
        return pd.Series(values, index=cells.index), problems
    if column.kind == "flag":
        flags = text.str.lower().map({"true": True, "false": False, "1": True, "0": False})
        for position in np.flatnonzero(flags.isna().to_numpy() & ~blank):
            problems.append((int(position), f'"{text.iloc[position]}" is neither true nor false'))
        return flags, problems
    if column.choices:
        for position in np.flatnonzero(~text.isin(column.choices).to_numpy() & ~blank):
            value = text.iloc[position]
            problems.append((int(position), f'"{value}" is not allowed{nearest(value, column.choices)}'))
    elif column.kind in known:
        wrong = ~text.isin(known[column.kind]).to_numpy() & ~blank
        for position in np.flatnonzero(wrong):
            value = text.iloc[position]
            if column.kind == "country":
                message = f'"{value}" is not in countries.csv{country_hint(value, names)}'
            else:
                message = f'"{value}" is not in goods.csv{nearest(value, known["good"])}'
            problems.append((int(position), message))
    return text, problems


def _written_as(column: Column) -> str:
    """How a number of the column is to be written in place of a percentage, "" for a share."""
    if column.kind == "share":
        return ""
    unit = "the good's unit" if column.unit == "unit of the good" else column.unit
    return f"write an amount in {unit}" if unit else "write a plain number"


def _check_duplicates(table: Table, frame: pd.DataFrame, findings: list[Finding]) -> None:
    keys = list(table.keys)
    twice = frame.duplicated(keys, keep="first")
    if not twice.any():
        return
    first = frame.drop_duplicates(keys).set_index(keys)[["_file", "_row"]]
    for _, row in frame[twice].iterrows():
        key = tuple(row[name] for name in keys)
        original = first.loc[key if len(key) > 1 else key[0]]
        shown = ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in key)
        findings.append(
            Finding(
                "error",
                row["_file"],
                int(row["_row"]),
                keys[-1],
                f"{shown} stands already in {original['_file']}, row {int(original['_row'])}; keep one of them",
            )
        )


def _check_codes(countries: pd.DataFrame, findings: list[Finding]) -> None:
    for _, row in countries.iterrows():
        code = row["country"]
        if code and not CODE.match(code):
            guess = code.strip().upper() if CODE.match(code.strip().upper()) else country_meant(code)
            hint = f'; write "{guess}"' if guess else ""
            message = f'"{code}" is not an ISO 3166 alpha-3 code in upper case{hint}'
            findings.append(Finding("error", row["_file"], int(row["_row"]), "country", message))


def _check_units(frames: dict[str, pd.DataFrame], findings: list[Finding]) -> None:
    goods = frames["goods"]
    by_value = goods["flow_measure"] == "value"
    for _, row in goods[by_value != (goods["unit"] == VALUE_UNIT)].iterrows():
        message = (
            f'"{row["unit"]}" does not go with flow_measure {row["flow_measure"]}: goods measured in value '
            f"have the unit {VALUE_UNIT}, goods measured in quantity another"
        )
        findings.append(Finding("error", row["_file"], int(row["_row"]), "unit", message))
    flows = frames["flows"]
    in_value = flows[flows["good"].isin(set(goods.loc[by_value, "good"])) & flows["value_usd"].notna()]
    stated = in_value["value_usd"].to_numpy(dtype=float) / 1000.0
    off = np.abs(in_value["quantity"].to_numpy(dtype=float) - stated) > 0.01 * stated + 1.0
    for _, row in in_value[off].iterrows():
        message = (
            f"{row['quantity']:g} is not value_usd / 1000 = {row['value_usd'] / 1000:g}, though the good is "
            f"measured in {VALUE_UNIT}"
        )
        findings.append(Finding("error", row["_file"], int(row["_row"]), "quantity", message))


def _check_distances(pairs: pd.DataFrame, findings: list[Finding]) -> None:
    """A pair stands there once, in either order, and a country has no distance from itself."""
    ordered = pairs[["country", "other"]].astype(str)
    swapped = pd.MultiIndex.from_frame(ordered[["other", "country"]]).isin(pd.MultiIndex.from_frame(ordered))
    for _, row in pairs[swapped].iterrows():
        if row["country"] == row["other"]:
            message = f'"{row["country"]}" has no distance from itself; delete the row'
        elif row["country"] < row["other"]:
            continue
        else:
            message = (
                f"{row['other']}, {row['country']} stands there the other way round as well; keep one of them"
            )
        findings.append(Finding("error", row["_file"], int(row["_row"]), "other", message))


def _check_gdp(frames: dict[str, pd.DataFrame], findings: list[Finding]) -> None:
    """A GDP is above zero, as losses are told in parts of it; negative ones of countries.csv are found before."""
    countries, facts = frames["countries"], frames["indicators"]
    for frame, column in (
        (countries[countries["gdp_usd"] == 0], "gdp_usd"),
        (facts[(facts["indicator"] == "gdp_usd") & (facts["value"] <= 0)], "value"),
    ):
        for _, row in frame.iterrows():
            message = (
                f'"{row[column]:g}" is no GDP of {row["country"]}, it must be above zero; give it in USD, or '
                "leave the cell blank if unknown"
            )
            findings.append(Finding("error", row["_file"], int(row["_row"]), column, message))


def _check_recipes(frames: dict[str, pd.DataFrame], findings: list[Finding]) -> None:
    """Recipes: units that fit, amounts above zero, no good that goes into itself or costs more than itself."""
    recipes = frames["recipes"]
    units = dict(zip(frames["goods"]["good"], frames["goods"]["unit"], strict=False))
    recipes = recipes[recipes["good"].isin(units) & recipes["input"].isin(units)].copy()
    prices = _median_prices(frames["flows"], units)

    def say(row: pd.Series, column: str, message: str, severity: str = "error") -> None:
        findings.append(Finding(severity, row["_file"], int(row["_row"]), column, message))

    for _, row in recipes.iterrows():
        good, name, needed = row["good"], row["input"], row["input_per_unit"]
        wanted = f"{units[name]}/{units[good]}"
        if row["unit"] and row["unit"].replace(" ", "") != wanted.replace(" ", ""):
            say(
                row,
                "unit",
                f'"{row["unit"]}" does not fit: {name} is in {units[name]} and {good} in {units[good]}, so '
                f"input_per_unit must be in {wanted}; convert the figure",
            )
        if needed <= 0:
            say(row, "input_per_unit", f'"{needed:g}" is no amount; delete the row if {name} is not needed')
            continue
        if row["loss"] == 1:
            say(row, "loss", '"1" would mean that all of the input is lost; give the part that is lost')
            continue
        share, value = row["value_share"], needed / (1 - np.nan_to_num(row["loss"])) * prices[name] / prices[good]
        if share > 0 and np.isfinite(value) and not share / UNLIKE <= value <= share * UNLIKE:
            say(
                row,
                "input_per_unit",
                f"units do not fit, or a figure is wrong: at the prices of the flows {needed:g} {wanted} of "
                f"{name} is {value:.3g} of the value of {good}, but value_share says {share:g}",
                "error" if units[name] == units[good] == VALUE_UNIT else "warning",
            )
        recipes.loc[row.name, "_value"] = share if np.isfinite(share) else value
    for good, part in recipes.groupby("good", sort=False):
        total = part["_value"].sum() if "_value" in part else 0.0
        if total > 1 + 1e-9:
            shown = ", ".join(f"{r['input']} {r['_value']:.3g}" for _, r in part.iterrows())
            certain = part["value_share"].notna().all() or {units[n] for n in (good, *part["input"])} == {
                VALUE_UNIT
            }
            say(
                part.iloc[0],
                "value_share",
                f"the inputs of {good} cost {total:.3g} times what it is worth ({shown}); lower input_per_unit or "
                "value_share",
                "error" if certain else "warning",
            )
    loop = cycle([Recipe(r.good, r.input, 1.0, True, np.nan, "", "") for r in recipes.itertuples()])
    if loop:
        pair = recipes[(recipes["good"] == loop[-2]) & (recipes["input"] == loop[-1])].iloc[0]
        path = " needs ".join(loop)
        say(
            pair,
            "input",
            f"the recipes lead in a circle: {path}; a good cannot go into itself, delete one of them",
        )


def _median_prices(flows: pd.DataFrame, units: dict[str, str]) -> dict[str, float]:
    """USD per unit of each good: the median flow's; a thousand for goods in value, NaN where nothing is known."""
    priced = flows[(flows["quantity"] > 0) & (flows["value_usd"] > 0)]
    median = (priced["value_usd"] / priced["quantity"]).groupby(priced["good"]).median()
    return {
        good: 1000.0 if unit == VALUE_UNIT else float(median.get(good, np.nan)) for good, unit in units.items()
    }
