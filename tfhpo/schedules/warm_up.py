"""A linear warm-up before any schedule.

Notation:
    s       the training step, from 0
    W       the steps of the warm-up
    i       the rate at step 0
    f       the schedule that follows
"""

from __future__ import annotations

import inspect
from typing import Any

import keras
from keras import ops

from tfhpo import arguments
from tfhpo.errors import ArgumentError
from tfhpo.schedules import checks, counting
from tfhpo.schedules.constant import Constant
from tfhpo.schedules.written import Written

_RULE = "a schedule or a rate: a Keras LearningRateSchedule, or a finite number above 0"
_rate = arguments.positive.worded(_RULE)


@keras.saving.register_keras_serializable(package="tfhpo")
class WarmUp(Written, keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """The rate rises in a straight line to where a schedule begins, which then follows.

    Formula: ``rate(s) = i + (f(0) - i) * s / W`` before step W, ``f(s - W)`` from it on.

    Boundary cases: i at step 0; f(0) at step W, f(1) at step W+1: the schedule is moved, not cut,
    so a decay over T steps ends at step ``W + T``. With ``W = 0`` it is the schedule alone.

    Source: Goyal et al., 2017, "Accurate, large minibatch SGD: training ImageNet in 1 hour",
    section 2.2, gradual warm-up.

    Args:
        schedule: f, a schedule; a rate above 0 stands for `Constant` of it.
        warmup_steps: W, in training steps (batches), a whole number of 0 or more.
        initial_learning_rate: i, 0 or more.
        name: Under which Keras groups the operations.

    Raises:
        ArgumentError: If an argument breaks its rule.

    Example:
        >>> from tfhpo.schedules import CosineDecay, WarmUp
        >>> schedule = WarmUp(CosineDecay(0.1, decay_steps=100), warmup_steps=10)
        >>> [round(float(schedule(step)), 4) for step in (0, 5, 9, 10, 60, 110, 111)]
        [0.0, 0.05, 0.09, 0.1, 0.05, 0.0, 0.0]
    """

    def __init__(
        self,
        schedule: keras.optimizers.schedules.LearningRateSchedule | float,
        warmup_steps: int,
        initial_learning_rate: float = 0.0,
        name: str = "WarmUp",
    ) -> None:
        super().__init__()
        self.schedule = _as_schedule(schedule)
        self.warmup_steps = checks.whole("warmup_steps", warmup_steps, least=0)
        self.initial_learning_rate = arguments.not_negative(
            "initial_learning_rate", initial_learning_rate
        )
        self.name = checks.scope(name)

    def __call__(self, step: Any) -> Any:
        with keras.name_scope(self.name):
            # Before step W the schedule is asked for step 0: where the line leads to.
            rate = self.schedule(counting.since(step, self.warmup_steps))
            if self.warmup_steps == 0:
                return rate
            passed = counting.as_float(step) / float(self.warmup_steps)
            line = self.initial_learning_rate + (rate - self.initial_learning_rate) * passed
            return ops.where(passed < 1.0, line, rate)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments, from which `from_config` makes the same schedule."""
        return {
            "schedule": keras.saving.serialize_keras_object(self.schedule),
            "warmup_steps": self.warmup_steps,
            "initial_learning_rate": self.initial_learning_rate,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> WarmUp:
        """Returns the schedule that a configuration describes."""
        schedule = keras.saving.deserialize_keras_object(config["schedule"])
        return cls(**{**config, "schedule": schedule})

    def _arguments(self) -> dict[str, Any]:
        return {**self.get_config(), "schedule": self.schedule}


def _as_schedule(given: Any) -> Any:
    if isinstance(given, keras.optimizers.schedules.LearningRateSchedule):
        return given
    if inspect.isclass(given):
        raise ArgumentError(
            f"`schedule` must be {_RULE}. Received: the class {given.__name__}, which is to be "
            f"called first: {given.__name__}(...)."
        )
    return Constant(_rate("schedule", given))
