"""The one file that talks to the solver: statuses, the certificate, scaling."""

from __future__ import annotations

import dataclasses

import highspy
import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instances import model_data, random_good

import resilience.solver as solver
from resilience.errors import SolverError
from resilience.model import build
from resilience.program import Program, compile_model


def two_variables(cost: float = 1.0) -> Program:
    """min cost·(x + 2y) with x + y ≥ 4, x ≤ 3, y ≥ 0: x = 3, y = 1, objective 5·cost."""
    model = pyo.ConcreteModel("toy")
    model.x = pyo.Var(bounds=(0, 3))
    model.y = pyo.Var(bounds=(0, None))
    model.scaling_factor = pyo.Suffix(direction=pyo.Suffix.LOCAL)
    model.scaling_factor[model.x] = 0.25
    model.enough = pyo.Constraint(expr=model.x + model.y >= 4)
    model.cost = pyo.Objective(expr=cost * (model.x + 2 * model.y))
    return compile_model(model)


def test_optimum_in_the_models_own_units() -> None:
    program = two_variables()
    found = solver.minimise(program, "cost", "toy")
    assert found is not None
    assert found.objective == pytest.approx(5)
    assert program.read(found.values, "x")[None] == pytest.approx(3)
    assert found.certificate.worst <= 1e-9


def test_bounds_and_rows_change_without_touching_the_program() -> None:
    program = two_variables()
    tighter = solver.minimise(program.bound("x", upper=1.0), "cost", "toy")
    assert tighter is not None and tighter.objective == pytest.approx(7)
    free = solver.minimise(program.loosen(np.array([0])), "cost", "toy")
    assert free is not None and free.objective == pytest.approx(0)
    kept = solver.minimise(program.keep("cost", 4.0), "cost", "toy")
    assert kept is None
    fixed = solver.minimise(program.bound("x", lower=2.0, upper=2.0), "cost", "toy")
    assert fixed is not None and fixed.objective == pytest.approx(6)
    again = solver.minimise(program, "cost", "toy")
    assert again is not None and again.objective == pytest.approx(5)


def test_unbounded_is_an_error_and_not_a_number() -> None:
    program = two_variables(-1.0)
    with pytest.raises(SolverError, match="the cheese problem: the solver said .*nbounded.* 1 rows, 2 columns"):
        solver.minimise(program, "cost", "the cheese problem")


@pytest.mark.parametrize("status", ["kTimeLimit", "kIterationLimit", "kUnknown", "kSolveError"])
def test_any_other_status_is_an_error(monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    run = solver._run
    monkeypatch.setattr(solver, "_run", lambda *a: (getattr(highspy.HighsModelStatus, status), *run(*a)[1:]))
    with pytest.raises(SolverError, match=status.removeprefix("k")):
        solver.minimise(two_variables(), "cost", "toy")


@pytest.mark.parametrize("spoil", ["values", "duals"])
def test_a_wrong_optimum_does_not_pass_the_certificate(monkeypatch: pytest.MonkeyPatch, spoil: str) -> None:
    """An "optimal" that is off in the sixth digit is refused."""
    run = solver._run

    def wrong(*arguments: object) -> object:
        status, values, duals = run(*arguments)  # type: ignore[arg-type]
        return (status, values * (1 + 1e-6), duals) if spoil == "values" else (status, values, duals * (1 - 1e-6))

    monkeypatch.setattr(solver, "_run", wrong)
    with pytest.raises(SolverError, match="certificate failed"):
        solver.minimise(two_variables(), "cost", "toy")


def test_presolve_alone_cannot_call_a_case_infeasible(monkeypatch: pytest.MonkeyPatch) -> None:
    run = solver._run

    def presolve_lies(part: object, presolve: str) -> object:
        status, values, duals = run(part, presolve)  # type: ignore[arg-type]
        return (highspy.HighsModelStatus.kInfeasible if presolve == "on" else status), values, duals

    monkeypatch.setattr(solver, "_run", presolve_lies)
    found = solver.minimise(two_variables(), "cost", "toy")
    assert found is not None and found.objective == pytest.approx(5)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 100_000), full=st.booleans())
def test_a_warm_start_changes_no_optimum(seed: int, full: bool) -> None:
    """Other coefficients, bounds and right-hand sides from solve to solve, feasible and not, against cold solves."""
    rng = np.random.default_rng(seed)
    good, cutoffs = random_good(rng, 2)
    program = compile_model(build(model_data(good, cutoffs), full=full))
    warm = solver.Warm()
    for _ in range(5):
        matrix = program.matrix.copy()
        matrix.data *= rng.uniform(0.9, 1.1, matrix.nnz)
        other = dataclasses.replace(
            program.bound("new_capacity", upper=float(rng.choice([0.0, 1e9]))),
            matrix=matrix,
            row_upper=program.row_upper + rng.choice([0.0, 0.1], len(program.row_upper)),
        )
        for objective in ("least_share", "least_building"):
            cold = solver.minimise(other, objective, "cold")
            found = solver.minimise(other, objective, "warm", warm)
            assert (found is None) == (cold is None)
            if found is not None and cold is not None:
                assert found.objective == pytest.approx(cold.objective, abs=1e-7)


