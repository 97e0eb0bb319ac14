"""Studies run, stop, go on and give the same table, whoever computes it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import study_evaluations as known
from SALib.analyze import morris, sobol
from study_evaluations import SHARES, Deadly, ishigami, slowly, small_case, spec, wavering

import resilience
import resilience.studies.runner as runner
from resilience.errors import InputError
from resilience.reading.requirements import Wanted
from resilience.studies.designs import Factor, StudySpec, design_points, problem, unit_sample
from resilience.studies.frontier_words import break_even
from resilience.studies.points import Chunk, Evaluate
from resilience.studies.runner import CHUNK, FEWEST, StudyStopped, WrongVersions, chunks_of, study
from resilience.studies.store import PARTS, read_store
from resilience.studies.tables import study_tables

HERE = Path(__file__).parent


@pytest.fixture
def case(tmp_path: Path) -> resilience.Case:
    return resilience.load(small_case(tmp_path))


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / PARTS).iterdir())}


def test_points_and_outcomes_are_aligned_and_all_there(case: resilience.Case, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    found = resilience.study(
        case, spec(120), out=tmp_path / "s", workers=1, evaluate=ishigami, progress=lambda *n: seen.append(n)
    )
    assert found.outcomes["point"].tolist() == found.points["point"].drop_duplicates().tolist()
    direct = ishigami(found.points)
    joined = found.points.merge(found.outcomes, on="point")
    assert joined["share"].tolist() == pytest.approx(direct["share"].tolist(), abs=0)
    assert seen == [(0, 127), (100, 127), (127, 127)]
    assert found.counts == {"raise": 127}
    assert found.meta["counts"] == found.counts and found.meta["unique_points"] == 127
    assert found.meta["spec"]["factors"][0] | {"low": 0} == {
        "name": SHARES[0],
        "how": "set",
        "low": 0,
        "high": 1.0,
        "distribution": "uniform",
        "whole": False,
        "levels": 5,
        "base": 0.8,
    }
    held = read_store(tmp_path / "s")
    pd.testing.assert_frame_equal(held.outcomes, found.outcomes)
    pd.testing.assert_frame_equal(held.points, found.points)


def test_memory_one_process_and_two_give_the_same(case: resilience.Case, tmp_path: Path) -> None:
    one = study(case, spec(300), workers=1, evaluate=ishigami)
    two = study(case, spec(300), out=tmp_path / "two", workers=2, evaluate=ishigami)
    study(case, spec(300), out=tmp_path / "one", workers=1, evaluate=ishigami)
    pd.testing.assert_frame_equal(one.outcomes, two.outcomes, check_exact=True)
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")
    assert one.meta == two.meta


def test_repeated_points_are_computed_once(case: resilience.Case) -> None:
    factors = (Factor("survival.months", 6, 7, whole=True), Factor("response.solidarity", values=(False, True)))
    asked: list[str] = []

    def counting(points: pd.DataFrame) -> pd.DataFrame:
        asked.extend(points["point"])
        return known.outcomes(points, np.zeros(len(points)))

    found = study(case, StudySpec(factors, "sobol", 16), workers=1, evaluate=counting)
    assert len(found.points) == 1 + 4 + 64
    assert len(asked) == len(set(asked)) == len(found.outcomes) == 1 + 4 + 4


def test_chunks_hold_every_point_once_and_neighbours_are_alike() -> None:
    factors = (
        Factor("survival.months", 6, 9, whole=True),
        Factor("response.spare", 0.1, 10, distribution="loguniform"),
        Factor("response.diversion", 0, 1),
        Factor("region", values=("home", "both")),
    )
    study_spec = StudySpec(factors, "latin_hypercube", 380)
    points = design_points(study_spec)
    chunks = chunks_of(study_spec, points)
    assert [len(chunk) for chunk in chunks[:-1]] == [CHUNK] * (len(chunks) - 1)
    efforts = (5, 50, 400, 4000)
    assert [max(map(len, chunks_of(study_spec, points, one))) for one in efforts] == [CHUNK, 50, 6, FEWEST]
    for count, size in ((800, 101), (4000, 200)):
        assert max(map(len, chunks_of(study_spec, design_points(replace(study_spec, points=count))))) == size
    ordered = pd.concat(chunks)
    assert sorted(ordered["point"]) == sorted(set(points["point"]))
    shuffled = chunks_of(study_spec, points.sample(frac=1, random_state=1))
    assert all(one.equals(other) for one, other in zip(chunks, shuffled, strict=True))
    structure = ordered["survival.months"].fillna(0).astype(str) + ordered["region"].fillna("as written")
    assert (structure != structure.shift()).sum() == structure.nunique()  # each comes once
    steps = ordered["response.diversion"].diff().abs().mean()
    assert steps < 0.6 * points["response.diversion"].diff().abs().mean()


def test_goods_with_inputs_and_more_readings_make_chunks_smaller() -> None:
    """Wheat by itself counts 1; magnets and the compounds that go into them 10 each; three readings ten times."""
    case = resilience.load(HERE.parent / "models" / "g7-china.toml", goods=["wheat", "magnets"])
    assert sorted(map(len, case.families)) == [1, 2]
    planned = replace(spec(1000), readings=("planned",))
    assert runner._effort(case, planned) == 21
    assert runner._effort(case, spec(1000)) == 210
    assert runner._effort(case, replace(planned, goods=("wheat",))) == 1
    assert runner._effort(case, replace(planned, goods=("military",))) == 20


def test_a_failing_chunk_is_rows_of_status_error(case: resilience.Case) -> None:
    found = study(case, spec(600), workers=1, evaluate=wavering)
    failed = found.outcomes[found.outcomes["status"] == "error"]
    assert found.outcomes["point"].tolist() == found.points["point"].tolist()
    assert 0 < len(failed) <= 4 * CHUNK < len(found.outcomes) and found.points["point"].iloc[0] in set(
        failed["point"]
    )
    assert failed["share"].isna().all() and failed["good"].isna().all()
    assert set(failed["message"]) == {"the chunk of this point failed: ArithmeticError: the number is too large"}
    assert found.counts == {"raise": len(found.outcomes) - len(failed), "error": len(failed)}


def test_an_evaluation_that_forgets_a_point_is_found_out(case: resilience.Case) -> None:
    found = study(case, spec(10), workers=1, evaluate=lambda points: ishigami(points).iloc[1:])
    assert found.counts == {"error": 17}
    assert "1 points have no outcome" in found.outcomes["message"].iloc[0]


def test_resuming_computes_only_what_is_missing(case: resilience.Case, tmp_path: Path) -> None:
    class Stops:
        calls = 0

        def __call__(self, points: pd.DataFrame) -> pd.DataFrame:
            Stops.calls += 1
            if Stops.calls == 3:
                raise KeyboardInterrupt
            return ishigami(points)

    with pytest.raises(KeyboardInterrupt, match=r"200 of 407 points are kept in .*goes on from there"):
        study(case, spec(400), out=tmp_path / "s", workers=1, evaluate=Stops())
    with pytest.raises(KeyboardInterrupt, match="none is kept"):
        Stops.calls = 2
        study(case, spec(400), workers=1, evaluate=Stops())
    Stops.calls = 10
    study(case, spec(400), out=tmp_path / "s", workers=1, evaluate=Stops())
    assert Stops.calls == 13
    whole = study(case, spec(400), out=tmp_path / "t", workers=1, evaluate=Stops())
    assert bytes_of(tmp_path / "s") == bytes_of(tmp_path / "t")
    again = study(case, spec(400, target=0.6), out=tmp_path / "t", workers=1, evaluate=Stops())
    assert Stops.calls == 18  # nothing was left to do, and another target computes nothing
    pd.testing.assert_frame_equal(whole.outcomes, again.outcomes)


def test_another_study_in_the_folder_is_refused(case: resilience.Case, tmp_path: Path) -> None:
    out = tmp_path / "s"
    study(case, spec(20), out=out, workers=1, evaluate=ishigami)
    before = bytes_of(out)

    def refused(case: resilience.Case, spec_: StudySpec, evaluate: Any = ishigami) -> str:
        with pytest.raises(InputError) as caught:
            study(case, spec_, out=out, workers=1, evaluate=evaluate)
        assert bytes_of(out) == before
        return str(caught.value)

    assert "study.seed: 1 → 2" in refused(case, spec(20, seed=2))
    assert "study.points: 20 → 40" in refused(case, spec(40))
    factors = (Factor(SHARES[0], 0.0, 0.9), *spec().factors[1:])
    assert f"study.factors.{SHARES[0]}.high: 1.0 → 0.9" in refused(case, StudySpec(factors, points=20))
    other = resilience.load(case.file.path, overrides=["survival.months=6"])
    assert "survival.months: 12 → 6" in refused(other, spec(20))
    assert "study.evaluate: ishigami → slowly" in refused(case, spec(20), slowly)
    flows = case.data.path / "flows.csv"
    flows.write_text(flows.read_text(encoding="utf-8").replace("60.0", "61.0"), encoding="utf-8")
    assert "flows.csv changed" in refused(resilience.load(case.file.path), spec(20))


def test_a_damaged_part_is_computed_again_and_said(
    case: resilience.Case, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    study(case, spec(200), out=tmp_path / "s", workers=1, evaluate=ishigami)
    before = bytes_of(tmp_path / "s")
    path = tmp_path / "s" / PARTS / "part-00002.parquet"
    path.write_bytes(path.read_bytes()[:500])
    with caplog.at_level("WARNING", "resilience"):
        study(case, spec(200), out=tmp_path / "s", workers=1, evaluate=ishigami)
    assert "computed again: part-00002" in caplog.text
    assert bytes_of(tmp_path / "s") == before


def test_a_study_that_does_not_fit_its_case_is_refused(case: resilience.Case) -> None:
    with pytest.raises(InputError, match='did you mean "spare"'):
        study(case, StudySpec((Factor("response.spar", 0, 1),)), evaluate=ishigami)


def test_a_killed_process_does_not_end_the_study(case: resilience.Case, tmp_path: Path) -> None:
    out = tmp_path / "s"
    found = study(case, spec(400), out=out, workers=2, evaluate=Deadly(tmp_path / "mark"))
    assert (tmp_path / "mark").exists()
    pd.testing.assert_frame_equal(found.outcomes, study(case, spec(400), workers=1, evaluate=ishigami).outcomes)


@pytest.mark.slow
def test_a_chunk_that_always_kills_stops_the_study_with_the_rest_done(
    case: resilience.Case, tmp_path: Path
) -> None:
    with pytest.raises(StudyStopped, match=r"too little memory.* points are kept in"):
        study(case, spec(400), out=tmp_path / "s", workers=2, evaluate=Deadly(None))
    deadly = sum(
        chunk[list(SHARES)].isna().all(axis=1).any() for chunk in chunks_of(spec(400), design_points(spec(400)))
    )
    assert read_store(tmp_path / "s").missing_chunks == deadly == 1


def test_ishigami_indices_lie_within_their_confidence_intervals(case: resilience.Case) -> None:
    """Design, runner and SALib against the analytic indices (Ishigami and Homma 1990)."""
    design = spec(1024, "sobol", seed=4)
    found = study(case, design, workers=1, evaluate=ishigami)
    rows = found.points[found.points["role"] == "sample"].sort_values("order")
    answer = rows.merge(found.outcomes, on="point", how="left")["share"].to_numpy()
    indices = sobol.analyze(problem(design), answer, calc_second_order=False, seed=1)
    a, b = known.A, known.B
    v1, v2, v13 = 0.5 * (1 + b * np.pi**4 / 5) ** 2, a**2 / 8, b**2 * np.pi**8 * (1 / 18 - 1 / 50)
    total = v1 + v2 + v13
    first, whole = np.array([v1, v2, 0.0]) / total, np.array([v1 + v13, v2, v13]) / total
    assert np.all(np.abs(indices["S1"] - first) <= indices["S1_conf"])
    assert np.all(np.abs(indices["ST"] - whole) <= indices["ST_conf"])
    assert np.all(indices["ST_conf"] < 0.12)


def test_morris_finds_what_has_no_effect(case: resilience.Case) -> None:
    design = spec(20, "morris")

    def slope(points: pd.DataFrame) -> pd.DataFrame:
        return known.outcomes(points, 2 * points[SHARES[0]].fillna(0).to_numpy())

    found = study(case, design, workers=1, evaluate=slope)
    rows = found.points[found.points["role"] == "sample"].sort_values("order")
    answer = rows.merge(found.outcomes, on="point", how="left")["share"].to_numpy()
    effects = morris.analyze(problem(design), unit_sample(design), answer, num_levels=4, seed=1)
    assert list(effects["mu_star"]) == pytest.approx([2.0, 0.0, 0.0], abs=1e-9)


RUN = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
sys.path.insert(0, {here!r})
import resilience
from study_evaluations import slowly, spec
def main():
    said = lambda done, total: print(done, total, flush=True)
    resilience.study(resilience.load({case!r}), spec(8000), out={out!r}, workers={workers}, evaluate=slowly, progress=said)
if __name__ == "__main__":
    main()
"""


