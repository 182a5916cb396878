"""One parameter of a search space: a name, its values, when it counts, what is known of it."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tfhpo.errors import SpaceError
from tfhpo.space.domains import (
    Domain,
    FloatArray,
    Kind,
    Levels,
    Value,
    domain_from_config,
    domain_to_config,
)
from tfhpo.space.priors import Prior, prior_from_config


@dataclass(frozen=True)
class Condition:
    """The parameter counts only while another one has one of these values.

    Args:
        parent: The name of the other parameter.
        values: The values of it that make the parameter count.
    """

    parent: str
    values: tuple[Value, ...]

    def excludes(self, other: Condition) -> bool:
        """Whether the two can never hold at once."""
        return self.parent == other.parent and not set(self.values) & set(other.values)

    def places(self, domain: Domain) -> FloatArray:
        """Returns the places of the values, as far as a domain has them; read-only.

        Args:
            domain: That of the other parameter.
        """
        # True and 1 are equal, and not the same in every domain.
        return _places(domain, self.values, tuple(map(type, self.values)))

    def __str__(self) -> str:
        return f"{self.parent} in {list(self.values)}"


@dataclass(frozen=True)
class Parameter:
    """A parameter: a column of the encoded space.

    Parameters are told apart by name and conditions together, as KerasTuner does: `units` under
    `model=mlp` and `units` under `model=cnn` are two columns.

    Args:
        name: The name, with its name scopes.
        domain: The values it can take.
        conditions: All must hold for the parameter to count. Empty for one that always does.
        default: The value a user starts from, or None.
        prior: A distribution over the values, or None for a uniform one on the domain's scale.

    Raises:
        SpaceError: If the default is not in the domain or the prior leaves it.
    """

    name: str
    domain: Domain
    conditions: tuple[Condition, ...] = ()
    default: Value | None = None
    prior: Prior | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.default is not None and self.default not in self.domain:
            raise SpaceError(
                f"The default of {self.name!r} must be one of its values, {self.domain}. "
                f"Received: {self.default!r}."
            )
        if self.prior is not None:
            try:
                self.prior.check(self.domain)
            except SpaceError as error:
                raise SpaceError(f"Parameter {self.name!r}: {error}") from error

    def excludes(self, other: Parameter) -> bool:
        """Whether the two can never count in the same trial."""
        return any(a.excludes(b) for a in self.conditions for b in other.conditions)

    @property
    def size(self) -> int | None:
        """The number of values, or None where it is infinite."""
        return self.domain.size

    @property
    def key(self) -> tuple[str, tuple[Condition, ...]]:
        """What tells this parameter from every other."""
        return self.name, self.conditions

    @property
    def start(self) -> float:
        """The place to begin at: of the default, of the distribution's median, or the middle."""
        if self.default is not None:
            return self.domain.to_unit(self.default)
        return 0.5 if self.prior is None else self.draw(0.5)

    def draw(self, p: float) -> float:
        """Returns the place of the parameter's p-quantile, under its prior where it has one."""
        if self.prior is None:
            return self.domain.draw(p)
        return self.prior.quantile(self.domain, p)

    def draws(self, p: FloatArray) -> FloatArray:
        """Returns the places of several quantiles, as `draw` does of one."""
        if self.prior is None:
            return self.domain.draws(p)
        return self.prior.quantiles(self.domain, p)

    def restricted(self, values: list[Value]) -> Parameter:
        """Returns the parameter with only the listed values left.

        Their order means something only where it did in the whole domain.

        Raises:
            SpaceError: If a value is not in the domain.
        """
        for value in values:
            if value not in self.domain:
                raise SpaceError(
                    f"The list given for {self.name!r} must hold of its values, {self.domain}. "
                    f"Received: {value!r}."
                )
        ordered = self.domain.kind is not Kind.CATEGORICAL
        default = self.default if self.default in values else None
        return replace(self, domain=Levels(tuple(values), ordered=ordered), default=default)

    def config(self) -> dict[str, Any]:
        """Returns a JSON-able description that `parameter_from_config` turns back."""
        return {
            "name": self.name,
            "domain": domain_to_config(self.domain),
            "conditions": [[c.parent, list(c.values)] for c in self.conditions],
            "default": self.default,
            "prior": None if self.prior is None else self.prior.config(),
        }


@functools.lru_cache(maxsize=1024)
def _places(domain: Domain, values: tuple[Value, ...], types: tuple[type, ...]) -> FloatArray:
    del types
    if isinstance(domain, Levels):
        # True and 1 are two values of a list, and equal all the same.
        found = np.array([u for u in domain.places() if domain.from_unit(float(u)) in values])
    else:
        found = np.array([domain.to_unit(value) for value in values if value in domain])
    # One array for all who ask.
    found.setflags(write=False)
    return found


def parameter_from_config(config: dict[str, Any]) -> Parameter:
    """Returns the parameter that `Parameter.config` described."""
    prior = config["prior"]
    return Parameter(
        name=config["name"],
        domain=domain_from_config(config["domain"]),
        conditions=tuple(
            Condition(parent, tuple(values)) for parent, values in config["conditions"]
        ),
        default=config["default"],
        prior=None if prior is None else prior_from_config(prior),
    )
