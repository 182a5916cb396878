"""How processes are ended by signals, and how that is told."""

from __future__ import annotations

import contextlib
import os
import signal


def signal_group(leader: int, number: int) -> None:
    """Sends a signal to a process that leads a group, and to all that it started.

    Args:
        leader: Its process id.
        number: The signal.
    """
    # The group may be gone, or, on macOS, hold nothing but a process that has just ended.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def killed_by(number: int) -> str:
    """Returns what is said of a process that a signal has ended: "was killed by SIGSEGV", say."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        # Real-time signals have none.
        name = f"signal {number}"
    return f"was killed by {name}"
