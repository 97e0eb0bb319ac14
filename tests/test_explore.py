"""The page to explore a case: its numbers are those of a solve, and it speaks to this machine alone."""

from __future__ import annotations

import http.client
import json
import socket
import threading
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
from resilience.handoff.explore import Explorer, server
from resilience.inputs.case import Case
from resilience.schema import ALL

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


def test_answers_by_hand(case: Case) -> None:
    explorer = Explorer(case)
    assert explorer.written("wheat") == {
        "stock_months": 1.0, "critical_share": 50.0, "region_surge": explorer.written("wheat")["region_surge"], "months": 12.0,
    }  # fmt: skip
    assert set(explorer.countries()) == {"BBB", "CCC"} and explorer.cut("cut") == ("BBB",)
    hundred = 100 / 1200  # CCC delivers that much, too
    answer = explorer.answer("wheat", "cut", ["BBB"], {"region_surge": 0.0})
    assert answer[PLANNED]["share"] == pytest.approx(5 / 12 - hundred)
    answer = explorer.answer("wheat", "cut", ["BBB"], {"region_surge": 0.0, "stock_months": 2.5})
    assert answer[PLANNED]["share"] == pytest.approx(3.5 / 12 - hundred)
    answer = explorer.answer("wheat", "cut", ["BBB", "CCC"], {"region_surge": 0.0, "critical_share": 75.0})
    assert answer[PLANNED]["share"] == pytest.approx(8 / 12)
    answer = explorer.answer("wheat", "cut", ["BBB"], {"region_surge": 0.0, "months": 4.0})
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
    explorer.answer("wheat", "cut", ["BBB"], {"stock_months": 9.0})  # what was asked before changes nothing
    overrides = [f"{name}={json.dumps(value)}" for name, value in explorer.values("wheat", moved).items()]
    assert len(overrides) == len(moved)
    whole = resilience.solve(resilience.load(case.file.path, overrides=overrides))
    answer = explorer.answer("wheat", "cut", ["BBB"], moved, all_rows=True)
    for member, reading in [(m, r) for m in ("AAA", ALL) for r in ("planned", "market", "guaranteed")]:
        expected = row(whole, member, reading=reading)
        assert answer[member, reading]["share"] == pytest.approx(expected["share"], abs=1e-9, nan_ok=True)
        assert answer[member, reading]["status"] == expected["status"]


def test_another_list_of_countries_is_another_case(case: Case) -> None:
    both = Explorer(case).answer("wheat", "cut", ["CCC", "BBB"], {})
    other = resilience.load(case.file.path, overrides=['cutoffs.cut.cut=["BBB", "CCC"]'])
    assert both[PLANNED]["share"] == pytest.approx(row(resilience.solve(other))["share"])


def test_what_the_case_does_not_take_is_said(case: Case) -> None:
    with pytest.raises(InputError):
        Explorer(case).answer("wheat", "cut", ["BBB"], {"critical_share": 900.0})


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
    with served(case) as serving, chromium() as browser:
        seen = Watched(browser, 1280)
        address = f"http://127.0.0.1:{serving.port}/"
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
        seen.page.wait_for_function(
            "before => document.querySelector('#share') && "
            "document.body.innerText.includes('response.stock_months.military=3.5')",
            arg=before,
            timeout=60_000,
        )
        after = float(seen.page.locator("#share").get_attribute("data-share"))
        moved = resilience.load(path, goods=["magnesium"], overrides=["response.stock_months.military=3.5"])
        assert after == pytest.approx(
            row(resilience.solve(moved, rests=False), good="magnesium")["share"], abs=1e-9
        )
        assert after < before - 0.01
        assert seen.page.locator("#share").inner_text() == f"{100 * after:.1f} %"
        assert seen.said == []
        assert all(url.startswith((address, "data:")) for url in seen.asked)
        narrow = Watched(browser, 390)
        narrow.page.goto(address)
        narrow.page.locator("#share").wait_for(timeout=60_000)
        assert narrow.width <= 390
