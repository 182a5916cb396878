"""Coming from KerasTuner: its constructors' arguments and its documented uses of the tuner."""

import inspect

import keras
import keras_tuner as kt
import pytest
from small_searches import FIT, X, Y, classifier, compiled, network, random_search, searched

import tfhpo
from tfhpo.errors import ArgumentError
from tfhpo.strategies.evolution import Tournament


def test_the_arguments_of_kerastuners_documentation(tmp_path):
    hp = kt.HyperParameters()
    hp.Choice("learning_rate", [1e-2, 1e-3])
    tuner = tfhpo.RandomSearch(
        classifier,
        objective="val_accuracy",
        max_trials=2,
        seed=3,
        hyperparameters=hp,
        tune_new_entries=False,
        allow_new_entries=True,
        max_retries_per_trial=0,
        max_consecutive_failed_trials=3,
        executions_per_trial=1,
        max_model_size=100,
        overwrite=True,
        directory=tmp_path,
        project_name="documented",
    )
    searched(tuner)
    trials = tuner.study().trials
    # The registered parameter is searched in its own range, the others stay at their defaults.
    assert {trial.values["learning_rate"] for trial in trials} == {1e-2, 1e-3}
    assert {trial.values["units"] for trial in trials} == {2}
    assert (tmp_path / "documented" / "study.sqlite").exists()


@pytest.mark.parametrize("name", ["RandomSearch", "GridSearch"])
def test_the_first_arguments_keep_their_places(name):
    ours = inspect.signature(getattr(tfhpo, name).__init__).parameters.values()
    theirs = inspect.signature(getattr(kt, name).__init__).parameters.values()
    # self, hypermodel, objective, max_trials, seed
    for mine, known in list(zip(ours, theirs, strict=False))[:5]:
        assert (mine.name, mine.default) == (known.name, known.default)


def test_overwrite_begins_anew(tmp_path):
    searched(random_search(tmp_path, max_trials=2), epochs=1)
    tuner = searched(random_search(tmp_path, max_trials=1, overwrite=True), epochs=1)
    assert len(tuner.study().trials) == 1


