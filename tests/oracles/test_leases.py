"""Trials that are lent to workers, by a clock that the test moves."""

import logging

import numpy as np
import pytest
from driving import COMPLETED, FAILED, IDLE, INVALID, RUNNING, STOPPED, declare
from keras_tuner.engine.trial import Trial
from keras_tuner.src.distribute.oracle_chief import exit_chief

from tfhpo.errors import ArgumentError, StudyError
from tfhpo.oracles import RandomOracle
from tfhpo.oracles.leases import LEASE, Leases


@pytest.fixture
def chiefs_oracle(placed, clock, port):
    """Makes an oracle that serves as a chief, its one parameter declared."""

    def make(max_trials=1, **arguments):
        given = {"seed": 0, "lease": 60, "clock": clock, **arguments}
        oracle = placed(RandomOracle("loss", max_trials, **given))
        declare(oracle, build)
        return oracle

    return make


def build(hp):
    return hp.Float("x", 0, 1)


def travelled(trial):
    """A trial as a worker has it."""
    return Trial.from_proto(trial.to_proto())


def finish(oracle, trial, score=0.5):
    oracle.update_trial(trial.trial_id, {"loss": score})
    trial.status = COMPLETED
    oracle.end_trial(trial)


# ---------------------------------------------------------------------- the bookkeeping


@pytest.mark.parametrize("seconds", [0, -1.0, True, "60"])
def test_a_lease_is_a_positive_number(seconds):
    with pytest.raises(ArgumentError, match=f"`lease` must be a positive.*Received: {seconds!r}"):
        Leases(seconds)


def test_a_lease_may_be_a_number_of_numpys():
    assert Leases(np.float32(90)).seconds == 90.0


def test_the_longest_silence_comes_first_and_only_past_its_bound(clock):
    leases = Leases(60, clock)
    leases.lend("0000", "a", 0)
    clock.now += 10
    leases.lend("0001", "b", 0)
    clock.now += 50
    assert leases.expired() is None
    clock.now += 11
    assert leases.expired() == ("a", 71)
    leases.renew("0000")
    assert leases.expired() == ("b", 61)
    leases.end("0001")
    assert leases.expired() is None


def test_without_a_number_only_those_that_give_signs_of_life_have_a_bound(clock):
    leases = Leases(None, clock)
    leases.lend("0000", "silent", 0)
    clock.now += 1e6
    assert (leases.expired(), leases.may_expire) == (None, False)
    leases.hear("speaks")
    leases.lend("0001", "speaks", 0)
    assert leases.may_expire
    clock.now += LEASE + 1
    assert leases.expired().tuner_id == "speaks"


def test_a_trial_is_held_for_one_attempt_by_one_worker(clock):
    leases = Leases(60, clock)
    leases.lend("0000", "a", 2)
    assert leases.holds("a", "0000", 2)
    for other in (("b", "0000", 2), ("a", "0001", 2), ("a", "0000", 1), ("a", "0000", None)):
        assert not leases.holds(*other)
    leases.end("0000")
    assert not leases.holds("a", "0000", 2)


# ---------------------------------------------------------------------- the oracle


def test_a_silent_workers_trial_goes_to_the_next_that_asks(chiefs_oracle, clock, caplog):
    oracle = chiefs_oracle()
    first = travelled(oracle.create_trial("a"))
    assert oracle.create_trial("b").status == IDLE
    clock.now += 61
    again = travelled(oracle.create_trial("b"))
    assert (again.trial_id, again.status) == (first.trial_id, RUNNING)
    assert "Trial 0000 has lost its worker 'a', which was not heard of for 61 s." in caplog.text
    finish(oracle, again)
    assert oracle.create_trial("b").status == STOPPED
    # KerasTuner's own chief, too, goes when nobody is left.
    assert exit_chief(oracle)
    (record,) = oracle.study().trials
    assert (record.status, record.interruptions, record.tuner_id) == (COMPLETED, 1, "b")
    assert record.values["x"] == first.hyperparameters.values["x"]


def test_the_repeat_has_the_seed_of_the_first_attempt(chiefs_oracle, clock):
    oracle = chiefs_oracle()
    first = oracle.create_trial("a")
    seed = oracle.trial_seed(first.trial_id)
    clock.now += 61
    oracle.create_trial("b")
    assert oracle.trial_seed(first.trial_id) == seed


