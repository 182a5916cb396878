"""Whether a command goes on with a study as the one before was asked to.

A study knows its space and strategy, but not the data or the epochs of its trials. Trials of other
epochs do not compare, so a command that goes on with a study must have the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfhpo.errors import StudyMismatchError
from tfhpo.study import STUDY_FILE, json_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def check_same(path: Path, contents: Mapping[str, Any], advice: str) -> None:
    """Refuses to go on with a study that was asked for otherwise.

    Args:
        path: The file of the former command; where it or the study is missing, all is well.
        contents: What must be as in the file.
        advice: What to do about a difference, for the error.

    Raises:
        StudyMismatchError: Something differs; the message lists it.
        StudyError: The file cannot be read.
    """
    # Without a study nothing was searched, and what was asked for may be corrected.
    if not (path.exists() and (path.parent / STUDY_FILE).exists()):
        return
    former = json_file.read(path)
    changes = [
        f"{name} was {_told(former.get(name))}, is {_told(value)}"
        for name, value in contents.items()
        if former.get(name) != value
    ]
    if changes:
        raise StudyMismatchError(
            f"{path.parent} holds a search of other arguments: {'; '.join(changes)}. {advice}"
        )


def _told(value: Any) -> str:
    return "not given" if value is None else str(value)
