"""What `recommend()` is worth: the regret of the point it names, beside that of the best score.

    python -m benchmarks.recommended --seeds 10 --jobs 2

With noisy scores the best observed point is often a lucky one. Both are taken from the same
searches of the Bayesian strategy, so each seed gives one difference.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from zlib import crc32

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from benchmarks.problems import default_names, problem
from benchmarks.regret import cell, groups_of, row
from tfhpo.space import FloatArray
from tfhpo.strategies import BayesianOptimization, Result

CHECKPOINTS = (20, 50, 100)


def regrets(run: tuple[str, int], checkpoints: tuple[int, ...]) -> FloatArray:
    """Returns the regret of the best score and of what is recommended, `checkpoints x 2`."""
    name, seed = run
    asked = problem(name)
    noise = np.random.default_rng([seed, crc32(name.encode())])
    search = BayesianOptimization(asked.space, np.random.default_rng(seed))

    def regret(key: int | None) -> float:
        return (
            1.0
            if key is None
            else asked.regret(asked.space.decode(*search.history.entry(key).point))
        )

    found = []
    for number in range(1, max(checkpoints) + 1):
        for key, point in search.suggest():
            score = asked.objective(asked.space.decode(*point), noise)
            search.observe([Result(key, point, score)])
        if number in checkpoints:
            found.append([regret(search.history.best), regret(search.recommend())])
    return np.array(found)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--problems", nargs="*", help="names; all but the live ones by default")
    parser.add_argument("--checkpoints", nargs="*", type=int, default=CHECKPOINTS)
    arguments = parser.parse_args()
    names = arguments.problems or default_names()
    for name in names:
        problem(name)  # caches what is slow to find, before the processes part
    runs = list(product(names, range(arguments.seeds)))
    one = partial(regrets, checkpoints=tuple(arguments.checkpoints))
    with ProcessPoolExecutor(arguments.jobs, None, threadpool_limits, (1,)) as pool:
        found = dict(zip(runs, pool.map(one, runs), strict=True))
    print(row(["problems", "trials", "best score", "recommended", "difference"]))
    print(row(["---"] * 5))
    for title, members in groups_of(names).items():
        # checkpoints x 2 x seeds, each the mean over the problems.
        means = np.mean(
            [[found[name, seed] for seed in range(arguments.seeds)] for name in members], axis=0
        )
        for trials, (best, recommended) in zip(
            arguments.checkpoints, means.transpose(1, 2, 0), strict=True
        ):
            difference = cell(recommended - best)
            print(
                row(
                    [
                        title,
                        trials,
                        cell(best),
                        cell(recommended),
                        f"{difference.mean:+.3f} ± {difference.error:.3f}",
                    ]
                )
            )


if __name__ == "__main__":
    main()
