"""Problems that are formulas: multimodal, categorical, conditional, failing, and narrow valleys.

The optimum of each is known and lies at a place that no lattice is likely to hold. Those that
stand for training are noisy. In two of them a part of the space fails, and the best points lie
close to where it does, as the best learning rate lies close to divergence.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.problems import Problem, Values
from tfhpo.space import Condition, FloatRange, Levels, Parameter, Space, Steps
from tfhpo.space.domains import IntegerRange

_SAMPLES = 4_000


def factories(folder: Path) -> dict[str, Callable[[], Problem]]:
    """Returns how to make each function's problem, by name; they need no files."""
    del folder
    return {
        "waves": partial(_problem, "waves", _box(5, -5.0, 5.0), waves),
        "network": partial(_problem, "network", NETWORK, network, noise=0.02),
        "optimizer": partial(_problem, "optimizer", OPTIMIZER, optimizer, noise=0.02),
        "valley": partial(_problem, "valley", _box(4, -2.0, 2.0), valley),
        "divergence": partial(_problem, "divergence", DIVERGENCE, divergence, noise=0.02),
        "funnel": partial(_problem, "funnel", _box(6, -4.0, 4.0), funnel, held_out=True),
        "forest": partial(_problem, "forest", FOREST, forest, noise=0.02, held_out=True),
        "ridge": partial(_problem, "ridge", _box(5, 0.0, 1.0), ridge, held_out=True),
        "memory": partial(_problem, "memory", MEMORY, memory, noise=0.02, held_out=True),
    }


def _problem(
    name: str,
    space: Space,
    mean: Callable[[Values], float],
    *,
    noise: float = 0.0,
    held_out: bool = False,
) -> Problem:
    """Returns the problem of a function whose minimum is 0; `noise` is relative to its median.

    A trial fails where the function is infinite.
    """
    rng = np.random.default_rng(0)
    draws = (space.draw(rng.random(len(space))) for _ in range(_SAMPLES))
    median = float(np.median([mean(space.decode(*point)) for point in draws]))

    def objective(values: Values, rng: np.random.Generator) -> float:
        observed = mean(values) + noise * median * float(rng.standard_normal())
        return observed if math.isfinite(observed) else math.nan

    return Problem(name, "synthetic", space, objective, mean, 0.0, median, held_out)


def _box(dimension: int, low: float, high: float) -> Space:
    return Space(Parameter(f"x{i}", FloatRange(low, high)) for i in range(dimension))


def _array(values: Values) -> np.ndarray:
    return np.array([float(values[f"x{i}"]) for i in range(len(values))])


def _log10(value: object) -> float:
    return math.log10(float(value))  # type: ignore[arg-type]


# ---------------------------------------------------------------- chosen on


def waves(values: Values) -> float:
    """Many local minima on a bowl (Rastrigin's function, stretched and moved)."""
    z = _array(values) - np.array([1.3, -2.1, 3.4, 0.6, -3.7])
    return float(np.sum(z**2 + 4 * (1 - np.cos(2 * math.pi * z / 2.5))))


def valley(values: Values) -> float:
    """A narrow curved valley (Rosenbrock's function, its minimum at 1)."""
    x = _array(values)
    return float(np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2))


NETWORK = Space(
    [
        Parameter("activation", Levels(("relu", "tanh", "elu", "sigmoid"))),
        Parameter("rate", FloatRange(1e-5, 1e-1, "log")),
        Parameter("units", IntegerRange(16, 1024)),
        Parameter("dropout", Steps(0.0, 0.6, 0.1)),
        Parameter("augment", Levels((False, True))),
    ]
)
_NETWORK_FLOOR = {"relu": 0.1, "tanh": 0.3, "elu": 0.0, "sigmoid": 1.0}
_NETWORK_RATE = {"relu": -2.6, "tanh": -3.3, "elu": -3.8, "sigmoid": -2.0}


def network(values: Values) -> float:
    """A categorical that moves the best learning rate and sets the floor."""
    kind = str(values["activation"])
    rate = _log10(values["rate"]) - _NETWORK_RATE[kind]
    units = _log10(values["units"]) - math.log10(300)
    dropout = float(values["dropout"]) - 0.2
    short_of = 0.0 if values["augment"] else 0.15
    return _NETWORK_FLOOR[kind] + short_of + rate**2 + units**2 + 5 * dropout**2


def _under(kind: str) -> tuple[Condition, ...]:
    return (Condition("optimizer", (kind,)),)


OPTIMIZER = Space(
    [
        Parameter("optimizer", Levels(("sgd", "adam", "rmsprop"))),
        Parameter("decay", FloatRange(1e-6, 1e-2, "log")),
        Parameter("batch", IntegerRange(8, 512)),
        Parameter("sgd_rate", FloatRange(1e-3, 1.0, "log"), _under("sgd")),
        Parameter("momentum", FloatRange(0.0, 0.99), _under("sgd")),
        Parameter("nesterov", Levels((False, True)), _under("sgd")),
        Parameter("adam_rate", FloatRange(1e-5, 1e-1, "log"), _under("adam")),
        Parameter("beta", FloatRange(0.5, 0.999, "reverse_log"), _under("adam")),
        Parameter("rmsprop_rate", FloatRange(1e-5, 1e-1, "log"), _under("rmsprop")),
    ]
)


