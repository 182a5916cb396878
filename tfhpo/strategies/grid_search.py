"""Exhaustive grid search."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from tfhpo.arguments import integer
from tfhpo.space import FloatArray, Point, Space
from tfhpo.strategies.strategy import Strategy


class GridSearch(Strategy):
    """Walks through every combination of values, the last parameter fastest.

    Finite parameters contribute all their values; a continuous one contributes `levels` values,
    evenly spaced on its own scale, both ends of its range among them. A parameter that is inactive,
    or that a trial did not read, does not multiply the grid. The search finishes when every
    combination was suggested. A parameter that appears in mid-search starts the walk again over the
    larger grid, past the combinations that are known.

    Args:
        space: What to search.
        rng: Not drawn from; a grid leaves nothing to chance.
        budget: How many trials are planned; the grid does not need it.
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
        self.levels = integer("levels", levels, least=2)
        self._last: FloatArray | None = None

    def _propose(self) -> Point | None:
        # A new walk each time: results since the last one may settle the branch that it was in.
        walk = self.space.lattice(self.levels, skip=self.history.settles, after=self._last)
        point = next(walk, None)
        self._last = None if point is None else point.x
        if point is None:
            self._finish_unless_awaiting()
        return point

    def _private_state(self) -> dict[str, Any]:
        return {"last": None if self._last is None else self._last.tolist()}

    def _restore_private(self, state: dict[str, Any]) -> None:
        self._last = None if state["last"] is None else np.array(state["last"])

    def _space_grew(self) -> None:
        self._last = None
