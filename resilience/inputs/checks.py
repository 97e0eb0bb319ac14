"""Whether a case file says what it must, key by key; names of countries and goods are looked up later."""

from __future__ import annotations

import datetime
import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from resilience.inputs.burden_settings import BURDEN
from resilience.inputs.parameters import (
    CONFIDENCES,
    CONTENT_KEYS,
    CUTOFF_KEYS,
    DOCUMENT_KEYS,
    GROUND_KEYS,
    LONGEST_MARKING,
    PARAMETERS,
    SECTIONS,
    SUBSTITUTES_KEYS,
    SURGE_PARTS,
    TOP_KEYS,
    Parameter,
    is_surge,
)
from resilience.inputs.sanctions_settings import problems as problems_of_sanctions
from resilience.inputs.suggestions import nearest, number_problem

Problems = list[tuple[str, str]]  # dotted key, message


def check_document(raw: dict[str, Any], problems: Problems) -> None:
    """Add to ``problems`` whatever does not fit in the document of a case."""
    _Checker(raw, problems).check()


def check_numbers(raw: dict[str, Any], tables: Collection[str], problems: Problems) -> None:
    """The same of some of its ``tables`` of numbers only: survival, response, goods_override, cutoffs."""
    _Checker(raw, problems).check_numbers(tables)


def unnamed(number: int) -> str:
    """What a cutoff without a name is called, by its place in the list."""
    return f"cutoff {number}"


def cutoff_names(cutoffs: Any) -> list[str]:
    """The names of the cutoffs of a document; one without a name is called after its place, "cutoff 1"."""
    items = cutoffs if isinstance(cutoffs, list) else []
    tables = [item if isinstance(item, Mapping) else {} for item in items]
    return [str(item.get("name", unnamed(number))) for number, item in enumerate(tables, start=1)]


class _Checker:
    """Walks the TOML document once and collects (key, message) pairs."""

    def __init__(self, raw: dict[str, Any], problems: Problems):
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
        self.problems += problems_of_sanctions(raw)

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
        names = cutoff_names(self.raw.get("cutoffs"))
        for key, given in grounds.items():
            where = f"grounds.{key}"
            if not isinstance(given, Mapping):
                if not isinstance(given, str):
                    self.say(where, f'{given!r} is neither a text nor a table; write {{source = "…"}}')
                continue
            if given and not set(given) & set(GROUND_KEYS):
                below = next(iter(given))
                self.say(where, f'a name with dots stands in quotes: "{key}.{below}" = …')
                continue
            self.keys(given, GROUND_KEYS, where)
            whole = key.removeprefix("cutoffs.") if key.startswith("cutoffs.") else None
            if whole in names and {"low", "high"} & set(given):
                message = (
                    f'a range is of one number; give it under "{key}.fraction" or another number of the cutoff'
                )
                self.say(where, message)
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
        problem = number_problem(value, least, most)
        if problem is not None:
            self.say(key, problem)
        return problem is None

    def parameter(self, parameter: Parameter, value: Any, where: str) -> None:
        if isinstance(value, Mapping) and not (parameter.kind == "surge" and is_surge(value)):
            if parameter.kind == "surge" and not all(isinstance(below, Mapping) for below in value.values()):
                for key in value:
                    if key not in SURGE_PARTS:
                        self.say(f"{where}.{key}", f'unknown key "{key}"{nearest(key, SURGE_PARTS)}')
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
        name = item.get("name", unnamed(number))
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


def _holds_tables(value: Mapping[str, Any]) -> bool:
    return any(isinstance(below, Mapping) for below in value.values())
