"""How long a workbook of many rows takes to write, and how much memory, against plain XlsxWriter.

Run:  python benchmarks/workbook.py [--rows 100000]

A result whose plan has so many rows is written in a process of its own; the floor writes the same cells with
XlsxWriter's constant memory alone, without widths, units, notes, tables or checks. Memory is the most that the
process held above what it held before writing; the result itself is in memory in both. The exit status is 1 if
writing takes more than eight times the floor's time, 60 seconds or 250 MB.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import xlsxwriter

from resilience.handoff.result_workbook import write_workbook
from resilience.output.sheets import table_fields
from resilience.results import Result
from resilience.schema import ALL, READINGS, RESULTS

GOOD, MEMBER = "good{:03}", "M{:02}"
MEMBERS, SUPPLIERS = 20, 100
TIMES, SECONDS, MEGABYTES = 8.0, 60.0, 250.0


def made_up(rows: int) -> Result:
    """A result with a plan of so many rows: goods × 20 members × 100 suppliers, everything met."""
    goods = [GOOD.format(n) for n in range(max(1, rows // (MEMBERS * SUPPLIERS)))]
    members = [MEMBER.format(n) for n in range(MEMBERS)]
    suppliers = [*members, *(f"S{n:02}" for n in range(SUPPLIERS - MEMBERS))]
    keys = pd.MultiIndex.from_product([goods, members, suppliers], names=["good", "member", "supplier"])
    plan = keys.to_frame(index=False).assign(baseline=1.5, planned=1.5, change=0.0, unit="t", extra_cost_usd=0.0)
    required = pd.MultiIndex.from_product(
        [goods, [*members, ALL], ["cut", ALL], READINGS], names=["good", "member", "cutoff", "reading"]
    ).to_frame(index=False)
    part = MEMBERS / SUPPLIERS
    required = required.assign(share=part, share_today=part, gap=0.0, status="met", unit="t", scope="consumption")
    balance = plan.groupby(["good", "member"], as_index=False)["baseline"].sum()
    balance = balance.rename(columns={"baseline": "demand"}).assign(
        year=2024.0, imports=1.0, exports=0.0, stock=1.0, factor=1.0, unit="t", scope="consumption"
    )
    given = {"plan": plan, "requirements": required, "balance": balance}
    tables = {
        name: given.get(name, pd.DataFrame()).reindex(columns=list(table.names)) for name, table in RESULTS.items()
    }
    meta = {
        "title": "Many rows", "description": "", "case": "many.toml", "case_hash": "0", "dataset": "made up",
        "dataset_hash": "0", "year": 2024, "years": dict.fromkeys(goods, 2024), "labels": {g: g for g in goods},
        "categories": dict.fromkeys(goods, "food"), "notes": {}, "members": {m: m for m in members},
        "region": dict.fromkeys(members, 1.0), "region_name": "all", "countries": {s: s for s in suppliers},
        "cutoffs": [{"name": "cut", "cut": {}, "all_outsiders": True, "fraction": 1.0, "goods": None, "start": 1,
                     "months": None}],
        "versions": {"resilience": "0"}, "certificate": {"optima": 1, "worst_residual": 0.0, "tolerance": 1e-7},
    }  # fmt: skip
    return Result(meta, tables)


def floor(result: Result, path: Path) -> None:
    """The cells of the plan with XlsxWriter alone."""
    fields = table_fields("plan", result.tables["plan"], result.meta)
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    page = book.add_worksheet("Plan")
    for row, values in enumerate(zip(*(field.values for field in fields), strict=True)):
        for column, value in enumerate(values):
            page.write(row, column, value)
    book.close()


def measure(rows: int, ours: bool, pipe: multiprocessing.connection.Connection) -> None:
    """Write once and send seconds, MB above the start and bytes of the file."""
    result = made_up(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out.xlsx"
        before, start = _peak(), time.perf_counter()
        write_workbook(result, path) if ours else floor(result, path)
        pipe.send((time.perf_counter() - start, _peak() - before, path.stat().st_size))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Measure both and print them."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=100_000)
    rows = options.parse_args().rows
    context = multiprocessing.get_context("spawn")
    found = {}
    for name, ours in (("plain XlsxWriter, the cells only", False), ("the whole workbook", True)):
        here, there = context.Pipe()
        process = context.Process(target=measure, args=(rows, ours, there))
        process.start()
        found[ours] = here.recv()
        process.join()
        seconds, megabytes, size = found[ours]
        print(f"{name:34} {seconds:7.1f} s {megabytes:7.0f} MB more {size / 1e6:7.1f} MB of file")
    ratio = found[True][0] / found[False][0]
    print(f"{rows:,} rows: {ratio:.1f} times the floor (at most {TIMES:.0f})")
    return int(ratio > TIMES or found[True][0] > SECONDS or found[True][1] > MEGABYTES)


if __name__ == "__main__":
    sys.exit(main())
