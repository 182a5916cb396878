"""Search spaces as people write them: plain `if`s, scopes, parameters that appear later."""

import keras_tuner as kt
import pytest
import scipy.stats
from small_searches import compiled, network, random_search, searched

import tfhpo


def test_unread_parameters_are_no_part_of_a_trial(tmp_path):
    def build(hp):
        if hp.Boolean("deep"):
            return compiled(network(hp.Int("width", 2, 12)))
        return compiled(network(1))

    tuner = searched(random_search(tmp_path, build, max_trials=12), epochs=1, batch_size=64)
    trials = tuner.study().trials
    # One shallow model and eleven deep ones: twelve trials are twelve distinct models.
    assert len({tuple(sorted(trial.values.items())) for trial in trials}) == 12
    for trial in trials:
        assert ("width" in trial.values) == trial.values["deep"]
    assert tuner.stop_reason == "max_trials"
    table = tuner.to_dataframe()
    assert table["values.width"].isna().sum() == 1


def test_conditional_scopes(tmp_path):
    def build(hp):
        kind = hp.Choice("optimizer", ["adam", "sgd"])
        with hp.conditional_scope("optimizer", ["sgd"]):
            if kind == "sgd":
                hp.Float("momentum", 0.0, 0.9)
                nesterov = hp.Boolean("nesterov")
                with hp.conditional_scope("nesterov", [True]):
                    if nesterov:
                        hp.Int("deepest", 1, 3)
        with hp.conditional_scope("optimizer", ["adam"]):
            if kind == "adam":
                hp.Float("beta", 0.5, 0.9)
        return compiled(network(2))

    tuner = random_search(tmp_path, build, max_trials=6)
    # All of it is known before the first trial.
    assert {hp.name for hp in tuner.oracle.get_space().space} == {
        "optimizer",
        "momentum",
        "nesterov",
        "deepest",
        "beta",
    }
    for trial in searched(tuner, epochs=1).study().trials:
        sgd = trial.values["optimizer"] == "sgd"
        assert ("momentum" in trial.values) == sgd
        assert ("beta" in trial.values) == (not sgd)
        assert ("deepest" in trial.values) == bool(trial.values.get("nesterov"))


def test_a_parameter_that_appears_in_mid_search(tmp_path):
    def build(hp):
        units = hp.Int("units", 2, 6)
        # At its default of two units the build does not know of this one.
        rate = hp.Float("late", 0.01, 0.1) if units > 3 else 0.05
        return compiled(network(units), rate)

    tuner = random_search(tmp_path, build, max_trials=8)
    assert [hp.name for hp in tuner.oracle.get_space().space] == ["units"]
    study = searched(tuner, epochs=1).study()
    late = [trial.values["late"] for trial in study.trials if trial.values["units"] > 3]
    assert all("late" not in trial.values for trial in study.trials if trial.values["units"] <= 3)
    # The first that meets it has its default; the later ones search it.
    assert late[0] == 0.01
    assert len(set(late)) == len(late) > 2
    # A second process takes up the space as it has grown.
    more = searched(random_search(tmp_path, build, max_trials=10), epochs=1).study()
    assert more.trials[:8] == study.trials
    assert len(more.trials) == 10


def test_distributions_by_name(tmp_path):
    tuner = random_search(
        tmp_path,
        distributions={"units": [2, 5], "learning_rate": scipy.stats.loguniform(0.01, 0.02)},
        max_trials=4,
    )
    for trial in searched(tuner, epochs=1).study().trials:
        assert trial.values["units"] in (2, 5)
        assert 0.01 <= trial.values["learning_rate"] <= 0.02


def test_a_registered_range_overrides_the_builds_to_the_end(tmp_path):
    hp = kt.HyperParameters()
    hp.Int("units", 7, 9)

    def build(hp):
        return compiled(network(hp.Int("units", 2, 4)))

    tuner = searched(random_search(tmp_path, build, max_trials=2, hyperparameters=hp), epochs=1)
    best = tuner.study().best()[0].values["units"]
    assert 7 <= best <= 9
    assert tuner.get_best_models()[0].layers[0].units == best
    assert tuner.refit_best(verbose=0).layers[0].units == best


def test_a_space_of_one_value(tmp_path):
    def build(hp):
        return compiled(network(hp.Fixed("units", 3)))

    tuner = searched(random_search(tmp_path, build, max_trials=5), epochs=1)
    assert tuner.stop_reason == "exhausted"
    assert [trial.values for trial in tuner.study().trials] == [{"units": 3}]


def test_a_hypermodel_from_a_file_of_its_own(tmp_path):
    class Model(kt.HyperModel):
        def declare_hyperparameters(self, hp):
            hp.Int("units", 2, 3)

        def build(self, hp):
            return compiled(network(hp.get("units")))

    tuner = searched(tfhpo.GridSearch(Model(), "val_loss", directory=tmp_path), epochs=1)
    assert [trial.values["units"] for trial in tuner.study().trials] == [2, 3]


@pytest.mark.parametrize("values", [["a", "b"], [3, 1], [0.5, 1.5]])
def test_choices_of_every_type(tmp_path, values):
    def build(hp):
        assert hp.Choice("choice", values) in values
        return compiled(network(2))

    tuner = searched(tfhpo.GridSearch(build, "val_loss", directory=tmp_path), epochs=1)
    found = [trial.values["choice"] for trial in tuner.study().trials]
    # A grid takes numbers in their order.
    assert found == sorted(values)
    assert list(map(type, found)) == list(map(type, values))
