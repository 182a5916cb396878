"""The rungs of a fidelity: how much of it a trial is given, from little to all."""

from __future__ import annotations

import math
from typing import cast

import numpy as np

from tfhpo.arguments import integer, is_number
from tfhpo.errors import ArgumentError
from tfhpo.space import Kind, Parameter, Point, Space

# How far a float may miss its bound by rounding, as a share.
_ROUNDING = 1e-9


def rungs(lowest: float, highest: float, factor: int = 3) -> list[float]:
    """Returns the values of a fidelity that lie a factor apart, from the highest down.

        rungs(1, 27)            [1, 3, 9, 27]
        rungs(2, 100)           [4, 11, 33, 100]
        rungs(0.1, 0.9)         [0.1, 0.3, 0.9]

    Args:
        lowest: The bound of the smallest value, above 0.
        highest: The largest value, which is always one of them. Where both bounds are integers the
            values are rounded to integers.
        factor: The ratio of neighbours, an integer and at least 2. Default 3.

    Returns:
        The values, ascending.

    Raises:
        ArgumentError: If the bounds are not numbers with 0 < lowest <= highest, or the factor
            breaks its rule.
    """
    check_factor(factor)
    numbers = [one for one in (lowest, highest) if is_number(one) and math.isfinite(one)]
    if len(numbers) < 2 or not 0 < lowest <= highest:
        raise ArgumentError(
            "The rungs need finite bounds with 0 < lowest <= highest. "
            f"Received: lowest={lowest}, highest={highest}."
        )
    found: list[float] = []
    value: float = highest
    while value >= lowest * (1 - _ROUNDING):
        found.append(value)
        value = highest / factor ** len(found)
    if isinstance(lowest, int) and isinstance(highest, int):
        return [round(one) for one in reversed(found)]
    return [max(one, lowest) for one in reversed(found)]


def check_factor(factor: int) -> None:
    """Raises an ArgumentError if a factor is not an integer of at least 2."""
    integer("factor", factor, least=2)


class Fidelity:
    """The column of a space that says how much a trial is given; its values are the rungs.

    Args:
        space: A space with the fidelity and at least one parameter beside it.
        name: The name of an ordered, finite parameter that is asked for once and always.

    Raises:
        ArgumentError: If there is no such parameter, or others depend on it.
    """

    def __init__(self, space: Space, name: str) -> None:
        self.name, self.column = name, _only(space, name)
        self._parameter = space.parameters[self.column]
        _check_parameter(self._parameter)
        self.others(space)

    def __len__(self) -> int:
        """The number of rungs."""
        return cast(int, self._parameter.size)

    @property
    def top(self) -> int:
        """The number of the highest rung; the lowest is 0."""
        return len(self) - 1

    def value(self, rung: int) -> float:
        """Returns the fidelity's value at a rung."""
        domain = self._parameter.domain
        return cast(float, domain.from_unit(domain.unit_of_index(rung)))

    def others(self, space: Space) -> Space:
        """Returns the space without the fidelity: that of the configurations.

        Raises:
            ArgumentError: If nothing is left, the fidelity is asked for twice, or a parameter
                depends on it.
        """
        _only(space, self.name)
        others = [one for one in space.parameters if one.name != self.name]
        if not others:
            raise ArgumentError(
                "The search space must hold at least one parameter beside the fidelity. "
                f"Received: {space}."
            )
        for one in others:
            if any(condition.parent == self.name for condition in one.conditions):
                raise ArgumentError(
                    f"No parameter may depend on the fidelity {self.name!r}. "
                    f"Received: {one.name!r}, asked for when {_when(one)}."
                )
        return Space(others)

    def at(self, point: Point, rung: int) -> Point:
        """Returns the point of a configuration at a rung."""
        place = self._parameter.domain.unit_of_index(rung)
        x, active = list(point.x), list(point.active)
        x.insert(self.column, place)
        active.insert(self.column, True)
        return Point(np.array(x, dtype=np.float64), np.array(active, dtype=bool))

    def of(self, point: Point) -> int | None:
        """Returns the rung of a point, None where it does not use the fidelity."""
        if not point.active[self.column]:
            return None
        return self._parameter.domain.index_of_unit(float(point.x[self.column]))

    def without(self, point: Point) -> Point:
        """Returns the configuration of a point, or those of points, `d` or `n x d`."""
        return Point(
            np.delete(point.x, self.column, axis=-1), np.delete(point.active, self.column, axis=-1)
        )


def _only(space: Space, name: str) -> int:
    """Returns the only column of a name."""
    columns = [column for column, known in enumerate(space.names) if known == name]
    if len(columns) != 1:
        raise ArgumentError(
            f"`fidelity` must name one column of {space}. Received: fidelity={name!r}, "
            f"which names {len(columns)}."
        )
    return columns[0]


def _check_parameter(parameter: Parameter) -> None:
    if parameter.conditions:
        raise ArgumentError(
            "The fidelity must be asked for always. "
            f"Received: {parameter.name!r}, asked for when {_when(parameter)}."
        )
    if parameter.size is None or parameter.domain.kind is Kind.CATEGORICAL:
        raise ArgumentError(
            "The fidelity must have finitely many values in order. "
            f"Received: {parameter.name!r}, {parameter.domain}."
        )


def _when(parameter: Parameter) -> str:
    return " and ".join(map(str, parameter.conditions))