def optimizer(values: Values) -> float:
    """Three conditional branches; the best of them is the hardest to hit."""
    decay = 0.1 * (_log10(values["decay"]) + 3.7) ** 2
    batch = _log10(values["batch"]) - math.log10(48)
    shared = decay + 0.5 * batch**2
    if values["optimizer"] == "adam":
        beta = float(values["beta"]) - 0.93
        return shared + 0.25 + (_log10(values["adam_rate"]) + 3.1) ** 2 + beta**2
    if values["optimizer"] == "rmsprop":
        return shared + 0.4 + (_log10(values["rmsprop_rate"]) + 3.4) ** 2
    momentum = float(values["momentum"]) - 0.87
    effective = _log10(values["sgd_rate"]) + 1.2 + 0.5 * batch
    plain = 0.0 if values["nesterov"] else 0.1
    return shared + plain + 2 * effective**2 + 4 * momentum**2


DIVERGENCE = Space(
    [
        Parameter("optimizer", Levels(("sgd", "adam"))),
        Parameter("rate", FloatRange(1e-5, 10.0, "log")),
        Parameter("momentum", FloatRange(0.0, 0.99), _under("sgd")),
        Parameter("clip", Levels((False, True))),
        Parameter("batch", IntegerRange(8, 512)),
        Parameter("decay", FloatRange(1e-6, 1e-2, "log")),
    ]
)
# The steepest curvature, as the logarithm of the largest rate that does not diverge.
_STABLE = {"sgd": -0.2, "adam": -1.6}


def divergence(values: Values) -> float:
    """Training is the faster the larger the step, until it diverges."""
    kind = str(values["optimizer"])
    batch = _log10(values["batch"]) - 2.0
    momentum = float(values.get("momentum", 0.0))
    step = _log10(values["rate"]) - math.log10(1.0 - momentum) - 0.3 * batch
    room = _STABLE[kind] + (0.4 if values["clip"] else 0.0) - step
    if room < 0.0:
        return math.inf
    decay = 0.1 * (_log10(values["decay"]) + 4.2) ** 2
    shared = 0.6 * (room - 0.25) ** 2 + 0.3 * batch**2 + decay
    clipped = 0.08 if values["clip"] else 0.0
    return shared + clipped + (0.15 if kind == "adam" else 3.0 * (momentum - 0.88) ** 2)


# ---------------------------------------------------------------- held out


def funnel(values: Values) -> float:
    """Nearly flat far out, with ripples all the way into a funnel (Ackley's function, moved)."""
    z = _array(values) - np.array([-1.9, 0.7, 2.8, -0.4, 1.5, -3.1])
    radius, ripple = math.sqrt(float(np.mean(z**2))), float(np.mean(np.cos(2 * math.pi * z)))
    return 20 * (1 - math.exp(-0.2 * radius)) + math.e - math.exp(ripple)


def ridge(values: Values) -> float:
    """A straight valley that lies across the axes, ten times as steep as it is long."""
    z = _array(values) - np.array([0.72, 0.31, 0.55, 0.12, 0.84])
    along = float(np.sum(z)) / math.sqrt(len(z))
    return 10.0 * (float(np.sum(z**2)) - along**2) + along**2


FOREST = Space(
    [
        Parameter("model", Levels(("forest", "boosting"))),
        Parameter("depth", Steps(1, 12)),
        Parameter("leaf", IntegerRange(1, 64)),
        Parameter("split", Levels(("gini", "entropy", "log_loss"))),
        Parameter("share", FloatRange(0.1, 1.0), (Condition("model", ("forest",)),)),
        Parameter("rate", FloatRange(1e-3, 1.0, "log"), (Condition("model", ("boosting",)),)),
        Parameter("rounds", IntegerRange(10, 1000), (Condition("model", ("boosting",)),)),
    ]
)


def forest(values: Values) -> float:
    """A categorical, integers and two branches, of which the better one has a valley."""
    leaf = _log10(values["leaf"]) - math.log10(5)
    split = {"gini": 0.05, "entropy": 0.0, "log_loss": 0.1}[str(values["split"])]
    if values["model"] == "forest":
        depth, share = float(values["depth"]) - 11, float(values["share"]) - 0.35
        return 0.2 + split + 0.01 * depth**2 + 0.3 * leaf**2 + share**2
    depth = float(values["depth"]) - 5
    product = _log10(values["rate"]) + _log10(values["rounds"]) - 1.4
    rounds = _log10(values["rounds"]) - 2.5
    return split + 0.02 * depth**2 + 0.3 * leaf**2 + product**2 + 0.1 * rounds**2


MEMORY = Space(
    [
        Parameter("block", Levels(("plain", "residual", "dense"))),
        Parameter("layers", Steps(2, 24)),
        Parameter("width", IntegerRange(16, 512)),
        Parameter("batch", IntegerRange(8, 512)),
        Parameter("growth", Steps(4, 48, 4), (Condition("block", ("dense",)),)),
        Parameter("rate", FloatRange(1e-5, 1e-1, "log")),
    ]
)
_MEMORY = 5.6
_BLOCKS = {"plain": 0.3, "residual": 0.0, "dense": 0.1}


def memory(values: Values) -> float:
    """The larger the model the better, until it does not fit beside its batch."""
    block = str(values["block"])
    layers, batch = float(values["layers"]), _log10(values["batch"])
    size = _log10(values["width"]) + math.log10(layers)
    growth = float(values.get("growth", 16.0))
    if size + batch + 0.02 * (growth - 16.0) > _MEMORY:
        return math.inf
    # A plain network gets worse with depth from eight layers on.
    depth = 0.004 * max(layers - 8.0, 0.0) ** 2 if block == "plain" else 0.0
    rate = _log10(values["rate"]) + 3.0 - 0.5 * (batch - 1.5)
    short_of = 0.5 * (size - 4.0) ** 2 + 0.5 * (batch - 1.5) ** 2
    return (
        _BLOCKS[block]
        + depth
        + short_of
        + rate**2
        + 1e-4 * (growth - 28.0) ** 2 * (block == "dense")
    )
