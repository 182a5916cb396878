"""Acquisitions: their values by quadrature, their derivatives by differences, their far ends."""

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from tfhpo.surrogates.acquisitions import (
    ConfidenceBound,
    ExpectedImprovement,
    FantasisedImprovement,
    LogExpectedImprovement,
    MaxValueEntropy,
    ProbabilityOfImprovement,
    log_h,
    sampled_best_values,
)

MEANS, DEVIATIONS = st.floats(-5, 5), st.floats(0.05, 5)
ALL = [
    ProbabilityOfImprovement(-0.3),
    ExpectedImprovement(-0.3),
    LogExpectedImprovement(-0.3),
    LogExpectedImprovement(-0.3, noise=0.4),
    ConfidenceBound(1.5),
    MaxValueEntropy(np.array([-7.0, -6.0, -5.5, 1.0])),
]


@given(MEANS, DEVIATIONS)
def test_expected_improvement_is_the_mean_of_the_improvement(mean, deviation):
    normal = scipy.stats.norm(mean, deviation)
    told, _ = scipy.integrate.quad(
        lambda y: max(-0.3 - y, 0.0) * normal.pdf(y), mean - 12 * deviation, -0.3
    )
    found = ExpectedImprovement(-0.3)(np.array([mean]), np.array([deviation])).value
    if mean - 12 * deviation < -0.3:
        assert found == pytest.approx(told, rel=1e-6, abs=1e-12)
        chance = ProbabilityOfImprovement(-0.3)(np.array([mean]), np.array([deviation])).value
        assert chance == pytest.approx(normal.cdf(-0.3), rel=1e-9)


@given(st.floats(-200, 6))
def test_log_h_is_exact_where_h_rounds_to_nothing(z):
    # h(z) = integral over t > 0 of t phi(t - z), with exp(-z^2 / 2) taken out.
    scale = 1.0 / max(1.0, -z)
    told, _ = scipy.integrate.quad(
        lambda t: t * math.exp(-0.5 * t**2 + z * t - (0.5 * z**2 if z > 0 else 0.0)),
        0.0,
        np.inf if z > -5 else 40 * scale,
    )
    logarithm = math.log(told) - 0.5 * math.log(2 * math.pi) - (0.0 if z > 0 else 0.5 * z**2)
    assert float(log_h(np.array(z))) == pytest.approx(logarithm, rel=1e-7, abs=1e-7)


def test_log_h_has_no_steps_where_its_form_changes():
    for border in (-1.0, -1000.0):
        below, above = log_h(np.array([border * (1 + 1e-9), border * (1 - 1e-9)]))
        assert above > below
        assert above - below < 1e-2
    assert np.all(np.isfinite(log_h(np.array([-1e8, -1e150, 0.0, 1e8]))))


@pytest.mark.parametrize("acquisition", ALL, ids=lambda one: type(one).__name__)
@given(mean=MEANS, deviation=DEVIATIONS)
def test_derivatives(acquisition, mean, deviation):
    found = acquisition(np.array([mean]), np.array([deviation]))
    step = 1e-5 * deviation

    def value(mean, deviation):
        return float(acquisition(np.array([mean]), np.array([deviation])).value[0])

    by_mean = (value(mean + step, deviation) - value(mean - step, deviation)) / (2 * step)
    by_deviation = (value(mean, deviation + step) - value(mean, deviation - step)) / (2 * step)
    assert float(found.by_mean[0]) == pytest.approx(by_mean, rel=5e-4, abs=1e-6)
    assert float(found.by_deviation[0]) == pytest.approx(by_deviation, rel=5e-4, abs=1e-6)


@pytest.mark.parametrize("acquisition", ALL, ids=lambda one: type(one).__name__)
def test_far_away_all_is_finite(acquisition):
    mean, deviation = np.array([1e6, -1e6, 50.0, 0.0]), np.array([1e-6, 1e-6, 1.0, 1e6])
    with np.errstate(all="raise", under="ignore"):
        for found in acquisition(mean, deviation):
            assert np.all(np.isfinite(found))


