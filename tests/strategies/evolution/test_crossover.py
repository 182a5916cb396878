"""How two parents cross: what they agree on stays, numbers mix, choices do not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfhpo.errors import ArgumentError
from tfhpo.strategies.evolution import (
    BlendCrossover,
    Genes,
    SimulatedBinaryCrossover,
    UniformCrossover,
)

ALL = [UniformCrossover(), BlendCrossover(), SimulatedBinaryCrossover()]
GENES = Genes(np.array([False, False, True, True]), np.array([0, 7, 3, 5]))


def children(crossover, first, second, count=4_000):
    rng = np.random.default_rng(0)
    return np.array([crossover.cross(first, second, GENES, rng) for _ in range(count)])


@given(st.sampled_from(ALL), st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_twins_have_their_own_like(crossover, places):
    parent = np.array(places)
    child = crossover.cross(parent, parent, GENES, np.random.default_rng(1))
    assert child == pytest.approx(parent)


@pytest.mark.parametrize("crossover", ALL, ids=lambda one: type(one).__name__)
def test_a_choice_is_that_of_a_parent_and_of_each_as_often(crossover):
    found = children(crossover, np.array([0.2, 0.0, 0.0, 0.25]), np.array([0.4, 1.0, 0.5, 1.0]))
    for column, pair in ((2, (0.0, 0.5)), (3, (0.25, 1.0))):
        assert set(found[:, column]) == set(pair)
        assert np.mean(found[:, column] == pair[0]) == pytest.approx(0.5, abs=0.04)


def test_uniform_crossover_takes_genes_as_they_are():
    found = children(UniformCrossover(), np.full(4, 0.2), np.full(4, 0.8))
    assert set(found.ravel()) == {0.2, 0.8}
    assert abs(np.corrcoef(found[:, 0], found[:, 1])[0, 1]) < 0.05


def test_blending_is_even_between_the_parents_and_a_little_beyond():
    found = children(BlendCrossover(0.5), np.full(4, 0.4), np.full(4, 0.6))[:, 0]
    assert found.min() == pytest.approx(0.3, abs=1e-3)
    assert found.max() == pytest.approx(0.7, abs=1e-3)
    assert np.histogram(found, 4)[0] == pytest.approx(np.full(4, 1_000), rel=0.12)


def test_simulated_binary_crossover_keeps_the_parents_middle_and_stays_close():
    near, far = (
        children(SimulatedBinaryCrossover(eta), np.full(4, 0.4), np.full(4, 0.6))[:, 0]
        for eta in (20.0, 1.0)
    )
    assert near.mean() == pytest.approx(0.5, abs=0.01)
    distance = [np.minimum(abs(one - 0.4), abs(one - 0.6)).mean() for one in (near, far)]
    assert distance[0] < 0.3 * distance[1]
    # Half of all children lie between their parents, as in the source.
    assert np.mean(abs(far - 0.5) < 0.1) == pytest.approx(0.5, abs=0.04)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: BlendCrossover(-0.1), "alpha=-0.1"),
        (lambda: SimulatedBinaryCrossover(-1.0), "eta=-1.0"),
    ],
)
def test_arguments(make, told):
    with pytest.raises(ArgumentError, match=told):
        make()
