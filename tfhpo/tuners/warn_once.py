"""Warnings that are told once, however many trials have cause for them."""

from __future__ import annotations

import warnings

from tfhpo.tuners.learning_rates import PlanWarning


class WarnOnce:
    """Warns of each thing once, until it is told to forget."""

    def __init__(self) -> None:
        self._told: set[str | type[Warning]] = set()

    def __call__(self, text: str, category: type[Warning] = UserWarning) -> None:
        """Warns, unless it has done so."""
        # Each trial has other numbers of steps.
        what = category if issubclass(category, PlanWarning) else text
        if what not in self._told:
            self._told.add(what)
            warnings.warn(text, category, stacklevel=2)

    def forget_plans(self) -> None:
        """Tells of plans again: another search may train for another length."""
        self._told.discard(PlanWarning)
