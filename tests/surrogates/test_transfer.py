"""What former studies foretell: its slopes, its weights, and the columns that a study lacks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import columns, points

from tfhpo.surrogates.gaussian_process import NO_TREND, GaussianProcess, Hyperparameters
from tfhpo.surrogates.kernels import KERNELS, Columns
from tfhpo.surrogates.transfer import Foreteller, foretold

SEEDS = st.integers(0, 10_000)


def teller(columns, seed, known=None, name="matern52"):
    """One that learnt a made-up function of the columns it knows."""
    x, active = points(columns, 12, seed)
    known = np.ones(columns.scales, dtype=bool) if known is None else known
    scores = np.sum(np.where(active & known, (x - 0.4) ** 2, 0.1), axis=1)
    return Foreteller(columns, known, columns.encode(x, active & known), scores, name)


def with_trend(columns, seed, name):
    """A process whose prior mean is what two studies foretell, and the trend."""
    tellers = [teller(columns, seed, name=name), teller(columns, seed + 1, name=name)]
    known = columns.encode(*points(columns, 9, seed + 2))
    outputs = tellers[0].value(known) + 0.1 * np.random.default_rng(seed).standard_normal(9)
    trend = foretold(tellers, columns, known, outputs, name)
    typical = Hyperparameters.typical(columns)
    return GaussianProcess(columns, known, outputs, typical, name, trend), trend


def numerical_slope(function, x, active, columns):
    slopes = np.zeros((len(x), columns.ordered))
    for place, column in enumerate(np.flatnonzero(~columns.categorical)):
        step = np.zeros(columns.scales)
        step[column] = 1e-6
        up, down = (function(columns.encode(x + sign * step, active)) for sign in (1, -1))
        slopes[:, place] = (up - down) / 2e-6
    return np.where(active[:, ~columns.categorical], slopes, 0.0)


@settings(max_examples=25)
@given(columns(), SEEDS, st.sampled_from(KERNELS))
def test_slopes_of_what_is_foretold(columns, seed, name):
    _, trend = with_trend(columns, seed, name)
    x, active = points(columns, 4, seed + 3)
    slope = trend.slope(columns.encode(x, active))
    slope = np.where(active[:, ~columns.categorical], slope, 0.0)
    expected = numerical_slope(trend.value, x, active, columns)
    assert slope == pytest.approx(expected, abs=1e-5)


@settings(max_examples=25)
@given(columns(), SEEDS, st.sampled_from(KERNELS))
def test_slopes_of_a_posterior_with_a_prior_mean(columns, seed, name):
    model, _ = with_trend(columns, seed, name)
    x, active = points(columns, 4, seed + 3)

    def derivatives(mean, deviation):
        return mean * deviation, deviation, mean

    def function(asked):
        return np.prod(model.posterior(asked), axis=0)

    value, slope = model.posterior_gradient(columns.encode(x, active), derivatives)
    slope = np.where(active[:, ~columns.categorical], slope, 0.0)
    assert value == pytest.approx(function(columns.encode(x, active)))
    assert slope == pytest.approx(numerical_slope(function, x, active, columns), abs=1e-4)


@settings(max_examples=25)
@given(columns(), SEEDS)
def test_a_prior_mean_is_what_is_left_far_from_the_results(columns, seed):
    model, trend = with_trend(columns, seed, "matern52")
    plain = GaussianProcess(
        columns, model.points, model.outputs - trend.value(model.points), model.hyperparameters
    )
    asked = columns.encode(*points(columns, 5, seed + 3))
    mean, deviation = model.posterior(asked)
    assert mean == pytest.approx(trend.value(asked) + plain.mean(asked))
    assert deviation == pytest.approx(plain.posterior(asked)[1])


@settings(max_examples=25)
@given(columns(), SEEDS)
def test_further_points_of_one_with_a_prior_mean(columns, seed):
    model, trend = with_trend(columns, seed, "matern52")
    theta, first, rest = model.hyperparameters, slice(6), slice(6, 9)
    begun = GaussianProcess(
        columns, model.points.rows(first), model.outputs[first], theta, trend=trend
    )
    further = np.stack([model.outputs[rest], model.outputs[rest] + 1.0], axis=1)
    grown = begun.conditioned(model.points.rows(rest), further)
    asked = columns.encode(*points(columns, 5, seed + 3))
    assert grown.mean(asked)[:, 0] == pytest.approx(model.mean(asked), abs=1e-6)
    assert grown.posterior(asked)[1] == pytest.approx(model.posterior(asked)[1], abs=1e-6)


BOX = Columns(np.zeros(3, dtype=bool))


def trusted(outputs_of, n=12, studies=1):
    """The weights, on the scale of what is foretold, after results that are a function of m."""
    tellers = [teller(BOX, seed) for seed in range(studies)]
    known = BOX.encode(*points(BOX, n, 99))
    m = np.stack([one.value(known) for one in tellers])
    outputs = outputs_of(m)
    outputs = (outputs - outputs.mean()) / outputs.std()
    return foretold(tellers, BOX, known, outputs).weights * m.std(axis=1)


def test_a_study_that_agrees_is_trusted_and_one_that_contradicts_is_not():
    assert trusted(lambda m: m[0])[0] > 0.8
    assert trusted(lambda m: -m[0])[0] == 0.0


def test_two_results_do_not_settle_it():
    assert 0.0 < trusted(lambda m: -m[0], n=2)[0] < 0.5


@pytest.mark.parametrize("studies", [1, 2, 5])
def test_results_that_say_nothing_leave_the_trust_that_studies_begin_with(studies):
    tellers = [teller(BOX, seed) for seed in range(studies)]
    one = BOX.encode(*points(BOX, 1, 99))
    # Of one place the spread of what is foretold is 0, and counts as a half.
    weights = 0.5 * foretold(tellers, BOX, one, np.zeros(1)).weights
    assert weights == pytest.approx(np.full(studies, 0.7 / studies))


def test_of_two_studies_the_one_that_agrees_is_trusted():
    rng = np.random.default_rng(0)
    right, wrong = trusted(lambda m: m[0] + 0.1 * rng.standard_normal(12) - 0.5 * m[1], studies=2)
    assert right > 0.5 > wrong


def test_a_column_that_a_study_lacks_changes_nothing():
    mixed = Columns(np.array([False, True, False, True]))
    known = np.array([True, True, False, False])
    one = teller(mixed, 3, known)
    x, active = points(mixed, 20, 4)
    other_x, other_active = points(mixed, 20, 5)
    other_x[:, known], other_active[:, known] = x[:, known], active[:, known]
    first, second = mixed.encode(x, active), mixed.encode(other_x, other_active)
    assert one.value(first) == pytest.approx(one.value(second))
    assert np.ptp(one.value(first)) > 0.1
    assert np.all(one.slope(first)[:, 1] == 0.0)
    assert np.any(one.slope(first)[:, 0] != 0.0)


def test_no_trend_is_zero():
    asked = BOX.encode(*points(BOX, 4, 0))
    assert not NO_TREND.value(asked).any()
    assert NO_TREND.slope(asked).shape == (4, 3)
