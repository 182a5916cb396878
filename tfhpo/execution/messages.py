"""What a worker process says to the driver.

The driver itself says little: first the Python path, then the address of the parcel, then payloads,
and after each report its answer, so that what comes next is always known. Before it ends a process
that hangs, it sends a signal that asks where.
"""

from __future__ import annotations

import pickle
import signal
from typing import Any, NamedTuple

import cloudpickle

from tfhpo.execution.engine import Failure, FailureKind, Outcome, kind_of, text_of

#: Makes a worker process print the stacks of its threads to its standard error. Windows, which has
#: no such processes, has none.
STACK_SIGNAL: int = getattr(signal, "SIGUSR1", 0)


class Ready(NamedTuple):
    """The function is loaded; tasks can come."""


class Unready(NamedTuple):
    """The function could not be loaded: the process can do nothing."""

    cause: str


class Said(NamedTuple):
    """The function reports, and waits for the answer.

    Attributes:
        message: What it reports.
        taken: The seconds that its task has taken so far, without waiting for answers.
    """

    message: bytes
    taken: float


class Returned(NamedTuple):
    """The task has ended with a value."""

    value: bytes

    def outcome(self) -> Outcome:
        """Returns the outcome as the driver tells it."""
        try:
            return Outcome(load(self.value))
        except Exception as error:  # noqa: BLE001 - its parts' own code reads it
            message = unreadable("The value", error)
            return Outcome(failure=Failure("exception", message, error))


class Raised(NamedTuple):
    """The task has ended with an exception; it is empty where it cannot be written."""

    kind: FailureKind
    cause: str
    error: bytes

    @classmethod
    def of(cls, error: Exception) -> Raised:
        """Returns what is told of an exception."""
        try:
            content = dump(error)
        except Exception:  # noqa: BLE001 - an exception may hold anything; its text must do then
            content = b""
        return cls(kind_of(error), text_of(error), content)

    def outcome(self) -> Outcome:
        """Returns the outcome as the driver tells it."""
        return Outcome(failure=Failure(self.kind, self.cause, self._error()))

    def _error(self) -> BaseException | None:
        if not self.error:
            return None
        try:
            error = load(self.error)
        except Exception:  # noqa: BLE001 - whatever an exception's own code raises when it is read
            return None
        return error if isinstance(error, BaseException) else None


def dump(item: Any) -> bytes:
    """Returns any object as bytes, a local class of a notebook's too."""
    return bytes(cloudpickle.dumps(item))


def load(content: bytes) -> Any:
    """Returns what `dump` wrote in another process of this run.

    It runs what the content says: a channel must be open to the processes of this run alone. That
    of local processes has no name; Ray's and a `tf.distribute` cluster's need a private network.
    """
    return pickle.loads(content)  # noqa: S301 - see above


def unreadable(what: str, error: Exception) -> str:
    """Returns what is said of something that could be written there and cannot be read here."""
    return f"{what} cannot be read outside its process:\n{text_of(error)}"
