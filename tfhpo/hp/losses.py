"""The weight of an auxiliary loss."""

from __future__ import annotations

from typing import Any

from tfhpo import arguments
from tfhpo.declaring import Declarer, Role

_ORDERS = 100.0


def auxiliary_loss_weight(
    hp: Any, *, main: float = 1.0, name: str = "auxiliary_loss_weight"
) -> float:
    """Declares the weight of a loss beside the main one, within two orders of magnitude of it.

    On a log scale from main/100 to 100 main, starting at main. How much the weights matter, and
    how little the best can be guessed: Kendall, Gal & Cipolla 2018, "Multi-task learning using
    uncertainty to weigh losses for scene geometry and semantics". Szegedy et al. 2015,
    "Going deeper with convolutions", section 5, give their auxiliary classifiers 0.3.

    Example:
        >>> import keras_tuner
        >>> from tfhpo import hp
        >>> weight = hp.auxiliary_loss_weight(keras_tuner.HyperParameters())
        >>> arguments = {"loss_weights": {"main": 1.0, "auxiliary": weight}}  # of model.compile
        >>> weight
        1.0

    Args:
        hp: The `keras_tuner.HyperParameters`.
        main: The weight of the main loss.
        name: The parameter's name.

    Returns:
        The weight, for `loss_weights` of `model.compile`.

    Raises:
        ArgumentError: Unless `main` is above 0 and finite.
    """
    main = arguments.positive("main", main)
    declare = Declarer(hp, Role.LEARNING_RATE_AND_LOSS)
    weight: float = declare.real(name, main / _ORDERS, main * _ORDERS, sampling="log", default=main)
    return weight
