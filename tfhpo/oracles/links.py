"""How a tuner deals with whatever oracle it was given: ours, KerasTuner's, or one on the chief."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner.engine import trial as kt_trial

from tfhpo._version import __version__
from tfhpo.oracles import wire
from tfhpo.oracles.conversion import space_of
from tfhpo.oracles.hyperparameters import TrackedHyperParameters
from tfhpo.oracles.mismatch import check_same_objective, search_differences
from tfhpo.oracles.objectives import check_direction
from tfhpo.oracles.runs import Run
from tfhpo.oracles.strategy_oracle import StrategyOracle
from tfhpo.space import Point, Space
from tfhpo.study import STUDY_FILE, Report, Study, StudyHeader, TrialRecord, TrialStatus, read_study


class OracleLink(ABC):
    """What a tuner needs of an oracle beyond KerasTuner's interface."""

    @property
    @abstractmethod
    def space(self) -> Space:
        """The space as it is known now."""

    @abstractmethod
    def open(self) -> None:
        """Opens the study for writing, where this process is the one that writes it."""

    @abstractmethod
    def close(self) -> None:
        """Closes the study."""

    @abstractmethod
    def begin(self, trial: kt_trial.Trial, tuner_id: str) -> None:
        """Takes note of a trial that was just created."""

    @abstractmethod
    def learn_space(self, trial: kt_trial.Trial) -> None:
        """Adds the parameters that the trial's build asked for to the space."""

    @abstractmethod
    def report(
        self, trial: kt_trial.Trial, metrics: Mapping[str, float], step: int, execution: int
    ) -> bool:
        """Records an epoch, and returns whether the trial should go on."""

    @abstractmethod
    def finish(self, trial: kt_trial.Trial) -> None:
        """Ends the attempt at the oracle, and records it."""

    @abstractmethod
    def record(self, trial: kt_trial.Trial) -> TrialRecord:
        """Returns the trial as a plain record, as it stands now."""

    @abstractmethod
    def seed(self, trial: kt_trial.Trial) -> int:
        """Returns the seed of the trial's current attempt."""


class StrategyLink(OracleLink):
    """Our own oracle, in this process: it keeps its study itself."""

    def __init__(self, oracle: StrategyOracle) -> None:
        self._oracle = oracle

    @property
    def space(self) -> Space:
        return self._oracle.space

    def open(self) -> None:
        self._oracle.open()

    def close(self) -> None:
        self._oracle.close()

    def begin(self, trial: kt_trial.Trial, tuner_id: str) -> None:
        """Does nothing: `create_trial` has recorded it."""

    def learn_space(self, trial: kt_trial.Trial) -> None:
        self._oracle.update_space(trial.hyperparameters)

    def report(
        self, trial: kt_trial.Trial, metrics: Mapping[str, float], step: int, execution: int
    ) -> bool:
        return self._oracle.report(trial.trial_id, metrics, step, execution)

    def finish(self, trial: kt_trial.Trial) -> None:
        self._oracle.end_trial(trial)

    def record(self, trial: kt_trial.Trial) -> TrialRecord:
        return self._oracle.trial_record(trial.trial_id)

    def seed(self, trial: kt_trial.Trial) -> int:
        return self._oracle.trial_seed(trial.trial_id)


class WorkerLink(OracleLink):
    """An oracle on the chief, reached through KerasTuner's gRPC; the chief keeps the study.

    Args:
        client: KerasTuner's client.
        local: The oracle that the worker built before it was replaced by the client.
    """

    def __init__(self, client: Any, local: keras_tuner.Oracle) -> None:
        self._client = client
        self._local = local
        self._runs: dict[str, Run] = {}

    @property
    def space(self) -> Space:
        return space_of(wire.received(self._client.get_space()).hyperparameters)

    def open(self) -> None:
        """Does nothing: the chief writes the study."""

    def close(self) -> None:
        """Does nothing: the chief writes the study."""

    def begin(self, trial: kt_trial.Trial, tuner_id: str) -> None:
        # gRPC brings plain hyperparameters; what this build reads must be tracked here.
        overridden = self._local.overridden if isinstance(self._local, StrategyOracle) else ()
        hyperparameters = TrackedHyperParameters.tracking(
            trial.hyperparameters, overridden=overridden
        )
        trial.hyperparameters = hyperparameters
        run = _foreign_run(trial, int(trial.trial_id))
        run.attempt = hyperparameters.notes.get("attempt", 0)
        run.begin(tuner_id)
        self._runs[trial.trial_id] = run

    def learn_space(self, trial: kt_trial.Trial) -> None:
        self._client.update_space(trial.hyperparameters)

    def report(
        self, trial: kt_trial.Trial, metrics: Mapping[str, float], step: int, execution: int
    ) -> bool:
        if not isinstance(self._local, StrategyOracle):
            return True
        answer = self._client.update_trial(
            trial.trial_id, wire.report_metrics(metrics, execution), step=step
        )
        return bool(answer.status != kt_trial.TrialStatus.STOPPED)

    def finish(self, trial: kt_trial.Trial) -> None:
        if isinstance(self._local, StrategyOracle):
            trial.hyperparameters.values = trial.hyperparameters.active_read()
            trial.hyperparameters.notes["message"] = trial.message
        self._client.end_trial(trial)
        self._take_verdict(trial, self._client.get_trial(trial.trial_id))

    def record(self, trial: kt_trial.Trial) -> TrialRecord:
        run = self._runs[trial.trial_id]
        run.trial = trial
        return replace(run.record(self._local.seed, ended=run.ended), seed=self.seed(trial))

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


