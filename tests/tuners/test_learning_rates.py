"""A schedule and a callback that sets the rate are not both taken."""

import keras
import pytest
from small_searches import classifier, network, random_search, searched

import tfhpo
from tfhpo.errors import ArgumentError
from tfhpo.study import TrialStatus

PLATEAU = keras.callbacks.ReduceLROnPlateau
SCHEDULER = keras.callbacks.LearningRateScheduler


def decaying():
    return keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)


def with_optimizer(optimizer):
    model = network()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, run_eagerly=True)
    return model


def scheduled(hp):
    hp.Float("rate", 0.1, 0.2)
    return with_optimizer(keras.optimizers.SGD(decaying()))


def scaled(hp):
    hp.Float("rate", 0.1, 0.2)
    return with_optimizer(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(decaying())))


def sometimes_scheduled(hp):
    rate = decaying() if hp.Choice("decay", [False, True]) else 0.1
    return with_optimizer(keras.optimizers.SGD(rate))


@pytest.mark.parametrize("build", [scheduled, scaled])
@pytest.mark.parametrize("callback", [PLATEAU(), SCHEDULER(lambda epoch, rate: rate)])
@pytest.mark.parametrize("given", [lambda one: [one], lambda one: lambda: [one]])
def test_both_are_refused_before_training(tmp_path, monkeypatch, build, callback, given):
    monkeypatch.setattr(keras.Model, "fit", None)
    tuner = random_search(tmp_path, build)
    name = type(callback).__name__
    with pytest.raises(ArgumentError, match=f"not by both.*schedule ExponentialDecay.*{name}"):
        searched(tuner, callbacks=given(callback))
    assert not (tmp_path / "search" / "study.sqlite").exists()


def test_a_schedule_that_nobody_wrote_is_told_by_its_origin(tmp_path):
    def build(hp):
        rate = tfhpo.schedules.tunable(hp, total_steps=10, kinds="constant", warmup=False)
        return with_optimizer(keras.optimizers.SGD(rate))

    with pytest.raises(ArgumentError, match=r"Constant \(made by schedules.tunable\)"):
        searched(random_search(tmp_path, build), callbacks=[PLATEAU()])


def test_a_rate_that_is_a_number_may_be_set(tmp_path):
    tuner = random_search(tmp_path, classifier, max_trials=1)
    searched(tuner, callbacks=[PLATEAU(patience=1, min_delta=10.0, monitor="loss")], epochs=3)
    assert [trial.status for trial in tuner.study().trials] == [TrialStatus.COMPLETED]


def test_a_trial_that_has_both_fails_and_says_so(tmp_path):
    tuner = random_search(tmp_path, sometimes_scheduled, max_trials=2, seed=0)
    searched(tuner, callbacks=[PLATEAU()], epochs=1)
    trials = {trial.values["decay"]: trial for trial in tuner.study().trials}
    assert trials[False].status is TrialStatus.COMPLETED
    assert trials[True].status is TrialStatus.FAILED
    assert "not by both" in trials[True].message
