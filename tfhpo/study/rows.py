"""Records to rows and back: every SQL statement that touches a study's contents.

The functions neither begin nor end a transaction; that is the caller's business.
"""

from __future__ import annotations

import math
import sqlite3
from typing import TYPE_CHECKING, Any

from tfhpo.errors import ArgumentError
from tfhpo.study.encoding import DamagedRowError, decode, encode
from tfhpo.study.records import Event, Report, StudyHeader, TrialRecord, TrialStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

_COLUMNS = (
    "number",
    "trial_id",
    "status",
    "score",
    "values",
    "metrics",
    "best_step",
    "attempt",
    "interruptions",
    "seed",
    "message",
    "tuner_id",
    "started",
    "ended",
    "point",
)
_NAMES = ", ".join(f'"{name}"' for name in _COLUMNS)
_SETTERS = ", ".join(f'"{name}" = :{name}' for name in _COLUMNS)
_OPEN_TRIAL = "trials.status IN ('RUNNING', 'INVALID')"

_BEGIN_TRIAL = (
    f"INSERT INTO trials ({_NAMES}) VALUES ({', '.join(f':{name}' for name in _COLUMNS)}) "  # noqa: S608
    f"ON CONFLICT (number) DO UPDATE SET {_SETTERS} WHERE {_OPEN_TRIAL}"
)
_END_TRIAL = f"UPDATE trials SET {_SETTERS} WHERE number = :number AND {_OPEN_TRIAL}"  # noqa: S608
_SELECT_TRIALS = f"SELECT {_NAMES} FROM trials ORDER BY number"  # noqa: S608
_PUT_REPORT = (
    "INSERT INTO reports (trial, repeat, execution, step, name, value) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (trial, repeat, execution, step, name) DO UPDATE SET value = excluded.value"
)
_SELECT_REPORTS = (
    "SELECT reports.* FROM reports JOIN trials "
    "ON reports.trial = trials.number "
    "AND reports.repeat = trials.attempt + trials.interruptions "
    "ORDER BY reports.trial, reports.execution, reports.step, reports.name"
)
_PUT_META = (
    "INSERT INTO meta (key, value) VALUES (?, ?) "
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)
_PUT_STATE = (
    "INSERT INTO state (id, data) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET data = excluded.data"
)


# --- trials ---------------------------------------------------------------------------------


def begin_trial(connection: sqlite3.Connection, trial: TrialRecord) -> bool:
    """Writes a started trial; False when that number has ended already."""
    return connection.execute(_BEGIN_TRIAL, _trial_row(trial)).rowcount == 1


def end_trial(connection: sqlite3.Connection, trial: TrialRecord) -> bool:
    """Overwrites a started trial; False when that number was not started, or has ended."""
    return connection.execute(_END_TRIAL, _trial_row(trial)).rowcount == 1


def trials(connection: sqlite3.Connection) -> tuple[TrialRecord, ...]:
    """Returns all trials by number."""
    return tuple(_trial(row) for row in connection.execute(_SELECT_TRIALS))


def _trial_row(trial: TrialRecord) -> dict[str, Any]:
    name = f"Trial {trial.number}:"
    return {
        "number": trial.number,
        "trial_id": trial.trial_id,
        "status": TrialStatus(trial.status).value,
        "score": _real(trial.score),
        "values": encode(trial.values, f"{name} `values`"),
        "metrics": encode(trial.metrics, f"{name} `metrics`"),
        "best_step": trial.best_step,
        "attempt": trial.attempt,
        "interruptions": trial.interruptions,
        "seed": _seed(trial.seed),
        "message": _text(trial.message),
        "tuner_id": trial.tuner_id,
        "started": _real(trial.started),
        "ended": _real(trial.ended),
        "point": None if trial.point is None else encode(trial.point, f"{name} `point`"),
    }


def _trial(row: tuple[Any, ...]) -> TrialRecord:
    columns = dict(zip(_COLUMNS, row, strict=True))
    try:
        columns["status"] = TrialStatus(columns["status"])
    except ValueError as error:
        raise DamagedRowError(f"trial {columns['number']}: {error}") from error
    columns["values"] = decode(columns["values"])
    columns["metrics"] = decode(columns["metrics"])
    if columns["point"] is not None:
        columns["point"] = decode(columns["point"])
    # SQLite keeps a NaN as NULL. Only a completed trial must have a score, so there it was one.
    if columns["score"] is None and columns["status"] is TrialStatus.COMPLETED:
        columns["score"] = math.nan
    return TrialRecord(**columns)


# --- reports and events -----------------------------------------------------------------------


