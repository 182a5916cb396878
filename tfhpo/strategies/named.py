"""The strategies by name."""

from __future__ import annotations

from collections.abc import Mapping

from tfhpo.arguments import choice
from tfhpo.strategies.asha import ASHA
from tfhpo.strategies.hyperband import Hyperband
from tfhpo.strategies.proposers import PROPOSERS
from tfhpo.strategies.staged import Staged
from tfhpo.strategies.strategy import Strategy
from tfhpo.strategies.successive_halving import SuccessiveHalving

#: All strategies by name.
STRATEGIES: Mapping[str, type[Strategy]] = {
    **PROPOSERS,
    **{one.name: one for one in (Hyperband, SuccessiveHalving, ASHA, Staged)},
}


def check_name(strategy: str) -> None:
    """Refuses a name that no strategy has.

    Raises:
        ArgumentError: If none has; the message names the nearest.
    """
    choice("strategy", strategy, sorted(STRATEGIES))
