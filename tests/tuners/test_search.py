"""A search from its call to what it leaves: study, table, models, summaries."""

import math
from dataclasses import replace

import keras
import keras_tuner as kt
import pytest
from small_searches import (
    FIT,
    X_HELD_OUT,
    Y_HELD_OUT,
    X,
    Y,
    classifier,
    compiled,
    network,
    random_search,
    searched,
)

import tfhpo
from tfhpo.errors import StudyError


def test_every_trial_is_in_the_study_with_its_curve(finished):
    study = finished.study()
    assert finished.stop_reason == "max_trials"
    assert [trial.number for trial in study.trials] == list(range(6))
    for trial in study.trials:
        assert trial.status == "COMPLETED"
        assert set(trial.values) == {"units", "learning_rate"}
        reports = study.reports[trial.number]
        assert [(one.execution, one.step) for one in reports] == [(0, 0), (0, 1)]
        assert {"loss", "val_loss", "accuracy", "val_accuracy", "learning_rate"} == set(
            reports[0].metrics
        )
        assert reports[0].metrics["learning_rate"] == pytest.approx(trial.values["learning_rate"])
        # The score is that of the best epoch, not of the last.
        losses = [one.metrics["val_loss"] for one in reports]
        assert trial.score == min(losses)
        assert trial.best_step == losses.index(min(losses))
        assert trial.metrics["val_accuracy"] == reports[trial.best_step].metrics["val_accuracy"]


def test_the_table_has_a_row_per_trial(finished):
    table = finished.to_dataframe()
    assert list(table["score"]) == [trial.score for trial in finished.study().trials]
    assert {"values.units", "values.learning_rate", "metrics.val_accuracy"} <= set(table.columns)


def test_the_best_models_give_their_recorded_scores(finished):
    models = finished.get_best_models(2)
    best = finished.study().best(2)
    for model, trial in zip(models, best, strict=True):
        loss, accuracy = model.evaluate(X_HELD_OUT, Y_HELD_OUT, batch_size=64, verbose=0)
        assert loss == pytest.approx(trial.score, rel=1e-6)
        assert accuracy == pytest.approx(trial.metrics["val_accuracy"])


def test_the_best_hyperparameters_build_the_best_model(finished):
    best = finished.get_best_hyperparameters()[0]
    assert best.values == finished.study().best()[0].values
    model = finished.hypermodel.build(best)
    assert model.layers[0].units == best.get("units")


def test_kerastuners_summaries_tell_the_search(finished, capsys):
    finished.search_space_summary()
    space = capsys.readouterr().out
    finished.results_summary(2)
    results = capsys.readouterr().out
    assert "learning_rate (Float)" in space
    assert "units (Int)" in space
    for trial in finished.study().best(2):
        assert str(trial.score) in results
        assert f"units: {trial.values['units']}" in results


def test_another_process_reads_the_finished_search(finished):
    again = random_search(finished.directory, max_trials=6, checkpoints=2)
    assert again.get_best_hyperparameters()[0].values == finished.study().best()[0].values
    assert again.to_dataframe().equals(finished.to_dataframe())
    loss = again.get_best_models()[0].evaluate(X_HELD_OUT, Y_HELD_OUT, verbose=0)[0]
    assert loss == pytest.approx(finished.study().best()[0].score, rel=1e-6)
    assert again.remaining_trials == 0


def test_before_any_search_there_is_no_study(tmp_path):
    with pytest.raises(StudyError, match="no study"):
        random_search(tmp_path).to_dataframe()


def test_a_graph_and_a_schedule_train_as_usual(tmp_path):
    def build(hp):
        rate = hp.Float("rate", 0.01, 0.1)
        schedule = keras.optimizers.schedules.ExponentialDecay(rate, 1, 0.5)
        return compiled(network(), schedule, run_eagerly=False)

    tuner = searched(random_search(tmp_path, build, max_trials=2), batch_size=16)
    for trial in tuner.study().trials:
        rates = [one.metrics["learning_rate"] for one in tuner.study().reports[trial.number]]
        # Three steps of 16 rows per epoch.
        assert rates == pytest.approx([trial.values["rate"] * 0.5**n for n in (3, 6)], rel=1e-4)


@pytest.mark.parametrize("oracle", ["RandomOracle", "GridOracle", "ElasticGridOracle"])
def test_the_tuner_takes_any_of_our_oracles(tmp_path, oracle):
    chosen = getattr(tfhpo.oracles, oracle)("val_accuracy", 3, seed=1)
    tuner = searched(tfhpo.Tuner(chosen, classifier, directory=tmp_path), epochs=1)
    assert [trial.status for trial in tuner.study().trials] == ["COMPLETED"] * 3
    assert tuner.study().header.direction == "max"


def test_repeats_are_averaged(tmp_path):
    tuner = searched(random_search(tmp_path, max_trials=2, executions_per_trial=2))
    study = tuner.study()
    for trial in study.trials:
        reports = study.reports[trial.number]
        best = [
            min(one.metrics["val_loss"] for one in reports if one.execution == k) for k in (0, 1)
        ]
        # Each execution starts from weights of its own.
        assert best[0] != best[1]
        assert trial.score == pytest.approx(sum(best) / 2)
    # The weights on disk are those of the best epoch of all.
    number = study.best()[0].number
    loss = tuner.get_best_models()[0].evaluate(X_HELD_OUT, Y_HELD_OUT, verbose=0)[0]
    reported = [one.metrics["val_loss"] for one in study.reports[number]]
    assert loss == pytest.approx(min(reported), rel=1e-6)


def test_refit_repeats_the_best_trial(finished):
    model = finished.refit_best(verbose=0)
    best = finished.study().best()[0]
    reports = finished.study().reports[best.number]
    assert model.history.history["val_loss"] == [one.metrics["val_loss"] for one in reports]


def test_refit_needs_the_recorded_seed(finished, monkeypatch):
    study = finished.study()
    unknown = replace(study, trials=tuple(replace(one, seed=None) for one in study.trials))
    monkeypatch.setattr(finished, "study", lambda: unknown)
    with pytest.raises(StudyError, match=r"with the seed that its study recorded.*holds none"):
        finished.refit_best(verbose=0)


def test_refit_takes_other_arguments(finished):
    model = finished.refit_best(X, Y, validation_split=None, epochs=3, verbose=0)
    assert list(model.history.history) == ["accuracy", "loss"]
    assert len(model.history.epoch) == 3
    assert model.layers[0].units == finished.study().best()[0].values["units"]


def test_refit_needs_a_completed_trial(tmp_path):
    with pytest.raises(StudyError, match="known once one was completed"):
        random_search(tmp_path).refit_best(X, Y)


def test_a_search_that_is_asked_again_does_no_more(finished):
    before = finished.to_dataframe()
    finished.search(X, Y, **FIT)
    assert finished.stop_reason == "max_trials"
    assert finished.to_dataframe().equals(before)


def test_kerastuner_names_stay(finished):
    assert isinstance(finished, kt.Tuner)
    assert finished.oracle.get_best_trials(1)[0].score == finished.study().best()[0].score
    assert finished.oracle.get_best_trials(1)[0].best_step in (0, 1)
    assert math.isfinite(finished.oracle.get_trial("0000").score)
