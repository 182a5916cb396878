"""Elastic-net regularisation: a mixture of lasso and ridge."""

from __future__ import annotations

from typing import Any

import keras

from tfhpo import arguments
from tfhpo.declaring import Declarer, Role
from tfhpo.hp.decay import decay_levels


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


def elastic_net(
    hp: Any, *, minimum: float = 1e-6, maximum: float = 1e-2, name: str = "elastic_net"
) -> ElasticNet | None:
    """Declares an elastic-net regulariser: its strength and its mixing `alpha`.

    The strength, `elastic_net_strength`, is 0, for none, or a value on a log scale, by default
    1e-6 … 1e-2: from the smallest of the usual weight decays to Keras's default for `L1` and `L2`.
    Its values are ordered levels as those of `hp.weight_decay`, two per order of magnitude. The
    mixing, `elastic_net_alpha`, counts where there is a strength, and goes from 0, ridge, to 1,
    lasso. Zou & Hastie 2005, "Regularization and variable selection via the elastic net", tune two
    such parameters as well; their alpha is the share of the ridge.

    Example:
        >>> import keras
        >>> import keras_tuner
        >>> from tfhpo import hp
        >>> space = keras_tuner.HyperParameters()
        >>> penalty = hp.elastic_net(space, maximum=1e-4)
        >>> layer = keras.layers.Dense(10, kernel_regularizer=penalty)
        >>> penalty.strength
        0.0
        >>> space.space[0].values
        [0.0, 1e-06, 3.2e-06, 1e-05, 3.2e-05, 0.0001]

    Args:
        hp: The `keras_tuner.HyperParameters`.
        minimum: The smallest strength besides 0, which is always among the values.
        maximum: The largest strength.
        name: Stands before the names of the two parameters.

    Returns:
        The regulariser, which is saved with a model; `from tfhpo import hp` before it is loaded.

    Raises:
        ArgumentError: Unless 0 < minimum < maximum.
    """
    declare = Declarer(hp, Role.LEARNING_RATE_AND_LOSS).under(f"{name}_")
    levels = decay_levels(minimum, maximum)
    strength = declare.choice("strength", [0.0, *levels])
    with declare.scope("strength", levels):
        alpha = declare.real("alpha", 0.0, 1.0)
    if not declare.active:
        return None
    return ElasticNet(strength, alpha if strength else 0.0)
