"""KerasTuner's `HyperParameters` that note what a build reads and how it declares it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import keras_tuner

from tfhpo.errors import SpaceError
from tfhpo.oracles import wire
from tfhpo.space import Value

# What makes two declarations differ; the default is no part of the range.
_RANGE_FIELDS = ("min_value", "max_value", "step", "sampling", "values", "ordered", "value")
# KerasTuner's own oracles on a chief send 32-bit floats.
_FLOAT32_ROUNDING = 1e-6


class DeclarationError(SpaceError, keras_tuner.errors.FatalValueError):  # type: ignore[misc]
    """A build declares a parameter with another range than before.

    It is one of KerasTuner's fatal errors too, so that KerasTuner's own tuners stop on it rather
    than count the trial as failed.
    """


class TrackedHyperParameters(keras_tuner.HyperParameters):  # type: ignore[misc]
    """Hyperparameters that remember which of them a build has read.

    A parameter that a build did not read is inactive for that trial, whatever the conditional
    scopes say: many spaces are written with plain `if`s.

    Attributes:
        read: Names of the parameters that were read, shared with every copy made by a build.
        overridden: Names that the user registered with a range of their own, which the build's
            declaration must not contradict.
        notes: What else travels with them between the chief and a worker; JSON values.
    """

    def __init__(self) -> None:
        super().__init__()
        self.read: set[str] = set()
        self.notes: dict[str, Any] = {}
        self.overridden: frozenset[str] = frozenset()

    @classmethod
    def tracking(
        cls,
        hyperparameters: keras_tuner.HyperParameters,
        values: Mapping[str, Value] | None = None,
        overridden: Iterable[str] = (),
    ) -> TrackedHyperParameters:
        """Returns a copy that tracks from now on.

        Args:
            hyperparameters: The space to copy, with its values.
            values: Values instead of those of `hyperparameters`.
            overridden: Names whose declaration by a build is not compared.
        """
        sent = wire.received(hyperparameters)
        hyperparameters = sent.hyperparameters
        copied = cls()
        copied.notes = sent.notes
        # The lists are copied and their entries shared: KerasTuner never changes a parameter, and
        # making each of them anew is what made its own copies slow.
        copied._hps.update({name: list(hps) for name, hps in hyperparameters._hps.items()})
        copied._space = list(hyperparameters._space)
        copied.values = dict(hyperparameters.values if values is None else values)
        copied.overridden = frozenset(overridden)
        return copied

    def copy(self) -> TrackedHyperParameters:
        copied = self.tracking(self, overridden=self.overridden)
        # A build may work on a copy (`HyperModel(tunable=False)` does): it reads for the trial.
        copied.read = self.read
        copied.notes = self.notes
        return copied

    def to_proto(self) -> Any:
        """Returns KerasTuner's message, with an exact copy in it."""
        message = super().to_proto()
        message.values.values[wire.EXACT].string_value = wire.exact_copy(self, self.notes)
        return message

    def get(self, name: str) -> Value:
        value: Value = super().get(name)
        self.read.add(self._get_name(name))
        return value

    def active_read(self) -> dict[str, Value]:
        """Returns the values that were read; all of them where nothing was read through `hp`."""
        if not self.read:
            return dict(self.values)
        return {name: value for name, value in self.values.items() if name in self.read}

    def _retrieve(self, hp: Any) -> Value | None:
        self._check_declaration(hp)
        if self._exists(hp.name, hp.conditions) and self.is_active(hp):
            # The space may have grown since the trial was suggested: a repeated attempt then lacks
            # a value for what another build, or its own first attempt, declared.
            self.values.setdefault(hp.name, hp.default)
        value: Value | None = super()._retrieve(hp)
        if value is not None:
            self.read.add(hp.name)
        return value

    def _check_declaration(self, declared: Any) -> None:
        if declared.name in self.overridden:
            return
        for known in self._hps.get(declared.name, []):
            if known.conditions == declared.conditions and not _same_range(known, declared):
                raise DeclarationError(
                    f"A parameter must be declared with one range: {declared.name!r} is known as "
                    f"{known} and is now declared as {declared}. Give it another name, or start "
                    "another study; what depends on another parameter can be a share of it, from 0 "
                    "to 1."
                )


def _same_range(known: Any, declared: Any) -> bool:
    if type(known) is not type(declared):
        return False
    return all(
        _same(getattr(known, field, None), getattr(declared, field, None))
        for field in _RANGE_FIELDS
        # The `values` of a numeric parameter are only samples of its range.
        if not (field == "values" and hasattr(known, "min_value"))
    )


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, (list, tuple)) and isinstance(second, (list, tuple)):
        return len(first) == len(second) and all(map(_same, first, second))
    if isinstance(first, float) and isinstance(second, (int, float)):
        return math.isclose(first, second, rel_tol=_FLOAT32_ROUNDING)
    return bool(first == second)
