r"""How a child mutates.

Notation:
    d       the number of columns
    x       the child's places, `d`
    p       the probability that a gene mutates
    s       the standard deviation of a step, `d`
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from tfhpo.arguments import positive
from tfhpo.errors import ArgumentError
from tfhpo.space import BoolArray, FloatArray, Point
from tfhpo.strategies.evolution.genes import Genes

# The shortest step's deviation, on the unit interval.
_LEAST = 0.01


class Mutation(ABC):
    """Changes some genes of a child."""

    @abstractmethod
    def mutate(
        self,
        x: FloatArray,
        active: BoolArray,
        population: Point,
        genes: Genes,
        rng: np.random.Generator,
    ) -> FloatArray:
        """Returns the places of the mutant, `d`; they may lie outside [0, 1].

        Args:
            x: The child's places, `d`.
            active: Which genes the child uses, `d`; at least one of these changes.
            population: Places and masks of the population, `n x d` each.
            genes: What the columns are.
            rng: Where randomness comes from.
        """


@dataclass(frozen=True)
class ResamplingMutation(Mutation):
    """A gene that mutates is drawn anew, whatever it was.

    Args:
        rate: p, in (0, 1]; by default one over the number of genes that the child uses.

    Raises:
        ArgumentError: If the rate is not in (0, 1].
    """

    rate: float | None = None

    def __post_init__(self) -> None:
        _check_rate(self.rate)

    def mutate(
        self,
        x: FloatArray,
        active: BoolArray,
        population: Point,
        genes: Genes,
        rng: np.random.Generator,
    ) -> FloatArray:
        return np.where(_which(self.rate, active, rng), _resampled(x, genes, rng), x)


@dataclass(frozen=True)
class AdaptiveMutation(Mutation):
    """Numbers take a step that is as long as the population is wide; choices are drawn anew.

    s is `scale` times the standard deviation of the population in the column, so that steps shrink
    as the population agrees; never less than a hundredth of the range, or half the way to the next
    value of a finite column.

    Args:
        rate: p, in (0, 1]; by default one over the number of genes that the child uses.
        scale: A factor on the steps, above 0. Default 1.

    Raises:
        ArgumentError: If an argument breaks its rule.
    """

    rate: float | None = None
    scale: float = 1.0

    def __post_init__(self) -> None:
        _check_rate(self.rate)
        positive("scale", self.scale)

    def mutate(
        self,
        x: FloatArray,
        active: BoolArray,
        population: Point,
        genes: Genes,
        rng: np.random.Generator,
    ) -> FloatArray:
        s = np.maximum(self.scale * _spread(population), _shortest(genes))
        step = _to_another_value(s * rng.standard_normal(len(genes)), genes)
        moved = np.where(genes.categorical, _resampled(x, genes, rng), _reflected(x + step))
        return np.where(_which(self.rate, active, rng), moved, x)


@dataclass(frozen=True)
class SingleMutation(Mutation):
    """One gene changes: a number takes a short, a middling or a long step, a choice is drawn anew.

    The step is normal, and its deviation one of `widths`, each as likely as the others, whatever
    the population is like: short ones refine, and long ones leave a valley that all of it lies in.
    A step past an end stops there. The ends are likely places: the best
    amount of a regulariser is often none at all.

    Args:
        widths: The deviations of a step on the unit interval, each above 0. Default 0.05, 0.2, 0.5.

    Raises:
        ArgumentError: If there is no width, or one is not above 0.

    Source:
        One gene at a time: Real et al., "Regularized Evolution for Image Classifier Architecture
        Search", AAAI (2019).
    """

    widths: tuple[float, ...] = (0.05, 0.2, 0.5)

    def __post_init__(self) -> None:
        if not self.widths or not all(0 < width < math.inf for width in self.widths):
            raise ArgumentError(
                "`widths` must hold at least one number, and each be above 0. "
                f"Received: widths={self.widths}."
            )

    def mutate(
        self,
        x: FloatArray,
        active: BoolArray,
        population: Point,
        genes: Genes,
        rng: np.random.Generator,
    ) -> FloatArray:
        step = _to_another_value(rng.choice(self.widths) * rng.standard_normal(len(genes)), genes)
        stopped = np.clip(x + step, 0.0, 1.0)
        moved = np.where(genes.categorical, _resampled(x, genes, rng), stopped)
        return np.where(_one(active, rng), moved, x)


def _which(rate: float | None, active: BoolArray, rng: np.random.Generator) -> BoolArray:
    """Returns which genes mutate: each used one with its probability, and one at least."""
    used = np.flatnonzero(active)
    chosen = rng.random(len(active)) < (rate or 1.0 / max(len(used), 1))
    if len(used):
        chosen[rng.choice(used)] = True
    return chosen & active


def _one(active: BoolArray, rng: np.random.Generator) -> BoolArray:
    """Returns a mask of one used gene, or of none where none is used."""
    chosen = np.zeros(len(active), dtype=bool)
    used = np.flatnonzero(active)
    if len(used):
        chosen[rng.choice(used)] = True
    return chosen


def _resampled(x: FloatArray, genes: Genes, rng: np.random.Generator) -> FloatArray:
    """Returns new places, `d`; of a categorical column, of another choice."""
    drawn = rng.random(len(genes))
    others = np.maximum(genes.counts - 1, 1)
    jump = 1.0 + np.floor(drawn * others)
    choice = (np.rint(x * others) + jump) % np.maximum(genes.counts, 1) / others
    return np.where(genes.categorical, choice, drawn)


def _to_another_value(step: FloatArray, genes: Genes) -> FloatArray:
    """Returns steps that are no shorter than the way to a finite column's next value, `d`."""
    longer: FloatArray = np.sign(step) * np.maximum(np.abs(step), _gaps(genes))
    return longer


def _gaps(genes: Genes) -> FloatArray:
    """Returns the way between neighbouring values, `d`; 0 where there are infinitely many."""
    return np.where(genes.counts > 1, 1.0 / np.maximum(genes.counts - 1, 1), 0.0)


def _reflected(x: FloatArray) -> FloatArray:
    """Returns places with what lies outside [0, 1] mirrored at the end that it passed."""
    folded: FloatArray = np.abs((x + 1.0) % 2.0 - 1.0)
    return folded


def _spread(population: Point) -> FloatArray:
    """Returns the standard deviation of each column over those that use it, `d`."""
    count = np.maximum(population.active.sum(axis=0), 1)
    mean = population.x.sum(axis=0, where=population.active) / count
    square = np.where(population.active, (population.x - mean) ** 2, 0.0).sum(axis=0) / count
    deviation: FloatArray = np.sqrt(square)
    return deviation


def _shortest(genes: Genes) -> FloatArray:
    shortest: FloatArray = np.maximum(0.5 * _gaps(genes), _LEAST)
    return shortest


def _check_rate(rate: float | None) -> None:
    if rate is not None and not 0 < rate <= 1:
        raise ArgumentError(f"`rate` must be in (0, 1]. Received: rate={rate}.")
