"""Compiling a model with what the tuner was given in place of what its build function gave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras


def compile_anew(model: Any, *, optimizer: Any, loss: Any, metrics: Any) -> None:
    """Compiles a model again, each argument that is given in place of its own.

    KerasTuner's own way asks an uncompiled model for its optimiser, which Keras 3 answers with an
    error, and forgets every other argument of `compile`.

    Args:
        model: The model, compiled or not.
        optimizer: An optimiser, which is copied: it belongs to one model; or its name, or None.
        loss: As in `compile`, or None.
        metrics: As in `compile`, or None.
    """
    given = {"optimizer": _copied(optimizer), "loss": loss, "metrics": metrics}
    changes = {name: value for name, value in given.items() if value is not None}
    if changes:
        model.compile(**{**_compile_arguments(model), **changes})


def build_optimizer(model: Any, callbacks: Sequence[Any]) -> None:
    """Makes the optimiser's variables now, where the model's are known.

    Keras leaves it to the first training step. There they are made while the step is traced, which
    TensorFlow must then trace twice: it takes a fifth of a second longer and leaves memory behind.

    Where the user's code could still change what is trained, it is left to Keras: a subclassed
    model may have unbuilt layers, a callback may unfreeze some.

    Args:
        model: A compiled model.
        callbacks: Those it will be trained with.
    """
    if not all(type(one).__module__.startswith("keras.") for one in (model, *callbacks)):
        return
    optimizer = getattr(model, "optimizer", None)
    if model.built and optimizer is not None and not optimizer.built:
        optimizer.build(model.trainable_variables)


def _compile_arguments(model: Any) -> dict[str, Any]:
    # Keras keeps them for saving; its public `get_compile_config` serialises them, which a loss
    # that is a plain function would not survive.
    known = getattr(model, "_compile_config", None) if model.compiled else None
    return {} if known is None else dict(known.config)


def _copied(optimizer: Any) -> Any:
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        return optimizer
    return keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
