"""Build the embedded data set data/trade_flows from public statistics.

    python data/build.py --raw DIR [--out data/trade_flows] [--years 2021 2024] [--fao-years 2021 2022]

DIR holds the source files, in their published form or as extracts of it. Where both are there, the published
file wins. What becomes of them is declared in goods.toml and countries.toml beside this file; nothing about a
single good is written here.

=================  ==========================================================  ===============================
source             published form                                              extract
=================  ==========================================================  ===============================
CEPII BACI         BACI_HS92_Y2024_V202601.csv (t, i, j, k, v, q) and          *baci_hs92*.parquet or
                   country_codes_V202601.csv                                   *baci_hs92*flows*.csv (year,
                                                                               exporter, importer, hs6,
                                                                               value_kusd, quantity_t), and
                                                                               *baci_hs17*value*.csv.gz
FAOSTAT            Trade_DetailedTradeMatrix_*.csv, Production_Crops_*.csv,    fao_trade_*.csv.gz,
                   FoodBalanceSheets_E_*.csv,                                  fao_production_*.csv.gz,
                   Inputs_FertilizersNutrient_*.csv (normalized)               fao_food_balances_*.csv.gz,
                                                                               fao_fertilizer_nutrients_*.csv.gz
World Mining Data  *Production*Minerals*.xlsx, a sheet a mineral               world_mining_data_*.csv.gz
World Bank         API_NY.GDP.MKTP.CD*.csv, API_SP.POP.TOTL*.csv               world_bank_*.csv.gz
UN Comtrade        comtrade*hs93*.csv[.gz] (columns of the API)                the same
grain reserves     grain_reserves*.csv (crop, country, reserve_kcal)           the same
=================  ==========================================================  ===============================

The steps for one good: read, repair quantities that cannot be right, add the codes up, leave out the smallest
flows, round, write. Balances follow from what the declaration says about production, recipes from its figures and
the unit values of trade. A developer's tool: it needs pandas and, for extracts in Parquet, pyarrow.
"""

from __future__ import annotations

import argparse
import math
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent

FLOW_COLUMNS = ["year", "good", "exporter", "importer", "quantity", "value_usd", "status", "source"]
BALANCE_COLUMNS = ["year", "good", "country", "production", "demand", "stock", "capacity", "status", "source"]
RECIPE_COLUMNS = [
    "good", "input", "input_per_unit", "loss", "essential", "value_share", "status", "source", "note",
]  # fmt: skip
REPAIR_COLUMNS = [
    "year", "good", "hs", "exporter", "importer",
    "value_kusd", "reported_quantity", "repaired_quantity", "reason",
]  # fmt: skip
OBSERVED, ESTIMATED, ASSUMED = "observed", "estimated", "assumed"

# UN M49 codes that differ from the numbers BACI uses; None is an aggregate to be dropped.
M49_OVERRIDES: dict[int, str | None] = {
    840: "USA", 250: "FRA", 356: "IND", 578: "NOR", 756: "CHE", 158: "TWN", 159: None, 630: "PRI", 234: "FRO",
    492: "MCO", 438: "LIE", 850: "VIR",
}  # fmt: skip


class SourceMissingError(FileNotFoundError):
    """No file in the raw folder matches what a reader looks for."""


@dataclass(frozen=True)
class Good:
    """One good of the declaration."""

    name: str
    spec: dict[str, Any]

    @property
    def by_value(self) -> bool:
        """Whether the good is measured in thousands of dollars."""
        return bool(self.spec["unit"] == "kUSD")

    def codes(self, year: int | None = None) -> list[tuple[str, str]]:
        """The good's codes as pairs of revision and HS6: those of a year, or those of any."""
        usual = self.spec.get("codes", [])
        by_year: Mapping[str, list[str]] = self.spec.get("codes_by_year", {})
        if year is None:
            named = [*usual, *(code for codes in by_year.values() for code in codes)]
        else:
            named = by_year.get(str(year), usual)
        return [(code.split(":")[0], code.split(":")[1]) for code in dict.fromkeys(named)]


@dataclass
class Declaration:
    """What goods.toml and countries.toml say."""

    settings: dict[str, Any]
    goods: list[Good]
    corrections: list[dict[str, Any]]
    judgements: list[dict[str, Any]]
    recipes: list[dict[str, Any]]
    names: dict[str, str]
    aliases: dict[str, str]
    coalitions: dict[str, list[str]]

    @classmethod
    def read(cls, folder: Path) -> Declaration:
        """Read both files of the declaration and resolve coalitions that are made of others."""
        goods = tomllib.loads((folder / "goods.toml").read_text(encoding="utf-8"))
        countries = tomllib.loads((folder / "countries.toml").read_text(encoding="utf-8"))
        raw: dict[str, list[str]] = countries["coalitions"]

        def members(name: str) -> list[str]:
            found: set[str] = set()
            for entry in raw[name]:
                found.update(members(entry[1:]) if entry.startswith("@") else [entry])
            return sorted(found)

        return cls(
            settings=goods["settings"],
            goods=[Good(spec["good"], spec) for spec in goods["goods"]],
            corrections=goods.get("corrections", []),
            judgements=goods.get("judgements", []),
            recipes=goods.get("recipes", []),
            names=countries["names"],
            aliases=countries["aliases"],
            coalitions={name: members(name) for name in raw},
        )


def find(raw: Path, *patterns: str) -> list[Path]:
    """Files of the raw folder that match the first pattern that matches anything."""
    for pattern in patterns:
        found = sorted(raw.glob(pattern))
        if found:
            return found
    return []


def one(raw: Path, *patterns: str) -> Path:
    """The last of the files that `find` finds, or a named error."""
    found = find(raw, *patterns)
    if not found:
        raise SourceMissingError(f"no file like {' or '.join(patterns)} in the raw folder")
    return found[-1]


