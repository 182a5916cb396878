"""One climb to a high rate, and one long way down.

Notation:
    s       the training step, from 0
    M       the highest rate
    T       the steps of the whole cycle
    W       the steps of the climb, warmup_fraction * T
    g       the way from one rate to the next: from 0 to 1 on [0, 1]
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from tfhpo import arguments
from tfhpo.schedules import checks, counting
from tfhpo.schedules.written import Written

#: The shapes of the two ways.
ANNEALINGS = ("cosine", "linear")


@keras.saving.register_keras_serializable(package="tfhpo")
class OneCycle(Written, keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """The rate climbs to a height that would be too much for long, then falls far below its start.

    Formula: with ``first = M / initial_divisor`` and ``last = first / final_divisor``, ``rate(s) =
    first + (M - first) * g(s / W)`` up to step W, and ``M + (last - M) * g((s - W) / (T - W))``
    after it, s capped at T. "cosine" is ``g(t) = (1 - cos(pi * t)) / 2``, "linear" ``g(t) = t``.

    Boundary cases: first at step 0; M at step W (between two steps where W is not whole); nearly
    last at step T-1, last at step T and ever after. With ``warmup_fraction=0`` it begins at M.

    Source: Smith and Topin, 2018, "Super-convergence: very fast training of neural networks using
    large learning rates", section 3; the defaults and the cosine are those of the field's
    libraries since. The momentum, which the paper moves the other way, is left alone.

    Args:
        maximal_learning_rate: M, above 0.
        total_steps: T, in training steps (batches), a whole number of 1 or more.
        warmup_fraction: The share of the steps that the climb takes, 0 or more and below 1.
        initial_divisor: M over the first rate, 1 or more.
        final_divisor: The first rate over the last one, 1 or more.
        annealing: "cosine" or "linear".
        name: Under which Keras groups the operations.

    Raises:
        ArgumentError: If an argument breaks its rule.

    Example:
        >>> from tfhpo.schedules import OneCycle
        >>> schedule = OneCycle(1.0, total_steps=100, warmup_fraction=0.2)
        >>> [round(float(schedule(step)), 4) for step in (0, 10, 20, 60, 100, 101)]
        [0.04, 0.52, 1.0, 0.5, 0.0, 0.0]
    """

    def __init__(
        self,
        maximal_learning_rate: float,
        total_steps: int,
        warmup_fraction: float = 0.3,
        initial_divisor: float = 25.0,
        final_divisor: float = 1e4,
        annealing: str = "cosine",
        name: str = "OneCycle",
    ) -> None:
        super().__init__()
        self.maximal_learning_rate = arguments.positive(
            "maximal_learning_rate", maximal_learning_rate
        )
        self.total_steps = checks.whole("total_steps", total_steps, least=1)
        self.warmup_fraction = arguments.fraction_below_one("warmup_fraction", warmup_fraction)
        self.initial_divisor = arguments.at_least_one("initial_divisor", initial_divisor)
        self.final_divisor = arguments.at_least_one("final_divisor", final_divisor)
        self.annealing = arguments.choice("annealing", annealing, ANNEALINGS)
        self.name = checks.scope(name)

    def __call__(self, step: Any) -> Any:
        with keras.name_scope(self.name):
            highest = self.maximal_learning_rate
            first = highest / self.initial_divisor
            last = first / self.final_divisor
            climb = self.warmup_fraction * self.total_steps
            step = ops.minimum(counting.as_float(step), float(self.total_steps))
            down = self._way((step - climb) / (self.total_steps - climb), highest, last)
            if climb == 0.0:
                return down
            return ops.where(step < climb, self._way(step / climb, first, highest), down)

    def _way(self, passed: Any, begin: float, end: float) -> Any:
        """Returns rates on the way from one to another, which has passed by a share."""
        if self.annealing == "cosine":
            passed = 0.5 * (1.0 - ops.cos(math.pi * passed))
        # A sum of two parts, since a difference from the highest rate would lose the last one.
        return begin * (1.0 - passed) + end * passed

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments, from which `from_config` makes the same schedule."""
        return {
            "maximal_learning_rate": self.maximal_learning_rate,
            "total_steps": self.total_steps,
            "warmup_fraction": self.warmup_fraction,
            "initial_divisor": self.initial_divisor,
            "final_divisor": self.final_divisor,
            "annealing": self.annealing,
            "name": self.name,
        }
