"""Trials as one flat table, for CSV files and data frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tfhpo.study.records import TrialRecord

_FIRST = ("number", "status", "score")
_LAST = (
    "best_step",
    "attempt",
    "interruptions",
    "seed",
    "started",
    "ended",
    "trial_id",
    "tuner_id",
    "message",
)


def trial_table(trials: Iterable[TrialRecord]) -> tuple[list[str], list[list[Any]]]:
    """Returns column names and one row per trial.

    Hyperparameters are columns named `values.<name>` and results `metrics.<name>`, so that a
    hyperparameter, a metric and a fixed column of the same name stay apart. They stand in the
    order of their first appearance. What a trial does not have is None.

    Args:
        trials: The trials, in the order of the rows.
    """
    trials = tuple(trials)
    values = list(dict.fromkeys(name for trial in trials for name in trial.values))
    metrics = list(dict.fromkeys(name for trial in trials for name in trial.metrics))
    columns = [
        *_FIRST,
        *(f"values.{name}" for name in values),
        *(f"metrics.{name}" for name in metrics),
        *_LAST,
    ]
    return columns, [_row(trial, values, metrics) for trial in trials]


def _row(trial: TrialRecord, values: list[str], metrics: list[str]) -> list[Any]:
    return [
        trial.number,
        str(trial.status),
        trial.score,
        *(trial.values.get(name) for name in values),
        *(trial.metrics.get(name) for name in metrics),
        *(getattr(trial, name) for name in _LAST),
    ]
