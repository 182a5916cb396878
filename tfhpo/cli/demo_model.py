"""The network of `tfhpo demo`: the small convolutional one of many tutorials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def builder(shape: tuple[int, int, int], classes: int) -> Callable[[Any], Any]:
    """Returns the build function for images of a shape.

    Args:
        shape: Height, width and channels.
        classes: Number of labels.
    """
    import keras

    def build(hp: Any) -> Any:
        model = keras.Sequential(
            [
                keras.Input(shape),
                keras.layers.Conv2D(32, 3, activation="relu"),
                keras.layers.MaxPooling2D(),
                keras.layers.Flatten(),
                keras.layers.Dense(hp.Choice("units", [128, 256, 512]), activation="relu"),
                keras.layers.Dropout(hp.Float("dropout", 0.1, 0.3, step=0.1)),
                keras.layers.Dense(classes, activation="softmax"),
            ]
        )
        rate = hp.Float("learning_rate", 1e-3, 1e-1, sampling="log")
        model.compile(
            keras.optimizers.Adam(rate),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        return model

    return build
