"""Build the embedded input–output table from the OECD's inter-country table (ICIO) of 2022.

    python data/build_input_output.py --raw DIR [--out data/trade_flows] [--compare]

DIR holds the table as published (2022_SML.csv, 2022.csv or ICIO*_2022.csv, see resilience/origins/input_output.py)
or an extract of it: oecd_icio2022*.parquet (supplier_sector, supplier, user_sector, user, usd_mn) with
oecd_icio2022*_totals.csv (sector, country, gross_output_usd_mn, …). The published file wins.

Writes input_output.csv, the table of COUNTRIES and the rest of the world by the sectors of SECTORS, in the wide
layout of the OECD, and sectors.csv, the sector of each good. Cells are rounded to 0.1 USD mn; final demand and
value added are what output leaves, so that the table balances. --compare prints how far content by origin computed
from it is from content computed from the table it was made of. A developer's tool: extracts need pyarrow.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from resilience.errors import InputError
from resilience.origins.input_output import REST, InputOutput, content, read_table

HERE = Path(__file__).resolve().parent
YEAR = 2022
DECIMALS = 1

# All others of a published table become the rest of the world.
COUNTRIES = [
    "ARE", "AUS", "AUT", "BEL", "BLR", "BRA", "CAN", "CHE", "CHL", "CHN", "CZE", "DEU", "ESP", "FIN", "FRA",
    "GBR", "HKG", "IDN", "IND", "ITA", "JPN", "KAZ", "KOR", "MEX", "MYS", "NLD", "NOR", "NZL", "POL", "RUS",
    "SAU", "SGP", "SWE", "THA", "TUR", "TWN", "UKR", "USA", "VNM", "ZAF",
]  # fmt: skip

# Sectors of the embedded table and those of the published one that they are made of; the rest is SERV.
SECTORS = {
    "A": "A01 A02 A03 A01_02",
    "B05T06": "B05 B06 B05_06",
    "B07T09": "B07 B08 B07_08 B09",
    "C10T12": "C10T12",
    "C19": "C19",
    "C20": "C20",
    "C21": "C21",
    "C23": "C23",
    "C24A": "C24A",
    "C24B": "C24B",
    "C25": "C25",
    "C26": "C26",
    "C27": "C27",
    "C28": "C28",
    "C29": "C29",
    "C30": "C30 C301 C302T309",
    "COTH": "C13T15 C16 C17_18 C22 C31T33",
    "D": "D",
    "H": "H49 H50 H51 H52 H53",
}
SERVICES = "SERV"
KNOWN_SERVICES = ["E", "F", "G", "I", "J58T60", "J61", "J62_63", "K", "L", "M", "N", "O", "P", "Q", "R", "S", "T"]

OBSERVED, ASSUMED = "observed", "assumed"
# Sector, status and class of ISIC Rev. 4 of each good. Assumed: the code holds goods of more than one sector.
GOODS = {
    "wheat": ("A", OBSERVED, "0111 growing of cereals, leguminous crops and oil seeds"),
    "maize": ("A", OBSERVED, "0111 growing of cereals, leguminous crops and oil seeds"),
    "rice": ("A", ASSUMED, "0112 growing of rice; milled rice, which is most of the trade, is 1061 in C10T12"),
    "soybeans": ("A", OBSERVED, "0111 growing of cereals, leguminous crops and oil seeds"),
    "phosphate_rock": ("B07T09", OBSERVED, "0891 mining of chemical and fertilizer minerals"),
    "crude_oil": ("B05T06", OBSERVED, "0610 extraction of crude petroleum"),
    "lng": ("B05T06", ASSUMED, "0620 extraction of natural gas; liquefaction may stand in other sectors"),
    "hard_coal": ("B05T06", OBSERVED, "0510 mining of hard coal"),
    "magnets": ("C25", ASSUMED, "2599 other fabricated metal products; magnets fitted in devices are C27"),
    "rare_earth_compounds": ("C20", ASSUMED, "2011 basic chemicals; concentrates are B07T09"),
    "gallium_germanium_group": ("C24B", OBSERVED, "2420 basic precious and other non-ferrous metals"),
    "antimony": ("C24B", OBSERVED, "2420 basic precious and other non-ferrous metals"),
    "tungsten": ("C24B", OBSERVED, "2420 basic precious and other non-ferrous metals"),
    "titanium": ("C24B", OBSERVED, "2420 basic precious and other non-ferrous metals"),
    "magnesium": ("C24B", OBSERVED, "2420 basic precious and other non-ferrous metals"),
    "natural_graphite": ("B07T09", OBSERVED, "0899 other mining and quarrying"),
    "natural_graphite_weight": ("B07T09", OBSERVED, "0899 other mining and quarrying"),
    "cobalt": ("C24B", OBSERVED, "2420 basic precious and other non-ferrous metals"),
    "cobalt_oxides": ("C20", OBSERVED, "2011 basic chemicals"),
    "lithium_carbonate": ("C20", OBSERVED, "2011 basic chemicals"),
    "lithium_hydroxide": ("C20", OBSERVED, "2011 basic chemicals"),
    "palladium": ("C24B", OBSERVED, "2420 basic precious and other non-ferrous metals"),
    "platinum": ("C24B", OBSERVED, "2420 basic precious and other non-ferrous metals"),
    "ferroniobium": ("C24A", OBSERVED, "2410 basic iron and steel, ferro-alloys included"),
    "ferrovanadium": ("C24A", OBSERVED, "2410 basic iron and steel, ferro-alloys included"),
    "fluorspar": ("B07T09", OBSERVED, "0891 mining of chemical and fertilizer minerals"),
    "aluminium": ("C24B", OBSERVED, "2420 basic precious and other non-ferrous metals"),
    "beryllium": ("C24B", OBSERVED, "2420 basic precious and other non-ferrous metals"),
    "tantalum": ("C24B", OBSERVED, "2420 basic precious and other non-ferrous metals"),
    "helium": ("C20", ASSUMED, "2011 basic chemicals, industrial gases included; helium is won with natural gas"),
    "silicon": ("C20", OBSERVED, "2011 basic chemicals"),
    "nickel": ("C24B", OBSERVED, "2420 basic precious and other non-ferrous metals"),
    "arms_ammunition": ("C25", OBSERVED, "2520 weapons and ammunition"),
    "bauxite": ("B07T09", OBSERVED, "0729 mining of other non-ferrous metal ores"),
    "tungsten_ore": ("B07T09", OBSERVED, "0729 mining of other non-ferrous metal ores"),
    "antimony_ore": ("B07T09", OBSERVED, "0729 mining of other non-ferrous metal ores"),
    "titanium_ore": ("B07T09", OBSERVED, "0729 mining of other non-ferrous metal ores"),
}


def sector_map() -> dict[str, str]:
    """Published sector → embedded sector."""
    named = {old: new for new, parts in SECTORS.items() for old in parts.split()}
    return named | dict.fromkeys(KNOWN_SERVICES, SERVICES)


def source_table(raw: Path) -> InputOutput:
    """The table of the raw folder, published file before extract; final demand and value added as output leaves.

    Raises FileNotFoundError if neither is there and InputError if the published file does not balance.
    """
    for pattern in (f"{YEAR}_SML.csv*", f"{YEAR}.csv*", f"ICIO*_{YEAR}.csv*"):
        for path in sorted(raw.glob(pattern)):
            return read_table(path, year=YEAR)
    cells = sorted(raw.glob(f"oecd_icio{YEAR}*.parquet"))
    totals = sorted(raw.glob(f"oecd_icio{YEAR}*_totals.csv"))
    if not cells or not totals:
        raise FileNotFoundError(
            f"no table of {YEAR} in the raw folder, neither {YEAR}_SML.csv nor oecd_icio{YEAR}*"
        )
    frame = pd.read_parquet(cells[-1])
    sums = pd.read_csv(totals[-1])
    nodes = pd.MultiIndex.from_frame(sums[["country", "sector"]])
    flows = np.zeros((len(nodes), len(nodes)))
    sellers, buyers = (
        nodes.get_indexer(pd.MultiIndex.from_arrays([frame[who].astype(str), frame[f"{who}_sector"].astype(str)]))
        for who in ("supplier", "user")
    )
    if min(sellers.min(), buyers.min()) < 0:
        raise ValueError(f"{cells[-1].name} has a country or sector that is not in {totals[-1].name}")
    np.add.at(flows, (sellers, buyers), frame["usd_mn"].to_numpy(dtype=float))
    return balanced(nodes, flows, sums["gross_output_usd_mn"].to_numpy(dtype=float), cells[-1].name)


def balanced(nodes: pd.MultiIndex, flows: np.ndarray, output: np.ndarray, source: str) -> InputOutput:
    """A table in which final demand and value added are what output leaves."""
    value, final = output - flows.sum(axis=0), output - flows.sum(axis=1)
    return InputOutput(nodes, flows, output, value, final, YEAR, source=source)


def aggregate(table: InputOutput, decimals: int = DECIMALS) -> InputOutput:
    """The table by COUNTRIES and SECTORS, rounded.

    Raises ValueError for a sector that SECTORS does not name.
    """
    sectors = sector_map()
    unknown = sorted(set(table.nodes.get_level_values("sector")) - set(sectors))
    if unknown:
        raise ValueError(f"sectors that SECTORS does not name: {', '.join(unknown)}")
    order = [*SECTORS, SERVICES]
    countries = [c for c in [*COUNTRIES, REST] if c in set(map(kept, table.nodes.get_level_values("country")))]
    nodes = pd.MultiIndex.from_product([countries, order], names=["country", "sector"])
    into = nodes.get_indexer(pd.MultiIndex.from_tuples([(kept(c), sectors[s]) for c, s in table.nodes]))
    adder = np.zeros((len(nodes), len(into)))
    adder[into, np.arange(len(into))] = 1.0
    flows = np.round(adder @ table.flows @ adder.T, decimals)
    return balanced(nodes, flows, np.round(adder @ table.output, decimals), table.source)


def kept(country: str) -> str:
    """The country itself, or the rest of the world."""
    return country if country in COUNTRIES else REST


def write(table: InputOutput, path: Path) -> None:
    """The table in the OECD's wide layout; value added holds taxes less subsidies, final demand is one column."""
    labels = ["_".join(node) for node in table.nodes]

    def cells(*figures: np.ndarray) -> list[str]:
        return [
            f"{round(float(x), DECIMALS) + 0.0:.{DECIMALS}f}".removesuffix(".0") for x in np.concatenate(figures)
        ]

    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([str(YEAR), *labels, "FD", "OUT"])
        for label, row, final, output in zip(labels, table.flows, table.final_demand, table.output, strict=True):
            writer.writerow([label, *cells(row, np.array([final, output]))])
        for label, figures in (("VA", table.value_added), ("OUT", table.output)):
            writer.writerow([label, *cells(figures, np.array([0.0, figures.sum()]))])


