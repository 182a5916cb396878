"""Multi-fidelity searches that really train: rungs of epochs, and other fidelities."""

import keras
import numpy as np
import pytest
from small_searches import X_HELD_OUT, Y_HELD_OUT, X, Y, classifier, compiled, network

import tfhpo
from tfhpo.errors import SpaceError
from tfhpo.pruners import MedianPruner
from tfhpo.study import TrialStatus

#: One step per epoch, in the same order: training is then a function of the seed alone.
FIT = {
    "batch_size": 64,
    "shuffle": False,
    "validation_data": (X_HELD_OUT, Y_HELD_OUT),
    "verbose": 0,
}


def hyperband(folder, build=classifier, max_epochs=4, **kwargs):
    settings = {"seed": 0, "directory": folder, "project_name": "search", "factor": 2, **kwargs}
    return tfhpo.Hyperband(build, "val_loss", max_epochs, **settings)


def searched(tuner, **fit):
    tuner.search(X, Y, **{**FIT, **fit})
    return tuner


def steps(tuner, execution=0):
    """For each trial the epochs that it trained, from 0."""
    reports = tuner.study().reports
    return [
        [one.step for one in reports[trial.number] if one.execution == execution]
        for trial in tuner.study().trials
    ]


def states(tuner):
    return sorted(tuner.study().path.parent.glob("*/state*.h5"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hyperband")
    return searched(hyperband(folder, scheduler="successive-halving", checkpoints="all"))


def test_trials_train_only_the_epochs_that_are_missing(finished):
    levels = [trial.values["epochs"] for trial in finished.study().trials]
    assert sorted(levels) == [1, 1, 1, 1, 2, 2, 4]
    begins = {1: 0, 2: 1, 4: 2}
    assert steps(finished) == [list(range(begins[level], level)) for level in levels]


def test_going_on_is_training_in_one_go(finished):
    study = finished.study()
    top = next(trial for trial in study.trials if trial.values["epochs"] == 4)
    same = [trial for trial in study.trials if {**trial.values, "epochs": 4} == top.values]
    assert [trial.values["epochs"] for trial in same] == [1, 2, 4]
    told = {
        one.step: one.metrics["val_loss"] for trial in same for one in study.reports[trial.number]
    }
    keras.utils.set_random_seed(same[0].seed)
    hp = finished.oracle.get_trial(top.trial_id).hyperparameters
    history = classifier(hp).fit(X, Y, epochs=4, **FIT).history["val_loss"]
    np.testing.assert_allclose([told[step] for step in range(4)], history, rtol=1e-5)


def test_no_state_is_left_when_the_search_is_done(finished):
    assert states(finished) == []


def test_the_best_model_has_the_score_that_was_told(finished):
    (best, *_) = finished.oracle.get_best_trials()
    model = finished.get_best_models()[0]
    loss, _ = model.evaluate(X_HELD_OUT, Y_HELD_OUT, verbose=0)
    assert loss == pytest.approx(best.score, rel=1e-5)


def test_the_winner_is_trained_again_for_all_its_epochs(finished):
    (best, *_) = finished.oracle.get_best_trials()
    model = finished.refit_best()
    assert len(model.history.epoch) == best.hyperparameters.values["epochs"]


def test_a_search_that_is_interrupted_goes_on_from_the_states(tmp_path):
    whole = searched(hyperband(tmp_path / "whole", scheduler="successive-halving"))

    class Interrupt(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    tuner = hyperband(tmp_path, scheduler="successive-halving")
    searched(tuner, callbacks=lambda: [Interrupt()])
    assert tuner.stop_reason == "interrupted"
    assert states(tuner)
    again = searched(hyperband(tmp_path, scheduler="successive-halving"))
    assert steps(again) == steps(whole)
    scores = [[trial.score for trial in one.study().trials] for one in (again, whole)]
    assert scores[0] == scores[1]


def test_a_model_that_fit_builds_goes_on_too(tmp_path):
    def unbuilt(hp):
        layers = [keras.layers.Dense(3, "tanh"), keras.layers.Dense(2)]
        return compiled(keras.Sequential(layers), hp.Float("learning_rate", 1e-3, 1e-1))

    tuner = searched(hyperband(tmp_path, unbuilt, scheduler="asha", max_trials=6))
    assert {trial.status for trial in tuner.study().trials} == {TrialStatus.COMPLETED}
    assert [1] in steps(tuner)
    assert not list(tuner.study().path.parent.glob("*/state*"))


def test_states_stay_while_more_trials_may_come(tmp_path):
    paused = searched(hyperband(tmp_path, scheduler="asha", max_trials=6, patience=1))
    assert paused.stop_reason == "patience"
    assert states(paused)
    again = searched(hyperband(tmp_path, scheduler="asha", max_trials=6))
    assert not any(epochs == [0, 1] for epochs in steps(again))
    assert not states(again)


def test_training_goes_on_where_it_really_ended(tmp_path):
    class StopAfterTwo(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch >= 1

    tuner = hyperband(tmp_path, levels=[4, 8], scheduler="asha", max_trials=3)
    searched(tuner, callbacks=lambda: [StopAfterTwo()])
    assert steps(tuner) == [[0, 1], [0, 1], [2]]


def test_files_of_the_user_are_left_alone(tmp_path):
    class Save(tfhpo.tuners.SearchListener):
        def on_trial_end(self, trial):
            folder = tmp_path / "search" / f"trial_{trial.trial_id}"
            folder.mkdir(exist_ok=True)
            (folder / "best_state_3.weights.h5").write_text("mine")

    tuner = hyperband(tmp_path, max_epochs=2, max_trials=3, listeners=[Save()])
    searched(tuner)
    assert len(list(tmp_path.glob("search/trial_*/best_state_3.weights.h5"))) == 3


def test_every_execution_goes_on_from_its_own_state(tmp_path):
    tuner = hyperband(
        tmp_path, max_epochs=2, scheduler="asha", max_trials=3, executions_per_trial=2
    )
    searched(tuner)
    assert steps(tuner, 0) == steps(tuner, 1)
    assert [1] in steps(tuner)


def test_a_trial_whose_former_state_is_gone_trains_from_the_beginning(tmp_path):
    class Lose(tfhpo.tuners.SearchListener):
        def on_trial_end(self, trial):
            for path in tmp_path.glob("search/trial_*/state*.h5"):
                path.unlink()

    tuner = searched(hyperband(tmp_path, scheduler="asha", max_trials=4, listeners=[Lose()]))
    assert [0, 1] in steps(tuner)


def test_epochs_of_search_are_told_to_be_unused(tmp_path):
    tuner = hyperband(tmp_path, max_epochs=1, max_trials=1)
    with pytest.warns(UserWarning, match="epochs=7 is not used.*max_epochs"):
        searched(tuner, epochs=7)
    assert steps(tuner) == [[0]]


@pytest.mark.parametrize("scheduler", ["hyperband", "asha"])
def test_another_fidelity_is_read_by_an_argument_of_fit(tmp_path, scheduler):
    tuner = hyperband(
        tmp_path, scheduler=scheduler, fidelity="share", levels=[0.25, 0.5, 1.0], max_trials=12
    )
    searched(tuner, validation_freq=lambda hp: 1, class_weight=share_as_weight)
    shares = [trial.values["share"] for trial in tuner.study().trials]
    assert {0.25, 0.5} <= set(shares)
    best = tuner.oracle.get_best_trials()[0].hyperparameters.values
    assert best["share"] == max(shares)
    assert states(tuner) == []


def share_as_weight(hp):
    return {0: hp.get("share"), 1: 1.0}


def test_another_fidelity_is_read_by_the_build_function(tmp_path):
    def widened(hp):
        return compiled(network(hp.get("width")), hp.Float("learning_rate", 1e-3, 1e-1))

    tuner = hyperband(tmp_path, widened, fidelity="width", levels=[2, 4], max_trials=4)
    searched(tuner)
    best = tuner.oracle.get_best_trials()[0].hyperparameters.values["width"]
    assert tuner.get_best_models()[0].layers[0].units == best


def test_a_fidelity_that_nobody_reads_is_refused(tmp_path):
    tuner = hyperband(tmp_path, fidelity="share", levels=[0.5, 1.0])
    with pytest.raises(SpaceError, match=r"hp.get\('share'\).*Received"):
        searched(tuner)


def test_pruned_trials_go_no_further(tmp_path):
    levels = {"levels": [3, 6], "scheduler": "asha", "max_trials": 12}
    tuner = searched(hyperband(tmp_path, pruner=MedianPruner(1), **levels))
    trials = tuner.study().trials
    pruned = [trial.values for trial in trials if trial.status is TrialStatus.PRUNED]
    assert pruned
    for values in pruned:
        further = [
            trial
            for trial in trials
            if trial.values["epochs"] > values["epochs"]
            and {**trial.values, "epochs": 0} == {**values, "epochs": 0}
        ]
        assert not further
