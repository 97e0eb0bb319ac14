"""What a parameter study says: tornado, verdicts, spread, indices, heat map, break-even and rules.

Every table is declared in :data:`resilience.schema.STUDY` and made from three things:

- ``points``: columns point, role (base, low, high, sample), factor, order, then one column a factor;
- ``outcomes``: columns as the table ``outcomes`` declares them, one row a point, good, member, cutoff and reading;
- ``meta``: as of a result, with ``spec``: design, points, seed, target and factors
  (:meth:`resilience.studies.designs.StudySpec.described`; ``base`` may be added to each, the case's number).

No share suffices is never taken for a number in silence: it counts as more than any share where order is all that
matters, and where a number is needed it counts as 1, which the table then says.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from resilience import words
from resilience.errors import Finding, InputError
from resilience.inputs import factor_words
from resilience.inputs.factor_words import Varied, varied
from resilience.schema import ALL, READINGS, STATUS_WORDS, STUDY
from resilience.studies import rules as study_rules
from resilience.studies.designs import MORRIS_LEVELS, decode, whole_name

KEY = ("good", "member", "cutoff", "reading")
ANSWERED = ("met", "shift", "raise", "build", "none")
ABSENT = "absent"  # no row for the point: the good or the member is not part of it, or it is not solved yet
NOT_COMPUTED = ("error", ABSENT)
EVERY_STATUS = (*STATUS_WORDS, "error", ABSENT)
RANDOM = ("latin_hypercube", "sobol")
CONSUMPTION = "consumption"  # what shares are shares of, where production is known
QUANTILES = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}
RESAMPLES = 500
NUMBERS = ("share", "amount", "number")
SAME = 1e-9  # shares nearer than this are equal
OF_SHARE, OF_SHARE_NONE, OF_NONE = "share", "share, none counted as 1", "no share suffices (0 or 1)"


@dataclass(frozen=True)
class Group:
    """One good, member, cutoff and reading: every row of the points with its outcome.

    ``rows`` has the columns of the points, factors as values (alternatives hashable, None: as written), and share,
    share_today, status and message. ``spec`` is that of the study, ``label`` the key in words, ``scope`` what
    shares are shares of, ``crossings`` the rows of :func:`resilience.studies.crossings.solved_crossings` of it.
    """

    key: Mapping[str, str]
    rows: pd.DataFrame
    factors: Sequence[Varied]
    spec: Mapping[str, Any]
    label: str
    scope: str = CONSUMPTION
    crossings: Sequence[Mapping[str, Any]] = ()

    @cached_property
    def base(self) -> pd.Series | None:
        """The case as written; None if the points lack it."""
        found = self.rows[self.rows["role"] == "base"]
        return found.iloc[0] if len(found) else None

    @cached_property
    def sample(self) -> pd.DataFrame:
        """The rows of the design in its order."""
        return self.rows[self.rows["role"] == "sample"].sort_values("order", kind="stable")

    @property
    def computed(self) -> pd.DataFrame:
        """Of the independent rows those that could be computed."""
        return self.independent[~self.independent["status"].isin(NOT_COMPUTED)]

    @cached_property
    def independent(self) -> pd.DataFrame:
        """Of a Sobol design only the rows that are drawn independently (its matrices A and B), else the sample."""
        if self.spec["design"] != "sobol":
            return self.sample
        size = len(self.factors) + 2
        place = np.arange(len(self.sample)) % size
        return self.sample[(place == 0) | (place == size - 1)]

    def end(self, role: str, factor: str) -> pd.Series | None:
        """The row with one factor at its low or high end."""
        found = self.rows[(self.rows["role"] == role) & (self.rows["factor"] == factor)]
        return found.iloc[0] if len(found) else None


def study_tables(points: pd.DataFrame, outcomes: pd.DataFrame, meta: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Every table of :data:`resilience.schema.STUDY` by name; points and outcomes as they are.

    Raises :class:`~resilience.errors.InputError` if points lack a factor, or a library is missing.
    """
    found = list(groups(points, outcomes, meta))
    tables = {
        name: _table(name, [{**group.key, **row} for group in found for row in make(group)])
        for name, make in MAKERS.items()
    }
    return tables | {"points": points, "outcomes": outcomes}


