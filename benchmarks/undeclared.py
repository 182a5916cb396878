"""What it costs a search that the build says nothing of its conditions, as with a plain `if`.

    python -m benchmarks.undeclared --seeds 10
    python -m benchmarks.undeclared --seeds 10 --problems forest xgboost_3 --keep runs

Each strategy searches the conditional problems twice under each seed: as they are declared, and as
a space of the same parameters without any condition, where a trial uses what the conditions let it
and the strategy sees what it used. The Bayesian one does so a third time without learning anything
from that. Everything else is as in `benchmarks/regret.py`.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from unittest import mock

import numpy as np

from benchmarks.peers import Trials
from benchmarks.problems import Problem, default_names, problem
from benchmarks.regret import Contender, Run, by_seed, cell, measure, ours, row, summarise
from tfhpo.space import FloatArray, Space
from tfhpo.strategies import TPE, BayesianOptimization, ElasticGrid, Result, Strategy

CHECKPOINTS = (20, 50)


def undeclared(
    strategy: type[Strategy], problem: Problem, seed: int, trials: int, noise: np.random.Generator
) -> Trials:
    """Yields the trials of a search that is told of no condition."""
    declared = problem.space
    space = Space(replace(parameter, conditions=()) for parameter in declared.parameters)
    search = strategy(space, np.random.default_rng(seed), budget=trials)
    for _ in range(trials):
        for key, point in search.suggest():
            used = declared.point(point.x)
            values = declared.decode(*used)
            score = problem.objective(values, noise)
            search.observe([Result(key, used, score)])
            yield values, score


def unlearnt(problem: Problem, seed: int, trials: int, noise: np.random.Generator) -> Trials:
    """Yields the trials of a Bayesian search that does not learn what trials use, either."""
    with mock.patch("tfhpo.strategies.bayesian.undeclared", return_value={}):
        yield from undeclared(BayesianOptimization, problem, seed, trials, noise)


#: The title of a search to how it is done; what comes before a comma is where it is declared.
CONTENDERS: dict[str, Contender] = {
    "bayesian": partial(ours, BayesianOptimization),
    "bayesian, undeclared": partial(undeclared, BayesianOptimization),
    "tpe": partial(ours, TPE),
    "tpe, undeclared": partial(undeclared, TPE),
    "elastic grid": partial(ours, ElasticGrid),
    "elastic grid, undeclared": partial(undeclared, ElasticGrid),
    "bayesian, undeclared and not learnt": unlearnt,
}


def conditional() -> list[str]:
    """Returns the names of the problems with conditions, of those that are taken by default."""
    return [
        name
        for name in default_names()
        if any(parameter.conditions for parameter in problem(name).space.parameters)
    ]


def markdown(curves: dict[Run, FloatArray], names: list[str]) -> str:
    """Returns the table: a row for each contender.

    Args:
        curves: What `measure` returned.
        names: The problems.
    """
    heads = ["search"]
    for trials in CHECKPOINTS:
        heads += [f"after {trials}", "difference"]
    lines = [row(heads), row(["---"] + ["---:"] * (len(heads) - 1))]
    for title in CONTENDERS:
        cells, declared = [], title.partition(",")[0]
        for trials in CHECKPOINTS:
            cells.append(str(summarise(curves, title, names, trials)))
            mine, theirs = (by_seed(curves, one, names, trials) for one in (title, declared))
            mean, error = cell(mine - theirs)
            cells.append("" if title == declared else f"{mean:+.3f} ± {error:.3f}")
        lines.append(row([title, *cells]))
    return "\n".join(lines)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--problems", nargs="*", help="names; all conditional ones by default")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where curves are kept")
    arguments = parser.parse_args()
    names = arguments.problems or conditional()
    for name in names:
        problem(name)  # caches what is slow to find, before the processes part
    runs = [Run(*run) for run in product(CONTENDERS, names, range(arguments.seeds))]
    curves = measure(runs, max(CHECKPOINTS), arguments.jobs, arguments.keep, CONTENDERS)
    print(markdown(curves, names))


if __name__ == "__main__":
    main()
