"""What a parameter study varies and at which points: the table ``[study]`` of a case file or of a file of its own.

A *factor* is one name of the case as ``--set`` takes it, or one of the lists cutoffs, region, members and goods,
with a range and a distribution or a list of alternatives. A *design* turns the factors into points. Every design
also holds the case as written and both ends of each factor, the others as written.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from resilience.errors import Finding, InputError
from resilience.inputs.case import Case, load, with_form
from resilience.inputs.casefile import (
    CUTOFF_KEYS,
    PARAMETERS,
    SECTIONS,
    Parameter,
    _read_toml,
    cutoff_names,
    nearest,
    path_of,
)
from resilience.schema import ALL, CATEGORIES
from resilience.schema import READINGS as READING_WORDS

READINGS = tuple(READING_WORDS)

DESIGNS: dict[str, int] = {  # and the number of points if none is given
    "grid": 0,
    "one_at_a_time": 9,
    "latin_hypercube": 256,
    "sobol": 64,
    "morris": 20,
}
DISTRIBUTIONS = ("uniform", "loguniform", "triangular", "normal")
HOW = ("set", "times", "plus")
LEVELS = 5  # of a factor in a grid, if none are given
MORRIS_LEVELS = 4
MOST_POINTS = 1_000_000
LISTS = ("cutoffs", "region", "members", "goods")
STUDY_KEYS = (
    "design",
    "points",
    "seed",
    "goods",
    "readings",
    "members",
    "cutoffs",
    "target",
    "factors",
)
FILE_KEYS = ("case", "title", "description", "study")
FACTOR_KEYS = (*HOW, "low", "high", "mode", "mean", "sd", "distribution", "whole", "levels", "values")
CUTOFF_NUMBERS = {
    "fraction": (0.0, 1.0),
    "start": (1, 600),
    "months": (1, 600),
    "any": (1, 999),
    "any_region": (1, 999),
}
SURGE_KEYS = ("delay", "rate", "max")
COLUMNS = ("point", "role", "factor", "order")
DIGITS = 12  # of a value; hides the last digits, in which computers differ, so that ids do not


@dataclass(frozen=True)
class Factor:
    """One thing that a study varies.

    Either ``values``, a list of alternatives, or a range from ``low`` to ``high`` with a distribution: uniform,
    loguniform, triangular (with ``mode``) or normal (``mean`` and ``sd``, cut off at the ends). ``how`` a value
    changes the case: "set" puts it in, "times" multiplies every number now under the name, "plus" adds to it.
    ``levels`` is the number of values in a grid.
    """

    name: str
    low: float = math.nan
    high: float = math.nan
    how: str = "set"
    distribution: str = "uniform"
    mode: float = math.nan
    mean: float = math.nan
    sd: float = math.nan
    whole: bool = False
    levels: int = LEVELS
    values: tuple[Any, ...] = ()

    @property
    def coded(self) -> bool:
        """Whether the points hold this factor as JSON text, as its alternatives are not all numbers."""
        return any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in self.values)

    def cell(self, value: Any) -> Any:
        """A value as the points hold it: a number, or JSON text where alternatives are not numbers."""
        if self.coded:
            return json.dumps(value, ensure_ascii=False, sort_keys=True)
        return float(f"{value:.{DIGITS}g}")

    def at(self, unit: np.ndarray) -> list[Any]:
        """The cells at positions in [0, 1], shape (n,): quantiles of the distribution, or the alternatives."""
        if self.values:
            picked = np.minimum((unit * len(self.values) + 1e-9).astype(int), len(self.values) - 1)
            return [self.cell(self.values[number]) for number in picked]
        return [self.cell(number) for number in np.clip(self._rounded(self._quantiles(unit)), self.low, self.high)]

    def spread(self, count: int) -> list[Any]:
        """Cells at even distances from end to end (in the logarithm for loguniform), without repeats."""
        if self.values:
            return [self.cell(value) for value in self.values]
        if self.distribution == "loguniform":
            numbers = np.geomspace(self.low, self.high, count)
        else:
            numbers = np.linspace(self.low, self.high, count)
        return list(dict.fromkeys(self.cell(n) for n in np.clip(self._rounded(numbers), self.low, self.high)))

    def ends(self) -> tuple[Any, Any]:
        """The cells of the low and the high end; the first and the last alternative."""
        if self.values:
            return self.cell(self.values[0]), self.cell(self.values[-1])
        return self.cell(self.low), self.cell(self.high)

    def _rounded(self, numbers: np.ndarray) -> np.ndarray:
        return np.rint(numbers) if self.whole else numbers

    def _quantiles(self, unit: np.ndarray) -> np.ndarray:
        from scipy import stats  # takes a second to import

        # A half more at each end, so that the first and last whole number weigh as much as the others.
        edge = 0.5 if self.whole else 0.0
        low, high = self.low - edge, self.high + edge
        if self.distribution == "loguniform":
            found = stats.loguniform(low, high)
        elif self.distribution == "triangular":
            found = stats.triang((self.mode - low) / (high - low), low, high - low)
        elif self.distribution == "normal":
            ends = (low - self.mean) / self.sd, (high - self.mean) / self.sd
            found = stats.truncnorm(*ends, loc=self.mean, scale=self.sd)
        else:
            found = stats.uniform(low, high - low)
        return np.asarray(found.ppf(unit), dtype=float)

    def described(self) -> dict[str, Any]:
        """What was asked, without what does not apply, for the manifest and the meta data."""
        if self.values:
            return {"name": self.name, "how": self.how, "values": list(self.values)}
        asked: dict[str, Any] = {
            "name": self.name,
            "how": self.how,
            "low": self.low,
            "high": self.high,
            "distribution": self.distribution,
            "whole": self.whole,
            "levels": self.levels,
        }
        asked |= {key: getattr(self, key) for key in ("mode", "mean", "sd") if not math.isnan(getattr(self, key))}
        return asked


@dataclass(frozen=True)
class StudySpec:
    """A checked study: what varies, by which design, and which rows of the results are kept.

    ``points`` counts by design: steps of each factor (one_at_a_time), points (latin_hypercube), base samples
    (sobol, then ``points`` × (factors + 2) in all), trajectories (morris); a grid goes by the factors' levels.
    ``goods`` empty: the case's. ``members`` and ``cutoffs`` name rows of the requirements; ``target`` is the share
    that break-even and scenario discovery ask about.
    """

    factors: tuple[Factor, ...]
    design: str = "latin_hypercube"
    points: int = DESIGNS["latin_hypercube"]
    seed: int = 1
    goods: tuple[str, ...] = ()
    readings: tuple[str, ...] = READINGS
    members: tuple[str, ...] = (ALL,)
    cutoffs: tuple[str, ...] = (ALL,)
    target: float | None = None

    @property
    def names(self) -> list[str]:
        """The factors' names, the columns of the points."""
        return [factor.name for factor in self.factors]

    @property
    def how(self) -> dict[str, str]:
        """Factor → how a value changes the case."""
        return {factor.name: factor.how for factor in self.factors}

    def described(self) -> dict[str, Any]:
        """The study as plain lists and numbers, for the manifest and the meta data."""
        return {
            "design": self.design,
            "points": self.points,
            "seed": self.seed,
            "goods": list(self.goods),
            "readings": list(self.readings),
            "members": list(self.members),
            "cutoffs": list(self.cutoffs),
            "target": self.target,
            "factors": [factor.described() for factor in self.factors],
        }


