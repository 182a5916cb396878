"""Search strategies: pure maths over the encoded space, one file each behind one contract."""

from tfhpo.strategies.asha import ASHA
from tfhpo.strategies.bayesian import BayesianOptimization
from tfhpo.strategies.elastic_grid import ElasticGrid
from tfhpo.strategies.fidelity import rungs
from tfhpo.strategies.former import Former
from tfhpo.strategies.genetic import GeneticAlgorithm
from tfhpo.strategies.grid_search import GridSearch
from tfhpo.strategies.history import Entry, History, Outcome
from tfhpo.strategies.hyperband import Hyperband
from tfhpo.strategies.multi_fidelity import MultiFidelity
from tfhpo.strategies.named import STRATEGIES, check_name
from tfhpo.strategies.policy_gradient import PolicyGradient
from tfhpo.strategies.proposers import PROPOSERS
from tfhpo.strategies.random_search import RandomSearch
from tfhpo.strategies.staged import Staged
from tfhpo.strategies.stages import Stage
from tfhpo.strategies.strategy import Event, Result, Strategy, Suggestion
from tfhpo.strategies.successive_halving import SuccessiveHalving
from tfhpo.strategies.tpe import TPE

__all__ = [
    "ASHA",
    "PROPOSERS",
    "STRATEGIES",
    "TPE",
    "BayesianOptimization",
    "ElasticGrid",
    "Entry",
    "Event",
    "Former",
    "GeneticAlgorithm",
    "GridSearch",
    "History",
    "Hyperband",
    "MultiFidelity",
    "Outcome",
    "PolicyGradient",
    "RandomSearch",
    "Result",
    "Stage",
    "Staged",
    "Strategy",
    "SuccessiveHalving",
    "Suggestion",
    "check_name",
    "rungs",
]
