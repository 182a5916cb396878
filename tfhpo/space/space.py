"""The search space, and configurations as points of a unit cube with an activity mask.

Notation:
    d       the number of columns, one per parameter
    n       the number of points
    x       a point: `d` places in [0, 1]; a place that is not active is 0 and means nothing
    m       its mask: `d` booleans, whether each column is active

A column is active when all its conditions hold. A trial may have read fewer parameters than its
conditions allow (a plain `if` in the build function); `encode` then takes the parameters that are
absent from the values as inactive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tfhpo.errors import SpaceError
from tfhpo.space.domains import BoolArray, Domain, FloatArray, Value
from tfhpo.space.parameters import Condition, Parameter, parameter_from_config

Skip = Callable[[FloatArray, BoolArray, int], bool]
"""Whether a walk leaves out all points that begin with these places and mask, as far as the column
of that number, exclusive. It is asked once for each column on the way to a point."""


class Point(NamedTuple):
    """A configuration in the unit cube.

    Attributes:
        x: Places, shape `d`; 0 where inactive.
        active: Mask, shape `d`.
    """

    x: FloatArray
    active: BoolArray


class Space:
    """An ordered list of parameters; parents come before what depends on them.

    Args:
        parameters: The parameters, in the order of their columns.

    Raises:
        SpaceError: If two parameters clash, or a condition names a parameter that is not before it.
    """

    def __init__(self, parameters: Iterable[Parameter] = ()) -> None:
        self.parameters: tuple[Parameter, ...] = tuple(parameters)
        self._columns_of: dict[str, list[int]] = {}
        for column, parameter in enumerate(self.parameters):
            self._check(parameter)
            self._columns_of.setdefault(parameter.name, []).append(column)
        self._parents = {c.parent for parameter in self.parameters for c in parameter.conditions}

    def __len__(self) -> int:
        return len(self.parameters)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Space) and self.config() == other.config()

    def __hash__(self) -> int:
        return hash(self.parameters)

    def __repr__(self) -> str:
        return f"Space({', '.join(parameter.name for parameter in self.parameters)})"

    @property
    def names(self) -> list[str]:
        """The name of each column; a name repeats where its conditions differ."""
        return [parameter.name for parameter in self.parameters]

    @property
    def size(self) -> int | None:
        """The number of distinct configurations, or None where it is infinite."""
        # Groups that do not depend on one another multiply; only within one must be branched.
        total = 1
        for columns in self._groups():
            count = self._count(columns, *self._blank())
            if count is None:
                return None
            total *= count
        return total

    # ------------------------------------------------------------------ values <-> points

    def encode(self, values: Mapping[str, Value]) -> Point:
        """Returns the point of a configuration.

        Args:
            values: Parameter name to value. A parameter that is absent is inactive.

        Raises:
            SpaceError: If a value is not one of its parameter's, or a name is unknown.
        """
        unknown = sorted(set(values) - set(self._columns_of))
        if unknown:
            raise SpaceError(f"The values must be of {self}. Received also: {unknown}.")
        x, active = self._blank()
        for column, parameter in enumerate(self.parameters):
            if parameter.name in values and self._holds(column, x, active):
                try:
                    x[column] = parameter.domain.to_unit(values[parameter.name])
                except SpaceError as error:
                    raise SpaceError(f"Parameter {parameter.name!r}: {error}") from error
                active[column] = True
        return Point(x, active)

    def decode(self, x: FloatArray, active: BoolArray | None = None) -> dict[str, Value]:
        """Returns the values of a point, active parameters only.

        Args:
            x: Places, shape `d`.
            active: Mask, shape `d`; by default what the conditions say.
        """
        mask = self.active(x) if active is None else active
        return {
            parameter.name: parameter.domain.from_unit(float(x[column]))
            for column, parameter in enumerate(self.parameters)
            if mask[column]
        }

    def active(self, x: FloatArray) -> BoolArray:
        """Returns which columns the conditions make active.

        Args:
            x: Places, shape `d` or `n x d`.

        Returns:
            Mask, of the shape of `x`.
        """
        if x.ndim > 1:
            return self.points(x).active
        active = np.zeros(len(self), dtype=bool)
        for column in range(len(self)):
            active[column] = self._holds(column, x, active)
        return active

    def point(self, x: FloatArray) -> Point:
        """Returns the point at these places: snapped to values, masked, inactive places 0.

        Args:
            x: Places, shape `d`; outside [0, 1] counts as the end.
        """
        places, active = self._blank()
        for column, parameter in enumerate(self.parameters):
            if self._holds(column, places, active):
                places[column] = self._snap(parameter, float(x[column]))
                active[column] = True
        return Point(places, active)

    def draw(self, p: FloatArray) -> Point:
        """Returns the point whose every active column is at its quantile.

        Args:
            p: Probabilities in [0, 1), shape `d`. Uniform ones draw from the priors.
        """
        x, active = self._blank()
        for column, parameter in enumerate(self.parameters):
            if self._holds(column, x, active):
                x[column] = parameter.draw(float(p[column]))
                active[column] = True
        return Point(x, active)

    def points(self, x: FloatArray) -> Point:
        """Returns the points at these places, as `point` does of one.

        Args:
            x: Places, shape `n x d`.

        Returns:
            Places and mask, `n x d` each.
        """
        return self._placed(
            len(x), lambda column: self.parameters[column].domain.snapped(x[:, column])
        )

    def draws(self, p: FloatArray) -> Point:
        """Returns the points whose every active column is at its quantile, as `draw` does of one.

        Args:
            p: Probabilities in [0, 1), shape `n x d`.

        Returns:
            Places and mask, `n x d` each.
        """
        return self._placed(len(p), lambda column: self.parameters[column].draws(p[:, column]))

    def even_places(self, p: FloatArray) -> FloatArray:
        """Returns places that are spread evenly over each parameter's values, `n x d`.

        Neither distributions nor conditions count; rounding places in [0, 1] to the nearest value
        would give the ends of a finite parameter half their share.

        Args:
            p: Probabilities in [0, 1), shape `n x d`.
        """
        columns = zip(self.parameters, p.T, strict=True)
        return np.stack([parameter.domain.draws(one) for parameter, one in columns], axis=1)

    def default(self) -> Point:
        """Returns the point of the defaults; a parameter without one is at its start."""
        x, active = self._blank()
        for column, parameter in enumerate(self.parameters):
            if self._holds(column, x, active):
                if parameter.default is not None:
                    x[column] = parameter.domain.to_unit(parameter.default)
                active[column] = True
        return Point(x, active)

    def lattice(
        self, levels: int, *, skip: Skip | None = None, after: FloatArray | None = None
    ) -> Iterator[Point]:
        """Yields every configuration, the last parameter fastest.

        Args:
            levels: How many values to lay over a continuous parameter, both ends among them; a
                single one lies in the middle.
            skip: Tells what to leave out; nothing by default.
            after: The places, shape `d`, of the configuration to go on after; by default the walk
                starts at the beginning.

        Raises:
            SpaceError: If `levels` is below one.
        """
        if levels < 1:
            raise SpaceError(f"A lattice needs at least one level. Received: {levels}.")
        return self._walk(
            0, *self._blank(), lambda parameter: _places(parameter, levels), skip, after
        )

    def walk(
        self, places: Callable[[Parameter], Iterable[float]], skip: Skip | None = None
    ) -> Iterator[Point]:
        """Yields the points of a tree whose branches are given, depth first.

        Args:
            places: Called for each active column on the way: its places, in the order to try them.
            skip: Tells what to leave out; nothing by default.
        """
        return self._walk(0, *self._blank(), places, skip, None)

    def together(self, column: int) -> list[int]:
        """Returns the columns of a column's name that have one value with it, itself included.

        They may count in the same trial, and then the first of them carries the value: `width`
        asked for under `a=1` and again under `b=1`, say, but not under `a=1` and under `a=2`.

        Returns:
            Columns, ascending.
        """
        found = [column]
        for one in found:
            found += [
                other
                for other in self._columns_of[self.parameters[column].name]
                if other not in found and not self.parameters[one].excludes(self.parameters[other])
            ]
        return sorted(found)

    # ------------------------------------------------------------------ change and comparison

    def extended(self, parameters: Iterable[Parameter]) -> Space:
        """Returns the space with further columns at its end; known parameters are skipped.

        Raises:
            SpaceError: If a known parameter comes with another range.
        """
        known = {(parameter.key, parameter.domain) for parameter in self.parameters}
        new = (other for other in parameters if (other.key, other.domain) not in known)
        return Space((*self.parameters, *new))

    def differences(self, other: Space) -> list[str]:
        """Returns what sets another space apart from this one, a line each, for people."""
        mine = {parameter.key: parameter for parameter in self.parameters}
        theirs = {parameter.key: parameter for parameter in other.parameters}
        lines = [
            f"{_label(mine[key])}: was {mine[key].domain}, is absent"
            for key in mine
            if key not in theirs
        ]
        lines += [
            f"{_label(theirs[key])}: was absent, is {theirs[key].domain}"
            for key in theirs
            if key not in mine
        ]
        for key in mine.keys() & theirs.keys():
            lines += _changes(mine[key], theirs[key])
        return sorted(lines)

    def config(self) -> dict[str, Any]:
        """Returns a JSON-able description that `Space.from_config` turns back."""
        return {"parameters": [parameter.config() for parameter in self.parameters]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Space:
        """Returns the space that `config` described."""
        return cls(parameter_from_config(parameter) for parameter in config["parameters"])

    # ------------------------------------------------------------------ parts

    def _blank(self) -> tuple[FloatArray, BoolArray]:
        return np.zeros(len(self)), np.zeros(len(self), dtype=bool)

    @staticmethod
    def _snap(parameter: Parameter, u: float) -> float:
        if parameter.size is None:
            return min(max(u, 0.0), 1.0)
        return parameter.domain.unit_of_index(parameter.domain.index_of_unit(u))

    def _holds(self, column: int, x: FloatArray, active: BoolArray) -> bool:
        """Whether the column is active, given the columns before it."""
        parameter = self.parameters[column]
        # One name has one value: where two columns of a name hold, the first one carries it.
        earlier = self._columns_of[parameter.name]
        if any(active[other] for other in earlier if other < column):
            return False
        return all(self._met(condition, x, active) for condition in parameter.conditions)

    def _met(self, condition: Condition, x: FloatArray, active: BoolArray) -> bool:
        for parent in self._columns_of[condition.parent]:
            if active[parent]:
                value = self.parameters[parent].domain.from_unit(float(x[parent]))
                return value in condition.values
        return False

    def _placed(self, n: int, places: Callable[[int], FloatArray]) -> Point:
        """Returns `n` points, given the places that each column has where it is active."""
        x, active = np.zeros((n, len(self))), np.zeros((n, len(self)), dtype=bool)
        for column, parameter in enumerate(self.parameters):
            holds = np.ones(n, dtype=bool)
            for other in self._columns_of[parameter.name]:
                if other < column:
                    holds &= ~active[:, other]
            for condition in parameter.conditions:
                holds &= self.met_by(condition, x, active)
            active[:, column] = holds
            if holds.any():
                x[:, column] = np.where(holds, places(column), 0.0)
        return Point(x, active)

    def met_by(self, condition: Condition, x: FloatArray, active: BoolArray) -> BoolArray:
        """Returns which points meet a condition, `n`.

        Args:
            condition: About a parameter of the space.
            x: Places, `n x d`.
            active: Which columns each point uses, `n x d`; an unused parent meets nothing.
        """
        met = np.zeros(len(x), dtype=bool)
        decided = np.zeros(len(x), dtype=bool)
        for parent in self._columns_of[condition.parent]:
            here = active[:, parent] & ~decided
            domain = self.parameters[parent].domain
            met |= here & _meets(domain, condition, x[:, parent])
            decided |= here
        return met

    def _walk(
        self,
        column: int,
        x: FloatArray,
        active: BoolArray,
        places: Callable[[Parameter], Iterable[float]],
        skip: Skip | None,
        after: FloatArray | None,
    ) -> Iterator[Point]:
        """Walks on from a column; `after` is None once the walk is past it."""
        if skip is not None and skip(x, active, column):
            return
        if column == len(self):
            if after is None:
                yield Point(x.copy(), active.copy())
            return
        active[column] = self._holds(column, x, active)
        for place in places(self.parameters[column]) if active[column] else (0.0,):
            if after is not None and place < after[column]:
                continue
            x[column] = place
            onwards = None if after is None or place > after[column] else after
            yield from self._walk(column + 1, x, active, places, skip, onwards)
        x[column], active[column] = 0.0, False

    def _groups(self) -> list[list[int]]:
        """Returns the columns in groups tied together by conditions and shared names."""
        groups: list[tuple[set[str], list[int]]] = []
        for column, parameter in enumerate(self.parameters):
            names = {parameter.name, *(condition.parent for condition in parameter.conditions)}
            tied = [group for group in groups if not names.isdisjoint(group[0])]
            groups = [group for group in groups if names.isdisjoint(group[0])]
            columns = sorted(other for group in tied for other in group[1])
            groups.append((names.union(*(group[0] for group in tied)), [*columns, column]))
        return [columns for _, columns in groups]

    def _count(self, columns: Sequence[int], x: FloatArray, active: BoolArray) -> int | None:
        """Counts the configurations of some columns, given the places of those before them."""
        if not columns:
            return 1
        column, rest = columns[0], columns[1:]
        parameter = self.parameters[column]
        if not self._holds(column, x, active):
            return self._count(rest, x, active)
        if parameter.size is None:
            return None
        if not self._branches(parameter):
            count = self._count(rest, x, active)
            return None if count is None else parameter.size * count
        counts = []
        active[column] = True
        for index in range(parameter.size):
            x[column] = parameter.domain.unit_of_index(index)
            counts.append(self._count(rest, x, active))
        x[column], active[column] = 0.0, False
        return None if None in counts else sum(count for count in counts if count is not None)

    def _branches(self, parameter: Parameter) -> bool:
        """Whether other columns depend on the parameter's value or on its being active."""
        return parameter.name in self._parents or len(self._columns_of[parameter.name]) > 1

    def _check(self, parameter: Parameter) -> None:
        for condition in parameter.conditions:
            parents = self._columns_of.get(condition.parent)
            if parents is None:
                raise SpaceError(
                    f"The condition of {parameter.name!r} must name an earlier parameter. "
                    f"Received: {condition.parent!r}."
                )
        for column in self._columns_of.get(parameter.name, []):
            _check_twins(self.parameters[column], parameter)


