"""A whole study as it was at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfhpo.errors import ArgumentError, MissingExtraError
from tfhpo.study.outcomes import ranked
from tfhpo.study.records import Event, Report, StudyHeader, TrialRecord, TrialStatus
from tfhpo.study.table import trial_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd


@dataclass(frozen=True)
class StudyRecord:
    """A study as read from disk.

    Attributes:
        path: The study file.
        header: What was asked for.
        trials: All trials, by number.
        events: The strategy's events, by sequence.
        space: The current search space: as declared, plus what builds have added since.
        reports: By trial number, the per-epoch metrics of the trial's current attempt, in the
            order of execution and step. Trials without reports are absent.
    """

    path: Path
    header: StudyHeader
    trials: tuple[TrialRecord, ...]
    events: tuple[Event, ...]
    space: dict[str, Any]
    reports: Mapping[int, tuple[Report, ...]]

    @property
    def completed(self) -> tuple[TrialRecord, ...]:
        """The trials that ran to their end, by number; a score among them may be NaN."""
        return tuple(trial for trial in self.trials if trial.status is TrialStatus.COMPLETED)

    def best(self, n: int = 1) -> tuple[TrialRecord, ...]:
        """Returns the best completed trials, the best first.

        A NaN score is never among them; of equal scores the earlier trial comes first.

        Args:
            n: How many at most.

        Raises:
            ArgumentError: `n` is below 1.
        """
        if n < 1:
            raise ArgumentError(f"`n` must be at least 1. Received: n={n!r}.")
        return tuple(ranked(self.trials, self.header.direction)[:n])

    def to_dataframe(self) -> pd.DataFrame:
        """Returns one row per trial, with the columns of `tfhpo.study.trial_table`.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingExtraError.of("pandas", "pandas", "StudyRecord.to_dataframe") from error
        columns, rows = trial_table(self.trials)
        return pd.DataFrame(rows, columns=columns)
