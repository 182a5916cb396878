"""Runs every check of the conformance suite over every strategy.

A new strategy joins by one line in `CONTENDERS`; a test fails until it has.
"""

import inspect

import pytest
from conformance import CHECKS, Contender

import tfhpo.strategies
from tfhpo.strategies import (
    TPE,
    BayesianOptimization,
    ElasticGrid,
    GeneticAlgorithm,
    GridSearch,
    PolicyGradient,
    RandomSearch,
    Strategy,
)

CONTENDERS = {
    "random": Contender(RandomSearch),
    "grid": Contender(GridSearch, random=False),
    "elastic-grid": Contender(ElasticGrid),
    "bayesian": Contender(BayesianOptimization),
    "tpe": Contender(TPE),
    "genetic": Contender(GeneticAlgorithm),
    "policy-gradient": Contender(PolicyGradient),
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("contender", CONTENDERS.values(), ids=CONTENDERS.keys())
def test_strategy(contender, check):
    check(contender)


def test_every_strategy_is_a_contender():
    public = [getattr(tfhpo.strategies, name) for name in tfhpo.strategies.__all__]
    classes = {
        item for item in public
        if inspect.isclass(item) and issubclass(item, Strategy) and item is not Strategy
    }  # fmt: skip
    assert {contender.make for contender in CONTENDERS.values()} == classes
    assert {cls.name for cls in classes} == set(CONTENDERS)
