"""The arguments of `fit`, which may be functions of the hyperparameters."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import keras
import keras_tuner

from tfhpo.arguments import did_you_mean, fraction_below_one, integer
from tfhpo.errors import ArgumentError

_share = fraction_below_one.worded("a share of the data, at least 0 and below 1")


def resolve(
    arguments: Mapping[str, Any], hyperparameters: keras_tuner.HyperParameters
) -> dict[str, Any]:
    """Returns the arguments of one call of `fit`: functions called, callbacks made anew.

    `batch_size=lambda hp: hp.Choice("batch_size", [16, 32])` makes the batch size a hyperparameter.

    Args:
        arguments: Keyword arguments as the user gave them.
        hyperparameters: The trial's.

    Raises:
        ArgumentError: If an argument breaks its rule, or `callbacks` can be neither copied nor
            called.
    """
    resolved = {
        name: _resolved(value, hyperparameters)
        for name, value in arguments.items()
        if name != "callbacks"
    }
    resolved["callbacks"] = _callbacks(arguments.get("callbacks"), hyperparameters)
    _check_counts(resolved)
    if resolved.get("validation_split") is not None:
        _share("validation_split", resolved["validation_split"])
    _check_class_weight(resolved.get("class_weight"))
    return resolved


def check_names(model: Any, arguments: Mapping[str, Any]) -> None:
    """Refuses arguments that the model's `fit` does not know.

    Args:
        model: The model that will be trained; its class may have a `fit` of its own.
        arguments: The keyword arguments.

    Raises:
        ArgumentError: If there is one; the message names the nearest that exists.
    """
    parameters = inspect.signature(model.fit).parameters
    if any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
        return
    unknown = [name for name in arguments if name not in parameters]
    if unknown:
        raise ArgumentError(
            "The keyword arguments of `search` are those of `fit`. "
            f"Received: {', '.join(map(repr, unknown))}."
            f"{did_you_mean(unknown[0], parameters)}"
        )


def resolve_data(
    args: tuple[Any, ...], hyperparameters: keras_tuner.HyperParameters
) -> tuple[Any, ...]:
    """Returns the positional arguments of one call of `fit`: functions called, too.

    `search(lambda: dataset())` makes the data where they are needed: a `tf.data.Dataset` cannot be
    carried to another process, and a function can.

    Args:
        args: Positional arguments as the user gave them.
        hyperparameters: The trial's.
    """
    return tuple(_resolved(value, hyperparameters) for value in args)


def _resolved(value: Any, hyperparameters: keras_tuner.HyperParameters) -> Any:
    """Returns what a function makes; an object of the user's that can be called is no function."""
    is_function = inspect.isfunction(value) or inspect.ismethod(value)
    return _called(value, hyperparameters) if is_function else value


def _called(function: Callable[..., Any], hyperparameters: keras_tuner.HyperParameters) -> Any:
    takes = len(inspect.signature(function).parameters)
    return function(hyperparameters) if takes else function()


def _callbacks(given: Any, hyperparameters: keras_tuner.HyperParameters) -> list[Any]:
    if given is None:
        return []
    if inspect.isfunction(given) or inspect.ismethod(given):
        made = _called(given, hyperparameters)
        return _checked(list(made) if isinstance(made, (list, tuple)) else [made])
    callbacks = _checked(list(given) if isinstance(given, (list, tuple)) else [given])
    try:
        return copy.deepcopy(callbacks)
    except Exception as error:
        raise ArgumentError(
            "Each trial needs callbacks of its own, and these cannot be copied: give a function "
            "that makes them, callbacks=lambda: [...]. "
            f"Received: {callbacks!r}, which raises {type(error).__name__}: {error}"
        ) from error


def _checked(callbacks: list[Any]) -> list[Any]:
    for one in callbacks:
        if not isinstance(one, keras.callbacks.Callback):
            hint = f" Did you mean {one.__name__}(...)?" if inspect.isclass(one) else ""
            raise ArgumentError(
                "`callbacks` must hold keras.callbacks.Callback objects, or be a function that "
                f"makes them. Received: {one!r}.{hint}"
            )
    return callbacks


def _check_class_weight(weights: Any) -> None:
    if weights is not None and not isinstance(weights, dict):
        raise ArgumentError(
            "`class_weight` must be a dictionary of each class's number to its weight, or a "
            f"function of `hp` that returns one. Received: {weights!r}."
        )


def _check_counts(arguments: Mapping[str, Any]) -> None:
    for name in ("epochs", "batch_size"):
        value = arguments.get(name)
        if value is not None:
            integer(name, value, least=1)
    first, epochs = arguments.get("initial_epoch"), arguments.get("epochs")
    if first is not None and epochs is not None and first >= epochs:
        raise ArgumentError(
            "`epochs` counts from the first epoch of all, so it must be above `initial_epoch`. "
            f"Received: epochs={epochs!r}, initial_epoch={first!r}."
        )
