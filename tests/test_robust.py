"""Column-and-constraint generation and the worst cut, against enumeration by other means."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from pooled_share import pooled_least_share
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

import resilience.reading.robust as robust
from resilience.errors import SolverError
from resilience.reading.robust import (
    Recourse,
    RobustProblem,
    Scenario,
    Uncertainty,
    solve,
    vertex_bounds,
    worst_case,
)
from resilience.reading.worst_cut import Survival, Threat, worst_cut


def transport(*, bound: float | None = 1000.0, price: float | None = None, least: float = 772.0) -> RobustProblem:
    """Zeng and Zhao (2013), section 4: x = (opened, capacity) of three depots, y_ij sent from i to j.

    With ``price`` missing demand may be bought at that price, and no bound on the duals is needed.
    """
    unit = np.array([[22.0, 33, 24], [33, 23, 30], [20, 25, 27]])
    sent = np.zeros((6, 9))
    for i, j in itertools.product(range(3), range(3)):
        sent[i, 3 * i + j] = -1
        sent[3 + j, 3 * i + j] = 1
    plan, uncertain = np.zeros((6, 6)), np.zeros((6, 3))
    plan[:3, 3:] = np.eye(3)
    uncertain[3:] = -40 * np.eye(3)
    cost = unit.ravel()
    if price is not None:
        sent = np.hstack([sent, np.vstack([np.zeros((3, 3)), np.eye(3)])])
        cost = np.append(cost, [price] * 3)
    first = np.vstack([np.hstack([800 * np.eye(3), -np.eye(3)]), [[0, 0, 0, 1, 1, 1]]])
    return RobustProblem(
        cost=np.array([400.0, 414, 326, 18, 25, 20]),
        matrix=first,
        least=np.array([0.0, 0, 0, least]),
        lower=np.zeros(6),
        upper=np.array([1.0, 1, 1, np.inf, np.inf, np.inf]),
        integer=np.array([True] * 3 + [False] * 3),
        recourses=(
            Recourse(
                cost=cost,
                matrix=sent,
                least=np.array([0.0, 0, 0, 206, 274, 220]),
                plan=plan,
                uncertain=uncertain,
                uncertainty=Uncertainty(
                    np.array([[1.0, 1, 1], [1, 1, 0]]), np.array([1.8, 1.2]), np.zeros(3, dtype=bool)
                ),
                dual_bounds=None if bound is None else np.full(6, bound),
            ),
        ),
    )


@pytest.mark.parametrize(
    "problem",
    [
        transport(),
        transport(bound=200.0),
        transport(bound=1e4),
        transport(bound=None, price=1000.0),
        transport(least=0.0),
    ],
    ids=["as printed", "tight bounds", "loose bounds", "missing demand is bought", "recourse may fail"],
)
def test_location_transportation_of_zeng_and_zhao(problem: RobustProblem) -> None:
    told: list[tuple[int, float, float]] = []
    answer = solve(problem, progress=lambda *state: told.append(state))
    assert answer.objective == pytest.approx(33680)
    assert answer.x[3:].sum() == pytest.approx(772)
    assert answer.lower == tuple(low for _, low, _ in told)
    assert answer.upper == tuple(high for _, _, high in told)
    assert [number for number, _, _ in told] == list(range(1, answer.iterations + 1))
    assert list(answer.lower) == sorted(answer.lower)
    assert list(answer.upper) == sorted(answer.upper, reverse=True)
    assert answer.upper[-1] - answer.lower[-1] <= 1e-6 * 33680
    (worst,) = answer.worst
    again = worst_case(problem.recourses[0], answer.x)
    assert again.value == pytest.approx(33680 - problem.cost @ answer.x)
    assert again.value <= again.bound
    assert worst.u @ [1, 1, 1] <= 1.8 + 1e-9


def test_a_bound_on_the_duals_that_is_missing_or_too_small_is_an_error() -> None:
    with pytest.raises(
        ValueError, match=r"no bound could be derived for the duals of rows \[3, 4, 5\]; state dual_b"
    ):
        solve(transport(bound=None))
    with pytest.raises(SolverError, match="a stated bound on the duals is too small"):
        solve(transport(bound=20.0))


def test_multipliers_of_the_uncertainty_set_that_cannot_be_derived_must_be_stated() -> None:
    problem = transport(bound=None, price=1000.0)
    (recourse,) = problem.recourses
    signed = Uncertainty(np.array([[1.0, -1.0, 0.0]]), np.array([0.25]), np.zeros(3, dtype=bool))
    with pytest.raises(ValueError, match="state multipliers for the uncertainty set"):
        solve(replace(problem, recourses=(replace(recourse, uncertainty=signed),)))
    stated = replace(signed, multipliers=np.array([1e5]))
    assert solve(replace(problem, recourses=(replace(recourse, uncertainty=stated),))).feasible


def vertices(region: Uncertainty) -> Iterator[np.ndarray]:
    """All vertices of U; with 0–1 entries, of U with these fixed, for every way of fixing them."""
    matrix, most = np.asarray(region.matrix), region.most
    count = len(region.binary)
    sides = np.vstack([matrix, np.eye(count), -np.eye(count)])
    limits = np.concatenate([most, np.ones(count), np.zeros(count)])
    seen: set[tuple[float, ...]] = set()
    for choice in itertools.combinations(range(len(limits)), count):
        rows = list(choice)
        fixed = np.flatnonzero(region.binary)
        if not set(fixed) <= {
            row - len(most) - (count if row >= len(most) + count else 0) for row in rows if row >= len(most)
        }:
            continue
        if abs(np.linalg.det(sides[rows])) < 1e-9:
            continue
        point = np.linalg.solve(sides[rows], limits[rows])
        if (sides @ point <= limits + 1e-9).all():
            key = tuple(np.round(point, 9) + 0.0)
            if key not in seen:
                seen.add(key)
                yield point


def written_out(problem: RobustProblem) -> float:
    """The optimum with every vertex of every U written out, by scipy; inf where no x survives."""
    n = len(problem.cost)
    scenarios = [(recourse, u) for recourse in problem.recourses for u in vertices(recourse.uncertainty)]
    total = n + 1 + sum(len(recourse.cost) for recourse, _ in scenarios)
    rows, least = [np.hstack([problem.matrix, np.zeros((len(problem.least), total - n))])], [problem.least]
    place = n + 1
    for recourse, u in scenarios:
        size = len(recourse.cost)
        plan = np.asarray(recourse.plan) + sum(
            (share * np.asarray(part) for share, part in zip(u, recourse.cross or (), strict=False)), np.zeros(1)
        )
        block = np.zeros((len(recourse.least) + 1, total))
        block[:-1, :n] = plan
        block[:-1, place : place + size] = recourse.matrix
        block[-1, n] = 1
        block[-1, place : place + size] = -recourse.cost
        rows.append(block)
        least.append(np.append(recourse.least - np.asarray(recourse.uncertain) @ u, 0.0))
        place += size
    priced = any(recourse.cost.any() for recourse in problem.recourses)
    answer = milp(
        np.concatenate([problem.cost, [1.0], np.zeros(total - n - 1)]),
        constraints=LinearConstraint(np.vstack(rows), np.concatenate(least), np.inf),
        bounds=Bounds(
            np.concatenate([problem.lower, [-np.inf if priced else 0.0], np.zeros(total - n - 1)]),
            np.concatenate([problem.upper, [np.inf] * (total - n)]),
        ),
        integrality=np.concatenate([problem.integer, np.zeros(total - n)]),
        options={"mip_rel_gap": 0.0},
    )
    assert answer.status in (0, 2), answer.message
    return float(answer.fun) if answer.status == 0 else np.inf


def random_region(rng: np.random.Generator, kind: str) -> Uncertainty:
    count = int(rng.integers(2, 4))
    if kind == "budget":
        return Uncertainty.budget(count + 1, int(rng.integers(1, count + 1)))
    binary = {"continuous": np.zeros(count), "mixed": np.arange(count) == 0, "signed": np.zeros(count)}[
        kind
    ].astype(bool)
    matrix = rng.integers(0, 3, (2, count)).astype(float)
    if kind == "signed":  # u_0 ≤ u_1 + 1/4: a multiplier may have to serve two columns
        matrix = np.zeros((1, count))
        matrix[0, :2] = 1.0, -1.0
        return Uncertainty(matrix, np.array([0.25]), binary, multipliers=np.array([500.0]))
    return Uncertainty(matrix, rng.uniform(0.5, 2.5, 2), binary)


def random_problem(
    rng: np.random.Generator, kind: str, *, price: float | None, priced: bool = True
) -> RobustProblem:
    """A small problem; what is missing is bought at ``price``, or cannot be had where that is None."""
    region = random_region(rng, kind)
    count, rows, decisions, variables = len(region.binary), 3, 3, 3
    matrix = rng.uniform(0, 2, (rows, decisions)) * (rng.random((rows, decisions)) < 0.6)
    capacity = -np.eye(decisions)  # y ≤ what x provides, less what u takes of it
    cost = rng.uniform(1, 4, decisions) * priced
    sent = np.vstack([matrix, capacity])
    if price is not None:
        sent = np.hstack([sent, np.vstack([np.eye(rows), np.zeros((decisions, rows))])])
        cost = np.append(cost, np.full(rows, price))
    plan = np.vstack([np.zeros((rows, variables)), np.eye(variables)])
    cross = []
    for _ in range(count):
        part = np.zeros_like(plan)
        part[rows:] = -np.diag(rng.uniform(0, 1.0 / count, variables)) * (rng.random() < 0.7)
        cross.append(part)
    uncertain = np.vstack([-rng.uniform(-0.5, 2, (rows, count)), rng.uniform(0, 0.2, (decisions, count))])
    return RobustProblem(
        cost=rng.uniform(0.5, 2, variables),
        matrix=-np.ones((1, variables)),
        least=np.array([-12.0]),
        lower=np.zeros(variables),
        upper=np.full(variables, 9.0),
        integer=rng.random(variables) < 0.4,
        recourses=(
            Recourse(
                cost=cost,
                matrix=sent,
                least=np.concatenate([rng.uniform(0, 3, rows), np.zeros(decisions)]),
                plan=plan,
                uncertain=uncertain,
                uncertainty=region,
                cross=tuple(cross) if rng.random() < 0.7 else None,
                dual_bounds=np.full(rows + decisions, 1e4) if price is None and priced else None,
            ),
        ),
    )


@pytest.mark.parametrize("kind", ["continuous", "budget", "mixed", "signed"])
def test_random_problems_against_all_vertices_written_out(kind: str) -> None:
    rng = np.random.default_rng(sum(kind.encode()))
    for number in range(15):
        problem = random_problem(rng, kind, price=20.0)
        answer = solve(problem)
        assert answer.objective == pytest.approx(written_out(problem), rel=2e-6), number
        assert list(answer.lower) == sorted(answer.lower)
        assert list(answer.upper) == sorted(answer.upper, reverse=True)


@pytest.mark.parametrize("kind", ["continuous", "budget"])
@pytest.mark.parametrize("priced", [True, False])
def test_random_problems_whose_recourse_may_fail(kind: str, priced: bool) -> None:
    rng = np.random.default_rng(7)
    feasible = 0
    for number in range(20):
        problem = random_problem(rng, kind, price=None, priced=priced)
        expected = written_out(problem)
        answer = solve(problem)
        assert answer.feasible == np.isfinite(expected), number
        if answer.feasible:
            feasible += 1
            assert answer.objective == pytest.approx(expected, rel=1e-5, abs=1e-5), number
        else:
            assert np.isnan(answer.x).all() and answer.objective == np.inf
    assert 3 <= feasible <= 19  # both verdicts occur


def test_the_worst_of_several_recourses_counts() -> None:
    rng = np.random.default_rng(3)
    for _ in range(5):
        problem = random_problem(rng, "budget", price=20.0)
        other = random_problem(rng, "continuous", price=15.0)
        both = replace(problem, recourses=(*problem.recourses, *other.recourses))
        answer = solve(both)
        assert answer.objective == pytest.approx(written_out(both), rel=2e-6)
        assert {scenario.recourse for scenario in answer.scenarios} == {0, 1}


def test_a_preference_and_a_start_change_no_optimum() -> None:
    problem = random_problem(np.random.default_rng(11), "budget", price=20.0)
    plain = solve(problem)
    assert solve(replace(problem, prefer=np.array([3.0, 1, 2]))).objective == pytest.approx(plain.objective)
    again = solve(problem, start=plain.scenarios)
    assert again.objective == pytest.approx(plain.objective) and again.iterations == 1
    with pytest.raises(ValueError, match="not in the uncertainty set"):
        solve(problem, start=[Scenario(0, np.full(len(plain.scenarios[0].u), 0.5))])


def test_a_recourse_that_cannot_be_met_is_found_and_measured() -> None:
    """y ≤ x = 2 must cover 1 + 3u: 2 are missing where u = 1, and no x below 4 will do."""
    recourse = Recourse(
        cost=np.array([1.0]),
        matrix=np.array([[1.0], [-1.0]]),
        least=np.array([1.0, 0.0]),
        plan=np.array([[0.0], [1.0]]),
        uncertain=np.array([[-3.0], [0.0]]),
        uncertainty=Uncertainty.budget(1, 1),
        elastic=np.array([True, False]),
        dual_bounds=np.array([1.0, np.inf]),
    )
    case = worst_case(recourse, np.array([2.0]))
    assert case.value == np.inf and case.violation == pytest.approx(2) and case.u == pytest.approx([1])
    case = worst_case(recourse, np.array([5.0]))
    assert (case.value, case.violation) == pytest.approx((4, 0))
    problem = RobustProblem(
        np.ones(1),
        np.zeros((0, 1)),
        np.zeros(0),
        np.zeros(1),
        np.full(1, 9.0),
        np.zeros(1, dtype=bool),
        (recourse,),
    )
    assert solve(problem).objective == pytest.approx(8)
    hopeless = solve(replace(problem, upper=np.full(1, 3.0)))
    assert not hopeless.feasible
    assert [list(scenario.u) for scenario in hopeless.scenarios] == [[1.0]]


def test_arrays_that_do_not_fit_an_empty_set_and_an_unbounded_plan_are_errors() -> None:
    problem = transport()
    (recourse,) = problem.recourses
    with pytest.raises(ValueError, match=r"least has shape \(5,\), not \(6,\)"):
        solve(replace(problem, recourses=(replace(recourse, least=np.zeros(5)),)))
    with pytest.raises(ValueError, match=r"upper has shape \(2,\), not \(6,\)"):
        solve(replace(problem, upper=np.ones(2)))
    empty = replace(recourse.uncertainty, most=np.array([-1.0, 1.2]))
    with pytest.raises(ValueError, match="the uncertainty set is empty"):
        solve(replace(problem, recourses=(replace(recourse, uncertainty=empty),)))
    with pytest.raises(SolverError, match="master problem of round 1: the solver said .*nbounded"):
        solve(replace(problem, cost=-problem.cost, matrix=np.zeros((4, 6)), least=np.zeros(4)))


def test_bounds_on_vertices() -> None:
    """{π ≥ 0 : 2 π_0 ≤ 4, π_0 − π_1 ≤ 1}: the vertices are (0, 0), (1, 0), (2, 1)."""
    matrix = np.array([[2.0, 1.0], [0.0, -1.0]])
    limit = np.array([4.0, 1.0])
    assert vertex_bounds(matrix, limit, limit) == pytest.approx([2, 1])
    assert vertex_bounds(np.array([[1.0], [-1.0]]), np.ones(1), np.ones(1)).tolist() == [np.inf, np.inf]


def arriving(survival: Survival, threat: Threat, contracts: np.ndarray, cut: tuple[int, ...]) -> np.ndarray:
    """What is delivered (i, m, t) of each contract when ``cut`` is cut, before any pooling."""
    part = threat.delivered[:, None, :] * contracts[:, :, None] / 12
    for i in cut:
        for m in range(contracts.shape[1]):
            if survival.home[i] != m:
                part[i, m] *= 1 - threat.taken[i]
    return part


def pooled_rows(
    survival: Survival, threat: Threat, cut: tuple[int, ...], members: int
) -> Iterator[tuple[list[tuple[int, int]], int, np.ndarray]]:
    """Limits on deliveries: (pairs (i, m) that share it, month, factor on the contracts of i by member)."""
    months = survival.critical.shape[1]
    for i in range(len(survival.pooled)):
        for t in range(months):
            kept = threat.delivered[i, t] / 12 * np.ones(members)
            if i in cut:
                kept = kept * np.where(np.arange(members) == survival.home[i], 1.0, 1 - threat.taken[i, t])
            if not survival.pooled[i]:
                for m in range(members):
                    yield [(i, m)], t, kept * (np.arange(members) == m)
                continue
            yield [(i, m) for m in range(members)], t, kept
            if i in cut and survival.home[i] >= 0 and members > 1:
                abroad = [(i, m) for m in range(members) if m != survival.home[i]]
                yield abroad, t, np.full(members, threat.delivered[i, t] / 12 * (1 - threat.taken[i, t]))


def literally(
    survival: Survival, threat: Threat, cut: tuple[int, ...], contracts: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Formulas (3)–(6) to the letter in (x, y, b, c, e): rows ≤, their limits, rows =, their limits, upper bounds."""
    members, months = survival.critical.shape
    suppliers = len(survival.pooled)
    links = suppliers * members
    at = np.cumsum([0, links, links * months, *[members * months] * 3])
    total = int(at[-1])

    def y(i: int, m: int, t: int) -> int:
        return int(at[1] + (i * members + m) * months + t)

    b, c, e = (lambda m, t, k=k: at[k] + m * months + t for k in (2, 3, 4))
    below, limit, equal, value = [], [], [], []
    for pairs, t, factor in pooled_rows(survival, threat, cut, members):
        row = np.zeros(total)
        i = pairs[0][0]
        for _, m in pairs:
            row[y(i, m, t)] = 1
        row[i * members : (i + 1) * members] = -factor
        below.append(row)
        limit.append(0.0)
    for m in range(members):
        for t in range(months):
            row = np.zeros(total)
            row[b(m, t)], row[c(m, t)] = 1, 1
            row[[y(i, m, t) for i in range(suppliers)]] = -1
            drawn = np.zeros(total)
            drawn[b(m, t)] = -1
            if t:
                row[b(m, t - 1)], drawn[b(m, t - 1)] = -1, 1
            equal.append(row)
            value.append(0.0 if t else survival.held[m])
            below.append(drawn)
            limit.append(survival.draw[m] - (0.0 if t else survival.held[m]))
            served = np.zeros(total)
            served[c(m, t)], served[e(m, t)] = -1, -1
            below.append(served)
            limit.append(-survival.critical[m, t])
    upper = np.full(total, np.inf)
    upper[at[2] : at[3]] = np.repeat(survival.held, months)
    if contracts is not None:
        upper[:links] = contracts.ravel()
    return np.array(below), np.array(limit), np.array(equal), np.array(value), upper


