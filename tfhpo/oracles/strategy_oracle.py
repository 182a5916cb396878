"""The one adapter between KerasTuner and every strategy."""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras_tuner
from keras_tuner.engine import trial as kt_trial
from keras_tuner.src.distribute import utils as kt_distribute

from tfhpo.arguments import integer
from tfhpo.errors import ArgumentError, ObjectiveError, SearchFailedError, SpaceError, StudyError
from tfhpo.oracles import fidelity, wire
from tfhpo.oracles.beginning import Beginning
from tfhpo.oracles.conversion import check_distributions
from tfhpo.oracles.failures import FailureLimit
from tfhpo.oracles.hyperparameters import TrackedHyperParameters
from tfhpo.oracles.leases import Leases
from tfhpo.oracles.mismatch import check_same_objective, search_differences
from tfhpo.oracles.objectives import resolve_objective
from tfhpo.oracles.plan import Plan
from tfhpo.oracles.roster import Roster
from tfhpo.oracles.runs import MAX_LOSSES, Run
from tfhpo.oracles.session import Session
from tfhpo.oracles.stored import (
    Heritage,
    merge_stored,
    space_config,
    stored_hyperparameters,
    stored_runs,
    take_up,
)
from tfhpo.oracles.verdict import best_value, check_scored
from tfhpo.pruners import Pruner, make_pruner
from tfhpo.space import Space, Value
from tfhpo.strategies import Strategy
from tfhpo.study import (
    STUDY_FILE,
    Study,
    StudyHeader,
    StudyRecord,
    TrialRecord,
    read_study,
)

# A chief serves for hours with nobody watching: what becomes of its workers belongs in a log.
_LOG = logging.getLogger(__name__)


