"""The page to explore a case: its numbers are those of a solve, and it speaks to this machine alone."""

from __future__ import annotations

import http.client
import json
import math
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from browser import Watched, chromium
from conftest import Maker, row

import resilience
from resilience.cli import main
from resilience.errors import InputError
from resilience.handoff import moves
from resilience.handoff.explore import _stocks, server
from resilience.handoff.moves import Explorer, Question, Rows, Superseded, never
from resilience.inputs.case import Case
from resilience.schema import ALL, READINGS
from resilience.studies import points
from resilience.templates import Template

ROOT = Path(__file__).parent.parent
PLANNED = (ALL, "planned")


@pytest.fixture
def case(make: Maker) -> Case:
    """12 s + stock ≥ 12 · critical share; a quarter is made at home, BBB is cut, CCC is not but sells little."""
    flows = [("BBB", "AAA", 800.0), ("CCC", "AAA", 100.0)]
    balances = [
        {"country": "AAA", "production": 300},
        {"country": "BBB", "production": 900, "capacity": 5000},
        {"country": "CCC", "production": 100, "capacity": 100},
    ]
    return make(flows, balances, cut=["BBB"], survival={"critical_share": 0.5}, response={"stock_months": 1})


@contextmanager
def served(case: Case) -> Iterator[Any]:
    serving = server(case)
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    try:
        yield serving
    finally:
        serving.shutdown()
        thread.join()
        serving.server_close()


def two_goods(make: Maker, **options: Any) -> Case:
    """AAA buys 40 of 100 wheat and 90 of 100 rice from BBB, which is cut; the data may hold stocks of rice."""
    balances = [
        {"country": "AAA", "production": 60},
        {"country": "AAA", "good": "rice", "production": 10, **options},
        {"country": "BBB", "production": 40},
        {"country": "BBB", "good": "rice", "production": 90},
    ]
    flows = [("BBB", "AAA", 40.0), ("BBB", "AAA", 90.0, "rice")]
    return make(flows, balances, cut=["BBB"], data={"goods": [("wheat", "food"), ("rice", "food")]})


def test_the_page_opens_on_the_good_that_is_bought_most_from_those_cut(make: Maker) -> None:
    explorer = Explorer(two_goods(make))
    assert explorer.first_good() == "rice" and explorer.without_stock("rice") == ["AAA"]


def test_a_good_whose_stocks_the_data_hold_is_not_opened_and_its_dial_says_so(make: Maker) -> None:
    explorer = Explorer(two_goods(make, stock=5))
    assert explorer.first_good() == "wheat" and explorer.without_stock("rice") == []
    assert _stocks(explorer, "rice") == "Moves nothing here: the data hold each member's stock of this good."
    assert _stocks(explorer, "wheat") == ""
    question = Question("rice", "cut", ["BBB"], {})
    moved = Question("rice", "cut", ["BBB"], {"stock_months": 9.0})
    share = explorer.answer(question)[PLANNED]["share"]
    assert explorer.answer(moved)[PLANNED]["share"] == pytest.approx(share, abs=1e-12)


def test_answers_by_hand(case: Case) -> None:
    explorer = Explorer(case)
    assert explorer.written("wheat") == {
        "stock_months": 1.0, "critical_share": 50.0, "region_surge": explorer.written("wheat")["region_surge"], "months": 12.0,
    }  # fmt: skip
    assert set(explorer.countries()) == {"BBB", "CCC"} and explorer.cut("cut") == ("BBB",)
    hundred = 100 / 1200  # CCC delivers that much, too
    answer = explorer.answer(Question("wheat", "cut", ["BBB"], {"region_surge": 0.0}))
    assert answer[PLANNED]["share"] == pytest.approx(5 / 12 - hundred)
    answer = explorer.answer(Question("wheat", "cut", ["BBB"], {"region_surge": 0.0, "stock_months": 2.5}))
    assert answer[PLANNED]["share"] == pytest.approx(3.5 / 12 - hundred)
    answer = explorer.answer(
        Question("wheat", "cut", ["BBB", "CCC"], {"region_surge": 0.0, "critical_share": 75.0})
    )
    assert answer[PLANNED]["share"] == pytest.approx(8 / 12)
    answer = explorer.answer(Question("wheat", "cut", ["BBB"], {"region_surge": 0.0, "months": 4.0}))
    assert answer[PLANNED]["share"] == pytest.approx(1 / 4 - hundred)


@pytest.mark.parametrize(
    "moved",
    [
        {},
        {"stock_months": 3.0},
        {"critical_share": 70.0, "months": 7.0},
        {"region_surge": 40.0, "stock_months": 0.5},
    ],
)
def test_answers_are_those_of_a_solve(case: Case, moved: dict[str, float]) -> None:
    explorer = Explorer(case)
    before = Question("wheat", "cut", ["BBB"], {"stock_months": 9.0})
    explorer.answer(before)  # changes nothing
    question = Question("wheat", "cut", ["BBB"], moved)
    assert len(overrides(explorer, question)) == len(moved)
    compare(explorer, question, explorer.answer(question, all_rows=True))


