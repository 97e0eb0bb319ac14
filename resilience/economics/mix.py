"""Stocks against shares: the ways in which members can survive, each at its least cost.

The levers ``more_stock`` and ``relief`` of the model are variables here, with prices: stock costs every year,
restraint in a crisis only, times its yearly probability. The mix is one linear programme over sourcing, capacity
and both. One level of stock and one of restraint stand for all members. Of goods that are made of each other each
has its own mix, while the others cost no more than in the cheapest plans.

What costs nothing in the programme is not chosen by it: where a lever or the change of suppliers has no price, the
solution has one of many amounts of it, and the row leaves it blank.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from resilience.economics.burden_words import NO_WAY
from resilience.economics.costs import Costs, at_least, least_sure
from resilience.economics.priced import Priced
from resilience.economics.priced_chain import PartOfChain
from resilience.program import Program
from resilience.reading.planned import SAME

WAYS = ("sourcing", "stock", "restraint", "mix")
MONEY = ("landed_usd", "capacity_usd", "stock_usd", "restraint_usd")
FROZEN = "purchases are held at today's, while what is made of it needs more"


def mix_rows(priced: Priced | PartOfChain) -> list[dict[str, Any]]:
    """The rows of one good in the table ``mix``."""
    return [_row(priced, way) for way in WAYS]


def _program(priced: Priced | PartOfChain, way: str) -> Program:
    """The plans that a way allows."""
    program = priced.free
    if way in ("stock", "restraint"):
        today = priced.engine.baseline
        program = program.bound("sourcing", lower=today, upper=today).bound("new_capacity", upper=0.0)
    return _with_levers(priced, program, stock=way in ("stock", "mix"), restraint=way in ("restraint", "mix"))


def _with_levers(priced: Priced | PartOfChain, program: Program, *, stock: bool, restraint: bool) -> Program:
    if stock:
        program = program.bound("more_stock", upper=np.inf)
    if restraint:
        program = program.bound("relief", upper=priced.data.good.value("critical_share"))
    return program


def _row(priced: Priced | PartOfChain, way: str) -> dict[str, Any]:
    good, costs = priced.data.good, priced.costs
    row: dict[str, Any] = {"good": good.good, "way": way, "year": float(good.year), "unit": good.unit}
    program, problem = _program(priced, way), f"{priced.name}, {way}"
    solution = priced.engine.minimise(program, "least_cost", problem)
    held = [priced.held] if isinstance(priced, PartOfChain) else []
    if solution is None:
        why = [FROZEN] if way in ("stock", "restraint") and _fails_anyway(priced, program, problem) else []
        return row | {"status": "unknown", "note": "; ".join([NO_WAY, *why, *held])}
    row |= _read(priced, solution.values)
    statuses = ["assumed" if way != "sourcing" or row["new_capacity"] > 0 else "observed"]
    statuses += ["estimated"] * len(held)
    notes = [*held]
    moves = way in ("sourcing", "mix") and _moves(priced, solution.values)
    if np.isnan(row["landed_usd"]):
        statuses.append("unknown")
        notes.append("at least: extra landed cost is unknown and counts as nothing")
    elif moves:
        statuses += list(costs.sure.to_numpy().ravel())
    for name in MONEY[1:]:
        if np.isnan(row[name]):
            statuses.append("unknown")
            notes.append(f"at least: {name.removesuffix('_usd')} has no known price and counts as nothing")
    known = [row[name] for name in MONEY if not np.isnan(row[name])]
    row["usd"] = at_least(known, len(MONEY) - len(known)) if costs.known else np.nan
    return row | _open(row, costs, way) | {"status": least_sure(statuses), "note": "; ".join(notes)}


def _fails_anyway(priced: Priced | PartOfChain, program: Program, problem: str) -> bool:
    """Whether no amount of both levers helps, so that it is what purchases are held at."""
    every = _with_levers(priced, program, stock=True, restraint=True)
    return bool(priced.data.fed) and priced.engine.minimise(every, "least_cost", f"{problem}, any levers") is None


def _open(row: dict[str, Any], costs: Costs, way: str) -> dict[str, float]:
    """What a solution leaves open, as it has no price there: blank."""
    prices = {
        "new_capacity": costs.built if way in ("sourcing", "mix") else 0.0,
        "more_stock": costs.held if way in ("stock", "mix") else 0.0,
        "restraint": costs.missed if way in ("restraint", "mix") else 0.0,
    }
    if way in ("sourcing", "mix"):  # in the others suppliers are those of today
        prices["share"] = row["landed_usd"] + sum(prices.values())
    return {name: np.nan for name, price in prices.items() if np.isnan(price)}


def _moves(priced: Priced | PartOfChain, values: np.ndarray) -> bool:
    demand, today = priced.data.good.demand, priced.engine.baseline
    sourcing = priced.program.read(values, "sourcing")
    return any(abs(x - today[m, i]) > SAME * demand[m] for (m, i), x in sourcing.items())


def _read(priced: Priced | PartOfChain, values: np.ndarray) -> dict[str, float]:
    """Shares, levers and money in a solution; what is less than rounding is nothing."""
    data, costs, program = priced.data, priced.costs, priced.program
    demand = float(data.good.demand.sum())

    def sum_of(variable: str, least: float) -> float:
        total = sum(program.read(values, variable).values())
        return total if total > least else 0.0

    more, relief = sum_of("more_stock", SAME), sum_of("relief", SAME)
    built = sum_of("new_capacity", SAME * demand)
    bought = dict.fromkeys(data.good.members, 0.0)
    credited = dict(bought)
    for (m, i), amount in program.read(values, "sourcing").items():
        bought[m] += amount
        credited[m] += data.good.credit.get(i, 0.0) * amount
    return {
        # of what is bought, as makers of what is newly made buy inputs beyond today's demand
        "share": max((max(0.0, credited[m] / bought[m]) for m in bought if bought[m] > 0), default=np.nan),
        "more_stock": more,
        "restraint": relief,
        "new_capacity": built,
        "landed_usd": sum(priced.read(values).landed.values()),
        "capacity_usd": _times(costs.built, built),
        "stock_usd": _times(costs.held, more * demand / 12),
        "restraint_usd": _times(costs.missed, relief * float(data.ceiling.sum())),
    }


def _times(price: float, amount: float) -> float:
    """Price times amount; nothing for nothing, whatever the price."""
    return price * amount if amount > 0 else 0.0
