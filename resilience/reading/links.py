"""The table ``chain``: link by link what a good's requirement rests on upstream, in numbers and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from resilience.inputs.recipes import Recipe, upstream
from resilience.reading.planned import SAME
from resilience.reading.requirements import WORST_FIRST, GoodResult
from resilience.schema import ALL, RESULTS, STATUS_WORDS
from resilience.words import percent


def chain_table(
    recipes: Sequence[Recipe],
    units: Mapping[str, str],
    labels: Mapping[str, str],
    results: Mapping[str, GoodResult],
    goods: Sequence[str],
) -> pd.DataFrame:
    """The table ``chain`` from the requirements of goods and their inputs; ``goods`` are those asked for."""
    planned = {}
    for good, result in results.items():
        rows = result.requirements[result.requirements["reading"] == "planned"]
        planned[good] = {(row["member"], row["cutoff"]): row for row in rows.to_dict("records")}
    table = []
    for good in goods:
        if good not in planned:
            continue
        links = [(recipe, stage) for recipe, stage in upstream(good, recipes) if recipe.input in planned]
        vital = {good: True}  # what is needed for something that can be done without can be done without
        for recipe, _ in links:
            vital[recipe.input] = recipe.essential and vital.get(recipe.good, False)
        for (member, cutoff), row in planned[good].items():
            found = []
            for recipe, stage in links:
                below = planned[recipe.input].get((member, cutoff))
                into = results[recipe.good]
                followed = member in into.joint.get(recipe.input, ()) or (
                    member == ALL and recipe.input in into.joint_all
                )
                going = into.going.get((member, cutoff), np.nan)
                status = "unknown" if below is None else below["status"]
                found.append(
                    {
                        "good": good,
                        "member": member,
                        "cutoff": cutoff,
                        "input": recipe.input,
                        "into": recipe.good,
                        "stage": float(stage),
                        "input_per_unit": recipe.per_unit,
                        "recipe_unit": f"{units[recipe.input]}/{units[recipe.good]}",
                        "essential": "yes" if vital[recipe.input] else "no",
                        "joint": "yes" if followed else "no",
                        "share": row["share"],
                        "input_share": np.nan if below is None else below["share"],
                        "input_share_today": np.nan if below is None else below["share_today"],
                        "input_gap": np.nan if below is None else below["gap"],
                        "input_status": status,
                        "recipe_status": recipe.status,
                        "keeps_going": going if recipe.essential else np.nan,
                        "weakest": "no",
                        "text": _text(
                            row, below, (labels[good], labels[recipe.input]), vital[recipe.input], followed
                        ),
                    }
                )
            weak = [
                link for link in found if link["essential"] == "yes" and link["input_status"] in WORST_FIRST[:-1]
            ]
            if weak:
                weakest = min(
                    weak,
                    key=lambda link: (WORST_FIRST.index(link["input_status"]), -np.nan_to_num(link["input_gap"])),
                )
                weakest["weakest"] = "yes"
            table += found
    return pd.DataFrame(table, columns=list(RESULTS["chain"].names))


def _short(label: str) -> str:
    """The label without what it adds in brackets or after a comma."""
    return label.partition(",")[0].partition(" (")[0]


def _text(
    row: Mapping[str, Any],
    below: Mapping[str, Any] | None,
    labels: tuple[str, str],
    vital: bool,
    followed: bool,
) -> str:
    """One link in words; ``labels`` are those of the good and of the input."""
    good, name = map(_short, labels)
    if row["status"] == "none":
        need = f"{good}: no share suffices"
    elif row["status"] == "met":
        need = f"{good}: survives as it is, at {percent(row['share_today'])}"
    else:
        need = f"{good}: {percent(row['share'])}"
    if below is None:
        return f"{need}. Use of {name} is unknown here."
    today = f"{percent(below['share_today'])} today"
    itself = f"{name} by itself {STATUS_WORDS[below['status']]}"
    if below["status"] in ("raise", "build"):
        itself = f"{name} by itself needs {percent(below['share'])}"
    elif below["status"] == "shift":
        itself = f"{name} by itself must come from other suppliers"
    elif below["status"] == "none":
        itself = f"no share of {name} suffices"
    if not vital:
        return f"{need}. {name} can be done without within the crisis; {itself} ({today})."
    if not followed:
        return f"{need}, with makers' inputs as they come today; {itself} ({today})."
    if below["status"] == "none":
        return f"{need}, but {name} fails: no share of it suffices ({today})."
    if below["status"] == "met":
        return f"{need}; {name} survives as it is ({today})."
    built = ", and only with new capacity" if below["status"] == "build" else ""
    if below["share"] <= below["share_today"] + SAME:
        return f"{need}, but only if {name} comes from other suppliers ({today} is enough){built}."
    return f"{need}, but only if {name} reaches {percent(below['share'])} ({today}){built}."
