"""Who breeds: from the ranking of a population to the positions of parents in it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tfhpo.arguments import integer
from tfhpo.errors import ArgumentError


class Selection(ABC):
    """Chooses parents from a population that is ranked, the best first."""

    @abstractmethod
    def choose(self, size: int, rng: np.random.Generator) -> tuple[int, int]:
        """Returns the positions of two parents, different ones where there are two.

        Args:
            size: Of the population, at least 1.
            rng: Where randomness comes from.
        """


@dataclass(frozen=True)
class Truncation(Selection):
    """The best share survives, and every survivor is as likely to breed as any other.

    Args:
        share: Of the population that survives, in (0, 1]. Default 0.5: of the classic 100, 50.

    Raises:
        ArgumentError: If the share is not in (0, 1].
    """

    share: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ArgumentError(f"`share` must be in (0, 1]. Received: share={self.share}.")

    def choose(self, size: int, rng: np.random.Generator) -> tuple[int, int]:
        survivors = max(min(2, size), math.ceil(self.share * size))
        return _different(rng.permutation(survivors)[:2])


@dataclass(frozen=True)
class Tournament(Selection):
    """Each parent is the best of a few that are drawn from the population.

    Args:
        size: How many are drawn, at least 1; the larger, the more the best ones breed. Default 8,
            which is measured for a population of 8.

    Raises:
        ArgumentError: If the size is below 1.

    Source:
        Goldberg and Deb, "A Comparative Analysis of Selection Schemes Used in Genetic Algorithms",
        Foundations of Genetic Algorithms 1 (1991).
    """

    size: int = 8

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", integer("size", self.size, least=1))

    def choose(self, size: int, rng: np.random.Generator) -> tuple[int, int]:
        first = int(rng.integers(size, size=self.size).min())
        if size == 1:
            return first, first
        # The other one is the best of the drawn that are not the first.
        drawn = rng.integers(size - 1, size=self.size)
        return first, int((drawn + (drawn >= first)).min())


def _different(chosen: npt.NDArray[np.intp]) -> tuple[int, int]:
    return int(chosen[0]), int(chosen[-1])
