"""Turns tables into the figures of one good: demand, today's sourcing by origin, capacities, stocks, prices.

Everything here is data in, data out. :class:`Trade` holds what a data set says of one good, whatever a case
assumes: who makes it, where what is used comes from, prices. That is the slow part, and it can be kept.
:meth:`Trade.figures` adds what a case assumes (diversion, spare capacity, stocks) and gives one :class:`GoodData`
with the balance table's rows and the findings it had to make; :func:`assemble` is both in one call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from resilience.errors import Finding
from resilience.inputs.casefile import Setting
from resilience.inputs.dataset import Dataset
from resilience.inputs.tracing import Traced, trace
from resilience.schema import ENTREPOT_EXPORTS, STATUSES
from resilience.words import amount, percent

SCALING_WARNING = 0.05  # traced sourcing scaled to demand by more than this is a warning
MOST_NAMED = 6  # countries named in one finding
STOCK_ASSUMED = "stock assumed in the case file"  # a source of balances whose stock is not in the data
NOTHING = 1e-9  # amounts below this part of demand are rounding
WORTH_SAYING = 1e-3  # imports that are a member's own goods: below this part of them nothing is said


@dataclass(frozen=True)
class GoodData:
    """One good in its own unit, ready for the model; frames are indexed by ISO codes.

    ``baseline`` and ``price`` are supplier × member (a year; USD per unit), ``capacities`` what a supplier can
    sell to members in a year, ``demand`` and ``stocks`` by member, ``credit`` by region country. ``no_home``
    are members whose production is unknown: they are not their own supplier. ``fixed_rows`` is the balance table
    without the stocks, which are ``stock_by`` for every member of the case.
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
    stocks: np.ndarray
    baseline: pd.DataFrame
    capacities: np.ndarray
    price: pd.DataFrame
    credit: Mapping[str, float]
    no_home: frozenset[str]
    fixed_rows: pd.DataFrame
    findings: tuple[Finding, ...]
    stock_by: np.ndarray = field(default_factory=lambda: np.zeros(0), repr=False)
    mix: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    made: pd.Series = field(default_factory=lambda: pd.Series(dtype=float), repr=False)

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The rows of the balance table."""
        return self.fixed_rows.assign(stock=self.stock_by)

    @cached_property
    def members(self) -> list[str]:
        """Members whose demand is known and positive."""
        return self.demand.index.tolist()

    @cached_property
    def stock(self) -> pd.Series:
        """``stocks`` by name; these take a good part of a point's time if they are made each time."""
        return pd.Series(self.stocks, index=self.demand.index)

    @cached_property
    def capacity(self) -> pd.Series:
        """``capacities`` by name."""
        return pd.Series(self.capacities, index=self.baseline.index)

    @cached_property
    def suppliers(self) -> list[str]:
        """Countries that sell to members today or can."""
        return self.baseline.index.tolist()

    @cached_property
    def share_today(self) -> pd.Series:
        """Credited share Σ κ x̄ / D of every member."""
        credit = np.array([self.credit.get(name, 0.0) for name in self.suppliers])
        credited = (self.baseline.to_numpy(dtype=float).T * credit).sum(axis=1)
        return pd.Series(credited / self.demand.to_numpy(dtype=float), index=self.demand.index)

    @cached_property
    def unit_values(self) -> tuple[np.ndarray, float]:
        """Each supplier's mean price over members, NaN where unknown, and the mean of these, 0 without any."""
        price = self.price.to_numpy(dtype=float)
        known = ~np.isnan(price)
        count = known.sum(axis=1)
        own = np.divide(
            np.where(known, price, 0.0).sum(axis=1), count, out=np.full(len(price), np.nan), where=count > 0
        )
        return own, float(own[count > 0].mean()) if count.any() else 0.0

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
    trade = Trade.of(good, dataset, year, members)
    return None if trade is None else trade.figures(credit, settings, needed)


