"""Two members and one target, small enough to work out on paper; used by the tests of sanctions and threat.

AAA uses 100 t of wheat, half of it from the target TTT, BBB 100 t, a fifth of it from TTT; the rest comes from OOO,
which sells another 100 t to ZZZ, of which a tenth can be won over. A tonne costs a million. GDP: AAA 10, BBB 5, TTT
20 billion USD. In the input-output table TTT buys 500 million from AAA, 40 from BBB and 540 from itself; AAA buys
150 from TTT and 850 from itself, BBB nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import resilience

FLOWS = [
    ("TTT", "AAA", 50.0, "wheat", 50e6),
    ("OOO", "AAA", 50.0, "wheat", 50e6),
    ("TTT", "BBB", 20.0, "wheat", 20e6),
    ("OOO", "BBB", 80.0, "wheat", 80e6),
    ("OOO", "ZZZ", 100.0, "wheat", 100e6),
]
GDP = {"AAA": 10e9, "BBB": 5e9, "TTT": 20e9}
TABLE = """2024,AAA_S,BBB_S,TTT_S,FD,OUT
AAA_S,850,0,500,8650,10000
BBB_S,0,0,40,4960,5000
TTT_S,150,0,540,19310,20000
VA,9000,5000,18920,0,0
OUT,10000,5000,20000,0,0
"""
INDICATORS = "indicator,country,year,value,status,source\n"


def two_members(
    make: Any,
    *,
    gdp: dict[str, float] | None = None,
    indicators: list[tuple[str, str, int, float]] | None = None,
    distances: list[tuple[str, str, float]] | None = None,
    table: str | None = TABLE,
    flows: list[Any] | None = None,
    overrides: tuple[str, ...] = (),
    **keys: Any,
) -> resilience.Case:
    """The case, with GDP of 2024 and whatever else is given; ``keys`` go into the case file."""
    case = make(
        FLOWS if flows is None else flows,
        [],
        members=["AAA", "BBB"],
        cut=["TTT"],
        survival={"critical_share": 0.6},
        response={"diversion": 0.1, "new_capacity": 0.0},
        **keys,
    )
    folder: Path = case.data.path
    rows = [("gdp_usd", country, 2024, value) for country, value in (GDP if gdp is None else gdp).items()]
    rows += indicators or []
    lines = [f"{name},{country},{year},{value!r},observed,made up\n" for name, country, year, value in rows]
    (folder / "indicators.csv").write_text(INDICATORS + "".join(lines), encoding="utf-8")
    (folder / "sectors.csv").write_text("good,sector,status,source\nwheat,S,observed,made up\n", encoding="utf-8")
    if table is not None:
        (folder / "input_output.csv").write_text(table, encoding="utf-8")
    if distances:
        lines = [f"{a},{b},{km},observed,made up\n" for a, b, km in distances]
        (folder / "distances.csv").write_text(
            "country,other,km,status,source\n" + "".join(lines), encoding="utf-8"
        )
    return resilience.load(case.file.path, overrides=overrides)
