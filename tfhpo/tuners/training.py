"""One execution of a trial: what is heard of it while Keras trains the model."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras_tuner.src.engine import objective as kt_objective
from keras_tuner.src.engine import tuner_utils

from tfhpo.errors import ObjectiveError
from tfhpo.tuners.learning_rates import learning_rate


@dataclass
class BestEpoch:
    """The best epoch of a trial, over all its executions.

    Attributes:
        score: Its objective; NaN while there is none.
        weights: The model's weights at its end, None while there are none.
    """

    score: float = math.nan
    weights: list[Any] | None = None


@dataclass
class Curve:
    """The metrics of an execution's epochs.

    Attributes:
        epochs: Epoch, from 0, to its metrics.
    """

    epochs: dict[int, dict[str, float]] = field(default_factory=dict)

    @classmethod
    def of_history(cls, history: Mapping[str, list[float]]) -> Curve:
        """Returns the curve in what `fit` returned, for a `fit` that ignores the callbacks."""
        curve = cls()
        for name, values in history.items():
            for epoch, value in enumerate(values):
                curve.epochs.setdefault(epoch, {}).update(single_values({name: value}))
        return curve

    @property
    def length(self) -> int | None:
        """How many epochs there were, from the first of all; None where none was told."""
        return max(self.epochs) + 1 if self.epochs else None

    def best(self, objective: kt_objective.Objective) -> tuple[int, dict[str, float]]:
        """Returns the epoch with the best finite objective; the last one where none is finite.

        Epochs without the objective (`validation_freq=2` leaves some) do not count.

        Raises:
            ObjectiveError: If no epoch has the objective.
        """
        measured = {
            epoch: metrics for epoch, metrics in self.epochs.items() if objective.has_value(metrics)
        }
        if not measured:
            names = sorted({name for metrics in self.epochs.values() for name in metrics})
            raise ObjectiveError(
                "The objective must be among the metrics of training. "
                f"Received: objective {objective.name!r}, metrics {names}."
            )
        best_epoch = max(measured)
        best_value = math.nan
        for epoch, metrics in measured.items():
            value = float(objective.get_value(metrics))
            if improves(value, best_value, objective):
                best_epoch, best_value = epoch, value
        value = float(objective.get_value(measured[best_epoch]))
        return best_epoch, {**measured[best_epoch], objective.name: value}


def improves(value: float, best: float, objective: kt_objective.Objective) -> bool:
    """Whether a finite value is better than the best so far, which is NaN at the start."""
    if not math.isfinite(value):
        return False
    return math.isnan(best) or bool(objective.better_than(value, best))


class EpochCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Hears of every epoch: keeps the curve and the best weights, and asks whether to go on.

    A training whose loss is not finite is stopped; the epochs before it count.

    The best weights are kept in memory and written once, when the trial has ended: a file per
    better epoch would cost more than a small model's epoch.

    Args:
        objective: What to be best at.
        best: The trial's best epoch so far; it is updated.
        keep_weights: Whether the weights of an epoch with this score, NaN where it is not known
            yet, may be wanted in the end. Fetching them takes longer than all else here.
        on_begin: Called once, when the training begins: all hyperparameters are read by then.
        on_epoch_end: Called with the epoch, its metrics, learning rate included, and whether it is
            the last one that was asked for; answers whether to go on.
    """

    def __init__(
        self,
        objective: kt_objective.Objective,
        best: BestEpoch,
        *,
        keep_weights: Callable[[float], bool],
        on_begin: Callable[[], None],
        on_epoch_end: Callable[[int, Mapping[str, float], bool], bool],
    ) -> None:
        super().__init__()
        self._begin: Callable[[], None] | None = on_begin
        self.curve = Curve()
        self._objective = objective
        self._best = best
        self._keep_weights = keep_weights
        self._tell = on_epoch_end

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Tells that the training begins."""
        self.begin()

    def begin(self) -> None:
        """Tells that the training begins, once, though `fit` may be called again or not at all."""
        if self._begin is not None:
            begin, self._begin = self._begin, None
            begin()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Takes in the epoch's metrics; stops the training where the answer is not to go on."""
        metrics = without_score_of_divergence(single_values(logs or {}), self._objective)
        self.curve.epochs[epoch] = metrics
        self._keep(metrics)
        rate = learning_rate(self.model)
        told = metrics if rate is None else {**metrics, "learning_rate": rate}
        last = epoch + 1 == (self.params or {}).get("epochs")
        if not self._tell(epoch, told, last) or diverged(metrics):
            self.model.stop_training = True

    def _keep(self, metrics: Mapping[str, float]) -> None:
        # An objective that only the end of `fit` knows makes the last epoch the one to keep.
        value = math.nan
        if self._objective.has_value(metrics):
            value = float(self._objective.get_value(metrics))
            if not improves(value, self._best.score, self._objective):
                return
            self._best.score = value
        if self._keep_weights(value):
            self._best.weights = self.model.get_weights()


class HookCallback(tuner_utils.TunerCallback):  # type: ignore[misc]
    """Calls the tuner's own `on_epoch_…` and `on_batch_…` methods, for subclasses of the tuner.

    It is used only where a subclass overrides one: a call per batch costs a small model dearly.
    """

    NAMES = ("on_epoch_begin", "on_epoch_end", "on_batch_begin", "on_batch_end")

    @classmethod
    def wanted(cls, tuner: Any, base: type) -> bool:
        """Whether a tuner overrides one of these methods of its base class."""
        return any(getattr(type(tuner), name) is not getattr(base, name) for name in cls.NAMES)


def diverged(metrics: Mapping[str, float]) -> bool:
    """Whether the training's loss is not finite: the weights are lost, and no epoch mends them."""
    return not math.isfinite(metrics.get("loss", 0.0))


def without_score_of_divergence(
    metrics: dict[str, float], objective: kt_objective.Objective
) -> dict[str, float]:
    """Returns an epoch's metrics, in which the objective of a network of NaN is NaN.

    Such a network still has an accuracy, that of its first class, and it must not win a search.
    """
    if not (diverged(metrics) or math.isnan(metrics.get("val_loss", 0.0))):
        return metrics
    names = {one.name for one in getattr(objective, "objectives", [objective])}
    return metrics | dict.fromkeys(names & set(metrics), math.nan)


def single_values(logs: Mapping[str, Any]) -> dict[str, float]:
    """Returns the metrics that have one value; `keras.metrics.F1Score()` has one per class."""
    return {name: float(value) for name, value in logs.items() if np.size(value) == 1}
