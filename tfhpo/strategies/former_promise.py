"""What former studies promise a search by densities, as far as its results agree with them.

Notation:
    J           the number of former studies
    n           the number of points with a score
    l_j, g_j    densities around the good points of study j and around its others
    P_j         log l_j - log g_j at a point: what study j promises
    t_j         Kendall's rank correlation of P_j with how good the n results are; some pairs that
                agree are added, so that a study is trusted until results contradict it
    w           how many results weigh as much as the former studies together

The promise of a point is raised by w / (w + n) sum_j max(0, t_j) P_j / J. A column that a study did
not have is the same in l_j and in g_j, and cancels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tfhpo.space import BoolArray, FloatArray, Point
from tfhpo.strategies.candidates import evenly
from tfhpo.strategies.former import Former
from tfhpo.strategies.history import History
from tfhpo.surrogates.parzen import ParzenDensity

# w, and the pairs that agree beforehand.
_WEIGHT, _AGREEING = 10.0, 5.0
# Good points of a study at least and at most, and others at most.
_FEWEST, _MOST, _MOST_OTHERS = 2, 25, 150
# Results that a study is judged by at most.
_MOST_JUDGES = 200


class FormerPromise:
    """sum_j P_j, weighted.

    Args:
        former: The former studies, at least one.
        density: Makes the density around some points.
        good_share: The share of a study's points that are good.
    """

    def __init__(
        self,
        former: Sequence[Former],
        density: Callable[[Point], ParzenDensity],
        good_share: float,
    ) -> None:
        self._studies = [_split(study, density, good_share) for study in former]

    def value(self, x: FloatArray, active: BoolArray, history: History) -> FloatArray:
        """Returns what the promise of points is raised by, `q`.

        Args:
            x: Places, `q x d`.
            active: Masks, `q x d`.
            history: The results that the studies are judged by.
        """
        keys = evenly(history.scored, _MOST_JUDGES)
        scores, known = history.scores[keys], (history.x[keys], history.active[keys])
        total = np.zeros(len(x))
        for study in self._studies:
            trust = _agreement(study.promise(*known), -scores)
            if trust > 0.0:
                total += trust * study.promise(x, active)
        share = _WEIGHT / (_WEIGHT + len(history.scored))
        return total * share / len(self._studies)

    def sample(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Returns places around the good points of the studies, about `count x d`.

        Args:
            count: How many in all.
            rng: Where randomness comes from.
        """
        each = math.ceil(count / len(self._studies))
        return np.concatenate([study.good.sample(each, rng) for study in self._studies])


@dataclass(frozen=True)
class _Split:
    """l_j and g_j."""

    good: ParzenDensity
    others: ParzenDensity

    def promise(self, x: FloatArray, active: BoolArray) -> FloatArray:
        return self.good.log_density(x, active) - self.others.log_density(x, active)


def _split(study: Former, density: Callable[[Point], ParzenDensity], good_share: float) -> _Split:
    ranked = study.ranked
    count = max(_FEWEST, min(math.ceil(good_share * len(ranked)), _MOST))
    others = evenly(ranked[count:], _MOST_OTHERS)
    return _Split(density(_points(study, ranked[:count])), density(_points(study, others)))


def _points(study: Former, rows: npt.NDArray[np.intp]) -> Point:
    return Point(study.points.x[rows], study.points.active[rows])


def _agreement(foretold: FloatArray, found: FloatArray) -> float:
    """Returns Kendall's rank correlation, some agreeing pairs added."""
    first, second = np.triu_indices(len(found), k=1)
    signs = np.sign(foretold[first] - foretold[second]) * np.sign(found[first] - found[second])
    return float((signs.sum() + _AGREEING) / (len(signs) + _AGREEING))
