"""The bounds that a user gives in place of the recommended ones."""

from __future__ import annotations

from typing import Any

from tfhpo.arguments import NumberRule
from tfhpo.errors import ArgumentError


def checked_bounds(minimum: Any, maximum: Any, rule: NumberRule) -> tuple[float, float]:
    """Returns the smallest and the largest value of a parameter.

    Args:
        minimum: The smallest value.
        maximum: The largest value.
        rule: What both must be.

    Raises:
        ArgumentError: If one breaks the rule, or they are equal or reversed.
    """
    low, high = rule("minimum", minimum), rule("maximum", maximum)
    if low >= high:
        raise ArgumentError(
            f"`minimum` must be below `maximum`. Received: minimum={low!r}, maximum={high!r}."
        )
    return low, high
