"""Sanctions, threat and tiers in words: the answers in short, for terminal and cover."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from resilience.economics.burden_words import money, of_years, parts_unknown
from resilience.economics.participation import JOINERS, NOBODY, OF_BURDEN, UNKNOWN
from resilience.economics.sanction_losses import BEYOND, LARGE, OVERSTATED
from resilience.schema import ALL
from resilience.words import member_name

Headlines = list[tuple[str, str]]


LEAST_SHARE = 1e-7  # of GDP; less is not spelled out


def percent_of_gdp(share: float) -> str:
    """``1.23 %`` with three significant digits; an en dash where it is unknown."""
    if pd.isna(share):
        return "–"
    if 0 < abs(share) < LEAST_SHARE:
        return "less than 0.00001 %"
    return f"{100 * share:#.3g}".rstrip(".") + " %" if share else "0 %"


def plain(number: float) -> str:
    """Three significant digits; an en dash where it is unknown."""
    if pd.isna(number):
        return "–"
    return "infinite" if np.isinf(number) else f"{number:#.3g}".rstrip(".")


def change(number: float, form: str) -> str:
    """A difference with its sign, in a ``form`` like "+.4f"; "0" where it rounds to nothing, a dash if unknown."""
    if pd.isna(number):
        return "–"
    text = f"{number:{form}}"
    return text if float(text) else "0"


def headlines(tables: Mapping[str, pd.DataFrame], meta: Mapping[str, Any]) -> Headlines:
    """The answers in short, each with its name."""
    about = {"sanctions": _of_sanctions, "threat": _of_threat, "tiers": _of_tiers}
    found = [*about[meta["about"]](tables, meta), *of_years(meta)]
    return [(name, text[:1].upper() + text[1:]) for name, text in found]


def names_of(codes: Any, meta: Mapping[str, Any]) -> str:
    """Names of countries in a list; "nobody" if it is empty."""
    named = {**meta["countries"], **meta["members"]}
    return ", ".join(str(named.get(code, code)) for code in codes) or "nobody"


def coalition(codes: str, meta: Mapping[str, Any]) -> str:
    """A coalition of the table ``coalitions_stable`` in names; "nobody" if it has no member."""
    return "nobody" if codes == NOBODY else names_of(codes.split(), meta)


def _but(codes: Any, meta: Mapping[str, Any]) -> str:
    """``; unknown: A, B``; nothing if there is nobody to name."""
    named = list(dict.fromkeys(codes))
    return f"; unknown: {names_of(named, meta)}" if named else ""


def of_loss(table: pd.DataFrame, pattern: str, scenario: str, channel: str) -> pd.Series:
    """Members' losses in parts of GDP, by member."""
    rows = table[(table["role"] == "member") & (table["pattern"] == pattern) & (table["scenario"] == scenario)]
    return rows[rows["channel"] == channel].set_index("member")["gdp_share"]


def _of_sanctions(tables: Mapping[str, pd.DataFrame], meta: Mapping[str, Any]) -> Headlines:
    table = tables["sanctions"]
    before, after = (of_loss(table, pattern, "all", "total") for pattern in ("before", "after"))
    imports = [of_loss(table, pattern, "all", "imports") for pattern in ("before", "after")]
    each = "; ".join(
        f"{member_name(m, meta)} {percent_of_gdp(before[m])} → {percent_of_gdp(after[m])}" for m in before.index
    )
    most = imports[0].max() if imports[0].notna().any() else np.nan
    lasting = imports[1].max() if imports[1].notna().any() else np.nan
    rows = table[(table["role"] == "member") & (table["scenario"] == "all") & (table["channel"] == "imports")]
    unknown = rows["gdp_share"].isna()
    missing, partly = rows["member"][unknown], (rows["lower_bound"] == "yes") & ~unknown
    bound = ", counting only goods whose figures are known" if partly.any() else ""
    bound += f", of those known{_but(missing, meta)}" if len(missing) else ""
    cost = f"if all sanction, at least, before → after the requirement: {each}. {_in_part(table, meta)}"
    of_members = table[(table["role"] == "member") & (table["scenario"] == "all")]
    overstated = of_members["note"].fillna("").str.contains(OVERSTATED, regex=False)
    if who := list(dict.fromkeys(of_members["member"][overstated])):
        small = f"{100 * LARGE:.0f} % of GDP"
        cost += f"For {names_of(who, meta)} it may be less: adding up overstates totals beyond {small}. "
    if who := list(dict.fromkeys(of_members["member"][of_members["note"] == BEYOND])):
        cost += f"Unknown where a dash stands for {names_of(who, meta)}, as it {BEYOND}. "
    if pd.isna(most) and pd.isna(lasting):
        cost += "What the case's goods make of this is unknown."
    else:
        goods = f"{percent_of_gdp(most)} → {percent_of_gdp(lasting)}"
        cost += f"Of this the case's goods make at most {goods}{bound}."
    return [
        ("What it costs", cost),
        ("Even footing", _footing(tables["footing"], meta)),
        ("What the target loses", _target(table, tables["coalitions_stable"], meta)),
        ("Would they do it", _stakes(tables, meta)),
        ("One by one", _discretion(tables["participation"], meta)),
        ("Does it pay", _duration(tables["duration"], meta)),
    ]


