"""A worker on a Ray cluster, as the driver sees it: the actor that it has now, and its task."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tfhpo.execution.culprit import carried
from tfhpo.execution.engine import Failure, FailureKind, Outcome, Task
from tfhpo.execution.limits import Limits
from tfhpo.execution.loop import Ending, Worker
from tfhpo.execution.messages import Said, dump, load, unreadable
from tfhpo.execution.ray_host import Message


class RayWorker(Worker):
    """Runs one task after another in an actor; what ends the actor costs that task alone.

    It is given tasks only while its actor is ready, so that no task waits for a place on a cluster
    that has none; one whose actor could not be made ready fails its next task with the cause.

    Args:
        name: What a person knows it by.
        make: Asks the cluster for a new actor.
        function: The reference to the function in Ray's store.
        limits: What a task and an actor may take.

    Attributes:
        waits_for: The reference to what the actor says next; None where it has nothing to say.
        deadline: When that has taken too long, by `time.monotonic`; infinity where there is no
            such time.
    """

    def __init__(self, name: str, make: Callable[[], Any], function: Any, limits: Limits) -> None:
        self._name, self._make, self._function, self._limits = name, make, function, limits
        self._actor: Any = None
        self._task: Task | None = None
        self._failure: Failure | None = None
        self._is_ready, self._done = False, 0
        self.waits_for: Any = None
        self.deadline = self._allowed = math.inf
        self.start()

    @property
    def is_busy(self) -> bool:
        return self._task is not None

    @property
    def is_free(self) -> bool:
        return self._task is None and (self._is_ready or self._failure is not None)

    def start(self) -> None:
        """Asks for an actor and has it load the function."""
        self._actor, self._is_ready, self._done, self._failure = self._make(), False, 0, None
        self._wait_for(self._actor.load.remote(self._function), self._limits.start_timeout)

    def begin(self, task: Task) -> Ending | None:
        self._task = task
        if self._failure is not None:
            failure = self._failure
            self.start()
            return self._end(Outcome(failure=failure))
        content = carried(task.payload)
        self._wait_for(self._actor.exchange.remote(content), self._limits.task_timeout)
        return None

    def hear(self, message: Message | None, on_report: Callable[..., Any]) -> Ending | None:
        """Takes what the actor said: None after it has loaded the function."""
        self.waits_for = None
        if message is None:
            self._is_ready, self.deadline = True, math.inf
            return None
        if isinstance(message, Said):
            return self._answer(message, on_report)
        self._done += 1
        ending = self._end(message.outcome())
        if self._limits.is_worn(self._done, memory=0):
            self.close()
            self.start()
        return ending

    def lose(self, kind: FailureKind, cause: str) -> Ending | None:
        """Ends the actor, which is lost or has taken too long, and its task with it.

        Args:
            kind: What happened, had the actor been ready.
            cause: The same in words.
        """
        failure = Failure(kind if self._is_ready else "start", cause)
        self.close()
        if self._task is None:
            self._failure = failure
            return None
        self.start()
        return self._end(Outcome(failure=failure))

    def check(self) -> Ending | None:
        """Ends a task, or the start of an actor, that has taken too long."""
        if time.monotonic() <= self.deadline:
            return None
        what = "It took" if self._is_ready else "Its actor was not ready after"
        more = "more than " if self._is_ready else ""
        return self.lose("timeout", f"{what} {more}{self._allowed:g} s.")

    def close(self) -> None:
        """Ends the actor."""
        import ray

        self._is_ready, self.waits_for, self.deadline = False, None, math.inf
        ray.kill(self._actor, no_restart=True)

    def _answer(self, message: Said, on_report: Callable[..., Any]) -> Ending | None:
        try:
            said = load(message.message)
        except Exception as error:  # noqa: BLE001 - its parts' own code reads it
            return self.lose("exception", unreadable("A report", error))
        answer = dump(on_report(self._running().key, *said))
        # The driver may have been busy with others: what it takes is not the task's time.
        self.deadline = time.monotonic() + self._allowed - message.taken
        self.waits_for = self._actor.exchange.remote(answer)
        return None

    def _wait_for(self, reference: Any, allowed: float | None) -> None:
        self.waits_for = reference
        self._allowed = math.inf if allowed is None else allowed
        self.deadline = time.monotonic() + self._allowed

    def _end(self, outcome: Outcome) -> Ending:
        task, self._task = self._running(), None
        if self._is_ready:
            self.deadline = math.inf
        return Ending(task, replace(outcome, worker=self._name))

    def _running(self) -> Task:
        if self._task is None:
            raise RuntimeError(f"{self._name} tells of a task that it does not have.")
        return self._task
