import json

import numpy as np
import pytest
import scipy.stats
from example_spaces import FINITE, cnn, finite_spaces, flat, nested, single, spaces, when
from hypothesis import given
from hypothesis import strategies as st

from tfhpo.errors import SpaceError
from tfhpo.space import FloatRange, IntegerRange, Levels, Parameter, Prior, Space, Steps


def draw_from(data, space):
    """A point of the space at made-up probabilities."""
    places = st.lists(st.floats(0, 0.999), min_size=len(space), max_size=len(space))
    return space.draw(np.array(data.draw(places)))


def same(left, right):
    return np.allclose(left.x, right.x, atol=1e-9) and np.array_equal(left.active, right.active)


# ---------------------------------------------------------------------- values <-> points


@given(spaces(), st.data())
def test_points_and_values_undo_one_another(space, data):
    point = draw_from(data, space)
    values = space.decode(point.x, point.active)
    assert same(space.encode(values), point)
    assert set(values) == {space.names[column] for column in np.flatnonzero(point.active)}


@given(spaces(), st.data())
def test_a_point_is_bounded_and_masked_by_its_conditions(space, data):
    point = draw_from(data, space)
    assert np.all((point.x >= 0) & (point.x <= 1))
    assert np.all(point.x[~point.active] == 0)
    assert np.array_equal(space.active(point.x), point.active)
    values = space.decode(point.x)
    for parameter, active in zip(space.parameters, point.active, strict=True):
        holds = all(values.get(c.parent) in c.values for c in parameter.conditions)
        assert active == holds
        if active:
            assert values[parameter.name] in parameter.domain


@given(spaces(), st.data())
def test_any_places_snap_to_a_configuration(space, data):
    places = st.lists(st.floats(-0.5, 1.5), min_size=len(space), max_size=len(space))
    point = space.point(np.array(data.draw(places)))
    assert same(space.encode(space.decode(point.x)), point)
    assert same(space.point(point.x), point)


def rows(low, high, space):
    """Up to four rows of made-up numbers, one per column of the space."""
    row = st.lists(st.floats(low, high), min_size=len(space), max_size=len(space))
    return st.lists(row, min_size=1, max_size=4).map(np.array)


@given(spaces(), st.data())
def test_many_points_at_once_are_those_one_by_one(space, data):
    places, p = data.draw(rows(-0.5, 1.5, space)), data.draw(rows(0, 0.999, space))
    pairs = [(space.points(places), map(space.point, places)), (space.draws(p), map(space.draw, p))]
    for at_once, one_by_one in pairs:
        for x, active, point in zip(*at_once, one_by_one, strict=True):
            assert np.array_equal(x, point.x)
            assert np.array_equal(active, point.active)
        assert np.array_equal(space.active(at_once.x), at_once.active)


def test_many_points_of_a_large_range_are_those_one_by_one():
    space = Space([Parameter("n", IntegerRange(1, 200_000)), Parameter("x", FloatRange(0, 1))])
    places = np.random.default_rng(0).random((20, 2))
    for place, x in zip(places, space.points(places).x, strict=True):
        assert np.array_equal(space.point(place).x, x)


@given(spaces(), st.data())
def test_what_the_values_leave_out_was_not_read(space, data):
    point = draw_from(data, space)
    values = space.decode(point.x)
    read = {name: values[name] for name in values if data.draw(st.booleans())}
    again = space.encode(read)
    assert {space.names[column] for column in np.flatnonzero(again.active)} <= set(read)
    assert np.all(again.x[~again.active] == 0)


def test_a_parameter_that_was_not_read_takes_its_children_along():
    values = {"layers": 2, "skip": True, "gain": 3, "units": 8}
    assert not nested().encode(values).active.any()


def test_conditions_nest_three_deep():
    space = nested()
    deepest = {"model": "mlp", "layers": 2, "skip": True, "gain": 3, "units": 16}
    assert space.encode(deepest).active.tolist() == [True, True, True, True, True, False]
    assert space.encode({**deepest, "layers": 1}).active.tolist() == [
        True, True, False, False, True, False,
    ]  # fmt: skip
    assert space.decode(space.encode({"model": "linear"}).x) == {"model": "linear"}


