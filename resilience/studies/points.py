"""What comes out at the points of a study: the verdicts of the case with other values, point after point.

What does not hang on the point is worked out once and kept (:class:`Common`): the trade of a good, its compiled
model. What a point leaves for the next, the solver's basis and the conditions that were needed, is kept within a
chunk only, so that a chunk gives the same bytes whoever computes it. Either way the numbers are those that
``resilience.solve`` gives for the case with these values.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pandas as pd
import pyomo.environ as pyo
from threadpoolctl import ThreadpoolController

from resilience.errors import InputError, SolverError
from resilience.families import LastAnswers, all_figures, couple_family, model_data, unknown_rows
from resilience.inputs.balance import GoodData, Trade
from resilience.inputs.case import Case
from resilience.inputs.variants import is_plain, vary
from resilience.program import Program
from resilience.reading.chains import wanted_rows as wanted_rows_of_chain
from resilience.reading.planned import Compiler, tags_of
from resilience.reading.requirements import Prepared, Wanted, prepared, wanted_rows
from resilience.schema import STUDY
from resilience.solver import Warm
from resilience.studies.designs import values_of
from resilience.templates import Template, structure_of

MOST_TEMPLATES = 12  # of a good that are kept; a horizon of another length needs another
COLUMNS = list(STUDY["outcomes"].names)


@dataclass(frozen=True)
class Evaluate:
    """Takes points to outcomes; see :func:`resilience.studies.runner.study`.

    ``how`` maps each factor to how its value changes the case, ``goods`` replaces the case's if it is not empty.
    """

    case: Case
    how: Mapping[str, str]
    wanted: Wanted
    goods: tuple[str, ...] = ()
    common: Common = field(default_factory=lambda: Common(), compare=False, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "common": Common()}  # every process works out its own

    def __call__(self, points: pd.DataFrame) -> pd.DataFrame:
        """The outcomes of some points (columns ``point`` and one a factor), in their order."""
        chunk = Chunk(self)
        rows: list[dict[str, Any]] = []
        # The last bit of a sum hangs on how many threads share it.
        with _threads().limit(limits=1), _without_collecting():
            found = chunk.outcomes_each(list(values_of(points, self.how)))
            for point, of_point in zip(points["point"], found, strict=True):
                rows += [row | {"point": point} for row in of_point]
        return pd.DataFrame(rows, columns=COLUMNS)


@cache
def _threads() -> ThreadpoolController:
    """The libraries that share sums among threads; to look for them takes as long as some points."""
    return ThreadpoolController()


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Without the search for garbage in circles, of which little comes into being, among all that is kept."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass
class Common:
    """What is worked out once for all points: each entry is the same whichever point asks for it first."""

    cases: dict[str, Case] = field(default_factory=dict)
    trades: dict[str, dict[str, Trade | None]] = field(default_factory=dict)
    templates: dict[tuple[Callable[..., Any], str], list[tuple[Template, pd.DataFrame]]] = field(
        default_factory=dict
    )


class Templates(Compiler):
    """Fills compiled models with other numbers, and compiles only where the structure differs."""

    def __init__(self, common: Common) -> None:
        self.warm = Warm()
        self.common = common
        self.tagged: dict[int, tuple[Mapping[str, Any], pd.DataFrame]] = {}  # by identity of a program's rows

    def program(self, build: Callable[[Any], pyo.ConcreteModel], data: Any) -> Program:
        """As :meth:`Compiler.program`."""
        template, tags = self._template(build, data)
        program = template.filled(data)
        self.tagged[id(program.rows)] = program.rows, tags
        return program

    def programs(self, build: Callable[[Any], pyo.ConcreteModel], each: Sequence[Any]) -> list[Program]:
        """As :meth:`Compiler.programs`; those that differ in bounds only are many of one matrix."""
        if len(each) == 1:
            return [self.program(build, each[0])]
        of: dict[int, list[int]] = {}
        pairs = [self._template(build, data) for data in each]
        for number, (template, _) in enumerate(pairs):
            of.setdefault(id(template), []).append(number)
        found: dict[int, Program] = {}
        for numbers in of.values():
            template, tags = pairs[numbers[0]]
            filled = template.filled_each([each[number] for number in numbers])
            self.tagged[id(filled[0].rows)] = filled[0].rows, tags
            found |= dict(zip(numbers, filled, strict=True))
        return [found[number] for number in range(len(each))]

    def _template(self, build: Callable[[Any], pyo.ConcreteModel], data: Any) -> tuple[Template, pd.DataFrame]:
        """The template that fits, compiled if there is none, and the tags of its rows."""
        known = self.common.templates.setdefault((build, _name(data)), [])
        structure = structure_of(data)
        found = next((pair for pair in known if pair[0].structure == structure), None)
        if found is None:
            template = Template(build, data)
            found = template, tags_of(template.at(data))
            known.append(found)
            del known[:-MOST_TEMPLATES]
        return found

    def tags(self, program: Program) -> pd.DataFrame:
        """As :meth:`Compiler.tags`; worked out once for programs of one template."""
        return self.tagged[id(program.rows)][1] if id(program.rows) in self.tagged else tags_of(program)


def _name(data: Any) -> str:
    return data.good.good if hasattr(data, "good") else " and ".join(data.goods)


@dataclass
class Chunk:
    """What points that are worked out one after the other have in common; starts with nothing."""

    asked: Evaluate
    compilers: dict[tuple[str, ...], Templates] = field(default_factory=dict)
    last: dict[str, LastAnswers] = field(default_factory=dict)

    def outcomes(self, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rows of one point; one of status "error" if the case cannot be solved at that point."""
        return self.outcomes_each([values])[0]

    def outcomes_each(self, points: Sequence[Mapping[str, Any]]) -> list[list[dict[str, Any]]]:
        """The rows of each point as :meth:`outcomes`, a family of goods at a time."""
        rows: list[dict[tuple[str, ...], list[dict[str, Any]]]] = []  # point → family → rows
        asked: dict[tuple[str, ...], list[_Asked]] = {}
        for number, values in enumerate(points):
            rows.append({})
            try:
                case, key = self.case(values)
                figures = all_figures(case, self.asked.common.trades.setdefault(key, {}))
            except InputError as error:
                rows[number][()] = [_failed(None, error)]
                continue
            for family in case.families:
                goods = {good: data for good in family if (data := figures[good]) is not None}
                asked.setdefault(tuple(goods), []).append(_Asked(number, case, family, goods))
                rows[number][family] = []
            chosen = {good: figures[good] for good in case.goods}
            rows[number][()] = [row for row in unknown_rows(case, chosen) if self.asked.wanted.holds(row)]
        for names, of_family in asked.items():
            for one, found in zip(of_family, self._family_each(names, of_family), strict=True):
                rows[one.point][one.family] = found
        return [[row for found in of_point.values() for row in found] for of_point in rows]

    def case(self, values: Mapping[str, Any]) -> tuple[Case, str]:
        """The case of a point, and what of it is not a plain number."""
        other = {name: value for name, value in values.items() if not is_plain(name)}
        key = json.dumps(other, sort_keys=True, ensure_ascii=False)
        cases = self.asked.common.cases
        if key not in cases:
            goods = {"goods": list(self.asked.goods)} if self.asked.goods else {}
            cases[key] = vary(self.asked.case, goods | other, self.asked.how)
        plain = {name: value for name, value in values.items() if name not in other}
        return vary(cases[key], plain, self.asked.how), key

    def family(
        self, case: Case, goods: Mapping[str, GoodData], ready: Prepared | None = None
    ) -> list[dict[str, Any]]:
        """The rows of goods that hang together; ``ready`` is what is prepared of one by itself."""
        compiler = self._compiler(goods)
        rows: list[dict[str, Any]] = []
        for coupled in couple_family(case, goods) if len(goods) > 1 else []:
            for found in wanted_rows_of_chain(coupled, compiler, self.asked.wanted).values():
                rows += found
        done = {row["good"] for row in rows}
        for good, data in goods.items():
            if data.members and good not in done:
                pooled = model_data(case, data, goods, pooled=True) if data.settings["solidarity"].value else None
                (one,) = self._prepared([(case, goods)], good) if ready is None else (ready,)
                rows += wanted_rows(one, pooled, compiler, self.asked.wanted)
        return [row for row in rows if row["good"] in case.goods]

    def _family_each(self, names: tuple[str, ...], of: Sequence[_Asked]) -> list[list[dict[str, Any]]]:
        """The rows of a family at several points; for each of its goods one of status "error" where it fails."""
        ready: dict[int, Prepared] = {}
        if len(names) == 1:
            used = [one for one in of if one.goods[names[0]].members]
            with suppress(InputError, SolverError):  # each point then says so for itself
                each = self._prepared([(one.case, one.goods) for one in used], names[0])
                ready = {one.point: found for one, found in zip(used, each, strict=True)}
        found = []
        for one in of:
            try:
                found.append(self.family(one.case, one.goods, ready.get(one.point)))
            except (InputError, SolverError) as error:
                found.append([_failed(good, error) for good in one.family if good in one.case.goods])
        return found

    def _prepared(self, each: Sequence[tuple[Case, Mapping[str, GoodData]]], good: str) -> list[Prepared]:
        """What can be worked out at once of one good under several cases."""
        if not each:
            return []
        last = self.last.setdefault(good, LastAnswers())
        models = [model_data(case, goods[good], goods, last=last) for case, goods in each]
        return prepared(models, self._compiler(each[0][1]))

    def _compiler(self, goods: Iterable[str]) -> Templates:
        return self.compilers.setdefault(tuple(goods), Templates(self.asked.common))


@dataclass(frozen=True)
class _Asked:
    """A family of goods at one of several points."""

    point: int
    case: Case
    family: tuple[str, ...]
    goods: Mapping[str, GoodData]


def _failed(good: str | None, error: InputError | SolverError) -> dict[str, Any]:
    if isinstance(error, InputError):
        text = "; ".join(str(finding) for finding in error.findings if finding.severity == "error")
    else:
        text = str(error)
    return {"good": good, "status": "error", "message": text}
