"""The experiment summary: which columns and metrics TensorBoard's HParams table has.

TensorBoard keeps the first summary that it reads in a run, as long as the run's folder is there,
and takes the first run that holds one. A space that grows in mid-search therefore gets a summary in
a run of its own, named after its contents, and the former run is removed: a running TensorBoard
follows, and a resumed search that says the same writes nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

from tfhpo.errors import ArgumentError
from tfhpo.tensorboard.columns import Columns
from tfhpo.tensorboard.events import explained, hparams_summary, write_whole

_FILE = "events.out.tfevents.0000000000.experiment"
_PREFIX = "experiment-"
_BETTER = {"min": "smaller", "max": "larger"}


def best_tag(objective: str) -> str:
    """Returns the scalar tag that holds an objective's best value.

    It has a tag of its own because the table shows the last value of a scalar.
    """
    return f"best/{objective}"


@dataclass(frozen=True)
class Goal:
    """What a search optimises and what else it shows.

    Args:
        objective: Name of the metric to optimise.
        direction: "min" or "max".
        metrics: Names of the per-epoch metrics that get a column, each with its last value.

    Raises:
        ArgumentError: If the direction is neither.
    """

    objective: str
    direction: str
    metrics: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.direction not in _BETTER:
            raise ArgumentError(
                f"`direction` must be one of {list(_BETTER)}. Received: {self.direction!r}."
            )


def describe(columns: Columns, goal: Goal) -> api_pb2.Experiment:
    """Returns the experiment summary of a search.

    Args:
        columns: The columns of the space as far as it is known.
        goal: What the search optimises and shows.
    """
    best = api_pb2.MetricInfo(
        name=api_pb2.MetricName(tag=best_tag(goal.objective)),
        display_name=f"best {goal.objective}",
        description=(
            f"Best value of {goal.objective} in an execution; {_BETTER[goal.direction]} is better."
        ),
    )
    last = [
        api_pb2.MetricInfo(
            name=api_pb2.MetricName(tag=metric),
            display_name=metric,
            description=f"{metric} after the last epoch.",
        )
        for metric in dict.fromkeys(goal.metrics)
    ]
    return api_pb2.Experiment(hparam_infos=columns.infos(), metric_infos=[best, *last])


def publish(logdir: Path, experiment: api_pb2.Experiment) -> None:
    """Makes this the one experiment summary under `logdir`.

    Args:
        logdir: The search's log directory.
        experiment: The summary, from `describe`.

    Raises:
        StudyWriteError: If it cannot be written.
    """
    digest = hashlib.sha256(experiment.SerializeToString(deterministic=True)).hexdigest()[:8]
    path = logdir / f"{_PREFIX}{digest}" / _FILE
    if not path.exists():
        dated = api_pb2.Experiment()
        dated.CopyFrom(experiment)
        dated.time_created_secs = time.time()
        data = plugin_data_pb2.HParamsPluginData(experiment=dated)
        write_whole(path, hparams_summary(metadata.EXPERIMENT_TAG, data))
    for former in _published(logdir) - {path}:
        _remove(former)


def unpublish(logdir: Path) -> None:
    """Removes the experiment summary under `logdir`.

    Raises:
        StudyWriteError: If it cannot be removed.
    """
    for path in _published(logdir):
        _remove(path)


def is_published(logdir: Path) -> bool:
    """Whether there is an experiment summary under `logdir`."""
    return bool(_published(logdir))


def _remove(path: Path) -> None:
    with explained(path):
        path.unlink(missing_ok=True)
    # It stays where it holds files of others; another worker may have removed it by now.
    with contextlib.suppress(OSError):
        path.parent.rmdir()


def _published(logdir: Path) -> set[Path]:
    return set(logdir.glob(f"{_PREFIX}*/{_FILE}"))
