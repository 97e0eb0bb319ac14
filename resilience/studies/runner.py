"""Runs a parameter study: points in chunks, in one process, several, or on a Dask cluster.

A chunk is a fixed number of points that lie close together. It is always computed from the start and in the same
order, so that its numbers depend neither on the other chunks nor on who computes it: a study gives the same table
whatever the number of workers, and after any number of interruptions. Only the main process writes.
"""

from __future__ import annotations

import hashlib
import logging
import math
import os
import pickle
import socket
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from resilience.errors import InputError, errors_in
from resilience.inputs.balance import year_of
from resilience.inputs.case import Case
from resilience.inputs.casefile import number_in
from resilience.studies.designs import StudySpec, design_points, whole_name
from resilience.studies.store import Store, as_frame, digest, flatten, outcomes_table, plain
from resilience.studies.study_file import check_study

# Points that are computed one after the other: more of them in a study of many points, as each finds the bases of
# those before it, and fewer in one of many goods, so that something is seen and kept in time. Part of what a store
# holds, so constants.
CHUNK, MOST, FEWEST = 100, 200, 5
CHUNKS = 8  # as many at the least, before chunks are made larger
# Points times effort in a chunk; a point of one good by itself, of the planned reading alone, is an effort of 1.
EFFORT = 2500
TEN = 10  # times as long take the other two readings, and goods that are solved with their inputs
TRIES = 3  # times in a row that workers may be lost without any chunk done in between
MOST_NEIGHBOURS = 2000  # among which the nearest is looked for
VERSIONS = ("resilience", "pyomo", "highspy", "numpy", "scipy", "pandas", "SALib")
NOT_OF_THE_CASE = (
    "study",
    "title",
    "description",
    "grounds",
    "document",
    "dataset",
    "compare",
    "rests",
)  # changes no number

Evaluation = Callable[[pd.DataFrame], pd.DataFrame]
Progress = Callable[[int, int], None]
log = logging.getLogger("resilience")


@dataclass(frozen=True)
class Study:
    """The points and the outcomes of a study, in the same order, and where they come from."""

    points: pd.DataFrame
    outcomes: pd.DataFrame
    meta: Mapping[str, Any]

    @property
    def counts(self) -> dict[str, int]:
        """Status → number of rows of the outcomes."""
        return {str(status): int(rows) for status, rows in self.outcomes["status"].value_counts().items()}


class StudyStopped(RuntimeError):
    """Workers were lost again and again; what is done is kept in the store."""


class WrongVersions(RuntimeError):
    """A worker has other versions than the main process, and might find other numbers."""


def study(
    case: Case,
    spec: StudySpec,
    *,
    out: str | Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
    evaluate: Evaluation | None = None,
) -> Study:
    """Compute all points of a study.

    ``out`` is the folder of a store; if it holds this study already, only what is missing is computed. Without it
    everything is kept in memory. ``workers`` processes share the work (by default one for each processor), or the
    workers of the Dask ``scheduler``, ``tcp://host:port``. ``progress`` is called with (points done, points).
    ``evaluate`` takes the points of a chunk (``point`` and one column a factor) to their outcomes and must be
    picklable; by default the requirements of the case are computed.

    A point that cannot be computed is a row of status "error". Raises :class:`~resilience.errors.InputError` if
    study and case do not fit, the folder holds something else or cannot be written, or no scheduler answers;
    :class:`StudyStopped` if workers are lost again and again; :class:`WrongVersions` if a worker of the cluster
    has other versions. Ctrl-C raises KeyboardInterrupt with a text that says what is kept.
    """
    findings = check_study(spec, case)
    if errors_in(findings):
        raise InputError(findings)
    if evaluate is None:
        from resilience.reading.requirements import Wanted
        from resilience.studies.points import Evaluate

        wanted = Wanted(spec.members, spec.cutoffs, spec.readings)
        evaluate = Evaluate(case, spec.how, wanted, spec.goods)
        named = "requirements"
    else:
        named = getattr(evaluate, "__qualname__", type(evaluate).__qualname__)
    points = design_points(spec)
    chunks = chunks_of(spec, points, _effort(case, spec))
    manifest = {"study": _identity(spec) | {"evaluate": named}, **_origin(case)}
    if out is None:
        kept = _Memory()
        _run(_Job(evaluate, chunks, kept, workers, scheduler, progress, None))
        return _result(case, spec, points, kept.tables(), manifest, evaluate)
    with Store(Path(out), manifest, points, [chunk["point"].tolist() for chunk in chunks]) as store:
        if store.damaged:
            numbers = ", ".join(f"part-{number:05}" for number in store.damaged)
            log.warning("damaged, and computed again: %s", numbers)
        _run(_Job(evaluate, chunks, store, workers, scheduler, progress, Path(out)))
        return _result(case, spec, points, store.tables(), manifest, evaluate)


