"""Rates that climb and fall in straight lines, again and again.

Notation:
    s       the training step, from 0
    i, M    the lowest and the highest rate
    h       the steps of half a cycle
    n       the number of the cycle, from 0
    x       the height within the cycle: 0 at its ends, 1 in the middle
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from tfhpo import arguments
from tfhpo.errors import ArgumentError
from tfhpo.schedules import checks, counting
from tfhpo.schedules.written import Written

#: How the height of the cycles changes.
MODES = ("triangular", "triangular2", "exp_range")


@keras.saving.register_keras_serializable(package="tfhpo")
class TriangularCycle(Written, keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """The rate goes up and down between two bounds, in cycles of equal length.

    Formula: ``rate(s) = i + (M - i) * x * scale`` with ``n = floor(s / (2 * h))`` and ``x = 1 -
    abs(s / h - 2 * n - 1)``. The scale is 1 in mode "triangular", ``0.5 ** n`` in "triangular2"
    and ``gamma ** s`` in "exp_range". The lower bound stays in all three.

    Boundary cases: i at step 0; the first peak at step h, which is M in the first two modes and
    ``i + (M - i) * gamma ** h`` in the third; i at step 2 h, where the next cycle begins. There is
    no end.

    Source: Smith, 2017, "Cyclical learning rates for training neural networks", section 3, with
    the advice to take h from 2 to 10 times the steps of an epoch.

    Args:
        initial_learning_rate: i, above 0.
        maximal_learning_rate: M, above i.
        step_size: h, in training steps (batches), a whole number of 1 or more.
        mode: "triangular", "triangular2" (each cycle half as high as the one before) or
            "exp_range".
        gamma: By what the height is multiplied at each step, above 0 and at most 1; in mode
            "exp_range" only.
        name: Under which Keras groups the operations.

    Raises:
        ArgumentError: If an argument breaks its rule.

    Example:
        >>> from tfhpo.schedules import TriangularCycle
        >>> schedule = TriangularCycle(0.01, 0.1, step_size=100, mode="triangular2")
        >>> [round(float(schedule(step)), 4) for step in (0, 50, 100, 200, 300, 400)]
        [0.01, 0.055, 0.1, 0.01, 0.055, 0.01]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        maximal_learning_rate: float,
        step_size: int,
        mode: str = "triangular",
        gamma: float = 1.0,
        name: str = "TriangularCycle",
    ) -> None:
        super().__init__()
        self.initial_learning_rate = arguments.positive(
            "initial_learning_rate", initial_learning_rate
        )
        self.maximal_learning_rate = arguments.positive(
            "maximal_learning_rate", maximal_learning_rate
        )
        self.step_size = checks.whole("step_size", step_size, least=1)
        self.mode = arguments.choice("mode", mode, MODES)
        self.gamma = arguments.fraction_above_zero("gamma", gamma)
        self.name = checks.scope(name)
        self._check_together()

    def __call__(self, step: Any) -> Any:
        with keras.name_scope(self.name):
            cycle, within = counting.turns(step, 2 * self.step_size)
            height = 1.0 - ops.abs(within / float(self.step_size) - 1.0)
            span = self.maximal_learning_rate - self.initial_learning_rate
            return self.initial_learning_rate + span * height * self._scale(step, cycle)

    def _scale(self, step: Any, cycle: Any) -> Any:
        if self.mode == "triangular2":
            return ops.power(0.5, cycle)
        if self.mode == "exp_range":
            # Its logarithm keeps what a base so close to 1 loses in float32.
            return ops.exp(math.log(self.gamma) * counting.as_float(step))
        return 1.0

    def _check_together(self) -> None:
        if self.maximal_learning_rate <= self.initial_learning_rate:
            raise ArgumentError(
                "`maximal_learning_rate` must be above `initial_learning_rate`. Received: "
                f"initial_learning_rate={self.initial_learning_rate!r}, "
                f"maximal_learning_rate={self.maximal_learning_rate!r}."
            )
        if self.gamma != 1.0 and self.mode != "exp_range":
            raise ArgumentError(
                "`gamma` must be left at 1.0 unless the mode is 'exp_range'. "
                f"Received: mode={self.mode!r}, gamma={self.gamma!r}."
            )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments, from which `from_config` makes the same schedule."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "maximal_learning_rate": self.maximal_learning_rate,
            "step_size": self.step_size,
            "mode": self.mode,
            "gamma": self.gamma,
            "name": self.name,
        }
