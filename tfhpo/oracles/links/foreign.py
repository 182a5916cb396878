"""One of KerasTuner's own oracles, in the tuner's process, and the study that is kept beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import keras_tuner
from keras_tuner.engine import trial as kt_trial
from keras_tuner.src.distribute import utils as kt_distribute

from tfhpo._version import __version__
from tfhpo.errors import SearchFailedError
from tfhpo.oracles.conversion import space_of
from tfhpo.oracles.hyperparameters import TrackedHyperParameters
from tfhpo.oracles.links.link import OracleLink
from tfhpo.oracles.mismatch import check_same_objective, search_differences
from tfhpo.oracles.objectives import check_direction
from tfhpo.oracles.runs import Run
from tfhpo.space import Space
from tfhpo.study import STUDY_FILE, Report, Study, StudyHeader, TrialRecord, TrialStatus, read_study
from tfhpo.study.outcomes import sign_of


def completed(oracle: keras_tuner.Oracle) -> list[kt_trial.Trial]:
    """Returns the completed trials, the best first; KerasTuner adds failed and running ones."""
    sign = sign_of(oracle.objective.direction)
    ended = [one for one in oracle.trials.values() if one.status == kt_trial.TrialStatus.COMPLETED]
    return sorted(ended, key=lambda trial: sign * trial.score)


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
        # The trials whose last attempt failed, and which are to be run again.
        self._failed: set[str] = set()

    @property
    def space(self) -> Space:
        return space_of(self._oracle.hyperparameters)

    def open(self, *, in_driver: bool = False, can_isolate: bool = True) -> None:
        if kt_distribute.is_chief_oracle():
            # It hears nothing of the workers' trials, and an empty study would say there were none.
            return
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
            run = Run.foreign(trial, len(self._runs))
            self._runs[trial.trial_id] = run
        else:
            # Its status tells no more of its failure: KerasTuner has set it to running by now.
            run.trial, retried = trial, trial.trial_id in self._failed
            run.failures += retried
            run.interruptions += not retried
            self._failed.discard(trial.trial_id)
        run.begin(tuner_id)
        if self._study is not None:
            self._study.start(run.record(self._oracle.seed, ended=False), {})

    def start_clock(self, trial: kt_trial.Trial) -> None:
        self._runs[trial.trial_id].start_clock()

    def learn_space(self, trial: kt_trial.Trial) -> None:
        self._oracle.update_space(trial.hyperparameters)

    def report(
        self,
        trial: kt_trial.Trial,
        metrics: Mapping[str, float],
        step: int,
        execution: int,
        *,
        last: bool,
    ) -> bool:
        run = self._runs[trial.trial_id]
        plain = {name: float(value) for name, value in metrics.items()}
        if self._study is not None:
            self._study.report(Report(run.number, run.repeat, execution, step, plain))
        return True

    def finish(self, trial: kt_trial.Trial) -> None:
        try:
            self._oracle.end_trial(trial)
        except RuntimeError as error:
            if trial.trial_id not in self._oracle.end_order:
                raise
            # After too many failures in a row: judged by then, but not saved.
            self._oracle._save_trial(self._oracle.trials[trial.trial_id])
            # Those that run beside it are run again when the search goes on.
            self._oracle.ongoing_trials = {
                tuner_id: other
                for tuner_id, other in self._oracle.ongoing_trials.items()
                if other.trial_id != trial.trial_id
            }
            self._oracle.save()
            self._record_end(trial)
            raise SearchFailedError(f"{type(self._oracle).__name__} gives up: {error}") from error
        self._record_end(trial)

    def record(self, trial: kt_trial.Trial) -> TrialRecord:
        run = self._runs[trial.trial_id]
        return run.record(self._oracle.seed, ended=run.ended)

    def best_trials(self, count: int) -> list[kt_trial.Trial]:
        return completed(self._oracle)[:count]

    def seed(self, trial: kt_trial.Trial) -> int:
        return self._runs[trial.trial_id].seed(self._oracle.seed)

    def _record_end(self, trial: kt_trial.Trial) -> None:
        run = self._runs[trial.trial_id]
        run.trial = self._oracle.trials[trial.trial_id]
        if not run.ended:
            self._failed.add(trial.trial_id)
        if self._study is not None:
            self._study.finish(run.record(self._oracle.seed, ended=True), {})

    def _reconcile(self, record: TrialRecord) -> None:
        """Takes up a recorded trial; one that ended just before the process died is ended here."""
        trial = self._oracle.trials.get(record.trial_id)
        if trial is None:
            trial = kt_trial.Trial(self._oracle.get_space(), record.trial_id)
        run = Run.foreign(trial, record.number)
        run.failures, run.interruptions = record.attempt, record.interruptions
        run.started = record.started
        if record.status is TrialStatus.INVALID:
            self._failed.add(record.trial_id)
        self._runs[record.trial_id] = run
        if run.ended and record.ended is None and self._study is not None:
            self._study.finish(run.record(self._oracle.seed, ended=True), {})

    def _adopt(self, trial: kt_trial.Trial) -> None:
        """Records a trial that ended before the study was kept, under KerasTuner's own tuner."""
        run = Run.foreign(trial, len(self._runs))
        if trial.trial_id in self._runs or not run.ended or self._study is None:
            return
        self._runs[trial.trial_id] = run
        ended = run.record(self._oracle.seed, ended=True)
        self._study.start(replace(ended, status=TrialStatus.RUNNING, ended=None), {})
        self._study.finish(ended, {})
