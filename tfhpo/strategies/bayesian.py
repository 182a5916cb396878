"""Bayesian optimisation: a Gaussian process over the mixed, conditional space.

Notation:
    d           the number of columns
    n           the number of points with a result
    y           their scores, lower is better, made fit for the model (`surrogates/warping.py`)
    mu, sd      the model's mean and standard deviation at a point
    f           the lowest mean over the points with a result and the pending ones
    theta       the model's hyperparameters (`surrogates/gaussian_process.py`)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar, cast

import numpy as np
import numpy.typing as npt

from tfhpo.errors import ArgumentError
from tfhpo.space import BoolArray, FloatArray, Kind, Point, Space
from tfhpo.strategies.initial import initial_point
from tfhpo.strategies.strategy import Strategy
from tfhpo.surrogates.acquisitions import (
    Acquisition,
    ConfidenceBound,
    ExpectedImprovement,
    FantasisedImprovement,
    LogExpectedImprovement,
    MaxValueEntropy,
    ProbabilityOfImprovement,
    sampled_best_values,
)
from tfhpo.surrogates.gaussian_process import GaussianProcess, Hyperparameters, fitted
from tfhpo.surrogates.kernels import KERNELS, Columns, Encoded
from tfhpo.surrogates.maximiser import LISTED, Ground, maximised
from tfhpo.surrogates.warping import half_ranked

_IMPROVEMENTS: dict[str, Callable[[float], Acquisition]] = {
    "log_ei": LogExpectedImprovement,
    "ei": ExpectedImprovement,
    "pi": ProbabilityOfImprovement,
}
ACQUISITIONS = (*_IMPROVEMENTS, "ucb", "mes")
_BETA = 2.6
# How many outcomes of the pending points are imagined together.
_FANTASIES = 16
# Points that the model is made of at most, and of these, those that theta is fitted to.
_MODEL_SIZE, _FIT_SIZE = 500, 200
# theta is fitted again when the results have grown by this share.
_GROWTH = 0.05
# Candidates drawn from anywhere and around the best points, and how many are improved.
_ANYWHERE, _AROUND, _STARTS = 256, 256, 4
# The best points that candidates are drawn around, and how far away on the unit interval.
_PARENTS, _WIDTHS = 5, (0.02, 0.1, 0.3)


class BayesianOptimization(Strategy):
    """Bayesian optimisation with a Gaussian process.

    *First points.* The user's defaults (the middle of a parameter without one), then points of a
    scrambled Sobol sequence through the parameters' distributions.

    *Model.* A Gaussian process with a Matérn kernel over the space as it is: ordered columns with a
    length scale each, categorical columns with a weight each, inactive columns at a place of their
    own (`surrogates/kernels.py`). Its scales and its noise are the most probable ones under priors
    that grow with the number of columns; they are fitted again when the results have grown by a
    twentieth, beginning with the last ones. The bad half of the scores goes by rank. A failed trial
    is as bad as the worst. Of more than 500 results the best half of 500 and an even choice of the
    others make the model, and the best 200 of these its scales.

    *Pending points* are given 16 outcomes that the model thinks possible, and the improvement is
    averaged over them, so many workers spread out. With any acquisition but "log_ei" they count as
    if they had come out as the model expects.

    *Next point.* The highest acquisition (`surrogates/acquisitions.py`) among 512 candidates, half
    of them drawn from the parameters' distributions and half around the five best points; the best
    four are improved along the gradient of the continuous columns and by steps in the others
    (`surrogates/maximiser.py`). f is a mean rather than a score, since with noise the best score is
    luck. No configuration is tried twice.

    Args:
        space: What to search.
        rng: The only source of randomness.
        budget: How many trials are planned, or None where nobody knows; not needed.
        num_initial_points: How many points come before the model, at least 1. Default 5: more or
            fewer made no difference that could be told from noise.
        acquisition: "log_ei", "ei", "pi", "ucb" or "mes". Default "log_ei"; "ucb" where `beta` is
            given.
        beta: The width of "ucb" in deviations, at least 0. Default 2.6, as in KerasTuner.
        kernel: "matern52" (default) or "squared_exponential".

    Raises:
        ArgumentError: If the space is empty or an argument breaks its rule.

    Source:
        Jones, Schonlau and Welch, "Efficient Global Optimization of Expensive Black-Box Functions",
        Journal of Global Optimization 13 (1998). Log expected improvement: Ament et al., NeurIPS
        (2023). Length scales: Hvarfner, Hellsten and Nardi, ICML (2024). Scores: Song et al.,
        arXiv:2408.11527 (2024).
    """

    name: ClassVar[str] = "bayesian"

    def __init__(
        self,
        space: Space,
        rng: np.random.Generator,
        *,
        budget: int | None = None,
        num_initial_points: int = 5,
        acquisition: str | None = None,
        beta: float | None = None,
        kernel: str = "matern52",
    ) -> None:
        super().__init__(space, rng, budget=budget)
        _check_arguments(num_initial_points, acquisition, beta, kernel)
        self.num_initial_points = num_initial_points
        self.acquisition = acquisition or ("log_ei" if beta is None else "ucb")
        self.beta = _BETA if beta is None else beta
        self.kernel = kernel
        self._sobol_seed = int(rng.integers(2**31))
        self._theta: list[float] | None = None
        self._fitted = 0
        self._survey()

    # ------------------------------------------------------------------ candidates

    def _propose(self) -> Point | None:
        if len(self.history) < self.num_initial_points or len(self.history.completed) < 2:
            point = initial_point(self.space, len(self.history), self._sobol_seed)
            return self._draw_untried() if self.history.tried(point) else point
        target = self._target()
        candidates = self._candidates()
        value = target.value(*candidates)
        starts = candidates.x[np.argsort(-value, kind="stable")[:_STARTS]]
        improved, _, improved_value = maximised(target, self._ground, starts)
        x = np.concatenate([improved, candidates.x])
        for row in np.argsort(-np.concatenate([improved_value, value]), kind="stable"):
            point = self.space.point(x[row])
            if not self.history.tried(point):
                return point
        return self._draw_untried()

    def _candidates(self) -> Point:
        """Returns points from anywhere and around the best ones, `q x d`."""
        anywhere = self.space.draws(self.rng.random((_ANYWHERE, len(self.space))))
        around = self._around_the_best()
        return Point(
            np.concatenate([anywhere.x, around.x]),
            np.concatenate([anywhere.active, around.active]),
        )

    def _around_the_best(self) -> Point:
        """Returns points that differ from one of the best in a few columns."""
        shape = _AROUND, len(self.space)
        best = _best_first(self.history.completed, self.history.scores)[:_PARENTS]
        parents = best[self.rng.integers(len(best), size=_AROUND)]
        fresh = self.rng.random(shape)
        # A column that the parent does not use may become active by what is changed.
        x = np.where(self.history.active[parents], self.history.x[parents], fresh)
        share = self.rng.choice([1.0, 2.0, 4.0], size=(_AROUND, 1)) / len(self.space)
        moved = self.rng.random(shape) < share
        moved[np.arange(_AROUND), self.rng.integers(len(self.space), size=_AROUND)] = True
        width = self.rng.choice(_WIDTHS, size=(_AROUND, 1))
        stepped = np.clip(x + width * self.rng.standard_normal(shape), 0.0, 1.0)
        changed = np.where(self._columns.categorical, fresh, stepped)
        return self.space.points(np.where(moved, changed, x))

    # ------------------------------------------------------------------ the model

    def recommend(self) -> int | None:
        """Returns the key of the completed point with the best mean under the model."""
        completed = self.history.completed
        if len(completed) < 2:
            return self.history.best
        theta, fitted_at = self._theta, self._fitted
        model = self._model()
        self._theta, self._fitted = theta, fitted_at
        return int(completed[np.argmin(model.mean(self._encoded(completed)))])

    def _model(self) -> GaussianProcess:
        keys = self._chosen()
        points, outputs = self._encoded(keys), self._outputs(keys)
        theta = self._hyperparameters(points, outputs)
        return GaussianProcess(self._columns, points, outputs, theta, self.kernel)

    def _target(self) -> _Target:
        model = self._model()
        best = float(np.min(model.mean(model.points)))
        if len(self.history.pending):
            pending = self._encoded(self.history.pending)
            if self.acquisition == "log_ei":
                drawn = model.samples(pending, _FANTASIES, self.rng).T
                acquire = FantasisedImprovement(np.minimum(best, drawn.min(axis=0)))
                return _Target(self._columns, model.conditioned(pending, drawn), acquire)
            expected = model.mean(pending)
            best = min(best, float(np.min(expected)))
            model = model.conditioned(pending, expected)
        return _Target(self._columns, model, self._acquire(model, best))

    def _encoded(self, keys: npt.NDArray[np.intp]) -> Encoded:
        return self._columns.encode(self.history.x[keys], self.history.active[keys])

    def _chosen(self) -> npt.NDArray[np.intp]:
        """Returns the keys of the points that make the model, the best first and failures last."""
        keys = np.concatenate(
            [_best_first(self.history.completed, self.history.scores), self.history.failed]
        )
        if len(keys) <= _MODEL_SIZE:
            return keys
        half = _MODEL_SIZE // 2
        others = np.linspace(half, len(keys) - 1, _MODEL_SIZE - half).astype(int)
        return np.concatenate([keys[:half], keys[others]])

    def _outputs(self, keys: npt.NDArray[np.intp]) -> FloatArray:
        scores = self.history.scores[keys]
        failed = np.isnan(scores)
        return half_ranked(np.where(failed, np.max(scores[~failed]), scores))

    def _hyperparameters(self, points: Encoded, outputs: FloatArray) -> Hyperparameters:
        """Returns theta, fitted again if that is due."""
        known = len(self.history.completed) + len(self.history.failed)
        if self._theta is None or known >= self._fitted + math.ceil(_GROWTH * self._fitted):
            start = None if self._theta is None else Hyperparameters.of(np.array(self._theta))
            # The order is that of the scores, and the best tell most of where to look.
            some = slice(_FIT_SIZE)
            found = fitted(self._columns, points.rows(some), outputs[some], start, self.kernel)
            self._theta, self._fitted = found.vector.tolist(), known
        return Hyperparameters.of(np.array(self._theta))

    def _acquire(self, model: GaussianProcess, best: float) -> Acquisition:
        if self.acquisition == "ucb":
            return ConfidenceBound(self.beta)
        if self.acquisition == "mes":
            anywhere = self.space.draws(self.rng.random((_ANYWHERE, len(self.space))))
            foretold = model.posterior(self._columns.encode(*anywhere))
            return MaxValueEntropy(sampled_best_values(*foretold, self.rng))
        return _IMPROVEMENTS[self.acquisition](best)

    def _survey(self) -> None:
        """Notes what the space says of its columns."""
        domains = [parameter.domain for parameter in self.space.parameters]
        categorical = [domain.kind is Kind.CATEGORICAL for domain in domains]
        self._columns = Columns(np.array(categorical, dtype=bool))
        listed = [
            np.array([domain.unit_of_index(index) for index in range(cast(int, domain.size))])
            if domain.kind is Kind.CATEGORICAL or (domain.size or LISTED + 1) <= LISTED
            else None
            for domain in domains
        ]
        self._ground = Ground(self.space.points, self._columns.categorical, listed)

    # ------------------------------------------------------------------ state

    def _private_state(self) -> dict[str, Any]:
        return {"theta": self._theta, "fitted": self._fitted, "sobol": self._sobol_seed}

    def _restore_private(self, state: dict[str, Any]) -> None:
        self._theta, self._fitted = state["theta"], state["fitted"]
        self._sobol_seed = state["sobol"]

    def _space_grew(self) -> None:
        self._survey()
        self._theta, self._fitted = None, 0


class _Target:
    """The acquisition as a function of places.

    Args:
        columns: Which columns are what.
        model: What foretells.
        acquire: What is made of it.
    """

    def __init__(self, columns: Columns, model: GaussianProcess, acquire: Acquisition) -> None:
        self._columns, self._model, self._acquire = columns, model, acquire

    def value(self, x: FloatArray, active: BoolArray) -> FloatArray:
        """Returns the acquisition of points, `q`."""
        return self._acquire(*self._model.posterior(self._columns.encode(x, active))).value

    def slope(self, x: FloatArray, active: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Returns the acquisition, `q`, and its derivatives by the places, `q x d`."""
        points = self._columns.encode(x, active)
        value, by_places = self._model.posterior_gradient(points, self._acquire)
        slope = np.zeros_like(x)
        slope[:, ~self._columns.categorical] = by_places
        return value, np.where(active, slope, 0.0)


def _best_first(keys: npt.NDArray[np.intp], scores: FloatArray) -> npt.NDArray[np.intp]:
    """Returns the keys of completed points by their scores."""
    return keys[np.argsort(scores[keys], kind="stable")]


def _check_arguments(
    num_initial_points: int, acquisition: str | None, beta: float | None, kernel: str
) -> None:
    if num_initial_points < 1:
        raise ArgumentError(
            "`num_initial_points` must be at least 1. "
            f"Received: num_initial_points={num_initial_points}."
        )
    if acquisition not in (None, *ACQUISITIONS):
        raise ArgumentError(
            f"`acquisition` must be one of {ACQUISITIONS}. Received: {acquisition!r}."
        )
    if beta is not None and not (math.isfinite(beta) and beta >= 0):
        raise ArgumentError(f"`beta` must be at least 0. Received: beta={beta}.")
    if beta is not None and acquisition not in (None, "ucb"):
        raise ArgumentError(
            f'`beta` is the width of "ucb". Received: beta={beta}, acquisition={acquisition!r}.'
        )
    if kernel not in KERNELS:
        raise ArgumentError(f"`kernel` must be one of {KERNELS}. Received: {kernel!r}.")
