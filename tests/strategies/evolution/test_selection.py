"""Who breeds: positions that exist, two of them, and the better the more often."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfhpo.errors import ArgumentError
from tfhpo.strategies.evolution import Tournament, Truncation

SELECTIONS = st.one_of(
    st.builds(Truncation, st.floats(0.01, 1.0)), st.builds(Tournament, st.integers(1, 9))
)


def chosen(selection, size, count=2_000):
    rng = np.random.default_rng(0)
    return np.array([selection.choose(size, rng) for _ in range(count)])


@given(SELECTIONS, st.integers(1, 40), st.integers(0, 999))
def test_parents_are_of_the_population_and_differ(selection, size, seed):
    first, second = selection.choose(size, np.random.default_rng(seed))
    assert 0 <= first < size
    assert 0 <= second < size
    assert (first != second) == (size > 1)


def test_truncation_lets_the_best_share_breed_evenly():
    counts = np.bincount(chosen(Truncation(0.5), 10).ravel(), minlength=10)
    assert np.all(counts[5:] == 0)
    assert counts[:5] == pytest.approx(np.full(5, 800), rel=0.1)


def test_a_larger_tournament_presses_harder():
    means = [chosen(Tournament(size), 30)[:, 0].mean() for size in (1, 3, 9)]
    assert means[0] == pytest.approx(14.5, abs=1)
    assert means[0] > 1.5 * means[1] > 3 * means[2]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Truncation(0.0), "share=0.0"),
        (lambda: Truncation(1.1), "share=1.1"),
        (lambda: Tournament(0), "size=0"),
    ],
)
def test_arguments(make, told):
    with pytest.raises(ArgumentError, match=told):
        make()
