"""What members lose if trade with a target stops, before and after the requirement, and what the target loses.

A member that sanctions buys nothing from the target and sells nothing to it. Three channels are counted:

- **imports**: of the case's goods. What is left of the quantity used, q, goes through a CES aggregate of the good
  and everything else: L = 1 − [1 − α + α q^((η−1)/η)]^(η/(η−1)), for η = 1: 1 − q^α, as in Bachmann, Baqaee and
  others (2022, "What if? The economic effects for Germany of a stop of energy imports from Russia", ECONtribute
  Policy Brief 28). α is the value of the good's use over GDP. Losses of goods are added up, which is right to
  first order and never too little: one aggregate of all goods loses less. A sum beyond all of GDP is no figure.
- **other imports**: all else that is bought from the target, by sector of the input–output table, in the same way.
- **exports**: value the member itself adds to what it sells to the target, as far as it is lost.

The last two are of intermediates only, as the table does not split final goods by buyer: lower bounds.

q follows the relationship, as after a cutoff: what other suppliers deliver (with the case's surge, the mean of the
year), less what makers in the members' countries cannot make for want of inputs (the scarcest input decides), plus
a part of the others' free capacity, shared in proportion to what is missing. So a member loses less if it acts
alone: more is left for it, and its friends' makers keep their inputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from resilience.calculator import solve
from resilience.economics.costs import counted_once, prices_known
from resilience.economics.economy import UNKNOWN, Economy, Figure, Trade, read_trade
from resilience.errors import Finding, InputError
from resilience.families import all_figures
from resilience.inputs.balance import GoodData
from resilience.inputs.case import Case, unknown_country
from resilience.inputs.cutoffs import surge
from resilience.inputs.sanctions_settings import number
from resilience.results import Result
from resilience.schema import SECURITY

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

BEFORE, AFTER = "before", "after"
PATTERNS = (BEFORE, AFTER)
SCENARIOS = ("alone", "all", "all_but_it")
IMPORTS, OTHER, EXPORTS, TOTAL = "imports", "other imports", "exports", "total"
NEGLIGIBLE = 1e-9
LARGE = 0.05  # of GDP; a loss beyond it is doubtful
MOST = 1.0 + 1e-9  # of GDP; a loss beyond it is unknown
ESTIMATED = "estimated"
INTERMEDIATES = "intermediates only"
NO_GDP, NO_TRADE = "GDP unknown", "not in the input-output table"
BEYOND = "adds up to more than 100 % of GDP"
OVERSTATED = "more or less than this, as adding up overstates what is not small"


def ces_loss(cost_share: Any, substitution: Any, left: Any) -> Array:
    """Part of output lost when the part ``left`` of an input's quantity is there; arrays of any shapes that fit.

    ``cost_share`` α in 0 to 1, ``substitution`` η ≥ 0 (0: nothing replaces it, then the loss is 1 − q), ``left`` q
    in 0 to 1. NaN where one of them is, or where α is above 1. Source: see the module.
    """
    alpha, eta, q = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in (cost_share, substitution, left)))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        none, unit = eta < NEGLIGIBLE, np.abs(eta - 1.0) < NEGLIGIBLE  # limits of the formula
        power = np.where(none, -1.0, (eta - 1.0) / np.where(none, 1.0, eta))
        log_q = np.log(np.minimum(q, 1.0))
        # In logarithms, as q^((η−1)/η) overflows for small η.
        inside = np.logaddexp(np.log1p(-alpha), np.log(alpha) + power * log_q)
        log_output = np.select([q >= 1, none, unit], [0.0, log_q, alpha * log_q], inside / power)
        loss = np.where(alpha == 0, 0.0, -np.expm1(log_output))
    loss = np.where(np.isnan(alpha) | np.isnan(eta) | np.isnan(q) | (alpha > 1), np.nan, loss)
    return np.clip(loss, 0.0, 1.0)


def within(lost: Any) -> Array:
    """Losses in parts of GDP that were added up; NaN where they are more than all of it."""
    found: Array = np.where(np.asarray(lost) > MOST, np.nan, lost)
    return found


@dataclass(frozen=True)
class Side:
    """One good as the members buy it in one pattern; n members in the case's order.

    ``names``: the suppliers; ``sourcing``: suppliers × n, a year. ``demand``, ``stock``, ``value`` (USD of use a
    year): n, NaN if unknown. ``free``: what suppliers other than the target could sell beyond it. ``rise``: mean
    surge by supplier. ``maker``: position among the members of each supplier, −1 for others. ``inputs``: goods
    without which it cannot be made. All in the good's unit.
    """

    good: str
    year: int
    names: tuple[str, ...]
    sourcing: Array
    demand: Array
    stock: Array
    value: Array
    free: float
    rise: Array
    maker: npt.NDArray[np.int_]
    of_target: Flags
    inputs: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Losses:
    """All that decides what sanctions of any part of the members cost whom.

    ``sides``: pattern → good → side, inputs before what is made of them. ``exports``, ``other``: n, losses of a
    member that sanctions in parts of its GDP, NaN if unknown or beyond all of it. ``moved``: pattern → target
    countries × sectors × n, USD of purchases that the pattern has moved away from the target. ``unsure``: the
    target's countries that trade but have no known GDP, so that no part of the target's GDP is known either.
    ``lacking``: goods of the case without data.
    """

    members: tuple[str, ...]
    target: tuple[str, ...]
    goods: tuple[str, ...]
    gdp: Mapping[str, Figure]
    sides: Mapping[str, Mapping[str, Side]]
    substitution: Mapping[str, float]
    exports: Array
    other: Array
    trade: Trade | None
    moved: Mapping[str, Array]
    export_loss: float
    other_substitution: float
    reach: float
    stocks: float
    findings: list[Finding] = field(default_factory=list)
    unsure: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()

    @cached_property
    def output(self) -> Array:
        """GDP of the members, USD; NaN if unknown."""
        return np.array([self.gdp[member].value for member in self.members])

    @cached_property
    def sanctioned(self) -> list[str]:
        """The target's countries of which GDP and trade are known."""
        there = () if self.trade is None else self.trade.countries
        return [c for c in self.sized if c in there]

    @cached_property
    def sized(self) -> list[str]:
        """The target's countries of which GDP is known: those over whose GDP together its loss is."""
        return [c for c in self.target if not np.isnan(self.gdp[c].value)]

    @cached_property
    def size(self) -> float:
        """The GDP of :attr:`sized`, USD."""
        return sum(self.gdp[c].value for c in self.sized)

    def left(self, pattern: str, joins: Flags) -> dict[str, Array]:
        """Good → k × n, part of the quantity used that is left if in row k the members of ``joins`` sanction."""
        found: dict[str, Array] = {}
        for side in self.sides[pattern].values():
            going = np.ones((len(joins), len(side.maker)))
            at_home = side.maker >= 0
            for name in side.inputs:
                if name in found:
                    kept = np.nan_to_num(found[name], nan=1.0)[:, side.maker[at_home]]
                    going[:, at_home] = np.minimum(going[:, at_home], kept)
            usual = side.sourcing * (1.0 + side.rise)[:, None]
            there = going @ usual - joins * (going[:, side.of_target] @ usual[side.of_target])
            there = there + self.stocks * np.nan_to_num(side.stock)
            missing = np.maximum(0.0, side.demand - there)
            wanted = np.nansum(missing, axis=1, keepdims=True)
            part = np.minimum(1.0, self.reach * side.free / np.where(wanted > 0, wanted, 1.0))
            found[side.good] = np.minimum(1.0, (there + part * missing) / side.demand)
        return found

    def of_goods(self, pattern: str, joins: Flags) -> dict[str, Array]:
        """Good → k × n, loss of each member in parts of GDP; NaN if unknown, zero where nothing is missing."""
        found = {}
        for good, left in self.left(pattern, joins).items():
            if good in self.goods:
                q = np.round(left, 12)
                loss = ces_loss(self.sides[pattern][good].value / self.output, self.substitution[good], q)
                found[good] = np.where(q >= 1, 0.0, loss)  # whatever the good costs
        return found

    def of_imports(self, pattern: str, joins: Flags) -> Array:
        """k × n, each member's loss from the case's goods, of those known; NaN where none is or beyond its GDP.

        NaN as well where what is known is zero and another good has no data or no price. A good of which the
        member's use is unknown or none counts as none, as the findings say, if another is known.
        """
        return within(self.added_up(pattern, joins))

    def added_up(self, pattern: str, joins: Flags) -> Array:
        """:meth:`of_imports` as it adds up, however much that is."""
        of_goods, left = self.of_goods(pattern, joins), self.left(pattern, joins)
        lost = np.array([*of_goods.values()]).reshape(-1, *joins.shape)
        used = ~np.isnan(np.array([left[good] for good in of_goods])).reshape(-1, *joins.shape)
        unknown, known = np.isnan(lost), np.nansum(lost, axis=0)
        partly = (unknown & used).any(axis=0) | bool(self.lacking)
        found: Array = np.where(unknown.all(axis=0) | (partly & (known == 0)), np.nan, known)
        return found

    def of_members(self, pattern: str, joins: Flags) -> Array:
        """k × n, each member's loss over all channels; NaN if its GDP is unknown or its loss through a channel,
        and beyond its GDP."""
        total = self.of_imports(pattern, joins) + np.where(joins, self.exports + self.other, 0.0)
        return within(np.where(np.isnan(self.output), np.nan, total))

    def beyond(self, pattern: str, joins: Flags) -> Flags:
        """k × n, whether what is known of a member's loss adds up to more than its GDP."""
        acting = np.where(joins, np.nan_to_num(self.exports) + np.nan_to_num(self.other), 0.0)
        found: Flags = np.nan_to_num(self.added_up(pattern, joins)) + acting > MOST
        return found

    def avoided(self) -> tuple[Array, list[list[str]]]:
        """What the requirement avoids of each member's loss if all sanction, of the parts known (n), and by member
        the parts that are not: goods and channels.

        NaN if its GDP is not known, where its loss is beyond its GDP, and where nothing known is avoided but a
        part is not known. What a member loses through exports and other imports, or from a good of which its use
        is unknown, is the same before and after.
        """
        everybody = np.ones((1, len(self.members)), dtype=bool)
        left = [self.left(pattern, everybody) for pattern in PATTERNS]
        before, after = (self.of_goods(pattern, everybody) for pattern in PATTERNS)
        first = np.zeros(len(self.members))
        unknown: list[list[str]] = [list(self.lacking) for _ in self.members]
        for good in before:
            change = (before[good] - after[good])[0]
            no_plan = np.isnan(left[0][good] + left[1][good])  # of a use that is not known
            if self.sides[BEFORE][good] is self.sides[AFTER][good]:
                no_plan |= np.isclose(left[0][good], left[1][good])
            change = np.where(no_plan[0], 0.0, change)  # the same before and after, whatever it costs
            for n in np.flatnonzero(np.isnan(change)):
                unknown[n].append(good)
            first += np.nan_to_num(change)
        for channel, lost in ((OTHER, self.other), (EXPORTS, self.exports)):
            for n in np.flatnonzero(np.isnan(lost)):
                unknown[n].append(channel)
        beyond = np.any([self.beyond(pattern, everybody)[0] for pattern in PATTERNS], axis=0)
        for n in np.flatnonzero(beyond):
            unknown[n].append(f"{TOTAL} ({BEYOND})")
        nothing = np.array([bool(parts) for parts in unknown]) & (first <= 0)
        return np.where(np.isnan(self.output) | beyond | nothing, np.nan, first), unknown

    def of_target(self, pattern: str, joins: Flags) -> dict[str, tuple[Array, Array]]:
        """Target country → losses of its GDP (k) through imports and through exports, of those known; NaN beyond
        all of it."""
        found = {}
        for country in self.sanctioned:
            assert self.trade is not None
            t, gdp = self.trade.countries.index(country), self.gdp[country].value
            there = [(n, self.trade.place(member)) for n, member in enumerate(self.members)]
            known = [(n, place) for n, place in there if place is not None]
            mine = joins[:, [n for n, _ in known]].astype(float)
            places = [place for _, place in known]
            sold = (
                self.trade.sold[t][:, places]
                - self.moved[pattern][self.target.index(country)][:, [n for n, _ in known]]
            )
            exports = self.export_loss * (mine @ (np.maximum(0.0, sold) * self.trade.own[t][:, None]).T).sum(
                axis=1
            )
            used = self.trade.sold[:, :, t].sum(axis=0)
            bought = mine @ self.trade.sold[places][:, :, t]
            left = 1.0 - np.divide(bought, used, out=np.zeros_like(bought), where=used > 0)
            imports = ces_loss(used / gdp, self.other_substitution, left).sum(axis=1)
            found[country] = within(imports), within(exports / gdp)
        return found

    def in_all(self, pattern: str, joins: Flags) -> dict[str, Array]:
        """Target country → loss of its GDP (k) over both channels, of those known; NaN beyond all of it."""
        found = self.of_target(pattern, joins)
        return {country: within(imports + exports) for country, (imports, exports) in found.items()}

    def effect(self, pattern: str, joins: Flags) -> Array:
        """k, the least that the target loses, in parts of its :attr:`size`.

        The loss of countries without known trade counts as nothing, and so do sanctions of members without. NaN if
        no country of the target has any, if nobody does anything known to it, if one that trades has no known GDP:
        its loss may be the larger part, or if the loss of one adds up to more than its GDP.
        """
        if not self.sanctioned or self.unsure:
            return np.full(len(joins), np.nan)
        lost = sum(share * self.gdp[c].value for c, share in self.in_all(pattern, joins).items())
        assert self.trade is not None
        hidden = np.array([self.trade.place(member) is None for member in self.members])
        found: Array = np.where((joins & hidden).any(axis=1) & (lost == 0), np.nan, lost / self.size)
        return found

    def scenarios(self) -> dict[str, Flags]:
        """Scenario → n × n; row m says who sanctions in the scenario that is about member m."""
        own = np.eye(len(self.members), dtype=bool)
        return {"alone": own, "all": np.ones_like(own), "all_but_it": ~own}


