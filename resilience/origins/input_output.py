"""Whose work is in a good at any depth, from an inter-country input–output table (Leontief 1936).

Trade flows say who sold a good; they do not say whose parts are in it. An inter-country table does, for whole
sectors: each column is a sector of a country and says from which sectors of which countries it bought. Value added
is followed back through all the purchases behind one unit of output, as in Hummels, Ishii and Yi (2001) and Los,
Timmer and de Vries (2015).

A sector is far wider than a good: the content of magnets is taken to be that of all fabricated metal products of
the country that sells them. And the tables know no contracts: every buyer of a sector's output gets the same mix.
Taxes less subsidies on inputs count as value of the country whose sector pays them.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import re
import zipfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from resilience.errors import Finding, InputError, errors_in
from resilience.inputs.suggestions import nearest

Array = npt.NDArray[np.float64]

REST = "ROW"  # rest of the world, in the tables and for suppliers that have no rows of their own
TOLERANCE = 1e-3  # a row or column may miss output by this share of it ...
DUST = 1e-8  # ... plus this share of the output of all sectors together (about 2 USD mn of the world's)
EXACT = 1e-6  # shares of one sector must add up to one this closely

OUTPUT = ("OUT", "OUTPUT", "TOTAL")
VALUE_ADDED = ("VA", "VALU")
TAXES = re.compile(r"TLS|TAXSUB|\w+_TAXSUB")
FINAL = ("HFCE", "NPISH", "NPS", "GGFC", "GFCF", "INVNT", "INV", "DIRP", "DPABR", "NONRES", "P33", "FD", "DISC")
NODE = re.compile(r"([A-Z][A-Z0-9]{2})_(\w+)")
SPLIT = {"CN1": "CHN", "CN2": "CHN", "MX1": "MEX", "MX2": "MEX"}
MOST = 20  # findings of one kind that are written out
KINDS = ("direct", "home", "region", "others")


@dataclass(frozen=True, eq=False)
class InputOutput:
    """An inter-country input–output table of n nodes, a node being a sector of a country.

    ``nodes``: n pairs (country, sector). ``flows``: n × n, what the column's node bought from the row's node.
    ``output``, ``value_added``, ``final_demand``: n figures each. All in ``unit``. Value added holds taxes less
    subsidies on the inputs; final demand is summed over the countries that buy. ``findings`` are warnings.
    """

    nodes: pd.MultiIndex
    flows: Array
    output: Array
    value_added: Array
    final_demand: Array
    year: int | None = None
    unit: str = "USD mn"
    source: str = ""
    findings: tuple[Finding, ...] = field(default=(), repr=False)

    @property
    def countries(self) -> list[str]:
        """Countries in alphabetical order."""
        return sorted(set(self.nodes.get_level_values("country")))


# -- reading ---------------------------------------------------------------------------------------------


def read_table(
    path: Path | str, *, year: int | None = None, unit: str = "USD mn", source: str = ""
) -> InputOutput:
    """Read and check a table in the wide layout in which the OECD publishes its inter-country tables (ICIO).

    First column: labels such as ``AUS_A01`` or ``AUS_A01_02`` (country, underscore, sector), below them ``TLS``
    (taxes less subsidies; may be missing), ``VA`` and ``OUT``. The same labels head the columns, followed by final
    demand (``AUS_HFCE`` … or one column ``FD``) and ``OUT``. The words of older editions (VALU, OUTPUT, TOTAL,
    AUS_TAXSUB) are understood. Plain CSV, .csv.gz, .zip with one file, or .parquet where pyarrow is installed.

    ``year`` is taken from the file's name, or from the first cell, if not given; ``source`` is the name itself.
    The file is read line by line: memory is that of the flows (8 n² bytes) and little more.

    Raises InputError with all findings if labels, cells, signs or balances are wrong; see :func:`check`.
    """
    path = Path(path)
    findings: list[Finding] = []
    refuse = _refuser(path.name, findings)
    try:
        rows = _lines(path)
        columns = _Columns(next(rows, (1, []))[1], refuse)
        if errors_in(findings):
            raise InputError(findings)
        table, lines = _fill(rows, columns, refuse)
    except InputError:
        raise
    except UnicodeDecodeError as error:
        refuse(f"this is not UTF-8 text: {error.reason}")
    except FileNotFoundError:
        refuse("there is no such file")
    except (OSError, EOFError, ValueError, csv.Error, zipfile.BadZipFile) as error:
        refuse(f"this cannot be read: {error}")
    if errors_in(findings):
        raise InputError(findings)
    years = re.findall(r"(?:19|20)\d\d", path.name) or re.findall(r"(?:19|20)\d\d", columns.header[0])
    if year is None and years:
        year = int(years[-1])  # the last, because some names begin with the edition: ICIO2023_2018.csv
    findings += check(table, path.name, lines)
    if errors_in(findings):
        raise InputError(findings)
    return replace(table, year=year, unit=unit, source=source or path.name, findings=tuple(findings))


Refuse = Callable[..., None]


def _refuser(name: str, findings: list[Finding]) -> Refuse:
    """A function that notes an error, and after ``MOST`` of one kind only that there are more."""
    seen: dict[str, int] = {}

    def refuse(message: str, row: int | None = None, column: str | None = None, kind: str = "") -> None:
        seen[kind] = seen.get(kind, 0) + 1
        if not kind or seen[kind] <= MOST:
            findings.append(Finding("error", name, row, column, message))
        elif seen[kind] == MOST + 1:
            findings.append(Finding("error", name, None, None, f"{kind}: and more of the same"))

    return refuse


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of every line that is not blank; a Parquet file is read as if it were CSV."""
    if path.suffix == ".parquet":
        frame = pd.read_parquet(path)
        yield 1, [str(column) for column in frame.columns]
        yield from enumerate((list(row) for row in frame.itertuples(index=False)), 2)
        return
    with ExitStack() as stack:
        if path.suffix == ".gz":
            binary: io.BufferedIOBase | IO[bytes] = stack.enter_context(gzip.open(path))
        elif path.suffix == ".zip":
            archive = stack.enter_context(zipfile.ZipFile(path))
            if len(archive.namelist()) != 1:
                raise zipfile.BadZipFile("it holds more than one file; unpack it and give the file of one year")
            binary = stack.enter_context(archive.open(archive.namelist()[0]))
        else:
            binary = stack.enter_context(path.open("rb"))
        reader = csv.reader(io.TextIOWrapper(cast("IO[bytes]", binary), encoding="utf-8-sig", newline=""))
        for cells in reader:
            if cells:
                yield reader.line_num, cells


