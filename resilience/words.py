"""Numbers in words: verdicts, cutoffs and amounts for readers who know no linear programming."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from resilience.errors import counted
from resilience.schema import ALL, STATUS_WORDS

LEFT_OUT, NOTHING_LEFT = 0.005, 0.01  # part of all supply from which on, and of a supplier's own up to which
WORST_FIRST = ("none", "build", "raise", "shift", "unknown", "met")  # verdicts, what must change first


def worst_first(row: Mapping[str, Any]) -> tuple[int, float]:
    """A key that sorts rows of the table ``requirements``: the worst verdict first, then the widest gap."""
    gap = row.get("gap")
    return WORST_FIRST.index(row["status"]), 0.0 if gap is None or pd.isna(gap) else -float(gap)


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
    if abs(number) < 1 or math.isinf(number):
        return f"{number:.3g} {unit}"
    digits = max(0, 3 - len(str(int(abs(number)))))
    return f"{float(f'{number:.3g}'):,.{digits}f} {unit}"


def verdict(row: Mapping[str, Any], home_unknown: Collection[tuple[str, str]] = ()) -> str:
    """A row of the table ``requirements`` in a sentence; ``home_unknown`` is the result's set of that name."""
    caveat = " Home production unknown." if (row.get("good"), row.get("member")) in home_unknown else ""
    return _sentence(row) + caveat


def _sentence(row: Mapping[str, Any]) -> str:
    status = row["status"]
    share, today = row["share"], row["share_today"]
    of = " of imports" if row["scope"] == "imports" else ""
    floor = f"A surviving plan needs at least {percent(share)}{of}"
    if status == "met":
        return f"Survives as it is, with a regional share of {percent(today)}{of}. {floor}."
    if status == "shift":
        text = (
            f"Today's regional share of {percent(today)}{of} can stay, but other suppliers must change. {floor}."
        )
        return text + _or_more(row)
    if status == "raise" and not share > today:
        text = f"Members below {percent(share)}{of} must rise, though together they have {percent(today)} today."
        return text + _or_more(row)
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
            return text + f", {'and' if rise else 'but'} {built} a year of new capacity must be built first."
        return text + "." + _or_more(row)
    if status == "none":
        return f"No share suffices: critical demand is missed from month {row['month']:.0f}."
    return f"{STATUS_WORDS['unknown'].capitalize()}: demand or data are missing."


def _or_more(row: Mapping[str, Any]) -> str:
    """What must be built where a higher share would need nothing built, so that the verdict is not "build"."""
    built = row.get("new_capacity")
    if built is None or not built > 0:
        return ""
    kept = "today's share" if row["share"] <= row["share_today"] else percent(row["share"])
    must = f"{amount(built, row['unit'])} a year must be built"
    return f" With no more than {kept}, {must}; only a higher share needs none."


def brief_verdict(row: Mapping[str, Any], home_unknown: Collection[tuple[str, str]] = ()) -> str:
    """The verdict in a few words, with what must be built; a star where home production is unknown."""
    status = row["status"]
    rises = row["gap"] > 0
    if status == "build":
        text = f"build {amount(row['new_capacity'], row['unit'])} a year first{', raise share' if rises else ''}"
    elif status == "none":
        text = f"no share suffices, from month {row['month']:.0f}"
    elif status == "raise" and not rises:
        text = "members below it must rise"
    else:
        shift = "share can stay, other suppliers must be found"
        text = shift if status == "shift" else STATUS_WORDS[status]
    return f"{text} *" if (row.get("good"), row.get("member")) in home_unknown else text


def short_verdict(
    row: Mapping[str, Any], others: Mapping[str, Any] | None = None, asks_most: str | None = None
) -> tuple[str, str]:
    """The verdict for a cell of a map: the word with the rise in percentage points, and what follows it.

    That are the shares today and planned; on a second line those of the ``others`` (m: market, g: guaranteed), the
    month and the cutoff that ``asks_most``.
    """
    status, share, today = row["status"], row["share"], row["share_today"]
    if status == "unknown":
        return str(status), ""
    digits = _digits(today, share) if status in ("raise", "build") and share > today else 0
    rise = f" +{100 * (share - today):.{digits}f} pp" if status in ("raise", "build") and row["gap"] > 0 else ""
    texts = [f"{name[0]} {percent(found)}" for name, found in (others or {}).items()]
    below = [_joined(texts[0], texts[1], ", ")] if len(texts) == 2 else texts
    month = row.get("month")
    below += [f"month {month:.0f}"] if month is not None and not pd.isna(month) else []
    below += [asks_most] if asks_most else []
    shares = _joined(percent(today, digits), percent(share, digits), " / ")
    return f"{status}{rise}", "\n".join((f": {shares}", *([", ".join(below)] if below else [])))


