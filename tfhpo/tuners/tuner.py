"""The tuner: trials one after another, from the oracle's values to a recorded score."""

from __future__ import annotations

import contextlib
import copy
import statistics
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import keras
import keras_tuner
from keras_tuner.engine import trial as kt_trial
from keras_tuner.src.distribute import utils as kt_distribute
from keras_tuner.src.engine import tuner as kt_tuner
from keras_tuner.src.engine import tuner_utils

from tfhpo.distribution import Distribution, Given, warn_of_unshared_statistics
from tfhpo.errors import (
    ArgumentError,
    ChiefError,
    DistributionError,
    MissingExtraError,
    ObjectiveError,
    SearchFailedError,
    SpaceError,
    StudyError,
    TrialTakenError,
)
from tfhpo.execution import InProcess, InStep, Report, Workers
from tfhpo.hp import advise
from tfhpo.oracles import StrategyOracle
from tfhpo.oracles.hyperparameters import TrackedHyperParameters
from tfhpo.oracles.links import link_to
from tfhpo.oracles.runs import PRUNED
from tfhpo.reporting import ProgressLine
from tfhpo.study import STUDY_FILE, StudyRecord, TrialRecord, read_study
from tfhpo.study.outcomes import sign_of
from tfhpo.tensorboard import HParamsLogger
from tfhpo.tuners import checks, chief
from tfhpo.tuners.budget import Budget
from tfhpo.tuners.callback_files import log_apart, moving, write_apart
from tfhpo.tuners.checkpoints import Keep, load_weights
from tfhpo.tuners.compiling import build_optimizer, compile_anew
from tfhpo.tuners.continuation import Rungs, TrainingStates, continue_for_keras_tuner
from tfhpo.tuners.distant import (
    Attempt,
    DistantOracle,
    DistantTraining,
    Driver,
    Wire,
    answers_of,
)
from tfhpo.tuners.distributing import check_distribution
from tfhpo.tuners.engines import EngineName, Engines
from tfhpo.tuners.fit_arguments import resolve, resolve_data
from tfhpo.tuners.former_training import ChangedTrainingWarning, compare_and_keep
from tfhpo.tuners.in_flight import InFlight
from tfhpo.tuners.interruption import Interruption
from tfhpo.tuners.keeping import BestWeights
from tfhpo.tuners.learning_rates import (
    PlanCallback,
    PlanWarning,
    check_single_setter,
    planned_steps,
)
from tfhpo.tuners.listeners import Listeners, SearchListener
from tfhpo.tuners.logs import logger_of
from tfhpo.tuners.memory import TrialMemory
from tfhpo.tuners.preparation import Preparation
from tfhpo.tuners.quiet import without_retracing_warnings
from tfhpo.tuners.scores import Scores
from tfhpo.tuners.search_loop import SearchLoop
from tfhpo.tuners.trainer import Trainer
from tfhpo.tuners.training import HookCallback
from tfhpo.tuners.warn_once import WarnOnce

if TYPE_CHECKING:
    import pandas as pd

_COMPLETED, _FAILED = kt_trial.TrialStatus.COMPLETED, kt_trial.TrialStatus.FAILED
# What is no single trial's failure.
_ENDS_SEARCH = (
    StudyError,
    SearchFailedError,
    SpaceError,
    ObjectiveError,
    DistributionError,
    MissingExtraError,
    ChiefError,
    keras_tuner.errors.FatalError,
)
# Where callbacks write that name no folder, in the folder of the search.
_CALLBACKS = "callbacks"
# Reasons to stop after which no trial goes on from another, unless there will be more of them.
_USED_UP = ("max_trials", "exhausted")
_INTERRUPTED = (
    "Interrupted: every trial that ended is kept, and the next search here goes on from there.\n"
)


