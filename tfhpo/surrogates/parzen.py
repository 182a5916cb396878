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
        self._components = self._factors()

    def log_density(self, x: FloatArray, active: BoolArray) -> FloatArray:
        """Returns the logarithm of the density at points, `q`.

        Args:
            x: Places, `q x d`.
            active: Masks, `q x d`.
        """
        logs = self._asked(x, active) @ self._components.T
        most = logs.max(axis=1)
        logs -= most[:, None]
        found: FloatArray = most + np.log(np.exp(logs, out=logs).sum(axis=1))
        return found

    def _asked(self, x: FloatArray, active: BoolArray) -> FloatArray:
        """Returns what of asked points the components' logarithms are linear in, `q x F`.

        With p = 1 / b^2, a normal factor's exponent is a sum of products of the asked place u_q and
        the component's u_i, each counted where both points use the column (m_q m_i):

            -p (u_q - u_i)^2 / 2 = -p u_q^2 / 2  +  p u_q u_i  -  p u_i^2 / 2
        """
        ordered = ~self._sizes.categorical
        on = active[:, ordered].astype(np.float64)
        u = np.where(active[:, ordered], x[:, ordered], 0.0)
        precision = 1.0 / self._bandwidths[ordered] ** 2
        ones = np.ones((len(x), 1))
        choices = self._choice_columns(x, active)
        return np.concatenate([-0.5 * u**2 * precision, u * precision, on, choices, ones], axis=1)

    def _factors(self) -> FloatArray:
        """Returns what multiplies `_asked`, a row for each component, the uniform one last."""
        ordered = ~self._sizes.categorical
        b = self._bandwidths[ordered]
        on = self._active[:, ordered].astype(np.float64)
        u = np.where(self._active[:, ordered], self._x[:, ordered], 0.0)
        inside = scipy.special.ndtr((1.0 - u) / b) - scipy.special.ndtr(-u / b)
        height = -on * (np.log(b * inside) + _LOG_ROOT_2PI + 0.5 * (u / b) ** 2)
        seen = np.concatenate([on, u, height, self._choice_factors()], axis=1)
        anywhere = np.concatenate([np.zeros(3 * len(b)), -self._uniform])
        rows = np.concatenate([seen, anywhere[None]])
        return np.concatenate([rows, np.log(self._weights)[:, None]], axis=1)

    @property
    def _uniform(self) -> FloatArray:
        """Log C of each categorical column, at the columns that tell whether it is used."""
        counts = self._sizes.counts[self._sizes.categorical]
        return np.concatenate([np.zeros(int(counts.sum())), np.log(counts)])

    def _choice_columns(self, x: FloatArray, active: BoolArray) -> FloatArray:
        """Returns which choice of each categorical column a point has, and which of them it uses.

        Returns:
            0 or 1, `q x (sum of C + c)`.
        """
        chosen, used = [], []
        for column in np.flatnonzero(self._sizes.categorical):
            count = self._sizes.counts[column]
            index = np.rint(x[:, column] * max(count - 1, 1)).astype(int)
            chosen.append((index[:, None] == np.arange(count)) & active[:, column, None])
            used.append(active[:, column, None])
        if not used:
            return np.zeros((len(x), 0))
        return np.concatenate([*chosen, *used], axis=1).astype(np.float64)

    def _choice_factors(self) -> FloatArray:
        """Returns what multiplies `_choice_columns` of asked points, `n x (sum of C + c)`.

        The product is the logarithm of the categorical factors: that of another choice or of a
        uniform one, by what the point uses, and what the same choice adds to it.
        """
        counts = self._sizes.counts[self._sizes.categorical]
        mine = self._choice_columns(self._x, self._active)
        same, used = mine[:, : int(counts.sum())], mine[:, int(counts.sum()) :]
        other = np.log(self._spread / counts)
        gain = np.log(1.0 - self._spread + self._spread / counts) - other
        return np.concatenate(
            [same * np.repeat(gain, counts), used * other - (1.0 - used) * np.log(counts)], axis=1
        )

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