def write_sectors(path: Path) -> None:
    """The sector of each good."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["good", "sector", "status", "source"])
        for good, (sector, status, isic) in GOODS.items():
            writer.writerow([good, sector, status, f"ISIC Rev. 4 class {isic}"])


def bias(table: InputOutput, small: InputOutput) -> pd.DataFrame:
    """Content of the small table against that of the table it was made of, added up with output as weight.

    Columns: country, sector, origin, total (of the small table), full, difference.
    """
    shares = content(table)
    output = pd.Series(table.output, index=table.nodes)
    weight = output.reindex(pd.MultiIndex.from_frame(shares[["country", "sector"]])).to_numpy()
    shares["full"] = shares["total"] * weight
    shares["sector"] = shares["sector"].map(sector_map())
    for column in ("country", "origin"):
        shares[column] = shares[column].map(kept)
    keys = ["country", "sector", "origin"]
    full = shares.groupby(keys)["full"].sum()
    full = full / full.groupby(["country", "sector"]).transform("sum")
    result = content(small).drop(columns="direct").merge(full.reset_index(), on=keys)
    return result.assign(difference=result["total"] - result["full"])


def compare(table: InputOutput, small: InputOutput) -> None:
    """Print the aggregation bias."""
    result = bias(table, small)
    result["size"] = result["difference"].abs()
    foreign = result[result["origin"] != result["country"]]
    groups = {
        "all pairs of sector and origin": result,
        "own country": result[result["origin"] == result["country"]],
        "foreign origins of at least 1 %": foreign[foreign["full"] >= 0.01],
        "China abroad": foreign[foreign["origin"] == "CHN"],
    }
    for name, rows in groups.items():
        worst = rows.loc[rows["size"].idxmax()]
        where = f"{worst['country']} {worst['sector']}, {worst['origin']}"
        print(
            f"{name:32} n {len(rows):6}  median {rows['size'].median():.5f}  "
            f"95 % {rows['size'].quantile(0.95):.5f}  largest {worst['size']:.4f} "
            f"({where}: {worst['total']:.4f}, full table {worst['full']:.4f})"
        )


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Build the embedded input–output table.")
    parser.add_argument("--raw", type=Path, required=True, help="folder with the source files")
    parser.add_argument("--out", type=Path, default=HERE / "trade_flows", help="folder of the tables")
    parser.add_argument("--compare", action="store_true", help="measure the bias of aggregation")
    options = parser.parse_args(arguments)
    try:
        table = source_table(options.raw)
        small = aggregate(table)
    except (FileNotFoundError, ImportError, InputError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    write(small, options.out / "input_output.csv")
    write_sectors(options.out / "sectors.csv")
    print(f"{len(table.nodes)} nodes of {table.source} became {len(small.nodes)}")
    if options.compare:
        compare(table, small)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
