"""A schedule that was planned for another length than is trained is told of, once."""

import functools
import warnings

import keras
import keras_tuner as kt
import pytest
from small_searches import FIT, X, Y, network, random_search

import tfhpo
from tfhpo.tuners import PlanWarning
from tfhpo.tuners.distant import Wire

# What `validation_split` of these searches leaves, and their batch size: 3 steps an epoch.
SAMPLES, BATCH = 48, 16


class Planned(kt.HyperModel):
    """Builds a model whose schedule is planned for this length."""

    def __init__(self, wrapped=False, **length):
        super().__init__()
        self.wrapped, self.length = wrapped, length

    def build(self, hp):
        model = network()
        plan = functools.partial(tfhpo.schedules.tunable, kinds=["cosine", "one_cycle"])
        rate = plan(hp, learning_rate=0.01, **self.length)
        optimizer = keras.optimizers.SGD(rate)
        if self.wrapped:
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer, loss=loss, metrics=["accuracy"], run_eagerly=True)
        return model


class WithBatch(Planned):
    """Takes its batch size as KerasTuner's users do."""

    def fit(self, hp, model, *args, **kwargs):
        return model.fit(*args, **{**kwargs, "batch_size": hp.Choice("batch", [8])})


def told(tuner, **fit):
    """The warnings of a search about plans."""
    fit = {**FIT, "batch_size": BATCH, **fit}
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", PlanWarning)
        tuner.search(X, Y, **fit)
    assert {trial.status.value for trial in tuner.study().trials} == {"COMPLETED"}
    return [str(one.message) for one in heard if one.category is PlanWarning]


def plan(epochs=2, samples=SAMPLES, batch_size=BATCH, **settings):
    return Planned(epochs=epochs, samples=samples, batch_size=batch_size, **settings)


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_right_plan_is_not_told_of(tmp_path, wrapped):
    assert told(random_search(tmp_path, plan(wrapped=wrapped), max_trials=1), epochs=2) == []


def test_a_longer_training_is_told_of_once_with_both_numbers(tmp_path):
    (message,) = told(random_search(tmp_path, plan(), max_trials=3), epochs=6)
    assert "planned for 6 steps, and the training takes 18: 6 epochs of 3 steps" in message
    assert "its end early" in message
    assert "`epochs`" in message


def test_a_shorter_training_is_told_of(tmp_path):
    (message,) = told(random_search(tmp_path, plan(epochs=6), max_trials=1), epochs=2)
    assert "planned for 18 steps, and the training takes 6" in message
    assert "breaks off before its end" in message


def test_another_batch_size_is_told_of(tmp_path):
    (message,) = told(random_search(tmp_path, plan(batch_size=32), max_trials=1))
    assert "planned for 4 steps, and the training takes 6" in message


def test_a_fit_of_the_users_own_is_compared_too(tmp_path):
    length = {"epochs": 2, "samples": SAMPLES}
    right = WithBatch(batch_size=8, **length)
    assert told(random_search(tmp_path / "a", right, max_trials=1)) == []
    wrong = WithBatch(batch_size=16, **length)
    (message,) = told(random_search(tmp_path / "b", wrong, max_trials=1))
    assert "planned for 6 steps, and the training takes 12" in message


def test_a_second_search_is_told_again(tmp_path):
    tuner = random_search(tmp_path, plan(), max_trials=1)
    assert len(told(tuner, epochs=4)) == 1
    tuner.oracle.max_trials = 2
    assert len(told(tuner, epochs=4)) == 1


@pytest.mark.parametrize(("epochs", "count"), [(4, 0), (2, 1)])
def test_over_rungs_the_highest_counts(tmp_path, epochs, count):
    tuner = tfhpo.Hyperband(
        plan(epochs=epochs), "val_loss", 4, factor=2, scheduler="successive-halving",
        seed=0, directory=tmp_path,
    )  # fmt: skip
    fit = {**FIT, "batch_size": BATCH}
    del fit["epochs"]
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", PlanWarning)
        tuner.search(X, Y, **fit)
    assert {trial.values["epochs"] for trial in tuner.study().trials} == {1, 2, 4}
    messages = [str(one.message) for one in heard if one.category is PlanWarning]
    assert len(messages) == count
    assert all("takes 12: 4 epochs of 3 steps" in one for one in messages)


def longer_than_planned(hp):
    """As different workers find different numbers, by their batch sizes."""
    return plan(batch_size=hp.Choice("size", [8, 16, 32])).build(hp)


@pytest.mark.slow
def test_workers_pass_it_on_once(tmp_path):
    tuner = random_search(tmp_path, longer_than_planned, max_trials=4, workers=2)
    (message,) = told(tuner, epochs=4, batch_size=lambda hp: hp.get("size"))
    assert "planned for" in message


def test_a_plan_that_is_told_where_a_trial_is_trained_is_told_in_the_search_too(tmp_path):
    """A cluster's first task trains in the search's own process, and its warnings are caught."""
    tuner = random_search(tmp_path)
    there = tuner._sent(Wire())
    for sender in (there, tuner):
        with pytest.warns(PlanWarning, match="the plan"):
            sender._tell_of_plan("the plan")
