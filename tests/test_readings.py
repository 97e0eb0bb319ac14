"""Market and guaranteed against linear programmes, enumeration and closed forms; any K against all sets."""

from __future__ import annotations

import dataclasses
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from instances import figures, model_data, random_good
from scipy.optimize import linprog

from resilience.inputs.balance import GoodData
from resilience.inputs.casefile import Cutoff
from resilience.inputs.parameters import Surge
from resilience.model import ModelData, build
from resilience.program import compile_model
from resilience.reading.conditions import survival_conditions
from resilience.reading.readings import (
    Alone,
    Reading,
    _Knapsack,
    _knapsacks,
    _search,
    alone,
    guaranteed,
    market,
    singles,
)
from resilience.solver import minimise

seeds = st.integers(0, 100_000)


def explicit(good: GoodData, cutoffs: list[Cutoff], member: str) -> list[Cutoff]:
    """Each cutoff of any K written out as one cutoff for every set."""
    result = []
    for cutoff in cutoffs:
        named = set(cutoff.cut)
        out = [i for i in good.suppliers if i not in good.credit and i not in named]
        inside = [i for i in good.suppliers if i in good.credit and i not in named and i != member]
        for one in combinations(out, min(cutoff.any, len(out))):
            for other in combinations(inside, min(cutoff.any_region, len(inside))):
                cut = dict(cutoff.cut) | dict.fromkeys((*one, *other), cutoff.fraction)
                name = f"{cutoff.name} {'+'.join((*one, *other))}"
                result.append(dataclasses.replace(cutoff, name=name, cut=cut, any=0, any_region=0))
    return result


def random_any(rng: np.random.Generator, cutoffs: list[Cutoff]) -> list[Cutoff]:
    """Some of the cutoffs take any K besides."""
    return [
        dataclasses.replace(
            cutoff,
            any=int(rng.integers(0, 3)),
            any_region=int(rng.integers(0, 2)),
            fraction=float(rng.choice([1.0, 0.7])),
            cut={} if rng.random() < 0.5 else cutoff.cut,
        )
        for cutoff in cutoffs
    ]


def with_limits(data: ModelData, limits: dict[str, float]) -> ModelData:
    """The same limits on building, whatever the cutoffs hit."""
    return dataclasses.replace(data, most_new=limits)


def pair(seed: int, members: int = 1) -> tuple[GoodData, ModelData, ModelData]:
    """A random case with cutoffs of any K, and the same with every set written out."""
    rng = np.random.default_rng(seed)
    good, cutoffs = random_good(rng, members)
    cutoffs = random_any(rng, cutoffs)
    data = model_data(good, cutoffs)
    sets = model_data(good, explicit(good, cutoffs, good.members[0] if members == 1 else ""))
    return good, data, with_limits(sets, dict(data.most_new))


@given(seeds)
def test_planned_under_any_k_equals_all_sets_written_out(seed: int) -> None:
    _, data, sets = pair(seed)
    one = minimise(compile_model(build(data)), "least_share", "any K")
    other = minimise(compile_model(build(sets)), "least_share", "all sets")
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert one.objective == pytest.approx(other.objective, abs=1e-7)


@given(seeds)
def test_joint_planned_under_any_outsiders_equals_all_sets_written_out(seed: int) -> None:
    rng = np.random.default_rng(seed)
    good, cutoffs = random_good(rng, 3)
    cutoffs = [dataclasses.replace(cutoff, any=1 + seed % 2, cut={}) for cutoff in cutoffs[:2]]
    data = model_data(good, cutoffs)
    sets = with_limits(model_data(good, explicit(good, cutoffs, "")), dict(data.most_new))
    one = minimise(compile_model(build(data)), "least_share", "any K")
    other = minimise(compile_model(build(sets)), "least_share", "all sets")
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert one.objective == pytest.approx(other.objective, abs=1e-7)


def market_by_programme(data: ModelData, member: str) -> tuple[float, float] | None:
    """One linear programme with the floor as variable, every set of any K written out beforehand."""
    known, conditions = alone(data, member)
    assert not conditions.taken
    today = float(known.credit @ known.today)
    regional = float(known.today[known.inside].sum())
    outside = 1 - regional
    ends = []
    if regional > 1e-9 and today > 0 and outside > 1e-9:
        # Regional purchases times a, outside purchases times (1 − a·regional)/outside; a ≥ 1 is the variable.
        slope = np.where(known.inside, known.today, -known.today * regional / outside)
        base = np.where(known.inside, 0.0, known.today / outside)
        room = known.room + known.building
        bound = min(
            [
                1 / regional,
                *(room[known.inside & (known.today > 0)] / known.today[known.inside & (known.today > 0)]),
            ]
        )
        for sign in (1, -1):
            answer = linprog(
                [sign],
                A_ub=-(conditions.arriving @ slope)[:, None],
                b_ub=-(conditions.needed - conditions.arriving @ base) + 1e-10,
                bounds=[(1, max(bound, 1))],
            )
            if answer.status == 2:
                return None
            ends.append(float(answer.x[0]) * today)
        return (0.0 if conditions.hold(known.today, 1e-9) else ends[0]), ends[1]
    return None


