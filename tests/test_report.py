"""The report: what it says by hand, results read back, the same bytes, hostile text stays text."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Maker

import resilience
from resilience.calculator import with_frontiers
from resilience.cli import main
from resilience.errors import InputError
from resilience.handoff import report_facts as facts
from resilience.handoff.report import write_report
from resilience.handoff.report_pictures import heat_map, inline, pictures_of
from resilience.handoff.world_map import equal_earth, on_map
from resilience.results import NOT_IN_JSON, Result, read_result
from resilience.schema import RESULTS

HOSTILE = [
    "<script>alert(1)</script>", "</style><b>x", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "]]><svg onload=x>",
    "مغناطيس \u202e دائم", "🧲 磁石", "a\x00b\x0bc", "Long name " * 400, "W" * 300, "$\\frac{1}{$", "=1+1", "", "&amp;",
    "\\41 ; } body { display: none",
]  # fmt: skip
HELD = ("script", "img", "iframe", "object", "embed", "form", "base")


@pytest.fixture
def result(make: Maker) -> Result:
    """AAA uses 1,200 a year, half of it critical: 50 a month. It makes 25 a month, BBB is cut; 100 lie in stock."""
    flows = [("BBB", "AAA", 900.0)]
    balances = [
        {"country": "AAA", "production": 300},
        {"country": "BBB", "production": 900, "capacity": 5000},
    ]
    case = make(
        flows, balances, cut=["BBB"], survival={"critical_share": 0.5, "months": 12},
        response={"stock_months": 1}, rests=True, title="A against B",
    )  # fmt: skip
    return resilience.solve(case)


class Page(HTMLParser):
    """Elements, attributes and text of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]


def test_months_by_hand(result: Result) -> None:
    rows = result.months.set_index(["pattern", "month"])
    assert rows.index.is_unique and set(rows["cutoff"]) == {"cut"} and set(rows["member"]) == {"AAA"}
    today = rows.loc["today"]
    assert today.loc[0, "stock"] == pytest.approx(100) and math.isnan(today.loc[0, "delivered"])
    assert today.loc[1:, "critical"].tolist() == pytest.approx([50.0] * 12)
    assert today.loc[1:, "delivered"].tolist() == pytest.approx([25.0] * 12)
    assert today.loc[1:, "stock"].tolist() == pytest.approx([75, 50, 25, 0] + [0] * 8)
    assert today.loc[1:, "used"].tolist() == pytest.approx([50] * 4 + [25] * 8)
    planned = rows.loc["planned"]  # 12 x + 100 = 600
    assert planned.loc[1:, "delivered"].tolist() == pytest.approx([500 / 12] * 12)
    assert planned.loc[1:, "used"].tolist() == pytest.approx([50] * 12)
    assert planned.loc[12, "stock"] == pytest.approx(0, abs=1e-6)
    missed = (today["critical"] - today["used"]).sum()
    assert missed == pytest.approx(result.stress["total_shortfall"].iloc[0])


def test_months_are_left_out_under_solidarity(make: Maker) -> None:
    flows = [("BBB", "AAA", 900.0)]
    balances = [{"country": "AAA", "production": 300}, {"country": "BBB", "production": 900}]
    case = make(flows, balances, cut=["BBB"], response={"solidarity": True})
    assert not len(resilience.solve(case).months)


@pytest.mark.slow
def test_months_of_a_chain_hold_out_as_planned() -> None:
    path = Path(__file__).parent.parent / "models" / "g7-china.toml"
    result = resilience.solve(resilience.load(path, goods=["magnets", "rare_earth_compounds"]), rests=False)
    rows = result.months[result.months["month"] > 0]
    planned = rows[rows["pattern"] == "planned"]
    assert set(planned["good"]) == {"magnets"}  # what is used of rare earths follows the plan of magnets
    assert (planned["used"] == planned["critical"]).all()
    today = rows[rows["pattern"] == "today"]
    missed = (today["critical"] - today["used"]).groupby([today["good"], today["member"]]).sum()
    stress = result.stress[result.stress["cutoff"] == "China"].set_index(["good", "member"])["total_shortfall"]
    assert missed.to_numpy() == pytest.approx(stress[missed.index].to_numpy(), abs=1e-6)
    assert (missed > 0).sum() > 5


# Results read back


