"""Trials that fail: recorded with their cause, and the search goes on, or says why it stops."""

from pathlib import Path

import keras
import keras_tuner as kt
import numpy as np
import pytest
from small_searches import compiled, network, random_search, searched, weights_on_disk

import tfhpo
from tfhpo.errors import SearchFailedError, StudyError
from tfhpo.tuners.listeners import SearchListener


def failing(values, error=ValueError, where="build"):
    """A model that fails for some of the values 0 to 5."""

    class Model(kt.HyperModel):
        def build(self, hp):
            number = hp.Choice("number", [0, 1, 2, 3, 4, 5])
            if where == "build" and number in values:
                raise error(f"number {number} cannot be built")
            # A rate of NaN makes every weight and every loss NaN.
            rate = float("nan") if where == "loss" and number in values else 0.03
            return compiled(network(2), rate)

        def fit(self, hp, model, *args, callbacks, **kwargs):
            number = hp.get("number")

            class Stumble(keras.callbacks.Callback):
                def on_epoch_end(self, epoch, logs=None):
                    if where == "fit" and epoch == 1 and number in values:
                        raise error(f"number {number} cannot be trained")

            return model.fit(*args, callbacks=[*callbacks, Stumble()], **kwargs)

    return Model()


def grid(folder, model, **kwargs):
    return tfhpo.GridSearch(model, "val_loss", directory=folder, seed=0, **kwargs)


def statuses(tuner):
    return [trial.status.value[0] for trial in tuner.study().trials]


@pytest.mark.parametrize(
    ("where", "error", "told"),
    [
        ("build", ValueError, "ValueError: number 4 cannot be built"),
        ("fit", MemoryError, "MemoryError: number 4 cannot be trained"),
        ("loss", None, "The objective val_loss is not finite: nan"),
    ],
)
def test_a_failure_is_recorded_and_the_search_goes_on(tmp_path, where, error, told):
    tuner = searched(grid(tmp_path, failing({1, 4}, error, where)), epochs=2)
    study = tuner.study()
    assert statuses(tuner) == list("CFCCFC")
    assert tuner.stop_reason == "exhausted"
    assert told in study.trials[4].message
    assert study.best()[0].number not in (1, 4)
    assert len(tuner.oracle.get_best_trials(6)) == 4
    assert weights_on_disk(tuner) == [study.best()[0].trial_id]
    # What a failed trial reported before it failed is kept.
    assert [one.step for one in study.reports.get(4, ())] == ([] if where == "build" else [0, 1])


def test_a_network_of_nan_has_no_accuracy(tmp_path):
    tuner = tfhpo.GridSearch(
        failing({1, 4}, where="loss"), "val_accuracy", directory=tmp_path, seed=0
    )
    searched(tuner)
    assert statuses(tuner) == list("CFCCFC")
    assert "val_accuracy is not finite" in tuner.study().trials[1].message


def test_epochs_before_the_divergence_count_and_those_after_it_are_spared(tmp_path):
    class Diverging(kt.HyperModel):
        def build(self, hp):
            return compiled(network(hp.Int("units", 2, 3)))

        def fit(self, hp, model, *args, callbacks, **kwargs):
            def lose(epoch, logs):
                if epoch == 1:
                    model.set_weights([weight * float("nan") for weight in model.get_weights()])

            losing = keras.callbacks.LambdaCallback(on_epoch_begin=lose)
            return model.fit(*args, callbacks=[*callbacks, losing], **kwargs)

    tuner = searched(random_search(tmp_path, Diverging(), "val_accuracy", 1), epochs=9)
    (trial,) = tuner.study().trials
    assert (trial.status.value, trial.best_step) == ("COMPLETED", 0)
    assert {report.step for report in tuner.study().reports[0]} == {0, 1}
    (model,) = tuner.get_best_models()
    assert all(map(np.all, map(np.isfinite, model.get_weights())))


def test_the_traceback_names_the_users_line(tmp_path):
    tuner = searched(grid(tmp_path, failing({1}), max_trials=2), epochs=1)
    message = tuner.study().trials[1].message
    assert message.startswith("Traceback")
    assert 'raise error(f"number {number} cannot be built")' in message


def test_the_first_trials_that_fail_alike_stop_the_search(tmp_path):
    tuner = grid(tmp_path, failing({1, 2, 3, 4, 5}, where="fit"))
    # The first of the grid succeeds, so its five failures are the space's own.
    assert statuses(searched(tuner)) == list("CFFFFF")

    hopeless = tfhpo.GridSearch(
        failing(range(6), where="fit"), "val_loss", directory=tmp_path / "hopeless"
    )
    with pytest.raises(SearchFailedError, match=r"first 3 trials .*ValueError: number 2 cannot"):
        searched(hopeless)
    assert statuses(hopeless) == ["F"] * 3
    assert hopeless.stop_reason is None


