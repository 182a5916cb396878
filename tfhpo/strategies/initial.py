"""The points before a model can say anything: the user's defaults, then an even spread."""

from __future__ import annotations

import numpy as np
import scipy.stats

from tfhpo.space import Point, Space

# The largest probability below 1.
_LAST = float(np.nextafter(1.0, 0.0))


def initial_point(space: Space, number: int, seed: int) -> Point:
    """Returns one of a sequence of points that fill a space evenly.

    The first is the user's defaults, and the middle of a parameter without one; the others are
    those of a scrambled Sobol sequence, through the parameters' distributions.

    Args:
        space: The space.
        number: Which point, from 0.
        seed: Seed of the scrambling.

    Source:
        Sobol, "On the distribution of points in a cube and the approximate evaluation of
        integrals", USSR Computational Mathematics and Mathematical Physics 7 (1967); scrambled as
        by Owen, Journal of Complexity 14 (1998).
    """
    if number == 0:
        places = [
            0.5 if parameter.default is None else parameter.domain.to_unit(parameter.default)
            for parameter in space.parameters
        ]
        return space.point(np.array(places))
    sequence = scipy.stats.qmc.Sobol(len(space), rng=np.random.default_rng(seed))
    sequence.fast_forward(number)
    return space.draw(np.minimum(sequence.random(1)[0], _LAST))