def test_the_tuner_compiles_what_the_build_leaves_uncompiled(tmp_path):
    def build(hp):
        return network(hp.Int("units", 2, 4))

    tuner = random_search(
        tmp_path,
        build,
        "val_accuracy",
        max_trials=2,
        optimizer=keras.optimizers.SGD(0.25),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    searched(tuner)
    reports = tuner.study().reports[0]
    assert reports[0].metrics["learning_rate"] == 0.25
    model = tuner.get_best_models()[0]
    best = tuner.study().best()[0]
    assert model.evaluate(X[48:], Y[48:], verbose=0)[1] == pytest.approx(best.score)


def test_the_tuner_overrides_what_the_build_compiles(tmp_path):
    other = [keras.metrics.SparseTopKCategoricalAccuracy(1, name="first")]
    tuner = random_search(tmp_path, max_trials=1, optimizer="sgd", metrics=other)
    searched(tuner)
    metrics = tuner.study().reports[0][0].metrics
    assert metrics["learning_rate"] == pytest.approx(0.01)
    assert "val_first" in metrics
    assert "val_accuracy" not in metrics
    # What the tuner was not given stays as the build had it.
    model = tuner.get_best_models()[0]
    assert model.run_eagerly
    assert isinstance(model.loss, keras.losses.SparseCategoricalCrossentropy)


def test_a_hypermodel_subclass_with_parameters_of_fit(tmp_path):
    class Classifier(kt.HyperModel):
        def build(self, hp):
            return classifier(hp)

        def fit(self, hp, model, *args, **kwargs):
            return model.fit(*args, batch_size=hp.Choice("batch", [16, 64]), **kwargs)

    fit = {name: value for name, value in FIT.items() if name != "batch_size"}
    tuner = random_search(tmp_path, Classifier(), max_trials=5)
    tuner.search(X, Y, **fit)
    trials = tuner.study().trials
    # The first trial's `fit` declares the parameter: it appears in mid-search.
    assert trials[0].values["batch"] == 16
    assert {trial.values["batch"] for trial in trials} == {16, 64}
    assert {len(trial.values) for trial in trials} == {3}


def test_a_custom_training_loop_with_an_uncompiled_model(tmp_path):
    class Loop(kt.HyperModel):
        def build(self, hp):
            return network(hp.Int("units", 2, 4))

        def fit(self, hp, model, x, y, callbacks=None, **kwargs):
            loss = float(hp.Float("rate", 0.1, 1.0))
            for callback in callbacks:
                callback.set_model(model)
            for epoch in range(2):
                loss /= 2
                for callback in callbacks:
                    callback.on_epoch_end(epoch, logs={"my_metric": loss})
            return loss

    objective = kt.Objective("my_metric", "min")
    tuner = searched(random_search(tmp_path, Loop(), objective, max_trials=2))
    for trial in tuner.study().trials:
        assert trial.score == trial.values["rate"] / 4
        assert [one.metrics["my_metric"] for one in tuner.study().reports[trial.number]] == [
            trial.values["rate"] / 2,
            trial.values["rate"] / 4,
        ]
    assert tuner.get_best_models()[0].layers[0].units == tuner.study().best()[0].values["units"]


@pytest.mark.parametrize("result", [lambda loss: loss, lambda loss: {"default_objective": loss}])
def test_a_fit_may_return_its_objective(tmp_path, result):
    class Loop(kt.HyperModel):
        def build(self, hp):
            return classifier(hp)

        def fit(self, hp, model, *args, **kwargs):
            history = model.fit(*args, **kwargs)
            return result(history.history["val_loss"][-1])

    tuner = searched(random_search(tmp_path, Loop(), None, max_trials=2))
    study = tuner.study()
    assert study.header.direction == "min"
    for trial in study.trials:
        assert trial.score == study.reports[trial.number][-1].metrics["val_loss"]


def test_run_trial_with_a_tunable_batch_size(tmp_path):
    seen = []

    class MyTuner(tfhpo.RandomSearch):
        def run_trial(self, trial, *args, **kwargs):
            kwargs["batch_size"] = trial.hyperparameters.Int("batch_size", 16, 48, step=16)
            return super().run_trial(trial, *args, **kwargs)

        def on_epoch_end(self, trial, model, epoch, logs=None):
            seen.append((trial.trial_id, epoch, logs["val_loss"]))

    tuner = MyTuner(classifier, "val_loss", 4, seed=0, directory=tmp_path)
    tuner.search(X, Y, epochs=2, validation_split=0.25, verbose=0)
    study = tuner.study()
    assert len({trial.values["batch_size"] for trial in study.trials}) > 1
    assert seen == [
        (trial.trial_id, one.step, one.metrics["val_loss"])
        for trial in study.trials
        for one in study.reports[trial.number]
    ]


def test_a_black_box_needs_no_model(tmp_path):
    class BlackBox(tfhpo.RandomSearch):
        def run_trial(self, trial, *args, **kwargs):
            x = trial.hyperparameters.Float("x", -2.0, 2.0)
            return x * x + 2 * x + 1

    tuner = BlackBox(max_trials=12, seed=0, directory=tmp_path)
    tuner.search(verbose=0)
    trials = tuner.study().trials
    assert len({trial.values["x"] for trial in trials}) == 12
    best = tuner.get_best_hyperparameters()[0].get("x")
    assert tuner.study().best()[0].score == pytest.approx((best + 1) ** 2)


def test_hooks_may_be_overridden_without_calling_them(tmp_path):
    told = []

    class MyTuner(tfhpo.Tuner):
        def on_search_begin(self):
            told.append("search begins")

        def on_trial_begin(self, trial):
            told.append(trial.trial_id)

        def on_search_end(self):
            told.append("search ends")

    for oracle in (tfhpo.oracles.RandomOracle, kt.oracles.RandomSearchOracle):
        told.clear()
        tuner = MyTuner(
            oracle("val_loss", max_trials=1), classifier, directory=tmp_path / oracle.__name__
        )
        searched(tuner, epochs=1)
        trial = tuner.study().trials[0]
        assert told == ["search begins", trial.trial_id, "search ends"]
        assert trial.status == "COMPLETED"


def test_a_tuner_without_a_model_says_what_is_missing(tmp_path):
    with pytest.raises(ArgumentError, match=r"`hypermodel`.*Received: None"):
        random_search(tmp_path, None)


def test_every_strategy_has_a_tuner(tmp_path):
    for name, strategy in tfhpo.strategies.STRATEGIES.items():
        tuner = tfhpo.tuners.tuner_for(name)(classifier, "val_loss", directory=tmp_path / name)
        assert tuner.oracle._plan.strategy_class is strategy


@pytest.mark.parametrize("strategy", ["random", "grid", "elastic-grid"])
def test_a_tuner_by_the_name_of_its_strategy(strategy):
    found = tfhpo.tuners.tuner_for(strategy)
    assert issubclass(found, tfhpo.Tuner)
    assert found.__name__.lower() == f"{strategy.replace('-', '')}search"


def test_an_unknown_strategy_is_named_with_its_nearest():
    with pytest.raises(ArgumentError, match=r"Received: strategy='elastic_grid'.*'elastic-grid'"):
        tfhpo.tuners.tuner_for("elastic_grid")


def test_the_elastic_grid_takes_its_own_options(tmp_path):
    tuner = tfhpo.ElasticGridSearch(
        classifier, "val_loss", 3, options={"levels": 3}, seed=0, directory=tmp_path
    )
    searched(tuner, epochs=1)
    assert tuner.study().header.settings["options"] == {"levels": 3}
    assert compiled(network()).count_params() == 23


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("BayesianOptimization", {"num_initial_points": 3}),
        ("TPE", {"num_initial_points": 3}),
        ("GeneticAlgorithm", {"population_size": 3, "selection": Tournament(2)}),
        ("PolicyGradient", {"batch_size": 2}),
    ],
)
def test_a_search_goes_on_as_if_never_stopped(tmp_path, name, options):
    def tuner(folder, trials):
        kind = getattr(tfhpo, name)
        return kind(
            classifier, "val_loss", trials, seed=1, options=options, directory=tmp_path / folder
        )

    whole = searched(tuner("whole", 6), epochs=1).study()
    searched(tuner("parts", 4), epochs=1)
    parts = searched(tuner("parts", 6), epochs=1).study()
    assert [trial.values for trial in parts.trials] == [trial.values for trial in whole.trials]
    assert [trial.score for trial in parts.trials] == [trial.score for trial in whole.trials]
    assert len({tuple(trial.values.items()) for trial in whole.trials}) == 6


