"""Who would sanction: stakes, coalitions that hold, how credible the promise is, and when resilience pays.

If the members of S sanction, member m's payoff is π_m(S) = s_m · E(S) − L_m(S): its stake times what the target
loses, less what it loses itself. A coalition is stable (d'Aspremont, Jacquemin, Gabszewicz and Weymark 1983;
Barrett 1994 for agreements between states) if nobody inside gains by leaving, π_m(S) ≥ π_m(S − m), and nobody
outside by joining, π_m(S) ≥ π_m(S + m). The empty coalition may be stable. Stakes are judgements, break-even
stakes are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from resilience.economics.burden_words import parts_unknown
from resilience.economics.footing import status_of
from resilience.economics.sanction_losses import (
    BEYOND,
    ESTIMATED,
    EXPORTS,
    IMPORTS,
    NO_GDP,
    OTHER,
    PATTERNS,
    TOTAL,
    Losses,
    unknown_goods,
    vintages,
    why_no_trade,
)
from resilience.errors import Finding
from resilience.inputs.sanctions_settings import number
from resilience.schema import SECURITY

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
MOST_MEMBERS = 12  # of whom all coalitions are looked at
MOST_YEARS = 100
SAME = 1e-12  # payoffs this close count as equal
NOBODY, UNKNOWN = "none", "unknown"
JOINERS = "those who join"
OF_BURDEN = "table burden, plans nearest to today"
JUDGED = ("internal", "external", "status")


def all_coalitions(members: int) -> Flags:
    """2^n × n; row r holds the coalition whose members are the bits of r."""
    found: Flags = (np.arange(2**members)[:, None] >> np.arange(members)) & 1 == 1
    return found


def stability(payoff: Array) -> tuple[Flags, Flags]:
    """Whether each coalition is internally and externally stable, 2^n each.

    ``payoff``: 2^n × n, π_m(S) of all n members, inside or not; coalitions as :func:`all_coalitions` has them.
    """
    rows, members = payoff.shape
    here = np.arange(rows)
    internal, external = np.ones(rows, dtype=bool), np.ones(rows, dtype=bool)
    for m in range(members):
        inside = here >> m & 1 == 1
        stays = payoff[:, m] >= payoff[here ^ (1 << m), m] - SAME
        internal &= stays | ~inside
        external &= stays | inside
    return internal, external


def those_who_join(losses: Losses, pattern: str, stake: Array) -> Flags | None:
    """The coalition left if, from all members on, those leave whose stake × effect is not above their loss.

    They leave together, until nobody wants to. None if it is unknown whether a member leaves, as its stake, its
    loss or the effect is: the others' decisions hang on it.
    """
    joins = np.ones(len(losses.members), dtype=bool)
    while joins.any():
        worth = stake * losses.effect(pattern, joins[None])[0]
        net = worth - losses.of_members(pattern, joins[None])[0]
        if np.isnan(net[joins]).any():
            return None
        stays = joins & (net > 0)
        if (stays == joins).all():
            break
        joins = stays
    return joins


def stakes_of(losses: Losses, raw: Mapping[str, Any]) -> Array:
    """The case's stakes, NaN where it gives none."""
    return np.array([number(raw, "stake", (member,)) for member in losses.members])


