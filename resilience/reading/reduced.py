"""The planned share of all members of one good from the conditions of section 4 alone, without Pyomo.

Exact where members do not pool, no good is made of another and no cutoff takes any K: then a plan survives just if
it keeps the conditions of :mod:`resilience.reading.conditions`. The programme is the one that ``model.build``
writes, less all that only explanations need; tests hold it against that. It is made in a hundredth of a second,
which is what the many small re-solves behind a summary need; everything else goes the ordinary way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from resilience.model import ModelData
from resilience.program import Program
from resilience.reading.conditions import Windows, survival_conditions
from resilience.reading.planned import SAME, SLACK
from resilience.reading.readings import Singles
from resilience.reading.stress import shortfalls, survived
from resilience.solver import Warm, minimise


def reducible(data: ModelData) -> bool:
    """Whether the conditions of section 4 are linear in the plan, and all that there is."""
    available = data.available
    return data.apart and not available.budget.any() and not any(available.spared)


def planned_all(data: ModelData, today: float, warm: Warm | None = None) -> Mapping[str, Any]:
    """Share and status of the planned row of all members under all cutoffs; share NaN where none suffices.

    ``today`` is today's share over all members, as the row holds it. Raises
    :class:`~resilience.errors.SolverError` if an optimum cannot be certified.
    """
    good = data.good
    whole = _Reduced(data)
    problem = f"{good.good}, all members"
    found = minimise(whole.program, "least_share", problem, warm)
    if found is None:
        return {"share": np.nan, "status": "none"}
    share = min(max(found.objective, 0.0), 1.0)
    if _survives_today(data):
        return {"share": share, "status": "met"}
    unbuilt = whole.unbuilt()
    if minimise(unbuilt, "least_share", f"{problem}, without new capacity", warm) is None:
        return {"share": share, "status": "build"}
    if share > today + SAME:
        return {"share": share, "status": "raise"}
    kept = whole.as_today(unbuilt)
    rises = minimise(kept, "least_share", f"{problem}, shares as today", warm) is None
    return {"share": share, "status": "raise" if rises else "shift"}


def _survives_today(data: ModelData) -> bool:
    months = survived(data, shortfalls(data, data.good.baseline))
    return bool(months.min() >= data.months) and all(figures.keeps_cap() for figures, _ in Singles(data).values())


class _Reduced:
    """The programme; sourcing in parts of each member's demand, new capacity in parts of all demand."""

    def __init__(self, data: ModelData):
        good, available = data.good, data.available
        members, suppliers = good.members, list(available.suppliers)
        count, wide = len(members), len(suppliers)
        demand = good.demand.to_numpy(dtype=float)
        part = demand / demand.sum()
        credit = np.array([good.credit.get(i, 0.0) for i in suppliers])
        inside = np.array([i in good.credit for i in suppliers])
        self.new = slice(count * wide, (count + 1) * wide)
        self.share = slice(self.new.stop, self.new.stop + count)
        width = self.share.stop + 1
        each = sparse.eye_array(count, format="csr")
        windows = Windows.of(available)
        conditions = [survival_conditions(data, m, windows) for m in members]
        needed = np.array([one.needed for one in conditions]) / demand[:, None]
        arriving = sparse.csr_array(conditions[0].arriving)

        def row(*blocks: tuple[int, Any]) -> Any:
            """Rows with blocks that start at the given columns."""
            height = blocks[0][1].shape[0]
            parts, end = [], 0
            for start, block in blocks:
                parts += [sparse.csr_array((height, start - end)), sparse.csr_array(block)]
                end = start + block.shape[1]
            return sparse.hstack([*parts, sparse.csr_array((height, width - end))], format="csr")

        ones = np.ones((count, 1))
        matrix = sparse.vstack(
            [
                row((0, sparse.kron(each, np.ones((1, wide))))),
                row(
                    (0, sparse.kron(part[None, :], sparse.eye_array(wide))),
                    (self.new.start, -sparse.eye_array(wide)),
                ),
                row((0, sparse.kron(each, credit[None, :])), (self.share.start, -each)),
                row((self.share.start, -each), (self.share.stop, ones)),
                row((0, sparse.kron(each, arriving))),
            ],
            format="csr",
        )
        matrix.eliminate_zeros()
        capacity = good.capacity.reindex(suppliers).to_numpy(dtype=float) / demand.sum()
        free = np.full(needed.size, np.inf)
        lower = [np.ones(count), np.full(wide, -np.inf), np.zeros(count), np.zeros(count), needed.ravel()]
        upper = [np.ones(count), capacity, np.zeros(count), np.full(count, np.inf), free]
        most = np.where(inside, np.inf, good.value("cap")) * ones
        for n, m in enumerate(members):
            if m in good.no_home and m in suppliers:
                most[n, suppliers.index(m)] = 0.0
        built = np.array([data.most_new[i] for i in suppliers]) / demand.sum()
        plain = count + wide + 2 * count
        batch = np.repeat(np.arange(count * len(available.cutoffs)), len(windows.last))
        goal = np.zeros(width)
        goal[-1] = 1.0
        self.today = good.share_today.reindex(members).to_numpy(dtype=float)
        self.plain = plain
        self.program = Program(
            name=good.good,
            matrix=sparse.csr_matrix(matrix),
            row_lower=np.concatenate(lower),
            row_upper=np.concatenate(upper),
            column_lower=np.zeros(width),
            column_upper=np.concatenate([most.ravel(), built, np.full(count + 1, np.inf)]),
            column_size=np.ones(width),
            objectives={"least_share": goal},
            columns={"share": {m: self.share.start + n for n, m in enumerate(members)}},
            rows={},
            batch=np.concatenate([np.full(plain, -1), batch]),
        )

    def unbuilt(self) -> Program:
        """Without new capacity; survival to within what is taken for it elsewhere."""
        upper, lower = self.program.column_upper.copy(), self.program.row_lower.copy()
        upper[self.new] = 0.0
        lower[self.plain :] -= SAME
        return replace(self.program, column_upper=upper, row_lower=lower)

    def as_today(self, program: Program) -> Program:
        """No member's share above today's, and no common one."""
        upper, lower = program.column_upper.copy(), program.row_lower.copy()
        upper[self.share] = self.today + SLACK
        lower[self.plain - len(self.today) : self.plain] = -np.inf
        return replace(program, column_upper=upper, row_lower=lower)
