"""What every reader asks of trials: which is better, which failed and why, how long one took."""

from __future__ import annotations

import math
import os
import re
import sysconfig
from itertools import islice
from pathlib import Path, PureWindowsPath
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
_FRAME = re.compile(r'\s+File "(?P<file>.+)", line (?P<line>\d+), in (?P<function>.+)')
# What is installed, here or where the trial ran, is no code of the user's; nor is this package.
_INSTALLED = re.compile(r"[/\\](site|dist)-packages[/\\]|[/\\]lib[/\\]python3|<frozen ")
_NOT_THEIRS = tuple(
    f"{folder}{os.sep}" for folder in (sysconfig.get_path("stdlib"), Path(__file__).parents[1])
)
# A notebook's cells have files of their own, whose names tell nobody anything.
_CELL = re.compile(r"[/\\]ipykernel_\d+[/\\]|<")
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


def place_of(message: str | None) -> str | None:
    """Returns where in the user's code a trial failed: "train.py:12", say.

    That is the innermost place of the last exception that lies in no installed package; in a
    notebook's cell "line 3 of build".

    Args:
        message: The trial's message, which may hold a whole traceback.

    Returns:
        The place, or None where no traceback tells one.
    """
    lines = [line for line in (message or "").splitlines() if line.strip()]
    if not lines or not lines[0].startswith(_TRACEBACK):
        return None
    start, end = _last_traceback(lines)
    frames = (_FRAME.fullmatch(line) for line in reversed(lines[start:end]))
    for frame in filter(None, frames):
        file = frame["file"]
        if _INSTALLED.search(file) or file.startswith(_NOT_THEIRS):
            continue
        if _CELL.search(file):
            return f"line {frame['line']} of {frame['function']}"
        # It takes both systems' separators.
        return f"{PureWindowsPath(file).name}:{frame['line']}"
    return None


def _last_exception(lines: list[str]) -> list[str]:
    """Returns the line of a traceback's last exception, and those after it."""
    _, told = _last_traceback(lines)
    return lines[told:]


def _last_traceback(lines: list[str]) -> tuple[int, int]:
    """Returns where the frames of the last exception begin and where its own line stands.

    The frames are indented; the first line after them is the exception's, and its message may
    go on for any number of lines.
    """
    start = max(i for i, line in enumerate(lines) if line.startswith(_TRACEBACK)) + 1
    told = next((i for i in range(start, len(lines)) if not lines[i][0].isspace()), -1)
    return start, told
