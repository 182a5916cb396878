"""The rungs, and the column of a space whose values they are."""

import itertools
import math

import numpy as np
import pytest
from example_spaces import when
from hypothesis import given
from hypothesis import strategies as st

from tfhpo.errors import ArgumentError
from tfhpo.space import FloatRange, Levels, Parameter, Space, Steps
from tfhpo.strategies import rungs
from tfhpo.strategies.fidelity import Fidelity

X = Parameter("x", FloatRange(0.0, 1.0))
EPOCHS = Parameter("epochs", Levels((9, 1, 3), ordered=True))


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        ((1, 27, 3), [1, 3, 9, 27]),
        ((1, 81), [1, 3, 9, 27, 81]),
        ((2, 100), [4, 11, 33, 100]),
        ((1, 8, 2), [1, 2, 4, 8]),
        ((5, 5), [5]),
        ((5, 16), [5, 16]),
        ((5, 14), [14]),
        ((1, 2, 10), [2]),
        ((0.1, 0.9), [0.1, 0.3, 0.9]),
        ((0.25, 1, 2), [0.25, 0.5, 1]),
    ],
)
def test_rungs_lie_a_factor_apart(arguments, values):
    found = rungs(*arguments)
    assert found == pytest.approx(values, rel=1e-12)


@given(st.integers(1, 500), st.integers(0, 5000), st.integers(2, 6))
def test_rungs_of_integers_ascend_within_the_bounds(lowest, more, factor):
    found = rungs(lowest, lowest + more, factor)
    assert all(isinstance(value, int) for value in found)
    assert lowest <= found[0]
    assert found[-1] == lowest + more
    assert all(low < high for low, high in itertools.pairwise(found))
    assert lowest > (lowest + more) / factor ** len(found)


@pytest.mark.parametrize(
    ("lowest", "highest"),
    [(0, 9), (-1, 9), (9, 3), (1, math.inf), (math.nan, 3), (1, math.nan), (True, 9)],
)
def test_bounds_must_be_positive_and_in_order(lowest, highest):
    with pytest.raises(ArgumentError, match=f"lowest={lowest}, highest={highest}"):
        rungs(lowest, highest)


@pytest.mark.parametrize("factor", [1, 0, -3, 2.5, True, "3"])
def test_the_factor_is_an_integer_of_at_least_two(factor):
    with pytest.raises(ArgumentError, match=f"factor={factor!r}"):
        rungs(1, 9, factor)


def test_the_values_in_order_are_the_rungs():
    fidelity = Fidelity(Space([X, EPOCHS]), "epochs")
    assert (len(fidelity), fidelity.top) == (3, 2)
    assert [fidelity.value(rung) for rung in range(3)] == [1, 3, 9]


@pytest.mark.parametrize("column", [0, 1, 2])
def test_a_configuration_and_its_rung_make_a_point_and_come_back(column):
    others = [X, Parameter("kind", Levels(("a", "b")))]
    space = Space([*others[:column], EPOCHS, *others[column:]])
    fidelity = Fidelity(space, "epochs")
    assert fidelity.others(space) == Space(others)
    configuration = Space(others).encode({"x": 0.25, "kind": "b"})
    point = fidelity.at(configuration, 1)
    assert space.decode(point.x) == {"x": 0.25, "kind": "b", "epochs": 3}
    assert point.active.dtype == bool
    assert fidelity.of(point) == 1
    back = fidelity.without(point)
    np.testing.assert_array_equal(back.x, configuration.x)
    np.testing.assert_array_equal(back.active, configuration.active)
    assert fidelity.of(space.encode({"x": 0.25, "kind": "b"})) is None


def _depends():
    return Space([EPOCHS, Parameter("x", Steps(1, 3), (when("epochs", 9),))])


def _conditional():
    kind = Parameter("kind", Levels(("a", "b")))
    return Space([kind, Parameter("epochs", Steps(1, 3), (when("kind", "b"),))])


@pytest.mark.parametrize(
    ("space", "told"),
    [
        (Space([X]), "'epochs', which names 0"),
        (Space([EPOCHS]), "beside the fidelity"),
        (Space([X, Parameter("epochs", FloatRange(1.0, 9.0))]), "finitely many values in order"),
        (Space([X, Parameter("epochs", Levels((1, 3)))]), "finitely many values in order"),
        (_conditional(), "always.*'epochs', asked for when"),
        (_depends(), "depend on the fidelity.*'x', asked for when"),
    ],
)
def test_what_cannot_be_a_fidelity(space, told):
    with pytest.raises(ArgumentError, match=told):
        Fidelity(space, "epochs")


def test_a_fidelity_that_is_asked_for_twice_is_refused():
    kind = Parameter("kind", Levels(("a", "b")))
    space = Space([kind, EPOCHS])
    fidelity = Fidelity(space, "epochs")
    again = Parameter("epochs", EPOCHS.domain, (when("kind", "a"),))
    with pytest.raises(ArgumentError, match="names 2"):
        fidelity.others(space.extended([again]))
