"""Content by origin from input–output tables: by hand, as identities, and on the embedded table."""

from __future__ import annotations

import gzip
import importlib.util
import os
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from resilience.errors import InputError
from resilience.origins.input_output import (
    InputOutput,
    check,
    content,
    domestic_and_foreign,
    exposure,
    read_table,
    regional_content,
)

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data" / "trade_flows"
G7 = {"CAN", "DEU", "FRA", "GBR", "ITA", "JPN", "USA"}


def made(labels: list[str], flows: list[list[float]], final: list[float]) -> InputOutput:
    """A table that balances, from purchases and final demand."""
    z, f = np.array(flows, dtype=float), np.array(final, dtype=float)
    output = z.sum(axis=1) + f
    nodes = pd.MultiIndex.from_tuples([label.split("_", 1) for label in labels], names=["country", "sector"])
    return InputOutput(nodes, z, output, output - z.sum(axis=0), f)


def total(shares: pd.DataFrame, country: str, sector: str, column: str = "total") -> dict[str, float]:
    rows = shares[(shares["country"] == country) & (shares["sector"] == sector)]
    return dict(zip(rows["origin"], rows[column], strict=True))


def some(seed: int, countries: int = 4, sectors: int = 3) -> InputOutput:
    rng = np.random.default_rng(seed)
    n = countries * sectors
    labels = [f"C{c:02}_S{s}" for c in range(countries) for s in range(sectors)]
    z = rng.lognormal(0, 2, (n, n)) * (rng.random((n, n)) < 0.7)
    z /= z.sum(axis=0).max() / 10  # no column buys more than 10, and each sells 20 to final demand
    return made(labels, z.tolist(), [20.0] * n)


# P buys half of its output's value from Q, Q half from R, R a quarter from P. With c the content of a unit:
#   c_P = 1/2 P + 1/2 c_Q,  c_Q = 1/2 Q + 1/2 c_R,  c_R = 3/4 R + 1/4 c_P.
# Put in: c_P = 1/2 P + 1/4 Q + 3/16 R + 1/16 c_P, so c_P = (8 P + 4 Q + 3 R)/15, and from it
# c_R = 3/4 R + 1/4 c_P = (2 P + 1 Q + 12 R)/15 and c_Q = 1/2 Q + 1/2 c_R = (2 P + 16 Q + 12 R)/30.
RING = made(["PPP_S", "QQQ_S", "RRR_S"], [[0, 0, 4], [8, 0, 0], [0, 8, 0]], [12, 8, 8])

# The friend's boxes (100) hold parts of the friend (40) and no import; half of the parts' value (100) is ore of the
# adversary, which has no inputs. So 0.4 · 0.5 = 0.2 of a box is the adversary's, bought two steps away.
DEEP = made(["FRI_BOX", "FRI_PART", "ADV_ORE"], [[0, 0, 0], [40, 0, 0], [0, 50, 0]], [100, 60, 0])


def test_three_sectors_by_hand() -> None:
    shares = content(RING)
    assert total(shares, "PPP", "S") == pytest.approx({"PPP": 8 / 15, "QQQ": 4 / 15, "RRR": 3 / 15})
    assert total(shares, "QQQ", "S") == pytest.approx({"PPP": 2 / 30, "QQQ": 16 / 30, "RRR": 12 / 30})
    assert total(shares, "RRR", "S") == pytest.approx({"PPP": 2 / 15, "QQQ": 1 / 15, "RRR": 12 / 15})
    assert total(shares, "PPP", "S", "direct") == pytest.approx({"PPP": 1 / 2, "QQQ": 1 / 2, "RRR": 0})
    levels = domestic_and_foreign(shares)
    assert list(levels["foreign"]) == pytest.approx([7 / 15, 14 / 30, 3 / 15])


