"""Studies that former versions wrote: readable as they lie, and brought up to date by a writer."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tfhpo.errors import StudyDamagedError
from tfhpo.study import Study, TrialStatus, read_study
from tfhpo.study.schema import SCHEMA_VERSION, TABLES

# Of a search whose trial 1 failed, was broken off and completed, and which was killed with trial 3
# running for the second time.
VERSION_1 = Path(__file__).with_name("version_1.sql")


@pytest.fixture
def former(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_1.read_text())
    return path


def check(study):
    assert [trial.status for trial in study.trials] == [TrialStatus.COMPLETED] * 3 + ["RUNNING"]
    counted = [(trial.attempt, trial.interruptions) for trial in study.trials]
    assert counted == [(0, 0), (1, 1), (0, 0), (0, 1)]
    # Of the last time that each was begun.
    steps = {number: [one.step for one in told] for number, told in study.reports.items()}
    assert steps == {number: [0, 1] for number in range(4)}


def test_a_reader_leaves_it_as_it_is(former):
    before = former.read_bytes()
    check(read_study(former))
    assert former.read_bytes() == before
    assert [file.name for file in former.parent.iterdir()] == [former.name]


def test_a_writer_brings_it_up_to_date(former):
    header = read_study(former).header
    with Study.open(former, header) as study:
        assert study.was_abandoned
    check(read_study(former))
    with closing(sqlite3.connect(former)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        kept = connection.execute("SELECT count(*) FROM reports").fetchone()
    assert found == TABLES
    # What was reported before an interruption is kept, too.
    assert kept == (12,)
    with Study.open(former, header) as study:
        assert not study.was_abandoned


def test_a_damaged_one_is_refused(former):
    header = read_study(former).header
    with closing(sqlite3.connect(former, isolation_level=None)) as connection:
        connection.execute("ALTER TABLE trials ADD COLUMN mood TEXT")
    before = former.read_bytes()
    for use in (lambda: Study.open(former, header), lambda: read_study(former)):
        with pytest.raises(StudyDamagedError, match="'trials' is missing or altered"):
            use()
    assert former.read_bytes() == before
