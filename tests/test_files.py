"""Files are written whole or not at all, and work in other processes ends with the one that asked for it."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

import pytest

from resilience.files import whole
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