def test_the_adversary_at_the_second_step() -> None:
    shares = content(DEEP)
    assert total(shares, "FRI", "BOX", "direct") == pytest.approx({"ADV": 0, "FRI": 1})
    assert total(shares, "FRI", "BOX") == pytest.approx({"ADV": 0.2, "FRI": 0.8})
    assert total(shares, "FRI", "PART") == pytest.approx({"ADV": 0.5, "FRI": 0.5})
    # what the friend sells to final demand: boxes 100 with 0.2, parts 60 with 0.5 abroad: 50 of 160
    countries = domestic_and_foreign(shares, DEEP).set_index("country")
    assert list(countries.index) == ["FRI"]  # the adversary sells nothing to final demand
    assert countries.loc["FRI", "foreign"] == pytest.approx(50 / 160)
    kappa = regional_content(shares, {"FRI", "XXX"}).set_index(["country", "sector"])["regional"]
    assert kappa.to_dict() == pytest.approx({("FRI", "BOX"): 0.8, ("FRI", "PART"): 0.5, ("ADV", "ORE"): 0})


@pytest.mark.parametrize("seed", range(5))
def test_shares_add_up_and_agree_with_the_series(seed: int) -> None:
    table = some(seed)
    shares = content(table)
    sums = shares.groupby(["country", "sector"])[["direct", "total"]].sum()
    np.testing.assert_allclose(sums, 1.0, atol=1e-12)
    # an independent way: value added of step 0, of the inputs, of their inputs, …
    a = table.flows / table.output
    step, value = np.eye(len(a)), (1 - a.sum(axis=0))[:, None]
    summed = np.zeros_like(a)
    for _ in range(200):
        summed += value * step
        step = a @ step
    owner = table.nodes.get_level_values("country")
    series = pd.DataFrame(summed, index=owner).groupby(level=0).sum().T.to_numpy()
    np.testing.assert_allclose(shares["total"].to_numpy().reshape(series.shape), series, atol=1e-12)


def test_units_and_order_change_nothing() -> None:
    table = some(7)
    shares = content(table).set_index(["country", "sector", "origin"])
    per_thousand = replace(
        table,
        flows=table.flows * 1000,
        output=table.output * 1000,
        value_added=table.value_added * 1000,
        final_demand=table.final_demand * 1000,
    )
    assert check(per_thousand) == []
    pd.testing.assert_frame_equal(content(per_thousand).set_index(shares.index.names), shares)
    order = np.random.default_rng(1).permutation(len(table.nodes))
    shuffled = InputOutput(
        table.nodes[order],
        table.flows[np.ix_(order, order)],
        table.output[order],
        table.value_added[order],
        table.final_demand[order],
    )
    again = content(shuffled).set_index(shares.index.names).reindex(shares.index)
    pd.testing.assert_frame_equal(again, shares)


def test_sectors_without_output_are_left_out() -> None:
    table = made(["AAA_S", "AAA_T", "BBB_S"], [[1, 0, 2], [0, 0, 0], [3, 0, 1]], [5, 0, 5])
    shares = content(table)
    assert set(zip(shares["country"], shares["sector"], strict=True)) == {("AAA", "S"), ("BBB", "S")}


def test_a_ring_without_value_added_is_refused() -> None:
    table = made(["AAA_S", "BBB_S", "CCC_S"], [[0, 5, 0], [5, 0, 0], [0, 0, 0]], [0, 0, 1])
    with pytest.raises(InputError, match="AAA_S, BBB_S: without value added"):
        content(table)


def test_who_carries_the_adversary() -> None:
    shares = content(DEEP)
    sectors = pd.DataFrame({"good": ["box"], "sector": ["BOX"]})
    bought = [("FRI", 0.5), ("ADV", 0.3), ("XXX", 0.2)]
    purchases = pd.DataFrame(
        [("box", "MEM", *row) for row in bought], columns=["good", "member", "supplier", "share"]
    )
    row = exposure(shares, purchases, sectors, {"ADV", "BAD"}, {"FRI", "MEM"}).iloc[0]
    assert row["direct"] == pytest.approx(0.3)
    assert row["region"] == pytest.approx(0.5 * 0.2)
    assert (row["home"], row["others"]) == (0, 0)  # there is no rest of the world to stand in for XXX
    assert row["total"] == pytest.approx(0.4)
    assert (row["friend"], row["through_friend"]) == ("FRI", pytest.approx(0.1))
    assert row["covered"] == pytest.approx(0.5)  # the adversary makes no boxes in the table either
    assert row["untraced"] == "BAD"
    at_home = exposure(shares, purchases.assign(member="FRI"), sectors, {"ADV"}, {"FRI"}).iloc[0]
    assert (at_home["home"], at_home["region"], at_home["friend"]) == (pytest.approx(0.1), 0, "")


