"""A line times a cosine, exact and with noise.

Notation:
    s       the training step, from 0
    r       the initial rate
    T       the steps of the decay
    t       the share of it that has passed, min(s, T) / T
    c       the number of cosine periods
    a       what is added to the line
    b       what is added to the product
    ε_s     the noise at step s
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from tfhpo import arguments
from tfhpo.schedules import checks, counting
from tfhpo.schedules.noise import StepNoise
from tfhpo.schedules.written import Written


@keras.saving.register_keras_serializable(package="tfhpo")
class LinearCosineDecay(Written, keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """The rate falls along the product of a straight line and a cosine.

    Formula: ``rate(s) = r * ((a + 1 - t) * (1 + cos(2 * pi * c * t)) / 2 + b)`` with
    ``t = min(s, T) / T``.

    Boundary cases: ``r * (1 + a + b)`` at step 0, a little more than r; at step T, and ever after,
    ``r * b`` where c is 0.5, 1.5, ..., and ``r * (a + b)`` where c is whole. The rate touches
    ``r * b`` in every period of the cosine.

    It agrees with TensorFlow 1's `tf.train.linear_cosine_decay`; Keras has none. Source: Bello et
    al., 2017, "Neural optimizer search with reinforcement learning", whose search came upon it:
    linear and cosine decay are among the functions of the step that it puts together.

    Args:
        initial_learning_rate: r, above 0.
        decay_steps: T, in training steps (batches), above 0.
        num_periods: c, 0 or more; with 0 only the line is left.
        alpha: a, 0 or more; a fraction of r, not a rate.
        beta: b, 0 or more; a fraction of r, not a rate.
        name: Under which Keras groups the operations.

    Raises:
        ArgumentError: If an argument breaks its rule.

    Example:
        >>> from tfhpo.schedules import LinearCosineDecay
        >>> schedule = LinearCosineDecay(0.1, decay_steps=100)
        >>> [round(float(schedule(step)), 4) for step in (0, 50, 100, 101)]
        [0.1001, 0.0251, 0.0001, 0.0001]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        num_periods: float = 0.5,
        alpha: float = 0.0,
        beta: float = 0.001,
        name: str = "LinearCosineDecay",
    ) -> None:
        super().__init__()
        self.initial_learning_rate = arguments.positive(
            "initial_learning_rate", initial_learning_rate
        )
        self.decay_steps = checks.steps("decay_steps", decay_steps)
        self.num_periods = arguments.not_negative("num_periods", num_periods)
        self.alpha = arguments.not_negative("alpha", alpha)
        self.beta = arguments.not_negative("beta", beta)
        self.name = checks.scope(name)

    def __call__(self, step: Any) -> Any:
        with keras.name_scope(self.name):
            return self._rate(ops.minimum(counting.as_float(step), float(self.decay_steps)), 0.0)

    def _rate(self, capped: Any, noise: Any) -> Any:
        """Returns the rate at steps of at most T, with noise added to the line."""
        passed = ops.divide(capped, float(self.decay_steps))
        cosine = 0.5 * (1.0 + ops.cos(2.0 * math.pi * self.num_periods * passed))
        line = self.alpha + (1.0 - passed) + noise
        return self.initial_learning_rate * (line * cosine + self.beta)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments, from which `from_config` makes the same schedule."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "num_periods": self.num_periods,
            "alpha": self.alpha,
            "beta": self.beta,
            "name": self.name,
        }


@keras.saving.register_keras_serializable(package="tfhpo")
class NoisyLinearCosineDecay(LinearCosineDecay):
    """`LinearCosineDecay` with noise on its line that fades during the training.

    Formula: ``rate(s) = r * ((a + 1 - t + ε_s) * (1 + cos(2 * pi * c * t)) / 2 + b)`` with ``t =
    min(s, T) / T`` and ε_s normal, of mean 0 and variance ``initial_variance / (1 + min(s, T)) **
    variance_decay``, independent from step to step.

    The noise depends on the seed and the step alone: a training that is resumed, a plot, another
    backend and `tf.function` see the same rate at the same step.

    Boundary cases: as `LinearCosineDecay`, with the full noise at step 0. At step T, and ever
    after, there is no noise where c is 0.5, 1.5, ..., for the cosine is 0 there. With a variance
    as large as the default the rate falls below 0 at some of the first steps, which climbs; it
    does so in TensorFlow 1, too. `non_negative` cuts it off at 0.

    It agrees with TensorFlow 1's `tf.train.noisy_linear_cosine_decay` in distribution, where the
    noise is drawn anew at each call; Keras has none. Source: as `LinearCosineDecay`; the
    defaults of the noise are those of Neelakantan et al., 2015, "Adding gradient noise improves
    learning for very deep networks", section 3, where it is added to gradients.

    Args:
        initial_learning_rate: r, above 0.
        decay_steps: T, in training steps (batches), above 0.
        initial_variance: The variance of ε at step 0, 0 or more; the line itself starts at 1.
        variance_decay: The power by which the variance fades, 0 or more.
        num_periods: c, 0 or more; with 0 only the line is left.
        alpha: a, 0 or more; a fraction of r, not a rate.
        beta: b, 0 or more; a fraction of r, not a rate.
        seed: A whole number of 0 or more; another seed is another, independent noise.
        non_negative: Whether a rate below 0 becomes 0.
        name: Under which Keras groups the operations.

    Raises:
        ArgumentError: If an argument breaks its rule.

    Example:
        >>> from tfhpo.schedules import NoisyLinearCosineDecay
        >>> schedule = NoisyLinearCosineDecay(0.1, decay_steps=100, initial_variance=0.01, seed=1)
        >>> float(schedule(50)) == float(schedule(50))
        True
        >>> [round(float(schedule(step)), 4) for step in (100, 101)]
        [0.0001, 0.0001]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        initial_variance: float = 1.0,
        variance_decay: float = 0.55,
        num_periods: float = 0.5,
        alpha: float = 0.0,
        beta: float = 0.001,
        seed: int = 0,
        non_negative: bool = False,
        name: str = "NoisyLinearCosineDecay",
    ) -> None:
        super().__init__(initial_learning_rate, decay_steps, num_periods, alpha, beta, name)
        self.initial_variance = arguments.not_negative("initial_variance", initial_variance)
        self.variance_decay = arguments.not_negative("variance_decay", variance_decay)
        self.seed = checks.whole("seed", seed, least=0)
        self.non_negative = arguments.flag("non_negative", non_negative)
        self._noise = StepNoise(self.seed)

    def __call__(self, step: Any) -> Any:
        with keras.name_scope(self.name):
            capped = ops.minimum(counting.as_float(step), float(self.decay_steps))
            deviation = math.sqrt(self.initial_variance) * ops.power(
                1.0 + capped, -0.5 * self.variance_decay
            )
            rate = self._rate(capped, deviation * self._noise(step))
            return ops.maximum(rate, 0.0) if self.non_negative else rate

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments, from which `from_config` makes the same schedule."""
        return {
            **super().get_config(),
            "initial_variance": self.initial_variance,
            "variance_decay": self.variance_decay,
            "seed": self.seed,
            "non_negative": self.non_negative,
        }
