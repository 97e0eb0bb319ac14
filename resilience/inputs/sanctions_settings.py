"""What ``[sanctions]``, ``[threat]`` and ``[partners]`` of a case may set: unit, meaning, default, ground."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from resilience.inputs.burden_settings import Assumption
from resilience.inputs.suggestions import nearest, number_problem

# By good or category; everything else under [sanctions] is one number, or one a member where BY_MEMBER says so.
BY_GOOD = ("substitution",)
BY_MEMBER = ("stake", "yearly_cost")

SANCTIONS: dict[str, Assumption] = {
    one.name: one
    for one in (
        Assumption(
            "substitution",
            "elasticity",
            "how easily users replace a critical good within the year (η)",
            0.5,
            "assumed: uses of low value go first, so more than the 0.04 to 0.1 taken for all energy together",
            least=0.0,
            most=100.0,
            low=0.2,
            high=1.0,
        ),
        Assumption(
            "other_substitution",
            "elasticity",
            "how easily users replace what else a sector buys within the year (η of a whole sector)",
            0.5,
            "assumed: a sector's products replace each other more easily than a critical good",
            least=0.0,
            most=100.0,
            low=0.2,
            high=2.0,
        ),
        Assumption(
            "export_loss",
            "share",
            "part of the value added in exports forgone that is lost; the rest is sold elsewhere or made good",
            0.5,
            "assumed: half is sold elsewhere within the year",
            most=1.0,
            low=0.2,
            high=1.0,
        ),
        Assumption(
            "reach",
            "share",
            "part of other suppliers' free capacity that sanctioning members can buy within the year, together",
            0.5,
            "assumed: half, as contracts and transport take time",
            most=1.0,
            low=0.0,
            high=1.0,
        ),
        Assumption(
            "stocks",
            "share",
            "part of stocks that is used up during the year",
            0.0,
            "assumed: sanctions last, so stocks are not counted",
            most=1.0,
            low=0.0,
            high=1.0,
        ),
        Assumption(
            "stake",
            "share of GDP per share of GDP",
            "what the loss of the target's whole GDP would be worth to a member, in its own GDP",
            None,
            "unknown: a judgement; the break-even stake says how high it must be",
            high=10.0,
            low=0.0,
        ),
        Assumption(
            "yearly_cost",
            "share of GDP a year",
            "what the requirement costs a member a year, where the burden is not computed",
            None,
            "unknown",
            most=1.0,
        ),
        Assumption(
            "growth",
            "share a year",
            "by how much losses grow from one year of sanctions to the next; negative where users adapt",
            0.0,
            "assumed: losses stay as in the first year",
            least=-0.99,
            most=10.0,
            low=-0.3,
            high=0.5,
        ),
        Assumption(
            "years",
            "years",
            "how long a crisis lasts",
            1.0,
            "assumed: as long as the case's horizon in most cases",
            least=1.0,
            most=100.0,
            low=1.0,
            high=5.0,
        ),
        Assumption(
            "probability",
            "share a year",
            "yearly probability of a crisis that the break-even probability is compared with",
            None,
            "unknown: nobody knows it",
            most=1.0,
        ),
    )
}
SANCTIONS_KEYS = ("target", *SANCTIONS)

FACTORS = ("economy", "military", "proximity", "hostility")
THREAT: dict[str, Assumption] = {
    one.name: one
    for one in (
        Assumption(
            "weights",
            "weight",
            "weight of a factor in the means",
            1.0,
            "assumed: the four factors count alike",
            low=0.0,
            high=3.0,
        ),
        Assumption(
            "distance_km",
            "km",
            "distance at which proximity has fallen to 1/e (d0)",
            4000.0,
            "assumed: about the reach of medium-range missiles and the width of a continent",
            least=1.0,
            most=1e6,
            low=1000.0,
            high=10000.0,
        ),
        Assumption(
            "vintage",
            "year",
            "year of the figures, or the latest before it; the case's year unless given",
            None,
            "the case's year",
            least=1900.0,
            most=2200.0,
        ),
    )
}
THREAT_KEYS = ("targets", *THREAT)
# Named as threats or challenges in NATO's Strategic Concept of 2022, paragraphs 8, 13 and 18.
USUAL_TARGETS = ("CHN", "RUS", "PRK", "IRN")

CRITERIA = {
    "alignment": "closeness to the members in the votes of the UN",
    "independence": "part of its inputs that does not come from those cut off",
    "proximity": "nearness to the members",
    "supply": "part of what members buy from outside the region, mean over goods, that it could sell them",
}
PRESET_TIERS: dict[str, tuple[str, ...]] = {
    "Asia-Pacific Four": ("AUS", "JPN", "KOR", "NZL"),
    "tier 1": ("AUS", "AUT", "IRL", "NZL", "CHE"),
    "tier 2": ("GEO", "MDA", "UKR"),
    "tier 3": ("IRQ", "MRT", "KAZ", "MNG"),
}
PRESET_CREDITS = {"Asia-Pacific Four": 1.0, "tier 1": 1.0, "tier 2": 0.75, "tier 3": 0.5}
THRESHOLDS = {"tier 1": 0.6, "tier 2": 0.5, "tier 3": 0.4}
# Weights unless the case gives its own; distance and size count half, as they do not make a friend.
CRITERIA_WEIGHTS = {"alignment": 1.0, "independence": 1.0, "proximity": 0.5, "supply": 0.5}
PARTNERS_KEYS = ("criteria", "tiers", "credits", "thresholds", "groupings", "distance_km")
GROUPINGS = (
    "AUKUS",
    "E3",
    "Joint Expeditionary Force",
    "Northern Group",
    "Visegrad Group",
    "European Intervention Initiative",
    "Five Eyes",
    "EU",
    "NATO",
    "CSTO",
)


def problems(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(key, message) for everything in the three tables of a document that does not fit."""
    known = {"sanctions": SANCTIONS_KEYS, "threat": THREAT_KEYS, "partners": PARTNERS_KEYS}
    for section, keys in known.items():
        table = raw.get(section, {})
        if not isinstance(table, Mapping):
            yield section, f"must be a table, [{section}]"
            continue
        for key, value in table.items():
            where = f"{section}.{key}"
            if key not in keys:
                yield where, f'unknown key "{key}"{nearest(key, keys)}'
            elif key in ("target", "targets", "groupings"):
                if key != "groupings" or value != []:  # no groupings: none are asked for
                    yield from _names(where, value)
            elif section == "partners":
                yield from _partners(where, key, value)
            else:
                yield from _assumption(where, {**SANCTIONS, **THREAT}[key], value)


