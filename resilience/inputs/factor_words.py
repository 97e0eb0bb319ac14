"""The factors of a parameter study in an analyst's words: names, units and values.

A factor is a dotted name of the case file as ``--set`` takes it; meanings and units come from
:data:`resilience.inputs.parameters.PARAMETERS`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from resilience.inputs.parameters import PARAMETERS, SECTIONS, SURGE_PARTS
from resilience.words import percent

AS_WRITTEN = "as the case says"
SHORT = {  # names for pictures and sentences, where the meaning is too long
    "stock_months": "stock",
    "maker_stock_months": "makers' stock",
    "region_surge": "the region's surge",
    "outside_surge": "the outsiders' surge",
    "demand_factor": "crisis demand",
    "months": "months to survive",
    "cap": "cap on one outsider",
}
LISTS = {
    "cutoffs": "the cutoffs of the case",
    "region": "whose supply counts",
    "members": "who must survive",
    "goods": "the goods of the case",
}
OF_CUTOFF = {
    "fraction": ("part cut off", "share", "part of deliveries that is lost"),
    "months": ("length of the cutoff", "months", "how long the cutoff lasts"),
    "start": ("start of the cutoff", "month", "first month of the cutoff"),
    "any": ("outsiders cut at once", "suppliers", "number of outsiders that are cut, whichever are worst"),
    "any_region": ("friends cut at once", "suppliers", "number of region suppliers cut, whichever are worst"),
}


@dataclass(frozen=True)
class Varied:
    """A factor of a finished study. ``how``: set, times or plus; ``base`` is the case's number, None where it has
    no single one.

    ``values`` are alternatives in place of a range from ``low`` to ``high``.
    """

    name: str
    how: str = "set"
    low: Any = None
    high: Any = None
    base: Any = None
    values: tuple[Any, ...] = ()
    mode: float | None = None
    mean: float | None = None
    sd: float | None = None
    distribution: str = "uniform"

    @property
    def position(self) -> float | None:
        """Where the case as written stands on the factor's scale; None where that is no number."""
        if self.how != "set":
            return 1.0 if self.how == "times" else 0.0
        number = isinstance(self.base, (int, float)) and not isinstance(self.base, bool)
        return float(self.base) if number and not math.isnan(self.base) else None

    def text(self, value: Any) -> str:
        """A value of this factor in words, with its unit."""
        return value_text(self.name, value, self.how)

    @property
    def base_text(self) -> str:
        """What the case holds, in words."""
        return value_text(self.name, self.base)

    def range(self) -> str:
        """Everything the factor goes through, in words."""
        if self.values:
            return "; ".join(self.text(value) for value in self.values)
        shape = "" if self.distribution == "uniform" else f", {self.distribution}"
        middle = self.mode if self.mode is not None else self.mean
        if middle is not None:
            shape += f" around {self.text(middle)}"
        if self.sd is not None:
            shape += f", standard deviation {self.text(self.sd)}"
        return f"{self.text(self.low)} to {self.text(self.high)}{shape}"


def varied(meta: Mapping[str, Any]) -> list[Varied]:
    """The factors of a study from ``meta["spec"]["factors"]``, as :mod:`resilience.studies.designs` describes
    them; ``base`` may be added to each: the number that the case holds there."""
    known = ("name", "how", "low", "high", "base", "mode", "mean", "sd", "distribution")
    return [
        Varied(
            **{key: item[key] for key in known if item.get(key) is not None},
            values=tuple(map(hashable, item.get("values") or ())),
        )
        for item in meta["spec"]["factors"]
    ]


def hashable(value: Any) -> Any:
    """A value as it can be compared and counted: lists become tuples, what is missing None."""
    if isinstance(value, (list, tuple, np.ndarray)):
        return tuple(map(hashable, value))
    if isinstance(value, Mapping):
        return tuple(f"{key} {hashable(below)}" for key, below in value.items())
    if isinstance(value, np.generic):
        value = value.item()
    return None if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)) else value


def label(name: str) -> str:
    """A short name for pictures and sentences: ``stock (military)``."""
    return _described(name)[0]


def meaning(name: str) -> str:
    """What the factor is, as the case file's documentation says it."""
    return _described(name)[2]