def read_csv(path: Path, **options: Any) -> pd.DataFrame:
    """A CSV file in which NA is Namibia and only the empty cell is missing."""
    table: pd.DataFrame = pd.read_csv(path, keep_default_na=False, na_values=[""], low_memory=False, **options)
    return table


def clean_code(code: str) -> str:
    """Taiwan is 490 or S19 in the sources and TWN here."""
    return "TWN" if code == "S19" else code


@dataclass
class Sources:
    """Reads the raw folder, published files before extracts; every method gives tidy rows with ISO3."""

    raw: Path
    declaration: Declaration
    _cache: dict[str, pd.DataFrame] = field(default_factory=dict)

    def _cached(self, key: str, read: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        if key not in self._cache:
            self._cache[key] = read()
        return self._cache[key]

    # -- countries ---------------------------------------------------------------------------------------

    def country_codes(self) -> pd.DataFrame:
        """BACI's list: number, ISO3, name."""

        def read() -> pd.DataFrame:
            path = one(self.raw, "country_codes_V*.csv", "baci_country_codes.csv", "*country_codes*.csv")
            table = read_csv(path).rename(columns={"country_iso3": "iso3", "country_name": "name"})
            table["iso3"] = table["iso3"].map(clean_code, na_action="ignore")
            # the same ISO3 stands for a dissolved state, too: the name of today is the one without a year
            old = table["name"].str.contains(r"\(\.\.\.|Fed\. Rep\.", regex=True)
            return table.assign(old=old)[["country_code", "iso3", "name", "old"]]

        return self._cached("countries", read)

    def number_to_iso3(self) -> dict[int, str]:
        """BACI's numeric codes as ISO3."""
        table = self.country_codes().dropna(subset=["iso3"])
        return dict(zip(table["country_code"].astype(int), table["iso3"], strict=True))

    def m49_to_iso3(self) -> dict[int, str]:
        """The United Nations' numeric codes as ISO3."""
        codes: dict[int, str | None] = {**self.number_to_iso3(), **M49_OVERRIDES}
        return {number: iso3 for number, iso3 in codes.items() if iso3}

    def country_names(self) -> dict[str, str]:
        """Short English names by ISO3."""
        table = self.country_codes().dropna(subset=["iso3"])
        table = table[~table["old"]]
        return {**dict(zip(table["iso3"], table["name"], strict=True)), **self.declaration.names}

    def name_to_iso3(self) -> dict[str, str]:
        """ISO3 by name, for tables that hold names only."""
        by_name = {name: iso3 for iso3, name in self.country_names().items()}
        table = self.country_codes().dropna(subset=["iso3"])
        original = dict(zip(table["name"], table["iso3"], strict=True))
        return {**original, **by_name, **self.declaration.aliases}

    # -- trade -------------------------------------------------------------------------------------------

    def baci(self, revision: str, hs: str, year: int, value_series: str | None = None) -> pd.DataFrame:
        """One code and year: exporter, importer, value_kusd, quantity_t, source."""
        vintage = self.declaration.settings["baci_vintage"]
        label = f"BACI {revision} {vintage}"
        published = find(self.raw, f"BACI_{revision}_Y{year}_V*.csv")
        if published:
            frame = self._cached(str(published[-1]), lambda: self._published_baci(published[-1]))
            label = f"BACI {revision} {published[-1].stem.rsplit('_', 1)[-1]}"
        else:
            frame = self._extract_baci(revision)
        rows = frame[(frame["hs6"] == hs) & (frame["year"] == year)]
        if rows.empty and value_series is not None and not published:
            rows = self._value_extract(revision)
            rows = rows[(rows["material"] == value_series) & (rows["year"] == year)]
            label += " (largest partners)"
        if rows.empty:
            raise SourceMissingError(f"no rows of {revision} {hs} for {year} in the raw folder")
        rows = rows[["exporter", "importer", "value_kusd", "quantity_t"]].copy()
        for column in ("exporter", "importer"):
            rows[column] = rows[column].map(clean_code)
        return rows.assign(source=label).sort_values(["exporter", "importer"], ignore_index=True)

    def _published_baci(self, path: Path) -> pd.DataFrame:
        """A yearly file as CEPII publishes it; the numbers of countries become ISO3."""
        wanted = {int(hs) for good in self.declaration.goods for _, hs in good.codes()}
        chunks = []
        for chunk in pd.read_csv(path, chunksize=1_000_000, skipinitialspace=True, na_values=["NA", ""]):
            chunk.columns = [str(column).strip() for column in chunk.columns]
            chunks.append(chunk[chunk["k"].astype(int).isin(wanted)])
        frame = pd.concat(chunks, ignore_index=True)
        codes = self.number_to_iso3()
        unknown = sorted((set(frame["i"]) | set(frame["j"])) - set(codes))
        if unknown:
            raise ValueError(f"{path.name}: country numbers without ISO3: {unknown}")
        return pd.DataFrame(
            {
                "year": frame["t"].astype(int),
                "exporter": frame["i"].map(codes),
                "importer": frame["j"].map(codes),
                "hs6": frame["k"].astype(int).astype(str).str.zfill(6),
                "value_kusd": frame["v"].astype(float),
                "quantity_t": pd.to_numeric(frame["q"], errors="coerce"),
            }
        )

    def _extract_baci(self, revision: str) -> pd.DataFrame:
        stem = f"*baci_{revision.lower()}"
        path = one(self.raw, f"{stem}*.parquet", f"{stem}*flows*.csv.gz", f"{stem}*flows*.csv")

        def read() -> pd.DataFrame:
            frame = pd.read_parquet(path) if path.suffix == ".parquet" else read_csv(path, dtype={"hs6": str})
            return frame.rename(columns={"qty_t": "quantity_t"})

        return self._cached(str(path), read)

    def _value_extract(self, revision: str) -> pd.DataFrame:
        path = one(self.raw, f"*baci_{revision.lower()}*value*.csv.gz")

        def read() -> pd.DataFrame:
            frame = read_csv(path)
            frame["value_kusd"] = frame["value_usd"] / 1000
            return frame.rename(columns={"qty_t": "quantity_t"})

        return self._cached(str(path), read)

    def arms(self, year: int) -> pd.DataFrame:
        """Chapter 93 exports as reported, by partner."""
        frame = read_csv(one(self.raw, "comtrade*hs93*.csv", "comtrade*hs93*.csv.gz"))
        rows = frame[(frame["refYear"] == year) & (frame["flowDesc"] == "Export")]
        rows = rows.rename(columns={"reporterISO": "exporter", "partnerISO": "importer"})
        known = set(self.country_names())
        rows = rows[rows["exporter"].map(clean_code).isin(known) & rows["importer"].map(clean_code).isin(known)]
        out = rows[["exporter", "importer"]].apply(lambda column: column.map(clean_code))
        out["value_kusd"] = rows["primaryValue"].astype(float) / 1000
        out["quantity_t"] = np.nan
        summed: pd.DataFrame = out.groupby(["exporter", "importer"]).sum(min_count=1).reset_index()
        return summed.assign(source="UN Comtrade HS 93")

    # -- FAOSTAT -----------------------------------------------------------------------------------------

    def _faostat(self, kind: str) -> pd.DataFrame | None:
        """A published, normalized FAOSTAT table with ISO3 in iso3 (and partner), or None."""
        found = find(self.raw, f"{kind}*.csv")
        if not found:
            return None

        def read() -> pd.DataFrame:
            crops = [good.spec["fao"] for good in self.declaration.goods if "fao" in good.spec]
            items = {item for fao in crops for item in (*fao["trade_items"], *fao["production_items"])}
            balance_items = {fao["balance_item"] for fao in crops}
            chunks = []
            for chunk in pd.read_csv(
                found[-1],
                keep_default_na=False,
                na_values=[""],
                low_memory=False,
                encoding_errors="replace",
                chunksize=1_000_000,
            ):
                wanted = chunk["Item"].isin(items) if "Item" in chunk else pd.Series(False, index=chunk.index)
                if "Item Code" in chunk:
                    wanted |= chunk["Item Code"].isin(balance_items)
                chunks.append(chunk[wanted])
            frame = pd.concat(chunks, ignore_index=True)
            codes = self.m49_to_iso3()

            def iso3(column: str) -> pd.Series:
                return frame[column].astype(str).str.strip("' ").astype(int).map(codes)

            if "Reporter Country Code (M49)" in frame:
                frame["iso3"] = iso3("Reporter Country Code (M49)")
                frame["partner"] = iso3("Partner Country Code (M49)")
                frame = frame.dropna(subset=["partner"])
            else:
                frame["iso3"] = iso3("Area Code (M49)")
            return frame.dropna(subset=["iso3"])

        return self._cached(str(found[-1]), read)

    def fao_trade(self, fao: Mapping[str, Any]) -> pd.DataFrame:
        """All years of one crop: year, exporter, importer, quantity."""
        table = self._faostat("Trade_DetailedTradeMatrix")
        if table is not None:
            rows = table[table["Item"].isin(fao["trade_items"])]
            rows = rows[rows["Element"].str.lower().eq("export quantity")]
            out = rows.rename(
                columns={"Year": "year", "iso3": "exporter", "partner": "importer", "Value": "quantity"}
            )
        else:
            frame = read_csv(one(self.raw, "fao_trade_*.csv.gz", "fao_trade_*.csv"))
            out = frame[frame["crop"] == fao["extract"]].rename(columns={"quantity_t": "quantity"})
        out = out[out["exporter"] != out["importer"]]
        keys = ["year", "exporter", "importer"]
        summed = out.groupby(keys)["quantity"].sum().reset_index()
        return summed.sort_values(keys, ignore_index=True)

    def fao_production(self, fao: Mapping[str, Any]) -> pd.DataFrame:
        """All years of one crop: year, country, production, in the form of the production table."""
        table = self._faostat("Production_Crops")
        if table is not None:
            rows = table[table["Item"].isin(fao["production_items"]) & table["Element"].eq("Production")]
            out = rows.rename(columns={"Year": "year", "iso3": "country", "Value": "production"})
        else:
            frame = read_csv(one(self.raw, "fao_production_*.csv.gz", "fao_production_*.csv"))
            frame = frame[frame["crop"] == fao["extract"]].drop(columns="country")
            out = frame.rename(columns={"iso3": "country", "prod_t": "production"}).drop_duplicates()
        return out.groupby(["year", "country"])["production"].sum().reset_index()

    def stock_change(self, item: int) -> pd.DataFrame:
        """Additions to stock of one food balance item: year, country, stock_change in tonnes.

        The sign is found, not believed: of the two readings, the one under which production + imports −
        exports − additions gives the domestic supply is taken.
        """
        table = self._faostat("FoodBalanceSheets")
        if table is not None:
            names = {
                "Production": "production", "Import quantity": "imports", "Import Quantity": "imports",
                "Export quantity": "exports", "Export Quantity": "exports", "Stock Variation": "stock",
                "Domestic supply quantity": "domestic",
            }  # fmt: skip
            rows = table[(table["Item Code"] == item) & table["Element"].isin(list(names))]
            frame = rows.assign(column=rows["Element"].map(names)).pivot_table(
                index=["iso3", "Year"], columns="column", values="Value", aggfunc="sum"
            )
            frame = frame.reset_index()
        else:
            frame = read_csv(one(self.raw, "fao_food_balances_*.csv.gz", "fao_food_balances_*.csv"))
            # a region may share a country's code (China with its mainland, Southern with South Africa):
            # of rows with one code the country's is the smaller
            frame = frame[frame["Item"] == item].sort_values(["domestic", "Region_name"], kind="stable")
            frame = frame.drop_duplicates(["iso3", "Year"]).sort_values(["iso3", "Year"], ignore_index=True)
        supply = frame["production"].fillna(0) + frame["imports"].fillna(0) - frame["exports"].fillna(0)
        stock = frame["stock"].fillna(0)
        added = (supply - stock - frame["domestic"]).abs().sum()
        drawn = (supply + stock - frame["domestic"]).abs().sum()
        sign = 1.0 if added <= drawn else -1.0
        out = pd.DataFrame(
            {"year": frame["Year"], "country": frame["iso3"], "stock_change": frame["stock"] * 1000 * sign}
        )
        return out.dropna(subset=["stock_change"])

    def reserves(self, crop: str, kcal_per_t: float) -> dict[str, float]:
        """Grain in store in tonnes, by country."""
        frame = read_csv(one(self.raw, "grain_reserves*.csv"))
        rows = frame[frame["crop"] == crop]
        tonnes = rows["reserve_kcal"].astype(float) / kcal_per_t
        return dict(zip(rows["country"].astype(str), tonnes, strict=True))

    def phosphate_use(self, years: Iterable[int]) -> float:
        """P2O5 that the world's farms spread in a year, in tonnes, mean over some years."""
        path = one(self.raw, "Inputs_FertilizersNutrient*.csv", "fao_fertilizer_nutrients_*.csv.gz")
        frame = read_csv(path, encoding_errors="replace").rename(columns={"Element": "Measurement"})
        rows = frame[frame["Item"].str.startswith("Nutrient phosphate") & frame["Area"].eq("World")]
        rows = rows[rows["Measurement"].str.lower().eq("agricultural use") & rows["Year"].isin(list(years))]
        if rows.empty:
            raise SourceMissingError(f"{path.name} holds no use of phosphate for these years")
        return float(rows["Value"].mean())

    # -- production --------------------------------------------------------------------------------------

    def mining(self, minerals: Iterable[str], year: int) -> pd.DataFrame:
        """World Mining Data of some minerals added up: country, production (tonnes), status."""
        frame = self._cached("mining", self._mining)
        rows = frame[frame["commodity"].isin(list(minerals)) & (frame["year"] == year)]
        if rows.empty:
            raise SourceMissingError(f"World Mining Data holds no {', '.join(minerals)} for {year}")
        rows = rows.dropna(subset=["production"])
        out = rows.groupby("country", as_index=False).agg(
            production=("production", "sum"), reported=("reported", "all")
        )
        out["status"] = np.where(out["reported"], OBSERVED, ESTIMATED)
        return out[["country", "production", "status"]]

    def _mining(self) -> pd.DataFrame:
        books = find(self.raw, "*roduction*inerals*.xlsx", "*ining*.xlsx")
        if books:
            return self._mining_workbook(books[-1])
        frame = read_csv(one(self.raw, "world_mining_data_[0-9]*.csv.gz", "world_mining_data_[0-9]*.csv"))
        frame = frame[~frame["iso3"].isin(["DELETE", "R20"])]
        return pd.DataFrame(
            {
                "commodity": frame["commodity"],
                "country": frame["iso3"].map(clean_code),
                "year": frame["year"],
                "production": frame["production"],
                "reported": frame["data_source"].eq("r"),
            }
        )

    def _mining_workbook(self, path: Path) -> pd.DataFrame:
        """The published workbook: a sheet a mineral, a row a country, a column a year."""
        names = self.name_to_iso3()
        parts = []
        for sheet, table in pd.read_excel(path, sheet_name=None, header=None).items():
            heads = table.index[table.iloc[:, 0].astype(str).str.strip().str.lower().eq("country")]
            if not len(heads):
                continue
            header = table.loc[heads[0]]
            body = table.loc[heads[0] + 1 :]
            last = body.iloc[:, -1].astype(str).str.strip()
            country = body.iloc[:, 0].astype(str).str.strip().map(names)
            for position, title in enumerate(header):
                text = str(title).split(".")[0].strip()
                if not (text.isdigit() and len(text) == 4):
                    continue
                parts.append(
                    pd.DataFrame(
                        {
                            "commodity": str(sheet),
                            "country": country,
                            "year": int(text),
                            "production": pd.to_numeric(body.iloc[:, position], errors="coerce"),
                            "reported": last.eq("r"),
                        }
                    )
                )
        return pd.concat(parts, ignore_index=True).dropna(subset=["country"])

    # -- countries ---------------------------------------------------------------------------------------

    def indicator(self, code: str, extract: str, until: int) -> dict[str, float]:
        """A World Bank indicator: its latest value up to a year (and not before 2015), by country."""
        found = find(self.raw, f"API_{code}*.csv")
        if found:
            wide = read_csv(found[-1], skiprows=4)
            years = [column for column in wide.columns if str(column).isdigit()]
            frame = wide.melt(id_vars=["Country Code"], value_vars=years, var_name="Year", value_name="Value")
            frame["Year"] = frame["Year"].astype(int)
        else:
            frame = read_csv(one(self.raw, extract))
        frame = frame.dropna(subset=["Value"])
        frame = frame[(frame["Year"] <= until) & (frame["Year"] >= 2015)].sort_values("Year")
        latest = frame.groupby("Country Code")["Value"].last()
        return {str(country): float(value) for country, value in latest.items()}


# -- quantities ------------------------------------------------------------------------------------------


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """The value below which half of the weight lies."""
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(cumulated, cumulated[-1] / 2)])


