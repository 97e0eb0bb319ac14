"""Where a share crosses the target as one factor of a study moves, found by solving between the study's points.

The points of a study bracket a crossing; how the share runs in between is not known until it is solved. Each
bracket is narrowed with the study's own evaluation of the one good: by halving, and by guesses on the straight
line between the ends, which find a crossing on a straight piece at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

import pandas as pd

from resilience.inputs.case import Case
from resilience.reading.requirements import PLANNED, Wanted
from resilience.schema import ALL
from resilience.studies.designs import point_id
from resilience.studies.points import Common, Evaluate
from resilience.studies.tables import KEY, curves, exceeds, groups, target_of, turns, whole_steps

WIDTH = 1e-6  # of a bracket, at which it is narrow enough
DIGITS = 9  # of a crossing; those behind differ between computers
MOST = 200  # effort for all crossings of a study; 1 for a good by itself, planned
CHAIN, READING = 50, 10  # times as much effort for goods that are solved together, and for the other readings
MOST_STEPS = 60  # in one bracket

Row = Mapping[str, Any]


def solved_crossings(
    evaluate: Evaluate, points: pd.DataFrame, outcomes: pd.DataFrame, meta: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The crossings of the table ``break_even`` that could be solved, as plain values, up to the effort MOST.

    good, member, cutoff, reading, factor, target, below and above (the solved values around it, as the study has
    them), value (of whole numbers the last one with at most the target) and none (whether no share suffices right
    beyond it). What the study varies otherwise stays as the case says.
    """
    asked = []
    for group in groups(points, outcomes, meta):
        target, _ = target_of(group)
        for factor, solved in [] if math.isnan(target) else curves(group):
            whole = whole_steps(group, factor)
            asked += [(group.key, factor.name, whole, target, pair) for pair in turns(solved, target)]
    asked.sort(key=lambda one: (one[0]["member"] != ALL, one[0]["cutoff"] != ALL, _effort(evaluate.case, one[0])))
    spent = accumulate(_effort(evaluate.case, key) for key, *_ in asked)
    # Compiled models do not depend on the goods asked for; cases do.
    common = {good: Common(templates=evaluate.common.templates) for good in evaluate.case.all_goods}
    found = []
    for (key, name, whole, target, pair), effort in zip(asked, spent, strict=True):
        if effort > MOST:
            break
        good = key["good"]
        alone = (good,) if evaluate.case.family(good) == (good,) else evaluate.goods
        wanted = Wanted((key["member"],), (key["cutoff"],), (key["reading"],))
        own = replace(evaluate, wanted=wanted, goods=alone, common=common[good])
        narrow = _Bracket(own, key, name, target, *pair, whole).narrowed()
        if narrow is not None:
            value, none = narrow
            ends = {"below": float(pair[0]["at"]), "above": float(pair[1]["at"])}
            found.append({**key, "factor": name, "target": target, **ends, "value": value, "none": none})
    return found


def _effort(case: Case, key: Mapping[str, str]) -> int:
    """About how much work a crossing takes, in those of a good by itself, planned."""
    return (1 if len(case.family(key["good"])) == 1 else CHAIN) * (1 if key["reading"] == PLANNED else READING)


@dataclass
class _Bracket:
    """Two solved values of a factor between which a share crosses the target."""

    evaluate: Evaluate
    key: Mapping[str, str]
    factor: str
    target: float
    low: Row
    high: Row
    whole: bool

    def narrowed(self) -> tuple[float, bool] | None:
        """The crossing, and whether no share suffices right beyond it; None if a value in between failed."""
        width = 1.0 if self.whole else WIDTH * (self.high["at"] - self.low["at"])
        for step in range(MOST_STEPS):
            if self.high["at"] - self.low["at"] <= width:
                break
            guess = None if self.whole or step % 2 else self._straight()
            if guess is None:
                middle = (self.low["at"] + self.high["at"]) / 2
                tries = [float(math.floor(middle)) if self.whole else middle]
            else:
                tries = [guess - width / 3, guess + width / 3]
            for at in tries:
                if self.low["at"] < at < self.high["at"] and not self._take(at):
                    return None
        within, beyond = (self.high, self.low) if exceeds(self.low, self.target) else (self.low, self.high)
        none = beyond["status"] == "none"
        value = within["at"]
        if not (self.whole or none):
            part = (self.target - self.low["share"]) / (self.high["share"] - self.low["share"])
            value = self.low["at"] + min(max(part, 0.0), 1.0) * (self.high["at"] - self.low["at"])
        return float(f"{value:.{DIGITS}g}"), none

    def _straight(self) -> float | None:
        """Where a straight line between the ends crosses the target; None if an end has no share."""
        if "none" in (self.low["status"], self.high["status"]):
            return None
        part = (self.target - self.low["share"]) / (self.high["share"] - self.low["share"])
        return float(self.low["at"] + part * (self.high["at"] - self.low["at"]))

    def _take(self, at: float) -> bool:
        """Solve at a value and put it in the place of the end on its side; False if it has no answer."""
        cells = {self.factor: at}
        rows = self.evaluate(
            pd.DataFrame([{"point": point_id(cells), **dict.fromkeys(self.evaluate.how), **cells}])
        )
        for name in KEY:
            rows = rows[rows[name] == self.key[name]]
        if len(rows) != 1 or rows["status"].iloc[0] in ("error", "unknown"):
            return False
        row = {"at": at, "share": rows["share"].iloc[0], "status": rows["status"].iloc[0]}
        if exceeds(row, self.target) == exceeds(self.low, self.target):
            self.low = row
        else:
            self.high = row
        return True
