"""The workbook as a document to be audited: formulas, checks, banner, change log, sensitivity, long tables, hostile text."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from workbook_instances import HOSTILE, LONG, NAN, frame_of, made_up, required

import resilience
from resilience.cli import main
from resilience.errors import InputError
from resilience.handoff import result_workbook as handoff
from resilience.handoff.answers import Answers, matter_most
from resilience.handoff.audit import WEIGHTS, assumptions_sheet, checksums, weight
from resilience.handoff.compared import changes, read_tables
from resilience.handoff.result_workbook import write_workbook
from resilience.handoff.thresholds import benchmarks, thresholds
from resilience.output import workbook
from resilience.output.sheets import STALE_TEXT, STALE_WORD, heading
from resilience.output.workbook import clean
from resilience.results import Result
from resilience.schema import ALL
from resilience.words import amount, left_out

FLOWS = [("CHN", "AAA", 60), ("BBB", "AAA", 40)]


def _read(sheet: Any) -> tuple[list[str], list[list[Any]]]:
    (table,) = sheet.tables.values()
    head, *rows = [[cell.value for cell in row] for row in sheet[table.ref]]
    return head, rows


def _records(sheet: Any) -> list[dict[str, Any]]:
    head, rows = _read(sheet)
    return [dict(zip(head, row, strict=True)) for row in rows]


@pytest.fixture(scope="module")
def whole() -> Result:
    """A made-up result whose plan fits its balances: each member buys 75 from the region and 25 from CHN."""
    members = ("CAN", "DEU")
    plan = [
        {"good": good, "member": m, "supplier": s, "baseline": b, "planned": p, "change": p - b, "unit": "t",
         "extra_cost_usd": 10.0 * (p - b)}
        for good in ("magnets", "wheat") for m in members
        for s, b, p in (("AUS", 50.0, 70.0), (m, 25.0, 25.0), ("CHN", 25.0, 5.0))
    ]  # fmt: skip
    balance = [
        {"good": good, "member": m, "year": 2024.0, "production": 25.0, "imports": 75.0, "exports": 0.0,
         "demand": 100.0, "stock": 10.0, "factor": 1.0, "unit": "t", "scope": "consumption", "status": "observed",
         "source": "A"}
        for good in ("magnets", "wheat") for m in members
    ]  # fmt: skip
    rows = [
        required(good, m, c, "raise", 0.55, 0.5) | {"reading": reading, "share": share, "gap": share - 0.5}
        for good in ("magnets", "wheat")
        for m in (*members, ALL)
        for c in ("One", "Two", ALL)
        for reading, share in (("planned", 0.55), ("market", 0.6), ("guaranteed", 0.7))
    ]
    tables = {"plan": plan, "balance": balance, "requirements": rows}
    return made_up(
        {"magnets": "Magnets", "wheat": "Wheat"},
        meta={"gdp_usd": {"CAN": 2e6}, "hs": {"magnets": "850511", "wheat": "1001"}},
        **{name: frame_of(name, part) for name, part in tables.items()},
    )


@pytest.fixture(scope="module")
def book(whole: Result, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("whole") / "out.xlsx"
    assert write_workbook(whole, path) == [path]
    return openpyxl.load_workbook(path, data_only=True)


# Formulas and checks.


def test_shares_follow_from_credited_sourcing(book: Any) -> None:
    """AUS counts half: (50 / 2 + 25) / 100 today, (70 / 2 + 25) / 100 in the plan."""
    for row in _records(book["Data"]):
        assert row["Sourcing today"] == row["Sourcing in the plan"] == row["Demand"] == 100
        assert row["Share today"] == pytest.approx(0.5) and row["Share in the plan"] == pytest.approx(0.6)
        assert row["Off today"] == row["Off in the plan"] == 0
    first = _records(book["Plan"])[0]
    assert (first["Credit"], first["Credited today"], first["Credited in the plan"]) == (0.5, 25, 35)
    assert first["Change"] == 20


def test_todays_share_is_a_formula_over_data_and_plan_wherever_it_stands(whole: Result, tmp_path: Path) -> None:
    """On Data it is credited sourcing over demand; elsewhere it looks that up, and sums it for all members."""
    path = tmp_path / "out.xlsx"
    write_workbook(whole, path)
    texts, values = openpyxl.load_workbook(path), openpyxl.load_workbook(path, data_only=True)
    for name, member in (
        ("Summary", False),
        ("Verdicts", True),
        ("Requirements", True),
        ("CAN Canada", True),
        ("Magnets", True),
    ):
        (table,) = texts[name].tables.values()
        found = set()
        for row, shown in zip(_records(texts[name]), _records(values[name]), strict=True):
            formula = str(row["Share today"])
            found.add(formula.partition("(")[2].partition("[")[0])
            assert shown["Share today"] == pytest.approx(0.5, abs=1e-12)
            together = "All members" in (row.get("Member"), "All members" if name == "Summary" else None)
            start = "=SUMIFS(t_plan[Credited today]," if together else "=SUMIFS(t_balance[Share today],"
            assert formula.startswith(start), f"{name}: {formula}"
            if name in ("Verdicts", "Requirements"):
                assert f"{table.name}[[#This Row],[Good code]]" in formula
        assert ("t_balance" in found) == member


def test_a_change_is_the_difference_of_what_the_cells_hold(whole: Result, tmp_path: Path) -> None:
    """17 digits tell the two apart by 1.0915897838e-3, the 16 of the file by 1.0915897801e-3."""
    plan = whole.tables["plan"].copy()
    columns = ["baseline", "planned"]
    plan.loc[plan.index[0], columns] = 30558.2285428949, 30558.229634484684
    plan["change"] = plan["planned"] - plan["baseline"]
    write_workbook(Result(whole.meta, {**whole.tables, "plan": plan}), tmp_path / "out.xlsx")
    rows = _records(openpyxl.load_workbook(tmp_path / "out.xlsx", data_only=True)["Plan"])
    (row,) = [row for row in rows if 0 < abs(row["Change"]) < 1]
    assert row["Change"] == row["Planned"] - row["Baseline"] != plan["change"].iloc[0]


def test_a_share_that_the_plan_does_not_give_is_a_value(whole: Result, tmp_path: Path) -> None:
    """The requirement says 0.4, credited sourcing over demand 0.5: no formula, and the check says so."""
    rows = whole.requirements.copy()
    rows.loc[(rows["good"] == "wheat") & (rows["member"] == "CAN"), "share_today"] = 0.4
    path = tmp_path / "out.xlsx"
    write_workbook(Result(whole.meta, {**whole.tables, "requirements": rows}), path)
    shown = {row["Good"]: row["Share today"] for row in _records(openpyxl.load_workbook(path)["CAN Canada"])}
    assert shown["Wheat"] == 0.4 and str(shown["Magnets"]).startswith("=SUMIFS")
    checks = {row["Check"]: row for row in _records(openpyxl.load_workbook(path, data_only=True)["Checks"])}
    found = checks["Today's share is credited sourcing over demand, as in the calculation"]
    assert found["Result"] == "FAULT" and found["Found"] == pytest.approx(0.1)


def test_change_is_summed_and_shown_as_per_cent_of_gdp(book: Any) -> None:
    facts = {row[0]: row[1] for row in book["CAN Canada"].iter_rows(max_row=20, values_only=True)}
    assert facts["GDP, million USD a year"] == 2
    assert facts["Sum of changes, USD a year"] == 0  # 200 more from AUS and 200 less from CHN, twice
    assert facts["Sum of changes, % of GDP"] == 0
    german = {row[0]: row[1] for row in book["DEU Germany"].iter_rows(max_row=20, values_only=True)}
    assert german["GDP, million USD a year"] == "unknown" and "Sum of changes, % of GDP" not in german


def test_what_is_measured_twice_is_counted_once(whole: Result, tmp_path: Path) -> None:
    """Wheat, under the customs code of magnets: 500 of 750 USD are its own, and the sum is the 250 of magnets."""
    plan = whole.tables["plan"].copy()
    canada, wheat = plan["member"] == "CAN", plan["good"] == "wheat"
    plan["extra_cost_usd"] = 0.0
    plan.loc[plan.index[canada & wheat][0], "extra_cost_usd"] = 500.0
    plan.loc[plan.index[canada & ~wheat][0], "extra_cost_usd"] = 250.0
    meta = {**whole.meta, "hs": {"magnets": "850511", "wheat": "850511"}}
    path = tmp_path / "out.xlsx"
    write_workbook(Result(meta, {**whole.tables, "plan": plan}), path)
    page = openpyxl.load_workbook(path, data_only=True)["CAN Canada"]
    facts = {row[0]: row[1:3] for row in page.iter_rows(max_row=20, values_only=True)}
    total, remark = facts["Sum of changes, USD a year"]
    assert total == 250 and "Wheat" in remark and "goods known: 1, unknown: 0" in remark
    assert facts["Sum of changes, % of GDP"][0] == pytest.approx(250 / 2e6)


def test_every_check_says_ok(book: Any) -> None:
    rows = _records(book["Checks"])
    assert {row["Result"] for row in rows} == {"ok"} and len(rows) == 10
    for name in ("Summary", "Verdicts", "Requirements", "Assumptions", "Checks", "CAN Canada", "Magnets"):
        assert not book[name]["A2"].value, name


@pytest.mark.parametrize(
    ("table", "column", "value", "check"),
    [
        ("plan", "baseline", 60.0, "Sourcing today"),
        ("plan", "planned", 60.0, "Sourcing in the plan"),
        ("requirements", "share_today", 1.5, "Every share"),
        ("requirements", "share", 0.9, "Planned share at most"),
    ],
)
def test_a_check_that_fails_says_so(
    whole: Result, tmp_path: Path, table: str, column: str, value: float, check: str
) -> None:
    frame = whole.tables[table].copy()
    frame.loc[frame.index[6] if table == "requirements" else 0, column] = value
    path = tmp_path / "out.xlsx"
    write_workbook(Result(whole.meta, {**whole.tables, table: frame}), path)
    rows = _records(openpyxl.load_workbook(path, data_only=True)["Checks"])
    faults = [row["Check"] for row in rows if row["Result"] != "ok"]
    assert any(name.startswith(check) for name in faults), faults


@pytest.mark.parametrize(("quantity", "result"), [(75.0, "ok"), (74.0, "FAULT")])
def test_imports_are_the_sum_of_purchases(whole: Result, tmp_path: Path, quantity: float, result: str) -> None:
    """75 are imported; 25 and 50 are bought, or one less."""
    rows = [
        {"good": row.good, "member": row.member, "supplier": supplier, "year": 2024.0, "quantity": amount,
         "value_usd": math.nan, "unit": "t", "status": "observed", "source": "A"}
        for row in whole.tables["balance"].itertuples()
        for supplier, amount in (("AUS", 25.0), ("CHN", 50.0 if row.member == "DEU" else quantity - 25.0))
    ]  # fmt: skip
    path = tmp_path / "out.xlsx"
    write_workbook(Result(whole.meta, {**whole.tables, "purchases": frame_of("purchases", rows)}), path)
    book = openpyxl.load_workbook(path, data_only=True)
    checks = {row["Check"]: row["Result"] for row in _records(book["Checks"])}
    assert checks["Purchases add up to imports, for every good and member"] == result
    assert {row["Member code"]: row["Purchases"] for row in _records(book["Data"])}["CAN"] == quantity
    assert "Value, USD" in _records(book["Purchases"])[0]


def test_an_uncertified_optimum_is_a_fault(whole: Result, tmp_path: Path) -> None:
    certificate = {"optima": 3, "worst_residual": 1e-3, "tolerance": 1e-7}
    path = tmp_path / "out.xlsx"
    write_workbook(Result({**whole.meta, "certificate": certificate}, whole.tables), path)
    faults = [
        row for row in _records(openpyxl.load_workbook(path, data_only=True)["Checks"]) if row["Result"] != "ok"
    ]
    assert [row["Result"] for row in faults] == ["FAULT"] and "3 optima" in faults[0]["Check"]


def test_codes_that_excel_would_read_as_patterns_give_values(whole: Result, tmp_path: Path) -> None:
    tables = {
        name: frame.replace({"wheat": "=wh*at"}) if "good" in frame else frame
        for name, frame in whole.tables.items()
    }
    path = tmp_path / "out.xlsx"
    write_workbook(Result(whole.meta, tables), path)
    rows = _records(openpyxl.load_workbook(path)["Data"])
    assert [row["Sourcing today"] for row in rows] == [100] * 4


def test_checksum_of_assumptions_by_hand() -> None:
    """Numbers: weight × (1 + value); texts: weight × (length + Σ code × place), the text filled up to 120 with ~."""
    frame = frame_of(
        "assumptions",
        [{"good": "a", "parameter": "x", "value": "2"}, {"good": "b", "parameter": "y", "value": "no"}],
    )
    numbers, texts = checksums(assumptions_sheet(Answers(made_up(assumptions=frame))))
    assert numbers.value == 3 * weight("a", "x")
    codes = ord("n") + 2 * ord("o") + sum(ord("~") * place for place in range(3, 121))
    assert texts.value == weight("b", "y") * (2 + codes)
    assert {weight("a", "x"), weight("b", "y")} <= set(WEIGHTS)


# Pages.


def test_goods_that_matter_most_get_a_page() -> None:
    labels = {f"g{n:02}": f"Good {n}" for n in range(12)}
    rows = [required(good, ALL, ALL, "raise", 0.3 + n / 100, 0.3) for n, good in enumerate(labels)]
    rows[4] = required("g04", ALL, ALL, "none", NAN, 0.3)
    answers = Answers(made_up(labels, requirements=frame_of("requirements", rows)))
    assert matter_most(answers) == ["g04", "g11", "g10", "g09", "g08", "g07", "g06", "g05"]  # g00 has no gap


def test_largest_suppliers_are_named(book: Any) -> None:
    row = next(row for row in _records(book["Verdicts"]) if row["Member code"] == "CAN")
    assert row["Suppliers today"] == "Australia 50 %, home supply 25 %, China 25 %"
    assert row["In the plan"] == "Australia 70 %, home supply 25 %, China 5 %"


def test_charts_are_native_and_described(whole: Result, tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    write_workbook(whole, path)
    with zipfile.ZipFile(path) as archive:
        charts = [archive.read(name).decode() for name in archive.namelist() if name.startswith("xl/charts/chart")]
        drawings = [archive.read(n).decode() for n in archive.namelist() if re.match(r"xl/drawings/drawing\d", n)]
    assert len(charts) == 5 == len(drawings)  # summary, two members, two goods
    assert all("<c:v>0.55</c:v>" in chart and "<c:v>Magnets</c:v>" in chart for chart in charts[:3])
    assert all(re.search(r'descr="[^"]{40,}', drawing) for drawing in drawings)


def test_a_region_supplier_that_vanishes_from_the_plan_is_explained(whole: Result, tmp_path: Path) -> None:
    """AUS sells magnets today and none in the plan, where DEU makes more; of what it needs, ore is cut."""
    plan = whole.tables["plan"].copy()
    magnets = plan["good"] == "magnets"
    plan.loc[magnets & (plan["supplier"] == "AUS"), "planned"] = 0.0
    plan.loc[magnets & (plan["supplier"] == "DEU"), "planned"] = 95.0
    hit = {"good": "magnets", "supplier": "AUS", "cutoff": "One", "input": "iron_ore", "months": 2.0, "least": 0.4}
    tables = {**whole.tables, "plan": plan, "indirect": frame_of("indirect", [hit])}
    (said,) = left_out(tables, "magnets", whole.meta)
    assert said.startswith(
        "Australia supplies 50 % today and nothing in the plan: its makers need iron ore, of which deliveries are "
        "cut, and keep 40 % in their worst month. In its place more comes from Germany."
    )
    assert left_out(whole.tables, "magnets", whole.meta) == []
    unknown = plan.assign(planned=plan["planned"].where(~magnets))  # no plan survives: nothing is said of it
    assert left_out({**tables, "plan": unknown}, "magnets", whole.meta) == []
    path = tmp_path / "out.xlsx"
    write_workbook(Result(whole.meta, tables), path)
    page = openpyxl.load_workbook(path)["Magnets"]
    text = " ".join(str(row[0]) for row in page.iter_rows(max_row=12, values_only=True) if row[0])
    assert "Australia supplies 50 % today and nothing in the plan" in text


def test_names_of_sheets_and_tables_are_unique_and_short(tmp_path: Path) -> None:
    long = "x" * 40
    labels = {f"{long}{n}": f"Good {n}" for n in range(3)} | {"plan": "P", "a/b:c": "Q", "🧲" * 30: "R", "'": "S"}
    rows = [required(good, ALL, ALL, "raise", 0.5, 0.3) for good in labels]
    path = tmp_path / "out.xlsx"
    write_workbook(made_up(labels, requirements=frame_of("requirements", rows)), path)
    book = openpyxl.load_workbook(path)
    names = [name.lower() for name in book.sheetnames]
    assert len(set(names)) == len(names)
    assert all(len(name.encode("utf-16-le")) <= 62 and not re.search(r"[\[\]:*?/\\]", name) for name in names)
    tables = [name.lower() for sheet in book for name in sheet.tables]
    assert len(set(tables)) == len(tables) and all(re.fullmatch(r"t_[a-z0-9_]+", name) for name in tables)


def test_marking_stands_on_the_cover_and_every_page(whole: Result, tmp_path: Path) -> None:
    document = {"marking": "DRAFT & more", "purpose": "To decide", "not_this": "No advice.", "date": "2026-11-30"}
    path = tmp_path / "out.xlsx"
    write_workbook(Result({**whole.meta, "document": document}, whole.tables), path)
    book = openpyxl.load_workbook(path)
    lines = {row[0]: row[1] for row in book["Cover"].iter_rows(values_only=True) if row[0]}
    assert (lines["Purpose"], lines["Date"]) == ("To decide", "2026-11-30")
    assert lines["By the authors of the case"] == "No advice."
    assert book["Cover"]["A2"].value == "DRAFT & more"
    for sheet in book:
        assert "DRAFT && more" in sheet.oddHeader.center.text and "DRAFT && more" in sheet.oddFooter.center.text


# The case file.


def test_document_and_grounds_of_a_case(make: Callable[..., Any]) -> None:
    case = make(
        FLOWS,
        [],
        cut=["CHN"],
        survival={"critical_share": 0.8},
        document={"marking": "OFFICIAL", "version": "1"},
        grounds={"critical_share": {"source": "survey", "low": 0.7, "high": 0.9, "owner": "Unit 3", "confidence": "low"},
                 "months": "a year"},
    )  # fmt: skip
    result = resilience.solve(case)
    assert result.meta["document"] == {"marking": "OFFICIAL", "version": "1"}
    rows = result.assumptions.set_index("parameter")
    shown = rows.loc["critical_share", ["low", "high", "ground", "owner", "confidence"]].tolist()
    assert shown == [0.7, 0.9, "survey", "Unit 3", "low"]
    assert rows.at["drawdown", "ground"] == "default of the tool" and math.isnan(rows.at["drawdown", "low"])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"document": {"markings": "x"}}, 'unknown key "markings"; did you mean "marking"?'),
        ({"document": {"marking": "x" * 61}}, "61 characters do not fit"),
        ({"document": {"date": 3}}, "3 is not a date or a text"),
        ({"document": "x"}, "must be a table"),
        ({"grounds": {"months": {"low": 1}}}, "needs its source"),
        ({"grounds": {"months": {"source": "x", "low": 2, "high": 1}}}, "2 is above high, 1"),
        ({"grounds": {"months": {"source": "x", "confidence": "sure"}}}, '"sure" is not a confidence'),
        ({"grounds": {"months": {"source": "x", "ower": "y"}}}, 'did you mean "owner"?'),
        ({"grounds": {"months": 3}}, "3 is neither a text nor a table"),
        ({"grounds": {"cutoffs": {"cut": "x"}}}, 'a name with dots stands in quotes: "cutoffs.cut" = …'),
        ({"grounds": {"cutoffs.cut": {"source": "x", "high": 1}}}, "a range is of one number"),
        ({"grounds": {"cutoffs.cut.fractoin": "x"}}, 'unknown "fractoin"; did you mean "fraction"?'),
        ({"grounds": {"cutoffs.cut.fraction.CHM": "x"}}, 'unknown "CHM"; did you mean "CHN"?'),
    ],
)
def test_what_does_not_fit_in_document_and_grounds(
    make: Callable[..., Any], keys: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        make(FLOWS, [], cut=["CHN"], **keys)


def test_cutoffs_are_assumptions_with_unit_range_and_ground(make: Callable[..., Any]) -> None:
    """First in the table, each number by the name that --set takes; the ground of a number goes before its cutoff's."""
    cutoffs = [
        {
            "name": "a.b",
            "cut": ["CHN", "BBB"],
            "fraction": {"CHN": 0.25},
            "start": 2,
            "months": 3,
            "goods": ["wheat"],
        },
        {"name": "any", "any": 2},
    ]
    grounds = {
        "cutoffs.a.b": {"source": "a worry", "owner": "Unit 3"},
        "cutoffs.a.b.fraction": {"source": "a study", "low": 0.2, "high": 0.5},
        "cutoffs.a.b.fraction.CHN": "a survey",
    }
    result = resilience.solve(make(FLOWS, [], cutoffs=cutoffs, grounds=grounds))
    rows = result.assumptions
    of = rows[rows["good"] == ALL]
    assert of.index.tolist() == list(range(len(of)))
    shown = of[["parameter", "value", "unit", "set_in", "ground", "owner"]].values.tolist()
    a, tool = "cutoffs.a.b", "default of the tool"
    assert shown == [
        [f"{a}.cut", "CHN; BBB", None, f"{a}.cut", "a worry", "Unit 3"],
        [f"{a}.fraction.default", "1", "share", "default", "a study", None],
        [f"{a}.fraction.CHN", "0.25", "share", f"{a}.fraction.CHN", "a survey", None],
        [f"{a}.goods", "wheat", None, f"{a}.goods", "a worry", "Unit 3"],
        [f"{a}.start", "2", "month", f"{a}.start", "a worry", "Unit 3"],
        [f"{a}.months", "3", "months", f"{a}.months", "a worry", "Unit 3"],
        ["cutoffs.any.any", "2", "suppliers", "cutoffs.any.any", "assumed", None],
        ["cutoffs.any.fraction", "1", "share", "default", tool, None],
        ["cutoffs.any.goods", "all goods", None, "default", tool, None],
        ["cutoffs.any.start", "1", "month", "default", tool, None],
        ["cutoffs.any.months", "to the end", None, "default", tool, None],
    ]
    ends = of.set_index("parameter")[["low", "high"]]
    assert ends.loc[f"{a}.fraction.default"].tolist() == [0.2, 0.5]
    assert ends.drop(f"{a}.fraction.default").isna().all(axis=None)


