"""The trials of a search, from one to the next, until the oracle or a budget ends it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import keras_tuner
from keras_tuner.engine import trial as kt_trial

from tfhpo.errors import StudyError
from tfhpo.execution import Outcome, Task
from tfhpo.oracles.links import OracleLink
from tfhpo.tuners.budget import Budget
from tfhpo.tuners.continuation import Rungs
from tfhpo.tuners.in_flight import InFlight
from tfhpo.tuners.keeping import BestWeights
from tfhpo.tuners.listeners import SearchListener
from tfhpo.tuners.scores import Scores
from tfhpo.tuners.warn_once import WarnOnce

_COMPLETED = kt_trial.TrialStatus.COMPLETED
# How long a worker waits before it asks the chief again, in seconds.
_IDLE_WAIT = 1.0
_SILENT = (
    "The pruner stops nothing: a trial has reported no epochs. A `fit` of your own must pass on "
    "the `callbacks` that it is given."
)


class SearchLoop:
    """Hands trials to an engine, and takes what became of them.

    Args:
        tuner: Whose oracle proposes the trials, and whose methods are called at their ends.
        link: What else is asked of the oracle.
        told: Who hears of the trials.
        budget: What may end the search.
        scores: The scores that it is judged by.
        rungs: What a search over rungs asks.
        weights: The weights that are kept.
        in_flight: The trials that run; none yet.
        is_worker: Whether a chief holds the oracle.
        prunes: Whether the oracle stops trials early.
        warn: Warns of each thing once in all searches of the tuner.

    Attributes:
        stop_reason: Why the search has ended; None before.
    """

    def __init__(
        self,
        tuner: keras_tuner.Tuner,
        *,
        link: OracleLink,
        told: SearchListener,
        budget: Budget,
        scores: Scores,
        rungs: Rungs,
        weights: BestWeights,
        in_flight: InFlight,
        is_worker: bool,
        prunes: bool,
        warn: WarnOnce,
    ) -> None:
        self.stop_reason: str | None = None
        self._tuner, self._link, self._told = tuner, link, told
        self._budget, self._scores = budget, scores
        self._rungs, self._weights = rungs, weights
        self._in_flight = in_flight
        self._is_worker, self._prunes, self._warn = is_worker, prunes, warn

    def tasks(self) -> Iterator[Task | None]:
        """Yields the trials as they are asked for; None where there is none now."""
        began = time.monotonic()
        while self.stop_reason is None:
            trial = self._next_trial(began)
            if trial is not None:
                self._told.on_trial_begin(self._link.record(trial))
                self._tuner.on_trial_begin(trial)
                yield Task(trial.trial_id, trial)
            elif self.stop_reason is None:
                yield None

    def take(self, task: Task, outcome: Outcome) -> None:
        """Ends a trial that ran, or whose process died."""
        trial = self._in_flight.take(task.key)
        failure = outcome.failure
        if failure is None:
            self._take_attempt(trial, outcome.value)
        elif failure.kind == "exception" and failure.error is not None:
            # What an attempt does not make a failure of its trial ends the search.
            raise failure.error
        else:
            trial.status, trial.message = kt_trial.TrialStatus.INVALID, failure.message
        self._tuner.on_trial_end(trial)
        self._scores.add(trial)

    def _take_attempt(self, trial: kt_trial.Trial, attempt: Any) -> None:
        for warned in attempt.warned:
            self._warn(*warned)
        trial.status, trial.message = attempt.trial.status, attempt.trial.message
        trial.hyperparameters = attempt.trial.hyperparameters
        if trial.status == _COMPLETED:
            if self._prunes and not attempt.reported:
                self._warn(_SILENT)
            self._rungs.check_read(trial)
            if attempt.kept:
                self._weights.take_charge(trial.trial_id)

    def _next_trial(self, began: float) -> kt_trial.Trial | None:
        """Returns the next trial; None after a stop, which is noted, or a wait."""
        oracle = self._tuner.oracle
        scores = self._scores.in_order() if self._budget.needs_scores else []
        self.stop_reason = self._budget.exceeded(scores, oracle.objective.direction, began)
        if self.stop_reason is not None:
            return None
        self._tuner.pre_create_trial()
        name = self._in_flight.free_name()
        trial = oracle.create_trial(name)
        if trial.status == kt_trial.TrialStatus.STOPPED:
            # A trial that still runs may be lost, and is to be run again then.
            if not len(self._in_flight):
                self.stop_reason = why_stopped(oracle, is_worker=self._is_worker)
            return None
        if trial.status == kt_trial.TrialStatus.IDLE:
            if self._is_worker:
                time.sleep(_IDLE_WAIT)
            elif not len(self._in_flight):
                raise StudyError("The oracle waits for other workers, and there are none.")
            return None
        self._link.begin(trial, name)
        self._in_flight.add(trial, name)
        return trial


def why_stopped(oracle: Any, *, is_worker: bool) -> str:
    """Returns why an oracle gives no more trials."""
    if is_worker:
        return "max_trials"
    limit = oracle.max_trials
    return "max_trials" if limit and len(oracle.trials) >= limit else "exhausted"
