"""TPE: what its densities know of a space, and how many points they are made of."""

import numpy as np
import pytest

from tfhpo.space import FloatRange, IntegerRange, Levels, Parameter, Point, Space, Steps
from tfhpo.strategies import TPE, Result, tpe

FINITE = [
    Steps(1, 3),
    Steps(0.0, 1.0, 0.01),
    IntegerRange(1, 20),
    IntegerRange(3, 200, "reverse_log"),
    Levels((16, 64, 256), ordered=True),
    Levels(("a", "b", "c", "d")),
    Steps(5, 5),
]


@pytest.mark.parametrize("domain", FINITE, ids=str)
def test_without_points_every_value_is_as_likely_as_in_a_random_search(domain):
    space = Space([Parameter("x", domain), Parameter("y", FloatRange(0.0, 1.0))])
    search = TPE(space, np.random.default_rng(0))
    nothing = Point(np.zeros((0, 2)), np.zeros((0, 2), dtype=bool))
    drawn = search._density(nothing).sample(40_000, search.rng)
    places = space.points(drawn).x[:, 0]
    indices = [domain.index_of_unit(place) for place in places]
    found = np.bincount(indices, minlength=domain.size) / len(places)
    # A long logarithmic column is even on its scale, while a draw gives each integer its stretch.
    assert found == pytest.approx(domain.even_shares(), abs=0.012)


def test_its_densities_are_made_of_a_bounded_number_of_points(monkeypatch):
    made = []

    class Watched(tpe.ParzenDensity):
        def __init__(self, columns, x, *others):
            made.append(x[:, 0])
            super().__init__(columns, x, *others)

    monkeypatch.setattr(tpe, "ParzenDensity", Watched)
    search = TPE(Space([Parameter("x", FloatRange(0.0, 1.0))]), np.random.default_rng(0))
    for p in search.rng.random((1000, 1)):
        point = search.space.draw(p)
        score = float("nan") if p[0] > 0.9 else float(p[0])
        search.observe([Result(search.hold(point), point, score)])
    awaited = [search.hold(search.space.draw(np.array([p]))) for p in (0.11, 0.12)]
    search.suggest()
    good, others = made
    assert len(good) == 25
    assert good.max() < 0.05
    assert len(others) == 400 + len(awaited)
    assert list(others[-2:]) == [0.11, 0.12]
    # Bad ones and failed ones, from all over.
    assert np.histogram(others, bins=10, range=(0.0, 1.0))[0].min() > 20


@pytest.mark.parametrize(("good_share", "good"), [(0.15, 6), (0.5, 20)])
def test_a_share_of_the_points_is_good(monkeypatch, good_share, good):
    made = []

    class Watched(tpe.ParzenDensity):
        def __init__(self, columns, x, *others):
            made.append(sorted(x[:, 0]))
            super().__init__(columns, x, *others)

    monkeypatch.setattr(tpe, "ParzenDensity", Watched)
    space = Space([Parameter("x", FloatRange(0.0, 1.0))])
    search = TPE(space, np.random.default_rng(0), good_share=good_share)
    told = np.random.default_rng(1).random(40)
    for place in told:
        point = space.draw(np.array([place]))
        search.observe([Result(search.hold(point), point, float(place))])
    search.suggest()
    assert made == [list(np.sort(told)[:good]), list(np.sort(told)[good:])]


def test_the_defaults_come_first_whatever_was_queued():
    space = Space([Parameter("x", FloatRange(0.0, 1.0), default=0.3)])
    search = TPE(space, np.random.default_rng(0))
    search.hold(space.draw(np.array([0.9])))
    ((_, point),) = search.suggest()
    assert point.x == pytest.approx([0.3])


def test_with_fewer_points_than_are_good_at_least_the_search_goes_on(monkeypatch):
    monkeypatch.setattr(tpe, "_FEWEST", 4)
    search = TPE(Space([Parameter("x", FloatRange(0.0, 1.0))]), np.random.default_rng(0))
    for score in (1.0, 2.0, float("nan"), float("nan"), float("nan")):
        ((key, point),) = search.suggest()
        search.observe([Result(key, point, score)])
    assert len(search.suggest(2)) == 2
