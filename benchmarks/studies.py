"""How fast parameter studies are, as ratios measured in one run, each with its target.

Run:  python benchmarks/studies.py [CASE] [--quick]

(a) A study against the bare solver: the same questions at the same points in the same order, asked of the model
month by month (section 3) that was compiled once, bounds changed in place, hot start; nothing else is done. The
same for the smaller programme that the study solves itself, with the same target. Targets are for 20 goods
together, as a case has them; single goods are reported, of which those fare worse whose solve takes little.
(b) A study against building and compiling the model anew at every point, and a cold solve: the same.
(c) Conditions generated as they are violated, against all of section 3 in place with a hot start: solving alone.
(d) Two worker processes against one.
(e) Time and memory against the number of goods, months, cutoffs and suppliers: exponents by regression on
logarithms, 1 is linear.
(f) How long ``resilience --help`` takes.
(h) The most memory used after 2,000 and after 10,000 points.

Seconds are those of the process where there is one only; what is compared takes turns, and the best turn of each
counts. ``--quick`` measures less, and not (d). The exit status is 1 if a target is missed; with ``--quick`` only
if it is grossly so: for (a) and (b) over all goods below a half and a quarter of it, for (e) to (h) above twice.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import highspy
import numpy as np
import pandas as pd
import pyomo.environ as pyo
from build_and_translate import Size, goods_of
from pyomo.contrib.solver.solvers.highs import Highs

import resilience
from resilience.families import all_figures, model_data
from resilience.inputs.case import Case
from resilience.inputs.variants import vary
from resilience.model import ModelData, build
from resilience.program import Program, compile_model
from resilience.reading import planned, requirements
from resilience.reading.requirements import Wanted
from resilience.schema import READINGS
from resilience.solver import Warm, minimise
from resilience.studies.designs import Factor, StudySpec, design_points, values_of
from resilience.studies.points import Evaluate
from resilience.studies.runner import chunks_of, study
from resilience.templates import Template

MODELS = Path(__file__).parent.parent / "models"
GOODS = ("wheat", "crude_oil", "tungsten", "helium")
BOUNDS = (
    Factor("survival.critical_share", 0.7, 1.0),
    Factor("response.stock_months", 0.0, 4.0),
    Factor("response.spare", 0.0, 0.15),
)  # enter right-hand sides and bounds only
COEFFICIENTS = (
    Factor("response.region_surge.max", 0.0, 0.4),
    Factor("cutoffs.China.fraction", 0.5, 1.0),
    Factor("response.stock_months", 0.0, 4.0),
)
SHARE = 0.9  # of the bare loop's throughput
TIMES = 80.0  # as fast as rebuilding
LINEAR = 1.2  # largest exponent that passes for linear
START = 0.5  # seconds
GROWTH = 1.05  # of memory


@dataclass
class Table:
    """What was measured against what is wanted, printed as it comes."""

    quick: bool
    failed: bool = False

    def row(
        self,
        what: str,
        measured: str,
        ratio: float,
        target: float | None,
        *,
        most: bool = False,
        slack: float = 2.0,
    ) -> None:
        """One line; ``most``: the target is the largest allowed. Without a target it is reported only.

        ``slack`` is by what factor the target may be missed in a quick run, which is too short to be exact.
        """
        if target is None:
            print(f"{what:52} {measured:44} {'reported':>22}", flush=True)
            return
        met = ratio <= target if most else ratio >= target
        slack = slack if self.quick else 1.0
        gross = not (ratio <= target * slack if most else ratio >= target / slack)
        self.failed |= gross
        words = f"{'≤' if most else '≥'} {target:g}: {'met' if met else 'MISSED'}"
        print(f"{what:52} {measured:44} {words:>22}", flush=True)


def spec_of(factors: Sequence[Factor], points: int, readings: tuple[str, ...] = ("planned",)) -> StudySpec:
    """A Latin hypercube."""
    return StudySpec(tuple(factors), "latin_hypercube", points, 1, readings=readings)


def evaluation(case: Case, spec: StudySpec) -> Evaluate:
    """What ``resilience.study`` calls for every chunk."""
    return Evaluate(case, spec.how, Wanted(spec.members, spec.cutoffs, spec.readings), spec.goods)


# The bare solver.


@dataclass(frozen=True)
class Question:
    """One programme and its objective; ``problem`` says which row of the results asks."""

    program: Program
    objective: str
    problem: str


@contextmanager
def recorded(full: bool) -> Iterator[list[Question]]:
    """All that is asked of the solver meanwhile; ``full``: of section 3 to the letter."""
    questions: list[Question] = []

    def minimise_and_note(program: Program, objective: str, problem: str, warm: Any = None) -> Any:
        questions.append(Question(program, objective, problem))
        return minimise(program, objective, problem, warm)

    with (
        patch.object(planned, "minimise", minimise_and_note),
        patch.object(requirements, "build", partial(build, full=full)),
    ):
        yield questions


def as_lp(question: Question) -> highspy.HighsLp:
    """The arrays as the solver takes them."""
    program = question.program
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = program.matrix.shape
    lp.col_cost_ = program.objectives[question.objective]
    lp.col_lower_, lp.col_upper_ = program.column_lower, program.column_upper
    lp.row_lower_, lp.row_upper_ = program.row_lower, program.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = program.matrix.indptr
    lp.a_matrix_.index_ = program.matrix.indices
    lp.a_matrix_.value_ = program.matrix.data
    return lp


@dataclass(frozen=True)
class Step:
    """What the bare loop does for one question, ready to be handed over: new bounds, or another programme."""

    highs: Any  # highspy.Highs, whose type hints lack some of its methods
    whole: highspy.HighsLp | None
    rows: tuple[Any, ...]
    columns: tuple[Any, ...]
    warm: bool


class Bare:
    """The same questions one after the other by highspy alone, every kind with a basis of its own."""

    def __init__(self, questions: Sequence[Question]):
        self.questions = questions

    def prepared(self) -> list[Step]:
        """New solvers, and all that is not theirs to do."""
        last: dict[tuple[str, str], tuple[highspy.Highs, Question]] = {}
        steps = []
        for question in self.questions:
            key = question.problem, question.objective
            highs, before = last.get(key, (None, None))
            if highs is None or before is None:
                highs = highspy.Highs()
                highs.setOptionValue("output_flag", False)
                highs.setOptionValue("threads", 1)
            last[key] = highs, question
            if before is None or not _same(before.program, question.program):
                warm = before is not None and before.program.matrix.shape == question.program.matrix.shape
                steps.append(Step(highs, as_lp(question), (), (), warm))
                continue
            old, new = before.program, question.program
            rows = _moved(old.row_lower, new.row_lower, old.row_upper, new.row_upper)
            columns = _moved(old.column_lower, new.column_lower, old.column_upper, new.column_upper)
            steps.append(Step(highs, None, rows, columns, True))
        return steps

    def seconds(self) -> float:
        """Of the loop alone."""
        steps = self.prepared()
        start = time.process_time()
        for step in steps:
            if step.whole is not None:
                basis = highspy.HighsBasis()
                if step.warm:
                    found = step.highs.getBasis()  # which is lost with the programme
                    basis.col_status, basis.row_status, basis.valid = (
                        found.col_status,
                        found.row_status,
                        found.valid,
                    )
                step.highs.passModel(step.whole)
                if basis.valid:
                    step.highs.setBasis(basis)
            else:
                step.highs.changeRowsBounds(*step.rows)
                step.highs.changeColsBounds(*step.columns)
            step.highs.run()
            step.highs.getInfo()
        return time.process_time() - start


def _same(one: Program, other: Program) -> bool:
    return one.matrix is other.matrix or (
        one.matrix.shape == other.matrix.shape
        and np.array_equal(one.matrix.indptr, other.matrix.indptr)
        and np.array_equal(one.matrix.indices, other.matrix.indices)
        and np.array_equal(one.matrix.data, other.matrix.data)
    )


def _moved(low: np.ndarray, new_low: np.ndarray, high: np.ndarray, new_high: np.ndarray) -> tuple[Any, ...]:
    where = np.flatnonzero((low != new_low) | (high != new_high)).astype(np.int32)
    return len(where), where, new_low[where], new_high[where]


# (a) and (b)


@dataclass
class OfGoods:
    """Seconds of a study, of the two bare loops, and of a rebuild of one point; best of their turns."""

    points: int
    questions: int
    study: float
    full: float
    reduced: float


def run(evaluate: Evaluate, chunks: Sequence[pd.DataFrame]) -> float:
    """Seconds of a study whose models are compiled already."""
    start = time.process_time()
    for chunk in chunks:
        evaluate(chunk)
    return time.process_time() - start


def against_bare(path: Path, goods: Sequence[str], factors: Sequence[Factor], points: int, turns: int) -> OfGoods:
    """A study of goods, each by itself, planned, all members and cutoffs."""
    case = resilience.load(path, goods=list(goods), overrides=["response.chains=false"])
    spec = spec_of(factors, points)
    chunks = chunks_of(spec, design_points(spec), len(goods))
    loops = []
    for full in (True, False):
        with recorded(full) as questions:
            evaluate = evaluation(case, spec)
            for chunk in chunks:
                evaluate(chunk)
        loops.append(Bare(list(questions)))
    ours, bare, small = [], [], []
    run(evaluate, chunks)  # compiles what was patched before
    for _ in range(turns):
        ours.append(run(evaluate, chunks))
        bare.append(loops[0].seconds())
        small.append(loops[1].seconds())
    count = sum(map(len, chunks))
    return OfGoods(count, len(loops[0].questions), min(ours), min(bare), min(small))


def rebuilding(path: Path, good: str, points: int) -> tuple[float, float]:
    """Median seconds of a point if the model is built and solved from the start: by Pyomo's own interface to the
    solver, and compiled into arrays first."""
    case = resilience.load(path, goods=[good], overrides=["response.chains=false"])
    spec = spec_of(BOUNDS, points)
    frame = design_points(spec).tail(points)
    seconds = []
    for values in values_of(frame, spec.names):
        data = data_of(vary(case, values), good)
        start = time.process_time()
        minimise(compile_model(build(data, full=True)), "least_share", "benchmark")
        compiled = time.process_time()
        model = build(data, full=True)
        for objective in model.component_data_objects(pyo.Objective):
            if objective.local_name != "least_share":
                objective.deactivate()
        Highs().solve(model, load_solutions=False, raise_exception_on_nonoptimal_result=False)
        seconds.append((time.process_time() - compiled, compiled - start))
    by_pyomo, by_arrays = zip(*seconds, strict=True)
    return statistics.median(by_pyomo), statistics.median(by_arrays)


def data_of(case: Case, good: str) -> ModelData:
    """One good of a case, ready for the model."""
    known = {name: data for name, data in all_figures(case).items() if data is not None}
    return model_data(case, known[good], known)


def throughput(table: Table, path: Path, points: int, turns: int, many: Sequence[str]) -> None:
    """(a) and (b)."""
    anew = often = 0.0
    for good in GOODS:
        for name, factors in (("bounds", BOUNDS), ("coefficients", COEFFICIENTS)):
            if name == "coefficients" and table.quick and good != GOODS[0]:
                continue
            found = against_bare(path, [good], factors, points, turns)
            bare_rows(table, f"(a) {good}, {name}", found, None)
            if name == "bounds":
                by_pyomo, by_arrays = rebuilding(path, good, 3)
                of_point = found.study / found.points
                anew, often = anew + by_pyomo, often + of_point
                for what, seconds in (
                    (f"(b) {good}, rebuilding, Pyomo's interface", by_pyomo),
                    ("    the same by compile_model and a cold minimise", by_arrays),
                ):
                    table.row(what, f"{seconds / of_point:5.0f} times as long", seconds / of_point, None)
    bare_rows(table, f"(a) {len(many)} goods, bounds", against_bare(path, many, BOUNDS, points, turns), SHARE)
    times = anew / often
    what = f"(b) {len(GOODS)} goods in all, rebuilding, Pyomo's interface"
    table.row(what, f"{times:5.0f} times as long", times, TIMES, slack=4.0)


def bare_rows(table: Table, what: str, found: OfGoods, target: float | None) -> None:
    """A study against the two bare loops."""
    per, ratio, small = 1000 / found.points, found.full / found.study, found.reduced / found.study
    measured = (
        f"{ratio:5.2f} of the bare loop, {per * found.study:5.2f} / {per * found.full:5.2f} ms"
        f" ({found.questions / found.points:.1f} LPs)"
    )
    table.row(what, measured, ratio, target)
    measured = f"{small:5.2f} of the bare loop, {per * found.study:5.2f} / {per * found.reduced:5.2f} ms"
    table.row("    the same, bare loop on the reduced arrays", measured, small, target)


# (c)


def moved(data: ModelData, points: int) -> list[ModelData]:
    """Neighbouring points: other stocks and critical shares."""
    found = []
    for n in range(points):
        at = n / max(points - 1, 1)
        stocks = data.good.stocks * (0.5 + 2.0 * at)
        found.append(
            replace(data, good=replace(data.good, stocks=stocks), critical=data.critical * (0.9 + 0.2 * at))
        )
    return found


def fast_path(table: Table, goods: int, points: int, turns: int) -> None:
    """(c): solving alone, goods apart, ten cutoffs."""
    for name, size in (
        ("10 cutoffs, 25 suppliers, 5 members", Size(goods, 10, 25, 5, 12)),
        ("10 cutoffs, 60 suppliers, 7 members", Size(max(1, goods // 2), 10, 60, 7, 12)),
    ):
        reduced: list[list[Question]] = []
        full: list[list[Question]] = []
        for number, data in enumerate(goods_of(size).values()):
            if number == 0:
                templates = Template(build, data), Template(partial(build, full=True), data)
            for template, found in zip(templates, (reduced, full), strict=True):
                if template.fits(data) is not None:
                    template = Template(build if found is reduced else partial(build, full=True), data)
                programs = [template.at(one) for one in moved(data, points)]
                found.append([Question(program, "least_share", data.good.good) for program in programs])
        ours, bare = [], []
        for _ in range(turns):
            start = time.process_time()
            for questions in reduced:
                warm = Warm()
                for question in questions:
                    minimise(question.program, question.objective, question.problem, warm)
            ours.append(time.process_time() - start)
            bare.append(sum([Bare(questions).seconds() for questions in full], 0.0))
        ratio = min(bare) / min(ours)
        table.row(
            f"(c) fast path, {name}", f"{ratio:5.1f} times as fast as all rows in place (a trial: 20)", ratio, None
        )


# (d)


def workers(table: Table, path: Path, points: int) -> None:
    """(d): the whole of ``resilience.study``, in memory; processes start within the time."""
    case = resilience.load(path, goods=["wheat"])
    spec = spec_of(BOUNDS, points, tuple(READINGS))
    seconds = []
    for count in (1, 2):
        start = time.perf_counter()
        study(case, spec, workers=count)
        seconds.append(time.perf_counter() - start)
    ratio = seconds[0] / seconds[1]
    rate = points / seconds[0]
    table.row(
        "(d) two workers, wheat, all readings", f"{ratio:.2f} times one worker ({rate:.0f} points/s)", ratio, None
    )


# (e)

SIZES = {
    "goods": (2, 4, 8, 16),
    "months": (6, 12, 24, 36),
    "cutoffs": (2, 4, 8, 16),
    "suppliers": (20, 40, 80, 160),
}
SMALL = Size(goods=2, cutoffs=4, suppliers=40, members=4, months=12)


def _peak() -> float:
    """Most memory this process has had, in MB; what it was started by does not count, where the system tells."""
    status = Path("/proc/self/status")
    if status.exists():
        return (
            float(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1])
            / 1024
        )
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024.0**2 if sys.platform == "darwin" else 1024.0)


def grown(size: Size, points: int) -> tuple[float, float, float]:
    """Seconds to compile all goods and of a point of all goods, and MB above what was there before."""
    Template(build, next(iter(goods_of(Size(1, 2, 20, 2, 3)).values())))  # imports
    goods = goods_of(size)
    before = _peak()
    compiling = solving = 0.0
    held = []
    for data in goods.values():
        start = time.process_time()
        template = Template(build, data)
        compiling += time.process_time() - start
        best = math.inf
        for _ in range(3):
            warm = Warm()
            start = time.process_time()
            for one in moved(data, points):
                minimise(template.filled(one), "least_share", data.good.good, warm)
            best = min(best, (time.process_time() - start) / points)
        solving += best
        held.append(template)
    return compiling, solving, _peak() - before


def growth(table: Table, points: int, count: int) -> None:
    """(e)."""
    for name, numbers in SIZES.items():
        used = numbers[:count]
        with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            found = [pool.apply(grown, (replace(SMALL, **{name: number}), points)) for number in used]
        for what, unit, column in (
            ("compiling", "s", [one[0] for one in found]),
            ("a point", "ms", [1000 * one[1] for one in found]),
            ("memory", "MB", [one[2] for one in found]),
        ):
            exponent = float(np.polyfit(np.log(used), np.log(column), 1)[0])
            shown = ", ".join(f"{number:.3g}" for number in column)
            measured = f"{name}^{exponent:.2f} ({shown} {unit})"
            table.row(f"(e) {what} against {name} {used}", measured, exponent, LINEAR, most=True)


# (f) and (h)


def start_up(table: Table) -> None:
    """(f)."""

    def best(*command: str) -> float:
        seconds = []
        for _ in range(5):
            start = time.perf_counter()
            subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
            seconds.append(time.perf_counter() - start)
        return min(seconds)

    found, nothing = best("-m", "resilience", "--help"), best("-c", "pass")
    measured = f"{found:.2f} s, {found / nothing:.0f} times python -c pass"
    table.row("(f) resilience --help", measured, found, START, most=True)


def _peaks(path: Path, counts: Sequence[int]) -> list[float]:
    case = resilience.load(path, goods=["tungsten_ore"])
    spec = spec_of(BOUNDS, max(counts))
    evaluate = evaluation(case, spec)
    peaks, done = [], 0
    for chunk in chunks_of(spec, design_points(spec)):
        evaluate(chunk)
        before, done = done, done + len(chunk)
        peaks += [_peak() for count in counts if before < count <= done]
    return peaks


def memory(table: Table, path: Path, counts: Sequence[int]) -> None:
    """(h)."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        first, last = pool.apply(_peaks, (path, counts))
    measured = f"{first:.1f} MB at {counts[0]:,}, {last:.1f} MB at {counts[1]:,}"
    table.row("(h) memory over a study", measured, last / first, GROWTH, most=True)


