"""Declaring the parameters of a family: their names, their role, their conditional scopes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tfhpo.declaring import roles
from tfhpo.declaring.roles import Role
from tfhpo.errors import ArgumentError


@dataclass(frozen=True)
class Declarer:
    """Declares parameters of one role in KerasTuner's hyperparameters.

    Like KerasTuner's own methods, each returns the parameter's value, or None where a conditional
    scope around it is not active.

    Args:
        hp: The `keras_tuner.HyperParameters`.
        role: What the parameters are for.
        prefix: Stands before every name.

    Raises:
        ArgumentError: If `hp` is something else, or a name is no string.
    """

    hp: Any
    role: Role
    prefix: str = ""

    def __post_init__(self) -> None:
        # By what it can do: the ready parameters need no KerasTuner to be imported.
        if not hasattr(self.hp, "conditional_scope"):
            raise ArgumentError(
                f"`hp` must be a keras_tuner.HyperParameters. Received: {self.hp!r}."
            )

    def under(self, prefix: str) -> Declarer:
        """Returns a declarer with a further prefix."""
        return replace(self, prefix=f"{self.prefix}{prefix}")

    @property
    def active(self) -> bool:
        """Whether every conditional scope around is active, so that values are not None."""
        return bool(self.hp._conditions_are_active(self.hp._conditions))

    def real(
        self,
        name: str,
        minimum: float,
        maximum: float,
        *,
        sampling: str = "linear",
        default: float | None = None,
    ) -> Any:
        """Declares a real number; `sampling` and `default` as in `hp.Float`."""
        full = self._noted(name)
        return self.hp.Float(full, minimum, maximum, sampling=sampling, default=default)

    def integer(self, name: str, minimum: int, maximum: int, **kwargs: Any) -> Any:
        """Declares an integer; further arguments as in `hp.Int`."""
        return self.hp.Int(self._noted(name), minimum, maximum, **kwargs)

    def choice(self, name: str, values: Sequence[Any], *, default: Any = None) -> Any:
        """Declares one of several values; numbers are ordered levels.

        Raises:
            ArgumentError: If the parameter was declared with other words, and has one of those.
        """
        full = self._noted(name)
        value = self.hp.Choice(full, list(values), default=default)
        # KerasTuner keeps the first list that a name was declared with.
        if isinstance(value, str) and value not in values:
            raise ArgumentError(
                f"A parameter must be declared with one list of values: {full!r} is {value!r}, of "
                f"another list. Received: {list(values)}. Give one of the two another `name`."
            )
        return value

    def boolean(self, name: str) -> Any:
        """Declares a choice between False and True."""
        return self.hp.Boolean(self._noted(name))

    def note_all(self, beginning: str) -> None:
        """Notes the role of all parameters whose names begin so, whoever declared them."""
        full = self.hp._get_name(f"{self.prefix}{beginning}")
        for one in self.hp.space:
            if one.name.startswith(full):
                roles.note(one.name, self.role)

    @contextlib.contextmanager
    def scope(self, name: str, values: Sequence[Any], *, whole: bool = True) -> Iterator[None]:
        """Opens a conditional scope: what is declared in it counts while `name` has such a value.

        KerasTuner's tuners, and ours, build a model once more for every scope that was not active,
        since it may hide parameters: over a hundred models for optimisers with schedules.
        Here a scope is left off their lists when it has nothing to hide.

        Args:
            name: The parameter that it depends on, declared before.
            values: The values of it that make the scope active.
            whole: Whether all in the scope is declared even while it is not active.
        """
        lists = (self.hp.active_scopes, self.hp.inactive_scopes)
        before = [len(one) for one in lists]
        with self.hp.conditional_scope(f"{self.prefix}{name}", list(values)):
            if whole:
                for one, length in zip(lists, before, strict=True):
                    del one[length:]
            yield

    def _noted(self, name: str) -> str:
        if not isinstance(name, str) or not name:
            raise ArgumentError(f"`name` must be a string, not empty. Received: {name!r}.")
        full = f"{self.prefix}{name}"
        roles.note(self.hp._get_name(full), self.role)
        return full