def test_the_rest_of_the_world_stands_in() -> None:
    # rest of the world: a quarter of its boxes is the adversary's ore
    labels = ["FRI_BOX", "ROW_BOX", "ADV_ORE", "ADV_BOX"]
    table = made(labels, [[0] * 4, [0] * 4, [10, 25, 0, 0], [0] * 4], [100, 100, 5, 10])
    purchases = pd.DataFrame(
        [("box", "MEM", "XXX", 0.4), ("box", "MEM", "ADV", 0.1)], columns=["good", "member", "supplier", "share"]
    )
    sectors = pd.DataFrame({"good": ["box"], "sector": ["BOX"]})
    row = exposure(content(table), purchases, sectors, ["ADV"], ["FRI"]).iloc[0]
    assert row["others"] == pytest.approx(0.4 * 0.25)
    assert row["total"] == pytest.approx(0.2)
    assert row["covered"] == pytest.approx(0.1 / 0.5)


def test_purchases_that_do_not_fit_are_named_at_once() -> None:
    shares = content(DEEP)
    sectors = pd.DataFrame({"good": ["box", "ore"], "sector": ["BOX", "OER"]})
    purchases = pd.DataFrame(
        [
            ("box", "MEM", "FRI", 0.8),
            ("box", "MEM", "ADV", 0.8),
            ("ore", "MEM", "ADV", -1.0),
            ("bax", "MEM", "ADV", np.nan),
        ],
        columns=["good", "member", "supplier", "share"],
    )
    with pytest.raises(InputError) as caught:
        exposure(shares, purchases, sectors, {"ADV"}, {"FRI"})
    text = str(caught.value)
    for part in (
        '"bax" has no sector; add a row; did you mean "box"?',
        'ore: the table has no sector "OER"',
        "ore, MEM from ADV: -1.0 is not a share",
        "bax, MEM from ADV: nan is not a share",
        "box, MEM: shares add up to 1.6, more than 1",
    ):
        assert part in text


# -- files -----------------------------------------------------------------------------------------------

# Two countries of two sectors; output 100, 50, 80, 40; taxes of 1 in each column.
PUBLISHED = """V1,AUS_A01_02,AUS_C17_18,DEU_A01_02,DEU_C17_18,AUS_HFCE,AUS_GFCF,DEU_HFCE,DEU_GFCF,OUT
AUS_A01_02,10,5,0,5,50,10,15,5,100
AUS_C17_18,5,5,0,10,20,5,5,0,50
DEU_A01_02,0,10,20,5,0,5,35,5,80
DEU_C17_18,5,0,10,0,5,0,15,5,40
TLS,1,1,1,1,9,9,9,9,40
VA,79,29,49,19,0,0,0,0,176
OUT,100,50,80,40,80,20,70,15,455
"""


def written(folder: Path, text: str, name: str = "2022_SML.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refused(folder: Path, text: str, name: str = "2022_SML.csv") -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(InputError) as caught:
        read_table(written(folder, text, name))
    assert all(finding.table == name for finding in caught.value.findings)
    return [(finding.row, finding.column, finding.message) for finding in caught.value.findings]


def test_the_published_layout(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, PUBLISHED))
    assert list(table.nodes) == [("AUS", "A01_02"), ("AUS", "C17_18"), ("DEU", "A01_02"), ("DEU", "C17_18")]
    assert (table.year, table.unit, table.source, table.findings) == (2022, "USD mn", "2022_SML.csv", ())
    assert table.countries == ["AUS", "DEU"]
    assert table.flows[2].tolist() == [0, 10, 20, 5]
    assert table.output.tolist() == [100, 50, 80, 40]
    assert table.value_added.tolist() == [80, 30, 50, 20]  # with taxes
    assert table.final_demand.tolist() == [80, 30, 45, 25]
    sums = content(table).groupby(["country", "sector"])[["direct", "total"]].sum()
    np.testing.assert_allclose(sums, 1.0, atol=1e-12)


