r"""How two parents cross.

Notation:
    d       the number of columns
    a, b    the parents' places, `d`
    u       a number drawn evenly from [0, 1)
    eta     how close to its parents a child stays

An operator sees whole parents: a gene that only one of them uses has been filled in from that one,
so both agree on it. A child's places may lie outside [0, 1]; whoever asked brings them back.
Categorical genes are always taken from one parent or the other.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from tfhpo.arguments import not_negative
from tfhpo.space import FloatArray
from tfhpo.strategies.evolution.genes import Genes


class Crossover(ABC):
    """Makes a child of two parents."""

    @abstractmethod
    def cross(
        self, first: FloatArray, second: FloatArray, genes: Genes, rng: np.random.Generator
    ) -> FloatArray:
        """Returns the places of a child, `d`.

        Args:
            first: a, `d`.
            second: b, `d`.
            genes: What the columns are.
            rng: Where randomness comes from.
        """


@dataclass(frozen=True)
class UniformCrossover(Crossover):
    """Every gene is that of one parent or of the other.

    Source:
        Syswerda, "Uniform Crossover in Genetic Algorithms", ICGA (1989).
    """

    def cross(
        self, first: FloatArray, second: FloatArray, genes: Genes, rng: np.random.Generator
    ) -> FloatArray:
        return np.where(rng.random(len(genes)) < 0.5, first, second)


@dataclass(frozen=True)
class BlendCrossover(Crossover):
    """Every number lies between those of the parents, or a little outside (BLX-alpha).

    With the interval between a and b as long as I, the child is even in it, and alpha I further at
    both ends.

    Args:
        alpha: How far outside, at least 0. Default 0.3.

    Raises:
        ArgumentError: If alpha is negative.

    Source:
        Eshelman and Schaffer, "Real-Coded Genetic Algorithms and Interval-Schemata", Foundations of
        Genetic Algorithms 2 (1993).
    """

    alpha: float = 0.3

    def __post_init__(self) -> None:
        not_negative("alpha", self.alpha)

    def cross(
        self, first: FloatArray, second: FloatArray, genes: Genes, rng: np.random.Generator
    ) -> FloatArray:
        picked = np.where(rng.random(len(genes)) < 0.5, first, second)
        share = rng.uniform(-self.alpha, 1.0 + self.alpha, size=len(genes))
        return np.where(genes.categorical, picked, first + share * (second - first))


@dataclass(frozen=True)
class SimulatedBinaryCrossover(Crossover):
    r"""Every number is spread around its parents as a cut between bits would spread it (SBX).

    The child is the middle of the parents plus or minus beta times half their distance, with

        beta = (2 u)^(1 / (eta + 1))              where u < 1/2
               (2 (1 - u))^(-1 / (eta + 1))       elsewhere.

    Args:
        eta: At least 0; the larger, the closer to its parents a child is. Default 10.

    Raises:
        ArgumentError: If eta is negative.

    Source:
        Deb and Agrawal, "Simulated Binary Crossover for Continuous Search Space", Complex Systems 9
        (1995).
    """

    eta: float = 10.0

    def __post_init__(self) -> None:
        not_negative("eta", self.eta)

    def cross(
        self, first: FloatArray, second: FloatArray, genes: Genes, rng: np.random.Generator
    ) -> FloatArray:
        u, power = rng.random(len(genes)), 1.0 / (self.eta + 1.0)
        beta = np.where(u < 0.5, (2.0 * u) ** power, (2.0 * (1.0 - u)) ** -power)
        towards_first = rng.random(len(genes)) < 0.5
        picked = np.where(towards_first, first, second)
        half = 0.5 * np.where(towards_first, first - second, second - first)
        return np.where(genes.categorical, picked, 0.5 * (first + second) + beta * half)
