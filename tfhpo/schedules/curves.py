"""The rates of schedules over a training, as numbers: what a picture or a table shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from tfhpo.errors import ArgumentError
from tfhpo.schedules import arguments
from tfhpo.schedules.warm_up import WarmUp

#: The most points of a curve: more than a picture has dots.
MOST_POINTS = 2000


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


def steps_of(total_steps: int) -> npt.NDArray[np.int64]:
    """Returns the steps from 0 to the last, both included: all, or evenly chosen ones.

    Args:
        total_steps: The training length, in steps.
    """
    points = min(total_steps, MOST_POINTS) + 1
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
    """Returns the rates of one or several schedules over a training.

    Args:
        schedules: A Keras schedule, or a mapping of labels to schedules.
        total_steps: The training length, in steps, 1 or more.

    Raises:
        ArgumentError: If there is no schedule, something else, or the length is not positive.
    """
    steps = steps_of(arguments.whole("total_steps", total_steps, least=1))
    return [curve(label, schedule, steps) for label, schedule in _labelled(schedules).items()]


def _labelled(schedules: Any) -> dict[str, Any]:
    """Returns schedules by their labels; a lone one is called by its class."""
    if isinstance(schedules, keras.optimizers.schedules.LearningRateSchedule):
        return {type(schedules).__name__: schedules}
    found = dict(schedules) if isinstance(schedules, Mapping) else {}
    kind = keras.optimizers.schedules.LearningRateSchedule
    if not found or not all(isinstance(one, kind) for one in found.values()):
        raise ArgumentError(
            "`schedules` must be a Keras learning-rate schedule, or a mapping of labels to such. "
            f"Received: schedules={schedules!r}."
        )
    return {str(label): schedule for label, schedule in found.items()}


def _is_elementwise(schedule: Any) -> bool:
    """Whether a schedule takes an array of steps; one of tfhpo does, around another or not."""
    if isinstance(schedule, WarmUp):
        return _is_elementwise(schedule.schedule)
    return type(schedule).__module__.startswith("tfhpo.schedules.")
