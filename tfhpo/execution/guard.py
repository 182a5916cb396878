"""A process that outlives this one, to end what this one has started.

A worker hears of its driver's end by itself, but not while it is in a call that holds Python's
lock, which may be for ever. The guard does nothing but wait, so it always hears.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys

# Each line names a leader of a process group, after + or -; the end of them is that of whoever
# wrote them. It is small and starts quickly, because it loads nothing.
_CODE = """
import os, sys
leaders = set()
for line in sys.stdin:
    (leaders.add if line[0] == "+" else leaders.discard)(int(line[1:]))
for leader in leaders:
    try:
        os.killpg(leader, 9)
    except OSError:
        pass
"""


class Guard:
    """Kills process groups once this process is gone, however it went. For Linux and macOS.

    One that cannot be started, or is lost, is not missed until then: it is a second safeguard.
    """

    def __init__(self) -> None:
        self._popen: subprocess.Popen[bytes] | None = None
        with contextlib.suppress(OSError):
            self._popen = subprocess.Popen(  # noqa: S603 - this interpreter, with the code above
                [sys.executable, "-I", "-S", "-c", _CODE],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                # Ctrl-C is not for it.
                start_new_session=True,
            )

    def watch(self, leader: int) -> None:
        """Has a process, which leads a group, end after this one, with all that it starts."""
        self._tell(f"+{leader}\n")

    def forget(self, leader: int) -> None:
        """Leaves a process alone that has ended: another may have its number by then."""
        self._tell(f"-{leader}\n")

    def close(self) -> None:
        """Ends it, which leaves what it watches alone."""
        if self._popen is not None:
            self._popen.kill()
            # Closes its input, too.
            self._popen.communicate()

    def _tell(self, line: str) -> None:
        if self._popen is not None and self._popen.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._popen.stdin.write(line.encode())
