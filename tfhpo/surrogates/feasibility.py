r"""How likely a trial is to end with a score, from where trials failed before.

Notation:
    n           the number of points whose outcome is known
    a           1 where a trial ended with a score, 0 where it failed, `n`
    p, e        mean and standard deviation of a
    mu, sd      mean and standard deviation of a Gaussian process on (a - p) / e
    v           its noise
    u           (p + e mu - 1/2) / (e sqrt(sd^2 + v))

The probability that a trial at a point succeeds is taken to be Phi(u): that a label foretold there
lies on the side of the successes. Far from all points, where mu = 0, it is near p, and the nearer
to one half the larger sd^2 + v; of rare outcomes it makes rarer ones (p = 0.98 may give 0.99). It
is least-squares classification, which needs no approximation of a posterior.

Source:
    Rasmussen and Williams, "Gaussian Processes for Machine Learning", MIT Press (2006), section
    6.5. As a factor of the acquisition: Gelbart, Snoek and Adams, "Bayesian Optimization with
    Unknown Constraints", UAI (2014).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import scipy.special

from tfhpo.surrogates.gaussian_process import GaussianProcess, Hyperparameters, Priors
from tfhpo.surrogates.kernels import Columns, Encoded

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: Labels are steps, to which a rough function would fit best. Trials fail in regions, though: the
#: length scales are held near their mean, and what a smooth function cannot follow is noise.
LABEL_PRIORS = Priors(length=(-1.0, 0.5), noise=(-3.0, 0.7))
_LOG_ROOT_2PI = 0.5 * math.log(2.0 * math.pi)


class Feasibility:
    """The logarithm of the probability that a trial succeeds.

    Args:
        columns: Which columns are what.
        points: `n` points whose outcome is known.
        succeeded: a, `n`; of both kinds, or e is 0.
        hyperparameters: Those of the process on the labels.
        kernel: "matern52" (default) or "squared_exponential".
    """

    def __init__(
        self,
        columns: Columns,
        points: Encoded,
        succeeded: BoolArray,
        hyperparameters: Hyperparameters,
        kernel: str = "matern52",
    ) -> None:
        share = float(np.mean(succeeded))
        self._half = (share - 0.5) / math.sqrt(share * (1.0 - share))
        self._noise = math.exp(hyperparameters.noise)
        self._model = GaussianProcess(columns, points, labels(succeeded), hyperparameters, kernel)

    def value(self, points: Encoded) -> FloatArray:
        """Returns log Phi(u) at points, `q`."""
        return self._log_probability(*self._model.posterior(points))[0]

    def slope(self, points: Encoded) -> tuple[FloatArray, FloatArray]:
        """Returns log Phi(u), `q`, and its gradient by the places of the ordered columns."""
        return self._model.posterior_gradient(points, self._log_probability)

    def _log_probability(
        self, mean: FloatArray, deviation: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        variance = deviation**2 + self._noise
        u = (self._half + mean) / np.sqrt(variance)
        value = scipy.special.log_ndtr(u)
        ratio = np.exp(-0.5 * u**2 - _LOG_ROOT_2PI - value)
        return value, ratio / np.sqrt(variance), -ratio * u * deviation / variance


def labels(succeeded: BoolArray) -> FloatArray:
    """Returns (a - p) / e, `n`, of both kinds."""
    share = float(np.mean(succeeded))
    return (succeeded.astype(np.float64) - share) / math.sqrt(share * (1.0 - share))
