"""The trials that run now, and who has them."""

from __future__ import annotations

import itertools

from keras_tuner.engine import trial as kt_trial


class InFlight:
    """The running trials of one tuner, each under the name of a worker of its own.

    The oracle gives a worker that has a trial the same one again, so each needs a name.

    Args:
        tuner_id: The tuner's own name, which the only trial of a tuner without workers has.
        workers: Whether there may be several.
    """

    def __init__(self, tuner_id: str, *, workers: bool) -> None:
        self._tuner_id = tuner_id
        self._workers = workers
        self._running: dict[str, tuple[str, kt_trial.Trial]] = {}

    def __len__(self) -> int:
        return len(self._running)

    def free_name(self) -> str:
        """Returns a name that no running trial has; the lowest, so that there are few."""
        if not self._workers:
            return self._tuner_id
        taken = {name for name, _ in self._running.values()}
        names = (f"{self._tuner_id}-{number}" for number in itertools.count())
        return next(name for name in names if name not in taken)

    def add(self, trial: kt_trial.Trial, name: str) -> None:
        """Takes note of a trial that begins."""
        self._running[trial.trial_id] = name, trial

    def take(self, trial_id: str) -> kt_trial.Trial:
        """Returns a trial that has ended, and frees the name."""
        return self._running.pop(trial_id)[1]
