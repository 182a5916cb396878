"""Exponential decay, to a base of one's own and to the base e.

Notation:
    s       the training step, from 0
    r       the initial rate
    T       the steps per decay
    d       the factor per T steps
    k       the exponent per T steps
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfhpo.schedules import checks, counting
from tfhpo.schedules.written import Written


@keras.saving.register_keras_serializable(package="tfhpo")
class ExponentialDecay(Written, keras.optimizers.schedules.ExponentialDecay):  # type: ignore[misc]
    """The rate is multiplied by the same factor every so many steps.

    Formula: ``rate(s) = r * d ** (s / T)``; with `staircase` the exponent is ``floor(s / T)``, so
    that the rate changes only at T, 2 T, 3 T, ...

    Boundary cases: r at step 0; at step T-1 nearly ``r * d``, and still r on the staircase; ``r *
    d`` at step T; it decays on after T, without end. With d above 1 the rate grows.

    Every value is computed by Keras's own class, which agrees with TensorFlow 1's
    `tf.train.exponential_decay`; the arguments are checked here.

    Args:
        initial_learning_rate: r, above 0.
        decay_steps: T, in training steps (batches), above 0.
        decay_rate: d, above 0.
        staircase: Whether the rate keeps still between the multiples of T.
        name: Under which Keras groups the operations.

    Raises:
        ArgumentError: If an argument breaks its rule.

    Example:
        >>> from tfhpo.schedules import ExponentialDecay
        >>> schedule = ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)
        >>> [round(float(schedule(step)), 4) for step in (0, 50, 100, 200)]
        [0.1, 0.0707, 0.05, 0.025]
        >>> schedule = ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5, staircase=True)
        >>> [round(float(schedule(step)), 4) for step in (0, 99, 100, 199)]
        [0.1, 0.1, 0.05, 0.05]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        super().__init__(
            *checks.decay(initial_learning_rate, decay_steps, decay_rate, staircase, name)
        )


@keras.saving.register_keras_serializable(package="tfhpo")
class NaturalExponentialDecay(
    Written,
    keras.optimizers.schedules.LearningRateSchedule,  # type: ignore[misc]
):
    """Exponential decay by powers of e.

    Formula: ``rate(s) = r * exp(-k * s / T)``; with `staircase` the quotient is ``floor(s / T)``.

    Boundary cases: r at step 0; at step T-1 nearly ``r / e ** k``, and still r on the staircase;
    ``r / e ** k`` at step T; it decays on after T, without end.

    It is `ExponentialDecay` with the factor ``exp(-k)``. TensorFlow 1 had it as
    `tf.train.natural_exp_decay`; Keras has not.

    Args:
        initial_learning_rate: r, above 0.
        decay_steps: T, in training steps (batches), above 0.
        decay_rate: k, above 0.
        staircase: Whether the rate keeps still between the multiples of T.
        name: Under which Keras groups the operations.

    Raises:
        ArgumentError: If an argument breaks its rule.

    Example:
        >>> from tfhpo.schedules import NaturalExponentialDecay
        >>> schedule = NaturalExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)
        >>> [round(float(schedule(step)), 4) for step in (0, 50, 100, 200)]
        [0.1, 0.0779, 0.0607, 0.0368]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "NaturalExponentialDecay",
    ) -> None:
        super().__init__()
        checked = checks.decay(initial_learning_rate, decay_steps, decay_rate, staircase, name)
        self.initial_learning_rate = checked.initial_learning_rate
        self.decay_steps, self.decay_rate = checked.decay_steps, checked.decay_rate
        self.staircase, self.name = checked.staircase, checked.name

    def __call__(self, step: Any) -> Any:
        with keras.name_scope(self.name):
            passed = ops.divide(counting.as_float(step), float(self.decay_steps))
            if self.staircase:
                passed = ops.floor(passed)
            return self.initial_learning_rate * ops.exp(-self.decay_rate * passed)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments, from which `from_config` makes the same schedule."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }
