"""Search strategies: pure maths over the encoded space, one file each behind one contract."""

from tfhpo.strategies.bayesian import BayesianOptimization
from tfhpo.strategies.elastic_grid import ElasticGrid
from tfhpo.strategies.genetic import GeneticAlgorithm
from tfhpo.strategies.grid_search import GridSearch
from tfhpo.strategies.history import Entry, History, Outcome
from tfhpo.strategies.policy_gradient import PolicyGradient
from tfhpo.strategies.random_search import RandomSearch
from tfhpo.strategies.strategy import Event, Result, Strategy, Suggestion
from tfhpo.strategies.tpe import TPE

__all__ = [
    "TPE",
    "BayesianOptimization",
    "ElasticGrid",
    "Entry",
    "Event",
    "GeneticAlgorithm",
    "GridSearch",
    "History",
    "Outcome",
    "PolicyGradient",
    "RandomSearch",
    "Result",
    "Strategy",
    "Suggestion",
]
