"""The frontier of a good: its least share as one number of the case moves, with exact breakpoints where it can be.

Where a number enters the right-hand sides and bounds of the programme only (stocks, critical share, capacities),
the least share is a convex, piecewise linear function of it. Made a variable τ of the programme, the number gives
every corner of that function: the chord between two known points has a corner below it just if minimising
ρ − λτ, λ the chord's slope, finds one (Aneja and Nair 1979, "Bicriteria transportation problem", Management
Science 25). Whole numbers (months, any K) are solved one by one. Where a number stands in coefficients (surge, the
fraction of a cutoff) there are no corners to find: the points between which the line is drawn are solved, and lie
so close that halfway it is off by no more than :data:`CLOSE`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from resilience.errors import Finding, InputError
from resilience.families import all_figures, couple_family, model_data
from resilience.inputs.balance import Trade
from resilience.inputs.case import Case, unknown_member
from resilience.inputs.suggestions import nearest
from resilience.inputs.variants import vary
from resilience.model import build
from resilience.program import Program
from resilience.reading.planned import SAME, Engine
from resilience.reading.requirements import PLANNED, Wanted
from resilience.schema import ALL, STUDY
from resilience.solver import Warm, minimise
from resilience.studies.designs import whole_name
from resilience.studies.points import Chunk, Evaluate, Templates

CLOSE = 1e-3  # of share; how far off the line between solved points may be halfway
EDGE = 1e-9  # of the range; how far inside the first and the last value with a share is shown
MOST_POINTS = 129  # of a frontier without corners
EXACT, STEP, SOLVED = "corner", "whole number", "solved point"


def frontier(
    case: Case,
    good: str,
    parameter: str,
    low: float,
    high: float,
    *,
    member: str = ALL,
    cutoff: str = ALL,
    reading: str = PLANNED,
    how: str = "set",
) -> pd.DataFrame:
    """The table ``frontier``: least share of a good at the values of a parameter, in ascending order.

    ``parameter`` is a dotted name of the case as ``--set`` takes it; its values from ``low`` to ``high`` change
    the case as ``how`` says (see :func:`resilience.inputs.variants.vary`). Between two rows of kind "corner" the
    share runs straight, and no share suffices outside the first and last of them that have one. Raises
    :class:`~resilience.errors.InputError` if a name or value does not fit.
    """
    if not low < high:
        message = f"the range from {low:g} to {high:g} is empty; give a low end below the high end"
        raise InputError([Finding("error", case.file.path.name, None, parameter, message)])
    if good not in case.goods:
        message = f'"{good}" is not among the goods of the case{nearest(good, case.goods)}'
        raise InputError([Finding("error", case.file.path.name, None, "goods", message)])
    if member not in (ALL, *case.members):
        message = unknown_member(member, case.data, [ALL, *case.members])
        raise InputError([Finding("error", case.file.path.name, None, "members", message)])
    cutoffs = [ALL, *(one.name for one in case.file.cutoffs)]
    if cutoff not in cutoffs:
        message = f'no cutoff is called "{cutoff}"{nearest(cutoff, cutoffs)}'
        raise InputError([Finding("error", case.file.path.name, None, "cutoffs", message)])
    curve = _Curve(case, good, parameter, how, Wanted((member,), (cutoff,), (reading,)))
    if whole_name(parameter):
        kind, values = STEP, [float(value) for value in range(int(np.ceil(low)), int(np.floor(high)) + 1)]
    else:
        corners = curve.corners(low, high) if reading == PLANNED else None
        kind, values = (SOLVED, curve.close(low, high)) if corners is None else (EXACT, corners)
    rows = [curve.row(value) | {"kind": kind} for value in values]
    return pd.DataFrame(rows, columns=list(STUDY["frontier"].names))


@dataclass
class _Curve:
    """One good's rows at values of one parameter."""

    case: Case
    good: str
    parameter: str
    how: str
    wanted: Wanted

    def __post_init__(self) -> None:
        goods = (self.good,) if self.case.family(self.good) == (self.good,) else ()
        self.chunk = Chunk(Evaluate(self.case, {self.parameter: self.how}, self.wanted, goods))
        self.known: dict[float, dict[str, Any]] = {}
        self.templates = Templates(self.chunk.asked.common)
        self.trades: dict[str, Trade | None] = {}

    def row(self, value: float) -> dict[str, Any]:
        """The outcome at a value."""
        if value not in self.known:
            given = int(value) if whole_name(self.parameter) and value.is_integer() else value
            found = self.chunk.outcomes({self.parameter: given})
            for row in found:
                if row["status"] == "error":
                    message = f"{value:g}: {row['message']}"
                    raise InputError([Finding("error", self.case.file.path.name, None, self.parameter, message)])
            rows = [row for row in found if row["good"] == self.good]
            if not rows:
                message = f"nothing is known of {self.wanted.members[0]} under {self.wanted.cutoffs[0]}"
                raise InputError([Finding("error", self.case.file.path.name, None, self.parameter, message)])
            self.known[value] = rows[0] | {"parameter": self.parameter, "value": value}
        return self.known[value]

    def program(self, value: float) -> Program | None:
        """The programme of the planned row at a value; None where the good is not solved by itself."""
        case = vary(self.case, {self.parameter: value}, {self.parameter: self.how})
        figures = all_figures(case, self.trades)
        goods = {name: data for name in case.family(self.good) if (data := figures[name]) is not None}
        data = goods.get(self.good)
        if data is None or not data.members or any(self.good in coupled for coupled in couple_family(case, goods)):
            return None
        model = model_data(case, data, goods)
        member, cutoff = self.wanted.members[0], self.wanted.cutoffs[0]
        if data.settings["solidarity"].value and member == ALL:
            return None
        if member not in (ALL, *data.members) or cutoff not in (ALL, *model.available.cutoffs):
            return None
        compiled = self.templates.program(build, model)
        return Engine(model, compiled, compiled, compiler=self.templates).row(member, cutoff)[0]

    def corners(self, low: float, high: float) -> list[float] | None:
        """The values at the corners of the least share and at both ends; None if it need not be convex."""
        programs = [self.program(value) for value in (low, (low + high) / 2, high)]
        if any(program is None for program in programs):
            return None
        moving = movable(*(program for program in programs if program is not None))
        if moving is None:
            return None
        warm = Warm()

        def at(objective: np.ndarray, name: str) -> tuple[float, float] | None:
            """τ and ρ where an objective is least."""
            whole = replace(moving, objectives={name: objective})
            found = minimise(whole, name, f"{self.good}, frontier over {self.parameter}", warm)
            if found is None:
                return None
            return float(found.values[-1]), float(found.values[share])

        share = moving.columns["common_share"][None]
        least, position = np.zeros(len(moving.column_size)), np.zeros(len(moving.column_size))
        least[share], position[-1] = 1.0, 1.0
        first, last = at(position, "lowest"), at(-position, "highest")
        if first is None or last is None:
            return [low, high]

        def least_at(tau: float) -> tuple[float, float]:
            column = moving.column_lower.copy(), moving.column_upper.copy()
            column[0][-1] = column[1][-1] = tau
            held = replace(moving, column_lower=column[0], column_upper=column[1], objectives={"share": least})
            found = minimise(held, "share", f"{self.good}, frontier over {self.parameter}")
            return tau, np.nan if found is None else found.objective

        def between(left: tuple[float, float], right: tuple[float, float]) -> list[tuple[float, float]]:
            if right[0] - left[0] <= SAME:
                return []
            slope = (right[1] - left[1]) / (right[0] - left[0])
            found = at(least - slope * position, "chord")
            if found is None:
                return []
            tau = found[0]
            below = left[1] + slope * (tau - left[0]) - found[1]
            if below <= SAME or not left[0] + SAME < tau < right[0] - SAME:
                return []
            return [*between(left, found), found, *between(found, right)]

        ends = [least_at(tau) for tau in (first[0], last[0])]
        if any(np.isnan(end[1]) for end in ends):
            return None
        edges = [ends[0][0] + (EDGE if first[0] > 0 else 0.0), ends[1][0] - (EDGE if last[0] < 1 else 0.0)]
        taus = {0.0, 1.0, *edges, *(point[0] for point in between(*ends))}
        return [low + (high - low) * tau for tau in sorted(taus)]

    def close(self, low: float, high: float) -> list[float]:
        """Values so close that the share halfway is on the line between them, or the status changes in between."""
        pieces = [(low, high)]
        for _ in range(3):
            pieces = [half for a, b in pieces for half in ((a, (a + b) / 2), ((a + b) / 2, b))]
        while pieces and len(self.known) < MOST_POINTS:
            rough = []
            for a, b in pieces:
                ends, middle = (self.row(a), self.row(b)), self.row((a + b) / 2)
                line = (ends[0]["share"] + ends[1]["share"]) / 2
                off = abs(middle["share"] - line)
                same = {end["status"] == "none" for end in (*ends, middle)}
                if (len(same) > 1 or off > CLOSE) and b - a > SAME * (high - low):
                    rough += [(a, (a + b) / 2), ((a + b) / 2, b)]
            pieces = rough
        return sorted(self.known)


