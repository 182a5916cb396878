"""The listener that shows a search in TensorBoard's HParams dashboard while it runs.

What lies under the log directory:

    experiment-<digest>/                 the experiment summary (see `experiment`)
    <trial_id>/execution<k>/             a session, one execution of a trial (see `sessions`)
    <trial_id>/execution<k>-repeat<r>/   the same, of a trial that is run again; `r` from 1

A session's run holds its start with the final hyperparameters, the metrics of every epoch as
scalars, the objective's best value and its end, in this order. A session without an end is running;
TensorBoard calls its status unknown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from tensorboard.compat.proto import summary_pb2

from tfhpo.errors import ArgumentError, StudyWriteError
from tfhpo.space import Space
from tfhpo.study.records import TrialRecord, TrialStatus
from tfhpo.tensorboard import sessions
from tfhpo.tensorboard.columns import Columns
from tfhpo.tensorboard.events import EventFile, explained, scalars
from tfhpo.tensorboard.experiment import Goal, best_tag, describe, is_published, publish, unpublish

_ENDS = {"success": sessions.SUCCESS, "failure": sessions.FAILURE}
_SUCCESSES = (TrialStatus.COMPLETED, TrialStatus.PRUNED)


class HParamsLogger:
    """Writes a search for TensorBoard's HParams dashboard, under any Keras backend.

    One log directory holds one search. A resumed search (a new logger on the same directory)
    goes on where the former process stopped: it tells `on_search_begin` again, and the trials that
    it runs again come with a higher `TrialRecord.repeat`, whose runs replace the former ones.

    The methods are called in the order in which things happen; different trials may interleave.
    Every one writes at once, so that a killed search has lost nothing, and raises a StudyWriteError
    if the disk does not take it. What is told of a trial that another worker has begun again by now
    is dropped.

    Args:
        logdir: The local folder to write under; made where absent. Point TensorBoard at it.

    Raises:
        ArgumentError: If `logdir` is a remote address.
        StudyWriteError: If `logdir` is a file, or a folder cannot be made there.
    """

    def __init__(self, logdir: str | Path) -> None:
        if "://" in str(logdir):
            raise ArgumentError(f"`logdir` must be a local folder. Received: {str(logdir)!r}.")
        self.logdir = Path(logdir)
        with explained(self.logdir):
            self.logdir.mkdir(parents=True, exist_ok=True)
        self._columns = Columns(Space())
        self._goal: Goal | None = None
        # None for a session of a trial that is another worker's.
        self._files: dict[tuple[str, int], EventFile | None] = {}

    def holds_search(self) -> bool:
        """Whether a search has written here; a new one would be mixed with it."""
        return is_published(self.logdir)

    def clear(self) -> None:
        """Removes the runs that a search has written here, and nothing else.

        Raises:
            StudyWriteError: If one cannot be removed.
        """
        sessions.remove_all(self.logdir)
        unpublish(self.logdir)

    def on_search_begin(
        self, space: Space, objective: str, direction: str, metrics: Sequence[str]
    ) -> None:
        """Writes the experiment summary, for all that is known of the space.

        Args:
            space: The search space, which may grow later.
            objective: Name of the metric to optimise.
            direction: "min" or "max".
            metrics: Names of the per-epoch metrics that get a column, each with its last value.

        Raises:
            ArgumentError: If the direction is neither.
        """
        self._goal = Goal(objective, direction, tuple(metrics))
        self.on_space_growth(space)

    def on_space_growth(self, space: Space) -> None:
        """Rewrites the experiment summary if the space has changed since it was written.

        Args:
            space: The search space with its new parameters.
        """
        self._columns = Columns(space)
        publish(self.logdir, describe(self._columns, self._known_goal()))

    def on_search_end(self, space: Space) -> None:
        """Rewrites the experiment summary if the space has changed since it was written.

        Args:
            space: The whole search space.
        """
        self.on_space_growth(space)

    def on_trial_begin(self, trial: TrialRecord) -> None:
        """Does nothing: a run begins with its execution, when its values are final."""

    def on_execution_begin(self, trial: TrialRecord, execution: int) -> None:
        """Starts a session; whatever former attempts of the trial have written is removed.

        Args:
            trial: The trial, with its final values: TensorBoard keeps those of the start.
            execution: Number of the execution, from 0.
        """
        folder = self.logdir / trial.trial_id
        self._files[trial.trial_id, execution] = None
        if sessions.is_replaced(folder, trial.repeat):
            return
        run = sessions.run_of(folder, trial.repeat, execution)
        sessions.remove_run(run)
        file = EventFile(run)
        file.write(sessions.start(trial.trial_id, self._columns.cells(trial.values)))
        self._files[trial.trial_id, execution] = file
        # Now that this one is there, by which a worker that had the trial knows that it lost it.
        sessions.remove_other_repeats(folder, trial.repeat)

    def on_epoch_end(
        self, trial: TrialRecord, execution: int, epoch: int, metrics: Mapping[str, float]
    ) -> None:
        """Writes the metrics of an epoch as scalars.

        Args:
            trial: The trial.
            execution: Number of the execution, from 0.
            epoch: Number of the epoch, from 0.
            metrics: Metrics by name, "learning_rate" among them.
        """
        self._write(trial, execution, scalars(metrics), step=epoch)

    def on_execution_end(
        self,
        trial: TrialRecord,
        execution: int,
        status: Literal["success", "failure"],
        score: float | None,
    ) -> None:
        """Ends a session.

        Args:
            trial: The trial. Its number is the step of the score, so that the curves of all runs
                together draw the search's history.
            execution: Number of the execution, from 0.
            status: How it ended. Pruning is a success.
            score: The objective's best value. None, or one that is not finite, leaves its cell
                empty.

        Raises:
            ArgumentError: If the status is neither, or the session was not started.
        """
        if status not in _ENDS:
            raise ArgumentError(f"`status` must be one of {list(_ENDS)}. Received: {status!r}.")
        if score is not None and math.isfinite(score):
            best = scalars({best_tag(self._known_goal().objective): score})
            self._write(trial, execution, best, step=trial.number)
        self._write(trial, execution, sessions.end(_ENDS[status]))
        del self._files[trial.trial_id, execution]

    def on_trial_end(self, trial: TrialRecord) -> None:
        """Sees to it that a trial that is over shows so.

        Sessions that were left open (by a process that died, say) are ended. A trial that failed
        before its first execution gets a failed session, without which it would not be seen.

        Args:
            trial: The trial. Nothing is done while its status is RUNNING.
        """
        if trial.status is TrialStatus.RUNNING:
            return
        status: Literal["success", "failure"] = (
            "success" if trial.status in _SUCCESSES else "failure"
        )
        folder = self.logdir / trial.trial_id
        for key in [key for key in self._files if key[0] == trial.trial_id]:
            del self._files[key]
        if sessions.is_replaced(folder, trial.repeat):
            return
        if not sessions.runs_of_repeat(folder, trial.repeat):
            self.on_execution_begin(trial, execution=0)
            self.on_execution_end(trial, execution=0, status=status, score=trial.score)
        for run in sessions.runs_of_repeat(folder, trial.repeat):
            if not sessions.is_ended(run):
                # A file of its own: the last record of a dead process may be torn, and TensorBoard
                # reads no further in its file.
                EventFile(run).write(sessions.end(_ENDS[status]))

    def _known_goal(self) -> Goal:
        if self._goal is None:
            raise ArgumentError("`on_search_begin` must be called first. Received: no objective.")
        return self._goal

    def _write(
        self, trial: TrialRecord, execution: int, summary: summary_pb2.Summary, step: int = 0
    ) -> None:
        """Writes into a session, unless the trial was taken, and its folder removed with that."""
        key = trial.trial_id, execution
        if key not in self._files:
            raise ArgumentError(
                "`on_execution_begin` must be called before an execution's epochs and its end, "
                f"which comes once. Received: trial {trial.trial_id!r}, execution {execution}."
            )
        file = self._files[key]
        if file is None:
            return
        try:
            file.write(summary, step=step)
        except StudyWriteError:
            if not sessions.is_replaced(self.logdir / trial.trial_id, trial.repeat):
                raise
            self._files[key] = None
