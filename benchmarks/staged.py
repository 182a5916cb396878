"""When do stages pay? Staged against joint search on made-up losses with more or less interaction.

    python -m benchmarks.staged --seeds 12

Eight parameters between 0 and 1, each half as important as the one before, in stages of two, two
and four, with the Bayesian strategy in every stage:

    loss(x) = sum over i of  2^-i (x_i - t_i)^2,    t_i = c_i + s (x_{i+2} - 1/2)

The best value t_i of a parameter moves with a parameter of the *next* stage, by the strength s of
the interaction (t_i is c_i for the last two); the lowest loss is always 0. The centres c are drawn
anew under each seed, from 0.2 to 0.8. What is told is the median of the best loss so far.
"""

from __future__ import annotations

import argparse

import numpy as np

from tfhpo.space import FloatRange, Parameter, Space
from tfhpo.strategies import BayesianOptimization, Result, Stage, Staged, Strategy

TRIALS = (15, 30, 60)
STRENGTHS = {"none": 0.0, "some": 0.3, "strong": 0.8}
_GROUPS = ((0, 2), (2, 4), (4, 8))
_NAMES = [f"x{number}" for number in range(8)]
SPACE = Space(Parameter(name, FloatRange(0.0, 1.0)) for name in _NAMES)


def loss(x: np.ndarray, centres: np.ndarray, strength: float) -> float:
    """Returns the loss of a configuration, `8`, under centres, `8`."""
    targets = centres.copy()
    targets[:-2] += strength * (x[2:] - 0.5)
    return float(np.sum(0.5 ** np.arange(8) * (x - targets) ** 2))


def searched(staged: bool, trials: int, strength: float, seed: int) -> float:
    """Returns the lowest loss that a search finds."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng([seed, 1]).uniform(0.2, 0.8, size=8)
    strategy: Strategy
    if staged:
        stages = [Stage(tuple(_NAMES[first:end])) for first, end in _GROUPS]
        strategy = Staged(SPACE, rng, stages=stages, budget=trials)
    else:
        strategy = BayesianOptimization(SPACE, rng, budget=trials)
    best = np.inf
    for _ in range(trials):
        ((key, point),) = strategy.suggest()
        found = loss(point.x, centres, strength)
        best = min(best, found)
        strategy.observe([Result(key, point, found)])
    return best


def main() -> None:
    """Searches and prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=12)
    arguments = parser.parse_args()
    print(f"| trials | {' | '.join(f'{name}: staged | joint' for name in STRENGTHS)} |")
    print(f"|---:|{'---:|' * 2 * len(STRENGTHS)}")
    for trials in TRIALS:
        cells = [
            f"{np.median([searched(way, trials, strength, seed) for seed in seeds]):.4f}"
            for strength in STRENGTHS.values()
            for way in (True, False)
            for seeds in [range(arguments.seeds)]
        ]
        print(f"| {trials} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
