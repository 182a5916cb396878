"""A worker on a Ray cluster, as the driver sees it: the actor that it has now, and its task."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from tfhpo.execution.culprit import carried
from tfhpo.execution.engine import Failure, FailureKind, Outcome, Task
from tfhpo.execution.limits import Limits
from tfhpo.execution.loop import Ending
from tfhpo.execution.messages import Said
from tfhpo.execution.ray_host import Message
from tfhpo.execution.worker import ProcessWorker


class RayWorker(ProcessWorker):
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
    """

    def __init__(self, name: str, make: Callable[[], Any], function: Any, limits: Limits) -> None:
        super().__init__(name, limits)
        self._make, self._function = make, function
        self._actor: Any = None
        self._failure: Failure | None = None
        self.waits_for: Any = None
        self.start()

    @property
    def is_free(self) -> bool:
        return self._task is None and (self._is_ready or self._failure is not None)

    def start(self) -> None:
        """Asks for an actor and has it load the function."""
        self._actor, self._is_ready, self._done, self._failure = self._make(), False, 0, None
        self._allow(self._limits.start_timeout)
        self.waits_for = self._actor.load.remote(self._function)

    def begin(self, task: Task) -> Ending | None:
        self._task = task
        if self._failure is not None:
            ending = self._end(Outcome(failure=self._failure))
            self.start()
            return ending
        content = carried(task.payload)
        self._allow(self._limits.task_timeout)
        return self._send(content)

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
        """Ends the actor, which is lost, and its task with it.

        Args:
            kind: What happened, had the actor been ready.
            cause: The same in words.
        """
        return self._abandon(kind if self._is_ready else "start", cause)

    def check(self) -> Ending | None:
        """Ends a task, or the start of an actor, that has taken too long."""
        return self._abandon(*self._overdue()) if time.monotonic() > self.deadline else None

    def close(self) -> None:
        """Ends the actor."""
        import ray

        self._is_ready, self.waits_for, self.deadline = False, None, math.inf
        ray.kill(self._actor, no_restart=True)

    def _send(self, content: bytes) -> Ending | None:
        self.waits_for = self._actor.exchange.remote(content)
        return None

    def _abandon(self, kind: FailureKind, cause: str) -> Ending | None:
        failure = Failure(kind, cause)
        self.close()
        if self._task is None:
            # The next task is told of it.
            self._failure = failure
            return None
        ending = self._end(Outcome(failure=failure))
        self.start()
        return ending
