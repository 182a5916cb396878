"""Runs every check of the conformance suite over every strategy.

A new strategy joins by one line in `CONTENDERS`; a test fails until it has.
"""

import inspect

import pytest
from conformance import CHECKS, Contender

import tfhpo.strategies
from tfhpo.space import Levels, Parameter
from tfhpo.strategies import (
    ASHA,
    TPE,
    BayesianOptimization,
    ElasticGrid,
    GeneticAlgorithm,
    GridSearch,
    Hyperband,
    PolicyGradient,
    RandomSearch,
    Stage,
    Staged,
    Strategy,
    SuccessiveHalving,
)

EPOCHS = Parameter("epochs", Levels((1, 3, 9), ordered=True))
# Names of the suite's spaces; the last stage takes the rest. The search meets every kind of stage
# change early, and goes on with all parameters together.
STAGES = [
    Stage(["rate", "optimizer", "kind", "model", "p1"], trials=4, strategy="tpe"),
    Stage(["batch", "beta", "width", "units", "p0", "p3"], trials=3, strategy="random"),
    Stage([], trials=5, strategy="genetic", options={"population_size": 4}),
]

CONTENDERS = {
    "random": Contender(RandomSearch),
    "grid": Contender(GridSearch, random=False),
    "elastic-grid": Contender(ElasticGrid),
    "bayesian": Contender(BayesianOptimization),
    "tpe": Contender(TPE),
    "genetic": Contender(GeneticAlgorithm),
    "policy-gradient": Contender(PolicyGradient),
    "successive-halving": Contender(SuccessiveHalving, fidelity=EPOCHS),
    "hyperband": Contender(Hyperband, fidelity=EPOCHS),
    "asha": Contender(ASHA, fidelity=EPOCHS),
    "staged": Contender(Staged, options={"stages": STAGES}),
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("contender", CONTENDERS.values(), ids=CONTENDERS.keys())
def test_strategy(contender, check):
    check(contender)


def test_every_strategy_is_a_contender():
    public = [getattr(tfhpo.strategies, name) for name in tfhpo.strategies.__all__]
    classes = {
        item for item in public
        if inspect.isclass(item) and issubclass(item, Strategy) and not inspect.isabstract(item)
    }  # fmt: skip
    assert {contender.make for contender in CONTENDERS.values()} == classes
    assert {cls.name for cls in classes} == set(CONTENDERS)
