"""The command ``resilience frontier``: table, break-even and files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from conftest import Maker

import resilience
from resilience.cli import main
from resilience.schema import STUDY
from resilience.studies.frontier_output import frontier_meta
from resilience.studies.frontier_picture import _draw, frontier_picture
from resilience.studies.frontier_words import break_even, in_words, shown_rows, value_words
from resilience.studies.frontiers import EXACT, SOLVED, STEP

STOCK = "response.stock_months"


@pytest.fixture
def path(make: Maker) -> Path:
    """12 months at half of demand and s from the region: 12 s + stock ≥ 6; a quarter is made today."""
    flows = [("BBB", "AAA", 900.0)]
    balances = [{"country": "AAA", "production": 300}, {"country": "BBB", "production": 900, "capacity": 5000}]
    survival = {"critical_share": 0.5, "months": 12}
    return make(flows, balances, cut=["BBB"], survival=survival, response={"stock_months": 1}).file.path


def run(path: Path, *more: str) -> int:
    return main(["frontier", str(path), "--good", "wheat", *more])


def test_corners_and_break_even_are_exact(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(path, "--over", STOCK, "--from", "0", "--to", "8", "--target", "0.4") == 0
    printed = capsys.readouterr().out
    assert "0 months of demand" in printed and "6 months of demand" in printed and "50.0 %" in printed
    assert "today's share: falls to 25 % at 3 months of demand" in printed  # 6 − 12 · 0.25
    assert "the target: falls to 40 % at 1.2 months of demand" in printed  # 6 − 12 · 0.4


def test_whole_numbers_are_steps(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(path, "--over", "survival.months", "--from", "1", "--to", "6") == 0
    printed = capsys.readouterr().out
    assert printed.count("whole number") == 6
    assert "today's share: at most 25 % up to 4 months" in printed  # 4 s + 1 ≥ 2; 5 s + 1 ≥ 2.5 asks for 30 %


def test_solved_points_give_a_bracket(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(path, "--over", "cutoffs.cut.fraction", "--from", "0.2", "--to", "1") == 0
    printed = capsys.readouterr().out
    assert "today's share: exceeds 25 % between" in printed and "solved point" in printed


def test_files(path: Path, tmp_path: Path) -> None:
    options = ["--over", STOCK, "--from", "0", "--to", "8", "--target", "0.4", "--quiet"]
    for suffix in ("csv", "png", "svg", "xlsx"):
        for name in ("one", "two"):
            assert run(path, *options, "--out", str(tmp_path / "new" / f"{name}.{suffix}")) == 0
        one, two = ((tmp_path / "new" / f"{name}.{suffix}").read_bytes() for name in ("one", "two"))
        assert one == two, suffix
    table = pd.read_csv(tmp_path / "new" / "one.csv")
    assert tuple(table.columns) == STUDY["frontier"].names
    assert table["share"].tolist()[0] == pytest.approx(0.5)
    book = openpyxl.load_workbook(tmp_path / "new" / "one.xlsx")
    assert book.sheetnames == ["Frontier", "Picture"]
    texts = [cell.value for line in book["Frontier"].iter_rows() for cell in line]
    assert "the target: falls to 40 % at 1.2 months of demand." in texts


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--over", STOCK, "--from", "8", "--to", "0"], "low end below the high end"),
        (["--over", "response.stock_month", "--from", "0", "--to", "8"], "stock_months"),
        (["--over", STOCK, "--from", "0", "--to", "8", "--out", "x.pdf"], "name a file that ends in .csv"),
        (["--over", STOCK, "--from", "0", "--to", "8", "--target", "60"], "0.6 for 60 %"),
        (["--over", STOCK, "--from", "0", "--to", "8", "--member", "XXX"], "XXX"),
    ],
)
def test_what_does_not_fit(
    path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    assert run(path, *arguments) == 2
    assert expected in capsys.readouterr().err
    assert main(["frontier", str(path), "--good", "what", "--over", STOCK, "--from", "0", "--to", "1"]) == 2


def table(values: list[float], shares: list[float], kind: str, parameter: str = STOCK) -> pd.DataFrame:
    rows = [
        {
            "good": "wheat", "member": "ALL", "cutoff": "ALL", "reading": "planned", "parameter": parameter,
            "value": value, "share": share, "share_today": 0.2, "status": "none" if np.isnan(share) else "build",
            "kind": kind,
        }
        for value, share in zip(values, shares, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(STUDY["frontier"].names))


NONE = float("nan")


@pytest.mark.parametrize(
    ("values", "shares", "kind", "target", "sentences"),
    [
        ([0, 2, 4], [0.8, 0.4, 0.2], EXACT, 0.5, ["falls to 50 % at 1.5 months of demand"]),
        ([0, 2, 4], [0.8, 0.4, 0.2], SOLVED, 0.5, ["falls to 50 % between 0 months of demand and 2 months of demand"]),
        ([0, 2, 4], [0.2, 0.4, 0.2], EXACT, 0.5, ["stays at or below 50 % in the whole range"]),
        ([0, 2, 4], [0.2, 0.4, 0.2], EXACT, 0.1, ["stays above 10 % in the whole range"]),
        ([0, 4], [NONE, NONE], EXACT, 0.5, ["no share suffices anywhere in the range"]),
        ([0, 3, 4], [NONE, 0.4, 0.2], EXACT, 0.5,
         ["no share suffices below 3 months of demand; there 40.0 % is enough"]),
        ([0, 3, 4], [0.1, 0.4, NONE], EXACT, 0.5,
         ["no share suffices above 3 months of demand; there 40.0 % is enough"]),
        ([0, 3, 4], [NONE, 0.6, 0.2], EXACT, 0.5, ["falls to 50 % at 3.25 months of demand"]),
        ([0, 3, 4], [NONE, 0.4, 0.2], SOLVED, 0.5,
         ["falls to 50 % between 0 months of demand and 3 months of demand, where it passes to no share suffices"]),
        ([0, 1, 2], [0.6, 0.2, 0.6], EXACT, 0.4,
         ["falls to 40 % at 0.5 months of demand", "exceeds 40 % at 1.5 months of demand"]),
    ],
)  # fmt: skip
def test_break_even(
    values: list[float], shares: list[float], kind: str, target: float, sentences: list[str]
) -> None:
    assert break_even(table(values, shares, kind), target) == sentences


def test_break_even_of_whole_numbers() -> None:
    months = table([3, 4, 5], [0.1, 0.3, NONE], STEP, "survival.months")
    assert break_even(months, 0.2) == ["at most 20 % up to 3 months"]
    assert break_even(months, 0.3) == ["at most 30 % up to 4 months, no share suffices beside it"]


def test_values_a_hair_apart_are_one_row() -> None:
    rows = shown_rows(table([0.0, 1.0, 1.0 + 1e-9, 4.0], [0.5, 0.4, 0.4, 0.1], EXACT))
    assert [row["value"] for row in rows] == [0.0, 1.0, 4.0]
    edge = shown_rows(table([0.0, 1.0, 1.0 + 1e-9, 4.0], [NONE, NONE, 0.4, 0.1], EXACT))
    assert len(edge) == 4  # on one side there is a share, on the other none
    assert "1 month of demand: 40.0 %" in in_words(table([0.0, 1.0], [NONE, 0.4], EXACT))
    assert value_words("response.spare", 0.05, "set") == "5 %"


def test_the_picture_says_what_it_shows(path: Path) -> None:
    case = resilience.load(path)
    curve = table([0.0, 3.0, 8.0], [NONE, 0.4, 0.1], EXACT)
    meta: dict[str, Any] = frontier_meta(case, curve, target=0.3)
    assert meta["written"] == 1.0 and json.dumps(meta["break_even"])
    figure = _draw(curve, meta, "set", 0.3, 1.0)
    texts = " ".join(text.get_text() for text in (*figure.texts, *figure.axes[0].texts))
    assert all(text in texts for text in ("no share suffices", "today: 20 %", "target: 30 %", "the case: 1 month"))
    assert "source: data set data" in texts and "seed" not in texts
    assert figure.axes[0].get_xlabel() == "stock, months of demand"
    (line, dots, *_) = figure.axes[0].lines
    assert dots.get_xdata().tolist() == [3.0, 8.0] and line.get_ydata()[1:].tolist() == [0.4, 0.1]


def test_a_picture_of_steps_and_of_none_at_all(path: Path, tmp_path: Path) -> None:
    case = resilience.load(path)
    for curve in (
        table([1, 2, 3], [NONE, 0.4, NONE], STEP, "survival.months"),
        table([0.0, 0.5, 1.0], [NONE, NONE, NONE], EXACT, "response.new_capacity"),
    ):
        out = tmp_path / f"{curve['kind'].iloc[0]}.png"
        frontier_picture(curve, out, frontier_meta(case, curve))
        assert out.stat().st_size > 5000