# -- from a case -----------------------------------------------------------------------------------------


def target_of(case: Case, target: Sequence[str] | None = None) -> tuple[str, ...]:
    """The countries of a target: those given, else the case's, else all that its cutoffs name.

    Raises :class:`~resilience.errors.InputError` for an unknown name, a member among them, or none at all.
    """
    raw = case.file.raw.get("sanctions", {}).get("target")
    named = [raw] if isinstance(raw, str) else raw
    names = list(target or named or [name for cutoff in case.file.cutoffs for name in cutoff.cut])
    key, findings = "sanctions.target", []
    countries = set(case.data.countries["country"])
    found: dict[str, None] = {}
    for name in names:
        if name not in case.groups and name not in countries:
            message = unknown_country(name, case.data, case.groups)
            findings.append(Finding("error", case.file.path.name, None, key, message))
        found |= dict.fromkeys(case.groups.get(name, (name,)))
    if not names:
        message = 'no cutoff names a country, so say who is sanctioned, for example target = "China bloc"'
        findings.append(Finding("error", case.file.path.name, None, key, message))
    for country in found:
        if country in case.members:
            message = f"{country} is a member; members cannot be the target of their own sanctions"
            findings.append(Finding("error", case.file.path.name, None, key, message))
    if findings:
        raise InputError(findings)
    return tuple(found)


