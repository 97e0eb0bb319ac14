"""What a solve gives: one DataFrame a table, the ways out to JSON, CSV and Excel, and back from JSON and CSV."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from resilience.errors import Finding, InputError
from resilience.files import as_written, whole, write_csv
from resilience.schema import ALL, BESIDE, BESIDE_TABLES, ENTREPOT_EXPORTS, RESULTS, Table
from resilience.words import worst_first

NUMBERS = ("share", "amount", "number")  # kinds of columns of a result that hold numbers
NEEDED: dict[str, type] = {  # of meta, without which nothing can be said of a result
    **dict.fromkeys(("title", "case", "case_hash", "dataset", "dataset_hash", "description", "region_name"), str),
    **dict.fromkeys(("years", "labels", "members", "region", "countries", "versions", "certificate"), dict),
    "year": int,
    "cutoffs": list,
}
OF_CUTOFF = ("name", "cut", "all_outsiders", "fraction", "any", "any_region", "goods", "start", "months")
COLUMNS = "columns"  # of meta, only where a result is written
MOST_FINDINGS = 20  # of one table
SECTIONS = {"tiers": "partners"}  # of the case file, where it is not called like the question
DAMAGED = "is missing or no such thing: the result is damaged or not of this tool; write it again"
OF_MEMBERS = ("participation", "threat")  # whose members the report looks up
NOT_IN_JSON = ("flows_used",)  # rows of the data set, several times as many as all others
_SHORT: Any = False  # stands where a line of a CSV file ends too early; neither a number nor a text


@dataclass(frozen=True)
class Result:
    """The tables of :data:`resilience.schema.RESULTS` and the meta data of the run.

    Tables of burden, sanctions, threat and tiers may stand beside them: :meth:`with_tables`.
    """

    meta: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]

    def __getattr__(self, name: str) -> pd.DataFrame:
        held = self.__dict__.get("tables", {})
        if name in held and (name in RESULTS or name in BESIDE_TABLES):
            return held[name]
        names = [*RESULTS, *(name for name in BESIDE_TABLES if name in held)]
        raise AttributeError(f"a result has no {name!r}; its tables are {', '.join(names)}")

    def with_tables(self, *others: Result) -> Result:
        """The result with the tables of others beside its own: what :func:`resilience.burden`,
        :func:`resilience.sanctions`, :func:`resilience.threat` and :func:`resilience.tiers` give of the same case.

        Their findings and assumptions are added to its own; ``meta["beside"]`` holds what else is to be known of
        each. Raises :class:`~resilience.errors.InputError` if one is of another case or other data.
        """
        tables, beside = dict(self.tables), dict(self.meta.get("beside", {}))
        certificate = self.meta.get("certificate", {})
        for other in others:
            about = other.meta.get("about", "burden")
            same_run(self, other, about)
            tables |= {name: other.tables[name] for name in BESIDE[about]}
            added = other.tables["assumptions"].copy()
            added["parameter"] = SECTIONS.get(about, about) + "." + added["parameter"].astype(object)
            for name, frame in (("findings", other.tables["findings"]), ("assumptions", added)):
                whole = pd.concat([tables[name], frame], ignore_index=True).drop_duplicates(ignore_index=True)
                tables[name] = typed(whole, RESULTS[name])
            beside[about] = {key: other.meta[key] for key in ("mixed_years", "target") if key in other.meta}
            certificate = other.meta.get("certificate", certificate)
        return Result({**self.meta, "certificate": certificate, "beside": beside}, tables)

    def beside(self, about: str) -> Result | None:
        """What :meth:`with_tables` added of ``about``, as it was; None if there is nothing of the kind."""
        if any(name not in self.tables for name in BESIDE[about]):
            return None
        said = {"about": about, "mixed_years": "", **self.meta.get("beside", {}).get(about, {})}
        names = (*BESIDE[about], "findings", "assumptions")
        return Result({**self.meta, **said}, {name: self.tables[name] for name in names})

    def answers(self) -> pd.DataFrame:
        """The rows of all members under all cutoffs, planned; one a good, in the result's order."""
        rows = self.requirements
        return rows[(rows["member"] == ALL) & (rows["cutoff"] == ALL) & (rows["reading"] == "planned")]

    def matter_most(self, most: int) -> list[str]:
        """Goods in which most must change: the worst verdict first, then the widest gap, then the largest share.

        Goods that survive as they are only count where nothing else is there.
        """
        rows = [row for row in self.answers().to_dict("records") if row["status"] != "unknown"]
        changing = [row for row in rows if row["status"] != "met"] or rows

        def place(row: Mapping[Any, Any]) -> tuple[int, float, float]:
            return *worst_first(row), 0.0 if pd.isna(row["share"]) else -float(row["share"])

        return [str(row["good"]) for row in sorted(changing, key=place)[:most]]

    def home_unknown(self) -> frozenset[tuple[str, str]]:
        """(good, member) of those whose home production is unknown though they export much of what they import;
        their share of imports says little."""
        rows = self.tables["balance"]
        much = rows["exports"] > ENTREPOT_EXPORTS * rows["imports"]
        much &= (rows["scope"] == "imports") & (rows["imports"] > 0)
        return frozenset(zip(rows["good"][much], rows["member"][much], strict=True))

    def to_json(self, path: str | Path) -> None:
        """Write ``{"meta": …, "tables": {name: [record, …]}}``; unknown is null. ``flows_used`` is left out.

        ``meta["columns"]`` holds what each column of each table means, with its unit.
        """
        tables = {name: _records(frame) for name, frame in self.tables.items() if name not in NOT_IN_JSON}
        document = {"meta": self._explained(tables), "tables": tables}
        text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
        with whole(Path(path)) as file:
            file.write_text(text + "\n", encoding="utf-8", errors="replace")

    def to_csv(self, folder: str | Path) -> None:
        """Write one CSV file a table and meta.json into a folder; other files in it are left alone.

        ``columns`` of meta.json is as in :meth:`to_json`.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name, frame in self.tables.items():
            write_csv(frame, folder / f"{name}.csv")
        text = json.dumps(self._explained(self.tables), ensure_ascii=False, indent=1)
        (folder / "meta.json").write_text(text + "\n", encoding="utf-8", errors="replace")

    def _explained(self, tables: Iterable[str]) -> Any:
        """The meta data as they are written: with what the columns of the ``tables`` mean."""
        known = {**RESULTS, **BESIDE_TABLES}
        columns = {
            name: {column.name: {"unit": column.unit, "meaning": column.meaning} for column in known[name].columns}
            for name in tables
            if name in known
        }
        return _plain({**self.meta, COLUMNS: columns})

    def to_excel(
        self, path: str | Path, *, compare: str | Path | None = None, study: str | Path | None = None
    ) -> list[Path]:
        """Write the workbook and, for tables too long for a sheet, CSV files beside it; gives all files.

        ``compare`` is an earlier workbook or JSON file, for the change log; ``study`` the folder of a finished
        study, for the sensitivity.
        """
        from resilience.handoff.result_workbook import write_workbook  # Excel is only needed when asked for

        return write_workbook(self, Path(path), compare=compare, study=study)

    def write(self, path: str | Path) -> None:
        """Write to ``path``: .xlsx a workbook, .json, or a folder of CSV."""
        suffix = Path(path).suffix.lower()
        if suffix == ".xlsx":
            self.to_excel(path)
        elif suffix == ".json":
            self.to_json(path)
        else:
            self.to_csv(path)


def same_run(result: Result, other: Result, about: str) -> None:
    """Raise :class:`~resilience.errors.InputError` if ``other`` is of another case or of other data."""
    findings = [
        Finding("error", about, None, f"meta.{key}", f"is of another {what} than the result; compute it anew")
        for key, what in (("case_hash", "case"), ("dataset_hash", "data set"))
        if other.meta[key] != result.meta[key]
    ]
    if findings:
        raise InputError(findings)


def findings_table(findings: Iterable[Finding]) -> pd.DataFrame:
    """The table ``findings``, worst first, each once."""
    order = {"error": 0, "warning": 1, "info": 2}
    unique = sorted(dict.fromkeys(findings), key=lambda finding: order[finding.severity])
    names = RESULTS["findings"].names
    rows = [[getattr(item, name) for name in names] for item in unique]
    return typed(pd.DataFrame(rows, columns=list(names)), RESULTS["findings"])


def typed(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """The columns of a result table in their order: numbers as floats, texts as they are, None where unknown."""
    columns = {}
    for column in table.columns:
        values = frame[column.name]
        if column.kind in NUMBERS:
            columns[column.name] = pd.to_numeric(values).astype(float)
        else:
            columns[column.name] = values.astype(object).where(values.notna(), None)
    return pd.DataFrame(columns, index=frame.index)


def read_result(path: str | Path) -> Result:
    """The result that :meth:`Result.to_json` or :meth:`Result.to_csv` wrote: a .json file or a folder of CSV.

    Tables that are not there (written by an earlier version) are empty, those of burden, sanctions, threat and
    tiers are left out; ones that the schema does not know are kept as they are. CSV does not tell an empty text
    from an unknown one; both are read as unknown. Raises :class:`~resilience.errors.InputError` with every finding
    if it is no such result.
    """
    meta, tables = read_tables(path, RESULTS, ("requirements",), "resilience run")
    findings = list(_beside_damaged(meta, tables, Path(path).name))
    if findings:
        raise InputError(findings)
    return Result(meta, tables)


def _beside_damaged(meta: Mapping[str, Any], tables: Mapping[str, pd.DataFrame], file: str) -> Iterator[Finding]:
    """What is missing of the tables of other questions, of which there are all or none, or names no member."""
    said = meta.get("beside", {})
    for about, names in BESIDE.items():
        there = [name for name in names if name in tables]
        if not there and about not in said:
            continue
        if about not in said:
            yield Finding("error", file, None, f"meta.beside.{about}", DAMAGED)
        for name in names:
            if name not in tables:
                yield Finding("error", file, None, name, f"the table {DAMAGED}")
            elif name in OF_MEMBERS:
                for code in sorted(set(tables[name]["member"].astype(str)) - set(meta["members"])):
                    message = f"table {name}: {code!r} is no member of the case; write the result again"
                    yield Finding("error", file, None, "member", message)


def read_tables(
    path: str | Path, declared: Mapping[str, Table], needed: Iterable[str], written_by: str
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Meta data and tables as :meth:`Result.to_json` or :meth:`Result.to_csv` wrote them; see :func:`read_result`.

    ``declared`` are the tables by name, of which ``needed`` must be there; ``written_by`` is the command that
    findings name.
    """
    path = Path(path)
    if path.is_dir():
        meta, raw = _json(path / "meta.json", written_by), _csv_tables(path)
        file = {name: f"{name}.csv" for name in raw}
    elif path.suffix.lower() == ".json":
        whole = _json(path, written_by)
        meta, raw = whole.get("meta"), whole.get("tables")
        if not isinstance(meta, Mapping) or not isinstance(raw, Mapping):
            message = f'no result: "meta" and "tables" are missing; give what `{written_by} --out` wrote'
            raise InputError([Finding("error", path.name, None, None, message)])
        file = dict.fromkeys(raw, path.name)
    else:
        message = f"give a result: the .json file or the folder of CSV files that `{written_by} --out` wrote"
        raise InputError([Finding("error", path.name, None, None, message)])
    findings = [
        Finding("error", path.name, None, f"meta.{key}", DAMAGED)
        for key, kind in NEEDED.items()
        if not isinstance(meta.get(key), kind)
    ]
    if not findings and not all(isinstance(one, dict) and set(OF_CUTOFF) <= set(one) for one in meta["cutoffs"]):
        findings.append(Finding("error", path.name, None, "meta.cutoffs", DAMAGED))
    if not findings and not {"optima", "worst_residual", "tolerance"} <= set(meta["certificate"]):
        findings.append(Finding("error", path.name, None, "meta.certificate", DAMAGED))
    alone = next((about for about, names in BESIDE.items() if set(names) & set(raw)), "")
    for name in needed:
        if name not in raw and alone and not set(BESIDE[alone]) & set(needed):
            message = f"holds what `resilience {alone} --out` wrote, but no result: write both in one file with "
            raise InputError(
                [Finding("error", path.name, None, None, f"{message}`{written_by} CASE --with {alone}`")]
            )
        if name not in raw:
            findings.append(Finding("error", path.name, None, name, f"the table {DAMAGED}"))
    tables: dict[str, pd.DataFrame] = {}
    for name in dict.fromkeys([*raw, *declared]):  # in the order of the file, so that it can be written again
        rows = raw.get(name, [])
        known = declared.get(name) or BESIDE_TABLES.get(name)
        if known is not None:
            where, first = file.get(name, path.name), 2 if path.is_dir() else 1
            about = next((question for question, names in BESIDE.items() if name in names), "")
            again = written_by if name in declared else f"resilience run CASE --with {about}"
            tables[name], found = _checked(rows, known, where, first, again, older=name in declared)
            findings += found
        elif isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
            tables[name] = pd.DataFrame(rows)
    if findings:
        raise InputError(findings)
    return {name: value for name, value in meta.items() if name != COLUMNS}, tables


