r"""A density over a mixed, conditional space, as a mixture around the points that were seen.

Notation:
    n, q        the numbers of seen and of asked points
    d           the number of columns
    x, m        places in [0, 1] and activity masks
    b           the bandwidths of the ordered columns, `d`
    e           the share of a categorical component that is spread over all choices
    C           the number of choices of a categorical column
    w           the components' weights, `n + 1`, of sum 1

Each seen point is a component, a product over the columns; one more, uniform, keeps the density
above 0 everywhere. Where component and asked point both use a column, its factor is

    ordered        a normal density of deviation b around the component, cut to [0, 1]
    categorical    1 - e + e / C for the component's choice, e / C for another

Where the asked point uses a column that the component does not, the factor is uniform, 1 or 1 / C;
where the asked point does not use it, 1.

Source:
    Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NeurIPS (2011). Products over
    the columns, rather than a density for each: Falkner, Klein and Hutter, "BOHB: Robust and
    Efficient Hyperparameter Optimization at Scale", ICML (2018).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.special

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_LOG_ROOT_2PI = 0.5 * math.log(2.0 * math.pi)


@dataclass(frozen=True)
class Sizes:
    """What the columns are.

    Args:
        categorical: Which columns are categorical, `d`.
        counts: The number of values of each column, `d`; 0 where it is infinite.
    """

    categorical: BoolArray
    counts: npt.NDArray[np.intp]


class ParzenDensity:
    """A mixture around seen points.

    Args:
        sizes: What the columns are.
        x: Places of the seen points, `n x d`; `n` may be 0.
        active: Their masks, `n x d`.
        weights: Of the seen points and, last, of the uniform component; of any positive sum.
        bandwidths: b, `d`; those of categorical columns are not used.
        spread: e, in (0, 1].
    """

    def __init__(
        self,
        sizes: Sizes,
        x: FloatArray,
        active: BoolArray,
        weights: FloatArray,
        bandwidths: FloatArray,
        spread: float,
    ) -> None:
        self._sizes, self._x, self._active = sizes, x, active
        self._weights = weights / weights.sum()
        self._bandwidths, self._spread = bandwidths, spread
        ordered = ~sizes.categorical
        b = bandwidths[ordered]
        self._ordered, self._b = ordered, b
        self._on = active[:, ordered].astype(np.float64)
        self._u = np.where(active[:, ordered], x[:, ordered], 0.0)
        inside = scipy.special.ndtr((1.0 - self._u) / b) - scipy.special.ndtr(-self._u / b)
        # log of 1 / (b sqrt(2 pi) inside), per component and column
        self._height = -self._on * (np.log(b * inside) + _LOG_ROOT_2PI)

    def log_density(self, x: FloatArray, active: BoolArray) -> FloatArray:
        """Returns the logarithm of the density at points, `q`.

        Args:
            x: Places, `q x d`.
            active: Masks, `q x d`.
        """
        on = active[:, self._ordered].astype(np.float64)
        u = np.where(active[:, self._ordered], x[:, self._ordered], 0.0)
        precision = 1.0 / self._b**2
        # sum_j m_q m_i (u_q - u_i)^2 / b^2, as products of matrices.
        squares = (u**2 * precision) @ self._on.T + (on * precision) @ (self._u**2).T
        squares -= 2.0 * (u * precision) @ self._u.T
        logs = on @ self._height.T - 0.5 * np.maximum(squares, 0.0)
        for column in np.flatnonzero(self._sizes.categorical):
            both = active[:, column, None] & self._active[:, column]
            same = x[:, column, None] == self._x[:, column]
            other = self._spread / self._sizes.counts[column]
            match = math.log(1.0 - self._spread + other)
            uniform = np.where(active[:, column, None], -math.log(self._sizes.counts[column]), 0.0)
            logs += np.where(both, np.where(same, match, math.log(other)), uniform)
        # The uniform component: 1 over ordered columns, 1 / C over categorical ones.
        choices = np.log(np.maximum(self._sizes.counts, 1)) * self._sizes.categorical
        anywhere = -(active @ choices)
        logs = np.concatenate([logs, anywhere[:, None]], axis=1)
        found: FloatArray = scipy.special.logsumexp(logs, axis=1, b=self._weights)
        return found

    def sample(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Returns places drawn from the density, `count x d`; not snapped to values yet.

        Where a component does not use a column, the place is uniform.

        Args:
            count: How many.
            rng: Where randomness comes from.
        """
        d = len(self._sizes.counts)
        p = rng.random((count, d))
        spread = rng.random((count, d)) < self._spread
        chosen = rng.choice(len(self._weights), size=count, p=self._weights)
        uniform = chosen == len(self._x)
        if uniform.all():
            return self._anywhere(p)
        row = np.where(uniform, 0, chosen)
        centre, on = self._x[row], self._active[row] & ~uniform[:, None]
        low = scipy.special.ndtr(-centre / self._bandwidths)
        high = scipy.special.ndtr((1.0 - centre) / self._bandwidths)
        around = centre + self._bandwidths * scipy.special.ndtri(low + p * (high - low))
        around = np.clip(around, 0.0, 1.0)
        anywhere = self._anywhere(p)
        near = np.where(self._sizes.categorical, np.where(spread, anywhere, centre), around)
        return np.where(on, near, anywhere)

    def _anywhere(self, p: FloatArray) -> FloatArray:
        counts = np.maximum(self._sizes.counts, 1)
        choices = np.floor(p * counts) / np.maximum(counts - 1, 1)
        return np.where(self._sizes.categorical, choices, p)


def bandwidths_of(
    sizes: Sizes, x: FloatArray, active: BoolArray, *, scale: float, least: float
) -> FloatArray:
    """Returns bandwidths by Scott's rule, b = scale * deviation * n^(-1 / (4 + d)), bounded below.

    A column's deviation is that of the places that are active, and of one more in the middle with
    the deviation of a uniform place, so that a single point does not make it 0.

    Args:
        sizes: What the columns are.
        x: Places, `n x d`.
        active: Masks, `n x d`.
        scale: A factor.
        least: The lower bound; at least half the way to the next value of a finite column, too.
    """
    d = len(sizes.counts)
    n = active.sum(axis=0) + 1.0
    mean = ((x * active).sum(axis=0) + 0.5) / n
    square = (active * (x - mean) ** 2).sum(axis=0) + (0.5 - mean) ** 2 + 1.0 / 12.0
    bandwidths = scale * np.sqrt(square / n) * n ** (-1.0 / (4.0 + d))
    half_steps = np.where(sizes.counts > 1, 0.5 / np.maximum(sizes.counts - 1, 1), 0.0)
    found: FloatArray = np.maximum(bandwidths, np.maximum(half_steps, least))
    return found