def _joined(one: str, other: str, between: str) -> str:
    """Two percentages, of which the last one has the sign."""
    return f"{one.removesuffix(' %') if other.endswith('%') else one}{between}{other}"


def tasks(rows: Sequence[Mapping[str, Any]], name: Callable[[str], str], most: int = 6) -> list[str]:
    """What a member must do, in a few sentences: rows of the table ``requirements``, what must change first.

    At most so many goods are named, by ``name``; the others are counted.
    """
    by_status = {status: [row for row in rows if row["status"] == status] for status in WORST_FIRST}
    said = []
    for status, what in (("none", "No share suffices"), ("build", "Build first"), ("raise", "Raise the share")):
        found = by_status[status]
        if found:
            named = [_task(row, name(row["good"])) for row in found[:most]]
            left = [f"and {len(found) - len(named)} more, see below"] if len(found) > len(named) else []
            said.append(f"{what}: {'; '.join([*named, *left])}.")
            most = max(most - len(named), 1)
    if not said:
        said.append("Nothing must be built, and no share must rise.")
    shift, met, unknown = (len(by_status[status]) for status in ("shift", "met", "unknown"))
    if shift:
        own = [row for row in by_status["shift"] if (row.get("new_capacity") or 0.0) > 0]
        text = f"{counted(shift, 'good')} can keep the share but must find other suppliers"
        if own:
            listed = "; ".join(
                f"{name(row['good'])} {amount(row['new_capacity'], row['unit'])}" for row in own[:most]
            )
            text += f", and at that share something must be built for {listed} a year"
        said.append(f"{text}.")
    rest = f"; of {unknown} nothing can be said" if unknown else ""
    return [*said, f"{met} of {counted(len(rows), 'good')} survive as they are{rest}."]


def _task(row: Mapping[str, Any], name: str) -> str:
    """From which share to which a good must rise, and what must be built; or when it is missed."""
    share, today = row["share"], row["share_today"]
    if row["status"] == "none":
        return f"{name} ({percent(today)} today, missed from month {row['month']:.0f})"
    digits = _digits(today, share)
    rise = f"{name} from {percent(today, digits)} to {percent(share, digits)}" if share > today else name
    if row["status"] == "build":
        return f"{rise} ({amount(row['new_capacity'], row['unit'])} a year)"
    return rise


def short_name(name: str, most: int) -> str:
    """A name of at most so many characters on one line: without what stands in brackets, then cut at a word."""
    line = " ".join(name.split())
    if len(line) > most:
        line = " ".join(re.sub(r"\([^()]*\)", " ", line).split()).replace(" ,", ",") or line
    if len(line) <= most:
        return line
    cut, space, _ = line[:most].rpartition(" ")
    return f"{(cut if space else line[: most - 1]).rstrip(' ,;:')}…"


def abbreviations(names: Sequence[str], least: int = 3, most: int = 6) -> dict[str, str]:
    """Short names for cutoffs: the name where it is short, else its shortest beginning that no other has.

    Where even so many characters do not tell it apart, its number.
    """
    found = {}
    for number, name in enumerate(names, 1):
        others = [other for other in names if other != name]
        starts = [part for n in range(least, most + 1) if (part := name[:n].strip()) and part.isprintable()]
        alone = [start for start in starts if not any(other.startswith(start) for other in others)]
        whole = len(name) < most or (len(name) == most and not alone)
        found[name] = name if whole and name.isprintable() else alone[0] if alone else f"no. {number}"
    return found


def today_and_needed(today: float, share: float, status: str) -> str:
    """``today 8 % → needed 38 %``, with an arrow where the share must rise."""
    if status == "unknown":
        return "today's and needed share unknown"
    if status == "none":
        return f"today {percent(today)}, no share suffices"
    if share > today:
        digits = _digits(today, share)
        return f"today {percent(today, digits)} → needed {percent(share, digits)}"
    each = " of each member" if status == "raise" else ""
    return f"today {percent(today)}, needed {percent(share)}{each}"


