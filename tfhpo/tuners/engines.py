"""Where a tuner's trials run, by the arguments that its users give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from keras_tuner.src.distribute import utils as kt_distribute

from tfhpo.errors import ArgumentError
from tfhpo.execution import Crew, Engine, InProcess, InStep, LocalProcesses, Workers

#: After so many trials a process is replaced: TensorFlow keeps some memory of each.
TRIALS_PER_PROCESS = 100
# What an engine, which knows of tasks alone, calls the arguments of a tuner.
_NAMES = {
    "gpus_per_trial": "gpus_per_task",
    "trial_timeout": "task_timeout",
    "trials_per_process": "tasks_per_process",
    "max_process_memory": "max_memory",
}


@dataclass(frozen=True)
class Engines:
    """The arguments of a tuner that say where its trials run, and the engines they stand for.

    Args:
        workers: How many trials run at a time, each in a process of its own; "auto" for one per
            GPU or processor core. None or 1 for one after another in this process.
        isolate: Whether the trials of one worker run in another process, too.
        gpus_per_trial: How many GPUs each worker gets; a share, such as 0.5, lets several have one.
        trial_timeout: In seconds; a trial that takes longer is ended, and has failed.
        trials_per_process: After so many trials a worker's process is replaced.
        max_process_memory: In bytes; a process that passes this is replaced after its trial.

    Raises:
        ArgumentError: If an argument breaks its rule, needs processes where there are none, or
            there are workers of KerasTuner's, too.
    """

    workers: Workers | None = None
    isolate: bool = False
    gpus_per_trial: float | None = None
    trial_timeout: float | None = None
    trials_per_process: int | None = None
    max_process_memory: int | None = None

    def __post_init__(self) -> None:
        if not self.elsewhere:
            for field in fields(self):
                if field.name != "workers" and getattr(self, field.name):
                    raise ArgumentError(
                        f"`{field.name}` is about trials in processes of their own: give "
                        "`workers=2` or more, or `isolate=True`. "
                        f"Received: {field.name}={getattr(self, field.name)!r}."
                    )
        elif kt_distribute.has_chief_oracle():
            raise ArgumentError(
                "Trials run in parallel by `workers` or by KerasTuner's environment variables of "
                f"chief and workers, not by both. Received: workers={self.workers!r}."
            )

    def make(self, echo: Callable[[str], Any] | None = None, crew: Crew | None = None) -> Engine:
        """Returns the engine.

        Args:
            echo: Gets the lines that worker processes print.
            crew: The processes that train each model together with this one, None for none.
        """
        if not self.elsewhere:
            return InProcess() if crew is None else InStep(crew)
        count = 1 if self.workers is None else self.workers
        arguments = {ours: getattr(self, name) for name, ours in _NAMES.items()}
        arguments["tasks_per_process"] = self.trials_per_process or TRIALS_PER_PROCESS
        try:
            return LocalProcesses(count, echo=echo, **arguments)
        except ArgumentError as error:
            raise ArgumentError(_in_terms_of_trials(str(error))) from error

    @property
    def elsewhere(self) -> bool:
        """Whether trials run in other processes than this."""
        # A flag is no number of workers, and refused as such by the processes.
        alone = self.workers is None or (self.workers == 1 and self.workers is not True)
        return self.isolate or not alone


def _in_terms_of_trials(message: str) -> str:
    for name, ours in _NAMES.items():
        message = message.replace(ours, name)
    return message
