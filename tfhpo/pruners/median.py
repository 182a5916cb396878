"""The median rule: stop a trial that is worse than half of the others were at the same step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tfhpo.pruners.pruner import Moment, Pruner


@dataclass(frozen=True, eq=False)
class MedianPruner(Pruner):
    """Stops a trial whose best value so far is worse than the others' median at that step.

    The others are all trials that got as far, those included that were stopped later or are still
    running. So what is asked of a trial rises from step to step, as the worse half of those that
    are left stops.

    Args:
        n_startup_trials: No trial is stopped where fewer others than this got as far. Default 3:
            fewer make no median, and more of them cost full trainings at the start.
        n_warmup_steps: No trial is stopped in its first steps, as many in each execution.
            Default 0.
        interval_steps: From then on a trial is judged at every so many steps. Default 1.

    Raises:
        ArgumentError: If a setting is not a whole number, negative, or zero where that makes no
            sense.

    Source:
        Golovin et al., "Google Vizier: A Service for Black-Box Optimization", KDD (2017), section
        3.2.2, which compares the best value with the median of others' running averages. Names of
        arguments are Optuna's.
    """

    name: ClassVar[str] = "median"
    n_startup_trials: int = 3
    n_warmup_steps: int = 0
    interval_steps: int = 1

    def __post_init__(self) -> None:
        self._check_setting("n_startup_trials", least=1)
        self._check_setting("n_warmup_steps", least=0)
        self._check_setting("interval_steps", least=1)

    def _judges(self, moment: Moment) -> bool:
        # A report every few steps may miss the step itself: the first one from there on counts.
        now, before = self._interval(moment.step), self._interval(moment.step_before)
        return now >= 0 and now > before

    def _goes_on(self, value: float, others: list[float]) -> bool:
        return len(others) < self.n_startup_trials or value <= float(np.median(others))

    def _interval(self, step: int) -> int:
        return (step - self.n_warmup_steps) // self.interval_steps
