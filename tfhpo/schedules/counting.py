"""Arithmetic on training steps that stays exact where float32 does not.

Notation:
    s       a training step: a number, an array or a tensor of any shape, whole or not
    P       a period, in steps

float32 holds every whole number up to 2^24 only: at step 2^31 its neighbours are 256 steps apart.
What depends on the place within a cycle is therefore taken from the whole step, before it becomes
a float. The functions work elementwise, in the operations of Keras, on each of its backends.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfhpo.schedules.checks import MOST_STEPS


def as_float(step: Any) -> Any:
    """Returns steps as a float32 tensor of the same shape."""
    return ops.cast(step, "float32")


def is_whole(step: Any) -> bool:
    """Whether the steps of a tensor are of an integer type."""
    return bool(keras.backend.is_int_dtype(step.dtype))


def counted(step: Any) -> Any:
    """Returns steps as a tensor; whole ones in the widest integer type of the backend."""
    step = ops.convert_to_tensor(step)
    # Keras's "int" is what its optimisers count in: int64 on TensorFlow, int32 elsewhere.
    return ops.cast(step, "int") if is_whole(step) else step


def turns(step: Any, period: float) -> tuple[Any, Any]:
    """Returns how many whole periods have passed, and the steps since: s // P and s mod P.

    Args:
        step: s, any shape.
        period: P, above 0.

    Returns:
        Two float32 tensors of the shape of `step`.
    """
    step = counted(step)
    if is_whole(step) and float(period).is_integer() and period <= MOST_STEPS:
        period = int(period)
    else:
        step = as_float(step)
    return as_float(ops.floor_divide(step, period)), as_float(ops.mod(step, period))


def since(step: Any, start: int) -> Any:
    """Returns the steps since a step, 0 before it, in the type of `step`.

    Args:
        step: s, any shape.
        start: The step to count from.
    """
    step = counted(step)
    return ops.maximum(ops.subtract(step, start), 0)
