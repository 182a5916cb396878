"""The strategies themselves: made by name or by a function, and checked."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from tfhpo.distribution.devices import mirrored_devices
from tfhpo.distribution.multi_worker import MultiWorkerMirrored
from tfhpo.distribution.names import MULTI_WORKER, REFUSED, Name
from tfhpo.distribution.versions import check_measures_all
from tfhpo.errors import DistributionError

# Classes under which Keras 3 cannot train, and the names under which their reasons are known.
_REFUSED = {
    tf.distribute.ParameterServerStrategy: "parameter_server",
    tf.distribute.experimental.CentralStorageStrategy: "central_storage",
}


# Of this process, for as long as it lives: TensorFlow numbers the sums over replicas from the start
# with each new strategy, and takes those of a second one for the first one's.
_made: list[tuple[Name | Callable[[], Any], Any]] = []


def made(given: Name | Callable[[], Any]) -> Any:
    """Returns the strategy over the devices of this process, the same one each time.

    Args:
        given: Its name, or the function that makes it.

    Raises:
        DistributionError: If it cannot be made here.
    """
    for known, strategy in _made:
        if known == given:
            return strategy
    strategy = _measuring_all(_made_by(given) if callable(given) else _named(given))
    _made.append((given, strategy))
    return strategy


def _named(name: Name) -> Any:
    if name == MULTI_WORKER:
        return MultiWorkerMirrored.of_environment()
    devices = mirrored_devices()
    if name == "one_device":
        return tf.distribute.OneDeviceStrategy(devices[0])
    if len(devices) == 1:
        warnings.warn(
            f"distribution={name!r} makes one replica here: the process that trains sees no device "
            f"but {devices[0]}. A worker sees its own GPUs (`gpus_per_trial`); logical devices of "
            "the CPU must be made in the worker, by a function given as `distribution`.",
            stacklevel=2,
        )
    return tf.distribute.MirroredStrategy(devices)


def _made_by(function: Callable[[], Any]) -> Any:
    try:
        strategy = function()
    except Exception as error:
        raise DistributionError(
            f"The function given as `distribution` raised {type(error).__name__}: {error}"
        ) from error
    return _check_kind(strategy)


def check_strategy(strategy: Any) -> Any:
    """Returns a strategy under which Keras 3 can train.

    Raises:
        DistributionError: If it is none.
    """
    return _measuring_all(_check_kind(strategy))


def _measuring_all(strategy: Any) -> Any:
    check_measures_all(keras.__version__, strategy.num_replicas_in_sync)
    return strategy


def _check_kind(strategy: Any) -> Any:
    if not isinstance(strategy, tf.distribute.Strategy):
        raise DistributionError(
            "`distribution` must be a name, a tf.distribute.Strategy, or a function that returns "
            f"one. Received: {strategy!r}."
        )
    for refused, name in _REFUSED.items():
        if isinstance(strategy, refused):
            raise DistributionError(f"Not supported: {REFUSED[name]}. Received: {strategy!r}.")
    if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        raise DistributionError(
            "Keras 3's `fit` fails under a plain MultiWorkerMirroredStrategy: give "
            f"distribution={MULTI_WORKER!r}, which makes one that works. Received: {strategy!r}."
        )
    return strategy
