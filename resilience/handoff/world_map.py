"""A map of the world with one circle a country, without borders (needs matplotlib).

Land and places are those of Natural Earth (public domain), packed into ``world.json`` by ``data/build_map.py``.
Drawn in the Equal Earth projection (Šavrič, Patterson and Jenny 2018, International Journal of Geographical
Information Science 33), about 10° east, so that no land mass is cut.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

MIDDLE = 10.0  # degrees east of the map's centre
EDGES = (-57.0, 78.0)  # degrees north of the lower and upper edge
WIDE = 2.7066  # half the width of the projection, in its own units
LETTERS = 8.0  # points
LAND, SEA = "#E6E6E6", "#FFFFFF"


@dataclass(frozen=True)
class Spot:
    """A circle: country, colour, pattern of its filling, and size as a part of the largest there may be."""

    country: str
    colour: str
    hatch: str
    size: float
    label: str = ""


@cache
def _world() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(__file__).parent / "world.json").read_text(encoding="utf-8"))
    return found


def source() -> str:
    """Where the outlines come from."""
    return str(_world()["source"])


def on_map(country: str) -> bool:
    """Whether the place of a country is known."""
    return country in _world()["places"]


def equal_earth(longitude: Any, latitude: Any) -> tuple[np.ndarray, np.ndarray]:
    """Degrees, counted from the map's middle, to the plane; exact at both poles and the equator."""
    a1, a2, a3, a4 = 1.340264, -0.081106, 0.000893, 0.003796
    root = np.sqrt(3)
    theta = np.arcsin(root / 2 * np.sin(np.radians(latitude)))
    across = 3 * (9 * a4 * theta**8 + 7 * a3 * theta**6 + 3 * a2 * theta**2 + a1)
    x = 2 * root * np.radians(longitude) * np.cos(theta) / across
    return np.asarray(x), np.asarray(a4 * theta**9 + a3 * theta**7 + a2 * theta**3 + a1 * theta)


def draw_map(axes: Any, spots: Sequence[Spot], largest: float) -> None:
    """Land and circles, the largest of ``largest`` points across; the smaller lie on top."""
    from matplotlib.patches import Polygon

    low, high = (float(equal_earth(0.0, edge)[1]) for edge in EDGES)
    side = np.linspace(*EDGES, 40)
    left, right = equal_earth(np.full(40, -180.0), side), equal_earth(np.full(40, 180.0), side[::-1])
    outline = Polygon(
        np.column_stack([np.concatenate(pair) for pair in zip(left, right, strict=True)]),
        facecolor=SEA,
        edgecolor="#BFBFBF",
        linewidth=0.6,
    )
    axes.add_patch(outline)
    for ring in _world()["land"]:
        points = np.array(ring, dtype=float).reshape(-1, 2)
        for turn in (-360.0, 0.0, 360.0):  # rings go on beyond 180 degrees
            longitude = points[:, 0] - MIDDLE + turn
            if longitude.max() > -180 and longitude.min() < 180:
                x, y = equal_earth(longitude, points[:, 1])
                axes.add_patch(
                    Polygon(np.column_stack([x, y]), facecolor=LAND, edgecolor="none", clip_path=outline)
                )
    per_unit = 72 * axes.get_position().width * axes.figure.get_figwidth() / (2 * WIDE)  # points
    taken: list[tuple[float, float]] = []
    for spot in sorted(spots, key=lambda spot: (-spot.size, spot.country)):
        longitude, latitude = _world()["places"][spot.country]
        at = equal_earth((longitude - MIDDLE + 180) % 360 - 180, latitude)
        here, there = float(at[0]), float(at[1])
        across = max(largest * np.sqrt(spot.size), 2.0)
        edge = "black" if spot.hatch else "white"
        look = {"facecolor": spot.colour, "edgecolor": edge, "hatch": spot.hatch or None}
        axes.scatter([here], [there], s=across**2, linewidth=0.5, alpha=0.9, zorder=3, **look)
        free = _free(here * per_unit, there * per_unit, across, taken) if spot.label else None
        if free is not None:
            taken.append(free)
            place = (free[0] - here * per_unit, free[1] - there * per_unit)
            back = {"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 0.75}
            named = {"fontsize": LETTERS, "fontweight": "bold", "ha": "center", "va": "center", "zorder": 4}
            axes.annotate(spot.label, (here, there), place, textcoords="offset points", bbox=back, **named)
    axes.set_xlim(-WIDE, WIDE)
    axes.set_ylim(low, high)
    axes.set_aspect("equal")
    axes.set_axis_off()


def _free(x: float, y: float, across: float, taken: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    """Where a name finds room beside a circle, in points; None if nowhere."""
    up, aside = across / 2 + LETTERS * 0.7, across / 2 + LETTERS * 1.3
    for place in ((x, y + up), (x, y - up), (x + aside, y), (x - aside, y)):
        if all(
            abs(place[0] - other[0]) > 2.7 * LETTERS or abs(place[1] - other[1]) > 1.3 * LETTERS for other in taken
        ):
            return place
    return None
