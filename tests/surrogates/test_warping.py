"""Scores made fit for a model: order kept, the good half's distances too, nothing infinite."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfhpo.surrogates.warping import half_ranked, standardised

SCORES = st.lists(st.floats(-1.7e308, 1.7e308, allow_nan=False), min_size=1, max_size=30).map(
    np.array
)
TAME = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30).map(np.array)


@given(SCORES)
def test_any_scores_become_standard_ones(scores):
    with np.errstate(all="raise", under="ignore"):
        for warped in (half_ranked(scores), standardised(scores)):
            assert np.all(np.isfinite(warped))
            assert warped.mean() == pytest.approx(0.0, abs=1e-9)
            assert warped.std() == pytest.approx(1.0) or np.all(warped == 0.0)


@given(TAME)
def test_the_order_is_kept(scores):
    warped = half_ranked(scores)
    for one in range(len(scores)):
        better = scores < scores[one]
        assert np.all(warped[better] <= warped[one] + 1e-12)


def test_the_good_half_keeps_its_distances():
    scores = np.array([1.0, 2.0, 4.0, 8.0, 1e7, np.float64(3e300)])
    warped = half_ranked(scores)
    gaps = np.diff(warped)
    assert gaps[1] == pytest.approx(2 * gaps[0])
    assert gaps[2:].max() < 10 * gaps[0]


def test_the_bad_half_is_as_wide_as_the_good_one():
    scores = np.random.default_rng(0).standard_normal(1001)
    warped = half_ranked(scores)
    # Of normal scores nothing changes.
    assert warped == pytest.approx(standardised(scores), abs=0.15)


def test_equal_scores_are_all_nothing():
    assert np.all(half_ranked(np.full(5, 3.0)) == 0.0)
    assert np.all(half_ranked(np.array([7.0])) == 0.0)
    assert half_ranked(np.array([])).shape == (0,)
    two = half_ranked(np.array([1.0, 1.0, 1.0, 2.0]))
    assert two[3] > two[0] == two[1] == two[2]