def _names(where: str, value: Any) -> Iterator[tuple[str, str]]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        yield where, f"{value!r} is neither a name nor a list of names"


def _number(where: str, value: Any, least: float, most: float) -> Iterator[tuple[str, str]]:
    problem = number_problem(value, least, most)
    if problem is not None:
        yield where, problem


def _assumption(where: str, one: Assumption, value: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(value, Mapping):
        if one.name == "weights":
            yield where, f"{value!r} is not a table, for example {{economy = 1, hostility = 2}}"
        else:
            yield from _number(where, value, one.least, one.most)
        return
    if one.name not in (*BY_GOOD, *BY_MEMBER, "weights"):
        yield where, f"{value!r} is not a number"
        return
    for key, number in value.items():
        if one.name == "weights" and key not in FACTORS:
            yield f"{where}.{key}", f'unknown factor "{key}"{nearest(key, FACTORS)}'
        yield from _number(f"{where}.{key}", number, one.least, one.most)
    if one.name == "weights" and not any(value.get(name, one.default) for name in FACTORS):
        yield where, "all weights are 0; give at least one factor a weight"


def _partners(where: str, key: str, value: Any) -> Iterator[tuple[str, str]]:
    if key == "distance_km":
        yield from _number(where, value, 1.0, 1e6)
        return
    if not isinstance(value, Mapping):
        yield where, f"must be a table, [{where}]"
        return
    if key == "thresholds" and not value:
        yield where, "must name at least one tier with its threshold; leave it out for the usual ones"
    if key == "criteria" and not any(value.get(name) for name in CRITERIA):
        yield where, "all criteria weigh 0; give at least one a weight, or leave them out for the usual ones"
    for name, below in value.items():
        if key == "tiers":
            yield from _names(f"{where}.{name}", below)
            continue
        if key == "criteria" and name not in CRITERIA:
            yield f"{where}.{name}", f'unknown criterion "{name}"{nearest(name, CRITERIA)}'
        yield from _number(f"{where}.{name}", below, 0.0, 1.0 if key != "criteria" else math.inf)


def named_countries(raw: Mapping[str, Any]) -> Iterator[tuple[str, Iterable[str]]]:
    """(key, names) of all countries and coalitions that the three tables name."""
    for section, key in (("sanctions", "target"), ("threat", "targets"), ("partners", "groupings")):
        if key in raw.get(section, {}):
            value = raw[section][key]
            yield f"{section}.{key}", [value] if isinstance(value, str) else value
    for name, value in raw.get("partners", {}).get("tiers", {}).items():
        yield f"partners.tiers.{name}", [value] if isinstance(value, str) else value
    for name in BY_MEMBER:
        value = raw.get("sanctions", {}).get(name)
        if isinstance(value, Mapping):
            yield f"sanctions.{name}", [key for key in value if key != "default"]


def number(raw: Mapping[str, Any], name: str, keys: Iterable[str] = ()) -> float:
    """A number of ``[sanctions]``: the first of ``keys`` that its table has, else "default" there, else the
    declared default; NaN where that is unknown."""
    value = raw.get("sanctions", {}).get(name)
    if isinstance(value, Mapping):
        value = next((value[key] for key in (*keys, "default") if key in value), None)
    found = SANCTIONS[name].default if value is None else value
    return math.nan if found is None else float(found)
