"""Reads the table ``[study]`` of a case file or of a file of its own, and checks it against the case."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from resilience.errors import Finding, InputError
from resilience.inputs.case import Case, load, unknown_country, unknown_member, with_form
from resilience.inputs.casefile import number_in, read_toml
from resilience.inputs.factor_words import value_text
from resilience.inputs.parameters import CUTOFF_KEYS, PARAMETERS, SECTIONS, SURGE_PARTS, Parameter
from resilience.inputs.suggestions import nearest, number_problem
from resilience.inputs.variants import LISTS, default_of, vary
from resilience.schema import ALL, CATEGORIES
from resilience.studies.designs import (
    DESIGNS,
    LEVELS,
    READINGS,
    Factor,
    StudySpec,
    count_samples,
    decode,
    whole_name,
)

DISTRIBUTIONS = ("uniform", "loguniform", "triangular", "normal")
HOW = ("set", "times", "plus")
MOST_POINTS = 1_000_000
STUDY_KEYS = (
    "design",
    "points",
    "seed",
    "goods",
    "readings",
    "members",
    "cutoffs",
    "target",
    "factors",
)
FILE_KEYS = ("case", "title", "description", "study")
FACTOR_KEYS = (*HOW, "low", "high", "mode", "mean", "sd", "distribution", "whole", "levels", "values")
CUTOFF_NUMBERS = {
    "fraction": (0.0, 1.0),
    "start": (1, 600),
    "months": (1, 600),
    "any": (1, 999),
    "any_region": (1, 999),
}


def read_study(
    path: str | Path,
    *,
    overrides: Sequence[str] = (),
    goods: Sequence[str] = (),
    points: int | None = None,
    seed: int | None = None,
    members: Sequence[str] = (),
    year: int | None = None,
    inputs: str | Path | None = None,
) -> tuple[Case, StudySpec]:
    """The case and the study of a case file with ``[study]``, or of a study file that names its ``case``.

    ``overrides``, ``members``, ``year`` and ``inputs`` change the case as in :func:`resilience.load`; ``goods``,
    ``points`` and ``seed`` replace those of the study. Raises :class:`~resilience.errors.InputError` with every
    finding.
    """
    first, (path, form) = path, with_form(path, inputs)
    if form is not None and inputs is None:
        inputs = first
    raw = read_toml(path)
    checker = _Checker(path.name)
    case_path: Path | None = path
    if "case" in raw:
        case_path = checker.case_of(path, raw)
    table = raw.get("study")
    if table is None:
        checker.say(
            "study",
            'there is no [study] in the file; add for example [study] with design = "sobol" and [study.factors] '
            'with "survival.months" = [6, 24]',
        )
    elif not isinstance(table, Mapping):
        checker.say("study", "must be a table, [study]")
    if not isinstance(table, Mapping):
        raise InputError(checker.findings)  # all else would be about what is not there
    table = dict(table)
    for key, given in (("goods", list(goods) or None), ("points", points), ("seed", seed)):
        if given is not None:
            table[key] = given
    spec = checker.spec(table)
    case = None
    if case_path is not None:
        options: dict[str, Any] = {"overrides": overrides, "members": members, "year": year, "inputs": inputs}
        try:
            case = load(case_path, goods=spec.goods, **options)
        except InputError as error:
            checker.findings += error.findings
            if spec.goods:  # a mistyped good must not hide what else does not fit
                with suppress(InputError):
                    checker.against(spec, load(case_path, **options))
        else:
            checker.against(spec, case)
            case = _titled(case, raw) if "case" in raw else case
    if any(finding.severity == "error" for finding in checker.findings) or case is None:
        raise InputError(dict.fromkeys(checker.findings))
    return case, spec


def _titled(case: Case, raw: Mapping[str, Any]) -> Case:
    """The case under the title and description of a study file, where it has its own; they change no number."""
    title, description = (str(raw.get(key, getattr(case.file, key))).strip() for key in ("title", "description"))
    return replace(case, file=replace(case.file, title=title, description=description))


def study_in(case: Case) -> tuple[StudySpec | None, list[Finding]]:
    """The study of a case's own ``[study]``, None without factors or if something does not fit; what does not."""
    table = case.file.raw.get("study")
    if not isinstance(table, Mapping) or not table.get("factors"):
        return None, []
    checker = _Checker(case.file.path.name)
    spec = checker.spec(table)
    checker.against(spec, case, ends=False)  # whoever solves at the ends says what is refused there
    return (None if checker.findings else spec), checker.findings


