"""Numbers in words: verdicts, cutoffs and amounts as a reader who knows no linear programming expects them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from resilience.schema import ALL, STATUS_WORDS


def percent(share: float | None, digits: int = 0) -> str:
    """``62 %``; an en dash where there is no number."""
    if share is None or pd.isna(share):
        return "–"
    return f"{100 * share:.{digits}f} %"


def amount(number: float | None, unit: str) -> str:
    """An amount to three significant digits with thousands separators and its unit."""
    if number is None or pd.isna(number):
        return "–"
    if number == 0:
        return f"0 {unit}"
    digits = max(0, 2 - len(str(int(abs(number)))) + 1) if abs(number) < 100 else 0
    rounded = float(f"{number:.3g}")
    return f"{rounded:,.{digits}f} {unit}"


def verdict(row: Mapping[str, Any]) -> str:
    """One sentence about a row of the table ``requirements``."""
    status = row["status"]
    share, today = row["share"], row["share_today"]
    of = " of imports" if row["scope"] == "imports" else ""
    if status == "met":
        return "Survives as it is."
    if status == "shift":
        return f"Today's regional share of {percent(today)}{of} is enough, but other suppliers must change."
    if status in ("raise", "build"):
        rise = share > today
        digits = _digits(today, share)
        text = (
            f"Regional share must rise from {percent(today, digits)} to {percent(share, digits)}{of}"
            if rise
            else f"Regional share of {percent(share)}{of} is enough"
        )
        if status == "build":
            built = amount(row["new_capacity"], row["unit"])
            text += f", {'and' if rise else 'but'} {built} a year of new capacity must be built first"
        return text + "."
    if status == "none":
        return f"No share suffices: critical demand is missed from month {row['month']:.0f}."
    return f"{STATUS_WORDS['unknown'].capitalize()}: demand or data are missing."


def short_verdict(row: Mapping[str, Any]) -> tuple[str, str]:
    """The verdict for a cell of a map: the word with the rise in percentage points, and the two shares."""
    status, share, today = row["status"], row["share"], row["share_today"]
    if status == "unknown":
        return str(status), ""
    digits = _digits(today, share) if status in ("raise", "build") and share > today else 0
    rise = f" +{100 * (share - today):.{digits}f} pp" if row["gap"] > 0 else ""
    return f"{status}{rise}", f"today {percent(today, digits)}\nleast {percent(share, digits)}"


def _digits(one: float, other: float) -> int:
    """The fewest decimals, at most three, with which two different percentages also look different."""
    return next((n for n in range(3) if percent(one, n) != percent(other, n)), 3)


def cutoff_in_words(cutoff: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Who is cut, by how much, for which goods and how long."""
    by_fraction: dict[float, list[str]] = {}
    for name, fraction in cutoff["cut"].items():
        by_fraction.setdefault(fraction, []).append(names.get(name, name))
    parts = [f"{', '.join(who)} lose {percent(part)} of deliveries" for part, who in by_fraction.items()]
    if cutoff["all_outsiders"]:
        parts.append(f"all {'other ' if parts else ''}suppliers outside the region lose {percent(cutoff['fraction'])}")
    text = "; ".join(parts)
    if cutoff["goods"]:
        text += f"; only {', '.join(cutoff['goods'])}"
    if cutoff["start"] > 1:
        text += f"; from month {cutoff['start']}"
    return text + (f"; for {cutoff['months']} months" if cutoff["months"] else "; to the end of the horizon")


def member_name(member: str, meta: Mapping[str, Any]) -> str:
    """The member's name, or all members together."""
    return "All members" if member == ALL else str(meta["members"].get(member, member))
