"""A Pyomo model compiled once and filled with other numbers in place.

The model is written in ``model`` and nowhere else. A :class:`Template` builds it with a :class:`Symbol` in the
place of every number (``model.numbers_of``): Pyomo takes symbols for numbers, and each remembers how the rules
made it out of others. What ``compile_model`` would have as a number then is a formula, and all formulas together
are evaluated for other data in a few vectorised steps, a hundred times faster than Pyomo would. A rule that asks
for a symbol's value, to branch or to round, is an error when the template is built, never a wrong number.

Which rules there are depends on the rest of the data: who, whom, which months, which classes. Where that differs,
:meth:`Template.fits` says in what, and a new template is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, cast

import numpy as np
import pyomo.environ as pyo
from pyomo.common.gc_manager import PauseGC
from pyomo.common.numeric_types import RegisterNumericType
from pyomo.repn.plugins.parameterized_standard_form import ParameterizedLinearStandardFormCompiler
from scipy import sparse

from resilience.errors import SolverError
from resilience.inputs.cutoffs import Availability
from resilience.model import PART, ChainData, ModelData, numbers_of
from resilience.program import Many, Program, compile_model, name_of, places

Data = ModelData | ChainData

OPERATIONS: tuple[np.ufunc, ...] = (np.add, np.subtract, np.multiply, np.divide)
_ADD, _SUBTRACT, _MULTIPLY, _DIVIDE = range(len(OPERATIONS))
_LEAF = -1
# (operation, on the left?) → the number that leaves the other side as it is, to the last bit
_NEUTRAL = {(_ADD, True): 0.0, (_ADD, False): 0.0, (_SUBTRACT, False): 0.0, (_MULTIPLY, True): 1.0}
_NEUTRAL |= {(_MULTIPLY, False): 1.0, (_DIVIDE, False): 1.0}


class Symbol:
    """A number that is not known yet: a cell of the data, or what the rules make of such cells.

    It can be added, subtracted, multiplied and divided. It equals nothing but itself and is never taken for 0, so
    that every entry it may fill stays in the programme.
    """

    __slots__ = ("place", "tape")

    def __init__(self, tape: Tape, place: int):
        self.tape = tape
        self.place = place

    def __add__(self, other: Any) -> Any:
        return self.tape.note(_ADD, self, other)

    def __radd__(self, other: Any) -> Any:
        return self.tape.note(_ADD, other, self)

    def __sub__(self, other: Any) -> Any:
        return self.tape.note(_SUBTRACT, self, other)

    def __rsub__(self, other: Any) -> Any:
        return self.tape.note(_SUBTRACT, other, self)

    def __mul__(self, other: Any) -> Any:
        return self.tape.note(_MULTIPLY, self, other)

    def __rmul__(self, other: Any) -> Any:
        return self.tape.note(_MULTIPLY, other, self)

    def __truediv__(self, other: Any) -> Any:
        return self.tape.note(_DIVIDE, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self.tape.note(_DIVIDE, other, self)

    def __neg__(self) -> Any:
        return self.tape.note(_MULTIPLY, -1.0, self)

    def __float__(self) -> float:
        raise TypeError("a rule of the model asks for the value of a number that is filled in later")


RegisterNumericType(Symbol)


class Tape:
    """Every operation on symbols in the order in which they were made, each once. Places 0 to n−1 are the data."""

    def __init__(self) -> None:
        self.operation: list[int] = []
        self.left: list[int] = []
        self.right: list[int] = []
        self.constants: dict[float, int] = {}
        self._known: dict[tuple[int, int, int], Symbol] = {}

    def cells(self, shape: tuple[int, ...]) -> np.ndarray:
        """An array of new symbols for data, of the given shape."""
        found = np.empty(int(np.prod(shape)), dtype=object)
        for n in range(len(found)):
            found[n] = Symbol(self, self._add(_LEAF, -1, -1))
        return found.reshape(shape)

    def note(self, operation: int, left: Any, right: Any) -> Any:
        """The symbol of an operation; NotImplemented where one side is no number (Pyomo's own things are not)."""
        for other, on_left in ((left, True), (right, False)):
            if other.__class__ is not Symbol:
                if not isinstance(other, (int, float)):
                    return NotImplemented
                if _NEUTRAL.get((operation, on_left)) == other:
                    return right if on_left else left
        key = (operation, self.place(left), self.place(right))
        if key not in self._known:
            self._known[key] = Symbol(self, self._add(*key))
        return self._known[key]

    def place(self, number: Any) -> int:
        """Where a number stands; plain numbers stand there once each."""
        if number.__class__ is Symbol:
            return int(number.place)
        number = float(number)
        if number not in self.constants:
            self.constants[number] = self._add(_LEAF, -1, -1)
        return self.constants[number]

    def _add(self, operation: int, left: int, right: int) -> int:
        self.operation.append(operation)
        self.left.append(left)
        self.right.append(right)
        return len(self.operation) - 1


class Formulas:
    """What of a tape leads to the wanted places, ordered so that operations of one kind and depth are one step."""

    def __init__(self, tape: Tape, cells: int, wanted: np.ndarray):
        operation, left, right = (np.array(part) for part in (tape.operation, tape.left, tape.right))
        used = np.zeros(len(operation), dtype=bool)
        used[wanted] = True
        depth = [0] * len(operation)
        for n, (one, other) in enumerate(zip(tape.left, tape.right, strict=True)):
            if one >= 0:
                depth[n] = 1 + max(depth[one], depth[other])
        depths = np.array(depth)
        by_depth = np.argsort(depths, kind="stable")[::-1]
        for group in np.split(by_depth, np.flatnonzero(np.diff(depths[by_depth])) + 1):
            needed = group[used[group] & (depths[group] > 0)]
            used[left[needed]] = used[right[needed]] = True
        self.cells = np.flatnonzero(used[:cells])  # those that the wanted places hang on
        constants = np.array(list(tape.constants.values()), dtype=int)
        made = np.flatnonzero(used & (depths > 0))
        made = made[np.lexsort((operation[made], depths[made]))]
        order = np.concatenate([np.arange(cells), constants, made])
        place = np.full(len(operation), -1)
        place[order] = np.arange(len(order))
        self._cells = cells
        self._start = np.empty(len(order))
        self._start[cells : cells + len(constants)] = list(tape.constants)
        self._steps = []
        kinds = np.stack([depths[made], operation[made]])
        bounds = [0, *(np.flatnonzero(np.diff(kinds).any(axis=0)) + 1), len(made)] if len(made) else [0]
        first = cells + len(constants)
        for a, b in pairwise(bounds):
            group = made[a:b]
            step = OPERATIONS[operation[group[0]]], place[left[group]], place[right[group]]
            self._steps.append((first + a, first + b, *step))
        self._where = place

    def places(self, wanted: np.ndarray) -> np.ndarray:
        """Where the wanted places of the tape stand among the values."""
        return self._where[wanted]

    def values(self, cells: np.ndarray) -> np.ndarray:
        """The values of all formulas, along the first axis; a second one of ``cells`` is of other data."""
        values = np.empty((len(self._start), *cells.shape[1:]))
        values.T[:] = self._start
        values[: self._cells] = cells
        for start, stop, operation, left, right in self._steps:
            operation(values.take(left, axis=0), values.take(right, axis=0), out=values[start:stop])
        return values


class _Objectives(Mapping[str, np.ndarray]):
    """The objectives of a programme filled in, each worked out only if it is asked for; ``shared`` are those that
    it has in common with others."""

    def __init__(
        self,
        template: Template,
        cells: np.ndarray,
        size: np.ndarray,
        shared: Mapping[str, np.ndarray] | None = None,
    ):
        self._template, self._cells, self._size = template, cells, size
        self._shared = template.fixed_costs if shared is None else shared
        self._found: dict[str, np.ndarray] = {}

    def __getitem__(self, name: str) -> np.ndarray:
        if name in self._shared:
            return self._shared[name]
        if name not in self._found:
            self._found[name] = self._template.cost(name, self._cells, self._size)
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._template.goals)

    def __len__(self) -> int:
        return len(self._template.goals)