def shortfall(survival: Survival, threat: Threat, contracts: np.ndarray, cut: tuple[int, ...]) -> float:
    """Least total shortfall under one cut, by scipy."""
    below, limit, equal, value, upper = literally(survival, threat, cut, contracts)
    cost = np.zeros(len(upper))
    cost[-survival.critical.size :] = 1
    lower = np.zeros(len(upper))
    lower[: contracts.size] = contracts.ravel()
    answer = linprog(cost, below, limit, equal, value, bounds=np.column_stack([lower, upper]))
    assert answer.status == 0, answer.message
    return float(answer.fun)


def choices(threat: Threat) -> list[tuple[int, ...]]:
    who = np.flatnonzero(threat.candidates).tolist()
    return [tuple(cut) for size in range(threat.most + 1) for cut in itertools.combinations(who, size)]


def random_case(
    rng: np.random.Generator, *, pooled: bool, inside: bool, most: int, suppliers: int = 7
) -> tuple[Survival, Threat, np.ndarray]:
    """Members come first among the suppliers, then a partner, then outsiders; candidates are inside or outside."""
    members, months = int(rng.integers(1, 4)), int(rng.integers(2, 5))
    region = np.arange(suppliers) <= members
    contracts = rng.pareto(1.2, (suppliers, members)) * (rng.random((suppliers, members)) < 0.8) + 0.01
    contracts = contracts * rng.lognormal(0, 1.5, members)
    demand = contracts.sum(axis=0)
    held = demand / 12 * rng.choice([0.0, 0.3, 1.0], members)
    taken = np.ones((suppliers, months)) * rng.choice([1.0, 1.0, 0.6], (suppliers, 1))
    taken[rng.random(suppliers) < 0.3, 0] = 0.0
    survival = Survival(
        critical=np.outer(demand / 12, rng.uniform(0.7, 1.1, months)),
        held=held,
        draw=held * rng.choice([1.0, 0.4]),
        pooled=region & pooled,
        home=np.where(np.arange(suppliers) < members, np.arange(suppliers), -1)
        if inside
        else np.full(suppliers, -1),
    )
    threat = Threat(
        delivered=1 + np.where(region, 0.05, -0.02)[:, None] * np.arange(months),
        taken=taken,
        candidates=region if inside else ~region,
        most=most,
    )
    return survival, threat, contracts


