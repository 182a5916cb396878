"""Which workers a chief counts on, and when it may go."""

import pytest

from tfhpo.errors import ArgumentError
from tfhpo.oracles.chief.attendance import Attendance, State
from tfhpo.oracles.chief.protocol import Sender, beat_seconds, sender_of

LEASE, PATIENCE, FIRST = 60, 100, 200


@pytest.fixture
def attendance(clock):
    return Attendance(LEASE, clock, patience=PATIENCE, first_patience=FIRST)


def hear(attendance, name, process="p"):
    return attendance.hear(Sender(name, process))


def test_who_speaks_is_in_the_metadata_and_any_text_is_a_name():
    sender = Sender("wörker\n1", "ab12", "max_time")
    assert sender_of([("other", "x"), *sender.metadata()]) == sender
    assert sender_of([("other", "x")]) is None


def test_a_lease_lasts_for_several_signs_of_life():
    assert beat_seconds(6.0) == 1.0
    assert beat_seconds(1e6) == 20.0


def test_it_waits_for_the_first_worker(attendance, clock):
    assert attendance.state() is State.WAITING
    clock.now += FIRST
    assert attendance.state() is State.WAITING
    clock.now += 1
    assert attendance.state() is State.ABANDONED


def test_it_waits_for_another_worker_once_all_are_gone(attendance, clock):
    hear(attendance, "a")
    assert attendance.state() is State.BUSY
    clock.now += LEASE + 1
    assert attendance.state() is State.WAITING
    clock.now += PATIENCE
    assert attendance.state() is State.WAITING
    hear(attendance, "b")
    assert attendance.state() is State.BUSY
    clock.now += LEASE + 1
    assert attendance.state() is State.WAITING
    clock.now += PATIENCE + 1
    assert attendance.state() is State.ABANDONED


def test_it_stays_until_everybody_knows_that_the_search_is_done(attendance):
    hear(attendance, "a")
    hear(attendance, "b")
    attendance.dismiss("a")
    attendance.leave("a", "max_trials")
    assert attendance.state() is State.BUSY
    attendance.dismiss("b")
    assert attendance.state() is State.BUSY
    attendance.leave("b", "max_trials")
    assert attendance.state() is State.DONE


def test_it_does_not_wait_long_for_a_goodbye(attendance, clock):
    hear(attendance, "a")
    attendance.dismiss("a")
    clock.now += 11
    assert attendance.state() is State.DONE


def test_a_worker_that_dies_between_two_trials_holds_it_up_for_a_lease(attendance, clock):
    for name in "ab":
        hear(attendance, name)
    attendance.dismiss("a")
    attendance.leave("a", "max_trials")
    clock.now += LEASE
    assert attendance.living() == ["b"]
    clock.now += 1
    assert attendance.state() is State.DONE


def test_a_budget_of_the_workers_ends_the_search(attendance):
    for name in "ab":
        hear(attendance, name)
    attendance.leave("a", "target")
    assert attendance.state() is State.BUSY
    attendance.leave("b", "interrupted")
    assert (attendance.state(), attendance.budget) == (State.DONE, "target")


def test_workers_that_failed_or_were_interrupted_may_be_followed_by_others(attendance):
    for name, reason in (("a", "error"), ("b", "interrupted")):
        hear(attendance, name)
        attendance.leave(name, reason)
    assert attendance.state() is State.WAITING


def test_a_new_process_takes_the_place_of_a_dead_one(attendance):
    assert not hear(attendance, "a", "first")
    assert not hear(attendance, "a", "first")
    assert hear(attendance, "a", "second")
    attendance.leave("a", "interrupted")
    assert not hear(attendance, "a", "third")


def test_two_processes_of_one_name_are_refused(attendance):
    hear(attendance, "a", "first")
    hear(attendance, "a", "second")
    with pytest.raises(ArgumentError, match=r"a KERASTUNER_TUNER_ID of its own\. Received: 'a'"):
        hear(attendance, "a", "first")


def test_a_second_search_calls_the_workers_back(attendance):
    hear(attendance, "a")
    attendance.leave("a", "max_trials")
    hear(attendance, "a")
    attendance.resume("a")
    assert attendance.living() == ["a"]
