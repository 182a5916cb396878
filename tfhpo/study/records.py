"""What a study holds, as plain records: they need neither Keras nor an open file.

Every mapping in a record is made of JSON values. Times are unix seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias

#: A hyperparameter's value, as KerasTuner knows them.
Value: TypeAlias = bool | int | float | str


class TrialStatus(str, Enum):
    """Where a trial stands; the texts are KerasTuner's."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    PRUNED = "PRUNED"
    #: The last attempt failed and another one will follow.
    INVALID = "INVALID"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class TrialRecord:
    """One trial: a configuration and what became of it.

    Attributes:
        number: Position in the study, from 0, without gaps in the order of starting.
        trial_id: KerasTuner's name of the trial, unique in the study.
        status: Where the trial stands.
        values: The active hyperparameters by name; inactive ones are absent.
        score: The objective's value; None while there is none.
        metrics: Further results by name.
        best_step: The step (epoch, from 0) of the score.
        message: Why the trial failed, was pruned or must be repeated.
        seed: Seed of the trial's current attempt.
        attempt: How often the trial had failed before, 0 the first time.
        interruptions: How often it was broken off before, by what was not its failure: a search
            that was stopped or killed, a worker that was lost. It is run again with its seed.
        tuner_id: Which worker runs it.
        started: When the training of the current attempt began; before that, when the trial was
            handed out.
        ended: When it ended.
        point: The strategy's own suggestion behind the values, opaque to the study.
    """

    number: int
    trial_id: str
    status: TrialStatus
    values: dict[str, Value]
    score: float | None = None
    best_step: int | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    message: str | None = None
    seed: int | None = None
    attempt: int = 0
    interruptions: int = 0
    tuner_id: str | None = None
    started: float | None = None
    ended: float | None = None
    point: dict[str, Any] | None = None

    @property
    def repeat(self) -> int:
        """How often the trial was begun before, for whatever reason."""
        return self.attempt + self.interruptions


@dataclass(frozen=True)
class Report:
    """The metrics of one step (epoch) of one execution of a trial.

    Attributes:
        number: The trial's.
        repeat: How often the trial was begun before, as `TrialRecord.repeat`.
        execution: Which execution, from 0.
        step: Which step, from 0.
        metrics: By name.
    """

    number: int
    repeat: int
    execution: int
    step: int
    metrics: dict[str, float]


@dataclass(frozen=True)
class Event:
    """Something that the strategy wants remembered, such as a round of the elastic grid.

    Attributes:
        sequence: The event's number in the study, given by the writer, used once.
        after_trial: Number of trials started before it.
        kind: What happened, in the strategy's words.
        data: The details.
    """

    sequence: int
    after_trial: int
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True)
class StudyHeader:
    """What was asked for when the study began.

    Attributes:
        objective: Name of the metric to optimise.
        direction: "min" or "max".
        space: The search space as it was declared, opaque to the study.
        settings: The strategy's name and arguments.
        version: The tfhpo that created the study.
    """

    objective: str
    direction: str
    space: dict[str, Any]
    settings: dict[str, Any]
    version: str