def _json(path: Path, written_by: str) -> Any:
    """A JSON document whose outermost value is an object; refuses what JSON does not know, such as NaN."""

    def refuse(word: str) -> Any:
        raise ValueError(f"{word} is no JSON number")

    try:
        found = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    except OSError as error:
        reason = f"cannot be read ({error.strerror or error})"
    except RecursionError:
        reason = "is nested too deeply"
    except ValueError as error:
        reason = f"is no JSON in UTF-8 ({error})"
    else:
        if isinstance(found, dict):
            return found
        reason = "holds no JSON object"
    message = f"{reason}; give what `{written_by} --out` wrote"
    raise InputError([Finding("error", path.name, None, None, message)])


def _csv_tables(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of every CSV file of a folder; blank is None."""
    tables = {}
    for path in sorted(folder.glob("*.csv")):
        try:
            with path.open(encoding="utf-8", newline="") as stream:
                rows = [
                    {name: _cell(cell) for name, cell in row.items()}
                    for row in csv.DictReader(stream, restval=_SHORT, strict=True)
                ]
        except (OSError, ValueError, csv.Error) as error:
            message = f"cannot be read as CSV in UTF-8 ({error}); write it again with `resilience run`"
            raise InputError([Finding("error", path.name, None, None, message)]) from error
        tables[path.stem] = rows
    return tables


def _cell(cell: Any) -> Any:
    """A cell of a CSV file; blank is None, and what a short line lacks stays as it is."""
    return (as_written(cell) or None) if isinstance(cell, str) else cell


def _checked(
    rows: Any, table: Table, file: str, first: int, again: str, *, older: bool
) -> tuple[pd.DataFrame, list[Finding]]:
    """A table by its schema, and what does not fit; ``first`` is the number of its first row in the file.

    ``again`` is the command that writes it. If the file may be ``older`` than this version, a column that no row
    has, and that is no key, is unknown.
    """
    empty = typed(pd.DataFrame(columns=list(table.names), dtype=object), table)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return empty, [Finding("error", file, None, table.name, "this is no list of records")]
    names = {str(name) for row in rows for name in row}
    absent = {name for name in set(table.names) - names - set(table.keys) if rows and older}
    findings = []
    for name in sorted({str(name) for row in rows for name in row.keys() ^ (set(table.names) - absent)}):
        what = "lacks this column in some rows: the file is damaged"
        if name not in names:
            what = "lacks this column: an earlier version wrote it"
        elif name not in table.names:
            what = "has this column, which is not known here: another version wrote it"
        message = f"the table {table.name} {what}; write the result again with `{again}`"
        findings.append(Finding("error", file, None, name, message))
    if findings:
        return empty, findings
    columns: dict[str, list[Any]] = {}
    for column in table.columns:
        read = _number if column.kind in NUMBERS else _text
        columns[column.name] = cells = []
        for place, row in enumerate(rows):
            try:
                cells.append(read(None if column.name in absent else row[column.name]))
            except (TypeError, ValueError):
                kind = "number" if column.kind in NUMBERS else "text"
                message = f"table {table.name}: {str(row[column.name])[:80]!r} is no {kind}; write it again"
                findings.append(Finding("error", file, first + place, column.name, message))
                if len(findings) == MOST_FINDINGS:
                    return empty, findings
    return (empty if findings else typed(pd.DataFrame(columns, dtype=object), table)), findings


def _number(cell: Any) -> float:
    if cell is None:
        return math.nan
    if isinstance(cell, bool) or not isinstance(cell, (int, float, str)):
        raise TypeError
    number = float(cell)
    if math.isnan(number):
        raise ValueError
    return number


def _text(cell: Any) -> str | None:
    if cell is not None and not isinstance(cell, str):
        raise TypeError
    return cell


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): _plain(value) for key, value in record.items()} for record in frame.to_dict("records")]


def _plain(value: Any) -> Any:
    """The value as JSON knows it: NaN and missing become null, infinities words."""
    if isinstance(value, Mapping):
        return {str(key): _plain(below) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(below) for below in value]
    if isinstance(value, (str, bool, int)) or value is None:
        return value
    if pd.isna(value):
        return None
    number = float(value)
    if math.isinf(number):
        return "inf" if number > 0 else "-inf"
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