def problem(spec: StudySpec) -> dict[str, Any]:
    """The factors as SALib names them, each on [0, 1]."""
    return {"num_vars": len(spec.factors), "names": spec.names, "bounds": [[0.0, 1.0]] * len(spec.factors)}


def unit_sample(spec: StudySpec) -> np.ndarray:
    """Positions in [0, 1] of a sampled design in its order, shape (n, factors); same seed, same sample."""
    count = len(spec.factors)
    if spec.design == "latin_hypercube":
        from scipy.stats import qmc

        return qmc.LatinHypercube(count, rng=np.random.default_rng(spec.seed)).random(spec.points)
    if spec.design == "sobol":
        from SALib.sample import sobol

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # SALib hands its seed to scipy in the old way
            return np.asarray(sobol.sample(problem(spec), spec.points, calc_second_order=False, seed=spec.seed))
    if spec.design == "morris":
        from SALib.sample import morris

        return np.asarray(morris.sample(problem(spec), spec.points, num_levels=MORRIS_LEVELS, seed=spec.seed))
    raise ValueError(f"{spec.design} is not sampled")


def design_points(spec: StudySpec) -> pd.DataFrame:
    """The points of a study.

    Columns: ``point`` (id, a hash of the values: equal values, equal id), ``role`` (base, low, high or sample),
    ``factor`` (whose end a low or high row is), ``order`` (position in the design, −1 outside of it), then one
    column a factor. NaN or None means "as the case says". Sampled designs keep their repeats, which the
    analysis of Sobol and Morris designs needs.
    """
    nothing = dict.fromkeys(spec.names)
    rows: list[dict[str, Any]] = [{"role": "base", "factor": None, "order": -1, **nothing}]
    for factor in spec.factors:
        for role, cell in zip(("low", "high"), factor.ends(), strict=True):
            rows.append({"role": role, "factor": factor.name, "order": -1, **nothing, factor.name: cell})
    for order, values in enumerate(_samples(spec)):
        rows.append({"role": "sample", "factor": None, "order": order, **nothing, **values})
    frame = pd.DataFrame(rows)
    for factor in spec.factors:
        frame[factor.name] = frame[factor.name].astype("str" if factor.coded else float)
    frame["factor"] = frame["factor"].astype("str")
    frame.insert(0, "point", _ids(frame, spec))
    return frame[[*COLUMNS, *spec.names]]