def lacking_channels(table: pd.DataFrame, pattern: str) -> dict[str, list[str]]:
    """Member → the channels that its total does not count as they are unknown, where another is known."""
    rows = table[(table["role"] == "member") & (table["pattern"] == pattern) & (table["scenario"] == "all")]
    shares = rows.pivot(index="member", columns="channel", values="gdp_share")
    shares = shares[shares["total"].notna()].reindex(columns=list(rows["channel"].drop_duplicates()))
    return {str(m): names for m, row in shares.iterrows() if (names := [str(c) for c in row[row.isna()].index])}


def _in_part(table: pd.DataFrame, meta: Mapping[str, Any]) -> str:
    """A sentence on members of whose loss a channel is not known; empty if there is none."""
    lacking: dict[str, list[str]] = {}
    for pattern in ("before", "after"):
        for member, channels in lacking_channels(table, pattern).items():
            lacking[member] = list(dict.fromkeys([*lacking.get(member, ()), *channels]))
    named = "; ".join(f"{names_of([member], meta)} (not {', '.join(parts)})" for member, parts in lacking.items())
    return f"Known only in part: {named}. " if named else ""


def _footing(table: pd.DataFrame, meta: Mapping[str, Any]) -> str:
    table = table[table["scenario"] == "all"]
    rows = table.set_index(["channel", "measure", "pattern"])["value"]
    parts = []
    for channel, words in (("imports", "losses from the case's goods"), ("total", "all losses together")):
        both = [
            f"{name} {plain(rows[channel, measure, 'before'])} → {plain(rows[channel, measure, 'after'])}"
            for measure, name in (("gini", "Gini"), ("cv", "coefficient of variation"))
        ]
        codes = table["left_out"][table["channel"] == channel].fillna("")
        left_out = {code for text in codes for code in str(text).split(", ") if code}
        named = [member for member in meta["members"] if member in left_out]
        without = f" (left out, unknown: {names_of(named, meta)}" if named else ""
        if named:
            differ = ", not the same before and after, so that these do not compare" if len(set(codes)) > 1 else ""
            without += f"{differ})"
        parts.append(f"{words}{without}: {', '.join(both)}")
    return f"before → after the requirement, {'; '.join(parts)} (0: all lose alike)."


def _target(table: pd.DataFrame, groups: pd.DataFrame, meta: Mapping[str, Any]) -> str:
    rows = groups[groups["kind"] == "all members"].set_index("pattern")
    shares = [percent_of_gdp(rows.at[pattern, "effect"]) for pattern in ("before", "after")]
    of_target = (table["role"] == "target") & (table["channel"] == "total") & (table["pattern"] == "before")
    unknown = table["gdp_share"].isna()
    why = table[of_target & unknown].set_index("member")["note"]
    left_out = ", ".join(f"{names_of([code], meta)} ({reason})" for code, reason in why.items())
    if rows["effect"].isna().any() and not left_out:
        return "unknown: no member that sanctions is in the input-output table."
    if rows["effect"].isna().any():
        return f"unknown: {left_out}."
    text = f"if all sanction, at least {shares[0]} of its GDP before and {shares[1]} after the requirement"
    return text + (f"; unknown, counted as nothing: {left_out}." if left_out else ".")


