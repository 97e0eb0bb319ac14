"""The form of a case that others fill in: its numbers by dotted name, and how a cell says each of them.

Every value has one way to be shown and is read back from it; whoever writes the form and whoever reads it take
both from here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from resilience.inputs.casefile import DEFAULT_OF_TOOL, Ground, ground_of
from resilience.inputs.cells import BLANKS, Unreadable, is_number_like, number_of, shown, text_of
from resilience.inputs.checks import cutoff_names
from resilience.inputs.dataset import Dataset
from resilience.inputs.incoming import is_date
from resilience.inputs.parameters import (
    CUTOFF_KEYS,
    DOCUMENT_KEYS,
    PARAMETERS,
    SECTIONS,
    SURGE_PARTS,
    Parameter,
    Surge,
    is_surge,
)
from resilience.schema import FIGURES, FORM

CASE_FILE, DATA_SET = "case", "dataset"
ROWS_OF_BALANCES = {  # entry of the sheet Case that says which rows Balances has → its column there
    "balances.goods": "Good",
    "balances.members": "Country",
}
START = "Start here"
NO_LIMIT = "no limit"
ALL_GOODS = "all"
YES, NO = "yes", "no"
SEPARATORS = "[;\n]"
NEW, SOURCE, OWNER, CONFIDENCE = "New value", "Source", "Owner", "Confidence"
UNIT = "Unit"
ENDS = {"low": "Low end", "high": "High end"}  # of the plausible range of a number
FILLED_IN = {  # columns that are filled in
    "Case": (NEW,),
    "Assumptions": (NEW, *ENDS.values(), SOURCE, OWNER, CONFIDENCE),
    "Cutoffs": FORM["Cutoffs"].names,
    "Balances": (*(name.capitalize() for name in FIGURES), "New status", "New source"),
}
EQUAL = 1e-12  # relative; programs that save a workbook keep 15 digits
FAR = 100  # times what stood there; a figure so far off may be in another unit

MOST_COMPARED = 32_000  # characters; a cell holds little more
_NOT_HELD = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffd-\uffff]")

Note = str | None


@dataclass(frozen=True)
class Entry:
    """One entry of the sheet Case: its name in the case file, the kind of its value, and what it means."""

    name: str
    kind: str
    meaning: str
    default: Any = None


_ON_THE_RESULT = {
    "purpose": "what the result is for",
    "marking": "marking such as DRAFT, at most 60 characters",
    "contact": "who answers questions",
    "version": "version of the result",
    "date": "date of the result",
    "not_this": "what the result is not",
}
ENTRIES: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry("title", "text", "title of the case"),
        Entry("description", "text", "what the case is about"),
        Entry("year", "months", "year of the data; each good uses its latest data that are not later"),
        Entry(
            "members", "names", "who must survive: a coalition, or countries separated by semicolons (DEU; FRA)"
        ),
        Entry("region", "credits", "whose supply counts as content; credits below 1 as KOR = 0.5"),
        Entry("goods", "goods", "goods or categories separated by semicolons; all: every good of the data set"),
        Entry("compare", "names", "coalitions to set beside the region, separated by semicolons"),
        Entry("caps", "flag", "whether caps on one outsider are worked out as well: yes or no", False),
        Entry("rests", "flag", "whether it is worked out what each headline number rests on: yes or no", True),
        *(
            Entry(f"document.{key}", "text", f"{_ON_THE_RESULT[key]}, shown on the result")
            for key in DOCUMENT_KEYS
        ),
    )
}
CUTOFF_KINDS = {
    "name": "text",
    "cut": "names",
    "fraction": "fractions",
    "goods": "names",
    "start": "months",
    "months": "months",
    "any": "months",
    "any_region": "months",
    "all_outsiders": "flag",
}
CUTOFF_DEFAULTS = {"fraction": 1.0, "start": 1, "all_outsiders": False}
CUTOFF_HEADINGS = {key: key.replace("_", " ").capitalize() for key in CUTOFF_KEYS}


@dataclass(frozen=True)
class Line:
    """One number of the case: dotted name, what is declared of it, the goods it holds for, value and ground."""

    name: str
    parameter: Parameter
    applies_to: str
    value: Any
    ground: str


def lines(raw: Mapping[str, Any], categories: Sequence[str]) -> list[Line]:
    """Every number of ``[survival]``, ``[response]`` and ``[goods_override]`` of a document that was checked.

    A number that the case gives by category has a line for each of ``categories``, and one for the rest.
    """
    found = []
    for name, parameter in PARAMETERS.items():
        where = f"{parameter.section}.{name}"
        value = raw.get(parameter.section, {}).get(name)
        if isinstance(value, Mapping) and not (parameter.kind == "surge" and is_surge(value)):
            rest = value.get("default", parameter.default)
            keys = dict.fromkeys([*value, *categories, "default"])
            for key in keys:
                applies = "all others" if key == "default" else key
                found += _of(raw, parameter, f"{where}.{key}", applies, value.get(key, rest))
        else:
            found += _of(raw, parameter, where, "all goods", parameter.default if value is None else value)
    for good, table in raw.get("goods_override", {}).items():
        for name, value in table.items():
            found += _of(raw, PARAMETERS[name], f"goods_override.{good}.{name}", good, value)
    return found


def _of(raw: Mapping[str, Any], parameter: Parameter, where: str, applies: str, value: Any) -> list[Line]:
    ground = ground_of(raw, where) if number_at(raw, where) is not None else Ground(DEFAULT_OF_TOOL)
    if parameter.kind != "surge":
        return [Line(where, parameter, applies, value, _in_words(ground))]
    whole = asdict(value) if isinstance(value, Surge) else value
    found = []
    for name, part in SURGE_PARTS.items():  # the range of a surge is that of its max
        about = _in_words(ground if name == "max" else replace(ground, low=None, high=None))
        found.append(
            Line(f"{where}.{name}", _part(parameter, name), applies, whole.get(name, part.default), about)
        )
    return found


def _in_words(ground: Ground) -> str:
    """All that is known of what a number stands on, in one cell."""
    known = [
        ("range", range_in_words(ground.low, ground.high)),
        ("owner:", ground.owner),
        ("confidence", ground.confidence),
    ]
    return "; ".join([ground.source, *(f"{word} {text}" for word, text in known if text)])


def range_in_words(low: float | None, high: float | None) -> str:
    """A plausible range such as "from 0.4 to 0.9"; "" if neither end is known."""
    ends = [("from", low), ("to", high)]
    return " ".join(
        f"{word} {NO_LIMIT if math.isinf(end) else f'{end:g}'}" for word, end in ends if end is not None
    )


def why_no_range(name: str, parameter: Parameter) -> str | None:
    """Why the number with a dotted name takes no plausible range of its own; None if it takes one."""
    whole, _, part = name.rpartition(".")
    if part in SURGE_PARTS and part != "max":
        return f"the range of a surge is that of its max; give it in the row {whole}.max"
    return None if parameter.kind in ("number", "months") else f"{name} is not a single number and has no range"


def _part(parameter: Parameter, name: str) -> Parameter:
    part = SURGE_PARTS[name]
    return replace(part, meaning=f"{parameter.meaning}: {part.meaning}", section=parameter.section)


def number_at(raw: Mapping[str, Any], name: str) -> Any:
    """What a document holds under a dotted name of a parameter; None if nothing."""
    found: Any = raw
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def parameter_of(name: str) -> Parameter | None:
    """The declaration of the number with a dotted name; None if there is none."""
    first, *rest = name.split(".")
    own = rest[:1] if first in SECTIONS else rest[1:2] if first == "goods_override" else []
    parameter = PARAMETERS.get(own[0]) if own else None
    if parameter is None or (first in SECTIONS and parameter.section != first):
        return None
    if parameter.kind == "surge":
        return _part(parameter, rest[-1]) if rest[-1] in SURGE_PARTS else None
    return parameter


def cutoff_cells(item: Mapping[str, Any], number: int) -> dict[str, Any]:
    """A cutoff of a document as the cells of its row, by key."""
    values = {**CUTOFF_DEFAULTS, **item, "name": cutoff_names([{}] * (number - 1) + [item])[-1]}
    return {key: show(kind, values.get(key)) for key, kind in CUTOFF_KINDS.items()}


def entry_cell(raw: Mapping[str, Any], entry: Entry) -> Any:
    """What a document says of an entry, as a cell."""
    value = number_at(raw, entry.name)
    if value is None:
        value = raw["members"] if entry.name == "region" else entry.default
    return show(entry.kind, value)


def data_set_cell(data: Dataset) -> str:
    """A data set as the sheet Case names it."""
    return f"{data.path.resolve().name}, fingerprint {data.fingerprint}"


def same(one: Any, other: Any) -> bool:
    """Whether two shown values say the same: numbers to 12 digits, texts but for the blanks around them."""
    if is_number_like(one) and is_number_like(other):
        return math.isclose(float(one), float(other), rel_tol=EQUAL, abs_tol=0.0)
    return plain(one) == plain(other)


def plain(value: Any) -> str:
    """A text but for what a cell may change of it: blanks, characters it cannot hold, and excess of length."""
    text = re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), str(value))
    return " ".join(_NOT_HELD.sub(" ", text).split())[:MOST_COMPARED]


def unit_problem(cell: Any, unit: str, what: str) -> str | None:
    """What to do about a cell that names another unit than that of ``what``; None if it does not, or is blank."""
    if cell == "" or plain(cell).casefold() == plain(unit).casefold():
        return None
    return f'"{cell}" is not the unit of {what}, which is taken in {unit}: convert the figure, put the unit back'


def scale_doubt(new: Any, old: Any, unit: str, where: str) -> str | None:
    """The question whether a number is in its unit, if it is ``FAR`` times what stands in ``where``, or a part."""
    if not (is_number_like(new) and is_number_like(old) and 0 < new < math.inf and 0 < old < math.inf):
        return None
    times = float(max(new, old)) / float(min(new, old))
    if times < FAR * (1 - EQUAL):
        return None
    how_far = f"{times:,.0f} times" if new > old else f"1/{times:,.0f} of"
    return f"{new:.12g} is {how_far} what stands in {where}, {old:.12g}: is it in {unit}?"


# How each kind of value is shown and read.


def show(kind: str, value: Any) -> Any:
    """A value of the case as a cell shows it: a number or a text, "" where there is none."""
    shown: Callable[[Any], Any] = _SHOWN.get(kind, _show_text)
    return shown(value)


def read(kind: str, value: Any) -> tuple[Any, Note]:
    """The value that a cell says, and what is to be said of how it was entered.

    Raises :class:`~resilience.cells.Unreadable` if the cell is not taken.
    """
    taken: Callable[[Any], tuple[Any, Note]] = _READ.get(kind, _read_text)
    return taken(value)


def _show_text(value: Any) -> Any:
    return "" if value is None else str(value).strip()


def _show_number(value: Any) -> Any:
    if value is None:
        return ""
    return NO_LIMIT if math.isinf(value) else value


def _show_flag(value: Any) -> str:
    return "" if value is None else YES if value else NO


def _show_profile(value: Any) -> str:
    return "flat" if value is None else "; ".join(repr(number) for number in value)


def _show_names(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else "; ".join(value)


def _show_goods(value: Any) -> str:
    return _show_names(value or ALL_GOODS)


def _show_pairs(value: Any) -> Any:
    if isinstance(value, Mapping):
        return "; ".join(f"{name} = {number!r}" for name, number in value.items())
    return value if is_number_like(value) else _show_names(value)


def _read_text(value: Any) -> tuple[str, Note]:
    return (shown(value) if is_date(value) else text_of(value).strip(BLANKS)), None


def _read_number(value: Any) -> tuple[Any, Note]:
    if isinstance(value, str) and value.strip(BLANKS).lower() in (NO_LIMIT, "inf", "∞"):
        return math.inf, None
    number, note = number_of(value, share=True)
    return (value if is_number_like(value) else number), note


def _read_months(value: Any) -> tuple[Any, Note]:
    number, note = number_of(value)
    if not number.is_integer():
        raise Unreadable(f"{number:.15g} is not a whole number")
    return int(number), note


def _read_flag(value: Any) -> tuple[bool, Note]:
    word = text_of(value).strip(BLANKS).lower()
    for words, answer in (((YES, "true", "1"), True), ((NO, "false", "0"), False)):
        if word in words:
            return answer, None
    raise Unreadable(f'"{word}" is neither {YES} nor {NO}')


def _parts(value: Any) -> list[str]:
    text = text_of(value)
    separator = SEPARATORS if re.search(SEPARATORS, text) else ","
    return [part.strip(BLANKS) for part in re.split(separator, text) if part.strip(BLANKS)]


def _read_names(value: Any) -> tuple[Any, Note]:
    names = _parts(value)
    return (names[0] if len(names) == 1 else names), None


def _read_goods(value: Any) -> tuple[Any, Note]:
    names = _parts(value)
    return (None if [name.lower() for name in names] == [ALL_GOODS] else names), None


def _read_profile(value: Any) -> tuple[Any, Note]:
    if isinstance(value, str) and value.strip(BLANKS).lower() == "flat":
        return [1.0], None
    return [number_of(part)[0] for part in _parts(value)], None


def _read_pairs(value: Any) -> tuple[Any, Note]:
    """Names with numbers, such as KOR = 0.6; JPN = 0.1."""
    pairs: dict[str, float] = {}
    for part in re.split(SEPARATORS, text_of(value)):
        name, equals, number = (piece.strip(BLANKS) for piece in part.partition("="))
        if name and not equals:
            raise Unreadable(f'"{part.strip(BLANKS)}" has no number; write for example KOR = 0.6; JPN = 0.1')
        if name:
            pairs[name] = number_of(number, share=True)[0]
    return pairs, None


def _read_credits(value: Any) -> tuple[Any, Note]:
    text = text_of(value)
    if "=" not in text:
        return _read_names(value)
    parts = [part for part in re.split(SEPARATORS, text) if part.strip(BLANKS)]
    return _read_pairs("; ".join(part if "=" in part else f"{part} = 1" for part in parts))


def _read_fractions(value: Any) -> tuple[Any, Note]:
    if isinstance(value, str) and "=" in value:
        return _read_pairs(value)
    return number_of(value, share=True)


_SHOWN: dict[str, Callable[[Any], Any]] = {
    "number": _show_number,
    "months": _show_number,
    "flag": _show_flag,
    "profile": _show_profile,
    "names": _show_names,
    "goods": _show_goods,
    "credits": _show_pairs,
    "fractions": _show_pairs,
}
_READ: dict[str, Callable[[Any], tuple[Any, Note]]] = {
    "number": _read_number,
    "months": _read_months,
    "flag": _read_flag,
    "profile": _read_profile,
    "names": _read_names,
    "goods": _read_goods,
    "credits": _read_credits,
    "fractions": _read_fractions,
}
