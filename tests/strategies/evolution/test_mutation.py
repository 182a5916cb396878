"""How a child mutates: in genes that it uses, and as far as the population is wide."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfhpo.errors import ArgumentError
from tfhpo.space import Point
from tfhpo.strategies.evolution import (
    AdaptiveMutation,
    Genes,
    ResamplingMutation,
    SingleMutation,
)

GENES = Genes(np.array([False, False, True, True]), np.array([0, 5, 3, 2]))
X = np.array([0.5, 0.5, 0.5, 0.0])
EVERY = np.ones(4, dtype=bool)


def population(width):
    rng = np.random.default_rng(0)
    x = 0.5 + width * rng.standard_normal((40, 4))
    return Point(x, np.ones_like(x, dtype=bool))


def mutants(mutation, *, active=EVERY, width=0.1, count=3_000):
    rng = np.random.default_rng(0)
    of = population(width)
    return np.array([mutation.mutate(X, active, of, GENES, rng) for _ in range(count)])


@given(
    st.sampled_from([AdaptiveMutation, ResamplingMutation]),
    st.none() | st.floats(0.01, 1.0),
    st.lists(st.booleans(), min_size=4, max_size=4).filter(any),
    st.integers(0, 999),
)
def test_a_gene_that_is_used_changes_and_no_other(kind, rate, active, seed):
    active, rng = np.array(active), np.random.default_rng(seed)
    found = kind(rate).mutate(X, active, population(0.1), GENES, rng)
    assert np.any(found != X)
    assert np.all(found[~active] == X[~active])


@pytest.mark.parametrize("mutation", [AdaptiveMutation(), ResamplingMutation(), SingleMutation()])
def test_a_choice_becomes_another_choice(mutation):
    found = mutants(mutation)
    assert set(found[:, 2]) == {0.0, 0.5, 1.0}
    assert set(found[:, 3]) == {0.0, 1.0}
    moved = found[found[:, 2] != 0.5][:, 2]
    assert np.mean(moved == 0.0) == pytest.approx(0.5, abs=0.06)


def test_steps_are_as_long_as_the_population_is_wide():
    for scale, width in ((1.0, 0.2), (1.0, 0.05), (0.5, 0.2)):
        steps = mutants(AdaptiveMutation(1.0, scale), width=width)[:, 0] - 0.5
        spread = population(width).x[:, 0].std()
        assert steps.std() == pytest.approx(scale * spread, rel=0.1)


def test_a_step_of_a_finite_column_reaches_the_next_value():
    found = mutants(AdaptiveMutation(1.0), width=1e-6)
    assert np.all(abs(found[:, 1] - 0.5) >= 0.25)
    # That of an infinite one never vanishes.
    assert (found[:, 0] - 0.5).std() == pytest.approx(0.01, rel=0.1)


def test_steps_are_mirrored_at_the_ends():
    found = mutants(AdaptiveMutation(1.0, 5.0), width=0.3)
    assert found[:, 0].min() >= 0.0
    assert found[:, 0].max() <= 1.0
    assert np.histogram(found[:, 0], 4, (0.0, 1.0))[0].min() > 500


def test_the_rate_is_that_of_each_gene():
    changed = np.mean(mutants(AdaptiveMutation(0.3)) != X, axis=0)
    # One of the four mutates anyhow.
    assert changed == pytest.approx(np.full(4, 1 - 0.7 * 0.75), abs=0.04)


@given(st.lists(st.booleans(), min_size=4, max_size=4), st.integers(0, 999))
def test_a_single_gene_changes_and_only_a_used_one(active, seed):
    active, rng = np.array(active), np.random.default_rng(seed)
    found = SingleMutation().mutate(X, active, population(0.1), GENES, rng)
    assert np.count_nonzero(found != X) == any(active)
    assert np.all(found[~active] == X[~active])


def test_steps_are_short_and_long_whatever_the_population():
    steps = mutants(SingleMutation((0.01, 0.1)), width=1e-6)[:, 0] - 0.5
    steps = steps[steps != 0]
    # Of normal steps, half are within 0.67 deviations.
    assert np.mean(abs(steps) < 0.0067) == pytest.approx(0.25 + 0.5 * 0.053, abs=0.05)
    assert np.mean(abs(steps) > 0.067) == pytest.approx(0.25, abs=0.05)


def test_a_step_past_an_end_stops_there():
    found = mutants(SingleMutation((10.0,)))[:, 0]
    assert np.mean(found == 0.0) == pytest.approx(0.125, abs=0.03)
    assert np.mean(found == 1.0) == pytest.approx(0.125, abs=0.03)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: AdaptiveMutation(0.0), "rate=0.0"),
        (lambda: ResamplingMutation(1.5), "rate=1.5"),
        (lambda: AdaptiveMutation(scale=0.0), "scale=0.0"),
        (lambda: SingleMutation(()), r"widths=\(\)"),
        (lambda: SingleMutation((0.1, 0.0)), r"widths=\(0.1, 0.0\)"),
    ],
)
def test_arguments(make, told):
    with pytest.raises(ArgumentError, match=told):
        make()