@given(seeds)
def test_market_equals_a_linear_programme(seed: int) -> None:
    good, data, sets = pair(seed)
    member = good.members[0]
    known, conditions = alone(data, member)
    found = market(known, conditions)
    if float(known.credit @ known.today) == 0 or known.today[known.inside].sum() > 1 - 1e-9:
        return
    expected = market_by_programme(sets, member)
    if expected is None:
        assert found.share is None
        return
    assert found.share is not None and found.upper is not None
    assert found.share == pytest.approx(expected[0], abs=1e-6)
    assert found.upper == pytest.approx(expected[1], abs=1e-6)


def guaranteed_by_programmes(data: ModelData, member: str) -> float | None:
    """The largest share of a failing plan, one linear programme a condition, every set written out."""
    known, conditions = alone(data, member)
    most = known.most()
    n = len(most)
    if most.sum() < 1:
        return None

    def best(objective: np.ndarray, rows: np.ndarray | None, limit: float) -> float | None:
        answer = linprog(
            objective,
            A_ub=None if rows is None else rows[None],
            b_ub=None if rows is None else [limit],
            A_eq=np.ones((1, n)),
            b_eq=[1.0],
            bounds=list(zip(np.zeros(n), most, strict=True)),
        )
        return None if answer.status == 2 else float(answer.fun)

    least = best(known.credit, None, 0)
    top = -best(-known.credit, None, 0)  # type: ignore[operator]
    share = least
    assert share is not None
    for row, needed in zip(conditions.arriving, conditions.needed, strict=True):
        low = best(row, None, 0)
        if low is None or low >= needed - 1e-9:
            continue
        failing = best(-known.credit, row, needed)
        assert failing is not None
        share = max(share, -failing)
        certain = best(-known.credit, row, needed - 1e-7)
        if certain is not None and -certain >= top - 1e-9:
            return None
    return share


