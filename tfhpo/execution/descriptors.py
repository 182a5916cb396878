"""File descriptors that worker processes inherit."""

from __future__ import annotations

# After the standard input, output and error.
_FIRST = 3


def copy_above_standard(descriptor: int) -> int:
    """Copies a descriptor to a number that is none of the standard streams'.

    A process whose standard input is closed gets the number of that for what it opens next; the
    processes that it starts have streams of their own there, in place of what they should inherit.

    Returns:
        The copy, which no program inherits unasked.

    Raises:
        OSError: There are too few descriptors.
    """
    # Windows has none, where the rest of this room works.
    import fcntl

    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _FIRST)
