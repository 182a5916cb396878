"""Finding where an acquisition is highest, over a space that is mixed and conditional.

Notation:
    d           the number of columns
    q           the number of points looked at together
    x, m        places in [0, 1] and activity masks, `q x d`

A *listed* column has few values, and is walked in steps: to any other choice, or one, two or four
values up and down where they are ordered. An *open* one is followed along its gradient.
Acquisitions peak between the values of a listed column, so rounding a place found by gradients
would miss the best value. The best of many starts are improved in turns:

- `ascend`: all open active columns of all points at once, by L-BFGS-B on the sum of the
  acquisitions, which is separable;
- `climb`: each point moves to the best of all points that are a step away in one listed column,
  until none is better. What a step makes active begins at its lowest place: the starts, not the
  steps, must have looked into every branch. (Trying more places, or steps in columns of many
  values, raised the acquisition nowhere.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

# Values that a listed column may have.
LISTED = 24
# Of an ordered listed column: how many values further up and down a step may go.
_STRIDES = (1, 2, 4)
_ASCENT_STEPS = 12
_CLIMB_ROUNDS = 12


class Objective(Protocol):
    """What is maximised."""

    def value(self, x: FloatArray, active: BoolArray) -> FloatArray:
        """Returns the acquisition of points, `q`."""

    def slope(self, x: FloatArray, active: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Returns the acquisition, `q`, and its derivatives by the places, `q x d`.

        Those of categorical columns are 0.
        """


@dataclass(frozen=True)
class Ground:
    """The space, as far as walking in it goes.

    Args:
        settle: Places, `q x d`, to the points nearest to them: places and masks.
        categorical: Which columns are categorical, `d`.
        places: Of each categorical column, and of each other one with at most `LISTED` values, its
            places, ascending; else None.
        barred: Tells which settled points must not be climbed to; none by default.
    """

    settle: Callable[[FloatArray], tuple[FloatArray, BoolArray]]
    categorical: BoolArray
    places: Sequence[FloatArray | None]
    barred: Callable[[FloatArray, BoolArray], BoolArray] | None = None

    @property
    def open(self) -> BoolArray:
        """Which columns are followed along their gradients, `d`."""
        return np.array([one is None for one in self.places], dtype=bool)


def maximised(
    objective: Objective, ground: Ground, starts: FloatArray
) -> tuple[FloatArray, BoolArray, FloatArray]:
    """Returns starts improved as far as they go.

    Args:
        objective: What to maximise.
        ground: The space.
        starts: Places, `q x d`.

    Returns:
        Places and masks, `q x d`, and their acquisitions, `q`.
    """
    x, active = ground.settle(starts)
    x, active = ascend(objective, ground, x, active)
    x, active, _ = climb(objective, ground, x, active)
    # Other values of the listed columns have other best places in the open ones.
    x, active = ascend(objective, ground, x, active)
    return x, active, objective.value(x, active)


def ascend(
    objective: Objective, ground: Ground, x: FloatArray, active: BoolArray
) -> tuple[FloatArray, BoolArray]:
    """Follows the gradient in all open active columns.

    Args:
        objective: What to maximise.
        ground: The space.
        x: Places, `q x d`.
        active: Masks, `q x d`.

    Returns:
        Places and masks that are nowhere worse.
    """
    # Here and not above: whoever only imports a strategy need not wait for it.
    import scipy.optimize

    free = active & ground.open
    if not free.any():
        return x, active
    before = objective.value(x, active)

    def negative(places: FloatArray) -> tuple[float, FloatArray]:
        moved = x.copy()
        moved[free] = places
        value, slope = objective.slope(moved, active)
        return -float(np.sum(value)), -slope[free]

    bounds = [(0.0, 1.0)] * int(free.sum())
    found = scipy.optimize.minimize(
        negative,
        x[free],
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": _ASCENT_STEPS},
    )
    moved = x.copy()
    moved[free] = np.clip(found.x, 0.0, 1.0)
    # An integer's place is none until it is settled, and that may cost what was gained.
    settled, mask = ground.settle(moved)
    better = objective.value(settled, mask) > before
    return np.where(better[:, None], settled, x), np.where(better[:, None], mask, active)


def climb(
    objective: Objective, ground: Ground, x: FloatArray, active: BoolArray
) -> tuple[FloatArray, BoolArray, FloatArray]:
    """Moves each point to its best neighbour until none is better.

    Args:
        objective: What to maximise.
        ground: The space.
        x: Places, `q x d`.
        active: Masks, `q x d`.

    Returns:
        Places, masks and acquisitions that are nowhere worse.
    """
    x, active, value = x.copy(), active.copy(), objective.value(x, active)
    climbing = np.arange(len(x))
    for _ in range(_CLIMB_ROUNDS):
        owners, places = _neighbours(ground, x[climbing], active[climbing])
        if not len(owners):
            break
        settled, mask = ground.settle(places)
        values = objective.value(settled, mask)
        if ground.barred is not None:
            values = np.where(ground.barred(settled, mask), -np.inf, values)
        moved = []
        for position, row in enumerate(climbing):
            mine = np.flatnonzero(owners == position)
            if len(mine) and values[mine].max() > value[row]:
                best = mine[int(np.argmax(values[mine]))]
                x[row], active[row], value[row] = settled[best], mask[best], values[best]
                moved.append(row)
        if not moved:
            break
        climbing = np.array(moved)
    return x, active, value


def _neighbours(
    ground: Ground, x: FloatArray, active: BoolArray
) -> tuple[npt.NDArray[np.intp], FloatArray]:
    """Returns all points one step away in a listed column: whose they are, and their places."""
    owners: list[npt.NDArray[np.intp]] = []
    places: list[FloatArray] = []
    for column, listed in enumerate(ground.places):
        if listed is None or len(listed) < 2:
            continue
        index = np.searchsorted(listed, x[:, column] - 1e-9).clip(0, len(listed) - 1)
        for step in _steps(len(listed), categorical=bool(ground.categorical[column])):
            target = index + step
            if ground.categorical[column]:
                target %= len(listed)
            rows = np.flatnonzero(active[:, column] & (target >= 0) & (target < len(listed)))
            changed = x[rows].copy()
            changed[:, column] = listed[target[rows]]
            owners.append(rows)
            places.append(changed)
    if not owners:
        return np.zeros(0, dtype=np.intp), np.zeros((0, x.shape[1]))
    return np.concatenate(owners), np.concatenate(places)


def _steps(size: int, *, categorical: bool) -> list[int]:
    if categorical:
        return list(range(1, size))
    return [sign * stride for stride in _STRIDES if stride < size for sign in (-1, 1)]
