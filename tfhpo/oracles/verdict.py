"""What a trial that ran to its end is worth: its score, or that it has none."""

from __future__ import annotations

import math

from keras_tuner.engine import trial as kt_trial
from keras_tuner.src.engine import objective as kt_objective

from tfhpo.oracles.failures import diverged_message
from tfhpo.oracles.hyperparameters import TrackedHyperParameters


def best_value(trial: kt_trial.Trial, objective: kt_objective.Objective) -> tuple[float, int]:
    """Returns the best finite value of the objective and its step; the last value without one.

    Args:
        trial: A trial that was told the objective at least once.
        objective: What to optimise.
    """
    observed = trial.metrics.get_history(objective.name)
    values = [(float(one.mean()), int(one.step)) for one in observed]
    finite = [pair for pair in values if math.isfinite(pair[0])]
    best = max if objective.direction == "max" else min
    return best(finite) if finite else values[-1]


def check_scored(trial: kt_trial.Trial, objective: kt_objective.Objective) -> None:
    """Makes a trial INVALID, with the cause, where it ended without a finite score.

    Args:
        trial: A trial; where the objective was told, it is scored.
        objective: What to optimise.
    """
    if not trial.metrics.exists(objective.name):
        _reject(trial, f"The trial ended without a value of {objective.name!r}.")
    elif not math.isfinite(trial.score):
        _reject(trial, diverged_message(objective.name, trial.score))


def _reject(trial: kt_trial.Trial, message: str) -> None:
    trial.status, trial.message = kt_trial.TrialStatus.INVALID, message
    if isinstance(trial.hyperparameters, TrackedHyperParameters):
        # KerasTuner's messages have no field for the cause, which the worker shows.
        trial.hyperparameters.notes["message"] = message
