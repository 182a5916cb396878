"""An oracle on the chief, reached from a worker."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import keras_tuner
from keras_tuner.engine import trial as kt_trial

from tfhpo.errors import ChiefError, TrialTakenError
from tfhpo.oracles import wire
from tfhpo.oracles.conversion import space_of
from tfhpo.oracles.hyperparameters import TrackedHyperParameters
from tfhpo.oracles.links.foreign import completed
from tfhpo.oracles.links.link import OracleLink
from tfhpo.oracles.runs import Run
from tfhpo.oracles.strategy_oracle import StrategyOracle
from tfhpo.space import Space
from tfhpo.study import TrialRecord

_LOG = logging.getLogger(__name__)


class WorkerLink(OracleLink):
    """An oracle on the chief, reached through KerasTuner's gRPC; the chief keeps the study.

    Args:
        client: KerasTuner's client, or that of a chief with an oracle of ours.
        local: The oracle that the worker built before it was replaced by the client.
    """

    def __init__(self, client: Any, local: keras_tuner.Oracle) -> None:
        self._client = client
        self._local = local
        self._runs: dict[str, Run] = {}
        self._space: Space | None = None
        # KerasTuner's chief ends when it has no more trials, and its client waits an hour for it.
        self._is_alone = False

    @property
    def space(self) -> Space:
        if self._space is None or not self._is_alone:
            self._space = space_of(wire.received(self._client.get_space()).hyperparameters)
        return self._space

    def open(self, *, in_driver: bool = False, can_isolate: bool = True) -> None:
        """Does nothing: the chief writes the study."""

    def close(self) -> None:
        """Does nothing: the chief writes the study."""

    def leave(self, reason: str | None) -> None:
        if isinstance(self._local, StrategyOracle):
            self._client.leave(reason)
        else:
            self._is_alone = True

    def begin(self, trial: kt_trial.Trial, tuner_id: str) -> None:
        self._is_alone = False
        # gRPC brings plain hyperparameters; what this build reads must be tracked here.
        overridden = self._local.overridden if isinstance(self._local, StrategyOracle) else ()
        hyperparameters = TrackedHyperParameters.tracking(
            trial.hyperparameters, overridden=overridden
        )
        trial.hyperparameters = hyperparameters
        run = Run.foreign(trial, int(trial.trial_id))
        notes = hyperparameters.notes
        run.failures = notes.get("failures", 0)
        run.interruptions = notes.get("repeat", 0) - run.failures
        run.begin(tuner_id)
        self._runs[trial.trial_id] = run

    def start_clock(self, trial: kt_trial.Trial) -> None:
        self._runs[trial.trial_id].start_clock()

    def learn_space(self, trial: kt_trial.Trial) -> None:
        self._client.update_space(trial.hyperparameters)

    def report(
        self,
        trial: kt_trial.Trial,
        metrics: Mapping[str, float],
        step: int,
        execution: int,
        *,
        last: bool,
    ) -> bool:
        if not isinstance(self._local, StrategyOracle):
            return True
        told = wire.EpochReport(execution, dict(metrics), last)
        try:
            answer = self._client.update_trial(trial.trial_id, wire.report_metrics(told), step=step)
        except TrialTakenError:
            # It stops, and `finish` tells why.
            return False
        return bool(answer.status != kt_trial.TrialStatus.STOPPED)

    def finish(self, trial: kt_trial.Trial) -> None:
        # Loaded with the client, and needed by workers alone.
        import grpc

        if isinstance(self._local, StrategyOracle):
            trial.hyperparameters.values = trial.hyperparameters.active_read()
            trial.hyperparameters.notes["message"] = trial.message
        try:
            self._client.end_trial(trial)
        except grpc.RpcError as error:
            # KerasTuner's own client leaves it to its caller.
            raise ChiefError(f"The chief has ended the search: {error.details()}") from error
        except TrialTakenError as error:
            _LOG.warning("%s", error)
            # No failure: another worker runs it now, or will.
            trial.status, trial.message = kt_trial.TrialStatus.RUNNING, str(error)
        else:
            self._take_verdict(trial, self._client.get_trial(trial.trial_id))

    def record(self, trial: kt_trial.Trial) -> TrialRecord:
        run = self._runs[trial.trial_id]
        run.trial = trial
        return replace(run.record(self._local.seed, ended=run.ended), seed=self.seed(trial))

    def best_trials(self, count: int) -> list[kt_trial.Trial]:
        if self._is_alone:
            # As the chief has left them, in the folder that all share.
            self._local.reload()
            return completed(self._local)[:count]
        best = self._client.get_best_trials(count)
        return [one for one in best if one.status == kt_trial.TrialStatus.COMPLETED]

    def seed(self, trial: kt_trial.Trial) -> int:
        # The chief's search may have a seed that was drawn, and it knows of failed attempts.
        told: int | None = trial.hyperparameters.notes.get("seed")
        return self._runs[trial.trial_id].seed(self._local.seed) if told is None else told

    def _take_verdict(self, trial: kt_trial.Trial, judged: kt_trial.Trial) -> None:
        """Gives the worker's trial the outcome that only the chief can tell."""
        # One that another worker has begun again by now failed here.
        again = judged.status == kt_trial.TrialStatus.RUNNING
        trial.status = kt_trial.TrialStatus.INVALID if again else judged.status
        if not again:
            trial.score, trial.best_step = judged.score, judged.best_step
            trial.metrics = judged.metrics
        verdict = wire.received(judged.hyperparameters).notes.get("message")
        trial.message = trial.message or verdict
