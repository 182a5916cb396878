"""How much the parameters' distributions count in a strategy with a model, and for how long.

Notation:
    n       the number of trials whose outcome is known
    pi      the joint density of the parameters' distributions at a point (`space/density.py`)
    w       `prior_weight`

What is maximised is multiplied by pi^(w / n): by what the user expects at first, and by less and
less of it as results come in.

Source:
    Hvarfner et al., "piBO: Augmenting Acquisition Functions with User Beliefs for Bayesian
    Optimization", ICLR (2022).
"""

from __future__ import annotations

from tfhpo.arguments import not_negative
from tfhpo.space import PriorDensity, Space
from tfhpo.strategies.history import History
from tfhpo.surrogates.target import Scaled

#: w, a middle way: the larger, the more is won with right distributions and lost with wrong ones
#: (`benchmarks/README.md`).
PRIOR_WEIGHT = 5.0


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

    def now(self, history: History) -> Scaled:
        """Returns the logarithm of what is multiplied by.

        Args:
            history: At least one outcome of it must be known.
        """
        return Scaled(self._density, self._weight / len(history.known))
