import math

import pytest
from tensorboard.plugins.hparams import api_pb2

from tfhpo.errors import ArgumentError
from tfhpo.space import Condition, FloatRange, IntegerRange, Levels, Parameter, Space, Steps
from tfhpo.tensorboard.columns import LONGEST_LIST, Columns

KIND = Parameter("kind", Levels(("a", "b", "c")))


def under(kind):
    return (Condition("kind", (kind,)),)


def infos(*parameters):
    return {info.name: info for info in Columns(Space(parameters)).infos()}


def interval(info):
    return info.domain_interval.min_value, info.domain_interval.max_value


@pytest.mark.parametrize(
    "domain",
    [
        FloatRange(0.5, 2.0),
        Steps(0.5, 2.0, 1e-3),
        Levels((2.0, *(0.5 + index / 100 for index in range(LONGEST_LIST)))),
    ],
)
def test_many_numbers_are_an_interval(domain):
    info = infos(Parameter("x", domain))["x"]
    assert info.type == api_pb2.DATA_TYPE_FLOAT64
    assert interval(info) == (0.5, 2.0)
    assert not info.HasField("domain_discrete")


def test_a_reversed_scale_still_has_its_smallest_end_first():
    assert interval(infos(Parameter("x", IntegerRange(1, 1000, "reverse_log")))["x"]) == (1, 1000)


@pytest.mark.parametrize(
    ("domain", "data_type", "values"),
    [
        (Steps(1, LONGEST_LIST), api_pb2.DATA_TYPE_FLOAT64, list(range(1, LONGEST_LIST + 1))),
        (Steps(0.0, 0.5, 0.25), api_pb2.DATA_TYPE_FLOAT64, [0, 0.25, 0.5]),
        (Levels((64, 16)), api_pb2.DATA_TYPE_FLOAT64, [16, 64]),
        (FloatRange(3.0, 3.0), api_pb2.DATA_TYPE_FLOAT64, [3]),
        (Levels((True, False)), api_pb2.DATA_TYPE_BOOL, [False, True]),
        (Levels(("relu", "gelu")), api_pb2.DATA_TYPE_STRING, ["gelu", "relu"]),
    ],
)
def test_few_values_are_listed_in_order(domain, data_type, values):
    info = infos(Parameter("x", domain))["x"]
    assert info.type == data_type
    assert list(info.domain_discrete) == values


def test_texts_are_listed_however_many():
    names = tuple(f"text{index:02d}" for index in range(3 * LONGEST_LIST))
    assert list(infos(Parameter("x", Levels(names)))["x"].domain_discrete) == list(names)


def test_parameters_of_one_name_share_a_column_with_the_values_of_all():
    columns = infos(
        KIND,
        Parameter("units", Levels((8, 16), ordered=True), under("a")),
        Parameter("units", Levels((16, 64), ordered=True), under("b")),
        Parameter("rate", FloatRange(0.1, 0.2), under("a")),
        Parameter("rate", Levels((0.5, 0.9), ordered=True), under("b")),
    )
    assert list(columns) == ["kind", "units", "rate"]
    assert list(columns["units"].domain_discrete) == [8, 16, 64]
    assert interval(columns["rate"]) == (0.1, 0.9)


def test_a_column_has_one_type_and_another_type_a_column_of_its_own():
    space = [
        KIND,
        Parameter("size", Levels((1, 2), ordered=True), under("a")),
        Parameter("size", Levels(("small", "large")), under("b")),
        Parameter("size", Levels((False, True)), under("c")),
    ]
    columns = infos(*space)
    assert list(columns) == ["kind", "size", "size (text)", "size (flag)"]
    assert list(columns["size"].domain_discrete) == [1, 2]
    assert list(columns["size (flag)"].domain_discrete) == [False, True]
    cells = Columns(Space(space)).cells
    assert cells({"kind": "a", "size": 1}) == {"kind": "a", "size": 1}
    assert cells({"kind": "b", "size": "small"}) == {"kind": "b", "size (text)": "small"}
    assert cells({"kind": "c", "size": True}) == {"kind": "c", "size (flag)": True}


def test_columns_that_are_always_filled_come_first():
    columns = infos(
        KIND,
        Parameter("depth", Steps(1, 3), under("a")),
        Parameter("width", Steps(1, 3)),
        Parameter("fixed", Levels((7,))),
    )
    assert {name for name, info in columns.items() if info.differs} == {"kind", "width"}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_have_no_cell(value):
    assert Columns(Space()).cells({"x": value, "y": 1.0}) == {"y": 1.0}


def test_a_number_of_a_list_loses_its_rounding():
    columns = Columns(Space([Parameter("x", Steps(0.0, 0.5, 0.1)), Parameter("y", Steps(1, 9))]))
    assert columns.cells({"x": 3 * 0.1, "y": 4}) == {"x": 0.3, "y": 4}


def test_a_value_outside_the_space_is_shown_as_it_is():
    columns = Columns(Space([Parameter("x", Steps(1, 3))]))
    assert columns.cells({"x": 7, "new": "text"}) == {"x": 7, "new": "text"}


def test_a_value_of_another_kind_is_refused():
    with pytest.raises(ArgumentError, match=r"bool, an int, a float or a str.*\(1, 2\) \(tuple\)"):
        Columns(Space()).cells({"x": (1, 2)})
