"""An optimiser, its schedule and a batch size as ready parameters, through a whole search."""

import functools
import warnings

import keras
import numpy as np
import pytest
from small_searches import X, Y, network, random_search, searched
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata, plugin_data_pb2

import tfhpo
from tfhpo.hp import AdviceWarning
from tfhpo.oracles.hyperparameters import TrackedHyperParameters

EPOCHS, SAMPLES = 3, 48


def scheduled_classifier(hp):
    """Its schedule is as long as its training, which the batch size decides."""
    model = network()
    plan = functools.partial(
        tfhpo.schedules.tunable,
        epochs=EPOCHS,
        samples=SAMPLES,
        batch_size=batch_size(hp),
        kinds=["cosine", "exponential"],
    )
    model.compile(
        tfhpo.hp.optimizer(hp, ["adam", "nesterov"], schedule=plan, clipnorm=1.0),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        run_eagerly=True,
    )
    return model


def batch_size(hp):
    return tfhpo.hp.batch_size(hp, minimum=16, maximum=32)


@pytest.fixture(scope="module")
def logdir(tmp_path_factory):
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="module")
def search(tmp_path_factory, logdir):
    folder = tmp_path_factory.mktemp("scheduled")
    tuner = random_search(folder, scheduled_classifier, max_trials=4, logdir=logdir)
    return searched(tuner, epochs=EPOCHS, batch_size=batch_size)


def active_kind(values):
    return values[f"{values['optimizer']}_schedule"]


def test_every_trial_read_one_optimiser_and_one_schedule(search):
    trials = search.study().trials
    assert {trial.status.value for trial in trials} == {"COMPLETED"}
    for trial in trials:
        own = trial.values["optimizer"]
        kinds = {"cosine", "exponential"} - {active_kind(trial.values)}
        for name in set(trial.values) - {"optimizer", "batch_size"}:
            assert name.startswith(f"{own}_")
            assert not any(kind in name for kind in kinds)
    assert len({(t.values["optimizer"], active_kind(t.values)) for t in trials}) > 1


def test_the_rate_told_for_an_epoch_is_the_schedules_after_its_steps(search):
    study = search.study()
    for trial in study.trials:
        hp = TrackedHyperParameters()
        hp.values = dict(trial.values)
        schedule = scheduled_classifier(hp).optimizer._learning_rate
        steps = -(-SAMPLES // trial.values["batch_size"]) * np.arange(1, EPOCHS + 1)
        told = [report.metrics["learning_rate"] for report in study.reports[trial.number]]
        assert told == pytest.approx(np.asarray(schedule(steps)), rel=1e-5)
        assert told[0] > told[-1]


def test_tensorboard_shows_each_epochs_rate_and_the_kind(search, logdir):
    study = search.study()
    runs = {}
    for folder in {path.parent for path in logdir.rglob("*tfevents*")}:
        events = EventAccumulator(str(folder))
        events.Reload()
        content = events.PluginTagToContent(metadata.PLUGIN_NAME)
        if metadata.SESSION_START_INFO_TAG in content:
            data = plugin_data_pb2.HParamsPluginData.FromString(
                content[metadata.SESSION_START_INFO_TAG]
            )
            runs[data.session_start_info.group_name] = (
                dict(data.session_start_info.hparams),
                [(one.step, one.value) for one in events.Scalars("learning_rate")],
            )
    assert len(runs) == len(study.trials)
    for trial in study.trials:
        hparams, rates = runs[trial.trial_id]
        name = f"{trial.values['optimizer']}_schedule"
        assert hparams[name].string_value == trial.values[name]
        told = [report.metrics["learning_rate"] for report in study.reports[trial.number]]
        assert rates == [(epoch, pytest.approx(rate)) for epoch, rate in enumerate(told)]


def test_a_reloaded_model_has_its_schedule(search, tmp_path):
    model = search.get_best_models()[0]
    model.save(tmp_path / "best.keras")
    reloaded = keras.models.load_model(tmp_path / "best.keras")
    rates = [one.optimizer._learning_rate.get_config() for one in (model, reloaded)]
    assert rates[0] == rates[1]


class Layers:
    """Builds a network in which dropout stands straight before batch normalisation."""

    def __init__(self, *layers):
        self.layers = layers

    def __call__(self, hp):
        made = [layer() for layer in self.layers]
        model = keras.Sequential([keras.Input((4,)), *made, keras.layers.Dense(2)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(tfhpo.hp.optimizer(hp, "adam"), loss=loss, run_eagerly=True)
        return model


def advised(folder, *layers, **fit):
    """The advice that a search of two trials gives."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", AdviceWarning)
        build = Layers(*layers)
        tuner = random_search(folder, lambda hp: build(hp), max_trials=2)
        searched(tuner, X[:8], Y[:8], epochs=1, **fit)
    return [str(one.message) for one in heard if one.category is AdviceWarning]


def test_a_search_advises_once(tmp_path):
    layers = functools.partial(keras.layers.Dropout, 0.5), keras.layers.BatchNormalization
    (told,) = advised(tmp_path, *layers)
    assert "straight before the batch normalisation" in told


def test_a_search_advises_on_its_batch_size(tmp_path):
    normalised = keras.layers.BatchNormalization
    (told,) = advised(tmp_path / "one", normalised, batch_size=lambda: 1)
    assert "The batch size is 1" in told
    assert advised(tmp_path / "two", normalised, batch_size=16) == []
