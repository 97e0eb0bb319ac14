"""The model solved in a second, different way: linear conditions on the plan, and a solver that is not HiGHS."""

from __future__ import annotations

from dataclasses import replace

import clarabel
import numpy as np
import pytest
from instances import figures, model_data, random_good
from scipy import sparse
from scipy.optimize import linprog

from resilience.inputs.casefile import Cutoff
from resilience.model import ModelData, build
from resilience.program import Program, compile_model
from resilience.reading.conditions import survival_conditions
from resilience.reading.requirements import solve_good
from resilience.reading.stress import shortfalls
from resilience.solver import minimise


def by_conditions(data: ModelData) -> float | None:
    """The least share of a one-member case, in the variables x and z alone; None if there is no plan."""
    good = data.good
    member = good.members[0]
    conditions = survival_conditions(data, member)
    n = len(good.suppliers)
    demand = float(good.demand[member])
    credit = np.array([good.credit.get(name, 0.0) for name in good.suppliers])
    inequalities = np.vstack(
        [
            np.hstack([-conditions.arriving, np.zeros((len(conditions.needed), n))]),
            np.hstack([np.eye(n), -np.eye(n)]),
        ]
    )
    limits = np.concatenate([-conditions.needed, good.capacity.to_numpy()])
    answer = linprog(
        np.concatenate([credit / demand, np.zeros(n)]),
        A_ub=inequalities * (1 / demand),
        b_ub=limits / demand,
        A_eq=np.concatenate([np.ones(n), np.zeros(n)])[None] / demand,
        b_eq=[1.0],
        bounds=[(0, None)] * n + [(0, data.most_new[name]) for name in good.suppliers],
        method="highs-ipm",
    )
    assert answer.status in (0, 2), answer.message
    return float(answer.fun) if answer.status == 0 else None


def test_linear_conditions_agree_on_random_cases() -> None:
    """300 one-member cases: same share, same verdict on feasibility, same verdict on today's plan."""
    rng = np.random.default_rng(20240901)
    feasible = met = 0
    for number in range(300):
        good, cutoffs = random_good(rng, 1)
        data = model_data(good, cutoffs)
        solution = minimise(compile_model(build(data)), "least_share", f"case {number}")
        expected = by_conditions(data)
        assert (solution is None) == (expected is None), number
        if solution is not None:
            feasible += 1
            assert solution.objective == pytest.approx(expected, abs=1e-7), number
        today = good.baseline.iloc[:, 0].to_numpy()
        holds = survival_conditions(data, good.members[0]).hold(today, 1e-9 * today.sum())
        short = shortfalls(data, good.baseline).max() > 1e-8 * today.sum()
        assert holds != short, number
        met += holds
    assert 100 < feasible < 290  # both verdicts occur often enough to mean something
    assert 10 < met < 290


def by_clarabel(program: Program, objective: str) -> float | None:
    """The optimum of the same arrays by an interior-point solver of another make."""
    rows, bounds, cones = [], [], []
    equal = program.row_lower == program.row_upper
    identity = sparse.identity(program.matrix.shape[1], format="csr")
    rows.append(program.matrix[equal])
    bounds.append(program.row_upper[equal])
    cones.append(clarabel.ZeroConeT(int(equal.sum())))
    for matrix, limit, sign in (
        (program.matrix[~equal], program.row_upper[~equal], 1),
        (program.matrix[~equal], program.row_lower[~equal], -1),
        (identity, program.column_upper, 1),
        (identity, program.column_lower, -1),
    ):
        finite = np.isfinite(limit)
        rows.append(sign * matrix[finite])
        bounds.append(sign * limit[finite])
        cones.append(clarabel.NonnegativeConeT(int(finite.sum())))
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    n = program.matrix.shape[1]
    solver = clarabel.DefaultSolver(
        sparse.csc_matrix((n, n)),
        program.objectives[objective],
        sparse.csc_matrix(sparse.vstack(rows)),
        np.concatenate(bounds),
        cones,
        settings,
    )
    answer = solver.solve()
    if answer.status == clarabel.SolverStatus.PrimalInfeasible:
        return None
    assert answer.status in (clarabel.SolverStatus.Solved, clarabel.SolverStatus.AlmostSolved), answer.status
    return float(answer.obj_val)


