"""What workers with a process of their own have in common: a task, and the time it may take."""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tfhpo.execution.engine import FailureKind, Outcome, Task
from tfhpo.execution.limits import Limits
from tfhpo.execution.loop import Ending, Worker
from tfhpo.execution.messages import Said, dump, load, unreadable


class ProcessWorker(Worker):
    """Runs one task after another in a process, which can be replaced, wherever that is.

    Args:
        name: What a person knows it by.
        limits: What a task and a process may take.

    Attributes:
        deadline: When its task, or the start of its process, has taken too long, by
            `time.monotonic`; infinity where there is no such time.
    """

    def __init__(self, name: str, limits: Limits) -> None:
        self._name, self._limits = name, limits
        self._task: Task | None = None
        # Of the process that it has now: whether it has loaded the function, and its tasks so far.
        self._is_ready, self._done = False, 0
        self.deadline = self._allowed = math.inf

    @property
    def is_busy(self) -> bool:
        return self._task is not None

    @abstractmethod
    def _send(self, content: bytes) -> Ending | None:
        """Gives its process a payload, or the answer to its report.

        Returns:
            The task's end, where the process does not take it.
        """

    @abstractmethod
    def _abandon(self, kind: FailureKind, cause: str) -> Ending | None:
        """Ends its process.

        Returns:
            The end of the task that it had, if any.
        """

    def _allow(self, seconds: float | None) -> None:
        """Begins to count the time of what its process does next; None for no bound."""
        self._allowed = math.inf if seconds is None else seconds
        self.deadline = time.monotonic() + self._allowed

    def _overdue(self) -> tuple[FailureKind, str]:
        """Returns what is told of a process that has passed its deadline."""
        if self._is_ready:
            return "timeout", f"It took more than {self._allowed:g} s."
        return "start", f"Its process was not ready after {self._allowed:g} s."

    def _answer(self, report: Said, on_report: Callable[..., Any]) -> Ending | None:
        """Has the driver answer a report of its task."""
        try:
            said = load(report.message)
        except Exception as error:  # noqa: BLE001 - its parts' own code reads it
            return self._abandon("exception", unreadable("A report", error))
        answer = dump(on_report(self._running().key, *said))
        if report.taken > self._allowed:
            # By its own clock, however late this one hears of it.
            return self._abandon(*self._overdue())
        # The driver may have been busy with others: what it takes is not the task's time.
        self.deadline = time.monotonic() + self._allowed - report.taken
        return self._send(answer)

    def _end(self, outcome: Outcome) -> Ending:
        task, self._task, self.deadline = self._running(), None, math.inf
        return Ending(task, replace(outcome, worker=self._name))

    def _running(self) -> Task:
        if self._task is None:
            raise RuntimeError(f"{self._name} tells of a task that it does not have.")
        return self._task
