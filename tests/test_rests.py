"""What a headline number rests on: ends that can be worked out by hand, and that equal fresh solves."""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from conftest import Maker, row

import resilience
from resilience.cli import main
from resilience.families import all_figures, figures, model_data, solve_family
from resilience.inputs.variants import vary
from resilience.output.bars import BEYOND, LINE, SCALE, WIDTH, bars_png
from resilience.reading.reduced import planned_all, reducible
from resilience.reading.requirements import Wanted
from resilience.schema import RESULTS
from resilience.studies import rests
from resilience.studies.points import Chunk, Evaluate
from resilience.words import rests_text

FLOWS = [("BBB", "AAA", 900.0)]
BALANCES = [{"country": "AAA", "production": 300}, {"country": "BBB", "production": 900, "capacity": 5000}]
SURVIVAL = {"critical_share": 0.5, "months": 12}


def by_parameter(result: resilience.Result, good: str = "wheat") -> dict[str, Any]:
    table = result.rests_on
    return {item["parameter"]: item for item in table[table["good"] == good].to_dict("records")}


def solved(make: Maker, **keys: Any) -> resilience.Result:
    case = make(FLOWS, BALANCES, cut=["BBB"], **({"survival": SURVIVAL} | keys))
    return resilience.solve(case, rests=True)


def test_ends_worked_out_by_hand(make: Maker) -> None:
    """12 months at half of demand, 3 months of stock: the share s must give 12 s + 3 ≥ 6, so s = 1/4."""
    found = by_parameter(solved(make, response={"stock_months": 3}))
    assert row_ends(found["response.stock_months"]) == pytest.approx((4.5 / 12, 0.25, 0.0))  # 12 s + 1.5, 12 s + 6
    assert row_ends(found["survival.months"]) == pytest.approx((0.0, 0.25, 6 / 18))  # 6 s + 3 ≥ 3; 18 s + 3 ≥ 9
    assert row_ends(found["survival.critical_share"]) == pytest.approx((2.4 / 12, 0.25, 3.6 / 12))
    assert row_ends(found["cutoffs.fraction"]) == pytest.approx(
        ((0.25 - 0.2) / 0.8, 0.25, 0.25)
    )  # a fifth arrives
    stock = found["response.stock_months"]
    assert (stock["low"], stock["written"], stock["high"], stock["unit"]) == ("1.5", "3", "6", "months of demand")
    assert stock["swing"] == pytest.approx(0.375)
    assert stock["range"] == "default range"
    assert (stock["member"], stock["cutoff"], stock["reading"]) == ("ALL", "ALL", "planned")
    assert "response.diversion" not in found and "response.spare" not in found  # nothing times anything
    assert [item["share"] for item in found.values()] == pytest.approx([0.25] * len(found))


def row_ends(item: dict[str, Any]) -> tuple[float, float, float]:
    return item["share_low"], item["share"], item["share_high"]


def test_none_comes_first_and_has_no_swing(make: Maker) -> None:
    """Half of demand is needed and a quarter is made: with half as much again there is no way."""
    result = solved(make)
    first = result.rests_on.iloc[0]
    assert first["parameter"] == "response.new_capacity"
    assert (first["low"], first["high"], first["status_low"], first["status_high"]) == (
        "0.5",
        "no limit",
        "none",
        "build",
    )
    assert math.isnan(first["share_low"]) and math.isnan(first["swing"])
    widths = result.rests_on["swing"].tolist()[1:]
    assert widths == sorted(widths, reverse=True)
    assert "survival.months" not in by_parameter(result)  # without stock and surge the horizon moves nothing


@pytest.mark.parametrize(
    ("critical", "ends"), [(0.98, ("0.93", "1")), (0.02, ("0", "0.07")), (1.0, ("0.95", "1"))]
)
def test_ends_are_clipped_to_what_the_case_takes(make: Maker, critical: float, ends: tuple[str, str]) -> None:
    found = by_parameter(solved(make, survival={"critical_share": critical, "months": 12}))
    item = found["survival.critical_share"]
    assert (item["low"], item["high"]) == ends
    assert row_ends(item) == pytest.approx((float(ends[0]), critical, float(ends[1])))


def test_what_changes_the_verdict_alone_stays(make: Maker) -> None:
    """Two outsiders, one cut: the other can deliver everything, so no share is needed at any end."""
    flows = [("BBB", "AAA", 900.0), ("CCC", "AAA", 100.0), ("CCC", "DDD", 5000.0)]
    balances = [{"country": "AAA", "production": 0}, *({"country": c, "production": 9000} for c in ("BBB", "CCC"))]
    response = {"stock_months": 3, "diversion": 1.0}
    case = make(flows, balances, cut=["BBB"], survival={"critical_share": 0.3, "months": 12}, response=response)
    result = resilience.solve(case, rests=True)
    assert row(result)["status"] == "met"  # 12 · 0.1 + 3 ≥ 3.6
    found = by_parameter(result)
    assert row_ends(found["response.stock_months"]) == pytest.approx((0.0, 0.0, 0.0))
    assert found["response.stock_months"]["status_low"] == "shift"
    assert found["response.stock_months"]["swing"] == pytest.approx(0.0)
    assert "met to shift" in rests_text(result.rests_on) or "shift to met" in rests_text(result.rests_on)


