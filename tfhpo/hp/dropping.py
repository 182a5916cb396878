"""The dropout rate."""

from __future__ import annotations

from typing import Any

from tfhpo import arguments
from tfhpo.declaring import Declarer, Role
from tfhpo.hp.bounds import checked_bounds


def dropout(
    hp: Any,
    *,
    dense: bool = False,
    minimum: float | None = None,
    maximum: float = 0.5,
    name: str = "dropout",
) -> float:
    """Declares a dropout rate: 0 … 0.5, and 0.2 … 0.5 in dense layers, or in bounds of yours.

    The rate is Keras's: the share of values that is dropped. Srivastava et al. 2014, "Dropout: a
    simple way to prevent neural networks from overfitting", keep 50 to 80 % of the units of a
    hidden layer (appendix A.4). Convolutional layers have fewer weights to overfit with, and may
    need none.

    No dropout belongs straight before batch normalisation, which then standardises with a variance
    that the trained network does not have: Li et al. 2019, "Understanding the disharmony between
    dropout and batch normalization by variance shift". `hp.advise` tells of it.

    Example:
        >>> import keras_tuner
        >>> from tfhpo import hp
        >>> hp.dropout(keras_tuner.HyperParameters(), dense=True)
        0.2

    Args:
        hp: The `keras_tuner.HyperParameters`.
        dense: Whether it follows a dense layer.
        minimum: The smallest rate, 0 or more; by default 0.2 after a dense layer, else 0.
        maximum: The largest rate, below 1.
        name: The parameter's name.

    Returns:
        The rate, for `keras.layers.Dropout`.

    Raises:
        ArgumentError: If `dense` is no truth value, or the bounds are not 0 <= minimum < maximum
            < 1.
    """
    least = 0.2 if arguments.flag("dense", dense) else 0.0
    low, high = checked_bounds(
        least if minimum is None else minimum, maximum, arguments.fraction_below_one
    )
    rate: float = Declarer(hp, Role.OTHER).real(name, low, high)
    return rate