def test_text_that_excel_would_run_is_marked_in_csv_and_comes_back(result: Result, tmp_path: Path) -> None:
    ground = result.assumptions.assign(ground="=HYPERLINK(1)", value="-1.5")
    Result(result.meta, {**result.tables, "assumptions": ground}).to_csv(tmp_path)
    written = pd.read_csv(tmp_path / "assumptions.csv")
    assert set(written["ground"]) == {"'=HYPERLINK(1)"} and set(written["value"]) == {-1.5}
    assert "2024," in (tmp_path / "balance.csv").read_text(encoding="utf-8")  # a year has no decimals
    again = resilience.read_result(tmp_path).assumptions
    assert set(again["ground"]) == {"=HYPERLINK(1)"} and set(again["value"]) == {"-1.5"}


def test_results_come_back_as_they_were_written(result: Result, tmp_path: Path) -> None:
    result.to_json(tmp_path / "r.json")
    result.to_csv(tmp_path / "folder")
    for path in (tmp_path / "r.json", tmp_path / "folder"):
        meta = json.loads((path if path.suffix else path / "meta.json").read_text("utf-8"))
        columns = meta.get("meta", meta)["columns"]
        assert columns["stress"]["months_survived"]["unit"] == "months"
        assert columns["requirements"]["share"]["meaning"]
        again = resilience.read_result(path)
        assert set(again.tables) == set(result.tables) and set(again.meta) == set(result.meta)
        for name, frame in result.tables.items():
            if path.suffix == ".json" and name in NOT_IN_JSON:
                assert not len(again.tables[name])
            else:
                pd.testing.assert_frame_equal(again.tables[name], frame, check_exact=True)
        again.to_json(tmp_path / "again.json")
        assert json.loads((tmp_path / "again.json").read_text("utf-8"))["meta"] == json.loads(
            (tmp_path / "r.json").read_text("utf-8"))["meta"]  # fmt: skip
    read_result(tmp_path / "r.json").to_json(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "r.json").read_bytes()


def test_texts_of_any_kind_come_back(result: Result, tmp_path: Path) -> None:
    texts = [text for text in HOSTILE if text and "\x00" not in text] + [
        "NA",
        "nan",
        "a\r\nb",
        'say "x", twice',
        "1e5",
    ]
    row = result.findings.iloc[0].to_dict() if len(result.findings) else dict.fromkeys(RESULTS["findings"].names)
    frame = pd.DataFrame([row | {"severity": "info", "row": math.inf, "message": text} for text in texts])
    changed = Result(result.meta, {**result.tables, "findings": frame.astype({"row": float})})
    changed.to_json(tmp_path / "r.json")
    changed.to_csv(tmp_path / "folder")
    for path in (tmp_path / "r.json", tmp_path / "folder"):
        found = read_result(path).findings
        assert found["message"].tolist() == texts
        assert np.isinf(found["row"]).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["tables"]["plan"][0].update(baseline="many"), "'many' is no number"),
        (lambda d: d["tables"]["plan"][0].update(baseline=True), "is no number"),
        (lambda d: d["tables"]["plan"][0].update(supplier=7), "is no text"),
        (lambda d: d["tables"]["plan"][0].update(colour="red"), "colour"),
        (lambda d: d["tables"]["plan"][0].pop("supplier"), "supplier"),
        (lambda d: d["tables"].pop("requirements"), "requirements"),
        (lambda d: d["tables"].update(plan=3), "no list of records"),
        (lambda d: d["meta"].pop("certificate"), "meta.certificate"),
        (lambda d: d["meta"].update(years=[2024]), "meta.years"),
        (lambda d: d["meta"].update(cutoffs=[{"name": "x"}]), "meta.cutoffs"),
        (lambda d: d.pop("tables"), "no result"),
    ],
)
def test_damaged_results_are_refused(result: Result, tmp_path: Path, change: Any, said: str) -> None:
    result.to_json(tmp_path / "r.json")
    document = json.loads((tmp_path / "r.json").read_text("utf-8"))
    change(document)
    (tmp_path / "r.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(said)):
        read_result(tmp_path / "r.json")


@pytest.mark.parametrize("text", ['{"meta": NaN}', "[" * 100_000, "[1]", "", "{", "\ufeff{}"])
def test_what_is_no_json_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="resilience run"):
        read_result(tmp_path / "r.json")


def test_a_short_line_is_no_unknown(result: Result, tmp_path: Path) -> None:
    result.to_csv(tmp_path / "folder")
    path = tmp_path / "folder" / "plan.csv"
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([lines[0], lines[1].rpartition(",")[0]]) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="plan.csv, row 2"):
        read_result(tmp_path / "folder")