def groups(points: pd.DataFrame, outcomes: pd.DataFrame, meta: Mapping[str, Any]) -> Iterator[Group]:
    """Goods in alphabetical order; all members and all cutoffs first; readings as the schema names them."""
    factors = varied(meta)
    lacking = [factor.name for factor in factors if factor.name not in points.columns]
    if lacking:
        message = f"the points have no column for {', '.join(lacking)}; they belong to another study"
        raise InputError([Finding("error", "points", None, lacking[0], message)])
    plain = decoded(points, factors)
    failed = outcomes[outcomes["good"].isna()]
    why = dict(zip(failed["point"], failed["message"], strict=True))
    readings = list(READINGS)
    scopes = scopes_of(outcomes)

    def order(key: tuple[str, ...]) -> tuple[Any, ...]:
        good, member, cutoff, reading = key
        place = readings.index(reading) if reading in readings else len(readings)
        return good, member != ALL, member, cutoff != ALL, cutoff, place

    by_key = {tuple(map(str, key)): rows for key, rows in outcomes[outcomes["good"].notna()].groupby(list(KEY))}
    for key in sorted(by_key, key=order):
        own = by_key[key].drop_duplicates("point").set_index("point")
        aligned = own[["share", "share_today", "status", "message"]].reindex(plain["point"])
        rows = plain.copy()
        rows["share"] = aligned["share"].to_numpy(dtype=float)
        rows["share_today"] = aligned["share_today"].to_numpy(dtype=float)
        known = aligned["status"].tolist()
        ids = plain["point"].tolist()
        rows["status"] = [
            ("error" if point in why else ABSENT) if pd.isna(status) else str(status)
            for point, status in zip(ids, known, strict=True)
        ]
        told = aligned["message"].tolist()
        rows["message"] = [
            str(why.get(point) or "") if pd.isna(text) else str(text)
            for point, text in zip(ids, told, strict=True)
        ]
        named = dict(zip(KEY, key, strict=True))
        theirs = [replace(factor, base=_of_good(factor.base, key[0], meta)) for factor in factors]
        solved = [row for row in meta.get("crossings", ()) if {name: row[name] for name in KEY} == named]
        scope = scopes.get(key[0], CONSUMPTION)
        yield Group(named, rows, theirs, meta["spec"], whose(named, meta), scope, solved)


def scopes_of(outcomes: pd.DataFrame) -> dict[str, str]:
    """Good → what its shares are shares of, as the outcomes say."""
    known = outcomes[outcomes["scope"].notna()].drop_duplicates("good")
    return dict(zip(known["good"], known["scope"], strict=True))


def _of_good(base: Any, good: str, meta: Mapping[str, Any]) -> Any:
    """What the case holds for one good, where it holds a table by good or category."""
    if not isinstance(base, Mapping):
        return base
    category = meta.get("categories", {}).get(good)
    return next((base[key] for key in (good, category, "default") if key in base), base)


def whose(key: Mapping[str, str], meta: Mapping[str, Any]) -> str:
    """Good, member, cutoff and reading in words."""
    who = "all members" if key["member"] == ALL else words.member_name(key["member"], meta)
    parts = [words.good_name(key["good"], meta), who]
    parts += [f"cutoff {key['cutoff']}"] if key["cutoff"] != ALL else []
    return ", ".join([*parts, key["reading"]])


def decoded(points: pd.DataFrame, factors: Sequence[Varied]) -> pd.DataFrame:
    """The points with values in place of cells: numbers as they are, alternatives decoded, None as written."""
    plain = points.reset_index(drop=True).copy()
    for factor in factors:
        column = plain[factor.name]
        if not pd.api.types.is_numeric_dtype(column):
            values = [hashable_cell(factor.name, cell) for cell in column.tolist()]
            numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values if v is not None)
            plain[factor.name] = pd.Series(values, dtype=float if numbers else object)
    return plain


def hashable_cell(name: str, cell: Any) -> Any:
    """What a cell of the points stands for, ready to be compared with the alternatives of a study."""
    value = factor_words.hashable(decode(name, cell) if isinstance(cell, (str, float, int)) else cell)
    return "inf" if isinstance(cell, str) and value == math.inf else value


# Tornado


