"""The trials of an oracle: which are known, which run, which wait to be run again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import keras_tuner
from keras_tuner.engine import trial as kt_trial

from tfhpo.errors import StudyError
from tfhpo.oracles.runs import PRUNED, Run


class Roster:
    """Keeps the trials, in its own records and in those that KerasTuner's tuners look at.

    Args:
        oracle: Whose trials they are: `trials`, `ongoing_trials`, `start_order` and `end_order` are
            KerasTuner's names for what is kept here, and are changed in place.

    Attributes:
        succeeded: Whether a trial has come to its end with a score.
    """

    def __init__(self, oracle: keras_tuner.Oracle) -> None:
        self._trials: dict[str, kt_trial.Trial] = oracle.trials
        self._ongoing: dict[str, kt_trial.Trial] = oracle.ongoing_trials
        self._start_order: list[str] = oracle.start_order
        self._end_order: list[str] = oracle.end_order
        self._runs: dict[str, Run] = {}
        self._by_key: dict[int, Run] = {}
        self._waiting: deque[str] = deque()
        self.succeeded = False

    def __len__(self) -> int:
        """The number of trials that were started."""
        return len(self._runs)

    # ------------------------------------------------------------------ looking up

    def __getitem__(self, trial_id: str) -> Run:
        """Returns a trial.

        Raises:
            StudyError: If there is none of this id.
        """
        if trial_id not in self._runs:
            raise StudyError(
                f"A trial of this search is one of {len(self)}. Received: trial {trial_id!r}."
            )
        return self._runs[trial_id]

    def with_key(self, key: int | None) -> Run | None:
        """Returns the trial that the strategy knows under a key, None where there is none."""
        return None if key is None else self._by_key.get(key)

    def is_running(self, trial_id: str) -> bool:
        """Whether a tuner has the trial."""
        return any(trial.trial_id == trial_id for trial in self._ongoing.values())

    def running(self, trial_id: str) -> Run:
        """Returns a trial that runs.

        Raises:
            StudyError: If it does not.
        """
        if not self.is_running(trial_id):
            raise StudyError(f"A trial is ended once, while it runs. Received: trial {trial_id}.")
        return self[trial_id]

    # ------------------------------------------------------------------ what happens to trials

    def adopt(self, runs: Iterable[Run]) -> None:
        """Takes in the trials of a study; those that have not ended wait to be run again."""
        for run in runs:
            self._take(run)
            if run.ended:
                self._note_end(run)
            else:
                self.repeat(run)

    def start(self, run: Run, tuner_id: str) -> None:
        """Gives a trial, new or known, to a tuner."""
        self._take(run)
        self._ongoing[tuner_id] = run.trial

    def repeat(self, run: Run) -> None:
        """Queues a trial to be run again."""
        self._waiting.append(run.trial.trial_id)

    def next_repeat(self) -> Run | None:
        """Returns the next trial that waits to be run again, as another attempt at it."""
        if not self._waiting:
            return None
        run = self._runs[self._waiting.popleft()]
        run.count_repeat()
        return run

    def end(self, run: Run) -> None:
        """Takes an attempt at a trial from its tuner."""
        if run.ended:
            self._note_end(run)
        for tuner_id, ongoing in list(self._ongoing.items()):
            if ongoing.trial_id == run.trial.trial_id:
                del self._ongoing[tuner_id]

    def forget(self) -> None:
        """Drops all trials; they are in the study."""
        for held in (self._runs, self._by_key, self._trials, self._ongoing, self._waiting):
            held.clear()
        self._start_order.clear()
        self._end_order.clear()
        self.succeeded = False

    def _take(self, run: Run) -> None:
        trial_id = run.trial.trial_id
        if trial_id not in self._runs:
            self._start_order.append(trial_id)
        self._runs[trial_id], self._trials[trial_id] = run, run.trial
        if run.key is not None:
            self._by_key[run.key] = run

    def _note_end(self, run: Run) -> None:
        self._end_order.append(run.trial.trial_id)
        self.succeeded |= run.trial.status in (kt_trial.TrialStatus.COMPLETED, PRUNED)
