"""A case with other values: what a study changes from point to point.

Every variant starts from the case as written. Numbers of ``[survival]``, ``[response]``, ``[goods_override]`` and
of a cutoff are put into a copy of its document; whatever else is changed (members, region, goods, the list of
cutoffs, the year) is checked against the data set anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from resilience.case import Case, resolve
from resilience.casefile import PARAMETERS, SECTIONS, case_file, nearest
from resilience.errors import Finding, InputError

LISTS = ("cutoffs", "region", "members", "goods")
PLAIN = {name for name, parameter in PARAMETERS.items() if parameter.name != "chains"}  # change no family of goods
NUMBERS_OF_CUTOFFS = ("fraction", "start", "months", "any", "any_region")

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
            raw["cutoffs"] = _chosen(case, value)
        elif name in (*LISTS, "year"):
            raw[name] = value
        else:
            _change(raw, name.split("."), _as_change(value, how.get(name, "set")), case.file.path.name)
        plain &= is_plain(name)
    file, _, findings = case_file(case.file.path, raw)
    if file is None:
        raise InputError(findings)
    if plain:
        return replace(case, file=file)
    return resolve(file, case.data, case.data.findings)


def is_plain(name: str) -> bool:
    """Whether a name stands for a number that leaves members, suppliers and families of goods as they are."""
    first, *rest = name.split(".")
    if first == "cutoffs":
        return len(rest) >= 2 and rest[1] in NUMBERS_OF_CUTOFFS
    return first in (*SECTIONS, "goods_override") and any(part in PLAIN for part in rest)


def _as_change(value: Any, how: str) -> Change:
    if how == "set":
        return lambda _: value

    def number(old: float) -> float:
        return old * value if how == "times" else old + value

    def change(old: Any) -> Any:
        if isinstance(old, Mapping):
            return {key: change(below) for key, below in old.items()}
        return number(old)

    return change


def _chosen(case: Case, names: Any) -> list[Any]:
    """The cutoffs of the case that are named."""
    wanted = [names] if isinstance(names, str) else list(names)
    raw = case.file.raw["cutoffs"]
    known = {cutoff.name: item for cutoff, item in zip(case.file.cutoffs, raw, strict=True)}
    for name in wanted:
        if name not in known:
            message = f'no cutoff is called "{name}"{nearest(name, known)}'
            raise InputError([Finding("error", case.file.path.name, None, "cutoffs", message)])
    return [known[name] for name in known if name in wanted]


def _change(table: Any, path: list[str], change: Change, file: str) -> None:
    """Change one entry; the tables on the way are copied, so that the document they came from stays as it is."""
    first, *rest = path
    if isinstance(table, list):
        position = next((n for n, item in enumerate(table) if item.get("name") == first), None)
        if position is None:
            message = f'no cutoff is called "{first}"'
            raise InputError([Finding("error", file, None, "cutoffs", message)])
        key: Any = position
    else:
        key = first
    old = table[key] if isinstance(table, list) else table.get(key)
    if not rest:
        table[key] = change(_default(first) if old is None else old)
        return
    if isinstance(old, list):
        below: Any = list(old)
    elif isinstance(old, Mapping):
        below = dict(old)
    else:
        # A number for all goods becomes a table that keeps it as the default.
        below = {} if old is None else {"default": old}
    table[key] = below
    _change(below, rest, change, file)


def _default(name: str) -> Any:
    return PARAMETERS[name].default if name in PARAMETERS else None
