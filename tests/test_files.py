"""Files are written whole or not at all, CSV, and work in other processes ends with the one that asked for it."""

from __future__ import annotations

import csv
import math
import multiprocessing
import tempfile
import time
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilience.files import as_written, whole, write_csv
from resilience.output.workbook import close_book, open_book
from resilience.processes import in_processes


def test_a_file_is_replaced_once_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.txt"
    with whole(target) as file:
        file.write_text("one")
        assert not target.exists()
    assert target.read_text() == "one" and list(target.parent.iterdir()) == [target]


def test_who_is_stopped_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt), whole(target) as file:
        file.write_text("half of the n")
        raise KeyboardInterrupt
    assert target.read_text() == "old" and list(tmp_path.iterdir()) == [target]


def test_a_workbook_that_is_stopped_half_way_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.xlsx"
    book = open_book(target, "first")
    book.add_worksheet("one")
    close_book(book, target)
    before = target.read_bytes()
    second = open_book(target, "second")

    def stop() -> None:
        Path(second.filename).write_bytes(b"PK half")
        raise KeyboardInterrupt

    monkeypatch.setattr(second, "close", stop)
    with pytest.raises(KeyboardInterrupt):
        close_book(second, target)
    assert target.read_bytes() == before and list(tmp_path.iterdir()) == [target]


def squared(number: int) -> int:
    if number < 0:
        raise ArithmeticError("below zero")
    if number > 100:
        time.sleep(600)
    return number * number


def test_every_answer_comes_with_its_key() -> None:
    assert dict(in_processes(squared, {"two": (2,), "three": (3,)}, 2)) == {"two": 4, "three": 9}


def test_an_error_ends_what_is_still_at_work() -> None:
    """The other process would sleep for ten minutes."""
    with pytest.raises(ArithmeticError, match="below zero"):
        dict(in_processes(squared, {"long": (101,), "bad": (-1,)}, 2))
    assert multiprocessing.active_children() == []


def test_whole_numbers_are_written_without_decimals(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"year": [2022.0, math.nan], "share": [0.5, 1.0], "large": [1e20, 1.0], "none": [math.nan] * 2,
         "most": [math.inf, 1.0], "yes": [True, False]}
    )  # fmt: skip
    write_csv(frame, tmp_path / "t.csv")
    lines = (tmp_path / "t.csv").read_bytes().decode().split("\n")
    assert lines == ["year,share,large,none,most,yes", "2022,0.5,1e+20,,inf,True", ",1.0,1.0,,1.0,False", ""]
    write_csv(frame.iloc[:0], tmp_path / "empty.csv")
    assert (tmp_path / "empty.csv").read_text(encoding="utf-8") == lines[0] + "\n"
    assert frame["year"].dtype == float  # what was given is not changed


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"), ("+49 30", "'+49 30"), ("-2+3|cmd", "'-2+3|cmd"), ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"), ("'=1", "''=1"), ("-1.5", "-1.5"), ("+3e-05", "+3e-05"), ("'s-Gravenhage", "'s-Gravenhage"),
        ("a = b", "a = b"),
    ],
)  # fmt: skip
def test_no_text_is_run_as_a_formula_and_all_come_back(tmp_path: Path, text: str, written: str) -> None:
    write_csv(pd.DataFrame({"text": [text, None]}), tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row[0] if row else "" for row in csv.reader(stream)]
    assert rows[1] == written and as_written(rows[1]) == text and rows[2] == ""


@given(st.text(alphabet="=+-@'\t\r1.e a", max_size=6))
def test_every_text_comes_back_and_none_begins_as_a_formula(text: str) -> None:
    buffer = pd.DataFrame({"text": [text]})
    with tempfile.TemporaryDirectory() as folder:
        write_csv(buffer, Path(folder) / "t.csv")
        with (Path(folder) / "t.csv").open(encoding="utf-8", newline="") as stream:
            (cells,) = list(csv.reader(stream))[1:]
    (cell,) = cells or [""]
    assert as_written(cell) == text
    assert not cell.startswith(("=", "@", "\t", "\r"))
    assert not cell.startswith(("+", "-")) or math.isfinite(float(cell))
