"""The embedded data set read with plain pandas, and the tool that builds it."""

from __future__ import annotations

import importlib.util
import math
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data" / "trade_flows"
G7 = ["CAN", "DEU", "FRA", "GBR", "ITA", "JPN", "USA"]


def table(path: Path) -> pd.DataFrame:
    """A CSV file in which only the empty cell is missing."""
    return pd.read_csv(path, keep_default_na=False, na_values=[""], encoding="utf-8")


@pytest.fixture(scope="module")
def goods() -> pd.DataFrame:
    return table(DATA / "goods.csv")


@pytest.fixture(scope="module")
def countries() -> pd.DataFrame:
    return table(DATA / "countries.csv")


@pytest.fixture(scope="module")
def coalitions() -> pd.DataFrame:
    return table(DATA / "coalitions.csv")


@pytest.fixture(scope="module")
def balances() -> pd.DataFrame:
    return table(DATA / "balances.csv")


@pytest.fixture(scope="module")
def recipes() -> pd.DataFrame:
    return table(DATA / "recipes.csv")


@pytest.fixture(scope="module")
def flows() -> pd.DataFrame:
    return pd.concat([table(path) for path in sorted((DATA / "flows").glob("*.csv"))], ignore_index=True)


# -- form ------------------------------------------------------------------------------------------------


def test_the_folder_holds_what_the_schema_names_and_nothing_else() -> None:
    names = {path.relative_to(DATA).as_posix() for path in DATA.rglob("*") if path.is_file()}
    listed = {f"flows/{good}.csv" for good in table(DATA / "goods.csv")["good"]}
    tables = {
        "goods.csv", "countries.csv", "coalitions.csv", "balances.csv", "recipes.csv", "SOURCES.md", "DEMAND.md",
    }  # fmt: skip
    others = {"input_output.csv", "sectors.csv", "INPUT_OUTPUT.md", "distances.csv", "indicators.csv"}
    assert names - others == tables | listed


def test_headers_are_those_of_the_schema() -> None:
    def header(name: str) -> str:
        return (DATA / name).read_text(encoding="utf-8").splitlines()[0]

    assert header("goods.csv") == "good,label,category,unit,hs,flow_measure,notes"
    assert header("countries.csv") == "country,name,gdp_usd,population"
    assert header("coalitions.csv") == "coalition,country,credit"
    assert header("balances.csv") == "year,good,country,production,demand,stock,capacity,status,source"
    columns = "good,input,input_per_unit,loss,essential,value_share,status,source,note"
    assert header("recipes.csv") == columns
    for path in (DATA / "flows").glob("*.csv"):
        assert header(f"flows/{path.name}") == "year,good,exporter,importer,quantity,value_usd,status,source"


def test_bytes_are_utf8_with_line_feeds_and_small() -> None:
    total = 0
    for path in DATA.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            total += len(data)
            data.decode("utf-8")
            assert b"\r" not in data, path.name
            assert not data.startswith(b"\xef\xbb\xbf"), path.name
    assert total < 8_000_000  # the inter-country table of input_output.csv is a third of it


def test_no_duplicate_keys(
    goods: pd.DataFrame,
    countries: pd.DataFrame,
    coalitions: pd.DataFrame,
    balances: pd.DataFrame,
    flows: pd.DataFrame,
) -> None:
    assert not goods["good"].duplicated().any()
    assert not countries["country"].duplicated().any()
    assert not countries["name"].duplicated().any()
    assert not coalitions.duplicated(["coalition", "country"]).any()
    assert not balances.duplicated(["year", "good", "country"]).any()
    assert not flows.duplicated(["year", "good", "exporter", "importer"]).any()


def test_every_code_is_known(
    goods: pd.DataFrame,
    countries: pd.DataFrame,
    coalitions: pd.DataFrame,
    balances: pd.DataFrame,
    flows: pd.DataFrame,
) -> None:
    known = set(countries["country"])
    assert all(re.fullmatch(r"[A-Z]{3}", code) for code in known)
    assert {"TWN", "NAM", "USA", "FRA"} <= known
    assert not {"S19", "DELETE", "WLD", "EUU"} & known
    for column in (flows["exporter"], flows["importer"], balances["country"], coalitions["country"]):
        assert set(column) <= known
    assert set(flows["good"]) == set(goods["good"])
    assert set(balances["good"]) <= set(goods["good"])
    for path in (DATA / "flows").glob("*.csv"):
        assert set(table(path)["good"]) == {path.stem}


def test_goods_speak_the_vocabulary(goods: pd.DataFrame, flows: pd.DataFrame) -> None:
    assert set(goods["category"]) == {"food", "energy", "military"}
    assert set(goods["unit"]) == {"t", "kUSD"}
    assert (goods["flow_measure"].eq("value") == goods["unit"].eq("kUSD")).all()
    assert goods[["good", "label", "hs", "notes"]].notna().all().all()
    assert goods["good"].str.fullmatch(r"[a-z][a-z0-9_]*").all()
    by_value = flows["good"].isin(goods.loc[goods["unit"].eq("kUSD"), "good"])
    rows = flows[by_value]
    assert np.allclose(rows["value_usd"], rows["quantity"] * 1000)


