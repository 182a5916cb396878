"""The weighted acquisition: its value from its parts, and its slope by differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import columns, points

from tfhpo.surrogates.acquisitions import (
    ConfidenceBound,
    ExpectedImprovement,
    FantasisedImprovement,
    LogExpectedImprovement,
    MaxValueEntropy,
    ProbabilityOfImprovement,
)
from tfhpo.surrogates.feasibility import Feasibility
from tfhpo.surrogates.gaussian_process import GaussianProcess, Hyperparameters
from tfhpo.surrogates.kernels import Columns
from tfhpo.surrogates.target import Scaled, Success, Target

ALL = [
    ProbabilityOfImprovement(-0.3),
    ExpectedImprovement(-0.3),
    LogExpectedImprovement(-0.3),
    ConfidenceBound(1.5),
    MaxValueEntropy(np.array([-4.0, -3.0])),
]
SEEDS = st.integers(0, 10_000)


def parts(columns, seed):
    """A model and the weight of failures, of the same points."""
    x, active = points(columns, 8, seed)
    encoded, theta = columns.encode(x, active), Hyperparameters.typical(columns)
    outputs = np.random.default_rng(seed).standard_normal(8)
    model = GaussianProcess(columns, encoded, outputs, theta)
    return model, Success(columns, Feasibility(columns, encoded, np.arange(8) % 3 > 0, theta))


@given(columns(), SEEDS, st.sampled_from(ALL))
def test_the_weight_is_a_factor_or_its_logarithm(columns, seed, acquire):
    model, success = parts(columns, seed)
    asked = points(columns, 4, seed + 1)
    plain = Target(columns, model, acquire).value(*asked)
    found = Target(columns, model, acquire, [success, Scaled(success, 0.5)]).value(*asked)
    log = 1.5 * success.value(*asked)
    expected = plain + log if acquire.adds else plain * np.exp(log)
    assert found == pytest.approx(expected)


def test_what_is_a_logarithm_or_can_be_negative_adds():
    assert [acquire.adds for acquire in ALL] == [False, False, True, True, False]
    assert FantasisedImprovement.adds


@given(columns(), SEEDS, st.sampled_from(ALL))
def test_slopes(columns, seed, acquire):
    model, success = parts(columns, seed)
    target = Target(columns, model, acquire, [success, Scaled(success, 0.5)])
    x = np.clip(points(columns, 3, seed + 1)[0], 0.01, 0.99)
    x = np.where(columns.categorical, np.rint(2 * x) / 2, x)
    everything = np.ones(x.shape, dtype=bool)
    value, slope = target.slope(x, everything)
    assert value == pytest.approx(target.value(x, everything))
    for column in range(columns.scales):
        if columns.categorical[column]:
            assert np.all(slope[:, column] == 0.0)
            continue
        step = np.zeros(columns.scales)
        step[column] = 1e-6
        told = (target.value(x + step, everything) - target.value(x - step, everything)) / 2e-6
        assert slope[:, column] == pytest.approx(told, rel=1e-3, abs=1e-4)


def test_columns_that_are_not_used_have_no_slope():
    two = Columns(np.array([False, False]))
    model, success = parts(two, 0)
    target = Target(two, model, LogExpectedImprovement(-0.3), [success])
    x, active = np.full((2, 2), 0.4), np.array([[True, False], [False, True]])
    _, slope = target.slope(x, active)
    assert np.all((slope != 0.0) == active)
