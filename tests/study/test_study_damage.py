"""What is not a whole study is refused, and left exactly as it is."""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
from contextlib import closing

import pytest

from tfhpo.errors import StudyDamagedError, StudyError
from tfhpo.study import Event, Report, Study, read_study

_PAGE = 4096


@pytest.fixture
def study_file(path, header, running, completed):
    """A study at rest whose tables all span several pages."""
    with Study.open(path, header) as study:
        for number in range(60):
            study.start(running(number), {"rng": list(range(2000))})
            for step in range(5):
                study.report(Report(number, 0, 0, step, {"loss": 0.5, "acc": 0.25}))
            study.finish(completed(number), {}, [Event(number, number, "round", {"a": [1] * 50})])
    return path


def _contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def _refused(path, header, match=None):
    """Both openings fail, and nothing in the folder changes, but for the lock that may appear."""
    path.with_name(f"{path.name}.lock").touch()
    before = _contents(path.parent)
    with pytest.raises(StudyDamagedError, match=re.escape(str(path))) as caught:
        Study.open(path, header)
    assert _contents(path.parent) == before
    with pytest.raises(StudyDamagedError, match=re.escape(str(path))):
        read_study(path)
    assert path.read_bytes() == before[path.name]
    if match:
        assert match in str(caught.value)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.5, 0.9])
def test_a_truncated_file(study_file, header, share):
    contents = study_file.read_bytes()
    study_file.write_bytes(contents[: int(share * len(contents))])
    _refused(study_file, header)


def test_a_file_that_lost_its_last_byte(study_file, header):
    # The last that says something: SQLite reads what is missing as zeros, and no free page at all.
    contents = study_file.read_bytes()
    pages = range(len(contents) // _PAGE)
    used = max(set(pages) - _free_pages(study_file)) + 1
    study_file.write_bytes(contents[: used * _PAGE].rstrip(b"\0")[:-1])
    _refused(study_file, header)


def test_any_overwritten_page(study_file, header):
    contents = study_file.read_bytes()
    pages = len(contents) // _PAGE
    assert pages > 15
    used = set(range(pages)) - _free_pages(study_file)
    for page in sorted(used):
        garbage = random.Random(page).randbytes(_PAGE)
        begin = page * _PAGE
        study_file.write_bytes(contents[:begin] + garbage + contents[begin + _PAGE :])
        _refused(study_file, header)


def _free_pages(path):
    """Returns the pages, from 0, that hold nothing."""
    contents = path.read_bytes()
    free, trunk = set(), int.from_bytes(contents[32:36], "big")
    while trunk:
        free.add(trunk - 1)
        start = (trunk - 1) * _PAGE
        words = [
            int.from_bytes(contents[start + 4 * k : start + 4 * k + 4], "big") for k in range(1000)
        ]
        free |= {leaf - 1 for leaf in words[2 : 2 + words[1]]}
        trunk = words[0]
    return free


def test_a_text_file(path, header):
    path.write_text("Dear diary, today I tuned a network.\n" * 100)
    _refused(path, header, "not a database")


def test_another_program_s_database(path, header):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE trials (number INTEGER)")
    _refused(path, header, "not a study of tfhpo")


def test_another_program_s_database_with_a_write_ahead_log(path, header):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE trials (number INTEGER)")
    _refused(path, header, "not a study of tfhpo")


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DROP TABLE events", "'events'"),
        ("ALTER TABLE trials ADD COLUMN mood TEXT", "'trials'"),
        ('UPDATE trials SET "values" = \'{"rate": \' WHERE number = 3', "not JSON"),
        ("UPDATE trials SET metrics = '[1]' WHERE number = 3", "not a JSON dictionary"),
        ("UPDATE state SET data = 'x'", "not JSON"),
        ("UPDATE events SET data = CAST(x'ff' AS TEXT) WHERE sequence = 3", "UTF-8"),
        ("DELETE FROM meta WHERE key = 'objective'", "'objective'"),
        ("PRAGMA user_version = 0", "format number"),
    ],
)
def test_contents_that_no_study_has(study_file, header, statement, told):
    with closing(sqlite3.connect(study_file, isolation_level=None)) as connection:
        connection.execute(statement)
    if "state" in statement:  # A reader has no use for the state.
        with pytest.raises(StudyDamagedError, match=told):
            Study.open(study_file, header)
    else:
        _refused(study_file, header, told)


def test_a_study_of_a_newer_version(study_file, header):
    with closing(sqlite3.connect(study_file)) as connection:
        connection.execute("PRAGMA user_version = 3")
    before = _contents(study_file.parent)
    for attempt in (lambda: Study.open(study_file, header), lambda: read_study(study_file)):
        with pytest.raises(StudyError, match="newer tfhpo, in format 3"):
            attempt()
    assert _contents(study_file.parent) == before


def test_a_damaged_study_of_a_killed_writer(study_file, header, running, tmp_path):
    killed = tmp_path / "killed" / study_file.name
    killed.parent.mkdir()
    with Study.open(study_file, header) as study:
        study.start(running(60), {})
        for name in (study_file.name, f"{study_file.name}-wal"):
            shutil.copy(study_file.with_name(name), killed.with_name(name))
    contents = killed.read_bytes()
    middle = len(contents) // 2 // _PAGE * _PAGE
    garbage = random.Random(0).randbytes(_PAGE)
    killed.write_bytes(contents[:middle] + garbage + contents[middle + _PAGE :])
    _refused(killed, header)


def test_an_interrupted_transaction_is_rolled_back(study_file, header, tmp_path):
    # Without a write-ahead log a kill leaves a half-written file and a journal to undo it.
    killed = tmp_path / "killed" / study_file.name
    killed.parent.mkdir()
    before = read_study(study_file)
    with closing(sqlite3.connect(study_file, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 5")
        connection.execute("BEGIN")
        connection.execute("UPDATE trials SET status = 'FAILED', metrics = '{}'")
        connection.execute("UPDATE reports SET value = 7.0")
        for name in (study_file.name, f"{study_file.name}-journal"):
            shutil.copy(study_file.with_name(name), killed.with_name(name))
        connection.execute("ROLLBACK")
    assert killed.read_bytes() != study_file.read_bytes()

    found = _contents(killed.parent)
    assert read_study(killed).trials == before.trials
    assert _contents(killed.parent) == found
    with Study.open(killed, header) as study:
        assert study.trials() == before.trials
    assert read_study(killed).reports == before.reports
