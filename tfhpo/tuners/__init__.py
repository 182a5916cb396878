"""The tuners: one trial from build to score, budgets, checkpoints, and the ready searches."""

from tfhpo.tuners.former_training import ChangedTrainingWarning
from tfhpo.tuners.learning_rates import PlanWarning
from tfhpo.tuners.listeners import SearchListener
from tfhpo.tuners.ready import (
    TPE,
    BayesianOptimization,
    ElasticGridSearch,
    GeneticAlgorithm,
    GridSearch,
    Hyperband,
    PolicyGradient,
    RandomSearch,
    StagedSearch,
    tuner_for,
)
from tfhpo.tuners.tuner import Tuner

__all__ = [
    "TPE",
    "BayesianOptimization",
    "ChangedTrainingWarning",
    "ElasticGridSearch",
    "GeneticAlgorithm",
    "GridSearch",
    "Hyperband",
    "PlanWarning",
    "PolicyGradient",
    "RandomSearch",
    "SearchListener",
    "StagedSearch",
    "Tuner",
    "tuner_for",
]