def test_one_name_under_exclusive_conditions_is_two_columns():
    space = nested()
    assert space.names.count("units") == 2
    mlp = space.encode({"model": "mlp", "layers": 1, "units": 16})
    cnn_ = space.encode({"model": "cnn", "units": 2})
    assert mlp.active.tolist()[-2:] == [True, False]
    assert cnn_.active.tolist()[-2:] == [False, True]
    assert space.decode(cnn_.x) == {"model": "cnn", "units": 2}


def test_the_first_of_two_columns_that_hold_carries_the_name():
    width = Steps(1, 3)
    space = Space(
        [
            Parameter("a", Levels(("x", "y", "z"))),
            Parameter("width", width, (when("a", "x", "y"),)),
            Parameter("width", width, (when("a", "y", "z"),)),
        ]
    )
    assert space.encode({"a": "y", "width": 2}).active.tolist() == [True, True, False]
    assert space.encode({"a": "z", "width": 2}).active.tolist() == [True, False, True]
    assert space.size == 9


def test_masks_of_many_points_come_at_once():
    space = nested()
    points = list(space.lattice(2))
    x = np.array([point.x for point in points])
    assert np.array_equal(space.active(x), np.array([point.active for point in points]))
    assert space.active(x[:0]).shape == (0, len(space))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "c"}, r"'kind'.*Received: 'c'"),
        ({"width": 2.5}, r"'width'.*Received: 2\.5"),
        ({"rate": float("nan")}, r"'rate'.*Received: nan"),
        ({"kind": "a", "depth": 3}, r"Received also: \['depth'\]"),
    ],
)
def test_a_value_or_name_that_is_not_of_the_space_is_refused(values, message):
    with pytest.raises(SpaceError, match=message):
        flat().encode(values)


def test_defaults_are_taken_where_given():
    space = Space(
        [
            Parameter("a", Levels(("x", "y")), default="y"),
            Parameter("b", Steps(1, 5), (when("a", "y"),), default=3),
            Parameter("c", FloatRange(0.0, 1.0)),
            Parameter("d", Steps(1, 5), (when("a", "x"),), default=3),
        ]
    )
    assert space.decode(space.default().x) == {"a": "y", "b": 3, "c": 0.0}


def test_uniform_probabilities_draw_from_the_priors():
    prior = Prior(scipy.stats.norm(0.5, 0.1))
    space = Space([Parameter("a", FloatRange(0.0, 1.0), prior=prior), Parameter("b", Steps(1, 4))])
    p = np.random.default_rng(0).random((400, 2))
    drawn = [space.decode(space.draw(row).x) for row in p]
    assert scipy.stats.kstest([values["a"] for values in drawn], "norm", (0.5, 0.1)).pvalue > 0.01
    counts = np.bincount([values["b"] for values in drawn])[1:]
    assert scipy.stats.chisquare(counts).pvalue > 0.01


# ---------------------------------------------------------------------- size and lattice


@given(finite_spaces())
def test_the_lattice_holds_each_configuration_once(space):
    points = list(space.lattice(2))
    assert space.size == len(points)
    decoded = [tuple(sorted(space.decode(point.x).items())) for point in points]
    assert len(set(decoded)) == len(points)
    for point in points:
        assert same(space.point(point.x), point)


@pytest.mark.parametrize(("name", "size"), [("flat", 24), ("nested", 14), ("single", 1)])
def test_sizes_of_known_spaces(name, size):
    assert FINITE[name]().size == size


def test_a_lattice_over_continuous_parameters_has_both_ends_among_its_levels():
    space = Space([Parameter("rate", FloatRange(1e-4, 1e-1, "log")), Parameter("n", Steps(1, 2))])
    values = [space.decode(point.x) for point in space.lattice(4)]
    assert [v["rate"] for v in values[::2]] == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1])
    assert [v["n"] for v in values] == [1, 2] * 4
    assert [point.x[0] for point in space.lattice(1)] == [0.5, 0.5]
    assert space.size is None


def test_a_lattice_needs_a_level():
    with pytest.raises(SpaceError, match="Received: 0"):
        next(cnn().lattice(0))


