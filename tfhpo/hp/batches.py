"""The batch size."""

from __future__ import annotations

from typing import Any

from tfhpo.declaring import Declarer, Role
from tfhpo.errors import ArgumentError
from tfhpo.schedules import checks

_DEFAULT = 32


def batch_size(hp: Any, *, minimum: int = 1, maximum: int = 1024, name: str = "batch_size") -> int:
    """Declares the batch size: powers of two, as ordered levels. Default range 1 … 1024.

    It starts at 32, where that is in the range: Masters & Luschi 2018, "Revisiting small batch
    training for deep neural networks", found the best results between 2 and 32; Bengio 2012,
    "Practical recommendations for gradient-based training of deep architectures", section 3.1,
    names 32 as a good default and 1 to a few hundred as the usual range. Powers of two fill the
    vector units.

    In a search: `tuner.search(x, y, batch_size=lambda hp: tfhpo.hp.batch_size(hp))`. Beside batch
    normalisation a size of 1 or above 6000 is told of as advice, see `hp.advise`.

    Example:
        >>> import keras_tuner
        >>> from tfhpo import hp
        >>> hp.batch_size(keras_tuner.HyperParameters(), minimum=64, maximum=256)
        64

    Args:
        hp: The `keras_tuner.HyperParameters`.
        minimum: The smallest size, a power of two.
        maximum: The largest size, a power of two.
        name: The parameter's name.

    Returns:
        The batch size, in examples.

    Raises:
        ArgumentError: If a bound is no power of two, or they are reversed.
    """
    _check(minimum, maximum)
    start = min(max(_DEFAULT, minimum), maximum)
    declare = Declarer(hp, Role.BATCH_SIZE_AND_MOMENTUM)
    size: int = declare.integer(
        name, int(minimum), int(maximum), step=2, sampling="log", default=int(start)
    )
    return size


def _check(minimum: int, maximum: int) -> None:
    for name, size in (("minimum", minimum), ("maximum", maximum)):
        # A power of two has one bit.
        if checks.whole(name, size, least=1).bit_count() != 1:
            raise ArgumentError(
                f"`{name}` of a batch size must be a power of two, 1, 2, 4, ... Received: {size!r}."
            )
    if minimum > maximum:
        raise ArgumentError(
            "`minimum` of a batch size must not be above its `maximum`. "
            f"Received: minimum={minimum!r}, maximum={maximum!r}."
        )
