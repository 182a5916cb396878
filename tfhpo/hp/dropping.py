"""The dropout rate."""

from __future__ import annotations

from typing import Any

from tfhpo.declaring import Declarer, Role
from tfhpo.schedules import arguments


def dropout(hp: Any, *, dense: bool = False, name: str = "dropout") -> float:
    """Declares a dropout rate: 0 … 0.5, and 0.2 … 0.5 in dense layers.

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
        name: The parameter's name.

    Returns:
        The rate, for `keras.layers.Dropout`.

    Raises:
        ArgumentError: If `dense` is no truth value.
    """
    declare = Declarer(hp, Role.OTHER)
    least = 0.2 if arguments.flag("dense", dense) else 0.0
    rate: float = declare.real(name, least, 0.5)
    return rate
