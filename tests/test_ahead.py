"""Many programmes of one matrix: what one optimum says of those that wait is what the solver would say."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from instances import random_good
from test_solver import Asked, model_data, two_variables

import resilience.solver as solver
from resilience.model import build
from resilience.program import Many, Program, compile_model

SIDES = ("row_lower", "row_upper", "column_lower", "column_upper")


def many_of(programs: list[Program]) -> list[Program]:
    """The same programmes, which differ in bounds only, as many."""
    first = programs[0]
    bounds = {side: np.stack([getattr(one, side) for one in programs]) for side in SIDES}
    many = Many(dataclasses.replace(first, **bounds), [first.objectives] * len(programs))
    return [many.program(at) for at in range(len(programs))]


def moved(rng: np.random.Generator, program: Program, count: int, spread: float) -> list[Program]:
    """Programmes with some lower bounds of rows lowered."""
    found = []
    for _ in range(count):
        lower = program.row_lower * rng.uniform(1 - spread, 1.0, len(program.row_lower))
        found.append(dataclasses.replace(program, row_lower=np.minimum(lower, program.row_upper)))
    return found


def refuse(*_: object) -> None:
    raise Asked


def test_one_optimum_answers_for_those_that_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """min x + 2y, x + y ≥ 4, x at its limit: y = 4 − x is the best as long as x ≤ 4."""
    program, warm = two_variables(), solver.Warm()
    limits = (3.0, 2.5, 0.5, 5.0, 4.0)
    programs = many_of([program.bound("x", upper=most) for most in limits])
    first = solver.minimise(programs[0], "cost", "toy", warm)
    assert first is not None and first.objective == pytest.approx(5)
    monkeypatch.setattr(solver, "_run_warm", refuse)
    monkeypatch.setattr(solver, "_run", refuse)
    monkeypatch.setattr(solver, "certify", refuse)
    for at in (1, 2, 4):
        found = solver.minimise(programs[at], "cost", "toy", warm)
        assert found is not None and found.objective == pytest.approx(8 - limits[at], abs=1e-12)
        assert program.read(found.values, "x")[None] == pytest.approx(limits[at], abs=1e-12)
        assert program.read(found.values, "y")[None] == pytest.approx(4 - limits[at], abs=1e-12)
        assert found.certificate.worst <= 1e-9
    with pytest.raises(Asked):  # y would be −1
        solver.minimise(programs[3], "cost", "toy", warm)
    other = dataclasses.replace(programs[1], objectives={"cost": program.objectives["cost"] * [3.0, 1.0]})
    with pytest.raises(Asked):  # 3x + 2y: y alone is the better
        solver.minimise(other, "cost", "toy", warm)


def test_a_change_of_one_of_many_is_that_of_it_alone() -> None:
    rng = np.random.default_rng(0)
    good, cutoffs = random_good(rng, 2)
    singles = moved(rng, compile_model(build(model_data(good, cutoffs))), 5, 0.2)
    sourcing = dict.fromkeys(list(singles[0].columns["sourcing"])[:3], 0.25)
    rows = np.array(list(singles[0].rows["common"].values()))
    changes: list[Callable[[Program], Program]] = [
        lambda one: one.bound("new_capacity", upper=0.0),
        lambda one: one.bound("sourcing", lower=sourcing, upper=sourcing),
        lambda one: one.loosen(rows),
        lambda one: one.loosen(rows).bound("shortfall", upper=np.inf),
    ]
    for change in changes:
        for single, of_many in zip(map(change, singles), map(change, many_of(singles)), strict=True):
            assert of_many.among is not None
            for side in SIDES:
                np.testing.assert_array_equal(getattr(single, side), getattr(of_many, side))


def test_what_is_replaced_is_none_of_the_many() -> None:
    (program, _) = many_of([two_variables()] * 2)
    assert program.among is not None
    for name in (*SIDES, "objectives", "columns", "matrix"):
        new = dict(getattr(program, name)) if name in ("objectives", "columns") else getattr(program, name).copy()
        assert dataclasses.replace(program, **{name: new}).among is None
    assert program.keep("cost", 1.0).among is None
    upper = [{None: float(n)} for n in range(20)]  # a change that is another for each is not made for all
    assert [program.bound("x", upper=one).among is None for one in upper] == [False] * 8 + [True] * 12
    limits = [program.bound("x", upper=one).column_upper[0] * program.column_size[0] for one in upper]
    assert limits == list(range(20))


@pytest.mark.parametrize("changed", [False, True])
def test_many_at_once_change_no_optimum(solver_runs: list[str], changed: bool) -> None:
    """Random programmes by turns and in chunks, feasible and not: each optimum against a cold solve."""
    rng = np.random.default_rng(5)
    answered = 0
    for _ in range(5):
        good, cutoffs = random_good(rng, 2)
        program, warm = compile_model(build(model_data(good, cutoffs))), solver.Warm()
        for spread in (0.02, 0.3):
            for of_many in many_of(moved(rng, program, 10, spread)):
                one = of_many.bound("new_capacity", upper=0.0) if changed else of_many
                before = len(solver_runs)
                found = solver.minimise(one, "least_share", "random", warm)
                answered += len(solver_runs) == before
                single = dataclasses.replace(one, many=None)
                cold = solver.minimise(single, "least_share", "cold")
                assert (found is None) == (cold is None)
                if found is None or cold is None:
                    continue
                assert found.objective == pytest.approx(cold.objective, abs=1e-7)
                assert found.certificate.worst <= solver.TOLERANCE
                values = found.values / program.column_size
                activity = program.matrix @ values
                assert (activity >= single.row_lower - 1e-7).all() and (activity <= single.row_upper + 1e-7).all()
    assert len(solver_runs) > 10 and answered > 20


def test_what_multipliers_prove_of_many_is_true() -> None:
    rng = np.random.default_rng(1)
    proved = 0
    for _ in range(10):
        good, cutoffs = random_good(rng, 2)
        program, warm = compile_model(build(model_data(good, cutoffs))), solver.Warm()
        for one in many_of(moved(rng, program, 30, 0.3)):
            limit = float(rng.uniform(0, 0.5))
            proves = solver.exceeds(one, "least_share", limit, "random", warm)
            single = dataclasses.replace(one, many=None)
            assert proves == solver.exceeds(single, "least_share", limit, "random", warm)
            found = solver.minimise(one, "least_share", "random", warm)
            assert not proves or found is None or found.objective > limit
            proved += proves
    assert proved > 20