def participation_tables(losses: Losses, raw: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """The tables ``participation`` and ``coalitions_stable``; ``raw`` is the case's document."""
    stake, n = stakes_of(losses, raw), len(losses.members)
    given = not np.isnan(stake).any()
    if not given:
        lacking = [m for m, value in zip(losses.members, stake, strict=True) if np.isnan(value)]
        _say(
            losses,
            "stake",
            f"no stake of {', '.join(lacking)}: who joins and which coalitions are stable is unknown; the "
            "break-even stakes say how high stakes must be. Give sanctions.stake, a number or one by member",
            "info",
        )
    sizeless = [m for m, size in zip(losses.members, losses.output, strict=True) if np.isnan(size)]
    if sizeless:
        _say(
            losses,
            "joins",
            f"GDP of {', '.join(sizeless)} is unknown: so is whether they take part, and with it who takes part "
            "at all and which coalitions are stable; give gdp_usd in indicators.csv or countries.csv",
        )
    whole = np.ones((1, n), dtype=bool)
    unknown = np.any([np.isnan(losses.of_members(pattern, whole)[0]) for pattern in PATTERNS], axis=0)
    unknown &= ~np.any([losses.beyond(pattern, whole)[0] for pattern in PATTERNS], axis=0)
    partly = [m for m, lacks in zip(losses.members, unknown, strict=True) if lacks and m not in sizeless]
    if partly:
        _say(
            losses,
            "joins",
            f"of what {', '.join(partly)} would lose at most a part is known, see the notes of table sanctions: "
            "break-even stakes and whether they take part are unknown, and with it who takes part at all and "
            "which coalitions are stable",
        )
    if n > MOST_MEMBERS:
        _say(losses, "coalition", f"more than {MOST_MEMBERS} members: not all coalitions were looked at", "info")
    rows: list[dict[str, Any]] = []
    groups: list[dict[str, Any]] = []
    for pattern in PATTERNS:
        joiners = those_who_join(losses, pattern, stake) if given else None
        asked = {"all members": np.ones(n, dtype=bool)} | ({} if joiners is None else {JOINERS: joiners})
        counted = np.full(n, np.nan)
        found = [(kind, who, UNKNOWN, UNKNOWN) for kind, who in asked.items()]
        if given and n <= MOST_MEMBERS:
            coalitions = all_coalitions(n)
            payoff = stake * losses.effect(pattern, coalitions)[:, None] - losses.of_members(pattern, coalitions)
            if not np.isnan(payoff).any():
                found, counted = _judged(coalitions, *stability(payoff), asked)
        groups += [_coalition_row(losses, pattern, *group) for group in found]
        if given and joiners is None:
            groups.append(
                {"pattern": pattern, "coalition": UNKNOWN, "kind": JOINERS} | dict.fromkeys(JUDGED, UNKNOWN)
            )
        rows += _member_rows(losses, pattern, stake, joiners, counted)
    return {
        "participation": pd.DataFrame(rows, columns=list(SECURITY["participation"].names)),
        "coalitions_stable": pd.DataFrame(groups, columns=list(SECURITY["coalitions_stable"].names)),
    }


def _judged(
    coalitions: Flags, internal: Flags, external: Flags, asked: Mapping[str, Flags]
) -> tuple[list[tuple[str, Flags, str, str]], Array]:
    """(kind, coalition, internally, externally stable) of those asked about and of all stable ones, the largest
    first; and of how many stable ones each member is part."""
    stable = internal & external
    order = sorted(np.flatnonzero(stable).tolist(), key=lambda at: (-coalitions[at].sum(), at))
    named = [(kind, int(who @ 2 ** np.arange(len(who)))) for kind, who in asked.items()]
    found = [
        (kind, coalitions[at], "yes" if internal[at] else "no", "yes" if external[at] else "no")
        for kind, at in [*named, *(("stable", at) for at in order)]
    ]
    return found, coalitions[stable].sum(axis=0).astype(float)


def _say(losses: Losses, column: str, message: str, severity: str = "warning") -> None:
    losses.findings.append(Finding(severity, "participation", None, column, message))


def _coalition_row(
    losses: Losses, pattern: str, kind: str, who: Flags, internal: str, external: str
) -> dict[str, Any]:
    effect = float(losses.effect(pattern, who[None])[0])
    gdp = losses.output
    years = [losses.gdp[country].year for country in losses.sized]
    return {
        "pattern": pattern,
        "coalition": " ".join(m for m, joins in zip(losses.members, who, strict=True) if joins) or NOBODY,
        "kind": kind,
        "size": float(who.sum()),
        "internal": internal,
        "external": external,
        "effect": effect,
        "target_loss_usd": effect * losses.size,
        "credibility": float(np.nansum(gdp[who]) / np.nansum(gdp)) if np.nansum(gdp) else np.nan,
        "year": max((year for year in years if year is not None), default=np.nan),
        "status": status_of(effect),
    }


def _member_rows(
    losses: Losses, pattern: str, stake: Array, joiners: Flags | None, counted: Array
) -> list[dict[str, Any]]:
    scenarios = losses.scenarios()
    lost = {name: np.diagonal(losses.of_members(pattern, joins)) for name, joins in scenarios.items()}
    effect = {name: losses.effect(pattern, joins) for name, joins in scenarios.items()}
    vintage = f"{vintages(losses)[TOTAL]}; of the target {vintages(losses, losses.target)[TOTAL]}"
    rows = []
    for n, member in enumerate(losses.members):
        loss = {name: float(values[n]) for name, values in lost.items()}
        does = {name: float(values[n]) for name, values in effect.items()}
        unknown = np.isnan(loss["all"]) or np.isnan(does["all"])
        alone = UNKNOWN
        if not np.isnan([stake[n], loss["alone"], does["alone"]]).any():
            alone = "yes" if stake[n] * does["alone"] > loss["alone"] else "no"
        rows.append(
            {
                "member": member,
                "pattern": pattern,
                "loss": loss["all"],
                "loss_alone": loss["alone"],
                "loss_outside": loss["all_but_it"],
                "effect": does["all"],
                "effect_alone": does["alone"],
                "effect_without": does["all_but_it"],
                "break_even_stake": break_even(loss["all"], does["all"]),
                "break_even_alone": break_even(loss["alone"], does["alone"]),
                "break_even_marginal": break_even(
                    loss["all"] - loss["all_but_it"], does["all"] - does["all_but_it"]
                ),
                "stake": stake[n],
                "joins": UNKNOWN if joiners is None or unknown else "yes" if joiners[n] else "no",
                "joins_alone": alone,
                "in_stable": counted[n],
                "year": np.nan if losses.gdp[member].year is None else losses.gdp[member].year,
                "status": UNKNOWN if unknown else ESTIMATED,
                "vintage": vintage,
                "note": _note(losses, pattern, n, loss["all"], does["all"]),
            }
        )
    return rows


def _note(losses: Losses, pattern: str, n: int, loss: float, effect: float) -> str:
    """Of what a member's loss and the effect are lower bounds, and what is not known of them."""
    everybody = np.ones((1, len(losses.members)), dtype=bool)
    uncounted = unknown_goods(losses, losses.of_goods(pattern, everybody), 0, n)
    without = f", without {', '.join(uncounted)}" if uncounted else ""
    if np.isnan(losses.output[n]):
        parts = [f"loss unknown: {NO_GDP}"]
    elif losses.beyond(pattern, everybody)[0, n]:
        parts = [f"loss unknown: {BEYOND}"]
    elif np.isnan(loss):
        lacking = [
            name for name, values in ((OTHER, losses.other), (EXPORTS, losses.exports)) if np.isnan(values[n])
        ]
        why = f"{' and '.join(lacking)} ({why_no_trade(losses, losses.members[n])})" if lacking else IMPORTS
        parts = [f"loss unknown: {why}{without}"]
    else:
        parts = [f"loss at least{without}"]
    nothing_of = [country for country in losses.target if country not in losses.sanctioned]
    of_target = f", without {', '.join(nothing_of)}" if nothing_of else ""
    if np.isnan(effect):
        beyond = [country for country, lost in losses.in_all(pattern, everybody).items() if np.isnan(lost).any()]
        why = f"that on {', '.join(beyond)} {BEYOND}" if beyond else "no trade with the target is known"
        why = f"no GDP of {', '.join(losses.unsure)}" if losses.unsure else why
        parts.append(f"effect unknown: {why}")
    else:
        parts.append(f"effect at least{of_target}")
    return "; ".join(parts)


def break_even(loss: float, effect: float) -> float:
    """The stake at which stake × effect equals the loss; infinite if there is a loss without an effect."""
    if np.isnan(loss) or np.isnan(effect):
        return np.nan
    if effect <= 0:
        return np.inf if loss > 0 else np.nan
    return loss / effect


# -- duration --------------------------------------------------------------------------------------------


def break_even_years(first: float, growth: float, cost: float) -> float:
    """The first whole year by whose end the losses avoided, first · (1 + growth)^(t−1), make good a yearly cost.

    Infinite if that is not so within a hundred years, NaN if a figure is not known.
    """
    if np.isnan(first) or np.isnan(cost):
        return np.nan
    years = np.arange(1, MOST_YEARS + 1)
    done = np.cumsum(first * (1 + growth) ** (years - 1)) >= cost * years - SAME
    return float(years[done.argmax()]) if done.any() else np.inf


def break_even_probability(avoided: float, cost: float) -> float:
    """p = ΔC/ΔL: yearly probability of a crisis at which the expected loss avoided equals the yearly cost."""
    if np.isnan(avoided) or np.isnan(cost) or avoided <= 0:
        return np.nan
    return cost / avoided


class Cost(NamedTuple):
    """Yearly cost of the requirement over GDP, and how many parts of it are unknown and count as nothing."""

    share: float
    unknown_parts: int


def duration_table(
    losses: Losses, raw: Mapping[str, Any], burden: Mapping[str, Cost] | None = None
) -> pd.DataFrame:
    """The table ``duration``; ``burden`` is the yearly cost of the requirement by member."""
    first, unknown = losses.avoided()
    growth, years, probability = (number(raw, name) for name in ("growth", "years", "probability"))
    rows = []
    for n, member in enumerate(losses.members):
        cost, source = number(raw, "yearly_cost", (member,)), "sanctions.yearly_cost of the case"
        notes, partly = [], False
        if np.isnan(cost) and burden is not None and member in burden:
            cost, source = burden[member].share, OF_BURDEN
            partly = burden[member].unknown_parts > 0
            if partly:
                notes.append(f"at least: {parts_unknown(burden[member].unknown_parts)}")
        avoided = float(first[n] * ((1 + growth) ** np.arange(int(years))).sum())
        even = break_even_probability(avoided, cost)
        lacking = bool(unknown[n])
        if np.isnan(first[n]):
            notes.append("what it avoids is unknown")
        if lacking:
            notes.append(f"losses not counted, unknown: {', '.join(unknown[n])}")
        if np.isnan(cost):
            source, notes = "", [*notes, "the yearly cost is unknown: give sanctions.yearly_cost"]
        if avoided <= 0:
            notes.append("the requirement avoids no loss")
        if even > 1 and not lacking:
            notes.append("not worth its cost even if there were a crisis every year")
        pays = UNKNOWN
        if avoided <= 0 and not np.isnan(cost):
            pays = "no"
        elif not np.isnan(even) and not np.isnan(probability):
            # A cost that is known in part may be higher: then "no" is sure, "yes" is not. Losses may be either.
            pays = UNKNOWN if lacking else "no" if probability <= even else UNKNOWN if partly else "yes"
        longest = np.inf if avoided <= 0 else break_even_years(float(first[n]), growth, cost)
        if avoided > 0 and np.isinf(longest) and not lacking:
            notes.append(f"the cost is not made good within {MOST_YEARS} years of sanctions")
        rows.append(
            {
                "member": member,
                "avoided_first_year": float(first[n]),
                "avoided": avoided,
                "yearly_cost": cost,
                "cost_from": source,
                "break_even_years": np.nan if np.isinf(longest) else longest,
                "break_even_probability": np.nan if even > 1 else even,
                "probability": probability,
                "pays": pays,
                "year": np.nan if losses.gdp[member].year is None else losses.gdp[member].year,
                "status": UNKNOWN if np.isnan(first[n]) or np.isnan(cost) or (lacking and even > 1) else ESTIMATED,
                "note": "; ".join(notes),
            }
        )
    return pd.DataFrame(rows, columns=list(SECURITY["duration"].names))
