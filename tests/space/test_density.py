"""The joint density of the users' distributions, against the draws that it must agree with."""

import numpy as np
import pytest
import scipy.stats

from tfhpo.space import (
    Condition,
    FloatRange,
    IntegerRange,
    Levels,
    Parameter,
    Prior,
    PriorDensity,
    Space,
    Steps,
)

COLUMNS = {
    "linear": (FloatRange(-2.0, 2.0), scipy.stats.truncnorm(-2, 2)),
    "log": (FloatRange(1e-4, 1e-1, "log"), scipy.stats.loguniform(1e-3, 1e-2)),
    "log, of a tail": (FloatRange(1e-5, 1e-1, "log"), scipy.stats.lognorm(1.0, scale=1e-3)),
    "reverse_log": (FloatRange(1.0, 3.0, "reverse_log"), scipy.stats.beta(2, 5, 1, 2)),
    "integers": (IntegerRange(1, 64), scipy.stats.randint(3, 20)),
    "steps": (Steps(0.0, 0.6, 0.1), scipy.stats.norm(0.3, 0.1)),
    "levels": (Levels((8, 16, 32, 64), ordered=True), scipy.stats.loguniform(8, 64)),
    "log steps": (Steps(1, 1000, 10, "log"), scipy.stats.uniform(1, 999)),
    "reverse_log steps": (Steps(1, 1000, 10, "reverse_log"), scipy.stats.uniform(1, 999)),
    "many integers": (IntegerRange(1, 100_000), scipy.stats.loguniform(10, 1000)),
}


def of(domain, distribution):
    return Space([Parameter("a", domain, prior=Prior(distribution))])


@pytest.mark.parametrize(("domain", "distribution"), COLUMNS.values(), ids=COLUMNS)
def test_it_is_the_density_of_the_draws(domain, distribution):
    space = of(domain, distribution)
    p = (np.arange(20_000)[:, None] + 0.5) / 20_000
    drawn = space.draws(p).x[:, 0]
    even = space.even_places(p)[:, 0]
    if domain.size is not None and domain.size < 100:
        places = np.array([domain.unit_of_index(i) for i in range(domain.size)])
        edges = np.concatenate([[-1.0], 0.5 * (places[1:] + places[:-1]), [2.0]])
    else:
        edges = np.linspace(0.0, 1.0, 11)
        places = np.linspace(0.0, 1.0, 10 * 50 + 1)[:-1] + 1e-3
    share, expected = (np.histogram(one, edges)[0] / len(p) for one in (drawn, even))
    x = places[:, None]
    told = np.exp(PriorDensity(space).value(x, np.ones_like(x, dtype=bool)))
    told = told.reshape(len(share), -1).mean(axis=1)
    assert told == pytest.approx(0.98 * share / expected + 0.02, abs=0.08)


@pytest.mark.parametrize(("domain", "distribution"), COLUMNS.values(), ids=COLUMNS)
def test_its_slope_is_its_difference(domain, distribution):
    density = PriorDensity(of(domain, distribution))
    x = np.random.default_rng(0).random((200, 1))
    on = np.ones_like(x, dtype=bool)
    value, slope = density.slope(x, on)
    step = 1e-7
    told = (density.value(x + step, on) - density.value(x - step, on)) / (2 * step)
    assert value == pytest.approx(density.value(x, on))
    inside = (x[:, 0] > 0.01) & (x[:, 0] < 0.99)
    assert np.mean(np.isclose(slope[inside, 0], told[inside], rtol=1e-3, atol=1e-3)) > 0.98


def test_only_active_columns_with_a_distribution_count():
    prior = Prior(scipy.stats.uniform(0.0, 0.5))
    space = Space(
        [
            Parameter("kind", Levels(("x", "y"))),
            Parameter("a", FloatRange(0.0, 1.0), (Condition("kind", ("x",)),), prior=prior),
            Parameter("b", FloatRange(0.0, 1.0)),
        ]
    )
    density = PriorDensity(space)
    x, active = space.points(np.array([[0.0, 0.2, 0.9], [0.0, 0.8, 0.9], [1.0, 0.0, 0.9]]))
    assert np.exp(density.value(x, active)) == pytest.approx([1.98, 0.02, 1.0])
    assert density.slope(x, active)[1] == pytest.approx(0.0, abs=1e-9)
    assert density
    assert not PriorDensity(Space([Parameter("b", FloatRange(0.0, 1.0))]))


def test_a_place_that_the_distribution_rules_out_is_still_possible():
    space = of(FloatRange(0.0, 1.0), scipy.stats.uniform(0.9, 0.1))
    value = PriorDensity(space).value(np.array([[0.1]]), np.array([[True]]))
    assert value == pytest.approx(np.log(0.02))
