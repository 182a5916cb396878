r"""How promising untried points look, by what is known around them.

Notation:
    d           the number of columns
    n           the number of known points that are looked at, at most `NEIGHBOURS`
    q           the number of candidates
    x, m        places in [0, 1] and activity masks, `n x d` or `q x d`
    D           distances, `q x n`
    z           the known points' ranks, `n`, from 0 (best) to 1 (worst); failures are worst
    k(D)        the Matérn 3/2 correlation, (1 + sqrt(3) D) exp(-sqrt(3) D)
    v           the noise of a rank, relative to k(0) = 1
    s           the estimated ranks of the candidates, `q`
    t           each candidate's distance to the nearest known or pending point, `q`
    omega       how much the estimate weighs against the distance, in [0, 1]

The estimate is the mean of a Gaussian process over ranks,

    s = mean(z) + k(D) (k(D_known) + v I)^-1 (z - mean(z)),

so an outlier among the scores weighs no more than any other worst point, and a noisy one is
smoothed by its neighbours. A candidate's demerit is omega s + (1 - omega) (1 - t), both terms
scaled to [0, 1] over the candidates: good neighbours against untried ground.

Source:
    The demerit and its cycle of weights: Regis and Shoemaker, "Combining radial basis function
    surrogates and dynamic coordinate search in high-dimensional expensive black-box
    optimization", Engineering Optimization 45 (2013).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tfhpo.space import BoolArray, FloatArray
from tfhpo.strategies.history import History

# Known points that an estimate looks at: the nearest to the incumbent. More cost time (their cube)
# and lie too far away to tell much.
NEIGHBOURS = 120
# Two choices, or an active and an inactive column, differ as much as half an interval.
_APART = 0.5
_NOISE = 0.1

Keys = npt.NDArray[np.intp]


def distances(
    x: FloatArray,
    active: BoolArray,
    other_x: FloatArray,
    other_active: BoolArray,
    categorical: BoolArray,
) -> FloatArray:
    """Returns the distances between two sets of points.

    Args:
        x: Places, `q x d`.
        active: Masks, `q x d`.
        other_x: Places, `n x d`.
        other_active: Masks, `n x d`.
        categorical: Which columns are categorical, `d`.

    Returns:
        Euclidean distances, `q x n`; a column inactive on both sides counts 0.
    """
    squares = np.zeros((len(x), len(other_x)))
    # Column by column: half the time of one large `q x n x d` array.
    for column in range(x.shape[1]):
        gaps = np.abs(x[:, column, None] - other_x[:, column])
        unlike = active[:, column, None] != other_active[:, column]
        if categorical[column]:
            unlike |= gaps > 0
        squares += np.where(unlike, _APART, gaps) ** 2
    return np.sqrt(squares)


def order(
    x: FloatArray, active: BoolArray, history: History, categorical: BoolArray, weight: float
) -> Keys:
    """Returns the candidates' indices, the most promising first.

    Args:
        x: The candidates' places, `q x d`.
        active: The candidates' masks, `q x d`.
        history: What is known; at least one point must have completed.
        categorical: Which columns are categorical, `d`.
        weight: omega, in [0, 1].
    """
    known = _neighbours(history, categorical)
    to_known = distances(x, active, history.x[known], history.active[known], categorical)
    among = distances(
        history.x[known],
        history.active[known],
        history.x[known],
        history.active[known],
        categorical,
    )
    nearest = to_known.min(axis=1)
    pending = history.pending
    if len(pending):
        held = distances(x, active, history.x[pending], history.active[pending], categorical)
        nearest = np.minimum(nearest, held.min(axis=1))
    estimate = _estimate(to_known, among, _ranks(history.scores[known]))
    demerit = weight * _scaled(estimate) + (1 - weight) * (1 - _scaled(nearest))
    return np.argsort(demerit, kind="stable")


def _neighbours(history: History, categorical: BoolArray) -> Keys:
    """Returns the keys of the resolved points nearest to the incumbent, ascending."""
    keys = history.known
    best = history.best
    if best is None or len(keys) <= NEIGHBOURS:
        return keys
    centre = history.x[best][None], history.active[best][None]
    away = distances(*centre, history.x[keys], history.active[keys], categorical)[0]
    return np.sort(keys[np.argsort(away, kind="stable")[:NEIGHBOURS]])


def _ranks(scores: FloatArray) -> FloatArray:
    """Returns ranks from 0 (lowest score) to 1; NaN, a failure, is worst."""
    ranks = np.empty(len(scores))
    ranks[np.argsort(scores, kind="stable")] = np.arange(len(scores))
    ranks[np.isnan(scores)] = len(scores) - 1
    return ranks / max(1, len(scores) - 1)


def _estimate(to_known: FloatArray, among: FloatArray, ranks: FloatArray) -> FloatArray:
    """Returns the Gaussian process's mean rank at each candidate, `q`."""
    mean = float(ranks.mean())
    covariance = _matern(among) + _NOISE * np.eye(len(ranks))
    return mean + _matern(to_known) @ np.linalg.solve(covariance, ranks - mean)


def _matern(distance: FloatArray) -> FloatArray:
    scaled = math.sqrt(3.0) * distance
    return (1.0 + scaled) * np.exp(-scaled)


def _scaled(numbers: FloatArray) -> FloatArray:
    """Returns the numbers, stretched to [0, 1]; all 0 where they are equal."""
    span = float(np.ptp(numbers))
    return (numbers - numbers.min()) / span if span > 0 else np.zeros_like(numbers)
