"""Value by value against TensorFlow 1, whose definitions the decays follow."""

import numpy as np
import pytest
import tensorflow as tf
from schedule_families import rates

from tfhpo import schedules

reference = tf.compat.v1.train

RATE = 0.1
T = 40
# Several cycles of T, both sides of each boundary included.
RUN = np.arange(5 * T + 2)
BOUNDARIES = [0, 1, T - 1, T, T + 1, 2 * T - 1, 2 * T, 2 * T + 1, 3 * T, 7 * T, 7 * T + 1]


def check(schedule, function, *arguments, **options):
    """Compares a schedule with a function of TensorFlow 1, by run and by single step."""

    def expected(step):
        return function(RATE, tf.constant(step), *arguments, **options)().numpy()

    close(rates(schedule, RUN), expected(RUN))
    for step in BOUNDARIES:
        close(float(schedule(step)), expected(step))


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=1e-6 * RATE)


@pytest.mark.parametrize("staircase", [False, True])
@pytest.mark.parametrize("factor", [0.5, 0.96, 1.1])
def test_exponential(factor, staircase):
    schedule = schedules.ExponentialDecay(RATE, T, factor, staircase)
    check(schedule, reference.exponential_decay, T, factor, staircase=staircase)


@pytest.mark.parametrize("staircase", [False, True])
@pytest.mark.parametrize("exponent", [0.1, 1.0, 2.5])
def test_natural_exponential(exponent, staircase):
    schedule = schedules.NaturalExponentialDecay(RATE, T, exponent, staircase)
    check(schedule, reference.natural_exp_decay, T, exponent, staircase=staircase)


@pytest.mark.parametrize("staircase", [False, True])
@pytest.mark.parametrize("slope", [0.1, 1.0, 2.5])
def test_inverse_time(slope, staircase):
    schedule = schedules.InverseTimeDecay(RATE, T, slope, staircase)
    check(schedule, reference.inverse_time_decay, T, slope, staircase=staircase)


@pytest.mark.parametrize("boundaries", [[T], [T, 2 * T], [0, 1, T - 1, T, T + 1]])
def test_piecewise_constant(boundaries):
    values = [RATE / (1 + i) for i in range(len(boundaries) + 1)]
    schedule = schedules.PiecewiseConstantDecay(boundaries, values)

    # The reference takes one step at a time.
    steps = [*RUN, *BOUNDARIES]
    expected = [
        reference.piecewise_constant(tf.constant(int(step)), boundaries, values)().numpy()
        for step in steps
    ]
    close(rates(schedule, steps), expected)
    close([float(schedule(int(step))) for step in steps], expected)


@pytest.mark.parametrize("cycle", [False, True])
@pytest.mark.parametrize("power", [0.3, 0.5, 1.0, 2.0, 3.5])
def test_polynomial(power, cycle):
    schedule = schedules.PolynomialDecay(RATE, T, 0.01, power, cycle)
    check(schedule, reference.polynomial_decay, T, 0.01, power, cycle)


def test_polynomial_upwards():
    check(schedules.PolynomialDecay(RATE, T, 0.5), reference.polynomial_decay, T, 0.5)


def test_polynomial_by_default():
    check(schedules.PolynomialDecay(RATE, T), reference.polynomial_decay, T)


@pytest.mark.parametrize("alpha", [0.0, 0.1, 1.0])
def test_cosine(alpha):
    check(schedules.CosineDecay(RATE, T, alpha), reference.cosine_decay, T, alpha)


@pytest.mark.parametrize("alpha", [0.0, 0.1])
@pytest.mark.parametrize("m_mul", [0.5, 1.0, 1.2])
@pytest.mark.parametrize("t_mul", [1.0, 1.5, 2.0])
def test_cosine_restarts(t_mul, m_mul, alpha):
    schedule = schedules.CosineDecayRestarts(RATE, T, t_mul, m_mul, alpha)
    check(schedule, reference.cosine_decay_restarts, T, t_mul, m_mul, alpha)


def test_cosine_restarts_by_default():
    check(schedules.CosineDecayRestarts(RATE, T), reference.cosine_decay_restarts, T)


@pytest.mark.parametrize(("periods", "alpha", "beta"), [(0.5, 0, 0.001), (1, 0.1, 0), (2.5, 1, 1)])
def test_linear_cosine(periods, alpha, beta):
    schedule = schedules.LinearCosineDecay(RATE, T, periods, alpha, beta)
    check(schedule, reference.linear_cosine_decay, T, periods, alpha, beta)


def test_linear_cosine_by_default():
    check(schedules.LinearCosineDecay(RATE, T), reference.linear_cosine_decay, T)


@pytest.mark.parametrize(("periods", "alpha", "beta"), [(0.5, 0, 0.001), (1, 0.1, 0), (2.5, 1, 1)])
def test_noisy_linear_cosine_without_noise(periods, alpha, beta):
    schedule = schedules.NoisyLinearCosineDecay(RATE, T, 0.0, 0.55, periods, alpha, beta)
    function = reference.noisy_linear_cosine_decay
    check(schedule, function, T, 0.0, 0.55, periods, alpha, beta)


@pytest.mark.parametrize("t_mul", [1.0, 1.25, 1.5, 2.0, 3.0])
def test_restarts_come_on_time(t_mul):
    """In float32 a logarithm rounded down would put a restart one step late."""
    schedule = schedules.CosineDecayRestarts(RATE, 64, t_mul)
    starts = np.cumsum([0, *(64 * t_mul**n for n in range(6))])
    whole = starts[starts == np.floor(starts)].astype(np.int64)
    assert len(whole) > 3
    np.testing.assert_allclose(rates(schedule, whole), RATE, rtol=1e-5)
