"""Studies of former versions: brought up to date by the next writer, and on a copy for readers.

Version 1 counted interruptions as failed attempts. What our oracles keep of a suggestion tells how
many failed; in studies of KerasTuner's own oracles nothing does: all count as interruptions.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from tfhpo.study.connection import transaction
from tfhpo.study.encoding import decode
from tfhpo.study.schema import SCHEMA_VERSION, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

_V1_TRIALS = (
    'number, trial_id, status, score, "values", metrics, best_step, attempt, seed, message, '
    "tuner_id, started, ended, point"
)
_V1_REPORTS = "trial, attempt, execution, step, name, value"


@contextmanager
def up_to_date(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Gives the study as it is written today; of an older one a copy in memory.

    Args:
        connection: To the study, whose tables were checked; nothing is written through it.
    """
    if _version(connection) == SCHEMA_VERSION:
        yield connection
        return
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
        connection.backup(copy)
        migrate(copy)
        yield copy


def migrate(connection: sqlite3.Connection) -> None:
    """Brings a study's tables up to date, in one transaction; does nothing where they are.

    Args:
        connection: To the study, whose tables were checked; foreign keys are not enforced through
            it, for tables are made anew.
    """
    if _version(connection) == SCHEMA_VERSION:
        return
    with transaction(connection):
        _count_interruptions(connection)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _count_interruptions(connection: sqlite3.Connection) -> None:
    """From 1 to 2: takes interruptions apart from the failed attempts that they were counted as."""
    columns = f"{_V1_TRIALS}, interruptions"
    _make_anew(connection, "trials", columns, f"{_V1_TRIALS}, 0")
    reports = _V1_REPORTS.replace("attempt", "repeat")
    _make_anew(connection, "reports", reports, _V1_REPORTS)
    begun = connection.execute("SELECT number, attempt, point FROM trials WHERE attempt > 0")
    for number, attempt, point in begun.fetchall():
        # Only the oracle has told the two apart, in what it keeps of its suggestion.
        failures = 0 if point is None else min(int(decode(point).get("failures", 0)), attempt)
        connection.execute(
            "UPDATE trials SET attempt = ?, interruptions = ? WHERE number = ?",
            (failures, attempt - failures, number),
        )


def _make_anew(connection: sqlite3.Connection, table: str, columns: str, former: str) -> None:
    """Makes a table by today's statement, with its former contents."""
    # Altering it would leave another statement than a new study has.
    connection.execute(f"CREATE TEMP TABLE former AS SELECT * FROM {table}")  # noqa: S608
    connection.execute(f"DROP TABLE {table}")
    connection.execute(TABLES[table])
    connection.execute(
        f"INSERT INTO {table} ({columns}) SELECT {former} FROM temp.former"  # noqa: S608
    )
    connection.execute("DROP TABLE temp.former")
