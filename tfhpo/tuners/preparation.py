"""Before the first trial: the whole space is found, and what can be known to fail is refused."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import keras_tuner
from keras_tuner.engine import trial as kt_trial

from tfhpo.execution import SHARING
from tfhpo.oracles import StrategyOracle
from tfhpo.oracles.hyperparameters import TrackedHyperParameters
from tfhpo.tuners import checks, data_checks
from tfhpo.tuners.fit_arguments import resolve, resolve_data
from tfhpo.tuners.keras_settings import clear_session
from tfhpo.tuners.learning_rates import check_single_setter
from tfhpo.tuners.space_walk import at_defaults, explore


@dataclass(frozen=True)
class Preparation:
    """What a tuner does before the first trial.

    Args:
        oracle: What proposes the trials; on a worker, the client of the one on the chief.
        hypermodel: What builds the models, None where `run_trial` does it all.
        overridden: What the user registered in advance; a build's ranges must not contradict it.
        runs_own_code: Whether the user trains in code of their own, of which nothing is known.
        compiles: Whether the tuner was given what to compile the models with.
        compile_anew: Compiles a model with what the tuner was given for it.
        run_trial: Runs a trial.
        elsewhere: Whether the trials run in other processes. TensorFlow takes all of a GPU's memory
            with the first tensor there, which is for the workers then.
    """

    oracle: Any
    hypermodel: Any
    overridden: frozenset[str]
    runs_own_code: bool
    compiles: bool
    compile_anew: Callable[[Any], None]
    run_trial: Callable[..., Any]
    elsewhere: bool

    def explore(self) -> None:
        """Finds the parameters of every conditional scope by building."""
        with self._device():
            explore(build=self._build, space=self._space, update=self.oracle.update_space)

    def check(self, fit_args: tuple[Any, ...], fit_kwargs: Mapping[str, Any]) -> list[str]:
        """Completes the space, and refuses what can be known to fail.

        Args:
            fit_args: Positional arguments of `fit`.
            fit_kwargs: Its keyword arguments, as the user gave them.

        Returns:
            The names of what is measured, the objective first, as far as they are known.

        Raises:
            ArgumentError: If the data or an argument does not fit.
            ObjectiveError: If the objective is not among the metrics.
        """
        with self._device():
            return self._check(fit_args, fit_kwargs)

    @contextlib.contextmanager
    def _device(self) -> Iterator[None]:
        if not self.elsewhere:
            yield
            return
        # Where the backend makes a place on every GPU all the same, it should be a small one. The
        # variables are for what starts up in here, not for the workers: these have their own.
        added = {name: value for name, value in SHARING.items() if name not in os.environ}
        os.environ.update(added)
        try:
            with keras.device("cpu:0"):
                yield
        finally:
            for name in added:
                os.environ.pop(name, None)

    def _check(self, fit_args: tuple[Any, ...], fit_kwargs: Mapping[str, Any]) -> list[str]:
        objective = self.oracle.objective
        hp = at_defaults(self._space())
        arguments, data = resolve(fit_kwargs, hp), resolve_data(fit_args, hp)
        self.oracle.update_space(hp)
        if self.hypermodel is None:
            self._rehearse(fit_args, fit_kwargs)
        else:
            self._build_first_values()
        if self.runs_own_code:
            return checks.objective_names(objective)
        model = self.hypermodel.build(at_defaults(self._space()))
        self.compile_anew(model)
        check_single_setter(model, arguments["callbacks"])
        return data_checks.measured_names(objective, model, data, arguments)

    def _space(self) -> TrackedHyperParameters:
        space = self.oracle.get_space()
        if isinstance(space, TrackedHyperParameters):
            return space
        return TrackedHyperParameters.tracking(space, overridden=self.overridden)

    def _build(self, hp: TrackedHyperParameters) -> None:
        clear_session()
        model = self.hypermodel.build(hp)
        checks.check_model(model, compiled=not (self.compiles or self.runs_own_code))

    def _build_first_values(self) -> None:
        """Builds with the values that are to be tried first, where they name what is not known yet.

        A parameter behind a plain `if` is asked for by such builds alone.
        """
        if not isinstance(self.oracle, StrategyOracle):
            return
        for number in range(len(self.oracle.first_values())):
            grew = True
            while grew:
                # Again and again: what one build declares gives a value its type for the next.
                grew = self._build_unknown(self.oracle.first_values()[number])

    def _build_unknown(self, values: Mapping[str, Any]) -> bool:
        """Builds with values of which some are of unknown parameters; whether some became known."""
        hp = at_defaults(self._space(), values)
        known = {one.name for one in hp.space}
        unknown = {name: values[name] for name in values if name not in known}
        if not unknown:
            return False
        hp.values.update(unknown)
        # What fails here fails as a trial, too, and is told there.
        with contextlib.suppress(Exception):
            self._build(hp)
        self.oracle.update_space(hp)
        return not set(unknown).isdisjoint(one.name for one in hp.space)

    def _rehearse(self, fit_args: tuple[Any, ...], fit_kwargs: Mapping[str, Any]) -> None:
        """Runs a `run_trial` that declares the space itself once, at its defaults, unrecorded.

        KerasTuner makes this run its first trial; a strategy must know the space before it.
        """
        hp: keras_tuner.HyperParameters = self._space()
        if not hp.space:
            self.run_trial(kt_trial.Trial(hp, "rehearsal"), *fit_args, **fit_kwargs)
            self.oracle.update_space(hp)