def losses_of(case: Case, target: Sequence[str], result: Result) -> Losses:
    """Everything that decides the losses, from a case, a target's countries and the case's result."""
    members, economy, trade = case.members, Economy(case.data, case.file.year), read_trade(case.data)
    raw = case.file.raw
    gdp = {country: economy.gdp(country) for country in (*members, *target)}
    figures = all_figures(case)
    known = {
        good: replace(data, price=prices_known(case, data)) for good, data in figures.items() if data is not None
    }
    order = [good for family in case.families for good in reversed(family) if good in known]
    plans = {good: rows for good, rows in result.tables["plan"].groupby("good") if rows["planned"].notna().any()}
    built = result.tables["capacity"].groupby(["good", "country"])["new_capacity"].sum()
    sides: dict[str, dict[str, Side]] = {BEFORE: {}, AFTER: {}}
    for good in order:
        data = known[good]
        inputs = tuple(recipe.input for recipe in case.links(good) if recipe.essential)
        today = data.baseline.reindex(columns=list(members))
        sides[BEFORE][good] = _side(data, today, data.capacity, members, target, inputs)
        if good in plans:
            plan = plans[good].pivot(index="supplier", columns="member", values="planned")
            more = built.loc[good] if good in built.index.get_level_values(0) else pd.Series(dtype=float)
            suppliers = data.capacity.index.union(plan.index, sort=False)
            capacity = data.capacity.reindex(suppliers).fillna(0.0).add(more, fill_value=0.0)
            plan = plan.reindex(index=capacity.index, columns=list(members))
            sides[AFTER][good] = _side(data, plan, capacity, members, target, inputs)
        else:
            sides[AFTER][good] = sides[BEFORE][good]
    twice = counted_once(case)
    goods = tuple(good for good in case.goods if good in known and good not in twice)
    unsure = _unsure(case, target, gdp, trade)
    findings = [*_good_findings(case, known, plans, twice), *_country_findings(case, target, gdp, trade, unsure)]
    moved = {pattern: _moved(goods, case, known, sides, pattern, members, target, trade) for pattern in PATTERNS}
    export_loss = number(raw, "export_loss")
    eta = number(raw, "other_substitution")
    size = np.array([gdp[member].value for member in members])
    exports = np.full(len(members), np.nan)
    other = np.full(len(members), np.nan)
    if trade is not None:
        critical = _critical(goods, case, known, members, target, trade)
        to = trade.places(target)
        for n, member in enumerate(members):
            place = trade.place(member)
            if place is None or not to:
                continue
            exports[n] = export_loss * (trade.sold[place][:, to].sum(axis=1) * trade.own[place]).sum() / size[n]
            used = trade.sold[:, :, place].sum(axis=0)
            bought = np.maximum(0.0, trade.sold[to][:, :, place].sum(axis=0) - critical[:, n])
            left = 1.0 - np.divide(bought, used, out=np.zeros_like(used), where=used > 0)
            other[n] = ces_loss(used / size[n], eta, left).sum()
    losses = Losses(
        members,
        tuple(target),
        goods,
        gdp,
        sides,
        {good: number(raw, "substitution", (good, case.category(good))) for good in goods},
        within(exports),
        within(other),
        trade,
        moved,
        export_loss,
        eta,
        number(raw, "reach"),
        number(raw, "stocks"),
        findings,
        unsure,
        tuple(good for good in case.goods if good not in known),
    )
    losses.findings.extend(_price_findings(losses))
    return losses


