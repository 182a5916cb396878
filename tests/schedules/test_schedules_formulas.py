"""The schedules that TensorFlow 1 has not, against their formulas in plain Python."""

import math

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schedule_families import rates

from tfhpo.schedules import (
    Constant,
    CosineDecay,
    CosineDecayRestarts,
    OneCycle,
    PolynomialDecay,
    TriangularCycle,
    WarmUp,
)  # fmt: skip

few = settings(max_examples=25)
rate = st.floats(1e-5, 10.0)
count = st.integers(1, 500)


def values(schedule, steps):
    return [float(one) for one in rates(schedule, steps)]


def test_constant():
    assert values(Constant(0.25), [0, 1, 10**9]) == [0.25] * 3


def around(*steps):
    """Each step and its two neighbours, none below 0."""
    return sorted({max(0, step + shift) for step in steps for shift in (-1, 0, 1)})


@few
@given(rate, st.floats(0.0, 1.0), count, count)
def test_warm_up(peak, first, warmup, length):
    schedule = WarmUp(PolynomialDecay(peak, length, 0.0), warmup, first)
    for step in around(0, warmup // 2, warmup, warmup + length // 2, warmup + length):
        line = first + (peak - first) * step / warmup
        after = peak * (1 - min(step - warmup, length) / length)
        expected = line if step < warmup else after
        assert float(schedule(step)) == pytest.approx(expected, rel=2e-5, abs=1e-5 * peak)


def test_no_warm_up_is_the_schedule_alone():
    decay = CosineDecay(0.1, 50)
    np.testing.assert_array_equal(rates(WarmUp(decay, 0), range(60)), rates(decay, range(60)))


def test_the_warm_up_of_cosine_decay_is_that_of_keras():
    options = {"alpha": 0.1, "warmup_target": 0.1, "warmup_steps": 8}
    theirs = keras.optimizers.schedules.CosineDecay(0.02, 20, **options)
    ours = CosineDecay(0.02, 20, **options)
    expected = [float(theirs(step)) for step in range(40)]
    np.testing.assert_allclose(values(ours, range(40)), expected, rtol=1e-6)


@few
@given(
    rate, st.floats(1.1, 100.0), count, st.sampled_from(["triangular", "triangular2", "exp_range"])
)
def test_triangular(lowest, ratio, half, mode):
    highest, gamma = lowest * ratio, 0.999 if mode == "exp_range" else 1.0
    schedule = TriangularCycle(lowest, highest, half, mode, gamma)
    for step in around(0, half // 2, half, 2 * half, 3 * half, 4 * half, 7 * half):
        cycle, within = divmod(step, 2 * half)
        height = 1 - abs(within / half - 1)
        scale = {"triangular": 1, "triangular2": 0.5**cycle, "exp_range": gamma**step}[mode]
        expected = lowest + (highest - lowest) * height * scale
        # The height is a difference: its error counts in parts of the highest rate.
        assert float(schedule(step)) == pytest.approx(expected, rel=2e-5, abs=1e-6 * highest)


@few
@given(rate, count, st.just(0.0) | st.floats(0.001, 0.99), st.sampled_from(["cosine", "linear"]))
def test_one_cycle(highest, length, share, annealing):
    schedule = OneCycle(highest, length, share, 20.0, 100.0, annealing)
    first, last, climb = highest / 20, highest / 2000, share * length
    steps = around(0, round(climb / 2), round(climb), (round(climb) + length) // 2, length)

    def way(passed, begin, end):
        shape = (1 - math.cos(math.pi * passed)) / 2 if annealing == "cosine" else passed
        return begin + (end - begin) * shape

    for step in steps:
        capped = min(step, length)
        if capped < climb:
            expected = way(capped / climb, first, highest)
        else:
            expected = way((capped - climb) / (length - climb), highest, last)
        # Where the climb is short, a share of it is known to few places only.
        assert float(schedule(step)) == pytest.approx(expected, rel=1e-4, abs=1e-5 * highest)


def test_one_cycle_by_default():
    # 25 times lower at first, 10,000 times lower than that at last; the top at 30 %.
    schedule = OneCycle(1.0, 1000)
    assert values(schedule, [0, 300]) == pytest.approx([0.04, 1.0])
    assert values(schedule, [1000, 1001, 10**6]) == pytest.approx([4e-6] * 3)
    assert np.argmax(rates(schedule, range(1001))) == 300


@few
@given(
    rate, count, st.just(1.0) | st.floats(1.00001, 4.0), st.floats(0.1, 1.0), st.floats(0.0, 1.0)
)
def test_restarts_stay_between_their_bounds(first, length, t_mul, m_mul, alpha):
    steps = np.unique(np.geomspace(1, 2**31, 300).astype(np.int64))
    found = rates(CosineDecayRestarts(first, length, t_mul, m_mul, alpha), steps)
    assert np.all(found >= first * alpha * (1 - 1e-5) - 1e-12)
    assert np.all(found <= first * (1 + 1e-5))
