"""Content, exposure, the content rule and credit by content on a table that fits on paper.

One sector, four countries. FRI's output of 100 holds 20 of ADV's, NEU's holds 30 of AAA's; AAA and ADV use nothing.
So FRI's goods are 80 % its own and 20 % ADV's work, NEU's 70 % its own and 30 % AAA's: regional content of AAA 1,
FRI 0.8, NEU 0.3, ADV 0. AAA buys half from FRI, 0.3 from NEU and 0.2 from ADV.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import Maker, row

import resilience
from resilience.families import figures

TABLE = """\
V1,AAA_S,FRI_S,NEU_S,ADV_S,AAA_HFCE,OUT
AAA_S,0,0,30,0,70,100
FRI_S,0,0,0,0,100,100
NEU_S,0,0,0,0,100,100
ADV_S,0,20,0,0,80,100
VA,100,80,70,100,,
OUT,100,100,100,100,,
"""
SECTORS = "good,sector,status,source\nwheat,S,assumed,made up\n"


@pytest.fixture
def small(make: Maker) -> Any:
    def build(*, table: str = TABLE, sectors: str = SECTORS, **options: Any) -> resilience.Case:
        settings = {
            "region": ["AAA", "FRI"],
            "cut": ["ADV"],
            "survival": {"months": 2, "critical_share": 0.9},
            "response": {"new_capacity": 0.0},
        }
        case = make(
            [("FRI", "AAA", 50), ("NEU", "AAA", 30), ("ADV", "AAA", 20)],
            [
                {"country": "AAA", "production": 0},
                {"country": "FRI", "production": 50, "capacity": 70},
                {"country": "NEU", "production": 30, "capacity": 40},
                {"country": "ADV", "production": 20, "capacity": 50},
            ],
            **(settings | options),
        )
        (case.file.dataset / "input_output.csv").write_text(table, encoding="utf-8")
        (case.file.dataset / "sectors.csv").write_text(sectors, encoding="utf-8")
        return resilience.load(case.file.path)

    return build


def test_content_and_exposure(small: Any) -> None:
    """Of what AAA uses, 0.2 is ADV's directly, and 0.5 · 0.2 = 0.1 sits in what FRI sells."""
    result = resilience.solve(small())
    table = result.tables["content"].set_index("supplier")
    assert table["regional_content"].to_dict() == pytest.approx({"ADV": 0.0, "FRI": 1 - 0.2, "NEU": 0.3})
    assert table["cut_content"].to_dict() == pytest.approx({"ADV": 1.0, "FRI": 0.2, "NEU": 0.0})
    assert table["bought"].to_dict() == pytest.approx({"ADV": 0.2, "FRI": 0.5, "NEU": 0.3})
    assert table["inside"].to_dict() == {"ADV": "no", "FRI": "yes", "NEU": "no"}
    seen = result.tables["exposure"].iloc[0]
    assert (seen["direct"], seen["through_region"], seen["through_others"]) == pytest.approx((0.2, 0.1, 0.0))
    assert (seen["total"], seen["most_through"]) == (pytest.approx(0.3), "FRI")
    assert seen["status"] == "estimated"


def test_credit_by_content(small: Any) -> None:
    """κ of FRI is 0.8: today's share is 0.8 · 0.5. 90 must survive: 40 from NEU at the most, so 50 from FRI: 0.4."""
    case = small(content={"credit": True})
    data = figures(case, "wheat")
    assert data is not None
    assert dict(data.credit) == pytest.approx({"AAA": 1.0, "FRI": 0.8})
    found = row(resilience.solve(case), "AAA")
    assert (found["share_today"], found["share"]) == pytest.approx((0.4, 0.4))
    assert row(resilience.solve(small()), "AAA")["share"] == pytest.approx(0.5)


def test_content_rule(small: Any) -> None:
    """Any r above ADV's 0 shuts it out, and then every plan survives. Above NEU's 0.3 only FRI is left, which sells 70."""
    table = resilience.solve(small(content={"rule": True})).tables["content_rule"]
    mine = table[table["member"] == "AAA"].set_index("rule")
    assert list(mine.index) == pytest.approx([0.0, 0.3, 1.0])
    assert list(mine["some_plan"]) == ["yes", "yes", "no"]
    assert list(mine["every_plan"]) == ["no", "yes", "no"]
    assert list(mine["shut_out"]) == ["", "ADV", "NEU, ADV"]
    assert list(mine["bought_from_them"]) == pytest.approx([0.0, 0.2, 0.5])
    expected = "every plan survives from r = 30.0 %; some plan survives up to r = 30.0 %"
    assert set(table["answer"]) == {expected}
    assert list(table["member"].unique()) == ["AAA", "ALL"]


def test_where_no_plan_survives_no_rule_helps(small: Any) -> None:
    """With all of demand critical and half of FRI cut as well, 35 + 40 cannot serve 100."""
    cutoffs = [{"name": "both", "cut": ["ADV", "FRI"], "fraction": {"FRI": 0.5}}]
    case = small(content={"rule": True}, cutoffs=cutoffs, cut=(), survival={"critical_share": 1.0})
    table = resilience.solve(case).tables["content_rule"]
    assert set(table["answer"]) == {"no plan survives, whatever the rule"}
    assert set(table["some_plan"]) | set(table["every_plan"]) == {"no"}


def test_a_table_that_does_not_balance_is_named(small: Any, capsys: pytest.CaptureFixture[str]) -> None:
    from resilience.cli import main

    case = small(table=TABLE.replace("FRI_S,0,0,0,0,100,100", "FRI_S,0,0,0,0,90,100"))
    assert main(["check", str(case.file.path)]) == 2
    said = capsys.readouterr().err
    assert "input_output.csv" in said
    assert "FRI_S" in said
    with pytest.raises(resilience.InputError):
        resilience.solve(case)


def test_a_sector_that_the_table_lacks_is_named(small: Any) -> None:
    case = small(sectors=SECTORS.replace(",S,", ",T,"))
    with pytest.raises(resilience.InputError, match='no sector "T"'):
        resilience.solve(case)


def test_credit_needs_a_table(make: Maker) -> None:
    case = make([("XXX", "AAA", 10.0)], [], cut=["XXX"], content={"credit": True})
    with pytest.raises(resilience.InputError, match=r"content\.credit asks for regional content"):
        resilience.solve(case)


def test_without_a_table_nothing_is_said(make: Maker) -> None:
    result = resilience.solve(make([("XXX", "AAA", 10.0), ("YYY", "AAA", 5.0)], [], cut=["XXX"]))
    for name in ("content", "exposure", "content_rule"):
        assert isinstance(result.tables[name], pd.DataFrame)
        assert result.tables[name].empty


def test_the_table_is_part_of_the_fingerprint(small: Any, tmp_path: Path) -> None:
    case = small()
    other = small(table=TABLE.replace("AAA_S,0,0,30,0,70,100", "AAA_S,0,0,20,0,80,100").replace("80,70", "80,80"))
    assert case.data.fingerprint != other.data.fingerprint
    assert tmp_path.exists()
