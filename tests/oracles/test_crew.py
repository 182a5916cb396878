"""Which workers a chief counts on, and when it may go."""

import pytest

from tfhpo.errors import ArgumentError
from tfhpo.oracles.chief.crew import Crew, State
from tfhpo.oracles.chief.protocol import Sender, beat_seconds, sender_of

LEASE, PATIENCE, FIRST = 60, 100, 200


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def crew(clock):
    return Crew(LEASE, clock, patience=PATIENCE, first_patience=FIRST)


def hear(crew, name, process="p"):
    return crew.hear(Sender(name, process))


def test_who_speaks_is_in_the_metadata_and_any_text_is_a_name():
    sender = Sender("wörker\n1", "ab12", "max_time")
    assert sender_of([("other", "x"), *sender.metadata()]) == sender
    assert sender_of([("other", "x")]) is None


def test_a_lease_lasts_for_several_signs_of_life():
    assert beat_seconds(6.0) == 1.0
    assert beat_seconds(1e6) == 20.0


def test_it_waits_for_the_first_worker(crew, clock):
    assert crew.state() is State.WAITING
    clock.now = FIRST
    assert crew.state() is State.WAITING
    clock.now += 1
    assert crew.state() is State.ABANDONED


def test_it_waits_for_another_worker_once_all_are_gone(crew, clock):
    hear(crew, "a")
    assert crew.state() is State.BUSY
    clock.now = LEASE + 1
    assert crew.state() is State.WAITING
    clock.now += PATIENCE
    assert crew.state() is State.WAITING
    hear(crew, "b")
    assert crew.state() is State.BUSY
    clock.now += LEASE + 1
    assert crew.state() is State.WAITING
    clock.now += PATIENCE + 1
    assert crew.state() is State.ABANDONED


def test_it_stays_until_everybody_knows_that_the_search_is_done(crew):
    hear(crew, "a")
    hear(crew, "b")
    crew.dismiss("a")
    crew.leave("a", "max_trials")
    assert crew.state() is State.BUSY
    crew.dismiss("b")
    assert crew.state() is State.BUSY
    crew.leave("b", "max_trials")
    assert crew.state() is State.DONE


def test_it_does_not_wait_long_for_a_goodbye(crew, clock):
    hear(crew, "a")
    crew.dismiss("a")
    clock.now = 11
    assert crew.state() is State.DONE


def test_a_worker_that_dies_between_two_trials_holds_it_up_for_a_lease(crew, clock):
    for name in "ab":
        hear(crew, name)
    crew.dismiss("a")
    crew.leave("a", "max_trials")
    clock.now = LEASE
    assert crew.living() == ["b"]
    clock.now += 1
    assert crew.state() is State.DONE


def test_a_budget_of_the_workers_ends_the_search(crew):
    for name in "ab":
        hear(crew, name)
    crew.leave("a", "target")
    assert crew.state() is State.BUSY
    crew.leave("b", "interrupted")
    assert (crew.state(), crew.budget) == (State.DONE, "target")


def test_workers_that_failed_or_were_interrupted_may_be_followed_by_others(crew):
    for name, reason in (("a", "error"), ("b", "interrupted")):
        hear(crew, name)
        crew.leave(name, reason)
    assert crew.state() is State.WAITING


def test_a_new_process_takes_the_place_of_a_dead_one(crew):
    assert not hear(crew, "a", "first")
    assert not hear(crew, "a", "first")
    assert hear(crew, "a", "second")
    crew.leave("a", "interrupted")
    assert not hear(crew, "a", "third")


def test_two_processes_of_one_name_are_refused(crew):
    hear(crew, "a", "first")
    hear(crew, "a", "second")
    with pytest.raises(ArgumentError, match=r"a KERASTUNER_TUNER_ID of its own\. Received: 'a'"):
        hear(crew, "a", "first")


def test_a_second_search_calls_the_workers_back(crew):
    hear(crew, "a")
    crew.leave("a", "max_trials")
    hear(crew, "a")
    crew.resume("a")
    assert crew.living() == ["a"]
