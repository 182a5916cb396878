"""Which systems have worker processes: a channel without a name, and an end for all they start."""

from __future__ import annotations

import os

from tfhpo.errors import ArgumentError

#: What they need, as it follows that word.
NEEDED = "Linux or macOS; on Windows, WSL 2 is one"


def has_workers() -> bool:
    """Returns whether this system has them."""
    return os.name == "posix"


def check_has_workers(needs: str, instead: str = "") -> None:
    """Refuses a system that has none.

    Args:
        needs: What needs them, with its verb: "Worker processes need".
        instead: What can be done without, as a sentence.

    Raises:
        ArgumentError: If this is one.
    """
    if not has_workers():
        what_then = f" {instead}" if instead else ""
        raise ArgumentError(f"{needs} {NEEDED}.{what_then} Received: os.name={os.name!r}")
