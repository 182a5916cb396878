"""Which branches of a conditional space have had fewer trials than they should.

A *parent* is a parameter that others depend on. Its values fall into *branches*: those under which
the same columns may count are one.

Notation:
    d           the number of columns
    n           the number of points
    N           the trials that used the parent
    p           the share of them that random search would put into a branch
    b, f        the trials in the branch, and those of them that failed

A model knows a branch by the trials in it. Where the first few are bad it stays away, and never
learns what the columns do that count there alone: it can spend a whole search beside the branch
that the best points are in. A branch *lacks*

    min(N p, 20) (b - f + 1) / (b + 1) - b

trials: what random search would have given it, until it is known well; less the more of its trials
fail; less those that it had. Of three points in a row one lies in the branch that lacks most, if
any lacks something and has something left to try. Which point of it, the strategy decides.

Source:
    Our own; what it brings is measured (`benchmarks/README.md`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tfhpo.space import BoolArray, Condition, FloatArray, Point, Space
from tfhpo.strategies.history import History

# One point of so many may be called for by a branch.
_EVERY = 3
# Trials after which a branch is known well.
_ENOUGH = 20
# Parents of more values are left alone: hardly any two trials would share a branch.
_MOST_VALUES = 100
# Quantiles that shares are counted in: those of up to ten equally probable values are exact.
_QUANTILES = 5040


@dataclass(frozen=True, eq=False)
class Branch:
    """Values of a parent under which the same columns may count.

    Args:
        space: The space.
        column: The parent.
        places: Where the values lie.
        share: p.
        needed: What must be where for the parent to count: columns, ascending, and their places.
    """

    space: Space
    column: int
    places: FloatArray
    share: float
    needed: tuple[tuple[int, FloatArray], ...] = ()

    def holds(self, x: FloatArray, active: BoolArray) -> BoolArray:
        """Returns which points are in the branch, `n`.

        Args:
            x: Places, `n x d`.
            active: Masks, `n x d`.
        """
        return active[:, self.column] & np.isin(x[:, self.column], self.places)

    def within(self, points: Point, rng: np.random.Generator) -> Point:
        """Returns points of the branch that are like others, which need not lie in it.

        Where one is elsewhere, its parent gets any value of the branch, each as likely, and so does
        what the parent depends on. Columns that come to count are drawn from their distributions.

        Args:
            points: `n` points.
            rng: Where randomness comes from.

        Returns:
            `n` points; fewer where moving them does not bring all of them there.
        """
        p = rng.random(points.x.shape)
        drawn = [one.draws(p[:, column]) for column, one in enumerate(self.space.parameters)]
        x = np.where(points.active, points.x, np.stack(drawn, axis=1))
        outside = ~self.holds(*points)
        for column, places in self._needs():
            elsewhere = outside & ~np.isin(x[:, column], places)
            x[elsewhere, column] = rng.choice(places, size=int(elsewhere.sum()))
        moved = self.space.points(x)
        inside = self.holds(*moved)
        return Point(moved.x[inside], moved.active[inside])

    def settled(self, x: FloatArray) -> Point:
        """Returns the points nearest to places, in the branch where they can be brought there.

        Args:
            x: Places, `n x d`.
        """
        points = self.space.points(x)
        outside = ~self.holds(*points)
        if not outside.any():
            return points
        x = x.copy()
        for column, places in self._needs():
            x[outside, column] = _nearest(x[outside, column], places)
        return self.space.points(x)

    def _needs(self) -> tuple[tuple[int, FloatArray], ...]:
        return (*self.needed, (self.column, self.places))


class Branches:
    """All branches of a space.

    Args:
        space: The space.

    Attributes:
        branches: By parent, and by the first of their values.
    """

    def __init__(self, space: Space) -> None:
        self.branches = tuple(_branches(space))

    @staticmethod
    def due(history: History) -> bool:
        """Whether the next point is for a branch, if any lacks trials."""
        return len(history) % _EVERY == 0

    def lacking(self, points: Point, failed: npt.NDArray[np.intp]) -> list[Branch]:
        """Returns the branches that lack trials, the one that lacks most first.

        Args:
            points: All points so far, `n`; pending ones too, so that a batch looks into several.
            failed: Which of them failed.
        """
        bad = np.zeros(len(points.x), dtype=bool)
        bad[failed] = True
        lacks = np.array([_lack(branch, points, bad) for branch in self.branches])
        order = np.argsort(-lacks, kind="stable")
        return [self.branches[which] for which in order if lacks[which] > 0.0]


def _lack(branch: Branch, points: Point, failed: BoolArray) -> float:
    """Returns how many trials a branch lacks."""
    inside = branch.holds(*points)
    b, f = int(inside.sum()), int((inside & failed).sum())
    used = int(points.active[:, branch.column].sum())
    return min(used * branch.share, _ENOUGH) * (b - f + 1) / (b + 1) - b


def _branches(space: Space) -> Iterator[Branch]:
    """Yields the branches of each parent; a parent with a single one divides nothing."""
    for column, parent in enumerate(space.parameters):
        if not parent.size or parent.size > _MOST_VALUES:
            continue
        opened = _opened(space, column)
        if len(opened) < 2:
            continue
        drawn = parent.draws((np.arange(_QUANTILES) + 0.5) / _QUANTILES)
        found: dict[int, FloatArray] = {}
        _find_needed(space, column, found)
        needed = tuple((parent, found[parent]) for parent in sorted(found) if len(found[parent]))
        for places in opened:
            yield Branch(space, column, places, float(np.isin(drawn, places).mean()), needed)


def _opened(space: Space, column: int) -> list[FloatArray]:
    """Returns the places of a parent, by which columns may count there."""
    parent = space.parameters[column]
    opening = [
        (child, condition.places(parent.domain))
        for child, parameter in enumerate(space.parameters)
        for condition in parameter.conditions
        if condition.parent == parent.name and not parameter.excludes(parent)
    ]
    found: dict[frozenset[int], list[float]] = {}
    for place in parent.domain.places():
        counting = frozenset(child for child, places in opening if place in places)
        found.setdefault(counting, []).append(place)
    return [np.array(places) for places in found.values()]


def _find_needed(space: Space, column: int, found: dict[int, FloatArray]) -> None:
    """Adds what must be where for a column to count."""
    for condition in space.parameters[column].conditions:
        parent, places = _needed_by(space, column, condition)
        if parent in found:
            # Conditions come from several levels, and none of them may undo another.
            places = np.intersect1d(found[parent], places)
        else:
            _find_needed(space, parent, found)
        found[parent] = places


def _needed_by(space: Space, column: int, condition: Condition) -> tuple[int, FloatArray]:
    """Returns which column a condition is about, and its places; of several, the first."""
    child = space.parameters[column]
    named = [
        (not parameter.excludes(child), parent, condition.places(parameter.domain))
        for parent, parameter in enumerate(space.parameters)
        if parameter.name == condition.parent
    ]
    _, parent, places = max(named, key=lambda one: (one[0], len(one[2]) > 0))
    return parent, places


def _nearest(x: FloatArray, places: FloatArray) -> FloatArray:
    """Returns the nearest of some places to each of others."""
    nearest: FloatArray = places[np.abs(x[:, None] - places).argmin(axis=1)]
    return nearest