class ForeignLink(OracleLink):
    """One of KerasTuner's own oracles: it keeps its files, and the study is kept beside it.

    Args:
        oracle: The oracle.
        folder: Where its project lies.
        overridden: The names of the parameters that the user registered in advance.

    Raises:
        ObjectiveError: If KerasTuner inferred the wrong direction for the objective.
    """

    def __init__(self, oracle: keras_tuner.Oracle, folder: Path, overridden: Iterable[str]) -> None:
        check_direction(oracle.objective)
        # Its own display prints a table per trial; the tuner shows one line.
        oracle.verbose = 0
        self._oracle = oracle
        self._path = folder / STUDY_FILE
        self._overridden = frozenset(overridden)
        self._study: Study | None = None
        self._runs: dict[str, Run] = {}

    @property
    def space(self) -> Space:
        return space_of(self._oracle.hyperparameters)

    def open(self) -> None:
        objective = self._oracle.objective
        header = StudyHeader(
            objective=objective.name,
            direction=objective.direction,
            space=self.space.config(),
            settings={"oracle": type(self._oracle).__name__},
            version=__version__,
        )
        if self._path.exists():
            check_same_objective(read_study(self._path), header)
        self._study = Study.open(self._path, header, differences=search_differences)
        for record in self._study.trials():
            self._reconcile(record)
        for trial_id in self._oracle.start_order:
            self._adopt(self._oracle.trials[trial_id])

    def close(self) -> None:
        if self._study is not None:
            self._study.close()
            self._study = None

    def begin(self, trial: kt_trial.Trial, tuner_id: str) -> None:
        trial.hyperparameters = TrackedHyperParameters.tracking(
            trial.hyperparameters, overridden=self._overridden
        )
        run = self._runs.get(trial.trial_id)
        if run is None:
            run = _foreign_run(trial, len(self._runs))
            self._runs[trial.trial_id] = run
        else:
            run.trial, run.attempt = trial, run.attempt + 1
        run.begin(tuner_id)
        if self._study is not None:
            self._study.start(run.record(self._oracle.seed, ended=False), {})

    def learn_space(self, trial: kt_trial.Trial) -> None:
        self._oracle.update_space(trial.hyperparameters)

    def report(
        self, trial: kt_trial.Trial, metrics: Mapping[str, float], step: int, execution: int
    ) -> bool:
        run = self._runs[trial.trial_id]
        plain = {name: float(value) for name, value in metrics.items()}
        if self._study is not None:
            self._study.report(Report(run.number, run.attempt, execution, step, plain))
        return True

    def finish(self, trial: kt_trial.Trial) -> None:
        self._oracle.end_trial(trial)
        run = self._runs[trial.trial_id]
        run.trial = self._oracle.trials[trial.trial_id]
        if self._study is not None:
            self._study.finish(run.record(self._oracle.seed, ended=True), {})

    def record(self, trial: kt_trial.Trial) -> TrialRecord:
        run = self._runs[trial.trial_id]
        return run.record(self._oracle.seed, ended=run.ended)

    def seed(self, trial: kt_trial.Trial) -> int:
        return self._runs[trial.trial_id].seed(self._oracle.seed)

    def _reconcile(self, record: TrialRecord) -> None:
        """Takes up a recorded trial; one that ended just before the process died is ended here."""
        trial = self._oracle.trials.get(record.trial_id)
        if trial is None:
            trial = kt_trial.Trial(self._oracle.get_space(), record.trial_id)
        run = _foreign_run(trial, record.number)
        run.attempt, run.started = record.attempt, record.started
        self._runs[record.trial_id] = run
        if run.ended and record.ended is None and self._study is not None:
            self._study.finish(run.record(self._oracle.seed, ended=True), {})

    def _adopt(self, trial: kt_trial.Trial) -> None:
        """Records a trial that ended before the study was kept, under KerasTuner's own tuner."""
        run = _foreign_run(trial, len(self._runs))
        if trial.trial_id in self._runs or not run.ended or self._study is None:
            return
        self._runs[trial.trial_id] = run
        ended = run.record(self._oracle.seed, ended=True)
        self._study.start(replace(ended, status=TrialStatus.RUNNING, ended=None), {})
        self._study.finish(ended, {})


def link_to(
    oracle: Any, local: keras_tuner.Oracle, folder: Path, overridden: Iterable[str]
) -> OracleLink:
    """Returns the link that fits an oracle.

    Args:
        oracle: What the tuner talks to: an oracle, or KerasTuner's client of one on the chief.
        local: The oracle that the tuner was made with.
        folder: Where the project lies.
        overridden: The names of the parameters that the user registered in advance.
    """
    if isinstance(oracle, StrategyOracle):
        return StrategyLink(oracle)
    if isinstance(oracle, keras_tuner.Oracle):
        return ForeignLink(oracle, folder, overridden)
    return WorkerLink(oracle, local)


def _foreign_run(trial: kt_trial.Trial, number: int) -> Run:
    nowhere = Point(np.zeros(0), np.zeros(0, dtype=bool))
    return Run(trial, number, None, nowhere, dict(trial.hyperparameters.values))
