"""What the user's distributions of parameters win where they are right, and cost where not.

    python -m benchmarks.distributions --seeds 10
    python -m benchmarks.distributions --seeds 10 --checkpoints 20 --strategies tpe --keep runs

Each strategy searches the problems that are formulas five times under each seed: without any
distribution, and with a normal one of every number, whose deviation is a tenth of the parameter's
range. Its centre is (`DISTANCES`)

- right: at the parameter's best value, so that the first trial is nearly the best;
- fair: a tenth of the range away from it, one deviation: as right as it claims to be;
- off: a quarter of the range away, two and a half deviations;
- wrong: half of the range away.

A parameter on a logarithmic scale has a normal distribution of its logarithm, and its range is one
of logarithms. No centre comes closer to an end of the range than 0.13 of it, since a distribution
must not leave it by more than a tenth of itself; a choice has no distribution. Everything else is
as in `benchmarks/regret.py`.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import scipy.stats

from benchmarks.peers import Trials
from benchmarks.problems import Problem, Values, problem
from benchmarks.regret import Contender, Run, measure, ours, summarise
from tfhpo.space import FloatArray, Kind, Parameter, Prior, Space
from tfhpo.strategies import TPE, BayesianOptimization, Strategy

CHECKPOINTS = (20, 50, 100)
#: How far the distributions' centres are from the best values, in ranges; None without any.
DISTANCES: dict[str, float | None] = {
    "none": None,
    "right": 0.0,
    "fair": 0.1,
    "off": 0.25,
    "wrong": 0.5,
}
_DEVIATION, _MARGIN = 0.1, 0.13
_STRATEGIES: dict[str, type[Strategy]] = {"bayesian": BayesianOptimization, "tpe": TPE}


def _x(*centre: float) -> Values:
    return {f"x{i}": value for i, value in enumerate(centre)}


#: The best configuration of each problem; of parameters that it does not use, the best values in
#: their own branch.
BEST: Mapping[str, Values] = {
    "waves": _x(1.3, -2.1, 3.4, 0.6, -3.7),
    "network": {
        "activation": "elu",
        "rate": 10**-3.8,
        "units": 300,
        "dropout": 0.2,
        "augment": True,
    },
    "optimizer": {
        "optimizer": "sgd",
        "decay": 10**-3.7,
        "batch": 48,
        "sgd_rate": 10**-1.2,
        "momentum": 0.87,
        "nesterov": True,
        "adam_rate": 10**-3.1,
        "beta": 0.93,
        "rmsprop_rate": 10**-3.4,
    },
    "valley": _x(1.0, 1.0, 1.0, 1.0),
    "divergence": {
        "optimizer": "sgd",
        "rate": 0.12 * 10**-0.45,
        "momentum": 0.88,
        "clip": False,
        "batch": 100,
        "decay": 10**-4.2,
    },
    "funnel": _x(-1.9, 0.7, 2.8, -0.4, 1.5, -3.1),
    "forest": {
        "model": "boosting",
        "depth": 5,
        "leaf": 5,
        "split": "entropy",
        "share": 0.35,
        "rate": 10**-1.1,
        "rounds": 316,
    },
    "ridge": _x(0.72, 0.31, 0.55, 0.12, 0.84),
    "memory": {
        "block": "residual",
        "layers": 20,
        "width": 500,
        "batch": 32,
        "growth": 28,
        "rate": 1e-3,
    },
}


# ---------------------------------------------------------------- what is expected


def expecting(asked: Problem, distance: float | None) -> Problem:
    """Returns a problem whose numbers have distributions, so far from its best point."""
    if distance is None:
        return asked
    best = BEST[asked.name]
    space = Space(
        parameter
        if parameter.domain.kind is Kind.CATEGORICAL
        else replace(parameter, prior=_around(parameter, float(best[parameter.name]), distance))
        for parameter in asked.space.parameters
    )
    return replace(asked, space=space)


def _around(parameter: Parameter, best: float, distance: float) -> Prior:
    """Returns the distribution of a number, towards the end of its range that is further away."""
    low, high = parameter.domain.bounds
    log = getattr(parameter.domain, "scale", "linear") == "log"
    a, b, at = np.log([low, high, best]) if log else (low, high, best)
    place = (at - a) / (b - a)
    place += distance if place < 0.5 else -distance
    centre = a + (b - a) * min(max(place, _MARGIN), 1.0 - _MARGIN)
    deviation = _DEVIATION * (b - a)
    if log:
        return Prior(scipy.stats.lognorm(float(deviation), scale=math.exp(centre)))
    return Prior(scipy.stats.norm(float(centre), float(deviation)))


def _informed(
    strategy: type[Strategy],
    distance: float | None,
    asked: Problem,
    seed: int,
    trials: int,
    noise: np.random.Generator,
) -> Trials:
    return ours(strategy, expecting(asked, distance), seed, trials, noise)


def _title(strategy: str, way: str) -> str:
    return f"{strategy}, {way}"


CONTENDERS: dict[str, Contender] = {
    _title(strategy, way): partial(_informed, _STRATEGIES[strategy], DISTANCES[way])
    for strategy, way in product(_STRATEGIES, DISTANCES)
}


# ---------------------------------------------------------------- the table


def markdown(
    curves: dict[Run, FloatArray],
    strategies: Sequence[str],
    names: Sequence[str],
    checkpoints: Sequence[int],
) -> str:
    """Returns the table: a row per strategy and checkpoint, a column per kind of distribution."""
    lines = [f"| trials | {' | '.join(DISTANCES)} |", "|---" + "|---:" * len(DISTANCES) + "|"]
    for strategy, trials in product(strategies, checkpoints):
        cells = [summarise(curves, _title(strategy, way), names, trials) for way in DISTANCES]
        lines.append(f"| {strategy}, {trials} | {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--problems", nargs="*", choices=BEST, default=list(BEST))
    parser.add_argument("--strategies", nargs="*", choices=_STRATEGIES, default=list(_STRATEGIES))
    parser.add_argument("--checkpoints", nargs="*", type=int, default=CHECKPOINTS)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where curves are kept")
    arguments = parser.parse_args()
    for name in arguments.problems:
        problem(name)  # caches the median, before the processes part
    titles = [_title(*pair) for pair in product(arguments.strategies, DISTANCES)]
    runs = [Run(*run) for run in product(titles, arguments.problems, range(arguments.seeds))]
    trials = max(arguments.checkpoints)
    curves = measure(runs, trials, arguments.jobs, arguments.keep, CONTENDERS)
    print(markdown(curves, arguments.strategies, arguments.problems, arguments.checkpoints))


if __name__ == "__main__":
    main()
