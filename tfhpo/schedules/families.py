"""Every family of schedules with the options that shape it, for the page that shows them all.

Notation:
    T       the training length, in steps
    r       the highest rate
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfhpo import arguments
from tfhpo.schedules import checks
from tfhpo.schedules.constant import Constant
from tfhpo.schedules.cosine import CosineDecay, CosineDecayRestarts
from tfhpo.schedules.curves import Curve, curve, steps_of
from tfhpo.schedules.exponential import ExponentialDecay, NaturalExponentialDecay
from tfhpo.schedules.inverse_time import InverseTimeDecay
from tfhpo.schedules.linear_cosine import LinearCosineDecay, NoisyLinearCosineDecay
from tfhpo.schedules.one_cycle import OneCycle
from tfhpo.schedules.piecewise_constant import PiecewiseConstantDecay
from tfhpo.schedules.polynomial import PolynomialDecay
from tfhpo.schedules.triangular import TriangularCycle
from tfhpo.schedules.warm_up import WarmUp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: With fewer steps the cycles of some families would have none.
LEAST_STEPS = 20


@dataclass(frozen=True)
class Family:
    """One panel of the page: a class, and what one of its options does.

    Attributes:
        kind: The family: "polynomial".
        title: The class: "PolynomialDecay".
        curves: One for each choice of the option, its label telling the choice.
    """

    kind: str
    title: str
    curves: tuple[Curve, ...]


def families(
    total_steps: int, learning_rate: float, kinds: str | Sequence[str] | None = None
) -> list[Family]:
    """Returns the rates of all families over a training, or of some.

    Args:
        total_steps: T, at least 20.
        learning_rate: r, above 0.
        kinds: Which family, or a list of several; all by default.

    Raises:
        ArgumentError: If an argument breaks its rule, or a kind is unknown.
    """
    length = checks.whole("total_steps", total_steps, least=LEAST_STEPS)
    rate = arguments.positive("learning_rate", learning_rate)
    every = list(dict.fromkeys(kind for kind, _ in _MAKERS))
    wanted = every if kinds is None else checks.names("kinds", kinds, every)
    steps = steps_of(length)
    return [
        Family(kind, _title(made), tuple(curve(label, one, steps) for label, one in made.items()))
        for kind, make in _MAKERS
        if kind in wanted
        for made in [make(length, rate)]
    ]


def _title(schedules: dict[str, Any]) -> str:
    return type(next(iter(schedules.values()))).__name__


def _part(length: int, parts: int) -> float:
    """Returns the steps of a stair or cycle: the last one ends just after the training.

    Ending with it, it would show the beginning of another at the last step.
    """
    return (length + 1) / parts


def _exponential(length: int, rate: float) -> dict[str, Any]:
    stair = _part(length, 5)
    return {
        "smooth": ExponentialDecay(rate, stair, 0.5),
        "staircase": ExponentialDecay(rate, stair, 0.5, staircase=True),
    }


def _natural_exponential(length: int, rate: float) -> dict[str, Any]:
    stair = _part(length, 4)
    return {
        "smooth": NaturalExponentialDecay(rate, stair, 1.0),
        "staircase": NaturalExponentialDecay(rate, stair, 1.0, staircase=True),
    }


def _inverse_time(length: int, rate: float) -> dict[str, Any]:
    stair = _part(length, 8)
    return {
        "smooth": InverseTimeDecay(rate, stair, 0.7),
        "staircase": InverseTimeDecay(rate, stair, 0.7, staircase=True),
    }


def _piecewise_constant(length: int, rate: float) -> dict[str, Any]:
    boundaries = [share * length for share in (0.3, 0.6, 0.8)]
    return {"": PiecewiseConstantDecay(boundaries, [rate, rate / 2, rate / 5, rate / 20])}


def _polynomial(length: int, rate: float) -> dict[str, Any]:
    return {
        f"power={power:g}": PolynomialDecay(rate, length, 0.0, power) for power in (0.5, 1.0, 2.0)
    }


def _polynomial_cycle(length: int, rate: float) -> dict[str, Any]:
    return {
        f"cycle, power={power:g}": PolynomialDecay(rate, length / 3, 0.0, power, cycle=True)
        for power in (0.5, 1.0, 2.0)
    }


def _cosine(length: int, rate: float) -> dict[str, Any]:
    return {f"alpha={alpha:g}": CosineDecay(rate, length, alpha) for alpha in (0.0, 0.2)}


def _cosine_longer(length: int, rate: float) -> dict[str, Any]:
    return {
        "t_mul=1": CosineDecayRestarts(rate, _part(length, 5), t_mul=1.0),
        "t_mul=2": CosineDecayRestarts(rate, _part(length, 7), t_mul=2.0),
    }


def _cosine_lower(length: int, rate: float) -> dict[str, Any]:
    return {
        f"m_mul={m_mul:g}": CosineDecayRestarts(rate, _part(length, 5), t_mul=1.0, m_mul=m_mul)
        for m_mul in (0.8, 0.5)
    }


def _linear_cosine(length: int, rate: float) -> dict[str, Any]:
    return {
        f"num_periods={periods:g}": LinearCosineDecay(rate, length, periods)
        for periods in (0.5, 2.5)
    }


def _noisy_linear_cosine(length: int, rate: float) -> dict[str, Any]:
    return {"": NoisyLinearCosineDecay(rate, length, 0.1, 0.5, non_negative=True)}


def _warm_up(length: int, rate: float) -> dict[str, Any]:
    warmup = length // 5
    return {
        "to a constant": WarmUp(rate, warmup),
        "to a cosine": WarmUp(CosineDecay(rate, length - warmup), warmup),
        "to a decay": WarmUp(ExponentialDecay(rate, length / 5, 0.4), warmup),
    }


def _triangular(length: int, rate: float) -> dict[str, Any]:
    return {
        mode: TriangularCycle(rate / 10, rate, length // 6, mode)
        for mode in ("triangular", "triangular2")
    }


def _triangular_exponential(length: int, rate: float) -> dict[str, Any]:
    gamma = math.exp(-2.5 / length)
    return {"exp_range": TriangularCycle(rate / 10, rate, length // 6, "exp_range", gamma)}


def _one_cycle(length: int, rate: float) -> dict[str, Any]:
    return {
        annealing: OneCycle(rate, length, annealing=annealing) for annealing in ("cosine", "linear")
    }


# In the order of the page.
_MAKERS: list[tuple[str, Callable[[int, float], dict[str, Any]]]] = [
    ("constant", lambda _, rate: {"": Constant(rate)}),
    ("piecewise_constant", _piecewise_constant),
    ("exponential", _exponential),
    ("natural_exponential", _natural_exponential),
    ("inverse_time", _inverse_time),
    ("polynomial", _polynomial),
    ("polynomial", _polynomial_cycle),
    ("cosine", _cosine),
    ("cosine_restarts", _cosine_longer),
    ("cosine_restarts", _cosine_lower),
    ("linear_cosine", _linear_cosine),
    ("noisy_linear_cosine", _noisy_linear_cosine),
    ("warm_up", _warm_up),
    ("triangular", _triangular),
    ("triangular", _triangular_exponential),
    ("one_cycle", _one_cycle),
]
