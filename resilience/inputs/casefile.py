"""Case files: what the analyst asks, read from TOML and checked key by key.

Every number that can be set under ``[survival]`` and ``[response]`` is declared once in :data:`PARAMETERS`;
reading, overriding, the assumptions table and the documentation follow from it.
"""

from __future__ import annotations

import copy
import datetime
import difflib
import math
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from resilience.errors import Finding, InputError
from resilience.inputs.burden_settings import BURDEN, number_for
from resilience.inputs.sanctions_settings import problems as problems_of_sanctions


@dataclass(frozen=True)
class Surge:
    """Deliveries above the contract: nothing for ``delay`` months, then ``rate`` a month up to ``max``."""

    delay: float = 0.0
    rate: float = 0.0
    max: float = 0.0


@dataclass(frozen=True)
class Parameter:
    """Declaration of one number of the case: section, unit, meaning, default and permitted range."""

    name: str
    section: str
    unit: str
    meaning: str
    default: Any
    least: float = 0.0
    most: float = math.inf
    kind: str = "number"  # number, months, surge, profile, flag


PARAMETERS: dict[str, Parameter] = {
    parameter.name: parameter
    for parameter in (
        Parameter("months", "survival", "months", "months to survive", 12, 1, 600, "months"),
        Parameter("critical_share", "survival", "share", "part of demand met in every month", 1.0, 0.0, 1.0),
        Parameter("demand_factor", "survival", "multiple", "crisis demand over peace demand", 1.0, 0.0, 1e3),
        Parameter(
            "profile",
            "survival",
            "multiple",
            "demand of each calendar month over the mean",
            None,
            kind="profile",
        ),
        Parameter(
            "region_surge",
            "response",
            "months; share a month; share",
            "surge of region suppliers",
            Surge(),
            kind="surge",
        ),
        Parameter(
            "outside_surge",
            "response",
            "months; share a month; share",
            "surge of outsiders; negative when the cut supplier's customers compete for them",
            Surge(),
            kind="surge",
        ),
        Parameter(
            "diversion", "response", "share", "exports to non-members that can be redirected", 0.0, 0.0, 1.0
        ),
        Parameter("spare", "response", "share", "unused capacity over production", 0.0),
        Parameter(
            "stock_months", "response", "months of demand", "stock where the data give none", 0.0, 0.0, 1200.0
        ),
        Parameter("drawdown", "response", "share of stock a month", "most that can be drawn", 1.0),
        Parameter(
            "solidarity", "response", "yes/no", "region deliveries pooled among members", False, kind="flag"
        ),
        Parameter("new_capacity", "response", "times today's", "most that region suppliers may build", math.inf),
        Parameter("cap", "response", "share", "most of a member's demand that one outsider may supply", math.inf),
        Parameter("chains", "response", "yes/no", "recipes couple goods", True, kind="flag"),
        Parameter(
            "depth", "response", "stages", "how far inputs of other makers are traced upstream", 3, 0, 20, "months"
        ),
        Parameter(
            "indirect",
            "response",
            "share",
            "part of the cutoff that also hits the inputs of makers outside the members",
            1.0,
            0.0,
            1.0,
        ),
        Parameter(
            "maker_stock_months",
            "response",
            "months of use",
            "stock of each input with makers outside the members",
            0.0,
            0.0,
            1200.0,
        ),
    )
}
SECTIONS = ("survival", "response")
SURGE_PARTS = {  # each number of a surge, with its unit, meaning and permitted range
    part.name: part
    for part in (
        Parameter("delay", "", "months", "months before the first surplus", 0.0, 0.0, 1200.0),
        Parameter("rate", "", "share a month", "growth of deliveries above the contract", 0.0, 0.0, 100.0),
        Parameter("max", "", "share", "most above the contract; negative: below it", 0.0, -1.0, 100.0),
    )
}
TOP_KEYS = (
    "title",
    "description",
    "dataset",
    "year",
    "members",
    "region",
    "goods",
    "survival",
    "response",
    "cutoffs",
    "compare",
    "caps",
    "substitutes",
    "essential",
    "content",
    "goods_override",
    "grounds",
    "study",
    "rests",
    "burden",
    "document",
    "sanctions",
    "threat",
    "partners",
)
SUBSTITUTES_KEYS = ("name", "goods", "limit")
CONTENT_KEYS = ("rule", "credit")
DOCUMENT_KEYS = ("purpose", "marking", "contact", "version", "date", "not_this")
GROUND_KEYS = ("source", "low", "high", "owner", "confidence")
CONFIDENCES = ("low", "medium", "high")
LONGEST_MARKING = 60  # characters; it stands in every page header
CUTOFF_KEYS = ("name", "cut", "fraction", "goods", "start", "months", "any", "any_region", "all_outsiders")


