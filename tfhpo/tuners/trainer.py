"""One trial's trainings: from the built model to the metrics of its best epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import keras
from keras_tuner.engine import trial as kt_trial
from keras_tuner.src.engine import objective as kt_objective
from keras_tuner.src.engine import tuner_utils

from tfhpo.oracles.hyperparameters import TrackedHyperParameters
from tfhpo.oracles.links import OracleLink
from tfhpo.study import TrialRecord
from tfhpo.tuners.fit_arguments import resolve, resolve_data
from tfhpo.tuners.listeners import SearchListener
from tfhpo.tuners.training import BestEpoch, Curve, EpochCallback, single_values


@dataclass
class Trainer:
    """Trains one trial, once or several times, and keeps what its best epoch left.

    Args:
        trial: The trial.
        executions: How often it is trained.
        objective: What to be best at.
        build: Hyperparameters to a compiled model.
        fit: KerasTuner's `HyperModel.fit`, called with the hyperparameters, the model and the
            arguments.
        link: The oracle.
        told: Who hears of it.
        keep_weights: Whether the weights of an epoch with this score may be wanted in the end.
        prepare: Completes the trial's model and the arguments of `fit`, in place, given the number
            of the execution; it adds callbacks.
        leave: Called with the model and the number of an execution that was not stopped, and how
            many epochs it has had, None where its `fit` told of none.

    Attributes:
        best: The best epoch so far, over all executions.
        model: The model of the last execution, which the best weights fit.
        best_steps: The best epoch of each execution.
        stopped: Whether the oracle wants the trial to go no further.
        reported: Whether an epoch was told to it.
    """

    trial: kt_trial.Trial
    executions: int
    objective: kt_objective.Objective
    build: Callable[[Any], Any]
    fit: Callable[..., Any]
    link: OracleLink
    told: SearchListener
    keep_weights: Callable[[float], bool]
    prepare: Callable[[Any, dict[str, Any], int], None]
    leave: Callable[[Any, int, int | None], None]
    best: BestEpoch = field(default_factory=BestEpoch)
    model: Any = None
    best_steps: list[int] = field(default_factory=list)
    stopped: bool = False
    reported: bool = False

    def run(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[dict[str, float]]:
        """Executes the trial as often as it should be, fewer times where it is stopped.

        Args:
            args: Positional arguments of `fit`.
            kwargs: Keyword arguments of `fit`, as the user gave them.

        Returns:
            The metrics of each execution's best epoch, the objective among them.
        """
        results = []
        for execution in range(self.executions):
            results.append(self.execute(execution, args, kwargs))
            if self.stopped:
                break
        return results

    def execute(
        self, execution: int, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> dict[str, float]:
        """Builds and trains one model.

        Args:
            execution: Which execution of the trial, from 0.
            args: Positional arguments of `fit`.
            kwargs: Keyword arguments of `fit`, as the user gave them.

        Returns:
            The metrics of the best epoch, the objective among them.
        """
        keras.utils.set_random_seed((self.link.seed(self.trial) + execution) % 2**31)
        hp = self.trial.hyperparameters
        # The former execution's model must be gone when this one's is built.
        self.model = None
        self.model = self.build(hp)
        arguments = resolve(kwargs, hp)
        self.prepare(self.model, arguments, execution)
        callback = self._callback(execution)
        arguments["callbacks"].append(callback)
        try:
            results = self.fit(hp, self.model, *resolve_data(args, hp), **arguments)
            metrics = self._metrics_of(results, callback.curve)
        except Exception:
            self._end(execution, callback, None)
            raise
        if not self.stopped:
            self.leave(self.model, execution, callback.curve.length)
        self._end(execution, callback, float(metrics[self.objective.name]))
        return metrics

    def _callback(self, execution: int) -> EpochCallback:
        return EpochCallback(
            self.objective,
            self.best,
            keep_weights=self.keep_weights,
            on_begin=lambda: self._begin(execution),
            on_epoch_end=lambda epoch, metrics, last: self._epoch(execution, epoch, metrics, last),
        )

    def _begin(self, execution: int) -> None:
        known = len(self.link.space)
        self.link.learn_space(self.trial)
        if len(self.link.space) > known:
            self.told.on_space_growth(self.link.space)
        self.told.on_execution_begin(self._record(), execution)

    def _epoch(self, execution: int, epoch: int, metrics: Mapping[str, float], last: bool) -> bool:
        last = last and execution == self.executions - 1
        go_on = self.link.report(self.trial, metrics, epoch, execution, last=last)
        self.stopped, self.reported = self.stopped or not go_on, True
        self.told.on_epoch_end(self._record(), execution, epoch, metrics)
        return go_on

    def _end(self, execution: int, callback: EpochCallback, score: float | None) -> None:
        callback.begin()
        if score is not None and math.isfinite(score):
            self.told.on_execution_end(self._record(), execution, "success", score)
        else:
            self.told.on_execution_end(self._record(), execution, "failure", None)

    def _metrics_of(self, results: Any, curve: Curve) -> dict[str, float]:
        """Returns the metrics in whatever a `fit` returned, as KerasTuner allows."""
        tuner_utils.validate_trial_results(results, self.objective, "HyperModel.fit()")
        if not isinstance(results, keras.callbacks.History):
            self.best_steps.append(0)
            converted = tuner_utils.convert_to_metrics_dict(results, self.objective)
            return single_values(converted)
        if not curve.epochs:
            curve = Curve.of_history(results.history)
        step, metrics = curve.best(self.objective)
        self.best_steps.append(step)
        return metrics

    def _record(self) -> TrialRecord:
        """Returns the trial as it stands, with the values that were read so far."""
        record = self.link.record(self.trial)
        hp = self.trial.hyperparameters
        values = hp.active_read() if isinstance(hp, TrackedHyperParameters) else hp.values
        return replace(record, values=dict(values))
