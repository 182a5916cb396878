"""The weight decay."""

from __future__ import annotations

import math
from typing import Any

from tfhpo import arguments
from tfhpo.declaring import Declarer, Role
from tfhpo.hp.bounds import checked_bounds

_PER_DECADE = 2


def weight_decay(
    hp: Any, *, minimum: float = 1e-6, maximum: float = 1e-4, name: str = "weight_decay"
) -> float:
    """Declares a weight decay: 0, or a value on a log scale. Default range 1e-6 … 1e-4.

    The values are ordered levels, two per order of magnitude, and 0 stands below the smallest,
    which it resembles: one parameter, in which a strategy sees how alike two decays are. Finer
    levels gain little: Smith 2018, "A disciplined approach to neural network hyper-parameters:
    part 1", tries 1e-3, 1e-4, 1e-5 and 0 first. The 0.0005 of Krizhevsky et al. 2012
    and of many convolutional networks since lies above: `maximum=1e-3` takes it in.

    Example:
        >>> import keras_tuner
        >>> from tfhpo import hp
        >>> space = keras_tuner.HyperParameters()
        >>> hp.weight_decay(space)
        0.0
        >>> space.space[0].values
        [0.0, 1e-06, 3.2e-06, 1e-05, 3.2e-05, 0.0001]

    Args:
        hp: The `keras_tuner.HyperParameters`.
        minimum: The smallest decay besides 0, which is always among the values.
        maximum: The largest decay.
        name: The parameter's name.

    Returns:
        The decay, for `weight_decay=` of a Keras optimiser, which takes it times the rate off each
        weight in every step, or for `keras.regularizers.L2`.

    Raises:
        ArgumentError: Unless 0 < minimum < maximum.
    """
    declare = Declarer(hp, Role.LEARNING_RATE_AND_LOSS)
    decay: float = declare.choice(name, [0.0, *decay_levels(minimum, maximum)])
    return decay


def decay_levels(minimum: float, maximum: float) -> list[float]:
    """Returns values even on a log scale, both ends among them, two per order of magnitude.

    Raises:
        ArgumentError: Unless 0 < minimum < maximum.
    """
    minimum, maximum = checked_bounds(minimum, maximum, arguments.positive)
    count = max(1, round(_PER_DECADE * math.log10(maximum / minimum)))
    inner = (minimum * (maximum / minimum) ** (i / count) for i in range(1, count))
    return [minimum, *(float(f"{value:.2g}") for value in inner), maximum]