def started(case: resilience.Case, out: Path, workers: int = 1) -> subprocess.Popen[str]:
    code = RUN.format(here=str(HERE), case=str(case.file.path), out=str(out), workers=workers)
    script = out.parent / f"{out.name}.py"
    script.write_text(code, encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def gone(group: int) -> bool:
    """Whether all processes of a group end soon."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    os.killpg(group, signal.SIGKILL)
    return False


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_ten_kills_and_the_table_is_the_undisturbed_one(case: resilience.Case, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    chance = random.Random(1)
    kills = 0
    done = []
    while kills < 10:
        run = started(case, out, workers=1 + kills % 2)
        assert run.stdout is not None and run.stderr is not None
        first = run.stdout.readline()  # the points that were done at the start
        assert first, run.stderr.read()
        done.append(int(first.split()[0]))
        for _ in range(chance.randint(0, 2)):  # however slow the machine, some get further than the first chunk
            run.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.2))
        run.kill()
        run.wait()
        assert gone(run.pid), "processes of a dead study go on"
        run.stdout.close()
        run.stderr.close()
        kills += 1
    assert done == sorted(done) and 0 < done[-1] < 8007, done
    found = study(case, spec(8000), out=out, workers=1, evaluate=slowly)
    undisturbed = study(case, spec(8000), out=tmp_path / "whole", workers=2, evaluate=slowly)
    assert bytes_of(out) == bytes_of(tmp_path / "whole")
    pd.testing.assert_frame_equal(found.outcomes, undisturbed.outcomes, check_exact=True)
    assert found.outcomes["point"].tolist() == found.points["point"].tolist()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_says_how_to_go_on(case: resilience.Case, tmp_path: Path, workers: int) -> None:
    run = started(case, tmp_path / "s", workers)
    assert run.stdout is not None
    for _ in range(4):
        run.stdout.readline()
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does: to all processes
    begun = time.monotonic()
    error = run.communicate(timeout=30)[1]
    assert time.monotonic() - begun < 15
    assert f"8,007 points are kept in {tmp_path / 's'}" in error
    assert 0 < len(read_store(tmp_path / "s").outcomes) < 8007


@pytest.mark.slow
def test_memory_stays_flat_over_ten_thousand_points(tmp_path: Path) -> None:
    case = small_case(tmp_path)

    def peak(points: int) -> int:
        code = f"""
import sys, resource
sys.path.insert(0, {str(HERE)!r})
import resilience
from study_evaluations import ishigami, spec
resilience.study(resilience.load({str(case)!r}), spec(2000), out={str(tmp_path / "warm")!r}, workers=1, evaluate=ishigami)
resilience.study(resilience.load({str(case)!r}), spec({points}), out={str(tmp_path / str(points))!r}, workers=1, evaluate=ishigami)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        return int(done.stdout)

    few, many = peak(2000), peak(10_000)
    print(f"{few / 1024:.0f} MB with 2,000 points, {many / 1024:.0f} MB with 10,000")
    assert many < 1.15 * few


CLUSTER_SECONDS = 60


def free_port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Cluster:
    """A scheduler and two worker processes on the loopback."""

    def __init__(self) -> None:
        self.address = f"tcp://127.0.0.1:{free_port()}"
        env = os.environ | {"PYTHONPATH": str(HERE), "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "20s"}

        def start(*words: str) -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *words],
                env=env,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

        port = self.address.rpartition(":")[2]
        self.processes = [start("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")]
        words = ("worker", self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1")
        self.processes += [start(*words), start(*words)]

    def close(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture
def cluster() -> Any:
    pytest.importorskip("distributed")
    made = Cluster()
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_a_cluster_gives_the_same_also_when_a_worker_is_killed(
    case: resilience.Case, tmp_path: Path, cluster: Cluster
) -> None:
    from distributed import Client

    with Client(cluster.address, timeout=CLUSTER_SECONDS, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=CLUSTER_SECONDS)
    seen: list[int] = []

    def kill_one(done: int, total: int) -> None:
        seen.append(done)
        if done > total / 3 and cluster.processes[1].poll() is None:
            cluster.processes[1].kill()
            cluster.processes[1].wait()

    found = study(
        case, spec(2000), out=tmp_path / "s", scheduler=cluster.address, evaluate=slowly, progress=kill_one
    )
    chunks = chunks_of(spec(2000), design_points(spec(2000)))
    assert cluster.processes[1].poll() is not None and len(seen) == 1 + len(chunks)
    alone = study(case, spec(2000), out=tmp_path / "alone", workers=1, evaluate=slowly)
    pd.testing.assert_frame_equal(found.outcomes, alone.outcomes, check_exact=True)
    assert bytes_of(tmp_path / "s") == bytes_of(tmp_path / "alone")


@pytest.mark.slow
def test_a_cluster_with_other_versions_is_refused(
    case: resilience.Case, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resilience.studies.runner

    mine = resilience.studies.runner.versions()
    monkeypatch.setattr(resilience.studies.runner, "versions", lambda: mine | {"highspy": "0.0.1"})
    with pytest.raises(WrongVersions, match=r"highspy .* in place of 0\.0\.1"):
        study(case, spec(100), scheduler=cluster.address, evaluate=ishigami)


def test_no_scheduler_there(case: resilience.Case, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    import resilience.studies.cluster

    monkeypatch.setattr(resilience.studies.cluster, "SECONDS_TO_ANSWER", 1)
    with pytest.raises(InputError, match="no scheduler answers there"):
        study(case, spec(10), scheduler=f"tcp://127.0.0.1:{free_port()}", evaluate=ishigami)
    with pytest.raises(InputError, match="no scheduler answers there"):
        study(case, spec(10), scheduler="nonsense://x", evaluate=ishigami)


def test_a_cluster_without_dask_says_how_to_install_it(
    case: resilience.Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r'pip install "resilience\[cluster\]"'):
        study(case, spec(10), scheduler="tcp://127.0.0.1:1", evaluate=ishigami)


@pytest.mark.slow
def test_workers_are_as_many_as_asked(case: resilience.Case, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    real = joblib.Parallel

    def counted(**keys: Any) -> Any:
        asked.append(keys["n_jobs"])
        return real(**keys)

    monkeypatch.setattr(joblib, "Parallel", counted)
    study(case, spec(300), workers=8, evaluate=ishigami)
    study(case, spec(10), workers=8, evaluate=ishigami)  # one chunk: no process is started for it
    assert asked == [4]


STUDY = """case = "case.toml"
[study]
design = "one_at_a_time"
points = 3
readings = ["planned"]
[study.factors]
"survival.critical_share" = [0.5, 0.9]
"response.stock_months" = {times = [0.5, 2.0]}
region = {values = [["AAA", "CCC"], ["AAA"]]}
"""


def command(path: Path, *words: str) -> int:
    from resilience.cli import main

    return main(["study", str(path), "--workers", "1", *words])


@pytest.mark.slow
def test_the_command_keeps_goes_on_and_refuses(case: resilience.Case, capsys: pytest.CaptureFixture[str]) -> None:
    path = case.file.path.with_name("study.toml")
    path.write_text(STUDY, encoding="utf-8")
    out = path.parent / "studies" / "one"
    assert command(path, "--out", str(out)) == 0
    said = capsys.readouterr().out
    assert "all 9 points are there (15 rows of the design, 9 outcomes); 9 computed now" in said
    assert (out / "study.xlsx").is_file() and (out / "tables" / "tornado.csv").is_file()
    outcomes = pd.read_csv(out / "tables" / "outcomes.csv").set_index("point")
    points = read_store(out).points
    for row in points.head(7).to_dict("records"):  # the case as written and each end, solved afresh
        values = resilience.studies.designs.values_of(pd.DataFrame([row]), points.columns[4:])[0]
        stock = 1.0 * values.get("response.stock_months", 1.0)
        share = values.get("survival.critical_share", 0.8)
        small_case(
            path.parent / row["point"],
            survival={"critical_share": share, "months": 12},
            response={"stock_months": {"food": stock}},
            region=values.get("region", ["AAA", "CCC"]),
        )
        fresh = resilience.solve(resilience.load(path.parent / row["point"] / "case.toml")).requirements
        fresh = fresh[(fresh["member"] == "ALL") & (fresh["cutoff"] == "ALL") & (fresh["reading"] == "planned")]
        found = outcomes.loc[row["point"]]
        assert found["status"] == fresh["status"].iloc[0]
        assert found["share"] == pytest.approx(fresh["share"].iloc[0], abs=1e-7, nan_ok=True)
    assert command(path, "--out", str(out)) == 0
    assert "; 0 computed now" in capsys.readouterr().out
    assert command(path, "--out", str(out), "--set", "survival.months=6", "--points", "4") == 2
    said = capsys.readouterr().err
    assert "survival.months: 12 → 6" in said and "study.points: 3 → 4" in said
    assert command(path, "--out", str(path.parent)) == 2
    assert "is no study" in capsys.readouterr().err


def test_the_command_writes_json_and_a_workbook(case: resilience.Case, capsys: pytest.CaptureFixture[str]) -> None:
    import json

    path = case.file.path.with_name("study.toml")
    path.write_text(STUDY, encoding="utf-8")
    assert command(path, "--out", str(path.parent / "a.json"), "--quiet") == 0
    document = json.loads((path.parent / "a.json").read_text(encoding="utf-8"))
    assert len(document["tables"]["points"]) == 15 and document["meta"]["spec"]["design"] == "one_at_a_time"
    assert command(path, "--out", str(path.parent / "a.xlsx"), "--quiet") == 0
    assert (path.parent / "a.xlsx").stat().st_size > 5000
    assert capsys.readouterr().out == ""
    assert command(path, "--out", str(path.parent / "a.csv")) == 2
    assert command(case.file.path, "--out", str(path.parent / "b.json")) == 2
    assert "there is no [study] in the file" in capsys.readouterr().err


@pytest.mark.slow
def test_the_real_evaluation_passes_to_processes(case: resilience.Case, tmp_path: Path) -> None:
    factors = (Factor("survival.critical_share", 0.5, 0.9), Factor("survival.months", 6, 12, whole=True))
    asked = StudySpec(factors, "latin_hypercube", 60)
    study(case, asked, out=tmp_path / "one", workers=1)
    study(case, asked, out=tmp_path / "two", workers=2)
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")


def test_crossings_are_those_of_the_frontier(case: resilience.Case) -> None:
    """The small case loses 60 of 80 tons a year to the cutoff; stocks and saving move the share on straight lines."""
    factors = (
        Factor("survival.critical_share", 0.1, 1.0),
        Factor("response.stock_months", 0.0, 6.0),
        Factor("cutoffs.cut.months", 1, 12, whole=True),
    )
    asked = StudySpec(factors, "one_at_a_time", 2, readings=("planned",), cutoffs=("cut",), target=0.4)
    found = resilience.study(case, asked, workers=1)
    table = study_tables(found.points, found.outcomes, found.meta)["break_even"].set_index("factor")
    for factor in factors:
        curve = resilience.frontier(case, "wheat", factor.name, factor.low, factor.high, cutoff="cut")
        (said,) = break_even(curve, 0.4)
        row = table.loc[factor.name]
        place = row["text"].partition(";")[0].removeprefix("crosses 40 % at ").removeprefix("at most 40 % ")
        assert place in said, (said, row["text"])
        at = {factor.name: int(row["value"]) if factor.whole else row["value"]}
        (solved,) = Chunk(Evaluate(case, {}, Wanted(("ALL",), ("cut",), ("planned",)))).outcomes(at)
        assert solved["share"] == pytest.approx(0.4, abs=1e-6) or (factor.whole and solved["share"] < 0.4)
    again = resilience.study(case, asked, workers=2)
    assert again.meta["crossings"] == found.meta["crossings"]


def test_another_evaluation_leaves_brackets(case: resilience.Case) -> None:
    found = resilience.study(case, spec(4, "one_at_a_time", target=0.5), workers=1, evaluate=ishigami)
    assert found.meta["crossings"] == []
