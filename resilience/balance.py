"""Turns tables into the figures of one good: demand, today's sourcing by origin, capacities, stocks, prices.

Everything here is data in, data out: :func:`assemble` takes a case and a data set and gives one
:class:`GoodData` with the balance table's rows and the findings it had to make.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from resilience.casefile import Setting
from resilience.dataset import Dataset
from resilience.errors import Finding
from resilience.schema import ENTREPOT_EXPORTS, STATUSES
from resilience.tracing import Traced, trace
from resilience.words import amount

SCALING_WARNING = 0.05  # traced sourcing scaled to demand by more than this is a warning
MOST_NAMED = 6  # countries named in one finding
NOTHING = 1e-9  # amounts below this part of demand are rounding


@dataclass(frozen=True)
class GoodData:
    """One good in its own unit, ready for the model; frames are indexed by ISO codes.

    ``baseline`` and ``price`` are supplier × member (a year; USD per unit), ``capacity`` what a supplier can
    sell to members in a year, ``demand`` and ``stock`` by member, ``credit`` by region country. ``no_home``
    are members whose production is unknown: they are not their own supplier. ``rows`` is the balance table.
    ``mix`` is the traced origin (user × origin, rows sum to 1 or 0) of what every country uses, ``made`` what a
    member makes in a year; where its production is unknown, what it sells abroad.
    """

    good: str
    label: str
    category: str
    unit: str
    year: int
    settings: Mapping[str, Setting]
    demand: pd.Series
    stock: pd.Series
    baseline: pd.DataFrame
    capacity: pd.Series
    price: pd.DataFrame
    credit: Mapping[str, float]
    no_home: frozenset[str]
    rows: pd.DataFrame
    findings: tuple[Finding, ...]
    mix: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    made: pd.Series = field(default_factory=lambda: pd.Series(dtype=float), repr=False)

    @property
    def members(self) -> list[str]:
        """Members whose demand is known and positive."""
        return list(self.demand.index)

    @property
    def suppliers(self) -> list[str]:
        """Countries that sell to members today or can."""
        return list(self.capacity.index)

    @property
    def share_today(self) -> pd.Series:
        """Credited share Σ κ x̄ / D of every member."""
        credit = pd.Series([self.credit.get(name, 0.0) for name in self.suppliers], index=self.suppliers)
        return self.baseline.mul(credit, axis=0).sum() / self.demand

    def value(self, name: str) -> float:
        """The number set for this good under ``name``."""
        return float(self.settings[name].value)


def year_of(good: str, dataset: Dataset, year: int) -> int | None:
    """The good's latest year with flows that is not after ``year``; with balances where it has no flows at all."""
    for frame in (dataset.flows, dataset.balances):
        years = frame.loc[(frame["good"] == good) & (frame["year"] <= year), "year"]
        if len(years):
            return int(years.max())
    return None


def assemble(
    good: str,
    dataset: Dataset,
    year: int,
    members: list[str],
    credit: Mapping[str, float],
    settings: Mapping[str, Setting],
    needed: Mapping[str, float] | None = None,
) -> GoodData | None:
    """The figures of one good in the latest year not after ``year``; None if there is no such year.

    ``needed`` is what the members' makers of other goods need of it in a year, by its recipes.
    """
    found = year_of(good, dataset, year)
    if found is None:
        return None
    about = dataset.goods.set_index("good").loc[good]
    builder = _Builder(good, dataset, found, members, settings)
    demand, scope = builder.demand(needed or {})
    builder.report_years(year)
    usable = [m for m in members if demand[m] > 0]
    baseline, factor = builder.baseline(demand[usable])
    capacity = builder.capacity(baseline)
    keep = sorted(name for name in capacity.index if capacity[name] > 0)
    baseline = baseline.reindex(keep).fillna(0.0)
    price = builder.price(keep, usable)
    stock = builder.stock(demand)
    rows = pd.DataFrame(
        {
            "good": good,
            "member": members,
            "year": float(found),
            "production": builder.production.reindex(members).to_numpy(),
            "imports": builder.imports.reindex(members).to_numpy(),
            "exports": builder.exports.reindex(members).to_numpy(),
            "demand": demand.reindex(members).to_numpy(),
            "stock": stock.reindex(members).to_numpy(),
            "factor": factor.reindex(members).to_numpy(),
            "unit": about["unit"],
            "scope": [scope[m] for m in members],
            "status": [builder.status(m) for m in members],
            "source": [builder.source(m) for m in members],
        }
    )
    return GoodData(
        good=good,
        label=str(about["label"]),
        category=str(about["category"]),
        unit=str(about["unit"]),
        year=found,
        settings=settings,
        demand=demand[usable],
        stock=stock[usable],
        baseline=baseline,
        capacity=capacity[keep],
        price=price,
        credit=credit,
        no_home=frozenset(m for m in usable if scope[m] == "imports"),
        rows=rows,
        findings=tuple(builder.findings),
        mix=builder.mix(),
        made=builder.made(usable),
    )


