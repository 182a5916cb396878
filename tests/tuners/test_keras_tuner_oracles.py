"""KerasTuner's own oracles inside our tuner: the same study, table and models."""

import json

import keras
import keras_tuner as kt
import pytest
from small_searches import (
    X_HELD_OUT,
    Y_HELD_OUT,
    classifier,
    compiled,
    network,
    searched,
    weights_on_disk,
)

import tfhpo
from tfhpo.errors import ArgumentError, ObjectiveError, SearchFailedError

ORACLES = {
    "random": lambda: kt.oracles.RandomSearchOracle("val_loss", max_trials=3, seed=1),
    "grid": lambda: kt.oracles.GridSearchOracle("val_loss", max_trials=3, seed=1),
    "bayesian": lambda: kt.oracles.BayesianOptimizationOracle(
        "val_loss", max_trials=4, num_initial_points=2, seed=1
    ),
}


def tuner_of(oracle, folder, **kwargs):
    return tfhpo.Tuner(oracle, classifier, directory=folder, project_name="search", **kwargs)


# Its Gaussian process meets four trials.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", ORACLES)
def test_the_study_is_kept_beside_the_oracles_files(tmp_path, name, capsys):
    oracle = ORACLES[name]()
    tuner = searched(tuner_of(oracle, tmp_path))
    assert capsys.readouterr().out == ""
    study = tuner.study()
    assert tuner.stop_reason == "max_trials"
    assert len(study.trials) == oracle.max_trials
    for trial in study.trials:
        assert trial.status == "COMPLETED"
        curve = [one.metrics["val_loss"] for one in study.reports[trial.number]]
        assert trial.score == min(curve)
        assert trial.best_step == curve.index(min(curve))
        assert trial.values == oracle.trials[trial.trial_id].hyperparameters.values
    assert len(tuner.to_dataframe()) == oracle.max_trials
    best = study.best()[0]
    assert weights_on_disk(tuner) == [best.trial_id]
    loss = tuner.get_best_models()[0].evaluate(X_HELD_OUT, Y_HELD_OUT, verbose=0)[0]
    assert loss == pytest.approx(best.score, rel=1e-6)


@pytest.fixture(scope="module")
def hyperband(tmp_path_factory):
    """A Hyperband search that noted the epochs and the first loss of every trial."""
    oracle = kt.oracles.HyperbandOracle("val_loss", max_epochs=4, factor=2, seed=2)
    return searched(tuner_of(oracle, tmp_path_factory.mktemp("hyperband")), epochs=None)


def test_hyperband_goes_on_from_the_weights_of_its_rung(hyperband):
    study = hyperband.study()
    by_id = {trial.trial_id: trial for trial in study.trials}
    promoted = [trial for trial in study.trials if "tuner/trial_id" in trial.values]
    assert promoted
    for trial in promoted:
        former = by_id[trial.values["tuner/trial_id"]]
        epochs = [one.step for one in study.reports[trial.number]]
        assert epochs == list(
            range(trial.values["tuner/initial_epoch"], trial.values["tuner/epochs"])
        )
        # One small step away from the former's best weights, not from random ones.
        assert study.reports[trial.number][0].metrics["loss"] == pytest.approx(
            former.metrics["loss"], rel=0.2
        )


def test_hyperband_keeps_the_best_weights_alone_in_the_end(hyperband):
    best = hyperband.study().best()[0]
    assert weights_on_disk(hyperband) == [best.trial_id]
    loss = hyperband.get_best_models()[0].evaluate(X_HELD_OUT, Y_HELD_OUT, verbose=0)[0]
    assert loss == pytest.approx(best.score, rel=1e-6)


def test_hyperbands_winner_is_trained_again_for_as_long(hyperband):
    best = hyperband.get_best_hyperparameters()[0]
    model = hyperband.refit_best(verbose=0)
    assert len(model.history.epoch) == best.values["tuner/epochs"]


def test_a_search_goes_on_in_another_process(tmp_path):
    oracle = kt.oracles.RandomSearchOracle("val_loss", max_trials=2, seed=1)
    first = searched(tuner_of(oracle, tmp_path), epochs=1).study().trials
    again = kt.oracles.RandomSearchOracle("val_loss", max_trials=3, seed=1)
    tuner = searched(tuner_of(again, tmp_path), epochs=1)
    assert tuner.study().trials[:2] == first
    assert len(tuner.study().trials) == 3