def count_samples(spec: StudySpec) -> int:
    """The number of rows that the design will have, without the base point and the ends."""
    many = len(spec.factors)
    if spec.design == "grid":
        return math.prod(len(factor.spread(factor.levels)) for factor in spec.factors)
    if spec.design == "one_at_a_time":
        return sum(len(factor.spread(spec.points)) for factor in spec.factors)
    return spec.points * {"sobol": many + 2, "morris": many + 1}.get(spec.design, 1)


def _samples(spec: StudySpec) -> Iterable[dict[str, Any]]:
    if spec.design == "grid":
        cells = [factor.spread(factor.levels) for factor in spec.factors]
        return (dict(zip(spec.names, row, strict=True)) for row in itertools.product(*cells))
    if spec.design == "one_at_a_time":
        return ({factor.name: cell} for factor in spec.factors for cell in factor.spread(spec.points))
    unit = unit_sample(spec)
    columns = [factor.at(unit[:, number]) for number, factor in enumerate(spec.factors)]
    return (dict(zip(spec.names, row, strict=True)) for row in zip(*columns, strict=True))


def _ids(frame: pd.DataFrame, spec: StudySpec) -> list[str]:
    labels = {
        factor.name: factor.name + ("" if factor.how == "set" else f" {factor.how}") for factor in spec.factors
    }
    columns = {labels[name]: frame[name].tolist() for name in sorted(spec.names)}
    return [
        point_id({name: value for name, value in zip(columns, row, strict=True) if not _as_written(value)})
        for row in zip(*columns.values(), strict=True)
    ]


