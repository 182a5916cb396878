"""What is written comes back, all of it or nothing of it."""

from __future__ import annotations

import math
import os
import sqlite3
import threading

import pytest

from tfhpo.errors import ArgumentError, StudyError
from tfhpo.study import Event, Report, Study, StudyHeader, TrialStatus, read_study, store


def test_everything_comes_back_after_reopening(path, header, running, completed):
    first = Event(0, 0, "round", {"ranges": [[0.0, 1.0]]})
    second = Event(1, 1, "round", {"ranges": [[0.25, 1.0]]})
    with Study.open(path, header) as study:
        assert study.load_state() is None
        study.start(running(0), {"rng": [1, 2]}, [first])
        study.finish(completed(0), {"rng": [3]}, [second])
        study.start(running(1, tuner_id="worker-1"), {"rng": [4], "best": -math.inf})
    with Study.open(path, header) as study:
        assert study.header == header
        assert study.trials() == (completed(0), running(1, tuner_id="worker-1"))
        assert study.events() == (first, second)
        assert study.load_state() == {"rng": [4], "best": -math.inf}
        assert study.space() == header.space


def test_types_of_values_survive(path, header, running):
    values = {"flag": True, "one": 1, "unit": 1.0, "text": "1", "big": 2**70}
    with Study.open(path, header) as study:
        study.start(running(0, values=values), {})
        (trial,) = study.trials()
    assert {name: type(value) for name, value in trial.values.items()} == {
        name: type(value) for name, value in values.items()
    }
    assert trial.values == values


@pytest.mark.parametrize("score", [math.inf, -math.inf, math.nan, 5e-324, 1e308])
def test_unusual_numbers_survive(path, header, running, completed, score):
    with Study.open(path, header) as study:
        study.start(running(0), {})
        study.report(Report(0, 0, 0, 0, {"loss": score}))
        study.finish(completed(0, score), {})
    record = read_study(path)
    (trial,) = record.trials
    (report,) = record.reports[0]
    for value in (trial.score, trial.metrics["val_loss"], report.metrics["loss"]):
        assert repr(value) == repr(float(score))


@pytest.mark.parametrize("status", [TrialStatus.FAILED, TrialStatus.PRUNED])
def test_a_trial_without_score_has_none(path, header, running, status):
    ended = running(0, status=status, message="out of memory \udc80")
    with Study.open(path, header) as study:
        study.start(running(0), {})
        study.finish(ended, {})
        (trial,) = study.trials()
    assert trial.score is None
    assert trial.status is status
    assert trial.message == "out of memory \\udc80"


def test_a_trial_that_never_ended_starts_again(path, header, running, completed):
    with Study.open(path, header) as study:
        study.start(running(0), {})
        study.report(Report(0, 0, 0, 0, {"loss": 9.0}))
    with Study.open(path, header) as study:
        study.start(running(0, interruptions=1), {})
        study.report(Report(0, 1, 0, 0, {"loss": 1.0}))
        failed = running(0, interruptions=1, status=TrialStatus.INVALID, message="NaN")
        study.finish(failed, {})
        study.start(running(0, attempt=1, interruptions=1), {})
        study.report(Report(0, 2, 0, 0, {"loss": 2.0}))
        study.finish(completed(0, attempt=1, interruptions=1), {})
    record = read_study(path)
    assert record.trials == (completed(0, attempt=1, interruptions=1),)
    assert record.reports == {0: (Report(0, 2, 0, 0, {"loss": 2.0}),)}
    with sqlite3.connect(path) as connection:
        kept = connection.execute("SELECT repeat, value FROM reports ORDER BY repeat").fetchall()
    connection.close()
    assert kept == [(0, 9.0), (1, 1.0), (2, 2.0)]


