"""The objective: which metric, and which way is better, or a refusal to guess."""

from __future__ import annotations

import re
from typing import Any

import keras_tuner
from keras_tuner.src.engine import objective as kt_objective

from tfhpo.arguments import did_you_mean
from tfhpo.errors import ObjectiveError

_MAXIMISED = frozenset({
    "acc", "accuracy", "auc", "binary_accuracy", "binary_io_u", "categorical_accuracy",
    "concordance_correlation", "cosine_similarity", "f1_score", "f_beta_score", "fbeta_score",
    "io_u", "mean_io_u", "one_hot_io_u", "one_hot_mean_io_u", "pearson_correlation", "precision",
    "precision_at_recall", "r2_score", "recall", "recall_at_precision",
    "sensitivity_at_specificity", "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy", "specificity_at_sensitivity",
    "top_k_categorical_accuracy", "true_negatives", "true_positives",
})  # fmt: skip
_MINIMISED = frozenset({
    "binary_crossentropy", "binary_focal_crossentropy", "categorical_crossentropy",
    "categorical_focal_crossentropy", "categorical_hinge", "ce", "crossentropy",
    "false_negatives", "false_positives", "hinge", "huber", "kl_divergence", "log_cosh",
    "log_cosh_error", "logcosh", "loss", "mae", "mape", "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error", "mean_squared_logarithmic_error", "mse", "msle", "poisson", "rmse",
    "root_mean_squared_error", "sparse_categorical_crossentropy", "squared_hinge",
})  # fmt: skip


def direction_of(metric: str) -> str | None:
    """Returns "max" or "min" for a metric of Keras, None where it cannot be known.

    Keras's prefixes and suffixes are looked through: `val_`, `weighted_`, the name of an output
    before the metric, a counter after it.

    Args:
        metric: The metric's name as it stands in the logs of `fit`, or its class name.
    """
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", metric).lower()
    name = re.sub(r"_\d+$", "", name)
    for prefix in ("val_", "weighted_"):
        name = name.removeprefix(prefix)
    words = name.split("_")
    # `digit_accuracy` is the accuracy of the output `digit`: the longest known ending decides.
    for start in range(len(words)):
        ending = "_".join(words[start:])
        if ending in _MAXIMISED:
            return "max"
        if ending in _MINIMISED:
            return "min"
    return None


def _hint(metric: str) -> str:
    if metric in ("max", "min"):
        return " That is a direction; the objective is a metric, such as 'val_accuracy'."
    # The prefix, which all have alike, would make any two names near.
    prefix = "val_" if metric.startswith("val_") else ""
    return did_you_mean(metric.removeprefix(prefix), _MAXIMISED | _MINIMISED, prefix=prefix)


def resolve_objective(objective: Any) -> kt_objective.Objective:
    """Returns a KerasTuner objective with its right direction.

    Args:
        objective: A metric's name, a `keras_tuner.Objective`, a list of these (their sum is
            minimised, maximised ones negated), or None where the trial returns one float.

    Raises:
        ObjectiveError: If the direction of a name cannot be known, or it is of another type.
    """
    if isinstance(objective, (list, tuple)):
        if not objective:
            raise ObjectiveError(
                f"A list of objectives must name one at least. Received: {objective!r}."
            )
        return kt_objective.MultiObjective([resolve_objective(one) for one in objective])
    if isinstance(objective, str):
        direction = direction_of(objective)
        if direction is None:
            raise ObjectiveError(
                f"It is not known whether {objective!r} should be small or large."
                f"{_hint(objective)} Say so: "
                f"objective=keras_tuner.Objective({objective!r}, direction='max') or 'min'."
            )
        return keras_tuner.Objective(objective, direction)
    if objective is None:
        return kt_objective.create_objective(None)
    if not isinstance(objective, keras_tuner.Objective):
        raise ObjectiveError(
            "The objective must be a metric's name, a keras_tuner.Objective or a list of these. "
            f"Received: {objective!r}."
        )
    if objective.direction not in ("min", "max"):
        raise ObjectiveError(
            f"The direction of {objective.name!r} must be 'min' or 'max'. "
            f"Received: {objective.direction!r}."
        )
    return objective


def check_direction(objective: kt_objective.Objective) -> None:
    """Refuses an objective whose direction contradicts what is known of its metric.

    KerasTuner infers "min" for some metrics that are better when larger (`f1_score`, `r2_score`,
    `cosine_similarity`), and an oracle does not tell whether its user or KerasTuner chose.

    Raises:
        ObjectiveError: If it does.
    """
    known = direction_of(objective.name)
    if known is not None and known != objective.direction:
        raise ObjectiveError(
            f"The oracle would look for the {objective.direction}imum of {objective.name!r}, "
            f"which is better the other way. Give the oracle "
            f"objective=keras_tuner.Objective({objective.name!r}, direction={known!r})."
        )
