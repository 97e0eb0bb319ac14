"""Answers of one case while its assumptions are moved: what is kept from move to move, and whose turn it is.

Each answer is the number that ``resilience run`` gives with the same ``--set``. Compiled models and the solver's
bases are kept for every list of countries cut and every horizon; no optimum depends on them. One answer is worked
out at a time, as only one model can be built at a time: what can wait makes way for what cannot, and what nobody
asks any more is given up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Condition, Thread
from typing import Any

import pyomo.environ as pyo
from pyomo.common.gc_manager import PauseGC

from resilience.errors import Finding, InputError
from resilience.families import all_figures
from resilience.inputs.balance import year_of
from resilience.inputs.case import Case
from resilience.inputs.parameters import PARAMETERS
from resilience.inputs.variants import vary
from resilience.program import Program
from resilience.reading.requirements import PLANNED, Wanted
from resilience.schema import ALL
from resilience.solver import Warm
from resilience.studies.points import Chunk, Common, Evaluate, Templates

MOST_KEPT = 12  # compiled models that are kept, up to 50 MB each
AHEAD = 3  # months more and fewer that are made ready while nothing is asked …
QUIET = 1.0  # … for so many seconds before each; to build a model cannot be broken off

Key = tuple[str, str, tuple[str, ...]]  # good, cutoff and the countries cut
Rows = dict[tuple[str, str], dict[str, Any]]  # (member, reading) → outcome
Stop = Callable[[], bool]


def never() -> bool:
    """Of an answer that is always wanted."""
    return False


@dataclass(frozen=True)
class Dial:
    """A number that can be moved: the parameter, the part of it, its name on the page, and its range and step."""

    name: str
    part: str
    label: str
    low: float
    high: float
    step: float
    as_percent: bool = False

    @property
    def key(self) -> str:
        """The identifier of its slider."""
        return f"dial-{self.name}"


HORIZON = "months"
DIALS = (
    Dial("stock_months", "", "Stocks, in months of demand, where the data hold none", 0, 12, 0.5),
    Dial("critical_share", "", "Critical share of demand, the rest is saved, %", 50, 100, 1, as_percent=True),
    Dial("region_surge", "max", "Surge of the region, most above contract, %", 0, 100, 5, as_percent=True),
    Dial(HORIZON, "", "Months to survive", 1, 24, 1),
)


@dataclass(frozen=True)
class Question:
    """What is asked about a good under one cutoff: which countries are cut, and where the dials stand that were
    moved (None: as the case says)."""

    good: str
    cutoff: str
    cut: Sequence[str]
    moved: Mapping[str, float | None]

    @property
    def key(self) -> Key:
        """What no dial changes."""
        return self.good, self.cutoff, tuple(sorted(self.cut))


class Superseded(Exception):
    """Nobody asks any more: the page has moved on, or it is closed."""


class _Paused(Exception):
    """Something that cannot wait wants its turn."""


class _Pausing(Templates):
    """Compiled models and bases that ask, before each solve and each model, whether to go on."""

    def __init__(self, common: Common) -> None:
        self.pause: Stop = never
        super().__init__(common)

    @property
    def warm(self) -> Warm | None:
        """What is kept from solve to solve; every solve asks for it."""
        self._ask()
        return self._warm

    @warm.setter
    def warm(self, warm: Warm | None) -> None:
        self._warm = warm

    def program(self, build: Callable[[Any], pyo.ConcreteModel], data: Any) -> Program:
        """As :meth:`Templates.program`."""
        self._ask()
        return super().program(build, data)

    def _ask(self) -> None:
        if self.pause():
            raise _Paused


class _Turns:
    """One at a time; who comes first goes before who can wait."""

    def __init__(self) -> None:
        self.changed = Condition()
        self.busy = False
        self.urgent = 0  # how many wait who come first

    @contextmanager
    def turn(self, stop: Stop, *, first: bool) -> Iterator[None]:
        """Raises :class:`Superseded` if ``stop`` says so before it is one's turn."""
        with self.changed:
            self.urgent += first
            try:
                self.changed.wait_for(lambda: stop() or not (self.busy or (self.urgent and not first)))
                if stop():
                    raise Superseded
                self.busy = True
            finally:
                self.urgent -= first
                self.changed.notify_all()
        try:
            yield
        finally:
            with self.changed:
                self.busy = False
                self.changed.notify_all()

    def look(self) -> None:
        """Those who wait look again whether they are still wanted."""
        with self.changed:
            self.changed.notify_all()


