"""Asynchronous successive halving, as a pruner: at each rung only the best part goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tfhpo.pruners.pruner import Moment, Pruner


@dataclass(frozen=True, eq=False)
class ASHAPruner(Pruner):
    """Stops a trial at a rung unless it is among the best there.

    Rungs lie at `min_resource`, `min_resource * reduction_factor`, `min_resource *
    reduction_factor**2`, ... epochs, counted over all executions of a trial. Of the n trials that
    got to a rung so far, this one included, the best n / `reduction_factor` (rounded down, at
    least one) go on. Nobody waits for a rung to fill, and a trial that was stopped never comes
    back: this is the stopping variant of ASHA; the strategies have one that promotes.

    Args:
        min_resource: The first rung, in epochs. Default 1.
        reduction_factor: How many get to a rung for one that passes. Default 3.
        n_startup_trials: No trial is stopped at a rung that fewer others than this have reached.
            Default 0: already the second trial is stopped unless it is better than the first.

    Raises:
        ArgumentError: If a setting is not a whole number or too small.

    Source:
        Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys (2020).
    """

    name: ClassVar[str] = "asha"
    min_resource: int = 1
    reduction_factor: int = 3
    n_startup_trials: int = 0

    def __post_init__(self) -> None:
        self._check_setting("min_resource", least=1)
        self._check_setting("reduction_factor", least=2)
        self._check_setting("n_startup_trials", least=0)

    def _judges(self, moment: Moment) -> bool:
        rung = self.min_resource
        while rung <= moment.epochs_before:
            rung *= self.reduction_factor
        return rung <= moment.epochs

    def _goes_on(self, value: float, others: list[float]) -> bool:
        better = sum(other < value for other in others)
        passing = max(1, (len(others) + 1) // self.reduction_factor)
        return len(others) < self.n_startup_trials or better < passing
