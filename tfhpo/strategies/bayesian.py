"""Bayesian optimisation: a Gaussian process over the mixed, conditional space.

Notation:
    d           the number of columns
    n           the number of points with a result
    y           their scores, lower is better, made fit for the model (`surrogates/warping.py`)
    mu, sd      the model's mean and standard deviation at a point
    e           the standard deviation of the noise
    f           the lowest mean over the points with a result and the pending ones, less a margin
    theta       the model's hyperparameters (`surrogates/gaussian_process.py`)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from tfhpo.arguments import choice, not_negative, positive
from tfhpo.errors import ArgumentError
from tfhpo.space import BoolArray, Condition, FloatArray, Kind, Point, Space
from tfhpo.strategies.branches import Branch, Branches
from tfhpo.strategies.candidates import (
    around_the_best,
    best_first,
    evenly,
    from_anywhere,
    joined,
)
from tfhpo.strategies.former import Former
from tfhpo.strategies.initial import InitialDesign, starting_places
from tfhpo.strategies.prior_weight import PRIOR_WEIGHT, Belief
from tfhpo.strategies.strategy import Strategy
from tfhpo.strategies.undeclared import conditioned, undeclared
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
from tfhpo.surrogates.gaussian_process import (
    NO_TREND,
    GaussianProcess,
    Hyperparameters,
    Priors,
    Trend,
)
from tfhpo.surrogates.kernels import KERNELS, Columns, Encoded
from tfhpo.surrogates.maximiser import LISTED, Ground, maximised
from tfhpo.surrogates.refitting import GrowingFit
from tfhpo.surrogates.target import Success, Target, Weight
from tfhpo.surrogates.transfer import Foreteller, foretold
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
# The shares of these that pending and failed points may take from those with a score.
_PENDING_SHARE, _FAILED_SHARE = 0.5, 0.25
# Results of all former studies together that are learnt from at most, and of each at least.
_FORMER_SIZE, _FORMER_LEAST = 200, 10
# Points that the model of failures is made of at most, and of each kind at least.
_FAILURE_SIZE, _OF_EACH_KIND = 200, 25
# Points beyond which their fits take few steps: labels say less of theta than scores do.
_MANY_LABELS = 25
# Candidates drawn from anywhere and around the best points, and how many are improved.
_ANYWHERE, _AROUND, _STARTS = 256, 256, 4


class BayesianOptimization(Strategy):
    """Bayesian optimisation with a Gaussian process.

    *First points.* The user's defaults (the middle of a parameter without one, or the median of its
    distribution), then a scrambled Sobol sequence, in turn through the distributions and evenly.

    *Model.* A Gaussian process with a Matérn kernel over the space as it is: ordered columns with a
    length scale each, categorical columns with a weight each, inactive columns at a place of their
    own (`surrogates/kernels.py`). Its scales and its noise are the most probable ones under priors,
    of which that of the length scales grows with the number of columns; they are fitted again when
    the results have grown by a twentieth, beginning with the last ones. Its level is unknown, so
    that a search that has found good points does not take the rest of the space for as good. The
    bad half of the scores goes by rank. Of more than 500 results the best half of 500 and an even
    choice of the others make the model, and the best 200 of these its scales; pending and failed
    points take up to half and a quarter of the 500 places, so that a suggestion takes no longer for
    them. Input warping and a trust region were measured and left out (`benchmarks/README.md`).

    *Failed trials* teach a second process where trials succeed (`surrogates/feasibility.py`), and
    the acquisition is weighted by that probability. The first process is told an average score for
    them, so that the very same is not tried again.

    *What the user expects*, as distributions of parameters, weights the acquisition of every
    second point: less and less with every result, and the less the further the best one lies from
    where it was expected (`strategies/prior_weight.py`).

    *Former studies* (`warm_start`) each foretell the scores by a process of their own, and the
    first process is about what they leave unexplained. How much each is trusted follows from the
    results that are known: one that contradicts them soon counts for nothing
    (`surrogates/transfer.py`). Their best points and the defaults take the place of the first ones.

    *Pending points* are given 16 outcomes that the model thinks possible, and the improvement is
    averaged over them, so many workers spread out. With any acquisition but "log_ei" they count as
    if they had come out as the model expects.

    *Conditions.* Up to one point of three lies in a branch of the space that lacks trials, against
    what random search would have given it, until it has had 20 (`strategies/branches.py`): where
    the first ones were bad, the model knows little of the columns that count there alone.
    Conditions that nobody declared, such as a plain `if` in the build, are learnt from what the
    trials used (`strategies/undeclared.py`).

    *Next point.* The highest acquisition (`surrogates/acquisitions.py`) among 512 candidates, half
    of them drawn from the parameters' distributions (half of these evenly, where there are any) and
    half around the five best points; the best four are improved along the gradient of the numbers
    and by steps in the choices and in what has at most 24 values (`surrogates/maximiser.py`). What
    must be improved on, f, is a mean rather than a score, since with noise the best score is luck,
    less `margin` deviations of the noise: where little but noise is left to win, the search looks
    elsewhere. Log EI is augmented to the same end. No configuration is tried twice.

    Args:
        space: What to search.
        rng: The only source of randomness.
        budget: How many trials are planned, or None where nobody knows; not needed.
        num_initial_points: How many points come before the model, at least 1. Default 5: with
            fewer, or more, there was a little more regret after 20 trials.
        acquisition: "log_ei", "ei", "pi", "ucb" or "mes". Default "log_ei"; "ucb" where `beta` is
            given.
        alpha: The variance of the noise, of scores that are scaled to variance 1, above 0: an
            accuracy with a deviation of a tenth of that of all trials has 0.01. By default it is
            estimated.
        beta: The width of "ucb" in deviations, at least 0. Default 2.6, as in KerasTuner.
        kernel: "matern52" (default) or "squared_exponential".
        margin: By how many deviations of the noise a trial must improve on the best mean, at least
            0; not for "ucb" and "mes". Default 0.5, which after 50 and 100 trials had less
            regret than 0 (`benchmarks/README.md`).
        prior_weight: How much the parameters' distributions count, at least 0: as a power of
            prior_weight / n after n results, of less where results deny them. Default 5.

    Raises:
        ArgumentError: If the space is empty or an argument breaks its rule.

    Source:
        Jones, Schonlau and Welch, "Efficient Global Optimization of Expensive Black-Box Functions",
        Journal of Global Optimization 13 (1998). Log expected improvement: Ament et al., NeurIPS
        (2023). Augmented: Huang et al., Journal of Global Optimization 34 (2006). Pending points:
        Snoek, Larochelle and Adams, NeurIPS (2012); as expected: Ginsbourger, Le Riche and Carraro,
        "Kriging Is Well-Suited to Parallelize Optimization" (2010). Length scales:
        Hvarfner, Hellsten and Nardi, ICML (2024). A margin: Lizotte, "Practical Bayesian
        Optimization", PhD thesis, University of Alberta (2008). Scores: Song et al.,
        arXiv:2408.11527 (2024). Failures: Gelbart, Snoek and Adams, UAI (2014). Expectations:
        Hvarfner et al., ICLR (2022).
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
        alpha: float | None = None,
        beta: float | None = None,
        kernel: str = "matern52",
        margin: float = 0.5,
        prior_weight: float = PRIOR_WEIGHT,
    ) -> None:
        super().__init__(space, rng, budget=budget)
        _check_arguments(acquisition, beta, kernel)
        self.acquisition = acquisition or ("log_ei" if beta is None else "ucb")
        self.beta = _BETA if beta is None else not_negative("beta", beta)
        self.alpha = None if alpha is None else positive("alpha", alpha)
        self.kernel = kernel
        self.margin = not_negative("margin", margin)
        self.prior_weight = prior_weight
        self._design = InitialDesign(num_initial_points, int(rng.integers(2**31)))
        # What the trials say of conditions, by column, and how many had a score by then.
        self._undeclared: dict[int, Condition] = {}
        self._noticed = 0
        # Fitted when they are needed first: that takes a moment.
        self._tellers: list[Foreteller] | None = None
        # The last model, and what it was made of.
        self._made: tuple[tuple[bytes, int], GaussianProcess] | None = None
        self._begin_fits()
        self._survey()

    # ------------------------------------------------------------------ the next point

    def _propose(self) -> Point | None:
        if self._design.due(self.history, len(self._seeds)):
            return self._first()
        self._notice()
        target, candidates = self._target(), self._candidates()
        for branch in self._lacking():
            ground = replace(self._ground, settle=branch.settled)
            point = self._highest(target, branch.within(candidates, self.rng), ground)
            if point is not None:
                return point
        return self._highest(target, candidates, self._ground) or self._draw_untried()

    def _lacking(self) -> list[Branch]:
        """Returns the branches that the next point should lie in."""
        if not (self._branches.branches and Branches.due(self.history)):
            return []
        everything = self._points(np.arange(len(self.history)))
        return self._branches.lacking(everything, self.history.failed)

    def _notice(self) -> None:
        """Goes by what the trials say of conditions that nobody declared."""
        # Between two results a batch of suggestions asks for the same.
        if self._noticed == len(self.history.scored):
            return
        self._noticed = len(self.history.scored)
        conditions = undeclared(self.space, self.history)
        if conditions != self._undeclared:
            self._undeclared = conditions
            self._lay_out(conditioned(self.space, conditions))

    def _highest(self, target: Target, candidates: Point, ground: Ground) -> Point | None:
        """Returns the point with the highest acquisition, None where all candidates were tried."""
        starts = self._untried(candidates, target.value(*candidates), _STARTS)
        if not len(starts):
            return None
        x, active, value = maximised(target, ground, starts)
        best = self._untried(Point(x, active), value, 1)
        # Improved ones may have met where trials were.
        return self.space.point(best[0] if len(best) else starts[0])

    def _whole(self, points: Point) -> Point:
        """Returns points as trials get them: at its start what they are not thought to use."""
        if not self._undeclared:
            return points
        starts = starting_places(self.space)
        return self.space.points(np.where(points.active, points.x, starts))

    def _first(self) -> Point | None:
        """Returns a point of the design; past its end, where trials are likeliest to succeed."""
        success = self._success() if len(self.history) >= self._design.size else None
        if success is not None:
            points = from_anywhere(self.space, _ANYWHERE, self.rng, doubted=bool(self._belief))
            likely = self._untried(points, success.value(*points), 1)
            if len(likely):
                return self.space.point(likely[0])
        doubted = self._belief.doubted(self.history)
        point = self._design.next(self.space, self.history, doubted=doubted)
        return self._draw_untried() if self.history.tried(point) else point

    def _candidates(self) -> Point:
        return joined(
            from_anywhere(self._presumed, _ANYWHERE, self.rng, doubted=bool(self._belief)),
            around_the_best(
                self._presumed, self.history, self._columns.categorical, _AROUND, self.rng
            ),
        )

    def _untried(self, points: Point, value: FloatArray, most: int) -> FloatArray:
        """Returns the places of the best different points that repeat no trial, `most x d`."""
        found: dict[bytes, FloatArray] = {}
        x, active = self._whole(points)
        for row in np.argsort(-value, kind="stable"):
            point = Point(x[row], active[row])
            if not self.history.tried(point):
                found.setdefault(point.x.tobytes() + point.active.tobytes(), point.x)
            if len(found) == most:
                break
        return np.array(list(found.values())).reshape(-1, len(self.space))

    def _tried(self, x: FloatArray, active: BoolArray) -> BoolArray:
        """Returns which points repeat a trial, `q`."""
        # With an infinite column nothing is met twice on the way.
        finite: BoolArray = ~np.any(active & self._infinite, axis=1)
        x, active = self._whole(Point(x, active))
        for row in np.flatnonzero(finite):
            finite[row] = self.history.tried(Point(x[row], active[row]))
        return finite

    # ------------------------------------------------------------------ the model

    def recommend(self) -> int | None:
        """Returns the key of the completed point with the best mean under the model.

        The model is made anew, with time to find out whether the scores are noisy.
        """
        completed = self.history.completed
        if len(completed) < 2:
            return self.history.best
        model = self._process(self._chosen(self.history.scored), self._fit.thorough)
        return int(completed[np.argmin(model.mean(self._encoded(completed)))])

    def _target(self) -> Target:
        failed = evenly(self.history.failed, int(_FAILED_SHARE * _MODEL_SIZE))
        pending = evenly(self.history.pending, int(_PENDING_SHARE * _MODEL_SIZE))
        keys = self._chosen(self.history.scored, _MODEL_SIZE - len(failed) - len(pending))
        model, tried = self._model(keys), self._encoded(keys)
        if len(failed):
            # An average score: nothing is left to gain by trying the very same again, while what
            # failing says of the points around is told by their weight.
            model = model.conditioned(self._encoded(failed), np.zeros(len(failed)))
        if len(pending):
            awaited = self._encoded(pending)
            model = self._awaiting(model, awaited)
            tried = tried.joined(awaited)
        best = model.mean(tried).min(axis=0)
        return Target(self._columns, model, self._acquire(model, best, tried), self._factors())

    def _awaiting(self, model: GaussianProcess, awaited: Encoded) -> GaussianProcess:
        """Returns the model with outcomes of the pending points: many for "log_ei", else a mean."""
        if self.acquisition == "log_ei":
            return model.imagining(awaited, _FANTASIES, self.rng)
        return model.conditioned(awaited, model.mean(awaited))

    def _model(self, keys: npt.NDArray[np.intp]) -> GaussianProcess:
        """Returns what the scores of points say, the best of them first."""
        # Between two results a batch of suggestions asks for the same.
        asked = keys.tobytes(), len(self.history.known)
        if self._made is not None and self._made[0] == asked:
            return self._made[1]
        model = self._process(
            keys, partial(self._fit.hyperparameters, known=len(self.history.scored))
        )
        self._made = asked, model
        return model

    def _process(
        self,
        keys: npt.NDArray[np.intp],
        fit: Callable[[Columns, Encoded, FloatArray], Hyperparameters],
    ) -> GaussianProcess:
        """Returns the process of points with a score, the best of them first."""
        points, outputs = self._encoded(keys), half_ranked(self.history.scores[keys])
        trend, some = self._trend(points, outputs), slice(_FIT_SIZE)
        theta = fit(self._columns, points.rows(some), (outputs - trend.value(points))[some])
        return GaussianProcess(self._columns, points, outputs, theta, self.kernel, trend)

    def _trend(self, points: Encoded, outputs: FloatArray) -> Trend:
        """Returns what former studies foretell, as far as the results agree with them."""
        if not self.former:
            return NO_TREND
        if self._tellers is None:
            self._tellers = [self._teller(study) for study in self.former]
        return foretold(self._tellers, self._columns, points, outputs, self.kernel)

    def _teller(self, study: Former) -> Foreteller:
        """Returns what a study foretells: its best results, and an even choice of the others."""
        most = max(_FORMER_LEAST, _FORMER_SIZE // len(self.former))
        ranked, half = study.ranked, most // 2
        kept = study.rows(np.concatenate([ranked[:half], evenly(ranked[half:], most - half)]))
        points = self._columns.encode(*kept.points)
        return Foreteller(self._columns, study.columns, points, kept.scores, self.kernel)

    def _factors(self) -> list[Weight]:
        """Returns what the acquisition is weighted by: failures, and what the user expects."""
        factors: list[Weight] = []
        success = self._success()
        if success is not None:
            factors.append(success)
        if self._belief:
            factors.append(self._belief.now(self.history))
        return factors

    def _success(self) -> Success | None:
        """Returns the probability to succeed, as all known trials tell it; None if all ended alike.

        They are thinned evenly: the best ones alone would say nothing of where trials fail.
        """
        scored, failed = self.history.scored, self.history.failed
        if not (len(scored) and len(failed)):
            return None
        share = round(_FAILURE_SIZE * len(failed) / (len(scored) + len(failed)))
        # Of the rarer kind enough are kept to tell where it is.
        most = min(max(share, _OF_EACH_KIND), _FAILURE_SIZE - min(len(scored), _OF_EACH_KIND))
        failed = evenly(failed, most)
        keys = np.sort(np.concatenate([evenly(scored, _FAILURE_SIZE - len(failed)), failed]))
        points, succeeded = self._encoded(keys), np.isfinite(self.history.scores[keys])
        theta = self._failure_fit.hyperparameters(
            self._columns, points, labels(succeeded), len(self.history.known)
        )
        return Success(
            self._columns, Feasibility(self._columns, points, succeeded, theta, self.kernel)
        )

    def _encoded(self, keys: npt.NDArray[np.intp]) -> Encoded:
        return self._columns.encode(*self._points(keys))

    def _points(self, keys: npt.NDArray[np.intp]) -> Point:
        """Returns points with what they used; those without a score, with what they may have."""
        x, active = self.history.x[keys], self.history.active[keys]
        if self._undeclared:
            scored = np.isfinite(self.history.scores[keys])
            active = active & (scored[:, None] | self._presumed.points(x).active)
        return Point(x, active)

    def _chosen(self, keys: npt.NDArray[np.intp], most: int = _MODEL_SIZE) -> npt.NDArray[np.intp]:
        """Returns scored points for the model: the best, and an even choice of the others."""
        ranked = best_first(keys, self.history.scores)
        if len(ranked) <= most:
            return ranked
        half = most // 2
        return np.concatenate([ranked[:half], evenly(ranked[half:], most - half)])

    def _acquire(self, model: GaussianProcess, best: FloatArray, tried: Encoded) -> Acquisition:
        """Returns the acquisition, given the lowest mean, or that of each imagined outcome."""
        best = best - self.margin * model.noise_deviation
        if best.ndim:
            return FantasisedImprovement(best, model.noise_deviation)
        if self.acquisition == "log_ei":
            return LogExpectedImprovement(float(best), model.noise_deviation)
        if self.acquisition == "ucb":
            return ConfidenceBound(self.beta)
        if self.acquisition == "mes":
            anywhere = from_anywhere(
                self._presumed, _ANYWHERE, self.rng, doubted=bool(self._belief)
            )
            # With the tried points: what the best of them has can be reached in any case.
            points = self._columns.encode(*anywhere).joined(tried)
            return MaxValueEntropy(sampled_best_values(*model.posterior(points), self.rng))
        return _IMPROVEMENTS[self.acquisition](float(best))

    def _revised(self) -> None:
        self._made = None
        self._noticed = 0

    def _begin_fits(self) -> None:
        priors = Priors()
        if self.alpha is not None:
            priors = replace(priors, noise=(math.log(self.alpha), 0.0))
        self._fit = GrowingFit(self.kernel, priors)
        self._failure_fit = GrowingFit(self.kernel, LABEL_PRIORS, many=_MANY_LABELS)
        self._made = None

    def _take_former(self) -> None:
        super()._take_former()
        self._tellers = self._made = None

    def _survey(self) -> None:
        """Notes what the space says of its columns."""
        domains = [parameter.domain for parameter in self.space.parameters]
        categorical = [domain.kind is Kind.CATEGORICAL for domain in domains]
        self._columns = Columns(np.array(categorical, dtype=bool))
        self._belief = Belief(self.space, self.prior_weight)
        self._listed = [
            domain.places()
            if domain.kind is Kind.CATEGORICAL or (domain.size or LISTED + 1) <= LISTED
            else None
            for domain in domains
        ]
        self._infinite = np.array([domain.size is None for domain in domains], dtype=bool)
        self._undeclared, self._noticed = {}, 0
        self._lay_out(self.space)

    def _lay_out(self, presumed: Space) -> None:
        """Goes by a space: the one that was declared, or with the conditions that trials show."""
        self._presumed = presumed
        self._branches = Branches(presumed)
        self._ground = Ground(presumed.points, self._columns.categorical, self._listed, self._tried)

    # ------------------------------------------------------------------ state

    def _private_state(self) -> dict[str, Any]:
        return {
            "fit": self._fit.state(),
            "failure_fit": self._failure_fit.state(),
            "sobol": self._design.seed,
        }

    def _restore_private(self, state: dict[str, Any]) -> None:
        self._noticed = 0
        self._begin_fits()
        self._fit.restore(state["fit"])
        self._failure_fit.restore(state["failure_fit"])
        self._design = InitialDesign(self._design.size, state["sobol"])

    def _space_grew(self) -> None:
        self._survey()
        self._begin_fits()


def _check_arguments(acquisition: str | None, beta: float | None, kernel: str) -> None:
    if acquisition is not None:
        choice("acquisition", acquisition, ACQUISITIONS)
    if beta is not None and acquisition not in (None, "ucb"):
        raise ArgumentError(
            f'`beta` is the width of "ucb". Received: beta={beta}, acquisition={acquisition!r}.'
        )
    choice("kernel", kernel, KERNELS)
