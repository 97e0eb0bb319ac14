"""Partners in tiers: how countries score by the case's criteria, and what each tier or grouping would add.

A tier or grouping is added to the region with its credit, every good is solved anew, and the difference to the
case as written is reported: in the gap between least share and today's (a larger region raises both), in verdicts,
in new capacity and purchases to be moved, in what the cheapest surviving plans with shares no higher than the
requirement cost a year, and in how evenly sanctions fall on members. The tiers of the debate on NATO's
partnerships are the preset; their credits and the thresholds of scores are assumptions.

Goods that survive as they are bought today keep that verdict in a larger region (unless outsiders are given a
larger surge than the region), so that by default only the others are solved anew, with the goods that they hang
together with.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from resilience.economics.burden_words import bound, parts_unknown
from resilience.economics.costed import yearly_cost
from resilience.economics.costs import at_least
from resilience.economics.economy import Economy, Trade, read_trade
from resilience.economics.footing import MEASURES, spread
from resilience.economics.sanction_losses import AFTER, losses_of, target_of
from resilience.errors import Finding, SolverError
from resilience.families import all_figures, solve_family
from resilience.inputs.balance import GoodData
from resilience.inputs.case import Case, credits_of
from resilience.inputs.sanctions_settings import (
    CRITERIA,
    CRITERIA_WEIGHTS,
    GROUPINGS,
    PRESET_CREDITS,
    PRESET_TIERS,
    THREAT,
    THRESHOLDS,
)
from resilience.processes import in_processes
from resilience.results import Result
from resilience.schema import ALL, SECURITY, STATUS_WORDS

Progress = Callable[[str, int, int], None]

CANDIDATES = "not in a tier"
NO_TIER = "none"
MEMBER = "member"  # in place of a tier
ORDER = [status for status in STATUS_WORDS if status != "unknown"]  # from good to bad
ESTIMATED, UNKNOWN = "estimated", "unknown"
OF_GOOD = ("requirements", "plan", "capacity")


@dataclass(frozen=True)
class Grouping:
    """A tier or grouping: its countries, each with the credit it would have."""

    name: str
    credit: Mapping[str, float]
    tier: bool


def tiers_in(case: Case) -> list[Grouping]:
    """The case's tiers, else the preset, then its groupings, else the coalitions that the debate names."""
    raw, known = case.file.raw.get("partners", {}), set(case.data.countries["country"])
    given = raw.get("tiers", PRESET_TIERS)
    credits = {**PRESET_CREDITS, **raw.get("credits", {})}
    found = []
    for name, names in given.items():
        listed = [names] if isinstance(names, str) else names
        countries = dict.fromkeys(country for one in listed for country in case.groups.get(one, (one,)))
        found.append(Grouping(name, {c: float(credits.get(name, 1.0)) for c in countries if c in known}, True))
    asked = raw.get("groupings", GROUPINGS)
    for name in [asked] if isinstance(asked, str) else asked:
        if name in case.groups:
            found.append(Grouping(name, credits_of(case.data, name), False))
        elif name in known:
            found.append(Grouping(name, {name: 1.0}, False))
    return found


# -- scores ----------------------------------------------------------------------------------------------


