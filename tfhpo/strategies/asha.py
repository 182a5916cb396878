"""Asynchronous successive halving (ASHA) over any proposer."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tfhpo.strategies.candidates import best_first
from tfhpo.strategies.multi_fidelity import MultiFidelity


class ASHA(MultiFidelity):
    """Asynchronous successive halving: whatever is among the best of its rung goes on at once.

    For each worker that asks, from the highest rung but one downwards: of the `n` trials of a rung
    that have a result, failures included, the best `n // factor` may go on; the best of them that
    has not gone on yet does. Where there is none in any rung, a new configuration begins at the
    lowest one. So no worker ever waits, and no rung is ever complete: early on, more than
    `1 / factor` of a rung may go on, since what was among its best then may not be so later.

    When the proposer has no configurations left and no results are awaited, the best of a rung from
    which none went on goes on all the same, so a search that ends has been to the highest rung.

    A budget changes nothing: a configuration is at the highest rung as soon as factor ** (rungs -
    1) have begun.

    How proposers are told of it, what becomes of failures, and of points that were held for someone
    else, is the same for all multi-fidelity strategies: see `MultiFidelity`.

    Every trial that goes on is recorded as an event of the kind "rung": the value of the `rung`
    that it leaves, how many `results` that has, and the `promoted` keys: this one.

    Args:
        space: What to search, with the fidelity among its columns; its values in order are the
            rungs (`rungs` gives values that are a factor apart).
        rng: The only source of randomness.
        fidelity: The name of the fidelity: an ordered, finite parameter without conditions, on
            which no other one depends.
        proposer: Who proposes configurations, by its name or class. Default "random".
        proposer_options: Further arguments of the proposer.
        factor: eta, an integer and at least 2. Default 3.
        budget: How many trials are planned, each rung of a configuration counted, or None where
            nobody knows.

    Raises:
        ArgumentError: If the space lacks the fidelity or anything beside it, or an argument breaks
            its rule.

    Source:
        Li, Jamieson, Rostamizadeh, Gonina, Ben-tzur, Hardt, Recht and Talwalkar, "A System for
        Massively Parallel Hyperparameter Tuning", MLSys (2020).
    """

    name: ClassVar[str] = "asha"

    def _promotion(self) -> tuple[int, int] | None:
        found = self._promotable(least=0)
        if found is None and self.proposer.finished and not len(self.history.pending):
            found = self._promotable(least=1)
        return found

    def _promotable(self, least: int) -> tuple[int, int] | None:
        """Returns what goes on, where so many of each rung may at least."""
        known, completed = self.history.known, self.history.completed
        rungs_known, rungs_completed = self._ledger.rungs(known), self._ledger.rungs(completed)
        for rung in reversed(range(self.fidelity.top)):
            results = int(np.count_nonzero(rungs_known == rung))
            ranked = best_first(completed[rungs_completed == rung], self.history.scores)
            for key in ranked[: max(least, results // self.factor)].tolist():
                configuration, _ = self._ledger.place(key)
                if self._can_go_on(configuration, rung + 1):
                    value = self.fidelity.value(rung)
                    self._record("rung", {"rung": value, "results": results, "promoted": [key]})
                    return configuration, rung + 1
        return None

    def _begin(self, configuration: int) -> int:
        return 0
