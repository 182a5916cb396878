"""Where a tuner's trials run, by the arguments that its users give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from keras_tuner.src.distribute import utils as kt_distribute

from tfhpo.arguments import is_number
from tfhpo.errors import ArgumentError
from tfhpo.execution import (
    Crew,
    Engine,
    InProcess,
    InStep,
    LocalProcesses,
    Names,
    Printed,
    Workers,
)
from tfhpo.execution.names import OWN_NAMES
from tfhpo.tuners.distant import failure_of

EngineName = Literal["processes", "ray"]

#: After so many trials a process is replaced: TensorFlow keeps some memory of each.
TRIALS_PER_PROCESS = 100
#: What a tuner calls the arguments of an engine, which knows of tasks alone.
NAMES = Names(
    gpus_per_task="gpus_per_trial",
    cpus_per_task="cpus_per_trial",
    tasks_per_process="trials_per_process",
    max_memory="max_process_memory",
    hard_memory="max_trial_memory",
    task_timeout="trial_timeout",
    address="ray_address",
)
# Python alone takes that much: who gives less counts in another unit.
_LEAST_MEMORY = 64 << 20
# What is about the processes of trials, and so means nothing where there are none.
_OF_PROCESSES = tuple(
    name for name, engines in zip(NAMES, OWN_NAMES, strict=True) if name != engines
)


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
        cpus_per_trial: How many processor cores each worker gets.
        trial_timeout: In seconds; a trial that takes longer is ended, and has failed.
        trials_per_process: After so many trials a worker's process is replaced.
        max_process_memory: In bytes; a process that passes this is replaced after its trial.
        max_trial_memory: In bytes; a trial whose process passes this is ended, and has failed.
        ray_address: Of the cluster.

    Raises:
        ArgumentError: If an argument breaks its rule, needs what is not there, or there are workers
            of KerasTuner's, too.
    """

    workers: Workers | None = None
    isolate: bool = False
    engine: EngineName = "processes"
    gpus_per_trial: float | None = None
    cpus_per_trial: float | None = None
    trial_timeout: float | None = None
    trials_per_process: int | None = None
    max_process_memory: int | None = None
    max_trial_memory: int | None = None
    ray_address: str | None = None

    def __post_init__(self) -> None:
        if self.engine not in ("processes", "ray"):
            raise ArgumentError(
                f"`engine` must be 'processes' or 'ray'. Received: {self.engine!r}."
            )
        if not isinstance(self.isolate, bool):
            raise ArgumentError(f"`isolate` must be True or False. Received: {self.isolate!r}.")
        if self.engine == "ray":
            self._refuse(
                ("max_process_memory", "max_trial_memory"),
                "is for processes of this machine: Ray itself looks after its nodes' memory, and "
                "ends what takes too much of it",
            )
        else:
            self._refuse(("ray_address",), "needs `engine='ray'`")
        if not self.elsewhere:
            self._refuse(
                _OF_PROCESSES,
                "is about trials in processes of their own: give `workers=2` or more, or "
                "`isolate=True`",
            )
        elif kt_distribute.has_chief_oracle():
            given = "isolate=True" if self.isolate else f"workers={self.workers!r}"
            raise ArgumentError(
                "Trials run elsewhere by `workers` or `isolate`, or by KerasTuner's environment "
                f"variables of chief and workers, not by both. Received: {given}."
            )
        self._check_memory()

    def make(self, echo: Callable[[str], Any] | None = None, crew: Crew | None = None) -> Engine:
        """Returns the engine.

        Args:
            echo: Gets the lines that worker processes of this machine print, each with its trial in
                front.
            crew: The processes that train each model together with this one, None for none.

        Raises:
            ArgumentError: If an argument breaks its rule, or asks for more than there is.
            MissingExtraError: If Ray is not installed.
        """
        if not self.elsewhere:
            return InProcess() if crew is None else InStep(crew, failure_of)
        return self._cluster() if self.engine == "ray" else self._processes(echo)

    def _processes(self, echo: Callable[[str], Any] | None) -> Engine:
        return LocalProcesses(
            1 if self.workers is None else self.workers,
            gpus_per_task=self.gpus_per_trial,
            cpus_per_task=self.cpus_per_trial,
            tasks_per_process=self._trials_per_process,
            max_memory=self.max_process_memory,
            hard_memory=self.max_trial_memory,
            task_timeout=self.trial_timeout,
            echo=None if echo is None else lambda printed: echo(_labelled(printed)),
            names=NAMES,
        )

    def _cluster(self) -> Engine:
        from tfhpo.execution.ray import RayCluster

        return RayCluster(
            "auto" if self.workers is None else self.workers,
            address=self.ray_address,
            cpus_per_task=1.0 if self.cpus_per_trial is None else self.cpus_per_trial,
            gpus_per_task=0.0 if self.gpus_per_trial is None else self.gpus_per_trial,
            tasks_per_process=self._trials_per_process,
            task_timeout=self.trial_timeout,
            names=NAMES,
        )

    @property
    def _trials_per_process(self) -> int:
        given = self.trials_per_process
        return TRIALS_PER_PROCESS if given is None else given

    def _check_memory(self) -> None:
        for name in ("max_process_memory", "max_trial_memory"):
            bound = getattr(self, name)
            if bound is not None and not (is_number(bound) and bound >= _LEAST_MEMORY):
                raise ArgumentError(
                    f"`{name}` is a number of bytes, at least {_LEAST_MEMORY:,} (64 MiB): "
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


def _labelled(printed: Printed) -> str:
    source = printed.worker if printed.key is None else f"trial {int(printed.key)}"
    return f"[{source}] {printed.line}"
