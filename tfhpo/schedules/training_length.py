"""How many steps a training takes, from what its user knows of it."""

from __future__ import annotations

from typing import Any

from tfhpo.errors import ArgumentError
from tfhpo.schedules import checks

# The three ways to tell it.
_WAYS = (
    ("total_steps",),
    ("epochs", "steps_per_epoch"),
    ("epochs", "samples", "batch_size"),
)


def training_steps(**given: Any) -> int:
    """Returns the number of training steps (batches).

    Args:
        **given: `total_steps`; or `epochs` and `steps_per_epoch`; or `epochs`, `samples` (training
            examples per epoch) and `batch_size`, of which the last batch may be smaller. The rest
            None.

    Raises:
        ArgumentError: If the length is not told in exactly one of these ways, or a number is not a
            whole one of at least 1.
    """
    told = {name: value for name, value in given.items() if value is not None}
    if set(told) not in [set(way) for way in _WAYS]:
        ways = "; or ".join(" with ".join(f"`{name}`" for name in way) for way in _WAYS)
        raise ArgumentError(
            f"The training's length must be told in one way: {ways}. "
            f"Received: {', '.join(f'{name}={value!r}' for name, value in told.items()) or 'none'}."
        )
    whole = {name: checks.whole(name, value, least=1) for name, value in told.items()}
    if "total_steps" in whole:
        return whole["total_steps"]
    if "steps_per_epoch" in whole:
        return whole["epochs"] * whole["steps_per_epoch"]
    # The last batch of an epoch counts as a step, however small it is.
    return whole["epochs"] * -(-whole["samples"] // whole["batch_size"])
