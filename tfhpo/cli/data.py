"""What a user's `load_data` returned, as arguments of `fit`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tfhpo.errors import ArgumentError

#: The share of the data, taken from its end, that validates where no validation data is given.
VALIDATION_SPLIT = 0.2

_RULE = (
    "The function given with --data must return (x, y), (x_val, y_val), or x, y, or two "
    "tf.data.Datasets for training and validation"
)


@dataclass(frozen=True)
class FitData:
    """The data of every trial.

    Attributes:
        x: The inputs, or a data set of inputs and targets.
        y: The targets; None where `x` is a data set.
        arguments: The argument of `fit` that says what validates.
    """

    x: Any
    y: Any
    arguments: dict[str, Any]

    @property
    def is_dataset(self) -> bool:
        """Whether `x` brings its own targets and batches."""
        return self.y is None


def fit_data(returned: object) -> FitData:
    """Returns the arguments of `fit` for what a user's function returned.

    Args:
        returned: `(x, y), (x_val, y_val)`; or `x, y`, of which the last fifth then validates; or
            a pair of data sets. `x` and `y` are arrays, or dictionaries of arrays.

    Raises:
        ArgumentError: It is anything else, or the shapes do not belong together. The message
            tells what was returned.
    """
    if not (isinstance(returned, tuple) and len(returned) == 2):
        raise ArgumentError(f"{_RULE}. It returned {describe(returned)}.")
    first, second = returned
    if _is_dataset(first) and _is_dataset(second):
        return FitData(first, None, {"validation_data": second})
    if _is_pair(first) and _is_pair(second):
        (x, y), (x_val, y_val) = first, second
        _check_rows("training", x, y, returned)
        _check_rows("validation", x_val, y_val, returned)
        _check_alike(x, x_val, returned)
        return FitData(x, y, {"validation_data": second})
    if _is_arrays(first) and _is_arrays(second):
        _check_rows("training", first, second, returned)
        return FitData(first, second, {"validation_split": VALIDATION_SPLIT})
    raise ArgumentError(f"{_RULE}. It returned {describe(returned)}.")


def describe(value: object) -> str:
    """Returns the form of a value in words: types, shapes and nesting, but no contents."""
    if isinstance(value, tuple):
        return f"({', '.join(map(describe, value))})"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {describe(entry)}' for key, entry in value.items())}}}"
    if value is None:
        return "None"
    shape = _shape(value)
    name = type(value).__name__
    return name if shape is None else f"{name} of shape {shape}"


def _is_dataset(value: object) -> bool:
    # A tf.data.Dataset or a Keras PyDataset, told without importing either.
    names = {cls.__name__ for cls in type(value).__mro__}
    return bool(names & {"DatasetV2", "PyDataset"})


def _is_pair(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(map(_is_arrays, value))


def _is_arrays(value: object) -> bool:
    if isinstance(value, dict):
        return bool(value) and all(map(_is_arrays, value.values()))
    shape = _shape(value)
    return shape is not None and len(shape) > 0


def _shape(value: object) -> tuple[Any, ...] | None:
    shape = getattr(value, "shape", None)
    if shape is None:
        return None
    try:
        return tuple(shape)
    except (TypeError, ValueError):  # a symbolic tensor of unknown rank
        return None


def _arrays(value: Any) -> list[Any]:
    return (
        [leaf for entry in value.values() for leaf in _arrays(entry)]
        if isinstance(value, dict)
        else [value]
    )


def _check_rows(what: str, x: Any, y: Any, returned: object) -> None:
    rows = {array.shape[0] for array in (*_arrays(x), *_arrays(y))}
    if len(rows) > 1 or not all(rows):
        raise ArgumentError(
            f"The {what} inputs and targets must have the same number of rows, and at least one. "
            f"The function given with --data returned {describe(returned)}."
        )


def _check_alike(x: Any, x_val: Any, returned: object) -> None:
    if [tuple(a.shape[1:]) for a in _arrays(x)] != [tuple(a.shape[1:]) for a in _arrays(x_val)]:
        raise ArgumentError(
            "The inputs for validation must have the shape of those for training, but for the "
            f"number of rows. The function given with --data returned {describe(returned)}."
        )
