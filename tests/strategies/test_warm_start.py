"""Former studies: the checks of every strategy when it is warm-started, and what it gains."""

import dataclasses
import json

import conformance
import numpy as np
import pytest
from conformance import Search
from example_spaces import cnn, flat, when
from test_conformance import CONTENDERS

from tfhpo.errors import ArgumentError
from tfhpo.space import FloatRange, Levels, Parameter, Point, Space
from tfhpo.strategies import (
    ASHA,
    PROPOSERS,
    TPE,
    BayesianOptimization,
    ElasticGrid,
    Former,
    GridSearch,
    RandomSearch,
    Result,
)

# Parameters that the made-up former studies never had: those that `conformance.grown` adds.
LATER = ("depth", "bias")
CHECKED = [
    conformance.suggestions_lie_in_the_space,
    conformance.a_batch_of_sixteen_is_distinct_before_any_result,
    conformance.a_point_held_for_someone_else_is_not_suggested,
    conformance.a_seed_repeats_the_search,
    conformance.no_other_randomness_is_touched,
    conformance.a_restored_search_goes_on_exactly,
    conformance.a_search_restored_anywhere_goes_on_exactly,
    conformance.a_finished_search_stays_finished_when_restored,
    conformance.failures_are_bad_points_and_the_search_goes_on,
    conformance.a_search_whose_trials_all_fail_goes_on,
    conformance.equal_scores_do_no_harm,
    conformance.huge_scores_do_no_harm,
    conformance.finite_spaces_are_covered_without_repeats,
    conformance.made_up_finite_spaces_are_covered_without_repeats,
    conformance.a_finite_space_is_covered_by_many_workers,
    conformance.a_build_that_reads_nothing_has_one_configuration,
    conformance.new_parameters_join_in_mid_search,
    conformance.a_search_of_a_grown_space_is_restored_exactly,
    conformance.a_finished_search_goes_on_when_its_space_grows,
    conformance.trials_under_way_while_the_space_grows_block_nothing_for_good,
]


def former_study(space, salt=0, n=12):
    """A made-up former study; of a grown space it says what it said before the space grew."""
    p = [np.random.default_rng([salt, column]).random(n) for column in range(len(space))]
    x, active = space.points(np.stack(p, axis=1))
    active = active & ~np.isin(space.names, LATER)
    return Former(Point(np.where(active, x, 0.0), active), np.random.default_rng(salt).random(n))


def warmed(contender):
    """The same contender, warm-started with two former studies."""

    def make(space, rng, **options):
        strategy = contender.make(space, rng, **options)
        strategy.warm_start([former_study(space), former_study(space, salt=1)])
        return strategy

    return dataclasses.replace(contender, make=make)


@pytest.mark.parametrize("check", CHECKED, ids=lambda check: check.__name__)
@pytest.mark.parametrize("contender", CONTENDERS.values(), ids=CONTENDERS.keys())
def test_warm_started(contender, check):
    check(warmed(contender))


# ---------------------------------------------------------------------- what is tried first


def told(rows, scores):
    """A former study of places, of which None is one that it did not have."""
    active = np.array([[place is not None for place in row] for row in rows])
    x = np.array([[place or 0.0 for place in row] for row in rows])
    return Former(Point(x, active), np.array(scores, dtype=float))


def box(d, **options):
    return Space([Parameter(f"x{i}", FloatRange(0.0, 1.0), **options) for i in range(d)])


def first_places(space, former, count, strategy=RandomSearch):
    search = strategy(space, np.random.default_rng(0))
    search.warm_start(former)
    return [suggestion.point.x.tolist() for suggestion in search.suggest(count)]