def _unsure(case: Case, target: Sequence[str], gdp: Mapping[str, Figure], trade: Trade | None) -> tuple[str, ...]:
    """Countries of the target without a known GDP that the input-output table has or that trade with a member."""
    flows, members = case.data.flows, set(case.members)
    partners = {
        *flows.loc[flows["importer"].isin(members), "exporter"],
        *flows.loc[flows["exporter"].isin(members), "importer"],
    }
    trading = partners | (set() if trade is None else set(trade.countries))
    return tuple(c for c in target if np.isnan(gdp[c].value) and c in trading)


def _side(
    data: GoodData,
    sourcing: pd.DataFrame,
    capacity: pd.Series,
    members: Sequence[str],
    target: Sequence[str],
    inputs: tuple[str, ...],
) -> Side:
    suppliers = [str(name) for name in capacity.index]
    amounts = sourcing.reindex(suppliers).fillna(0.0).to_numpy(dtype=float)
    months = int(data.settings["months"].value)
    rise = {
        side: float(np.mean(surge(data.settings[f"{side}_surge"].value, 1, months)))
        for side in ("region", "outside")
    }
    price = data.price.reindex(index=suppliers, columns=list(members)).to_numpy(dtype=float)
    spent = np.where(amounts > 0, amounts * price, 0.0).sum(axis=0)
    of_target = np.array([name in target for name in suppliers], dtype=bool)
    free = np.maximum(0.0, capacity.to_numpy(dtype=float) - amounts.sum(axis=1))
    place = {member: n for n, member in enumerate(members)}
    demand = data.demand.reindex(list(members)).to_numpy(dtype=float)
    return Side(
        data.good,
        data.year,
        tuple(suppliers),
        amounts,
        demand,
        data.stock.reindex(list(members)).to_numpy(dtype=float),
        np.where(np.isnan(demand), np.nan, spent),
        float(free[~of_target].sum()),
        np.array([rise["region" if name in data.credit else "outside"] for name in suppliers]),
        np.array([place.get(name, -1) for name in suppliers], dtype=int),
        of_target,
        inputs,
    )


