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

import math

from tfhpo.errors import ArgumentError

#: w. Of 1 to 30, it loses least with wrong distributions for what it wins with right ones.
PRIOR_WEIGHT = 5.0


def check_prior_weight(prior_weight: float) -> None:
    """Raises an ArgumentError unless the weight is finite and at least 0."""
    if not 0 <= prior_weight < math.inf:
        raise ArgumentError(
            f"`prior_weight` must be at least 0 and finite. Received: prior_weight={prior_weight}."
        )
