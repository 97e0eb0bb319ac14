"""A frontier in words: the values at its corners, and where the share crosses a target."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import pandas as pd

from resilience.inputs import factor_words
from resilience.inputs.case import Case
from resilience.inputs.casefile import number_in
from resilience.inputs.parameters import PARAMETERS, SECTIONS
from resilience.reading.planned import SAME
from resilience.studies.frontiers import EDGE, EXACT, STEP
from resilience.words import percent

NEAR = 4 * EDGE  # of the range: two values so near are one, on both sides of which something else holds


def written(case: Case, good: str, parameter: str, how: str) -> float | None:
    """Where the case as written stands on the axis of a frontier; None where it has no single number."""
    if how != "set":
        return 1.0 if how == "times" else 0.0
    section, _, rest = parameter.partition(".")
    name, _, part = rest.partition(".")
    if section in SECTIONS and name in PARAMETERS:
        found = case.file.settings(good, case.category(good))[name].value
        found = getattr(found, part, None) if PARAMETERS[name].kind == "surge" else found
    else:
        found = number_in(case.file.raw, parameter)
    plain = isinstance(found, (int, float)) and not isinstance(found, bool) and math.isfinite(found)
    return float(found) if plain else None


def value_words(parameter: str, value: float, how: str) -> str:
    """A value of the axis with its unit."""
    return factor_words.value_text(parameter, round(value, 9), how)


def shown_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows a reader wants: those beside each other but for the solver's width are one."""
    width = NEAR * (table["value"].max() - table["value"].min())
    rows: list[dict[str, Any]] = []
    for row in table.to_dict("records"):
        if (
            rows
            and row["value"] - rows[-1]["value"] <= width
            and (row["status"] == "none") == (rows[-1]["status"] == "none")
        ):
            continue
        rows.append({str(name): value for name, value in row.items()})
    return rows


def crossed(table: pd.DataFrame, how: str = "set", target: float | None = None) -> list[tuple[str, str]]:
    """Where the share crosses today's and a target: (name of the share, sentence)."""
    today = float(table["share_today"].iloc[0])
    asked = [("today's share", today)] if not math.isnan(today) else []
    asked += [("the target", target)] if target is not None else []
    return [(name, text) for name, share in asked for text in break_even(table, share, how)]


def break_even(table: pd.DataFrame, target: float, how: str = "set") -> list[str]:
    """Every place where the share crosses a target, in sentences: exact between corners, bracketed elsewhere."""
    crossed = list(_crossings(shown_rows(table), target, how))
    return crossed or [_stays(shown_rows(table), target)]


def _crossings(rows: list[dict[str, Any]], target: float, how: str) -> Iterator[str]:
    share = factor_words.share_text(target)
    for one, other in pairwise(rows):
        over = [_over(row, target) for row in (one, other)]
        if over[0] == over[1]:
            continue
        parameter = str(one["parameter"])
        low, high = (value_words(parameter, row["value"], how) for row in (one, other))
        side = "falls to" if over[0] else "exceeds"
        none = "none" in (one["status"], other["status"])
        if one["kind"] == STEP:
            then = f"from {high} on" if over[0] else f"up to {low}"
            yield f"at most {share} {then}" + (", no share suffices beside it" if none else "")
        elif none and one["kind"] == EXACT:  # outside the corners no share suffices, up to the very edge
            edge, text = (other, high) if one["status"] == "none" else (one, low)
            least = percent(edge["share"], 1)
            yield f"no share suffices {'below' if over[0] else 'above'} {text}; there {least} is enough"
        elif none:
            yield f"{side} {share} between {low} and {high}, where it passes to no share suffices"
        elif one["kind"] == EXACT:
            yield f"{side} {share} at {value_words(parameter, _at(one, other, target), how)}"
        else:
            yield f"{side} {share} between {low} and {high}"


def _at(one: Mapping[str, Any], other: Mapping[str, Any], target: float) -> float:
    part = (target - one["share"]) / (other["share"] - one["share"])
    return float(one["value"] + part * (other["value"] - one["value"]))


def _over(row: Mapping[str, Any], target: float) -> bool:
    return bool(row["status"] == "none" or row["share"] > target + SAME)


def _stays(rows: list[dict[str, Any]], target: float) -> str:
    if all(row["status"] == "none" for row in rows):
        return "no share suffices anywhere in the range"
    side = "above" if _over(rows[0], target) else "at or below"
    return f"stays {side} {factor_words.share_text(target)} in the whole range"


def title(table: pd.DataFrame) -> str:
    """What a frontier shows."""
    return f"Least share by {factor_words.label(str(table['parameter'].iloc[0]))}"


def in_words(table: pd.DataFrame, how: str = "set") -> str:
    """A frontier in a sentence, for those who do not see its picture."""
    parts = []
    for row in shown_rows(table):
        share = "no share suffices" if row["status"] == "none" else percent(row["share"], 1)
        parts.append(f"{value_words(str(row['parameter']), row['value'], how)}: {share}")
    return f"{title(table)}. {'; '.join(parts)}."
