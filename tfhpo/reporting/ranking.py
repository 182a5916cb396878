"""What every report asks of trials: which is better, which failed and why, how long one took."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tfhpo.errors import ArgumentError
from tfhpo.study.records import TrialStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tfhpo.study.records import TrialRecord

_TRACEBACK = "Traceback (most recent call last)"


def ranked(trials: Iterable[TrialRecord], direction: str) -> list[TrialRecord]:
    """Returns the completed trials, the best first; of equal ones the earlier first.

    A trial whose score is NaN is left out: it is neither better nor worse than another.

    Args:
        trials: The trials, in any order.
        direction: "min" or "max".

    Raises:
        ArgumentError: The direction is neither.
    """
    sign = sign_of(direction)
    keyed = [
        (sign * trial.score, trial.number, trial)
        for trial in trials
        if trial.status is TrialStatus.COMPLETED
        and trial.score is not None
        and not math.isnan(trial.score)
    ]
    return [trial for _, _, trial in sorted(keyed, key=lambda entry: entry[:2])]


def sign_of(direction: str) -> float:
    """Returns the factor that makes lower better: 1 for "min", -1 for "max".

    Raises:
        ArgumentError: The direction is neither.
    """
    if direction not in ("min", "max"):
        raise ArgumentError(f'The direction must be "min" or "max". Received: {direction!r}.')
    return 1.0 if direction == "min" else -1.0


def failed(trials: Iterable[TrialRecord]) -> list[TrialRecord]:
    """Returns the trials that failed for good, in their order."""
    return [trial for trial in trials if trial.status is TrialStatus.FAILED]


def seconds_of(trial: TrialRecord) -> float | None:
    """Returns how long a trial's last attempt took; None where a time is missing."""
    if trial.started is None or trial.ended is None:
        return None
    return trial.ended - trial.started


def cause(trial: TrialRecord) -> str:
    """Returns one line that says why a trial failed.

    Of a whole traceback that is its last line, otherwise the first line of the message.
    """
    lines = [line.strip() for line in (trial.message or "").splitlines() if line.strip()]
    if not lines:
        return "no cause was recorded"
    return lines[-1] if lines[0].startswith(_TRACEBACK) else lines[0]