def overrides(explorer: Explorer, question: Question) -> list[str]:
    values = explorer.values(question.good, question.moved)
    return [f"{name}={json.dumps(value)}" for name, value in values.items()]


def compare(explorer: Explorer, question: Question, rows: Rows, goods: tuple[str, ...] = ()) -> None:
    """Rows of an answer with those of the case solved from the start."""
    moved = resilience.load(explorer.case.file.path, goods=goods, overrides=overrides(explorer, question))
    expected = resilience.solve(moved, rests=False).requirements
    expected = expected[(expected["good"] == question.good) & (expected["cutoff"] == ALL)]
    expected = expected.set_index(["member", "reading"])
    assert set(rows) <= set(expected.index) and PLANNED in rows
    for key, found in rows.items():
        assert found["status"] == expected.at[key, "status"], key
        for name in ("share", "share_today", "share_upper"):
            assert found[name] == pytest.approx(expected.at[key, name], abs=1e-7, rel=0, nan_ok=True), key


MOVES: tuple[dict[str, float | None], ...] = (
    {"stock_months": 3.5},
    {"critical_share": 80.0, "stock_months": 0.0},
    {"months": 10.0, "region_surge": 45.0},
    {},
)


@pytest.mark.slow
@pytest.mark.parametrize("good", ["tungsten", "magnets"])
def test_moves_of_goods_that_hang_together_are_those_of_a_solve(good: str) -> None:
    path = ROOT / "models" / "g7-china.toml"
    explorer = Explorer(resilience.load(path, goods=[good]))
    cutoff = explorer.case.cutoffs(good)[0].name
    for moved in MOVES:
        question = Question(good, cutoff, explorer.cut(cutoff), moved)
        first = explorer.answer(question)
        assert set(first) == {PLANNED}
        rows = explorer.answer(question, all_rows=True)
        assert rows[PLANNED]["share"] == pytest.approx(first[PLANNED]["share"], abs=1e-7, rel=0)
        assert len(rows) == 3 * 8
        compare(explorer, question, rows, goods=(good,))


def test_a_move_compiles_nothing(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []

    def template(*data: Any) -> Any:
        compiled.append(1)
        return Template(*data)

    monkeypatch.setattr(points, "Template", template)
    monkeypatch.setattr(moves, "QUIET", 0.0)
    explorer = Explorer(case)
    explorer.answer(Question("wheat", "cut", ["BBB"], {}))
    assert compiled
    compiled.clear()
    for stock in (2.0, 3.0, 0.5):
        explorer.answer(Question("wheat", "cut", ["BBB"], {"stock_months": stock}))
    assert not compiled
    explorer.look_ahead(Question("wheat", "cut", ["BBB"], {"stock_months": 2.0}), never)
    assert explorer.behind is not None
    explorer.behind.join()
    compiled.clear()
    for months in (9.0, 11.0, 13.0, 15.0):
        explorer.answer(Question("wheat", "cut", ["BBB"], {"months": months}))
    assert not compiled


def test_what_nobody_asks_any_more_is_given_up(case: Case) -> None:
    explorer = Explorer(case)
    question = Question("wheat", "cut", ["BBB"], {})
    first, elsewhere = explorer.ask("page", 1), explorer.ask("other page", 1)
    assert explorer.answer(question, stop=first)
    second = explorer.ask("page", 2)
    late = explorer.ask("page", 1)  # overtaken on the way
    for stop in (first, late):
        with pytest.raises(Superseded):
            explorer.answer(question, stop=stop)
    for stop in (second, elsewhere):
        assert explorer.answer(question, stop=stop)
    explorer.close()
    with pytest.raises(Superseded):
        explorer.answer(question, stop=second)


def test_what_can_wait_makes_way(case: Case) -> None:
    explorer, ended = Explorer(case), []
    begun, may_go_on = threading.Event(), threading.Event()

    def stop() -> bool:
        if explorer.turns.busy and not begun.is_set():  # asked within an answer for the first time
            begun.set()
            assert may_go_on.wait(20)
        return False

    def ask(name: str, **how: Any) -> None:
        assert explorer.answer(Question("wheat", "cut", ["BBB"], {}), **how)
        ended.append(name)

    slow = threading.Thread(target=ask, args=("slow",), kwargs={"all_rows": True, "can_wait": True, "stop": stop})
    slow.start()
    assert begun.wait(20)
    urgent = threading.Thread(target=ask, args=("urgent",))
    urgent.start()
    while not explorer.turns.urgent:
        time.sleep(0.01)
    may_go_on.set()
    slow.join()
    urgent.join()
    assert ended == ["urgent", "slow"]


def test_another_list_of_countries_is_another_case(case: Case) -> None:
    both = Explorer(case).answer(Question("wheat", "cut", ["CCC", "BBB"], {}))
    other = resilience.load(case.file.path, overrides=['cutoffs.cut.cut=["BBB", "CCC"]'])
    assert both[PLANNED]["share"] == pytest.approx(row(resilience.solve(other))["share"])


def test_what_the_case_does_not_take_is_said(case: Case) -> None:
    with pytest.raises(InputError):
        Explorer(case).answer(Question("wheat", "cut", ["BBB"], {"critical_share": 900.0}))


def _get(port: int, path: str, host: str) -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers={"Host": host})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status, dict(response.getheaders())