def timed(work: Callable[[], None]) -> None:
    """Do it, and say how long it took."""
    start = time.perf_counter()
    work()
    print(f"{'':52} took {time.perf_counter() - start:.0f} s", flush=True)


def main() -> int:
    """Print one line a measure; 1 if one is grossly off."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", nargs="?", type=Path, default=MODELS / "g7-china.toml")
    parser.add_argument("--quick", action="store_true", help="less of everything, in under a minute")
    parser.add_argument("--only", default="abcdefh", help="which measures, by their letters")
    options = parser.parse_args()
    quick, path = options.quick, options.case
    everything = [good for good in resilience.load(path).goods if good not in GOODS]
    many = (*GOODS, *everything)[:4] if quick else (*GOODS, *everything)[:20]
    table = Table(quick)
    works: dict[str, Callable[[], None]] = {
        "ab": lambda: throughput(table, path, 43 if quick else 200, 6 if quick else 5, many),
        "c": lambda: fast_path(table, 2 if quick else 10, 10, 2 if quick else 3),
        "d": lambda: workers(table, path, 100 if quick else 2_000),
        "e": lambda: growth(table, 5 if quick else 20, 2 if quick else 4),
        "f": lambda: start_up(table),
        "h": lambda: memory(table, path, (200, 600) if quick else (2_000, 10_000)),
    }
    for letters, work in works.items():
        if set(letters) & set(options.only) - ({"d"} if quick else set()):
            timed(work)
    return int(table.failed)


if __name__ == "__main__":
    raise SystemExit(main())
