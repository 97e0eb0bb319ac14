"""Chains a second time: the joint programme written out from the formulas of design.md, and random cases for it.

Nothing here uses the model's rules or its compiled arrays. One variable stands for every delivery y_imst (no classes),
what makers use is put straight into the stock balance, and the solver is an interior-point one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import clarabel  # type: ignore[import-untyped]
import numpy as np
from conftest import write_case, write_dataset
from scipy import sparse

import resilience
from resilience.inputs.balance import GoodData
from resilience.inputs.casefile import Cutoff
from resilience.inputs.parameters import Surge

ALL = "ALL"
BAND = 2e-7  # room around a fixed plan, in parts of demand
INFINITE = 1e6  # new capacity in multiples of today's, where nothing limits it


class Programme:
    """min cost · v with rows Σ a v (=, ≤) b and v ≥ 0, collected term by term; variables are known by their keys."""

    def __init__(self) -> None:
        self.place: dict[Any, int] = {}
        self.free: set[Any] = set()
        self.rows: dict[str, list[tuple[dict[int, float], float]]] = {"=": [], "<": []}

    def at(self, key: Any) -> int:
        return self.place.setdefault(key, len(self.place))

    def add(self, kind: str, terms: Sequence[tuple[float, Any]], right: float) -> None:
        row: dict[int, float] = {}
        for number, key in terms:
            row[self.at(key)] = row.get(self.at(key), 0.0) + number
        size = max([abs(number) for number in row.values()], default=1.0) or 1.0
        self.rows[kind].append(({n: number / size for n, number in row.items()}, right / size))

    def least(self, key: Any) -> float | None:
        """The least value of one variable; None if there is no point at all."""
        n = len(self.place)
        for name, position in self.place.items():
            if name not in self.free:
                self.rows["<"].append(({position: -1.0}, 0.0))
        matrices, rights, cones = [], [], []
        for kind, cone in (("=", clarabel.ZeroConeT), ("<", clarabel.NonnegativeConeT)):
            rows = self.rows[kind]
            entries = [(r, c, number) for r, (row, _) in enumerate(rows) for c, number in row.items()]
            r, c, numbers = (np.array(column) for column in zip(*entries, strict=True))
            matrices.append(sparse.csc_matrix((numbers, (r, c)), shape=(len(rows), n)))
            rights.append(np.array([right for _, right in rows]))
            cones.append(cone(len(rows)))
        cost = np.zeros(n)
        cost[self.place[key]] = 1.0
        settings = clarabel.DefaultSettings()
        settings.verbose = False
        answer = clarabel.DefaultSolver(
            sparse.csc_matrix((n, n)),
            cost,
            sparse.csc_matrix(sparse.vstack(matrices)),
            np.concatenate(rights),
            cones,
            settings,
        ).solve()
        if answer.status in (clarabel.SolverStatus.PrimalInfeasible, clarabel.SolverStatus.AlmostPrimalInfeasible):
            return None
        assert answer.status in (clarabel.SolverStatus.Solved, clarabel.SolverStatus.AlmostSolved), answer.status
        return float(answer.obj_val)


def about(p: Programme, key: Any, amount: float, room: float) -> None:
    """amount − room ≤ v ≤ amount + room."""
    p.add("<", [(1.0, key)], amount + room)
    p.add("<", [(-1.0, key)], room - amount)


def rise(path: Surge, start: int, t: int) -> float:
    """σ(t) of section 3."""
    sign = (path.max > 0) - (path.max < 0)
    return sign * min(abs(path.max), path.rate * max(0, t - (start - 1) - path.delay))


def contract_part(data: GoodData, cut: Cutoff, i: str, t: int, part: float = 1.0) -> float:
    """(1−u)(1+σ) of supplier i; ``part`` of the fraction counts."""
    inside = i in data.credit
    path = data.settings["region_surge" if inside else "outside_surge"].value
    under = cut.start <= t and (cut.months is None or t < cut.start + cut.months)
    fraction = cut.cut.get(i, cut.fraction if cut.all_outsiders and not inside else 0.0)
    return max(0.0, (1 - part * fraction * under) * (1 + rise(path, cut.start, t)))


@dataclass
class ByHand:
    """Section 8 for ``coupled`` goods. ``goods`` are all figures of the case, ``recipes`` (good, input, a)."""

    goods: Mapping[str, GoodData]
    cutoffs: Mapping[str, Sequence[Cutoff]]
    recipes: Sequence[tuple[str, str, float]]
    coupled: Sequence[str]
    _left: dict[Any, list[float]] = field(default_factory=dict)

    def months(self, good: str) -> int:
        return int(self.goods[good].settings["months"].value)

    def left(
        self, good: str, i: str, s: int, depth: int, indirect: float, months: int, part: float
    ) -> list[float]:
        """What makers in i still make of what they would deliver, month by month, with today's mix of inputs."""
        key = (good, i, s, depth, indirect, months, part)
        if key not in self._left:
            self._left[key] = self._worked_out(*key)
        return self._left[key]

    def _worked_out(
        self, good: str, i: str, s: int, depth: int, indirect: float, months: int, part: float
    ) -> list[float]:
        found = [1.0] * months
        data = self.goods[good]
        member = i in data.demand.index
        for name in [h for g, h, _ in self.recipes if g == good and (depth > 0 or member)]:
            below = self.goods[name]
            if i not in below.mix.index or not below.mix.loc[i].sum() > 0:
                continue
            if member:
                use = float(below.demand.get(i, np.inf))
                held = 12 * float(below.stock.get(i, 0.0)) / use
            else:
                held = below.value("maker_stock_months")
            stock, hits = held, 1.0 if member else indirect
            for t in range(1, months + 1):
                arrives = 0.0
                for j, share in below.mix.loc[i].items():
                    if share > 0:
                        sent = self.cutoffs[name][s]
                        whole = contract_part(below, sent, j, t, 0.0 if j == i and not member else hits)
                        arrives += (
                            share * whole * self.left(name, j, s, max(depth - 1, 0), hits, months, hits)[t - 1]
                        )
                wanted = contract_part(data, self.cutoffs[good][s], i, t, part)
                made = min(wanted, arrives + stock)
                stock = min(held, stock + arrives - made)
                if wanted > 1e-12:
                    found[t - 1] = min(found[t - 1], made / wanted)
        return found

    def made_by(self, good: str, i: str) -> float:
        return float(self.goods[good].made.get(i, 0.0))

    def places(self, good: str, name: str, joint: bool) -> list[str]:
        """Members whose makers are followed from the good to the input."""
        product, needed = self.goods[good], self.goods[name]
        return [
            m
            for m in product.members
            if m in needed.members
            and m in product.suppliers
            and (m not in product.no_home or (joint and self.made_by(good, m) > 0))
        ]

    def used_by_makers(self, name: str, m: str, joint: bool) -> tuple[float, float]:
        """What makers in m use of an input today, and by how much their recipes are scaled to it."""
        need = sum(
            a * self.made_by(g, m) for g, h, a in self.recipes if h == name and m in self.places(g, h, joint)
        )
        demand = float(self.goods[name].demand[m])
        return min(need, demand), min(1.0, demand / need) if need > 0 else 1.0

    def least_share(
        self,
        good: str,
        member: str,
        cutoff: str,
        fixed: Mapping[str, Any],
        survivors: Sequence[str],
    ) -> float | None:
        """Stage 1 of one good in one row; ``fixed`` are plans of goods before it: (sourcing, new capacity)."""
        joint = member == ALL
        p = Programme()
        for g in self.coupled:
            self._good(p, g, self.goods[g], member, cutoff, g in survivors)
        for g, (sourcing, built) in fixed.items():
            for (m, i), amount in sourcing.items():
                about(p, ("x", g, m, i), amount, BAND * float(self.goods[g].demand[m]))
            for i in self.goods[g].suppliers:
                about(p, ("z", g, i), built.get(i, 0.0), BAND * float(self.goods[g].demand.sum()))
        data = self.goods[good]
        for m in data.members if joint else [member]:
            if m not in data.members:
                return None
            demand = float(data.demand[m])
            for g, h, a in self.recipes:
                if h == good and g in fixed and m in self.places(g, h, joint):
                    scaled = a * self.used_by_makers(h, m, joint)[1]
                    for (customer, i), amount in fixed[g][0].items():
                        if i == m:
                            demand += scaled * (amount - float(self.goods[g].baseline.at[m, customer]))
            credited = [(data.credit.get(i, 0.0), ("x", good, m, i)) for i in self.sellers(data, m)]
            p.add("<", [*credited, (-demand, "share")], 0.0)
        p.add("<", [(-1.0, "share")], 0.0)
        return p.least("share")

    def today(self, good: str) -> tuple[dict[tuple[str, str], float], dict[str, float]]:
        """Today's sourcing, with nothing built."""
        data = self.goods[good]
        return {(m, i): float(data.baseline.at[i, m]) for m in data.members for i in self.sellers(data, m)}, {}

    def sellers(self, data: GoodData, m: str) -> list[str]:
        return [i for i in data.suppliers if not (i == m and m in data.no_home)]

    def _good(self, p: Programme, g: str, data: GoodData, member: str, cutoff: str, survives: bool) -> None:
        joint = member == ALL
        hit = {
            i
            for i in data.suppliers
            if any(contract_part(data, replace(cut, start=1, months=None), i, 0) < 1 for cut in self.cutoffs[g])
        }
        for i in data.suppliers:  # (2)
            buyers = [(1.0, ("x", g, m, i)) for m in data.members if i in self.sellers(data, m)]
            p.add("<", [*buyers, (-1.0, ("z", g, i))], float(data.capacity[i]))
            most = min(data.value("new_capacity"), INFINITE) * float(data.capacity[i])
            p.add("<", [(1.0, ("z", g, i))], most if i in data.credit and i not in hit else 0.0)
        for m in data.members:
            if member not in (m, ALL):
                for i in self.sellers(data, m):
                    p.add("=", [(1.0, ("x", g, m, i))], float(data.baseline.at[i, m]))
                continue
            bought = [(1.0, ("x", g, m, i)) for i in self.sellers(data, m)]
            right = float(data.demand[m])
            for product, name, a in self.recipes:  # (1), with what makers use above today
                if name == g and m in self.places(product, g, joint):
                    scaled = a * self.used_by_makers(g, m, joint)[1]
                    above = self.goods[product]
                    for customer in above.members:
                        if m in self.sellers(above, customer):
                            bought.append((-scaled, ("x", product, customer, m)))
                            right -= scaled * float(above.baseline.at[m, customer])
            p.add("=", bought, right)
            if data.value("cap") < np.inf:
                for i in self.sellers(data, m):
                    if i not in data.credit:
                        p.add("<", [(1.0, ("x", g, m, i))], data.value("cap") * float(data.demand[m]))
            for s, cut in enumerate(self.cutoffs[g]):
                if cutoff in (cut.name, ALL):
                    self._crisis(p, g, data, m, s, joint, survives)

    def _crisis(self, p: Programme, g: str, data: GoodData, m: str, s: int, joint: bool, survives: bool) -> None:
        used, _ = self.used_by_makers(g, m, joint)
        final = max(0.0, 1 - used / float(data.demand[m]))
        profile = data.settings["profile"].value or (1.0,)
        held = float(data.stock[m])
        for t in range(1, self.months(g) + 1):
            full = (
                data.value("demand_factor") * float(data.demand[m]) / 12 * profile[(t - 1) % len(profile)] * final
            )
            arriving = []
            for i in self.sellers(data, m):
                y = ("y", g, m, i, s, t)
                whole = contract_part(data, self.cutoffs[g][s], i, t)
                if not self.followed(g, i, m, joint):
                    depth, indirect = int(data.value("depth")), data.value("indirect")
                    whole *= self.left(g, i, s, depth, indirect, self.months(g), 1.0)[t - 1]
                p.add("<", [(1.0, y), (-whole / 12, ("x", g, m, i))], 0.0)  # (3)
                arriving.append((-1.0, y))
            use: list[tuple[float, Any]] = [(1.0, ("c", g, m, s, t))]
            for product, name, a in self.recipes:
                if name == g and t <= self.months(product) and m in self.places(product, g, joint):
                    scaled = a * self.used_by_makers(g, m, joint)[1]
                    for customer in self.goods[product].members if joint else [m]:
                        if m in self.sellers(self.goods[product], customer):
                            use.append((scaled, ("y", product, customer, m, s, t)))
            now, before = ("b", g, m, s, t), ("b", g, m, s, t - 1)
            drawn = held * data.value("drawdown")
            if t == 1:  # (4), (5)
                p.add("=", [(1.0, now), *arriving, *use], held)
                p.add("<", [(-1.0, now)], drawn - held)
            else:
                p.add("=", [(1.0, now), (-1.0, before), *arriving, *use], 0.0)
                p.add("<", [(1.0, before), (-1.0, now)], drawn)
            p.add("<", [(1.0, now)], held)
            p.add("<", [(1.0, ("c", g, m, s, t))], full)
            if survives:  # (6)
                p.add("<", [(-1.0, ("c", g, m, s, t))], -data.value("critical_share") * full)

    def followed(self, g: str, i: str, m: str, joint: bool) -> bool:
        """Whether what i makes of g for m takes its inputs from i's own balance."""
        mine = any(product == g and i in self.places(g, name, joint) for product, name, _ in self.recipes)
        return mine and (joint or i == m)


