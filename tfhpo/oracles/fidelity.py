"""What a trial of a multi-fidelity search is told beside its values."""

from __future__ import annotations

from typing import Any

from keras_tuner.engine import trial as kt_trial

from tfhpo.oracles.runs import Run

_COMPLETED = kt_trial.TrialStatus.COMPLETED
#: The fidelity that the tuner gives to `fit` itself, and whose trials go on from one another.
EPOCHS = "epochs"


def notes(fidelity: str | None, former: Run | None) -> dict[str, Any]:
    """Returns what the tuner must know of a trial's fidelity: which trial it goes on from.

    Args:
        fidelity: The name of the fidelity, None where there is none.
        former: The trial of the same configuration at the next lower rung, None without one.
    """
    if fidelity != EPOCHS or former is None or former.trial.status != _COMPLETED:
        return {}
    return {"goes_on_from": former.trial.trial_id}


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
