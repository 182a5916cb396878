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
from tfhpo.space import FloatArray, Kind, Point, PriorDensity, Space
from tfhpo.strategies.initial import InitialDesign
from tfhpo.strategies.prior_weight import PRIOR_WEIGHT, check_prior_weight
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
from tfhpo.surrogates.feasibility import LABEL_PRIORS, Feasibility, labels
from tfhpo.surrogates.gaussian_process import GaussianProcess
from tfhpo.surrogates.kernels import KERNELS, Columns, Encoded
from tfhpo.surrogates.maximiser import LISTED, Ground, maximised
from tfhpo.surrogates.refitting import GrowingFit
from tfhpo.surrogates.target import Scaled, Success, Target, Weight
from tfhpo.surrogates.warping import half_ranked

_IMPROVEMENTS: dict[str, Callable[[float], Acquisition]] = {
    "ei": ExpectedImprovement,
    "pi": ProbabilityOfImprovement,
}
ACQUISITIONS = ("log_ei", *_IMPROVEMENTS, "ucb", "mes")
_BETA = 2.6
# How many outcomes of the pending points are imagined together.
_FANTASIES = 16
# Points that the model is made of at most, and of these, those that theta is fitted to.
_MODEL_SIZE, _FIT_SIZE = 500, 200
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
    twentieth, beginning with the last ones. Its level is unknown, so that a search that has found
    good points does not take the rest of the space for as good. The bad half of the scores goes by
    rank. Of more than 500 results the best half of 500 and an even choice of the others make the
    model, and the best 200 of these its scales.

    *Failed trials* teach a second process where trials succeed (`surrogates/feasibility.py`), and
    the acquisition is multiplied by that probability. In the first process they are average, so
    that the very same is not tried again.

    *What the user expects*, as distributions of parameters, weights the acquisition too, at first
    and then less and less (`strategies/prior_weight.py`), so a wrong expectation is overcome.

    *Pending points* are given 16 outcomes that the model thinks possible, and the improvement is
    averaged over them, so many workers spread out. With any acquisition but "log_ei" they count as
    if they had come out as the model expects.

    *Next point.* The highest acquisition (`surrogates/acquisitions.py`) among 512 candidates, half
    of them drawn from the parameters' distributions and half around the five best points; the best
    four are improved along the gradient of the continuous columns and by steps in the others
    (`surrogates/maximiser.py`). f is a mean rather than a score, since with noise the best score is
    luck; and log EI is augmented, so that a good point is not tried for ever for its noise. No
    configuration is tried twice.

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
        prior_weight: How much the parameters' distributions count, at least 0: as a power of
            prior_weight / n after n results. Default 5.

    Raises:
        ArgumentError: If the space is empty or an argument breaks its rule.

    Source:
        Jones, Schonlau and Welch, "Efficient Global Optimization of Expensive Black-Box Functions",
        Journal of Global Optimization 13 (1998). Log expected improvement: Ament et al., NeurIPS
        (2023). Augmented: Huang et al., Journal of Global Optimization 34 (2006). Length scales:
        Hvarfner, Hellsten and Nardi, ICML (2024). Scores: Song et al., arXiv:2408.11527 (2024).
        Failures: Gelbart, Snoek and Adams, UAI (2014). Expectations: Hvarfner et al., ICLR (2022).
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
        prior_weight: float = PRIOR_WEIGHT,
    ) -> None:
        super().__init__(space, rng, budget=budget)
        _check_arguments(acquisition, beta, kernel, prior_weight)
        self.acquisition = acquisition or ("log_ei" if beta is None else "ucb")
        self.beta = _BETA if beta is None else beta
        self.kernel = kernel
        self.prior_weight = prior_weight
        self._design = InitialDesign(num_initial_points, int(rng.integers(2**31)))
        self._begin_fits()
        self._survey()

    # ------------------------------------------------------------------ candidates

    def _propose(self) -> Point | None:
        if self._design.due(self.history):
            point = self._design.point(self.space, len(self.history))
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
        anywhere = self._anywhere()
        around = self._around_the_best()
        return Point(
            np.concatenate([anywhere.x, around.x]),
            np.concatenate([anywhere.active, around.active]),
        )

    def _anywhere(self) -> Point:
        """Returns points drawn from the distributions, and evenly where these may be wrong."""
        p = self.rng.random((_ANYWHERE, len(self.space)))
        if not self._density:
            return self.space.draws(p)
        expected, even = self.space.draws(p[::2]), self.space.points(p[1::2])
        return Point(
            np.concatenate([expected.x, even.x]), np.concatenate([expected.active, even.active])
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
        # Asking must change nothing.
        before = self._fit.state()
        model = self._model(self._chosen(completed))
        self._fit.restore(before)
        return int(completed[np.argmin(model.mean(self._encoded(completed)))])

    def _target(self) -> Target:
        model = self._model(self._chosen(self.history.completed))
        weights = self._weights()
        best = float(np.min(model.mean(model.points)))
        if len(failed := _even(self.history.failed, _MODEL_SIZE // 2)):
            # An average score: nothing is left to gain by trying the very same again, while what
            # failing says of the points around is told by their weight.
            model = model.conditioned(self._encoded(failed), np.zeros(len(failed)))
        if len(self.history.pending):
            pending = self._encoded(self.history.pending)
            if self.acquisition == "log_ei":
                drawn = model.samples(pending, _FANTASIES, self.rng).T
                lowest = np.minimum(best, drawn.min(axis=0))
                acquire = FantasisedImprovement(lowest, model.noise_deviation)
                model = model.conditioned(pending, drawn)
                return Target(self._columns, model, acquire, weights)
            expected = model.mean(pending)
            best = min(best, float(np.min(expected)))
            model = model.conditioned(pending, expected)
        return Target(self._columns, model, self._acquire(model, best), weights)

    def _model(self, keys: npt.NDArray[np.intp]) -> GaussianProcess:
        """Returns what the scores of completed points say, the best of them first."""
        points, outputs = self._encoded(keys), half_ranked(self.history.scores[keys])
        some = slice(_FIT_SIZE)
        theta = self._fit.hyperparameters(
            self._columns, points.rows(some), outputs[some], len(self.history.completed)
        )
        return GaussianProcess(self._columns, points, outputs, theta, self.kernel)

    def _weights(self) -> list[Weight]:
        """Returns what the acquisition is weighted by: failures, and what the user expects."""
        weights: list[Weight] = []
        if len(self.history.failed):
            weights.append(self._success())
        if self._density:
            known = len(self.history.failed) + len(self.history.completed)
            weights.append(Scaled(self._density, self.prior_weight / known))
        return weights

    def _success(self) -> Success:
        """Returns the probability to succeed, as failures tell it."""
        failed, completed = self.history.failed, self.history.completed
        some = _MODEL_SIZE // 2
        keys = np.concatenate([self._chosen(completed, some), _even(failed, some)])
        points, succeeded = self._encoded(keys), ~np.isnan(self.history.scores[keys])
        fitted_to = _even(np.arange(len(keys)), _FIT_SIZE)
        theta = self._failure_fit.hyperparameters(
            self._columns,
            points.rows(fitted_to),
            labels(succeeded)[fitted_to],
            len(failed) + len(completed),
        )
        feasibility = Feasibility(self._columns, points, succeeded, theta, self.kernel)
        return Success(self._columns, feasibility)

    def _encoded(self, keys: npt.NDArray[np.intp]) -> Encoded:
        return self._columns.encode(self.history.x[keys], self.history.active[keys])

    def _chosen(self, keys: npt.NDArray[np.intp], most: int = _MODEL_SIZE) -> npt.NDArray[np.intp]:
        """Returns the best half of so many completed points and an even choice of the others."""
        ranked = _best_first(keys, self.history.scores)
        if len(ranked) <= most:
            return ranked
        half = most // 2
        return np.concatenate([ranked[:half], _even(ranked[half:], most - half)])

    def _acquire(self, model: GaussianProcess, best: float) -> Acquisition:
        if self.acquisition == "ucb":
            return ConfidenceBound(self.beta)
        if self.acquisition == "mes":
            foretold = model.posterior(self._columns.encode(*self._anywhere()))
            return MaxValueEntropy(sampled_best_values(*foretold, self.rng))
        if self.acquisition == "log_ei":
            return LogExpectedImprovement(best, model.noise_deviation)
        return _IMPROVEMENTS[self.acquisition](best)

    def _begin_fits(self) -> None:
        self._fit = GrowingFit(self.kernel)
        self._failure_fit = GrowingFit(self.kernel, LABEL_PRIORS)

    def _survey(self) -> None:
        """Notes what the space says of its columns."""
        domains = [parameter.domain for parameter in self.space.parameters]
        categorical = [domain.kind is Kind.CATEGORICAL for domain in domains]
        self._columns = Columns(np.array(categorical, dtype=bool))
        self._density = PriorDensity(self.space)
        listed = [
            np.array([domain.unit_of_index(index) for index in range(cast(int, domain.size))])
            if domain.kind is Kind.CATEGORICAL or (domain.size or LISTED + 1) <= LISTED
            else None
            for domain in domains
        ]
        self._ground = Ground(self.space.points, self._columns.categorical, listed)

    # ------------------------------------------------------------------ state

    def _private_state(self) -> dict[str, Any]:
        return {
            "fit": self._fit.state(),
            "failure_fit": self._failure_fit.state(),
            "sobol": self._design.seed,
        }

    def _restore_private(self, state: dict[str, Any]) -> None:
        self._fit.restore(state["fit"])
        self._failure_fit.restore(state["failure_fit"])
        self._design = InitialDesign(self._design.size, state["sobol"])

    def _space_grew(self) -> None:
        self._survey()
        self._begin_fits()


def _best_first(keys: npt.NDArray[np.intp], scores: FloatArray) -> npt.NDArray[np.intp]:
    """Returns the keys of completed points by their scores."""
    return keys[np.argsort(scores[keys], kind="stable")]


def _even(keys: npt.NDArray[np.intp], most: int) -> npt.NDArray[np.intp]:
    """Returns so many of the keys at most, evenly chosen."""
    if len(keys) <= most:
        return keys
    some: npt.NDArray[np.intp] = keys[np.linspace(0, len(keys) - 1, most).astype(np.intp)]
    return some


def _check_arguments(
    acquisition: str | None, beta: float | None, kernel: str, prior_weight: float
) -> None:
    check_prior_weight(prior_weight)
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