class _Columns:
    """What stands where: positions of nodes, final demand and output among the columns."""

    def __init__(self, header: list[str], refuse: Refuse):
        self.header = header
        self.final: list[int] = []
        self.output: int | None = None
        self.nodes: dict[str, int] = {}  # label → number of the node
        self.places: list[int] = []
        seen: set[str] = set()
        for place, label in enumerate(header[1:], 1):
            found = NODE.fullmatch(label)
            if label in seen:
                refuse(f'the label "{label}" stands there twice; keep one of them', 1, label, "label")
            elif label in OUTPUT:
                self.output = place
            elif label == "FD" or (found and found[2] in FINAL):
                self.final.append(place)
            elif found and found[1] in SPLIT:
                refuse(
                    f'"{found[1]}" is a part of {SPLIT[found[1]]}, as in the extended edition; take the edition '
                    "in which countries are whole",
                    1,
                    label,
                    "part of a country",
                )
            elif found:
                self.nodes[label] = len(self.places)
                self.places.append(place)
            else:
                refuse(
                    f'unknown label "{label}"; columns are AUS_A01 (country, sector), AUS_HFCE …, FD or OUT',
                    1,
                    label,
                    "label",
                )
            seen.add(label)
        if not self.places:
            refuse("there is no column such as AUS_A01; the first line must hold such labels, with commas", 1)
        if not self.final:
            refuse("there is no final demand; columns such as AUS_HFCE, or one column FD, must follow", 1)


