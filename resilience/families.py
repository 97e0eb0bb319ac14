"""Goods of a case from figures to solved: one by itself, or a family that hangs together through its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from resilience.errors import Finding
from resilience.inputs.balance import GoodData, Trade
from resilience.inputs.case import Case
from resilience.inputs.cutoffs import Availability, availability
from resilience.inputs.parameters import Surge
from resilience.inputs.recipes import needs
from resilience.inputs.upstream import Makers, Upstream
from resilience.model import ModelData, classes_of, prepare
from resilience.origins.sectors import credit_by_content
from resilience.reading.chains import Coupled, couple, solve_chain
from resilience.reading.requirements import GoodResult, solve_good
from resilience.schema import ALL, READINGS, RESULTS


def figures(
    case: Case,
    good: str,
    known: Mapping[str, GoodData | None] | None = None,
    trades: dict[str, Trade | None] | None = None,
) -> GoodData | None:
    """The figures of one good of a case; None if the data set has no year for it.

    What its makers need depends on the goods it goes into; their figures are taken from ``known`` or worked out.
    ``trades`` keeps what cases with other assumptions have in common.
    """
    trades = {} if trades is None else trades
    if good not in trades:
        trades[good] = Trade.of(good, case.data, case.file.year, list(case.members))
    trade = trades[good]
    if trade is None:
        return None
    settings = case.file.settings(good, case.category(good))
    made = {}
    for recipe in case.recipes:
        if recipe.input == good and recipe.essential:
            product = figures(case, recipe.good, None, trades) if known is None else known[recipe.good]
            if product is not None:
                made[recipe.good] = product.made
    needed = needs(good, made, case.recipes)
    return trade.figures(credit_by_content(case, good), settings, needed)


def all_figures(case: Case, trades: dict[str, Trade | None] | None = None) -> dict[str, GoodData | None]:
    """The figures of the goods of a case and of their inputs; ``trades`` as for :func:`figures`."""
    found: dict[str, GoodData | None] = {}
    for good in case.all_goods:
        found[good] = figures(case, good, found, trades)
    return found


def model_data(
    case: Case,
    data: GoodData,
    goods: Mapping[str, GoodData] | None = None,
    *,
    pooled: bool = False,
    region_surge: Surge | None = None,
    last: LastAnswers | None = None,
) -> ModelData:
    """One good of a case in the form the model's rules read; ``region_surge`` in place of the case's.

    ``goods`` are the figures of the goods that go into it; worked out if they are not given. ``last`` is kept by
    whoever asks about one good again and again.
    """
    return _ModelData(case, data, goods, region_surge, last).found(pooled)


@dataclass
class LastAnswers:
    """The availability and the classes of a good when they were last asked for: most points of a study change
    neither. Each is given again while all that it is made from is equal, and so never differs from a new one."""

    asked: tuple[Any, ...] = ()
    available: Availability | None = None
    sorted_by: tuple[Any, ...] = ()
    class_of: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def availability(self, *asked: Any) -> Availability:
        """As :func:`cutoffs.availability`."""
        if self.available is None or self.asked != asked:
            self.asked, self.available = asked, availability(*asked)
        return self.available

    def classes(self, data: GoodData, available: Availability, pooled: bool) -> Mapping[tuple[str, str], str]:
        """As :func:`model.classes_of`."""
        if available is not self.available:
            return classes_of(data, available, pooled=pooled)
        sorted_by = self.asked, list(data.credit), pooled
        if self.sorted_by != sorted_by:
            self.sorted_by, self.class_of = sorted_by, classes_of(data, available, pooled=pooled)
        return self.class_of


class _ModelData:
    """A good's availability with what its makers lose upstream."""

    def __init__(
        self,
        case: Case,
        data: GoodData,
        goods: Mapping[str, GoodData] | None = None,
        region_surge: Surge | None = None,
        last: LastAnswers | None = None,
    ):
        settings = data.settings
        cutoffs = case.cutoffs(data.good)
        self.data = data
        self.last = LastAnswers() if last is None else last
        self.available = self.last.availability(
            cutoffs,
            data.suppliers,
            case.groups,
            case.credit,
            data.members,
            int(settings["months"].value),
            region_surge or settings["region_surge"].value,
            settings["outside_surge"].value,
        )
        self.makers: Makers | None = None
        if any(recipe.essential for recipe in case.links(data.good)):
            if goods is None:
                found = {name: figures(case, name) for name in case.family(data.good)}
                goods = {name: one for name, one in found.items() if one is not None}
            upstream = Upstream(goods, {name: case.cutoffs(name) for name in goods}, case.recipes, case.groups)
            self.makers = upstream.makers(data.good, self.available.suppliers, self.available.delivered)
            if (self.makers.part < 1).any():
                self.available = self.available.slowed(self.makers.part)

    def found(self, pooled: bool) -> ModelData:
        class_of = self.last.classes(self.data, self.available, pooled)
        return prepare(self.data, self.available, pooled=pooled, class_of=class_of)


