"""The numbers in docs/chains.md are those of the embedded data."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from conftest import row

import resilience
from resilience.families import figures
from resilience.words import percent

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.slow

PAGE = " ".join((ROOT / "docs" / "chains.md").read_text(encoding="utf-8").split())
CASE = ROOT / "models" / "g7-china.toml"


@pytest.fixture(scope="module")
def with_recipes() -> resilience.Result:
    return resilience.solve(
        resilience.load(CASE, goods=["magnets", "titanium"], overrides=["content.rule=true"]), workers=2
    )


@pytest.fixture(scope="module")
def apart() -> resilience.Result:
    return resilience.solve(resilience.load(CASE, goods=["magnets"], overrides=["response.chains=false"]))


@pytest.fixture(scope="module")
def content(with_recipes: resilience.Result) -> pd.DataFrame:
    table = with_recipes.tables["content"]
    return table[table["good"] == "magnets"].set_index("supplier")


def test_makers_of_magnets(content: pd.DataFrame) -> None:
    for supplier, name in (("USA", "United States"), ("JPN", "Japan"), ("DEU", "Germany"), ("KOR", "South Korea")):
        figures = content.loc[supplier]
        shown = " | ".join(percent(figures[c]) for c in ("regional_content", "cut_content", "keeps_going"))
        assert f"| {name} | {shown} |" in PAGE


def test_american_makers_go_on_for_two_months(with_recipes: resilience.Result, content: pd.DataFrame) -> None:
    lost = with_recipes.tables["indirect"].set_index(["good", "supplier"]).loc[("magnets", "USA")]
    assert lost["months"] == 2
    assert "go on for two months out of stock" in PAGE
    goes = {supplier: percent(content.loc[supplier, "keeps_going"]) for supplier in ("USA", "JPN", "DEU")}
    assert f"deliver {goes['USA']} of what was agreed" in PAGE
    assert f"Japan's fall to {goes['JPN']}, Germany's to {goes['DEU']}" in PAGE


def test_most_rare_earths_of_american_makers_are_chinese(with_recipes: resilience.Result) -> None:
    case = resilience.load(CASE, goods=["rare_earth_compounds"])
    data = figures(case, "rare_earth_compounds")
    assert data is not None
    assert f"{percent(data.baseline.at['CHN', 'USA'] / data.demand['USA'])} of the rare earths" in PAGE
    assert with_recipes.meta["years"]["magnets"] == 2024


@pytest.mark.parametrize("reading", ["planned", "market", "guaranteed"])
def test_readings_with_and_without(
    with_recipes: resilience.Result, apart: resilience.Result, reading: str
) -> None:
    cells = [row(result, good="magnets", reading=reading)["share"] for result in (apart, with_recipes)]
    shown = " | ".join("none suffices" if pd.isna(share) else percent(share, 1) for share in cells)
    assert re.search(rf"\| {reading}: [^|]+ \| {re.escape(shown)} \|", PAGE)


def test_content_rules(with_recipes: resilience.Result) -> None:
    answers = with_recipes.tables["content_rule"].query("member == 'ALL'").drop_duplicates("good")
    said = answers.set_index("good")["answer"]
    assert said["magnets"].startswith("no r makes every plan survive")
    least = re.match(r"every plan survives from r = ([\d.]+ %)", said["titanium"])
    assert least is not None
    assert f"one that asks for {least[1]} is enough" in PAGE