def test_ranges_come_from_the_study_of_the_case(make: Maker) -> None:
    factors = {
        "response.stock_months": [2.0, 5.0],
        "survival.critical_share": {"times": [0.9, 1.2]},
        "goods_override.steel.spare": [0.0, 0.5],
    }
    data = {"goods": (("wheat", "food"), ("steel", "military"))}
    result = solved(make, response={"stock_months": 3}, study={"factors": factors}, data=data)
    found = by_parameter(result)
    stock, critical = found["response.stock_months"], found["survival.critical_share"]
    assert row_ends(stock) == pytest.approx((4 / 12, 0.25, 1 / 12))
    assert (stock["low"], stock["high"]) == ("2", "5")
    assert row_ends(critical) == pytest.approx((2.4 / 12, 0.25, 4.2 / 12))
    assert (critical["low"], critical["written"], critical["high"]) == ("0.45", "0.5", "0.6")
    assert {stock["range"], critical["range"]} == {"the case's [study.factors]"}
    assert found["cutoffs.fraction"]["range"] == "default range"  # what the study leaves alone
    assert "goods_override.steel.spare" not in found


def test_a_study_that_does_not_fit_is_a_finding_and_no_error(make: Maker) -> None:
    result = solved(make, study={"factors": {"survival.critical_sare": [0.5, 0.6]}})
    assert result.findings["message"].str.contains("critical_share").any()
    assert by_parameter(result)["survival.critical_share"]["range"] == "default range"


def test_lists_of_a_study_are_moved_too(make: Maker) -> None:
    study = {"factors": {"region": {"values": [["AAA"], ["AAA", "BBB"]]}}}
    case = make(FLOWS, BALANCES, cut=["BBB"], survival=SURVIVAL, study=study)
    found = by_parameter(resilience.solve(case, rests=True))["region"]
    assert row_ends(found)[1] == pytest.approx(0.5)
    assert found["low"] == "AAA" and found["high"] == "AAA and BBB"
    again = fresh(vary(case, {"region": ["AAA", "BBB"]}))
    assert (
        found["share_high"] == pytest.approx(again["share"], abs=1e-7) and found["status_high"] == again["status"]
    )


def fresh(case: resilience.Case, good: str = "wheat") -> Any:
    """The headline row of a case solved by itself, the ordinary way."""
    known = {name: data for name, data in all_figures(case).items() if data is not None}
    rows = solve_family(case, known, explain=False)[good].requirements
    return rows[(rows["member"] == "ALL") & (rows["cutoff"] == "ALL") & (rows["reading"] == "planned")].iloc[0]


def rich_case(make: Maker, **keys: Any) -> resilience.Case:
    flows = [
        *(("BBB", m, 300.0) for m in ("AAA", "EEE")), ("CCC", "AAA", 80.0), ("CCC", "EEE", 40.0), ("FFF", "AAA", 60.0),
        ("FFF", "EEE", 90.0), ("CCC", "DDD", 500.0), ("FFF", "DDD", 300.0), ("AAA", "DDD", 20.0),
    ]  # fmt: skip
    made = {"AAA": 150.0, "EEE": 40.0, "BBB": 900.0, "CCC": 700.0, "FFF": 600.0, "DDD": 0.0}
    response = {
        "stock_months": 1.5, "diversion": 0.1, "spare": 0.05, "drawdown": 0.6, "new_capacity": 1.0,
        "region_surge": {"delay": 2, "rate": 0.03, "max": 0.3}, "outside_surge": {"delay": 0, "rate": 0.01, "max": 0.1},
    }  # fmt: skip
    base: dict[str, Any] = {
        "members": ["AAA", "EEE"],
        "region": ["AAA", "EEE", "FFF"],
        "survival": {"critical_share": 0.85, "months": 9},
        "response": response | keys.pop("response", {}),
        "cutoffs": [{"name": "one", "cut": ["BBB"], "fraction": 0.9}, {"name": "two", "cut": ["CCC"], "start": 3}],
    }
    balances = [{"country": country, "production": amount} for country, amount in made.items()]
    return make(flows, balances, **(base | keys))


AS_SET = {
    "response.region_surge": lambda value: {"delay": 2, "rate": 0.1 * value, "max": value},
    "survival.months": int,
}


