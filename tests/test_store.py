"""The store of a study: nothing half, nothing twice, nothing of somebody else's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from study_evaluations import SHARES, outcomes

from resilience.errors import InputError
from resilience.studies.store import (
    LOCK,
    MANIFEST,
    PARTIAL,
    PARTS,
    POINTS,
    Store,
    differences,
    flatten,
    is_store,
    outcomes_table,
    read_store,
)

MANIFEST_OF = {
    "study": {"design": "grid", "seed": 1},
    "case": {"survival.months": 12},
    "data": {"flows.csv": "abc"},
    "versions": {"highspy": "1.15.1"},
}
CHUNKS = [["a", "b"], ["c"], ["d", "e"]]


def points() -> pd.DataFrame:
    ids = ["c", "a", "b", "e", "d", "a"]  # in an order of their own, one of them twice
    return pd.DataFrame({"point": ids, "role": "sample", "factor": None, "order": range(6), SHARES[0]: 0.5})


def part(ids: list[str]) -> pd.DataFrame:
    return outcomes(pd.DataFrame({"point": ids}), [float(ord(one)) for one in ids])


def store(folder: Path, **changes: object) -> Store:
    return Store(folder, MANIFEST_OF | changes, points(), CHUNKS)


def filled(folder: Path, *numbers: int) -> Path:
    with store(folder) as opened:
        for number in numbers:
            opened.write(number, outcomes_table(part(CHUNKS[number]), CHUNKS[number]))
    return folder


def refused(folder: Path, **changes: object) -> str:
    with pytest.raises(InputError) as caught, store(folder, **changes):
        pass
    return str(caught.value)


def test_a_store_is_gone_on_with_and_read_in_the_order_of_the_points(tmp_path: Path) -> None:
    folder = filled(tmp_path / "s", 2, 0)
    assert is_store(folder)
    assert read_store(folder).missing_chunks == 1
    with store(folder) as opened:
        assert opened.resumed and opened.done == {0, 2} and not opened.damaged
        opened.write(1, outcomes_table(part(["c"]), ["c"]))
    held = read_store(folder)
    assert held.missing_chunks == 0
    assert held.outcomes["point"].tolist() == ["c", "a", "b", "e", "d"]
    assert held.outcomes["share"].tolist() == [99.0, 97.0, 98.0, 101.0, 100.0]
    assert held.outcomes["message"].isna().all()
    assert (held.manifest["points"], held.manifest["unique_points"], held.manifest["chunks"]) == (6, 5, 3)
    pd.testing.assert_frame_equal(held.points, points(), check_dtype=False)


def test_other_numbers_are_refused_key_by_key(tmp_path: Path) -> None:
    folder = filled(tmp_path / "s", 0)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    text = refused(
        folder,
        study={"design": "grid", "seed": 2},
        case={"survival.months": 6, "response.spare": 0.1},
        data={"flows.csv": "abd", "goods.csv": "x"},
        versions={"highspy": "1.16.0"},
    )
    for part_ in (
        "study.seed: 1 → 2",
        "survival.months: 12 → 6",
        "response.spare: not set → 0.1",
        "flows.csv changed",
        "goods.csv is new",
        "version of highspy: 1.15.1 → 1.16.0",
        "another folder with --out",
    ):
        assert part_ in text
    assert before == {
        path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != LOCK
    } | {folder / LOCK: before[folder / LOCK]}


def test_other_points_are_refused(tmp_path: Path) -> None:
    folder = filled(tmp_path / "s", 0)
    with pytest.raises(InputError, match="points of the design or their order"):
        Store(folder, MANIFEST_OF, points(), CHUNKS[::-1]).__enter__()


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("years of work")
    assert "holds thesis.docx and is no study" in refused(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]
    assert "this is a file" in refused(tmp_path / "thesis.docx")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / MANIFEST).write_text('{"name": "a web page"}')
    assert "not the manifest of a study" in refused(tmp_path / "sub")


def test_leftovers_of_a_kill_go_and_other_files_stay(tmp_path: Path) -> None:
    folder = filled(tmp_path / "s", 0)
    left = [folder / f"{MANIFEST}{PARTIAL}", folder / PARTS / f"part-00001.parquet{PARTIAL}"]
    mine = [folder / f"notes{PARTIAL}", folder / "tables" / "tornado.csv", folder / PARTS / "notes.txt"]
    (folder / "tables").mkdir()
    for path in (*left, *mine):
        path.write_text("half")
    with store(folder) as opened:
        assert opened.done == {0}
    assert not any(path.exists() for path in left) and all(path.exists() for path in mine)


def test_a_kill_before_the_manifest_leaves_a_folder_that_can_be_used(tmp_path: Path) -> None:
    (tmp_path / LOCK).touch()
    (tmp_path / f"{MANIFEST}{PARTIAL}").write_text('{"form')
    with store(tmp_path) as opened:
        assert not opened.resumed
    (tmp_path / POINTS).unlink()  # and a kill between the manifest and the points
    with store(tmp_path) as opened:
        assert opened.resumed
    assert len(read_store(tmp_path).points) == 6


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "another part", "other columns"])
def test_a_damaged_part_is_computed_again(tmp_path: Path, damage: str) -> None:
    folder = filled(tmp_path / "s", 0, 1, 2)
    path = folder / PARTS / "part-00000.parquet"
    whole = path.read_bytes()
    if damage == "truncated":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "flipped":
        path.write_bytes(whole[:60] + bytes([whole[60] ^ 255]) + whole[61:])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "another part":
        path.write_bytes((folder / PARTS / "part-00002.parquet").read_bytes())
    else:
        pd.DataFrame({"point": ["a", "b"]}).to_parquet(path)
    with pytest.raises(InputError, match="damaged"):
        read_store(folder)
    with store(folder) as opened:
        assert (opened.damaged, opened.done) == ([0], {1, 2})
        opened.write(0, outcomes_table(part(["a", "b"]), ["a", "b"]))
    assert path.read_bytes() == whole


def test_outcomes_must_be_those_of_the_points() -> None:
    with pytest.raises(ValueError, match="1 points have no outcome, the first is b"):
        outcomes_table(part(["a"]), ["a", "b"])
    with pytest.raises(ValueError, match="belong to other points, the first is c"):
        outcomes_table(part(["a", "c"]), ["a"])
    with pytest.raises(ValueError, match="point a has an outcome twice"):
        outcomes_table(part(["a", "a"]), ["a"])
    with pytest.raises(ValueError, match="unknown columns: colour"):
        outcomes_table(part(["a"]).assign(colour="red"), ["a"])


def test_two_at_a_time_are_refused_and_a_dead_one_leaves_no_lock(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    code = f"""
import sys, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from test_store import store
with store(Path({str(folder)!r})):
    print("open", flush=True)
    time.sleep(60)
