"""What a parameter study varies and at which points.

A *factor* is one name of the case as ``--set`` takes it, or one of the lists cutoffs, region, members and goods,
with a range and a distribution or a list of alternatives. A *design* turns the factors into points. Every design
also holds the case as written and both ends of each factor, the others as written.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from resilience.inputs.parameters import PARAMETERS
from resilience.inputs.variants import LISTS
from resilience.schema import ALL
from resilience.schema import READINGS as READING_WORDS

READINGS = tuple(READING_WORDS)

DESIGNS: dict[str, int] = {  # and the number of points if none is given
    "grid": 0,
    "one_at_a_time": 9,
    "latin_hypercube": 256,
    "sobol": 64,
    "morris": 20,
}
LEVELS = 5  # of a factor in a grid, if none are given
MORRIS_LEVELS = 4
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
    """What a cell of the points means for the case; None is "as written", "inf" no limit. Counts of months become
    integers."""
    if _as_written(cell):
        return None
    if isinstance(cell, str):
        value = json.loads(cell)
        return math.inf if value == "inf" else value
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