def _meets(domain: Domain, condition: Condition, places: FloatArray) -> BoolArray:
    """Returns at which places of a parent a condition is met."""
    if domain.size is None:
        return np.array(
            [domain.from_unit(float(u)) in condition.values for u in places], dtype=bool
        )
    return np.isin(places, condition.places(domain))


def _check_twins(first: Parameter, second: Parameter) -> None:
    """Refuses one name with two ranges that could both be asked for in one trial."""
    if first.domain == second.domain and first.key != second.key:
        return
    if first.excludes(second):
        return
    raise SpaceError(
        f"A parameter must be declared once: {first.name!r} is declared as {first.domain} "
        f"({_when(first)}) and again as {second.domain} ({_when(second)})."
    )


def _when(parameter: Parameter) -> str:
    return " and ".join(map(str, parameter.conditions)) or "always"


def _label(parameter: Parameter) -> str:
    return parameter.name if not parameter.conditions else f"{parameter.name} ({_when(parameter)})"


def _changes(was: Parameter, now: Parameter) -> list[str]:
    """Returns what changed in a parameter, a line each."""
    lines = []
    if was.domain != now.domain:
        lines.append(f"{_label(was)}: was {was.domain}, is {now.domain}")
    if was.config()["prior"] != now.config()["prior"]:
        lines.append(f"{_label(was)}: prior was {was.prior}, is {now.prior}")
    return lines


def _places(parameter: Parameter, levels: int) -> Iterator[float]:
    """Yields the places of a parameter's values, or of `levels` of them where it is continuous."""
    if parameter.size is not None:
        yield from (parameter.domain.unit_of_index(index) for index in range(parameter.size))
    elif levels == 1:
        yield 0.5
    else:
        yield from (index / (levels - 1) for index in range(levels))
