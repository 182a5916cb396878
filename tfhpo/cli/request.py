"""What `tfhpo tune` was asked for, kept in the study's folder so that `tfhpo resume` can go on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from tfhpo.cli import kept
from tfhpo.errors import StudyDamagedError, StudyError
from tfhpo.study import json_file
from tfhpo.study.reader import below

if TYPE_CHECKING:
    from pathlib import Path

    from tfhpo.execution import Workers

#: Name of the file in the study's folder.
REQUEST_FILE = "tune.json"

# A trial of the same study must mean the same: these may not change between two runs of it.
_FIXED = (
    "build",
    "data",
    "strategy",
    "pruner",
    "objective",
    "direction",
    "epochs",
    "batch_size",
    "seed",
)
# What older requests did not have.
_LATER = {
    "pruner": None,
    "workers": None,
    "isolate": False,
    "gpus_per_trial": None,
    "cpus_per_trial": None,
    "trial_timeout": None,
    "ray_address": None,
}


@dataclass(frozen=True)
class TuneRequest:
    """The arguments of one search from the command line.

    Attributes:
        build: Where the build function is, with an absolute path.
        data: Where the data function is, with an absolute path.
        strategy: Name of the strategy.
        pruner: Name of the pruner; None for none.
        objective: Name of the metric to optimise.
        direction: "min" or "max"; None for a metric whose direction is known.
        epochs: Epochs of each trial, or of the highest rung.
        batch_size: Batch size of each trial; None for that of Keras.
        seed: Makes the search repeatable; None to draw one.
        max_trials: How many trials to run at most.
        max_time: Seconds that a run may take; None for no bound.
        target: A score at which the search ends; None for none.
        patience: Trials without a better score after which it ends; None for no bound.
        logdir: Where TensorBoard's logs go, an absolute path.
        workers: How many trials run at a time, or "auto"; None for one, in this process.
        isolate: Whether the trials of one worker run in another process.
        gpus_per_trial: How many GPUs each worker gets; None for as many whole ones as are there for
            each of a given number of workers, and one with "auto"; on Ray for none.
        cpus_per_trial: How many processor cores each worker gets; None for an equal share.
        trial_timeout: Seconds that a trial may take; None for no bound.
        ray_address: The Ray cluster to run the trials on; None for this machine.
    """

    build: str
    data: str
    strategy: str
    pruner: str | None
    objective: str
    direction: str | None
    epochs: int
    batch_size: int | None
    seed: int | None
    max_trials: int
    max_time: float | None
    target: float | None
    patience: int | None
    logdir: str
    workers: Workers | None
    isolate: bool
    gpus_per_trial: float | None
    cpus_per_trial: float | None
    trial_timeout: float | None
    ray_address: str | None

    @property
    def has_rungs(self) -> bool:
        """Whether the strategy decides how many epochs a trial gets."""
        from tfhpo.strategies import STRATEGIES, MultiFidelity

        return issubclass(STRATEGIES[self.strategy], MultiFidelity)


def save(request: TuneRequest, folder: Path) -> None:
    """Writes the request into a study's folder, in place of a former one.

    Raises:
        StudyWriteError: It cannot be written.
    """
    json_file.write(folder / REQUEST_FILE, asdict(request))


def load(folder: Path) -> TuneRequest:
    """Returns the request that a study's folder holds.

    Raises:
        StudyError: The folder holds none, or it cannot be read.
        StudyDamagedError: The file is no request.
    """
    path = folder / REQUEST_FILE
    if not path.exists():
        raise StudyError(
            f"Only a search that `tfhpo tune` began can be resumed, and {folder} holds no "
            f"{REQUEST_FILE}. Any other goes on when the program that began it runs again."
            f"{below(folder, REQUEST_FILE)}"
        )
    contents = {**_LATER, **json_file.read(path)}
    names = {field.name for field in fields(TuneRequest)}
    if contents.keys() != names:
        raise StudyDamagedError(
            f"{path} is damaged: it must hold {', '.join(sorted(names))}. "
            f"Received: {', '.join(sorted(contents)) or 'nothing'}."
        )
    return TuneRequest(**contents)


def check_same(request: TuneRequest, folder: Path) -> None:
    """Refuses another search in the folder of a former one.

    Raises:
        StudyMismatchError: The folder holds a search of other arguments; the message lists them.
        StudyError: The folder's request cannot be read.
    """
    advice = (
        f"Go on with that one by `tfhpo resume {folder}`, give this one a --project-name of its "
        "own, or discard that one by --overwrite."
    )
    kept.check_same(
        folder / REQUEST_FILE, {name: getattr(request, name) for name in _FIXED}, advice
    )
