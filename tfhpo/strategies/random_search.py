"""Random search."""

from __future__ import annotations

from typing import ClassVar

from tfhpo.space import Point
from tfhpo.strategies.strategy import Strategy


class RandomSearch(Strategy):
    """Draws every point at random, independently of all results.

    Each active parameter is drawn through its prior's quantile function, or uniformly on its own
    scale. No configuration of a finite space is drawn twice; the search finishes when all were.

    Args:
        space: What to search.
        rng: The only source of randomness.
        budget: How many trials are planned; random search does not need it.

    Raises:
        ArgumentError: If the space is empty or the budget is below one.

    Source:
        Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization", JMLR 13 (2012).
    """

    name: ClassVar[str] = "random"

    def _propose(self) -> Point | None:
        return self._draw_untried()
