"""A worker, as the driver sees it: a slot, the process that it has now, and the task of that."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Container
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from tfhpo.execution.culprit import carried
from tfhpo.execution.engine import Failure, FailureKind, Outcome, Task
from tfhpo.execution.limits import Limits
from tfhpo.execution.loop import Ending, Worker
from tfhpo.execution.messages import Ready, Said, Unready, dump, load, unreadable
from tfhpo.execution.parcel import Address
from tfhpo.execution.process import WorkerProcess
from tfhpo.execution.resources import Slot


class LocalWorker(Worker):
    """Runs one task after another; what ends its process costs the task of that moment alone.

    Args:
        slot: Where its processes run.
        address: Where the function lies.
        limits: What a task and a process may take.
        echo: Gets the lines that its processes print.

    Attributes:
        deadline: When its task, or the start of its process, has taken too long, by
            `time.monotonic`; infinity where there is no such time.
    """

    def __init__(
        self, slot: Slot, address: Address, limits: Limits, echo: Callable[[str], None] | None
    ) -> None:
        self._slot, self._address, self._limits, self._echo = slot, address, limits, echo
        self._process: WorkerProcess | None = None
        self._task: Task | None = None
        self._is_ready, self._done = False, 0
        self.deadline = self._allowed = math.inf

    @property
    def is_busy(self) -> bool:
        return self._task is not None

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
        payload = carried(task.payload)
        self._task = task
        if self._process is not None and not self._process.is_alive:
            # It ended while it had nothing to do, which is not the fault of this task.
            self.close()
        if self._process is None:
            try:
                self._process = WorkerProcess(self._slot, self._address, self._echo)
            except OSError as error:
                cause = f"No process can be started: {error}"
                return self._end(Outcome(failure=Failure("start", cause, error)))
            self._is_ready, self._done = False, 0
        self._set_deadline()
        self._process.answer(payload)
        return None

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

    def _set_deadline(self) -> None:
        limits = self._limits
        allowed = limits.task_timeout if self._is_ready else limits.start_timeout
        self._allowed = math.inf if allowed is None else allowed
        self.deadline = time.monotonic() + self._allowed

    def _hear(self, process: WorkerProcess, on_report: Callable[..., Any]) -> Ending | None:
        try:
            message = process.connection.recv()
        except BlockingIOError:
            return self._silence(process)
        except (EOFError, OSError):
            return self._lost(process)
        if isinstance(message, Ready):
            self._is_ready = True
            self._set_deadline()
            return None
        if isinstance(message, Said):
            return self._answer(process, message, on_report)
        if isinstance(message, Unready):
            return self._abandon(process, "start", message.cause)
        self._done += 1
        ending = self._end(message.outcome())
        if self._limits.is_worn(self._done, process.memory()):
            self.close()
        return ending

    def _answer(
        self, process: WorkerProcess, message: Said, on_report: Callable[..., Any]
    ) -> Ending | None:
        try:
            said = load(message.message)
        except Exception as error:  # noqa: BLE001 - its parts' own code reads it
            return self._abandon(process, "exception", unreadable("A report", error))
        answer = dump(on_report(self._running().key, *said))
        # The driver may have been busy with others: what it takes is not the task's time.
        self.deadline = time.monotonic() + self._allowed - message.taken
        process.answer(answer)
        return None

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

    def _silence(self, process: WorkerProcess) -> Ending | None:
        """Ends a process that has stopped in the middle of a message."""
        if self._task is None:
            self.close()
            return None
        return self._abandon(process, "timeout", "Its process stopped in the middle of a message.")

    def _check(self, process: WorkerProcess) -> Ending | None:
        # What came in while others were attended to counts as in time.
        if time.monotonic() > self.deadline and not process.connection.poll():
            process.show_stack()
            if self._is_ready:
                return self._abandon(process, "timeout", f"It took more than {self._allowed:g} s.")
            cause = f"Its process was not ready after {self._allowed:g} s."
            return self._abandon(process, "start", cause)
        bound = self._limits.hard_memory
        if bound is not None and (used := process.memory()) > bound:
            cause = f"Its process took {used:,} bytes of memory, more than the bound of {bound:,}."
            return self._abandon(process, "memory", cause)
        return None

    def _abandon(self, process: WorkerProcess, kind: FailureKind, cause: str) -> Ending:
        """Ends the task with its process."""
        self.close()
        return self._end(Outcome(failure=Failure(kind, f"{cause}{process.last_words()}")))

    def _end(self, outcome: Outcome) -> Ending:
        task, self._task, self.deadline = self._running(), None, math.inf
        return Ending(task, replace(outcome, worker=self._slot.name))

    def _running(self) -> Task:
        if self._task is None:
            raise RuntimeError(f"{self._slot.name} tells of a task that it does not have.")
        return self._task
