"""Bayesian optimisation and TPE: where they search, with whom they share, and what they survive."""

import math
import pydoc

import numpy as np
import pytest
import scipy.stats
from example_spaces import cnn

from tfhpo.errors import ArgumentError
from tfhpo.space import Condition, FloatRange, Levels, Parameter, Prior, Space, Steps
from tfhpo.strategies import TPE, BayesianOptimization, Result
from tfhpo.strategies.bayesian import ACQUISITIONS
from tfhpo.surrogates.gaussian_process import GaussianProcess

BOTH = [BayesianOptimization, TPE]


def make(space, strategy=BayesianOptimization, seed=0, **options):
    return strategy(space, np.random.default_rng(seed), **options)


def box(d):
    return Space([Parameter(f"x{i}", FloatRange(0.0, 1.0)) for i in range(d)])


def run(search, trials, score):
    """Runs trials one after another and returns their points."""
    points = []
    for _ in range(trials):
        ((key, point),) = search.suggest()
        search.observe([Result(key, point, score(point.x))])
        points.append(point)
    return points


def bowl(x):
    return float(np.sum((x - 0.3) ** 2))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"num_initial_points": 0}, "num_initial_points=0"),
        ({"acquisition": "eii"}, "'eii'"),
        ({"beta": -1.0}, "beta=-1.0"),
        ({"beta": float("nan")}, "beta=nan"),
        ({"beta": 1.0, "acquisition": "ei"}, "width of"),
        ({"alpha": 0.0}, "alpha=0.0"),
        ({"kernel": "rbf"}, "'rbf'"),
        ({"margin": -0.1}, "margin=-0.1"),
        ({"prior_weight": -1.0}, "prior_weight=-1.0"),
        ({"prior_weight": float("inf")}, "prior_weight=inf"),
    ],
)
def test_arguments(options, told):
    with pytest.raises(ArgumentError, match=told):
        make(box(1), **options)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"num_initial_points": 0}, "num_initial_points=0"),
        ({"num_candidates": 0}, "num_candidates=0"),
        ({"good_share": 1.0}, "good_share=1.0"),
        ({"bandwidth": 0.0}, "bandwidth=0.0"),
        ({"prior_weight": -1.0}, "prior_weight=-1.0"),
    ],
)
def test_arguments_of_tpe(options, told):
    with pytest.raises(ArgumentError, match=told):
        make(box(1), TPE, **options)


def test_beta_alone_asks_for_the_confidence_bound():
    assert make(box(1), beta=3.0).acquisition == "ucb"
    assert make(box(1)).acquisition == "log_ei"


@pytest.mark.parametrize("alpha", [1e-4, 0.5, 1e-20])
def test_noise_that_is_known_is_not_estimated(alpha):
    search = make(box(2), alpha=alpha)
    run(search, 30, rough)
    assert search.state()["private"]["fit"]["theta"][-1] == pytest.approx(math.log(alpha))
    estimated = make(box(2))
    run(estimated, 30, rough)
    assert estimated.state()["private"]["fit"]["theta"][-1] != pytest.approx(math.log(alpha))


def test_beta_is_the_width_of_the_band():
    space, told = box(1), np.array([[0.4], [0.45], [0.5], [0.55], [0.6]])
    found = {}
    for beta in (0.0, 50.0):
        search = make(space, beta=beta)
        for x in told:
            point = space.point(x)
            search.observe([Result(search.hold(point), point, float((x[0] - 0.5) ** 2))])
        ((_, point),) = search.suggest()
        found[beta] = abs(point.x[0] - 0.5)
    # Where the best mean is, and as far as can be from all that is known.
    assert found[0.0] < 0.1
    assert found[50.0] > 0.45


@pytest.mark.parametrize("strategy", BOTH)
def test_it_begins_with_the_defaults_and_spreads_out(strategy):
    parameters = [Parameter("a", FloatRange(0.0, 1.0), default=0.8), *box(1).parameters]
    search = make(Space(parameters), strategy, num_initial_points=9)
    points = run(search, 9, bowl)
    assert points[0].x == pytest.approx([0.8, 0.5])
    # A Sobol sequence has two of eight in every quarter of each column.
    for column in range(2):
        quarters = np.floor(4 * np.array([point.x[column] for point in points[1:]]))
        assert np.bincount(quarters.astype(int), minlength=4).max() <= 3


@pytest.mark.parametrize("acquisition", ACQUISITIONS)
def test_every_acquisition_finds_the_bottom_of_a_bowl(acquisition):
    search = make(box(3), acquisition=acquisition)
    run(search, 30, bowl)
    assert search.history.scores.min() < 0.01


