"""Where the training of a trial goes on from another's, and what it leaves for the next.

A trial of a multi-fidelity search over epochs trains for the epochs of its rung. Where the same
configuration was trained for fewer before, it begins with the weights and the optimiser's state of
that trial. So every trial below the highest rung leaves its state on disk until the trial that went
on from it has ended, or the search has used up its trials.
"""

from __future__ import annotations

import contextlib
import json
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras_tuner
from keras_tuner.engine import trial as kt_trial

from tfhpo.errors import SpaceError
from tfhpo.oracles.fidelity import EPOCHS
from tfhpo.tuners.checkpoints import load_weights

# The state after the last epoch, and what builds the model. KerasTuner's own names are those of the
# best epoch's weights, which other rules keep.
_STATE, _BUILT = "state{execution}.weights.h5", "state{execution}.build.json"
_UNFINISHED = "unfinished."
_OWN = re.compile(r"(unfinished\.)?state\d+\.(weights\.h5|build\.json)")


@dataclass(frozen=True)
class TrainingStates:
    """The states that trials leave for those that go on from them.

    Args:
        folder_of: Trial id to the trial's folder.
    """

    folder_of: Callable[[str], str]

    def exist(self, trial_id: str, execution: int) -> bool:
        """Whether the state of an execution of a trial is there."""
        return self._path(trial_id, execution).exists()

    def write(self, trial_id: str, execution: int, model: Any, epochs: int) -> None:
        """Writes a model's weights and its optimiser's state, whole or not at all.

        Args:
            trial_id: Whose they are.
            execution: Which execution of the trial, from 0.
            model: The model after its training.
            epochs: How many epochs it has had, from the first.
        """
        path = self._path(trial_id, execution)
        path.parent.mkdir(parents=True, exist_ok=True)
        told = {"epochs": epochs, "build_config": model.get_build_config()}
        self._built(trial_id, execution).write_text(json.dumps(told))
        unfinished = path.with_name(_UNFINISHED + path.name)
        model.save_weights(unfinished)
        unfinished.replace(path)

    def load_into(self, model: Any, trial_id: str, execution: int) -> int:
        """Gives a model the state that an execution of a trial left.

        Args:
            model: The model, which may not be built yet.
            trial_id: The trial.
            execution: Which execution of it, from 0.

        Returns:
            How many epochs the trial has had.
        """
        told = json.loads(self._built(trial_id, execution).read_text())
        load_weights(model, self._path(trial_id, execution), told["build_config"])
        return int(told["epochs"])

    def drop(self, trial_id: str) -> None:
        """Removes what a trial left."""
        _remove(Path(self.folder_of(trial_id)))

    def clear(self, project: Path) -> None:
        """Removes what any trial of a project left."""
        for folder in project.glob("trial_*"):
            _remove(folder)

    def _path(self, trial_id: str, execution: int) -> Path:
        return Path(self.folder_of(trial_id)) / _STATE.format(execution=execution)

    def _built(self, trial_id: str, execution: int) -> Path:
        return Path(self.folder_of(trial_id)) / _BUILT.format(execution=execution)


