"""Small cases for tests: a data set in a few lines, written to a temporary folder and read like any other."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

import resilience
import resilience.solver as solver

settings.register_profile(
    "resilience",
    deadline=None,
    max_examples=25,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("resilience")

ROOT = Path(__file__).parent.parent
GOODS = "good,label,category,unit,hs,flow_measure,notes\n"
FLOWS = "year,good,exporter,importer,quantity,value_usd,status,source\n"
RECIPES = "good,input,input_per_unit,unit,loss,essential,value_share,status,source,note\n"
BALANCES = "year,good,country,production,demand,stock,capacity,status,source\n"


def toml(value: Any) -> str:
    """A value as TOML; tables inline."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(below)}" for key, below in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml(below) for below in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "inf" if value == float("inf") else repr(value)
    return json.dumps(value, ensure_ascii=False)


def write_dataset(
    folder: Path,
    flows: Sequence[tuple[Any, ...]] = (),
    balances: Sequence[Mapping[str, Any]] = (),
    *,
    goods: Sequence[tuple[str, str]] = (("wheat", "food"),),
    coalitions: Sequence[tuple[str, str, Any]] = (),
    countries: Sequence[str] = (),
    unit: str = "t",
    recipes: Sequence[Mapping[str, Any]] = (),
) -> Path:
    """Write a data set. A flow is (exporter, importer, quantity[, good[, value_usd]]), a balance a mapping with
    ``country`` and what is known; the year is 2024. A recipe is a mapping with good and input; ``input_per_unit``
    is 1 and ``essential`` true unless given."""
    folder.mkdir(parents=True, exist_ok=True)
    measure = "value" if unit == "kUSD" else "quantity"
    (folder / "goods.csv").write_text(
        GOODS + "".join(f"{g},{g.title()},{kind},{unit},,{measure},\n" for g, kind in goods), encoding="utf-8"
    )
    first = goods[0][0]
    lines = []
    seen = set(countries) | {country for _, country, _ in coalitions}
    for flow in flows:
        exporter, importer, quantity = flow[:3]
        good = flow[3] if len(flow) > 3 else first
        value = flow[4] if len(flow) > 4 else ""
        seen |= {exporter, importer}
        lines.append(f"2024,{good},{exporter},{importer},{quantity!r},{value},observed,made up\n")
    (folder / "flows.csv").write_text(FLOWS + "".join(lines), encoding="utf-8")
    lines = []
    for row in balances:
        cells = [row.get(name, "") for name in ("production", "demand", "stock", "capacity")]
        seen.add(row["country"])
        year, good = row.get("year", 2024), row.get("good", first)
        lines.append(f"{year},{good},{row['country']},{','.join(str(cell) for cell in cells)},observed,made up\n")
    (folder / "balances.csv").write_text(BALANCES + "".join(lines), encoding="utf-8")
    if recipes:
        lines = [
            f"{row['good']},{row['input']},{row.get('input_per_unit', 1)},{row.get('unit', '')},{row.get('loss', '')},"
            f"{str(row.get('essential', True)).lower()},{row.get('value_share', '')},assumed,made up,\n"
            for row in recipes
        ]
        (folder / "recipes.csv").write_text(RECIPES + "".join(lines), encoding="utf-8")
    (folder / "countries.csv").write_text(
        "country,name,gdp_usd,population\n" + "".join(f"{code},Land {code},,\n" for code in sorted(seen)),
        encoding="utf-8",
    )
    (folder / "coalitions.csv").write_text(
        "coalition,country,credit\n" + "".join(f"{a},{b},{c}\n" for a, b, c in coalitions), encoding="utf-8"
    )
    return folder


def write_case(path: Path, **keys: Any) -> Path:
    """Write a case file next to its data set in ``data``; nested tables are given as mappings.

    What numbers rest on is left out unless a test asks for it, for the time it takes.
    """
    document = {"dataset": "data", "year": 2024, "rests": False} | keys
    text = "".join(f"{key} = {toml(value)}\n" for key, value in document.items() if key != "cutoffs")
    for cutoff in document.get("cutoffs", ()):
        text += "\n[[cutoffs]]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in cutoff.items())
    path.write_text(text, encoding="utf-8")
    return path


Maker = Callable[..., resilience.Case]


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    """``make(flows, balances, members=…, cut=…, …)`` → loaded case; members are the region unless given."""
    count = 0

    def build(
        flows: Sequence[tuple[Any, ...]],
        balances: Sequence[Mapping[str, Any]],
        *,
        members: Sequence[str] = ("AAA",),
        region: Any = None,
        cutoffs: Sequence[Mapping[str, Any]] | None = None,
        cut: Sequence[str] = (),
        survival: Mapping[str, Any] | None = None,
        response: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        **keys: Any,
    ) -> resilience.Case:
        nonlocal count
        count += 1
        folder = tmp_path / f"case{count}"
        write_dataset(folder / "data", flows, balances, **(data or {}))
        write_case(
            folder / "case.toml",
            members=list(members),
            region=list(members) if region is None else region,
            survival=survival or {},
            response=response or {},
            cutoffs=[{"name": "cut", "cut": list(cut)}] if cutoffs is None else list(cutoffs),
            **keys,
        )
        return resilience.load(folder / "case.toml")

    return build


def row(
    result: resilience.Result,
    member: str = "ALL",
    cutoff: str = "ALL",
    good: str = "wheat",
    reading: str = "planned",
) -> Any:
    """One row of the table requirements."""
    table = result.requirements
    found = table[(table["good"] == good) & (table["member"] == member) & (table["cutoff"] == cutoff)]
    found = found[found["reading"] == reading]
    assert len(found) == 1, f"{len(found)} rows for {good}, {member}, {cutoff}"
    return found.iloc[0]


@pytest.fixture
def solver_runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by one with each run of the solver that starts from the last one's basis."""
    runs: list[str] = []
    run = solver._run_warm

    def counted(*arguments: Any) -> Any:
        runs.append("run")
        return run(*arguments)

    monkeypatch.setattr(solver, "_run_warm", counted)
    return runs