def test_an_edited_cutoff_is_stale_as_well(make: Callable[..., Any], tmp_path: Path) -> None:
    """The cutoffs stand first on the sheet, and their values are in the checksums."""
    result = resilience.solve(make(FLOWS, [], cut=["CHN"]))
    path = tmp_path / "out.xlsx"
    write_workbook(result, path)
    rows = _records(openpyxl.load_workbook(path)["Assumptions"])
    assert [row["Parameter"] for row in rows[:2]] == ["cutoffs.cut.cut", "cutoffs.cut.fraction"]
    tables = {name: frame.copy() for name, frame in result.tables.items()}
    fraction = tables["assumptions"]["parameter"] == "cutoffs.cut.fraction"
    tables["assumptions"].loc[fraction, "value"] = "0.5"
    before, after = (
        checksums(assumptions_sheet(Answers(one)))[0].value for one in (result, Result(result.meta, tables))
    )
    assert before - after == pytest.approx(0.5 * weight(ALL, "cutoffs.cut.fraction"))


def test_who_answers_is_said_to_be_missing(whole: Result, tmp_path: Path) -> None:
    for document, expected in (
        ({"purpose": "To decide"}, "not given in the case file"),
        ({"purpose": "To decide", "contact": "Unit 3"}, "Unit 3"),
        ({}, None),
    ):
        path = tmp_path / "out.xlsx"
        write_workbook(Result({**whole.meta, "document": document}, whole.tables), path)
        lines = dict(row[:2] for row in openpyxl.load_workbook(path)["Cover"].iter_rows(values_only=True))
        assert lines.get("Contact") == expected


