"""The parameters of a tunable schedule mean what they are called."""

import numpy as np
import pytest
from tunable_spaces import scheduled

from tfhpo import schedules

RATE = 0.1


def rates(kind, steps, total_steps=100, warmup=None, **values):
    """The rates of a kind at some steps, over the initial one."""
    known = {f"schedule_{kind}_{name}": value for name, value in values.items()}
    if warmup is not None:
        known["schedule_warmup"] = warmup
    schedule = scheduled(
        known,
        kinds=[kind],
        learning_rate=RATE,
        total_steps=total_steps,
        warmup=warmup is not None,
    )
    return np.asarray(schedule(np.asarray(steps))) / RATE


@pytest.mark.parametrize("kind", ["exponential", "inverse_time"])
@pytest.mark.parametrize("length", [1, 7, 100, 10**6])
@pytest.mark.parametrize("stairs", [None, 2, 3, 10])
def test_a_decay_ends_at_its_final_fraction(kind, length, stairs):
    own = {"staircase": stairs is not None} | ({"stairs": stairs} if stairs else {})
    found = rates(kind, [0, length], length, final_fraction=0.01, **own)
    assert found == pytest.approx([1.0, 0.01], rel=1e-3)
    if stairs and length > stairs:
        # A stair is trained on: the last step has its rate already.
        assert rates(kind, [length - 1], length, final_fraction=0.01, **own) == pytest.approx(
            [0.01], rel=1e-3
        )


def test_the_natural_exponential_decays_by_its_rate():
    assert rates("natural_exponential", [100], decay=2.0, staircase=False) == pytest.approx(
        np.exp(-2.0)
    )
    stairs = rates("natural_exponential", [0, 49, 51, 100], decay=2.0, staircase=True, stairs=2)
    assert stairs == pytest.approx([1.0, 1.0, np.exp(-2.0), np.exp(-2.0)])


def test_a_staircase_has_so_many_stairs():
    found = rates("exponential", np.arange(100), final_fraction=0.01, staircase=True, stairs=4)
    assert np.unique(found.round(5)) == pytest.approx(
        [0.01, 0.1 ** (4 / 3), 0.1 ** (2 / 3), 1.0], rel=1e-3
    )


def test_drops_lie_evenly_after_the_first():
    own = {"drops": 2, "factor": 0.1, "first_drop": 0.5}
    found = rates("piecewise_constant", [0, 50, 51, 75, 76, 99], **own)
    assert found == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


def test_drops_that_fall_on_one_step_are_one_drop():
    found = rates("piecewise_constant", [0, 1, 2], 1, drops=4, factor=0.1, first_drop=0.2)
    assert found == pytest.approx([1, 1, 1e-4])


@pytest.mark.parametrize("power", [0.25, 0.5, 1.0, 2.0, 4.0])
def test_polynomials_of_every_power(power):
    found = rates("polynomial", [0, 50, 100], final_fraction=0.1, power=power, cycle=False)
    assert found == pytest.approx([1.0, 0.9 * 0.5**power + 0.1, 0.1])


def test_a_polynomial_in_cycles_is_down_at_the_end_of_each():
    found = rates("polynomial", [50, 51, 100], final_fraction=0.1, power=1.0, cycle=True, cycles=2)
    assert found == pytest.approx([0.1, 0.9 * 0.49 + 0.1, 0.1])


@pytest.mark.parametrize("t_mul", [1.0, 1.5, 2.0])
def test_the_training_ends_where_the_last_restart_cycle_does(t_mul):
    own = {"cycles": 3, "t_mul": t_mul, "m_mul": 0.5, "alpha": 0.0}
    found = rates("cosine_restarts", np.arange(10_001), 10_000, **own)
    restarts = np.flatnonzero(np.diff(found) > 0.01)
    lengths = t_mul ** np.arange(3)
    assert restarts + 1 == pytest.approx(10_000 * np.cumsum(lengths)[:2] / lengths.sum(), abs=2)
    assert found[restarts + 1] == pytest.approx([0.5, 0.25], rel=1e-2)
    assert found[-1] < 1e-3


def test_cosines_have_their_lowest_rate():
    assert rates("cosine", [0, 50, 100], alpha=0.1) == pytest.approx([1.0, 0.55, 0.1])


def test_a_noisy_cosine_is_never_below_0_and_repeats_under_its_seed():
    own = {"initial_variance": 1.0, "variance_decay": 0.3, "num_periods": 0.5}
    own |= {"alpha": 0.0, "beta": 1e-4}
    found = rates("noisy_linear_cosine", np.arange(100), **own)
    assert (found >= 0).all()
    assert (found[:50] == 0).any(), "noise of this variance goes below 0 where nothing stops it"
    assert np.array_equal(found, rates("noisy_linear_cosine", np.arange(100), **own))


def test_triangles_peak_at_the_rate_and_fall_to_the_base():
    own = {"base_fraction": 0.1, "cycles": 2, "mode": "triangular"}
    assert rates("triangular", [0, 25, 50, 75, 100], **own) == pytest.approx([0.1, 1, 0.1, 1, 0.1])
    own = {**own, "mode": "exp_range", "final_height": 0.01}
    assert rates("triangular", [0, 50, 75], **own) == pytest.approx(
        [0.1, 0.1, 0.1 + 0.9 * 0.01**0.75], rel=1e-4
    )


def test_one_cycle_climbs_and_falls():
    own = {"warmup_fraction": 0.2, "initial_divisor": 10.0, "final_divisor": 100.0}
    found = rates("one_cycle", [0, 20, 100], annealing="linear", **own)
    assert found == pytest.approx([0.1, 1.0, 0.001], rel=1e-4)


def test_a_warm_up_takes_its_share_and_the_decay_the_rest():
    found = rates("cosine", [0, 1, 9, 10, 55, 100], warmup=0.1, alpha=0.0)
    assert found == pytest.approx([1 / 11, 2 / 11, 10 / 11, 1.0, 0.5, 0.0], abs=1e-6)


def test_no_warm_up_is_the_schedule_alone():
    values = {"schedule_warmup": 0.0, "schedule_cosine_alpha": 0.0}
    made = scheduled(values, kinds=["cosine"], learning_rate=RATE)
    assert isinstance(made, schedules.CosineDecay)


@pytest.mark.parametrize("kind", ["triangular", "one_cycle"])
def test_what_rises_by_itself_has_no_warm_up(kind):
    made = scheduled({"schedule_warmup": 0.1}, kinds=[kind], learning_rate=RATE)
    assert not isinstance(made, schedules.WarmUp)
