"""KerasTuner oracles: any strategy drives any of KerasTuner's tuners."""

from tfhpo.oracles.named import ElasticGridOracle, GridOracle, RandomOracle
from tfhpo.oracles.strategy_oracle import StrategyOracle

__all__ = ["ElasticGridOracle", "GridOracle", "RandomOracle", "StrategyOracle"]
