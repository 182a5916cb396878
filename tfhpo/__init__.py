"""Hyperparameter tuning for Keras, native to KerasTuner and TensorBoard.

Public names are resolved when they are first asked for, so that importing the package, or its
strategies and studies alone, loads no TensorFlow.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tfhpo._version import __version__

if TYPE_CHECKING:
    from tfhpo import (
        errors,
        hp,
        oracles,
        pruners,
        reporting,
        schedules,
        space,
        strategies,
        study,
        tensorboard,
        tuners,
    )
    from tfhpo.strategies import Stage
    from tfhpo.study import read_study
    from tfhpo.tuners import (
        TPE,
        BayesianOptimization,
        ElasticGridSearch,
        GeneticAlgorithm,
        GridSearch,
        Hyperband,
        PolicyGradient,
        RandomSearch,
        StagedSearch,
        Tuner,
    )

__all__ = [
    "TPE",
    "BayesianOptimization",
    "ElasticGridSearch",
    "GeneticAlgorithm",
    "GridSearch",
    "Hyperband",
    "PolicyGradient",
    "RandomSearch",
    "Stage",
    "StagedSearch",
    "Tuner",
    "__version__",
    "errors",
    "hp",
    "oracles",
    "pruners",
    "read_study",
    "reporting",
    "schedules",
    "space",
    "strategies",
    "study",
    "tensorboard",
    "tuners",
]

_HOMES = {
    "TPE": "tfhpo.tuners",
    "BayesianOptimization": "tfhpo.tuners",
    "ElasticGridSearch": "tfhpo.tuners",
    "GeneticAlgorithm": "tfhpo.tuners",
    "GridSearch": "tfhpo.tuners",
    "Hyperband": "tfhpo.tuners",
    "PolicyGradient": "tfhpo.tuners",
    "RandomSearch": "tfhpo.tuners",
    "Stage": "tfhpo.strategies",
    "StagedSearch": "tfhpo.tuners",
    "Tuner": "tfhpo.tuners",
    "read_study": "tfhpo.study",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in __all__:
        return importlib.import_module(f"tfhpo.{name}")
    raise AttributeError(f"module 'tfhpo' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
