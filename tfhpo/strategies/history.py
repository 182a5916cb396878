"""What a strategy has proposed and learnt so far, as growing arrays.

Notation:
    d       the number of columns of the space
    n       the number of points
    x       places in the unit cube, `n x d`
    m       which columns each point really used, `n x d`
    y       scores, `n`, lower is better; NaN while pending and after a failure; what a pruned
            point would likely have reached
"""

from __future__ import annotations

import enum
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tfhpo.errors import ArgumentError
from tfhpo.space import BoolArray, FloatArray, Point


class Outcome(enum.IntEnum):
    """What became of a point."""

    PENDING = 0
    COMPLETED = 1
    FAILED = 2
    #: Stopped early: its score is an estimate, and it is never the best.
    PRUNED = 3


@dataclass(frozen=True)
class Entry:
    """One point of the history, for saving and restoring.

    Attributes:
        key: The number under which the strategy knows the point.
        point: Where it lies, with the columns that the trial really used.
        outcome: What became of it.
        score: Lower is better; NaN unless completed or pruned.
    """

    key: int
    point: Point
    outcome: Outcome = Outcome.PENDING
    score: float = math.nan


class History:
    """Points in the order they were proposed or told.

    The key of a point is its row. Rows are never removed: a failed point stays as a warning.

    Args:
        dimension: The number of columns, `d`.
    """

    def __init__(self, dimension: int) -> None:
        self._count = 0
        self._best: int | None = None
        self._footprints = _Footprints()
        self._x = np.zeros((16, dimension))
        self._active = np.zeros((16, dimension), dtype=bool)
        self._scores = np.full(16, np.nan)
        self._outcomes = np.full(16, Outcome.PENDING, dtype=np.int8)

    def __len__(self) -> int:
        return self._count

    @property
    def x(self) -> FloatArray:
        """Places of all points, `n x d`; 0 where inactive."""
        return self._x[: self._count]

    @property
    def active(self) -> BoolArray:
        """Masks of all points, `n x d`."""
        return self._active[: self._count]

    @property
    def scores(self) -> FloatArray:
        """Scores of all points, `n`; NaN unless completed or pruned."""
        return self._scores[: self._count]

    @property
    def completed(self) -> npt.NDArray[np.intp]:
        """The keys of the completed points, ascending."""
        return self._with(Outcome.COMPLETED)

    @property
    def scored(self) -> npt.NDArray[np.intp]:
        """The keys of the points with a score, ascending: the completed and the pruned ones."""
        return np.flatnonzero(np.isfinite(self.scores))

    @property
    def pending(self) -> npt.NDArray[np.intp]:
        """The keys of the points whose result is awaited, ascending."""
        return self._with(Outcome.PENDING)

    @property
    def failed(self) -> npt.NDArray[np.intp]:
        """The keys of the points that failed, ascending."""
        return self._with(Outcome.FAILED)

    @property
    def known(self) -> npt.NDArray[np.intp]:
        """The keys of the points whose outcome is known, ascending."""
        return np.flatnonzero(self._outcomes[: self._count] != Outcome.PENDING)

    @property
    def best(self) -> int | None:
        """The key of the completed point with the lowest score, the first of equals, or None."""
        return self._best

    def entry(self, key: int) -> Entry:
        """Returns one point with all that is known of it."""
        self._check(key)
        point = Point(self._x[key].copy(), self._active[key].copy())
        return Entry(key, point, Outcome(self._outcomes[key]), float(self._scores[key]))

    def add(self, point: Point) -> int:
        """Appends a pending point and returns its key.

        Raises:
            ArgumentError: If the point does not have `d` columns.
        """
        self._check_columns(point)
        if self._count == len(self._x):
            self._grow()
        key = self._count
        self._count += 1
        self._write(key, point)
        self._footprints.add(point)
        return key

    def resolve(self, key: int, point: Point, score: float, pruned: bool = False) -> None:
        """Records the result of a point; a score that is not finite is a failure.

        Args:
            key: The key that `add` returned.
            point: Where the trial really was: it may have used fewer columns than proposed.
            score: Lower is better.
            pruned: Whether the trial was stopped early and the score is an estimate.

        Raises:
            ArgumentError: If there is no such key, its result is known already, or the point does
                not have `d` columns.
        """
        self._check(key)
        self._check_columns(point)
        if self._outcomes[key] != Outcome.PENDING:
            raise ArgumentError(f"A point's result is told once. Received again: key {key}.")
        self._footprints.remove(Point(self._x[key], self._active[key]))
        self._write(key, point)
        self._footprints.add(point)
        if not math.isfinite(score):
            self._outcomes[key] = Outcome.FAILED
        elif pruned:
            self._prune(key, score)
        else:
            self._complete(key, score)

    def revise(self, scores: Mapping[int, float]) -> None:
        """Replaces the scores of points whose outcome is known.

        Args:
            scores: Key to score, lower is better; one that is not finite makes the point a failure.

        Raises:
            ArgumentError: If there is no such key, or its result is still awaited.
        """
        for key in scores:
            self._check(key)
        keys = np.fromiter(scores.keys(), dtype=np.intp, count=len(scores))
        revised = np.fromiter(scores.values(), dtype=np.float64, count=len(scores))
        outcomes = self._outcomes[keys]
        if (outcomes == Outcome.PENDING).any():
            raise ArgumentError(
                "Only a known score can be revised. "
                f"Received: pending key {keys[outcomes == Outcome.PENDING][0]}."
            )
        finite = np.isfinite(revised)
        known = np.where(outcomes == Outcome.PRUNED, Outcome.PRUNED, Outcome.COMPLETED)
        self._scores[keys] = np.where(finite, revised, np.nan)
        self._outcomes[keys] = np.where(finite, known, Outcome.FAILED)
        self._best = self._lowest()

    def restore(self, entry: Entry) -> None:
        """Appends a point of a saved history, under its old key.

        Raises:
            ArgumentError: If the points do not come in the order of their keys.
        """
        if entry.key != self._count:
            raise ArgumentError(
                f"The next point of the history must have key {self._count}. "
                f"Received: key {entry.key}."
            )
        key = self.add(entry.point)
        if entry.outcome == Outcome.COMPLETED:
            self._complete(key, entry.score)
        elif entry.outcome == Outcome.PRUNED:
            self._prune(key, entry.score)
        else:
            self._outcomes[key] = entry.outcome

    def tried(self, point: Point) -> bool:
        """Whether a point would repeat one of the history, a failed or pending one included.

        A point repeats a trial when it agrees with everything that the trial used: a build is a
        function of the parameters that it reads, so nothing else can make it differ.
        """
        return self._footprints.cover(point)

    def settles(self, x: FloatArray, active: BoolArray, decided: int) -> bool:
        """Whether a point of the history makes repeats of all that begin like this.

        With this a walk through the space leaves out whole branches: where a build is known to
        read nothing beyond the columns that are decided, the others need not be tried.

        Args:
            x: Places, shape `d`, of which the first `decided` count.
            active: Mask, shape `d`, likewise.
            decided: The number of decided columns. Only points whose last used column is the last
                decided one are looked at: those that used fewer settle an earlier branch.
        """
        return self._footprints.settle(x, active, decided)

    def widen(self, dimension: int) -> None:
        """Adds columns at the end; no known point used them.

        Args:
            dimension: The new number of columns.
        """
        extra = dimension - self._x.shape[1]
        self._x = np.pad(self._x, ((0, 0), (0, extra)))
        self._active = np.pad(self._active, ((0, 0), (0, extra)))
        self._footprints = _Footprints()
        for x, active in zip(self.x, self.active, strict=True):
            self._footprints.add(Point(x, active))

    def _complete(self, key: int, score: float) -> None:
        self._scores[key], self._outcomes[key] = score, Outcome.COMPLETED
        if self._best is None or (score, key) < (self._scores[self._best], self._best):
            self._best = key

    def _prune(self, key: int, score: float) -> None:
        self._scores[key], self._outcomes[key] = score, Outcome.PRUNED

    def _lowest(self) -> int | None:
        completed = self.completed
        return int(completed[np.argmin(self._scores[completed])]) if len(completed) else None

    def _with(self, outcome: Outcome) -> npt.NDArray[np.intp]:
        return np.flatnonzero(self._outcomes[: self._count] == outcome)

    def _write(self, key: int, point: Point) -> None:
        self._x[key] = np.where(point.active, point.x, 0.0)
        self._active[key] = point.active

    def _check(self, key: int) -> None:
        if not 0 <= key < self._count:
            raise ArgumentError(f"A key must be in 0 ... {self._count - 1}. Received: {key}.")

    def _check_columns(self, point: Point) -> None:
        # numpy would spread a single place over all columns without a word.
        if not len(point.x) == len(point.active) == self._x.shape[1]:
            raise ArgumentError(
                f"A point must have {self._x.shape[1]} columns. "
                f"Received: {len(point.x)} places, {len(point.active)} in the mask."
            )

    def _grow(self) -> None:
        room = len(self._x)
        self._x = np.concatenate([self._x, np.zeros_like(self._x)])
        self._active = np.concatenate([self._active, np.zeros_like(self._active)])
        self._scores = np.concatenate([self._scores, np.full(room, np.nan)])
        pending = np.full(room, Outcome.PENDING, dtype=np.int8)
        self._outcomes = np.concatenate([self._outcomes, pending])


