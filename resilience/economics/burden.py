"""The burden of a case: its tables ``burden``, ``sharing``, ``share_price`` and ``mix``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from resilience.calculator import Progress, solve
from resilience.economics.burden_words import KNOWN_PARTS, NOT_COUNTED, WHOLE_CHAINS, mixed_years, parts_unknown
from resilience.economics.costed import CHEAPEST, FAIR, CostedGoods, Good
from resilience.economics.costs import SURENESS, UNKNOWN, at_least, least_sure, settings_used
from resilience.economics.economy import Economy
from resilience.economics.mix import mix_rows
from resilience.economics.priced import PARTS, CostedPlan, Priced
from resilience.economics.priced_chain import PartOfChain, PricedChain
from resilience.economics.sharing import Block, equal_transfers, fair_plans, least_transfers, noticeable
from resilience.errors import Finding, InputError, SolverError
from resilience.inputs.burden_settings import BURDEN
from resilience.inputs.case import Case
from resilience.results import Result, findings_table, typed
from resilience.schema import ALL, COST_KINDS, COSTED_PLANS, ECONOMY, RESULTS

MOVED = {"landed": "extra landed cost", "capacity": "new capacity"}  # of them those that differ between plans
UNIT = "USD a year"
MANY_TIMES = 10.0  # new capacity over today's that is said to be doubtful
SMALL = 1e-9  # of GDP; a burden below it is none
ROUNDING = 1e-6  # of the least total; a price of fairness below it is none


@dataclass(frozen=True)
class _Transfers:
    """By member and ALL, USD a year: the ``parts`` of cost known for every member, and both kinds of transfers."""

    parts: int = 0
    usd: Mapping[str, float] = field(default_factory=dict)
    least: Mapping[str, float] = field(default_factory=dict)
    equal: Mapping[str, float] = field(default_factory=dict)


class Burden(Result):
    """The tables of :data:`resilience.schema.ECONOMY` that tell of the burden, and meta data."""

    def __getattr__(self, name: str) -> pd.DataFrame:
        if "tables" in self.__dict__ and name in self.tables:
            return self.tables[name]
        raise AttributeError(
            f"a burden has no {name!r}; its tables are {', '.join(self.__dict__.get('tables', ()))}"
        )

    def to_excel(
        self, path: str | Path, *, compare: str | Path | None = None, study: str | Path | None = None
    ) -> list[Path]:
        """Write the workbook; gives the file. It has neither change log nor study."""
        from resilience.economics.handed_over import write_own_workbook  # Excel is only needed when asked for

        if compare is not None or study is not None:
            message = "the workbook of a burden takes neither an earlier one nor a study"
            raise InputError([Finding("error", str(path), None, None, message)])
        return write_own_workbook(self, path)


def burden(
    case: Case, result: Result | None = None, *, workers: int = 1, progress: Progress | None = None
) -> Burden:
    """What the requirement of a case costs each member, who should bear it, and what else would do.

    ``result`` is the case's own, if it is solved already. ``progress`` is called with (good, done, total), first
    while goods are solved, then once more through all of them as they are costed. Raises what
    :func:`resilience.solve` raises.
    """
    solved = solve(case, workers=workers, progress=progress, rests=False) if result is None else result
    return _Burden(case, solved, progress).found()


class _Burden:
    def __init__(self, case: Case, solved: Result, progress: Progress | None = None):
        self.case, self.solved = case, solved
        self.costed = CostedGoods(case, solved.tables, progress)
        self.findings, self.goods, self.units = self.costed.findings, self.costed.goods, self.costed.units
        self.twice, self.without, self.say = self.costed.twice, self.costed.without, self.costed.say
        economy = Economy(case.data, case.file.year)
        self.output = {m: economy.gdp(m) for m in case.members}
        self.gdp = {m: figure.value for m, figure in self.output.items()}
        self.people = {m: economy.indicator("population", m).value for m in case.members}
        self.optima, self.residual = 0, 0.0

    def found(self) -> Burden:
        self._say_what_is_missing()
        sharing = self._sharing()
        self._doubtful()
        tables = {
            "burden": pd.DataFrame(self._rows()),
            "sharing": pd.DataFrame(sharing),
            "share_price": pd.DataFrame(self._prices()),
            "mix": pd.DataFrame(self._mixes()),
        }
        for unit in self.units:
            counts = unit.engine if isinstance(unit, Priced) else unit
            self.optima += counts.optima
            self.residual = max(self.residual, counts.residual)
        found = {
            name: typed(frame.reindex(columns=ECONOMY[name].names), ECONOMY[name])
            for name, frame in tables.items()
        }
        found["findings"] = findings_table(self.findings)
        found["assumptions"] = self._assumptions()
        certificate = {**self.solved.meta["certificate"]}
        certificate["optima"] += self.optima
        certificate["worst_residual"] = max(certificate["worst_residual"], self.residual)
        said = {"certificate": certificate, "mixed_years": mixed_years(found["findings"])}
        return Burden({**self.solved.meta, **said}, found)

    def _say_what_is_missing(self) -> None:
        """Name members of unknown size, and years that are mixed."""
        for what, numbers in (("gdp_usd", self.gdp), ("population", self.people)):
            blank = [m for m, number in numbers.items() if not number > 0]
            if blank:
                text = (
                    f"{', '.join(blank)}: {what} is unknown in countries.csv and up to {self.case.file.year} in "
                    "indicators.csv; what needs it is unknown, too. Give it in one of them"
                )
                self.findings.append(Finding("warning", "countries", None, what, text))
        years = sorted({good.data.year for good in self.costed.asked.values()})
        of_output = sorted({figure.year for figure in self.output.values() if figure.year is not None})
        text = (
            f"trade of {_listed(years)}, GDP of {_listed(of_output) or 'a year that countries.csv does not name'}"
        )
        if years and (years != of_output or len(years) > 1):
            self.say("year", f"shares of GDP and sums mix years: {text}")

    def _doubtful(self) -> None:
        """Say where plans build many times what there is today."""
        asked = self.costed.asked
        if any(costed.building for good in asked.values() for costed in good.plans.values()):
            text = "new capacity costs the same everywhere, so who builds is nearly free to choose in fair plans"
            self.say("capacity", text)
        doubtful: list[tuple[float, str]] = []
        for name, good in asked.items():
            most: dict[str, float] = {}
            for costed in good.plans.values():
                most |= {i: max(z, most.get(i, 0.0)) for i, z in costed.building.items()}
            for i, z in most.items():
                today = float(good.data.capacity.get(i, 0.0))
                if z > MANY_TIMES * today:
                    times = f"{z / today:,.0f} times what it sells today" if today > 0 else "from nothing"
                    text = f"{name}: {i} would build {times}; its cost is a guess, and so is that it can be done"
                    doubtful.append((z / today if today > 0 else np.inf, text))
        for _, text in sorted(doubtful, key=lambda one: -one[0]):
            self.say("capacity", text, "warning")

    # The table burden

    def _rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for plan in COSTED_PLANS:
            parts: list[dict[str, Any]] = []
            for name in self.case.goods:
                parts += self._of_good(plan, name)
            rows += parts
            rows += self._sums_over_goods(plan, parts)
        return [self._relative(row) for row in rows]

    def _of_good(self, plan: str, name: str) -> list[dict[str, Any]]:
        good = self.goods.get(name)
        year = float(good.data.year) if good is not None else np.nan
        key = {"plan": plan, "good": name, "year": year, "unit": UNIT}
        rows = []
        for m in self.case.members:
            if good is None or m not in good.data.members:
                note = self.without.get(name, "demand is unknown or zero")
                rows += [
                    key
                    | {
                        "member": m,
                        "kind": kind,
                        "usd": np.nan,
                        "status": UNKNOWN,
                        "unknown_parts": 1.0,
                        "note": note,
                    }
                    for kind in PARTS
                ]
                continue
            costed = good.plans[plan]
            note = good.why if good.status != "met" else ""
            once = self.twice.get(name)
            if once:
                note = "; ".join(filter(None, (note, f"{NOT_COUNTED}: the same codes as {once}")))
            for kind, usd, status in (
                ("landed", costed.landed[m], costed.status["landed", m]),
                ("capacity", costed.capacity[m], costed.status["capacity", m]),
                ("stock", 0.0 if costed.found else np.nan, SURENESS[0]),
                ("held", float(good.data.stock[m]) * good.costs.held, "assumed" if good.costs.known else UNKNOWN),
            ):
                unknown = bool(np.isnan(usd))
                row = key | {"member": m, "kind": kind, "usd": usd, "status": UNKNOWN if unknown else status}
                row |= {"unknown_parts": float(unknown), "note": note}
                if kind == "landed":
                    row["on_paper_usd"] = costed.on_paper[m]
                rows.append(row)
        found = []
        for m in self.case.members:
            mine = [row for row in rows if row["member"] == m]
            found += [*mine, _sum([row for row in mine if row["kind"] in PARTS], kind="total")]
        for kind in COST_KINDS:
            of_kind = [row for row in found if row["kind"] == kind]
            if of_kind:
                found.append(_sum(of_kind, member=ALL))
        return found

    def _sums_over_goods(self, plan: str, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        summed = [row for row in parts if row["good"] not in self.twice and row["plan"] == plan]
        rows = []
        for m in (*self.case.members, ALL):
            for kind in COST_KINDS:
                of = [row for row in summed if row["member"] == m and row["kind"] == kind]
                if of:
                    rows.append(_sum(of, good=ALL))
        return rows

    def _relative(self, row: dict[str, Any]) -> dict[str, Any]:
        """Per head and over GDP."""
        m, usd = row["member"], row["usd"]
        people, gdp = (sum(numbers.values()) if m == ALL else numbers[m] for numbers in (self.people, self.gdp))
        return row | {"usd_per_head": _over(usd, people), "gdp_share": _over(usd, gdp)}

    # The table sharing

    def _sharing(self) -> list[dict[str, Any]]:
        members = list(self.case.members)
        summed, whole = self.costed.counted, self.costed.planned
        cheapest = self._totals(whole.values(), CHEAPEST)
        sized = {m: self.gdp[m] for m in members if self.gdp[m] > 0}
        blank = [m for m in members if np.isnan(at_least([cheapest[m]], self._unknown_parts(m, CHEAPEST, whole)))]
        known = {m: gdp for m, gdp in sized.items() if m not in blank}
        fair = self._fair(whole, known)
        for good in self.goods.values():
            good.plans[FAIR] = fair.get(good.data.good, good.plans[CHEAPEST])
        unknown = {m: max(self._unknown_parts(m, plan) for plan in COSTED_PLANS) for m in (*members, ALL)}
        usd: dict[str, dict[str, float]] = {}
        for plan in COSTED_PLANS:
            totals = self._totals(summed.values(), plan)
            usd[plan] = {m: at_least([totals[m]], self._unknown_parts(m, plan)) for m in members}
            usd[plan][ALL] = at_least(totals.values(), self._unknown_parts(ALL, plan))
        self._say_what_counts(unknown, blank)
        moved = self._transfers(summed, sized)
        riding = {m: self._rides(summed, m) for m in members}
        rows = []
        for m in (*members, ALL):
            row: dict[str, Any] = {
                "member": m,
                "year": max((float(g.data.year) for g in summed.values()), default=np.nan),
            }
            gdp = sum(self.gdp.values()) if m == ALL else self.gdp[m]
            for plan, numbers in usd.items():
                row[f"{plan}_usd"] = numbers[m]
                row[f"{plan}_gdp_share"] = _over(row[f"{plan}_usd"], gdp)
            row["common_parts"] = float(moved.parts)
            row["common_usd"] = moved.usd.get(m, np.nan)
            row["common_gdp_share"] = _over(row["common_usd"], gdp)
            row["transfer_usd"] = moved.least.get(m, np.nan)
            row["equal_transfer_usd"] = moved.equal.get(m, np.nan)
            row["after_usd"] = row["cheapest_usd"] - row["transfer_usd"]
            row["after_gdp_share"] = _over(row["after_usd"], gdp)
            if m == ALL:
                row["price_of_fairness"] = self._price_of_fairness(whole)
            else:
                perhaps = sum(np.isnan(paid) for paid in riding[m].values())
                unsaid = perhaps + sum(n in self.without and n not in self.twice for n in self.case.goods)
                row["free_rides"] = at_least([float(len(riding[m]) - perhaps)], unsaid)
                row["free_rides_usd"] = at_least([0.0, *riding[m].values()], unsaid)
            row["status"] = UNKNOWN if unknown[m] else self._sureness(summed.values(), m)
            row["note"] = self._note(m, unknown[m], row["cheapest_usd"], row["transfer_usd"], riding.get(m, {}))
            rows.append(row)
        return rows

    def _price_of_fairness(self, whole: Mapping[str, Good]) -> float:
        """What fair plans cost more than the cheapest; NaN where nothing above zero is known of one of them."""
        fair, least = (
            at_least(self._totals(whole.values(), plan).values(), self._unknown_parts(ALL, plan, whole))
            for plan in (FAIR, CHEAPEST)
        )
        price = 0.0 if least == 0 else fair / least - 1.0
        return 0.0 if abs(price) <= ROUNDING else price

    def _say_what_counts(self, unknown: Mapping[str, int], blank: Sequence[str]) -> None:
        """Say that fair plans count what is known, and whom they leave out."""
        if unknown[ALL]:
            out = f"; {', '.join(blank)}: nothing above zero is known, so left out" if blank else ""
            text = f"fair plans count known parts only, and {parts_unknown(unknown[ALL])}{out}"
            self.say("fair_usd", text, "warning")

    def _transfers(self, summed: Mapping[str, Good], sized: Mapping[str, float]) -> _Transfers:
        """The least transfers and those to equal shares, with their sum, over parts known for every member.

        A cost that is unknown for one member may be any higher, so that who gives for it is not known either. The
        least transfers keep all within the largest burden of the fair plan over the same parts.
        """
        members = self.case.members
        common = [
            (name, kind)
            for name, good in summed.items()
            for kind in MOVED
            if all(
                m in good.data.members and not np.isnan(good.plans[plan].of(kind)[m])
                for m in members
                for plan in (CHEAPEST, FAIR)
            )
        ]
        cheapest, fair = (
            {m: sum(summed[name].plans[plan].of(kind)[m] for name, kind in common) for m in members}
            for plan in (CHEAPEST, FAIR)
        )
        whole = len(common) == len(MOVED) * sum(name not in self.twice for name in self.case.goods)
        nothing = np.isnan(at_least(cheapest.values(), not whole))
        if not whole:
            lead = "unknown: nothing above zero is" if nothing else "over the parts of cost that are"
            text = f"transfers are {lead} known for every member; left out are {self._left_out(common)}"
            self.say("transfer_usd", text, "warning")
        if nothing or not sized:
            return _Transfers()
        mine = {m: cheapest[m] for m in sized}
        total = sum(mine.values())
        largest = max(total / sum(sized.values()), *(fair[m] / gdp for m, gdp in sized.items()))
        ways = (least_transfers(mine, sized, largest), equal_transfers(mine, sized))
        least, equal = (noticeable(way, total) | {ALL: 0.0} for way in ways)
        return _Transfers(len(common), cheapest | {ALL: sum(cheapest.values())}, least, equal)

    def _left_out(self, common: Sequence[tuple[str, str]]) -> str:
        """The parts that are not known for every member, in words."""
        names = [name for name in self.case.goods if name not in self.twice]
        whole = [name for name in names if all((name, kind) not in common for kind in MOVED)]
        parts = [
            f"{words} of {', '.join(lacking)}"
            for kind, words in MOVED.items()
            if (lacking := [name for name in names if name not in whole and (name, kind) not in common])
        ]
        return "; ".join([*parts, *([f"all of {', '.join(whole)}"] if whole else [])])

    def _totals(self, goods: Iterable[Good], plan: str) -> dict[str, float]:
        """What is known of each member's cost over some goods."""
        found = dict.fromkeys(self.case.members, 0.0)
        for good in goods:
            for m in good.data.members:
                found[m] += good.plans[plan].known(m)
        return found

    def _fair(self, goods: Mapping[str, Good], gdp: Mapping[str, float]) -> dict[str, CostedPlan]:
        """The fair plans of some goods by name, where they are others than the cheapest; ``gdp`` of who counts."""
        cheapest = self._totals(goods.values(), CHEAPEST)
        largest = max((cheapest[m] / size for m, size in gdp.items()), default=0.0)
        units = {unit.name: unit for unit in self.units if unit.cost(list(goods))}
        if not units or not gdp or largest <= SMALL:
            return {}
        blocks = [Block(name, unit.at_share, unit.cost(list(goods)), unit.change) for name, unit in units.items()]
        free = {name for unit in units.values() for name in unit.goods}
        fixed = self._totals((good for name, good in goods.items() if name not in free), CHEAPEST)
        limits = {m: usd for m, usd in cheapest.items() if m not in gdp}
        try:
            shared = fair_plans(blocks, fixed, gdp, limits, largest)
        except SolverError as error:
            text = f"{self.costed.uncertified(error)}: the fair plans are unknown"
            self.say("fair_usd", text, "warning")
            return {name: self.goods[name].plans[CHEAPEST].without_costs() for name in free}
        self.optima += shared.optima
        self.residual = max(self.residual, shared.residual)
        plans: dict[str, CostedPlan] = {}
        for name, unit in units.items():
            plans |= unit.plans(shared.values[name])
        return plans

    def _rides(self, summed: Mapping[str, Good], member: str) -> dict[str, float]:
        """Goods in which a member's own survival is met today and it pays nothing, and what the others pay.

        NaN where it may ride free: what it pays is unknown, or nothing but unknown parts is paid by others.
        """
        rows = self.solved.tables["requirements"]
        rows = rows[(rows["member"] == member) & (rows["cutoff"] == ALL) & (rows["reading"] == "planned")]
        met = set(rows["good"][rows["status"] == "met"])
        found = {}
        for name, good in summed.items():
            if name in met and member in good.data.members:
                costed = good.plans[CHEAPEST]
                others = [m for m in good.data.members if m != member]
                paid = at_least([costed.known(m) for m in others], sum(costed.unknown(m) for m in others))
                if costed.known(member) > 0 or paid == 0:
                    continue
                found[name] = np.nan if costed.unknown(member) else paid
        return found

    def _unknown_parts(self, member: str, plan: str, goods: Iterable[str] | None = None) -> int:
        """How many parts of a member's burden are unknown, over the goods asked for and others that are named."""
        who = self.case.members if member == ALL else (member,)
        count = 0
        for m in who:
            for name in dict.fromkeys([*self.case.goods, *(goods or ())]):
                good = self.goods.get(name)
                if name in self.twice:
                    continue
                if good is None or m not in good.data.members:
                    count += len(PARTS)
                    continue
                count += good.plans[plan].unknown(m)
        return count

    def _sureness(self, goods: Iterable[Good], member: str) -> str:
        who = self.case.members if member == ALL else (member,)
        return least_sure(
            [
                good.plans[CHEAPEST].status[kind, m]
                for good in goods
                for m in who
                for kind in ("landed", "capacity")
            ]
        )

    def _note(self, member: str, unknown: int, usd: float, transfer: float, riding: Mapping[str, float]) -> str:
        parts = [_known_in_part(usd, unknown)] if unknown else []
        if unknown and member != ALL and not np.isnan(transfer):
            parts.append("its transfer is over the parts that are known for every member")
        beside = [name for name in self.costed.planned if name not in self.case.goods]
        if beside and member == ALL:
            parts.append(f"{WHOLE_CHAINS}, with {_listed(beside)}; the sums are of the goods asked for")
        if member != ALL and not self.gdp[member] > 0:
            parts.append("GDP unknown: it does not count in the fair plan and gets no transfer")
        sure = [name for name, paid in riding.items() if not np.isnan(paid)]
        perhaps = [name for name in riding if name not in sure]
        if sure:
            parts.append(f"survives today while others pay: {', '.join(sure)}")
        if perhaps:
            parts.append(f"survives today, and who pays is unknown: {', '.join(perhaps)}")
        return "; ".join(parts)

    # The other tables

    def _prices(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        together = self._chains()
        for name in self.case.goods:
            good = self.goods.get(name)
            if good is None:
                rows.append({"good": name, "status": UNKNOWN, "note": self.without.get(name, "")})
                continue
            if good.status == "met":
                continue
            row: dict[str, Any] = {"good": name, "year": float(good.data.year), "floor": good.share}
            chain = together.get(name)
            if chain is None and good.priced is None:
                rows.append(row | {"status": UNKNOWN, "note": good.why})
                continue
            try:
                if chain is not None:
                    price = chain.price_of_share(name)
                elif good.priced is not None:
                    price = good.priced.price_of_share()
            except SolverError as error:
                rows.append(row | {"status": UNKNOWN, "note": self.costed.uncertified(error)})
                continue
            rows.append(row | self._price_as_known(price, [name] if chain is None else chain.goods))
        return rows

    def _price_as_known(self, price: dict[str, Any], goods: Sequence[str]) -> dict[str, Any]:
        """A price of a point with its status, and with a note on what it counts; ``goods`` are those it is of."""
        notes = [price["note"]] if price["note"] else []
        if len(goods) > 1:
            notes.append(f"what {_listed(goods)} cost together, with the floors of the others as planned")
        lacking = [name for name in goods if not self.goods[name].costs.prices_known and name not in self.twice]
        if lacking and not np.isnan(price["usd"]):
            known = {key: at_least([price[key]], 1) for key in ("usd", "usd_per_point", "next_point_usd")}
            if price["next_point_usd"] == 0:
                notes.append("no part of the price that is known is above zero")
            price = price | known
            notes.append(
                f"{KNOWN_PARTS}: extra landed cost of {_listed(lacking)} is unknown and counts as nothing"
            )
        unknown = np.isnan(price["usd"]) or lacking
        return price | {"status": UNKNOWN if unknown else "assumed", "note": "; ".join(notes)}

    def _mixes(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        together = self._chains()
        for name in self.case.goods:
            good = self.goods.get(name)
            if good is not None and good.status == "met":
                continue
            why = self.without.get(name, "") if good is None else good.why
            priced: Priced | PartOfChain | None = None if good is None else good.priced
            try:
                if name in together:
                    priced = together[name].part(name)
                elif name in self.costed.planless:
                    priced = Priced(*self.costed.planless[name], share=1.0)
                if priced is not None:
                    rows += mix_rows(priced)
                    self._count(priced, good)
                    continue
            except SolverError as error:
                why = self.costed.uncertified(error)
            year = np.nan if good is None else float(good.data.year)
            rows.append({"good": name, "way": "mix", "year": year, "status": UNKNOWN, "note": why})
        return rows

    def _chains(self) -> dict[str, PricedChain]:
        """Good → the chain that it is solved together with."""
        return {name: unit for unit in self.units if isinstance(unit, PricedChain) for name in unit.goods}

    def _count(self, priced: Priced | PartOfChain, good: Good | None) -> None:
        """Count the optima of a programme that is no unit of its own."""
        if good is None or priced is not good.priced:
            self.optima += priced.engine.optima
            self.residual = max(self.residual, priced.engine.residual)

    def _assumptions(self) -> pd.DataFrame:
        """The numbers of ``[burden]`` by good, as the table ``assumptions`` has them."""
        rows = []
        for (good, name), setting in settings_used(self.case).items():
            ground = setting.ground
            value = "unknown" if setting.value is None else f"{setting.value:g}"
            about = [ground.low, ground.high, setting.set_in, ground.source, ground.owner, ground.confidence]
            rows.append([good, name, value, BURDEN[name].unit, *about])
        table = RESULTS["assumptions"]
        return typed(pd.DataFrame(rows, columns=list(table.names), dtype=object), table)


def _sum(rows: list[dict[str, Any]], **key: Any) -> dict[str, Any]:
    """A sum of rows: what is known of it, the worst status, and how many parts are unknown."""
    unknown = sum(row["unknown_parts"] for row in rows)
    years = [row["year"] for row in rows if not np.isnan(row["year"])]
    found = rows[0] | key
    usd = at_least([row["usd"] for row in rows], unknown)
    found |= {
        "usd": usd,
        "year": max(years, default=np.nan),
        "status": least_sure([row["status"] for row in rows]),
        "unknown_parts": unknown,
        "note": rows[0]["note"],
    }
    if unknown and (not np.isnan(usd) or "good" in key or not found["note"]):
        found["note"] = _known_in_part(usd, unknown)
    elif "good" in key:
        found["note"] = ""
    paper = [row.get("on_paper_usd", np.nan) for row in rows]
    found["on_paper_usd"] = float(sum(paper)) if found["kind"] == "landed" else np.nan
    return found


def _known_in_part(usd: float, unknown: float) -> str:
    """What a sum with unknown parts is."""
    lead = "nothing above zero is known" if np.isnan(usd) else "at least"
    return f"{lead}: {parts_unknown(unknown)}"


def _listed(parts: Iterable[int | str]) -> str:
    return ", ".join(map(str, parts))


def _over(number: float, by: float) -> float:
    return number / by if by > 0 else np.nan
