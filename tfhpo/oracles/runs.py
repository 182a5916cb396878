"""A trial of KerasTuner, what the strategy knows of it, and the record that the study keeps."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner.engine import trial as kt_trial

from tfhpo.space import Point, Space, Value
from tfhpo.strategies import Entry, Outcome
from tfhpo.study import TrialRecord, TrialStatus

#: KerasTuner's status of a trial that was stopped early. It has no word for that which its messages
#: between the chief and a worker could carry; this one it gives to no trial that began.
PRUNED = kt_trial.TrialStatus.STOPPED
#: A trial that has lost so many workers, or programs that it ran in, fails: it may well be what
#: kills them.
MAX_LOSSES = 3


@dataclass
class Run:
    """One trial, from the suggestion to its end.

    Attributes:
        trial: What KerasTuner and the tuner see.
        number: Position in the study, from 0.
        key: The strategy's key of the point; None for a trial that it does not know (one that
            does not fit an extended space).
        point: The suggestion.
        values: What the suggestion decodes to; a build may read fewer.
        failures: How many attempts failed before the current one.
        interruptions: How often it was broken off before by what was not its failure.
        losses: How many workers were lost while they had it, this process among them.
        in_driver: Whether it runs in the process that keeps the study, and may be what ends it.
        tuner_id: Which worker has it.
        started: When the training of the current attempt began, or the trial was handed out before
            that, unix seconds.
        broke_off: Whether it failed before it came to its end: its build may not have read all
            that it would use.
        stopped_after: The execution and the epoch after which the current attempt was told to stop.
        expected: What a pruned trial would likely have scored, lower is better.
    """

    trial: kt_trial.Trial
    number: int
    key: int | None
    point: Point
    values: dict[str, Value]
    failures: int = 0
    interruptions: int = 0
    tuner_id: str | None = None
    started: float | None = None
    broke_off: bool = False
    stopped_after: tuple[int, int] | None = None
    expected: float | None = None
    losses: int = 0
    in_driver: bool = False

    @classmethod
    def foreign(cls, trial: kt_trial.Trial, number: int) -> Run:
        """Returns the run of a trial that no strategy in this process has suggested."""
        nowhere = Point(np.zeros(0), np.zeros(0, dtype=bool))
        return cls(trial, number, None, nowhere, dict(trial.hyperparameters.values))

    @property
    def ended(self) -> bool:
        """Whether no further attempt follows."""
        status = kt_trial.TrialStatus
        return self.trial.status in (status.COMPLETED, status.FAILED, PRUNED)

    @property
    def repeat(self) -> int:
        """How often the trial was begun before."""
        return self.failures + self.interruptions

    def seed(self, study_seed: int) -> int:
        """Returns the seed of the current attempt, 31 bits.

        An attempt that was interrupted is repeated with its seed; one that failed is not.
        """
        sequence = np.random.SeedSequence([study_seed, self.number, self.failures])
        return int(sequence.generate_state(1)[0] >> 1)

    def count_repeat(self) -> None:
        """Counts what the trial is run again for: a failure, or an interruption."""
        # Not when it failed: until it is begun again the trial is that attempt, with its seed.
        if self.trial.status == kt_trial.TrialStatus.INVALID:
            self.failures += 1
        else:
            self.interruptions += 1

    def begin(self, tuner_id: str, *, in_driver: bool = False) -> None:
        """Starts an attempt: nothing of an earlier one is left in the trial."""
        fresh = kt_trial.Trial(self.trial.hyperparameters, self.trial.trial_id)
        self.trial.metrics, self.trial.score = fresh.metrics, None
        self.trial.best_step, self.trial.message = fresh.best_step, None
        self.trial.status = kt_trial.TrialStatus.RUNNING
        self.tuner_id, self.in_driver = tuner_id, in_driver
        self.start_clock()

    def start_clock(self) -> None:
        """Takes the time of the current attempt from now."""
        self.started = time.time()

    def lose_driver(self, *, can_isolate: bool) -> None:
        """Counts the end of the program that it ran in, which it may have caused.

        The last of `MAX_LOSSES` fails it: a trial that kills the program would do so for ever.

        Args:
            can_isolate: Whether it could run in a process of its own.
        """
        self.in_driver = False
        self.losses += 1
        if self.losses >= MAX_LOSSES:
            self.trial.status, self.broke_off = kt_trial.TrialStatus.FAILED, True
            self.trial.message = (
                f"ProgramEnded: the program ended {self.losses} times while this trial ran in it: "
                "the trial may be what ends it."
            )
            if can_isolate:
                self.trial.message += " In a process of its own (`isolate=True`) it would not."

    def settle(self, space: Space) -> None:
        """Moves the point to where the values lie that the trial really used.

        A trial that broke off stays at its suggestion, for the cause may lie elsewhere. One that
        ran to its end has read all that it would use, whatever its score was judged to be.

        Args:
            space: The space by now; its first columns are those of the suggestion.
        """
        grown = (0, len(space) - len(self.point.x))
        x, suggested = np.pad(self.point.x, grown), np.pad(self.point.active, grown)
        if self.broke_off:
            self.point = Point(x, suggested)
            return
        values = self.trial.hyperparameters.values
        point = space.encode({name: values[name] for name in values if name in space.names})
        # A place is taken as suggested: decoding and encoding it again may move it by a rounding.
        self.point = Point(np.where(suggested & point.active, x, point.x), point.active)

    def record(self, study_seed: int, *, ended: bool) -> TrialRecord:
        """Returns what the study keeps of the trial.

        Args:
            study_seed: The seed of the search.
            ended: Whether the current attempt is over.
        """
        trial = self.trial
        metrics = {
            name: float(trial.metrics.get_last_value(name)) for name in trial.metrics.metrics
        }
        return TrialRecord(
            number=self.number,
            trial_id=trial.trial_id,
            status=TrialStatus.PRUNED if trial.status == PRUNED else TrialStatus(trial.status),
            values=dict(trial.hyperparameters.values),
            score=None if trial.score is None else float(trial.score),
            best_step=None if trial.score is None else int(trial.best_step or 0),
            metrics=metrics,
            message=trial.message,
            seed=self.seed(study_seed),
            attempt=self.failures,
            interruptions=self.interruptions,
            tuner_id=self.tuner_id,
            started=self.started,
            ended=time.time() if ended else None,
            point=self._point_config(),
        )

    def entry(self, sign: float) -> Entry:
        """Returns the trial as a point of the strategy's history.

        Args:
            sign: -1 where the objective is maximised, else 1.
        """
        key = -1 if self.key is None else self.key
        if self.trial.status == TrialStatus.COMPLETED.value:
            return Entry(key, self.point, Outcome.COMPLETED, sign * self.trial.score)
        if self.trial.status == PRUNED:
            bound = sign * self.trial.score
            expected = bound if self.expected is None else self.expected
            return Entry(key, self.point, Outcome.PRUNED, expected)
        outcome = Outcome.FAILED if self.ended else Outcome.PENDING
        return Entry(key, self.point, outcome, math.nan)

    def _point_config(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "x": self.point.x.tolist(),
            "active": self.point.active.tolist(),
            "values": self.values,
            "losses": self.losses,
            "in_driver": self.in_driver,
            "broke_off": self.broke_off,
            "expected": self.expected,
        }


def run_from_record(
    record: TrialRecord,
    hyperparameters: keras_tuner.HyperParameters,
    space: Space,
    direction: str,
) -> Run:
    """Returns the run that `Run.record` recorded.

    Args:
        record: The record.
        hyperparameters: The declared space, without values of its own; it is kept.
        space: The same space, encoded; columns that were added since are inactive.
        direction: "min" or "max".
    """
    hyperparameters.values = dict(record.values)
    status = PRUNED if record.status is TrialStatus.PRUNED else record.status.value
    trial = kt_trial.Trial(hyperparameters, record.trial_id, status, record.message)
    trial.score, trial.best_step = record.score, record.best_step or 0
    for name, value in record.metrics.items():
        trial.metrics.register(name, direction=direction)
        # Past the tracker's own `update`, which warns when every value of a metric is NaN.
        trial.metrics.metrics[name].update(value, step=trial.best_step)
    known = record.point or {"key": None, "values": record.values}
    return Run(
        trial=trial,
        number=record.number,
        key=known["key"],
        point=_point(known, space),
        values=known["values"],
        failures=record.attempt,
        interruptions=record.interruptions,
        tuner_id=record.tuner_id,
        started=record.started,
        broke_off=known.get("broke_off", False),
        expected=known.get("expected"),
        losses=known.get("losses", 0),
        in_driver=known.get("in_driver", False),
    )


def _point(known: dict[str, Any], space: Space) -> Point:
    x, active = np.zeros(len(space)), np.zeros(len(space), dtype=bool)
    width = len(known.get("x", ()))
    if width <= len(space):
        x[:width] = known.get("x", ())
        active[:width] = known.get("active", ())
    return Point(x, active)
