"""A parameter study as an Excel workbook: cover, pictures and one sheet a table, like the result's workbook.

A table that has more rows than a sheet of Excel is written to a CSV file beside the workbook; its sheet holds the
first rows and says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from resilience import words
from resilience.errors import Finding, InputError
from resilience.files import write_csv
from resilience.inputs import factor_words
from resilience.inputs.factor_words import varied
from resilience.output.pictures import DPI
from resilience.output.sheets import (
    DOES_NOT_RECALCULATE,
    RAW,
    Field,
    Mark,
    Sheet,
    heading,
    missing,
    short,
    table_fields,
    table_name,
)
from resilience.output.workbook import (
    DARK,
    MOST_ROWS,
    Styles,
    clean,
    close_book,
    open_book,
    set_up_page,
    write_cover,
    write_sheet,
)
from resilience.schema import ALL, READINGS, STATUS_WORDS, STUDY
from resilience.studies.pictures import DESIGNS, Picture, origin
from resilience.studies.store import read_store
from resilience.studies.tables import (
    CONSUMPTION,
    KEY,
    failures,
    hashable_cell,
    range_notes,
    rows_of,
    scopes_of,
    study_tables,
    tornado_text,
)

SHEETS = {
    "Cover": "What was varied and how, and what came out.",
    "Pictures": "The tables in pictures.",
    "Tornado": "What each factor moves by itself, widest first.",
    "Verdicts": "How many sample points end in which verdict, and how often the case's own holds.",
    "Spread": "Quantiles of the least share over the sample.",
    "Indices": "Which factor matters most, by itself and together with others.",
    "Heat map": "The least share on a grid of two factors.",
    "Break even": "Where the share crosses the target when one factor is varied by itself.",
    "Frontier": "The least share as one number of the case moves.",
    "Rules": "Under which few conditions the requirement is high, or low.",
    "Points": "What was solved.",
    "Outcomes": "What each point gave.",
}
SENSITIVITY = ("tornado", "spread", "verdicts", "indices", "heat_map", "break_even", "rules")  # for a result
SAMPLE = 1000  # rows on the sheet of a table that is written to CSV
OF_SAMPLE = ("verdicts", "spread")
MARKED = {  # columns of shares and of their verdicts
    "share": "status",
    **{f"share_{end}": f"status_{end}" for end in ("low", "base", "high")},
}
CODES = ("Good code", "Member code", "Factor")  # at the far right and not printed; names stand in front
OFTEN_SAME = ("Member", "Cutoff", "Reading", "Outcome")  # said above the table where all rows have the same
HOW_TO_READ = (
    (
        "As the case says",
        "A factor that a point does not change keeps what the case file says. The base point is the whole case "
        "as written.",
    ),
    (
        "No share suffices",
        "Such points have no share. In quantiles and in the order of the tornado they count as more than any "
        "share; in indices as 100 %, which is said beside them.",
    ),
    (
        "Intervals",
        "95 %. They say how far the number of points leaves the figure open, not how sure the data or the "
        "ranges are.",
    ),
    (
        "Ranges are choices",
        "Parts of points are parts of the ranges above, not probabilities: other ranges give other parts.",
    ),
)


def write_study_workbook(
    tables: Mapping[str, pd.DataFrame],
    meta: Mapping[str, Any],
    path: str | Path,
    pictures: Sequence[Picture] = (),
    most_rows: int = MOST_ROWS - 100,
) -> list[Path]:
    """Write the workbook of a study and, for tables of more than ``most_rows``, CSV files; gives all files.

    ``tables`` and ``meta`` as :func:`resilience.studies.tables.study_tables` gives and takes them. The same study
    gives the same bytes. Raises :class:`~resilience.errors.InputError` if the file cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = {**meta, "title": f"Parameter study: {meta['title']}", "scopes": scopes_of(tables["outcomes"])}
    written = [path]
    sheets = []
    shown = {name: text for name, text in SHEETS.items() if table_name(name) in tables}
    for table in map(table_name, shown):
        frame = tables[table]
        beside = None
        if len(frame) > most_rows:
            beside = path.with_name(f"{path.stem}-{table}.csv")
            write_csv(frame, beside)
            written.append(beside)
        sheets.append(study_sheet(table, frame, meta, beside))
    front = {name: SHEETS[name] for name in ("Cover", *(["Pictures"] if pictures else []))}
    book = open_book(path, meta["title"])
    styles = Styles(book)
    write_cover(book, styles, cover(tables, meta), front | shown, meta, checked=False)
    if pictures:
        _write_pictures(book, styles, pictures, meta)
    for sheet in sheets:
        write_sheet(book, styles, sheet, meta)
    close_book(book, path)
    return written


