"""What the chief and a worker of tfhpo agree on beyond KerasTuner's messages."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, NamedTuple

import grpc

from tfhpo.environment import HELD_PORT

#: How often a worker gives a sign of life, at least, in seconds; and in a lease, at least.
BEAT_SECONDS = 20.0
BEATS_PER_LEASE = 6

#: What the codes of an answer mean to a worker; the text of each is the cause.
TAKEN = grpc.StatusCode.ABORTED
REFUSED = grpc.StatusCode.INVALID_ARGUMENT
ENDED = grpc.StatusCode.FAILED_PRECONDITION

_WORKER, _PROCESS, _LEAVES = "tfhpo-worker", "tfhpo-process", "tfhpo-leaves"
_REPEAT = "tfhpo-repeat"


class Sender(NamedTuple):
    """Who makes a call.

    Attributes:
        tuner_id: The worker's name.
        process: Tells its process from an earlier or another one of that name.
        leaves: Why it leaves, with its last call: the stop reason of its search, or "error"; else
            empty.
        repeat: How often the trial that it speaks of was begun before it was given to this worker;
            None where it has none. What is told of an attempt whose worker was given up must not
            count for the next.
    """

    tuner_id: str
    process: str
    leaves: str = ""
    repeat: int | None = None

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """Returns what goes with the call. Names may be any text, headers are ASCII."""
        return (
            (_WORKER, self.tuner_id.encode().hex()),
            (_PROCESS, self.process),
            (_LEAVES, self.leaves),
            (_REPEAT, "" if self.repeat is None else str(self.repeat)),
        )


def sender_of(metadata: Iterable[tuple[str, str]]) -> Sender | None:
    """Returns who makes a call, None where it is no worker of tfhpo.

    Raises:
        ValueError: If what the call tells cannot be read.
    """
    told = dict(metadata)
    if _WORKER not in told:
        return None
    name = bytes.fromhex(told[_WORKER]).decode()
    process, repeat = told.get(_PROCESS, ""), told.get(_REPEAT, "")
    if not process:
        raise ValueError("It does not tell its process.")
    return Sender(name, process, told.get(_LEAVES, ""), int(repeat) if repeat else None)


def trial_of(request: Any) -> str:
    """Returns the id of the trial that a message of KerasTuner's is about, empty for none."""
    about = getattr(request, "trial", request)
    return str(getattr(about, "trial_id", ""))


def beat_seconds(lease: float) -> float:
    """Returns how often a worker gives a sign of life."""
    return min(BEAT_SECONDS, lease / BEATS_PER_LEASE)


def is_port_held() -> bool:
    """Whether the program that started this chief keeps its port for it, as `tfhpo launch` does."""
    return os.environ.get(HELD_PORT) == os.environ["KERASTUNER_ORACLE_PORT"]


def address() -> str:
    """Returns where the chief is, as KerasTuner's variables tell."""
    return f"{os.environ['KERASTUNER_ORACLE_IP']}:{os.environ['KERASTUNER_ORACLE_PORT']}"
