"""How much each member has to fear from each target: four factors, two means, ranks, and how far members differ.

The factors are those of the balance of threat (Walt 1987, "The Origins of Alliances"): aggregate power, offensive
capability, proximity and intentions. Each lies between 0 and 1 for a pair of member m and target t:

- economy: GDP_t / (GDP_m + GDP_t);
- military: C_t / (C_m + C_t), C the composite index of national capability (Singer, Bremer and Stuckey 1972);
- proximity: exp(−d / d0), d the distance between the largest cities;
- hostility: |p_m − p_t| over the widest distance of any two countries, p the ideal points of their votes in the UN
  General Assembly (Bailey, Strezhnev and Voeten 2017, "Estimating dynamic state preferences").

The means put targets and members in order. They are no probabilities, and what is not known is not guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from resilience.economics.economy import Economy, Figure
from resilience.economics.footing import spread, status_of
from resilience.errors import Finding, InputError
from resilience.inputs.case import Case
from resilience.inputs.sanctions_settings import FACTORS, THREAT, USUAL_TARGETS
from resilience.schema import SECURITY

ESTIMATED, UNKNOWN = "estimated", "unknown"
OF_FACTOR = {"economy": "gdp_usd", "military": "capability", "hostility": "ideal_point"}
IN_WORDS = {"economy": "GDP", "military": "capability", "proximity": "distance", "hostility": "UN votes"}


def targets_of(case: Case) -> tuple[str, ...]:
    """The case's targets, else those its cutoffs name and the usual ones; members are no targets of each other.

    Of a coalition that a cutoff names, countries of which an indicator is not known stand for nobody beside one of
    which all are: they have no mean, and are left out.
    """
    raw = case.file.raw.get("threat", {}).get("targets")
    named = [raw] if isinstance(raw, str) else raw
    names = named or [*(name for cutoff in case.file.cutoffs for name in cutoff.cut), *USUAL_TARGETS]
    countries = set(case.data.countries["country"])
    found = dict.fromkeys(country for name in names for country in case.groups.get(name, (name,)))
    aside = {} if named else beside_others(case)
    return tuple(c for c in found if c in countries and c not in case.members and c not in aside)


def beside_others(case: Case) -> dict[str, str]:
    """Country → coalition of a cutoff, where another country of it has every indicator and this one has not."""
    economy, weights = Economy(case.data, _year(case)), weights_of(case.file.raw)
    asked = [indicator for factor, indicator in OF_FACTOR.items() if weights[factor] > 0]
    names = {name for cutoff in case.file.cutoffs for name in cutoff.cut}
    found: dict[str, str] = {}
    for name in sorted(names & set(case.groups)):
        lacking = {c: any(np.isnan(economy.indicator(one, c).value) for one in asked) for c in case.groups[name]}
        if not all(lacking.values()):
            found |= {
                c: name for c, lacks in lacking.items() if lacks and c not in names and c not in USUAL_TARGETS
            }
    return found


def _year(case: Case) -> int:
    """The year of the figures, or the latest before it."""
    return int(case.file.raw.get("threat", {}).get("vintage", case.file.year))


def weights_of(raw: Mapping[str, Any]) -> dict[str, float]:
    """Factor → weight, as the case says, else the default."""
    given, default = raw.get("threat", {}).get("weights", {}), THREAT["weights"].default
    return {factor: float(given.get(factor, default)) for factor in FACTORS}


def factors(
    economy: Economy, member: str, target: str, distance_km: float
) -> tuple[dict[str, float], dict[str, int | None]]:
    """Factor → value of a pair, NaN if not known, and factor → year of the older figure."""
    values: dict[str, float] = {}
    years: dict[str, int | None] = {}

    def pair(factor: str) -> tuple[Figure, Figure]:
        mine, other = (economy.indicator(OF_FACTOR[factor], country) for country in (member, target))
        known = [figure.year for figure in (mine, other) if figure.year is not None]
        years[factor] = min(known, default=None)
        return mine, other

    for factor in ("economy", "military"):
        mine, other = pair(factor)
        both = mine.value + other.value
        values[factor] = other.value / both if both > 0 else np.nan
    values["proximity"] = float(np.exp(-economy.km(member, target) / distance_km))
    mine, other = pair("hostility")
    width = economy.spread(OF_FACTOR["hostility"])
    values["hostility"] = abs(mine.value - other.value) / width if width > 0 else np.nan
    return {factor: values[factor] for factor in FACTORS}, years


def means(values: Mapping[str, float], weights: Mapping[str, float]) -> tuple[float, float]:
    """Weighted geometric and arithmetic mean; NaN if a factor with a weight is not known."""
    used = [factor for factor in FACTORS if weights[factor] > 0]
    x = np.array([values[factor] for factor in used])
    w = np.array([weights[factor] for factor in used])
    w = w / w.sum()
    if np.isnan(x).any():
        return np.nan, np.nan
    with np.errstate(divide="ignore"):
        return float(np.exp((w * np.log(x)).sum())), float((w * x).sum())


def threat_tables(case: Case) -> tuple[dict[str, pd.DataFrame], list[Finding]]:
    """The tables ``threat`` and ``divergence`` of a case, and what is missing.

    Raises :class:`~resilience.errors.InputError` if there is no target.
    """
    raw = case.file.raw
    targets, weights = targets_of(case), weights_of(raw)
    given = raw.get("threat", {})
    year = _year(case)
    distance_km = float(given.get("distance_km", THREAT["distance_km"].default))
    if not targets:
        message = 'there is no target; name countries outside the members, for example targets = ["CHN", "RUS"]'
        raise InputError([Finding("error", case.file.path.name, None, "threat.targets", message)])
    economy = Economy(case.data, year)
    rows = [_row(economy, member, target, distance_km, weights) for member in case.members for target in targets]
    table = pd.DataFrame(rows)
    table["rank"] = _rank(table, "member", "geometric")
    table["rank_arithmetic"] = _rank(table, "member", "arithmetic")
    table["rank_member"] = _rank(table, "target", "geometric")
    table = table[list(SECURITY["threat"].names)]
    findings = _findings(case, economy, targets, weights, year)
    return {"threat": table, "divergence": divergence_table(table)}, findings


def _rank(table: pd.DataFrame, by: str, column: str) -> pd.Series:
    return table.groupby(by, sort=False)[column].rank(ascending=False, method="min")


def _row(
    economy: Economy, member: str, target: str, distance_km: float, weights: Mapping[str, float]
) -> dict[str, Any]:
    values, years = factors(economy, member, target, distance_km)
    geometric, arithmetic = means(values, weights)
    missing = []
    for factor, name in IN_WORDS.items():
        if np.isnan(values[factor]):
            lacking = [member, target]
            if factor in OF_FACTOR:
                lacking = [c for c in lacking if np.isnan(economy.indicator(OF_FACTOR[factor], c).value)]
            missing.append(f"{name} of {' and '.join(lacking)}")
    vintage = [f"{IN_WORDS[factor]} {year or 'not stated'}" for factor, year in years.items()]
    return {
        "member": member,
        "target": target,
        **values,
        "geometric": geometric,
        "arithmetic": arithmetic,
        "vintage": ", ".join(vintage),
        "status": UNKNOWN if np.isnan(geometric) else ESTIMATED,
        "missing": ", ".join(missing),
    }


def divergence_table(threat: pd.DataFrame) -> pd.DataFrame:
    """The table ``divergence``: spread of the geometric mean over members, by target."""
    rows = []
    for target, part in threat.groupby("target", sort=False):
        known = part.dropna(subset=["geometric"])
        measures, counted, left_out = spread(part["geometric"].tolist(), part["member"].tolist())
        ends = (
            [
                str(known["member"].iloc[int(place)]) if len(known) else ""
                for place in (known["geometric"].argmax(), known["geometric"].argmin())
            ]
            if len(known)
            else ["", ""]
        )
        for measure, value in measures.items():
            vintage = "; ".join(dict.fromkeys(known["vintage"]))
            rows.append((target, measure, value, *ends, counted, left_out, vintage, status_of(value)))
    return pd.DataFrame(rows, columns=list(SECURITY["divergence"].names))


def _findings(
    case: Case, economy: Economy, targets: Sequence[str], weights: Mapping[str, float], year: int
) -> list[Finding]:
    findings = []

    def say(column: str, message: str, severity: str = "warning") -> None:
        findings.append(Finding(severity, "threat", None, column, message))

    names = case.data.names()
    if "targets" not in case.file.raw.get("threat", {}) and (aside := beside_others(case)):
        listed = ", ".join(f"{names.get(c, c)} ({c}, of {group})" for c, group in aside.items())
        say(
            "target",
            f"{listed}: no targets of their own, as figures of them are missing; name them under threat.targets "
            "to have their rows",
            "info",
        )
    years = set()
    for factor, indicator in OF_FACTOR.items():
        if not weights[factor]:
            continue
        figures = {c: economy.indicator(indicator, c) for c in dict.fromkeys((*case.members, *targets))}
        missing = [c for c, figure in figures.items() if np.isnan(figure.value)]
        years |= {figure.year for figure in figures.values() if figure.year is not None}
        if missing:
            listed = ", ".join(f"{names[c]} ({c})" for c in missing)
            why = "; who has no vote in the General Assembly has none" if factor == "hostility" else ""
            say(factor, f"no {IN_WORDS[factor]} up to {year} of {listed}{why}: rows with them are unknown")
    far = [(m, t) for m in case.members for t in targets if np.isnan(economy.km(m, t))]
    if far and weights["proximity"]:
        say("proximity", f"no distance of {', '.join('–'.join(pair) for pair in far)}: these rows are unknown")
    if len(years) > 1 or (years and max(years) < year):
        say(
            "vintage",
            f"years are mixed: figures are of {', '.join(map(str, sorted(years)))}, the latest up to {year}; "
            "votes before 2022 do not show what Russia's war has changed",
            "info",
        )
    return findings
