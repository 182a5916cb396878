"""A worker, as the driver sees it: a slot, the process that it has now, and the task of that."""

from __future__ import annotations

import time
from collections.abc import Callable, Container
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from tfhpo.execution.culprit import carried
from tfhpo.execution.engine import Failure, FailureKind, Outcome, Printed, Task
from tfhpo.execution.guard import Guard
from tfhpo.execution.limits import Limits
from tfhpo.execution.loop import Ending
from tfhpo.execution.messages import Ready, Said, Unready
from tfhpo.execution.parcel import Address
from tfhpo.execution.process import WorkerProcess
from tfhpo.execution.resources import Slot
from tfhpo.execution.worker import ProcessWorker


class LocalWorker(ProcessWorker):
    """Runs one task after another; what ends its process costs the task of that moment alone.

    Args:
        slot: Where its processes run.
        address: Where the function lies.
        limits: What a task and a process may take.
        echo: Gets the lines that its processes print.
        guard: Ends its processes where this one does not.
    """

    def __init__(
        self,
        slot: Slot,
        address: Address,
        limits: Limits,
        echo: Callable[[Printed], None] | None,
        guard: Guard,
    ) -> None:
        super().__init__(slot.name, limits)
        self._slot, self._address, self._echo, self._guard = slot, address, echo, guard
        self._process: WorkerProcess | None = None
        self._payload = b""

    @property
    def channels(self) -> list[Connection[Any, Any] | int]:
        """What to wait for: its process's messages and what it prints."""
        if self._process is None:
            return []
        output = self._process.output
        return [self._process.connection, *([] if output is None else [output])]

    @property
    def is_free(self) -> bool:
        return self._task is None

    def begin(self, task: Task) -> Ending | None:
        self._payload = carried(task.payload)
        self._task = task
        if self._process is not None and not self._process.is_alive:
            # It ended while it had nothing to do, which is not the fault of this task.
            self.close()
        return self._start() if self._process is None else self._hand_over()

    def attend(self, channels: Container[Any], on_report: Callable[..., Any]) -> Ending | None:
        """Hears the process where it has something to say, and sees that it keeps its limits.

        Args:
            channels: Those of all workers that have something.
            on_report: Answers reports.

        Returns:
            The task's end, where it has ended.
        """
        process = self._process
        if process is None:
            return None
        process.read_output()
        if process.connection in channels:
            return self._hear(process, on_report)
        return self._check(process) if self.is_busy else None

    def kill(self) -> None:
        """Ends the process, without waiting for that."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """Ends the process and frees what belongs to it."""
        process, self._process = self._process, None
        if process is not None:
            process.close()

    def _start(self) -> Ending | None:
        """Starts a process, which gets its task once it is ready for it."""
        try:
            echo = None if self._echo is None else partial(self._pass_on, self._echo)
            self._process = WorkerProcess(self._slot, self._address, echo, self._guard)
        except OSError as error:
            cause = f"No process can be started: {error}"
            return self._end(Outcome(failure=Failure("start", cause, error)))
        self._is_ready, self._done = False, 0
        self._allow(self._limits.start_timeout)
        return None

    def _pass_on(self, echo: Callable[[Printed], None], line: str) -> None:
        at_work = self._task is not None and self._is_ready
        echo(Printed(self._slot.name, self._running().key if at_work else None, line))

    def _hand_over(self) -> Ending | None:
        """Gives the process its task."""
        payload, self._payload = self._payload, b""
        self._allow(self._limits.task_timeout)
        return self._send(payload)

    def _send(self, content: bytes) -> Ending | None:
        if self._process is None or self._process.send(content):
            return None
        return self._abandon("timeout", "Its process was stopped: it did not take a message.")

    def _hear(self, process: WorkerProcess, on_report: Callable[..., Any]) -> Ending | None:
        try:
            message = process.connection.recv()
        except BlockingIOError:
            return self._abandon("timeout", "Its process stopped in the middle of a message.")
        except (EOFError, OSError):
            return self._lost(process)
        if isinstance(message, Ready):
            self._is_ready = True
            return self._hand_over()
        if isinstance(message, Said):
            return self._answer(message, on_report)
        if isinstance(message, Unready):
            return self._abandon("start", message.cause)
        self._done += 1
        ending = self._end(message.outcome())
        if self._limits.is_worn(self._done, process.memory()):
            self.close()
        return ending

    def _lost(self, process: WorkerProcess) -> Ending | None:
        """Finds out why a process has closed its channel."""
        cause = process.end()
        self._process = None
        if self._task is None:
            return None
        kind: FailureKind = "killed" if self._is_ready or process.was_killed else "start"
        when = "" if self._is_ready else " before it was ready"
        message = f"Its process {cause}{when}.{process.last_words()}"
        return self._end(Outcome(failure=Failure(kind, message)))

    def _check(self, process: WorkerProcess) -> Ending | None:
        # What came in while others were attended to counts as in time.
        if time.monotonic() > self.deadline and not process.connection.poll():
            process.show_stack()
            return self._abandon(*self._overdue())
        bound = self._limits.hard_memory
        if bound is not None and (used := process.memory()) > bound:
            cause = f"Its process took {used:,} bytes of memory, more than the bound of {bound:,}."
            return self._abandon("memory", cause)
        return None

    def _abandon(self, kind: FailureKind, cause: str) -> Ending | None:
        process = self._process
        self.close()
        if self._task is None:
            return None
        words = "" if process is None else process.last_words()
        return self._end(Outcome(failure=Failure(kind, f"{cause}{words}")))
