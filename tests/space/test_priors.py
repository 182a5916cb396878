import json
import math
from collections import Counter

import pytest
import scipy.stats

from tfhpo.errors import SpaceError
from tfhpo.space import FloatRange, IntegerRange, Levels, Parameter, Prior, Steps
from tfhpo.space.priors import prior_from_config

RATE = FloatRange(1e-4, 1e-1, "log")
PROBABILITIES = [0.0, 0.01, 0.2, 0.5, 0.77, 0.999]


def quantile(distribution, domain, p):
    """The value of the p-quantile, as a strategy would draw it."""
    parameter = Parameter("name", domain, prior=Prior(distribution))
    return domain.from_unit(parameter.draw(p))


@pytest.mark.parametrize("p", PROBABILITIES)
@pytest.mark.parametrize(
    ("distribution", "domain"),
    [
        (scipy.stats.loguniform(1e-4, 1e-1), RATE),
        (scipy.stats.reciprocal(1e-4, 1e-1), FloatRange(1e-4, 1e-1)),
        (scipy.stats.uniform(1e-4, 0.05), RATE),
        (scipy.stats.beta(2, 5, loc=1, scale=2), FloatRange(1.0, 3.0, "reverse_log")),
        (scipy.stats.truncnorm(-2, 2, loc=0, scale=1), FloatRange(-2.0, 2.0)),
    ],
)
def test_a_bounded_distribution_is_drawn_through_its_own_quantiles(distribution, domain, p):
    assert quantile(distribution, domain, p) == pytest.approx(distribution.ppf(p), rel=1e-9)


def test_a_prior_bends_the_draws_whatever_the_domains_scale():
    assert Parameter("a", RATE).draw(0.5) == 0.5
    prior = Prior(scipy.stats.uniform(1e-4, 0.1 - 1e-4))
    assert Parameter("a", RATE, prior=prior).draw(0.5) == pytest.approx(RATE.to_unit(0.05005))


@pytest.mark.parametrize("p", PROBABILITIES)
def test_an_unbounded_tail_is_cut_at_the_range(p):
    normal, domain = scipy.stats.norm(0, 1), FloatRange(-2.6, 2.6)
    inside = normal.cdf(2.6) - normal.cdf(-2.6)
    cut = normal.cdf(quantile(normal, domain, p))
    assert (cut - normal.cdf(-2.6)) / inside == pytest.approx(p, abs=1e-9)


def test_at_most_a_tenth_of_an_unbounded_tail_may_be_lost():
    share = scipy.stats.norm.ppf(0.95)
    Prior(scipy.stats.norm()).check(FloatRange(-share - 0.001, share + 0.001))
    with pytest.raises(SpaceError, match="10%"):
        Prior(scipy.stats.norm()).check(FloatRange(-share + 0.001, share - 0.001))


@pytest.mark.parametrize(
    ("distribution", "domain", "values"),
    [
        (scipy.stats.randint(1, 9), Steps(1, 8), range(1, 9)),
        (scipy.stats.randint(1, 9), IntegerRange(1, 8), range(1, 9)),
        (scipy.stats.randint(2, 5), Steps(1, 8), range(2, 5)),
        (scipy.stats.randint(0, 4), Levels((0, 1, 2, 3), ordered=True), range(4)),
    ],
)
def test_a_discrete_uniform_gives_each_value_its_share(distribution, domain, values):
    count = 60 * len(values)
    drawn = Counter(quantile(distribution, domain, (i + 0.5) / count) for i in range(count))
    assert drawn == dict.fromkeys(values, 60)


def test_a_discrete_distribution_weighs_the_values():
    binomial, domain = scipy.stats.binom(4, 0.3), Steps(0, 4)
    count = 2_000
    drawn = Counter(quantile(binomial, domain, (i + 0.5) / count) for i in range(count))
    for value in range(5):
        assert drawn[value] / count == pytest.approx(binomial.pmf(value), abs=1e-3)


@pytest.mark.parametrize(
    ("distribution", "domain"),
    [
        (scipy.stats.uniform(0, 1.2), FloatRange(0.0, 1.0)),
        (scipy.stats.uniform(-0.1, 1), FloatRange(0.0, 1.0)),
        (scipy.stats.loguniform(1e-5, 1e-1), RATE),
        (scipy.stats.randint(0, 9), Steps(1, 8)),
        (scipy.stats.randint(1, 10), IntegerRange(1, 8)),
        (scipy.stats.expon(), FloatRange(0.0, 2.0)),
        (scipy.stats.norm(9, 1), FloatRange(0.0, 1.0)),
    ],
)
def test_a_distribution_that_leaves_the_range_is_refused(distribution, domain):
    with pytest.raises(SpaceError, match=r"Parameter 'rate': .*range.*Received"):
        Parameter("rate", domain, prior=Prior(distribution))


def test_the_range_is_the_declared_one_even_if_the_last_step_falls_short():
    prior = Prior(scipy.stats.uniform(0, 1))
    domain = Steps(0.0, 1.0, 0.3)
    parameter = Parameter("rate", domain, prior=prior)
    assert {domain.from_unit(parameter.draw(i / 50)) for i in range(50)} == {0.0, 0.3, 0.6, 0.9}


@pytest.mark.parametrize(
    "domain", [Levels(("a", "b")), Levels((False, True)), Levels((1, 3, 2)), Levels(("a",))]
)
def test_only_ordered_numbers_take_a_distribution(domain):
    with pytest.raises(SpaceError, match="ordered numbers"):
        Parameter("choice", domain, prior=Prior(scipy.stats.uniform(1, 1)))


class Ramp(scipy.stats.rv_continuous):
    """A distribution that scipy.stats does not know."""

    def _pdf(self, x):
        return 2 * x


@pytest.mark.parametrize(
    "candidate", [scipy.stats.uniform, 0.5, [1, 2], None, Ramp(a=0, b=1, name="ramp")()]
)
def test_anything_but_a_frozen_scipy_distribution_is_refused(candidate):
    with pytest.raises(SpaceError, match=r"scipy\.stats"):
        Prior(candidate)


@pytest.mark.parametrize(
    "distribution",
    [
        scipy.stats.loguniform(1e-4, 1e-1),
        scipy.stats.norm(loc=0.5, scale=0.125),
        scipy.stats.randint(1, 9),
        scipy.stats.beta(2, 5.5, scale=3),
    ],
)
def test_the_configuration_survives_json(distribution):
    again = prior_from_config(json.loads(json.dumps(Prior(distribution).config())))
    for p in PROBABILITIES:
        assert again.distribution.ppf(p) == distribution.ppf(p)


@pytest.mark.parametrize("name", ["no_such_thing", "kstest", "rv_continuous"])
def test_a_name_that_is_no_distribution_is_refused_and_not_called(name):
    with pytest.raises(SpaceError, match=name):
        prior_from_config({"name": name, "args": [], "kwds": {}})


def test_a_prior_reads_like_its_declaration():
    assert str(Prior(scipy.stats.norm(0.5, scale=2))) == "norm(0.5, scale=2)"
    assert not math.isnan(quantile(scipy.stats.norm(0.5, 0.1), FloatRange(0.0, 1.0), 0.0))
