"""What one trial has reported: its curve, as the pruners look at it.

Notation:
    e, s        an execution and a step (epoch) of it, both from 0
    v(e, s)     the value reported there, lower is better; NaN is no value
    b(e, s)     min of v(e, t) over t <= s: the best of an execution by step s
    B(e, s)     the mean of b(0, last), ..., b(e - 1, last), b(e, s): what a trial has by (e, s)

A trial is judged by its best epoch, and by the mean over its executions; so B is what it would
score if it went no further. An execution without any value is left out of the mean.
"""

from __future__ import annotations

import bisect
import math
from typing import NamedTuple


class Position(NamedTuple):
    """A place on a curve; positions compare in the order in which a trial reaches them.

    Attributes:
        execution: e.
        step: s.
    """

    execution: int
    step: int


class Curve:
    """The reports of one trial.

    Attributes:
        ended: Whether the trial ran to its end: it has then what it has at all later positions too.
        furthest: The furthest position reached; None before the first report.
    """

    __slots__ = ("_executions", "ended", "furthest")

    def __init__(self) -> None:
        self.ended = False
        self.furthest: Position | None = None
        self._executions: dict[int, _Execution] = {}

    def add(self, at: Position, value: float) -> None:
        """Takes in a value.

        Positions may come in any order and more than once: a second `fit` within an execution
        starts again at step 0, and its values count where they are better.
        """
        self._executions.setdefault(at.execution, _Execution()).add(at.step, value)
        if self.furthest is None or self.furthest < at:
            self.furthest = at

    @property
    def score(self) -> float:
        """B at the furthest position; NaN without any value."""
        return math.nan if self.furthest is None else self.by(self.furthest)

    def by(self, at: Position) -> float:
        """Returns B(e, s); NaN where the trial did not get so far, or has no value by then."""
        if self.furthest is None or (self.furthest < at and not self.ended):
            return math.nan
        bests = []
        for execution, one in self._executions.items():
            if execution <= at.execution:
                best = one.best if execution < at.execution else one.best_by(at.step)
                if not math.isnan(best):
                    bests.append(best)
        return math.fsum(bests) / len(bests) if bests else math.nan

    def epochs(self, at: Position) -> int:
        """Returns how many epochs lie up to a position, it included, over all executions."""
        before = [one.last + 1 for e, one in self._executions.items() if e < at.execution]
        return sum(before) + at.step + 1

    def step_before(self, at: Position) -> int:
        """Returns the last step reported before a position in its execution; -1 of the first."""
        one = self._executions.get(at.execution)
        return -1 if one is None else one.step_before(at.step)


class _Execution:
    """The steps reported in one execution, ascending, with b at each."""

    __slots__ = ("_bests", "_steps")

    def __init__(self) -> None:
        self._steps: list[int] = []
        self._bests: list[float] = []

    @property
    def last(self) -> int:
        return self._steps[-1]

    @property
    def best(self) -> float:
        return self._bests[-1]

    def add(self, step: int, value: float) -> None:
        place = bisect.bisect_left(self._steps, step)
        if place == len(self._steps) or self._steps[place] != step:
            self._steps.insert(place, step)
            self._bests.insert(place, self._bests[place - 1] if place else math.nan)
        for later in range(place, len(self._bests)):
            self._bests[later] = _lower(self._bests[later], value)

    def best_by(self, step: int) -> float:
        place = bisect.bisect_right(self._steps, step)
        return self._bests[place - 1] if place else math.nan

    def step_before(self, step: int) -> int:
        place = bisect.bisect_left(self._steps, step)
        return self._steps[place - 1] if place else -1


def _lower(first: float, second: float) -> float:
    """Returns the lower of two values, of which either may be NaN."""
    return second if math.isnan(first) or second < first else first
