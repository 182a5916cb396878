"""Advice about batch normalisation: where it is due, once, and nowhere else."""

import warnings

import keras
import pytest

from tfhpo.hp import AdviceWarning, advise

layers = keras.layers


def told(model, batch_size=None):
    """The rules that a model breaks, without telling the process."""
    rules = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AdviceWarning)
        advise(model, batch_size, told=rules)
    return rules


def sequential(*parts):
    return keras.Sequential([keras.Input((8,)), *parts])


def functional(*parts):
    inputs = keras.Input((8,))
    outputs = inputs
    for part in parts:
        outputs = part(outputs)
    return keras.Model(inputs, outputs)


class Subclassed(keras.Model):
    def __init__(self, *parts):
        super().__init__()
        self.inner = keras.Sequential(list(parts))

    def call(self, inputs):
        return self.inner(inputs)


def drop(rate=0.5):
    return layers.Dropout(rate)


def norm():
    return layers.BatchNormalization()


BAD = {
    "in a row": lambda make: make(layers.Dense(8), drop(), norm()),
    "the first ends with dropout": lambda make: make(sequential(layers.Dense(8), drop()), norm()),
    "the second begins with normalisation": lambda make: make(
        drop(), functional(norm(), layers.Dense(8))
    ),
    "both nested": lambda make: make(functional(drop()), sequential(norm())),
    "inside a nested one": lambda make: make(layers.Dense(8), functional(drop(), norm())),
    "noise": lambda make: make(layers.GaussianDropout(0.3), norm()),
}
GOOD = {
    "afterwards": lambda make: make(layers.Dense(8), norm(), drop()),
    "apart": lambda make: make(drop(), layers.Dense(8), norm()),
    "of nothing": lambda make: make(drop(0.0), norm()),
    "that keeps the variance": lambda make: make(layers.AlphaDropout(0.5), norm()),
    "layer normalisation": lambda make: make(drop(), layers.LayerNormalization()),
    "in another order": lambda make: make(sequential(norm(), drop()), layers.Dense(8)),
}


@pytest.mark.parametrize("make", [sequential, functional, Subclassed])
@pytest.mark.parametrize("case", BAD)
def test_dropout_straight_before_batch_normalisation(make, case):
    assert told(BAD[case](make)) == {"dropout"}


@pytest.mark.parametrize("make", [sequential, functional, Subclassed])
@pytest.mark.parametrize("case", GOOD)
def test_dropout_elsewhere(make, case):
    assert told(GOOD[case](make)) == set()


def test_a_branch_counts_and_its_neighbour_does_not():
    inputs = keras.Input((8,))
    dropped = drop()(inputs)
    beside = layers.Add()([norm()(inputs), dropped])
    assert told(keras.Model(inputs, beside)) == set()
    assert told(keras.Model(inputs, layers.Add()([norm()(dropped), inputs]))) == {"dropout"}


@pytest.mark.parametrize(
    ("batch_size", "rules"),
    [(1, {"batch of one"}), (2, set()), (6000, set()), (6001, {"large batch"}), (None, set())],
)
def test_batch_sizes_beside_batch_normalisation(batch_size, rules):
    assert told(functional(sequential(layers.Dense(3), norm())), batch_size) == rules
    assert told(Subclassed(norm()), batch_size) == rules
    assert told(sequential(layers.Dense(3)), batch_size) == set()


def test_each_rule_is_told_once_with_its_numbers():
    rules = set()
    bad = sequential(layers.Dropout(0.5, name="first"), layers.BatchNormalization(name="second"))
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        for size in (1, 1, 7000, 8000):
            advise(bad, size, told=rules)
    messages = [str(one.message) for one in heard]
    assert len(messages) == 3
    assert "'first' stands straight before the batch normalisation 'second'" in messages[0]
    assert "batch size is 1" in messages[1]
    assert "batch size 7000 is above 6000" in messages[2]


def test_a_process_is_told_once(monkeypatch):
    monkeypatch.setattr("tfhpo.hp.advice._TOLD", set())
    with pytest.warns(AdviceWarning, match="straight before"):
        advise(sequential(drop(), norm()))
    advise(sequential(drop(), norm()))
