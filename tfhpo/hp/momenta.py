"""Momentum, and Adam's decay rates and epsilon."""

from __future__ import annotations

from typing import Any

from tfhpo import arguments
from tfhpo.declaring import Declarer, Role
from tfhpo.hp.bounds import checked_bounds

# Horizons 1/(1 - m) of 1, 2, 5, 10, ... 1000 steps.
_LEVELS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)


def momentum(
    hp: Any, *, minimum: float = 0.8, maximum: float = 0.99, name: str = "momentum"
) -> float:
    """Declares the momentum: 0.8, 0.9, 0.95, 0.98 or 0.99, starting at 0.9.

    A momentum m averages the gradients of about 1/(1 - m) steps, so the levels lie evenly in that
    horizon: 5, 10, 20, 50 and 100 steps; wider bounds take in more of them, from 1 to 1000. Around
    0.9: Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning",
    compare 0.9 to 0.999; Smith 2018, "A disciplined approach to neural network hyper-parameters:
    part 1", tries 0.9 to 0.99.

    Example:
        >>> import keras_tuner
        >>> from tfhpo import hp
        >>> hp.momentum(keras_tuner.HyperParameters())
        0.9

    Args:
        hp: The `keras_tuner.HyperParameters`.
        minimum: The smallest momentum, 0 or more.
        maximum: The largest momentum, below 1.
        name: The parameter's name.

    Returns:
        The momentum, for `keras.optimizers.SGD`.

    Raises:
        ArgumentError: Unless 0 <= minimum < maximum < 1.
    """
    low, high = checked_bounds(minimum, maximum, arguments.fraction_below_one)
    return _level(hp, name, low, high, default=0.9)


def beta_1(hp: Any, *, tune: bool = False, name: str = "beta_1") -> float:
    """Returns Adam's decay rate of the first moment: 0.9, or a parameter if asked for.

    Source of the default: Kingma & Ba 2015, "Adam", section 2. The parameter has the levels of
    `hp.momentum`, which it corresponds to.

    Example:
        >>> import keras_tuner
        >>> from tfhpo import hp
        >>> space = keras_tuner.HyperParameters()
        >>> hp.beta_1(space), len(space.space)
        (0.9, 0)
        >>> hp.beta_1(space, tune=True), len(space.space)
        (0.9, 1)

    Args:
        hp: The `keras_tuner.HyperParameters`.
        tune: Whether to declare a parameter.
        name: The parameter's name.

    Raises:
        ArgumentError: If `tune` is no truth value.
    """
    return _level(hp, name, 0.8, 0.99, default=0.9) if arguments.flag("tune", tune) else 0.9


def beta_2(hp: Any, *, tune: bool = False, name: str = "beta_2") -> float:
    """Returns Adam's decay rate of the second moment: 0.999, or a parameter if asked for.

    Source of the default: Kingma & Ba 2015, "Adam", section 2. The parameter has seven levels from
    0.9 to 0.999, even in the horizon of 10 to 1000 steps; 0.98 is that of Vaswani et al. 2017,
    "Attention is all you need", section 5.3.

    Args:
        hp: The `keras_tuner.HyperParameters`.
        tune: Whether to declare a parameter.
        name: The parameter's name.

    Raises:
        ArgumentError: If `tune` is no truth value.
    """
    if not arguments.flag("tune", tune):
        return 0.999
    return _level(hp, name, 0.9, 0.999, default=0.999)


def epsilon(hp: Any, *, tune: bool = False, name: str = "epsilon") -> float:
    """Returns Adam's epsilon: 1e-8, or a parameter if asked for.

    Source of the default: Kingma & Ba 2015, "Adam", section 2; Keras's own is 1e-7. The parameter
    reaches from 1e-8 to 1 on a log scale, since Keras's documentation of Adam names 0.1 and 1 for
    an Inception network on ImageNet.

    Args:
        hp: The `keras_tuner.HyperParameters`.
        tune: Whether to declare a parameter.
        name: The parameter's name.

    Raises:
        ArgumentError: If `tune` is no truth value.
    """
    if not arguments.flag("tune", tune):
        return 1e-8
    value: float = Declarer(hp, Role.OTHER).real(name, 1e-8, 1.0, sampling="log")
    return value


def _level(hp: Any, name: str, low: float, high: float, *, default: float) -> float:
    levels = [low, *(level for level in _LEVELS if low < level < high), high]
    value: float = Declarer(hp, Role.BATCH_SIZE_AND_MOMENTUM).choice(
        name, levels, default=min(max(default, low), high)
    )
    return value