@pytest.mark.parametrize("acquisition", ["log_ei", "ei", "pi"])
def test_what_improves_by_less_than_the_margin_is_no_improvement(acquisition):
    search = make(box(2), acquisition=acquisition, margin=0.7)
    noise = np.random.default_rng(0)
    run(search, 20, lambda x: bowl(x) + 0.05 * noise.standard_normal())
    target = search._target()
    lowest = target._model.mean(search._encoded(search.history.scored)).min()
    noise_deviation = target._model.noise_deviation
    assert target._acquire.best == pytest.approx(lowest - 0.7 * noise_deviation)
    search.suggest(2)
    imagined = search._target()
    if acquisition == "log_ei":
        known = np.concatenate([search.history.scored, search.history.pending])
        lowest = imagined._model.mean(search._encoded(known)).min(axis=0)
        assert imagined._acquire.best == pytest.approx(lowest - 0.7 * noise_deviation)


def test_no_less_is_to_be_reached_than_the_best_known_mean():
    # A hole so narrow that no random point is near it.
    search = make(box(6), acquisition="mes")
    for x in 0.3 + 0.02 * np.random.default_rng(0).standard_normal((30, 6)):
        point = search.space.point(x)
        search.observe([Result(search.hold(point), point, bowl(x))])
    target = search._target()
    known = target._model.mean(search._encoded(search.history.scored))
    assert target._acquire.best_values.max() < known.min()


def test_it_finds_the_bottom_in_few_trials():
    reached = {}
    for strategy in BOTH:
        best = []
        for seed in range(4):
            search = make(box(4), strategy, seed)
            run(search, 30, bowl)
            best.append(search.history.scores.min())
        reached[strategy] = np.mean(best)
    assert reached[BayesianOptimization] < 1e-3
    assert reached[BayesianOptimization] < reached[TPE] < 0.05


@pytest.mark.parametrize("strategy", BOTH)
def test_a_batch_is_of_different_points(strategy):
    search = make(box(3), strategy)
    run(search, 10, lambda x: float(np.sin(9 * x).sum()))
    points = np.array([point.x for _, point in search.suggest(16)])
    apart = np.linalg.norm(points[:, None] - points, axis=2) + 9 * np.eye(16)
    assert len(points) == 16
    assert np.median(apart.min(axis=1)) > 0.05


def test_pending_points_are_kept_away_from():
    space = Space([Parameter("a", FloatRange(0.0, 1.0))])
    search = make(space)
    run(search, 5, lambda x: float(np.sin(20 * x[0])))
    ((_, first),) = search.suggest()
    ((_, second),) = search.suggest()
    assert abs(first.x[0] - second.x[0]) > 0.03


def rough(x):
    """A bowl with dents, lowest at 0.3."""
    return bowl(x) + 0.02 * float(np.sum(1 - np.cos(25 * (x - 0.3))))


@pytest.mark.parametrize("strategy", BOTH)
def test_it_keeps_away_from_where_trials_fail(strategy):
    def half(x):
        return float("nan") if x[0] < 0.5 else rough(x - [0.4, 0.0])

    search = make(box(2), strategy)
    points = run(search, 30, half)
    late = np.array([point.x[0] for point in points[10:]])
    assert np.mean(late < 0.5) < 0.3
    assert np.nanmin(search.history.scores) < 0.06


@pytest.mark.parametrize("acquisition", ACQUISITIONS)
def test_every_acquisition_keeps_away_from_where_trials_fail(acquisition):
    search = make(box(2), acquisition=acquisition)
    points = run(search, 25, lambda x: rough(x) if x[0] > 0.25 else float("nan"))
    late = np.array([point.x[0] for point in points[10:]])
    assert np.mean(late < 0.25) < 0.3
    assert np.nanmin(search.history.scores) < 0.06


def expected(centre, d=3):
    """Columns that the user expects to be best around a place."""
    prior = Prior(scipy.stats.norm(centre, 0.1))
    return Space([Parameter(f"x{i}", FloatRange(0.0, 1.0), prior=prior) for i in range(d)])


def best_of_seeds(space, strategy, trials, **options):
    best = []
    for seed in range(4):
        search = make(space, strategy, seed, **options)
        run(search, trials, rough)
        best.append(search.history.scores.min())
    return np.mean(best)


@pytest.mark.parametrize("strategy", BOTH)
def test_what_the_user_expects_helps_where_it_is_right(strategy):
    informed = best_of_seeds(expected(0.3), strategy, 15)
    assert informed < 0.7 * best_of_seeds(box(3), strategy, 15)


@pytest.mark.parametrize("strategy", BOTH)
def test_a_wrong_distribution_costs_fewer_than_fifteen_trials(strategy):
    misled = best_of_seeds(expected(0.7), strategy, 25)
    assert misled < best_of_seeds(box(3), strategy, 10)


