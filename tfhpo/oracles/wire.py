"""What KerasTuner's gRPC has no field for, in the fields it has.

Under KerasTuner's chief/worker variables a worker reaches the oracle only through the calls that
KerasTuner's service offers. Reports of epochs travel as metrics of `update_trial` whose names carry
the execution; the cause of a failure, which the service drops, travels as a value of the trial's
hyperparameters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import keras_tuner

_REPORT = re.compile(r"tfhpo/execution(\d+)/(.+)")
_MESSAGE = "tfhpo/message"


def report_metrics(metrics: Mapping[str, float], execution: int) -> dict[str, float]:
    """Returns an epoch's metrics under names that `read_report` knows."""
    return {f"tfhpo/execution{execution}/{name}": value for name, value in metrics.items()}


def read_report(metrics: Mapping[str, float]) -> tuple[int, dict[str, float]] | None:
    """Returns the execution and the metrics of a report, or None where it is a trial's result."""
    found = {name: _REPORT.fullmatch(name) for name in metrics}
    matches = {name: match for name, match in found.items() if match}
    if not matches:
        return None
    execution = int(next(iter(matches.values())).group(1))
    return execution, {match.group(2): float(metrics[name]) for name, match in matches.items()}


def attach_message(hyperparameters: keras_tuner.HyperParameters, message: str | None) -> None:
    """Hides the cause of a failure among the values of the hyperparameters."""
    if message is not None:
        hyperparameters.values[_MESSAGE] = message


def detach_message(hyperparameters: keras_tuner.HyperParameters) -> str | None:
    """Takes the cause of a failure out of the values again; None where there is none."""
    message: str | None = hyperparameters.values.pop(_MESSAGE, None)
    return message