class Tuner(keras_tuner.Tuner):  # type: ignore[misc]
    """Tunes a Keras model with any oracle, ours or KerasTuner's.

    It is KerasTuner's `Tuner` with the same arguments, and with what its users lack: every trial is
    in a study on disk (`study.sqlite` in the project's folder), a search that was killed goes on
    where it was, arguments of `fit` can be hyperparameters, failures are recorded with their
    cause, only the best trials' weights are kept, and a progress line and TensorBoard show the
    search.

    Example:
        >>> tuner = tfhpo.Tuner(tfhpo.oracles.ElasticGridOracle("val_accuracy", 30), build)
        >>> tuner.search(x, y, validation_split=0.2, epochs=5,
        ...              batch_size=lambda hp: hp.Choice("batch_size", [16, 32, 64]))
        >>> model = tuner.get_best_models()[0]

    Args:
        oracle: What proposes the trials.
        hypermodel: A function `build(hp)` that returns a compiled model, or a
            `keras_tuner.HyperModel`.
        logdir: Where to write for TensorBoard, or None for nowhere.
        checkpoints: How many best trials' weights to keep; 0 for none, "all" for every trial's.
            KerasTuner's Hyperband needs and keeps all until the search ends.
        max_time: Seconds after which no further trial starts.
        target: A score; no further trial starts once it is reached.
        patience: No further trial starts after this many in a row without a better score. Under
            KerasTuner's chief/worker variables each worker counts its own.
        listeners: Further listeners of the search.
        workers: How many trials run at a time, each in a process of its own; "auto" for one per
            GPU, and without GPUs one per processor core. By default one trial after another runs
            in this process.
        isolate: Whether the trials of a single worker run in another process, too. What kills it
            costs one attempt at one trial.
        engine: Where workers run: in "processes" of this machine, or on a "ray" cluster, whose
            nodes share the project's folder. There, `workers` is by default as many as there is
            room for.
        gpus_per_trial: How many GPUs each worker gets; a share, such as 0.5, lets several have one.
            By default as many as there are for each (on Ray, none).
        cpus_per_trial: How many processor cores each worker gets, which bounds the threads of its
            numeric libraries: a whole number, on Ray a share too. By default an equal share of this
            machine's, on Ray 1. With `workers="auto"` there are as many workers as fit.
        trial_timeout: In seconds; a trial that takes longer is ended, and has failed.
        trials_per_process: After so many trials a worker's process is replaced. Default 100.
        max_process_memory: In bytes; a process that passes this is replaced after its trial.
        max_trial_memory: In bytes; a trial whose process passes this is ended, and has failed
            ("memory"). Data that the processes share do not count (on macOS they do).
        ray_address: Of the Ray cluster, as `ray.init` takes it; by default the one that the program
            is connected to, else the environment's RAY_ADDRESS.
        max_model_size: How many parameters a model may have; a trial of a larger one fails.
        optimizer: An optimiser or its name, in place of the one that `build` compiles with.
        loss: As in `compile`, in place of that of `build`.
        metrics: As in `compile`, in place of those of `build`.
        distribution: How each trial's training is distributed over devices, with `tf.distribute`:
            "mirrored" over all GPUs that the process sees, or without GPUs all logical devices of
            the CPU; "one_device"; "multi_worker_mirrored" over the processes of a cluster, each of
            which runs the same program with its own TF_CONFIG; a `tf.distribute.Strategy`; or a
            function without arguments that returns one, called in each process that trains. The
            `batch_size` of `fit` is that of all replicas together. BatchNormalization needs
            `synchronized=True` to see all of it.
        distribution_strategy: KerasTuner's name for the same, a `tf.distribute.Strategy`.
        directory: The folder of all projects; the working directory by default.
        project_name: The project's folder in it. Default "untitled_project".
        tuner_id: This worker's name, under KerasTuner's chief/worker variables.
        overwrite: Whether to discard a former project with all that is in its folder: when the
            search begins, or at once with one of KerasTuner's own oracles.
        executions_per_trial: How often each trial is trained; its score is the mean. Default 1.

    Attributes:
        stop_reason: Why the last search ended: "max_trials", "exhausted", "max_time", "target",
            "patience" or "interrupted"; None before and after an error.
        leads: Whether this process holds the study. Under "multi_worker_mirrored" only the first
            task does: the others train along, and have no results after it.

    Raises:
        ArgumentError: If an argument breaks its rule, or `build` returns no compiled model.
        DistributionError: If the trials cannot be distributed as asked.
        StudyError: If the folder cannot be used.
    """

    distribution_strategy: Any

    def __init__(
        self,
        oracle: keras_tuner.Oracle,
        hypermodel: Any = None,
        *,
        logdir: str | Path | None = None,
        checkpoints: Keep = 1,
        max_time: float | None = None,
        target: float | None = None,
        patience: int | None = None,
        listeners: Sequence[SearchListener] = (),
        workers: Workers | None = None,
        isolate: bool = False,
        engine: EngineName = "processes",
        gpus_per_trial: float | None = None,
        cpus_per_trial: float | None = None,
        trial_timeout: float | None = None,
        trials_per_process: int | None = None,
        max_process_memory: int | None = None,
        max_trial_memory: int | None = None,
        ray_address: str | None = None,
        max_model_size: int | None = None,
        optimizer: Any = None,
        loss: Any = None,
        metrics: Any = None,
        distribution: Given | None = None,
        distribution_strategy: Any = None,
        directory: str | Path | None = None,
        project_name: str | None = None,
        tuner_id: str | None = None,
        overwrite: bool = False,
        executions_per_trial: int = 1,
    ) -> None:
        checks.check_oracle(oracle)
        checks.check_executions(executions_per_trial)
        checks.check_place(directory, project_name)
        checks.check_logdir(logdir)
        checks.check_variables()
        folder = Path(directory or ".") / (project_name or "untitled_project")
        checks.check_folder(folder)
        checks.check_hypermodel(hypermodel, needed=type(self).run_trial is Tuner.run_trial)
        self._engines = Engines(
            workers,
            isolate,
            engine,
            gpus_per_trial,
            cpus_per_trial,
            trial_timeout,
            trials_per_process,
            max_process_memory,
            max_trial_memory,
            ray_address,
        )
        self._distribution = Distribution.asked(distribution, distribution_strategy)
        elsewhere = self._engines.elsewhere
        check_distribution(self._distribution, elsewhere=elsewhere, oracle=oracle)
        # Before all else: a cluster must be joined before TensorFlow runs anything.
        self._crew = self._distribution.crew()
        self.leads = self._crew is None or self._crew.leads
        trains_here = self._crew is None and not elsewhere
        self._engine = self._engines.make(crew=self._crew)
        self._compiled_later = bool(optimizer or loss)
        self._budget = Budget(max_time, target, patience)
        # KerasTuner's own oracles have none, and workers know it of the oracle they were made with.
        fidelity = oracle.fidelity if isinstance(oracle, StrategyOracle) else None
        self._rungs = Rungs(fidelity, TrainingStates(self.get_trial_dir))
        self._weights = BestWeights(
            checkpoints,
            self.get_trial_dir,
            lambda count: self._link.best_trials(count),
            self._sign,
            fidelity,
        )
        self._listeners = tuple(listeners)
        self._logdir = logdir
        self._overwrite = checks.may_overwrite(folder, wanted=overwrite and self.leads)
        # A study of ours is discarded when the search begins: not for a mistake found before that.
        self._discards = self._overwrite and isinstance(oracle, StrategyOracle)
        self._local_oracle = oracle
        # What the user registered in advance; the build's own ranges must not contradict it.
        self._overridden = frozenset(hp.name for hp in oracle.hyperparameters.space)
        self._told: SearchListener = Listeners(())
        self._trainer: Trainer | None = None
        self._memory = TrialMemory()
        # A task that is interrupted in mid-step would leave the others waiting for it.
        self._interruption = Interruption(at_once=self._crew is None)
        self._fit_arguments: tuple[tuple[Any, ...], dict[str, Any]] | None = None
        self.stop_reason: str | None = None
        self._advised: set[str] = set()
        self._warn_once = WarnOnce()
        # It builds, which may fail.
        with checks.new_folder(folder):
            super().__init__(
                oracle,
                hypermodel,
                max_model_size=max_model_size,
                optimizer=optimizer,
                loss=loss,
                metrics=metrics,
                # Where another process trains, it makes the strategy.
                distribution_strategy=self._distribution.strategy if trains_here else None,
                directory=directory,
                project_name=project_name,
                tuner_id=tuner_id,
                overwrite=self._overwrite and not self._discards,
                executions_per_trial=executions_per_trial,
            )
            if self._is_worker() and isinstance(oracle, StrategyOracle):
                self.oracle: Any = chief.client_of(oracle, self.tuner_id)
            self._link = link_to(self.oracle, oracle, folder, self._overridden)
        # Whom a trial tells that is run outside of a search.
        self._driver = Driver(self._link, Listeners(()), self._take_result)

    # ------------------------------------------------------------------ the search

    def enqueue(self, values: Mapping[str, Any]) -> None:
        """Queues a configuration, to be tried before what the oracle proposes.

        Args:
            values: As of `tfhpo.oracles.StrategyOracle.enqueue`: names to values, the rest at their
                defaults; or a `HyperParameters`, such as the best ones of another search.

        Raises:
            ArgumentError: If a parameter does not have such a value, or the oracle is one of
                KerasTuner's own, which has no queue.
        """
        self._own_oracle("have a queue of configurations").enqueue(values)

    def warm_start(self, *studies: Any) -> None:
        """Lets the search begin with what former studies found.

        Args:
            *studies: As of `tfhpo.oracles.StrategyOracle.warm_start`: study files or their folders,
                or what another tuner's `study()` returns.

        Raises:
            ArgumentError: If the search has begun, a study has no completed trial, or the oracle
                is one of KerasTuner's own.
            StudyError: If a study cannot be read.
        """
        self._own_oracle("can begin with former studies").warm_start(*studies)

    def _own_oracle(self, ability: str) -> StrategyOracle:
        if isinstance(self._local_oracle, StrategyOracle):
            return self._local_oracle
        raise ArgumentError(
            f"Only tfhpo's oracles {ability}. Received: {type(self._local_oracle).__name__}."
        )

    def search(self, *fit_args: Any, verbose: int | Literal["auto"] = 1, **fit_kwargs: Any) -> None:
        """Runs trials until the oracle or a budget ends the search.

        Ctrl-C ends it cleanly: a line on standard error says so, `stop_reason` is "interrupted",
        and the trial that was interrupted is run again by the next search.
        Where its trials train for other epochs, or on data of another shape, than those before
        them, a `ChangedTrainingWarning` says so.

        Args:
            *fit_args: Positional arguments of `fit`: `x`, `y`. A function without arguments, or of
                `hp`, is called for each training where it takes place: workers need one for a
                `tf.data.Dataset`, which cannot be carried to another process.
            verbose: 0 for silence, 1 or "auto" for the progress line, 2 for Keras's lines too, and
                what else worker processes of this machine print, each line with its trial.
            **fit_kwargs: Keyword arguments of `fit`. A function of `hp` makes one a
                hyperparameter: `epochs=lambda hp: hp.Int("epochs", 5, 20)`. `callbacks` may be a
                function that makes them anew for each execution. What CSVLogger, ModelCheckpoint,
                BackupAndRestore and TensorBoard write goes into a folder for each, below the one
                that they name: `logs/epochs.csv` into `logs/0003/execution0/epochs.csv`, say, or
                where the trial is run again `logs/0003/execution0-repeat1/epochs.csv`; a name alone
                counts from `callbacks` in the folder of the search.

        Raises:
            ArgumentError: If the data or an argument does not fit; before any training.
            ObjectiveError: If the objective is not among the metrics; before any training.
            SearchFailedError: If the first trials all failed alike.
            StudyError: If the study cannot be used.
            DistributionError: If a strategy cannot be made where the trials run, or a process that
                trains along is lost.
            ChiefError: Under KerasTuner's chief/worker variables, on a worker if the chief is gone
                or has ended the search, on the chief if there is no worker for too long.
        """
        self.stop_reason = None
        self._warn_once.forget_plans()
        level = checks.verbosity(verbose)
        self._engine = self._engines.make(echo=print if level > 1 else None, crew=self._crew)
        fit_kwargs = self._rungs.without_epochs(fit_kwargs)
        self._fit_arguments = (fit_args, dict(fit_kwargs))
        metrics = self._preparation().check(fit_args, fit_kwargs)
        if isinstance(self._engine, InStep) and not self.leads:
            self._follow(self._engine, fit_args, {**fit_kwargs, "verbose": 0})
            return
        tensorboard = self._tensorboard()
        self._discard_former(tensorboard)
        try:
            is_chief = kt_distribute.is_chief_oracle()
            self._link.open(
                in_driver=isinstance(self._engine, InProcess) and not is_chief,
                can_isolate=self._crew is None,
            )
            self._take_up_weights()
            if is_chief:
                self.stop_reason = chief.serve(self.oracle, sums_up=bool(level))
                if self.stop_reason != "interrupted":
                    self._settle_weights()
            else:
                self._warn_of_changes(fit_args, fit_kwargs)
                telling = self._telling(level, metrics, tensorboard)
                with without_retracing_warnings(), self._memory, self._interruption, telling:
                    self._run_trials(fit_args, {**fit_kwargs, "verbose": 2 if level > 1 else 0})
            if not self._is_worker() and self.stop_reason in _USED_UP:
                # A worker's end is not the search's: others may go on from what it left.
                self._rungs.clear(Path(self.project_dir))
        finally:
            self._link.close()
        self._tell_of_interruption()

    def _tell_of_interruption(self) -> None:
        if self.stop_reason == "interrupted":
            sys.stderr.write(_INTERRUPTED)

    def _run_trials(self, fit_args: tuple[Any, ...], fit_kwargs: dict[str, Any]) -> None:
        if isinstance(self._local_oracle, keras_tuner.oracles.HyperbandOracle):
            # Its later rounds go on from the weights of any earlier trial.
            self._weights.keep_all_for_now()
        self.on_search_begin()
        loop = self._loop()
        answers = answers_of(self._link, self._told, self._take_result)
        try:
            self._engine.run(
                self._training(fit_args, fit_kwargs),
                loop.tasks(),
                lambda _, question, args, kwargs: answers[question](*args, **kwargs),
                loop.take,
            )
        except KeyboardInterrupt:
            self.stop_reason = "interrupted"
        else:
            self.stop_reason = loop.stop_reason
            self._settle_weights()
        finally:
            # Before the listeners hear of the end: a chief that is gone must not be waited for.
            self._link.leave(self.stop_reason)
        self.on_search_end()

    def _take_up_weights(self) -> None:
        if not self._is_worker():
            self._weights.take_up(Path(self.project_dir), self.oracle.end_order)

    def _settle_weights(self) -> None:
        if self._is_worker() and not isinstance(self._local_oracle, StrategyOracle):
            # KerasTuner's chief may be gone by now; it does this when all have ended.
            return
        # Once more: what a lost process left, or a worker that has gone, nobody has charge of.
        self._take_up_weights()
        self._weights.settle()

    def _warn_of_changes(self, fit_args: tuple[Any, ...], fit_kwargs: Mapping[str, Any]) -> None:
        if self._is_worker():
            return
        begun, folder = bool(self.oracle.end_order), Path(self.project_dir)
        changes = compare_and_keep(folder, fit_args, fit_kwargs, begun=begun)
        if changes is not None:
            warnings.warn(changes, ChangedTrainingWarning, stacklevel=3)

    def _loop(self) -> SearchLoop:
        oracle = self._local_oracle
        return SearchLoop(
            self,
            link=self._link,
            told=self._told,
            budget=self._budget,
            scores=Scores(
                self.oracle,
                self._link.best_trials,
                self._rungs.fidelity,
                is_worker=self._is_worker(),
            ),
            rungs=self._rungs,
            weights=self._weights,
            in_flight=InFlight(self.tuner_id, workers=not isinstance(self._engine, InProcess)),
            is_worker=self._is_worker(),
            prunes=isinstance(oracle, StrategyOracle) and oracle.prunes,
            warn=self._warn_once,
        )

    def _training(
        self, fit_args: tuple[Any, ...], fit_kwargs: dict[str, Any]
    ) -> Callable[[kt_trial.Trial, Report], Attempt]:
        """Returns what trains a trial where the engine runs it."""
        wire = Wire()
        if not isinstance(self._engine, InProcess) or self._crew is not None:
            there = self._sent(wire)._attempt_distributed
            return DistantTraining(there, wire, fit_args, fit_kwargs)

        def train(trial: kt_trial.Trial, report: Report) -> Attempt:
            wire.open(report)
            direct, self._driver = self._driver, Driver.at_end_of(wire)
            try:
                return self._attempt(trial, *fit_args, **fit_kwargs)
            finally:
                self._driver = direct

        return train

    def _follow(
        self, engine: InStep, fit_args: tuple[Any, ...], fit_kwargs: dict[str, Any]
    ) -> None:
        """Trains along with the first task of a cluster, which keeps what the search finds."""
        with self._memory:
            engine.follow(self._training(fit_args, fit_kwargs))

    def _sent(self, wire: Wire) -> Tuner:
        """Returns this tuner as it goes to another process, where it only trains."""
        sent = copy.copy(self)
        # Its working directory may be another.
        sent.directory = str(Path(self.directory).absolute())
        sent.oracle = sent._local_oracle = DistantOracle(self.oracle.objective, wire)
        sent._driver = Driver.at_end_of(wire)
        sent._link, sent._told, _ = sent._driver
        sent._rungs = Rungs(self._rungs.fidelity, TrainingStates(sent.get_trial_dir))
        sent._weights = BestWeights(
            self._weights.keep,
            sent.get_trial_dir,
            sent._link.best_trials,
            sent._sign,
            self._rungs.fidelity,
            writes=self.leads,
        )
        sent._memory, sent._trainer = TrialMemory(), None
        # What it warns of is passed on, and told there.
        sent._warn_once = WarnOnce()
        # What belongs to the search alone.
        sent._listeners, sent._fit_arguments = (), None
        sent._engine, sent._interruption = InProcess(), Interruption()
        return sent

    @contextlib.contextmanager
    def _telling(
        self, verbose: int, metrics: Sequence[str], tensorboard: HParamsLogger | None
    ) -> Iterator[None]:
        objective = self.oracle.objective
        listeners: list[SearchListener] = []
        if verbose:
            listeners.append(
                ProgressLine(
                    objective.name,
                    objective.direction,
                    # A worker knows of its own trials only.
                    max_trials=None if self._is_worker() else self.oracle.max_trials,
                    max_time=self._budget.max_time,
                    done=self._known_trials(),
                    retries=self._local_oracle.max_retries_per_trial,
                    worker=self.tuner_id if self._is_worker() else None,
                )
            )
        if tensorboard is not None:
            listeners.append(tensorboard)
        # Last, so that the others have heard of the trial that it breaks off.
        self._told = Listeners([*listeners, *self._listeners, self._interruption])
        self._told.on_search_begin(self._link.space, objective.name, objective.direction, metrics)
        try:
            yield
        finally:
            self._told.on_search_end(self._link.space)

    def _tensorboard(self) -> HParamsLogger | None:
        """Returns the writer for TensorBoard, None where nothing is to be written.

        A chief writes nothing, and sees to it that its workers write where they may.
        """
        if self._logdir is None:
            return None
        # With KerasTuner's own oracles a chief has no study that says that the search goes on.
        goes_on = kt_distribute.is_chief_oracle() and bool(self.oracle.trials)
        joins = self._overwrite or self._is_worker() or goes_on
        return logger_of(self._logdir, Path(self.project_dir), joins=joins)

    def _discard_former(self, tensorboard: HParamsLogger | None) -> None:
        """Removes a former project and its logs, once, where `overwrite` asks for it."""
        if self._discards:
            checks.discard(Path(self.project_dir))
        if self._overwrite and tensorboard is not None and tensorboard.holds_search():
            tensorboard.clear()
        self._overwrite = self._discards = False

    # ------------------------------------------------------------------ one trial

    def on_trial_end(self, trial: kt_trial.Trial) -> None:
        """Called with each trial that ran or failed: ends it at the oracle."""
        try:
            self._link.finish(trial)
        except SearchFailedError:
            # This ends the search, and yet the trial is recorded.
            self._told.on_trial_end(self._link.record(trial))
            raise
        if trial.status in (_COMPLETED, PRUNED, _FAILED):
            self._rungs.drop_former(trial)
        self.save()
        if trial.status == _COMPLETED:
            self._weights.prune()
        self._told.on_trial_end(self._link.record(trial))

    def run_trial(self, trial: kt_trial.Trial, *args: Any, **kwargs: Any) -> Any:
        """Trains the trial's model, `executions_per_trial` times.

        Args:
            trial: The trial; `trial.hyperparameters` holds its values.
            *args: Positional arguments of `search`.
            **kwargs: Keyword arguments of `search`.

        Returns:
            The metrics of each execution's best epoch.
        """
        self._trainer = Trainer(
            trial=trial,
            executions=self.executions_per_trial,
            objective=self.oracle.objective,
            build=self._try_build,
            fit=self.hypermodel.fit,
            link=self._driver.link,
            told=self._driver.told,
            keep_weights=self._weights.wanted(
                trial, open_yet=self.executions_per_trial > 1 or self._runs_own_code()
            ),
            prepare=lambda model, arguments, execution: self._prepare(
                trial, model, arguments, execution
            ),
            leave=lambda model, execution, epochs: self._rungs.end(model, trial, execution, epochs),
        )
        return self._trainer.run(args, kwargs)

    def _prepare(
        self, trial: kt_trial.Trial, model: Any, arguments: dict[str, Any], execution: int
    ) -> None:
        """Completes the model and the arguments of one call of `fit`."""
        check_single_setter(model, arguments["callbacks"])
        warn_of_unshared_statistics(model, self.distribution_strategy)
        values = trial.hyperparameters.values
        advise(model, arguments.get("batch_size"), told=self._advised)
        with kt_tuner.maybe_distribute(self.distribution_strategy):
            if not self._runs_own_code():
                build_optimizer(model, arguments["callbacks"])
            self._rungs.begin(model, trial, arguments, execution)
            continue_for_keras_tuner(model, values, arguments, self._weights.path)
        callbacks = arguments["callbacks"]
        self._part_files(trial, callbacks, execution)
        if HookCallback.wanted(self, Tuner):
            callbacks.append(HookCallback(self, trial))
        planned = planned_steps(model)
        if planned is not None:
            epochs = self._rungs.most_epochs(trial.hyperparameters)
            callbacks.append(PlanCallback(planned, epochs, self._tell_of_plan))

    def _part_files(self, trial: kt_trial.Trial, callbacks: list[Any], execution: int) -> None:
        """Gives the files of a training's callbacks a place of their own."""
        repeat = self._driver.link.record(trial).repeat
        # What broke off keeps its files: from its backup, the next one would begin in mid-training.
        number = f"{execution}-repeat{repeat}" if repeat else str(execution)
        with moving(callbacks):
            home = str(Path(self.project_dir) / _CALLBACKS)
            write_apart(callbacks, f"{trial.trial_id}/execution{number}", home)
            if self._logdir is None:
                self._configure_tensorboard_dir(callbacks, trial, number)
            else:
                # KerasTuner would write a second set of hyperparameters; and into the run that the
                # listener begins anew where both have the same folder.
                log_apart(callbacks, f"{trial.trial_id}/callback{number}")

    def _tell_of_plan(self, text: str) -> None:
        self._warn_once(text, PlanWarning)

    def _attempt_distributed(
        self, trial: kt_trial.Trial, *fit_args: Any, **fit_kwargs: Any
    ) -> Attempt:
        """Runs an attempt at a trial where the tuner was sent, under a strategy made there."""
        self._distribute_here()
        return self._attempt(trial, *fit_args, **fit_kwargs)

    def _distribute_here(self) -> None:
        if self.distribution_strategy is None:
            self.distribution_strategy = self._distribution.strategy

    def _attempt(self, trial: kt_trial.Trial, *fit_args: Any, **fit_kwargs: Any) -> Attempt:
        """Runs an attempt at a trial, here or where the tuner was sent."""
        self._driver.link.start_clock(trial)
        self._try_run_and_update_trial(trial, *fit_args, **fit_kwargs)
        return Attempt(
            trial,
            reported=self._trainer is None or self._trainer.reported,
            kept=self._weights.holds(trial.trial_id),
        )

    def _try_run_and_update_trial(
        self, trial: kt_trial.Trial, *fit_args: Any, **fit_kwargs: Any
    ) -> None:
        """Runs a trial; whatever it raises becomes the cause of its failure.

        An error of the study, the objective, the space or the search itself, or one that KerasTuner
        calls fatal, would meet every trial: it ends the search instead. An argument that breaks its
        rule is one trial's own: what is the same for all was checked before the first.
        """
        try:
            self._run_and_update_trial(trial, *fit_args, **fit_kwargs)
        except _ENDS_SEARCH:
            raise
        except Exception as error:  # noqa: BLE001 (any error of the user's model is a failed trial)
            failed = isinstance(error, keras_tuner.errors.FailedTrialError)
            status = kt_trial.TrialStatus
            trial.status = status.FAILED if failed else status.INVALID
            trial.message = traceback.format_exc()
        else:
            trial.status = _COMPLETED

    def _run_and_update_trial(
        self, trial: kt_trial.Trial, *fit_args: Any, **fit_kwargs: Any
    ) -> None:
        self._trainer = None
        objective = self.oracle.objective
        results = self.run_trial(trial, *fit_args, **fit_kwargs)
        tuner_utils.validate_trial_results(results, objective, "Tuner.run_trial()")
        metrics = tuner_utils.convert_to_metrics_dict(results, objective)
        metrics = {name: float(value) for name, value in metrics.items()}
        step = self._best_step(results)
        # A trial that was taken has weights of the worker that has it now, in the same files.
        if self._driver.update_trial(trial.trial_id, metrics, step=step):
            self._write_weights(trial, metrics[objective.name])

    def _take_result(self, trial_id: str, metrics: Mapping[str, float], step: int = 0) -> bool:
        """Takes the result of a trial; returns whether the trial is this worker's still."""
        try:
            self.oracle.update_trial(trial_id, metrics, step=step)
        except TrialTakenError:
            # It hears so when it ends the trial, too, and goes on then.
            return False
        return True

    def _write_weights(self, trial: kt_trial.Trial, score: float) -> None:
        # On disk before the trial is recorded as completed: a best model must never be missing.
        if self._trainer is not None:
            self._weights.write(trial, self._trainer, score)

    def _best_step(self, results: Any) -> int:
        if self._trainer is not None and self._trainer.best_steps:
            return round(statistics.mean(self._trainer.best_steps))
        return int(tuner_utils.get_best_step(results, self.oracle.objective))

    # ------------------------------------------------------------------ models

    def get_best_models(self, num_models: int = 1) -> list[Any]:
        """Returns the best trials' models, with the weights of their best epochs.

        They are distributed as in their trials where those ran in this process alone; else not.

        Args:
            num_models: How many at most; `checkpoints` bounds how many there are.

        Raises:
            StudyError: If no trial was completed, or the weights of one of them were not kept.
        """
        return [self.load_model(trial) for trial in self._completed_trials(num_models)]

    def get_best_hyperparameters(self, num_trials: int = 1) -> list[Any]:
        """Returns the best trials' hyperparameters, which `build` takes.

        Args:
            num_trials: How many at most.

        Raises:
            StudyError: If no trial was completed.
        """
        return [trial.hyperparameters for trial in self._completed_trials(num_trials)]

    def load_model(self, trial: kt_trial.Trial) -> Any:
        """Returns the model of a completed trial, with the weights of its best epoch.

        Raises:
            StudyError: If the weights were not kept.
        """
        path = self._weights.path(trial.trial_id)
        model = self._try_build(self._tracked(trial))
        with kt_tuner.maybe_distribute(self.distribution_strategy):
            load_weights(model, path)
        return model

    def refit_best(self, *fit_args: Any, **fit_kwargs: Any) -> Any:
        """Trains the best trial's model again, from scratch and with its seed.

        It does so in this process, distributed over the devices that are seen here.

        Args:
            *fit_args: Positional arguments of `fit`; by default those of the last search.
            **fit_kwargs: Keyword arguments of `fit`, over those of the last search. To train on
                all data, give `x` and `y` here and `validation_data=None`. A schedule that was
                planned for the part of the data in the search reaches its end early on all of it:
                let `build` read the `samples` of `schedules.tunable` from a variable of yours,
                and set that before.

        Returns:
            The trained model; its `history` attribute tells how the training went.

        Raises:
            StudyError: If no trial was completed, or the study knows no seed for the best.
            ArgumentError: If there are no arguments and no search before.
            DistributionError: If several processes would have to train it together.
        """
        best = self._completed_trials(1)
        if self._crew is not None:
            raise DistributionError(
                "`refit_best` trains in one process, and this search in several together: give the "
                "best values, of `get_best_hyperparameters`, to `build` in each. "
                "Received: distribution='multi_worker_mirrored'."
            )
        self._distribute_here()
        if self._fit_arguments is None and not (fit_args or fit_kwargs):
            raise ArgumentError("Give the data to train on: this tuner has not searched yet.")
        known_args, known_kwargs = self._fit_arguments or ((), {})
        keras.utils.set_random_seed(self._seed_of(best[0].trial_id))
        hp = self._tracked(best[0])
        model = self._try_build(hp)
        arguments = resolve({**known_kwargs, **self._rungs.epochs_in_all(hp), **fit_kwargs}, hp)
        data = resolve_data(fit_args or known_args, hp)
        self.hypermodel.fit(hp, model, *data, **arguments)
        return model

    def _tracked(self, trial: kt_trial.Trial) -> TrackedHyperParameters:
        return TrackedHyperParameters.tracking(trial.hyperparameters, overridden=self._overridden)

    def _sign(self) -> float:
        return sign_of(self.oracle.objective.direction)

    def _completed_trials(self, count: int) -> list[kt_trial.Trial]:
        if not self.leads:
            raise StudyError(
                "The first task of the cluster holds the study; ask there, where `tuner.leads`. "
                "Received: a task that trained along."
            )
        best = self._link.best_trials(count)
        if not best:
            raise StudyError(
                "The best trials are known once one was completed. "
                f"Received: a search without any, in {self.project_dir}."
            )
        return best

    def _override_compile_args(self, model: Any) -> None:
        with kt_tuner.maybe_distribute(self.distribution_strategy):
            compile_anew(model, optimizer=self.optimizer, loss=self.loss, metrics=self.metrics)

    def _try_build(self, hp: keras_tuner.HyperParameters) -> Any:
        self._memory.free()
        model = self._build_hypermodel(hp)
        checks.check_model(model, compiled=not self._runs_own_code())
        size = kt_tuner.maybe_compute_model_size(model)
        if self.max_model_size and size > self.max_model_size:
            raise keras_tuner.errors.FailedTrialError(
                f"A model may have at most {self.max_model_size} parameters. Received: {size}."
            )
        return model

    # ------------------------------------------------------------------ the study

    def study(self) -> StudyRecord:
        """Returns the search as plain records.

        Raises:
            StudyError: If there is no study yet.
        """
        return read_study(Path(self.project_dir) / STUDY_FILE)

    def to_dataframe(self) -> pd.DataFrame:
        """Returns a table of all trials, a row each.

        Raises:
            MissingExtraError: If pandas is not installed.
            StudyError: If there is no study yet.
        """
        return self.study().to_dataframe()

    def save(self) -> None:
        """Saves KerasTuner's own oracles; ours are saved with every step."""
        if not isinstance(self._local_oracle, StrategyOracle):
            super().save()

    def reload(self) -> None:
        """Reloads KerasTuner's own oracles, and still asks the build function for its space.

        A project that `kt.Tuner` began with an oracle of ours has nothing to reload here: the study
        is read when the search begins, and compared with what is asked for.
        """
        if self.leads and not isinstance(self._local_oracle, StrategyOracle):
            super().reload()
        self._populate_initial_space()

    def _known_trials(self) -> list[TrialRecord]:
        if self._is_worker():
            return []
        ended = (self.oracle.trials[trial_id] for trial_id in self.oracle.end_order)
        return [self._link.record(trial) for trial in ended]

    def _seed_of(self, trial_id: str) -> int:
        seed = {trial.trial_id: trial.seed for trial in self.study().trials}.get(trial_id)
        if seed is None:
            raise StudyError(
                "A trial is trained again with the seed that its study recorded. "
                f"Received: trial {trial_id}, for which the study holds none."
            )
        return seed

    # ------------------------------------------------------------------ before the first trial

    def _activate_all_conditions(self) -> None:
        self._preparation().explore()

    def _preparation(self) -> Preparation:
        return Preparation(
            oracle=self.oracle,
            hypermodel=self.hypermodel,
            overridden=self._overridden,
            runs_own_code=self._runs_own_code(),
            compiles=self._compiled_later,
            compile_anew=self._override_compile_args,
            run_trial=self.run_trial,
            elsewhere=self._engines.elsewhere,
        )

    def _runs_own_code(self) -> bool:
        """Whether the user trains in code of their own, of which nothing is known."""
        return (
            self.hypermodel is None
            or type(self).run_trial is not Tuner.run_trial
            or type(self.hypermodel).fit is not keras_tuner.HyperModel.fit
        )