@pytest.mark.parametrize("pooled", [False, True])
def test_another_solver_agrees_on_cases_of_several_members(pooled: bool) -> None:
    """Forty cases of 2 to 5 members, half of them pooled; the other solver gets section 3 to the letter, a class per supplier."""
    rng = np.random.default_rng(7 + pooled)
    feasible = 0
    for number in range(20):
        good, cutoffs = random_good(rng, int(rng.integers(2, 6)))
        data = model_data(good, cutoffs, pooled=pooled)
        literal = compile_model(build(model_data(good, cutoffs, pooled=pooled, each=True)))
        solution = minimise(compile_model(build(data)), "least_share", f"case {number}")
        expected = by_clarabel(literal, "least_share")
        assert (solution is None) == (expected is None), number
        if solution is not None:
            feasible += 1
            assert solution.objective == pytest.approx(expected, abs=2e-6), number
    assert 4 <= feasible <= 19


def test_the_three_ways_to_write_survival_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Section 3 month by month, windows of months, and the stock used up: any objective."""
    rng = np.random.default_rng(5)
    missed = 0
    for _ in range(20):
        good, cutoffs = random_good(rng, int(rng.integers(1, 4)))
        data = model_data(good, cutoffs)
        found = []
        for most, full in ((99, True), (99, False), (0, False)):
            monkeypatch.setattr("resilience.model.MOST_MONTHS", most)
            program = compile_model(build(data, full=full)).bound("new_capacity", upper=0.0)
            asked = [(program, name) for name in ("least_share", "least_building", "least_change")]
            asked.append((program.bound("shortfall", upper=np.inf), "least_shortfall"))
            optima = [minimise(one, name, name) for one, name in asked]
            found.append([np.nan if one is None else one.objective for one in optima])
        missed += found[0][3] > 1e-6
        np.testing.assert_allclose(found[1:], found[:1] * 2, atol=1e-7, rtol=0)
    assert missed


def test_weights_that_differ_by_orders_of_magnitude() -> None:
    """A member of a millionth of the other's size gets its share as exactly as when it is alone."""
    rng = np.random.default_rng(11)
    for _ in range(10):
        good, cutoffs = random_good(rng, 2)
        # What may be built is a multiple of all that a supplier can sell, so it would differ between the two.
        values = {name: setting.value for name, setting in good.settings.items()} | {"new_capacity": 0.0}
        tiny = good.baseline.copy()
        tiny.iloc[:, 1] *= 1e-6
        small = figures(
            tiny,
            dict(good.credit),
            stock=np.array([good.stock.iloc[0], good.stock.iloc[1] * 1e-6]),
            capacity=tiny.sum(axis=1) + 1e-9 * tiny.to_numpy().sum(),
            **values,
        )
        alone = figures(
            tiny[["M1"]],
            dict(good.credit),
            stock=small.stock[["M1"]].to_numpy(),
            capacity=small.capacity - tiny["M0"],
            **values,
        )
        both = solve_good(model_data(small, cutoffs), None).requirements
        one = solve_good(model_data(alone, cutoffs), None).requirements
        keys = ["member", "cutoff", "reading"]
        joined = both[both["member"] == "M1"].merge(one[one["member"] == "M1"], on=keys)
        assert len(joined) == 3 * (len(cutoffs) + 1)
        np.testing.assert_allclose(joined["share_x"], joined["share_y"], atol=1e-7)


def test_plan_is_unique_whatever_the_order() -> None:
    """Stages 2 to 4 leave one plan: suppliers and cutoffs in another order give the same amounts."""
    rng = np.random.default_rng(5)
    changed = 0
    for _ in range(15):
        good, cutoffs = random_good(rng, 3)
        order = rng.permutation(len(good.suppliers))
        turned = replace(
            good,
            baseline=good.baseline.iloc[order],
            capacities=good.capacities[order],
            price=good.price.iloc[order],
        )
        first = solve_good(model_data(good, cutoffs), None)
        second = solve_good(model_data(turned, cutoffs[::-1]), None)
        keys = ["good", "member", "supplier"]
        joined = first.plan.merge(second.plan, on=keys, how="outer", suffixes=("", "_turned")).fillna(0.0)
        size = float(good.demand.sum())
        np.testing.assert_allclose(joined["planned"], joined["planned_turned"], atol=1e-5 * size)
        changed += bool((first.plan["change"].abs() > 1e-6 * size).any())
    assert changed >= 3


def test_only_one_cutoff_makes_all_the_same() -> None:
    """With one cutoff, its row and the ALL row are one."""
    good, _ = random_good(np.random.default_rng(3), 2)
    table = solve_good(model_data(good, [Cutoff("only", {"Z0": 1.0})]), None).requirements
    only = table[table["cutoff"] == "only"].drop(columns="cutoff").reset_index(drop=True)
    every = table[table["cutoff"] == "ALL"].drop(columns="cutoff").reset_index(drop=True)
    assert only.equals(every)