def test_reports_come_in_order_and_a_repeated_step_replaces(path, header, running):
    with Study.open(path, header) as study:
        study.start(running(0), {})
        for execution, step, loss in ((1, 0, 3.0), (0, 1, 2.0), (0, 0, 1.0), (0, 1, 2.5)):
            study.report(Report(0, 0, execution, step, {"loss": loss, "acc": 0.5}))
        reports = read_study(path).reports[0]
    assert [(r.execution, r.step, r.metrics["loss"]) for r in reports] == [
        (0, 0, 1.0),
        (0, 1, 2.5),
        (1, 0, 3.0),
    ]


def test_an_ended_trial_neither_starts_nor_ends_again(path, header, running, completed):
    with Study.open(path, header) as study:
        study.start(running(0), {})
        study.finish(completed(0, 0.25), {"n": 1})
        with pytest.raises(StudyError, match=r"Trial 0 .* has ended"):
            study.start(running(0, attempt=1), {"n": 2})
        with pytest.raises(StudyError, match=r"Trial 0 .* is not running"):
            study.finish(completed(0, 0.75), {"n": 2})
        with pytest.raises(StudyError, match=r"Trial 7 .* is not running"):
            study.finish(completed(7), {"n": 2})
        assert study.trials() == (completed(0, 0.25),)
        assert study.load_state() == {"n": 1}


def test_a_refused_part_takes_the_whole_transaction_back(path, header, running, completed):
    event = Event(0, 0, "round", {})
    with Study.open(path, header) as study:
        study.start(running(0), {"n": 1}, [event])
        with pytest.raises(StudyError, match=r"events\.sequence"):
            study.finish(completed(0), {"n": 2}, [event])
        with pytest.raises(StudyError, match="trial_id"):
            study.start(running(1, trial_id="trial-0"), {"n": 2})
        with pytest.raises(StudyError, match="FOREIGN KEY"):
            study.report(Report(5, 0, 0, 0, {"loss": 1.0}))
        with pytest.raises(ArgumentError, match="The state must be made of JSON"):
            study.start(running(1), {"rng": object()})
        with pytest.raises(ArgumentError, match="Trial 1: `values` must be made of JSON"):
            study.start(running(1, values={"rate": {1, 2}}), {})
        with pytest.raises(ArgumentError, match=rf"seed={2**63}"):
            study.start(running(1, seed=2**63), {})
        assert study.trials() == (running(0),)
        assert study.load_state() == {"n": 1}
        study.finish(completed(0), {"n": 2}, [Event(1, 1, "round", {})])
        assert study.trials() == (completed(0),)


def test_statuses_that_do_not_fit_are_refused(path, header, running, completed):
    with Study.open(path, header) as study:
        with pytest.raises(ArgumentError, match="trial 0, COMPLETED"):
            study.start(completed(0), {})
        study.start(running(0), {})
        with pytest.raises(ArgumentError, match="cannot be RUNNING"):
            study.finish(running(0), {})
        with pytest.raises(ArgumentError, match="needs a score"):
            study.finish(completed(0, score=None), {})
        assert study.trials() == (running(0),)


def test_the_state_and_the_space_change_together(path, header):
    grown = {**header.space, "units": {"kind": "int"}}
    with Study.open(path, header) as study:
        study.save_state({"n": 1}, grown)
        with pytest.raises(ArgumentError, match="The space"):
            study.save_state({"n": 2}, {"units": object()})
        study.save_state({"n": 3})
    with Study.open(path, header) as study:
        assert study.load_state() == {"n": 3}
        assert study.space() == grown
        assert study.header.space == header.space


def test_a_single_file_rests_on_disk(path, header, running, completed):
    study = Study.open(path, header)
    study.start(running(0), {})
    study.close()
    study.close()
    contents = {file.name: file.stat().st_size for file in path.parent.iterdir()}
    assert contents.pop(path.name) > 0
    assert contents == {f"{path.name}.lock": 0}
    assert path.read_bytes()[18:20] == b"\x01\x01", "the header must not ask for a log"