class Template:
    """A model compiled once; :meth:`at` gives the programme for other numbers.

    ``build`` is ``model.build`` or ``model.build_chain``, with their options bound if need be
    (``functools.partial(build, full=True)``); ``data`` any data of the structure wanted. Raises
    :class:`~resilience.errors.SolverError` if the formulas do not give what ``compile_model(build(data))`` gives,
    bit for bit. ``goals`` are the names of the objectives.
    """

    def __init__(self, build: Callable[..., pyo.ConcreteModel], data: Data):
        self.structure = structure_of(data)
        numbers = _numbers(data)
        tape = Tape()
        with PauseGC():  # hundreds of thousands of small objects come into being, and none goes
            reference = compile_model(build(data))
            symbols = {name: tape.cells(array.shape) for name, array in numbers.items()}
            cells = len(tape.operation)
            self._compile(build(*_with_symbols(data, symbols)), tape, cells, reference)
        self._verify(reference, self._fill(_row(numbers)))

    def fits(self, data: Data) -> str | None:
        """None, or in what the structure of the data differs, so that the model must be built anew."""
        return differs(self.structure, structure_of(data))

    def at(self, data: Data) -> Program:
        """The programme for the data: that of ``compile_model(build(data))``, entry by entry.

        Entries that are 0 for this data stay in the matrix. Raises :class:`ValueError` if the data does not fit.
        """
        reason = self.fits(data)
        if reason is not None:
            raise ValueError(f"the model must be built anew: {reason}")
        program = self.filled(data)
        return replace(program, matrix=program.matrix.copy())

    def filled(self, data: Data) -> Program:
        """As :meth:`at`, for data that is known to fit; programmes of equal coefficients share their matrix, which
        cannot be written into."""
        return self._fill(_row(_numbers(data)))

    def filled_each(self, each: Sequence[Data]) -> list[Program]:
        """As :meth:`filled`, for several data; those of equal coefficients are one :class:`Many`."""
        cells = np.stack([_row(_numbers(data)) for data in each])
        alike: dict[bytes, list[int]] = {}
        for n, key in enumerate(cells[:, self._inner.cells]):
            alike.setdefault(key.tobytes(), []).append(n)
        found: dict[int, Program] = {}
        for numbers in alike.values():
            many = self._many(cells[numbers])
            found |= {n: many.program(at) for at, n in enumerate(numbers)}
        return [found[n] for n in range(len(each))]

    def _many(self, cells: np.ndarray) -> Many:
        """The programmes of cells that stand in rows and differ in bounds and objectives only."""
        whole = self._fill(cells)
        size = whole.column_size
        moving = (cells != cells[0]).any(axis=0)
        same = [name for name, (formulas, *_) in self._costs.items() if not moving[formulas.cells].any()]
        shared = {name: whole.objectives[name] for name in same}
        own = [_Objectives(self, row, size, shared) for row in cells]
        return Many(replace(whole, objectives=shared), own)

    def _compile(self, model: pyo.ConcreteModel, tape: Tape, cells: int, reference: Program) -> None:
        """What ``compile_model`` does, with places of the tape for numbers.

        The order of rows and columns hangs on the structure alone, and not on which numbers are 0 in the data.
        """
        form = ParameterizedLinearStandardFormCompiler().write(model, mixed_form=True, wrt=[])
        columns, width = places(form.columns), len(form.columns)
        rows = places([row.constraint for row in form.rows])
        if rows != reference.rows:
            raise SolverError("the template has other rows than the model", reference.name, reference.size)
        height = len(form.rows)

        def coordinates(table: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            """Row, column and place of every entry of a column-wise table, row by row."""
            count = int(table.indptr[-1])
            row = np.asarray(table.indices[:count], dtype=int)
            column = np.repeat(np.arange(table.shape[1]), np.diff(table.indptr))
            place = np.array([tape.place(entry) for entry in table.data[:count]], dtype=int)
            order = np.lexsort((column, row))
            return row[order], column[order], place[order]

        row, column, entries = coordinates(form.A)
        self._indices = column.astype(np.int32)
        self._indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=height))]).astype(np.int32)
        self._shape = (height, width)
        goal, goal_column, goals = coordinates(form.c)
        self.goals = [name_of(objective) for objective in form.objectives]
        sizes, entry = model.scaling_factor, form.columns
        size = np.array([tape.place(1.0 / sizes.get(one, 1.0)) for one in entry])
        low = np.array([tape.place(-np.inf if one.lower is None else one.lower) for one in entry])
        high = np.array([tape.place(np.inf if one.upper is None else one.upper) for one in entry])
        right = np.array([tape.place(number) for number in form.rhs], dtype=int)
        self._kinds = np.array([one.bound_type for one in form.rows])
        # Most points move bounds and right-hand sides only; what they leave alone is not evaluated anew.
        inner, sides = (entries, size), (right, low, high)
        self._inner = Formulas(tape, cells, np.concatenate(inner))
        self._entries, self._size = map(self._inner.places, inner)
        self._sides = Formulas(tape, cells, np.concatenate(sides))
        self._right, self._low, self._high = map(self._sides.places, sides)
        self._costs = {}  # objective → its formulas, where these are, and which columns they are the costs of
        for n, name in enumerate(self.goals):
            own = goals[goal == n]
            formulas = Formulas(tape, cells, own)
            self._costs[name] = formulas, formulas.places(own), goal_column[goal == n]
        self._whole = replace(reference, columns=columns, rows=rows)
        self._made_of: np.ndarray | None = None  # cells of the coefficients of the programme before
        self.fixed_costs: dict[str, np.ndarray] = {}
        constant = (np.array(tape.operation) == _LEAF) & (np.arange(len(tape.operation)) >= cells)
        for name, (formulas, _, column) in self._costs.items():
            if not len(formulas.cells) and constant[size[column]].all():
                any_cells = np.ones(cells)
                sizes = self._inner.values(any_cells)[self._size]
                self.fixed_costs[name] = self.cost(name, any_cells, sizes)

    def _fill(self, cells: np.ndarray) -> Program:
        """The programme of some cells; of many programmes, where they stand in rows that differ in bounds only."""
        one = cells if cells.ndim == 1 else cells[0]
        made_of = one[self._inner.cells]
        if self._made_of is None or not np.array_equal(self._made_of, made_of):
            self._whole = self._with_coefficients(self._inner.values(one))
            self._made_of = made_of
        size = self._whole.column_size
        values = self._sides.values(cells.T)
        right, low, high = (np.ascontiguousarray(values[at].T) for at in (self._right, self._low, self._high))
        return replace(
            self._whole,
            row_lower=np.where(self._kinds <= 0, right, -np.inf),
            row_upper=np.where(self._kinds >= 0, right, np.inf),
            column_lower=low / size,
            column_upper=high / size,
            objectives=_Objectives(self, one, size),
        )

    def _with_coefficients(self, values: np.ndarray) -> Program:
        """The programme before with other coefficients and sizes."""
        size = values[self._size]
        data = values[self._entries] * size[self._indices]
        matrix = self._whole.matrix
        # Who sees the same matrix again knows that only bounds differ from the programme before.
        if self._made_of is None or not np.array_equal(matrix.data, data):
            for array in (data, self._indices, self._indptr):
                array.flags.writeable = False
            matrix = sparse.csr_matrix((data, self._indices, self._indptr), self._shape)
            matrix.has_canonical_format = True
        size.flags.writeable = False
        return replace(self._whole, matrix=matrix, column_size=size)

    def cost(self, name: str, cells: np.ndarray, size: np.ndarray) -> np.ndarray:
        """The costs of one objective by column, scaled."""
        formulas, at, column = self._costs[name]
        cost = np.zeros(self._shape[1])
        cost[column] = formulas.values(cells)[at]
        cost *= size
        cost.flags.writeable = False
        return cost

    def _verify(self, wanted: Program, found: Program) -> None:
        """The formulas must give the numbers of the ordinary way for the data they were made from."""
        known = np.zeros(wanted.matrix.shape[1], dtype=int)  # where its columns stand in the template's
        for name, at in wanted.columns.items():
            known[list(at.values())] = [found.columns[name][index] for index in at]
        others = np.setdiff1d(np.arange(found.matrix.shape[1]), known)
        same = not (found.matrix[:, known] != wanted.matrix).nnz and not found.matrix[:, others].count_nonzero()
        for name in ("row_lower", "row_upper"):
            same &= np.array_equal(getattr(found, name), getattr(wanted, name))
        for name in ("column_lower", "column_upper", "column_size"):
            same &= np.array_equal(getattr(found, name)[known], getattr(wanted, name))
        same &= list(found.objectives) == list(wanted.objectives)
        same = same and all(
            np.array_equal(found.objectives[n][known], wanted.objectives[n]) for n in wanted.objectives
        )
        if not same:
            raise SolverError("the template does not give the numbers of the model", wanted.name, wanted.size)


