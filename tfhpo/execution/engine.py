"""The contract of all engines: what a task, a report and an outcome are, and how a run goes."""

from __future__ import annotations

import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

#: Called by the function with any message; blocks until the driver has answered it.
Report: TypeAlias = Callable[..., Any]
#: What runs in a worker: the payload of a task and the way to report, to a value.
Function: TypeAlias = Callable[[Any, Report], Any]

FailureKind: TypeAlias = Literal["exception", "killed", "timeout", "memory", "start"]


class Task(NamedTuple):
    """One piece of work.

    Attributes:
        key: Names the task in reports; unique among those that run at the same time.
        payload: What the function is called with.
    """

    key: str
    payload: Any


class Printed(NamedTuple):
    """A line that a worker's process has printed.

    Attributes:
        worker: The worker's name.
        key: That of the task it was at; None while it had none, or loaded the function.
        line: Without its end.
    """

    worker: str
    key: str | None
    line: str


#: Stands for the task after the last.
END = Task("", None)
#: How long to wait, in seconds, where there is nothing to do and nothing to wait for.
PAUSE = 0.1


@dataclass(frozen=True)
class Failure:
    """Why a task has no value.

    Attributes:
        kind: "exception" where the function raised one; "killed" where its process ended before it
            did, by a signal or of its own accord; "timeout" where it took too long; "memory" where
            it took too much memory; "start" where its process could not be made ready.
        message: The cause in words: the traceback, the signal or the exit code, the limit.
        error: The exception, where there is one and it can be carried over.
    """

    kind: FailureKind
    message: str
    error: BaseException | None = None

    @classmethod
    def of(cls, error: Exception) -> Failure:
        """Returns the failure of a task whose function raised an exception."""
        return cls(kind_of(error), text_of(error), error)


@dataclass(frozen=True)
class Outcome:
    """How a task ended.

    Attributes:
        value: What the function returned; None where it failed.
        failure: Why it failed; None where it did not.
        worker: The name of the worker that it ran on.
    """

    value: Any = None
    failure: Failure | None = None
    worker: str = ""


class Engine(ABC):
    """Runs tasks somewhere. One engine can run many times, one run at a time."""

    @abstractmethod
    def run(
        self,
        function: Function,
        tasks: Iterator[Task | None],
        on_report: Callable[..., Any],
        on_end: Callable[[Task, Outcome], None],
    ) -> None:
        """Runs tasks until there are no more.

        All of `tasks`, `on_report` and `on_end` are called in the caller's thread, one at a time.
        Where one of them raises, or Ctrl-C is pressed, the tasks that still run are stopped at
        once, without an end, as after an interruption: who keeps a record of them finds them still
        running, and can run them again. The exception is raised here. Nothing is left running when
        this method returns or raises.

        Args:
            function: What runs in a worker. It may raise whatever it likes: that ends its task.
            tasks: Asked for the next task whenever a worker is free. None says that there is
                nothing now: it is asked again when a task has ended, or after a moment where none
                runs. After its end (StopIteration) the run ends with the tasks that still run.
            on_report: Called as `on_report(key, *message)` when the task of that key calls
                `report(*message)`; what it returns is what `report` returns there.
            on_end: Called once for every task that was taken.

        Raises:
            ArgumentError: The function, or a payload, cannot be carried to where it should run.
        """


def kind_of(error: Exception) -> FailureKind:
    """Returns the kind of failure that an exception is."""
    return "memory" if isinstance(error, MemoryError) else "exception"


def text_of(error: Exception) -> str:
    """Returns an exception with its traceback."""
    return "".join(traceback.format_exception(error)).rstrip()
