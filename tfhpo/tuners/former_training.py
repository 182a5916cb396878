"""Whether the trials of a search that goes on are trained as those before them were.

Scores of other epochs or other data do not compare, and nothing in a study tells of these. What is
plain to see of them, numbers and the shapes of arrays, is kept beside it. What a function gives is
not looked at: as a hyperparameter it is in the study.
"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from pathlib import Path
from typing import Any

from tfhpo.study import json_file

_FILE = "training.json"
# Of what `fit` takes, in its order: what may be given without a name, and changes what a score is.
_BY_PLACE = ("x", "y", "batch_size", "epochs")
_NUMBERS = ("batch_size", "epochs", "initial_epoch", "steps_per_epoch", "validation_split")
_ARRAYS = ("x", "y")


class ChangedTrainingWarning(UserWarning):
    """Trials are trained otherwise than those that the study holds."""


def compare_and_keep(
    folder: Path, fit_args: tuple[Any, ...], fit_kwargs: Mapping[str, Any], *, begun: bool
) -> str | None:
    """Compares a training with the one before, and keeps it for the next.

    Args:
        folder: The study's.
        fit_args: Positional arguments of `fit`.
        fit_kwargs: Its keyword arguments, as the user gave them.
        begun: Whether trials have ended: without any there is nothing to compare with.

    Returns:
        What to warn of, or None.

    Raises:
        StudyWriteError: If it cannot be kept.
        StudyError: If what was kept cannot be read.
    """
    path, now = folder / _FILE, _plain(fit_args, fit_kwargs)
    former = json_file.read(path) if begun and path.exists() else now
    json_file.write(path, now)
    changes = [
        f"`{name}` was {former[name]}, is {now[name]}"
        for name in now
        if name in former and former[name] != now[name]
    ]
    if not changes:
        return None
    return (
        f"The trials that {folder} holds were trained otherwise: {'; '.join(changes)}. Their "
        "scores and those of further trials may not compare: `overwrite=True`, or another "
        "`project_name`, begins anew."
    )


def _plain(fit_args: tuple[Any, ...], fit_kwargs: Mapping[str, Any]) -> dict[str, str]:
    """Returns what is plain to see: numbers, and the shapes of arrays."""
    given = {**dict(zip(_BY_PLACE, fit_args, strict=False)), **fit_kwargs}
    told: dict[str, str] = {}
    for name in _NUMBERS:
        value = given.get(name)
        if value is None or isinstance(value, Real):
            told[name] = "not given" if value is None else f"{float(value):g}"
    for name in _ARRAYS:
        shape = getattr(given.get(name), "shape", None)
        if shape is not None:
            told[name] = f"of shape {tuple(shape)}"
    return told