def weakest_links(chain: pd.DataFrame) -> list[str]:
    """A line for each good's weakest link, all members together under every cutoff, worst first."""
    rows = chain[(chain["member"] == ALL) & (chain["cutoff"] == ALL)]
    worst = list(reversed(STATUS_WORDS))
    weak = rows[rows["weakest"] == "yes"].to_dict("records")
    weak.sort(key=lambda row: (worst.index(row["input_status"]), -row["input_gap"] if row["input_gap"] > 0 else 0))
    lines = []
    for row in weak:
        into = rows[rows["good"] == row["good"]].set_index("input")["into"]
        path = [row["input"]]
        while path[-1] != row["good"]:
            path.append(into[path[-1]])
        *above, link = (name.replace("_", " ") for name in reversed(path))
        shares = today_and_needed(row["input_share_today"], row["input_share"], row["input_status"])
        lines.append(f"{' → '.join(above)} → {link} ({link} by itself: {row['input_status']}, {shares})")
    return lines


def left_out(tables: Mapping[str, pd.DataFrame], good: str, meta: Mapping[str, Any]) -> list[str]:
    """A sentence for each supplier inside the region from whom members buy today, and nothing in the plan: why."""
    plan, indirect = tables["plan"], tables.get("indirect")
    sold = plan[plan["good"] == good].groupby("supplier", sort=True)[["baseline", "planned"]].sum(min_count=1)
    whole = float(sold["baseline"].sum())
    sold = sold[sold.index.isin(list(meta["region"]))]
    more = (sold["planned"] - sold["baseline"]).sort_values(ascending=False, kind="stable")
    gone = sold[(sold["baseline"] >= LEFT_OUT * whole) & (sold["planned"] < NOTHING_LEFT * sold["baseline"])]
    names, sentences = meta["countries"], []
    for supplier, row in gone.iterrows():
        part = percent(row["baseline"] / whole)
        text = f"{names.get(supplier, supplier)} supplies {part} today and nothing in the plan"
        if indirect is not None and len(indirect):
            hit = indirect[(indirect["good"] == good) & (indirect["supplier"] == supplier)].sort_values("least")
            if len(hit):
                name, least = str(hit["input"].iloc[0]).replace("_", " "), percent(hit["least"].iloc[0])
                text += (
                    f": its makers need {name}, of which deliveries are cut, and keep {least} in their worst month"
                )
        others = [str(names.get(other, other)) for other in more[more > 0].index[:2]]
        text += f". In its place more comes from {' and '.join(others)}" if others else ""
        sentences.append(f"{text}. Of plans with the least share this one is nearest to today; it is no advice.")
    return sentences


def rests_text(rows: pd.DataFrame, most: int = 3, between: str = ", ") -> str:
    """What a good's share rests on: ``stock 38–72 %, new capacity 38 % to none``; rows of ``rests_on``."""
    parts = []
    for row in rows.head(most).to_dict("records"):
        ends = [(row["share_low"], row["status_low"]), (row["share_high"], row["status_high"])]
        ends.sort(key=lambda end: (pd.isna(end[0]), end[0]))
        (least, before), (greatest, after) = ends
        same = percent(least, 3) == percent(greatest, 3)
        digits = 0 if same else _digits(least, greatest)
        one, other = (str(word) if pd.isna(share) else percent(share, digits) for share, word in ends)
        if same:
            text = f"{one}, {before} to {after}" if before != after else one
        elif pd.isna(least) or pd.isna(greatest):
            text = f"{one} to {other}"
        else:
            text = f"{one.removesuffix(' %')}–{other}"
        parts.append(f"{row['label']} {text}")
    return between.join(parts)


def good_name(good: str, meta: Mapping[str, Any]) -> str:
    """The good's label; of an input that was not asked for, its short name in words."""
    return str(meta["labels"].get(good) or good.replace("_", " ").capitalize())


def _digits(one: float, other: float) -> int:
    """The fewest decimals, at most three, with which two different percentages also look different."""
    return next((n for n in range(3) if percent(one, n) != percent(other, n)), 3)


