"""Tasks on a Ray cluster, each in an actor; the extra `ray` installs what it needs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from tfhpo.arguments import is_number
from tfhpo.errors import ArgumentError, MissingExtraError
from tfhpo.execution.culprit import refusal
from tfhpo.execution.engine import Engine, Function, Outcome, Task
from tfhpo.execution.limits import Limits
from tfhpo.execution.loop import Ending, drive
from tfhpo.execution.names import OWN_NAMES, Names
from tfhpo.execution.ray_connection import connect
from tfhpo.execution.ray_host import Host, pack
from tfhpo.execution.ray_words import death, out_of_memory
from tfhpo.execution.ray_worker import RayWorker
from tfhpo.execution.resources import SHARING, Workers, check_gpus, check_workers

# What is less than this, Ray refuses, but only when it starts an actor.
_LEAST_SHARE = 0.0001


class RayCluster(Engine):
    """Runs tasks in the actors of a Ray cluster, and replaces those that die with their node.

    The driver asks and answers; it alone needs the study's files. The nodes need tfhpo, and the
    modules that the function imports. Large arrays lie once per node in Ray's store, where they
    cannot be written to. Why an actor or its node is gone, as Ray tells it, is in the message of
    the failure.

    Args:
        workers: How many run at a time; "auto" for as many as the cluster has room for now. Those
            for which it has no room wait for it, without a task.
        address: Of the cluster, as `ray.init` takes it. By default the one that the program is
            connected to, else the one that `RAY_ADDRESS` names in the environment. "local" starts
            a new one on this machine for each run, whose ports other machines may reach.
        cpus_per_task: How many processor cores each gets: a number, or a share of one. Its numeric
            libraries use as many threads, and at least one; fewer where its node's environment
            (OMP_NUM_THREADS, TF_NUM_INTRAOP_THREADS, TF_NUM_INTEROP_THREADS) asks for less.
        gpus_per_task: How many GPUs each gets: a whole number, or a share of one, such as 0.5.
        tasks_per_process: After so many tasks an actor is replaced; by default it never is.
        task_timeout: In seconds; a task that takes longer is ended and fails ("timeout").
        start_timeout: In seconds; an actor that is not ready by then fails its worker's next task
            ("start"). By default it may wait for room for ever.
        names: What errors call the arguments.

    Raises:
        MissingExtraError: Ray is not installed.
        ArgumentError: An argument breaks its rule. In `run`: no cluster is named, none answers, or
            it has no room.
    """

    def __init__(
        self,
        workers: Workers = "auto",
        *,
        address: str | None = None,
        cpus_per_task: float = 1.0,
        gpus_per_task: float = 0.0,
        tasks_per_process: int | None = None,
        task_timeout: float | None = None,
        start_timeout: float | None = None,
        names: Names = OWN_NAMES,
    ) -> None:
        _check_installed()
        check_workers(workers)
        check_gpus(gpus_per_task, names)
        if not (is_number(cpus_per_task) and 0 < cpus_per_task < math.inf):
            raise ArgumentError(
                "A worker gets some processor cores, or a share of one above 0. Received: "
                f"{names.cpus_per_task}={cpus_per_task!r}"
            )
        self._resources = {
            "num_cpus": _quantity(names.cpus_per_task, cpus_per_task),
            "num_gpus": _quantity(names.gpus_per_task, gpus_per_task),
        }
        self._workers, self._address, self._names = workers, address, names
        self._limits = Limits(
            tasks_per_process, task_timeout=task_timeout, start_timeout=start_timeout, names=names
        )

    def run(
        self,
        function: Function,
        tasks: Iterator[Task | None],
        on_report: Callable[..., Any],
        on_end: Callable[[Task, Outcome], None],
    ) -> None:
        import ray

        with ExitStack() as stack:
            if not ray.is_initialized():
                connect(self._address, self._names.address)
                stack.callback(ray.shutdown)
            count = (
                self._room(ray.cluster_resources()) if self._workers == "auto" else self._workers
            )
            reference = _put(function)
            crew: list[RayWorker] = []
            for index in range(count):
                crew.append(RayWorker(f"worker {index}", self._actor, reference, self._limits))
                stack.callback(crew[-1].close)
            drive(crew, tasks, on_end, lambda most: _listen(crew, on_report, most))

    def _actor(self) -> Any:
        """Asks the cluster for an actor, which comes when there is room for it."""
        import ray

        # Those that see a GPU beside others must not take all of its memory.
        variables = SHARING if self._resources["num_gpus"] < 1 else {}
        threads = max(1, int(self._resources["num_cpus"]))
        actor = ray.remote(Host).options(**self._resources, max_restarts=0)
        return actor.remote(variables, threads)

    def _room(self, resources: dict[str, float]) -> int:
        """Returns for how many workers a cluster has room."""
        totals = {"num_cpus": resources.get("CPU", 0.0), "num_gpus": resources.get("GPU", 0.0)}
        room = min(int(totals[name] / share) for name, share in self._resources.items() if share)
        if room < 1:
            raise ArgumentError(
                f"The cluster, with {totals['num_cpus']:g} processor cores and "
                f"{totals['num_gpus']:g} GPUs, has no room for a worker. Received: "
                f"{self._names.cpus_per_task}={self._resources['num_cpus']:g}, "
                f"{self._names.gpus_per_task}={self._resources['num_gpus']:g}"
            )
        return room


def _check_installed() -> None:
    try:
        import ray  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise MissingExtraError.of("ray", "ray", "Running trials on a cluster") from error


def _quantity(name: str, amount: float) -> float:
    """Returns how much of a resource a worker gets, as Ray takes it: no number of NumPy's."""
    if 0 < amount < _LEAST_SHARE:
        raise ArgumentError(
            f"The smallest share of a core or GPU is {_LEAST_SHARE} on Ray. "
            f"Received: {name}={amount!r}"
        )
    return float(amount)


def _put(function: Function) -> Any:
    """Puts the function with its data into Ray's store, once."""
    import ray

    try:
        content = pack(function)
    except Exception as error:
        raise refusal(function, error) from error
    return ray.put(content)


def _listen(
    crew: list[RayWorker], on_report: Callable[..., Any], most: float | None
) -> Iterator[Ending]:
    """Waits until an actor says something or has had its time; yields the ends of tasks."""
    import ray

    soonest = min(worker.deadline for worker in crew) - time.monotonic()
    seconds = min(max(soonest, 0.0), math.inf if most is None else most)
    waiting = {worker.waits_for: worker for worker in crew if worker.waits_for is not None}
    if not waiting:
        time.sleep(0 if seconds == math.inf else seconds)
        return
    ray.wait(list(waiting), timeout=None if seconds == math.inf else seconds, fetch_local=False)
    ready, _ = ray.wait(list(waiting), num_returns=len(waiting), timeout=0)
    for reference, worker in waiting.items():
        ending = _hear(worker, reference, on_report) if reference in ready else worker.check()
        if ending is not None:
            yield ending


def _hear(worker: RayWorker, reference: Any, on_report: Callable[..., Any]) -> Ending | None:
    """Takes what an actor says, or finds out why it cannot."""
    import ray

    try:
        message = ray.get(reference)
    except ray.exceptions.OutOfMemoryError as error:
        return worker.lose("memory", out_of_memory(str(error)))
    except ray.exceptions.RayTaskError as error:
        cause = f"Its actor could not load the function: {type(error.cause).__name__}"
        return worker.lose("start", f"{cause}: {error.cause}\n{error}")
    except ray.exceptions.RayError as error:
        return worker.lose("killed", death(str(error)))
    return worker.hear(message, on_report)
