"""What former studies say of a space, and the points worth trying first because of them.

Notation:
    n           the number of a former study's results
    d           the number of columns
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from tfhpo.errors import ArgumentError
from tfhpo.space import BoolArray, FloatArray, Point, Space

# Points to try first: so many in all, or one of each former study up to the second number.
_SEEDS, _MOST_SEEDS = 3, 5
# Two of them differ by this share of a column's range at least, in one column or more.
_APART = 0.2


@dataclass(frozen=True, eq=False)
class Former:
    """The results of a former study, as points of the space that is searched now.

    A column that the former study did not have is inactive, even where the conditions of the space
    would make it active.

    Args:
        points: Where its trials were: places and masks, `n x d`.
        scores: Their scores, `n`, at least one: finite, lower is better, on any scale.

    Raises:
        ArgumentError: If the sizes differ, there is no result, or a score is not finite.
    """

    points: Point
    scores: FloatArray

    def __post_init__(self) -> None:
        x, active = self.points
        if x.ndim != 2 or x.shape != active.shape or self.scores.shape != x.shape[:1]:
            raise ArgumentError(
                "A former study has places and masks, n x d each, and n scores. Received: "
                f"{x.shape}, {active.shape} and {self.scores.shape}."
            )
        if not len(self.scores) or not np.all(np.isfinite(self.scores)):
            raise ArgumentError(
                "A former study has at least one result, and finite scores only. "
                f"Received: {self.scores}."
            )

    @property
    def columns(self) -> BoolArray:
        """Which columns it says something of, `d`."""
        return np.asarray(self.points.active.any(axis=0))

    @property
    def ranked(self) -> npt.NDArray[np.intp]:
        """Its rows, the best first."""
        return np.argsort(self.scores, kind="stable")

    def rows(self, which: npt.NDArray[np.intp]) -> Former:
        """Returns some of its results."""
        x, active = self.points
        return Former(Point(x[which], active[which]), self.scores[which])

    def widened(self, dimension: int) -> Former:
        """Returns the same in a space with more columns at its end, of which it says nothing."""
        extra = ((0, 0), (0, dimension - self.points.x.shape[1]))
        x, active = self.points
        return Former(Point(np.pad(x, extra), np.pad(active, extra)), self.scores)


def seeds(former: Sequence[Former], space: Space, start: FloatArray) -> list[Point]:
    """Returns the points to try first: the best of each former study in turn, then the start.

    The start, which is where a search without former studies begins, costs one trial and saves many
    where these mislead: results have something to compare with.

    Args:
        former: The former studies.
        space: What is searched now.
        start: Where each column begins, `d`; also those that a former study did not have.
    """
    if not former:
        return []
    count = max(_SEEDS, min(len(former), _MOST_SEEDS))
    return [*islice(_different(former, space, start), count), space.point(start)]


def _different(former: Sequence[Former], space: Space, start: FloatArray) -> Iterator[Point]:
    """Yields the best points of each study in turn, leaving out what is close to an earlier one."""
    queues = [iter(_filled(study, space, start)) for study in former]
    taken: list[Point] = []
    while queues:
        for queue in list(queues):
            point = next((one for one in queue if _is_apart(one, taken)), None)
            if point is None:
                queues.remove(queue)
                continue
            taken.append(point)
            yield point


def _filled(study: Former, space: Space, start: FloatArray) -> Iterator[Point]:
    """Yields a study's points as points of the space, the best first."""
    x, active = study.points
    for row in study.ranked:
        yield space.point(np.where(active[row], x[row], start))


def _is_apart(point: Point, others: Sequence[Point]) -> bool:
    return all(
        np.any(point.active != other.active) or np.max(np.abs(point.x - other.x)) >= _APART
        for other in others
    )