@dataclass(frozen=True)
class Cutoff:
    """One way of being cut off. ``cut`` maps a country or coalition to the fraction of deliveries it loses.

    ``any`` outsiders and ``any_region`` region suppliers other than the member itself are cut besides, whichever
    are worst; they lose ``fraction``. ``start`` and ``months`` count from the first month of the crisis;
    ``months`` None lasts to the end.
    """

    name: str
    cut: Mapping[str, float]
    goods: tuple[str, ...] | None = None
    start: int = 1
    months: int | None = None
    all_outsiders: bool = False
    fraction: float = 1.0
    any: int = 0
    any_region: int = 0


@dataclass(frozen=True)
class Substitutes:
    """Goods that may stand in for each other in a crisis: ``goods`` maps each to what one unit of it is worth.

    ``limit`` maps each to the largest part of its crisis demand that others may stand in for.
    """

    name: str
    goods: Mapping[str, float]
    limit: Mapping[str, float]


@dataclass(frozen=True)
class Ground:
    """What an assumption stands on: its source and, where given, its range, who answers for it, how sure it is."""

    source: str
    low: float | None = None
    high: float | None = None
    owner: str | None = None
    confidence: str | None = None


@dataclass(frozen=True)
class Setting:
    """A parameter's value for one good, where it was set and on which ground."""

    value: Any
    set_in: str
    ground: Ground