def test_the_arguments_of_kerastuners_bayesian_optimization(tmp_path):
    tuner = tfhpo.BayesianOptimization(
        hypermodel=classifier,
        objective="val_loss",
        max_trials=4,
        num_initial_points=2,
        alpha=1e-4,
        beta=2.6,
        seed=0,
        max_retries_per_trial=0,
        directory=tmp_path,
    )
    searched(tuner, epochs=1)
    settings = tuner.study().header.settings
    assert settings["options"] == {"num_initial_points": 2, "alpha": 1e-4, "beta": 2.6}
    with pytest.raises(ArgumentError, match=r"`alpha` must be.*-1"):
        tfhpo.BayesianOptimization(classifier, "val_loss", alpha=-1, directory=tmp_path)
    with pytest.raises(ArgumentError, match=r"`beta` is given once.*beta=2.*\{'beta': 3\}"):
        tfhpo.BayesianOptimization(
            classifier, "val_loss", beta=2, options={"beta": 3}, directory=tmp_path
        )
    with pytest.raises(ArgumentError, match=r"'options'. A stage takes those of its strategy"):
        tfhpo.StagedSearch(classifier, "val_loss", options={"beta": 3}, directory=tmp_path)
    with pytest.raises(ArgumentError, match=r"'options'. Did you mean 'proposer_options'\?"):
        tfhpo.Hyperband(classifier, "val_loss", options={"beta": 3}, directory=tmp_path)
    with pytest.raises(ArgumentError, match=r"'acquisition'. Give it to the strategy: options="):
        tfhpo.BayesianOptimization(classifier, "val_loss", acquisition="ei", directory=tmp_path)
