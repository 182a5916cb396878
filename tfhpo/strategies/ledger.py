"""Which trial ran which configuration at which rung, and one score for each configuration.

Notation:
    n       the number of configurations
    K       the number of rungs
    Y       scores, `n x K`; NaN where a configuration has no score
    h       the highest rung at which a configuration has a score
    s       the shift of a rung, `K - 1`: the median of Y[i, k + 1] - Y[i, k] over the
            configurations i that have both scores, 0 while none has

Scores of different rungs are made comparable by what one rung more usually changes:

    score(i) = Y[i, h] + s[h] + s[h + 1] + ... + s[K - 2]
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tfhpo.space import FloatArray
from tfhpo.strategies.history import History

# The largest change that counts, so that sums of a few stay finite.
_HUGE = 1e300


class Ledger:
    """Which trial, by its key, ran which configuration at which rung, both by their numbers."""

    def __init__(self) -> None:
        self._configurations: list[int] = []
        self._rungs: list[int] = []
        self._trials: dict[tuple[int, int], int] = {}
        self._first: list[int] = []

    def __len__(self) -> int:
        """The number of trials."""
        return len(self._configurations)

    @property
    def first(self) -> npt.NDArray[np.intp]:
        """The key of each configuration's first trial, `n`."""
        return np.array(self._first, dtype=np.intp)

    def add(self, configuration: int, rung: int) -> None:
        """Notes the next trial; a configuration that is new has the next number."""
        key = len(self)
        self._configurations.append(configuration)
        self._rungs.append(rung)
        self._trials.setdefault((configuration, rung), key)
        if configuration == len(self._first):
            self._first.append(key)

    def trial(self, configuration: int, rung: int) -> int | None:
        """Returns the key of the trial that ran a configuration at a rung, None before."""
        return self._trials.get((configuration, rung))

    def below(self, key: int) -> int | None:
        """Returns the key of the same configuration's trial at the next lower rung that has one."""
        configuration, rung = self.place(key)
        for lower in reversed(range(rung)):
            if (found := self.trial(configuration, lower)) is not None:
                return found
        return None

    def place(self, key: int) -> tuple[int, int]:
        """Returns the configuration and the rung of a trial."""
        return self._configurations[key], self._rungs[key]

    def rungs(self, keys: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """Returns the rungs of trials."""
        return np.array(self._rungs, dtype=np.intp)[keys]

    def scores(self, history: History, count: int) -> FloatArray:
        """Returns one score for each configuration, comparable between rungs, `n`.

        NaN where a configuration has no score yet, or failed at any rung.

        Args:
            history: The results of the trials.
            count: K.
        """
        configurations = np.array(self._configurations, dtype=np.intp)
        table = np.full((len(self._first), count), np.nan)
        scored = history.scored
        table[configurations[scored], self.rungs(scored)] = history.scores[scored]
        comparable = _comparable(table)
        comparable[configurations[history.failed]] = np.nan
        return comparable

    def state(self) -> dict[str, Any]:
        """Returns what `restored` needs, JSON-able."""
        return {"configurations": list(self._configurations), "rungs": list(self._rungs)}

    @classmethod
    def restored(cls, state: dict[str, Any]) -> Ledger:
        """Returns the ledger of which `state` told."""
        ledger = cls()
        for configuration, rung in zip(state["configurations"], state["rungs"], strict=True):
            ledger.add(configuration, rung)
        return ledger


def _comparable(table: FloatArray) -> FloatArray:
    """Returns the score of each row of Y at its highest rung, shifted to the top, `n`."""
    scored = ~np.isnan(table)
    # What the rungs above one change together, `K`: nothing at the top.
    above = np.append(np.cumsum(_shifts(table)[::-1])[::-1], 0.0)
    highest = table.shape[1] - 1 - np.argmax(scored[:, ::-1], axis=1)
    here = table[np.arange(len(table)), highest]
    with np.errstate(over="ignore"):
        shifted: FloatArray = here + above[highest]
    limit = np.finfo(np.float64).max
    return np.clip(shifted, -limit, limit)


def _shifts(table: FloatArray) -> FloatArray:
    """Returns s."""
    with np.errstate(over="ignore"):
        changes = np.clip(np.diff(table, axis=1), -_HUGE, _HUGE)
    known = [column[~np.isnan(column)] for column in changes.T]
    return np.array([np.median(column) if len(column) else 0.0 for column in known])