def read_study_folder(folder: str | Path) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Tables and meta of a finished study in the folder that ``resilience study --out`` wrote.

    Raises :class:`~resilience.errors.InputError` if the folder holds none, or one that is not finished.
    """
    folder = Path(folder)
    contents = read_store(folder)
    about = folder / "tables" / "meta.json"
    if contents.missing_chunks or not about.is_file():
        message = "the study is not finished; the same command resilience study goes on with it"
        raise InputError([Finding("error", str(folder), None, None, message)])
    meta = json.loads(about.read_text(encoding="utf-8"))
    return study_tables(contents.points, contents.outcomes, meta), meta


def sensitivity_sheets(
    tables: Mapping[str, pd.DataFrame], meta: Mapping[str, Any], of: Mapping[str, Any]
) -> list[Sheet]:
    """The tables of a study that say what a result depends on, for the workbook of the result ``of``."""
    sheets = []
    same = all(meta.get(name) == of.get(name) for name in ("case", "dataset_hash"))
    said = f"From the study {meta['title']}."
    meta = {**meta, "scopes": scopes_of(tables["outcomes"])}
    if not same:
        said += " It is of another case file or data set than this workbook: compare with care."
    for name in SENSITIVITY:
        if name in tables and len(tables[name]):
            sheet = study_sheet(name, tables[name], meta)
            title = "Sensitivity" if name == SENSITIVITY[0] else f"Sensitivity {sheet.name.lower()}"
            sheets.append(replace(sheet, name=title, key=f"study_{name}", notes=(said, *sheet.notes)))
    return sheets


def study_sheet(name: str, frame: pd.DataFrame, meta: Mapping[str, Any], beside: Path | None = None) -> Sheet:
    """A table of a study as a sheet; ``beside`` is the CSV file that holds it all where it is too long."""
    table = STUDY[name]
    notes = [table.note, f"{origin(meta)}."]
    if beside is not None:
        notes.append(
            f"All {len(frame):,} rows are in {beside.name} beside this file; here are the first {SAMPLE:,}."
        )
        frame = frame.head(SAMPLE)
    fields = [_scoped(field, meta) for field in table_fields(name, frame, meta)]
    if name in OF_SAMPLE and meta["spec"]["design"] == "sobol":
        notes.append("Counted are the points of the Sobol design that are drawn independently (matrices A and B).")
    notes += [_why_empty(name, meta)] if not len(frame) else [DOES_NOT_RECALCULATE]
    if name == "points":
        fields += [_factor_field(factor, frame) for factor in varied(meta)]
    for share, status in MARKED.items():
        if status in table.names:
            shown = frame[status].tolist()
            fields = [_marked(field, heading(share, name), heading(status, name), shown) for field in fields]
    same = {
        field.heading: field.values[0]
        for field in fields
        if field.heading in OFTEN_SAME and len(frame) and len(set(field.values)) == 1
    }
    if same:
        said = "; ".join(f"{title.lower()} {value}" for title, value in same.items())
        notes.append(f"The same in all rows, at the far right and not printed: {said}.")
    left_out = (*CODES, *same)
    fields.sort(key=lambda field: field.heading in left_out)
    printed = sum(field.heading not in left_out for field in fields)
    title = name.replace("_", " ").capitalize()
    return Sheet(title, table.title, tuple(notes), tuple(fields), printed=printed, raw=name in RAW)


def _scoped(field: Field, meta: Mapping[str, Any]) -> Field:
    """Shares in a unit that says what they are shares of, where the scope of the goods is known."""
    scopes = set(meta.get("scopes", {}).values())
    if not scopes or scopes == {CONSUMPTION} or field.unit != "% of demand":
        return field
    return replace(field, unit="% of demand or of imports" if CONSUMPTION in scopes else "% of imports")


def _marked(field: Field, share: str, verdict: str, statuses: Sequence[Any]) -> Field:
    """Verdicts in their colours; the word none in place of a share that does not exist."""
    if field.heading == verdict:
        marks = [None if missing(status) else Mark(str(status), str(status)) for status in statuses]
        return replace(field, values=marks)
    if field.heading == share:
        pairs = zip(field.values, statuses, strict=True)
        return replace(field, values=["none" if status == "none" else value for value, status in pairs])
    return field


def _factor_field(factor: factor_words.Varied, frame: pd.DataFrame) -> Field:
    """The column of a factor in the table of points."""
    number = pd.api.types.is_numeric_dtype(frame[factor.name])
    cells = [hashable_cell(factor.name, cell) for cell in frame[factor.name].tolist()]
    values = cells if number else [None if value is None else factor.text(value) for value in cells]
    unit = factor_words.unit(factor.name, factor.how)
    meaning = factor_words.meaning(factor.name)
    whole = all(value is None or float(value).is_integer() for value in cells) if number else False
    kind = "text" if not number else "general" if whole else "ratio"
    return Field(factor.name, values, kind, meaning, unit)


def _why_empty(name: str, meta: Mapping[str, Any]) -> str:
    design = meta["spec"]["design"]
    reasons = {
        "indices": "Indices come from a Sobol or a Morris design",
        "heat_map": "A heat map comes from a grid of at least two factors",
        "rules": "Rules need a design that varies factors together",
    }
    named = DESIGNS.get(design, design)
    return f"This table is empty. {reasons.get(name, 'No point has an answer')}; this study: {named}."


def cover(tables: Mapping[str, pd.DataFrame], meta: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The sections of the cover: what was varied, how, what came out, how to read it, what it was made from."""
    spec, points, outcomes = meta["spec"], tables["points"], tables["outcomes"]
    factors = [
        (factor_words.label(factor.name), f"{_sentence_case(factor_words.meaning(factor.name))}: "
         f"{factor.range()}. "
         f"The case: {factor.base_text}. In the case file: {factor.name}.")
        for factor in varied(meta)
    ]  # fmt: skip
    roles = points["role"].value_counts()
    how = [
        ("Design", f"{DESIGNS.get(spec['design'], spec['design'])}, seed {spec['seed']}"),
        (
            "Points",
            f"{points['point'].nunique():,} different points: {roles.get('sample', 0):,} rows of the design, "
            f"the case as written, and {roles.get('low', 0) + roles.get('high', 0)} ends of factors.",
        ),
        ("Answers kept", _kept(meta)),
    ]
    if spec.get("target") is not None:
        how.append(("Target", f"{factor_words.share_text(spec['target'])}, for break-even and rules"))
    counts = outcomes["status"].value_counts()
    of = len(outcomes)
    came = [
        (status, f"{_sentence_case(STATUS_WORDS.get(status, 'the point failed, see the sheet Outcomes'))}: "
         f"{counts[status]:,} of {of:,} answers ({words.percent(counts[status] / of)}).")
        for status in (*STATUS_WORDS, "error")
        if status in counts
    ]  # fmt: skip
    solved = set(outcomes["point"])
    lacking = points["point"].nunique() - len(solved & set(points["point"]))
    came.append(
        ("Missing", f"{lacking:,} points have no answer yet." if lacking else "None: every point is there.")
    )
    if failed := failures(outcomes):
        came.insert(0, ("Warning", failed))
    dataset = f"{meta['dataset']}, fingerprint {meta['dataset_hash']}, the latest data up to {meta['year']}"
    versions = ", ".join(f"{name} {number}" for name, number in meta["versions"].items())
    return [
        ("What was varied", factors),
        ("How", how),
        ("What came out", came),
        ("In short: all members together, under every cutoff", _headlines(tables, meta)),
        (
            "How to read it",
            [*((name.capitalize(), _sentence_case(text) + ".") for name, text in READINGS.items()), *HOW_TO_READ],
        ),
        (
            "Data and tools",
            [
                ("Case file", f"{meta['case']}, fingerprint {meta['case_hash']}"),
                ("Data set", dataset),
                ("Versions", versions),
            ],
        ),
    ]


