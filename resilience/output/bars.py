"""Small bars for a cell of the workbook: how far a share moves with each of a few assumptions."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Sequence

import numpy as np

WIDTH, LINE, SCALE = 110, 17, 3  # points of a screen, drawn three times as fine
LEFT, RIGHT, BEYOND = 4, 92, 106  # where 0 %, 100 % and "no share suffices" stand
BLUE, PALE, BLACK, ORANGE = (91, 141, 184), (217, 217, 217), (0, 0, 0), (204, 106, 46)

Bar = tuple[float, float, float]  # share at one end, in the case, at the other; NaN: no share suffices


def bars_png(bars: Sequence[Bar]) -> bytes:
    """A PNG of one bar a line from the least to the greatest share, on a scale from 0 to 100 %.

    A dark stroke marks the case; a striped bar runs on to where no share suffices. The same bars, the same bytes.
    """
    image = np.full((len(bars) * LINE * SCALE, WIDTH * SCALE, 3), 255, dtype=np.uint8)
    for number, bar in enumerate(bars):
        top = number * LINE * SCALE
        middle = top + LINE * SCALE // 2
        image[middle - 1 : middle + 1, LEFT * SCALE : RIGHT * SCALE] = PALE
        for end in (LEFT, RIGHT):
            image[top + 4 * SCALE : top + (LINE - 4) * SCALE, end * SCALE - 1 : end * SCALE + 1] = PALE
        known = [_place(share) for share in bar if not math.isnan(share)]
        upper, lower = top + 5 * SCALE, top + (LINE - 5) * SCALE
        if known:
            image[upper:lower, min(known) : max(max(known), min(known) + SCALE)] = BLUE
        if len(known) < len(bar):
            start = max(known, default=RIGHT * SCALE)
            place = np.arange(start, BEYOND * SCALE)
            stripes = (np.arange(lower - upper)[:, None] + place) % (3 * SCALE) < SCALE * 3 // 2
            image[upper:lower, start : BEYOND * SCALE][stripes] = ORANGE
        case = BEYOND * SCALE if math.isnan(bar[1]) else _place(bar[1])
        image[top + 3 * SCALE : top + (LINE - 3) * SCALE, case - 2 : case + 3] = BLACK
    return _png(image)


def _place(share: float) -> int:
    return round((LEFT + (RIGHT - LEFT) * min(max(share, 0.0), 1.0)) * SCALE)


def _png(image: np.ndarray) -> bytes:
    height, width, _ = image.shape
    lines = b"".join(b"\0" + line.tobytes() for line in image)

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b"")
    )
