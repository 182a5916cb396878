"""What an argument must be, for all rooms: each check returns the value as plain Python.

Plain numbers are kept so that settings can be written as JSON, and rates as floats: from an integer
Keras would make an integer tensor. A flag is no number here, though Python's are integers.
"""

from __future__ import annotations

import difflib
import math
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from tfhpo.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeGuard


def refusal(name: str, rule: str, value: object, hint: str = "") -> ArgumentError:
    """Returns the error for an argument that breaks its rule.

    Args:
        name: The argument.
        rule: What it must be, as it follows "must be".
        value: What was given for it.
        hint: What else is said, with a space before it.
    """
    return ArgumentError(f"`{name}` must be {rule}. Received: {name}={value!r}.{hint}")


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
        number = float(value) if is_number(value) else math.nan
        if not self._holds(number):
            raise refusal(name, self._wording, value)
        return number

    def worded(self, wording: str) -> NumberRule:
        """Returns the same rule for an argument that may be something else than a number, too."""
        return NumberRule(wording, self._holds)


finite = NumberRule("a finite number", math.isfinite)
positive = NumberRule("a finite number above 0", lambda x: 0.0 < x < math.inf)
not_negative = NumberRule("a finite number of 0 or more", lambda x: 0.0 <= x < math.inf)
at_least_one = NumberRule("a finite number of 1 or more", lambda x: 1.0 <= x < math.inf)
fraction = NumberRule("a number from 0 to 1", lambda x: 0.0 <= x <= 1.0)
fraction_below_one = NumberRule("a number of 0 or more and below 1", lambda x: 0.0 <= x < 1.0)
fraction_above_zero = NumberRule("a number above 0 and of 1 at most", lambda x: 0.0 < x <= 1.0)


def is_number(value: object) -> TypeGuard[float]:
    """Returns whether something is a real number, NumPy's too; a flag or a text is none."""
    return isinstance(value, Real) and not isinstance(value, bool)


def is_integer(value: object) -> TypeGuard[int]:
    """Returns whether something is an integer, NumPy's too; a flag, or 10.0, is none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def integer(name: str, value: Any, least: int, most: int | None = None, *, also: str = "") -> int:
    """Returns an integer within bounds.

    Args:
        name: The argument, for the message.
        value: What was given for it.
        least: The smallest that is allowed.
        most: The largest that is allowed; None (default) for no bound.
        also: What the argument may be beside a number, as it follows the rule; who calls looks at
            that first.

    Raises:
        ArgumentError: If the value is anything else; True and False are no numbers, 10.0 is no
            integer.
    """
    fits = is_integer(value) and least <= int(value) and (most is None or int(value) <= most)
    if fits:
        return int(value)
    rule = (
        f"an integer of at least {least}" if most is None else f"an integer from {least} to {most}"
    )
    whole = is_number(value) and not is_integer(value) and float(value).is_integer()
    raise refusal(name, rule + also, value, " Wrap it in int()." if whole else "")


def flag(name: str, value: Any) -> bool:
    """Returns a truth value.

    Args:
        name: The argument, for the message.
        value: What was given for it.

    Raises:
        ArgumentError: If the value is neither True nor False.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise refusal(name, "True or False", value)
    return bool(value)


def choice(name: str, value: Any, choices: Iterable[str]) -> str:
    """Returns one of several words.

    Args:
        name: The argument, for the message.
        value: What was given for it.
        choices: The words that are allowed, in the order in which they are told.

    Raises:
        ArgumentError: If the value is none of them; the message names the nearest.
    """
    known = list(choices)
    if not isinstance(value, str) or value not in known:
        raise refusal(name, f"one of {known}", value, did_you_mean(value, known))
    return value


def did_you_mean(received: object, known: Iterable[str], *, prefix: str = "") -> str:
    """Returns what is said of the nearest name, with a space before it; "" where none is near.

    Args:
        received: What was given in place of a name.
        known: The names that are allowed.
        prefix: What all of them begin with and is told, but not compared.
    """
    near = difflib.get_close_matches(str(received), list(known), n=1)
    return f" Did you mean {prefix + near[0]!r}?" if near else ""
