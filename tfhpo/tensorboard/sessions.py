"""Sessions: where the executions of trials lie under the log directory, their starts and ends.

A session's run is `<trial_id>/execution<k>`; a trial that is run again gets a run of another name,
`<trial_id>/execution<k>-repeat<r>`, because a running TensorBoard would mix the events of two
attempts under one name. The runs of former attempts are removed: TensorBoard would show a dead
attempt as a session that runs for ever and average it into the trial's results.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tensorboard.compat.proto import summary_pb2
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

from tfhpo.space import Value
from tfhpo.tensorboard.events import explained, hparams_summary

_RUN = re.compile(r"execution\d+(?:-repeat(?P<repeat>\d+))?")
_EVENT_FILES = "*.tfevents.*"

SUCCESS: int = api_pb2.STATUS_SUCCESS
FAILURE: int = api_pb2.STATUS_FAILURE


def run_of(trial_folder: Path, repeat: int, execution: int) -> Path:
    """Returns the folder of an execution.

    Args:
        trial_folder: The trial's folder.
        repeat: How often the trial was run before.
        execution: Number of the execution, from 0.
    """
    suffix = f"-repeat{repeat}" if repeat else ""
    return trial_folder / f"execution{execution}{suffix}"


def runs_of_repeat(trial_folder: Path, repeat: int) -> list[Path]:
    """Returns the folders of a repeat's executions that exist, in order of their names."""
    return sorted(run for run, number in _runs(trial_folder) if number == repeat)


def remove_other_repeats(trial_folder: Path, repeat: int) -> None:
    """Removes the runs of the other times that a trial was run.

    Raises:
        StudyWriteError: If a run cannot be removed.
    """
    for run, number in list(_runs(trial_folder)):
        if number != repeat:
            remove_run(run)


def is_replaced(trial_folder: Path, repeat: int) -> bool:
    """Whether the trial was begun again since, by another worker: the folder is that worker's."""
    return any(number > repeat for _, number in _runs(trial_folder))


def remove_all(logdir: Path) -> None:
    """Removes every trial's runs under a log directory.

    Raises:
        StudyWriteError: If a run cannot be removed.
    """
    tag = metadata.SESSION_START_INFO_TAG.encode()
    for trial_folder in [path for path in logdir.glob("*") if path.is_dir()]:
        for run, _ in list(_runs(trial_folder)):
            if any(tag in file.read_bytes() for file in run.glob(_EVENT_FILES)):
                remove_run(run)
        # It stays where it holds files of others.
        with contextlib.suppress(OSError):
            trial_folder.rmdir()


def remove_run(run: Path) -> None:
    """Removes a run with all that lies in it, where it exists.

    Raises:
        StudyWriteError: If it cannot be removed.
    """
    with explained(run):
        if run.exists():
            shutil.rmtree(run)


def is_ended(run: Path) -> bool:
    """Whether the run holds the end of its session."""
    tag = metadata.SESSION_END_INFO_TAG.encode()
    return any(tag in file.read_bytes() for file in run.glob(_EVENT_FILES))


def start(group: str, cells: Mapping[str, Value]) -> summary_pb2.Summary:
    """Returns the summary that makes its run a session.

    Args:
        group: The name that joins the sessions of a trial.
        cells: The hyperparameters by their columns' names.
    """
    info = plugin_data_pb2.SessionStartInfo(group_name=group, start_time_secs=time.time())
    for name, value in cells.items():
        if isinstance(value, bool):
            info.hparams[name].bool_value = value
        elif isinstance(value, str):
            info.hparams[name].string_value = value
        else:
            info.hparams[name].number_value = value
    data = plugin_data_pb2.HParamsPluginData(session_start_info=info)
    return hparams_summary(metadata.SESSION_START_INFO_TAG, data)


def end(status: int) -> summary_pb2.Summary:
    """Returns the summary that ends a session.

    Args:
        status: `SUCCESS` or `FAILURE`.
    """
    info = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=time.time())
    data = plugin_data_pb2.HParamsPluginData(session_end_info=info)
    return hparams_summary(metadata.SESSION_END_INFO_TAG, data)


def _runs(trial_folder: Path) -> Iterator[tuple[Path, int]]:
    """Yields the runs of a trial that exist, each with how often the trial was run before."""
    for run in trial_folder.glob("execution*"):
        match = _RUN.fullmatch(run.name)
        if match is not None:
            yield run, int(match["repeat"] or 0)
