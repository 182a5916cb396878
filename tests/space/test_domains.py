import json
import math
from collections import Counter

import pytest
from example_spaces import domains, finite_domains, integer_ranges, levels, steps
from hypothesis import given
from hypothesis import strategies as st

from tfhpo.errors import SpaceError
from tfhpo.space import FloatRange, IntegerRange, Kind, Levels, Steps
from tfhpo.space.domains import domain_from_config, domain_to_config

units = st.floats(0, 1)


def values_of(domain):
    return [domain.from_unit(domain.unit_of_index(index)) for index in range(domain.size)]


def close(a, b):
    if isinstance(a, (str, bool)):
        return a == b
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)


# ---------------------------------------------------------------------- every domain


@given(domains(), units)
def test_values_and_places_undo_one_another(domain, u):
    value = domain.from_unit(u)
    assert value in domain
    place = domain.to_unit(value)
    assert 0 <= place <= 1
    again = domain.from_unit(place)
    assert close(again, value) if domain.size is None else again == value


@given(domains(), st.floats(-3, 4))
def test_a_place_outside_counts_as_the_end(domain, u):
    assert domain.from_unit(u) == domain.from_unit(min(max(u, 0.0), 1.0))


@given(domains(), st.floats(0, 1, exclude_max=True))
def test_a_draw_is_the_place_of_a_value(domain, p):
    place = domain.draw(p)
    assert 0 <= place <= 1
    assert close(domain.to_unit(domain.from_unit(place)), place)