def test_people_can_read_the_file(path, header, running, completed):
    with Study.open(path, header) as study:
        study.start(running(0), {})
        study.report(Report(0, 0, 0, 3, {"val_loss": 0.5}))
        study.finish(completed(0), {})
    connection = sqlite3.connect(path)
    trial = connection.execute(
        "SELECT number, status, score, json_extract(\"values\", '$.units') FROM trials"
    ).fetchall()
    report = connection.execute("SELECT trial, step, name, value FROM reports").fetchall()
    meta = dict(connection.execute("SELECT key, value FROM meta"))
    connection.close()
    assert trial == [(0, "COMPLETED", 0.5, 8)]
    assert report == [(0, 3, "val_loss", 0.5)]
    assert meta["objective"] == "val_loss"
    assert "writer" not in meta


def test_a_closed_study_says_so(path, header, running):
    study = Study.open(path, header)
    study.close()
    with pytest.raises(StudyError, match="is closed"):
        study.start(running(0), {})


def test_many_threads_share_one_study(path, header, running, completed):
    def work(numbers):
        for number in numbers:
            study.start(running(number), {"n": number})
            study.report(Report(number, 0, 0, 0, {"loss": float(number)}))
            study.finish(completed(number), {"n": number})

    with Study.open(path, header) as study:
        threads = [threading.Thread(target=work, args=(range(k, 80, 4),)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    record = read_study(path)
    assert record.trials == tuple(completed(number) for number in range(80))
    assert sorted(record.reports) == list(range(80))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_cannot_write_and_does_no_harm(output_of, path):
    told = output_of(
        """
with Study.open(sys.argv[1], HEADER) as study:
    study.start(running(0), {})
    child = os.fork()
    if child == 0:
        try:
            study.start(running(1), {})
        except StudyError as error:
            tell(error)
        study.close()
        os._exit(0)
    os.waitpid(child, 0)
    study.start(running(2), {})
    try:
        Study.open(sys.argv[1], HEADER)
    except StudyLockedError:
        tell("still locked")
""",
        path,
    )
    assert "forked child" in told
    assert "still locked" in told
    assert [trial.number for trial in read_study(path).trials] == [0, 2]


def test_the_disk_is_waited_for_once_a_second_at_most(path, header, running, monkeypatch):
    clock = 50.0
    monkeypatch.setattr(store.time, "monotonic", lambda: clock)
    with Study.open(path, header) as study:
        waits = []
        for moment in (50.1, 50.9, 51.0, 51.1, 53.0, 53.5):
            clock = moment
            study.save_state({})
            (level,) = study._connection.execute("PRAGMA synchronous").fetchone()
            waits.append(level)
    off, on = 1, 2
    assert waits == [off, off, on, off, on, off]


def test_without_a_write_ahead_log_the_disk_is_always_waited_for(
    path, header, running, completed, monkeypatch
):
    # This SQLite file system has no shared memory, as a network's may not.
    def connect(file, mode):
        return real(file, f"{mode}&vfs=unix-none")

    real = store.connect
    monkeypatch.setattr(store, "connect", connect)
    with Study.open(path, header) as study:
        study.start(running(0), {})
        study.save_state({})
        assert study._connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert study._connection.execute("PRAGMA synchronous").fetchone() == (2,)
        study.finish(completed(0), {})
    assert read_study(path).trials == (completed(0),)


def test_a_failed_creation_leaves_nothing(path):
    bad = StudyHeader("loss", "min", {"rate": object()}, {}, "0")
    with pytest.raises(ArgumentError, match="The space must be made of JSON"):
        Study.open(path, bad)
    assert [file.name for file in path.parent.iterdir()] == [f"{path.name}.lock"]
    with pytest.raises(ArgumentError, match="'upwards'"):
        Study.open(path, StudyHeader("loss", "upwards", {}, {}, "0"))


def test_a_draft_of_a_killed_creation_is_in_nobodys_way(path, header):
    path.with_name(f"{path.name}.new").write_bytes(b"half a study")
    with Study.open(path, header) as study:
        assert study.trials() == ()
    assert not path.with_name(f"{path.name}.new").exists()


def test_the_room_needs_no_other_package(output_of):
    told = output_of("tell(sorted({'numpy', 'pandas', 'keras', 'tensorflow'} & set(sys.modules)))")
    assert told.strip() == "[]"