def test_the_size_of_a_space_is_infinite_only_if_a_reachable_parameter_is():
    rate = FloatRange(0.0, 1.0)
    assert Space([Parameter("a", Steps(1, 3)), Parameter("b", rate, (when("a", 7),))]).size == 3
    assert Space([Parameter("a", Steps(1, 3)), Parameter("b", rate, (when("a", 2),))]).size is None
    assert single().size == 1


def test_the_size_of_many_switches_is_known_at_once():
    switches = [Parameter(f"use_{i}", Levels((False, True))) for i in range(40)]
    sizes = [Parameter(f"size_{i}", Steps(1, 2), (when(f"use_{i}", True),)) for i in range(40)]
    assert Space([*switches, *sizes]).size == 3**40


# ---------------------------------------------------------------------- declarations


def test_a_parameter_declared_twice_with_other_ranges_is_refused():
    with pytest.raises(SpaceError, match=r"once.*'rate'.*to 1\.0.*to 2\.0"):
        Space([Parameter("rate", FloatRange(0.0, 1.0)), Parameter("rate", FloatRange(0.0, 2.0))])


def test_two_ranges_under_conditions_that_can_meet_are_refused():
    model = Parameter("model", Levels(("a", "b", "c")))
    first = Parameter("units", Steps(1, 4), (when("model", "a", "b"),))
    with pytest.raises(SpaceError, match=r"model in \['b', 'c'\]"):
        Space([model, first, Parameter("units", Steps(1, 8), (when("model", "b", "c"),))])
    with pytest.raises(SpaceError, match="always"):
        Space([model, first, Parameter("units", Steps(1, 8))])


def test_two_ranges_under_exclusive_conditions_are_accepted():
    assert nested().names.count("units") == 2


@pytest.mark.parametrize("parent", ["later", "absent"])
def test_a_condition_names_an_earlier_parameter(parent):
    with pytest.raises(SpaceError, match=f"Received: '{parent}'"):
        Space([Parameter("a", Steps(1, 2), (when(parent, 1),)), Parameter("later", Steps(1, 2))])


# ---------------------------------------------------------------------- change and comparison


def test_a_space_grows_at_its_end_and_known_parameters_are_skipped():
    new = Parameter("depth", Steps(1, 3), (when("kind", "b"),))
    grown = flat().extended([flat().parameters[1], new])
    assert grown.parameters == (*flat().parameters, new)
    assert flat().extended(flat().parameters) == flat()


def test_a_known_parameter_cannot_come_back_with_another_range():
    with pytest.raises(SpaceError, match=r"'width'.*to 4 .*to 5 "):
        flat().extended([Parameter("width", Steps(1, 5))])


@given(spaces())
def test_the_configuration_survives_json(space):
    again = Space.from_config(json.loads(json.dumps(space.config())))
    assert again == space
    assert hash(again) == hash(space)
    p = np.linspace(0.1, 0.9, len(space))
    assert np.array_equal(again.draw(p).x, space.draw(p).x)
    assert space.differences(again) == []


def test_differences_are_told_a_line_each():
    prior = Prior(scipy.stats.uniform(0, 1))
    other = Space(
        [
            Parameter("kind", Levels(("a", "b", "c"))),
            Parameter("rate", Steps(0.0, 1.0, 0.5), prior=prior),
            Parameter("depth", Steps(1, 3), (when("kind", "c"),)),
        ]
    )
    assert flat().differences(other) == [
        "depth (kind in ['c']): was absent, is an integer from 1 to 3",
        f"kind: was {Levels(('a', 'b'))}, is {Levels(('a', 'b', 'c'))}",
        "rate: prior was None, is uniform(0, 1)",
        "width: was an integer from 1 to 4, is absent",
    ]


def test_spaces_differ_by_their_priors_too():
    with_prior = Space([Parameter("a", FloatRange(0.0, 1.0), prior=Prior(scipy.stats.uniform()))])
    assert with_prior != Space([Parameter("a", FloatRange(0.0, 1.0))])
    assert repr(flat()) == "Space(kind, width, rate)"
