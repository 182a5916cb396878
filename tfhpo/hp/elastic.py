"""Elastic-net regularisation: a mixture of lasso and ridge."""

from __future__ import annotations

from typing import Any

import keras

from tfhpo.declaring import Declarer, Role
from tfhpo.schedules import arguments


@keras.saving.register_keras_serializable(package="tfhpo")
class ElasticNet(keras.regularizers.Regularizer):  # type: ignore[misc]
    """The elastic-net penalty of a layer's weights w, of any shape.

        strength * (alpha * sum |w| + (1 - alpha) * sum w²)

    At `alpha` 1 it is Keras's `L1(strength)`, the lasso, which makes weights zero; at `alpha` 0 its
    `L2(strength)`, the ridge, which shrinks them all. Zou & Hastie 2005, "Regularization and
    variable selection via the elastic net".

    A process that loads a model saved with it first says `from tfhpo import hp`, so that Keras
    knows the class.

    Example:
        >>> import numpy as np
        >>> penalty = ElasticNet(strength=0.5, alpha=0.5)
        >>> float(penalty(np.array([1.0, -2.0])))
        2.0

    Args:
        strength: How much the penalty weighs in the loss; at least 0.
        alpha: The share of the lasso, from 0 to 1.

    Raises:
        ArgumentError: If an argument leaves its range.
    """

    def __init__(self, strength: float = 0.01, alpha: float = 0.5) -> None:
        self.strength = arguments.not_negative("strength", strength)
        self.alpha = arguments.fraction("alpha", alpha)

    def __call__(self, x: Any) -> Any:
        lasso = keras.ops.sum(keras.ops.absolute(x))
        ridge = keras.ops.sum(keras.ops.square(x))
        return self.strength * (self.alpha * lasso + (1.0 - self.alpha) * ridge)

    def get_config(self) -> dict[str, float]:
        """Returns the arguments, as Keras saves them."""
        return {"strength": self.strength, "alpha": self.alpha}


def elastic_net(hp: Any, *, name: str = "elastic_net") -> ElasticNet | None:
    """Declares an elastic-net regulariser: its strength and its mixing `alpha`.

    The strength, `elastic_net_strength`, goes from 1e-6 to 1e-2 on a log scale: from the smallest
    of the usual weight decays (see `hp.weight_decay`) to Keras's default for `L1` and `L2`. The
    mixing, `elastic_net_alpha`, goes from 0, ridge, to 1, lasso. Zou & Hastie 2005,
    "Regularization and variable selection via the elastic net", tune two such parameters as well;
    their alpha is the share of the ridge.

    Example:
        >>> import keras
        >>> import keras_tuner
        >>> from tfhpo import hp
        >>> penalty = hp.elastic_net(keras_tuner.HyperParameters())
        >>> layer = keras.layers.Dense(10, kernel_regularizer=penalty)
        >>> penalty.strength, penalty.alpha
        (1e-06, 0.0)

    Args:
        hp: The `keras_tuner.HyperParameters`.
        name: Stands before the names of the two parameters.

    Returns:
        The regulariser, which is saved with a model; `from tfhpo import hp` before it is loaded.
    """
    declare = Declarer(hp, Role.LEARNING_RATE_AND_LOSS).under(f"{name}_")
    strength = declare.real("strength", 1e-6, 1e-2, sampling="log")
    alpha = declare.real("alpha", 0.0, 1.0)
    return ElasticNet(strength, alpha) if declare.active else None
