"""Seconds and memory of reading an inter-country table of full size and computing content by origin from it.

Run:  python benchmarks/input_output.py [--countries 81] [--sectors 50] [--gzip]

The table is made up with a fixed seed, in the published wide layout: by default 81 countries of 50 sectors, 4050
rows square, with six columns of final demand a country, as in the OECD's tables of 2022. Memory is the peak of the
process; the flows alone take 8 n² bytes. The exit status is 1 if the shares of any sector do not add up to one.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from resilience.origins.input_output import FINAL, content, read_table

DEMAND = (*FINAL[:2], "GGFC", "GFCF", "INVNT", "DPABR")


def peak() -> float:
    """Most memory the process has had, in MB; not a number where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024.0**2 if sys.platform == "darwin" else 1024.0)


def write(path: Path, countries: int, sectors: int) -> None:
    """A table that balances, line by line: most purchases are small, those from home large."""
    rng = np.random.default_rng(1)
    count = countries * sectors
    nodes = [f"{chr(65 + c // 26)}{chr(65 + c % 26)}X_S{s:02}" for c in range(countries) for s in range(sectors)]
    final = [f"{nodes[c * sectors][:3]}_{kind}" for c in range(countries) for kind in DEMAND]
    inputs = np.zeros(count)
    output = np.zeros(count)
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", encoding="utf-8") as file:
        file.write(",".join(["V1", *nodes, *final, "OUT"]) + "\n")
        for node, label in enumerate(nodes):
            bought = np.round(rng.lognormal(0.0, 2.0, count), 6)
            home = node // sectors * sectors
            bought[home : home + sectors] *= 100.0
            demanded = np.round(rng.lognormal(6.0, 1.0, len(final)), 6)
            inputs += bought
            output[node] = bought.sum() + demanded.sum()
            cells = np.concatenate([bought, demanded, output[node : node + 1]])
            file.write(label + "," + ",".join(map("{:.6f}".format, cells)) + "\n")
        rest = ["0"] * (len(final) + 1)
        taxes = 0.01 * output
        for label, figures in (("TLS", taxes), ("VA", output - inputs - taxes), ("OUT", output)):
            file.write(",".join([label, *map("{:.6f}".format, figures), *rest]) + "\n")


def main() -> int:
    """Print size, seconds and memory of the two steps."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--countries", type=int, default=81)
    arguments.add_argument("--sectors", type=int, default=50)
    arguments.add_argument("--gzip", action="store_true", help="compress the file")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("2022.csv.gz" if options.gzip else "2022.csv")
        write(path, options.countries, options.sectors)
        size = path.stat().st_size / 1e6
        before, start = peak(), time.perf_counter()
        table = read_table(path)
        reading, read = time.perf_counter() - start, peak()
        start = time.perf_counter()
        shares = content(table)
        solving, solved = time.perf_counter() - start, peak()
    count = len(table.nodes)
    print(f"{count} rows square, {size:.0f} MB on disk, flows {8e-6 * count**2:.0f} MB, before {before:.0f} MB")
    print(f"read_table {reading:6.1f} s   peak {read:6.0f} MB")
    print(f"content    {solving:6.1f} s   peak {solved:6.0f} MB")
    sums = shares.groupby(["country", "sector"])[["direct", "total"]].sum()
    return int((sums - 1.0).abs().to_numpy().max() > 1e-9)


if __name__ == "__main__":
    raise SystemExit(main())
