"""What a ready parameter is for: the order of importance in which a staged search tunes.

The roles travel beside the search space, which has no place for them: whoever wants them opens a
collector around the build, and every ready parameter that is declared meanwhile notes its own.
"""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Iterator
from contextvars import ContextVar


class Role(enum.IntEnum):
    """What a parameter is for; the smaller, the more important.

    Attributes:
        LEARNING_RATE_AND_LOSS: The optimiser, its rate and schedule, penalties and loss weights.
        BATCH_SIZE_AND_MOMENTUM: The batch size, momentum and the decay rates of moments.
        OTHER: All the rest.
    """

    LEARNING_RATE_AND_LOSS = 1
    BATCH_SIZE_AND_MOMENTUM = 2
    OTHER = 3


_open: ContextVar[dict[str, Role] | None] = ContextVar("_open", default=None)


@contextlib.contextmanager
def collecting() -> Iterator[dict[str, Role]]:
    """Collects the roles of the ready parameters that are declared in the block.

    An inner collector takes them from an outer one.

    Example:
        >>> import keras_tuner
        >>> from tfhpo import hp
        >>> with hp.roles.collecting() as found:
        ...     size = hp.batch_size(keras_tuner.HyperParameters())
        >>> found
        {'batch_size': <Role.BATCH_SIZE_AND_MOMENTUM: 2>}

    Yields:
        Full names, name scopes included, to roles; it fills as parameters are declared, whether
        they are active or not.
    """
    found: dict[str, Role] = {}
    before = _open.set(found)
    try:
        yield found
    finally:
        _open.reset(before)


def note(name: str, role: Role) -> None:
    """Notes the role of a parameter, by its full name, where a collector is open."""
    found = _open.get()
    if found is not None:
        found[name] = role