def _kept(meta: Mapping[str, Any]) -> str:
    spec = meta["spec"]
    named = {ALL: "all together"}
    parts = [
        f"{what} {', '.join(named.get(name, name) for name in spec[what])}"
        for what in ("readings", "members", "cutoffs", "goods")
        if spec.get(what)
    ]
    return "; ".join(parts)


def _headlines(tables: Mapping[str, pd.DataFrame], meta: Mapping[str, Any]) -> list[tuple[str, str]]:
    """One line a good and reading: the share, where the middle of the sample lies, what it rests on, the rule."""
    lines = []
    spread = tables["spread"]
    for row in spread[(spread["member"] == ALL) & (spread["cutoff"] == ALL)].to_dict("records"):
        key = {name: str(row[name]) for name in KEY}
        share = "none suffices" if missing(row["share_base"]) else words.percent(row["share_base"])
        low, high = _or_none(row["q05"]), _or_none(row["q95"])
        text = f"The case: {share}. "
        if row["points"]:
            text += f"Middle 90 % of points: {low if low == high else f'{low} to {high}'}; "
            if not missing(row["holds"]):
                text += f"the case's verdict holds in {words.percent(row['holds'])}. "
        if row["left_out"]:
            text += f"{row['left_out']:,.0f} of {row['points'] + row['left_out']:,.0f} points have no answer. "
        text += "".join(f"{note} " for note in range_notes(meta, key["good"]))
        text += f"Rests on: {tornado_text(rows_of(tables['tornado'], key))}."
        rules = rows_of(tables["rules"], key)
        if len(rules) and rules["outcome"].iloc[0]:
            sentence = str(rules["text"].iloc[0]).partition(": ")[2]
            text += f" {sentence[:1].upper()}{sentence[1:]}"
        lines.append((f"{words.good_name(key['good'], meta)}, {key['reading']}", text))
    return lines or [("None", "No good was asked for all members together.")]


def _or_none(share: float) -> str:
    return "no share suffices" if missing(share) else words.percent(share)


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


def _write_pictures(book: Any, styles: Styles, pictures: Sequence[Picture], meta: Mapping[str, Any]) -> None:
    """One below the other, each on a printed page of its own."""
    from matplotlib.image import imread

    page = book.add_worksheet("Pictures")
    page.hide_gridlines(2)
    page.set_column(0, 11, 9)
    page.write_string(0, 0, "Pictures", styles(bold=True, font_size=14, font_color=DARK))
    row, breaks, last = 2, [], 2
    for picture in pictures:
        page.write_string(row, 0, clean(picture.title), styles(bold=True, font_color=DARK))
        options = {"description": short(picture.alt, 1000), "object_position": 1, "decorative": False}
        page.insert_image(row + 1, 0, str(picture.path), options)
        inches = imread(picture.path).shape[0] / DPI
        last = row + 2 + int(inches * 72 / 15) + 1  # rows of 15 points
        row = last + 1
        breaks.append(row)
    page.print_area(0, 0, last, 11)
    set_up_page(page, "Pictures", meta)
    page.set_h_pagebreaks(breaks[:-1])