def _critical(
    goods: Sequence[str],
    case: Case,
    known: Mapping[str, GoodData],
    members: Sequence[str],
    target: Sequence[str],
    trade: Trade,
) -> Array:
    """Sectors × n, USD of the case's goods that members buy from the target today."""
    found = np.zeros((len(trade.sectors), len(members)))
    sector = dict(zip(case.data.sectors["good"], case.data.sectors["sector"], strict=True))
    for good in goods:
        if sector.get(good) in trade.sectors:
            data = known[good]
            spent = (data.baseline * data.price).reindex(index=list(target), columns=list(members))
            found[trade.sectors.index(sector[good])] += np.nan_to_num(spent.to_numpy(dtype=float)).sum(axis=0)
    return found


def _moved(
    goods: Sequence[str],
    case: Case,
    known: Mapping[str, GoodData],
    sides: Mapping[str, Mapping[str, Side]],
    pattern: str,
    members: Sequence[str],
    target: Sequence[str],
    trade: Trade | None,
) -> Array:
    """Target countries × sectors × n, USD that members buy less from the target than today."""
    if trade is None:
        return np.zeros((len(target), 0, len(members)))
    found = np.zeros((len(target), len(trade.sectors), len(members)))
    sector = dict(zip(case.data.sectors["good"], case.data.sectors["sector"], strict=True))
    for good in goods:
        if sector.get(good) not in trade.sectors:
            continue
        data, s = known[good], trade.sectors.index(sector[good])
        today = data.baseline.reindex(index=list(target), columns=list(members)).fillna(0.0).to_numpy(dtype=float)
        now = np.zeros_like(today)
        side = sides[pattern][good]
        for name, row in zip(side.names, side.sourcing, strict=True):
            if name in target:
                now[target.index(name)] = row
        price = data.price.reindex(index=list(target), columns=list(members)).to_numpy(dtype=float)
        found[:, s] += np.nan_to_num((today - now) * price)
    return found


# -- findings --------------------------------------------------------------------------------------------


