"""Builds the tables about countries: distances.csv and indicators.csv.

    python data/build_indicators.py --raw DIR

DIR holds the files of the statistical offices and institutes by the names given in SOURCES below; what is done to
their figures is described in data/trade_flows/SOURCES.md. Only countries of countries.csv are taken.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
FIRST_YEAR = 2019  # figures before it are left out; of a country that has none since, the figure is unknown
FIRST_SESSION = 1945  # the General Assembly's session 1 sat in 1946
DIGITS = 5  # significant digits kept

GEODIST, WORLD_BANK = "GeoDist", "World Bank World Development Indicators"
COW, VOTES = "Correlates of War National Material Capabilities", "Bailey, Strezhnev and Voeten UN ideal points"
OBSERVED, ESTIMATED = "observed", "estimated"
# Codes of GeoDist that are not ISO 3166 any more; a state that fell apart gives its figure to its largest part.
RENAMED = {"ROM": "ROU", "ZAR": "COD", "PAL": "PSE", "TMP": "TLS"}
SUCCESSORS = {"YUG": "SRB"}


def distances(raw: Path, countries: set[str]) -> pd.DataFrame:
    """Kilometres between the largest cities of two countries, each pair once, in alphabetical order."""
    table = pd.read_csv(raw / "cepii_geodist.csv.gz", usecols=["iso_o", "iso_d", "dist"], keep_default_na=False)
    split = table["iso_o"].isin(SUCCESSORS) | table["iso_d"].isin(SUCCESSORS)
    for side in ("iso_o", "iso_d"):
        table[side] = table[side].replace(RENAMED | SUCCESSORS)
    table["km"] = pd.to_numeric(table["dist"]).round(0).astype(int)
    table["status"] = split.map({True: ESTIMATED, False: OBSERVED})
    kept = table["iso_o"].isin(countries) & table["iso_d"].isin(countries) & (table["iso_o"] < table["iso_d"])
    table = table[kept].rename(columns={"iso_o": "country", "iso_d": "other"}).assign(source=GEODIST)
    return table[["country", "other", "km", "status", "source"]].sort_values(["country", "other"])


def world_bank(raw: Path, name: str, indicator: str) -> pd.DataFrame:
    """One series of the World Bank since the first year."""
    table = pd.read_csv(raw / name, keep_default_na=False)
    table = table[(table["Year"].astype(int) >= FIRST_YEAR) & (table["Value"].astype(str) != "")]
    table = table.rename(columns={"Country Code": "country", "Year": "year", "Value": "value"})
    return table.assign(indicator=indicator, source=WORLD_BANK)


def codes(raw: Path) -> pd.DataFrame:
    """The votes with the numeric codes of countries that both political sources use beside ISO codes."""
    table = pd.read_csv(raw / "un_ideal_points_to_2019.csv.gz", encoding="latin-1", keep_default_na=False)
    return table[table["iso3c"] != ""]


def ideal_points(votes: pd.DataFrame) -> pd.DataFrame:
    """Where a country stood in the votes of the General Assembly, by year of the session's start."""
    table = votes.assign(year=votes["session"].astype(int) + FIRST_SESSION)
    table = table[table["year"] >= FIRST_YEAR].rename(columns={"iso3c": "country", "IdealPoint": "value"})
    return table.assign(indicator="ideal_point", source=VOTES)


def capabilities(raw: Path, votes: pd.DataFrame) -> pd.DataFrame:
    """A state's part of the world's capabilities (CINC); countries that never voted are left out by name."""
    iso = dict(zip(votes["ccode"].astype(float), votes["iso3c"], strict=True)) | {713.0: "TWN"}
    table = pd.read_csv(raw / "cow_national_capabilities.csv.gz", usecols=["ccode", "year", "cinc"])
    table = table[(table["year"] >= FIRST_YEAR) & table["cinc"].notna()]
    nameless = sorted(set(table["ccode"]) - set(iso))
    if nameless:
        print(f"left out, no ISO code: numbers {', '.join(f'{code:g}' for code in nameless)}", file=sys.stderr)
    table = table.assign(country=table["ccode"].map(iso)).dropna(subset=["country"])
    return table.rename(columns={"cinc": "value"}).assign(indicator="capability", source=COW)


def indicators(raw: Path, countries: set[str]) -> pd.DataFrame:
    """All indicators in one long table."""
    votes = codes(raw)
    table = pd.concat(
        [
            world_bank(raw, "world_bank_gdp.csv.gz", "gdp_usd"),
            world_bank(raw, "world_bank_population.csv.gz", "population"),
            capabilities(raw, votes),
            ideal_points(votes),
        ],
        ignore_index=True,
    )
    table = table[table["country"].isin(countries)].assign(status=OBSERVED)
    table["year"] = table["year"].astype(int)
    table["value"] = [f"{float(value):.{DIGITS}g}" for value in table["value"]]
    table["value"] = [f"{float(text):.10g}" if "e+" in text else text for text in table["value"]]
    keys = ["indicator", "country", "year"]
    return table[[*keys, "value", "status", "source"]].sort_values(keys)


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Build the tables of distances and indicators.")
    parser.add_argument("--raw", type=Path, required=True, help="folder with the source files")
    parser.add_argument("--out", type=Path, default=HERE / "trade_flows", help="folder of the tables")
    options = parser.parse_args(arguments)
    countries = set(pd.read_csv(options.out / "countries.csv", keep_default_na=False)["country"])
    try:
        tables = {
            "distances": distances(options.raw, countries),
            "indicators": indicators(options.raw, countries),
        }
    except FileNotFoundError as error:
        print(f"error: {error.filename}: there is no such file in the raw folder", file=sys.stderr)
        return 2
    for name, table in tables.items():
        table.to_csv(options.out / f"{name}.csv", index=False, lineterminator="\n", encoding="utf-8")
        missing = sorted(countries - set(table["country"]) - set(table.get("other", [])))
        print(f"{name}: {len(table)} rows; countries without any: {', '.join(missing) or 'none'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