class _Footprints:
    """Which places were used together: for each mask that occurred, the points under it.

    A space has few masks, so whether a point is covered does not take longer with more points.
    """

    def __init__(self) -> None:
        self._counts: dict[bytes, Counter[bytes]] = {}
        self._masks: dict[bytes, BoolArray] = {}
        self._ends: dict[int, set[bytes]] = {}

    def add(self, point: Point) -> None:
        mask = point.active.tobytes()
        if mask not in self._masks:
            self._masks[mask] = point.active.copy()
            self._counts[mask] = Counter()
            self._ends.setdefault(_end(point.active), set()).add(mask)
        self._counts[mask][_print(point.x, point.active)] += 1

    def remove(self, point: Point) -> None:
        mask = point.active.tobytes()
        counts, footprint = self._counts[mask], _print(point.x, point.active)
        counts[footprint] -= 1
        if not counts[footprint]:
            del counts[footprint]
        if not counts:
            del self._counts[mask], self._masks[mask]
            self._ends[_end(point.active)].remove(mask)

    def cover(self, point: Point) -> bool:
        """Whether the point agrees with everything that some known point used."""
        return self._agree(self._masks, point.x, point.active)

    def settle(self, x: FloatArray, active: BoolArray, decided: int) -> bool:
        """Whether the first places agree with a point whose last used column ends them."""
        return self._agree(self._ends.get(decided, ()), x, active)

    def _agree(self, masks: Iterable[bytes], x: FloatArray, active: BoolArray) -> bool:
        for mask in masks:
            used = self._masks[mask]
            if not np.any(used & ~active) and _print(x, used) in self._counts[mask]:
                return True
        return False


def _end(used: BoolArray) -> int:
    """Returns the number of columns up to the last used one, 0 where none is used."""
    return int(np.flatnonzero(used)[-1]) + 1 if used.any() else 0


def _print(x: FloatArray, used: BoolArray) -> bytes:
    # Adding 0 makes -0.0 and 0.0 one place.
    return (x[used] + 0.0).tobytes()
