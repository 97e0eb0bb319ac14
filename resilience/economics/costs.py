"""What things cost: unit values within limits, freight, annualised capacity, stockholding, by good and in USD.

Landed cost of a unit that supplier i sells to member m: its unit value c_im (of the flow, else of all i sells,
else the good's median), held between median/limit and median·limit, plus freight rate · km. Where a good is
measured in value every supplier's unit is worth 1000 USD by definition, so that prices say nothing unless the case
states how much dearer the region is (``region_premium``).

Capacity that costs C to build is paid in n equal yearly parts at interest r: C · r / (1 − (1 + r)^−n), the annuity
of any textbook on engineering economics.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from resilience.economics.economy import Economy
from resilience.errors import Finding
from resilience.inputs.balance import GoodData
from resilience.inputs.burden_settings import BURDEN
from resilience.inputs.case import Case
from resilience.inputs.casefile import Setting
from resilience.model import ModelData
from resilience.schema import STATUSES, VALUE_UNIT

UNKNOWN = "unknown"
SURENESS = (*STATUSES, UNKNOWN)  # from sure to unknown
MOST_NAMED = 6  # in a finding
CHANGED = 1e-9  # of a member's demand; what moves less is rounding


def annuity(rate: float, years: float) -> float:
    """The yearly part of what is built: r / (1 − (1 + r)^−n), 1/n without interest."""
    return 1.0 / years if rate == 0 else rate / -np.expm1(-years * np.log1p(rate))


def least_sure(statuses: Sequence[str]) -> str:
    """The worst of several statuses; observed if there are none."""
    return max(statuses, key=SURENESS.index, default=SURENESS[0])


def at_least(numbers: Iterable[float], unknown: float) -> float:
    """The sum of what is known of some costs, none of which is below zero: the least that it can be.

    NaN where parts are ``unknown`` and nothing above zero is known: that it is at least zero says nothing.
    """
    known = [number for number in numbers if not np.isnan(number)]
    total = float(sum(known))
    return total if known and (total > 0 or not unknown) else np.nan


@dataclass(frozen=True)
class Costs:
    """Costs of one good in USD; frames are supplier × member like those of ``GoodData``.

    ``landed`` is USD per unit with freight, NaN where unknown, ``sure`` the status of each. ``built`` is what a
    unit of new capacity costs a year, ``held`` what a unit in stock costs a year, ``missed`` what a unit of demand
    not served costs times the yearly probability of a crisis; all NaN if unknown. ``value`` is the good's median
    price.
    """

    good: GoodData
    landed: pd.DataFrame
    sure: pd.DataFrame
    value: float
    built: float
    built_status: str
    held: float
    missed: float
    findings: tuple[Finding, ...]

    @cached_property
    def known(self) -> bool:
        """Whether any price is known, so that plans can be compared."""
        return bool(np.isfinite(self.value))

    @cached_property
    def prices_known(self) -> bool:
        """Whether every landed cost is known."""
        return bool(self.landed.notna().to_numpy().all())


def setting(case: Case, data: GoodData, name: str) -> float:
    """A number of ``[burden]`` for a good, NaN if unknown."""
    found = case.file.burden(name, data.good, data.category).value
    return np.nan if found is None else float(found)


def costs_of(case: Case, data: GoodData) -> Costs:
    """The costs of one good under a case's assumptions."""
    findings: list[Finding] = []
    flows = case.data.flows
    flows = flows[(flows["good"] == data.good) & (flows["year"] == data.year)]
    priced = flows[_priced(flows)]
    value = 1000.0 if data.unit == VALUE_UNIT else _median(priced)
    if data.unit == VALUE_UNIT:
        landed, sure = _in_value(case, data, findings)
    else:
        landed, sure = _unit_values(case, data, priced, value, findings)
        lacking = without_price(case, data)
        _say_without_price(data, lacking, findings)
        bare = [m for m, part in lacking.items() if part.all_of_it]
        landed[bare], sure[bare] = np.nan, UNKNOWN
    landed, sure = _with_freight(case, data, landed, sure, findings)
    yearly = annuity(setting(case, data, "discount_rate"), setting(case, data, "life_years"))
    own = setting(case, data, "capacity_usd_per_unit")
    to_build = own if np.isfinite(own) else setting(case, data, "capacity_times_value") * value
    probability = setting(case, data, "crisis_probability")
    return Costs(
        good=data,
        landed=landed,
        sure=sure,
        value=value,
        built=to_build * yearly * (1.0 - setting(case, data, "capacity_in_price")),
        built_status="assumed" if np.isfinite(to_build) else UNKNOWN,
        held=setting(case, data, "stock_cost_rate") * value,
        missed=setting(case, data, "restraint_times_value") * value * probability,
        findings=tuple(findings),
    )


