"""The noisy decay: its distribution, its independence, and that seed and step alone decide it."""

import numpy as np
import pytest
import tensorflow as tf
from schedule_families import rates
from scipy import stats

from tfhpo.schedules import LinearCosineDecay, NoisyLinearCosineDecay
from tfhpo.schedules.noise import StepNoise

RATE, T = 0.1, 20_000
STEPS = np.arange(T + 1)
# The smallest p that passes; the samples are fixed, so that a test passes always or never.
LEAST = 1e-3


def noisy(seed=0, **options):
    # Without periods the cosine is 1: the noise comes through unshrunk.
    return NoisyLinearCosineDecay(RATE, T, num_periods=0.0, seed=seed, **options)


def noise_of(found, variance=1.0, decay=0.55, steps=STEPS):
    """Returns ε of rates, divided by the standard deviation that it ought to have."""
    line = rates(LinearCosineDecay(RATE, T, num_periods=0.0), steps)
    return (found - line) / RATE / np.sqrt(variance / (1.0 + np.minimum(steps, T)) ** decay)


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1])
def test_the_noise_is_standard_normal(seed):
    noise = noise_of(rates(noisy(seed), STEPS))
    assert stats.kstest(noise, "norm").pvalue > LEAST
    assert abs(noise.mean()) < 4 / np.sqrt(len(noise))
    assert abs(noise.var() - 1) < 4 * np.sqrt(2 / len(noise))


@pytest.mark.parametrize(("variance", "decay"), [(1.0, 0.55), (4.0, 0.0), (0.01, 1.0)])
def test_mean_and_variance_by_step(variance, decay):
    schedule = noisy(5, initial_variance=variance, variance_decay=decay)
    noise = noise_of(rates(schedule, STEPS), variance, decay)
    for part in np.array_split(noise, 10):
        assert abs(part.mean()) < 4 / np.sqrt(len(part))
        assert abs(part.var() - 1) < 4 * np.sqrt(2 / len(part))


def test_it_is_distributed_as_in_tensorflow_1():
    tf.random.set_seed(7)
    function = tf.compat.v1.train.noisy_linear_cosine_decay
    theirs = function(RATE, tf.constant(STEPS), T, num_periods=0.0)().numpy()
    ours = rates(noisy(7), STEPS)
    assert stats.ks_2samp(noise_of(theirs), noise_of(ours)).pvalue > LEAST
    early = slice(0, 500)
    assert stats.ks_2samp(theirs[early], ours[early]).pvalue > LEAST


def test_the_cosine_shrinks_the_noise():
    plain = rates(LinearCosineDecay(RATE, 100, num_periods=0.5), [0, 50, 100])
    found = rates(NoisyLinearCosineDecay(RATE, 100, num_periods=0.5), [0, 50, 100])
    noise = StepNoise(0)(np.array([0, 50, 100])).numpy()
    deviation = np.array([1.0, 51**-0.275, 101**-0.275])
    np.testing.assert_allclose(
        found - plain, RATE * noise * deviation * [1.0, 0.5, 0.0], rtol=1e-4, atol=1e-8
    )


@pytest.mark.parametrize("lag", [1, 2, 3, 16, 256, 4096])
def test_steps_are_independent(lag):
    noise = noise_of(rates(noisy(1), STEPS))
    here, there = noise[:-lag], noise[lag:]
    assert stats.spearmanr(here, there).pvalue > LEAST
    # Independent, not only uncorrelated: no quarter knows of the other's.
    quarters = np.histogram2d(here, there, bins=stats.norm.ppf([1e-9, 0.25, 0.5, 0.75, 1 - 1e-9]))
    assert stats.chi2_contingency(quarters[0]).pvalue > LEAST


@pytest.mark.parametrize(("one", "other"), [(0, 1), (1, 2), (0, 2**31 - 1)])
def test_seeds_are_independent(one, other):
    here, there = (noise_of(rates(noisy(seed), STEPS)) for seed in (one, other))
    assert stats.spearmanr(here, there).pvalue > LEAST
    assert stats.spearmanr(here[1:], there[:-1]).pvalue > LEAST


def square(first, second):
    """Returns p of two uniform numbers' being independent, by the cells that they fall into."""
    cells = np.histogram2d(first, second, bins=16, range=[(0, 1), (0, 1)])[0]
    return stats.chisquare(cells.ravel()).pvalue


@pytest.mark.parametrize("seed", range(5))
def test_the_angle_is_independent_of_the_radius_of_the_neighbours_and_of_the_next_seed(seed):
    steps = np.arange(50_000)
    radius, angle = (u.numpy() for u in StepNoise(seed).uniforms(steps))
    other = [u.numpy() for u in StepNoise(seed + 1).uniforms(steps)]
    pairs = [(radius, other[0]), (angle, other[1]), (angle, other[0])]
    # The upper half of the radius's bits, and the lower.
    pairs += [(radius, angle), (np.mod(radius * 2**16, 1), angle)]
    for lag in (1, 2, 256):
        pairs += [(one[:-lag], two[lag:]) for one in (radius, angle) for two in (radius, angle)]
    assert min(square(*pair) for pair in pairs) > LEAST / len(pairs)


def test_seeds_at_one_step_are_standard_normal():
    noise = [float(StepNoise(seed)(17)) for seed in range(300)]
    assert stats.kstest(noise, "norm").pvalue > LEAST


def test_the_noise_is_told_by_seed_and_step():
    at_once = rates(noisy(3), [9, 4, 9])
    assert at_once[0] == at_once[2] != at_once[1]
    assert float(noisy(3)(4)) == at_once[1]
    assert float(noisy(3)(tf.constant(4.7))) != at_once[1]  # the line goes on between two steps
    assert float(StepNoise(3)(4.7)) == float(StepNoise(3)(4))


def test_no_two_steps_share_their_noise():
    # A permutation of 32-bit numbers, seen through float32: hardly two alike.
    noise = StepNoise(0)(np.arange(50_000)).numpy()
    assert len(np.unique(noise)) > 49_800


def test_the_noise_goes_on_after_the_last_step():
    after = np.arange(T, T + 5_000)
    noise = noise_of(rates(noisy(2), after), steps=after)
    assert stats.kstest(noise, "norm").pvalue > LEAST


def test_no_step_is_too_large():
    steps = 2**31 + np.arange(-2_500, 2_500)
    noise = StepNoise(0)(steps).numpy()
    assert stats.kstest(noise, "norm").pvalue > LEAST
    assert len(np.unique(noise)) > 4_990


def test_rates_below_zero_are_cut_off_if_asked_for():
    free, kept = (rates(noisy(0, non_negative=flag), STEPS[:500]) for flag in (False, True))
    assert free.min() < 0
    np.testing.assert_array_equal(kept, np.maximum(free, 0))