def _good_findings(
    case: Case, known: Mapping[str, GoodData], plans: Mapping[Any, pd.DataFrame], twice: Mapping[str, str]
) -> list[Finding]:
    findings = []

    def say(column: str, message: str, severity: str = "warning") -> None:
        findings.append(Finding(severity, "sanctions", None, column, message))

    lacking = [good for good in case.goods if good not in known]
    if lacking:
        say("good", f"no data of {case.file.year} or earlier for {', '.join(lacking)}: not counted")
    for good, other in twice.items():
        say("good", f"{good} measures the same codes as {other}: counted once, as {other}", "info")
    without = [good for good in case.goods if good in known and good not in plans]
    if without:
        say(
            "pattern",
            f"no plan survives, or none is known, for {', '.join(without)}: after the requirement they are taken "
            "as they are bought today",
        )
    for good in case.goods:
        if good in known:
            data = known[good]
            missing = [member for member in case.members if member not in data.members]
            if missing:
                say("good", f"{good}: demand of {', '.join(missing)} is unknown or none: not counted")
    return findings


def _price_findings(losses: Losses) -> list[Finding]:
    """Goods of which some is missing, if all sanction, to members whose use of it has no known price."""
    everybody, findings = np.ones((1, len(losses.members)), dtype=bool), []
    left = [losses.left(pattern, everybody) for pattern in PATTERNS]
    for good in losses.goods:
        lacks = np.zeros(len(losses.members), dtype=bool)
        for pattern, there in zip(PATTERNS, left, strict=True):
            lacks |= (np.round(there[good][0], 12) < 1) & np.isnan(losses.sides[pattern][good].value)
        priceless = [member for member, lacking in zip(losses.members, lacks, strict=True) if lacking]
        if priceless:
            use, their = ("uses", "its") if len(priceless) == 1 else ("use", "their")
            text = f"{good}: no price for what {', '.join(priceless)} {use}, so {their} loss from it is unknown"
            message = f"{text}; give value_usd in flows.csv"
            findings.append(Finding("warning", "sanctions", None, "loss_usd", message))
    return findings


def _country_findings(
    case: Case,
    target: Sequence[str],
    gdp: Mapping[str, Figure],
    trade: Trade | None,
    unsure: Sequence[str],
) -> list[Finding]:
    findings = []

    def say(column: str, message: str, severity: str = "warning") -> None:
        findings.append(Finding(severity, "sanctions", None, column, message))

    missing = [country for country in gdp if np.isnan(gdp[country].value)]
    if missing:
        say("gdp_share", f"no GDP up to {case.file.year} for {', '.join(missing)}: their losses are unknown")
    if unsure:
        say(
            "gdp_share",
            f"without the GDP of {', '.join(unsure)}, what the target loses of its GDP is unknown, and so are "
            "break-even stakes, who takes part and which coalitions are stable; give gdp_usd in indicators.csv "
            "or countries.csv, or name another target",
        )
    years = {str(gdp[c].year or "not stated") for c in gdp if c not in missing}
    other = f", total trade of {trade.year or 'a year not stated'}" if trade is not None else ""
    if len(years) > 1 or (trade is not None and years != {str(trade.year)}) or years != {str(case.file.year)}:
        say(
            "year",
            f"years are mixed: goods of {case.file.year} or the latest year before, GDP of "
            f"{', '.join(sorted(years)) or 'no year'}{other}; shares of GDP are so far off as prices and trade "
            "have changed in between",
        )
    if trade is None:
        say(
            "channel",
            "there is no input_output.csv: exports forgone, other imports and the target's loss are unknown",
        )
        return findings
    if trade.year is not None and trade.year > case.file.year:
        say(
            "year",
            f"total trade is of {trade.year}, after the case's year {case.file.year}: sanctions in between make "
            "it smaller than it was",
        )
    lower = (
        "; the target's loss is at least what the others lose, over the GDP of all"
        if trade.places(target)
        else ", and neither are members' exports to it, their other imports and the target's loss"
    )
    for who, names, consequence in (("members", case.members, ""), ("target's countries", target, lower)):
        hidden = [name for name in names if trade.place(name) is None]
        if hidden:
            say(
                "channel",
                f"the input-output table has no rows for {', '.join(hidden)} ({who}): their total trade is "
                f"unknown and not counted{consequence}",
            )
    say(
        "channel",
        "exports and other imports are trade in intermediates only, as the table does not split final goods by "
        "buyer: both are lower bounds, and so are the target's losses",
        "info",
    )
    return findings


# -- tables ----------------------------------------------------------------------------------------------


