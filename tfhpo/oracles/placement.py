"""Where the trials of a former space lie in another one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from tfhpo.errors import SpaceError
from tfhpo.oracles.runs import Run
from tfhpo.space import Parameter, Point, Space, Value


def place_anew(runs: Iterable[Run], before: Space | None, space: Space) -> list[int | None]:
    """Gives past trials their keys and points in another space, in their order.

    A trial fits when the new space has a place for all of its values, and the trial has a value
    for all that the new space asks for and the old one did not: what a build of the time could not
    read is not known, whereas what it could and did not read made no difference.

    Args:
        runs: All trials of the study; one that does not fit is left without a key.
        before: The space until now; None where it is not known, so that a trial fits only where
            it has a value for all that the new space asks for.
        space: The new space.

    Returns:
        Each trial's key.
    """
    keys: list[int | None] = []
    known = {parameter.key for parameter in before.parameters} if before else set()
    for run in runs:
        values = _used_values(run)
        if before is not None:
            # What was never searched (`tune_new_entries=False`) is in neither space.
            searched = {*before.names, *space.names}
            values = {name: values[name] for name in values if name in searched}
        missing = any(
            one.key not in known and one.name not in values and _asked_for(one, values)
            for one in space.parameters
        )
        fits = not missing and _can_encode(values, space)
        keys.append(sum(key is not None for key in keys) if fits else None)
    place_again(runs, keys, space)
    return keys


def place_again(runs: Iterable[Run], keys: Iterable[int | None], space: Space) -> None:
    """Gives past trials the keys that `place_anew` gave them, and their points.

    Args:
        runs: All trials of the study, of which the first ones were placed anew.
        keys: Their keys.
        space: The space, which may have grown since.
    """
    nowhere = Point(np.zeros(len(space)), np.zeros(len(space), dtype=bool))
    for run, key in zip(runs, keys, strict=False):
        used = _used_values(run)
        run.key, run.point = key, nowhere
        if key is not None:
            run.point = space.encode({name: used[name] for name in used if name in space.names})


def _used_values(run: Run) -> Mapping[str, Value]:
    values: Mapping[str, Value] = run.trial.hyperparameters.values
    return values if run.ended and not run.broke_off else run.values


def _asked_for(parameter: Parameter, values: Mapping[str, Value]) -> bool:
    return all(values.get(one.parent) in one.values for one in parameter.conditions)


def _can_encode(values: Mapping[str, Value], space: Space) -> bool:
    try:
        space.encode(values)
    except SpaceError:
        return False
    return True