@pytest.mark.parametrize("away", [1e2, 1e3, 1e5, 1e8, 1e12])
def test_the_slope_of_log_ei_is_exact_far_from_all_improvement(away):
    # d log EI / d mu = Phi / (h sd), whose asymptote is |z| + 2 / |z|.
    found = LogExpectedImprovement(0.0)(np.array([away]), np.array([1.0]))
    assert float(found.by_mean[0]) == pytest.approx(-(away + 2.0 / away), rel=1e-6)


def test_log_and_plain_improvement_rank_alike():
    rng = np.random.default_rng(0)
    mean, deviation = rng.normal(size=50), rng.random(50) + 0.1
    plain = ExpectedImprovement(0.0)(mean, deviation).value
    assert np.array_equal(
        np.argsort(plain), np.argsort(LogExpectedImprovement(0.0)(mean, deviation).value)
    )


@given(st.integers(0, 1000))
def test_an_improvement_over_fantasies_is_the_mean_of_theirs(seed):
    rng = np.random.default_rng(seed)
    mean, deviation, best = rng.normal(size=(5, 3)), rng.random(5) + 0.1, rng.normal(size=3)
    found = FantasisedImprovement(best)(mean, deviation)
    each = [ExpectedImprovement(best[s])(mean[:, s], deviation).value for s in range(3)]
    assert np.exp(found.value) == pytest.approx(np.mean(each, axis=0), rel=1e-6)
    step = 1e-6
    for s in range(3):
        nudge = step * np.eye(3)[s]
        values = [
            FantasisedImprovement(best)(mean + way * nudge, deviation).value for way in (1, -1)
        ]
        told = (values[0] - values[1]) / (2 * step)
        assert found.by_mean[:, s] == pytest.approx(told, rel=1e-4, abs=1e-6)
    above = FantasisedImprovement(best)(mean, deviation + step).value
    below = FantasisedImprovement(best)(mean, deviation - step).value
    told = (above - below) / (2 * step)
    assert found.by_deviation == pytest.approx(told, rel=1e-4, abs=1e-6)


def test_sampled_best_values_are_those_of_the_minimum():
    rng = np.random.default_rng(1)
    mean, deviation = rng.normal(size=40), np.full(40, 0.7)
    samples = sampled_best_values(mean, deviation, rng, count=4000)
    told = (mean + deviation * rng.standard_normal((4000, 40))).min(axis=1)
    assert np.all(samples < mean.min())
    for share in (0.25, 0.5, 0.75):
        expected = min(np.quantile(told, share), mean.min())
        assert np.quantile(samples, share) == pytest.approx(expected, abs=0.1)


def test_entropy_prefers_what_may_be_the_best():
    mean, deviation = np.array([0.0, 3.0, 0.0]), np.array([1.0, 1.0, 0.1])
    value = MaxValueEntropy(np.array([-1.5, -1.0]))(mean, deviation).value
    assert value[0] > value[1] > 0
    assert value[0] > value[2]


@given(MEANS, DEVIATIONS, st.floats(0.1, 3))
def test_max_value_entropy_is_what_knowing_the_best_score_takes_off_the_entropy(
    mean, deviation, above
):
    best = mean - above * deviation
    normal = scipy.stats.norm(mean, deviation)
    # With it known, no score is below it.
    rest = scipy.stats.truncnorm(-above, 40.0, mean, deviation)
    found = MaxValueEntropy(np.array([best]))(np.array([mean]), np.array([deviation])).value
    assert found == pytest.approx(normal.entropy() - rest.entropy(), abs=1e-7)


@given(st.floats(1e-2, 5), st.floats(1e-9, 5))
def test_augmented_by_what_is_left_to_learn(deviation, noise):
    at = np.array([0.1]), np.array([deviation])
    plain = LogExpectedImprovement(-0.3)(*at).value
    found = LogExpectedImprovement(-0.3, noise)(*at).value
    share = 1.0 - noise / math.hypot(deviation, noise)
    if share > 1e-6:
        assert found - plain == pytest.approx(math.log(share), rel=1e-6, abs=1e-8)
    together = FantasisedImprovement(np.array([-0.3]), noise)
    assert together(at[0][:, None], at[1]).value == pytest.approx(found)