def _priced(flows: pd.DataFrame) -> pd.Series:
    return (flows["quantity"] > 0) & (flows["value_usd"] > 0)


class NoPrice(NamedTuple):
    """Whom a member buys a good from without a value, and whether that is all it buys abroad."""

    suppliers: tuple[str, ...]
    all_of_it: bool


def without_price(case: Case, data: GoodData) -> dict[str, NoPrice]:
    """Members some of whose purchases of a good have no value in flows.csv, though other flows have one.

    A price that is missing is taken from the supplier's other sales, but where a member has none at all nothing is
    known of what it pays.
    """
    flows = case.data.flows
    flows = flows[(flows["good"] == data.good) & (flows["year"] == data.year) & (flows["quantity"] > 0)]
    priced = _priced(flows)
    found = {}
    if priced.any() and data.unit != VALUE_UNIT:
        for m in data.members:
            mine = flows["importer"] == m
            if (mine & ~priced).any():
                suppliers = tuple(str(name) for name in flows.loc[mine & ~priced, "exporter"])
                found[m] = NoPrice(suppliers, not (mine & priced).any())
    return found


def prices_known(case: Case, data: GoodData) -> pd.DataFrame:
    """The good's prices, supplier × member; NaN for members of which none is known."""
    bare = [m for m, part in without_price(case, data).items() if part.all_of_it]
    price = data.price.copy()
    price[bare] = np.nan
    return price


def _say_without_price(data: GoodData, lacking: Mapping[str, NoPrice], findings: list[Finding]) -> None:
    for m, part in lacking.items():
        more = f" and {len(part.suppliers) - MOST_NAMED} more" if len(part.suppliers) > MOST_NAMED else ""
        named = f"{', '.join(part.suppliers[:MOST_NAMED])}{more}"
        follows = (
            "so its extra landed cost is unknown"
            if part.all_of_it
            else "so prices of these suppliers' other sales, or the good's median, stand in (estimated)"
        )
        text = f"{data.good} {data.year}: {m}: no value of what it buys from {named}, {follows}; "
        _say(findings, "usd", text + "give value_usd in flows.csv", "warning")


def _say(findings: list[Finding], column: str, message: str, severity: str = "info") -> None:
    findings.append(Finding(severity, "burden", None, column, message))


def _median(priced: pd.DataFrame) -> float:
    """The unit value at which half of what is traded is dearer: tiny flows do not count for much."""
    if priced.empty:
        return np.nan
    price = (priced["value_usd"] / priced["quantity"]).to_numpy(dtype=float)
    order = np.argsort(price, kind="stable")
    amounts = np.cumsum(priced["quantity"].to_numpy(dtype=float)[order])
    return float(price[order][np.searchsorted(amounts, amounts[-1] / 2)])


