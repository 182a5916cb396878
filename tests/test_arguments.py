"""What several rooms ask of an argument, and how they refuse one."""

import math

import numpy as np
import pytest

from tfhpo import arguments
from tfhpo.errors import ArgumentError

NO_INTEGERS = [None, True, np.True_, "3", 2.5, math.nan, math.inf, 3j, np.array(3), [3]]
NO_NUMBERS = [None, True, np.True_, "0.5", math.nan, math.inf, -math.inf, 1j, np.array(0.5)]


@pytest.mark.parametrize("value", [1, 7, np.int64(7), np.uint8(1)])
def test_an_integer_becomes_a_plain_one(value):
    found = arguments.integer("count", value, 1, 7)
    assert type(found) is int
    assert found == value


@pytest.mark.parametrize("value", [*NO_INTEGERS, 0, -1])
def test_an_integer_is_refused_with_its_rule(value):
    with pytest.raises(ArgumentError) as caught:
        arguments.integer("count", value, 1)
    assert (
        str(caught.value) == f"`count` must be an integer of at least 1. Received: count={value!r}."
    )


def test_an_integer_has_a_largest_value_and_says_what_else_it_may_be():
    with pytest.raises(ArgumentError, match=r"an integer from 1 to 3, or 'all'. Received: keep=4"):
        arguments.integer("keep", 4, 1, 3, also=", or 'all'")


@pytest.mark.parametrize("value", [3.0, np.float32(3)])
def test_a_whole_float_is_told_what_to_do(value):
    with pytest.raises(ArgumentError, match=r"Wrap it in int\(\)"):
        arguments.integer("count", value, 1)


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (arguments.finite, [-3, 0.0], []),
        (arguments.positive, [1, 1e-300], [0, -1]),
        (arguments.not_negative, [0, 2.5], [-1e-9]),
        (arguments.at_least_one, [1, 2.5], [0.99]),
        (arguments.fraction, [0, 1, 0.5], [-0.1, 1.1]),
        (arguments.fraction_below_one, [0, 0.99], [1, -0.1]),
        (arguments.fraction_above_zero, [1, 0.01], [0, 1.1]),
    ],
)
def test_a_number_keeps_its_rule(rule, good, bad):
    for value in good:
        assert type(rule("rate", value)) is float
        assert rule("rate", value) == value
    for value in [*bad, *NO_NUMBERS]:
        with pytest.raises(ArgumentError, match=r"^`rate` must be a .*Received: rate="):
            rule("rate", value)


def test_a_rule_may_be_worded_anew():
    with pytest.raises(ArgumentError, match=r"must be a schedule or a rate. Received: rate=0"):
        arguments.positive.worded("a schedule or a rate")("rate", 0)


@pytest.mark.parametrize("value", [True, np.False_])
def test_a_flag_becomes_a_plain_one(value):
    assert arguments.flag("shuffle", value) is bool(value)


@pytest.mark.parametrize("value", [0, 1, None, "yes"])
def test_a_flag_is_true_or_false(value):
    with pytest.raises(ArgumentError, match=r"`shuffle` must be True or False. Received: shuffle="):
        arguments.flag("shuffle", value)


@pytest.mark.parametrize(
    ("value", "ending"),
    [("cosin", "Did you mean 'cosine'?"), ("xyz", "Received: kind='xyz'."), (3, "kind=3.")],
)
def test_a_choice_names_what_there_is_and_the_nearest(value, ending):
    assert arguments.choice("kind", "linear", ["cosine", "linear"]) == "linear"
    with pytest.raises(
        ArgumentError, match=r"`kind` must be one of \['cosine', 'linear'\]"
    ) as told:
        arguments.choice("kind", value, ["cosine", "linear"])
    assert str(told.value).endswith(ending)


def test_what_stands_for_no_name_is_near_to_none():
    assert arguments.did_you_mean(None, ["units", "rate"]) == ""
    assert arguments.did_you_mean("unit", {"units": 1, "rate": 2}) == " Did you mean 'units'?"
