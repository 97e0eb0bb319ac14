"""The sheet Balances of a filled form against the data set: what it changes, with unit, status and source."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from resilience.errors import Finding
from resilience.inputs.balance import year_of
from resilience.inputs.cells import SheetTable, Unreadable, as_text, text_of
from resilience.inputs.dataset import Dataset, convert
from resilience.inputs.form import UNIT, same, scale_doubt, unit_problem
from resilience.inputs.suggestions import nearest
from resilience.schema import FIGURES, FORM, STATUSES

Row = dict[str, Any]


class Figures:
    """The rows of the sheet Balances against those of the data set."""

    def __init__(self, table: SheetTable, data: Dataset, year: int | None):
        self.table = table
        self.data = data
        self.year = year
        self.findings: list[Finding] = []
        self.taken = 0
        self._units = dict(zip(data.goods["good"], data.goods["unit"], strict=True))
        self._known = {"country": set(data.countries["country"]), "good": set(data.goods["good"])}

    def _say(self, row: int, column: str, message: str, severity: str = "error") -> None:
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
                    self._say(row, name, message)
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
                self._say(
                    row, "Country", f"{key[1]}, {key[2]} stands already in row {seen[key]}; keep one of them"
                )
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
            self._say(int(row), column.name, str(reason))
            wrong.add(int(row))
            return ""
        if note is not None:
            self._say(int(row), column.name, note, "info")
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
        problem = unit_problem(cells[UNIT], str(self._units[good]), good)
        if problem is not None:
            self._say(row, UNIT, problem)
        status, source = (self._given(row, cells, column) for column in ("New status", "New source"))
        if not differ:
            if status or source:
                text = f"no figure of {good}, {country} differs from the data set, so its status and source stand"
                self._say(row, "New status" if status else "New source", text, "warning")
            return None
        used = year if self.year is None else year_of(good, self.data, self.year)
        if used is None or used != year:
            text = "there are no data of this good" if used is None else f"figures of {used} are used in this case"
            self._say(row, "Year", f"{text}; a balance of {good} of {year:g} would change nothing")
            return None
        entered = [name for name in differ if not np.isnan(new[name])]
        lacking = (
            [] if not entered else [c for c, text in (("New status", status), ("New source", source)) if not text]
        )
        for column in lacking:
            word = "status of" if column == "New status" else "source of"
            what = ", ".join(f"{name} {amount(new[name])}" for name in entered)
            choose = f" ({', '.join(STATUSES)})" if column == "New status" else ""
            text = f"give the {word} the new figure{choose}: {good}, {country}, {what}; the data set has "
            self._say(row, column, text + ", ".join(amount(old[name]) for name in entered))
        if status and status not in STATUSES:
            self._say(row, "New status", f'"{status}" is not allowed{nearest(status, STATUSES)}')
            return None
        if lacking or problem is not None:
            return None
        self.taken += len(differ)
        for name in differ:
            said = f"; {status}: {source}" if name in entered else ""
            text = (
                f"{name} of {good}, {country} in {year:g} is {amount(new[name])} in place of {amount(old[name])}"
            )
            self._say(row, name.capitalize(), text + said, "info")
            doubt = scale_doubt(new[name], old[name], str(self._units[good]), "the data")
            if doubt is not None:
                self._say(row, name.capitalize(), doubt, "warning")
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
            self._say(row, column, str(reason))
            return ""


def _equal(one: float, other: float) -> bool:
    return (np.isnan(one) and np.isnan(other)) or same(one, other)


def amount(number: float) -> str:
    """A figure in words."""
    return "unknown" if np.isnan(number) else f"{number:.12g}"
