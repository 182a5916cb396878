"""The inside of a worker process."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import threading
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tfhpo.execution.attempt import attempt
from tfhpo.execution.engine import Function, text_of
from tfhpo.execution.messages import STACK_SIGNAL, Ready, Unready
from tfhpo.execution.parcel import Address, unpack

# How long a driver that is gone may go unnoticed where a fork of it holds its end of the channel.
_PATIENCE_SECONDS = 2.0
# Of 1000: as if it held 30 % of the machine's memory more than it does.
_OUT_OF_MEMORY_SCORE = 300


def serve(connection: Connection[Any, Any], driver: int, address: Address) -> None:
    """Runs the tasks that come until the driver lets go of the channel.

    Args:
        connection: The channel to the driver.
        driver: Its process id.
        address: Where the function lies.
    """
    # Ctrl-C goes to every process of the terminal; the driver decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # At once, whatever the function is busy with; and to the real standard error.
    faulthandler.register(STACK_SIGNAL)
    _come_before_driver()
    # A fork that outlives this process must not hide its end from the driver.
    os.register_at_fork(after_in_child=connection.close)
    inbox: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(connection, driver, inbox), daemon=True).start()
    function = _function(connection, address)
    if function is not None:
        connection.send(Ready())
        while True:
            connection.send(attempt(function, inbox.get(), inbox, connection.send))


def _come_before_driver() -> None:
    """Where memory runs out, lets Linux end this process, which costs a task, not the driver."""
    place = Path("/proc/self/oom_score_adj")
    with contextlib.suppress(OSError, ValueError):
        place.write_text(str(max(_OUT_OF_MEMORY_SCORE, int(place.read_text()))))


def _listen(connection: Connection[Any, Any], driver: int, inbox: SimpleQueue[bytes]) -> None:
    """Ends this process, in the midst of a task too, with all that it started, after the driver."""
    with contextlib.suppress(EOFError, OSError):
        while connection.poll(_PATIENCE_SECONDS) or os.getppid() == driver:
            while connection.poll():
                inbox.put(connection.recv_bytes())
    # It leads a process group of its own.
    os.killpg(os.getpid(), signal.SIGKILL)


def _function(connection: Connection[Any, Any], address: Address) -> Function | None:
    try:
        function: Function = unpack(address)
    except Exception as error:  # noqa: BLE001 - it imports the user's modules; the driver tells
        connection.send(Unready(text_of(error)))
        return None
    return function
