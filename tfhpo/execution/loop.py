"""The driver's side of a run with several workers: who gets the next task, and when it is asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from tfhpo.execution.engine import END, PAUSE, Outcome, Task


class Ending(NamedTuple):
    """A task that has ended, and how."""

    task: Task
    outcome: Outcome


class Worker(ABC):
    """Runs one task after another somewhere."""

    @property
    @abstractmethod
    def is_busy(self) -> bool:
        """Whether it has a task."""

    @property
    @abstractmethod
    def is_free(self) -> bool:
        """Whether it could take one now."""

    @abstractmethod
    def begin(self, task: Task) -> Ending | None:
        """Gives a free worker a task.

        Returns:
            The task's end, where the worker can do nothing.

        Raises:
            ArgumentError: The task's payload cannot be carried.
        """


#: Waits until something happens, at most so many seconds; answers the reports, returns the ends.
Listen: TypeAlias = Callable[[float | None], Iterable[Ending]]


def drive(
    workers: Sequence[Worker],
    tasks: Iterator[Task | None],
    on_end: Callable[[Task, Outcome], None],
    listen: Listen,
) -> None:
    """Runs tasks on workers until there are no more, by the contract of `Engine.run`."""
    source = _Source(tasks)
    while True:
        _hand_out(workers, source, on_end)
        if any(worker.is_busy for worker in workers):
            asked = _free(workers)
            while _free(workers) <= asked and any(worker.is_busy for worker in workers):
                _tell(listen(None), on_end)
        elif source.is_exhausted:
            return
        else:
            _tell(listen(PAUSE), on_end)


class _Source:
    """The tasks that are still to come."""

    def __init__(self, tasks: Iterator[Task | None]) -> None:
        self._tasks = tasks
        self.is_exhausted = False

    def take(self) -> Task | None:
        """Returns a task; None where there is none now, or no more."""
        task = None if self.is_exhausted else next(self._tasks, END)
        self.is_exhausted = self.is_exhausted or task is END
        return None if task is END else task


def _hand_out(
    workers: Sequence[Worker], source: _Source, on_end: Callable[[Task, Outcome], None]
) -> None:
    """Gives tasks to the free workers, as long as there are both."""
    for worker in workers:
        while worker.is_free:
            task = source.take()
            if task is None:
                return
            ending = worker.begin(task)
            if ending is not None:
                on_end(*ending)


def _free(workers: Sequence[Worker]) -> set[int]:
    return {index for index, worker in enumerate(workers) if worker.is_free}


def _tell(endings: Iterable[Ending], on_end: Callable[[Task, Outcome], None]) -> None:
    for ending in endings:
        on_end(*ending)
