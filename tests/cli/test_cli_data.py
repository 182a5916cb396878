"""What `load_data` may return."""

import numpy as np
import pytest

from tfhpo.cli.data import describe, fit_data
from tfhpo.errors import ArgumentError

X, Y = np.zeros((10, 4)), np.zeros(10)
X_VAL, Y_VAL = np.zeros((3, 4)), np.zeros(3)


def test_training_and_validation():
    data = fit_data(((X, Y), (X_VAL, Y_VAL)))
    assert data.x is X
    assert data.y is Y
    assert data.arguments == {"validation_data": (X_VAL, Y_VAL)}


def test_one_pair_is_split():
    data = fit_data((X, Y))
    assert data.x is X
    assert data.arguments == {"validation_split": 0.2}


def test_several_inputs_by_name():
    data = fit_data(({"a": X, "b": X}, Y))
    assert set(data.x) == {"a", "b"}


def test_two_data_sets():
    import tensorflow as tf

    train = tf.data.Dataset.from_tensor_slices((X, Y)).batch(2)
    data = fit_data((train, train))
    assert data.is_dataset
    assert data.arguments == {"validation_data": train}
    with pytest.raises(ArgumentError, match="It returned _BatchDataset"):
        fit_data(train)


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        (None, "None"),
        (X, "ndarray of shape (10, 4)"),
        ((X, Y, X_VAL), "(ndarray of shape (10, 4), ndarray of shape (10,), ndarray"),
        ((X, Y, X_VAL, Y_VAL), "(ndarray of shape (10, 4), "),
        ([(X, Y), (X_VAL, Y_VAL)], "a list of 2"),
        (([1, 2], [3, 4]), "(a list of 2, a list of 2)"),
        (((X, Y), X_VAL), "((ndarray of shape (10, 4), ndarray of shape (10,)), ndarray"),
        ({"x": X, "y": Y}, "{'x': ndarray of shape (10, 4), 'y': ndarray of shape (10,)}"),
        ((np.float64(3), Y), "(float64 of shape (), ndarray of shape (10,))"),
    ],
)
def test_anything_else_is_told(returned, told):
    with pytest.raises(ArgumentError) as caught:
        fit_data(returned)
    assert "must return (x, y), (x_val, y_val)" in str(caught.value)
    assert f"It returned {told}" in str(caught.value)


@pytest.mark.parametrize(
    ("returned", "rule"),
    [
        ((X, Y[:-1]), "training inputs and targets"),
        (((X, Y), (X_VAL, Y)), "validation inputs and targets"),
        ((X[:0], Y[:0]), "at least one"),
        (({"a": X, "b": X_VAL}, Y), "same number of rows"),
        (((X, Y), (np.zeros((3, 5)), Y_VAL)), "must have the shape of those for training"),
    ],
)
def test_shapes_belong_together(returned, rule):
    with pytest.raises(ArgumentError, match=rule):
        fit_data(returned)


def test_describing_shows_no_contents():
    assert describe("a secret") == "str"
