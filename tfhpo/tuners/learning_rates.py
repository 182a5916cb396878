"""The learning rate of a model in training: what it is, who sets it, and for how many steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from tfhpo.errors import ArgumentError

# What sets the optimiser's rate, which Keras refuses where a schedule does: after the first epochs.
_SETTERS = (keras.callbacks.ReduceLROnPlateau, keras.callbacks.LearningRateScheduler)
# What `schedules.tunable` notes on the schedules that it makes.
_PLAN = "training_steps"
# By which share of its length a training may miss the plan: what is left is a rounding of samples.
_TOLERANCE = 0.05


class PlanWarning(UserWarning):
    """A schedule was planned for another number of steps than the training takes."""


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
            # A tunable one may be of the kind "constant", and look like no schedule of the user's.
            origin = " (made by schedules.tunable)" if hasattr(schedule, _PLAN) else ""
            raise ArgumentError(
                "A learning rate is set by a schedule or by a callback, not by both: leave one "
                f"out. Received: the schedule {type(schedule).__name__}{origin} in the optimiser "
                f"and the callback {type(callback).__name__}."
            )


def planned_steps(model: Any) -> int | None:
    """Returns the steps that `schedules.tunable` planned a model's schedule for, None without."""
    steps: int | None = getattr(_schedule(getattr(model, "optimizer", None)), _PLAN, None)
    return steps


class PlanCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Compares, after the first epoch, a schedule's plan with the steps that the training takes.

    Args:
        planned: The steps that the schedule was planned for.
        epochs: With how many epochs the training ends, from the first of all; None for as many as
            `fit` is asked for.
        tell: Called with a warning, once, where the two differ.
    """

    def __init__(self, planned: int, epochs: int | None, tell: Callable[[str], None]) -> None:
        super().__init__()
        self._planned = planned
        self._epochs = epochs
        self._tell = tell
        self._before = 0
        self._compared = False

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Counts the steps that the model has had: it may go on from a former training."""
        self._before = _steps_had(self.model)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Compares, once."""
        # A loop of the user's own may tell of no parameters.
        epochs = self._epochs or (self.params or {}).get("epochs")
        if self._compared or epochs is None:
            return
        self._compared = True
        each = _steps_had(self.model) - self._before
        trained = self._before + each * (epochs - epoch)
        if abs(trained - self._planned) > _TOLERANCE * self._planned:
            self._tell(_difference(self._planned, trained, each, epochs))


def _difference(planned: int, trained: int, each: int, epochs: int) -> str:
    outcome = (
        "It reaches its end early, and its last rate stays"
        if trained > planned
        else "The training breaks off before its end"
    )
    return (
        f"The learning-rate schedule was planned for {planned} steps, and the training takes "
        f"{trained}: {epochs} epochs of {each} steps. {outcome}. Give `schedules.tunable` what "
        "the training has: its `epochs`, and `samples` with `batch_size` or `steps_per_epoch`."
    )


def _steps_had(model: Any) -> int:
    """Returns how many steps a model has been trained, as its schedule counts them."""
    # The public `iterations` counts several steps as one where gradients are accumulated.
    return int(np.asarray(_innermost(model.optimizer)._iterations))


def _innermost(optimizer: Any) -> Any:
    """Returns the optimiser that has the rate: a wrapped one, as for mixed precision, or itself."""
    inner = getattr(optimizer, "inner_optimizer", None)
    return optimizer if inner is None else _innermost(inner)


def _schedule(optimizer: Any) -> Any:
    """Returns the schedule that an optimiser follows, None where its rate is a number."""
    # Keras offers what the rate is at this step, and the schedule itself under this name alone.
    rate = getattr(_innermost(optimizer), "_learning_rate", None)
    return rate if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule) else None
