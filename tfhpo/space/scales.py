"""The scales of a numeric range: linear, log and reverse_log, whole or in steps.

Notation:
    v       a value
    u       its place on the unit interval, in [0, 1]
    a, b    the smallest and the largest value of the range
    s       the step: a difference on the linear scale, a ratio on the other two
    i       the number of steps from the start of the scale

Scales (KerasTuner's `sampling`), as u -> v and i -> v:
    linear       v = a + u (b - a)                   v = a + i s
    log          v = a (b / a)^u                     v = a s^i
    reverse_log  v = a + b - a (b / a)^(1 - u)       v = a + b - a s^i, counted from the top
"""

from __future__ import annotations

import math

from tfhpo.errors import SpaceError

SCALES = ("linear", "log", "reverse_log")
# Slack for "does the step divide the span", relative to one step.
_STEP_SLACK = 1e-8


def words(scale: str) -> str:
    """Returns what a person is told of a scale, after its range."""
    return "" if scale == "linear" else f" on a {scale.replace('_', ' ')} scale"


def check_range(low: float, high: float, scale: str) -> None:
    """Raises a SpaceError unless low <= high are finite and fit the scale."""
    if scale not in SCALES:
        raise SpaceError(f"The scale must be one of {SCALES}. Received: {scale!r}.")
    if not (math.isfinite(low) and math.isfinite(high)) or low > high:
        raise SpaceError(
            "The range must be finite with its minimum at or below its maximum. "
            f"Received: minimum {low!r}, maximum {high!r}."
        )
    if scale != "linear" and low <= 0:
        raise SpaceError(f"A {scale} scale needs a minimum above 0. Received: minimum {low!r}.")


def check_step(step: float, scale: str) -> None:
    """Raises a SpaceError unless the step leads upwards on the scale."""
    least = 0 if scale == "linear" else 1
    if not math.isfinite(step) or step <= least:
        raise SpaceError(
            f"The step of a {scale} range must be above {least}. Received: step {step!r}."
        )


def to_unit(value: float, low: float, high: float, scale: str) -> float:
    """Returns the place u of a value; 0 where the range is a single value."""
    if high == low:
        return 0.0
    if scale == "linear":
        u = (value - low) / (high - low)
    elif scale == "log":
        u = math.log(value / low) / math.log(high / low)
    else:
        u = 1.0 - math.log((high + low - value) / low) / math.log(high / low)
    return clip(u)


def from_unit(u: float, low: float, high: float, scale: str) -> float:
    """Returns the value at the place u, inside the range whatever the rounding; ends are exact."""
    if u in (0.0, 1.0):
        return high if u else low
    if scale == "linear":
        value = low + u * (high - low)
    elif scale == "log":
        value = low * math.pow(high / low, u)
    else:
        value = high + low - low * math.pow(high / low, 1.0 - u)
    return min(max(value, low), high)


def count_steps(low: float, high: float, step: float, scale: str) -> int:
    """Returns how many values a stepped range has; both ends count where the step divides it."""
    if scale == "linear":
        return math.floor((high - low) / step + _STEP_SLACK) + 1
    return math.floor(math.log(high / low) / math.log(step) + _STEP_SLACK) + 1


def step_value(i: float, low: float, high: float, step: float, scale: str) -> float:
    """Returns the value `i` steps from the start of the scale; integers stay integers."""
    if scale == "linear":
        value = low + i * step
    elif scale == "log":
        value = low * step**i
    else:
        value = high + low - low * step**i
    return value


def without_rounding(value: float, low: float, high: float, step: float, scale: str) -> float:
    """Returns what a stepped value is meant to be.

    Both ends are exact, 3 * 0.2 is 0.6 and not 0.6000000000000001, and -0.3 + 3 * 0.1 is 0.
    """
    slack = _STEP_SLACK * step if scale == "linear" else 0.0
    for exact in (float(low), float(high), 0.0):
        if math.isclose(value, exact, rel_tol=1e-9, abs_tol=slack):
            return exact
    return float(f"{value:.12g}")


def nearest_step(value: float, low: float, high: float, step: float, scale: str) -> int:
    """Returns the number of steps whose value lies nearest, on the scale."""
    if scale == "linear":
        i = (value - low) / step
    elif scale == "log":
        i = math.log(value / low) / math.log(step)
    else:
        i = math.log((high + low - value) / low) / math.log(step)
    return min(max(round(i), 0), count_steps(low, high, step, scale) - 1)


def clip(u: float) -> float:
    """Returns `u` as a float inside [0, 1]."""
    return min(max(float(u), 0.0), 1.0)
