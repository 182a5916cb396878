"""What can be known of the data before any training: whether the model takes them at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from tfhpo.errors import ArgumentError
from tfhpo.tuners.training import single_values


def training_data(args: tuple[Any, ...], arguments: Mapping[str, Any]) -> tuple[Any, Any]:
    """Returns `x` and `y` from the arguments of `fit`, `y` None where `x` holds the targets.

    Raises:
        ArgumentError: If there is no `x`.
    """
    x = args[0] if args else arguments.get("x")
    y = args[1] if len(args) > 1 else arguments.get("y")
    if x is None:
        raise ArgumentError(
            "`search` takes the arguments of `fit`, the training data first. "
            f"Received: {sorted(arguments) or 'none'}."
        )
    return x, y


def measured_metrics(model: Any, x: Any, y: Any = None, validation_data: Any = None) -> list[str]:
    """Returns the names under which a model reports its metrics, by evaluating a row or a batch.

    Keras knows them only once it has seen data. The data are evaluated eagerly: tracing a graph
    for it would take longer than a small model's epoch.

    Args:
        model: A built and compiled model, used for nothing else.
        x: The training data, in any form that `fit` takes.
        y: The targets, where `x` does not hold them.
        validation_data: Held-out data as `fit` takes them, or None.

    Returns:
        The names of those with one value; none where no batch can be had without using the data up
        (a generator).

    Raises:
        ArgumentError: If the model does not accept the data.
    """
    model.run_eagerly = True
    if isinstance(validation_data, (tuple, list)):
        _evaluated(model, tuple(validation_data), "validation")
    elif validation_data is not None:
        _evaluated(model, (validation_data,), "validation")
    return sorted(_evaluated(model, (x, y), "training"))


def _evaluated(model: Any, data: tuple[Any, ...], purpose: str) -> dict[str, float]:
    batch = _one_batch(data, purpose)
    if batch is None:
        return {}
    features, targets, weights = keras.utils.unpack_x_y_sample_weight(batch)
    try:
        logs = model.evaluate(features, targets, sample_weight=weights, verbose=0, return_dict=True)
    except Exception as error:
        raise ArgumentError(
            f"The model must accept the {purpose} data. "
            f"Received: {_shapes(batch)}; evaluating them raises {type(error).__name__}: {error}"
        ) from error
    return single_values(logs)


def _one_batch(data: tuple[Any, ...], purpose: str) -> Any:
    """Returns what `fit` would take as a batch: inputs, or a tuple that begins with them."""
    x = data[0]
    if isinstance(x, keras.utils.PyDataset):
        return x[0]
    if hasattr(x, "element_spec"):  # tf.data, without importing TensorFlow
        return next(iter(x.take(1)))
    arrays = [leaf for leaf in keras.tree.flatten(data) if leaf is not None]
    if not arrays or not all(hasattr(array, "shape") for array in arrays):
        return None
    _check_rows(arrays, data, purpose)
    return keras.tree.map_structure(lambda leaf: None if leaf is None else leaf[:1], data)


def _check_rows(arrays: list[Any], data: tuple[Any, ...], purpose: str) -> None:
    """Refuses arrays of different lengths, and empty ones."""
    rows = {array.shape[0] if len(array.shape) else 0 for array in arrays}
    if len(rows) > 1 or 0 in rows:
        raise ArgumentError(
            f"The arrays of the {purpose} data must all have the same number of rows, at least "
            f"one. Received: {_shapes(data)}."
        )


def _shapes(batch: Any) -> str:
    return str(keras.tree.map_structure(lambda leaf: getattr(leaf, "shape", None), batch))