class _Builder:
    """The steps of :func:`assemble`; holds the good's matrices so that each step reads like its formula."""

    def __init__(
        self,
        good: str,
        dataset: Dataset,
        year: int,
        members: list[str],
        settings: Mapping[str, Setting],
    ):
        self.good = good
        self.dataset = dataset
        self.year = year
        self.members = members
        self.settings = settings
        self.findings: list[Finding] = []
        self.unit = str(dataset.goods.set_index("good").loc[good, "unit"])
        of_good = dataset.balances[dataset.balances["good"] == good]
        self.all_balances = of_good
        self.balances = of_good[of_good["year"] == year].set_index("country")
        self.all_flows = dataset.flows[dataset.flows["good"] == good]
        self.flows = self.all_flows[self.all_flows["year"] == year]
        self.countries = sorted({*self.flows["exporter"], *self.flows["importer"], *self.balances.index, *members})
        self.imports = self._total("importer")
        self.exports = self._total("exporter")
        self.production = self.balances["production"].reindex(self.countries).astype(float)
        self.traced = self._trace()
        if self.traced.complete:
            unlisted = ~self.production.index.isin(self.balances.index)
            self.production[unlisted] = 0.0

    def say(self, severity: str, column: str | None, message: str) -> None:
        """Note a finding about this good."""
        self.findings.append(Finding(severity, "balances", None, column, f"{self.good} {self.year}: {message}"))

    def report_years(self, asked: int) -> None:
        """Say where flows and balances do not cover the same years."""
        if self.flows.empty:
            self.say("warning", "year", "there are no flows, so every member counts as its own supplier")
        others = self.all_balances.loc[self.all_balances["year"] <= asked, "year"]
        if len(others) and not (others == self.year).any():
            self.say(
                "warning",
                "year",
                f"the latest balances are of {others.max():.0f} and are not used with flows of "
                f"{self.year}; production counts as unknown",
            )
        elif len(others) and others.max() > self.year:
            self.say(
                "warning",
                "year",
                f"balances of {others.max():.0f} are not used, the latest flows are of {self.year}",
            )

    def _total(self, side: str) -> pd.Series:
        return self.flows.groupby(side)["quantity"].sum().reindex(self.countries).fillna(0.0)

    def _trace(self) -> Traced:
        place = {name: number for number, name in enumerate(self.countries)}
        flow = np.zeros((len(place), len(place)))
        rows = self.flows["importer"].map(place).to_numpy(dtype=int)
        columns = self.flows["exporter"].map(place).to_numpy(dtype=int)
        np.add.at(flow, (rows, columns), self.flows["quantity"].to_numpy(dtype=float))
        listed = np.array([name in self.balances.index for name in self.countries])
        traced = trace(self.production.to_numpy(dtype=float), listed, flow)
        self._report_tracing(traced)
        return traced

    def _report_tracing(self, traced: Traced) -> None:
        raised = [
            f"{name} by {amount(more, self.unit)}"
            for more, name in sorted(zip(traced.raised, self.countries, strict=True), reverse=True)
            if more > 0
        ]
        if len(raised) > MOST_NAMED:
            raised[MOST_NAMED:] = [f"{len(raised) - MOST_NAMED} more by less"]
        if raised:
            self.say(
                "warning",
                "production",
                "exports exceed production and imports, so production was raised to fit: " + ", ".join(raised),
            )
        for mark, text in ((traced.lost, "imports lead to no known origin; counts as origin itself"),):
            names = [name for name, is_so in zip(self.countries, mark, strict=True) if is_so]
            if names:
                self.say("warning", None, f"{', '.join(names)}: {text}")
        if not traced.complete:
            passing = [name for name, is_so in zip(self.countries, traced.passes_on, strict=True) if is_so]
            text = "production is known for less than 95 % of world exports: exporters count as the origin"
            if passing:
                text += f"; {', '.join(passing)} make none and pass on their import mix (estimated)"
            self.say("info", "production", text)

    def demand(self, needed: Mapping[str, float]) -> tuple[pd.Series, dict[str, str]]:
        """Yearly demand of members, NaN or ≤ 0 where unknown, and the scope of each (section 6).

        Demand that is given and is less than the makers of other goods need cannot hold their use: it is taken
        as final demand, and their use is added (section 8).
        """
        given = self.balances["demand"].reindex(self.members).astype(float)
        demand: dict[str, float] = {}
        scope: dict[str, str] = {}
        for member in self.members:
            known = not np.isnan(self.production[member])
            scope[member] = "consumption" if known else "imports"
            if not np.isnan(given[member]):
                demand[member] = float(given[member])
                if 0 <= demand[member] < needed.get(member, 0.0) * (1 - NOTHING):
                    demand[member] += needed[member]
                    self.say(
                        "info",
                        "demand",
                        f"{member}: demand of {amount(given[member], self.unit)} is less than its makers of other "
                        f"goods need, so it is taken as final demand; with their use it is "
                        f"{amount(demand[member], self.unit)}",
                    )
            elif known:
                demand[member] = self._apparent(member)
            else:
                demand[member] = float(self.imports[member])
                if self.exports[member] > ENTREPOT_EXPORTS * self.imports[member] > 0:
                    self.say(
                        "warning",
                        "production",
                        f"{member}: home production unknown and exports are "
                        f"{self.exports[member] / self.imports[member]:.0%} of imports; "
                        '"share of imports" says little about its needs',
                    )
            if 0 < demand[member] <= NOTHING * (np.nan_to_num(self.production[member]) + self.imports[member]):
                demand[member] = 0.0  # what is left of a difference of equal numbers
            if not demand[member] > 0:
                self.say(
                    "warning",
                    "demand",
                    f"{member}: demand comes out as {amount(demand[member], self.unit)}; its requirement is "
                    "unknown. Give demand in balances.csv if you know better",
                )
            elif not self._origin(member).sum() > 0:
                self.say(
                    "warning",
                    "demand",
                    f"{member}: demand is {amount(demand[member], self.unit)} but no supply is recorded; its "
                    "requirement is unknown. Give flows or production",
                )
                demand[member] = np.nan
        return pd.Series(demand, dtype=float), scope

    def _apparent(self, member: str) -> float:
        """production + imports − exports, less the stock increase, or a three-year mean of it."""
        place = self.countries.index(member)
        made = self.production[member] + self.traced.raised[place]
        this_year = float(made + self.imports[member] - self.exports[member])
        stock = self.balances["stock"].get(member, np.nan)
        held = self.all_balances[
            (self.all_balances["year"] == self.year - 1) & (self.all_balances["country"] == member)
        ]
        if len(held) and not np.isnan(stock) and not np.isnan(held["stock"].iloc[0]):
            return this_year - float(stock - held["stock"].iloc[0])
        before, earlier = self._past(member, self.year - 1), self._past(member, self.year - 2)
        if before is None or earlier is None:
            return this_year
        self.say("info", "demand", f"{member}: demand is the mean of {self.year - 2} to {self.year} (estimated)")
        return float(np.mean([this_year, before, earlier]))

    def _past(self, member: str, year: int) -> float | None:
        """Apparent consumption of an earlier year; None unless both tables have that year."""
        rows = self.all_balances[(self.all_balances["year"] == year) & (self.all_balances["country"] == member)]
        flows = self.all_flows[self.all_flows["year"] == year]
        if rows.empty or flows.empty or np.isnan(rows["production"].iloc[0]):
            return None
        imports = flows.loc[flows["importer"] == member, "quantity"].sum()
        exports = flows.loc[flows["exporter"] == member, "quantity"].sum()
        return float(rows["production"].iloc[0] + imports - exports)

    def _origin(self, member: str) -> pd.Series:
        """The mix by origin of what the member uses. Its own goods that come home by way of others do not count
        where its production is unknown: such a member is not its own supplier."""
        origin = pd.Series(self.traced.origin[self.countries.index(member)], index=self.countries)
        if np.isnan(self.production[member]):
            origin[member] = 0.0
        return origin / origin.sum() if origin.sum() > 0 else origin

    def mix(self) -> pd.DataFrame:
        """The traced origin of what every country uses, user × origin."""
        mix = pd.DataFrame(self.traced.origin, index=self.countries, columns=self.countries)
        for member in self.members:
            mix.loc[member] = self._origin(member)
        return mix

    def made(self, members: list[str]) -> pd.Series:
        """What members make in a year; where production is unknown, what others use of their goods."""
        use = pd.DataFrame(self.traced.consumption, index=self.countries, columns=self.countries).clip(lower=0.0)
        made = {}
        for member in members:
            place = self.countries.index(member)
            known = float(self.production[member] + self.traced.raised[place])
            made[member] = float(use[member].drop(member).sum()) if np.isnan(known) else known
        return pd.Series(made, dtype=float)

    def baseline(self, demand: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
        """Today's sourcing x̄: the traced mix, scaled so that Σ_i x̄_im = D_m; and the factor D_m / recorded use."""
        baseline = pd.DataFrame({m: self._origin(m) * demand[m] for m in demand.index}, index=self.countries)
        used = pd.Series(self.traced.used, index=self.countries)[demand.index]
        factor = (demand / used).where(used > NOTHING * demand)
        for member in demand.index:
            own = self.traced.origin[self.countries.index(member), self.countries.index(member)]
            if np.isnan(self.production[member]) and own > NOTHING:
                self.say(
                    "info",
                    "demand",
                    f"{member}: {own:.1%} of its imports are its own goods on their way home; left out, "
                    "the rest scaled up",
                )
        for member, number in factor.items():
            if np.isnan(number):
                self.say(
                    "warning",
                    "demand",
                    f"{member}: exports take up all recorded supply; demand of "
                    f"{amount(demand[member], self.unit)} is given the mix of its supply (estimated)",
                )
            elif abs(number - 1.0) > SCALING_WARNING:
                self.say(
                    "warning",
                    "demand",
                    f"{member}: recorded supply was scaled by {number:.4g} to meet demand of "
                    f"{amount(demand[member], self.unit)}",
                )
        return baseline, factor

    def capacity(self, baseline: pd.DataFrame) -> pd.Series:
        """K_i: what supplier i can sell to members (section 3, rule 2)."""
        sales = baseline.sum(axis=1)
        others = [name for name in self.countries if name not in self.members]
        consumption = pd.DataFrame(self.traced.consumption.T, index=self.countries, columns=self.countries)
        abroad = consumption[others].clip(lower=0.0)
        for name in others:
            abroad.loc[name, name] = 0.0  # home use is no export
        spare_base = (self.production + self.traced.raised).fillna(sales)
        capacity = (
            sales
            + float(self.settings["diversion"].value) * abroad.sum(axis=1)
            + float(self.settings["spare"].value) * spare_base
        )
        given = self.balances["capacity"].reindex(self.countries).astype(float)
        capacity = given.fillna(capacity)
        short = sales > capacity * (1 + NOTHING)
        for name in sales.index[short]:
            self.say(
                "warning",
                "capacity",
                f"{name}: capacity {amount(capacity[name], self.unit)} is below today's sales to members and "
                f"was raised to {amount(sales[name], self.unit)}",
            )
        return capacity.where(~(sales > capacity), sales)

    def stock(self, demand: pd.Series) -> pd.Series:
        """B: the stock in the data, else the assumed months of demand."""
        months = float(self.settings["stock_months"].value)
        given = self.balances["stock"].reindex(self.members).astype(float)
        return given.fillna(demand.clip(lower=0.0) * months / 12.0)

    def price(self, suppliers: list[str], members: list[str]) -> pd.DataFrame:
        """c_im in USD per unit: of the flow, else the exporter's, else the good's median; NaN without any."""
        priced = self.flows[(self.flows["quantity"] > 0) & self.flows["value_usd"].notna()]
        unit_values = priced["value_usd"] / priced["quantity"]
        sums = priced.groupby("exporter")[["value_usd", "quantity"]].sum()
        by_exporter = (sums["value_usd"] / sums["quantity"]).reindex(suppliers)
        median = float(unit_values.median()) if len(unit_values) else np.nan
        frame = pd.DataFrame(
            {member: by_exporter.fillna(median).to_numpy() for member in members}, index=suppliers
        )
        direct = pd.Series(
            unit_values.to_numpy(), index=pd.MultiIndex.from_frame(priced[["exporter", "importer"]])
        )
        for (exporter, importer), number in direct.items():
            if importer in frame.columns and exporter in frame.index:
                frame.loc[exporter, importer] = number
        return frame

    def status(self, member: str) -> str:
        """The weakest status of the member's flows and balance."""
        found = set(self.flows.loc[self.flows["importer"] == member, "status"])
        if member in self.balances.index:
            found.add(str(self.balances.loc[member, "status"]))
        if np.isnan(self.balances["stock"].get(member, np.nan)):
            found.add("assumed")
        return max(found, key=STATUSES.index, default="assumed")

    def source(self, member: str) -> str:
        """The sources of the member's flows and balance, each once."""
        found = list(self.flows.loc[self.flows["importer"] == member, "source"].unique())
        if member in self.balances.index:
            found.append(str(self.balances.loc[member, "source"]))
        if np.isnan(self.balances["stock"].get(member, np.nan)):
            found.append("stock assumed in the case file")
        return "; ".join(dict.fromkeys(found))
