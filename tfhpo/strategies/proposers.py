"""The strategies that can propose configurations for another one."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tfhpo.arguments import did_you_mean
from tfhpo.errors import ArgumentError
from tfhpo.strategies.bayesian import BayesianOptimization
from tfhpo.strategies.elastic_grid import ElasticGrid
from tfhpo.strategies.genetic import GeneticAlgorithm
from tfhpo.strategies.grid_search import GridSearch
from tfhpo.strategies.policy_gradient import PolicyGradient
from tfhpo.strategies.random_search import RandomSearch
from tfhpo.strategies.strategy import Strategy
from tfhpo.strategies.tpe import TPE

#: The strategies that can propose configurations, by name.
PROPOSERS: Mapping[str, type[Strategy]] = {
    strategy.name: strategy
    for strategy in (
        RandomSearch,
        GridSearch,
        ElasticGrid,
        BayesianOptimization,
        TPE,
        GeneticAlgorithm,
        PolicyGradient,
    )
}
# What a proposer is given by who asks it, so that nobody else can.
_GIVEN = {"space", "rng", "budget"}


def proposer_class(
    proposer: str | type[Strategy],
    options: Mapping[str, Any],
    *,
    argument: str = "proposer",
    options_argument: str = "proposer_options",
) -> type[Strategy]:
    """Returns the class of a proposer that was given by name or as it is.

    Args:
        proposer: Its name, or a class of strategies.
        options: Its further arguments, of which only the names are looked at.
        argument: What the user knows the proposer by.
        options_argument: What the user knows the options by.

    Raises:
        ArgumentError: If there is no such proposer, or it does not take an option.
    """
    if not inspect.isclass(proposer):
        if proposer not in PROPOSERS:
            raise ArgumentError(
                f"`{argument}` must be one of {sorted(PROPOSERS)} or a class of strategies. "
                f"Received: {proposer!r}.{did_you_mean(proposer, PROPOSERS)}"
            )
        proposer = PROPOSERS[proposer]
    known = set(inspect.signature(proposer).parameters) - _GIVEN
    unknown = sorted(set(options) - known)
    if unknown:
        raise ArgumentError(
            f"`{options_argument}` of {proposer.name!r} must be among {sorted(known)}. "
            f"Received: {unknown}."
        )
    return proposer


def tell_revised(proposer: Strategy, scores: npt.NDArray[np.float64]) -> None:
    """Tells a proposer which of the scores that it knows are others now.

    Args:
        proposer: Who proposes.
        scores: By its keys, all that it knows among them; NaN for a failure.
    """
    known = proposer.history.known
    told, now = proposer.history.scores[known], scores[known]
    same = (told == now) | (np.isnan(told) & np.isnan(now))
    if not same.all():
        proposer.revise({int(key): float(scores[key]) for key in known[~same]})
