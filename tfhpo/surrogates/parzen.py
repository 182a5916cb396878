r"""A density over a mixed, conditional space, as a mixture around the points that were seen.

Notation:
    n, q        the numbers of seen and of asked points
    d           the number of columns
    x, m        places in [0, 1] and activity masks
    u           the place of a seen point in a column
    b           its bandwidth there
    C           the number of values of a listed column
    s           their even shares, `C`: what they have of a uniform distribution
    e           the share of a categorical component that is spread over all choices
    w           the components' weights, `n + 1`, of sum 1

Each seen point is a component, a product over the columns; one more, uniform, keeps the density
above 0 everywhere. Where component and asked point both use a column, its factor is

    categorical     (1 - e) [the component's choice] + e s
    listed          the share of the asked value's cell in a normal distribution of deviation b
                    around the component, cut to the cells of all values
    other           the density of such a distribution, cut to the column's extent

A value's cell reaches half the way to its neighbours, and those of the first and the last value as
far beyond the ends: no value has less of the normal distributions for being at an end. Where the
asked point uses a column that the component does not, the factor is uniform, s or 1 / extent; where
the asked point does not use it, 1.

Source:
    Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NeurIPS (2011). Products over
    the columns, rather than a density for each: Falkner, Klein and Hutter, "BOHB: Robust and
    Efficient Hyperparameter Optimization at Scale", ICML (2018).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import scipy.special

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

_LOG_ROOT_2PI = 0.5 * math.log(2.0 * math.pi)
# How many places in the middle are added to those of a column when its deviation is asked for.
_MIDDLE = 1.0
# The power of the number of places by which bandwidths shrink.
_SHRINKING = 0.2
# The narrowest component of a listed column, in cells of its value.
_CELLS = 0.5
_TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class Listed:
    """A column whose values are listed.

    Args:
        places: Where the values lie, `C`, ascending.
        shares: s, of sum 1.
        categorical: Whether their order means nothing.
    """

    places: FloatArray
    shares: FloatArray
    categorical: bool

    def index(self, x: FloatArray) -> IntArray:
        """Returns the index of the value nearest to each place, `n`.

        Args:
            x: Places, `n`.
        """
        return np.searchsorted(0.5 * (self.places[1:] + self.places[:-1]), x)

    def log_shares(self, index: IntArray, bandwidth: float, spread: float) -> FloatArray:
        """Returns the logarithms of the values' shares in components, `n x C`.

        Args:
            index: The components' values, `n`.
            bandwidth: b of an ordered column, at least; it is widened to half a component's cell.
            spread: e of a categorical one.
        """
        if self.categorical:
            mine = index[:, None] == np.arange(len(self.places))
            found: FloatArray = np.log((1.0 - spread) * mine + spread * self.shares)
            return found
        return self._around(bandwidth)[index]

    def _around(self, bandwidth: float) -> FloatArray:
        """Returns the logarithms of the cells' shares around each value, `C x C`."""
        if len(self.places) == 1:
            return np.zeros((1, 1))
        gaps = np.diff(self.places)
        reach = np.concatenate([gaps[:1], gaps, gaps[-1:]]) / 2.0
        edges = np.concatenate([self.places[:1] - reach[0], self.places + reach[1:]])
        widths = np.maximum(bandwidth, _CELLS * np.diff(edges))
        # From the nearer tail: a difference of numbers close to 1 would be nothing but rounding.
        tails = scipy.special.ndtr(-np.abs(edges - self.places[:, None]) / widths[:, None])
        shares = np.abs(np.diff(tails, axis=1))
        own = np.arange(len(self.places))
        shares[own, own] = 1.0 - tails[own, own] - tails[own, own + 1]
        found: FloatArray = np.log(np.maximum(shares, _TINY) / shares.sum(axis=1, keepdims=True))
        return found


@dataclass(frozen=True)
class Columns:
    """What the columns are.

    Args:
        listed: The listed columns, by their numbers; all categorical ones are among them.
        steps: How far the first place of each column is from the second, and the last from the one
            before, `d x 2`; 0 where there are infinitely many.
    """

    listed: dict[int, Listed]
    steps: FloatArray
    others: IntArray = field(init=False)

    def __post_init__(self) -> None:
        others = [column for column in range(len(self.steps)) if column not in self.listed]
        object.__setattr__(self, "others", np.array(others, dtype=np.intp))

    def extent(self) -> tuple[FloatArray, FloatArray]:
        """Returns where the cells of the columns that are not listed begin and end."""
        reach = self.steps[self.others] / 2.0
        return -reach[:, 0], 1.0 + reach[:, 1]

    def cells(self, u: FloatArray) -> FloatArray:
        """Returns how wide the cells at places are, 0 where a column has infinitely many.

        Between the ends, the steps of a logarithmic column change as a power of the place.

        Args:
            u: Places in the columns that are not listed, `n x (d - listed)`.
        """
        steps = self.steps[self.others]
        finite = steps[:, 0] > 0.0
        first, last = np.where(finite, steps.T, 1.0)
        widths: FloatArray = np.where(finite, first ** (1.0 - u) * last**u, 0.0)
        return widths