"""
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None and other.stdout.readline() == "open\n"
        assert f"another process is at work on this study (process {other.pid})" in refused(folder)
    finally:
        os.kill(other.pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        other.wait()
    with store(folder) as opened:
        assert opened.resumed
        with pytest.raises(InputError, match="another process"), store(folder):
            pass  # nor twice in one process
    with store(folder):
        pass


def test_a_full_disk_keeps_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = filled(tmp_path / "s", 0)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with store(folder) as opened:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(InputError, match=r"No space left on device\); what is done is kept"):
                opened.write(1, outcomes_table(part(["c"]), ["c"]))
        assert opened.done == {0}
    assert not (folder / PARTS / "part-00001.parquet").exists()


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    folder = filled(tmp_path / "s")
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    (folder / MANIFEST).write_text(json.dumps(manifest | {"format": 99}), encoding="utf-8")
    assert "format 99" in refused(folder)
    (folder / MANIFEST).write_text("{", encoding="utf-8")
    assert "cannot be read" in refused(folder)


def test_names_of_tables_go_by_name() -> None:
    raw = {
        "survival": {"months": 12},
        "cutoffs": [{"name": "China", "fraction": 0.5}, {"any": 1}],
        "caps": float("inf"),
    }
    assert flatten(raw) == {
        "survival.months": 12,
        "cutoffs.China.name": "China",
        "cutoffs.China.fraction": 0.5,
        "cutoffs.2.any": 1,
        "caps": "inf",
    }
    assert differences(MANIFEST_OF, MANIFEST_OF) == []
