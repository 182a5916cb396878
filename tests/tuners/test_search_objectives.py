"""Which metric a search looks at, and which way."""

import keras
import keras_tuner as kt
import numpy as np
import pytest
from small_searches import X, Y, classifier, compiled, network, random_search, searched

from tfhpo.errors import ObjectiveError


def test_an_objective_that_is_not_measured(tmp_path):
    with pytest.raises(ObjectiveError, match=r"\['accuracy', 'loss', 'val_.*'val_auc'"):
        searched(random_search(tmp_path, objective="val_auc"))
    assert not (tmp_path / "search" / "study.sqlite").exists()


def test_a_validation_objective_without_validation(tmp_path):
    with pytest.raises(ObjectiveError, match=r"'val_loss' is measured on validation data"):
        searched(random_search(tmp_path), validation_split=None)


def test_an_objective_of_unknown_direction(tmp_path):
    with pytest.raises(ObjectiveError, match=r"'val_quality' should be small or large"):
        random_search(tmp_path, objective="val_quality")


def test_a_name_that_a_generator_hides_is_missed_after_the_first_epoch(tmp_path):
    def batches():
        while True:
            yield X, Y

    with pytest.raises(ObjectiveError, match=r"objective 'auc', metrics \['accuracy', 'loss'\]"):
        searched(
            random_search(tmp_path, objective="auc"),
            batches(),
            steps_per_epoch=1,
            batch_size=None,
            validation_split=None,
            shuffle=False,
        )


def f1_network(average):
    def build(hp):
        model = network(hp.Int("units", 2, 6))
        metrics = [keras.metrics.F1Score(average)]
        model.compile(keras.optimizers.Adam(0.1), "mse", metrics=metrics, run_eagerly=True)
        return model

    return build


ONE_HOT = np.eye(2, dtype="float32")[Y]


def test_f1_is_maximised(tmp_path):
    tuner = random_search(tmp_path, f1_network("macro"), "val_f1_score", max_trials=3)
    study = searched(tuner, X, ONE_HOT).study()
    assert study.header.direction == "max"
    assert study.best()[0].score == max(trial.score for trial in study.trials)
    for trial in study.trials:
        curve = [one.metrics["val_f1_score"] for one in study.reports[trial.number]]
        assert trial.score == max(curve)


def test_a_metric_per_class_is_no_objective(tmp_path):
    tuner = random_search(tmp_path, f1_network(None), "val_f1_score")
    with pytest.raises(ObjectiveError, match=r"of one value, \['loss', 'val_loss'\].*'val_f1"):
        searched(tuner, X, ONE_HOT)


def test_an_explicit_direction_is_kept(tmp_path):
    objective = kt.Objective("val_accuracy", "min")
    study = searched(random_search(tmp_path, objective=objective, max_trials=2)).study()
    assert study.best()[0].score == min(trial.score for trial in study.trials)


def test_the_objective_of_training_needs_no_validation(tmp_path):
    tuner = random_search(tmp_path, objective="loss", max_trials=1)
    trial = searched(tuner, validation_split=None).study().trials[0]
    assert set(trial.metrics) == {"accuracy", "loss"}


def test_epochs_without_validation_do_not_count(tmp_path):
    tuner = searched(random_search(tmp_path, max_trials=2), epochs=4, validation_freq=2)
    study = tuner.study()
    for trial in study.trials:
        measured = {
            one.step: one.metrics["val_loss"]
            for one in study.reports[trial.number]
            if "val_loss" in one.metrics
        }
        assert set(measured) == {1, 3}
        assert trial.best_step == min(measured, key=measured.get)
        assert trial.score == measured[trial.best_step]


def test_several_objectives_are_summed(tmp_path):
    objective = [kt.Objective("val_loss", "min"), kt.Objective("val_accuracy", "max")]
    tuner = searched(random_search(tmp_path, objective=objective, max_trials=2))
    study = tuner.study()
    for trial in study.trials:
        sums = [
            one.metrics["val_loss"] - one.metrics["val_accuracy"]
            for one in study.reports[trial.number]
        ]
        assert trial.score == pytest.approx(min(sums))


def test_the_objective_of_one_output(tmp_path):
    def build(hp):
        inputs = keras.Input((4,))
        hidden = keras.layers.Dense(hp.Int("units", 2, 4))(inputs)
        outputs = [keras.layers.Dense(2, name=name)(hidden) for name in ("first", "second")]
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model = keras.Model(inputs, outputs)
        model.compile("adam", [loss, loss], metrics=[["accuracy"], []], run_eagerly=True)
        return model

    tuner = random_search(tmp_path, build, "val_first_accuracy", max_trials=1)
    study = searched(tuner, X, [Y, Y]).study()
    assert study.header.direction == "max"
    assert study.trials[0].score == study.trials[0].metrics["val_first_accuracy"]


def test_the_metrics_of_a_compiled_graph_are_known_too(tmp_path):
    def build(hp):
        return compiled(network(hp.Int("units", 2, 4)), run_eagerly=False, jit_compile=True)

    with pytest.raises(ObjectiveError, match="'val_auc'"):
        searched(random_search(tmp_path, build, "val_auc"))


def test_the_check_leaves_no_trace_in_the_training(tmp_path):
    """The search draws the same numbers whether or not the data could be checked."""
    first = searched(random_search(tmp_path / "a", classifier, max_trials=1)).study().trials[0]
    keras.utils.set_random_seed(99)
    second = searched(random_search(tmp_path / "b", classifier, max_trials=1)).study().trials[0]
    assert first.score == second.score