def test_the_years_are_the_two_baselines(flows: pd.DataFrame) -> None:
    crops = {"wheat", "maize", "rice", "soybeans"}
    for good, years in flows.groupby("good")["year"].unique().items():
        assert sorted(years) == ([2021, 2022] if good in crops else [2021, 2024]), good


def test_no_country_sells_to_itself(flows: pd.DataFrame) -> None:
    assert not (flows["exporter"] == flows["importer"]).any()


def test_numbers_are_finite_and_not_negative(
    countries: pd.DataFrame, balances: pd.DataFrame, flows: pd.DataFrame
) -> None:
    assert flows["quantity"].notna().all()
    assert (flows["quantity"] > 0).all()
    for frame, columns in (
        (flows, ["quantity", "value_usd"]),
        (balances, ["production", "demand", "stock", "capacity"]),
        (countries, ["gdp_usd", "population"]),
    ):
        for column in columns:
            numbers = frame[column].astype(float).dropna()
            assert np.isfinite(numbers).all(), column
            assert (numbers >= 0).all(), column
    assert (balances["demand"].dropna() > 0).all()
    assert (countries.set_index("country").loc[G7, ["gdp_usd", "population"]] > 0).all().all()


def test_every_row_has_a_status_and_a_source_that_is_explained(
    balances: pd.DataFrame, flows: pd.DataFrame, recipes: pd.DataFrame
) -> None:
    explained = set(re.findall(r"`([^`]+)`", (DATA / "SOURCES.md").read_text(encoding="utf-8")))
    for frame in (flows, balances, recipes):
        assert frame["status"].isin(["observed", "estimated", "assumed"]).all()
        assert frame["source"].notna().all()
        parts = {part for source in frame["source"].unique() for part in source.split("; ")}
        assert parts <= explained, parts - explained


def test_every_good_has_its_paragraph_on_demand(goods: pd.DataFrame) -> None:
    text = (DATA / "DEMAND.md").read_text(encoding="utf-8")
    headings = set(re.findall(r"^### `([a-z0-9_]+)`", text, flags=re.MULTILINE))
    assert headings == set(goods["good"])


# -- coalitions ------------------------------------------------------------------------------------------


def test_coalitions_have_their_members(coalitions: pd.DataFrame) -> None:
    members = coalitions.groupby("coalition")["country"].agg(set).to_dict()
    sizes = {name: len(group) for name, group in members.items()}
    assert sizes == {
        "G7": 7, "EU": 27, "G7 and EU": 31, "IP4": 4, "G7 and IP4": 10, "NATO": 32, "NATO and IP4": 36,
        "Five Eyes": 5, "AUKUS": 3, "E3": 3, "Quad": 4, "Joint Expeditionary Force": 10, "Northern Group": 12,
        "Visegrad Group": 4, "European Intervention Initiative": 13, "CSTO": 6, "China bloc": 3,
        "Russia bloc": 2, "China bloc and North Korea": 4, "Russia bloc and North Korea": 3,
        "Gulf exporters": 7,
    }  # fmt: skip
    assert members["G7"] == set(G7)
    assert members["China bloc"] == {"CHN", "HKG", "MAC"}
    assert members["Russia bloc and North Korea"] == {"RUS", "BLR", "PRK"}
    assert "OMN" not in members["Gulf exporters"]
    assert members["EU"] - members["NATO"] == {"AUT", "CYP", "IRL", "MLT"}


# -- balances --------------------------------------------------------------------------------------------


def test_balances_close(balances: pd.DataFrame, flows: pd.DataFrame) -> None:
    """Production + imports − exports of G7 members is not negative, but for the known few, ores mostly."""
    bought = flows.groupby(["good", "year", "importer"])["quantity"].sum()
    sold = flows.groupby(["good", "year", "exporter"])["quantity"].sum()
    below = set()
    rows = balances[balances["country"].isin(G7) & balances["production"].notna()]
    for row in rows.itertuples():
        key = (row.good, row.year, row.country)
        if row.production + bought.get(key, 0.0) - sold.get(key, 0.0) < 0:
            below.add((row.good, row.country))
    recycling = {(good, country) for good in ("palladium", "platinum") for country in ("GBR", "ITA")}
    resellers = {("phosphate_rock", "GBR"), ("bauxite", "GBR"), ("antimony_ore", "GBR"), ("antimony_ore", "JPN")}
    resellers |= {("tungsten_ore", country) for country in ("DEU", "FRA", "GBR", "JPN")}
    assert below <= recycling | resellers
    written = balances[balances["good"].isin(["palladium", "platinum"]) & balances["country"].isin(["GBR", "ITA"])]
    for row in written.itertuples():
        assert row.demand == pytest.approx(bought[(row.good, row.year, row.country)], rel=1e-3)


