"""Which worker has which trial, and until when."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from tfhpo.arguments import is_number
from tfhpo.errors import ArgumentError

#: For how many seconds a worker that gives signs of life may be silent, by default.
LEASE = 120.0


class Expired(NamedTuple):
    """A worker that has been silent for too long.

    Attributes:
        tuner_id: Its name.
        silence: For how long, in seconds.
    """

    tuner_id: str
    silence: float


@dataclass
class _Lease:
    tuner_id: str
    repeat: int
    heard: float


class Leases:
    """Lends trials to workers; whatever a worker says renews what it has.

    It may be asked from any thread, while an oracle is busy with something else: a sign of life
    must never wait for a long calculation.

    Args:
        seconds: How long a worker may be silent. None for `LEASE` where the worker gives signs of
            life while it trains, which tfhpo's tuners do, and for no bound where it does not.
        clock: Tells the time in seconds, from any point on.

    Raises:
        ArgumentError: If the seconds are not positive.
    """

    def __init__(
        self, seconds: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if seconds is not None and not (is_number(seconds) and seconds > 0):
            raise ArgumentError(
                "`lease` must be a positive number of seconds, or None for "
                f"{LEASE:g} s where workers give signs of life. Received: {seconds!r}."
            )
        self.clock = clock
        self._given = seconds
        self._lock = threading.Lock()
        self._by_trial: dict[str, _Lease] = {}
        self._beating: set[str] = set()

    @property
    def seconds(self) -> float:
        """How long a worker that gives signs of life may be silent."""
        return LEASE if self._given is None else float(self._given)

    @property
    def may_expire(self) -> bool:
        """Whether a trial that is lent may come back because its worker is silent."""
        with self._lock:
            return any(self._has_bound(lease) for lease in self._by_trial.values())

    def lend(self, trial_id: str, tuner_id: str, repeat: int) -> None:
        """Gives a trial to a worker, from now on.

        Args:
            trial_id: The trial.
            tuner_id: The worker.
            repeat: How often the trial was begun before.
        """
        with self._lock:
            self._by_trial[trial_id] = _Lease(tuner_id, repeat, self.clock())

    def hear(self, tuner_id: str) -> None:
        """Takes a sign of life of a worker that gives them while it trains."""
        with self._lock:
            self._beating.add(tuner_id)
            for lease in self._by_trial.values():
                if lease.tuner_id == tuner_id:
                    lease.heard = self.clock()

    def renew(self, trial_id: str) -> None:
        """Renews the lease of a trial, of which its worker has told something."""
        with self._lock:
            if trial_id in self._by_trial:
                self._by_trial[trial_id].heard = self.clock()

    def holds(self, tuner_id: str, trial_id: str, repeat: int | None) -> bool:
        """Whether a worker has a trial that was begun so often before, and not since."""
        with self._lock:
            lease = self._by_trial.get(trial_id)
            return lease is not None and (lease.tuner_id, lease.repeat) == (tuner_id, repeat)

    def end(self, trial_id: str) -> None:
        """Takes a trial back."""
        with self._lock:
            self._by_trial.pop(trial_id, None)

    def expired(self) -> Expired | None:
        """Returns the worker that has been silent for longest, if that is too long."""
        with self._lock:
            now = self.clock()
            late = [
                Expired(lease.tuner_id, now - lease.heard)
                for lease in self._by_trial.values()
                if self._has_bound(lease) and now - lease.heard > self.seconds
            ]
        return max(late, key=lambda one: one.silence, default=None)

    def forget(self) -> None:
        """Drops all leases."""
        with self._lock:
            self._by_trial.clear()

    def _has_bound(self, lease: _Lease) -> bool:
        return self._given is not None or lease.tuner_id in self._beating