def random_knapsacks(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Amounts, credits, arriving parts and limits with many ties; odd seeds have credits 0 and 1 only."""
    rng = np.random.default_rng(seed)
    n, rows = int(rng.integers(1, 9)), 5
    amounts = rng.choice([0.0, 0.2, 1.0, float(rng.random())], n)
    amounts[rng.integers(n)] = 1.0
    credit = rng.choice([0.0, 1.0] if seed % 2 else [0.0, 0.3, 0.5, 1.0, float(rng.random())], n)
    arriving = rng.choice([0.0, 0.5, 1.0, 1.2], (rows, n)) if seed % 3 else rng.random((rows, n))
    order = np.argsort(-credit, kind="stable")
    needed = rng.choice([0.0, 0.5, 1.0, *rng.random(3)], rows)
    return amounts[order], credit[order], arriving[:, order], needed


def by_row(
    amounts: np.ndarray, credit: np.ndarray, arriving: np.ndarray, needed: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The arguments of one knapsack, its amounts and credits repeated for every condition."""
    return np.tile(amounts, (len(needed), 1)), np.tile(credit, (len(needed), 1)), arriving, needed


@given(seeds)
def test_knapsacks_equal_linear_programmes(seed: int) -> None:
    amounts, credit, arriving, needed = random_knapsacks(seed)
    found = _knapsacks(*by_row(amounts, credit, arriving, needed))
    bounds = list(zip(np.zeros(len(amounts)), amounts, strict=True))
    everything = np.ones((1, len(amounts)))
    for share, row, limit in zip(found, arriving, needed, strict=True):
        least = linprog(row, A_eq=everything, b_eq=[1.0], bounds=bounds)
        if least.fun >= limit - 1e-9:
            assert share == -np.inf  # no plan fails by more than rounding
            continue
        answer = linprog(-credit, A_ub=row[None], b_ub=[limit], A_eq=everything, b_eq=[1.0], bounds=bounds)
        assert share == pytest.approx(-answer.fun, abs=1e-7)


@given(st.lists(seeds, min_size=1, max_size=6))
def test_knapsacks_searched_together_decide_alike(chosen: list[int]) -> None:
    """Which rows are the largest of their knapsack, and their shares to the last bit, whoever else is searched."""
    several = [random_knapsacks(seed) for seed in chosen]
    knapsacks = [_Knapsack(*one, np.arange(len(one[3])), ()) for one in several]
    for one, together in zip(several, _search(knapsacks), strict=True):
        alone_ = _knapsacks(*by_row(*one))
        largest = alone_ >= alone_.max() - 1e-7
        np.testing.assert_array_equal(together[largest], alone_[largest])
        assert (together <= alone_).all()
        assert not (together[~largest] >= alone_.max() - 1e-7).any() or not np.isfinite(alone_.max())


@given(seeds)
def test_knapsacks_equal_the_least_of_the_dual_at_all_its_corners(seed: int) -> None:
    """min over λ ≥ 0 of max_x (κ − λa)·x + λb, tried at 0 and wherever two suppliers change places; exact."""
    amounts, credit, arriving, needed = random_knapsacks(seed)
    shares = _knapsacks(*by_row(amounts, credit, arriving, needed))
    for share, a, limit in zip(shares, arriving, needed, strict=True):
        corners = [0.0]
        for one, other in combinations(range(len(a)), 2):
            if a[one] != a[other]:
                corners.append(max(0.0, (credit[one] - credit[other]) / (a[one] - a[other])))
        values = []
        for multiplier in corners:
            worth = credit - multiplier * a
            order = np.argsort(-worth, kind="stable")
            before = np.cumsum(amounts[order]) - amounts[order]
            taken = np.clip(1.0 - before, 0.0, amounts[order])
            values.append(float(worth[order] @ taken) + multiplier * limit)
        if share > -np.inf:
            assert share == pytest.approx(min(values), abs=1e-11)


@given(seeds)
def test_the_markets_month_is_the_least_horizon_with_the_same_answer(seed: int) -> None:
    """Every shorter horizon asks for less; each is a case of its own."""
    rng = np.random.default_rng(seed)
    good, cutoffs = random_good(rng, 1)
    cutoffs = random_any(rng, cutoffs)
    member = good.members[0]
    found = market(*alone(model_data(good, cutoffs), member))
    if found.month is None:
        assert found.share == 0.0
        return
    for months in range(1, found.month + 1):
        settings = {**good.settings, "months": dataclasses.replace(good.settings["months"], value=months)}
        shorter = market(*alone(model_data(dataclasses.replace(good, settings=settings), cutoffs), member))
        same = shorter.share is None
        if shorter.share is not None and found.share is not None:
            same = shorter.month is not None and shorter.share >= found.share - 2e-7
        assert same == (months == found.month)


@given(seeds)
def test_all_members_at_once_are_the_members_one_by_one(seed: int) -> None:
    """Whatever the members share, one whose home production is unknown is not its own supplier."""
    good, data, _ = pair(seed, 2)
    data = dataclasses.replace(data, good=dataclasses.replace(good, no_home=frozenset(good.members[:1])))
    together = singles(data)
    assert list(together) == good.members
    for member, (known, conditions) in together.items():
        assert (member in known.suppliers) == (member in good.suppliers and member not in data.good.no_home)
        full = survival_conditions(data, member)
        columns = [full.suppliers.index(i) for i in known.suppliers]
        assert conditions.suppliers == known.suppliers
        assert (conditions.arriving == full.arriving[:, columns]).all()
        assert (conditions.needed == full.needed / data.good.demand[member]).all()
        for cutoff, parts in full.taken.items():
            for taken, all_taken in zip(conditions.taken[cutoff], parts, strict=True):
                names = [known.suppliers[i] for i in taken.among]
                assert names == [
                    full.suppliers[i] for i in all_taken.among if full.suppliers[i] in known.suppliers
                ]
        assert guaranteed(known, conditions) == guaranteed(*alone(data, member))


@given(seeds)
def test_guaranteed_equals_linear_programmes_over_all_sets(seed: int) -> None:
    good, data, sets = pair(seed)
    member = good.members[0]
    found = guaranteed(*alone(data, member))
    expected = guaranteed_by_programmes(sets, member)
    assert (found.share is None) == (expected is None)
    if expected is not None:
        assert found.share == pytest.approx(expected, abs=1e-6)


@given(seeds)
def test_planned_and_market_never_exceed_guaranteed(seed: int) -> None:
    good, data, _ = pair(seed)
    known, conditions = alone(data, good.members[0])
    planned = minimise(compile_model(build(data)), "least_share", "planned")
    shifted, sure = market(known, conditions), guaranteed(known, conditions)
    if planned is not None and sure.share is not None:
        assert planned.objective <= sure.share + 1e-7
    if shifted.share is not None and sure.share is not None:
        assert shifted.share <= sure.share + 1e-7
    if sure.share is not None:
        assert planned is not None  # a floor that makes every plan survive is attained by one


@given(seeds)
def test_guaranteed_plans_survive_and_failing_plans_are_found(seed: int) -> None:
    """Random plans that meet the floor all survive."""
    rng = np.random.default_rng(seed)
    good, data, _ = pair(seed)
    known, conditions = alone(data, good.members[0])
    sure = guaranteed(known, conditions)
    if sure.share is None:
        return
    most = known.most()
    for _ in range(20):
        objective = rng.normal(size=len(most))
        answer = linprog(
            objective,
            A_ub=-known.credit[None],
            b_ub=[-sure.share],
            A_eq=np.ones((1, len(most))),
            b_eq=[1.0],
            bounds=list(zip(np.zeros(len(most)), most, strict=True)),
        )
        if answer.status == 0:
            assert conditions.hold(answer.x, 1e-6)


@given(seeds)
def test_any_k_is_monotone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    good, cutoffs = random_good(rng, 1)
    shares: list[list[float]] = []
    for count in range(4):
        data = model_data(good, [dataclasses.replace(cutoffs[0], any=count)])
        planned = minimise(compile_model(build(data)), "least_share", "planned")
        known, conditions = alone(data, good.members[0])
        readings: list[Reading] = [market(known, conditions), guaranteed(known, conditions)]
        row = [np.inf if planned is None else planned.objective]
        shares.append(row + [np.inf if r.share is None else r.share for r in readings])
    for one, more in pairwise(shares):
        assert all(a <= b + 1e-7 for a, b in zip(one, more, strict=True))


@pytest.mark.parametrize(("count", "expected"), [(1, 0.25), (2, 0.625), (5, 0.85), (9, 0.85)])
def test_equal_outsiders_of_ample_capacity(count: int, expected: float) -> None:
    """planned = max(0, 1 − (1 − φ) N / min(K, N)), guaranteed = φ, with φ = 0.85 and N = 5."""
    names = ["HOME", *(f"OUT{n}" for n in range(5))]
    good = figures(
        pd.DataFrame({"HOME": [10.0, 30.0, 30.0, 30.0, 30.0, 30.0]}, index=names),
        {"HOME": 1.0},
        capacity=pd.Series(1e4, index=names),
        critical_share=0.85,
        months=12,
    )
    data = model_data(good, [Cutoff("any", {}, any=count)])
    planned = minimise(compile_model(build(data)), "least_share", "any K")
    assert planned is not None
    assert planned.objective == pytest.approx(expected, abs=1e-8)
    sure = guaranteed(*alone(data, "HOME"))
    assert sure.share == pytest.approx(0.85, abs=1e-8)
    assert sure.assumed


def test_market_can_have_too_much_region() -> None:
    """AAA buys half from region supplier KOR, half from USA outside; KOR loses 40 %, USA's rest of the world 20 %.

    With share s from KOR deliveries are 0.6 s + 0.8 (1 − s) = 0.8 − 0.2 s; φ 0.65 allows s ≤ 0.75. Today's 0.5
    gives 0.7 and survives: the floors from 0 to 0.75 survive, more regional sourcing fails.
    """
    good = figures(
        pd.DataFrame({"AAA": [0.0, 600.0, 600.0]}, index=["AAA", "KOR", "USA"]),
        {"AAA": 1.0, "KOR": 1.0},
        capacity=pd.Series([0.0, 1200.0, 1200.0], index=["AAA", "KOR", "USA"]),
        critical_share=0.65,
        months=12,
    )
    data = model_data(good, [Cutoff("strait", {"KOR": 0.4, "USA": 0.2})])
    found = market(*alone(data, "AAA"))
    assert (found.share, found.upper) == (0.0, pytest.approx(0.75))
    sure = guaranteed(*alone(data, "AAA"))
    assert sure.share is None  # a plan with everything from KOR meets any floor and fails


def test_market_by_hand() -> None:
    """Home 300, BBB 600 (cut), CCC 300 of 1200; φ 0.8. Home a times today, outsiders (1 − a/4)/(3/4) times.

    Arrivals: a/4 + (1/4)(1 − a/4)/(3/4) = a/6 + 1/3 ≥ 0.8 gives a = 2.8, share 0.7. Room at home is 900, so it fits.
    """
    names = ["HOME", "BBB", "CCC"]
    good = figures(
        pd.DataFrame({"HOME": [300.0, 600.0, 300.0]}, index=names),
        {"HOME": 1.0},
        capacity=pd.Series([900.0, 600.0, 300.0], index=names),
        critical_share=0.8,
        months=4,
        new_capacity=0.0,
    )
    data = model_data(good, [Cutoff("cut", {"BBB": 1.0})])
    found = market(*alone(data, "HOME"))
    assert found.share == pytest.approx(0.7)
    assert found.upper == pytest.approx(0.75)
    assert found.month == 1
    sure = guaranteed(*alone(data, "HOME"))
    # BBB can serve no more than half: 0.5 outside from BBB leaves 0.5; 0.2 of BBB may stay: from 0.5 share on, all
    # plans have at least 0.5 at home, at most 0.5 from BBB; failing plans have more than 0.2 from BBB and so at
    # most 0.8 at home, but home can sell 0.75: plans with share 0.75 and 0.25 from BBB fail.
    assert sure.share is None
    with_room = dataclasses.replace(good, capacities=np.array([1200.0, 600.0, 300.0]))
    sure = guaranteed(*alone(model_data(with_room, [Cutoff("cut", {"BBB": 1.0})]), "HOME"))
    assert sure.share == pytest.approx(0.8)
    assert sure.assumed


def test_guaranteed_is_a_finding_about_trade_where_the_cut_supplier_is_small() -> None:
    """BBB can serve 0.3 at the most and CCC the rest: φ 0.8 fails only if BBB's 0.3 are used: share up to 0.7."""
    names = ["HOME", "BBB", "CCC"]
    good = figures(
        pd.DataFrame({"HOME": [600.0, 200.0, 400.0]}, index=names),
        {"HOME": 1.0},
        capacity=pd.Series([1200.0, 216.0, 1200.0], index=names),
        critical_share=0.8,
        months=4,
    )
    sure = guaranteed(*alone(model_data(good, [Cutoff("cut", {"BBB": 1.0})]), "HOME"))
    assert sure.share == pytest.approx(0.0)  # BBB's 0.18 alone cannot hurt
    larger = dataclasses.replace(good, capacities=np.array([1200.0, 300.0, 1200.0]))
    sure = guaranteed(*alone(model_data(larger, [Cutoff("cut", {"BBB": 1.0})]), "HOME"))
    assert sure.share == pytest.approx(0.8)  # 0.25 from BBB fails; so does 0.21, beside 0.79 at home
    partly = dataclasses.replace(
        larger,
        settings={
            **larger.settings,
            "region_surge": dataclasses.replace(larger.settings["region_surge"], value=Surge(0, 1, 0.2)),
        },
    )
    sure = guaranteed(*alone(model_data(partly, [Cutoff("cut", {"BBB": 1.0})]), "HOME"))
    # 1.2 s + (1 − s − b) ≥ 0.8 with b = min(0.25, 1 − s): fails for 0.2 s < 0.05, that is below s = 0.25.
    assert sure.share == pytest.approx(0.25)
    assert not sure.assumed


def test_a_cap_is_kept_in_all_readings() -> None:
    """Home 300, BBB 900 (cut) of 1200, φ 0.5. A cap of 0.4 on one outsider; CCC could sell 600 more.

    Planned: BBB is cut, CCC may give 0.4, home must give 0.1 to survive but 0.2 to be supplied in peace
    (0.4 + 0.4 + 0.2). Market: BBB falls to 0.4 as home rises to 0.6, which survives. Guaranteed: every plan that
    keeps the cap has 0.6 from others than BBB: the least share any plan can have, 0.2.
    """
    names = ["HOME", "BBB", "CCC"]
    good = figures(
        pd.DataFrame({"HOME": [300.0, 900.0, 0.0]}, index=names),
        {"HOME": 1.0},
        capacity=pd.Series([1200.0, 1200.0, 600.0], index=names),
        critical_share=0.5,
        months=4,
        cap=0.4,
    )
    data = model_data(good, [Cutoff("cut", {"BBB": 1.0})])
    planned = minimise(compile_model(build(data)), "least_share", "cap")
    assert planned is not None and planned.objective == pytest.approx(0.2, abs=1e-8)
    known, conditions = alone(data, "HOME")
    assert market(known, conditions).share == pytest.approx(0.6)
    assert guaranteed(known, conditions).share == pytest.approx(0.2)
    assert isinstance(known, Alone)
