"""How much the tool adds to the bare solver, as ratios measured in one run.

Run:  python benchmarks/against_the_floor.py [CASE] [--goods N]

The floor solves the same arrays with highspy alone, in a loop that does nothing else. Ratios compare with it; the
seconds depend on the machine and only the ratios are worth comparing between runs.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import highspy

import resilience
from resilience.families import figures, model_data
from resilience.model import build
from resilience.program import Program, compile_model
from resilience.reading.requirements import solve_good
from resilience.solver import minimise

MODELS = Path(__file__).parent.parent / "models"


def timed(work: Callable[[], object], repeats: int = 5) -> float:
    """Median seconds of ``work``."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def bare(program: Program) -> None:
    """One cold solve by the solver alone."""
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = program.matrix.shape
    lp.col_cost_ = program.objectives["least_share"]
    lp.col_lower_, lp.col_upper_ = program.column_lower, program.column_upper
    lp.row_lower_, lp.row_upper_ = program.row_lower, program.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = program.matrix.indptr
    lp.a_matrix_.index_ = program.matrix.indices
    lp.a_matrix_.value_ = program.matrix.data
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    highs.passModel(lp)
    highs.run()


def main() -> None:
    """Print one line a good and the medians."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("case", nargs="?", type=Path, default=MODELS / "g7-all.toml")
    arguments.add_argument("--goods", type=int, default=6, help="how many goods to measure")
    options = arguments.parse_args()
    case = resilience.load(options.case)
    titles = ("minimise", "build", "compile", "all rows")
    print(f"{'good':26} {'rows':>6} {'columns':>8} {'floor ms':>9} " + " ".join(f"{t:>9}" for t in titles))
    ratios = []
    for good in case.goods[:: max(1, len(case.goods) // options.goods)][: options.goods]:
        known = figures(case, good)
        if known is None or not known.members:
            continue
        data = model_data(case, known)
        model = build(data)
        program = compile_model(model)
        floor = timed(partial(bare, program))
        steps = [
            timed(partial(minimise, program, "least_share", "benchmark")),
            timed(partial(build, data), 3),
            timed(partial(compile_model, model), 3),
        ]
        result = solve_good(data, None)
        everything = timed(partial(solve_good, data, None), 1) / result.optima
        ratios.append([*(seconds / floor for seconds in steps), everything / floor])
        rows, columns, _ = program.size
        shown = " ".join(f"{ratio:8.1f}×" for ratio in ratios[-1])
        print(f"{good:26} {rows:6} {columns:8} {1000 * floor:9.1f} {shown}")
    medians = [statistics.median(column) for column in zip(*ratios, strict=True)]
    print("median over goods, as multiples of one bare solve:")
    for name, ratio in zip(
        ("one certified solve", "building the model", "compiling it", "one optimum of a whole run"),
        medians,
        strict=True,
    ):
        print(f"  {name:28} {ratio:6.1f}×")


if __name__ == "__main__":
    main()
