r"""What is maximised over the space: an acquisition, weighted by what else is known of a place.

Notation:
    q       the number of points looked at together
    a       the acquisition at a point
    w       the logarithm of its weight: of its probability to succeed, and of its prior

An acquisition that is a logarithm, or that can be negative, becomes a + w; any other a exp(w).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tfhpo.surrogates.acquisitions import Acquisition
from tfhpo.surrogates.feasibility import Feasibility
from tfhpo.surrogates.gaussian_process import GaussianProcess
from tfhpo.surrogates.kernels import Columns

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


class Weight(Protocol):
    """The logarithm of a factor on the acquisition."""

    def value(self, x: FloatArray, active: BoolArray) -> FloatArray:
        """Returns w of points, `q`."""

    def slope(self, x: FloatArray, active: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Returns w, `q`, and its derivatives by the places, `q x d`; 0 of categorical columns."""


@dataclass(frozen=True)
class Scaled:
    """A share of a weight.

    Args:
        weight: The weight.
        share: What w is multiplied by.
    """

    weight: Weight
    share: float

    def value(self, x: FloatArray, active: BoolArray) -> FloatArray:
        """Returns the share of w of points, `q`."""
        return self.share * self.weight.value(x, active)

    def slope(self, x: FloatArray, active: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Returns the share of w, `q`, and of its derivatives by the places, `q x d`."""
        value, slope = self.weight.slope(x, active)
        return self.share * value, self.share * slope


class Success:
    """The weight of the probability to succeed.

    Args:
        columns: Which columns are what.
        feasibility: What foretells it.
    """

    def __init__(self, columns: Columns, feasibility: Feasibility) -> None:
        self._columns, self._feasibility = columns, feasibility

    def value(self, x: FloatArray, active: BoolArray) -> FloatArray:
        """Returns w of points, `q`."""
        return self._feasibility.value(self._columns.encode(x, active))

    def slope(self, x: FloatArray, active: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Returns w, `q`, and its derivatives by the places, `q x d`."""
        value, by_places = self._feasibility.slope(self._columns.encode(x, active))
        return value, _by_all_columns(self._columns, by_places)


class Target:
    """The weighted acquisition as a function of places.

    Args:
        columns: Which columns are what.
        model: What foretells the scores.
        acquire: What is made of it.
        factors: What else counts.
    """

    def __init__(
        self,
        columns: Columns,
        model: GaussianProcess,
        acquire: Acquisition,
        factors: Sequence[Weight] = (),
    ) -> None:
        self._columns, self._model, self._acquire = columns, model, acquire
        self._factors = factors

    def value(self, x: FloatArray, active: BoolArray) -> FloatArray:
        """Returns the weighted acquisition of points, `q`."""
        value = self._acquire(*self._model.posterior(self._columns.encode(x, active))).value
        for weight in self._factors:
            log = weight.value(x, active)
            value = value + log if self._acquire.adds else value * np.exp(log)
        return value

    def slope(self, x: FloatArray, active: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Returns the weighted acquisition, `q`, and its derivatives by the places, `q x d`."""
        points = self._columns.encode(x, active)
        value, by_places = self._model.posterior_gradient(points, self._acquire)
        slope = _by_all_columns(self._columns, by_places)
        for weight in self._factors:
            log, by_log = weight.slope(x, active)
            if self._acquire.adds:
                value, slope = value + log, slope + by_log
            else:
                factor = np.exp(log)
                slope = (slope + value[:, None] * by_log) * factor[:, None]
                value = value * factor
        return value, np.where(active, slope, 0.0)


def _by_all_columns(columns: Columns, by_places: FloatArray) -> FloatArray:
    """Returns derivatives by the ordered columns among those by all columns, `q x d`."""
    slope = np.zeros((len(by_places), columns.scales))
    slope[:, ~columns.categorical] = by_places
    return slope
