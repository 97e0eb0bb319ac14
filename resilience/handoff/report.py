"""The report: a result as one HTML page that needs no network, for readers who never run the tool."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from resilience import words
from resilience.economics import burden_words
from resilience.files import whole
from resilience.handoff import report_facts as facts
from resilience.handoff.report_pictures import Picture, burden_bars, heat_map, pictures_of
from resilience.handoff.report_security import SecurityPage, security_pages
from resilience.inputs.parameters import DOCUMENT_KEYS
from resilience.output.sheets import FORBIDDEN
from resilience.output.workbook import COLOURS
from resilience.results import Result, read_tables, same_run
from resilience.schema import ECONOMY, READINGS, RESULTS, STATUS_WORDS

HERE = Path(__file__).parent
NOT_OF_A_PAGE = ("What recalculates",)  # speaks of the workbook
BURDEN_TABLES = ("burden", "sharing", "share_price", "mix")
PER_CENT = re.compile(r"(?<=\d) %")


@dataclass(frozen=True)
class GoodPage:
    """What the report says of one good."""

    good: str
    name: str
    status: str
    verdict: str
    reason: str
    note: str
    readings: facts.Grid
    suppliers: facts.Grid
    left_out: list[str]
    pictures: Sequence[tuple[Picture, Markup]]


@dataclass(frozen=True)
class BurdenPage:
    """What the report says of the burden."""

    headlines: Sequence[tuple[str, str]]
    how_to_read: Sequence[tuple[str, str]]
    sharing: facts.Grid
    picture: Picture
    drawing: Markup
    name: str = "Burden"


def write_report(
    result: Result,
    path: str | Path,
    *,
    burden: Result | None = None,
    pictures: str | Path | None = None,
) -> list[Path]:
    """Write the report of a result as one .html file; gives the files written.

    Frontiers are drawn of the goods of which the result holds them, see
    :func:`resilience.calculator.with_frontiers`. ``burden`` is what :func:`resilience.burden` or
    :func:`read_burden` gives, of the same case and data; by default what the result holds of it, as it is shown
    of sanctions, threat and tiers, too. ``pictures`` is a folder that gets every picture as .png and .svg for
    slides. The same result gives the same bytes. Raises :class:`~resilience.errors.InputError` if the burden is
    of another case or of other data.
    """
    path = Path(path)
    if burden is None:
        burden = result.beside("burden")
    else:
        same_run(result, burden, "burden")
    security = security_pages(result)
    drawn = {good: pictures_of(result, good) for good in result.matter_most(facts.MOST_GOODS)}
    page = _html(result, drawn, burden, security)
    with whole(path) as file:
        file.write_text(page, encoding="utf-8", newline="\n")
    written = [path]
    if pictures is not None:
        everything = [heat_map(result), heat_map(result, "member")]
        everything += [burden_bars(burden)] if burden is not None else []
        everything += [picture for page in security for picture, _ in page.pictures]
        for picture in [*everything, *(picture for own in drawn.values() for picture in own)]:
            written += picture.write(Path(pictures))
    return written


def read_burden(path: str | Path) -> Result:
    """What `resilience burden CASE --out` wrote: a .json file or a folder of CSV files.

    Raises :class:`~resilience.errors.InputError` with every finding if it is no such thing.
    """
    declared = {name: ECONOMY[name] for name in BURDEN_TABLES}
    declared |= {name: RESULTS[name] for name in ("findings", "assumptions")}
    return Result(*read_tables(path, declared, BURDEN_TABLES, "resilience burden"))


def _burden_page(burden: Result) -> BurdenPage:
    picture = burden_bars(burden)
    headlines = burden_words.headlines(burden.tables, burden.meta)
    return BurdenPage(headlines, burden_words.HOW_TO_READ, facts.sharing(burden), picture, Markup(picture.svg()))


def _html(
    result: Result,
    drawn: Mapping[str, Sequence[Picture]],
    burden: Result | None,
    security: Sequence[SecurityPage],
) -> str:
    meta = result.meta
    document = dict.fromkeys(DOCUMENT_KEYS, "") | dict(meta.get("document", {}))
    shown, more_findings = facts.findings(result)
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_clean,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    certificate = meta["certificate"]
    return environment.get_template("report.html.jinja").render(
        style=_style(str(document["marking"]), str(meta["title"])),
        meta=meta,
        document=document,
        vintage=facts.vintage(meta),
        cutoffs=[(cutoff["name"], words.cutoff_in_words(cutoff, meta["countries"])) for cutoff in meta["cutoffs"]],
        counts=facts.counts(result),
        goods=[_good_page(result, good, pictures) for good, pictures in drawn.items()],
        by_member=facts.by_member(result),
        by_cutoff=facts.by_cutoff(result),
        burden=None if burden is None else _burden_page(burden),
        security=security,
        question=[(name, text.format(region=meta["region_name"])) for name, text in words.QUESTION],
        readings=READINGS,
        limits=[*words.LIMITS, *([("Also", str(document["not_this"]))] if document["not_this"] else [])],
        how_to_read=[entry for entry in words.READING if entry[0] not in NOT_OF_A_PAGE],
        verdicts=STATUS_WORDS,
        assumptions=facts.assumptions(result),
        sources=facts.sources(result),
        findings=shown,
        more_findings=more_findings,
        severities=result.findings["severity"].value_counts().to_dict(),
        optima=f"{certificate['optima']:,}",
        versions=", ".join(f"{name} {number}" for name, number in meta["versions"].items()),
    )


def _good_page(result: Result, good: str, pictures: Sequence[Picture]) -> GoodPage:
    row = next(row for row in result.answers().to_dict("records") if row["good"] == good)
    return GoodPage(
        good=good,
        name=words.good_name(good, result.meta),
        status=row["status"],
        verdict=words.verdict(row, result.home_unknown()),
        reason=facts.reason(result, good),
        note=str(result.meta.get("notes", {}).get(good) or ""),
        readings=facts.readings(result, good),
        suppliers=facts.supplier_grid(result, good),
        left_out=words.left_out(result.tables, good, result.meta),
        pictures=[(picture, Markup(picture.svg())) for picture in pictures],
    )


def _clean(value: Any) -> Any:
    """Text as a page can hold it, per cent with its number; markup of the report itself stays."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return PER_CENT.sub("\u00a0%", FORBIDDEN.sub("\ufffd", value))
    return value


def _style(marking: str, title: str) -> Markup:
    """The style sheet, with the colours of verdicts, and marking and title for the margins of printed pages."""
    text = (HERE / "report.css").read_text(encoding="utf-8")
    colours = "\n".join(f".{status} {{ background: {colour}; }}" for status, colour in COLOURS.items())
    head = f"@page {{ @top-center {{ content: {_css(marking)}; }} @bottom-left {{ content: {_css(title[:90])}; }}"
    return Markup(f"{text}\n{colours}\n{head} @bottom-center {{ content: {_css(marking)}; }} }}\n")


def _css(text: str) -> str:
    """Any text as a string of a style sheet: all but plain letters and digits as escapes."""
    plain = FORBIDDEN.sub("\ufffd", " ".join(text.split()))
    return (
        '"' + "".join(sign if sign.isascii() and sign.isalnum() else f"\\{ord(sign):x} " for sign in plain) + '"'
    )