def _numbers(data: Data) -> dict[str, np.ndarray]:
    """All numbers of a good or of a chain, each under a name of its own."""
    if isinstance(data, ModelData):
        return numbers_of(data)
    found = {
        f"{good}{PART}{name}": table for good, one in data.goods.items() for name, table in numbers_of(one).items()
    }
    found["per_unit"] = np.array([number for link in data.links for number in link.per_unit.values()], dtype=float)
    found["rate"] = np.array([swap.rate for swap in data.swaps], dtype=float)
    found["worth"] = np.array([rate for worth in data.worth.values() for rate in worth.values()], dtype=float)
    return found


def _row(numbers: Mapping[str, np.ndarray]) -> np.ndarray:
    return np.concatenate([array.ravel() for array in numbers.values()])


def _with_symbols(data: ModelData | ChainData, symbols: Mapping[str, np.ndarray]) -> tuple[Any, Any]:
    """The data with symbols for numbers, as the two arguments of ``build`` or ``build_chain``."""
    if isinstance(data, ModelData):
        return data, symbols
    per_unit, rate, worth = (iter(symbols[name].tolist()) for name in ("per_unit", "rate", "worth"))
    chain = replace(
        data,
        links=tuple(replace(link, per_unit={m: next(per_unit) for m in link.per_unit}) for link in data.links),
        swaps=tuple(replace(swap, rate=next(rate)) for swap in data.swaps),
        worth={group: {good: next(worth) for good in goods} for group, goods in data.worth.items()},
    )
    goods = {
        good: {name: symbols[f"{good}{PART}{name}"] for name in numbers_of(one)}
        for good, one in data.goods.items()
    }
    return chain, goods


