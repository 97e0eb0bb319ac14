"""The page on the economic-NATO argument: the figures it quotes are computed again."""

from __future__ import annotations

import pandas as pd
import pytest
from conftest import ROOT

import resilience

PAGE = " ".join((ROOT / "docs" / "economic-nato.md").read_text(encoding="utf-8").split())
MEMBERS = ["CAN", "DEU", "FRA", "GBR", "ITA", "JPN", "USA"]


def quoted(text: str) -> None:
    assert " ".join(text.split()) in PAGE, text


def row(label: str, cells: list[str]) -> None:
    quoted(f"| {label} | {' | '.join(cells)} |" if label else f"| {' | '.join(cells)} |")


def losses(found: resilience.Result, pattern: str, channel: str = "total") -> pd.Series:
    table = found.sanctions
    table = table[(table["pattern"] == pattern) & (table["scenario"] == "all") & (table["channel"] == channel)]
    return table.set_index("member")["gdp_share"].reindex(MEMBERS)


def spread(found: resilience.Result, pattern: str, channel: str = "total") -> float:
    table = found.footing.set_index(["pattern", "scenario", "channel", "measure"])["value"]
    return float(table[pattern, "all", channel, "gini"])


def test_threat() -> None:
    found = resilience.threat(resilience.load(ROOT / "models" / "g7-china-burden.toml"))
    means = found.threat.set_index(["target", "member"])["geometric"]
    cv = found.divergence.set_index(["target", "measure"])["value"]
    for target, name in (("CHN", "China"), ("RUS", "Russia")):
        row(name, [*(f"{means[target, m]:.2f}" for m in MEMBERS), f"{cv[target, 'cv']:.2f}"])
    first = found.threat[found.threat["rank"] == 1].set_index("member")["target"]
    assert {m for m in MEMBERS if first[m] == "RUS"} == {"FRA", "GBR", "ITA"}
    assert {m for m in MEMBERS if first[m] == "CHN"} == {"CAN", "DEU", "JPN", "USA"}


@pytest.mark.slow
def test_sanctions_against_china() -> None:
    path = ROOT / "models" / "g7-china-burden.toml"
    case = resilience.load(path)
    result = resilience.solve(case, rests=False)
    found = resilience.sanctions(case, result=result)
    for pattern in ("before", "after"):
        cells = [f"{100 * loss:.2f}" for loss in losses(found, pattern)]
        row(f"China, {pattern}", [*cells, f"{spread(found, pattern):.3f}"])
    goods = [100 * losses(found, pattern, "imports").max() for pattern in ("before", "after")]
    quoted(f"falls from {goods[0]:.3f} % to {goods[1]:.3f} % of GDP (Japan)")
    stakes = found.participation[found.participation["pattern"] == "before"].set_index("member")
    row("all sanction, or nobody", [f"{x:.2f}" for x in stakes["break_even_stake"]])
    marginal = [f"{x:.2f}" if x < 1 else f"{x:.1f}" for x in stakes["break_even_marginal"]]
    row("the others do so anyway", marginal)
    assert stakes["loss_outside"].max() < 1e-5
    quoted(
        f"costs a member that sanctions at most {100 * (stakes['loss'] - stakes['loss_alone']).max():.3f} % of GDP"
    )
    after = found.participation[found.participation["pattern"] == "after"].set_index("member")
    quoted(f"{100 * (after['loss'] - after['loss_alone']).max():.3f} % of GDP at most")
    assert after["break_even_alone"].round(2)["USA"] == 0.8 and after["break_even_alone"].drop("USA").min() > 4
    effect = [100 * stakes["effect"].iloc[0], 100 * after["effect"].iloc[0]]
    quoted(f"China loses {effect[0]:.2f} % before and {effect[1]:.2f} % after")
    for stake, stable in ((0.5, "none"), (1.2, "USA"), (5.0, "DEU JPN USA")):
        other = resilience.load(path, overrides=[f"sanctions.stake={stake}"])
        groups = resilience.sanctions(other, result=result).coalitions_stable
        groups = groups[(groups["kind"] == "stable") & (groups["pattern"] == "before")]
        assert groups["coalition"].tolist() == [stable]
    for eta, label in ((0.2, "0.2"), (0.5, "0.5 (metals in the model file)"), (1.0, "1")):
        other = resilience.sanctions(
            resilience.load(path, overrides=[f"sanctions.substitution={eta}"]), result=result
        )
        most = [100 * losses(other, pattern, "imports").max() for pattern in ("before", "after")]
        shown = f"{most[0]:.0f} %" if most[0] > 1 else f"{most[0]:.2f} %"
        spreads = f"{spread(other, 'before'):.3f} → {spread(other, 'after'):.3f}"
        row(label, [f"{shown} → {most[1]:.2f} %", spreads])


@pytest.mark.slow
def test_sanctions_against_russia() -> None:
    found = resilience.sanctions(resilience.load(ROOT / "models" / "g7-russia-2021-burden.toml"))
    for pattern in ("before", "after"):
        cells = [f"{100 * loss:.3f}" for loss in losses(found, pattern)]
        row(f"Russia, {pattern}", [*cells, f"{spread(found, pattern):.3f}"])
    groups = found.coalitions_stable
    groups = groups[groups["pattern"] == "before"].set_index("kind")
    assert groups.at["those who join", "size"] == 7
    assert groups.at["stable", "coalition"] == "DEU JPN USA"
    effect = found.participation.groupby("pattern")["effect"].first()
    quoted(f"Russia {100 * effect['before']:.2f} % and {100 * effect['after']:.2f} %")
