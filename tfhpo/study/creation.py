"""A new study file, which appears whole or not at all."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

from tfhpo.study import rows
from tfhpo.study.connection import connect, transaction
from tfhpo.study.schema import APPLICATION_ID, SCHEMA_VERSION, TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from tfhpo.study.records import StudyHeader


def create(path: Path, header: StudyHeader) -> None:
    """Creates an empty study with its header, by a file of another name that is then renamed."""
    draft = path.with_name(f"{path.name}.new")
    # A draft of a killed process may lie there; the lock keeps living ones out.
    draft.unlink(missing_ok=True)
    try:
        with closing(connect(draft, "mode=rwc")) as connection:
            # No journal: an unfinished draft is thrown away, never rolled back.
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            with transaction(connection):
                for statement in TABLES.values():
                    connection.execute(statement)
                rows.put_header(connection, header)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # The new name, too, must survive a power loss. Windows neither needs nor allows this.
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
