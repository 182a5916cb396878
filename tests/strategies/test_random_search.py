import numpy as np
import scipy.stats
from example_spaces import nested, when

from tfhpo.space import FloatRange, Levels, Parameter, Prior, Space, Steps
from tfhpo.strategies import RandomSearch, Result


def drawn(space, n, seed=0):
    suggestions = RandomSearch(space, np.random.default_rng(seed)).suggest(n)
    return [space.decode(suggestion.point.x) for suggestion in suggestions]


def test_numbers_are_uniform_on_their_own_scale():
    space = Space([Parameter("rate", FloatRange(1e-4, 1.0, "log"))])
    exponents = [np.log10(values["rate"]) for values in drawn(space, 400)]
    assert scipy.stats.kstest(exponents, "uniform", (-4, 4)).pvalue > 0.01


def test_numbers_follow_their_prior():
    prior = Prior(scipy.stats.norm(0.5, 0.1))
    space = Space([Parameter("rate", FloatRange(0.0, 1.0), prior=prior)])
    rates = [values["rate"] for values in drawn(space, 400)]
    assert scipy.stats.kstest(rates, "norm", (0.5, 0.1)).pvalue > 0.01


def test_each_choice_gets_its_share_and_a_condition_only_its_parents():
    space = Space(
        [
            Parameter("kind", Levels(("a", "b", "c"))),
            Parameter("rate", FloatRange(0.0, 1.0)),
            Parameter("depth", Steps(1, 4), (when("kind", "c"),)),
        ]
    )
    values = drawn(space, 600)
    kinds = [one["kind"] for one in values]
    assert scipy.stats.chisquare([kinds.count(kind) for kind in "abc"]).pvalue > 0.01
    depths = [one["depth"] for one in values if one["kind"] == "c"]
    assert scipy.stats.chisquare([depths.count(depth) for depth in range(1, 5)]).pvalue > 0.01


def test_a_small_space_is_covered_in_a_different_order_by_every_seed():
    orders = {tuple(str(values) for values in drawn(nested(), 20, seed)) for seed in range(5)}
    assert len(orders) == 5
    assert {frozenset(order) for order in orders} == {frozenset(orders.pop())}
    assert all(len(order) == 14 for order in orders)


def test_a_large_space_that_the_trials_hardly_read_is_exhausted_at_once():
    # A hundred thousand million configurations by declaration, two by what the build reads.
    space = Space([Parameter(f"p{i}", Levels(tuple(range(10)))) for i in range(11)])
    space = Space([Parameter("kind", Levels(("a", "b"))), *space.parameters])
    search = RandomSearch(space, np.random.default_rng(0))
    for _ in range(2):
        (suggestion,) = search.suggest()
        kind = space.decode(suggestion.point.x)["kind"]
        search.observe([Result(suggestion.key, space.encode({"kind": kind}), 1.0)])
    assert search.suggest() == []
    assert search.finished


def test_results_do_not_change_what_is_drawn():
    space = Space([Parameter("rate", FloatRange(0.0, 1.0))])
    search = RandomSearch(space, np.random.default_rng(0))
    rates = []
    for number in range(10):
        (suggestion,) = search.suggest()
        rates.append(suggestion.point.x[0])
        search.observe([Result(suggestion.key, suggestion.point, float(number % 3))])
    assert rates == [values["rate"] for values in drawn(space, 10)]