class Scores:
    """The criteria of every country, and the tier that their weighted mean reaches."""

    def __init__(self, case: Case, figures: Mapping[str, GoodData | None]):
        raw = case.file.raw.get("partners", {})
        self.case, self.members = case, case.members
        given = raw.get("criteria", CRITERIA_WEIGHTS)
        self.weights = {name: float(given.get(name, 0.0)) for name in CRITERIA}
        self.thresholds = dict(sorted(raw.get("thresholds", THRESHOLDS).items(), key=lambda item: -item[1]))
        self.distance_km = float(raw.get("distance_km", THREAT["distance_km"].default))
        self.economy = Economy(case.data, case.file.year)
        self.trade: Trade | None = read_trade(case.data)
        self.cut = {
            c for cutoff in case.file.cutoffs for name in cutoff.cut for c in case.groups.get(name, (name,))
        }
        self.goods = [data for good in case.goods if (data := figures[good]) is not None and data.members]
        self.outside = {
            data.good: float(data.baseline.loc[~data.baseline.index.isin(case.credit)].to_numpy().sum())
            for data in self.goods
        }

    def criteria(self, country: str) -> dict[str, float]:
        """Criterion → value between 0 and 1, NaN if not known."""
        points = [self.economy.indicator("ideal_point", name).value for name in (country, *self.members)]
        width = self.economy.spread("ideal_point")
        others = np.array([p for p, member in zip(points[1:], self.members, strict=True) if member != country])
        apart = float(np.mean(np.abs(others - points[0])) / width) if width > 0 and len(others) else np.nan
        km = [self.economy.km(country, member) for member in self.members if member != country]
        return {
            "alignment": 1.0 - apart,
            "independence": self._independence(country),
            "proximity": float(np.mean(np.exp(-np.array(km) / self.distance_km))) if km else np.nan,
            "supply": self._supply(country),
        }

    def _independence(self, country: str) -> float:
        place = None if self.trade is None else self.trade.place(country)
        if place is None or self.trade is None:
            return np.nan
        bought = self.trade.sold[:, :, place].sum(axis=1)
        bought[place] = 0.0
        total = bought.sum()
        return float(1.0 - bought[self.trade.places(self.cut)].sum() / total) if total > 0 else np.nan

    def _supply(self, country: str) -> float:
        parts = [
            min(1.0, float(data.capacity.get(country, 0.0)) / self.outside[data.good])
            for data in self.goods
            if self.outside[data.good] > 0
        ]
        return float(np.mean(parts)) if parts else np.nan

    def score(self, values: Mapping[str, float]) -> float:
        """The weighted mean of the criteria that are known; NaN if none is."""
        known = [name for name in CRITERIA if self.weights[name] > 0 and not np.isnan(values[name])]
        weight = sum(self.weights[name] for name in known)
        return sum(self.weights[name] * values[name] for name in known) / weight if weight else np.nan

    def tier(self, score: float) -> str:
        """The highest tier whose threshold the score reaches."""
        return next((name for name, least in self.thresholds.items() if score >= least), NO_TIER)

    def row(self, grouping: str, country: str, credit: float) -> dict[str, Any]:
        """A country's row of the table ``tiers``."""
        values = self.criteria(country)
        score = self.score(values)
        missing = [name for name in CRITERIA if self.weights[name] > 0 and np.isnan(values[name])]
        return {
            "grouping": grouping,
            "country": country,
            "credit": credit,
            **values,
            "score": score,
            "tier_by_score": MEMBER
            if country in self.members
            else UNKNOWN
            if np.isnan(score)
            else self.tier(score),
            "gap_text": self._gap(country, values, score, missing),
            "status": UNKNOWN if np.isnan(score) else ESTIMATED,
            "missing": ", ".join(f"{name} ({CRITERIA[name]})" for name in missing),
        }

    def _gap(self, country: str, values: Mapping[str, float], score: float, missing: Sequence[str]) -> str:
        """What a country would need to count fully; nothing for members, which do."""
        if country in self.members:
            return f"{MEMBER}: counts fully already"
        if country in self.cut:
            return "is cut off by the case itself"
        top, least = next(iter(self.thresholds.items()))
        parts = []
        if not np.isnan(score) and score < least:
            short = sorted(
                (name for name in CRITERIA if self.weights[name] > 0 and values[name] < least),
                key=lambda name: values[name] - least,
            )
            lacking = ", ".join(f"{name} {values[name]:.2f}" for name in short)
            parts.append(f"{least - score:.2f} below {top} ({least:g}); below it: {lacking}")
        elif not np.isnan(score):
            parts.append(f"counts fully by score ({score:.2f})")
        if missing:
            parts.append(f"not known: {', '.join(missing)}")
        return "; ".join(parts)