def tornado(group: Group) -> list[dict[str, Any]]:
    """One row a factor, widest swing first; factors that end in none before all others, failed ones last."""
    rows = []
    for factor in group.factors:
        ends = {"low": group.end("low", factor.name), "base": group.base, "high": group.end("high", factor.name)}
        row: dict[str, Any] = {"factor": factor.name, "in_words": factor_words.label(factor.name)}
        for role, end in ends.items():
            row[role] = factor.base_text if end is None or role == "base" else factor.text(end[factor.name])
            row[f"share_{role}"] = math.nan if end is None else end["share"]
            row[f"status_{role}"] = ABSENT if end is None else end["status"]
        row["share_today"] = math.nan if group.base is None else group.base["share_today"]
        width = _width(row)
        beyond = "none" in [row[f"status_{role}"] for role in ends] and width > 0
        row["swing"] = math.nan if beyond or width < 0 else width
        rows.append(row)
    return sorted(rows, key=lambda row: -_width(row))


def _width(row: Mapping[str, Any]) -> float:
    """The swing among what is known, none beyond every share; −1 where fewer than two of the three are known."""
    ends = [(row[f"share_{role}"], row[f"status_{role}"]) for role in ("low", "base", "high")]
    reach = [2.0 if status == "none" else share for share, status in ends if status in ANSWERED]
    if len(reach) < 2:
        return -1.0
    width = max(reach) - min(reach)
    return 0.0 if width <= SAME else width


def tornado_text(rows: pd.DataFrame, most: int = 3) -> str:
    """What a share rests on, widest first: ``stock 41–63 %, diversion 45–58 %``.

    ``rows`` of one good, member, cutoff and reading: factor, share_low, share_high, status_low, status_high.
    Factors that move nothing, or less than is shown, are left out.
    """
    parts = []
    for row in rows.to_dict("records"):
        ends = factor_words.ends_text(row["share_low"], row["share_high"], row["status_low"], row["status_high"])
        moves = abs(row["share_high"] - row["share_low"]) > SAME and "–" in ends  # by what can be seen
        if row["status_low"] != row["status_high"] or moves:
            parts.append(f"{factor_words.label(str(row['factor']))} {ends}")
    return ", ".join(parts[:most]) or "nothing that was varied moves it by a point"


# Verdicts and spread


def verdicts(group: Group) -> list[dict[str, Any]]:
    """One row a verdict that occurs, and the case's own; parts are of the points that could be computed."""
    own = ABSENT if group.base is None else str(group.base["status"])
    counts = group.independent["status"].value_counts()
    of = len(group.computed)
    rows = []
    for status in EVERY_STATUS:
        points = int(counts.get(status, 0))
        if points or status == own:
            part, low, high = _part(points, 0 if status in NOT_COMPUTED else of, group.spec["design"])
            rows.append(
                {
                    "status": status,
                    "points": float(points),
                    "of": float(of),
                    "part": part,
                    "part_low": low,
                    "part_high": high,
                    "of_the_case": "yes" if status == own else "no",
                }
            )
    return rows


def spread(group: Group) -> list[dict[str, Any]]:
    """One row: quantiles of the share, none beyond every share."""
    rows = group.independent
    answered = rows[rows["status"].isin(ANSWERED)]
    shares = answered["share"].where(answered["status"] != "none", math.inf).to_numpy(dtype=float)
    base = group.base
    row: dict[str, Any] = {
        "points": float(len(answered)),
        "none": float((answered["status"] == "none").sum()),
        "left_out": float(len(rows) - len(answered)),
        "share_today": math.nan if base is None else base["share_today"],
        "share_base": math.nan if base is None else base["share"],
    }
    for name, part in QUANTILES.items():
        found = float(np.quantile(shares, part, method="inverted_cdf")) if len(shares) else math.nan
        row[name] = math.nan if math.isinf(found) else found
    row["holds"], row["holds_low"], row["holds_high"] = holds(group)
    return [row]


def holds(group: Group) -> tuple[float, float, float]:
    """The part of the computed points in which the case's verdict holds, with its interval; NaN if unknown."""
    own = ABSENT if group.base is None else str(group.base["status"])
    hits = int((group.computed["status"] == own).sum())
    return _part(hits, 0 if own in NOT_COMPUTED else len(group.computed), group.spec["design"])