def test_the_next_solve_starts_where_the_last_one_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pass the same programme with other coefficients: the basis is still the best, and no step is taken."""
    monkeypatch.setattr(solver, "MANY_ROWS", 0)  # so that it is the solver that is asked
    program, warm = two_variables(), solver.Warm()
    first = solver.minimise(program, "cost", "toy", warm)
    again = solver.minimise(dataclasses.replace(program, matrix=program.matrix * 1.5), "cost", "toy", warm)
    assert first is not None and again is not None
    assert first.objective == pytest.approx(5)
    assert again.objective == pytest.approx(8 / 3)  # x alone: 1.5 x ≥ 4
    third = solver.minimise(dataclasses.replace(program, matrix=program.matrix * 1.6), "cost", "toy", warm)
    assert third is not None and third.objective == pytest.approx(2.5)
    (start,) = warm.starts.values()
    assert start.highs.getInfo().simplex_iteration_count == 0


class Asked(Exception):
    """The solver was asked."""


def test_a_basis_that_is_still_optimal_spares_the_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    """x at its limit of 3 and y = 4 − x between its bounds is the best as long as x ≤ 4 and x is the cheaper."""
    program, warm = two_variables(), solver.Warm()
    assert solver.minimise(program, "cost", "toy", warm) is not None

    def refuse(*_: object) -> None:
        raise Asked

    monkeypatch.setattr(solver, "_run_warm", refuse)
    monkeypatch.setattr(solver, "_run", refuse)
    for most, optimum in ((2.5, 5.5), (0.5, 7.5), (4.0, 4.0)):  # most + 2·(4 − most)
        found = solver.minimise(program.bound("x", upper=most), "cost", "toy", warm)
        assert found is not None and found.objective == pytest.approx(optimum, abs=1e-12)
        assert program.read(found.values, "y")[None] == pytest.approx(4 - most, abs=1e-12)
        assert found.certificate.worst <= 1e-9
    heavier = dataclasses.replace(program, matrix=program.matrix * 1.25)  # 1.25·(x + y) ≥ 4: y = 0.2
    found = solver.minimise(heavier, "cost", "toy", warm)
    assert found is not None and found.objective == pytest.approx(3.4, abs=1e-12)
    with pytest.raises(Asked):  # y would be −1
        solver.minimise(program.bound("x", upper=5.0), "cost", "toy", warm)
    dearer = dataclasses.replace(program, objectives={"cost": program.objectives["cost"] * [3.0, 1.0]})
    with pytest.raises(Asked):  # 3x + 2y: y alone is the better
        solver.minimise(dearer, "cost", "toy", warm)
    with pytest.raises(Asked):  # x ≤ 1 and y ≤ 1 cannot be 4 together
        solver.minimise(program.bound("x", upper=1.0).bound("y", upper=1.0), "cost", "toy", warm)


def test_known_bases_change_no_optimum(solver_runs: list[str]) -> None:
    """Many small changes of bounds and coefficients, so that bases come again: each optimum against a cold solve."""
    rng = np.random.default_rng(3)
    spared = 0
    for _ in range(12):
        good, cutoffs = random_good(rng, 2)
        program, warm = compile_model(build(model_data(good, cutoffs))), solver.Warm()
        for n in range(12):
            matrix = program.matrix.copy()
            matrix.data *= 1.0 if n % 3 else rng.uniform(0.97, 1.03, matrix.nnz)
            lower = program.row_lower * rng.uniform(0.95, 1.0, len(program.row_lower))
            moved = dataclasses.replace(program, matrix=matrix, row_lower=np.minimum(lower, program.row_upper))
            before = len(solver_runs)
            found = solver.minimise(moved, "least_share", "random", warm)
            spared += len(solver_runs) == before
            cold = solver.minimise(moved, "least_share", "cold")
            assert (found is None) == (cold is None)
            if found is not None and cold is not None:
                assert found.objective == pytest.approx(cold.objective, abs=1e-7)
                assert found.certificate.worst <= solver.TOLERANCE
    assert len(solver_runs) > 20 and spared > 20


def test_multipliers_prove_what_a_neighbour_cannot_reach() -> None:
    """x + y ≥ 4, x ≤ 3: multipliers 2 of the row and −1 of the bound; with x ≤ 2.5 they give 8 − 2.5 = 5.5."""
    program, warm = two_variables(), solver.Warm()
    assert not solver.exceeds(program, "cost", 1.0, "toy", warm)  # nothing solved yet
    assert solver.minimise(program, "cost", "toy", warm) is not None
    nearer = program.bound("x", upper=2.5)
    assert solver.exceeds(nearer, "cost", 5.4, "toy", warm)
    assert not solver.exceeds(nearer, "cost", 5.5, "toy", warm)
    assert not solver.exceeds(nearer, "cost", 5.4, "another question", warm)
    assert not solver.exceeds(program.loosen(np.array([0])), "cost", -1.0, "toy", warm)  # leans on a row that went


def test_what_multipliers_prove_is_true() -> None:
    rng = np.random.default_rng(0)
    asked = proved = 0
    for _ in range(25):
        good, cutoffs = random_good(rng, 2)
        program = compile_model(build(model_data(good, cutoffs))).bound("new_capacity", upper=1e3)
        warm = solver.Warm()
        for n in range(6):
            matrix = program.matrix.copy()
            matrix.data *= 1.0 if n % 3 else rng.choice([1.0, 0.99, 1.01], matrix.nnz)
            lower = program.row_lower * rng.uniform(0.9, 1.0, len(program.row_lower))
            moved = dataclasses.replace(program, matrix=matrix, row_lower=np.minimum(lower, program.row_upper))
            limit = float(rng.uniform(0, 0.5))
            proves = solver.exceeds(moved, "least_share", limit, "random", warm)
            found = solver.minimise(moved, "least_share", "random", warm)
            assert not proves or found is None or found.objective > limit
            asked += found is None or found.objective > limit
            proved += proves
    assert 5 < proved <= asked