def test_food_demand_follows_its_rule(balances: pd.DataFrame, flows: pd.DataFrame) -> None:
    """Over the G7 a three-year mean stays near the single year; over the world it is near production."""
    for good in ("wheat", "maize", "rice", "soybeans"):
        for year in (2021, 2022):
            rows = balances[(balances["good"] == good) & (balances["year"] == year)].set_index("country")
            trade = flows[(flows["good"] == good) & (flows["year"] == year)]
            single = (
                rows["production"]
                .add(trade.groupby("importer")["quantity"].sum(), fill_value=0)
                .sub(trade.groupby("exporter")["quantity"].sum(), fill_value=0)
            )
            assert rows["demand"].reindex(G7).notna().all()
            assert rows["demand"].reindex(G7).sum() == pytest.approx(single.reindex(G7).sum(), rel=0.12), good
            assert rows["demand"].sum() == pytest.approx(rows["production"].sum(), rel=0.05), good


def test_traced_goods_cover_world_exports(balances: pd.DataFrame, flows: pd.DataFrame) -> None:
    for good in (
        "wheat", "maize", "rice", "soybeans", "crude_oil", "hard_coal", "natural_graphite_weight", "bauxite",
    ):  # fmt: skip
        for year in flows.loc[flows["good"] == good, "year"].unique():
            trade = flows[(flows["good"] == good) & (flows["year"] == year)]
            known = balances[(balances["good"] == good) & (balances["year"] == year)].dropna(subset=["production"])
            covered = trade.loc[trade["exporter"].isin(known["country"]), "quantity"].sum()
            assert covered / trade["quantity"].sum() >= 0.95, good


def test_entrepots_are_known_not_to_make(balances: pd.DataFrame) -> None:
    zeros = balances[balances["production"] == 0].set_index(["good", "country"]).index
    for pair in [
        ("palladium", "ITA"), ("palladium", "GBR"), ("platinum", "CHE"), ("magnets", "HKG"),
        ("cobalt", "NLD"), ("lithium_hydroxide", "BEL"), ("aluminium", "NLD"), ("magnesium", "DEU"),
        ("lng", "FRA"), ("ferrovanadium", "NLD"), ("natural_graphite", "USA"), ("bauxite", "NLD"),
        ("tungsten_ore", "SGP"), ("antimony_ore", "ITA"), ("titanium_ore", "NLD"),
    ]:  # fmt: skip
        assert pair in zeros, pair


def test_metal_content_of_mines_is_not_added_to_ore(balances: pd.DataFrame) -> None:
    """Ores travel in gross weight, so only bauxite, which is counted that way, has production above zero."""
    made = balances[balances["production"] > 0].groupby("good")["country"].nunique()
    assert made["bauxite"] > 20
    assert not {"tungsten_ore", "antimony_ore", "titanium_ore"} & set(made.index)


def test_who_sells_ore_it_does_not_buy_is_not_set_to_zero(balances: pd.DataFrame) -> None:
    known = set(balances.dropna(subset=["production"]).set_index(["good", "country"]).index)
    assert not {("titanium_ore", "EGY"), ("antimony_ore", "ZWE"), ("tungsten_ore", "ETH")} & known


# -- recipes ---------------------------------------------------------------------------------------------


def test_recipes_name_goods_and_units_and_lead_in_no_circle(recipes: pd.DataFrame, goods: pd.DataFrame) -> None:
    unit = goods.set_index("good")["unit"].to_dict()
    assert not recipes.duplicated(["good", "input"]).any()
    assert set(recipes["good"]) | set(recipes["input"]) <= set(unit)
    assert recipes["essential"].isin([True, False]).all()
    assert recipes["loss"].isna().all()
    measured = {(unit[row.good], unit[row.input]) for row in recipes.itertuples()}
    assert measured == {("t", "t"), ("kUSD", "kUSD"), ("t", "kUSD"), ("kUSD", "t")}
    left = set(zip(recipes["good"], recipes["input"], strict=True))
    while left:  # take away goods that nothing is made of, until none is left
        final = {good for good, _ in left} - {name for _, name in left}
        assert final, left
        left = {(good, name) for good, name in left if good not in final}


def test_recipes_stay_in_their_range_and_below_the_value_of_the_good(
    recipes: pd.DataFrame, goods: pd.DataFrame
) -> None:
    unit = goods.set_index("good")["unit"].to_dict()
    for row in recipes.itertuples():
        found = re.match(r"Range ([\d.]+) to ([\d.]+)\. ", row.note)
        assert found, row.note
        assert float(found[1]) <= row.input_per_unit <= float(found[2]), row
        if unit[row.good] == unit[row.input] == "kUSD":
            assert row.value_share == row.input_per_unit
        assert ("ssumed" in row.note) or row.status != "assumed"
    assert recipes["status"].isin(["estimated", "assumed"]).all(), "a recipe is never observed"
    assert recipes["value_share"].dropna().between(0, 1, inclusive="neither").all()
    assert (recipes.groupby("good")["value_share"].sum() < 1).all()


