"""What a step may be: a number, an array, a tensor, any integer type, in a graph, and huge."""

import numpy as np
import pytest
import tensorflow as tf
from schedule_families import FAMILIES, rates

from tfhpo import schedules

STEPS = np.arange(90)
HUGE = 2**31


@pytest.fixture(params=FAMILIES)
def schedule(request):
    return FAMILIES[request.param]


def close(found, expected):
    # A graph rounds elsewhere: by the last place of the highest rate, 0.1.
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=2e-8)


def test_every_public_class_is_among_the_families():
    public = {getattr(schedules, name) for name in schedules.__all__}
    classes = {item for item in public if isinstance(item, type) and hasattr(item, "get_config")}
    assert {type(one) for one in FAMILIES.values()} == classes


def test_a_vector_is_its_steps_one_by_one(schedule):
    at_once = rates(schedule, STEPS)
    assert at_once.shape == STEPS.shape
    close([float(schedule(int(step))) for step in STEPS[::7]], at_once[::7])


@pytest.mark.parametrize(
    "as_step",
    [
        np.int64,
        np.int32,
        np.uint8,
        np.float32,
        float,
        lambda step: tf.constant(step, tf.int64),
        lambda step: tf.constant(step, tf.int32),
        lambda step: tf.Variable(step, dtype=tf.int64),
        lambda step: tf.constant(float(step)),
    ],
    ids=["int64", "int32", "uint8", "float32", "float", "tf64", "tf32", "variable", "tf float"],
)
def test_a_step_may_be_of_any_type(schedule, as_step):
    rate = schedule(as_step(21))
    assert rate.shape == ()
    close(float(rate), float(schedule(21)))


@pytest.mark.parametrize("as_step", [np.uint8, np.int8, np.int16])
def test_a_boundary_may_lie_beyond_the_type_of_a_step(as_step):
    schedule = schedules.PiecewiseConstantDecay([300, 70_000], [0.1, 0.01, 0.001])
    assert float(schedule(as_step(100))) == pytest.approx(0.1)


def test_any_shape_is_kept(schedule):
    found = rates(schedule, STEPS.reshape(9, 10))
    np.testing.assert_array_equal(found, rates(schedule, STEPS).reshape(9, 10))


def test_rates_are_float32(schedule):
    assert schedule(3).dtype == tf.float32


def test_a_graph_computes_the_same(schedule):
    traced = tf.function(schedule)
    single = [float(traced(tf.constant(step, tf.int64))) for step in (0, 8, 9, 20, 21)]
    close(single, rates(schedule, [0, 8, 9, 20, 21]))
    close(traced(tf.constant(STEPS)), rates(schedule, STEPS))


def test_xla_computes_the_same(schedule):
    traced = tf.function(schedule, jit_compile=True)
    found = traced(tf.constant(STEPS)).numpy()
    np.testing.assert_allclose(found, rates(schedule, STEPS), rtol=1e-4, atol=1e-7)


def test_huge_steps_have_sensible_rates(schedule):
    found = rates(schedule, HUGE + STEPS)
    assert np.all(np.isfinite(found))
    # The noise without periods goes on for ever, to either side.
    lowest = -np.inf if type(schedule) is schedules.NoisyLinearCosineDecay else 0.0
    assert np.all(found >= lowest)
    assert np.all(found <= 0.2)


@pytest.mark.parametrize(
    ("schedule", "period"),
    [
        (schedules.TriangularCycle(0.01, 0.1, 750), 1500),
        (schedules.WarmUp(schedules.TriangularCycle(0.01, 0.1, 750), 10), 1500),
        (schedules.CosineDecayRestarts(0.1, 1000, t_mul=1.0), 1000),
    ],
    ids=["triangular", "warm-up", "restarts"],
)
def test_equal_cycles_stay_equal_for_ever(schedule, period):
    first = rates(schedule, np.arange(10, period + 10))
    # The first whole number of cycles beyond 2^31, where float32 knows every 256th step only.
    later = (HUGE // period + 1) * period
    np.testing.assert_array_equal(rates(schedule, later + np.arange(10, period + 10)), first)


@pytest.mark.parametrize("t_mul", [1.00001, 1.001])
def test_no_restart_is_missed_where_cycles_hardly_grow(t_mul):
    schedule = schedules.CosineDecayRestarts(1.0, 1000, t_mul=t_mul)
    begins = 1000 * (t_mul ** np.arange(20) - 1) / (t_mul - 1)
    for passed in (0.05, 0.5, 0.95):
        steps = begins + passed * 1000 * t_mul ** np.arange(20)
        height = (1 + np.cos(np.pi * passed)) / 2
        np.testing.assert_allclose(rates(schedule, steps), height, atol=0.01)


@pytest.mark.parametrize("length", [10**6, 10**7, 10**8, 10**9])
def test_a_height_that_fades_over_many_steps_does_so_in_time(length):
    """In float32 such a gamma is off by a part of itself that so many steps multiply."""
    fading = schedules.TriangularCycle(1e-4, 0.1, length // 20, "exp_range", 0.01 ** (1 / length))
    assert float(fading(19 * (length // 20))) == pytest.approx(1e-4 + 0.0999 * 0.01**0.95, rel=1e-4)


def test_the_stairs_of_huge_steps_fade_away():
    assert float(schedules.ExponentialDecay(0.1, 1000, 0.9, staircase=True)(HUGE)) == 0.0
    halved = schedules.TriangularCycle(0.01, 0.1, 750, mode="triangular2")
    np.testing.assert_allclose(rates(halved, HUGE + STEPS), 0.01, rtol=1e-6)