@dataclass(frozen=True)
class CaseFile:
    """A checked case file; ``raw`` is the TOML document after overrides."""

    path: Path
    title: str
    description: str
    dataset: Path
    year: int
    members: tuple[str, ...]  # countries or coalition names
    region: Mapping[str, float | None]  # country or coalition → credit, None = the coalition's own
    goods: tuple[str, ...] | None
    cutoffs: tuple[Cutoff, ...]
    compare: tuple[str, ...]
    caps: bool
    substitutes: tuple[Substitutes, ...]
    essential: Mapping[str, tuple[str, ...]]
    content: Mapping[str, Any]
    raw: Mapping[str, Any] = field(repr=False)
    rests: bool = True
    # The file of which this one is a variant, and the parameters in which it may differ.
    origin: tuple[CaseFile, tuple[str, ...]] | None = field(default=None, repr=False, compare=False)
    _settings: dict[tuple[str, str], dict[str, Setting]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def settings(self, good: str, category: str) -> Mapping[str, Setting]:
        """All parameters for one good: its override, its category's override, the section, the default."""
        found = self._settings.get((good, category))
        if found is None:
            known: Mapping[str, Setting] = {}
            names: Iterable[str] = PARAMETERS
            if self.origin is not None:
                origin, names = self.origin
                known = origin.settings(good, category)
            found = {**known, **{name: self._setting(name, good, category) for name in names}}
            self._settings[good, category] = found
        return found

    def _setting(self, name: str, good: str, category: str) -> Setting:
        parameter = PARAMETERS[name]
        overrides = self.raw.get("goods_override", {})
        places = [(f"goods_override.{key}", overrides.get(key, {})) for key in (good, category)]
        places.append((parameter.section, self.raw.get(parameter.section, {})))
        for place, table in places:
            if name not in table:
                continue
            value = table[name]
            where = f"{place}.{name}"
            if isinstance(value, Mapping) and not is_surge(value):
                key = next((key for key in (good, category, "default") if key in value), None)
                if key is None:
                    continue
                value, where = value[key], f"{where}.{key}"
            return Setting(_as_value(parameter, value), where, ground_of(self.raw, where))
        return Setting(parameter.default, "default", Ground("default of the tool"))

    def burden(self, name: str, good: str, category: str) -> Setting:
        """A number of ``[burden]`` for one good; its value None is unknown."""
        value, where = number_for(self.raw.get("burden", {}), name, good, category)
        declared = Ground(BURDEN[name].ground, BURDEN[name].low, BURDEN[name].high)
        return Setting(value, where, declared if where == "default" else ground_of(self.raw, where))

    @property
    def document(self) -> dict[str, str]:
        """How the result presents itself, only what the case gives; a date as year-month-day."""
        return {key: str(value).strip() for key, value in self.raw.get("document", {}).items()}


def ground_of(raw: Mapping[str, Any], where: str) -> Ground:
    """What a document says a number stands on, by the dotted name under which it is set."""
    grounds = raw.get("grounds", {})
    parts = where.split(".")
    for key in (".".join(parts[1:]), parts[-1], parts[1]):
        if key in grounds:
            found = grounds[key]
            return Ground(**found) if isinstance(found, Mapping) else Ground(str(found))
    return Ground("assumed")


def is_surge(value: Mapping[str, Any]) -> bool:
    """Whether a table is one surge, and not a table of surges by good or category."""
    return bool(value) and set(value) <= {"delay", "rate", "max"}


def _holds_tables(value: Mapping[str, Any]) -> bool:
    return any(isinstance(below, Mapping) for below in value.values())


def _as_value(parameter: Parameter, value: Any) -> Any:
    if parameter.kind == "surge":
        return Surge(**{key: float(number) for key, number in value.items()})
    if parameter.kind == "profile":
        return tuple(float(number) for number in value)
    if parameter.kind == "number":
        return float(value)
    return value


def nearest(word: str, known: Iterable[str]) -> str:
    """``; did you mean "…"?`` for the known word nearest to ``word``, or the list of known words."""
    known = [str(name) for name in known]
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if not close:
        lowered = {name.lower(): name for name in known}
        close = [lowered[name] for name in difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.5)]
    if close:
        return f'; did you mean "{close[0]}"?'
    return f"; known are {', '.join(known[:20])}{' …' if len(known) > 20 else ''}"


def read_case(
    path: str | Path,
    *,
    overrides: Sequence[str] = (),
    goods: Sequence[str] = (),
    members: Sequence[str] = (),
    year: int | None = None,
    inputs: Callable[[dict[str, Any], list[tuple[str, str]]], None] | None = None,
) -> tuple[CaseFile | None, Path | None, list[Finding]]:
    """Read a case file, put in what ``inputs`` brings (given the document and a list for problems), then apply
    ``key=value`` overrides.

    Gives the case (None if a key does not fit), the folder of its data set if that is known, and every
    finding. Raises :class:`~resilience.errors.InputError` if the file cannot be read as TOML at all. Names of
    countries, coalitions and goods are checked later, against the data set.
    """
    path = Path(path)
    raw = _read_toml(path)
    problems: list[tuple[str, str]] = []
    if inputs is not None:
        inputs(raw, problems)
    for override in overrides:
        _override(raw, override, problems)
    if goods:
        raw["goods"] = list(goods)
    if members:
        raw["members"] = list(members)
    if year is not None:
        raw["year"] = year
    return case_file(path, raw, problems)


def case_file(
    path: Path, raw: dict[str, Any], problems: Sequence[tuple[str, str]] = ()
) -> tuple[CaseFile | None, Path | None, list[Finding]]:
    """Check a TOML document that was read; gives what :func:`read_case` gives. ``problems`` are (key, message)."""
    problems = list(problems)
    _Checker(raw, problems).check()
    folder = path.parent / raw["dataset"] if isinstance(raw.get("dataset"), str) else None
    findings = [Finding("error", path.name, None, key or None, message) for key, message in problems]
    if findings or folder is None:
        return None, folder, findings
    members_raw = raw["members"]
    case = CaseFile(
        path=path,
        title=str(raw.get("title", path.stem)),
        description=str(raw.get("description", "")).strip(),
        dataset=folder,
        year=raw["year"],
        members=(members_raw,) if isinstance(members_raw, str) else tuple(members_raw),
        region=_region(raw.get("region", members_raw)),
        goods=tuple(raw["goods"]) if raw.get("goods") else None,
        cutoffs=cutoffs_of(raw),
        compare=tuple(raw.get("compare", ())),
        caps=bool(raw.get("caps", False)),
        substitutes=tuple(_substitutes(item, n) for n, item in enumerate(raw.get("substitutes", ()), start=1)),
        essential={
            good: (names,) if isinstance(names, str) else tuple(names)
            for good, names in raw.get("essential", {}).items()
        },
        content=dict(raw.get("content", {})),
        raw=raw,
        rests=bool(raw.get("rests", True)),
    )
    return case, folder, findings


