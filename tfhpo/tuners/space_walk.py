"""Finding the whole search space by building, before the first trial."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tfhpo.oracles.hyperparameters import TrackedHyperParameters
from tfhpo.space import Value


def explore(
    build: Callable[[TrackedHyperParameters], Any],
    space: Callable[[], TrackedHyperParameters],
    update: Callable[[TrackedHyperParameters], None],
) -> None:
    """Builds until every conditional scope has been open once.

    KerasTuner fills the other parameters with unseeded random values and tries for ever where a
    scope cannot be opened; here they have their defaults, and each scope is tried once.

    Args:
        build: Builds a model from hyperparameters.
        space: Returns the space as it is known now, without values.
        update: Adds what a build declared.
    """
    opened: list[Any] = []
    tried: list[Any] = []
    hp = at_defaults(space())
    while True:
        build(hp)
        update(hp)
        opened += hp.active_scopes
        tried += [scope for scope in hp.inactive_scopes if scope not in tried]
        waiting = [scope for scope in tried if scope not in opened]
        if not waiting:
            return
        opened.append(waiting[0])
        wanted = {condition.name: condition.values[0] for condition in waiting[0]}
        hp = at_defaults(space(), wanted)


def at_defaults(
    hp: TrackedHyperParameters, wanted: Mapping[str, Value] | None = None
) -> TrackedHyperParameters:
    """Returns the hyperparameters with every active one at its default.

    Args:
        hp: The space; it is changed.
        wanted: Values that some parameters should have instead.
    """
    chosen = wanted or {}
    hp.values = {}
    missing = list(hp.space)
    while missing:
        # Again and again, since a parent may come after its child where gRPC sorted them by type.
        ready = [one for one in missing if hp.is_active(one)]
        if not ready:
            break
        for one in ready:
            hp.values.setdefault(one.name, chosen.get(one.name, one.default))
        missing = [one for one in missing if one not in ready]
    return hp