class ParzenDensity:
    """A mixture around seen points.

    Args:
        columns: What the columns are.
        x: Places of the seen points, `n x d`; `n` may be 0.
        active: Their masks, `n x d`.
        weights: Of the seen points and, last, of the uniform component; of any positive sum.
        bandwidths: b at least, `d`; those of categorical columns are not used. It is widened to
            half of the component's cell in a listed column, and to a cell in another finite one,
            so that there the density at a value tells the share of its cell, to a few per cent.
        spread: e, in (0, 1].
    """

    def __init__(
        self,
        columns: Columns,
        x: FloatArray,
        active: BoolArray,
        weights: FloatArray,
        bandwidths: FloatArray,
        spread: float,
    ) -> None:
        self._columns, self._x, self._active = columns, x, active
        self._weights = weights / weights.sum()
        u = x[:, columns.others]
        self._widths = np.maximum(bandwidths[columns.others], columns.cells(u))
        self._log_shares = {
            column: self._shares_in(column, float(bandwidths[column]), spread)
            for column in columns.listed
        }
        self._components = self._factors()

    def _shares_in(self, column: int, bandwidth: float, spread: float) -> FloatArray:
        """Returns log factors of a listed column, `(n + 1) x C`, the uniform component's last."""
        listed, used = self._columns.listed[column], self._active[:, column, None]
        even = np.log(listed.shares)
        seen = listed.log_shares(listed.index(self._x[:, column]), bandwidth, spread)
        return np.concatenate([np.where(used, seen, even), even[None]])

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

        With p = 1 / b^2, a normal factor's exponent is a sum of products of the asked place v and
        the component's u, each counted where both points use the column:

            -p (v - u)^2 / 2 = -p/2 v^2  +  p u v  -  p u^2 / 2

        Of a listed column it is a choice among logarithms.
        """
        on = active[:, self._columns.others]
        v = np.where(on, x[:, self._columns.others], 0.0)
        chosen = [
            (listed.index(x[:, column])[:, None] == np.arange(len(listed.places)))
            & active[:, column, None]
            for column, listed in self._columns.listed.items()
        ]
        return np.concatenate([v**2, v, on, *chosen, np.ones((len(x), 1))], axis=1, dtype=float)

    def _factors(self) -> FloatArray:
        """Returns what multiplies `_asked`, a row for each component, the uniform one last."""
        low, high = self._columns.extent()
        on, u, b = (
            self._active[:, self._columns.others],
            self._x[:, self._columns.others],
            self._widths,
        )
        precision = np.where(on, 1.0 / b**2, 0.0)
        inside = scipy.special.ndtr((high - u) / b) - scipy.special.ndtr((low - u) / b)
        around = -np.log(b * inside) - _LOG_ROOT_2PI - 0.5 * (u / b) ** 2
        height = np.where(on, around, -np.log(high - low))
        seen = np.concatenate([-0.5 * precision, precision * u, height], axis=1)
        flat = np.zeros(len(low))
        anywhere = np.concatenate([flat, flat, -np.log(high - low)])
        rows = np.concatenate([seen, anywhere[None]])
        return np.concatenate(
            [rows, *self._log_shares.values(), np.log(self._weights)[:, None]], axis=1
        )

    def sample(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Returns places drawn from the density, `count x d`.

        In a column that is not listed they are not snapped to values yet, and reach half a step
        beyond the ends. Where a component does not use a column, the place is uniform.

        Args:
            count: How many.
            rng: Where randomness comes from.
        """
        p = rng.random((count, len(self._columns.steps)))
        row = rng.choice(len(self._weights), size=count, p=self._weights)
        places = np.empty_like(p)
        for column, listed in self._columns.listed.items():
            reached = np.cumsum(np.exp(self._log_shares[column][row]), axis=1)
            # But for rounding, the last is 1 and above any p.
            index = (p[:, column, None] >= reached[:, :-1]).sum(axis=1)
            places[:, column] = listed.places[index]
        places[:, self._columns.others] = self._near(row, p[:, self._columns.others])
        return places

    def _near(self, row: IntArray, p: FloatArray) -> FloatArray:
        """Returns quantiles of components in the columns that are not listed."""
        low, high = self._columns.extent()
        places = low + p * (high - low)
        seen = np.flatnonzero(row < len(self._x))
        row = row[seen]
        u, b = self._x[row][:, self._columns.others], self._widths[row]
        first, last = scipy.special.ndtr((low - u) / b), scipy.special.ndtr((high - u) / b)
        around = np.clip(u + b * scipy.special.ndtri(first + p[seen] * (last - first)), low, high)
        on = self._active[row][:, self._columns.others]
        places[seen] = np.where(on, around, places[seen])
        return places


def bandwidths_of(x: FloatArray, active: BoolArray, *, scale: float, least: float) -> FloatArray:
    """Returns bandwidths, b = scale * deviation * n^(-1/5), bounded below, `d`.

    They shrink with the number n of places in a column as those of a density in one dimension do
    (Scott's rule), so that a search of many columns looks closely, too. A column's deviation is
    that of the places that are active, and of one more in the middle with the deviation of a
    uniform place, so that a single point does not make it 0; that one is counted in n, too.

    Args:
        x: Places, a row for each point and `d` columns.
        active: Masks, of the same shape.
        scale: A factor.
        least: The lower bound.

    Source:
        Scott, "Multivariate Density Estimation", Wiley (1992).
    """
    n = active.sum(axis=0) + _MIDDLE
    mean = ((x * active).sum(axis=0) + 0.5 * _MIDDLE) / n
    apart = (active * (x - mean) ** 2).sum(axis=0)
    square = apart + _MIDDLE * ((0.5 - mean) ** 2 + 1.0 / 12.0)
    found: FloatArray = np.maximum(scale * np.sqrt(square / n) * n**-_SHRINKING, least)
    return found