def _stakes(tables: Mapping[str, pd.DataFrame], meta: Mapping[str, Any]) -> str:
    table = tables["participation"]
    parts = []
    for pattern in ("before", "after"):
        rows = table[(table["pattern"] == pattern) & table["break_even_stake"].notna()]
        if rows.empty:
            return "unknown: the target's loss or the members' losses are not known."
        rows = rows.sort_values("break_even_stake", kind="stable")
        low, high = rows.iloc[0], rows.iloc[-1]
        parts.append(
            f"{pattern}, break-even stakes run from {plain(low['break_even_stake'])} "
            f"({member_name(low['member'], meta)}) to {plain(high['break_even_stake'])} "
            f"({member_name(high['member'], meta)})"
            + _but(table["member"][table["break_even_stake"].isna() & (table["pattern"] == pattern)], meta)
        )
    groups = tables["coalitions_stable"]
    for pattern in ("before", "after"):
        left = groups[(groups["pattern"] == pattern) & (groups["kind"] == JOINERS)]
        for row in left.itertuples():
            if row.coalition == UNKNOWN:
                parts.append(f"at the case's stakes, {pattern}, who takes part and what is stable is unknown")
                continue
            stable = groups[(groups["pattern"] == pattern) & (groups["kind"] == "stable")]["coalition"].tolist()
            who = coalition(row.coalition, meta)
            held = " / ".join(coalition(codes, meta) for codes in stable) or "no coalition"
            held = UNKNOWN if row.internal == UNKNOWN else held  # not all coalitions were looked at
            parts.append(
                f"at the case's stakes, {pattern}, take part: {who} ({100 * row.credibility:.0f} % of the "
                f"members' GDP), and the target loses {percent_of_gdp(row.effect)}; stable: "
                f"{held}"
            )
    return "; ".join(parts) + "."


def _discretion(table: pd.DataFrame, meta: Mapping[str, Any]) -> str:
    parts = []
    for pattern in ("before", "after"):
        rows = table[table["pattern"] == pattern]
        extra = (rows["loss"] - rows["loss_alone"]).max()
        alone = rows["member"][rows["joins_alone"] == "yes"].tolist()
        given = (rows["joins_alone"] != UNKNOWN).any()
        sure = rows["joins_alone"] != UNKNOWN
        acts = f"; {names_of(alone, meta)} would act alone{_but(rows['member'][~sure], meta)}" if given else ""
        unsure = rows["member"][rows["loss"].isna()]
        who = "a member of which it is known" if 0 < len(unsure) < len(rows) else "a member"
        costs = f"what others who join cost {who} is unknown"
        if not pd.isna(extra):
            costs = f"others who join cost {who} at most {percent_of_gdp(extra)} more"
        parts.append(f"{pattern}, {costs}{acts}")
    least = table[table["pattern"] == "after"].sort_values("break_even_alone", kind="stable")
    if least["break_even_alone"].notna().any():
        row = least.iloc[0]
        parts.append(
            f"to act alone a member needs a stake of at least {plain(row['break_even_alone'])} "
            f"({member_name(row['member'], meta)}) after the requirement"
        )
    return "; ".join(parts) + "."


def _duration(table: pd.DataFrame, meta: Mapping[str, Any]) -> str:
    known = table[table["break_even_probability"].notna()]
    if table["yearly_cost"].isna().all():
        return "The yearly cost of the requirement is not known here: give sanctions.yearly_cost, or the burden."
    listed = "; ".join(
        f"{member_name(row.member, meta)} {100 * row.break_even_probability:.2f} %" for row in known.itertuples()
    )
    blank = table["break_even_probability"].isna()
    never = table["member"][blank & (table["status"] != UNKNOWN)].tolist()
    unknown = _but(table["member"][blank & (table["status"] == UNKNOWN)], meta)
    bound = ", at least" if known["note"].str.contains("at least").any() else ""
    text = (
        f"break-even yearly probability of a crisis{bound}: {listed}"
        if listed
        else "for nobody by these losses alone"
        if never
        else "no break-even probability is known"
    )
    text += (f"; never for {names_of(never, meta)}" if never and listed else "") + unknown + "."
    return text + _made_good(table, meta) + _of_which_plan(table)


def _made_good(table: pd.DataFrame, meta: Mapping[str, Any]) -> str:
    """How long a crisis must last for its losses avoided to make good the cost of those years."""
    lasting = table[table["break_even_years"].notna()].groupby("break_even_years")["member"].apply(list)
    parts = "; ".join(f"year {years:.0f} for {names_of(who, meta)}" for years, who in lasting.items())
    text = f" Once there is a crisis, what it avoids makes good the cost of its years by the end of {parts}."
    return text if parts else ""


def _of_which_plan(table: pd.DataFrame) -> str:
    if not table["cost_from"].eq(OF_BURDEN).any():
        return ""
    return (
        " Cost and losses avoided are those of the plans nearest to today; by the cheapest plans, of which the "
        "losses are not computed, it may be otherwise."
    )


