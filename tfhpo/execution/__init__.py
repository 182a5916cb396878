"""Where trials run: in this process or in local processes. Knows callables and tasks alone."""

from tfhpo.execution.engine import (
    Engine,
    Failure,
    FailureKind,
    Function,
    Outcome,
    Report,
    Task,
)
from tfhpo.execution.gpus import visible_gpus
from tfhpo.execution.in_process import InProcess
from tfhpo.execution.local import LocalProcesses
from tfhpo.execution.resources import Slot, Workers, slots, usable_cpus

__all__ = [
    "Engine",
    "Failure",
    "FailureKind",
    "Function",
    "InProcess",
    "LocalProcesses",
    "Outcome",
    "Report",
    "Slot",
    "Task",
    "Workers",
    "slots",
    "usable_cpus",
    "visible_gpus",
]
