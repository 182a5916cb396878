"""KerasTuner's parameters as parameters of our space."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner.engine import hyperparameters as kt_parameters

from tfhpo.arguments import did_you_mean
from tfhpo.errors import SpaceError
from tfhpo.space import (
    Condition,
    Domain,
    FloatRange,
    IntegerRange,
    Levels,
    Parameter,
    Prior,
    Space,
    Steps,
)
from tfhpo.space.priors import is_distribution


def space_of(
    hyperparameters: keras_tuner.HyperParameters,
    distributions: Mapping[str, Any] | None = None,
) -> Space:
    """Returns the space that KerasTuner's hyperparameters declare.

    Args:
        hyperparameters: The declared parameters.
        distributions: Parameter name to a frozen scipy.stats distribution, or to a plain list of
            the values to search.

    Raises:
        SpaceError: If a declaration cannot be searched, or a distribution does not fit it.
    """
    known = dict(distributions or {})
    parameters = [_parameter(hp, known) for hp in _parents_first(hyperparameters.space)]
    return Space(parameters)


def check_distributions(space: Space, distributions: Mapping[str, Any]) -> None:
    """Raises a SpaceError where a distribution is given for a parameter that does not exist."""
    check_names("distributions", distributions, space)


def check_names(argument: str, given: Iterable[str], space: Space) -> None:
    """Raises a SpaceError where an argument names a parameter that does not exist.

    Args:
        argument: What the user knows it by.
        given: The names in it.
        space: All that is known before the first trial.
    """
    known = sorted(set(space.names))
    unknown = sorted(set(given) - set(known))
    if unknown:
        hint = did_you_mean(unknown[0], known) or (
            " A parameter that only some builds read must be registered in `hyperparameters=`."
        )
        raise SpaceError(
            f"`{argument}` must name parameters of the space, {known}. "
            f"Received also: {unknown}.{hint}"
        )


def _parameter(hp: Any, distributions: Mapping[str, Any]) -> Parameter:
    try:
        parameter = Parameter(
            name=hp.name,
            domain=_domain(hp),
            conditions=tuple(Condition(c.name, tuple(c.values)) for c in hp.conditions),
            default=_given_default(hp),
        )
    except SpaceError as error:
        raise SpaceError(f"Parameter {hp.name!r}: {error}") from error
    given = distributions.get(hp.name)
    if given is None:
        return parameter
    if isinstance(given, (Sequence, np.ndarray)) and not isinstance(given, str):
        return parameter.restricted([_plain(value) for value in given])
    if not is_distribution(given):
        raise SpaceError(
            f"The distribution of {hp.name!r} must be a list of values or a frozen one of "
            "scipy.stats, called with its arguments, such as scipy.stats.loguniform(1e-4, 1e-1). "
            f"Received: {given!r}."
        )
    try:
        prior = Prior(given)
    except SpaceError as error:
        raise SpaceError(f"Parameter {hp.name!r}: {error}") from error
    return replace(parameter, prior=prior)


def _given_default(hp: Any) -> Any:
    """Returns the default that the user gave, None where KerasTuner took its own.

    KerasTuner keeps no note of which it is; one that equals its own choice counts as its own.
    """
    if isinstance(hp, kt_parameters.Fixed):
        return hp.value
    if isinstance(hp, kt_parameters.Boolean):
        own: Any = False
    elif isinstance(hp, kt_parameters.Choice):
        own = hp.values[0]
    else:
        own = hp.min_value
    return None if hp.default == own else hp.default


def _plain(value: Any) -> Any:
    """Returns a number of numpy's as Python's own, which the study can hold."""
    return value.item() if isinstance(value, np.generic) else value


def _domain(hp: Any) -> Domain:
    if isinstance(hp, kt_parameters.Fixed):
        return Levels((hp.value,))
    if isinstance(hp, kt_parameters.Boolean):
        return Levels((False, True))
    if isinstance(hp, kt_parameters.Choice):
        return Levels(tuple(hp.values), ordered=bool(hp.ordered))
    if isinstance(hp, (kt_parameters.Int, kt_parameters.Float)):
        return _numeric_domain(hp)
    raise SpaceError(
        "A parameter must be one of KerasTuner's Fixed, Boolean, Choice, Int or Float. "
        f"Received: {type(hp).__name__}."
    )


def _numeric_domain(hp: Any) -> Domain:
    integer = isinstance(hp, kt_parameters.Int)
    if hp.step is not None:
        return Steps(
            hp.min_value, hp.max_value, hp.step if integer else float(hp.step), hp.sampling
        )
    if integer:
        return IntegerRange(hp.min_value, hp.max_value, hp.sampling)
    return FloatRange(hp.min_value, hp.max_value, hp.sampling)


def _parents_first(parameters: Sequence[Any]) -> list[Any]:
    """Returns the parameters with parents before children; KerasTuner's gRPC sorts by type."""
    ordered: list[Any] = []
    waiting = list(parameters)
    while waiting:
        names = {hp.name for hp in ordered}
        ready = [hp for hp in waiting if all(c.name in names for c in hp.conditions)]
        if not ready:
            missing = sorted({c.name for hp in waiting for c in hp.conditions} - names)
            raise SpaceError(f"A condition must name a declared parameter. Received: {missing}.")
        # The first that is ready, not all: the order of declaration is kept where it can be.
        ordered.append(ready[0])
        waiting.remove(ready[0])
    return ordered
