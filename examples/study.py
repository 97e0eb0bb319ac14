"""How sure is a verdict? A parameter study, what the verdict rests on, and where it turns (needs matplotlib).

Run:  python examples/study.py [STUDY] [PICTURE]
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import pandas as pd

import resilience
from resilience.inputs.factor_words import label, share_text, value_text
from resilience.studies.pictures import rule_picture
from resilience.studies.tables import groups, study_tables
from resilience.words import percent

MODELS = Path(__file__).parent.parent / "models"


def turning_points(curve: pd.DataFrame, share: float) -> list[float]:
    """Where the straight lines between the rows of a frontier cross a share."""
    rows = list(zip(curve["value"], curve["share"], strict=True))
    return [
        left + (share - before) / (after - before) * (right - left)
        for (left, before), (right, after) in pairwise(rows)
        if (before > share) != (after > share)
    ]


def main(path: Path, picture: Path) -> None:
    """Run the study, say in a few lines what came out, draw the rule; the suffix decides the format."""
    case, spec = resilience.read_study(path)
    found = resilience.study(case, spec)  # out="studies/NAME" keeps the points as they get done
    tables = study_tables(found.points, found.outcomes, found.meta)
    (good,) = spec.goods
    spread = tables["spread"].iloc[0]
    today, base = spread["share_today"], found.outcomes["status"].iloc[0]
    print(
        f"{found.meta['labels'][good]}: {base}, at least {percent(spread['share_base'])}, today {percent(today)}"
    )
    print(
        f"the verdict holds in {percent(spread['holds'])} of {spread['points']:.0f} independent points "
        f"(interval {percent(spread['holds_low'])} to {percent(spread['holds_high'])})"
    )

    indices = tables["indices"]
    total = indices[indices["index"] == "ST"].set_index("factor")
    print("one factor at a time, and its part of the variance with all interactions (95 % interval):")
    for row in tables["tornado"].itertuples():
        st = total.loc[row.factor]
        print(
            f"  {row.in_words}: {row.low} → {percent(row.share_low)}, {row.high} → {percent(row.share_high)}; "
            f"ST {st['value']:.2f} ({st['value_low']:.2f} to {st['value_high']:.2f})"
        )
    print(tables["rules"]["text"].iloc[0])

    for name, low, high in (
        ("response.stock_months.military", 0.0, 6.0),
        ("response.diversion", 0.01, 0.3),
        ("survival.critical_share.military", 0.7, 1.0),
    ):
        curve = resilience.frontier(case, good, name, low, high)
        at = ", ".join(value_text(name, value) for value in turning_points(curve, today)) or "nowhere"
        print(f"the share crosses today's {share_text(today)} at {label(name)} {at} ({curve['kind'].iloc[0]}s)")

    (group,) = groups(found.points, found.outcomes, found.meta)
    rule_picture(group, picture, found.meta)
    print(f"{found.meta['unique_points']} points, seed {spec.seed}, data of {found.meta['year']}")
    print("written:", picture)


if __name__ == "__main__":
    main(
        Path(sys.argv[1]) if len(sys.argv) > 1 else MODELS / "study-rare-earths.toml",
        Path(sys.argv[2]) if len(sys.argv) > 2 else Path("study_rare_earths.png"),
    )