Structure = dict[str, Any]


def structure_of(data: Data) -> Structure:
    """All that decides which rules, rows and columns there are; by words that say what it is."""
    if isinstance(data, ModelData):
        good, available = data.good, data.available
        return {
            "horizon in months": data.months,
            "cutoffs": available.cutoffs,
            "members": tuple(good.members),
            "suppliers": available.suppliers,
            "suppliers of the region": tuple(i for i in available.suppliers if i in good.credit),
            "members whose production is unknown": tuple(m for m in good.members if m in good.no_home),
            "members where others use the good": tuple(data.fed),
            "goods that may stand in": data.replaceable > 0,
            "pooling among members": data.pooled,
            "cap on one outsider": bool(np.isfinite(good.value("cap"))),
            **_of_any(available),
            "suppliers that answer a cutoff alike": data.class_of,
            "members that serve themselves otherwise": dict(zip(available.cutoffs, available.spared, strict=True)),
        }
    own = {
        f"{name} of {good}": what for good, one in data.goods.items() for name, what in structure_of(one).items()
    }
    return {
        "goods": tuple(data.goods),
        **own,
        "recipes and makers": tuple((link.good, link.input, *link.per_unit) for link in data.links),
        "substitutes": tuple((swap.good, swap.lender) for swap in data.swaps),
        "groups of substitutes": {group: tuple(goods) for group, goods in data.worth.items()},
    }