class Ends(SearchListener):
    """Notes the trials that it hears the end of."""

    def __init__(self):
        self.ended = []

    def on_trial_end(self, trial):
        self.ended.append((trial.number, trial.status.value))


def test_listeners_hear_of_the_failure_that_stops_the_search(tmp_path):
    ends = Ends()
    hopeless = grid(tmp_path, failing(range(6), where="fit"), listeners=[ends])
    with pytest.raises(SearchFailedError):
        searched(hopeless)
    assert ends.ended == [(0, "FAILED"), (1, "FAILED"), (2, "FAILED")]


@pytest.mark.parametrize("name", ["epochs", "batch_size"])
def test_a_bad_argument_from_a_function_fails_its_trial_alone(tmp_path, name):
    tuner = grid(tmp_path, lambda hp: compiled(network(2)))
    searched(tuner, **{name: lambda hp: hp.Choice("number", [0, 1, 2], default=1)})
    assert statuses(tuner) == list("FCC")
    told = f"`{name}` must be an integer of at least 1. Received: {name}=0."
    assert told in tuner.study().trials[0].message


def test_a_search_may_go_on_whatever_fails(tmp_path):
    tuner = grid(tmp_path, failing(range(6), where="fit"), max_consecutive_failed_trials=None)
    searched(tuner)
    assert statuses(tuner) == ["F"] * 6
    for best in (tuner.get_best_models, tuner.get_best_hyperparameters, tuner.refit_best):
        with pytest.raises(StudyError, match=r"known once one was completed.*without any"):
            best()


def test_divergence_takes_longer_to_stop_a_search(tmp_path):
    # Six trials diverge, fewer than three times three.
    tuner = searched(grid(tmp_path, failing(range(6), where="loss")), epochs=1)
    assert statuses(tuner) == ["F"] * 6


def test_a_trial_may_call_itself_failed(tmp_path):
    model = failing({2}, kt.errors.FailedTrialError)
    tuner = searched(grid(tmp_path, model, max_retries_per_trial=2), epochs=1)
    assert statuses(tuner) == list("CCFCCC")
    # It knows best: it is not tried again.
    assert tuner.study().trials[2].attempt == 0


def test_a_failed_trial_is_run_again_when_asked(tmp_path):
    attempts = []

    def build(hp):
        hp.Choice("number", [0, 1])
        if hp.get("number") == 1 and searching:
            attempts.append(len(attempts))
            if len(attempts) < 3:
                raise OSError("the data were away")
        return compiled(network(2))

    searching = []
    tuner = grid(tmp_path, build, max_retries_per_trial=2)
    searching.append(True)
    searched(tuner, epochs=1)
    trial = tuner.study().trials[1]
    assert trial.status == "COMPLETED"
    assert trial.attempt == 2
    assert trial.message is None
    assert attempts == [0, 1, 2]


def test_retries_come_to_an_end(tmp_path, capsys):
    model = failing({1}, where="fit")
    tuner = searched(grid(tmp_path, model, max_retries_per_trial=1, max_trials=3), verbose=1)
    assert statuses(tuner) == list("CFC")
    trials = tuner.study().trials
    assert [trial.attempt for trial in trials] == [0, 1, 0]
    assert "number 1 cannot be trained" in trials[1].message
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Trial ")]
    code = Path(__file__).read_text().splitlines()
    raised = next(i for i, line in enumerate(code, 1) if "cannot be trained" in line)
    place = f"test_failed_trials.py:{raised}"
    assert told == [
        f"Trial 1 failed at {place} in attempt {attempt}: ValueError: number 1 cannot be trained"
        for attempt in ("1 of 2, to be repeated", "2 of 2")
    ]


def test_a_model_of_too_many_parameters_is_a_failed_trial(tmp_path):
    def build(hp):
        return compiled(network(hp.Choice("units", [2, 40])))

    tuner = searched(grid(tmp_path, build, max_model_size=100), epochs=1)
    assert statuses(tuner) == list("CF")
    assert "at most 100 parameters. Received: 282" in tuner.study().trials[1].message


def test_an_error_of_the_search_itself_ends_it(tmp_path):
    """A fatal error of KerasTuner, such as a `fit` that returns nothing, would meet every trial."""

    class Silent(kt.HyperModel):
        def build(self, hp):
            hp.Int("units", 2, 4)
            return compiled(network())

        def fit(self, hp, model, *args, **kwargs):
            model.fit(*args, **kwargs)

    with pytest.raises(kt.errors.FatalTypeError, match=r"return value of HyperModel.fit.* is None"):
        searched(random_search(tmp_path, Silent()))
