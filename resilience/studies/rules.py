"""Scenario discovery: when an outcome happens, as one rule with few conditions (needs scikit-learn).

A small decision tree proposes rules: every node but the root is one. The rule with the best trade of density
(how sure) against coverage (how complete) is kept, and judged on points that it was not made from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

DEPTH = 3
LEAST_LEAF = 0.05  # of the points
FOLDS = 5
PER_CONDITION = 0.03  # what a condition more must bring
FEW_VALUES = 30  # up to so many, a bound is named by the value itself


@dataclass(frozen=True)
class Condition:
    """A factor between ``least`` and ``most`` (None: no bound), or, of alternatives, one of ``values``.

    ``strict``: the bounds do not belong to it.
    """

    factor: str
    least: float | None = None
    most: float | None = None
    strict: bool = True
    values: tuple[Any, ...] = ()

    def holds(self, column: pd.Series) -> np.ndarray:
        """Which values of a column meet it, shape (points,)."""
        if self.values:
            return column.isin(self.values).to_numpy(dtype=bool)
        numbers = column.to_numpy(dtype=float)
        met = np.ones(len(numbers), dtype=bool)
        if self.least is not None:
            met &= numbers > self.least if self.strict else numbers >= self.least
        if self.most is not None:
            met &= numbers < self.most if self.strict else numbers <= self.most
        return met


@dataclass(frozen=True)
class Rule:
    """Conditions that hold together; parts of points, and ``held_out``: density and points not learned from."""

    conditions: tuple[Condition, ...]
    density: float
    coverage: float
    base_rate: float
    inside: int
    held_out: float = math.nan
    held_out_inside: int = 0
    importance: tuple[tuple[str, float], ...] = ()

    @property
    def score(self) -> float:
        """Part of the way from the base rate to certainty, times coverage, less a little for each condition."""
        if self.base_rate >= 1:
            return -math.inf
        gain = (self.density - self.base_rate) / (1 - self.base_rate)
        return gain * self.coverage - PER_CONDITION * len(self.conditions)


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a part by Wilson's formula; not a number without points."""
    if of == 0:
        return math.nan, math.nan
    z, part = 1.959963984540054, hits / of
    middle = part + z * z / (2 * of)
    half = z * math.sqrt(part * (1 - part) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def discover(values: pd.DataFrame, outcome: np.ndarray, groups: Sequence[int], seed: int) -> Rule | None:
    """The best rule for an outcome, or None where none does better than the base rate on held-out points.

    ``values``: one column a factor, numbers or alternatives, shape (points, factors); ``outcome``: bool, shape
    (points,); ``groups``: points that share values (of one trajectory, say) have one number and are held out
    together.
    """
    rule = _best(values, outcome, seed)
    if rule is None:
        return None
    hits, inside = _held_out(values, outcome, np.asarray(groups), seed)
    if inside == 0 or wilson(hits, inside)[0] <= rule.base_rate:
        return None
    return Rule(
        rule.conditions,
        rule.density,
        rule.coverage,
        rule.base_rate,
        rule.inside,
        hits / inside,
        inside,
        rule.importance,
    )


def importances(values: pd.DataFrame, outcome: np.ndarray, seed: int) -> list[str]:
    """Factors by what they do for the tree, most important first."""
    tree, features = _tree(values, outcome, seed)
    total = dict.fromkeys(values.columns, 0.0)
    for (name, _), weight in zip(features, tree.feature_importances_, strict=True):
        total[name] += float(weight)
    return sorted(total, key=lambda name: -total[name])


def _held_out(values: pd.DataFrame, outcome: np.ndarray, groups: np.ndarray, seed: int) -> tuple[int, int]:
    """Hits and points of rules made from the other folds, summed over the folds."""
    names = np.unique(groups)
    folds = min(FOLDS, len(names))
    if folds < 2:
        return 0, 0
    fold_of = dict(zip(np.random.default_rng(seed).permutation(names), np.arange(len(names)) % folds, strict=True))
    fold = np.array([fold_of[group] for group in groups])
    hits = inside = 0
    for held in range(folds):
        learn = fold != held
        rule = _best(values[learn], outcome[learn], seed)
        if rule is None:
            continue
        met = _meets(rule.conditions, values[~learn])
        hits += int(outcome[~learn][met].sum())
        inside += int(met.sum())
    return hits, inside


def _meets(conditions: Sequence[Condition], values: pd.DataFrame) -> np.ndarray:
    met = np.ones(len(values), dtype=bool)
    for condition in conditions:
        met &= condition.holds(values[condition.factor])
    return met


def _best(values: pd.DataFrame, outcome: np.ndarray, seed: int) -> Rule | None:
    """The node of the tree with the best score above nothing; the fewest conditions where scores are equal."""
    if not 0 < outcome.sum() < len(outcome):
        return None
    tree, features = _tree(values, outcome, seed)
    best: Rule | None = None
    for path in _paths(tree.tree_):
        conditions = _conditions(path, features, values)
        met = _meets(conditions, values)
        hits, inside = int(outcome[met].sum()), int(met.sum())
        if not inside:
            continue
        rule = Rule(conditions, hits / inside, hits / int(outcome.sum()), float(outcome.mean()), inside)
        if rule.score > (best.score if best else 0.0):
            best = rule
    return best


def _tree(values: pd.DataFrame, outcome: np.ndarray, seed: int) -> tuple[Any, list[tuple[str, Any]]]:
    """A fitted tree and its features: a factor and None, or a factor and one of its alternatives."""
    from sklearn.tree import DecisionTreeClassifier  # takes a second to import

    features: list[tuple[str, Any]] = []
    columns = []
    for name in values.columns:
        if is_numeric(values[name]):
            features.append((name, None))
            columns.append(values[name].to_numpy(dtype=float))
        else:
            for value in sorted(set(values[name]), key=str):
                features.append((name, value))
                columns.append((values[name] == value).to_numpy(dtype=float))
    leaf = max(1, math.ceil(LEAST_LEAF * len(outcome)))
    tree = DecisionTreeClassifier(max_depth=DEPTH, min_samples_leaf=leaf, random_state=seed)
    return tree.fit(np.column_stack(columns), outcome), features


def is_numeric(column: pd.Series) -> bool:
    """Whether a factor's values are numbers, not alternatives."""
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _paths(tree: Any) -> list[list[tuple[int, bool, float]]]:
    """From the root to every other node: feature, whether to the right, threshold; short paths first."""
    found: list[list[tuple[int, bool, float]]] = []
    level: list[tuple[int, list[tuple[int, bool, float]]]] = [(0, [])]
    while level:
        found += [path for _, path in level if path]
        level = [
            (below, [*path, (int(tree.feature[node]), right, float(tree.threshold[node]))])
            for node, path in level
            if tree.children_left[node] >= 0
            for right, below in ((False, tree.children_left[node]), (True, tree.children_right[node]))
        ]
    return found


def _conditions(
    path: list[tuple[int, bool, float]], features: list[tuple[str, Any]], values: pd.DataFrame
) -> tuple[Condition, ...]:
    """The splits of a path, one condition a factor, with bounds that read well."""
    by_factor: dict[str, list[tuple[Any, bool, float]]] = {}
    for feature, right, threshold in path:
        name, value = features[feature]
        by_factor.setdefault(name, []).append((value, right, threshold))
    conditions = []
    for name, splits in by_factor.items():
        if not is_numeric(values[name]):
            chosen = set(values[name])
            for value, right, _ in splits:
                chosen = chosen & {value} if right else chosen - {value}
            conditions.append(Condition(name, values=tuple(sorted(chosen, key=str))))
            continue
        known = np.unique(values[name].to_numpy(dtype=float))
        few = len(known) <= FEW_VALUES
        least = max((threshold for _, right, threshold in splits if right), default=None)
        most = min((threshold for _, right, threshold in splits if not right), default=None)
        bounds = [
            None if bound is None else _bound(known, bound, few, upwards)
            for bound, upwards in ((least, True), (most, False))
        ]
        conditions.append(Condition(name, bounds[0], bounds[1], not few))
    return tuple(conditions)


def _bound(known: np.ndarray, threshold: float, few: bool, upwards: bool) -> float:
    """Of few values the nearest that belongs; else a number as round as a hundredth of the range allows."""
    above = min(max(int(np.searchsorted(known, threshold, side="right")), 1), len(known) - 1)
    if few:
        return float(known[above if upwards else above - 1])
    digits = 1 - math.floor(math.log10((known[-1] - known[0]) / 2))
    found = round(float(known[above - 1] + known[above]) / 2, digits)
    return found if known[0] < found < known[-1] else float(known[above - 1] + known[above]) / 2
