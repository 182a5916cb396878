"""Normal noise that depends on a seed and the training step alone.

Notation:
    s       the training step, a whole number
    H, L    the high and the low 16 bits of a 32-bit number
    m, c    the keys of a round: m odd, in [2^14, 2^15), c in [0, 2^16)
    u       a number in (0, 1)

A generator that keeps a state would give another noise after a restart, in a plot or on another
backend. Here the step itself is shuffled into a random number: a Feistel network (Luby and
Rackoff, 1988, "How to construct pseudorandom permutations from pseudorandom functions") is a
permutation of the 32-bit numbers, so that no two steps below 2^32 share one. Each round replaces
(H, L) by (L, H + F(L) mod 2^16), where F multiplies the upper and the lower part of m L + c. All
products stay below 2^31: the integers of every backend hold them, and results are the same on all.
The state after some rounds and the state at the end give two numbers u, which the transform of
Box and Muller (1958, "A note on the generation of random normal deviates") makes normal.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from keras import ops

from tfhpo.schedules import counting

_HALF = 2**16
# Tried with close relatives of F, 200,000 steps and 20 seeds: with 4 and 2 rounds tests for
# independence failed, with 4 and 4 none did. The two more are a margin.
_ROUNDS_TO_RADIUS = 6
_ROUNDS_TO_ANGLE = 4


class StepNoise:
    """Standard normal noise by step, independent between steps and between seeds.

    Args:
        seed: A whole number of 0 or more.
    """

    def __init__(self, seed: int) -> None:
        rounds = _ROUNDS_TO_RADIUS + _ROUNDS_TO_ANGLE
        words = np.random.SeedSequence(seed).generate_state(2 * rounds).reshape(rounds, 2)
        keys = [(int(m) % 2**14 + 2**14 | 1, int(c) % _HALF) for m, c in words]
        self._radius_keys = keys[:_ROUNDS_TO_RADIUS]
        self._angle_keys = keys[_ROUNDS_TO_RADIUS:]

    def __call__(self, step: Any) -> Any:
        """Returns the noise at steps.

        Args:
            step: s, any shape; the steps from n to n + 1 share the noise of n.

        Returns:
            A float32 tensor of the same shape; values lie within 6.8 of 0.
        """
        first, second = self.uniforms(step)
        return ops.sqrt(-2.0 * ops.log(first)) * ops.cos(2.0 * math.pi * second)

    def uniforms(self, step: Any) -> tuple[Any, Any]:
        """Returns what the noise at steps is made of: u of its radius and u of its angle.

        Args:
            step: s, any shape.
        """
        state = _shuffled(_halves(step), self._radius_keys)
        return _between_0_and_1(state), _between_0_and_1(_shuffled(state, self._angle_keys))


def _halves(step: Any) -> tuple[Any, Any]:
    """Returns H and L of steps, as int32."""
    above, low = counting.turns(step, _HALF)
    _, high = counting.turns(above, _HALF)
    return ops.cast(high, "int32"), ops.cast(low, "int32")


def _shuffled(state: tuple[Any, Any], keys: list[tuple[int, int]]) -> tuple[Any, Any]:
    high, low = state
    for m, c in keys:
        mixed = low * m + c
        upper, lower = ops.floor_divide(mixed, 2**15), ops.mod(mixed, 2**15)
        high, low = low, ops.mod(high + ops.floor_divide(upper * lower, 2**8) + lower, _HALF)
    return high, low


def _between_0_and_1(state: tuple[Any, Any]) -> Any:
    """Returns u: the 32 bits as a fraction, half a unit above 0."""
    high, low = (ops.cast(half, "float32") for half in state)
    return (high * float(_HALF) + low + 0.5) / float(_HALF) ** 2