def variant(file: CaseFile, raw: dict[str, Any], names: Iterable[str]) -> tuple[CaseFile | None, list[Finding]]:
    """The case file with another document, which differs from its own under some dotted ``names`` of parameters
    and of numbers of cutoffs only.

    The same as :func:`case_file` of the document; only what may differ is checked and read anew.
    """
    parts = [name.split(".") for name in names]
    tables = {first for first, *_ in parts}
    problems: list[tuple[str, str]] = []
    _Checker(raw, problems).check_numbers(tables)
    findings = [Finding("error", file.path.name, None, key or None, message) for key, message in problems]
    if findings:
        return None, findings
    touched = dict.fromkeys(part for first, *rest in parts if first != "cutoffs" for part in rest)
    changed = tuple(name for name in touched if name in PARAMETERS)
    cutoffs = cutoffs_of(raw) if "cutoffs" in tables else file.cutoffs
    return replace(file, cutoffs=cutoffs, raw=raw, origin=(file, changed)), findings


def path_of(raw: Mapping[str, Any], name: str) -> list[str]:
    """The keys on the way to a dotted name in a document; a cutoff's name is one key, whatever dots are in it."""
    first, *rest = name.split(".")
    if first == "cutoffs":
        known = cutoff_names(raw.get("cutoffs", []))
        for n in range(len(rest), 0, -1):
            if ".".join(rest[:n]) in known:
                return [first, ".".join(rest[:n]), *rest[n:]]
    return [first, *rest]


def cutoff_names(cutoffs: Any) -> list[str]:
    """The names of the cutoffs of a document; one without a name is called after its place, "cutoff 1"."""
    items = cutoffs if isinstance(cutoffs, list) else []
    tables = [item if isinstance(item, Mapping) else {} for item in items]
    return [str(item.get("name", _unnamed(number))) for number, item in enumerate(tables, start=1)]


def _unnamed(number: int) -> str:
    return f"cutoff {number}"


def _read_toml(path: Path) -> dict[str, Any]:
    def refuse(message: str) -> InputError:
        return InputError([Finding("error", path.name, None, None, message)])

    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        near = sorted(p.name for p in path.parent.glob("*.toml")) if path.parent.is_dir() else []
        hint = nearest(path.name, near) if near else ""
        raise refuse(f"there is no case file {path}{hint}") from None
    except IsADirectoryError:
        raise refuse(f"{path} is a folder; name a case file (.toml) in it") from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise refuse(f"line {line} is not UTF-8; save the file as UTF-8 in your editor") from None
    except OSError as error:
        raise refuse(f"{path} cannot be read: {error.strerror}") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise refuse(f"this is not valid TOML: {error}{_toml_hint(text, str(error))}") from None


def _toml_hint(text: str, error: str) -> str:
    """The line that TOML does not accept, and what is usually wrong with it."""
    found = re.search(r"at line (\d+)", error)
    if not found:
        return ""
    line = text.splitlines()[int(found[1]) - 1].strip()
    hint = "text needs straight double quotes, numbers a decimal point, yes and no are true and false"
    if "\\" in line:
        hint = "write / in paths, also on Windows"
    elif "“" in line or "”" in line:
        hint = 'use straight quotes " in place of curly ones'
    return f'; the line reads "{line}"; {hint}'


