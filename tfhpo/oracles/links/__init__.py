"""How a tuner deals with whatever oracle it was given: ours, KerasTuner's, or one on the chief."""

from tfhpo.oracles.links.choice import link_to
from tfhpo.oracles.links.foreign import ForeignLink
from tfhpo.oracles.links.link import OracleLink
from tfhpo.oracles.links.strategy import StrategyLink
from tfhpo.oracles.links.worker import WorkerLink

__all__ = ["ForeignLink", "OracleLink", "StrategyLink", "WorkerLink", "link_to"]