def test_an_interrupted_trial_is_run_again(tmp_path):
    def interrupt(epoch, logs):
        raise KeyboardInterrupt

    def tuner():
        oracle = kt.oracles.RandomSearchOracle("val_loss", max_trials=2, seed=1)
        return tuner_of(oracle, tmp_path)

    first = tuner()
    searched(first, callbacks=lambda: [keras.callbacks.LambdaCallback(on_epoch_end=interrupt)])
    assert first.stop_reason == "interrupted"
    assert [trial.status for trial in first.study().trials] == ["RUNNING"]
    values = first.study().trials[0].values
    resumed = searched(tuner(), epochs=1).study().trials
    assert [trial.status for trial in resumed] == ["COMPLETED"] * 2
    assert resumed[0].values == values
    assert [(trial.attempt, trial.interruptions) for trial in resumed] == [(0, 1), (0, 0)]


def test_a_search_that_its_oracle_gives_up_is_recorded(tmp_path):
    def build(hp):
        model = classifier(hp)
        if building:
            raise ValueError("no model today")
        return model

    class FromTheFirstTrialOn(tfhpo.tuners.SearchListener):
        def on_trial_begin(self, trial):
            building.append(trial.number)

    def tuner():
        oracle = kt.oracles.RandomSearchOracle(
            "val_loss", max_trials=9, max_consecutive_failed_trials=2, seed=1
        )
        listeners = [FromTheFirstTrialOn()]
        return tfhpo.Tuner(
            oracle, build, directory=tmp_path, project_name="search", listeners=listeners
        )

    building = []
    first = tuner()
    with pytest.raises(SearchFailedError, match=r"(?s)RandomSearchOracle gives up.*no model today"):
        searched(first)
    trials = first.study().trials
    assert [trial.status for trial in trials] == ["FAILED"] * 2
    building.clear()
    # Its count of failures in a row is for good; what was recorded stays as it is.
    second = tuner()
    with pytest.raises(SearchFailedError, match="gives up"):
        searched(second)
    assert second.study().trials[:2] == trials


def test_a_failed_trial_keeps_its_cause(tmp_path):
    def build(hp):
        if hp.Choice("width", [2, 3]) == 3:
            raise ValueError("three is too many")
        return compiled(network(2))

    oracle = kt.oracles.GridSearchOracle("val_loss", max_trials=2)
    tuner = searched(tfhpo.Tuner(oracle, build, directory=tmp_path), epochs=1)
    trials = {trial.values["width"]: trial for trial in tuner.study().trials}
    assert trials[2].status == "COMPLETED"
    assert trials[3].status == "FAILED"
    assert "three is too many" in trials[3].message


def test_a_direction_that_kerastuner_guessed_wrong_is_refused(tmp_path):
    oracle = kt.oracles.RandomSearchOracle("val_f1_score", max_trials=1)
    with pytest.raises(ObjectiveError, match=r"minimum of 'val_f1_score'.*direction='max'"):
        tuner_of(oracle, tmp_path)


def test_kerastuners_files_stay_readable_by_kerastuner(tmp_path):
    oracle = kt.oracles.RandomSearchOracle("val_loss", max_trials=1, seed=1)
    tuner = searched(tuner_of(oracle, tmp_path), epochs=1)
    state = json.loads((tmp_path / "search" / "oracle.json").read_text())
    assert list(state["ongoing_trials"]) == []
    theirs = kt.Tuner(
        kt.oracles.RandomSearchOracle("val_loss", max_trials=1, seed=1),
        classifier,
        directory=tmp_path,
        project_name="search",
    )
    assert theirs.oracle.get_best_trials()[0].score == tuner.study().best()[0].score


def test_a_registered_range_overrides_the_builds(tmp_path):
    hyperparameters = kt.HyperParameters()
    hyperparameters.Int("units", 3, 4)
    oracle = kt.oracles.RandomSearchOracle(
        "val_loss", max_trials=2, seed=1, hyperparameters=hyperparameters
    )
    tuner = searched(tuner_of(oracle, tmp_path))
    assert {trial.values["units"] for trial in tuner.study().completed} <= {3, 4}
    assert len(tuner.study().completed) == 2


def test_what_is_no_oracle_is_refused(tmp_path):
    with pytest.raises(ArgumentError, match=r"Received: 'random'"):
        tuner_of("random", tmp_path)