def test_older_results_lack_tables_and_columns(result: Result, tmp_path: Path) -> None:
    result.to_json(tmp_path / "r.json")
    document = json.loads((tmp_path / "r.json").read_text("utf-8"))
    del document["tables"]["months"]
    for row in document["tables"]["balance"]:
        del row["stock"]
    (tmp_path / "r.json").write_text(json.dumps(document), encoding="utf-8")
    again = read_result(tmp_path / "r.json")
    assert not len(again.months) and again.balance["stock"].isna().all()
    write_report(again, tmp_path / "r.html")  # without stocks after the cutoff
    assert "Stocks after the cutoff" not in (tmp_path / "r.html").read_text("utf-8")


# The report


def test_the_report_says_what_was_found(result: Result, tmp_path: Path) -> None:
    document = {"marking": "DRAFT", "purpose": "To be discussed", "not_this": "No advice."}
    write_report(Result({**result.meta, "document": document}, result.tables), tmp_path / "r.html")
    page = Page(tmp_path / "r.html")
    for text in (
        "A against B", "DRAFT", "To be discussed", "No advice.", "data of 2024 (1 good)",
        "Regional share must rise from 25 % to 42 %",  # 500 / 1200
        "25 → 42 %", "critical demand is missed from month 5 on in Land AAA", "made up", "Three readings",
        "Who supplies, today and in the plan", "What the least share rests on", "fingerprint",
    ):  # fmt: skip
        assert text in " ".join(page.text.split()), text
    assert (tmp_path / "r.html").stat().st_size < 1_000_000


def test_the_report_needs_nothing_from_elsewhere(result: Result, tmp_path: Path) -> None:
    write_report(result, tmp_path / "r.html")
    page = Page(tmp_path / "r.html")
    assert not [tag for tag in HELD if page.tags[tag]]
    assert all(
        link.startswith(("#", "data:,")) for link in [*page.of("href"), *page.of("src"), *page.of("xlink:href")]
    )
    text = (tmp_path / "r.html").read_text("utf-8")
    assert "@import" not in text and not re.findall(r"url\((?!#)", text)
    assert not re.findall(r'https?://(?!www\.w3\.org/(?:2000/svg|1999/xlink)")', text)


def test_every_identifier_is_there_once_and_every_link_leads_somewhere(result: Result, tmp_path: Path) -> None:
    write_report(result, tmp_path / "r.html")
    page = Page(tmp_path / "r.html")
    counts = Counter(page.of("id"))
    assert max(counts.values()) == 1 and len(counts) > 30
    text = (tmp_path / "r.html").read_text("utf-8")
    wanted = {link[1:] for link in [*page.of("href"), *page.of("xlink:href")] if link.startswith("#")}
    assert (wanted | set(re.findall(r"url\(#([^)]+)\)", text))) <= set(counts)


def test_the_page_can_be_heard(costed: resilience.Case, tmp_path: Path) -> None:
    """Headings in order, a text for every picture, a caption and a name for every table."""
    result = resilience.solve(costed)
    write_report(result, tmp_path / "r.html", burden=resilience.burden(costed))
    text = (tmp_path / "r.html").read_text("utf-8")
    levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", text)]
    assert levels[0] == 1 and levels.count(1) == 1 and 4 in levels
    assert all(below - above <= 1 for above, below in pairwise(levels))
    page = Page(tmp_path / "r.html")
    pictures = re.findall(r'<div role="img" aria-label="([^"]*)"><svg [^>]*aria-hidden="true"', text)
    assert len(pictures) == page.tags["svg"] == page.tags["figure"] > 2 and all(map(str.strip, pictures))
    tables = re.findall(r'<div class="box[^"]*" tabindex="0" role="region" aria-label="([^"]+)">\n<table>', text)
    assert len(tables) == page.tags["table"] == page.tags["caption"] > 5
    assert page.of("lang") == ["en"] and page.tags["main"] == page.tags["nav"] == 1


def test_numbers_stay_with_their_sign(result: Result, tmp_path: Path) -> None:
    write_report(result, tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text("utf-8").split("</style>")[1]
    assert "42\u00a0%" in text and not re.findall(
        r"\d %[^\"]*?<", re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL)
    )


