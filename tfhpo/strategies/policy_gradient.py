r"""A learned policy over the discretised, conditional space: REINFORCE.

Notation:
    d           the number of columns
    K           the number of cells of a column: its values, or `levels` where it has more
    theta       the logits of a column's cells, `K`
    pi          softmax(theta), the policy of the column, `K`
    k           the cell that a point lies in
    R           the reward of a result, in [0, 1]
    b           the baseline, an exponential mean of the rewards
    c           the entropy bonus
    a           the learning rate

The policy of a point is the product of those of its active columns. A result moves each of these by

    theta  <-  theta + a (R - b) (e_k - pi) + a c grad H(pi),    grad H = -pi (log pi + H(pi)),

where e_k is 1 at the cell k and 0 elsewhere, and H the entropy.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from tfhpo.arguments import integer, not_negative, positive
from tfhpo.space import FloatArray, Parameter, Point, Space
from tfhpo.strategies.history import Entry
from tfhpo.strategies.initial import InitialDesign
from tfhpo.strategies.strategy import Strategy

# How often a point that repeats a trial is drawn again.
_REDRAWS = 50
# How much the temperature grows at each repeat.
_WARMER = 0.1
# Draws that tell where a policy begins, and the least probability that it begins with.
_DRAWS, _LEAST = 1024, 1e-3
# How much of the baseline is kept at each result.
_MEMORY = 0.9


class PolicyGradient(Strategy):
    """A policy that is learnt by REINFORCE, with a baseline and an entropy bonus.

    Every column has a policy over its cells: its values, or `levels` equal parts of its scale where
    it has more. A point is drawn column by column, parents first; within a cell any value is as
    likely as any other. The policies begin at the parameters' distributions, even without one.

    The reward of a trial is the share of all known scores that it is not worse than, which is
    indifferent to the scale of the scores; that of a failed trial is 0. Results are taken in
    `batch_size` at a time: the policies of the columns that a trial used move towards its cells
    where its reward is above the baseline, and away from them below. A score that is revised later
    changes no move that was made. The entropy bonus keeps the policies from settling too early.
    Workers never wait, and results may come in any order.

    The learning rate is measured on architectures, for budgets of 200 and 1,000 trials
    (benchmarks/README.md). It is the search that made architecture search known; other strategies
    need fewer trials.

    Args:
        space: What to search.
        rng: The only source of randomness.
        budget: How many trials are planned, or None where nobody knows; not needed.
        learning_rate: a, above 0. Default 0.5.
        entropy_bonus: c, at least 0. Default 0.05.
        batch_size: How many results are learnt from together, at least 1. Default 4.
        levels: Cells of a column of many values, at least 2. Default 8.

    Raises:
        ArgumentError: If the space is empty or an argument breaks its rule.

    Source:
        Williams, "Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement
        Learning", Machine Learning 8 (1992). Zoph and Le, "Neural Architecture Search with
        Reinforcement Learning", ICLR (2017); a policy without a network: Ying et al.,
        "NAS-Bench-101", ICML (2019).
    """

    name: ClassVar[str] = "policy-gradient"

    def __init__(
        self,
        space: Space,
        rng: np.random.Generator,
        *,
        budget: int | None = None,
        learning_rate: float = 0.5,
        entropy_bonus: float = 0.05,
        batch_size: int = 4,
        levels: int = 8,
    ) -> None:
        super().__init__(space, rng, budget=budget)
        self.learning_rate = positive("learning_rate", learning_rate)
        self.entropy_bonus = not_negative("entropy_bonus", entropy_bonus)
        self.batch_size = integer("batch_size", batch_size, least=1)
        self.levels = integer("levels", levels, least=2)
        self._logits = [_beginning(parameter, self.levels) for parameter in space.parameters]
        self._baseline: float | None = None
        self._waiting: list[int] = []

    # ------------------------------------------------------------------ drawing

    def _propose(self) -> Point | None:
        if not len(self.history):
            return InitialDesign(1, 0).point(self.space, 0)
        for attempt in range(_REDRAWS):
            # A policy that has settled repeats itself: it is flattened until it does not.
            point = self.space.point(self._draw(1.0 + _WARMER * attempt))
            if not self.history.tried(point):
                return point
        return self._draw_untried()

    def _draw(self, temperature: float) -> FloatArray:
        """Returns places drawn from the policies, `d`, whether they will be active or not."""
        places = np.empty(len(self.space))
        for column, (parameter, theta) in enumerate(
            zip(self.space.parameters, self._logits, strict=True)
        ):
            cell = int(self.rng.choice(len(theta), p=_softmax(theta / temperature)))
            within = float(self.rng.random())
            places[column] = _place(parameter, cell, len(theta), within)
        return places

    # ------------------------------------------------------------------ learning

    def _learn(self, entry: Entry) -> None:
        self._waiting.append(entry.key)
        if len(self._waiting) >= self.batch_size:
            batch, self._waiting = self._waiting, []
            self._update(batch)

    def _update(self, batch: list[int]) -> None:
        """Moves the policies by the mean gradient of some results."""
        rewards = [self._reward(key) for key in batch]
        if self._baseline is None:
            self._baseline = float(np.mean(rewards))
        steps = [np.zeros_like(theta) for theta in self._logits]
        for key, reward in zip(batch, rewards, strict=True):
            for column in np.flatnonzero(self.history.active[key]):
                theta = self._logits[column]
                pi = _softmax(theta)
                cell = _cell(self.space.parameters[column], self.history.x[key, column], len(theta))
                towards = -pi
                towards[cell] += 1.0
                steps[column] += (reward - self._baseline) * towards
                steps[column] += self.entropy_bonus * _entropy_slope(pi)
        for theta, step in zip(self._logits, steps, strict=True):
            theta += self.learning_rate * step
        for reward in rewards:
            self._baseline += (1.0 - _MEMORY) * (reward - self._baseline)

    def _reward(self, key: int) -> float:
        """Returns the share of the known scores that this one is not worse than."""
        score = self.history.scores[key]
        if math.isnan(score):
            return 0.0
        scores = self.history.scores[self.history.scored]
        return float(np.mean(score <= scores))

    # ------------------------------------------------------------------ state

    def _private_state(self) -> dict[str, Any]:
        return {
            "logits": [theta.tolist() for theta in self._logits],
            "baseline": self._baseline,
            "waiting": list(self._waiting),
        }

    def _restore_private(self, state: dict[str, Any]) -> None:
        self._logits = [np.array(theta) for theta in state["logits"]]
        self._baseline, self._waiting = state["baseline"], list(state["waiting"])

    def _space_grew(self) -> None:
        new = self.space.parameters[len(self._logits) :]
        self._logits += [_beginning(parameter, self.levels) for parameter in new]


def _cells(parameter: Parameter, levels: int) -> int:
    """Returns the number of a parameter's cells: a choice has one for each value."""
    size = parameter.size
    return size if size is not None and (size <= levels or not _ordered(parameter)) else levels


