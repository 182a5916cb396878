"""Searches without any training: an oracle driven by hand, as KerasTuner's tuners drive it."""

from __future__ import annotations

import contextlib
import traceback

from keras_tuner.engine.trial import TrialStatus

RUNNING, COMPLETED = TrialStatus.RUNNING, TrialStatus.COMPLETED
INVALID, FAILED = TrialStatus.INVALID, TrialStatus.FAILED
IDLE, STOPPED = TrialStatus.IDLE, TrialStatus.STOPPED


def declare(oracle, build):
    """Lets a build declare its space, up to where it fails, as a tuner does before its search."""
    hp = oracle.get_space()
    with contextlib.suppress(ZeroDivisionError):
        build(hp)
    oracle.update_space(hp)


def run(oracle, trial, build, metric="loss"):
    """Runs an attempt at a trial; `build` reads `hp` and returns the score, or raises."""
    try:
        score = build(trial.hyperparameters)
    except ZeroDivisionError:
        trial.status, trial.message = INVALID, traceback.format_exc()
    else:
        oracle.update_trial(trial.trial_id, {metric: score})
        trial.status = COMPLETED
    oracle.end_trial(trial)


def drive(oracle, build, trials=None, metric="loss"):
    """Searches until the oracle stops, or for so many trials; returns the trials' values."""
    declare(oracle, build)
    begun = []
    while trials is None or len(begun) < trials:
        trial = oracle.create_trial("tuner0")
        if trial.status == STOPPED:
            break
        assert trial.status == RUNNING
        begun.append(trial.trial_id)
        run(oracle, trial, build, metric)
    return [dict(oracle.get_trial(trial_id).hyperparameters.values) for trial_id in begun]


def outcomes(oracle):
    """Returns what a search found, without what no search can repeat (times)."""
    return [
        (trial.trial_id, trial.status, trial.values, trial.score, trial.seed)
        for trial in oracle.study().trials
    ]