def test_recipes_are_what_their_sources_say(recipes: pd.DataFrame, balances: pd.DataFrame) -> None:
    need = recipes.set_index(["good", "input"])["input_per_unit"]
    assert need["aluminium", "bauxite"] == 4  # USGS
    assert need["lithium_hydroxide", "lithium_carbonate"] == pytest.approx(73.89 / (2 * 41.96), abs=1e-4)
    # 43.84 Mt of P2O5 a year, rock of 32 % at 0.147 kUSD/t
    made = balances[balances["good"] == "wheat"].groupby("year")["production"].sum().mean()
    assert need["wheat", "phosphate_rock"] == pytest.approx(0.15 * 43.84e6 / made / 0.32 * 0.147, rel=0.01)
    essential = recipes.set_index(["good", "input"])["essential"]
    assert not essential["wheat", "phosphate_rock"]
    assert not essential["lithium_hydroxide", "lithium_carbonate"]
    assert essential["aluminium", "bauxite"]


def test_arms_need_no_more_of_a_metal_than_is_bought(recipes: pd.DataFrame, flows: pd.DataFrame) -> None:
    """The assumed shares, applied to American arms imports, stay far below American imports of the metal."""
    bought = flows[(flows["year"] == 2024) & (flows["importer"] == "USA")].groupby("good")["quantity"].sum()
    for row in recipes[recipes["good"] == "arms_ammunition"].itertuples():
        assert row.input_per_unit * bought["arms_ammunition"] < 0.5 * bought[row.input], row.input


# -- repairs ---------------------------------------------------------------------------------------------


def test_repairs_are_marked_and_stated(flows: pd.DataFrame, goods: pd.DataFrame) -> None:
    repairs = table(ROOT / "data" / "repairs.csv")
    assert set(repairs["good"]) <= set(goods.loc[goods["flow_measure"] == "quantity", "good"])
    assert repairs["repaired_quantity"].gt(0).all()
    assert repairs["reason"].str.contains("unit value|quantity missing").all()
    keys = ["year", "good", "exporter", "importer"]
    joined = repairs.merge(flows, on=keys, how="left", validate="many_to_one")
    assert joined["status"].eq("estimated").all()
    assert joined["source"].str.endswith("quantity from value").all()
    marked = flows[flows["source"].str.contains("quantity from value")]
    assert len(marked) == len(repairs.drop_duplicates(keys))
    mended = repairs.set_index(["good", "year", "exporter", "importer"])["repaired_quantity"]
    assert 1.0e6 < mended["crude_oil", 2024, "AGO", "CAN"] < 1.7e6
    assert 2.0e7 < mended["crude_oil", 2024, "ARE", "THA"] < 2.8e7


def test_no_large_flow_is_priced_out_of_reach(flows: pd.DataFrame, goods: pd.DataFrame) -> None:
    """After repair no flow above 1 % of a good's weight is more than ten times off the good's price.

    The price is the median weighted by value: small flows of dear grades would carry an unweighted one away.
    """
    allowed = {("hard_coal", "KAZ", "RUS")}
    measured = set(goods.loc[goods["flow_measure"] == "quantity", "good"])
    priced = flows[flows["good"].isin(measured) & flows["value_usd"].notna()]
    for (good, _), rows in priced.groupby(["good", "year"]):
        unit = rows["value_usd"] / rows["quantity"]
        order = unit.sort_values().index
        running = rows.loc[order, "value_usd"].cumsum()
        price = unit[running[running >= running.iloc[-1] / 2].index[0]]
        ratio = np.abs(np.log(unit / price))
        large = rows["quantity"] > 0.01 * rows["quantity"].sum()
        odd = rows[large & (ratio > math.log(10))]
        found = {(good, row.exporter, row.importer) for row in odd.itertuples()}
        assert found <= allowed, found


# -- published figures -----------------------------------------------------------------------------------


class Figures:
    """Sums and shares of the embedded data."""

    def __init__(self, flows: pd.DataFrame, balances: pd.DataFrame) -> None:
        self.flows = flows
        self.balances = balances.set_index(["good", "year", "country"])

    def imports(self, good: str, year: int, importer: str | None = None, exporter: str | None = None) -> float:
        rows = self.flows[(self.flows["good"] == good) & (self.flows["year"] == year)]
        if importer:
            rows = rows[rows["importer"] == importer]
        if exporter:
            rows = rows[rows["exporter"] == exporter]
        return float(rows["quantity"].sum())

    def share(self, good: str, year: int, importer: str, exporter: str) -> float:
        return self.imports(good, year, importer, exporter) / self.imports(good, year, importer)

    def production(self, good: str, year: int, country: str) -> float:
        return float(self.balances.loc[(good, year, country), "production"])


