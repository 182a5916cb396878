"""The probability to succeed: its slope, where it is high, and what it is far from all points."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from made_up import columns, points

from tfhpo.surrogates.feasibility import LABEL_PRIORS, Feasibility, labels
from tfhpo.surrogates.gaussian_process import Hyperparameters, fitted
from tfhpo.surrogates.kernels import Columns

SEEDS = st.integers(0, 10_000)
TWO = Columns(np.array([False, False]))


def feasibility(columns, x, active, succeeded):
    encoded = columns.encode(x, active)
    theta = fitted(columns, encoded, labels(succeeded), priors=LABEL_PRIORS)
    return Feasibility(columns, encoded, succeeded, theta)


def in_the_square(n, share_of_the_edge):
    """Points of the unit square; those left of the edge fail."""
    x = np.random.default_rng(0).random((n, 2))
    return x, np.ones_like(x, dtype=bool), x[:, 0] > share_of_the_edge


@given(st.lists(st.booleans(), min_size=2, max_size=30).filter(lambda a: len(set(a)) == 2))
def test_labels_are_standardised(succeeded):
    found = labels(np.array(succeeded))
    assert found.mean() == pytest.approx(0.0, abs=1e-12)
    assert found.std() == pytest.approx(1.0)


@given(columns(), SEEDS)
def test_slopes(columns, seed):
    x, active = points(columns, 8, seed)
    succeeded = np.arange(8) % 3 > 0
    encoded = columns.encode(x, active)
    typical = Hyperparameters.typical(columns, LABEL_PRIORS)
    found = Feasibility(columns, encoded, succeeded, typical)
    asked, everything = points(columns, 3, seed + 1)[0], np.ones((3, columns.scales), dtype=bool)
    value, slope = found.slope(columns.encode(asked, everything))
    assert value == pytest.approx(found.value(columns.encode(asked, everything)))
    for place, column in enumerate(np.flatnonzero(~columns.categorical)):
        step = np.zeros(columns.scales)
        step[column] = 1e-6
        up, down = (found.value(columns.encode(asked + s, everything)) for s in (step, -step))
        assert slope[:, place] == pytest.approx((up - down) / 2e-6, rel=1e-3, abs=1e-4)


def test_it_tells_where_trials_fail():
    found = feasibility(TWO, *in_the_square(40, 0.5))
    asked = np.random.default_rng(1).random((200, 2))
    asked = asked[np.abs(asked[:, 0] - 0.5) > 0.1]
    chance = np.exp(found.value(TWO.encode(asked, np.ones_like(asked, dtype=bool))))
    assert np.mean((chance > 0.5) == (asked[:, 0] > 0.5)) > 0.97


def test_far_from_all_points_it_is_about_the_share_of_successes():
    columns = Columns(np.array([True, True, True]))
    theta = Hyperparameters(np.full(3, 3.0), 0.0, -9.0)
    x, on = np.zeros((10, 3)), np.ones((10, 3), dtype=bool)
    succeeded = np.arange(10) > 1
    found = Feasibility(columns, columns.encode(x, on), succeeded, theta)
    asked = columns.encode(np.ones((1, 3)), np.ones((1, 3), dtype=bool))
    # All seen points are one, so K = 2 + v on the diagonal, 2 elsewhere; the asked one shares only
    # the level with them: its mean is 0 and its variance 2 - 1 / 2.
    share, noise = 0.8, np.exp(-9.0)
    u = (share - 0.5) / np.sqrt(share * (1 - share)) / np.sqrt(1.5 + noise)
    assert found.value(asked) == pytest.approx(scipy.stats.norm.logcdf(u), abs=1e-4)
    assert np.exp(found.value(asked)) == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize("failed", [1, 49])
def test_far_from_all_points_the_rarer_outcome_stays_the_rarer_one(failed):
    columns = Columns(np.zeros(1, dtype=bool))
    x, on = np.linspace(0.0, 0.01, 50)[:, None], np.ones((50, 1), dtype=bool)
    succeeded = np.random.default_rng(0).permutation(50) >= failed
    theta = Hyperparameters(np.array([-4.0]), 0.0, -3.0)
    found = Feasibility(columns, columns.encode(x, on), succeeded, theta)
    chance = np.exp(found.value(columns.encode(np.ones((1, 1)), on[:1])))
    assert chance == pytest.approx(1.0 - failed / 50, abs=0.1)


def test_failures_at_random_rule_nothing_out():
    rng = np.random.default_rng(2)
    x = rng.random((60, 2))
    on = np.ones_like(x, dtype=bool)
    found = feasibility(TWO, x, on, rng.random(60) > 0.2)
    asked = rng.random((100, 2))
    chance = np.exp(found.value(TWO.encode(asked, np.ones_like(asked, dtype=bool))))
    assert np.mean(chance > 0.5) > 0.9
