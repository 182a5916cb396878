r"""What values a parameter can take, and where each lies on the unit interval.

Notation:
    v       a value of the parameter
    u       its place on the unit interval, in [0, 1]; both ends are values
    n       the number of values, where it is finite
    i       the index of a value, in {0, ..., n - 1}, in the order of u
    p       a probability in [0, 1)

A domain has two directions, `to_unit` and `from_unit`, that undo one another, and `draw`, the
quantile function of the domain's own uniform distribution. `draw` differs from `from_unit` on
finite domains: places are nodes (the first value at 0, the last at 1), and rounding a uniform u to
the nearest node would give the two ends half their share.
"""

from __future__ import annotations

import enum
import functools
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Union

import numpy as np
import numpy.typing as npt

from tfhpo.arguments import is_number
from tfhpo.errors import SpaceError
from tfhpo.space import scales

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
# The largest domain whose places are kept in a table.
_TABLE = 100_000
Value = Union[bool, int, float, str]  # noqa: UP007 (an alias is evaluated)


class Kind(str, enum.Enum):
    """What may be done with the places of a column."""

    CONTINUOUS = "continuous"
    """Every u is a value."""
    INTEGER = "integer"
    """Finitely many u, ordered, with meaningful distances."""
    ORDINAL = "ordinal"
    """Finitely many u, ordered, evenly spaced."""
    CATEGORICAL = "categorical"
    """Finitely many u whose order means nothing."""


class Domain(ABC):
    """The values of one parameter."""

    config_name: ClassVar[str]

    @property
    @abstractmethod
    def kind(self) -> Kind:
        """What may be done with the places."""

    @property
    @abstractmethod
    def size(self) -> int | None:
        """The number of values, or None where it is infinite."""

    @property
    def bounds(self) -> tuple[float, float]:
        """The declared smallest and largest number; ordered domains only.

        Raises:
            SpaceError: If the domain's values are not ordered numbers.
        """
        raise SpaceError(f"Only ordered numbers have bounds. Received: {self}.")

    @abstractmethod
    def to_unit(self, value: Value) -> float:
        """Returns the place of a value, in [0, 1].

        Raises:
            SpaceError: If the value is not in the domain.
        """

    @abstractmethod
    def from_unit(self, u: float) -> Value:
        """Returns the value nearest to the place `u`; `u` outside [0, 1] counts as the end."""

    @abstractmethod
    def draw(self, p: float) -> float:
        """Returns the place of the `p`-quantile of the uniform distribution on this scale."""

    def snapped(self, u: FloatArray) -> FloatArray:
        """Returns the places of the values nearest to places, any shape."""
        nearest = [self.unit_of_index(self.index_of_unit(float(place))) for place in u.flat]
        return np.array(nearest).reshape(u.shape)

    def draws(self, p: FloatArray) -> FloatArray:
        """Returns the places of several quantiles, as `draw` does of one."""
        return np.array([self.draw(float(one)) for one in p.flat]).reshape(p.shape)

    def nearest(self, number: float) -> float:
        """Returns the place of the value nearest to a number; numeric domains only.

        Raises:
            SpaceError: If the domain's values are not ordered numbers.
        """
        raise SpaceError(f"Only ordered numbers have a nearest value. Received: {self}.")

    def even_shares(self) -> FloatArray:
        """Returns the share of each value under `draw`, `n`; finite domains only."""
        return np.full(self.size or 0, 1.0 / (self.size or 1))

    def places(self) -> FloatArray:
        """Returns the places of all values, `n`, ascending and read-only; finite domains only."""
        return _places(self)

    def borders(self) -> FloatArray:
        """Returns the numbers where `nearest` changes, `n - 1`, ascending; finite domains only."""
        values = np.array([self.from_unit(place) for place in self.places()], dtype=np.float64)
        halfway: FloatArray = 0.5 * (values[1:] + values[:-1])
        return halfway

    @abstractmethod
    def config(self) -> dict[str, Any]:
        """Returns a JSON-able description that `domain_from_config` turns back."""

    def unit_of_index(self, index: int) -> float:
        """Returns the place of the value with this index; finite domains only."""
        raise SpaceError(f"Only a finite domain has indices. Received: {self}.")

    def index_of_unit(self, u: float) -> int:
        """Returns the index of the value nearest to the place `u`; finite domains only."""
        raise SpaceError(f"Only a finite domain has indices. Received: {self}.")

    def __contains__(self, value: object) -> bool:
        """Whether the value is in the domain."""
        try:
            self.to_unit(value)  # type: ignore[arg-type]
        except SpaceError:
            return False
        return True


