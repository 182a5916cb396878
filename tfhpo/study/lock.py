"""One writer per study.

The lock is an exclusive SQLite transaction on an empty file beside the study, named
`study.sqlite.lock`. The kernel frees it when its process ends, however that happens; a forked
child does not inherit it; it works on every system that SQLite works on; and unlike a lock on the
study itself it lets readers in. The empty file stays, because deleting it would let two processes
lock two files of the same name.
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from typing import TYPE_CHECKING

from tfhpo.errors import StudyError, StudyLockedError
from tfhpo.study import rows
from tfhpo.study.connection import connect, reading, translated

if TYPE_CHECKING:
    from pathlib import Path

# Long enough for a writer that is closing, short enough to answer a person.
_PATIENCE_SECONDS = 0.5


def lock_path(study: Path) -> Path:
    """Returns the lock file of a study."""
    return study.with_name(f"{study.name}.lock")


class StudyLock:
    """The right to write to a study, held until `release`.

    Args:
        study: The study file, absolute; it need not exist yet, its folder must.

    Raises:
        StudyLockedError: Another process, or this one, holds it; names the holder.
        StudyWriteError: The lock file cannot be created.
    """

    def __init__(self, study: Path) -> None:
        with translated(study, writing=True):
            self._connection = connect(lock_path(study), "mode=rwc", timeout=_PATIENCE_SECONDS)
        try:
            with translated(study, writing=True):
                # The file must stay empty: a journal would outlive a killed process.
                self._connection.execute("PRAGMA journal_mode = OFF")
                self._connection.execute("BEGIN EXCLUSIVE")
        except StudyLockedError as error:
            self._connection.close()
            raise StudyLockedError(_refusal(study)) from error
        except StudyError:
            self._connection.close()
            raise

    def release(self) -> None:
        """Gives the right back."""
        self._connection.close()


def was_abandoned(connection: sqlite3.Connection) -> bool:
    """Whether a writer's entry is left: it is removed where a study is closed."""
    return rows.has_meta(connection, "writer")


def writer_entry() -> str:
    """Returns this process as JSON, for the study's meta table."""
    return json.dumps({"pid": os.getpid(), "host": socket.gethostname()})


def _refusal(study: Path) -> str:
    try:
        with translated(study, writing=False), reading(study) as connection:
            holder = json.loads(rows.meta(connection, "writer"))
            pid, host = holder["pid"], holder["host"]
    except (StudyError, ValueError, LookupError, TypeError):
        # The holder is just about to create the study, or it is damaged: only the name is lost.
        return f"Another process is writing to the study {study}."
    who = f"process {pid} on {host}"
    if pid == os.getpid() and host == socket.gethostname():
        who = f"this process ({pid} on {host})"
    return (
        f"The study {study} is open for writing in {who}. A study has one writer; close that one."
    )