def sanctions_tables(losses: Losses) -> dict[str, pd.DataFrame]:
    """The tables ``sanctions`` and ``sanctions_goods``."""
    rows: list[dict[str, Any]] = []
    goods_rows: list[dict[str, Any]] = []
    vintage, of_target = vintages(losses), vintages(losses, losses.target)
    for pattern in PATTERNS:
        for scenario, joins in losses.scenarios().items():
            lost, imports = losses.of_goods(pattern, joins), losses.added_up(pattern, joins)
            left = losses.left(pattern, joins)
            for n in range(len(losses.members)):
                unknown = unknown_goods(losses, lost, n, n)
                acts = bool(joins[n, n])
                of_goods = [float(loss[n, n]) for loss in lost.values()]
                rows += _member_rows(losses, pattern, scenario, n, float(imports[n, n]), of_goods, unknown, acts)
                goods_rows += _good_rows(losses, pattern, scenario, n, lost, left)
        everybody = np.ones((1, len(losses.members)), dtype=bool)
        known, totals = losses.of_target(pattern, everybody), losses.in_all(pattern, everybody)
        for country in losses.target:
            gdp = losses.gdp[country]
            parts = known.get(country)
            shares = {OTHER: np.nan, EXPORTS: np.nan, TOTAL: np.nan}
            if parts is not None:
                shares = {OTHER: parts[0][0], EXPORTS: parts[1][0], TOTAL: totals[country][0]}
            for channel, share in shares.items():
                why = _why_unknown(losses, country) if np.isnan(share) else ""
                rows.append(_row(country, "target", pattern, "all", channel, share, gdp, "yes", why))
    for row in rows:
        row["vintage"] = (vintage if row["role"] == "member" else of_target)[row["channel"]]
    tables = {
        "sanctions": pd.DataFrame(rows, columns=list(SECURITY["sanctions"].names)),
        "sanctions_goods": pd.DataFrame(goods_rows, columns=list(SECURITY["sanctions_goods"].names)),
    }
    losses.findings.extend(_size_findings(tables["sanctions"], tables["sanctions_goods"]))
    return tables


def _size_findings(sanctions: pd.DataFrame, goods: pd.DataFrame) -> list[Finding]:
    """Losses that are too large to be believed, or to be shown at all."""

    texts = []
    most, large = f"{100 * LARGE:.0f} % of GDP", goods[goods["gdp_share"] > LARGE]
    if len(large):
        of_whom = ", ".join(dict.fromkeys(f"{row.good} ({row.member})" for row in large.itertuples()))
        texts.append(
            f"a single good costs more than {most}: {of_whom}; with so little left and so low a substitution the "
            "CES exaggerates, as uses of low value go first; see sanctions.substitution"
        )
    members = sanctions[sanctions["role"] == "member"]
    total = members[members["note"].str.contains(OVERSTATED, regex=False)]
    if len(total):
        texts.append(
            f"{', '.join(dict.fromkeys(total['member']))} would lose more than {most} in all: losses of goods, "
            "sectors and channels are added up, which holds while they are small and overstates such totals"
        )
    other = "sanctions.other_substitution"
    ways = {"member": f"sanctions.substitution, or {other}, or name fewer goods", "target": other}
    for role, way in ways.items():
        beyond = sanctions[(sanctions["role"] == role) & (sanctions["note"] == BEYOND)]
        if len(beyond):
            who = ", ".join(dict.fromkeys(beyond["member"]))
            texts.append(
                f"what {who} would lose {BEYOND} and so is unknown, with what follows from it (footing, "
                "break-even stakes, who takes part, stable coalitions, duration): losses of goods and sectors are "
                f"added up, which holds while they are small; raise {way}"
            )
    return [Finding("warning", "sanctions", None, "gdp_share", text) for text in texts]


def unknown_goods(losses: Losses, lost: Mapping[str, Array], row: int, n: int) -> list[str]:
    """The goods of which a member's loss is not known, in a row of :meth:`Losses.of_goods`."""
    return [*(good for good in lost if np.isnan(lost[good][row, n])), *losses.lacking]


def vintages(losses: Losses, countries: Sequence[str] | None = None) -> dict[str, str]:
    """Channel → years of the figures that losses through it follow from, in words.

    Members' unless ``countries`` of the target are given, whose losses no good of the case goes into.
    """

    def of(name: str, years: Iterable[int | None]) -> str:
        known = sorted({year for year in years if year is not None})
        return f"{name} {' and '.join(map(str, known)) or 'not stated'}"

    gdp = of("GDP", (losses.gdp[country].year for country in countries or losses.members))
    trade = of("total trade", () if losses.trade is None else (losses.trade.year,))
    apart: dict[str, tuple[str, ...]] = dict.fromkeys((OTHER, EXPORTS, TOTAL), (trade, gdp))
    if countries is None:
        goods = of("goods", (losses.sides[BEFORE][good].year for good in losses.goods))
        apart |= {IMPORTS: (goods, gdp), TOTAL: (goods, trade, gdp)}
    return {channel: ", ".join(parts) for channel, parts in apart.items()}