def _fill(
    rows: Iterator[tuple[int, list[str]]], columns: _Columns, refuse: Refuse
) -> tuple[InputOutput, list[int]]:
    """The table without year and source, and the line of each node's row."""
    count = len(columns.places)
    width = len(columns.header)
    beside_at = [] if columns.output is None else [columns.output]
    flows = np.zeros((count, count))
    final, beside = np.zeros(count), np.zeros(count)
    below: dict[str, Array] = {}
    lines = [0] * count
    for line, cells in rows:
        label = str(cells[0])
        if len(cells) != width:
            refuse(f"{len(cells)} cells where the header has {width}", line, None, "cells")
            continue
        node = columns.nodes.get(label)
        if node is not None:
            if lines[node]:
                refuse(f'"{label}" stands already in row {lines[node]}; keep one of them', line, None, "label")
            lines[node] = line
            row = _numbers(cells, [*columns.places, *columns.final, *beside_at], line, columns.header, refuse)
            flows[node] = row[columns.places]
            final[node] = row[columns.final].sum()
            beside[node] = row[columns.output] if columns.output else 0.0
        elif label in OUTPUT or label in VALUE_ADDED or TAXES.fullmatch(label):
            row = _numbers(cells, columns.places, line, columns.header, refuse)
            kind = "output" if label in OUTPUT else "value"
            below[kind] = below.get(kind, 0.0) + row[columns.places]
        elif any(cells):
            close = nearest(label, [*columns.nodes, "TLS", "VA", "OUT"])
            refuse(f'unknown label "{label}"; no column has it{close}', line, columns.header[0], "label")
    labels = list(columns.nodes)
    for label in [label for node, label in enumerate(labels) if not lines[node]]:
        refuse(f'the column "{label}" has no row; every sector buys and sells', None, label, "missing row")
    if "value" not in below:
        refuse("there is no row VA; value added must stand below the sectors")
    if columns.output is None and "output" not in below:
        refuse("there is neither a row nor a column OUT; output must stand in one of them")
    output = below.get("output", beside)
    if columns.output is not None:
        for place in np.flatnonzero((np.abs(output - beside) > _slack(output)) & (np.array(lines) > 0)).tolist():
            message = (
                f"output is {beside[place]:g} here and {output[place]:g} in the row OUT; both must be the same"
            )
            refuse(message, lines[place], columns.header[columns.output], "output")
    nodes = pd.MultiIndex.from_tuples([label.split("_", 1) for label in labels], names=["country", "sector"])
    return InputOutput(nodes, flows, output, below.get("value", np.zeros(count)), final), lines


def _numbers(cells: list[str], wanted: list[int], line: int, header: list[str], refuse: Refuse) -> Array:
    """The cells as numbers, those that are not finite refused where they are wanted; the first is the label."""
    try:
        row = np.array([0.0, *map(float, cells[1:])])
        if np.isfinite(row).all():
            return row
    except (TypeError, ValueError):
        row = np.array([0.0, *(_number(cell) for cell in cells[1:])])
    for place in wanted:
        if not np.isfinite(row[place]):
            value = cells[place]
            message = f'"{value}" is not a finite number; use decimal points and no separators'
            if value is None or not str(value).strip():
                message = "the cell is blank; write 0 if nothing was bought"
            refuse(message, line, header[place], "cell")
            row[place] = 0.0
    return row


def _number(cell: str) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError):
        return math.nan


def _slack(output: Array) -> Array:
    slack: Array = TOLERANCE * np.abs(output) + DUST * np.abs(output).sum()
    return slack


