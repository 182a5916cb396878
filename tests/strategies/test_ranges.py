"""The rules by which one column's range breathes."""

import math
from itertools import pairwise

import pytest
from example_spaces import float_ranges, integer_ranges, steps
from hypothesis import given
from hypothesis import strategies as st

from tfhpo.space import FloatRange, Levels, Parameter, Steps
from tfhpo.strategies.ranges import (
    Interval,
    Subset,
    finer_than,
    range_from_config,
    whole,
)

FREE = Parameter("free", FloatRange(0.0, 1.0))
UNIT = st.floats(0, 1)


@st.composite
def intervals(draw):
    return Interval(*sorted((draw(UNIT), draw(UNIT))))


def ordered(draw_from=(float_ranges, steps, integer_ranges)):
    return st.one_of(*(make() for make in draw_from)).map(lambda domain: Parameter("p", domain))


def snapped(parameter, u):
    """The place of the parameter's value nearest to u."""
    return parameter.domain.to_unit(parameter.domain.from_unit(u))


# ---------------------------------------------------------------------- intervals


@given(ordered(), st.integers(2, 9))
def test_whole_lattice_holds_both_ends(parameter, levels):
    places = whole(parameter).places(parameter, levels)
    ends = {parameter.domain.from_unit(0.0), parameter.domain.from_unit(1.0)}
    assert ends <= {parameter.domain.from_unit(u) for u in places}
    assert places == sorted(set(places))
    if parameter.size is None or parameter.size > levels:
        assert len(places) <= levels
    else:
        assert len(places) == parameter.size


@given(intervals(), st.integers(2, 9))
def test_lattice_of_an_interval_is_even_and_holds_both_ends(interval, levels):
    places = interval.places(FREE, levels)
    assert (places[0], places[-1]) == (interval.low, interval.high)
    cell = (interval.high - interval.low) / (levels - 1)
    assert all(math.isclose(b - a, cell, rel_tol=1e-6, abs_tol=1e-12) for a, b in pairwise(places))


@given(ordered(), intervals(), st.floats(0, 1, exclude_max=True))
def test_draws_are_values_inside(parameter, interval, p):
    u = interval.draw(parameter, p)
    low, high = snapped(parameter, interval.low), snapped(parameter, interval.high)
    assert low - 1e-9 <= u <= high + 1e-9
    assert math.isclose(u, snapped(parameter, u), abs_tol=1e-9)


def test_pull_shrinks_to_the_span_and_a_cell():
    pulled = Interval(0.0, 0.8).pulled(FREE, 0.4, 0.5, levels=5, pull=1.0)
    assert (pulled.low, pulled.high) == pytest.approx((0.2, 0.7))


def test_half_the_pull_goes_half_the_way():
    pulled = Interval(0.0, 0.8).pulled(FREE, 0.4, 0.5, levels=5, pull=0.5)
    assert (pulled.low, pulled.high) == pytest.approx((0.1, 0.75))


def test_best_on_an_edge_stretches_the_range_past_it():
    pulled = Interval(0.2, 0.6).pulled(FREE, 0.4, 0.6, levels=5, pull=1.0)
    assert (pulled.low, pulled.high) == pytest.approx((0.3, 0.7))


@pytest.mark.parametrize("edge", [0.0, 1.0])
def test_range_never_stretches_past_the_domain(edge):
    pulled = Interval().pulled(FREE, edge, edge, levels=5, pull=1.0)
    assert (pulled.low, pulled.high) == pytest.approx((max(0, edge - 0.25), min(1, edge + 0.25)))


@given(ordered(), intervals(), UNIT, UNIT, st.integers(2, 9), st.floats(0.01, 1))
def test_pulled_range_holds_both_points_inside_the_domain(parameter, interval, c, r, levels, pull):
    c, r = snapped(parameter, c), snapped(parameter, r)
    pulled = interval.pulled(parameter, c, r, levels, pull)
    assert 0 <= pulled.low <= min(c, r) <= max(c, r) <= pulled.high <= 1


@given(st.integers(2, 30), st.data())
def test_finite_range_always_reaches_the_neighbours(size, data):
    parameter = Parameter("p", Steps(1, size))
    index = data.draw(st.integers(0, size - 1))
    u = parameter.domain.unit_of_index(index)
    pulled = Interval(u, u).pulled(parameter, u, u, levels=4, pull=1.0)
    reached = {parameter.domain.index_of_unit(place) for place in pulled.places(parameter, 4)}
    assert {max(index - 1, 0), index, min(index + 1, size - 1)} <= reached


# ---------------------------------------------------------------------- sets of choices


def test_set_drops_the_quarter_whose_best_trial_is_worst():
    merits = {0: 5.0, 1: 9.0, 2: 1.0, 3: 8.0}
    shrunk = Subset(tuple(range(8))).shrunk(merits, kept=2, pull=1.0)
    assert shrunk.indices == (0, 2, 4, 5, 6, 7)


def test_set_drops_less_at_a_weaker_pull():
    merits = dict.fromkeys(range(8), 1.0) | {3: 8.0}
    assert Subset(tuple(range(8))).shrunk(merits, kept=0, pull=0.5).indices == (0, 1, 2, 4, 5, 6, 7)
    assert len(Subset(tuple(range(8))).shrunk(merits, kept=0, pull=0.1).indices) == 8


@given(st.integers(1, 12), st.floats(0.01, 1), st.data())
def test_set_keeps_the_incumbents_choice_the_untried_and_two(size, pull, data):
    chosen = Subset(tuple(range(size)))
    tried = data.draw(st.sets(st.sampled_from(chosen.indices)))
    merits = {index: float(index) for index in tried}
    kept = data.draw(st.sampled_from(chosen.indices))
    for _ in range(20):
        chosen = chosen.shrunk(merits, kept, pull)
    assert {kept, *(set(range(size)) - tried)} <= set(chosen.indices)
    assert len(chosen.indices) >= min(size, 2)


def test_set_regrows_by_the_new_choice_and_the_best_outside():
    merits = {0: 1.0, 1: 4.0, 2: 3.0, 3: 2.0, 4: 9.0}
    assert Subset((0, 1)).regrown(merits, size=5, joining=4).indices == (0, 1, 3, 4)


def test_set_regrows_by_an_untried_choice_first():
    assert Subset((0, 1)).regrown({0: 1.0, 1: 2.0, 2: 0.0}, size=4, joining=1).indices == (0, 1, 3)


def test_whole_set_does_not_grow():
    assert Subset((0, 1)).regrown({}, size=2, joining=0).indices == (0, 1)


# ---------------------------------------------------------------------- both


def test_finer_than_asks_every_column():
    parameters = [FREE, Parameter("width", Steps(1, 9)), Parameter("kind", Levels(("a", "b", "c")))]
    narrow = [Interval(0.5, 0.5005), Interval(0.25, 0.5), Subset((0, 2))]
    assert finer_than(narrow, parameters, 1e-3)
    assert not finer_than(narrow, parameters, 1e-4)
    assert not finer_than([narrow[0], Interval(0.0, 0.5), narrow[2]], parameters, 1e-3)
    assert not finer_than([*narrow[:2], Subset((0, 1, 2))], parameters, 1e-3)


def test_finite_spaces_are_never_finer():
    assert not finer_than([Interval(0.5, 0.5)], [Parameter("width", Steps(1, 9))], 0.5)


@pytest.mark.parametrize("one", [Interval(0.1, 0.7), Subset((0, 3))])
def test_config_round_trip(one):
    assert range_from_config(one.config()) == one
