"""The ready tuners: KerasTuner's constructors, with our oracles behind them."""

from __future__ import annotations

import functools
import inspect
from collections import ChainMap
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal

from tfhpo import strategies
from tfhpo.arguments import did_you_mean
from tfhpo.declaring import roles
from tfhpo.errors import ArgumentError
from tfhpo.oracles import (
    BayesianOracle,
    ElasticGridOracle,
    GeneticOracle,
    GridOracle,
    HyperbandOracle,
    PolicyGradientOracle,
    RandomOracle,
    StagedOracle,
    TPEOracle,
)
from tfhpo.oracles.plan import options_of
from tfhpo.tuners.tuner import Tuner

# The arguments that belong to the oracle; all others are the tuner's.
_ORACLE_ARGUMENTS = frozenset({
    "hyperparameters",
    "tune_new_entries",
    "allow_new_entries",
    "max_retries_per_trial",
    "max_consecutive_failed_trials",
    "distributions",
    "pruner",
    "extend",
    "lease",
})  # fmt: skip
_HYPERBAND_ARGUMENTS = frozenset({
    "max_trials",
    "scheduler",
    "proposer",
    "proposer_options",
    "bracket_size",
    "min_epochs",
    "fidelity",
    "levels",
})  # fmt: skip
_TUNER_ARGUMENTS = frozenset(inspect.signature(Tuner.__init__).parameters) - {
    "self",
    "oracle",
    "hypermodel",
}


# What others call the arguments of ours.
_ELSEWHERE = {
    "n_jobs": "workers",
    "max_concurrent_trials": "workers",
    "max_retries": "max_retries_per_trial",
    "timeout": "max_time",
}