def check(table: InputOutput, name: str = "table", lines: Sequence[int] | None = None) -> list[Finding]:
    """What is wrong with a table, all at once; ``lines`` are the lines of the nodes' rows in the file ``name``.

    Errors: shapes that differ, a node that stands there twice, cells that are not finite, negative purchases or
    output, inputs without output, a row (sales to sectors + final demand) or column (inputs + value added) that
    misses output by more than 0.1 % of it plus 10⁻⁸ of all output. Warning: negative value added, as of sectors
    that live on subsidies or had a year of losses; content shares may then lie outside 0 to 1.
    """
    findings: list[Finding] = []
    refuse = _refuser(name, findings)
    n = len(table.nodes)
    if table.flows.shape != (n, n) or any(
        figures.shape != (n,) for figures in (table.output, table.value_added, table.final_demand)
    ):
        refuse(f"{n} nodes need {n} × {n} flows and {n} figures each of output, value added and final demand")
        return findings
    labels = ["_".join(node) for node in table.nodes]

    def line(node: int) -> int | None:
        return lines[node] if lines is not None else None

    for node in np.flatnonzero(table.nodes.duplicated()).tolist():
        refuse(f'"{labels[node]}" stands there twice; keep one of them', line(node), labels[node], "label")
    vectors = np.array([table.output, table.value_added, table.final_demand])
    if not (np.isfinite(table.flows).all() and np.isfinite(vectors).all()):
        refuse("there are cells that are not finite numbers")
        return findings
    for seller, buyer in np.argwhere(table.flows < 0)[: MOST + 1].tolist():
        refuse(
            f"{table.flows[seller, buyer]:g} is negative; purchases are zero or more",
            line(seller),
            labels[buyer],
            "negative purchase",
        )
    slack = _slack(table.output)
    inputs = table.flows.sum(axis=0)
    sold = table.flows.sum(axis=1) + table.final_demand
    paid = inputs + table.value_added
    for node, label in enumerate(labels):
        output = table.output[node]
        if output < 0:
            refuse(f"{output:g} is negative; output is zero or more", None, label, "negative output")
        elif output == 0 and inputs[node] > slack[node]:
            refuse(
                f"output is 0, but inputs of {inputs[node]:g} are bought; give the output or set the inputs to 0",
                None,
                label,
                "inputs without output",
            )
        if abs(sold[node] - output) > slack[node]:
            refuse(
                f"{label} does not balance: sales and final demand add up to {sold[node]:.6g}, output is "
                f"{output:.6g}; correct the row or put the difference into final demand",
                line(node),
                None,
                "row that does not balance",
            )
        if abs(paid[node] - output) > slack[node]:
            refuse(
                f"{label} does not balance: inputs and value added add up to {paid[node]:.6g}, output is "
                f"{output:.6g}; correct the column or put the difference into value added",
                None,
                label,
                "column that does not balance",
            )
        if table.value_added[node] < 0:
            message = (
                f"value added is {table.value_added[node]:g}, below zero; content shares may lie outside 0 to 1"
            )
            findings.append(Finding("warning", name, None, label, message))
    return findings


# -- content ---------------------------------------------------------------------------------------------


