"""The only writer of a study."""

from __future__ import annotations

import math
import os
import sqlite3
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfhpo.errors import ArgumentError, StudyError, StudyMismatchError
from tfhpo.study import rows
from tfhpo.study.connection import connect, transaction, translated
from tfhpo.study.creation import create
from tfhpo.study.differences import header_differences
from tfhpo.study.integrity import inspect
from tfhpo.study.lock import StudyLock, was_abandoned, writer_entry
from tfhpo.study.migration import migrate
from tfhpo.study.records import TrialStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType

    from typing_extensions import Self

    from tfhpo.study.records import Event, Report, StudyHeader, TrialRecord


#: How often the disk is waited for. A wait takes milliseconds on common machines, more than the
#: rest of a trial's recording; a killed process, unlike a loss of power, does not need it.
SYNC_SECONDS = 1.0


class Study:
    """A study on disk, open for writing.

    Made by `Study.open`. Every method that writes is one transaction: when it returns, what it
    was given survives a killed process; when it raises, nothing of it is on disk. A loss of power
    can take back the latest writes, as if they had not happened: the disk is waited for by the
    first write and by each that comes `SYNC_SECONDS` or more after the last waited-for one. Any
    thread may call any method. In a forked child the study is closed for good.

    Attributes:
        path: The study file.
        header: What was asked for.
        was_abandoned: Whether the former writer ended without closing the study: it was killed, or
            crashed.

    Example:
        >>> header = StudyHeader("val_loss", "min", space={}, settings={}, version="0.1")
        >>> with Study.open("runs/study.sqlite", header) as study:
        ...     study.start(TrialRecord(0, "a", TrialStatus.RUNNING, {"rate": 0.1}), state={})
        ...     study.report(Report(0, repeat=0, execution=0, step=0, metrics={"loss": 2.0}))
    """

    def __init__(self, path: Path, header: StudyHeader, connection: sqlite3.Connection) -> None:
        self.path = path
        self.header = header
        self.was_abandoned = was_abandoned(connection)
        self._connection = connection
        self._cleanup = ExitStack()
        self._mutex = threading.RLock()
        self._process = os.getpid()
        self._open = True
        # Whether a write-ahead log is used, when the disk was last waited for, and whether
        # SQLite is told to.
        self._logged = _configure(connection)
        self._synced = -math.inf
        self._waits = True

    @classmethod
    def open(
        cls,
        path: str | Path,
        header: StudyHeader,
        *,
        extend: bool = False,
        differences: Callable[[StudyHeader, StudyHeader], list[str]] = header_differences,
    ) -> Self:
        """Creates a study, or opens the one that is there to go on with it.

        Args:
            path: The study file; missing folders are made.
            header: What is searched, and how.
            extend: Whether to go on although the study was made for another search. Its header
                then becomes `header`, and its current space the header's.
            differences: Takes the header on disk and `header`, and returns one line per
                difference that matters, with both values. By default every value matters.

        Raises:
            ArgumentError: The direction is neither "min" nor "max", or the header is not JSON.
            StudyDamagedError: The file is not a study, or damaged; it is left as it is.
            StudyError: A newer tfhpo wrote the study.
            StudyLockedError: The study is open for writing elsewhere.
            StudyMismatchError: The study was made for another search; tells the differences.
            StudyWriteError: The file or its folder cannot be written.
        """
        if header.direction not in ("min", "max"):
            raise ArgumentError(
                f"A study's direction must be 'min' or 'max'. Received: {header.direction!r}."
            )
        # Whatever links lead to the study, there is one place for its lock.
        path = Path(os.path.realpath(path))
        with ExitStack() as stack, translated(path, writing=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = StudyLock(path)
            stack.callback(lock.release)
            stored, lines = _prepare(path, header, differences)
            if lines and not extend:
                raise StudyMismatchError(_mismatch(path, lines))
            connection = connect(path, "mode=rw")
            stack.callback(connection.close)
            migrate(connection)
            study = cls(path, header if lines else stored, connection)
            with study._transaction():
                rows.put_meta(connection, "writer", writer_entry())
                if lines:
                    rows.put_header(connection, header)
            study._cleanup = stack.pop_all()
        return study

    # --- writing ------------------------------------------------------------------------------

    def start(
        self, trial: TrialRecord, state: dict[str, Any], events: Iterable[Event] = ()
    ) -> None:
        """Records that a trial starts, and the strategy's state after suggesting it.

        A trial that never ended, or ended as INVALID, may start again: its row is replaced.

        Args:
            trial: The trial; its status is RUNNING.
            state: The strategy's whole state, of JSON values.
            events: What else the strategy wants remembered.

        Raises:
            ArgumentError: The trial is not RUNNING, or something is not JSON.
            StudyError: A trial of this number has ended, or its id or an event's sequence is taken.
            StudyWriteError: The disk refused; nothing was recorded.
        """
        if trial.status != TrialStatus.RUNNING:
            raise ArgumentError(
                f"A trial starts as RUNNING. Received: trial {trial.number}, {trial.status!s}."
            )
        with self._transaction() as connection:
            if not rows.begin_trial(connection, trial):
                raise StudyError(
                    f"Trial {trial.number} of the study {self.path} has ended; it cannot start "
                    "again."
                )
            rows.put_state(connection, state)
            rows.add_events(connection, events)

    def report(self, report: Report) -> None:
        """Records one step's metrics; a repeated report of the step replaces the former.

        Raises:
            StudyError: The trial was never started.
            StudyWriteError: The disk refused; nothing was recorded.
        """
        with self._transaction() as connection:
            rows.put_report(connection, report)

    def finish(
        self, trial: TrialRecord, state: dict[str, Any], events: Iterable[Event] = ()
    ) -> None:
        """Records the end of a trial's attempt, and the strategy's state after learning of it.

        Args:
            trial: The whole trial as it ended; it replaces what was written when it started.
                INVALID leaves it open to another attempt.
            state: The strategy's whole state, of JSON values.
            events: What else the strategy wants remembered.

        Raises:
            ArgumentError: The trial is RUNNING, or COMPLETED without a score, or something is
                not JSON.
            StudyError: The trial was never started or has ended, or an event's sequence is taken.
            StudyWriteError: The disk refused; nothing was recorded.
        """
        if trial.status == TrialStatus.RUNNING:
            raise ArgumentError(f"A finished trial cannot be RUNNING. Received: {trial.number}.")
        if trial.status == TrialStatus.COMPLETED and trial.score is None:
            raise ArgumentError(f"A COMPLETED trial needs a score. Received: {trial!r}.")
        with self._transaction() as connection:
            if not rows.end_trial(connection, trial):
                raise StudyError(
                    f"Trial {trial.number} of the study {self.path} is not running; it cannot end."
                )
            rows.put_state(connection, state)
            rows.add_events(connection, events)

    def save_state(self, state: dict[str, Any], space: dict[str, Any] | None = None) -> None:
        """Replaces the strategy's state and, when given, the current space.

        Raises:
            ArgumentError: Something is not JSON.
            StudyWriteError: The disk refused; nothing was recorded.
        """
        with self._transaction() as connection:
            rows.put_state(connection, state)
            if space is not None:
                rows.put_space(connection, space)

    # --- reading ------------------------------------------------------------------------------

    def load_state(self) -> dict[str, Any] | None:
        """Returns the strategy's last state, None in a study that has none yet."""
        with self._connected() as connection:
            return rows.state(connection)

    def space(self) -> dict[str, Any]:
        """Returns the current space: the header's, or what `save_state` made of it."""
        with self._connected() as connection:
            return rows.space(connection)

    def trials(self) -> tuple[TrialRecord, ...]:
        """Returns all trials by number."""
        with self._connected() as connection:
            return rows.trials(connection)

    def events(self) -> tuple[Event, ...]:
        """Returns all events by sequence."""
        with self._connected() as connection:
            return rows.events(connection)

    # --- closing ------------------------------------------------------------------------------

    def close(self) -> None:
        """Closes the study, leaving a single file, and lets another writer in. Twice is once."""
        with self._mutex:
            # A forked child shares the parent's file handles: it must not touch them.
            if not self._open or self._process != os.getpid():
                return
            self._open = False
            with self._cleanup, translated(self.path, writing=True):
                _settle(self._connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- transactions -------------------------------------------------------------------------

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """Gives the connection to one thread at a time."""
        if self._process != os.getpid():
            raise StudyError(
                f"The study {self.path} belongs to process {self._process}, which opened it; a "
                f"forked child ({os.getpid()}) cannot use it. Read it with `read_study`."
            )
        with self._mutex:
            if not self._open:
                raise StudyError(f"The study {self.path} is closed.")
            with translated(self.path, writing=True):
                yield self._connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction; waits for the disk when it is time to."""
        with self._connected() as connection:
            now = time.monotonic()
            due = now - self._synced >= SYNC_SECONDS
            self._wait_for_disk(due)
            with transaction(connection):
                yield connection
            if due:
                self._synced = now

    def _wait_for_disk(self, wait: bool) -> None:
        # Without a write-ahead log a loss of power could damage the file: there it always waits.
        wait = wait or not self._logged
        if wait is not self._waits:
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if wait else 'NORMAL'}")
            self._waits = wait


def _prepare(
    path: Path,
    header: StudyHeader,
    differences: Callable[[StudyHeader, StudyHeader], list[str]],
) -> tuple[StudyHeader, list[str]]:
    """Creates or checks the file; returns its header and what differs from the one asked for."""
    if not path.exists():
        create(path, header)
        return header, []
    stored = inspect(path)
    return stored, differences(stored, header)


# Of what differs so much is told: more is another search altogether.
_TOLD = 12


def _mismatch(path: Path, lines: list[str]) -> str:
    rule = (
        f"The study {path} was made for another search. Extend it on purpose (`extend=True`), "
        "discard it (`overwrite=True`), or give the new search another place (`project_name`). "
        "What differs:"
    )
    told = lines[:_TOLD]
    if len(lines) > len(told):
        told.append(f"... and {len(lines) - len(told)} more")
    return "\n  ".join([rule, *told])


def _configure(connection: sqlite3.Connection) -> bool:
    """Sets the connection up for writing; tells whether it has a write-ahead log."""
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    # With a write-ahead log readers and the writer do not wait for each other. A file system
    # that cannot have one answers with another mode, which is as safe.
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    return bool(mode == "wal")


def _settle(connection: sqlite3.Connection) -> None:
    """Brings everything into the one file, as far as the disk and the readers let it."""
    try:
        with transaction(connection):
            connection.execute("DELETE FROM meta WHERE key = 'writer'")
        connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.OperationalError:
        # A full disk, or a reader that stays. All that was recorded is safe in the write-ahead
        # log, which the next reader and the next writer take in.
        return
