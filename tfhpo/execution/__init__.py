"""Where trials run: in this process, in several in step, in local processes, or on Ray.

Knows callables and tasks alone. `RayCluster` is in `tfhpo.execution.ray`, which needs the extra.
"""

from tfhpo.execution.culprit import InParts, Part
from tfhpo.execution.engine import (
    Engine,
    Failure,
    FailureKind,
    Function,
    Outcome,
    Printed,
    Report,
    Task,
)
from tfhpo.execution.gpus import Gpus, find_gpus, visible_gpus
from tfhpo.execution.in_process import InProcess
from tfhpo.execution.in_step import Crew, InStep
from tfhpo.execution.local import LocalProcesses
from tfhpo.execution.names import Names
from tfhpo.execution.resources import SHARING, Slot, Workers, slots, usable_cpus
from tfhpo.execution.systems import NEEDED, check_has_workers, has_workers

__all__ = [
    "NEEDED",
    "SHARING",
    "Crew",
    "Engine",
    "Failure",
    "FailureKind",
    "Function",
    "Gpus",
    "InParts",
    "InProcess",
    "InStep",
    "LocalProcesses",
    "Names",
    "Outcome",
    "Part",
    "Printed",
    "Report",
    "Slot",
    "Task",
    "Workers",
    "check_has_workers",
    "find_gpus",
    "has_workers",
    "slots",
    "usable_cpus",
    "visible_gpus",
]