@pytest.mark.parametrize("pooled", [False, True])
@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("most", [1, 2, 3])
def test_worst_cut_against_every_cut(pooled: bool, inside: bool, most: int) -> None:
    rng = np.random.default_rng(100 * most + 10 * pooled + inside)
    short = 0
    for number in range(6):
        survival, threat, contracts = random_case(
            rng, pooled=pooled, inside=inside, most=most, suppliers=int(rng.integers(5, 11 if most < 3 else 9))
        )
        by_cut = {cut: shortfall(survival, threat, contracts, cut) for cut in choices(threat)}
        worst = max(by_cut.values())
        size = survival.critical.sum()
        found = worst_cut(survival, contracts, threat)
        assert found.shortfall == pytest.approx(worst, abs=1e-7 * size), number
        assert found.bound == pytest.approx(worst, abs=1e-6 * size), number
        assert len(found.suppliers) <= most
        assert by_cut[found.suppliers] == pytest.approx(worst, abs=1e-7 * size), number
        short += worst > 1e-6 * size
    assert short >= 2


def test_without_pooling_the_month_by_month_simulation_agrees() -> None:
    """Greedy use of stock is optimal for a member alone."""
    rng = np.random.default_rng(5)
    for _ in range(10):
        survival, threat, contracts = random_case(rng, pooled=False, inside=True, most=2)
        most = 0.0
        for cut in choices(threat):
            supply = arriving(survival, threat, contracts, cut).sum(axis=0)
            missed, stock = 0.0, survival.held.copy()
            for t in range(supply.shape[1]):
                need = survival.critical[:, t]
                drawn = np.clip(need - supply[:, t], 0, np.minimum(stock, survival.draw))
                missed += np.maximum(need - supply[:, t] - drawn, 0).sum()
                stock = np.minimum(survival.held, stock - drawn + np.maximum(supply[:, t] - need, 0))
            most = max(most, missed)
        assert worst_cut(survival, contracts, threat).shortfall == pytest.approx(most, abs=1e-7 * contracts.sum())


