"""The pruners by name, for arguments such as `pruner="median"`."""

from __future__ import annotations

from tfhpo.errors import ArgumentError
from tfhpo.pruners.asha import ASHAPruner
from tfhpo.pruners.median import MedianPruner
from tfhpo.pruners.pruner import Pruner

PRUNERS: dict[str, type[Pruner]] = {one.name: one for one in (MedianPruner, ASHAPruner)}


def make_pruner(pruner: Pruner | str | None) -> Pruner | None:
    """Returns a pruner that knows no trial yet, for one search.

    Args:
        pruner: One with settings of its own, of which a fresh one is made; a name, "median" or
            "asha"; or None for none.

    Returns:
        The pruner, or None.

    Raises:
        ArgumentError: If there is none of this name, or it is something else.
    """
    if pruner is None:
        return None
    if isinstance(pruner, Pruner):
        return pruner.fresh()
    if not isinstance(pruner, str) or pruner not in PRUNERS:
        names = ", ".join(f'"{name}"' for name in PRUNERS)
        raise ArgumentError(f"A pruner is {names}, a `Pruner` or None. Received: {pruner!r}.")
    return PRUNERS[pruner]()