class Rungs:
    """What a search over rungs asks of its tuner; nothing of one without.

    Args:
        fidelity: The name of the fidelity, None where there is none.
        states: What former trials left.
    """

    def __init__(self, fidelity: str | None, states: TrainingStates) -> None:
        self.fidelity = fidelity
        self._states = states
        self._read = False

    @property
    def of_epochs(self) -> bool:
        """Whether the fidelity is the epochs, which the tuner gives to `fit` itself."""
        return self.fidelity == EPOCHS

    def without_epochs(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Returns the arguments of `search` without the epochs where the rungs set them."""
        if not self.of_epochs or "epochs" not in arguments:
            return arguments
        warnings.warn(
            f"epochs={arguments['epochs']!r} is not used: each trial is trained for the epochs of "
            "its rung. The highest rung is `max_epochs`.",
            stacklevel=3,
        )
        return {name: value for name, value in arguments.items() if name != "epochs"}

    def begin(
        self, model: Any, trial: kt_trial.Trial, arguments: dict[str, Any], execution: int
    ) -> None:
        """Sets the epochs of a trial, and gives its model the state of the one it goes on from.

        Where that state is gone, the trial trains from the beginning.

        Args:
            model: The built model.
            trial: The trial.
            arguments: The arguments of `fit`; they are changed.
            execution: Which execution of the trial, from 0.
        """
        if not self.of_epochs:
            return
        hp = trial.hyperparameters
        arguments["epochs"] = hp.get(EPOCHS)
        former = hp.notes.get("goes_on_from")
        if former is not None and self._states.exist(former, execution):
            arguments["initial_epoch"] = self._states.load_into(model, former, execution)

    def end(self, model: Any, trial: kt_trial.Trial, execution: int, epochs: int | None) -> None:
        """Keeps the state of an execution that may go on at a higher rung.

        Args:
            model: The model after its training.
            trial: The trial.
            execution: Which execution of it, from 0.
            epochs: How many epochs it has had, from the first; None where nobody counted them.
        """
        if not self.of_epochs:
            return
        hp = trial.hyperparameters
        if hp.values[EPOCHS] == self.most_epochs(hp):
            return
        try:
            self._states.write(trial.trial_id, execution, model, epochs or hp.values[EPOCHS])
        except OSError as error:
            warnings.warn(
                f"The state of trial {trial.trial_id} could not be written ({error}): should it go "
                "on at a higher rung, it will train from the beginning.",
                stacklevel=2,
            )

    def drop_former(self, trial: kt_trial.Trial) -> None:
        """Removes the state that a trial went on from, which is not run again."""
        former = getattr(trial.hyperparameters, "notes", {}).get("goes_on_from")
        if former is not None:
            self._states.drop(former)

    def clear(self, project: Path) -> None:
        """Removes the states of all trials of a project."""
        if self.of_epochs:
            self._states.clear(project)

    def check_read(self, trial: kt_trial.Trial) -> None:
        """Refuses a search whose trials differ in nothing but a fidelity that nobody reads.

        Raises:
            SpaceError: If no trial has read the fidelity so far.
        """
        if self.fidelity is None:
            return
        self._read |= self.fidelity in trial.hyperparameters.read
        if not self._read:
            raise SpaceError(
                "The fidelity must be read by the build function or an argument of `search`: "
                f"hp.get({self.fidelity!r}). Received: a trial that read "
                f"{sorted(trial.hyperparameters.read)}."
            )

    def most_epochs(self, hp: keras_tuner.HyperParameters) -> int | None:
        """Returns the epochs of the highest rung, None where rungs do not set the epochs."""
        if not self.of_epochs:
            return None
        (rungs,) = (one.values for one in hp.space if one.name == EPOCHS)
        return int(max(rungs))

    def epochs_in_all(self, hp: keras_tuner.HyperParameters) -> dict[str, int]:
        """Returns the epochs that a trial of a search over rungs was trained for, from the first.

        KerasTuner's Hyperband has them under a name of its own.
        """
        name = EPOCHS if self.of_epochs else "tuner/epochs"
        return {"epochs": hp.values[name]} if name in hp.values else {}


def continue_for_keras_tuner(
    model: Any, values: Mapping[str, Any], arguments: dict[str, Any], best_of: Callable[[str], Path]
) -> None:
    """Does what KerasTuner's Hyperband asks of a tuner, in values of its own.

    Args:
        model: The built model; the weights of the trial it goes on from are loaded into it.
        values: The trial's values.
        arguments: The arguments of `fit`; the epochs are set.
        best_of: Trial id to the weights of its best epoch.
    """
    if "tuner/epochs" in values:
        arguments["epochs"] = values["tuner/epochs"]
        arguments["initial_epoch"] = values["tuner/initial_epoch"]
    if "tuner/trial_id" in values:
        load_weights(model, best_of(values["tuner/trial_id"]))


def _remove(folder: Path) -> None:
    for path in folder.glob("*state*"):
        if _OWN.fullmatch(path.name):
            # A worker may have removed it meanwhile.
            path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()
