"""The tree-structured Parzen estimator.

Notation:
    n           the number of points with a score
    l, g        densities around the good points and around the others
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from tfhpo.arguments import NumberRule, integer, positive
from tfhpo.space import Domain, Kind, Point, Space
from tfhpo.strategies.candidates import best_first, evenly, from_anywhere, joined
from tfhpo.strategies.former_promise import FormerPromise
from tfhpo.strategies.initial import InitialDesign
from tfhpo.strategies.prior_weight import PRIOR_WEIGHT, Belief
from tfhpo.strategies.strategy import Strategy
from tfhpo.surrogates.parzen import Columns, Listed, ParzenDensity, bandwidths_of

# Good points at least and at most, and others with a score, or failed, at most.
_FEWEST, _MOST, _MOST_OTHERS = 2, 25, 400
# The share of a choice that is spread over all choices.
_SPREAD = 0.1
# The weight of the uniform component, where a point's is 1.
_UNIFORM = 1.0
# The narrowest density, on the unit interval.
_LEAST = 0.02
# Values of an ordered column at most whose shares in the densities are exact.
_LISTED = 32
# One candidate from the parameters' distributions for so many drawn from l.
_FEW = 4

_share = NumberRule("a number in (0, 1)", lambda x: 0.0 < x < 1.0)


class TPE(Strategy):
    """The tree-structured Parzen estimator, multivariate and conditional.

    The first points are the user's defaults and then a scrambled Sobol sequence. After them

    - the best `ceil(good_share n)` points, at least 2 and at most 25, are good; all others are not,
      and neither are failed points, nor pending ones, so that many workers spread out (of more than
      400 others, an even choice);
    - l and g are mixtures around the two sets, each component a product over the columns that its
      point used (`surrogates/parzen.py`);
    - of `num_candidates` points drawn from l, the one with the highest l / g is tried that was not
      tried before: it is, up to a monotone function, the one with the highest expected improvement;
    - distributions of parameters, which say what the user expects, give a few candidates of their
      own, and weight l / g of every second point: less and less with every result, and the less
      the further the best one lies from where it was expected (`strategies/prior_weight.py`);
    - former studies (`warm_start`) begin with their best points instead of Sobol points, and weight
      l / g by densities of their own, as far as the results agree with them
      (`strategies/former_promise.py`).

    It is fast, and needs more trials than `BayesianOptimization` (`benchmarks/README.md`).

    Args:
        space: What to search.
        rng: The only source of randomness.
        budget: How many trials are planned, or None where nobody knows; not needed.
        num_initial_points: How many points come before the densities, at least 1. Default 5.
        num_candidates: How many points of l to choose from, at least 1. Default 128.
        good_share: The share of the points that are good, in (0, 1). Default 0.15.
        bandwidth: A factor on the widths of the densities, above 0. Default 1.
        prior_weight: How much the parameters' distributions count, at least 0: as a power of
            prior_weight / n after n results, of less where results deny them. Default 5.

    Raises:
        ArgumentError: If the space is empty or an argument breaks its rule.

    Source:
        Bergstra, Bardenet, Bengio and Kégl, "Algorithms for Hyper-Parameter Optimization", NeurIPS
        (2011). Products over the columns: Falkner, Klein and Hutter, "BOHB: Robust and Efficient
        Hyperparameter Optimization at Scale", ICML (2018). Expectations: Hvarfner et al., "piBO:
        Augmenting Acquisition Functions with User Beliefs for Bayesian Optimization", ICLR (2022).
    """

    name: ClassVar[str] = "tpe"

    def __init__(
        self,
        space: Space,
        rng: np.random.Generator,
        *,
        budget: int | None = None,
        num_initial_points: int = 5,
        num_candidates: int = 128,
        good_share: float = 0.15,
        bandwidth: float = 1.0,
        prior_weight: float = PRIOR_WEIGHT,
    ) -> None:
        super().__init__(space, rng, budget=budget)
        self.num_candidates = integer("num_candidates", num_candidates, least=1)
        self.good_share = _share("good_share", good_share)
        self.bandwidth = positive("bandwidth", bandwidth)
        self.prior_weight = prior_weight
        self._design = InitialDesign(num_initial_points, int(rng.integers(2**31)))
        self._promise: FormerPromise | None = None
        self._survey()

    def _propose(self) -> Point | None:
        keys = self.history.scored
        if self._design.due(self.history, len(self._seeds)):
            doubted = self._belief.doubted(self.history)
            point = self._design.next(self.space, self.history, doubted=doubted)
            return self._draw_untried() if self.history.tried(point) else point
        ranked = best_first(keys, self.history.scores)
        count = max(_FEWEST, min(math.ceil(self.good_share * len(ranked)), _MOST))
        best = ranked[:count]
        good = self._density(self._at(best))
        bad = self._density(self._at(self._others(ranked[count:])))
        x, active = self._candidates(good)
        promise = good.log_density(x, active) - bad.log_density(x, active)
        if self._belief:
            promise += self._belief.now(self.history).value(x, active)
        if self._promise is not None:
            promise += self._promise.value(x, active, self.history)
        for row in np.argsort(-promise, kind="stable"):
            point = self.space.point(x[row])
            if not self.history.tried(point):
                return point
        return self._draw_untried()

    def _candidates(self, good: ParzenDensity) -> Point:
        """Returns points drawn from l, and a few from each of what else is expected to be good."""
        found = self.space.points(good.sample(self.num_candidates, self.rng))
        few = math.ceil(self.num_candidates / _FEW)
        if self._belief:
            found = joined(found, from_anywhere(self.space, few, self.rng, doubted=False))
        if self._promise is not None:
            found = joined(found, self.space.points(self._promise.sample(few, self.rng)))
        return found

    def _others(self, worse: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """Returns the keys of all that is not good; an even choice of it where there is much."""
        known = np.concatenate([worse, self.history.failed])
        return np.concatenate([evenly(known, _MOST_OTHERS), self.history.pending])

    def _at(self, keys: npt.NDArray[np.intp]) -> Point:
        return Point(self.history.x[keys], self.history.active[keys])

    def _density(self, points: Point) -> ParzenDensity:
        """Returns the mixture around points, of equal weights, and a uniform one."""
        x, active = points
        widths = bandwidths_of(x, active, scale=self.bandwidth, least=_LEAST)
        weights = np.append(np.ones(len(x)), _UNIFORM)
        return ParzenDensity(self._columns, x, active, weights, widths, _SPREAD)

    def _take_former(self) -> None:
        super()._take_former()
        if self.former:
            self._promise = FormerPromise(self.former, self._density, self.good_share)

    def _survey(self) -> None:
        """Notes what the space says of its columns."""
        self._belief = Belief(self.space, self.prior_weight)
        self._columns = _columns([parameter.domain for parameter in self.space.parameters])

    # ------------------------------------------------------------------ state

    def _private_state(self) -> dict[str, Any]:
        return {"sobol": self._design.seed}

    def _restore_private(self, state: dict[str, Any]) -> None:
        self._design = InitialDesign(self._design.size, state["sobol"])

    def _space_grew(self) -> None:
        self._survey()


def _columns(domains: Sequence[Domain]) -> Columns:
    """Returns what the densities must know of columns."""
    listed = {
        column: _listed(domain)
        for column, domain in enumerate(domains)
        if domain.size and (domain.kind is Kind.CATEGORICAL or domain.size <= _LISTED)
    }
    return Columns(listed, np.array([_steps(domain) for domain in domains]))


def _listed(domain: Domain) -> Listed:
    return Listed(domain.places(), domain.even_shares(), domain.kind is Kind.CATEGORICAL)


def _steps(domain: Domain) -> tuple[float, float]:
    """Returns how far the first and the last place are from the next ones; 0 without any."""
    size = domain.size or 1
    if size == 1:
        return 0.0, 0.0
    return domain.unit_of_index(1), 1.0 - domain.unit_of_index(size - 2)
