"""Which of many candidates looks best."""

import math

import numpy as np
import pytest

from tfhpo.space import Point
from tfhpo.strategies import History
from tfhpo.strategies.promise import NEIGHBOURS, distances, order

ALL = np.ones(2, dtype=bool)
NUMBERS = np.zeros(2, dtype=bool)


def history(scored, pending=()):
    known = History(2)
    for x, score in scored:
        point = Point(np.array(x), ALL)
        known.resolve(known.add(point), point, score)
    for x in pending:
        known.add(Point(np.array(x), ALL))
    return known


def first(candidates, known, weight):
    x = np.array(candidates)
    return int(order(x, np.ones(x.shape, dtype=bool), known, NUMBERS, weight)[0])


def test_distance_of_numbers_choices_and_activity():
    x, active = np.array([[0.2, 0.0]]), np.array([[True, True]])
    others = np.array([[0.5, 0.0], [0.2, 1.0], [0.2, 0.0]])
    masks = np.array([[True, True], [True, True], [True, False]])
    categorical = np.array([False, True])
    assert distances(x, active, others, masks, categorical)[0] == pytest.approx([0.3, 0.5, 0.5])


def test_estimate_prefers_good_company():
    known = history([([0.1, 0.5], 1.0), ([0.9, 0.5], 9.0), ([0.5, 0.0], 5.0)])
    assert first([[0.8, 0.5], [0.2, 0.5], [0.5, 0.1]], known, weight=1.0) == 1


def test_distance_prefers_untried_ground():
    known = history([([0.1, 0.5], 1.0), ([0.9, 0.5], 9.0)])
    assert first([[0.2, 0.5], [0.8, 0.5], [0.5, 0.5]], known, weight=0.0) == 2


def test_pending_points_keep_candidates_away():
    known = history([([0.1, 0.5], 1.0), ([0.9, 0.5], 9.0)], pending=[[0.5, 0.5]])
    assert first([[0.5, 0.55], [0.7, 0.5]], known, weight=0.0) == 1


def test_failures_are_bad_company():
    known = history([([0.1, 0.5], 1.0), ([0.9, 0.5], math.nan), ([0.5, 0.9], 2.0)])
    assert first([[0.9, 0.6], [0.5, 0.8]], known, weight=1.0) == 1


def test_an_outlier_weighs_no_more_than_any_worst_point():
    x, masks = np.array([[0.3, 0.5], [0.6, 0.2], [0.8, 0.9]]), np.ones((3, 2), dtype=bool)
    good = [([0.1, 0.5], 1.0), ([0.5, 0.5], 3.0)]
    plain, wild = (history([*good, ([0.9, 0.5], worst)]) for worst in (9.0, 1e30))
    assert list(order(x, masks, plain, NUMBERS, 1.0)) == list(order(x, masks, wild, NUMBERS, 1.0))


def test_only_the_nearest_to_the_incumbent_are_looked_at():
    rng = np.random.default_rng(0)
    near = [([0.1 + 0.1 * a, 0.1 + 0.1 * b], a + b) for a, b in rng.random((NEIGHBOURS, 2))]
    near.insert(0, ([0.15, 0.15], -1.0))
    far = [([0.9, 0.9], -0.5)]
    x = np.array([[0.9, 0.89], [0.11, 0.11]])
    active = np.ones(x.shape, dtype=bool)
    alone = order(x, active, history(near[:NEIGHBOURS]), NUMBERS, 1.0)
    assert list(order(x, active, history(near[:NEIGHBOURS] + far), NUMBERS, 1.0)) == list(alone)


def test_equal_scores_and_a_single_point_are_no_trouble():
    assert first([[0.2, 0.2], [0.4, 0.4]], history([([0.1, 0.1], 2.0)]), weight=0.5) == 1
    same = history([([0.1, 0.1], 2.0), ([0.3, 0.3], 2.0)])
    assert first([[0.2, 0.2], [0.9, 0.9]], same, weight=0.0) == 1
