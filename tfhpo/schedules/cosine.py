"""Decay along half a cosine, once or with warm restarts.

Notation:
    s       the training step, from 0
    r       the initial rate
    T       the steps of the decay, or of the first cycle
    a       the end rate as a share of r
    n       the number of restarts so far
    f       the share of the current cycle that has passed, in [0, 1)
"""

from __future__ import annotations

import math
from typing import Any

import keras

from tfhpo import arguments
from tfhpo.errors import ArgumentError
from tfhpo.schedules import checks, counting
from tfhpo.schedules.warm_up import WarmUp
from tfhpo.schedules.written import Written

# Restarts are counted as log(1 + p (t_mul - 1)) / log(t_mul) after p first cycles. In float32 some
# counts are wrong where t_mul - 1 is 1e-6, and none was at 3e-6 in twenty cycles.
_LENGTHENING = arguments.NumberRule(
    "1, or a finite number of 1.00001 or more", lambda x: x == 1.0 or 1.00001 <= x < math.inf
)


@keras.saving.register_keras_serializable(package="tfhpo")
class CosineDecay(Written, keras.optimizers.schedules.CosineDecay):  # type: ignore[misc]
    """The rate falls along half a cosine: slowly, then faster, then slowly again.

    Formula: ``rate(s) = r * ((1 - a) * (1 + cos(pi * min(s, T) / T)) / 2 + a)``. With a
    `warmup_target` w the rate first goes in a straight line from r to w, over `warmup_steps`
    steps, and the formula follows with w for r and the steps since for s. `WarmUp` does the same
    for any schedule.

    Boundary cases: r at step 0; ``r * a`` at step T and ever after. With warm-up: r at step 0, w
    at step `warmup_steps`, ``w * a`` from step ``warmup_steps + T`` on.

    The decay is computed by Keras's own class, which agrees with TensorFlow 1's
    `tf.train.cosine_decay`; the arguments are checked here. Source: Loshchilov and Hutter, 2017,
    "SGDR: stochastic gradient descent with warm restarts", section 3, equation 5, one cycle;
    linear warm-up: Goyal et al., 2017, "Accurate, large minibatch SGD", section 2.2.

    Args:
        initial_learning_rate: r, above 0; with a `warmup_target` 0 is allowed.
        decay_steps: T, in training steps (batches), above 0.
        alpha: a, from 0 to 1; a fraction, not a rate.
        name: Under which Keras groups the operations.
        warmup_target: w, above 0; None for no warm-up.
        warmup_steps: In training steps, 0 or more; it needs a `warmup_target`.

    Raises:
        ArgumentError: If an argument breaks its rule.

    Example:
        >>> from tfhpo.schedules import CosineDecay
        >>> schedule = CosineDecay(0.1, decay_steps=100, alpha=0.01)
        >>> [round(float(schedule(step)), 4) for step in (0, 50, 100, 101)]
        [0.1, 0.0505, 0.001, 0.001]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        check = arguments.positive if warmup_target is None else arguments.not_negative
        super().__init__(
            check("initial_learning_rate", initial_learning_rate),
            checks.steps("decay_steps", decay_steps),
            arguments.fraction("alpha", alpha),
            checks.scope(name),
            None if warmup_target is None else arguments.positive("warmup_target", warmup_target),
            checks.whole("warmup_steps", warmup_steps, least=0),
        )
        if warmup_target is None and warmup_steps:
            raise ArgumentError(
                "`warmup_steps` must come with the `warmup_target` that they lead to. "
                f"Received: warmup_steps={warmup_steps!r}, warmup_target=None."
            )

    def __call__(self, step: Any) -> Any:
        if self.warmup_target is None:
            return super().__call__(step)
        # Keras chooses between the two parts for all steps at once, which fails on a vector.
        decay = CosineDecay(self.warmup_target, self.decay_steps, self.alpha, self.name)
        return WarmUp(decay, self.warmup_steps, self.initial_learning_rate)(step)


@keras.saving.register_keras_serializable(package="tfhpo")
class CosineDecayRestarts(Written, keras.optimizers.schedules.CosineDecayRestarts):  # type: ignore[misc]
    """Half a cosine again and again, each cycle longer and lower (or not) than the one before.

    Formula: ``rate(s) = r * ((1 - a) * m_mul ** n * (1 + cos(pi * f)) / 2 + a)``, where n restarts
    came before s and the current cycle, of ``T * t_mul ** n`` steps, has passed by f.

    Boundary cases: r at step 0; at step T-1 nearly ``r * a``; at step T, the first restart, ``r *
    ((1 - a) * m_mul + a)``; the next restart is ``t_mul * T`` steps later. There is no end.

    The values are computed by Keras's own class, which agrees with TensorFlow 1's
    `tf.train.cosine_decay_restarts`; the arguments are checked here. Source: Loshchilov and
    Hutter, 2017, "SGDR: stochastic gradient descent with warm restarts", section 3, equation 5.

    Args:
        initial_learning_rate: r, above 0.
        first_decay_steps: T, in training steps (batches), above 0.
        t_mul: How much longer each cycle is than the one before: 1, or 1.00001 or more. Between
            the two Keras, which counts the restarts in float32, misses some; below 1, where cycles
            become ever shorter, it would compute NaN.
        m_mul: By how much each cycle's height is multiplied, above 0.
        alpha: a, from 0 to 1; a fraction, not a rate.
        name: Under which Keras groups the operations.

    Raises:
        ArgumentError: If an argument breaks its rule.

    Example:
        >>> from tfhpo.schedules import CosineDecayRestarts
        >>> schedule = CosineDecayRestarts(0.1, first_decay_steps=100, t_mul=2.0, m_mul=0.5)
        >>> [round(float(schedule(step)), 4) for step in (0, 50, 99, 100, 200, 300)]
        [0.1, 0.05, 0.0, 0.05, 0.025, 0.025]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        super().__init__(
            arguments.positive("initial_learning_rate", initial_learning_rate),
            checks.steps("first_decay_steps", first_decay_steps),
            _LENGTHENING("t_mul", t_mul),
            arguments.positive("m_mul", m_mul),
            arguments.fraction("alpha", alpha),
            checks.scope(name),
        )

    def __call__(self, step: Any) -> Any:
        if self._t_mul == 1.0 and self._m_mul == 1.0:
            # Equal cycles: where float32 no longer tells steps apart, whole steps still do.
            _, step = counting.turns(step, self.first_decay_steps)
        return super().__call__(step)
