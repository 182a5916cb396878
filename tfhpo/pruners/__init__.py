"""Who may stop early: trials are compared, step by step, with what others had there."""

from tfhpo.pruners.asha import ASHAPruner
from tfhpo.pruners.median import MedianPruner
from tfhpo.pruners.named import PRUNERS, make_pruner
from tfhpo.pruners.pruner import Moment, Pruner

__all__ = ["PRUNERS", "ASHAPruner", "MedianPruner", "Moment", "Pruner", "make_pruner"]
