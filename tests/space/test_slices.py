"""A slice holds some columns and leaves the others, without a point lost or added."""

import numpy as np
import pytest
from example_spaces import cnn, finite_spaces, nested, spaces, when
from hypothesis import given
from hypothesis import strategies as st

from tfhpo.errors import SpaceError
from tfhpo.space import FloatRange, Levels, Parameter, Point, Slice, Space, Steps


def columns(space, *names):
    return [column for column, name in enumerate(space.names) if name in names]


def held_at(space, **values):
    """A slice with parameters without conditions held at values."""
    found = {}
    for name, value in values.items():
        (column,) = columns(space, name)
        found[column] = space.parameters[column].domain.to_unit(value)
    return Slice(space, found)


@st.composite
def slices(draw, made=None):
    """Slices of made-up spaces; what counts together is held together."""
    space = draw(spaces() if made is None else made)
    base = space.draw(np.array(draw(st.lists(st.floats(0, 0.99), min_size=5, max_size=20)))[
        np.arange(len(space)) % 5
    ])  # fmt: skip
    held = {}
    for column in range(len(space)):
        group = space.together(column)
        if group[0] in held or (group[0] == column and draw(st.booleans())):
            held[column] = held.get(group[0], float(base.x[column]))
    return Slice(space, held)


def row(data, space):
    numbers = st.lists(st.floats(0, 0.99), min_size=len(space), max_size=len(space))
    return np.array(data.draw(numbers))


def text(point):
    return point.x.tolist(), point.active.tolist()


@given(slices(), st.data())
def test_points_of_the_slice_are_points_of_the_whole_and_back(part, data):
    point = part.space.draw(row(data, part.space))
    lifted = part.lifted(point)
    assert part.holds(lifted)
    assert text(part.part(lifted)) == text(point)
    again = part.whole.point(lifted.x)
    assert text(again) == text(lifted)


@given(slices(finite_spaces()))
def test_the_slice_has_the_very_points_that_agree_with_what_is_held(part):
    expected = [text(point) for point in part.whole.lattice(2) if part.holds(point)]
    found = [text(part.lifted(point)) for point in part.space.lattice(2)]
    assert sorted(found) == sorted(expected)


@given(spaces())
def test_nothing_held_is_the_whole_space(space):
    assert Slice(space, {}).space == space


def test_a_place_between_two_values_counts_as_the_nearest():
    part = Slice(cnn(), {0: 0.6})
    point = part.lifted(part.space.default())
    assert point.x[0] == 0.5
    assert part.holds(point)


def test_what_cannot_change_has_no_column():
    part = held_at(cnn(), units=256, optimizer="adam", augment=False)
    # `angle` needs augment=True and `momentum` needs sgd; `beta` counts always.
    assert part.space.names == ["dropout", "rate", "batch", "filters", "beta"]
    assert all(not parameter.conditions for parameter in part.space.parameters)
    point = part.lifted(part.space.default())
    assert part.whole.decode(point.x) == {
        "units": 256, "dropout": 0.1, "rate": 1e-3, "batch": 16, "filters": 4, "augment": False,
        "optimizer": "adam", "beta": 0.8,
    }  # fmt: skip


def test_a_held_column_that_counts_only_sometimes_keeps_a_column_of_one_value():
    space = nested()
    layers, skip = columns(space, "layers"), columns(space, "skip")
    part = Slice(space, {layers[0]: 1.0, skip[0]: 1.0})
    by_name = dict(zip(part.space.names, part.space.parameters, strict=True))
    assert by_name["layers"].domain == Levels((2,), ordered=True)
    assert by_name["skip"].domain == Levels((True,))
    assert {values.get("layers") for values in map(decoded(part), part.space.lattice(2))} == {
        2,
        None,
    }


def decoded(part):
    return lambda point: part.whole.decode(part.lifted(point).x)


def test_points_elsewhere_do_not_belong_unless_they_did_not_read_what_is_held():
    part = held_at(cnn(), units=256, augment=True)
    point = part.lifted(part.space.default())
    assert part.holds(point)
    moved = point.x.copy()
    moved[0] = 0.0
    assert not part.holds(Point(moved, point.active))
    unread = point.active.copy()
    unread[0] = False
    assert part.holds(Point(np.where(unread, moved, 0.0), unread))


def test_many_points_are_taken_apart_at_once():
    part = held_at(cnn(), units=256)
    points = [part.whole.draw(np.full(len(part.whole), p)) for p in (0.1, 0.5, 0.9)]
    x, active = part.part(Point(*map(np.array, zip(*points, strict=True))))
    assert [text(Point(*both)) for both in zip(x, active, strict=True)] == [
        text(part.part(point)) for point in points
    ]


def test_a_slice_without_a_free_column_has_one_point():
    space = Space([Parameter("a", Steps(1, 3)), Parameter("b", FloatRange(0.0, 1.0))])
    part = Slice(space, {0: 0.5, 1: 0.25})
    assert (len(part.space), part.free) == (0, [])
    assert part.lifted(part.space.default()).x.tolist() == [0.5, 0.25]


def shared():
    """`rate` under two parents that may both ask for it, and in a third place that may not."""
    rate = FloatRange(0.0, 1.0)
    first, second = when("a", True), when("b", True)
    return Space(
        [
            Parameter("a", Levels((False, True))),
            Parameter("b", Levels((False, True))),
            Parameter("rate", rate, (first,)),
            Parameter("rate", rate, (second,)),
            Parameter("rate", rate, (when("a", False), when("b", False))),
        ]
    )


def test_columns_of_one_name_that_may_count_together_are_known():
    space = shared()
    assert [space.together(column) for column in range(5)] == [[0], [1], [2, 3], [2, 3], [4]]
    assert [nested().together(column) for column in range(6)] == [[c] for c in range(6)]


def test_columns_that_count_together_are_held_together():
    space = shared()
    with pytest.raises(SpaceError, match=r"\[2, 3\] of the name 'rate'.*Received: 0.5 and None"):
        Slice(space, {2: 0.5})
    part = Slice(space, {2: 0.5, 3: 0.5})
    found = [decoded(part)(part.space.point(np.array(x))) for x in (
        [1.0, 0.0, 0.0, 0.0, 0.25], [1.0, 1.0, 0.0, 0.0, 0.25], [0.0, 0.0, 0.0, 0.0, 0.25]
    )]  # fmt: skip
    assert [values["rate"] for values in found] == [0.5, 0.5, 0.25]
    # With both parents held, the later column says nothing that the earlier one does not say.
    both = Slice(space, {0: 1.0, 1: 1.0})
    assert both.free == [2]
    assert decoded(both)(both.space.point(np.array([0.75])))["rate"] == 0.75


def test_an_unknown_column_is_refused():
    with pytest.raises(SpaceError, match=r"0 \.\.\. 9\. Received: 10"):
        Slice(cnn(), {10: 0.0})
