"""JSON files that lie in the study's folder, beside the study.

A study knows its space, its strategy and its trials. What else a search that goes on must know of
the one before is in such files: small, and each written by one process.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfhpo.errors import StudyDamagedError, StudyError, StudyWriteError


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
