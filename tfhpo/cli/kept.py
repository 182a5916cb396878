"""What a command was asked for, kept as a JSON file in the study's folder.

A study knows its space and strategy, but not the data or the epochs of its trials. Trials of other
epochs do not compare, so a command that goes on with a study must have the same.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tfhpo.errors import StudyDamagedError, StudyError, StudyMismatchError, StudyWriteError
from tfhpo.study import STUDY_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write(path: Path, contents: Mapping[str, Any]) -> None:
    """Writes the file in place of a former one; its folder is made where it is missing.

    Raises:
        StudyWriteError: It cannot be written.
    """
    draft = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(contents, indent=2) + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise StudyWriteError(
            f"The study's folder must be writable. Received: {path.parent} ({error})."
        ) from error


def read(path: Path) -> dict[str, Any]:
    """Returns what the file holds.

    Raises:
        StudyError: It is not there, or cannot be read.
        StudyDamagedError: It holds something else.
    """
    try:
        contents = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StudyError(f"{path} cannot be read ({error}).") from error
    except ValueError as error:
        raise StudyDamagedError(f"{path} is damaged: it is not JSON ({error}).") from error
    if not isinstance(contents, dict):
        raise StudyDamagedError(f"{path} is damaged: it is not a JSON dictionary.")
    return contents


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
    former = read(path)
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