@pytest.mark.parametrize("strategy", PROPOSERS.values())
def test_the_best_points_come_first_and_then_the_start(strategy):
    study = told([[0.1, 0.1], [0.9, 0.2], [0.5, 0.8], [0.4, 0.0]], [3.0, 1.0, 2.0, 4.0])
    expected = [[0.9, 0.2], [0.5, 0.8], [0.1, 0.1], [0.5, 0.5]]
    if strategy is GridSearch:
        expected = [list(map(pytest.approx, row)) for row in expected]
    assert first_places(box(2), [study], 4, strategy) == expected


def test_a_strategy_over_rungs_tells_its_proposer():
    rungs = Parameter("epochs", Levels((1, 3, 9), ordered=True))
    space = Space([rungs, *box(2).parameters])
    study = told([[None, 0.1, 0.1], [None, 0.9, 0.2]], [2.0, 1.0])
    search = ASHA(space, np.random.default_rng(0), fidelity="epochs", proposer="bayesian")
    search.warm_start([study])
    places = [suggestion.point.x.tolist() for suggestion in search.suggest(2)]
    assert places == [[0.0, 0.9, 0.2], [0.0, 0.1, 0.1]]
    (former,) = search.proposer.former
    assert former.points.x.shape == (2, 2)


def test_close_points_count_once_and_studies_take_turns():
    one = told([[0.9, 0.2], [0.9, 0.3], [0.1, 0.1]], [1.0, 2.0, 3.0])
    other = told([[0.95, 0.2], [0.2, 0.7]], [-70.0, -60.0])
    assert first_places(box(2), [one, other], 4) == [[0.9, 0.2], [0.2, 0.7], [0.1, 0.1], [0.5, 0.5]]


def test_five_studies_give_a_point_each_and_more_do_not():
    best = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.5], [1.0, 0.5]]
    studies = [told([row], [1.0]) for row in best]
    assert first_places(box(2), studies, 6) == [*best[:5], [0.5, 0.5]]


def test_what_a_study_lacks_is_at_its_default():
    space = Space(
        [
            Parameter("a", FloatRange(0.0, 1.0)),
            Parameter("b", FloatRange(0.0, 10.0), default=7.0),
            Parameter("c", Levels(("x", "y")), default="y"),
            Parameter("d", FloatRange(0.0, 1.0), (when("c", "y"),), default=0.25),
        ]
    )
    study = told([[0.9, None, None, None], [0.1, None, 0.0, None]], [1.0, 2.0])
    assert first_places(space, [study], 2) == [[0.9, 0.7, 1.0, 0.25], [0.1, 0.7, 0.0, 0.0]]


def test_points_that_were_enqueued_are_not_tried_again():
    search = RandomSearch(box(2), np.random.default_rng(0))
    search.warm_start([told([[0.9, 0.2], [0.1, 0.1]], [1.0, 2.0])])
    search.hold(Point(np.array([0.9, 0.2]), np.ones(2, dtype=bool)))
    assert search.suggest()[0].point.x.tolist() == [0.1, 0.1]


def test_the_elastic_grid_tells_of_a_round_that_others_filled():
    search = Search(ElasticGrid(flat(), np.random.default_rng(0), round_size=1))
    search.strategy.warm_start([former_study(flat())])
    search.run(6)
    kinds = [event.kind for event in search.strategy.take_events()]
    assert kinds[:6] == ["opening", "round"] * 3


# ---------------------------------------------------------------------- what is refused


def test_a_warm_start_comes_first_and_once():
    study = former_study(flat())
    begun = RandomSearch(flat(), np.random.default_rng(0))
    begun.suggest()
    again = RandomSearch(flat(), np.random.default_rng(0))
    again.warm_start([study])
    restored = RandomSearch(flat(), np.random.default_rng(0))
    restored.restore(json.loads(json.dumps(again.state())), [])
    for search in (begun, again, restored):
        with pytest.raises(ArgumentError, match="once, before anything"):
            search.warm_start([study])


def test_a_warm_start_with_nothing_changes_nothing():
    plain = RandomSearch(flat(), np.random.default_rng(0))
    search = RandomSearch(flat(), np.random.default_rng(0))
    search.warm_start([])
    assert plain.suggest()[0].point.x.tolist() == search.suggest()[0].point.x.tolist()


