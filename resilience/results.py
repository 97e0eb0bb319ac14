"""What a solve gives: one DataFrame a table, and the ways out to JSON, CSV and Excel."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from resilience.errors import Finding
from resilience.schema import ENTREPOT_EXPORTS, RESULTS


@dataclass(frozen=True)
class Result:
    """The tables of :data:`resilience.schema.RESULTS` and the meta data of the run."""

    meta: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name in RESULTS and "tables" in self.__dict__:
            return self.tables[name]
        raise AttributeError(f"a result has no {name!r}; its tables are {', '.join(RESULTS)}")

    def home_unknown(self) -> frozenset[tuple[str, str]]:
        """(good, member) of those whose home production is unknown though they export much of what they import;
        their share of imports says little."""
        rows = self.tables["balance"]
        much = rows["exports"] > ENTREPOT_EXPORTS * rows["imports"]
        much &= (rows["scope"] == "imports") & (rows["imports"] > 0)
        return frozenset(zip(rows["good"][much], rows["member"][much], strict=True))

    def to_json(self, path: str | Path) -> None:
        """Write ``{"meta": …, "tables": {name: [record, …]}}``; unknown is null."""
        tables = {name: _records(frame) for name, frame in self.tables.items()}
        text = json.dumps(
            {"meta": _plain(self.meta), "tables": tables}, ensure_ascii=False, indent=1, allow_nan=False
        )
        _parent(path).write_text(text + "\n", encoding="utf-8")

    def to_csv(self, folder: str | Path) -> None:
        """Write one CSV file a table and meta.json into a folder; other files in it are left alone."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name, frame in self.tables.items():
            frame.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n", encoding="utf-8")
        text = json.dumps(_plain(self.meta), ensure_ascii=False, indent=1)
        (folder / "meta.json").write_text(text + "\n", encoding="utf-8")

    def to_excel(self, path: str | Path) -> None:
        """Write the workbook."""
        from resilience.workbook import write_workbook  # Excel is only needed when asked for

        write_workbook(self, _parent(path))

    def write(self, path: str | Path) -> None:
        """Write to ``path``: .xlsx a workbook, .json, or a folder of CSV."""
        suffix = Path(path).suffix.lower()
        if suffix == ".xlsx":
            self.to_excel(path)
        elif suffix == ".json":
            self.to_json(path)
        else:
            self.to_csv(path)


def findings_table(findings: Iterable[Finding]) -> pd.DataFrame:
    """The table ``findings``, worst first, each once."""
    order = {"error": 0, "warning": 1, "info": 2}
    unique = sorted(dict.fromkeys(findings), key=lambda finding: order[finding.severity])
    names = RESULTS["findings"].names
    return pd.DataFrame([[getattr(item, name) for name in names] for item in unique], columns=list(names))


def _parent(path: str | Path) -> Path:
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


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
