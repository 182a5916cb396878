"""How far the users' distributions are believed: fully at first, less where results deny them."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from tfhpo.space import Condition, FloatRange, Levels, Parameter, Point, Prior, PriorDensity, Space
from tfhpo.strategies import History
from tfhpo.strategies.prior_weight import PRIOR_WEIGHT, Belief

UNIT = FloatRange(0.0, 1.0)
CENTRE = 0.3
PLACES = st.floats(0.0, 1.0)
SCORES = st.one_of(st.integers(-3, 3).map(float), st.floats(-1e6, 1e6), st.just(math.nan))
TRIALS = st.lists(st.tuples(PLACES, PLACES, SCORES), max_size=12)


def expecting(d=2):
    prior = Prior(scipy.stats.norm(CENTRE, 0.1))
    return Space([Parameter(f"x{i}", UNIT, prior=prior) for i in range(d)])


ALL = np.ones((1, 2), dtype=bool)
BELIEF = Belief(expecting(), PRIOR_WEIGHT)


def told(trials, pending=()):
    """A history of places and their score; NaN is a failure."""
    history = History(2)
    everywhere = np.ones(2, dtype=bool)
    for *x, score in trials:
        point = Point(np.array(x), everywhere)
        history.resolve(history.add(point), point, score)
    for x in pending:
        history.add(Point(np.array(x), everywhere))
    return history


def trust(trials):
    return BELIEF.trust(told(trials))


def density(*x):
    """The density that the distributions put at a place, against an even spread."""
    return math.exp(PriorDensity(expecting()).value(np.array([x]), ALL)[0])


def scored(trials):
    return [trial for trial in trials if not math.isnan(trial[-1])]


# ---------------------------------------------------------------- without evidence


def test_it_is_full_before_anything_is_known():
    assert BELIEF.trust(told([])) == 1.0
    assert BELIEF.trust(told([], pending=[(0.9, 0.9)])) == 1.0


@given(st.lists(st.tuples(PLACES, PLACES, st.just(math.nan)), max_size=6))
def test_failures_alone_tell_nothing_of_where_the_best_is(failed):
    assert trust(failed) == 1.0


@given(TRIALS, st.lists(st.tuples(PLACES, PLACES), max_size=3))
def test_pending_points_tell_nothing(trials, pending):
    assert BELIEF.trust(told(trials, pending)) == trust(trials)


def test_it_stays_full_while_the_best_is_where_it_was_expected():
    assert trust([(0.3, 0.3, 0.0), (0.9, 0.9, 5.0), (0.7, 0.1, 3.0)]) == 1.0


# ---------------------------------------------------------------- with evidence


@given(TRIALS)
def test_it_is_a_share(trials):
    assert 0.0 <= trust(trials) <= 1.0


def test_it_is_the_likelihood_ratio_of_the_best():
    course = [trust([(0.3, 0.3, 1.0), (x, 0.3, 0.0)]) for x in (0.4, 0.6, 0.7)]
    ratios = [min(1.0, density(x, 0.3)) for x in (0.4, 0.6, 0.7)]
    assert ratios[2] < ratios[1] < ratios[0] == 1.0
    assert course == pytest.approx(ratios)


@given(TRIALS)
def test_a_new_best_point_decides_alone(trials):
    """So contradicting evidence never raises it, and evidence in favour never lowers it."""
    top = min((score for *_, score in scored(trials)), default=0.0) - 1.0
    assert trust([*trials, (1.0, 1.0, top)]) == pytest.approx(density(1.0, 1.0))
    assert density(1.0, 1.0) <= trust(trials) + 1e-12
    assert trust([*trials, (CENTRE, CENTRE, top)]) == 1.0


@given(st.integers(0, 2**32 - 1), st.integers(2, 12))
def test_it_falls_as_ever_better_points_lie_ever_further_away(seed, count):
    rng = np.random.default_rng(seed)
    away = CENTRE + (1.0 - CENTRE) * np.sort(rng.random(count))
    trials = [(x, x, -float(turn)) for turn, x in enumerate(away)]
    course = [trust(trials[:turn]) for turn in range(count + 1)]
    assert all(later <= before for before, later in itertools.pairwise(course))


def test_it_comes_back_with_the_results():
    expected, elsewhere = (CENTRE, CENTRE, 1.0), (0.8, 0.9, 0.5)
    assert trust([expected]) == 1.0
    assert trust([expected, elsewhere]) < 1e-2
    assert trust([expected, elsewhere, (CENTRE, 0.35, 0.0)]) == 1.0


@given(TRIALS, st.tuples(PLACES, PLACES))
def test_points_that_are_not_the_best_change_nothing(trials, x):
    if scored(trials):
        assert trust([*trials, (*x, 1e7)]) == trust(trials)
    assert trust([*trials, (*x, math.nan)]) == trust(trials)


# ---------------------------------------------------------------- ties, order and scale


def test_equal_scores_count_alike():
    same = [(CENTRE, CENTRE, 1.0)] * 6 + [(0.9, 0.9, 1.0)] * 2
    assert trust(same) == trust(same[::-1]) == pytest.approx(0.75, abs=1e-2)


@given(TRIALS, st.randoms(use_true_random=False))
def test_the_order_of_the_trials_does_not_matter(trials, random):
    shuffled = random.sample(trials, len(trials))
    assert trust(shuffled) == pytest.approx(trust(trials))


@given(st.lists(st.tuples(PLACES, PLACES, st.integers(-50, 50).map(float)), max_size=12))
def test_only_the_order_of_the_scores_matters(trials):
    assert trust([(x, y, math.expm1(score / 9)) for x, y, score in trials]) == trust(trials)


@given(TRIALS)
def test_a_restored_history_is_judged_alike(trials):
    history, again = told(trials), History(2)
    for key in range(len(history)):
        again.restore(history.entry(key))
    assert BELIEF.trust(again) == BELIEF.trust(history)


# ---------------------------------------------------------------- the weight


@pytest.mark.parametrize("weight", [0.0, 1.0, 7.5])
def test_what_is_weighted_fades_with_the_results_and_with_the_trust(weight):
    belief, log = Belief(expecting(), weight), math.log(density(0.6, 0.4))
    for known in ([(0.5, 0.6, 1.0)], [(0.5, 0.6, 1.0), (0.3, 0.3, 2.0), (0.3, 0.3, math.nan)]):
        history = told(known)
        expected = weight * belief.trust(history) / len(known) * log
        assert belief.now(history).value(np.array([[0.6, 0.4]]), ALL) == pytest.approx(expected)


@pytest.mark.parametrize("pending", [0, 1, 2])
def test_every_second_point_is_in_doubt_and_nothing_known_divides_by_nothing(pending):
    history = told([], pending=[(0.5, 0.5)] * pending)
    factor = BELIEF.now(history).value(np.array([[0.6, 0.4]]), ALL)
    assert BELIEF.doubted(history) == (pending != 1)
    share = 0.0 if BELIEF.doubted(history) else PRIOR_WEIGHT
    assert factor == pytest.approx(share * math.log(density(0.6, 0.4)))


def test_a_column_that_the_best_did_not_use_is_no_evidence():
    prior = Prior(scipy.stats.norm(CENTRE, 0.1))
    space = Space(
        [
            Parameter("kind", Levels(("x", "y"))),
            Parameter("a", UNIT, (Condition("kind", ("x",)),), prior=prior),
            Parameter("b", UNIT, (Condition("kind", ("y",)),), prior=prior),
        ]
    )
    belief, history = Belief(space, PRIOR_WEIGHT), History(3)
    for place, kind in ((0.9, 1.0), (CENTRE, 0.0)):
        point = space.point(np.array([kind, place, CENTRE]))
        history.resolve(history.add(point), point, kind)
    # The one point under "x" is where it was expected, and what lies in its own place under "y" is
    # nothing that was tried.
    assert belief.trust(history) == 1.0


def test_without_distributions_there_is_nothing_to_believe():
    plain = Space([Parameter("a", UNIT), Parameter("b", UNIT)])
    belief = Belief(plain, PRIOR_WEIGHT)
    assert not belief
    assert not belief.doubted(told([]))
    assert BELIEF
    assert belief.trust(told([(0.9, 0.9, 1.0)])) == 1.0