# Change log.


def test_changes_name_what_appeared_vanished_and_changed(whole: Result) -> None:
    tables = {name: frame.copy() for name, frame in whole.tables.items()}
    tables["stress"] = tables["stress"].iloc[1:]
    tables["requirements"].loc[0, "share"] += 0.1
    tables["requirements"].loc[1, "share"] += 1e-9  # rounding
    tables["assumptions"].loc[0, "value"] = "13"
    found = changes(whole.tables, tables)
    assert found[found["what"] == "vanished"]["key"].tolist() == ["magnets, CAN, One"]
    changed = found[found["what"] == "changed"]
    assert changed["column"].tolist() == ["share", "value"]
    assert changed["before"].tolist() == [0.55, "12"] and changed["after"].tolist() == [pytest.approx(0.65), "13"]
    back = changes(tables, whole.tables)
    assert back[back["what"] == "appeared"]["table"].tolist() == ["stress"]


@pytest.mark.parametrize("suffix", ["xlsx", "json"])
def test_a_result_compared_with_itself_does_not_differ(whole: Result, tmp_path: Path, suffix: str) -> None:
    old, new = tmp_path / f"old.{suffix}", tmp_path / "new.xlsx"
    whole.write(old)
    assert len(changes(read_tables(old), whole.tables)) == 0
    write_workbook(whole, new, compare=old)
    sheet = openpyxl.load_workbook(new)["Change log"]
    assert sheet["A3"].value == f"Compared with old.{suffix}: nothing differs."