def test_a_friend_that_is_cut_still_serves_itself_and_nobody_else() -> None:
    """A and B buy half from A and half from B. With B cut, A (no stock) is left with A's 12 a year for 24."""
    contracts = np.full((2, 2), 6.0)
    survival = Survival(np.full((2, 1), 1.0), np.zeros(2), np.zeros(2), np.ones(2, dtype=bool), np.array([0, 1]))
    threat = Threat(np.ones((2, 1)), np.ones((2, 1)), np.array([False, True]), 1)
    # A's 1.0 is shared; B keeps its own 0.5 at home; 2.0 are needed.
    assert worst_cut(survival, contracts, threat).shortfall == pytest.approx(0.5)
    # B buys all from itself: it needs nothing else, and what it has left over does not leave.
    own = np.array([[12.0, 0.0], [0.0, 24.0]])
    assert worst_cut(survival, own, threat).shortfall == pytest.approx(0.0, abs=1e-9)
    short = np.array([[6.0, 0.0], [0.0, 24.0]])
    assert worst_cut(survival, short, replace(threat, most=0)).shortfall == pytest.approx(0.0, abs=1e-9)
    assert worst_cut(survival, short, threat).shortfall == pytest.approx(0.5)
    # Without a home, a cut of B takes all of it.
    assert worst_cut(replace(survival, home=np.full(2, -1)), own, threat).shortfall == pytest.approx(1.0)


