"""How wide a text is in a cell, and on which lines it stands there: widths of Calibri, the font of all sheets."""

from __future__ import annotations

from functools import lru_cache

from xlsxwriter.utility import xl_pixel_width

SIZE = 10  # points of the text of a sheet
KNOWN = 11  # points of the text whose widths XlsxWriter knows
UNIT = 7  # pixels of a unit of the width of a column
SLACK = 1.02  # programs differ a little in how wide they draw letters
MARGIN = 1.5  # units of a column that its text does not fill


@lru_cache(maxsize=50_000)
def width(text: str, size: float = SIZE) -> float:
    """The width of a text of ``size`` points on one line, in units of a column's width."""
    return xl_pixel_width(text) * size / KNOWN * SLACK / UNIT


def wrapped(text: str, room: float, size: float = SIZE) -> list[str]:
    """The lines on which a text of ``size`` points stands in ``room`` units of a column's width.

    A word that is longer than the room is one line here; :func:`lines` counts as many as it takes.
    """
    found = []
    for part in text.split("\n"):
        line, used = "", 0.0
        for word in part.split(" "):
            longer = used + width(f" {word}", size)
            if line and longer > room:
                found.append(line)
                line, used = word, width(word, size)
            elif line:
                line, used = f"{line} {word}", longer
            else:
                line, used = word, width(word, size)
        found.append(line)
    return found


def lines(text: str, room: float, size: float = SIZE) -> int:
    """How many lines a text takes, words that are longer than the room broken where it ends."""
    if "\n" not in text and width(text, size) <= room:
        return 1
    return sum(max(1, -int(-width(line, size) // room)) for line in wrapped(text, room, size))
