"""What can be known of the data before any training: whether the model takes them at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from numbers import Number
from typing import Any

import keras
import numpy as np
from keras_tuner.src.engine import objective as kt_objective

from tfhpo.errors import ArgumentError
from tfhpo.tuners.checks import check_objective, check_validation, objective_names
from tfhpo.tuners.fit_arguments import check_names
from tfhpo.tuners.training import single_values

# What a model's class may do in its own way.
_STEPS = ("train_step", "test_step")
# Arguments of `fit` that go with arrays only.
_OF_ARRAYS = ("validation_split", "sample_weight", "batch_size")


def measured_names(
    objective: kt_objective.Objective,
    model: Any,
    args: tuple[Any, ...],
    arguments: Mapping[str, Any],
) -> list[str]:
    """Returns the names of what `fit` will measure, the objective first; refuses what would fail.

    Args:
        objective: What to optimise.
        model: A compiled model, used for nothing else.
        args: Positional arguments of `fit`.
        arguments: Keyword arguments of `fit`.

    Raises:
        ArgumentError: If `fit` does not take an argument, or the model does not take the data.
        ObjectiveError: If the objective is not among the metrics.
    """
    check_names(model, arguments)
    x, y = training_data(args, arguments)
    _check_source(x, y, arguments)
    check_validation(objective, arguments)
    names = objective_names(objective)
    held_out, weights = arguments.get("validation_data"), arguments.get("sample_weight")
    measured = measured_metrics(model, (x, y, weights), held_out)
    if not measured:
        return names
    check_objective(objective, measured)
    validation = arguments.get("validation_data") is not None
    if validation or arguments.get("validation_split"):
        measured += [f"val_{name}" for name in measured]
    return names + [name for name in measured if name not in names]


def training_data(args: tuple[Any, ...], arguments: Mapping[str, Any]) -> tuple[Any, Any]:
    """Returns `x` and `y` from the arguments of `fit`, `y` None where `x` holds the targets.

    Raises:
        ArgumentError: If there is no `x`.
    """
    x = args[0] if args else arguments.get("x")
    y = args[1] if len(args) > 1 else arguments.get("y")
    if x is None:
        given = sorted(
            name
            for name, value in arguments.items()
            if value is not None and not (isinstance(value, list) and not value)
        )
        raise ArgumentError(
            "`search` takes the arguments of `fit`, the training data first. "
            f"Received: {', '.join(given) or 'none'}."
        )
    return x, y


def measured_metrics(
    model: Any, training: tuple[Any, ...], validation_data: Any = None
) -> list[str]:
    """Returns the names under which a model reports its metrics, by evaluating a few rows.

    Keras knows them only once it has seen data. Of arrays the first row is evaluated, and those
    with the lowest and the highest label, since a loss may not take every label; of data that come
    in batches, the first batch. It is done eagerly: tracing a graph would take longer than a small
    model's epoch.

    Args:
        model: A built and compiled model, used for nothing else.
        training: `x`, in any form that `fit` takes, `y` and the sample weights; None for what is
            not there.
        validation_data: Held-out data as `fit` takes them, or None.

    Returns:
        The names of those with one value; none where the data are of a kind that is not known, or
        the model has a step of its own, of which nothing is known.

    Raises:
        ArgumentError: If the model does not accept the data.
    """
    if any(getattr(type(model), name) is not getattr(keras.Model, name) for name in _STEPS):
        return []
    model.run_eagerly = True
    names = sorted(_evaluated(model, training, "training"))
    if isinstance(validation_data, (tuple, list)):
        _evaluated(model, tuple(validation_data), "validation")
    elif validation_data is not None:
        _evaluated(model, (validation_data,), "validation")
    return names


def _check_source(x: Any, y: Any, arguments: Mapping[str, Any]) -> None:
    """Refuses arguments that a data set leaves without effect, and data that can be read once."""
    if isinstance(x, Iterator) and not arguments.get("steps_per_epoch"):
        raise ArgumentError(
            "Every trial reads the training data anew, and a generator can be read once: give "
            "arrays, a tf.data.Dataset or a keras.utils.PyDataset, or `steps_per_epoch` with a "
            f"generator that never ends. Received: {x!r}."
        )
    if not (_is_tf_dataset(x) or isinstance(x, keras.utils.PyDataset)):
        return
    given = {"y": y, **{name: arguments.get(name) for name in _OF_ARRAYS}}
    if given["validation_split"] == 0 or arguments.get("validation_data") is not None:
        # Keras does not look at it then.
        del given["validation_split"]
    refused = [name for name, value in given.items() if value is not None]
    if refused:
        raise ArgumentError(
            f"A data set brings its own targets, weights and batches, so {', '.join(_OF_ARRAYS)} "
            f"and y are for arrays only. Received a data set and: {', '.join(refused)}."
        )


def _evaluated(model: Any, data: tuple[Any, ...], purpose: str) -> dict[str, float]:
    logs: dict[str, Any] = {}
    for place, batch in _batches(model, data, purpose):
        features, targets, weights = keras.utils.unpack_x_y_sample_weight(batch)
        try:
            logs = model.evaluate(
                features, targets, sample_weight=weights, verbose=0, return_dict=True
            )
        except Exception as error:
            hint = _hint(model, data, features, targets)
            raise ArgumentError(
                f"The model must accept the {purpose} data. Received: {place}; evaluating it "
                f"raises {type(error).__name__}: {_plain(str(error))}{hint}"
            ) from error
    return single_values(logs)


def _batches(model: Any, data: tuple[Any, ...], purpose: str) -> Iterator[tuple[str, Any]]:
    """Yields what `fit` would take as a batch, inputs or a tuple, and where it is in the data."""
    x = data[0]
    if isinstance(x, keras.utils.PyDataset) or _is_tf_dataset(x):
        batch = _first(x)
        if batch is None:
            raise ArgumentError(f"The {purpose} data must hold a batch. Received: {x!r}, empty.")
        yield f"a first batch of {_shapes(batch)}", batch
    else:
        arrays = [leaf for leaf in keras.tree.flatten(data) if leaf is not None]
        _check_arrays(arrays, purpose)
        if arrays and all(hasattr(array, "shape") for array in arrays):
            _check_rows(arrays, data, purpose)
            if all(hasattr(array, "__getitem__") for array in arrays):
                for row in _telling_rows(data):
                    yield f"row {row} of {_shapes(data)}", _rows(data, row, _fixed_batch(model))


def _first(x: Any) -> Any:
    """Returns the first batch of a data set, None where it is empty."""
    if isinstance(x, keras.utils.PyDataset):
        return x[0] if len(x) else None
    return next(iter(x.take(1)), None)


def _rows(data: tuple[Any, ...], row: int, count: int) -> Any:
    """Returns a row of each array, repeated so often."""

    def part(leaf: Any) -> Any:
        if leaf is None:
            return None
        # Only a model that needs it pays for more than a slice, which any array has.
        one = leaf[row : row + 1]
        return one if count == 1 else np.repeat(np.asarray(one), count, axis=0)

    return keras.tree.map_structure(part, data)


def _fixed_batch(model: Any) -> int:
    """Returns the number of rows that a model wants, 1 where it takes any."""
    shape = getattr(model, "input_shape", None)
    fixed = shape[0] if isinstance(shape, tuple) and shape else None
    return fixed if isinstance(fixed, int) else 1


def _is_tf_dataset(x: Any) -> bool:
    return hasattr(x, "element_spec") and hasattr(x, "take")  # without importing TensorFlow


def _telling_rows(data: tuple[Any, ...]) -> list[int]:
    """Returns the numbers of the rows to evaluate: the first, and those of the extreme labels."""
    labels = data[1] if len(data) > 1 else None
    kind = getattr(getattr(labels, "dtype", None), "kind", None)
    # Not of masks, say, which may not fit in memory.
    if labels is None or kind not in ("i", "u") or np.prod(labels.shape[1:]) != 1:
        return [0]
    flat = np.asarray(labels).reshape(-1)
    return sorted({0, int(flat.argmin()), int(flat.argmax())})


def _hint(model: Any, data: tuple[Any, ...], features: Any, targets: Any) -> str:
    """Returns what may be the cause: no targets, or elements of a data set that are single rows."""
    if targets is None:
        return " There are no targets: was `y` forgotten?"
    expected, received = getattr(model, "input_shape", None), getattr(features, "shape", None)
    if not _is_tf_dataset(data[0]) or not isinstance(expected, tuple) or received is None:
        return ""
    return " Is the data set batched? `.batch(32)`." if len(received) < len(expected) else ""


def _plain(message: str) -> str:
    """Returns an error's message without the names that TensorFlow gives its graph's parts."""
    return re.sub(r"\{\{.*?\}\} ?| ?\[Op:\w+\].*", "", message)


def _check_arrays(arrays: list[Any], purpose: str) -> None:
    """Refuses lists of numbers, which Keras takes for as many inputs."""
    bare = next((one for one in arrays if isinstance(one, (Number, str, bytes))), None)
    if bare is not None:
        raise ArgumentError(
            f"The {purpose} data must be arrays, not lists: give `numpy.asarray(...)` of them. "
            f"Received: a list that holds {bare!r}."
        )


def _check_rows(arrays: list[Any], data: tuple[Any, ...], purpose: str) -> None:
    """Refuses arrays of different lengths, and empty ones."""
    rows = {array.shape[0] if len(array.shape) else 0 for array in arrays}
    if len(rows) > 1 or 0 in rows:
        raise ArgumentError(
            f"The arrays of the {purpose} data must all have the same number of rows, at least "
            f"one. Received: {_shapes(data)}."
        )


def _shapes(batch: Any) -> str:
    if isinstance(batch, tuple):
        # Targets or weights that were not given are no news.
        batch = tuple(part for part in batch if part is not None)
    return str(keras.tree.map_structure(lambda leaf: getattr(leaf, "shape", None), batch))
