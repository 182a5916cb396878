"""What can be known to be wrong before any training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
from keras_tuner.src.engine import objective as kt_objective

from tfhpo.errors import ArgumentError, ObjectiveError, StudyWriteError
from tfhpo.tuners.training import single_values


def check_folder(folder: Path) -> None:
    """Raises a StudyWriteError where the project's folder, or one above it, is a file."""
    for part in (folder, *folder.parents):
        if part.exists():
            if not part.is_dir():
                raise StudyWriteError(
                    f"The search needs the folder {folder}. Received: {part} is a file."
                )
            return


def check_hypermodel(hypermodel: Any, *, needed: bool) -> None:
    """Raises an ArgumentError where there is no model to train, and `run_trial` is not overridden.

    KerasTuner's own check only sees whether its own `run_trial` is.
    """
    if hypermodel is None and needed:
        raise ArgumentError(
            "`hypermodel` must be a function that builds a model, or a `keras_tuner.HyperModel`; "
            "only a subclass with a `run_trial` of its own needs none. Received: None."
        )


def check_model(model: Any, *, compiled: bool) -> None:
    """Refuses what is no compiled Keras model.

    Args:
        model: What the build function returned.
        compiled: Whether it must be compiled already.

    Raises:
        ArgumentError: If it is not a model, or not compiled.
    """
    if not isinstance(model, keras.Model):
        raise ArgumentError(
            "The build function must return a compiled Keras model. "
            f"Received: {model!r} of type {type(model).__name__}."
        )
    if compiled and not model.compiled:
        raise ArgumentError(
            "The build function must return a compiled model: call `model.compile(...)` in it, or "
            "give the tuner `optimizer`, `loss` and `metrics`. "
            f"Received: {model.name!r}, which is not compiled."
        )


def objective_names(objective: kt_objective.Objective) -> list[str]:
    """Returns the names of the metrics that an objective needs."""
    if isinstance(objective, kt_objective.MultiObjective):
        return [one.name for one in objective.objectives]
    return [objective.name]


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


def check_validation(objective: kt_objective.Objective, arguments: Mapping[str, Any]) -> None:
    """Refuses an objective of validation in a search without any.

    Raises:
        ObjectiveError: If the objective starts with `val_` and nothing is held out.
    """
    if arguments.get("validation_data") is not None or arguments.get("validation_split"):
        return
    needing = [name for name in objective_names(objective) if name.startswith("val_")]
    if needing:
        raise ObjectiveError(
            f"The objective {needing[0]!r} is measured on validation data: give the search "
            "`validation_data` or `validation_split`. "
            f"Received: {sorted(arguments) or 'neither'}."
        )


def measured_metrics(model: Any, x: Any, y: Any = None) -> list[str] | None:
    """Returns the names under which a model reports its metrics, by evaluating one batch.

    Keras knows them only once it has seen data. The batch is evaluated eagerly: tracing a graph
    for it would take longer than a small model's epoch.

    Args:
        model: A built and compiled model, used for nothing else.
        x: The training data, in any form that `fit` takes.
        y: The targets, where `x` does not hold them.

    Returns:
        The names of those with one value, or None where no batch can be had without using the data
        up (a generator).

    Raises:
        ArgumentError: If the model does not accept the data.
    """
    batch = _one_batch(x, y)
    if batch is None:
        return None
    try:
        model.run_eagerly = True
        features, targets, weights = keras.utils.unpack_x_y_sample_weight(batch)
        logs = model.evaluate(features, targets, sample_weight=weights, verbose=0, return_dict=True)
    except Exception as error:
        raise ArgumentError(
            "The model must accept the training data. "
            f"Received: {_shapes(batch)}; evaluating one batch raises {type(error).__name__}: "
            f"{error}"
        ) from error
    return sorted(single_values(logs))


def check_objective(objective: kt_objective.Objective, metrics: Sequence[str]) -> None:
    """Refuses an objective that is not among the model's metrics.

    Args:
        objective: What to optimise.
        metrics: The names without `val_`, as `measured_metrics` returns them.

    Raises:
        ObjectiveError: If it is not.
    """
    known = {*metrics, *(f"val_{name}" for name in metrics)}
    missing = [name for name in objective_names(objective) if name not in known]
    if missing:
        raise ObjectiveError(
            f"The objective must be among the model's metrics of one value, {sorted(known)}. "
            f"Received: {missing[0]!r}."
        )


def _one_batch(x: Any, y: Any) -> Any:
    """Returns what `fit` would take as a batch: inputs, or a tuple that begins with them."""
    if isinstance(x, keras.utils.PyDataset):
        return x[0]
    if hasattr(x, "element_spec"):  # tf.data, without importing TensorFlow
        return next(iter(x.take(1)))
    leaves = keras.tree.flatten((x, y))
    if leaves and all(hasattr(leaf, "shape") for leaf in leaves if leaf is not None):
        first = keras.tree.map_structure(lambda leaf: None if leaf is None else leaf[:1], (x, y))
        return tuple(first)
    return None


def _shapes(batch: Any) -> str:
    return str(keras.tree.map_structure(lambda leaf: getattr(leaf, "shape", None), batch))


def check_executions(count: Any) -> None:
    """Raises an ArgumentError unless a trial is executed at least once."""
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ArgumentError(
            f"`executions_per_trial` must be an integer of at least 1. Received: {count!r}."
        )
