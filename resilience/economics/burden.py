"""The burden of a case: its tables ``burden``, ``sharing``, ``share_price`` and ``mix``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from resilience.calculator import Progress, solve
from resilience.economics.burden_words import NOT_COUNTED, mixed_years, parts_unknown
from resilience.economics.costs import (
    SURENESS,
    UNKNOWN,
    Costs,
    at_least,
    costs_of,
    counted_once,
    least_sure,
    settings_used,
)
from resilience.economics.economy import Economy
from resilience.economics.mix import mix_rows
from resilience.economics.priced import CostedPlan, Priced, cost_plan
from resilience.economics.priced_chain import PricedChain
from resilience.economics.sharing import Block, equal_transfers, fair_plans, least_transfers, noticeable
from resilience.errors import Finding, InputError, SolverError
from resilience.families import all_figures, couple_family, model_data
from resilience.inputs.balance import GoodData
from resilience.inputs.burden_settings import BURDEN
from resilience.inputs.case import Case
from resilience.model import ModelData
from resilience.reading.chains import Coupled
from resilience.results import Result, findings_table, typed
from resilience.schema import ALL, COST_KINDS, COSTED_PLANS, ECONOMY, RESULTS

NEAREST, CHEAPEST, FAIR = COSTED_PLANS
PARTS = ("landed", "capacity", "stock")  # of a total
UNIT = "USD a year"
MANY_TIMES = 10.0  # new capacity over today's that is said to be doubtful
SMALL = 1e-9  # of GDP; a burden below it is none


@dataclass
class _Good:
    """One good with its plans; ``priced`` only where it is solved by itself and something must change."""

    data: GoodData
    costs: Costs
    model: ModelData
    status: str
    share: float
    plans: dict[str, CostedPlan] = field(default_factory=dict)
    priced: Priced | None = None
    why: str = ""  # there is only the plan nearest to today, or none


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
        from resilience.economics.burden_output import write_burden_workbook  # Excel is only needed when asked for

        if compare is not None or study is not None:
            message = "the workbook of a burden takes neither an earlier one nor a study"
            raise InputError([Finding("error", str(path), None, None, message)])
        return write_burden_workbook(self, path)


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
        self.progress = progress or (lambda good, done, total: None)
        self.findings: list[Finding] = []
        economy = Economy(case.data, case.file.year)
        self.output = {m: economy.gdp(m) for m in case.members}
        self.gdp = {m: figure.value for m, figure in self.output.items()}
        self.people = {m: economy.indicator("population", m).value for m in case.members}
        self.twice = counted_once(case)
        self.optima, self.residual = 0, 0.0
        self.goods: dict[str, _Good] = {}
        self.used: set[str] = set()  # goods that some member uses
        self.units: list[Priced | PricedChain] = []  # what is solved with prices
        self.without: dict[str, str] = {}  # good → why it has no plan

    def say(self, column: str, message: str, severity: str = "info") -> None:
        self.findings.append(Finding(severity, "burden", None, column, message))

    def found(self) -> Burden:
        self._read()
        self._choose()
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

    # What there is to cost

    def _read(self) -> None:
        case, tables = self.case, self.solved.tables
        figures = {name: data for name, data in all_figures(case).items() if data is not None}
        self.used = {name for name, data in figures.items() if data.members}
        needed = tables["requirements"]
        needed = needed[(needed["member"] == ALL) & (needed["cutoff"] == ALL) & (needed["reading"] == "planned")]
        verdicts = needed.set_index("good")[["status", "share"]]
        plans, capacity = dict(list(tables["plan"].groupby("good"))), tables["capacity"]
        for name in case.goods:
            data = figures.get(name)
            status = str(verdicts.at[name, "status"]) if name in verdicts.index else UNKNOWN
            if data is None or not data.members or status in ("none", UNKNOWN):
                none = status == "none"
                self.without[name] = (
                    "no share suffices, so there is no plan" if none else "demand or data are missing"
                )
                continue
            family = {other: figures[other] for other in case.family(name) if other in figures}
            costs = costs_of(case, data)
            good = _Good(data, costs, model_data(case, data, family), status, float(verdicts.at[name, "share"]))
            built = capacity[capacity["good"] == name].set_index("country")["new_capacity"].to_dict()
            plan = plan_of(data, plans[name])
            good.plans[NEAREST] = cost_plan(good.model, costs, plan, {str(i): float(z) for i, z in built.items()})
            self.goods[name] = good
            if status == "met":
                good.why = "today's sourcing survives"
                continue
            self.findings += costs.findings
        for name, other in self.twice.items():
            if name in self.goods:
                self.say(
                    "good", f"{name} measures the same customs codes as {other} and is left out of sums", "warning"
                )
        for what, numbers in (("gdp_usd", self.gdp), ("population", self.people)):
            blank = [m for m, number in numbers.items() if not number > 0]
            if blank:
                text = f"{', '.join(blank)}: {what} is unknown in countries.csv; what needs it is unknown, too"
                self.findings.append(Finding("warning", "countries", None, what, text))
        years = sorted({good.data.year for good in self.goods.values()})
        of_output = sorted({figure.year for figure in self.output.values() if figure.year is not None})
        text = (
            f"trade of {_listed(years)}, GDP of {_listed(of_output) or 'a year that countries.csv does not name'}"
        )
        if years != of_output or len(years) > 1:
            self.say("year", f"shares of GDP and sums mix years: {text}")

    def _choose(self) -> None:
        """The cheapest plan of every good that must change, with what it hangs together with."""
        done = 0
        for family in self.case.families:
            mine = {name: self.goods[name] for name in family if name in self.goods}
            missing = [name for name in family if name in self.used and name not in mine]
            figures = {name: good.data for name, good in mine.items()}
            together = couple_family(self.case, figures) if len(mine) > 1 and not missing else []
            for name, good in mine.items():
                if missing:
                    good.why = f"no plan of {', '.join(missing)}, with which it hangs together: costed by itself"
                elif not any(name in coupled for coupled in together):
                    self._choose_alone(good)
            for coupled in together:
                self._choose_together(coupled, {name: mine[name] for name in coupled.whole})
            for name in family:
                if name in self.case.goods:
                    done += 1
                    self.progress(name, done, len(self.case.goods))
        for name, good in self.goods.items():
            if CHEAPEST not in good.plans:
                good.plans[CHEAPEST] = good.plans[FAIR] = good.plans[NEAREST]
                if good.status != "met":
                    self.say("plan", f"{name}: no cheapest plan is computed: {good.why}")

    def _choose_alone(self, good: _Good) -> None:
        if good.status == "met":
            return
        if good.data.settings["solidarity"].value:
            good.why = "solved under solidarity: costed on the plan nearest to today"
        elif not good.costs.known:
            good.why = "prices are unknown"
        else:
            priced = Priced(good.model, good.costs, good.share)
            try:
                good.plans[CHEAPEST] = priced.cheapest()
            except SolverError as error:
                good.why = self._uncertified(error)
            else:
                good.priced = priced
                self.units.append(priced)

    def _uncertified(self, error: SolverError) -> str:
        """Note that the solver gave no certified answer to one question; gives the reason for its rows."""
        text = f"the solver gave no certified answer ({error})"
        self.say("plan", text, "warning")
        return text

    def _choose_together(self, coupled: Coupled, goods: Mapping[str, _Good]) -> None:
        if all(good.status == "met" for good in goods.values()):
            return
        others = f"solved together with {', '.join(goods)}"
        if coupled.joint.worth or any(good.data.settings["solidarity"].value for good in goods.values()):
            for good in goods.values():
                good.why = f"{others}, with substitutes or under solidarity: costed on the plan nearest to today"
            return
        costs = {name: good.costs for name, good in goods.items()}
        chain = PricedChain(coupled, costs, {name: good.share for name, good in goods.items()})
        try:
            cheapest = chain.cheapest([name for name in goods if name not in self.twice])
        except SolverError as error:
            why = self._uncertified(error)
            for good in goods.values():
                good.why = f"{others}; {why}"
            return
        self.units.append(chain)
        for name, costed in cheapest.items():
            goods[name].plans[CHEAPEST] = costed
            goods[name].why = others

    def _doubtful(self) -> None:
        """Say where plans build many times what there is today."""
        if any(costed.building for good in self.goods.values() for costed in good.plans.values()):
            text = "new capacity costs the same everywhere, so who builds is nearly free to choose in fair plans"
            self.say("capacity", text)
        for name, good in self.goods.items():
            most: dict[str, float] = {}
            for costed in good.plans.values():
                most |= {i: max(z, most.get(i, 0.0)) for i, z in costed.building.items()}
            for i, z in most.items():
                today = float(good.data.capacity.get(i, 0.0))
                if z > MANY_TIMES * today:
                    times = f"{z / today:,.0f} times what it sells today" if today > 0 else "from nothing"
                    text = f"{name}: {i} would build {times}; its cost is a guess, and so is that it can be done"
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
                ("stock", 0.0, SURENESS[0]),
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
        counted = [row for row in parts if row["good"] not in self.twice and row["plan"] == plan]
        rows = []
        for m in (*self.case.members, ALL):
            for kind in COST_KINDS:
                of = [row for row in counted if row["member"] == m and row["kind"] == kind]
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
        counted = {name: good for name, good in self.goods.items() if name not in self.twice}
        cheapest = self._totals(counted.values(), CHEAPEST)
        sized = {m: self.gdp[m] for m in members if self.gdp[m] > 0}
        blank = [m for m in members if np.isnan(at_least([cheapest[m]], self._unknown_parts(m, CHEAPEST)))]
        known = {m: gdp for m, gdp in sized.items() if m not in blank}
        largest = max((cheapest[m] / gdp for m, gdp in known.items()), default=0.0)
        self._share_fairly(counted, known, cheapest, largest)
        for good in self.goods.values():
            good.plans.setdefault(FAIR, good.plans[CHEAPEST])
        unknown = {m: max(self._unknown_parts(m, plan) for plan in COSTED_PLANS) for m in (*members, ALL)}
        usd: dict[str, dict[str, float]] = {}
        for plan in COSTED_PLANS:
            totals = self._totals(counted.values(), plan)
            usd[plan] = {m: at_least([totals[m]], self._unknown_parts(m, plan)) for m in members}
            usd[plan][ALL] = at_least(totals.values(), self._unknown_parts(ALL, plan))
        self._say_what_counts(unknown, blank)
        least, equal = self._transfers(sized, usd, unknown)
        riding = {m: self._rides(counted, m) for m in members}
        rows = []
        for m in (*members, ALL):
            row: dict[str, Any] = {
                "member": m,
                "year": max((float(g.data.year) for g in counted.values()), default=np.nan),
            }
            gdp = sum(self.gdp.values()) if m == ALL else self.gdp[m]
            for plan, numbers in usd.items():
                row[f"{plan}_usd"] = numbers[m]
                row[f"{plan}_gdp_share"] = _over(row[f"{plan}_usd"], gdp)
            row["transfer_usd"] = least.get(m, np.nan)
            row["equal_transfer_usd"] = equal.get(m, np.nan)
            row["after_usd"] = row["cheapest_usd"] - row["transfer_usd"]
            row["after_gdp_share"] = _over(row["after_usd"], gdp)
            if m == ALL:
                total = row["cheapest_usd"]
                row["price_of_fairness"] = 0.0 if total == 0 else row["fair_usd"] / total - 1.0
            else:
                perhaps = sum(np.isnan(paid) for paid in riding[m].values())
                row["free_rides"] = at_least([float(len(riding[m]) - perhaps)], perhaps)
                row["free_rides_usd"] = at_least([0.0, *riding[m].values()], perhaps)
            row["status"] = UNKNOWN if unknown[m] else self._sureness(counted.values(), m)
            row["note"] = self._note(m, unknown[m], row["cheapest_usd"], riding.get(m, {}))
            rows.append(row)
        return rows

    def _say_what_counts(self, unknown: Mapping[str, int], blank: Sequence[str]) -> None:
        """Say that fair plans count what is known, and whom they leave out."""
        if unknown[ALL]:
            out = f"; {', '.join(blank)}: nothing above zero is known, so left out" if blank else ""
            text = f"fair plans count known parts only, and {parts_unknown(unknown[ALL])}{out}"
            self.say("fair_usd", text, "warning")

    def _transfers(
        self, gdp: Mapping[str, float], usd: Mapping[str, Mapping[str, float]], unknown: Mapping[str, int]
    ) -> tuple[dict[str, float], dict[str, float]]:
        """The least transfers and those to equal shares, with their sum; none where a cost is not wholly known.

        A cost that is known in part may be any higher, so that who gets and who gives is not known either.
        """
        unsure = [m for m in gdp if unknown[m]]
        if unsure:
            text = f"no transfers: of the costs of {', '.join(unsure)} parts are unknown, so who gives is, too"
            self.say("transfer_usd", text, "warning")
        if unsure or not gdp:
            return {}, {}
        mine = {m: usd[CHEAPEST][m] for m in gdp}
        total, fair = sum(mine.values()), max(usd[FAIR][m] / size for m, size in gdp.items())
        ways = (least_transfers(mine, gdp, fair), equal_transfers(mine, gdp))
        least, equal = (noticeable(way, total) | {ALL: 0.0} for way in ways)
        return least, equal

    def _totals(self, goods: Iterable[_Good], plan: str) -> dict[str, float]:
        """What is known of each member's cost over some goods."""
        found = dict.fromkeys(self.case.members, 0.0)
        for good in goods:
            for m in good.data.members:
                found[m] += good.plans[plan].known(m)
        return found

    def _share_fairly(
        self,
        counted: Mapping[str, _Good],
        known: Mapping[str, float],
        cheapest: Mapping[str, float],
        largest: float,
    ) -> None:
        """Put the fair plan of every good beside its cheapest."""
        units = {unit.name: unit for unit in self.units if unit.cost(list(counted))}
        if not units or not known or largest <= SMALL:
            for good in counted.values():
                good.plans.setdefault(FAIR, good.plans[CHEAPEST])
            return
        blocks = [
            Block(name, unit.at_share, unit.cost(list(counted)), unit.change) for name, unit in units.items()
        ]
        fixed = self._totals((good for good in counted.values() if FAIR in good.plans), CHEAPEST)
        limits = {m: usd for m, usd in cheapest.items() if m not in known}
        try:
            shared = fair_plans(blocks, fixed, known, limits, largest)
        except SolverError as error:
            self.say("fair_usd", f"{self._uncertified(error)}: the fair plans stand as the cheapest do", "warning")
            for good in counted.values():
                good.plans.setdefault(FAIR, good.plans[CHEAPEST])
            return
        self.optima += shared.optima
        self.residual = max(self.residual, shared.residual)
        for name, unit in units.items():
            for one, costed in unit.plans(shared.values[name]).items():
                self.goods[one].plans[FAIR] = costed

    def _rides(self, counted: Mapping[str, _Good], member: str) -> dict[str, float]:
        """Goods in which a member's own survival is met today and it pays nothing, and what the others pay.

        NaN where it may ride free: what it pays is unknown, or nothing but unknown parts is paid by others.
        """
        rows = self.solved.tables["requirements"]
        rows = rows[(rows["member"] == member) & (rows["cutoff"] == ALL) & (rows["reading"] == "planned")]
        met = set(rows["good"][rows["status"] == "met"])
        found = {}
        for name, good in counted.items():
            if name in met and member in good.data.members:
                costed = good.plans[CHEAPEST]
                others = [m for m in good.data.members if m != member]
                paid = at_least([costed.known(m) for m in others], sum(costed.unknown(m) for m in others))
                if costed.known(member) > 0 or paid == 0:
                    continue
                found[name] = np.nan if costed.unknown(member) else paid
        return found

    def _unknown_parts(self, member: str, plan: str) -> int:
        """How many parts of a member's burden are unknown."""
        who = self.case.members if member == ALL else (member,)
        count = 0
        for m in who:
            for name in self.case.goods:
                good = self.goods.get(name)
                if name in self.twice:
                    continue
                if good is None or m not in good.data.members:
                    count += len(PARTS)
                    continue
                count += good.plans[plan].unknown(m)
        return count

    def _sureness(self, goods: Iterable[_Good], member: str) -> str:
        who = self.case.members if member == ALL else (member,)
        return least_sure(
            [
                good.plans[CHEAPEST].status[kind, m]
                for good in goods
                for m in who
                for kind in ("landed", "capacity")
            ]
        )

    def _note(self, member: str, unknown: int, usd: float, riding: Mapping[str, float]) -> str:
        parts = [_known_in_part(usd, unknown)] if unknown else []
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
        rows = []
        for name, good in self.goods.items():
            if good.status == "met":
                continue
            row: dict[str, Any] = {"good": name, "year": float(good.data.year), "floor": good.share}
            if good.priced is None:
                rows.append(row | {"status": UNKNOWN, "note": good.why})
                continue
            try:
                row |= good.priced.price_of_share()
            except SolverError as error:
                rows.append(row | {"status": UNKNOWN, "note": self._uncertified(error)})
                continue
            notes = []
            if np.isnan(row["usd"]):
                notes.append("no surviving plan gives every member that share")
            elif np.isnan(row["usd_per_point"]):
                notes.append("no plan has more")
            if not good.costs.prices_known:
                row |= {key: at_least([row[key]], 1) for key in ("usd", "usd_per_point", "next_point_usd")}
                notes.append("at least: extra landed cost is unknown and counts as nothing")
            unknown = np.isnan(row["usd"]) or not good.costs.prices_known
            rows.append(row | {"status": UNKNOWN if unknown else "assumed", "note": "; ".join(notes)})
        return rows

    def _mixes(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for name, good in self.goods.items():
            why = good.why
            if good.priced is not None:
                try:
                    rows += mix_rows(good.priced)
                    continue
                except SolverError as error:
                    why = self._uncertified(error)
            if good.status != "met":
                year = float(good.data.year)
                rows.append({"good": name, "way": "mix", "year": year, "status": UNKNOWN, "note": why})
        return rows

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


def plan_of(data: GoodData, rows: pd.DataFrame) -> pd.DataFrame:
    """The table ``plan`` of one good as supplier × member."""
    planned = rows.pivot(index="supplier", columns="member", values="planned")
    return planned.reindex(index=data.suppliers, columns=data.members).astype(float).fillna(0.0)


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


def _listed(years: Iterable[int]) -> str:
    return ", ".join(map(str, years))


def _over(number: float, by: float) -> float:
    return number / by if by > 0 else np.nan
