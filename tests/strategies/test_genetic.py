"""The genetic algorithm: who breeds, how genes that are not used are inherited, and generations."""

import math

import numpy as np
import pytest
from example_spaces import cnn

from tfhpo.errors import ArgumentError
from tfhpo.space import Condition, FloatRange, Levels, Parameter, Space
from tfhpo.strategies import GeneticAlgorithm, RandomSearch, Result
from tfhpo.strategies.evolution import ResamplingMutation, Tournament, Truncation


def box(d):
    return Space([Parameter(f"x{i}", FloatRange(0.0, 1.0)) for i in range(d)])


def make(space, seed=0, **options):
    return GeneticAlgorithm(space, np.random.default_rng(seed), **options)


def bowl(x):
    return float(np.sum((x - 0.3) ** 2))


def run(search, trials, score=bowl):
    points = []
    for _ in range(trials):
        ((key, point),) = search.suggest()
        search.observe([Result(key, point, score(point.x))])
        points.append(point)
    return points


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"population_size": 0}, "population_size=0"),
        ({"population_size": 1}, "population_size=1"),
        ({"selection": "best"}, "'best'"),
        ({"crossover": "none"}, "'none'"),
        ({"mutation": Tournament()}, "Tournament"),
        ({"crossover_rate": 1.5}, "crossover_rate=1.5"),
        ({"elites": -1}, "elites=-1"),
        ({"population_size": 10, "lifetime": 9}, "lifetime=9"),
    ],
)
def test_arguments(options, told):
    with pytest.raises(ArgumentError, match=told):
        make(box(1), **options)


def test_operators_are_given_by_name_or_as_they_are():
    search = make(box(1), selection="truncation", mutation=ResamplingMutation(0.5))
    assert search.selection == Truncation()
    assert search.mutation == ResamplingMutation(0.5)


@pytest.mark.parametrize("generational", [False, True])
def test_it_finds_the_bottom_that_random_search_does_not(generational):
    best = []
    for seed in range(3):
        search = make(box(5), seed, budget=300, generational=generational)
        run(search, 300)
        best.append(search.history.scores.min())
    random = RandomSearch(box(5), np.random.default_rng(0))
    run(random, 300)
    assert np.mean(best) < 0.2 * random.history.scores.min()


def test_a_gene_that_one_parent_does_not_use_is_the_others():
    space = Space(
        [
            Parameter("kind", Levels(("plain", "deep"))),
            Parameter("depth", FloatRange(0.0, 1.0), (Condition("kind", ("deep",)),)),
        ]
    )
    search = make(space, population_size=2)
    for x, score in (([0.0, 0.0], 0.1), ([1.0, 0.7], 0.2)):
        point = space.point(np.array(x))
        search.observe([Result(search.hold(point), point, score)])
    population = space.points(np.array([[0.0, 0.0], [1.0, 0.7]]))
    for first, second in ((0, 1), (1, 0)):
        mine, theirs = search._whole(population, first, second)
        assert mine[1] == theirs[1] == 0.7
        assert mine[0] != theirs[0]


def test_the_best_breed_and_the_failed_do_not():
    search = make(box(2), population_size=4, lifetime=math.inf)
    run(search, 40, lambda x: math.nan if x[0] < 0.5 else bowl(x))
    members = search._population()
    scores = search.history.scores
    assert len(members) == 4
    assert np.all(np.isfinite(scores[members]))
    assert set(members) == set(np.argsort(scores)[:4])


def test_a_lucky_trial_grows_old_unless_it_is_of_the_elite():
    for elites, stays in ((0, False), (1, True)):
        search = make(box(2), population_size=4, lifetime=10, elites=elites)
        run(search, 1, lambda x: -1.0)
        run(search, 30)
        assert (0 in search._population()) == stays


@pytest.mark.parametrize(("lifetime", "stays"), [(None, False), (math.inf, True)])
def test_a_trial_breeds_for_twelve_populations_by_default(lifetime, stays):
    search = make(box(2), population_size=4, lifetime=lifetime)
    run(search, 1, lambda x: -1.0)
    run(search, 12 * 4 - 1)
    assert 0 in search._population()
    run(search, 1)
    assert (0 in search._population()) == stays


def test_another_population_begins_where_the_best_leaves_unsurpassed():
    search = make(box(2), population_size=4, lifetime=10)
    run(search, 1, lambda x: -1.0)
    run(search, 9)
    assert search._population()[0] == 0
    run(search, 1)
    assert len(search._population()) == 0
    fresh = run(search, 4)
    assert set(search._population()) == {11, 12, 13, 14}
    (child,) = run(search, 1)
    # Random points share no place; a child has one of its two from a parent.
    assert np.count_nonzero(np.isin(child.x, [point.x for point in fresh])) == 1


def test_nobody_grows_old_while_others_are_awaited():
    search = make(box(2), population_size=4)
    run(search, 12)
    before = search._population()
    search.suggest(100)
    assert np.array_equal(search._population(), before)


def test_where_all_children_are_known_another_gene_mutates():
    space = Space([Parameter(f"x{i}", Levels((0, 1, 2, 3))) for i in range(3)])
    search = make(space, population_size=2, crossover_rate=0.0, elites=1)
    best = space.point(np.zeros(3))
    near = [best] + [
        space.point(np.where(np.arange(3) == column, level / 3, 0.0))
        for column in range(3)
        for level in (1, 2, 3)
    ]
    for score, point in enumerate(near):
        search.observe([Result(search.hold(point), point, float(score))])
    changed = [np.count_nonzero(search.suggest()[0].point.x) for _ in range(20)]
    assert set(changed) == {2}


def test_a_generation_waits_for_the_one_before():
    search = make(box(2), population_size=4, generational=True)
    first = search.suggest(10)
    # Two scores are enough to breed, but not for the next generation.
    assert len(first) == 4
    search.observe([Result(key, point, bowl(point.x)) for key, point in first[:3]])
    assert search.suggest() == []
    search.observe([Result(*first[3], math.nan)])
    second = search.suggest(2)
    search.observe([Result(key, point, -1.0) for key, point in second])
    # The children of this generation do not breed before it is complete.
    assert set(search._population()) <= {key for key, _ in first}
    assert len(search.suggest(10)) == 2
    assert search.suggest() == []


def test_a_steady_state_never_waits():
    search = make(box(2), population_size=4)
    run(search, 4)
    assert len(search.suggest(50)) == 50


def test_every_generation_is_recorded():
    search = make(cnn(), population_size=5)
    run(search, 17, lambda x: float(x.sum()))
    events = [event for event in search.take_events() if event.kind == "generation"]
    assert [event.data["number"] for event in events] == [1, 2, 3]
    for event in events:
        assert len(event.data["members"]) == 5
        assert event.data["scores"] == sorted(event.data["scores"])
        scores = search.history.scores[event.data["members"]]
        assert scores.tolist() == event.data["scores"]