def test_a_table_of_suppliers_says_its_unit_once(result: Result) -> None:
    plan = result.plan.copy()
    plan.loc[plan["supplier"] == "BBB", "planned"] = 1e-7 * 1200  # what a solver leaves of nothing
    grid = facts.supplier_grid(Result(result.meta, {**result.tables, "plan": plan}), "wheat")
    assert grid.caption.endswith(" t.")
    rows = {row[0].text: [cell.text for cell in row] + [row[0].more] for row in grid.rows}
    assert rows["Land BBB"] == ["Land BBB", "900", "0", "hit by a cutoff"]
    assert rows["Land AAA"] == ["Land AAA", "300", "500", "member"]


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        ("0.9", "share", "0.9"),
        ("1", "months of demand", "1 month of demand"),
        ("2", "months of demand", "2 months of demand"),
        ("no limit", "times today's", "no limit"),
        ("1.5", "times today's", "1.5 times today's"),
        ("yes", "yes/no", "yes"),
        (
            "delay 3, rate 0.02, max 0.2",
            "months; share a month; share",
            "delay 3 months, rate 0.02 a month, max 0.2",
        ),
    ],
)
def test_an_assumption_has_the_unit_that_says_something(result: Result, value: str, unit: str, said: str) -> None:
    rows = result.assumptions.head(1).assign(value=value, unit=unit)
    grid = facts.assumptions(Result(result.meta, {**result.tables, "assumptions": rows}))
    assert grid.rows[0][1].text == said


def test_the_same_result_gives_the_same_bytes(result: Result, tmp_path: Path) -> None:
    result.to_json(tmp_path / "r.json")
    one = write_report(result, tmp_path / "one.html", pictures=tmp_path / "p1")
    two = write_report(read_result(tmp_path / "r.json"), tmp_path / "two.html", pictures=tmp_path / "p2")
    assert len(one) == len(two) > 7
    for first, second in zip(one, two, strict=True):
        assert first.read_bytes() == second.read_bytes(), first.name


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text(result: Result, tmp_path: Path, text: str) -> None:
    meta = {**result.meta, "title": text, "labels": {"wheat": text}, "notes": {"wheat": text}, "region_name": text}
    meta |= {"members": {"AAA": text}, "countries": dict.fromkeys(result.meta["countries"], text), "dataset": text}
    meta["document"] = dict.fromkeys(("marking", "purpose", "contact", "version", "date", "not_this"), text)
    meta["cutoffs"] = [{**result.meta["cutoffs"][0], "name": text}]
    tables = {
        name: frame.assign(**{
            column.name: text for column in RESULTS[name].columns
            if column.kind == "text" and column.name in ("cutoff", "message", "text", "ground", "source", "unit")
            and not (column.name == "cutoff" and name in ("requirements", "why"))
        })
        for name, frame in result.tables.items()
    }  # fmt: skip
    slides = tmp_path / "slides" if "🧲" in text or "Long" in text else None
    write_report(Result(meta, tables), tmp_path / "r.html", pictures=slides)
    page = Page(tmp_path / "r.html")
    assert not [tag for tag in HELD if page.tags[tag]]
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    shown = text.replace("\x00", "\ufffd").replace("\x0b", "\ufffd")
    assert " ".join(shown.split()) in " ".join(page.text.split())
    style = (tmp_path / "r.html").read_text("utf-8").split("<style>")[1].split("</style>")[0]
    assert style.count("{") == style.count("}") and "display: none;" not in style.split("@page")[-1]


@pytest.fixture
def costed(make: Maker) -> resilience.Case:
    """AAA and BBB use 120 each from XXX (cut) at 10; half must come from RRR at 16: 60 · (16 − 10) = 360 USD each."""
    flows = [("XXX", member, 120.0, "wheat", 1200.0) for member in ("AAA", "BBB")]
    flows += [("RRR", "ZZZ", 10.0, "wheat", 160.0)]
    balances = [
        *({"country": country, "production": 0} for country in ("AAA", "BBB", "ZZZ")),
        {"country": "XXX", "production": 240},
        {"country": "RRR", "production": 10, "capacity": 120},
    ]
    case = make(
        flows, balances, members=["AAA", "BBB"], region=["AAA", "BBB", "RRR"], cut=["XXX"],
        survival={"critical_share": 0.5},
    )  # fmt: skip
    path = case.file.dataset / "countries.csv"
    gdp = {"AAA": 1e6, "BBB": 4e6}
    lines = [f"{country},Land {country},{gdp.get(country, '')}" for country in pd.read_csv(path)["country"]]
    path.write_text("\n".join(["country,name,gdp_usd", *lines, ""]), encoding="utf-8")
    return resilience.load(case.file.path)