def put_report(connection: sqlite3.Connection, report: Report) -> None:
    """Writes one step's metrics; a repeated report of the step replaces the former."""
    place = (report.number, report.repeat, report.execution, report.step)
    rows = ((*place, name, _real(value)) for name, value in report.metrics.items())
    connection.executemany(_PUT_REPORT, rows)


def reports(connection: sqlite3.Connection) -> dict[int, tuple[Report, ...]]:
    """Returns what each trial has reported since it was begun last, by trial number."""
    found: dict[int, dict[tuple[int, int], Report]] = {}
    for number, repeat, execution, step, name, value in connection.execute(_SELECT_REPORTS):
        steps = found.setdefault(number, {})
        report = steps.get((execution, step))
        if report is None:
            report = steps[execution, step] = Report(number, repeat, execution, step, {})
        report.metrics[name] = math.nan if value is None else value
    return {number: tuple(steps.values()) for number, steps in found.items()}


def add_events(connection: sqlite3.Connection, events: Iterable[Event]) -> None:
    """Appends events; a sequence number that is taken is an error of SQLite's."""
    connection.executemany(
        "INSERT INTO events (sequence, after_trial, kind, data) VALUES (?, ?, ?, ?)",
        (
            (event.sequence, event.after_trial, event.kind, encode(event.data, "An event's data"))
            for event in events
        ),
    )


def events(connection: sqlite3.Connection) -> tuple[Event, ...]:
    """Returns all events by sequence."""
    rows = connection.execute(
        "SELECT sequence, after_trial, kind, data FROM events ORDER BY sequence"
    )
    return tuple(
        Event(sequence, after_trial, kind, decode(data))
        for sequence, after_trial, kind, data in rows
    )


# --- state, header and meta -------------------------------------------------------------------


def put_state(connection: sqlite3.Connection, state: dict[str, Any]) -> None:
    """Replaces the strategy's state."""
    connection.execute(_PUT_STATE, (encode(state, "The state"),))


def state(connection: sqlite3.Connection) -> dict[str, Any] | None:
    """Returns the strategy's state, None before the first one was written."""
    row = connection.execute("SELECT data FROM state").fetchone()
    return None if row is None else decode(row[0])


def put_meta(connection: sqlite3.Connection, key: str, value: str) -> None:
    """Writes one entry of the meta table."""
    connection.execute(_PUT_META, (key, value))


def has_meta(connection: sqlite3.Connection, key: str) -> bool:
    """Whether there is such an entry of the meta table."""
    row = connection.execute("SELECT 1 FROM meta WHERE key = ?", (key,)).fetchone()
    return row is not None


def meta(connection: sqlite3.Connection, key: str) -> str:
    """Returns one entry of the meta table.

    Raises:
        DamagedRowError: There is none.
    """
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    if row is None:
        raise DamagedRowError(f"the entry {key!r} is missing")
    return str(row[0])


def put_header(connection: sqlite3.Connection, header: StudyHeader) -> None:
    """Writes the header, and its space as the current one."""
    put_meta(connection, "objective", header.objective)
    put_meta(connection, "direction", header.direction)
    put_meta(connection, "declared_space", encode(header.space, "The space"))
    put_meta(connection, "settings", encode(header.settings, "The settings"))
    put_meta(connection, "version", header.version)
    put_space(connection, header.space)


def header(connection: sqlite3.Connection) -> StudyHeader:
    """Returns the header."""
    return StudyHeader(
        objective=meta(connection, "objective"),
        direction=meta(connection, "direction"),
        space=decode(meta(connection, "declared_space")),
        settings=decode(meta(connection, "settings")),
        version=meta(connection, "version"),
    )


def put_space(connection: sqlite3.Connection, space: dict[str, Any]) -> None:
    """Replaces the current space."""
    put_meta(connection, "space", encode(space, "The space"))


def space(connection: sqlite3.Connection) -> dict[str, Any]:
    """Returns the current space."""
    return decode(meta(connection, "space"))


# --- single values ----------------------------------------------------------------------------


def _real(value: float | None) -> float | None:
    # `float` also takes numpy's scalars, which SQLite would refuse.
    return None if value is None else float(value)


def _text(value: str | None) -> str | None:
    # An exception's text may hold half characters, from file names that are not UTF-8.
    return None if value is None else value.encode(errors="backslashreplace").decode()


def _seed(value: int | None) -> int | None:
    if value is not None and not -(2**63) <= value < 2**63:
        raise ArgumentError(f"A seed must fit in 64 bits with sign. Received: seed={value!r}.")
    return value
