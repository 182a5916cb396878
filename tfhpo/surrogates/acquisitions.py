r"""How worthwhile a trial at a point would be, from what a model foretells there.

Notation:
    mu, sd      the model's mean and standard deviation at a point; lower scores are better
    f           the best mean known, what must be improved on
    z           (f - mu) / sd
    phi, Phi    the standard normal density and distribution function
    e           the standard deviation of the noise
    g           a sample of what the best score in the whole space may be (max-value entropy)

    PI          Phi(z)
    EI          sd h(z),   h(z) = phi(z) + z Phi(z)
    log EI      log sd + log h(z), exact where h itself would round to 0
    augmented   log EI + log(1 - e / sqrt(sd^2 + e^2)): where little but noise is left to learn, a
                trial is worth less
    UCB         b sd - mu: the optimistic end of a band b deviations wide
    MES         mean over g of  z_g phi(z_g) / (2 Phi(z_g)) - log Phi(z_g),  z_g = (mu - g) / sd

Every acquisition is higher where a trial is more worthwhile, and comes with its derivatives by mu
and sd.

Source:
    PI: Kushner, "A New Method of Locating the Maximum Point of an Arbitrary Multipeak Curve in the
    Presence of Noise", Journal of Basic Engineering 86 (1964). EI: Jones, Schonlau and Welch,
    "Efficient Global Optimization of Expensive Black-Box Functions", Journal of Global Optimization
    13 (1998). log EI: Ament et al., "Unexpected Improvements to Expected Improvement for Bayesian
    Optimization", NeurIPS (2023). Augmented: Huang et al., "Global Optimization of Stochastic
    Black-Box Systems via Sequential Kriging Meta-Models", Journal of Global Optimization 34 (2006).
    UCB: Srinivas et al., "Gaussian Process Optimization in the Bandit Setting", ICML (2010). MES:
    Wang and Jegelka, "Max-value Entropy Search for Efficient Bayesian Optimization", ICML (2017).
    Fantasies: Snoek, Larochelle and Adams, "Practical Bayesian Optimization of Machine Learning
    Algorithms", NeurIPS (2012), section 3.2.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.special

FloatArray = npt.NDArray[np.float64]

_LOG_ROOT_2PI = 0.5 * math.log(2.0 * math.pi)
_ROOT_2 = math.sqrt(2.0)
_ROOT_HALF_PI = math.sqrt(0.5 * math.pi)
# Where log h changes its form: below the first Phi and phi cancel, below the second their ratio.
_NEAR, _FAR = -1.0, -1e3
_LEAST_Z = -1e3


class Valued(NamedTuple):
    """An acquisition and its derivatives, each of the shape of the means.

    Attributes:
        value: The acquisition.
        by_mean: Its derivative by mu.
        by_deviation: Its derivative by sd.
    """

    value: FloatArray
    by_mean: FloatArray
    by_deviation: FloatArray


class Acquisition(ABC):
    """What to maximise, given a model's means and deviations.

    Attributes:
        adds: Whether the logarithm of a factor is added to it, as to a logarithm or to what can be
            negative; else it is multiplied by the factor.
    """

    adds: ClassVar[bool] = False

    @abstractmethod
    def __call__(self, mean: FloatArray, deviation: FloatArray) -> Valued:
        """Returns the acquisition.

        Args:
            mean: mu, any shape.
            deviation: sd, the same shape, above 0.
        """


@dataclass(frozen=True)
class ProbabilityOfImprovement(Acquisition):
    """PI.

    Args:
        best: f.
    """

    best: float

    def __call__(self, mean: FloatArray, deviation: FloatArray) -> Valued:
        z = (self.best - mean) / deviation
        density = _phi(z)
        return Valued(scipy.special.ndtr(z), -density / deviation, -density * z / deviation)


@dataclass(frozen=True)
class ExpectedImprovement(Acquisition):
    """EI.

    Args:
        best: f.
    """

    best: float

    def __call__(self, mean: FloatArray, deviation: FloatArray) -> Valued:
        z = (self.best - mean) / deviation
        density, below = _phi(z), scipy.special.ndtr(z)
        return Valued(deviation * (density + z * below), -below, density)


@dataclass(frozen=True)
class LogExpectedImprovement(Acquisition):
    """log EI: the same places are best, and its slope does not vanish far from them.

    Args:
        best: f.
        noise: e. Default 0: the improvement is not augmented.
    """

    adds: ClassVar[bool] = True
    best: float
    noise: float = 0.0

    def __call__(self, mean: FloatArray, deviation: FloatArray) -> Valued:
        z = (self.best - mean) / deviation
        value = log_h(z)
        slope = _slope_of_log_h(z, value)
        gain, by_deviation = _augmentation(deviation, self.noise)
        return Valued(
            np.log(deviation) + value + gain,
            -slope / deviation,
            (1.0 - slope * z) / deviation + by_deviation,
        )


@dataclass(frozen=True)
class ConfidenceBound(Acquisition):
    """UCB.

    Args:
        width: b, at least 0. Default 2.
    """

    adds: ClassVar[bool] = True
    width: float = 2.0

    def __call__(self, mean: FloatArray, deviation: FloatArray) -> Valued:
        value = self.width * deviation - mean
        return Valued(value, -np.ones_like(mean), np.full_like(mean, self.width))


@dataclass(frozen=True)
class MaxValueEntropy(Acquisition):
    """MES: how much a trial would tell of the best score that there is.

    Args:
        best_values: Samples of g, shape `k`, as `sampled_best_values` draws them.
    """

    best_values: FloatArray

    def __call__(self, mean: FloatArray, deviation: FloatArray) -> Valued:
        # So far below every sample nothing is left to tell apart.
        z = np.maximum((mean[..., None] - self.best_values) / deviation[..., None], _LEAST_Z)
        # phi / Phi and what is made of it, exact where both vanish: there Phi is a scaled error
        # function times exp(-z^2 / 2), and the squares cancel.
        scaled = scipy.special.erfcx(-np.minimum(z, _NEAR) / _ROOT_2)
        near = np.exp(-0.5 * z**2 - _LOG_ROOT_2PI - scipy.special.log_ndtr(z))
        ratio = np.where(z > _NEAR, near, 1.0 / (_ROOT_HALF_PI * scaled))
        value = np.where(
            z > _NEAR,
            0.5 * z * near - scipy.special.log_ndtr(z),
            0.5 * z * (ratio + z) - np.log(0.5 * scaled),
        )
        slope = -0.5 * ratio * (1.0 + z**2 + z * ratio)
        return Valued(
            value.mean(axis=-1),
            slope.mean(axis=-1) / deviation,
            -(slope * z).mean(axis=-1) / deviation,
        )


@dataclass(frozen=True)
class FantasisedImprovement(Acquisition):
    """log of the mean EI over fantasies: what the points that are awaited may bring.

    Each fantasy has a model of its own, whose deviations are the same: means are `q x S`, and so is
    the derivative by them.

    Args:
        best: f in each fantasy, `S`.
        noise: e. Default 0: the improvement is not augmented.
    """

    adds: ClassVar[bool] = True
    best: FloatArray
    noise: float = 0.0

    def __call__(self, mean: FloatArray, deviation: FloatArray) -> Valued:
        z = (self.best - mean) / deviation[:, None]
        logs = log_h(z)
        most = logs.max(axis=1)
        share = np.exp(logs - most[:, None])
        total = share.sum(axis=1)
        share /= total[:, None]
        slope = share * _slope_of_log_h(z, logs)
        gain, by_deviation = _augmentation(deviation, self.noise)
        value = np.log(deviation) + most + np.log(total / len(self.best)) + gain
        by_deviation += (1.0 - np.sum(slope * z, axis=1)) / deviation
        return Valued(value, -slope / deviation[:, None], by_deviation)


def sampled_best_values(
    mean: FloatArray, deviation: FloatArray, rng: np.random.Generator, count: int = 16
) -> FloatArray:
    """Returns samples of the best score over a set of points, as if these were independent.

    The distribution of the minimum is matched by a Gumbel distribution at its quartiles.

    Args:
        mean: mu, `q`.
        deviation: sd, `q`.
        rng: Where randomness comes from.
        count: How many samples. Default 16.

    Returns:
        g, `count`, each below the lowest mean.
    """
    low, high = float(np.min(mean - 6.0 * deviation)), float(np.min(mean + 6.0 * deviation))

    def quantile(p: float) -> float:
        bottom, top = low, high
        for _ in range(50):
            middle = 0.5 * (bottom + top)
            above = np.sum(scipy.special.log_ndtr((mean - middle) / deviation))
            bottom, top = (middle, top) if -np.expm1(above) < p else (bottom, middle)
        return 0.5 * (bottom + top)

    first, median, third = (quantile(p) for p in (0.25, 0.5, 0.75))
    # Of a minimum: P(g > y) = exp(-exp((y - a) / b)).
    loglog = [math.log(-math.log1p(-p)) for p in (0.25, 0.5, 0.75)]
    b = max((third - first) / (loglog[2] - loglog[0]), 1e-12)
    a = median - b * loglog[1]
    samples = a + b * np.log(-np.log(rng.random(count)))
    lowest = float(np.min(mean))
    return np.minimum(samples, lowest - 1e-9 * max(1.0, abs(lowest)))


def log_h(z: FloatArray) -> FloatArray:
    """Returns log(phi(z) + z Phi(z)), to full precision for any z."""
    z = np.asarray(z, dtype=np.float64)
    near = np.maximum(z, _NEAR)
    value = np.log(_phi(near) + near * scipy.special.ndtr(near))
    # h(z) = phi(z) (1 - |z| Phi(z) / phi(z)), where Phi / phi is a scaled error function.
    middle = np.clip(z, _FAR, _NEAR)
    tail = np.log1p(middle * _ROOT_HALF_PI * scipy.special.erfcx(-middle / _ROOT_2))
    middle_value = -0.5 * middle**2 - _LOG_ROOT_2PI + tail
    # The bracket tends to 1 / z^2, which erfcx cannot tell from 0 this far out.
    far = np.minimum(z, _FAR)
    far_value = -0.5 * far**2 - _LOG_ROOT_2PI - 2.0 * np.log(-far)
    return np.where(z > _NEAR, value, np.where(z > _FAR, middle_value, far_value))


def _slope_of_log_h(z: FloatArray, value: FloatArray) -> FloatArray:
    """Returns d log h / dz, given log h; h' = Phi, so that is Phi / h."""
    near = np.exp(np.where(z > _FAR, scipy.special.log_ndtr(z) - value, 0.0))
    # Far out their logarithms share all digits, and the ratio is |z| (1 + 2 / z^2 - ...).
    return np.where(z > _FAR, near, -z - 2.0 / np.minimum(z, _FAR))


def _augmentation(deviation: FloatArray, noise: float) -> tuple[FloatArray, FloatArray]:
    """Returns log(1 - e / sqrt(sd^2 + e^2)) and its derivative by sd."""
    total = np.hypot(deviation, noise)
    # 1 - e / total, without the difference of nearly equal numbers where sd is small.
    share = deviation**2 / (total * (total + noise))
    by_deviation: FloatArray = noise * deviation / (total**3 * share)
    return np.log(share), by_deviation


def _phi(z: FloatArray) -> FloatArray:
    density: FloatArray = np.exp(-0.5 * z**2 - _LOG_ROOT_2PI)
    return density
