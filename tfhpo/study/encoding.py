"""JSON columns of the study file, both ways.

Numbers are written as Python's `json` does: `NaN` and `Infinity` survive. (SQLite's own json
functions read those from version 3.42 on.)
"""

from __future__ import annotations

import json
from typing import Any

from tfhpo.errors import ArgumentError

# Made once: it costs more than encoding one row.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class DamagedRowError(ValueError):
    """A row of the study file does not hold what its column promises."""


def encode(value: object, what: str) -> str:
    """Returns a value as JSON text.

    Args:
        value: Dictionaries with string keys, lists, strings, numbers, booleans and None.
        what: The name of the value, for the error.

    Raises:
        ArgumentError: The value is not made of JSON values.
    """
    try:
        text = _ENCODER.encode(value)
        text.encode()  # A lone surrogate passes so far and would fail in SQLite.
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentError(f"{what} must be made of JSON values ({error}).") from error
    return text


def decode(text: str) -> dict[str, Any]:
    """Returns the dictionary that `encode` was given.

    Raises:
        DamagedRowError: The text is not JSON or not a dictionary.
    """
    try:
        value = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise DamagedRowError(f"{text!r:.60} is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise DamagedRowError(f"{text!r:.60} is not a JSON dictionary")
    return value