@dataclass
class Explorer:
    """Answers of one case. Several threads may ask at the same time."""

    case: Case
    closed: bool = False
    _asked: dict[Key, Evaluate] = field(default_factory=dict)
    _chunks: dict[tuple[Key, int], tuple[Chunk, _Pausing]] = field(default_factory=dict)
    _ready: set[tuple[Key, int]] = field(default_factory=set)  # of these, those with an answer
    turns: _Turns = field(default_factory=_Turns)
    _newest: dict[str, int] = field(default_factory=dict)  # page → its latest question
    behind: Thread | None = None  # makes ready what may be asked next

    # What can be moved.

    def names(self, good: str) -> dict[str, str]:
        """Under which name of the case each dial stands for a good, as ``--set`` takes it."""
        settings = self.case.file.settings(good, self.case.category(good))
        found = {}
        for dial in DIALS:
            where = settings[dial.name].set_in
            where = f"{PARAMETERS[dial.name].section}.{dial.name}" if where == "default" else where
            found[dial.name] = f"{where}.{dial.part}" if dial.part else where
        return found

    def written(self, good: str) -> dict[str, float]:
        """What the case says of each dial, on the scale of the page."""
        settings = self.case.file.settings(good, self.case.category(good))
        found = {}
        for dial in DIALS:
            value = settings[dial.name].value
            value = getattr(value, dial.part) if dial.part else value
            found[dial.name] = round(100 * value, 6) if dial.as_percent else float(value)
        return found

    def cut(self, cutoff: str) -> tuple[str, ...]:
        """The countries that a cutoff names."""
        named = next(one.cut for one in self.case.file.cutoffs if one.name == cutoff)
        return tuple(dict.fromkeys(code for name in named for code in self.case.groups.get(name, (name,))))

    def countries(self) -> dict[str, str]:
        """Who may be cut: every country outside the region, and those that some cutoff names."""
        named = {code for cutoff in self.case.file.cutoffs for code in self.cut(cutoff.name)}
        names = self.case.data.names()
        some = {code: name for code, name in names.items() if code not in self.case.credit or code in named}
        return dict(sorted(some.items(), key=lambda pair: pair[1]))

    def values(self, good: str, moved: Mapping[str, float | None]) -> dict[str, Any]:
        """Name of the case → value, of the dials that stand elsewhere than in the case; None: as the case says."""
        names, written = self.names(good), self.written(good)
        found: dict[str, Any] = {}
        for dial in DIALS:
            value = moved.get(dial.name)
            if value is not None and value != written[dial.name]:
                whole = PARAMETERS[dial.name].kind == "months" and float(value).is_integer()
                found[names[dial.name]] = int(value) if whole else value / 100 if dial.as_percent else float(value)
        return found

    # What a good is like, from the rows of the data set alone.

    def without_stock(self, good: str) -> list[str]:
        """Members of whose stocks the data say nothing, so that the dial of stocks moves them."""
        year = year_of(good, self.case.data, self.case.file.year)
        rows = self.case.data.balances
        rows = rows[(rows["good"] == good) & (rows["year"] == year) & rows["stock"].notna()]
        return [member for member in self.case.members if member not in set(rows["country"])]

    def first_good(self) -> str:
        """The good to begin with: of those with a stock to move, the one of which members buy the greatest part of
        what they import and make from the countries that the first cutoff names, or from outside the region."""
        able = [good for good in self.case.goods if self.without_stock(good)]
        return max(able or self.case.goods, key=self._from_those_cut)

    def _from_those_cut(self, good: str) -> float:
        data, cutoffs = self.case.data, self.case.cutoffs(good)
        year = year_of(good, data, self.case.file.year)
        flows = data.flows[(data.flows["good"] == good) & (data.flows["year"] == year)]
        flows = flows[flows["importer"].isin(self.case.members)]
        made = data.balances[(data.balances["good"] == good) & (data.balances["year"] == year)]
        made = made[made["country"].isin(self.case.members)]
        cut = self.cut(cutoffs[0].name) if cutoffs else ()
        lost = flows["exporter"].isin(cut) if cut else ~flows["exporter"].isin(self.case.credit)
        whole = float(flows["quantity"].sum() + made["production"].sum())
        return float(flows["quantity"][lost].sum()) / whole if whole > 0 else 0.0

    # Answers.

    def ask(self, page: str, number: int) -> Stop:
        """Note a page's latest question, by number; those before it are given up. Returns when to give this up."""
        self._newest[page] = max(number, self._newest.get(page, number))
        self.turns.look()
        return lambda: self.closed or self._newest[page] > number

    def answer(
        self, question: Question, *, all_rows: bool = False, can_wait: bool = False, stop: Stop = never
    ) -> Rows:
        """(member, reading) → outcome under one cutoff with a list of countries cut.

        Planned, all members; with ``all_rows`` each member and reading, which takes longer. What ``can_wait`` is
        begun anew whenever a question that cannot comes between.

        Raises :class:`~resilience.errors.InputError` if the case does not take a value and :class:`Superseded` as
        soon as ``stop`` is true.
        """
        values = self.values(question.good, question.moved)
        key, months = question.key, self._months(question)
        while True:
            with self.turns.turn(stop, first=not can_wait), PauseGC():
                chunk, models = self._chunk(key, months)
                models.pause = lambda: stop() or (can_wait and self.turns.urgent > 0)
                everything = Wanted((*self.case.members, ALL))
                asked = replace(chunk.asked, wanted=everything) if all_rows else chunk.asked
                try:
                    rows = replace(chunk, asked=asked).outcomes(values)
                except _Paused:
                    continue
                finally:
                    models.pause = never
                self._ready.add((key, months))
                break
        for row in rows:
            if row["status"] == "error":
                raise InputError([Finding("error", self.case.file.path.name, None, None, str(row["message"]))])
        return {(row["member"], row["reading"]): row for row in rows if row["good"] == question.good}

    def _months(self, question: Question) -> int:
        return int(question.moved.get(HORIZON) or self.written(question.good)[HORIZON])

    def _chunk(self, key: Key, months: int) -> tuple[Chunk, _Pausing]:
        """What is kept for a horizon; it starts with nothing."""
        found = self._chunks.pop((key, months), None)
        if found is None:
            evaluate = self._evaluate(key)
            common = Common(evaluate.common.cases, evaluate.common.trades)
            chunk = Chunk(replace(evaluate, common=common))
            case, of = chunk.case({})
            figures = all_figures(case, common.trades.setdefault(of, {}))
            models = _Pausing(common)
            for family in case.families:
                chunk.compilers[tuple(good for good in family if figures[good] is not None)] = models
            found = chunk, models
        self._chunks[key, months] = found  # the last used stands last
        while len(self._chunks) > MOST_KEPT:
            oldest = next(iter(self._chunks))
            del self._chunks[oldest]
            self._ready.discard(oldest)
        return found

    def _evaluate(self, key: Key) -> Evaluate:
        if key not in self._asked:
            good, cutoff, cut = key
            goods = [name for name in self.case.family(good) if name in self.case.goods]
            case = vary(self.case, {"goods": goods, "cutoffs": [cutoff]})
            if set(cut) != set(self.cut(cutoff)):
                case = vary(case, {f"cutoffs.{cutoff}.cut": list(cut)})
            how = dict.fromkeys(self.names(good).values(), "set")
            self._asked[key] = Evaluate(case, how, Wanted(readings=(PLANNED,)))
            while len(self._asked) > MOST_KEPT:
                del self._asked[next(iter(self._asked))]
        return self._asked[key]

    # What may be asked next.

    def look_ahead(self, question: Question, stop: Stop) -> None:
        """Make ready, behind all that is asked, this question and the same for horizons near by."""
        if self.behind is None or not self.behind.is_alive():
            self.behind = Thread(target=self._ahead, args=(question, stop), daemon=True)
            self.behind.start()

    def _ahead(self, question: Question, stop: Stop) -> None:
        def gone() -> bool:
            return self.closed or stop()

        now = self._months(question)
        dial = next(dial for dial in DIALS if dial.name == HORIZON)
        for months in sorted(range(now - AHEAD, now + AHEAD + 1), key=lambda months: abs(months - now)):
            if not dial.low <= months <= dial.high or (question.key, months) in self._ready:
                continue
            with self.turns.changed:
                if months != now and self.turns.changed.wait_for(gone, QUIET):
                    return
            try:
                self.answer(replace(question, moved={**question.moved, HORIZON: months}), can_wait=True, stop=gone)
            except (Superseded, InputError):
                return

    def close(self) -> None:
        """Give up all that is being worked out."""
        self.closed = True
        self.turns.look()
        if self.behind is not None:
            self.behind.join()