def unit(name: str, how: str = "set") -> str:
    """The unit of a factor's values, as tables name it."""
    base = _described(name)[1]
    if how == "times":
        return "times what the case says"
    return f"{base}, added to the case's" if how == "plus" else base


def value_text(name: str, value: Any, how: str = "set") -> str:
    """A value in words: ``70 %``, ``3 months of demand``, ``0.5 times the case's``, ``China and Russia``."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {value_text(name, below, how)}" for key, below in value.items())
    value = hashable(value)
    if value is None:
        return AS_WRITTEN
    if value == "inf":
        return "no limit"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " and ".join(map(str, value))
    if isinstance(value, str):
        return value
    if how == "times":
        return f"{number(value)} times the case's"
    scale, after = shown(name, how)
    if math.isinf(value):
        return "no limit"
    sign = "+" if how == "plus" and value >= 0 else ""
    figure = number(scale * value)
    if figure in ("1", "-1"):
        after = after.replace(" months", " month").replace(" suppliers", " supplier")
    return f"{sign}{figure}{after}".replace("-", "−")


def shown(name: str, how: str = "set") -> tuple[float, str]:
    """How numbers of a factor are shown: by what they are multiplied, and what follows them."""
    base = _described(name)[1]
    if how == "times":
        return 1.0, " times the case's"
    if base == "share" or base.startswith("share "):
        return 100.0, (" points" if how == "plus" else " %") + base.removeprefix("share")
    return 1.0, {"multiple": " times", "": "", "month": ". month"}.get(base, f" {base}")


def number(value: float) -> str:
    """Four significant digits, without an exponent for everyday sizes."""
    return f"{float(f'{value:.4g}'):,.10g}"


def share_text(share: float) -> str:
    """``60 %``, ``62.5 %``."""
    return f"{number(round(100 * share, 1))} %"


def ends_text(low: float, high: float, status_low: str, status_high: str) -> str:
    """``41–63 %``, the smaller first; what is none or unknown in its word."""
    shares = sorted(((low, status_low), (high, status_high)), key=lambda pair: (pd.isna(pair[0]), pair[0]))
    one, two = (percent(share) if not pd.isna(share) else str(status) for share, status in shares)
    if one == two:
        return one
    both = one.endswith(" %") and two.endswith(" %")
    return f"{one.removesuffix(' %')}–{two}" if both else f"{one} to {two}"


def _described(name: str) -> tuple[str, str, str]:
    """Short name, unit and meaning."""
    parts = name.split(".")
    if name in LISTS:
        return name, "", LISTS[name]
    if parts[0] == "cutoffs" and (key := next((part for part in parts[2:] if part in OF_CUTOFF), "")):
        at = parts.index(key, 2)
        short, base, text = OF_CUTOFF[key]
        of = ", ".join([".".join(parts[1:at]), *parts[at + 1 :]])
        return f"{short} ({of})", base, f"{text} ({of})"
    if parts[0] == "region" and len(parts) == 2:
        return f"credit of {parts[1]}", "share", f"how much of what {parts[1]} supplies counts"
    place, rest = ([parts[1]], parts[2:]) if parts[0] == "goods_override" and len(parts) > 2 else ([], parts[1:])
    if parts[0] not in (*SECTIONS, "goods_override") or not rest or rest[0] not in PARAMETERS:
        return name.replace(".", " ").replace("_", " "), "", name
    parameter, below = PARAMETERS[rest[0]], rest[1:]
    short, base, text = SHORT.get(rest[0], rest[0].replace("_", " ")), parameter.unit, parameter.meaning
    if parameter.kind == "surge":
        units = dict(zip(SURGE_PARTS, (piece.strip() for piece in parameter.unit.split(";")), strict=True))
        part = below[-1] if below and below[-1] in units else ""
        if part:
            below = below[:-1]
            base = units[part]
            word = {"delay": "delay", "rate": "monthly rise", "max": "limit"}[part]
            short, text = f"{word} of {short}", f"{word} of the {text}"
    if parameter.kind == "flag":
        base = ""
    of = ", ".join(part.replace("_", " ") for part in [*place, *below] if part != "default")
    return (f"{short} ({of})", base, f"{text} ({of})") if of else (short, base, text)
