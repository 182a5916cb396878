"""Arguments of `fit` as functions of the hyperparameters, and callbacks of every kind."""

import threading

import keras
import pytest
from small_searches import X, Y, random_search, searched

from tfhpo.errors import ArgumentError

ROWS = 48


class Steps(keras.callbacks.Callback):
    """Counts the steps of its own training."""

    seen = None

    def on_train_begin(self, logs=None):
        self.steps = 0

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1

    def on_train_end(self, logs=None):
        self.seen.append((self, self.steps))


@pytest.fixture
def steps():
    Steps.seen = []
    return Steps.seen


def test_batch_size_and_epochs_are_hyperparameters(tmp_path, steps):
    tuner = random_search(tmp_path, max_trials=4)
    searched(
        tuner,
        batch_size=lambda hp: hp.Choice("batch_size", [16, 48]),
        epochs=lambda hp: hp.Int("epochs", 1, 3),
        callbacks=[Steps()],
    )
    study = tuner.study()
    # They are known before the first trial.
    names = [parameter["name"] for parameter in study.header.space["parameters"]]
    assert {"batch_size", "epochs"} <= set(names)
    for trial, (_, count) in zip(study.trials, steps, strict=True):
        assert len(study.reports[trial.number]) == trial.values["epochs"]
        assert count == trial.values["epochs"] * ROWS // trial.values["batch_size"]
    assert len({trial.values["batch_size"] for trial in study.trials}) == 2


def test_class_weights_are_hyperparameters(tmp_path):
    tuner = random_search(tmp_path, max_trials=2)
    searched(tuner, class_weight=lambda hp: {0: 1.0, 1: hp.Float("weight", 0.5, 2.0)}, epochs=1)
    trials = tuner.study().trials
    assert [trial.status.value for trial in trials] == ["COMPLETED"] * 2
    assert all(0.5 <= trial.values["weight"] <= 2.0 for trial in trials)


def test_a_function_without_parameters_and_a_method_do_too(tmp_path, steps):
    class Settings:
        def epochs(self, hp):
            return hp.Int("epochs", 2, 2)

    searched(
        random_search(tmp_path, max_trials=1),
        batch_size=lambda: 16,
        epochs=Settings().epochs,
        callbacks=[Steps()],
    )
    assert [count for _, count in steps] == [6]


def test_refit_takes_the_best_trials_arguments(tmp_path):
    tuner = random_search(tmp_path, max_trials=2)
    searched(tuner, epochs=lambda hp: hp.Int("epochs", 1, 3))
    model = tuner.refit_best(verbose=0)
    assert len(model.history.epoch) == tuner.study().best()[0].values["epochs"]


def test_a_function_of_a_condition(tmp_path):
    def epochs(hp):
        if hp.Boolean("long"):
            with hp.conditional_scope("long", [True]):
                return hp.Int("long_epochs", 2, 3)
        return 1

    tuner = searched(random_search(tmp_path, max_trials=6), epochs=epochs)
    trials = tuner.study().trials
    assert {trial.values["long"] for trial in trials} == {True, False}
    for trial in trials:
        assert ("long_epochs" in trial.values) == trial.values["long"]


def test_each_execution_has_a_copy_of_the_callbacks(tmp_path, steps):
    mine = Steps()
    searched(random_search(tmp_path, max_trials=2, executions_per_trial=2), callbacks=[mine])
    copies = [callback for callback, _ in steps]
    assert len({id(callback) for callback in copies}) == 4
    assert mine not in copies
    assert not hasattr(mine, "steps")


def test_a_single_callback_needs_no_list(tmp_path, steps):
    searched(random_search(tmp_path, max_trials=1), callbacks=Steps())
    assert len(steps) == 1


def test_a_factory_makes_callbacks_that_cannot_be_copied(tmp_path):
    made = []

    class Locked(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.lock = threading.Lock()
            made.append(self)

        def on_epoch_end(self, epoch, logs=None):
            self.epochs = epoch + 1

    searched(random_search(tmp_path, max_trials=2), callbacks=lambda: [Locked()])
    assert [callback.epochs for callback in made if hasattr(callback, "epochs")] == [2, 2]


def test_a_factory_of_the_hyperparameters(tmp_path):
    def callbacks(hp):
        patience = hp.Int("patience", 0, 1)
        return [keras.callbacks.EarlyStopping("val_loss", patience=patience, min_delta=1e9)]

    tuner = searched(random_search(tmp_path, max_trials=4), epochs=4, callbacks=callbacks)
    study = tuner.study()
    assert "patience" in [parameter["name"] for parameter in study.header.space["parameters"]]
    for trial in study.trials:
        # Nothing improves by so much: the first epoch sets the mark, `patience` wait in vain.
        assert len(study.reports[trial.number]) == 1 + max(1, trial.values["patience"])


def test_callbacks_that_cannot_be_copied_are_refused_before_training(tmp_path):
    callback = Steps()
    callback.lock = threading.Lock()
    with pytest.raises(ArgumentError, match=r"callbacks=lambda: \[\.\.\.\].*cannot pickle"):
        searched(random_search(tmp_path), callbacks=[callback])


def test_the_users_tensorboard_writes_a_run_per_execution(tmp_path):
    logs = tmp_path / "logs"
    tuner = random_search(tmp_path, max_trials=2)
    searched(tuner, callbacks=[keras.callbacks.TensorBoard(logs)])
    for trial in tuner.study().trials:
        assert trial.status == "COMPLETED"
        assert list((logs / trial.trial_id / "execution0" / "validation").glob("events*"))


def test_a_log_directory_needs_no_callback(tmp_path):
    tuner = random_search(tmp_path, max_trials=2, logdir=tmp_path / "logs")

    class Own(keras.callbacks.TensorBoard):
        """A subclass writes in the same place."""

    searched(tuner, callbacks=[Own(tmp_path / "logs")])
    for trial in tuner.study().trials:
        run = tmp_path / "logs" / trial.trial_id / "execution0"
        assert len(list(run.glob("events*"))) == 1
        # The callback's own files lie beside it.
        assert list((run.parent / "callback0" / "train").glob("events*"))
    assert list((tmp_path / "logs").glob("experiment-*"))


@pytest.mark.parametrize(
    ("argument", "value", "told"),
    [
        ("epochs", 0, "`epochs` must be an integer of at least 1. Received: epochs=0"),
        (
            "batch_size",
            -4,
            "`batch_size` must be an integer of at least 1. Received: batch_size=-4",
        ),
        ("epochs", lambda hp: hp.Int("epochs", 0, 3), "`epochs` must be .* Received: epochs=0"),
        ("batch_size", "32", "`batch_size` must be .* Received: batch_size='32'"),
        ("epochs", 2.5, "`epochs` must be .* Received: epochs=2.5"),
    ],
)
def test_counts_below_one_are_refused_before_training(tmp_path, argument, value, told):
    tuner = random_search(tmp_path)
    with pytest.raises(ArgumentError, match=told):
        searched(tuner, X, Y, **{argument: value})
    assert not (tmp_path / "search" / "study.sqlite").exists()