def test_whatever_a_worker_tells_renews_its_lease(chiefs_oracle, clock):
    oracle = chiefs_oracle()
    trial = oracle.create_trial("a")
    for step in range(3):
        clock.now += 50
        oracle.update_trial(trial.trial_id, {"tfhpo/execution0/loss": 1.0}, step)
        assert oracle.create_trial("b").status == IDLE
        clock.now += 50
        oracle.leases.hear("a")
        assert oracle.create_trial("b").status == IDLE
    finish(oracle, trial)
    assert oracle.create_trial("b").status == STOPPED


def test_a_late_worker_goes_on_where_nobody_else_has_taken_its_trial(chiefs_oracle, clock):
    oracle = chiefs_oracle()
    trial = travelled(oracle.create_trial("a"))
    clock.now += 1000
    finish(oracle, trial)
    (record,) = oracle.study().trials
    assert (record.status, record.repeat) == (COMPLETED, 0)


def test_a_late_result_is_not_recorded(chiefs_oracle, clock, caplog):
    oracle = chiefs_oracle()
    late = travelled(oracle.create_trial("a"))
    clock.now += 61
    again = travelled(oracle.create_trial("b"))
    late.status = COMPLETED
    oracle.end_trial(late)
    assert "after it was taken from it" in caplog.text
    assert oracle.study().trials[0].status == RUNNING
    finish(oracle, again, 0.25)
    # Nor after the end of the other's.
    assert oracle.update_trial(late.trial_id, {"loss": 0.0}).status == STOPPED
    oracle.end_trial(late)
    (record,) = oracle.study().trials
    assert (record.score, record.metrics, record.tuner_id) == (0.25, {"loss": 0.25}, "b")


def test_a_trial_that_loses_a_third_worker_fails(chiefs_oracle, clock):
    oracle = chiefs_oracle(2, max_consecutive_failed_trials=None)
    for worker in "abc":
        assert oracle.create_trial(worker).trial_id == "0000"
        clock.now += 61
    other = oracle.create_trial("d")
    assert other.trial_id == "0001"
    record = oracle.study().trials[0]
    assert (record.status, record.interruptions) == (FAILED, 2)
    assert record.message.startswith("WorkerLost: Trial 0000 has lost its worker 'c'")
    assert record.ended is not None


def test_lost_workers_are_remembered_by_the_study(chiefs_oracle, clock):
    oracle = chiefs_oracle(max_consecutive_failed_trials=None)
    oracle.create_trial("a")
    clock.now += 61
    oracle.create_trial("b")
    oracle.close()
    later = chiefs_oracle(max_consecutive_failed_trials=None)
    for worker in "cd":
        assert later.create_trial(worker).status == RUNNING
        clock.now += 61
    assert later.create_trial("e").status == STOPPED
    assert later.study().trials[0].status == FAILED


def test_a_lost_worker_is_no_failure_of_the_trial(chiefs_oracle, clock):
    oracle = chiefs_oracle(max_retries_per_trial=1, max_consecutive_failed_trials=None)
    oracle.create_trial("a")
    clock.now += 61
    for _ in range(2):
        trial = oracle.create_trial("b")
        trial.status, trial.message = INVALID, "OSError: none"
        oracle.end_trial(trial)
    (record,) = oracle.study().trials
    assert (record.status, record.message) == (FAILED, "OSError: none")
    assert (record.attempt, record.interruptions) == (1, 1)


def test_a_worker_that_leaves_gives_its_trial_back_at_once(chiefs_oracle, caplog):
    caplog.set_level(logging.WARNING)
    oracle = chiefs_oracle()
    for _ in range(4):
        assert oracle.create_trial("a").status == RUNNING
        oracle.release("a", "has left", is_loss=False)
    assert oracle.create_trial("b").status == RUNNING
    oracle.release("nobody", "was never there")


def test_there_are_no_leases_without_a_chief(placed, clock):
    oracle = placed(RandomOracle("loss", 1, seed=0, lease=60, clock=clock))
    declare(oracle, build)
    trial = oracle.create_trial("a")
    clock.now += 1000
    assert oracle.create_trial("b").status == STOPPED
    finish(oracle, trial)
    with pytest.raises(StudyError, match="ended once"):
        oracle.end_trial(trial)