def _of_any(available: Availability) -> Structure:
    """What of an availability decides which rules there are for cutoffs of any K."""
    if "any K" not in available.derived:
        names, may_go = available.suppliers, available.lost.max(axis=2, initial=0.0) > 0
        taken = [frozenset(names[i] for i in np.flatnonzero(row)) for row in may_go]
        available.derived["any K"] = {
            "cutoffs of any K": dict(zip(available.cutoffs, (available.budget > 0).tolist(), strict=True)),
            "suppliers that any K may take": dict(zip(available.cutoffs, taken, strict=True)),
        }
    return cast(Structure, available.derived["any K"])


def differs(before: Structure, now: Structure) -> str | None:
    """The first difference of two structures in words; None if there is none."""
    for name, old in before.items():
        new = now.get(name)
        if new == old:
            continue
        if isinstance(old, dict) and isinstance(new, dict) and list(old) == list(new):
            where = next(key for key in old if old[key] != new[key])
            place = " of ".join(reversed(where)) if isinstance(where, tuple) else where
            return f"other {name} ({place})"
        if isinstance(old, tuple) and isinstance(new, tuple):
            came = [str(one) for one in new if one not in old]
            went = [str(one) for one in old if one not in new]
            parts = [f"{verb} {', '.join(names)}" for verb, names in (("with", came), ("without", went)) if names]
            return f"other {name}" + (f" ({'; '.join(parts)})" if parts else "")
        return f"other {name} ({_shown(old)} before, {_shown(new)} now)"
    return None


def _shown(what: Any) -> str:
    return {True: "yes", False: "no"}[what] if isinstance(what, bool) else str(what)