def _ordered(parameter: Parameter) -> bool:
    return parameter.domain.kind.value != "categorical"


def _cell(parameter: Parameter, place: float, cells: int) -> int:
    """Returns the cell that a place lies in."""
    if parameter.size == cells:
        return parameter.domain.index_of_unit(place)
    return min(int(place * cells), cells - 1)


def _place(parameter: Parameter, cell: int, cells: int, within: float) -> float:
    """Returns a place in a cell, `within` of the way through it."""
    if parameter.size == cells:
        return parameter.domain.unit_of_index(cell)
    return (cell + within) / cells


def _beginning(parameter: Parameter, levels: int) -> FloatArray:
    """Returns the logits of the parameter's distribution over its cells."""
    cells = _cells(parameter, levels)
    drawn = parameter.draws((np.arange(_DRAWS) + 0.5) / _DRAWS)
    counts = np.bincount([_cell(parameter, place, cells) for place in drawn], minlength=cells)
    logits: FloatArray = np.log(np.maximum(counts / _DRAWS, _LEAST))
    return logits


def _softmax(theta: FloatArray) -> npt.NDArray[np.float64]:
    powers = np.exp(theta - theta.max())
    pi: FloatArray = powers / powers.sum()
    return pi


def _entropy_slope(pi: FloatArray) -> FloatArray:
    logs = np.log(np.maximum(pi, np.finfo(np.float64).tiny))
    slope: FloatArray = -pi * (logs - pi @ logs)
    return slope
