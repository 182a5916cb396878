"""What the arguments of engines are called in their errors."""

from __future__ import annotations

from typing import NamedTuple


class Names(NamedTuple):
    """What a caller calls an engine's arguments: an engine speaks of tasks, its user may not.

    Each attribute is one argument; its value is the name that errors tell.
    """

    gpus_per_task: str = "gpus_per_task"
    cpus_per_task: str = "cpus_per_task"
    tasks_per_process: str = "tasks_per_process"
    max_memory: str = "max_memory"
    hard_memory: str = "hard_memory"
    task_timeout: str = "task_timeout"
    start_timeout: str = "start_timeout"
    address: str = "address"


#: The names that the engines themselves have for their arguments.
OWN_NAMES = Names()
