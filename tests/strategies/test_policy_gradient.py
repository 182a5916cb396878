"""The learned policy: its gradient, what moves it, and where it begins."""

import math

import numpy as np
import pytest
import scipy.stats

from tfhpo.errors import ArgumentError
from tfhpo.space import Condition, FloatRange, IntegerRange, Levels, Parameter, Prior, Space, Steps
from tfhpo.strategies import PolicyGradient, RandomSearch, Result
from tfhpo.strategies.policy_gradient import _entropy_slope, _softmax

SPACE = Space(
    [
        Parameter("kind", Levels(("a", "b", "c"))),
        Parameter("rate", FloatRange(1e-4, 1e-1, "log")),
        Parameter("units", IntegerRange(1, 1000)),
        Parameter("layers", Steps(1, 4)),
        Parameter("extra", FloatRange(0.0, 1.0), (Condition("kind", ("b",)),)),
    ]
)


def make(space=SPACE, seed=0, **options):
    return PolicyGradient(space, np.random.default_rng(seed), **options)


def tell(search, values, score):
    point = search.space.encode(values)
    search.observe([Result(search.hold(point), point, score)])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"learning_rate": 0.0}, "learning_rate=0.0"),
        ({"learning_rate": math.inf}, "learning_rate=inf"),
        ({"entropy_bonus": -0.1}, "entropy_bonus=-0.1"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"levels": 1}, "levels=1"),
    ],
)
def test_arguments(options, told):
    with pytest.raises(ArgumentError, match=told):
        make(**options)


def test_cells_are_values_or_equal_parts():
    assert [len(theta) for theta in make(levels=6)._logits] == [3, 6, 6, 4, 6]
    # The first integers of a logarithmic range are too far apart to share their cells evenly.
    for theta in make()._logits:
        assert _softmax(theta) == pytest.approx(np.full(len(theta), 1 / len(theta)), abs=0.04)


def test_it_begins_at_the_distribution():
    prior = Prior(scipy.stats.norm(0.75, 0.05))
    search = make(Space([Parameter("x", FloatRange(0.0, 1.0), prior=prior)]), levels=4)
    # Half of it lies in each of the upper two quarters.
    assert _softmax(search._logits[0]) == pytest.approx([0, 0, 0.5, 0.5], abs=0.01)


def test_the_slope_of_the_entropy():
    theta = np.random.default_rng(0).normal(size=5)

    def entropy(theta):
        pi = _softmax(theta)
        return -float(pi @ np.log(pi))

    told = [(entropy(theta + s) - entropy(theta - s)) / 2e-6 for s in 1e-6 * np.eye(5)]
    assert _entropy_slope(_softmax(theta)) == pytest.approx(np.array(told), abs=1e-8)


def test_a_good_result_is_made_likelier_and_a_bad_one_rarer():
    search = make(batch_size=1, entropy_bonus=0.0)
    values = {"kind": "a", "rate": 1e-3, "units": 10, "layers": 2}
    for score in (5.0, 4.0, 6.0):
        tell(search, values, score)
    before = [theta.copy() for theta in search._logits]
    tell(search, {**values, "kind": "b", "layers": 4, "extra": 0.5}, 1.0)
    assert search._logits[0][1] > before[0][1]
    assert np.all(search._logits[0][[0, 2]] < before[0][[0, 2]])
    before = [theta.copy() for theta in search._logits]
    tell(search, {**values, "kind": "c"}, math.nan)
    assert search._logits[0][2] < before[0][2]
    # The trial did not use this column.
    assert np.array_equal(search._logits[4], before[4])


def test_results_are_learnt_from_in_batches():
    search = make(batch_size=3)
    before = [theta.copy() for theta in search._logits]
    for turn, score in enumerate((1.0, 2.0, 3.0)):
        unchanged = all(map(np.array_equal, search._logits, before))
        assert unchanged, turn
        tell(search, {"kind": "abc"[turn], "rate": 1e-3, "units": 9, "layers": 2}, score)
    assert not all(map(np.array_equal, search._logits, before))


def test_entropy_flattens_a_policy_that_nothing_supports():
    search = make(batch_size=1, entropy_bonus=0.5)
    search._logits[0] = np.array([3.0, 0.0, 0.0])
    for _ in range(30):
        # Equal scores have equal rewards.
        tell(search, {"kind": "a", "rate": 1e-3, "units": 9, "layers": 2}, 1.0)
    assert np.ptp(search._logits[0]) < 1.5


def test_it_learns_which_choices_are_good():
    space = Space([Parameter(f"c{i}", Levels(tuple("abcdef"))) for i in range(6)])
    weights = np.random.default_rng(1).random((6, 6))

    def score(x):
        return float(weights[np.arange(6), np.rint(5 * x).astype(int)].sum())

    best = {}
    for strategy in (PolicyGradient, RandomSearch):
        found = []
        for seed in range(3):
            search = strategy(space, np.random.default_rng(seed))
            for _ in range(200):
                ((key, point),) = search.suggest()
                search.observe([Result(key, point, score(point.x))])
            found.append(search.history.scores.min())
        best[strategy] = np.mean(found) - weights.min(axis=1).sum()
    assert best[PolicyGradient] < 0.3 * best[RandomSearch]