def cutoff_in_words(cutoff: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Who is cut, by how much, for which goods and how long."""
    by_fraction: dict[float, list[str]] = {}
    for name, fraction in cutoff["cut"].items():
        inside = [names.get(code, code) for code in cutoff.get("countries", {}).get(name, ())]
        shown = f"{name} ({', '.join(inside)})" if inside else names.get(name, name)
        by_fraction.setdefault(fraction, []).append(shown)
    parts = [f"deliveries from {', '.join(who)} fall by {percent(part)}" for part, who in by_fraction.items()]
    if cutoff["all_outsiders"]:
        who = f"all {'other ' if parts else ''}suppliers outside the region"
        parts.append(f"deliveries from {who} fall by {percent(cutoff['fraction'])}")
    text = "; ".join(parts)
    if cutoff["goods"]:
        text += f"; only {', '.join(cutoff['goods'])}"
    if cutoff["start"] > 1:
        text += f"; from month {cutoff['start']}"
    return text + (f"; for {cutoff['months']} months" if cutoff["months"] else "; to the end of the horizon")


QUESTION = (
    (
        "What is feared",
        "A supplier of critical goods is cut off: by an embargo, by sanctions or by a war.",
    ),
    (
        "What is asked",
        "For each good and each member: how small may the share be that comes from inside the region "
        "({region}), if the member is to survive the cutoff, that is, never to miss its critical demand?",
    ),
    (
        "What is answered",
        "The least share stands beside today's share, with a verdict that says what must change: nothing, "
        "the suppliers, the share, or the capacity to produce.",
    ),
)
LIMITS = (
    (
        "A floor, no forecast",
        "Each least share follows from the stated assumptions on stocks, restraint, surge and capacity; "
        "other assumptions give other shares. Nothing is said about how probable a cutoff is.",
    ),
    (
        "A coordinated plan",
        "The least share is the least that a plan can have whose suppliers are chosen with the cutoffs in "
        "mind (reading: planned). A market that merely meets the share may need more.",
    ),
    (
        "Only these cutoffs",
        "A least share of 0 % does not call a good safe: it says that enough suppliers outside the region "
        "survive the cutoffs named here. Other cutoffs may ask for more.",
    ),
    (
        "Shares of imports",
        "Where a member's production is unknown, shares are of its imports, not of its consumption, and the "
        "verdict says so. For all members together the two may be mixed.",
    ),
    (
        "One plan of several",
        "The plan shown is the surviving plan nearest to today. It shows that the least share can be had; it "
        "recommends no purchase.",
    ),
)
READING = (
    (
        "All members",
        "One common share for all, who compete for the same suppliers. A row of one member takes the others' "
        "purchases as they are today, so it may ask for more or for less.",
    ),
    (
        "pp",
        "Percentage points: the rise from today's share to the least share.",
    ),
    (
        "blank, –",
        "Unknown, or no number applies (for instance where no share suffices). Never zero.",
    ),
    (
        "0",
        "Zero, or less than half of the last digit shown; a cell of the workbook holds the full number.",
    ),
    (
        "Units",
        "t: tonnes; kUSD: thousand US dollars, for goods that are measured in value. ALL: all members, or "
        "each of the cutoffs, one at a time.",
    ),
    (
        "What recalculates",
        "Gaps, shares and sums on Data and Plan, per cent of GDP, checks and banners are formulas, stored with "
        "their values. What the solver found is on grey and does not recalculate; editing an assumption shows a "
        "banner.",
    ),
)
CHECKED = (
    "Checks",
    "Whether the numbers of this workbook fit together is checked by formulas on the sheet Checks: ok or a fault.",
)


DOCUMENT = ("purpose", "marking", "version", "date", "contact")  # what a case may say of the document, in order
NO_CONTACT = "not given in the case file"


def cover(meta: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The sections of the cover, each with its title and lines of name and text."""
    asked = [(name, text.format(region=meta["region_name"])) for name, text in QUESTION]
    description = [("Description", " ".join(str(meta["description"]).split()))] if meta["description"] else []
    answer = "The answer in short: all members together, under every cutoff"
    document = meta.get("document", {})
    about = [(key.capitalize(), document[key]) for key in DOCUMENT if document.get(key)]
    if about and not document.get("contact"):
        about.append(("Contact", NO_CONTACT))
    own = [("By the authors of the case", document["not_this"])] if document.get("not_this") else []
    return [
        *([("This document", about)] if about else []),
        (answer, _counts(meta, tables["requirements"])),
        ("The question", [*description, *asked]),
        ("The case", _case(meta, tables["assumptions"])),
        ("What this is not", [*own, *LIMITS]),
        ("Data and tools", [*_provenance(meta, tables["findings"]), CHECKED]),
    ]


def _counts(meta: Mapping[str, Any], rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Each verdict, worst first, what it means, and the goods it is given to, the widest gap first."""
    rows = rows[(rows["member"] == ALL) & (rows["cutoff"] == ALL) & (rows["reading"] == "planned")]
    found = sorted(rows.to_dict("records"), key=worst_first)
    lines = []
    for status in WORST_FIRST:
        goods = [_in_short(row, meta) for row in found if row["status"] == status]
        text = f"{STATUS_WORDS[status].capitalize()}: {len(goods)} of {len(rows)} goods"
        if goods and status != "met":
            more = f"; and {len(goods) - 9} more, see the sheet Summary" if len(goods) > 9 else ""
            text += f" – {'; '.join(goods[:9])}{more}"
        lines.append((status, text + "."))
    return lines


def _in_short(row: Mapping[str, Any], meta: Mapping[str, Any]) -> str:
    """A good by name, with today's and the least share where the share must rise."""
    name = good_name(row["good"], meta)
    if row["status"] not in ("raise", "build", "none"):
        return name
    return f"{name}: {today_and_needed(row['share_today'], row['share'], row['status'])}"


def _case(meta: Mapping[str, Any], assumptions: pd.DataFrame) -> list[tuple[str, str]]:
    """Who, what and how long."""
    credit = {country: value for country, value in meta["region"].items() if value != 1}
    region = [meta["countries"].get(country, country) for country in meta["region"] if country not in credit]
    region += [f"{meta['countries'].get(i, i)} (counts {percent(value)})" for i, value in credit.items()]
    lines = [
        ("Members", ", ".join(map(str, meta["members"].values()))),
        ("Region", f"{meta['region_name']}: {', '.join(region)}"),
    ]
    for cutoff in meta["cutoffs"]:
        lines.append((f"Cutoff: {cutoff['name']}", cutoff_in_words(cutoff, meta["countries"])))
    for name, title in (
        ("months", "Horizon in months"),
        ("critical_share", "Critical share of demand"),
        ("stock_months", "Stocks in months of demand, where not in the data"),
    ):
        used = assumptions[assumptions["parameter"] == name]
        by_value = used.groupby("value", sort=False)["good"].agg(list)
        parts = []
        for value, goods in by_value.items():
            shown = percent(float(str(value))) if name == "critical_share" else str(value)
            parts.append(f"{shown} ({_whose(goods, list(used['good']), meta)})" if len(by_value) > 1 else shown)
        if parts:
            lines.append((title, "; ".join(parts)))
    return lines


def _whose(goods: list[str], everything: list[str], meta: Mapping[str, Any]) -> str:
    """Goods by category where they are all of it, else by name, or counted where they are many."""
    categories, parts = meta["categories"], []
    for category in dict.fromkeys(categories.get(good) for good in goods):
        here = [good for good in goods if categories.get(good) == category]
        whole = len(here) == sum(categories.get(good) == category for good in everything)
        labels = "; ".join(str(meta["labels"].get(good, good)) for good in here)
        parts.append(str(category) if whole else labels if len(here) < 4 else f"{len(here)} of {category}")
    return "; ".join(parts)


def _provenance(meta: Mapping[str, Any], findings: pd.DataFrame) -> list[tuple[str, str]]:
    """What the numbers were made of and with, and how far they are checked."""
    by_year: dict[Any, list[str]] = {}
    for good, year in meta["years"].items():
        by_year.setdefault(year, []).append(str(meta["labels"].get(good, good)))
    most = max(map(len, by_year.values()), default=0)
    years = [
        f"{year} ({len(goods)} goods)" if len(goods) == most else f"{year} ({'; '.join(goods)})"
        for year, goods in sorted(by_year.items(), reverse=True)
    ]
    versions, certificate = meta["versions"], meta["certificate"]
    solver = ", ".join(f"{name} {number}" for name, number in versions.items() if name != "resilience")
    severities = findings["severity"].value_counts()
    return [
        ("Case file", f"{meta['case']}, fingerprint {meta['case_hash']}"),
        ("Data set", f"{meta['dataset']}, fingerprint {meta['dataset_hash']}"),
        ("Years of the data", f"for each good the latest up to {meta['year']}: {', '.join(years)}"),
        ("Tool", f"resilience {versions['resilience']}; {solver} (highspy is the solver HiGHS)"),
        (
            "Certificate",
            f"All {certificate['optima']:,} optima are certified optimal: residuals and duality gap, "
            f"computed afresh from the model, are at most {_decimal(certificate['worst_residual'])} "
            f"(limit {_decimal(certificate['tolerance'])}).",
        ),
        (
            "Findings",
            f"{counted(severities.get('warning', 0), 'warning')} and "
            f"{counted(severities.get('info', 0), 'remark')} on data and result; see the sheet Findings.",
        ),
    ]


def _decimal(number: float) -> str:
    """A small number to one significant digit, without an exponent."""
    return f"{float(f'{number:.0e}'):.15f}".rstrip("0").rstrip(".")


def member_name(member: str, meta: Mapping[str, Any]) -> str:
    """The member's name, or all members together."""
    return "All members" if member == ALL else str(meta["members"].get(member, member))
