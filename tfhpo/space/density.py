r"""What the users' distributions say of a place, against the even spread that they replace.

Notation:
    n, d    the numbers of points and of columns
    x, m    places in [0, 1] and activity masks, `n x d`
    r       the density of a column's distribution at a place, relative to the uniform one on the
            parameter's scale
    e       the share of the distribution that is doubted

The doubted share is uniform: log((1 - e) r + e), summed over the active columns that have a
distribution. So no place is ruled out by one; to rule values out, narrow the parameter's range.
"""

from __future__ import annotations

import numpy as np

from tfhpo.space import scales
from tfhpo.space.domains import BoolArray, FloatArray
from tfhpo.space.parameters import Parameter
from tfhpo.space.priors import Prior
from tfhpo.space.space import Space

_DOUBT = 0.02
# Pieces of a table of places; a finite parameter of more values than this has one of pieces, too.
_PIECES = 257


class PriorDensity:
    """The logarithm of the joint density of the parameters' distributions.

    Args:
        space: Whose parameters' distributions.
    """

    def __init__(self, space: Space) -> None:
        self._tables = {
            column: _table(parameter, parameter.prior)
            for column, parameter in enumerate(space.parameters)
            if parameter.prior is not None and parameter.size != 1
        }

    def __bool__(self) -> bool:
        """Whether any parameter has a distribution."""
        return bool(self._tables)

    def value(self, x: FloatArray, active: BoolArray) -> FloatArray:
        """Returns the logarithms of the density at points, `n`.

        Args:
            x: Places, `n x d`.
            active: Masks, `n x d`.
        """
        total = np.zeros(len(x))
        for column, (places, logs) in self._tables.items():
            total += np.where(active[:, column], np.interp(x[:, column], places, logs), 0.0)
        return total

    def slope(self, x: FloatArray, active: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Returns the logarithms of the density, `n`, and their derivatives by place, `n x d`.

        Args:
            x: Places, `n x d`.
            active: Masks, `n x d`.
        """
        slope = np.zeros_like(x)
        for column, (places, logs) in self._tables.items():
            # 0 before the first place and after the last, where the density goes on as it is.
            steepness = np.concatenate([[0.0], np.diff(logs) / np.diff(places), [0.0]])
            slope[:, column] = steepness[np.searchsorted(places, x[:, column], side="right")]
        return self.value(x, active), np.where(active, slope, 0.0)


def _table(parameter: Parameter, prior: Prior) -> tuple[FloatArray, FloatArray]:
    """Returns places, ascending, and the logarithm of the doubted density at them."""
    domain = parameter.domain
    low, high = domain.bounds
    if domain.size is None or domain.size > _PIECES:
        ends = np.linspace(0.0, 1.0, _PIECES + 1)
        places, even = 0.5 * (ends[1:] + ends[:-1]), np.full(_PIECES, 1.0 / _PIECES)
        scale = getattr(domain, "scale", "linear")
        edges = np.array([scales.from_unit(end, low, high, scale) for end in ends])
    else:
        places = domain.places()
        even, edges = domain.even_shares(), np.array([low, *domain.borders(), high])
    shares = _shares_between(prior, edges)
    return places, np.log((1.0 - _DOUBT) * shares / even + _DOUBT)


def _shares_between(prior: Prior, edges: FloatArray) -> FloatArray:
    """Returns the shares of the distribution between numbers, of sum 1."""
    cumulative = np.asarray(prior.distribution.cdf(edges), dtype=np.float64)
    cumulative[0] = prior.share_below(float(edges[0]))
    shares: FloatArray = np.diff(cumulative) / (cumulative[-1] - cumulative[0])
    return shares