def content(table: InputOutput) -> pd.DataFrame:
    """Content by origin of one unit of output of every sector: country, sector, origin, direct, total.

    Shares of value, 0 to 1 (outside only with negative value added); for each sector both add up to one over the
    origins. With A = Z x̂⁻¹, L = (I − A)⁻¹ (Leontief 1936) and v the value added per unit of output:

    - total: origin o has Σ v_m L_mn over its sectors m, its value added at any depth, home included. This is the
      decomposition of Los, Timmer and de Vries (2015); Hummels, Ishii and Yi (2001) count imported inputs so.
    - direct: v_n counts for the own country and every input for the country that sold it, as an invoice shows it.

    v is what is left of output after inputs, 1 − Σ_m A_mn, so that the shares add up: it holds taxes less
    subsidies on the inputs and what the rounding of the file leaves. The inverse is not formed; one linear system
    with a right-hand side for each origin is solved. Sectors without output are left out.

    This is what is in a unit of output, whoever buys it. Content of what one country *finally* buys needs final
    demand by buyer (here a sum over buyers) and the assumption that all buyers of a sector get the same mix.

    Raises InputError if sectors without value added supply only each other (the system has no solution).
    """
    made = table.output > 0
    flows = table.flows if made.all() else table.flows[np.ix_(made, made)]
    nodes = table.nodes[made]
    coefficients = flows / table.output[made]
    value = 1.0 - coefficients.sum(axis=0)
    origins, owner = np.unique(nodes.get_level_values("country").to_numpy(dtype=str), return_inverse=True)
    belongs = np.zeros((len(nodes), len(origins)))
    belongs[np.arange(len(nodes)), owner] = 1.0
    own = belongs * value[:, None]
    direct = coefficients.T @ belongs + own
    system = np.negative(coefficients, out=coefficients)
    system[np.diag_indices(len(nodes))] += 1.0
    try:
        total = np.linalg.solve(system.T, own)  # not scipy: overwrite_a of 1.17 crashes where this is singular
    except np.linalg.LinAlgError:
        total = np.full_like(own, np.nan)
    if not (np.abs(total.sum(axis=1) - 1.0) <= EXACT).all():
        idle = ["_".join(node) for node in nodes[value <= EXACT]]
        message = f"{', '.join(idle[:5])}: without value added and supplying each other; give their value added"
        raise InputError([Finding("error", table.source or "table", None, None, message)])
    frame = nodes.repeat(len(origins)).to_frame(index=False)
    return frame.assign(origin=np.tile(origins, len(nodes)), direct=direct.ravel(), total=total.ravel())


def domestic_and_foreign(shares: pd.DataFrame, table: InputOutput | None = None) -> pd.DataFrame:
    """Value made at home and abroad at any depth: country, sector, domestic, foreign; shares that add up to one.

    ``shares`` is what :func:`content` returns. With ``table``, one row a country: its sectors weighted by their
    sales to final demand, so that ``foreign`` is the foreign share of value in final output of Los, Timmer and
    de Vries (2015). Countries without such sales are left out.
    """
    home = shares[shares["origin"] == shares["country"]]
    parts = home[["country", "sector"]].assign(domestic=home["total"], foreign=1.0 - home["total"])
    if table is None:
        return parts.reset_index(drop=True)
    weight = pd.Series(table.final_demand, index=table.nodes).reindex(
        pd.MultiIndex.from_frame(parts[["country", "sector"]])
    )
    parts["weight"] = weight.to_numpy()
    parts["made"] = parts["domestic"] * parts["weight"]
    sums = parts.groupby("country")[["made", "weight"]].sum()
    sums = sums[sums["weight"] > 0]
    domestic = sums["made"] / sums["weight"]
    return pd.DataFrame({"domestic": domestic, "foreign": 1.0 - domestic}).reset_index()


def regional_content(shares: pd.DataFrame, region: Collection[str]) -> pd.DataFrame:
    """Share of each sector's value that is made in the region at any depth: country, sector, regional (0 to 1).

    ``shares`` is what :func:`content` returns. Members of the region without rows of their own are part of the
    rest of the world and count as outside.
    """
    inside = shares["total"].where(shares["origin"].isin(set(region)), 0.0)
    keys = [shares["country"], shares["sector"]]
    return inside.groupby(keys, sort=False).sum().rename("regional").reset_index()


