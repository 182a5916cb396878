"""KerasTuner oracles: any strategy drives any of KerasTuner's tuners."""

from tfhpo.oracles.hyperband import HyperbandOracle
from tfhpo.oracles.named import (
    BayesianOracle,
    ElasticGridOracle,
    GeneticOracle,
    GridOracle,
    PolicyGradientOracle,
    RandomOracle,
    TPEOracle,
)
from tfhpo.oracles.staged import StagedOracle
from tfhpo.oracles.strategy_oracle import StrategyOracle

__all__ = [
    "BayesianOracle",
    "ElasticGridOracle",
    "GeneticOracle",
    "GridOracle",
    "HyperbandOracle",
    "PolicyGradientOracle",
    "RandomOracle",
    "StagedOracle",
    "StrategyOracle",
    "TPEOracle",
]