def test_the_burden_by_hand(costed: resilience.Case, tmp_path: Path) -> None:
    """360 USD are 360 millionths of AAA's GDP and 90 of BBB's."""
    assert main(["run", str(costed.file.path), "--out", str(tmp_path / "r.json"), "--quiet"]) == 0
    for name in ("burden.json", "burden"):
        assert main(["burden", str(costed.file.path), "--out", str(tmp_path / name), "--quiet"]) == 0
    out = tmp_path / "r.html"
    pages = []
    for source, more in (("r.json", "burden.json"), ("r.json", "burden"), (costed.file.path, None)):
        given = [] if more is None else [str(tmp_path / more)]
        assert main(["report", str(tmp_path / source), "--out", str(out), "--quiet", "--burden", *given]) == 0
        text = " ".join(Page(out).text.split())
        assert "Land AAA 360 USD360 ppm 360 USD360 ppm" in text and "Land BBB 360 USD90.0 ppm" in text
        assert "720 USD a year in the cheapest plans" in text
        pages.append(out.read_text("utf-8"))
    assert pages[0] == pages[1]
    result, burden = read_result(tmp_path / "r.json"), resilience.burden(costed)
    written = write_report(result, out, burden=burden, pictures=tmp_path / "slides")
    assert tmp_path / "slides" / "burden.png" in written
    write_report(result, out)
    assert 'id="burden"' not in out.read_text("utf-8")


def test_a_burden_of_something_else_is_refused(
    costed: resilience.Case, result: Result, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError, match="another case") as error:
        write_report(result, tmp_path / "r.html", burden=resilience.burden(costed))
    assert {finding.column for finding in error.value.findings} == {"meta.case_hash", "meta.dataset_hash"}
    result.to_json(tmp_path / "r.json")
    asked = ["report", str(tmp_path / "r.json"), "--out", str(tmp_path / "r.html"), "--burden"]
    assert main(asked) == 2 and "resilience burden CASE --out" in capsys.readouterr().err
    assert main([*asked, str(tmp_path / "r.json")]) == 2
    assert "the table is missing" in capsys.readouterr().err
    assert not (tmp_path / "r.html").exists()


def test_goods_that_matter_most_come_worst_first(result: Result) -> None:
    row = result.answers().iloc[0].to_dict()
    rows = [
        row | {"good": good, "status": status, "gap": gap, "share": share}
        for good, status, gap, share in [
            ("a", "met", 0.0, 0.9), ("b", "shift", 0.0, 0.2), ("c", "raise", 0.1, 0.3), ("d", "raise", 0.2, 0.3),
            ("e", "none", math.nan, math.nan), ("f", "unknown", math.nan, math.nan), ("g", "build", 0.0, 0.1),
        ]
    ]  # fmt: skip
    other = Result(result.meta, {**result.tables, "requirements": pd.DataFrame(rows)})
    assert other.matter_most(facts.MOST_GOODS) == ["e", "g", "d", "c", "b"]
    calm = Result(result.meta, {**result.tables, "requirements": pd.DataFrame(rows[:1])})
    assert calm.matter_most(facts.MOST_GOODS) == ["a"]


def test_supply_is_told_by_role(result: Result) -> None:
    table = facts.suppliers(result, "wheat").set_index("supplier")
    assert table["role"].to_dict() == {"AAA": "member", "BBB": "cut"}
    assert table.loc["BBB"].tolist()[:2] == pytest.approx([900, 700])
    pictures = {picture.name: picture for picture in pictures_of(result, "wheat")}
    assert set(pictures) == {"supply-wheat", "stocks-wheat", "rests-wheat"}  # no place of AAA and BBB is known
    said = pictures["supply-wheat"].alt
    assert "Today: members, home supply included 25 %, hit by a cutoff 75 %." in said
    for picture in [*pictures.values(), heat_map(result), heat_map(result, "member")]:
        assert picture.svg().startswith("<svg") and picture.caption and picture.alt


def test_the_projection_of_the_map() -> None:
    x, y = equal_earth(np.array([0.0, 180.0, 0.0]), np.array([0.0, 0.0, 90.0]))
    assert x == pytest.approx([0, 2.7066299836960748, 0], abs=1e-12)
    assert y == pytest.approx([0, 0, 1.3173627591574133])
    assert all(on_map(code) for code in ("USA", "CHN", "TWN", "SGP", "XKX")) and not on_map("AAA")