def test_other_wrappings_of_the_same_table(tmp_path: Path) -> None:
    plain = read_table(written(tmp_path, PUBLISHED))
    packed = tmp_path / "ICIO2023_2018.csv.gz"
    packed.write_bytes(gzip.compress(PUBLISHED.encode()))
    zipped = tmp_path / "2019.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("2019.csv", PUBLISHED)
    older = PUBLISHED.replace("\nVA", "\nVALU").replace("\nOUT", "\nOUTPUT").replace("TLS", "AUS_TAXSUB")
    marked = written(tmp_path, "\ufeff" + older.replace(",OUT\n", ",TOTAL\n") + "\n,,,,,,,,,\n", "2020.csv")
    tidy = tmp_path / "2021.parquet"
    pd.read_csv(tmp_path / "2022_SML.csv").to_parquet(tidy)
    lines = PUBLISHED.splitlines()
    no_row = written(tmp_path, "\n".join(lines[:-1]), "2017.csv")
    no_column = written(tmp_path, "\n".join(line.rsplit(",", 1)[0] for line in lines), "2016.csv")
    shuffled = written(tmp_path, "\n".join([lines[0], *reversed(lines[1:])]), "2015.csv")
    years = []
    for path in (packed, zipped, marked, tidy, no_row, no_column, shuffled):
        table = read_table(path)
        years.append(table.year)
        for name in ("flows", "output", "value_added", "final_demand"):
            np.testing.assert_array_equal(
                getattr(table, name), getattr(plain, name), err_msg=f"{path.name} {name}"
            )
    assert years == [2018, 2019, 2020, 2021, 2017, 2016, 2015]
    assert read_table(no_row, year=1999, unit="EUR mn", source="mine").unit == "EUR mn"


def test_a_table_that_does_not_balance(tmp_path: Path) -> None:
    found = refused(tmp_path, PUBLISHED.replace("DEU_A01_02,0,10,20,5", "DEU_A01_02,0,10,30,5"))
    assert [(row, column) for row, column, _ in found] == [(4, None), (None, "DEU_A01_02")]
    assert "add up to 90, output is 80" in found[0][2]
    assert "inputs and value added add up to 90, output is 80" in found[1][2]
    rounding = read_table(written(tmp_path, PUBLISHED.replace(",20,5,0,5,35", ",20.05,5,0,5,35")))
    assert rounding.flows[2, 2] == 20.05  # within a thousandth of output
    sums = content(rounding).groupby(["country", "sector"])["total"].sum()
    np.testing.assert_allclose(sums, 1.0, atol=1e-12)
    either = refused(tmp_path, PUBLISHED.replace("OUT,100,50", "OUT,100,60"))
    assert (3, "OUT", "output is 50 here and 60 in the row OUT; both must be the same") in either


def test_cells_and_labels_that_do_not_fit_are_named_at_once(tmp_path: Path) -> None:
    text = (
        PUBLISHED.replace("AUS_C17_18,5,5,0,10", 'AUS_C17_18,"1,234",,0,inf')
        .replace("DEU_C17_18,5,0", "DEU_C17_99,5,0")
        .replace("TLS,1", "TLS,x")
        .replace(",80\n", ",80,1\n")
    )
    assert refused(tmp_path, text) == [
        (3, "AUS_A01_02", '"1,234" is not a finite number; use decimal points and no separators'),
        (3, "AUS_C17_18", "the cell is blank; write 0 if nothing was bought"),
        (3, "DEU_C17_18", '"inf" is not a finite number; use decimal points and no separators'),
        (4, None, "11 cells where the header has 10"),
        (5, "V1", 'unknown label "DEU_C17_99"; no column has it; did you mean "DEU_C17_18"?'),
        (6, "AUS_A01_02", '"x" is not a finite number; use decimal points and no separators'),
        (None, "DEU_A01_02", 'the column "DEU_A01_02" has no row; every sector buys and sells'),
        (None, "DEU_C17_18", 'the column "DEU_C17_18" has no row; every sector buys and sells'),
    ]


