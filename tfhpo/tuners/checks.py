"""What can be known to be wrong before any training."""

from __future__ import annotations

import contextlib
import inspect
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import keras_tuner
from keras_tuner.src.distribute import utils as kt_distribute
from keras_tuner.src.engine import objective as kt_objective

from tfhpo.arguments import integer
from tfhpo.errors import ArgumentError, ObjectiveError, StudyWriteError
from tfhpo.study import STUDY_FILE
from tfhpo.study.lock import StudyLock, lock_path


def check_place(directory: Any, project_name: Any) -> None:
    """Raises an ArgumentError unless a project's folder is told as a path and a name."""
    if directory is not None and not isinstance(directory, (str, os.PathLike)):
        raise ArgumentError(f"`directory` must be a path. Received: {directory!r}.")
    if project_name is not None and not isinstance(project_name, str):
        raise ArgumentError(f"`project_name` must be a string. Received: {project_name!r}.")


def check_logdir(logdir: Any) -> None:
    """Raises an ArgumentError unless a folder for TensorBoard is told as a path, or none is."""
    if logdir is not None and not (isinstance(logdir, (str, os.PathLike)) and str(logdir)):
        raise ArgumentError(f"`logdir` must be a path. Received: {logdir!r}.")


def check_variables() -> None:
    """Refuses a name among a chief and workers without the chief's address.

    Raises:
        ArgumentError: If the environment has it. The opposite KerasTuner refuses.
    """
    name = os.environ.get("KERASTUNER_TUNER_ID")
    if name is not None and not kt_distribute.has_chief_oracle():
        raise ArgumentError(
            "With KERASTUNER_TUNER_ID, KERASTUNER_ORACLE_IP and KERASTUNER_ORACLE_PORT tell where "
            f"the chief is (`tfhpo launch` sets all three). Received: {name!r} without them."
        )


def check_folder(folder: Path) -> None:
    """Raises a StudyWriteError where a file lies in the way of the project's folder."""
    for part in (folder, *folder.parents):
        if part.is_file():
            raise StudyWriteError(
                f"The search needs the folder {folder}. Received: {part} is a file."
            )


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[None]:
    """Makes the project's folder; it goes again, while it is empty, with what is raised inside.

    Raises:
        StudyWriteError: If it cannot be made.
    """
    made = [part for part in (folder, *folder.parents) if not part.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudyWriteError(
            f"The search needs the folder {folder}, which cannot be made: {error.strerror}."
        ) from error
    try:
        yield
    except BaseException:
        for part in made:
            # What has come into it by then stays, and so do the folders around it.
            with contextlib.suppress(OSError):
                part.rmdir()
        raise


def may_overwrite(folder: Path, *, wanted: bool) -> bool:
    """Returns whether a former project in the folder is to be removed.

    KerasTuner removes the folder with all that is in it when the tuner is made, before anyone asks
    whether a search is running there.

    Args:
        folder: The project's folder.
        wanted: What the user asked for. Never granted to a worker: the folder is the chief's, who
            may have begun long ago.

    Raises:
        StudyLockedError: If a search is writing there.
    """
    if not wanted or (kt_distribute.has_chief_oracle() and not kt_distribute.is_chief_oracle()):
        return False
    study = (folder / STUDY_FILE).absolute()
    # Every writer leaves its lock's file; where there is none, there is nothing to ask.
    if lock_path(study).exists():
        StudyLock(study).release()
    return True


def discard(folder: Path) -> None:
    """Removes all that is in a project's folder, but the lock of its study.

    Args:
        folder: The project's folder.

    Raises:
        StudyLockedError: If a search is writing there.
        StudyWriteError: If something cannot be removed.
    """
    study = (folder / STUDY_FILE).absolute()
    # Held until all is gone, so that no search can begin there meanwhile.
    lock = StudyLock(study)
    try:
        for entry in folder.iterdir():
            if entry.name == lock_path(study).name:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    except OSError as error:
        raise StudyWriteError(
            f"The former search in {folder} cannot be removed: {error}."
        ) from error
    finally:
        lock.release()


def check_oracle(oracle: Any) -> None:
    """Raises an ArgumentError unless it is one of KerasTuner's oracles, or ours."""
    if not isinstance(oracle, keras_tuner.Oracle):
        raise ArgumentError(
            "`oracle` must be a keras_tuner.Oracle, such as tfhpo.oracles.ElasticGridOracle(...). "
            f"Received: {oracle!r}."
        )


def check_hypermodel(hypermodel: Any, *, needed: bool) -> None:
    """Refuses what cannot build a model.

    KerasTuner's own check only sees whether its own `run_trial` is overridden.

    Args:
        hypermodel: What the user gave.
        needed: Whether there must be one: `run_trial` is not overridden.

    Raises:
        ArgumentError: If it is missing, a model that is built already, or a function that does not
            take one argument.
    """
    if hypermodel is None and needed:
        raise ArgumentError(
            "`hypermodel` must be a function that builds a model, or a `keras_tuner.HyperModel`; "
            "only a subclass with a `run_trial` of its own needs none. Received: None."
        )
    if isinstance(hypermodel, keras.Model):
        raise ArgumentError(
            "`hypermodel` must be a function that builds a new model for each trial, "
            f"def build(hp): ... Received: {hypermodel.name!r}, a model that is built already."
        )
    if inspect.isfunction(hypermodel) or inspect.ismethod(hypermodel):
        signature = inspect.signature(hypermodel)
        try:
            signature.bind(None)
        except TypeError as error:
            raise ArgumentError(
                "The build function must take the hyperparameters as its only argument, "
                f"def {hypermodel.__name__}(hp): ... Received: {hypermodel.__name__}{signature}."
            ) from error


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
            "The build function must return a compiled model: call `model.compile(...)` in it (or, "
            "in Python, give the tuner `optimizer`, `loss` and `metrics`). "
            f"Received: {model.name!r}, which is not compiled."
        )


def objective_names(objective: kt_objective.Objective) -> list[str]:
    """Returns the names of the metrics that an objective needs."""
    if isinstance(objective, kt_objective.MultiObjective):
        return [one.name for one in objective.objectives]
    return [objective.name]


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
            "`validation_data` or `validation_split`. Received: neither."
        )


def check_objective(objective: kt_objective.Objective, metrics: Sequence[str]) -> None:
    """Refuses an objective that is not among the model's metrics.

    Args:
        objective: What to optimise.
        metrics: The names without `val_`, as `measured_metrics` returns them.

    Raises:
        ObjectiveError: If it is not.
    """
    known = {*metrics, *(f"val_{name}" for name in metrics)}
    if isinstance(objective, kt_objective.DefaultObjective):
        raise ObjectiveError(
            f"Tell what to optimise: `objective` must be one of {sorted(known)}. Received: none."
        )
    missing = [name for name in objective_names(objective) if name not in known]
    if missing:
        raise ObjectiveError(
            f"The objective must be among the model's metrics of one value, {sorted(known)}. "
            f"Received: {missing[0]!r}."
        )


def verbosity(verbose: Any) -> int:
    """Returns 0, 1 or 2 for what `verbose` asks for; Keras's "auto" is 1.

    Raises:
        ArgumentError: If it is anything else.
    """
    if verbose == "auto":
        return 1
    if not isinstance(verbose, int) or verbose not in (0, 1, 2):
        raise ArgumentError(f"`verbose` must be 0, 1, 2 or 'auto'. Received: {verbose!r}.")
    return int(verbose)


def check_executions(count: Any) -> None:
    """Raises an ArgumentError unless a trial is executed at least once."""
    integer("executions_per_trial", count, least=1)