def _of_threat(tables: Mapping[str, pd.DataFrame], meta: Mapping[str, Any]) -> Headlines:
    table, names = tables["threat"], meta["countries"]
    first = table[table["rank"] == 1]
    by_target = first.groupby("target", sort=False)["member"].apply(list)
    ranked = "; ".join(f"{names[target]} for {names_of(who, meta)}" for target, who in by_target.items())
    spread = tables["divergence"]
    rows = spread[(spread["measure"] == "cv") & spread["value"].notna()]
    apart = "; ".join(
        f"{names[row.target]} {plain(row.value)} (most to fear: {member_name(row.highest, meta)}, least: "
        f"{member_name(row.lowest, meta)}{_but(row.left_out.split(', ') if row.left_out else (), meta)})"
        for row in rows.itertuples()
    )
    lacking = _unranked(table, meta)
    hidden = f"no rank, as a figure is lacking, see the column missing: {lacking}" if lacking else "nothing"
    return [
        ("First in rank", (ranked or "unknown") + "."),
        ("Divergence", f"coefficient of variation over members: {apart or 'unknown'}."),
        ("Not known", f"{hidden}."),
        ("What it is not", "ranks by judgement of four factors, no probabilities."),
    ]


def _unranked(table: pd.DataFrame, meta: Mapping[str, Any]) -> str:
    """Pairs without a mean: by target, and of which members if it is not all of them."""
    members, parts = list(dict.fromkeys(table["member"])), []
    for target, rows in table[table["status"] == UNKNOWN].groupby("target", sort=False):
        who = "all members" if len(rows) == len(members) else names_of(rows["member"], meta)
        parts.append(f"{meta['countries'][target]} for {who}")
    return "; ".join(parts)


def _signed(usd: float) -> str:
    return f"{'+' if round(usd) > 0 else ''}{money(usd)}"


def _formula(findings: pd.DataFrame | None) -> str:
    """What a score is, as a finding of the tiers says it, so that nobody quotes a tier bare."""
    if findings is None:
        return ""
    said = findings["message"][(findings["table"] == "tiers") & (findings["column"] == "score")]
    return "".join(f" {text[:1].upper()}{text[1:]}." for text in said)


def _of_tiers(tables: Mapping[str, pd.DataFrame], meta: Mapping[str, Any]) -> Headlines:
    table = tables["tiers"]
    whole = table[(table["country"] == ALL) & table["adds_to_requirement"].notna()]
    points = [(row.grouping, round(100 * row.adds_to_requirement, 1) + 0.0) for row in whole.itertuples()]
    adds = "; ".join(f"{name} {change:+.1f} points" for name, change in points)
    verdicts = []
    for column, words in (("better", "a better"), ("worse", "a worse")):
        named = [
            f"{count:.0f} with {name}"
            for name, count in zip(whole["grouping"], whole[column], strict=True)
            if count
        ]
        verdicts.append(
            f"goods that get {words} verdict: {', '.join(named)}" if named else f"no good gets {words} verdict"
        )
    paid = whole[whole["adds_to_cost_usd"].notna()]
    costs = "; ".join(f"{row.grouping} {_signed(row.adds_to_cost_usd)}" for row in paid.itertuples())
    lacking = paid["unknown_parts"].max() if len(paid) else 0.0
    known = f", of the parts known with and without it ({parts_unknown(lacking)} at most)" if lacking else ""
    tiers = table[table["country"] != ALL]
    reached = tiers.groupby("tier_by_score", sort=False)["country"].apply(lambda codes: list(dict.fromkeys(codes)))
    scored = "; ".join(f"{tier}: {names_of(codes, meta)}" for tier, codes in reached.items())
    return [
        ("Mean gap", f"changes by {adds or 'nothing'}."),
        ("Verdicts", f"{'; '.join(verdicts)}."),
        (
            "Yearly cost",
            "that of the cheapest surviving plans with shares no higher than required changes by "
            f"{costs or 'nothing that is known'}{known}.",
        ),
        ("By score", f"{scored}.{_formula(tables.get('findings'))}"),
    ]


HOW_TO_READ = (
    (
        "Lower bounds",
        "Total trade is of intermediates only; losses from exports and other imports are at least these.",
    ),
    ("Before and after", "As members buy today; and as the plan buys that meets the requirement of the case."),
    (
        "Judgements",
        "Stakes, substitution and what of exports is lost are assumed: see Assumptions, with their ranges.",
    ),
)
