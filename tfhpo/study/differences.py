"""What differs between the search on disk and the search asked for, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tfhpo.study.records import StudyHeader

_ABSENT = object()


def header_differences(stored: StudyHeader, asked: StudyHeader) -> list[str]:
    """Returns one line per value that differs; the version that wrote the study does not count.

    Dictionaries are compared key by key, anything else as a whole. It knows no more of a space
    than that; give `Study.open` a function of the space's own where that says too little.

    Args:
        stored: The header on disk.
        asked: The header of the search that wants to go on.
    """
    parts = ("objective", "direction", "settings", "space")
    return [
        line
        for part in parts
        for line in _differences(part, getattr(stored, part), getattr(asked, part))
    ]


def _differences(name: str, stored: Any, asked: Any) -> Iterator[str]:
    if isinstance(stored, Mapping) and isinstance(asked, Mapping):
        for key in dict.fromkeys((*stored, *asked)):
            yield from _differences(
                f"{name}.{key}", stored.get(key, _ABSENT), asked.get(key, _ABSENT)
            )
    elif not _same(stored, asked):
        yield f"{name}: {_told(stored)} in the study, {_told(asked)} now"


def _same(stored: Any, asked: Any) -> bool:
    """Tells whether two JSON values are equal, where 1 is not True and NaN is NaN."""
    if isinstance(stored, (list, tuple)) and isinstance(asked, (list, tuple)):
        return len(stored) == len(asked) and all(map(_same, stored, asked))
    if isinstance(stored, Mapping) and isinstance(asked, Mapping):
        return not list(_differences("", stored, asked))
    if isinstance(stored, bool) is not isinstance(asked, bool):
        return False
    return bool(stored == asked) or (stored != stored and asked != asked)


def _told(value: Any) -> str:
    return "absent" if value is _ABSENT else repr(value)
