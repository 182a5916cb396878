"""The covariance: what it is, that it is one, and its derivatives."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import columns, kernel, points

from tfhpo.surrogates.kernels import APART, KERNELS, Columns

SEEDS = st.integers(0, 10_000)


def by_the_formula(kernel, x, active, row, other):
    """k of two points, column by column as the notation has it."""
    square, mismatch = 0.0, 0.0
    lengths, weights = iter(kernel.lengths), iter(kernel.weights)
    for column, categorical in enumerate(kernel.columns.categorical):
        on, other_on = active[row, column], active[other, column]
        gap = x[row, column] - x[other, column]
        if categorical:
            mismatch += next(weights) * (on != other_on or bool(on and gap != 0))
            continue
        if on and other_on:
            apart = gap**2
        elif on or other_on:
            u = x[row, column] if on else x[other, column]
            apart = (u - 0.5) ** 2 + APART**2
        else:
            apart = 0.0
        square += apart / next(lengths) ** 2
    r = math.sqrt(5 * square)
    matern = (1 + r + r**2 / 3) * math.exp(-r)
    correlation = matern if kernel.name == "matern52" else math.exp(-square / 2)
    return kernel.signal * correlation * math.exp(-mismatch) + kernel.level


@given(columns(), SEEDS, st.sampled_from(KERNELS))
def test_covariances_are_those_of_the_formula(columns, seed, name):
    x, active = points(columns, 5, seed)
    made = kernel(columns, seed, name)
    encoded = columns.encode(x, active)
    found, (with_slope, _) = made(encoded, encoded), made.with_slope(encoded, encoded)
    for row in range(5):
        for other in range(5):
            told = by_the_formula(made, x, active, row, other)
            assert with_slope[row, other] == pytest.approx(told, rel=1e-9, abs=1e-12)
            assert found[row, other] == pytest.approx(told, rel=1e-9, abs=1e-12)


@given(columns(), SEEDS, st.sampled_from(KERNELS))
def test_a_covariance_is_symmetric_and_positive_semidefinite(columns, seed, name):
    encoded = columns.encode(*points(columns, 12, seed))
    made = kernel(columns, seed, name)
    found = made(encoded, encoded)
    assert np.allclose(found, found.T, rtol=0, atol=1e-12 * made.variance)
    assert np.allclose(np.diag(found), made.variance)
    assert np.linalg.eigvalsh(found).min() > -1e-7 * made.variance


@given(columns(), SEEDS)
def test_the_place_of_an_inactive_column_means_nothing(columns, seed):
    x, active = points(columns, 4, seed)
    elsewhere = np.where(active, x, np.random.default_rng(seed).random(x.shape))
    first, second = columns.encode(x, active), columns.encode(elsewhere, active)
    made = kernel(columns, seed)
    assert np.array_equal(made(first, first), made(second, second))


@given(columns(), SEEDS, st.sampled_from(KERNELS))
def test_slopes_by_the_scales(columns, seed, name):
    rng = np.random.default_rng(seed)
    encoded = columns.encode(*points(columns, 6, seed))
    outer = rng.normal(size=(6, 6))
    outer = outer + outer.T
    made = kernel(columns, seed, name)
    logs = np.log(np.concatenate([made.lengths, made.weights, [made.signal]]))

    def weighted_sum(logs):
        *scales, signal = np.exp(logs)
        d = columns.ordered
        changed = replace(
            made, lengths=np.array(scales[:d]), weights=np.array(scales[d:]), signal=signal
        )
        return np.sum(outer * changed(encoded, encoded))

    found = made.log_scale_gradient(encoded, outer, *made.with_slope(encoded, encoded))
    assert found == pytest.approx(numeric(weighted_sum, logs), rel=1e-5, abs=1e-6)


@given(columns(), SEEDS, st.sampled_from(KERNELS))
def test_slopes_by_the_places(columns, seed, name):
    rng = np.random.default_rng(seed)
    x, active = points(columns, 3, seed)
    active[:, ~columns.categorical] = True
    others = columns.encode(*points(columns, 5, seed + 1))
    outer, made = rng.normal(size=(3, 5)), kernel(columns, seed, name)
    ordered = ~columns.categorical

    def weighted_sum(places):
        moved = x.copy()
        moved[:, ordered] = places.reshape(3, -1)
        return np.sum(outer * made(columns.encode(moved, active), others))

    encoded = columns.encode(x, active)
    found = made.point_gradient(encoded, others, outer, made.with_slope(encoded, others)[1])
    told = numeric(weighted_sum, x[:, ordered].ravel())
    assert found.ravel() == pytest.approx(told, rel=1e-4, abs=1e-5)


def numeric(function, place, step=1e-6):
    """The gradient by central differences."""
    steps = step * np.eye(len(place))
    return np.array([(function(place + s) - function(place - s)) / (2 * step) for s in steps])


def test_encoded_points_join_and_part():
    columns = Columns(np.array([False, True]))
    first, second = (columns.encode(*points(columns, n, n)) for n in (2, 3))
    both = first.joined(second)
    assert len(both) == 5
    assert np.array_equal(both.rows(slice(2)).features, first.features)
    assert np.array_equal(both.rows(np.array([2, 3, 4])).choices, second.choices)
