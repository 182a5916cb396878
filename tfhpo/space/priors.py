"""What the user knows of a parameter before the search: a frozen distribution of scipy.stats.

Notation:
    F       the distribution's cumulative function, F^-1 its quantile function
    a, b    the smallest and the largest value of the parameter
    p       a probability in [0, 1)

The distribution is cut to the parameter's range: its p-quantile is F^-1(F(a) + p (F(b) - F(a))).
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfhpo.errors import SpaceError
from tfhpo.space.domains import Domain, FloatArray, Kind

# A distribution with a tail (a normal one, say) may leave the range by this share of itself, and is
# cut there; more than that would search something else than what was written.
TAIL_SHARE = 0.1


def is_distribution(candidate: object) -> bool:
    """Whether the object is a frozen scipy.stats distribution."""
    return all(hasattr(candidate, name) for name in ("dist", "ppf", "cdf", "support"))


@dataclass(frozen=True)
class Prior:
    """A frozen scipy.stats distribution over the values of one parameter.

    Args:
        distribution: For example `scipy.stats.loguniform(1e-4, 1e-1)`.

    Raises:
        SpaceError: If it is not a frozen distribution that scipy.stats has under a name.
    """

    distribution: Any

    def __post_init__(self) -> None:
        if not is_distribution(self.distribution):
            raise SpaceError(
                "A distribution must be a frozen one of scipy.stats, such as "
                f"scipy.stats.loguniform(1e-4, 1e-1). Received: {self.distribution!r}."
            )
        if math.isnan(float(self.distribution.ppf(0.5))):
            raise SpaceError(
                "A distribution must have arguments that scipy.stats accepts: this one has no "
                f"median. Received: {self}."
            )
        _family(self.distribution.dist.name)

    def check(self, domain: Domain) -> None:
        """Raises a SpaceError where the distribution leaves the domain's range."""
        low, high = _ends(domain)
        bottom, top = (float(end) for end in self.distribution.support())
        # A value's own rounding must not count as leaving: loguniform(1e-4, ...) has its end there.
        slack = 1e-12 * max(abs(low), abs(high), 1e-300)
        # lognorm begins at 0, below any range on a logarithmic scale: its tail is what counts.
        bounded = not (math.isinf(bottom) or math.isinf(top))
        outside = bounded and (bottom < low - slack or top > high + slack)
        lost = self._lost_share(low, high)
        if outside or lost > TAIL_SHARE:
            raise SpaceError(
                f"The distribution {self} must stay inside the parameter's range "
                f"[{low:g}, {high:g}]; one with an endless tail may leave it by {TAIL_SHARE:.0%}. "
                f"Received: support [{bottom:g}, {top:g}], of which {lost:.1%} lies outside. "
                "Take a narrower distribution, one with ends (truncnorm or loguniform, say), or a "
                "wider range of the parameter."
            )

    def quantile(self, domain: Domain, p: float) -> float:
        """Returns the place, in [0, 1], of the distribution's p-quantile in the domain."""
        below, up_to = _shares(self, domain)
        return domain.nearest(float(self.distribution.ppf(below + p * (up_to - below))))

    def quantiles(self, domain: Domain, p: FloatArray) -> FloatArray:
        """Returns the places of several quantiles, as `quantile` does of one."""
        below, up_to = _shares(self, domain)
        numbers = np.asarray(self.distribution.ppf(below + p * (up_to - below)))
        return np.array([domain.nearest(float(one)) for one in numbers.flat]).reshape(p.shape)

    def config(self) -> dict[str, Any]:
        """Returns a JSON-able description that `prior_from_config` turns back."""
        return {
            "name": self.distribution.dist.name,
            "args": [_plain(argument) for argument in self.distribution.args],
            "kwds": {key: _plain(value) for key, value in self.distribution.kwds.items()},
        }

    def __str__(self) -> str:
        arguments = [f"{argument:g}" for argument in self.distribution.args]
        arguments += [f"{key}={value:g}" for key, value in self.distribution.kwds.items()]
        return f"{self.distribution.dist.name}({', '.join(arguments)})"

    def share_below(self, low: float) -> float:
        """Returns the share of the distribution below a value."""
        at_low = float(self.distribution.cdf(low))
        # A discrete distribution has mass at `low` itself, which belongs inside.
        return at_low - float(self.distribution.pmf(low)) if self._discrete else at_low

    def _lost_share(self, low: float, high: float) -> float:
        return self.share_below(low) + float(self.distribution.sf(high))

    @property
    def _discrete(self) -> bool:
        return hasattr(self.distribution.dist, "pmf")


def prior_from_config(config: dict[str, Any]) -> Prior:
    """Returns the prior that `Prior.config` described.

    Raises:
        SpaceError: If scipy.stats has no distribution of that name.
    """
    return Prior(_family(config["name"])(*config["args"], **config["kwds"]))


# Asked for at every draw, and slow to compute: scipy checks its arguments at length.
@functools.lru_cache(maxsize=1024)
def _shares(prior: Prior, domain: Domain) -> tuple[float, float]:
    """Returns the shares of the distribution below the range and up to its end."""
    low, high = _ends(domain)
    return prior.share_below(low), float(prior.distribution.cdf(high))


def _family(name: str) -> Any:
    """Returns scipy's distribution of a name; nothing else of scipy.stats is ever called."""
    # Here and not above: it takes longer to import than all the rest of the package together.
    import scipy.stats

    family = getattr(scipy.stats, name, None)
    if not isinstance(family, (scipy.stats.rv_continuous, scipy.stats.rv_discrete)):
        raise SpaceError(
            "A distribution must be one that scipy.stats has under its name, so that the study "
            f"can be read again. Received: {name!r}."
        )
    return family


def _ends(domain: Domain) -> tuple[float, float]:
    if domain.kind is Kind.CATEGORICAL:
        raise SpaceError(
            "A distribution needs a parameter whose values are ordered numbers; for a choice, give "
            f"a list of the values to search. Received: {domain}."
        )
    low, high = domain.bounds
    return float(low), float(high)


def _plain(number: Any) -> float | int:
    return int(number) if float(number).is_integer() else float(number)
