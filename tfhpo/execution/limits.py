"""What a task and its process may take before they are ended or replaced."""

from __future__ import annotations

from dataclasses import InitVar, dataclass, fields

from tfhpo.arguments import is_integer, is_number
from tfhpo.errors import ArgumentError
from tfhpo.execution.names import OWN_NAMES, Names


@dataclass(frozen=True)
class Limits:
    """Bounds, each a positive number, or None for no bound.

    Args:
        names: What errors call them.

    Attributes:
        tasks_per_process: After so many tasks the process is replaced.
        max_memory: In bytes; after the task in which it passes this, the process is replaced.
        hard_memory: In bytes; passing this in the midst of a task ends the task.
        task_timeout: In seconds; how long a task may take, the start of its process not counted.
        start_timeout: In seconds; how long a process may take to load what it needs.

    Raises:
        ArgumentError: One is not positive, or the hard bound of memory lies below the other.
    """

    tasks_per_process: int | None = None
    max_memory: int | None = None
    hard_memory: int | None = None
    task_timeout: float | None = None
    start_timeout: float | None = None
    names: InitVar[Names] = OWN_NAMES

    def __post_init__(self, names: Names) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not (is_number(value) and value > 0):
                raise ArgumentError(
                    f"{getattr(names, field.name)} is a positive number, or None for no bound. "
                    f"Received: {value!r}"
                )
        if self.tasks_per_process is not None and not is_integer(self.tasks_per_process):
            raise ArgumentError(
                f"{names.tasks_per_process} is a whole number. Received: {self.tasks_per_process!r}"
            )
        if self.max_memory and self.hard_memory and self.hard_memory < self.max_memory:
            raise ArgumentError(
                f"{names.hard_memory}, which ends what runs, is at least {names.max_memory}, "
                f"which replaces its process later. Received: "
                f"{names.max_memory}={self.max_memory!r}, {names.hard_memory}={self.hard_memory!r}"
            )

    def is_worn(self, tasks: int, memory: int) -> bool:
        """Returns whether a process is to be replaced after so many tasks, with so much memory."""
        return (self.tasks_per_process is not None and tasks >= self.tasks_per_process) or (
            self.max_memory is not None and memory > self.max_memory
        )
