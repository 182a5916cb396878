"""Where the training of a trial goes on from another's, and what it leaves for the next.

A trial of a multi-fidelity search over epochs trains for the epochs of its rung. Where the same
configuration was trained for fewer before, it begins with the weights and the optimiser's state of
that trial. So every trial below the highest rung leaves its state on disk until the search is done,
or the trial that went on from it has ended.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfhpo.oracles.fidelity import EPOCHS
from tfhpo.oracles.hyperparameters import TrackedHyperParameters
from tfhpo.tuners.checkpoints import load_weights

# The state after the last epoch, and what builds the model. KerasTuner's names are those of the best
# epoch's weights, which other rules keep.
_STATE, _BUILT = "state{execution}.weights.h5", "state{execution}.build.json"
_UNFINISHED = "unfinished."


@dataclass(frozen=True)
class TrainingStates:
    """The states that trials leave for those that go on from them.

    Args:
        folder_of: Trial id to the trial's folder.
    """

    folder_of: Callable[[str], str]

    def path(self, trial_id: str, execution: int) -> Path:
        """Returns where the state of an execution of a trial lies, if it does."""
        return Path(self.folder_of(trial_id)) / _STATE.format(execution=execution)

    def write(self, trial_id: str, execution: int, model: Any) -> None:
        """Writes a model's weights and its optimiser's state, whole or not at all."""
        path = self.path(trial_id, execution)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._built(trial_id, execution).write_text(json.dumps(model.get_build_config()))
        unfinished = path.with_name(_UNFINISHED + path.name)
        model.save_weights(unfinished)
        unfinished.replace(path)

    def load_into(self, model: Any, trial_id: str, execution: int) -> None:
        """Gives a built or unbuilt model the state that an execution of a trial left."""
        path = self.path(trial_id, execution)
        load_weights(model, path, self._built(trial_id, execution))

    def drop(self, trial_id: str) -> None:
        """Removes what a trial left."""
        _remove(Path(self.folder_of(trial_id)))

    def clear(self, project: Path) -> None:
        """Removes what any trial of a project left."""
        for folder in project.glob("trial_*"):
            _remove(folder)

    def _built(self, trial_id: str, execution: int) -> Path:
        return Path(self.folder_of(trial_id)) / _BUILT.format(execution=execution)


def continue_trial(
    model: Any,
    hp: TrackedHyperParameters,
    arguments: dict[str, Any],
    states: TrainingStates,
    execution: int,
) -> None:
    """Sets the epochs of a trial, and gives its model the state of the trial it goes on from.

    Args:
        model: The built model.
        hp: The trial's hyperparameters.
        arguments: The arguments of `fit`; they are changed.
        states: What former trials left.
        execution: Which execution of the trial, from 0.
    """
    arguments["epochs"] = hp.get(EPOCHS)
    former = hp.notes.get("goes_on_from")
    if former is not None and states.path(former, execution).exists():
        arguments["initial_epoch"] = hp.notes["initial_epoch"]
        states.load_into(model, former, execution)


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
    for name in (_STATE, _BUILT):
        for path in folder.glob(f"*{name.format(execution='*')}"):
            path.unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()