def movable(low: Program, middle: Program, high: Program) -> Program | None:
    """One program for all values of a number between two: its last column is τ, 0 at the low end, 1 at the high.

    None if the number does not move right-hand sides and bounds in proportion, or moves anything else.
    """
    if any(program.matrix.shape != low.matrix.shape or program.rows != low.rows for program in (middle, high)):
        return None
    bounds = (side for program in (low, high) for side in (program.column_lower, program.column_upper))
    used = sparse.diags_array(np.logical_or.reduce([bound != 0 for bound in bounds]).astype(float))
    matrix = sparse.csr_matrix(low.matrix @ used)  # coefficients of what is zero anyway do not count
    if any((matrix != sparse.csr_matrix(program.matrix @ used)).nnz for program in (middle, high)):
        return None
    moves: dict[str, np.ndarray] = {}
    for name in ("row_lower", "row_upper", "column_lower", "column_upper"):
        start, half, end = (getattr(program, name) for program in (low, middle, high))
        finite = np.isfinite(start)
        if (finite != np.isfinite(end)).any() or (finite != np.isfinite(half)).any():
            return None
        start, half, end = (np.where(finite, side, 0.0) for side in (start, half, end))
        size = np.maximum(np.abs(start), np.abs(end))
        if (np.abs(half - (start + end) / 2) > 1e-12 * size).any():
            return None
        moves[name] = end - start
    both = np.isfinite(low.row_lower) & np.isfinite(low.row_upper)
    if (moves["row_lower"] != moves["row_upper"])[both].any():
        return None
    shift = np.where(np.isfinite(low.row_lower), moves["row_lower"], moves["row_upper"])
    matrix = sparse.hstack([matrix, sparse.csr_matrix(-shift[:, None])], format="csr")
    row_lower, row_upper, batch = [low.row_lower], [low.row_upper], [low.batch]
    column_lower, column_upper = low.column_lower.copy(), low.column_upper.copy()
    count = len(low.column_size)
    for name, side, other in (
        ("column_lower", column_lower, np.minimum),
        ("column_upper", column_upper, np.maximum),
    ):
        moved = np.flatnonzero(moves[name])
        if not len(moved):
            continue
        # A bound that moves becomes a row: x − Δτ on the right side of the bound at the low end.
        rows = sparse.lil_matrix((len(moved), count + 1))
        rows[np.arange(len(moved)), moved] = 1.0
        rows[np.arange(len(moved)), count] = -moves[name][moved]
        matrix = sparse.vstack([matrix, rows.tocsr()], format="csr")
        bound, free = getattr(low, name)[moved], np.full(len(moved), np.inf)
        row_lower.append(bound if name == "column_lower" else -free)
        row_upper.append(free if name == "column_lower" else bound)
        batch.append(np.full(len(moved), -1))
        side[moved] = other(getattr(low, name)[moved], getattr(high, name)[moved])
    return replace(
        low,
        matrix=sparse.csr_matrix(matrix),
        row_lower=np.concatenate(row_lower),
        row_upper=np.concatenate(row_upper),
        column_lower=np.append(column_lower, 0.0),
        column_upper=np.append(column_upper, 1.0),
        column_size=np.append(low.column_size, 1.0),
        objectives={},
        batch=np.concatenate(batch),
    )
