"""One oracle per strategy: it chooses the strategy and documents its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfhpo.oracles.strategy_oracle import StrategyOracle
from tfhpo.strategies import (
    TPE,
    BayesianOptimization,
    ElasticGrid,
    GeneticAlgorithm,
    GridSearch,
    PolicyGradient,
    RandomSearch,
)


class RandomOracle(StrategyOracle):
    """Random search, through the parameters' distributions where they have one.

    Args:
        objective: A metric's name, a `keras_tuner.Objective`, or a list of these.
        max_trials: How many trials to run at most. Default 10, as in KerasTuner.
        **kwargs: The further arguments of `StrategyOracle`.

    Raises:
        ArgumentError: If an argument breaks its rule.
    """

    def __init__(self, objective: Any = None, max_trials: int | None = 10, **kwargs: Any) -> None:
        super().__init__(RandomSearch, objective, max_trials, **kwargs)


class GridOracle(StrategyOracle):
    """Exhaustive grid search: every combination of values, the last parameter fastest.

    Args:
        objective: A metric's name, a `keras_tuner.Objective`, or a list of these.
        max_trials: How many trials to run at most. Default None: the whole grid.
        levels: Values laid over a continuous parameter, both ends among them. Default 10.
        **kwargs: The further arguments of `StrategyOracle`.

    Raises:
        ArgumentError: If an argument breaks its rule.
    """

    def __init__(
        self,
        objective: Any = None,
        max_trials: int | None = None,
        *,
        levels: int = 10,
        **kwargs: Any,
    ) -> None:
        super().__init__(GridSearch, objective, max_trials, options={"levels": levels}, **kwargs)


class ElasticGridOracle(StrategyOracle):
    """The elastic grid, a grid that breathes; `tfhpo.strategies.ElasticGrid` tells how.

    Args:
        objective: A metric's name, a `keras_tuner.Objective`, or a list of these.
        max_trials: How many trials to run at most. Default 30.
        options: Arguments of `tfhpo.strategies.ElasticGrid` by name, such as `levels` and `alpha`.
        **kwargs: The further arguments of `StrategyOracle`.

    Raises:
        ArgumentError: If an argument breaks its rule.
    """

    def __init__(
        self,
        objective: Any = None,
        max_trials: int | None = 30,
        *,
        options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(ElasticGrid, objective, max_trials, options=options, **kwargs)


class BayesianOracle(StrategyOracle):
    """Bayesian optimisation; `tfhpo.strategies.BayesianOptimization` tells how.

    Args:
        objective: A metric's name, a `keras_tuner.Objective`, or a list of these.
        max_trials: How many trials to run at most. Default 10, as in KerasTuner.
        options: Arguments of `tfhpo.strategies.BayesianOptimization` by name, such as
            `num_initial_points` and `acquisition`.
        **kwargs: The further arguments of `StrategyOracle`.

    Raises:
        ArgumentError: If an argument breaks its rule.
    """

    def __init__(
        self,
        objective: Any = None,
        max_trials: int | None = 10,
        *,
        options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(BayesianOptimization, objective, max_trials, options=options, **kwargs)


class GeneticOracle(StrategyOracle):
    """A genetic algorithm; `tfhpo.strategies.GeneticAlgorithm` tells how.

    Args:
        objective: A metric's name, a `keras_tuner.Objective`, or a list of these.
        max_trials: How many trials to run at most; the population's size follows. Default 100.
        options: Arguments of `tfhpo.strategies.GeneticAlgorithm` by name, such as
            `population_size` and `crossover`.
        **kwargs: The further arguments of `StrategyOracle`.

    Raises:
        ArgumentError: If an argument breaks its rule.
    """

    def __init__(
        self,
        objective: Any = None,
        max_trials: int | None = 100,
        *,
        options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(GeneticAlgorithm, objective, max_trials, options=options, **kwargs)


class PolicyGradientOracle(StrategyOracle):
    """A policy learnt by REINFORCE; `tfhpo.strategies.PolicyGradient` tells how.

    Args:
        objective: A metric's name, a `keras_tuner.Objective`, or a list of these.
        max_trials: How many trials to run at most. Default 100.
        options: Arguments of `tfhpo.strategies.PolicyGradient` by name, such as `learning_rate`.
        **kwargs: The further arguments of `StrategyOracle`.

    Raises:
        ArgumentError: If an argument breaks its rule.
    """

    def __init__(
        self,
        objective: Any = None,
        max_trials: int | None = 100,
        *,
        options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(PolicyGradient, objective, max_trials, options=options, **kwargs)


class TPEOracle(StrategyOracle):
    """The tree-structured Parzen estimator; `tfhpo.strategies.TPE` tells how.

    Args:
        objective: A metric's name, a `keras_tuner.Objective`, or a list of these.
        max_trials: How many trials to run at most. Default 30.
        options: Arguments of `tfhpo.strategies.TPE` by name, such as `good_share`.
        **kwargs: The further arguments of `StrategyOracle`.

    Raises:
        ArgumentError: If an argument breaks its rule.
    """

    def __init__(
        self,
        objective: Any = None,
        max_trials: int | None = 30,
        *,
        options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(TPE, objective, max_trials, options=options, **kwargs)