@pytest.mark.slow
@pytest.mark.parametrize("response", [{}, {"solidarity": True}, {"cap": 0.6}])
def test_ends_equal_fresh_solves(make: Maker, response: dict[str, Any]) -> None:
    case = rich_case(make, response=response)
    found = resilience.solve(case, rests=True).rests_on
    assert len(found) >= 7
    for item in found.to_dict("records"):
        for end in ("low", "high"):
            if item["parameter"] == "cutoffs.fraction":
                factor = 0.8 if end == "low" else 1.0
                values: dict[str, Any] = {"cutoffs.one.fraction": 0.9 * factor, "cutoffs.two.fraction": factor}
            else:
                number = math.inf if item[end] == "no limit" else float(item[end])
                values = {item["parameter"]: AS_SET.get(item["parameter"], float)(number)}
            again = fresh(vary(case, values))
            assert item[f"status_{end}"] == again["status"], (item["parameter"], end)
            np.testing.assert_allclose(item[f"share_{end}"], again["share"], atol=1e-7, err_msg=item["parameter"])


@pytest.mark.parametrize("seed", range(12))
def test_the_reduced_programme_equals_the_model(make: Maker, seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = rich_case(make)
    trades: dict[str, Any] = {}
    all_figures(case, trades)
    values = {
        "survival.critical_share": float(rng.uniform(0.3, 1.0)),
        "response.stock_months": float(rng.choice([0.0, 1.0, 3.0])),
        "response.diversion": float(rng.choice([0.0, 0.5])),
        "response.new_capacity": float(rng.choice([0.0, 0.3, 3.0, math.inf])),
        "response.drawdown": float(rng.choice([0.2, 1.0])),
        "response.cap": float(rng.choice([0.5, math.inf])),
        "survival.months": int(rng.integers(1, 14)),
    }
    other = vary(case, values)
    data = figures(other, "wheat", None, trades)
    assert data is not None
    (model,) = Chunk(Evaluate(case, {}, Wanted(readings=("planned",)))).family(other, {"wheat": data})
    reduced = model_data(other, data, {"wheat": data})
    assert reducible(reduced)
    found = planned_all(reduced, model["share_today"])
    assert found["status"] == model["status"], values
    np.testing.assert_allclose(found["share"], model["share"], atol=1e-7)


def test_goods_of_a_chain_move_together(make: Maker) -> None:
    """Steel is made of ore one for one; whoever has less stock of ore makes less steel."""
    flows = [("BBB", "AAA", 60.0, "steel"), ("BBB", "AAA", 80.0, "ore"), ("CCC", "AAA", 40.0, "ore")]
    balances = [
        {"country": "AAA", "good": "steel", "production": 100}, {"country": "AAA", "good": "ore", "production": 20},
        {"country": "BBB", "good": "steel", "production": 600}, {"country": "BBB", "good": "ore", "production": 600},
        {"country": "CCC", "good": "ore", "production": 400},
    ]  # fmt: skip
    data = {"goods": (("steel", "military"), ("ore", "military")), "recipes": [{"good": "steel", "input": "ore"}]}
    case = make(
        flows, balances, cut=["BBB"], data=data, survival={"critical_share": 0.6, "months": 12},
        response={"stock_months": 1, "diversion": 0.5},
    )  # fmt: skip
    result = resilience.solve(case, rests=True)
    assert set(result.rests_on["good"]) <= {"steel", "ore"} and len(result.rests_on)
    assert set(result.rests_on["parameter"]) <= {
        "response.stock_months", "survival.critical_share", "cutoffs.fraction",
    }  # fmt: skip
    for item in result.rests_on.to_dict("records"):
        if item["parameter"] == "response.stock_months":
            for end in ("low", "high"):
                again = fresh(vary(case, {item["parameter"]: float(item[end])}), item["good"])
                np.testing.assert_allclose(item[f"share_{end}"], again["share"], atol=1e-7)
                assert item[f"status_{end}"] == again["status"]


def test_it_can_be_left_out(make: Maker, capsys: pytest.CaptureFixture[str]) -> None:
    path = make(FLOWS, BALANCES, cut=["BBB"], survival=SURVIVAL, rests=True).file.path
    assert main(["run", str(path), "--no-rests"]) == 0
    assert "rests on" not in capsys.readouterr().out
    assert main(["run", str(path), "--set", "rests=false"]) == 0
    assert "rests on" not in capsys.readouterr().out
    assert main(["run", str(path)]) == 0
    assert "wheat rests on: new capacity 50 % to none, part cut off 38–50 %" in capsys.readouterr().out
    case = resilience.load(path)
    assert resilience.solve(case, rests=False).rests_on.empty
    assert list(resilience.solve(case, rests=False).rests_on.columns) == list(RESULTS["rests_on"].names)


def test_the_key_is_checked(make: Maker) -> None:
    with pytest.raises(resilience.InputError, match="neither true nor false"):
        make(FLOWS, BALANCES, cut=["BBB"], rests="no")


def test_the_table_goes_everywhere(make: Maker, tmp_path: Path) -> None:
    result = solved(make)
    result.to_json(tmp_path / "r.json")
    result.to_csv(tmp_path / "r")
    records = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["tables"]["rests_on"]
    assert records[0]["share_low"] is None and records[0]["status_low"] == "none"
    assert len(pd.read_csv(tmp_path / "r" / "rests_on.csv")) == len(records) == len(result.rests_on)


def test_the_workbook_shows_it_beside_the_number(make: Maker, tmp_path: Path) -> None:
    result = solved(make)
    for name in ("one", "two"):
        result.to_excel(tmp_path / f"{name}.xlsx")
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()
    book = openpyxl.load_workbook(tmp_path / "one.xlsx")
    summary = [[cell.value for cell in line] for line in book["Summary"].iter_rows()]
    heads = next(line for line in summary if line[0] == "Good")
    values = summary[summary.index(heads) + 1]
    place = next(n for n, head in enumerate(heads) if str(head).startswith("Rests on"))
    assert values[place] == "new capacity 50 % to none\npart cut off 38–50 %\ncritical share 45–55 %"
    assert len(book["Summary"]._images) == 1  # openpyxl keeps images apart from the chart
    drawings = zipfile.ZipFile(tmp_path / "one.xlsx").read("xl/drawings/drawing1.xml").decode()
    assert 'descr="Wheat rests on: new capacity 50 % to none, part cut off 38–50 %' in drawings
    sheet = [[cell.value for cell in line] for line in book["Rests on"].iter_rows()]
    top = next(n for n, line in enumerate(sheet) if "Assumption" in line)
    notes = " ".join(str(line[0]) for line in sheet[:top])
    assert "Default ranges: critical share: 5 points less and more; stock: half and double" in notes
    first = dict(zip(sheet[top], sheet[top + 1], strict=True))
    assert (first["Low"], first["High"], first["Verdict at low"]) == (0.5, "no limit", "none")
    resilience.solve(resilience.load(make(FLOWS, BALANCES, cut=["BBB"]).file.path)).to_excel(
        tmp_path / "three.xlsx"
    )
    without = openpyxl.load_workbook(tmp_path / "three.xlsx")
    assert "Rests on" not in without.sheetnames and not without["Summary"]._images


@pytest.mark.slow
def test_workers_change_nothing(make: Maker) -> None:
    data = {"goods": (("wheat", "food"), ("steel", "military"))}
    flows = [*FLOWS, ("BBB", "AAA", 70.0, "steel")]
    balances = [*BALANCES, {"country": "AAA", "good": "steel", "production": 30}]
    case = make(flows, balances, cut=["BBB"], survival=SURVIVAL, data=data)
    one, two = (resilience.solve(case, rests=True, workers=n).rests_on for n in (1, 2))
    assert set(one["good"]) == {"wheat", "steel"}
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_an_end_that_cannot_be_solved_is_a_finding(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise resilience.SolverError("no answer", "wheat", (1, 1, 1))

    monkeypatch.setattr(rests, "planned_all", fail)
    result = solved(make)
    assert result.rests_on.empty
    assert result.findings["message"].str.contains("what it rests on leaves out").any()


def test_bars_show_the_range_the_case_and_none() -> None:
    image = pixels(bars_png([(0.25, 0.5, 0.75), (0.4, 0.4, math.nan)]))
    assert image.shape == (2 * LINE * SCALE, WIDTH * SCALE, 3)
    first, second = image[LINE * SCALE // 2 + 4], image[LINE * SCALE + LINE * SCALE // 2 + 4]
    blue = np.flatnonzero((first == (91, 141, 184)).all(axis=1))
    assert blue[0] / SCALE == pytest.approx(4 + 88 * 0.25, abs=1) and blue[-1] / SCALE == pytest.approx(70, abs=1)
    stroke = np.flatnonzero((first == 0).all(axis=1))
    assert stroke.mean() / SCALE == pytest.approx(48, abs=1)
    orange = np.flatnonzero((second == (204, 106, 46)).all(axis=1))
    assert BEYOND - orange[-1] / SCALE < 2
    assert bars_png([(0.25, 0.5, 0.75)]) == bars_png([(0.75, 0.5, 0.25)])


def pixels(png: bytes) -> np.ndarray:
    wide, high = (int.from_bytes(png[start : start + 4], "big") for start in (16, 20))
    start = png.index(b"IDAT")
    size = int.from_bytes(png[start - 4 : start], "big")
    lines = np.frombuffer(zlib.decompress(png[start + 4 : start + 4 + size]), dtype=np.uint8)
    return lines.reshape(high, 1 + 3 * wide)[:, 1:].reshape(high, wide, 3)
