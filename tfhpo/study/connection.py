"""Connections to a study file, and what their failures mean.

Every access goes through SQLite: opening the file in another way and closing it would drop the
locks that this process holds on it (POSIX locks belong to the process, not to the handle).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tfhpo.errors import StudyDamagedError, StudyError, StudyLockedError, StudyWriteError
from tfhpo.study.encoding import DamagedRowError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How long to wait for a reader or writer that holds the file for a moment.
BUSY_SECONDS = 5.0

# SQLite's words, since Python 3.10 does not pass on its error codes.
_LOCKED = ("is locked", "locking protocol")
_DAMAGED = ("malformed", "not a database", "unsupported file format", "no such", "decode to UTF-8")


def connect(path: Path, mode: str, *, timeout: float = BUSY_SECONDS) -> sqlite3.Connection:
    """Returns a connection without implicit transactions that any thread may use in turn.

    Args:
        path: The database, absolute.
        mode: Options of an SQLite file address, such as "mode=ro".
        timeout: Seconds to wait for a lock.
    """
    connection = sqlite3.connect(
        f"{path.as_uri()}?{mode}",
        uri=True,
        timeout=timeout,
        isolation_level=None,
        check_same_thread=False,
    )
    # The file may come from anyone: its schema must not call functions, and cells are checked.
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    """Commits what happens inside, or rolls all of it back."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        # After a full disk SQLite may have rolled back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Opens a study for reading, also while another process writes to it.

    The file stays as it is. A study whose writer was killed may need SQLite's recovery before it
    can be read; where that would have to write, it happens on a private copy.

    Args:
        path: The study file, absolute.
    """
    with closing(connect(path, "mode=ro")) as connection:
        readable = _readable(connection)
        if readable:
            yield connection
    if not readable:
        with private_copy(path) as connection:
            yield connection


def _readable(connection: sqlite3.Connection) -> bool:
    """Tells whether a read-only connection can read; damage is for the caller to find."""
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        # A rollback journal is left over, or the folder cannot take the write-ahead log's index.
        if "readonly database" in str(error) or "unable to open" in str(error):
            return False
        raise
    return True


@contextmanager
def private_copy(path: Path) -> Iterator[sqlite3.Connection]:
    """Opens a copy of a study at rest, together with what an interrupted writer left beside it."""
    with tempfile.TemporaryDirectory(prefix="tfhpo-study-") as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        for journal in journals(path):
            shutil.copyfile(journal, copy.with_name(journal.name))
        with closing(connect(copy, "mode=rw")) as connection:
            yield connection


def journals(path: Path) -> list[Path]:
    """Returns the write-ahead log and the rollback journal that lie beside a database."""
    names = (f"{path.name}-wal", f"{path.name}-journal")
    return [place for name in names if (place := path.with_name(name)).exists()]


@contextmanager
def translated(path: Path, *, writing: bool) -> Iterator[None]:
    """Turns the errors of SQLite and of the file system into those of a study.

    Args:
        path: The study file.
        writing: Whether the study was being written; decides between StudyWriteError and
            StudyError where SQLite's words leave it open.

    Raises:
        StudyDamagedError: The contents are not a study's.
        StudyLockedError: Another program holds the file.
        StudyWriteError: The file or its folder cannot be written.
        StudyError: A rule of the study was broken, or the file cannot be read.
    """
    try:
        yield
    except DamagedRowError as error:
        raise StudyDamagedError(f"The study {path} is damaged: {error}. {_UNTOUCHED}") from error
    except sqlite3.IntegrityError as error:
        raise StudyError(f"The study {path} refuses the record: {error}.") from error
    except sqlite3.Error as error:
        raise _of_sqlite(error, path, writing=writing) from error
    except OSError as error:
        raise _of_access(str(error), path, writing=writing) from error


_UNTOUCHED = "It was left as it is; restore it from a copy or start another study."


def _of_sqlite(error: sqlite3.Error, path: Path, *, writing: bool) -> StudyError:
    words = str(error)
    if any(part in words for part in _LOCKED):
        return StudyLockedError(f"Another program holds the study {path} ({words}).")
    if any(part in words for part in _DAMAGED):
        return StudyDamagedError(f"The study {path} is damaged: {words}. {_UNTOUCHED}")
    return _of_access(words, path, writing=writing)


def _of_access(words: str, path: Path, *, writing: bool) -> StudyError:
    reason = _obstacle(path, writing=writing) or words
    if writing:
        return StudyWriteError(f"Cannot write {path}: {reason}.")
    return StudyError(f"Cannot read {path}: {reason}.")


def _obstacle(path: Path, *, writing: bool) -> str | None:
    """Returns what stands in the way of the file, where SQLite only says that something does."""
    if path.is_dir():
        return "it is a folder, where a file must be"
    for parent in reversed(path.parents):
        if parent.exists() and not parent.is_dir():
            return f"{parent} is a file, where a folder must be"
    existing = next((place for place in (path, *path.parents) if place.exists()), path)
    needed = os.W_OK if writing else os.R_OK
    if not os.access(existing, needed):
        return f"no permission for {existing}"
    if writing and not os.access(existing if existing.is_dir() else existing.parent, os.W_OK):
        return f"no permission for the folder {existing.parent}"
    return None