def exposure(
    shares: pd.DataFrame,
    purchases: pd.DataFrame,
    sectors: pd.DataFrame,
    cut: Collection[str],
    region: Collection[str],
) -> pd.DataFrame:
    """How much of what members buy comes from the cut countries, openly or inside what others sell.

    ``shares``: what :func:`content` returns. ``purchases``: good, member, supplier, share of the member's demand;
    the member itself is home supply. ``sectors``: good, sector. Returns, by good and member, shares of demand:

    - ``direct``: bought from the cut countries themselves, counted in full;
    - ``home``, ``region``, ``others``: their work, at any depth, in what the member makes itself, in what it buys
      from other countries of ``region``, and from everybody else;
    - ``total``: the sum; ``friend``, ``through_friend``: the region's supplier (not the member) that carries most;
    - ``covered``: the part of the purchases whose supplier has rows of its own. All others are taken to be like
      the rest of the world (ROW), and to carry nothing if the table has no such rows;
    - ``untraced``: cut countries without rows of their own, whose work inside others' goods is not counted.

    Raises InputError for a good without a sector, a sector the table does not have, or shares that are negative,
    missing or above one in sum.
    """
    findings = [*_purchase_findings(shares, purchases, sectors)]
    if findings:
        raise InputError(findings)
    taken = set(cut)
    hidden = shares["total"].where(shares["origin"].isin(taken), 0.0)
    work = hidden.groupby([shares["country"], shares["sector"]]).sum()
    rows = purchases.merge(sectors[["good", "sector"]], on="good")
    rows["known"] = pd.MultiIndex.from_frame(rows[["supplier", "sector"]]).isin(work.index)
    stand_in = rows["supplier"].where(rows["known"], REST)
    carried = work.reindex(pd.MultiIndex.from_arrays([stand_in, rows["sector"]])).fillna(0.0).to_numpy()
    rows["kind"] = np.select(
        [rows["supplier"].isin(taken), rows["supplier"] == rows["member"], rows["supplier"].isin(set(region))],
        KINDS[:3],
        KINDS[3],
    )
    rows["amount"] = rows["share"] * np.where(rows["kind"] == "direct", 1.0, carried)
    rows["own_rows"] = rows["share"] * rows["known"]
    keys = ["good", "member"]
    result = rows.pivot_table(index=keys, columns="kind", values="amount", aggfunc="sum", fill_value=0.0)
    result = result.reindex(columns=list(KINDS), fill_value=0.0).rename_axis(columns=None)
    result["total"] = result.sum(axis=1)
    friends = rows[(rows["kind"] == "region") & (rows["amount"] > 0)]
    friends = friends.groupby([*keys, "supplier"], as_index=False)["amount"].sum()
    friends = friends.sort_values(["amount", "supplier"], ascending=[False, True]).drop_duplicates(keys)
    most = friends.set_index(keys)
    result["friend"] = most["supplier"].reindex(result.index).fillna("")
    result["through_friend"] = most["amount"].reindex(result.index).fillna(0.0)
    sums = rows.groupby(keys)[["own_rows", "share"]].sum()
    result["covered"] = (sums["own_rows"] / sums["share"]).where(sums["share"] > 0)
    result["untraced"] = " ".join(sorted(taken - set(shares["origin"])))
    return result.reset_index()


def _purchase_findings(shares: pd.DataFrame, purchases: pd.DataFrame, sectors: pd.DataFrame) -> Iterator[Finding]:
    known = dict(zip(sectors["good"], sectors["sector"], strict=True))
    there = set(shares["sector"])
    for good in sorted(set(purchases["good"])):
        if good not in known:
            yield Finding(
                "error", "sectors", None, "good", f'"{good}" has no sector; add a row{nearest(good, known)}'
            )
        elif known[good] not in there:
            hint = nearest(known[good], there)
            yield Finding(
                "error", "sectors", None, "sector", f'{good}: the table has no sector "{known[good]}"{hint}'
            )
    if twice := sorted(set(sectors.loc[sectors["good"].duplicated(), "good"])):
        message = f"{', '.join(twice)}: a good has one sector; keep one of the rows"
        yield Finding("error", "sectors", None, "good", message)
    wrong = purchases[~(purchases["share"] >= 0)]
    for row in wrong.itertuples():
        message = (
            f"{row.good}, {row.member} from {row.supplier}: {row.share} is not a share; shares are zero or more"
        )
        yield Finding("error", "purchases", None, "share", message)
    sums = purchases.groupby(["good", "member"])["share"].sum()
    for (good, member), total in sums[sums > 1.0 + EXACT].items():
        message = f"{good}, {member}: shares add up to {total:g}, more than 1"
        yield Finding("error", "purchases", None, "share", message)
