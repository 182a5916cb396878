"""One rate for all of the training.

Notation:
    s       the training step, from 0
    r       the rate
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfhpo import arguments
from tfhpo.schedules import checks, counting
from tfhpo.schedules.written import Written


@keras.saving.register_keras_serializable(package="tfhpo")
class Constant(Written, keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """The same rate at every step.

    Formula: ``rate(s) = r``. A schedule where a schedule is asked for, as the baseline beside the
    others and as the rate that `WarmUp` leads to.

    Args:
        learning_rate: r, above 0.
        name: Under which Keras groups the operations.

    Raises:
        ArgumentError: If an argument breaks its rule.

    Example:
        >>> from tfhpo.schedules import Constant
        >>> schedule = Constant(0.1)
        >>> [round(float(schedule(step)), 4) for step in (0, 1_000_000)]
        [0.1, 0.1]
    """

    def __init__(self, learning_rate: float, name: str = "Constant") -> None:
        super().__init__()
        self.learning_rate = arguments.positive("learning_rate", learning_rate)
        self.name = checks.scope(name)

    def __call__(self, step: Any) -> Any:
        with keras.name_scope(self.name):
            return ops.full_like(counting.as_float(step), self.learning_rate)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments, from which `from_config` makes the same schedule."""
        return {"learning_rate": self.learning_rate, "name": self.name}
