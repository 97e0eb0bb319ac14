"""What it costs to build a large programme and to hand it to the solver: this model, linopy and arrays by hand.

Run:  python benchmarks/build_and_translate.py [--goods N] [--cutoffs N] [--suppliers N] [--members N] [--months N]

All three write the same linear programme of independent goods, row for row (section 3 month by month), and
minimise the sum of the shares; the optima must agree. Each runs in a process of its own, seconds are those of its
processor, memory is its peak above what was there before. Only the ratios are worth comparing between machines.
`template` fills the compiled programme with other numbers (`resilience.templates`); what it took to compile it is
not counted, but its memory is.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
import pandas as pd
import pyomo.environ as pyo
from scipy import sparse

from resilience.inputs.balance import GoodData
from resilience.inputs.casefile import Cutoff, Ground, Setting
from resilience.inputs.cutoffs import availability
from resilience.inputs.parameters import PARAMETERS
from resilience.model import ChainData, ModelData, build_chain, prepare
from resilience.program import Program, compile_model
from resilience.templates import Template


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    goods: int
    cutoffs: int
    suppliers: int
    members: int
    months: int


@dataclass(frozen=True)
class Measured:
    """Seconds to build and to translate, peak memory in MB above what was there before, the optimum."""

    build: float
    translate: float
    memory: float
    optimum: float
    rows: int
    nonzeros: int


def goods_of(size: Size) -> dict[str, ModelData]:
    """Made-up goods: members, as many partners in the region, and outsiders, of whom each cutoff hits a third."""
    rng = np.random.default_rng(1)
    members = [f"M{n:02}" for n in range(size.members)]
    partners = [f"P{n:02}" for n in range(size.members)]
    outsiders = [f"Z{n:02}" for n in range(size.suppliers - 2 * size.members)]
    names = members + partners + outsiders
    ground = Ground("made up")
    settings = {name: Setting(p.default, "", ground) for name, p in PARAMETERS.items()}
    settings |= {"critical_share": Setting(0.8, "", ground), "drawdown": Setting(0.5, "", ground)}
    cutoffs = [
        Cutoff(
            f"cut{n:02}", dict.fromkeys(rng.choice(outsiders, len(outsiders) // 3, replace=False).tolist(), 0.9)
        )
        for n in range(size.cutoffs)
    ]
    goods = {}
    for number in range(size.goods):
        baseline = pd.DataFrame(rng.pareto(1.5, (len(names), len(members))) + 0.01, names, members)
        demand = baseline.sum()
        good = GoodData(
            good=f"good{number:03}",
            label="",
            category="food",
            unit="t",
            year=2024,
            settings=settings,
            demand=demand,
            stocks=demand.to_numpy() / 12,
            baseline=baseline,
            capacities=baseline.sum(axis=1).to_numpy() * 1.3,
            price=pd.DataFrame(1.0, names, members),
            credit=dict.fromkeys(members + partners, 1.0),
            no_home=frozenset(),
            fixed_rows=pd.DataFrame(),
            findings=(),
        )
        surge = PARAMETERS["region_surge"].default
        available = availability(cutoffs, names, {}, good.credit, members, size.months, surge, surge)
        goods[good.good] = prepare(good, available)
    return goods


def to_solver(
    cost: np.ndarray,
    matrix: sparse.csr_matrix,
    rows: tuple[np.ndarray, np.ndarray],
    columns: tuple[np.ndarray, np.ndarray],
) -> highspy.Highs:
    """The arrays, passed to the solver."""
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_ = cost
    lp.col_lower_, lp.col_upper_ = columns
    lp.row_lower_, lp.row_upper_ = rows
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = matrix.indptr
    lp.a_matrix_.index_ = matrix.indices
    lp.a_matrix_.value_ = matrix.data
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.passModel(lp)
    return highs


def optimum(highs: highspy.Highs) -> float:
    """Solve and give the objective."""
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise SystemExit(f"the solver said {highs.getModelStatus()}")
    return float(highs.getInfo().objective_function_value)


def rules(chain: ChainData, numbers: Any = None) -> pyo.ConcreteModel:
    """``model.build_chain`` without links; the sum of shares is the only objective, as with the others."""
    model = build_chain(chain, numbers)
    for objective in model.component_data_objects(pyo.Objective, active=True):
        objective.deactivate()
    model.total = pyo.Objective(expr=pyo.quicksum(model.good[name].common_share for name in chain.goods))
    return model


def passed(program: Program) -> highspy.Highs:
    """A program of this package, passed to the solver."""
    rows, columns = (program.row_lower, program.row_upper), (program.column_lower, program.column_upper)
    return to_solver(program.objectives["total"], program.matrix, rows, columns)


def this_model(goods: dict[str, ModelData]) -> tuple[float, float, highspy.Highs]:
    """``model.build_chain`` without links, and ``compile_model``."""
    start = time.process_time()
    model = rules(ChainData(goods, ()))
    built = time.process_time()
    highs = passed(compile_model(model))
    return built - start, time.process_time() - built, highs


def template(goods: dict[str, ModelData]) -> tuple[float, float, highspy.Highs]:
    """``Template.at``, where the template is there already."""
    chain = ChainData(goods, ())
    ready = Template(rules, chain)
    start = time.process_time()
    program = ready.at(chain)
    filled = time.process_time()
    highs = passed(program)
    return filled - start, time.process_time() - filled, highs


@dataclass(frozen=True)
class Cube:
    """The goods as arrays with axes good, member, supplier, class, cutoff, month, for linopy and by hand."""

    goods: list[str]
    members: list[str]
    suppliers: list[str]
    cutoffs: list[str]
    classes: list[str]
    months: int
    group: np.ndarray  # cutoff × supplier: number of the class
    demand: np.ndarray
    held: np.ndarray
    baseline: np.ndarray  # good × member × supplier
    capacity: np.ndarray
    most_new: np.ndarray
    credit: np.ndarray
    critical: np.ndarray  # good × member × month
    ceiling: np.ndarray
    part: np.ndarray  # class × cutoff × month
    drawdown: float


def cube(goods: dict[str, ModelData]) -> Cube:
    """All goods share countries, cutoffs and classes here; the classes of a cutoff are numbered 0, 1, 2."""
    first = next(iter(goods.values()))
    available, good = first.available, first.good
    group = np.zeros((len(available.cutoffs), len(available.suppliers)), dtype=int)
    part = np.zeros((3, len(available.cutoffs), first.months))
    for s, cutoff in enumerate(available.cutoffs):
        order = list(dict.fromkeys(first.class_of[cutoff, i] for i in available.suppliers))
        for n, i in enumerate(available.suppliers):
            group[s, n] = order.index(first.class_of[cutoff, i])
        for k, name in enumerate(order):
            part[k, s] = available.delivered[s, available.suppliers.index(name)]
    everyone = list(goods.values())
    return Cube(
        goods=list(goods),
        members=good.members,
        suppliers=list(available.suppliers),
        cutoffs=list(available.cutoffs),
        classes=["0", "1", "2"],
        months=first.months,
        group=group,
        demand=np.array([one.good.demand.to_numpy() for one in everyone]),
        held=np.array([one.good.stock.to_numpy() for one in everyone]),
        baseline=np.array([one.good.baseline.to_numpy().T for one in everyone]),
        capacity=np.array([one.good.capacity.to_numpy() for one in everyone]),
        most_new=np.array([[one.most_new[i] for i in available.suppliers] for one in everyone]),
        credit=np.array([[one.good.credit.get(i, 0.0) for i in available.suppliers] for one in everyone]),
        critical=np.array([one.critical for one in everyone]),
        ceiling=np.array([one.ceiling for one in everyone]),
        part=part,
        drawdown=good.value("drawdown"),
    )


def by_linopy(goods: dict[str, ModelData]) -> tuple[float, float, highspy.Highs]:
    """The same rows and columns in linopy."""
    import linopy
    import xarray as xr

    start = time.process_time()
    data = cube(goods)
    axes: dict[str, Any] = {
        "g": data.goods,
        "m": data.members,
        "i": data.suppliers,
        "k": data.classes,
        "s": data.cutoffs,
        "t": list(range(1, data.months + 1)),
    }

    def array(values: np.ndarray, dims: str) -> Any:
        return xr.DataArray(values, dims=list(dims), coords={d: axes[d] for d in dims})

    model = linopy.Model()

    def variable(name: str, dims: str, lower: Any = 0.0, upper: Any = np.inf) -> Any:
        return model.add_variables(lower=lower, upper=upper, coords={d: axes[d] for d in dims}, name=name)

    demand, held = array(data.demand, "gm"), array(data.held, "gm")
    sourcing = variable("sourcing", "gmi")
    built = variable("new_capacity", "gi", upper=array(data.most_new, "gi"))
    contracts = variable("contracts", "gmks")
    delivery = variable("delivery", "gmkst")
    stock = variable("stock", "gmst")
    over_cutoffs = xr.DataArray(np.ones(len(data.cutoffs)), dims=["s"], coords={"s": data.cutoffs})
    most = (array(data.ceiling, "gmt") * over_cutoffs).transpose("g", "m", "s", "t")
    consumption = variable("consumption", "gmst", upper=most)
    shortfall = variable("shortfall", "gmst", upper=0.0)
    share, common = variable("share", "gm"), variable("common_share", "g")
    more, relief = variable("more_stock", "g", upper=0.0), variable("relief", "g", upper=0.0)
    up, down = variable("increase", "gmi"), variable("decrease", "gmi")
    add = model.add_constraints
    add(sourcing.sum("i") == demand, name="supplied")
    add(sourcing.sum("m") - built <= array(data.capacity, "gi"), name="within_capacity")
    for s, cutoff in enumerate(data.cutoffs):
        label = xr.DataArray(
            [data.classes[k] for k in data.group[s]], dims=["i"], coords={"i": data.suppliers}, name="k"
        )
        total = sourcing.groupby(label).sum()
        add(contracts.sel(s=cutoff) - total == 0, name=f"class_total {cutoff}")
    add(delivery - contracts * (array(data.part, "kst") / 12) <= 0, name="delivered")
    change = stock + consumption - delivery.sum("k")
    extra = more * (demand / 12)
    first, later = axes["t"][:1], axes["t"][1:]
    add(change.sel(t=first) - extra == held, name="stock_first")
    before = stock.sel(t=axes["t"][:-1]).assign_coords(t=later)
    add(change.sel(t=later) - before == 0, name="stock_next")
    add(stock - extra <= held, name="stock_limit")
    stays = 1 - data.drawdown
    add(extra * stays - stock.sel(t=first) <= -stays * held, name="drawn_first")
    add(before - stock.sel(t=later) - extra * data.drawdown <= data.drawdown * held, name="drawn_next")
    add(
        consumption + shortfall + relief * array(data.ceiling, "gmt") >= array(data.critical, "gmt"),
        name="survives",
    )
    add((sourcing * array(data.credit, "gi")).sum("i") - share * demand == 0, name="credited")
    add(share - common <= 0, name="common")
    add(sourcing - up + down == array(data.baseline, "gmi"), name="changed")
    model.add_objective(common.sum())
    done = time.process_time()
    highs = model.to_highspy()
    return done - start, time.process_time() - done, highs


def by_hand(goods: dict[str, ModelData]) -> tuple[float, float, highspy.Highs]:
    """The same rows and columns as index arithmetic."""
    start = time.process_time()
    data = cube(goods)
    count = (len(data.goods), len(data.members), len(data.suppliers), 3, len(data.cutoffs), data.months)
    size = dict(zip("gmikst", count, strict=True))
    width = height = 0
    entries: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    limits: list[tuple[np.ndarray, np.ndarray]] = []
    uppers: list[np.ndarray] = []

    def numbered(dims: str, at: int) -> np.ndarray:
        shape = tuple(size[d] for d in dims)
        return at + np.arange(int(np.prod(shape))).reshape(shape)

    def columns(dims: str, upper: Any = np.inf) -> np.ndarray:
        nonlocal width
        found = numbered(dims, width)
        width += found.size
        uppers.append(np.broadcast_to(upper, found.shape).ravel())
        return found

    def rows(shape: tuple[int, ...], low: Any, high: Any, *terms: tuple[np.ndarray, Any]) -> None:
        """Rows of a shape; a term's columns have that shape, with one more axis at the end if they are summed."""
        nonlocal height
        place = height + np.arange(int(np.prod(shape))).reshape(shape)
        height += place.size
        limits.append((np.broadcast_to(low, shape).ravel(), np.broadcast_to(high, shape).ravel()))
        for column, number in terms:
            summed = column.ndim > len(shape)
            row = place[..., None] if summed else place
            whole = np.broadcast_shapes(row.shape, column.shape)
            entries.append(
                (
                    np.broadcast_to(row, whole).ravel(),
                    np.broadcast_to(column, whole).ravel(),
                    np.broadcast_to(number, whole).ravel(),
                )
            )

    g, m, i, _, s, t = count
    demand, held = data.demand, data.held
    sourcing, built = columns("gmi"), columns("gi", data.most_new)
    contracts, delivery = columns("gmks"), columns("gmkst")
    stock = columns("gmst")
    consumption = columns("gmst", data.ceiling[:, :, None, :])
    shortfall = columns("gmst", 0.0)
    share, common = columns("gm"), columns("g")
    more, relief = columns("g", 0.0), columns("g", 0.0)
    up, down = columns("gmi"), columns("gmi")
    rows((g, m), demand, demand, (sourcing, 1.0))
    rows((g, i), -np.inf, data.capacity, (np.moveaxis(sourcing, 1, 2), 1.0), (built, -1.0))
    for c in range(s):
        for k in range(3):
            mine = sourcing[:, :, data.group[c] == k]
            rows((g, m), 0.0, 0.0, (contracts[:, :, k, c], 1.0), (mine, -1.0))
    rows((g, m, 3, s, t), -np.inf, 0.0, (delivery, 1.0), (contracts[..., None], -data.part / 12))
    extra = more[:, None, None, None]
    monthly = (demand / 12)[:, :, None, None]
    hold = held[:, :, None, None]
    arriving = np.moveaxis(delivery, 2, -1)
    rows(
        (g, m, s, 1),
        hold,
        hold,
        (stock[..., :1], 1.0),
        (consumption[..., :1], 1.0),
        (arriving[:, :, :, :1], -1.0),
        (extra, -monthly),
    )
    rows(
        (g, m, s, t - 1),
        0.0,
        0.0,
        (stock[..., 1:], 1.0),
        (stock[..., :-1], -1.0),
        (consumption[..., 1:], 1.0),
        (arriving[:, :, :, 1:], -1.0),
    )
    rows((g, m, s, t), -np.inf, hold, (stock, 1.0), (extra, -monthly))
    stays = 1 - data.drawdown
    rows((g, m, s, 1), -np.inf, -stays * hold, (stock[..., :1], -1.0), (extra, stays * monthly))
    rows(
        (g, m, s, t - 1),
        -np.inf,
        data.drawdown * hold,
        (stock[..., :-1], 1.0),
        (stock[..., 1:], -1.0),
        (extra, -data.drawdown * monthly),
    )
    rows(
        (g, m, s, t),
        data.critical[:, :, None, :],
        np.inf,
        (consumption, 1.0),
        (shortfall, 1.0),
        (relief[:, None, None, None], data.ceiling[:, :, None, :]),
    )
    rows((g, m), 0.0, 0.0, (sourcing, data.credit[:, None, :]), (share, -demand))
    rows((g, m), -np.inf, 0.0, (share, 1.0), (common[:, None], -1.0))
    rows((g, m, i), data.baseline, data.baseline, (sourcing, 1.0), (up, -1.0), (down, 1.0))
    row, column, number = (np.concatenate(parts) for parts in zip(*entries, strict=True))
    matrix = sparse.csr_matrix((number, (row, column)), (height, width))
    low, high = (np.concatenate(parts) for parts in zip(*limits, strict=True))
    cost = np.zeros(width)
    cost[common] = 1.0
    upper = np.concatenate(uppers)
    done = time.process_time()
    highs = to_solver(cost, matrix, (low, high), (np.zeros(width), upper))
    return done - start, time.process_time() - done, highs


