"""The source of a search's trials while some of them still run, without any training."""

import contextlib

import keras_tuner as kt
import pytest
from small_searches import classifier, random_search

import tfhpo
from tfhpo.execution import Failure, Outcome
from tfhpo.execution.engine import END
from tfhpo.tuners.distant import Attempt

KILLED = Outcome(failure=Failure("killed", "SIGKILL"))


@pytest.fixture
def begun():
    """Opens a tuner's study, and returns its loop."""
    with contextlib.ExitStack() as open_links:

        def begin(tuner):
            tuner._link.open()
            open_links.callback(tuner._link.close)
            return tuner._loop()

        yield begin


def complete(tuner, loop, task):
    trial = task.payload
    tuner.oracle.update_trial(trial.trial_id, {"val_loss": 0.5})
    trial.status = "COMPLETED"
    loop.take(task, Outcome(Attempt(trial, reported=True, kept=False)))


def test_a_trial_that_is_lost_last_is_run_again(tmp_path, begun):
    oracle = kt.oracles.RandomSearchOracle("val_loss", max_trials=1, max_retries_per_trial=1)
    tuner = tfhpo.Tuner(oracle, classifier, directory=tmp_path, workers=2)
    loop = begun(tuner)
    tasks = loop.tasks()
    first = next(tasks)
    assert next(tasks) is None
    loop.take(first, KILLED)
    again = next(tasks)
    assert again.key == first.key
    complete(tuner, loop, again)
    assert next(tasks, END) is END
    assert loop.stop_reason == "max_trials"
    assert [trial.status for trial in tuner.study().trials] == ["COMPLETED"]


def test_the_configurations_that_are_left_are_told_after_the_last_trial(tmp_path, begun):
    tuner = random_search(tmp_path, max_trials=1, workers=2)
    for units in (2, 3, 4):
        tuner.enqueue({"units": units})
    loop = begun(tuner)
    tasks = loop.tasks()
    first = next(tasks)
    assert next(tasks) is None
    complete(tuner, loop, first)
    with pytest.warns(UserWarning, match="2 of the queued configurations are not tried"):
        assert next(tasks, END) is END
