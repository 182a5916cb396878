"""What an oracle searches with: all that is fixed when it is made."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner.src.engine import objective as kt_objective

from tfhpo._version import __version__
from tfhpo.arguments import did_you_mean
from tfhpo.errors import ArgumentError
from tfhpo.oracles.conversion import space_of
from tfhpo.oracles.former import FormerStudy
from tfhpo.pruners import Pruner
from tfhpo.space import Levels, Parameter, Space
from tfhpo.strategies import Strategy
from tfhpo.study import StudyHeader
from tfhpo.study.outcomes import sign_of


@dataclass(frozen=True)
class Plan:
    """The settings of a search, and what is made of them.

    Args:
        strategy_class: The strategy's class.
        options: Its further arguments, by name.
        distributions: Parameter name to a distribution or a list of values.
        objective: What to optimise.
        budget: How many trials are planned, or None.
        pruner: Who stops trials early, or None.

    Raises:
        ArgumentError: If the strategy does not take the options.
    """

    strategy_class: type[Strategy]
    options: dict[str, Any]
    distributions: dict[str, Any]
    objective: kt_objective.Objective
    budget: int | None
    pruner: Pruner | None = None

    def __post_init__(self) -> None:
        known = options_of(self.strategy_class)
        for name in self.options:
            if name not in known:
                raise ArgumentError(
                    f"The options of the strategy {self.strategy_class.name!r} are {known}. "
                    f"Received: {name!r}.{did_you_mean(name, known)}"
                )
        try:
            # A stand-in space tells a wrong value at once, before the real one is known.
            self.strategy(self._stand_in(), seed=0)
        except TypeError as error:
            raise ArgumentError(
                f"The strategy {self.strategy_class.name!r} cannot use the options {self.options}: "
                f"{error}."
            ) from error

    @property
    def fidelity(self) -> str | None:
        """The name of the fidelity of a multi-fidelity strategy, None of any other."""
        return self.options.get("fidelity")

    @property
    def sign(self) -> float:
        """-1 where the objective is maximised, else 1: strategies minimise."""
        return sign_of(self.objective.direction)

    def space(self, hyperparameters: keras_tuner.HyperParameters) -> Space:
        """Returns the space that KerasTuner's hyperparameters declare, with the distributions."""
        return space_of(hyperparameters, self.distributions)

    def strategy(self, space: Space, seed: int, trials: int = 0) -> Strategy:
        """Returns a new strategy over a space.

        Args:
            space: What to search.
            seed: The seed of the search.
            trials: How many trials went before in another space: the strategy's random numbers must
                not be those that drew them.
        """
        rng = np.random.default_rng([seed, trials] if trials else seed)
        return self.strategy_class(space, rng, budget=self.budget, **self.options)

    def _stand_in(self) -> Space:
        parameters = [Parameter("any", Levels((0, 1)))]
        if self.fidelity is not None:
            parameters.append(Parameter(self.fidelity, Levels((1, 2), ordered=True)))
        return Space(parameters)

    def header(self, declared: Space, seed: int, former: Sequence[FormerStudy] = ()) -> StudyHeader:
        """Returns what the study remembers of the search.

        Args:
            declared: The space.
            seed: The seed of the search.
            former: The former studies that it begins with.
        """
        # Left out where there are none, as in studies that are older than both.
        later: dict[str, Any] = {}
        if self.pruner is not None:
            later["pruner"] = self.pruner.config()
        if former:
            later["warm_start"] = [study.identity for study in former]
        return StudyHeader(
            objective=self.objective.name,
            direction=self.objective.direction,
            space=declared.config(),
            settings={
                "strategy": self.strategy_class.name,
                "options": {name: _told(value) for name, value in self.options.items()},
                "seed": seed,
                **later,
            },
            version=__version__,
        )


def _told(option: Any) -> Any:
    """Returns an option as the study can hold it: an operator, say, by how it is written."""
    if isinstance(option, type):
        return getattr(option, "name", option.__name__)
    if isinstance(option, np.generic):
        return option.item()
    if dataclasses.is_dataclass(option):
        return repr(_with_plain_numbers(option))
    if isinstance(option, Mapping):
        return {name: _told(value) for name, value in option.items()}
    if isinstance(option, (list, tuple)):
        return [_told(value) for value in option]
    return option


def _with_plain_numbers(option: Any) -> Any:
    """Returns a dataclass without NumPy's scalars, whose texts are others than Python's."""
    given = {field.name: getattr(option, field.name) for field in dataclasses.fields(option)}
    plain = {name: one.item() for name, one in given.items() if isinstance(one, np.generic)}
    return dataclasses.replace(option, **plain) if plain else option


def options_of(strategy: type[Strategy]) -> list[str]:
    """Returns the names of a strategy's own arguments."""
    parameters = inspect.signature(strategy).parameters.values()
    named = [one.name for one in parameters if one.kind is one.KEYWORD_ONLY]
    return sorted(name for name in named if name != "budget")
