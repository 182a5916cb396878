"""Which branches of a conditional space have had fewer trials than they should.

A *parent* is a parameter that others depend on; a *branch* is all of its values under which the
same columns may count.

Notation:
    d           the number of columns
    n           the number of points
    N           the trials that used the parent
    p           the share of them that random search would put into the branch
    b, f        the trials in the branch, and those of them that failed

A model knows a branch by the trials in it. Where the first few are bad it stays away, and never
learns what the columns do that count there alone: it can spend a whole search beside the branch
that the best points are in. So one point of three lies in the branch that lacks most of

    N p (b - f + 1) / (b + 1),

what random search would have given it, and less the more of its trials fail. Where no branch lacks
anything, the point may lie anywhere. Which point of the branch it is, the strategy decides.

Source:
    Our own; what it brings is measured (`benchmarks/README.md`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tfhpo.space import BoolArray, FloatArray, Point, Space
from tfhpo.strategies.history import History

# One point of so many may be called for by a branch.
_EVERY = 3
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
    """

    space: Space
    column: int
    places: FloatArray

    def share(self) -> float:
        """Returns p."""
        p = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
        drawn = self.space.parameters[self.column].draws(p)
        return float(np.isin(drawn, self.places).mean())

    def holds(self, x: FloatArray, active: BoolArray) -> BoolArray:
        """Returns which points are in the branch, `n`.

        Args:
            x: Places, `n x d`.
            active: Masks, `n x d`.
        """
        return active[:, self.column] & np.isin(x[:, self.column], self.places)

    def within(self, points: Point, rng: np.random.Generator) -> Point:
        """Returns points like others, but in the branch.

        Those that are elsewhere get any of its values, and what these depend on in turn; columns
        that come to count by this are drawn evenly.

        Args:
            points: `n` points.
            rng: Where randomness comes from.

        Returns:
            At most `n` points.
        """
        shape = points.x.shape
        x = np.where(points.active, points.x, self.space.even_places(rng.random(shape)))
        for column, places in _needed(self.space, self.column):
            _move(x[:, column], places, rng)
        _move(x[:, self.column], self.places, rng)
        moved = self.space.points(x)
        inside = self.holds(*moved)
        return Point(moved.x[inside], moved.active[inside])


class Branches:
    """All branches of a space.

    Args:
        space: The space.
    """

    def __init__(self, space: Space) -> None:
        self._shares = [(branch, branch.share()) for branch in _branches(space)]

    def lacking(self, history: History) -> Branch | None:
        """Returns the branch that the next point is to lie in, or None where it may lie anywhere.

        Args:
            history: All points so far; pending ones count, so that a batch looks into several.
        """
        if not self._shares or len(history) % _EVERY:
            return None
        failed = np.zeros(len(history), dtype=bool)
        failed[history.failed] = True
        lacks = [_lack(branch, share, history, failed) for branch, share in self._shares]
        most = int(np.argmax(lacks))
        return self._shares[most][0] if lacks[most] > 0.0 else None


def _lack(branch: Branch, share: float, history: History, failed: BoolArray) -> float:
    """Returns how many trials a branch has fewer than it should."""
    inside = branch.holds(history.x, history.active)
    b, f = int(inside.sum()), int((inside & failed).sum())
    used = int(history.active[:, branch.column].sum())
    return used * share * (b - f + 1) / (b + 1) - b


def _branches(space: Space) -> Iterator[Branch]:
    """Yields the branches of each parent; a parent with a single one divides nothing."""
    for column, parent in enumerate(space.parameters):
        if not parent.size or parent.size > _MOST_VALUES:
            continue
        opening = [
            (child, condition.places(parent.domain))
            for child, parameter in enumerate(space.parameters)
            for condition in parameter.conditions
            if condition.parent == parent.name
        ]
        opened: dict[frozenset[int], list[float]] = {}
        for place in map(parent.domain.unit_of_index, range(parent.size)):
            counting = frozenset(child for child, places in opening if place in places)
            opened.setdefault(counting, []).append(place)
        if len(opened) > 1:
            yield from (Branch(space, column, np.array(places)) for places in opened.values())


def _needed(space: Space, column: int) -> Iterator[tuple[int, FloatArray]]:
    """Yields the columns that a column depends on, and where they must be for it to count."""
    for condition in space.parameters[column].conditions:
        for parent, parameter in enumerate(space.parameters):
            if parameter.name == condition.parent:
                yield from _needed(space, parent)
                yield parent, condition.places(parameter.domain)


def _move(x: FloatArray, places: FloatArray, rng: np.random.Generator) -> None:
    """Moves, in place, what is at none of the places to any of them."""
    # One of two parameters of a name may have none of the values.
    elsewhere = ~np.isin(x, places) & bool(len(places))
    x[elsewhere] = rng.choice(places, size=int(elsewhere.sum()))