def _like(data: GoodData, number: float, status: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    shape = {"index": data.baseline.index, "columns": data.baseline.columns}
    return pd.DataFrame(number, **shape, dtype=float), pd.DataFrame(status, **shape, dtype=object)


def _in_value(case: Case, data: GoodData, findings: list[Finding]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Prices of a good in kUSD: 1000 USD a unit, the region's with the premium; unknown without one."""
    premium = setting(case, data, "region_premium")
    if np.isnan(premium):
        text = (
            f"{data.good} is measured in value, so prices of suppliers cannot be compared: its extra landed cost "
            "is unknown; give [burden] region_premium if you know how much dearer the region is"
        )
        _say(findings, "region_premium", text, "warning")
        return _like(data, np.nan, UNKNOWN)
    landed, sure = _like(data, 1000.0, "assumed")
    landed.loc[[i for i in landed.index if i in data.credit]] *= 1.0 + premium
    return landed, sure


def _unit_values(
    case: Case, data: GoodData, priced: pd.DataFrame, value: float, findings: list[Finding]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Unit values within the limits; those of other flows or at the limit are estimated."""
    if np.isnan(value):
        text = (
            f"{data.good} {data.year}: no flow has a value, so its prices are unknown; give value_usd in flows.csv"
        )
        _say(findings, "usd", text, "warning")
        return _like(data, np.nan, UNKNOWN)
    limit = setting(case, data, "price_limit")
    _, sure = _like(data, np.nan, "estimated")
    for row in priced.itertuples():
        if row.importer in sure.columns and row.exporter in sure.index:
            sure.loc[row.exporter, row.importer] = row.status
    landed = data.price.astype(float).clip(value / limit, value * limit)
    held = (landed - data.price).abs() > CHANGED * value
    bought = int((held & (data.baseline > 0)).to_numpy().sum())
    if bought:
        of = int((data.baseline > 0).to_numpy().sum())
        text = (
            f"{data.good} {data.year}: {bought} of {of} unit values are more than {limit:g} times the median of "
            f"{value:,.0f} USD/{data.unit}, or less than its {limit:g}th part, and are held there"
        )
        _say(findings, "price_limit", text)
    return landed, sure.mask(held, "estimated")


def _with_freight(
    case: Case, data: GoodData, landed: pd.DataFrame, sure: pd.DataFrame, findings: list[Finding]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Freight on top, for goods in tonnes; unknown where the distance is."""
    rate = setting(case, data, "freight_usd_per_t_km")
    if not rate > 0:
        return landed, sure
    if data.unit != "t":
        text = f"{data.good} is measured in {data.unit}, not in t: freight is not counted"
        _say(findings, "freight_usd_per_t_km", text, "warning")
        return landed, sure
    economy = Economy(case.data, data.year)
    km = landed.copy()
    for m in km.columns:
        km[m] = [0.0 if i == m else economy.km(i, m) for i in km.index]
    missing = km.isna() & (data.baseline > 0)
    if missing.to_numpy().any():
        who = sorted({f"{i}–{m}" for m in km.columns for i in km.index[missing[m]]})
        more = f" and {len(who) - MOST_NAMED} more" if len(who) > MOST_NAMED else ""
        text = (
            f"{data.good}: no distance for {', '.join(who[:MOST_NAMED])}{more}; "
            "costs that need it are unknown. Add them to distances.csv"
        )
        _say(findings, "freight_usd_per_t_km", text, "warning")
    return landed + rate * km, sure.mask(km.isna(), UNKNOWN).where(km.isna() | (sure != "observed"), "estimated")


def counted_once(case: Case) -> dict[str, str]:
    """Goods that measure the same customs codes as another good before them: good → that other good."""
    first: dict[str, str] = {}
    twice: dict[str, str] = {}
    for row in case.data.goods.itertuples():
        codes = " ".join(sorted(str(row.hs).split()))
        if row.good in case.goods and codes:
            if codes in first:
                twice[row.good] = first[codes]
            else:
                first[codes] = row.good
    return twice


def settings_used(case: Case) -> dict[tuple[str, str], Setting]:
    """(good, name) → what ``[burden]`` says, for every good of the case."""
    return {
        (good, name): case.file.burden(name, good, case.category(good)) for good in case.goods for name in BURDEN
    }


def paid_by(data: ModelData) -> pd.DataFrame:
    """Who pays for new capacity, supplier × member: the member that builds it; what is built in other countries of
    the region is paid by members in proportion to their demand."""
    good = data.good
    part = pd.DataFrame(0.0, index=good.suppliers, columns=good.members)
    demand = good.demand / float(good.demand.sum())
    for i in good.suppliers:
        if i in good.members:
            part.loc[i, i] = 1.0
        else:
            part.loc[i] = demand
    return part
