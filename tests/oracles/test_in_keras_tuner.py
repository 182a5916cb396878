"""Our oracles inside KerasTuner's own tuners."""

import keras
import keras_tuner
import numpy as np
import pytest
import scipy.stats
import sklearn.datasets
import sklearn.svm
from driving import COMPLETED, FAILED

from tfhpo.errors import SearchFailedError, StudyMismatchError
from tfhpo.oracles import (
    BayesianOracle,
    ElasticGridOracle,
    GeneticOracle,
    GridOracle,
    PolicyGradientOracle,
    RandomOracle,
    TPEOracle,
)
from tfhpo.oracles.hyperparameters import DeclarationError

ORACLES = [
    RandomOracle,
    GridOracle,
    ElasticGridOracle,
    BayesianOracle,
    TPEOracle,
    GeneticOracle,
    PolicyGradientOracle,
]


class Numbers(keras_tuner.Tuner):
    """Its hypermodel returns the score itself."""

    def run_trial(self, trial, *args, **kwargs):
        return self.hypermodel.build(trial.hyperparameters)


@pytest.fixture
def numbers(tmp_path):
    """Searches with KerasTuner's loop, without training; returns the oracle."""

    def search(oracle, build):
        Numbers(oracle, build, directory=tmp_path, project_name="project").search()
        return oracle

    return search


def build(hp):
    if hp.Choice("kind", ["flat", "deep"]) == "deep":
        with hp.conditional_scope("kind", ["deep"]):
            return hp.Float("x", 0, 1) + hp.Int("layers", 1, 4)
    return hp.Float("y", 0, 1)


@pytest.mark.parametrize("oracle", ORACLES)
def test_a_tuner_of_numbers(numbers, oracle):
    search = numbers(oracle(max_trials=10, seed=0), build)
    trials = search.study().trials
    assert [trial.status for trial in trials] == [COMPLETED] * 10
    assert len({tuple(trial.values.items()) for trial in trials}) == 10
    assert search.get_best_trials()[0].score == min(trial.score for trial in trials)


@pytest.mark.parametrize("oracle", ORACLES)
def test_a_rerun_of_the_script_goes_on(numbers, oracle):
    numbers(oracle(max_trials=6, seed=0), build)
    again = numbers(oracle(max_trials=9, seed=0), build)
    assert [trial.attempt for trial in again.study().trials] == [0] * 9


def test_a_rerun_with_another_range_stops_at_the_first_build(numbers):
    numbers(RandomOracle(max_trials=3, seed=0), lambda hp: hp.Float("x", 0, 1))
    # Not counted as a failed trial, of which there might be many.
    with pytest.raises(DeclarationError, match=r"'x' is known as .*'1.0'.*'2.0'"):
        numbers(RandomOracle(max_trials=9, seed=0), lambda hp: hp.Float("x", 0, 2))


def test_a_rerun_with_other_settings_stops_at_once(numbers):
    numbers(RandomOracle(max_trials=3, seed=0), build)
    with pytest.raises(StudyMismatchError, match="seed: was 0, is 1"):
        numbers(RandomOracle(max_trials=9, seed=1), build)


def test_failures_keep_their_cause_and_the_search_goes_on(numbers):
    def fragile(hp):
        x = hp.Int("x", 0, 7)
        if x % 2:
            raise OSError(f"no model of {x}")
        return x

    search = numbers(RandomOracle(max_trials=8, seed=0), fragile)
    messages = {t.values["x"]: t.message for t in search.study().trials if t.status == FAILED}
    assert sorted(messages) == [1, 3, 5, 7]
    assert "OSError: no model of 3" in messages[3]


def test_a_search_that_only_fails_stops_with_the_cause(numbers):
    builds = []

    def broken(hp):
        builds.append(hp.Float("x", 0, 1))
        if len(builds) > 1:
            raise OSError("no such data")
        return 0.0

    with pytest.raises(SearchFailedError, match="OSError: no such data"):
        numbers(RandomOracle(max_trials=8, seed=0), broken)


def test_a_tuner_without_a_hypermodel_needs_registered_parameters(tmp_path):
    class Parabola(keras_tuner.Tuner):
        def run_trial(self, trial, *args, **kwargs):
            return (trial.hyperparameters.Float("x", -1, 1) - 0.25) ** 2

    registered = keras_tuner.HyperParameters()
    registered.Float("x", -1, 1)
    oracle = ElasticGridOracle(max_trials=30, seed=0, hyperparameters=registered)
    Parabola(oracle, directory=tmp_path).search()
    assert oracle.get_best_trials()[0].hyperparameters["x"] == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize(
    "oracle",
    [
        ElasticGridOracle(keras_tuner.Objective("score", "max"), 12, seed=0),
        RandomOracle(
            keras_tuner.Objective("score", "max"),
            12,
            seed=0,
            distributions={"gamma": scipy.stats.loguniform(1e-3, 1), "C": [0.1, 1.0, 10.0]},
        ),
    ],
)
def test_a_support_vector_machine_on_iris(tmp_path, oracle):
    x, y = sklearn.datasets.load_iris(return_X_y=True)

    def machine(hp):
        c = hp.Float("C", 1e-3, 1e3, sampling="log")
        return sklearn.svm.SVC(C=c, gamma=hp.Float("gamma", 1e-4, 1e1, sampling="log"))

    tuner = keras_tuner.SklearnTuner(oracle, machine, directory=tmp_path)
    tuner.search(x, y)

    assert [trial.status for trial in oracle.study().trials] == [COMPLETED] * 12
    best = oracle.get_best_trials()[0]
    assert best.score == max(trial.score for trial in oracle.study().trials) > 0.95
    (model,) = tuner.get_best_models()
    assert best.hyperparameters["C"] == model.C
    assert model.score(x, y) > 0.95


def test_a_keras_model(tmp_path):
    def model(hp):
        inputs = keras.Input((4,))
        outputs = keras.layers.Dense(1)(keras.layers.Dense(hp.Int("units", 1, 4))(inputs))
        built = keras.Model(inputs, outputs)
        built.compile(keras.optimizers.SGD(hp.Float("rate", 1e-3, 1e-1, sampling="log")), "mse")
        return built

    x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
    oracle = ElasticGridOracle("val_loss", 2, seed=0)
    tuner = keras_tuner.Tuner(oracle, model, directory=tmp_path)
    tuner.search(x, x.sum(1), validation_split=0.25, epochs=2, verbose=0)

    trials = oracle.study().trials
    assert [trial.status for trial in trials] == [COMPLETED] * 2
    assert {"loss", "val_loss"} <= set(trials[0].metrics)
    best = min(trials, key=lambda trial: trial.score)
    (loaded,) = tuner.get_best_models()
    assert loaded.evaluate(x[24:], x[24:].sum(1), verbose=0) == pytest.approx(best.score, rel=1e-4)
