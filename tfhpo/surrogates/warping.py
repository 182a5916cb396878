r"""Making scores fit for a Gaussian process, which takes them for normally distributed.

Notation:
    y           scores, `n`, finite, lower is better
    t           their median
    G           the good scores, y <= t;  s^2 the mean of (t - y)^2 over G
    rank        the position of a score among the n, from 0

A loss of 1e7 beside losses of 1e-3 says that the point is bad, not how bad. So the bad half is put
where as many normal scores would lie,

    y > t:   t + s Phi^-1((rank + 1/2) / n),

while the good half stays as it is; all is then centred and scaled to variance 1.

Source:
    Song et al., "The Vizier Gaussian Process Bandit Algorithm", arXiv:2408.11527 (2024).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.special

FloatArray = npt.NDArray[np.float64]


def standardised(scores: FloatArray) -> FloatArray:
    """Returns scores with mean 0 and variance 1; all 0 where they are equal.

    Args:
        scores: `n`, finite.
    """
    # Scaled before anything is added up: sums of numbers at the ends of the floats overflow.
    y = _scaled(scores)
    y = _scaled(y - np.mean(y))
    deviation = float(np.std(y))
    return (y - np.mean(y)) / deviation if deviation > 0 else np.zeros_like(y)


def half_ranked(scores: FloatArray) -> FloatArray:
    """Returns scores with the bad half by rank, and standardised.

    Args:
        scores: `n`, finite.
    """
    if len(scores) == 0:
        return scores
    # Halved, since the difference of two finite scores may not be finite.
    y = scores / 2.0
    better = np.maximum(float(np.median(y)) - y, 0.0)
    largest = float(better.max())
    if largest > 0.0:
        better = better / largest
    good = y <= np.median(y)
    # Where the good half is one value, order is all there is.
    spread = float(np.sqrt(np.mean(better[good] ** 2))) or 1.0
    normal = scipy.special.ndtri((_ranks(y) + 0.5) / len(y))
    return standardised(np.where(good, -better, spread * normal))


def _scaled(y: FloatArray) -> FloatArray:
    """Returns numbers with the largest of size 1."""
    largest = float(np.max(np.abs(y), initial=0.0))
    return y / largest if largest > 0 else y


def _ranks(y: FloatArray) -> FloatArray:
    """Returns the rank of each score, from 0; equal scores share the mean of theirs."""
    _, which, counts = np.unique(y, return_inverse=True, return_counts=True)
    ranks: FloatArray = (np.cumsum(counts) - 0.5 * (counts + 1))[which]
    return ranks
