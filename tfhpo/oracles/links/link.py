"""What a tuner needs of an oracle beyond KerasTuner's interface, whatever oracle it was given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from keras_tuner.engine import trial as kt_trial

from tfhpo.space import Space
from tfhpo.study import TrialRecord


class OracleLink(ABC):
    """An oracle as a tuner sees it."""

    @property
    @abstractmethod
    def space(self) -> Space:
        """The space as it is known now."""

    @abstractmethod
    def open(self, *, in_driver: bool = False, can_isolate: bool = True) -> None:
        """Opens the study for writing, where this process is the one that writes it.

        Args:
            in_driver: Whether trials run in this process: what ends it may be one of them.
            can_isolate: Whether they could run in processes of their own.
        """

    @abstractmethod
    def close(self) -> None:
        """Closes the study."""

    def leave(self, reason: str | None) -> None:
        """Tells an oracle elsewhere that no trial is asked for any more.

        Args:
            reason: Why the search has ended, None after an error.
        """

    @abstractmethod
    def begin(self, trial: kt_trial.Trial, tuner_id: str) -> None:
        """Takes note of a trial that was just created."""

    @abstractmethod
    def start_clock(self, trial: kt_trial.Trial) -> None:
        """Takes the trial's time from now: its process is up, and the training begins."""

    @abstractmethod
    def learn_space(self, trial: kt_trial.Trial) -> None:
        """Adds the parameters that the trial's build asked for to the space."""

    @abstractmethod
    def report(
        self,
        trial: kt_trial.Trial,
        metrics: Mapping[str, float],
        step: int,
        execution: int,
        *,
        last: bool,
    ) -> bool:
        """Records an epoch, and returns whether the trial should go on."""

    @abstractmethod
    def finish(self, trial: kt_trial.Trial) -> None:
        """Ends the attempt at the oracle, and records it."""

    @abstractmethod
    def record(self, trial: kt_trial.Trial) -> TrialRecord:
        """Returns the trial as a plain record, as it stands now."""

    @abstractmethod
    def best_trials(self, count: int) -> list[kt_trial.Trial]:
        """Returns so many of the best completed trials, the best first."""

    @abstractmethod
    def seed(self, trial: kt_trial.Trial) -> int:
        """Returns the seed of the trial's current attempt."""
