"""What `recommend()` is worth: the regret of the point it names, beside that of the best score.

    python -m benchmarks.recommended --seeds 10 --jobs 2

With noisy scores the best observed point is often a lucky one. Both are taken from the same
searches of the Bayesian strategy, so each seed gives one difference.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from zlib import crc32

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from benchmarks.problems import default_names, problem
from benchmarks.regret import Run, by_seed, cell, groups_of, row
from tfhpo.space import FloatArray
from tfhpo.strategies import BayesianOptimization, Result

ANSWERS = ("best score", "recommended")


def regrets(run: tuple[str, int], checkpoints: Sequence[int]) -> FloatArray:
    """Returns the regret of the best score and of what is recommended, `2 x checkpoints`."""
    name, seed = run
    asked = problem(name)
    noise = np.random.default_rng([seed, crc32(name.encode())])
    search = BayesianOptimization(asked.space, np.random.default_rng(seed))

    def regret(key: int | None) -> float:
        if key is None:
            return 1.0
        return asked.regret(asked.space.decode(*search.history.entry(key).point))

    found = []
    for number in range(1, max(checkpoints) + 1):
        for key, point in search.suggest():
            score = asked.objective(asked.space.decode(*point), noise)
            search.observe([Result(key, point, score)])
        if number in checkpoints:
            found.append([regret(search.history.best), regret(search.recommend())])
    return np.array(found).T


def markdown(curves: Mapping[Run, FloatArray], names: list[str], checkpoints: Sequence[int]) -> str:
    """Returns the table: a row for each family and checkpoint."""
    lines = [row(["problems", "trials", *ANSWERS, "difference"]), row(["---"] * 5)]
    for title, members in groups_of(names).items():
        for turn, trials in enumerate(checkpoints, start=1):
            best, recommended = (by_seed(curves, one, members, turn) for one in ANSWERS)
            difference = cell(recommended - best)
            shown = f"{difference.mean:+.3f} ± {difference.error:.3f}"
            lines.append(row([title, trials, cell(best), cell(recommended), shown]))
    return "\n".join(lines)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--problems", nargs="*", help="names; all but the live ones by default")
    parser.add_argument("--checkpoints", nargs="*", type=int, default=[20, 50, 100])
    arguments = parser.parse_args()
    names, checkpoints = arguments.problems or default_names(), sorted(arguments.checkpoints)
    for name in names:
        problem(name)  # caches what is slow to find, before the processes part
    runs = list(product(names, range(arguments.seeds)))
    one = partial(regrets, checkpoints=checkpoints)
    curves = {}
    with ProcessPoolExecutor(arguments.jobs, None, threadpool_limits, (1,)) as pool:
        for run, found in zip(runs, pool.map(one, runs), strict=True):
            curves.update(
                {Run(answer, *run): of for answer, of in zip(ANSWERS, found, strict=True)}
            )
    print(markdown(curves, names, checkpoints))


if __name__ == "__main__":
    main()
