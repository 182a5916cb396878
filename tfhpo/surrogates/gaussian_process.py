r"""Gaussian process regression, with the scales that the data make most likely.

Notation:
    n, q        numbers of observed and of asked points
    y           observed outputs, `n`, standardised: mean 0, variance 1
    h           the prior mean (`Trend`): 0 unless something is known beforehand
    k           the covariance of `kernels.py`, with scales l (ordered) and w (categorical)
    s, t, v     the variances of the signal, of its level and of the noise
    K           k(X, X) + v I, `n x n`;  K = L L^T
    a           K^-1 (y - h(X)), `n`
    theta       log l, log w, log s, log v: what is fitted, `d + c + 2`

The posterior at points Z is normal with

    mean = h(Z) + k(Z, X) a,    variance = s + t - colsum((L^-1 k(X, Z))^2).

theta is the maximum of log p(y | theta) + log p(theta), where h = 0, with

    log p(y | theta) = -1/2 y^T a - sum log diag L - n/2 log 2 pi
    its gradient     = 1/2 sum_ab G_ab dK_ab/dtheta,   G = a a^T - K^-1

and normal priors on theta (`Priors`). That of log l grows with the number of columns, by
1/2 log(d + c), so that a function of many columns is not taken for a rough one.

Source:
    Rasmussen and Williams, "Gaussian Processes for Machine Learning", MIT Press (2006), chapters 2
    and 5. The prior of the length scales: Hvarfner, Hellsten and Nardi, "Vanilla Bayesian
    Optimization Performs Great in High Dimensions", ICML (2024).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import scipy.linalg

from tfhpo.surrogates.kernels import Columns, Encoded, Kernel

FloatArray = npt.NDArray[np.float64]
Derivatives = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray, FloatArray]]

# theta stays within these; beyond, K loses its digits.
_BOUNDS = {
    "length": (-4.6, 6.0),
    "weight": (-6.0, 3.0),
    "signal": (-3.0, 3.0),
    "noise": (-13.0, 1.0),
}
#: Steps of a fit at most.
STEPS = 40
# t, of outputs of variance 1.
_LEVEL = 1.0


class Trend(Protocol):
    """The mean of a process before anything is observed, h."""

    def value(self, points: Encoded) -> FloatArray:
        """Returns h at points, `q`."""

    def slope(self, points: Encoded) -> FloatArray:
        """Returns the gradient of h by the places of the ordered columns, `q x d`."""


class NoTrend:
    """h = 0."""

    def value(self, points: Encoded) -> FloatArray:
        """Returns 0 for each point, `q`."""
        return np.zeros(len(points))

    def slope(self, points: Encoded) -> FloatArray:
        """Returns 0 for each ordered column of each point, `q x d`."""
        return np.zeros((len(points), points.features.shape[1] // 2))


NO_TREND = NoTrend()


@dataclass(frozen=True)
class Priors:
    """The normal priors of theta, as mean and standard deviation; one of deviation 0 is known.

    Args:
        length: Of log l; 1/2 log(d + c) is added to the mean. The default is the mode of the
            log-normal prior of the source, so that l is there what it would be by itself.
        weight: Of log w: a choice that differs takes a factor exp(-w) off the correlation.
        signal: Of log s.
        noise: Of log v.
    """

    length: tuple[float, float] = (math.sqrt(2.0) - 3.0, math.sqrt(3.0))
    weight: tuple[float, float] = (-1.0, 1.0)
    signal: tuple[float, float] = (0.0, 0.5)
    noise: tuple[float, float] = (-4.0, 1.5)

    def of(self, columns: Columns) -> tuple[FloatArray, FloatArray]:
        """Returns the means and the standard deviations of all of theta, `d + c + 2` each."""
        d, c = columns.ordered, columns.scales - columns.ordered
        wide = 0.5 * math.log(max(columns.scales, 1))
        length = self.length[0] + wide, self.length[1]
        each = np.array([length] * d + [self.weight] * c + [self.signal, self.noise])
        return each[:, 0], each[:, 1]


@dataclass(frozen=True)
class Hyperparameters:
    """theta.

    Attributes:
        scales: log l and then log w, `d + c`.
        signal: log s.
        noise: log v.
    """

    scales: FloatArray
    signal: float
    noise: float

    @classmethod
    def typical(cls, columns: Columns, priors: Priors | None = None) -> Hyperparameters:
        """Returns the centre of the priors."""
        return cls.of((priors or Priors()).of(columns)[0])

    @classmethod
    def noisy(cls, columns: Columns, priors: Priors | None = None) -> Hyperparameters:
        """Returns the centre of the priors, but with noise as large as the variance of outputs."""
        return replace(cls.typical(columns, priors), noise=0.0)

    @classmethod
    def of(cls, theta: FloatArray) -> Hyperparameters:
        """Returns the hyperparameters in a vector."""
        return cls(theta[:-2], float(theta[-2]), float(theta[-1]))

    @property
    def vector(self) -> FloatArray:
        """All of theta, `d + c + 2`."""
        return np.concatenate([self.scales, [self.signal, self.noise]])

    def kernel(self, columns: Columns, name: str) -> Kernel:
        """Returns k."""
        scales = np.exp(self.scales)
        d = columns.ordered
        return Kernel(columns, scales[:d], scales[d:], math.exp(self.signal), name, _LEVEL)


class GaussianProcess:
    """A posterior: what the outputs say of every other point.

    Args:
        columns: Which columns are what.
        points: X, `n` points.
        outputs: y, `n`.
        hyperparameters: theta.
        kernel: "matern52" (default) or "squared_exponential".
        trend: h; 0 by default.

    Raises:
        numpy.linalg.LinAlgError: If points or theta are not finite.
    """

    def __init__(
        self,
        columns: Columns,
        points: Encoded,
        outputs: FloatArray,
        hyperparameters: Hyperparameters,
        kernel: str = "matern52",
        trend: Trend = NO_TREND,
    ) -> None:
        self.columns, self.points, self.outputs = columns, points, outputs
        self.hyperparameters, self.trend = hyperparameters, trend
        self.kernel = hyperparameters.kernel(columns, kernel)
        self._noise = math.exp(hyperparameters.noise)
        factor = _factor(self.kernel(points, points), self._noise)
        unexplained = outputs - trend.value(points)
        self._coefficients = scipy.linalg.cho_solve((factor, True), unexplained)
        self._factor = factor

    @property
    def noise_deviation(self) -> float:
        """The standard deviation of the noise, sqrt(v)."""
        return math.sqrt(self._noise)

    @cached_property
    def _inverse_factor(self) -> FloatArray:
        """L^-1: many solutions by a product are faster than each by substitution."""
        return _inverse_of_factor(self._factor)

    def posterior(self, points: Encoded) -> tuple[FloatArray, FloatArray]:
        """Returns the mean and the standard deviation at points, `q` each, without the noise.

        After several outputs at once (`conditioned`) the means are `q x S`.

        Args:
            points: Z, `q` points.
        """
        covariance = self.kernel(self.points, points)
        mean = self._mean(points, covariance.T)
        return mean, self._deviation(self._inverse_factor @ covariance)

    def mean(self, points: Encoded) -> FloatArray:
        """Returns the mean at points, `q`; after several outputs at once, `q x S`."""
        return self._mean(points, self.kernel(points, self.points))

    def mean_slope(self, points: Encoded) -> FloatArray:
        """Returns the gradient of the mean of one output by each point's places, `q x d`."""
        _, slope = self.kernel.with_slope(points, self.points)
        outer = np.broadcast_to(self._coefficients, slope.shape)
        own = self.kernel.point_gradient(points, self.points, outer, slope)
        return own + self.trend.slope(points)

    def _mean(self, points: Encoded, covariance: FloatArray) -> FloatArray:
        """Returns the mean at points, given their covariances with X, `q x n`."""
        trend = self.trend.value(points)
        several = self._coefficients.ndim > 1
        mean: FloatArray = covariance @ self._coefficients
        return mean + (trend[:, None] if several else trend)

    def posterior_gradient(
        self, points: Encoded, derivatives: Derivatives
    ) -> tuple[FloatArray, FloatArray]:
        """Returns a function of mean and deviation, and its gradient by each point's places.

        Args:
            points: `q` points.
            derivatives: The means, `q` or `q x S`, and the deviations, `q`, to the function's
                values, `q`, and their derivatives, of the shapes of the means and the deviations.

        Returns:
            The values, `q`, and the gradients by the places of the ordered columns, `q x d`.
        """
        covariance, slope = self.kernel.with_slope(self.points, points)
        explained = self._inverse_factor @ covariance
        deviation = self._deviation(explained)
        value, by_mean, by_deviation = derivatives(self._mean(points, covariance.T), deviation)
        # d sd / dk = -K^-1 k / sd
        solved = explained.T @ self._inverse_factor
        weights = self._coefficients.reshape(len(self.points), -1)
        by_mean = by_mean.reshape(len(points), -1)
        outer = by_mean @ weights.T
        outer -= (by_deviation / deviation)[:, None] * solved
        gradient = self.kernel.point_gradient(points, self.points, outer, slope.T)
        return value, gradient + by_mean.sum(axis=1)[:, None] * self.trend.slope(points)

    def conditioned(self, points: Encoded, outputs: FloatArray) -> GaussianProcess:
        """Returns the posterior after further outputs, under the same hyperparameters.

        The factor's inverse is extended by the new rows, which costs O(n^2) each.

        Args:
            points: `q` further points.
            outputs: Their outputs, `q`; or `q x S`, of which each column makes a posterior of its
                own: the means are `q x S` from then on, while the deviations are the same for all.
        """
        return self._extended(self._extension(points), points, outputs)

    def imagining(self, points: Encoded, count: int, rng: np.random.Generator) -> GaussianProcess:
        """Returns the posteriors after noisy outputs that the model thinks possible at points.

        Args:
            points: `q` further points.
            count: S, how often their outputs are drawn, jointly.
            rng: Where randomness comes from.
        """
        extension = self._extension(points)
        drawn = rng.standard_normal((count, len(points))) @ extension.corner.T
        return self._extended(extension, points, (self.mean(points) + drawn).T)

    def _extended(
        self, extension: _Extension, points: Encoded, outputs: FloatArray
    ) -> GaussianProcess:
        extended = object.__new__(GaussianProcess)
        extended.columns, extended.kernel, extended.trend = self.columns, self.kernel, self.trend
        extended.hyperparameters, extended._noise = self.hyperparameters, self._noise
        extended.points = self.points.joined(points)
        known = self.outputs
        if outputs.ndim > 1:
            known = np.broadcast_to(known[:, None], (len(known), outputs.shape[1]))
        extended.outputs = np.concatenate([known, outputs])
        extended._inverse_factor = extension.inverse_of(self._inverse_factor)
        extended._coefficients = extended._solved(extended.outputs)
        return extended

    def _solved(self, outputs: FloatArray) -> FloatArray:
        """Returns K^-1 (y - h)."""
        trend = self.trend.value(self.points)
        unexplained = outputs - (trend[:, None] if outputs.ndim > 1 else trend)
        solved: FloatArray = self._inverse_factor.T @ (self._inverse_factor @ unexplained)
        return solved

    def _deviation(self, explained: FloatArray) -> FloatArray:
        variance = self.kernel.variance - np.sum(explained**2, axis=0)
        # Rounding may leave a point that is known exactly with a variance below 0.
        deviation: FloatArray = np.sqrt(np.maximum(variance, 1e-12 * self.kernel.variance))
        return deviation

    def _extension(self, points: Encoded) -> _Extension:
        """Returns the rows of L for further points."""
        rows = (self._inverse_factor @ self.kernel(self.points, points)).T
        return _Extension(rows, _factor(self.kernel(points, points) - rows @ rows.T, self._noise))


