"""What a process printed last, without what hides the cause of its end."""

from __future__ import annotations

import re

# Of what was printed before a crash or a stack, the end counts; of the stack, the top.
_BEFORE = 2000
_STACK = 4000

_NOISE = re.compile(
    # faulthandler's list of all libraries, thousands of characters in one line.
    r"Extension modules: "
    # What TensorFlow and its libraries tell on every start. Other errors of theirs may be a cause.
    r"|WARNING: All log messages before absl::InitializeLog"
    r"|[IW]\d{4} \d\d:\d\d:"
    r"|\d{4}-\d\d-\d\d [\d:.]+: [IW] (tensorflow|external)/"
    r"|To enable the following instructions: "
    r"|(E\d{4} \d\d:\d\d:|\d{4}-\d\d-\d\d [\d:.]+: E (tensorflow|external)/).*"
    r"(Unable to register \w+ factory|already registered|failed call to cuInit)"
)
_CRASH = re.compile(r"^Fatal Python error: ", re.MULTILINE)
_THREAD = re.compile(r"^(Current thread|Thread) 0x[0-9a-f]+", re.MULTILINE)
# The thread of a worker that waits for its driver is in every stack.
_WAITING = re.compile(r'execution/child\.py", line \d+ in _listen')


def last_words(printed: bytes) -> str:
    """Returns the end of what a process printed, for a message, or nothing.

    Args:
        printed: What it printed, or the last of it, a stack that faulthandler wrote included.

    Returns:
        The last lines and, where there is one, the top of the stack, that of the thread which
        crashed or hangs first.
    """
    lines = printed.decode(errors="replace").splitlines()
    text = "\n".join(line for line in lines if not _NOISE.match(line)).strip()
    crash = _CRASH.search(text) or _THREAD.search(text)
    if crash is None:
        return _end(text, _BEFORE + _STACK)
    before, stack = text[: crash.start()].rstrip(), _stack(text[crash.start() :])
    return f"{_end(before, _BEFORE)}\n{_start(stack, _STACK)}".strip()


def _stack(dump: str) -> str:
    """Puts the thread that crashed, or was asked, in front of the others."""
    parts = re.split(r"\n\s*\n", dump)
    parts = [part for part in parts if not _WAITING.search(part)]
    parts.sort(key=lambda part: bool(_THREAD.match(part)) + part.startswith("Thread"))
    return "\n".join(parts)


def _end(text: str, most: int) -> str:
    """Cuts whole lines, as far as there are several, from the front."""
    if len(text) <= most:
        return text
    kept = text[-most:]
    return f"…\n{kept.partition(chr(10))[2] or kept}"


def _start(text: str, most: int) -> str:
    """Cuts whole lines, as far as there are several, from the end."""
    if len(text) <= most:
        return text
    kept = text[:most]
    return f"{kept.rpartition(chr(10))[0] or kept}\n…"
