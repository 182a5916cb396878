r"""How much the parameters' distributions count in a strategy with a model, and for how long.

Notation:
    n       the number of trials whose outcome is known
    pi      the joint density of the parameters' distributions at a point, relative to an even
            spread (`space/density.py`); 1 where it uses no parameter that has one
    w       `prior_weight`
    x*      the best point with a score
    t       the trust in the distributions, in [0, 1]

What is maximised is multiplied by pi^(w t / n): by what the user expects at first, and by less and
less of it as results come in, and the sooner the less they agree:

    t = min(1, pi(x*)),     1 before any point has a score; the mean over equally good ones.

Distributions say that the best point is a draw from them; whoever doubts them, that it may be
anywhere. Were it x*, the likelihoods of the two would have the ratio pi(x*). So trust is full where
an even spread would less probably have put the best point, and is lost as better ones are found
elsewhere. It follows from the known results alone and comes back with them.

Results can only tell where there are some: every second point is proposed in doubt, as if there
were no distributions. That is no waste where they are right, since the model still knows which
points were good.

Source:
    Hvarfner et al., "piBO: Augmenting Acquisition Functions with User Beliefs for Bayesian
    Optimization", ICLR (2022). The trust and the turns in doubt are our own; what they bring is
    measured (`benchmarks/distributions.py`).
"""

from __future__ import annotations

import numpy as np

from tfhpo.arguments import not_negative
from tfhpo.space import PriorDensity, Space
from tfhpo.strategies.history import History
from tfhpo.surrogates.target import Scaled

#: w, a middle way: the larger, the more is won with right distributions and lost with wrong ones
#: (`benchmarks/README.md`).
PRIOR_WEIGHT = 5.0
# One point of so many is proposed in doubt.
_DOUBTED = 2


class Belief:
    """What the user expects, fading.

    Args:
        space: Whose parameters' distributions.
        weight: w.

    Raises:
        ArgumentError: If the weight is negative or not finite.
    """

    def __init__(self, space: Space, weight: float) -> None:
        self._density, self._weight = PriorDensity(space), not_negative("prior_weight", weight)

    def __bool__(self) -> bool:
        """Whether any parameter has a distribution."""
        return bool(self._density)

    def doubted(self, history: History) -> bool:
        """Whether the next point is to be proposed as if there were no distributions.

        Args:
            history: All points so far; pending ones count, so that a batch has both kinds.
        """
        return bool(self) and len(history) % _DOUBTED == 0

    def now(self, history: History) -> Scaled:
        """Returns the logarithm of what is multiplied by: w t / n log pi, and 0 in doubt.

        Args:
            history: What is known; where nothing is, n counts as 1.
        """
        if self.doubted(history):
            return Scaled(self._density, 0.0)
        results = max(1, len(history.known))
        return Scaled(self._density, self._weight * self.trust(history) / results)

    def trust(self, history: History) -> float:
        """Returns t.

        Args:
            history: The results that the distributions are judged by. Failed points are never the
                best, so these alone leave the trust as it was.
        """
        keys = history.scored
        if not len(keys):
            return 1.0
        best = keys[history.scores[keys] == history.scores[keys].min()]
        log_ratio = self._density.value(history.x[best], history.active[best])
        return float(np.exp(np.minimum(log_ratio, 0.0)).mean())
