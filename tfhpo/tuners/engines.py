"""Where a tuner's trials run, by the arguments that its users give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from keras_tuner.src.distribute import utils as kt_distribute

from tfhpo.errors import ArgumentError
from tfhpo.execution import Crew, Engine, InProcess, InStep, LocalProcesses, Workers
from tfhpo.execution.resources import is_number
from tfhpo.tuners.distant import failure_of

EngineName = Literal["processes", "ray"]

#: After so many trials a process is replaced: TensorFlow keeps some memory of each.
TRIALS_PER_PROCESS = 100
# What an engine, which knows of tasks alone, calls the arguments of a tuner.
_NAMES = {
    "gpus_per_trial": "gpus_per_task",
    "trial_timeout": "task_timeout",
    "trials_per_process": "tasks_per_process",
    "max_process_memory": "max_memory",
}
# Python alone takes that much: who gives less counts in another unit.
_LEAST_MEMORY = 64 << 20
# What is about the processes of trials, and so means nothing where there are none.
_OF_PROCESSES = (*_NAMES, "ray_address")


@dataclass(frozen=True)
class Engines:
    """The arguments of a tuner that say where its trials run, and the engines they stand for.

    Args:
        workers: How many trials run at a time, each in a process of its own; "auto" for one per
            GPU or processor core. None or 1 for one after another in this process; on Ray, None
            for as many as the cluster has room for.
        isolate: Whether the trials of one worker run in another process, too.
        engine: "processes" of this machine, or a "ray" cluster.
        gpus_per_trial: How many GPUs each worker gets; a share, such as 0.5, lets several have one.
        trial_timeout: In seconds; a trial that takes longer is ended, and has failed.
        trials_per_process: After so many trials a worker's process is replaced.
        max_process_memory: In bytes; a process that passes this is replaced after its trial.
        ray_address: Of the cluster.

    Raises:
        ArgumentError: If an argument breaks its rule, needs what is not there, or there are workers
            of KerasTuner's, too.
    """

    workers: Workers | None = None
    isolate: bool = False
    engine: EngineName = "processes"
    gpus_per_trial: float | None = None
    trial_timeout: float | None = None
    trials_per_process: int | None = None
    max_process_memory: int | None = None
    ray_address: str | None = None

    def __post_init__(self) -> None:
        if self.engine not in ("processes", "ray"):
            raise ArgumentError(
                f"`engine` must be 'processes' or 'ray'. Received: {self.engine!r}."
            )
        if not isinstance(self.isolate, bool):
            raise ArgumentError(f"`isolate` must be True or False. Received: {self.isolate!r}.")
        if not self.elsewhere:
            self._refuse(
                _OF_PROCESSES,
                "is about trials in processes of their own: give `workers=2` or more, or "
                "`isolate=True`",
            )
        elif kt_distribute.has_chief_oracle():
            raise ArgumentError(
                "Trials run in parallel by `workers` or by KerasTuner's environment variables of "
                f"chief and workers, not by both. Received: workers={self.workers!r}."
            )
        if self.engine == "ray":
            self._refuse(("max_process_memory",), "is for processes of this machine")
        else:
            self._refuse(("ray_address",), "needs `engine='ray'`")
        self._check_memory()

    def make(self, echo: Callable[[str], Any] | None = None, crew: Crew | None = None) -> Engine:
        """Returns the engine.

        Args:
            echo: Gets the lines that worker processes of this machine print.
            crew: The processes that train each model together with this one, None for none.

        Raises:
            ArgumentError: If an argument breaks its rule, or asks for more than there is.
            MissingExtraError: If Ray is not installed.
        """
        if not self.elsewhere:
            return InProcess() if crew is None else InStep(crew, failure_of)
        try:
            return self._cluster() if self.engine == "ray" else self._processes(echo)
        except ArgumentError as error:
            raise ArgumentError(_in_terms_of_trials(str(error))) from error

    def _processes(self, echo: Callable[[str], Any] | None) -> Engine:
        arguments = {ours: getattr(self, name) for name, ours in _NAMES.items()}
        arguments["tasks_per_process"] = self._trials_per_process
        count = 1 if self.workers is None else self.workers
        return LocalProcesses(count, echo=echo, **arguments)

    def _cluster(self) -> Engine:
        from tfhpo.execution.ray import RayCluster

        return RayCluster(
            "auto" if self.workers is None else self.workers,
            address=self.ray_address,
            gpus_per_task=self.gpus_per_trial or 0.0,
            tasks_per_process=self._trials_per_process,
            task_timeout=self.trial_timeout,
        )

    @property
    def _trials_per_process(self) -> int:
        given = self.trials_per_process
        return TRIALS_PER_PROCESS if given is None else given

    def _check_memory(self) -> None:
        bound = self.max_process_memory
        if bound is not None and (not is_number(bound) or bound < _LEAST_MEMORY):
            raise ArgumentError(
                f"`max_process_memory` is a number of bytes, at least {_LEAST_MEMORY:,} (64 MiB): "
                f"4 * 1024**3 is 4 GiB. Received: {bound!r}."
            )

    @property
    def elsewhere(self) -> bool:
        """Whether trials run in other processes than this."""
        # A flag is no number of workers, and refused as such by the processes.
        alone = self.workers is None or (self.workers == 1 and self.workers is not True)
        return self.isolate or not alone or self.engine == "ray"

    def _refuse(self, names: tuple[str, ...], why: str) -> None:
        for name in names:
            if getattr(self, name) is not None:
                raise ArgumentError(f"`{name}` {why}. Received: {name}={getattr(self, name)!r}.")


def _in_terms_of_trials(message: str) -> str:
    for name, ours in _NAMES.items():
        message = message.replace(ours, name)
    return message
