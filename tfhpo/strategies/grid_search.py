"""Exhaustive grid search."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from tfhpo.errors import ArgumentError
from tfhpo.space import Point, Space
from tfhpo.strategies.strategy import Strategy


class GridSearch(Strategy):
    """Walks through every combination of values, the last parameter fastest.

    Finite parameters contribute all their values; a continuous one contributes `levels` values,
    evenly spaced on its own scale, both ends of its range among them. A parameter that is inactive
    does not multiply the grid. The search finishes when every combination was suggested. A
    parameter that appears in mid-search starts the walk again over the larger grid, past the
    combinations that are known.

    Args:
        space: What to search.
        rng: Not drawn from; a grid leaves nothing to chance.
        budget: How many trials are planned; the grid stops there even if it is not complete.
        levels: Values laid over a continuous parameter, at least 2. Default 10, as in KerasTuner.

    Raises:
        ArgumentError: If the space is empty, the budget is below one, or `levels` is below two.
    """

    name: ClassVar[str] = "grid"

    def __init__(
        self,
        space: Space,
        rng: np.random.Generator,
        *,
        budget: int | None = None,
        levels: int = 10,
    ) -> None:
        super().__init__(space, rng, budget=budget)
        if levels < 2:
            raise ArgumentError(f"`levels` must be at least 2. Received: levels={levels}.")
        self.levels = levels
        self._walk: Iterator[Point] = space.lattice(levels)
        self._passed = 0

    def _propose(self) -> Point | None:
        for point in self._walk:
            self._passed += 1
            if not self.history.tried(point):
                return point
        self._finish()
        return None

    def _private_state(self) -> dict[str, Any]:
        return {"passed": self._passed}

    def _restore_private(self, state: dict[str, Any]) -> None:
        self._walk = self.space.lattice(self.levels)
        self._passed = state["passed"]
        for _ in range(self._passed):
            next(self._walk)

    def _space_grew(self) -> None:
        self._walk = self.space.lattice(self.levels)
        self._passed = 0
