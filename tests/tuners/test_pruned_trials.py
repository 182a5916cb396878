"""Trials that a pruner stops while Keras trains them."""

import pytest
from small_searches import FIT, X, Y, classifier, random_search, searched, weights_on_disk

import tfhpo
from tfhpo.errors import ArgumentError
from tfhpo.pruners import MedianPruner
from tfhpo.study import TrialStatus

PRUNER = MedianPruner(n_startup_trials=2)


@pytest.fixture(scope="module")
def pruned(tmp_path_factory):
    """A search of ten trials of four epochs, executed twice, some of which were stopped."""
    folder = tmp_path_factory.mktemp("pruned")
    tuner = random_search(
        folder,
        max_trials=10,
        pruner=PRUNER,
        executions_per_trial=2,
        logdir=folder / "logs",
        checkpoints="all",
    )
    return searched(tuner, epochs=4)


def stopped(tuner):
    return [one for one in tuner.study().trials if one.status is TrialStatus.PRUNED]


def test_hopeless_trials_train_for_fewer_epochs(pruned):
    study = pruned.study()
    assert stopped(pruned)
    for trial in study.trials:
        steps = [(one.execution, one.step) for one in study.reports[trial.number]]
        whole = [(execution, step) for execution in range(2) for step in range(4)]
        assert steps == whole[: len(steps)]
        assert (len(steps) < 8) == (trial.status is TrialStatus.PRUNED)


def test_a_pruned_trial_is_told_as_such(pruned):
    for trial in stopped(pruned):
        reports = pruned.study().reports[trial.number]
        assert f"epoch {reports[-1].step} of execution {reports[-1].execution}" in trial.message
        assert "MedianPruner(n_startup_trials=2" in trial.message
    assert set(pruned.to_dataframe().status) == {"COMPLETED", "PRUNED"}


def test_pruned_trials_are_not_among_the_best(pruned):
    best = pruned.oracle.get_best_trials(10)
    assert len(best) == 10 - len(stopped(pruned))
    assert not {one.trial_id for one in best} & {one.trial_id for one in stopped(pruned)}
    assert pruned.get_best_models()[0].predict(X[:1], verbose=0).shape == (1, 2)


def test_patience_counts_pruned_trials(tmp_path):
    tuner = random_search(tmp_path, max_trials=30, pruner=PRUNER, patience=4)
    searched(tuner)
    assert tuner.stop_reason == "patience"
    trials = tuner.study().trials
    best = min(range(len(trials)), key=lambda number: trials[number].score)
    assert len(trials) == best + 5


def test_the_summary_counts_pruned_trials(tmp_path, capsys):
    tuner = random_search(tmp_path, max_trials=8, pruner="asha")
    searched(tuner)
    # The summary is told where nothing is a terminal, too.
    random_search(tmp_path, max_trials=9, pruner="asha").search(X, Y, **{**FIT, "verbose": 1})
    assert f"{len(stopped(tuner))} pruned" in capsys.readouterr().out


@pytest.mark.parametrize(
    "tuner",
    [
        tfhpo.RandomSearch,
        tfhpo.GridSearch,
        tfhpo.ElasticGridSearch,
        tfhpo.BayesianOptimization,
        tfhpo.TPE,
        tfhpo.GeneticAlgorithm,
        tfhpo.PolicyGradient,
    ],
)
def test_every_tuner_takes_a_pruner(tmp_path, tuner):
    with pytest.raises(ArgumentError, match=r"A pruner is .*Received: 'medan'"):
        tuner(classifier, "val_loss", directory=tmp_path, pruner="medan")


def test_all_weights_that_were_asked_for_are_kept(pruned):
    assert len(weights_on_disk(pruned)) == 10
