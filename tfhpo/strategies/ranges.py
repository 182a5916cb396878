"""The range that one column is searched in at the moment: an interval, or a set of choices.

Notation:
    u       a place on the unit interval, in [0, 1]
    [a, b]  an interval of places, 0 <= a <= b <= 1
    A       the active choices of a categorical column, as indices, at least one
    L       the number of levels that a lattice lays over an interval
    w       a lattice cell: (b - a) / (L - 1), but never less than the way to the next value
    c, r    the incumbent's place and the place of the round's best
    p       the pull, in (0, 1]: how far a range moves towards its target

A range knows nothing of scores; the elastic grid tells it where to go. Ranges are values: every
change returns a new one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfhpo.space import Kind, Parameter

# The share of its choices that a set drops at once: a categorical says nothing about neighbours,
# so a choice that looked bad may only have met bad values of the other columns.
_DROPPED = 0.25
_FEWEST_CHOICES = 2


class Range(ABC):
    """The part of a parameter's values that is searched at the moment."""

    @abstractmethod
    def places(self, parameter: Parameter, levels: int) -> list[float]:
        """Returns the lattice: at most `levels` places over an interval, both ends among them.

        A finite parameter's places are values of it; a set contributes all its choices.
        """

    @abstractmethod
    def draw(self, parameter: Parameter, p: float) -> float:
        """Returns a place inside, by a probability in [0, 1); uniform ones draw at random."""

    @abstractmethod
    def finer(self, parameter: Parameter, resolution: float) -> bool:
        """Whether nothing smaller is worth a round."""

    @abstractmethod
    def config(self) -> dict[str, Any]:
        """Returns a JSON-able description that `range_from_config` turns back."""


@dataclass(frozen=True)
class Interval(Range):
    """An interval of places of an ordered parameter.

    Args:
        low: Its lower end, in [0, 1].
        high: Its upper end, in [low, 1].
    """

    low: float = 0.0
    high: float = 1.0

    def places(self, parameter: Parameter, levels: int) -> list[float]:
        if parameter.size is None:
            return sorted({float(u) for u in np.linspace(self.low, self.high, levels)})
        domain = parameter.domain
        first, last = domain.index_of_unit(self.low), domain.index_of_unit(self.high)
        if last - first < levels:
            return [domain.unit_of_index(index) for index in range(first, last + 1)]
        spread = np.linspace(self.low, self.high, levels)
        indices = {domain.index_of_unit(float(u)) for u in spread}
        return [domain.unit_of_index(index) for index in sorted(indices)]

    def draw(self, parameter: Parameter, p: float) -> float:
        # The prior speaks until results narrow the range; from then on the results do.
        if self == Interval():
            return parameter.draw(p)
        u = self.low + p * (self.high - self.low)
        if parameter.size is None:
            return u
        return parameter.domain.unit_of_index(parameter.domain.index_of_unit(u))

    def finer(self, parameter: Parameter, resolution: float) -> bool:
        if parameter.size is None:
            return self.high - self.low < resolution
        # A value and its two neighbours is as narrow as a range of a finite parameter gets.
        index = parameter.domain.index_of_unit
        return index(self.high) - index(self.low) <= 2

    def pulled(
        self, parameter: Parameter, c: float, r: float, levels: int, pull: float
    ) -> Interval:
        """Returns the interval pulled to the span of `c` and `r`, a cell wider at both ends.

        Where the best lies on an edge the cell reaches past that edge: the range stretches. It
        never leaves [0, 1].
        """
        low = max(0.0, self._down(parameter, min(c, r), levels))
        high = min(1.0, self._up(parameter, max(c, r), levels))
        a = self.low + pull * (low - self.low)
        b = self.high + pull * (high - self.high)
        return Interval(min(a, c, r), max(b, c, r))

    def _down(self, parameter: Parameter, u: float, levels: int) -> float:
        below = u - self._cell(levels)
        if parameter.size is None:
            return below
        index = parameter.domain.index_of_unit(u)
        return min(below, parameter.domain.unit_of_index(max(index - 1, 0)))

    def _up(self, parameter: Parameter, u: float, levels: int) -> float:
        above = u + self._cell(levels)
        if parameter.size is None:
            return above
        index = parameter.domain.index_of_unit(u)
        last = parameter.size - 1
        return max(above, parameter.domain.unit_of_index(min(index + 1, last)))

    def _cell(self, levels: int) -> float:
        return (self.high - self.low) / (levels - 1)

    def config(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high}


@dataclass(frozen=True)
class Subset(Range):
    """The active choices of a categorical parameter.

    Args:
        indices: Indices of the choices, ascending, at least one.
    """

    indices: tuple[int, ...]

    def places(self, parameter: Parameter, levels: int) -> list[float]:
        return [parameter.domain.unit_of_index(index) for index in self.indices]

    def draw(self, parameter: Parameter, p: float) -> float:
        if len(self.indices) == parameter.size:
            return parameter.draw(p)
        return parameter.domain.unit_of_index(self.indices[int(p * len(self.indices))])

    def finer(self, parameter: Parameter, resolution: float) -> bool:
        return len(self.indices) <= _FEWEST_CHOICES

    def shrunk(self, merits: Mapping[int, float], kept: int, pull: float) -> Subset:
        """Returns the set without its worst choices, a quarter of it at full pull.

        Args:
            merits: Choice to the best score seen with it; one never seen is absent, and stays.
            kept: The choice that stays in any case.
            pull: How much of the quarter to drop.
        """
        drop = round(pull * _DROPPED * len(self.indices))
        drop = min(drop, len(self.indices) - _FEWEST_CHOICES)
        seen = [index for index in self.indices if index in merits and index != kept]
        worst = sorted(seen, key=lambda index: merits[index], reverse=True)[: max(drop, 0)]
        return Subset(tuple(index for index in self.indices if index not in worst))

    def regrown(self, merits: Mapping[int, float], size: int, joining: int) -> Subset:
        """Returns the set with `joining` and the best choice outside it, one never seen first.

        Args:
            merits: Choice to the best score seen with it.
            size: The number of choices of the parameter.
            joining: The choice that joins in any case.
        """
        joined = {*self.indices, joining}
        outside = [index for index in range(size) if index not in joined]
        if outside:
            joined.add(min(outside, key=lambda index: merits.get(index, -np.inf)))
        return Subset(tuple(sorted(joined)))

    def config(self) -> dict[str, Any]:
        return {"indices": list(self.indices)}


def whole(parameter: Parameter) -> Range:
    """Returns the range of all values of a parameter."""
    if parameter.domain.kind is Kind.CATEGORICAL:
        return Subset(tuple(range(parameter.size or 0)))
    return Interval()


def range_from_config(config: Mapping[str, Any]) -> Range:
    """Returns the range that `Range.config` described."""
    if "indices" in config:
        return Subset(tuple(config["indices"]))
    return Interval(config["low"], config["high"])


def finer_than(ranges: Sequence[Range], parameters: Sequence[Parameter], resolution: float) -> bool:
    """Whether every range is finer than the resolution; never so without a continuous column.

    A finite space ends when it is covered, not before.
    """
    pairs = list(zip(ranges, parameters, strict=True))
    continuous = any(parameter.size is None for _, parameter in pairs)
    return continuous and all(one.finer(parameter, resolution) for one, parameter in pairs)
