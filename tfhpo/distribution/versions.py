"""The versions of Keras and TensorFlow that can do what is asked of them."""

from __future__ import annotations

from tfhpo.errors import DistributionError

#: The first and the last versions, as (major, minor), with which two processes were seen to train
#: as two replicas of one process do.
TRIED: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "keras": ((3, 10), (3, 15)),
    "tensorflow": ((2, 18), (2, 21)),
}
#: The first Keras whose metrics are those of all replicas: before, they are of a share of the data.
_MEASURES_ALL = (3, 10)


def check_cluster_versions(installed: dict[str, str]) -> None:
    """Raises a DistributionError unless several processes were seen to train one model with these.

    Args:
        installed: Package to version.
    """
    for package, version in installed.items():
        first, last = TRIED[package]
        if not first <= _numbers(version) <= last:
            raise DistributionError(
                f"'multi_worker_mirrored' was tried with {package} {_text(first)} to {_text(last)}"
                f": install one of these, or use 'mirrored'. Received: {package} {version}."
            )


def check_measures_all(keras: str, replicas: int) -> None:
    """Raises a DistributionError where a trial's score would be that of a share of the data.

    Args:
        keras: The version of Keras.
        replicas: How many replicas train the model.
    """
    if replicas > 1 and _numbers(keras) < _MEASURES_ALL:
        raise DistributionError(
            f"With several replicas, Keras before {_text(_MEASURES_ALL)} gives metrics of a share "
            "of the data, and trials would be compared by these: upgrade it, or use 'one_device'. "
            f"Received: keras {keras}, {replicas} replicas."
        )


def _numbers(version: str) -> tuple[int, int]:
    major, minor = version.split(".")[:2]
    return int(major), int(minor)


def _text(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
