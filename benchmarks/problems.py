"""The problems that strategies are compared on: tables, a surrogate, functions, training.

A problem is a space, an objective that a search may ask (noisy where real training is noisy) and
the true mean behind it, by which the search is judged:

    regret = (mean(values) - best) / (median - best)

so that 0 is the best there is and 1 is what half of all random points reach.

Held-out problems belong to the same families, but no strategy's constants were chosen on them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from tfhpo.space import Space, Value

Values = Mapping[str, Value]
Objective = Callable[[Values, np.random.Generator], float]


@dataclass(frozen=True)
class Problem:
    """Something to minimise.

    Attributes:
        name: Unique among the problems.
        family: The kind of problem; results are averaged within families first.
        space: What to search.
        objective: Returns one observation of a configuration; NaN where the trial failed.
        mean: Returns the true mean of a configuration, which the search never sees.
        best: The lowest mean.
        median: The median of the means of random configurations.
        held_out: Whether it was kept away from all tuning of the strategies.
    """

    name: str
    family: str
    space: Space
    objective: Objective
    mean: Callable[[Values], float]
    best: float
    median: float
    held_out: bool = False

    def regret(self, values: Values) -> float:
        """Returns the normalised regret of a configuration, 0 at best."""
        return max(0.0, (self.mean(values) - self.best) / (self.median - self.best))


def data_folder() -> Path:
    """Returns where the tables lie: the variable TFHPO_DATA, else ../shared/data."""
    named = os.environ.get("TFHPO_DATA")
    return Path(named) if named else Path(__file__).parents[2] / "shared" / "data"


@lru_cache(maxsize=1)
def factories() -> dict[str, Callable[[], Problem]]:
    """Returns how to make each problem whose data are present, by name."""
    from benchmarks import functions, live, surrogate, tables

    found: dict[str, Callable[[], Problem]] = {}
    for family in (tables, surrogate, functions, live):
        found.update(family.factories(data_folder()))
    return found


def default_names() -> list[str]:
    """Returns the problems to take where none are named.

    They are all but those that really train, and the further data sets of the surrogate.
    """
    from benchmarks import live, surrogate

    others = {*live.factories(data_folder()), *surrogate.further()}
    return [name for name in factories() if name not in others]


@cache
def problem(name: str) -> Problem:
    """Returns a problem by its name."""
    return factories()[name]()
