"""A rate that changes at given steps.

Notation:
    s       the training step, from 0
    b_i     the boundaries, i = 1 ... n
    v_i     the rates, i = 0 ... n
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import keras

from tfhpo import arguments
from tfhpo.errors import ArgumentError
from tfhpo.schedules import checks, counting
from tfhpo.schedules.written import Written

if TYPE_CHECKING:
    from collections.abc import Sequence


@keras.saving.register_keras_serializable(package="tfhpo")
class PiecewiseConstantDecay(
    Written,
    keras.optimizers.schedules.PiecewiseConstantDecay,  # type: ignore[misc]
):
    """One rate up to each boundary, the next one after it.

    Formula: ``rate(s) = v_i`` for ``b_i < s <= b_(i+1)``, ``v_0`` up to b_1 and ``v_n`` after b_n.

    Boundary cases: the step of a boundary itself still has the rate before it; the step after it
    is the first with the next rate. The last rate stays for ever.

    Every value is computed by Keras's own class, which agrees with TensorFlow 1's
    `tf.train.piecewise_constant`; the arguments are checked here.

    Args:
        boundaries: b, in training steps (batches): n of them, n at least 1, none negative,
            strictly ascending.
        values: v, the n + 1 rates, each above 0.
        name: Under which Keras groups the operations.

    Raises:
        ArgumentError: If an argument breaks its rule.

    Example:
        >>> from tfhpo.schedules import PiecewiseConstantDecay
        >>> schedule = PiecewiseConstantDecay([100, 200], [0.1, 0.01, 0.001])
        >>> [round(float(schedule(step)), 4) for step in (0, 100, 101, 200, 201)]
        [0.1, 0.1, 0.01, 0.01, 0.001]
    """

    def __init__(
        self,
        boundaries: Sequence[float],
        values: Sequence[float],
        name: str = "PiecewiseConstant",
    ) -> None:
        boundaries, values = _ascending(boundaries), _rates(values)
        if len(values) != len(boundaries) + 1:
            raise ArgumentError(
                "`values` must be one more than `boundaries`, a rate before each and one after "
                f"the last. Received: boundaries={boundaries}, values={values}."
            )
        super().__init__(boundaries, values, checks.scope(name))

    def __call__(self, step: Any) -> Any:
        # Keras casts the boundaries to the type of the step, in which they may not fit.
        return super().__call__(counting.counted(step))


def _ascending(boundaries: Any) -> list[float]:
    """Returns boundaries as plain numbers, whole ones as int, if they are in order."""
    numbers = [
        arguments.not_negative("boundaries", one) for one in checks.listed("boundaries", boundaries)
    ]
    # Keras would fail on none at all at the first training step.
    if not numbers or any(later <= number for number, later in itertools.pairwise(numbers)):
        raise ArgumentError(
            "`boundaries` must be one step or several in strictly ascending order; for one rate "
            f"throughout take `Constant`. Received: boundaries={boundaries!r}."
        )
    return [int(number) if number.is_integer() else number for number in numbers]


def _rates(values: Any) -> list[float]:
    return [arguments.positive("values", one) for one in checks.listed("values", values)]
