"""What a report says of sanctions, threat and partner tiers, where the result holds their tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from resilience.economics.burden_words import bound, money
from resilience.economics.handed_over import QUESTIONS
from resilience.economics.security_pictures import (
    CHANNELS,
    losing_members,
    losses_in_words,
    paint_losses,
    paint_threat,
    shown_targets,
    threat_in_words,
)
from resilience.economics.security_words import change, headlines, of_loss, percent_of_gdp, plain
from resilience.handoff.report_facts import Cell, Grid
from resilience.handoff.report_pictures import SMALL, WIDTH, Panel, Picture
from resilience.output.workbook import DARK
from resilience.results import Result
from resilience.schema import ALL
from resilience.words import member_name, percent

INTRODUCTIONS = {
    "sanctions": "What it costs members to stop trading with a target, before the requirement and after it, and "
    "who would take part:",
    "threat": "Who has most to fear from whom:",
    "tiers": "How partners score, and what each tier or grouping would add to the region:",
}
MEASURES = {"range": "Range", "cv": "Coefficient of variation", "gini": "Gini"}
SPREAD_OF = {"imports": "from the case's goods", "total": "all losses together"}
SMALLER = 7.0  # points, in the cells of a narrow picture


@dataclass(frozen=True)
class SecurityPage:
    """What the report says of one of these questions; ``key`` is that of its tables."""

    key: str
    name: str
    introduction: str
    headlines: Sequence[tuple[str, str]]
    grids: Sequence[Grid]
    pictures: Sequence[tuple[Picture, Markup]]
    how_to_read: Sequence[tuple[str, str]]


def security_pages(result: Result) -> list[SecurityPage]:
    """A page for each of sanctions, threat and tiers of which the result holds the tables."""
    pages = []
    for key in ("sanctions", "threat", "tiers"):
        found = result.beside(key)
        if found is None:
            continue
        grids = {"sanctions": _sanctions_grids, "threat": _threat_grids, "tiers": _tiers_grids}[key](found)
        pictures = {"sanctions": [losses_bars], "threat": [threat_map], "tiers": []}[key]
        drawn = [picture(found) for picture in pictures]
        pages.append(
            SecurityPage(
                key,
                QUESTIONS[key].title,
                INTRODUCTIONS[key],
                headlines(found.tables, found.meta),
                grids,
                [(picture, Markup(picture.svg())) for picture in drawn],
                QUESTIONS[key].how_to_read,
            )
        )
    return pages


def _sanctions_grids(found: Result) -> list[Grid]:
    table, meta = found.tables["sanctions"], found.meta
    before, after = (of_loss(table, pattern, "all", "total") for pattern in ("before", "after"))
    goods = [of_loss(table, pattern, "all", "imports") for pattern in ("before", "after")]
    alone = of_loss(table, "after", "alone", "total")
    people = found.tables["participation"].set_index(["member", "pattern"])
    stakes, notes = people["break_even_stake"], people["note"]
    rows = table[(table["scenario"] == "all") & (table["pattern"] == "before") & (table["channel"] == "imports")]
    uncounted = rows.set_index("member")["note"]
    lines = []
    for m in before.index:
        of_goods = [f"of this the case's goods {percent_of_gdp(part[m])}" for part in goods]
        stake = " → ".join(plain(stakes.get((m, pattern), float("nan"))) for pattern in ("before", "after"))
        cells = (Cell(percent_of_gdp(before[m]), of_goods[0]), Cell(percent_of_gdp(after[m]), of_goods[1]))
        why = notes.get((m, "before")) if pd.isna(before[m]) else uncounted.get(m)
        lines.append((Cell(member_name(m, meta), why or ""), *cells, Cell(percent_of_gdp(alone[m])), Cell(stake)))
    losses = Grid(
        "Yearly loss in parts of GDP if all members sanction, at the least. A member takes part if its stake "
        "times what the coalition does to the target exceeds its loss; break-even is the least such stake. What "
        "the target loses is at least known, too, so that a stake, the ratio of both, may be higher or lower.",
        ("Member", "Before the requirement", "After it", "If it alone sanctions, after", "Break-even stake"),
        tuple(lines),
        frozenset(range(1, 5)),
    )
    spread = found.tables["footing"]
    values = spread[spread["scenario"] == "all"].set_index(["channel", "measure", "pattern"])["value"]
    rows = [
        (
            Cell(words, of),
            *(
                Cell(_spread(measure, values.get((channel, measure, p), float("nan"))))
                for p in ("before", "after")
            ),
        )
        for channel, of in SPREAD_OF.items()
        for measure, words in MEASURES.items()
    ]
    footing = Grid(
        "Even footing: how unevenly losses fall on members if all sanction; 0 where all lose alike.",
        ("Measure", "Before the requirement", "After it"),
        tuple(rows),
        frozenset((1, 2)),
    )
    return [losses, footing]


def _spread(measure: str, value: float) -> str:
    return percent_of_gdp(value) if measure == "range" else plain(value)


def _threat_grids(found: Result) -> list[Grid]:
    table, meta = found.tables["threat"], found.meta
    targets = list(dict.fromkeys(table["target"]))
    cells = {(row.member, row.target): row for row in table.itertuples()}
    lines = []
    for m in dict.fromkeys(table["member"]):
        line = [Cell(member_name(m, meta))]
        for target in targets:
            row = cells[m, target]
            unknown = pd.isna(row.geometric)
            line.append(Cell(plain(row.geometric), f"lacks {row.missing}" if unknown else f"rank {row.rank:.0f}"))
        lines.append(tuple(line))
    names = tuple(str(meta["countries"].get(target, target)) for target in targets)
    caption = (
        "Geometric mean of economic power, military capability, proximity and hostility, 0 to 1, and the target's "
        "rank for the member. Ranks by judgement, no probabilities."
    )
    return [Grid(caption, ("Member", *names), tuple(lines), frozenset(range(1, len(names) + 1)))]


def _tiers_grids(found: Result) -> list[Grid]:
    table = found.tables["tiers"]
    lines = []
    for row in table[table["country"] == ALL].itertuples():
        known = not pd.isna(row.adds_to_requirement)
        gap = f"{change(100 * row.adds_to_requirement, '+.2f')} points" if known else "–"
        verdicts = f"{row.better:.0f} better, {row.worse:.0f} worse" if known else "–"
        moved = money(row.adds_to_capacity_usd), money(row.adds_to_moved_usd)
        cost = Cell(money(row.adds_to_cost_usd), f"to {bound(row.cost_usd, _sure(row))}" if known else "")
        cells = (Cell(gap), Cell(verdicts), *map(Cell, moved), cost, Cell(change(row.adds_to_gini, "+.4f")))
        credit = "" if pd.isna(row.credit) else f"counts {percent(row.credit)}"
        lines.append((Cell(row.grouping, credit), *cells))
    moves = ("New capacity", "Purchases to move", "Yearly cost")
    head = ("Tier or grouping", "Mean gap", "Verdicts of goods", *moves, "Gini")
    caption = (
        "What changes if a tier or grouping counts as part of the region. Cost: of the cheapest plans at the "
        "requirement, of parts known with and without it."
    )
    return [Grid(caption, head, tuple(lines), frozenset((1, 3, 4, 5, 6)))]


def _sure(row: Any) -> str:
    return "unknown" if row.unknown_parts else "estimated"


def losses_bars(found: Result) -> Picture:
    """Members' losses before and after the requirement, as wide as the other pictures."""
    table, meta = found.tables["sanctions"], found.meta
    tall = 0.5 * len(losing_members(table))

    def paint(panel: Panel) -> None:
        axes = panel.axes(1.15, 1.05, WIDTH - 1.75, tall)
        paint_losses(axes, table, meta, SMALL, SMALL)
        axes.set_xlabel("loss in the first year, % of GDP; at least", fontsize=SMALL)
        for n, (_, label, colour) in enumerate(CHANNELS):
            panel.legend(0.45 - 0.19 * n, [(colour, "", label)])

    target = ", ".join(meta["countries"].get(code, code) for code in meta["target"])
    title = f"Sanctions: what they cost members if all stop trading with {target}"
    caption = (
        "Other imports and exports: intermediates only, so at least. Substitution and loss of exports are "
        f"assumed. {_origin(found)}"
    )
    return Picture("sanctions", title, caption, losses_in_words(table, meta), 1.15 + tall, paint)


def threat_map(found: Result) -> Picture:
    """Threat by member and target, as wide as the other pictures."""
    table, meta = found.tables["threat"], found.meta
    tall = 0.42 * table["member"].nunique()

    def paint(panel: Panel) -> None:
        axes = panel.axes(1.15, 0.1, WIDTH - 1.25, tall)
        paint_threat(axes, table, meta, SMALL, SMALLER)
        for text in axes.get_xticklabels():
            text.set(rotation=30, ha="left", fontsize=SMALLER, color=DARK)

    left_out = [name for name in dict.fromkeys(table["target"]) if name not in shown_targets(table)]
    names = ", ".join(meta["countries"].get(name, name) for name in left_out)
    hidden = f"Not shown, as a factor is not known: {names}. " if left_out else ""
    caption = (
        f"Geometric mean of four factors, 0 to 1, and rank by member; no probabilities. {hidden}{_origin(found)}"
    )
    title = "Threat: by member (rows) and target (columns)"
    return Picture("threat", title, caption, threat_in_words(table, meta), 0.75 + tall, paint)


def _origin(found: Result) -> str:
    meta = found.meta
    return f"Data up to {meta['year']}, data set {meta['dataset']}; case {meta['case']}."
