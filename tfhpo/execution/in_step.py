"""Tasks that several processes run together, each doing the same at the same time.

One process, the leader, has the driver. It hands every task to the others, and lets them know what
the driver answered: each of them asks the same questions in the same order, and gets the leader's
answers. So all of them do the same, as the members of a cluster that trains one model must.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

from tfhpo.errors import DistributionError
from tfhpo.execution.engine import Function, Outcome, Task
from tfhpo.execution.in_process import InProcess
from tfhpo.execution.messages import dump, load


class Crew(Protocol):
    """The processes that run tasks together."""

    leads: bool

    # Each is told what has gone wrong in this process, None for nothing. Where the others do not
    # come soon after an error, it has met this process alone: they are told of it, and it raises.

    def send(self, message: bytes, error: str | None = None) -> None:
        """Sends a message to all others, which must receive it."""

    def receive(self, error: str | None = None) -> bytes:
        """Returns the leader's next message."""

    def meet(self, error: str | None = None) -> None:
        """Waits until all have come here."""


class Given(NamedTuple):
    """A task begins."""

    payload: Any


class Answered(NamedTuple):
    """What the driver answered to a message."""

    message: str
    answer: Any


class Ended(NamedTuple):
    """There are no more tasks, or the one that runs is broken off.

    Attributes:
        cause: The error that ended the run; None where none did.
    """

    cause: str | None


class InStep(InProcess):
    """Runs tasks in the caller's process and, in step with it, in all others of a crew.

    The leader calls `run`, all others `follow`, with the same function.

    Args:
        crew: The processes.
        failure_of: Tells what went wrong where the function has caught an error of its own: its
            value to a text, None for nothing.
    """

    def __init__(
        self, crew: Crew, failure_of: Callable[[Any], str | None] = lambda _: None
    ) -> None:
        self._crew = crew
        self._failure_of = failure_of
        # Whether the others wait for a task, so that they can be told that there is none.
        self._awaited = False

    def run(
        self,
        function: Function,
        tasks: Iterator[Task | None],
        on_report: Callable[..., Any],
        on_end: Callable[[Task, Outcome], None],
    ) -> None:
        def end(task: Task, outcome: Outcome) -> None:
            # Before the outcome counts: where a process was lost, it is no result of the task.
            self._crew.meet(self._failure_in(outcome))
            self._awaited = True
            on_end(task, outcome)

        self._awaited = True
        cause = None
        try:
            super().run(function, self._handed_out(tasks), self._answering(on_report), end)
        except BaseException as error:
            cause = _cause(error)
            raise
        finally:
            if self._awaited:
                self._tell(Ended(cause))

    def follow(self, function: Function) -> None:
        """Runs the leader's tasks until it has no more.

        Ctrl-C, which goes to every process of a terminal, is left to the leader.

        Raises:
            DistributionError: If an error ended the leader's run, or a process is gone or does
                something else.
        """
        with _UnlessInterrupted():
            error: Exception | None = None
            while isinstance(message := load(self._crew.receive()), Given):
                try:
                    failure = self._failure_of(function(message.payload, self._next_answer))
                except _BrokenOff as broken:
                    message = broken.ended
                    break
                except DistributionError:
                    raise
                except Exception as raised:  # noqa: BLE001 - the leader tells whether it goes on
                    error, failure = raised, _cause(raised)
                self._crew.meet(failure)
            _check_ended(message, error)

    def _failure_in(self, outcome: Outcome) -> str | None:
        failure = outcome.failure
        if failure is None:
            return self._failure_of(outcome.value)
        # Not the traceback, its message: of that the others would keep the first line.
        return failure.message if failure.error is None else _cause(failure.error)

    def _handed_out(self, tasks: Iterator[Task | None]) -> Iterator[Task | None]:
        for task in tasks:
            if task is not None:
                self._tell(Given(task.payload))
            yield task

    def _answering(self, on_report: Callable[..., Any]) -> Callable[..., Any]:
        def answer(key: str, *message: Any) -> Any:
            try:
                found = on_report(key, *message)
            except BaseException as error:
                self._tell(Ended(_cause(error)), _cause(error))
                raise
            self._tell(Answered(_name(message), found), _being_handled())
            return found

        return answer

    def _tell(self, message: Given | Answered | Ended, error: str | None = None) -> None:
        content = dump(message)
        self._awaited = False
        self._crew.send(content, error)

    def _next_answer(self, *message: Any) -> Any:
        told = load(self._crew.receive(_being_handled()))
        if isinstance(told, Ended):
            raise _BrokenOff(told)
        if not isinstance(told, Answered) or told.message != _name(message):
            raise DistributionError(
                "All processes must train a trial alike: does the build function, or a callback, "
                "do something else in some of them? "
                f"Received: {_name(message)} here, {told!r} in the first."
            )
        return told.answer


class _BrokenOff(BaseException):
    """Ends the function of a follower; no exception, so that no trial takes it for its failure."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended)
        self.ended = ended


class _UnlessInterrupted:
    """Lets Ctrl-C pass by, in the main thread."""

    def __enter__(self) -> None:
        self._former: Any = None
        if threading.current_thread() is threading.main_thread():
            self._former = signal.signal(signal.SIGINT, signal.SIG_IGN)

    def __exit__(self, *_: object) -> None:
        if self._former is not None:
            signal.signal(signal.SIGINT, self._former)


def _check_ended(message: Any, error: Exception | None) -> None:
    if error is not None:
        raise error
    if not isinstance(message, Ended):
        raise DistributionError(
            "All processes must train a trial alike, and this one has come to its end before the "
            f"first. Received there: {message!r}."
        )
    if message.cause is not None:
        raise DistributionError(f"The search has ended in the first process: {message.cause}")


def _cause(error: BaseException) -> str | None:
    """Returns what the others are told of an error; nothing of Ctrl-C, a clean end."""
    return f"{type(error).__name__}: {error}" if isinstance(error, Exception) else None


def _being_handled() -> str | None:
    """Returns the error because of which the function asks: one that it is handling; None for none.

    A search that is itself begun while an error is handled is taken to have met with it; its
    processes then have less patience with each other.
    """
    error = sys.exc_info()[1]
    return None if error is None else _cause(error)


def _name(message: tuple[Any, ...]) -> str:
    """Returns what a message is called: its first part."""
    return str(message[0]) if message else ""