def scatter(rows: pd.DataFrame) -> float:
    """Value-weighted standard deviation of the log unit value, of the reported rows."""
    priced = rows[(rows["quantity_t"] > 0) & (rows["value_kusd"] > 0)]
    if priced.empty:
        return math.nan
    logs = np.log((priced["value_kusd"] / priced["quantity_t"]).to_numpy(float))
    weights = priced["value_kusd"].to_numpy(float)
    mean = np.average(logs, weights=weights)
    return float(np.sqrt(np.average((logs - mean) ** 2, weights=weights)))


def repair(rows: pd.DataFrame, factor: float, enough: int) -> pd.DataFrame:
    """Mend the quantities of one code in one year.

    The price to believe is the exporter's median unit value (weighted by value) if it has `enough` priced
    flows and its median is itself within `factor` of the code's, else the code's median. A quantity becomes
    value / price where it is missing, or where its unit value is more than `factor` off that price, unless
    the row is marked `keep`. Adds quantity and reason; quantity_t stays as reported.
    """
    out = rows.reset_index(drop=True).copy()
    value = out["value_kusd"].to_numpy(float)
    quantity = out["quantity_t"].to_numpy(float)
    priced = (np.nan_to_num(quantity) > 0) & (value > 0)
    spared = out["keep"].to_numpy(bool) if "keep" in out else np.zeros(len(out), dtype=bool)
    unit = np.full(len(out), np.nan)
    unit[priced] = value[priced] / quantity[priced]
    if not priced.any():
        raise ValueError("no row has both value and quantity")
    world = weighted_median(unit[priced], value[priced])
    price = np.full(len(out), world)
    own = np.zeros(len(out), dtype=bool)
    for index in out.groupby("exporter").indices.values():
        mine = index[priced[index]]
        if len(mine) < enough:
            continue
        median = weighted_median(unit[mine], value[mine])
        if 1 / factor <= median / world <= factor:
            price[index] = median
            own[index] = True
    distance = np.abs(np.log(np.where(priced, unit, 1.0) / price))
    off = priced & (distance > math.log(factor)) & ~spared
    mend = off | ~priced
    out["quantity"] = np.where(mend, value / price, quantity)
    whose = np.where(own, "the exporter's median", "the code's median")
    reason = np.full(len(out), "", dtype=object)
    for row in np.flatnonzero(mend):
        if priced[row]:
            ratio = unit[row] / price[row]
            text = f"{ratio:.3g} times" if ratio > 1 else f"{1 / ratio:.3g} times below"
            reason[row] = f"unit value {text} {whose[row]}"
        else:
            reason[row] = f"quantity missing; price is {whose[row]}"
    out["reason"] = reason
    return out


