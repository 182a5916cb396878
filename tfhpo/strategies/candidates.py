"""Points to choose from: drawn from anywhere, and around the best ones.

Notation:
    d       the number of columns
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tfhpo.space import BoolArray, FloatArray, Point, Space
from tfhpo.strategies.history import History

# The best points that others are drawn around, and how far away on the unit interval.
_PARENTS, _WIDTHS = 5, (0.02, 0.1, 0.3)
# How many columns are moved together, on average, beside one that always is.
_MOVES = (1.0, 2.0, 4.0)


def joined(first: Point, second: Point) -> Point:
    """Returns the points of two sets, one after the other."""
    return Point(np.concatenate([first.x, second.x]), np.concatenate([first.active, second.active]))


def from_anywhere(space: Space, count: int, rng: np.random.Generator, *, doubted: bool) -> Point:
    """Returns points drawn from the parameters' distributions, `count x d`.

    Args:
        space: The space.
        count: How many.
        rng: Where randomness comes from.
        doubted: Whether half of them are drawn evenly, since the distributions may be wrong.
    """
    p = rng.random((count, len(space)))
    if not doubted:
        return space.draws(p)
    return joined(space.draws(p[::2]), space.points(space.even_places(p[1::2])))


def around_the_best(
    space: Space, history: History, categorical: BoolArray, count: int, rng: np.random.Generator
) -> Point:
    """Returns points that differ from one of the best five in a few columns, `count x d`.

    Args:
        space: The space.
        history: With a scored point at least.
        categorical: Which columns are categorical, `d`: they are drawn anew, others moved.
        count: How many.
        rng: Where randomness comes from.
    """
    shape = count, len(space)
    best = best_first(history.scored, history.scores)[:_PARENTS]
    parents = best[rng.integers(len(best), size=count)]
    fresh = space.even_places(rng.random(shape))
    # A column that the parent does not use may become active by what is changed.
    x = np.where(history.active[parents], history.x[parents], fresh)
    moved = rng.random(shape) < rng.choice(_MOVES, size=(count, 1)) / len(space)
    moved[np.arange(count), rng.integers(len(space), size=count)] = True
    step = rng.choice(_WIDTHS, size=(count, 1)) * rng.standard_normal(shape)
    changed = np.where(categorical, fresh, np.clip(x + step, 0.0, 1.0))
    return space.points(np.where(moved, changed, x))


def best_first(keys: npt.NDArray[np.intp], scores: FloatArray) -> npt.NDArray[np.intp]:
    """Returns the keys of points with a score, the best first."""
    return keys[np.argsort(scores[keys], kind="stable")]


def evenly(keys: npt.NDArray[np.intp], most: int) -> npt.NDArray[np.intp]:
    """Returns so many of the keys at most, evenly chosen."""
    if len(keys) <= most:
        return keys
    some: npt.NDArray[np.intp] = keys[np.linspace(0, len(keys) - 1, most).astype(np.intp)]
    return some