@pytest.mark.parametrize("strategy", BOTH)
def test_a_weight_of_nothing_leaves_the_distributions_to_the_draws(strategy):
    # Expected a little away from the best, so that the results do not contradict it.
    space, away = expected(0.4), {}
    for weight in (0.0, 1e4):
        points = run(make(space, strategy, prior_weight=weight), 25, rough)
        # Every second point is proposed in doubt.
        away[weight] = np.mean([np.abs(point.x - 0.4) for point in points[9::2]])
    assert away[1e4] < 0.6 * away[0.0]


@pytest.mark.parametrize("strategy", BOTH)
@pytest.mark.parametrize(
    "score",
    [
        lambda x: 1.0,
        lambda x: float(1e300 * x[0]),
        lambda x: float(1e-300 * x[0]),
        lambda x: 1e7 if x[0] > 0.4 else 1e-3 * float(x[0]),
        lambda x: float("inf"),
    ],
    ids=["constant", "huge", "tiny", "decades", "failures"],
)
def test_scores_of_every_size(strategy, score):
    search = make(cnn(), strategy)
    with np.errstate(all="raise", under="ignore"):
        points = run(search, 14, score)
    assert all(np.all((point.x >= 0) & (point.x <= 1)) for point in points)


@pytest.mark.parametrize("strategy", BOTH)
def test_fifty_columns(strategy):
    search = make(box(50), strategy)
    run(search, 30, bowl)
    scores = search.history.scores
    # Random points of so many columns are all alike: none of 10,000 is a fifth below their mean.
    assert scores.min() < 0.8 * bowl(np.random.default_rng(0).random(50_000)) / 1_000


def test_rare_failures_are_no_reason_to_keep_away():
    rng = np.random.default_rng(0)
    search = make(box(2))
    for x in rng.random((1_500, 2)):
        point = search.space.point(x)
        score = math.nan if rng.random() < 0.1 else bowl(x)
        search.observe([Result(search.hold(point), point, score)])
    asked = search.space.points(rng.random((200, 2)))
    chance = np.exp(search._factors()[0].value(*asked))
    assert chance.mean() == pytest.approx(0.9, abs=0.06)


@pytest.mark.parametrize("rare", ["success", "failure"])
def test_the_rarer_outcome_is_never_thinned_away(rare):
    rng = np.random.default_rng(0)
    search = make(box(2))
    for turn, x in enumerate(rng.random((900, 2))):
        point = search.space.point(x)
        ended = (turn in (1, 2)) == (rare == "success")
        search.observe([Result(search.hold(point), point, bowl(x) if ended else math.nan)])
    (success,) = search._factors()
    likely = success.value(search.history.x, search.history.active)
    there, others = likely[1:3].mean(), np.delete(likely, [1, 2]).mean()
    assert there > others if rare == "success" else there < others
    with np.errstate(all="raise", under="ignore"):
        assert len(search.suggest()) == 1


def test_a_second_success_is_looked_for_where_the_first_one_was():
    search = make(box(2))
    for x in np.random.default_rng(0).random((40, 2)):
        point = search.space.point(x)
        search.observe([Result(search.hold(point), point, math.nan)])
    lucky = search.space.point(np.array([0.9, 0.1]))
    search.observe([Result(search.hold(lucky), lucky, 1.0)])
    points = run(search, 3, lambda x: math.nan)
    assert all(np.abs(point.x - lucky.x).max() < 0.3 for point in points)


def test_a_finite_branch_of_an_infinite_space_is_not_repeated():
    kind = Parameter("kind", Levels(("a", "b")))
    inside = [
        Parameter("rate", FloatRange(0.0, 1.0), (Condition("kind", ("a",)),)),
        Parameter("units", Steps(1, 4), (Condition("kind", ("b",)),)),
    ]
    search = make(Space([kind, *inside]))
    points = run(search, 12, lambda x: float(1.0 - x[0]))
    # The finite branch is much the better one: all of it is tried, and nothing twice.
    assert len({point.x.tobytes() for point in points}) == 12
    assert sum(point.x[0] == 1.0 for point in points) == 4


def test_a_batch_makes_its_model_once(monkeypatch):
    search = make(box(2))
    run(search, 8, bowl)
    made = []
    construct = GaussianProcess.__init__
    monkeypatch.setattr(
        GaussianProcess, "__init__", lambda self, *args: [made.append(1), construct(self, *args)][1]
    )
    search.suggest(4)
    assert len(made) == 1
    run(search, 2, bowl)
    assert len(made) == 2


def test_a_finite_space_is_climbed_without_repeats():
    space = Space([Parameter(f"c{i}", Levels(tuple("abcde"))) for i in range(6)])
    weights = np.random.default_rng(1).random((6, 5))
    search = make(space)

    def score(x):
        return float(weights[np.arange(6), np.rint(4 * x).astype(int)].sum())

    run(search, 30, score)
    assert search.history.scores.min() < weights.min(axis=1).sum() + 0.05