def thin(rows: pd.DataFrame, share: float, columns: list[str]) -> pd.DataFrame:
    """Leave out the smallest flows: at most `share` of what either partner buys or sells, in each column."""
    keep = np.zeros(len(rows), dtype=bool)
    for column in columns:
        amount = rows[column].fillna(0)
        for side in ("exporter", "importer"):
            order = amount.sort_values(kind="stable").index
            running = amount.loc[order].groupby(rows.loc[order, side]).cumsum().reindex(rows.index)
            total = amount.groupby(rows[side]).transform("sum")
            keep |= (running > share * total).to_numpy()
    return rows[keep].reset_index(drop=True)


def round_to(values: pd.Series, digits: int) -> pd.Series:
    """Round to significant digits."""
    number = values.to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        power = digits - 1 - np.floor(np.log10(np.abs(number)))
    power = np.where(np.isfinite(power), power, 0)
    scale = 10.0**power
    return pd.Series(np.round(number * scale) / scale, index=values.index)


# -- flows -----------------------------------------------------------------------------------------------


def good_flows(good: Good, sources: Sources) -> tuple[pd.DataFrame, pd.DataFrame, dict[int, float]]:
    """Flows of one good, its repaired rows, and how widely its unit values scatter by year."""
    settings = sources.declaration.settings
    reader = good.spec["reader"]
    frames: list[pd.DataFrame] = []
    repairs: list[pd.DataFrame] = []
    scatters: dict[int, float] = {}
    years = settings["fao_years" if reader == "fao" else "baci_years"]
    for year in years:
        if reader == "fao":
            table = sources.fao_trade(good.spec["fao"])
            rows = table[table["year"] == year].drop(columns="year")
            rows = rows[rows["quantity"] > 0].assign(value_usd=np.nan, status=OBSERVED, source="FAOSTAT TM")
        elif reader == "arms":
            rows = sources.arms(year)
            rows = rows.assign(quantity=rows["value_kusd"], status=OBSERVED)
        else:
            rows, mended, scatters[year] = baci_year(good, sources, year)
            repairs.append(mended)
        if "value_kusd" in rows:
            rows["value_usd"] = rows["value_kusd"] * 1000
        rows = rows[(rows["exporter"] != rows["importer"]) & (rows["quantity"] > 0)].reset_index(drop=True)
        columns = ["quantity"] if good.by_value or reader == "fao" else ["quantity", "value_usd"]
        rows = thin(rows, settings["dust_share"], columns)
        frames.append(rows.assign(year=year, good=good.name)[FLOW_COLUMNS])
    flows = pd.concat(frames, ignore_index=True)
    for column in ("quantity", "value_usd"):
        flows[column] = round_to(flows[column], settings["digits"])
    if good.by_value:
        flows["value_usd"] = flows["quantity"] * 1000
    flows = flows.sort_values(["year", "exporter", "importer"], ignore_index=True)
    mended = pd.concat(repairs, ignore_index=True) if repairs else pd.DataFrame(columns=REPAIR_COLUMNS)
    if not mended.empty:
        kept = pd.MultiIndex.from_frame(flows[["year", "exporter", "importer"]])
        mended = mended[pd.MultiIndex.from_frame(mended[["year", "exporter", "importer"]]).isin(kept)]
    return flows, mended, scatters


