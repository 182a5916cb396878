"""Our own oracle, in the tuner's process."""

from __future__ import annotations

from collections.abc import Mapping

from keras_tuner.engine import trial as kt_trial

from tfhpo.oracles.links.link import OracleLink
from tfhpo.oracles.strategy_oracle import StrategyOracle
from tfhpo.space import Space
from tfhpo.study import TrialRecord


class StrategyLink(OracleLink):
    """Our own oracle, in this process: it keeps its study itself."""

    def __init__(self, oracle: StrategyOracle) -> None:
        self._oracle = oracle

    @property
    def space(self) -> Space:
        return self._oracle.space

    def open(self, *, in_driver: bool = False, can_isolate: bool = True) -> None:
        self._oracle.in_driver, self._oracle.can_isolate = in_driver, can_isolate
        self._oracle.open()

    def close(self) -> None:
        self._oracle.close()

    def begin(self, trial: kt_trial.Trial, tuner_id: str) -> None:
        """Does nothing: `create_trial` has recorded it."""

    def start_clock(self, trial: kt_trial.Trial) -> None:
        self._oracle.start_clock(trial.trial_id)

    def learn_space(self, trial: kt_trial.Trial) -> None:
        self._oracle.update_space(trial.hyperparameters)

    def report(
        self,
        trial: kt_trial.Trial,
        metrics: Mapping[str, float],
        step: int,
        execution: int,
        *,
        last: bool,
    ) -> bool:
        return self._oracle.report(trial.trial_id, metrics, step, execution, last=last)

    def finish(self, trial: kt_trial.Trial) -> None:
        self._oracle.end_trial(trial)

    def record(self, trial: kt_trial.Trial) -> TrialRecord:
        return self._oracle.trial_record(trial.trial_id)

    def best_trials(self, count: int) -> list[kt_trial.Trial]:
        return self._oracle.get_best_trials(count)

    def seed(self, trial: kt_trial.Trial) -> int:
        return self._oracle.trial_seed(trial.trial_id)
