"""What Ray tells of an actor that was lost, with the cause in front."""

from __future__ import annotations

import re

# What matters of Ray's text lies at its beginning, once its own details are taken out.
_MOST = 1000
# Ray's guesses, the same for every process that died.
_GUESSES = re.compile(
    r"\s*(Some common causes include|There are some potential root causes).*", re.S
)
_DETAIL = re.compile(r"^\t(\w+): (.*)\n?", re.MULTILINE)
_PREFACE = re.compile(r"^The actor died unexpectedly before finishing this task\.\n")


def death(text: str) -> str:
    """Returns the cause of an actor's death, in one line, and what Ray says of it.

    Args:
        text: Ray's message.
    """
    details = dict(_DETAIL.findall(text))
    where = (
        f" (process {details['pid']} on {details['ip']})" if {"pid", "ip"} <= set(details) else ""
    )
    if "node has died" in text:
        cause = f"Its node was lost{where}."
    elif "unavailable" in text:
        cause = f"Its process or its node was lost{where}: the connection to it broke."
    else:
        cause = (
            f"Its process died{where}: it crashed, was killed, as where memory runs out, or ended "
            "by itself. Ray's log of it on its node may tell more."
        )
    return f"{cause}\nRay says: {_shortened(text)}"


def out_of_memory(text: str) -> str:
    """Returns the same for an actor that Ray has ended because its node's memory ran out."""
    return f"Its node ran out of memory, and Ray ended its process.\nRay says: {_shortened(text)}"


def _shortened(text: str) -> str:
    told = _GUESSES.sub("", _DETAIL.sub("", _PREFACE.sub("", text))).strip()
    return told if len(told) <= _MOST else f"{told[:_MOST]}…"
