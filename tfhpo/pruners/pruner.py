"""The contract of every pruner: report, end, and what a stopped trial would have reached.

A pruner sees numbers of trials and their values; never KerasTuner, files or clocks:

    pruner = MedianPruner()
    for trial, settings in enumerate(candidates):
        for step, loss in enumerate(train(settings)):
            if not pruner.report(trial, loss, step=step):
                break
        else:
            pruner.end(trial)

What it knows is the curves of the trials, whatever the order in which different trials reported.
So it is brought back by telling it all curves again, with `record` rather than `report` since
decisions that were taken need not be taken again.
"""

from __future__ import annotations

import dataclasses
import math
import operator
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, final

import numpy as np

from tfhpo.arguments import integer
from tfhpo.errors import ArgumentError
from tfhpo.pruners.curve import Curve, Position

if TYPE_CHECKING:
    from typing_extensions import Self

# How many trials that were as bad must have ended to tell what another one would have gained.
_FEWEST_ALIKE = 3


class Moment(NamedTuple):
    """Where a trial stands when it reports.

    Attributes:
        step: The step of its execution, from 0.
        step_before: The step reported before in the same execution, -1 at its first.
        epochs: How many epochs it has had, over all executions.
    """

    step: int
    step_before: int
    epochs: int

    @property
    def epochs_before(self) -> int:
        """How many epochs it had had at the report before."""
        return self.epochs - (self.step - self.step_before)


@dataclass(frozen=True, eq=False)
class Pruner(ABC):
    """Says which trials may stop early.

    A trial is judged by its best value so far, the mean of its executions' where there are several,
    and compared with what the others had at the same step of the same execution (`curve.py` has the
    formulas). Others are all that got there, whatever became of them. A subclass is a frozen
    dataclass whose fields are its settings; it fills in `_judges` and `_goes_on` and overrides
    nothing else.

    One pruner serves one search, in one thread; `fresh` gives another.
    """

    name: ClassVar[str]
    _curves: dict[int, Curve] = field(default_factory=dict, init=False, repr=False)

    # ------------------------------------------------------------------ the contract

    @final
    def report(self, trial: int, value: float, *, step: int, execution: int = 0) -> bool:
        """Takes in the value of an epoch, and returns whether the trial should go on.

        A report that is not the furthest of its trial stops nothing: it comes late, or from a
        second `fit` within the execution, which has yet to get past the first. The furthest one
        may be repeated.

        The pruner does not know which epoch is a trial's last: one that is to stop there has ended.

        Args:
            trial: The trial's number.
            value: Lower is better. NaN and -inf are no value and stop nothing by themselves; inf
                is the worst there is.
            step: The epoch within the execution, from 0. Steps may be left out.
            execution: The execution of the trial, from 0.

        Raises:
            ArgumentError: If a step or execution is not a whole number from 0, the value is not a
                number, or the trial has ended: `forget` it, then it may begin again.
        """
        self.record(trial, value, step=step, execution=execution)
        curve, at = self._curves[trial], Position(int(execution), int(step))
        if at != curve.furthest:
            return True
        has = curve.by(at)
        moment = Moment(at.step, curve.step_before(at), curve.epochs(at))
        if math.isnan(has) or not self._judges(moment):
            return True
        return self._goes_on(has, self._others(trial, at))

    @final
    def record(self, trial: int, value: float, *, step: int, execution: int = 0) -> None:
        """Takes in a value as `report` does, deciding nothing: to resume from what was reported.

        Args:
            trial: The trial's number.
            value: Lower is better, as in `report`.
            step: The epoch within the execution, from 0.
            execution: The execution of the trial, from 0.

        Raises:
            ArgumentError: As in `report`.
        """
        at = Position(_whole("execution", execution), _whole("step", step))
        number = _number(value)
        curve = self._curves.setdefault(trial, Curve())
        if curve.ended:
            raise ArgumentError(
                "A trial that has ended reports no more; forget it to run it again. Received: "
                f"trial {trial} at step {step} of execution {execution}."
            )
        curve.add(at, number)

    @final
    def end(self, trial: int) -> None:
        """Tells that a trial ran to its end: it has the same at every later step.

        So a trial that ended at its own wish, by Keras's EarlyStopping say, still counts among the
        others at the steps that it did not need.
        """
        self._curves.setdefault(trial, Curve()).ended = True

    @final
    def forget(self, trial: int) -> None:
        """Drops what a trial has reported, if anything: it begins anew, or failed."""
        self._curves.pop(trial, None)

    @final
    def expected_end(self, trial: int) -> float:
        """Returns what a stopped trial would likely have scored at its end.

        With B as in `curve.py`, (e, s) where the trial stopped, and y_j what each trial j that
        ended has scored:

            min(B, max(B + m, min_j y_j)),   m = median of y_j - B_j(e, s) over B_j(e, s) >= B

        So it is what the trial has, or better by what those typically gained that were no better at
        the time and yet ran to the end. What better trials gained says nothing: they went on
        because they were good. Where fewer than three are known, m is 0. No gain that was only
        expected makes a trial better than the best that ended; what it has really reached stands,
        should that be better.

        Returns:
            What the trial has where it ended itself or no other did; NaN where it has no value.

        Raises:
            ArgumentError: If nothing is known of the trial.
        """
        if trial not in self._curves:
            raise ArgumentError(
                f"Only a trial that reported has an expected end. Received: trial {trial}."
            )
        curve = self._curves[trial]
        at, has = curve.furthest, curve.score
        if at is None or curve.ended or not math.isfinite(has):
            return has
        pairs = [(other.by(at), other.score) for other in self._curves.values() if other.ended]
        ended = [(then, end) for then, end in pairs if math.isfinite(then) and math.isfinite(end)]
        gains = [end - then for then, end in ended if then >= has]
        if len(gains) < _FEWEST_ALIKE:
            return has
        return min(has, max(has + float(np.median(gains)), min(end for _, end in ended)))

    @final
    def config(self) -> dict[str, Any]:
        """Returns the settings, JSON-able: equal of two pruners that judge alike."""
        settings = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        return {"name": self.name} | {key: settings[key] for key in settings if key != "_curves"}

    @final
    def fresh(self) -> Self:
        """Returns a pruner of the same settings that knows no trial."""
        return dataclasses.replace(self)

    # ------------------------------------------------------------------ for subclasses

    @abstractmethod
    def _judges(self, moment: Moment) -> bool:
        """Returns whether a trial may be stopped at this moment at all."""

    @abstractmethod
    def _goes_on(self, value: float, others: list[float]) -> bool:
        """Returns whether a trial that has `value` goes on, given what others had; no NaN."""

    # ------------------------------------------------------------------ private

    def _check_setting(self, name: str, *, least: int) -> None:
        """Makes a setting a plain integer, or raises an ArgumentError."""
        object.__setattr__(self, name, integer(name, getattr(self, name), least))

    def _others(self, trial: int, at: Position) -> list[float]:
        found = [curve.by(at) for number, curve in self._curves.items() if number != trial]
        return [value for value in found if not math.isnan(value)]


def _whole(name: str, value: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = -1
    if number < 0:
        raise ArgumentError(f"A {name} is a whole number from 0. Received: {value!r}.")
    return number


def _number(value: float) -> float:
    """Returns a value as a float; -inf, which no training reaches, as no value."""
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"A reported value is a number. Received: {value!r}.") from error
    return math.nan if number == -math.inf else number