def check_study(spec: StudySpec, case: Case) -> list[Finding]:
    """What does not fit between a study made in Python and its case."""
    checker = _Checker(case.file.path.name)
    if spec.goods:
        checker.listed("study.goods", "goods", list(spec.goods), case)
    checker.against(spec, case)
    return checker.findings


class _Checker:
    """Walks through ``[study]`` and collects findings."""

    def __init__(self, file: str):
        self.file = file
        self.findings: list[Finding] = []

    def say(self, key: str, message: str) -> None:
        self.findings.append(Finding("error", self.file, None, key, message))

    def case_of(self, path: Path, raw: Mapping[str, Any]) -> Path | None:
        for key in raw:
            if key not in FILE_KEYS:
                self.say(key, f'unknown key "{key}" of a study file{nearest(key, FILE_KEYS)}')
        if not isinstance(raw["case"], str) or not raw["case"]:
            self.say("case", f"{raw['case']!r} is not the name of a case file")
            return None
        return path.parent / raw["case"]

    def spec(self, table: Mapping[str, Any]) -> StudySpec:
        """The study as far as it can be read; findings say what does not fit."""
        for key in table:
            if key not in STUDY_KEYS:
                self.say(f"study.{key}", f'unknown key "{key}"{nearest(key, STUDY_KEYS)}')
        design = table.get("design", "latin_hypercube")
        if design not in DESIGNS:
            self.say("study.design", f"{design!r} is no design{nearest(str(design), DESIGNS)}")
            design = "latin_hypercube"  # takes any number of points
        points = table.get("points", DESIGNS[design])
        if not _is_whole(points) or (points < 1 and design != "grid"):
            self.say("study.points", f"{points!r} is not a whole number, at least 1")
            points = DESIGNS[design]
        if design == "sobol" and points & (points - 1):
            below = 1 << (points.bit_length() - 1)
            self.say(
                "study.points",
                f"a Sobol design takes a power of two; {points} lies between {below} and {2 * below}",
            )
        if design == "one_at_a_time" and points < 2:
            self.say("study.points", "one_at_a_time takes at least 2 steps a factor")
        seed = table.get("seed", 1)
        if not _is_whole(seed) or seed < 0:
            self.say("study.seed", f"{seed!r} is not a whole number, at least 0")
            seed = 1
        target = table.get("target")
        if target is not None and (problem := number_problem(target, 0, 1)):
            self.say("study.target", problem)
            target = None
        lists = {
            key: self.names(key, table[key]) for key in ("goods", "readings", "members", "cutoffs") if key in table
        }
        for reading in lists.get("readings", ()):
            if reading not in READINGS:
                self.say("study.readings", f'"{reading}" is no reading{nearest(reading, READINGS)}')
        factors = table.get("factors")
        if not isinstance(factors, Mapping) or not factors:
            message = 'say what varies under [study.factors], for example "survival.months" = [6, 24]'
            self.say("study.factors", message)
            factors = {}
        read = [factor for name, asked in _flat(factors) if (factor := self.factor(name, asked))]
        spec = StudySpec(
            tuple(read), design, points, seed, target=None if target is None else float(target), **lists
        )
        if read and not self.findings and count_samples(spec) > MOST_POINTS:
            self.say(
                "study.points",
                f"that would be {count_samples(spec):,} points; at most {MOST_POINTS:,} are possible: take "
                "fewer points, levels or factors",
            )
        return spec

    def names(self, key: str, value: Any) -> tuple[str, ...]:
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not listed or not all(isinstance(n, str) and n for n in listed):
            self.say(f"study.{key}", f"{value!r} is neither a name nor a list of names")
            return READINGS if key == "readings" else () if key == "goods" else (ALL,)
        return tuple(dict.fromkeys(listed))

    def factor(self, name: str, asked: Any) -> Factor | None:
        """One factor, None with findings if it does not fit."""
        where = f"study.factors.{name}"
        before = len(self.findings)
        if isinstance(asked, list):
            if not all(_is_number(value) for value in asked):
                self.say(where, "alternatives are written {values = [...]}, a range [low, high] in numbers")
                return None
            asked = {"set": asked}
        if not isinstance(asked, Mapping):
            self.say(where, f"{asked!r} is no range; write [low, high] or {{values = [...]}}")
            return None
        for key in asked:
            if key not in FACTOR_KEYS:
                self.say(f"{where}.{key}", f'unknown key "{key}"{nearest(key, FACTOR_KEYS)}')
        if "values" in asked:
            self.values(where, asked)
            if len(self.findings) > before:
                return None
            values = tuple(_written(value) for value in asked["values"])
            return Factor(name, values=values, levels=len(values))
        how = [key for key in HOW if key in asked]
        if len(how) > 1:
            self.say(where, f"{' and '.join(how)} exclude each other; name one")
            return None
        ends = {key: asked[key] for key in ("low", "high") if key in asked}
        if how and asked[how[0]] is not True:
            pair = asked[how[0]]
            if not isinstance(pair, list) or len(pair) != 2:
                self.say(f"{where}.{how[0]}", f"{pair!r} is no range; write {how[0]} = [low, high]")
                return None
            if ends:
                self.say(where, f"low and high stand in {how[0]} already")
            ends = dict(zip(("low", "high"), pair, strict=True))
        numbers = ends | {key: asked[key] for key in ("mode", "mean", "sd") if key in asked}
        for key in ("low", "high"):
            if key not in numbers:
                self.say(where, f'"{key}" is missing; write [low, high], or {{values = [...]}} for alternatives')
        for key, value in numbers.items():
            if not _is_number(value) or not math.isfinite(value):
                self.say(f"{where}.{key}", f"{value!r} is not a finite number")
        if len(self.findings) > before:
            return None
        factor = Factor(
            name,
            float(numbers["low"]),
            float(numbers["high"]),
            mode=float(numbers.get("mode", math.nan)),
            mean=float(numbers.get("mean", math.nan)),
            sd=float(numbers.get("sd", math.nan)),
            how=how[0] if how else "set",
            distribution=asked.get("distribution", "uniform"),
            whole=asked.get("whole", False),
            levels=asked.get("levels", LEVELS),
        )
        if whole_name(name) and factor.how != "times":
            factor = replace(factor, whole=True)
        self.range(where, factor)
        return factor if len(self.findings) == before else None

    def values(self, where: str, asked: Mapping[str, Any]) -> None:
        for key in asked:
            if key in FACTOR_KEYS and key != "values":
                self.say(f"{where}.{key}", "stands beside values, which take nothing else")
        values = asked["values"]
        if not isinstance(values, list) or len(values) < 2:
            self.say(f"{where}.values", f"{values!r} holds no alternatives; list at least two")
        elif len({json.dumps(_written(value), sort_keys=True, default=str) for value in values}) < len(values):
            self.say(f"{where}.values", "an alternative stands there twice")

    def range(self, where: str, factor: Factor) -> None:
        if not factor.low < factor.high:
            self.say(where, f"the low end {factor.low:g} is not below the high end {factor.high:g}")
            return
        kind = factor.distribution
        if kind not in DISTRIBUTIONS:
            self.say(f"{where}.distribution", f"{kind!r} is no distribution{nearest(str(kind), DISTRIBUTIONS)}")
            return
        needed = {"triangular": ("mode",), "normal": ("mean", "sd")}.get(kind, ())
        for key in ("mode", "mean", "sd"):
            given = not math.isnan(getattr(factor, key))
            if key in needed and not given:
                self.say(where, f'{kind} needs "{key}"')
            elif given and key not in needed:
                self.say(f"{where}.{key}", f"a {kind} distribution takes no {key}")
        if kind == "loguniform" and factor.low <= 0:
            self.say(where, f"loguniform takes positive numbers only, the low end is {factor.low:g}")
        if kind == "triangular" and not factor.low <= factor.mode <= factor.high and not math.isnan(factor.mode):
            self.say(f"{where}.mode", f"{factor.mode:g} is not between {factor.low:g} and {factor.high:g}")
        if kind == "normal" and factor.sd <= 0:
            self.say(f"{where}.sd", f"{factor.sd:g} is not above 0")
        if not isinstance(factor.whole, bool):
            self.say(f"{where}.whole", f"{factor.whole!r} is neither true nor false")
        elif factor.whole and not (factor.low.is_integer() and factor.high.is_integer()):
            self.say(where, f"{factor.low:g} to {factor.high:g} must be whole numbers here")
        if not _is_whole(factor.levels) or factor.levels < 2:
            self.say(f"{where}.levels", f"{factor.levels!r} is not a whole number, at least 2")

    # Against the case.

    def against(self, spec: StudySpec, case: Case, *, ends: bool = True) -> None:
        """Whether the names of a study are in its case and its values within what the case takes; with ``ends``
        each end and alternative is put into the case."""
        cutoffs = [cutoff.name for cutoff in case.file.cutoffs]
        for name in spec.cutoffs:
            if name not in (ALL, *cutoffs):
                self.say("study.cutoffs", f'no cutoff is called "{name}"{nearest(name, [ALL, *cutoffs])}')
        known = [ALL, *(sorted(case.data.countries["country"]) if "members" in spec.names else case.members)]
        for name in spec.members:
            if name not in known:
                self.say("study.members", unknown_member(name, case.data, known))
        names = spec.names
        for name in names:
            inner = [other for other in names if other.startswith(f"{name}.") and name != "cutoffs"]
            for other in inner:
                self.say(f"study.factors.{other}", f'"{name}" is varied as well and holds it; vary one of the two')
        lists = [factor.name for factor in spec.factors if factor.name in LISTS]
        for factor in spec.factors:
            before = len(self.findings)
            self.factor_against(factor, case)
            together = factor.name in lists and len(lists) > 1  # members may fit another region than the case's
            if ends and len(self.findings) == before and not together:
                self.put(factor, case)
            if factor.name == "cutoffs":
                self.left_out(
                    factor,
                    [cutoff for cutoff in cutoffs if any(n.startswith(f"cutoffs.{cutoff}.") for n in names)],
                )

    def left_out(self, factor: Factor, varied: Sequence[str]) -> None:
        """A cutoff whose numbers vary must be in every alternative."""
        for value in factor.values:
            for name in varied:
                if name not in ([value] if isinstance(value, str) else value):
                    message = (
                        f'{value!r} leaves out "{name}", of which something is varied as well; vary one of the two'
                    )
                    self.say("study.factors.cutoffs.values", message)

    def factor_against(self, factor: Factor, case: Case) -> None:
        where = f"study.factors.{factor.name}"
        if factor.name in LISTS:
            if not factor.values:
                self.say(where, f'"{factor.name}" is a list; give alternatives, {{values = [["A"], ["A", "B"]]}}')
                return
            for value in factor.values:
                self.listed(f"{where}.values", factor.name, value, case)
            return
        limits = self.limits(where, factor, case)
        if limits is None:
            return
        if factor.how == "set":
            self.within(where, factor, *limits)
        else:
            self.changes(where, factor, case)

    def put(self, factor: Factor, case: Case) -> None:
        """Put both ends, or every alternative, into the case, which says what it does not take."""
        where = f"study.factors.{factor.name}{'.values' if factor.values else ''}"
        for cell in [factor.cell(value) for value in factor.values] or factor.ends():
            value = decode(factor.name, cell)
            try:
                vary(case, {factor.name: value}, {factor.name: factor.how})
            except InputError as error:
                shown = value_text(factor.name, value, factor.how)
                for finding in error.findings:
                    if finding.severity == "error":
                        self.say(where, f"{shown}: {finding.message}")

    def listed(self, where: str, name: str, value: Any, case: Case) -> None:
        chosen = [value] if isinstance(value, str) else value
        if not isinstance(chosen, list) or not chosen or not all(isinstance(item, str) for item in chosen):
            self.say(where, f"{value!r} is neither a name nor a list of names")
            return
        if name in ("members", "region"):
            called = case.data.names()
            for item in chosen:
                if item not in called and item not in case.groups:
                    self.say(where, unknown_country(item, case.data, case.groups))
            return
        known, what = {
            "cutoffs": ([cutoff.name for cutoff in case.file.cutoffs], "a cutoff of the case"),
            "goods": ([*case.data.goods["good"], *CATEGORIES], "a good or a category"),
        }[name]
        for item in chosen:
            if item not in known:
                self.say(where, f'"{item}" is not {what}{nearest(item, known)}')

    def limits(self, where: str, factor: Factor, case: Case) -> tuple[float, float] | None:
        """The least and the greatest number that the case takes under a factor's name; None with a finding."""
        parts = factor.name.split(".")
        goods = [*case.data.goods["good"], *CATEGORIES]
        if parts[0] in SECTIONS and len(parts) > 1:
            own = {name: one for name, one in PARAMETERS.items() if one.section == parts[0]}
            return self.parameter(where, factor, parts[1], parts[2:], own, [*goods, "default"])
        if parts[0] == "goods_override" and len(parts) > 2:
            if parts[1] not in goods:
                self.say(where, f'"{parts[1]}" is neither a good nor a category{nearest(parts[1], goods)}')
                return None
            return self.parameter(where, factor, parts[2], parts[3:], PARAMETERS, [*goods, "default"])
        if parts[0] == "cutoffs" and len(parts) > 1:
            return self.cutoff(where, factor, case)
        found = number_in(case.file.raw, factor.name)
        if found is not None and (factor.values or _is_number(found)):
            return -math.inf, math.inf  # the case checks it when the value is put in
        shapes = [*(f"{one.section}.{name}" for name, one in PARAMETERS.items()), *LISTS]
        shapes += [f"cutoffs.{c.name}.{key}" for c in case.file.cutoffs for key in CUTOFF_NUMBERS]
        belongs = PARAMETERS.get(parts[0])
        hint = f'; write "{belongs.section}.{factor.name}"' if belongs else nearest(factor.name, shapes)
        self.say(where, f'the case has nothing under "{factor.name}"{hint}')
        return None

    def parameter(
        self,
        where: str,
        factor: Factor,
        name: str,
        below: list[str],
        known: Mapping[str, Parameter],
        keys: Sequence[str],
    ) -> tuple[float, float] | None:
        if name not in known:
            self.say(where, f'unknown "{name}"{nearest(name, known)}')
            return None
        parameter = known[name]
        least, most = parameter.least, parameter.most
        if parameter.kind == "surge" and not factor.values:
            if not below or below[-1] not in SURGE_PARTS:
                self.say(
                    where, f"is a surge; name one of {', '.join(f'{factor.name}.{key}' for key in SURGE_PARTS)}"
                )
                return None
            part = SURGE_PARTS[below.pop()]
            least, most = part.least, part.most
        elif parameter.kind == "surge":
            below = [key for key in below if key not in SURGE_PARTS]
        if parameter.kind in ("flag", "profile") and not factor.values:
            example = "[false, true]" if parameter.kind == "flag" else "[[...], [...]], twelve numbers each"
            self.say(where, f"is no number; give alternatives, {{values = {example}}}")
            return None
        if len(below) > 1 or (below and below[0] not in keys):
            self.say(
                where, f'"{".".join(below)}" is neither a good nor a category{nearest(".".join(below), keys)}'
            )
            return None
        if parameter.kind == "flag" and not all(isinstance(value, bool) for value in factor.values):
            self.say(f"{where}.values", "must be true and false")
            return None
        return least, most

    def cutoff(self, where: str, factor: Factor, case: Case) -> tuple[float, float] | None:
        names = [cutoff.name for cutoff in case.file.cutoffs]
        name = next(
            (n for n in sorted(names, key=len, reverse=True) if factor.name.startswith(f"cutoffs.{n}.")), None
        )
        if name is None:
            asked = factor.name.removeprefix("cutoffs.")
            if asked in names:
                example = f"cutoffs.{asked}.fraction"
                self.say(where, f'name what of the cutoff varies as well, for example "{example}"')
            else:
                called = asked.rpartition(".")[0] or asked
                self.say(where, f'no cutoff is called "{called}"{nearest(called, names)}')
            return None
        key = factor.name.removeprefix(f"cutoffs.{name}.")
        if key.partition(".")[0] not in CUTOFF_KEYS or key == "name":
            self.say(where, f'unknown "{key}" of a cutoff{nearest(key, CUTOFF_NUMBERS)}')
            return None
        if key.partition(".")[0] not in CUTOFF_NUMBERS:
            if factor.values:
                return -math.inf, math.inf
            self.say(
                where,
                f"is no number; give alternatives, {{values = [...]}}, or name one of {', '.join(CUTOFF_NUMBERS)}",
            )
            return None
        return CUTOFF_NUMBERS[key.partition(".")[0]]

    def within(self, where: str, factor: Factor, least: float, most: float) -> None:
        numbers = [value for value in factor.values if _is_number(value)] or [factor.low, factor.high]
        for number in numbers:
            if not math.isnan(number) and (problem := number_problem(number, least, most)):
                self.say(where, problem)
            elif factor.values and whole_name(factor.name) and not float(number).is_integer():
                self.say(where, f"{number:g} is not a whole number")

    def changes(self, where: str, factor: Factor, case: Case) -> None:
        """Multiplying and adding need a number to begin with."""
        found = number_in(case.file.raw, factor.name)
        numbers = list(_numbers(default_of(factor.name) if found is None else found))
        if not numbers:
            word = "multiplied" if factor.how == "times" else "added to"
            self.say(where, f"the case has no number there that could be {word}; give a range [low, high] instead")
        elif factor.how == "times" and not any(numbers):
            self.say(where, "is 0 in the case, and times changes nothing; give a range [low, high] or use plus")
        elif all(math.isinf(number) for number in numbers):
            self.say(where, f"is infinite in the case, and {factor.how} changes nothing; give a range [low, high]")
        if factor.how == "times" and whole_name(factor.name) and not factor.whole:
            self.say(where, "takes whole numbers, which times would not give; give a range [low, high] instead")
        if factor.how == "times" and factor.low < 0:
            self.say(where, f"the case would be multiplied by {factor.low:g}, less than 0")


def _written(value: Any) -> Any:
    """An alternative as the points and JSON can hold it: no limit is written "inf"."""
    return "inf" if _is_number(value) and value == math.inf else value


def _numbers(found: Any) -> Iterable[float]:
    if isinstance(found, Mapping):
        for below in found.values():
            yield from _numbers(below)
    elif _is_number(found):
        yield float(found)


def _flat(factors: Mapping[str, Any], above: str = "") -> Iterable[tuple[str, Any]]:
    """Factors by dotted name; ``survival.months = [6, 24]`` without quotes is read as nested tables."""
    for key, asked in factors.items():
        name = f"{above}{key}"
        if isinstance(asked, Mapping) and asked and not set(asked) & set(FACTOR_KEYS) and _nests(name, asked):
            yield from _flat(asked, f"{name}.")
        else:
            yield name, asked


def _nests(name: str, asked: Mapping[str, Any]) -> bool:
    """Whether a table holds names of the case rather than a misspelt range."""
    return all(isinstance(below, (list, Mapping)) for below in asked.values()) and bool(
        re.fullmatch(r"[^.]+(\.[^.]+){0,3}", name)
    )


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and not (isinstance(value, float) and math.isnan(value))
    )