def _number(value: object, domain: Domain) -> float:
    if not is_number(value) or not math.isfinite(value):
        raise SpaceError(f"The value must be {domain}. Received: {value!r}.")
    return float(value)


class _Indexed(Domain):
    """A finite domain whose values lie evenly on the unit interval."""

    @property
    @abstractmethod
    def size(self) -> int:
        """The number of values."""

    @abstractmethod
    def value_of_index(self, index: int) -> Value:
        """Returns the value with this index."""

    def unit_of_index(self, index: int) -> float:
        return index / (self.size - 1) if self.size > 1 else 0.0

    def index_of_unit(self, u: float) -> int:
        return round(scales.clip(u) * (self.size - 1))

    def from_unit(self, u: float) -> Value:
        return self.value_of_index(self.index_of_unit(u))

    def draw(self, p: float) -> float:
        return self.unit_of_index(min(int(p * self.size), self.size - 1))

    def snapped(self, u: FloatArray) -> FloatArray:
        last = max(self.size - 1, 1)
        return np.rint(np.clip(u, 0.0, 1.0) * (self.size - 1)) / last

    def draws(self, p: FloatArray) -> FloatArray:
        last = max(self.size - 1, 1)
        return np.minimum(np.floor(p * self.size), self.size - 1) / last


@dataclass(frozen=True)
class FloatRange(Domain):
    """Every float from `low` to `high`, on a scale.

    Args:
        low: The smallest value.
        high: The largest value.
        scale: "linear", "log" or "reverse_log".

    Raises:
        SpaceError: If the range is empty or infinite, or does not fit the scale.
    """

    low: float
    high: float
    scale: str = "linear"

    config_name: ClassVar[str] = "float_range"

    def __post_init__(self) -> None:
        scales.check_range(self.low, self.high, self.scale)

    def __str__(self) -> str:
        return f"a number from {self.low} to {self.high}{scales.words(self.scale)}"

    @property
    def kind(self) -> Kind:
        return Kind.CONTINUOUS

    @property
    def size(self) -> int | None:
        return 1 if self.low == self.high else None

    @property
    def bounds(self) -> tuple[float, float]:
        return self.low, self.high

    def to_unit(self, value: Value) -> float:
        number = _number(value, self)
        if not self.low <= number <= self.high:
            raise SpaceError(f"The value must be {self}. Received: {value!r}.")
        return scales.to_unit(number, self.low, self.high, self.scale)

    def from_unit(self, u: float) -> float:
        return scales.from_unit(scales.clip(u), self.low, self.high, self.scale)

    def draw(self, p: float) -> float:
        return scales.clip(p) if self.size is None else 0.0

    def snapped(self, u: FloatArray) -> FloatArray:
        return np.clip(u, 0.0, 1.0) if self.size is None else np.zeros_like(u)

    def draws(self, p: FloatArray) -> FloatArray:
        return self.snapped(p)

    def nearest(self, number: float) -> float:
        return self.to_unit(min(max(float(number), self.low), self.high))

    def unit_of_index(self, index: int) -> float:
        if self.size is None:
            return super().unit_of_index(index)
        return 0.0

    def index_of_unit(self, u: float) -> int:
        if self.size is None:
            return super().index_of_unit(u)
        return 0

    def config(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high, "scale": self.scale}


