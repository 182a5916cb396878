"""One task, where it runs: the function, its reports and what is told of its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from tfhpo.execution.engine import Function
from tfhpo.execution.messages import Raised, Returned, Said, dump, load


def attempt(
    function: Function,
    payload: bytes,
    inbox: SimpleQueue[bytes],
    send: Callable[[Said], None],
) -> Returned | Raised:
    """Runs a task.

    Args:
        function: What to run.
        payload: What it is called with, as `dump` wrote it.
        inbox: Where the answers to its reports come in.
        send: Sends a report.

    Returns:
        How it ended.
    """
    reporter = _Reporter(inbox, send)
    try:
        return Returned(dump(function(load(payload), reporter)))
    except Exception as error:  # noqa: BLE001 - whatever the function raises ends its task alone
        return Raised.of(error)
    finally:
        reporter.close()


class _Reporter:
    """Asks the driver, from any thread of the function, as long as its task runs."""

    def __init__(self, inbox: SimpleQueue[bytes], send: Callable[[Said], None]) -> None:
        self._inbox, self._send = inbox, send
        self._lock = threading.Lock()
        self._is_open = True
        # Moved on by the time that goes by while an answer is waited for.
        self._began = time.monotonic()

    def __call__(self, *message: Any) -> Any:
        content = dump(message)
        with self._lock:
            if not self._is_open:
                raise RuntimeError("A task can report until its function has returned.")
            asked = time.monotonic()
            self._send(Said(content, asked - self._began))
            answer = self._inbox.get()
            self._began += time.monotonic() - asked
        return load(answer)

    def close(self) -> None:
        with self._lock:
            self._is_open = False
