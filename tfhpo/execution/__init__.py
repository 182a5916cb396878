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
from tfhpo.execution.in_process import InProcess

__all__ = [
    "Engine",
    "Failure",
    "FailureKind",
    "Function",
    "InProcess",
    "Outcome",
    "Report",
    "Task",
]
