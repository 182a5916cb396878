"""Decay by the inverse of the time.

Notation:
    s       the training step, from 0
    r       the initial rate
    T       the steps per unit of time
    k       how much each unit of time adds to the divisor
"""

from __future__ import annotations

import keras

from tfhpo.schedules import checks
from tfhpo.schedules.written import Written


@keras.saving.register_keras_serializable(package="tfhpo")
class InverseTimeDecay(Written, keras.optimizers.schedules.InverseTimeDecay):  # type: ignore[misc]
    """The rate falls as one over the time: fast at first, then ever more slowly.

    Formula: ``rate(s) = r / (1 + k * s / T)``; with `staircase` the quotient is ``floor(s / T)``,
    so that the rate changes only at T, 2 T, 3 T, ...

    Boundary cases: r at step 0; at step T-1 nearly ``r / (1 + k)``, and still r on the staircase;
    ``r / (1 + k)`` at step T; it decays on after T, without end.

    Every value is computed by Keras's own class, which agrees with TensorFlow 1's
    `tf.train.inverse_time_decay`; the arguments are checked here. That sums of such rates diverge
    while sums of their squares converge is the condition of Robbins and Monro (1951, "A stochastic
    approximation method") for stochastic descent to arrive.

    Args:
        initial_learning_rate: r, above 0.
        decay_steps: T, in training steps (batches), above 0.
        decay_rate: k, above 0.
        staircase: Whether the rate keeps still between the multiples of T.
        name: Under which Keras groups the operations.

    Raises:
        ArgumentError: If an argument breaks its rule.

    Example:
        >>> from tfhpo.schedules import InverseTimeDecay
        >>> schedule = InverseTimeDecay(0.1, decay_steps=100, decay_rate=1.0)
        >>> [round(float(schedule(step)), 4) for step in (0, 100, 300, 900)]
        [0.1, 0.05, 0.025, 0.01]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        super().__init__(
            *checks.decay(initial_learning_rate, decay_steps, decay_rate, staircase, name)
        )
