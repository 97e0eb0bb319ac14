"""The workbook: read back, compared with the tables, fed hostile text, recalculated by another program."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pandas as pd
import pytest

from resilience import sheets, workbook
from resilience.errors import InputError
from resilience.results import Result
from resilience.schema import ALL, RESULTS
from resilience.sheets import Gap, heading, verdicts_sheet
from resilience.words import short_verdict, verdict
from resilience.workbook import COLOURS, clean, write_workbook

SHEETS = [
    "Cover", "Summary", "Verdicts", "Requirements", "Stress", "Plan", "Capacity", "Balance", "Assumptions",
    "Findings", "Sources",
]  # fmt: skip
TABLES = [name.lower() for name in SHEETS[3:]]
LONG = "Long name " * 30
HOSTILE = [
    "=1+1", "@x", "+1", "-1", '=HYPERLINK("http://example.org";"x")', LONG, "🧲 magnets", "a\x00b\x0bc\x1fd",
    "_x0041_", "<b>&amp;</b>", "http://example.org/", "  padded  ", "عربي",
    "one\ntwo\r\nthree", "'quoted", "12", "TRUE", "#N/A", "{=1}",
]  # fmt: skip
NAN = math.nan


def _frame(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """A result table; columns that are left out are missing."""
    frame = pd.DataFrame(rows, columns=list(RESULTS[name].names))
    for column in RESULTS[name].columns:
        if column.kind in ("share", "amount", "number"):
            frame[column.name] = pd.to_numeric(frame[column.name]).astype(float)
    return frame


def _required(good: str, member: str, cutoff: str, status: str, share: float, today: float) -> dict[str, Any]:
    unsure = status in ("none", "unknown")
    return {
        "good": good,
        "member": member,
        "cutoff": cutoff,
        "reading": "planned",
        "share": NAN if unsure else share,
        "share_today": NAN if status == "unknown" else today,
        "gap": NAN if unsure else max(0.0, share - today),
        "status": status,
        "month": NAN if status in ("met", "unknown") else 7.0,
        "new_capacity": 1234.5 if status == "build" else NAN if unsure else 0.0,
        "unit": "kUSD",
        "scope": "imports",
    }


GOODS = ["magnets", "wheat", "helium", "lng", "cobalt", "arms"]
STATUSES = {
    "magnets": ("build", 0.6, 0.1),
    "wheat": ("met", 0.2, 0.9),
    "helium": ("none", NAN, 0.05),
    "lng": ("shift", 0.25, 0.5),
    "cobalt": ("raise", 0.2716, 0.2704),
    "arms": ("unknown", NAN, NAN),
}


def _result(labels: dict[str, str] | None = None, name: str = "Canada", **changes: Any) -> Result:
    """Every status, two members and two cutoffs; "Two" asks most of magnets, both the same of the others."""
    labels = labels or {good: f"{good.capitalize()}, unwrought" for good in GOODS}
    goods = list(labels)
    status = {good: STATUSES.get(good, ("met", 0.2, 0.9)) for good in goods}
    requirements = [
        _required(good, member, cutoff, status[good][0], status[good][1] - lower, status[good][2])
        for good in goods
        for member in ("CAN", "DEU", ALL)
        for cutoff, lower in (("One", 0.05 if good == "magnets" else 0.0), ("Two", 0.0), (ALL, 0.0))
    ]
    stress = [
        {"good": g, "member": "CAN", "cutoff": "One", "months_survived": 6.0, "worst_shortfall": 0.123456,
         "total_shortfall": 12345.678, "unit": "kUSD"}
        for g in goods
    ]  # fmt: skip
    plan = [
        {"good": g, "member": "CAN", "supplier": s, "baseline": b, "planned": p, "change": p - b, "unit": "t",
         "extra_cost_usd": c}
        for g in goods
        for s, b, p, c in (("USA", 1e9, 1.1e9, 2.5e6), ("CHN", 123.456, 0.0, -1e5), ("CAN", 1e-7, 1e-7, NAN))
    ]  # fmt: skip
    capacity = [
        {"good": goods[0], "country": "USA", "new_capacity": 1234.5, "times_today": math.inf, "unit": "kUSD"},
        {"good": goods[0], "country": "CAN", "new_capacity": 5.0, "times_today": 0.25, "unit": "kUSD"},
    ]
    balance = [
        {"good": g, "member": "DEU", "year": 2024.0, "production": NAN, "imports": 5e6, "exports": 0.0,
         "demand": 4e6, "stock": 7e5, "factor": 1.0123, "unit": "t", "scope": "imports", "status": "assumed",
         "source": "A; B"}
        for g in goods
    ]  # fmt: skip
    assumptions = [
        {"good": g, "parameter": p, "value": v, "unit": "share", "set_in": "default", "ground": "assumed"}
        for g in goods
        for p, v in (("months", "12"), ("critical_share", "0.85"), ("new_capacity", "no limit"))
    ]
    findings = [
        {"severity": "warning", "table": "flows", "row": None, "column": None, "message": LONG * 3},
        {"severity": "info", "table": "balances", "row": 12, "column": "demand", "message": "=cmd()"},
    ]
    sources = [
        {"good": g, "table": "flows", "year": 2024.0, "source": "A", "status": "observed", "rows": 1234.0}
        for g in goods
    ]
    tables = {
        "requirements": requirements, "stress": stress, "plan": plan, "capacity": capacity,
        "findings": findings, "balance": balance, "assumptions": assumptions, "sources": sources,
    }  # fmt: skip
    meta = {
        "title": "Two against a cutoff", "description": "", "case": "two.toml", "case_hash": "0123456789abcdef",
        "dataset": "trade_flows", "dataset_hash": "fedcba9876543210", "year": 2024,
        "years": dict.fromkeys(goods, 2024), "labels": labels, "categories": dict.fromkeys(goods, "military"),
        "notes": dict.fromkeys(goods, "Metal only."), "members": {"CAN": name, "DEU": "Germany"},
        "region": {"CAN": 1.0, "DEU": 1.0, "AUS": 0.5}, "region_name": "Two",
        "countries": {"CAN": name, "DEU": "Germany", "AUS": "Australia", "USA": "United States", "CHN": "China"},
        "cutoffs": [
            {"name": n, "cut": {"China bloc": 0.7}, "all_outsiders": n == "Two", "fraction": 1.0, "goods": None,
             "start": 1, "months": None}
            for n in ("One", "Two")
        ],
        "versions": {"resilience": "0.1.0", "pyomo": "6.10", "highspy": "1.15"},
        "certificate": {"optima": 1234, "worst_residual": 1e-9, "tolerance": 1e-7},
    }  # fmt: skip
    frames = {key: _frame(key, rows) for key, rows in tables.items()}
    return Result({**meta, **changes.pop("meta", {})}, {**frames, **changes})


def _write(tmp_path: Path, result: Result) -> Path:
    path = tmp_path / "out.xlsx"
    write_workbook(result, path)
    return path


def _read(sheet: Any) -> tuple[list[str], list[list[Any]]]:
    """Headings and rows of the native table of a sheet."""
    (table,) = sheet.tables.values()
    head, *rows = [[cell.value for cell in row] for row in sheet[table.ref]]
    return head, rows


def _expected(value: Any) -> Any:
    """What a cell holds for a value of a DataFrame."""
    if value is None or value == "" or (not isinstance(value, str) and pd.isna(value)):
        return None
    if isinstance(value, str):
        return float(value) if re.fullmatch(r"\d+(\.\d+)?", value) else clean(value)
    return {math.inf: "infinite", -math.inf: "minus infinite"}.get(value) or pytest.approx(value, rel=1e-14)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return openpyxl.load_workbook(_write(tmp_path_factory.mktemp("book"), _result()))


def test_sheets_stand_in_order(book: Any) -> None:
    assert book.sheetnames == SHEETS


@pytest.mark.parametrize("name", TABLES)
def test_every_table_reads_back_as_it_was(book: Any, name: str) -> None:
    frame = _result().tables[name]
    head, rows = _read(book[name.capitalize()])
    assert len(rows) == len(frame)
    for column in frame.columns:
        where = head.index(heading(column))
        assert [row[where] for row in rows] == [_expected(value) for value in frame[column].tolist()], column


def _linked() -> dict[str, list[dict[str, Any]]]:
    """Rows of the tables about chains and content, in the order in which a result has them."""
    shares = {"share": 0.6, "input_share": 0.27, "input_share_today": 0.14, "input_gap": 0.13}
    chain = [
        {"good": "magnets", "member": m, "cutoff": c, "input": i, "into": into, "stage": float(n),
         "input_per_unit": ratio, "recipe_unit": "kUSD/kUSD", "essential": "yes", "joint": "no",
         "input_status": status, "keeps_going": 0.4, "weakest": weak, "text": "=In words", **shares}
        for c in ("One", ALL)
        for m in ("CAN", ALL)
        for n, i, into, ratio, status, weak in (
            (1, "rare_earths", "magnets", 0.35, "build", "yes"), (2, "ore", "rare_earths", 0.00382, "met", "no"),
        )
    ]  # fmt: skip
    indirect = [
        {"good": g, "supplier": s, "cutoff": "One", "input": "ore", "months": 3.0, "least": 0.25, "bought": b}
        for g in ("magnets", "cobalt")
        for s, b in (("AUS", 0.01), ("USA", 0.4))
    ]
    substitutes = [
        {"group": "feed", "member": ALL, "cutoff": ALL, "goods": "wheat (1), maize (0.9)", "share": NAN,
         "share_today": 0.5, "gap": NAN, "apart": NAN, "status": "none"}
    ]  # fmt: skip
    content = [
        {"good": "magnets", "supplier": s, "inside": "no", "regional_content": 0.1, "cut_content": 0.2,
         "bought": b, "keeps_going": 0.9, "sector": "C25", "covered": "own rows", "status": "estimated",
         "source": "A"}
        for s, b in (("CHN", 0.01), ("USA", 0.4))
    ]  # fmt: skip
    exposure = [
        {"good": "magnets", "member": "CAN", "cutoff": "One", "direct": 0.5, "through_region": 0.01,
         "through_others": 0.02, "total": 0.53, "most_through": "USA", "covered": 0.9, "sector": "C25",
         "status": "estimated", "source": "A"}
    ]  # fmt: skip
    rule = [
        {"good": "magnets", "member": ALL, "rule": r, "shut_out": "CHN", "bought_from_them": 0.4,
         "some_plan": "yes", "every_plan": "no", "answer": "+1"}
        for r in (0.0, 0.25)
    ]  # fmt: skip
    return {
        "chain": chain, "indirect": indirect, "substitutes": substitutes, "content": content,
        "exposure": exposure, "content_rule": rule,
    }  # fmt: skip


LINKED = ["Chain", "Indirect", "Substitutes", "Content", "Exposure", "Content rule"]


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Any:
    frames = {name: _frame(name, rows) for name, rows in _linked().items()}
    return openpyxl.load_workbook(_write(tmp_path_factory.mktemp("linked"), _result(**frames)))


@pytest.mark.parametrize("name", LINKED)
def test_tables_about_chains_and_content_read_back_as_they_were(linked: Any, name: str) -> None:
    table = name.lower().replace(" ", "_")
    frame = _frame(table, _linked()[table])
    head, rows = _read(linked[name])
    (excel,) = linked[name].tables.values()
    assert excel.name == f"t_{table}" and len(set(head)) == len(head)
    where = [head.index(heading(column, table)) for column in frame.columns]
    shown = sorted([[row[n] for n in where] for row in rows], key=str)
    expected = [[_expected(value) for value in row] for row in frame.to_numpy().tolist()]
    for column, kind in enumerate(RESULTS[table].columns):
        numbers = [row[column] for row in shown if row[column] is not None]
        assert all(isinstance(value, (int, float)) == (kind.kind in ("share", "number")) for value in numbers)
    assert all(row in shown for row in expected) and len(shown) == len(expected)


def test_sheets_about_chains_and_content_are_listed_where_they_have_rows(linked: Any, tmp_path: Path) -> None:
    assert [name for name in linked.sheetnames if name not in SHEETS] == LINKED
    links = [cell.hyperlink.location for row in linked["Cover"].iter_rows() for cell in row if cell.hyperlink]
    assert links == [f"'{name}'!A1" for name in linked.sheetnames]
    none = {name: _frame(name, []) for name in _linked()}
    assert openpyxl.load_workbook(_write(tmp_path, _result(**none))).sheetnames == SHEETS


def test_chain_shows_first_what_matters_most(linked: Any) -> None:
    sheet = linked["Chain"]
    head, rows = _read(sheet)
    assert head[:6] == ["Good", "Member", "Cutoff", "Weakest link", "Input", "Goes into"]
    assert [row[1:5] for row in rows[:3]] == [
        ["All members", "ALL", "yes", "Rare earths"],
        ["All members", "ALL", "no", "Ore"],
        ["Canada", "ALL", "yes", "Rare earths"],
    ]
    assert [row[2] for row in rows] == ["ALL"] * 4 + ["One"] * 4
    (table,) = sheet.tables.values()
    for row in sheet[table.ref][1:]:
        assert {cell.font.b for cell in row if cell.column != 8} == {row[3].value == "yes"}
        assert row[7].fill.fgColor.rgb == "FF" + COLOURS[row[7].value][1:]
        assert row[8].number_format == "0.0%"
        assert row[head.index("Input per unit")].number_format in ("0.000", "0.00000")  # 0.350, 0.00382
    last = openpyxl.utils.get_column_letter(head.index("Makers at home keep") + 1)
    assert f"${last}$" in sheet.print_area  # codes stand beyond it


def test_largest_suppliers_come_first(linked: Any) -> None:
    for name, expected in (("Indirect", ["USA", "AUS", "USA", "AUS"]), ("Content", ["USA", "CHN"])):
        head, rows = _read(linked[name])
        assert [row[head.index("Supplier code")] for row in rows] == expected
    head, rows = _read(linked["Exposure"])
    assert rows[0][head.index("Most comes through")] == "United States"


def test_codes_stand_beside_names(book: Any) -> None:
    head, rows = _read(book["Plan"])
    shown = [rows[0][head.index(name)] for name in ("Good", "Good code", "Member", "Supplier", "Supplier code")]
    assert shown == ["Magnets, unwrought", "magnets", "Canada", "United States", "USA"]
    assert _read(book["Requirements"])[1][8][2] == "All members"


def test_map_shows_verdict_shares_and_colour(book: Any) -> None:
    sheet = book["Summary"]
    head, rows = _read(sheet)
    assert head[-3:] == ["All members", "Canada (CAN)", "Germany (DEU)"]
    shown = {row[0]: row[-1] for row in rows}
    assert shown["Magnets, unwrought"] == "build +50 pp\ntoday 10 %\nleast 60 %"
    assert shown["Wheat, unwrought"] == "met\ntoday 90 %\nleast 20 %"
    assert shown["Helium, unwrought"] == "none\ntoday 5 %\nleast –"
    assert shown["Lng, unwrought"] == "shift\ntoday 50 %\nleast 25 %"
    assert shown["Cobalt, unwrought"] == "raise +0.1 pp\ntoday 27.0 %\nleast 27.2 %"
    assert shown["Arms, unwrought"] == "unknown"
    (table,) = sheet.tables.values()
    for row in sheet[table.ref][1:]:
        status = re.match(r"\w+", row[-1].value)
        assert status and row[-1].fill.fgColor.rgb == "FF" + COLOURS[status.group()][1:]


def test_colours_darken_with_the_verdict_so_that_they_read_in_grey() -> None:
    def grey(colour: str) -> float:
        red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
        return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255

    shades = [grey(COLOURS[status]) for status in ("met", "shift", "raise", "build", "none")]
    steps = [lighter - darker for lighter, darker in pairwise(shades)]
    assert min(steps) > 0.02 and shades[0] - shades[-1] > 0.4
    assert shades[-1] > 0.4  # black text stays legible


def test_verdicts_name_the_cutoff_that_asks_most(book: Any) -> None:
    head, rows = _read(book["Verdicts"])
    asks = {row[0]: row[head.index("Asks most")] for row in rows}
    assert asks["Magnets, unwrought"] == "Two"  # the higher share
    assert asks["Helium, unwrought"] == "One; Two"  # neither can be survived
    assert asks["Wheat, unwrought"] is None
    sentences = {row[0]: row[head.index("Verdict")] for row in rows}
    assert sentences["Helium, unwrought"] == "No share suffices: critical demand is missed from month 7."
    rules = _result().requirements
    assert sentences["Magnets, unwrought"] == verdict(rules.iloc[2].to_dict())
    assert len(rows) == 6 * 3


def test_gap_is_a_formula_with_its_value(tmp_path: Path) -> None:
    path = _write(tmp_path, _result())
    formulas = openpyxl.load_workbook(path)["Verdicts"]
    values = openpyxl.load_workbook(path, data_only=True)["Verdicts"]
    head, rows = _read(formulas)
    where = head.index("Gap")
    frame = _result().requirements
    gaps = frame[frame["cutoff"] == ALL].groupby("good", sort=False)["gap"].first()
    for row, cached in zip(rows, _read(values)[1], strict=True):
        gap = gaps[row[head.index("Good code")]]
        if pd.isna(gap):
            assert row[where] is None and cached[where] is None
        else:
            assert row[where].startswith("=MAX(0,t_verdicts[")
            assert cached[where] == pytest.approx(gap)


def test_solver_output_is_no_formula_and_nothing_links_outside(tmp_path: Path) -> None:
    path = _write(tmp_path, _result(dict(zip("abcdefgh", HOSTILE, strict=False))))
    for sheet in openpyxl.load_workbook(path):
        formulas = {cell.coordinate for row in sheet.iter_rows() for cell in row if cell.data_type == "f"}
        assert bool(formulas) == (sheet.title == "Verdicts"), formulas
    with zipfile.ZipFile(path) as archive:
        assert not [name for name in archive.namelist() if "externalLink" in name]
        assert not any(b'TargetMode="External"' in archive.read(name) for name in archive.namelist())


def _stored(cell: Any) -> str:
    """The text of a cell; the format itself writes a literal ``_x0041_`` as ``_x005F_x0041_``."""
    assert cell.data_type == "s", f"{cell.coordinate} is not text"
    return str(cell.value).replace("_x005F_", "_")


def test_hostile_text_is_text_wherever_it_stands(tmp_path: Path) -> None:
    labels = {f"g{n}": text for n, text in enumerate(HOSTILE)}
    members = {f"M{n:02}": text for n, text in enumerate(HOSTILE)}
    findings = [{"severity": "info", "table": text, "column": text, "message": text} for text in HOSTILE]
    requirements = [_required(good, ALL, ALL, "raise", 0.5, 0.3) for good in labels]
    requirements += [_required("g0", member, ALL, "raise", 0.5, 0.3) for member in members]
    meta = {"members": members, "description": "\n".join(HOSTILE), "notes": labels, "region_name": HOSTILE[0]}
    meta["cutoffs"] = [{**_result().meta["cutoffs"][0], "name": text} for text in HOSTILE]
    frames = {"findings": _frame("findings", findings), "requirements": _frame("requirements", requirements)}
    path = _write(tmp_path, _result(labels, meta=meta, **frames))
    with zipfile.ZipFile(path) as archive:
        for part in archive.namelist():
            ElementTree.fromstring(archive.read(part))
    book = openpyxl.load_workbook(path)
    for name, column in (("Findings", 5), ("Summary", 1)):
        last = book[name].max_row
        cells = [book[name].cell(row, column) for row in range(last - len(HOSTILE) + 1, last + 1)]
        assert [_stored(cell) for cell in cells] == [clean(text) for text in HOSTILE]
    for sheet in book.worksheets[1:]:
        (table,) = sheet.tables.values()
        head = [cell.value for cell in sheet[table.ref][0]]
        assert [column.name for column in table.tableColumns] == head
        assert len({name.lower() for name in head}) == len(head) and max(map(len, head)) <= 255


@pytest.mark.parametrize("title", ["=1+1 & more", "\x01 odd \ud800", LONG])
def test_a_hostile_title_is_shown_everywhere(tmp_path: Path, title: str) -> None:
    path = _write(tmp_path, _result({"magnets": "Magnets"}, meta={"title": title, "case": title}))
    with zipfile.ZipFile(path) as archive:
        for part in archive.namelist():
            ElementTree.fromstring(archive.read(part))
    book = openpyxl.load_workbook(path)
    assert _stored(book["Cover"]["A1"]) == clean(title)
    assert _stored(book["Summary"]["A1"]) == clean(f"Summary: {title}")
    for sheet in book:
        assert len(sheet.oddHeader.left.text) < 255
        assert title[:4].replace("\x01", "\ufffd") in sheet.oddHeader.left.text


def test_an_ampersand_in_a_title_is_printed(tmp_path: Path) -> None:
    path = _write(tmp_path, _result({"magnets": "Magnets"}, meta={"title": "Iron & Dust"}))
    with zipfile.ZipFile(path) as archive:
        assert b"Iron &amp;&amp; Dust" in archive.read("xl/worksheets/sheet2.xml")


def test_text_beyond_the_limit_of_a_cell_says_that_it_is_cut() -> None:
    assert clean("x" * 32_767) == "x" * 32_767
    cut = clean("🧲" * 40_000)
    assert len(cut.encode("utf-16-le")) <= 2 * 32_767
    assert cut.endswith("(cut here; 40,000 characters in all)")
    assert clean("a\x00b\ud800\r\nc\uffff") == "a\ufffdb\ufffd\nc\ufffd"


def test_number_formats_follow_the_unit(book: Any) -> None:
    def formats(sheet: str, column: str) -> set[str]:
        head = _read(book[sheet])[0]
        (table,) = book[sheet].tables.values()
        cells = [row[head.index(column)] for row in book[sheet][table.ref][1:]]
        return {cell.number_format for cell in cells if isinstance(cell.value, (int, float, str))}

    assert formats("Requirements", "Least share") == {"0.0%"}
    assert formats("Verdicts", "Gap") == {"0.0%"}
    assert formats("Stress", "Worst shortfall") == {"0.0%"}
    assert formats("Plan", "Baseline") == {"#,##0"}
    assert formats("Balance", "Year") == {"0"}
    assert formats("Balance", "Factor") == {"#,##0.00"}
    small = _frame("plan", [{"good": "magnets", "member": "CAN", "supplier": "USA", "baseline": 0.5}])
    assert sheets.result_sheet(_result(plan=small), "plan").fields[6].number_format(0) == "#,##0.000"
    every = {c.number_format for s in book for row in s.iter_rows() for c in row if c.value is not None}
    assert not [form for form in every if "E" in form.replace("General", "")]


@pytest.mark.parametrize("name", SHEETS)
def test_sheets_are_set_up_for_screen_and_printer(book: Any, name: str) -> None:
    sheet = book[name]
    assert len(name) <= 31 and sheet["A1"].value and not sheet.merged_cells.ranges
    page = sheet.page_setup
    assert (page.orientation, page.paperSize) == ("landscape", 9)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage and page.fitToWidth in (None, 1)
    assert page.fitToHeight == (2 if name == "Cover" else 0)
    assert "&P" in sheet.oddFooter.right.text and sheet.oddHeader.left.text.endswith("Two against a cutoff")
    if name != "Cover":
        (table,) = sheet.tables.values()
        first = int(re.sub(r"\D", "", table.ref.split(":")[0]))
        assert table.autoFilter is not None and table.name == f"t_{name.lower()}"
        assert sheet.freeze_panes == f"B{first + 1}"
        assert sheet.print_title_rows == f"${first}:${first}"
        assert sheet.cell(first, 1).font.b


def test_cover_says_what_the_case_is_and_what_it_is_not(book: Any) -> None:
    lines = {row[0].value: row[1].value for row in book["Cover"].iter_rows() if row[0].value}
    assert lines["Members"] == "Canada, Germany"
    assert lines["Region"] == "Two: Canada, Germany, Australia (counts 50 %)"
    assert "70 %" in lines["Cutoff: One"] and "all other suppliers" in lines["Cutoff: Two"]
    assert "two.toml" in lines["Case file"] and "0123456789abcdef" in lines["Case file"]
    assert "1,234" in lines["Certificate"] and "0.000000001 " in lines["Certificate"]
    assert lines["Horizon in months"] == "12" and lines["Critical share of demand"] == "85 %"
    assert lines["build"].startswith("New capacity is needed, and mostly a higher share: 1 of 6 goods – Magnets")
    assert "planned" in lines["A coordinated plan"]
    links = [cell.hyperlink.location for row in book["Cover"].iter_rows() for cell in row if cell.hyperlink]
    assert links == [f"'{name}'!A1" for name in SHEETS]


def test_cover_names_the_goods_whose_assumption_differs(tmp_path: Path) -> None:
    rows = [("magnets", "0.9"), ("wheat", "0.8"), ("helium", "0.9"), ("lng", "0.7")]
    used = [{"good": good, "parameter": "critical_share", "value": value} for good, value in rows]
    kinds = {"magnets": "military", "helium": "military", "wheat": "food", "lng": "military"}
    result = _result(assumptions=_frame("assumptions", used), meta={"categories": kinds})
    sheet = openpyxl.load_workbook(_write(tmp_path, result))["Cover"]
    lines = {row[0]: row[1] for row in sheet.iter_rows(values_only=True)}
    shown = "90 % (Magnets, unwrought; Helium, unwrought); 80 % (food); 70 % (Lng, unwrought)"
    assert lines["Critical share of demand"] == shown


def test_description_is_shown_where_there_is_one(tmp_path: Path) -> None:
    path = _write(tmp_path, _result(meta={"description": "Why\nwe ask."}))
    rows = openpyxl.load_workbook(path)["Cover"].iter_rows(values_only=True)
    assert ("Description", "Why we ask.") in [row[:2] for row in rows]


@pytest.mark.parametrize("empty", [["capacity"], [name for name in TABLES if name != "requirements"]])
def test_an_empty_table_says_so(tmp_path: Path, empty: list[str]) -> None:
    book = openpyxl.load_workbook(_write(tmp_path, _result(**{name: _frame(name, []) for name in empty})))
    for name in TABLES:
        sheet = book[name.capitalize()]
        notes = [str(row[0]) for row in sheet.iter_rows(max_row=8, values_only=True)]
        assert any(note.startswith("This table is empty") for note in notes) == (name in empty), name
        _, rows = _read(sheet)
        if name in empty:
            assert len(rows) == 1 and set(rows[0]) == {None}


@pytest.mark.parametrize(("goods", "members"), [(1, 1), (40, 10)])
def test_any_number_of_goods_and_members(tmp_path: Path, goods: int, members: int) -> None:
    labels = {f"g{n}": f"Good {n}" for n in range(goods)}
    names = {f"M{n:02}": f"Member {n}" for n in range(members)}
    rows = [_required(g, m, ALL, "raise", 0.5, 0.3) for g in labels for m in (*names, ALL)]
    result = _result(labels, requirements=_frame("requirements", rows), meta={"members": names})
    head, rows_read = _read(openpyxl.load_workbook(_write(tmp_path, result))["Summary"])
    assert len(rows_read) == goods and len(head) == 6 + 1 + members
    assert {cell for row in rows_read for cell in row[6:]} == {"raise +20 pp\ntoday 30 %\nleast 50 %"}


def test_the_same_result_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one.xlsx", tmp_path / "two.xlsx"
    write_workbook(_result(), one)
    write_workbook(_result(), two)
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as archive:
        assert {entry.date_time[:3] for entry in archive.infolist()} == {(1980, 1, 31)}
        times = re.findall(r">(\d{4}-[^<]*)<", archive.read("docProps/core.xml").decode())
    assert times == ["2000-01-01T00:00:00Z"] * 2  # the clock is in none of the parts


def test_a_table_that_does_not_fit_is_refused_not_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.xlsx"
    monkeypatch.setattr(workbook, "MOST_ROWS", 100 + len(_result().requirements))
    write_workbook(_result(), path)
    path.unlink()
    monkeypatch.setattr(workbook, "MOST_ROWS", 99 + len(_result().requirements))
    with pytest.raises(InputError, match="requirements: 54 rows do not fit .* CSV"):
        write_workbook(_result(), path)
    assert not path.exists()


def test_a_file_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"out.xlsx: the workbook cannot be written \(.+\)"):
        write_workbook(_result(), tmp_path / "missing" / "out.xlsx")


def test_short_verdict_shows_a_small_rise() -> None:
    row = {"status": "raise", "share": 0.27204, "share_today": 0.27045, "gap": 0.00159}
    assert short_verdict(row) == ("raise +0.2 pp", "today 27.0 %\nleast 27.2 %")
    assert "from 27.0 % to 27.2 %" in verdict({**row, "scope": "consumption"})


@pytest.mark.slow
def test_another_program_recalculates_to_the_same_values(tmp_path: Path) -> None:
    """The stored values of formulas are spoilt first, so that only a true recalculation can mend them."""
    office = shutil.which("soffice")
    assert office, "LibreOffice (soffice) is needed for this test"
    labels = dict(zip(GOODS, HOSTILE, strict=False))
    path = _write(tmp_path, _result(labels))
    spoilt = tmp_path / "spoilt.xlsx"
    count = 0
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(spoilt, "w") as target:
        for name in source.namelist():
            text, found = re.subn(rb"</f><v>[^<]*</v>", b"</f><v>99</v>", source.read(name))
            count += found
            target.writestr(name, text)
    stored = next(field for field in verdicts_sheet(_result(labels)).fields if field.heading == "Gap")
    assert count == sum(isinstance(value, Gap) for value in stored.values) > 0
    profile = tmp_path / "profile"
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?><oor:items xmlns:oor="http://openoffice.org/2001/registry">'
        '<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" '
        'oor:op="fuse"><value>0</value></prop></item></oor:items>',
        encoding="utf-8",
    )
    command = [office, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", "xlsx"]
    out = tmp_path / "recalculated"
    subprocess.run([*command, "--outdir", str(out), str(spoilt)], check=True, capture_output=True, timeout=300)
    again = openpyxl.load_workbook(out / "spoilt.xlsx", data_only=True)
    before = openpyxl.load_workbook(path, data_only=True)
    compared = 0
    for sheet in before:
        for row in sheet.iter_rows():
            for cell in row:
                other = again[sheet.title][cell.coordinate]
                assert other.data_type != "e", f"{sheet.title}!{cell.coordinate}: {other.value}"
                if isinstance(cell.value, (int, float)):
                    assert other.value == pytest.approx(cell.value, rel=1e-9, abs=1e-12), cell.coordinate
                    compared += 1
    assert compared > 100