def baci_year(good: Good, sources: Sources, year: int) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """One year of a good read from BACI, its codes repaired one by one and added up."""
    settings = sources.declaration.settings
    series: Mapping[str, str] = good.spec.get("value_series", {})
    parts: list[pd.DataFrame] = []
    mended: list[pd.DataFrame] = []
    for revision, hs in good.codes(year):
        rows = sources.baci(revision, hs, year, series.get(f"{revision}:{hs}"))
        judged = {
            (entry["exporter"], entry.get("importer")): entry["action"]
            for entry in sources.declaration.judgements
            if entry["hs"] == hs and entry["year"] == year
        }
        pairs = zip(rows["exporter"], rows["importer"], strict=True)
        actions = pd.Series([judged.get(pair, judged.get((pair[0], None))) for pair in pairs], dtype=object)
        rows = rows[actions.ne("exclude")].assign(keep=actions.eq("keep")[actions.ne("exclude")])
        if good.by_value:
            rows = rows.assign(quantity=rows["value_kusd"], reason="")
        else:
            factor = float(good.spec.get("outlier_factor", settings["outlier_factor"]))
            rows = repair(rows, factor, settings["enough_flows"])
            fixed = rows[rows["reason"] != ""].assign(year=year, good=good.name, hs=hs)
            fixed = fixed.rename(columns={"quantity_t": "reported_quantity", "quantity": "repaired_quantity"})
            mended.append(fixed[REPAIR_COLUMNS])
        parts.append(rows)
    every = pd.concat(parts, ignore_index=True)
    summed = every.groupby(["exporter", "importer"], as_index=False).agg(
        quantity=("quantity", "sum"),
        value_kusd=("value_kusd", "sum"),
        mended=("reason", lambda column: bool((column != "").any())),
        source=("source", lambda column: "; ".join(sorted(set(column)))),
    )
    summed["status"] = np.where(summed["mended"], ESTIMATED, OBSERVED)
    summed["source"] = np.where(summed["mended"], summed["source"] + "; quantity from value", summed["source"])
    table = pd.concat(mended, ignore_index=True) if mended else pd.DataFrame(columns=REPAIR_COLUMNS)
    return summed, table, scatter(every)


