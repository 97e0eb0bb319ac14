"""The page on the three readings: every figure it quotes is computed again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import resilience

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "three-readings.md").read_text(encoding="utf-8")
GOOD = "natural_graphite_weight"
MEMBERS = ("CAN", "DEU", "FRA", "GBR", "ITA", "JPN", "USA")


def commands() -> list[str]:
    return re.findall(r"^python -m resilience run (models/\S+) --goods (\S+) --out", PAGE, flags=re.MULTILINE)


def share(number: float) -> str:
    return f"{100 * number:.1f} %"


def quoted(text: str) -> None:
    """The text stands on the page, wherever lines break."""
    assert " ".join(text.split()) in " ".join(PAGE.split()), text


@pytest.fixture(scope="module")
def results() -> dict[str, resilience.Result]:
    """The runs the page asks for."""
    found = {}
    for path, good in commands():
        assert good == GOOD
        found[Path(path).stem] = resilience.solve(resilience.load(ROOT / path, goods=[good]), workers=1)
    assert set(found) == {"g7-china", "one-friend", "any-one", "any-two"}
    return found


def row(result: resilience.Result, member: str, reading: str, cutoff: str = "ALL") -> Any:
    table: pd.DataFrame = result.requirements
    found = table[(table["member"] == member) & (table["reading"] == reading) & (table["cutoff"] == cutoff)]
    assert len(found) == 1
    return found.iloc[0]


@pytest.mark.slow
def test_the_example_against_china(results: dict[str, resilience.Result]) -> None:
    china = results["g7-china"]
    for reading in ("planned", "market", "guaranteed"):
        found = row(china, "JPN", reading)
        basis = f" {found['basis']} |" if reading == "guaranteed" else " |"
        quoted(f"| {reading} | {share(found['share'])} | {found['new_capacity']:,.0f} |{basis}")
        quoted(f"**{reading.capitalize()}: {100 * found['share']:.{1 if found['share'] else 0}f} %.**")
    assert row(china, "JPN", "planned")["status"] == "shift"
    quoted(f"{row(china, 'JPN', 'market')['new_capacity']:,.0f} t a year of mines")
    quoted(f"together they need {share(row(china, 'ALL', 'planned')['share'])}")


@pytest.mark.slow
def test_todays_purchases(results: dict[str, resilience.Result]) -> None:
    plan = results["g7-china"].plan
    today = plan[plan["member"] == "JPN"].set_index("supplier")[["baseline", "change"]]
    demand = today["baseline"].sum()
    quoted(f"Japan used {demand:,.0f} t in 2024")
    quoted(f"China sold it {share(today.loc['CHN', 'baseline'] / demand)} of that, the G7 ")
    quoted(f"the G7 {share(row(results['g7-china'], 'JPN', 'planned')['share_today'])}.")
    assert set(today["change"].nlargest(2).index) == {"MOZ", "MDG"}
    (raised,) = [text for text in results["g7-china"].findings["message"] if "raised to fit" in text]
    quoted(f"raised by {re.findall(r'MOZ by ([0-9,]+ t)', raised)[0]}")


@pytest.mark.slow
def test_the_guaranteed_share_follows_from_the_assumptions(results: dict[str, resilience.Result]) -> None:
    increase = sum(min(0.20, 0.02 * max(0, month - 3)) for month in range(1, 13))
    by_hand = (12 * 0.90 - 2) / (12 + increase)
    assert row(results["g7-china"], "JPN", "guaranteed")["share"] == pytest.approx(by_hand, abs=1e-7)
    assert round(increase, 9) == 0.9
    quoted(f"share = (10.8 − 2) / 12.9 = {share(by_hand)}")


@pytest.mark.slow
def test_the_market_share_by_hand(results: dict[str, resilience.Result]) -> None:
    """Regional part r with the increase, the others' today's mix without China, and the stock."""
    plan = results["g7-china"].plan
    today = plan[plan["member"] == "JPN"].set_index("supplier")["baseline"]
    region = row(results["g7-china"], "JPN", "market")["share_today"]
    still = 1 - today.loc["CHN"] / (today.sum() * (1 - region))
    by_hand = (10.8 - 2 - 12 * still) / (12.9 - 12 * still)
    assert row(results["g7-china"], "JPN", "market")["share"] == pytest.approx(by_hand, abs=1e-6)


@pytest.mark.slow
def test_more_from_the_region_can_fail(results: dict[str, resilience.Result]) -> None:
    found = row(results["one-friend"], "JPN", "market", "one friend")
    assert (found["status"], found["share"], found["worst_set"]) == ("met", 0.0, "CAN")
    quoted(f"up to which minimum that stays true: **{share(found['share_upper'])}**")
    assert row(results["one-friend"], "JPN", "guaranteed", "one friend")["status"] == "none"
    assert found["share_upper"] < row(results["g7-china"], "JPN", "market")["share"]


@pytest.mark.slow
def test_what_any_one_and_any_two_add(results: dict[str, resilience.Result]) -> None:
    for name, label in (
        ("g7-china", "China with Hong Kong and Macao"),
        ("any-one", "any one outsider"),
        ("any-two", "any two outsiders"),
    ):
        shares = [
            share(row(results[name], "JPN", reading)["share"]) for reading in ("planned", "market", "guaranteed")
        ]
        together = share(row(results[name], "ALL", "planned")["share"])
        worst = row(results[name], "JPN", "planned")["worst_set"]
        quoted(f"| {label} | {' | '.join(shares)} | {together} | {'' if pd.isna(worst) else worst + ' '}|")
    worst = {member: row(results["any-one"], member, "planned")["worst_set"] for member in MEMBERS}
    assert sorted(worst.values()) == ["CHN"] * 6 + ["MOZ"] and worst["GBR"] == "MOZ"
    tripled = [row(results[name], "ALL", "planned")["share"] for name in ("any-one", "any-two")]
    assert 2.8 < tripled[1] / tripled[0] < 3.5


def test_the_page_names_cases_that_exist() -> None:
    named = set(re.findall(r"models/[\w-]+\.toml", PAGE))
    assert named and all((ROOT / path).exists() for path in named)
