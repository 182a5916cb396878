"""The initial learning rate of each optimiser."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tfhpo import arguments
from tfhpo.declaring import Declarer, Role
from tfhpo.errors import ArgumentError
from tfhpo.hp.bounds import checked_bounds
from tfhpo.schedules import checks

_LOWER = (1e-3, 1e-2)
#: Optimiser to its smallest and largest initial rate.
RATES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "sgd": (1e-2, 1e-1),
        "momentum": _LOWER,
        "nesterov": _LOWER,
        "adagrad": _LOWER,
        "adadelta": (1e-2, 1e-1),
        "rmsprop": _LOWER,
        "adam": _LOWER,
        # Its step is Adam's: the decay is taken off beside it.
        "adamw": _LOWER,
        "adamax": _LOWER,
        "nadam": _LOWER,
        # AdamW's over ten and over three.
        "lion": (1e-4, 3e-3),
    }
)
# The smallest rate falls by two orders of magnitude and the largest by one: a range of both.
_FINE_TUNING = (1e-2, 1e-1)


def learning_rate(
    hp: Any,
    optimizer: str = "adam",
    *,
    fine_tuning: bool = False,
    minimum: float | None = None,
    maximum: float | None = None,
    name: str = "learning_rate",
) -> float:
    """Declares the initial learning rate of an optimiser, on a log scale.

    ===========================================  ============  ===============
    optimiser                                    range         `fine_tuning`
    ===========================================  ============  ===============
    sgd (without momentum), adadelta             1e-2 … 1e-1   1e-4 … 1e-2
    momentum, nesterov, adagrad, rmsprop, adam,
    adamw, adamax, nadam                         1e-3 … 1e-2   1e-5 … 1e-3
    lion                                         1e-4 … 3e-3   1e-6 … 3e-4
    ===========================================  ============  ===============

    Sources: that the rate is the first parameter to tune, near 1e-2 for plain SGD, and on a log
    scale: Bengio 2012, "Practical recommendations for gradient-based training of deep
    architectures", sections 3.1 and 3.3. The adaptive methods move each weight by about the rate
    itself whatever its gradient, so theirs are lower: Kingma & Ba 2015, "Adam", section 2.1. A
    momentum of 0.9 makes ten steps of one where the gradient stays; a tenth of the rate undoes
    that. Lion's step has only signs and takes 3 to 10 times less than AdamW: Chen et al. 2023,
    "Symbolic discovery of optimization algorithms". A pretrained network is fine-tuned with
    rates one to two orders of magnitude lower, so as not to lose what it has learnt: Girshick et
    al. 2014, "Rich feature hierarchies for accurate object detection and semantic segmentation",
    section 2.3, take a tenth.

    Example:
        >>> import keras_tuner
        >>> from tfhpo import hp
        >>> space = keras_tuner.HyperParameters()
        >>> hp.learning_rate(space, "sgd")
        0.01
        >>> space.space[0].max_value
        0.1

    Args:
        hp: The `keras_tuner.HyperParameters`.
        optimizer: One of `hp.OPTIMIZERS`.
        fine_tuning: Whether the network is pretrained.
        minimum: The smallest rate, above 0; by default that of the table.
        maximum: The largest rate; by default that of the table.
        name: The parameter's name.

    Returns:
        The rate; None in a conditional scope that is not active, as from every function here.

    Raises:
        ArgumentError: If the optimiser is not known, `fine_tuning` is no truth value, or the bounds
            are not 0 < minimum < maximum.
    """
    low, high = rate_range(optimizer, fine_tuning=fine_tuning)
    low, high = checked_bounds(
        low if minimum is None else minimum,
        high if maximum is None else maximum,
        arguments.positive,
    )
    declare = Declarer(hp, Role.LEARNING_RATE_AND_LOSS)
    rate: float = declare.real(name, low, high, sampling="log")
    return rate


def rate_range(optimizer: str, *, fine_tuning: bool = False) -> tuple[float, float]:
    """Returns the smallest and the largest recommended rate of an optimiser.

    Raises:
        ArgumentError: If the optimiser is not known, or `fine_tuning` is no truth value.
    """
    _check_optimizer(optimizer)
    low, high = RATES[optimizer]
    if not arguments.flag("fine_tuning", fine_tuning):
        return low, high
    # Rounded: 0.1 * 0.01 has a tail of digits, which a table of trials would show.
    return float(f"{low * _FINE_TUNING[0]:.6g}"), float(f"{high * _FINE_TUNING[1]:.6g}")


def _check_optimizer(optimizer: object) -> None:
    """Raises an ArgumentError unless it is the name of a known optimiser."""
    if isinstance(optimizer, str) and optimizer in RATES:
        return
    raise ArgumentError(
        f"An optimiser must be one of {', '.join(RATES)}. "
        f"Received: {optimizer!r}.{checks.kind_hint(optimizer, RATES)}"
    )
