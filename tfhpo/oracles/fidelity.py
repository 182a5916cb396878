"""What a trial of a multi-fidelity search is told beside its values."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from keras_tuner.engine import trial as kt_trial

from tfhpo.oracles.runs import Run

#: The fidelity that the tuner gives to `fit` itself, and whose trials go on from one another.
EPOCHS = "epochs"


def notes(run: Run, runs: Iterable[Run], fidelity: str | None) -> dict[str, Any]:
    """Returns what the tuner must know of a trial's fidelity: which trial it goes on from.

    Args:
        run: The trial.
        runs: All trials.
        fidelity: The name of the fidelity, None where there is none.
    """
    if fidelity != EPOCHS:
        return {}
    lower = {
        _epochs(one): one.trial.trial_id
        for one in runs
        if one.trial.status == kt_trial.TrialStatus.COMPLETED
        and _epochs(one) < _epochs(run)
        and _is_same(one, run)
    }
    return {"goes_on_from": lower[max(lower)], "initial_epoch": max(lower)} if lower else {}


def _is_same(former: Run, run: Run) -> bool:
    """Whether a trial agrees with everything but the epochs that a former one has read."""
    read = former.trial.hyperparameters.values
    return all(run.values.get(name) == read[name] for name in read if name != EPOCHS)


def _epochs(run: Run) -> int:
    """Returns the epochs of a trial; so many that none goes on from it where it has no such value.

    That is a trial of a study that had no fidelity before it was extended.
    """
    return int(run.values.get(EPOCHS, sys.maxsize))


def level_of(trial: kt_trial.Trial, fidelity: str | None) -> float:
    """Returns the fidelity of a trial as far as scores of another one do not compare.

    Epochs do: a trial is as good as its best epoch, however many it had. Scores on a share of the
    data or at a low resolution may mean something else, so the highest fidelity comes first.

    Args:
        trial: The trial.
        fidelity: The name of the fidelity, None where there is none.
    """
    if fidelity in (None, EPOCHS):
        return 0.0
    return float(trial.hyperparameters.values.get(fidelity, 0.0))
