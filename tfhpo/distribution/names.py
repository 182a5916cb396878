"""The names of the strategies: those that work, and why the others do not."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from tfhpo.arguments import did_you_mean
from tfhpo.errors import DistributionError

Name: TypeAlias = Literal["mirrored", "one_device", "multi_worker_mirrored"]
NAMES: tuple[Name, ...] = get_args(Name)
MULTI_WORKER: Name = "multi_worker_mirrored"

#: What Keras 3 cannot do, and the way out.
REFUSED = {
    "parameter_server": (
        "Keras 3's `fit` has no support for ParameterServerStrategy. Train each trial on one "
        'machine with "mirrored" and several trials at a time with `workers`, or each trial on '
        'several machines with "multi_worker_mirrored"'
    ),
    "central_storage": (
        "under CentralStorageStrategy Keras 3 cannot update what layers such as "
        'BatchNormalization keep. Use "mirrored", which has the same devices'
    ),
    "tpu": (
        "training under TPUStrategy with Keras 3 is reported to give NaN (tensorflow issue 86953), "
        "and nothing here was tried on a TPU. Use Keras's JAX backend there; to try it all the "
        "same, give a function that connects to the TPU and returns its TPUStrategy"
    ),
}


def check_name(name: str) -> Name:
    """Returns a strategy's name.

    Raises:
        DistributionError: If there is no such strategy, or Keras 3 cannot train under it.
    """
    for known in NAMES:
        if name == known:
            return known
    if name in REFUSED:
        raise DistributionError(f"{_capital(REFUSED[name])}. Received: {name!r}.")
    hint = did_you_mean(name, [*NAMES, *REFUSED])
    names = ", ".join(repr(one) for one in NAMES)
    raise DistributionError(f"`distribution` must be one of {names}. Received: {name!r}.{hint}")


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