# -- balances --------------------------------------------------------------------------------------------


def fao_balances(good: Good, sources: Sources, countries: Iterable[str]) -> pd.DataFrame:
    """Production, demand and stock of a crop.

    Demand is the mean over the year and the two before it of production + imports − exports, less what went
    into stores where the food balances tell. It is blank where that is not positive.
    """
    fao: Mapping[str, Any] = good.spec["fao"]
    factor = float(fao["factor"])
    trade = sources.fao_trade(fao)
    bought = trade.groupby(["year", "importer"])["quantity"].sum()
    sold = trade.groupby(["year", "exporter"])["quantity"].sum()
    made = sources.fao_production(fao).set_index(["year", "country"])["production"] * factor
    stored = sources.stock_change(int(fao["balance_item"])).set_index(["year", "country"])["stock_change"] * factor
    reserves = sources.reserves(fao["reserve"], float(fao["kcal_per_t"])) if "reserve" in fao else {}
    rows = []
    for year in sources.declaration.settings["fao_years"]:
        for country in sorted(set(countries) | {c for y, c in made.index if y == year}):
            keys = [(y, country) for y in (year - 2, year - 1, year)]
            supply = [made.get(k, 0.0) + bought.get(k, 0.0) - sold.get(k, 0.0) for k in keys]
            added = [stored[k] for k in keys if k in stored.index]
            demand = (sum(supply) - sum(added)) / len(keys)
            listed = (year, country) in made.index
            parts = ["FAOSTAT QCL" if listed else "FAOSTAT QCL: none listed"]
            if demand > 0:
                parts.append("three-year mean with FAOSTAT TM")
            if demand > 0 and added:
                parts.append("FAOSTAT FBS")
            stock = reserves.get(country, math.nan)
            if stock > 0:
                parts.append("USDA PSD 2015-17")
            else:
                stock = math.nan
            rows.append(
                {
                    "year": year, "good": good.name, "country": country,
                    "production": made.get((year, country), 0.0),
                    "demand": demand if demand > 0 else math.nan,
                    "stock": stock,
                    "status": OBSERVED if listed and not demand > 0 and not stock > 0 else ESTIMATED,
                    "source": "; ".join(parts),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def production_rows(good: Good, sources: Sources, countries: Iterable[str], flows: pd.DataFrame) -> pd.DataFrame:
    """Production of a good read from BACI: figures where the form is the same, zeros where none is made."""
    settings = sources.declaration.settings
    edition = f"World Mining Data {settings['wmd_edition']}"
    everyone = sorted(set(countries))
    sold = flows.groupby(["year", "exporter"])["quantity"].sum()
    rows: list[dict[str, Any]] = []

    def add(year: int, country: str, production: float, status: str, source: str) -> None:
        rows.append(
            {"year": year, "good": good.name, "country": country, "production": production,
             "status": status, "source": source}
        )  # fmt: skip

    for year in settings["baci_years"]:
        zeros: dict[str, tuple[str, str]] = {}
        if "wmd" in good.spec or "none_listed" in good.spec:
            table = sources.mining(good.spec.get("wmd", good.spec.get("none_listed", [])), year)
            makers = table[table["production"] > 0]
            if "wmd" in good.spec:
                fixed = {
                    entry["country"]: (float(entry["production"][str(year)]), str(entry["source"]))
                    for entry in sources.declaration.corrections
                    if entry["good"] == good.name and str(year) in entry["production"]
                }
                for country, amount, status in makers.itertuples(index=False):
                    if country in fixed:
                        add(year, country, fixed[country][0], ESTIMATED, fixed[country][1])
                    else:
                        add(year, country, amount, status, edition)
            listed = set(makers["country"])
            spared = listed | set(good.spec.get("unsure", []))
            zeros = {c: (ESTIMATED, f"{edition}: none listed") for c in everyone if c not in spared}
        elif "makers" in good.spec:
            spared = set(good.spec["makers"]) | set(good.spec.get("unsure", []))
            if good.spec.get("makers_produce") == "exports":
                for country in sorted(set(good.spec["makers"]) & {c for y, c in sold.index if y == year}):
                    add(year, country, sold[year, country], ESTIMATED, "output taken as exports")
            zeros = {c: (ESTIMATED, "not among the makers listed") for c in everyone if c not in spared}
        for entry in good.spec.get("none", []):
            for country in entry["countries"]:
                zeros.setdefault(country, (ASSUMED, "no maker known; assumption, see SOURCES.md"))
        for country, (status, source) in sorted(zeros.items()):
            add(year, country, 0.0, status, source)
    table = pd.DataFrame(rows, columns=["year", "good", "country", "production", "status", "source"])
    bought = flows.groupby(["year", "importer"])["quantity"].sum()
    written = {
        c for entry in good.spec.get("none", []) if entry.get("demand") == "imports" for c in entry["countries"]
    }
    demand = [
        bought.get((row.year, row.country), math.nan) if row.country in written else math.nan
        for row in table.itertuples()
    ]
    return table.assign(demand=pd.Series(demand, dtype=float))


def balances(sources: Sources, countries: Iterable[str], flows: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The balances of all goods."""
    parts = [
        fao_balances(good, sources, countries)
        if good.spec["reader"] == "fao"
        else production_rows(good, sources, countries, flows[good.name])
        for good in sources.declaration.goods
    ]
    table = pd.concat([part for part in parts if not part.empty], ignore_index=True)
    table = table.reindex(columns=BALANCE_COLUMNS)
    for column in ("production", "demand", "stock"):
        table[column] = round_to(table[column], sources.declaration.settings["digits"])
    return table.sort_values(["good", "year", "country"], ignore_index=True)


# -- recipes ---------------------------------------------------------------------------------------------


def tonne_price(good: Good, sources: Sources) -> float:
    """Thousands of dollars a tonne: the median of the latest year's unit values, weighted by value."""
    year = max(sources.declaration.settings["baci_years"])
    rows = pd.concat([sources.baci(revision, hs, year) for revision, hs in good.codes(year)])
    rows = rows[(rows["quantity_t"] > 0) & (rows["value_kusd"] > 0)]
    value = rows["value_kusd"].to_numpy(float)
    return weighted_median(value / rows["quantity_t"].to_numpy(float), value)


def recipe(entry: Mapping[str, Any], sources: Sources) -> tuple[dict[str, Any], list[str]]:
    """One row of recipes.csv and what is wrong with it; goods.toml explains the keys."""
    goods = {good.name: good for good in sources.declaration.goods}
    made, used = goods[entry["good"]], goods[entry["input"]]
    priced = {good.name: tonne_price(good, sources) for good in (made, used) if good.spec["reader"] == "baci"}
    unit_price = {good.name: 1.0 if good.by_value else priced.get(good.name, math.nan) for good in (made, used)}
    ratio = unit_price[used.name] / unit_price[made.name]
    figures = {"input_price": priced.get(used.name), "good_price": priced.get(made.name)}
    if "tonnes" in entry:
        amount = float(entry["tonnes"]) * priced[used.name] / priced[made.name]
    elif "p2o5_share" in entry:
        years = sources.declaration.settings["fao_years"]
        fao: Mapping[str, Any] = made.spec["fao"]
        output = sources.fao_production(fao)
        tonnes = output[output["year"].isin(years)]["production"].sum() / len(years) * float(fao["factor"])
        spread = float(entry["p2o5_share"]) * sources.phosphate_use(years) / tonnes
        figures["p2o5_kg"] = spread * 1000
        amount = spread / float(entry["grade"]) * priced[used.name]
    elif "value_share" in entry:
        amount = float(entry["value_share"]) / ratio
    else:
        amount = float(entry["input_per_unit"])
    low, high = float(entry["low"]), float(entry["high"])
    numbers = round_to(pd.Series([amount, amount * ratio]), 3 if "input_per_unit" not in entry else 4)
    row = {
        **{key: entry[key] for key in ("good", "input", "status", "source")},
        "input_per_unit": numbers[0],
        "loss": math.nan,
        "essential": "true" if entry["essential"] else "false",
        "value_share": numbers[1],
        "note": f"Range {low:g} to {high:g}. " + str(entry["note"]).format(**figures),
    }
    complaints = []
    if not low <= numbers[0] <= high:
        complaints.append(f"recipe {made.name}, {used.name}: {numbers[0]:g} lies outside {low:g} to {high:g}")
    return row, complaints


def recipes(sources: Sources) -> tuple[pd.DataFrame, list[str]]:
    """The recipes whose goods are all declared, and complaints."""
    names = {good.name for good in sources.declaration.goods}
    entries = [entry for entry in sources.declaration.recipes if {entry["good"], entry["input"]} <= names]
    made = [recipe(entry, sources) for entry in entries]
    table = pd.DataFrame([row for row, _ in made], columns=RECIPE_COLUMNS)
    return table, [line for _, lines in made for line in lines]


# -- writing ---------------------------------------------------------------------------------------------


def plain(number: Any) -> str:
    """A number as short as it can be written, without an exponent."""
    if number is None or (isinstance(number, float) and math.isnan(number)):
        return ""
    text = np.format_float_positional(float(number), trim="-", precision=12)
    return text if text != "-0" else "0"


def write(table: pd.DataFrame, path: Path, numbers: Iterable[str] = ()) -> None:
    """Write a table: UTF-8, LF, comma, blank for what is unknown."""
    out = table.copy()
    for column in numbers:
        out[column] = [plain(value) for value in out[column]]
    path.parent.mkdir(parents=True, exist_ok=True)
    out.to_csv(path, index=False, encoding="utf-8", lineterminator="\n", na_rep="")


def check_measures(good: Good, scatters: Mapping[int, float], limit: float) -> list[str]:
    """The rule on measures: what scatters beyond the limit is measured in value, or says why not."""
    wide = {year: value for year, value in scatters.items() if value > limit}
    if not wide or good.by_value or "scatter_exempt" in good.spec:
        return []
    text = ", ".join(f"{value:.2f} in {year}" for year, value in wide.items())
    return [f"{good.name}: log unit values scatter by {text}, above {limit}; measure it in value"]


def check_corrections(declaration: Declaration) -> list[str]:
    """List the years for which a figure that must be replaced has no replacement."""
    return [
        f"{entry['good']}, {entry['country']}: no corrected production for {year} in goods.toml; "
        f"the table's own figure counts something else"
        for entry in declaration.corrections
        for year in declaration.settings["baci_years"]
        if str(year) not in entry["production"]
    ]


def build(raw: Path, out: Path, declaration: Declaration | None = None) -> dict[str, Any]:
    """Build all tables; returns what is worth printing: scatters, counts and complaints."""
    declaration = declaration or Declaration.read(HERE)
    sources = Sources(raw, declaration)
    settings = declaration.settings
    flows: dict[str, pd.DataFrame] = {}
    repairs: list[pd.DataFrame] = []
    scatters: dict[str, dict[int, float]] = {}
    complaints = check_corrections(declaration)
    for good in declaration.goods:
        flows[good.name], mended, scatters[good.name] = good_flows(good, sources)
        repairs.append(mended)
        complaints += check_measures(good, scatters[good.name], settings["scatter_limit"])
    names = sources.country_names()
    traders = {code for table in flows.values() for side in ("exporter", "importer") for code in table[side]}
    grouped = {code for members in declaration.coalitions.values() for code in members}
    countries = sorted(traders | grouped)
    nameless = [code for code in countries if code not in names]
    if nameless:
        raise ValueError(f"no name for {', '.join(nameless)}: add them to countries.toml")
    table = balances(sources, countries, flows)
    cooked, doubts = recipes(sources)
    complaints += doubts
    countries = sorted(set(countries) | set(table["country"]))
    gdp = sources.indicator("NY.GDP.MKTP.CD", "world_bank_gdp*.csv.gz", settings["gdp_until"])
    people = sources.indicator("SP.POP.TOTL", "world_bank_population*.csv.gz", max(settings["baci_years"]))

    for old in (out / "flows").glob("*.csv"):
        old.unlink()
    columns = ["good", "label", "category", "unit", "hs", "flow_measure", "notes"]
    listing = pd.DataFrame(
        [{**good.spec, "flow_measure": "value" if good.by_value else "quantity"} for good in declaration.goods]
    )
    write(listing[columns], out / "goods.csv")
    write(
        pd.DataFrame(
            {
                "country": countries,
                "name": [names.get(code, code) for code in countries],
                "gdp_usd": [round(gdp[code], -6) if code in gdp else math.nan for code in countries],
                "population": [people.get(code, math.nan) for code in countries],
            }
        ),
        out / "countries.csv",
        ["gdp_usd", "population"],
    )
    groups = [(name, code, "") for name, members in declaration.coalitions.items() for code in members]
    write(pd.DataFrame(groups, columns=["coalition", "country", "credit"]), out / "coalitions.csv")
    for name, frame in flows.items():
        write(frame, out / "flows" / f"{name}.csv", ["quantity", "value_usd"])
    write(table, out / "balances.csv", ["production", "demand", "stock", "capacity"])
    if not cooked.empty:
        write(cooked, out / "recipes.csv", ["input_per_unit", "loss", "value_share"])
    mended = pd.concat([frame for frame in repairs if not frame.empty], ignore_index=True)
    mended = mended.sort_values(["good", "year", "value_kusd"], ascending=[True, True, False], kind="stable")
    mended = mended[REPAIR_COLUMNS]
    for column in ("value_kusd", "reported_quantity", "repaired_quantity"):
        mended[column] = round_to(mended[column].astype(float), settings["digits"])
    write(mended, out.parent / "repairs.csv", ["value_kusd", "reported_quantity", "repaired_quantity"])
    return {
        "scatters": scatters,
        "flows": {name: len(frame) for name, frame in flows.items()},
        "repairs": len(mended),
        "complaints": complaints,
    }


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Build the embedded data set from public statistics.")
    parser.add_argument("--raw", type=Path, required=True, help="folder with the source files")
    parser.add_argument("--out", type=Path, default=HERE / "trade_flows", help="folder of the tables")
    parser.add_argument("--years", type=int, nargs="+", help="baseline years of BACI and Comtrade goods")
    parser.add_argument("--fao-years", type=int, nargs="+", help="baseline years of the crops")
    parser.add_argument("--wmd-edition", help="edition of World Mining Data, for the source column")
    options = parser.parse_args(arguments)
    declaration = Declaration.read(HERE)
    given = {
        "baci_years": options.years,
        "fao_years": options.fao_years,
        "wmd_edition": options.wmd_edition,
    }
    declaration.settings |= {key: value for key, value in given.items() if value is not None}
    try:
        report = build(options.raw, options.out, declaration)
    except (SourceMissingError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for name, count in report["flows"].items():
        values = ", ".join(f"{year} {value:.2f}" for year, value in report["scatters"][name].items())
        print(f"{name:28} {count:6} flows   scatter of log unit values: {values or '-'}")
    print(f"{report['repairs']} repaired rows in {options.out.parent / 'repairs.csv'}")
    for line in report["complaints"]:
        print(f"warning: {line}", file=sys.stderr)
    return 1 if report["complaints"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
