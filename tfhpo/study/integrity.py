"""Is this file a study, and is it whole? Asked before anything is written to it.

The structure is verified as far as SQLite can (its `quick_check`), and every row of trials,
events and state is decoded. A flipped digit inside a number is beyond both.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from tfhpo.errors import StudyError
from tfhpo.study import rows
from tfhpo.study.connection import connect, journals, private_copy
from tfhpo.study.encoding import DamagedRowError
from tfhpo.study.migration import up_to_date
from tfhpo.study.schema import APPLICATION_ID, FORMER, SCHEMA_VERSION, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tfhpo.study.records import StudyHeader


def inspect(path: Path) -> StudyHeader:
    """Returns the header of a study that nobody is writing to, after checking all of it.

    Neither the file nor its folder changes, whatever the file holds.

    Raises:
        DamagedRowError: The file is not a study, or not a whole one.
        sqlite3.DatabaseError: The same, noticed by SQLite.
        StudyError: A newer tfhpo wrote it.
    """
    with _undisturbed(path) as connection:
        check(connection, path)
        with up_to_date(connection) as current:
            for contents in (rows.trials, rows.events, rows.state, rows.space):
                contents(current)
            return rows.header(current)


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Checks kind, version, structure and tables of an open file; raises as `inspect` does."""
    (kind,) = connection.execute("PRAGMA application_id").fetchone()
    if kind != APPLICATION_ID:
        raise DamagedRowError("it is not a study of tfhpo")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise StudyError(
            f"The study {path} was written by a newer tfhpo, in format {version}; this one knows "
            f"the formats up to {SCHEMA_VERSION}. Update tfhpo."
        )
    if version < 1:
        raise DamagedRowError(f"its format number is {version}")
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise DamagedRowError(str(verdict))
    found = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
    for name, statement in FORMER.get(version, TABLES).items():
        if found.get(name) != statement:
            raise DamagedRowError(f"its table {name!r} is missing or altered")


@contextmanager
def _undisturbed(path: Path) -> Iterator[sqlite3.Connection]:
    """Opens a study at rest so that no byte of it changes and no file appears beside it."""
    # Recovery from a kill writes to the file. So it is tried on a copy first.
    if journals(path):
        with private_copy(path) as connection:
            yield connection
    else:
        with closing(connect(path, "mode=ro&immutable=1")) as connection:
            yield connection