WAYS = {"arrays by hand": by_hand, "linopy": by_linopy, "this model": this_model, "template": template}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _measure(way: str, size: Size) -> Measured:
    small = Size(1, 2, size.suppliers, size.members, 2)
    WAYS[way](goods_of(small))  # imports and first calls are not what is measured
    goods = goods_of(size)
    before = _peak()
    build, translate, highs = WAYS[way](goods)
    memory = _peak() - before
    return Measured(build, translate, memory, optimum(highs), highs.getNumRow(), highs.getNumNz())


def measure(way: str, size: Size) -> Measured:
    """One way in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (way, size))


def main() -> None:
    """Print one line a way, with ratios to linopy; exit with an error if the optima differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("goods", 20), ("cutoffs", 4), ("suppliers", 25), ("members", 5), ("months", 12)):
        parser.add_argument(f"--{name}", type=int, default=default)
    size = Size(**vars(parser.parse_args()))
    found = {way: measure(way, size) for way in WAYS}
    base = found["linopy"]
    print(f"{base.rows:,} rows, {base.nonzeros:,} non-zeros; ratios are to linopy's build and translation")
    print(f"{'':16}{'build s':>9}{'translate s':>13}{'ratio':>8}{'MB':>8}{'ratio':>8}{'optimum':>16}")
    for way, one in found.items():
        ratio = (one.build + one.translate) / (base.build + base.translate)
        print(
            f"{way:16}{one.build:9.3f}{one.translate:13.3f}{ratio:7.2f}×{one.memory:8.0f}"
            f"{one.memory / max(base.memory, 1.0):7.2f}×{one.optimum:16.10f}"
        )
    worst = max(abs(one.optimum - base.optimum) for one in found.values())
    if worst > 1e-6 * max(1.0, abs(base.optimum)):
        raise SystemExit(f"the optima differ by {worst:.1e}")
    print(f"optima agree to {worst:.1e}")


if __name__ == "__main__":
    main()