def test_the_map_shows_who_supplies_and_says_who_is_not_on_it(make: Maker) -> None:
    flows = [("CHN", "DEU", 600.0), ("JPN", "DEU", 300.0), ("AAA", "DEU", 100.0)]
    case = make(flows, [], members=["DEU"], region=["DEU", "JPN"], cut=["CHN"], response={"stock_months": 1})
    picture = next(one for one in pictures_of(resilience.solve(case), "wheat") if one.name == "map-wheat")
    assert picture.alt == "Largest suppliers: Land CHN 60 % and Land JPN 30 %."
    assert "not on the map: AAA" in picture.caption and "public domain" in picture.caption
    svg = picture.svg()
    for text in ("CHN", "JPN", "hit by a cutoff", "others of the region"):
        assert f">{text}<" in svg
    assert ">AAA<" not in svg and "other outsiders" not in svg


def test_a_picture_in_a_page_shares_no_identifier() -> None:
    text = '<?xml?><svg width="9pt" height="8pt"><metadata>x</metadata><style>*{}</style><g id="a" clip-path="url(#b)"/>'
    assert inline(text, "n") == '<svg aria-hidden="true"><g id="n-a" clip-path="url(#n-b)"/>'


# The command


def test_the_command(result: Result, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result.to_json(tmp_path / "r.json")
    out = tmp_path / "new" / "report.html"
    assert (
        main(["report", str(tmp_path / "r.json"), "--out", str(out), "--pictures", str(tmp_path / "slides")]) == 0
    )
    assert "written:" in capsys.readouterr().out
    assert out.stat().st_size > 20_000
    names = {path.name for path in (tmp_path / "slides").iterdir()}
    assert {"heat-map-cutoff.png", "heat-map-member.svg", "supply-wheat.svg", "rests-wheat.png"} <= names


def test_a_case_is_solved_first_and_has_frontiers(make: Maker, tmp_path: Path) -> None:
    flows = [("BBB", "AAA", 900.0)]
    balances = [{"country": "AAA", "production": 300}, {"country": "BBB", "production": 900}]
    survival, response = {"critical_share": 0.5}, {"stock_months": 1}
    case = make(flows, balances, cut=["BBB"], survival=survival, response=response, rests=True)
    assert main(["report", str(case.file.path), "--out", str(tmp_path / "r.html"), "--quiet"]) == 0
    text = " ".join(Page(tmp_path / "r.html").text.split())
    assert "falls to 25 % at 3 months of demand" in text  # 12 s + stock = 6


def test_a_result_file_holds_the_frontiers_that_its_report_shows(make: Maker, tmp_path: Path) -> None:
    flows = [("BBB", "AAA", 900.0)]
    balances = [{"country": "AAA", "production": 300}, {"country": "BBB", "production": 900}]
    survival, response = {"critical_share": 0.5}, {"stock_months": 1}
    case = make(flows, balances, cut=["BBB"], survival=survival, response=response, rests=True)
    for name, more in (("r.json", []), ("folder", []), ("without.json", ["--no-rests"])):
        assert main(["run", str(case.file.path), "--out", str(tmp_path / name), "--quiet", *more]) == 0
        assert main(["report", str(tmp_path / name), "--out", str(tmp_path / f"{name}.html"), "--quiet"]) == 0
    for name in ("r.json", "folder"):
        text = " ".join(Page(tmp_path / f"{name}.html").text.split())
        assert "falls to 25 % at 3 months of demand" in text  # 12 s + stock = 6
        rows = resilience.read_result(tmp_path / name).frontiers
        assert rows["value"].tolist() == pytest.approx([0, 3, 12], abs=1e-4)  # home supply is a quarter
        assert rows["share"].tolist() == pytest.approx([0.5, 0.25, 0.25], abs=1e-4)
        assert set(rows["written"]) == {1.0} and set(rows["kind"]) == {"corner"}
    assert "falls to 25 %" not in Page(tmp_path / "without.json.html").text


def test_frontiers_are_of_the_case_of_the_result(make: Maker, result: Result) -> None:
    case = make([("BBB", "AAA", 900.0)], [{"country": "AAA", "production": 300}], cut=["BBB"])
    with pytest.raises(InputError, match="not the case of the result"):
        with_frontiers(case, result)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["r.json", "--out", "r.pdf"], "ends in .html"),
        (["none.json", "--out", "r.html"], "cannot be read"),
        (["r.txt", "--out", "r.html"], "give a result"),
    ],
)
def test_bad_input_is_exit_2(
    tmp_path: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(tmp_path / text) if "." in text else text for text in arguments]
    assert main(["report", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "r.html").exists()
