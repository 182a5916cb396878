"""Parzen densities: they are densities, are sampled from truly, and look at what is in common."""

import numpy as np
import pytest
import scipy.integrate

from tfhpo.surrogates.parzen import ParzenDensity, Sizes, bandwidths_of

MIXED = Sizes(np.array([False, True, False]), np.array([0, 3, 0]))


def density(n=6, *, sizes=MIXED, spread=0.3, width=0.15, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.random((n, len(sizes.counts)))
    counts = np.maximum(sizes.counts, 2)
    x = np.where(sizes.categorical, rng.integers(0, counts, x.shape) / (counts - 1), x)
    active = rng.random(x.shape) < 0.8
    weights = rng.random(n + 1) + 0.1
    widths = np.full(len(sizes.counts), width)
    return ParzenDensity(sizes, np.where(active, x, 0.0), active, weights, widths, spread)


def at(model, points, active=None):
    points = np.atleast_2d(points)
    mask = np.ones(points.shape, dtype=bool) if active is None else np.atleast_2d(active)
    return np.exp(model.log_density(points, mask))


@pytest.mark.parametrize("seed", range(4))
def test_it_sums_to_one(seed):
    model = density(seed=seed)
    total = sum(
        scipy.integrate.dblquad(lambda a, b, c=c: at(model, [a, c, b])[0], 0, 1, 0, 1, epsabs=1e-4)[
            0
        ]
        for c in (0.0, 0.5, 1.0)
    )
    assert total == pytest.approx(1.0, abs=1e-3)


def test_samples_come_from_it():
    model = density()
    drawn = model.sample(40_000, np.random.default_rng(1))
    assert np.all((drawn >= 0) & (drawn <= 1))
    for low, high in ((0.0, 0.2), (0.3, 0.7)):
        inside = np.mean((drawn[:, 0] > low) & (drawn[:, 0] < high) & (drawn[:, 1] == 0.5))
        told, _ = scipy.integrate.dblquad(
            lambda b, a: at(model, [a, 0.5, b])[0], low, high, 0, 1, epsabs=1e-4
        )
        assert inside == pytest.approx(told, abs=0.01)


def test_a_column_that_one_of_the_two_does_not_use_does_not_count():
    sizes = Sizes(np.array([False, False]), np.array([0, 0]))
    seen = np.array([[0.2, 0.9]])
    weights, widths = np.array([1.0, 1e-12]), np.full(2, 0.1)
    both = ParzenDensity(sizes, seen, np.ones((1, 2), dtype=bool), weights, widths, 0.1)
    first = ParzenDensity(sizes, seen, np.array([[True, False]]), weights, widths, 0.1)
    assert at(both, [0.2, 0.0], [True, False]) == pytest.approx(at(first, [0.2, 0.4]))
    assert at(both, [0.2, 0.9]) > at(first, [0.2, 0.9]) > at(both, [0.2, 0.1])


def test_without_points_it_is_uniform():
    nothing = np.zeros((0, 3))
    model = ParzenDensity(MIXED, nothing, nothing.astype(bool), np.ones(1), np.ones(3), 0.1)
    assert at(model, [[0.1, 0.5, 0.9], [0.7, 0.0, 0.2]]) == pytest.approx(np.full(2, 1 / 3))
    drawn = model.sample(3000, np.random.default_rng(0))
    assert set(drawn[:, 1]) == {0.0, 0.5, 1.0}
    assert drawn[:, 0].mean() == pytest.approx(0.5, abs=0.03)


def test_a_point_far_from_all_is_still_possible():
    sizes = Sizes(np.array([False]), np.array([0]))
    seen, active = np.full((30, 1), 0.01), np.ones((30, 1), dtype=bool)
    model = ParzenDensity(sizes, seen, active, np.ones(31), np.array([1e-3]), 0.1)
    with np.errstate(all="raise", under="ignore"):
        found = model.log_density(np.array([[1.0]]), np.ones((1, 1), dtype=bool))
    assert found[0] == pytest.approx(np.log(1 / 31))


def test_bandwidths_shrink_with_more_points_and_have_a_least():
    sizes = Sizes(np.array([False, False]), np.array([0, 5]))
    rng = np.random.default_rng(0)
    widths = [
        bandwidths_of(sizes, x, np.ones_like(x, dtype=bool), scale=1.0, least=0.02)
        for x in (rng.random((n, 2)) for n in (1, 20, 500))
    ]
    assert widths[0][0] > widths[1][0] > widths[2][0] > 0.02
    same = np.full((1000, 2), 0.3)
    narrow = bandwidths_of(sizes, same, np.ones_like(same, dtype=bool), scale=0.01, least=0.02)
    # The second column's values are 0.25 apart.
    assert narrow == pytest.approx([0.02, 0.125])