def least_share_written_out(
    survival: Survival,
    threats: list[Threat],
    demand: np.ndarray,
    credit: np.ndarray,
    capacity: np.ndarray,
    new: np.ndarray,
) -> float | None:
    """The joint LP with all choices of all threats written out, by scipy; None where it is infeasible."""
    suppliers, members = len(credit), len(demand)
    links = suppliers * members
    blocks = [literally(survival, threat, cut, None) for threat in threats for cut in choices(threat)]
    head = links + suppliers + 1  # x, z, ρ
    total = head + sum(len(block[4]) - links for block in blocks)

    def spread(matrix: np.ndarray, place: int) -> np.ndarray:
        wide = np.zeros((len(matrix), total))
        wide[:, :links] = matrix[:, :links]
        wide[:, place : place + matrix.shape[1] - links] = matrix[:, links:]
        return wide

    bound = np.full(total, np.inf)
    bound[links : head - 1] = new
    first = np.zeros((suppliers + members, total))
    limit = np.concatenate([capacity, np.zeros(members)])
    supplied = np.zeros((members, total))
    for i, m in itertools.product(range(suppliers), range(members)):
        first[i, i * members + m] = 1
        first[i, links + i] = -1
        first[suppliers + m, i * members + m] = credit[i] / demand[m]
        first[suppliers + m, head - 1] = -1
        supplied[m, i * members + m] = 1
    below, limits, equal, values = [first], [limit], [supplied], [demand]
    place = head
    for block in blocks:
        size = len(block[4]) - links
        below.append(spread(block[0], place))
        limits.append(block[1])
        equal.append(spread(block[2], place))
        values.append(block[3])
        bound[place : place + size] = block[4][links:]
        bound[place + size - survival.critical.size : place + size] = 0.0  # no shortfall
        place += size
    cost = np.zeros(total)
    cost[head - 1] = 1
    answer = linprog(
        cost,
        np.vstack(below),
        np.concatenate(limits),
        np.vstack(equal),
        np.concatenate(values),
        bounds=np.column_stack([np.zeros(total), bound]),
    )
    assert answer.status in (0, 2), answer.message
    return float(answer.fun) if answer.status == 0 else None


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("most", [1, 2])
def test_pooled_least_share_against_all_cuts_written_out(inside: bool, most: int) -> None:
    rng = np.random.default_rng(1000 + 10 * most + inside)
    found = raised = 0
    for number in range(12):
        survival, threat, contracts = random_case(rng, pooled=True, inside=inside, most=most, suppliers=6)
        survival = replace(survival, critical=survival.critical * rng.choice([0.7, 0.9, 1.0]))
        demand = contracts.sum(axis=0)
        region = survival.pooled
        credit = np.where(region, rng.choice([0.5, 1.0], len(region)), 0.0)
        capacity = contracts.sum(axis=1) * rng.uniform(1, 1.5, len(region))
        new = np.where(region & ~threat.candidates, capacity * rng.choice([0.0, 1.0, 5.0]), 0.0)
        named = replace(threat, most=0, delivered=threat.delivered * np.where(region, 1.0, 0.9)[:, None])
        threats = [threat, named] if number % 3 == 0 else [threat]
        expected = least_share_written_out(survival, threats, demand, credit, capacity, new)
        answer = pooled_least_share(
            survival, threats, demand=demand, credit=credit, capacity=capacity, most_new=new
        )
        assert (answer.share is None) == (expected is None), number
        assert list(answer.lower) == sorted(answer.lower)
        if answer.share is None:
            assert np.isnan(answer.sourcing).all()
            continue
        found += 1
        raised += answer.share > 1e-6
        assert answer.share == pytest.approx(expected, abs=1e-7), number
        assert answer.sourcing.sum(axis=0) == pytest.approx(demand)
        assert (answer.sourcing.sum(axis=1) <= capacity + answer.new_capacity + 1e-6 * demand.sum()).all()
        for every in threats:
            assert worst_cut(survival, answer.sourcing, every).shortfall <= 1e-5 * demand.sum()
    assert found >= 3
    assert raised >= 2


