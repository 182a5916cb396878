"""What KerasTuner's gRPC has no field for, in the fields it has.

Under KerasTuner's chief/worker variables a worker reaches the oracle only through the calls that
KerasTuner's service offers. Its messages round floats to 32 bits, sort the parameters by type and
drop the cause of a failure. So hyperparameters travel with an exact copy of themselves, as JSON in
one more value of theirs, and reports of epochs travel as metrics of `update_trial` whose names
carry the execution.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import keras_tuner

#: The name of the value that holds the exact copy.
EXACT = "tfhpo/exact"
_REPORT = re.compile(r"tfhpo/(last_)?execution(\d+)/(.+)")


class EpochReport(NamedTuple):
    """The metrics of an epoch.

    Attributes:
        execution: Of which execution of the trial, from 0.
        metrics: Name to value.
        last: Whether no epoch and no execution follows.
    """

    execution: int
    metrics: dict[str, float]
    last: bool = False


def report_metrics(report: EpochReport) -> dict[str, float]:
    """Returns an epoch's metrics under names that `read_report` knows."""
    prefix = f"tfhpo/{'last_' if report.last else ''}execution{report.execution}/"
    return {prefix + name: value for name, value in report.metrics.items()}


def read_report(metrics: Mapping[str, float]) -> EpochReport | None:
    """Returns a report, or None where the metrics are a trial's result."""
    found = {name: _REPORT.fullmatch(name) for name in metrics}
    matches = {name: match for name, match in found.items() if match}
    if not matches:
        return None
    last, execution, _ = next(iter(matches.values())).groups()
    told = {match.group(3): float(metrics[name]) for name, match in matches.items()}
    return EpochReport(int(execution), told, bool(last))


class Received(NamedTuple):
    """Hyperparameters as they were before they travelled.

    Attributes:
        hyperparameters: With exact numbers, in the order of declaration.
        notes: What else was sent with them; JSON values.
    """

    hyperparameters: keras_tuner.HyperParameters
    notes: dict[str, Any]


def exact_copy(hyperparameters: keras_tuner.HyperParameters, notes: Mapping[str, Any]) -> str:
    """Returns the text that belongs under `EXACT` among the values that are sent."""
    config = hyperparameters.get_config()
    return json.dumps({"space": config["space"], "values": config["values"], "notes": dict(notes)})


def received(hyperparameters: keras_tuner.HyperParameters) -> Received:
    """Returns hyperparameters as they were sent; those that did not travel as they are.

    Args:
        hyperparameters: As KerasTuner's service delivers them, with defaults in the place of values
            that were not sent. A worker with KerasTuner's own tuner sends back the copy that it was
            given; parameters that the copy does not know are then news.
    """
    if EXACT not in hyperparameters.values:
        return Received(hyperparameters, {})
    copy = json.loads(hyperparameters.values[EXACT])
    exact = keras_tuner.HyperParameters.from_config({"space": copy["space"], "values": {}})
    known = {hp.name for hp in exact.space}
    new = [hp for hp in hyperparameters.space if hp.name not in known]
    exact.merge(new)
    values = hyperparameters.values
    exact.values = {
        **copy["values"],
        **{hp.name: values[hp.name] for hp in new if hp.name in values},
    }
    return Received(exact, dict(copy["notes"]))
