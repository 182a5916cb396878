"""The strategies by name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from tfhpo.errors import ArgumentError
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
    if strategy not in STRATEGIES:
        near = difflib.get_close_matches(strategy, STRATEGIES, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ArgumentError(
            f"The strategy must be one of {sorted(STRATEGIES)}. Received: {strategy!r}.{hint}"
        )