def test_headings_that_do_not_fit(tmp_path: Path) -> None:
    header = PUBLISHED.splitlines()[0]
    found = refused(
        tmp_path,
        PUBLISHED.replace(header, header.replace("AUS_C17_18", "AUS_A01_02").replace("DEU_A01_02", "CN1_A")),
    )
    assert found[0] == (1, "AUS_A01_02", 'the label "AUS_A01_02" stands there twice; keep one of them')
    assert found[1][1] == "CN1_A"
    assert "part of CHN" in found[1][2]
    assert "unknown label" in refused(tmp_path, PUBLISHED.replace("DEU_GFCF", "Deutschland"))[0][2]
    assert "with commas" in refused(tmp_path, PUBLISHED.replace(",", ";"))[0][2]
    assert "must hold such labels" in refused(tmp_path, "")[0][2]
    twice = refused(tmp_path, PUBLISHED.replace("\nDEU_C17_18,", "\nDEU_A01_02,"))
    assert (5, None, '"DEU_A01_02" stands already in row 4; keep one of them') in twice
    assert "no row VA" in refused(tmp_path, PUBLISHED.replace("\nTLS", "\nUSA_A").replace("\nVA", "\nVVA"))[-1][2]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_table(tmp_path / "nowhere.csv")
    assert "cannot be read" in refused(tmp_path, PUBLISHED, "a.csv.gz")[0][2]
    assert "cannot be read" in refused(tmp_path, PUBLISHED, "a.parquet")[0][2]
    (tmp_path / "latin.csv").write_bytes(PUBLISHED.replace("DEU_GFCF", "Größe").encode("latin-1"))
    with pytest.raises(InputError, match="not UTF-8"):
        read_table(tmp_path / "latin.csv")
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        archive.writestr("2019.csv", PUBLISHED)
        archive.writestr("2020.csv", PUBLISHED)
    with pytest.raises(InputError, match="more than one file"):
        read_table(tmp_path / "many.zip")


def test_signs_and_sectors_without_output() -> None:
    labels = ["AAA_S", "BBB_S", "CCC_S"]
    table = made(labels, [[1, 2, 1], [0, 1, 0], [-1, 0, 0]], [9, 9, 1])
    found = check(table)
    assert [(f.severity, f.column, f.message) for f in found] == [
        ("error", "AAA_S", "-1 is negative; purchases are zero or more"),
        ("error", "CCC_S", "output is 0, but inputs of 1 are bought; give the output or set the inputs to 0"),
        ("warning", "CCC_S", "value added is -1, below zero; content shares may lie outside 0 to 1"),
    ]
    sunk = made(labels, [[1, 12, 0], [0, 1, 0], [1, 0, 0]], [9, 9, -3])
    assert [f.message.split(";")[0] for f in check(sunk) if f.severity == "error"] == ["-2 is negative"]
    subsidised = made(labels, [[1, 12, 0], [0, 1, 0], [1, 0, 0]], [9, 9, 3])
    assert [f.severity for f in check(subsidised)] == ["warning"]
    sums = content(subsidised).groupby(["country", "sector"])["total"].sum()
    np.testing.assert_allclose(sums, 1.0, atol=1e-12)
    assert "3 nodes need 3 × 3 flows" in check(replace(table, output=np.ones(2)))[0].message
    assert "not finite" in check(replace(table, output=np.array([1, np.nan, 1])))[0].message
    twice = replace(table, nodes=pd.MultiIndex.from_tuples([("AAA", "S"), ("AAA", "S"), ("CCC", "S")]))
    assert '"AAA_S" stands there twice' in check(twice)[0].message


def test_many_faults_of_one_kind_are_cut_short(tmp_path: Path) -> None:
    labels = [f"AUS_S{n:03}" for n in range(50)]
    rows = [",".join([label, *(["x"] * 50), "0", "0"]) for label in labels]
    text = "\n".join([",".join(["V1", *labels, "FD", "OUT"]), *rows, ",".join(["VA"] + ["0"] * 52)])
    found = refused(tmp_path, text)
    assert len(found) == 21
    assert found[-1][2] == "cell: and more of the same"


