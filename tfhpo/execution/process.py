"""One worker process, as the driver sees it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import Any

import psutil

from tfhpo.execution.descriptors import copy_above_standard
from tfhpo.execution.guard import Guard
from tfhpo.execution.killing import killed_by, signal_group
from tfhpo.execution.last_words import last_words
from tfhpo.execution.messages import STACK_SIGNAL
from tfhpo.execution.module_path import module_path
from tfhpo.execution.parcel import Address
from tfhpo.execution.resources import Slot

# The Python path comes first, because tfhpo itself may be found by it alone. Until then nothing is
# taken from the present folder, which a program that lies elsewhere does not see either. Nothing
# else is loaded that the user's program loads, so that a script needs no guard around its main
# part.
_BOOT = """
import sys
sys.path[:] = filter(None, sys.path)
from multiprocessing.connection import Connection
connection = Connection(int(sys.argv[1]))
sys.path[:], sys.argv[:] = connection.recv()
from tfhpo.execution.child import serve
serve(connection, *connection.recv())
"""
# How long a process that has let go of its channel may take to end by itself.
_ENDING_SECONDS = 5.0
# How long one may fall silent in the middle of a message, or take nothing of one that it is sent,
# while the driver can hear nobody else.
_MESSAGE_SECONDS = 20.0
_CHUNK = 1 << 16
# Of what it printed last, before what hides the cause is taken out.
_TAIL = 1 << 16
# How long one that hangs may take to say where, and how long it may pause while it does.
_STACK_SECONDS = 1.0
_STACK_PAUSE = 0.2


class WorkerProcess:
    """A fresh Python process, and a channel to it that has no name and no port.

    It leads a process group of its own, so that what it starts can be ended with it.

    Args:
        slot: Where it runs.
        address: Where the function lies.
        echo: Gets what it prints, in whole lines; None drops what goes to its standard output. The
            end of its standard error is kept in any case.
        guard: Ends it where this process does not.

    Attributes:
        connection: The channel: messages come in, payloads and answers go out.
        output: The descriptor of what it prints, to wait for; None once it is closed.
    """

    def __init__(
        self, slot: Slot, address: Address, echo: Callable[[str], None] | None, guard: Guard
    ) -> None:
        self._echo, self._guard = echo, guard
        self._tail = self._line = b""
        self.output: int | None
        ours, theirs = socket.socketpair()
        try:
            self.output, printed = os.pipe()
        except OSError:
            ours.close()
            theirs.close()
            raise
        os.set_blocking(self.output, False)
        patience = struct.pack("@ll", *divmod(round(_MESSAGE_SECONDS * 1e6), 1_000_000))
        for bound in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            ours.setsockopt(socket.SOL_SOCKET, bound, patience)
        self.connection: Connection[Any, Any] = Connection(ours.detach())
        try:
            self._popen = self._start(theirs.fileno(), printed, address, slot.env)
        except OSError:
            self._close_channels()
            raise
        finally:
            theirs.close()
            os.close(printed)
        guard.watch(self._popen.pid)
        # One that does not take them is not ready in time.
        _give(self.connection.send, (module_path(), sys.argv))
        _give(self.connection.send, (os.getpid(), address))

    def _start(
        self, theirs: int, printed: int, address: Address, env: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        flags = ["-u", "-X", "faulthandler"]
        channel = copy_above_standard(theirs)
        try:
            return subprocess.Popen(  # noqa: S603 - this interpreter, with the code above
                [sys.executable, *flags, "-c", _BOOT, str(channel)],
                env={**os.environ, **env},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL if self._echo is None else printed,
                stderr=printed,
                pass_fds=(channel, address.descriptor),
                start_new_session=True,
            )
        finally:
            os.close(channel)

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._popen.poll() is None

    def memory(self) -> int:
        """Returns its memory in bytes, without what it shares with others, such as large arrays."""
        try:
            info = psutil.Process(self._popen.pid).memory_info()
        except psutil.Error:
            # It has just ended, which its channel tells in a moment.
            return 0
        # Only Linux knows what is shared.
        return int(info.rss - getattr(info, "shared", 0))

    def send(self, content: bytes) -> bool:
        """Sends what the process waits for: a payload, or the answer to its report.

        Returns:
            Whether it takes it. One that does not, because it was stopped, must be ended.
        """
        return _give(self.connection.send_bytes, content)

    def read_output(self) -> None:
        """Takes what the process has printed, without waiting for more."""
        while self.output is not None:
            try:
                chunk = os.read(self.output, _CHUNK)
            except BlockingIOError:
                return
            self._tail = (self._tail + chunk)[-_TAIL:]
            self._print(chunk)
            if not chunk:
                self._print(b"\n" if self._line else b"")
                os.close(self.output)
                self.output = None

    def _print(self, chunk: bytes) -> None:
        if self._echo is not None:
            *lines, self._line = (self._line + chunk).split(b"\n")
            for line in lines:
                self._echo(line.decode(errors="replace"))

    def show_stack(self) -> None:
        """Has the process print where it is now, for its last words, and waits a moment for it.

        One that cannot, because it was stopped or has not begun, must be ended after this.
        """
        until = time.monotonic() + _STACK_SECONDS
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._popen.pid, STACK_SIGNAL)
        patience = _STACK_SECONDS
        while self.output is not None and time.monotonic() < until:
            if not wait([self.output], patience):
                return
            self.read_output()
            patience = _STACK_PAUSE

    def kill(self) -> None:
        """Ends the process and all that it started, without waiting for that."""
        signal_group(self._popen.pid, signal.SIGKILL)

    def close(self) -> None:
        """Ends the process and frees what belongs to it."""
        self.kill()
        self._wait()
        self._guard.forget(self._popen.pid)
        self.read_output()
        self._close_channels()

    def end(self) -> str:
        """Lets a process whose channel is closed end by itself, then closes it.

        Returns:
            How it ended: "killed by SIGSEGV", say.
        """
        self._wait()
        self.close()
        code = self._popen.returncode
        if code is None:
            return "let go of its channel and cannot be ended"
        return f"ended by itself with exit code {code}" if code >= 0 else _killed(-code)

    @property
    def was_killed(self) -> bool:
        """Whether a signal ended it."""
        return (self._popen.returncode or 0) < 0

    def last_words(self) -> str:
        """Returns the end of what it printed, as a paragraph of a message, or nothing."""
        text = last_words(self._tail)
        return f"\nIt printed last:\n{text}" if text else ""

    def _close_channels(self) -> None:
        self.connection.close()
        if self.output is not None:
            os.close(self.output)
            self.output = None

    def _wait(self) -> None:
        # One that the kernel cannot end now, in a driver call say, must not hold up the others.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(_ENDING_SECONDS)


def _give(send: Callable[[Any], None], item: Any) -> bool:
    """Sends something, and returns whether it was taken."""
    try:
        # That a process is gone is heard from its channel, where the cause is found out.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            send(item)
    except BlockingIOError:
        return False
    return True


def _killed(number: int) -> str:
    is_hard = number == signal.SIGKILL
    return killed_by(number) + (" (the kernel does so where memory runs out)" if is_hard else "")