@dataclass(frozen=True)
class Steps(_Indexed):
    """Numbers from `low` to at most `high`, a step apart; `high` included where the step divides.

    Integers are a `Steps` whose bounds and step are integers.

    Args:
        low: The smallest value (on a reverse_log scale, the bound of the smallest).
        high: The bound of the largest value (on a reverse_log scale, the largest).
        step: The difference between neighbours, or their ratio where the scale is not linear.
        scale: "linear", "log" or "reverse_log".

    Raises:
        SpaceError: If the range is empty or infinite, or the step or scale does not fit.
    """

    low: float
    high: float
    step: float = 1
    scale: str = "linear"

    config_name: ClassVar[str] = "steps"

    def __post_init__(self) -> None:
        scales.check_range(self.low, self.high, self.scale)
        scales.check_step(self.step, self.scale)

    def __str__(self) -> str:
        what = "an integer" if self._integer else "a number"
        apart = f"steps of {self.step}" if self.scale == "linear" else f"factors of {self.step}"
        told = "" if self._integer and (self.step, self.scale) == (1, "linear") else f" in {apart}"
        reverse = scales.words(self.scale) if self.scale == "reverse_log" else ""
        return f"{what} from {self.low} to {self.high}{told}{reverse}"

    @property
    def kind(self) -> Kind:
        return Kind.INTEGER if self._integer else Kind.ORDINAL

    @property
    def size(self) -> int:
        return scales.count_steps(self.low, self.high, self.step, self.scale)

    @property
    def bounds(self) -> tuple[float, float]:
        return self.low, self.high

    @property
    def _integer(self) -> bool:
        return all(isinstance(number, int) for number in (self.low, self.high, self.step))

    def _flip(self, index: int) -> int:
        """Turns an index into the number of steps, or back: reverse_log counts from the top."""
        return self.size - 1 - index if self.scale == "reverse_log" else index

    def value_of_index(self, index: int) -> float:
        value = scales.step_value(self._flip(index), self.low, self.high, self.step, self.scale)
        if self._integer:
            return value
        return scales.without_rounding(value, self.low, self.high, self.step, self.scale)

    def to_unit(self, value: Value) -> float:
        number = _number(value, self)
        if self.low <= number <= self.high:
            i = scales.nearest_step(number, self.low, self.high, self.step, self.scale)
            index = self._flip(i)
            if math.isclose(self.value_of_index(index), number, rel_tol=1e-9, abs_tol=1e-12):
                return self.unit_of_index(index)
        raise SpaceError(f"The value must be {self}. Received: {value!r}.")

    def nearest(self, number: float) -> float:
        inside = min(max(float(number), self.low), self.high)
        i = scales.nearest_step(inside, self.low, self.high, self.step, self.scale)
        return self.unit_of_index(self._flip(i))

    def places(self) -> FloatArray:
        """Returns the places of all values, `n`, ascending and read-only; finite domains only."""
        return _places(self)

    def borders(self) -> FloatArray:
        # Halfway on the scale, as `nearest` rounds.
        halfway = np.arange(self.size - 1) + 0.5
        found = [scales.step_value(i, self.low, self.high, self.step, self.scale) for i in halfway]
        return np.sort(np.array(found, dtype=np.float64))

    def config(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high, "step": self.step, "scale": self.scale}


@dataclass(frozen=True)
class IntegerRange(Domain):
    """Every integer from `low` to `high`, placed on a log or reverse-log scale.

    The places are as far apart as the logarithms are: 1 and 2 lie further apart than 99 and 100.
    Every integer has exactly one place, so a walk along u meets each once and in order.

    Args:
        low: The smallest value, above 0.
        high: The largest value.
        scale: "log" or "reverse_log".

    Raises:
        SpaceError: If the range is empty or does not fit the scale.
    """

    low: int
    high: int
    scale: str = "log"

    config_name: ClassVar[str] = "integer_range"

    def __post_init__(self) -> None:
        scales.check_range(self.low, self.high, self.scale)

    def __str__(self) -> str:
        return f"an integer from {self.low} to {self.high}{scales.words(self.scale)}"

    @property
    def kind(self) -> Kind:
        return Kind.INTEGER

    @property
    def size(self) -> int:
        return self.high - self.low + 1

    @property
    def bounds(self) -> tuple[float, float]:
        return self.low, self.high

    def to_unit(self, value: Value) -> float:
        number = _number(value, self)
        if not self.low <= number <= self.high or number != int(number):
            raise SpaceError(f"The value must be {self}. Received: {value!r}.")
        return scales.to_unit(number, self.low, self.high, self.scale)

    def from_unit(self, u: float) -> int:
        return round(scales.from_unit(scales.clip(u), self.low, self.high, self.scale))

    def unit_of_index(self, index: int) -> float:
        return self.to_unit(self.low + index)

    def index_of_unit(self, u: float) -> int:
        return self.from_unit(u) - self.low

    def draw(self, p: float) -> float:
        # One past the top, then floored: each integer owns its own stretch of the log scale.
        if self.scale == "log":
            value = math.floor(scales.from_unit(scales.clip(p), self.low, self.high + 1, "log"))
        else:
            mirrored = math.floor(
                scales.from_unit(1 - scales.clip(p), self.low, self.high + 1, "log")
            )
            value = self.high + self.low - mirrored
        return self.nearest(value)

    def snapped(self, u: FloatArray) -> FloatArray:
        if self.size > _TABLE:
            return super().snapped(u)
        inside = np.clip(u, 0.0, 1.0)
        mirrored = self.scale == "reverse_log"
        power = np.exp((1.0 - inside if mirrored else inside) * math.log(self.high / self.low))
        index = np.rint(self.low * power) - self.low
        if mirrored:
            index = self.size - 1 - index
        places: FloatArray = self.places()[np.clip(index, 0, self.size - 1).astype(int)]
        return places

    def draws(self, p: FloatArray) -> FloatArray:
        if self.size > _TABLE:
            return super().draws(p)
        inside = np.clip(p, 0.0, 1.0)
        mirrored = self.scale == "reverse_log"
        span = math.log((self.high + 1) / self.low)
        power = np.exp((1.0 - inside if mirrored else inside) * span)
        index = np.floor(self.low * power) - self.low
        if mirrored:
            index = self.size - 1 - index
        places: FloatArray = self.places()[np.clip(index, 0, self.size - 1).astype(int)]
        return places

    def even_shares(self) -> FloatArray:
        ends = np.log(np.arange(self.low, self.high + 2, dtype=np.float64))
        shares: FloatArray = np.diff(ends) / (ends[-1] - ends[0])
        return shares if self.scale == "log" else shares[::-1]

    def nearest(self, number: float) -> float:
        return self.to_unit(round(min(max(float(number), self.low), self.high)))

    def config(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high, "scale": self.scale}