def solve_family(
    case: Case,
    goods: Mapping[str, GoodData],
    explain: bool = True,
) -> dict[str, GoodResult]:
    """Build and solve goods that hang together; ``explain`` adds the tables why, levers, missing and caps.

    Goods that no member uses count as inputs of others only.
    """
    results: dict[str, GoodResult] = {}
    for coupled in couple_family(case, goods):
        results |= solve_chain(
            coupled,
            partial(_coupled_with_surge, case, goods) if explain else None,
            caps={name: explain and _asks_caps(case, goods[name]) for name in coupled.whole},
        )
    for name, data in goods.items():
        if not data.members:
            continue
        if name not in results:
            results[name] = solve_one(case, data, explain, goods)
        model = _ModelData(case, data, goods)
        results[name] = replace(
            results[name],
            indirect=_indirect(data, model),
            going=_going(data, model),
            findings=[*results[name].findings, *_not_followed(data, model)],
        )
    return results


def _not_followed(data: GoodData, model: _ModelData) -> list[Finding]:
    """What of a chain is not computed: makers' losses under any K, and joint programmes under solidarity."""
    if model.makers is None or not model.available.budget.any():
        return []
    text = f"{data.good}: under a cutoff of any K only direct losses count, not what makers lose of their inputs"
    if data.settings["solidarity"].value:
        text += "; under solidarity it is solved apart from its inputs"
    return [Finding("warning", "recipes", None, "input", text)]


def couple_family(
    case: Case, goods: Mapping[str, GoodData], surges: Mapping[str, Surge] | None = None
) -> list[Coupled]:
    """The goods of a family that must be solved together; ``surges`` of the region in place of the case's."""
    surges = surges or {}
    models = {
        name: model_data(
            case, data, goods, pooled=bool(data.settings["solidarity"].value), region_surge=surges.get(name)
        )
        for name, data in goods.items()
        if data.members
    }
    if any(data.pooled and data.available.budget.any() for data in models.values()):
        return []  # not computed; the case says so
    return couple(models, case.recipes, case.file.substitutes)


def _coupled_with_surge(case: Case, goods: Mapping[str, GoodData], good: str, surge: Surge) -> Coupled:
    return next(coupled for coupled in couple_family(case, goods, {good: surge}) if good in coupled)


def solve_one(
    case: Case, data: GoodData, explain: bool = True, goods: Mapping[str, GoodData] | None = None
) -> GoodResult:
    """Build and solve one good by itself; ``explain`` adds the tables why, levers, missing and, if asked, caps."""
    pooled = model_data(case, data, goods, pooled=True) if data.settings["solidarity"].value else None
    if not explain:
        return solve_good(model_data(case, data, goods), pooled)
    return solve_good(
        model_data(case, data, goods),
        pooled,
        partial(_with_surge, case, data, goods),
        caps=_asks_caps(case, data),
    )


def _with_surge(case: Case, data: GoodData, goods: Mapping[str, GoodData] | None, surge: Surge) -> ModelData:
    return model_data(case, data, goods, region_surge=surge)


def _asks_caps(case: Case, data: GoodData) -> bool:
    return case.file.caps or bool(np.isfinite(data.value("cap")))


def _going(data: GoodData, model: _ModelData) -> dict[tuple[str, str], float]:
    """The worst month of each member's makers at home, as a part of what they would deliver."""
    found: dict[tuple[str, str], float] = {}
    if model.makers is not None:
        for i, supplier in enumerate(model.available.suppliers):
            if supplier in data.members and supplier not in data.no_home:
                worst = model.makers.part[:, i].min(axis=1)
                found |= {(supplier, cutoff): float(worst[s]) for s, cutoff in enumerate(model.available.cutoffs)}
                found[supplier, ALL] = float(worst.min())
    return found


def _indirect(data: GoodData, model: _ModelData) -> pd.DataFrame:
    """Suppliers that lose an input, with what is left of their deliveries."""
    rows = []
    if model.makers is not None:
        bought = (
            data.baseline.sum(axis=1) / float(data.demand.sum()) if len(data.demand) else data.baseline.sum(axis=1)
        )
        for s, cutoff in enumerate(model.available.cutoffs):
            for i, supplier in enumerate(model.available.suppliers):
                part = model.makers.part[s, i]
                if (part < 1).any() and model.available.whole[s, i].any():
                    rows.append(
                        {
                            "good": data.good,
                            "supplier": supplier,
                            "cutoff": cutoff,
                            "input": model.makers.input[s][i],
                            "months": float(np.argmax(part < 1)),
                            "least": float(part.min()),
                            "bought": float(bought[supplier]),
                        }
                    )
    return pd.DataFrame(rows, columns=list(RESULTS["indirect"].names))


def unknown_rows(case: Case, goods: Mapping[str, GoodData | None]) -> list[dict[str, Any]]:
    """Rows of members whose requirement cannot be said, so that nobody takes a missing row for "fine"."""
    rows = []
    for good, data in goods.items():
        known = data.members if data is not None else []
        missing = [m for m in case.members if m not in known]
        if known and not missing:
            continue
        unit = data.unit if data is not None else case.data.goods.set_index("good").at[good, "unit"]
        cutoffs = [cutoff.name for cutoff in case.cutoffs(good)] + [ALL]
        for member in [*missing, *([] if known else [ALL])]:
            for cutoff, reading in product(cutoffs, READINGS):
                row: dict[str, Any] = dict.fromkeys(RESULTS["requirements"].names)
                row |= {
                    "good": good,
                    "member": member,
                    "cutoff": cutoff,
                    "reading": reading,
                    "status": "unknown",
                    "unit": unit,
                }
                rows.append(row)
    return rows


def versions() -> dict[str, str]:
    """Versions of the tool and of what computes its numbers."""
    found = {}
    for name in ("resilience", "pyomo", "highspy", "pandas", "numpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
