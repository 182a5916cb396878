"""The kinds of schedules that can be tuned: what each declares, and the schedule it makes of it.

Notation:
    r       the rate that is tuned: the initial one; of the cycles that rise by themselves the peak
    T       the steps of the training, or those after its warm-up
    f       the last rate over the first

Every parameter is a fraction of r or of T, or a number of drops, stairs or cycles in T, so that the
same space serves a training of any length.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tfhpo.declaring import Declarer
from tfhpo.schedules.constant import Constant
from tfhpo.schedules.cosine import CosineDecay, CosineDecayRestarts
from tfhpo.schedules.exponential import ExponentialDecay, NaturalExponentialDecay
from tfhpo.schedules.inverse_time import InverseTimeDecay
from tfhpo.schedules.linear_cosine import LinearCosineDecay, NoisyLinearCosineDecay
from tfhpo.schedules.one_cycle import ANNEALINGS, OneCycle
from tfhpo.schedules.piecewise_constant import PiecewiseConstantDecay
from tfhpo.schedules.polynomial import PolynomialDecay
from tfhpo.schedules.triangular import MODES, TriangularCycle

#: (r, T) -> schedule. It may be called only where what was declared is active.
Make = Callable[[float, int], Any]
# The lowest rate of a cosine over its highest: 0, or orders of magnitude.
_ALPHAS = (0.0, 1e-3, 1e-2, 1e-1)

# A cycle or a stair that ended exactly with the training would show what follows it, after the last
# step, as the rate of the last epoch.
_BEYOND = 1.0 + 1e-4


@dataclass(frozen=True)
class Kind:
    """One kind of schedules.

    Args:
        declare: Declares the kind's parameters, and returns what makes a schedule of their values.
        rises: Whether it rises by itself, and needs no warm-up.
    """

    declare: Callable[[Declarer, int], Make]
    rises: bool = False


def _constant(_declare: Declarer, _seed: int) -> Make:
    return lambda rate, _steps: Constant(rate)


def _exponential(declare: Declarer, _seed: int) -> Make:
    final = declare.real("final_fraction", 1e-4, 0.5, sampling="log")
    stairs = _stairs(declare)
    return lambda rate, steps: ExponentialDecay(
        rate, stairs.length(steps), final ** (1 / stairs.drops), staircase=stairs.wanted
    )


def _natural_exponential(declare: Declarer, _seed: int) -> Make:
    # exp(-k) is f: from 0.6 to 1e-4.
    decay = declare.real("decay", 0.5, 9.0, sampling="log")
    stairs = _stairs(declare)
    return lambda rate, steps: NaturalExponentialDecay(
        rate, stairs.length(steps), decay / stairs.drops, staircase=stairs.wanted
    )


def _inverse_time(declare: Declarer, _seed: int) -> Make:
    final = declare.real("final_fraction", 1e-3, 0.5, sampling="log")
    stairs = _stairs(declare)
    # r / (1 + k s / T) is f r at the end.
    return lambda rate, steps: InverseTimeDecay(
        rate, stairs.length(steps), (1 / final - 1) / stairs.drops, staircase=stairs.wanted
    )


def _piecewise_constant(declare: Declarer, _seed: int) -> Make:
    drops = declare.integer("drops", 1, 4)
    factor = declare.real("factor", 0.05, 0.5, sampling="log")
    first = declare.real("first_drop", 0.2, 0.8, default=0.5)

    def make(rate: float, steps: int) -> PiecewiseConstantDecay:
        places = (first + (1 - first) * drop / drops for drop in range(drops))
        rates = {0: rate}
        for number, place in enumerate(places, start=1):
            # In a training of a few steps several drops are one; a later one takes the place.
            rates[max(1, round(place * steps))] = rate * factor**number
        boundaries = sorted(rates)
        return PiecewiseConstantDecay(boundaries[1:], [rates[one] for one in boundaries])

    return make


def _polynomial(declare: Declarer, _seed: int) -> Make:
    final = declare.real("final_fraction", 1e-4, 0.1, sampling="log")
    power = declare.choice("power", [0.25, 0.5, 1.0, 2.0, 4.0], default=1.0)
    cycle = declare.boolean("cycle")
    with declare.scope("cycle", [True]):
        cycles = declare.integer("cycles", 2, 5)
    return lambda rate, steps: PolynomialDecay(
        rate, steps / (cycles or 1), final * rate, power, cycle=cycle
    )


def _cosine(declare: Declarer, _seed: int) -> Make:
    alpha = declare.choice("alpha", _ALPHAS)
    return lambda rate, steps: CosineDecay(rate, steps, alpha)


def _cosine_restarts(declare: Declarer, _seed: int) -> Make:
    cycles = declare.integer("cycles", 2, 5)
    t_mul = declare.choice("t_mul", [1.0, 1.5, 2.0])
    m_mul = declare.real("m_mul", 0.5, 1.0, default=1.0)
    alpha = declare.choice("alpha", _ALPHAS)

    def make(rate: float, steps: int) -> CosineDecayRestarts:
        # The training ends where the last cycle does, and there the rate is lowest.
        first = steps / math.fsum(t_mul**cycle for cycle in range(cycles))
        return CosineDecayRestarts(rate, _BEYOND * first, t_mul, m_mul, alpha)

    return make


def _linear_cosine(declare: Declarer, _seed: int) -> Make:
    shape = _cosine_shape(declare)
    return lambda rate, steps: LinearCosineDecay(rate, steps, **shape)


def _noisy_linear_cosine(declare: Declarer, seed: int) -> Make:
    noise = {
        "initial_variance": declare.real("initial_variance", 1e-2, 1.0, sampling="log"),
        "variance_decay": declare.real("variance_decay", 0.3, 1.0, default=0.55),
    }
    shape = _cosine_shape(declare)
    # A rate below 0 would climb the loss.
    return lambda rate, steps: NoisyLinearCosineDecay(
        rate, steps, **noise, **shape, seed=seed, non_negative=True
    )


def _triangular(declare: Declarer, _seed: int) -> Make:
    base = declare.real("base_fraction", 0.01, 0.5, sampling="log")
    cycles = declare.integer("cycles", 1, 8, sampling="log")
    mode = declare.choice("mode", MODES)
    with declare.scope("mode", ["exp_range"]):
        height = declare.real("final_height", 0.01, 0.5, sampling="log")
    return lambda rate, steps: TriangularCycle(
        base * rate,
        rate,
        max(1, math.ceil(steps / (2 * cycles))),
        mode,
        gamma=1.0 if height is None else height ** (1 / steps),
    )


def _one_cycle(declare: Declarer, _seed: int) -> Make:
    climb = declare.real("warmup_fraction", 0.1, 0.5, default=0.3)
    initial = declare.real("initial_divisor", 3.0, 100.0, sampling="log", default=25.0)
    final = declare.real("final_divisor", 1e1, 1e5, sampling="log", default=1e4)
    annealing = declare.choice("annealing", ANNEALINGS)
    return lambda rate, steps: OneCycle(rate, steps, climb, initial, final, annealing)


@dataclass(frozen=True)
class _Stairs:
    """The stairs of a decay, the last of which lies at its end.

    Args:
        count: How many there are; None where the decay is smooth.
    """

    count: int | None

    @property
    def wanted(self) -> bool:
        """Whether there are any."""
        return self.count is not None

    @property
    def drops(self) -> int:
        """How many times the rate falls on the way to the last stair; 1 for all the way at once."""
        return 1 if self.count is None else self.count - 1

    def length(self, steps: int) -> float:
        """Returns the steps of a stair, or of the smooth decay."""
        return float(steps) if self.count is None else _BEYOND * steps / self.count


def _stairs(declare: Declarer) -> _Stairs:
    """Declares whether a decay goes down in stairs, and in how many."""
    declare.boolean("staircase")
    with declare.scope("staircase", [True]):
        return _Stairs(declare.integer("stairs", 2, 10, sampling="log"))


def _cosine_shape(declare: Declarer) -> dict[str, Any]:
    return {
        # Half periods, so that the training ends in a trough.
        "num_periods": declare.choice("num_periods", [0.5, 1.5, 2.5, 3.5]),
        "alpha": declare.choice("alpha", _ALPHAS),
        "beta": declare.real("beta", 1e-4, 1e-2, sampling="log", default=1e-3),
    }


#: Every kind that `tunable` knows, by name.
KINDS = {
    "constant": Kind(_constant),
    "exponential": Kind(_exponential),
    "natural_exponential": Kind(_natural_exponential),
    "inverse_time": Kind(_inverse_time),
    "piecewise_constant": Kind(_piecewise_constant),
    "polynomial": Kind(_polynomial),
    "cosine": Kind(_cosine),
    "cosine_restarts": Kind(_cosine_restarts),
    "linear_cosine": Kind(_linear_cosine),
    "noisy_linear_cosine": Kind(_noisy_linear_cosine),
    "triangular": Kind(_triangular, rises=True),
    "one_cycle": Kind(_one_cycle, rises=True),
}