# -- embedded table --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    name = "build_input_output"
    spec = importlib.util.spec_from_file_location(name, ROOT / "data" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def embedded() -> InputOutput:
    return read_table(DATA / "input_output.csv", year=2022)


@pytest.fixture(scope="module")
def shares(embedded: InputOutput) -> pd.DataFrame:
    return content(embedded)


@pytest.fixture(scope="module")
def sectors() -> pd.DataFrame:
    return pd.read_csv(DATA / "sectors.csv")


def test_the_embedded_table_reads_and_balances(embedded: InputOutput) -> None:
    assert embedded.findings == ()
    assert len(embedded.nodes) == 41 * 20
    assert set(embedded.countries) >= G7 | {"CHN", "HKG", "RUS", "SAU", "ROW"}
    np.testing.assert_allclose(embedded.flows.sum(axis=0) + embedded.value_added, embedded.output, atol=1e-6)
    np.testing.assert_allclose(embedded.flows.sum(axis=1) + embedded.final_demand, embedded.output, atol=1e-6)
    assert (embedded.value_added[embedded.output > 0] > 0).all()
    assert embedded.value_added.sum() == pytest.approx(93.2e6, rel=1e-3)  # 93 trillion dollars
    data = (DATA / "input_output.csv").read_bytes()
    assert len(data) < 3_000_000
    assert b"\r" not in data


def test_embedded_content_adds_up(shares: pd.DataFrame) -> None:
    sums = shares.groupby(["country", "sector"])[["direct", "total"]].sum()
    np.testing.assert_allclose(sums, 1.0, atol=1e-9)
    assert shares[["direct", "total"]].to_numpy().min() >= 0


def test_what_the_embedded_table_says(embedded: InputOutput, shares: pd.DataFrame) -> None:
    china = shares[shares["origin"].isin(["CHN", "HKG"])].groupby(["country", "sector"])[["direct", "total"]].sum()
    for country, sector, direct, deep in (
        ("DEU", "C27", 0.048, 0.055),
        ("JPN", "C26", 0.074, 0.080),
        ("USA", "C29", 0.021, 0.035),
        ("JPN", "C29", 0.030, 0.056),
        ("VNM", "C27", 0.195, 0.228),
    ):
        assert china.loc[(country, sector)].tolist() == pytest.approx([direct, deep], abs=0.0006)
    foreign = domestic_and_foreign(shares, embedded).set_index("country")["foreign"]
    assert foreign["USA"] < 0.08  # a large country makes most of what it sells itself
    assert foreign["BEL"] > foreign["DEU"] > foreign["USA"]
    kappa = regional_content(shares, G7).set_index(["country", "sector"])["regional"]
    assert kappa["DEU", "C24B"] == pytest.approx(0.638, abs=0.001)
    everywhere = regional_content(shares, set(shares["origin"]))["regional"]
    np.testing.assert_allclose(everywhere, 1.0, atol=1e-9)


def test_every_good_has_a_sector_of_the_table(
    embedded: InputOutput, sectors: pd.DataFrame, tool: ModuleType
) -> None:
    assert list(sectors.columns) == ["good", "sector", "status", "source"]
    goods = set(pd.read_csv(DATA / "goods.csv", keep_default_na=False)["good"])
    assert goods <= set(sectors["good"])
    assert set(sectors["sector"]) <= set(embedded.nodes.get_level_values("sector"))
    assert set(sectors["status"]) <= {"observed", "assumed"}
    assert sectors["source"].str.fullmatch(r"ISIC Rev\. 4 class \d{4} .+").all()
    assert dict(zip(sectors["good"], sectors["sector"], strict=True)) == {
        good: sector for good, (sector, _, _) in tool.GOODS.items()
    }


def test_exposure_on_embedded_purchases(shares: pd.DataFrame, sectors: pd.DataFrame) -> None:
    flows = pd.read_csv(DATA / "flows" / "titanium.csv", keep_default_na=False)
    bought = flows[(flows["year"] == 2024) & (flows["importer"] == "USA")]
    value = bought["value_usd"].astype(float)
    purchases = bought.assign(member="USA", supplier=bought["exporter"], share=value / value.sum())
    row = exposure(shares, purchases, sectors, {"CHN", "HKG"}, G7).iloc[0]
    assert row["friend"] == "JPN"
    assert row["total"] > 2 * row["direct"]
    assert row["total"] == pytest.approx(row["direct"] + row["home"] + row["region"] + row["others"])


@pytest.mark.slow
def test_an_independent_package_agrees(shares: pd.DataFrame) -> None:
    import pymrio

    system = pymrio.parse_oecd(DATA / "input_output.csv").calc_all()
    value, inverse = system.factor_inputs.S.loc["VA"], system.L
    theirs = inverse.mul(value, axis=0).groupby(level="region").sum()
    ours = shares.pivot_table(index="origin", columns=["country", "sector"], values="total")
    np.testing.assert_allclose(theirs.loc[ours.index, ours.columns], ours, atol=1e-9)


# -- the tool that builds it -----------------------------------------------------------------------------

SELLERS = [("DEU", "A01"), ("DEU", "C301"), ("LUX", "C302T309"), ("LUX", "K"), ("ROW", "T")]


def write_extract(folder: Path) -> np.ndarray:
    """An extract of five nodes; Luxembourg is not among the countries that are kept."""
    flows = np.array([[1.04, 2, 3, 0, 0], [0, 5.25, 1, 1, 0], [2, 2, 2, 2, 0], [1, 1, 1, 1, 0], [0, 0, 0, 0, 0]])
    output = flows.sum(axis=1) + np.array([20, 20, 20, 20, 1.0])
    rows = [(sr, s, ur, u, flows[i, j]) for i, (s, sr) in enumerate(SELLERS) for j, (u, ur) in enumerate(SELLERS)]
    cells = pd.DataFrame(rows, columns=["supplier_sector", "supplier", "user_sector", "user", "usd_mn"])
    cells[cells["usd_mn"] > 0].to_parquet(folder / "oecd_icio2022_small.parquet")
    totals = pd.DataFrame(SELLERS, columns=["country", "sector"]).assign(gross_output_usd_mn=output)
    totals.to_csv(folder / "oecd_icio2022_small_totals.csv", index=False)
    return flows


def test_the_tool_adds_up_rounds_and_balances(tool: ModuleType, tmp_path: Path) -> None:
    flows = write_extract(tmp_path)
    out = tmp_path / "out"
    out.mkdir()
    assert tool.main(["--raw", str(tmp_path), "--out", str(out)]) == 0
    table = read_table(out / "input_output.csv")
    assert table.countries == ["DEU", "ROW"]
    place = {node: number for number, node in enumerate(table.nodes)}
    row_c30, row_serv, deu_a = place["ROW", "C30"], place["ROW", "SERV"], place["DEU", "A"]
    assert table.flows[deu_a, deu_a] == 1.0  # 1.04, rounded to a tenth
    assert table.flows[place["DEU", "C30"], place["DEU", "C30"]] == pytest.approx(5.2)  # half to even
    assert table.flows[row_serv, row_c30] == 1
    assert table.output[row_serv] == pytest.approx(flows[3:].sum() + 21)
    np.testing.assert_allclose(table.flows.sum(axis=0) + table.value_added, table.output)
    assert (out / "sectors.csv").read_bytes() == (DATA / "sectors.csv").read_bytes()
    full = tool.source_table(tmp_path)
    assert tool.bias(full, tool.aggregate(full))["difference"].abs().max() < 0.02


def test_the_tool_takes_the_published_file_first(tool: ModuleType, tmp_path: Path) -> None:
    write_extract(tmp_path)
    (tmp_path / "2022_SML.csv").write_text(PUBLISHED, encoding="utf-8")
    small = tool.aggregate(tool.source_table(tmp_path))
    assert small.countries == ["AUS", "DEU"]
    assert small.output.sum() == 270
    (tmp_path / "2022_SML.csv").write_text(PUBLISHED.replace("C17_18", "X99"), encoding="utf-8")
    with pytest.raises(ValueError, match="does not name: X99"):
        tool.aggregate(tool.source_table(tmp_path))


def test_the_tool_names_what_is_missing(
    tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool.main(["--raw", str(tmp_path), "--out", str(tmp_path)]) == 2
    assert "no table of 2022" in capsys.readouterr().err


if RAW := os.environ.get("RESILIENCE_RAW"):  # the folder of source files; without it there is nothing to rebuild

    def test_the_embedded_files_are_what_the_tool_makes(tool: ModuleType, tmp_path: Path) -> None:
        assert tool.main(["--raw", str(RAW), "--out", str(tmp_path)]) == 0
        for name in ("input_output.csv", "sectors.csv"):
            assert (tmp_path / name).read_bytes() == (DATA / name).read_bytes(), name
        full = tool.source_table(Path(str(RAW)))
        size = tool.bias(full, tool.aggregate(full))["difference"].abs()
        assert (size.median(), size.max()) == (pytest.approx(0.00005, abs=1e-5), pytest.approx(0.052, abs=1e-3))
