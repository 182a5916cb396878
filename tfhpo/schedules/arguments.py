"""What an argument of a schedule must be: each check returns the value as plain Python number.

Plain numbers are kept so that a configuration can be written as JSON, and rates as floats: from
`initial_learning_rate=1` Keras would make an integer tensor, and every later rate would be 0.
"""

from __future__ import annotations

import difflib
import inspect
import math
import re
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from tfhpo.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

#: Whole steps are counted in 32 bits where the backend has no more, as JAX by default.
MOST_STEPS = 2**31 - 1


class NumberRule:
    """What a number must be; called with an argument's name and value, it returns a float.

    Args:
        wording: The rule, as it follows "must be".
        holds: Whether a number keeps it. It is asked about NaN, too, and must deny it.
    """

    def __init__(self, wording: str, holds: Callable[[float], bool]) -> None:
        self._wording = wording
        self._holds = holds

    def __call__(self, name: str, value: Any) -> float:
        """Returns the value as a float.

        Args:
            name: The argument, for the message.
            value: What was given for it.

        Raises:
            ArgumentError: If it breaks the rule, or is no number; True and False are none.
        """
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        number = float(value) if is_number else math.nan
        if not self._holds(number):
            raise _refusal(name, self._wording, value)
        return number

    def worded(self, wording: str) -> NumberRule:
        """Returns the same rule for an argument that may be something else than a number, too."""
        return NumberRule(wording, self._holds)


positive = NumberRule("a finite number above 0", lambda x: 0.0 < x < math.inf)
not_negative = NumberRule("a finite number of 0 or more", lambda x: 0.0 <= x < math.inf)
at_least_one = NumberRule("a finite number of 1 or more", lambda x: 1.0 <= x < math.inf)
fraction = NumberRule("a number from 0 to 1", lambda x: 0.0 <= x <= 1.0)
fraction_below_one = NumberRule("a number of 0 or more and below 1", lambda x: 0.0 <= x < 1.0)
fraction_above_zero = NumberRule("a number above 0 and of 1 at most", lambda x: 0.0 < x <= 1.0)


def whole(name: str, value: Any, least: int, most: int = MOST_STEPS) -> int:
    """Returns a whole number within bounds.

    Args:
        name: The argument, for the message.
        value: What was given for it.
        least: The smallest that is allowed.
        most: The largest that is allowed.

    Raises:
        ArgumentError: If the value is anything else; True and False are no numbers, 10.0 is no
            whole number.
    """
    is_whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not is_whole or not least <= int(value) <= most:
        refusal = _refusal(name, f"a whole number from {least} to {most}", value)
        if isinstance(value, Real) and float(value).is_integer() and not is_whole:
            refusal = ArgumentError(f"{refusal} Wrap it in int().")
        raise refusal
    return int(value)


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
        raise _refusal(name, "a pair: the smallest and the largest", value)
    low, high = (rule(name, end) for end in value)
    if low >= high:
        hint = f" They are reversed: {name}={(high, low)!r}." if low > high else ""
        refusal = _refusal(name, "a pair of which the first is the smaller", value)
        raise ArgumentError(f"{refusal}{hint}")
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
                f"Received: {one!r}.{did_you_mean(one, known)}"
            )
    if not given or len(set(given)) < len(given):
        raise ArgumentError(
            f"`{argument}` must name at least one, and each only once. Received: {given}."
        )
    return given


def did_you_mean(received: Any, known: Iterable[str]) -> str:
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
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


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


def flag(name: str, value: Any) -> bool:
    """Returns a truth value.

    Args:
        name: The argument, for the message.
        value: What was given for it.

    Raises:
        ArgumentError: If the value is neither True nor False.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise _refusal(name, "True or False", value)
    return bool(value)


def choice(name: str, value: Any, choices: Sequence[str]) -> str:
    """Returns one of several words.

    Args:
        name: The argument, for the message.
        value: What was given for it.
        choices: The words that are allowed.

    Raises:
        ArgumentError: If the value is none of them.
    """
    if not isinstance(value, str) or value not in choices:
        raise _refusal(name, f"one of {list(choices)}", value)
    return value


def listed(name: str, values: Any) -> list[Any]:
    """Returns the members of a list, a tuple or an array of one dimension.

    Args:
        name: The argument, for the message.
        values: What was given for it.

    Raises:
        ArgumentError: If there is anything else.
    """
    if not isinstance(values, (list, tuple)) and np.ndim(values) != 1:
        raise _refusal(name, "a list of numbers", values)
    return list(values)


def scope(value: Any) -> str:
    """Returns the name of a schedule, under which Keras groups its operations.

    Args:
        value: What was given as `name`.

    Raises:
        ArgumentError: If Keras would refuse it at the first training step.
    """
    if not isinstance(value, str) or not value or "/" in value:
        raise _refusal("name", "a text, not empty and without '/'", value)
    return value


def _refusal(name: str, rule: str, value: Any) -> ArgumentError:
    return ArgumentError(f"`{name}` must be {rule}. Received: {name}={value!r}.")
