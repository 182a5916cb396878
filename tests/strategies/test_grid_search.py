import itertools

import numpy as np
import pytest
from example_spaces import flat, nested, when

from tfhpo.errors import ArgumentError
from tfhpo.space import FloatRange, Levels, Parameter, Space, Steps
from tfhpo.strategies import GridSearch, Result


def grid(space, **options):
    return GridSearch(space, np.random.default_rng(0), **options)


def walked(search):
    """The values of all that a grid still suggests."""
    suggestions = search.suggest(1000)
    return [search.space.decode(suggestion.point.x) for suggestion in suggestions]


def test_the_last_parameter_is_the_fastest():
    walk = [tuple(values.values()) for values in walked(grid(flat()))]
    assert walk == list(itertools.product("ab", [1, 2, 3, 4], [0.0, 0.5, 1.0]))


def test_an_inactive_parameter_does_not_multiply_the_grid():
    walk = walked(grid(nested()))
    assert len(walk) == 14
    assert walk.count({"model": "linear"}) == 1


def test_a_continuous_parameter_has_its_levels_on_its_own_scale_with_both_ends():
    space = Space([Parameter("rate", FloatRange(1e-4, 1e-1, "log"))])
    rates = [values["rate"] for values in walked(grid(space, levels=4))]
    assert rates == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1], rel=1e-12)
    assert (rates[0], rates[-1]) == (1e-4, 1e-1)
    assert len(walked(grid(space))) == 10


def test_a_stepped_parameter_keeps_its_last_value():
    space = Space([Parameter("rate", Steps(0.0, 1.0, 0.2))])
    assert [values["rate"] for values in walked(grid(space))] == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]


def test_a_branch_that_a_build_does_not_read_is_left_at_once():
    search = grid(flat())
    (first,) = search.suggest()
    search.observe([Result(first.key, flat().encode({"kind": "a"}), 1.0)])
    assert {values["kind"] for values in walked(search)} == {"b"}


def test_the_walk_starts_again_over_a_larger_grid():
    search = grid(flat())
    known = search.suggest(24)
    for suggestion in known:
        search.observe([Result(suggestion.key, suggestion.point, 1.0)])
    assert search.suggest() == []
    deep = Parameter("deep", Levels((False, True)))
    depth = Parameter("depth", FloatRange(0.0, 1.0), (when("deep", True),))
    search.extend(flat().extended([deep, depth]))
    # Nothing that the known trials did not read makes them different.
    assert search.suggest() == []
    assert search.finished


def test_a_million_values_do_not_slow_the_first_step():
    space = Space([Parameter("seed", Steps(0, 10**12)), Parameter("n", Steps(1, 2))])
    assert [space.decode(s.point.x)["seed"] for s in grid(space).suggest(4)] == [0, 0, 1, 1]


@pytest.mark.parametrize("levels", [1, 0, -3])
def test_a_grid_of_less_than_two_levels_is_refused(levels):
    with pytest.raises(ArgumentError, match=f"levels={levels}"):
        grid(flat(), levels=levels)
