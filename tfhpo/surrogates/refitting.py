"""Hyperparameters that are fitted again as results come in, rarely enough to be cheap.

Notation:
    n       the number of points that are fitted to
    theta   the hyperparameters of a process (`gaussian_process.py`)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tfhpo.surrogates.gaussian_process import STEPS, Hyperparameters, Priors, fitted, most_probable
from tfhpo.surrogates.kernels import Columns, Encoded

FloatArray = npt.NDArray[np.float64]

# theta is fitted again when the results have grown by this share.
_GROWTH = 0.05
# Points from which on a fit that begins at the last one takes so few steps: theta has moved little
# since, the next fit goes on from here, and a suggestion waits for it.
_MANY, _STEPS_AGAIN = 100, 10


class GrowingFit:
    """The last fit, where the next one begins.

    Args:
        kernel: "matern52" or "squared_exponential".
        priors: What is known of the hyperparameters; `Priors()` by default.
        many: To more points than these, a fit that begins at the last one takes few steps. Default
            100.
    """

    def __init__(self, kernel: str, priors: Priors | None = None, many: int = _MANY) -> None:
        self._kernel, self._priors, self._many = kernel, priors, many
        self._theta: list[float] | None = None
        self._known = 0

    def hyperparameters(
        self, columns: Columns, points: Encoded, outputs: FloatArray, known: int
    ) -> Hyperparameters:
        """Returns theta, fitted again if that is due.

        Args:
            columns: Which columns are what.
            points: `n` points to fit to.
            outputs: Their outputs, `n`: standardised, some of standardised ones, or what a trend
                leaves of these.
            known: How many results there are, which may be more than are fitted to.

        Raises:
            numpy.linalg.LinAlgError: If points are not finite.
        """
        if self._theta is None or known >= self._known + math.ceil(_GROWTH * self._known):
            start = None if self._theta is None else Hyperparameters.of(np.array(self._theta))
            again = start is not None and len(outputs) > self._many
            steps = _STEPS_AGAIN if again else STEPS
            found = fitted(columns, points, outputs, start, self._kernel, steps, self._priors)
            self._theta, self._known = found.vector.tolist(), known
        return Hyperparameters.of(np.array(self._theta))

    def thorough(self, columns: Columns, points: Encoded, outputs: FloatArray) -> Hyperparameters:
        """Returns theta, fitted from noisy ones, too; the next fit does not begin there.

        Args:
            columns: Which columns are what.
            points: `n` points to fit to.
            outputs: Their outputs, `n`: standardised, some of standardised ones, or what a trend
                leaves of these.

        Raises:
            numpy.linalg.LinAlgError: If points are not finite.
        """
        starts = [
            Hyperparameters.typical(columns, self._priors)
            if self._theta is None
            else Hyperparameters.of(np.array(self._theta)),
            Hyperparameters.noisy(columns, self._priors),
        ]
        return most_probable(columns, points, outputs, starts, self._kernel, self._priors)

    def state(self) -> dict[str, Any]:
        """Returns what `restore` needs, JSON-able."""
        return {"theta": self._theta, "known": self._known}

    def restore(self, state: dict[str, Any]) -> None:
        """Returns to what `state` told."""
        self._theta, self._known = state["theta"], state["known"]