def _split(
    tuner: Tuner,
    arguments: Mapping[str, Any],
    options: Collection[str] = (),
    further: Collection[str] = (),
    hints: Mapping[str, str] | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the arguments for the oracle, and those for the tuner.

    Args:
        tuner: Whose they are.
        arguments: All keyword arguments beyond its own.
        options: The names of what it takes in `options`.
        further: The names of further arguments that it takes.
        hints: What to say of names that it does not take.

    Raises:
        ArgumentError: If neither takes one of them.
    """
    for name in arguments:
        if name not in _ORACLE_ARGUMENTS | _TUNER_ARGUMENTS:
            hint = (hints or {}).get(name)
            if hint is None:
                hint = _hint(type(tuner), name, arguments[name], options, further)
            raise ArgumentError(f"{type(tuner).__name__} has no argument {name!r}.{hint}")
    oracle = {name: value for name, value in arguments.items() if name in _ORACLE_ARGUMENTS}
    rest = {name: value for name, value in arguments.items() if name not in _ORACLE_ARGUMENTS}
    return oracle, rest


def _hint(
    kind: type[Tuner], name: str, value: Any, options: Collection[str], further: Collection[str]
) -> str:
    if name in options:
        return f" Give it to the strategy: options={{{name!r}: {value!r}}}."
    own = {*inspect.signature(kind).parameters, *further}
    known = _ORACLE_ARGUMENTS | _TUNER_ARGUMENTS | own
    # Of a name that is one of ours, that one is the nearest.
    return did_you_mean(_ELSEWHERE.get(name, name), known - {"kwargs"})


def _with(options: Any, **given: Any) -> Any:
    """Returns the strategy's options, those among them that the tuner takes by their own names.

    Raises:
        ArgumentError: If one is given in both ways.
    """
    if options is not None and not isinstance(options, Mapping):
        return options  # The oracle refuses it.
    chosen = {name: one for name, one in given.items() if one is not None}
    for name in chosen.keys() & (options or {}).keys():
        raise ArgumentError(
            f"`{name}` is given once, by its name or in `options`. "
            f"Received: {name}={chosen[name]!r}, options={options!r}."
        )
    return chosen | dict(options or {})


class RandomSearch(Tuner):
    """Random search for a Keras model; a drop-in for `keras_tuner.RandomSearch`.

    Args:
        hypermodel: A function `build(hp)` that returns a compiled model, or a `HyperModel`.
        objective: A metric's name, a `keras_tuner.Objective`, or a list of these.
        max_trials: How many trials to run at most. Default 10.
        seed: Makes the whole search repeatable; 0 is a seed like any other. Default None: drawn.
        **kwargs: `hyperparameters`, `tune_new_entries`, `allow_new_entries`,
            `max_retries_per_trial`, `max_consecutive_failed_trials`, `distributions`, `pruner`,
            `extend` and `lease` of `tfhpo.oracles.StrategyOracle`, and the arguments of
            `tfhpo.Tuner`.

    Raises:
        ArgumentError: If an argument breaks its rule.
    """

    def __init__(
        self,
        hypermodel: Any = None,
        objective: Any = None,
        max_trials: int | None = 10,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        oracle, tuner = _split(self, kwargs)
        super().__init__(
            RandomOracle(objective, max_trials, seed=seed, **oracle), hypermodel, **tuner
        )


class GridSearch(Tuner):
    """Exhaustive grid search for a Keras model; a drop-in for `keras_tuner.GridSearch`.

    Args:
        hypermodel: A function `build(hp)` that returns a compiled model, or a `HyperModel`.
        objective: A metric's name, a `keras_tuner.Objective`, or a list of these.
        max_trials: How many trials to run at most. Default None: the whole grid.
        seed: As of `tfhpo.RandomSearch`.
        levels: Values laid over a continuous parameter, both ends among them. Default 10.
        **kwargs: As of `tfhpo.RandomSearch`.

    Raises:
        ArgumentError: If an argument breaks its rule.
    """

    def __init__(
        self,
        hypermodel: Any = None,
        objective: Any = None,
        max_trials: int | None = None,
        seed: int | None = None,
        *,
        levels: int = 10,
        **kwargs: Any,
    ) -> None:
        oracle, tuner = _split(self, kwargs)
        super().__init__(
            GridOracle(objective, max_trials, levels=levels, seed=seed, **oracle),
            hypermodel,
            **tuner,
        )


class ElasticGridSearch(Tuner):
    """The elastic grid for a Keras model: a grid that breathes (`tfhpo.strategies.ElasticGrid`).

    Args:
        hypermodel: A function `build(hp)` that returns a compiled model, or a `HyperModel`.
        objective: A metric's name, a `keras_tuner.Objective`, or a list of these.
        max_trials: How many trials to run at most. Default 30.
        seed: As of `tfhpo.RandomSearch`.
        options: Further arguments of the strategy by name, such as `levels` and `alpha`.
        **kwargs: As of `tfhpo.RandomSearch`.

    Raises:
        ArgumentError: If an argument breaks its rule.
    """

    def __init__(
        self,
        hypermodel: Any = None,
        objective: Any = None,
        max_trials: int | None = 30,
        seed: int | None = None,
        *,
        options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        oracle, tuner = _split(self, kwargs, options=options_of(strategies.ElasticGrid))
        super().__init__(
            ElasticGridOracle(objective, max_trials, options=options, seed=seed, **oracle),
            hypermodel,
            **tuner,
        )


class BayesianOptimization(Tuner):
    """Bayesian optimisation for a Keras model; a drop-in for `keras_tuner.BayesianOptimization`.

    `distributions` tells it what you expect of parameters; it believes that less and less as
    results come in.

    Args:
        hypermodel: A function `build(hp)` that returns a compiled model, or a `HyperModel`.
        objective: A metric's name, a `keras_tuner.Objective`, or a list of these.
        max_trials: How many trials to run at most. Default 10.
        num_initial_points: How many points come before the model. Default 5.
        alpha: The variance of the noise, of scores that are scaled to variance 1, above 0. By
            default it is estimated, rather than 1e-4 as in KerasTuner.
        beta: Chooses the confidence bound as the acquisition, and its width in deviations; by
            default the acquisition is the logarithm of the expected improvement.
        seed: As of `tfhpo.RandomSearch`.
        options: Further arguments of `tfhpo.strategies.BayesianOptimization` by name, such as
            `acquisition` and `prior_weight`.
        **kwargs: As of `tfhpo.RandomSearch`.

    Raises:
        ArgumentError: If an argument breaks its rule.
    """

    def __init__(
        self,
        hypermodel: Any = None,
        objective: Any = None,
        max_trials: int | None = 10,
        num_initial_points: int | None = None,
        alpha: float | None = None,
        beta: float | None = None,
        seed: int | None = None,
        *,
        options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        oracle, tuner = _split(self, kwargs, options=options_of(strategies.BayesianOptimization))
        chosen = _with(options, num_initial_points=num_initial_points, alpha=alpha, beta=beta)
        super().__init__(
            BayesianOracle(objective, max_trials, options=chosen, seed=seed, **oracle),
            hypermodel,
            **tuner,
        )


class GeneticAlgorithm(Tuner):
    """A genetic algorithm for a Keras model (`tfhpo.strategies.GeneticAlgorithm`).

    Args:
        hypermodel: A function `build(hp)` that returns a compiled model, or a `HyperModel`.
        objective: A metric's name, a `keras_tuner.Objective`, or a list of these.
        max_trials: How many trials to run at most. Default 100.
        population_size: How many trials breed. Default 8.
        seed: As of `tfhpo.RandomSearch`.
        options: Further arguments of the strategy by name, such as `selection`, `crossover`,
            `mutation` and `generational`.
        **kwargs: As of `tfhpo.RandomSearch`.

    Raises:
        ArgumentError: If an argument breaks its rule.
    """

    def __init__(
        self,
        hypermodel: Any = None,
        objective: Any = None,
        max_trials: int | None = 100,
        population_size: int | None = None,
        seed: int | None = None,
        *,
        options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        oracle, tuner = _split(self, kwargs, options=options_of(strategies.GeneticAlgorithm))
        chosen = _with(options, population_size=population_size)
        super().__init__(
            GeneticOracle(objective, max_trials, options=chosen, seed=seed, **oracle),
            hypermodel,
            **tuner,
        )


class PolicyGradient(Tuner):
    """A policy learnt by REINFORCE, for a Keras model (`tfhpo.strategies.PolicyGradient`).

    Args:
        hypermodel: A function `build(hp)` that returns a compiled model, or a `HyperModel`.
        objective: A metric's name, a `keras_tuner.Objective`, or a list of these.
        max_trials: How many trials to run at most. Default 100.
        seed: As of `tfhpo.RandomSearch`.
        options: Further arguments of the strategy by name, such as `learning_rate`.
        **kwargs: As of `tfhpo.RandomSearch`.

    Raises:
        ArgumentError: If an argument breaks its rule.
    """

    def __init__(
        self,
        hypermodel: Any = None,
        objective: Any = None,
        max_trials: int | None = 100,
        seed: int | None = None,
        *,
        options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        oracle, tuner = _split(self, kwargs, options=options_of(strategies.PolicyGradient))
        super().__init__(
            PolicyGradientOracle(objective, max_trials, options=options, seed=seed, **oracle),
            hypermodel,
            **tuner,
        )


class TPE(Tuner):
    """The tree-structured Parzen estimator for a Keras model (`tfhpo.strategies.TPE`).

    Args:
        hypermodel: A function `build(hp)` that returns a compiled model, or a `HyperModel`.
        objective: A metric's name, a `keras_tuner.Objective`, or a list of these.
        max_trials: How many trials to run at most. Default 30.
        num_initial_points: How many points come before the densities. Default 5.
        seed: As of `tfhpo.RandomSearch`.
        options: Further arguments of the strategy by name, such as `good_share` (elsewhere
            "gamma").
        **kwargs: As of `tfhpo.RandomSearch`.

    Raises:
        ArgumentError: If an argument breaks its rule.
    """

    def __init__(
        self,
        hypermodel: Any = None,
        objective: Any = None,
        max_trials: int | None = 30,
        num_initial_points: int | None = None,
        seed: int | None = None,
        *,
        options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        oracle, tuner = _split(self, kwargs, options=options_of(strategies.TPE))
        chosen = _with(options, num_initial_points=num_initial_points)
        super().__init__(
            TPEOracle(objective, max_trials, options=chosen, seed=seed, **oracle),
            hypermodel,
            **tuner,
        )


class Hyperband(Tuner):
    """Hyperband for a Keras model, over any proposer; a drop-in for `keras_tuner.Hyperband`.

    Many configurations are trained for a few epochs, and the best of them go on, from where they
    were, for more and more (`tfhpo.oracles.HyperbandOracle`). Successive halving and ASHA are here
    too, and so is any other fidelity than epochs.

    Example:
        >>> tuner = tfhpo.Hyperband(build, "val_accuracy", max_epochs=27, proposer="bayesian")
        >>> tuner.search(x, y, validation_split=0.2)

    Args:
        hypermodel: A function `build(hp)` that returns a compiled model, or a `HyperModel`.
        objective: A metric's name, a `keras_tuner.Objective`, or a list of these.
        max_epochs: The highest rung, in epochs. Default 100.
        factor: How far the rungs lie apart; the best 1 / factor of a rung go on. Default 3.
        hyperband_iterations: How often all brackets are run. Default 1.
        seed: As of `tfhpo.RandomSearch`.
        **kwargs: `max_trials`, `scheduler`, `proposer`, `proposer_options`, `bracket_size`,
            `min_epochs`, `fidelity` and `levels` of `tfhpo.oracles.HyperbandOracle`, and as of
            `tfhpo.RandomSearch`.

    Raises:
        ArgumentError: If an argument breaks its rule.
    """

    def __init__(
        self,
        hypermodel: Any = None,
        objective: Any = None,
        max_epochs: int = 100,
        factor: int = 3,
        hyperband_iterations: float = 1,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        own = {name: kwargs.pop(name) for name in _HYPERBAND_ARGUMENTS & set(kwargs)}
        oracle, tuner = _split(self, kwargs, further=_HYPERBAND_ARGUMENTS)
        super().__init__(
            HyperbandOracle(
                objective, max_epochs, factor, hyperband_iterations, seed=seed, **own, **oracle
            ),
            hypermodel,
            **tuner,
        )


class StagedSearch(Tuner):
    """Staged search for a Keras model: one group of parameters after another.

    The groups are tuned in the order of their importance; each is frozen at its best before the
    next (`tfhpo.strategies.Staged`). Parameters that `tfhpo.hp` makes know their group: learning
    rate and loss; batch size and momentum; all others belong to the rest.

    Example:
        >>> tuner = tfhpo.StagedSearch(build, "val_accuracy", max_trials=30)
        >>> tuner = tfhpo.StagedSearch(
        ...     build, "val_accuracy", stages=[
        ...         tfhpo.Stage(["learning_rate"], trials=8),
        ...         tfhpo.Stage(["units", "dropout"], trials=20, strategy="tpe"),
        ...     ])

    Args:
        hypermodel: A function `build(hp)` that returns a compiled model, or a `HyperModel`.
        objective: A metric's name, a `keras_tuner.Objective`, or a list of these.
        max_trials: How many trials to run at most, which the stages share equally. Default 30;
            where every stage has trials of its own, their sum.
        seed: As of `tfhpo.RandomSearch`.
        stages: Lists of parameters' names or of patterns such as "adam_*", or `tfhpo.Stage`s, or a
            dictionary of these by roles, as of `tfhpo.oracles.StagedOracle`. By default the groups
            above, as far as there are such parameters.
        strategy: Who proposes in a stage without a strategy of its own. Default "bayesian".
        **kwargs: As of `tfhpo.RandomSearch`.

    Raises:
        ArgumentError: If the stages or the trials break a rule; when the search begins, where the
            roles make no two groups.
    """

    def __init__(
        self,
        hypermodel: Any = None,
        objective: Any = None,
        max_trials: int | None = None,
        seed: int | None = None,
        *,
        stages: Sequence[Any] | Mapping[Any, Any] | None = None,
        strategy: str | type[strategies.Strategy] = "bayesian",
        **kwargs: Any,
    ) -> None:
        hint = " A stage takes those of its strategy: tfhpo.Stage([...], options={...})."
        oracle, tuner = _split(self, kwargs, hints={"options": hint})
        self._staged = StagedOracle(
            objective, max_trials, stages=stages, strategy=strategy, seed=seed, **oracle
        )
        with roles.collecting() as found:
            super().__init__(self._staged, hypermodel, **tuner)
        self._roles = found

    def search(self, *fit_args: Any, verbose: int | Literal["auto"] = 1, **fit_kwargs: Any) -> None:
        # Arguments of `fit` may be ready parameters, too, and are first asked for here.
        with roles.collecting() as found:
            self._staged.roles = ChainMap(found, self._roles)
            super().search(*fit_args, verbose=verbose, **fit_kwargs)


TUNERS: dict[str, Callable[..., Tuner]] = {
    "asha": functools.partial(Hyperband, scheduler="asha"),
    "bayesian": BayesianOptimization,
    "elastic-grid": ElasticGridSearch,
    "genetic": GeneticAlgorithm,
    "grid": GridSearch,
    "hyperband": Hyperband,
    "policy-gradient": PolicyGradient,
    "random": RandomSearch,
    "staged": StagedSearch,
    "successive-halving": functools.partial(Hyperband, scheduler="successive-halving"),
    "tpe": TPE,
}


def tuner_for(strategy: str) -> Callable[..., Tuner]:
    """Returns what makes the ready tuner of a strategy: its class, or a function of its arguments.

    Args:
        strategy: "asha", "bayesian", "elastic-grid", "genetic", "grid", "hyperband",
            "policy-gradient", "random", "staged", "successive-halving" or "tpe".

    Raises:
        ArgumentError: If there is no such strategy.
    """
    strategies.check_name(strategy)
    return TUNERS[strategy]
