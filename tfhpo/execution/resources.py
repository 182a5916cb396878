"""Who gets what: the GPUs and processor threads of each worker."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from tfhpo.arguments import is_integer, is_number
from tfhpo.errors import ArgumentError
from tfhpo.execution.gpus import visible_gpus
from tfhpo.execution.names import OWN_NAMES, Names

Workers: TypeAlias = int | Literal["auto"]

#: What the numeric libraries and TensorFlow read their number of threads from.
_THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
#: Without these, the first process on a GPU takes most of its memory: TensorFlow's, and JAX's.
SHARING = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}


@dataclass(frozen=True)
class Slot:
    """A place for one worker process after another, with devices of its own.

    Attributes:
        name: What a person knows it by.
        env: The variables that its processes have beside those of the driver.
        gpus: The GPUs that they see, as `CUDA_VISIBLE_DEVICES` names them.
        threads: How many processor threads are its share.
    """

    name: str
    env: dict[str, str] = field(default_factory=dict)
    gpus: tuple[str, ...] = ()
    threads: int = 1


def usable_cpus() -> int:
    """Returns how many processor cores this process may use: affinity and container count."""
    # Here, because it takes longer to load than all the rest of this room.
    import joblib

    return int(joblib.cpu_count())


def slots(
    workers: Workers,
    gpus_per_task: float | None = None,
    cpus_per_task: float | None = None,
    *,
    gpus: list[str] | None = None,
    cpus: int | None = None,
    names: Names = OWN_NAMES,
) -> list[Slot]:
    """Divides the machine among workers.

    Args:
        workers: How many, at least 1; "auto" for as many as there are GPUs, or shares of one, to
            give, and without GPUs as many as there are processor cores to give.
        gpus_per_task: How many GPUs each gets: a whole number, or a share of one, such as 0.5; 0
            hides all GPUs. By default as many as are there for each of a given number, and 1 with
            "auto".
        cpus_per_task: How many processor cores each gets, as threads: a whole number. By default
            an equal share of all, at least 1; and 1 where "auto" counts cores.
        gpus: The GPUs to divide; by default those that this process may use.
        cpus: The processor cores to divide; by default those that this process may use.
        names: What errors call the arguments.

    Returns:
        A slot for each worker.

    Raises:
        ArgumentError: A number breaks its rule, or there are too few GPUs or processor cores.
    """
    gpus = visible_gpus() if gpus is None else gpus
    cpus = usable_cpus() if cpus is None else cpus
    check_workers(workers)
    share = _share(gpus_per_task, gpus, workers, names)
    room = _room(cpus_per_task, cpus, names)
    sets = _sets(share, gpus)
    if workers == "auto":
        count = min((count for count in (len(sets), room) if count), default=cpus)
    else:
        count = workers
        _check_gpus_suffice(count, share, sets, gpus, names)
        _check_cpus_suffice(count, room, cpus_per_task, cpus, names)
    threads = max(1, cpus // count) if cpus_per_task is None else int(cpus_per_task)
    return [_slot(index, sets[index] if sets else (), share, threads) for index in range(count)]


def check_workers(workers: Workers) -> None:
    """Raises an ArgumentError unless workers are a number of at least 1, or "auto"."""
    if workers != "auto" and not (is_integer(workers) and workers >= 1):
        raise ArgumentError(
            f'The number of workers is at least 1, or "auto". Received: workers={workers!r}'
        )


def _is_whole(value: object) -> bool:
    return is_number(value) and float(value).is_integer()


def check_gpus(gpus_per_task: float, names: Names = OWN_NAMES) -> None:
    """Raises an ArgumentError unless a worker gets whole GPUs, or a share of one."""
    is_share = is_number(gpus_per_task) and 0 <= gpus_per_task < 1
    if not (is_share or (_is_whole(gpus_per_task) and gpus_per_task >= 1)):
        raise ArgumentError(
            f"A worker gets a whole number of GPUs, or a share of one between 0 and 1. "
            f"Received: {names.gpus_per_task}={gpus_per_task!r}"
        )


def thread_bounds(threads: int, environment: Mapping[str, str]) -> dict[str, str]:
    """Returns the variables that hold a process's libraries to its threads.

    Args:
        threads: Its share, at least 1.
        environment: Where a user may have asked for less, which then counts.
    """
    return {name: str(_at_most(threads, environment.get(name))) for name in _THREADS}


def _share(
    gpus_per_task: float | None, gpus: list[str], workers: Workers, names: Names
) -> float | None:
    """Returns how many each gets; None where there is nothing to divide or to hide."""
    if gpus_per_task is None:
        # A given number of workers leaves no GPU idle.
        many = 1 if workers == "auto" else len(gpus) // workers
        return float(max(many, 1)) if gpus else None
    check_gpus(gpus_per_task, names)
    if gpus_per_task > len(gpus):
        raise ArgumentError(
            f"A worker cannot get more GPUs than this process may use, {len(gpus)}. "
            f"Received: {names.gpus_per_task}={gpus_per_task!r}"
        )
    return float(gpus_per_task)


def _room(cpus_per_task: float | None, cpus: int, names: Names) -> int | None:
    """Returns for how many workers there are processor cores; None where they are shared."""
    if cpus_per_task is None:
        return None
    if not (_is_whole(cpus_per_task) and cpus_per_task >= 1):
        raise ArgumentError(
            "A worker of this machine gets a whole number of processor cores, at least 1. "
            f"Received: {names.cpus_per_task}={cpus_per_task!r}"
        )
    if cpus_per_task > cpus:
        raise ArgumentError(
            f"A worker cannot get more processor cores than this process may use, {cpus}. "
            f"Received: {names.cpus_per_task}={cpus_per_task!r}"
        )
    return cpus // int(cpus_per_task)


def _sets(share: float | None, gpus: list[str]) -> list[tuple[str, ...]]:
    """Returns what each worker could see, as many as there is room for; none without GPUs."""
    if not share:
        return []
    if share < 1:
        # One after another, so that few workers share few GPUs. Thirds must make three.
        return [(gpu,) for _ in range(int(1 / share + 1e-6)) for gpu in gpus]
    size = int(share)
    return [tuple(gpus[first : first + size]) for first in range(0, len(gpus) - size + 1, size)]


def _check_gpus_suffice(
    workers: int,
    share: float | None,
    sets: list[tuple[str, ...]],
    gpus: list[str],
    names: Names,
) -> None:
    if sets and workers > len(sets):
        name = names.gpus_per_task
        raise ArgumentError(
            f"With {share:g} GPUs each, there is room for {len(sets)} at a time on the "
            f"{len(gpus)} that this process may use; a share, such as "
            f"{name}={len(gpus) / workers:.2g}, makes more, and {name}=0 uses none. "
            f"Received: workers={workers!r}"
        )


def _check_cpus_suffice(
    workers: int, room: int | None, cpus_per_task: float | None, cpus: int, names: Names
) -> None:
    """Refuses to give cores twice; who asks for no number has workers share them."""
    if room is not None and workers > room:
        raise ArgumentError(
            f"With {cpus_per_task:g} processor cores each, there is room for {room} at a time on "
            f"the {cpus} that this process may use; without {names.cpus_per_task}, more workers "
            f"share them. Received: workers={workers!r}, {names.cpus_per_task}={cpus_per_task!r}"
        )


def _slot(index: int, gpus: tuple[str, ...], share: float | None, threads: int) -> Slot:
    env = thread_bounds(threads, os.environ)
    if share is not None:
        env["CUDA_VISIBLE_DEVICES"] = ",".join(gpus) or "-1"
    # Where none was found there may be some nevertheless, which all workers see.
    if share is None or 0 < share < 1:
        env |= SHARING
    return Slot(f"worker {index}", env, gpus, threads)


def _at_most(threads: int, asked: str | None) -> int:
    """Returns the share, or what the user's environment asks for where that is less."""
    is_count = asked is not None and asked.isdecimal() and int(asked) > 0
    return min(threads, int(asked)) if asked is not None and is_count else threads
