"""Which trials' weights stay on disk: the best N, none, or all."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

from tfhpo.arguments import integer
from tfhpo.errors import StudyError

Keep = int | Literal["all"]

# KerasTuner's own names, so that its `load_model` finds them too.
WEIGHTS = "checkpoint.weights.h5"
BUILD_CONFIG = "build_config.json"
# Keras wants its own ending, so the mark of an unfinished file comes before it.
_UNFINISHED = f"unfinished.{WEIGHTS}"


class CheckpointKeeper:
    """Writes the weights of the best trials and removes those that fell out of their number.

    Args:
        keep: How many to keep; 0 for none, "all" for every trial's.
        folder_of: Trial id to the trial's folder.

    Attributes:
        keep: As above; it may be changed.
        written: The ids of the trials whose weights it is in charge of.

    Raises:
        ArgumentError: If `keep` is neither a count nor "all".
    """

    def __init__(self, keep: Keep, folder_of: Callable[[str], str]) -> None:
        self.keep: Keep = (
            "all" if keep == "all" else integer("checkpoints", keep, 0, also=", or 'all'")
        )
        self._folder_of = folder_of
        self.written: set[str] = set()

    def take_up(self, project: Path, ended: Iterable[str]) -> None:
        """Takes charge of the weights in a project, what a killed process left unfinished too.

        Those of a trial that has not ended are removed: it is run again, and what it writes then is
        not for anybody to remove before it is recorded. No trial that counts runs meanwhile.

        Args:
            project: The project's folder.
            ended: The ids of the trials that have ended.
        """
        found = project.glob(f"trial_*/*{WEIGHTS}")
        ids = {path.parent.name.removeprefix("trial_") for path in found}
        self.written = ids.intersection(ended)
        self._remove(ids - self.written)

    def wants(self, loss: float, best_losses: Iterable[float]) -> bool:
        """Whether a trial's weights belong on disk.

        Args:
            loss: Its score, lower is better.
            best_losses: The scores of the completed trials.
        """
        if self.keep == "all":
            return True
        return sum(other <= loss for other in best_losses) < self.keep

    def write(self, trial_id: str, model: Any, weights: list[Any]) -> None:
        """Writes weights, so that a killed process leaves the former file or the new one.

        Args:
            trial_id: Whose they are.
            model: The built model; it is left holding these weights.
            weights: What `model.get_weights()` returned at the best epoch.
        """
        folder = Path(self._folder_of(trial_id))
        model.set_weights(weights)
        unfinished = folder / _UNFINISHED
        model.save_weights(unfinished)
        (folder / BUILD_CONFIG).write_text(json.dumps(model.get_build_config()))
        unfinished.replace(folder / WEIGHTS)
        self.written.add(trial_id)

    def prune(self, best: Iterable[str]) -> None:
        """Removes the weights of all other trials, unfinished ones too, and folders left empty.

        Only what this process wrote or took up is removed: what another worker wrote may belong to
        a trial that has not ended yet.

        Args:
            best: The ids of the trials whose weights stay.
        """
        kept = set(best)
        self._remove(self.written - kept)
        self.written &= kept

    def path(self, trial_id: str) -> Path:
        """Returns where a trial's weights are.

        Raises:
            StudyError: If they were not kept.
        """
        path = Path(self._folder_of(trial_id)) / WEIGHTS
        if not path.exists():
            raise StudyError(
                f"The weights of trial {trial_id} are not on disk: `checkpoints={self.keep!r}` "
                "keeps those of that many best trials. Ask for fewer models, train this one again "
                "with `refit_best`, or search with a larger `checkpoints`."
            )
        return path

    def _remove(self, trial_ids: Iterable[str]) -> None:
        for trial_id in trial_ids:
            folder = Path(self._folder_of(trial_id))
            for name in (WEIGHTS, _UNFINISHED, BUILD_CONFIG):
                (folder / name).unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                folder.rmdir()


def load_weights(model: Any, path: Path, build_config: Any = None) -> None:
    """Loads weights into a model, which is built first where its build function left that open.

    Args:
        model: The model, as the build function returned it.
        path: The weights.
        build_config: What `get_build_config` told of the model, JSON values; by default what the
            file of KerasTuner's name beside the weights holds.
    """
    if not model.built:
        config = build_config or json.loads((path.parent / BUILD_CONFIG).read_text())
        model.build_from_config(_with_shapes(config))
        # Keras builds the layers of a subclassed model and leaves saying so to its caller.
        model.built = True
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None:
        # The file holds the optimizer's state too, which Keras would skip with a warning.
        optimizer.build(model.trainable_variables)
    model.load_weights(path)


def _with_shapes(config: Any) -> Any:
    """Returns a build configuration with its shapes as tuples: to Keras, a list is many inputs."""
    if isinstance(config, dict):
        return {name: _with_shapes(value) for name, value in config.items()}
    if isinstance(config, list):
        if all(size is None or isinstance(size, int) for size in config):
            return tuple(config)
        return [_with_shapes(value) for value in config]
    return config
