"""Former studies that a search begins with: read once, kept in its own study, told to its strategy.

What was read is kept because the files of the former studies may be gone, or have grown, when the
search goes on after an interruption; and it must go on exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tfhpo.errors import ArgumentError, SpaceError
from tfhpo.space import Point, Space, Value
from tfhpo.strategies import Former
from tfhpo.study import StudyRecord, TrialRecord, read_study
from tfhpo.study.outcomes import sign_of


@dataclass(frozen=True)
class FormerStudy:
    """What is taken from a former study.

    Attributes:
        objective: Name of the metric that it optimised.
        first: The values of its first trial, and
        seed: the seed of its search: they tell it from any other study.
        values: The values of each completed trial.
        scores: Their scores, lower is better.
        columns: How many columns of the new space it was told in; None before.
    """

    objective: str
    first: dict[str, Value]
    seed: int | None
    values: tuple[dict[str, Value], ...]
    scores: tuple[float, ...]
    columns: int | None = None

    @classmethod
    def read(cls, given: Any, own: Path | None = None) -> FormerStudy:
        """Returns what is taken from a study.

        Args:
            given: A study file or its folder, or a `StudyRecord`.
            own: Where the study of the search lies that begins with it.

        Raises:
            StudyError: If it cannot be read.
            ArgumentError: If it has no completed trial, or is that of the search.
        """
        if not isinstance(given, (str, Path, StudyRecord)):
            raise ArgumentError(
                "A former study is a path or what `read_study` returns. Received: "
                f"{type(given).__name__}."
            )
        study = given if isinstance(given, StudyRecord) else read_study(given)
        if own is not None and study.path.resolve() == own.resolve():
            raise ArgumentError(
                "A former study is one of another search: this one goes on from its own in any "
                f"case. Received: {study.path}."
            )
        trials = _at_highest_fidelity(study)
        if not trials:
            raise ArgumentError(
                f"A former study must have a completed trial. Received: {study.path}, without any."
            )
        sign = sign_of(study.header.direction)
        return cls(
            study.header.objective,
            dict(study.trials[0].values),
            study.header.settings.get("seed"),
            tuple(dict(trial.values) for trial in trials),
            tuple(sign * trial.score for trial in trials if trial.score is not None),
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FormerStudy:
        """Returns the study that `config` described."""
        values, scores = tuple(config["values"]), tuple(config["scores"])
        return cls(**{**config, "values": values, "scores": scores})

    def config(self) -> dict[str, Any]:
        """Returns a JSON-able description."""
        return asdict(self)

    @property
    def identity(self) -> dict[str, Any]:
        """What tells it from another one, however much it has grown."""
        return {"objective": self.objective, "seed": self.seed, "first": self.first}

    def told_in(self, space: Space) -> FormerStudy:
        """Returns the study with the columns of the space that it is told in first."""
        return self if self.columns is not None else replace(self, columns=len(space))

    def best(self, count: int) -> list[dict[str, Value]]:
        """Returns the values of its best trials."""
        order = sorted(range(len(self.scores)), key=lambda row: self.scores[row])
        return [self.values[row] for row in order[:count]]

    def encoded(self, space: Space, fidelity: str | None = None) -> Former:
        """Returns the study as points of a space.

        A trial with a value that the space does not have is left out; of parameters that the space
        does not have at all nothing is taken, nor of the fidelity: its rungs may be others.

        Args:
            space: What is searched now.
            fidelity: The name of its fidelity, None where there is none.

        Raises:
            ArgumentError: If no trial has a place in the space.
        """
        found = [
            (point, score)
            for values, score in zip(self.values, self.scores, strict=True)
            if (point := _place(values, space, fidelity)) is not None
        ]
        if not found:
            raise ArgumentError(
                "A former study must share parameters and values with the space that is searched, "
                f"{space}. Received: a study of {self.objective!r} with "
                f"{sorted({name for values in self.values for name in values})}, none of whose "
                f"{len(self.values)} completed trials has a place in it."
            )
        points = [point for point, _ in found]
        active = np.array([point.active for point in points])
        # Columns that were added since cannot have been told.
        active[:, self.columns :] = False
        x = np.where(active, np.array([point.x for point in points]), 0.0)
        return Former(Point(x, active), np.array([score for _, score in found]))


def encoded(
    studies: Iterable[FormerStudy], space: Space, fidelity: str | None = None
) -> list[Former]:
    """Returns former studies as points of a space.

    Args:
        studies: The studies.
        space: What is searched now.
        fidelity: The name of its fidelity, None where there is none.

    Raises:
        ArgumentError: If one of them has nothing to do with the space.
    """
    return [study.encoded(space, fidelity) for study in studies]


def _place(values: dict[str, Value], space: Space, fidelity: str | None) -> Point | None:
    names = set(space.names) - {fidelity}
    known = {name: values[name] for name in values if name in names}
    try:
        point = space.encode(known)
    except SpaceError:
        return None
    return point if point.active.any() else None


def _at_highest_fidelity(study: StudyRecord) -> Sequence[TrialRecord]:
    """Returns the completed trials; of a multi-fidelity search only those of the highest rung."""
    fidelity = study.header.settings.get("options", {}).get("fidelity")
    if fidelity is None:
        return study.completed
    levels = [trial.values.get(fidelity, 0) for trial in study.completed]
    return [
        trial for trial, level in zip(study.completed, levels, strict=True) if level == max(levels)
    ]
