"""Signs of life of a worker, from a thread of its own, while a trial is trained."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from tfhpo.errors import ArgumentError, ChiefError, TrialTakenError


class Heartbeat:
    """Calls a function again and again while a trial runs.

    An epoch may take longer than a lease; the training leaves the interpreter's lock often enough.

    Args:
        beat: Called with the trial's id.
        every: The seconds between two calls.

    Attributes:
        thread: That of the last trial, None before the first.
    """

    def __init__(self, beat: Callable[[str], None], every: float) -> None:
        self._beat = beat
        self._every = every
        self._over: threading.Event | None = None
        self.thread: threading.Thread | None = None

    def start(self, trial_id: str) -> None:
        """Begins with a trial, and ends with the one before."""
        self.stop()
        self._over = threading.Event()
        self.thread = threading.Thread(
            target=self._run, args=(trial_id, self._over), name="tfhpo heartbeat", daemon=True
        )
        self.thread.start()

    def stop(self) -> None:
        """Ends with the trial."""
        if self._over is not None:
            self._over.set()
            self._over = None

    def _run(self, trial_id: str, over: threading.Event) -> None:
        # What is raised, the training's own thread is told by its next call, too.
        with contextlib.suppress(ChiefError, TrialTakenError, ArgumentError):
            while not over.wait(self._every):
                self._beat(trial_id)
