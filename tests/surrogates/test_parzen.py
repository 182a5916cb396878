"""Parzen densities: they are densities, are sampled from truly, and look at what is in common."""

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from tfhpo.surrogates.parzen import Columns, Listed, ParzenDensity, bandwidths_of


def choices(count):
    return Listed(np.linspace(0.0, 1.0, count), np.full(count, 1.0 / count), categorical=True)


def levels(places):
    """An ordered column of values at places."""
    places = np.array(places, dtype=float)
    return Listed(places, np.full(len(places), 1.0 / len(places)), categorical=False)


def columns(*kinds):
    """Columns by what they are: `Listed`, or the steps of another one, or None of an infinite."""
    listed = {i: kind for i, kind in enumerate(kinds) if isinstance(kind, Listed)}
    steps = [kind if isinstance(kind, tuple) else (0.0, 0.0) for kind in kinds]
    return Columns(listed, np.array(steps))


MIXED = columns(None, choices(3), None)


def density(n=6, *, of=MIXED, spread=0.3, width=0.15, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.random((n, len(of.steps)))
    for column, listed in of.listed.items():
        x[:, column] = rng.choice(listed.places, size=n)
    active = rng.random(x.shape) < 0.8
    weights = rng.random(n + 1) + 0.1
    widths = np.full(len(of.steps), width)
    return ParzenDensity(of, np.where(active, x, 0.0), active, weights, widths, spread)


def at(model, points, active=None):
    points = np.atleast_2d(points)
    mask = np.ones(points.shape, dtype=bool) if active is None else np.atleast_2d(active)
    return np.exp(model.log_density(points, mask))


def without_points(of):
    nothing = np.zeros((0, len(of.steps)))
    return ParzenDensity(of, nothing, nothing.astype(bool), np.ones(1), np.ones(len(of.steps)), 0.1)


@pytest.mark.parametrize("seed", range(4))
def test_it_sums_to_one(seed):
    model = density(seed=seed)
    total = sum(
        scipy.integrate.dblquad(lambda a, b, c=c: at(model, [a, c, b])[0], 0, 1, 0, 1, epsabs=1e-4)[
            0
        ]
        for c in (0.0, 0.5, 1.0)
    )
    assert total == pytest.approx(1.0, abs=1e-3)


def test_samples_come_from_it():
    model = density()
    drawn = model.sample(40_000, np.random.default_rng(1))
    assert np.all((drawn >= 0) & (drawn <= 1))
    for low, high in ((0.0, 0.2), (0.3, 0.7)):
        inside = np.mean((drawn[:, 0] > low) & (drawn[:, 0] < high) & (drawn[:, 1] == 0.5))
        told, _ = scipy.integrate.dblquad(
            lambda b, a: at(model, [a, 0.5, b])[0], low, high, 0, 1, epsabs=1e-4
        )
        assert inside == pytest.approx(told, abs=0.01)


places = st.lists(st.integers(1, 1000), min_size=1, max_size=12, unique=True).map(
    lambda steps: levels((np.cumsum(steps) - steps[0]) / max(sum(steps[1:]), 1))
)


@settings(max_examples=40, deadline=None)
@given(
    of=st.lists(st.one_of(places, st.integers(1, 6).map(choices)), min_size=1, max_size=2),
    n=st.integers(0, 5),
    width=st.floats(1e-3, 3.0),
    spread=st.floats(0.01, 1.0),
    seed=st.integers(0, 2**31),
)
def test_listed_values_are_sampled_as_often_as_their_density_says(of, n, width, spread, seed):
    model = density(n, of=columns(*of), width=width, spread=spread, seed=seed)
    points = np.stack(np.meshgrid(*(listed.places for listed in of)), axis=-1).reshape(-1, len(of))
    told = at(model, points)
    assert told.sum() == pytest.approx(1.0)
    count = 4000
    drawn = model.sample(count, np.random.default_rng(seed))
    found = np.array([np.all(drawn == point, axis=1).mean() for point in points])
    assert found.sum() == pytest.approx(1.0)
    # Six deviations of each count, and one draw more for the rarest.
    assert np.all(np.abs(found - told) <= 6.0 * np.sqrt(told / count) + 1.0 / count)


@pytest.mark.parametrize("width", [0.001, 0.05, 0.5])
def test_unlisted_values_are_sampled_about_as_often_as_their_density_says(width):
    # The integers from 2 to 80 on a logarithmic scale, and from 0 to 40 on a linear one.
    numbers = np.arange(2, 81)
    logs = np.log(numbers / 2) / np.log(40)
    for values, borders in [
        (logs, np.log((numbers[1:] - 0.5) / 2) / np.log(40)),
        (np.arange(41) / 40, (np.arange(40) + 0.5) / 40),
    ]:
        steps = values[1], 1.0 - values[-2]
        of = columns(steps)
        x = np.array([[values[0]], [values[5]], [values[-9]], [values[-1]]])
        weights = np.array([1.0, 1.0, 1.0, 1.0, 0.2])
        model = ParzenDensity(of, x, x >= 0, weights, np.array([width]), 0.1)
        ends = [-steps[0] / 2], [1.0 + steps[1] / 2]
        cells = np.diff(np.concatenate([ends[0], borders, ends[1]]))
        told = at(model, values[:, None]) * cells
        assert told.sum() == pytest.approx(1.0, abs=0.06)
        drawn = np.searchsorted(borders, model.sample(100_000, np.random.default_rng(0))[:, 0])
        found = np.bincount(drawn, minlength=len(values)) / 100_000
        assert np.abs(found - told).sum() < 0.1


def test_the_end_values_have_as_much_of_the_uniform_component_as_the_others():
    of = columns(levels([0.0, 0.5, 1.0]), (1 / 40, 1 / 40))
    drawn = without_points(of).sample(60_000, np.random.default_rng(0))
    listed = [np.mean(drawn[:, 0] == place) for place in (0.0, 0.5, 1.0)]
    assert listed == pytest.approx([1 / 3] * 3, abs=0.01)
    snapped = np.rint(np.clip(drawn[:, 1], 0.0, 1.0) * 40).astype(int)
    assert np.bincount(snapped) / 60_000 == pytest.approx(np.full(41, 1 / 41), abs=0.004)


def test_a_component_reaches_the_neighbours_of_its_value_however_far_they_are():
    """On a logarithmic scale, 1 and 2 lie further apart than 7 and 8."""
    numbers = np.arange(1, 9)
    of = columns(levels(np.log(numbers) / np.log(8)))
    for index in (0, 7):
        x = of.listed[0].places[[index], None]
        weights = np.array([1.0, 1e-9])
        model = ParzenDensity(of, x, x >= 0, weights, np.array([1e-3]), 0.1)
        told = at(model, of.listed[0].places[:, None])
        assert np.argmax(told) == index
        assert 0.05 < told[min(index + 1, 6)] < 0.35


def test_listed_shares_are_those_of_a_normal_distribution_cut_to_the_cells():
    of = columns(levels([0.0, 0.2, 0.6, 1.0]))
    weights, width = np.array([1.0, 1e-12]), 0.3
    model = ParzenDensity(
        of, np.array([[0.2]]), np.array([[True]]), weights, np.array([width]), 0.1
    )
    edges = scipy.stats.norm(0.2, width).cdf([-0.1, 0.1, 0.4, 0.8, 1.2])
    told = at(model, of.listed[0].places[:, None])
    assert told == pytest.approx(np.diff(edges) / (edges[-1] - edges[0]))


def test_where_a_component_does_not_use_a_column_it_is_uniform():
    of = columns(levels([0.0, 0.2, 0.6, 1.0]), choices(5), (0.01, 0.03), None)
    weights, unused = np.array([1.0, 1e-12]), np.zeros((1, 4))
    model = ParzenDensity(of, unused, unused.astype(bool), weights, np.full(4, 0.1), 0.1)
    for point in ([0.0, 0.0, 0.0, 0.0], [1.0, 0.5, 1.0, 0.3]):
        assert at(model, point) == pytest.approx(1 / 4 / 5 / 1.02)


def test_a_column_that_one_of_the_two_does_not_use_does_not_count():
    of = columns(None, None)
    seen = np.array([[0.2, 0.9]])
    weights, widths = np.array([1.0, 1e-12]), np.full(2, 0.1)
    both = ParzenDensity(of, seen, np.ones((1, 2), dtype=bool), weights, widths, 0.1)
    first = ParzenDensity(of, seen, np.array([[True, False]]), weights, widths, 0.1)
    assert at(both, [0.2, 0.0], [True, False]) == pytest.approx(at(first, [0.2, 0.4]))
    assert at(both, [0.2, 0.9]) > at(first, [0.2, 0.9]) > at(both, [0.2, 0.1])


def test_without_points_it_is_uniform():
    model = without_points(MIXED)
    assert at(model, [[0.1, 0.5, 0.9], [0.7, 0.0, 0.2]]) == pytest.approx(np.full(2, 1 / 3))
    drawn = model.sample(3000, np.random.default_rng(0))
    assert set(drawn[:, 1]) == {0.0, 0.5, 1.0}
    assert drawn[:, 0].mean() == pytest.approx(0.5, abs=0.03)


def test_a_point_far_from_all_is_still_possible():
    seen, active = np.full((30, 1), 0.01), np.ones((30, 1), dtype=bool)
    model = ParzenDensity(columns(None), seen, active, np.ones(31), np.array([1e-3]), 0.1)
    with np.errstate(all="raise", under="ignore"):
        found = model.log_density(np.array([[1.0]]), np.ones((1, 1), dtype=bool))
    assert found[0] == pytest.approx(np.log(1 / 31))


def test_bandwidths_are_those_of_one_dimension():
    x = np.array([[0.1, 0.2], [0.4, 0.0], [0.5, 0.9]])
    active = np.array([[True, True], [True, False], [True, True]])
    found = bandwidths_of(x, active, scale=1.5, least=0.01)
    for column, places in enumerate(([0.1, 0.4, 0.5], [0.2, 0.9])):
        # One more in the middle, with the variance of a uniform place.
        n, all_places = len(places) + 1, np.array([*places, 0.5])
        variance = all_places.var() + 1 / 12 / n
        assert found[column] == pytest.approx(1.5 * np.sqrt(variance) * n**-0.2)


def test_bandwidths_shrink_with_more_points_and_have_a_least():
    rng = np.random.default_rng(0)
    widths = [
        bandwidths_of(x, np.ones_like(x, dtype=bool), scale=1.0, least=0.02)
        for x in (rng.random((n, 2)) for n in (1, 20, 500))
    ]
    assert widths[0][0] > widths[1][0] > widths[2][0] > 0.02
    same = np.full((1000, 2), 0.3)
    narrow = bandwidths_of(same, np.ones_like(same, dtype=bool), scale=0.01, least=0.02)
    assert narrow == pytest.approx([0.02, 0.02])
