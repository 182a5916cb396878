"""A slice of a space: some columns are held at a place, the others are free.

Notation:
    d       the number of columns of the whole space
    s       the number of columns of the slice's own space

What is held always needs no column of its own, and neither does what can never count under the
values that are held. So a slice has few columns, and whoever searches it is not distracted by those
that cannot change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tfhpo.errors import SpaceError
from tfhpo.space.domains import Value
from tfhpo.space.parameters import Condition, Parameter
from tfhpo.space.space import Point, Space


class Slice:
    """The part of a space in which some columns are held.

    Args:
        whole: The space.
        held: Column to the place that it is held at, wherever it counts; between two values, at the
            nearest. Columns of one name that may count together (`Space.together`) must be held
            together, or not at all.

    Attributes:
        whole: The space.
        space: What is left to search: `s` columns, in their order. A held column that counts only
            under some values of others keeps a column, of one value.

    Raises:
        SpaceError: If columns are held that must not be, or one is unknown.
    """

    def __init__(self, whole: Space, held: Mapping[int, float]) -> None:
        self.whole = whole
        self._check(held)
        self._places = np.zeros(len(whole))
        self._is_held = np.zeros(len(whole), dtype=bool)
        for column, place in held.items():
            domain = whole.parameters[column].domain
            self._places[column] = domain.snapped(np.array([place]))[0]
            self._is_held[column] = True
        # What is known of every point: the values of the names that always count.
        self._known: dict[str, Value] = {}
        self._columns: list[int] = []
        self.space = Space(self._parameters())
        self._is_free = ~self._is_held[self._columns]
        self.free = [column for column in self._columns if not self._is_held[column]]

    def lifted(self, point: Point) -> Point:
        """Returns a point of the slice as a point of the whole space.

        Args:
            point: A point of `space`, of `s` columns.
        """
        x = self._places.copy()
        x[self.free] = point.x[self._is_free]
        return self.whole.point(x)

    def part(self, point: Point) -> Point:
        """Returns what a point says of the slice's columns, wherever the point lies.

        Args:
            point: A point of the whole space, or points: of `d` columns, or `n x d`.

        Returns:
            A point of `s` columns, or points, `n x s`.
        """
        x, active = point.x[..., self._columns], point.active[..., self._columns]
        # The only value of a column lies at 0.
        x[..., ~self._is_free] = 0.0
        return Point(x, active)

    def holds(self, point: Point) -> bool:
        """Whether all that a point uses is held at the same place, or is free.

        Args:
            point: A point of the whole space; columns that its trial did not read are inactive.
        """
        fits = self._is_held & (point.x == self._places)
        fits[self.free] = True
        return bool(np.all(fits[point.active]))

    # ------------------------------------------------------------------ parts

    def _parameters(self) -> list[Parameter]:
        """Returns the parameters that keep a column; notes what is known, and their columns."""
        kept: dict[tuple[str, tuple[Condition, ...]], Parameter] = {}
        for column, parameter in enumerate(self.whole.parameters):
            possible = {name for name, _ in kept}
            left = self._undecided(parameter, possible)
            # One name has one value: a column that counts only where an earlier one does carries
            # none.
            if left is None or parameter.name in self._known or (parameter.name, left) in kept:
                continue
            if self._is_held[column]:
                value = parameter.domain.from_unit(float(self._places[column]))
                if not left and parameter.name not in possible:
                    self._known[parameter.name] = value
                    continue
                parameter = replace(parameter, prior=None).restricted([value])
            self._columns.append(column)
            kept[parameter.name, left] = replace(parameter, conditions=left)
        return list(kept.values())

    def _undecided(self, parameter: Parameter, possible: set[str]) -> tuple[Condition, ...] | None:
        """Returns the conditions that may hold or not; None where one can never hold.

        Args:
            parameter: Whose conditions they are.
            possible: The names of the columns before it that are kept.
        """
        left: list[Condition] = []
        for condition in parameter.conditions:
            if condition.parent in self._known:
                if self._known[condition.parent] not in condition.values:
                    return None
            elif condition.parent in possible:
                left.append(condition)
            else:
                return None
        return tuple(left)

    def _check(self, held: Mapping[int, float]) -> None:
        for column in held:
            if not 0 <= column < len(self.whole):
                raise SpaceError(
                    f"A held column must be in 0 ... {len(self.whole) - 1}. Received: {column}."
                )
            for other in self.whole.together(column):
                if held.get(other) != held[column]:
                    raise SpaceError(
                        f"The columns {self.whole.together(column)} of the name "
                        f"{self.whole.names[column]!r} may count together and must be held at one "
                        f"place. Received: {held[column]} and {held.get(other)}."
                    )
