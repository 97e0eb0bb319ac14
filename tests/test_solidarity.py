"""Any K under solidarity, where sets are written out as they are found, against all sets at once."""

from __future__ import annotations

import dataclasses
from itertools import combinations

import numpy as np
import pytest
from instances import model_data, random_good

from resilience.inputs.casefile import Cutoff
from resilience.inputs.cutoffs import with_sets
from resilience.model import build, classes_of
from resilience.program import compile_model
from resilience.reading.planned import Engine, verdict
from resilience.reading.requirements import solve_good
from resilience.solver import minimise


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("side", ["any", "any_region"])
def test_sets_found_are_as_good_as_all_sets(seed: int, side: str) -> None:
    rng = np.random.default_rng(seed)
    good, cutoffs = random_good(rng, 3)
    taking = dataclasses.replace(cutoffs[0], cut={}, fraction=1.0, **{side: 1 + seed % 2})
    cutoffs = [taking, *cutoffs[1:2]]
    pooled = model_data(good, cutoffs, pooled=True)
    result = solve_good(model_data(good, cutoffs), pooled).requirements
    table = result[(result["member"] == "ALL") & (result["reading"] == "planned")].set_index("cutoff")

    names = pooled.available.suppliers
    inside = [i for i, name in enumerate(names) if (name in good.credit) == (side == "any_region")]
    count = min(1 + seed % 2, len(inside))
    sets = [(0, which) for which in combinations(inside, count)]
    available = with_sets(pooled.available, sets, good.members)
    every = dataclasses.replace(pooled, available=available, class_of=classes_of(good, available))
    expected = minimise(compile_model(build(every)), "least_share", "all sets")
    found = table.loc["ALL"]
    assert (found["status"] == "none") == (expected is None)
    if expected is not None:
        assert found["share"] == pytest.approx(expected.objective, abs=2e-6)
    one = pooled.available.cutoffs[0]
    assert not table.loc[one, "share"] > found["share"] + 1e-6


def test_a_friend_that_is_cut_still_serves_itself() -> None:
    """One member alone with itself in the region: any friend may ban exports, its own harvest stays at home."""
    good, _ = random_good(np.random.default_rng(1), 1)
    cutoff = Cutoff("friend", {}, any_region=1)
    alone = solve_good(model_data(good, [cutoff]), None).requirements
    together = solve_good(model_data(good, [cutoff]), model_data(good, [cutoff], pooled=True)).requirements
    planned = [
        table[(table["reading"] == "planned")].set_index(["member", "cutoff"])["share"]
        for table in (alone, together)
    ]
    np.testing.assert_allclose(planned[0], planned[1], atol=1e-6)


def test_bounds_are_told_while_sets_are_written_out(caplog: pytest.LogCaptureFixture) -> None:
    good, cutoffs = random_good(np.random.default_rng(4), 3)
    taking = dataclasses.replace(cutoffs[0], cut={}, any=2)
    with caplog.at_level("INFO", logger="resilience"):
        solve_good(model_data(good, [taking]), model_data(good, [taking], pooled=True))
    assert caplog.messages[-1].startswith("good under solidarity: share exactly ")
    assert caplog.messages[-1].endswith("gap 0")
    assert all(" at least " in message for message in caplog.messages[:-1])


@pytest.mark.parametrize("pooled", [False, True])
def test_build_says_that_nothing_survives_without_new_capacity(pooled: bool) -> None:
    """Held against the programme itself with new capacity at zero, among cases of every status."""
    statuses = set()
    for seed in range(30):
        good, cutoffs = random_good(np.random.default_rng(seed), 2)
        good.settings["new_capacity"] = dataclasses.replace(good.settings["new_capacity"], value=np.inf)
        program = compile_model(build(model_data(good, cutoffs, pooled=pooled)))
        engine = Engine(model_data(good, cutoffs, pooled=pooled), program, program)
        row = {"member": "ALL", "cutoff": "ALL", "share_today": 0.3}
        status = verdict(engine, row, 0)[0]["status"]
        statuses.add(status)
        expected = minimise(program.bound("new_capacity", upper=0.0), "least_share", "without")
        if status == "none":
            assert expected is None
            continue
        assert (status == "build") == (expected is None), seed
        assert expected is None or status in ("raise", "shift")
    assert {"build", "raise"} <= statuses