@pytest.fixture(scope="module")
def figures(flows: pd.DataFrame, balances: pd.DataFrame) -> Figures:
    return Figures(flows, balances)


@pytest.mark.parametrize(
    ("good", "year", "importer", "published", "tolerance", "where"),
    [
        ("crude_oil", 2024, "USA", 338e6, 0.02, "US imports (EIA, at 7.15 barrels a tonne)"),
        ("lng", 2024, "JPN", 65.9e6, 0.02, "Trade Statistics of Japan"),
        ("lng", 2021, "JPN", 74.4e6, 0.02, "GIIGNL annual report 2022"),
        ("lng", 2021, None, 372.3e6, 0.05, "GIIGNL annual report 2022, world"),
        ("hard_coal", 2021, "JPN", 183e6, 0.03, "Trade Statistics of Japan"),
        ("wheat", 2021, "JPN", 5.13e6, 0.03, "Trade Statistics of Japan"),
        ("maize", 2021, "JPN", 15.24e6, 0.03, "Trade Statistics of Japan"),
        ("soybeans", 2021, "JPN", 3.27e6, 0.04, "Trade Statistics of Japan"),
        ("natural_graphite_weight", 2021, "USA", 53_000, 0.04, "USGS Mineral Commodity Summaries 2026"),
        ("natural_graphite_weight", 2024, "USA", 73_900, 0.06, "USGS Mineral Commodity Summaries 2026"),
        ("fluorspar", 2021, "USA", 391_000, 0.15, "USGS Mineral Commodity Summaries 2026, acid grade"),
        ("palladium", 2024, "USA", 68.3, 0.12, "USGS Mineral Commodity Summaries 2026"),
        ("bauxite", 2021, "USA", 3.88e6, 0.04, "USGS Mineral Commodity Summaries 2026, dry"),
        ("bauxite", 2024, "USA", 2.92e6, 0.02, "USGS Mineral Commodity Summaries 2026, dry"),
    ],
)
def test_published_imports(
    figures: Figures,
    good: str,
    year: int,
    importer: str | None,
    published: float,
    tolerance: float,
    where: str,
) -> None:
    assert figures.imports(good, year, importer) == pytest.approx(published, rel=tolerance), where


@pytest.mark.parametrize(
    ("good", "year", "importer", "exporter", "published", "tolerance", "where"),
    [
        ("crude_oil", 2021, "DEU", "RUS", 0.31, 0.02, "German crude from Russia"),
        (
            "hard_coal",
            2021,
            "DEU",
            "RUS",
            0.40,
            0.02,
            "German hard coal from Russia, as customs data have it",
        ),
        ("lng", 2021, "FRA", "RUS", 0.32, 0.02, "French LNG from Russia"),
        ("crude_oil", 2021, "JPN", "SAU", 0.40, 0.02, "METI"),
        ("crude_oil", 2024, "JPN", "ARE", 0.43, 0.03, "METI"),
        ("crude_oil", 2024, "USA", "CAN", 0.61, 0.03, "EIA"),
        ("natural_graphite_weight", 2024, "USA", "CHN", 0.46, 0.05, "USGS import sources 2021-24"),
        ("ferroniobium", 2024, "USA", "BRA", 0.65, 0.05, "USGS import sources 2021-24"),
        ("lithium_carbonate", 2024, "USA", "CHL", 0.54, 0.04, "USGS import sources 2021-24"),
        ("lithium_carbonate", 2024, "USA", "ARG", 0.43, 0.04, "USGS import sources 2021-24"),
        ("antimony", 2021, "USA", "IND", 0.22, 0.06, "USGS import sources 2021-24, metal and powder"),
        ("platinum", 2021, "USA", "ZAF", 0.49, 0.07, "USGS import sources 2021-24"),
    ],
)
def test_published_shares(
    figures: Figures,
    good: str,
    year: int,
    importer: str,
    exporter: str,
    published: float,
    tolerance: float,
    where: str,
) -> None:
    assert figures.share(good, year, importer, exporter) == pytest.approx(published, abs=tolerance), where


@pytest.mark.parametrize(
    ("good", "year", "country", "published", "tolerance", "where"),
    [
        ("maize", 2021, "USA", 382.9e6, 0.005, "USDA, 15.07 billion bushels"),
        ("soybeans", 2021, "USA", 121.5e6, 0.01, "USDA, 4.46 billion bushels"),
        ("wheat", 2021, "USA", 44.8e6, 0.01, "USDA, 1.65 billion bushels"),
        ("wheat", 2021, "CAN", 22.3e6, 0.02, "Statistics Canada"),
        ("rice", 2021, "JPN", 7.0e6, 0.03, "10.5 Mt of paddy, milled"),
        ("crude_oil", 2024, "SAU", 509e6, 0.03, "Energy Institute, crude and liquids"),
        ("hard_coal", 2024, "USA", 437e6, 0.03, "EIA, bituminous, sub-bituminous and anthracite"),
    ],
)
def test_published_production(
    figures: Figures, good: str, year: int, country: str, published: float, tolerance: float, where: str
) -> None:
    assert figures.production(good, year, country) == pytest.approx(published, rel=tolerance), where