def test_closed_form_with_equal_outsiders() -> None:
    """N equal outsiders of ample capacity, no stock, no surge: max(0, 1 − (1−φ) N / min(K, N))."""
    outsiders, members = 5, 2
    suppliers = members + outsiders
    region = np.arange(suppliers) < members
    demand = np.array([120.0, 12.0])
    survival = Survival(
        np.outer(demand / 12, np.full(3, 0.85)), np.zeros(2), np.zeros(2), region, np.full(suppliers, -1)
    )
    for most in range(1, 7):
        threat = Threat(np.ones((suppliers, 3)), np.ones((suppliers, 3)), ~region, most)
        answer = pooled_least_share(
            survival,
            [threat],
            demand=demand,
            credit=region.astype(float),
            capacity=np.full(suppliers, 1e4),
            most_new=np.zeros(suppliers),
        )
        assert answer.share == pytest.approx(max(0.0, 1 - 0.15 * 5 / min(most, 5)), abs=1e-7)


def test_a_link_that_does_not_exist_and_a_cap() -> None:
    region = np.array([True, False, False])
    survival = Survival(np.full((1, 2), 5.0), np.zeros(1), np.zeros(1), region, np.full(3, -1))
    threat = Threat(np.ones((3, 2)), np.ones((3, 2)), ~region, 1)
    limits = {
        "demand": np.array([120.0]),
        "credit": region.astype(float),
        "capacity": np.full(3, 200.0),
        "most_new": np.zeros(3),
    }
    assert pooled_least_share(survival, [threat], **limits).share == pytest.approx(0.0, abs=1e-7)
    one = pooled_least_share(survival, [threat], **limits, most_share=np.array([[np.inf], [np.inf], [0.0]]))
    assert one.share == pytest.approx(0.5)
    capped = pooled_least_share(survival, [threat], **limits, most_share=np.array([[np.inf], [0.4], [0.4]]))
    assert capped.share == pytest.approx(0.2)
    none = pooled_least_share(survival, [threat], **limits, most_share=np.array([[0.3], [np.inf], [np.inf]]))
    assert none.share == pytest.approx(0.0, abs=1e-7)


