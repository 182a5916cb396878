"""When a search has had enough, beyond its number of trials."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from tfhpo.arguments import NumberRule, finite, integer
from tfhpo.study.outcomes import sign_of

_seconds = NumberRule("a number of seconds above 0", lambda x: x > 0.0)


@dataclass(frozen=True)
class Budget:
    """Bounds on a search; the first that is reached stops it before the next trial.

    Args:
        max_time: Wall-clock seconds since the search began (or was resumed), or None.
        target: A score to reach, or None.
        patience: How many completed trials in a row may bring no better score, or None.

    Raises:
        ArgumentError: If an argument breaks its rule.
    """

    max_time: float | None = None
    target: float | None = None
    patience: int | None = None

    def __post_init__(self) -> None:
        if self.max_time is not None:
            _seconds("max_time", self.max_time)
        if self.target is not None:
            finite("target", self.target)
        if self.patience is not None:
            integer("patience", self.patience, least=1)

    @property
    def needs_scores(self) -> bool:
        """Whether a bound depends on the scores."""
        return self.target is not None or self.patience is not None

    def exceeded(self, scores: Sequence[float], direction: str, began: float) -> str | None:
        """Returns the name of the bound that is reached, or None.

        Args:
            scores: The scores of the completed trials, in the order of their ends; they may be
                left out where they are not needed.
            direction: "min" or "max".
            began: When the search began, in seconds of `time.monotonic`.
        """
        sign = sign_of(direction)
        losses = [sign * score for score in scores]
        if self.max_time is not None and time.monotonic() - began >= self.max_time:
            return "max_time"
        if not losses:
            return None
        best = min(losses)
        if self.target is not None and best <= sign * self.target:
            return "target"
        if self.patience is not None and len(losses) - 1 - losses.index(best) >= self.patience:
            return "patience"
        return None
