"""Successive halving over any proposer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from tfhpo.arguments import integer
from tfhpo.space import Space
from tfhpo.strategies.brackets import Halving, sizes
from tfhpo.strategies.strategy import Strategy


class SuccessiveHalving(Halving):
    """Successive halving: many configurations at little cost, the best of them at more and more.

    A bracket begins with `bracket_size` configurations at the lowest rung. When all have their
    results the best `1 / factor` of them, at least one, go on to the next rung, and so on to the
    highest. Then the next bracket begins; with many workers before that, so that none ever waits.

    How proposers are told of it, what becomes of failures, and of points that were held for someone
    else, is the same for all multi-fidelity strategies: see `MultiFidelity` and `Halving`.

    Every rung that is complete is recorded as an event of the kind "rung": the number of its
    `bracket`, the value of the `rung`, the keys of its `trials`, and those of the `promoted` ones.

    Args:
        space: What to search, with the fidelity among its columns; its values in order are the
            rungs (`rungs` gives values that are a factor apart).
        rng: The only source of randomness.
        fidelity: The name of the fidelity: an ordered, finite parameter without conditions, on
            which no other one depends.
        proposer: Who proposes configurations, by its name or class. Default "random".
        proposer_options: Further arguments of the proposer.
        factor: eta, an integer and at least 2. Default 3.
        bracket_size: How many configurations a bracket begins with, at least 1. Default
            factor ** (rungs - 1), so that one arrives at the highest rung; with a budget, at most
            so many that a whole bracket fits into it.
        budget: How many trials are planned, each rung of a configuration counted, or None where
            nobody knows.

    Raises:
        ArgumentError: If the space lacks the fidelity or anything beside it, or an argument breaks
            its rule.

    Source:
        Karnin, Koren and Somekh, "Almost Optimal Exploration in Multi-Armed Bandits", ICML (2013);
        Jamieson and Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter
        Optimization", AISTATS (2016).
    """

    name: ClassVar[str] = "successive-halving"

    def __init__(
        self,
        space: Space,
        rng: np.random.Generator,
        *,
        fidelity: str,
        proposer: str | type[Strategy] = "random",
        proposer_options: Mapping[str, Any] | None = None,
        factor: int = 3,
        bracket_size: int | None = None,
        budget: int | None = None,
    ) -> None:
        super().__init__(
            space,
            rng,
            fidelity=fidelity,
            proposer=proposer,
            proposer_options=proposer_options,
            factor=factor,
            budget=budget,
        )
        self.bracket_size = (
            self._usual_size()
            if bracket_size is None
            else integer("bracket_size", bracket_size, least=1)
        )

    def _usual_size(self) -> int:
        full: int = self.factor**self.fidelity.top
        if self.budget is None:
            return full
        budget, rungs = self.budget, len(self.fidelity)
        fitting = range(1, min(full, budget) + 1)
        return max((n for n in fitting if sum(sizes(n, rungs, self.factor)) <= budget), default=1)

    def _plan(self, number: int) -> tuple[int, int]:
        return 0, self.bracket_size

    def _private_state(self) -> dict[str, Any]:
        # A search that goes on with a larger budget keeps the brackets that it began with.
        return {**super()._private_state(), "bracket_size": self.bracket_size}

    def _restore_private(self, state: dict[str, Any]) -> None:
        super()._restore_private(state)
        self.bracket_size = state["bracket_size"]