@pytest.mark.parametrize("suffix", ["xlsx", "json"])
def test_a_changed_number_is_in_the_log(whole: Result, tmp_path: Path, suffix: str) -> None:
    old, new = tmp_path / f"old.{suffix}", tmp_path / "new.xlsx"
    before = whole.tables["capacity"].copy()
    before.loc[0, "new_capacity"] = 1000.0
    Result(whole.meta, {**whole.tables, "capacity": before}).write(old)
    write_workbook(whole, new, compare=old)
    rows = _records(openpyxl.load_workbook(new)["Change log"])
    assert rows == [
        {"Table": "Capacity", "Key": "magnets, USA", "Column": "New capacity", "Before": 1000, "After": 1234.5,
         "What": "changed"}
    ]  # fmt: skip


@pytest.mark.parametrize("content", [None, b"", b"no workbook", b'{"tables": {}}', b"PK\x03\x04 broken"])
@pytest.mark.parametrize("name", ["old.xlsx", "old.json"])
def test_what_is_no_earlier_result_is_refused(tmp_path: Path, name: str, content: bytes | None) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=re.escape(name)):
        read_tables(path)


def test_a_hostile_range_of_a_table_costs_nothing(whole: Result, tmp_path: Path) -> None:
    path, bad = tmp_path / "old.xlsx", tmp_path / "bad.xlsx"
    write_workbook(whole, path)
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(bad, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name.startswith("xl/tables/") and b't_requirements"' in content:
                content = re.sub(rb' ref="[A-Z]+(\d+):[^"]+"', rb' ref="A\1:XFD1048576"', content)
            target.writestr(name, content)
    assert len(read_tables(bad)["requirements"]) == len(whole.requirements)


def test_what_goes_into_the_workbook_only_needs_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--compare", "--study"):
        assert main(["run", "case.toml", option, str(tmp_path), "--out", "x.json"]) == 2
        assert f"{option}: goes into the workbook; add --out NAME.xlsx" in capsys.readouterr().err


# A study.


def test_a_study_is_shown_as_sensitivity(make: Callable[..., Any], tmp_path: Path) -> None:
    case = make(FLOWS, [], cut=["CHN"], study={"design": "one_at_a_time", "factors": {"survival.months": [6, 12]}})
    folder, out, file = tmp_path / "study", tmp_path / "out.xlsx", str(case.file.path)
    assert main(["study", file, "--out", str(folder), "--quiet", "--workers", "1"]) == 0
    assert main(["run", file, "--out", str(out), "--study", str(folder), "--quiet"]) == 0
    book = openpyxl.load_workbook(out)
    names = [name for name in book.sheetnames if name.startswith("Sensitivity")]
    assert names[0] == "Sensitivity" and book.sheetnames.index("Data") < book.sheetnames.index("Sensitivity")
    assert _records(book["Sensitivity"])[0]["Factor"] == "survival.months"
    notes = [str(row[0]) for row in book["Sensitivity"].iter_rows(max_row=4, values_only=True)]
    assert any("From the study" in note and "another case" not in note for note in notes)
    (folder / "tables" / "meta.json").unlink()
    with pytest.raises(InputError, match="not finished"):
        write_workbook(resilience.solve(case), out, study=folder)


# Long tables.


def test_a_table_too_long_for_a_sheet_goes_to_csv(whole: Result, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(handoff, "SAMPLE", 5)
    path = tmp_path / "out.xlsx"
    written = write_workbook(whole, path, most_rows=len(whole.tables["plan"]) - 1)
    names = [file.name for file in written]
    assert "out.xlsx" in names and "out-plan.csv" in names and "out-requirements.csv" in names
    book = openpyxl.load_workbook(path)
    notes = [str(row[0]) for row in book["Plan"].iter_rows(max_row=8, values_only=True)]
    assert "All 12 rows are in out-plan.csv beside this file; here are the first 5." in notes
    assert len(_read(book["Plan"])[1]) == 5
    back = read_tables(path)
    assert len(changes(back, whole.tables)) == 0 and len(back["plan"]) == 12
    assert [row["Sourcing today"] for row in _records(book["Data"])] == [
        100
    ] * 4  # values: the sheet has no whole plan


def test_a_long_sheet_written_row_by_row_reads_back_the_same(
    whole: Result, tmp_path: Path, monkeypatch: Any
) -> None:
    usual, long = tmp_path / "usual.xlsx", tmp_path / "long.xlsx"
    write_workbook(whole, usual)
    monkeypatch.setattr(workbook, "LONG", 5)
    write_workbook(whole, long)
    with zipfile.ZipFile(long) as archive:
        assert any(b"inlineStr" in archive.read(name) for name in archive.namelist())
    one, other = openpyxl.load_workbook(usual), openpyxl.load_workbook(long)
    for sheet in one:
        if sheet.title != "Cover":
            assert _read(sheet) == _read(other[sheet.title]), sheet.title
            (table,), (again,) = sheet.tables.values(), other[sheet.title].tables.values()
            assert (table.ref, table.autoFilter.ref) == (again.ref, again.autoFilter.ref)


def test_printed_rows_are_bounded(whole: Result, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(workbook, "MOST_PRINTED", 4)
    path = tmp_path / "out.xlsx"
    write_workbook(whole, path)
    sheet = openpyxl.load_workbook(path)["Plan"]
    (table,) = sheet.tables.values()
    first = int(re.sub(r"\D", "", table.ref.split(":")[0]))
    assert sheet.print_area.endswith(f"${first + 4}")
    notes = [str(row[0]) for row in sheet.iter_rows(max_row=first, values_only=True)]
    assert "Printed are the first 4 of 12 rows; the sheet holds all." in notes
    assert sheet.oddFooter.left.text.endswith("rows 1 to 4 of 12")
    assert "rows 1 to" not in openpyxl.load_workbook(path)["Data"].oddFooter.left.text


def test_all_trade_that_was_used_is_in_the_workbook(make: Callable[..., Any], tmp_path: Path) -> None:
    """AAA buys from BBB, which ships on what CCC makes: the second row is no purchase, but the origin rests on it."""
    balances = [
        {"country": "AAA", "production": 0},
        {"country": "BBB", "production": 0},
        {"country": "CCC", "production": 100},
    ]
    result = resilience.solve(make([("BBB", "AAA", 40), ("CCC", "BBB", 60)], balances, cut=["CCC"]))
    rows = result.flows_used[["exporter", "importer", "quantity", "status"]].to_numpy().tolist()
    assert rows == [["CCC", "BBB", 60.0, "observed"], ["BBB", "AAA", 40.0, "observed"]]
    assert result.purchases[["supplier", "quantity"]].to_numpy().tolist() == [["BBB", 40.0]]
    result.write(tmp_path / "tables")
    assert len(pd.read_csv(tmp_path / "tables" / "flows_used.csv")) == 2
    result.write(tmp_path / "out.json")
    again = resilience.results.read_result(tmp_path / "out.json")
    assert len(again.flows_used) == 0 and len(again.purchases) == 1
    for one, found in ((result, [("CCC", "BBB", 60), ("BBB", "AAA", 40)]), (again, None)):
        write_workbook(one, tmp_path / "out.xlsx")
        book = openpyxl.load_workbook(tmp_path / "out.xlsx")
        assert ("Data flows" in book.sheetnames) == (found is not None)
        if found:
            shown = _records(book["Data flows"])
            assert [(row["Exporter code"], row["Importer code"], row["Quantity"]) for row in shown] == found


def test_inputs_that_a_good_was_solved_along_with_stand_on_data(make: Callable[..., Any], tmp_path: Path) -> None:
    """Magnets alone are asked for; of powder, 50 from CHN and 10 from FRD, the figures are there and no plan."""
    case = make(
        [("CHN", "AAA", 40, "magnet"), ("CHN", "AAA", 50, "powder"), ("FRD", "AAA", 10, "powder")],
        [
            {"country": "AAA", "good": "magnet", "production": 60, "capacity": 90},
            {"country": "CHN", "good": "magnet", "production": 40},
            {"country": "AAA", "good": "powder", "production": 0},
            {"country": "CHN", "good": "powder", "production": 50},
            {"country": "FRD", "good": "powder", "production": 10, "capacity": 100},
        ],
        region=["AAA", "FRD"],
        cut=["CHN"],
        goods=["magnet"],
        survival={"months": 2, "critical_share": 0.8},
        response={"new_capacity": 0.0},
        data={
            "goods": [("magnet", "military"), ("powder", "military")],
            "recipes": [{"good": "magnet", "input": "powder"}],
        },
    )
    result = resilience.solve(case)
    assert set(result.requirements["good"]) == {"magnet"}
    assert result.balance["good"].tolist() == ["magnet", "powder"]
    write_workbook(result, tmp_path / "out.xlsx")
    book = openpyxl.load_workbook(tmp_path / "out.xlsx", data_only=True)
    magnet, powder = _records(book["Data"])
    assert (magnet["Demand"], powder["Demand"], powder["Imports"], powder["Purchases"]) == (100, 60, 60, 60)
    assert powder["Sourcing in the plan"] is None and powder["Share today"] is None
    assert [row["Supplier code"] for row in _records(book["Purchases"])] == ["CHN", "CHN", "FRD"]
    assert ", ".join({row["Result"] for row in _records(book["Checks"])}) == "ok"
    notes = [str(row[0]) for row in book["Data"].iter_rows(max_row=8, values_only=True)]
    assert any(note.startswith("Not asked for, but goods were solved along with it: Powder.") for note in notes)


# Legal thresholds.


def _figures(
    shares: dict[str, float], hs: str, member: str = "DEU", planned: dict[str, float] | None = None, **balance: Any
) -> pd.DataFrame:
    """Benchmarks of one good that one member buys in these shares."""
    then = planned or shares
    plan = [
        {"good": "g", "member": member, "supplier": s, "baseline": b, "planned": then[s], "change": then[s] - b}
        for s, b in shares.items()
    ]
    row = {
        "good": "g",
        "member": member,
        "demand": 100.0,
        "scope": "imports",
        "source": "A",
        "exports": 0.0,
        **balance,
    }
    names = {"DEU": "Germany", "USA": "United States", "CAN": "Canada"}
    result = made_up(
        {"g": "The good"},
        plan=frame_of("plan", plan),
        balance=frame_of("balance", [row]),
        requirements=frame_of("requirements", [required("g", ALL, ALL, "raise", 0.5, 0.3)]),
        meta={"hs": {"g": hs}, "members": {member: names[member]}},
    )
    return benchmarks(result).set_index("rule")


def test_one_third_country_by_hand() -> None:
    row = _figures({"CHN": 70.0, "FRA": 20.0, "DEU": 10.0}, "810411").loc["CRMA: one third country"]
    assert (row["today"], row["limit"], row["stands"]) == (0.7, 0.65, "misses")
    assert "70 % from China" in row["text"] and "only 1 of 27" in row["text"] and "2024/1252" in row["source"]
    row = _figures({"CHN": 60.0, "FRA": 40.0}, "810411").loc["CRMA: one third country"]
    assert row["stands"] == "keeps"
    row = _figures({"CHN": 60.0, "FRA": 40.0}, "810411", planned={"CHN": 70.0, "FRA": 30.0}).loc[
        "CRMA: one third country"
    ]
    assert (row["today"], row["needed"], row["stands"]) == (0.6, 0.7, "keeps today, misses in the plan")
    assert row["unit"] == "share of imports"  # as the good's production is unknown
    row = _figures({"FRA": 90.0, "CHN": 10.0}, "810411").loc["CRMA: one third country"]
    assert (row["today"], row["stands"]) == (0.1, "keeps")  # France is no third country
    row = _figures({"CHN": 70.0, "USA": 30.0}, "810411", "USA").loc["CRMA: one third country"]
    assert row["stands"] == "compared" and "No member is bound" in row["text"]


def test_capacity_thresholds_by_hand() -> None:
    rows = _figures({"CHN": 100.0}, "810411", production=45.0)
    row = rows.loc["CRMA: processing"]
    assert (row["stands"], row["today"], row["limit"]) == (
        "compared",
        0.45,
        0.4,
    )  # asked of all materials together
    assert (
        "45 % of their demand, at or above 40 %" in row["text"]
        and "all strategic raw materials together" in row["text"]
    )
    assert rows.loc["CRMA: extraction", "stands"] == "does not apply"
    assert rows.loc["CRMA: recycling", "stands"] == "unknown"
    assert "below 40 %" in _figures({"CHN": 100.0}, "810411", production=39.0).loc["CRMA: processing", "text"]
    assert _figures({"CHN": 100.0}, "810411", production=NAN).loc["CRMA: processing", "stands"] == "unknown"
    assert _figures({"CHN": 100.0}, "2611", production=10.0).loc["CRMA: extraction", "stands"] == "compared"
    for rule in ("CRMA: one third country", "CRMA: processing"):
        assert _figures({"CHN": 100.0}, "1001").loc[rule, "stands"] == "does not apply"
        assert _figures({"CHN": 100.0}, "").loc[rule, "stands"] == "does not apply"


@pytest.mark.parametrize(
    ("member", "stock", "imports", "exports", "eu", "iea", "days"),
    [
        ("DEU", 25.0, 100.0, 0.0, "keeps", "keeps", 91.25),
        ("DEU", 20.0, 100.0, 0.0, "misses", "misses", 73.0),
        ("DEU", 15.0, 50.0, 0.0, "misses", "keeps", 109.5),  # 61 days of use count as well: 54.75 days
        ("USA", 25.0, 100.0, 0.0, "does not apply", "keeps", 91.25),
        ("CAN", 25.0, 100.0, 200.0, "does not apply", "does not apply", None),
        ("DEU", NAN, 100.0, 0.0, "unknown", "unknown", None),
    ],
)
def test_days_of_oil_by_hand(
    member: str, stock: float, imports: float, exports: float, eu: str, iea: str, days: float | None
) -> None:
    rows = _figures({"SAU": 100.0}, "270900", member, stock=stock, imports=imports, exports=exports)
    assert rows.loc["EU oil stocks", "stands"] == eu and rows.loc["IEA oil stocks", "stands"] == iea
    if days is not None:
        assert rows.loc["IEA oil stocks", "today"] == pytest.approx(days)


def test_assumed_stocks_are_not_held_against_the_law() -> None:
    """A stock that the case assumes would meet its own threshold by construction: no verdict, and no figure."""
    about = {"stock": 25.0, "imports": 100.0, "exports": 0.0, "source": "A; stock assumed in the case file"}
    rows = _figures({"SAU": 100.0}, "270900", "DEU", **about)
    for rule in ("EU oil stocks", "IEA oil stocks"):
        assert rows.loc[rule, "stands"] == "assumed, not observed" and math.isnan(rows.loc[rule, "today"])
        assert "91 days of net imports" in rows.loc[rule, "text"] and "no observation" in rows.loc[rule, "text"]
    # a source that merely has the word in its name is none of the case
    rows = _figures({"SAU": 100.0}, "270900", "DEU", **about | {"source": "Stocks, partly assumed, 2024"})
    assert rows.loc["IEA oil stocks", "stands"] == "keeps"


@pytest.mark.parametrize(
    ("rule", "act"),
    [
        (
            "one-country",
            "Regulation (EU) 2024/1252 of 11 April 2024 (Critical Raw Materials Act), Article 5(1)(b)",
        ),
        ("recycling", "Regulation (EU) 2024/1252 of 11 April 2024 (Critical Raw Materials Act), Article 5(1)(a)"),
        ("eu-oil", "Council Directive 2009/119/EC of 14 September 2009, Article 3(1)"),
        ("iea-oil", "Agreement on an International Energy Program, Paris, 18 November 1974, Article 2(1)"),
    ],
)
def test_benchmarks_name_the_legal_act_and_whether_its_text_was_read(rule: str, act: str) -> None:
    about = thresholds()["rules"][rule]
    assert about["source"].startswith(act)
    assert "read" in about["checked"] or "As for" in about["checked"]


def test_every_content_preset_and_every_good_is_there(whole: Result) -> None:
    from resilience.origins.content import presets

    rows = benchmarks(whole)
    assert {preset.label for preset in presets().values()} <= set(rows["rule"])
    for rule, part in rows.groupby("rule"):
        named = "; ".join(part["goods"]).lower()
        assert "magnets" in named and "wheat" in named, rule
    assert (rows["source"] != "").all() and (rows["checked"] != "").all()
    arms = _figures({"CHN": 100.0}, "930630")
    safe = arms.loc["EU SAFE, common procurement of defence products"]
    assert safe["stands"] == "unknown" and "resilience content BOM --rule safe" in safe["text"]


# Hostile content.

TEXTS = st.one_of(
    st.sampled_from([*HOSTILE, "x" * 40_000, "🧲" * 20_000, LONG, "", "\u202eright to left", "‏עברית", "_x000D_"]),
    st.text(max_size=300),
)
NUMBERS = st.one_of(st.floats(), st.sampled_from([NAN, math.inf, -math.inf, 0.0, -0.0, 1e308, 5e-324]))


@settings(max_examples=12, deadline=None)
@given(data=st.data())
@example(data=None)
def test_the_file_always_opens_and_holds_the_text(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    def text() -> str:
        return "=1+1" if data is None else data.draw(TEXTS)

    def number() -> float:
        return math.inf if data is None else data.draw(NUMBERS)

    labels = {"magnets": text(), text(): text()}
    goods = list(labels)
    rows = [required(good, member, ALL, "raise", 0.5, 0.3) for good in goods for member in ("CAN", ALL)]
    messages = [text() for _ in range(3)]
    findings = [{"severity": "info", "table": text(), "column": text(), "message": m} for m in messages]
    stress = [{"good": "magnets", "member": "CAN", "cutoff": "One", "total_shortfall": number(), "unit": text()}]
    assumptions = [{"good": g, "parameter": "months", "value": text(), "ground": text()} for g in goods]
    document = {"purpose": text(), "marking": text()[:60], "not_this": text()}
    given_meta = {"title": text() or "title", "members": {"CAN": text()}, "document": document}
    empty = (
        [] if data is None else data.draw(st.lists(st.sampled_from(["plan", "balance", "capacity", "sources"])))
    )
    result = made_up(
        labels,
        requirements=frame_of("requirements", rows),
        findings=frame_of("findings", findings),
        stress=frame_of("stress", stress),
        assumptions=frame_of("assumptions", assumptions),
        meta=given_meta,
        **{name: frame_of(name, []) for name in empty},
    )
    path = tmp_path_factory.mktemp("hostile") / "out.xlsx"
    write_workbook(result, path)
    book = openpyxl.load_workbook(path)

    def held(sheet: str, column: str) -> list[str]:
        head, body = _read(book[sheet])
        return [str(row[head.index(column)] or "").replace("_x005F_", "_") for row in body]

    assert held("Findings", "Message") == [clean(message) for message in messages]
    assert held("Assumptions", "Ground") == [clean(row["ground"]) for row in assumptions]
    assert held("Summary", "Good") == [clean(label) for label in labels.values()]
    value = stress[0]["total_shortfall"]
    shown = _read(book["Stress"])[1][0][_read(book["Stress"])[0].index(heading("total_shortfall"))]
    if math.isnan(value):
        assert shown is None
    elif math.isinf(value):
        assert shown == ("infinite" if value > 0 else "minus infinite")
    else:
        assert shown == pytest.approx(value, rel=1e-14)
    for sheet in book:
        for line in sheet.iter_rows():
            for cell in line:
                if cell.data_type == "f":
                    assert re.match(r"=(MAX|SUM|IF|ABS|ROUND|t_plan|B\d|COUNT)", cell.value), cell.value


# Another program.


def _office(folder: Path, file: Path, kind: str = "xlsx") -> Path:
    """Recalculated and saved by LibreOffice, which is told never to trust stored values."""
    office = shutil.which("soffice")
    assert office, "LibreOffice (soffice) is needed for this test"
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True, exist_ok=True)
    (profile / "user" / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?><oor:items xmlns:oor="http://openoffice.org/2001/registry">'
        '<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" '
        'oor:op="fuse"><value>0</value></prop></item></oor:items>',
        encoding="utf-8",
    )
    out = folder / "recalculated"
    command = [office, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", kind]
    subprocess.run([*command, "--outdir", str(out), str(file)], check=True, capture_output=True, timeout=300)
    return out / f"{file.stem}.{kind}"


def _with(source: Path, target: Path, change: Callable[[str, bytes], bytes]) -> None:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))


@pytest.mark.slow
@pytest.mark.parametrize("hostile", [False, True])
def test_another_program_recalculates_to_the_same_values(whole: Result, tmp_path: Path, hostile: bool) -> None:
    """The stored values of formulas are spoilt first, so that only a true recalculation can mend them."""
    path, spoilt = tmp_path / "out.xlsx", tmp_path / "spoilt.xlsx"
    names = dict(zip(whole.meta["labels"], HOSTILE, strict=False))
    result = Result({**whole.meta, "labels": names}, whole.tables) if hostile else whole
    write_workbook(result, path)
    count = 0

    def spoil(name: str, content: bytes) -> bytes:
        nonlocal count
        if not name.startswith("xl/worksheets/"):
            return content
        content, found = re.subn(rb"</f><v>[^<]*</v>", b"</f><v>99</v>", content)
        count += found
        return content

    _with(path, spoilt, spoil)
    again = openpyxl.load_workbook(_office(tmp_path, spoilt), data_only=True)
    stored, texts = openpyxl.load_workbook(path, data_only=True), openpyxl.load_workbook(path)
    compared = 0
    for sheet in texts:
        for row in sheet.iter_rows():
            for cell in row:
                other = again[sheet.title][cell.coordinate]
                assert other.data_type != "e", f"{sheet.title}!{cell.coordinate}: {other.value}"
                if cell.data_type == "f":
                    value, where = stored[sheet.title][cell.coordinate].value, f"{sheet.title}!{cell.coordinate}"
                    if isinstance(value, (int, float)):
                        assert other.value == pytest.approx(value, rel=1e-9, abs=1e-12), f"{where} {cell.value}"
                    else:
                        assert (other.value or "") == (value or ""), f"{where} {cell.value}"
                    compared += 1
    assert compared == count > 100


@pytest.mark.slow
def test_another_program_prints_members_and_goods_on_one_page_each(tmp_path: Path) -> None:
    """37 goods of seven members: the page header names the sheet."""
    labels = {f"good_{n:02}": f"Good {n:02}, unwrought (oxides, other forms)" for n in range(37)}
    names = {f"M{n}": f"Member {n}" for n in range(7)}
    rows = [
        required(good, member, cutoff, "build", 0.6 - n / 100 - 0.05 * (cutoff == "One"), 0.1)
        for n, good in enumerate(labels)
        for member in (*names, ALL)
        for cutoff in ("One", "Two", ALL)
    ]
    path = tmp_path / "out.xlsx"
    write_workbook(made_up(labels, requirements=frame_of("requirements", rows), meta={"members": names}), path)
    file = _office(tmp_path, path, "pdf")
    text = subprocess.run(["pdftotext", "-layout", str(file), "-"], check=True, capture_output=True).stdout
    pages = [page.strip().splitlines()[0].split("   ")[-1].strip() for page in text.decode().split("\f")[:-1]]
    for name in (
        "Contents",
        *(f"{code} {said}" for code, said in names.items()),
        *(f"Good {n:02}" for n in range(8)),
    ):
        assert pages.count(name) == 1, name
    assert pages.count("Summary") == 5  # two of all members, one of them with the chart, and two of the map


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after"),
    [(b"<v>12</v>", b"<v>12.001</v>"), (b"<v>0.85</v>", b"<v>0.84</v>"), (b">no limit<", b">no lomit<")],
)
def test_editing_an_assumption_shows_the_banner(
    whole: Result, tmp_path: Path, before: bytes, after: bytes
) -> None:
    path, edited = tmp_path / "out.xlsx", tmp_path / "edited.xlsx"
    write_workbook(whole, path)
    place = f"xl/worksheets/sheet{openpyxl.load_workbook(path).sheetnames.index('Assumptions') + 1}.xml"
    done = 0

    def edit(name: str, content: bytes) -> bytes:
        nonlocal done
        if name in (place, "xl/sharedStrings.xml") and before in content and not done:
            content, done = content.replace(before, after, 1), 1
        return content

    _with(path, edited, edit)
    assert done == 1
    again = openpyxl.load_workbook(_office(tmp_path, edited), data_only=True)
    for name in ("Summary", "Verdicts", "Requirements", "Assumptions"):
        assert again[name]["A2"].value == STALE_TEXT
    assert [row["Result"] for row in _records(again["Checks"])].count(STALE_WORD) == 1


@pytest.mark.slow
def test_editing_a_figure_of_data_shows_the_banner(whole: Result, tmp_path: Path) -> None:
    path, edited = tmp_path / "out.xlsx", tmp_path / "edited.xlsx"
    write_workbook(whole, path)
    book = openpyxl.load_workbook(path)
    data = book["Data"]
    row = next(row for row in data.iter_rows() if any(cell.value == "Stock" for cell in row))
    stock = next(cell for cell in row if cell.value == "Stock")
    cell = next(
        c for (c,) in data.iter_rows(min_row=stock.row + 1, min_col=stock.column, max_col=stock.column) if c.value
    )
    cell.value = cell.value * 1.001
    book.save(edited)
    again = openpyxl.load_workbook(_office(tmp_path, edited), data_only=True)
    assert again["Summary"]["A2"].value == STALE_TEXT
    results = {row["Check"]: row["Result"] for row in _records(again["Checks"])}
    assert results.pop("Figures of Data as calculated") == STALE_WORD and set(results.values()) == {"ok"}


def test_an_infinite_figure_of_data_is_written_as_a_word(whole: Result, tmp_path: Path) -> None:
    balance = whole.tables["balance"].copy()
    balance.loc[0, "stock"] = math.inf
    write_workbook(Result(whole.meta, {**whole.tables, "balance": balance}), tmp_path / "out.xlsx")
    rows = {
        row["Check"]: row
        for row in _records(openpyxl.load_workbook(tmp_path / "out.xlsx", data_only=True)["Checks"])
    }
    assert rows["Figures of Data as calculated"]["Found"] == 0
    assert amount(math.inf, "t") == "inf t"
