"""The inside of a Ray actor: one worker of a cluster."""

from __future__ import annotations

import os
import pickle
import sys
import threading
from collections.abc import Mapping
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeAlias

import cloudpickle
import numpy as np

from tfhpo.execution.attempt import attempt
from tfhpo.execution.engine import Function
from tfhpo.execution.messages import Raised, Returned, Said
from tfhpo.execution.module_path import module_path
from tfhpo.execution.parcel import LARGE
from tfhpo.execution.resources import thread_bounds

Message: TypeAlias = Said | Returned | Raised


class Packed(NamedTuple):
    """A function with its data: large arrays apart, which Ray's store shares between processes.

    Attributes:
        path: Where the driver finds modules, for nodes that share its files.
        stream: The function, pickled.
        buffers: The bytes of the large arrays.
    """

    path: list[str]
    stream: bytes
    buffers: list[np.ndarray[Any, Any]]


def pack(function: Function) -> Packed:
    """Returns a function as it is put into Ray's store."""
    buffers: list[np.ndarray[Any, Any]] = []

    def keep_within(buffer: pickle.PickleBuffer) -> bool:
        content = np.frombuffer(buffer.raw(), np.uint8)
        if content.nbytes < LARGE:
            return True
        buffers.append(content)
        return False

    # Not by Ray's own cloudpickle: local classes would not come back as themselves.
    stream = cloudpickle.dumps(function, buffer_callback=keep_within)
    return Packed(module_path(), stream, buffers)


class Host:
    """Runs tasks in a thread beside Ray's own, so that each call of the driver gets one answer.

    Args:
        variables: Of the environment, where its node sets none of that name.
        threads: How many processor threads are its share, where its node's environment asks for
            no less.
    """

    def __init__(self, variables: Mapping[str, str], threads: int) -> None:
        for name, value in variables.items():
            os.environ.setdefault(name, value)
        # TensorFlow, which the function brings, reads them as it is loaded; what is loaded before,
        # Ray has bounded.
        os.environ.update(thread_bounds(threads, os.environ))
        self._inbox: SimpleQueue[bytes] = SimpleQueue()
        self._outbox: SimpleQueue[Message] = SimpleQueue()

    def load(self, content: Packed) -> None:
        """Takes the function, once."""
        sys.path.extend(entry for entry in content.path if entry not in sys.path)
        function: Function = pickle.loads(content.stream, buffers=content.buffers)  # noqa: S301
        threading.Thread(target=self._serve, args=(function,), daemon=True).start()

    def exchange(self, content: bytes) -> Message:
        """Gives the function what it waits for, and returns what it says next.

        Args:
            content: A payload, or the answer to the report before, as `dump` wrote it.
        """
        self._inbox.put(content)
        return self._outbox.get()

    def _serve(self, function: Function) -> None:
        try:
            while True:
                payload = self._inbox.get()
                self._outbox.put(attempt(function, payload, self._inbox, self._outbox.put))
        finally:
            # Only what ends a process comes here, `sys.exit` say; it would end this thread alone.
            os._exit(1)
