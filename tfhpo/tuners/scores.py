"""The scores by which a budget is judged, as far as a process knows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras_tuner.engine import trial as kt_trial

from tfhpo.oracles.fidelity import level_of
from tfhpo.oracles.runs import PRUNED

_SCORED = (kt_trial.TrialStatus.COMPLETED, PRUNED)


class Scores:
    """The scores of the trials that have ended, in the order of their ends.

    Where the study is, these are all. A worker knows its own trials, and of the others' only the
    best, which it takes for one that has ended when it first heard of it.

    Args:
        oracle: The oracle, or on a worker the client of that on the chief.
        best_trials: Returns so many of the best completed trials, the best first.
        fidelity: The name of the fidelity of a multi-fidelity search, else None.
        is_worker: Whether a chief holds the oracle.
    """

    def __init__(
        self,
        oracle: Any,
        best_trials: Callable[[int], list[kt_trial.Trial]],
        fidelity: str | None,
        *,
        is_worker: bool,
    ) -> None:
        self._oracle, self._best_trials, self._fidelity = oracle, best_trials, fidelity
        self._is_worker = is_worker
        self._heard_of: list[kt_trial.Trial] = []

    def add(self, trial: kt_trial.Trial) -> None:
        """Takes note of a trial that has ended here."""
        if self._is_worker and trial.status in _SCORED:
            self._heard_of.append(trial)

    def in_order(self) -> list[float]:
        """Returns the scores, but those of a lower fidelity than the highest so far."""
        ended = [trial for trial in self._ended() if trial.status in _SCORED]
        # They may mean something else.
        levels = [level_of(trial, self._fidelity) for trial in ended]
        return [
            trial.score for trial, level in zip(ended, levels, strict=True) if level == max(levels)
        ]

    def _ended(self) -> list[kt_trial.Trial]:
        if not self._is_worker:
            return [self._oracle.trials[trial_id] for trial_id in self._oracle.end_order]
        known = {trial.trial_id for trial in self._heard_of}
        self._heard_of += [one for one in self._best_trials(1) if one.trial_id not in known]
        return self._heard_of
