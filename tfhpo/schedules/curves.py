"""The rates of schedules over a training, as numbers: what a picture or a table shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from tfhpo.errors import ArgumentError
from tfhpo.schedules import checks
from tfhpo.schedules.warm_up import WarmUp

#: The most points of a curve: more than a picture has dots.
MOST_POINTS = 2000
# So many steps are looked at, where a schedule tells them all at once.
_MOST_LOOKED_AT = 1_000_000


@dataclass(frozen=True)
class Curve:
    """The rates of one schedule.

    Attributes:
        label: What the schedule is called.
        steps: Training steps, ascending, `n`.
        rates: The rate at each, `n`.
    """

    label: str
    steps: npt.NDArray[np.int64]
    rates: npt.NDArray[np.float64]


def steps_of(total_steps: int, most: int = MOST_POINTS) -> npt.NDArray[np.int64]:
    """Returns the steps from 0 to the last, both included: all, or evenly chosen ones.

    Args:
        total_steps: The training length, in steps.
        most: How many intervals there are between them at most.
    """
    points = min(total_steps, most) + 1
    return np.unique(np.linspace(0, total_steps, points).round().astype(np.int64))


def curve(label: str, schedule: Any, steps: npt.NDArray[np.int64]) -> Curve:
    """Returns the rates of a schedule.

    Args:
        label: What the schedule is called.
        schedule: Any Keras schedule. Those of tfhpo are asked once for all the steps; others need
            not understand that, and are asked step by step.
        steps: Training steps, `n`.
    """
    if _is_elementwise(schedule):
        rates = keras.ops.convert_to_numpy(schedule(steps))
    else:
        rates = np.array([float(schedule(int(step))) for step in steps])
    return Curve(label, steps, rates.astype(np.float64))


def curves(schedules: Any, total_steps: int) -> list[Curve]:
    """Returns the rates of one or several schedules over a training, to be drawn.

    Of a long training a curve has the lowest and the highest rate of each of a thousand intervals:
    evenly chosen steps would show cycles that are not there.

    Args:
        schedules: A Keras schedule, a list of schedules, or a mapping of labels to schedules.
        total_steps: The training length, in steps, 1 or more.

    Raises:
        ArgumentError: If there is no schedule, something else, or the length is not positive.
    """
    length = checks.whole("total_steps", total_steps, least=1)
    found = []
    for label, schedule in _labelled(schedules):
        # A million single steps would take minutes.
        most = _MOST_LOOKED_AT if _is_elementwise(schedule) else MOST_POINTS
        found.append(extremes(curve(label, schedule, steps_of(length, most))))
    return found


def extremes(whole: Curve, intervals: int = MOST_POINTS // 2) -> Curve:
    """Returns the lowest and the highest point of each interval of a curve, and both its ends.

    Args:
        whole: The curve.
        intervals: How many there are. A curve of fewer than two points for each is kept whole.
    """
    points = len(whole.steps)
    if points <= 2 * intervals + 1:
        return whole
    edges = np.linspace(0, points, intervals + 1).astype(int)
    kept = {0, points - 1}
    for start, end in pairwise(edges):
        part = whole.rates[start:end]
        kept |= {int(start + part.argmin()), int(start + part.argmax())}
    chosen = sorted(kept)
    return Curve(whole.label, whole.steps[chosen], whole.rates[chosen])


def _labelled(schedules: Any) -> list[tuple[str, Any]]:
    """Returns schedules with their labels; without any they are called by their classes."""
    kind = keras.optimizers.schedules.LearningRateSchedule
    if isinstance(schedules, Mapping):
        found = [(str(label), schedule) for label, schedule in schedules.items()]
    else:
        given = list(schedules) if isinstance(schedules, (list, tuple)) else [schedules]
        classes = [type(one).__name__ for one in given]
        # Of one class, they are told apart by their arguments.
        found = [
            (repr(one) if classes.count(name) > 1 else name, one)
            for name, one in zip(classes, given, strict=True)
        ]
    if not found or not all(isinstance(one, kind) for _, one in found):
        raise ArgumentError(
            "`schedules` must be a Keras learning-rate schedule, a list of such, or a mapping of "
            f"labels to such. Received: schedules={schedules!r}."
        )
    return found


def _is_elementwise(schedule: Any) -> bool:
    """Whether a schedule takes an array of steps; one of tfhpo does, around another or not."""
    if isinstance(schedule, WarmUp):
        return _is_elementwise(schedule.schedule)
    return type(schedule).__module__.startswith("tfhpo.schedules.")
