"""What an argument must be where it counts steps, names kinds, or is a range of rates.

Each check returns the value as plain Python; the general ones are in `tfhpo/arguments.py`.
"""

from __future__ import annotations

import inspect
import re
from numbers import Integral
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tfhpo.arguments import NumberRule, did_you_mean, flag, integer, positive, refusal
from tfhpo.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Whole steps are counted in 32 bits where the backend has no more, as JAX by default.
MOST_STEPS = 2**31 - 1


def whole(name: str, value: Any, least: int) -> int:
    """Returns a whole number of steps, or what else is counted in 32 bits.

    Args:
        name: The argument, for the message.
        value: What was given for it.
        least: The smallest that is allowed.

    Raises:
        ArgumentError: If the value is anything else; True and False are no numbers, 10.0 is no
            integer.
    """
    return integer(name, value, least, MOST_STEPS)


def bounds(name: str, value: Any, rule: NumberRule) -> tuple[float, float]:
    """Returns the two ends of a range in which a number is tuned.

    Args:
        name: The argument, for the message.
        value: The smallest and the largest number, as a list or a tuple.
        rule: What both must be.

    Raises:
        ArgumentError: If there are not two, one breaks the rule, or they are equal or reversed.
    """
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise refusal(name, "a pair: the smallest and the largest", value)
    low, high = (rule(name, end) for end in value)
    if low >= high:
        hint = f" They are reversed: {name}={(high, low)!r}." if low > high else ""
        raise refusal(name, "a pair of which the first is the smaller", value, hint)
    return low, high


def names(argument: str, value: Any, known: Sequence[str]) -> list[str]:
    """Returns the names that one name, or a list or a tuple of names, stands for.

    A set is refused: its order is another in every process, and with it a seeded search.

    Args:
        argument: The argument, for the message.
        value: What was given for it.
        known: The names that are allowed.

    Raises:
        ArgumentError: If there is none, one twice, or something else.
    """
    given = list(value) if isinstance(value, (list, tuple)) else [value]
    for one in given:
        if not isinstance(one, str) or one not in known:
            raise ArgumentError(
                f"`{argument}` must be one of {', '.join(known)}; or a list of these. "
                f"Received: {one!r}.{kind_hint(one, known)}"
            )
    if not given or len(set(given)) < len(given):
        raise ArgumentError(
            f"`{argument}` must name at least one, and each only once. Received: {given}."
        )
    return given


def kind_hint(received: Any, known: Iterable[str]) -> str:
    """Returns what is said of the nearest name, with a space before it; "" where none is near.

    Args:
        received: A word, or the class or an instance that the word stands for.
        known: The names that are allowed.
    """
    if inspect.isclass(received) or hasattr(received, "get_config"):
        word = (received if inspect.isclass(received) else type(received)).__name__
    else:
        word = str(received)
    if isinstance(received, str) and "," in word:
        return " Several are given one by one, without commas."
    # CosineDecayRestarts is cosine_restarts.
    word = re.sub("(?<=[a-z])(?=[A-Z])", "_", word).lower().replace("_decay", "")
    return did_you_mean(word, known)


def steps(name: str, value: Any) -> int | float:
    """Returns a positive number of steps: an int where it is one, as Keras and TensorFlow 1 do.

    Args:
        name: The argument, for the message.
        value: What was given for it; 12.5 steps are allowed.

    Raises:
        ArgumentError: If the value is not a finite number above 0; True is no number.
    """
    number = positive(name, value)
    return int(value) if isinstance(value, Integral) else number


def listed(name: str, values: Any) -> list[Any]:
    """Returns the members of a list, a tuple or an array of one dimension.

    Args:
        name: The argument, for the message.
        values: What was given for it.

    Raises:
        ArgumentError: If there is anything else.
    """
    if not isinstance(values, (list, tuple)) and np.ndim(values) != 1:
        raise refusal(name, "a list of numbers", values)
    return list(values)


def scope(value: Any) -> str:
    """Returns the name of a schedule, under which Keras groups its operations.

    Args:
        value: What was given as `name`.

    Raises:
        ArgumentError: If Keras would refuse it at the first training step.
    """
    if not isinstance(value, str) or not value or "/" in value:
        raise refusal("name", "a text, not empty and without '/'", value)
    return value


class Decay(NamedTuple):
    """The arguments of a decay by a rate per so many steps, in Keras's order."""

    initial_learning_rate: float
    decay_steps: int | float
    decay_rate: float
    staircase: bool
    name: str


def decay(
    initial_learning_rate: Any, decay_steps: Any, decay_rate: Any, staircase: Any, name: Any
) -> Decay:
    """Returns what the schedules have in common that decay by a rate per so many steps.

    Args:
        initial_learning_rate: Above 0.
        decay_steps: In training steps, above 0.
        decay_rate: Above 0.
        staircase: Whether the rate keeps still between the multiples of the steps.
        name: Under which Keras groups the operations.

    Raises:
        ArgumentError: If one breaks its rule.
    """
    return Decay(
        positive("initial_learning_rate", initial_learning_rate),
        steps("decay_steps", decay_steps),
        positive("decay_rate", decay_rate),
        flag("staircase", staircase),
        scope(name),
    )
