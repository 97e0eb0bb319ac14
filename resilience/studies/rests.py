"""What each headline number rests on: every assumption of a good at a low and a high end, the rest as written.

A small tornado for the planned reading of all members under all cutoffs. Ends come from ``[study.factors]`` of
the case where a factor changes the assumption of the good, else from :mod:`resilience.inputs.ranges`. Each end is
solved as a study solves a point, so that it equals a run of the case with that number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pyomo.environ as pyo

from resilience.errors import Finding, InputError, SolverError
from resilience.families import all_figures, couple_family, figures, model_data
from resilience.inputs.balance import GoodData, Trade
from resilience.inputs.case import Case
from resilience.inputs.casefile import Setting
from resilience.inputs.factor_words import label, unit, value_text
from resilience.inputs.parameters import PARAMETERS, Surge
from resilience.inputs.ranges import DEFAULT_RANGES, FRACTION, FRACTION_LABEL, Range, range_label
from resilience.inputs.variants import is_plain, vary
from resilience.program import Program, compile_model
from resilience.reading.reduced import planned_all, reducible
from resilience.reading.requirements import PLANNED, Wanted
from resilience.schema import ALL, RESULTS
from resilience.solver import Warm
from resilience.studies.designs import Factor, decode
from resilience.studies.points import Chunk, Common, Evaluate, Templates, _name
from resilience.studies.study_file import study_in
from resilience.templates import Structure, structure_of

SMALLEST = 0.0005  # of share; what moves it less is left out
DEFAULT, OF_STUDY = "default range", "the case's [study.factors]"


@dataclass(frozen=True)
class End:
    """One end of an assumption: the changed names of the case, and the value of one good in words of the case."""

    values: Mapping[str, Any]
    how: Mapping[str, str]
    shown: Any


@dataclass(frozen=True)
class Assumption:
    """What is moved for one good: a name of the case, its label and its unit, and both ends.

    An end is None where the case is as written.
    """

    parameter: str
    label: str
    unit: str
    written: Any
    low: End | None
    high: End | None
    range: str


def rests_on(
    case: Case, goods: Mapping[str, GoodData], rows: pd.DataFrame, trades: Mapping[str, Trade | None] | None = None
) -> tuple[pd.DataFrame, list[Finding]]:
    """The table ``rests_on`` of goods that hang together, and what could not be solved.

    ``rows`` is the table requirements of the case as written, ``goods`` and ``trades`` are the figures behind it.
    """
    asked = rows[
        (rows["member"] == ALL)
        & (rows["cutoff"] == ALL)
        & (rows["reading"] == PLANNED)
        & (rows["status"] != "unknown")
    ]
    solved = _Family(case, goods, dict(trades or {}))
    found: list[dict[str, Any]] = []
    for base in asked.to_dict("records"):
        moved = []
        for assumption in solved.assumptions(str(base["good"])):
            low, high = (solved.at(end, base) for end in (assumption.low, assumption.high))
            if low is not None and high is not None:
                moved.append(_row(base, assumption, low, high))
        moved = [row for row in moved if _moves(row, base)]
        found += sorted(moved, key=lambda row: -_width(row))
    return pd.DataFrame(found, columns=list(RESULTS["rests_on"].names)), solved.findings


def _row(
    base: Mapping[str, Any], assumption: Assumption, low: Mapping[str, Any], high: Mapping[str, Any]
) -> dict[str, Any]:
    shares = [float(row["share"]) for row in (low, base, high)]
    ends = [assumption.written if end is None else end.shown for end in (assumption.low, assumption.high)]
    return {
        **{name: base[name] for name in ("good", "member", "cutoff", "reading")},
        "parameter": assumption.parameter,
        "label": assumption.label,
        "low": ends[0],
        "written": assumption.written,
        "high": ends[1],
        "unit": assumption.unit,
        "range": assumption.range,
        "share_low": shares[0],
        "share": shares[1],
        "share_high": shares[2],
        "status_low": low["status"],
        "status": base["status"],
        "status_high": high["status"],
        "swing": max(shares) - min(shares) if not any(map(math.isnan, shares)) else math.nan,
    }


def _moves(row: Mapping[str, Any], base: Mapping[str, Any]) -> bool:
    if {row["status_low"], row["status_high"]} != {base["status"]}:
        return True
    return bool(row["swing"] > SMALLEST)


def _width(row: Mapping[str, Any]) -> float:
    """The swing, with no share suffices beyond every share."""
    ends = [(row["share_low"], row["status_low"]), (row["share"], row["status"])]
    reach = [
        2.0 if status == "none" else share for share, status in (*ends, (row["share_high"], row["status_high"]))
    ]
    return float(max(reach) - min(reach))


class _Kept(Templates):
    """One template for each good and each chain; what does not fit it is compiled, for it hardly comes again."""

    def __init__(self, common: Common) -> None:
        super().__init__(common)
        self.kept: dict[tuple[Any, str], Structure] = {}

    def program(self, build: Callable[[Any], pyo.ConcreteModel], data: Any) -> Program:
        """As :meth:`Compiler.program`."""
        now = structure_of(data)
        if self.kept.setdefault((build, _name(data)), now) == now:
            return super().program(build, data)
        return compile_model(build(data))


class _Family:
    """Goods that hang together, at ends of their assumptions."""

    def __init__(self, case: Case, goods: Mapping[str, GoodData], trades: dict[str, Trade | None]):
        self.case = case
        self.goods = dict(goods)
        self.trades = {name: trades[name] for name in goods if name in trades}
        self.chunk = Chunk(Evaluate(case, {}, Wanted(readings=(PLANNED,))))
        self.chunk.compilers[tuple(goods)] = _Kept(self.chunk.asked.common)
        self.joint = any(len(coupled.whole) > 1 for coupled in couple_family(case, goods))
        self.findings: list[Finding] = []
        self.warm = Warm()
        self.known: dict[str, dict[str, Mapping[str, Any]]] = {}
        study, problems = study_in(case)
        self.factors = study.factors if study is not None else ()
        self.findings += [replace(finding, severity="warning") for finding in problems]

    # Which ends.

    def assumptions(self, good: str) -> Iterator[Assumption]:
        """What is moved for a good: factors of the case's study, then default ranges of what they do not touch."""
        touched: set[str] = set()
        for factor in self.factors:
            found, names = self._of_factor(good, factor)
            touched |= names
            if found is not None:
                yield found
        for one in DEFAULT_RANGES:
            if one.parameter not in touched and (one.joint or not self.joint):
                found = self._of_range(good, one)
                if found is not None:
                    yield found

    def _of_range(self, good: str, one: Range) -> Assumption | None:
        """A default range; None where both ends are the case as written."""
        ends = [self._end(good, one, number) for number in (one.low, one.high)]
        if ends == [None, None]:
            return None
        if one.parameter == FRACTION:
            fractions = [cutoff.fraction for cutoff in self.case.cutoffs(good)]
            written: Any = _text(fractions[0]) if len(set(fractions)) == 1 else "as written"
            return Assumption(FRACTION, FRACTION_LABEL, "share", written, ends[0], ends[1], DEFAULT)
        parameter = PARAMETERS[one.parameter]
        name = f"{parameter.section}.{one.parameter}"
        written = _shown(self._settings(self.case, good)[one.parameter].value)
        measured = "share" if parameter.kind == "surge" else parameter.unit
        return Assumption(name, range_label(one), measured, written, ends[0], ends[1], DEFAULT)

    def _end(self, good: str, one: Range, number: float) -> End | None:
        """The end of a default range for all goods of the family; None if that is as written."""
        if one.parameter == FRACTION:
            return self._end_of_fraction(good, number)
        values: dict[str, Any] = {}
        shown: Any = None
        for name in self.goods:
            now = self._settings(self.case, name)[one.parameter].value
            then = _moved(one, now, number)
            if then != now:
                values[f"goods_override.{name}.{one.parameter}"] = _as_written(then)
            if name == good:
                shown = _shown(then)
        return End(values, {}, shown) if values else None

    def _end_of_fraction(self, good: str, number: float) -> End | None:
        if number == 1:
            return None
        values: dict[str, Any] = {}
        for item, cutoff in zip(self.case.file.raw["cutoffs"], self.case.file.cutoffs, strict=True):
            if "." in cutoff.name:  # a dotted name cannot hold it
                return None
            given = item.get("fraction", 1.0)
            if isinstance(given, Mapping):
                then: Any = {key: value * number for key, value in ({"default": 1.0} | dict(given)).items()}
            else:
                then = given * number
            values[f"cutoffs.{cutoff.name}.fraction"] = then
        fractions = [cutoff.fraction for cutoff in self.case.cutoffs(good)]
        shown = _text(fractions[0] * number) if len(set(fractions)) == 1 else f"times {number:g}"
        return End(values, {}, shown)

    def _of_factor(self, good: str, factor: Factor) -> tuple[Assumption | None, set[str]]:
        """A factor of the case's study for one good, and which default ranges it replaces there."""
        if factor.name in ("goods", "year"):
            return None, set()
        ends = [decode(factor.name, cell) for cell in factor.ends()]
        try:
            cases = [vary(self.case, {factor.name: end}, {factor.name: factor.how}) for end in ends]
        except InputError as error:
            self._note(error, good, label(factor.name))
            return None, set()
        now = self._settings(self.case, good)
        touched = {
            name
            for name in PARAMETERS
            for case in cases
            if self._settings(case, good)[name].value != now[name].value
        }
        shown: list[Any] = [value_text(factor.name, end, factor.how) for end in ends]
        written: Any = "as written"
        measured = ""
        if len(touched) == 1:
            name = next(iter(touched))
            if PARAMETERS[name].kind in ("number", "months"):
                shown = [_shown(self._settings(case, good)[name].value) for case in cases]
                written, measured = _shown(now[name].value), PARAMETERS[name].unit
        elif factor.name.startswith("cutoffs.") and factor.how == "set" and not factor.values:
            shown, measured = [_text(float(end)) for end in ends], unit(factor.name)
        if ".fraction" in factor.name and factor.name.startswith("cutoffs."):
            touched.add(FRACTION)
        low, high = (
            End({factor.name: end}, {factor.name: factor.how}, text) for end, text in zip(ends, shown, strict=True)
        )
        return Assumption(factor.name, label(factor.name), measured, written, low, high, OF_STUDY), touched

    # What comes out there.

    def at(self, end: End | None, base: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The planned row of a good at an end; the base row if nothing moves, None if it cannot be solved."""
        if end is None:
            return base
        key = repr((sorted(end.values.items(), key=lambda item: item[0]), sorted(end.how.items())))
        if key not in self.known:
            self.known[key] = self._solve(end, base)
        return self.known[key].get(str(base["good"]))

    def _solve(self, end: End, base: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        try:
            case = vary(self.case, end.values, end.how)
            plain = all(map(is_plain, end.values))
            rows = self._rows(case, base) if plain else _elsewhere(case, list(self.goods))
        except (InputError, SolverError) as error:
            self._note(error, str(base["good"]), ", ".join(end.values))
            return {}
        return {row["good"]: row for row in rows}

    def _figures(self, case: Case) -> dict[str, GoodData]:
        found: dict[str, GoodData | None] = {}
        for good in self.goods:
            found[good] = figures(case, good, found, self.trades)
        return {good: data for good, data in found.items() if data is not None}

    def _rows(self, case: Case, base: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The planned rows of the family in a case with other numbers."""
        goods = self._figures(case)
        if len(goods) == 1:
            ((good, data),) = goods.items()
            model = model_data(case, data, goods, pooled=bool(data.settings["solidarity"].value))
            if reducible(model):
                return [{**base, "good": good, **planned_all(model, float(base["share_today"]), self.warm)}]
        return [*self.chunk.family(case, goods)]

    def _settings(self, case: Case, good: str) -> Mapping[str, Setting]:
        return case.file.settings(good, case.category(good))

    def _note(self, error: InputError | SolverError, good: str, what: str) -> None:
        why = str(error)
        if isinstance(error, InputError):
            why = "; ".join(str(finding) for finding in error.findings if finding.severity == "error")
        text = f"{good}: what it rests on leaves out {what}, which could not be solved: {why}"
        self.findings.append(Finding("warning", "rests_on", None, "parameter", text))


def _elsewhere(case: Case, goods: Sequence[str]) -> list[dict[str, Any]]:
    """The planned rows of some goods of a case with other members, region or cutoffs."""
    chunk = Chunk(Evaluate(case, {}, Wanted(readings=(PLANNED,))))
    everything = all_figures(case)
    rows: list[dict[str, Any]] = []
    for family in case.families:
        if set(family) & set(goods):
            known = {name: data for name in family if (data := everything[name]) is not None}
            rows += chunk.family(case, known)
    return rows


def _moved(one: Range, now: Any, number: float) -> Any:
    """A setting at an end of a range."""
    if isinstance(now, Surge):
        return Surge(now.delay, now.rate * number, now.max * number)
    parameter = PARAMETERS[one.parameter]
    if one.how == "to":
        return min(now, number) if number == one.low else max(now, number)
    then = now + number if one.how == "plus" else now * number
    if math.isnan(then):
        return now
    then = min(max(then, parameter.least), parameter.most)
    return round(then) if parameter.kind == "months" else float(f"{then:.12g}")


def _as_written(value: Any) -> Any:
    if isinstance(value, Surge):
        return {"delay": value.delay, "rate": value.rate, "max": value.max}
    return value


def _shown(value: Any) -> str:
    if isinstance(value, Surge):
        return _text(value.max)
    return _text(value)


def _text(value: float) -> str:
    return f"{float(value):.10g}" if math.isfinite(value) else "no limit"
