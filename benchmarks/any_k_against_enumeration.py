"""What "any K suppliers" costs in one piece, against writing every set of K out.

Run:  python benchmarks/any_k_against_enumeration.py [--outsiders 53 60] [--most 4]

One member, 12 months, three region suppliers and 53 (then 60) unequal outsiders, made with a fixed seed. Each of
the three readings is computed from the same figures in two ways:

- in one piece, as the tool does: the planned model with the worst set inside it, market and guaranteed by sorting;
- written out: one named cutoff for every set, read by the same functions. The planned share is then one linear
  programme in the plan alone with the survival conditions of every set, which is kinder to enumeration than the
  tool's own model would be.

Ratios are measured in one run and are what is worth comparing; the seconds depend on the machine. Enumeration is
left out above 2000 sets, where it takes minutes, and the output says so. The exit status is 1 if any two answers
differ. The whole takes about two minutes, nearly all of it enumeration.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from resilience.inputs.balance import GoodData
from resilience.inputs.casefile import Cutoff, Ground, Setting
from resilience.inputs.cutoffs import availability
from resilience.inputs.parameters import PARAMETERS, Surge
from resilience.model import ModelData, build, prepare
from resilience.program import compile_model
from resilience.reading.readings import alone, guaranteed, market
from resilience.solver import minimise

MEMBER = "HOME"
MOST_SETS = 2000  # beyond these, writing the sets out is not tried
SAME = 1e-6  # shares that differ by less agree
READINGS = ("planned", "market", "guaranteed")


@dataclass(frozen=True)
class Answer:
    """A share, None where none suffices, and the seconds it took from the list of cutoffs."""

    share: float | None
    seconds: float


def made(outsiders: int) -> GoodData:
    """A good of one member with unequal outsiders, two partners, stock and a surge."""
    rng = np.random.default_rng(outsiders)
    names = [MEMBER, "PARTNER1", "PARTNER2", *(f"OUT{n:02}" for n in range(outsiders))]
    amounts = np.concatenate([[20.0, 12.0, 8.0], 200.0 * rng.dirichlet(np.full(outsiders, 0.1))])
    baseline = pd.DataFrame({MEMBER: amounts}, index=names)
    demand = baseline.sum()
    values = {
        "months": 12,
        "critical_share": 0.9,
        "region_surge": Surge(3, 0.02, 0.2),
        "new_capacity": 6.0,
    }
    settings = {
        name: Setting(values.get(name, parameter.default), "benchmark", Ground("made up"))
        for name, parameter in PARAMETERS.items()
    }
    return GoodData(
        good="made",
        label="Made",
        category="military",
        unit="t",
        year=2024,
        settings=settings,
        demand=demand,
        stocks=demand.to_numpy() / 12,
        baseline=baseline,
        capacities=amounts * rng.uniform(1.1, 1.6, len(names)),
        price=pd.DataFrame(1.0, index=names, columns=[MEMBER]),
        credit={MEMBER: 1.0, "PARTNER1": 1.0, "PARTNER2": 0.5},
        no_home=frozenset(),
        fixed_rows=pd.DataFrame(),
        findings=(),
    )


def prepared(good: GoodData, cutoffs: list[Cutoff]) -> ModelData:
    """The model's data for the good under some cutoffs."""
    available = availability(
        cutoffs,
        good.suppliers,
        {},
        good.credit,
        good.members,
        int(good.value("months")),
        good.settings["region_surge"].value,
        good.settings["outside_surge"].value,
    )
    return prepare(good, available)


def in_one_piece(good: GoodData, cutoffs: list[Cutoff], reading: str) -> float | None:
    """The share as the tool computes it."""
    data = prepared(good, cutoffs)
    if reading == "planned":
        found = minimise(compile_model(build(data)), "least_share", "benchmark")
        return None if found is None else found.objective
    return (market if reading == "market" else guaranteed)(*alone(data, MEMBER)).share


def written_out(good: GoodData, cutoffs: list[Cutoff], reading: str) -> float | None:
    """The share with one named cutoff for every set."""
    if reading != "planned":
        return in_one_piece(good, cutoffs, reading)
    figures, conditions = alone(prepared(good, cutoffs), MEMBER)
    # min κ·x with Σ x = 1, 0 ≤ x ≤ room + new capacity and every condition of every set
    answer = linprog(
        figures.credit,
        A_ub=-conditions.arriving,
        b_ub=-conditions.needed,
        A_eq=np.ones((1, len(figures.credit))),
        b_eq=[1.0],
        bounds=list(zip(np.zeros(len(figures.credit)), figures.room + figures.building, strict=True)),
        method="highs",
    )
    if answer.status == 2:
        return None
    if answer.status != 0:
        raise RuntimeError(f"the solver said: {answer.message}")
    return float(answer.fun)


def timed(work: Callable[[], float | None]) -> Answer:
    """The answer and how long it took."""
    start = time.perf_counter()
    share = work()
    return Answer(share, time.perf_counter() - start)


def agree(one: Answer, other: Answer) -> bool:
    """Whether two answers are the same share or both none."""
    if one.share is None or other.share is None:
        return one.share is other.share
    return abs(one.share - other.share) <= SAME


def line(reading: str, count: int, sets: int, one: Answer, other: Answer | None) -> str:
    """One line of the table."""
    share = "none" if one.share is None else f"{one.share:.6f}"
    start = f"{reading:<11}{count:>2}{sets:>9}  {share:>9}{1000 * one.seconds:>12.1f}"
    if other is None:
        return f"{start}{'left out':>12}"
    verdict = "agrees" if agree(one, other) else f"DIFFERS: {other.share}"
    return f"{start}{1000 * other.seconds:>12.1f}{other.seconds / one.seconds:>9.1f}×  {verdict}"


def main() -> int:
    """Print the table; 1 if two answers differ."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--outsiders", type=int, nargs="+", default=[53, 60])
    arguments.add_argument("--most", type=int, default=4, help="largest K")
    options = arguments.parse_args()
    in_one_piece(made(5), [Cutoff("any", {}, any=1)], "planned")  # loads what the first solve would load
    different = 0
    for outsiders in options.outsiders:
        good = made(outsiders)
        names = [name for name in good.suppliers if name.startswith("OUT")]
        print(f"\n{outsiders} outsiders, 12 months")
        print(f"{'reading':<11}{'K':>2}{'sets':>9}  {'share':>9}{'one piece':>12}{'written out':>12}    ratio")
        for count in range(1, options.most + 1):
            sets = comb(outsiders, count)
            cutoffs = [Cutoff("any", {}, any=count)]
            every = (
                [
                    Cutoff("+".join(chosen), dict.fromkeys(chosen, 1.0))
                    for chosen in combinations(names, min(count, outsiders))
                ]
                if sets <= MOST_SETS
                else None
            )
            for reading in READINGS:
                one = timed(partial(in_one_piece, good, cutoffs, reading))
                other = timed(partial(written_out, good, every, reading)) if every else None
                print(line(reading, count, sets, one, other), flush=True)
                different += other is not None and not agree(one, other)
    print(f"\ntimes in ms; enumeration is left out above {MOST_SETS} sets, where it takes minutes")
    print("all answers that were computed twice agree" if not different else f"{different} answers DIFFER")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
