"""The workers that a chief has heard of, and whether it may go."""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable
from dataclasses import dataclass

from tfhpo.errors import ArgumentError
from tfhpo.oracles.chief.protocol import Sender

#: How long a chief waits for its first worker, in seconds: as long as KerasTuner's workers do.
FIRST_WORKER_SECONDS = 3600.0
#: How long it waits for another worker once all are gone.
NEXT_WORKER_SECONDS = 600.0
#: How long it stays for a worker that was told to stop and does not say goodbye.
GOODBYE_SECONDS = 10.0
# What a worker leaves for that is as true of the search.
_BUDGETS = ("max_time", "target", "patience")


class State(enum.Enum):
    """How it stands with a chief."""

    BUSY = "there are workers"
    WAITING = "there is none, and the search is not done"
    ABANDONED = "there has been none for too long"
    DONE = "the search is done, and everybody knows"


class _At(enum.Enum):
    WORK = "work"
    END = "end"
    HOME = "home"


@dataclass
class _Member:
    process: str
    heard: float
    at: _At = _At.WORK


class Attendance:
    """The workers by name. It may be asked from any thread.

    Args:
        lease: For how many seconds a worker may be silent before it is taken to be gone.
        clock: Tells the time in seconds.
        patience: How long the chief waits for another worker once all are gone, in seconds.
        first_patience: How long it waits for the first.

    Attributes:
        budget: The budget that a worker left for, None where none did.
    """

    def __init__(
        self,
        lease: float,
        clock: Callable[[], float],
        *,
        patience: float = NEXT_WORKER_SECONDS,
        first_patience: float = FIRST_WORKER_SECONDS,
    ) -> None:
        self._lease = lease
        self._clock = clock
        self._patience, self._first_patience = patience, first_patience
        self._lock = threading.Lock()
        self._members: dict[str, _Member] = {}
        self._replaced: set[str] = set()
        self._alone_since: float | None = clock()
        self._is_over = False
        self.budget: str | None = None

    def hear(self, sender: Sender) -> bool:
        """Takes note that a worker speaks.

        Returns:
            Whether it takes the place of an earlier process of its name, which had not left.

        Raises:
            ArgumentError: If another process has taken over its name.
        """
        with self._lock:
            if sender.process in self._replaced:
                raise ArgumentError(
                    "Each worker needs a KERASTUNER_TUNER_ID of its own. "
                    f"Received: {sender.tuner_id!r} from two processes."
                )
            known = self._members.get(sender.tuner_id)
            if known is not None and known.process == sender.process:
                known.heard = self._clock()
                return False
            if known is not None:
                self._replaced.add(known.process)
            self._members[sender.tuner_id] = _Member(sender.process, self._clock())
            return known is not None and known.at is not _At.HOME

    def dismiss(self, tuner_id: str) -> None:
        """Takes note that a worker was told that the search is done."""
        with self._lock:
            self._is_over = True
            self._put(tuner_id, _At.END)

    def resume(self, tuner_id: str) -> None:
        """Takes note that a worker was given something to do, perhaps in another search."""
        with self._lock:
            self._put(tuner_id, _At.WORK)

    def leave(self, tuner_id: str, reason: str) -> None:
        """Takes note that a worker leaves.

        Args:
            tuner_id: The worker.
            reason: The stop reason of its search, or "error".
        """
        with self._lock:
            self._put(tuner_id, _At.HOME)
            if reason in _BUDGETS:
                self.budget = reason

    def living(self) -> list[str]:
        """Returns the workers that are there."""
        with self._lock:
            return self._living()

    @property
    def size(self) -> int:
        """How many workers there have ever been."""
        return len(self._members)

    def state(self) -> State:
        """Returns how it stands now."""
        with self._lock:
            if self._living():
                self._alone_since = None
                return State.BUSY
            if self._is_over or self.budget is not None:
                return State.DONE
            now = self._clock()
            if self._alone_since is None:
                self._alone_since = now
            patience = self._patience if self._members else self._first_patience
            waited = now - self._alone_since
            return State.ABANDONED if waited > patience else State.WAITING

    def _put(self, tuner_id: str, at: _At) -> None:
        # One that comes after an error was never heard: it is told, and was never there.
        if tuner_id in self._members:
            self._members[tuner_id].at = at

    def _living(self) -> list[str]:
        now = self._clock()
        bound = {_At.WORK: self._lease, _At.END: min(self._lease, GOODBYE_SECONDS)}
        return [
            name
            for name, one in self._members.items()
            if one.at is not _At.HOME and now - one.heard <= bound[one.at]
        ]
