"""The Gaussian process: its posterior, its fit, and histories that it must survive."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import columns, points

from tfhpo.surrogates.gaussian_process import (
    GaussianProcess,
    Hyperparameters,
    Priors,
    _Posterior,
    fitted,
    most_probable,
)
from tfhpo.surrogates.kernels import KERNELS, Columns

SEEDS = st.integers(0, 10_000)


def near_typical(columns, seed):
    """Hyperparameters around the priors' centre, rougher than it."""
    typical = Hyperparameters.typical(columns).vector
    rng = np.random.default_rng(seed)
    return Hyperparameters.of(typical + 0.3 * rng.standard_normal(len(typical)) - 0.5)


def process(columns, n, seed, name="matern52"):
    rng = np.random.default_rng(seed)
    encoded = columns.encode(*points(columns, n, seed))
    return GaussianProcess(
        columns, encoded, rng.standard_normal(n), near_typical(columns, seed), name
    )


@given(columns(), SEEDS, st.sampled_from(KERNELS))
def test_the_posterior_is_that_of_the_formula(columns, seed, name):
    model = process(columns, 7, seed, name)
    asked = columns.encode(*points(columns, 4, seed + 1))
    mean, deviation = model.posterior(asked)
    k, noise = model.kernel, np.exp(model.hyperparameters.noise)
    inverse = np.linalg.inv(k(model.points, model.points) + noise * np.eye(7))
    cross = k(asked, model.points)
    assert mean == pytest.approx(cross @ inverse @ model.outputs, abs=1e-6)
    variance = k.variance - np.einsum("qi,ij,qj->q", cross, inverse, cross)
    assert deviation**2 == pytest.approx(variance, abs=1e-6)
    assert model.mean(asked) == pytest.approx(mean)


@given(columns(), SEEDS, st.sampled_from(KERNELS))
def test_further_points_change_it_as_if_they_had_been_there(columns, seed, name):
    model = process(columns, 9, seed, name)
    first = GaussianProcess(
        columns, model.points.rows(slice(6)), model.outputs[:6], model.hyperparameters, name
    )
    grown = first.conditioned(model.points.rows(slice(6, 9)), model.outputs[6:])
    asked = columns.encode(*points(columns, 4, seed + 1))
    for one, other in zip(grown.posterior(asked), model.posterior(asked), strict=True):
        assert one == pytest.approx(other, abs=1e-6)


@given(columns(), SEEDS)
def test_several_outputs_at_once_are_as_many_posteriors(columns, seed):
    model = process(columns, 6, seed)
    rng = np.random.default_rng(seed)
    further, asked = (columns.encode(*points(columns, n, seed + n)) for n in (2, 3))
    outputs = rng.normal(size=(2, 4))
    together = model.conditioned(further, outputs)
    mean, deviation = together.posterior(asked)
    weights = rng.normal(size=(3, 4))
    _, slope = together.posterior_gradient(
        asked, lambda mean, deviation: (mean.sum(axis=1), weights, np.zeros(3))
    )
    expected = 0.0
    for column in range(4):
        alone = model.conditioned(further, outputs[:, column])
        for one, other in zip(alone.posterior(asked), (mean[:, column], deviation), strict=True):
            assert one == pytest.approx(other, abs=1e-9)
        mine = weights[:, column]
        expected += alone.posterior_gradient(
            asked, lambda mean, deviation, mine=mine: (mean, mine, np.zeros(3))
        )[1]
    assert slope == pytest.approx(expected, abs=1e-8)


@given(columns(), SEEDS, st.sampled_from(KERNELS))
def test_slopes_of_the_fit(columns, seed, name):
    model = process(columns, 8, seed, name)
    objective = _Posterior(columns, model.points, model.outputs, name)
    theta = model.hyperparameters.vector
    steps = 1e-5 * np.eye(len(theta))
    told = [(objective(theta + s)[0] - objective(theta - s)[0]) / 2e-5 for s in steps]
    assert objective(theta)[1] == pytest.approx(np.array(told), rel=1e-4, abs=1e-4)


@given(columns(), SEEDS, st.sampled_from(KERNELS))
def test_slopes_of_the_posterior(columns, seed, name):
    model = process(columns, 8, seed, name)
    x, active = points(columns, 3, seed + 1)
    active[:] = True
    ordered = ~columns.categorical

    def total(places):
        moved = x.copy()
        moved[:, ordered] = places.reshape(3, -1)
        mean, deviation = model.posterior(columns.encode(moved, active))
        return np.sum(2.0 * mean - 3.0 * deviation)

    def derivatives(mean, deviation):
        return 2.0 * mean - 3.0 * deviation, np.full(3, 2.0), np.full(3, -3.0)

    value, found = model.posterior_gradient(columns.encode(x, active), derivatives)
    assert value.sum() == pytest.approx(total(x[:, ordered].ravel()))
    place = x[:, ordered].ravel()
    told = [(total(place + s) - total(place - s)) / 2e-6 for s in 1e-6 * np.eye(len(place))]
    assert found.ravel() == pytest.approx(np.array(told), rel=1e-3, abs=1e-3)