def _part(hits: int, of: int, design: str) -> tuple[float, float, float]:
    """A part of points with its interval, which only points drawn at random have."""
    if not of:
        return math.nan, math.nan, math.nan
    return (hits / of, *(study_rules.wilson(hits, of) if design in RANDOM else (math.nan, math.nan)))


# Indices


def indices(group: Group) -> list[dict[str, Any]]:
    """Indices of a Sobol or Morris design, or one row that says why there are none; nothing for other designs."""
    design, rows = group.spec["design"], group.sample
    if design not in ("sobol", "morris"):
        return []
    size = len(group.factors) + (2 if design == "sobol" else 1)
    none = rows["status"] == "none"
    about = {
        "outcome": OF_SHARE_NONE if none.any() else OF_SHARE,
        "points": float(len(rows)),
        "none": float(none.sum()),
    }
    unanswered = rows["status"][~rows["status"].isin(ANSWERED)]
    why = ""
    if len(unanswered):
        counts = ", ".join(f"{count} {status}" for status, count in unanswered.value_counts().items())
        why = f"no indices: {len(unanswered)} of {len(rows)} points have no answer ({counts})"
    elif not len(rows) or len(rows) % size:
        why = f"no indices: {len(rows)} rows are not a whole {design} design of {len(group.factors)} factors"
    if why:
        return [about | {"message": why}]
    analyse = _sobol if design == "sobol" else _morris
    found = _indices(group, analyse, rows["share"].where(~none, 1.0).to_numpy(dtype=float), about)
    if none.any():
        found += _indices(group, analyse, none.to_numpy(dtype=float), about | {"outcome": OF_NONE})
    return found


_Analysis = Callable[[Group, np.ndarray], dict[str, tuple[np.ndarray, np.ndarray]]]


def _indices(group: Group, analyse: _Analysis, outcome: np.ndarray, about: dict[str, Any]) -> list[dict[str, Any]]:
    if np.ptp(outcome) <= SAME:
        return [about | {"message": "no indices: the outcome is the same in all points"}]
    rows = []
    for index, (values, halves) in analyse(group, outcome).items():
        for factor, value, half in zip(group.factors, values, halves, strict=True):
            rows.append(
                about
                | {
                    "factor": factor.name,
                    "in_words": factor_words.label(factor.name),
                    "index": index,
                    "value": float(value),
                    "value_low": float(value - half),
                    "value_high": float(value + half),
                    "message": "",
                }
            )
    return rows


def _problem(group: Group) -> dict[str, Any]:
    names = [factor.name for factor in group.factors]
    return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}