def _identity(spec: StudySpec) -> dict[str, Any]:
    """What of a study decides its points and outcomes; the factors by name."""
    described = spec.described()
    del described["target"]  # asks about the outcomes, changes none
    described["factors"] = {
        factor["name"]: {key: value for key, value in factor.items() if key != "name"}
        for factor in described["factors"]
    }
    return described


def _origin(case: Case) -> dict[str, Any]:
    """Where the numbers come from: the case's values by dotted name, the data's hashes, the versions."""
    raw = {key: value for key, value in case.file.raw.items() if key not in NOT_OF_THE_CASE}
    return {
        "case": flatten(raw),
        "case_hash": digest(raw),
        "data": {
            **{name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in case.data.files().items()},
            **({"changed by a form": case.data.changes} if case.data.changes else {}),
        },
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Versions of what decides the numbers of a study."""
    found = {}
    for name in VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _result(
    case: Case,
    spec: StudySpec,
    points: pd.DataFrame,
    tables: Iterator[pa.Table],
    manifest: Mapping[str, Any],
    evaluate: Evaluation,
) -> Study:
    from resilience.studies.crossings import solved_crossings
    from resilience.studies.points import Evaluate

    outcomes = as_frame(tables, points)
    described = spec.described()
    for factor in described["factors"]:
        base = number_in(case.file.raw, factor["name"])
        factor["base"] = plain(base)
    file = case.file
    names = case.data.names()
    meta = {
        "title": file.title,
        "description": file.description,
        "case": file.path.name,
        "case_hash": manifest["case_hash"][:16],
        "dataset": file.dataset.resolve().name,
        "dataset_hash": case.data.fingerprint,
        "year": file.year,
        "labels": {row.good: row.label for row in case.data.goods.itertuples() if row.good in case.all_goods},
        "categories": {good: case.category(good) for good in case.goods},
        "years": {good: year for good in case.goods if (year := year_of(good, case.data, file.year)) is not None},
        "members": {member: names[member] for member in case.members},
        "region": dict(case.credit),
        "region_name": " and ".join(file.region),
        "countries": names,
        "cutoffs": [{"name": cutoff.name} for cutoff in file.cutoffs],
        "versions": manifest["versions"],
        "spec": described,
        "target": spec.target,
        "seed": spec.seed,
        "points": len(points),
        "unique_points": int(points["point"].nunique()),
        "counts": {str(key): int(n) for key, n in outcomes["status"].value_counts().items()},
    }
    meta["crossings"] = []
    if isinstance(evaluate, Evaluate):  # another one is asked about the points of the design alone
        try:
            meta["crossings"] = solved_crossings(evaluate, points, outcomes, meta)
        except KeyboardInterrupt:
            text = "all points were done; left was to solve for where the shares cross the target"
            raise KeyboardInterrupt(text) from None
    return Study(points, outcomes, meta)


# The order of the points.


def _effort(case: Case, spec: StudySpec) -> int:
    """What a point takes, in goods by themselves of which the planned reading is asked."""
    chosen = {good for good, category in case.data.categories.items() if {good, category} & {*spec.goods}}
    families = [family for family in case.families if not chosen or chosen.intersection(family)]
    effort = sum(1 if len(family) == 1 else TEN * len(family) for family in families)
    return max(1, effort) * (1 if spec.readings == ("planned",) else TEN)


def chunks_of(spec: StudySpec, points: pd.DataFrame, effort: int = 1) -> list[pd.DataFrame]:
    """The distinct points in chunks, ordered so that neighbours are alike.

    What changes the size of the problem (lists, months to survive) changes least often; among the points that
    agree in it, the nearest one that is left follows, in factors scaled to [0, 1].
    """
    distinct = points.drop_duplicates("point").sort_values("point", ignore_index=True)[["point", *spec.names]]
    ordered = distinct.iloc[_visit(spec, distinct)].reset_index(drop=True)
    size = max(FEWEST, min(max(CHUNK, len(ordered) // CHUNKS), MOST, EFFORT // effort))
    return [ordered.iloc[start : start + size].reset_index(drop=True) for start in range(0, len(ordered), size)]


def _visit(spec: StudySpec, distinct: pd.DataFrame) -> np.ndarray:
    scaled = np.column_stack([_scaled(factor, distinct[factor.name]) for factor in spec.factors])
    size = [number for number, factor in enumerate(spec.factors) if factor.coded or whole_name(factor.name)]
    rest = [number for number in range(len(spec.factors)) if number not in size]
    groups: dict[tuple[float, ...], list[int]] = {}
    for row, key in enumerate(map(tuple, scaled[:, size])):
        groups.setdefault(key, []).append(row)
    order: list[int] = []
    here = np.zeros(len(rest))
    for key in sorted(groups):
        rows = np.array(groups[key])
        rows = rows[np.argsort(scaled[rows][:, rest[0]], kind="stable")] if rest else rows
        for slab in np.array_split(rows, math.ceil(len(rows) / MOST_NEIGHBOURS)):
            order += slab[_nearest(scaled[slab][:, rest], here)].tolist()
            here = scaled[order[-1], rest]
    return np.array(order)


def _scaled(factor: Any, cells: pd.Series) -> np.ndarray:
    """Cells on [0, 1], shape (n,); as written is taken as the middle. Rounded, so that machines agree."""
    if factor.values:
        known = {factor.cell(value): number for number, value in enumerate(factor.values)}
        return np.array([known.get(cell, -1) / len(known) for cell in cells.tolist()])
    numbers = cells.to_numpy(dtype=float)
    low, high = factor.low, factor.high
    if factor.distribution == "loguniform":
        numbers, low, high = np.log(numbers), math.log(low), math.log(high)
    return np.round(np.nan_to_num((numbers - low) / (high - low), nan=0.5), 9)


def _nearest(at: np.ndarray, here: np.ndarray) -> np.ndarray:
    """The rows of ``at``, shape (n, d), by turns: always the nearest that is left, the first of equals."""
    order = np.empty(len(at), dtype=int)
    gone = np.zeros(len(at))
    for step in range(len(at)):
        away = gone.copy()
        for column in range(at.shape[1]):
            away += (at[:, column] - here[column]) ** 2
        order[step] = found = int(np.argmin(away))
        gone[found] = np.inf
        here = at[found]
    return order


# The work.


class _Memory:
    """Keeps the outcomes of a study that is not stored."""

    def __init__(self) -> None:
        self.parts: dict[int, pa.Table] = {}
        self.done: set[int] = set()

    def write(self, number: int, table: pa.Table) -> None:
        self.parts[number] = table
        self.done.add(number)

    def tables(self) -> Iterator[pa.Table]:
        return (self.parts[number] for number in sorted(self.parts))


@dataclass
class _Job:
    evaluate: Evaluation
    chunks: Sequence[pd.DataFrame]
    kept: Store | _Memory
    workers: int | None
    scheduler: str | None
    progress: Progress | None
    out: Path | None

    def points_done(self) -> int:
        return sum(len(self.chunks[number]) for number in self.kept.done)

    def said(self) -> str:
        """How far the study is, and how it goes on."""
        total = sum(map(len, self.chunks))
        if self.out is None:
            return f"{self.points_done():,} of {total:,} points were done; none is kept, for want of a folder"
        return (
            f"{self.points_done():,} of {total:,} points are kept in {self.out}; the same command, or "
            "resilience.study with the same folder, goes on from there"
        )

    def report(self) -> None:
        if self.progress is not None:
            self.progress(self.points_done(), sum(map(len, self.chunks)))


def _run(job: _Job) -> None:
    """Compute the chunks that are missing and keep each when it is done."""
    job.report()
    missing = [number for number in range(len(job.chunks)) if number not in job.kept.done]
    lost = 0
    try:
        while missing:
            before = len(job.kept.done)
            # One at a time where nothing got done: one chunk that kills processes must not take others with it.
            error = _work_off(job, missing[:1] if lost else missing)
            if error is not None:
                lost = lost + 1 if len(job.kept.done) == before else 0
                if lost == TRIES:
                    raise StudyStopped(
                        f"workers were lost {TRIES} times in a row without any point done ({_briefly(error)}). A "
                        f"process that is killed often had too little memory: take fewer workers. {job.said()}"
                    ) from error
                log.warning("workers were lost (%s); what they had in hand is computed again", _briefly(error))
            missing = [number for number in missing if number not in job.kept.done]
            if error is not None:
                missing = missing[1:] + missing[:1]
    except KeyboardInterrupt:
        raise KeyboardInterrupt(job.said()) from None


def _work_off(job: _Job, missing: Sequence[int]) -> Exception | None:
    """Keep what comes until all is there, or until workers are lost: then the error that says so."""
    with closing(_results(job, missing)) as results:
        while True:
            try:
                number, table = next(results)
            except StopIteration:
                return None
            except (InputError, WrongVersions):
                raise
            except Exception as error:  # a process or a machine was lost, in one of the many ways to say so
                return error
            job.kept.write(number, table)
            job.report()


def _briefly(error: BaseException) -> str:
    return _in_words(error).partition(". ")[0]


def _in_words(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}{': ' + text[0] if text else ''}"


def _results(job: _Job, missing: Sequence[int]) -> Generator[tuple[int, pa.Table]]:
    """(number, outcomes) of the missing chunks, in the order they get ready."""
    import joblib

    if job.scheduler is not None:
        yield from _on_cluster(job, missing, job.scheduler)
        return
    # By the whole study, not by what is left of it: the last chunk may be the one that killed a process before.
    workers = min(job.workers or joblib.cpu_count(), len(job.chunks))
    if workers == 1:
        for number in missing:
            yield number, compute(job.evaluate, job.chunks[number])
        return
    # A large array is put into shared memory once, and not sent along with each chunk.
    pickled = np.frombuffer(_pickled(job.evaluate), dtype=np.uint8)
    name = uuid.uuid4().hex
    run = joblib.Parallel(
        n_jobs=workers,
        backend="loky",
        batch_size=1,
        return_as="generator_unordered",
        initializer=_end_with,
        initargs=(os.getpid(),),
    )
    with closing(
        run(joblib.delayed(_work)(name, pickled, number, job.chunks[number], None) for number in missing)
    ) as results:
        yield from results


def _on_cluster(job: _Job, missing: Sequence[int], scheduler: str) -> Generator[tuple[int, pa.Table]]:
    import joblib

    from resilience.studies.cluster import connected

    name = uuid.uuid4().hex
    with (
        connected(scheduler, name, _pickled(job.evaluate)) as client,
        joblib.parallel_config("dask", client=client),
    ):
        run = joblib.Parallel(n_jobs=-1, batch_size=1, return_as="generator_unordered")
        # Chunks go as bytes: Dask would leave a frame with one worker and lose it together with the worker.
        mine = versions()
        tasks = (
            joblib.delayed(_work)(name, None, number, pickle.dumps(job.chunks[number]), mine) for number in missing
        )
        with closing(run(tasks)) as results:
            yield from results


def _pickled(evaluate: Evaluation) -> bytes:
    import cloudpickle

    return bytes(cloudpickle.dumps(evaluate))


_loaded: dict[str, Evaluation] = {}  # in a worker: the evaluation of the job at hand


def _work(
    name: str,
    pickled: np.ndarray | None,
    number: int,
    points: pd.DataFrame | bytes,
    expected: Mapping[str, str] | None,
) -> tuple[int, pa.Table]:
    """One chunk in a worker; the evaluation comes with the task or was handed to the worker of a cluster."""
    if name not in _loaded:
        if expected is not None and (mine := versions()) != expected:
            other = ", ".join(
                f"{key} {mine[key]} in place of {expected[key]}" for key in mine if mine[key] != expected[key]
            )
            raise WrongVersions(
                f"the worker on {socket.gethostname()} has {other}; install the same versions everywhere, with "
                "pip install -c constraints.txt"
            )
        _loaded.clear()
        if pickled is not None:
            _loaded[name] = pickle.loads(pickled.tobytes())
        else:
            from resilience.studies import cluster

            _loaded[name] = pickle.loads(cluster.handed[name])
    return number, compute(_loaded[name], pickle.loads(points) if isinstance(points, bytes) else points)


def _end_with(main: int) -> None:
    """See to it that this worker ends with the main process, which cannot end its workers if it is killed."""

    def watch() -> None:
        while os.getppid() == main:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def compute(evaluate: Evaluation, points: pd.DataFrame) -> pa.Table:
    """The outcomes of a chunk; if the evaluation fails as a whole, a row of status "error" for each point."""
    ids = points["point"].tolist()
    try:
        return outcomes_table(evaluate(points), ids)
    except MemoryError:
        raise  # says something about the machine, nothing about the points
    except Exception as error:
        message = f"the chunk of this point failed: {_in_words(error)}"
        rows = [{"point": point, "status": "error", "message": message} for point in ids]
        return outcomes_table(pd.DataFrame(rows), ids)