@dataclass
class _Use:
    """Demand of a good, given what makers of other goods need, and all that follows from it alone.

    Neither the assumed stocks nor the suppliers' capacities are in it; ``last`` is what the last case that asked
    was told, with the suppliers at the positions ``kept``.
    """

    needed: Mapping[str, float]
    demand_by: np.ndarray  # by member of the case, NaN or ≤ 0 where unknown
    usable: np.ndarray  # positions of the members whose demand is known and positive
    baseline: np.ndarray  # usable member × country
    findings: tuple[Finding, ...]
    demand: pd.Series
    made: pd.Series
    no_home: frozenset[str]
    rows: pd.DataFrame
    last: GoodData | None = None
    kept: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))


class Trade:
    """What a data set says of one good and its use by some members, before anything that a case assumes.

    ``countries`` are in alphabetical order. Arrays with the suffix ``_by`` hold one row a member, in the order of
    ``members``. What an object says does not change once it is made, so that it can serve many cases.
    """

    @classmethod
    def of(cls, good: str, dataset: Dataset, year: int, members: list[str]) -> Trade | None:
        """The good in the latest year not after ``year``; None if there is no such year."""
        found = year_of(good, dataset, year)
        return None if found is None else cls(good, dataset, found, members, year)

    def __init__(self, good: str, dataset: Dataset, year: int, members: list[str], asked: int):
        self.good = good
        self.year = year
        self.members = list(members)
        about = dataset.goods.set_index("good").loc[good]
        self.label, self.category, self.unit = str(about["label"]), str(about["category"]), str(about["unit"])
        of_good = dataset.balances[dataset.balances["good"] == good]
        self.all_balances = of_good
        self.balances = of_good[of_good["year"] == year].set_index("country")
        self.all_flows = dataset.flows[dataset.flows["good"] == good]
        self.flows = self.all_flows[self.all_flows["year"] == year]
        self.countries = sorted({*self.flows["exporter"], *self.flows["importer"], *self.balances.index, *members})
        self.place = {name: number for number, name in enumerate(self.countries)}
        self.imports = self._total("importer")
        self.exports = self._total("exporter")
        self.production = self.balances["production"].reindex(self.countries).astype(float)
        self.traced = self._trace()
        self._tracing = self._report_tracing()
        if self.traced.complete:
            unlisted = ~self.production.index.isin(self.balances.index)
            self.production[unlisted] = 0.0
        self._years = self._report_years(asked)
        # Plain objects: what is looked up by name, again and again, is a few names only.
        self._countries, self._members = (
            pd.Index(names, dtype=object) for names in (self.countries, self.members)
        )
        self._at = [self.place[member] for member in self.members]
        self._given_demand_by, self._given_stock_by = (
            self.balances[name].reindex(self.members).to_numpy(dtype=float) for name in ("demand", "stock")
        )
        self._given_capacity = self.balances["capacity"].reindex(self.countries).to_numpy(dtype=float)
        self._made = self.production.to_numpy(dtype=float) + self.traced.raised
        known = ~np.isnan(self.production.to_numpy(dtype=float)[self._at])
        self._scope_by = ["consumption" if is_known else "imports" for is_known in known]
        self._origin_by = np.array([self._origin(member) for member in self.members])
        self._own_by = self.traced.origin[self._at, self._at]
        self._used_by = self.traced.used[self._at]
        supply = np.nan_to_num(self.production.to_numpy(dtype=float)) + self.imports.to_numpy()
        self._rounding_by = NOTHING * supply[self._at]
        self._first_by = [self._first_demand(member) for member in self.members]
        self._made_by = np.array([self._made_at_home(member) for member in self.members])
        self._sold_to_others = self._sales_to_others()
        self._price_by = self._prices()
        self._mix = self._mixes()
        self._rows = self._fixed_rows()
        self._last_use: _Use | None = None

    def figures(
        self,
        credit: Mapping[str, float],
        settings: Mapping[str, Setting],
        needed: Mapping[str, float] | None = None,
    ) -> GoodData:
        """The good under a case's ``settings`` and ``credit``; ``needed`` as in :func:`assemble`."""
        use = self._use_of(needed or {})
        findings = list(use.findings)
        capacity = self._capacity(use.baseline, settings, findings)
        keep = np.flatnonzero(capacity > 0)
        # B: the stock in the data, else the assumed months of demand
        assumed = np.maximum(use.demand_by, 0.0) * float(settings["stock_months"].value) / 12.0
        stock = np.where(np.isnan(self._given_stock_by), assumed, self._given_stock_by)
        baseline, price = self._frames(use, keep)
        last = use.last
        use.kept = keep
        use.last = found = GoodData(
            good=self.good,
            label=self.label,
            category=self.category,
            unit=self.unit,
            year=self.year,
            settings=settings,
            demand=use.demand,
            stocks=stock[use.usable],
            baseline=baseline,
            capacities=capacity[keep],
            price=price,
            credit=credit,
            no_home=use.no_home,
            fixed_rows=use.rows,
            findings=tuple(findings),
            stock_by=stock,
            mix=self._mix,
            made=use.made,
        )
        if last is not None and last.baseline is baseline:  # cached properties that would come out the same
            found.__dict__["unit_values"] = last.unit_values
            if last.credit == credit:
                found.__dict__["share_today"] = last.share_today
        return found

    def _use_of(self, needed: Mapping[str, float]) -> _Use:
        """Demand and what follows from it; kept, for it is the same as long as ``needed`` is."""
        if self._last_use is not None and self._last_use.needed == needed:
            return self._last_use
        findings = list(self._tracing)
        demand = self._demand(needed, findings)
        findings += self._years
        usable = np.flatnonzero(demand > 0)
        baseline = self._origin_by[usable] * demand[usable, None]  # x̄: the traced mix, so that Σ_i x̄_im = D_m
        factor = self._factor(demand, usable, findings)
        users = self._members[usable]
        self._last_use = _Use(
            needed=dict(needed),
            demand_by=demand,
            usable=usable,
            baseline=baseline,
            findings=tuple(findings),
            demand=pd.Series(demand[usable], index=users),
            made=pd.Series(self._made_by[usable], index=users),
            no_home=frozenset(self.members[n] for n in usable if self._scope_by[n] == "imports"),
            rows=self._rows.assign(demand=demand, factor=factor),
        )
        return self._last_use

    def _frames(self, use: _Use, keep: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Sourcing and prices of the suppliers at some positions, supplier × member; those of the last case that
        asked, if they are of the same suppliers."""
        if use.last is not None and np.array_equal(use.kept, keep):
            return use.last.baseline, use.last.price
        suppliers, users = self._countries[keep], use.demand.index
        price = self._price_by[np.ix_(use.usable, keep)].T
        return (
            pd.DataFrame(use.baseline[:, keep].T, index=suppliers, columns=users),
            pd.DataFrame(price, index=suppliers, columns=users),
        )

    def _finding(self, severity: str, column: str | None, message: str) -> Finding:
        """A finding about this good."""
        return Finding(severity, "balances", None, column, f"{self.good} {self.year}: {message}")

    def _report_years(self, asked: int) -> list[Finding]:
        """Say where flows and balances do not cover the same years."""
        found = []
        if self.flows.empty:
            text = "there are no flows, so every member counts as its own supplier"
            found.append(self._finding("warning", "year", text))
        others = self.all_balances.loc[self.all_balances["year"] <= asked, "year"]
        if len(others) and not (others == self.year).any():
            text = (
                f"the latest balances are of {others.max():.0f} and are not used with flows of "
                f"{self.year}; production counts as unknown"
            )
            found.append(self._finding("warning", "year", text))
        elif len(others) and others.max() > self.year:
            text = f"balances of {others.max():.0f} are not used, the latest flows are of {self.year}"
            found.append(self._finding("warning", "year", text))
        return found

    def _total(self, side: str) -> pd.Series:
        return self.flows.groupby(side)["quantity"].sum().reindex(self.countries).fillna(0.0)

    def _trace(self) -> Traced:
        flow = np.zeros((len(self.place), len(self.place)))
        rows = self.flows["importer"].map(self.place).to_numpy(dtype=int)
        columns = self.flows["exporter"].map(self.place).to_numpy(dtype=int)
        np.add.at(flow, (rows, columns), self.flows["quantity"].to_numpy(dtype=float))
        listed = np.array([name in self.balances.index for name in self.countries])
        return trace(self.production.to_numpy(dtype=float), listed, flow)

    def _report_tracing(self) -> list[Finding]:
        """Say what tracing had to assume."""
        traced, found = self.traced, []
        raised = [
            f"{name} by {amount(more, self.unit)}"
            for more, name in sorted(zip(traced.raised, self.countries, strict=True), reverse=True)
            if more > 0
        ]
        if len(raised) > MOST_NAMED:
            raised[MOST_NAMED:] = [f"{len(raised) - MOST_NAMED} more by less"]
        if raised:
            text = "exports exceed production and imports, so production was raised to fit: " + ", ".join(raised)
            found.append(self._finding("warning", "production", text))
        lost = [name for name, is_so in zip(self.countries, traced.lost, strict=True) if is_so]
        if lost:
            text = f"{', '.join(lost)}: imports lead to no known origin; counts as origin itself"
            found.append(self._finding("warning", None, text))
        if not traced.complete:
            passing = [name for name, is_so in zip(self.countries, traced.passes_on, strict=True) if is_so]
            text = "production is known for less than 95 % of world exports: exporters count as the origin"
            if passing:
                text += f"; {', '.join(passing)} make none and pass on their import mix (estimated)"
            found.append(self._finding("info", "production", text))
        return found

    def _first_demand(self, member: str) -> tuple[float, list[Finding]]:
        """Yearly demand of a member as the tables have it (section 6), and what is to be said of it.

        What is given; else apparent consumption where production is known, else imports.
        """
        given = self._given_demand_by[self.members.index(member)]
        if not np.isnan(given):
            return float(given), []
        if not np.isnan(self.production[member]):
            return self._apparent(member)
        imports, exports = float(self.imports[member]), float(self.exports[member])
        if not exports > ENTREPOT_EXPORTS * imports > 0:
            return imports, []
        text = (
            f"{member}: home production unknown and exports are {percent(exports / imports)} of imports; "
            '"share of imports" says little about its needs'
        )
        return imports, [self._finding("warning", "production", text)]

    def _demand(self, needed: Mapping[str, float], findings: list[Finding]) -> np.ndarray:
        """Yearly demand by member, NaN or ≤ 0 where unknown; adds to ``findings``.

        Demand that is given and is less than the makers of other goods need cannot hold their use: it is taken
        as final demand, and their use is added (section 8).
        """
        demand = np.empty(len(self.members))
        for n, member in enumerate(self.members):
            first, found = self._first_by[n]
            findings += found
            total = first
            if not np.isnan(self._given_demand_by[n]) and 0 <= first < needed.get(member, 0.0) * (1 - NOTHING):
                total += needed[member]
                text = (
                    f"{member}: demand of {amount(first, self.unit)} is less than its makers of other "
                    f"goods need, so it is taken as final demand; with their use it is {amount(total, self.unit)}"
                )
                findings.append(self._finding("info", "demand", text))
            if 0 < total <= self._rounding_by[n]:
                total = 0.0  # what is left of a difference of equal numbers
            if not total > 0:
                text = (
                    f"{member}: demand comes out as {amount(total, self.unit)}; its requirement is "
                    "unknown. Give demand in balances.csv if you know better"
                )
                findings.append(self._finding("warning", "demand", text))
            elif not self._origin_by[n].any():
                text = (
                    f"{member}: demand is {amount(total, self.unit)} but no supply is recorded; its "
                    "requirement is unknown. Give flows or production"
                )
                findings.append(self._finding("warning", "demand", text))
                total = np.nan
            demand[n] = total
        return demand

    def _apparent(self, member: str) -> tuple[float, list[Finding]]:
        """production + imports − exports, less the stock increase, or a three-year mean of it."""
        made = self.production[member] + self.traced.raised[self.place[member]]
        this_year = float(made + self.imports[member] - self.exports[member])
        stock = self.balances["stock"].get(member, np.nan)
        held = self.all_balances[
            (self.all_balances["year"] == self.year - 1) & (self.all_balances["country"] == member)
        ]
        if len(held) and not np.isnan(stock) and not np.isnan(held["stock"].iloc[0]):
            return this_year - float(stock - held["stock"].iloc[0]), []
        before, earlier = self._past(member, self.year - 1), self._past(member, self.year - 2)
        if before is None or earlier is None:
            return this_year, []
        text = f"{member}: demand is the mean of {self.year - 2} to {self.year} (estimated)"
        return float(np.mean([this_year, before, earlier])), [self._finding("info", "demand", text)]

    def _past(self, member: str, year: int) -> float | None:
        """Apparent consumption of an earlier year; None unless both tables have that year."""
        rows = self.all_balances[(self.all_balances["year"] == year) & (self.all_balances["country"] == member)]
        flows = self.all_flows[self.all_flows["year"] == year]
        if rows.empty or flows.empty or np.isnan(rows["production"].iloc[0]):
            return None
        imports = flows.loc[flows["importer"] == member, "quantity"].sum()
        exports = flows.loc[flows["exporter"] == member, "quantity"].sum()
        return float(rows["production"].iloc[0] + imports - exports)

    def _origin(self, member: str) -> np.ndarray:
        """The mix by origin of what the member uses. Its own goods that come home by way of others do not count
        where its production is unknown: such a member is not its own supplier."""
        origin = self.traced.origin[self.place[member]].copy()
        if np.isnan(self.production[member]):
            origin[self.place[member]] = 0.0
        return origin / origin.sum() if origin.sum() > 0 else origin

    def _mixes(self) -> pd.DataFrame:
        """The traced origin of what every country uses, user × origin."""
        mix = self.traced.origin.copy()
        mix[self._at] = self._origin_by
        return pd.DataFrame(mix, index=self._countries, columns=self._countries)

    def _made_at_home(self, member: str) -> float:
        """What a member makes in a year; where production is unknown, what others use of its goods."""
        known = float(self._made[self.place[member]])
        if not np.isnan(known):
            return known
        used = np.maximum(self.traced.consumption[:, self.place[member]], 0.0)
        return float(np.delete(used, self.place[member]).sum())

    def _factor(self, demand: np.ndarray, usable: np.ndarray, findings: list[Finding]) -> np.ndarray:
        """Demand by recorded use of every usable member, NaN where there is none; adds to ``findings``."""
        factor = np.full(len(demand), np.nan)
        for n in usable:
            if self._used_by[n] > NOTHING * demand[n]:
                factor[n] = demand[n] / self._used_by[n]
            if np.isnan(self.production[self.members[n]]) and self._own_by[n] >= WORTH_SAYING:
                text = (
                    f"{self.members[n]}: {percent(self._own_by[n], 1)} of its imports are its own goods on their "
                    "way home; left out, the rest scaled up"
                )
                findings.append(self._finding("info", "demand", text))
        for n in usable:
            text = ""
            if np.isnan(factor[n]):
                text = (
                    f"exports take up all recorded supply; demand of {amount(demand[n], self.unit)} is given the "
                    "mix of its supply (estimated)"
                )
            elif abs(factor[n] - 1.0) > SCALING_WARNING:
                text = (
                    f"recorded supply was scaled by {factor[n]:.4g} to meet demand of "
                    f"{amount(demand[n], self.unit)}"
                )
            if text:
                findings.append(self._finding("warning", "demand", f"{self.members[n]}: {text}"))
        return factor

    def _capacity(
        self, baseline: np.ndarray, settings: Mapping[str, Setting], findings: list[Finding]
    ) -> np.ndarray:
        """K_i: what supplier i can sell to members (section 3, rule 2); adds to ``findings``."""
        sales = baseline.sum(axis=0)
        capacity = (
            sales
            + float(settings["diversion"].value) * self._sold_to_others
            + float(settings["spare"].value) * np.where(np.isnan(self._made), sales, self._made)
        )
        capacity = np.where(np.isnan(self._given_capacity), capacity, self._given_capacity)
        for i in np.flatnonzero(sales > capacity * (1 + NOTHING)):
            text = (
                f"{self.countries[i]}: capacity {amount(capacity[i], self.unit)} is below today's sales to "
                f"members and was raised to {amount(sales[i], self.unit)}"
            )
            findings.append(self._finding("warning", "capacity", text))
        return np.maximum(capacity, sales)

    def _sales_to_others(self) -> np.ndarray:
        """What those who are not members use of every country's goods, their own use of their own left out."""
        others = [n for n, name in enumerate(self.countries) if name not in self.members]
        abroad = np.maximum(self.traced.consumption[others], 0.0)
        abroad[np.arange(len(others)), others] = 0.0
        return np.asarray(abroad.sum(axis=0))

    def _prices(self) -> np.ndarray:
        """c_im in USD per unit (member × country): of the flow, else the exporter's, else the good's median; NaN
        without any."""
        priced = self.flows[(self.flows["quantity"] > 0) & self.flows["value_usd"].notna()]
        unit_values = priced["value_usd"] / priced["quantity"]
        sums = priced.groupby("exporter")[["value_usd", "quantity"]].sum()
        by_exporter = (sums["value_usd"] / sums["quantity"]).reindex(self.countries)
        median = float(unit_values.median()) if len(unit_values) else np.nan
        price = np.tile(by_exporter.fillna(median).to_numpy(dtype=float), (len(self.members), 1))
        row = {member: n for n, member in enumerate(self.members)}
        for exporter, importer, number in zip(priced["exporter"], priced["importer"], unit_values, strict=True):
            if importer in row:
                price[row[importer], self.place[exporter]] = number
        return price

    def _fixed_rows(self) -> pd.DataFrame:
        """The rows of the balance table; demand, stock and factor are filled in by :meth:`figures`."""
        return pd.DataFrame(
            {
                "good": self.good,
                "member": self.members,
                "year": float(self.year),
                "production": self.production.reindex(self.members).to_numpy(),
                "imports": self.imports.reindex(self.members).to_numpy(),
                "exports": self.exports.reindex(self.members).to_numpy(),
                "demand": np.nan,
                "stock": np.nan,
                "factor": np.nan,
                "unit": self.unit,
                "scope": self._scope_by,
                "status": [self._status(m) for m in self.members],
                "source": [self._source(m) for m in self.members],
            }
        )

    def _status(self, member: str) -> str:
        """The weakest status of the member's flows and balance."""
        found = set(self.flows.loc[self.flows["importer"] == member, "status"])
        if member in self.balances.index:
            found.add(str(self.balances.loc[member, "status"]))
        if np.isnan(self.balances["stock"].get(member, np.nan)):
            found.add("assumed")
        return max(found, key=STATUSES.index, default="assumed")

    def _source(self, member: str) -> str:
        """The sources of the member's flows and balance, each once."""
        found = list(self.flows.loc[self.flows["importer"] == member, "source"].unique())
        if member in self.balances.index:
            found.append(str(self.balances.loc[member, "source"]))
        if np.isnan(self.balances["stock"].get(member, np.nan)):
            found.append(STOCK_ASSUMED)
        return "; ".join(dict.fromkeys(part for source in found for part in source.split("; ")))
