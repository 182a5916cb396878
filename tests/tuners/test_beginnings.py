"""What the user wants tried first, in searches that really train."""

import keras
import keras_tuner as kt
import pytest
from small_searches import FIT, X, Y, compiled, random_search, searched

from tfhpo.errors import ArgumentError


def layered(hp):
    """Parameters behind a plain `if`, as most builds have them."""
    hidden = [
        keras.layers.Dense(hp.Int(f"units{number}", 2, 8), "tanh")
        for number in range(hp.Int("layers", 1, 3))
    ]
    return compiled(keras.Sequential([keras.Input((4,)), *hidden, keras.layers.Dense(2)]))


BEST = {"layers": 3, "units0": 4, "units1": 7, "units2": 3}


def layered_search(folder, name, **kwargs):
    return random_search(folder, layered, project_name=name, **{"max_trials": 2, **kwargs})


def test_parameters_behind_a_plain_if_can_be_queued(tmp_path):
    tuner = layered_search(tmp_path, "queued")
    tuner.enqueue(BEST)
    assert searched(tuner).study().trials[0].values == BEST
    other = layered_search(tmp_path, "other")
    other.enqueue(tuner.oracle.get_trial("0000").hyperparameters)
    assert searched(other).study().trials[0].values == BEST


def test_numbers_of_a_table_are_built_with_as_integers(tmp_path):
    tuner = layered_search(tmp_path, "floats")
    tuner.enqueue({name: float(value) for name, value in BEST.items()})
    (first, *_) = searched(tuner).study().trials
    assert first.values == BEST
    assert {type(value) for value in first.values.values()} == {int}


def test_the_best_of_a_former_study_comes_back_whole(tmp_path):
    former = layered_search(tmp_path, "former", max_trials=1)
    former.enqueue(BEST)
    searched(former)
    tuner = layered_search(tmp_path, "warm")
    tuner.warm_start(former.study())
    assert searched(tuner).study().trials[0].values == BEST


def test_an_unknown_name_is_refused_before_any_training(tmp_path):
    tuner = layered_search(tmp_path, "misspelt")
    tuner.enqueue({"layers": 1, "unitz0": 3})
    with pytest.raises(ArgumentError, match=r"Received: 'unitz0'. Did you mean 'units0'\?"):
        searched(tuner)
    assert not (tmp_path / "misspelt" / "study.sqlite").exists()


def test_configurations_that_find_no_room_are_told(tmp_path):
    tuner = layered_search(tmp_path, "full", max_trials=1)
    tuner.enqueue(BEST)
    tuner.enqueue({"layers": 1})
    with pytest.warns(UserWarning, match="1 of the queued configurations are not tried"):
        searched(tuner)


def test_a_pruner_that_hears_nothing_is_told(tmp_path):
    class Silent(kt.HyperModel):
        def build(self, hp):
            return layered(hp)

        def fit(self, hp, model, x, y, **kwargs):
            return model.fit(x, y, epochs=1, verbose=0).history["loss"][-1]

    tuner = random_search(tmp_path, Silent(), kt.Objective("loss", "min"), pruner="asha")
    with pytest.warns(UserWarning, match="a trial has reported no epochs"):
        tuner.search(X, Y, **FIT)