class StrategyOracle(keras_tuner.Oracle):  # type: ignore[misc]
    """Lets a strategy drive any KerasTuner tuner, and keeps the study on disk.

    It keeps KerasTuner's interface and replaces what stands behind it, because KerasTuner's own
    oracle overwrites its state files in place, discards a seed of 0, calls failed trials the best,
    and leaves its lock held after an exception. Here every trial is one transaction of the study
    (`<directory>/<project_name>/study.sqlite`), which is opened for writing when the first trial
    is asked for; a search that was killed goes on where it was.

    Args:
        strategy: The strategy's class.
        objective: A metric's name, a `keras_tuner.Objective`, or a list of these. The direction of
            Keras's own metrics is known; any other needs an `Objective`.
        max_trials: How many trials to run at most; None for no bound but the space itself.
        options: Further arguments of the strategy, by name.
        distributions: Parameter name to a frozen scipy.stats distribution, or to a list of the
            values to search. Random draws follow the distribution; the Bayesian strategy and TPE
            take it for what you expect, and overcome it where it is wrong. The names must be of
            parameters that are known before the first trial; one that only a later build declares
            cannot have any.
        pruner: What stops hopeless trials early: "median", "asha", a pruner of `tfhpo.pruners`, or
            None (default) for nothing. A trial that was stopped is recorded as pruned, with its
            curve; the strategy learns from what it would likely have scored.
        seed: Makes the whole search repeatable; 0 is a seed like any other. None draws one, which
            the study remembers.
        hyperparameters: Parameters registered in advance; their ranges override the build's.
        allow_new_entries: Whether a build may ask for parameters not in `hyperparameters`.
        tune_new_entries: Whether such parameters are searched rather than left at their defaults.
        max_retries_per_trial: How often a failed trial is run again.
        max_consecutive_failed_trials: The search stops when this many first trials all fail alike
            (three times as many when they only diverged). None never stops it.
        extend: Whether to go on with a study of another space or other settings; past trials that
            fit the new space count as observations of it.
        lease: Under KerasTuner's chief/worker variables, the seconds after which a worker that was
            not heard of loses its trial to the next one that asks. It is repeated there with its
            seed, which counts as no failure; the third worker that it loses fails it. tfhpo's
            tuners give signs of life while they train, and have 120 s by default. KerasTuner's own
            tuners give none, and keep their trials for ever by default: a lease for them must be
            longer than the longest trial.
        clock: What tells the seconds by which leases run.

    Attributes:
        overridden: The names in `hyperparameters`.
        leases: Which worker has which trial.
        in_driver: Whether trials run in this process, as a tuner without workers says of them. Each
            is then counted the times that the program was killed while it ran: the third time
            fails it, for it may be what kills the program.
        can_isolate: Whether they could run in processes of their own, which the cause then advises.
        failure: On a chief, why the search was given up; None otherwise. Raised there, it would
            only kill one worker after the other, and leave the chief waiting for them.

    Raises:
        ArgumentError: If an argument breaks its rule.
        ObjectiveError: If the direction of the objective cannot be known.
    """

    def __init__(
        self,
        strategy: type[Strategy],
        objective: Any = None,
        max_trials: int | None = None,
        *,
        options: Mapping[str, Any] | None = None,
        distributions: Mapping[str, Any] | None = None,
        pruner: Pruner | str | None = None,
        seed: int | None = None,
        hyperparameters: keras_tuner.HyperParameters | None = None,
        allow_new_entries: bool = True,
        tune_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int | None = 3,
        extend: bool = False,
        lease: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        _check_count("max_trials", max_trials, least=1)
        _check_count("max_retries_per_trial", max_retries_per_trial, least=0)
        _check_count("max_consecutive_failed_trials", max_consecutive_failed_trials, least=1)
        _check_count("seed", seed, least=0)
        for name, given in (("options", options), ("distributions", distributions)):
            if given is not None and not isinstance(given, Mapping):
                raise ArgumentError(f"`{name}` must be a dictionary. Received: {given!r}.")
        if not isinstance(hyperparameters, (keras_tuner.HyperParameters, type(None))):
            raise ArgumentError(
                "`hyperparameters` must be a keras_tuner.HyperParameters, whose ranges override "
                "the build's; values to try first go to `enqueue`. "
                f"Received: {hyperparameters!r}."
            )
        super().__init__(
            objective=resolve_objective(objective),
            max_trials=max_trials,
            hyperparameters=hyperparameters,
            allow_new_entries=allow_new_entries,
            tune_new_entries=tune_new_entries,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
        )
        self._seed_given = seed is not None
        # KerasTuner writes `seed or random()`, which turns 0 into another seed at every start.
        self.seed = int(seed) if seed is not None else secrets.randbits(31)
        self._plan = Plan(
            strategy,
            dict(options or {}),
            dict(distributions or {}),
            self.objective,
            max_trials,
            make_pruner(pruner),
        )
        self.overridden = frozenset(hp.name for hp in self.hyperparameters.space)
        self._extend = extend
        self._failure_limit = FailureLimit(max_consecutive_failed_trials)
        self._lock = threading.RLock()
        self._roster = Roster(self)
        self.leases = Leases(lease, clock)
        self._is_chief = False
        self.in_driver, self.can_isolate = False, True
        self.failure: SearchFailedError | None = None
        self._session: Session | None = None
        self._beginning = Beginning(self._plan.fidelity)
        self._has_begun = False
        self._heritage = Heritage()

    @property
    def lock(self) -> threading.RLock:
        """What each call of a method holds; who asks first and acts then holds it for both."""
        return self._lock

    # ------------------------------------------------------------------ the space

    def get_space(self) -> TrackedHyperParameters:
        """Returns a copy of the search space that tracks what a build reads."""
        with self._lock:
            return TrackedHyperParameters.tracking(self.hyperparameters, overridden=self.overridden)

    def update_space(self, hyperparameters: keras_tuner.HyperParameters) -> None:
        """Adds the parameters that are not known yet, in mid-search too.

        Args:
            hyperparameters: Parameters as a build declared them.

        Raises:
            RuntimeError: If there are new ones and `allow_new_entries` is False.
            SpaceError: If a new one cannot be searched.
        """
        with self._lock:
            known = len(self.hyperparameters.space)
            super().update_space(wire.received(hyperparameters).hyperparameters)
            if self._session is not None and len(self.hyperparameters.space) > known:
                with self._recording():
                    config = space_config(self._plan, self.hyperparameters, self._heritage)
                    with _of_the_build():
                        self._session.grow(self._plan.space(self.hyperparameters), config)

    def space_with(self, hyperparameters: keras_tuner.HyperParameters) -> Space:
        """Returns the space as `update_space` would make it, and changes nothing.

        Args:
            hyperparameters: Parameters as a build declared them.

        Raises:
            SpaceError: If the search cannot take them.
        """
        with self._lock:
            known = self.hyperparameters
            told = wire.received(hyperparameters).hyperparameters.space
            new = [hp for hp in told if not known._exists(hp.name, hp.conditions)]
            if new and not self.allow_new_entries:
                raise SpaceError(
                    "With `allow_new_entries=False` a build declares the parameters of "
                    f"`hyperparameters` only. Received also: {new}."
                )
            grown = TrackedHyperParameters.tracking(known)
            if self.tune_new_entries:
                grown.merge(new)
            space = self._plan.space(grown)
            if self._session is not None:
                with _of_the_build():
                    self._session.strategy.check_growth(space)
            return space

    @property
    def prunes(self) -> bool:
        """Whether trials may be stopped early."""
        return self._plan.pruner is not None

    @property
    def fidelity(self) -> str | None:
        """The name of the fidelity of a multi-fidelity strategy, None of any other."""
        return self._plan.fidelity

    @property
    def space(self) -> Space:
        """The search space as the strategy sees it."""
        if self._session is None:
            return self._plan.space(self.hyperparameters)
        return self._session.strategy.space

    # ------------------------------------------------------------------ trials

    def enqueue(self, values: Mapping[str, Value]) -> None:
        """Queues a configuration, to be tried before what the strategy proposes.

        It counts as a trial, and its result teaches the strategy. One that was tried already is
        left out, so a script that queues configurations may simply run again.

        Args:
            values: Parameter name to value, or a `keras_tuner.HyperParameters`. A parameter that
                is missing is at its default, or in the middle of its range where it has none, and a
                fidelity at its lowest; one that is not active under the others does not count.

        Raises:
            ArgumentError: If a parameter does not have such a value. An unknown name is refused
                when the search begins: arguments of `fit` may declare parameters until then.
        """
        with self._lock:
            under_way = self._session is not None
            given = self._beginning.enqueue(
                values, self.space, self.hyperparameters, complete=under_way
            )
            if self._session is not None:
                with self._recording():
                    self._session.enqueue([given])

    def warm_start(self, *studies: Any) -> None:
        """Lets the search begin with what former studies found.

        Their best configurations are tried first, and the Bayesian strategy and TPE trust what
        former results say of the others, as far as the new results agree. The former studies may
        have other ranges, other parameters, another objective or another data set; a trial with a
        value that the new space lacks is left out. What is read is kept in the new study: a search
        that goes on needs the files no more than to tell that they are the same studies.

        Args:
            *studies: Study files or their folders, or what `tfhpo.read_study` returns.

        Raises:
            ArgumentError: If the search has begun, or a study has no completed trial, or is the
                search's own. One that shares nothing with the space is refused when the search
                begins.
            StudyError: If a study cannot be read.
        """
        with self._lock:
            if self._has_begun:
                raise ArgumentError(
                    "A search is warm-started before its first trial. "
                    f"Received: a search of {len(self._roster)} trials."
                )
            self._beginning.warm_start(studies, self.study_path)

    def first_values(self) -> list[dict[str, Value]]:
        """Returns the values that are to be tried first, unknown parameters' included.

        A tuner builds with them before the search, so that the parameters are known which only such
        builds ask for.
        """
        with self._lock:
            return self._beginning.values(self.space)

    def create_trial(self, tuner_id: str) -> kt_trial.Trial:
        """Returns the next trial for a tuner.

        Args:
            tuner_id: Which tuner asks. One that has a trial already is given the same again.

        Returns:
            A RUNNING trial; one that is IDLE while results are awaited; or one that is STOPPED
            when the trials or the space are used up.

        Raises:
            StudyError: If the study cannot be opened or written.
        """
        with self._lock:
            self.open()
            if tuner_id in self.ongoing_trials:
                return self.ongoing_trials[tuner_id]
            self.tuner_ids.add(tuner_id)
            if self.failure is None:
                run = self._roster.next_repeat() or self._taken_back() or self._suggested()
                if run is not None:
                    return self._start(run, tuner_id)
                if self._may_go_on():
                    return self._empty_trial(kt_trial.TrialStatus.IDLE)
            self.tuner_ids.discard(tuner_id)
            stopped = self._empty_trial(kt_trial.TrialStatus.STOPPED)
            if not self.ongoing_trials:
                self._tell_of_the_untried()
                # KerasTuner's own tuners never close an oracle; the next search may be another's.
                self.close()
            return stopped

    def start_clock(self, trial_id: str) -> None:
        """Takes the time of a running trial from now; until then it was that of `create_trial`.

        Args:
            trial_id: Which trial.

        Raises:
            StudyError: If it does not run.
        """
        with self._lock:
            self._roster.running(trial_id).start_clock()

    def release(self, tuner_id: str, why: str, *, is_loss: bool = True) -> None:
        """Takes a worker's trial from it, for another to repeat it with its seed.

        Args:
            tuner_id: The worker; one that has no trial is only forgotten.
            why: What became of it, as the end of a sentence.
            is_loss: Whether the trial may be what ended it.

        Raises:
            StudyError: If the study cannot be written.
        """
        with self._lock:
            self.tuner_ids.discard(tuner_id)
            trial = self.ongoing_trials.get(tuner_id)
            if trial is None:
                return
            run = self._roster[trial.trial_id]
            run.losses += is_loss
            told = f"Trial {trial.trial_id} has lost its worker {tuner_id!r}, which {why}."
            if run.losses < MAX_LOSSES:
                self._roster.end(run)
                self._roster.repeat(run)
                self.leases.end(trial.trial_id)
                _LOG.warning("%s The next worker that asks repeats it.", told)
            else:
                run.trial.status, run.broke_off = kt_trial.TrialStatus.FAILED, True
                run.trial.message = (
                    f"WorkerLost: {told} It was the last of {run.losses}: the trial may be what "
                    "kills them."
                )
                self._conclude(run)

    def report(
        self,
        trial_id: str,
        metrics: Mapping[str, float],
        step: int,
        execution: int = 0,
        *,
        last: bool = False,
    ) -> bool:
        """Records the metrics of an epoch of a running trial.

        Args:
            trial_id: Which trial.
            metrics: Metric name to value.
            step: The epoch, from 0.
            execution: Which execution of the trial, from 0.
            last: Whether this is the last epoch of the last execution: there is nothing to stop.

        Returns:
            Whether the trial should go on. One that does not run should not, and what it reports
            is too late to be recorded.

        Raises:
            StudyError: If there is no such trial.
        """
        with self._lock:
            run = self._roster[trial_id]
            if not self._roster.is_running(trial_id):
                return False
            return self._opened.report(run, execution, step, metrics, last=last)

    def update_trial(
        self, trial_id: str, metrics: Mapping[str, float], step: int = 0
    ) -> kt_trial.Trial:
        """Takes the result of a trial, as KerasTuner's tuners tell it.

        Args:
            trial_id: Which trial.
            metrics: Metric name to value; the objective must be among them.
            step: The epoch of these values, from 0.

        Returns:
            The trial; its status is STOPPED where a worker should give it up. What is told of one
            that does not run is too late.

        Raises:
            ObjectiveError: If the objective is not among the metrics.
        """
        with self._lock:
            run = self._roster[trial_id]
            self.leases.renew(trial_id)
            if not self._roster.is_running(trial_id):
                return self._empty_trial(kt_trial.TrialStatus.STOPPED)
            reported = wire.read_report(metrics)
            if reported is not None:
                go_on = self.report(
                    trial_id,
                    reported.metrics,
                    int(step),
                    reported.execution,
                    last=reported.last,
                )
                return run.trial if go_on else self._empty_trial(kt_trial.TrialStatus.STOPPED)
            self.check_objective_found(metrics)
            # A list of objectives has a value of its own, made of theirs.
            value_of = {self.objective.name: self.objective.get_value(metrics), **metrics}
            for name, value in value_of.items():
                if not run.trial.metrics.exists(name):
                    run.trial.metrics.register(name, direction=self.objective.direction)
                # Past the tracker's own `update`, which warns when every value is NaN.
                run.trial.metrics.metrics[name].update(float(value), step=step)
            return run.trial

    def check_objective_found(self, metrics: Mapping[str, float]) -> None:
        """Checks the result of a trial.

        Args:
            metrics: Metric name to value.

        Raises:
            ObjectiveError: If the objective is not among them.
        """
        if self.objective.name not in metrics and not self.objective.has_value(metrics):
            raise ObjectiveError(
                f"The objective must be among the metrics of the trial. Received: objective "
                f"{self.objective.name!r}, metrics {sorted(metrics)}."
            )

    def end_trial(self, trial: kt_trial.Trial) -> None:
        """Ends an attempt at a trial: records it, teaches the strategy, or queues it again.

        Args:
            trial: The trial with its status COMPLETED, INVALID (it failed and may be run again) or
                FAILED, and the cause of a failure as its message.

        On a chief, the end of an attempt whose trial another worker has by now is not recorded.

        Raises:
            SearchFailedError: If the first trials all failed alike.
            StudyError: If the trial is not running, or the study cannot be written.
        """
        with self._lock:
            told, notes = wire.received(trial.hyperparameters)
            if self._is_chief and self._is_late(trial.trial_id, notes):
                return
            run = self._roster.running(trial.trial_id)
            self.update_space(told)
            run.trial.status = trial.status
            run.trial.message = trial.message or notes.get("message")
            self._take_values(run, told)
            run.broke_off = trial.status != kt_trial.TrialStatus.COMPLETED
            if not run.broke_off:
                if run.trial.metrics.exists(self.objective.name):
                    self.score_trial(run.trial)
                check_scored(run.trial, self.objective)
            self._opened.judge(run)
            self._retry_or_fail(run)
            self._conclude(run)

    def score_trial(self, trial: kt_trial.Trial) -> None:
        """Sets the score and its step: the best finite value that was told, NaN without one."""
        trial.score, trial.best_step = best_value(trial, self.objective)

    def get_best_trials(self, num_trials: int = 1) -> list[kt_trial.Trial]:
        """Returns the best completed trials, the best first; never a failed or a pruned one.

        Args:
            num_trials: How many at most.
        """
        with self._lock:
            self.load()
            completed = [
                trial
                for trial in self.trials.values()
                if trial.status == kt_trial.TrialStatus.COMPLETED
            ]
            sign, name = self._plan.sign, self.fidelity
            ranked = sorted(
                completed,
                key=lambda trial: (-fidelity.level_of(trial, name), sign * trial.score),
            )
            return ranked[:num_trials]

    def recommend(self) -> kt_trial.Trial | None:
        """Returns the completed trial that is likely the best; None before the first.

        With noisy scores the best one is often luck: a strategy with a model, such as the Bayesian
        one, answers by the model's mean, every other one by the score. The study must be open for
        writing, which it is while a search runs; otherwise it is opened.

        Raises:
            StudyError: If the study cannot be opened.
        """
        with self._lock:
            was_closed = self._session is None
            if was_closed and not self.study_path.exists():
                return None
            self.open()
            try:
                best = self._roster.with_key(self._opened.strategy.recommend())
            finally:
                if was_closed:
                    self.close()
            return None if best is None else best.trial

    def trial_seed(self, trial_id: str) -> int:
        """Returns the seed of a trial's current attempt, 31 bits."""
        with self._lock:
            return self._roster[trial_id].seed(self.seed)

    def suggested_values(self, trial_id: str) -> dict[str, Value]:
        """Returns the values that were suggested for a trial; a build may read fewer."""
        with self._lock:
            return dict(self._roster[trial_id].values)

    def trial_record(self, trial_id: str) -> TrialRecord:
        """Returns a trial as a plain record, as it stands now."""
        with self._lock:
            run = self._roster[trial_id]
            return run.record(self.seed, ended=run.ended)

    # ------------------------------------------------------------------ the study

    @property
    def study_path(self) -> Path:
        """Where the study lies."""
        return Path(self._directory or ".") / (self._project_name or "") / STUDY_FILE

    def study(self) -> StudyRecord:
        """Returns the study as plain records.

        Raises:
            StudyError: If there is none yet.
        """
        return read_study(self.study_path)

    def open(self) -> None:
        """Opens the study for writing, or creates it; does nothing where that is done.

        Raises:
            SpaceError: If the space cannot be searched.
            StudyMismatchError: If the study on disk is of another space or other settings.
            StudyError: If it cannot be opened or written.
        """
        with self._lock:
            if self._session is not None:
                return
            self.forget()
            known = self._stored_study()
            if known is None and not self._seed_given:
                # Not that of a study which was looked at, and discarded since.
                self.seed = secrets.randbits(31)
            declared = self._plan.space(self.hyperparameters)
            check_distributions(declared, self._plan.distributions)
            header = self._plan.header(declared, self.seed, self._beginning.former)
            if known is not None:
                check_same_objective(known, header)
            # Before the file is touched: a strategy refuses an empty space.
            self._plan.strategy(declared, self.seed)
            self._beginning.check(declared)
            former: list[StudyRecord] = []

            def compare(stored: StudyHeader, asked: StudyHeader) -> list[str]:
                # Read again: from here on no other process writes.
                former.append(self.study())
                return search_differences(stored, asked, Space.from_config(former[0].space))

            study = Study.open(self.study_path, header, extend=self._extend, differences=compare)
            try:
                session, runs, self._heritage = take_up(
                    self._plan,
                    study,
                    former[0] if former else None,
                    self.hyperparameters,
                    self.overridden,
                    self.seed,
                    self._beginning.former,
                )
                session.enqueue(self._beginning.configurations)
                if study.was_abandoned:
                    session.lose_driver(runs, can_isolate=self.can_isolate)
            except BaseException:
                study.close()
                raise
            self._session, self._has_begun = session, True
            self._is_chief = kt_distribute.is_chief_oracle()
            self._roster.adopt(runs)

    def load(self) -> None:
        """Reads the trials of an existing study, without opening it for writing."""
        with self._lock:
            if self._session is not None or len(self._roster):
                return
            record = self._stored_study()
            if record is not None:
                # With the study's own space: what is declared here may differ from it.
                declared = stored_hyperparameters(record)
                self._roster.adopt(stored_runs(self._plan, record, declared, self.overridden))

    def forget(self) -> None:
        """Drops the trials that were read or run; they are in the study, for another reading."""
        with self._lock:
            self._roster.forget()
            self.leases.forget()

    def close(self) -> None:
        """Closes the study; the next trial that is asked for opens it again."""
        with self._lock:
            if self._session is not None:
                self._session.close()
                self._session = None

    def save(self) -> None:
        """Does nothing: every change is in the study already."""

    def reload(self) -> None:
        """Reads the space and the trials of an existing study.

        KerasTuner's own tuners call it in place of building for the space.
        """
        with self._lock:
            record = self._stored_study()
            if record is not None:
                merge_stored(self.hyperparameters, record)
            self.load()

    def remaining_trials(self) -> int | None:
        """Returns how many trials may still be started, None without a bound."""
        self.load()
        return None if self.max_trials is None else self.max_trials - len(self.trials)

    # ------------------------------------------------------------------ parts: trials

    @property
    def _opened(self) -> Session:
        if self._session is None:
            raise StudyError("The study must be open: ask for a trial first.")
        return self._session

    def _suggested(self) -> Run | None:
        if self.max_trials is not None and len(self.trials) >= self.max_trials:
            return None
        proposal = self._opened.suggest()
        if proposal is None:
            return None
        number = len(self.trials)
        # It is given its copy of the space when it starts, as every attempt is.
        trial = kt_trial.Trial(self.hyperparameters, trial_id=f"{number:04d}")
        return Run(trial, number, *proposal)

    def _tell_of_the_untried(self) -> None:
        untried = self._opened.queued
        if untried and self.failure is None:
            warnings.warn(
                f"{untried} of the queued configurations are not tried: the search has run its "
                f"`max_trials`, {self.max_trials}.",
                stacklevel=3,
            )

    def _may_go_on(self) -> bool:
        """Whether a tuner that gets nothing now may get something later."""
        out_of_trials = self.max_trials is not None and len(self.trials) >= self.max_trials
        if out_of_trials or self._opened.strategy.finished:
            # A trial that is still running may fail, or lose its worker, and be queued again.
            may_come_back = self.max_retries_per_trial > 0 or self.leases.may_expire
            return bool(self.ongoing_trials) and may_come_back
        if not self.ongoing_trials:
            raise StudyError(
                f"The strategy {self._opened.strategy.name!r} waits for results, "
                "yet no trial is running."
            )
        return True

    def _start(self, run: Run, tuner_id: str) -> kt_trial.Trial:
        hyperparameters = TrackedHyperParameters.tracking(
            self.hyperparameters, run.values, self.overridden
        )
        hyperparameters.notes = {
            "seed": run.seed(self.seed),
            # Tells the times apart that a trial was given out, whatever ended the former.
            "repeat": run.repeat,
            "failures": run.failures,
            **fidelity.notes(self.fidelity, self._roster.with_key(self._opened.origin(run))),
        }
        run.trial.hyperparameters = hyperparameters
        run.begin(tuner_id, in_driver=self.in_driver)
        with self._recording():
            self._opened.start(run, len(self.trials))
        self._roster.start(run, tuner_id)
        if self._is_chief:
            self.leases.lend(run.trial.trial_id, tuner_id, run.repeat)
        return run.trial

    def _taken_back(self) -> Run | None:
        """Returns a trial whose worker has been silent for too long, None where there is none.

        It is taken when it is asked for and not before: a worker that was merely late may go on.
        """
        while (late := self.leases.expired()) is not None:
            self.release(late.tuner_id, f"was not heard of for {late.silence:.0f} s")
            run = self._roster.next_repeat()
            if run is not None:
                return run
        return None

    def _is_late(self, trial_id: str, notes: Mapping[str, Any]) -> bool:
        """Whether a worker tells the end of an attempt that was given up."""
        run = self._roster[trial_id]
        told = notes.get("repeat", run.repeat)
        is_late = not self._roster.is_running(trial_id) or told != run.repeat
        if is_late:
            _LOG.warning(
                "A worker has ended trial %s after it was taken from it: not recorded.", trial_id
            )
        return is_late

    def _conclude(self, run: Run) -> None:
        """Records the end of an attempt, whose status is known."""
        if run.ended:
            # Not before: the strategy awaits the point that it suggested.
            run.settle(self._opened.strategy.space)
        with self._recording():
            self._opened.finish(run, len(self.trials))
        self._roster.end(run)
        self.leases.end(run.trial.trial_id)
        self._check_failures()

    def _empty_trial(self, status: str) -> kt_trial.Trial:
        return kt_trial.Trial(self.get_space(), trial_id="", status=status)

    def _take_values(self, run: Run, told: keras_tuner.HyperParameters) -> None:
        """Keeps the values that the trial really used."""
        read = told.active_read() if isinstance(told, TrackedHyperParameters) else told.values
        # Only names are news: a build cannot change the values that it was given.
        values = {name: run.values.get(name, value) for name, value in read.items()}
        run.trial.hyperparameters = TrackedHyperParameters.tracking(
            self.hyperparameters, values, self.overridden
        )

    def _retry_or_fail(self, run: Run) -> None:
        if run.trial.status == kt_trial.TrialStatus.INVALID:
            if run.failures < self.max_retries_per_trial:
                self._roster.repeat(run)
            else:
                run.trial.status = kt_trial.TrialStatus.FAILED

    def _check_failures(self) -> None:
        if self._roster.succeeded:
            return
        try:
            self._failure_limit.check([self.trials[one].message for one in self.end_order])
        except SearchFailedError as error:
            if not self._is_chief:
                raise
            self.failure = error

    # ------------------------------------------------------------------ parts: the study

    @contextlib.contextmanager
    def _recording(self) -> Iterator[None]:
        """Closes the study where it cannot be written: what is in memory is ahead of it then.

        The next trial that is asked for opens it again, as it is on disk.
        """
        try:
            yield
        except StudyError:
            self.close()
            raise

    def _stored_study(self) -> StudyRecord | None:
        """Returns the study on disk if there is one, and takes its seed where none was given."""
        if not self.study_path.exists():
            return None
        known = self.study()
        if not self._seed_given:
            self.seed = known.header.settings["seed"]
        return known


@contextlib.contextmanager
def _of_the_build() -> Iterator[None]:
    """Blames the space for what a strategy refuses: no single trial is at fault, all would be."""
    try:
        yield
    except ArgumentError as error:
        raise SpaceError(str(error)) from error


def _check_count(name: str, value: Any, *, least: int) -> None:
    if value is not None:
        integer(name, value, least)
