"""Polynomial decay to an end rate, once or in cycles.

Notation:
    s       the training step, from 0
    r       the initial rate
    e       the end rate
    T       the steps of the decay
    p       the power
    n       the number of the cycle, from 1
"""

from __future__ import annotations

import keras

from tfhpo import arguments
from tfhpo.schedules import checks
from tfhpo.schedules.written import Written


@keras.saving.register_keras_serializable(package="tfhpo")
class PolynomialDecay(Written, keras.optimizers.schedules.PolynomialDecay):  # type: ignore[misc]
    """The rate falls to an end rate along a power of the time that is left.

    Formula: ``rate(s) = (r - e) * (1 - min(s, T) / T) ** p + e``. The power tells the shape: 1 is
    a straight line, below 1 the rate stays high and drops at the end, above 1 it drops at once and
    levels out. With `cycle` the rate comes back after every T steps, each time over a longer
    way: T in the formula is ``n * T``, ``n = max(1, ceil(s / T))``, and s is not capped.

    Boundary cases: r at step 0; at step T-1 ``(r - e) / T ** p + e``; e at step T. At step T+1 it
    is e still, or with `cycle` ``(r - e) * ((T - 1) / (2 * T)) ** p + e``: the second cycle
    starts halfway, for it counts as a decay over 2 T steps, the third at a third of r - e, and so
    on.

    Every value is computed by Keras's own class, which agrees with TensorFlow 1's
    `tf.train.polynomial_decay`, cycles included; the arguments are checked here.

    Args:
        initial_learning_rate: r, above 0.
        decay_steps: T, in training steps (batches), above 0.
        end_learning_rate: e, 0 or more; a rate, not a fraction. One above r is allowed, as in
            TensorFlow 1: the rate then rises.
        power: p, above 0.
        cycle: Whether the rate rises again after every T steps.
        name: Under which Keras groups the operations.

    Raises:
        ArgumentError: If an argument breaks its rule.

    Example:
        >>> from tfhpo.schedules import PolynomialDecay
        >>> schedule = PolynomialDecay(0.1, decay_steps=100, end_learning_rate=0.0, power=2.0)
        >>> [round(float(schedule(step)), 4) for step in (0, 50, 100, 101)]
        [0.1, 0.025, 0.0, 0.0]
        >>> schedule = PolynomialDecay(0.1, 100, end_learning_rate=0.0, cycle=True)
        >>> [round(float(schedule(step)), 4) for step in (0, 100, 101, 200, 201)]
        [0.1, 0.0, 0.0495, 0.0, 0.033]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        super().__init__(
            arguments.positive("initial_learning_rate", initial_learning_rate),
            checks.steps("decay_steps", decay_steps),
            arguments.not_negative("end_learning_rate", end_learning_rate),
            arguments.positive("power", power),
            arguments.flag("cycle", cycle),
            checks.scope(name),
        )
