"""Case files: what the analyst asks, read from TOML, changed by overrides and checked."""

from __future__ import annotations

import copy
import difflib
import hashlib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from resilience.errors import Finding, InputError
from resilience.inputs.burden_settings import BURDEN, number_for
from resilience.inputs.checks import Problems, check_document, check_numbers, cutoff_names, unnamed
from resilience.inputs.parameters import PARAMETERS, Parameter, Surge, is_surge
from resilience.inputs.suggestions import nearest

MOST_LISTED = 20  # case files named in one finding
DEFAULT_OF_TOOL = "default of the tool"  # the ground of a number that the case leaves out


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

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that differ where the document does."""
        return hashlib.sha256(repr(self.raw).encode()).hexdigest()[:16]

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
        return Setting(parameter.default, "default", Ground(DEFAULT_OF_TOOL))

    def burden(self, name: str, good: str, category: str) -> Setting:
        """A number of ``[burden]`` for one good; its value None is unknown."""
        value, where = number_for(self.raw.get("burden", {}), name, good, category)
        declared = Ground(BURDEN[name].ground, BURDEN[name].low, BURDEN[name].high)
        return Setting(value, where, declared if where == "default" else ground_of(self.raw, where))

    @property
    def document(self) -> dict[str, str]:
        """How the result presents itself, only what the case gives; a date as year-month-day."""
        return {key: str(value).strip() for key, value in self.raw.get("document", {}).items()}


def ground_of(raw: Mapping[str, Any], where: str, otherwise: str = "assumed") -> Ground:
    """What a document says a number stands on, by the dotted name under which it is set.

    A number of a cutoff stands on its own ground, ``"cutoffs.China.fraction"``, or on that of the whole cutoff,
    ``"cutoffs.China"``; ``otherwise`` is the source where none is given.
    """
    grounds = raw.get("grounds", {})
    parts = path_of(raw, where)
    keys = [".".join(parts[1:]), parts[-1], parts[1]]
    if parts[0] == "cutoffs":
        keys = [".".join(parts[:n]) for n in range(len(parts), 1, -1)]
    for key in keys:
        if key in grounds:
            found = grounds[key]
            return Ground(**found) if isinstance(found, Mapping) else Ground(str(found))
    return Ground(otherwise)


def cutoff_settings(raw: Mapping[str, Any]) -> dict[str, Setting]:
    """What the cutoffs of a document that was checked say, by the dotted names that ``--set`` and studies use.

    The value None stands for all goods and for a cutoff that lasts to the end.
    """
    found = {}
    for name, item in zip(cutoff_names(raw["cutoffs"]), raw["cutoffs"], strict=True):
        fraction = item.get("fraction", 1.0)
        values = {key: item[key] for key in ("cut", "any", "any_region", "all_outsiders") if item.get(key)}
        values |= (
            {f"fraction.{of}": part for of, part in {"default": 1.0, **fraction}.items()}
            if isinstance(fraction, Mapping)
            else {"fraction": fraction}
        )
        values |= {"goods": item.get("goods"), "start": item.get("start", 1), "months": item.get("months")}
        for key, value in values.items():
            where = f"cutoffs.{name}.{key}"
            given = number_in(raw, where) is not None
            ground = ground_of(raw, where, "assumed" if given else DEFAULT_OF_TOOL)
            found[where] = Setting(value, where if given else "default", ground)
    return found


def _as_value(parameter: Parameter, value: Any) -> Any:
    if parameter.kind == "surge":
        return Surge(**{key: float(number) for key, number in value.items()})
    if parameter.kind == "profile":
        return tuple(float(number) for number in value)
    if parameter.kind == "number":
        return float(value)
    return value


def read_case(
    path: str | Path,
    *,
    overrides: Sequence[str] = (),
    goods: Sequence[str] = (),
    members: Sequence[str] = (),
    year: int | None = None,
    inputs: Callable[[dict[str, Any], Problems], None] | None = None,
) -> tuple[CaseFile | None, Path | None, list[Finding]]:
    """Read a case file, put in what ``inputs`` brings (given the document and a list for problems), then apply
    ``key=value`` overrides.

    Gives the case (None if a key does not fit), the folder of its data set if that is known, and every
    finding. Raises :class:`~resilience.errors.InputError` if the file cannot be read as TOML at all. Names of
    countries, coalitions and goods are checked later, against the data set.
    """
    path = Path(path)
    raw = read_toml(path)
    problems: Problems = []
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
    check_document(raw, problems)
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
    problems: Problems = []
    check_numbers(raw, tables, problems)
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


def read_toml(path: Path) -> dict[str, Any]:
    """The document of a case file. Raises :class:`~resilience.errors.InputError` if there is none in it."""

    def refuse(message: str) -> InputError:
        return InputError([Finding("error", path.name, None, None, message)])

    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise refuse(f"there is no case file {path}{_near_cases(path)}") from None
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


def _near_cases(path: Path) -> str:
    """The case file that a path probably means, in its folder or in ``models``, or those there are."""
    found: dict[str, Path] = {}
    for folder in (path.parent, Path("models")):
        if folder.is_dir():
            for file in sorted(folder.glob("*.toml")):
                if file.name != "pyproject.toml":
                    found.setdefault(file.stem, file)
    if not found:
        return ""
    stem = path.stem if path.suffix.lower() == ".toml" else path.name
    close = difflib.get_close_matches(stem, found, n=1, cutoff=0.6)
    if close:
        return f'; did you mean "{found[close[0]].as_posix()}"?'
    listed = [file.as_posix() for file in found.values()]
    return f"; known are {', '.join(listed[:MOST_LISTED])}{' …' if len(listed) > MOST_LISTED else ''}"


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


def _override(raw: dict[str, Any], text: str, problems: Problems) -> None:
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


def put(raw: dict[str, Any], key: str, value: Any, problems: Problems) -> None:
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


def number_in(raw: Mapping[str, Any], name: str) -> Any:
    """What the document of the case holds under a dotted name; None if nothing."""
    found: Any = raw
    for part in path_of(raw, name):
        if isinstance(found, list):
            found = dict(zip(cutoff_names(found), found, strict=True)).get(part)
        elif isinstance(found, Mapping):
            found = found.get(part)
        else:
            return None
    return found


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
        name=item.get("name", unnamed(number)),
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