class _Extension(NamedTuple):
    """The rows of L for further points.

    With L_0 the factor before, C the new rows below it, and M the new corner:

        L = (L_0  0)      L^-1 = (     L_0^-1         0   )
            (C    M)             (-M^-1 C L_0^-1    M^-1  )

    M is also the factor of what the points' noisy outputs may be, given the ones before.

    Attributes:
        rows: C, `q x n`.
        corner: M, `q x q`.
    """

    rows: FloatArray
    corner: FloatArray

    def inverse_of(self, inverse_factor: FloatArray) -> FloatArray:
        """Returns L^-1, `(n + q) x (n + q)`, given L_0^-1."""
        q, n = self.rows.shape
        inverse = np.zeros((n + q, n + q))
        inverse_corner = _inverse_of_factor(self.corner)
        inverse[:n, :n], inverse[n:, n:] = inverse_factor, inverse_corner
        inverse[n:, :n] = -inverse_corner @ (self.rows @ inverse_factor)
        return inverse


def fitted(
    columns: Columns,
    points: Encoded,
    outputs: FloatArray,
    start: Hyperparameters | None = None,
    kernel: str = "matern52",
    steps: int = STEPS,
    priors: Priors | None = None,
) -> Hyperparameters:
    """Returns the most probable hyperparameters.

    Args:
        columns: Which columns are what.
        points: `n` points.
        outputs: y, `n`: standardised, some of standardised ones, or what h leaves of these.
        start: Where to begin, such as those of fewer points; the priors' centre by default.
        kernel: "matern52" or "squared_exponential".
        steps: Steps of L-BFGS-B at most. Default 40.
        priors: What is known of theta; `Priors()` by default.

    Raises:
        numpy.linalg.LinAlgError: If points are not finite.
    """
    # Here and not above: whoever only imports a strategy need not wait for it.
    import scipy.optimize

    objective = _Posterior(columns, points, outputs, kernel, priors)
    begin = (start or Hyperparameters.typical(columns, priors)).vector
    found = scipy.optimize.minimize(
        objective,
        begin,
        jac=True,
        method="L-BFGS-B",
        bounds=objective.bounds,
        options={"maxiter": steps},
    )
    theta = found.x if np.all(np.isfinite(found.x)) else begin
    return Hyperparameters.of(np.asarray(theta, dtype=np.float64))