def test_american_crude_is_crude_and_not_all_liquids(figures: Figures) -> None:
    assert figures.production("crude_oil", 2024, "USA") == pytest.approx(13.235e6 * 366 / 7.33, rel=0.001)
    assert figures.production("crude_oil", 2021, "USA") == pytest.approx(11.2e6 * 365 / 7.33, rel=0.001)


def test_brazil_sells_the_soybeans_it_says(figures: Figures) -> None:
    assert figures.imports("soybeans", 2021, exporter="BRA") == pytest.approx(86.1e6, rel=0.02)


# -- the tool --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_trade_flows", ROOT / "data" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def declaration(tool: ModuleType) -> object:
    """Two goods of the real declaration, without judgements on single rows."""
    full = tool.Declaration.read(ROOT / "data")
    full.goods = [good for good in full.goods if good.name in ("crude_oil", "wheat")]
    full.coalitions = {"G7": ["FRA", "USA"]}
    full.corrections = []
    full.recipes = []
    full.settings = {**full.settings, "enough_flows": 3}
    return full


# exporter, importer (BACI number, ISO3, M49), value, tonnes
NUMBERS = {"USA": (842, 840), "FRA": (251, 250), "NAM": (516, 516), "TWN": (490, 158), "SAU": (682, 682)}
TRADE = [
    ("SAU", "USA", 500.0, 1000.0),
    ("SAU", "FRA", 260.0, 500.0),
    ("SAU", "TWN", 55.0, 100.0),
    ("USA", "FRA", 100.0, 200.0),
    ("FRA", "NAM", 6.0, None),
    ("USA", "NAM", 50.0, 1.0),
]


def write_common(folder: Path) -> None:
    """What is the same in both forms."""
    mining = ["commodity,iso3,country,year,production,unit,data_source"]
    for year in (2021, 2024):
        mining += [
            f"Petroleum,SAU,Saudi Arabia,{year},5000,metr. t,r",
            f"Petroleum,DELETE,Total,{year},9,metr. t,r",
        ]
    (folder / "world_mining_data_2018_2024.csv").write_text("\n".join(mining) + "\n", encoding="utf-8")
    (folder / "grain_reserves.csv").write_text(
        "crop,country,reserve_kcal\nwheat,USA,3340000000\n", encoding="utf-8"
    )
    for name, value in (("gdp", 100), ("population", 5)):
        rows = ["Country Name,Country Code,Year,Value", f"France,FRA,2020,{value}", f"World,WLD,2020,{value}"]
        pd.DataFrame([row.split(",") for row in rows[1:]], columns=rows[0].split(",")).to_csv(
            folder / f"world_bank_{name}.csv.gz", index=False
        )