@given(domains(), st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_draws_are_ordered_like_their_probabilities(domain, p, q):
    assert domain.draw(min(p, q)) <= domain.draw(max(p, q))


@given(domains())
def test_the_configuration_survives_json(domain):
    config = json.loads(json.dumps(domain_to_config(domain)))
    again = domain_from_config(config)
    assert again == domain
    assert again.kind is domain.kind


@given(domains(), units, units)
def test_ordered_values_ascend_with_their_places(domain, u, v):
    if domain.kind is not Kind.CATEGORICAL:
        assert domain.from_unit(min(u, v)) <= domain.from_unit(max(u, v))


# ---------------------------------------------------------------------- finite domains


@given(st.one_of(steps(), integer_ranges(), levels()))
def test_a_finite_domain_reaches_each_value_by_one_index(domain):
    values = values_of(domain)
    places = [domain.unit_of_index(index) for index in range(domain.size)]
    assert len(set(values)) == domain.size == len(set(places))
    assert [domain.index_of_unit(place) for place in places] == list(range(domain.size))
    assert [domain.to_unit(value) for value in values] == places
    assert places == sorted(places)
    assert places[0] == 0
    assert places[-1] == (1 if domain.size > 1 else 0)


@given(st.one_of(steps(), levels()))
def test_evenly_spaced_values_get_equal_shares_of_the_draws(domain):
    each = 8
    count = domain.size * each
    drawn = Counter(domain.from_unit(domain.draw((i + 0.5) / count)) for i in range(count))
    assert drawn == dict.fromkeys(values_of(domain), each)


@pytest.mark.parametrize("scale", ["log", "reverse_log"])
def test_log_integers_get_their_share_of_the_log_scale(scale):
    domain, count = IntegerRange(2, 9, scale), 40_000
    drawn = Counter(domain.from_unit(domain.draw((i + 0.5) / count)) for i in range(count))
    for value in range(2, 10):
        mirrored = value if scale == "log" else 11 - value
        share = math.log((mirrored + 1) / mirrored) / math.log(10 / 2)
        assert abs(drawn[value] / count - share) < 2 / count


@given(finite_domains(), units)
def test_the_nearest_value_of_a_value_is_itself(domain, u):
    if domain.kind is not Kind.CATEGORICAL:
        value = domain.from_unit(u)
        assert domain.nearest(value) == domain.to_unit(value)


# ---------------------------------------------------------------------- steps


@pytest.mark.parametrize(
    ("domain", "values"),
    [
        (Steps(0.0, 1.0, 0.2), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (Steps(0, 1, 0.2), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (Steps(0.1, 0.3, 0.05), [0.1, 0.15, 0.2, 0.25, 0.3]),
        (Steps(-0.3, 0.3, 0.1), [-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3]),
        (Steps(0.0, 1.0, 0.3), [0.0, 0.3, 0.6, 0.9]),
        (Steps(1, 10, 4), [1, 5, 9]),
        (Steps(32, 128, 32), [32, 64, 96, 128]),
        (Steps(1, 1024, 2, "log"), [2**i for i in range(11)]),
        (Steps(3, 100, 3, "log"), [3, 9, 27, 81]),
        (Steps(1e-4, 1e-1, 10, "log"), [1e-4, 1e-3, 1e-2, 1e-1]),
        (Steps(1, 8, 2, "reverse_log"), [1, 5, 7, 8]),
        (Steps(1, 9, 2, "reverse_log"), [2, 6, 8, 9]),
    ],
)
def test_steps_are_exact_and_keep_both_ends_where_the_step_divides(domain, values):
    assert values_of(domain) == values
    assert all(type(value) is type(values[0]) for value in values_of(domain))


@given(st.floats(-1e3, 1e3), st.floats(0.01, 10), st.integers(0, 200))
def test_float_steps_end_exactly_at_both_ends(low, step, last):
    high = low + last * step
    values = values_of(Steps(low, high, step))
    assert len(values) == last + 1
    assert (values[0], values[-1]) == (low, high)


@pytest.mark.parametrize(
    ("domain", "told"),
    [
        (FloatRange(0.0, 1.0), "a number from 0.0 to 1.0"),
        (FloatRange(1e-4, 0.1, "log"), "a number from 0.0001 to 0.1 on a log scale"),
        (Steps(4, 32), "an integer from 4 to 32"),
        (Steps(4, 32, 4), "an integer from 4 to 32 in steps of 4"),
        (Steps(0.0, 1.0, 1), "a number from 0.0 to 1.0 in steps of 1"),
        (Steps(4, 32, 2, "log"), "an integer from 4 to 32 in factors of 2"),
        (
            Steps(4, 32, 2, "reverse_log"),
            "an integer from 4 to 32 in factors of 2 on a reverse log scale",
        ),
        (IntegerRange(1, 9), "an integer from 1 to 9 on a log scale"),
        (Levels(("a", 1, False)), "one of ['a', 1, False]"),
        (Levels((2, 1), ordered=True), "one of [1, 2], in order"),
    ],
)
def test_a_domain_is_told_in_words(domain, told):
    assert str(domain) == told


def test_stepped_integers_are_integers_and_stepped_floats_ordinal():
    assert Steps(1, 9, 2).kind is Kind.INTEGER
    assert Steps(1.0, 9.0, 2.0).kind is Kind.ORDINAL
    assert all(isinstance(value, int) for value in values_of(Steps(1, 27, 3, "log")))


@pytest.mark.parametrize("value", [0.1, 0.19999, 1.2, -0.2, math.nan, math.inf, "0.2", True])
def test_a_value_between_or_beyond_the_steps_is_refused(value):
    with pytest.raises(SpaceError, match="Received"):
        Steps(0.0, 1.0, 0.2).to_unit(value)


# ---------------------------------------------------------------------- scales


@pytest.mark.parametrize("scale", ["log", "reverse_log"])
def test_log_integers_are_ordered_and_do_not_repeat(scale):
    domain = IntegerRange(1, 100, scale)
    assert values_of(domain) == list(range(1, 101))
    walk = [domain.from_unit(i / 10_000) for i in range(10_001)]
    assert list(dict.fromkeys(walk)) == list(range(1, 101))


def test_a_log_scale_halves_the_ratio_and_a_reverse_one_mirrors_it():
    log, reverse = FloatRange(1e-4, 1.0, "log"), FloatRange(1e-4, 1.0, "reverse_log")
    assert log.from_unit(0.5) == pytest.approx(1e-2)
    # KerasTuner: max + min - min * (max / min) ** (1 - p).
    assert reverse.from_unit(0.5) == pytest.approx(1.0 + 1e-4 - 1e-2)
    for u in (0.0, 0.1, 0.5, 0.9, 1.0):
        assert reverse.from_unit(u) == pytest.approx(1.0 + 1e-4 - log.from_unit(1 - u))


def test_both_ends_of_a_float_range_are_values():
    for scale in ("linear", "log", "reverse_log"):
        domain = FloatRange(0.003, 0.7, scale)
        assert (domain.from_unit(0), domain.from_unit(1)) == (0.003, 0.7)
        assert (domain.to_unit(0.003), domain.to_unit(0.7)) == pytest.approx((0, 1))


@pytest.mark.parametrize(
    "make",
    [
        lambda: FloatRange(1.0, 0.0),
        lambda: FloatRange(0.0, math.inf),
        lambda: FloatRange(math.nan, 1.0),
        lambda: FloatRange(0.0, 1.0, "log"),
        lambda: FloatRange(1.0, 2.0, "square"),
        lambda: IntegerRange(0, 9, "log"),
        lambda: Steps(0, 9, 0),
        lambda: Steps(0, 9, -1),
        lambda: Steps(1, 9, 1, "log"),
        lambda: Steps(0, 9, math.nan),
        lambda: Levels(()),
        lambda: Levels(("a", "a")),
        lambda: Levels((1.0, math.nan)),
        lambda: Levels(("a", "b"), ordered=True),
    ],
)
def test_a_domain_that_makes_no_sense_is_refused(make):
    with pytest.raises(SpaceError, match="Received"):
        make()


# ---------------------------------------------------------------------- levels


def test_ordered_levels_are_sorted_and_others_keep_their_order():
    assert Levels((256, 64, 128), ordered=True).values == (64, 128, 256)
    assert Levels((256, 64, 128)).values == (256, 64, 128)


def test_a_boolean_is_not_a_number():
    assert True not in Levels((0, 1))
    assert 1 not in Levels((False, True))
    assert Levels((0, 1)).to_unit(1) == 1.0


def test_only_ordered_numbers_have_a_nearest_value():
    assert Levels((1, 10, 100), ordered=True).nearest(30) == 0.5
    with pytest.raises(SpaceError, match="ordered"):
        Levels(("a", "b")).nearest(1)


def test_an_infinite_domain_has_no_indices():
    with pytest.raises(SpaceError, match="finite"):
        FloatRange(0.0, 1.0).unit_of_index(0)
    with pytest.raises(SpaceError, match="finite"):
        FloatRange(0.0, 1.0).index_of_unit(0.5)
    assert FloatRange(2.0, 2.0).index_of_unit(0.5) == 0


def test_an_unknown_description_is_refused():
    with pytest.raises(SpaceError, match="'square'"):
        domain_from_config({"type": "square"})
