"""Values, scores and times as short texts, the same in every report."""

from __future__ import annotations

#: Stands for what is not there: an inactive parameter, a score of a failed trial.
ABSENT = "-"
_DIGITS = 5


def short(value: object) -> str:
    """Returns a value in few characters.

    Floats have five significant digits, integers all of theirs; None is a dash.
    """
    if value is None:
        return ABSENT
    if isinstance(value, bool) or not isinstance(value, float):
        return str(value)
    return f"{value:.{_DIGITS}g}"


def duration(seconds: float) -> str:
    """Returns a time as people say it: `0.8 s`, `42 s`, `3:05`, `2:10:00`.

    Args:
        seconds: The time, in seconds; a negative one counts as zero.
    """
    seconds = max(seconds, 0.0)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{round(seconds)} s"
    return stopwatch(seconds)


def stopwatch(seconds: float) -> str:
    """Returns a time in whole seconds, always of the same look: `0:08`, `3:05`, `2:10:00`.

    Args:
        seconds: The time, in seconds; a negative one counts as zero.
    """
    minutes, rest = divmod(round(max(seconds, 0.0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def count(number: int, noun: str) -> str:
    """Returns a number with its noun, `1 trial` or `2 trials`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
