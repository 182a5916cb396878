"""Tasks in processes of their own on this machine.

Each slot has one process at a time, with a channel of its own, and the driver waits for all
channels at once: no thread, no lock and no queue is shared, so that a process which is killed at
any moment leaves nothing broken behind. (In a pool whose processes share a channel, one that is
killed while it sends keeps the channel's lock for ever.)
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import wait
from typing import Any

from tfhpo.execution.engine import Engine, Function, Outcome, Printed, Task
from tfhpo.execution.guard import Guard
from tfhpo.execution.limits import Limits
from tfhpo.execution.local_worker import LocalWorker
from tfhpo.execution.loop import Ending, drive
from tfhpo.execution.names import OWN_NAMES, Names
from tfhpo.execution.parcel import Parcel
from tfhpo.execution.resources import Slot, Workers, slots
from tfhpo.execution.systems import check_has_workers

# How often the memory of the processes is looked at, where it is bounded.
_MEMORY_SECONDS = 0.5


class LocalProcesses(Engine):
    """Runs tasks in fresh Python processes, and replaces those that die, hang or grow.

    The processes load neither the main module nor anything else before the function, which is
    carried to them with its data: a script needs no `if __name__ == "__main__":`, a notebook's
    functions work, and large arrays are mapped, one copy for all. What a function does to its data
    stays in its process. Ctrl-C does not reach the processes; they end with the driver, however
    that ends. For Linux and macOS.

    Args:
        workers: How many run at a time; "auto" for one per GPU, or per share of one, and without
            GPUs one per processor core, or as many as `cpus_per_task` leaves room for.
        gpus_per_task: How many GPUs each gets: a whole number, or a share of one, such as 0.5; 0
            hides all. By default as many as are there for each of a given number of workers, and 1
            with "auto".
        cpus_per_task: How many processor cores each gets, as threads: a whole number. By default
            an equal share.
        tasks_per_process: After so many tasks a process is replaced; by default it never is.
        max_memory: In bytes; a process that passes this is replaced after its task. What processes
            share, such as large arrays, does not count (on macOS it does).
        hard_memory: In bytes; a process that passes this is ended, and its task fails ("memory").
        task_timeout: In seconds; a task that takes longer is ended and fails ("timeout"). The start
            of its process does not count, nor what its reports take the driver to answer.
        start_timeout: In seconds; a process that has not loaded the function by then is ended, and
            its task fails ("start").
        echo: Gets the lines that the processes print, in the caller's thread. By default they are
            dropped; but the end of the standard error of a process that died is in the message of
            the failure.
        names: What errors call the arguments.

    Attributes:
        slots: What each worker gets.

    Raises:
        ArgumentError: An argument breaks its rule, there are too few GPUs or processor cores, or
            the system is one that cannot do this.
    """

    def __init__(
        self,
        workers: Workers = "auto",
        *,
        gpus_per_task: float | None = None,
        cpus_per_task: float | None = None,
        tasks_per_process: int | None = None,
        max_memory: int | None = None,
        hard_memory: int | None = None,
        task_timeout: float | None = None,
        start_timeout: float | None = 600.0,
        echo: Callable[[Printed], None] | None = None,
        names: Names = OWN_NAMES,
    ) -> None:
        check_has_workers("Worker processes need", "Without workers, tasks run in this process.")
        self.slots: list[Slot] = slots(workers, gpus_per_task, cpus_per_task, names=names)
        self._limits = Limits(
            tasks_per_process, max_memory, hard_memory, task_timeout, start_timeout, names
        )
        self._echo = echo

    def run(
        self,
        function: Function,
        tasks: Iterator[Task | None],
        on_report: Callable[..., Any],
        on_end: Callable[[Task, Outcome], None],
    ) -> None:
        with contextlib.closing(Parcel(function)) as parcel, contextlib.ExitStack() as stack:
            address, limits, echo = parcel.address, self._limits, self._echo
            guard = stack.enter_context(contextlib.closing(Guard()))
            crew = [LocalWorker(slot, address, limits, echo, guard) for slot in self.slots]
            # All are killed before the first is waited for.
            for act in (LocalWorker.close, LocalWorker.kill):
                for worker in crew:
                    stack.callback(act, worker)
            patience = math.inf if limits.hard_memory is None else _MEMORY_SECONDS
            drive(crew, tasks, on_end, lambda most: _listen(crew, on_report, patience, most))


def _listen(
    crew: list[LocalWorker], on_report: Callable[..., Any], patience: float, most: float | None
) -> Iterator[Ending]:
    """Waits until a process says something or has had its time; yields the ends of tasks."""
    soonest = min(worker.deadline for worker in crew) - time.monotonic()
    seconds = min(max(soonest, 0.0), patience, math.inf if most is None else most)
    channels = [channel for worker in crew for channel in worker.channels]
    ready = wait(channels, None if seconds == math.inf else seconds)
    for worker in crew:
        ending = worker.attend(ready, on_report)
        if ending is not None:
            yield ending
