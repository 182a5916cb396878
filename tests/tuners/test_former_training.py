"""A search that goes on tells where its trials are trained otherwise than those before them."""

import keras_tuner as kt
import numpy as np
import pytest
from small_searches import FIT, X, Y, classifier, random_search

import tfhpo
from tfhpo.tuners import ChangedTrainingWarning
from tfhpo.tuners.former_training import compare_and_keep


def go_on(folder, trials, *data, **fit):
    random_search(folder, max_trials=trials).search(*(data or (X, Y)), **{**FIT, **fit})


def compared(folder, first, second):
    """What is told of a second training, each given as `fit` takes it: arguments, and by name."""
    compare_and_keep(folder, *first, begun=False)
    return compare_and_keep(folder, *second, begun=True)


def test_other_epochs_and_data_are_told_once(tmp_path):
    go_on(tmp_path, 1, epochs=1)
    with pytest.warns(ChangedTrainingWarning, match="`epochs` was 1, is 2; `x` was of") as told:
        go_on(tmp_path, 2, X[:60], Y[:60], epochs=2)
    [warning] = [one for one in told if one.category is ChangedTrainingWarning]
    assert warning.filename == __file__
    assert f"that {tmp_path / 'search'} holds" in str(warning.message)
    go_on(tmp_path, 3, X[:60], Y[:60], epochs=2)


def test_a_search_that_begins_anew_has_none_before_it(tmp_path):
    go_on(tmp_path, 1, epochs=1)
    tuner = random_search(tmp_path, max_trials=1, overwrite=True)
    tuner.search(X, Y, **{**FIT, "epochs": 2})


def test_kerastuners_oracles_too(tmp_path):
    def tuner(trials):
        oracle = kt.oracles.RandomSearchOracle("val_loss", max_trials=trials, seed=0)
        return tfhpo.Tuner(oracle, classifier, directory=tmp_path, project_name="search")

    tuner(1).search(X, Y, **{**FIT, "epochs": 1})
    with pytest.warns(ChangedTrainingWarning, match="`epochs` was 1, is 2"):
        tuner(2).search(X, Y, **{**FIT, "epochs": 2})


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (((), {}), ((), {"epochs": 2}), "`epochs` was not given, is 2."),
        (((X, Y, 32), {}), ((X, Y), {"batch_size": 64}), "`batch_size` was 32, is 64."),
        (((X, Y, 32, 5), {}), ((), {"x": X, "y": Y, "batch_size": 32, "epochs": 4}), "was 5, is 4"),
        (((), {"validation_split": 0.25}), ((), {"validation_split": 0.5}), "was 0.25, is 0.5."),
        (
            ((X,), {}),
            ((X[:, :2],), {}),
            f"`x` was of shape {X.shape}, is of shape {X[:, :2].shape}.",
        ),
        (((), {"validation_split": 0}), ((), {}), "`validation_split` was 0, is not given."),
    ],
)
def test_what_is_plain_to_see_is_compared(tmp_path, first, second, told):
    assert told in compared(tmp_path, first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (((), {"epochs": 5}), ((), {"epochs": np.int64(5)})),
        (((X, Y), {}), ((), {"x": X + 1, "y": Y})),
        (((X, Y), {}), ((lambda: (X, Y),), {})),
        (((), {"epochs": 5}), ((), {"epochs": lambda hp: hp.Int("epochs", 1, 9)})),
        (((), {"epochs": 5, "verbose": 0}), ((), {"epochs": 5, "verbose": 2})),
    ],
)
def test_what_is_the_same_or_not_to_be_seen_is_not_told(tmp_path, first, second):
    assert compared(tmp_path, first, second) is None


def test_without_trials_there_is_nothing_to_compare_with(tmp_path):
    assert compare_and_keep(tmp_path, (), {"epochs": 5}, begun=False) is None
    assert compare_and_keep(tmp_path, (), {"epochs": 4}, begun=False) is None
    assert "was 4, is 3" in compare_and_keep(tmp_path, (), {"epochs": 3}, begun=True)
