"""The points before a model: where they begin, that they fill the space, and when they end."""

import numpy as np
import pytest
import scipy.stats

from tfhpo.errors import ArgumentError
from tfhpo.space import FloatRange, Levels, Parameter, Point, Prior, Space
from tfhpo.strategies import History
from tfhpo.strategies.initial import InitialDesign

UNIT = FloatRange(0.0, 1.0)


@pytest.mark.parametrize("size", [0, -1, 2.5, "3"])
def test_the_size_is_a_whole_number(size):
    with pytest.raises(ArgumentError, match=rf"num_initial_points={size!r}"):
        InitialDesign(size, 0)


def test_it_begins_at_the_default_or_the_median_or_the_middle():
    prior = Prior(scipy.stats.norm(0.8, 0.05))
    space = Space(
        [
            Parameter("told", UNIT, default=0.3, prior=prior),
            Parameter("expected", UNIT, prior=prior),
            Parameter("free", UNIT),
            Parameter("choice", Levels(("a", "b", "c"))),
        ]
    )
    assert InitialDesign(5, 0).point(space, 0).x == pytest.approx([0.3, 0.8, 0.5, 0.5], abs=1e-4)


def test_the_others_fill_the_space_evenly_and_differ_by_the_seed():
    space = Space([Parameter(f"x{i}", UNIT) for i in range(3)])
    points = np.array([InitialDesign(9, 4).point(space, number).x for number in range(1, 65)])
    # A Sobol sequence has four of sixty-four in each sixteenth of a column; one was left out.
    for column in points.T:
        assert np.bincount((16 * column).astype(int), minlength=16).max() <= 5
    other = InitialDesign(9, 5).point(space, 1).x
    assert not np.allclose(points[0], other)
    assert np.array_equal(points[0], InitialDesign(9, 4).point(space, 1).x)


def test_in_doubt_a_point_is_spread_as_if_there_were_no_distributions():
    prior = Prior(scipy.stats.norm(0.8, 0.05))
    space = Space([Parameter("a", UNIT, prior=prior), Parameter("b", Levels(("x", "y", "z")))])
    plain = Space([Parameter("a", UNIT), Parameter("b", Levels(("x", "y", "z")))])
    design = InitialDesign(9, 4)
    for number in range(1, 9):
        told, doubted = (design.point(space, number, doubted=one).x for one in (False, True))
        assert np.array_equal(doubted, design.point(plain, number).x)
        assert abs(told[0] - 0.8) < 0.2
    # The first is where the distributions have it in any case.
    assert design.point(space, 0, doubted=True).x[0] == pytest.approx(0.8, abs=1e-4)


def test_the_defaults_come_first_whatever_else_was_queued():
    space = Space([Parameter("a", UNIT, default=0.3), Parameter("b", UNIT)])
    design, history = InitialDesign(5, 0), History(2)
    queued = space.point(np.array([0.9, 0.9]))
    history.resolve(history.add(queued), queued, 1.0)
    assert np.array_equal(design.next(space, history).x, design.point(space, 0).x)
    history.add(design.next(space, history))
    assert np.array_equal(design.next(space, history).x, design.point(space, 2).x)


def test_it_is_over_when_there_are_enough_and_two_have_scores():
    design, history = InitialDesign(3, 0), History(1)
    for score in (1.0, np.nan, np.nan):
        assert design.due(history)
        point = Point(np.array([0.5]), np.array([True]))
        history.resolve(history.add(point), point, score)
    assert design.due(history)
    history.resolve(history.add(point), point, 2.0)
    assert not design.due(history)


def test_where_former_studies_gave_points_no_more_are_needed():
    history = History(1)
    for score in (1.0, 2.0, 3.0):
        assert InitialDesign(5, 0).due(history, 3)
        point = Point(np.array([0.5]), np.array([True]))
        history.resolve(history.add(point), point, score)
    assert not InitialDesign(5, 0).due(history, 3)
    assert InitialDesign(5, 0).due(history)
    assert not InitialDesign(2, 0).due(history, 4)