def most_probable(
    columns: Columns,
    points: Encoded,
    outputs: FloatArray,
    starts: Sequence[Hyperparameters],
    kernel: str = "matern52",
    priors: Priors | None = None,
) -> Hyperparameters:
    """Returns the most probable of the hyperparameters that several starts lead to.

    Noisy outputs have two explanations, each a maximum: that the function is rough, and that it is
    smooth below the noise. A single fit ends at the one that it began near to.

    Args:
        columns: Which columns are what.
        points: `n` points.
        outputs: y, `n`: standardised, some of standardised ones, or what h leaves of these.
        starts: Where to begin, at least one.
        kernel: "matern52" or "squared_exponential".
        priors: What is known of theta; `Priors()` by default.

    Raises:
        numpy.linalg.LinAlgError: If points are not finite.
    """
    objective = _Posterior(columns, points, outputs, kernel, priors)
    ends = [fitted(columns, points, outputs, start, kernel, priors=priors) for start in starts]
    return min(ends, key=lambda end: objective(end.vector)[0])


class _Posterior:
    """-log p(y | theta) - log p(theta), and its gradient."""

    def __init__(
        self,
        columns: Columns,
        points: Encoded,
        outputs: FloatArray,
        kernel: str,
        priors: Priors | None = None,
    ) -> None:
        self._columns, self._points, self._outputs = columns, points, outputs
        self._kernel = kernel
        self._centre, self._spread = (priors or Priors()).of(columns)

    @property
    def bounds(self) -> list[tuple[float, float]]:
        """Returns where theta may be: what is known of it stays at its mean."""
        d = self._columns.ordered
        scales = [_BOUNDS["length"]] * d + [_BOUNDS["weight"]] * (self._columns.scales - d)
        return [
            (centre, centre) if spread == 0.0 else bound
            for bound, centre, spread in zip(
                [*scales, _BOUNDS["signal"], _BOUNDS["noise"]],
                self._centre,
                self._spread,
                strict=True,
            )
        ]

    def __call__(self, theta: FloatArray) -> tuple[float, FloatArray]:
        hyperparameters = Hyperparameters.of(theta)
        kernel = hyperparameters.kernel(self._columns, self._kernel)
        noise = math.exp(hyperparameters.noise)
        covariance, slope = kernel.with_slope(self._points, self._points)
        factor = _factor(covariance, noise)
        weights = scipy.linalg.cho_solve((factor, True), self._outputs)
        inverse, _ = scipy.linalg.lapack.dpotri(factor, lower=1)
        inverse = np.tril(inverse) + np.tril(inverse, -1).T
        outer = 0.5 * (np.outer(weights, weights) - inverse)
        likelihood = -0.5 * self._outputs @ weights - np.sum(np.log(np.diag(factor)))
        gradient = np.concatenate(
            [
                kernel.log_scale_gradient(self._points, outer, covariance, slope),
                [noise * np.trace(outer)],
            ]
        )
        spread = np.where(self._spread == 0.0, np.inf, self._spread)
        away = (theta - self._centre) / spread
        return 0.5 * float(away @ away) - float(likelihood), away / spread - gradient


def _inverse_of_factor(factor: FloatArray) -> FloatArray:
    inverse, _ = scipy.linalg.lapack.dtrtri(factor, lower=1)
    return np.asarray(inverse)


def _factor(covariance: FloatArray, noise: float) -> FloatArray:
    """Returns the lower Cholesky factor of a covariance with noise on its diagonal.

    Rounding can make a covariance of nearly equal points indefinite; as much is added to the
    diagonal as it needs.
    """
    jitter = 0.0
    for _ in range(8):
        noisy = covariance + (noise + jitter) * np.eye(len(covariance))
        factor, failed = scipy.linalg.lapack.dpotrf(noisy, lower=1, clean=1)
        if not failed:
            return np.asarray(factor)
        jitter = 10.0 * jitter or 1e-9
    raise np.linalg.LinAlgError("The covariance is not positive definite.")
