"""The schedule of an optimiser, from the function that its user gives."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import keras

from tfhpo.declaring import Declarer
from tfhpo.errors import ArgumentError
from tfhpo.schedules import KINDS

#: (hp, learning_rate=..., name=...) -> a Keras schedule.
Maker = Callable[..., Any]
# What each optimiser passes of its own.
_PASSED = ("learning_rate", "name")
_RULE = (
    "`schedule` must be a function of hp, learning_rate and name that makes one, such as "
    "functools.partial(schedules.tunable, total_steps=1000"
)


def check_maker(schedule: Any) -> None:
    """Refuses what cannot make the schedule of any optimiser.

    Args:
        schedule: What the user gave; None for no schedule.

    Raises:
        ArgumentError: If it is no function, cannot be called with `hp`, `learning_rate` and `name`,
            or is a partial one that fixes one of the latter.
    """
    if schedule is None:
        return
    if isinstance(schedule, str) and schedule in KINDS:
        raise ArgumentError(f"{_RULE}, kinds={schedule!r}). Received: {schedule!r}.")
    # A schedule can be called, too, but with a step.
    made = isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule)
    if made or not callable(schedule):
        hint = " Let a function return it: it has the rate of one optimiser." if made else ""
        raise ArgumentError(f"{_RULE}). Received: {schedule!r}.{hint}")
    _check_open(schedule)
    _check_signature(schedule)


def scheduled(schedule: Maker, declare: Declarer, rate: float) -> Any:
    """Returns the schedule that a function makes for one optimiser.

    Args:
        schedule: The function.
        declare: The optimiser's declarer.
        rate: The optimiser's initial rate.

    Raises:
        ArgumentError: If it makes none.
    """
    made = schedule(declare.hp, learning_rate=rate, name=f"{declare.prefix}schedule")
    declare.note_all("schedule")
    if isinstance(made, (float, keras.optimizers.schedules.LearningRateSchedule)):
        return made
    raise ArgumentError(
        "`schedule` must return a keras.optimizers.schedules.LearningRateSchedule, or a float. "
        f"Received: {made!r}."
    )


def _check_open(schedule: Any) -> None:
    fixed = schedule.keywords if isinstance(schedule, functools.partial) else {}
    for name in _PASSED:
        if name in fixed:
            raise ArgumentError(
                f"`schedule` must leave `{name}` open: each optimiser passes its own. Range of the "
                "rates: `learning_rate=` of hp.optimizer. "
                f"Received: a functools.partial with {name}={fixed[name]!r}."
            )


def _check_signature(schedule: Any) -> None:
    try:
        signature = inspect.signature(schedule)
    except ValueError:
        # Written in C, it tells nothing.
        return
    try:
        signature.bind(None, **dict.fromkeys(_PASSED))
    except TypeError as error:
        name = getattr(schedule, "__name__", repr(schedule))
        raise ArgumentError(f"{_RULE}). Received: {name}{signature} ({error}).") from error
