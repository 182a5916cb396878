"""The processes of `tfhpo launch`: started together, watched, and ended together.

It names signals that Windows lacks, where nothing is launched.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from tfhpo.cli.child_process import ChildProcess, Ended
from tfhpo.execution.guard import Guard
from tfhpo.execution.killing import killed_by

#: What the one process is called that is no worker.
CHIEF = "chief"
# As shells have it, for a process that a signal has ended.
_SIGNALLED = 128
# As the program `timeout` has it.
_LATE = 124
_HEARD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Patience(NamedTuple):
    """How long to wait, in seconds.

    Attributes:
        after_search: For workers once the chief has ended well: a script may go on after `search`.
        to_tell: For workers to tell what the failure of the chief means to them.
        to_end: For processes that were asked to end, before they are killed.
    """

    after_search: float = 60.0
    to_tell: float = 5.0
    to_end: float = 15.0


class Signalled(NamedTuple):
    """A signal that this program was sent."""

    number: int


class Launch:
    """A chief and its workers.

    Args:
        command: What each of them runs.
        environments: Process name to the variables that it has beside those of this process; one
            is the chief.
        max_restarts: How often a worker that a signal kills is started again.
        patience: How long to wait for processes.
    """

    def __init__(
        self,
        command: Sequence[str],
        environments: Mapping[str, Mapping[str, str]],
        max_restarts: int,
        patience: Patience | None = None,
    ) -> None:
        self._command = list(command)
        self._environments = environments
        self._restarts = dict.fromkeys(environments, max_restarts)
        self._patience = Patience() if patience is None else patience
        self._events: SimpleQueue[Ended | Signalled] = SimpleQueue()
        self._printing = threading.Lock()
        self._running: dict[str, ChildProcess] = {}
        self._well: set[str] = set()
        self._failures: dict[str, int] = {}
        self._signalled = 0
        self._deadline: float | None = None

    def run(self) -> int:
        """Runs all processes until they have ended.

        Returns:
            The exit status: 0 if all is well; that of the chief if it failed, else of a worker,
            124 for one that went on for too long after the chief; 128 and the number of a signal
            that was to end this program.
        """
        with self._hearing_signals(), contextlib.closing(Guard()) as self._guard:
            try:
                for name in self._environments:
                    self._start(name)
                while self._running:
                    self._take(self._next(self._deadline))
            finally:
                self._kill_all()
        if self._signalled:
            return _SIGNALLED + self._signalled
        return self._failures.get(CHIEF) or next(iter(self._failures.values()), 0)

    # ------------------------------------------------------------------ what happens

    def _start(self, name: str) -> None:
        environment = {**self._environments[name], "KERASTUNER_TUNER_ID": name}
        self._running[name] = ChildProcess(
            name, self._command, environment, self._events.put, self._printing, self._guard
        )

    def _next(self, until: float | None) -> Ended | Signalled | None:
        """Waits for something to happen, until a time where there is one; None if nothing has."""
        try:
            return self._events.get(timeout=None if until is None else _left(until))
        except Empty:
            return None

    def _take(self, event: Ended | Signalled | None) -> None:
        if event is None:
            self._take_delay()
        elif isinstance(event, Signalled):
            self._signalled = event.number
            self._say(f"{signal.Signals(event.number).name}: all are ended.")
            self._end_all()
        else:
            self._running.pop(event.name).drain()
            if event.name == CHIEF:
                self._take_chief(event)
            else:
                self._take_worker(event)

    def _take_chief(self, ended: Ended) -> None:
        self._deadline = time.monotonic() + self._patience.after_search
        if ended.code:
            self._fail(ended)
            # Those that it served were told; one that has never reached it would wait for long.
            self._wait_for_all(self._patience.to_tell)
            self._end_all()

    def _take_worker(self, ended: Ended) -> None:
        serves = CHIEF in self._running
        if ended.code == 0:
            self._well.add(ended.name)
        elif ended.code < 0 and serves and self._restarts[ended.name] > 0:
            self._restarts[ended.name] -= 1
            self._say(f"{ended.name} {_how(ended.code)}: it is started again.")
            self._start(ended.name)
        else:
            self._fail(ended)
            if serves and len(self._running) == 1 and not self._well:
                self._say("No worker is left: the chief is ended.")
                self._end_all()

    def _take_delay(self) -> None:
        late, seconds = ", ".join(self._running), self._patience.after_search
        self._say(f"{late} went on for more than {seconds:g} s after the chief: ended.")
        # What they were still at may be what the script is for.
        self._failures |= dict.fromkeys(self._running, _LATE)
        self._end_all()

    def _fail(self, ended: Ended) -> None:
        self._say(f"{ended.name} {_how(ended.code)}.")
        self._failures[ended.name] = ended.code if ended.code > 0 else _SIGNALLED - ended.code

    # ------------------------------------------------------------------ the end

    def _end_all(self) -> None:
        """Interrupts all, as Ctrl-C does, and kills those that do not end soon."""
        for child in self._running.values():
            child.interrupt()
        self._wait_for_all(self._patience.to_end)
        self._kill_all()

    def _wait_for_all(self, seconds: float) -> None:
        """Waits until all have ended, for so long at most and until a signal comes."""
        until = time.monotonic() + seconds
        while self._running and isinstance(event := self._next(until), Ended):
            self._running.pop(event.name).drain()

    def _kill_all(self) -> None:
        for child in self._running.values():
            child.kill()
        for child in self._running.values():
            child.drain()
        self._running.clear()

    def _say(self, text: str) -> None:
        with self._printing:
            sys.stderr.write(f"[launch] {text}\n")

    @contextlib.contextmanager
    def _hearing_signals(self) -> Iterator[None]:
        """Hears signals that would end this program and leave the others running.

        They wait in the queue like all else: an exception that is raised anywhere could lose sight
        of a process that was just started.
        """
        former: dict[int, Any] = {
            number: signal.signal(number, lambda got, _: self._events.put(Signalled(got)))
            for number in _HEARD
        }
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)


def _left(until: float) -> float:
    return max(0.0, until - time.monotonic())


def _how(code: int) -> str:
    if code >= 0:
        return f"has failed with exit status {code}"
    return killed_by(-code)