def test_a_study_of_other_columns_is_refused():
    with pytest.raises(ArgumentError, match=r"3 columns of the space\. Received: 10"):
        RandomSearch(flat(), np.random.default_rng(0)).warm_start([former_study(cnn())])


@pytest.mark.parametrize(
    ("x", "active", "scores", "message"),
    [
        (np.zeros((2, 3)), np.ones((2, 2), dtype=bool), np.zeros(2), "Received: .2, 3., .2, 2."),
        (np.zeros((2, 3)), np.ones((2, 3), dtype=bool), np.zeros(3), "n scores"),
        (np.zeros(3), np.ones(3, dtype=bool), np.zeros(3), "n x d"),
        (np.zeros((0, 3)), np.ones((0, 3), dtype=bool), np.zeros(0), "at least one result"),
        (np.zeros((1, 3)), np.ones((1, 3), dtype=bool), np.array([np.nan]), "finite scores"),
    ],
)
def test_a_study_that_is_none_is_refused(x, active, scores, message):
    with pytest.raises(ArgumentError, match=message):
        Former(Point(x, active), scores)


# ---------------------------------------------------------------------- what is gained


def bowl(x, centre=0.3):
    return float(np.sum((x - centre) ** 2))


def study_of(score, d, n=40, missing=()):
    x = np.random.default_rng(7).random((n, d))
    active = np.ones_like(x, dtype=bool)
    scores = np.array([score(row) for row in x])
    x[:, list(missing)], active[:, list(missing)] = 0.0, False
    return Former(Point(x, active), scores)


def best_after(strategy, former, trials, score, d, seed):
    search = strategy(box(d), np.random.default_rng(seed))
    search.warm_start(former)
    for _ in range(trials):
        ((key, point),) = search.suggest()
        search.observe([Result(key, point, score(point.x))])
    return float(search.history.scores.min())


def mean_best(strategy, former, trials, score, d=4):
    return np.mean([best_after(strategy, former, trials, score, d, seed) for seed in range(4)])


@pytest.mark.parametrize(("strategy", "share"), [(BayesianOptimization, 0.5), (TPE, 0.7)])
def test_a_helpful_study_makes_the_first_suggestions_good(strategy, share):
    # On another scale, and with its best place elsewhere.
    helpful = study_of(lambda x: 1e6 + 1e4 * bowl(x, 0.35), 4)
    alone = mean_best(strategy, [], 8, bowl)
    assert mean_best(strategy, [helpful], 8, bowl) < share * alone


def test_the_model_is_worth_more_than_the_best_points():
    helpful = study_of(bowl, 4)
    assert mean_best(BayesianOptimization, [helpful], 7, bowl) < 0.5 * mean_best(
        RandomSearch, [helpful], 7, bowl
    )


@pytest.mark.parametrize(("strategy", "margin"), [(BayesianOptimization, 0.005), (TPE, 0.03)])
def test_a_misleading_study_is_overcome(strategy, margin):
    misleading = study_of(lambda x: -bowl(x), 4)
    alone = mean_best(strategy, [], 25, bowl)
    assert mean_best(strategy, [misleading], 25, bowl) < alone + margin


def test_a_study_that_lacks_a_column_helps_in_the_others():
    helpful = study_of(lambda x: bowl(x[:3]), 4, missing=[3])
    alone = mean_best(BayesianOptimization, [], 8, bowl)
    assert mean_best(BayesianOptimization, [helpful], 8, bowl) < 0.6 * alone


def test_recommending_changes_nothing_after_a_warm_start():
    search = Search(BayesianOptimization(cnn(), np.random.default_rng(0)))
    search.strategy.warm_start([former_study(cnn())])
    search.run(8)
    before = search.strategy.state()
    assert search.strategy.recommend() is not None
    assert search.strategy.state() == before
