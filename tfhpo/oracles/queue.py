"""Configurations that the user wants tried before the strategy's own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import keras_tuner
import numpy as np

from tfhpo.arguments import did_you_mean
from tfhpo.errors import ArgumentError, SpaceError
from tfhpo.space import Point, Space, Value
from tfhpo.space.domains import Domain

Values = dict[str, Value]
# KerasTuner's Hyperband keeps its rungs among the values.
_KERAS_TUNERS_OWN = "tuner/"


class Queue:
    """Configurations in the order they were given, each to be tried once.

    Args:
        waiting: Those that wait already.
    """

    def __init__(self, waiting: Iterable[Mapping[str, Value]] = ()) -> None:
        self._waiting: list[Values] = [dict(values) for values in waiting]

    def add(self, values: Mapping[str, Value]) -> None:
        """Appends a configuration, unless the same one waits already."""
        if values not in self._waiting:
            self._waiting.append(dict(values))

    def take(self, space: Space, tried: Callable[[Point], bool]) -> tuple[Point, Values] | None:
        """Removes and returns the next configuration that was not tried, None where none is left.

        Args:
            space: The space as it is known now.
            tried: Whether a point repeats a trial.
        """
        while self._waiting:
            values = completed(space, self._waiting.pop(0))
            point = space.encode(values)
            if not tried(point):
                return point, values
        return None

    def drop_misfits(self, space: Space) -> list[Values]:
        """Removes and returns what does not fit a space."""
        misfits = [values for values in self._waiting if not _fits(values, space)]
        self._waiting = [values for values in self._waiting if values not in misfits]
        return misfits

    def untried(self, space: Space, tried: Callable[[Point], bool]) -> int:
        """Returns how many different configurations wait that were not tried."""
        points = [space.encode(completed(space, values)) for values in self._waiting]
        return len({one.x.tobytes() + one.active.tobytes() for one in points if not tried(one)})

    def config(self) -> list[Values]:
        """Returns what the study keeps."""
        return [dict(values) for values in self._waiting]


def plain_values(given: Any, left_out: Collection[str | None] = ()) -> Values:
    """Returns a configuration as a dictionary of Python's own types.

    Args:
        given: A mapping of names to values, or a `keras_tuner.HyperParameters`.
        left_out: What another search added to the latter for its rungs.

    Raises:
        ArgumentError: If it is neither.
    """
    if isinstance(given, keras_tuner.HyperParameters):
        given = {
            name: value
            for name, value in given.values.items()
            if name not in left_out and not name.startswith(_KERAS_TUNERS_OWN)
        }
    if not isinstance(given, Mapping):
        hint = " Enqueue its entries, one at a time." if isinstance(given, (list, tuple)) else ""
        raise ArgumentError(
            "A configuration must be a dictionary of hyperparameters' names to values, or a "
            f"`HyperParameters`. Received: {given!r}.{hint}"
        )
    return {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in given.items()
    }


def check_known(values: Mapping[str, Value], space: Space) -> None:
    """Refuses values that their parameters do not have; names that are unknown may come yet.

    Raises:
        ArgumentError: If there is one.
    """
    for parameter in space.parameters:
        if parameter.name in values:
            try:
                parameter.domain.to_unit(values[parameter.name])
            except SpaceError as error:
                # `Choice` makes integers of them.
                is_flag = isinstance(values[parameter.name], bool)
                hint = " For KerasTuner the choices True and False are 1 and 0." if is_flag else ""
                raise ArgumentError(
                    f"The configuration {dict(values)} cannot be tried: parameter "
                    f"{parameter.name!r}: {error}{hint}"
                ) from error


def check_all(values: Mapping[str, Value], space: Space) -> None:
    """Refuses names that are unknown, and values that their parameters do not have.

    Raises:
        ArgumentError: If there is one.
    """
    for name in values:
        if name not in space.names:
            raise ArgumentError(
                f"A configuration may name the parameters that are searched, {space.names}, and "
                "what a build of it asks for. One that no build has asked for so far can be "
                f"registered in `hyperparameters`. Received: {name!r}."
                f"{did_you_mean(name, space.names)}"
            )
    check_known(values, space)


def completed(space: Space, values: Mapping[str, Value]) -> Values:
    """Returns the values of the parameters that are active under them; missing ones at defaults.

    Args:
        space: The space; parents come before what depends on them.
        values: Parameter name to value. Those of parameters that are not active are left out.
    """
    chosen: Values = {}
    for parameter in space.parameters:
        if all(chosen.get(one.parent) in one.values for one in parameter.conditions):
            default = parameter.domain.from_unit(parameter.start)
            chosen[parameter.name] = _typed(parameter.domain, values.get(parameter.name, default))
    return chosen


def typed(values: Mapping[str, Value], space: Space) -> Values:
    """Returns the values, those of known parameters in the types that a build gets them in.

    What is no value of its parameter is left as it is.
    """
    known = {one.name: one.domain for one in space.parameters}
    return {
        name: _typed(known[name], value) if name in known and value in known[name] else value
        for name, value in values.items()
    }


def _typed(domain: Domain, value: Value) -> Value:
    """Returns a value in the type that the build gets it in: 3.0 of a table, say, as the integer 3.

    A float of a range stays as it was given: its place may lie a rounding beside it.
    """
    if domain.size is None:
        return float(value)
    return domain.from_unit(domain.to_unit(value))


def _fits(values: Mapping[str, Value], space: Space) -> bool:
    try:
        check_all(values, space)
    except ArgumentError:
        return False
    return True
