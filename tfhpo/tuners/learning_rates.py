"""The learning rate of a model in training: what it is, and that one thing alone sets it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from tfhpo.errors import ArgumentError

# What sets the optimiser's rate, which Keras refuses where a schedule does: after the first epochs.
_SETTERS = (keras.callbacks.ReduceLROnPlateau, keras.callbacks.LearningRateScheduler)


def learning_rate(model: Any) -> float | None:
    """Returns the optimiser's present learning rate, None where there is none."""
    # A model that is trained in a loop of the user's own may have no optimiser.
    rate = getattr(getattr(model, "optimizer", None), "learning_rate", None)
    # A mirrored variable is no number, and Keras's own conversion to numpy warns.
    return None if rate is None else float(np.asarray(rate))


def check_single_setter(model: Any, callbacks: Sequence[Any]) -> None:
    """Refuses callbacks that set a learning rate which follows a schedule.

    Args:
        model: A compiled model.
        callbacks: Those that it is to be trained with.

    Raises:
        ArgumentError: If there is one.
    """
    schedule = _schedule(getattr(model, "optimizer", None))
    if schedule is None:
        return
    for callback in callbacks:
        if isinstance(callback, _SETTERS):
            raise ArgumentError(
                "A learning rate is set by a schedule or by a callback, not by both: leave one "
                f"out. Received: the schedule {type(schedule).__name__} in the optimiser and the "
                f"callback {type(callback).__name__}."
            )


def _schedule(optimizer: Any) -> Any:
    """Returns the schedule that an optimiser follows, None where its rate is a number."""
    # A wrapped optimiser, as for mixed precision, holds the one that has the rate.
    inner = getattr(optimizer, "inner_optimizer", None)
    if inner is not None:
        return _schedule(inner)
    # Keras offers what the rate is at this step, and the schedule itself under this name alone.
    rate = getattr(optimizer, "_learning_rate", None)
    return rate if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule) else None
