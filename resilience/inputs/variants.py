"""A case with other values: what a study changes from point to point.

Every variant starts from the case as written. Numbers of ``[survival]``, ``[response]``, ``[goods_override]`` and
of a cutoff are put into a copy of its document; whatever else is changed (members, region, goods, the list of
cutoffs, the year) is checked against the data set anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from resilience.errors import Finding, InputError
from resilience.inputs.case import Case, resolve, unknown_keys
from resilience.inputs.casefile import case_file, path_of, variant
from resilience.inputs.checks import cutoff_names
from resilience.inputs.parameters import CUTOFF_KEYS, PARAMETERS, SECTIONS, Surge
from resilience.inputs.suggestions import nearest

LISTS = ("cutoffs", "region", "members", "goods")
# What changes no family of goods, and cannot make up a case that is refused (any of both sides under solidarity).
PLAIN = {name for name, parameter in PARAMETERS.items() if parameter.kind != "flag"}
NUMBERS_OF_CUTOFFS = ("fraction", "start", "months")

Change = Callable[[Any], Any]


def vary(case: Case, values: Mapping[str, Any], how: Mapping[str, str] | None = None) -> Case:
    """The case with other values: dotted name → value, as ``--set`` takes them.

    ``how`` says for each name whether a value is put there ("set", the default), multiplies the numbers that are
    there ("times") or is added to them ("plus"). ``cutoffs`` takes names of the case's cutoffs, ``region``,
    ``members`` and ``goods`` take what the case file takes. Raises :class:`~resilience.errors.InputError` if a
    value does not fit.
    """
    how = how or {}
    raw = dict(case.file.raw)
    plain = True
    for name, value in values.items():
        if name == "cutoffs":
            raw["cutoffs"] = _chosen(case, raw["cutoffs"], value)
        elif name in (*LISTS, "year"):
            raw[name] = value
        else:
            change = _as_change(name, value, how.get(name, "set"), case.file.path.name)
            _change(raw, path_of(raw, name), change, default_of(name), case.file.path.name)
        plain &= is_plain(name)
    if plain:
        file, findings = variant(case.file, raw, values)
        findings = findings or unknown_keys(case.file if file is None else file, case.data.categories)
    else:
        file, _, findings = case_file(case.file.path, raw)
    if file is None or (plain and findings):
        raise InputError(findings)
    if plain:
        return replace(case, file=file)
    return resolve(file, case.data, case.data.findings)


def is_plain(name: str) -> bool:
    """Whether a name stands for a number that leaves members, suppliers and families of goods as they are."""
    first, *rest = name.split(".")
    if first == "cutoffs":
        of_country = len(rest) > 2 and rest[-2] == "fraction" and rest[-1] not in CUTOFF_KEYS
        return len(rest) > 1 and (rest[-1] in NUMBERS_OF_CUTOFFS or of_country)
    return first in (*SECTIONS, "goods_override") and any(part in PLAIN for part in rest)


def _as_change(name: str, value: Any, how: str, file: str) -> Change:
    if how == "set":
        return lambda _: value

    def number(old: Any) -> float:
        if isinstance(old, bool) or not isinstance(old, (int, float)):
            message = f"{'nothing' if old is None else repr(old)} stands there, which is no number; set a value"
            raise InputError([Finding("error", file, None, name, message)])
        new = old * value if how == "times" else old + value
        return int(new) if isinstance(old, int) and float(new).is_integer() else new

    def change(old: Any) -> Any:
        if isinstance(old, Mapping):
            return {key: change(below) for key, below in old.items()}
        return number(old)

    return change


def _chosen(case: Case, raw: list[Any], names: Any) -> list[Any]:
    """Those of the cutoffs, as they stand now, that are named."""
    wanted = [names] if isinstance(names, str) else list(names)
    known = {cutoff.name: item for cutoff, item in zip(case.file.cutoffs, raw, strict=True)}
    for name in wanted:
        if name not in known:
            message = f'no cutoff is called "{name}"{nearest(name, known)}'
            raise InputError([Finding("error", case.file.path.name, None, "cutoffs", message)])
    return [known[name] for name in known if name in wanted]


def _change(table: Any, path: list[str], change: Change, default: Any, file: str) -> None:
    """Change one entry; the tables on the way are copied, so that the document they came from stays as it is."""
    first, *rest = path
    if isinstance(table, list):
        names = cutoff_names(table)
        if first not in names:
            message = f'no cutoff is called "{first}"{nearest(first, names)}'
            raise InputError([Finding("error", file, None, "cutoffs", message)])
        key: Any = names.index(first)
    else:
        key = first
    old = table[key] if isinstance(table, list) else table.get(key)
    if not rest:
        table[key] = change(default if old is None else old)
        return
    if isinstance(old, list):
        below: Any = list(old)
    elif isinstance(old, Mapping):
        below = dict(old)
    else:
        # A number for all goods becomes a table that keeps it as the default.
        below = {} if old is None else {"default": old}
    table[key] = below
    _change(below, rest, change, default, file)


def default_of(name: str) -> Any:
    """What a number is where the case says nothing; None if that is no number of its own."""
    first, *rest = name.split(".")
    if first == "cutoffs":
        return {"fraction": 1.0, "start": 1}.get(rest[-1])
    if first not in SECTIONS or not rest or rest[0] not in PARAMETERS:
        return None
    default = PARAMETERS[rest[0]].default
    if isinstance(default, Surge):
        numbers = asdict(default)
        return numbers if len(rest) == 1 else numbers.get(rest[1])
    return default if len(rest) == 1 else None