def test_the_page_is_for_this_machine_alone(case: Case) -> None:
    with served(case) as serving:
        port = serving.port
        assert serving.socket.getsockname()[0] == "127.0.0.1"
        status, headers = _get(port, "/", f"127.0.0.1:{port}")
        assert status == 200 and "default-src 'self'" in headers["Content-Security-Policy"]
        assert _get(port, "/", f"localhost:{port}")[0] == 200
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", ""):
            assert _get(port, "/_dash-layout", host)[0] in (400, 403), host


def test_a_taken_port_is_bad_input(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["explore", str(case.file.path), "--port", str(port)]) == 2
    assert "choose another" in capsys.readouterr().err
    assert main(["explore", str(case.file.path), "--port", "70000"]) == 2


@pytest.mark.slow
def test_a_slider_moves_and_the_number_follows() -> None:
    path = ROOT / "models" / "g7-china.toml"
    case = resilience.load(path, goods=["magnesium"])
    with commanded("explore", str(path), "--goods", "magnesium") as address, chromium() as browser:
        seen = Watched(browser, 1280)
        seen.page.goto(address)
        share = seen.page.locator("#share")
        share.wait_for(timeout=60_000)
        before = float(share.get_attribute("data-share"))
        assert before == pytest.approx(
            row(resilience.solve(case, rests=False), good="magnesium")["share"], abs=1e-9
        )
        thumb = seen.page.locator("#dial-stock_months [role=slider]")
        assert thumb.get_attribute("aria-valuenow") == "2"
        thumb.focus()
        for _ in range(3):
            seen.page.keyboard.press("ArrowRight")
        after = settled(seen.page, "response.stock_months.military=3.5")
        moved = resilience.load(path, goods=["magnesium"], overrides=["response.stock_months.military=3.5"])
        solved = resilience.solve(moved, rests=False)
        assert after == pytest.approx(row(solved, good="magnesium")["share"], abs=1e-9)
        assert after < before - 0.01
        assert share.inner_text() == f"{100 * after:.1f} %"
        for member, name in (("JPN", "Japan"), ("USA", "United States"), (ALL, "All members")):
            cells = seen.page.locator("#members tr", has_text=name).locator("td").all_inner_texts()
            for cell, reading in zip(cells, READINGS, strict=True):
                expected = row(solved, member, good="magnesium", reading=reading)
                number = "" if math.isnan(expected["share"]) else f" {100 * expected['share']:.1f} %"
                assert cell.strip() == f"{expected['status']}{number}"
        drag(seen.page, "#dial-critical_share", to=0.36)
        written = seen.page.locator("#dial-critical_share [role=slider]").get_attribute("aria-valuenow")
        assert 60 < int(written) < 75
        both = ["response.stock_months.military=3.5", f"survival.critical_share.military={int(written) / 100}"]
        after = settled(seen.page, *both)
        moved = resilience.load(path, goods=["magnesium"], overrides=both)
        expected = row(resilience.solve(moved, rests=False), good="magnesium")
        assert after == pytest.approx(expected["share"], abs=1e-9)
        assert seen.said == []
        assert all(url.startswith((address, "data:")) for url in seen.asked)
        narrow = Watched(browser, 390)
        narrow.page.goto(address)
        narrow.page.locator("#members table").wait_for(timeout=60_000)
        assert narrow.width <= 390


@contextmanager
def commanded(*words: str) -> Iterator[str]:
    """The address that a command of its own process serves: models are built in one thread of a process at a time."""
    program = [sys.executable, "-m", "resilience", *words]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, encoding="utf-8") as serving:
        try:
            assert serving.stdout is not None
            address = re.search(r"http://\S+", serving.stdout.readline())
            assert address
            yield address[0]
        finally:
            serving.terminate()


def settled(page: Any, *values: str) -> float:
    """The share shown, once it is the one with these values and the table below has followed."""
    page.wait_for_function(
        "values => values.every(value => document.querySelector('#answer').innerText.includes(value))"
        " && document.querySelector('#members').className === ''",
        arg=list(values),
        timeout=60_000,
    )
    return float(page.locator("#share").get_attribute("data-share"))


def drag(page: Any, dial: str, to: float) -> None:
    """Take a slider's thumb with the mouse to a part of its length, in many small moves."""
    thumb, track = page.locator(f"{dial} [role=slider]"), page.locator(f"{dial} .dash-slider-track")
    at, all_of_it = thumb.bounding_box(), track.bounding_box()
    y = at["y"] + at["height"] / 2
    page.mouse.move(at["x"] + at["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(all_of_it["x"] + to * all_of_it["width"], y, steps=25)
    page.mouse.up()