@functools.lru_cache(maxsize=256)
def _places(domain: Domain) -> FloatArray:
    places = np.array([domain.unit_of_index(index) for index in range(domain.size or 0)])
    # One array for all who ask.
    places.setflags(write=False)
    return places


@dataclass(frozen=True)
class Levels(_Indexed):
    """A list of values; ordered ones lie in ascending order, evenly.

    Args:
        values: The values; repeats are an error, since they would count as two configurations.
        ordered: Whether neighbours are alike. Only numbers can be ordered.

    Raises:
        SpaceError: If there is no value, one repeats, or `ordered` does not fit the values.
    """

    values: tuple[Value, ...]
    ordered: bool = False

    config_name: ClassVar[str] = "levels"

    def __post_init__(self) -> None:
        if not self.values:
            raise SpaceError("A list of values must not be empty. Received: [].")
        if len(set(self.values)) < len(self.values):
            raise SpaceError(f"A list of values must not repeat any. Received: {self.values}.")
        if any(isinstance(value, float) and math.isnan(value) for value in self.values):
            raise SpaceError(f"A list of values must not hold NaN. Received: {self.values}.")
        if self.ordered:
            if any(isinstance(value, (str, bool)) for value in self.values):
                raise SpaceError(f"Only numbers can be ordered. Received: {self.values}.")
            # Neighbours on the unit interval must be neighbours in value, whatever the list said.
            object.__setattr__(self, "values", tuple(sorted(self.values)))

    def __str__(self) -> str:
        return f"one of {list(self.values)}{', in order' if self.ordered else ''}"

    @property
    def kind(self) -> Kind:
        return Kind.ORDINAL if self.ordered else Kind.CATEGORICAL

    @property
    def size(self) -> int:
        return len(self.values)

    @property
    def bounds(self) -> tuple[float, float]:
        if not self.ordered:
            return super().bounds
        return float(self.values[0]), float(self.values[-1])

    def value_of_index(self, index: int) -> Value:
        return self.values[index]

    def to_unit(self, value: Value) -> float:
        for index, known in enumerate(self.values):
            # A Boolean is no number here: 1 == True must not make them one value.
            if known == value and isinstance(known, bool) == isinstance(value, bool):
                return self.unit_of_index(index)
        raise SpaceError(f"The value must be {self}. Received: {value!r}.")

    def nearest(self, number: float) -> float:
        if not self.ordered:
            return super().nearest(number)
        gaps = [abs(float(value) - number) for value in self.values]
        return self.unit_of_index(gaps.index(min(gaps)))

    def config(self) -> dict[str, Any]:
        return {"values": list(self.values), "ordered": self.ordered}


_DOMAINS: dict[str, type[Any]] = {
    domain.config_name: domain for domain in (FloatRange, Steps, IntegerRange, Levels)
}


def domain_to_config(domain: Domain) -> dict[str, Any]:
    """Returns a JSON-able description of a domain."""
    return {"type": domain.config_name, **domain.config()}


def domain_from_config(config: dict[str, Any]) -> Domain:
    """Returns the domain that `domain_to_config` described.

    Raises:
        SpaceError: If the description is of no known type.
    """
    arguments = dict(config)
    kind = arguments.pop("type", None)
    if kind not in _DOMAINS:
        raise SpaceError(
            f"The domain's type must be one of {sorted(_DOMAINS)}. Received: {kind!r}."
        )
    if kind == "levels":
        arguments["values"] = tuple(arguments["values"])
    domain: Domain = _DOMAINS[kind](**arguments)
    return domain
