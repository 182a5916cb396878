r"""What former studies foretell of a new one, with as much trust as its results earn them.

Notation:
    J           the number of former studies
    n, q        numbers of results of the new study, X, and of asked points
    y           the new results, `n`, standardised
    m_j         the mean of a Gaussian process on the results of study j, standardised on their own
    c_j, e_j    mean and standard deviation of m_j over X, the latter not below `_LEAST_SPREAD`
    p_j         (m_j - c_j) / e_j:  what study j foretells, on the scale of y
    P           p_j at X, a column for each study, `n x J`
    b           the weights of the studies, `J`
    K           the covariance of the new results, before theta is fitted to them

Only the order and the shape of the former scores count: another data set has another scale. The new
results are taken for

    y(x) = sum_j b_j p_j(x) + f(x),     f a Gaussian process (`gaussian_process.py`).

b is the most probable one that is not negative, under b_j ~ N(`_TRUST` / J, (`_DOUBT` / J)^2):

    minimise  (y - P b)^T K^-1 (y - P b) + sum_j ((b_j - _TRUST / J) / (_DOUBT / J))^2,  b >= 0.

So a study is trusted less than it claims from the start, and one that contradicts the results not
at all after a few of them. A column that a study did not have is left out of its foretelling.

Source:
    Own, after Poloczek, Wang and Frazier, "Warm Starting Bayesian Optimization", WSC (2016), whose
    prior is a sum of such processes too. Weights by the results: Feurer, Letham, Hutter and Bakshy,
    "Practical Transfer Learning for Bayesian Optimization", arXiv:1802.02219 (2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tfhpo.surrogates.gaussian_process import GaussianProcess, Hyperparameters, fitted
from tfhpo.surrogates.kernels import APART, Columns, Encoded
from tfhpo.surrogates.warping import half_ranked

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

# A weight is expected to be this, give or take.
_TRUST, _DOUBT = 0.7, 0.5
_LEAST_SPREAD = 0.5


class Foreteller:
    """m: what one former study foretells.

    Args:
        columns: Which columns are what.
        known: Which columns the study says something of, `d + c`.
        points: Its points.
        scores: Their scores, finite.
        kernel: "matern52" (default) or "squared_exponential".

    Raises:
        numpy.linalg.LinAlgError: If points are not finite.
    """

    def __init__(
        self,
        columns: Columns,
        known: BoolArray,
        points: Encoded,
        scores: FloatArray,
        kernel: str = "matern52",
    ) -> None:
        ordered = known[~columns.categorical]
        self._unknown = np.flatnonzero(~ordered)
        self._unknown_choices = np.flatnonzero(~known[columns.categorical])
        outputs = half_ranked(scores)
        theta = fitted(columns, points, outputs, kernel=kernel)
        self._model = GaussianProcess(columns, points, outputs, theta, kernel)

    def value(self, points: Encoded) -> FloatArray:
        """Returns m at points, `q`."""
        return self._model.mean(self._masked(points))

    def slope(self, points: Encoded) -> FloatArray:
        """Returns the gradient of m by the places of the ordered columns, `q x d`."""
        slope = self._model.mean_slope(self._masked(points))
        slope[:, self._unknown] = 0.0
        return slope

    def _masked(self, points: Encoded) -> Encoded:
        """Returns points with the columns inactive that the study did not have."""
        features, choices = points.features.copy(), points.choices.copy()
        features[:, self._unknown] = 0.0
        features[:, self._unknown + features.shape[1] // 2] = APART
        choices[:, self._unknown_choices] = -1.0
        return Encoded(features, choices)


@dataclass(frozen=True)
class Foretold:
    """sum_j b_j p_j, the prior mean of the new results.

    Attributes:
        tellers: m, `J`.
        centre: c, `J`.
        weights: b / e, `J`.
    """

    tellers: Sequence[Foreteller]
    centre: FloatArray
    weights: FloatArray

    def value(self, points: Encoded) -> FloatArray:
        """Returns it at points, `q`."""
        total = np.zeros(len(points))
        for teller, centre, weight in zip(self.tellers, self.centre, self.weights, strict=True):
            if weight > 0.0:
                total += weight * (teller.value(points) - centre)
        return total

    def slope(self, points: Encoded) -> FloatArray:
        """Returns its gradient by the places of the ordered columns, `q x d`."""
        total = np.zeros((len(points), points.features.shape[1] // 2))
        for teller, weight in zip(self.tellers, self.weights, strict=True):
            if weight > 0.0:
                total += weight * teller.slope(points)
        return total


def foretold(
    tellers: Sequence[Foreteller],
    columns: Columns,
    points: Encoded,
    outputs: FloatArray,
    kernel: str = "matern52",
) -> Foretold:
    """Returns the prior mean, with the studies weighted by the new results.

    Args:
        tellers: m of each study, at least one.
        columns: Which columns are what.
        points: X.
        outputs: y, `n`.
        kernel: "matern52" (default) or "squared_exponential".

    Raises:
        numpy.linalg.LinAlgError: If points are not finite.
    """
    m = np.stack([teller.value(points) for teller in tellers], axis=1)
    centre, spread = m.mean(axis=0), np.maximum(m.std(axis=0), _LEAST_SPREAD)
    hyperparameters = Hyperparameters.typical(columns)
    covariance = hyperparameters.kernel(columns, kernel)(points, points)
    covariance += np.exp(hyperparameters.noise) * np.eye(len(points))
    b = _weights((m - centre) / spread, outputs, covariance)
    return Foretold(tellers, centre, b / spread)


def _weights(p: FloatArray, y: FloatArray, covariance: FloatArray) -> FloatArray:
    """Returns b, `J`: least squares that are not negative, the prior as further rows."""
    # Here and not above: whoever only imports a strategy need not wait for it.
    import scipy.optimize

    count = p.shape[1]
    factor = np.linalg.cholesky(covariance)
    rows = scipy.linalg.solve_triangular(factor, np.column_stack([p, y]), lower=True)
    a = np.concatenate([rows[:, :-1], np.eye(count) * count / _DOUBT])
    target = np.concatenate([rows[:, -1], np.full(count, _TRUST / _DOUBT)])
    found: FloatArray = scipy.optimize.nnls(a, target)[0]
    return found