def write_published(folder: Path) -> None:
    write_common(folder)
    names = ["country_code,country_name,country_iso2,country_iso3"]
    names += [f"{numbers[0]},{iso3},,{'S19' if iso3 == 'TWN' else iso3}" for iso3, numbers in NUMBERS.items()]
    (folder / "country_codes_V202601.csv").write_text("\n".join(names) + "\n", encoding="utf-8")
    for year in (2021, 2024):
        lines = ["t,i,j,k,v,q"]
        for seller, buyer, value, tonnes in TRADE:
            quantity = "          NA" if tonnes is None else tonnes
            lines.append(f"{year},{NUMBERS[seller][0]},{NUMBERS[buyer][0]},270900,{value},{quantity}")
        lines.append(f"{year},842,251,010121,5.0,1.0")
        (folder / f"BACI_HS92_Y{year}_V202601.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    trade, made, balance = [], [], []
    for year in range(2019, 2023):
        for element, value in (("Export quantity", 40), ("Export value", 7)):
            trade.append(["'840", "'516", "Wheat", element, year, value])
        trade.append(["'840", "'159", "Wheat", "Export quantity", year, 99])
        made.append(["'840", "Wheat", "Production", year, 100])
        for element, value in (
            ("Production", 0.1), ("Import quantity", 0), ("Export quantity", 0.04), ("Stock Variation", 0.01),
            ("Domestic supply quantity", 0.05),
        ):  # fmt: skip
            if year <= 2020:
                balance.append(["'840", 2511, element, year, value])
    pd.DataFrame(
        trade,
        columns=[
            "Reporter Country Code (M49)", "Partner Country Code (M49)", "Item", "Element", "Year", "Value",
        ],
    ).to_csv(folder / "Trade_DetailedTradeMatrix_E_All_Data_(Normalized).csv", index=False)  # fmt: skip
    pd.DataFrame(made, columns=["Area Code (M49)", "Item", "Element", "Year", "Value"]).to_csv(
        folder / "Production_Crops_Livestock_E_All_Data_(Normalized).csv", index=False
    )
    pd.DataFrame(balance, columns=["Area Code (M49)", "Item Code", "Element", "Year", "Value"]).to_csv(
        folder / "FoodBalanceSheets_E_All_Data_(Normalized).csv", index=False
    )


def write_extracts(folder: Path) -> None:
    write_common(folder)
    names = ["country_code,country_name,country_iso3"]
    names += [f"{numbers[0]},{iso3},{'S19' if iso3 == 'TWN' else iso3}" for iso3, numbers in NUMBERS.items()]
    (folder / "baci_country_codes.csv").write_text("\n".join(names) + "\n", encoding="utf-8")
    rows = [
        (
            year,
            "S19" if seller == "TWN" else seller,
            "S19" if buyer == "TWN" else buyer,
            "270900",
            value,
            tonnes,
        )
        for year in (2021, 2024)
        for seller, buyer, value, tonnes in TRADE
    ]
    columns = ["year", "exporter", "importer", "hs6", "value_kusd", "quantity_t"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "baci_hs92_flows.csv", index=False)
    years = range(2019, 2023)
    pd.DataFrame(
        [(year, "Wheat", "USA", "NAM", 40) for year in years],
        columns=["year", "crop", "exporter", "importer", "quantity_t"],
    ).to_csv(folder / "fao_trade_2018_2022.csv", index=False)
    pd.DataFrame(
        [(year, "Wheat", "USA", "United States", 100) for year in years],
        columns=["year", "crop", "iso3", "country", "prod_t"],
    ).to_csv(folder / "fao_production_2018_2022.csv", index=False)
    pd.DataFrame(
        [("USA", "United States", year, 2511, 0.01, 0.05, 0.1, 0, 0.04) for year in (2019, 2020)],
        columns=[
            "iso3", "Region_name", "Year", "Item", "stock", "domestic", "production", "imports", "exports",
        ],
    ).to_csv(folder / "fao_food_balances_2010_2020.csv", index=False)  # fmt: skip


def built(tool: ModuleType, folder: Path, fill: object) -> Path:
    raw = folder / "raw"
    raw.mkdir(parents=True)
    fill(raw)  # type: ignore[operator]
    out = folder / "out" / "tables"
    tool.build(raw, out, declaration(tool))
    return out


def test_published_files_and_extracts_lead_to_the_same_tables(tool: ModuleType, tmp_path: Path) -> None:
    published = built(tool, tmp_path / "published", write_published)
    extracts = built(tool, tmp_path / "extracts", write_extracts)
    names = sorted(path.relative_to(published).as_posix() for path in published.rglob("*.csv"))
    assert names == [
        "balances.csv", "coalitions.csv", "countries.csv",
        "flows/crude_oil.csv", "flows/wheat.csv", "goods.csv",
    ]  # fmt: skip
    for name in names:
        assert (published / name).read_bytes() == (extracts / name).read_bytes(), name
    crude = table(published / "flows" / "crude_oil.csv")
    rows = crude[crude["year"] == 2024].set_index(["exporter", "importer"])
    assert len(rows) == len(TRADE)
    assert rows.loc[("SAU", "TWN"), "quantity"] == 100
    # prices: 0.5, 0.52, 0.55, 0.5, ?, 50; the value-weighted median is 0.5
    assert rows.loc[("FRA", "NAM"), "quantity"] == pytest.approx(12)
    assert rows.loc[("USA", "NAM"), "quantity"] == pytest.approx(100)
    assert list(rows.loc[[("FRA", "NAM"), ("USA", "NAM")], "status"]) == ["estimated"] * 2
    assert rows.loc[("SAU", "USA"), "status"] == "observed"
    repairs = table(published.parent / "repairs.csv")
    assert set(zip(repairs["exporter"], repairs["importer"], strict=True)) == {("FRA", "NAM"), ("USA", "NAM")}
    balance = table(published / "balances.csv").set_index(["good", "year", "country"])
    assert balance.loc[("crude_oil", 2024, "FRA"), "production"] == 0
    assert balance.loc[("crude_oil", 2024, "SAU"), "production"] == 5000
    # 100 − 40 a year, less 10 into store in 2019 and 2020 (only 2020 lies in the mean of 2022)
    assert balance.loc[("wheat", 2021, "USA"), "demand"] == pytest.approx(60 - 20 / 3, rel=1e-3)
    assert balance.loc[("wheat", 2022, "USA"), "demand"] == pytest.approx(60 - 10 / 3, rel=1e-3)
    assert balance.loc[("wheat", 2021, "NAM"), "demand"] == 40
    assert balance.loc[("wheat", 2021, "USA"), "stock"] == 1000
    assert np.isnan(balance.loc[("wheat", 2021, "NAM"), "stock"])


def test_published_files_win(tool: ModuleType, tmp_path: Path) -> None:
    write_extracts(tmp_path)
    write_published(tmp_path)
    wrong = pd.read_csv(tmp_path / "baci_hs92_flows.csv", dtype={"hs6": str})
    wrong["value_kusd"] = 1.0
    wrong.to_csv(tmp_path / "baci_hs92_flows.csv", index=False)
    rows = tool.Sources(tmp_path, declaration(tool)).baci("HS92", "270900", 2024)
    assert rows["value_kusd"].sum() == pytest.approx(sum(value for _, _, value, _ in TRADE))


def test_the_published_mining_workbook_is_read(tool: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    write_extracts(tmp_path)
    body = [
        ["Petroleum", None, None, None, None],
        ["Country", "unit", 2021, 2024, "data source"],
        ["USA", "metr. t", 10, 20, "r"],
        ["Saudi Arabia", "metr. t", 30, 40, "e"],
        ["Total", "metr. t", 40, 60, None],
    ]
    path = tmp_path / "6.4. Production_of_Mineral_Raw_Materials_by_Minerals.xlsx"
    pd.DataFrame(body).to_excel(path, sheet_name="Petroleum", header=False, index=False)
    sources = tool.Sources(tmp_path, declaration(tool))
    sources.declaration.aliases = {"Saudi Arabia": "SAU"}
    rows = sources.mining(["Petroleum"], 2024).set_index("country")
    assert rows["production"].to_dict() == {"SAU": 40.0, "USA": 20.0}
    assert rows["status"].to_dict() == {"SAU": "estimated", "USA": "observed"}


def test_dust_is_bounded_for_either_partner(tool: ModuleType) -> None:
    rng = np.random.default_rng(7)
    rows = pd.DataFrame(
        {
            "exporter": rng.choice(list("ABCD"), 400),
            "importer": rng.choice(list("WXYZ"), 400),
            "quantity": 10.0 ** rng.uniform(-3, 4, 400),
        }
    )
    kept = tool.thin(rows, 0.0005, ["quantity"])
    assert len(kept) < len(rows)
    for side in ("exporter", "importer"):
        before = rows.groupby(side)["quantity"].sum()
        after = kept.groupby(side)["quantity"].sum()
        assert ((before - after) / before).max() <= 0.0005


def test_a_missing_source_is_named(tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["--raw", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "no file like" in capsys.readouterr().err


def test_a_new_year_asks_for_its_corrections(tool: ModuleType) -> None:
    full = tool.Declaration.read(ROOT / "data")
    assert tool.check_corrections(full) == []
    full.settings = {**full.settings, "baci_years": [2021, 2025]}
    complaints = tool.check_corrections(full)
    assert len(complaints) == 2
    assert all("2025" in line for line in complaints)


def test_recipes_are_made_from_unit_values_and_phosphate(tool: ModuleType, tmp_path: Path) -> None:
    write_extracts(tmp_path)
    (tmp_path / "fao_fertilizer_nutrients_2010_2023.csv.gz").unlink(missing_ok=True)
    use = pd.DataFrame(
        [
            (area, iso3, year, "Nutrient phosphate P2O5 (total)", "Agricultural Use", "t", value)
            for year in (2021, 2022)
            for area, iso3, value in (("World", "", 50.0), ("France", "FRA", 9.0))
        ],
        columns=["Area", "iso3", "Year", "Item", "Measurement", "Unit", "Value"],
    )
    use.to_csv(tmp_path / "fao_fertilizer_nutrients_2010_2023.csv.gz", index=False)
    full = declaration(tool)
    common = {"essential": True, "status": "assumed", "source": "here", "note": "at {input_price:.2f}"}
    full.recipes = [  # type: ignore[attr-defined]
        {"good": "wheat", "input": "crude_oil", "p2o5_share": 0.5, "grade": 0.25, "low": 0, "high": 1, **common},
        {"good": "wheat", "input": "helium", "input_per_unit": 1, "low": 0, "high": 1, **common},
        {"good": "crude_oil", "input": "wheat", "input_per_unit": 3, "low": 0, "high": 2, **common}
        | {"note": "plain"},
    ]
    cooked, doubts = tool.recipes(tool.Sources(tmp_path, full))
    # 0.5 * 50 t over 100 t of wheat, a quarter of the rock is P2O5, at 0.5 kUSD/t; helium is not declared
    assert list(cooked["input_per_unit"]) == [0.5, 3]
    assert list(cooked["note"]) == ["Range 0 to 1. at 0.50", "Range 0 to 2. plain"]
    assert doubts == ["recipe crude_oil, wheat: 3 lies outside 0 to 2"]
