"""The search space as the columns of TensorBoard's HParams table.

A column has a name and one type, number, flag or text. Parameters of one name under different
conditions share a column, whose values are those of all of them. Should their types differ, the
type that the space declares first keeps the plain name and the others say their type: `size` and
`size (text)`. A space grows at its end only, so a column never changes its name.

TensorBoard shows the first five columns until the user ticks others, and leaves a trial out of its
parallel coordinates where one of the shown cells is empty. Columns that are always filled therefore
come before conditional ones, by way of the mark `differs`, which TensorBoard sorts by.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tensorboard.plugins.hparams import api_pb2

from tfhpo.errors import ArgumentError
from tfhpo.space import Domain, Levels, Space, Value

#: A column of more numbers than this is shown as a range: TensorBoard draws a checkbox per value.
LONGEST_LIST = 16


class ColumnType(enum.Enum):
    """What a column holds; the values are the words for people."""

    NUMBER = "number"
    FLAG = "flag"
    TEXT = "text"

    @classmethod
    def of(cls, value: Value) -> ColumnType:
        """Returns the type of a value.

        Raises:
            ArgumentError: If it is no bool, int, float or str.
        """
        if isinstance(value, bool):
            return cls.FLAG
        if isinstance(value, (int, float)):
            return cls.NUMBER
        if isinstance(value, str):
            return cls.TEXT
        raise ArgumentError(
            f"A hyperparameter's value must be a bool, an int, a float or a str. "
            f"Received: {value!r} ({type(value).__name__})."
        )


_DATA_TYPES = {
    ColumnType.NUMBER: api_pb2.DATA_TYPE_FLOAT64,
    ColumnType.FLAG: api_pb2.DATA_TYPE_BOOL,
    ColumnType.TEXT: api_pb2.DATA_TYPE_STRING,
}


@dataclass(frozen=True)
class _Extent:
    """The values of a column: all of them, or the ends of a range of numbers.

    Attributes:
        ends: The values, or the smallest and the largest one.
        listed: Whether these are all.
    """

    ends: frozenset[Value]
    listed: bool

    def __or__(self, other: _Extent) -> _Extent:
        return _Extent(self.ends | other.ends, listed=self.listed and other.listed)


class Columns:
    """The columns of a space.

    Args:
        space: The search space.
    """

    def __init__(self, space: Space) -> None:
        self._always = {
            parameter.name for parameter in space.parameters if not parameter.conditions
        }
        self._extents: dict[str, dict[ColumnType, _Extent]] = {}
        for parameter in space.parameters:
            of_name = self._extents.setdefault(parameter.name, {})
            for kind, extent in _extents(parameter.domain).items():
                of_name[kind] = of_name[kind] | extent if kind in of_name else extent

    def infos(self) -> list[api_pb2.HParamInfo]:
        """Returns what the experiment summary says of each column."""
        infos = []
        for name, of_name in self._extents.items():
            for kind, extent in of_name.items():
                info = _info(self._title(name, kind), kind, extent)
                info.differs = name in self._always and len(extent.ends) > 1
                infos.append(info)
        return infos

    def cells(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Returns a configuration as cells, by the columns' names.

        Numbers that are not finite are left out: TensorBoard has no place for them.

        Args:
            values: The active hyperparameters by name. One that the space does not know (yet) gets
                its name as its column's.

        Raises:
            ArgumentError: If a value is no bool, int, float or str.
        """
        cells: dict[str, Value] = {}
        for name, value in values.items():
            kind = ColumnType.of(value)
            if kind is not ColumnType.NUMBER or math.isfinite(value):  # type: ignore[arg-type]
                extent = self._extents.get(name, {}).get(kind)
                cells[self._title(name, kind)] = _snapped(value, kind, extent)
        return cells

    def _title(self, name: str, kind: ColumnType) -> str:
        first = next(iter(self._extents.get(name, {})), kind)
        return name if kind is first else f"{name} ({kind.value})"


def _extents(domain: Domain) -> dict[ColumnType, _Extent]:
    """Returns the extent of a domain for each type among its values."""
    if isinstance(domain, Levels):
        return _listed(domain.values)
    if domain.size is not None and domain.size <= LONGEST_LIST:
        units = [domain.unit_of_index(index) for index in range(domain.size)]
        return _listed(domain.from_unit(unit) for unit in units)
    ends = frozenset([domain.from_unit(0.0), domain.from_unit(1.0)])
    return {ColumnType.NUMBER: _Extent(ends, listed=False)}


def _listed(values: Iterable[Value]) -> dict[ColumnType, _Extent]:
    by_type: dict[ColumnType, list[Value]] = {}
    for value in values:
        by_type.setdefault(ColumnType.of(value), []).append(value)
    return {kind: _Extent(frozenset(some), listed=True) for kind, some in by_type.items()}


def _is_list(kind: ColumnType, extent: _Extent) -> bool:
    """Whether the column shows each value; flags and texts always do, having no ranges."""
    return kind is not ColumnType.NUMBER or (extent.listed and len(extent.ends) <= LONGEST_LIST)


def _info(title: str, kind: ColumnType, extent: _Extent) -> api_pb2.HParamInfo:
    info = api_pb2.HParamInfo(name=title, type=_DATA_TYPES[kind])
    if _is_list(kind, extent):
        info.domain_discrete.extend(sorted(extent.ends))
    else:
        numbers = [float(end) for end in extent.ends]
        info.domain_interval.min_value = min(numbers)
        info.domain_interval.max_value = max(numbers)
    return info


def _snapped(value: Value, kind: ColumnType, extent: _Extent | None) -> Value:
    """Returns the listed number that the value is but for rounding, or the value itself.

    TensorBoard filters the rows by the ticked numbers of the list, bit by bit.
    """
    if kind is not ColumnType.NUMBER or extent is None or not _is_list(kind, extent):
        return value
    number = float(value)
    close = (
        listed
        for listed in extent.ends
        if math.isclose(float(listed), number, rel_tol=1e-9, abs_tol=1e-12)
    )
    return next(close, value)
