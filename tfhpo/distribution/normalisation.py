"""What replicas do not share by themselves: the statistics of batch normalisation."""

from __future__ import annotations

import warnings
from typing import Any

import keras


def warn_of_unshared_statistics(model: keras.Model, strategy: Any) -> None:
    """Warns where each replica would normalise with the statistics of its own share of the data.

    Keras 3 keeps them apart: a model then comes back with those of the first replica, and does not
    have the score that all replicas had.

    Args:
        model: The model, as it was built.
        strategy: What distributes it; None for nothing.
    """
    if strategy is None or strategy.num_replicas_in_sync == 1:
        return
    apart = [layer.name for layer in model._flatten_layers() if _is_apart(layer)]
    if apart:
        warnings.warn(
            "With several replicas, each keeps batch statistics of its own, and the model that "
            "comes back has those of the first alone, so not quite the score of its trial: use "
            f"BatchNormalization(synchronized=True). Received: {', '.join(apart)}.",
            stacklevel=2,
        )


def _is_apart(layer: keras.Layer) -> bool:
    return (
        isinstance(layer, keras.layers.BatchNormalization)
        and layer.trainable
        and not layer.synchronized
    )