def test_a_long_history_is_thinned_and_still_told_from(monkeypatch):
    space = Space(
        [
            Parameter("a", FloatRange(0.0, 1.0)),
            Parameter("n", Steps(1, 1000)),
            Parameter("kind", Levels(("x", "y", "z"))),
            Parameter("b", FloatRange(0.0, 1.0), (Condition("kind", ("x",)),)),
        ]
    )
    rng = np.random.default_rng(0)
    search = make(space)
    for p in rng.random((2_000, 4)):
        point = space.draw(p)
        search.observe([Result(search.hold(point), point, bowl(point.x[:2]))])
    fitted_to = watched(monkeypatch, "tfhpo.surrogates.refitting.fitted", place=2)
    made_of = watched(monkeypatch, "tfhpo.strategies.bayesian.GaussianProcess", place=1)
    ((_, found),) = search.suggest()
    assert found.x[:2] == pytest.approx([0.3, 0.3], abs=0.1)
    assert len(search.state()["private"]["fit"]["theta"]) == 6
    assert [len(outputs) for outputs in fitted_to] == [200]
    (points,) = made_of
    scores = np.array([bowl(x) for x in points.features[:, [0, 1]] + 0.5])
    ranked = np.sort([bowl(x) for x in search.history.x[:2_000, :2]])
    assert scores[:250] == pytest.approx(ranked[:250])
    # As many from each tenth of the others, but for rounding.
    others = np.searchsorted(ranked, scores[250:] + 1e-12) - 250
    assert np.histogram(others, bins=10, range=(0, 1_751))[0] == pytest.approx(25, abs=1)


def watched(monkeypatch, name, place):
    """Notes an argument of a function that goes on doing what it does."""
    noted, function = [], pydoc.locate(name)

    def noting_it(*arguments, **options):
        noted.append(arguments[place])
        return function(*arguments, **options)

    monkeypatch.setattr(name, noting_it)
    return noted


def test_pending_and_failed_points_take_places_of_the_model_and_add_none(monkeypatch):
    monkeypatch.setattr("tfhpo.strategies.bayesian._MODEL_SIZE", 40)
    search, sizes = make(box(2)), []
    for method in ("conditioned", "imagining"):
        noting(monkeypatch, method, sizes)
    rng = np.random.default_rng(0)
    points = [search.space.draw(p) for p in rng.random((150, 2))]
    keys = [search.hold(point) for point in points]
    for key, point in zip(keys[:100], points[:100], strict=True):
        score = math.nan if point.x[0] > 0.5 else bowl(point.x)
        search.observe([Result(key, point, score)])
    search.suggest()
    # 10 with a score and 10 failed ones, and then 20 that are pending.
    assert sizes == [20, 40]


def noting(monkeypatch, method, sizes):
    """Notes how many points a Gaussian process has after further ones."""
    extend = getattr(GaussianProcess, method)

    def noted(self, points, *arguments):
        made = extend(self, points, *arguments)
        sizes.append(len(made.points))
        return made

    monkeypatch.setattr(GaussianProcess, method, noted)


def test_it_recommends_by_the_mean_where_scores_are_noisy():
    space = Space([Parameter("n", Steps(0, 10))])
    rng = np.random.default_rng(5)
    search = make(space, num_initial_points=1)
    lucky = {}
    for turn, index in enumerate(np.tile(np.arange(11), 8)):
        point = space.point(np.array([index / 10]))
        score = abs(index - 4) + 2.0 * rng.standard_normal()
        if turn == 9:
            score = -9.0
        search.observe([Result(key := search.hold(point), point, score)])
        lucky[key] = index
    state = search.state()
    assert abs(lucky[search.recommend()] - 4) <= 1
    assert lucky[search.history.best] == 9
    # Asking changes nothing.
    assert search.state() == state


def test_it_takes_scores_for_noisy_though_no_point_repeats():
    search = make(box(3), num_initial_points=1)
    rng = np.random.default_rng(21)
    for x in rng.random((50, 3)):
        point = search.space.point(x)
        score = 2 * x[0] + rng.standard_normal()
        search.observe([Result(search.hold(point), point, score)])
    recommended = search.history.x[search.recommend(), 0]
    assert recommended < 0.1 < search.history.x[search.history.best, 0] - 0.3


@pytest.mark.parametrize("strategy", BOTH)
def test_without_noise_it_recommends_the_best(strategy):
    search = make(box(2), strategy)
    assert search.recommend() is None
    run(search, 20, bowl)
    best = search.history.scores[search.history.best]
    assert search.history.scores[search.recommend()] <= best + 1e-4