def point_id(cells: Mapping[str, Any]) -> str:
    """The id of a point, 16 hexadecimal digits, from its cells; the order of the names does not matter."""
    text = json.dumps(sorted(cells.items()), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _as_written(cell: Any) -> bool:
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def decode(name: str, cell: Any) -> Any:
    """What a cell of the points means for the case; None is "as written". Counts of months become integers."""
    if _as_written(cell):
        return None
    if isinstance(cell, str):
        return json.loads(cell)
    number = float(cell)
    return int(number) if number.is_integer() and whole_name(name) else number


def values_of(points: pd.DataFrame, names: Iterable[str]) -> list[dict[str, Any]]:
    """For every row of the points what it changes: factor → value, lists first, without what stays as written."""
    names = sorted(names, key=lambda name: name not in LISTS)
    if not names:
        return [{} for _ in range(len(points))]
    rows = zip(*(points[name].tolist() for name in names), strict=True)
    return [
        {name: value for name, cell in zip(names, row, strict=True) if (value := decode(name, cell)) is not None}
        for row in rows
    ]


def whole_name(name: str) -> bool:
    """Whether the case takes only whole numbers under a name: counts of months, stages and suppliers."""
    parts = name.split(".")
    if parts[0] == "cutoffs":
        return len(parts) > 2 and parts[-1] in ("start", "months", "any", "any_region")
    known = [PARAMETERS[part] for part in parts[1:] if part in PARAMETERS]
    return parts[0] == "year" or any(parameter.kind == "months" for parameter in known[:1])


def number_in(raw: Mapping[str, Any], name: str) -> Any:
    """What the document of the case holds under a dotted name; None if nothing."""
    found: Any = raw
    for part in path_of(raw, name):
        if isinstance(found, list):
            found = dict(zip(cutoff_names(found), found, strict=True)).get(part)
        elif isinstance(found, Mapping):
            found = found.get(part)
        else:
            return None
    return found


# Reading and checking.


def read_study(
    path: str | Path,
    *,
    overrides: Sequence[str] = (),
    goods: Sequence[str] = (),
    points: int | None = None,
    seed: int | None = None,
    members: Sequence[str] = (),
    year: int | None = None,
    inputs: str | Path | None = None,
) -> tuple[Case, StudySpec]:
    """The case and the study of a case file with ``[study]``, or of a study file that names its ``case``.

    ``overrides``, ``members``, ``year`` and ``inputs`` change the case as in :func:`resilience.load`; ``goods``,
    ``points`` and ``seed`` replace those of the study. Raises :class:`~resilience.errors.InputError` with every
    finding.
    """
    first, (path, form) = path, with_form(path, inputs)
    if form is not None and inputs is None:
        inputs = first
    raw = _read_toml(path)
    checker = _Checker(path.name)
    case_path: Path | None = path
    if "case" in raw:
        case_path = checker.case_of(path, raw)
    table = raw.get("study")
    if table is None:
        checker.say(
            "study",
            'there is no [study] in the file; add for example [study] with design = "sobol" and [study.factors] '
            'with "survival.months" = [6, 24]',
        )
    elif not isinstance(table, Mapping):
        checker.say("study", "must be a table, [study]")
    if not isinstance(table, Mapping):
        raise InputError(checker.findings)  # all else would be about what is not there
    table = dict(table)
    for key, given in (("goods", list(goods) or None), ("points", points), ("seed", seed)):
        if given is not None:
            table[key] = given
    spec = checker.spec(table)
    case = None
    if case_path is not None:
        try:
            options: dict[str, Any] = {"members": members, "year": year, "inputs": inputs}
            case = load(case_path, overrides=overrides, goods=spec.goods, **options)
        except InputError as error:
            checker.findings += error.findings
        else:
            checker.against(spec, case)
            case = _titled(case, raw) if "case" in raw else case
    if any(finding.severity == "error" for finding in checker.findings) or case is None:
        raise InputError(dict.fromkeys(checker.findings))
    return case, spec


def _titled(case: Case, raw: Mapping[str, Any]) -> Case:
    """The case under the title and description of a study file, where it has its own; they change no number."""
    title, description = (str(raw.get(key, getattr(case.file, key))).strip() for key in ("title", "description"))
    return replace(case, file=replace(case.file, title=title, description=description))


def study_in(case: Case) -> tuple[StudySpec | None, list[Finding]]:
    """The study of a case's own ``[study]``, None without factors or if something does not fit; what does not."""
    table = case.file.raw.get("study")
    if not isinstance(table, Mapping) or not table.get("factors"):
        return None, []
    checker = _Checker(case.file.path.name)
    spec = checker.spec(table)
    if not checker.findings:
        checker.against(spec, case)
    return (None if checker.findings else spec), checker.findings


def check_study(spec: StudySpec, case: Case) -> list[Finding]:
    """What does not fit between a study made in Python and its case."""
    checker = _Checker(case.file.path.name)
    checker.against(spec, case)
    return checker.findings


class _Checker:
    """Walks through ``[study]`` and collects findings."""

    def __init__(self, file: str):
        self.file = file
        self.findings: list[Finding] = []

    def say(self, key: str, message: str) -> None:
        self.findings.append(Finding("error", self.file, None, key, message))

    def case_of(self, path: Path, raw: Mapping[str, Any]) -> Path | None:
        for key in raw:
            if key not in FILE_KEYS:
                self.say(key, f'unknown key "{key}" of a study file{nearest(key, FILE_KEYS)}')
        if not isinstance(raw["case"], str) or not raw["case"]:
            self.say("case", f"{raw['case']!r} is not the name of a case file")
            return None
        return path.parent / raw["case"]

    def spec(self, table: Mapping[str, Any]) -> StudySpec:
        """The study as far as it can be read; findings say what does not fit."""
        for key in table:
            if key not in STUDY_KEYS:
                self.say(f"study.{key}", f'unknown key "{key}"{nearest(key, STUDY_KEYS)}')
        design = table.get("design", "latin_hypercube")
        if design not in DESIGNS:
            self.say("study.design", f"{design!r} is no design{nearest(str(design), DESIGNS)}")
            design = "one_at_a_time"
        points = table.get("points", DESIGNS[design])
        if not _is_whole(points) or (points < 1 and design != "grid"):
            self.say("study.points", f"{points!r} is not a whole number, at least 1")
            points = DESIGNS[design]
        if design == "sobol" and points & (points - 1):
            below = 1 << (points.bit_length() - 1)
            self.say(
                "study.points",
                f"a Sobol design takes a power of two; {points} lies between {below} and {2 * below}",
            )
        if design == "one_at_a_time" and points < 2:
            self.say("study.points", "one_at_a_time takes at least 2 steps a factor")
        seed = table.get("seed", 1)
        if not _is_whole(seed) or seed < 0:
            self.say("study.seed", f"{seed!r} is not a whole number, at least 0")
            seed = 1
        target = table.get("target")
        if target is not None and (not _is_number(target) or not 0 <= target <= 1):
            self.say("study.target", f"{target!r} is not a share between 0 and 1")
            target = None
        lists = {
            key: self.names(key, table[key]) for key in ("goods", "readings", "members", "cutoffs") if key in table
        }
        for reading in lists.get("readings", ()):
            if reading not in READINGS:
                self.say("study.readings", f'"{reading}" is no reading{nearest(reading, READINGS)}')
        factors = table.get("factors")
        if not isinstance(factors, Mapping) or not factors:
            message = 'say what varies under [study.factors], for example "survival.months" = [6, 24]'
            self.say("study.factors", message)
            factors = {}
        read = [factor for name, asked in _flat(factors) if (factor := self.factor(name, asked))]
        spec = StudySpec(
            tuple(read), design, points, seed, target=None if target is None else float(target), **lists
        )
        if read and not self.findings and count_samples(spec) > MOST_POINTS:
            self.say(
                "study.points",
                f"that would be {count_samples(spec):,} points; at most {MOST_POINTS:,} are possible: take "
                "fewer points, levels or factors",
            )
        return spec

    def names(self, key: str, value: Any) -> tuple[str, ...]:
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not listed or not all(isinstance(n, str) and n for n in listed):
            self.say(f"study.{key}", f"{value!r} is neither a name nor a list of names")
            return READINGS if key == "readings" else () if key == "goods" else (ALL,)
        return tuple(dict.fromkeys(listed))

    def factor(self, name: str, asked: Any) -> Factor | None:
        """One factor, None with findings if it does not fit."""
        where = f"study.factors.{name}"
        before = len(self.findings)
        if isinstance(asked, list):
            if not all(_is_number(value) for value in asked):
                self.say(where, "alternatives are written {values = [...]}, a range [low, high] in numbers")
                return None
            asked = {"set": asked}
        if not isinstance(asked, Mapping):
            self.say(where, f"{asked!r} is no range; write [low, high] or {{values = [...]}}")
            return None
        for key in asked:
            if key not in FACTOR_KEYS:
                self.say(f"{where}.{key}", f'unknown key "{key}"{nearest(key, FACTOR_KEYS)}')
        if "values" in asked:
            self.values(where, asked)
            if len(self.findings) > before:
                return None
            return Factor(name, values=tuple(asked["values"]), levels=len(asked["values"]))
        how = [key for key in HOW if key in asked]
        if len(how) > 1:
            self.say(where, f"{' and '.join(how)} exclude each other; name one")
            return None
        ends = {key: asked[key] for key in ("low", "high") if key in asked}
        if how and asked[how[0]] is not True:
            pair = asked[how[0]]
            if not isinstance(pair, list) or len(pair) != 2:
                self.say(f"{where}.{how[0]}", f"{pair!r} is no range; write {how[0]} = [low, high]")
                return None
            if ends:
                self.say(where, f"low and high stand in {how[0]} already")
            ends = dict(zip(("low", "high"), pair, strict=True))
        numbers = ends | {key: asked[key] for key in ("mode", "mean", "sd") if key in asked}
        for key in ("low", "high"):
            if key not in numbers:
                self.say(where, f'"{key}" is missing; write [low, high], or {{values = [...]}} for alternatives')
        for key, value in numbers.items():
            if not _is_number(value) or not math.isfinite(value):
                self.say(f"{where}.{key}", f"{value!r} is not a finite number")
        if len(self.findings) > before:
            return None
        factor = Factor(
            name,
            float(numbers["low"]),
            float(numbers["high"]),
            mode=float(numbers.get("mode", math.nan)),
            mean=float(numbers.get("mean", math.nan)),
            sd=float(numbers.get("sd", math.nan)),
            how=how[0] if how else "set",
            distribution=asked.get("distribution", "uniform"),
            whole=asked.get("whole", False),
            levels=asked.get("levels", LEVELS),
        )
        if whole_name(name) and factor.how != "times":
            factor = replace(factor, whole=True)
        self.range(where, factor)
        return factor if len(self.findings) == before else None

    def values(self, where: str, asked: Mapping[str, Any]) -> None:
        for key in asked:
            if key in FACTOR_KEYS and key != "values":
                self.say(f"{where}.{key}", "stands beside values, which take nothing else")
        values = asked["values"]
        if not isinstance(values, list) or len(values) < 2:
            self.say(f"{where}.values", f"{values!r} holds no alternatives; list at least two")
        elif any(_is_number(value) and not math.isfinite(value) for value in values):
            self.say(f"{where}.values", "infinite is no alternative; write a large number")
        elif len({json.dumps(value, sort_keys=True, default=str) for value in values}) < len(values):
            self.say(f"{where}.values", "an alternative stands there twice")

    def range(self, where: str, factor: Factor) -> None:
        if not factor.low < factor.high:
            self.say(where, f"the low end {factor.low:g} is not below the high end {factor.high:g}")
            return
        kind = factor.distribution
        if kind not in DISTRIBUTIONS:
            self.say(f"{where}.distribution", f"{kind!r} is no distribution{nearest(str(kind), DISTRIBUTIONS)}")
            return
        needed = {"triangular": ("mode",), "normal": ("mean", "sd")}.get(kind, ())
        for key in ("mode", "mean", "sd"):
            given = not math.isnan(getattr(factor, key))
            if key in needed and not given:
                self.say(where, f'{kind} needs "{key}"')
            elif given and key not in needed:
                self.say(f"{where}.{key}", f"a {kind} distribution takes no {key}")
        if kind == "loguniform" and factor.low <= 0:
            self.say(where, f"loguniform takes positive numbers only, the low end is {factor.low:g}")
        if kind == "triangular" and not factor.low <= factor.mode <= factor.high and not math.isnan(factor.mode):
            self.say(f"{where}.mode", f"{factor.mode:g} is not between {factor.low:g} and {factor.high:g}")
        if kind == "normal" and factor.sd <= 0:
            self.say(f"{where}.sd", f"{factor.sd:g} is not above 0")
        if not isinstance(factor.whole, bool):
            self.say(f"{where}.whole", f"{factor.whole!r} is neither true nor false")
        elif factor.whole and not (factor.low.is_integer() and factor.high.is_integer()):
            self.say(where, f"{factor.low:g} to {factor.high:g} must be whole numbers here")
        if not _is_whole(factor.levels) or factor.levels < 2:
            self.say(f"{where}.levels", f"{factor.levels!r} is not a whole number, at least 2")

    # Against the case.

    def against(self, spec: StudySpec, case: Case) -> None:
        """Whether the names of a study are in its case and its values within what the case takes."""
        cutoffs = [cutoff.name for cutoff in case.file.cutoffs]
        for name in spec.cutoffs:
            if name not in (ALL, *cutoffs):
                self.say("study.cutoffs", f'no cutoff is called "{name}"{nearest(name, [ALL, *cutoffs])}')
        known = [ALL, *(sorted(case.data.countries["country"]) if "members" in spec.names else case.members)]
        for name in spec.members:
            if name not in known:
                self.say("study.members", f'"{name}" is no member of the case{nearest(name, known)}')
        names = spec.names
        for name in names:
            inner = [other for other in names if other.startswith(f"{name}.") and name != "cutoffs"]
            for other in inner:
                self.say(f"study.factors.{other}", f'"{name}" is varied as well and holds it; vary one of the two')
        for factor in spec.factors:
            self.factor_against(factor, case)
            if factor.name == "cutoffs":
                self.left_out(
                    factor,
                    [cutoff for cutoff in cutoffs if any(n.startswith(f"cutoffs.{cutoff}.") for n in names)],
                )

    def left_out(self, factor: Factor, varied: Sequence[str]) -> None:
        """A cutoff whose numbers vary must be in every alternative."""
        for value in factor.values:
            for name in varied:
                if name not in ([value] if isinstance(value, str) else value):
                    message = (
                        f'{value!r} leaves out "{name}", of which something is varied as well; vary one of the two'
                    )
                    self.say("study.factors.cutoffs.values", message)

    def factor_against(self, factor: Factor, case: Case) -> None:
        where = f"study.factors.{factor.name}"
        if factor.name in LISTS:
            if not factor.values:
                self.say(where, f'"{factor.name}" is a list; give alternatives, {{values = [["A"], ["A", "B"]]}}')
                return
            for value in factor.values:
                self.listed(f"{where}.values", factor.name, value, case)
            return
        limits = self.limits(where, factor, case)
        if limits is None:
            return
        if factor.how == "set":
            self.within(where, factor, *limits)
        else:
            self.changes(where, factor, case)

    def listed(self, where: str, name: str, value: Any, case: Case) -> None:
        chosen = [value] if isinstance(value, str) else value
        if not isinstance(chosen, list) or not chosen or not all(isinstance(item, str) for item in chosen):
            self.say(where, f"{value!r} is neither a name nor a list of names")
            return
        known, what = {
            "cutoffs": ([cutoff.name for cutoff in case.file.cutoffs], "a cutoff of the case"),
            "goods": ([*case.data.goods["good"], *CATEGORIES], "a good or a category"),
        }.get(name, ([*case.groups, *sorted(case.data.countries["country"])], "a country or a coalition"))
        for item in chosen:
            if item not in known:
                self.say(where, f'"{item}" is not {what}{nearest(item, known)}')

    def limits(self, where: str, factor: Factor, case: Case) -> tuple[float, float] | None:
        """The least and the greatest number that the case takes under a factor's name; None with a finding."""
        parts = factor.name.split(".")
        goods = [*case.data.goods["good"], *CATEGORIES]
        if parts[0] in SECTIONS and len(parts) > 1:
            own = {name: one for name, one in PARAMETERS.items() if one.section == parts[0]}
            return self.parameter(where, factor, parts[1], parts[2:], own, [*goods, "default"])
        if parts[0] == "goods_override" and len(parts) > 2:
            if parts[1] not in goods:
                self.say(where, f'"{parts[1]}" is neither a good nor a category{nearest(parts[1], goods)}')
                return None
            return self.parameter(where, factor, parts[2], parts[3:], PARAMETERS, [*goods, "default"])
        if parts[0] == "cutoffs" and len(parts) > 1:
            return self.cutoff(where, factor, case)
        found = number_in(case.file.raw, factor.name)
        if found is not None and (factor.values or _is_number(found)):
            return -math.inf, math.inf  # the case checks it when the value is put in
        shapes = [*(f"{one.section}.{name}" for name, one in PARAMETERS.items()), *LISTS]
        shapes += [f"cutoffs.{c.name}.{key}" for c in case.file.cutoffs for key in CUTOFF_NUMBERS]
        belongs = PARAMETERS.get(parts[0])
        hint = f'; write "{belongs.section}.{factor.name}"' if belongs else nearest(factor.name, shapes)
        self.say(where, f'the case has nothing under "{factor.name}"{hint}')
        return None

    def parameter(
        self,
        where: str,
        factor: Factor,
        name: str,
        below: list[str],
        known: Mapping[str, Parameter],
        keys: Sequence[str],
    ) -> tuple[float, float] | None:
        if name not in known:
            self.say(where, f'unknown "{name}"{nearest(name, known)}')
            return None
        parameter = known[name]
        least, most = parameter.least, parameter.most
        if parameter.kind == "surge" and not factor.values:
            if not below or below[-1] not in SURGE_KEYS:
                self.say(
                    where, f"is a surge; name one of {', '.join(f'{factor.name}.{key}' for key in SURGE_KEYS)}"
                )
                return None
            part = below.pop()
            least, most = (-1.0 if part == "max" else 0.0), (1200.0 if part == "delay" else 100.0)
        elif parameter.kind == "surge":
            below = [key for key in below if key not in SURGE_KEYS]
        if parameter.kind in ("flag", "profile") and not factor.values:
            example = "[false, true]" if parameter.kind == "flag" else "[[...], [...]], twelve numbers each"
            self.say(where, f"is no number; give alternatives, {{values = {example}}}")
            return None
        if len(below) > 1 or (below and below[0] not in keys):
            self.say(
                where, f'"{".".join(below)}" is neither a good nor a category{nearest(".".join(below), keys)}'
            )
            return None
        if parameter.kind == "flag" and not all(isinstance(value, bool) for value in factor.values):
            self.say(f"{where}.values", "must be true and false")
            return None
        return least, most

    def cutoff(self, where: str, factor: Factor, case: Case) -> tuple[float, float] | None:
        names = [cutoff.name for cutoff in case.file.cutoffs]
        name = next(
            (n for n in sorted(names, key=len, reverse=True) if factor.name.startswith(f"cutoffs.{n}.")), None
        )
        if name is None:
            asked = factor.name.removeprefix("cutoffs.")
            if asked in names:
                example = f"cutoffs.{asked}.fraction"
                self.say(where, f'name what of the cutoff varies as well, for example "{example}"')
            else:
                called = asked.rpartition(".")[0] or asked
                self.say(where, f'no cutoff is called "{called}"{nearest(called, names)}')
            return None
        key = factor.name.removeprefix(f"cutoffs.{name}.")
        if key.partition(".")[0] not in CUTOFF_KEYS or key == "name":
            self.say(where, f'unknown "{key}" of a cutoff{nearest(key, CUTOFF_NUMBERS)}')
            return None
        if key.partition(".")[0] not in CUTOFF_NUMBERS:
            if factor.values:
                return -math.inf, math.inf
            self.say(
                where,
                f"is no number; give alternatives, {{values = [...]}}, or name one of {', '.join(CUTOFF_NUMBERS)}",
            )
            return None
        return CUTOFF_NUMBERS[key.partition(".")[0]]

    def within(self, where: str, factor: Factor, least: float, most: float) -> None:
        numbers = [value for value in factor.values if _is_number(value)] or [factor.low, factor.high]
        for number in numbers:
            if not math.isnan(number) and not least <= number <= most:
                upper = "" if math.isinf(most) else f" and at most {most:g}"
                self.say(where, f"{number:g} is out of range: at least {least:g}{upper}")
            elif factor.values and whole_name(factor.name) and not float(number).is_integer():
                self.say(where, f"{number:g} is not a whole number")

    def changes(self, where: str, factor: Factor, case: Case) -> None:
        """Multiplying and adding need a number to begin with."""
        found = number_in(case.file.raw, factor.name)
        numbers = list(_numbers(found))
        if found is None and (set_here := _default(factor.name)) is not None:
            numbers = [set_here]
        if not numbers:
            word = "multiplied" if factor.how == "times" else "added to"
            self.say(where, f"the case has no number there that could be {word}; give a range [low, high] instead")
        elif factor.how == "times" and not any(numbers):
            self.say(where, "is 0 in the case, and times changes nothing; give a range [low, high] or use plus")
        elif all(math.isinf(number) for number in numbers):
            self.say(where, f"is infinite in the case, and {factor.how} changes nothing; give a range [low, high]")
        if factor.how == "times" and whole_name(factor.name) and not factor.whole:
            self.say(where, "takes whole numbers, which times would not give; give a range [low, high] instead")
        if factor.how == "times" and factor.low < 0:
            self.say(where, f"the case would be multiplied by {factor.low:g}, less than 0")


def _default(name: str) -> float | None:
    """The tool's default of a parameter that the case leaves out."""
    parts = name.split(".")
    if len(parts) == 2 and parts[0] in SECTIONS and parts[1] in PARAMETERS:
        default = PARAMETERS[parts[1]].default
        return float(default) if _is_number(default) else None
    return None


def _numbers(found: Any) -> Iterable[float]:
    if isinstance(found, Mapping):
        for below in found.values():
            yield from _numbers(below)
    elif _is_number(found):
        yield float(found)


def _flat(factors: Mapping[str, Any], above: str = "") -> Iterable[tuple[str, Any]]:
    """Factors by dotted name; ``survival.months = [6, 24]`` without quotes is read as nested tables."""
    for key, asked in factors.items():
        name = f"{above}{key}"
        if isinstance(asked, Mapping) and asked and not set(asked) & set(FACTOR_KEYS) and _nests(name, asked):
            yield from _flat(asked, f"{name}.")
        else:
            yield name, asked


def _nests(name: str, asked: Mapping[str, Any]) -> bool:
    """Whether a table holds names of the case rather than a misspelt range."""
    return all(isinstance(below, (list, Mapping)) for below in asked.values()) and bool(
        re.fullmatch(r"[^.]+(\.[^.]+){0,3}", name)
    )


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and not (isinstance(value, float) and math.isnan(value))
    )
