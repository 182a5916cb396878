"""What every reader asks of trials: which is better, which failed and why, how long one took."""

from __future__ import annotations

import math
import re
from itertools import islice
from typing import TYPE_CHECKING

from tfhpo.errors import ArgumentError
from tfhpo.study.records import TrialStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tfhpo.study.records import TrialRecord

_TRACEBACK = "Traceback (most recent call last)"
# An exception's line that leaves the cause to those after it: TensorFlow's "Graph execution
# error:", and Keras's word that a layer failed.
_ANNOUNCES = re.compile(r":$|Exception encountered when calling ")
# Lines of such messages that name places in a graph or in the code, but no cause.
_PLACES = re.compile(r'Detected at node|File "|\[\[|Stack trace for op|Original stack trace')
# How Keras makes a cause bold in a terminal.
_ESCAPES = re.compile(r"\x1b\[[\d;]*m")


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


def cause_of(message: str | None) -> str:
    """Returns one line that says why a trial failed.

    Of a whole traceback that is the line of the exception, otherwise the first line. Where that
    line only announces what follows, as TensorFlow's often do, the next one that says something is
    added.

    Args:
        message: The trial's message, which may hold a whole traceback.
    """
    plain = _ESCAPES.sub("", message or "")
    lines = [line.rstrip() for line in plain.splitlines() if line.strip()]
    if not lines:
        return "no cause was recorded"
    if lines[0].startswith(_TRACEBACK):
        lines = _last_exception(lines)
    first, *others = map(str.strip, lines)
    if not _ANNOUNCES.search(first):
        return first
    telling = (line for line in others if not _PLACES.match(line))
    return " ".join([first, *islice(telling, 1)])


def _last_exception(lines: list[str]) -> list[str]:
    """Returns the line of a traceback's last exception, and those after it.

    The frames are indented; the first line after them is the exception's, and its message may
    go on for any number of lines.
    """
    start = max(i for i, line in enumerate(lines) if line.startswith(_TRACEBACK)) + 1
    told = next((i for i in range(start, len(lines)) if not lines[i][0].isspace()), -1)
    return lines[told:]