def _why_unknown(losses: Losses, country: str) -> str:
    """Why the loss of a country of the target is unknown."""
    there = losses.trade is not None and country in losses.trade.countries
    reasons = {NO_TRADE: not there, NO_GDP: bool(np.isnan(losses.gdp[country].value))}
    return " and ".join(reason for reason, applies in reasons.items() if applies) or BEYOND


def why_no_trade(losses: Losses, member: str) -> str:
    """Why what a member buys from the target and sells to it is unknown."""
    if losses.trade is None:
        return "total trade unknown"
    if losses.trade.place(member) is None:
        return NO_TRADE
    return BEYOND if losses.trade.places(losses.target) else f"the target is {NO_TRADE}"


def _member_rows(
    losses: Losses,
    pattern: str,
    scenario: str,
    n: int,
    imports: float,
    of_goods: Sequence[float],
    unknown: Sequence[str],
    acts: bool,
) -> list[dict[str, Any]]:
    """``imports``: the loss ``of_goods`` as it adds up; ``unknown``: the goods of which it is not known."""
    member = losses.members[n]
    gdp = losses.gdp[member]
    nothing = np.isnan(gdp.value)
    note = f"not counted, unknown: {', '.join(unknown)}" if unknown else ""
    bound_of_goods = "yes" if unknown else "no"
    channels = {IMPORTS: (float(within(imports)), bound_of_goods, BEYOND if imports > MOST else note)}
    for channel, values in ((OTHER, losses.other), (EXPORTS, losses.exports)):
        value = (float(values[n]) if acts else 0.0) if not nothing else np.nan
        words = INTERMEDIATES if acts else ""
        channels[channel] = (
            value,
            "yes" if acts else "no",
            why_no_trade(losses, member) if np.isnan(value) else words,
        )
    total = float(np.nansum([value for value, _, _ in channels.values()]))
    parts = [name for name, (value, _, _) in channels.items() if np.isnan(value)]
    bound = ["at least"] if acts else []
    if parts:
        total = total or np.nan  # zero is no lower bound worth the name
        bound = [*([] if np.isnan(total) else ["at least"]), f"unknown: {', '.join(parts)}"]
    sure = "yes" if acts or unknown else "no"
    if total > LARGE and total > np.nanmax([0.0, *of_goods]) + NEGLIGIBLE:  # more than one loss was added up
        sure, bound[:1] = "no", [OVERSTATED]
    words = "; ".join(bound)
    if total > MOST or imports > MOST or BEYOND in [why for _, _, why in channels.values()]:
        total, words = np.nan, BEYOND
    channels[TOTAL] = total, sure, words
    if nothing:
        channels = {name: (np.nan, bound, NO_GDP) for name, (_, bound, _) in channels.items()}
    return [
        _row(member, "member", pattern, scenario, channel, value, gdp, bound, words)
        for channel, (value, bound, words) in channels.items()
    ]


def _good_rows(
    losses: Losses,
    pattern: str,
    scenario: str,
    n: int,
    lost: Mapping[str, Array],
    left: Mapping[str, Array],
) -> list[dict[str, Any]]:
    member, gdp = losses.members[n], losses.gdp[losses.members[n]]
    rows = []
    for good, loss in lost.items():
        share = float(loss[n, n])
        if left[good][n, n] >= 1.0:
            continue
        rows.append(
            {
                "good": good,
                "member": member,
                "pattern": pattern,
                "scenario": scenario,
                "quantity_left": float(left[good][n, n]),
                "cost_share": float(losses.sides[pattern][good].value[n] / gdp.value),
                "substitution": losses.substitution[good],
                "gdp_share": share,
                "loss_usd": share * gdp.value,
                "year": losses.sides[pattern][good].year,
                "status": "unknown" if np.isnan(share) else ESTIMATED,
            }
        )
    return rows


def _row(
    member: str,
    role: str,
    pattern: str,
    scenario: str,
    channel: str,
    share: float,
    gdp: Figure,
    bound: str,
    note: str,
) -> dict[str, Any]:
    return {
        "member": member,
        "role": role,
        "pattern": pattern,
        "scenario": scenario,
        "channel": channel,
        "loss_usd": share * gdp.value,
        "gdp_share": share,
        "lower_bound": bound,
        "year": np.nan if gdp is UNKNOWN or gdp.year is None else gdp.year,
        "status": "unknown" if np.isnan(share) else ESTIMATED,
        "note": note,
    }


def result_of(case: Case, result: Result | None) -> Result:
    """The result of the case, solved if it is not given."""
    return solve(case, rests=False) if result is None else result
