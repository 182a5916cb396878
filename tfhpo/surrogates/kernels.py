r"""The covariance of points that have ordered, categorical and inactive columns.

Notation:
    n, q        numbers of points
    d, c        the numbers of ordered and of categorical columns
    x, m        places in [0, 1] and activity masks, `n x (d + c)`
    f           features: an ordered column's two coordinates, `n x 2d`
    g           a categorical column's choice as a number, `n x c`; -1 where inactive
    l, w        length scales of the ordered columns, weights of the categorical ones
    r           scaled distance over the ordered columns
    h           weighted number of categorical columns that differ
    s, t        the variances of the signal and of its level, which is unknown
    k           the covariance, k = s M(r) exp(-h) + t

An active ordered column at u has the coordinates (u - 1/2, 0), an inactive one (0, A): two active
places are |u - u'| apart, two inactive ones 0, and an inactive one is sqrt((u - 1/2)^2 + A^2) from
an active one, whatever value it would have had. With

    r^2 = sum_j |f_j - f'_j|^2 / l_j^2,      h = sum_j w_j [g_j != g'_j],

M is Matérn's correlation, (1 + sqrt(5) r + 5 r^2 / 3) exp(-sqrt(5) r), or that of the squared
exponential, exp(-r^2 / 2). Being inactive is one more choice of a categorical column. Both factors
are positive semidefinite: the first over points of a Euclidean space, the second as a product of
correlations of choices.

Source:
    Rasmussen and Williams, "Gaussian Processes for Machine Learning", MIT Press (2006), chapter 4.
    Inactive columns at a place of their own: after Swersky et al., "Raiders of the Lost
    Architecture: Kernels for Bayesian Optimization in Conditional Parameter Spaces",
    arXiv:1409.4011 (2014), where such a place is equally far from all active ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: The coordinate of an inactive column: as far from the middle of an active one as its ends are.
APART = 0.5
_ROOT5 = math.sqrt(5.0)
KERNELS = ("matern52", "squared_exponential")


class Encoded(NamedTuple):
    """Points as the kernel sees them.

    Attributes:
        features: f, `n x 2d`.
        choices: g, `n x c`.
    """

    features: FloatArray
    choices: FloatArray

    def __len__(self) -> int:
        return len(self.features)

    def joined(self, other: Encoded) -> Encoded:
        """Returns these points and those of another set after them."""
        return Encoded(
            np.concatenate([self.features, other.features]),
            np.concatenate([self.choices, other.choices]),
        )

    def rows(self, which: npt.NDArray[np.intp] | slice) -> Encoded:
        """Returns some of the points."""
        return Encoded(self.features[which], self.choices[which])


@dataclass(frozen=True)
class Columns:
    """Which columns are ordered and which categorical.

    Args:
        categorical: A mask, `d + c`.
    """

    categorical: BoolArray

    @property
    def ordered(self) -> int:
        """d, the number of ordered columns."""
        return int(np.sum(~self.categorical))

    @property
    def scales(self) -> int:
        """The number of length scales and weights together, `d + c`."""
        return len(self.categorical)

    def encode(self, x: FloatArray, active: BoolArray) -> Encoded:
        """Returns points as the kernel sees them.

        Args:
            x: Places, `n x (d + c)`.
            active: Masks, `n x (d + c)`.
        """
        u, on = x[:, ~self.categorical], active[:, ~self.categorical]
        features = np.concatenate([np.where(on, u - 0.5, 0.0), np.where(on, 0.0, APART)], axis=1)
        chosen = np.where(active[:, self.categorical], x[:, self.categorical], -1.0)
        return Encoded(features, chosen)


@dataclass(frozen=True)
class Kernel:
    """k, with its scales.

    Args:
        columns: Which columns are what.
        lengths: l, `d`.
        weights: w, `c`.
        signal: s. Default 1.
        name: "matern52" (default) or "squared_exponential".
        level: t. Default 0: places far from all points are then foretold the mean of what was
            observed, which is too good once a search has found good points.
    """

    columns: Columns
    lengths: FloatArray
    weights: FloatArray
    signal: float = 1.0
    name: str = "matern52"
    level: float = 0.0

    @property
    def variance(self) -> float:
        """The covariance of a point with itself, s + t."""
        return self.signal + self.level

    def __call__(self, first: Encoded, second: Encoded) -> FloatArray:
        """Returns the covariances of two sets of points, `n x q`."""
        squares = self._squares(first, second)
        covariance = _matern(squares) if self.name == "matern52" else np.exp(-0.5 * squares)
        if first.choices.shape[1]:
            covariance *= self._shrinking(first, second)
        covariance *= self.signal
        covariance += self.level
        return covariance

    def _squares(self, first: Encoded, second: Encoded) -> FloatArray:
        scale = np.tile(1.0 / self.lengths, 2)
        a, b = first.features * scale, second.features * scale
        squares: FloatArray = np.sum(a**2, axis=1)[:, None] + np.sum(b**2, axis=1)
        products = a @ b.T
        products *= 2.0
        squares -= products
        # Equal points may come out a rounding below 0.
        return np.maximum(squares, 0.0, out=squares)

    def mismatch(self, first: Encoded, second: Encoded) -> FloatArray:
        """Returns h, `n x q`."""
        total = np.zeros((len(first), len(second)))
        for column, weight in enumerate(self.weights):
            mine, theirs = first.choices[:, column, None], second.choices[:, column]
            total += weight * (mine != theirs)
        return total

    def _shrinking(self, first: Encoded, second: Encoded) -> FloatArray:
        """Returns exp(-h), `n x q`."""
        shrunk = self.mismatch(first, second)
        np.negative(shrunk, out=shrunk)
        return np.exp(shrunk, out=shrunk)

    def with_slope(self, first: Encoded, second: Encoded) -> tuple[FloatArray, FloatArray]:
        """Returns k and dk / d(r^2), `n x q` each: together they cost little more than one."""
        squares = self._squares(first, second)
        if self.name == "matern52":
            r = _ROOT5 * np.sqrt(squares)
            decay = self.signal * np.exp(-r)
            covariance, slope = (1.0 + r + r**2 / 3.0) * decay, -(5.0 / 6.0) * (1.0 + r) * decay
        else:
            covariance = self.signal * np.exp(-0.5 * squares)
            slope = -0.5 * covariance
        if first.choices.shape[1]:
            shrunk = self._shrinking(first, second)
            covariance, slope = covariance * shrunk, slope * shrunk
        return covariance + self.level, slope

    def log_scale_gradient(
        self, points: Encoded, outer: FloatArray, covariance: FloatArray, slope: FloatArray
    ) -> FloatArray:
        """Returns the gradient of sum_ab G_ab k(a, b) by the logarithms of all scales and of s.

        Args:
            points: `n` points.
            outer: G, `n x n`, symmetric.
            covariance: k of the points, `n x n`.
            slope: dk / d(r^2) of the points, `n x n`.

        Returns:
            By log l, log w and log s, `d + c + 1`.
        """
        weighted = outer * (covariance - self.level)
        inner = outer * slope
        f = points.features * np.tile(1.0 / self.lengths, 2)
        # sum_ab W_ab (f_a - f_b)^2 = 2 (sum_a f_a^2 sum_b W_ab - sum_ab f_a W_ab f_b)
        spread = 2.0 * (inner.sum(axis=1) @ f**2 - np.sum(f * (inner @ f), axis=0))
        by_length = -2.0 * spread.reshape(2, -1).sum(axis=0)
        by_weight = np.zeros(len(self.weights))
        for column, weight in enumerate(self.weights):
            chosen = points.choices[:, column]
            by_weight[column] = -weight * np.sum(weighted[chosen[:, None] != chosen])
        return np.concatenate([by_length, by_weight, [np.sum(weighted)]])

    def point_gradient(
        self, point: Encoded, others: Encoded, outer: FloatArray, slope: FloatArray
    ) -> FloatArray:
        """Returns the gradients of sum_b G_ab k(a, b) by the places of each point a.

        Args:
            point: `q` points.
            others: `n` points.
            outer: G, `q x n`.
            slope: dk / d(r^2) of the points and the others, `q x n`.

        Returns:
            By the places of the ordered columns, `q x d`; of inactive ones they mean nothing.
        """
        inner = 2.0 * outer * slope
        d = self.columns.ordered
        mine, theirs = point.features[:, :d], others.features[:, :d]
        gradient: FloatArray = inner.sum(axis=1)[:, None] * mine - inner @ theirs
        return gradient / self.lengths**2


def _matern(squares: FloatArray) -> FloatArray:
    # In place wherever it can be: so many temporary arrays would take longer than the arithmetic.
    r = np.sqrt(squares)
    r *= _ROOT5
    correlation: FloatArray = r**2
    correlation /= 3.0
    correlation += 1.0 + r
    np.negative(r, out=r)
    correlation *= np.exp(r, out=r)
    return correlation
