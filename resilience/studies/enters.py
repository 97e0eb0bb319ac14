"""Where each number of a case enters the programmes, found by changing it and comparing.

A parameter study fills a compiled programme with other numbers where it can (``templates``). Which numbers of the
case allow that, and which force the model to be built anew, is not written down by hand: :func:`enters` changes
one after the other and looks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyomo.environ as pyo

from resilience.families import all_figures, couple_family, model_data
from resilience.inputs.case import Case, load
from resilience.model import PART, build, build_chain
from resilience.program import Program
from resilience.templates import Data, Template

Rules = Callable[..., pyo.ConcreteModel]
COLUMNS = ("parameter", "change", "right_hand_sides", "coefficients", "bounds", "costs", "sizes", "new_model")
SAME = 1e-12  # relative difference of entries that are equal but for rounding


@dataclass(frozen=True)
class Change:
    """One thing changed: ``key=value`` texts as ``--set`` takes them, ``before`` on both sides of the comparison.

    ``options`` are further arguments of ``load`` for the changed case: goods, members, year.
    """

    parameter: str
    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    options: Mapping[str, Any] | None = None

    @property
    def shown(self) -> str:
        """The change in words: the new value, or old → new where ``before`` sets one."""
        texts = [text.partition("=")[2] for text in (*self.before, *self.after)]
        for what in (self.options or {}).values():
            texts.append(", ".join(what) if isinstance(what, tuple) else str(what))
        return " → ".join(texts)


def enters(case: Case, changes: Sequence[Change]) -> pd.DataFrame:
    """One row a change: in which rules, variables and objectives numbers differ, or why a new model is needed.

    The cells of ``right_hand_sides`` and ``coefficients`` name rules, of ``bounds`` and ``sizes`` (the scale of a
    variable) variables, of ``costs`` objectives, each by the names in ``model`` and as a comma-separated list.
    Raises :class:`~resilience.errors.InputError` if a changed case does not load.
    """
    rows = []
    known: dict[tuple[str, ...], dict[str, tuple[Template, Data]]] = {}
    for change in changes:
        if change.before not in known:
            own = programmes(load(case.file.path, overrides=change.before))
            known[change.before] = {name: (Template(rules, data), data) for name, (rules, data) in own.items()}
        before = known[change.before]
        overrides = (*change.before, *change.after)
        after = programmes(load(case.file.path, overrides=overrides, **(change.options or {})))
        cells = dict.fromkeys(COLUMNS[2:], "")
        try:
            cells |= {kind: ", ".join(sorted(names)) for kind, names in _in_place(before, after).items()}
        except ValueError as reason:
            cells["new_model"] = str(reason)
        rows.append({"parameter": change.parameter, "change": change.shown, **cells})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _in_place(
    before: Mapping[str, tuple[Template, Data]], after: Mapping[str, tuple[Any, Data]]
) -> dict[str, set[str]]:
    """Where the programmes differ; :class:`ValueError` with the reason if a model must be built anew."""
    if list(before) != list(after):
        raise ValueError("other goods, or goods coupled otherwise")
    for name, (template, _) in before.items():
        reason = template.fits(after[name][1])
        if reason is not None:
            raise ValueError(reason)
    found: dict[str, set[str]] = {}
    for name, (template, data) in before.items():
        for kind, names in differences(template.at(data), template.at(after[name][1])).items():
            found.setdefault(kind, set()).update(names)
    return found


def programmes(case: Case) -> dict[str, tuple[Rules, Data]]:
    """What is built for a case, by name: goods that stand alone, and chains of those that hang together."""
    figures = {good: data for good, data in all_figures(case).items() if data is not None and data.members}
    found: dict[str, tuple[Rules, Data]] = {}
    for family in case.families:
        goods = {good: figures[good] for good in family if good in figures}
        chained: set[str] = set()
        for coupled in couple_family(case, goods):
            found[" and ".join(coupled.whole)] = build_chain, coupled.joint
            chained |= set(coupled.whole)
        for good, data in goods.items():
            if good not in chained:
                pooled = bool(data.settings["solidarity"].value)
                found[good] = build, model_data(case, data, goods, pooled=pooled)
    return found


def differences(one: Program, other: Program) -> dict[str, set[str]]:
    """The names under which two programs of one structure differ, by kind of array; in the model's own units."""
    column_names, row_names = _names(one.columns, one.matrix.shape[1]), _names(one.rows, one.matrix.shape[0])
    rows = np.repeat(np.arange(one.matrix.shape[0]), np.diff(one.matrix.indptr))
    entries = [program.matrix.data / program.column_size[program.matrix.indices] for program in (one, other)]
    bounds = [
        np.stack([program.column_lower, program.column_upper]) * program.column_size for program in (one, other)
    ]
    return {
        "right_hand_sides": set(
            row_names[_unlike(one.row_lower, other.row_lower) | _unlike(one.row_upper, other.row_upper)]
        ),
        "coefficients": set(row_names[rows[_unlike(*entries)]]),
        "bounds": set(column_names[_unlike(*bounds).any(axis=0)]),
        "costs": {
            name.rpartition(PART)[2]
            for name, cost in one.objectives.items()
            if _unlike(cost / one.column_size, other.objectives[name] / other.column_size).any()
        },
        "sizes": set(column_names[_unlike(one.column_size, other.column_size)]),
    }


def _unlike(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return ~np.isclose(one, other, rtol=SAME, atol=0.0)


def _names(named: Mapping[str, Mapping[Any, int]], count: int) -> np.ndarray:
    """Position → name of the component, without the good."""
    names = np.full(count, "", dtype=object)
    for name, places in named.items():
        names[list(places.values())] = name.rpartition(PART)[2]
    return names


def markdown(table: pd.DataFrame) -> str:
    """The table of :func:`enters` for a page of documentation."""
    titles = [name.replace("_", " ") for name in COLUMNS]
    lines = [" | ".join(titles), " | ".join("---" for _ in titles)]
    for row in table.to_dict("records"):
        cells = [f"`{row['parameter']}`", row["change"], *(_cell(name, row[name]) for name in COLUMNS[2:])]
        lines.append(" | ".join(cells))
    return "".join(f"| {line} |\n" for line in lines)


def _cell(name: str, text: str) -> str:
    if name == "sizes":
        return "yes" if text else ""
    return text if name == "new_model" else ", ".join(f"`{one}`" for one in text.split(", ") if one)
