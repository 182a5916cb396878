"""One process of `tfhpo launch`, and its output."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import IO, NamedTuple

from tfhpo.execution.guard import Guard
from tfhpo.execution.killing import signal_group

# A process that it started, and that outlives it, may hold its output open.
_DRAIN_SECONDS = 2.0


class Ended(NamedTuple):
    """A process that has ended.

    Attributes:
        name: Its name.
        code: Its exit status; the negative number of the signal that killed it.
    """

    name: str
    code: int


class ChildProcess:
    """A process that leads a group of its own, so that what it starts can be ended with it.

    What it prints appears in this program's output, each line behind its name.

    Args:
        name: Its name.
        command: What it runs.
        environment: Its variables beside those of this program.
        on_end: Called in a thread when it has ended.
        printing: Held while a line is printed.
        guard: Ends it where this program does not.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        on_end: Callable[[Ended], object],
        printing: threading.Lock,
        guard: Guard,
    ) -> None:
        self._name = name
        self._printing, self._guard = printing, guard
        self._popen = subprocess.Popen(  # noqa: S603 - the user's own script
            list(command),
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        guard.watch(self._popen.pid)
        pairs = ((self._popen.stdout, sys.stdout), (self._popen.stderr, sys.stderr))
        self._threads = [
            *(threading.Thread(target=self._pass_on, args=pair, daemon=True) for pair in pairs),
            threading.Thread(target=self._await_end, args=(on_end,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def interrupt(self) -> None:
        """Asks it to end, as Ctrl-C does."""
        signal_group(self._popen.pid, signal.SIGINT)

    def kill(self) -> None:
        """Ends it with all that it started."""
        signal_group(self._popen.pid, signal.SIGKILL)

    def drain(self) -> None:
        """Ends what it started, and waits for its own end and the rest of its output."""
        self.kill()
        for thread in self._threads:
            thread.join(_DRAIN_SECONDS)
        self._guard.forget(self._popen.pid)

    def _await_end(self, on_end: Callable[[Ended], object]) -> None:
        on_end(Ended(self._name, self._popen.wait()))

    def _pass_on(self, source: IO[bytes], target: IO[str]) -> None:
        with source:
            for line in source:
                # Of a line that is written over again and again, such as a bar, the last state.
                text = line.decode(errors="replace").rstrip().rsplit("\r", 1)[-1]
                with self._printing:
                    target.write(f"[{self._name}] {text}\n")
                    target.flush()