def _override(raw: dict[str, Any], text: str, problems: list[tuple[str, str]]) -> None:
    key, equals, value_text = text.partition("=")
    key = key.strip()
    if not equals or not key:
        problems.append(("", f'--set takes key=value, for example survival.months=6; got "{text}"'))
        return
    try:
        value = tomllib.loads(f"value = {value_text.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        value = value_text.strip()  # a bare word is a name
    put(raw, key, value, problems)


def put(raw: dict[str, Any], key: str, value: Any, problems: list[tuple[str, str]]) -> None:
    """Set one number of a document by its dotted name; what stands in the way goes to ``problems``."""
    parts = path_of(raw, key)
    table: Any = raw
    for part in parts[:-1]:
        if isinstance(table, list):
            names = cutoff_names(table)
            if part not in names:
                problems.append((key, f'no cutoff is called "{part}"{nearest(part, names)}'))
                return
            table = table[names.index(part)]
        else:
            below = table.setdefault(part, {})
            if not isinstance(below, (dict, list)):
                # A number for all goods becomes a table that keeps it as the default.
                below = table[part] = {"default": below}
            table = below
    if isinstance(table, list):
        problems.append((key, "name the cutoff as well, for example cutoffs.China.fraction=0.5"))
        return
    table[parts[-1]] = copy.deepcopy(value)


class _Checker:
    """Walks the TOML document once and collects (key, message) pairs."""

    def __init__(self, raw: dict[str, Any], problems: list[tuple[str, str]]):
        self.raw = raw
        self.problems = problems

    def say(self, key: str, message: str) -> None:
        self.problems.append((key, message))

    def keys(self, table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
        for key in table:
            if key not in known:
                elsewhere = PARAMETERS.get(key)
                if key == "case" and not where:
                    self.say(key, "this is a study of another case; use: resilience study FILE --out FOLDER")
                    continue
                hint = (
                    f"; it belongs under [{elsewhere.section}]" if elsewhere and not where else nearest(key, known)
                )
                self.say(f"{where}.{key}" if where else key, f'unknown key "{key}"{hint}')

    def check(self) -> None:
        raw = self.raw
        self.keys(raw, TOP_KEYS, "")
        for key, kind, example in (
            ("dataset", str, '"../data/trade_flows"'),
            ("year", int, "2024"),
            ("members", (str, list), '"G7" or ["DEU", "FRA"]'),
            ("cutoffs", list, '[[cutoffs]] with name = "China" and cut = ["CHN"]'),
        ):
            if key not in raw or raw[key] == []:
                self.say(key, f'the case needs "{key}", for example {example}')
            elif not isinstance(raw[key], kind) or isinstance(raw[key], bool):
                self.say(key, f"{raw[key]!r} does not fit; write for example {example}")
                raw[key] = [] if key == "cutoffs" else raw[key]
        for key in ("title", "description"):
            if not isinstance(raw.get(key, ""), str):
                self.say(key, f"{raw[key]!r} is not a text")
        self.names("members", raw.get("members", "G7"))
        self.check_region(raw.get("region", "G7"))
        if "goods" in raw:
            if isinstance(raw["goods"], str):
                raw["goods"] = [raw["goods"]]
            self.names("goods", raw["goods"])
        if "compare" in raw:
            self.names("compare", raw["compare"])
            raw["compare"] = [raw["compare"]] if isinstance(raw["compare"], str) else raw["compare"]
        for key in ("caps", "rests"):
            if not isinstance(raw.get(key, False), bool):
                self.say(key, f"{raw[key]!r} is neither true nor false")
        self.check_grounds(raw.get("grounds", {}))
        self.check_document(raw.get("document", {}))
        self.check_numbers((*SECTIONS, "goods_override", "cutoffs"))
        self.check_groups()
        essential = raw.get("essential", {})
        if not isinstance(essential, Mapping):
            self.say("essential", 'must be a table, for example essential = {magnets = ["rare_earth_compounds"]}')
            raw["essential"] = {}
        for good, names_of in raw.get("essential", {}).items():
            self.names(f"essential.{good}", names_of)
        content = raw.get("content", {})
        if not isinstance(content, Mapping):
            self.say("content", "must be a table, [content]")
        else:
            self.keys(content, CONTENT_KEYS, "content")
            for key in CONTENT_KEYS:
                if not isinstance(content.get(key, False), bool):
                    self.say(f"content.{key}", f"{content[key]!r} is neither true nor false")

    def check_numbers(self, tables: Collection[str]) -> None:
        """The tables of parameters, their overrides and the cutoffs, as far as they are named."""
        raw = self.raw
        for section in SECTIONS:
            if section not in tables:
                continue
            table = raw.get(section, {})
            if not isinstance(table, Mapping):
                self.say(section, f"must be a table, [{section}]")
                continue
            known = [name for name, parameter in PARAMETERS.items() if parameter.section == section]
            self.keys(table, known, section)
            for name in known:
                if name in table:
                    self.parameter(PARAMETERS[name], table[name], f"{section}.{name}")
        overrides = raw.get("goods_override", {}) if "goods_override" in tables else {}
        if not isinstance(overrides, Mapping):
            self.say("goods_override", "must be tables, [goods_override.NAME]")
            overrides = {}
        for name, table in overrides.items():
            where = f"goods_override.{name}"
            if not isinstance(table, Mapping):
                self.say(where, f"must be a table, [goods_override.{name}]")
                continue
            self.keys(table, PARAMETERS, where)
            for key in table:
                if key in PARAMETERS:
                    self.parameter(PARAMETERS[key], table[key], f"{where}.{key}")
        names: set[str] = set()
        for number, item in enumerate((raw.get("cutoffs") or []) if "cutoffs" in tables else [], start=1):
            self.cutoff(item, number, names)

    def check_groups(self) -> None:
        """The groups of substitutes."""
        raw, grouped = self.raw, set[str]()
        if not isinstance(raw.get("substitutes", []), list):
            self.say("substitutes", "must be tables, [[substitutes]]")
            raw["substitutes"] = []
        for number, item in enumerate(raw.get("substitutes", []), start=1):
            self.group(item, number, grouped)
        self.burden(raw.get("burden", {}))
        self.problems += problems_of_sanctions(raw, nearest)

    def burden(self, table: Any) -> None:
        if not isinstance(table, Mapping):
            self.say("burden", "must be a table, [burden]")
            return
        self.keys(table, BURDEN, "burden")
        for name, value in table.items():
            if name in BURDEN:
                for key, number in value.items() if isinstance(value, Mapping) else [("", value)]:
                    where = f"burden.{name}{'.' + key if key else ''}"
                    self.number(where, number, BURDEN[name].least, BURDEN[name].most)

    def check_grounds(self, grounds: Any) -> None:
        if not isinstance(grounds, Mapping):
            self.say("grounds", "must be a table of parameter = reason")
            return
        for key, given in grounds.items():
            where = f"grounds.{key}"
            if not isinstance(given, Mapping):
                if not isinstance(given, str):
                    self.say(where, f'{given!r} is neither a text nor a table; write {{source = "…"}}')
                continue
            self.keys(given, GROUND_KEYS, where)
            if "source" not in given:
                self.say(where, 'a ground needs its source, for example source = "assumed: a tenth is saved"')
            for name in ("source", "owner", "confidence"):
                if not isinstance(given.get(name, ""), str):
                    self.say(f"{where}.{name}", f"{given[name]!r} is not a text")
            ends = [
                self.number(f"{where}.{end}", given[end], -math.inf, math.inf)
                for end in ("low", "high")
                if end in given
            ]
            if ends == [True, True] and given["low"] > given["high"]:
                self.say(f"{where}.low", f"{given['low']!r} is above high, {given['high']!r}")
            sure = given.get("confidence", CONFIDENCES[0])
            if isinstance(sure, str) and sure not in CONFIDENCES:
                message = f'"{sure}" is not a confidence; known are {", ".join(CONFIDENCES)}'
                self.say(f"{where}.confidence", message)

    def check_document(self, document: Any) -> None:
        if not isinstance(document, Mapping):
            self.say("document", "must be a table, [document]")
            return
        self.keys(document, DOCUMENT_KEYS, "document")
        for key in DOCUMENT_KEYS:
            value = document.get(key, "")
            if not isinstance(value, str) and not (key == "date" and isinstance(value, datetime.date)):
                self.say(f"document.{key}", f"{value!r} is not a {'date or a ' if key == 'date' else ''}text")
        marking = document.get("marking", "")
        if isinstance(marking, str) and len(marking) > LONGEST_MARKING:
            self.say(
                "document.marking",
                f"{len(marking)} characters do not fit a page header; at most {LONGEST_MARKING}",
            )

    def names(self, key: str, value: Any) -> None:
        if isinstance(value, str) and value:
            return
        if not isinstance(value, list) or not value or not all(isinstance(name, str) for name in value):
            self.say(key, f"{value!r} is neither a name nor a list of names")

    def check_region(self, value: Any) -> None:
        if not isinstance(value, Mapping):
            self.names("region", value)
            return
        for name, credit in value.items():
            self.number(f"region.{name}", credit, 0.0, 1.0)

    def number(self, key: str, value: Any, least: float, most: float) -> bool:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
            self.say(key, f"{value!r} is not a number")
            return False
        if not least <= value <= most:
            upper = "" if math.isinf(most) else f" and at most {most:g}"
            self.say(key, f"{value!r} is out of range: at least {least:g}{upper}")
            return False
        return True

    def parameter(self, parameter: Parameter, value: Any, where: str) -> None:
        if isinstance(value, Mapping) and not (parameter.kind == "surge" and is_surge(value)):
            if parameter.kind == "surge" and not all(isinstance(below, Mapping) for below in value.values()):
                for key in value:
                    if key not in ("delay", "rate", "max"):
                        self.say(f"{where}.{key}", f'unknown key "{key}"{nearest(key, ("delay", "rate", "max"))}')
                return
            for key, below in value.items():
                if isinstance(below, Mapping) and (parameter.kind != "surge" or _holds_tables(below)):
                    self.say(f"{where}.{key}", "a table below a good or category; give it one value")
                else:
                    self.parameter(parameter, below, f"{where}.{key}")
            return
        if parameter.kind == "surge":
            if not isinstance(value, Mapping):
                self.say(where, f"{value!r} is not a surge; write {{delay = 1, rate = 0.02, max = 0.20}}")
                return
            for key, number in value.items():
                self.number(f"{where}.{key}", number, SURGE_PARTS[key].least, SURGE_PARTS[key].most)
        elif parameter.kind == "flag":
            if not isinstance(value, bool):
                self.say(where, f"{value!r} is neither true nor false")
        elif parameter.kind == "profile":
            if not isinstance(value, list) or not value:
                self.say(where, f"{value!r} is not a list of monthly multiples with mean 1")
            elif all(self.number(f"{where}[{n}]", x, 0.0, math.inf) for n, x in enumerate(value, 1)):
                mean = sum(value) / len(value)
                if abs(mean - 1.0) > 1e-6:
                    self.say(where, f"the monthly multiples have mean {mean:.6g}, they must have mean 1")
        elif parameter.kind == "months":
            if isinstance(value, bool) or not isinstance(value, int):
                self.say(where, f"{value!r} is not a whole number of {parameter.unit}")
            else:
                self.number(where, value, parameter.least, parameter.most)
        else:
            self.number(where, value, parameter.least, parameter.most)

    def group(self, item: Any, number: int, grouped: set[str]) -> None:
        where = f"substitutes.{item.get('name', number) if isinstance(item, Mapping) else number}"
        if not isinstance(item, Mapping):
            self.say(where, "must be tables, [[substitutes]]")
            return
        self.keys(item, SUBSTITUTES_KEYS, where)
        goods = item.get("goods")
        if not isinstance(goods, Mapping) or len(goods) < 2:
            self.say(
                f"{where}.goods",
                "name at least two goods and what one unit of each is worth, for example "
                "goods = {wheat = 1.0, maize = 1.1}",
            )
            return
        for name, rate in goods.items():
            if self.number(f"{where}.goods.{name}", rate, 0.0, math.inf) and rate == 0:
                self.say(f"{where}.goods.{name}", "0 would stand in for nothing; leave the good out")
            if name in grouped:
                self.say(f"{where}.goods.{name}", f'"{name}" is in another group already; a good has one group')
            grouped.add(name)
        limit = item.get("limit", 1.0)
        for name, part in (limit if isinstance(limit, Mapping) else {"": limit}).items():
            if name and name not in goods and name != "default":
                self.say(f"{where}.limit.{name}", f'"{name}" is not in goods{nearest(name, goods)}')
            self.number(f"{where}.limit{'.' + name if name else ''}", part, 0.0, 1.0)

    def cutoff(self, item: Any, number: int, names: set[str]) -> None:
        if not isinstance(item, Mapping):
            self.say("cutoffs", "must be tables, [[cutoffs]]")
            return
        name = item.get("name", _unnamed(number))
        where = f"cutoffs.{name}"
        self.keys(item, CUTOFF_KEYS, where)
        if not isinstance(name, str) or not name:
            self.say(where, f"the name {name!r} is not a text")
        elif name in names or name == "ALL":
            taken = "ALL stands for all cutoffs" if name == "ALL" else "the name is taken"
            self.say(where, f"{taken}; every cutoff needs a name of its own")
        names.add(str(name))
        for key in ("any", "any_region"):
            value = item.get(key, 1)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                self.say(f"{where}.{key}", f"{value!r} is not a whole number of suppliers, at least 1")
        if "cut" in item:
            self.names(f"{where}.cut", item["cut"])
        elif not item.get("all_outsiders") and not {"any", "any_region"} & set(item):
            self.say(where, 'say who is cut, for example cut = ["CHN"], any = 1 or all_outsiders = true')
        if not isinstance(item.get("all_outsiders", False), bool):
            self.say(f"{where}.all_outsiders", f"{item['all_outsiders']!r} is neither true nor false")
        fraction = item.get("fraction", 1.0)
        if isinstance(fraction, Mapping):
            cut = [item["cut"]] if isinstance(item.get("cut"), str) else item.get("cut", [])
            for key, number_ in fraction.items():
                if key != "default" and key not in cut:
                    self.say(f"{where}.fraction.{key}", f'"{key}" is not in cut{nearest(key, cut)}')
                self.number(f"{where}.fraction.{key}", number_, 0.0, 1.0)
        else:
            self.number(f"{where}.fraction", fraction, 0.0, 1.0)
        if "goods" in item:
            self.names(f"{where}.goods", item["goods"])
        for key in ("start", "months"):
            value = item.get(key, 1)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                self.say(f"{where}.{key}", f"{value!r} is not a whole number of months, at least 1")


def cutoffs_of(raw: Mapping[str, Any]) -> tuple[Cutoff, ...]:
    """The cutoffs of a document that was checked."""
    return tuple(_cutoff(item, number) for number, item in enumerate(raw["cutoffs"], start=1))


def _region(value: Any) -> dict[str, float | None]:
    if isinstance(value, str):
        return {value: None}
    if isinstance(value, Mapping):
        return {str(name): float(credit) for name, credit in value.items()}
    return {str(name): None for name in value}


def _cutoff(item: Mapping[str, Any], number: int) -> Cutoff:
    cut = item.get("cut", [])
    cut = [cut] if isinstance(cut, str) else cut
    fraction = item.get("fraction", 1.0)
    table = fraction if isinstance(fraction, Mapping) else {"default": fraction}
    default = float(table.get("default", 1.0))
    goods = item.get("goods")
    return Cutoff(
        name=item.get("name", _unnamed(number)),
        cut={name: float(table.get(name, default)) for name in cut},
        goods=None if goods is None else ((goods,) if isinstance(goods, str) else tuple(goods)),
        start=item.get("start", 1),
        months=item.get("months"),
        all_outsiders=bool(item.get("all_outsiders", False)),
        fraction=default,
        any=item.get("any", 0),
        any_region=item.get("any_region", 0),
    )


def _substitutes(item: Mapping[str, Any], number: int) -> Substitutes:
    goods = {str(name): float(rate) for name, rate in item["goods"].items()}
    limit = item.get("limit", 1.0)
    table = limit if isinstance(limit, Mapping) else {"default": limit}
    default = float(table.get("default", 1.0))
    limits = {name: float(table.get(name, default)) for name in goods}
    return Substitutes(str(item.get("name", f"group {number}")), goods, limits)
