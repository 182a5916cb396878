"""A pruner at work on the trials of an oracle."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from keras_tuner.engine import trial as kt_trial
from keras_tuner.src.engine import objective as kt_objective

from tfhpo.oracles.fidelity import EPOCHS
from tfhpo.oracles.runs import PRUNED, Run
from tfhpo.pruners import Pruner
from tfhpo.study import Report
from tfhpo.study.outcomes import sign_of

_COMPLETED = kt_trial.TrialStatus.COMPLETED


class Pruning:
    """Asks a pruner about every epoch, and tells what became of the trials.

    Args:
        pruner: A pruner that knows no trial yet, or None where no trial is stopped early.
        objective: What to optimise.
        fidelity: The name of the fidelity, None where there is none.
    """

    def __init__(
        self, pruner: Pruner | None, objective: kt_objective.Objective, fidelity: str | None = None
    ) -> None:
        self._pruner = pruner
        self._objective = objective
        self._fidelity = fidelity

    def recall(self, runs: Iterable[Run], reports: Mapping[int, tuple[Report, ...]]) -> None:
        """Takes up the curves of a study's trials that ended with a score.

        Args:
            runs: All trials of the study.
            reports: Those of each trial's last attempt, by its number.
        """
        for run in runs:
            if self._pruner is not None and run.trial.status in (_COMPLETED, PRUNED):
                for one in reports.get(run.number, ()):
                    value = self._value(one.metrics)
                    self._pruner.record(run.number, value, step=one.step, execution=one.execution)
                self.end(run)

    def begin(self, run: Run) -> None:
        """Takes note that an attempt at a trial begins: nothing of an earlier one counts."""
        run.stopped_after = None
        if self._pruner is not None:
            self._pruner.forget(run.number)

    def report(self, report: Report, run: Run, *, last: bool) -> bool:
        """Returns whether a trial should go on after an epoch; always after its last one."""
        if self._pruner is None:
            return True
        goes_on = self._pruner.report(
            run.number, self._value(report.metrics), step=report.step, execution=report.execution
        )
        if not goes_on and not last:
            run.stopped_after = report.execution, report.step
        return run.stopped_after is None

    def judge(self, run: Run) -> None:
        """Gives a trial that ended because it was told to the status of a pruned one."""
        if run.trial.status == _COMPLETED and run.stopped_after is not None:
            execution, epoch = run.stopped_after
            run.trial.status = PRUNED
            run.trial.message = (
                f"Stopped by {self._pruner} after epoch {epoch} of execution {execution}."
            )

    def end(self, run: Run) -> None:
        """Takes note that an attempt at a trial ended; a pruned trial is told what it would score.

        What a pruned trial has is a bound: training on could only have bettered it.
        """
        if self._pruner is None:
            return
        if run.trial.status == _COMPLETED:
            if not self._is_below_the_top(run):
                self._pruner.end(run.number)
        elif run.trial.status != PRUNED:
            self._pruner.forget(run.number)
        elif run.expected is None:
            run.expected = self._pruner.expected_end(run.number)

    def _is_below_the_top(self, run: Run) -> bool:
        """Whether a trial was trained for the epochs of a rung below the highest.

        It has not come to the end of its curve, and what it had is not what it would have later.
        """
        if self._fidelity != EPOCHS:
            return False
        return any(
            run.values[EPOCHS] < max(hp.values)
            for hp in run.trial.hyperparameters.space
            if hp.name == EPOCHS
        )

    def _value(self, metrics: Mapping[str, float]) -> float:
        """Returns the objective, lower is better; NaN in an epoch that lacks it."""
        if not self._objective.has_value(metrics):
            return math.nan
        return sign_of(self._objective.direction) * float(self._objective.get_value(metrics))
