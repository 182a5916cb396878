"""A worker's calls of the chief: patient while it is away, and clear where it answers no."""

from __future__ import annotations

import contextlib
import functools
import sys
import time
from collections.abc import Callable
from typing import Any

import grpc

from tfhpo.errors import ArgumentError, ChiefError, TrialTakenError
from tfhpo.oracles.chief import protocol
from tfhpo.oracles.chief.protocol import Sender

#: How long a worker waits for a chief that has never answered, in seconds: as KerasTuner's do.
FIRST_ANSWER_SECONDS = 3600.0
#: How long it waits for one that has, and may be started again.
NEXT_ANSWER_SECONDS = 60.0
# When it says that it waits, first and later: a worker that was started by mistake, or before its
# chief, must not look as if it worked.
_FIRST_WORD_SECONDS = 3.0
_NEXT_WORD_SECONDS = 60.0
_RETRY_SECONDS = 0.5
# A call may wait for a long calculation, but not for ever.
_CALL_SECONDS = 3600.0
_GOODBYE_SECONDS = 5.0
_GONE = (
    "it has ended or was killed. What was recorded is in its study: run the same again to go on."
)
_NEVER_CAME = (
    "start it like this worker, with KERASTUNER_TUNER_ID=chief (`tfhpo launch` starts all), or "
    "unset the KERASTUNER_ variables to search in this process alone."
)
_AWAY = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)


class Calls:
    """Stands in the place of the stub of KerasTuner's client, with the methods of its service.

    Args:
        stub: The stub.
        sender: Who calls.
        address: Where the chief is.
        clock: Tells the time in seconds.
        wait: Waits for so many seconds.

    Attributes:
        repeats: How often a trial was begun before this worker was given it, by the trial's id.

    Raises:
        ChiefError: From each call: the chief is gone, or has ended the search.
        TrialTakenError: From each call: the trial is another worker's by now.
    """

    def __init__(
        self,
        stub: Any,
        sender: Sender,
        address: str,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._stub = stub
        self._sender = sender
        self._address = address
        self._clock, self._wait = clock, wait
        self._has_answered = False
        self._ended: str | None = None
        self.repeats: dict[str, int] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return functools.partial(self._call, getattr(self._stub, name))

    def say_goodbye(self, request: Any, reason: str) -> None:
        """Leaves the chief, if it is still there.

        Args:
            request: What goes with it.
            reason: Why.
        """
        if self._has_answered and self._ended is None:
            metadata = self._sender._replace(leaves=reason).metadata()
            with contextlib.suppress(grpc.RpcError):
                self._stub.UpdateTrial(request, timeout=_GOODBYE_SECONDS, metadata=metadata)
        # The next search may have another chief.
        self._has_answered, self._ended = False, None

    def beat(self, request: Any) -> None:
        """Gives a sign of life. A chief that is away is not waited for: the next one follows soon.

        Args:
            request: What is the sign.
        """
        self._check_going_on()
        metadata = self._metadata(request)
        try:
            self._stub.UpdateTrial(request, timeout=protocol.BEAT_SECONDS, metadata=metadata)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
                self._raise_answer(error)

    def _call(
        self,
        method: Callable[..., Any],
        request: Any,
        wait_for_ready: bool = True,
        timeout: float | None = None,
    ) -> Any:
        """Calls a method; KerasTuner's arguments of patience are those of its own, and unused."""
        metadata = self._metadata(request)
        began = self._clock()
        next_word = _FIRST_WORD_SECONDS
        while True:
            self._check_going_on()
            try:
                answer = method(request, timeout=_CALL_SECONDS, metadata=metadata)
            except grpc.RpcError as error:
                self._raise_answer(error)
            else:
                self._has_answered = True
                return answer
            waited = self._clock() - began
            self._check_patience(waited)
            if waited >= next_word:
                next_word += _NEXT_WORD_SECONDS
                self._tell_of_wait(waited)
            self._wait(_RETRY_SECONDS)

    def _metadata(self, request: Any) -> tuple[tuple[str, str], ...]:
        repeat = self.repeats.get(protocol.trial_of(request))
        return self._sender._replace(repeat=repeat).metadata()

    def _check_going_on(self) -> None:
        if self._ended is not None:
            raise ChiefError(self._ended)

    def _raise_answer(self, error: Any) -> None:
        """Raises what the chief has answered; does nothing where it is not there."""
        code, text = error.code(), error.details()
        if code in _AWAY:
            return
        if code is protocol.TAKEN:
            raise TrialTakenError(text) from error
        if code is protocol.REFUSED:
            raise ArgumentError(text) from error
        if code is protocol.ENDED:
            # Told to every thread that calls from now on: the chief does not stay to say it twice.
            self._ended = f"The chief has ended the search: {text}"
            raise ChiefError(self._ended) from error
        raise ChiefError(f"The chief at {self._address} answers {code.name}: {text}") from error

    def _check_patience(self, waited: float) -> None:
        if waited > self._patience:
            self._ended = (
                f"The chief at {self._address} has not answered for {self._patience:g} s: "
                + (_GONE if self._has_answered else _NEVER_CAME)
            )
            raise ChiefError(self._ended)

    @property
    def _patience(self) -> float:
        return NEXT_ANSWER_SECONDS if self._has_answered else FIRST_ANSWER_SECONDS

    def _tell_of_wait(self, waited: float) -> None:
        """Says what is waited for, on standard error as all that is not a result."""
        sys.stderr.write(
            f"Worker {self._sender.tuner_id!r} waits for the chief at {self._address}, since "
            f"{waited:.0f} s and for {self._patience:g} s at most.\n"
        )
        sys.stderr.flush()