@dataclass(frozen=True)
class Small:
    """A small data set and case that can be changed and written anew."""

    goods: tuple[str, ...]
    flows: tuple[tuple[str, str, float, str], ...]
    balances: tuple[dict[str, Any], ...]
    recipes: tuple[dict[str, Any], ...]
    members: tuple[str, ...]
    region: Mapping[str, float]
    cutoffs: tuple[dict[str, Any], ...]
    survival: Mapping[str, Any]
    response: Mapping[str, Any]
    keys: Mapping[str, Any] = field(default_factory=dict)

    def load(self) -> resilience.Case:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_dataset(
                folder / "data",
                self.flows,
                self.balances,
                goods=[(good, "military") for good in self.goods],
                recipes=self.recipes,
                countries=[*self.members, *self.region],
            )
            write_case(
                folder / "case.toml",
                members=list(self.members),
                region=dict(self.region),
                survival=dict(self.survival),
                response=dict(self.response),
                cutoffs=list(self.cutoffs),
                **self.keys,
            )
            return resilience.load(folder / "case.toml")

    def solve(self) -> resilience.Result:
        return resilience.solve(self.load())


def random_chain(rng: np.random.Generator, stages: int = 2, members: int = 2) -> Small:
    """A good, its input, perhaps the input's input; members, a partner and two outsiders, of whom one is cut."""
    goods = ("magnet", "powder", "ore")[:stages]
    own = ("AAA", "BBB", "DDD")[:members]
    everyone = (*own, "FRD", "OUT", "XXX")
    flows, balances = [], []
    for good in goods:
        sold = dict.fromkeys(everyone, 0.0)
        for i in everyone:
            for m in everyone:
                chance = 0.4 if i in own else 0.75
                if i != m and m not in ("FRD", "XXX")[: 2 - (good != "magnet")] and rng.random() < chance:
                    quantity = float(np.round(rng.uniform(1, 40), 1))
                    flows.append((i, m, quantity, good))
                    sold[i] += quantity
        for i in everyone:
            row: dict[str, Any] = {"country": i, "good": good}
            if i in own and rng.random() < 0.12:
                balances.append(row)  # production unknown
                continue
            row["production"] = round(sold[i] + float(rng.choice([0.0, rng.uniform(5, 50)], p=[0.3, 0.7])), 1)
            if i not in own and rng.random() < 0.7:
                row["capacity"] = round(1000.0 if rng.random() < 0.3 else sold[i] * rng.uniform(1, 2) + 10, 1)
            if i in own and rng.random() < 0.5:
                row["stock"] = round(float(rng.uniform(0, 20)), 1)
            balances.append(row)
    recipes = [
        {"good": good, "input": name, "input_per_unit": float(rng.choice([0.3, 1.0, 2.0]))}
        for good, name in pairwise(goods)
    ]
    cutoffs = [{"name": "cut", "cut": ["XXX"], "fraction": float(rng.choice([1.0, 0.7]))}]
    if rng.random() < 0.4:
        which = {"goods": [str(rng.choice(goods))]} if rng.random() < 0.5 else {}
        cutoffs.append({"name": "other", "cut": ["OUT"], "start": 2, "months": 2, **which})
    return Small(
        goods,
        tuple(flows),
        tuple(balances),
        tuple(recipes),
        own,
        dict.fromkeys(own, 1.0) | {"FRD": float(rng.choice([1.0, 0.5]))},
        tuple(cutoffs),
        {
            "months": int(rng.integers(2, 5)),
            "critical_share": float(np.round(rng.uniform(0.3, 0.95), 2)),
            "demand_factor": float(rng.choice([1.0, 1.0, 1.2])),
        },
        {
            "region_surge": {"delay": 1, "rate": 0.05, "max": float(rng.choice([0.0, 0.1]))},
            "outside_surge": {"delay": 0, "rate": 0.05, "max": float(rng.choice([0.0, -0.1]))},
            "new_capacity": float(rng.choice([0.0, 0.5, 3.0])),
            "drawdown": float(rng.choice([1.0, 0.5])),
            "maker_stock_months": float(rng.choice([0.0, 0.5])),
            "indirect": float(rng.choice([1.0, 0.5, 0.0])),
            "depth": int(rng.integers(0, 4)),
        },
    )
