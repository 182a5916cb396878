"""The points before a model can say anything: the user's defaults, then an even spread.

Notation:
    d       the number of columns
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfhpo.arguments import integer
from tfhpo.space import FloatArray, Point, Space
from tfhpo.strategies.history import History

# The largest probability below 1.
_LAST = float(np.nextafter(1.0, 0.0))
# Scores that a model needs at least.
_FEWEST = 2


@dataclass(frozen=True)
class InitialDesign:
    """A sequence of points that fills a space evenly.

    The first is the user's defaults, and the middle of a parameter without one, or the median of
    its distribution, in place of that of a scrambled Sobol sequence; the others are those of the
    sequence, through the parameters' distributions.

    Args:
        size: How many points come before a model, an integer and at least 1.
        seed: Seed of the scrambling.

    Raises:
        ArgumentError: If the size is not an integer or below 1.

    Source:
        Sobol, "On the distribution of points in a cube and the approximate evaluation of
        integrals", USSR Computational Mathematics and Mathematical Physics 7 (1967); scrambled as
        by Matoušek, "On the L2-discrepancy for anchored boxes", Journal of Complexity 14 (1998).
    """

    size: int
    seed: int

    def __post_init__(self) -> None:
        integer("num_initial_points", self.size, least=1)

    def due(self, history: History, seeds: int = 0) -> bool:
        """Whether the next point is one of these: until there are enough, and two scores.

        Args:
            history: What is known.
            seeds: How many points former studies gave to begin with: where there are any, no more
                are needed.
        """
        size = min(self.size, seeds) if seeds else self.size
        return len(history) < size or len(history.scored) < _FEWEST

    def next(self, space: Space, history: History, *, doubted: bool = False) -> Point:
        """Returns the defaults, as long as they were not tried, else the sequence's next point.

        Args:
            space: The space.
            history: What is known, of which each entry counts as one of these.
            doubted: Whether to spread a point of the sequence evenly.
        """
        defaults = self.point(space, 0)
        if not len(history) or not history.tried(defaults):
            return defaults
        return self.point(space, len(history), doubted=doubted)

    def point(self, space: Space, number: int, *, doubted: bool = False) -> Point:
        """Returns a point of the sequence.

        Args:
            space: The space.
            number: Which one, from 0.
            doubted: Whether to spread it evenly rather than through the distributions; the first
                one begins where it does either way.
        """
        if number == 0:
            return space.point(starting_places(space))
        # Here and not above: it takes longer to import than all the rest of the package together.
        from scipy.stats.qmc import Sobol

        sequence = Sobol(len(space), rng=np.random.default_rng(self.seed))
        sequence.fast_forward(number)
        p = np.minimum(sequence.random(1), _LAST)
        return space.point(space.even_places(p)[0]) if doubted else space.draw(p[0])


def starting_places(space: Space) -> FloatArray:
    """Returns where each column begins, `d`, whether it will be active or not."""
    return np.array([parameter.start for parameter in space.parameters])