def test_samples_have_the_posteriors_mean_and_spread():
    columns = Columns(np.array([False, False]))
    model = process(columns, 6, 3)
    asked = columns.encode(*points(columns, 3, 4))
    after = model.imagining(asked, 20_000, np.random.default_rng(0))
    drawn = after.outputs[-3:].T
    mean, deviation = model.posterior(asked)
    assert drawn.mean(axis=0) == pytest.approx(mean, abs=0.02)
    noise = np.exp(model.hyperparameters.noise)
    assert drawn.std(axis=0) == pytest.approx(np.sqrt(deviation**2 + noise), rel=0.03)
    # Jointly: what one of them is says something of the others.
    seen, between = model.points, model.kernel(model.points, asked)
    observed = model.kernel(seen, seen) + noise * np.eye(len(seen))
    joint = model.kernel(asked, asked) - between.T @ np.linalg.solve(observed, between)
    assert np.cov(drawn.T) == pytest.approx(joint + noise * np.eye(3), abs=0.04)


def test_length_scales_are_expected_to_grow_with_the_number_of_columns():
    columns = Columns(np.array([False] * 7 + [True] * 2))
    mean, deviation = Priors().of(columns)
    length = np.sqrt(2.0) - 3.0 + 0.5 * np.log(9.0)
    assert mean == pytest.approx([length] * 7 + [-1.0] * 2 + [0.0, -4.0])
    assert deviation == pytest.approx([np.sqrt(3.0)] * 7 + [1.0] * 2 + [0.5, 1.5])


def test_the_fit_finds_which_columns_matter():
    rng = np.random.default_rng(0)
    columns = Columns(np.array([False, False, True, True]))
    x = rng.random((80, 4))
    x[:, 2:] = rng.integers(0, 2, (80, 2))
    y = np.sin(6 * x[:, 0]) + x[:, 2]
    encoded = columns.encode(x, np.ones_like(x, dtype=bool))
    found = fitted(columns, encoded, (y - y.mean()) / y.std())
    first, second, third, fourth = np.exp(found.scales)
    assert first < second / 5
    assert third > 3 * fourth
    assert np.exp(found.noise) < 0.01


def test_the_fit_finds_the_noise():
    rng = np.random.default_rng(0)
    columns = Columns(np.array([False]))
    x = np.repeat(rng.random((20, 1)), 5, axis=0)
    y = np.sin(6 * x[:, 0]) + 0.5 * rng.standard_normal(100)
    spread = y.std()
    encoded = columns.encode(x, np.ones_like(x, dtype=bool))
    found = fitted(columns, encoded, (y - y.mean()) / spread)
    assert np.sqrt(np.exp(found.noise)) * spread == pytest.approx(0.5, rel=0.2)


def test_the_more_probable_of_two_explanations_is_found():
    rng = np.random.default_rng(7)
    columns = Columns(np.zeros(3, dtype=bool))
    x = rng.random((50, 3))
    y = 2 * x[:, 0] + rng.standard_normal(50)
    encoded = columns.encode(x, np.ones_like(x, dtype=bool))
    outputs = (y - y.mean()) / y.std()
    rough = fitted(columns, encoded, outputs)
    starts = [Hyperparameters.typical(columns), Hyperparameters.noisy(columns)]
    found = most_probable(columns, encoded, outputs, starts)
    # The noise is 0.87 of the deviation of the outputs.
    assert np.exp(rough.noise / 2) < 0.2
    assert np.exp(found.noise / 2) > 0.5
    # Whichever comes first.
    again = most_probable(columns, encoded, outputs, starts[::-1])
    assert np.array_equal(found.vector, again.vector)


def test_a_fit_from_where_the_last_one_ended_stays_there():
    rng = np.random.default_rng(0)
    columns = Columns(np.array([False, True]))
    encoded = columns.encode(*points(columns, 30, 1))
    y = rng.standard_normal(30)
    once = fitted(columns, encoded, y, steps=200)
    again = fitted(columns, encoded, y, start=once, steps=200)
    assert again.vector == pytest.approx(once.vector, abs=0.05)


@pytest.mark.parametrize(
    "outputs",
    [np.zeros(1), np.zeros(12), np.array([1.0] * 11 + [-11.0]), np.linspace(-1, 1, 12)],
    ids=["one", "constant", "one-apart", "line"],
)
@pytest.mark.parametrize("same", [False, True], ids=["different", "duplicates"])
def test_histories_that_tell_little(outputs, same):
    columns = Columns(np.array([False] * 45 + [True] * 5))
    x, active = points(columns, len(outputs), 0)
    if same:
        x[:], active[:] = x[0], active[0]
    encoded = columns.encode(x, active)
    found = fitted(columns, encoded, outputs)
    model = GaussianProcess(columns, encoded, outputs, found)
    mean, deviation = model.posterior(columns.encode(*points(columns, 9, 1)))
    assert np.all(np.isfinite(mean))
    assert np.all(deviation > 0)


@settings(deadline=None)
@given(SEEDS)
def test_nearly_equal_points_without_noise(seed):
    columns = Columns(np.array([False, False]))
    rng = np.random.default_rng(seed)
    x = 0.5 + 1e-9 * rng.random((40, 2))
    encoded = columns.encode(x, np.ones_like(x, dtype=bool))
    exact = Hyperparameters(np.array([0.0, 0.0]), 0.0, -13.0)
    model = GaussianProcess(columns, encoded, rng.standard_normal(40), exact)
    mean, deviation = model.posterior(encoded)
    assert np.all(np.isfinite(mean))
    assert np.all(deviation > 0)