# -- what a grouping adds ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What the goods of a case need with some region; ``gap`` and ``status`` by good, USD a year.

    ``footing`` holds the measures of :mod:`~resilience.economics.footing` of losses after the requirement,
    ``cost`` the parts of :func:`~resilience.economics.costed.yearly_cost`, ``solved`` the tables behind it by
    good, so that goods that do not change need not be solved again, ``left_out`` members of unknown loss.
    """

    gap: Mapping[str, float]
    status: Mapping[str, str]
    capacity_usd: float
    moved_usd: float
    footing: Mapping[str, float]
    cost: Mapping[tuple[str, str, str], float]
    solved: Mapping[str, Mapping[str, pd.DataFrame]] = field(default_factory=dict, repr=False)
    left_out: str = ""


def outcome(
    case: Case, target: Sequence[str], kept: Mapping[str, Mapping[str, pd.DataFrame]] | None = None
) -> Outcome:
    """Solve every good of a case, in the planned reading of all members; ``kept`` holds goods taken as they are.

    A family is solved unless all of its goods are kept.
    """
    figures = all_figures(case)
    kept = kept or {}
    solved: dict[str, Mapping[str, pd.DataFrame]] = {}
    for family in case.families:
        ready = {good: data for good in family if (data := figures[good]) is not None}
        used = [good for good, data in ready.items() if data.members]
        if all(good in kept for good in used):
            solved |= {good: kept[good] for good in used}
        else:
            found = solve_family(case, ready, explain=False)
            solved |= {good: {name: getattr(one, name) for name in OF_GOOD} for good, one in found.items()}
    every = {name: pd.concat([of_good[name] for of_good in solved.values()]) for name in OF_GOOD}
    tables = {name: frame[frame["good"].isin(case.goods)] for name, frame in every.items()}
    rows = tables["requirements"]
    rows = rows[(rows["member"] == ALL) & (rows["cutoff"] == ALL) & (rows["reading"] == "planned")]
    built = tables["capacity"]
    price = {good: _median_price(data) for good, data in figures.items() if data is not None}
    worth = [
        float(z) * price.get(good, np.nan) for good, z in zip(built["good"], built["new_capacity"], strict=True)
    ]
    moved = tables["plan"]["extra_cost_usd"].astype(float)
    losses = losses_of(case, target, Result({}, tables))
    everybody = np.ones((1, len(case.members)), dtype=bool)
    footing, _, left_out = spread(losses.of_members(AFTER, everybody)[0].tolist(), case.members)
    return Outcome(
        dict(zip(rows["good"], rows["gap"].astype(float), strict=True)),
        dict(zip(rows["good"], rows["status"], strict=True)),
        float(np.nansum(worth)),
        float(moved[moved > 0].sum()),
        footing,
        yearly_cost(case, every),
        solved,
        left_out,
    )


def _median_price(data: GoodData) -> float:
    prices = data.price.to_numpy(dtype=float)[data.baseline.to_numpy(dtype=float) > 0]
    prices = prices[~np.isnan(prices)]
    return float(np.median(prices)) if len(prices) else np.nan


def difference(before: Outcome, after: Outcome) -> dict[str, Any]:
    """What changes from one outcome to the other, as columns of the table ``tiers``."""
    both = [
        good for good, gap in before.gap.items() if not np.isnan(gap) and not np.isnan(after.gap.get(good, np.nan))
    ]
    moved = [
        ORDER.index(after.status[good]) - ORDER.index(status)
        for good, status in before.status.items()
        if status in ORDER and after.status.get(good) in ORDER
    ]
    gaps = [after.gap[good] - before.gap[good] for good in both]
    paid = {part: (before.cost.get(part, np.nan), usd) for part, usd in after.cost.items()}
    known = [new - old for old, new in paid.values() if not np.isnan(old) and not np.isnan(new)]
    same = before.left_out == after.left_out  # else measures of other members would be compared
    return {
        "adds_to_requirement": float(np.mean(gaps)) if gaps else np.nan,
        "better": float(sum(step < 0 for step in moved)),
        "worse": float(sum(step > 0 for step in moved)),
        "adds_to_capacity_usd": after.capacity_usd - before.capacity_usd,
        "adds_to_moved_usd": after.moved_usd - before.moved_usd,
        "cost_usd": total_cost(after)[0],
        "adds_to_cost_usd": float(sum(known)) if known else np.nan,
        "unknown_parts": float(len(paid) - len(known)),
        **{f"adds_to_{name}": after.footing[name] - before.footing[name] if same else np.nan for name in MEASURES},
    }


def total_cost(found: Outcome) -> tuple[float, int]:
    """What the requirement costs all members in USD a year, at least, and how many parts of it are unknown."""
    unknown = sum(np.isnan(usd) for usd in found.cost.values())
    return at_least(found.cost.values(), unknown), unknown


def changed_verdicts(case: Case, before: Outcome, after: Outcome) -> list[str]:
    """Which goods get a better and which a worse verdict, with both verdicts, in words."""
    labels = {row.good: row.label for row in case.data.goods.itertuples()}
    found: dict[str, list[str]] = {"better": [], "worse": []}
    for good, old in before.status.items():
        new = after.status.get(good, UNKNOWN)
        if old in ORDER and new in ORDER and old != new:
            step = "better" if ORDER.index(new) < ORDER.index(old) else "worse"
            found[step].append(f"{labels.get(good, good)} ({old} → {new})")
    return [f"{step}: {', '.join(goods)}" for step, goods in found.items() if goods]


def tiers_table(
    case: Case, progress: Progress | None = None, *, every_good: bool = False, workers: int = 1
) -> tuple[pd.DataFrame, list[Finding]]:
    """The table ``tiers`` and what is missing; raises what :func:`resilience.solve` raises.

    Where the solver gives no certified answer for a grouping, its row is unknown and a finding says so.
    """
    scores = Scores(case, all_figures(case))
    groupings = tiers_in(case)
    target = target_of(case)
    report = progress or (lambda name, done, total: None)
    added = {one.name: _added(case, one, scores.cut) for one in groupings}
    regions = list(dict.fromkeys(inside for inside in added.values() if inside))
    report("as written", 0, len(regions) + 1)
    before = outcome(case, target)
    report("as written", 1, len(regions) + 1)
    met = {good for good, status in before.status.items() if status == "met"}
    kept = {} if every_good else {good: tables for good, tables in before.solved.items() if good in met}
    found: dict[Added, Outcome | SolverError] = {}
    for inside, after in _outcomes(case, target, kept, regions, workers):
        found[inside] = after
        names = [name for name, these in added.items() if these == inside]
        report(", ".join(names), len(found) + 1, len(regions) + 1)
    rows: list[dict[str, Any]] = []
    for grouping in groupings:
        rows.append(_whole(case, grouping, before, found.get(added[grouping.name]), added[grouping.name]))
        if grouping.tier:
            rows += [scores.row(grouping.name, country, credit) for country, credit in grouping.credit.items()]
    named = {country for grouping in groupings if grouping.tier for country in grouping.credit}
    rows += _candidates(case, scores, named)
    table = pd.DataFrame(rows).reindex(columns=list(SECURITY["tiers"].names))
    return table, _findings(case, table, sorted(met) if kept else [], scores, before, found.values())


Added = tuple[tuple[str, float], ...]  # country and credit of those a grouping adds to the region


def _added(case: Case, grouping: Grouping, cut: Collection[str]) -> Added:
    return tuple((c, k) for c, k in grouping.credit.items() if case.credit.get(c, -1.0) < k and c not in cut)


def _outcomes(
    case: Case,
    target: Sequence[str],
    kept: Mapping[str, Mapping[str, pd.DataFrame]],
    regions: Sequence[Added],
    workers: int,
) -> Iterator[tuple[Added, Outcome | SolverError]]:
    """Each region with what it comes to, as they are done: one after the other or in several processes."""
    cases = {inside: replace(case, credit={**case.credit, **dict(inside)}) for inside in regions}
    if workers <= 1 or len(regions) < 2:
        for inside, larger in cases.items():
            yield inside, _tried(larger, target, kept)
        return
    yield from in_processes(_tried, {inside: (larger, target, kept) for inside, larger in cases.items()}, workers)


def _tried(
    case: Case, target: Sequence[str], kept: Mapping[str, Mapping[str, pd.DataFrame]]
) -> Outcome | SolverError:
    """What a region comes to, or why that is not known."""
    try:
        return replace(outcome(case, target, kept), solved={})
    except SolverError as error:
        return error


def _whole(
    case: Case, grouping: Grouping, before: Outcome, after: Outcome | SolverError | None, inside: Added
) -> dict[str, Any]:
    """The row of a grouping together."""
    credit = set(grouping.credit.values())
    row: dict[str, Any] = {"grouping": grouping.name, "country": ALL, "status": ESTIMATED}
    row |= {"year": float(case.file.year), "credit": credit.pop() if len(credit) == 1 else np.nan}
    if after is None:
        text = "adds nobody: all its countries are in the region already, or cut off"
        return row | {"gap_text": text, "status": UNKNOWN}
    known = case.data.names()
    names = ", ".join(known.get(country, country) for country, _ in inside)
    if isinstance(after, SolverError):
        return row | {"gap_text": f"would add {names}; what that changes is not known", "status": UNKNOWN}
    text = "; ".join([f"adds {names} to the region", *changed_verdicts(case, before, after)])
    return row | difference(before, after) | {"gap_text": text}


def _candidates(case: Case, scores: Scores, named: set[str]) -> list[dict[str, Any]]:
    """Other outsiders from which members buy and whose score reaches the highest tier, best first."""
    sellers = dict.fromkeys(name for data in scores.goods for name in data.suppliers)
    top = next(iter(scores.thresholds))
    others = [name for name in sellers if name not in named | set(case.credit) | scores.cut]
    rows = [scores.row(CANDIDATES, name, 0.0) for name in sorted(others)]
    full = [row for row in rows if row["tier_by_score"] == top and not row["missing"]]
    return sorted(full, key=lambda row: -row["score"])


def _findings(
    case: Case,
    table: pd.DataFrame,
    met: Sequence[str],
    scores: Scores,
    before: Outcome,
    found: Collection[Outcome | SolverError],
) -> list[Finding]:
    findings = [
        Finding("warning", "tiers", None, "adds_to_requirement", f"a grouping is not computed: {error}")
        for error in found
        if isinstance(error, SolverError)
    ]
    sizeless = [m for m in case.members if np.isnan(scores.economy.gdp(m).value)]
    if sizeless:
        message = (
            f"no GDP up to {case.file.year} of {', '.join(sizeless)}: left out of range, coefficient of variation "
            "and Gini; give gdp_usd in indicators.csv or countries.csv"
        )
        findings.append(Finding("warning", "tiers", None, "adds_to_gini", message))
    unsure = [m for m in before.left_out.split(", ") if m and m not in sizeless]
    if unsure:
        message = (
            f"what {', '.join(unsure)} would lose by sanctions is unknown: left out of range, coefficient of "
            "variation and Gini; resilience sanctions says why"
        )
        findings.append(Finding("warning", "tiers", None, "adds_to_gini", message))
    usd, unknown = total_cost(before)
    whole = bound(usd, UNKNOWN if unknown else ESTIMATED)
    lacking = f"; {parts_unknown(unknown)}, and so are differences of them: not counted" if unknown else ""
    message = (
        "as written, the cheapest surviving plans whose shares are no higher than the requirement cost all "
        f"members {whole} a year{lacking}"
    )
    findings.append(Finding("warning" if unknown else "info", "tiers", None, "adds_to_cost_usd", message))
    if met:
        message = (
            f"{', '.join(met)} survive as they are bought today and are taken as unchanged by a larger region, "
            "except for goods that they hang together with; --every-good solves them as well"
        )
        findings.append(Finding("info", "tiers", None, "good", message))
    if years := _years(case, scores):
        findings.append(Finding("info", "tiers", None, "year", years))
    countries = table[table["country"] != ALL]
    if len(countries):
        weights = ", ".join(f"{name} {weight:g}" for name, weight in scores.weights.items() if weight > 0)
        message = (
            f"a score is a formula, the mean of the case's criteria by their weights ({weights}), and no "
            "judgement of alliance: it knows of no treaty, and a country may score high that nobody would count on"
        )
        findings.append(Finding("info", "tiers", None, "score", message))
    for name in CRITERIA:
        said = countries["missing"].fillna("").astype(str)  # of no country it holds no text
        lacking = countries["country"][said.str.contains(f"{name} (", regex=False)]
        if len(lacking):
            message = (
                f"{name} is not known of {', '.join(dict.fromkeys(lacking))}: their score is of the other criteria"
            )
            findings.append(Finding("warning", "tiers", None, name, message))
    partly = table[(table["country"] == ALL) & (table["credit"] < 1)]["grouping"].tolist()
    if partly:
        message = (
            f"{', '.join(partly)} counts in part only, so the least share falls without anybody being safer; "
            "look at new capacity and moved purchases"
        )
        findings.append(Finding("warning", "tiers", None, "adds_to_requirement", message))
    if (table["worse"] > 0).any():
        message = (
            "a verdict can get worse with a larger region, because shares are then those of another region: raise "
            "in place of shift says that the larger region's share must rise, not that more is at risk; the "
            "column gap_text names the goods"
        )
        findings.append(Finding("info", "tiers", None, "worse", message))
    message = (
        f"gaps are of goods that have a least share with and without the grouping; values of {case.file.year} or "
        "the latest year before. A grouping's members are taken as willing; nothing here says that they are"
    )
    findings.append(Finding("info", "tiers", None, "adds_to_requirement", message))
    return findings


def _years(case: Case, scores: Scores) -> str:
    """Which years are mixed, as the criteria come from different tables; empty if none are."""
    economy, trade = scores.economy, scores.trade
    years: dict[str, set[int | None]] = {
        "goods": {data.year for data in scores.goods},
        "GDP": {economy.gdp(m).year for m in case.members},
        "votes": {economy.indicator("ideal_point", m).year for m in case.members},
        "total trade": {None if trade is None else trade.year},
    }
    known = {name: sorted(year for year in these if year is not None) for name, these in years.items()}
    if len({year for these in known.values() for year in these}) < 2:
        return ""
    return f"years are mixed: {', '.join(f'{name} of {_listed(these)}' for name, these in known.items() if these)}"


def _listed(years: Sequence[int]) -> str:
    return " and ".join(map(str, years))