def large_case(seed: int) -> tuple[Survival, Threat, np.ndarray]:
    """Seven members, two partners, fifty outsiders, twelve months, any four outsiders."""
    rng = np.random.default_rng(seed)
    members, region, outsiders, months = 7, 9, 50, 12
    suppliers = region + outsiders
    contracts = rng.pareto(1.2, (suppliers, members)) * (rng.random((suppliers, members)) < 0.7) + 0.01
    contracts = contracts * rng.lognormal(0, 1, members)
    demand = contracts.sum(axis=0)
    held = demand / 12 * rng.choice([0.0, 0.5, 2.0], members)
    inside = np.arange(suppliers) < region
    survival = Survival(
        np.outer(demand / 12, np.full(months, 0.9)), held, held * 0.5, inside, np.full(suppliers, -1)
    )
    delivered = 1 + np.where(inside, 0.02, 0.0)[:, None] * np.arange(months)
    return survival, Threat(delivered, np.ones((suppliers, months)), ~inside, 4), contracts


def test_any_four_of_fifty_outsiders() -> None:
    survival, threat, contracts = large_case(0)
    found = worst_cut(survival, contracts, threat)
    assert len(found.suppliers) <= 4
    assert found.bound - found.shortfall <= 1e-6 * survival.critical.sum()
    largest = np.argsort(-contracts.sum(axis=1) * threat.candidates)[:4]
    simple = worst_cut(survival, contracts, replace(threat, candidates=np.isin(np.arange(59), largest)))
    assert found.shortfall >= simple.shortfall - 1e-6 > 0


def test_the_least_share_under_any_four_of_fifty_outsiders() -> None:
    survival, threat, contracts = large_case(1)
    capacity = contracts.sum(axis=1) * 1.2
    told: list[int] = []
    answer = pooled_least_share(
        survival,
        [threat],
        demand=contracts.sum(axis=0),
        credit=survival.pooled.astype(float),
        capacity=capacity,
        most_new=np.where(survival.pooled, 20 * capacity, 0.0),
        progress=lambda number, low, high: told.append(number),
    )
    assert answer.share is not None and 0 < answer.share < 1
    assert told == list(range(1, len(answer.lower) + 1))
    assert worst_cut(survival, answer.sourcing, threat).shortfall <= 1e-5 * contracts.sum()


def test_a_scenario_that_comes_back_ends_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = transport(bound=None, price=1000.0)
    honest = robust._Block.worst
    monkeypatch.setattr(
        robust._Block,
        "worst",
        lambda *a, **k: replace(honest(*a, **k), u=np.array([0.2, 1.0, 0.6]), bound=1e6),  # type: ignore[type-var]
    )
    with pytest.raises(SolverError, match="do not meet"):
        solve(problem)