def _sobol(group: Group, outcome: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    sobol = _salib("sobol")
    with warnings.catch_warnings():  # of resamples without variance, which have no index
        warnings.filterwarnings("ignore", "Constant values")
        found = sobol.analyze(
            _problem(group),
            outcome,
            calc_second_order=False,
            num_resamples=RESAMPLES,
            seed=int(group.spec["seed"]) + 1,  # SALib takes 0 for no seed
        )
    return {name: (np.asarray(found[name]), np.asarray(found[f"{name}_conf"])) for name in ("S1", "ST")}


def _morris(group: Group, outcome: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The interval of mu is that of a mean; sigma has none."""
    morris = _salib("morris")
    codes = np.column_stack([_numbers(group.sample[factor.name], factor) for factor in group.factors])
    found = morris.analyze(
        _problem(group),
        codes,
        outcome,
        num_resamples=RESAMPLES,
        num_levels=MORRIS_LEVELS,
        seed=int(group.spec["seed"]) + 1,
    )
    sigma = np.asarray(found["sigma"], dtype=float)
    trajectories = len(outcome) // (len(group.factors) + 1)
    return {
        "mu": (np.asarray(found["mu"]), 1.96 * sigma / math.sqrt(trajectories)),
        "mu_star": (np.asarray(found["mu_star"]), np.asarray(found["mu_star_conf"])),
        "sigma": (sigma, np.full(len(sigma), math.nan)),
    }


def _salib(name: str) -> Any:
    return import_module(f"SALib.analyze.{name}")  # takes a second


def _numbers(column: pd.Series, factor: Varied) -> np.ndarray:
    """A factor's values as numbers in their order; alternatives by their place in the list."""
    if not factor.values:
        return column.to_numpy(dtype=float)
    return np.array([float(factor.values.index(value)) for value in column])


# Heat map


def heat_map(group: Group) -> list[dict[str, Any]]:
    """The grid over the two factors with the widest swing; nothing for other designs or a single factor."""
    if group.spec["design"] != "grid" or len(group.factors) < 2:
        return []
    by_name = {factor.name: factor for factor in group.factors}
    across, up, *others = (by_name[row["factor"]] for row in tornado(group))
    rows, held = group.sample, []
    for factor in others:
        value = _nearest(factor, rows[factor.name])
        rows = rows[[other == value for other in rows[factor.name]]]
        held.append(f"{factor_words.label(factor.name)} {factor.text(value)}")
    return [
        {
            "across": across.name,
            "across_value": across.text(row[across.name]),
            "up": up.name,
            "up_value": up.text(row[up.name]),
            "share": row["share"],
            "status": row["status"],
            "others": "; ".join(held),
        }
        for row in rows.to_dict("records")
    ]


def _nearest(factor: Varied, column: pd.Series) -> Any:
    """The value of the grid nearest to the case; where the case has no single number, the middle of the grid."""
    known = list(dict.fromkeys(column))
    if factor.position is not None and study_rules.is_numeric(column):
        at = factor.position
        return min(known, key=lambda value: abs(value - at))
    base = factor_words.hashable(factor.base)
    if base in known:
        return base
    return known[0] if not study_rules.is_numeric(column) else sorted(known)[(len(known) - 1) // 2]


# Break-even


def break_even(group: Group) -> list[dict[str, Any]]:
    """For each factor that is a number, every place where the share crosses the target with only it varied."""
    target, _ = target_of(group)
    rows = []
    for factor, solved in [] if math.isnan(target) else curves(group):
        about = {
            "factor": factor.name,
            "in_words": factor_words.label(factor.name),
            "target": target,
            "unit": factor_words.unit(factor.name, factor.how),
        }
        crossed = [_crossing(group, factor, pair, target) for pair in turns(solved, target)]
        rows += [about | row for row in crossed or [{"text": _stays(factor, solved, target)}]]
    return rows


def curves(group: Group) -> Iterator[tuple[Varied, list[Mapping[str, Any]]]]:
    """Each factor that is a number with what is solved while the others are as the case says.

    Rows with at (the factor's value), share and status, in ascending order, at least two.
    """
    written = {}
    for factor, item in zip(group.factors, group.spec["factors"], strict=True):
        column, base = group.rows[factor.name], item.get("base")
        same = column.isna()
        if factor.how != "set" or not isinstance(base, Mapping):  # a table by goods is no single value to repeat
            own = factor.position if study_rules.is_numeric(column) else factor_words.hashable(base)
            same |= np.array([own is not None and value == own for value in column], dtype=bool)
        written[factor.name] = same
    for factor in group.factors:
        if not study_rules.is_numeric(group.rows[factor.name]):
            continue
        alone = group.rows["status"].isin(ANSWERED)
        for name, same in written.items():
            if name != factor.name:
                alone &= same
        curve = group.rows[alone].copy()
        curve["at"] = curve[factor.name].fillna(math.nan if factor.position is None else factor.position)
        curve = curve[np.isfinite(curve["at"])].drop_duplicates("at").sort_values("at")
        if len(curve) > 1:
            yield factor, curve[["at", "share", "status"]].to_dict("records")


def turns(solved: Sequence[Mapping[str, Any]], target: float) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Neighbours between which the share crosses the target."""
    return [pair for pair in pairwise(solved) if exceeds(pair[0], target) != exceeds(pair[1], target)]


def exceeds(row: Mapping[str, Any], target: float) -> bool:
    """Whether more than the target is needed, or no share suffices."""
    return bool(row["status"] == "none" or row["share"] > target + SAME)


def whole_steps(group: Group, factor: Varied) -> bool:
    """Whether only whole numbers of a factor mean something."""
    item = next(item for item in group.spec["factors"] if item["name"] == factor.name)
    return bool(item.get("whole")) or whole_name(factor.name)


def _crossing(
    group: Group, factor: Varied, pair: tuple[Mapping[str, Any], Mapping[str, Any]], target: float
) -> dict[str, Any]:
    """Where it was solved, the place of the crossing; else the two solved values around it and nothing finer."""
    one, other = pair
    falls = exceeds(one, target)
    none = "none" in (one["status"], other["status"])
    whole = whole_steps(group, factor)
    value = math.nan
    if whole and other["at"] - one["at"] == 1:
        value = (other if falls else one)["at"]
    for row in group.crossings:
        if (row["factor"], row["target"], row["below"], row["above"]) == (
            factor.name, target, one["at"], other["at"],
        ):  # fmt: skip
            value, none = row["value"], row["none"]
    share = factor_words.share_text(target)
    if math.isnan(value):
        text = f"between {factor.text(one['at'])} and {factor.text(other['at'])}"
        text += ", where the share passes to no share suffices" if none else ""
        text = text if none else f"crosses {share} {text}"
    elif whole or none:
        text = f"at most {share} {f'from {factor.text(value)} on' if falls else f'up to {factor.text(value)}'}"
        text += f", no share suffices {'below' if falls else 'above'}" if none else ""
    else:
        text = f"crosses {share} at {factor.text(value)}"
    return {
        "value": value,
        "below": one["at"],
        "above": other["at"],
        "share_below": one["share"],
        "share_above": other["share"],
        "text": f"{text}; {'falls' if falls else 'rises'} as the factor rises",
    }


def _stays(factor: Varied, solved: Sequence[Mapping[str, Any]], target: float) -> str:
    ends = f"from {factor.text(solved[0]['at'])} to {factor.text(solved[-1]['at'])}"
    if all(row["status"] == "none" for row in solved):
        return f"no share suffices {ends}"
    side = "above" if exceeds(solved[0], target) else "at or below"
    return f"stays {side} {factor_words.share_text(target)} {ends}"


def target_of(group: Group) -> tuple[float, str]:
    """The share that is asked about and where it comes from."""
    if group.spec.get("target") is not None:
        return float(group.spec["target"]), "the study's target"
    return (math.nan if group.base is None else float(group.base["share_today"])), "today's share"


# Rules


def rules(group: Group) -> list[dict[str, Any]]:
    """One row: the best rule for a share above the threshold or for one within it, or why there is none."""
    found = rule_of(group)
    if found is None:
        return []
    threshold, origin, rule, high, text, points = found
    row: dict[str, Any] = {"threshold": threshold, "threshold_from": origin, "points": float(points), "text": text}
    if rule is not None:
        by_name = {factor.name: factor for factor in group.factors}
        row |= {
            "outcome": "exceeds" if high else "stays within",
            "conditions": " and ".join(condition_text(by_name[c.factor], c) for c in rule.conditions),
            "density": rule.density,
            "coverage": rule.coverage,
            "base_rate": rule.base_rate,
            "held_out": rule.held_out,
            "in_rule": float(rule.inside),
        }
    return [row]


def rule_of(group: Group) -> tuple[float, str, study_rules.Rule | None, bool, str, int] | None:
    """Threshold, its origin, the rule, whether it is for shares above it, the sentence, points with an answer.

    None for designs that vary one factor at a time, which show no conjunction, and for empty samples.
    """
    answered = answered_sample(group)
    if group.spec["design"] == "one_at_a_time" or not len(answered):
        return None
    asked = answered["share"].where(answered["status"] != "none", math.inf).to_numpy(dtype=float)
    threshold, origin = _threshold(group, asked)
    points = len(answered)
    if math.isnan(threshold):
        return threshold, origin, None, True, "no rule: there is no threshold", points
    over = asked > threshold + SAME
    values = answered[[factor.name for factor in group.factors]]
    size = {"sobol": len(group.factors) + 2, "morris": len(group.factors) + 1}.get(group.spec["design"], 1)
    blocks = (answered["order"].to_numpy(dtype=int) // size).tolist()
    seed = int(group.spec["seed"])
    best = max(
        (
            (rule, high)
            for high in (True, False)
            if (rule := study_rules.discover(values, over == high, blocks, seed))
        ),
        key=lambda pair: pair[0].score,
        default=None,
    )
    if best is None:
        rate = words.percent(float(over.mean()))
        text = f"no rule: the share exceeds {factor_words.share_text(threshold)} in {rate} of {points} points"
        if 0 < over.sum() < points:
            text += ", and no few conditions do better than that on points they were not made from"
        return threshold, origin, None, True, f"{text}.", points
    rule, high = best
    return (
        threshold,
        origin,
        rule,
        high,
        _sentence(group, threshold, rule, high, bool(np.isinf(asked).any())),
        points,
    )


def answered_sample(group: Group) -> pd.DataFrame:
    """Sample points with an answer, each once."""
    rows = group.sample
    return rows[rows["status"].isin(ANSWERED)].drop_duplicates("point")


def _threshold(group: Group, asked: np.ndarray) -> tuple[float, str]:
    """The study's target, else today's share if the sample lies on both sides of it, else the median."""
    found, origin = target_of(group)
    if origin == "today's share" and not 0.05 <= float(np.mean(asked > found)) <= 0.95:
        found, origin = float(np.quantile(asked, 0.5, method="inverted_cdf")), "median of the points"
        if math.isinf(found):
            found, origin = 1.0, "none in most points: does any share suffice?"
    return found, origin


def _sentence(group: Group, threshold: float, rule: study_rules.Rule, high: bool, none: bool) -> str:
    by_name = {factor.name: factor for factor in group.factors}
    conditions = " and ".join(condition_text(by_name[c.factor], c) for c in rule.conditions)
    does = f"the requirement {'exceeds' if high else 'is at most'} {factor_words.share_text(threshold)}"
    if threshold >= 1:
        does = f"{'no' if high else 'some'} share suffices"
    elif high and none:
        does += " or no share suffices"
    return (
        f"{group.label}: {does} in {words.percent(rule.density)} of the points with {conditions} "
        f"({words.percent(rule.held_out)} on points held out; of all points {words.percent(rule.base_rate)})."
    )


def condition_text(factor: Varied, condition: study_rules.Condition) -> str:
    """A condition in words: ``stock (military) below 1.5 months of demand``."""
    name = factor_words.label(factor.name)
    if condition.values:
        return f"{name} {' or '.join(map(factor.text, condition.values))}"
    least, most = condition.least, condition.most
    if least is not None and most is not None:
        return f"{name} between {factor.text(least)} and {factor.text(most)}"
    if most is not None:
        return f"{name} {'below' if condition.strict else 'of at most'} {factor.text(most)}"
    return f"{name} {'above' if condition.strict else 'of at least'} {factor.text(least)}"


# In short


def headlines(tables: Mapping[str, pd.DataFrame], meta: Mapping[str, Any]) -> list[str]:
    """How often the case's verdict holds, what matters most, where the target is crossed: a sentence each, and one
    more where a range excludes what the case says.

    Of all members together under every cutoff, planned where that was asked for; of several goods the one whose
    verdict holds in the fewest points. Everything is read from the ``tables`` of :func:`study_tables`.
    """
    own = tables["verdicts"]
    own = own[(own["member"] == ALL) & (own["cutoff"] == ALL) & (own["of_the_case"] == "yes")]
    planned = own[own["reading"] == "planned"]
    own = planned if len(planned) else own
    if own.empty:
        return []
    own = own.sort_values("part", kind="stable", na_position="first")
    row = own.iloc[0]
    key = {name: str(row[name]) for name in KEY}
    mine = {
        name: rows_of(frame, key) for name, frame in tables.items() if name in ("tornado", "indices", "break_even")
    }
    interval = ""
    if not math.isnan(row["part_low"]):
        interval = f" (95 % interval {words.percent(row['part_low'])} to {words.percent(row['part_high'])})"
    goods = own["good"].nunique()
    which = f"Least sure of {goods} goods: " if goods > 1 else ""
    found = tables["verdicts"]
    left = rows_of(found[found["status"].isin(NOT_COMPUTED)], key)["points"].sum()
    lost = f"; {left:,.0f} more could not be computed and do not count" if left else ""
    held = f"{row['status']}, holds in {words.percent(row['part'])} of {row['of']:,.0f} points{interval}{lost}"
    if math.isnan(row["part"]):
        why = "the case itself" if row["of"] else f"none of {left:,.0f} points"
        held = f"{row['status']}: in how many points it holds is unknown, as {why} could be computed"
        held = held.replace("case itself could", "case itself could not")
    sure = f"{which}{whose(key, meta)}: the case's verdict, {held}."
    return [
        sure,
        *range_notes(meta, key["good"]),
        _matters(mine["indices"], mine["tornado"]),
        *_turns(mine["break_even"], mine["tornado"]),
    ]


def range_notes(meta: Mapping[str, Any], good: str) -> list[str]:
    """A sentence about factors whose range excludes what the case says; nothing where there are none."""
    outside = []
    for factor in varied(meta):
        own = replace(factor, base=_of_good(factor.base, good, meta))
        ends = own.values or (own.low, own.high)
        if own.position is None or not all(isinstance(end, (int, float)) for end in ends):
            continue
        if not min(ends) <= own.position <= max(ends):
            outside.append(f"{factor_words.label(own.name)} ({own.base_text} in the case, varied {own.range()})")
    if not outside:
        return []
    return [f"The ranges exclude what the case says of {', '.join(outside)}: no point repeats the case there."]


def failures(outcomes: pd.DataFrame, most: int = 3) -> str:
    """A loud line where most points failed: how many, and the most frequent messages; else nothing."""
    failed = outcomes[outcomes["status"] == "error"]
    points, of = failed["point"].nunique(), outcomes["point"].nunique()
    if 2 * points <= of:
        return ""
    counts = failed.drop_duplicates(["point", "message"])["message"].fillna("no message").value_counts(sort=False)
    order = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    told = "; ".join(f"{count:,} × {message}" for message, count in order[:most])
    more = f"; and {len(order) - most:,} other messages" if len(order) > most else ""
    return f"MOST POINTS FAILED: {points:,} of {of:,} could not be computed: {told}{more}"


def rows_of(table: pd.DataFrame, key: Mapping[str, str]) -> pd.DataFrame:
    """The rows of one good, member, cutoff and reading."""
    return table[np.logical_and.reduce([table[name] == key[name] for name in KEY])]


def _matters(found: pd.DataFrame, ends: pd.DataFrame) -> str:
    """The two factors that matter most, by index where there are indices, else by what each moves by itself."""
    index = next((name for name in ("ST", "mu_star") if name in set(found["index"])), None)
    if index is None:
        return f"What it rests on, one at a time: {tornado_text(ends)}."
    rows = found[(found["index"] == index) & (found["outcome"] != OF_NONE)]
    if (rows["value_high"] - rows["value_low"]).max() > 1.0 and index == "ST":
        return "Too few points to say what matters most: the intervals of the Sobol indices are wider than 1."
    most = rows.sort_values("value", ascending=False, kind="stable").head(2).to_dict("records")
    called = {"ST": "Sobol index ST", "mu_star": "Morris index mu*"}[index]
    shown = []
    for one in most:
        value, low, high = (f"{round(one[name], 2) + 0.0:.2f}" for name in ("value", "value_low", "value_high"))
        shown.append(f"{one['in_words']} {value} ({low} to {high})")
    return f"What matters most, by {called}: {', then '.join(shown)}."


def _turns(found: pd.DataFrame, ends: pd.DataFrame) -> list[str]:
    """Where the share crosses the target, for the two factors that move it most; nothing without a target."""
    if found.empty:
        return []
    order = list(ends["factor"])
    crossing = found[found["below"].notna()]
    crossing = crossing.sort_values("factor", key=lambda names: names.map(order.index), kind="stable").head(2)
    if crossing.empty:
        target = factor_words.share_text(float(found["target"].iloc[0]))
        return [f"Break-even: no factor by itself takes the share across {target}."]
    shown = [f"{row['in_words']}: {row['text'].partition(';')[0]}" for row in crossing.to_dict("records")]
    return [f"Break-even, one at a time: {'; '.join(shown)}."]


MAKERS: dict[str, Callable[[Group], list[dict[str, Any]]]] = {
    "tornado": tornado,
    "verdicts": verdicts,
    "spread": spread,
    "indices": indices,
    "heat_map": heat_map,
    "break_even": break_even,
    "rules": rules,
}


def _table(name: str, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """A table as the schema declares it: numbers as floats, texts that are missing as empty."""
    frame = pd.DataFrame(list(rows), columns=list(STUDY[name].names))
    for column in STUDY[name].columns:
        cells = frame[column.name]
        frame[column.name] = cells.astype(float) if column.kind in NUMBERS else cells.astype(object).fillna("")
    return frame
