"""Which weights of a trial's epochs are held, and which trials' weights stay on disk."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path

from keras_tuner.engine import trial as kt_trial

from tfhpo.oracles.fidelity import level_of
from tfhpo.tuners.checkpoints import CheckpointKeeper, Keep
from tfhpo.tuners.trainer import Trainer


class BestWeights:
    """Keeps the weights of the best trials.

    Args:
        keep: How many to keep; 0 for none, "all" for every trial's.
        folder_of: Trial id to the trial's folder.
        best_trials: Returns so many of the best completed trials, the best first.
        sign: -1 where the objective is maximised, else 1; it is asked for when it is needed.
        fidelity: The name of the fidelity of a multi-fidelity search, else None.
        writes: Whether this process writes files; one that trains along with others does not.

    Raises:
        ArgumentError: If `keep` is neither a count nor "all".
    """

    def __init__(
        self,
        keep: Keep,
        folder_of: Callable[[str], str],
        best_trials: Callable[[int], list[kt_trial.Trial]],
        sign: Callable[[], float],
        fidelity: str | None,
        *,
        writes: bool = True,
    ) -> None:
        self._keeper = CheckpointKeeper(keep, folder_of)
        self._wanted = keep
        self._best_trials = best_trials
        self._sign = sign
        self._fidelity = fidelity
        self._writes = writes

    def take_up(self, project: Path, ended: Iterable[str]) -> None:
        """Takes charge of the weights in a project, as of `CheckpointKeeper.take_up`."""
        self._keeper.take_up(project, ended)

    def keep_all_for_now(self) -> None:
        """Keeps all until `settle`: trials to come may go on from any."""
        self._keeper.keep = "all"

    @property
    def keep(self) -> Keep:
        """How many are kept for now."""
        return self._keeper.keep

    def holds(self, trial_id: str) -> bool:
        """Whether a trial's weights are among those that this process is in charge of."""
        return trial_id in self._keeper.written

    def take_charge(self, trial_id: str) -> None:
        """Takes charge of a trial's weights, which another process may have written."""
        self._keeper.written.add(trial_id)

    def settle(self) -> None:
        """Keeps those that were asked for in the end, and removes all others."""
        self._keeper.keep = self._wanted
        self.prune()

    def prune(self) -> None:
        """Removes the weights of trials that fell out of the best."""
        if self._keeper.keep != "all":
            best = self._best_trials(self._keeper.keep) if self._keeper.keep else []
            self._keeper.prune(trial.trial_id for trial in best)

    def path(self, trial_id: str) -> Path:
        """Returns where a trial's weights are.

        Raises:
            StudyError: If they were not kept.
        """
        return self._keeper.path(trial_id)

    def wanted(self, trial: kt_trial.Trial, *, open_yet: bool) -> Callable[[float], bool]:
        """Returns a function that tells whether the weights of a score may be wanted in the end.

        Args:
            trial: The trial that is trained.
            open_yet: Whether its score can be another one than its best epoch's: the mean of
                several executions may be among the best where one of them is not, and a `fit` of
                the user's own may return what it likes.
        """
        among_best, keeps_any = self._among_best(trial), self._keeper.keep != 0
        # NaN stands for a score that only the end of the training tells.
        return lambda score: keeps_any and (open_yet or math.isnan(score) or among_best(score))

    def write(self, trial: kt_trial.Trial, trainer: Trainer, score: float) -> None:
        """Writes the weights of a trial's best epoch if it is among the best trials.

        Args:
            trial: The trial, which has come to its end.
            trainer: What trained it.
            score: Its score.
        """
        if trainer.best.weights is None or not math.isfinite(score):
            return
        if self._among_best(trial)(score) and self._writes:
            self._keeper.write(trial.trial_id, trainer.model, trainer.best.weights)

    def _among_best(self, trial: kt_trial.Trial) -> Callable[[float], bool]:
        """Returns a function that tells whether a score of a trial is among those that are kept."""
        keep, sign = self._keeper.keep, self._sign()
        best = [] if keep == "all" else self._best_trials(max(keep, 1))
        mine = level_of(trial, self._fidelity)
        # Those of a lower fidelity come after it, whatever their scores.
        losses = [sign * one.score for one in best if level_of(one, self._fidelity) >= mine]
        return lambda score: self._keeper.wants(sign * score, losses)
