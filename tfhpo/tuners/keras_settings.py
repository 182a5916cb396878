"""Keras's settings of a whole process: a new session forgets some of them, a new process all.

A user who sets a mixed precision policy, or channels first, sets it for every model of the program.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras


class KerasSettings(NamedTuple):
    """The settings that decide what a model is.

    Attributes:
        floatx: The type of floats, "float32" unless set.
        epsilon: Keras's fuzz factor.
        image_data_format: "channels_last" or "channels_first".
        dtype_policy: The policy of layers, such as mixed precision; None for that of `floatx`.
    """

    floatx: str
    epsilon: float
    image_data_format: str
    dtype_policy: Any

    @classmethod
    def here(cls) -> KerasSettings:
        """Returns those of this process."""
        return cls(
            keras.config.floatx(),
            keras.config.epsilon(),
            keras.config.image_data_format(),
            _own_policy(),
        )

    def apply(self) -> None:
        """Makes them those of this process."""
        keras.config.set_floatx(self.floatx)
        keras.config.set_epsilon(self.epsilon)
        keras.config.set_image_data_format(self.image_data_format)
        if self.dtype_policy is not None:
            keras.config.set_dtype_policy(self.dtype_policy)


def clear_session(*, free_memory: bool = True) -> None:
    """Forgets what former models left, but not the policy of layers, which is the user's.

    Args:
        free_memory: Whether to collect garbage at once.
    """
    policy = _own_policy()
    keras.backend.clear_session(free_memory=free_memory)
    if policy is not None:
        keras.config.set_dtype_policy(policy)


def _own_policy() -> Any:
    """Returns the policy, None for the one that follows from the type of floats.

    Keras keeps that, too, from the first layer on: float32, where another type is set later.
    """
    policy = keras.config.dtype_policy()
    return None if policy.name in (keras.config.floatx(), "float32") else policy
