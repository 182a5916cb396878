import json

import pytest
import scipy.stats
from example_spaces import when

from tfhpo.errors import SpaceError
from tfhpo.space import FloatRange, Levels, Parameter, Prior, Steps
from tfhpo.space.parameters import parameter_from_config


def test_conditions_exclude_one_another_where_no_value_is_shared():
    assert when("a", 1, 2).excludes(when("a", 3))
    assert not when("a", 1, 2).excludes(when("a", 2, 3))
    assert not when("a", 1).excludes(when("b", 2))


def test_a_default_outside_the_domain_is_refused():
    with pytest.raises(SpaceError, match=r"'rate'.*Received: 2\.0"):
        Parameter("rate", FloatRange(0.0, 1.0), default=2.0)


def test_a_list_restricts_the_values_and_keeps_a_default_that_is_left():
    parameter = Parameter("width", Steps(1, 9), (when("a", 1),), default=5)
    restricted = parameter.restricted([7, 5])
    assert restricted.domain == Levels((5, 7), ordered=True)
    assert (restricted.default, restricted.conditions) == (5, parameter.conditions)
    assert parameter.restricted([7]).default is None


def test_a_list_of_words_stays_unordered():
    restricted = Parameter("name", Levels(("a", "b", "c"))).restricted(["c", "a"])
    assert restricted.domain == Levels(("c", "a"))


@pytest.mark.parametrize("ordered", [True, False])
def test_a_list_of_numbers_is_ordered_where_they_were(ordered):
    parameter = Parameter("width", Levels((1, 2, 4, 8), ordered=ordered))
    assert parameter.restricted([8, 2]).domain == Levels((8, 2), ordered=ordered)


def test_a_list_for_a_range_holds_numbers():
    with pytest.raises(SpaceError, match="Received: True"):
        Parameter("width", Steps(1, 9)).restricted([True, 5])


@pytest.mark.parametrize("values", [[10], [5, 5], []])
def test_a_list_that_does_not_fit_is_refused(values):
    with pytest.raises(SpaceError, match="Received"):
        Parameter("width", Steps(1, 9)).restricted(values)


def test_the_configuration_survives_json():
    parameter = Parameter(
        "rate",
        FloatRange(0.0, 1.0),
        (when("a", True), when("b", 1, "x")),
        default=0.25,
        prior=Prior(scipy.stats.norm(0.5, 0.1)),
    )
    config = json.loads(json.dumps(parameter.config()))
    again = parameter_from_config(config)
    assert again == parameter
    assert again.config() == config
    assert again.draw(0.3) == parameter.draw(0.3)
