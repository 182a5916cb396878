"""Which link fits an oracle."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras_tuner

from tfhpo.oracles.links.foreign import ForeignLink
from tfhpo.oracles.links.link import OracleLink
from tfhpo.oracles.links.strategy import StrategyLink
from tfhpo.oracles.links.worker import WorkerLink
from tfhpo.oracles.strategy_oracle import StrategyOracle


def link_to(
    oracle: Any, local: keras_tuner.Oracle, folder: Path, overridden: Iterable[str]
) -> OracleLink:
    """Returns the link that fits an oracle.

    Args:
        oracle: What the tuner talks to: an oracle, or KerasTuner's client of one on the chief.
        local: The oracle that the tuner was made with.
        folder: Where the project lies.
        overridden: The names of the parameters that the user registered in advance.
    """
    if isinstance(oracle, StrategyOracle):
        return StrategyLink(oracle)
    if isinstance(oracle, keras_tuner.Oracle):
        return ForeignLink(oracle, folder, overridden)
    return WorkerLink(oracle, local)
