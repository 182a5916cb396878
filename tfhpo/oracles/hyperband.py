"""The oracle of the multi-fidelity strategies."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras_tuner

from tfhpo.arguments import integer, is_number, positive
from tfhpo.errors import ArgumentError
from tfhpo.oracles.fidelity import EPOCHS
from tfhpo.oracles.strategy_oracle import StrategyOracle
from tfhpo.strategies import ASHA, Hyperband, Strategy, SuccessiveHalving, rungs
from tfhpo.strategies.brackets import sizes
from tfhpo.strategies.fidelity import check_factor
from tfhpo.strategies.hyperband import trials_of_a_round

SCHEDULERS: Mapping[str, type[Strategy]] = {
    one.name: one for one in (Hyperband, SuccessiveHalving, ASHA)
}


class HyperbandOracle(StrategyOracle):
    """Hyperband, successive halving or ASHA over any proposer.

    Many configurations are tried at a low fidelity, and the best of them again at more and more of
    it; `tfhpo.strategies.Hyperband`, `SuccessiveHalving` and `ASHA` tell how. The fidelity is a
    hyperparameter that every build and `fit` can read: `hp.get("epochs")`.

    *Epochs* need no reading: the tuner trains each trial for so many. A configuration that goes on
    to the next rung is a trial of its own, which begins with the weights and the optimiser's state
    that the former one ended with, and trains the epochs that are missing. With several workers
    the project's folder must be shared for that; a trial that does not find the state of the
    former one trains from the beginning.

    *Anything else* (a share of the data, a resolution, a width) is read by the build function or an
    argument of `search`, `hp.get("share")`, and such trials train from the beginning. The best
    trials are then those of the highest fidelity, since others' scores may mean something else.

    Args:
        objective: A metric's name, a `keras_tuner.Objective`, or a list of these.
        max_epochs: The highest rung, in epochs. Default 100, as in KerasTuner.
        factor: How far the rungs lie apart; the best 1 / factor of a rung go on. Default 3.
        hyperband_iterations: How often all brackets are run, above 0; the default of `max_trials`
            follows from it. Default 1.
        max_trials: How many trials to run at most, each rung of a configuration counted. By default
            what `hyperband_iterations` take: of all brackets for "hyperband", of one bracket of
            successive halving for the other two.
        scheduler: "hyperband" (default), "successive-halving" or "asha".
        proposer: Who proposes the configurations: "random" (default), "bayesian", "tpe", "genetic",
            "elastic-grid", "grid" or "policy-gradient".
        proposer_options: Arguments of the proposer's strategy, by name.
        bracket_size: How many configurations a bracket of "successive-halving" begins with; by
            default as many as send one to the highest rung, or as fit into `max_trials`.
        min_epochs: The lowest rung has at least so many epochs. Default 1.
        fidelity: The name of the hyperparameter. Default "epochs".
        levels: The rungs themselves, ascending numbers of one type; they must be given for a
            fidelity other than epochs, and take the place of `min_epochs` and `max_epochs`.
        hyperparameters: Parameters registered in advance; the fidelity is added to a copy.
        **kwargs: The further arguments of `StrategyOracle`.

    Raises:
        ArgumentError: If an argument breaks its rule.
    """

    def __init__(
        self,
        objective: Any = None,
        max_epochs: int = 100,
        factor: int = 3,
        hyperband_iterations: float = 1,
        *,
        max_trials: int | None = None,
        scheduler: str = "hyperband",
        proposer: str = "random",
        proposer_options: Mapping[str, Any] | None = None,
        bracket_size: int | None = None,
        min_epochs: int = 1,
        fidelity: str = EPOCHS,
        levels: Sequence[float] | None = None,
        hyperparameters: keras_tuner.HyperParameters | None = None,
        **kwargs: Any,
    ) -> None:
        if scheduler not in SCHEDULERS:
            raise ArgumentError(
                f"`scheduler` must be one of {sorted(SCHEDULERS)}. Received: {scheduler!r}."
            )
        check_factor(factor)
        chosen = _levels(fidelity, levels, min_epochs, max_epochs, factor)
        if max_trials is None:
            max_trials = _usual_trials(scheduler, len(chosen), factor, hyperband_iterations)
        super().__init__(
            SCHEDULERS[scheduler],
            objective,
            max_trials,
            options={
                "fidelity": fidelity,
                "factor": factor,
                "proposer": proposer,
                "proposer_options": dict(proposer_options or {}),
                **_bracket(scheduler, bracket_size),
            },
            hyperparameters=_with_fidelity(hyperparameters, fidelity, chosen),
            **kwargs,
        )


def _levels(
    fidelity: str, levels: Sequence[float] | None, min_epochs: Any, max_epochs: Any, factor: int
) -> list[float]:
    if levels is None:
        if fidelity != EPOCHS:
            raise ArgumentError(
                f"A fidelity other than {EPOCHS!r} needs its `levels`, ascending. "
                f"Received: fidelity={fidelity!r} without levels."
            )
        for name, value in (("min_epochs", min_epochs), ("max_epochs", max_epochs)):
            integer(name, value, least=1)
        return rungs(int(min_epochs), int(max_epochs), factor)
    chosen = list(levels) if isinstance(levels, (list, tuple, range)) else []
    if not chosen or not all(map(_is_number, chosen)) or sorted(set(chosen)) != chosen:
        raise ArgumentError(f"`levels` must be a list of ascending numbers. Received: {levels!r}.")
    if fidelity == EPOCHS and not all(isinstance(one, int) and one >= 1 for one in chosen):
        raise ArgumentError(f"Levels of epochs are integers of at least 1. Received: {levels!r}.")
    return chosen if all(isinstance(one, int) for one in chosen) else [float(x) for x in chosen]


def _bracket(scheduler: str, size: int | None) -> dict[str, int]:
    if size is None:
        return {}
    if scheduler != SuccessiveHalving.name:
        raise ArgumentError(
            f"`bracket_size` is for {SuccessiveHalving.name!r}. "
            f"Received: bracket_size={size!r} with scheduler={scheduler!r}."
        )
    return {"bracket_size": size}


def _usual_trials(scheduler: str, count: int, factor: int, iterations: Any) -> int:
    rounds = positive("hyperband_iterations", iterations)
    if scheduler == Hyperband.name:
        once = trials_of_a_round(count, factor)
    else:
        once = sum(sizes(factor ** (count - 1), count, factor))
    return max(1, round(rounds * once))


def _is_number(value: Any) -> bool:
    return is_number(value) and math.isfinite(value)


def _with_fidelity(
    given: keras_tuner.HyperParameters | None, fidelity: str, levels: list[float]
) -> keras_tuner.HyperParameters:
    """Returns a copy of the parameters registered in advance, with the fidelity among them."""
    hyperparameters = keras_tuner.HyperParameters() if given is None else given.copy()
    if any(hp.name == fidelity for hp in hyperparameters.space):
        raise ArgumentError(
            f"The fidelity {fidelity!r} is registered by the oracle. Received: "
            "`hyperparameters` with a parameter of this name."
        )
    hyperparameters.Choice(fidelity, levels, ordered=True, default=levels[0])
    return hyperparameters
