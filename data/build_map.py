"""Make ``resilience/world.json``: land and one place a country, for the map of a report.

Run:  npm pack world-atlas@2.0.2; tar xzf world-atlas-2.0.2.tgz; python data/build_map.py package

The package holds Natural Earth (public domain) as TopoJSON. Kept are the outlines of land at 1 : 110 million,
without borders, and of each country at 1 : 50 million the middle of its largest part.
"""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pycountry

TARGET = Path(__file__).parent.parent / "resilience" / "world.json"
SOURCE = "Natural Earth, public domain, 1 : 110 million; as packed in world-atlas 2.0.2"
ANTARCTIC = -60.0  # degrees north; land wholly below is left out
LEAST = 1.0  # square degrees of an island that is drawn
BY_NAME = {"Kosovo": "XKX"}  # without a number in ISO 3166
MIDDLES = {"USA": (-98.0, 39.5), "NOR": (9.5, 61.5), "CAN": (-105.0, 57.0)}  # where the centroid looks odd

Ring = list[tuple[float, float]]


def arcs_of(topology: dict[str, Any]) -> list[Ring]:
    """The lines of a TopoJSON file in degrees."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    lines = []
    for arc in topology["arcs"]:
        x = y = 0
        line = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            line.append((x * sx + tx, y * sy + ty))
        lines.append(line)
    return lines


def outer_rings(geometry: dict[str, Any], lines: list[Ring]) -> list[Ring]:
    """The outer ring of every polygon of a geometry."""
    polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
    rings = []
    for polygon in polygons:
        ring: Ring = []
        for number in polygon[0]:
            line = lines[number] if number >= 0 else lines[~number][::-1]
            for x, y in line[1:] if ring else line:
                turn = round((x - ring[-1][0]) / 360) * 360 if ring else 0  # goes on beyond 180 degrees
                ring.append((x - turn, y))
        rings.append(ring)
    return rings


def area_and_middle(ring: Ring) -> tuple[float, float, float]:
    """Area in square degrees and centroid of a ring."""
    area = x = y = 0.0
    for (x1, y1), (x2, y2) in pairwise(ring):
        cross = x1 * y2 - x2 * y1
        area, x, y = area + cross, x + (x1 + x2) * cross, y + (y1 + y2) * cross
    return abs(area / 2), x / (3 * area), y / (3 * area)


def land(folder: Path) -> list[list[float]]:
    """Rings as longitude, latitude, longitude, … to a tenth of a degree."""
    topology = json.loads((folder / "land-110m.json").read_text(encoding="utf-8"))
    lines, rings = arcs_of(topology), []
    for geometry in topology["objects"]["land"]["geometries"]:
        for ring in outer_rings(geometry, lines):
            if max(y for _, y in ring) > ANTARCTIC and area_and_middle(ring)[0] > LEAST:
                rings.append([round(number, 1) for point in ring for number in point])
    return rings


def places(folder: Path) -> dict[str, list[float]]:
    """ISO alpha-3 code → longitude and latitude."""
    topology = json.loads((folder / "countries-50m.json").read_text(encoding="utf-8"))
    lines = arcs_of(topology)
    rings: dict[str, list[Ring]] = {}
    for geometry in topology["objects"]["countries"]["geometries"]:
        known = pycountry.countries.get(numeric=geometry.get("id", ""))
        code = known.alpha_3 if known else BY_NAME.get(geometry["properties"]["name"])
        if code and "arcs" in geometry:
            rings[code] = rings.get(code, []) + outer_rings(geometry, lines)  # some codes have far-off parts
    found = {}
    for code, parts in sorted(rings.items()):
        _, *middle = max(area_and_middle(ring) for ring in parts)
        x, y = MIDDLES.get(code, middle)
        found[code] = [round((x + 180) % 360 - 180, 1), round(y, 1)]
    return found


def main(folder: Path) -> None:
    """Write the file."""
    world = {"source": SOURCE, "land": land(folder), "places": places(folder)}
    TARGET.write_text(json.dumps(world, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"written: {TARGET.name}, {len(world['land'])} pieces of land, {len(world['places'])} places")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
